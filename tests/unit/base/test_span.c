/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/base/test_span.c - comparing, cutting and copying. */
#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void cuts_to_what_is_there(void **state)
{
    struct sally_span s = sally_span_of("abcdef");

    (void)state;
    assert_true(sally_span_is(sally_span_sub(s, 0, 6), "abcdef"));
    assert_true(sally_span_is(sally_span_sub(s, 2, 3), "cde"));
    assert_true(sally_span_is(sally_span_sub(s, 4, 9), "ef"));
    assert_true(sally_span_is(sally_span_sub(s, 4, SIZE_MAX), "ef"));
    assert_int_equal(sally_span_sub(s, 6, 1).len, 0);
    assert_int_equal(sally_span_sub(s, SIZE_MAX, SIZE_MAX).len, 0);
    assert_int_equal(sally_span_sub(s, 3, 0).len, 0);
    assert_int_equal(sally_span_sub(sally_span_of(NULL), 0, 1).len, 0);
}

/* Each stands before the next. */
static const char *const ordered[] = { "", "A", "a", "aa", "ab", "b", "\xff" };

static void orders_like_strcmp(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(ordered); i++)
        for (size_t j = 0; j < SALLY_LEN(ordered); j++) {
            struct sally_span a = sally_span_of(ordered[i]);
            struct sally_span b = sally_span_of(ordered[j]);

            assert_int_equal(sally_span_order(a, b), (i > j) - (i < j));
            assert_int_equal(sally_span_equal(a, b), i == j);
        }
}

static void compares_empty_spans(void **state)
{
    struct sally_span nothing = { NULL, 0 };

    (void)state;
    assert_true(sally_span_equal(nothing, sally_span_of("")));
    assert_true(sally_span_is(nothing, ""));
    assert_true(sally_span_starts(sally_span_of("a"), nothing));
    assert_true(sally_span_starts(nothing, nothing));
    assert_false(sally_span_starts(nothing, sally_span_of("a")));
}

static void knows_a_prefix(void **state)
{
    (void)state;
    assert_true(sally_span_starts(sally_span_of("/3/0"), sally_span_of("/3")));
    assert_true(
        sally_span_starts(sally_span_of("/3/0"), sally_span_of("/3/0")));
    assert_false(
        sally_span_starts(sally_span_of("/3/0"), sally_span_of("/3/0/1")));
    assert_false(sally_span_starts(sally_span_of("/3/0"), sally_span_of("3")));
}

static void copies_to_a_string_that_fits(void **state)
{
    char out[4] = "xyz";

    (void)state;
    assert_true(sally_span_text(sally_span_of("abc"), out, sizeof(out)));
    assert_string_equal(out, "abc");
    assert_false(sally_span_text(sally_span_of("abcd"), out, sizeof(out)));
    assert_string_equal(out, "");
    assert_true(sally_span_text(sally_span_of(""), out, sizeof(out)));
    assert_string_equal(out, "");
    assert_false(sally_span_text(
        (struct sally_span){ (const uint8_t *)"a\0b", 3 }, out, sizeof(out)));
    assert_string_equal(out, "");
    assert_false(sally_span_text(sally_span_of(""), out, 0));
}

static void shows_what_a_buf_holds(void **state)
{
    uint8_t room[4] = "abc";
    struct sally_buf b = SALLY_BUF(room);

    (void)state;
    assert_int_equal(b.room, 4);
    assert_int_equal(sally_buf_span(&b).len, 0);
    b.len = 3;
    assert_true(sally_span_is(sally_buf_span(&b), "abc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_to_what_is_there),
        cmocka_unit_test(orders_like_strcmp),
        cmocka_unit_test(compares_empty_spans),
        cmocka_unit_test(knows_a_prefix),
        cmocka_unit_test(copies_to_a_string_that_fits),
        cmocka_unit_test(shows_what_a_buf_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
