/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_heap.c - what sessions cost, that all of it comes
 * back, and what happens when there is no more.                             */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "security/heap.h"
#include "unit/security/pair.h"

#define ROOMY ((size_t)64 << 20)
#define SESSIONS 50

/* Bytes of an idle client session of DTLS 1.3, which are 4,936 with the library
 * that scripts/wolfssl makes; without its patches and settings 300 to 600 more.
 */
#define IDLE_MAX 5050

static void an_idle_session_is_small(void **state)
{
    static struct sally_stack clients[SESSIONS];
    size_t before, each;
    struct pair p;

    (void)state;
    pair_open(&p, SESSIONS + 1, ROOMY);
    pair_up(&p);
    sally_stack_wipe(&p.client);
    sally_stack_wipe(&p.server);
    before = sally_security_heap(p.security);
    for (size_t i = 0; i < SESSIONS; i++) {
        pair_up(&p);
        pair_talk(&p, &p.client, &p.server, "up");
        pair_talk(&p, &p.server, &p.client, "down");
        clients[i] = p.client;
        p.client = (struct sally_stack){ .channel = NULL };
        sally_stack_wipe(&p.server);
    }
    each = (sally_security_heap(p.security) - before) / SESSIONS;
    print_message("an idle session: %zu bytes of heap, %zu of ours\n", each,
                  clients[0].channel->size);
    assert_true(each <= IDLE_MAX);
    for (size_t i = 0; i < SESSIONS; i++)
        sally_stack_wipe(&clients[i]);
    assert_int_equal(sally_security_heap(p.security), before);
    pair_close(&p);
}

/* Both ends of one handshake at once; the library keeps it on its stack
 * otherwise. A storm of handshakes is bounded by the pacer times this.      */
static void a_handshake_peaks_low(void **state)
{
    size_t before, peak;
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_up(&p);
    sally_stack_wipe(&p.client);
    sally_stack_wipe(&p.server);
    before = sally_heap_live();
    sally_heap_reset_peak();
    pair_up(&p);
    peak = sally_heap_peak() - before;
    print_message("a handshake: %zu bytes of heap at the peak of both ends\n",
                  peak);
    assert_in_range(peak, 4130, 40000);
    pair_close(&p);
}

static void all_memory_comes_back(void **state)
{
    size_t before = sally_heap_live();
    struct pair p;

    (void)state;
    for (int i = 0; i < 3; i++) {
        pair_open(&p, 2, ROOMY);
        pair_up(&p);
        pair_talk(&p, &p.client, &p.server, "x");
        pair_close(&p);
        if (i == 0) /* the random generator stays */
            before = sally_heap_live();
    }
    assert_int_equal(sally_heap_live(), before);
}

static void a_wipe_at_any_point_leaves_nothing(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_up(&p);
    sally_stack_wipe(&p.client);
    sally_stack_wipe(&p.server);
    for (unsigned steps = 0; steps < 8; steps++) {
        size_t before = sally_security_heap(p.security);

        pair_begin(&p);
        for (unsigned i = 0; i < steps; i++)
            (void)(i % 2 == 0 ? pair_carry(&p, &p.client, &p.server)
                              : pair_carry(&p, &p.server, &p.client));
        sally_stack_wipe(&p.client);
        sally_stack_wipe(&p.server);
        assert_int_equal(sally_security_heap(p.security), before);
        assert_int_equal(p.packets.used, 0);
    }
    pair_close(&p);
}

/* Whatever runs out, and when: an error, and everything given back. */
static void the_limit_is_an_error_and_no_crash(void **state)
{
    unsigned refused = 0;
    size_t floor;
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_up(&p);
    sally_stack_wipe(&p.client);
    sally_stack_wipe(&p.server);
    floor = sally_security_heap(p.security);
    for (size_t extra = 0; extra < 40000; extra += 97) {
        sally_heap_limit(floor + extra);
        if (sally_stack_start(&p.client, p.security, SALLY_SCHEME_COAPS,
                              &p.credential, p.now) == SALLY_E_NO_MEMORY)
            refused++;
        (void)!sally_stack_accept(&p.server, p.security, SALLY_SCHEME_COAPS,
                                  &p.finder, p.now);
        pair_settle(&p);
        assert_true(sally_heap_live() <= floor + extra);
        sally_stack_wipe(&p.client);
        sally_stack_wipe(&p.server);
        assert_int_equal(sally_heap_live(), floor);
    }
    assert_true(refused > 10);
    sally_heap_limit(ROOMY);
    pair_up(&p);
    pair_close(&p);
}

static void the_pool_may_be_empty(void **state)
{
    void *held[32];
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    for (size_t i = 0; i < SALLY_LEN(held); i++)
        held[i] = sally_pool_take(&p.packets);
    pair_begin(&p);
    assert_int_equal(pair_carry(&p, &p.client, &p.server), 0);
    for (size_t i = 0; i < SALLY_LEN(held); i++)
        sally_pool_give(&p.packets, held[i]);
    pair_run(&p, 5 * SALLY_SEC);
    assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_UP);
    pair_close(&p);
}

/* SALLY_HANDSHAKES sets how many fail; 10,000 is the long run. */
static unsigned long how_many(void)
{
    const char *text = getenv("SALLY_HANDSHAKES");

    return text == NULL ? 300 : strtoul(text, NULL, 10);
}

static void after_many_failures_a_handshake_works(void **state)
{
    unsigned long count = how_many();
    size_t before;
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_up(&p);
    sally_stack_wipe(&p.client);
    sally_stack_wipe(&p.server);
    before = sally_security_heap(p.security);
    for (unsigned long i = 0; i < count; i++) {
        pair_credential(&p.credential, i % 2 == 0 ? "sensor-1" : "nobody",
                        "not the key.....");
        pair_begin(&p);
        pair_run(&p, 100 * SALLY_SEC);
        assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_FAILED);
    }
    pair_keys(&p, "sensor-1", "a key of sixteen");
    pair_up(&p);
    pair_talk(&p, &p.client, &p.server, "at last");
    sally_stack_wipe(&p.client);
    sally_stack_wipe(&p.server);
    assert_int_equal(sally_security_heap(p.security), before);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_session_is_small),
        cmocka_unit_test(a_handshake_peaks_low),
        cmocka_unit_test(all_memory_comes_back),
        cmocka_unit_test(a_wipe_at_any_point_leaves_nothing),
        cmocka_unit_test(the_limit_is_an_error_and_no_crash),
        cmocka_unit_test(the_pool_may_be_empty),
        cmocka_unit_test(after_many_failures_a_handshake_works),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
