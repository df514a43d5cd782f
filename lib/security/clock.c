/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/clock.c - the time that certificates are compared with. */
#include "security/clock.h"

#define RELEASED 1793491200u /* 2026-11-01; moves with each release */

struct sally_clock sally_clock_new(void)
{
    return (struct sally_clock){ RELEASED, RELEASED, false };
}

/* What is beyond this was never right: a floor that a broken clock left would
 * refuse all certificates for ever.                                         */
#define CREDIBLE (RELEASED + 20ull * 365 * 24 * 60 * 60)

void sally_clock_floor(struct sally_clock *c, uint64_t utc)
{
    if (utc > c->floor && utc < CREDIBLE)
        c->floor = utc;
    if (c->now < c->floor)
        c->now = c->floor;
}

void sally_clock_set(struct sally_clock *c, uint64_t utc, bool synchronised)
{
    c->synchronised = synchronised && utc >= c->floor;
    c->now = c->synchronised ? utc : c->floor;
}

enum sally_err sally_clock_within(const struct sally_clock *c,
                                  uint64_t not_before, uint64_t not_after)
{
    if (not_after < c->now)
        return SALLY_E_EXPIRED;
    if (c->synchronised && not_before > c->now)
        return SALLY_E_NOT_YET_VALID;
    return SALLY_E_OK;
}
