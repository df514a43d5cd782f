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

/* A datagram that finds no block is lost, and lost datagrams are resent. */
void sally_dtls_io_put(struct sally_dtls *d, struct sally_span datagram)
{
    struct sally_dtls_packet *p;

    if (datagram.len > sizeof(p->bytes) || d->queued == SALLY_DTLS_QUEUE_MAX)
        return;
    p = sally_pool_take(d->shared->packets);
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

/* Never fails: an error here would end the session in the library's eyes. */
static int transmit(WOLFSSL *ssl, char *bytes, int n, void *context)
{
    struct sally_dtls *d = context;
    struct sally_span datagram = { (const uint8_t *)bytes, (size_t)n };

    (void)ssl;
    d->sent = true;
    if (d->capture != NULL) {
        struct sally_writer w = sally_writer_into(d->capture);

        sally_put(&w, datagram);
    } else {
        sally_dtls_io_put(d, datagram);
    }
    return n;
}

void sally_dtls_io_join(struct sally_dtls *d)
{
    wolfSSL_SSLSetIORecv(d->ssl, receive);
    wolfSSL_SSLSetIOSend(d->ssl, transmit);
    wolfSSL_SetIOReadCtx(d->ssl, d);
    wolfSSL_SetIOWriteCtx(d->ssl, d);
    wolfSSL_dtls_set_using_nonblock(d->ssl, 1);
}

static void give_back(struct sally_dtls *d)
{
    sally_pool_give(d->shared->packets, d->lent);
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
