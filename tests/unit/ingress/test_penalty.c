/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_penalty.c - windows, blocks that double, and a table
 * that cannot be filled.                                                    */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ingress/auth/penalty.h"

static void fill(void *state, uint8_t *out, size_t n)
{
    (void)state;
    memset(out, 7, n);
}

static const struct sally_random constant = { fill, NULL };
static struct sally_penalties *table;
static sally_usec now;

static void start(void)
{
    now = 1000 * SALLY_SEC;
    assert_int_equal(sally_penalties_create(&table, constant), SALLY_E_OK);
}

static struct sally_auth_source v4(const uint8_t ip[4])
{
    return (struct sally_auth_source){ ip, 4, 0 };
}

static struct sally_auth_source v6(const uint8_t ip[16])
{
    return (struct sally_auth_source){ ip, 6, 0 };
}

static bool blocked(const struct sally_auth_source *s, const char *user)
{
    return sally_penalties_blocked(table, s, sally_span_of(user), now);
}

static void fail_times(const struct sally_auth_source *s, const char *user,
                       unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        sally_penalties_failed(table, s, sally_span_of(user), now);
}

static void five_failures_block_the_source(void **state)
{
    static const uint8_t one[] = { 10, 0, 0, 1 }, two[] = { 10, 0, 0, 2 };
    struct sally_auth_source a = v4(one), b = v4(two);

    (void)state;
    start();
    fail_times(&a, "u", 4);
    assert_false(blocked(&a, "u"));
    fail_times(&a, "v", 1);
    assert_true(blocked(&a, "u"));
    assert_true(blocked(&a, "anybody"));
    assert_false(blocked(&b, "u"));
    now += 60 * SALLY_SEC - 1;
    assert_true(blocked(&a, "u"));
    now += 1;
    assert_false(blocked(&a, "u"));
    sally_penalties_wipe(table);
}

static void failures_far_apart_do_not_add_up(void **state)
{
    static const uint8_t one[] = { 10, 0, 0, 1 };
    struct sally_auth_source a = v4(one);

    (void)state;
    start();
    for (unsigned i = 0; i < 50; i++) {
        fail_times(&a, "u", 1);
        assert_false(blocked(&a, "u"));
        now += 16 * SALLY_SEC;
    }
    sally_penalties_wipe(table);
}

static void blocks_double_up_to_a_quarter_of_an_hour(void **state)
{
    static const unsigned seconds[] = { 60, 120, 240, 480, 900, 900 };
    static const uint8_t one[] = { 10, 0, 0, 1 };
    struct sally_auth_source a = v4(one);

    (void)state;
    start();
    for (size_t i = 0; i < SALLY_LEN(seconds); i++) {
        fail_times(&a, "u", 5);
        now += seconds[i] * SALLY_SEC - 1;
        if (!blocked(&a, "u"))
            fail_msg("block %zu is too short", i);
        now += 1;
        if (blocked(&a, "u"))
            fail_msg("block %zu is too long", i);
    }
    now += SALLY_PENALTY_LAST_BLOCK;
    fail_times(&a, "u", 5);
    now += 60 * SALLY_SEC;
    assert_false(blocked(&a, "u"));
    sally_penalties_wipe(table);
}

static void success_forgives_the_user_and_not_the_source(void **state)
{
    static const uint8_t one[] = { 10, 0, 0, 1 };
    struct sally_auth_source a = v4(one);

    (void)state;
    start();
    fail_times(&a, "u", 4);
    sally_penalties_forgive(table, &a, sally_span_of("u"));
    assert_false(blocked(&a, "u"));
    fail_times(&a, "u", 1);
    assert_true(blocked(&a, "u"));
    assert_true(blocked(&a, "v"));
    sally_penalties_wipe(table);
}

static void networks_are_told_apart_as_far_as_they_should(void **state)
{
    static const uint8_t near[16] = { 0x20, 1, 0, 0, 0, 0, 0, 1, 1 };
    static const uint8_t same[16] = { 0x20, 1, 0, 0, 0, 0, 0, 1, 2 };
    static const uint8_t next[16] = { 0x20, 1, 0, 0, 0, 0, 0, 2, 1 };
    static const uint8_t mapped_a[16] = { 0, 0, 0, 0, 0,    0,    0,  0,
                                          0, 0, 0xff, 0xff, 10, 0, 0, 1 };
    static const uint8_t mapped_b[16] = { 0, 0, 0, 0, 0,    0,    0,  0,
                                          0, 0, 0xff, 0xff, 10, 0, 0, 2 };
    static const uint8_t plain[] = { 10, 0, 0, 1 };
    struct sally_auth_source a = v6(near), b = v6(same), c = v6(next);
    struct sally_auth_source d = v6(mapped_a), e = v6(mapped_b), f = v4(plain);

    (void)state;
    start();
    fail_times(&a, "u", 5);
    assert_true(blocked(&a, "v"));
    assert_false(blocked(&b, "u"));
    assert_false(blocked(&c, "u"));
    fail_times(&d, "u", 5);
    assert_true(blocked(&f, "u"));
    assert_false(blocked(&e, "u"));
    sally_penalties_wipe(table);
}

/* Guessing from one address after the other of a network is guessing. */
static void a_network_of_guessers_is_blocked(void **state)
{
    uint8_t ip[16] = { 0xfe, 0x80 };
    static const uint8_t quiet[16] = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 9 };
    static const uint8_t next[16] = { 0xfe, 0x80, 0, 0, 0, 0, 0, 1, 9 };
    struct sally_auth_source s = v6(ip), q = v6(quiet), n = v6(next);

    (void)state;
    start();
    for (unsigned i = 0; i < SALLY_PENALTY_NETWORK_FAILURES; i++) {
        assert_false(blocked(&q, "u"));
        ip[15] = (uint8_t)i;
        fail_times(&s, "u", 1);
    }
    assert_true(blocked(&q, "u"));
    assert_false(blocked(&n, "u"));
    now += SALLY_PENALTY_FIRST_BLOCK;
    assert_false(blocked(&q, "u"));
    sally_penalties_wipe(table);
}

static void table_forgets_the_oldest(void **state)
{
    static const uint8_t first[] = { 1, 1, 1, 1 };
    struct sally_auth_source a = v4(first);
    uint8_t ip[4] = { 10, 0, 0, 0 };

    (void)state;
    start();
    fail_times(&a, "u", 5);
    for (unsigned i = 0; i < SALLY_PENALTY_RECORDS / 2 - 1; i++) {
        struct sally_auth_source s = v4(ip);

        ip[2] = (uint8_t)(i >> 8);
        ip[3] = (uint8_t)i;
        fail_times(&s, "u", 1);
    }
    assert_true(blocked(&a, "u"));
    ip[1] = 1;
    for (unsigned i = 0; i < 2; i++) {
        struct sally_auth_source s = v4(ip);

        ip[3] = (uint8_t)i;
        fail_times(&s, "u", 1);
    }
    assert_false(blocked(&a, "u"));
    sally_penalties_wipe(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_failures_block_the_source),
        cmocka_unit_test(failures_far_apart_do_not_add_up),
        cmocka_unit_test(blocks_double_up_to_a_quarter_of_an_hour),
        cmocka_unit_test(success_forgives_the_user_and_not_the_source),
        cmocka_unit_test(networks_are_told_apart_as_far_as_they_should),
        cmocka_unit_test(a_network_of_guessers_is_blocked),
        cmocka_unit_test(table_forgets_the_oldest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
