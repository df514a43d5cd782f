/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/mqtt/test_session.c - byte-exact answers of one session, each row
 * in words, and how input is taken: in pieces, in bulk, at the wrong time.   */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/mqtt/harness.h"

#define B(text) { (const uint8_t *)(text), sizeof(text) - 1 }
#define MQTT "\x00\x04MQTT\x04"
#define CONNECTED "\x20\x02\x00\x00"
#define NOT_ENDED SALLY_MQTT_END_NONE

/* What a client sends, what goes out, what the owner is told, how it ends. */
struct row {
    const char *what;
    struct sally_span in, out;
    const char *told;
    enum sally_mqtt_end why;
};

static const struct row first_rows[] = {
    { "HTTP", B("GET / HTTP/1.1\r\n"), B(""), "", SALLY_MQTT_END_NOT_MQTT },
    { "TLS hello, from its first byte", B("\x16"), B(""), "",
      SALLY_MQTT_END_TLS },
    { "type 0", B("\x00"), B(""), "", SALLY_MQTT_END_NOT_MQTT },
    { "CONNECT with flags", B("\x11"), B(""), "", SALLY_MQTT_END_NOT_MQTT },
    { "PUBLISH first", B("\x30\x04\x00\x01tx"), B(""), "",
      SALLY_MQTT_END_NOT_MQTT },
    { "announces 2049 bytes", B("\x10\x81\x10"), B(""), "",
      SALLY_MQTT_END_TOO_LARGE },
    { "announces 256 MB", B("\x10\xff\xff\xff\x7f"), B(""), "",
      SALLY_MQTT_END_TOO_LARGE },
    { "length of five bytes", B("\x10\xff\xff\xff\xff\x01"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "announces 2048 bytes: waits", B("\x10\x80\x10"), B(""), "", NOT_ENDED },
    { "plain connect", B("\x10\x0d" MQTT "\x02\x00\x3c\x00\x01" "a"),
      B(CONNECTED), "connect(a) ", NOT_ENDED },
    { "clean 0 gets no session", B("\x10\x0d" MQTT "\x00\x00\x3c\x00\x01" "a"),
      B(CONNECTED), "connect(a) ", NOT_ENDED },
    { "MQTT 3.1", B("\x10\x0f\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x01" "a"),
      B(CONNECTED), "connect(a) ", NOT_ENDED },
    { "MQTT 3.1, empty client id",
      B("\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x00"),
      B("\x20\x02\x00\x02"), "", SALLY_MQTT_END_REFUSED },
    { "old name, level 4",
      B("\x10\x0f\x00\x06MQIsdp\x04\x02\x00\x3c\x00\x01" "a"),
      B("\x20\x02\x00\x01"), "", SALLY_MQTT_END_VERSION },
    { "level 2", B("\x10\x0c\x00\x04MQTT\x02\x02\x00\x3c\x00\x00"),
      B("\x20\x03\x00\x84\x00"), "", SALLY_MQTT_END_VERSION },
    { "level 6", B("\x10\x0c\x00\x04MQTT\x06\x02\x00\x3c\x00\x00"),
      B("\x20\x03\x00\x84\x00"), "", SALLY_MQTT_END_VERSION },
    { "bridge level 0x84", B("\x10\x0c\x00\x04MQTT\x84\x02\x00\x3c\x00\x00"),
      B("\x20\x03\x00\x84\x00"), "", SALLY_MQTT_END_VERSION },
    { "name MQTTT", B("\x10\x0d\x00\x05MQTTT\x04\x02\x00\x3c\x00\x00"), B(""),
      "", SALLY_MQTT_END_PROTOCOL },
    { "reserved flag", B("\x10\x0d" MQTT "\x03\x00\x3c\x00\x01" "a"), B(""),
      "", SALLY_MQTT_END_PROTOCOL },
    { "will QoS 3", B("\x10\x12" MQTT "\x1e\x00\x3c\x00\x01" "a"
                      "\x00\x01t\x00\x00"),
      B(""), "", SALLY_MQTT_END_PROTOCOL },
    { "truncated inside its length", B("\x10\x0c" MQTT "\x02\x00\x3c\x00\x01"),
      B(""), "", SALLY_MQTT_END_PROTOCOL },
    { "trailing byte", B("\x10\x0e" MQTT "\x02\x00\x3c\x00\x01" "ab"), B(""),
      "", SALLY_MQTT_END_PROTOCOL },
    { "client id not UTF-8", B("\x10\x0d" MQTT "\x02\x00\x3c\x00\x01\xff"),
      B(""), "", SALLY_MQTT_END_PROTOCOL },
    { "client id with a control character",
      B("\x10\x0d" MQTT "\x02\x00\x3c\x00\x01\x1b"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "empty client id, clean", B("\x10\x0c" MQTT "\x02\x00\x3c\x00\x00"),
      B(CONNECTED), "connect() ", NOT_ENDED },
    { "empty client id, not clean", B("\x10\x0c" MQTT "\x00\x00\x3c\x00\x00"),
      B("\x20\x02\x00\x02"), "", SALLY_MQTT_END_REFUSED },
    { "will topic with wildcard",
      B("\x10\x12" MQTT "\x06\x00\x3c\x00\x01" "a" "\x00\x01#\x00\x00"), B(""),
      "", SALLY_MQTT_END_PROTOCOL },
    { "will larger than its block",
      B("\x10\x53" MQTT "\x06\x00\x3c\x00\x01" "a" "\x00\x01t\x00\x41"
        "0123456789012345678901234567890123456789012345678901234567890123"
        "4"),
      B("\x20\x02\x00\x05"), "", SALLY_MQTT_END_REFUSED },
    { "second CONNECT",
      B("\x10\x0d" MQTT "\x02\x00\x3c\x00\x01" "a" "\x10\x0d" MQTT
        "\x02\x00\x3c\x00\x01" "a"),
      B(CONNECTED), "connect(a) ", SALLY_MQTT_END_PROTOCOL },
    { "publish right behind the CONNECT",
      B("\x10\x0d" MQTT "\x02\x00\x3c\x00\x01" "a" "\x30\x04\x00\x01tx"),
      B(CONNECTED), "connect(a) publish(t,x,0) ", NOT_ENDED },
};

static const struct row open_rows[] = {
    { "QoS 0", B("\x30\x04\x00\x01tx"), B(""), "publish(t,x,0) ", NOT_ENDED },
    { "QoS 0 retained", B("\x31\x04\x00\x01tx"), B(""), "publish(t,x,0) ",
      NOT_ENDED },
    { "QoS 1", B("\x32\x06\x00\x01t\x00\x07x"), B("\x40\x02\x00\x07"),
      "publish(t,x,1) ", NOT_ENDED },
    { "three QoS 1 in one input",
      B("\x32\x06\x00\x01t\x00\x07x\x32\x06\x00\x01t\x00\x08y"
        "\x32\x06\x00\x01t\x00\x07z"),
      B("\x40\x02\x00\x07\x40\x02\x00\x08\x40\x02\x00\x07"),
      "publish(t,x,1) publish(t,y,2) publish(t,z,3) ", NOT_ENDED },
    { "empty payload", B("\x30\x03\x00\x01t"), B(""), "publish(t,,0) ",
      NOT_ENDED },
    { "QoS 2", B("\x34\x06\x00\x01t\x00\x07x"), B("\x50\x02\x00\x07"),
      "publish(t,x,1) ", NOT_ENDED },
    { "QoS 2 again, then released, then a new one",
      B("\x34\x06\x00\x01t\x00\x07x\x3c\x06\x00\x01t\x00\x07x"
        "\x62\x02\x00\x07\x34\x06\x00\x01t\x00\x07y"),
      B("\x50\x02\x00\x07\x50\x02\x00\x07\x70\x02\x00\x07"
        "\x50\x02\x00\x07"),
      "publish(t,x,1) publish(t,y,2) ", NOT_ENDED },
    { "QoS 3", B("\x36\x06\x00\x01t\x00\x07x"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "DUP with QoS 0", B("\x38\x04\x00\x01tx"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "packet id 0", B("\x32\x06\x00\x01t\x00\x00x"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "topic with plus", B("\x30\x05\x00\x03t/+"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "topic empty", B("\x30\x03\x00\x00x"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "topic past the packet", B("\x30\x04\x00\x09tx"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "what came before the violation is answered",
      B("\x32\x06\x00\x01t\x00\x07x\x30\x03\x00\x00x"), B("\x40\x02\x00\x07"),
      "publish(t,x,1) ", SALLY_MQTT_END_PROTOCOL },
    { "nothing after the violation is looked at",
      B("\x30\x03\x00\x00x\x30\x04\x00\x01tx"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "PINGREQ", B("\xc0\x00"), B("\xd0\x00"), "", NOT_ENDED },
    { "PINGREQ with flags", B("\xc1\x00"), B(""), "", SALLY_MQTT_END_PROTOCOL },
    { "PINGREQ with a body", B("\xc0\x01x"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "type 0", B("\x00\x00"), B(""), "", SALLY_MQTT_END_PROTOCOL },
    { "type 15", B("\xf0\x00"), B(""), "", SALLY_MQTT_END_PROTOCOL },
    { "CONNACK from a client", B("\x20\x02\x00\x00"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "SUBACK from a client", B("\x90\x03\x00\x01\x00"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "UNSUBACK from a client", B("\xb0\x02\x00\x01"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "PINGRESP from a client", B("\xd0\x00"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "PUBACK of nothing", B("\x40\x02\x00\x01"), B(""), "", NOT_ENDED },
    { "PUBACK id 0", B("\x40\x02\x00\x00"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "PUBACK with flags", B("\x42\x02\x00\x01"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "PUBREC of nothing", B("\x50\x02\x00\x05"), B("\x62\x02\x00\x05"), "",
      NOT_ENDED },
    { "PUBREL of nothing", B("\x62\x02\x00\x05"), B("\x70\x02\x00\x05"), "",
      NOT_ENDED },
    { "PUBREL without its flags", B("\x60\x02\x00\x05"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "PUBCOMP of nothing", B("\x70\x02\x00\x05"), B(""), "", NOT_ENDED },
    { "SUBSCRIBE", B("\x82\x06\x00\x0a\x00\x01t\x01"),
      B("\x90\x03\x00\x0a\x01"), "subscribe(t,1) ", NOT_ENDED },
    { "SUBSCRIBE QoS 2 is granted 1", B("\x82\x06\x00\x0a\x00\x01t\x02"),
      B("\x90\x03\x00\x0a\x01"), "subscribe(t,1) ", NOT_ENDED },
    { "SUBSCRIBE to what the owner refuses",
      B("\x82\x0b\x00\x0a\x00\x02no\x00\x00\x01y\x00"),
      B("\x90\x04\x00\x0a\x80\x00"), "subscribe(no,0) subscribe(y,0) ",
      NOT_ENDED },
    { "shared subscription", B("\x82\x0f\x00\x0a\x00\x0a$share/g/t\x01"),
      B("\x90\x03\x00\x0a\x80"), "", NOT_ENDED },
    { "SUBSCRIBE without flags", B("\x80\x06\x00\x0a\x00\x01t\x01"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "SUBSCRIBE without filters", B("\x82\x02\x00\x0a"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "SUBSCRIBE id 0", B("\x82\x06\x00\x00\x00\x01t\x01"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "SUBSCRIBE QoS 3", B("\x82\x06\x00\x0a\x00\x01t\x03"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "SUBSCRIBE bad filter", B("\x82\x07\x00\x0a\x00\x02t#\x01"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "UNSUBSCRIBE", B("\xa2\x05\x00\x0b\x00\x01t"), B("\xb0\x02\x00\x0b"),
      "unsubscribe(t) ", NOT_ENDED },
    { "UNSUBSCRIBE from none", B("\xa2\x02\x00\x0b"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "DISCONNECT", B("\xe0\x00"), B(""), "", SALLY_MQTT_END_DISCONNECTED },
    { "DISCONNECT with a body", B("\xe0\x01\x00"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "16384 bytes announced: waits", B("\x30\xfd\x7f\x00\x01t"), B(""),
      "", NOT_ENDED },
    { "one byte more", B("\x30\xfe\x7f\x00\x01t"), B(""), "",
      SALLY_MQTT_END_TOO_LARGE },
    { "256 MB announced", B("\x30\xff\xff\xff\x7f"), B(""), "",
      SALLY_MQTT_END_TOO_LARGE },
};

static void check_row(const struct row *r, struct owner *o, const char *how)
{
    struct sally_span out = sally_mqtt_session_output(&o->session);

    if (!sally_span_equal(out, r->out))
        fail_msg("%s, %s: %zu bytes out", r->what, how, out.len);
    if (strcmp(o->log, r->told) != 0)
        fail_msg("%s, %s: told \"%s\"", r->what, how, o->log);
    if (o->why != r->why || o->ended != (r->why != NOT_ENDED))
        fail_msg("%s, %s: %s, told %u times", r->what, how,
                 sally_mqtt_end_text(o->why), o->ended);
}

/* All at once, then each byte alone: the same must come of it. */
static void run_row(const struct row *r, bool (*start)(struct owner *))
{
    struct owner o;

    assert_true(start(&o));
    o.acknowledge_at_once = true;
    feed(&o, r->in.at, r->in.len);
    check_row(r, &o, "whole");
    owner_stop(&o);

    assert_true(start(&o));
    o.acknowledge_at_once = true;
    for (size_t i = 0; i < r->in.len; i++)
        feed(&o, &r->in.at[i], 1);
    check_row(r, &o, "dribbled");
    sally_mqtt_session_wipe(&o.session);
    assert_int_equal(o.small.used + o.large.used + o.wills.used, 0);
    owner_stop(&o);
}

static void answers_the_first_packet(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(first_rows); i++)
        run_row(&first_rows[i], owner_start);
}

static void answers_an_open_session(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(open_rows); i++)
        run_row(&open_rows[i], owner_open);
}

static void idle_session_is_small_and_holds_no_block(void **state)
{
    struct owner o;

    (void)state;
    assert_true(sizeof(struct sally_mqtt_session) <= 256);
    assert_true(owner_open(&o));
    assert_int_equal(o.small.used + o.large.used + o.wills.used, 0);
    feed(&o, "\x30\x04\x00\x01tx\x30", 7);
    assert_int_equal(o.small.used, 1);
    feed(&o, "\x04\x00\x01tx", 5);
    assert_int_equal(o.small.used, 0);
    assert_string_equal(o.log, "publish(t,x,0) publish(t,x,0) ");
    owner_stop(&o);
}

/* Every cut of a long input into two gives the same. */
static void cuts_anywhere(void **state)
{
    static const uint8_t in[] =
        "\x32\x06\x00\x01t\x00\x01x\x82\x06\x00\x0a\x00\x01t\x01\xc0\x00"
        "\x30\x04\x00\x01ty\xa2\x05\x00\x0b\x00\x01t\xe0";
    static const char told[] = "publish(t,x,1) subscribe(t,1) publish(t,y,0) "
                               "unsubscribe(t) ";

    (void)state;
    for (size_t cut = 0; cut < sizeof(in); cut++) {
        struct owner o;

        assert_true(owner_open(&o));
        o.acknowledge_at_once = true;
        feed(&o, in, cut);
        feed(&o, &in[cut], sizeof(in) - cut);
        assert_string_equal(o.log, told);
        assert_int_equal(o.why, SALLY_MQTT_END_DISCONNECTED);
        assert_int_equal(sally_mqtt_session_output(&o.session).len,
                         4 + 5 + 2 + 4);
        owner_stop(&o);
    }
}

static size_t pipeline(uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t one[] = { 0x32, 6, 0, 1, 't', 0, (uint8_t)(i + 1), 'x' };

        memcpy(&out[i * sizeof(one)], one, sizeof(one));
    }
    return n * 8;
}

static void acknowledges_a_pipeline_in_one_output(void **state)
{
    uint8_t in[800];
    struct owner o;

    (void)state;
    assert_true(owner_open(&o));
    o.acknowledge_at_once = true;
    o.quiet = true;
    feed(&o, in, pipeline(in, 100));
    assert_int_equal(o.published, 100);
    assert_int_equal(sally_mqtt_session_output(&o.session).len, 400);
    owner_stop(&o);
}

static void stops_at_receive_maximum(void **state)
{
    uint8_t in[800];
    struct owner o;

    (void)state;
    assert_true(owner_open(&o));
    o.quiet = true;
    feed(&o, in, pipeline(in, 100));
    assert_int_equal(o.published, SALLY_MQTT_RECEIVE_MAX);
    assert_false(sally_mqtt_session_wants_input(&o.session));
    assert_int_equal(sally_mqtt_session_deadline(&o.session), SALLY_NEVER);
    for (uint32_t n = 1; n <= 100; n++) {
        unsigned want = n + SALLY_MQTT_RECEIVE_MAX;

        sally_mqtt_session_answer(&o.session, n, SALLY_MQTT_SUCCESS, o.now);
        assert_int_equal(o.published, want < 100 ? want : 100);
    }
    assert_int_equal(sally_mqtt_session_output(&o.session).len, 400);
    assert_true(sally_mqtt_session_wants_input(&o.session));
    assert_int_equal(o.small.used + o.large.used, 1);
    owner_stop(&o);
}

static void acknowledges_in_order_of_arrival(void **state)
{
    uint8_t in[24];
    struct owner o;
    struct sally_span out;

    (void)state;
    assert_true(owner_open(&o));
    feed(&o, in, pipeline(in, 3));
    sally_mqtt_session_answer(&o.session, 3, SALLY_MQTT_SUCCESS, o.now);
    sally_mqtt_session_answer(&o.session, 2, SALLY_MQTT_SUCCESS, o.now);
    sally_mqtt_session_answer(&o.session, 7, SALLY_MQTT_SUCCESS, o.now);
    assert_int_equal(sally_mqtt_session_output(&o.session).len, 0);
    sally_mqtt_session_answer(&o.session, 1, SALLY_MQTT_SUCCESS, o.now);
    out = sally_mqtt_session_output(&o.session);
    assert_int_equal(out.len, 12);
    assert_int_equal(out.at[3], 1);
    assert_int_equal(out.at[7], 2);
    assert_int_equal(out.at[11], 3);
    sally_mqtt_session_answer(&o.session, 1, SALLY_MQTT_SUCCESS, o.now);
    assert_int_equal(sally_mqtt_session_output(&o.session).len, 12);
    owner_stop(&o);
}

static void resent_message_is_told_once(void **state)
{
    struct owner o;

    (void)state;
    assert_true(owner_open(&o));
    feed(&o, "\x32\x06\x00\x01t\x00\x07x\x3a\x06\x00\x01t\x00\x07x", 16);
    assert_string_equal(o.log, "publish(t,x,1) ");
    sally_mqtt_session_answer(&o.session, 1, SALLY_MQTT_SUCCESS, o.now);
    assert_int_equal(sally_mqtt_session_output(&o.session).len, 4);
    feed(&o, "\x3a\x06\x00\x01t\x00\x07x", 8);
    assert_string_equal(o.log, "publish(t,x,1) publish(t,x,2) ");
    owner_stop(&o);
}

static void offers_again_what_the_owner_had_no_room_for(void **state)
{
    struct owner o;

    (void)state;
    assert_true(owner_open(&o));
    o.no_room = true;
    feed(&o, "\x32\x06\x00\x01t\x00\x01x\x30\x04\x00\x01ty\x30", 15);
    assert_string_equal(o.log, "");
    assert_false(sally_mqtt_session_wants_input(&o.session));
    sally_mqtt_session_resume(&o.session, o.now);
    assert_false(sally_mqtt_session_wants_input(&o.session));
    o.no_room = false;
    o.now += 1000 * SALLY_SEC;
    assert_int_equal(sally_mqtt_session_deadline(&o.session), SALLY_NEVER);
    sally_mqtt_session_resume(&o.session, o.now);
    assert_string_equal(o.log, "publish(t,x,1) publish(t,y,0) ");
    assert_int_equal(sally_mqtt_session_deadline(&o.session),
                     o.now + 10 * SALLY_SEC);
    owner_stop(&o);
}

static void waits_for_the_verdict(void **state)
{
    struct owner o;

    (void)state;
    assert_true(owner_start(&o));
    o.accept_at_once = false;
    feed(&o, connect_packet, sizeof(connect_packet) - 1);
    assert_false(sally_mqtt_session_wants_input(&o.session));
    feed(&o, "\x30\x04\x00\x01tx", 6);
    assert_string_equal(o.log, "connect(c) ");
    assert_int_equal(sally_mqtt_session_output(&o.session).len, 0);
    accept_session(&o);
    assert_string_equal(o.log, "connect(c) publish(t,x,0) ");
    sally_mqtt_session_refuse(&o.session, 5, o.now);
    assert_int_equal(sally_mqtt_session_output(&o.session).len, 4);
    assert_int_equal(o.ended, 0);
    owner_stop(&o);
}

static void bounds_what_comes_before_the_verdict(void **state)
{
    static const uint8_t flood[SALLY_MQTT_SMALL];
    struct owner o;

    (void)state;
    assert_true(owner_start(&o));
    o.accept_at_once = false;
    feed(&o, connect_packet, sizeof(connect_packet) - 1);
    feed(&o, flood, sizeof(flood));
    assert_int_equal(o.ended, 0);
    feed(&o, flood, 1);
    assert_int_equal(o.why, SALLY_MQTT_END_NO_ROOM);
    assert_int_equal(o.large.peak, 0);
    owner_stop(&o);
}

static void refuses_with_the_owners_code(void **state)
{
    struct owner o;
    struct sally_span out;

    (void)state;
    assert_true(owner_start(&o));
    o.accept_at_once = false;
    feed(&o, connect_packet, sizeof(connect_packet) - 1);
    feed(&o, "\x30\x04\x00\x01tx", 6);
    sally_mqtt_session_refuse(&o.session, SALLY_MQTT_REFUSED_NOT_AUTHORIZED,
                              o.now);
    out = sally_mqtt_session_output(&o.session);
    assert_true(
        sally_span_equal(out, (struct sally_span)B("\x20\x02\x00\x05")));
    assert_int_equal(o.why, SALLY_MQTT_END_REFUSED);
    assert_string_equal(o.log, "connect(c) ");
    owner_stop(&o);
}

/* Ids of QoS 2 that are not released stand in the way of no QoS 1; what finds
 * no place ends the connection.                                             */
static void bounds_what_is_not_released(void **state)
{
    uint8_t two[] = "\x34\x06\x00\x01t\x00\x00x";
    struct owner o;

    (void)state;
    assert_true(owner_open(&o));
    o.acknowledge_at_once = true;
    for (uint8_t id = 1; id <= SALLY_MQTT_HELD_MAX; id++) {
        two[6] = id;
        feed(&o, two, sizeof(two) - 1);
        drain(&o);
    }
    feed(&o, "\x32\x06\x00\x01t\x00\x07x", 8);
    assert_int_equal(sally_mqtt_session_output(&o.session).len, 4);
    drain(&o);
    assert_int_equal(o.ended, 0);
    two[6] = SALLY_MQTT_HELD_MAX + 1;
    feed(&o, two, sizeof(two) - 1);
    assert_int_equal(o.why, SALLY_MQTT_END_UNFINISHED);
    assert_int_equal(sally_mqtt_session_output(&o.session).len, 0);
    owner_stop(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_the_first_packet),
        cmocka_unit_test(answers_an_open_session),
        cmocka_unit_test(idle_session_is_small_and_holds_no_block),
        cmocka_unit_test(cuts_anywhere),
        cmocka_unit_test(acknowledges_a_pipeline_in_one_output),
        cmocka_unit_test(stops_at_receive_maximum),
        cmocka_unit_test(acknowledges_in_order_of_arrival),
        cmocka_unit_test(resent_message_is_told_once),
        cmocka_unit_test(offers_again_what_the_owner_had_no_room_for),
        cmocka_unit_test(waits_for_the_verdict),
        cmocka_unit_test(bounds_what_comes_before_the_verdict),
        cmocka_unit_test(refuses_with_the_owners_code),
        cmocka_unit_test(bounds_what_is_not_released),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
