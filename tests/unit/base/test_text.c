/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/base/test_text.c - numbers, hexadecimal and UTF-8 in text. */
#include "base/text.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct integer {
    const char *text;
    enum sally_err want;
    int64_t n;
} integers[] = {
    { "0", SALLY_E_OK, 0 },
    { "-0", SALLY_E_OK, 0 },
    { "+7", SALLY_E_OK, 7 },
    { "007", SALLY_E_OK, 7 },
    { "-1", SALLY_E_OK, -1 },
    { "9223372036854775807", SALLY_E_OK, INT64_MAX },
    { "-9223372036854775808", SALLY_E_OK, INT64_MIN },
    { "-9223372036854775807", SALLY_E_OK, -INT64_MAX },
    { "9223372036854775808", SALLY_E_OUT_OF_RANGE, 0 },
    { "-9223372036854775809", SALLY_E_OUT_OF_RANGE, 0 },
    { "99999999999999999999999", SALLY_E_OUT_OF_RANGE, 0 },
    { "", SALLY_E_MALFORMED, 0 },
    { "-", SALLY_E_MALFORMED, 0 },
    { "+-1", SALLY_E_MALFORMED, 0 },
    { " 1", SALLY_E_MALFORMED, 0 },
    { "1 ", SALLY_E_MALFORMED, 0 },
    { "1.0", SALLY_E_MALFORMED, 0 },
    { "0x1", SALLY_E_MALFORMED, 0 },
    { "99999999999999999999999x", SALLY_E_OUT_OF_RANGE, 0 },
};

static void reads_whole_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(integers); i++) {
        int64_t n = 4711;
        enum sally_err got =
            sally_text_int(sally_span_of(integers[i].text), &n);

        if (got != integers[i].want)
            fail_msg("\"%s\": %s", integers[i].text, sally_err_text(got));
        if (n != (got == SALLY_E_OK ? integers[i].n : 4711))
            fail_msg("\"%s\": another number", integers[i].text);
    }
}

static void reads_natural_numbers(void **state)
{
    uint64_t n = 0;

    (void)state;
    assert_int_equal(
        sally_text_uint(sally_span_of("18446744073709551615"), &n),
        SALLY_E_OK);
    assert_true(n == UINT64_MAX);
    assert_int_equal(
        sally_text_uint(sally_span_of("18446744073709551616"), &n),
        SALLY_E_OUT_OF_RANGE);
    assert_int_equal(
        sally_text_uint(sally_span_of("28446744073709551610"), &n),
        SALLY_E_OUT_OF_RANGE);
    assert_int_equal(sally_text_uint(sally_span_of("-0"), &n),
                     SALLY_E_MALFORMED);
    assert_int_equal(sally_text_uint(sally_span_of("1\xff"), &n),
                     SALLY_E_MALFORMED);
}

static const struct real {
    const char *text;
    enum sally_err want;
    double n;
} reals[] = {
    { "0", SALLY_E_OK, 0 },
    { "21.5", SALLY_E_OK, 21.5 },
    { "+21.5", SALLY_E_OK, 21.5 },
    { "-.5", SALLY_E_OK, -0.5 },
    { "5.", SALLY_E_OK, 5 },
    { "1e3", SALLY_E_OK, 1000 },
    { "1E+3", SALLY_E_OK, 1000 },
    { "1e-3", SALLY_E_OK, 0.001 },
    { "1.7976931348623157e308", SALLY_E_OK, DBL_MAX },
    { "1e-999", SALLY_E_OK, 0 },
    { "1e999", SALLY_E_OUT_OF_RANGE, 0 },
    { "-1.8e308", SALLY_E_OUT_OF_RANGE, 0 },
    { "", SALLY_E_MALFORMED, 0 },
    { ".", SALLY_E_MALFORMED, 0 },
    { "e3", SALLY_E_MALFORMED, 0 },
    { "1e", SALLY_E_MALFORMED, 0 },
    { "1e+", SALLY_E_MALFORMED, 0 },
    { "1,5", SALLY_E_MALFORMED, 0 },
    { "1.5.1", SALLY_E_MALFORMED, 0 },
    { "--1", SALLY_E_MALFORMED, 0 },
    { "nan", SALLY_E_MALFORMED, 0 },
    { "inf", SALLY_E_MALFORMED, 0 },
    { "0x1p3", SALLY_E_MALFORMED, 0 },
    { " 1", SALLY_E_MALFORMED, 0 },
    { "1\n", SALLY_E_MALFORMED, 0 },
    { "1111111111111111111111111111111111111111111111111111111111111111",
      SALLY_E_MALFORMED, 0 }, /* 64 characters */
};

static void reads_reals(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(reals); i++) {
        double n = 4711;
        enum sally_err got =
            sally_text_real(sally_span_of(reals[i].text), &n);

        if (got != reals[i].want)
            fail_msg("\"%s\": %s", reals[i].text, sally_err_text(got));
        if (n != (got == SALLY_E_OK ? reals[i].n : 4711))
            fail_msg("\"%s\": another number", reals[i].text);
    }
}

static const struct written {
    double n;
    const char *text;
} written[] = {
    { 0, "0" },         { -0.0, "-0" },     { 1, "1" },
    { 21.5, "21.5" },   { 0.1, "0.1" },     { 0.3, "0.3" },
    { 1e21, "1e+21" },  { 1e-7, "1e-07" },  { 123456789, "123456789" },
    { 5e-324, "5e-324" }, { 1e-310, "1e-310" },
    { DBL_MAX, "1.7976931348623157e+308" },
    { DBL_MIN, "2.2250738585072014e-308" },
    { 9007199254740993.0, "9007199254740992" },
    { 0.1 + 0.2, "0.30000000000000004" },
    { 100, "100" },     { 1e15, "1e+15" },
    { 123456789012345, "123456789012345" },
};

static void writes_reals_with_few_digits(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(written); i++) {
        char text[SALLY_REAL_TEXT];

        size_t len = sally_text_from_real(written[i].n, text);

        assert_string_equal(text, written[i].text);
        assert_int_equal(len, strlen(text));
    }
}

static void reals_read_back(void **state)
{
    uint64_t bits = 88172645463325252u;

    (void)state;
    for (int round = 0; round < 50000; round++) {
        char text[SALLY_REAL_TEXT];
        double n, back;

        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&n, &bits, sizeof(n));
        if (!isfinite(n))
            continue;
        assert_true(sally_text_from_real(n, text) < SALLY_REAL_TEXT);
        assert_int_equal(sally_text_real(sally_span_of(text), &back),
                         SALLY_E_OK);
        if (memcmp(&n, &back, sizeof(n)) != 0)
            fail_msg("%s", text);
    }
}

static void reads_hexadecimal(void **state)
{
    uint8_t room[4];
    struct sally_buf out = SALLY_BUF(room);

    (void)state;
    assert_int_equal(sally_text_hex(sally_span_of("00fFAa"), &out),
                     SALLY_E_OK);
    assert_int_equal(out.len, 3);
    assert_memory_equal(room, "\x00\xff\xaa", 3);
    assert_int_equal(sally_text_hex(sally_span_of("1"), &out),
                     SALLY_E_MALFORMED);
    assert_int_equal(sally_text_hex(sally_span_of("1g"), &out),
                     SALLY_E_MALFORMED);
    assert_int_equal(sally_text_hex(sally_span_of("@`"), &out),
                     SALLY_E_MALFORMED);
    assert_int_equal(sally_text_hex(sally_span_of("\x10\x11"), &out),
                     SALLY_E_MALFORMED); /* 0x10 | 0x20 is '0' */
    assert_int_equal(sally_text_hex(sally_span_of("0102"), &out),
                     SALLY_E_NO_ROOM);
}

static void writes_hexadecimal(void **state)
{
    char out[8];

    (void)state;
    sally_text_to_hex(sally_span_of("\x01\xfe\x80"), out, sizeof(out));
    assert_string_equal(out, "01fe80");
    sally_text_to_hex(sally_span_of("\x01\xfe\x80"), out, 6);
    assert_string_equal(out, "01fe");
    sally_text_to_hex(sally_span_of("\x01"), out, 1);
    assert_string_equal(out, "");
    sally_text_to_hex(sally_span_of("\x01"), out, 0);
}

static const struct utf8 {
    const char *what, *text;
    bool good;
} utf8[] = {
    { "nothing", "", true },
    { "ASCII", "abc~\x7f", true },
    { "U+0080", "\xc2\x80", true },
    { "U+07FF", "\xdf\xbf", true },
    { "U+0800", "\xe0\xa0\x80", true },
    { "U+D7FF", "\xed\x9f\xbf", true },
    { "U+E000", "\xee\x80\x80", true },
    { "U+FFFF", "\xef\xbf\xbf", true },
    { "U+10000", "\xf0\x90\x80\x80", true },
    { "U+10FFFF", "\xf4\x8f\xbf\xbf", true },
    { "overlong slash in two bytes", "\xc0\xaf", false },
    { "overlong U+007F", "\xc1\xbf", false },
    { "overlong U+07FF", "\xe0\x9f\xbf", false },
    { "overlong U+FFFF", "\xf0\x8f\xbf\xbf", false },
    { "the surrogate U+D800", "\xed\xa0\x80", false },
    { "the surrogate U+DFFF", "\xed\xbf\xbf", false },
    { "U+110000", "\xf4\x90\x80\x80", false },
    { "five bytes", "\xf8\x88\x80\x80\x80", false },
    { "a lone continuation", "\x80", false },
    { "a first byte at the end", "a\xc3", false },
    { "two of three bytes", "\xe2\x82", false },
    { "three of four bytes", "\xf0\x9f\x98", false },
    { "ASCII inside a character", "\xe2\x82z", false },
    { "0xff", "\xff", false },
};

static void knows_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(utf8); i++)
        if (sally_text_is_utf8(sally_span_of(utf8[i].text)) != utf8[i].good)
            fail_msg("%s", utf8[i].what);
    assert_false(
        sally_text_is_utf8((struct sally_span){ (const uint8_t *)"a\0b", 3 }));
}

static void trims_white_space(void **state)
{
    (void)state;
    assert_true(sally_span_is(sally_text_trim(sally_span_of(" \t a b\r\n")),
                              "a b"));
    assert_true(sally_span_is(sally_text_trim(sally_span_of("a")), "a"));
    assert_true(sally_span_is(sally_text_trim(sally_span_of(" \n ")), ""));
    assert_true(sally_span_is(sally_text_trim(sally_span_of("")), ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whole_numbers),
        cmocka_unit_test(reads_natural_numbers),
        cmocka_unit_test(reads_reals),
        cmocka_unit_test(writes_reals_with_few_digits),
        cmocka_unit_test(reals_read_back),
        cmocka_unit_test(reads_hexadecimal),
        cmocka_unit_test(writes_hexadecimal),
        cmocka_unit_test(knows_utf8),
        cmocka_unit_test(trims_white_space),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
