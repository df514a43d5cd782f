/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/nonces.c - a set of hashes of (key, nonce). */
#include "sim/nonces.h"

#include "security/crypto.h"

#include <string.h>

#define PLACES 32768 /* a power of two; far more than messages in a world */

static struct {
    uint64_t pair[PLACES]; /* 0: free */
    size_t count;
    bool repeated;
} seen;

void sim_nonces_clear(void) { memset(&seen, 0, sizeof(seen)); }
size_t sim_nonces_count(void) { return seen.count; }
bool sim_nonces_repeated(void) { return seen.repeated; }

static uint64_t mix(uint64_t h, const uint8_t *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        h = (h ^ at[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h;
}

static void note(const struct sally_aead *a, const uint8_t *key,
                 const uint8_t *nonce)
{
    uint64_t pair = mix(mix(a->key, key, a->key), nonce, a->nonce) | 1;
    size_t i = pair >> 1 & (PLACES - 1);

    while (seen.pair[i] != 0 && seen.pair[i] != pair)
        i = (i + 1) & (PLACES - 1);
    seen.repeated = seen.repeated || seen.pair[i] == pair ||
                    ++seen.count >= PLACES - 1;
    seen.pair[i] = pair;
}

enum sally_err __real_sally_crypto_seal(const struct sally_aead *a,
                                        const uint8_t *key,
                                        const uint8_t *nonce,
                                        struct sally_span aad, uint8_t *data,
                                        size_t n);
enum sally_err __wrap_sally_crypto_seal(const struct sally_aead *a,
                                        const uint8_t *key,
                                        const uint8_t *nonce,
                                        struct sally_span aad, uint8_t *data,
                                        size_t n);

enum sally_err __wrap_sally_crypto_seal(const struct sally_aead *a,
                                        const uint8_t *key,
                                        const uint8_t *nonce,
                                        struct sally_span aad, uint8_t *data,
                                        size_t n)
{
    note(a, key, nonce);
    return __real_sally_crypto_seal(a, key, nonce, aad, data, n);
}
