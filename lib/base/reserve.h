/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/reserve.h - zeroed memory that costs nothing until it is used.
 *
 * calloc() gives that only for memory that is fresh from the system: what was
 * freed before and is given out again, it fills with zeros, all of it.       */
#ifndef SALLY_BASE_RESERVE_H
#define SALLY_BASE_RESERVE_H

#include <stddef.h>

/* NULL: there is none. Aligned as malloc() aligns. */
void *sally_reserve(size_t bytes);

/* With the same number of bytes; NULL is allowed. */
void sally_release(void *memory, size_t bytes);

#endif
