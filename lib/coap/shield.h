/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/shield.h - where a link's messages meet what protects them end to
 * end (security/object.h), between exchanges above and retransmission below.
 *
 * On the way out a message is protected when it is sent for the first time, so
 * that numbers go up in the order of sending, and its bytes are kept: what goes
 * out again is the same. On the way in the parts above see only what was
 * protected. A link without such a mechanism has no shield, and only pays for
 * asking that.                                                              */
#ifndef SALLY_COAP_SHIELD_H
#define SALLY_COAP_SHIELD_H

#include "coap/bound.h"
#include "coap/exchange.h"
#include "coap/serving.h"

/* What a link with such a mechanism holds beyond others. */
struct sally_coap_shield {
    struct sally_coap_bound bound;  /* outlives a session */
    struct sally_binding incoming;  /* of the request that is looked at */
    struct sally_coap_bodies outer; /* messages that somebody cut on the way */
    sally_usec refuse_at;           /* no unprotected error before */
    sally_coap_exchange question;   /* the mechanism's own; 0: none */
    struct sally_coap_hint hint; /* the last one in this session */
};

/* What an outgoing holds beyond others: a block of `packets`. */
struct sally_coap_coat {
    struct sally_binding asked;      /* of the request that is under way, or
                                        of the one that is answered */
    struct sally_binding registered; /* of the observation that we asked for */
    enum sally_err error;            /* why it cannot be sent */
    bool observed; /* the answer to a registration: bound by its token */
    bool notified; /* what comes in blocks of the way is a notification */
    uint16_t len;  /* 0: not protected yet */
    uint8_t bytes[SALLY_MESSAGE_MAX];
};

/* A shield for a link that will need one; nothing if it is there. NO_MEMORY. */
enum sally_err sally_coap_shield_make(struct sally_coap_link *l) SALLY_MUST_USE;

/* Begins what protects the messages of a session that the stack just began.
 * One of `credential` and `finder` is NULL. Errors are those of the mechanism,
 * and NO_MEMORY.                                                            */
enum sally_err
sally_coap_shield_start(struct sally_coap_link *l,
                        const struct sally_credential *credential,
                        const struct sally_key_finder *finder,
                        const struct sally_object_past *past,
                        sally_usec now) SALLY_MUST_USE;

/* The session is over. Bindings stay, since the next one may go on. */
void sally_coap_shield_end(struct sally_coap_link *l);
void sally_coap_shield_wipe(struct sally_coap_link *l);

/* Asks what the mechanism wants to be asked, if that is so. */
void sally_coap_shield_drive(struct sally_coap_link *l, sally_usec now);

/* The session is up: drops the bindings of keys that are gone. */
void sally_coap_shield_up(struct sally_coap_link *l);

/* An exchange ended. True if it was the mechanism's question, of which the
 * owner knows nothing.                                                      */
bool sally_coap_shield_answered(struct sally_coap_link *l,
                                sally_coap_exchange x, enum sally_err e,
                                uint8_t code, sally_usec now);

/* Bytes that a message has to leave free for its protection. */
size_t sally_coap_shield_spare(const struct sally_coap_link *l);

/* The bytes of a flight that is to be sent now; empty: not yet, or never, and
 * then the exchange ends by the next _expire().                             */
struct sally_span sally_coap_shield_bytes(struct sally_coap_link *l,
                                          struct sally_coap_outgoing *o,
                                          sally_usec now);

/* True if the token is that of the observation that `o` asked for. */
bool sally_coap_shield_registers(const struct sally_coap_outgoing *o,
                                 struct sally_span token);

/* Ties an answer that is sent as a message of its own to its request. NO_ROOM.
 */
enum sally_err sally_coap_shield_tie(struct sally_coap_link *l,
                                     struct sally_coap_outgoing *o,
                                     const struct sally_coap_serving *s,
                                     const struct sally_coap_parts *p)
    SALLY_MUST_USE;

/* Composes and protects an answer at once. PENDING: later, as a message of its
 * own.                                                                      */
enum sally_err sally_coap_shield_answer(struct sally_coap_link *l,
                                        const struct sally_coap_serving *s,
                                        const struct sally_coap_parts *p,
                                        struct sally_buf *out) SALLY_MUST_USE;

/* A response to `o` arrived: opens it, and what is inside goes to
 * sally_coap_exchange_take(). Where it is a part of one that somebody cut on
 * the way, asks for the next part. What is not protected, or badly, is as if it
 * had not come, as is a body over body_max.                                 */
#define SALLY_SHIELD_ROOM (SALLY_DATAGRAM_MAX + 64) /* to decode into */
enum sally_err
sally_coap_shield_response(struct sally_coap_link *l,
                           struct sally_coap_outgoing *o,
                           const struct sally_coap_message *outer,
                           struct sally_coap_seen *seen, sally_usec now);

/* A request arrived; what is inside goes to sally_coap_serving_request().
 * What cannot be opened is refused without protection, or not answered; either
 * way the message counts as never received, so that one which somebody forged
 * does not stand in the way of the right one.                               */
enum sally_err sally_coap_shield_request(struct sally_coap_link *l,
                                         const struct sally_coap_message *outer,
                                         struct sally_coap_seen *seen,
                                         sally_usec now);

#endif
