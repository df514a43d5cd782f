/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/observe.h - the order of notifications, and those we send.
 * RFC 7641.                                                                 */
#ifndef SALLY_COAP_OBSERVE_H
#define SALLY_COAP_OBSERVE_H

#include "coap/exchange.h"

/* True if a notification with this number is newer than what `o` had, at a
 * time `now` (s.3.4).                                                       */
bool sally_coap_observe_fresh(const struct sally_coap_outgoing *o,
                              uint32_t number, sally_usec now);

/* The next number for a notification of ours: 24 bits, one more each. */
uint32_t sally_coap_observe_next(struct sally_coap_link *l);

/* Remembers a notification that nobody acknowledges, so that a Reset can be
 * told to the owner.                                                        */
void sally_coap_observe_remember(struct sally_coap_link *l,
                                 const struct sally_coap_outgoing *o,
                                 sally_usec now);

/* A Reset came for `mid`: tells the owner. UNEXPECTED if it is unknown. */
enum sally_err sally_coap_observe_reset(struct sally_coap_link *l, uint16_t mid,
                                        sally_usec now);

#endif
