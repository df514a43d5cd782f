/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/seal.c - AES-256-GCM under keys derived from one master key. */
#include "security/seal.h"

#include "base/cursor.h"
#include "base/writer.h"
#include "security/heap.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/hmac.h>

#include <stdlib.h>
#include <string.h>

#ifndef HAVE_HKDF
#error "wolfSSL needs --enable-hkdf"
#endif

#define FORM 1 /* of what is sealed: this byte, nonce, ciphertext, tag */
#define NONCE 12
#define TAG 16
#define INFO_MAX 512 /* bytes of purpose and context */

static const char salt[] = "sallyport state 1";

struct derived {
    uint8_t key[32];
};

static void derived_wipe(struct derived *d) { sally_wipe(d, sizeof(*d)); }
static void aes_wipe(Aes *aes) { wc_AesFree(aes); }

enum sally_err sally_sealer_make(struct sally_sealer *out,
                                 struct sally_span master)
{
    struct sally_sealer made;
    int e;

    if (master.len != SALLY_MASTER_KEY_LEN)
        return SALLY_E_OUT_OF_RANGE;
    if (sally_heap_install() != SALLY_E_OK)
        return SALLY_E_CRYPTO;
    e = wc_HKDF_Extract(WC_SHA256, (const uint8_t *)salt, sizeof(salt) - 1,
                        master.at, (word32)master.len, made.root);
    if (e == 0)
        *out = made;
    sally_sealer_wipe(&made);
    return e == 0 ? SALLY_E_OK : SALLY_E_CRYPTO;
}

void sally_sealer_wipe(struct sally_sealer *s) { sally_wipe(s, sizeof(*s)); }

/* The purpose ends with a zero, so that where the context begins is clear. */
static enum sally_err derive(const struct sally_sealer *s, const char *purpose,
                             struct sally_span context, struct derived *out)
{
    uint8_t room[INFO_MAX];
    struct sally_buf info = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&info);

    sally_put_text(&w, purpose);
    sally_put_u8(&w, 0);
    sally_put(&w, context);
    if (sally_writer_end(&w) != SALLY_E_OK)
        return SALLY_E_NO_ROOM;
    return wc_HKDF_Expand(WC_SHA256, s->root, sizeof(s->root), info.at,
                          (word32)info.len, out->key, sizeof(out->key)) == 0
               ? SALLY_E_OK
               : SALLY_E_CRYPTO;
}

static enum sally_err start(Aes *aes, const struct sally_sealer *s,
                            const char *purpose, struct sally_span context)
{
    SALLY_ON_EXIT(derived_wipe) struct derived d = { { 0 } };
    enum sally_err e = derive(s, purpose, context, &d);

    if (e != SALLY_E_OK)
        return e;
    return wc_AesGcmSetKey(aes, d.key, sizeof(d.key)) == 0 ? SALLY_E_OK
                                                           : SALLY_E_CRYPTO;
}

enum sally_err sally_seal(const struct sally_sealer *s, const char *purpose,
                          struct sally_span context, struct sally_span plain,
                          struct sally_random random, struct sally_buf *out)
{
    SALLY_ON_EXIT(aes_wipe) Aes aes;
    uint8_t *at = &out->at[out->len];
    enum sally_err e;

    memset(&aes, 0, sizeof(aes));
    if (out->room - out->len < SALLY_SEAL_OVERHEAD ||
        out->room - out->len - SALLY_SEAL_OVERHEAD < plain.len)
        return SALLY_E_NO_ROOM;
    if (sally_heap_install() != SALLY_E_OK ||
        wc_AesInit(&aes, NULL, INVALID_DEVID) != 0)
        return SALLY_E_CRYPTO;
    e = start(&aes, s, purpose, context);
    if (e != SALLY_E_OK)
        return e;
    at[0] = FORM;
    sally_random_fill(&random, &at[1], NONCE);
    if (wc_AesGcmEncrypt(&aes, &at[1 + NONCE], plain.at, (word32)plain.len,
                         &at[1], NONCE, &at[1 + NONCE + plain.len], TAG,
                         context.at, (word32)context.len) != 0)
        return SALLY_E_CRYPTO;
    out->len += plain.len + SALLY_SEAL_OVERHEAD;
    return SALLY_E_OK;
}

enum sally_err sally_unseal(const struct sally_sealer *s, const char *purpose,
                            struct sally_span context,
                            struct sally_span sealed, struct sally_buf *out)
{
    SALLY_ON_EXIT(aes_wipe) Aes aes;
    size_t len = sealed.len - SALLY_SEAL_OVERHEAD;
    enum sally_err e;
    int failed;

    memset(&aes, 0, sizeof(aes));
    if (sealed.len < SALLY_SEAL_OVERHEAD || sealed.at[0] != FORM)
        return SALLY_E_UNAUTHENTIC;
    if (out->room - out->len < len)
        return SALLY_E_NO_ROOM;
    if (sally_heap_install() != SALLY_E_OK ||
        wc_AesInit(&aes, NULL, INVALID_DEVID) != 0)
        return SALLY_E_CRYPTO;
    e = start(&aes, s, purpose, context);
    if (e != SALLY_E_OK)
        return e;
    failed = wc_AesGcmDecrypt(&aes, &out->at[out->len], &sealed.at[1 + NONCE],
                              (word32)len, &sealed.at[1], NONCE,
                              &sealed.at[1 + NONCE + len], TAG, context.at,
                              (word32)context.len);
    if (failed != 0) {
        sally_wipe(&out->at[out->len], len);
        return failed == AES_GCM_AUTH_E ? SALLY_E_UNAUTHENTIC : SALLY_E_CRYPTO;
    }
    out->len += len;
    return SALLY_E_OK;
}

/* The digests of the parts, under a derived key, then the digest of those: no
 * two lists of parts give the same bytes.                                   */
enum sally_err sally_seal_digest(const struct sally_sealer *s,
                                 const char *purpose,
                                 const struct sally_span *parts, size_t count,
                                 uint8_t out[SALLY_SHA256_LEN])
{
    SALLY_ON_EXIT(derived_wipe) struct derived d = { { 0 } };
    const struct sally_span key = { d.key, sizeof(d.key) };
    uint8_t chain[SALLY_SHA256_LEN] = { 0 };
    enum sally_err e =
        derive(s, purpose, (struct sally_span){ NULL, 0 }, &d);

    for (size_t i = 0; i < count && e == SALLY_E_OK; i++) {
        const struct sally_span link[] = { { chain, sizeof(chain) }, parts[i] };

        e = sally_crypto_hmac(key, link, SALLY_LEN(link), chain);
    }
    if (e == SALLY_E_OK) {
        const struct sally_span last = { chain, sizeof(chain) };

        e = sally_crypto_hmac(key, &last, 1, chain);
    }
    if (e == SALLY_E_OK)
        memcpy(out, chain, sizeof(chain));
    sally_wipe(chain, sizeof(chain));
    return e;
}
