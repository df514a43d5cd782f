/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/arena.h - memory that lives and dies with one configuration.
 *
 * A bump allocator: nothing is given back alone, all of it at once. Running
 * out of memory is sticky, like a writer's failure, so that a loader may take
 * freely and look at `failed` once at its end.                              */
#ifndef SALLY_CONFIG_ARENA_H
#define SALLY_CONFIG_ARENA_H

#include "base/span.h"

struct sally_arena_chunk;

struct sally_arena {
    struct sally_arena_chunk *chunks; /* owned; the newest first */
    size_t bytes;                     /* handed out so far */
    bool failed;                      /* memory ran out once */
};

/* `count` objects of `size` bytes, all zero, aligned for pointers and numbers
 * of 64 bits. NULL when memory ran out, or when `count` is 0.               */
void *sally_arena_take(struct sally_arena *a, size_t count, size_t size);

/* A copy as a string; a zero byte ends it. "" when memory ran out. */
const char *sally_arena_text(struct sally_arena *a, struct sally_span s);

/* printf into the arena; "" when memory ran out. */
const char *sally_arena_format(struct sally_arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A copy of `text` with each "{id}" replaced by `id`. */
const char *sally_arena_expand(struct sally_arena *a, const char *text,
                               const char *id);

/* Frees all; the arena is empty and usable again. Safe twice. */
void sally_arena_wipe(struct sally_arena *a);

#endif
