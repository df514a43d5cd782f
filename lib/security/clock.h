/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/clock.h - what time a certificate is compared with.
 *
 * A router without a battery wakes up in 1970, and who can lie about the time
 * could revive what has expired. So there is a floor: the date of this source,
 * or later the last time that was known to be right. It never goes back. As
 * long as the clock is not set, the floor is all that is known: what ended
 * before it is over, and a beginning in the future proves nothing.          */
#ifndef SALLY_SECURITY_CLOCK_H
#define SALLY_SECURITY_CLOCK_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct sally_clock {
    uint64_t floor; /* seconds since 1970 */
    uint64_t now;   /* at least the floor */
    bool synchronised;
};

/* The floor is the date of this source; not synchronised. */
struct sally_clock sally_clock_new(void);

/* What the system's clock says. Where that is not known to be right, or cannot
 * be as it is before the floor, the time is not used.                       */
void sally_clock_set(struct sally_clock *c, uint64_t utc, bool synchronised);

/* A time that was right once, for example before a restart. One that is twenty
 * years ahead of this source is not believed.                               */
void sally_clock_floor(struct sally_clock *c, uint64_t utc);

/* NOT_YET_VALID, EXPIRED, OK. */
enum sally_err sally_clock_within(const struct sally_clock *c,
                                  uint64_t not_before,
                                  uint64_t not_after) SALLY_MUST_USE;

#endif
