/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/serving.h - what the peer asks us: requests that wait for our
 * answer, piggybacked or separate. RFC 7252 s.5.2; RFC 7959 as a server.    */
#ifndef SALLY_COAP_SERVING_H
#define SALLY_COAP_SERVING_H

#include "coap/compose.h"
#include "coap/link.h"

struct sally_coap_serving {
    sally_coap_exchange id; /* 0: free */
    uint16_t mid;
    uint8_t code;
    uint8_t token_len;
    uint8_t token[SALLY_COAP_TOKEN_MAX];
    bool confirmable;
    bool acknowledged; /* the answer must be a message of its own */
    bool has_block1, has_block2;
    struct sally_coap_block block1, block2;
    uint64_t key;              /* see body.h; with blocks or large answers */
    sally_usec acknowledge_at; /* NEVER once done */
    sally_usec until;
};

/* One pool block, held while a request waits. */
struct sally_coap_serving_table {
    size_t used;
    struct sally_binding *binding; /* owned, a block, one per entry; NULL: the
                                      link has no shield */
    struct sally_coap_serving entry[SALLY_LINK_SERVING_MAX];
};

/* A request arrived, not a duplicate. NO_ROOM: treat it as lost. */
enum sally_err sally_coap_serving_request(struct sally_coap_link *l,
                                          const struct sally_coap_message *m,
                                          struct sally_coap_seen *seen,
                                          sally_usec now);

/* True if there is room for one more. What was taken for it and is not used is
 * given back by _tidy().                                                    */
bool sally_coap_serving_ready(struct sally_coap_link *l);
void sally_coap_serving_tidy(struct sally_coap_link *l);

sally_usec sally_coap_serving_deadline(const struct sally_coap_link *l);
void sally_coap_serving_expire(struct sally_coap_link *l, sally_usec now);
void sally_coap_serving_wipe(struct sally_coap_link *l);

#endif
