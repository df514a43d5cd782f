/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/keypair.c - private keys on elliptic curves, and their public
 * halves. RFC 5915, RFC 5958, RFC 5480.                                     */
#include "security/keypair.h"

#include "base/secret.h"
#include "security/certificate.h"
#include "security/der.h"
#include "security/heap.h"
#include "security/signature.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/random.h>

#include <string.h>

#define CURVE_MIN 32 /* bytes; LwM2M: no curves below 255 bits */

/* The public half need not be in the file: it is computed, which costs one
 * multiplication and proves that the key is one.                            */
static enum sally_err write_public(ecc_key *k, struct sally_buf *spki)
{
    size_t room = spki->room - spki->len;
    int n;

    if (wc_ecc_size(k) < CURVE_MIN)
        return SALLY_E_UNSUPPORTED;
    if (wc_ecc_make_pub(k, NULL) != 0)
        return SALLY_E_NO_CREDENTIAL;
    n = wc_EccPublicKeyToDer(k, &spki->at[spki->len],
                             room < UINT32_MAX ? (word32)room : UINT32_MAX, 1);
    if (n <= 0)
        return n == MEMORY_E ? SALLY_E_NO_MEMORY : SALLY_E_NO_ROOM;
    spki->len += (size_t)n;
    return SALLY_E_OK;
}

enum sally_err sally_keypair_public(struct sally_span secret_key,
                                    struct sally_buf *spki)
{
    enum sally_err e = SALLY_E_NO_CREDENTIAL;
    word32 at = 0;
    ecc_key k;

    if (secret_key.len == 0 || secret_key.len > UINT32_MAX)
        return e;
    if (sally_heap_install() != SALLY_E_OK || wc_ecc_init(&k) != 0)
        return SALLY_E_CRYPTO;
    if (wc_EccPrivateKeyDecode(secret_key.at, &at, &k,
                               (word32)secret_key.len) == 0)
        e = write_public(&k, spki);
    (void)wc_ecc_free(&k);
    return e;
}

static bool is_spki(struct sally_span der)
{
    struct sally_cursor c = sally_cursor_over(der);
    struct sally_cursor body = sally_der_enter(&c, SALLY_DER_SEQUENCE);

    (void)sally_der_take(&body, SALLY_DER_SEQUENCE);
    (void)sally_der_take_bits(&body);
    return sally_cursor_done(&c) && sally_cursor_done(&body);
}

/* rsaEncryption, in the AlgorithmIdentifier that an SPKI begins with. */
static bool is_rsa(struct sally_span spki)
{
    static const uint8_t rsa[] = {
        0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1
    };
    struct sally_cursor c = sally_cursor_over(spki);
    struct sally_cursor body = sally_der_enter(&c, SALLY_DER_SEQUENCE);
    struct sally_cursor id = sally_der_enter(&body, SALLY_DER_SEQUENCE);

    return sally_span_equal(sally_der_take(&id, SALLY_DER_OID),
                            (struct sally_span){ rsa, sizeof(rsa) });
}

/* What shows the public half: an SPKI, or certificates, the first of them. */
static enum sally_err shown_by(struct sally_span public_key,
                               struct sally_span *spki)
{
    struct sally_cursor c = sally_cursor_over(public_key);
    struct sally_certificate first;

    *spki = public_key;
    if (is_spki(public_key))
        return SALLY_E_OK;
    if (sally_certificate_take(&c, &first) != SALLY_E_OK)
        return SALLY_E_MALFORMED;
    *spki = first.key;
    return SALLY_E_OK;
}

enum sally_err sally_keypair_check(struct sally_span public_key,
                                   struct sally_span secret_key)
{
    struct sally_span shown;
    uint8_t room[SALLY_PUBLIC_KEY_MAX];
    struct sally_buf spki = SALLY_BUF(room);
    enum sally_err e = shown_by(public_key, &shown);

    if (e != SALLY_E_OK || is_rsa(shown))
        return e;
    e = sally_keypair_public(secret_key, &spki);
    if (e != SALLY_E_OK)
        return e;
    return sally_span_equal(shown, sally_buf_span(&spki)) ? SALLY_E_OK
                                                          : SALLY_E_WRONG_KEY;
}

bool sally_keypair_is_rsa(struct sally_span public_key)
{
    struct sally_span shown;

    return shown_by(public_key, &shown) == SALLY_E_OK && is_rsa(shown);
}

/* --- Signing ------------------------------------------------------------- */

/* A key, and the randomness that hides it while it is used. */
struct signer {
    WC_RNG rng;
    ecc_key key;
};

static void signer_wipe(struct signer *s)
{
    (void)wc_ecc_free(&s->key);
    (void)wc_FreeRng(&s->rng);
    sally_wipe(s, sizeof(*s));
}

enum sally_err sally_keypair_sign(struct sally_span secret_key,
                                  struct sally_span digest,
                                  struct sally_buf *signature)
{
    SALLY_ON_EXIT(signer_wipe) struct signer s;
    word32 at = 0, len = (word32)(signature->room - signature->len);

    memset(&s, 0, sizeof(s));
    if (sally_heap_install() != SALLY_E_OK || wc_InitRng(&s.rng) != 0 ||
        wc_ecc_init(&s.key) != 0 || wc_ecc_set_rng(&s.key, &s.rng) != 0)
        return SALLY_E_CRYPTO;
    if (secret_key.len == 0 || secret_key.len > SALLY_PRIVATE_KEY_MAX ||
        wc_EccPrivateKeyDecode(secret_key.at, &at, &s.key,
                               (word32)secret_key.len) != 0)
        return SALLY_E_NO_CREDENTIAL;
    if (len < (word32)wc_ecc_sig_size(&s.key))
        return SALLY_E_NO_ROOM;
    if (wc_ecc_sign_hash(digest.at, (word32)digest.len,
                         &signature->at[signature->len], &len, &s.rng,
                         &s.key) != 0)
        return SALLY_E_CRYPTO;
    signature->len += len;
    return SALLY_E_OK;
}

enum sally_err sally_keypair_verify(struct sally_span public_key,
                                    struct sally_span data,
                                    struct sally_span signature)
{
    static const uint8_t ecdsa_sha256[] = { SALLY_DER_OID, 8, 0x2a, 0x86, 0x48,
                                            0xce, 0x3d, 4, 3, 2 };
    struct sally_span shown;
    enum sally_err e = shown_by(public_key, &shown);

    if (e == SALLY_E_OK)
        e = sally_signature_check((struct sally_span){ ecdsa_sha256,
                                                       sizeof(ecdsa_sha256) },
                                  shown, data, signature);
    return e == SALLY_E_UNAUTHENTIC ? SALLY_E_WRONG_KEY : e;
}
