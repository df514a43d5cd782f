/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/mqtt/test_session_time.c - deadlines, wills, and what goes to the
 * client, under a clock that the test turns.                                */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/mqtt/harness.h"

#define B(text) { (const uint8_t *)(text), sizeof(text) - 1 }
#define MQTT "\x00\x04MQTT\x04"

/* Turns the clock by `wait`, to the deadline if that is earlier. */
static void turn(struct owner *o, sally_usec wait)
{
    sally_usec due = sally_mqtt_session_deadline(&o->session);
    sally_usec until = o->now + wait;

    o->now = due < until ? due : until;
    sally_mqtt_session_expire(&o->session, o->now);
}

static void gives_up_without_a_connect(void **state)
{
    struct owner o;

    (void)state;
    assert_true(owner_start(&o));
    turn(&o, 5 * SALLY_SEC - 1);
    assert_int_equal(o.ended, 0);
    turn(&o, 1);
    assert_int_equal(o.why, SALLY_MQTT_END_CONNECT_TIMEOUT);
    owner_stop(&o);
}

static void dripped_connect_gains_no_time(void **state)
{
    struct owner o;
    sally_usec start;

    (void)state;
    assert_true(owner_start(&o));
    start = o.now;
    for (size_t i = 0; i < sizeof(connect_packet) - 2 && !o.ended; i++) {
        feed(&o, &connect_packet[i], 1);
        turn(&o, 900 * SALLY_MSEC);
    }
    assert_int_equal(o.why, SALLY_MQTT_END_CONNECT_TIMEOUT);
    assert_int_equal(o.now - start, 5 * SALLY_SEC);
    assert_int_equal(o.small.used, 0);
    owner_stop(&o);
}

static void waits_no_longer_than_told_for_the_verdict(void **state)
{
    struct owner o;

    (void)state;
    assert_true(owner_start(&o));
    o.accept_at_once = false;
    feed(&o, connect_packet, sizeof(connect_packet) - 1);
    turn(&o, 29 * SALLY_SEC);
    assert_int_equal(o.ended, 0);
    turn(&o, SALLY_SEC);
    assert_int_equal(o.why, SALLY_MQTT_END_VERDICT_TIMEOUT);
    owner_stop(&o);
}

static const struct keep_alive_row {
    const char *what;
    uint8_t high, low;
    sally_usec silence;
} keep_alive_rows[] = {
    { "60 s", 0, 60, 90 * SALLY_SEC },
    { "1 s", 0, 1, 1500 * SALLY_MSEC },
    { "none: the gateway's limit", 0, 0, 5400 * SALLY_SEC },
    { "more than the limit", 0xff, 0xff, 5400 * SALLY_SEC },
};

static void ends_at_one_and_a_half_times_keep_alive(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(keep_alive_rows); i++) {
        const struct keep_alive_row *r = &keep_alive_rows[i];
        uint8_t in[] = "\x10\x0d" MQTT "\x02..\x00\x01"
                       "a";
        struct owner o;
        sally_usec start;

        in[10] = r->high;
        in[11] = r->low;
        assert_true(owner_start(&o));
        feed(&o, in, sizeof(in) - 1);
        drain(&o);
        start = o.now;
        turn(&o, 6000 * SALLY_SEC);
        if (o.why != SALLY_MQTT_END_KEEP_ALIVE || o.now - start != r->silence)
            fail_msg("%s: %s", r->what, sally_mqtt_end_text(o.why));
        owner_stop(&o);
    }
}

static void any_whole_packet_is_a_sign_of_life(void **state)
{
    struct owner o;

    (void)state;
    assert_true(owner_open(&o));
    turn(&o, 80 * SALLY_SEC);
    feed(&o, "\xc0\x00", 2);
    drain(&o);
    turn(&o, 89 * SALLY_SEC);
    assert_int_equal(o.ended, 0);
    turn(&o, SALLY_SEC);
    assert_int_equal(o.why, SALLY_MQTT_END_KEEP_ALIVE);
    owner_stop(&o);
}

static void slow_packet_ends_it(void **state)
{
    static const uint8_t in[] = "\x30\x20\x00\x01t...........";
    struct owner o;
    sally_usec start;

    (void)state;
    assert_true(owner_open(&o));
    start = o.now;
    for (size_t i = 0; i < sizeof(in) && !o.ended; i++) {
        feed(&o, &in[i], 1);
        turn(&o, SALLY_SEC);
    }
    assert_int_equal(o.why, SALLY_MQTT_END_SLOW);
    assert_int_equal(o.now - start, 10 * SALLY_SEC);
    owner_stop(&o);
}

static void client_that_does_not_read_is_stopped_and_ended(void **state)
{
    static uint8_t pings[SALLY_MQTT_INPUT_MAX];
    struct owner o;

    (void)state;
    for (size_t i = 0; i < sizeof(pings); i += 2)
        pings[i] = 0xc0;
    assert_true(owner_open(&o));
    feed(&o, pings, sizeof(pings));
    assert_int_equal(sally_mqtt_session_output(&o.session).len,
                     SALLY_MQTT_OUTPUT_HIGH);
    assert_false(sally_mqtt_session_wants_input(&o.session));
    sally_mqtt_session_sent(&o.session, 24, o.now);
    assert_int_equal(sally_mqtt_session_output(&o.session).len,
                     SALLY_MQTT_OUTPUT_HIGH);
    turn(&o, 30 * SALLY_SEC);
    assert_int_equal(o.why, SALLY_MQTT_END_STALLED);
    owner_stop(&o);
}

static void all_pings_are_answered_to_a_client_that_reads(void **state)
{
    static uint8_t pings[SALLY_MQTT_INPUT_MAX];
    struct owner o;
    size_t sent = 0, n;

    (void)state;
    for (size_t i = 0; i < sizeof(pings); i += 2)
        pings[i] = 0xc0;
    assert_true(owner_open(&o));
    feed(&o, pings, sizeof(pings));
    while ((n = sally_mqtt_session_output(&o.session).len) != 0) {
        n = n > 100 ? 100 : n;
        sally_mqtt_session_sent(&o.session, n, o.now);
        sent += n;
    }
    assert_int_equal(sent, sizeof(pings));
    assert_int_equal(o.small.used + o.large.used, 0);
    owner_stop(&o);
}

static const uint8_t connect_with_will[] =
    "\x10\x14" MQTT "\x06\x00\x3c\x00\x01"
    "c"
    "\x00\x01w\x00\x02hi";

static const struct will_row {
    const char *what;
    struct sally_span in;
    sally_usec silence;
    enum sally_mqtt_end end; /* NONE: the session ends by itself */
    const char *told;
} will_rows[] = {
    { "DISCONNECT takes the will away", B("\xe0\x00"), 0, SALLY_MQTT_END_NONE,
      "" },
    { "connection lost", B(""), 0, SALLY_MQTT_END_LOST, "will(w,hi) " },
    { "violation", B("\xf0\x00"), 0, SALLY_MQTT_END_NONE, "will(w,hi) " },
    { "silence", B(""), 90 * SALLY_SEC, SALLY_MQTT_END_NONE, "will(w,hi) " },
    { "kicked", B(""), 0, SALLY_MQTT_END_KICKED, "will(w,hi) " },
};

static void leaves_its_will(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(will_rows); i++) {
        const struct will_row *r = &will_rows[i];
        struct owner o;

        assert_true(owner_start(&o));
        feed(&o, connect_with_will, sizeof(connect_with_will) - 1);
        drain(&o);
        o.log[0] = '\0';
        assert_int_equal(o.wills.used, 1);
        feed(&o, r->in.at, r->in.len);
        turn(&o, r->silence);
        if (r->end != SALLY_MQTT_END_NONE)
            sally_mqtt_session_end(&o.session, r->end);
        if (strcmp(o.log, r->told) != 0 || o.ended != 1 || o.wills.used != 0)
            fail_msg("%s: \"%s\"", r->what, o.log);
        sally_mqtt_session_end(&o.session, SALLY_MQTT_END_LOST);
        assert_int_equal(o.ended, 1);
        owner_stop(&o);
    }
}

static void refused_client_leaves_no_will(void **state)
{
    struct owner o;

    (void)state;
    assert_true(owner_start(&o));
    o.accept_at_once = false;
    feed(&o, connect_with_will, sizeof(connect_with_will) - 1);
    sally_mqtt_session_refuse(&o.session, 5, o.now);
    assert_string_equal(o.log, "connect(c) ");
    assert_int_equal(o.wills.used, 0);
    owner_stop(&o);
}

static void sends_to_the_client(void **state)
{
    struct sally_mqtt_publish p = { .topic = B("t"), .payload = B("on"),
                                    .qos = 1, .retain = true };
    struct owner o;
    uint16_t id = 0;

    (void)state;
    assert_true(owner_open(&o));
    assert_int_equal(sally_mqtt_session_publish(&o.session, &p, &id, o.now),
                     SALLY_E_OK);
    assert_int_equal(id, 1);
    assert_true(sally_span_equal(
        sally_mqtt_session_output(&o.session),
        (struct sally_span)B("\x33\x07\x00\x01t\x00\x01on")));
    drain(&o);
    feed(&o, "\x40\x02\x00\x02\x40\x02\x00\x01\x40\x02\x00\x01", 12);
    assert_string_equal(o.log, "puback(1) ");
    owner_stop(&o);
}

static void bounds_what_the_client_owes(void **state)
{
    struct sally_mqtt_publish p = { .topic = B("t"), .qos = 1 };
    struct owner o;
    uint16_t id;

    (void)state;
    assert_true(owner_open(&o));
    for (size_t i = 0; i < SALLY_MQTT_SEND_MAX; i++)
        assert_int_equal(sally_mqtt_session_publish(&o.session, &p, &id, o.now),
                         SALLY_E_OK);
    assert_int_equal(sally_mqtt_session_publish(&o.session, &p, &id, o.now),
                     SALLY_E_NO_ROOM);
    p.qos = 0;
    assert_int_equal(sally_mqtt_session_publish(&o.session, &p, &id, o.now),
                     SALLY_E_OK);
    assert_int_equal(id, 0);
    drain(&o);
    feed(&o, "\x40\x02\x00\x03", 4);
    p.qos = 1;
    assert_int_equal(sally_mqtt_session_publish(&o.session, &p, &id, o.now),
                     SALLY_E_OK);
    assert_int_equal(sally_mqtt_session_publish(&o.session, &p, &id, o.now),
                     SALLY_E_NO_ROOM);
    owner_stop(&o);
}

static void bounds_what_waits_to_go_out(void **state)
{
    static const uint8_t payload[1000];
    struct sally_mqtt_publish p = { .topic = B("t"),
                                    .payload = { payload, sizeof(payload) } };
    struct owner o;
    uint16_t id;
    size_t n = 0;

    (void)state;
    assert_true(owner_open(&o));
    while (sally_mqtt_session_publish(&o.session, &p, &id, o.now) == SALLY_E_OK)
        n++;
    assert_int_equal(n, 12);
    assert_int_equal(o.small.used + o.large.used, 1);
    assert_int_equal(o.ended, 0);
    drain(&o);
    assert_int_equal(o.small.used + o.large.used, 0);
    p.payload.len = SALLY_MQTT_PACKET_MAX;
    assert_int_equal(sally_mqtt_session_publish(&o.session, &p, &id, o.now),
                     SALLY_E_TOO_LARGE);
    owner_stop(&o);
}

static void ends_when_the_pools_are_empty(void **state)
{
    struct owner o;

    (void)state;
    assert_true(owner_open(&o));
    for (size_t i = 0; i < BLOCKS; i++) {
        assert_non_null(sally_pool_take(&o.small));
        assert_non_null(sally_pool_take(&o.large));
    }
    feed(&o, "\x30\x04\x00\x01tx", 6);
    assert_string_equal(o.log, "publish(t,x,0) ");
    feed(&o, "\x30", 1);
    assert_int_equal(o.why, SALLY_MQTT_END_NO_ROOM);
    owner_stop(&o);
}

static void large_packet_moves_to_a_large_block(void **state)
{
    static uint8_t in[10000] = "\x30\x8d\x4e\x00\x01t";
    struct owner o;

    (void)state;
    assert_true(owner_open(&o));
    o.quiet = true;
    for (size_t i = 0; i < sizeof(in); i += 1000)
        feed(&o, &in[i], 1000);
    assert_int_equal(o.published, 1);
    assert_int_equal(o.large.peak, 1);
    assert_int_equal(o.small.used + o.large.used, 0);
    owner_stop(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_up_without_a_connect),
        cmocka_unit_test(dripped_connect_gains_no_time),
        cmocka_unit_test(waits_no_longer_than_told_for_the_verdict),
        cmocka_unit_test(ends_at_one_and_a_half_times_keep_alive),
        cmocka_unit_test(any_whole_packet_is_a_sign_of_life),
        cmocka_unit_test(slow_packet_ends_it),
        cmocka_unit_test(client_that_does_not_read_is_stopped_and_ended),
        cmocka_unit_test(all_pings_are_answered_to_a_client_that_reads),
        cmocka_unit_test(leaves_its_will),
        cmocka_unit_test(refused_client_leaves_no_will),
        cmocka_unit_test(sends_to_the_client),
        cmocka_unit_test(bounds_what_the_client_owes),
        cmocka_unit_test(bounds_what_waits_to_go_out),
        cmocka_unit_test(ends_when_the_pools_are_empty),
        cmocka_unit_test(large_packet_moves_to_a_large_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
