/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/heap.h - all memory that the crypto library takes: counted,
 * bounded, and wiped when it comes back.
 *
 * The library knows one allocator per process, so this is the one piece of
 * process-wide state here, besides the random generator.                    */
#ifndef SALLY_SECURITY_HEAP_H
#define SALLY_SECURITY_HEAP_H

#include "base/error.h"

#include <stddef.h>

/* Puts our allocator under the library; before any other call into it. Again
 * and again does no harm. CRYPTO.                                           */
enum sally_err sally_heap_install(void) SALLY_MUST_USE;

/* At most `bytes` from now on; an allocation that would pass it gives NULL.
 * SIZE_MAX until this is called.                                            */
void sally_heap_limit(size_t bytes);

/* Bytes out now, with what the system rounds them up to, without its own
 * bookkeeping. The same blocks can take a few bytes more at another time.   */
size_t sally_heap_live(void);

/* Bytes out at most since the last reset. */
size_t sally_heap_peak(void);
void sally_heap_reset_peak(void);

#endif
