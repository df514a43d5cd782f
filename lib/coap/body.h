/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/body.h - bodies of the peer's exchanges that span several messages:
 * uploads under way and the answer that the peer is fetching. RFC 7959.
 *
 * A body is found by a keyed hash of the request's code and options, without
 * those of the link and Echo, so blocks of two bodies cannot mix: a Request-Tag
 * (RFC 9175 s.3) is part of it. Each body holds one block of the pool.      */
#ifndef SALLY_COAP_BODY_H
#define SALLY_COAP_BODY_H

#include "base/hash.h"
#include "base/pool.h"
#include "base/time.h"
#include "coap/block.h"
#include "coap/message.h"

#define SALLY_UPLOADS_MAX 2       /* under way per link; the oldest yields */
#define SALLY_KEPT_OPTIONS_MAX 32 /* bytes; an answer with more is not kept */

struct sally_coap_upload {
    uint64_t key;
    uint8_t *bytes; /* owned; NULL: free */
    size_t len;
    sally_usec until;
};

struct sally_coap_kept {
    uint64_t key;
    uint8_t *bytes; /* owned; NULL: none */
    size_t len;
    sally_usec until;
    uint32_t etag;
    uint8_t code, options_len;
    uint8_t options[SALLY_KEPT_OPTIONS_MAX];
};

struct sally_coap_bodies {
    struct sally_pool *pool;
    size_t max; /* bytes of a body */
    sally_usec lifetime;
    struct sally_coap_upload upload[SALLY_UPLOADS_MAX];
    struct sally_coap_kept kept;
};

void sally_coap_bodies_init(struct sally_coap_bodies *b,
                            struct sally_pool *pool, size_t max,
                            sally_usec lifetime);

uint64_t sally_coap_body_key(const struct sally_hash_key *seed,
                             const struct sally_coap_message *request);

/* Adds one block to an upload; number 0 begins it anew.
 *   OK          that was the last; *whole borrows until _upload_end()
 *   PENDING     more is to come
 *   MALFORMED   the payload is not as long as the option says
 *   UNEXPECTED  not the block that is next
 *   TOO_LARGE   over `max`; the upload is dropped
 *   NO_ROOM     the pool is empty                                           */
enum sally_err sally_coap_upload_add(struct sally_coap_bodies *b, uint64_t key,
                                     const struct sally_coap_block *block,
                                     struct sally_span payload, sally_usec now,
                                     struct sally_span *whole) SALLY_MUST_USE;
void sally_coap_upload_end(struct sally_coap_bodies *b, uint64_t key);

/* Keeps an answer for the GETs that fetch its further blocks, in place of the
 * one kept before. Nothing is kept, and they go up as requests, if there is
 * no block or the options are too long.                                     */
void sally_coap_body_keep(struct sally_coap_bodies *b, uint64_t key,
                          const struct sally_coap_message *answer,
                          uint32_t etag, sally_usec now);

/* NULL if the answer to these requests is not kept. */
const struct sally_coap_kept *
sally_coap_body_kept(const struct sally_coap_bodies *b, uint64_t key);
void sally_coap_body_drop(struct sally_coap_bodies *b);

sally_usec sally_coap_bodies_deadline(const struct sally_coap_bodies *b);
void sally_coap_bodies_expire(struct sally_coap_bodies *b, sally_usec now);
void sally_coap_bodies_wipe(struct sally_coap_bodies *b);

#endif
