/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_senml_json.c - the specification's examples, and what
 * a hostile server may send instead.                                        */
#include "lwm2m/senml_json.h"
#include "unit/lwm2m/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define T0 "1700000000" /* a time that is absolute, in seconds */

static struct sally_registry registry;
static uint8_t kept[1024];
static struct sally_buf scratch;

static enum sally_err decode(const char *base, struct sally_span in,
                             struct sally_lwm2m_record *records, size_t room,
                             size_t *count)
{
    struct sally_path path = sample_path(base);

    scratch = SALLY_BUF(kept);
    return sally_senml_json_decode(&registry, &path, in, &scratch, records,
                                   room, count);
}

/* What we write, and its records; both ways must give the same. */
static const struct row {
    const char *what, *base, *json, *records;
} examples[] = {
    { "all of the device (LwM2M Core 1.1 s.7.4.5)", "/3/0",
      "[{\"bn\":\"/3/0/\",\"n\":\"0\",\"vs\":\"Open Mobile Alliance\"},"
      "{\"n\":\"6/0\",\"v\":1},{\"n\":\"6/1\",\"v\":5},{\"n\":\"9\",\"v\":100},"
      "{\"n\":\"13\",\"v\":1367491215},{\"n\":\"14\",\"vs\":\"+02:00\"}]",
      "/3/0/0=Open Mobile Alliance /3/0/6/0=1 /3/0/6/1=5 /3/0/9=100 "
      "/3/0/13=1367491215 /3/0/14=+02:00 " },
    { "object links under the root", "/",
      "[{\"bn\":\"/\",\"n\":\"65/0/0/0\",\"vlo\":\"66:0\"},"
      "{\"n\":\"65/0/0/1\",\"vlo\":\"66:1\"},"
      "{\"n\":\"66/1/2\",\"vlo\":\"65535:65535\"}]",
      "/65/0/0/0=66:0 /65/0/0/1=66:1 /66/1/2=65535:65535 " },
    { "one resource: the base name is all of it", "/3303/0/5700",
      "[{\"bn\":\"/3303/0/5700\",\"v\":21.5}]", "/3303/0/5700=21.5 " },
    { "a multiple resource", "/3/0/6",
      "[{\"bn\":\"/3/0/6/\",\"n\":\"0\",\"v\":1},{\"n\":\"1\",\"v\":5}]",
      "/3/0/6/0=1 /3/0/6/1=5 " },
    { "one resource instance", "/3/0/6/1", "[{\"bn\":\"/3/0/6/1\",\"v\":5}]",
      "/3/0/6/1=5 " },
    { "an object", "/3303",
      "[{\"bn\":\"/3303/\",\"n\":\"0/5700\",\"v\":0.1},"
      "{\"n\":\"7/5700\",\"v\":-1e+300}]",
      "/3303/0/5700=0.1 /3303/7/5700=-1e+300 " },
    { "whole numbers at their limits", "/9000/0",
      "[{\"bn\":\"/9000/0/\",\"n\":\"2\",\"v\":-9223372036854775808},"
      "{\"n\":\"2\",\"v\":9223372036854775807},"
      "{\"n\":\"3\",\"v\":18446744073709551615}]",
      "/9000/0/2=-9223372036854775808 /9000/0/2=9223372036854775807 "
      "/9000/0/3=18446744073709551615 " },
    { "opaque in base64url without padding", "/9000/0/6",
      "[{\"bn\":\"/9000/0/6\",\"vd\":\"--8_\"}]", "/9000/0/6=++8/ " },
    { "opaque that would have padding", "/9000/0/6",
      "[{\"bn\":\"/9000/0/6\",\"vd\":\"AA\"}]", "/9000/0/6=AA== " },
    { "booleans and a core link", "/9000/0",
      "[{\"bn\":\"/9000/0/\",\"n\":\"5\",\"vb\":true},"
      "{\"n\":\"15/3\",\"vb\":false},{\"n\":\"9\",\"vs\":\"</3>\"}]",
      "/9000/0/5=1 /9000/0/15/3=0 /9000/0/9=</3> " },
    { "text that needs escapes", "/9000/0/1",
      "[{\"bn\":\"/9000/0/1\",\"vs\":\"a\\\"b\\\\c\\n\\u0001\303\244\"}]",
      "/9000/0/1=a\"b\\c\n\001\303\244 " },
    { "a history of one resource", "/3303/0/5700",
      "[{\"bn\":\"/3303/0/5700\",\"bt\":" T0 ".123,\"v\":1},"
      "{\"t\":-0.123,\"v\":2},{\"t\":59.9,\"v\":3}]",
      "/3303/0/5700=1@1700000000123 /3303/0/5700=2@1700000000000 "
      "/3303/0/5700=3@1700000060023 " },
    { "the same time for all", "/3303/0",
      "[{\"bn\":\"/3303/0/\",\"bt\":" T0 ",\"n\":\"5700\",\"v\":1},"
      "{\"n\":\"5601\",\"v\":2}]",
      "/3303/0/5700=1@1700000000000 /3303/0/5601=2@1700000000000 " },
    { "a time for some only", "/3303/0",
      "[{\"bn\":\"/3303/0/\",\"n\":\"5700\",\"t\":" T0 ".05,\"v\":1},"
      "{\"n\":\"5601\",\"v\":2}]",
      "/3303/0/5700=1@1700000000050 /3303/0/5601=2 " },
    { "nothing", "/3303/0", "[]", "" },
};

static void check_example(const struct row *row)
{
    struct sally_span in = sally_span_of(row->json);
    struct sally_path base = sample_path(row->base);
    struct sally_lwm2m_record records[16];
    uint8_t out[1024];
    struct sally_buf buf = SALLY_BUF(out);
    struct sally_writer w = sally_writer_into(&buf);
    size_t count = 99;
    enum sally_err e =
        decode(row->base, in, records, SALLY_LEN(records), &count);

    if (e != SALLY_E_OK)
        fail_msg("%s: %s", row->what, sally_err_text(e));
    if (strcmp(sample_told(records, count), row->records) != 0)
        fail_msg("%s: read %s", row->what, sample_told(records, count));
    e = sally_senml_json_encode(&base, records, count, &w);
    if (e != SALLY_E_OK || !sally_span_equal(sally_buf_span(&buf), in))
        fail_msg("%s: wrote %.*s", row->what, (int)buf.len, (char *)out);
}

static void reads_and_writes_the_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(examples); i++)
        check_example(&examples[i]);
}

static const struct row accepted[] = {
    { "a link as Leshan writes it", "/66/0",
      "[{\"bn\":\"/66/0/\",\"n\":\"2\",\"vs\":\"21:0\"}]", "/66/0/2=21:0 " },
    { "full names without a base name", "/",
      "[{\"n\":\"/3/0/9\",\"v\":100},{\"n\":\"/3303/0/5700\",\"v\":1}]",
      "/3/0/9=100 /3303/0/5700=1 " },
    { "a base record of its own", "/3/0",
      "[{\"bn\":\"/3/0/\"},{\"n\":\"9\",\"v\":1}]", "/3/0/9=1 " },
    { "a base name that changes", "/",
      "[{\"bn\":\"/3/0/\",\"n\":\"9\",\"v\":1},"
      "{\"bn\":\"/3303/0/\",\"n\":\"5700\",\"v\":2}]",
      "/3/0/9=1 /3303/0/5700=2 " },
    { "a base name cut inside a number", "/3303",
      "[{\"bn\":\"/3303/0/57\",\"n\":\"00\",\"v\":2}]", "/3303/0/5700=2 " },
    { "a base value adds up", "/3303",
      "[{\"bn\":\"/3303/0/\",\"bv\":20,\"n\":\"5700\",\"v\":1.5},"
      "{\"n\":\"5601\",\"v\":-20}]",
      "/3303/0/5700=21.5 /3303/0/5601=0 " },
    { "a whole number in another notation", "/3/0",
      "[{\"n\":\"/3/0/9\",\"v\":1.0e2}]", "/3/0/9=100 " },
    { "0 and 1 as a boolean", "/9000/0", "[{\"n\":\"/9000/0/5\",\"v\":1}]",
      "/9000/0/5=1 " },
    { "relative times are not known", "/3303/0/5700",
      "[{\"bn\":\"/3303/0/5700\",\"bt\":-5,\"v\":1},{\"t\":268435460,\"v\":2},"
      "{\"t\":268435461,\"v\":3}]",
      "/3303/0/5700=1 /3303/0/5700=2 /3303/0/5700=3@268435456000 " },
    { "units, sums and unknown fields", "/3303/0/5700",
      "[{\"bn\":\"/3303/0/5700\",\"bu\":\"Cel\",\"u\":\"K\",\"s\":3,\"ut\":1,"
      "\"x\":{\"y\":[1,null]},\"v\":1}]",
      "/3303/0/5700=1 " },
    { "the version that we know", "/3303/0/5700",
      "[{\"bver\":10,\"bn\":\"/3303/0/5700\",\"v\":1}]", "/3303/0/5700=1 " },
    { "padded base64url", "/9000/0/6",
      "[{\"bn\":\"/9000/0/6\",\"vd\":\"AA==\"}]", "/9000/0/6=AA== " },
    { "escaped letters and white space", "/9000/0/1",
      " [ { \"\\u0062n\" : \"\\/9000/0/1\" , \"vs\" : \"\\u00e4\\ud83d\\ude00\""
      "} ]\r\n",
      "/9000/0/1=\303\244\360\237\230\200 " },
    { "milliseconds of a late year", "/3303/0/5700",
      "[{\"n\":\"/3303/0/5700\",\"t\":253402300799.999,\"v\":1}]",
      "/3303/0/5700=1@253402300799999 " },
};

static void accepts_what_others_write(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(accepted); i++) {
        const struct row *row = &accepted[i];
        struct sally_lwm2m_record records[8];
        size_t count = 99;
        enum sally_err e = decode(row->base, sally_span_of(row->json), records,
                                  SALLY_LEN(records), &count);

        if (e != SALLY_E_OK)
            fail_msg("%s: %s", row->what, sally_err_text(e));
        if (strcmp(sample_told(records, count), row->records) != 0)
            fail_msg("%s: read %s", row->what, sample_told(records, count));
    }
}

#define NINE "\"n\":\"/3/0/9\""
static const struct refused {
    const char *what, *json;
    enum sally_err want;
} refused[] = {
    { "nothing", "", SALLY_E_TRUNCATED },
    { "an object", "{}", SALLY_E_MALFORMED },
    { "a number in the pack", "[1]", SALLY_E_MALFORMED },
    { "two packs", "[][]", SALLY_E_MALFORMED },
    { "a record without a value", "[{" NINE "}]", SALLY_E_MALFORMED },
    { "a time without a value", "[{\"bn\":\"/3/0/9\",\"t\":1}]",
      SALLY_E_MALFORMED },
    { "two values", "[{" NINE ",\"v\":1,\"vs\":\"x\"}]", SALLY_E_MALFORMED },
    { "a null value", "[{" NINE ",\"v\":null}]", SALLY_E_MALFORMED },
    { "a text as a number", "[{" NINE ",\"v\":\"1\"}]", SALLY_E_MALFORMED },
    { "a number as a text", "[{" NINE ",\"vs\":1}]", SALLY_E_MALFORMED },
    { "a number as a boolean field", "[{" NINE ",\"vb\":1}]",
      SALLY_E_MALFORMED },
    { "a text for a number", "[{" NINE ",\"vs\":\"1\"}]", SALLY_E_WRONG_TYPE },
    { "a fraction for a whole number", "[{" NINE ",\"v\":1.5}]",
      SALLY_E_OUT_OF_RANGE },
    { "a whole number beyond 64 bits", "[{" NINE
      ",\"v\":18446744073709551616}]",
      SALLY_E_OUT_OF_RANGE },
    { "an unsigned for a signed number", "[{" NINE
      ",\"v\":9223372036854775808}]",
      SALLY_E_OUT_OF_RANGE },
    { "NaN", "[{" NINE ",\"v\":NaN}]", SALLY_E_MALFORMED },
    { "a number beyond doubles", "[{" NINE ",\"v\":1e999}]",
      SALLY_E_OUT_OF_RANGE },
    { "a base value and a value beyond doubles",
      "[{\"n\":\"/3303/0/5700\",\"bv\":1e308,\"v\":1e308}]",
      SALLY_E_OUT_OF_RANGE },
    { "a base value that is text", "[{" NINE ",\"bv\":\"1\",\"v\":1}]",
      SALLY_E_MALFORMED },
    { "a time beyond all clocks", "[{" NINE ",\"t\":1e18,\"v\":1}]",
      SALLY_E_OUT_OF_RANGE },
    { "two times beyond all clocks together",
      "[{" NINE ",\"bt\":9e11,\"t\":2e11,\"v\":1}]", SALLY_E_OUT_OF_RANGE },
    { "a time that is text", "[{" NINE ",\"t\":\"1\",\"v\":1}]",
      SALLY_E_MALFORMED },
    { "a name that is a number", "[{\"n\":9,\"v\":1}]", SALLY_E_MALFORMED },
    { "no name at all", "[{\"v\":1}]", SALLY_E_MALFORMED },
    { "a name that is no path", "[{\"n\":\"temperature\",\"v\":1}]",
      SALLY_E_MALFORMED },
    { "a name too long for a path",
      "[{\"bn\":\"/3303/00000000000000000000\",\"n\":\"000000000\",\"v\":1}]",
      SALLY_E_MALFORMED },
    { "a path with the reserved id", "[{\"n\":\"/3/65535/9\",\"v\":1}]",
      SALLY_E_OUT_OF_RANGE },
    { "a path that is no resource", "[{\"n\":\"/3/0\",\"v\":1}]",
      SALLY_E_NOT_FOUND },
    { "an unknown resource", "[{\"n\":\"/3/0/99\",\"v\":1}]",
      SALLY_E_NOT_FOUND },
    { "a path outside the base", "[{\"n\":\"/3303/0/5700\",\"v\":1}]",
      SALLY_E_NOT_ALLOWED },
    { "a later version", "[{\"bver\":11," NINE ",\"v\":1}]",
      SALLY_E_UNSUPPORTED },
    { "a field that must be understood", "[{\"x_\":1," NINE ",\"v\":1}]",
      SALLY_E_UNSUPPORTED },
    { "a link without a colon", "[{\"n\":\"/66/0/2\",\"vlo\":\"66\"}]",
      SALLY_E_MALFORMED },
    { "a text that is no link", "[{\"n\":\"/66/0/2\",\"vs\":\"66\"}]",
      SALLY_E_MALFORMED },
    { "a link beyond 65535", "[{\"n\":\"/66/0/2\",\"vlo\":\"66:65536\"}]",
      SALLY_E_OUT_OF_RANGE },
    { "opaque with a foreign character",
      "[{\"n\":\"/9000/0/6\",\"vd\":\"A+\"}]", SALLY_E_MALFORMED },
    { "more values than there is room for",
      "[{" NINE ",\"v\":1},{" NINE ",\"v\":1},{" NINE ",\"v\":1}]",
      SALLY_E_NO_ROOM },
};

/* Most rows are about /3/0/9; those about another object say so in a name. */
static const char *base_of(const struct refused *row)
{
    if (row->want == SALLY_E_NOT_ALLOWED)
        return "/3";
    return "/";
}

static void refuses_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(refused); i++) {
        struct sally_lwm2m_record records[2];
        size_t count = 99;
        enum sally_err e =
            decode(base_of(&refused[i]), sally_span_of(refused[i].json),
                   records, SALLY_LEN(records), &count);

        if (e != refused[i].want)
            fail_msg("%s: %s", refused[i].what, sally_err_text(e));
        if (count != 99)
            fail_msg("%s: count changed", refused[i].what);
    }
}

static void never_reads_past_a_cut(void **state)
{
    struct sally_span whole = sally_span_of(examples[0].json);

    (void)state;
    for (size_t cut = 0; cut < whole.len; cut++) {
        uint8_t *in = malloc(cut == 0 ? 1 : cut); /* for the sanitizer */
        struct sally_lwm2m_record records[16];
        size_t count;
        enum sally_err e;

        memcpy(in, whole.at, cut);
        e = decode("/3/0", (struct sally_span){ in, cut }, records, 16, &count);
        assert_true(e == SALLY_E_TRUNCATED || e == SALLY_E_MALFORMED);
        free(in);
    }
}

static void bounds_depth_and_size(void **state)
{
    static uint8_t big[70000];
    struct sally_lwm2m_record records[1];
    size_t count;

    (void)state;
    memset(big, '[', sizeof(big));
    assert_int_equal(decode("/", (struct sally_span){ big, 1000 }, records, 1,
                            &count),
                     SALLY_E_TOO_LARGE);
    memset(big, ' ', sizeof(big));
    assert_int_equal(decode("/", (struct sally_span){ big, sizeof(big) },
                            records, 1, &count),
                     SALLY_E_TOO_LARGE);
}

static void needs_scratch_for_text(void **state)
{
    struct sally_path path = sample_path("/9000/0/1");
    struct sally_buf tiny = { kept, 0, 3 };
    struct sally_lwm2m_record record;
    size_t count;

    (void)state;
    assert_int_equal(
        sally_senml_json_decode(
            &registry, &path,
            sally_span_of("[{\"bn\":\"/9000/0/1\",\"vs\":\"abcd\"}]"), &tiny,
            &record, 1, &count),
        SALLY_E_NO_ROOM);
}

static void refuses_to_write(void **state)
{
    uint8_t out[20];
    struct sally_buf buf = SALLY_BUF(out);
    struct sally_writer w = sally_writer_into(&buf);
    struct sally_path other = sample_path("/3/0");
    struct sally_lwm2m_record record = { .path = sample_path("/3303/0/5700"),
                                         .value = sally_value_real(1) };

    (void)state;
    assert_int_equal(sally_senml_json_encode(&other, &record, 1, &w),
                     SALLY_E_NOT_ALLOWED);
    assert_int_equal(sally_senml_json_encode(&record.path, &record, 1, &w),
                     SALLY_E_NO_ROOM);
    record.value = sally_value_real(1.0 / 0.0);
    assert_int_equal(sally_senml_json_encode(&record.path, &record, 1, &w),
                     SALLY_E_OUT_OF_RANGE);
    record.value.type = SALLY_TYPE_NONE;
    assert_int_equal(sally_senml_json_encode(&record.path, &record, 1, &w),
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
        cmocka_unit_test(never_reads_past_a_cut),
        cmocka_unit_test(bounds_depth_and_size),
        cmocka_unit_test(needs_scratch_for_text),
        cmocka_unit_test(refuses_to_write),
    };

    return cmocka_run_group_tests(tests, open_registry, close_registry);
}
