/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_wear.c - keys of DTLS 1.3 are changed before they
 * are worn out, by either end; a session that too many forgeries hit ends. RFC
 * 9147 s.4.5.3, s.8; RFC 8446 s.4.6.3, s.5.5.
 *
 * The numbers are those of wolfSSL 5.9.2, stricter than the RFC's.          */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "security/dtls_state.h"
#include "unit/security/pair.h"

#define ROOMY ((size_t)16 << 20)
#define CCM_8 "TLS13-AES128-CCM-8-SHA256"

/* Forged records under one key of CCM_8: what is borne without a word, and what
 * is borne at all.                                                          */
#define FORGED_QUIET 32
#define FORGED_MAX 64

#define SEALED_MAX ((uint32_t)1 << 22) /* by one key of CCM or CCM_8 */

/* A peer that hears nothing of 2^15 records loses count of them. */
#define HEARD_EACH 30000

static void open_pair(struct pair *p, const char *suites)
{
    pair_open(p, 2, ROOMY);
    assert_int_equal(sally_dtls_suites(p->security, suites), SALLY_E_OK);
    pair_up(p);
    pair_run(p, 5 * SALLY_SEC); /* tickets and their acknowledgements */
}

static struct sally_dtls *dtls(const struct sally_stack *s) { return s->state; }

/* The two low bits of the epoch that the next record goes out under. */
static unsigned epoch(struct pair *p, struct sally_stack *from,
                      struct sally_stack *to)
{
    uint8_t room[SALLY_DATAGRAM_MAX];
    struct sally_buf wire = SALLY_BUF(room);

    pair_seal(from, "which?", &wire);
    assert_int_equal(room[0] >> 5, 1);
    assert_true(pair_opens(p, to, sally_buf_span(&wire), "which?"));
    return room[0] & 3;
}

static void check_epoch(struct pair *p, unsigned want)
{
    assert_int_equal(epoch(p, &p->client, &p->server), want & 3);
    assert_int_equal(epoch(p, &p->server, &p->client), want & 3);
}

/* A message that `from` sealed, its last byte changed; what becomes of it. */
static enum sally_err forge(struct pair *p, struct sally_stack *from,
                            struct sally_stack *at)
{
    uint8_t room[SALLY_DATAGRAM_MAX], back[SALLY_MESSAGE_MAX];
    struct sally_buf wire = SALLY_BUF(room), message = SALLY_BUF(back);
    enum sally_err e;

    pair_seal(from, "nobody said that", &wire);
    room[wire.len - 1] ^= 1;
    e = sally_stack_open(at, sally_buf_span(&wire), &message, p->now);
    assert_int_equal(message.len, 0);
    return e;
}

static void forge_many(struct pair *p, struct sally_stack *from,
                       struct sally_stack *at, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(forge(p, from, at), SALLY_E_UNAUTHENTIC);
}

/* --- The peer's key update ----------------------------------------------- */

static void update(struct sally_stack *s)
{
    assert_int_equal(wolfSSL_update_keys(dtls(s)->session.ssl),
                     WOLFSSL_SUCCESS);
}

/* Both ends have new keys each time: who asks wants the other's as well. What
 * was sealed under the old ones and comes late still opens.                 */
static void a_key_update_is_followed(void **state)
{
    struct pair p;

    (void)state;
    open_pair(&p, PAIR_13);
    check_epoch(&p, 3);
    for (unsigned i = 1; i <= 9; i++) {
        struct sally_stack *from = i % 3 == 0 ? &p.client : &p.server;
        struct sally_stack *to = i % 3 == 0 ? &p.server : &p.client;
        uint8_t room[SALLY_DATAGRAM_MAX];
        struct sally_buf late = SALLY_BUF(room);

        pair_seal(from, "late", &late);
        update(from);
        assert_int_equal(dtls(from)->queued, 1);
        pair_settle(&p);
        check_epoch(&p, 3 + i);
        assert_true(pair_opens(&p, to, sally_buf_span(&late), "late"));
        pair_run(&p, 5 * SALLY_SEC); /* it may wait for a word */
        assert_int_equal(sally_stack_deadline(&p.client), SALLY_NEVER);
        assert_int_equal(sally_stack_deadline(&p.server), SALLY_NEVER);
    }
    pair_close(&p);
}

/* Until it is acknowledged the old key serves, and it is said again. */
static void a_lost_key_update_is_said_again(void **state)
{
    struct pair p;

    (void)state;
    open_pair(&p, PAIR_13);
    update(&p.server);
    assert_int_equal(pair_carry(&p, &p.server, NULL), 1);
    check_epoch(&p, 3);
    pair_run(&p, 10 * SALLY_SEC);
    check_epoch(&p, 4);
    update(&p.server);
    assert_int_equal(pair_carry(&p, &p.server, &p.client), 1);
    assert_true(pair_carry(&p, &p.client, NULL) > 0); /* answers are lost */
    pair_run(&p, 10 * SALLY_SEC);
    check_epoch(&p, 5);
    pair_close(&p);
}

/* Both at once: each is acknowledged, and the answer that each asked for is
 * the update that is there already.                                         */
static void key_updates_may_cross(void **state)
{
    struct pair p;

    (void)state;
    open_pair(&p, PAIR_13);
    update(&p.client);
    update(&p.server);
    pair_settle(&p);
    pair_run(&p, 10 * SALLY_SEC);
    check_epoch(&p, 4);
    pair_close(&p);
}

/* --- Our own ------------------------------------------------------------- */

/* Seals until the library says something of its own; how often that was. What
 * was sealed last is in `wire`.                                             */
static uint32_t seal_until_it_updates(struct pair *p, struct sally_buf *wire)
{
    for (uint32_t n = 1; n <= SEALED_MAX; n++) {
        wire->len = 0;
        pair_seal(&p->client, "worn", wire);
        if (dtls(&p->client)->queued != 0)
            return n;
        if (n % HEARD_EACH == 0)
            assert_true(
                pair_opens(p, &p->server, sally_buf_span(wire), "worn"));
    }
    return UINT32_MAX;
}

/* The library says it behind the message, which makes it what seal gives; the
 * message is what waits then, and both go out.                              */
static void a_key_is_changed_before_it_is_worn_out(void **state)
{
    uint8_t room[SALLY_DATAGRAM_MAX], back[SALLY_MESSAGE_MAX];
    struct sally_buf wire = SALLY_BUF(room), message = SALLY_BUF(back);
    struct pair p;

    (void)state;
    open_pair(&p, CCM_8);
    assert_in_range(seal_until_it_updates(&p, &wire), SEALED_MAX - 100,
                    SEALED_MAX);
    assert_int_equal(dtls(&p.client)->queued, 1);
    assert_int_equal(
        sally_stack_open(&p.server, sally_buf_span(&wire), &message, p.now),
        SALLY_E_PENDING);
    assert_true(
        pair_opens(&p, &p.server, sally_stack_output(&p.client), "worn"));
    pair_settle(&p);
    check_epoch(&p, 4);
    pair_close(&p);
}

/* --- Forgeries ----------------------------------------------------------- */

static void forgeries_change_the_keys(void **state)
{
    (void)state;
    for (int role = 0; role < 2; role++) {
        struct sally_stack *from, *at;
        struct pair p;

        open_pair(&p, CCM_8);
        from = role == 0 ? &p.server : &p.client;
        at = role == 0 ? &p.client : &p.server;
        for (unsigned i = 1; i <= 6; i++) {
            forge_many(&p, from, at, FORGED_QUIET);
            assert_int_equal(dtls(at)->queued, 0);
            forge_many(&p, from, at, 1);
            assert_int_equal(dtls(at)->queued, 1);
            pair_settle(&p);
            check_epoch(&p, 3 + i);
        }
        pair_close(&p);
    }
}

/* Those that come under a key that was given up for them do not count, and that
 * key opens nothing any more.                                               */
static void what_was_given_up_takes_no_harm(void **state)
{
    uint8_t room[SALLY_DATAGRAM_MAX], back[SALLY_MESSAGE_MAX];
    struct sally_buf late = SALLY_BUF(room);
    struct pair p;

    (void)state;
    open_pair(&p, CCM_8);
    pair_seal(&p.server, "late", &late);
    forge_many(&p, &p.server, &p.client, FORGED_QUIET + 1);
    pair_settle(&p);
    check_epoch(&p, 4);
    for (unsigned i = 0; i < 3 * FORGED_MAX; i++) {
        struct sally_buf message = SALLY_BUF(back);

        assert_int_not_equal(
            sally_stack_open(&p.client, sally_buf_span(&late), &message, p.now),
            SALLY_E_OK);
    }
    check_epoch(&p, 4);
    pair_close(&p);
}

/* Nobody answers the update: the session ends, before a forgery succeeds. */
static void forgeries_end_a_session(void **state)
{
    (void)state;
    for (int role = 0; role < 2; role++) {
        struct sally_stack *from, *at;
        struct pair p;

        open_pair(&p, CCM_8);
        from = role == 0 ? &p.server : &p.client;
        at = role == 0 ? &p.client : &p.server;
        forge_many(&p, from, at, FORGED_MAX);
        assert_int_equal(sally_stack_state(at), SALLY_CHANNEL_UP);
        assert_int_equal(forge(&p, from, at), SALLY_E_UNAUTHENTIC);
        assert_int_equal(sally_stack_state(at), SALLY_CHANNEL_FAILED);
        assert_int_equal(sally_stack_reason(at), SALLY_E_UNAUTHENTIC);
        assert_int_equal(sally_stack_deadline(at), SALLY_NEVER);
        pair_close(&p);
    }
}

/* Tags of 16 bytes bear 2^35 in 1.3. In 1.2 nobody counts, and no word of the
 * protocol could change a key.                                              */
static void other_suites_bear_more(void **state)
{
    static const char *const suites[] = { "TLS13-AES128-GCM-SHA256",
                                          "TLS13-AES128-CCM-SHA256",
                                          "PSK-AES128-CCM-8" };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(suites); i++) {
        struct pair p;

        open_pair(&p, suites[i]);
        forge_many(&p, &p.server, &p.client, 2000);
        assert_int_equal(dtls(&p.client)->queued, 0);
        pair_talk(&p, &p.server, &p.client, "unharmed");
        pair_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_update_is_followed),
        cmocka_unit_test(a_lost_key_update_is_said_again),
        cmocka_unit_test(key_updates_may_cross),
        cmocka_unit_test(a_key_is_changed_before_it_is_worn_out),
        cmocka_unit_test(forgeries_change_the_keys),
        cmocka_unit_test(what_was_given_up_takes_no_harm),
        cmocka_unit_test(forgeries_end_a_session),
        cmocka_unit_test(other_suites_bear_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
