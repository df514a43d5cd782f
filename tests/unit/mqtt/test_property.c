/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/mqtt/test_property.c - which property may stand where, and each
 * rule of version 5's packets, byte for byte.                                */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mqtt/packet.h"

#define B(text) { (const uint8_t *)(text), sizeof(text) - 1 }

/* MQTT 5.0 table 2-4, written down a second time: where each one may stand. A
 * digit or letter is a packet type; w a will.                               */
static const struct {
    struct sally_span bytes; /* one property */
    const char *places;
} all[] = {
    { B("\x01\x01"), "w3" },
    { B("\x02\x00\x00\x00\x07"), "w3" },
    { B("\x03\x00\x01t"), "w3" },
    { B("\x08\x00\x01r"), "w3" },
    { B("\x09\x00\x02\xff\x00"), "w3" },
    { B("\x0b\x81\x01"), "38" },
    { B("\x11\x00\x00\x00\x07"), "12e" },
    { B("\x12\x00\x01" "c"), "2" },
    { B("\x13\x00\x07"), "2" },
    { B("\x15\x00\x01m"), "12f" },
    { B("\x16\x00\x01\xff"), "12f" },
    { B("\x17\x01"), "1" },
    { B("\x18\x00\x00\x00\x07"), "w" },
    { B("\x19\x01"), "1" },
    { B("\x1a\x00\x01i"), "2" },
    { B("\x1c\x00\x01s"), "2e" },
    { B("\x1f\x00\x01r"), "245679bef" },
    { B("\x21\x00\x07"), "12" },
    { B("\x22\x00\x00"), "12" },
    { B("\x23\x00\x07"), "3" },
    { B("\x24\x01"), "2" },
    { B("\x25\x01"), "2" },
    { B("\x26\x00\x01" "a\x00\x01" "b"), "w123456789abef" },
    { B("\x27\x00\x00\x00\x07"), "12" },
    { B("\x28\x01"), "2" },
    { B("\x29\x01"), "2" },
    { B("\x2a\x01"), "2" },
};

static enum sally_err take(struct sally_span list, unsigned place,
                           struct sally_mqtt_properties *out)
{
    uint8_t room[2048];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&b);
    struct sally_cursor c;

    sally_mqtt_put_length(&w, list.len);
    sally_put(&w, list);
    assert_false(w.failed);
    c = sally_cursor_over(sally_buf_span(&b));
    return sally_mqtt_take_properties(&c, place, out);
}

static void every_property_in_every_packet(void **state)
{
    static const char letters[] = "w123456789abcdef";

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(all); i++)
        for (unsigned place = 0; place < 16; place++) {
            bool allowed = strchr(all[i].places, letters[place]) != NULL;
            struct sally_mqtt_properties p = { .given = 0 };
            enum sally_err e = take(all[i].bytes, place, &p);

            if (e != (allowed ? SALLY_E_OK : SALLY_E_NOT_FOUND))
                fail_msg("property 0x%02x in packet %u: %s",
                         all[i].bytes.at[0], place, sally_err_text(e));
            if (allowed && !sally_mqtt_has_property(
                               &p, (enum sally_mqtt_property)
                                       all[i].bytes.at[0]))
                fail_msg("property 0x%02x not noted", all[i].bytes.at[0]);
        }
}

static void no_other_property_is_known(void **state)
{
    (void)state;
    for (unsigned id = 0; id < 256; id++) {
        uint8_t bytes[] = { (uint8_t)id, 0, 0, 0, 0, 0 };
        struct sally_mqtt_properties p;
        bool known = false;

        for (size_t i = 0; i < SALLY_LEN(all); i++)
            known = known || all[i].bytes.at[0] == id;
        if (!known)
            assert_int_equal(take((struct sally_span){ bytes, 6 },
                                  SALLY_MQTT_CONNECT, &p),
                             SALLY_E_NOT_FOUND);
    }
}

static void twice_only_user_properties(void **state)
{
    uint8_t both[64];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(all); i++) {
        struct sally_buf b = SALLY_BUF(both);
        struct sally_writer w = sally_writer_into(&b);
        struct sally_mqtt_properties p;
        unsigned place = all[i].places[0] == 'w'
                             ? SALLY_MQTT_IN_WILL
                             : (unsigned)(all[i].places[0] - '0');
        bool many = all[i].bytes.at[0] == SALLY_MQTT_USER_PROPERTY ||
                    all[i].bytes.at[0] == SALLY_MQTT_SUBSCRIPTION_ID;

        sally_put(&w, all[i].bytes);
        sally_put(&w, all[i].bytes);
        assert_int_equal(take(sally_buf_span(&b), place, &p),
                         many ? SALLY_E_OK : SALLY_E_DUPLICATE);
    }
}

static const struct bad_row {
    const char *what;
    unsigned place;
    struct sally_span list;
    enum sally_err want;
} bad_rows[] = {
    { "payload format 2", SALLY_MQTT_PUBLISH, B("\x01\x02"),
      SALLY_E_OUT_OF_RANGE },
    { "receive maximum 0", SALLY_MQTT_CONNECT, B("\x21\x00\x00"),
      SALLY_E_OUT_OF_RANGE },
    { "maximum packet 0", SALLY_MQTT_CONNECT, B("\x27\x00\x00\x00\x00"),
      SALLY_E_OUT_OF_RANGE },
    { "topic alias 0", SALLY_MQTT_PUBLISH, B("\x23\x00\x00"),
      SALLY_E_OUT_OF_RANGE },
    { "subscription id 0", SALLY_MQTT_SUBSCRIBE, B("\x0b\x00"),
      SALLY_E_OUT_OF_RANGE },
    { "subscription id twice", SALLY_MQTT_SUBSCRIBE, B("\x0b\x01\x0b\x01"),
      SALLY_E_DUPLICATE },
    { "subscription id of five bytes", SALLY_MQTT_SUBSCRIBE,
      B("\x0b\xff\xff\xff\xff\x01"), SALLY_E_WRONG_TYPE },
    { "subscription id longer than needed", SALLY_MQTT_SUBSCRIBE,
      B("\x0b\x81\x00"), SALLY_E_WRONG_TYPE },
    { "content type not UTF-8", SALLY_MQTT_PUBLISH, B("\x03\x00\x01\xff"),
      SALLY_E_WRONG_TYPE },
    { "user property's name not UTF-8", SALLY_MQTT_PUBLISH,
      B("\x26\x00\x01\xff\x00\x00"), SALLY_E_WRONG_TYPE },
    { "user property's value not UTF-8", SALLY_MQTT_PUBLISH,
      B("\x26\x00\x00\x00\x01\xff"), SALLY_E_WRONG_TYPE },
    { "number cut", SALLY_MQTT_CONNECT, B("\x11\x00\x00\x00"),
      SALLY_E_TRUNCATED },
    { "text past the end", SALLY_MQTT_PUBLISH, B("\x03\x00\x09t"),
      SALLY_E_TRUNCATED },
    { "pair with one half", SALLY_MQTT_PUBLISH, B("\x26\x00\x01t"),
      SALLY_E_TRUNCATED },
};

static void refuses_bad_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(bad_rows); i++) {
        struct sally_mqtt_properties p = { .given = 1 };
        enum sally_err got = take(bad_rows[i].list, bad_rows[i].place, &p);

        if (got != bad_rows[i].want || p.given != 1)
            fail_msg("%s: %s", bad_rows[i].what, sally_err_text(got));
    }
}

static void bounds_their_number_and_length(void **state)
{
    static const uint8_t one[] = { 0x26, 0, 0, 0, 0 };
    uint8_t room[1100] = { 0x26, 0, 0, 4, 0 };
    struct sally_buf b = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&b);
    struct sally_mqtt_properties p;

    (void)state;
    assert_int_equal(take((struct sally_span){ room, 5 + 1024 },
                          SALLY_MQTT_PUBLISH, &p),
                     SALLY_E_TOO_LARGE);
    for (size_t i = 0; i < SALLY_MQTT_USER_PROPERTIES_MAX; i++)
        sally_put(&w, (struct sally_span){ one, sizeof(one) });
    assert_int_equal(take(sally_buf_span(&b), SALLY_MQTT_PUBLISH, &p),
                     SALLY_E_OK);
    sally_put(&w, (struct sally_span){ one, sizeof(one) });
    assert_int_equal(take(sally_buf_span(&b), SALLY_MQTT_PUBLISH, &p),
                     SALLY_E_TOO_LARGE);
}

static void finds_values(void **state)
{
    static const struct sally_span list =
        B("\x26\x00\x01" "a\x00\x01" "b\x11\x00\x01\x00\x02\x21\x00\x14");
    struct sally_mqtt_properties p;

    (void)state;
    assert_int_equal(take(list, SALLY_MQTT_CONNECT, &p), SALLY_E_OK);
    assert_int_equal(
        sally_mqtt_property_number(&p, SALLY_MQTT_SESSION_EXPIRY, 9), 65538);
    assert_int_equal(
        sally_mqtt_property_number(&p, SALLY_MQTT_RECEIVE_MAXIMUM, 9), 20);
    assert_int_equal(
        sally_mqtt_property_number(&p, SALLY_MQTT_MAXIMUM_PACKET, 9), 9);
    assert_true(sally_span_is(
        sally_mqtt_property_bytes(&p, SALLY_MQTT_USER_PROPERTY), "b"));
    assert_int_equal(
        sally_mqtt_property_bytes(&p, SALLY_MQTT_AUTH_METHOD).len, 0);
}

/* --- Packets ------------------------------------------------------------- */

#define MQTT5 "\x00\x04MQTT\x05"

static const struct {
    const char *what;
    struct sally_span body;
    enum sally_err want;
} connects[] = {
    { "smallest", B(MQTT5 "\x02\x00\x3c\x00\x00\x00"), SALLY_E_OK },
    { "password without a user name",
      B(MQTT5 "\x42\x00\x3c\x00\x00\x00\x00\x01p"), SALLY_E_OK },
    { "without the properties' length", B(MQTT5 "\x02\x00\x3c\x00\x00"),
      SALLY_E_TRUNCATED },
    { "will with properties",
      B(MQTT5 "\x06\x00\x3c\x00\x00\x00\x05\x18\x00\x00\x00\x07"
        "\x00\x01t\x00\x01x"),
      SALLY_E_OK },
    { "will delay among the CONNECT's",
      B(MQTT5 "\x02\x00\x3c\x05\x18\x00\x00\x00\x07\x00\x00"),
      SALLY_E_NOT_FOUND },
    { "client id not UTF-8", B(MQTT5 "\x02\x00\x3c\x00\x00\x01\xff"),
      SALLY_E_NOT_ALLOWED },
    { "client id with a line feed", B(MQTT5 "\x02\x00\x3c\x00\x00\x01\n"),
      SALLY_E_NOT_ALLOWED },
    { "reserved flag", B(MQTT5 "\x03\x00\x3c\x00\x00\x00"),
      SALLY_E_MALFORMED },
    { "trailing byte", B(MQTT5 "\x02\x00\x3c\x00\x00\x00x"),
      SALLY_E_MALFORMED },
};

static void reads_connects(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(connects); i++) {
        enum sally_mqtt_protocol protocol;
        struct sally_mqtt_connect c;
        enum sally_err got =
            sally_mqtt_parse_connect(connects[i].body, &protocol, &c);

        if (got != connects[i].want || protocol != SALLY_MQTT_5)
            fail_msg("%s: %s", connects[i].what, sally_err_text(got));
    }
}

static const struct {
    const char *what;
    uint8_t flags;
    struct sally_span body;
    enum sally_err want;
} publishes[] = {
    { "no properties", 0, B("\x00\x01t\x00x"), SALLY_E_OK },
    { "no payload", 0, B("\x00\x01t\x00"), SALLY_E_OK },
    { "no length of properties", 0, B("\x00\x01t"), SALLY_E_TRUNCATED },
    { "packet id 0", 2, B("\x00\x01t\x00\x00\x00x"), SALLY_E_OUT_OF_RANGE },
    { "alias and no topic", 0, B("\x00\x00\x03\x23\x00\x01x"), SALLY_E_OK },
    { "no topic, no alias", 0, B("\x00\x00\x00x"), SALLY_E_MALFORMED },
    { "wildcard", 0, B("\x00\x03t/#\x00x"), SALLY_E_MALFORMED },
    { "QoS 3", 6, B("\x00\x01t\x00\x01\x00x"), SALLY_E_MALFORMED },
    { "DUP with QoS 0", 8, B("\x00\x01t\x00x"), SALLY_E_MALFORMED },
    { "response topic that is a filter", 0,
      B("\x00\x01t\x06\x08\x00\x03r/+x"), SALLY_E_OUT_OF_RANGE },
};

static void reads_publishes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(publishes); i++) {
        struct sally_mqtt_publish p;
        enum sally_err got = sally_mqtt_parse_publish(
            publishes[i].flags, publishes[i].body, true, &p);

        if (got != publishes[i].want)
            fail_msg("%s: %s", publishes[i].what, sally_err_text(got));
    }
}

static const struct {
    const char *what;
    enum sally_mqtt_type type;
    struct sally_span body;
    enum sally_err want;
    uint8_t reason;
} acks[] = {
    { "id alone", SALLY_MQTT_PUBACK, B("\x00\x07"), SALLY_E_OK, 0 },
    { "reason", SALLY_MQTT_PUBACK, B("\x00\x07\x10"), SALLY_E_OK, 0x10 },
    { "properties", SALLY_MQTT_PUBREC, B("\x00\x07\x87\x04\x1f\x00\x01r"),
      SALLY_E_OK, 0x87 },
    { "id 0", SALLY_MQTT_PUBACK, B("\x00\x00"), SALLY_E_OUT_OF_RANGE, 0 },
    { "half an id", SALLY_MQTT_PUBACK, B("\x00"), SALLY_E_TRUNCATED, 0 },
    { "reason that it has not", SALLY_MQTT_PUBACK, B("\x00\x07\x92"),
      SALLY_E_OUT_OF_RANGE, 0 },
    { "PUBREL, unknown id", SALLY_MQTT_PUBREL, B("\x00\x07\x92"), SALLY_E_OK,
      0x92 },
    { "PUBREL with a reason of PUBACK", SALLY_MQTT_PUBREL, B("\x00\x07\x87"),
      SALLY_E_OUT_OF_RANGE, 0 },
    { "trailing byte", SALLY_MQTT_PUBACK, B("\x00\x07\x00\x00x"),
      SALLY_E_MALFORMED, 0 },
};

static void reads_acknowledgements(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(acks); i++) {
        struct sally_mqtt_ack a = { .reason = 0 };
        enum sally_err got =
            sally_mqtt_parse_ack(acks[i].type, acks[i].body, true, &a);

        if (got != acks[i].want || a.reason != acks[i].reason)
            fail_msg("%s: %s", acks[i].what, sally_err_text(got));
    }
}

static const struct {
    const char *what;
    struct sally_span body;
    enum sally_err want;
} subscribes[] = {
    { "one filter", B("\x00\x07\x00\x00\x01t\x2d"), SALLY_E_OK },
    { "subscription id", B("\x00\x07\x02\x0b\x01\x00\x01t\x00"), SALLY_E_OK },
    { "reserved bits", B("\x00\x07\x00\x00\x01t\x40"), SALLY_E_MALFORMED },
    { "QoS 3", B("\x00\x07\x00\x00\x01t\x03"), SALLY_E_OUT_OF_RANGE },
    { "retain handling 3", B("\x00\x07\x00\x00\x01t\x30"),
      SALLY_E_OUT_OF_RANGE },
    { "shared with No Local", B("\x00\x07\x00\x00\x0a$share/g/t\x04"),
      SALLY_E_OUT_OF_RANGE },
    { "no filter", B("\x00\x07\x00"), SALLY_E_OUT_OF_RANGE },
    { "id 0", B("\x00\x00\x00\x00\x01t\x00"), SALLY_E_OUT_OF_RANGE },
    { "no options", B("\x00\x07\x00\x00\x01t"), SALLY_E_TRUNCATED },
};

static void reads_subscribes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(subscribes); i++) {
        struct sally_mqtt_filters list;
        enum sally_err got = sally_mqtt_parse_filters(
            SALLY_MQTT_SUBSCRIBE, subscribes[i].body, true, &list);

        if (got != subscribes[i].want)
            fail_msg("%s: %s", subscribes[i].what, sally_err_text(got));
    }
}

static void reads_what_a_server_answers(void **state)
{
    static const struct sally_span connack = B("\x01\x00\x03\x21\x00\x14");
    static const struct sally_span suback = B("\x00\x07\x00\x01\x87");
    static const struct sally_span bye = B("\x8e\x00");
    struct sally_mqtt_connack k;
    struct sally_mqtt_ack a;
    struct sally_span codes;

    (void)state;
    assert_int_equal(sally_mqtt_parse_connack(connack, true, &k), SALLY_E_OK);
    assert_true(k.present);
    assert_int_equal(sally_mqtt_property_number(
                         &k.properties, SALLY_MQTT_RECEIVE_MAXIMUM, 0),
                     20);
    assert_int_equal(sally_mqtt_parse_suback(SALLY_MQTT_SUBACK, suback, true,
                                             &a, &codes),
                     SALLY_E_OK);
    assert_int_equal(a.packet_id, 7);
    assert_int_equal(codes.len, 2);
    assert_int_equal(sally_mqtt_parse_disconnect(bye, true, &a), SALLY_E_OK);
    assert_int_equal(a.reason, SALLY_MQTT_TAKEN_OVER);
}

static void writes_version_5(void **state)
{
    static const uint8_t want[] =
        "\x20\x06\x01\x00\x03\x21\x00\x14"
        "\x50\x03\x00\x07\x87\x70\x02\x00\x07\xe0\x01\x8e"
        "\x90\x05\x00\x07\x00\x01\x87\x30\x06\x00\x01t\x00xy"
        "\x82\x07\x00\x09\x00\x00\x01t\x05";
    static const uint8_t codes[] = { 1, 0x87 };
    const struct sally_mqtt_publish p = { .topic = B("t"),
                                          .payload = B("xy"),
                                          .v5 = true };
    uint8_t room[128], list[16];
    struct sally_buf b = SALLY_BUF(room), properties = SALLY_BUF(list);
    struct sally_writer w = sally_writer_into(&b);
    struct sally_writer l = sally_writer_into(&properties);

    (void)state;
    sally_mqtt_put_number(&l, SALLY_MQTT_RECEIVE_MAXIMUM, 20);
    sally_mqtt_put_connack_5(&w, true, 0, sally_buf_span(&properties));
    sally_mqtt_put_ack(&w, SALLY_MQTT_PUBREC, 7, SALLY_MQTT_NOT_AUTHORIZED);
    sally_mqtt_put_ack(&w, SALLY_MQTT_PUBCOMP, 7, SALLY_MQTT_SUCCESS);
    sally_mqtt_put_disconnect(&w, SALLY_MQTT_TAKEN_OVER);
    sally_mqtt_put_suback(&w, SALLY_MQTT_SUBACK, 7, true,
                          (struct sally_span){ codes, 2 });
    sally_mqtt_put_publish(&w, &p);
    sally_mqtt_put_subscribe_5(&w, 9, sally_span_of("t"), 5);
    assert_false(w.failed);
    assert_int_equal(b.len, sizeof(want) - 1);
    assert_memory_equal(room, want, b.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_property_in_every_packet),
        cmocka_unit_test(no_other_property_is_known),
        cmocka_unit_test(twice_only_user_properties),
        cmocka_unit_test(refuses_bad_values),
        cmocka_unit_test(bounds_their_number_and_length),
        cmocka_unit_test(finds_values),
        cmocka_unit_test(reads_connects),
        cmocka_unit_test(reads_publishes),
        cmocka_unit_test(reads_acknowledgements),
        cmocka_unit_test(reads_subscribes),
        cmocka_unit_test(reads_what_a_server_answers),
        cmocka_unit_test(writes_version_5),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
