/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/pool.c - a free list through blocks of one size; those that
 * were never needed are not even touched, and cost no memory.                */
#include "base/pool.h"

#include "base/secret.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct free_block {
    struct free_block *next;
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
    if (count > SIZE_MAX / size)
        return SALLY_E_NO_MEMORY;
    p->memory = calloc(count, size);
    if (p->memory == NULL && count != 0)
        return SALLY_E_NO_MEMORY;
    p->size = size;
    p->count = count;
    return SALLY_E_OK;
}

void *sally_pool_take(struct sally_pool *p)
{
    struct free_block *b = p->free;

    if (b != NULL)
        p->free = b->next;
    else if (p->touched < p->count)
        b = (void *)(p->memory + p->touched++ * p->size);
    else
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
    if (p->secret && p->memory != NULL)
        sally_wipe(p->memory, p->size * p->touched);
    free(p->memory);
    *p = (struct sally_pool){ .memory = NULL };
}
