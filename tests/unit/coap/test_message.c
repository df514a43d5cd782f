/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_message.c - one CoAP message to and from bytes. */
#include "coap/message.h"
#include "coap/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(...)                                                             \
    (const uint8_t[]) { __VA_ARGS__ }
#define B(...)                                                                 \
    {                                                                          \
        BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__))                         \
    }

static const struct row {
    const char *what;
    struct sally_span datagram;
    enum sally_err want;
} rows[] = {
    { "smallest message", B(0x40, 1, 0, 1), SALLY_E_OK },
    { "nothing at all", { NULL, 0 }, SALLY_E_TRUNCATED },
    { "runt", B(0x40, 1, 0), SALLY_E_TRUNCATED },
    { "version 0", B(0x00, 1, 0, 1), SALLY_E_MALFORMED },
    { "version 2", B(0x80, 1, 0, 1), SALLY_E_MALFORMED },
    { "version 3", B(0xc0, 1, 0, 1), SALLY_E_MALFORMED },
    { "ping", B(0x40, 0, 0, 1), SALLY_E_OK },
    { "empty with a token", B(0x41, 0, 0, 1, 7), SALLY_E_MALFORMED },
    { "empty with an option", B(0x40, 0, 0, 1, 0x10), SALLY_E_MALFORMED },
    { "empty with a payload", B(0x40, 0, 0, 1, 0xff, 1), SALLY_E_MALFORMED },
    { "empty with token length 9", B(0x49, 0, 0, 1), SALLY_E_MALFORMED },
    { "acknowledgement", B(0x60, 0, 0, 1), SALLY_E_OK },
    { "acknowledgement with rest", B(0x60, 0, 0, 1, 0), SALLY_E_MALFORMED },
    { "Reset", B(0x70, 0, 0, 1), SALLY_E_OK },
    { "token of 1", B(0x41, 1, 0, 1, 9), SALLY_E_OK },
    { "token of 8", B(0x48, 1, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8), SALLY_E_OK },
    { "token cut short", B(0x48, 1, 0, 1, 1, 2, 3, 4, 5, 6, 7),
      SALLY_E_TRUNCATED },
    { "token length 9 reserved", B(0x49, 1, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9),
      SALLY_E_MALFORMED },
    { "token length 15 reserved", B(0x4f, 1, 0, 1, 0), SALLY_E_MALFORMED },
    { "Uri-Path a", B(0x40, 1, 0, 1, 0xb1, 'a'), SALLY_E_OK },
    { "empty Uri-Path", B(0x40, 1, 0, 1, 0xb0), SALLY_E_OK },
    { "option runs past the end", B(0x40, 1, 0, 1, 0xb2, 'a'),
      SALLY_E_TRUNCATED },
    { "delta nibble 15", B(0x40, 1, 0, 1, 0xf0), SALLY_E_MALFORMED },
    { "length nibble 15", B(0x40, 1, 0, 1, 0x0f), SALLY_E_MALFORMED },
    { "delta 13", B(0x40, 1, 0, 1, 0xd0, 0), SALLY_E_OK },
    { "delta 13 without its byte", B(0x40, 1, 0, 1, 0xd0), SALLY_E_TRUNCATED },
    { "delta 14", B(0x40, 1, 0, 1, 0xe0, 0, 0), SALLY_E_OK },
    { "delta 14 with one byte", B(0x40, 1, 0, 1, 0xe0, 0), SALLY_E_TRUNCATED },
    { "length 13",
      B(0x40, 1, 0, 1, 0x0d, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13),
      SALLY_E_OK },
    { "length 13 one byte short",
      B(0x40, 1, 0, 1, 0x0d, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
      SALLY_E_TRUNCATED },
    { "length 14 without its bytes", B(0x40, 1, 0, 1, 0x0e, 0),
      SALLY_E_TRUNCATED },
    { "length 65804", B(0x40, 1, 0, 1, 0x0e, 255, 255, 1), SALLY_E_TRUNCATED },
    { "number 65535", B(0x40, 1, 0, 1, 0xe0, 0xfe, 0xf2), SALLY_E_OK },
    { "number 65536", B(0x40, 1, 0, 1, 0xe0, 0xfe, 0xf3), SALLY_E_MALFORMED },
    { "number above 65535", B(0x40, 1, 0, 1, 0xe0, 255, 255),
      SALLY_E_MALFORMED },
    { "number above 65535 in two steps",
      B(0x40, 1, 0, 1, 0xe0, 0xfe, 0xf2, 0x10), SALLY_E_MALFORMED },
    { "payload", B(0x40, 2, 0, 1, 0xff, 'x'), SALLY_E_OK },
    { "payload of marker bytes", B(0x40, 2, 0, 1, 0xff, 0xff), SALLY_E_OK },
    { "marker, then nothing", B(0x40, 1, 0, 1, 0xff), SALLY_E_MALFORMED },
    { "option, marker, then nothing", B(0x40, 1, 0, 1, 0xb1, 'a', 0xff),
      SALLY_E_MALFORMED },
    { "reserved class is the link's matter", B(0x40, 0x20, 0, 1), SALLY_E_OK },
};

static void parses_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_coap_message m;
        uint16_t mid;
        enum sally_err got = sally_coap_parse(rows[i].datagram, &m, &mid);

        if (got != rows[i].want)
            fail_msg("%s: got: %s", rows[i].what, sally_err_text(got));
    }
}

static void writes_back_what_it_parsed(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        uint8_t room[64];
        struct sally_buf out = SALLY_BUF(room);
        struct sally_coap_message m;
        uint16_t mid;

        if (sally_coap_parse(rows[i].datagram, &m, &mid) != SALLY_E_OK)
            continue;
        if (sally_coap_write(&m, &out) != SALLY_E_OK ||
            !sally_span_equal(sally_buf_span(&out), rows[i].datagram))
            fail_msg("%s: not the same bytes", rows[i].what);
    }
}

/* One verdict per length from 0 on: T truncated, M malformed, O well formed. */
static const struct cut {
    const char *what;
    struct sally_span datagram;
    const char *verdicts;
} cuts[] = {
    { "GET with a token", B(0x42, 1, 0, 1, 5, 6), "TTTTTTO" },
    { "path and query", B(0x40, 1, 0, 1, 0xb2, 'r', 'd', 0x41, 'q'),
      "TTTTOTTOTO" },
    { "extended delta and length",
      B(0x40, 1, 0, 1, 0xdd, 4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13),
      "TTTTOTTTTTTTTTTTTTTTO" },
    { "two-byte delta", B(0x40, 1, 0, 1, 0xe1, 0, 9, 1), "TTTTOTTTO" },
    { "token, option, payload",
      B(0x51, 0x45, 0, 1, 7, 0xc1, 40, 0xff, 'a', 'b'), "TTTTTOTOMOO" },
    { "empty message", B(0x60, 0, 0, 1), "TTTTO" },
};

static char verdict(enum sally_err e)
{
    if (e == SALLY_E_OK)
        return 'O';
    return e == SALLY_E_TRUNCATED ? 'T' : 'M';
}

/* The copy has its exact size, so that a sanitizer sees a read past it. */
static enum sally_err parse_exact(struct sally_span s)
{
    uint8_t *copy = malloc(s.len == 0 ? 1 : s.len);
    struct sally_coap_message m;
    enum sally_err e;
    uint16_t mid;

    assert_non_null(copy);
    if (s.len != 0)
        memcpy(copy, s.at, s.len);
    e = sally_coap_parse((struct sally_span){ copy, s.len }, &m, &mid);
    free(copy);
    return e;
}

static void judges_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(cuts); i++) {
        assert_int_equal(strlen(cuts[i].verdicts), cuts[i].datagram.len + 1);
        for (size_t len = 0; len <= cuts[i].datagram.len; len++) {
            char got =
                verdict(parse_exact(sally_span_sub(cuts[i].datagram, 0, len)));

            if (got != cuts[i].verdicts[len])
                fail_msg("%s cut to %zu bytes: %c", cuts[i].what, len, got);
        }
    }
}

static void gives_every_field(void **state)
{
    static const uint8_t bytes[] = { 0x52, 0x45, 0x12, 0x34, 0xaa, 0xbb,
                                     0xc1, 0x28, 0xff, 'o',  'k' };
    struct sally_coap_message m;
    uint16_t mid;

    (void)state;
    assert_int_equal(
        sally_coap_parse((struct sally_span){ bytes, sizeof(bytes) }, &m, &mid),
        SALLY_E_OK);
    assert_int_equal(m.type, SALLY_COAP_NON);
    assert_int_equal(m.code, SALLY_CODE_CONTENT);
    assert_int_equal(m.mid, 0x1234);
    assert_int_equal(mid, 0x1234);
    assert_ptr_equal(m.token.at, &bytes[4]);
    assert_int_equal(m.token.len, 2);
    assert_ptr_equal(m.options.at, &bytes[6]);
    assert_int_equal(m.options.len, 2);
    assert_true(sally_span_is(m.payload, "ok"));
}

static void leaves_out_untouched_on_failure(void **state)
{
    static const uint8_t bytes[] = { 0x40, 1, 0xab, 0xcd, 0xff };
    struct sally_coap_message m = { .code = 99 };
    uint16_t mid = 0;

    (void)state;
    assert_int_equal(
        sally_coap_parse((struct sally_span){ bytes, sizeof(bytes) }, &m, &mid),
        SALLY_E_MALFORMED);
    assert_int_equal(m.code, 99);
    assert_int_equal(mid, 0xabcd); /* for the Reset of RFC 7252 s.4.2 */
    mid = 7;
    assert_int_equal(
        sally_coap_parse((struct sally_span){ bytes, 3 }, &m, &mid),
        SALLY_E_TRUNCATED);
    assert_int_equal(mid, 7);
}

static void writes_only_what_fits(void **state)
{
    const struct sally_coap_message m = {
        .code = SALLY_CODE_CONTENT,
        .token = B(1, 2, 3),
        .options = B(0xb1, 'a'),
        .payload = B('x', 'y'),
    };
    uint8_t room[12];

    (void)state;
    for (size_t size = 0; size <= sizeof(room); size++) {
        struct sally_buf out = { room, 0, size };
        enum sally_err want = size < 12 ? SALLY_E_NO_ROOM : SALLY_E_OK;

        assert_int_equal(sally_coap_write(&m, &out), want);
        assert_true(out.len <= size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_each_row),
        cmocka_unit_test(writes_back_what_it_parsed),
        cmocka_unit_test(judges_every_truncation),
        cmocka_unit_test(gives_every_field),
        cmocka_unit_test(leaves_out_untouched_on_failure),
        cmocka_unit_test(writes_only_what_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
