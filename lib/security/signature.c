/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/signature.c - one table of algorithms over the crypto library.
 */
#include "security/signature.h"

#include "security/der.h"
#include "security/heap.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/rsa.h>
#include <wolfssl/wolfcrypt/signature.h>

#define CURVE_MIN 32 /* bytes; LwM2M: no curves below 255 bits */
#define RSA_MIN 256

static const struct algorithm {
    uint8_t oid[9];
    uint8_t len;
    bool rsa;
    enum wc_HashType hash;
} algorithms[] = {
    { { 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2 }, 8, false,
      WC_HASH_TYPE_SHA256 },
    { { 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3 }, 8, false,
      WC_HASH_TYPE_SHA384 },
    { { 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4 }, 8, false,
      WC_HASH_TYPE_SHA512 },
    { { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11 }, 9, true,
      WC_HASH_TYPE_SHA256 },
    { { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12 }, 9, true,
      WC_HASH_TYPE_SHA384 },
    { { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13 }, 9, true,
      WC_HASH_TYPE_SHA512 },
};

static const struct algorithm *find(struct sally_span identifier)
{
    struct sally_cursor c = sally_cursor_over(identifier);
    struct sally_span oid = sally_der_take(&c, SALLY_DER_OID);

    if (sally_der_is(&c, SALLY_DER_NULL)) /* the only parameter of these */
        (void)sally_der_take(&c, SALLY_DER_NULL);
    if (!sally_cursor_done(&c))
        return NULL;
    for (size_t i = 0; i < SALLY_LEN(algorithms); i++) {
        struct sally_span row = { algorithms[i].oid, algorithms[i].len };

        if (sally_span_equal(oid, row))
            return &algorithms[i];
    }
    return NULL;
}

static enum sally_err meaning(int e)
{
    if (e == 0)
        return SALLY_E_OK;
    return e == MEMORY_E ? SALLY_E_NO_MEMORY : SALLY_E_UNAUTHENTIC;
}

static enum sally_err check_ecdsa(const struct algorithm *a,
                                  struct sally_span key, struct sally_span data,
                                  struct sally_span signature)
{
    enum sally_err e = SALLY_E_UNSUPPORTED;
    word32 at = 0;
    ecc_key k;

    if (wc_ecc_init(&k) != 0)
        return SALLY_E_CRYPTO;
    if (wc_EccPublicKeyDecode(key.at, &at, &k, (word32)key.len) == 0 &&
        at == key.len && wc_ecc_size(&k) >= CURVE_MIN)
        e = meaning(wc_SignatureVerify(a->hash, WC_SIGNATURE_TYPE_ECC, data.at,
                                       (word32)data.len, signature.at,
                                       (word32)signature.len, &k, sizeof(k)));
    (void)wc_ecc_free(&k);
    return e;
}

static enum sally_err check_rsa(const struct algorithm *a,
                                struct sally_span key, struct sally_span data,
                                struct sally_span signature)
{
    enum sally_err e = SALLY_E_UNSUPPORTED;
    word32 at = 0;
    RsaKey k;

    if (wc_InitRsaKey(&k, NULL) != 0)
        return SALLY_E_CRYPTO;
    if (wc_RsaPublicKeyDecode(key.at, &at, &k, (word32)key.len) == 0 &&
        wc_RsaEncryptSize(&k) >= RSA_MIN)
        e = meaning(wc_SignatureVerify(a->hash, WC_SIGNATURE_TYPE_RSA_W_ENC,
                                       data.at, (word32)data.len, signature.at,
                                       (word32)signature.len, &k, sizeof(k)));
    (void)wc_FreeRsaKey(&k);
    return e;
}

enum sally_err sally_signature_check(struct sally_span algorithm,
                                     struct sally_span key,
                                     struct sally_span data,
                                     struct sally_span signature)
{
    const struct algorithm *a = find(algorithm);

    if (a == NULL || key.len > UINT32_MAX || data.len > UINT32_MAX ||
        signature.len > UINT32_MAX)
        return SALLY_E_UNSUPPORTED;
    if (sally_heap_install() != SALLY_E_OK)
        return SALLY_E_CRYPTO;
    return a->rsa ? check_rsa(a, key, data, signature)
                  : check_ecdsa(a, key, data, signature);
}
