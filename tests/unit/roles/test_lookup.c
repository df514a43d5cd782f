/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/roles/test_lookup.c - questions that block are asked side by side:
 * one that hangs holds up no other.                                         */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "roles/lookup.h"

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

/* "slow" waits at the gate; the others are answered at once. */
static void answer(const struct sally_bus_resolve *q,
                   struct sally_bus_resolved *out)
{
    if (strcmp(q->host, "slow") == 0) {
        pthread_mutex_lock(&gate);
        pthread_mutex_unlock(&gate);
    }
    out->count = 1;
    out->address[0].port = q->port;
}

static bool ask(struct sally_lookup *l, const char *host, uint32_t ticket)
{
    struct sally_bus_resolve q = { .ticket = ticket, .port = 7 };

    assert_true(sally_span_text(sally_span_of(host), q.host, sizeof(q.host)));
    return sally_lookup_ask(l, &q);
}

static struct sally_bus_resolved next(struct sally_lookup *l)
{
    struct pollfd wait = { .fd = sally_lookup_descriptor(l), .events = POLLIN };
    struct sally_bus_resolved r;

    while (!sally_lookup_take(l, &r))
        assert_int_equal(poll(&wait, 1, 5000), 1);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.address[0].port, 7);
    return r;
}

static void a_slow_one_holds_up_no_other(void **state)
{
    struct sally_bus_resolved r;
    struct sally_lookup *l;

    (void)state;
    assert_int_equal(sally_lookup_create(&l, answer), SALLY_E_OK);
    assert_false(sally_lookup_take(l, &r));
    pthread_mutex_lock(&gate);
    for (uint32_t i = 0; i + 1 < SALLY_LOOKUP_THREADS; i++)
        assert_true(ask(l, "slow", i));
    for (uint32_t i = 100; i < 110; i++) {
        assert_true(ask(l, "quick", i));
        assert_int_equal(next(l).ticket, i);
    }
    pthread_mutex_unlock(&gate);
    for (uint32_t i = 0; i + 1 < SALLY_LOOKUP_THREADS; i++)
        assert_in_range(next(l).ticket, 0, SALLY_LOOKUP_THREADS - 2);
    sally_lookup_destroy(l);
}

static void too_many_are_refused(void **state)
{
    struct sally_lookup *l;

    (void)state;
    assert_int_equal(sally_lookup_create(&l, answer), SALLY_E_OK);
    pthread_mutex_lock(&gate);
    for (uint32_t i = 0; i < SALLY_LOOKUP_JOBS; i++)
        assert_true(ask(l, "slow", i));
    assert_false(ask(l, "slow", SALLY_LOOKUP_JOBS));
    pthread_mutex_unlock(&gate);
    for (uint32_t i = 0; i < SALLY_LOOKUP_JOBS; i++)
        (void)next(l);
    assert_true(ask(l, "quick", 1));
    (void)next(l);
    sally_lookup_destroy(l);
}

/* What hangs is left to itself, and comes to nothing later. */
static void an_end_does_not_wait(void **state)
{
    struct sally_lookup *l;

    (void)state;
    assert_int_equal(sally_lookup_create(&l, answer), SALLY_E_OK);
    sally_lookup_destroy(l); /* without any thread */
    assert_int_equal(sally_lookup_create(&l, answer), SALLY_E_OK);
    pthread_mutex_lock(&gate);
    assert_true(ask(l, "slow", 1));
    sally_lookup_destroy(l);
    pthread_mutex_unlock(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_one_holds_up_no_other),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(an_end_does_not_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
