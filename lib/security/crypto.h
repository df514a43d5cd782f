/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/crypto.h - the few primitives that others need, so that no
 * other folder includes the crypto library's headers.                       */
#ifndef SALLY_SECURITY_CRYPTO_H
#define SALLY_SECURITY_CRYPTO_H

#include "base/error.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/span.h"

#define SALLY_SHA256_LEN 32

/* The system's random source through the library's generator, seeded once
 * per process; `fill` ends the process if the system gives no randomness,
 * since nothing here is safe without it.                                    */
struct sally_random sally_crypto_random(void);

/* HMAC-SHA-256 (RFC 2104) of the concatenation of `parts`. CRYPTO. */
enum sally_err sally_crypto_hmac(struct sally_span key,
                                 const struct sally_span *parts, size_t count,
                                 uint8_t out[SALLY_SHA256_LEN]) SALLY_MUST_USE;

/* The hash of an HMAC or HKDF; a COSE number, RFC 8152 table 12. */
enum sally_hkdf { SALLY_HKDF_SHA256 = -10, SALLY_HKDF_SHA512 = -11 };

/* HKDF (RFC 5869): `secret` and `salt` of any length, also none, to 255 hashes
 * of output at most. UNSUPPORTED, OUT_OF_RANGE, CRYPTO.                     */
enum sally_err sally_crypto_hkdf(int32_t hkdf, struct sally_span secret,
                                 struct sally_span salt, struct sally_span info,
                                 uint8_t *out, size_t out_len) SALLY_MUST_USE;

/* An AEAD algorithm by its COSE number (RFC 9053 s.4): AES-CCM, all eight;
 * AES-GCM, all three; ChaCha20/Poly1305.                                    */
#define SALLY_AEAD_A256GCM 3
#define SALLY_AEAD_KEY_MAX 32
#define SALLY_AEAD_NONCE_MAX 13
#define SALLY_AEAD_TAG_MAX 16
struct sally_aead {
    int32_t cose;
    uint8_t key, nonce, tag; /* bytes */
    uint8_t family;          /* the module's own */
};

/* NULL: no such algorithm here. Static memory. */
const struct sally_aead *sally_crypto_aead(int32_t cose);

/* Encrypts `n` bytes at `data` in place and writes the tag behind them, so
 * `data` has room for n + a->tag. `key` and `nonce` have the lengths that the
 * algorithm says. One key and nonce protect one message only, ever. Nothing is
 * allocated. CRYPTO.                                                        */
enum sally_err sally_crypto_seal(const struct sally_aead *a, const uint8_t *key,
                                 const uint8_t *nonce, struct sally_span aad,
                                 uint8_t *data, size_t n) SALLY_MUST_USE;

/* The reverse: `n` bytes at `data`, of which the last a->tag are the tag, are
 * decrypted in place. UNAUTHENTIC: the tag does not verify, or there are fewer
 * bytes than a tag has; `data` is zeroed then. CRYPTO.                      */
enum sally_err sally_crypto_open(const struct sally_aead *a, const uint8_t *key,
                                 const uint8_t *nonce, struct sally_span aad,
                                 uint8_t *data, size_t n) SALLY_MUST_USE;

/* scrypt (RFC 7914). `log2_n` 1 to 20, `r` 1 to 32, `p` 1 to 16; memory is
 * 128 * r * 2^log2_n bytes. OUT_OF_RANGE, NO_MEMORY, CRYPTO.                */
struct sally_scrypt {
    unsigned log2_n, r, p;
};
enum sally_err sally_crypto_scrypt(struct sally_span password,
                                   struct sally_span salt,
                                   struct sally_scrypt cost, uint8_t *out,
                                   size_t out_len) SALLY_MUST_USE;

/* PBKDF2 with HMAC-SHA-512 (RFC 8018 s.5.2), up to 2^20 iterations.
 * OUT_OF_RANGE, CRYPTO.                                                     */
#define SALLY_PBKDF2_MAX (1u << 20)
enum sally_err sally_crypto_pbkdf2(struct sally_span password,
                                   struct sally_span salt, uint32_t iterations,
                                   uint8_t *out, size_t out_len) SALLY_MUST_USE;

/* SHA-256 of `data`. CRYPTO. */
enum sally_err sally_crypto_sha256(struct sally_span data,
                                   uint8_t out[SALLY_SHA256_LEN])
    SALLY_MUST_USE;

/* SHA-512 of the concatenation of `parts`. CRYPTO. */
#define SALLY_SHA512_LEN 64
enum sally_err sally_crypto_sha512(const struct sally_span *parts, size_t count,
                                   uint8_t out[SALLY_SHA512_LEN])
    SALLY_MUST_USE;

/* Version of the library in use and a space-separated list of the features
 * that matter to us, for --version. Static text.                            */
const char *sally_crypto_version(void);
const char *sally_crypto_features(void);

#endif
