/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/crypto.c - random bytes, HMAC, and what passwords are hashed
 * with, from the library.                                                   */
#include "security/crypto.h"

#include "security/heap.h"

#include <wolfssl/options.h>
#include <wolfssl/version.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/pwdbased.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/sha256.h>
#include <wolfssl/wolfcrypt/sha512.h>

#include <stdlib.h>
#include <string.h>

#ifndef HAVE_SCRYPT
#error "wolfSSL needs --enable-pwdbased --enable-scrypt"
#endif
#if !defined(WOLFSSL_DTLS) || !defined(WOLFSSL_DTLS13) ||                      \
    !defined(HAVE_RPK) || !defined(WOLFSSL_DTLS_CID) ||                        \
    !defined(HAVE_AESCCM) || !defined(HAVE_ECC)
#error "wolfSSL lacks a feature that sally_crypto_features() promises"
#endif

/* One generator per process; it lives until the process ends. It takes as long
 * for a token as for hundreds of bytes, so small wishes are met from a stock.
 */
#define STOCK 256 /* bytes */
static struct {
    WC_RNG rng;
    bool seeded;
    uint8_t stock[STOCK];
    size_t left; /* bytes at the end of the stock that nobody had */
} generator;

static bool seed(void)
{
    if (!generator.seeded)
        generator.seeded = sally_heap_install() == SALLY_E_OK &&
                           wc_InitRng(&generator.rng) == 0;
    return generator.seeded;
}

static void generate(uint8_t *out, size_t n)
{
    while (n > 0) {
        word32 part = n < RNG_MAX_BLOCK_LEN ? (word32)n : RNG_MAX_BLOCK_LEN;

        if (!seed() || wc_RNG_GenerateBlock(&generator.rng, out, part) != 0)
            abort(); /* a process that guesses its keys must not go on */
        out = &out[part];
        n -= part;
    }
}

static void fill(void *state, uint8_t *out, size_t n)
{
    uint8_t *from;

    (void)state;
    if (n > STOCK / 8) {
        generate(out, n);
        return;
    }
    if (n > generator.left) {
        generate(generator.stock, STOCK);
        generator.left = STOCK;
    }
    from = &generator.stock[STOCK - generator.left];
    memcpy(out, from, n);
    sally_wipe(from, n);
    generator.left -= n;
}

struct sally_random sally_crypto_random(void)
{
    return (struct sally_random){ fill, NULL };
}

static int run_hmac(Hmac *h, struct sally_span key,
                    const struct sally_span *parts, size_t count, uint8_t *out)
{
    static const uint8_t no_key[1];
    const uint8_t *bytes = key.at == NULL ? no_key : key.at;
    int e = wc_HmacSetKey_ex(h, WC_SHA256, bytes, (word32)key.len, 1);

    for (size_t i = 0; i < count && e == 0; i++)
        e = wc_HmacUpdate(h, parts[i].at, (word32)parts[i].len);
    return e == 0 ? wc_HmacFinal(h, out) : e;
}

enum sally_err sally_crypto_hmac(struct sally_span key,
                                 const struct sally_span *parts, size_t count,
                                 uint8_t out[SALLY_SHA256_LEN])
{
    uint8_t digest[SALLY_SHA256_LEN];
    Hmac h;
    int e;

    if (sally_heap_install() != SALLY_E_OK ||
        wc_HmacInit(&h, NULL, INVALID_DEVID) != 0)
        return SALLY_E_CRYPTO;
    e = run_hmac(&h, key, parts, count, digest);
    wc_HmacFree(&h);
    sally_wipe(&h, sizeof(h));
    if (e == 0)
        memcpy(out, digest, sizeof(digest));
    sally_wipe(digest, sizeof(digest));
    return e == 0 ? SALLY_E_OK : SALLY_E_CRYPTO;
}

enum sally_err sally_crypto_scrypt(struct sally_span password,
                                   struct sally_span salt,
                                   struct sally_scrypt cost, uint8_t *out,
                                   size_t out_len)
{
    int e;

    if (cost.log2_n < 1 || cost.log2_n > 20 || cost.r < 1 || cost.r > 32 ||
        cost.p < 1 || cost.p > 16 || out_len == 0 || out_len > INT32_MAX ||
        password.len > INT32_MAX || salt.len > INT32_MAX)
        return SALLY_E_OUT_OF_RANGE;
    if (sally_heap_install() != SALLY_E_OK)
        return SALLY_E_CRYPTO;
    e = wc_scrypt(out, password.at, (int)password.len, salt.at, (int)salt.len,
                  (int)cost.log2_n, (int)cost.r, (int)cost.p, (int)out_len);
    if (e == MEMORY_E)
        return SALLY_E_NO_MEMORY;
    return e == 0 ? SALLY_E_OK : SALLY_E_CRYPTO;
}

enum sally_err sally_crypto_pbkdf2(struct sally_span password,
                                   struct sally_span salt, uint32_t iterations,
                                   uint8_t *out, size_t out_len)
{
    if (iterations < 1 || iterations > SALLY_PBKDF2_MAX || out_len == 0 ||
        out_len > INT32_MAX || password.len > INT32_MAX ||
        salt.len > INT32_MAX)
        return SALLY_E_OUT_OF_RANGE;
    if (sally_heap_install() != SALLY_E_OK)
        return SALLY_E_CRYPTO;
    return wc_PBKDF2(out, password.at, (int)password.len, salt.at,
                     (int)salt.len, (int)iterations, (int)out_len,
                     WC_SHA512) == 0
               ? SALLY_E_OK
               : SALLY_E_CRYPTO;
}

enum sally_err sally_crypto_sha256(struct sally_span data,
                                   uint8_t out[SALLY_SHA256_LEN])
{
    return sally_heap_install() == SALLY_E_OK &&
                   wc_Sha256Hash(data.at, (word32)data.len, out) == 0
               ? SALLY_E_OK
               : SALLY_E_CRYPTO;
}

enum sally_err sally_crypto_sha512(const struct sally_span *parts, size_t count,
                                   uint8_t out[SALLY_SHA512_LEN])
{
    wc_Sha512 sha;
    int e = sally_heap_install() == SALLY_E_OK ? wc_InitSha512(&sha)
                                               : MEMORY_E;

    if (e != 0)
        return SALLY_E_CRYPTO;
    for (size_t i = 0; e == 0 && i < count; i++)
        e = wc_Sha512Update(&sha, parts[i].at, (word32)parts[i].len);
    if (e == 0)
        e = wc_Sha512Final(&sha, out);
    wc_Sha512Free(&sha);
    return e == 0 ? SALLY_E_OK : SALLY_E_CRYPTO;
}

const char *sally_crypto_version(void)
{
    return "wolfSSL " LIBWOLFSSL_VERSION_STRING;
}

const char *sally_crypto_features(void)
{
    return "dtls1.2 dtls1.3 psk-aes128-ccm-8 ecdhe-psk rpk x509 cid mtu";
}
