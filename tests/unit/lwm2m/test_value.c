/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_value.c - conversion loses nothing, or says so. */
#include "lwm2m/value.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define INTEGER(n) { SALLY_TYPE_INTEGER, { .integer = (n) } }
#define TIME(n) { SALLY_TYPE_TIME, { .integer = (n) } }
#define UNSIGNED(n) { SALLY_TYPE_UNSIGNED, { .unsigned_number = (n) } }
#define REAL(n) { SALLY_TYPE_FLOAT, { .real = (n) } }
#define BOOLEAN(b) { SALLY_TYPE_BOOLEAN, { .boolean = (b) } }
#define BYTES_OF(type, text)                                                   \
    { SALLY_TYPE_##type,                                                       \
      { .bytes = { (const uint8_t *)(text), sizeof(text) - 1 } } }
#define LINK(a, b) { SALLY_TYPE_OBJLNK, { .link = { a, b } } }
#define NOTHING { SALLY_TYPE_NONE, { .integer = 0 } }

static const struct conversion {
    const char *what;
    struct sally_lwm2m_value from;
    enum sally_err want;
    struct sally_lwm2m_value to; /* its type is what is asked for */
} conversions[] = {
    { "21 to 21.0", INTEGER(21), SALLY_E_OK, REAL(21) },
    { "21.0 to 21", REAL(21), SALLY_E_OK, INTEGER(21) },
    { "21.5 to a whole number", REAL(21.5), SALLY_E_OUT_OF_RANGE, INTEGER(0) },
    { "-21.0 to -21", REAL(-21), SALLY_E_OK, INTEGER(-21) },
    { "minus zero to 0", REAL(-0.0), SALLY_E_OK, UNSIGNED(0) },
    { "-1 to unsigned", INTEGER(-1), SALLY_E_OUT_OF_RANGE, UNSIGNED(0) },
    { "-1.0 to unsigned", REAL(-1), SALLY_E_OUT_OF_RANGE, UNSIGNED(0) },
    { "the smallest integer to a double", INTEGER(INT64_MIN), SALLY_E_OK,
      REAL(-9223372036854775808.0) },
    { "and back", REAL(-9223372036854775808.0), SALLY_E_OK,
      INTEGER(INT64_MIN) },
    { "the largest integer, no double", INTEGER(INT64_MAX),
      SALLY_E_OUT_OF_RANGE, REAL(0) },
    { "2^53 + 1, no double", INTEGER(9007199254740993), SALLY_E_OUT_OF_RANGE,
      REAL(0) },
    { "2^63 to a whole number", REAL(9223372036854775808.0),
      SALLY_E_OUT_OF_RANGE, INTEGER(0) },
    { "2^63 to unsigned", REAL(9223372036854775808.0), SALLY_E_OK,
      UNSIGNED(UINT64_C(9223372036854775808)) },
    { "2^64 to unsigned", REAL(18446744073709551616.0), SALLY_E_OUT_OF_RANGE,
      UNSIGNED(0) },
    { "2^64 - 1 to a double", UNSIGNED(UINT64_MAX), SALLY_E_OUT_OF_RANGE,
      REAL(0) },
    { "2^64 - 1 to an integer", UNSIGNED(UINT64_MAX), SALLY_E_OUT_OF_RANGE,
      INTEGER(0) },
    { "2^70 to a whole number", REAL(1180591620717411303424.0),
      SALLY_E_OUT_OF_RANGE, INTEGER(0) },
    { "NaN to a whole number", REAL(NAN), SALLY_E_OUT_OF_RANGE, INTEGER(0) },
    { "NaN to a double", REAL(NAN), SALLY_E_OUT_OF_RANGE, REAL(0) },
    { "infinity to a double", REAL(INFINITY), SALLY_E_OUT_OF_RANGE, REAL(0) },
    { "infinity to a whole number", REAL(-INFINITY), SALLY_E_OUT_OF_RANGE,
      INTEGER(0) },
    { "1 to true", INTEGER(1), SALLY_E_OK, BOOLEAN(true) },
    { "0.0 to false", REAL(0), SALLY_E_OK, BOOLEAN(false) },
    { "2 to a boolean", INTEGER(2), SALLY_E_OUT_OF_RANGE, BOOLEAN(false) },
    { "-1 to a boolean", INTEGER(-1), SALLY_E_OUT_OF_RANGE, BOOLEAN(false) },
    { "true to 1", BOOLEAN(true), SALLY_E_OK, INTEGER(1) },
    { "true to 1.0", BOOLEAN(true), SALLY_E_OK, REAL(1) },
    { "an integer to a time", INTEGER(1700000000), SALLY_E_OK,
      TIME(1700000000) },
    { "a time to an integer", TIME(-1), SALLY_E_OK, INTEGER(-1) },
    { "half a second to a time", REAL(0.5), SALLY_E_OUT_OF_RANGE, TIME(0) },
    { "text to a core link", BYTES_OF(STRING, "</3>"), SALLY_E_OK,
      BYTES_OF(CORELNK, "</3>") },
    { "text that is not UTF-8", BYTES_OF(STRING, "\xff"), SALLY_E_WRONG_TYPE,
      BYTES_OF(STRING, "") },
    { "text to opaque", BYTES_OF(STRING, "x"), SALLY_E_WRONG_TYPE,
      BYTES_OF(OPAQUE, "") },
    { "opaque to text", BYTES_OF(OPAQUE, "x"), SALLY_E_WRONG_TYPE,
      BYTES_OF(STRING, "") },
    { "opaque to opaque", BYTES_OF(OPAQUE, "\xff"), SALLY_E_OK,
      BYTES_OF(OPAQUE, "\xff") },
    { "text to a number", BYTES_OF(STRING, "1"), SALLY_E_WRONG_TYPE,
      INTEGER(0) },
    { "a number to text", INTEGER(1), SALLY_E_WRONG_TYPE,
      BYTES_OF(STRING, "") },
    { "a link to a link", LINK(3, 0), SALLY_E_OK, LINK(3, 0) },
    { "a link to a number", LINK(3, 0), SALLY_E_WRONG_TYPE, INTEGER(0) },
    { "a value for an executable resource", INTEGER(1), SALLY_E_WRONG_TYPE,
      NOTHING },
    { "nothing for a number", NOTHING, SALLY_E_WRONG_TYPE, INTEGER(0) },
    { "nothing for nothing", NOTHING, SALLY_E_WRONG_TYPE, NOTHING },
};

static void converts_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(conversions); i++) {
        const struct conversion *row = &conversions[i];
        struct sally_lwm2m_value v;
        enum sally_err got =
            sally_value_convert(&row->from, row->to.type, &v);

        if (got != row->want)
            fail_msg("%s: %s", row->what, sally_err_text(got));
        if (got == SALLY_E_OK && !sally_value_equal(&v, &row->to))
            fail_msg("%s: another value", row->what);
    }
}

static const struct text {
    const char *what;
    struct sally_lwm2m_value value;
    const char *text;
} texts[] = {
    { "a string as it is", BYTES_OF(STRING, "a b"), "a b" },
    { "an empty string", BYTES_OF(STRING, ""), "" },
    { "zero", INTEGER(0), "0" },
    { "the smallest integer", INTEGER(INT64_MIN), "-9223372036854775808" },
    { "the largest integer", INTEGER(INT64_MAX), "9223372036854775807" },
    { "the largest unsigned", UNSIGNED(UINT64_MAX), "18446744073709551615" },
    { "a short double", REAL(0.1), "0.1" },
    { "a long double", REAL(1.0 / 3), "0.3333333333333333" },
    { "a negative double", REAL(-1e-300), "-1e-300" },
    { "true", BOOLEAN(true), "1" },
    { "false", BOOLEAN(false), "0" },
    { "a time", TIME(1367491215), "1367491215" },
    { "a link", LINK(66, 1), "66:1" },
    { "a link to nothing", LINK(65535, 65535), "65535:65535" },
    { "opaque in base64", BYTES_OF(OPAQUE, "\xfb\xff"), "+/8=" },
    { "empty opaque", BYTES_OF(OPAQUE, ""), "" },
    { "a core link", BYTES_OF(CORELNK, "</3/0>"), "</3/0>" },
};

static void writes_and_reads_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(texts); i++) {
        uint8_t room[64], kept[64];
        struct sally_buf out = SALLY_BUF(room), scratch = SALLY_BUF(kept);
        struct sally_writer w = sally_writer_into(&out);
        struct sally_lwm2m_value v;

        assert_int_equal(sally_value_put_text(&w, &texts[i].value),
                         SALLY_E_OK);
        if (!sally_span_is(sally_buf_span(&out), texts[i].text))
            fail_msg("%s: %.*s", texts[i].what, (int)out.len, (char *)room);
        assert_int_equal(sally_value_from_text(sally_buf_span(&out),
                                               texts[i].value.type, &scratch,
                                               &v),
                         SALLY_E_OK);
        if (!sally_value_equal(&v, &texts[i].value))
            fail_msg("%s: another value", texts[i].what);
    }
}

static const struct refused {
    const char *what;
    enum sally_lwm2m_type type;
    const char *text;
    enum sally_err want;
} refused[] = {
    { "no number", SALLY_TYPE_INTEGER, "", SALLY_E_MALFORMED },
    { "a space before a number", SALLY_TYPE_INTEGER, " 1", SALLY_E_MALFORMED },
    { "a fraction", SALLY_TYPE_INTEGER, "1.0", SALLY_E_MALFORMED },
    { "2^63", SALLY_TYPE_INTEGER, "9223372036854775808",
      SALLY_E_OUT_OF_RANGE },
    { "2^63 seconds", SALLY_TYPE_TIME, "9223372036854775808",
      SALLY_E_OUT_OF_RANGE },
    { "a negative unsigned", SALLY_TYPE_UNSIGNED, "-1", SALLY_E_MALFORMED },
    { "2^64", SALLY_TYPE_UNSIGNED, "18446744073709551616",
      SALLY_E_OUT_OF_RANGE },
    { "NaN", SALLY_TYPE_FLOAT, "nan", SALLY_E_MALFORMED },
    { "infinity", SALLY_TYPE_FLOAT, "inf", SALLY_E_MALFORMED },
    { "hexadecimal", SALLY_TYPE_FLOAT, "0x10", SALLY_E_MALFORMED },
    { "beyond doubles", SALLY_TYPE_FLOAT, "1e999", SALLY_E_OUT_OF_RANGE },
    { "true in letters", SALLY_TYPE_BOOLEAN, "true", SALLY_E_MALFORMED },
    { "2 as a boolean", SALLY_TYPE_BOOLEAN, "2", SALLY_E_MALFORMED },
    { "a link without a colon", SALLY_TYPE_OBJLNK, "3", SALLY_E_MALFORMED },
    { "a link of three", SALLY_TYPE_OBJLNK, "3:0:1", SALLY_E_MALFORMED },
    { "a link beyond 65535", SALLY_TYPE_OBJLNK, "3:65536",
      SALLY_E_OUT_OF_RANGE },
    { "opaque without its padding", SALLY_TYPE_OPAQUE, "+/8",
      SALLY_E_MALFORMED },
    { "opaque without room", SALLY_TYPE_OPAQUE, "AAAAAAAA", SALLY_E_NO_ROOM },
    { "a string that is not UTF-8", SALLY_TYPE_STRING, "\xc0\x80",
      SALLY_E_MALFORMED },
    { "an executable resource", SALLY_TYPE_NONE, "", SALLY_E_WRONG_TYPE },
};

static void refuses_each_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(refused); i++) {
        uint8_t kept[4];
        struct sally_buf scratch = SALLY_BUF(kept);
        struct sally_lwm2m_value v;
        enum sally_err got = sally_value_from_text(
            sally_span_of(refused[i].text), refused[i].type, &scratch, &v);

        if (got != refused[i].want)
            fail_msg("%s: %s", refused[i].what, sally_err_text(got));
    }
}

static void refuses_to_write(void **state)
{
    static const struct sally_lwm2m_value nan = REAL(NAN), none = NOTHING,
                                          big = INTEGER(1000);
    uint8_t room[3];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);

    (void)state;
    assert_int_equal(sally_value_put_text(&w, &nan), SALLY_E_OUT_OF_RANGE);
    assert_int_equal(sally_value_put_text(&w, &none), SALLY_E_WRONG_TYPE);
    assert_int_equal(sally_value_put_text(&w, &big), SALLY_E_NO_ROOM);
}

static void knows_the_names_of_types(void **state)
{
    (void)state;
    for (int t = SALLY_TYPE_NONE; t <= SALLY_TYPE_CORELNK; t++) {
        const char *name = sally_type_name((enum sally_lwm2m_type)t);

        assert_int_equal(sally_type_named(sally_span_of(name)), t);
    }
    assert_string_equal(sally_type_name(SALLY_TYPE_FLOAT), "float");
    assert_int_equal(sally_type_named(sally_span_of("Float")),
                     SALLY_TYPE_NONE);
    assert_string_equal(sally_type_name((enum sally_lwm2m_type)99), "none");
}

static void gives_reals_of_numbers_only(void **state)
{
    static const struct sally_lwm2m_value yes = BOOLEAN(true),
                                          link = LINK(1, 1),
                                          time = TIME(-5);
    double n = 0;

    (void)state;
    assert_true(sally_value_as_real(&yes, &n) && n == 1);
    assert_true(sally_value_as_real(&time, &n) && n == -5);
    assert_false(sally_value_as_real(&link, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converts_each_row),
        cmocka_unit_test(writes_and_reads_text),
        cmocka_unit_test(refuses_each_text),
        cmocka_unit_test(refuses_to_write),
        cmocka_unit_test(knows_the_names_of_types),
        cmocka_unit_test(gives_reals_of_numbers_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
