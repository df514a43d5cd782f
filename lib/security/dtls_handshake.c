/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls_handshake.c - drives a handshake to its end: flights,
 * timers, and the last word. RFC 6347 s.4.2.4, RFC 9147 s.5.8, s.7.         */
#include "security/dtls_state.h"

#include <string.h>

/* In whole seconds; a quarter where 1.3 only wants to acknowledge what it has
 * of a flight.                                                              */
static sally_usec patience(const struct sally_dtls *d)
{
    WOLFSSL *ssl = d->session.ssl;
    sally_usec wait =
        (sally_usec)wolfSSL_dtls_get_current_timeout(ssl) * SALLY_SEC;

    return wolfSSL_dtls13_use_quick_timeout(ssl) != 0 ? wait / 4 : wait;
}

/* If a flight went out, wait for an answer. What came in of the peer's flight
 * may be acknowledged sooner than that.                                     */
static void arm(struct sally_dtls *d, sally_usec now)
{
    sally_usec due = sally_after(now, patience(d));

    if (d->sent)
        d->resend_at = due;
    else if (wolfSSL_dtls13_use_quick_timeout(d->session.ssl) != 0)
        d->resend_at = sally_earlier(d->resend_at, due);
}

void sally_dtls_watch(struct sally_dtls *d, sally_usec now)
{
    if (d->session.state != SALLY_CHANNEL_UP || !d->newer)
        return;
    if (wolfSSL_dtls13_has_pending_msg(d->session.ssl) == 0 &&
        wolfSSL_dtls13_use_quick_timeout(d->session.ssl) == 0)
        d->resend_at = SALLY_NEVER;
    else if (d->resend_at == SALLY_NEVER && !d->tired)
        d->resend_at = sally_after(now, patience(d));
}

void sally_dtls_heard(struct sally_dtls *d)
{
    if (!d->tired)
        return;
    d->tired = false;
    (void)wolfSSL_dtls_set_timeout_init(d->session.ssl, 1); /* second */
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
                    const struct sally_dtls_packet *before, sally_usec now)
{
    bool client = d->session.role == SALLY_ROLE_CLIENT;

    d->resend_at = d->give_up_at = SALLY_NEVER;
    /* A message that overtook the last word of 1.3 lay in the buffer which that
     * went to: what the library still calls pending is no message any more.  */
    (void)sally_dtls_drop_rest(d);
    d->newer = sally_session_is_13(&d->session);
    if (d->newer)
        sally_dtls_watch(d, now);
    else if (d->session.resumed == client)
        keep_final(d, before);
}

void sally_dtls_shake(struct sally_dtls *d, sally_usec now)
{
    const struct sally_dtls_packet *before = d->last;
    enum sally_err e;

    d->sent = false;
    e = sally_session_shake(&d->session);
    if (e == SALLY_E_OK)
        come_up(d, before, now);
    else if (e == SALLY_E_PENDING)
        arm(d, now);
    else
        sally_dtls_settle(d);
}

/* A session that is up lives without the ticket or the new key that nobody
 * acknowledged: it is said again when the peer was heard. The library must not
 * see the last time-out, which would be the end for it.                     */
static bool is_tired(struct sally_dtls *d)
{
    d->tired = d->session.state == SALLY_CHANNEL_UP &&
               wolfSSL_dtls_get_current_timeout(d->session.ssl) >=
                   SALLY_DTLS_TIMEOUT_MAX;
    return d->tired;
}

/* 1.3 has something to say after the handshake too, until it is heard. */
static void resend(struct sally_dtls *d, sally_usec now)
{
    d->resend_at = SALLY_NEVER;
    d->sent = false;
    if (is_tired(d))
        return;
    if (wolfSSL_dtls_got_timeout(d->session.ssl) != WOLFSSL_SUCCESS) {
        sally_dtls_end(d, SALLY_CHANNEL_FAILED, SALLY_E_TIMED_OUT);
        return;
    }
    if (d->session.state == SALLY_CHANNEL_UP) {
        sally_dtls_watch(d, now);
        return;
    }
    d->sent |= sally_session_is_13(&d->session);
    arm(d, now);
}

void sally_dtls_expire(void *state, sally_usec now)
{
    struct sally_dtls *d = state;

    if (d->session.ssl == NULL)
        return;
    if (now >= d->give_up_at)
        sally_dtls_end(d, SALLY_CHANNEL_FAILED, SALLY_E_TIMED_OUT);
    else if (now >= d->resend_at)
        resend(d, now);
}
