/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_tlv.c - the specification's examples, and what a
 * hostile server may send instead.                                          */
#include "lwm2m/tlv.h"
#include "base/text.h"
#include "unit/lwm2m/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* One payload in hexadecimal and its records as text, one after the other:
 * "/3/0/9=100 ". Both ways must give the same.                              */
static const struct row {
    const char *what;
    const char *base;
    const char *hex;
    const char *records;
} examples[] = {
    { "all of the device (LwM2M Core 1.1 s.7.4.3.1)", "/3/0",
      "C800144F70656E204D6F62696C6520416C6C69616E6365"
      "C801164C69676874776569676874204D324D20436C69656E74"
      "C80209333435303030313233"
      "C303312E30"
      "860641000141010588070842000ED842011388870841007D42010384"
      "C10964C10A0F830B410000C40D5182428FC60E2B30323A3030C11055",
      "/3/0/0=Open Mobile Alliance /3/0/1=Lightweight M2M Client "
      "/3/0/2=345000123 /3/0/3=1.0 /3/0/6/0=1 /3/0/6/1=5 /3/0/7/0=3800 "
      "/3/0/7/1=5000 /3/0/8/0=125 /3/0/8/1=900 /3/0/9=100 /3/0/10=15 "
      "/3/0/11/0=0 /3/0/13=1367491215 /3/0/14=+02:00 /3/0/16=U " },
    { "several access control instances (s.7.4.3.2 A)", "/2",
      "08000EC10001C1010083024 17F07C1037F"
      "080212C10003C1010087024 17F0761013601C1037F",
      "/2/0/0=1 /2/0/1=0 /2/0/2/127=7 /2/0/3=127 "
      "/2/2/0=3 /2/2/1=0 /2/2/2/127=7 /2/2/2/310=1 /2/2/3=127 " },
    { "one server as an instance (s.7.4.3.2 B)", "/1",
      "08000FC10001C40100015180C10601C10755",
      "/1/0/0=1 /1/0/1=86400 /1/0/6=1 /1/0/7=U " },
    { "object links (s.7.4.3.3)", "/65/0",
      "88000C440000420000440100420001C8010D38363133383030373535353030"
      "C40212345678",
      "/65/0/0/0=66:0 /65/0/0/1=66:1 /65/0/1=8613800755500 "
      "/65/0/2=305419896 " },
    { "linked objects, one to nothing (s.7.4.3.3)", "/66",
      "080026C8000B6D7953657276696365203 1C8010F496E7465726E65742E31352E323334"
      "C40200430000"
      "080126C8000B6D7953657276696365203 2C8010F496E7465726E65742E31352E323335"
      "C402FFFFFFFF",
      "/66/0/0=myService 1 /66/0/1=Internet.15.234 /66/0/2=67:0 "
      "/66/1/0=myService 2 /66/1/1=Internet.15.235 /66/1/2=65535:65535 " },
    { "a single resource", "/3/0/9", "C10964", "/3/0/9=100 " },
    { "a multiple resource", "/3/0/6", "8606410001410105",
      "/3/0/6/0=1 /3/0/6/1=5 " },
    { "a resource instance", "/3/0/6/1", "410105", "/3/0/6/1=5 " },
    { "an id of two bytes", "/3303/0", "E4164441AC0000", "/3303/0/5700=21.5 " },
    { "a double, since a float would round", "/3303/0/5700",
      "E81644083FB999999999999A", "/3303/0/5700=0.1 " },
    { "one byte up to 127", "/9000/0", "C1027F", "/9000/0/2=127 " },
    { "two bytes from 128", "/9000/0", "C2020080", "/9000/0/2=128 " },
    { "one byte down to -128", "/9000/0", "C10280", "/9000/0/2=-128 " },
    { "two bytes from -129", "/9000/0", "C202FF7F", "/9000/0/2=-129 " },
    { "four bytes from 32768", "/9000/0", "C40200008000",
      "/9000/0/2=32768 " },
    { "eight bytes, the smallest number", "/9000/0", "C802088000000000000000",
      "/9000/0/2=-9223372036854775808 " },
    { "unsigned 255 in one byte", "/9000/0", "C103FF", "/9000/0/3=255 " },
    { "the largest unsigned", "/9000/0", "C80308FFFFFFFFFFFFFFFF",
      "/9000/0/3=18446744073709551615 " },
    { "opaque", "/9000/0", "C306000102", "/9000/0/6=AAEC " },
    { "core link", "/9000/0", "C4093C2F333E",
      "/9000/0/9=</3> " },
    { "empty string", "/9000/0", "C001", "/9000/0/1= " },
    { "nothing at all", "/9000/0", "", "" },
};

static struct sally_registry registry;

static size_t bytes_of(const char *hex, uint8_t *out, size_t room)
{
    char digits[1024];
    size_t n = 0;
    struct sally_buf buf = { out, 0, room };

    for (; *hex != '\0'; hex++)
        if (*hex != ' ')
            digits[n++] = *hex;
    digits[n] = '\0';
    assert_int_equal(sally_text_hex(sally_span_of(digits), &buf), SALLY_E_OK);
    return buf.len;
}

static enum sally_err decode(const char *base, struct sally_span in,
                             struct sally_lwm2m_record *records, size_t room,
                             size_t *count)
{
    struct sally_path path = sample_path(base);
    struct sally_buf none = { NULL, 0, 0 };

    return sally_tlv_decode(&registry, &path, in, &none, records, room, count);
}

static void check_example(const struct row *row)
{
    uint8_t in[512], out[512];
    size_t len = bytes_of(row->hex, in, sizeof(in)), count = 99;
    struct sally_lwm2m_record records[SALLY_LEN(in)];
    struct sally_path base = sample_path(row->base);
    struct sally_buf buf = SALLY_BUF(out);
    struct sally_writer w = sally_writer_into(&buf);
    enum sally_err e = decode(row->base, (struct sally_span){ in, len },
                              records, SALLY_LEN(records), &count);

    if (e != SALLY_E_OK)
        fail_msg("%s: %s", row->what, sally_err_text(e));
    if (strcmp(sample_told(records, count), row->records) != 0)
        fail_msg("%s: read %s", row->what,
                 sample_told(records, count));
    e = sally_tlv_encode(&base, records, count, &w);
    if (e != SALLY_E_OK || buf.len != len || memcmp(in, out, len) != 0)
        fail_msg("%s: written differently", row->what);
}

static void reads_and_writes_the_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(examples); i++)
        check_example(&examples[i]);
}

static const struct accepted {
    const char *what, *base, *hex, *records;
} accepted[] = {
    { "instances of a resource without the resource", "/3/0/6", "410001410105",
      "/3/0/6/0=1 /3/0/6/1=5 " },
    { "an instance around the resources of that instance", "/3/0",
      "080003C10964", "/3/0/9=100 " },
    { "the resources of a single instance at the object", "/3", "C10964",
      "/3/0/9=100 " },
    { "a resource instance inside its resource", "/3/0/6/1", "8306410105",
      "/3/0/6/1=5 " },
    { "an integer longer than it must be", "/3/0", "C40900000064",
      "/3/0/9=100 " },
    { "a length longer than it must be", "/3/0", "D80900000164",
      "/3/0/9=100 " },
    { "an id longer than it must be", "/3/0", "E1000964", "/3/0/9=100 " },
    { "a multiple resource without instances", "/3/0", "8006", "" },
    { "an instance without resources", "/9000", "0007", "" },
};

static void accepts_what_others_write(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(accepted); i++) {
        uint8_t in[64];
        size_t len = bytes_of(accepted[i].hex, in, sizeof(in)), count = 99;
        struct sally_lwm2m_record records[8];
        enum sally_err e =
            decode(accepted[i].base, (struct sally_span){ in, len }, records,
                   SALLY_LEN(records), &count);

        if (e != SALLY_E_OK)
            fail_msg("%s: %s", accepted[i].what, sally_err_text(e));
        if (strcmp(sample_told(records, count), accepted[i].records) != 0)
            fail_msg("%s: read %s", accepted[i].what,
                     sample_told(records, count));
    }
}

static const struct refused {
    const char *what, *base, *hex;
    enum sally_err want;
} refused[] = {
    { "a type without an id", "/3/0", "C1", SALLY_E_TRUNCATED },
    { "a length past the end", "/3/0", "C20964", SALLY_E_TRUNCATED },
    { "a length of 16 MB", "/3/0", "D809FFFFFF", SALLY_E_TRUNCATED },
    { "half an id", "/3/0", "E116", SALLY_E_TRUNCATED },
    { "half a length", "/3/0", "D00900", SALLY_E_TRUNCATED },
    { "an instance longer inside than outside", "/3", "0003C20964",
      SALLY_E_TRUNCATED },
    { "an integer of three bytes", "/3/0", "C309000064", SALLY_E_MALFORMED },
    { "an integer of no bytes", "/3/0", "C009", SALLY_E_MALFORMED },
    { "an integer of nine bytes", "/3/0", "C80909000000000000000064",
      SALLY_E_MALFORMED },
    { "a float of two bytes", "/3303/0", "E216440000", SALLY_E_MALFORMED },
    { "a float that is NaN", "/3303/0", "E416447FC00000",
      SALLY_E_OUT_OF_RANGE },
    { "a double that is infinite", "/3303/0", "E81644087FF0000000000000",
      SALLY_E_OUT_OF_RANGE },
    { "a boolean of 2", "/9000/0", "C10502", SALLY_E_MALFORMED },
    { "a link of three bytes", "/9000/0", "C308000000", SALLY_E_MALFORMED },
    { "a link of five bytes", "/9000/0", "C5080000000000",
      SALLY_E_MALFORMED },
    { "a string that is not UTF-8", "/9000/0", "C101FF", SALLY_E_WRONG_TYPE },
    { "a value of an executable resource", "/9000/0", "C11401",
      SALLY_E_WRONG_TYPE },
    { "a float above its range", "/9000/0", "C41541300000",
      SALLY_E_OUT_OF_RANGE },
    { "a string longer than its range", "/9000/0", "C5166162636465",
      SALLY_E_OUT_OF_RANGE },
    { "an unknown resource", "/3/0", "C16364", SALLY_E_NOT_FOUND },
    { "an unknown object", "/77/0", "C16364", SALLY_E_NOT_FOUND },
    { "an unknown object without instances", "/77", "C16364",
      SALLY_E_NOT_FOUND },
    { "a single resource as a multiple one", "/3/0", "8309410064",
      SALLY_E_NOT_FOUND },
    { "a multiple resource as a single one", "/3/0", "C10601",
      SALLY_E_NOT_FOUND },
    { "an instance inside an instance", "/3", "02000000",
      SALLY_E_MALFORMED },
    { "a resource inside a multiple resource", "/3/0", "8306C10064",
      SALLY_E_MALFORMED },
    { "a resource instance under an instance", "/3/0", "410064",
      SALLY_E_MALFORMED },
    { "resources right under an object with instances", "/9000", "C10201",
      SALLY_E_MALFORMED },
    { "another resource than the one asked for", "/3/0/9", "C10A0F",
      SALLY_E_NOT_ALLOWED },
    { "another instance than the one asked for", "/9000/0", "0301C10201",
      SALLY_E_NOT_ALLOWED },
    { "another resource instance than the one asked for", "/3/0/6/1",
      "8306410001", SALLY_E_NOT_ALLOWED },
    { "the reserved id of an instance", "/3", "23FFFFC10964",
      SALLY_E_OUT_OF_RANGE },
    { "the reserved id of a resource", "/3/0", "E1FFFF64",
      SALLY_E_OUT_OF_RANGE },
    { "the reserved id of a resource instance", "/3/0", "840661FFFF01",
      SALLY_E_OUT_OF_RANGE },
    { "anything at the root", "/", "C10964", SALLY_E_NOT_ALLOWED },
    { "more values than there is room for", "/3/0", "C10964C10964C10964",
      SALLY_E_NO_ROOM },
};

static void refuses_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(refused); i++) {
        uint8_t in[64];
        size_t len = bytes_of(refused[i].hex, in, sizeof(in)), count = 99;
        struct sally_lwm2m_record records[2];
        enum sally_err e =
            decode(refused[i].base, (struct sally_span){ in, len }, records,
                   SALLY_LEN(records), &count);

        if (e != refused[i].want)
            fail_msg("%s: %s", refused[i].what, sally_err_text(e));
        if (count != 99)
            fail_msg("%s: count changed", refused[i].what);
    }
}

/* Cut anywhere, an example is refused, or is a shorter list of whole TLVs. */
static void never_reads_past_a_cut(void **state)
{
    uint8_t whole[512];
    size_t len = bytes_of(examples[0].hex, whole, sizeof(whole));
    size_t accepted_cuts = 0;

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *in = malloc(cut == 0 ? 1 : cut); /* for the sanitizer */
        struct sally_lwm2m_record records[64];
        size_t count;
        enum sally_err e;

        memcpy(in, whole, cut);
        e = decode("/3/0", (struct sally_span){ in, cut }, records, 64, &count);
        accepted_cuts += e == SALLY_E_OK;
        assert_true(e == SALLY_E_OK || e == SALLY_E_TRUNCATED);
        free(in);
    }
    assert_int_equal(accepted_cuts, 13); /* the top-level TLVs, and none */
}

static void writes_long_lengths(void **state)
{
    static const size_t lengths[] = { 7, 8, 255, 256, 65535, 65536 };
    static uint8_t big[70000], out[70100];
    struct sally_path path = sample_path("/9000/0/6");

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(lengths); i++) {
        struct sally_lwm2m_record record = { .path = path }, back;
        struct sally_buf buf = SALLY_BUF(out);
        struct sally_writer w = sally_writer_into(&buf);
        size_t count;

        record.value =
            sally_value_opaque((struct sally_span){ big, lengths[i] });
        assert_int_equal(sally_tlv_encode(&path, &record, 1, &w), SALLY_E_OK);
        assert_int_equal(
            decode("/9000/0/6", sally_buf_span(&buf), &back, 1, &count),
            SALLY_E_OK);
        assert_true(sally_value_equal(&record.value, &back.value));
    }
}

static void refuses_to_write(void **state)
{
    uint8_t out[4];
    struct sally_buf buf = SALLY_BUF(out);
    struct sally_writer w = sally_writer_into(&buf);
    struct sally_path base = sample_path("/3/0"), root = sample_path("/");
    struct sally_lwm2m_record record = { .path = sample_path("/3303/0/5700"),
                                         .value = sally_value_real(21.5) };

    (void)state;
    assert_int_equal(sally_tlv_encode(&base, &record, 1, &w),
                     SALLY_E_NOT_ALLOWED);
    assert_int_equal(sally_tlv_encode(&root, &record, 1, &w),
                     SALLY_E_NOT_ALLOWED);
    record.value.type = SALLY_TYPE_NONE;
    assert_int_equal(sally_tlv_encode(&record.path, &record, 1, &w),
                     SALLY_E_WRONG_TYPE);
    record.value = sally_value_real(21.5);
    assert_int_equal(sally_tlv_encode(&record.path, &record, 1, &w),
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
        cmocka_unit_test(reads_and_writes_the_examples),
        cmocka_unit_test(accepts_what_others_write),
        cmocka_unit_test(refuses_each_row),
        cmocka_unit_test(never_reads_past_a_cut),
        cmocka_unit_test(writes_long_lengths),
        cmocka_unit_test(refuses_to_write),
    };

    return cmocka_run_group_tests(tests, open_registry, close_registry);
}
