/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/random.h - where an engine gets its random bytes from.
 *
 * lib/ never asks the system: the owner passes a source, so that a test can
 * pass a seeded one. security/crypto.h has the real one.                    */
#ifndef SALLY_BASE_RANDOM_H
#define SALLY_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct sally_random {
    void (*fill)(void *state, uint8_t *out, size_t n); /* cannot fail */
    void *state;
};

static inline void sally_random_fill(const struct sally_random *r,
                                     void *out, size_t n)
{
    r->fill(r->state, out, n);
}

static inline uint64_t sally_random_u64(const struct sally_random *r)
{
    uint64_t n;

    r->fill(r->state, (uint8_t *)&n, sizeof(n));
    return n;
}

#endif
