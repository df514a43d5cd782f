/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/compose.h - a message from an owner's option list and the options
 * that belong to the link: Observe, Block1, Block2, Size1, and the ETag and
 * Request-Tag that tie the blocks of one body together.                     */
#ifndef SALLY_COAP_COMPOSE_H
#define SALLY_COAP_COMPOSE_H

#include "coap/block.h"
#include "coap/message.h"

/* In ascending order of the options' numbers. */
enum sally_coap_own {
    SALLY_OWN_ETAG,
    SALLY_OWN_OBSERVE,
    SALLY_OWN_BLOCK2,
    SALLY_OWN_BLOCK1,
    SALLY_OWN_SIZE1,
    SALLY_OWN_REQUEST_TAG, /* from then on it is an option like others */
    SALLY_OWN_COUNT
};

#define SALLY_COMPOSE_OWN_MAX 26 /* bytes that these take, but the last */

struct sally_coap_parts {
    struct sally_coap_message message; /* `options` are the owner's */
    unsigned own;                      /* bit set of 1u << sally_coap_own */
    uint32_t value[SALLY_OWN_COUNT];
    size_t spare; /* bytes that stay free for what protects the message */
};

void sally_coap_parts_add(struct sally_coap_parts *p, enum sally_coap_own which,
                          uint32_t value);
void sally_coap_parts_block(struct sally_coap_parts *p,
                            enum sally_coap_own which,
                            const struct sally_coap_block *b);

/* Bytes that the message has at most, header and payload included. */
size_t sally_coap_parts_bound(const struct sally_coap_parts *p);

/* Payload bytes that a message with these options has room for. */
size_t sally_coap_parts_room(const struct sally_coap_parts *p);

/* Appends the message. The link's options in the owner's list are left out,
 * so the list of an earlier message can be given again; an ETag of the
 * owner's wins over the link's. NO_ROOM.                                    */
enum sally_err sally_coap_compose(const struct sally_coap_parts *p,
                                  struct sally_buf *out) SALLY_MUST_USE;

#endif
