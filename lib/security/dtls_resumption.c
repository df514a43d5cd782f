/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls_resumption.c - a session outlives its association, so
 * that the next handshake is short. RFC 5246 s.7.3.                         */
#include "security/dtls_state.h"

/* Ties a session to the credential that it grew from: a keyed digest, since
 * the key itself must not be kept in one more place.                        */
static uint64_t owner_of(const struct sally_dtls *d)
{
    return sally_credential_digest(d->credential, &d->shared->hash_key);
}

void sally_dtls_resumption_forget(struct sally_resumption *r)
{
    if (r->session != NULL)
        wolfSSL_SESSION_free(r->session);
    *r = (struct sally_resumption){ .session = NULL };
}

/* The session leaves `resumption` here and comes back only when the channel
 * is up: so any failure of an attempt that offered it drops it.             */
void sally_dtls_resumption_offer(struct sally_dtls *d)
{
    if (d->resumption->session == NULL)
        return;
    if (d->resumption->owner == owner_of(d))
        (void)wolfSSL_set_session(d->ssl, d->resumption->session);
    sally_dtls_resumption_forget(d->resumption);
}

void sally_dtls_resumption_keep(struct sally_dtls *d)
{
    sally_dtls_resumption_forget(d->resumption);
    d->resumption->session = wolfSSL_get1_session(d->ssl);
    d->resumption->owner = owner_of(d);
}
