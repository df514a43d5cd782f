/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/generate.c - keys on P-256 and certificates of them. RFC 5280
 * s.4.1.                                                                    */
#include "security/generate.h"

#include "base/secret.h"
#include "security/certificate.h"
#include "security/heap.h"
#include "security/keypair.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>

#include <string.h>

#if !defined(WOLFSSL_CERT_GEN) || !defined(WOLFSSL_CERT_EXT)
#error "wolfSSL needs --enable-certgen --enable-certext"
#endif

#define DAY 86400 /* seconds */

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

static enum sally_err read_key(ecc_key *key, struct sally_span pkcs8)
{
    word32 at = 0;

    if (wc_EccPrivateKeyDecode(pkcs8.at, &at, key, (word32)pkcs8.len) != 0)
        return SALLY_E_NO_CREDENTIAL;
    /* RFC 5915 allows a key without its public half. */
    return key->type == ECC_PRIVATEKEY_ONLY && wc_ecc_make_pub(key, NULL) != 0
               ? SALLY_E_CRYPTO
               : SALLY_E_OK;
}

static enum sally_err make(struct maker *m, Cert *c, ecc_key *by,
                           struct sally_buf *der)
{
    uint8_t *out = &der->at[der->len];
    word32 room = (word32)(der->room - der->len);
    int n;

    c->sigType = CTC_SHA256wECDSA;
    n = wc_MakeCert(c, out, room, NULL, &m->key, &m->rng);
    if (n > 0)
        n = wc_SignCert(n, c->sigType, out, room, NULL, by, &m->rng);
    if (n <= 0)
        return SALLY_E_CRYPTO;
    der->len += (size_t)n;
    return SALLY_E_OK;
}

/* What any certificate needs: its key, its subject, its time. */
static enum sally_err prepare(struct maker *m, struct sally_span pkcs8,
                              const char *common_name, int days,
                              const struct sally_buf *der, Cert *c)
{
    size_t name = strlen(common_name);

    if (name == 0 || name >= CTC_NAME_SIZE || days <= 0)
        return SALLY_E_OUT_OF_RANGE;
    if (der->room - der->len < SALLY_GENERATED_CERTIFICATE_MAX)
        return SALLY_E_NO_ROOM;
    if (!begin(m) || wc_InitCert(c) != 0)
        return SALLY_E_CRYPTO;
    memcpy(c->subject.commonName, common_name, name + 1);
    c->daysValid = days;
    return read_key(&m->key, pkcs8);
}

/* What it is for, and whose key it has: RFC 5280 s.4.2.1.2, 4.2.1.3. */
static enum sally_err describe(Cert *c, struct maker *m, const char *usage)
{
    return wc_SetKeyUsage(c, usage) == 0 &&
                   wc_SetSubjectKeyIdFromPublicKey_ex(c, ECC_TYPE, &m->key) ==
                       0
               ? SALLY_E_OK
               : SALLY_E_CRYPTO;
}

enum sally_err sally_generate_certificate(struct sally_span pkcs8,
                                          const char *common_name, int days,
                                          struct sally_buf *der)
{
    SALLY_ON_EXIT(done) struct maker m = { .key = { .type = 0 } };
    Cert c;
    enum sally_err e = prepare(&m, pkcs8, common_name, days, der, &c);

    if (e != SALLY_E_OK)
        return e;
    c.selfSigned = 1;
    c.isCA = 1; /* its own authority, where somebody trusts it as an anchor */
    e = describe(&c, &m, "digitalSignature,keyCertSign,cRLSign");
    return e == SALLY_E_OK ? make(&m, &c, &m.key, der) : e;
}

/* --- By an authority ----------------------------------------------------- */

/* How many days it may vouch for, up to `days`; 0: none. */
static int days_left(const struct sally_certificate *issuer, uint64_t now,
                     int days)
{
    uint64_t left =
        issuer->not_after <= now ? 0 : (issuer->not_after - now) / DAY;

    return left < (uint64_t)days ? (int)left : days;
}

static enum sally_err check_issuer(const struct sally_issuer *by,
                                   struct sally_certificate *issuer)
{
    enum sally_err e = sally_certificate_parse(by->certificate, issuer);

    if (e != SALLY_E_OK || !issuer->ca ||
        (issuer->key_usage & SALLY_KEY_SIGNS_CERTIFICATES) == 0)
        return SALLY_E_BAD_CERTIFICATE;
    return sally_keypair_check(by->certificate, by->key);
}

/* The library composes the issuer's name anew. A chain is followed by its
 * bytes, so these must be those of the authority.                           */
static enum sally_err check_made(struct sally_span made,
                                 const struct sally_certificate *issuer)
{
    struct sally_certificate c;
    enum sally_err e = sally_certificate_parse(made, &c);

    if (e != SALLY_E_OK)
        return SALLY_E_CRYPTO;
    return sally_span_equal(c.issuer, issuer->subject)
               ? SALLY_E_OK
               : SALLY_E_BAD_CERTIFICATE;
}

/* Named as it names itself; one that does not, by its key, as most would. */
static bool name_issuer(Cert *c, const struct sally_issuer *by,
                        struct maker *authority)
{
    return wc_SetAuthKeyIdFromCert(c, by->certificate.at,
                                   (int)by->certificate.len) == 0 ||
           wc_SetAuthKeyIdFromPublicKey_ex(c, ECC_TYPE, &authority->key) == 0;
}

static enum sally_err issue(struct maker *m, Cert *c,
                            const struct sally_issuer *by,
                            struct sally_buf *der)
{
    SALLY_ON_EXIT(done) struct maker authority = { .key = { .type = 0 } };
    enum sally_err e = SALLY_E_CRYPTO;

    if (!begin(&authority))
        return e;
    e = read_key(&authority.key, by->key);
    if (e == SALLY_E_OK &&
        wc_SetIssuerBuffer(c, by->certificate.at, (int)by->certificate.len) !=
            0)
        e = SALLY_E_BAD_CERTIFICATE;
    if (e == SALLY_E_OK)
        e = describe(c, m, "digitalSignature");
    if (e == SALLY_E_OK && (wc_SetExtKeyUsage(c, "clientAuth") != 0 ||
                            !name_issuer(c, by, &authority)))
        e = SALLY_E_CRYPTO;
    return e == SALLY_E_OK ? make(m, c, &authority.key, der) : e;
}

enum sally_err sally_generate_issued(struct sally_span pkcs8,
                                     const char *common_name, int days,
                                     const struct sally_issuer *by,
                                     uint64_t now, struct sally_buf *der)
{
    SALLY_ON_EXIT(done) struct maker m = { .key = { .type = 0 } };
    const size_t before = der->len;
    struct sally_certificate issuer;
    enum sally_err e = check_issuer(by, &issuer);
    Cert c;

    if (e == SALLY_E_OK && days > 0) {
        days = days_left(&issuer, now, days);
        e = days == 0 ? SALLY_E_EXPIRED : e;
    }
    if (e == SALLY_E_OK)
        e = prepare(&m, pkcs8, common_name, days, der, &c);
    if (e == SALLY_E_OK)
        e = issue(&m, &c, by, der);
    if (e == SALLY_E_OK)
        e = check_made(sally_span_sub(sally_buf_span(der), before, SIZE_MAX),
                       &issuer);
    if (e != SALLY_E_OK)
        der->len = before;
    return e;
}
