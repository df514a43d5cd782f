/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/heap.c - the allocator under the crypto library. */
#include "security/heap.h"

#include "base/secret.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/memory.h>

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Stands before every block, so that a free knows what it gives back. */
struct block {
    alignas(max_align_t) size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

static struct {
    size_t live, peak, limit;
} heap = { 0, 0, SIZE_MAX };

static struct block *block_of(void *p)
{
    return (struct block *)(void *)((char *)p - offsetof(struct block, bytes));
}

static void *bytes_of(struct block *b)
{
    return (char *)b + offsetof(struct block, bytes);
}

static void *take(size_t size)
{
    struct block *b;

    if (size > heap.limit || heap.live > heap.limit - size ||
        size > SIZE_MAX - sizeof(*b))
        return NULL;
    b = malloc(sizeof(*b) + size);
    if (b == NULL)
        return NULL;
    b->size = size;
    heap.live += size;
    if (heap.live > heap.peak)
        heap.peak = heap.live;
    return bytes_of(b);
}

static void give(void *p)
{
    struct block *b;

    if (p == NULL)
        return;
    b = block_of(p);
    heap.live -= b->size;
    sally_wipe(b->bytes, b->size);
    free(b);
}

/* Never in place: the old bytes are wiped wherever they were. */
static void *resize(void *p, size_t size)
{
    size_t old = p == NULL ? 0 : block_of(p)->size;
    void *fresh = take(size);

    if (fresh == NULL || p == NULL)
        return fresh;
    memcpy(fresh, p, old < size ? old : size);
    give(p);
    return fresh;
}

enum sally_err sally_heap_install(void)
{
    return wolfSSL_SetAllocators(take, give, resize) == 0 ? SALLY_E_OK
                                                          : SALLY_E_CRYPTO;
}

void sally_heap_limit(size_t bytes) { heap.limit = bytes; }

size_t sally_heap_live(void) { return heap.live; }

size_t sally_heap_peak(void) { return heap.peak; }

void sally_heap_reset_peak(void) { heap.peak = heap.live; }
