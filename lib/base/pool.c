/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/pool.c - a free list through blocks of one size; those that
 * were never needed are not even touched, and cost no memory.                */
#include "base/pool.h"

#include "base/reserve.h"
#include "base/secret.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

struct free_block {
    struct free_block *next;
};

/* Blocks that were allocated together. */
struct sally_pool_part {
    struct sally_pool_part *next;
    size_t count;
    size_t touched; /* blocks that were ever out */
    alignas(max_align_t) unsigned char memory[];
};

static void push(struct sally_pool *p, void *block)
{
    struct free_block *b = block;

    b->next = p->free;
    p->free = b;
}

enum sally_err sally_pool_init(struct sally_pool *p, size_t size, size_t count,
                               bool secret)
{
    const size_t unit = alignof(max_align_t);

    *p = (struct sally_pool){ .secret = secret };
    if (size < sizeof(struct free_block))
        size = sizeof(struct free_block);
    if (size > SIZE_MAX - unit)
        return SALLY_E_NO_MEMORY;
    size = (size + unit - 1) / unit * unit;
    p->size = size;
    return sally_pool_grow(p, count);
}

enum sally_err sally_pool_grow(struct sally_pool *p, size_t count)
{
    struct sally_pool_part *part;
    size_t more = count > p->count ? count - p->count : 0;

    if (more == 0)
        return SALLY_E_OK;
    if (more > (SIZE_MAX - sizeof(*part)) / p->size)
        return SALLY_E_NO_MEMORY;
    part = sally_reserve(sizeof(*part) + more * p->size);
    if (part == NULL)
        return SALLY_E_NO_MEMORY;
    part->count = more;
    part->next = p->parts;
    p->parts = part;
    p->count = count;
    return SALLY_E_OK;
}

/* A block that was never out, or NULL. */
static void *fresh(struct sally_pool *p)
{
    for (struct sally_pool_part *part = p->parts; part != NULL;
         part = part->next)
        if (part->touched < part->count)
            return &part->memory[part->touched++ * p->size];
    return NULL;
}

void *sally_pool_take(struct sally_pool *p)
{
    struct free_block *b = p->free;

    if (b != NULL)
        p->free = b->next;
    else
        b = fresh(p);
    if (b == NULL)
        return NULL;
    if (++p->used > p->peak)
        p->peak = p->used;
    return b;
}

void sally_pool_give(struct sally_pool *p, void *block)
{
    if (block == NULL)
        return;
    if (p->secret)
        sally_wipe(block, p->size);
    push(p, block);
    p->used--;
}

void sally_pool_wipe(struct sally_pool *p)
{
    while (p->parts != NULL) {
        struct sally_pool_part *next = p->parts->next;

        if (p->secret)
            sally_wipe(p->parts->memory, p->size * p->parts->touched);
        sally_release(p->parts, sizeof(*p->parts) + p->parts->count * p->size);
        p->parts = next;
    }
    *p = (struct sally_pool){ .parts = NULL };
}
