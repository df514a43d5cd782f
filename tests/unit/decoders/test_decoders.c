/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/decoders/test_decoders.c - payload and selector to a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/writer.h"
#include "decoders/decoder.h"

#define SHELLY "{\"switch:0\":{\"apower\":63.5,\"output\":true}," \
               "\"a\":[[1,2],[3,{\"b\":4}]],\"n\":null,\"e\":{},\"s\":\"\"}"

static const struct row {
    const char *what, *payload, *selector;
    enum sally_payload_format format;
    enum sally_err opened, selected;
    enum sally_lwm2m_type type;
    const char *text; /* the value as plain text */
} rows[] = {
#define TEXT SALLY_PAYLOAD_TEXT
#define JSON SALLY_PAYLOAD_JSON
#define FORM SALLY_PAYLOAD_FORM
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

static void check_value(const struct row *r, const struct sally_decoded *got)
{
    uint8_t room[64];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);

    if (got->value.type != r->type || got->typed != (r->format == JSON) ||
        sally_value_put_text(&w, &got->value) != SALLY_E_OK ||
        !sally_span_is(sally_buf_span(&out), r->text))
        fail_msg("%s: got %s \"%.*s\"", r->what,
                 sally_type_name(got->value.type), (int)out.len,
                 (const char *)room);
}

static void decodes_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        const struct sally_decoder *d = sally_decoder_of(r->format);
        struct sally_decoder_state s;
        struct sally_decoded got;
        enum sally_err e = d->open(sally_span_of(r->payload), &s);

        if (e != r->opened)
            fail_msg("%s: opened: %s", r->what, sally_err_text(e));
        if (e != SALLY_E_OK)
            continue;
        e = d->select(&s, r->selector, &got);
        if (e != r->selected)
            fail_msg("%s: selected: %s", r->what, sally_err_text(e));
        if (e == SALLY_E_OK)
            check_value(r, &got);
        d->close(&s);
    }
}

static void bounds_the_payload(void **state)
{
    static uint8_t large[SALLY_DECODER_PAYLOAD_MAX + 1];
    struct sally_span payload = { large, sizeof(large) };
    struct sally_decoder_state s;

    (void)state;
    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = '1';
    assert_int_equal(sally_decoder_text.open(payload, &s), SALLY_E_TOO_LARGE);
    assert_int_equal(sally_decoder_json.open(payload, &s), SALLY_E_TOO_LARGE);
    payload.len--;
    assert_int_equal(sally_decoder_text.open(payload, &s), SALLY_E_OK);
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
