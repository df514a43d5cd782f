/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/tls.c - TLS 1.2 and 1.3 over a stream as a channel mechanism.
 * RFC 5246, RFC 8446; RFC 8323 s.9.
 *
 * Unlike a datagram nothing may be lost on the way: what comes is kept until
 * the library has taken it, in one block, and what goes waits in blocks of the
 * pool. Where there is no block the session ends.                           */
#include "security/rows.h"
#include "security/session.h"

#include "base/writer.h"

#include <string.h>

#define PATIENCE (60 * SALLY_SEC) /* for a whole handshake */

/* Bytes that a record adds at most: header 5, and for AES-CBC with SHA-256 IV
 * 16, padding 16, MAC 32.                                                   */
#define OVERHEAD 69

/* A server with a chain of four certificates says some 6,000 bytes at once. */
#define BLOCKS_MAX 12

struct block {
    struct block *next;
    size_t from, len; /* bytes that were taken, bytes in all */
    uint8_t bytes[SALLY_DATAGRAM_MAX - 3 * sizeof(void *)];
};

struct tls {
    struct sally_session session;
    struct sally_span inbound; /* lent during open */
    struct block *held;        /* of it, what the library did not take yet */
    struct sally_buf *capture; /* where seal wants the record */
    struct block *first, *last; /* waiting to go out */
    struct block *lent;         /* given out by output */
    sally_usec give_up_at;
    uint8_t queued;
    bool starved; /* something had to go out and found no room */
};

_Static_assert(offsetof(struct tls, session) == 0,
               "SALLY_SESSION_TELLS begins with it");
_Static_assert(sizeof(struct block) <= SALLY_DATAGRAM_MAX,
               "a block of the packets pool holds one");

static void give(struct tls *t, struct block **b)
{
    sally_pool_give(t->session.shared->packets, *b);
    *b = NULL;
}

static void end(struct tls *t, enum sally_channel_state state,
                enum sally_err reason)
{
    sally_session_end(&t->session, state, reason);
    t->give_up_at = SALLY_NEVER;
}

/* --- Input --------------------------------------------------------------- */

static struct sally_span waiting_in(const struct tls *t)
{
    if (t->held == NULL)
        return t->inbound;
    return (struct sally_span){ &t->held->bytes[t->held->from],
                                t->held->len - t->held->from };
}

static int receive(WOLFSSL *ssl, char *out, int room, void *context)
{
    struct tls *t = context;
    struct sally_span in = sally_span_sub(waiting_in(t), 0, (size_t)room);

    (void)ssl;
    if (in.len == 0)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    memcpy(out, in.at, in.len);
    if (t->held != NULL)
        t->held->from += in.len;
    else
        t->inbound = sally_span_sub(t->inbound, in.len, t->inbound.len);
    return (int)in.len;
}

/* The chunk was lent; what is left of it must be ours. */
static bool hold(struct tls *t)
{
    if (t->held != NULL && t->held->from == t->held->len)
        give(t, &t->held);
    if (t->inbound.len == 0)
        return true;
    t->held = sally_pool_take(t->session.shared->packets);
    if (t->held == NULL)
        return false;
    t->held->from = 0;
    t->held->len = t->inbound.len;
    memcpy(t->held->bytes, t->inbound.at, t->inbound.len);
    t->inbound = (struct sally_span){ NULL, 0 };
    return true;
}

/* --- Output -------------------------------------------------------------- */

static struct block *tail(struct tls *t)
{
    struct block *b = t->last;

    if (b != NULL && b->len < sizeof(b->bytes))
        return b;
    b = t->queued == BLOCKS_MAX ? NULL
                                : sally_pool_take(t->session.shared->packets);
    if (b == NULL)
        return NULL;
    b->next = NULL;
    b->from = b->len = 0;
    if (t->last == NULL)
        t->first = b;
    else
        t->last->next = b;
    t->last = b;
    t->queued++;
    return b;
}

static void queue(struct tls *t, struct sally_span bytes)
{
    while (bytes.len != 0) {
        struct block *b = tail(t);
        size_t part;

        if (b == NULL) {
            t->starved = true;
            return;
        }
        part = sizeof(b->bytes) - b->len;
        if (part > bytes.len)
            part = bytes.len;
        memcpy(&b->bytes[b->len], bytes.at, part);
        b->len += part;
        bytes = sally_span_sub(bytes, part, bytes.len);
    }
}

static int transmit(WOLFSSL *ssl, char *bytes, int n, void *context)
{
    struct tls *t = context;
    struct sally_span out = { (const uint8_t *)bytes, (size_t)n };

    (void)ssl;
    sally_session_sends(&t->session, out);
    if (t->capture != NULL) {
        struct sally_writer w = sally_writer_into(t->capture);

        sally_put(&w, out);
        t->starved |= w.failed;
    } else {
        queue(t, out);
    }
    return n;
}

static struct sally_span output(void *state)
{
    struct tls *t = state;
    struct block *b = t->first;

    if (t->lent != NULL)
        give(t, &t->lent);
    if (b == NULL)
        return (struct sally_span){ NULL, 0 };
    t->first = b->next;
    if (t->first == NULL)
        t->last = NULL;
    t->queued--;
    t->lent = b;
    return (struct sally_span){ b->bytes, b->len };
}

/* --- The session --------------------------------------------------------- */

static enum sally_err judge(struct tls *t, enum sally_err e)
{
    if (t->starved && t->session.ssl != NULL)
        end(t, SALLY_CHANNEL_FAILED, SALLY_E_NO_ROOM);
    if (t->session.ssl == NULL)
        t->give_up_at = SALLY_NEVER;
    return t->starved ? SALLY_E_NO_ROOM : e;
}

static enum sally_err shake(struct tls *t)
{
    enum sally_err e = judge(t, sally_session_shake(&t->session));

    if (e == SALLY_E_OK)
        t->give_up_at = SALLY_NEVER;
    return e;
}

static enum sally_err start(void *state, struct sally_security *shared,
                            const struct sally_credential *credential,
                            const struct sally_key_finder *finder,
                            struct sally_resumption *resumption,
                            enum sally_role role, sally_usec now)
{
    const struct sally_session_start how = { shared, credential,
                                             finder, resumption,
                                             role,   SALLY_TRANSPORT_STREAM };
    struct tls *t = state;
    enum sally_err e;

    *t = (struct tls){ .give_up_at = sally_after(now, PATIENCE) };
    e = sally_session_begin(&t->session, &how);
    if (e != SALLY_E_OK)
        return e;
    wolfSSL_SSLSetIORecv(t->session.ssl, receive);
    wolfSSL_SSLSetIOSend(t->session.ssl, transmit);
    wolfSSL_SetIOReadCtx(t->session.ssl, t);
    wolfSSL_SetIOWriteCtx(t->session.ssl, t);
    if (role == SALLY_ROLE_CLIENT)
        (void)shake(t);
    return t->session.state == SALLY_CHANNEL_FAILED ? t->session.reason
                                                    : SALLY_E_OK;
}

static enum sally_err seal(void *state, struct sally_span message,
                           struct sally_buf *wire)
{
    struct tls *t = state;
    int n;

    if (t->session.state == SALLY_CHANNEL_HANDSHAKE)
        return SALLY_E_PENDING;
    if (t->session.state != SALLY_CHANNEL_UP || message.len == 0)
        return SALLY_E_BAD_STATE;
    if (message.len > SALLY_MESSAGE_MAX ||
        wire->room - wire->len < message.len + OVERHEAD)
        return SALLY_E_NO_ROOM;
    t->capture = wire;
    n = wolfSSL_write(t->session.ssl, message.at, (int)message.len);
    t->capture = NULL;
    return judge(t, n == (int)message.len
                        ? SALLY_E_OK
                        : sally_session_judge(&t->session, n));
}

static enum sally_err read_some(struct tls *t, struct sally_buf *message)
{
    size_t room = message->room - message->len;
    int n;

    if (room == 0)
        return SALLY_E_NO_ROOM;
    n = wolfSSL_read(t->session.ssl, &message->at[message->len], (int)room);
    if (n > 0) {
        message->len += (size_t)n;
        return judge(t, SALLY_E_OK);
    }
    return judge(t, sally_session_judge(&t->session, n));
}

static enum sally_err open_chunk(void *state, struct sally_span wire,
                                 struct sally_buf *message, sally_usec now)
{
    struct tls *t = state;
    enum sally_err e = SALLY_E_OK;

    (void)now;
    if (t->session.ssl == NULL)
        return SALLY_E_BAD_STATE;
    if (wire.len > sizeof(t->held->bytes) ||
        (wire.len != 0 && waiting_in(t).len != 0))
        return SALLY_E_NO_ROOM;
    t->inbound = wire;
    if (t->session.state == SALLY_CHANNEL_HANDSHAKE)
        e = shake(t);
    if (e == SALLY_E_OK)
        e = read_some(t, message);
    if (!hold(t) && t->session.ssl != NULL) {
        end(t, SALLY_CHANNEL_FAILED, SALLY_E_NO_ROOM);
        e = SALLY_E_NO_ROOM;
    }
    t->inbound = (struct sally_span){ NULL, 0 };
    if (sally_session_is_13(&t->session))
        sally_session_keep(&t->session); /* a ticket may have come */
    return e;
}

static sally_usec deadline(const void *state)
{
    return ((const struct tls *)state)->give_up_at;
}

static void expire(void *state, sally_usec now)
{
    struct tls *t = state;

    if (t->session.state == SALLY_CHANNEL_HANDSHAKE && now >= t->give_up_at)
        end(t, SALLY_CHANNEL_FAILED, SALLY_E_TIMED_OUT);
}

static void close_channel(void *state)
{
    struct tls *t = state;

    sally_session_close(&t->session);
}

static void wipe(void *state)
{
    struct tls *t = state;

    if (t->session.shared == NULL)
        return;
    sally_session_end(&t->session, SALLY_CHANNEL_IDLE, SALLY_E_OK);
    while (output(t).len != 0)
        ;
    if (t->held != NULL)
        give(t, &t->held);
    sally_session_wipe(&t->session);
    *t = (struct tls){ .queued = 0 };
}

/* --- What it tells ------------------------------------------------------- */

static bool kept_by_cid(const void *state)
{
    (void)state;
    return false; /* a connection does not move */
}

static struct sally_span cid(const void *state)
{
    (void)state;
    return (struct sally_span){ NULL, 0 };
}

const struct sally_mechanism sally_mechanism_tls = {
    .name = "tls",
    .size = sizeof(struct tls),
    .overhead = OVERHEAD,
    .secure = true,
    .stream = true,
    .start = start,
    SALLY_SESSION_TELLS,
    .seal = seal,
    .open = open_chunk,
    .output = output,
    .deadline = deadline,
    .expire = expire,
    .close = close_channel,
    .wipe = wipe,
    .kept_by_cid = kept_by_cid,
    .cid = cid,
};
