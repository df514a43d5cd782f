/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/blockwise.h - bodies of our own requests and of the answers to
 * them, block by block. RFC 7959 s.2, 3.                                    */
#ifndef SALLY_COAP_BLOCKWISE_H
#define SALLY_COAP_BLOCKWISE_H

#include "coap/exchange.h"

/* Decides whether the request's payload goes out whole or in blocks, and puts
 * what goes out first into `p`. TOO_LARGE, NO_ROOM.                         */
enum sally_err
sally_coap_blockwise_begin(struct sally_coap_link *l,
                           struct sally_coap_outgoing *o,
                           struct sally_coap_parts *p) SALLY_MUST_USE;

/* What a response means for the bodies.
 *   OK        it is the end; *whole borrows from `m` or from o->body
 *   PENDING   the next block is under way
 *   else      the exchange cannot go on: TOO_LARGE, NO_ROOM, MALFORMED      */
enum sally_err sally_coap_blockwise_response(struct sally_coap_link *l,
                                             struct sally_coap_outgoing *o,
                                             const struct sally_coap_message *m,
                                             struct sally_span *whole,
                                             sally_usec now) SALLY_MUST_USE;

/* Drops the body, if there is one. */
void sally_coap_blockwise_drop(struct sally_coap_link *l,
                               struct sally_coap_outgoing *o);

#endif
