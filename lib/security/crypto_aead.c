/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/crypto_aead.c - encryption of one message, by COSE number.
 * RFC 9053 s.4.
 *
 * The key is expanded for each message: with the processor's AES that costs a
 * sixth of what a small message costs, and an association needs no key schedule
 * of 672 bytes that would lie about in memory.                              */
#include "security/crypto.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/chacha20_poly1305.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#if !defined(HAVE_AESCCM) || !defined(HAVE_AESGCM) ||                          \
    !defined(WOLFSSL_AES_192) || !defined(WOLFSSL_AES_256) ||                  \
    !defined(HAVE_CHACHA) || !defined(HAVE_POLY1305)
#error "wolfSSL lacks an AEAD that the table promises"
#endif

enum family { CCM, GCM, CHACHA, FAMILIES };

static const struct sally_aead rows[] = {
    { 10, 16, 13, 8, CCM },    /* AES-CCM-16-64-128, which all have */
    { 11, 32, 13, 8, CCM },    /* AES-CCM-16-64-256 */
    { 12, 16, 7, 8, CCM },     /* AES-CCM-64-64-128 */
    { 13, 32, 7, 8, CCM },     /* AES-CCM-64-64-256 */
    { 30, 16, 13, 16, CCM },   /* AES-CCM-16-128-128 */
    { 31, 32, 13, 16, CCM },   /* AES-CCM-16-128-256 */
    { 32, 16, 7, 16, CCM },    /* AES-CCM-64-128-128 */
    { 33, 32, 7, 16, CCM },    /* AES-CCM-64-128-256 */
    { 1, 16, 12, 16, GCM },    /* A128GCM */
    { 2, 24, 12, 16, GCM },    /* A192GCM */
    { 3, 32, 12, 16, GCM },    /* A256GCM */
    { 24, 32, 12, 16, CHACHA }, /* ChaCha20/Poly1305 */
};

/* What the library is given, in its own types. */
struct job {
    const struct sally_aead *a;
    const uint8_t *key, *nonce;
    struct sally_span aad;
    uint8_t *data, *tag;
    word32 n; /* without the tag */
};

const struct sally_aead *sally_crypto_aead(int32_t cose)
{
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (rows[i].cose == cose)
            return &rows[i];
    return NULL;
}

static int ccm_seal(const struct job *j)
{
    Aes aes;
    int e = wc_AesInit(&aes, NULL, INVALID_DEVID);

    if (e == 0)
        e = wc_AesCcmSetKey(&aes, j->key, j->a->key);
    if (e == 0)
        e = wc_AesCcmEncrypt(&aes, j->data, j->data, j->n, j->nonce,
                             j->a->nonce, j->tag, j->a->tag, j->aad.at,
                             (word32)j->aad.len);
    wc_AesFree(&aes);
    sally_wipe(&aes, sizeof(aes));
    return e;
}

static int ccm_open(const struct job *j)
{
    Aes aes;
    int e = wc_AesInit(&aes, NULL, INVALID_DEVID);

    if (e == 0)
        e = wc_AesCcmSetKey(&aes, j->key, j->a->key);
    if (e == 0)
        e = wc_AesCcmDecrypt(&aes, j->data, j->data, j->n, j->nonce,
                             j->a->nonce, j->tag, j->a->tag, j->aad.at,
                             (word32)j->aad.len);
    wc_AesFree(&aes);
    sally_wipe(&aes, sizeof(aes));
    return e;
}

static int gcm_seal(const struct job *j)
{
    Aes aes;
    int e = wc_AesInit(&aes, NULL, INVALID_DEVID);

    if (e == 0)
        e = wc_AesGcmSetKey(&aes, j->key, j->a->key);
    if (e == 0)
        e = wc_AesGcmEncrypt(&aes, j->data, j->data, j->n, j->nonce,
                             j->a->nonce, j->tag, j->a->tag, j->aad.at,
                             (word32)j->aad.len);
    wc_AesFree(&aes);
    sally_wipe(&aes, sizeof(aes));
    return e;
}

static int gcm_open(const struct job *j)
{
    Aes aes;
    int e = wc_AesInit(&aes, NULL, INVALID_DEVID);

    if (e == 0)
        e = wc_AesGcmSetKey(&aes, j->key, j->a->key);
    if (e == 0)
        e = wc_AesGcmDecrypt(&aes, j->data, j->data, j->n, j->nonce,
                             j->a->nonce, j->tag, j->a->tag, j->aad.at,
                             (word32)j->aad.len);
    wc_AesFree(&aes);
    sally_wipe(&aes, sizeof(aes));
    return e;
}

static int chacha_seal(const struct job *j)
{
    return wc_ChaCha20Poly1305_Encrypt(j->key, j->nonce, j->aad.at,
                                       (word32)j->aad.len, j->data, j->n,
                                       j->data, j->tag);
}

static int chacha_open(const struct job *j)
{
    return wc_ChaCha20Poly1305_Decrypt(j->key, j->nonce, j->aad.at,
                                       (word32)j->aad.len, j->data, j->n,
                                       j->tag, j->data);
}

static const struct {
    int (*seal)(const struct job *j);
    int (*open)(const struct job *j);
} families[FAMILIES] = {
    [CCM] = { ccm_seal, ccm_open },
    [GCM] = { gcm_seal, gcm_open },
    [CHACHA] = { chacha_seal, chacha_open },
};

enum sally_err sally_crypto_seal(const struct sally_aead *a, const uint8_t *key,
                                 const uint8_t *nonce, struct sally_span aad,
                                 uint8_t *data, size_t n)
{
    struct job j = { a, key, nonce, aad, data, &data[n], (word32)n };

    return n <= UINT16_MAX && families[a->family].seal(&j) == 0
               ? SALLY_E_OK
               : SALLY_E_CRYPTO;
}

static bool says_forged(int e)
{
    return e == AES_CCM_AUTH_E || e == AES_GCM_AUTH_E ||
           e == MAC_CMP_FAILED_E;
}

enum sally_err sally_crypto_open(const struct sally_aead *a, const uint8_t *key,
                                 const uint8_t *nonce, struct sally_span aad,
                                 uint8_t *data, size_t n)
{
    size_t inner = n < a->tag ? 0 : n - a->tag;
    struct job j = { a, key, nonce, aad, data, &data[inner], (word32)inner };
    int e = AES_CCM_AUTH_E;

    if (n > UINT16_MAX)
        return SALLY_E_CRYPTO;
    if (n >= a->tag)
        e = families[a->family].open(&j);
    if (e == 0)
        return SALLY_E_OK;
    sally_wipe(data, n);
    return says_forged(e) ? SALLY_E_UNAUTHENTIC : SALLY_E_CRYPTO;
}
