/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_text.c - the formats that carry one value without its
 * path: plain text, opaque and CBOR.                                        */
#include "lwm2m/text.h"
#include "lwm2m/cbor.h"
#include "lwm2m/opaque.h"
#include "unit/lwm2m/sample.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct sally_registry registry;

static const struct row {
    const char *what, *base, *payload, *records;
    enum sally_err want;
} texts[] = {
    { "a float", "/3303/0/5700", "21.5", "/3303/0/5700=21.5 ", SALLY_E_OK },
    { "a whole number for a float", "/3303/0/5700", "21",
      "/3303/0/5700=21 ", SALLY_E_OK },
    { "a resource instance", "/3/0/6/1", "5", "/3/0/6/1=5 ", SALLY_E_OK },
    { "an empty string", "/3303/0/5701", "", "/3303/0/5701= ", SALLY_E_OK },
    { "opaque in base64", "/9000/0/6", "AAE=", "/9000/0/6=AAE= ",
      SALLY_E_OK },
    { "a float that is none", "/3303/0/5700", "warm", NULL,
      SALLY_E_MALFORMED },
    { "a float above its range", "/9000/0/21", "10.5", NULL,
      SALLY_E_OUT_OF_RANGE },
    { "an instance", "/3303/0", "1", NULL, SALLY_E_NOT_ALLOWED },
    { "all of a multiple resource", "/3/0/6", "1", NULL, SALLY_E_NOT_FOUND },
    { "an unknown resource", "/3303/0/1", "1", NULL, SALLY_E_NOT_FOUND },
    { "an executable resource", "/3303/0/5605", "1", NULL,
      SALLY_E_WRONG_TYPE },
};

static const struct row opaques[] = {
    { "bytes", "/9000/0/6", "\xff\x01", "/9000/0/6=/wE= ", SALLY_E_OK },
    { "no bytes", "/9000/0/6", "", "/9000/0/6= ", SALLY_E_OK },
    { "too many bytes", "/9000/0/24", "abcd", NULL, SALLY_E_OUT_OF_RANGE },
    { "a float", "/3303/0/5700", "abcd", NULL, SALLY_E_WRONG_TYPE },
    { "an instance", "/3303/0", "abcd", NULL, SALLY_E_NOT_ALLOWED },
    { "an unknown resource", "/3303/0/1", "abcd", NULL, SALLY_E_NOT_FOUND },
};

static const struct row items[] = {
    { "a half", "/3303/0/5700", "\xf9\x4d\x60", "/3303/0/5700=21.5 ",
      SALLY_E_OK },
    { "a whole number for a float", "/3303/0/5700", "\x15",
      "/3303/0/5700=21 ", SALLY_E_OK },
    { "a tagged time", "/9000/0/7", "\xc1\x1a\x51\x82\x42\x8f",
      "/9000/0/7=1367491215 ", SALLY_E_OK },
    { "text", "/9000/0/1", "\x61x", "/9000/0/1=x ", SALLY_E_OK },
    { "bytes", "/9000/0/6", "\x41\xff", "/9000/0/6=/w== ", SALLY_E_OK },
    { "true", "/9000/0/5", "\xf5", "/9000/0/5=1 ", SALLY_E_OK },
    { "a link", "/9000/0/8", "\x64" "66:1", "/9000/0/8=66:1 ", SALLY_E_OK },
    { "a link without a colon", "/9000/0/8", "\x62" "66", NULL,
      SALLY_E_MALFORMED },
    { "text for a float", "/3303/0/5700", "\x62" "21", NULL,
      SALLY_E_WRONG_TYPE },
    { "null", "/3303/0/5700", "\xf6", NULL, SALLY_E_MALFORMED },
    { "an array", "/3303/0/5700", "\x81\x01", NULL, SALLY_E_MALFORMED },
    { "two items", "/3303/0/5700", "\x01\x01", NULL, SALLY_E_MALFORMED },
    { "nothing", "/3303/0/5700", "", NULL, SALLY_E_TRUNCATED },
    { "half a number", "/3303/0/5700", "\x19\x01", NULL, SALLY_E_TRUNCATED },
    { "a float above its range", "/9000/0/21", "\x0b", NULL,
      SALLY_E_OUT_OF_RANGE },
    { "an instance", "/3303/0", "\x01", NULL, SALLY_E_NOT_ALLOWED },
    { "an unknown resource", "/3303/0/1", "\x01", NULL, SALLY_E_NOT_FOUND },
};

typedef enum sally_err decode_call(const struct sally_registry *,
                                   const struct sally_path *,
                                   struct sally_span, struct sally_buf *,
                                   struct sally_lwm2m_record *, size_t,
                                   size_t *);

static void check_row(const struct row *row, decode_call *decode)
{
    struct sally_path base = sample_path(row->base);
    struct sally_lwm2m_record record;
    uint8_t kept[16];
    struct sally_buf scratch = SALLY_BUF(kept);
    size_t count = 99;
    enum sally_err got = decode(&registry, &base, sally_span_of(row->payload),
                                &scratch, &record, 1, &count);

    if (got != row->want)
        fail_msg("%s: %s", row->what, sally_err_text(got));
    if (got == SALLY_E_OK)
        assert_string_equal(sample_told(&record, count), row->records);
    else
        assert_int_equal(count, 99);
}

static void reads_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(texts); i++)
        check_row(&texts[i], sally_format_text_decode);
}

static void reads_opaque(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(opaques); i++)
        check_row(&opaques[i], sally_format_opaque_decode);
}

static void reads_cbor(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(items); i++)
        check_row(&items[i], sally_format_cbor_decode);
}

static void writes_one_value_only(void **state)
{
    struct sally_path resource = sample_path("/9000/0/6");
    struct sally_path instance = sample_path("/9000/0");
    struct sally_lwm2m_record two[2] = {
        { .path = resource, .value = sally_value_opaque(sally_span_of("ab")) },
        { .path = resource, .value = sally_value_opaque(sally_span_of("cd")) }
    };
    uint8_t room[4];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);

    (void)state;
    assert_int_equal(sally_format_text_encode(&resource, two, 2, &w),
                     SALLY_E_NOT_ALLOWED);
    assert_int_equal(sally_format_text_encode(&resource, two, 0, &w),
                     SALLY_E_NOT_ALLOWED);
    assert_int_equal(sally_format_text_encode(&instance, two, 1, &w),
                     SALLY_E_NOT_ALLOWED);
    assert_int_equal(sally_format_opaque_encode(&resource, two, 2, &w),
                     SALLY_E_NOT_ALLOWED);
    assert_int_equal(sally_format_opaque_encode(&instance, two, 1, &w),
                     SALLY_E_NOT_ALLOWED);
    assert_int_equal(sally_format_cbor_encode(&resource, two, 2, &w),
                     SALLY_E_NOT_ALLOWED);
    assert_int_equal(sally_format_cbor_encode(&instance, two, 1, &w),
                     SALLY_E_NOT_ALLOWED);
    assert_int_equal(out.len, 0);
    assert_int_equal(sally_format_text_encode(&resource, two, 1, &w),
                     SALLY_E_OK);
    assert_true(sally_span_is(sally_buf_span(&out), "YWI="));
    out.len = 0;
    assert_int_equal(sally_format_opaque_encode(&resource, two, 1, &w),
                     SALLY_E_OK);
    assert_true(sally_span_is(sally_buf_span(&out), "ab"));
    two[0].value = sally_value_string("ab");
    assert_int_equal(sally_format_opaque_encode(&resource, two, 1, &w),
                     SALLY_E_WRONG_TYPE);
}

static void says_when_there_is_no_room(void **state)
{
    struct sally_path base = sample_path("/9000/0/6");
    struct sally_lwm2m_record record;
    uint8_t kept[1];
    struct sally_buf scratch = SALLY_BUF(kept);
    size_t count;

    (void)state;
    assert_int_equal(sally_format_text_decode(&registry, &base,
                                              sally_span_of("AAE="), &scratch,
                                              &record, 1, &count),
                     SALLY_E_NO_ROOM);
    assert_int_equal(sally_format_text_decode(&registry, &base,
                                              sally_span_of("AA=="), &scratch,
                                              &record, 0, &count),
                     SALLY_E_NO_ROOM);
    assert_int_equal(sally_format_opaque_decode(&registry, &base,
                                                sally_span_of("a"), &scratch,
                                                &record, 0, &count),
                     SALLY_E_NO_ROOM);
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
        cmocka_unit_test(reads_text),
        cmocka_unit_test(reads_opaque),
        cmocka_unit_test(reads_cbor),
        cmocka_unit_test(writes_one_value_only),
        cmocka_unit_test(says_when_there_is_no_room),
    };

    return cmocka_run_group_tests(tests, open_registry, close_registry);
}
