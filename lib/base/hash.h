/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/hash.h - a keyed hash for tables that peers can fill.
 *
 * SipHash-2-4 under a random key of the process: a peer that chooses its
 * address or client id cannot choose its bucket.                            */
#ifndef SALLY_BASE_HASH_H
#define SALLY_BASE_HASH_H

#include "base/span.h"

struct sally_hash_key {
    uint64_t word[2]; /* random, drawn once per process */
};

uint64_t sally_hash(const struct sally_hash_key *key, struct sally_span bytes);

#endif
