/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/codec/test_cbor.c - the examples of RFC 8949 app. A, and input
 * that lies about its lengths.                                              */
#include "codec/cbor.h"
#include "base/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t bytes_of(const char *hex, uint8_t *out, size_t room)
{
    struct sally_buf buf = { out, 0, room };

    assert_int_equal(sally_text_hex(sally_span_of(hex), &buf), SALLY_E_OK);
    return buf.len;
}

/* The items of one document as text; "!" and the error if it fails. */
static const char *told(struct sally_span in)
{
    static char text[512];
    struct sally_buf buf = { (uint8_t *)text, 0, sizeof(text) - 1 };
    struct sally_writer w = sally_writer_into(&buf);
    struct sally_cbor c = sally_cbor_over(in);
    struct sally_cbor_item item;
    char real[SALLY_REAL_TEXT];
    enum sally_err e;

    while (sally_cbor_next(&c, &item)) {
        switch (item.type) {
        case SALLY_CBOR_UNSIGNED:
            sally_put_decimal(&w, item.number);
            break;
        case SALLY_CBOR_NEGATIVE:
            sally_put_text(&w, "-1-");
            sally_put_decimal(&w, item.number);
            break;
        case SALLY_CBOR_BYTES:
            sally_put_format(&w, "h%zu", item.bytes.len);
            break;
        case SALLY_CBOR_TEXT:
            sally_put_u8(&w, '\'');
            sally_put(&w, item.bytes);
            sally_put_u8(&w, '\'');
            break;
        case SALLY_CBOR_ARRAY:
            sally_put_u8(&w, '[');
            break;
        case SALLY_CBOR_MAP:
            sally_put_u8(&w, '{');
            break;
        case SALLY_CBOR_END:
            sally_put_u8(&w, ')');
            break;
        case SALLY_CBOR_BOOLEAN:
            sally_put_text(&w, item.boolean ? "true" : "false");
            break;
        case SALLY_CBOR_NULL:
            sally_put_text(&w, "null");
            break;
        case SALLY_CBOR_REAL:
            (void)sally_text_from_real(item.real, real);
            sally_put_text(&w, real);
            break;
        }
        sally_put_u8(&w, ' ');
    }
    e = sally_cbor_end(&c);
    if (e != SALLY_E_OK)
        sally_put_format(&w, "!%s", sally_err_text(e));
    text[buf.len] = '\0';
    return text;
}

#define TRUNCATED "!message ends inside a field"
#define MALFORMED "!field has a value the protocol forbids"
#define UNSUPPORTED "!feature or format is not supported here"

static const struct row {
    const char *what, *hex, *items;
} rows[] = {
    { "zero", "00", "0 " },
    { "23", "17", "23 " },
    { "24", "1818", "24 " },
    { "2^64 - 1", "1BFFFFFFFFFFFFFFFF", "18446744073709551615 " },
    { "-1", "20", "-1-0 " },
    { "-2^64", "3BFFFFFFFFFFFFFFFF", "-1-18446744073709551615 " },
    { "a number longer than needed", "190017", "23 " },
    { "half 1.0", "F93C00", "1 " },
    { "half 65504", "F97BFF", "65504 " },
    { "the smallest half", "F90001", "5.9604644775390625e-08 " },
    { "half -4", "F9C400", "-4 " },
    { "half infinity", "F97C00", "inf " },
    { "half NaN", "F97E00", "nan " },
    { "single 100000", "FA47C35000", "100000 " },
    { "the largest single", "FA7F7FFFFF", "3.4028234663852886e+38 " },
    { "double 1.1", "FB3FF199999999999A", "1.1 " },
    { "double 1e300", "FB7E37E43C8800759C", "1e+300 " },
    { "false, true, null, undefined", "84F4F5F6F7",
      "[ false true null null ) " },
    { "bytes", "4401020304", "h4 " },
    { "no bytes", "40", "h0 " },
    { "text", "6449455446", "'IETF' " },
    { "text beyond ASCII", "62C3BC", "'\303\274' " },
    { "no text", "60", "'' " },
    { "an empty array", "80", "[ ) " },
    { "arrays in an array", "8301820203820405", "[ 1 [ 2 3 ) [ 4 5 ) ) " },
    { "a map", "A201020304", "{ 1 2 3 4 ) " },
    { "an empty map", "A0", "{ ) " },
    { "an open array", "9FFF", "[ ) " },
    { "open arrays in an open array", "9F018202039F0405FFFF",
      "[ 1 [ 2 3 ) [ 4 5 ) ) " },
    { "an open map", "BF6346756EF563416D7421FF",
      "{ 'Fun' true 'Amt' -1-1 ) " },
    { "a tag before a text", "C074323031332D30332D32315432303A30343A30305A",
      "'2013-03-21T20:04:00Z' " },
    { "two tags before a number", "C1D82001", "1 " },
    { "nothing", "", TRUNCATED },
    { "a tag before nothing", "C1", TRUNCATED },
    { "half a number", "19FF", TRUNCATED },
    { "text past the end", "6261", TRUNCATED },
    { "text of 2^64 - 1 bytes", "7BFFFFFFFFFFFFFFFF61", TRUNCATED },
    { "bytes of 2^63 bytes", "5B800000000000000000", TRUNCATED },
    { "bytes of 2^32 bytes", "5A8000000000", TRUNCATED },
    { "an array of 2^64 - 1 items", "9BFFFFFFFFFFFFFFFF00", TRUNCATED },
    { "an array of 3 with 2", "830102", TRUNCATED },
    { "a map of 2^63 pairs", "BB800000000000000000", TRUNCATED },
    { "a map of 2 pairs with 3 items", "A2010203", TRUNCATED },
    { "an array without its break", "9F01", "[ 1 " TRUNCATED },
    { "a second item", "0101", "1 " MALFORMED },
    { "a break alone", "FF", MALFORMED },
    { "a break in an array of one", "81FF", "[ " MALFORMED },
    { "a break after a name", "BF01FF", "{ 1 " MALFORMED },
    { "a break after a tag", "9FC1FF", "[ " MALFORMED },
    { "a reserved length", "1C", MALFORMED },
    { "a reserved length of text", "7D", MALFORMED },
    { "an open number", "1F", MALFORMED },
    { "an open tag", "DF", MALFORMED },
    { "an unknown simple value", "E0", MALFORMED },
    { "a simple value in two bytes", "F818", MALFORMED },
    { "text that is not UTF-8", "61FF", MALFORMED },
    { "a surrogate in text", "63EDA080", MALFORMED },
    { "text in chunks", "7F6161FF", UNSUPPORTED },
    { "bytes in chunks", "5F4101FF", UNSUPPORTED },
};

static void reads_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        uint8_t in[64];
        size_t len = bytes_of(rows[i].hex, in, sizeof(in));
        const char *items = told((struct sally_span){ in, len });

        if (strcmp(items, rows[i].items) != 0)
            fail_msg("%s: %s", rows[i].what, items);
    }
}

static void bounds_depth(void **state)
{
    uint8_t deep[1000];

    (void)state;
    memset(deep, 0x81, sizeof(deep));
    for (int open = 0; open < 2; open++) {
        struct sally_cbor c =
            sally_cbor_over((struct sally_span){ deep, sizeof(deep) });
        struct sally_cbor_item item;
        size_t items = 0;

        while (sally_cbor_next(&c, &item))
            items++;
        assert_int_equal(items, SALLY_CBOR_DEPTH_MAX);
        assert_int_equal(sally_cbor_end(&c), SALLY_E_TOO_LARGE);
        assert_false(sally_cbor_next(&c, &item)); /* it stays failed */
        memset(deep, 0x9f, sizeof(deep));
    }
}

static void steps_over_a_nested_value(void **state)
{
    uint8_t in[32];
    size_t len = bytes_of("848202A1039F0506FF078008", in, sizeof(in));
    struct sally_cbor c = sally_cbor_over((struct sally_span){ in, len });
    struct sally_cbor_item item;

    (void)state;
    assert_true(sally_cbor_next(&c, &item)); /* [ of four */
    assert_true(sally_cbor_next(&c, &item)); /* [2, {3: [5, 6]}] */
    assert_true(sally_cbor_skip(&c, &item));
    assert_true(sally_cbor_next(&c, &item));
    assert_int_equal(item.number, 7);
    assert_true(sally_cbor_skip(&c, &item)); /* a number has nothing left */
    assert_true(sally_cbor_next(&c, &item)); /* [] */
    assert_true(sally_cbor_skip(&c, &item));
    assert_true(sally_cbor_next(&c, &item));
    assert_int_equal(item.number, 8);
    assert_int_equal(sally_cbor_end(&c), SALLY_E_TRUNCATED); /* END is left */
    assert_true(sally_cbor_next(&c, &item));
    assert_int_equal(item.type, SALLY_CBOR_END);
    assert_false(sally_cbor_next(&c, &item));
    assert_int_equal(sally_cbor_end(&c), SALLY_E_OK);
}

static void never_reads_past_a_cut(void **state)
{
    uint8_t whole[64];
    size_t len = bytes_of("BF6346756EF563416D74FB3FF199999999999A"
                          "187B8201431122334FFF",
                          whole, sizeof(whole));

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *in = malloc(cut == 0 ? 1 : cut); /* for the sanitizer */

        memcpy(in, whole, cut);
        assert_non_null(strstr(told((struct sally_span){ in, cut }), "!"));
        free(in);
    }
}

static const struct written {
    const char *what;
    double n;
    const char *hex;
} reals[] = {
    { "zero", 0, "f90000" },
    { "minus zero", -0.0, "f98000" },
    { "1", 1, "f93c00" },
    { "1.5", 1.5, "f93e00" },
    { "the largest half", 65504, "f97bff" },
    { "just above it", 65505, "fa477fe100" },
    { "the smallest normal half", 6.103515625e-05, "f90400" },
    { "11 bits", 2047, "f967ff" },
    { "12 bits", 2049, "fa45001000" },
    { "100000", 100000, "fa47c35000" },
    { "the largest single", 3.4028234663852886e38, "fa7f7fffff" },
    { "just above it", 3.4028234663852890e38, "fb47efffffe0000001" },
    { "1.1", 1.1, "fb3ff199999999999a" },
    { "the smallest double", 5e-324, "fb0000000000000001" },
    { "infinity", INFINITY, "f97c00" },
    { "minus infinity", -INFINITY, "f9fc00" },
};

static void writes_reals_shortest(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(reals); i++) {
        uint8_t room[16];
        char hex[40];
        struct sally_buf out = SALLY_BUF(room);
        struct sally_writer w = sally_writer_into(&out);

        sally_put_cbor_real(&w, reals[i].n);
        sally_text_to_hex(sally_buf_span(&out), hex, sizeof(hex));
        if (strcmp(hex, reals[i].hex) != 0)
            fail_msg("%s: %s", reals[i].what, hex);
    }
}

/* All halves: read, written and read again they are the same numbers. */
static void every_half_comes_back(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits <= UINT16_MAX; bits++) {
        uint8_t in[3] = { 0xf9, (uint8_t)(bits >> 8), (uint8_t)bits };
        uint8_t room[16];
        struct sally_buf out = SALLY_BUF(room);
        struct sally_writer w = sally_writer_into(&out);
        struct sally_cbor c =
            sally_cbor_over((struct sally_span){ in, sizeof(in) });
        struct sally_cbor_item first, second;

        assert_true(sally_cbor_next(&c, &first));
        sally_put_cbor_real(&w, first.real);
        c = sally_cbor_over(sally_buf_span(&out));
        assert_true(sally_cbor_next(&c, &second));
        assert_true(first.real == second.real ||
                    (isnan(first.real) && isnan(second.real)));
        assert_true(out.len <= 5);
    }
}

static void writes_heads_shortest(void **state)
{
    static const struct {
        uint64_t n;
        const char *hex;
    } heads[] = { { 0, "00" },          { 23, "17" },
                  { 24, "1818" },       { 255, "18ff" },
                  { 256, "190100" },    { 65535, "19ffff" },
                  { 65536, "1a00010000" },
                  { UINT32_MAX, "1affffffff" },
                  { UINT64_C(4294967296), "1b0000000100000000" },
                  { UINT64_MAX, "1bffffffffffffffff" } };
    uint8_t room[16];
    char hex[40];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(heads); i++) {
        struct sally_buf out = SALLY_BUF(room);
        struct sally_writer w = sally_writer_into(&out);

        sally_put_cbor_unsigned(&w, heads[i].n);
        sally_text_to_hex(sally_buf_span(&out), hex, sizeof(hex));
        assert_string_equal(hex, heads[i].hex);
    }
}

static void writes_a_document(void **state)
{
    uint8_t room[64];
    char hex[128];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);

    (void)state;
    sally_put_cbor_array(&w, 4);
    sally_put_cbor_map(&w, 1);
    sally_put_cbor_integer(&w, -500);
    sally_put_cbor_text(&w, sally_span_of("a"));
    sally_put_cbor_bytes(&w, sally_span_of("b"));
    sally_put_cbor_boolean(&w, true);
    sally_put_cbor_null(&w);
    sally_text_to_hex(sally_buf_span(&out), hex, sizeof(hex));
    assert_string_equal(hex, "84a13901f361614162f5f6");
    assert_string_equal(told(sally_buf_span(&out)),
                        "[ { -1-499 'a' ) h1 true null ) ");
    out.room = out.len + 2;
    sally_put_cbor_text(&w, sally_span_of("ab"));
    assert_true(w.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_row),
        cmocka_unit_test(bounds_depth),
        cmocka_unit_test(steps_over_a_nested_value),
        cmocka_unit_test(never_reads_past_a_cut),
        cmocka_unit_test(writes_reals_shortest),
        cmocka_unit_test(every_half_comes_back),
        cmocka_unit_test(writes_heads_shortest),
        cmocka_unit_test(writes_a_document),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
