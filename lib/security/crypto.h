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

/* scrypt (RFC 7914). `log2_n` 1 to 20, `r` 1 to 32, `p` 1 to 16; memory is
 * 128 * r * 2^log2_n bytes. OUT_OF_RANGE, NO_MEMORY, CRYPTO.                */
struct sally_scrypt {
    unsigned log2_n, r, p;
};
enum sally_err sally_crypto_scrypt(struct sally_span password,
                                   struct sally_span salt,
                                   struct sally_scrypt cost, uint8_t *out,
                                   size_t out_len) SALLY_MUST_USE;

/* Version of the library in use and a space-separated list of the features
 * that matter to us, for --version. Static text.                            */
const char *sally_crypto_version(void);
const char *sally_crypto_features(void);

#endif
