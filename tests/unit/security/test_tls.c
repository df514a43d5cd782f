/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_tls.c - TLS over a stream that is cut where it likes:
 * what comes up, what ends, and what a peer can make us hold.               */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/security/pair.h"

#define ROOMY ((size_t)16 << 20)

static struct pair p;

static void begin(void)
{
    pair_scheme = SALLY_SCHEME_COAPS_TCP;
    pair_open(&p, 4, ROOMY);
}

/* Gives all that `from` has to say to `to`, `step` bytes at a time; bit `flip`
 * of it is changed on the way, if there is one. Plaintext is appended.      */
static size_t carry(struct sally_stack *from, struct sally_stack *to,
                    size_t step, size_t flip, struct sally_buf *plain)
{
    struct sally_span out;
    size_t sum = 0;

    while ((out = sally_stack_output(from)).len != 0) {
        uint8_t copy[SALLY_DATAGRAM_MAX];

        memcpy(copy, out.at, out.len);
        if (flip / 8 >= sum && flip / 8 < sum + out.len)
            copy[flip / 8 - sum] ^= (uint8_t)(1u << flip % 8);
        sum += out.len;
        for (size_t i = 0; i < out.len; i += step) {
            struct sally_span part = sally_span_sub(
                (struct sally_span){ copy, out.len }, i, step);

            while (sally_stack_open(to, part, plain, p.now) == SALLY_E_OK)
                part.len = 0;
        }
    }
    return sum;
}

static void settle(size_t step)
{
    uint8_t room[SALLY_MESSAGE_MAX];
    struct sally_buf plain = SALLY_BUF(room);

    while (carry(&p.client, &p.server, step, SIZE_MAX, &plain) +
               carry(&p.server, &p.client, step, SIZE_MAX, &plain) !=
           0)
        ;
    assert_int_equal(plain.len, 0);
}

static const char *const versions[] = { PAIR_12, PAIR_13 };

static void comes_up_however_it_is_cut(void **state)
{
    static const size_t steps[] = { 1, 7, 100, 1280 };

    (void)state;
    for (size_t v = 0; v < SALLY_LEN(versions); v++)
        for (size_t i = 0; i < SALLY_LEN(steps); i++) {
            pair_suites = versions[v];
            begin();
            pair_begin(&p);
            settle(steps[i]);
            assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_UP);
            assert_int_equal(sally_stack_state(&p.server), SALLY_CHANNEL_UP);
            assert_true(sally_span_is(sally_stack_peer_identity(&p.server),
                                      "sensor-1"));
            pair_talk(&p, &p.client, &p.server, "up");
            pair_talk(&p, &p.server, &p.client, "down");
            pair_close(&p);
        }
    pair_suites = NULL;
}

/* Several records in one chunk, and room for a few bytes at a time. */
static void what_has_no_room_waits(void **state)
{
    uint8_t wire[SALLY_DATAGRAM_MAX], room[4];
    struct sally_buf chunk = SALLY_BUF(wire);
    struct sally_span given;
    size_t got = 0;
    enum sally_err e;

    (void)state;
    begin();
    pair_begin(&p);
    settle(1280);
    for (int i = 0; i < 10; i++)
        assert_int_equal(sally_stack_seal(&p.client,
                                          sally_span_of("0123456789"), &chunk),
                         SALLY_E_OK);
    given = sally_buf_span(&chunk);
    do {
        struct sally_buf plain = SALLY_BUF(room);

        e = sally_stack_open(&p.server, given, &plain, p.now);
        given.len = 0;
        for (size_t i = 0; i < plain.len; i++)
            assert_int_equal(room[i], '0' + got++ % 10);
        assert_true(p.packets.used <= 1);
    } while (e == SALLY_E_OK);
    assert_int_equal(e, SALLY_E_PENDING);
    assert_int_equal(got, 100);
    assert_int_equal(p.packets.used, 0);
    pair_close(&p);
}

static void a_wrong_key_ends_it_at_both_ends(void **state)
{
    (void)state;
    for (size_t v = 0; v < SALLY_LEN(versions); v++) {
        pair_suites = versions[v];
        begin();
        pair_credential(&p.credential, "sensor-1", "another sixteen.");
        pair_begin(&p);
        settle(1280);
        assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_FAILED);
        assert_int_equal(sally_stack_state(&p.server), SALLY_CHANNEL_FAILED);
        pair_close(&p);
    }
    pair_suites = NULL;
}

/* Whatever bit an attacker changes, nothing wrong comes out. */
static void a_changed_bit_ends_it(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 400; bit += 3) {
        uint8_t wire[SALLY_DATAGRAM_MAX], room[SALLY_MESSAGE_MAX];
        struct sally_buf sealed = SALLY_BUF(wire);
        struct sally_buf plain = SALLY_BUF(room);

        begin();
        pair_begin(&p);
        settle(1280);
        pair_seal(&p.client, "some bytes", &sealed);
        if (bit / 8 < sealed.len) {
            wire[bit / 8] ^= (uint8_t)(1u << bit % 8);
            while (sally_stack_open(&p.server, sally_buf_span(&sealed), &plain,
                                    p.now) == SALLY_E_OK)
                sealed.len = 0;
            assert_int_equal(plain.len, 0);
            /* One in the length may have it wait for more. */
            if (bit / 8 < 3 || bit / 8 > 4)
                assert_int_equal(sally_stack_state(&p.server),
                                 SALLY_CHANNEL_FAILED);
        }
        pair_close(&p);
    }
}

static void says_goodbye(void **state)
{
    (void)state;
    begin();
    pair_begin(&p);
    settle(1280);
    sally_stack_close(&p.client);
    settle(1280);
    assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_CLOSED);
    assert_int_equal(sally_stack_state(&p.server), SALLY_CHANNEL_CLOSED);
    pair_close(&p);
}

static void a_mute_peer_is_left(void **state)
{
    (void)state;
    begin();
    pair_begin(&p);
    assert_true(sally_stack_deadline(&p.client) < p.now + 100 * SALLY_SEC);
    p.now = sally_stack_deadline(&p.client);
    sally_stack_expire(&p.client, p.now);
    assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_FAILED);
    assert_int_equal(sally_stack_reason(&p.client), SALLY_E_TIMED_OUT);
    pair_close(&p);
}

/* Without a block something would be lost, so the session ends. */
static void ends_where_there_is_no_block(void **state)
{
    void *taken[40];
    size_t n = 0;

    (void)state;
    begin();
    while ((taken[n] = sally_pool_take(&p.packets)) != NULL)
        n++;
    assert_int_not_equal(
        sally_stack_start(&p.client, p.security, pair_scheme, &p.credential,
                          p.now),
        SALLY_E_OK);
    while (n > 0)
        sally_pool_give(&p.packets, taken[--n]);
    pair_close(&p);
}

/* A record that never ends costs what the longest may have, and no more. */
static void a_record_is_bounded(void **state)
{
    static const uint8_t head[] = { 23, 3, 3, 0x41, 0x00 };
    uint8_t junk[1024] = { 0 }, room[SALLY_MESSAGE_MAX];
    struct sally_buf plain = SALLY_BUF(room);
    size_t before, fed = 0;

    (void)state;
    begin();
    pair_begin(&p);
    settle(1280);
    before = sally_security_heap(p.security);
    memcpy(junk, head, sizeof(head));
    while (sally_stack_state(&p.server) == SALLY_CHANNEL_UP && fed < 100000) {
        (void)!sally_stack_open(&p.server,
                                (struct sally_span){ junk, sizeof(junk) },
                                &plain, p.now);
        memset(junk, 0, sizeof(head));
        fed += sizeof(junk);
        assert_true(sally_security_heap(p.security) < before + 18500);
        assert_true(p.packets.used <= 2);
    }
    assert_int_equal(sally_stack_state(&p.server), SALLY_CHANNEL_FAILED);
    assert_true(fed < 20000);
    pair_close(&p);
}

static void the_next_session_is_a_short_one(void **state)
{
    (void)state;
    for (size_t v = 0; v < SALLY_LEN(versions); v++) {
        pair_suites = versions[v];
        begin();
        pair_begin(&p);
        settle(1280);
        assert_false(sally_stack_resumed(&p.client));
        sally_stack_close(&p.client);
        settle(1280);
        pair_begin(&p);
        settle(1280);
        assert_true(sally_stack_resumed(&p.client));
        pair_talk(&p, &p.client, &p.server, "up");
        pair_close(&p);
    }
    pair_suites = NULL;
}

/* Bytes of the library's heap that one client keeps while it is silent. */
static void a_session_at_rest_is_small(void **state)
{
    (void)state;
    for (size_t v = 0; v < SALLY_LEN(versions); v++) {
        size_t before, client;

        pair_suites = versions[v];
        begin();
        pair_begin(&p); /* makes what all share */
        settle(1280);
        sally_stack_wipe(&p.client);
        sally_stack_wipe(&p.server);
        before = sally_security_heap(p.security);
        pair_begin(&p);
        settle(1280);
        pair_talk(&p, &p.client, &p.server, "up");
        pair_talk(&p, &p.server, &p.client, "down");
        sally_stack_wipe(&p.server);
        client = sally_security_heap(p.security) - before;
        print_message("a client of %s: %zu bytes\n", v == 0 ? "1.2" : "1.3",
                      client);
        assert_in_range(client, 1000, 8000);
        pair_close(&p);
    }
    pair_suites = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_up_however_it_is_cut),
        cmocka_unit_test(what_has_no_room_waits),
        cmocka_unit_test(a_wrong_key_ends_it_at_both_ends),
        cmocka_unit_test(a_changed_bit_ends_it),
        cmocka_unit_test(says_goodbye),
        cmocka_unit_test(a_mute_peer_is_left),
        cmocka_unit_test(ends_where_there_is_no_block),
        cmocka_unit_test(a_record_is_bounded),
        cmocka_unit_test(the_next_session_is_a_short_one),
        cmocka_unit_test(a_session_at_rest_is_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
