/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_loss.c - each datagram of a handshake lost once, in
 * both directions, and each of them twice; full and resumed. RFC 6347 s.4.2.4,
 * RFC 9147 s.5.8.                                                           */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/security/pair.h"

#define ROOMY ((size_t)16 << 20)

struct fate {
    unsigned seen, which; /* the datagram that it happens to */
    bool twice;           /* false: it is lost; true: it comes twice */
};

static void carry(struct pair *p, struct sally_stack *from,
                  struct sally_stack *to, struct fate *f)
{
    uint8_t copy[SALLY_DATAGRAM_MAX], room[SALLY_MESSAGE_MAX];
    struct sally_span out;

    while ((out = sally_stack_output(from)).len != 0) {
        bool hit = f->seen++ == f->which;
        unsigned times = !hit ? 1 : f->twice ? 2 : 0;
        struct sally_span datagram = { copy, out.len };

        memcpy(copy, out.at, out.len);
        for (unsigned i = 0; i < times; i++) {
            struct sally_buf message = SALLY_BUF(room);

            if (sally_stack_open(to, datagram, &message, p->now) == SALLY_E_OK)
                fail_msg("a message out of a handshake");
        }
    }
}

/* Until both are up, or nothing will happen any more. */
static void run(struct pair *p, struct fate *f)
{
    sally_usec end = p->now + 70 * SALLY_SEC;

    while (p->now < end) {
        unsigned before;

        do {
            before = f->seen;
            carry(p, &p->client, &p->server, f);
            carry(p, &p->server, &p->client, f);
        } while (f->seen != before);
        if (sally_stack_state(&p->client) == SALLY_CHANNEL_UP &&
            sally_stack_state(&p->server) == SALLY_CHANNEL_UP)
            return;
        p->now = sally_earlier(sally_stack_deadline(&p->client),
                               sally_stack_deadline(&p->server));
        sally_stack_expire(&p->client, p->now);
        sally_stack_expire(&p->server, p->now);
    }
}

/* True if there was such a datagram. */
static bool survives(struct pair *p, unsigned which, bool twice, bool resumed)
{
    struct fate f = { .which = which, .twice = twice };
    sally_usec begun;

    pair_begin(p);
    begun = p->now;
    run(p, &f);
    if (sally_stack_state(&p->client) != SALLY_CHANNEL_UP ||
        sally_stack_state(&p->server) != SALLY_CHANNEL_UP)
        fail_msg("datagram %u, %s: %s", which, twice ? "twice" : "lost",
                 sally_err_text(sally_stack_reason(&p->client)));
    assert_int_equal(sally_stack_resumed(&p->client), resumed);
    if (p->now - begun > 4 * SALLY_SEC)
        fail_msg("datagram %u, %s: took %u s", which, twice ? "twice" : "lost",
                 (unsigned)((p->now - begun) / SALLY_SEC));
    pair_talk(p, &p->client, &p->server, "through");
    pair_talk(p, &p->server, &p->client, "through");
    pair_run(p, 5 * SALLY_SEC);
    assert_int_equal(sally_stack_deadline(&p->client), SALLY_NEVER);
    assert_int_equal(sally_stack_deadline(&p->server), SALLY_NEVER);
    return f.seen > which;
}

static void check(bool twice, bool resumed)
{
    for (unsigned which = 0;; which++) {
        struct pair p;
        bool more;

        pair_open(&p, 2, ROOMY);
        if (resumed)
            (void)survives(&p, UINT32_MAX, false, false);
        more = survives(&p, which, twice, resumed);
        pair_close(&p);
        if (!more)
            return;
    }
}

static void one_that_is_lost(void **state)
{
    (void)state;
    check(false, false);
}

static void one_that_comes_twice(void **state)
{
    (void)state;
    check(true, false);
}

static void one_that_is_lost_when_a_session_resumes(void **state)
{
    (void)state;
    check(false, true);
}

static void one_that_comes_twice_when_a_session_resumes(void **state)
{
    (void)state;
    check(true, true);
}

/* The server's last word comes after its first message: that one is lost, and
 * nothing else comes out in its place.                                      */
static void one_that_a_message_overtakes(void **state)
{
    /* As long as what could be an acknowledgement, or it would not get in. */
    static const char early_text[] = "before its time it";
    uint8_t held[4][SALLY_DATAGRAM_MAX], early[SALLY_DATAGRAM_MAX],
        room[SALLY_MESSAGE_MAX];
    struct sally_buf wire = SALLY_BUF(early), message = SALLY_BUF(room);
    size_t len[SALLY_LEN(held)], count = 0;
    struct sally_span out;
    struct pair p;

    (void)state;
    if (!pair_is_13())
        return;
    pair_open(&p, 2, ROOMY);
    pair_begin(&p);
    while (sally_stack_state(&p.server) != SALLY_CHANNEL_UP) {
        (void)pair_carry(&p, &p.server, &p.client);
        assert_int_not_equal(pair_carry(&p, &p.client, &p.server), 0);
    }
    while ((out = sally_stack_output(&p.server)).len != 0) {
        assert_in_range(count, 0, SALLY_LEN(held) - 1);
        memcpy(held[count], out.at, out.len);
        len[count++] = out.len;
    }
    pair_seal(&p.server, early_text, &wire);
    assert_int_equal(sally_stack_open(&p.client, sally_buf_span(&wire),
                                      &message, p.now),
                     SALLY_E_PENDING);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sally_stack_open(&p.client,
                                          (struct sally_span){ held[i],
                                                               len[i] },
                                          &message, p.now),
                         SALLY_E_PENDING);
    assert_int_equal(message.len, 0);
    pair_run(&p, 5 * SALLY_SEC);
    assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_UP);
    pair_talk(&p, &p.client, &p.server, "through");
    pair_talk(&p, &p.server, &p.client, "through");
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_lost),
        cmocka_unit_test(one_that_comes_twice),
        cmocka_unit_test(one_that_is_lost_when_a_session_resumes),
        cmocka_unit_test(one_that_comes_twice_when_a_session_resumes),
        cmocka_unit_test(one_that_a_message_overtakes),
    };
    int failed;

    pair_suites = "PSK-AES128-CCM-8";
    failed = cmocka_run_group_tests_name("DTLS 1.2", tests, NULL, NULL);
    pair_suites = "ECDHE-PSK-AES128-GCM-SHA256";
    failed += cmocka_run_group_tests_name("DTLS 1.2, ECDHE", tests, NULL, NULL);
    pair_suites = PAIR_13;
    return failed + cmocka_run_group_tests_name("DTLS 1.3", tests, NULL, NULL);
}
