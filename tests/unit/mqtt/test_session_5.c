/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/mqtt/test_session_5.c - a session of version 5, byte for byte:
 * what it offers, each rule for a malformed packet, QoS 2 and topic aliases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/mqtt/harness.h"

#define B(text) { (const uint8_t *)(text), sizeof(text) - 1 }
#define MQTT "\x00\x04MQTT\x05"
/* session expiry, receive maximum, maximum packet, aliases, no subscription
 * ids, nothing shared */
#define OFFER "\x11\x00\x00\x00\x00\x21\x00\x14\x27\x00\x00\x40\x00" \
              "\x22\x00\x08\x29\x00\x2a\x00"
#define CONNECTED "\x20\x17\x00\x00\x14" OFFER
#define NOT_ENDED SALLY_MQTT_END_NONE

struct row {
    const char *what;
    struct sally_span in, out;
    const char *told;
    enum sally_mqtt_end why;
};

static const struct row first_rows[] = {
    { "plain connect", B("\x10\x0e" MQTT "\x02\x00\x3c\x00\x00\x01" "a"),
      B(CONNECTED), "connect(a) ", NOT_ENDED },
    { "no keep-alive: it is told ours",
      B("\x10\x0e" MQTT "\x02\x00\x00\x00\x00\x01" "a"),
      B("\x20\x1a\x00\x00\x17" "\x11\x00\x00\x00\x00\x21\x00\x14"
        "\x27\x00\x00\x40\x00\x22\x00\x08\x13\x0e\x10\x29\x00\x2a\x00"),
      "connect(a) ", NOT_ENDED },
    { "empty client id, not clean", B("\x10\x0d" MQTT "\x00\x00\x3c\x00\x00\x00"),
      B(CONNECTED), "connect() ", NOT_ENDED },
    { "client id not UTF-8", B("\x10\x0e" MQTT "\x02\x00\x3c\x00\x00\x01\xff"),
      B("\x20\x03\x00\x85\x00"), "", SALLY_MQTT_END_REFUSED },
    { "client id with a control character",
      B("\x10\x0e" MQTT "\x02\x00\x3c\x00\x00\x01\x1b"),
      B("\x20\x03\x00\x85\x00"), "", SALLY_MQTT_END_REFUSED },
    { "unknown property",
      B("\x10\x10" MQTT "\x02\x00\x3c\x02\x7f\x00\x00\x01" "a"),
      B("\x20\x03\x00\x81\x00"), "", SALLY_MQTT_END_REFUSED },
    { "property of another packet",
      B("\x10\x11" MQTT "\x02\x00\x3c\x03\x23\x00\x01\x00\x01" "a"),
      B("\x20\x03\x00\x81\x00"), "", SALLY_MQTT_END_REFUSED },
    { "receive maximum twice",
      B("\x10\x14" MQTT "\x02\x00\x3c\x06\x21\x00\x01\x21\x00\x01\x00\x01" "a"),
      B("\x20\x03\x00\x82\x00"), "", SALLY_MQTT_END_REFUSED },
    { "receive maximum 0",
      B("\x10\x11" MQTT "\x02\x00\x3c\x03\x21\x00\x00\x00\x01" "a"),
      B("\x20\x03\x00\x82\x00"), "", SALLY_MQTT_END_REFUSED },
    { "maximum packet 0",
      B("\x10\x13" MQTT "\x02\x00\x3c\x05\x27\x00\x00\x00\x00\x00\x01" "a"),
      B("\x20\x03\x00\x82\x00"), "", SALLY_MQTT_END_REFUSED },
    { "enhanced authentication",
      B("\x10\x12" MQTT "\x02\x00\x3c\x04\x15\x00\x01m\x00\x01" "a"),
      B("\x20\x03\x00\x8c\x00"), "", SALLY_MQTT_END_REFUSED },
    { "authentication data without a method",
      B("\x10\x12" MQTT "\x02\x00\x3c\x04\x16\x00\x01m\x00\x01" "a"),
      B("\x20\x03\x00\x82\x00"), "", SALLY_MQTT_END_REFUSED },
    { "reserved flag", B("\x10\x0e" MQTT "\x03\x00\x3c\x00\x00\x01" "a"),
      B(""), "", SALLY_MQTT_END_PROTOCOL },
    { "trailing byte", B("\x10\x0f" MQTT "\x02\x00\x3c\x00\x00\x01" "ab"),
      B(""), "", SALLY_MQTT_END_PROTOCOL },
    { "truncated", B("\x10\x0d" MQTT "\x02\x00\x3c\x00\x00\x01"), B(""), "",
      SALLY_MQTT_END_PROTOCOL },
    { "will topic with wildcard",
      B("\x10\x14" MQTT "\x06\x00\x3c\x00\x00\x01" "a\x00\x00\x01#\x00\x00"),
      B(""), "", SALLY_MQTT_END_PROTOCOL },
    { "will larger than its block",
      B("\x10\x55" MQTT "\x06\x00\x3c\x00\x00\x01" "a\x00\x00\x01t\x00\x41"
        "0123456789012345678901234567890123456789012345678901234567890123"
        "4"),
      B("\x20\x03\x00\x95\x00"), "", SALLY_MQTT_END_REFUSED },
    { "level 6", B("\x10\x0d\x00\x04MQTT\x06\x02\x00\x3c\x00\x00\x00"),
      B("\x20\x03\x00\x84\x00"), "", SALLY_MQTT_END_VERSION },
};

#define BYE(reason) B("\xe0\x01" reason)

static const struct row open_rows[] = {
    { "QoS 0", B("\x30\x05\x00\x01t\x00x"), B(""), "publish(t,x,0) ",
      NOT_ENDED },
    { "QoS 1", B("\x32\x07\x00\x01t\x00\x07\x00x"), B("\x40\x02\x00\x07"),
      "publish(t,x,1) ", NOT_ENDED },
    { "QoS 1 with properties that mean nothing here",
      B("\x32\x15\x00\x01t\x00\x07\x0e\x26\x00\x01" "a\x00\x01" "b"
        "\x02\x00\x00\x00\x3c\x01\x01x"),
      B("\x40\x02\x00\x07"), "publish(t,x,1) ", NOT_ENDED },
    { "QoS 2, all four steps",
      B("\x34\x07\x00\x01t\x00\x07\x00x\x62\x02\x00\x07"),
      B("\x50\x02\x00\x07\x70\x02\x00\x07"), "publish(t,x,1) ", NOT_ENDED },
    { "QoS 2 twice before its release",
      B("\x34\x07\x00\x01t\x00\x07\x00x\x3c\x07\x00\x01t\x00\x07\x00x"),
      B("\x50\x02\x00\x07\x50\x02\x00\x07"), "publish(t,x,1) ", NOT_ENDED },
    { "QoS 2 and QoS 1 of one id are two",
      B("\x34\x07\x00\x01t\x00\x07\x00x\x32\x07\x00\x01t\x00\x07\x00y"),
      B("\x50\x02\x00\x07\x40\x02\x00\x07"),
      "publish(t,x,1) publish(t,y,2) ", NOT_ENDED },
    { "QoS 3", B("\x36\x07\x00\x01t\x00\x07\x00x"), BYE("\x81"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "DUP with QoS 0", B("\x38\x05\x00\x01t\x00x"), BYE("\x81"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "packet id 0", B("\x32\x07\x00\x01t\x00\x00\x00x"), BYE("\x82"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "wildcard", B("\x30\x06\x00\x03t/+\x00"), BYE("\x81"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "no topic and no alias", B("\x30\x04\x00\x00\x00x"), BYE("\x81"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "topic with U+0000", B("\x30\x06\x00\x03t\x00u\x00"), BYE("\x81"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "topic past the packet", B("\x30\x05\x00\x09t\x00x"), BYE("\x81"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "17 levels, QoS 1",
      B("\x32\x17\x00\x11////////////////t\x00\x07\x00x"),
      B("\x40\x03\x00\x07\x90"), "", NOT_ENDED },
    { "17 levels, QoS 2: nothing is remembered of it",
      B("\x34\x17\x00\x11////////////////t\x00\x07\x00x\x62\x02\x00\x07"),
      B("\x50\x03\x00\x07\x90\x70\x03\x00\x07\x92"), "", NOT_ENDED },
    { "17 levels, QoS 0", B("\x30\x15\x00\x11////////////////t\x00x"),
      BYE("\x90"), "", SALLY_MQTT_END_PROTOCOL },
    { "payload not as its format says, QoS 1",
      B("\x32\x09\x00\x01t\x00\x07\x02\x01\x01\xff"),
      B("\x40\x03\x00\x07\x99"), "", NOT_ENDED },
    { "payload not as its format says, QoS 0",
      B("\x30\x07\x00\x01t\x02\x01\x01\xff"), B(""), "", NOT_ENDED },
    { "alias, and then alone",
      B("\x30\x08\x00\x01t\x03\x23\x00\x08x\x30\x07\x00\x00\x03\x23\x00\x08y"),
      B(""), "publish(t,x,0) publish(t,y,0) ", NOT_ENDED },
    { "alias given anew",
      B("\x30\x08\x00\x01t\x03\x23\x00\x01x\x30\x08\x00\x01u\x03\x23\x00\x01x"
        "\x30\x07\x00\x00\x03\x23\x00\x01y"),
      B(""), "publish(t,x,0) publish(u,x,0) publish(u,y,0) ", NOT_ENDED },
    { "alias 0", B("\x30\x08\x00\x01t\x03\x23\x00\x00x"), BYE("\x82"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "alias above the maximum", B("\x30\x08\x00\x01t\x03\x23\x00\x09x"),
      BYE("\x94"), "", SALLY_MQTT_END_PROTOCOL },
    { "alias that was not given", B("\x30\x07\x00\x00\x03\x23\x00\x01x"),
      BYE("\x82"), "", SALLY_MQTT_END_PROTOCOL },
    { "subscription id in a PUBLISH", B("\x30\x07\x00\x01t\x02\x0b\x01x"),
      BYE("\x82"), "", SALLY_MQTT_END_PROTOCOL },
    { "response topic with a wildcard",
      B("\x30\x0a\x00\x01t\x05\x08\x00\x02/#x"), BYE("\x82"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "unknown property", B("\x30\x06\x00\x01t\x02\x7f\x00"), BYE("\x81"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "content type twice",
      B("\x30\x0c\x00\x01t\x08\x03\x00\x01" "a\x03\x00\x01" "a"), BYE("\x82"),
      "", SALLY_MQTT_END_PROTOCOL },
    { "packet too large", B("\x30\xfe\x7f"), BYE("\x95"), "",
      SALLY_MQTT_END_TOO_LARGE },
    { "length of five bytes", B("\x30\xff\xff\xff\xff\x01"), BYE("\x81"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "second CONNECT", B("\x10\x0e" MQTT "\x02\x00\x3c\x00\x00\x01" "a"),
      BYE("\x82"), "", SALLY_MQTT_END_PROTOCOL },
    { "type 0", B("\x00\x00"), BYE("\x81"), "", SALLY_MQTT_END_PROTOCOL },
    { "AUTH", B("\xf0\x00"), BYE("\x82"), "", SALLY_MQTT_END_PROTOCOL },
    { "CONNACK", B("\x20\x03\x00\x00\x00"), BYE("\x82"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "SUBACK", B("\x90\x04\x00\x01\x00\x00"), BYE("\x82"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "UNSUBACK", B("\xb0\x04\x00\x01\x00\x00"), BYE("\x82"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "PINGRESP", B("\xd0\x00"), BYE("\x82"), "", SALLY_MQTT_END_PROTOCOL },
    { "PINGREQ", B("\xc0\x00"), B("\xd0\x00"), "", NOT_ENDED },
    { "PINGREQ with flags", B("\xc1\x00"), BYE("\x81"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "PINGREQ with a body", B("\xc0\x01x"), BYE("\x81"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "PUBREL without its flags", B("\x60\x02\x00\x07"), BYE("\x81"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "PUBREL of nothing", B("\x62\x02\x00\x07"), B("\x70\x03\x00\x07\x92"),
      "", NOT_ENDED },
    { "PUBREL id 0", B("\x62\x02\x00\x00"), BYE("\x82"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "PUBREC of nothing", B("\x50\x02\x00\x07"), B("\x62\x03\x00\x07\x92"),
      "", NOT_ENDED },
    { "PUBACK of nothing", B("\x40\x02\x00\x07"), B(""), "", NOT_ENDED },
    { "PUBACK id 0", B("\x40\x02\x00\x00"), BYE("\x82"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "SUBSCRIBE", B("\x82\x07\x00\x0a\x00\x00\x01t\x2d"),
      B("\x90\x04\x00\x0a\x00\x01"), "subscribe(t,1) ", NOT_ENDED },
    { "SUBSCRIBE to what the owner refuses",
      B("\x82\x08\x00\x0a\x00\x00\x02no\x00"), B("\x90\x04\x00\x0a\x00\x87"),
      "subscribe(no,0) ", NOT_ENDED },
    { "shared subscription",
      B("\x82\x10\x00\x0a\x00\x00\x0a$share/g/t\x01"),
      B("\x90\x04\x00\x0a\x00\x9e"), "", NOT_ENDED },
    { "SUBSCRIBE without filters", B("\x82\x03\x00\x0a\x00"), BYE("\x82"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "SUBSCRIBE QoS 3", B("\x82\x07\x00\x0a\x00\x00\x01t\x03"), BYE("\x82"),
      "", SALLY_MQTT_END_PROTOCOL },
    { "SUBSCRIBE reserved option", B("\x82\x07\x00\x0a\x00\x00\x01t\x40"),
      BYE("\x81"), "", SALLY_MQTT_END_PROTOCOL },
    { "SUBSCRIBE bad filter", B("\x82\x08\x00\x0a\x00\x00\x02t#\x00"),
      BYE("\x81"), "", SALLY_MQTT_END_PROTOCOL },
    { "SUBSCRIBE with an id, which was not offered",
      B("\x82\x09\x00\x0a\x02\x0b\x01\x00\x01t\x00"), BYE("\xa1"), "",
      SALLY_MQTT_END_PROTOCOL },
    { "UNSUBSCRIBE, one that is there and one that is not",
      B("\xa2\x0a\x00\x0b\x00\x00\x01t\x00\x02no"),
      B("\xb0\x05\x00\x0b\x00\x00\x11"), "unsubscribe(t) unsubscribe(no) ",
      NOT_ENDED },
    { "DISCONNECT", B("\xe0\x00"), B(""), "", SALLY_MQTT_END_DISCONNECTED },
    { "DISCONNECT with reason and properties",
      B("\xe0\x02\x00\x00"), B(""), "", SALLY_MQTT_END_DISCONNECTED },
    { "DISCONNECT that wants its will sent", B("\xe0\x01\x04"), B(""), "",
      SALLY_MQTT_END_WITH_WILL },
    { "DISCONNECT that prolongs a session that is none",
      B("\xe0\x07\x00\x05\x11\x00\x00\x00\x07"), BYE("\x82"), "",
      SALLY_MQTT_END_PROTOCOL },
};

static const uint8_t connect_5[] = "\x10\x0e" MQTT "\x02\x00\x3c\x00\x00\x01"
                                   "c";

static bool open_5(struct owner *o)
{
    if (!owner_start(o))
        return false;
    feed(o, connect_5, sizeof(connect_5) - 1);
    drain(o);
    o->log[0] = '\0';
    return o->session.state == SALLY_MQTT_OPEN;
}

static void check_row(const struct row *r, struct owner *o)
{
    struct sally_span out = sally_mqtt_session_output(&o->session);

    if (!sally_span_equal(out, r->out)) {
        for (size_t i = 0; i < out.len; i++)
            print_error("%02x ", out.at[i]);
        fail_msg("%s: other bytes went out", r->what);
    }
    if (strcmp(o->log, r->told) != 0)
        fail_msg("%s: told \"%s\"", r->what, o->log);
    if (o->why != r->why)
        fail_msg("%s: ended by %s", r->what, sally_mqtt_end_text(o->why));
}

static void answers_connects(void **state)
{
    struct owner o;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(first_rows); i++) {
        assert_true(owner_start(&o));
        feed(&o, first_rows[i].in.at, first_rows[i].in.len);
        check_row(&first_rows[i], &o);
        owner_stop(&o);
    }
}

/* Whole, and byte by byte. */
static void answers_packets(void **state)
{
    struct owner o;

    (void)state;
    for (size_t i = 0; i < 2 * SALLY_LEN(open_rows); i++) {
        const struct row *r = &open_rows[i / 2];

        assert_true(open_5(&o));
        o.acknowledge_at_once = true;
        for (size_t n = 0; i % 2 != 0 && n < r->in.len; n++)
            feed(&o, &r->in.at[n], 1);
        if (i % 2 == 0)
            feed(&o, r->in.at, r->in.len);
        check_row(r, &o);
        owner_stop(&o);
        assert_int_equal(o.small.used + o.large.used + o.aliases.used, 0);
    }
}

static bool heard(struct owner *o, const void *bytes, size_t n)
{
    struct sally_span out = sally_mqtt_session_output(&o->session);
    bool same = sally_span_equal(out, (struct sally_span){ bytes, n });

    drain(o);
    return same;
}
#define HEARD(o, text) assert_true(heard(o, text, sizeof(text) - 1))
#define FEED(o, text) feed(o, text, sizeof(text) - 1)

static void says_what_the_owner_says(void **state)
{
    struct owner o;

    (void)state;
    assert_true(open_5(&o));
    o.acknowledge_at_once = true;
    o.reason = SALLY_MQTT_NOT_AUTHORIZED;
    FEED(&o, "\x32\x07\x00\x01t\x00\x07\x00x");
    HEARD(&o, "\x40\x03\x00\x07\x87");
    FEED(&o, "\x34\x07\x00\x01t\x00\x08\x00x");
    HEARD(&o, "\x50\x03\x00\x08\x87");
    assert_int_equal(o.held.count, 0); /* the PUBREC ended it */
    owner_stop(&o);
}

/* PUBREC only when it is stored, and in order with the others. */
static void holds_the_answer_to_qos_2(void **state)
{
    struct owner o;

    (void)state;
    assert_true(open_5(&o));
    FEED(&o, "\x34\x07\x00\x01t\x00\x07\x00x");
    FEED(&o, "\x32\x07\x00\x01t\x00\x08\x00y");
    FEED(&o, "\x3c\x07\x00\x01t\x00\x07\x00x"); /* again: not told */
    assert_string_equal(o.log, "publish(t,x,1) publish(t,y,2) ");
    HEARD(&o, "");
    sally_mqtt_session_answer(&o.session, 2, SALLY_MQTT_SUCCESS, o.now);
    HEARD(&o, "");
    sally_mqtt_session_stored(&o.session, 7, SALLY_MQTT_SUCCESS, o.now);
    HEARD(&o, "\x50\x02\x00\x07\x40\x02\x00\x08");
    owner_stop(&o);
}

static void release_before_the_answer_is_a_violation(void **state)
{
    struct owner o;

    (void)state;
    assert_true(open_5(&o));
    FEED(&o, "\x34\x07\x00\x01t\x00\x07\x00x\x62\x02\x00\x07");
    HEARD(&o, "\xe0\x01\x82");
    assert_true(sally_mqtt_held_has(&o.held, 7));
    owner_stop(&o);
}

/* What an earlier connection brought is known in the next one, stored or not. */
static void knows_qos_2_of_an_earlier_connection(void **state)
{
    struct sally_mqtt_held held = { .count = 0 };
    const struct sally_mqtt_welcome w = { true, 60, { NULL, 0 }, &held };
    struct owner o;

    (void)state;
    assert_true(sally_mqtt_held_add(&held, 7) && sally_mqtt_held_add(&held, 8));
    sally_mqtt_held_store(&held, 8);
    assert_true(owner_start(&o));
    o.welcome = &w;
    feed(&o, connect_5, sizeof(connect_5) - 1);
    HEARD(&o, "\x20\x17\x01\x00\x14\x11\x00\x00\x00\x3c\x21\x00\x14"
              "\x27\x00\x00\x40\x00\x22\x00\x08\x29\x00\x2a\x00");
    o.log[0] = '\0';
    FEED(&o, "\x3c\x07\x00\x01t\x00\x08\x00x");
    HEARD(&o, "\x50\x02\x00\x08");
    FEED(&o, "\x3c\x07\x00\x01t\x00\x07\x00x");
    HEARD(&o, "");
    sally_mqtt_session_stored(&o.session, 7, SALLY_MQTT_SUCCESS, o.now);
    HEARD(&o, "\x50\x02\x00\x07");
    FEED(&o, "\x62\x02\x00\x07\x62\x02\x00\x08");
    HEARD(&o, "\x70\x02\x00\x07\x70\x02\x00\x08");
    assert_string_equal(o.log, "");
    assert_int_equal(held.count, 0);
    owner_stop(&o);
}

static void ends_beyond_the_receive_maximum(void **state)
{
    uint8_t packet[] = "\x34\x07\x00\x01t\x00\x00\x00x";
    struct owner o;

    (void)state;
    assert_true(open_5(&o));
    o.acknowledge_at_once = true; /* stored, but not released */
    for (uint8_t id = 1; id <= SALLY_MQTT_RECEIVE_MAX; id++) {
        packet[6] = id;
        feed(&o, packet, sizeof(packet) - 1);
    }
    drain(&o);
    assert_int_equal(o.ended, 0);
    packet[6] = SALLY_MQTT_RECEIVE_MAX + 1;
    feed(&o, packet, sizeof(packet) - 1);
    HEARD(&o, "\xe0\x01\x93");
    assert_int_equal(o.why, SALLY_MQTT_END_UNFINISHED);
    owner_stop(&o);
}

static void without_a_place_for_qos_2_it_ends(void **state)
{
    struct owner o;

    (void)state;
    assert_true(open_5(&o));
    o.no_hold = true;
    FEED(&o, "\x34\x07\x00\x01t\x00\x07\x00x");
    HEARD(&o, "\xe0\x01\x97");
    owner_stop(&o);
}

static const struct {
    enum sally_mqtt_end why;
    struct sally_span out;
} ends[] = {
    { SALLY_MQTT_END_REPLACED, BYE("\x8e") },
    { SALLY_MQTT_END_KICKED, BYE("\x98") },
    { SALLY_MQTT_END_NO_ROOM, BYE("\x97") },
    { SALLY_MQTT_END_LOST, B("") },
};

static void says_why_it_ends(void **state)
{
    struct owner o;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(ends); i++) {
        assert_true(open_5(&o));
        sally_mqtt_session_end(&o.session, ends[i].why);
        assert_true(heard(&o, ends[i].out.at, ends[i].out.len));
        owner_stop(&o);
    }
    assert_true(open_5(&o));
    o.now += 90 * SALLY_SEC;
    sally_mqtt_session_expire(&o.session, o.now);
    HEARD(&o, "\xe0\x01\x8d");
    owner_stop(&o);
}

/* Refusals of the owner, which has the codes of 3.1.1. */
static void says_why_it_refuses(void **state)
{
    struct owner o;

    (void)state;
    assert_true(owner_start(&o));
    o.accept_at_once = false;
    feed(&o, connect_5, sizeof(connect_5) - 1);
    sally_mqtt_session_refuse(&o.session, SALLY_MQTT_REFUSED_NOT_AUTHORIZED,
                              o.now);
    HEARD(&o, "\x20\x03\x00\x87\x00");
    owner_stop(&o);
}

static void gives_a_client_its_name(void **state)
{
    static const struct sally_mqtt_welcome w = { .client_id = B("xy") };
    struct owner o;

    (void)state;
    assert_true(owner_start(&o));
    o.welcome = &w;
    FEED(&o, "\x10\x0d" MQTT "\x02\x00\x3c\x00\x00\x00");
    HEARD(&o, "\x20\x1c\x00\x00\x19\x11\x00\x00\x00\x00\x21\x00\x14"
              "\x27\x00\x00\x40\x00\x22\x00\x08\x12\x00\x02xy\x29\x00\x2a\x00");
    owner_stop(&o);
}

/* The client takes packets of 9 bytes, and one of QoS 1 at a time. */
static void keeps_to_the_clients_limits(void **state)
{
    struct sally_mqtt_publish p = { .topic = B("t"),
                                    .payload = B("xx"),
                                    .qos = 1 };
    struct owner o;
    uint16_t id = 0;

    (void)state;
    assert_true(owner_start(&o));
    FEED(&o, "\x10\x16" MQTT "\x02\x00\x3c\x08\x21\x00\x01\x27\x00\x00\x00\x0a"
             "\x00\x01" "c");
    drain(&o);
    assert_int_equal(sally_mqtt_session_publish(&o.session, &p, &id, o.now),
                     SALLY_E_OK);
    HEARD(&o, "\x32\x08\x00\x01t\x00\x01\x00xx");
    assert_int_equal(sally_mqtt_session_publish(&o.session, &p, &id, o.now),
                     SALLY_E_NO_ROOM);
    FEED(&o, "\x40\x03\x00\x01\x97");
    assert_string_equal(o.log, "connect(c) puback(1,0x97) ");
    p.payload = (struct sally_span)B("xxx");
    assert_int_equal(sally_mqtt_session_publish(&o.session, &p, &id, o.now),
                     SALLY_E_TOO_LARGE);
    owner_stop(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_connects),
        cmocka_unit_test(answers_packets),
        cmocka_unit_test(says_what_the_owner_says),
        cmocka_unit_test(holds_the_answer_to_qos_2),
        cmocka_unit_test(release_before_the_answer_is_a_violation),
        cmocka_unit_test(knows_qos_2_of_an_earlier_connection),
        cmocka_unit_test(ends_beyond_the_receive_maximum),
        cmocka_unit_test(without_a_place_for_qos_2_it_ends),
        cmocka_unit_test(says_why_it_ends),
        cmocka_unit_test(says_why_it_refuses),
        cmocka_unit_test(gives_a_client_its_name),
        cmocka_unit_test(keeps_to_the_clients_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
