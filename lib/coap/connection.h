/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/connection.h - a link over a stream: what is different there.
 * RFC 8323.
 *
 * A frame becomes a message of type NON with an id of ours, so that everything
 * above is the same. What the stream delivers needs no acknowledgement and no
 * repetition: a request counts as acknowledged when it was sent, and for a
 * confirmable notification a Ping asks (see stream.h).
 *
 * The next message of the peer's is looked at when our answer to the one before
 * has left. So a peer that asks and does not read is held back by its own
 * window, and costs us one message each way.                                */
#ifndef SALLY_COAP_CONNECTION_H
#define SALLY_COAP_CONNECTION_H

#include "coap/exchange.h"
#include "coap/link.h"
#include "coap/stream.h"

/* After the stack was started: if it runs over a stream, gets the block for
 * that. NO_ROOM.                                                            */
enum sally_err sally_coap_connection_open(struct sally_coap_link *l,
                                          sally_usec now) SALLY_MUST_USE;

/* Gives the block back. Safe twice. */
void sally_coap_connection_wipe(struct sally_coap_link *l);

/* Of stack and stream together; _turn() follows what the stack came to. */
void sally_coap_connection_turn(struct sally_coap_link *l, sally_usec now);
enum sally_channel_state
sally_coap_connection_state(const struct sally_coap_link *l);

/* True if both take messages, whatever protects those. */
bool sally_coap_connection_carries(const struct sally_coap_link *l);
enum sally_err sally_coap_connection_reason(const struct sally_coap_link *l);

/* Takes a chunk in, as much as sally_coap_link_room() said. */
void sally_coap_connection_feed(struct sally_coap_link *l,
                                struct sally_span chunk, sally_usec now);

/* The next message; PENDING: none can be taken now. Errors of
 * sally_coap_stream_next().                                                 */
enum sally_err sally_coap_connection_next(struct sally_coap_link *l,
                                          struct sally_coap_message *m,
                                          sally_usec now) SALLY_MUST_USE;

/* Deals with it; the channel is UP. */
enum sally_err sally_coap_connection_take(struct sally_coap_link *l,
                                          struct sally_coap_message *m,
                                          sally_usec now);

/* True if _next() was held back and is not any more. */
bool sally_coap_connection_resumes(const struct sally_coap_link *l);

/* Seals a message of ours, or signalling, which is a frame already. What cannot
 * be sent ends the connection, since nobody would repeat it.                */
enum sally_err sally_coap_connection_seal(struct sally_coap_link *l,
                                          struct sally_span message,
                                          struct sally_buf *wire);
enum sally_err sally_coap_connection_signal(struct sally_coap_link *l,
                                            struct sally_buf *wire);

/* A message of ours goes out. */
void sally_coap_connection_sent(struct sally_coap_link *l,
                                struct sally_coap_outgoing *o, sally_usec now);

sally_usec sally_coap_connection_deadline(const struct sally_coap_link *l);
void sally_coap_connection_expire(struct sally_coap_link *l, sally_usec now);

#endif
