/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/generate.c - keys on P-256 and self-signed certificates. RFC
 * 5280 s.4.1.                                                               */
#include "security/generate.h"

#include "base/secret.h"
#include "security/heap.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>

#include <string.h>

#ifndef WOLFSSL_CERT_GEN
#error "wolfSSL needs --enable-certgen"
#endif

/* A key and the randomness that its use takes. */
struct maker {
    WC_RNG rng;
    ecc_key key;
};

static void done(struct maker *m)
{
    (void)wc_ecc_free(&m->key);
    (void)wc_FreeRng(&m->rng);
    sally_wipe(m, sizeof(*m));
}

static bool begin(struct maker *m)
{
    memset(m, 0, sizeof(*m));
    return sally_heap_install() == SALLY_E_OK && wc_InitRng(&m->rng) == 0 &&
           wc_ecc_init(&m->key) == 0 &&
           wc_ecc_set_rng(&m->key, &m->rng) == 0;
}

enum sally_err sally_generate_key(struct sally_buf *pkcs8)
{
    SALLY_ON_EXIT(done) struct maker m = { .key = { .type = 0 } };
    word32 room = (word32)(pkcs8->room - pkcs8->len);
    int n;

    if (room < SALLY_GENERATED_KEY_MAX)
        return SALLY_E_NO_ROOM;
    if (!begin(&m) ||
        wc_ecc_make_key_ex(&m.rng, 32, &m.key, ECC_SECP256R1) != 0)
        return SALLY_E_CRYPTO;
    n = wc_EccKeyToPKCS8(&m.key, &pkcs8->at[pkcs8->len], &room);
    if (n <= 0)
        return SALLY_E_CRYPTO;
    pkcs8->len += room;
    return SALLY_E_OK;
}

static enum sally_err read_key(struct maker *m, struct sally_span pkcs8)
{
    word32 at = 0;

    if (wc_EccPrivateKeyDecode(pkcs8.at, &at, &m->key, (word32)pkcs8.len) != 0)
        return SALLY_E_NO_CREDENTIAL;
    /* RFC 5915 allows a key without its public half. */
    return m->key.type == ECC_PRIVATEKEY_ONLY &&
                   wc_ecc_make_pub(&m->key, NULL) != 0
               ? SALLY_E_CRYPTO
               : SALLY_E_OK;
}

static enum sally_err sign(struct maker *m, const char *common_name, int days,
                           struct sally_buf *der)
{
    uint8_t *out = &der->at[der->len];
    word32 room = (word32)(der->room - der->len);
    Cert c;
    int n;

    if (wc_InitCert(&c) != 0)
        return SALLY_E_CRYPTO;
    memcpy(c.subject.commonName, common_name, strlen(common_name) + 1);
    c.selfSigned = 1;
    c.isCA = 1; /* its own authority, where somebody trusts it as an anchor */
    c.sigType = CTC_SHA256wECDSA;
    c.daysValid = days;
    n = wc_MakeCert(&c, out, room, NULL, &m->key, &m->rng);
    if (n > 0)
        n = wc_SignCert(n, c.sigType, out, room, NULL, &m->key, &m->rng);
    if (n <= 0)
        return SALLY_E_CRYPTO;
    der->len += (size_t)n;
    return SALLY_E_OK;
}

enum sally_err sally_generate_certificate(struct sally_span pkcs8,
                                          const char *common_name, int days,
                                          struct sally_buf *der)
{
    SALLY_ON_EXIT(done) struct maker m = { .key = { .type = 0 } };
    size_t name = strlen(common_name);
    enum sally_err e;

    if (name == 0 || name >= CTC_NAME_SIZE || days <= 0)
        return SALLY_E_OUT_OF_RANGE;
    if (der->room - der->len < SALLY_GENERATED_CERTIFICATE_MAX)
        return SALLY_E_NO_ROOM;
    if (!begin(&m))
        return SALLY_E_CRYPTO;
    e = read_key(&m, pkcs8);
    return e == SALLY_E_OK ? sign(&m, common_name, days, der) : e;
}
