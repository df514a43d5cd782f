/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/crypto_hkdf.c - keys from a secret. RFC 5869. */
#include "security/crypto.h"

#include "security/heap.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/hmac.h>

#if !defined(HAVE_HKDF) || !defined(WOLFSSL_SHA512)
#error "wolfSSL needs --enable-hkdf and SHA-512"
#endif

static const struct row {
    int32_t hkdf;
    int type;
    size_t hash; /* bytes */
} rows[] = {
    { SALLY_HKDF_SHA256, WC_SHA256, 32 },
    { SALLY_HKDF_SHA512, WC_SHA512, 64 },
};

enum sally_err sally_crypto_hkdf(int32_t hkdf, struct sally_span secret,
                                 struct sally_span salt, struct sally_span info,
                                 uint8_t *out, size_t out_len)
{
    const struct row *r = NULL;

    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (rows[i].hkdf == hkdf)
            r = &rows[i];
    if (r == NULL)
        return SALLY_E_UNSUPPORTED;
    if (out_len == 0 || out_len > 255 * r->hash || secret.len > UINT16_MAX ||
        salt.len > UINT16_MAX || info.len > UINT16_MAX)
        return SALLY_E_OUT_OF_RANGE;
    if (sally_heap_install() != SALLY_E_OK)
        return SALLY_E_CRYPTO;
    return wc_HKDF(r->type, secret.at, (word32)secret.len, salt.at,
                   (word32)salt.len, info.at, (word32)info.len, out,
                   (word32)out_len) == 0
               ? SALLY_E_OK
               : SALLY_E_CRYPTO;
}
