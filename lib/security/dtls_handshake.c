/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls_handshake.c - drives a handshake to its end: flights,
 * timers, and the last word. RFC 6347 s.4.2.4.                              */
#include "security/dtls_state.h"

#include <string.h>

/* If a flight went out, wait for an answer. */
static void arm(struct sally_dtls *d, sally_usec now)
{
    if (d->sent)
        d->resend_at = sally_after(
            now,
            (sally_usec)wolfSSL_dtls_get_current_timeout(d->ssl) * SALLY_SEC);
}

void sally_dtls_drop_final(struct sally_dtls *d)
{
    XFREE(d->final, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    d->final = NULL;
}

/* The library sent our last flight as one datagram since `before` was the last
 * one. Without memory for it a peer that misses it has to start anew.       */
static void keep_final(struct sally_dtls *d,
                       const struct sally_dtls_packet *before)
{
    const struct sally_dtls_packet *p = d->last;

    if (p == before)
        return;
    d->final =
        XMALLOC(sizeof(*d->final) + p->len, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    if (d->final == NULL)
        return;
    d->final->len = p->len;
    memcpy(d->final->bytes, p->bytes, p->len);
}

void sally_dtls_resend_final(struct sally_dtls *d)
{
    if (d->final != NULL)
        sally_dtls_io_put(
            d, (struct sally_span){ d->final->bytes, d->final->len });
}

/* Without this two ends that answer a repetition with a repetition would go on
 * at the speed of the line until one of them gives up.                      */
bool sally_dtls_may_repeat(struct sally_dtls *d, sally_usec now)
{
    if (now < d->repeat_at)
        return false;
    d->repeat_at = sally_after(now, SALLY_SEC);
    return true;
}

static void come_up(struct sally_dtls *d,
                    const struct sally_dtls_packet *before)
{
    enum sally_err e = sally_peer_confirm(&d->peer, d->peer_identity != NULL);

    if (e != SALLY_E_OK) {
        sally_dtls_end(d, SALLY_CHANNEL_FAILED, e);
        return;
    }
    d->state = SALLY_CHANNEL_UP;
    d->resend_at = d->give_up_at = SALLY_NEVER;
    d->resumed = wolfSSL_session_reused(d->ssl) == 1;
    if (d->resumed == (d->role == SALLY_ROLE_CLIENT))
        keep_final(d, before);
    if (d->role == SALLY_ROLE_CLIENT)
        sally_dtls_resumption_keep(d);
}

void sally_dtls_shake(struct sally_dtls *d, sally_usec now)
{
    const struct sally_dtls_packet *before = d->last;
    int done, error;

    d->sent = false;
    done = d->role == SALLY_ROLE_CLIENT ? wolfSSL_connect(d->ssl)
                                        : wolfSSL_accept(d->ssl);
    if (done == WOLFSSL_SUCCESS) {
        come_up(d, before);
        return;
    }
    error = wolfSSL_get_error(d->ssl, done);
    if (error == WOLFSSL_ERROR_WANT_READ)
        arm(d, now);
    else if (error == WOLFSSL_ERROR_ZERO_RETURN)
        sally_dtls_end(d, SALLY_CHANNEL_FAILED, SALLY_E_CLOSED);
    else
        sally_dtls_end(d, SALLY_CHANNEL_FAILED,
                       sally_peer_meaning(&d->peer, error));
}

void sally_dtls_expire(void *state, sally_usec now)
{
    struct sally_dtls *d = state;

    if (d->state != SALLY_CHANNEL_HANDSHAKE)
        return;
    if (now >= d->give_up_at) {
        sally_dtls_end(d, SALLY_CHANNEL_FAILED, SALLY_E_TIMED_OUT);
        return;
    }
    if (now < d->resend_at)
        return;
    d->resend_at = SALLY_NEVER;
    d->sent = false;
    if (wolfSSL_dtls_got_timeout(d->ssl) != WOLFSSL_SUCCESS)
        sally_dtls_end(d, SALLY_CHANNEL_FAILED, SALLY_E_TIMED_OUT);
    else
        arm(d, now);
}
