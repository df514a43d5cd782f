/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/base/test_cursor.c - takes what is there, and fails for good. */
#include "base/cursor.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                 14, 15 };

static struct sally_cursor over(size_t len)
{
    return sally_cursor_over((struct sally_span){ bytes, len });
}

static void takes_numbers_in_network_order(void **state)
{
    struct sally_cursor c = over(15);

    (void)state;
    assert_int_equal(sally_take_u8(&c), 0x01);
    assert_int_equal(sally_take_u16(&c), 0x0203);
    assert_int_equal(sally_take_u32(&c), 0x04050607);
    assert_true(sally_take_u64(&c) == 0x08090a0b0c0d0e0f);
    assert_true(sally_cursor_done(&c));
}

static void takes_numbers_of_any_width(void **state)
{
    static const uint64_t want[] = { 0,
                                     0x01,
                                     0x0102,
                                     0x010203,
                                     0x01020304,
                                     0x0102030405,
                                     0x010203040506,
                                     0x01020304050607,
                                     0x0102030405060708 };

    (void)state;
    for (size_t width = 0; width <= 8; width++) {
        struct sally_cursor c = over(15);

        assert_true(sally_take_uint(&c, width) == want[width]);
        assert_int_equal(c.rest.len, 15 - width);
    }
}

static void fails_for_good(void **state)
{
    struct sally_cursor c = over(3);

    (void)state;
    assert_int_equal(sally_take_u32(&c), 0);
    assert_true(c.failed);
    assert_int_equal(sally_take_u8(&c), 0); /* though three are left */
    assert_int_equal(sally_take(&c, 0).len, 0);
    assert_int_equal(sally_take(&c, 1).len, 0);
    assert_int_equal(sally_take_rest(&c).len, 0);
    assert_int_equal(sally_take_until(&c, 2).len, 0);
    assert_int_equal(sally_peek_u8(&c), 0);
    assert_false(sally_cursor_done(&c));
}

static void takes_no_more_than_there_is(void **state)
{
    struct sally_cursor c = over(3);

    (void)state;
    assert_int_equal(sally_take(&c, 3).len, 3);
    assert_int_equal(sally_take(&c, 0).len, 0);
    assert_false(c.failed);
    assert_int_equal(sally_take(&c, 1).len, 0);
    assert_true(c.failed);
    c = over(3);
    assert_null(sally_take(&c, SIZE_MAX).at);
    assert_true(c.failed);
}

static void borrows_and_does_not_copy(void **state)
{
    struct sally_cursor c = over(5);

    (void)state;
    (void)sally_take_u8(&c);
    assert_ptr_equal(sally_take(&c, 2).at, &bytes[1]);
    assert_ptr_equal(sally_take_rest(&c).at, &bytes[3]);
    assert_true(sally_cursor_done(&c));
}

static void peeks_without_taking(void **state)
{
    struct sally_cursor c = over(1);

    (void)state;
    assert_int_equal(sally_peek_u8(&c), 1);
    assert_int_equal(sally_peek_u8(&c), 1);
    (void)sally_take_u8(&c);
    assert_int_equal(sally_peek_u8(&c), 0);
    assert_false(c.failed);
}

static void takes_until_a_byte(void **state)
{
    struct sally_cursor c = sally_cursor_over(sally_span_of("a//bc"));

    (void)state;
    assert_true(sally_span_is(sally_take_until(&c, '/'), "a"));
    assert_true(sally_span_is(sally_take_until(&c, '/'), ""));
    assert_true(sally_span_is(sally_take_until(&c, '/'), "bc"));
    assert_true(sally_span_is(sally_take_until(&c, '/'), ""));
    assert_true(sally_cursor_done(&c));
}

static void stands_over_nothing(void **state)
{
    struct sally_cursor c = sally_cursor_over((struct sally_span){ NULL, 0 });

    (void)state;
    assert_true(sally_cursor_done(&c));
    assert_int_equal(sally_take_until(&c, 0).len, 0);
    assert_int_equal(sally_take_rest(&c).len, 0);
    assert_true(sally_cursor_done(&c));
    (void)sally_take_u8(&c);
    assert_true(c.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_numbers_in_network_order),
        cmocka_unit_test(takes_numbers_of_any_width),
        cmocka_unit_test(fails_for_good),
        cmocka_unit_test(takes_no_more_than_there_is),
        cmocka_unit_test(borrows_and_does_not_copy),
        cmocka_unit_test(peeks_without_taking),
        cmocka_unit_test(takes_until_a_byte),
        cmocka_unit_test(stands_over_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
