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

void sally_session_forget(struct sally_resumption *r)
{
    if (r->session != NULL)
        wolfSSL_SESSION_free(r->session);
    *r = (struct sally_resumption){ .session = NULL };
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
    if (s->resumption->session != NULL && s->resumption->owner == owner_of(s))
        (void)wolfSSL_set_session(s->ssl, s->resumption->session);
    sally_session_forget(s->resumption);
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
    sally_session_forget(s->resumption);
    s->resumption->session = wolfSSL_get1_session(s->ssl);
    s->resumption->owner = owner_of(s);
}
