/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/session_known.c - whose session it is that a client resumes: a
 * resumed handshake has no proof of identity of its own.                    */
#include "security/session.h"

#include "base/cursor.h"

#include <stdlib.h>
#include <string.h>

#define NEIGHBOURS SALLY_KNOWN_NEIGHBOURS

#ifndef __clang__
/* The analyzer loses sight of what is put into the table. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* The library has no call for the identifier, but it stands in the saved form:
 * side, born, timeout, identifier, secret, flag, and for 1.3 the identifier in
 * the ticket.                                                               */
static uint64_t id_of(struct sally_session *s)
{
    WOLFSSL_SESSION *session = wolfSSL_get1_session(s->ssl);
    unsigned char *saved = NULL;
    int n = wolfSSL_i2d_SSL_SESSION(session, &saved);
    struct sally_cursor c =
        sally_cursor_over((struct sally_span){ saved, n > 0 ? (size_t)n : 0 });
    struct sally_span id, ticket;
    uint64_t digest;

    (void)sally_take(&c, 9);
    id = sally_take(&c, sally_take_u8(&c));
    (void)sally_take(&c, 49);
    ticket = sally_take(&c, sally_take_u8(&c));
    digest = c.failed ? 0
                      : sally_hash(&s->shared->hash_key,
                                   ticket.len != 0 ? ticket : id);
    XFREE(saved, NULL, DYNAMIC_TYPE_OPENSSL);
    wolfSSL_SESSION_free(session);
    return digest;
}

static struct sally_known_session *
neighbour(const struct sally_security *shared, uint64_t id, size_t i)
{
    return &shared->known[(id + i) % shared->known_count];
}

static struct sally_known_session *find(const struct sally_security *shared,
                                        uint64_t id)
{
    for (size_t i = 0; i < NEIGHBOURS; i++)
        if (neighbour(shared, id, i)->id == id)
            return neighbour(shared, id, i);
    return NULL;
}

static struct sally_known_session *oldest(const struct sally_security *shared,
                                          uint64_t id)
{
    struct sally_known_session *best = neighbour(shared, id, 0);

    for (size_t i = 1; i < NEIGHBOURS; i++)
        if (neighbour(shared, id, i)->age < best->age)
            best = neighbour(shared, id, i);
    return best;
}

static struct sally_blob *copy(struct sally_span s)
{
    struct sally_blob *b = malloc(sizeof(*b) + s.len);

    if (b == NULL)
        return NULL;
    b->len = s.len;
    if (s.len != 0)
        memcpy(b->bytes, s.at, s.len);
    return b;
}

static struct sally_span span_of(const struct sally_blob *b)
{
    return (struct sally_span){ b->bytes, b->len };
}

static void empty(struct sally_known_session *k)
{
    free(k->peer);
    free(k->shown);
    *k = (struct sally_known_session){ .id = 0 };
}

/* Of the key that this identity has now; 0: none. */
static uint64_t key_of(const struct sally_session *s, struct sally_span who)
{
    const struct sally_key_finder *f = s->finder;
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret key = { .len = 0 };

    if (f->find == NULL || f->find(f->owner, who, &key) != SALLY_E_OK)
        return 0;
    return sally_hash(&s->shared->hash_key,
                      (struct sally_span){ key.bytes, key.len });
}

static enum sally_err remember(struct sally_session *s, uint64_t id)
{
    const struct sally_blob *shown = s->peer.evidence;
    struct sally_known_session *k, made = { .id = id, .raw = s->peer.raw };

    if (shown == NULL && s->name == NULL)
        return SALLY_E_OK;
    if (!sally_session_known_room(s->shared))
        return SALLY_E_NO_MEMORY;
    made.peer = copy(sally_session_peer(s));
    if (shown != NULL)
        made.shown = copy(span_of(shown));
    else
        made.key = key_of(s, sally_session_peer(s));
    if (made.peer == NULL || (shown != NULL && made.shown == NULL)) {
        empty(&made);
        return SALLY_E_NO_MEMORY;
    }
    made.age = ++s->shared->known_age;
    k = find(s->shared, id);
    if (k == NULL)
        k = oldest(s->shared, id);
    empty(k);
    *k = made;
    return SALLY_E_OK;
}

static enum sally_err let_in(struct sally_session *s,
                             const struct sally_known_session *k)
{
    if (k->shown != NULL)
        return sally_peer_judge_again(&s->peer, k->raw, span_of(k->shown));
    return k->key != 0 && k->key == key_of(s, span_of(k->peer))
               ? SALLY_E_OK
               : SALLY_E_NO_CREDENTIAL;
}

enum sally_err sally_session_recognise(struct sally_session *s)
{
    uint64_t id = id_of(s);
    const struct sally_known_session *k;
    enum sally_err e;

    if (id == 0)
        return s->resumed ? SALLY_E_NO_CREDENTIAL : SALLY_E_OK;
    if (!s->resumed)
        return remember(s, id);
    k = s->shared->known == NULL ? NULL : find(s->shared, id);
    if (k == NULL)
        return s->finder->anonymous && s->name == NULL ? SALLY_E_OK
                                                       : SALLY_E_NO_CREDENTIAL;
    e = let_in(s, k);
    if (e == SALLY_E_OK && !sally_session_name(s, span_of(k->peer)))
        e = SALLY_E_NO_MEMORY;
    return e;
}

void sally_session_known_wipe(struct sally_security *shared)
{
    for (size_t i = 0; i < shared->known_count; i++)
        empty(&shared->known[i]);
    free(shared->known);
    shared->known = NULL;
    shared->known_count = 0;
}
