/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/reserve.c - large pieces come from the system, one by one. */
#include "base/reserve.h"

#include <stdlib.h>
#include <sys/mman.h>

#define LARGE ((size_t)65536) /* bytes; pages are too coarse for less */

void *sally_reserve(size_t bytes)
{
    void *found;

    if (bytes < LARGE)
        return calloc(1, bytes);
    found = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return found == MAP_FAILED ? NULL : found;
}

void sally_release(void *memory, size_t bytes)
{
    if (memory == NULL)
        return;
    if (bytes < LARGE)
        free(memory);
    else
        (void)munmap(memory, bytes);
}
