/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/session_resumption.c - a session outlives its association, so
 * that the next handshake is short. RFC 5246 s.7.3, RFC 8446 s.2.2.         */
#include "security/session.h"

/* Ties a session to the credential that it grew from: a keyed digest, since
 * the key itself must not be kept in one more place.                        */
static uint64_t owner_of(const struct sally_session *s)
{
    return sally_credential_digest(s->credential, &s->shared->hash_key);
}

static void drop_session(struct sally_resumption *r)
{
    if (r->session != NULL)
        wolfSSL_SESSION_free(r->session);
    r->session = NULL;
    r->owner = 0;
}

static void drop_evidence(struct sally_resumption *r)
{
    XFREE(r->evidence, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    r->evidence = NULL;
}

void sally_session_forget(struct sally_resumption *r)
{
    drop_session(r);
    drop_evidence(r);
}

/* A session that resumes shows no chain: the one of its beginning must hold
 * still. Lists of what is revoked are part of the owner, as authorities are. */
static bool holds(const struct sally_session *s)
{
    const struct sally_blob *b = s->resumption->evidence;
    struct sally_span evidence = { NULL, 0 };

    if (b != NULL)
        evidence = (struct sally_span){ b->bytes, b->len };
    return s->resumption->owner == owner_of(s) &&
           sally_evidence_check(evidence, &s->shared->clock) == SALLY_E_OK;
}

static int on_ticket(WOLFSSL *ssl, const unsigned char *ticket, int len,
                     void *context)
{
    (void)ssl;
    (void)ticket;
    (void)len;
    ((struct sally_session *)context)->ticket = true;
    return 0;
}

/* The session leaves `resumption` here and comes back only when the channel
 * is up: so any failure of an attempt that offered it drops it.             */
void sally_session_offer(struct sally_session *s)
{
    if (s->resumption->session != NULL && holds(s))
        (void)wolfSSL_set_session(s->ssl, s->resumption->session);
    drop_session(s->resumption);
    (void)wolfSSL_set_SessionTicket_cb(s->ssl, on_ticket, s);
}

/* In 1.3 a session without a ticket resumes nothing, and the library copies
 * one that somebody else holds too when the ticket comes.                   */
void sally_session_keep(struct sally_session *s)
{
    if (s->state != SALLY_CHANNEL_UP || s->role != SALLY_ROLE_CLIENT ||
        (sally_session_is_13(s) && !s->ticket))
        return;
    s->ticket = false;
    drop_session(s->resumption);
    s->resumption->session = wolfSSL_get1_session(s->ssl);
    s->resumption->owner = owner_of(s);
}

void sally_session_keep_evidence(struct sally_session *s)
{
    if (s->role != SALLY_ROLE_CLIENT)
        return;
    drop_evidence(s->resumption);
    s->resumption->evidence = s->peer.evidence;
    s->peer.evidence = NULL;
}
