/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/decoders/test_csv.c - values by their column. */
#include "unit/decoders/decode.h"

static const struct sally_config_map commas = { .format = SALLY_PAYLOAD_CSV,
                                                .sep = "," };
static const struct sally_config_map semicolons = { .format = SALLY_PAYLOAD_CSV,
                                                    .sep = ";" };
static const struct sally_config_map tabs = { .format = SALLY_PAYLOAD_CSV,
                                              .sep = "\t" };
#define CSV &commas
#define SEMICOLON &semicolons
#define TAB &tabs

static const struct row rows[] = {
    { "column", "7.82,81,3.6\n", "1", CSV, 0, 0, SALLY_TYPE_STRING, "81" },
    { "first column", "7.82,81", "0", CSV, 0, 0, SALLY_TYPE_STRING, "7.82" },
    { "last column", "7.82,81\r\n", "1", CSV, 0, 0, SALLY_TYPE_STRING, "81" },
    { "column past the end", "7.82,81", "2", CSV, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "empty column", "7.82,,3.6", "1", CSV, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "empty last column", "7.82,", "1", CSV, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "column of spaces", "7.82,  ,3", "1", CSV, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "spaces around", "7.82, 81 ,3", "1", CSV, 0, 0, SALLY_TYPE_STRING, "81" },
    { "the last line counts", "t,h\r\n1,2\r\n3,4\r\n\r\n", "0", CSV, 0, 0,
      SALLY_TYPE_STRING, "3" },
    { "semicolon", "7,82;81", "0", SEMICOLON, 0, 0, SALLY_TYPE_STRING,
      "7,82" },
    { "tab, first column empty", "\t81\t", "1", TAB, 0, 0, SALLY_TYPE_STRING,
      "81" },
    { "separator in quotes", "\"a,b\",c", "0", CSV, 0, 0, SALLY_TYPE_STRING,
      "a,b" },
    { "after quotes", "\"a,b\",c", "1", CSV, 0, 0, SALLY_TYPE_STRING, "c" },
    { "spaces in quotes stay", "\" a \"", "0", CSV, 0, 0, SALLY_TYPE_STRING,
      " a " },
    { "quotes without an end", "1,\"a,b", "1", CSV, 0, SALLY_E_MALFORMED, 0,
      "" },
    { "text after quotes", "\"a\"b,c", "1", CSV, 0, SALLY_E_MALFORMED, 0, "" },
    { "quotes further on do no harm", "1,\"a", "0", CSV, 0, 0,
      SALLY_TYPE_STRING, "1" },
    { "empty CSV", "", "0", CSV, SALLY_E_TRUNCATED, 0, 0, "" },
    { "CSV of line ends", "\r\n\n", "0", CSV, SALLY_E_TRUNCATED, 0, 0, "" },
    { "CSV that is not UTF-8", "1,\xff", "0", CSV, SALLY_E_MALFORMED, 0, 0,
      "" },
};

static void decodes_each_row(void **state)
{
    (void)state;
    decode_rows(rows, SALLY_LEN(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_each_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
