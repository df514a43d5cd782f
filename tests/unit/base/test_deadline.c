/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/base/test_deadline.c - against a model that looks at all nodes. */
#include "base/deadline.h"
#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define NODES 60

static struct sally_deadlines heap;
static struct sally_deadline nodes[NODES];
static sally_usec model[NODES]; /* NEVER: not set */

static uint32_t seed = 2463534242u;

static uint32_t draw_below(uint32_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % limit;
}

static int start(void **state)
{
    (void)state;
    for (size_t i = 0; i < NODES; i++) {
        nodes[i] = (struct sally_deadline){ .slot = 0 };
        model[i] = SALLY_NEVER;
    }
    assert_int_equal(sally_deadlines_init(&heap, NODES), SALLY_E_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sally_deadlines_wipe(&heap);
    sally_deadlines_wipe(&heap);
    return 0;
}

static sally_usec earliest(void)
{
    sally_usec when = SALLY_NEVER;

    for (size_t i = 0; i < NODES; i++)
        when = sally_earlier(when, model[i]);
    return when;
}

static size_t index_of(const struct sally_deadline *d)
{
    for (size_t i = 0; i < NODES; i++)
        if (d == &nodes[i])
            return i;
    return NODES;
}

/* Takes one that is due; which one of several equal ones does not matter. */
static void take(sally_usec now)
{
    sally_usec want = earliest();
    struct sally_deadline *d = sally_deadlines_take(&heap, now);

    if (want > now) {
        assert_null(d);
        return;
    }
    assert_true(index_of(d) < NODES);
    assert_true(model[index_of(d)] == want);
    assert_int_equal(d->slot, 0);
    model[index_of(d)] = SALLY_NEVER;
}

static void agrees_with_the_model(void **state)
{
    (void)state;
    for (int step = 0; step < 50000; step++) {
        size_t i = draw_below(NODES);

        switch (draw_below(4)) {
        case 0:
            take(draw_below(1000));
            break;
        case 1:
            model[i] = SALLY_NEVER;
            sally_deadlines_set(&heap, &nodes[i], SALLY_NEVER);
            break;
        default:
            model[i] = draw_below(1000);
            sally_deadlines_set(&heap, &nodes[i], model[i]);
            break;
        }
        assert_true(sally_deadlines_next(&heap) <= earliest());
        if (earliest() == SALLY_NEVER)
            assert_true(sally_deadlines_next(&heap) == SALLY_NEVER);
    }
}

static void is_full_and_empties_in_order(void **state)
{
    sally_usec last = 0;

    (void)state;
    for (size_t i = 0; i < NODES; i++)
        sally_deadlines_set(&heap, &nodes[i], 1 + i * 37 % NODES);
    for (size_t i = 0; i < NODES; i++) {
        struct sally_deadline *d = sally_deadlines_take(&heap, 1000);

        assert_non_null(d);
        assert_true(d->when > last);
        last = d->when;
    }
    assert_null(sally_deadlines_take(&heap, SALLY_NEVER - 1));
    assert_true(sally_deadlines_next(&heap) == SALLY_NEVER);
}

static void is_due_at_its_time(void **state)
{
    (void)state;
    sally_deadlines_set(&heap, &nodes[0], 100);
    assert_null(sally_deadlines_take(&heap, 99));
    assert_ptr_equal(sally_deadlines_take(&heap, 100), &nodes[0]);
    assert_null(sally_deadlines_take(&heap, 100));
}

static void what_was_put_off_is_due_later(void **state)
{
    (void)state;
    sally_deadlines_set(&heap, &nodes[0], 100);
    sally_deadlines_set(&heap, &nodes[1], 120);
    sally_deadlines_set(&heap, &nodes[0], 150);
    sally_deadlines_set(&heap, &nodes[0], 140);
    assert_null(sally_deadlines_take(&heap, 110));
    assert_true(sally_deadlines_next(&heap) == 120); /* now it is known */
    assert_ptr_equal(sally_deadlines_take(&heap, 145), &nodes[1]);
    assert_ptr_equal(sally_deadlines_take(&heap, 145), &nodes[0]);
    assert_true(nodes[0].when == 140);
}

static void takes_nothing_at_the_end_of_time(void **state)
{
    (void)state;
    assert_null(sally_deadlines_take(&heap, SALLY_NEVER));
}

static void adds_without_passing_never(void **state)
{
    (void)state;
    assert_true(sally_after(5, 10) == 15);
    assert_true(sally_after(5, SALLY_NEVER) == SALLY_NEVER);
    assert_true(sally_after(SALLY_NEVER - 3, 3) == SALLY_NEVER);
    assert_true(sally_after(SALLY_NEVER - 3, 2) == SALLY_NEVER - 1);
    assert_true(sally_earlier(4, SALLY_NEVER) == 4);
}

static void grows_with_what_is_in_it(void **state)
{
    struct sally_deadline d[3] = { { .when = 0 } };
    struct sally_deadlines h;

    (void)state;
    assert_int_equal(sally_deadlines_init(&h, 1), SALLY_E_OK);
    sally_deadlines_set(&h, &d[0], 30);
    assert_int_equal(sally_deadlines_grow(&h, 3), SALLY_E_OK);
    assert_int_equal(sally_deadlines_grow(&h, 2), SALLY_E_OK);
    assert_int_equal(sally_deadlines_grow(&h, SIZE_MAX), SALLY_E_NO_MEMORY);
    sally_deadlines_set(&h, &d[1], 10);
    sally_deadlines_set(&h, &d[2], 20);
    assert_ptr_equal(sally_deadlines_take(&h, 99), &d[1]);
    assert_ptr_equal(sally_deadlines_take(&h, 99), &d[2]);
    assert_ptr_equal(sally_deadlines_take(&h, 99), &d[0]);
    sally_deadlines_wipe(&h);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(agrees_with_the_model),
        TEST(is_full_and_empties_in_order),
        TEST(is_due_at_its_time),
        TEST(what_was_put_off_is_due_later),
        TEST(takes_nothing_at_the_end_of_time),
        TEST(adds_without_passing_never),
        TEST(grows_with_what_is_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
