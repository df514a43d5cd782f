/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/pair.h - a client and a server stack that talk through
 * memory, with a clock that the test turns.                                 */
#ifndef TESTS_UNIT_SECURITY_PAIR_H
#define TESTS_UNIT_SECURITY_PAIR_H

#include "security/crypto.h"
#include "security/dtls.h"
#include "security/stack.h"

#include <string.h>

/* What the server of each pair takes from now on; NULL: everything. A group of
 * tests runs once for each version this way.                                */
static const char *pair_suites;

/* And what carries their records. */
static enum sally_scheme pair_scheme = SALLY_SCHEME_COAPS;

#define PAIR_12                                                                \
    "PSK-AES128-CCM-8:ECDHE-PSK-AES128-GCM-SHA256:"                            \
    "ECDHE-PSK-AES128-CBC-SHA256"
#define PAIR_13 "TLS13-AES128-GCM-SHA256:TLS13-AES128-CCM-8-SHA256"

static inline bool pair_is_13(void)
{
    return pair_suites == NULL || strncmp(pair_suites, "TLS13", 5) == 0;
}

struct pair {
    struct sally_security *security;
    struct sally_pool packets;
    struct sally_stack client, server;
    struct sally_credential credential; /* the client's */
    struct sally_credential known;      /* what the server knows */
    struct sally_key_finder finder;
    sally_usec now;
};

static inline enum sally_err pair_find(void *owner, struct sally_span identity,
                                       struct sally_secret *key)
{
    const struct pair *p = owner;

    if (!sally_span_equal(identity, p->known.identity))
        return SALLY_E_NOT_FOUND;
    return sally_secret_set(key, p->known.secret_key);
}

static inline void pair_credential(struct sally_credential *c,
                                   const char *identity, const char *key)
{
    if (sally_credential_psk(c, sally_span_of(identity), sally_span_of(key)) !=
        SALLY_E_OK)
        fail_msg("credential of %s", identity);
}

/* The same at both ends. */
static inline void pair_keys(struct pair *p, const char *identity,
                             const char *key)
{
    pair_credential(&p->credential, identity, key);
    pair_credential(&p->known, identity, key);
}

/* Room for `sessions` associations, both ends counted. */
static inline void pair_open(struct pair *p, size_t sessions, size_t heap)
{
    const struct sally_security_limits limits = { sessions, heap };

    *p = (struct pair){ .now = SALLY_SEC };
    p->finder = (struct sally_key_finder){ .find = pair_find, .owner = p };
    assert_int_equal(sally_pool_init(&p->packets, SALLY_DATAGRAM_MAX, 32, true),
                     SALLY_E_OK);
    assert_int_equal(sally_security_init(&p->security, &limits, &p->packets,
                                         sally_crypto_random()),
                     SALLY_E_OK);
    pair_keys(p, "sensor-1", "a key of sixteen");
    if (pair_suites != NULL)
        assert_int_equal(sally_dtls_suites(p->security, pair_suites),
                         SALLY_E_OK);
}

static inline void pair_close(struct pair *p)
{
    sally_stack_wipe(&p->client);
    sally_stack_wipe(&p->server);
    assert_int_equal(p->packets.used, 0);
    sally_security_wipe(p->security);
    sally_pool_wipe(&p->packets);
    sally_credential_wipe(&p->credential);
    sally_credential_wipe(&p->known);
}

static inline void pair_begin(struct pair *p)
{
    assert_int_equal(sally_stack_start(&p->client, p->security,
                                       pair_scheme, &p->credential,
                                       p->now),
                     SALLY_E_OK);
    assert_int_equal(sally_stack_accept(&p->server, p->security,
                                        pair_scheme, &p->finder, p->now),
                     SALLY_E_OK);
}

/* Carries what `from` has to say to `to`; how many datagrams that was. What
 * comes out as a message is a failure: nobody sealed any.                   */
static inline unsigned pair_carry(struct pair *p, struct sally_stack *from,
                                  struct sally_stack *to)
{
    uint8_t copy[SALLY_DATAGRAM_MAX], room[SALLY_MESSAGE_MAX];
    struct sally_span out;
    unsigned n = 0;

    while ((out = sally_stack_output(from)).len != 0) {
        struct sally_buf message = SALLY_BUF(room);
        size_t len = out.len;

        memcpy(copy, out.at, len);
        n++;
        if (to == NULL)
            continue;
        if (sally_stack_open(to, (struct sally_span){ copy, len }, &message,
                             p->now) == SALLY_E_OK)
            fail_msg("a message out of a handshake");
    }
    return n;
}

/* Exchanges until both are silent, which they must be soon. */
static inline void pair_settle(struct pair *p)
{
    unsigned rounds = 0;

    while (pair_carry(p, &p->client, &p->server) +
               pair_carry(p, &p->server, &p->client) !=
           0)
        assert_true(++rounds < 100);
}

/* Turns the clock until both are up, one has failed or `limit` has passed. */
static inline void pair_run(struct pair *p, sally_usec limit)
{
    sally_usec end = p->now + limit;

    for (;;) {
        pair_settle(p);
        sally_usec due = sally_earlier(sally_stack_deadline(&p->client),
                                       sally_stack_deadline(&p->server));
        if (due > end)
            return;
        p->now = due > p->now ? due : p->now;
        sally_stack_expire(&p->client, p->now);
        sally_stack_expire(&p->server, p->now);
    }
}

static inline void pair_up(struct pair *p)
{
    pair_begin(p);
    pair_settle(p);
    assert_int_equal(sally_stack_state(&p->client), SALLY_CHANNEL_UP);
    assert_int_equal(sally_stack_state(&p->server), SALLY_CHANNEL_UP);
}

/* Seals `text` at `from` into `wire`. */
static inline void pair_seal(struct sally_stack *from, const char *text,
                             struct sally_buf *wire)
{
    assert_int_equal(sally_stack_seal(from, sally_span_of(text), wire),
                     SALLY_E_OK);
}

/* True if `wire` opens at `to` as `text`, and is one message. */
static inline bool pair_opens(struct pair *p, struct sally_stack *to,
                              struct sally_span wire, const char *text)
{
    uint8_t room[SALLY_MESSAGE_MAX];
    struct sally_buf message = SALLY_BUF(room);

    if (sally_stack_open(to, wire, &message, p->now) != SALLY_E_OK ||
        !sally_span_is(sally_buf_span(&message), text))
        return false;
    message.len = 0;
    return sally_stack_open(to, (struct sally_span){ NULL, 0 }, &message,
                            p->now) == SALLY_E_PENDING;
}

static inline void pair_talk(struct pair *p, struct sally_stack *from,
                             struct sally_stack *to, const char *text)
{
    uint8_t room[SALLY_DATAGRAM_MAX];
    struct sally_buf wire = SALLY_BUF(room);

    pair_seal(from, text, &wire);
    if (!pair_opens(p, to, sally_buf_span(&wire), text))
        fail_msg("lost: %s", text);
}

#endif
