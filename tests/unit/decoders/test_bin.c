/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/decoders/test_bin.c - numbers at their places among bytes. */
#include "unit/decoders/decode.h"

static const struct sally_config_map any = { .format = SALLY_PAYLOAD_BIN };
static const struct sally_config_map ten = { .format = SALLY_PAYLOAD_BIN,
                                             .size = 10 };
#define BIN &any
#define TEN &ten
#define REGISTERS "ffdd0c350001e2400005"
#define EIGHT "8102030405060708"

static const struct row rows[] = {
    { "signed, high byte first", REGISTERS, "0:i16be", TEN, 0, 0,
      SALLY_TYPE_INTEGER, "-35" },
    { "the same unsigned", REGISTERS, "0:u16be", TEN, 0, 0,
      SALLY_TYPE_UNSIGNED, "65501" },
    { "the same, low byte first", REGISTERS, "0:i16le", TEN, 0, 0,
      SALLY_TYPE_INTEGER, "-8705" },
    { "32 bits", REGISTERS, "4:u32be", TEN, 0, 0, SALLY_TYPE_UNSIGNED,
      "123456" },
    { "a bit that is set", REGISTERS, "8:u16be.0", TEN, 0, 0,
      SALLY_TYPE_BOOLEAN, "1" },
    { "a bit that is not", REGISTERS, "8:u16be.1", TEN, 0, 0,
      SALLY_TYPE_BOOLEAN, "0" },
    { "some bits", REGISTERS, "8:u16be.1-2", TEN, 0, 0, SALLY_TYPE_UNSIGNED,
      "2" },
    { "the highest bit", EIGHT, "0:u64be.63", BIN, 0, 0, SALLY_TYPE_BOOLEAN,
      "1" },
    { "all bits", EIGHT, "0:u64be.0-63", BIN, 0, 0, SALLY_TYPE_UNSIGNED,
      "9295995896645158664" },
    { "one byte", EIGHT, "0:u8", BIN, 0, 0, SALLY_TYPE_UNSIGNED, "129" },
    { "one signed byte", EIGHT, "0:i8", BIN, 0, 0, SALLY_TYPE_INTEGER, "-127" },
    { "24 bits", EIGHT, "0:i24be", BIN, 0, 0, SALLY_TYPE_INTEGER, "-8322557" },
    { "24 bits, low byte first", EIGHT, "1:u24le", BIN, 0, 0,
      SALLY_TYPE_UNSIGNED, "262914" },
    { "40 bits", EIGHT, "3:u40be", BIN, 0, 0, SALLY_TYPE_UNSIGNED,
      "17264150280" },
    { "64 signed bits", EIGHT, "0:i64be", BIN, 0, 0, SALLY_TYPE_INTEGER,
      "-9150748177064392952" },
    { "64 bits, low byte first", EIGHT, "0:u64le", BIN, 0, 0,
      SALLY_TYPE_UNSIGNED, "578437695752307329" },
    { "registers swapped", "00003f80", "0:f32sw", BIN, 0, 0, SALLY_TYPE_FLOAT,
      "1" },
    { "whole number in swapped registers", "e2400001", "0:u32sw", BIN, 0, 0,
      SALLY_TYPE_UNSIGNED, "123456" },
    { "four registers swapped", "0000000000003ff0", "0:f64sw", BIN, 0, 0,
      SALLY_TYPE_FLOAT, "1" },
    { "single", "c2480000", "0:f32be", BIN, 0, 0, SALLY_TYPE_FLOAT, "-50" },
    { "single, low byte first", "000048c2", "0:f32le", BIN, 0, 0,
      SALLY_TYPE_FLOAT, "-50" },
    { "double", "4004000000000000", "0:f64be", BIN, 0, 0, SALLY_TYPE_FLOAT,
      "2.5" },
    { "single that is no number", "7fc00000", "0:f32be", BIN, 0,
      SALLY_E_OUT_OF_RANGE, 0, "" },
    { "single that is infinite", "ff800000", "0:f32be", BIN, 0,
      SALLY_E_OUT_OF_RANGE, 0, "" },
    { "double that is no number", "fff8000000000000", "0:f64be", BIN, 0,
      SALLY_E_OUT_OF_RANGE, 0, "" },
    { "last bytes", EIGHT, "6:u16be", BIN, 0, 0, SALLY_TYPE_UNSIGNED, "1800" },
    { "a byte too far", EIGHT, "7:u16be", BIN, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "past the end", EIGHT, "8:u8", BIN, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "far past the end", EIGHT, "99999:u8", BIN, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "a byte too few", "ffdd0c350001e24000", "0:u8", TEN, SALLY_E_TRUNCATED,
      0, 0, "" },
    { "a byte too many", REGISTERS "00", "0:u8", TEN, SALLY_E_TOO_LARGE, 0, 0,
      "" },
    { "no bytes", "", "0:u8", BIN, SALLY_E_TRUNCATED, 0, 0, "" },
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
