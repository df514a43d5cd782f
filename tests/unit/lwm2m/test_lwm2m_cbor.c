/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_lwm2m_cbor.c - maps as another encoder writes them, and
 * what a hostile server may send instead.                                   */
#include "lwm2m/lwm2m_cbor.h"
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

    return sally_lwm2m_cbor_decode(&registry, &path, in, &none, records, room,
                                   count);
}

/* What is read, and how we write it. */
static const struct row {
    const char *what, *base, *hex, *records;
} examples[] = {
    { "an instance", "/3/0",
      "A1820300A3" "00644F70656E" "82060001" "091864",
      "/3/0/0=Open /3/0/6/0=1 /3/0/9=100 " },
    { "a resource by its own path", "/3/0/9", "A1830300091864", "/3/0/9=100 " },
    { "an object", "/3", "A103A18200091864", "/3/0/9=100 " },
    { "instances of a resource", "/3/0/6", "A183030006A200010105",
      "/3/0/6/0=1 /3/0/6/1=5 " },
    { "objects under the root", "/", "A2830300091864" "831923280005F5",
      "/3/0/9=100 /9000/0/5=1 " },
    { "links", "/",
      "A18418410000006436363A30", "/65/0/0/0=66:0 " },
    { "bytes and truth", "/9000/0", "A182192328 00A206420001" "05F5",
      "/9000/0/6=AAE= /9000/0/5=1 " },
    { "nothing", "/3/0", "A0", "" },
};

/* Without the blanks that set parts apart. */
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

static void check_example(const struct row *row)
{
    uint8_t in[256], out[256];
    size_t len = spaced_bytes_of(row->hex, in, sizeof(in)), count = 99;
    struct sally_path base = sample_path(row->base);
    struct sally_lwm2m_record records[8];
    struct sally_buf buf = SALLY_BUF(out);
    struct sally_writer w = sally_writer_into(&buf);
    enum sally_err e = decode(row->base, (struct sally_span){ in, len },
                              records, SALLY_LEN(records), &count);

    if (e != SALLY_E_OK)
        fail_msg("%s: %s", row->what, sally_err_text(e));
    if (strcmp(sample_told(records, count), row->records) != 0)
        fail_msg("%s: read %s", row->what, sample_told(records, count));
    e = sally_lwm2m_cbor_encode(&base, records, count, &w);
    if (e != SALLY_E_OK || buf.len != len || memcmp(in, out, len) != 0)
        fail_msg("%s: written differently", row->what);
}

static void reads_and_writes_the_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(examples); i++)
        check_example(&examples[i]);
}

static const struct row accepted[] = {
    { "each id a map of its own", "/3/0", "A103A100A2091864 06A20001 0105",
      "/3/0/9=100 /3/0/6/0=1 /3/0/6/1=5 " },
    { "maps without a length", "/", "BF03BF00BF091864FFFFFF", "/3/0/9=100 " },
    { "keys without a length", "/", "A19F0300FFA1091864", "/3/0/9=100 " },
    { "two maps side by side", "/",
      "A2 8203 00 A1091864 192328 A100A105F4", "/3/0/9=100 /9000/0/5=0 " },
    { "back to an outer map", "/3", "A103A100A206A10002 091864",
      "/3/0/6/0=2 /3/0/9=100 " },
    { "an array of one id", "/3/0/9", "A18103A18100A18109 1864",
      "/3/0/9=100 " },
    { "a tag before the number", "/3/0", "A1830300 0DC11A5182428F",
      "/3/0/13=1367491215 " },
    { "an empty map inside", "/3/0", "A1820300A0", "" },
};

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
    const char *what, *base, *hex;
    enum sally_err want;
} refused[] = {
    { "nothing", "/", "", SALLY_E_TRUNCATED },
    { "an array", "/", "80", SALLY_E_MALFORMED },
    { "a second map", "/", "A0A0", SALLY_E_MALFORMED },
    { "a map of 2^63 pairs", "/", "BB8000000000000000", SALLY_E_TRUNCATED },
    { "a key without an id", "/", "A18000", SALLY_E_MALFORMED },
    { "a text as a key", "/", "A1613301", SALLY_E_MALFORMED },
    { "a negative id", "/", "A12001", SALLY_E_MALFORMED },
    { "id 65535", "/", "A119FFFF01", SALLY_E_OUT_OF_RANGE },
    { "a map as a part of a key", "/", "A181A001", SALLY_E_MALFORMED },
    { "five ids", "/", "A185030006000101", SALLY_E_MALFORMED },
    { "a map below a resource instance", "/", "A18403000600A10001",
      SALLY_E_MALFORMED },
    { "null", "/", "A183030009F6", SALLY_E_MALFORMED },
    { "an array as a value", "/", "A1830300098101", SALLY_E_MALFORMED },
    { "a value of an object", "/", "A10301", SALLY_E_NOT_FOUND },
    { "a value of a multiple resource", "/", "A18303000601", SALLY_E_NOT_FOUND },
    { "an unknown resource", "/", "A183030018FF01", SALLY_E_NOT_FOUND },
    { "text for a number", "/", "A1830300096131", SALLY_E_WRONG_TYPE },
    { "outside the base", "/3/0", "A1830301091864", SALLY_E_NOT_ALLOWED },
    { "a link that is none", "/", "A18418410000006161", SALLY_E_MALFORMED },
    { "too many", "/3/0/6", "A183030006A3000101010201", SALLY_E_NO_ROOM },
};

static void refuses_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(refused); i++) {
        uint8_t in[128];
        size_t len = bytes_of(refused[i].hex, in, sizeof(in)), count = 99;
        struct sally_lwm2m_record records[2];
        enum sally_err e = decode(refused[i].base,
                                  (struct sally_span){ in, len }, records,
                                  SALLY_LEN(records), &count);

        if (e != refused[i].want)
            fail_msg("%s: %s", refused[i].what, sally_err_text(e));
        if (count != 99)
            fail_msg("%s: count changed", refused[i].what);
    }
}

static void never_reads_past_a_cut(void **state)
{
    uint8_t whole[128];
    size_t len = spaced_bytes_of(accepted[0].hex, whole, sizeof(whole));

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *in = malloc(cut == 0 ? 1 : cut); /* for the sanitizer */
        struct sally_lwm2m_record records[8];
        size_t count;

        memcpy(in, whole, cut);
        assert_int_equal(decode("/3/0", (struct sally_span){ in, cut }, records,
                                8, &count),
                         SALLY_E_TRUNCATED);
        free(in);
    }
}

static void refuses_to_write(void **state)
{
    uint8_t out[6];
    struct sally_buf buf = SALLY_BUF(out);
    struct sally_writer w = sally_writer_into(&buf);
    struct sally_path other = sample_path("/3/0");
    struct sally_lwm2m_record record = { .path = sample_path("/3303/0/5700"),
                                         .value = sally_value_real(1) };

    (void)state;
    assert_int_equal(sally_lwm2m_cbor_encode(&other, &record, 1, &w),
                     SALLY_E_NOT_ALLOWED);
    assert_int_equal(sally_lwm2m_cbor_encode(&record.path, &record, 1, &w),
                     SALLY_E_NO_ROOM);
    record.value = sally_value_real(1.0 / 0.0);
    assert_int_equal(sally_lwm2m_cbor_encode(&record.path, &record, 1, &w),
                     SALLY_E_OUT_OF_RANGE);
    record.value.type = SALLY_TYPE_NONE;
    assert_int_equal(sally_lwm2m_cbor_encode(&record.path, &record, 1, &w),
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
        cmocka_unit_test(refuses_to_write),
    };

    return cmocka_run_group_tests(tests, open_registry, close_registry);
}
