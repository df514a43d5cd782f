/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/decoders/test_cbor.c - values inside CBOR. */
#include "unit/decoders/decode.h"

static const struct sally_config_map cbor = { .format = SALLY_PAYLOAD_CBOR };

/* {"t": 21.5, "n": -7, "a": [1, {"b": [true, "hi"]}], 1: 48, -2: 9, "z": null,
 *  "o": h'0102', "big": 2^64 - 1, "s": "x"}                                 */
#define TREE \
    "a96174fb4035800000000000616e2661618201a1616282f56268690118302109" \
    "617af6616f420102636269671bffffffffffffffff61736178"

static const struct row rows[] = {
    { "real number", TREE, "t", &cbor, 0, 0, SALLY_TYPE_FLOAT, "21.5" },
    { "negative number", TREE, "n", &cbor, 0, 0, SALLY_TYPE_INTEGER, "-7" },
    { "number in a list", TREE, "a[0]", &cbor, 0, 0, SALLY_TYPE_INTEGER, "1" },
    { "boolean further in", TREE, "a[1].b[0]", &cbor, 0, 0, SALLY_TYPE_BOOLEAN,
      "1" },
    { "text further in", TREE, "a[1].b[1]", &cbor, 0, 0, SALLY_TYPE_STRING,
      "hi" },
    { "number for a key", TREE, "1", &cbor, 0, 0, SALLY_TYPE_INTEGER, "48" },
    { "negative number for a key", TREE, "-2", &cbor, 0, 0, SALLY_TYPE_INTEGER,
      "9" },
    { "bytes", TREE, "o", &cbor, 0, 0, SALLY_TYPE_OPAQUE, "AQI=" },
    { "beyond int64", TREE, "big", &cbor, 0, 0, SALLY_TYPE_UNSIGNED,
      "18446744073709551615" },
    { "last of a map", TREE, "s", &cbor, 0, 0, SALLY_TYPE_STRING, "x" },
    { "null", TREE, "z", &cbor, 0, SALLY_E_WRONG_TYPE, 0, "" },
    { "list", TREE, "a", &cbor, 0, SALLY_E_WRONG_TYPE, 0, "" },
    { "map", TREE, "a[1]", &cbor, 0, SALLY_E_WRONG_TYPE, 0, "" },
    { "absent name", TREE, "x", &cbor, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "absent number", TREE, "2", &cbor, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "a text that is the value of a key", TREE, "hi", &cbor, 0,
      SALLY_E_NOT_FOUND, 0, "" },
    { "index past the end", TREE, "a[2]", &cbor, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "index of a map", TREE, "[0]", &cbor, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "member of a number", TREE, "t.x", &cbor, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "the whole is a number", "fb4035800000000000", "", &cbor, 0, 0,
      SALLY_TYPE_FLOAT, "21.5" },
    { "half", "f94d60", "", &cbor, 0, 0, SALLY_TYPE_FLOAT, "21.5" },
    { "single, behind a tag", "c1fa41ac0000", "", &cbor, 0, 0, SALLY_TYPE_FLOAT,
      "21.5" },
    { "list without a length", "9f0102ff", "[1]", &cbor, 0, 0,
      SALLY_TYPE_INTEGER, "2" },
    { "map without a length", "bf617401ff", "t", &cbor, 0, 0,
      SALLY_TYPE_INTEGER, "1" },
    { "no number", "a16174f97e00", "t", &cbor, 0, SALLY_E_OUT_OF_RANGE, 0, "" },
    { "infinite", "a16174fb7ff0000000000000", "t", &cbor, 0,
      SALLY_E_OUT_OF_RANGE, 0, "" },
    { "below int64", "3bffffffffffffffff", "", &cbor, 0, SALLY_E_OUT_OF_RANGE,
      0, "" },
    { "empty", "", "", &cbor, SALLY_E_TRUNCATED, 0, 0, "" },
    { "cut short", "a16174fb40358000", "t", &cbor, SALLY_E_TRUNCATED, 0, 0,
      "" },
    { "a break missing", "9f01", "[0]", &cbor, SALLY_E_TRUNCATED, 0, 0, "" },
    { "more behind it", "0101", "", &cbor, SALLY_E_MALFORMED, 0, 0, "" },
    { "a key without a value", "bf6174ff", "t", &cbor, SALLY_E_MALFORMED, 0, 0,
      "" },
    { "text that is not UTF-8", "61ff", "", &cbor, SALLY_E_MALFORMED, 0, 0,
      "" },
    { "text in pieces", "7f6161ff", "", &cbor, SALLY_E_UNSUPPORTED, 0, 0, "" },
    { "reserved length", "1c", "", &cbor, SALLY_E_MALFORMED, 0, 0, "" },
    { "list of 2^64 - 1 items", "9bffffffffffffffff", "[0]", &cbor,
      SALLY_E_TRUNCATED, 0, 0, "" },
    { "17 levels", "818181818181818181818181818181818101", "", &cbor,
      SALLY_E_TOO_LARGE, 0, 0, "" },
};

static void decodes_each_row(void **state)
{
    (void)state;
    decode_hex_rows(rows, SALLY_LEN(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_each_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
