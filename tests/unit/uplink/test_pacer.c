/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_pacer.c - who goes when. */
#include "unit/uplink/door.h"

static struct sally_pacer pacer;
static struct sally_pacer_turn turns[4];
static uint64_t seed;

static int set_up(void **state)
{
    (void)state;
    seed = 7;
    memset(turns, 0, sizeof(turns));
    sally_pacer_init(&pacer, 10, (struct sally_random){ door_random, &seed });
    return 0;
}

static void nobody_waits(void **state)
{
    (void)state;
    assert_true(sally_pacer_deadline(&pacer) == SALLY_NEVER);
    assert_null(sally_pacer_take(&pacer, START));
}

static void the_first_goes_at_once_in_order(void **state)
{
    sally_usec now = START;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        sally_pacer_want(&pacer, &turns[i], false);
        sally_pacer_want(&pacer, &turns[i], false); /* no second place */
    }
    for (size_t i = 0; i < 3; i++) {
        assert_true(sally_pacer_deadline(&pacer) <= now);
        assert_ptr_equal(sally_pacer_take(&pacer, now), &turns[i]);
        assert_null(sally_pacer_take(&pacer, now));
        now += 150 * SALLY_MSEC;
    }
    assert_true(sally_pacer_deadline(&pacer) == SALLY_NEVER);
}

static void those_with_commands_overtake(void **state)
{
    (void)state;
    sally_pacer_want(&pacer, &turns[0], false);
    sally_pacer_want(&pacer, &turns[1], true);
    sally_pacer_want(&pacer, &turns[2], true);
    assert_ptr_equal(sally_pacer_take(&pacer, START), &turns[1]);
    assert_ptr_equal(sally_pacer_take(&pacer, START + SALLY_SEC), &turns[2]);
    sally_pacer_want(&pacer, &turns[1], true); /* again, as the last one left */
    assert_ptr_equal(sally_pacer_take(&pacer, START + 2 * SALLY_SEC),
                     &turns[1]);
    assert_ptr_equal(sally_pacer_take(&pacer, START + 3 * SALLY_SEC),
                     &turns[0]);
}

static void keeps_the_rate_with_jitter(void **state)
{
    sally_usec now = START, least = SALLY_NEVER, most = 0;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        sally_usec due;

        sally_pacer_want(&pacer, &turns[0], false);
        assert_non_null(sally_pacer_take(&pacer, now));
        sally_pacer_want(&pacer, &turns[0], false);
        due = sally_pacer_deadline(&pacer) - now;
        least = due < least ? due : least;
        most = due > most ? due : most;
        now += due;
    }
    assert_in_range(least, 50 * SALLY_MSEC, 60 * SALLY_MSEC);
    assert_in_range(most, 140 * SALLY_MSEC, 150 * SALLY_MSEC);
    assert_in_range(now - START, 95 * SALLY_SEC, 105 * SALLY_SEC);
}

/* From the middle, the end and the head; the rest keep their order. */
static void one_that_leaves_is_passed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        sally_pacer_want(&pacer, &turns[i], false);
    sally_pacer_leave(&pacer, &turns[1]);
    sally_pacer_leave(&pacer, &turns[1]);
    sally_pacer_leave(&pacer, &turns[3]);
    sally_pacer_want(&pacer, &turns[1], false);
    sally_pacer_leave(&pacer, &turns[0]);
    assert_ptr_equal(sally_pacer_take(&pacer, START), &turns[2]);
    assert_ptr_equal(sally_pacer_take(&pacer, START + SALLY_SEC), &turns[1]);
    sally_pacer_leave(&pacer, &turns[1]);
    assert_true(sally_pacer_deadline(&pacer) == SALLY_NEVER);
    sally_pacer_want(&pacer, &turns[3], false);
    assert_ptr_equal(sally_pacer_take(&pacer, START + 2 * SALLY_SEC),
                     &turns[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nobody_waits, set_up),
        cmocka_unit_test_setup(the_first_goes_at_once_in_order, set_up),
        cmocka_unit_test_setup(those_with_commands_overtake, set_up),
        cmocka_unit_test_setup(keeps_the_rate_with_jitter, set_up),
        cmocka_unit_test_setup(one_that_leaves_is_passed_over, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
