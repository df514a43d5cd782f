/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_senml_cbor.c - packs as another encoder writes them,
 * and what a hostile server may send instead.                               */
#include "lwm2m/senml_cbor.h"
#include "base/text.h"
#include "unit/lwm2m/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sally_registry registry;

static size_t bytes_of(const char *hex, uint8_t *out, size_t room)
{
    struct sally_buf buf = { out, 0, room };

    assert_int_equal(sally_text_hex(sally_span_of(hex), &buf), SALLY_E_OK);
    return buf.len;
}

static enum sally_err decode(const char *base, struct sally_span in,
                             struct sally_lwm2m_record *records, size_t room,
                             size_t *count)
{
    struct sally_path path = sample_path(base);
    struct sally_buf none = { NULL, 0, 0 };

    return sally_senml_cbor_decode(&registry, &path, in, &none, records, room,
                                   count);
}

/* What we write, and its records; both ways must give the same. */
static const struct row {
    const char *what, *base, *hex, *records;
} examples[] = {
    { "all of the device (LwM2M Core 1.1 s.7.4.6)", "/3/0",
      "86A321652F332F302F00613003744F70656E204D6F62696C6520416C6C69616E6365"
      "A20063362F300201A20063362F310205A2006139021864"
      "A200623133021A5182428FA20062313403662B30323A3030",
      "/3/0/0=Open Mobile Alliance /3/0/6/0=1 /3/0/6/1=5 /3/0/9=100 "
      "/3/0/13=1367491215 /3/0/14=+02:00 " },
    { "object links under the root", "/",
      "82A321612F006836352F302F302F3063766C6F6436363A30"
      "A2006636362F312F3263766C6F6B36353533353A3635353335",
      "/65/0/0/0=66:0 /66/1/2=65535:65535 " },
    { "whole numbers at their limits", "/9000/0",
      "83A321682F393030302F302F006132023B7FFFFFFFFFFFFFFF"
      "A2006132021B7FFFFFFFFFFFFFFFA2006133021BFFFFFFFFFFFFFFFF",
      "/9000/0/2=-9223372036854775808 /9000/0/2=9223372036854775807 "
      "/9000/0/3=18446744073709551615 " },
    { "opaque, booleans and a core link", "/9000/0",
      "84A321682F393030302F302F00613608420001A200613504F5"
      "A2006431352F3304F4A200613903643C2F333E",
      "/9000/0/6=AAE= /9000/0/5=1 /9000/0/15/3=0 /9000/0/9=</3> " },
    { "a history of one resource", "/3303/0/5700",
      "83A3216C2F333330332F302F3537303022FB41D954FC4007DF3B02F93C00"
      "A206FBBFBF7CED916872B002F94000A206FB404DF3333333333302F94200",
      "/3303/0/5700=1@1700000000123 /3303/0/5700=2@1700000000000 "
      "/3303/0/5700=3@1700000060023 " },
    { "whole seconds as a whole number", "/3303/0/5700",
      "81A3216C2F333330332F302F35373030221A6553F10002F94D60",
      "/3303/0/5700=21.5@1700000000000 " },
    { "a single, since a half would round", "/3303/0/5700",
      "81A2216C2F333330332F302F3537303002FA41AC0001",
      "/3303/0/5700=21.500001907348633 " },
    { "a double, since a single would round", "/3303/0/5700",
      "81A2216C2F333330332F302F3537303002FB3FB999999999999A",
      "/3303/0/5700=0.1 " },
    { "nothing", "/3303/0", "80", "" },
};

static void check_example(const struct row *row)
{
    uint8_t in[512], out[512];
    size_t len = bytes_of(row->hex, in, sizeof(in)), count = 99;
    struct sally_path base = sample_path(row->base);
    struct sally_lwm2m_record records[16];
    struct sally_buf buf = SALLY_BUF(out);
    struct sally_writer w = sally_writer_into(&buf);
    enum sally_err e = decode(row->base, (struct sally_span){ in, len },
                              records, SALLY_LEN(records), &count);

    if (e != SALLY_E_OK)
        fail_msg("%s: %s", row->what, sally_err_text(e));
    if (strcmp(sample_told(records, count), row->records) != 0)
        fail_msg("%s: read %s", row->what, sample_told(records, count));
    e = sally_senml_cbor_encode(&base, records, count, &w);
    if (e != SALLY_E_OK || buf.len != len || memcmp(in, out, len) != 0)
        fail_msg("%s: written differently", row->what);
}

static void reads_and_writes_the_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(examples); i++)
        check_example(&examples[i]);
}

/* "/3/0/9" as a name is 0066 2F332F302F39. */
#define NINE "00662F332F302F39"

static const struct row accepted[] = {
    { "a link as Leshan writes it", "/66/0",
      "81A321662F36362F302F006132036432313A30", "/66/0/2=21:0 " },
    { "arrays and maps without a length", "/3/0", "9FBF" NINE "0201FFFF",
      "/3/0/9=1 " },
    { "a tag before the number", "/3/0", "81A2" NINE "02C101", "/3/0/9=1 " },
    { "a whole number as a half", "/3/0", "81A2" NINE "02F95640",
      "/3/0/9=100 " },
    { "labels as texts", "/3/0", "81A2616E662F332F302F39617601",
      "/3/0/9=1 " },
    { "an unknown label with a nested value", "/3/0",
      "81A3" NINE "18648201A10203" "0201", "/3/0/9=1 " },
    { "an unknown label of 2^64 - 1", "/3/0",
      "81A3" NINE "1BFFFFFFFFFFFFFFFF000201", "/3/0/9=1 " },
    { "an unknown label of -2^64", "/3/0",
      "81A3" NINE "3BFFFFFFFFFFFFFFFF000201", "/3/0/9=1 " },
    { "a longer head than needed", "/3/0", "9A00000001A2" NINE "0219 0001",
      "/3/0/9=1 " },
    { "a base record of its own", "/3/0",
      "82A121652F332F302FA2006139 0201", "/3/0/9=1 " },
};

static size_t spaced_bytes_of(const char *hex, uint8_t *out, size_t room)
{
    char digits[256];
    size_t n = 0;

    for (; *hex != '\0'; hex++)
        if (*hex != ' ')
            digits[n++] = *hex;
    digits[n] = '\0';
    return bytes_of(digits, out, room);
}

static void accepts_what_others_write(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(accepted); i++) {
        const struct row *row = &accepted[i];
        uint8_t in[128];
        size_t len = spaced_bytes_of(row->hex, in, sizeof(in)), count = 99;
        struct sally_lwm2m_record records[8];
        enum sally_err e = decode(row->base, (struct sally_span){ in, len },
                                  records, SALLY_LEN(records), &count);

        if (e != SALLY_E_OK)
            fail_msg("%s: %s", row->what, sally_err_text(e));
        if (strcmp(sample_told(records, count), row->records) != 0)
            fail_msg("%s: read %s", row->what, sample_told(records, count));
    }
}

static const struct refused {
    const char *what, *hex;
    enum sally_err want;
} refused[] = {
    { "nothing", "", SALLY_E_TRUNCATED },
    { "a map", "A0", SALLY_E_MALFORMED },
    { "a number in the pack", "8101", SALLY_E_MALFORMED },
    { "a second pack", "8080", SALLY_E_MALFORMED },
    { "an array of 2^64 - 1 records", "9BFFFFFFFFFFFFFFFF", SALLY_E_TRUNCATED },
    { "a map of 2^63 pairs", "81BB8000000000000000", SALLY_E_TRUNCATED },
    { "a text of 2^64 - 1 bytes", "81A1007BFFFFFFFFFFFFFFFF",
      SALLY_E_TRUNCATED },
    { "bytes of 2^32 bytes", "81A1085B0000000100000000", SALLY_E_TRUNCATED },
    { "an array without its break", "9F", SALLY_E_TRUNCATED },
    { "a break where a value belongs", "81BF00FFFF", SALLY_E_MALFORMED },
    { "a break in an array with a length", "82FFFF", SALLY_E_MALFORMED },
    { "a tag before a break", "9FC1FF", SALLY_E_MALFORMED },
    { "a reserved head", "1C", SALLY_E_MALFORMED },
    { "an array as a label", "81A18000", SALLY_E_MALFORMED },
    { "a label twice", "81A3" NINE "02010201", SALLY_E_MALFORMED },
    { "a name twice", "81A3" NINE NINE "0201", SALLY_E_MALFORMED },
    { "two values", "81A3" NINE "020104F5", SALLY_E_MALFORMED },
    { "no value", "81A1" NINE, SALLY_E_MALFORMED },
    { "null as a value", "81A2" NINE "02F6", SALLY_E_MALFORMED },
    { "an array as a value", "81A2" NINE "028101", SALLY_E_MALFORMED },
    { "text as a number", "81A2" NINE "026131", SALLY_E_MALFORMED },
    { "a number as data", "81A2" NINE "0801", SALLY_E_MALFORMED },
    { "text for a number", "81A2" NINE "036131", SALLY_E_WRONG_TYPE },
    { "NaN", "81A2" NINE "02F97E00", SALLY_E_OUT_OF_RANGE },
    { "infinity", "81A2" NINE "02F97C00", SALLY_E_OUT_OF_RANGE },
    { "a fraction", "81A2" NINE "02F93E00", SALLY_E_OUT_OF_RANGE },
    { "2^64 - 1 for a signed number", "81A2" NINE "021BFFFFFFFFFFFFFFFF",
      SALLY_E_OUT_OF_RANGE },
    { "-2^64", "81A2" NINE "023BFFFFFFFFFFFFFFFF", SALLY_E_OUT_OF_RANGE },
    { "a time that is NaN", "81A3" NINE "06F97E000201", SALLY_E_OUT_OF_RANGE },
    { "a name that is not UTF-8", "81A20061FF0201", SALLY_E_MALFORMED },
    { "a name in chunks", "81A2007F612FFF0201", SALLY_E_UNSUPPORTED },
    { "a later version", "81A3200B" NINE "0201", SALLY_E_UNSUPPORTED },
    { "a field that must be understood", "81A362785F01" NINE "0201",
      SALLY_E_UNSUPPORTED },
    { "more values than there is room for",
      "83A2" NINE "0201A2" NINE "0201A2" NINE "0201", SALLY_E_NO_ROOM },
};

static void refuses_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(refused); i++) {
        uint8_t in[128];
        size_t len = bytes_of(refused[i].hex, in, sizeof(in)), count = 99;
        struct sally_lwm2m_record records[2];
        enum sally_err e = decode("/", (struct sally_span){ in, len }, records,
                                  SALLY_LEN(records), &count);

        if (e != refused[i].want)
            fail_msg("%s: %s", refused[i].what, sally_err_text(e));
        if (count != 99)
            fail_msg("%s: count changed", refused[i].what);
    }
}

static void bounds_depth(void **state)
{
    uint8_t deep[1000];
    struct sally_lwm2m_record record;
    size_t count;

    (void)state;
    memset(deep, 0x81, sizeof(deep));
    deep[1] = 0xa1; /* [{100: [[[... */
    deep[2] = 0x18;
    deep[3] = 100;
    assert_int_equal(decode("/", (struct sally_span){ deep, sizeof(deep) },
                            &record, 1, &count),
                     SALLY_E_TOO_LARGE);
}

static void never_reads_past_a_cut(void **state)
{
    uint8_t whole[512];
    size_t len = bytes_of(examples[0].hex, whole, sizeof(whole));

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *in = malloc(cut == 0 ? 1 : cut); /* for the sanitizer */
        struct sally_lwm2m_record records[16];
        size_t count;

        memcpy(in, whole, cut);
        assert_int_equal(decode("/3/0", (struct sally_span){ in, cut }, records,
                                16, &count),
                         SALLY_E_TRUNCATED);
        free(in);
    }
}

static void refuses_to_write(void **state)
{
    uint8_t out[8];
    struct sally_buf buf = SALLY_BUF(out);
    struct sally_writer w = sally_writer_into(&buf);
    struct sally_path other = sample_path("/3/0");
    struct sally_lwm2m_record record = { .path = sample_path("/3303/0/5700"),
                                         .value = sally_value_real(1) };

    (void)state;
    assert_int_equal(sally_senml_cbor_encode(&other, &record, 1, &w),
                     SALLY_E_NOT_ALLOWED);
    assert_int_equal(sally_senml_cbor_encode(&record.path, &record, 1, &w),
                     SALLY_E_NO_ROOM);
    record.value = sally_value_real(1.0 / 0.0);
    assert_int_equal(sally_senml_cbor_encode(&record.path, &record, 1, &w),
                     SALLY_E_OUT_OF_RANGE);
    record.value.type = SALLY_TYPE_NONE;
    assert_int_equal(sally_senml_cbor_encode(&record.path, &record, 1, &w),
                     SALLY_E_WRONG_TYPE);
}

static int open_registry(void **state)
{
    (void)state;
    sample_registry(&registry);
    return 0;
}

static int close_registry(void **state)
{
    (void)state;
    sally_registry_wipe(&registry);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_the_examples),
        cmocka_unit_test(accepts_what_others_write),
        cmocka_unit_test(refuses_each_row),
        cmocka_unit_test(bounds_depth),
        cmocka_unit_test(never_reads_past_a_cut),
        cmocka_unit_test(refuses_to_write),
    };

    return cmocka_run_group_tests(tests, open_registry, close_registry);
}
