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

static enum sally_err remember(struct sally_session *s, uint64_t id)
{
    struct sally_security *shared = s->shared;
    struct sally_span who = sally_session_peer(s);
    struct sally_known_session *k;
    struct sally_blob *peer;

    if (who.len == 0)
        return SALLY_E_OK;
    peer = malloc(sizeof(*peer) + who.len);
    if (peer == NULL || !sally_session_known_room(shared)) {
        free(peer);
        return SALLY_E_NO_MEMORY;
    }
    peer->len = who.len;
    memcpy(peer->bytes, who.at, who.len);
    k = find(shared, id);
    if (k == NULL)
        k = oldest(shared, id);
    free(k->peer);
    k->id = id;
    k->age = ++shared->known_age;
    k->peer = peer;
    return SALLY_E_OK;
}

enum sally_err sally_session_recognise(struct sally_session *s)
{
    uint64_t id = id_of(s);
    const struct sally_known_session *k;

    if (id == 0)
        return s->resumed ? SALLY_E_NO_CREDENTIAL : SALLY_E_OK;
    if (!s->resumed)
        return remember(s, id);
    k = s->shared->known == NULL ? NULL : find(s->shared, id);
    if (k == NULL)
        return SALLY_E_NO_CREDENTIAL;
    return sally_session_name(
               s, (struct sally_span){ k->peer->bytes, k->peer->len })
               ? SALLY_E_OK
               : SALLY_E_NO_MEMORY;
}

void sally_session_known_wipe(struct sally_security *shared)
{
    for (size_t i = 0; i < shared->known_count; i++)
        free(shared->known[i].peer);
    free(shared->known);
    shared->known = NULL;
    shared->known_count = 0;
}
