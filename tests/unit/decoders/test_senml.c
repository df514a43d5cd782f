/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/decoders/test_senml.c - values of SenML in JSON and in CBOR. */
#include "unit/decoders/decode.h"

static const struct sally_config_map senml = { .format = SALLY_PAYLOAD_SENML };

/* The same pack twice: temp twice, rh, door, blob, txt. */
#define PACK \
    "[{\"bn\":\"urn:dev:ow:10e2:\",\"bt\":1730816530,\"n\":\"temp\"," \
    "\"u\":\"Cel\",\"v\":20.3},{\"n\":\"rh\",\"u\":\"%RH\",\"v\":51}," \
    "{\"n\":\"door\",\"vb\":true},{\"n\":\"temp\",\"t\":-60,\"u\":\"Cel\"," \
    "\"v\":20.1},{\"n\":\"blob\",\"vd\":\"Af8\"},{\"n\":\"txt\"," \
    "\"vs\":\"hi\"}]"
#define PACKED \
    "86a5217075726e3a6465763a6f773a313065323a221a672a2a12006474656d70" \
    "016343656c02fb40344ccccccccccda3006272680163255248021833a2006464" \
    "6f6f7204f5a4006474656d7006383b016343656c02fb403419999999999aa200" \
    "64626c6f62084201ffa2006374787403626869"

static const struct row rows[] = {
    { "the latest of a name", PACK, "temp", &senml, 0, 0, SALLY_TYPE_FLOAT,
      "20.3" },
    { "by its whole name", PACK, "urn:dev:ow:10e2:temp", &senml, 0, 0,
      SALLY_TYPE_FLOAT, "20.3" },
    { "whole number", PACK, "rh", &senml, 0, 0, SALLY_TYPE_INTEGER, "51" },
    { "boolean", PACK, "door", &senml, 0, 0, SALLY_TYPE_BOOLEAN, "1" },
    { "bytes", PACK, "blob", &senml, 0, 0, SALLY_TYPE_OPAQUE, "Af8=" },
    { "text", PACK, "txt", &senml, 0, 0, SALLY_TYPE_STRING, "hi" },
    { "another base name", PACK, "urn:dev:ow:10e3:temp", &senml, 0,
      SALLY_E_NOT_FOUND, 0, "" },
    { "the base name alone", PACK, "urn:dev:ow:10e2:", &senml, 0,
      SALLY_E_NOT_FOUND, 0, "" },
    { "part of a name", PACK, "tem", &senml, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "later in the pack, no time",
      "[{\"n\":\"a\",\"v\":1},{\"n\":\"a\",\"v\":2}]", "a", &senml, 0, 0,
      SALLY_TYPE_INTEGER, "2" },
    { "earlier in the pack, later in time",
      "[{\"n\":\"a\",\"t\":1730816531,\"v\":1},{\"n\":\"a\",\"t\":1730816530,\"v\":2}]",
      "a", &senml, 0, 0, SALLY_TYPE_INTEGER, "1" },
    { "now is later than any time",
      "[{\"n\":\"a\",\"v\":1},{\"n\":\"a\",\"t\":1730816530,\"v\":2}]", "a",
      &senml, 0, 0, SALLY_TYPE_INTEGER, "1" },
    { "a minute ago is not",
      "[{\"n\":\"a\",\"v\":1},{\"n\":\"a\",\"t\":-60,\"v\":2}]", "a", &senml, 0,
      0, SALLY_TYPE_INTEGER, "1" },
    { "base name alone", "[{\"bn\":\"urn:x\",\"v\":7}]", "urn:x", &senml, 0, 0,
      SALLY_TYPE_INTEGER, "7" },
    { "base value", "[{\"bv\":20,\"n\":\"a\",\"v\":1.5}]", "a", &senml, 0, 0,
      SALLY_TYPE_FLOAT, "21.5" },
    { "base value of what came before", "[{\"bv\":20},{\"n\":\"a\",\"v\":1.5}]",
      "a", &senml, 0, 0, SALLY_TYPE_FLOAT, "21.5" },
    { "second base name",
      "[{\"bn\":\"x:\",\"n\":\"a\",\"v\":1},{\"bn\":\"y:\",\"n\":\"a\",\"v\":2}]",
      "x:a", &senml, 0, 0, SALLY_TYPE_INTEGER, "1" },
    { "sum alone is no value", "[{\"n\":\"a\",\"s\":1}]", "a", &senml, 0,
      SALLY_E_NOT_FOUND, 0, "" },
    { "unknown field", "[{\"n\":\"a\",\"v\":1,\"x\":{}}]", "a", &senml, 0, 0,
      SALLY_TYPE_INTEGER, "1" },
    { "white space before", " [{\"n\":\"a\",\"v\":1}]", "a", &senml, 0, 0,
      SALLY_TYPE_INTEGER, "1" },
    { "empty pack", "[]", "a", &senml, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "field that must be known", "[{\"n\":\"a\",\"v\":1,\"x_\":1}]", "a",
      &senml, SALLY_E_UNSUPPORTED, 0, 0, "" },
    { "later version", "[{\"bver\":11,\"n\":\"a\",\"v\":1}]", "a", &senml,
      SALLY_E_UNSUPPORTED, 0, 0, "" },
    { "two values", "[{\"n\":\"a\",\"v\":1,\"vs\":\"x\"}]", "a", &senml,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "name that is none", "[{\"n\":1,\"v\":1}]", "a", &senml,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "unit that is none", "[{\"n\":\"a\",\"u\":1,\"v\":1}]", "a", &senml,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "value that is none", "[{\"n\":\"a\",\"v\":\"1\"}]", "a", &senml,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "null for a value", "[{\"n\":\"a\",\"v\":null}]", "a", &senml,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "an object", "{\"n\":\"a\",\"v\":1}", "a", &senml, SALLY_E_MALFORMED, 0,
      0, "" },
    { "a pack of numbers", "[1]", "a", &senml, SALLY_E_MALFORMED, 0, 0, "" },
    { "base64 that is none", "[{\"n\":\"a\",\"vd\":\"A\"}]", "a", &senml,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "cut short", "[{\"n\":\"a\",\"v\":1}", "a", &senml, SALLY_E_TRUNCATED, 0,
      0, "" },
    { "no JSON", "temp=1", "a", &senml, SALLY_E_MALFORMED, 0, 0, "" },
    { "empty", "", "a", &senml, SALLY_E_TRUNCATED, 0, 0, "" },
    { "too large a sum", "[{\"bv\":1e308,\"n\":\"a\",\"v\":1e308}]", "a",
      &senml, SALLY_E_OUT_OF_RANGE, 0, 0, "" },
    { "a time that no clock shows", "[{\"n\":\"a\",\"t\":1e300,\"v\":1}]", "a",
      &senml, SALLY_E_OUT_OF_RANGE, 0, 0, "" },
};

static const struct row hex_rows[] = {
    { "the latest of a name", PACKED, "temp", &senml, 0, 0, SALLY_TYPE_FLOAT,
      "20.3" },
    { "by its whole name", PACKED, "urn:dev:ow:10e2:temp", &senml, 0, 0,
      SALLY_TYPE_FLOAT, "20.3" },
    { "whole number", PACKED, "rh", &senml, 0, 0, SALLY_TYPE_INTEGER, "51" },
    { "boolean", PACKED, "door", &senml, 0, 0, SALLY_TYPE_BOOLEAN, "1" },
    { "bytes", PACKED, "blob", &senml, 0, 0, SALLY_TYPE_OPAQUE, "Af8=" },
    { "text", PACKED, "txt", &senml, 0, 0, SALLY_TYPE_STRING, "hi" },
    { "another base name", PACKED, "urn:dev:ow:10e3:temp", &senml, 0,
      SALLY_E_NOT_FOUND, 0, "" },
    { "the base name alone", PACKED, "urn:dev:ow:10e2:", &senml, 0,
      SALLY_E_NOT_FOUND, 0, "" },
    { "part of a name", PACKED, "tem", &senml, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "no number", "81a200616102fb7ff8000000000000", "a", &senml, 0,
      SALLY_E_OUT_OF_RANGE, 0, "" },
    { "record without a value", "81a1006161", "a", &senml, 0, SALLY_E_NOT_FOUND,
      0, "" },
    { "pack without a length", "9fbf00616102f5ffff", "a", &senml,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "record without a length", "9fbf0061610201ffff", "a", &senml, 0, 0,
      SALLY_TYPE_INTEGER, "1" },
    { "names in place of numbers", "81a2616e6161617601", "a", &senml, 0, 0,
      SALLY_TYPE_INTEGER, "1" },
    { "a pack of numbers", "8101", "a", &senml, SALLY_E_TRUNCATED, 0, 0, "" },
    { "a map", "a20061610201", "a", &senml, SALLY_E_MALFORMED, 0, 0, "" },
    { "two values", "81a30061610201036178", "a", &senml, SALLY_E_MALFORMED, 0,
      0, "" },
    { "cut short", "81a200616102", "a", &senml, SALLY_E_TRUNCATED, 0, 0, "" },
    { "more behind it", "81a2006161020100", "a", &senml, SALLY_E_MALFORMED, 0,
      0, "" },
};

static void tells_units(void **state)
{
    static const struct {
        const char *payload, *name, *unit;
    } all[] = {
        { PACK, "temp", "Cel" },
        { PACK, "door", "" },
        { "[{\"bu\":\"Cel\",\"n\":\"a\",\"v\":1}]", "a", "Cel" },
        { "[{\"bu\":\"Cel\",\"n\":\"a\",\"u\":\"K\",\"v\":1}]", "a", "K" },
        { "[{\"bu\":\"Cel\"},{\"n\":\"a\",\"v\":1}]", "a", "Cel" },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(all); i++) {
        const struct sally_decoder *d = &sally_decoder_senml;
        struct sally_decoded got = { .typed = false };
        struct sally_decoder_state s;

        assert_int_equal(d->open(sally_span_of(all[i].payload), &senml, &s),
                         SALLY_E_OK);
        assert_int_equal(d->select(&s, all[i].name, &got), SALLY_E_OK);
        assert_true(sally_span_is(got.unit, all[i].unit));
        d->close(&s);
    }
}

static void takes_64_records(void **state)
{
    char text[65 * 16 + 1];
    struct sally_decoder_state s;
    size_t at = 0;

    (void)state;
    for (int i = 0; i < 65; i++)
        at += (size_t)snprintf(&text[at], sizeof(text) - at,
                               "%s{\"n\":\"a\",\"v\":1}", i == 0 ? "[" : ",");
    text[at] = ']';
    assert_int_equal(sally_decoder_senml.open(
                         (struct sally_span){ (uint8_t *)text, at + 1 }, &senml,
                         &s),
                     SALLY_E_TOO_LARGE);
    text[at - 16] = ']';
    assert_int_equal(sally_decoder_senml.open(
                         (struct sally_span){ (uint8_t *)text, at - 15 },
                         &senml, &s),
                     SALLY_E_OK);
    sally_decoder_senml.close(&s);
}

static void decodes_each_row(void **state)
{
    (void)state;
    decode_rows(rows, SALLY_LEN(rows));
    decode_hex_rows(hex_rows, SALLY_LEN(hex_rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_each_row),
        cmocka_unit_test(tells_units),
        cmocka_unit_test(takes_64_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
