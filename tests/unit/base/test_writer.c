/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/base/test_writer.c - writes what fits, and fails for good. */
#include "base/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint8_t room[32];
static struct sally_buf out;
static struct sally_writer w;

static int start(void **state)
{
    (void)state;
    memset(room, 0xee, sizeof(room));
    out = SALLY_BUF(room);
    w = sally_writer_into(&out);
    return 0;
}

static void writes_numbers_in_network_order(void **state)
{
    static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8,
                                    9, 10, 11, 12, 13, 14, 15 };

    (void)state;
    sally_put_u8(&w, 1);
    sally_put_u16(&w, 0x0203);
    sally_put_u32(&w, 0x04050607);
    sally_put_u64(&w, 0x08090a0b0c0d0e0f);
    assert_int_equal(out.len, sizeof(want));
    assert_memory_equal(room, want, sizeof(want));
    assert_int_equal(room[15], 0xee);
}

static void writes_the_low_bytes(void **state)
{
    (void)state;
    sally_put_uint(&w, 0x1122334455667788, 3);
    sally_put_uint(&w, 0x1122334455667788, 0);
    assert_int_equal(out.len, 3);
    assert_memory_equal(room, "\x66\x77\x88", 3);
}

static void fails_for_good_and_writes_nothing(void **state)
{
    (void)state;
    out.room = 3;
    sally_put_u16(&w, 0x0102);
    sally_put_u16(&w, 0x0304);
    assert_int_equal(out.len, 2);
    assert_int_equal(room[2], 0xee);
    sally_put_u8(&w, 5); /* there would be room */
    assert_int_equal(out.len, 2);
    assert_null(sally_put_gap(&w, 0));
    sally_put_text(&w, "");
    assert_int_equal(sally_writer_end(&w), SALLY_E_NO_ROOM);
}

static void fills_its_room_to_the_last_byte(void **state)
{
    (void)state;
    out.room = 3;
    sally_put_text(&w, "abc");
    sally_put_text(&w, "");
    assert_int_equal(sally_writer_end(&w), SALLY_E_OK);
    sally_put_text(&w, "d");
    assert_int_equal(sally_writer_end(&w), SALLY_E_NO_ROOM);
}

static void refuses_a_huge_gap(void **state)
{
    (void)state;
    sally_put_u8(&w, 1);
    assert_null(sally_put_gap(&w, SIZE_MAX));
    assert_int_equal(out.len, 1);
}

static void writes_decimals(void **state)
{
    static const struct {
        int64_t n;
        const char *text;
    } rows[] = { { 0, "0" },
                 { 7, "7" },
                 { -1, "-1" },
                 { INT64_MAX, "9223372036854775807" },
                 { INT64_MIN, "-9223372036854775808" } };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        out.len = 0;
        sally_put_integer(&w, rows[i].n);
        assert_true(sally_span_is(sally_buf_span(&out), rows[i].text));
    }
    out.len = 0;
    sally_put_decimal(&w, UINT64_MAX);
    assert_true(
        sally_span_is(sally_buf_span(&out), "18446744073709551615"));
}

static void formats_without_a_zero(void **state)
{
    static char longer[300];

    (void)state;
    sally_put_format(&w, "%u:%s", 66u, "x");
    assert_true(sally_span_is(sally_buf_span(&out), "66:x"));
    assert_int_equal(room[4], 0xee);
    memset(longer, 'x', sizeof(longer) - 1);
    sally_put_format(&w, "%s", longer);
    assert_true(w.failed);
    assert_int_equal(out.len, 4);
}

static void appends_to_what_is_there(void **state)
{
    (void)state;
    room[0] = 'a';
    out.len = 1;
    sally_put(&w, sally_span_of("bc"));
    assert_true(sally_span_is(sally_buf_span(&out), "abc"));
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_numbers_in_network_order),
        TEST(writes_the_low_bytes),
        TEST(fails_for_good_and_writes_nothing),
        TEST(fills_its_room_to_the_last_byte),
        TEST(refuses_a_huge_gap),
        TEST(writes_decimals),
        TEST(formats_without_a_zero),
        TEST(appends_to_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
