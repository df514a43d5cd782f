/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/bound.h - observations that the peer registered under protected
 * requests: what ties each notification to its registration. RFC 8613
 * s.4.1.3.5. Blocks of a pool, taken with the first one.                    */
#ifndef SALLY_COAP_BOUND_H
#define SALLY_COAP_BOUND_H

#include "coap/message.h"
#include "security/object.h"

#define SALLY_BOUND_BLOCK 16 /* observations in one block */
#define SALLY_BOUND_BLOCKS 2 /* the one not told for longest yields */

struct sally_coap_bound_block;

struct sally_coap_bound {
    struct sally_pool *packets;
    struct sally_coap_bound_block *block[SALLY_BOUND_BLOCKS];
    uint32_t uses; /* counts them, to know the oldest */
};

/* The binding of the observation with this token, NULL if there is none; valid
 * until the next _put().                                                    */
struct sally_binding *sally_coap_bound_find(struct sally_coap_bound *b,
                                            struct sally_span token);

/* A place for one, with `binding` in it, in place of one with the same token.
 * NULL: no block.                                                           */
struct sally_binding *sally_coap_bound_put(struct sally_coap_bound *b,
                                           struct sally_span token,
                                           const struct sally_binding *binding);
void sally_coap_bound_drop(struct sally_coap_bound *b, struct sally_span token);
void sally_coap_bound_wipe(struct sally_coap_bound *b);

#endif
