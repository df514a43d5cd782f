/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls_traffic.c - messages to records and back. RFC 6347
 * s.4.1.                                                                    */
#include "security/dtls_state.h"

#include <wolfssl/error-ssl.h>

enum sally_err sally_dtls_seal(void *state, struct sally_span message,
                               struct sally_buf *wire)
{
    struct sally_dtls *d = state;
    int n;

    if (d->session.state == SALLY_CHANNEL_HANDSHAKE)
        return SALLY_E_PENDING;
    if (d->session.state != SALLY_CHANNEL_UP || message.len == 0)
        return SALLY_E_BAD_STATE;
    if (message.len > SALLY_MESSAGE_MAX ||
        wire->room - wire->len < message.len + SALLY_DTLS_OVERHEAD)
        return SALLY_E_NO_ROOM;
    d->capture = wire;
    d->capture_from = wire->len;
    n = wolfSSL_write(d->session.ssl, message.at, (int)message.len);
    d->capture = NULL;
    if (n == (int)message.len)
        return SALLY_E_OK;
    wire->len = d->capture_from;
    if (wolfSSL_get_error(d->session.ssl, n) == DTLS_SIZE_ERROR)
        return SALLY_E_NO_ROOM; /* nothing was sent */
    (void)sally_session_judge(&d->session, n);
    sally_dtls_settle(d);
    return d->session.reason;
}

bool sally_dtls_drop_rest(struct sally_dtls *d)
{
    uint8_t rest[64];
    bool any = false;

    while (wolfSSL_pending(d->session.ssl) > 0 &&
           wolfSSL_read(d->session.ssl, rest, sizeof(rest)) > 0)
        any = true;
    return any;
}

struct drops {
    unsigned forged, replayed;
};

static struct drops drops_of(const struct sally_dtls *d)
{
    struct drops n = { 0, 0 };

    (void)wolfSSL_dtls_get_drop_stats(d->session.ssl, &n.forged, &n.replayed);
    return n;
}

/* Nothing came out of the library: was that a crime, the end, or nothing? */
static enum sally_err nothing_read(struct sally_dtls *d, int result,
                                   struct drops before)
{
    struct drops after = drops_of(d);
    enum sally_err e = sally_session_judge(&d->session, result);

    d->unread = 0;
    if (e != SALLY_E_PENDING) {
        sally_dtls_settle(d);
        return e;
    }
    if (after.forged != before.forged)
        return SALLY_E_UNAUTHENTIC;
    return after.replayed != before.replayed ? SALLY_E_REPLAYED
                                             : SALLY_E_PENDING;
}

static enum sally_err read_record(struct sally_dtls *d,
                                  struct sally_buf *message)
{
    struct drops before = drops_of(d);
    size_t room = message->room - message->len;
    int n;

    if (room == 0)
        return SALLY_E_NO_ROOM;
    n = wolfSSL_read(d->session.ssl, &message->at[message->len], (int)room);
    if (n <= 0)
        return nothing_read(d, n, before);
    if (sally_dtls_drop_rest(d))
        return SALLY_E_TOO_LARGE;
    message->len += (size_t)n;
    d->unread--;
    sally_dtls_drop_final(d);
    sally_dtls_heard(d);
    return SALLY_E_OK;
}

/* The handshake is over: plaintext is at best a peer that missed our last
 * flight. The library never sees it, since it would end the session over a
 * message that anybody can forge.                                           */
static enum sally_err take_up(struct sally_dtls *d,
                              const struct sally_dtls_datagram *seen,
                              sally_usec now)
{
    d->unread = 0;
    if (!seen->plaintext) {
        d->unread = seen->records;
        return SALLY_E_OK;
    }
    if (seen->position == 0 || d->final == NULL ||
        !sally_dtls_may_repeat(d, now))
        return SALLY_E_UNEXPECTED;
    sally_dtls_resend_final(d);
    return SALLY_E_DUPLICATE;
}

/* What reaches further than all before, or goes on where there is a gap: of a
 * flight whose end came first, each datagram is wanted when it is repeated. */
static bool is_news(struct sally_dtls *d,
                    const struct sally_dtls_datagram *seen)
{
    bool further = seen->position > d->peer_position;
    bool fills = seen->from <= d->peer_whole && seen->position > d->peer_whole;

    if (further)
        d->peer_position = seen->position;
    if (fills)
        d->peer_whole = seen->position;
    return further || fills;
}

/* What the peer repeats, the library answers by repeating: not too often. One
 * record at least was the handshake's.                                      */
static enum sally_err take_handshake(struct sally_dtls *d,
                                     const struct sally_dtls_datagram *seen,
                                     sally_usec now)
{
    if (seen->position != 0 && !is_news(d, seen) &&
        !sally_dtls_may_repeat(d, now))
        return SALLY_E_DUPLICATE;
    d->unread = seen->application_data ? (uint8_t)(seen->records - 1) : 0;
    sally_dtls_shake(d, now);
    return d->session.state == SALLY_CHANNEL_FAILED ? d->session.reason
                                                    : SALLY_E_OK;
}

/* Lends the datagram to the library, which copies it at its first read. */
static enum sally_err take_in(struct sally_dtls *d, struct sally_span wire,
                              sally_usec now)
{
    bool up = d->session.state == SALLY_CHANNEL_UP;
    struct sally_dtls_datagram seen;
    enum sally_err e = sally_dtls_admit(
        wire, up, (struct sally_span){ d->cid, d->cid_len }, &seen);

    if (e != SALLY_E_OK)
        return e;
    d->inbound = wire;
    sally_dtls_io_answer(d, now);
    return up ? take_up(d, &seen, now) : take_handshake(d, &seen, now);
}

/* A record that fills its datagram needs no second read, which would leave a
 * buffer behind: `unread` counts what may still be there.                   */
enum sally_err sally_dtls_open(void *state, struct sally_span wire,
                               struct sally_buf *message, sally_usec now)
{
    struct sally_dtls *d = state;
    enum sally_err e = SALLY_E_OK;

    if (d->session.ssl == NULL)
        return SALLY_E_BAD_STATE;
    if (wire.len != 0)
        e = take_in(d, wire, now);
    if (e == SALLY_E_OK)
        e = d->unread > 0 && d->session.state == SALLY_CHANNEL_UP
                ? read_record(d, message)
                : SALLY_E_PENDING;
    d->inbound = (struct sally_span){ NULL, 0 };
    d->answering = false;
    if (d->session.ticket)
        sally_session_keep(&d->session);
    sally_dtls_watch(d, now);
    return e;
}
