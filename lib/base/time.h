/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/time.h - time as a number; nobody below gateway/ reads a clock. */
#ifndef SALLY_BASE_TIME_H
#define SALLY_BASE_TIME_H

#include <stdint.h>

/* Microseconds of a monotonic clock with an arbitrary start. */
typedef uint64_t sally_usec;

/* Milliseconds since 1970 UTC; 0 means that the time is not known. */
typedef int64_t sally_msec_utc;

#define SALLY_NEVER UINT64_MAX
#define SALLY_MSEC ((sally_usec)1000)
#define SALLY_SEC ((sally_usec)1000000)

static inline sally_usec sally_earlier(sally_usec a, sally_usec b)
{
    return a < b ? a : b;
}

/* `now` plus `wait`, staying at NEVER when the sum would pass it. */
static inline sally_usec sally_after(sally_usec now, sally_usec wait)
{
    return wait >= SALLY_NEVER - now ? SALLY_NEVER : now + wait;
}

#endif
