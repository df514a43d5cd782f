/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/pool.h - blocks of one size, all allocated at start.
 *
 * A pool is the bound on what peers can make us hold: when it is empty the
 * caller answers NO_ROOM in its protocol's own words. Taking and giving back
 * are O(1). Not for more than one thread.                                   */
#ifndef SALLY_BASE_POOL_H
#define SALLY_BASE_POOL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct sally_pool_part;

struct sally_pool {
    struct sally_pool_part *parts; /* owned; the newest first */
    void *free;         /* linked through the blocks themselves */
    size_t size, count; /* bytes of a block, blocks in all */
    size_t used, peak;  /* blocks out now, and at most so far */
    bool secret;        /* wipe a block when it comes back */
};

/* Allocates `count` blocks of at least `size` bytes, aligned for any object.
 * NO_MEMORY; then the pool is empty but valid.                              */
enum sally_err sally_pool_init(struct sally_pool *p, size_t size, size_t count,
                               bool secret) SALLY_MUST_USE;

/* Makes it `count` blocks in all, if it has fewer; blocks stay where they are.
 * NO_MEMORY, and nothing changed.                                           */
enum sally_err sally_pool_grow(struct sally_pool *p,
                               size_t count) SALLY_MUST_USE;

/* A block of unspecified content, or NULL when all are out. */
void *sally_pool_take(struct sally_pool *p);

/* `block` came from this pool and is not used again; NULL is allowed. */
void sally_pool_give(struct sally_pool *p, void *block);

/* Frees all, whether or not blocks are still out. Safe twice. */
void sally_pool_wipe(struct sally_pool *p);

#endif
