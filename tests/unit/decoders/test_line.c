/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/decoders/test_line.c - values of InfluxDB's line protocol. */
#include "unit/decoders/decode.h"

static const struct sally_config_map line = { .format = SALLY_PAYLOAD_LINE };

#define LINE                                                                   \
    "weather,room=cellar,floor=-1 temp=21.5,n=-3i,u=18446744073709551615u,"    \
    "door=t,note=\"wet\" 1730816530000000000\n"

static const struct row rows[] = {
    { "field", LINE, "temp", &line, 0, 0, SALLY_TYPE_FLOAT, "21.5" },
    { "whole number", LINE, "n", &line, 0, 0, SALLY_TYPE_INTEGER, "-3" },
    { "beyond int64", LINE, "u", &line, 0, 0, SALLY_TYPE_UNSIGNED,
      "18446744073709551615" },
    { "boolean", LINE, "door", &line, 0, 0, SALLY_TYPE_BOOLEAN, "1" },
    { "text", LINE, "note", &line, 0, 0, SALLY_TYPE_STRING, "wet" },
    { "tag", LINE, "@room", &line, 0, 0, SALLY_TYPE_STRING, "cellar" },
    { "last tag", LINE, "@floor", &line, 0, 0, SALLY_TYPE_STRING, "-1" },
    { "field of the measurement", LINE, "weather temp", &line, 0, 0,
      SALLY_TYPE_FLOAT, "21.5" },
    { "tag of the measurement", LINE, "weather @room", &line, 0, 0,
      SALLY_TYPE_STRING, "cellar" },
    { "field of another measurement", LINE, "wind temp", &line, 0,
      SALLY_E_NOT_FOUND, 0, "" },
    { "tag is no field", LINE, "room", &line, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "field is no tag", LINE, "@temp", &line, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "part of a name", LINE, "tem", &line, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "more than a name", LINE, "temp1", &line, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "measurement is no field", LINE, "weather", &line, 0, SALLY_E_NOT_FOUND,
      0, "" },
    { "at alone", LINE, "@", &line, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "no tags, no time", "m v=1", "v", &line, 0, 0, SALLY_TYPE_FLOAT, "1" },
    { "all words for yes", "m a=T,b=true,c=True,d=TRUE", "d", &line, 0, 0,
      SALLY_TYPE_BOOLEAN, "1" },
    { "all words for no", "m a=f,b=F,c=false,d=False,e=FALSE", "e", &line, 0, 0,
      SALLY_TYPE_BOOLEAN, "0" },
    { "exponent", "m v=-1.5e3", "v", &line, 0, 0, SALLY_TYPE_FLOAT, "-1500" },
    { "the last line counts", "m v=1 1\nm v=2 2\n", "v", &line, 0, 0,
      SALLY_TYPE_FLOAT, "2" },
    { "a line without it is passed over", "m v=1 1\nm w=2 2\n", "v", &line, 0,
      0, SALLY_TYPE_FLOAT, "1" },
    { "the line of the measurement", "a v=1\nb v=2\n", "a v", &line, 0, 0,
      SALLY_TYPE_FLOAT, "1" },
    { "comments, empty lines, CR LF", "# x=y\r\n\r\nm v=1 7\r\n\r\nm v=2\r\n",
      "v", &line, 0, 0, SALLY_TYPE_FLOAT, "2" },
    { "escapes in names", "my\\ m,a\\=b=c\\,d e\\ f=1", "e f", &line, 0,
      SALLY_E_NOT_FOUND, 0, "" },
    { "escaped space behind a measurement", "my\\ m,a\\=b=c\\,d e\\=f=1", "e=f",
      &line, 0, 0, SALLY_TYPE_FLOAT, "1" },
    { "escaped field behind its measurement", "m e\\ f=1", "m e f", &line, 0, 0,
      SALLY_TYPE_FLOAT, "1" },
    { "escapes in a tag", "my\\ m,a\\=b=c\\,d\\x v=1", "@a=b", &line, 0, 0,
      SALLY_TYPE_STRING, "c,d\\x" },
    { "escapes in text", "m v=\"a \\\"b\\\", c=\\\\d\\n\"", "v", &line, 0, 0,
      SALLY_TYPE_STRING, "a \"b\", c=\\d\\n" },
    { "line end in text", "m v=\"a\nb\",w=2", "w", &line, 0, 0,
      SALLY_TYPE_FLOAT, "2" },
    { "separators in text", "m v=\"x,w=3 y\",w=2", "w", &line, 0, 0,
      SALLY_TYPE_FLOAT, "2" },
    { "empty text", "m v=\"\"", "v", &line, 0, 0, SALLY_TYPE_STRING, "" },
    { "empty", "", "v", &line, SALLY_E_TRUNCATED, 0, 0, "" },
    { "white space", "\r\n \n", "v", &line, SALLY_E_TRUNCATED, 0, 0, "" },
    { "comment alone", "# nothing", "v", &line, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "not UTF-8", "m v=\"\xff\"", "v", &line, SALLY_E_MALFORMED, 0, 0, "" },
    { "no fields", "m", "v", &line, SALLY_E_MALFORMED, 0, 0, "" },
    { "no fields but tags", "m,a=b", "v", &line, SALLY_E_MALFORMED, 0, 0, "" },
    { "field without a value", "m v=", "v", &line, SALLY_E_MALFORMED, 0, 0,
      "" },
    { "field without a name", "m =1", "v", &line, SALLY_E_MALFORMED, 0, 0, "" },
    { "field that is a name", "m v", "v", &line, SALLY_E_MALFORMED, 0, 0, "" },
    { "a comma too many", "m v=1, w=2", "v", &line, SALLY_E_MALFORMED, 0, 0,
      "" },
    { "tag without a value", "m,a= v=1", "v", &line, SALLY_E_MALFORMED, 0, 0,
      "" },
    { "tag without a name", "m,=a v=1", "v", &line, SALLY_E_MALFORMED, 0, 0,
      "" },
    { "tag that has two", "m,a=b=c v=1", "v", &line, SALLY_E_MALFORMED, 0, 0,
      "" },
    { "no measurement", ",a=b v=1", "v", &line, SALLY_E_MALFORMED, 0, 0, "" },
    { "word for a value", "m v=on", "v", &line, SALLY_E_MALFORMED, 0, 0, "" },
    { "no number", "m v=NaN", "v", &line, SALLY_E_MALFORMED, 0, 0, "" },
    { "infinite", "m v=inf", "v", &line, SALLY_E_MALFORMED, 0, 0, "" },
    { "too large", "m v=1e999", "v", &line, SALLY_E_OUT_OF_RANGE, 0, 0, "" },
    { "i alone", "m v=i", "v", &line, SALLY_E_MALFORMED, 0, 0, "" },
    { "whole number with a fraction", "m v=1.5i", "v", &line, SALLY_E_MALFORMED,
      0, 0, "" },
    { "whole number too large", "m v=9223372036854775808i", "v", &line,
      SALLY_E_OUT_OF_RANGE, 0, 0, "" },
    { "negative unsigned", "m v=-1u", "v", &line, SALLY_E_MALFORMED, 0, 0, "" },
    { "text without an end", "m v=\"a", "v", &line, SALLY_E_MALFORMED, 0, 0,
      "" },
    { "text that ends in a backslash", "m v=\"a\\", "v", &line,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "more behind text", "m v=\"a\"b", "v", &line, SALLY_E_MALFORMED, 0, 0,
      "" },
    { "a time that is none", "m v=1 now", "v", &line, SALLY_E_MALFORMED, 0, 0,
      "" },
    { "one broken line", "m v=1\nm\n", "v", &line, SALLY_E_MALFORMED, 0, 0,
      "" },
    { "JSON", "{\"v\":1}", "v", &line, SALLY_E_MALFORMED, 0, 0, "" },
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
