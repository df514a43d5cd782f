/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/exchange.h - what we ask the peer: tokens, matching, the end.
 * RFC 7252 s.5.3; the observing side of RFC 7641.
 *
 * Everything confirmable of ours, and requests and notifications of either
 * kind, is an `outgoing`: one pool block with the flight, the message and
 * what is needed to go on. An answer that ends it gives the block back before
 * the owner hears of it, so the owner may ask again at once.                */
#ifndef SALLY_COAP_EXCHANGE_H
#define SALLY_COAP_EXCHANGE_H

#include "coap/compose.h"
#include "coap/link.h"

struct sally_coap_coat; /* shield.h */

enum sally_coap_purpose {
    SALLY_PURPOSE_REQUEST,
    SALLY_PURPOSE_NOTIFICATION,
    SALLY_PURPOSE_RESPONSE /* separate: RFC 7252 s.5.2.2 */
};

/* Which way the block-wise body of a request goes now. */
enum sally_coap_transfer {
    SALLY_TRANSFER_NONE,
    SALLY_TRANSFER_UP,  /* `body` is what we send */
    SALLY_TRANSFER_DOWN /* `body` is what came so far */
};

struct sally_coap_outgoing {
    struct sally_coap_flight flight; /* the first member */
    sally_coap_exchange id;
    enum sally_coap_purpose purpose;
    enum sally_coap_observe observe;
    enum sally_coap_transfer transfer;
    uint8_t szx;
    bool awaiting;  /* a response to `message` is owed */
    bool observing; /* the peer took the registration */
    bool notified;  /* `body` comes with a notification */
    bool echoed;    /* it was asked again for its freshness */
    uint8_t etag_len;
    uint32_t observe_number;
    sally_usec observe_time;
    sally_usec until; /* the end, whatever comes; NEVER before it was sent */
    uint8_t *body;    /* owned; a block of the bodies pool */
    uint32_t body_len;
    uint32_t done; /* UP: first byte of the block under way */
    struct sally_coap_coat *coat; /* owned; NULL: the link has no shield */
    uint8_t registered[SALLY_COAP_TOKEN_MAX]; /* token of the observation */
    uint8_t etag[8];                          /* of the body that comes */
    uint8_t message[SALLY_MESSAGE_MAX];       /* flight.len bytes of it */
};

/* A new one with a name, or NULL: too many, or the pool is empty. */
struct sally_coap_outgoing *
sally_coap_outgoing_new(struct sally_coap_link *l,
                        enum sally_coap_purpose purpose);

/* Gives everything back. Tells nobody. */
void sally_coap_outgoing_free(struct sally_coap_link *l,
                              struct sally_coap_outgoing *o);

/* Composes the message under a new id and queues it. NO_ROOM, TOO_LARGE. */
enum sally_err sally_coap_outgoing_send(struct sally_coap_link *l,
                                        struct sally_coap_outgoing *o,
                                        struct sally_coap_parts *p,
                                        sally_usec now) SALLY_MUST_USE;

/* Sends a message that is composed already, under a new id. */
enum sally_err sally_coap_outgoing_write(struct sally_coap_link *l,
                                         struct sally_coap_outgoing *o,
                                         const struct sally_coap_message *m,
                                         sally_usec now) SALLY_MUST_USE;

/* A response to `o`, in the clear; NULL: to nothing of ours. As
 * sally_coap_exchange_response().                                           */
enum sally_err sally_coap_exchange_take(struct sally_coap_link *l,
                                        struct sally_coap_outgoing *o,
                                        const struct sally_coap_message *m,
                                        struct sally_coap_seen *seen,
                                        sally_usec now) SALLY_MUST_USE;

/* Sends what stands protected in o->coat, under the id of `m`. */
void sally_coap_outgoing_protected(struct sally_coap_link *l,
                                   struct sally_coap_outgoing *o,
                                   const struct sally_coap_message *m);

/* sally_coap_link_request() for the link itself, as soon as its channel takes
 * messages.                                                                 */
enum sally_err sally_coap_exchange_ask(struct sally_coap_link *l,
                                       const struct sally_coap_question *q,
                                       sally_usec now,
                                       sally_coap_exchange *x) SALLY_MUST_USE;

/* The token of the message that is under way; requests of ours only. */
struct sally_span
sally_coap_outgoing_token(const struct sally_coap_outgoing *o);

/* Frees `o` and tells the owner why. */
void sally_coap_outgoing_end(struct sally_coap_link *l,
                             struct sally_coap_outgoing *o, enum sally_err e,
                             sally_usec now);

/* Its message went out: time runs from here. */
void sally_coap_outgoing_sent(struct sally_coap_link *l,
                              struct sally_coap_outgoing *o, sally_usec now);

/* A response arrived; `seen` is its entry if it was not piggybacked, else
 * NULL. UNEXPECTED: nobody waits for it, and it was rejected. UNSUPPORTED: it
 * has a critical option that we do not know, which ends the exchange.       */
enum sally_err sally_coap_exchange_response(struct sally_coap_link *l,
                                            const struct sally_coap_message *m,
                                            struct sally_coap_seen *seen,
                                            sally_usec now);

/* An empty acknowledgement or a Reset arrived. */
enum sally_err sally_coap_exchange_acknowledge(struct sally_coap_link *l,
                                               uint16_t mid, sally_usec now);
enum sally_err sally_coap_exchange_reset(struct sally_coap_link *l,
                                         uint16_t mid, sally_usec now);

sally_usec sally_coap_exchange_deadline(const struct sally_coap_link *l);
void sally_coap_exchange_expire(struct sally_coap_link *l, sally_usec now);

#endif
