/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls_io.c - the library's input and output over memory: one
 * lent datagram in, a short queue of pool blocks or the caller's buf out.   */
#include "security/dtls_state.h"

#include "base/writer.h"

#include <string.h>

/* Gives the lent datagram once. A datagram that is cut is no harm: the filter
 * saw that it is one, and the library drops a record that does not end.     */
static int receive(WOLFSSL *ssl, char *out, int room, void *context)
{
    struct sally_dtls *d = context;
    size_t n = d->inbound.len;

    (void)ssl;
    if (n == 0)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    if (n > (size_t)room)
        n = (size_t)room;
    memcpy(out, d->inbound.at, n);
    d->inbound = (struct sally_span){ NULL, 0 };
    return (int)n;
}

_Static_assert(sizeof(struct sally_dtls_packet) <= SALLY_DATAGRAM_MAX,
               "a block of the packets pool holds one");

/* A datagram that finds no block is lost, and lost datagrams are resent. */
void sally_dtls_io_put(struct sally_dtls *d, struct sally_span datagram)
{
    struct sally_dtls_packet *p;

    if (datagram.len > sizeof(p->bytes) || d->queued == SALLY_DTLS_QUEUE_MAX)
        return;
    p = sally_pool_take(d->session.shared->packets);
    if (p == NULL)
        return;
    p->next = NULL;
    p->len = datagram.len;
    memcpy(p->bytes, datagram.at, datagram.len);
    if (d->last == NULL)
        d->first = p;
    else
        d->last->next = p;
    d->last = p;
    d->queued++;
}

/* Two ends that answer a repetition with a repetition would go on at the speed
 * of the line; no honest handshake needs as much as this in a second.       */
#define BURST_MAX 16

void sally_dtls_io_answer(struct sally_dtls *d, sally_usec now)
{
    if (now >= d->burst_until) {
        d->burst = 0;
        d->burst_until = sally_after(now, SALLY_SEC);
    }
    d->answering = true;
}

static void queue(struct sally_dtls *d, struct sally_span datagram)
{
    if (d->answering && d->burst == BURST_MAX)
        return;
    d->burst = (uint8_t)(d->burst + d->answering);
    sally_dtls_io_put(d, datagram);
}

/* What seal wants is what the library writes last. Before it may come what was
 * due anyway (an acknowledgement of 1.3): a datagram of its own. Of a message
 * that was the last under its key it is that which waits, and behind it comes
 * the update of the key: both go out.                                       */
static void capture(struct sally_dtls *d, struct sally_span datagram)
{
    struct sally_buf *b = d->capture;
    struct sally_writer w = sally_writer_into(b);

    if (b->len != d->capture_from) {
        queue(d, (struct sally_span){ &b->at[d->capture_from],
                                      b->len - d->capture_from });
        b->len = d->capture_from;
    }
    sally_put(&w, datagram);
}

/* Never fails: an error here would end the session in the library's eyes. */
static int transmit(WOLFSSL *ssl, char *bytes, int n, void *context)
{
    struct sally_dtls *d = context;
    struct sally_span datagram = { (const uint8_t *)bytes, (size_t)n };

    (void)ssl;
    d->sent = true;
    sally_session_sends(&d->session, datagram);
    if (d->capture != NULL)
        capture(d, datagram);
    else
        queue(d, datagram);
    return n;
}

void sally_dtls_io_join(struct sally_dtls *d)
{
    wolfSSL_SSLSetIORecv(d->session.ssl, receive);
    wolfSSL_SSLSetIOSend(d->session.ssl, transmit);
    wolfSSL_SetIOReadCtx(d->session.ssl, d);
    wolfSSL_SetIOWriteCtx(d->session.ssl, d);
    wolfSSL_dtls_set_using_nonblock(d->session.ssl, 1);
    (void)wolfSSL_dtls_set_timeout_max(d->session.ssl, SALLY_DTLS_TIMEOUT_MAX);
}

static void give_back(struct sally_dtls *d)
{
    sally_pool_give(d->session.shared->packets, d->lent);
    d->lent = NULL;
}

struct sally_span sally_dtls_io_next(struct sally_dtls *d)
{
    struct sally_dtls_packet *p = d->first;

    give_back(d);
    if (p == NULL)
        return (struct sally_span){ NULL, 0 };
    d->first = p->next;
    if (d->first == NULL)
        d->last = NULL;
    d->queued--;
    d->lent = p;
    return (struct sally_span){ p->bytes, p->len };
}

void sally_dtls_io_wipe(struct sally_dtls *d)
{
    while (sally_dtls_io_next(d).len != 0)
        ;
}
