/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/heap.c - the allocator under the crypto library. */
#include "security/heap.h"

#include "base/secret.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/memory.h>

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct {
    size_t live, peak, limit;
} heap = { 0, 0, SIZE_MAX };

/* The system knows the size of a block, so none is kept beside it: a session
 * has some fifteen of them, most of them small. It gives a little more than it
 * was asked for, now so much and now so much, which counts.                 */
static void *take(size_t size)
{
    size_t room = heap.limit > heap.live ? heap.limit - heap.live : 0;
    void *p = size > room ? NULL : malloc(size != 0 ? size : 1);

    if (p == NULL)
        return NULL;
    if (malloc_usable_size(p) > room) {
        free(p);
        return NULL;
    }
    heap.live += malloc_usable_size(p);
    if (heap.live > heap.peak)
        heap.peak = heap.live;
    return p;
}

static void give(void *p)
{
    size_t size = malloc_usable_size(p); /* of NULL: 0 */

    heap.live -= size;
    if (size != 0)
        sally_wipe(p, size);
    free(p);
}

/* Never in place: the old bytes are wiped wherever they were. */
static void *resize(void *p, size_t size)
{
    size_t old = malloc_usable_size(p);
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
