/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_silence.c - a sensor that should have spoken is told
 * of once, and what `on_silent` says follows; and it comes back.            */
#include "unit/uplink/door.h"

#include "lwm2m/objects/builtin.h"

/* A message a minute of each; sensor 0 is the one that speaks. */
#define EXPECTING(then)                                                        \
    GATEWAY LOCAL DOOR_SERVER("") DOOR_PROFILE                                 \
        "sensor_defaults = { expect_every = \"60s\"; on_silent = \"" then      \
        "\"; };\n"                                                             \
        "sensors = ( " DOOR_SENSOR("one") ", " DOOR_SENSOR("two") " );\n"

static bool is_silent(struct door *d, uint32_t sensor)
{
    return sally_shard_sensor(d->shard, sensor)->silence.silent;
}

static const struct sally_resource *flag(struct door *d, uint16_t resource)
{
    const struct sally_path at =
        sally_path_resource(SALLY_OBJECT_PROVENANCE, 0, resource);

    return sally_resources_find(&sally_shard_sensor(d->shard, 0)->resources,
                                &at);
}

static struct sally_lwm2m_value value_of(struct door *d, uint16_t resource)
{
    return sally_resources_value(&sally_shard_sensor(d->shard, 0)->resources,
                                 flag(d, resource));
}

static enum sally_client_state state_of(struct door *d, uint32_t client)
{
    return sally_lwm2m_client_state(
        &sally_shard_sensor(d->shard, client)->clients[0].client);
}

static void speak(struct door *d, uint32_t ticket)
{
    assert_int_equal(door_store(d, 0, ticket, 20), SALLY_ACCEPTED_STORED);
}

static void one_that_speaks_is_not_silent(void **state)
{
    struct door *d = door_open(EXPECTING("flag"));

    (void)state;
    for (uint32_t i = 1; i <= 10; i++) {
        door_run(d, 50 * SALLY_SEC);
        speak(d, i);
        assert_false(is_silent(d, 0));
    }
    assert_true(is_silent(d, 1));
    door_run(d, 59 * SALLY_SEC);
    assert_false(is_silent(d, 0));
    door_run(d, 2 * SALLY_SEC);
    assert_true(is_silent(d, 0));
    speak(d, 99);
    assert_false(is_silent(d, 0));
    door_run(d, 59 * SALLY_SEC); /* its full time once more */
    assert_false(is_silent(d, 0));
    door_run(d, 2 * SALLY_SEC);
    assert_true(is_silent(d, 0));
    door_close(d);
}

static void what_counts_as_speaking(void **state)
{
    struct door *d = door_open(EXPECTING("flag"));
    struct sally_bus_liveness l = { .born = 1, .online = 1, .time = UTC };

    (void)state;
    door_run(d, 50 * SALLY_SEC);
    sally_shard_liveness(d->shard, &l, d->now);
    door_run(d, 50 * SALLY_SEC);
    assert_false(is_silent(d, 0));
    l.online = 0; /* its goodbye is nothing that it said */
    sally_shard_liveness(d->shard, &l, d->now);
    door_run(d, 15 * SALLY_SEC);
    assert_true(is_silent(d, 0));
    assert_int_equal(door_store(d, 0, 1, 999), SALLY_ACCEPTED_REFUSED);
    assert_true(is_silent(d, 0)); /* nothing of use */
    speak(d, 2);
    door_run(d, 40 * SALLY_SEC);
    speak(d, 2); /* a repetition: it is there, at least */
    door_run(d, 40 * SALLY_SEC);
    assert_false(is_silent(d, 0));
    door_close(d);
}

static void a_start_gives_everybody_the_full_time(void **state)
{
    struct door *d = door_open(EXPECTING("flag"));

    (void)state;
    door_run(d, 59 * SALLY_SEC);
    door_restart(d);
    d->registers = 0;
    door_run(d, 55 * SALLY_SEC);
    assert_false(is_silent(d, 0));
    door_run(d, 10 * SALLY_SEC);
    assert_true(is_silent(d, 0));
    door_close(d);
}

static void the_flag_can_be_read_and_is_notified(void **state)
{
    const struct sally_bus_liveness here = { .born = 1,
                                             .online = 1,
                                             .time = UTC };
    struct door *d = door_open(EXPECTING("flag"));

    (void)state;
    assert_false(value_of(d, SALLY_PROVENANCE_SILENT).is.boolean);
    assert_false(flag(d, SALLY_PROVENANCE_LAST_MESSAGE)->present);
    d->utc = UTC + 30000;
    speak(d, 1);
    assert_int_equal(value_of(d, SALLY_PROVENANCE_LAST_MESSAGE).is.integer,
                     UTC / 1000 + 30);
    door_ask(d, 0, SALLY_CODE_GET, "/33001/0/4", "", SALLY_OBSERVE_REGISTER);
    assert_int_equal(d->code, SALLY_CODE_CONTENT);
    d->notified = 0;
    door_run(d, 61 * SALLY_SEC);
    assert_int_equal(d->notified, 1);
    assert_int_equal((int)d->newest, 1);
    sally_shard_liveness(d->shard, &here, d->now);
    door_settle(d);
    assert_int_equal(d->notified, 2);
    assert_int_equal((int)d->newest, 0);
    door_close(d);
}

/* Muted: readings go by notification with their times, the flag beside it. */
static void the_flag_is_notified_where_send_is_muted(void **state)
{
    struct door *d = door_open(EXPECTING("flag"));

    (void)state;
    door_ask(d, 0, SALLY_CODE_PUT, "/1/0/23", "1", SALLY_OBSERVE_ABSENT);
    assert_int_equal(d->code, SALLY_CODE_CHANGED);
    door_ask(d, 0, SALLY_CODE_GET, "/33001/0/4", "", SALLY_OBSERVE_REGISTER);
    d->notified = 0;
    door_run(d, 61 * SALLY_SEC);
    assert_int_equal(d->notified, 1);
    assert_int_equal((int)d->newest, 1);
    door_close(d);
}

static void keep_changes_nothing_upstream(void **state)
{
    struct door *d = door_open(EXPECTING("keep"));

    (void)state;
    assert_null(flag(d, SALLY_PROVENANCE_SILENT));
    door_run(d, 120 * SALLY_SEC);
    assert_true(is_silent(d, 0));
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_REGISTERED);
    assert_int_equal(d->deregisters, 0);
    door_close(d);
}

static void it_deregisters_and_its_next_message_brings_it_back(void **state)
{
    struct door *d = door_open(EXPECTING("deregister"));

    (void)state;
    door_run(d, 30 * SALLY_SEC);
    speak(d, 1);
    assert_int_equal(d->sends, 1);
    door_run(d, 40 * SALLY_SEC); /* sensor 1 */
    assert_int_equal(d->deregisters, 1);
    door_run(d, 25 * SALLY_SEC);
    assert_int_equal(d->deregisters, 2);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_STOPPED);
    door_run(d, 3600 * SALLY_SEC);
    assert_int_equal(d->registers, 2);
    speak(d, 2);
    assert_int_equal(door_waiting(d, 0), 1); /* until it is registered */
    door_run(d, 5 * SALLY_SEC);
    assert_int_equal(d->registers, 3);
    assert_int_equal(d->sends, 2);
    assert_int_equal(door_waiting(d, 0), 0);
    door_run(d, 70 * SALLY_SEC);
    assert_int_equal(d->deregisters, 3);
    door_close(d);
}

/* The sensor speaks while its client says goodbye, unheard. */
static void it_comes_back_in_the_middle_of_its_goodbye(void **state)
{
    struct door *d = door_open(EXPECTING("deregister"));

    (void)state;
    d->now += 70 * SALLY_SEC;
    sally_shard_pace(d->shard, d->now); /* the server has not heard it yet */
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_DEREGISTERING);
    speak(d, 1);
    assert_false(is_silent(d, 0));
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_REGISTERED);
    assert_int_equal(state_of(d, 1), SALLY_CLIENT_STOPPED);
    assert_int_equal(d->sends, 1);
    assert_int_equal(door_waiting(d, 0), 0);
    door_close(d);
}

static void what_waits_is_delivered_before_it_leaves(void **state)
{
    struct door *d = door_open(EXPECTING("deregister"));

    (void)state;
    d->send_code = SALLY_CODE_UNAVAILABLE;
    speak(d, 1);
    door_run(d, 100 * SALLY_SEC);
    assert_true(is_silent(d, 0));
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_REGISTERED);
    assert_int_equal(door_waiting(d, 0), 1);
    d->send_code = SALLY_CODE_CHANGED;
    door_run(d, 30 * SALLY_SEC);
    assert_int_equal(door_waiting(d, 0), 0);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_STOPPED);
    door_close(d);
}

static void the_end_stays_the_end(void **state)
{
    struct door *d = door_open(EXPECTING("deregister"));

    (void)state;
    d->now += 70 * SALLY_SEC;
    sally_shard_pace(d->shard, d->now);
    speak(d, 1); /* it would register again... */
    sally_shard_stop(d->shard, d->now); /* ...but for this */
    door_run(d, 60 * SALLY_SEC);
    assert_int_equal(d->stopped, 1);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_STOPPED);
    assert_int_equal(d->registers, 2);
    door_close(d);
}

static void a_watch_that_ended_tells_nothing(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    door_run(d, 100000 * SALLY_SEC);
    assert_false(is_silent(d, 0));
    door_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_speaks_is_not_silent),
        cmocka_unit_test(what_counts_as_speaking),
        cmocka_unit_test(a_start_gives_everybody_the_full_time),
        cmocka_unit_test(the_flag_can_be_read_and_is_notified),
        cmocka_unit_test(the_flag_is_notified_where_send_is_muted),
        cmocka_unit_test(keep_changes_nothing_upstream),
        cmocka_unit_test(it_deregisters_and_its_next_message_brings_it_back),
        cmocka_unit_test(it_comes_back_in_the_middle_of_its_goodbye),
        cmocka_unit_test(what_waits_is_delivered_before_it_leaves),
        cmocka_unit_test(the_end_stays_the_end),
        cmocka_unit_test(a_watch_that_ended_tells_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
