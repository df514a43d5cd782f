/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/stream.h - CoAP over a reliable stream: frames and signalling, the
 * same for both ends. RFC 8323 s.3, 5.
 *
 * One per connection, in one block of the packets pool. Bytes go into `in`,
 * whole messages come out of _next(); what this engine itself has to say waits
 * in `out`, and goes before anything else. It holds at most one message of the
 * base size on each side, so a peer cannot make it grow.
 *
 * Each end begins with a CSM. Ours offers messages of SALLY_MESSAGE_MAX bytes,
 * the base value, and block-wise transfer, but no BERT. Nothing else is sent
 * before the peer's CSM is there.                                           */
#ifndef SALLY_COAP_STREAM_H
#define SALLY_COAP_STREAM_H

#include "coap/message.h"
#include "security/mechanism.h"

#define SALLY_STREAM_OUT 48 /* bytes of signalling that wait at most */

/* Times without a byte of the peer's. */
#define SALLY_STREAM_GREETING (30 * SALLY_SEC) /* for its CSM */
#define SALLY_STREAM_OWED (30 * SALLY_SEC)     /* then a Ping, if it owes us */
#define SALLY_STREAM_IDLE (300 * SALLY_SEC)    /* then a Ping in any case */
#define SALLY_STREAM_PONG (30 * SALLY_SEC)     /* for the Pong */

struct sally_coap_stream {
    struct sally_buf in; /* received; the owner appends to it */
    size_t taken;        /* bytes of `in` that _next() gave last */
    sally_usec heard;    /* when the peer's last bytes came; the owner's */
    sally_usec asked;    /* when our Ping was sent; NEVER: none */
    enum sally_channel_state state; /* IDLE before _begin() */
    enum sally_err reason;          /* of FAILED */
    uint16_t ping;    /* the token of our last Ping */
    uint16_t custody; /* message id that its Pong confirms */
    uint16_t mid;     /* of the last message that came in */
    uint8_t out_len;
    bool in_custody; /* `custody` is one */
    bool unread;     /* the owner has not taken all there is; the owner's */
    uint8_t out[SALLY_STREAM_OUT];
    uint8_t bytes[SALLY_MESSAGE_MAX];
};

/* On a fresh connection, which cannot carry messages yet. */
void sally_coap_stream_init(struct sally_coap_stream *s, sally_usec now);

/* It can now: our CSM is queued and the peer's is waited for. */
void sally_coap_stream_begin(struct sally_coap_stream *s, sally_usec now);

/* Bytes that `in` has room for. */
size_t sally_coap_stream_room(const struct sally_coap_stream *s);

/* The next request or response: a message of type NON with an id that counts
 * up, whose spans die with the next call or when `in` is appended to.
 * Signalling is dealt with inside, but for a Pong (SALLY_CODE_PONG) that
 * confirms what _confirm() asked for: its id is the one given there.
 *   PENDING     more bytes are needed, the connection is over, or something in
 *               `out` must be sent first
 *   MALFORMED, TOO_LARGE, UNSUPPORTED
 *               the connection FAILED, and an Abort waits in `out`
 *   REFUSED     it FAILED: the peer sent an Abort
 *   CLOSED      it is CLOSED: the peer sent a Release                       */
enum sally_err sally_coap_stream_next(struct sally_coap_stream *s,
                                      struct sally_coap_message *m)
    SALLY_MUST_USE;

/* Rewrites a message in the form of message.h as a frame. An empty one gives
 * nothing: streams need no acknowledgement. NO_ROOM, MALFORMED.             */
enum sally_err sally_coap_stream_frame(struct sally_span message,
                                       struct sally_buf *out) SALLY_MUST_USE;

/* The peer has been sent the message `mid`: asks it, by a Ping with Custody,
 * to say when it has dealt with it. One at a time.                          */
void sally_coap_stream_confirm(struct sally_coap_stream *s, uint16_t mid,
                               sally_usec now);

/* Answers the message `m` with a code alone, where there is no room for more.
 */
void sally_coap_stream_answer(struct sally_coap_stream *s,
                              const struct sally_coap_message *m, uint8_t code);

/* What waits to be sent, and that it was. */
struct sally_span sally_coap_stream_out(const struct sally_coap_stream *s);
void sally_coap_stream_sent(struct sally_coap_stream *s);

/* Ends it, CLOSED for SALLY_E_CLOSED and FAILED for all else; what it was
 * ended with first stays.                                                   */
void sally_coap_stream_end(struct sally_coap_stream *s, enum sally_err e);

/* `owed`: the peer has something to answer. _expire() asks a silent peer
 * whether it is there, and ends the connection if it does not say.          */
sally_usec sally_coap_stream_deadline(const struct sally_coap_stream *s,
                                      bool owed);
void sally_coap_stream_expire(struct sally_coap_stream *s, bool owed,
                              sally_usec now);

#endif
