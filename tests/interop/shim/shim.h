/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/interop/shim/shim.h - a disk that fails and a clock that is set, for
 * programs that do not know of it.
 *
 * Preloaded, it stands between a program and the C library and does what one
 * structure says, which lies in the file that SALLY_SHIM names and may change
 * at any time. Linked into a test, it does what that test's `shim` says. The
 * layout is known to tests/interop/lib/shim.py.                             */
#ifndef SALLY_TESTS_SHIM_H
#define SALLY_TESTS_SHIM_H

#include <stdatomic.h>
#include <stdint.h>

enum {
    SHIM_OPEN = 1,
    SHIM_WRITE = 2,
    SHIM_SYNC = 4,
    SHIM_TRUNCATE = 8,
    SHIM_ALL = 15
};

struct shim {
    int64_t clock_offset;  /* seconds that UTC is ahead */
    int32_t calls;         /* SHIM_... that may fail; 0: none does */
    int32_t error;         /* errno then; 0: half of a write is done */
    atomic_int after;      /* so many calls go well, */
    atomic_int times;      /* then so many fail; counted down */
    atomic_int failed;     /* how many did */
    char below[228];       /* only on files whose path begins with this */
};

extern struct shim *shim;

#endif
