/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_client.c - the life of a registration. */
#include <stdlib.h>

#include "unit/lwm2m/world.h"

static void registers_with_its_name_version_and_objects(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    assert_int_equal(w->registers, 1);
    assert_string_equal(w->query, "ep=plant-7-boiler&lt=300&lwm2m=1.1&b=U");
    assert_string_equal(
        w->links, "</>;rt=\"oma.lwm2m\";ct=\"110 112 11542\","
                  "</1>;ver=1.1,</1/0>,</3>;ver=1.1,</3/0>,"
                  "</3303>;ver=1.1,</3303/0>,</3306/0>,</33001/0>");
    assert_int_equal(w->able, 1);
    world_close(w);
}

static void registers_as_1_0_without_what_came_later(void **state)
{
    struct world *w = world_open(10);

    (void)state;
    w->settings.queue_mode = true;
    sally_lwm2m_client_start(&w->client, w->now);
    world_settle(w);
    assert_string_equal(w->query, "ep=plant-7-boiler&lt=300&lwm2m=1.0&b=UQ");
    assert_non_null(strstr(w->links, "</>;rt=\"oma.lwm2m\",</1/0>,</3/0>"));
    assert_int_equal(sally_lwm2m_client_way(&w->client), SALLY_REPORT_NONE);
    world_close(w);
}

static void waits_for_the_pacer(void **state)
{
    struct world *w = world_open(11);

    (void)state;
    w->permit = false;
    sally_lwm2m_client_start(&w->client, w->now);
    world_run(w, 3600 * SALLY_SEC);
    assert_int_equal(w->wanted, 1);
    assert_int_equal(w->registers, 0);
    sally_lwm2m_client_connect(&w->client, w->now);
    world_settle(w);
    assert_int_equal(w->registers, 1);
    world_close(w);
}

static void updates_before_the_lifetime_ends(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    world_run(w, 176 * SALLY_SEC);
    assert_int_equal(w->updates, 0);
    world_run(w, 22 * SALLY_SEC); /* 300 - 93 - 10, less a tenth at most */
    assert_int_equal(w->updates, 1);
    assert_string_equal(w->update_query, "");
    world_run(w, 3600 * SALLY_SEC);
    assert_in_range(w->updates, 18, 22);
    assert_int_equal(w->registers, 1);
    world_close(w);
}

static void tells_a_new_lifetime_at_once(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    assert_int_equal(world_write(w, "1/0/1", "20"), SALLY_CODE_CHANGED);
    world_settle(w);
    assert_int_equal(w->updates, 1);
    assert_string_equal(w->update_query, "lt=20");
    world_run(w, 10 * SALLY_SEC);
    assert_int_equal(w->updates, 2);
    assert_string_equal(w->update_query, "");
    world_close(w);
}

static void registers_anew_when_the_server_forgot_it(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    w->update_code = SALLY_CODE_NOT_FOUND;
    assert_int_equal(world_execute(w, "1/0/8"), SALLY_CODE_CHANGED);
    world_settle(w);
    assert_int_equal(w->updates, 1);
    assert_int_equal(w->registers, 2);
    assert_int_equal(w->state, SALLY_CLIENT_REGISTERED);
    assert_int_equal(w->rebound, 1); /* the session was good */
    world_close(w);
}

static void steps_down_when_the_version_is_refused(void **state)
{
    struct world *w = world_open(11);

    (void)state;
    w->register_code = SALLY_CODE_PRECONDITION_FAILED;
    sally_lwm2m_client_start(&w->client, w->now);
    world_settle(w);
    assert_int_equal(w->registers, 2); /* 1.1, then 1.0, then it waits */
    assert_non_null(strstr(w->query, "lwm2m=1.0"));
    assert_int_equal(w->state, SALLY_CLIENT_WAITING);
    world_close(w);
}

/* 5 s doubling to 160 s with up to a quarter more, then 300 s. */
static void backs_off_as_the_server_object_says(void **state)
{
    static const unsigned seconds[] = { 5, 10, 20, 40, 80, 160, 300, 5, 10 };
    struct world *w = world_open(11);
    sally_usec wait;

    (void)state;
    w->register_code = SALLY_CODE_FORBIDDEN;
    sally_lwm2m_client_start(&w->client, w->now);
    world_settle(w);
    for (unsigned i = 0; i < SALLY_LEN(seconds); i++) {
        assert_int_equal(w->state, SALLY_CLIENT_WAITING);
        assert_int_equal(w->why, SALLY_E_REFUSED);
        assert_int_equal(w->registers, i + 1);
        wait = sally_lwm2m_client_deadline(&w->client) - w->now;
        assert_in_range(wait, seconds[i] * SALLY_SEC,
                        seconds[i] * SALLY_SEC * 5 / 4);
        world_run(w, wait);
        assert_int_equal(w->registers, i + 2);
    }
    world_close(w);
}

static void comes_back_after_the_server_was_silent(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    w->cut = true;
    world_run(w, 3600 * SALLY_SEC);
    assert_int_not_equal(w->state, SALLY_CLIENT_REGISTERED);
    w->cut = false;
    world_run(w, 400 * SALLY_SEC); /* one step of the back-off at most */
    assert_int_equal(w->state, SALLY_CLIENT_REGISTERED);
    assert_true(w->registers >= 2);
    world_close(w);
}

static void leaves_in_order(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    sally_lwm2m_client_stop(&w->client, w->now);
    world_run(w, SALLY_SEC);
    assert_int_equal(w->deregisters, 1);
    assert_int_equal(w->state, SALLY_CLIENT_STOPPED);
    world_run(w, 86400 * SALLY_SEC);
    assert_int_equal(w->registers, 1);
    world_close(w);
}

/* The server has it, and its answer is on the way. */
static void leaves_while_it_registers(void **state)
{
    struct world *w = world_open(11);

    (void)state;
    sally_lwm2m_client_start(&w->client, w->now);
    sally_lwm2m_client_connect(&w->client, w->now);
    assert_int_equal(w->state, SALLY_CLIENT_REGISTERING);
    sally_lwm2m_client_stop(&w->client, w->now);
    world_run(w, SALLY_SEC);
    assert_int_equal(w->registers, 1);
    assert_int_equal(w->deregisters, 1);
    assert_int_equal(w->state, SALLY_CLIENT_STOPPED);
    world_close(w);
}

/* Refused, or no answer at all: then there is nothing to leave. */
static void leaves_what_never_took_it(void **state)
{
    struct world *w = world_open(11);

    (void)state;
    w->register_code = SALLY_CODE_FORBIDDEN;
    sally_lwm2m_client_start(&w->client, w->now);
    sally_lwm2m_client_connect(&w->client, w->now);
    sally_lwm2m_client_stop(&w->client, w->now);
    world_run(w, SALLY_SEC);
    assert_int_equal(w->state, SALLY_CLIENT_STOPPED);
    sally_lwm2m_client_start(&w->client, w->now);
    sally_lwm2m_client_connect(&w->client, w->now);
    w->cut = true;
    sally_lwm2m_client_stop(&w->client, w->now);
    world_run(w, 6 * SALLY_SEC);
    assert_int_equal(w->state, SALLY_CLIENT_STOPPED);
    world_run(w, 86400 * SALLY_SEC);
    assert_int_equal(w->state, SALLY_CLIENT_STOPPED);
    world_close(w);
}

static void leaves_though_nobody_answers(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    w->cut = true;
    sally_lwm2m_client_stop(&w->client, w->now);
    world_run(w, 6 * SALLY_SEC);
    assert_int_equal(w->state, SALLY_CLIENT_STOPPED);
    world_close(w);
}

static void stays_away_while_it_is_disabled(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    assert_int_equal(world_write(w, "1/0/5", "600"), SALLY_CODE_CHANGED);
    assert_int_equal(world_execute(w, "1/0/4"), SALLY_CODE_CHANGED);
    world_run(w, 10 * SALLY_SEC);
    assert_int_equal(w->deregisters, 1);
    assert_int_equal(w->state, SALLY_CLIENT_DISABLED);
    world_run(w, 580 * SALLY_SEC);
    assert_int_equal(w->registers, 1);
    world_run(w, 20 * SALLY_SEC);
    assert_int_equal(w->registers, 2);
    assert_int_equal(w->state, SALLY_CLIENT_REGISTERED);
    world_close(w);
}

static void registers_anew_after_a_reboot(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    assert_int_equal(world_execute(w, "3/0/4"), SALLY_CODE_CHANGED);
    assert_int_equal(w->registers, 1); /* the answer leaves first */
    world_run(w, 5 * SALLY_SEC);
    assert_int_equal(w->registers, 2);
    world_close(w);
}

/* The server knows a session by the address that it came from. */
static void takes_up_its_session_from_another_address(void **state)
{
    struct world *w = world_open(11);
    unsigned wanted;

    (void)state;
    w->permit = false;
    sally_lwm2m_client_start(&w->client, w->now);
    sally_lwm2m_client_moved(&w->client, w->now); /* nothing to take up */
    assert_int_equal(w->wanted, 1);
    sally_lwm2m_client_connect(&w->client, w->now);
    world_settle(w);
    assert_int_equal(w->state, SALLY_CLIENT_REGISTERED);
    wanted = w->wanted;
    sally_lwm2m_client_moved(&w->client, w->now);
    assert_int_equal(w->state, SALLY_CLIENT_WAITING);
    world_run(w, 2 * SALLY_SEC);
    assert_int_equal(w->wanted, wanted + 1); /* by way of the pacer */
    sally_lwm2m_client_connect(&w->client, w->now);
    world_settle(w);
    assert_int_equal(w->state, SALLY_CLIENT_REGISTERED);
    world_close(w);
}

static const struct sally_lwm2m_record reading = {
    .path = { 3, { 3303, 0, 5700, 0 } },
    .value = { .type = SALLY_TYPE_FLOAT, .is.real = 21.5 },
    .time = 1764000000000,
};

static void sends_and_learns_what_became_of_it(void **state)
{
    static const struct {
        const char *what;
        uint8_t code;
        enum sally_err want;
        enum sally_report_way way; /* afterwards */
    } rows[] = {
        { "taken", SALLY_CODE_CHANGED, SALLY_E_OK, SALLY_REPORT_SEND },
        { "malformed, it says", SALLY_CODE_BAD_REQUEST, SALLY_E_REFUSED,
          SALLY_REPORT_SEND },
        { "a server without Send", SALLY_CODE_NOT_FOUND, SALLY_E_CANCELLED,
          SALLY_REPORT_NONE },
        { "busy", SALLY_CODE_UNAVAILABLE, SALLY_E_CANCELLED,
          SALLY_REPORT_SEND },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct world *w = world_registered(11);

        w->send_code = rows[i].code;
        assert_int_equal(
            sally_lwm2m_client_send(&w->client, &reading, 1, w->now),
            SALLY_E_OK);
        assert_int_equal(
            sally_lwm2m_client_send(&w->client, &reading, 1, w->now),
            SALLY_E_BUSY);
        world_settle(w);
        if (w->deliveries != 1 || w->delivered != rows[i].want ||
            sally_lwm2m_client_way(&w->client) != rows[i].way)
            fail_msg("%s: %s", rows[i].what, sally_err_text(w->delivered));
        assert_int_equal(w->sends, 1);
        world_close(w);
    }
}

/* One 4.04, whatever it was for, must not end Send for ever. */
static void hopes_for_send_at_the_next_update(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    w->send_code = SALLY_CODE_NOT_FOUND;
    assert_int_equal(sally_lwm2m_client_send(&w->client, &reading, 1, w->now),
                     SALLY_E_OK);
    world_settle(w);
    assert_int_equal(sally_lwm2m_client_way(&w->client), SALLY_REPORT_NONE);
    assert_int_equal(w->able, 1);
    world_run(w, 200 * SALLY_SEC);
    assert_int_equal(w->updates, 1);
    assert_int_equal(w->able, 2);
    assert_int_equal(sally_lwm2m_client_way(&w->client), SALLY_REPORT_SEND);
    world_close(w);
}

static void registers_anew_when_send_finds_it_gone(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    w->send_code = SALLY_CODE_BAD_REQUEST;
    w->update_code = SALLY_CODE_NOT_FOUND;
    assert_int_equal(sally_lwm2m_client_send(&w->client, &reading, 1, w->now),
                     SALLY_E_OK);
    world_settle(w);
    assert_int_equal(w->delivered, SALLY_E_REFUSED);
    assert_int_equal(w->registers, 2);
    world_close(w);
}

static void gives_back_what_was_under_way_when_the_server_is_lost(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    w->cut = true;
    assert_int_equal(sally_lwm2m_client_send(&w->client, &reading, 1, w->now),
                     SALLY_E_OK);
    world_run(w, 100 * SALLY_SEC);
    assert_int_equal(w->deliveries, 1);
    assert_int_not_equal(w->delivered, SALLY_E_OK);
    assert_int_equal(sally_lwm2m_client_send(&w->client, &reading, 1, w->now),
                     SALLY_E_BAD_STATE);
    world_close(w);
}

static void does_not_send_while_it_is_muted(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    assert_int_equal(world_write(w, "1/0/23", "1"), SALLY_CODE_CHANGED);
    assert_int_equal(sally_lwm2m_client_send(&w->client, &reading, 1, w->now),
                     SALLY_E_NOT_ALLOWED);
    assert_int_equal(sally_lwm2m_client_way(&w->client), SALLY_REPORT_NONE);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_with_its_name_version_and_objects),
        cmocka_unit_test(registers_as_1_0_without_what_came_later),
        cmocka_unit_test(waits_for_the_pacer),
        cmocka_unit_test(updates_before_the_lifetime_ends),
        cmocka_unit_test(tells_a_new_lifetime_at_once),
        cmocka_unit_test(registers_anew_when_the_server_forgot_it),
        cmocka_unit_test(steps_down_when_the_version_is_refused),
        cmocka_unit_test(backs_off_as_the_server_object_says),
        cmocka_unit_test(comes_back_after_the_server_was_silent),
        cmocka_unit_test(leaves_in_order),
        cmocka_unit_test(leaves_while_it_registers),
        cmocka_unit_test(leaves_what_never_took_it),
        cmocka_unit_test(leaves_though_nobody_answers),
        cmocka_unit_test(stays_away_while_it_is_disabled),
        cmocka_unit_test(takes_up_its_session_from_another_address),
        cmocka_unit_test(registers_anew_after_a_reboot),
        cmocka_unit_test(sends_and_learns_what_became_of_it),
        cmocka_unit_test(hopes_for_send_at_the_next_update),
        cmocka_unit_test(registers_anew_when_send_finds_it_gone),
        cmocka_unit_test(
            gives_back_what_was_under_way_when_the_server_is_lost),
        cmocka_unit_test(does_not_send_while_it_is_muted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
