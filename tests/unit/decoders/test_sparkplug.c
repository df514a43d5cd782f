/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/decoders/test_sparkplug.c - metrics of Sparkplug B. */
#include "unit/decoders/decode.h"

static const struct sally_config_map sparkplug = {
    .format = SALLY_PAYLOAD_SPARKPLUG
};

/* Motor/Current 4.25, Motor/Running true, Bearing/Temp 61.5 */
#define BIRTH \
    "08d0acd1e5af32121f0a0d4d6f746f722f43757272656e74100118d0acd1e5af" \
    "3220096500008840121c0a0d4d6f746f722f52756e6e696e67100218d0acd1e5" \
    "af32200b700112220a0c42656172696e672f54656d70100318d0acd1e5af3220" \
    "0a690000000000c04e401801"

static const struct row rows[] = {
    { "float", BIRTH, "Motor/Current", &sparkplug, 0, 0, SALLY_TYPE_FLOAT,
      "4.25" },
    { "boolean", BIRTH, "Motor/Running", &sparkplug, 0, 0, SALLY_TYPE_BOOLEAN,
      "1" },
    { "double", BIRTH, "Bearing/Temp", &sparkplug, 0, 0, SALLY_TYPE_FLOAT,
      "61.5" },
    { "absent metric", BIRTH, "Motor", &sparkplug, 0, SALLY_E_NOT_FOUND, 0,
      "" },
    { "Int8", "08d0acd1e5af3212140a0161100118d0acd1e5af32200150ffffffff0f1801",
      "a", &sparkplug, 0, 0, SALLY_TYPE_INTEGER, "-1" },
    { "Int8 in eight bits",
      "08d0acd1e5af3212110a0161100118d0acd1e5af3220015080011801", "a",
      &sparkplug, 0, 0, SALLY_TYPE_INTEGER, "-128" },
    { "Int16", "08d0acd1e5af3212120a0161100118d0acd1e5af32200250ddff031801",
      "a", &sparkplug, 0, 0, SALLY_TYPE_INTEGER, "-35" },
    { "Int32", "08d0acd1e5af3212140a0161100118d0acd1e5af32200350ddffffff0f1801",
      "a", &sparkplug, 0, 0, SALLY_TYPE_INTEGER, "-35" },
    { "Int64",
      "08d0acd1e5af3212190a0161100118d0acd1e5af32200458ddffffffffffffffff011801",
      "a", &sparkplug, 0, 0, SALLY_TYPE_INTEGER, "-35" },
    { "UInt16", "08d0acd1e5af3212120a0161100118d0acd1e5af32200650ddff031801",
      "a", &sparkplug, 0, 0, SALLY_TYPE_UNSIGNED, "65501" },
    { "UInt64",
      "08d0acd1e5af3212190a0161100118d0acd1e5af32200858ffffffffffffffffff011801",
      "a", &sparkplug, 0, 0, SALLY_TYPE_UNSIGNED, "18446744073709551615" },
    { "number without a type",
      "08d0acd1e5af32120e0a0161100118d0acd1e5af3250071801", "a", &sparkplug, 0,
      0, SALLY_TYPE_UNSIGNED, "7" },
    { "text", "08d0acd1e5af3212120a0161100118d0acd1e5af32200c7a026f6e1801", "a",
      &sparkplug, 0, 0, SALLY_TYPE_STRING, "on" },
    { "bytes", "08d0acd1e5af3212130a0161100118d0acd1e5af32201182010201021801",
      "a", &sparkplug, 0, 0, SALLY_TYPE_OPAQUE, "AQI=" },
    { "the last of a name",
      "08d0acd1e5af3212100a0161100118d0acd1e5af322003500112100a0161100118d0acd1e5af32200350021801",
      "a", &sparkplug, 0, 0, SALLY_TYPE_INTEGER, "2" },
    { "null", "08d0acd1e5af3212100a0161100118d0acd1e5af32200338011801", "a",
      &sparkplug, 0, SALLY_E_WRONG_TYPE, 0, "" },
    { "without a value", "08d0acd1e5af32120e0a0161100118d0acd1e5af3220031801",
      "a", &sparkplug, 0, SALLY_E_WRONG_TYPE, 0, "" },
    { "without a name", "08d0acd1e5af32120d100118d0acd1e5af32200350051801", "a",
      &sparkplug, 0, SALLY_E_NOT_FOUND, 0, "" },
    { "no number",
      "08d0acd1e5af3212130a0161100118d0acd1e5af322009650000c07f1801", "a",
      &sparkplug, 0, SALLY_E_OUT_OF_RANGE, 0, "" },
    { "infinite",
      "08d0acd1e5af3212170a0161100118d0acd1e5af32200a69000000000000f07f1801",
      "a", &sparkplug, 0, SALLY_E_OUT_OF_RANGE, 0, "" },
    { "no metrics", "08d0acd1e5af321801", "a", &sparkplug, 0, SALLY_E_NOT_FOUND,
      0, "" },
    { "fields of later versions",
      "08d0acd1e5af3212170a0161100118d0acd1e5af3220035001980601a20601781801ed0461626364",
      "a", &sparkplug, 0, 0, SALLY_TYPE_INTEGER, "1" },
    { "empty", "", "a", &sparkplug, SALLY_E_TRUNCATED, 0, 0, "" },
    { "cut in a metric",
      "08d0acd1e5af32121f0a0d4d6f746f722f43757272656e74100118d0acd1", "a",
      &sparkplug, SALLY_E_MALFORMED, 0, 0, "" },
    { "cut in a number", "08d0", "a", &sparkplug, SALLY_E_MALFORMED, 0, 0, "" },
    { "number of eleven bytes", "08ffffffffffffffffffff01", "a", &sparkplug,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "length beyond the end", "12ffffffffffffffffff01", "a", &sparkplug,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "metric cut inside", "08d0acd1e5af3212040a0561621801", "a", &sparkplug,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "group, which no version has", "0b", "a", &sparkplug, SALLY_E_MALFORMED,
      0, 0, "" },
    { "unknown wire type", "0e", "a", &sparkplug, SALLY_E_MALFORMED, 0, 0, "" },
    { "field 0", "0001", "a", &sparkplug, SALLY_E_MALFORMED, 0, 0, "" },
    { "metric that is a number", "1001", "a", &sparkplug, SALLY_E_MALFORMED, 0,
      0, "" },
    { "name that is a number", "08d0acd1e5af32120208011801", "a", &sparkplug,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "float that is a double",
      "08d0acd1e5af32120c0a01616130313233343536371801", "a", &sparkplug,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "name that is not UTF-8", "08d0acd1e5af3212030a01ff1801", "a", &sparkplug,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "text that is not UTF-8", "08d0acd1e5af3212060a01617a01ff1801", "a",
      &sparkplug, SALLY_E_MALFORMED, 0, 0, "" },
    { "JSON", "7b2261223a317d", "a", &sparkplug, SALLY_E_MALFORMED, 0, 0, "" },
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
