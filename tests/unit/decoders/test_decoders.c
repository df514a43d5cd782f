/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/decoders/test_decoders.c - payload and selector to a value. */

#include "unit/decoders/decode.h"

#define SHELLY "{\"switch:0\":{\"apower\":63.5,\"output\":true}," \
               "\"a\":[[1,2],[3,{\"b\":4}]],\"n\":null,\"e\":{},\"s\":\"\"}"

static const struct sally_config_map text = { .format = SALLY_PAYLOAD_TEXT };
static const struct sally_config_map json = { .format = SALLY_PAYLOAD_JSON };
static const struct sally_config_map form = { .format = SALLY_PAYLOAD_FORM };

static const struct row rows[] = {
#define TEXT &text
#define JSON &json
#define FORM &form
    { "form", "t=21.5&h=+40", "h", FORM, 0, 0, SALLY_TYPE_STRING, "+40" },
    { "form of one", " t=21.5\n", "t", FORM, 0, 0, SALLY_TYPE_STRING, "21.5" },
    { "the first of a name", "t=1&t=2", "t", FORM, 0, 0, SALLY_TYPE_STRING,
      "1" },
    { "a name without a value", "on&t=2", "on", FORM, 0, 0, SALLY_TYPE_STRING,
      "" },
    { "an equals sign in a value", "t=a=b", "t", FORM, 0, 0, SALLY_TYPE_STRING,
      "a=b" },
    { "absent name", "t=21.5", "h", FORM, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "prefix of a name in a form", "temp=1", "t", FORM, 0, SALLY_E_NOT_FOUND,
      0, "" },
    { "nothing but separators", "&&&", "t", FORM, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "empty form", " ", "t", FORM, SALLY_E_TRUNCATED, 0, 0, "" },
    { "form that is not UTF-8", "t=\xff", "t", FORM, SALLY_E_MALFORMED, 0, 0,
      "" },
    { "text", "21.5", "", TEXT, 0, 0, SALLY_TYPE_STRING, "21.5" },
    { "text with white space around", " \t21.5\r\n", "", TEXT, 0, 0,
      SALLY_TYPE_STRING, "21.5" },
    { "text with white space inside", "out of order", "", TEXT, 0, 0,
      SALLY_TYPE_STRING, "out of order" },
    { "text has no selectors", "21.5", "a", TEXT, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "empty text", "", "", TEXT, SALLY_E_TRUNCATED, 0, 0, "" },
    { "only white space", " \n", "", TEXT, SALLY_E_TRUNCATED, 0, 0, "" },
    { "text that is not UTF-8", "\xff", "", TEXT, SALLY_E_MALFORMED, 0, 0, "" },
    { "JSON number as a whole", "21.5", "", JSON, 0, 0, SALLY_TYPE_FLOAT,
      "21.5" },
    { "JSON whole number", "-7", "", JSON, 0, 0, SALLY_TYPE_INTEGER, "-7" },
    { "JSON beyond int64", "18446744073709551615", "", JSON, 0, 0,
      SALLY_TYPE_UNSIGNED, "18446744073709551615" },
    { "JSON boolean", "false", "", JSON, 0, 0, SALLY_TYPE_BOOLEAN, "0" },
    { "JSON string", "\"21.5\"", "", JSON, 0, 0, SALLY_TYPE_STRING, "21.5" },
    { "colon is part of a name", SHELLY, "switch:0.apower", JSON, 0, 0,
      SALLY_TYPE_FLOAT, "63.5" },
    { "boolean member", SHELLY, "switch:0.output", JSON, 0, 0,
      SALLY_TYPE_BOOLEAN, "1" },
    { "index of index", SHELLY, "a[0][1]", JSON, 0, 0, SALLY_TYPE_INTEGER,
      "2" },
    { "member of an item", SHELLY, "a[1][1].b", JSON, 0, 0, SALLY_TYPE_INTEGER,
      "4" },
    { "list at the top", "[5,6]", "[1]", JSON, 0, 0, SALLY_TYPE_INTEGER, "6" },
    { "empty string is a value", SHELLY, "s", JSON, 0, 0, SALLY_TYPE_STRING,
      "" },
    { "absent member", SHELLY, "b", JSON, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "prefix of a name", SHELLY, "switch", JSON, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "index past the end", SHELLY, "a[2]", JSON, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "huge index", SHELLY, "a[99999999999999999999]", JSON, 0,
      SALLY_E_NOT_FOUND, 0, "" },
    { "index of an object", SHELLY, "e[0]", JSON, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "member of a number", SHELLY, "switch:0.apower.x", JSON, 0,
      SALLY_E_NOT_FOUND, 0, "" },
    { "member of null", SHELLY, "n.x", JSON, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "null", SHELLY, "n", JSON, 0, SALLY_E_WRONG_TYPE, 0, "" },
    { "object", SHELLY, "e", JSON, 0, SALLY_E_WRONG_TYPE, 0, "" },
    { "array", SHELLY, "a", JSON, 0, SALLY_E_WRONG_TYPE, 0, "" },
    { "null as a whole", "null", "", JSON, 0, SALLY_E_WRONG_TYPE, 0, "" },
    { "JSON cut short", "{\"a\":1", "a", JSON, SALLY_E_TRUNCATED, 0, 0, "" },
    { "not JSON", "on", "", JSON, SALLY_E_MALFORMED, 0, 0, "" },
    { "NaN", "{\"a\":NaN}", "a", JSON, SALLY_E_MALFORMED, 0, 0, "" },
    { "empty JSON", "", "", JSON, SALLY_E_TRUNCATED, 0, 0, "" },
    { "17 levels", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "", JSON,
      SALLY_E_TOO_LARGE, 0, 0, "" },
};

static void decodes_each_row(void **state)
{
    (void)state;
    decode_rows(rows, SALLY_LEN(rows));
}

static void bounds_the_payload(void **state)
{
    static uint8_t large[SALLY_DECODER_PAYLOAD_MAX + 1];
    const struct sally_config_map map = { .sep = "," };
    struct sally_span payload = { large, sizeof(large) };
    struct sally_decoder_state s;

    (void)state;
    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = '1';
    for (int f = SALLY_PAYLOAD_TEXT; f <= SALLY_PAYLOAD_SPARKPLUG; f++)
        assert_int_equal(sally_decoder_of((enum sally_payload_format)f)
                             ->open(payload, &map, &s),
                         SALLY_E_TOO_LARGE);
    payload.len--;
    assert_int_equal(sally_decoder_text.open(payload, &map, &s), SALLY_E_OK);
    sally_decoder_text.close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_each_row),
        cmocka_unit_test(bounds_the_payload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
