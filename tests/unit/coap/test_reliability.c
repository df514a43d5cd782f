/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_reliability.c - when a message goes out again, and
 * message ids. RFC 7252 s.4.2, 4.4, 4.7.                                    */
#include "coap/link.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void fill(void *state, uint8_t *out, size_t n)
{
    uint64_t *x = state;

    for (size_t i = 0; i < n; i++) {
        *x = *x * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(*x >> 56);
    }
}

/* Sends what is ready at its time and writes down when; returns the time at
 * which the flight was given up.                                            */
static sally_usec run(struct sally_coap_reliable *r,
                      struct sally_coap_flight *f, sally_usec now,
                      sally_usec sent[8], size_t *count)
{
    *count = 0;
    while (f->state != SALLY_FLIGHT_LOST && *count < 8) {
        assert_ptr_equal(sally_coap_reliable_ready(r), f);
        sally_coap_reliable_sent(f, now);
        sent[(*count)++] = now;
        now = sally_coap_reliable_deadline(r);
        sally_coap_reliable_expire(r, 4, now - 1);
        assert_int_equal(f->state, SALLY_FLIGHT_WAITING);
        sally_coap_reliable_expire(r, 4, now);
    }
    return now;
}

static void sends_at_0_2_6_14_30_and_gives_up_at_62(void **state)
{
    static const sally_usec want[] = { 0, 2, 6, 14, 30 };
    struct sally_coap_parameters p = sally_coap_defaults;
    struct sally_coap_reliable r = { NULL };
    struct sally_coap_flight f = { .mid = 1 };
    uint64_t seed = 1;
    struct sally_random random = { fill, &seed };
    sally_usec sent[8], lost;
    size_t count;

    (void)state;
    p.random_percent = 100;
    sally_coap_reliable_add(&r, &f, true, &p, &random);
    lost = run(&r, &f, 0, sent, &count);
    assert_int_equal(count, SALLY_LEN(want));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sent[i], want[i] * SALLY_SEC);
    assert_int_equal(lost, 62 * SALLY_SEC);
    assert_int_equal(sally_coap_reliable_deadline(&r), SALLY_NEVER);
}

/* Every first wait lies in 2 to 3 s, the whole range is used, and each later
 * wait is exactly twice the one before.                                     */
static void stays_within_the_random_factor(void **state)
{
    sally_usec least = SALLY_NEVER, most = 0;
    uint64_t seed = 7;
    struct sally_random random = { fill, &seed };

    (void)state;
    for (int round = 0; round < 500; round++) {
        struct sally_coap_reliable r = { NULL };
        struct sally_coap_flight f = { .mid = 1 };
        sally_usec sent[8], lost, first;
        size_t count;

        sally_coap_reliable_add(&r, &f, true, &sally_coap_defaults, &random);
        lost = run(&r, &f, 1000, sent, &count);
        first = sent[1] - sent[0];
        least = sally_earlier(least, first);
        most = first > most ? first : most;
        assert_int_equal(count, 5);
        for (size_t i = 1; i < 4; i++)
            assert_int_equal(sent[i + 1] - sent[i], first << i);
        assert_int_equal(lost - sent[4], first << 4);
    }
    assert_in_range(least, 2000000, 2020000);
    assert_in_range(most, 2980000, 3000000);
}

static void one_confirmable_at_a_time(void **state)
{
    uint64_t seed = 1;
    struct sally_random random = { fill, &seed };
    struct sally_coap_reliable r = { NULL };
    struct sally_coap_flight a = { .mid = 1 }, b = { .mid = 2 },
                             c = { .mid = 3 }, non = { .mid = 4 };

    (void)state;
    sally_coap_reliable_add(&r, &a, true, &sally_coap_defaults, &random);
    sally_coap_reliable_add(&r, &b, true, &sally_coap_defaults, &random);
    sally_coap_reliable_add(&r, &c, true, &sally_coap_defaults, &random);
    sally_coap_reliable_add(&r, &non, false, &sally_coap_defaults, &random);
    assert_int_equal(sally_coap_reliable_busy(&r), 3);
    sally_coap_reliable_sent(&a, 0);
    assert_ptr_equal(sally_coap_reliable_ready(&r), &non); /* not held up */
    sally_coap_reliable_sent(&non, 0);
    assert_null(sally_coap_reliable_ready(&r));
    assert_null(sally_coap_reliable_find(&r, 2)); /* was never sent */
    sally_coap_reliable_acknowledge(&r, &a);
    assert_ptr_equal(sally_coap_reliable_ready(&r), &b);
    sally_coap_reliable_remove(&r, &b); /* gives its turn on */
    assert_ptr_equal(sally_coap_reliable_ready(&r), &c);
    assert_int_equal(sally_coap_reliable_busy(&r), 1);
    sally_coap_reliable_remove(&r, &a);
    sally_coap_reliable_remove(&r, &c);
    sally_coap_reliable_remove(&r, &non);
    assert_null(r.first);
}

static void resends_until_acknowledged(void **state)
{
    uint64_t seed = 1;
    struct sally_random random = { fill, &seed };
    struct sally_coap_reliable r = { NULL };
    struct sally_coap_flight f = { .mid = 9 };

    (void)state;
    sally_coap_reliable_add(&r, &f, true, &sally_coap_defaults, &random);
    sally_coap_reliable_sent(&f, 0);
    sally_coap_reliable_expire(&r, 4, 3 * SALLY_SEC);
    assert_int_equal(f.state, SALLY_FLIGHT_READY);
    /* An acknowledgement of the first copy counts before the second is out. */
    assert_ptr_equal(sally_coap_reliable_find(&r, 9), &f);
    sally_coap_reliable_acknowledge(&r, &f);
    assert_null(sally_coap_reliable_ready(&r));
    assert_int_equal(sally_coap_reliable_deadline(&r), SALLY_NEVER);
}

/* All 65536 ids come once; then a quarter is free again only when a lifetime
 * has passed since its last id was used.                                    */
static void does_not_reuse_message_ids(void **state)
{
    const sally_usec lifetime = 247 * SALLY_SEC;
    struct sally_coap_mids m = { .next = 0xfff0 };
    uint16_t mid, before = 0xffef;

    (void)state;
    for (uint32_t i = 0; i < 0x10000 - 0x3ff0; i++) {
        assert_int_equal(sally_coap_mids_take(&m, lifetime, 1000 + i, &mid),
                         SALLY_E_OK);
        assert_int_equal(mid, (uint16_t)(before + 1));
        before = mid;
    }
    assert_int_equal(mid, 0xbfff);
    for (uint32_t i = 0; i < 0x4000; i++)
        if (sally_coap_mids_take(&m, lifetime, 200000, &mid) != SALLY_E_OK)
            break;
    assert_int_equal(mid, 0xbfff); /* the last quarter was used at 1016 us */
    assert_int_equal(sally_coap_mids_take(&m, lifetime, 1000 + lifetime, &mid),
                     SALLY_E_NO_ROOM);
    assert_int_equal(sally_coap_mids_take(&m, lifetime, 1016 + lifetime, &mid),
                     SALLY_E_OK);
    assert_int_equal(mid, 0xc000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_at_0_2_6_14_30_and_gives_up_at_62),
        cmocka_unit_test(stays_within_the_random_factor),
        cmocka_unit_test(one_confirmable_at_a_time),
        cmocka_unit_test(resends_until_acknowledged),
        cmocka_unit_test(does_not_reuse_message_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
