/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/link.h - CoAP with one peer, both ways, over a security stack.
 *
 * The engine that everything above uses. Inside, from top to bottom:
 * block-wise transfer (RFC 7959) > exchanges with tokens, separate responses
 * and observe (RFC 7252 s.5, RFC 7641) > what protects messages end to end
 * (RFC 8613), if the account has that > retransmission and deduplication (RFC
 * 7252 s.4) > the stack's channel.
 *
 * After any call the owner drains _output() and arms its one timer from
 * _deadline(). Upcalls run inside _input(), _expire() and _start(); from
 * within one, _respond(), _notify(), _request(), _cancel() are allowed, while
 * _wipe() and _start() are not.                                             */
#ifndef SALLY_COAP_LINK_H
#define SALLY_COAP_LINK_H

#include "base/pool.h"
#include "base/random.h"
#include "coap/message.h"
#include "security/stack.h"

/* RFC 7252 s.4.8, RFC 7641, RFC 7959; times in microseconds. */
struct sally_coap_parameters {
    sally_usec ack_timeout;       /* 2 s */
    unsigned random_percent;      /* 150: ACK_RANDOM_FACTOR 1.5 */
    unsigned max_retransmit;      /* 4 */
    sally_usec exchange_lifetime; /* 247 s: message ids and duplicates */
    sally_usec separate_after;    /* 500 ms: then an empty ACK goes out */
    size_t block_size;            /* 1024: largest block, 16 to 1024 */
    size_t body_max;              /* bytes of a reassembled or sent body */
};
extern const struct sally_coap_parameters sally_coap_defaults;

/* Shared by all links of a process; outlives them. */
struct sally_coap_shared {
    const struct sally_coap_parameters *parameters;
    struct sally_pool *packets; /* blocks of >= SALLY_DATAGRAM_MAX bytes */
    struct sally_pool *bodies;  /* blocks of >= parameters->body_max bytes */
    struct sally_random random;
    struct sally_security *security; /* for stacks; NULL if only `none` */
};

/* Names an exchange of this link; never 0, not reused while it is known. */
typedef uint32_t sally_coap_exchange;

enum sally_coap_observe {
    SALLY_OBSERVE_ABSENT,
    SALLY_OBSERVE_REGISTER, /* option value 0 */
    SALLY_OBSERVE_CANCEL    /* option value 1 */
};

/* A whole request from the peer: Block1 is reassembled, duplicates are gone.
 * All spans die with the upcall.                                            */
struct sally_coap_request {
    sally_coap_exchange exchange; /* for _respond(), now or later */
    uint8_t code;                 /* 0x01 GET .. 0x07 iPATCH */
    bool confirmable;
    uint16_t mid; /* for keys of duplicates kept elsewhere */
    enum sally_coap_observe observe;
    struct sally_span token;
    struct sally_span options; /* encoded, well-formed; Block1 included */
    struct sally_span payload;
};

/* A response or, from us, anything that answers. `options` is an encoded list
 * as option.h writes it, without Observe and Block options: the link adds
 * those. Spans are copied.                                                  */
struct sally_coap_answer {
    uint8_t code;
    bool observe; /* add Observe: the request registered an observation */
    struct sally_span options;
    struct sally_span payload; /* up to body_max; goes out in blocks */
};

/* A request to the peer. */
struct sally_coap_question {
    uint8_t code;
    bool confirmable;
    enum sally_coap_observe observe;
    struct sally_span options; /* without Observe, Block1, Block2, Size1 */
    struct sally_span payload; /* up to body_max; goes out in blocks */
};

/* A response from the peer, whole. Spans die with the upcall. */
struct sally_coap_reply {
    uint8_t code;
    bool observe; /* it is a notification or starts an observation */
    struct sally_span options;
    struct sally_span payload;
};

struct sally_coap_link;

struct sally_coap_link_upcalls {
    /* A request came in: exactly one _respond() per exchange is owed, at the
     * latest in EXCHANGE_LIFETIME. NULL: every request is answered 4.04.    */
    void (*on_request)(void *owner, const struct sally_coap_request *q,
                       sally_usec now);

    /* The end of an exchange of ours. `e` OK: `reply` is there. RESET,
     * TIMED_OUT, CANCELLED, MALFORMED...: `reply` is NULL. After a reply with
     * `observe` set the exchange goes on and this is called again for each
     * notification, fresh ones only (RFC 7641 s.3.4).                       */
    void (*on_reply)(void *owner, sally_coap_exchange x, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now);

    /* What became of a confirmable notification: OK when acknowledged, RESET
     * when the peer does not want it, TIMED_OUT, CANCELLED with the channel.
     * For one not confirmable OK is told by the first _expire() after it was
     * sent, which is due at once, and RESET if a Reset comes, before that in
     * place of it or later within the lifetime of the exchange.
     * NOT_FOUND: an account with OSCORE, and no such registration came under
     * its present keys.                                                     */
    void (*on_notified)(void *owner, sally_coap_exchange x, enum sally_err e,
                        sally_usec now);

    /* The channel is up (OK) or ended: CLOSED by the peer, or the reason of
     * the failure. All exchanges have been ended with CANCELLED before.     */
    void (*on_channel)(void *owner, enum sally_err e, sally_usec now);

    /* Sequence numbers below `until` are about to be used with the keys that
     * protect messages end to end. Make that durable, so that it is known at
     * the next _start(), then call _reserved(), which is allowed from within;
     * what needs a number waits until then. Comes from within any call but
     * _wipe(), _end() and _close(). NULL: numbers are never kept, and each
     * session begins with agreeing on new keys.                             */
    void (*on_reserve)(void *owner, uint64_t until);
};

/* About the size and cost of a link: see link.c. Open so that owners can
 * embed it; the fields are the link's own.                                  */
#include "coap/link_state.h"

/* Ready to start. `shared` and `upcalls` outlive the link. */
void sally_coap_link_init(struct sally_coap_link *l,
                          const struct sally_coap_shared *shared,
                          const struct sally_coap_link_upcalls *upcalls,
                          void *owner);

/* Begins a session with the peer, ending one that was there without a word to
 * it (use _close() first to say goodbye); the owner hears of each exchange that
 * was under way with CANCELLED. Client role of the stack. The channel of `none`
 * is up at once: on_channel runs inside this call. Use a socket that was never
 * used before with a peer that may remember the old session. For an account
 * with OSCORE `past` says what is known of its sequence numbers; NULL: nothing.
 * Such a session is up when channel and keys are; it takes nothing unprotected,
 * and no unprotected error changes anything. It can tell on_channel OK again:
 * the keys were used up, these are new ones, and what was under way has been
 * ended. Errors are those of sally_stack_start() and of the mechanisms;
 * on_channel is not called then.                                            */
enum sally_err sally_coap_link_start(struct sally_coap_link *l,
                                     enum sally_scheme scheme,
                                     const struct sally_credential *credential,
                                     const struct sally_object_past *past,
                                     sally_usec now) SALLY_MUST_USE;

/* Over a stream (the schemes of RFC 8323) what is said of datagrams here is
 * true of chunks of bytes, of any size up to _room(); what _output() gives is
 * sent whole and in order. Messages wait for the connection, so nothing is lost
 * before it stands. The channel is up when both ends have said what they can,
 * and CLOSED or FAILED ends the connection: the owner closes it.            */

/* The same in the server role (tests; local side later). */
enum sally_err sally_coap_link_accept(struct sally_coap_link *l,
                                      enum sally_scheme scheme,
                                      const struct sally_key_finder *finder,
                                      sally_usec now) SALLY_MUST_USE;

/* A datagram arrived. PEER class: it was dropped, or is one that the peer
 * should not have sent; count it. NO_ROOM: it counts as lost, the peer will
 * send it again. UNEXPECTED also when no session is there.                  */
enum sally_err sally_coap_link_input(struct sally_coap_link *l,
                                     struct sally_span datagram,
                                     sally_usec now);

/* Bytes that _input() may be given now; 0: none before the next _output() or
 * _expire(), so that the peer is held back. Streams only: a datagram always
 * may.                                                                      */
size_t sally_coap_link_room(const struct sally_coap_link *l);

/* The connection is gone: CLOSED, REFUSED, TIMED_OUT or IO. As if the channel
 * had ended so. Nothing happens without a stream.                           */
void sally_coap_link_lost(struct sally_coap_link *l, enum sally_err e,
                          sally_usec now);

/* The next datagram to send; valid until the next call; empty: none. What
 * cannot be sent for want of a block is lost, and resent like anything lost. */
struct sally_span sally_coap_link_output(struct sally_coap_link *l,
                                         sally_usec now);

sally_usec sally_coap_link_deadline(const struct sally_coap_link *l);
void sally_coap_link_expire(struct sally_coap_link *l, sally_usec now);

/* Asks the peer. NO_ROOM: pools empty or too many exchanges; TOO_LARGE: over
 * body_max, or the options leave no room. With SALLY_OBSERVE_CANCEL the
 * observation with the same options ends silently and its token is used, as
 * RFC 7641 s.3.6 wants. PENDING is never returned: before the channel is up
 * the call is BAD_STATE.                                                    */
enum sally_err sally_coap_link_request(struct sally_coap_link *l,
                                       const struct sally_coap_question *q,
                                       sally_usec now,
                                       sally_coap_exchange *x) SALLY_MUST_USE;

/* Answers a request.
 *   NOT_FOUND  the exchange is not known any more (the answer came too late,
 *              or the session ended): drop it
 *   NO_ROOM    no block to hold it. If the request was acknowledged already
 *              (separate_after), the exchange stays: try again. If not, the
 *              peer was told 5.03 instead and the exchange is over
 *   TOO_LARGE  the options leave no room; the peer was told 5.00            */
enum sally_err sally_coap_link_respond(struct sally_coap_link *l,
                                       sally_coap_exchange x,
                                       const struct sally_coap_answer *a,
                                       sally_usec now);

/* Sends a notification to an observation that the peer registered with
 * `token`. The Observe number is the link's. NO_ROOM: try again after the
 * next on_notified. BAD_STATE before the channel is up; TOO_LARGE: options or
 * token. Code 2.05, or an error code, which ends the observation at the peer;
 * the Observe number is added to success codes whatever `a->observe`. Bodies
 * over one block: first block, the peer fetches the rest with GETs that the
 * owner answers (RFC 7959 s.2.6).                                           */
enum sally_err sally_coap_link_notify(struct sally_coap_link *l,
                                      struct sally_span token,
                                      const struct sally_coap_answer *a,
                                      bool confirmable, sally_usec now,
                                      sally_coap_exchange *x) SALLY_MUST_USE;

/* The number of the newest notification, and that after which the next ones
 * count: an observation that outlives the process must not go back.         */
uint32_t sally_coap_link_observe_number(const struct sally_coap_link *l);
void sally_coap_link_observe_from(struct sally_coap_link *l, uint32_t number);

/* Gives up an exchange of ours; on_reply is not called. For an observation
 * this is the silent way: the next notification gets a Reset.               */
void sally_coap_link_cancel(struct sally_coap_link *l, sally_coap_exchange x);

/* What on_reserve asked for is durable. Afterwards as after any call. */
void sally_coap_link_reserved(struct sally_coap_link *l, uint64_t until,
                              sally_usec now);

/* The last error without protection that answered a request of an account with
 * OSCORE in this session. For people only: anybody can send one.            */
struct sally_coap_hint {
    uint8_t code;    /* SALLY_CODE_EMPTY: there was none */
    uint8_t meaning; /* enum sally_err: which of the reasons of object.h */
};
struct sally_coap_hint sally_coap_link_hint(const struct sally_coap_link *l);

/* What ties the notifications of an observation to its registration, for an
 * account with OSCORE whose keys outlive the process. False: there is none.
 * _bind() puts one back before _start(), which drops it if the keys are not
 * those any more. NO_ROOM, NO_MEMORY.                                       */
bool sally_coap_link_binding(const struct sally_coap_link *l,
                             struct sally_span token,
                             struct sally_binding *out);
enum sally_err sally_coap_link_bind(struct sally_coap_link *l,
                                    struct sally_span token,
                                    const struct sally_binding *binding);

/* Confirmable messages under way or waiting for their turn. */
size_t sally_coap_link_busy(const struct sally_coap_link *l);

enum sally_channel_state sally_coap_link_state(const struct sally_coap_link *l);
const struct sally_stack *
sally_coap_link_stack(const struct sally_coap_link *l);

/* What could resume the session, see stack.h; restored before _start(). */
enum sally_err sally_coap_link_save(const struct sally_coap_link *l,
                                    struct sally_buf *out) SALLY_MUST_USE;
enum sally_err sally_coap_link_restore(struct sally_coap_link *l,
                                       struct sally_span saved) SALLY_MUST_USE;

/* Says goodbye in the channel's way; drain _output() once more. Exchanges end
 * without an upcall.                                                        */
void sally_coap_link_close(struct sally_coap_link *l, sally_usec now);

/* Ends the session silently and without upcalls and gives its blocks back;
 * what could resume it is kept for the next _start(). Of a session that failed
 * the last alert is still given by _output(), and it is gone when that gives
 * none. Safe twice.                                                         */
void sally_coap_link_end(struct sally_coap_link *l);

/* Ends all silently and gives everything back. Safe twice. */
void sally_coap_link_wipe(struct sally_coap_link *l);

#endif
