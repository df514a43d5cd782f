/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/base/test_secret.c - wiped on every way out, compared whole. */
#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool all_zero(const void *p, size_t n)
{
    static const uint8_t zeros[256];

    return memcmp(p, zeros, n) == 0;
}

static void wipes_all_bytes(void **state)
{
    uint8_t bytes[100];

    (void)state;
    memset(bytes, 0xaa, sizeof(bytes));
    sally_wipe(bytes + 1, 98);
    assert_int_equal(bytes[0], 0xaa);
    assert_int_equal(bytes[99], 0xaa);
    assert_true(all_zero(bytes + 1, 98));
    sally_wipe(NULL, 0);
}

static void keeps_what_fits(void **state)
{
    static const uint8_t big[SALLY_SECRET_MAX + 1] = { 1, 2, 3 };
    struct sally_secret s = { .len = 0 };

    (void)state;
    assert_int_equal(
        sally_secret_set(&s, (struct sally_span){ big, SALLY_SECRET_MAX }),
        SALLY_E_OK);
    assert_int_equal(s.len, SALLY_SECRET_MAX);
    assert_int_equal(sally_secret_set(&s, sally_span_of("key")), SALLY_E_OK);
    assert_true(sally_span_is(sally_secret_span(&s), "key"));
    assert_true(all_zero(s.bytes + 3, SALLY_SECRET_MAX - 3));
    assert_int_equal(
        sally_secret_set(&s, (struct sally_span){ big, sizeof(big) }),
        SALLY_E_TOO_LARGE);
    assert_true(sally_span_is(sally_secret_span(&s), "key"));
    assert_int_equal(sally_secret_set(&s, (struct sally_span){ NULL, 0 }),
                     SALLY_E_OK);
    assert_true(all_zero(&s, sizeof(s)));
}

static struct sally_secret *watched;
static unsigned wiped;

static void watch(struct sally_secret *s)
{
    sally_secret_wipe(s);
    wiped += s == watched && all_zero(s, sizeof(*s));
}

static int leave_early(int way)
{
    SALLY_ON_EXIT(watch) struct sally_secret s = { .len = 3, .bytes = "key" };

    watched = &s;
    if (way == 0)
        return 1;
    for (int i = 0; i < 3; i++)
        if (i == way)
            return 2;
    return 3;
}

static void leaves_scope_wiped(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++)
        (void)leave_early(way);
    assert_int_equal(wiped, 4);
}

static void compares_every_byte(void **state)
{
    uint8_t a[32] = { 0 }, b[32] = { 0 };
    struct sally_span left = { a, 32 }, right = { b, 32 };

    (void)state;
    assert_true(sally_equal_secret(left, right));
    for (size_t i = 0; i < sizeof(a); i++)
        for (int bit = 0; bit < 8; bit++) {
            b[i] = (uint8_t)(1 << bit);
            assert_false(sally_equal_secret(left, right));
            b[i] = 0;
        }
    right.len = 31;
    assert_false(sally_equal_secret(left, right));
    assert_true(sally_equal_secret((struct sally_span){ NULL, 0 },
                                   (struct sally_span){ a, 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wipes_all_bytes),
        cmocka_unit_test(keeps_what_fits),
        cmocka_unit_test(leaves_scope_wiped),
        cmocka_unit_test(compares_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
