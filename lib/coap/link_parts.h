/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/link_parts.h - what the files of a link call of each other. */
#ifndef SALLY_COAP_LINK_PARTS_H
#define SALLY_COAP_LINK_PARTS_H

#include "coap/link.h"

/* Tells the owner when the channel is not what it was, and whoever waits for
 * it: after each call of the stack.                                         */
void sally_coap_link_follow(struct sally_coap_link *l, sally_usec now);

static inline bool sally_coap_link_is_over(enum sally_channel_state state)
{
    return state == SALLY_CHANNEL_CLOSED || state == SALLY_CHANNEL_FAILED;
}

/* Messages that have arrived over a stream, as many as may be looked at. */
enum sally_err sally_coap_link_take_stream(struct sally_coap_link *l,
                                           sally_usec now);

/* The datagram that went out last is not needed any more. */
void sally_coap_link_give_wire(struct sally_coap_link *l);

#endif
