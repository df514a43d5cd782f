/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/response.h - how an answer to the peer's request goes out. RFC 7252
 * s.5.2; RFC 7959 s.2.4.                                                    */
#ifndef SALLY_COAP_RESPONSE_H
#define SALLY_COAP_RESPONSE_H

#include "coap/serving.h"

/* Answers a message with an empty one under its id: ACK or RST. */
void sally_coap_response_empty(struct sally_coap_link *l,
                               struct sally_coap_seen *seen,
                               enum sally_coap_type type);

/* Cuts the payload in `p` to a block if it has to be; `block` says which block
 * of which size, and then what it became: smaller ones if no more fits. With
 * `wanted` the option is there even if one block holds all. OUT_OF_RANGE: the
 * block begins past the end.                                                */
enum sally_err sally_coap_response_cut(struct sally_coap_parts *p,
                                       struct sally_coap_block *block,
                                       bool wanted) SALLY_MUST_USE;

/* Names the content of a body in blocks, so that the peer notices if it was
 * another one in between.                                                   */
uint32_t sally_coap_response_etag(const struct sally_coap_link *l,
                                  struct sally_span body);

/* Sends the owner's answer, its payload cut to a block if it has to be; the
 * rest is kept for the GETs that ask for it. Errors are those of
 * sally_coap_link_respond().                                                */
enum sally_err sally_coap_response_answer(struct sally_coap_link *l,
                                          const struct sally_coap_serving *s,
                                          const struct sally_coap_answer *a,
                                          sally_usec now);

/* The link itself answers, with a code alone. */
enum sally_err sally_coap_response_code(struct sally_coap_link *l,
                                        const struct sally_coap_serving *s,
                                        uint8_t code, sally_usec now);

/* Sends a further block of an answer that was kept. */
enum sally_err sally_coap_response_kept(struct sally_coap_link *l,
                                        const struct sally_coap_serving *s,
                                        const struct sally_coap_kept *kept,
                                        sally_usec now);

#endif
