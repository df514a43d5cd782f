/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/mqtt/test_packet.c - bodies of packets to and from bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mqtt/packet.h"

#define B(text) { (const uint8_t *)(text), sizeof(text) - 1 }

static const struct header_row {
    const char *what;
    struct sally_span bytes;
    enum sally_err want;
    size_t header, body;
} header_rows[] = {
    { "nothing", { NULL, 0 }, SALLY_E_PENDING, 0, 0 },
    { "type without length", B("\x10"), SALLY_E_PENDING, 0, 0 },
    { "no body", B("\xc0\x00"), SALLY_E_OK, 2, 0 },
    { "127", B("\x30\x7f"), SALLY_E_OK, 2, 127 },
    { "128", B("\x30\x80\x01"), SALLY_E_OK, 3, 128 },
    { "length goes on", B("\x30\x80"), SALLY_E_PENDING, 0, 0 },
    { "16384", B("\x30\x80\x80\x01"), SALLY_E_OK, 4, 16384 },
    { "the largest", B("\x30\xff\xff\xff\x7f"), SALLY_E_OK, 5, 268435455 },
    { "five bytes of length", B("\x30\xff\xff\xff\xff"), SALLY_E_MALFORMED, 0,
      0 },
};

static void reads_fixed_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(header_rows); i++) {
        const struct header_row *r = &header_rows[i];
        struct sally_mqtt_header h = { 0, 0, 0, 0 };
        enum sally_err got = sally_mqtt_header(r->bytes, &h);

        if (got != r->want || h.header != r->header || h.body != r->body)
            fail_msg("%s: %s, %zu and %zu", r->what, sally_err_text(got),
                     h.header, h.body);
    }
}

#define MQTT "\x00\x04MQTT\x04"
#define ISDP "\x00\x06MQIsdp\x03"

static const struct connect_row {
    const char *what;
    struct sally_span body;
    enum sally_err want;
    enum sally_mqtt_protocol protocol;
} connect_rows[] = {
    { "smallest", B(MQTT "\x02\x00\x3c\x00\x00"), SALLY_E_OK,
      SALLY_MQTT_3_1_1 },
    { "3.1", B(ISDP "\x02\x00\x3c\x00\x01" "a"), SALLY_E_OK, SALLY_MQTT_3_1 },
    { "all fields", B(MQTT "\xee\x00\x3c\x00\x01" "a" "\x00\x01t\x00\x02hi"
                      "\x00\x01u\x00\x01p"),
      SALLY_E_OK, SALLY_MQTT_3_1_1 },
    { "empty password", B(MQTT "\xc2\x00\x00\x00\x01" "a" "\x00\x01u\x00\x00"),
      SALLY_E_OK, SALLY_MQTT_3_1_1 },
    { "level 5", B("\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00"),
      SALLY_E_OK, SALLY_MQTT_5 },
    { "level 2", B("\x00\x04MQTT\x02\x02\x00\x3c\x00\x00"),
      SALLY_E_UNSUPPORTED, SALLY_MQTT_UNKNOWN_NEW },
    { "bridge 0x84", B("\x00\x04MQTT\x84\x02\x00\x3c\x00\x00"),
      SALLY_E_UNSUPPORTED, SALLY_MQTT_UNKNOWN_NEW },
    { "old name, level 4", B("\x00\x06MQIsdp\x04\x02\x00\x3c\x00\x01" "a"),
      SALLY_E_UNSUPPORTED, SALLY_MQTT_UNKNOWN_OLD },
    { "unknown level, nothing behind it", B("\x00\x04MQTT\x06"),
      SALLY_E_UNSUPPORTED, SALLY_MQTT_UNKNOWN_NEW },
    { "name MQTTT", B("\x00\x05MQTTT\x04\x02\x00\x3c\x00\x00"),
      SALLY_E_MALFORMED, SALLY_MQTT_NOT_MQTT },
    { "name in lower case", B("\x00\x04mqtt\x04\x02\x00\x3c\x00\x00"),
      SALLY_E_MALFORMED, SALLY_MQTT_NOT_MQTT },
    { "name runs past the end", B("\x00\x09MQTT\x04\x02"), SALLY_E_MALFORMED,
      SALLY_MQTT_NOT_MQTT },
    { "empty body", { NULL, 0 }, SALLY_E_MALFORMED, SALLY_MQTT_NOT_MQTT },
    { "reserved flag", B(MQTT "\x03\x00\x3c\x00\x00"), SALLY_E_MALFORMED,
      SALLY_MQTT_3_1_1 },
    { "will QoS 3", B(MQTT "\x1e\x00\x3c\x00\x00\x00\x01t\x00\x00"),
      SALLY_E_MALFORMED, SALLY_MQTT_3_1_1 },
    { "will QoS without will", B(MQTT "\x0a\x00\x3c\x00\x00"),
      SALLY_E_MALFORMED, SALLY_MQTT_3_1_1 },
    { "will retain without will", B(MQTT "\x22\x00\x3c\x00\x00"),
      SALLY_E_MALFORMED, SALLY_MQTT_3_1_1 },
    { "password without user", B(MQTT "\x42\x00\x3c\x00\x00\x00\x01p"),
      SALLY_E_MALFORMED, SALLY_MQTT_3_1_1 },
    { "trailing byte", B(MQTT "\x02\x00\x3c\x00\x00\x00"), SALLY_E_MALFORMED,
      SALLY_MQTT_3_1_1 },
    { "user name announced, missing", B(MQTT "\x82\x00\x3c\x00\x00"),
      SALLY_E_TRUNCATED, SALLY_MQTT_3_1_1 },
    { "client id runs past the end", B(MQTT "\x02\x00\x3c\x00\x05" "ab"),
      SALLY_E_TRUNCATED, SALLY_MQTT_3_1_1 },
    { "client id with U+0000", B(MQTT "\x02\x00\x3c\x00\x03" "a\x00" "b"),
      SALLY_E_MALFORMED, SALLY_MQTT_3_1_1 },
    { "client id with a surrogate", B(MQTT "\x02\x00\x3c\x00\x03\xed\xa0\x80"),
      SALLY_E_MALFORMED, SALLY_MQTT_3_1_1 },
    { "client id with a line feed", B(MQTT "\x02\x00\x3c\x00\x02" "a\n"),
      SALLY_E_MALFORMED, SALLY_MQTT_3_1_1 },
    { "user name not UTF-8", B(MQTT "\x82\x00\x3c\x00\x01" "a" "\x00\x01\xff"),
      SALLY_E_MALFORMED, SALLY_MQTT_3_1_1 },
    { "password is any bytes",
      B(MQTT "\xc2\x00\x3c\x00\x01" "a" "\x00\x01u\x00\x02\xff\x00"),
      SALLY_E_OK, SALLY_MQTT_3_1_1 },
    { "will topic with wildcard",
      B(MQTT "\x06\x00\x3c\x00\x01" "a" "\x00\x03t/#\x00\x00"),
      SALLY_E_MALFORMED, SALLY_MQTT_3_1_1 },
    { "will topic empty", B(MQTT "\x06\x00\x3c\x00\x01" "a" "\x00\x00\x00\x00"),
      SALLY_E_MALFORMED, SALLY_MQTT_3_1_1 },
};

static void reads_connects(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(connect_rows); i++) {
        const struct connect_row *r = &connect_rows[i];
        enum sally_mqtt_protocol protocol;
        struct sally_mqtt_connect c;
        enum sally_err got = sally_mqtt_parse_connect(r->body, &protocol, &c);

        if (got != r->want || protocol != r->protocol)
            fail_msg("%s: %s, protocol %d", r->what, sally_err_text(got),
                     (int)protocol);
    }
}

static void reads_all_fields_of_a_connect(void **state)
{
    struct sally_span body = B(MQTT "\xee\x01\x2c\x00\x01" "a" "\x00\x01t"
                               "\x00\x02hi\x00\x02us\x00\x03pwd");
    enum sally_mqtt_protocol protocol;
    struct sally_mqtt_connect c;

    (void)state;
    assert_int_equal(sally_mqtt_parse_connect(body, &protocol, &c), SALLY_E_OK);
    assert_int_equal(c.keep_alive, 300);
    assert_true(c.clean && c.has_will && c.has_username && c.has_password);
    assert_true(sally_span_is(c.client_id, "a"));
    assert_true(sally_span_is(c.username, "us"));
    assert_true(sally_span_is(c.password, "pwd"));
    assert_true(sally_span_is(c.will.topic, "t"));
    assert_true(sally_span_is(c.will.payload, "hi"));
    assert_int_equal(c.will.qos, 1);
    assert_true(c.will.retain);
}

static const struct publish_row {
    const char *what;
    uint8_t flags;
    struct sally_span body;
    enum sally_err want;
} publish_rows[] = {
    { "QoS 0", 0, B("\x00\x01tx"), SALLY_E_OK },
    { "QoS 0, no payload", 1, B("\x00\x01t"), SALLY_E_OK },
    { "QoS 1", 2, B("\x00\x01t\x00\x07x"), SALLY_E_OK },
    { "QoS 1 resent", 10, B("\x00\x01t\x00\x07x"), SALLY_E_OK },
    { "QoS 2", 4, B("\x00\x01t\x00\x07x"), SALLY_E_OK },
    { "QoS 3", 6, B("\x00\x01t\x00\x07x"), SALLY_E_MALFORMED },
    { "DUP with QoS 0", 8, B("\x00\x01tx"), SALLY_E_MALFORMED },
    { "packet id 0", 2, B("\x00\x01t\x00\x00x"), SALLY_E_MALFORMED },
    { "packet id missing", 2, B("\x00\x01t\x00"), SALLY_E_TRUNCATED },
    { "topic past the end", 0, B("\x00\x05tx"), SALLY_E_TRUNCATED },
    { "topic empty", 0, B("\x00\x00x"), SALLY_E_MALFORMED },
    { "topic with plus", 0, B("\x00\x03t/+x"), SALLY_E_MALFORMED },
    { "topic with hash", 0, B("\x00\x01#x"), SALLY_E_MALFORMED },
    { "topic with U+0000", 0, B("\x00\x02t\x00x"), SALLY_E_MALFORMED },
    { "topic not UTF-8", 0, B("\x00\x02t\xffx"), SALLY_E_MALFORMED },
    { "empty body", 0, { NULL, 0 }, SALLY_E_TRUNCATED },
};

static void reads_publishes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(publish_rows); i++) {
        const struct publish_row *r = &publish_rows[i];
        struct sally_mqtt_publish p;
        enum sally_err got = sally_mqtt_parse_publish(r->flags, r->body,
                                                        false, &p);

        if (got != r->want)
            fail_msg("%s: %s", r->what, sally_err_text(got));
    }
}

static const struct filters_row {
    const char *what;
    bool with_qos;
    struct sally_span body;
    enum sally_err want;
} filters_rows[] = {
    { "one filter", true, B("\x00\x01\x00\x01" "a" "\x01"), SALLY_E_OK },
    { "two filters", true, B("\x00\x01\x00\x01" "a" "\x01\x00\x01#\x02"),
      SALLY_E_OK },
    { "none", true, B("\x00\x01"), SALLY_E_MALFORMED },
    { "id 0", true, B("\x00\x00\x00\x01" "a" "\x01"), SALLY_E_MALFORMED },
    { "QoS 3", true, B("\x00\x01\x00\x01" "a" "\x03"), SALLY_E_MALFORMED },
    { "reserved bits of QoS", true, B("\x00\x01\x00\x01" "a" "\x81"),
      SALLY_E_MALFORMED },
    { "QoS missing", true, B("\x00\x01\x00\x01" "a"), SALLY_E_TRUNCATED },
    { "empty filter", true, B("\x00\x01\x00\x00\x01"), SALLY_E_MALFORMED },
    { "bad filter", true, B("\x00\x01\x00\x02" "a#" "\x01"),
      SALLY_E_MALFORMED },
    { "bad second filter", true,
      B("\x00\x01\x00\x01" "a" "\x01\x00\x02" "#a" "\x00"), SALLY_E_MALFORMED },
    { "filter past the end", true, B("\x00\x01\x00\x07" "a"),
      SALLY_E_TRUNCATED },
    { "no id", true, B("\x01"), SALLY_E_TRUNCATED },
    { "unsubscribe", false, B("\x00\x01\x00\x01" "a"), SALLY_E_OK },
    { "unsubscribe from none", false, B("\x00\x01"), SALLY_E_MALFORMED },
    { "unsubscribe, a byte too many", false, B("\x00\x01\x00\x01" "a" "\x01"),
      SALLY_E_TRUNCATED },
};

static void reads_filter_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(filters_rows); i++) {
        const struct filters_row *r = &filters_rows[i];
        struct sally_mqtt_filters list;
        enum sally_err got =
            sally_mqtt_parse_filters(r->with_qos ? SALLY_MQTT_SUBSCRIBE
                                                 : SALLY_MQTT_UNSUBSCRIBE,
                                     r->body, false, &list);

        if (got != r->want)
            fail_msg("%s: %s", r->what, sally_err_text(got));
    }
}

static void refuses_every_shorter_body(void **state)
{
    struct sally_span body = B(MQTT "\xee\x01\x2c\x00\x01" "a" "\x00\x01t"
                               "\x00\x02hi\x00\x02us\x00\x03pwd");
    enum sally_mqtt_protocol protocol;
    struct sally_mqtt_connect c;

    (void)state;
    for (size_t n = 0; n < body.len; n++)
        if (sally_mqtt_parse_connect(sally_span_sub(body, 0, n), &protocol,
                                     &c) == SALLY_E_OK)
            fail_msg("accepted %zu of %zu bytes", n, body.len);
}

static void connect_writes_what_it_reads(void **state)
{
    const struct sally_mqtt_connect c = {
        .client_id = B("id"), .username = B("u"), .password = B("p"),
        .has_username = true, .has_password = true, .has_will = true,
        .clean = true, .keep_alive = 77,
        .will = { .topic = B("w"), .payload = B("bye"), .qos = 1 },
    };
    uint8_t room[128];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);
    struct sally_mqtt_header h;
    enum sally_mqtt_protocol protocol;
    struct sally_mqtt_connect back;

    (void)state;
    sally_mqtt_put_connect(&w, &c);
    assert_int_equal(sally_writer_end(&w), SALLY_E_OK);
    assert_int_equal(sally_mqtt_header(sally_buf_span(&out), &h), SALLY_E_OK);
    assert_int_equal(h.header + h.body, out.len);
    assert_int_equal(
        sally_mqtt_parse_connect(sally_span_sub(sally_buf_span(&out), h.header,
                                                h.body),
                                 &protocol, &back),
        SALLY_E_OK);
    assert_true(sally_span_is(back.will.payload, "bye"));
    assert_true(sally_span_is(back.password, "p"));
    assert_int_equal(back.keep_alive, 77);
}

static void sizes_are_what_is_written(void **state)
{
    static uint8_t payload[20000], room[20100];
    static const size_t lengths[] = { 0, 122, 123, 16377, 16378, 20000 };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(lengths); i++) {
        struct sally_mqtt_publish p = { .topic = B("abc"),
                                        .payload = { payload, lengths[i] } };
        struct sally_buf out = SALLY_BUF(room);
        struct sally_writer w = sally_writer_into(&out);

        sally_mqtt_put_publish(&w, &p);
        assert_int_equal(sally_writer_end(&w), SALLY_E_OK);
        assert_int_equal(out.len, sally_mqtt_publish_size(&p));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_fixed_headers),
        cmocka_unit_test(reads_connects),
        cmocka_unit_test(reads_all_fields_of_a_connect),
        cmocka_unit_test(reads_publishes),
        cmocka_unit_test(reads_filter_lists),
        cmocka_unit_test(refuses_every_shorter_body),
        cmocka_unit_test(connect_writes_what_it_reads),
        cmocka_unit_test(sizes_are_what_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
