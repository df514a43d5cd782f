/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/hash.c - SipHash-2-4 (Aumasson and Bernstein, 2012). */
#include "base/hash.h"

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
}

static uint64_t little_endian(const uint8_t *at, size_t n)
{
    uint64_t word = 0;

    for (size_t i = n; i > 0; i--)
        word = word << 8 | at[i - 1];
    return word;
}

uint64_t sally_hash(const struct sally_hash_key *key, struct sally_span bytes)
{
    uint64_t v[4] = { key->word[0] ^ 0x736f6d6570736575u,
                      key->word[1] ^ 0x646f72616e646f6du,
                      key->word[0] ^ 0x6c7967656e657261u,
                      key->word[1] ^ 0x7465646279746573u };
    size_t whole = bytes.len / 8 * 8;

    for (size_t i = 0; i < whole; i += 8)
        absorb(v, little_endian(bytes.at + i, 8));
    absorb(v, (uint64_t)bytes.len << 56 |
                  (bytes.len == whole
                       ? 0
                       : little_endian(bytes.at + whole, bytes.len - whole)));
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
