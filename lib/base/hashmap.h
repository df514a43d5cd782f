/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/hashmap.h - finds an owner's entry by a key of bytes, in O(1).
 *
 * Intrusive: an entry embeds a node, and the map allocates only its bucket
 * array, at start and when more are expected. The map borrows the key: it must
 * not change while the node is in. The hash is keyed, so a peer cannot aim for
 * one bucket.                                                               */
#ifndef SALLY_BASE_HASHMAP_H
#define SALLY_BASE_HASHMAP_H

#include "base/error.h"
#include "base/hash.h"

struct sally_hashmap_node {
    struct sally_hashmap_node *next;
    struct sally_span key; /* borrowed from the owner */
    uint64_t hash;
};

struct sally_hashmap {
    struct sally_hashmap_node **buckets; /* owned; a power of two */
    size_t mask, count;
    struct sally_hash_key seed;
};

/* `expected` entries, which sets the number of buckets; more still fit. */
enum sally_err sally_hashmap_init(struct sally_hashmap *m, size_t expected,
                                  struct sally_hash_key seed) SALLY_MUST_USE;

/* More of them are expected now. NO_MEMORY leaves the map as it was. */
enum sally_err sally_hashmap_grow(struct sally_hashmap *m,
                                  size_t expected) SALLY_MUST_USE;

/* NULL if there is none. */
struct sally_hashmap_node *sally_hashmap_find(const struct sally_hashmap *m,
                                              struct sally_span key);

/* Puts `node` in under `key`; the caller made sure that the key is new. */
void sally_hashmap_add(struct sally_hashmap *m, struct sally_hashmap_node *node,
                       struct sally_span key);

/* Takes `node` out; nothing happens if it is not in. */
void sally_hashmap_remove(struct sally_hashmap *m,
                          struct sally_hashmap_node *node);

/* Frees the buckets; entries are the owner's. Safe twice. */
void sally_hashmap_wipe(struct sally_hashmap *m);

#endif
