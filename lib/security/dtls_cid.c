/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls_cid.c - connection IDs. RFC 9146 for 1.2, RFC 9147 s.9 for
 * 1.3.
 *
 * A client has a socket of its own, so it asks for none towards itself: its
 * offer is of no bytes. A server hands out random ones, and its owner tells
 * the associations apart by them.                                           */
#include "security/dtls_state.h"

enum sally_err sally_dtls_cid_join(struct sally_dtls *d)
{
    struct sally_session *s = &d->session;

    if (s->role == SALLY_ROLE_CLIENT)
        return !s->credential->connection_id ||
                       wolfSSL_dtls_cid_use(s->ssl) == WOLFSSL_SUCCESS
                   ? SALLY_E_OK
                   : SALLY_E_NO_MEMORY;
    if (!s->finder->connection_id)
        return SALLY_E_OK;
    sally_random_fill(&s->shared->random, d->cid, sizeof(d->cid));
    d->cid_len = sizeof(d->cid);
    return wolfSSL_dtls_cid_use(s->ssl) == WOLFSSL_SUCCESS &&
                   wolfSSL_dtls_cid_set(s->ssl, d->cid, sizeof(d->cid)) ==
                       WOLFSSL_SUCCESS
               ? SALLY_E_OK
               : SALLY_E_NO_MEMORY;
}

bool sally_dtls_cid_kept(const struct sally_dtls *d)
{
    unsigned n = 0;

    return d->session.state == SALLY_CHANNEL_UP &&
           wolfSSL_dtls_cid_get_tx_size(d->session.ssl, &n) ==
               WOLFSSL_SUCCESS &&
           n > 0;
}
