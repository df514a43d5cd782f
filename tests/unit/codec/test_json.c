/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/codec/test_json.c - what is JSON, what is not, and that numbers
 * keep their value.                                                         */
#include "codec/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum sally_err parse(struct sally_span text, struct sally_json *out)
{
    return sally_json_parse(text, 4096, out);
}

static const struct row {
    const char *what, *text;
    enum sally_err want;
} rows[] = {
    { "an object", "{\"a\":1}", SALLY_E_OK },
    { "an array", "[1,2,3]", SALLY_E_OK },
    { "a number alone", "12", SALLY_E_OK },
    { "a string alone", "\"x\"", SALLY_E_OK },
    { "true alone", "true", SALLY_E_OK },
    { "null alone", "null", SALLY_E_OK },
    { "white space around", " \t\r\n[ 1 , 2 ] \n", SALLY_E_OK },
    { "nothing", "", SALLY_E_TRUNCATED },
    { "white space only", "  ", SALLY_E_TRUNCATED },
    { "an open array", "[1,2", SALLY_E_TRUNCATED },
    { "an open object", "{\"a\":", SALLY_E_TRUNCATED },
    { "an open string", "\"abc", SALLY_E_TRUNCATED },
    { "an open escape", "\"abc\\", SALLY_E_TRUNCATED },
    { "two values", "1 2", SALLY_E_MALFORMED },
    { "two arrays", "[][]", SALLY_E_MALFORMED },
    { "letters after the value", "{}x", SALLY_E_MALFORMED },
    { "a bracket too many", "[]]", SALLY_E_MALFORMED },
    { "the wrong bracket", "[1}", SALLY_E_MALFORMED },
    { "a trailing comma", "[1,]", SALLY_E_MALFORMED },
    { "a trailing comma in an object", "{\"a\":1,}", SALLY_E_MALFORMED },
    { "a missing comma", "[1 2]", SALLY_E_MALFORMED },
    { "a missing colon", "{\"a\" 1}", SALLY_E_MALFORMED },
    { "a name that is no string", "{a:1}", SALLY_E_MALFORMED },
    { "a name in single quotes", "{'a':1}", SALLY_E_MALFORMED },
    { "a comment", "/* x */ 1", SALLY_E_MALFORMED },
    { "NaN", "NaN", SALLY_E_MALFORMED },
    { "nan in an array", "[nan]", SALLY_E_MALFORMED },
    { "Infinity", "[Infinity]", SALLY_E_MALFORMED },
    { "-Infinity", "[-Infinity]", SALLY_E_MALFORMED },
    { "True", "[True]", SALLY_E_MALFORMED },
    { "tru", "[tru]", SALLY_E_MALFORMED },
    { "a leading zero", "[01]", SALLY_E_MALFORMED },
    { "a leading zero after a minus", "[-01]", SALLY_E_MALFORMED },
    { "two zeros", "[00.5]", SALLY_E_MALFORMED },
    { "a leading plus", "[+1]", SALLY_E_MALFORMED },
    { "a minus alone", "[-]", SALLY_E_MALFORMED },
    { "no digit before the point", "[.5]", SALLY_E_MALFORMED },
    { "no digit after the point", "[5.]", SALLY_E_MALFORMED },
    { "no digit in the exponent", "[5e]", SALLY_E_MALFORMED },
    { "hexadecimal", "[0x10]", SALLY_E_MALFORMED },
    { "two points", "[1.2.3]", SALLY_E_MALFORMED },
    { "a number beyond doubles", "[1e999]", SALLY_E_OUT_OF_RANGE },
    { "a whole number beyond 64 bits", "[18446744073709551616]",
      SALLY_E_OUT_OF_RANGE },
    { "a negative one beyond 64 bits", "[-9223372036854775809]",
      SALLY_E_OUT_OF_RANGE },
    { "a line break in a string", "\"a\nb\"", SALLY_E_MALFORMED },
    { "a control character in a string", "\"a\x1f\"", SALLY_E_MALFORMED },
    { "an unknown escape", "\"\\x\"", SALLY_E_MALFORMED },
    { "an escape with three digits", "\"\\u12g4\"", SALLY_E_MALFORMED },
    { "U+0000 in a string", "[\"a\\u0000b\"]", SALLY_E_MALFORMED },
    { "U+0000 in a name", "{\"n\\u0000\":1}", SALLY_E_MALFORMED },
    { "a backslash before u0000", "[\"a\\\\u0000b\"]", SALLY_E_OK },
    { "overlong UTF-8", "\"\xc0\xaf\"", SALLY_E_MALFORMED },
    { "a surrogate in UTF-8", "\"\xed\xa0\x80\"", SALLY_E_MALFORMED },
    { "half a character", "\"\xc3\"", SALLY_E_MALFORMED },
    { "a byte order mark", "\xef\xbb\xbf{}", SALLY_E_MALFORMED },
    { "brackets in a string", "\"]]]}}}[[[[[[[[[[[[[[[[[[[[[[\"", SALLY_E_OK },
    { "16 arrays inside each other", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
      SALLY_E_OK },
    { "17 arrays inside each other", "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
      SALLY_E_TOO_LARGE },
    { "a value in 16 objects",
      "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
      "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}}}}}}}}",
      SALLY_E_OK },
};

static void parses_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_json j = { NULL };
        enum sally_err got = parse(sally_span_of(rows[i].text), &j);

        if (got != rows[i].want)
            fail_msg("%s: %s", rows[i].what, sally_err_text(got));
        sally_json_free(&j);
        sally_json_free(&j);
    }
}

static void bounds_size_and_depth(void **state)
{
    static uint8_t deep[100000];
    struct sally_json j;

    (void)state;
    memset(deep, '[', sizeof(deep));
    assert_int_equal(
        sally_json_parse((struct sally_span){ deep, sizeof(deep) },
                         sizeof(deep), &j),
        SALLY_E_TOO_LARGE);
    assert_int_equal(sally_json_parse(sally_span_of("[1]"), 2, &j),
                     SALLY_E_TOO_LARGE);
}

static void never_reads_past_a_cut(void **state)
{
    static const char whole[] =
        "{\"name\":[1,-2.5e3,true,null,\"\\u00e4\\n\303\244\"],\"b\":{}}";

    (void)state;
    for (size_t cut = 0; cut < sizeof(whole) - 1; cut++) {
        uint8_t *in = malloc(cut == 0 ? 1 : cut); /* for the sanitizer */
        struct sally_json j;

        memcpy(in, whole, cut);
        assert_int_not_equal(parse((struct sally_span){ in, cut }, &j),
                             SALLY_E_OK);
        free(in);
    }
}

static const struct number {
    const char *text;
    enum sally_json_type type;
    int64_t integer;
    uint64_t natural;
    double real;
} numbers[] = {
    { "0", SALLY_JSON_INTEGER, 0, 0, 0 },
    { "-0", SALLY_JSON_INTEGER, 0, 0, 0 },
    { "-9223372036854775808", SALLY_JSON_INTEGER, INT64_MIN, 0,
      -9223372036854775808.0 },
    { "9223372036854775807", SALLY_JSON_INTEGER, INT64_MAX, INT64_MAX,
      9223372036854775808.0 },
    { "9223372036854775808", SALLY_JSON_UNSIGNED, 0,
      UINT64_C(9223372036854775808), 9223372036854775808.0 },
    { "18446744073709551615", SALLY_JSON_UNSIGNED, 0, UINT64_MAX,
      18446744073709551616.0 },
    { "1.0", SALLY_JSON_REAL, 0, 0, 1 },
    { "1e3", SALLY_JSON_REAL, 0, 0, 1000 },
    { "0.1", SALLY_JSON_REAL, 0, 0, 0.1 },
    { "-2.2250738585072014e-308", SALLY_JSON_REAL, 0, 0,
      -2.2250738585072014e-308 },
    { "5e-324", SALLY_JSON_REAL, 0, 0, 5e-324 },
    { "1e-999", SALLY_JSON_REAL, 0, 0, 0 },
};

static void numbers_keep_their_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(numbers); i++) {
        const struct number *n = &numbers[i];
        struct sally_json j;
        int64_t integer = 7;
        uint64_t natural = 7;
        double real = 7;

        assert_int_equal(parse(sally_span_of(n->text), &j), SALLY_E_OK);
        if (sally_json_type_of(j) != n->type)
            fail_msg("%s: type", n->text);
        if (sally_json_integer(j, &integer) !=
            (n->type == SALLY_JSON_INTEGER))
            fail_msg("%s: integer or not", n->text);
        if (n->type == SALLY_JSON_INTEGER && integer != n->integer)
            fail_msg("%s: integer", n->text);
        if (sally_json_unsigned(j, &natural) && natural != n->natural)
            fail_msg("%s: unsigned", n->text);
        if (!sally_json_real(j, &real) || real != n->real)
            fail_msg("%s: real", n->text);
        sally_json_free(&j);
    }
}

static void finds_members_and_items(void **state)
{
    struct sally_json j, member, item;
    struct sally_span text;
    bool flag = false;
    int64_t n = 0;

    (void)state;
    assert_int_equal(parse(sally_span_of("{\"a\":[1,\"x\",true],\"b\":null,"
                                         "\"a b\":2,\"twice\":1,\"twice\":2}"),
                           &j),
                     SALLY_E_OK);
    assert_int_equal(sally_json_type_of(j), SALLY_JSON_OBJECT);
    assert_int_equal(sally_json_count(j), 4);
    assert_true(sally_json_member(j, "a", &member));
    assert_int_equal(sally_json_count(member), 3);
    assert_true(sally_json_item(member, 1, &item));
    assert_true(sally_json_string(item, &text) && sally_span_is(text, "x"));
    assert_true(sally_json_item(member, 2, &item));
    assert_true(sally_json_boolean(item, &flag) && flag);
    assert_false(sally_json_item(member, 3, &item));
    assert_false(sally_json_member(member, "a", &item));
    assert_false(sally_json_item(j, 0, &item));
    assert_true(sally_json_member(j, "b", &member));
    assert_int_equal(sally_json_type_of(member), SALLY_JSON_NULL);
    assert_int_equal(sally_json_count(member), 0);
    assert_false(sally_json_member(j, "c", &member));
    assert_true(sally_json_member(j, "twice", &member));
    assert_true(sally_json_integer(member, &n));
    assert_int_equal(n, 2); /* the last one counts */
    sally_json_free(&j);
}

static void walks_members_in_order(void **state)
{
    static const char *const names[] = { "z", "a", "m", "" };
    struct sally_json j, value;
    struct sally_json_walk walk;
    struct sally_span name;
    size_t i = 0;

    (void)state;
    assert_int_equal(
        parse(sally_span_of("{\"z\":1,\"a\":2,\"m\":3,\"\":4}"), &j),
        SALLY_E_OK);
    for (walk = sally_json_members(j); sally_json_next(&walk, &name, &value);
         i++)
        assert_true(sally_span_is(name, names[i]));
    assert_int_equal(i, 4);
    sally_json_free(&j);
    assert_int_equal(parse(sally_span_of("[1]"), &j), SALLY_E_OK);
    walk = sally_json_members(j);
    assert_false(sally_json_next(&walk, &name, &value));
    sally_json_free(&j);
}

static void other_types_are_refused(void **state)
{
    struct sally_json j;
    struct sally_span text;
    uint64_t natural;
    int64_t integer;
    double real;
    bool flag;

    (void)state;
    assert_int_equal(parse(sally_span_of("\"1\""), &j), SALLY_E_OK);
    assert_false(sally_json_integer(j, &integer));
    assert_false(sally_json_unsigned(j, &natural));
    assert_false(sally_json_real(j, &real));
    assert_false(sally_json_boolean(j, &flag));
    sally_json_free(&j);
    assert_int_equal(parse(sally_span_of("-1"), &j), SALLY_E_OK);
    assert_false(sally_json_unsigned(j, &natural));
    assert_false(sally_json_string(j, &text));
    sally_json_free(&j);
}

static void strings_come_back(void **state)
{
    static const char *const texts[] = {
        "", "plain", "\"quoted\"", "back\\slash", "\n\t\r\b\f\x01\x1f\x7f",
        "\303\244\342\202\254\360\237\230\200", "</script>"
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(texts); i++) {
        uint8_t room[128];
        struct sally_buf out = SALLY_BUF(room);
        struct sally_writer w = sally_writer_into(&out);
        struct sally_json j;
        struct sally_span text;

        sally_put_json_string(&w, sally_span_of(texts[i]));
        assert_int_equal(parse(sally_buf_span(&out), &j), SALLY_E_OK);
        assert_true(sally_json_string(j, &text));
        assert_true(sally_span_is(text, texts[i]));
        sally_json_free(&j);
    }
}

static void writes_numbers_shortest(void **state)
{
    static const struct {
        double n;
        const char *text;
    } written[] = { { 21, "21" },     { 0.1, "0.1" },   { -2.5, "-2.5" },
                    { 1e300, "1e+300" }, { 1.0 / 3, "0.3333333333333333" } };
    uint8_t room[64];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(written); i++) {
        struct sally_buf out = SALLY_BUF(room);
        struct sally_writer w = sally_writer_into(&out);

        sally_put_json_real(&w, written[i].n);
        assert_true(sally_span_is(sally_buf_span(&out), written[i].text));
        sally_put_json_real(&w, 1.0 / 0.0);
        assert_true(w.failed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_each_row),
        cmocka_unit_test(bounds_size_and_depth),
        cmocka_unit_test(never_reads_past_a_cut),
        cmocka_unit_test(numbers_keep_their_value),
        cmocka_unit_test(finds_members_and_items),
        cmocka_unit_test(walks_members_in_order),
        cmocka_unit_test(other_types_are_refused),
        cmocka_unit_test(strings_come_back),
        cmocka_unit_test(writes_numbers_shortest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
