/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/mint.c - writes DER from the inside out: content first,
 * then the header before it. RFC 5280 s.4, s.5.                             */
#include "unit/security/mint.h"

#include "base/writer.h"
#include "codec/base64.h"
#include "security/certificate.h"
#include "security/der.h"
#include "security/heap.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/signature.h>

static struct {
    WC_RNG rng;
    uint8_t room[1 << 18];
    size_t used;
} mint;

static void must(bool held, const char *what)
{
    if (held)
        return;
    (void)fprintf(stderr, "mint: %s\n", what);
    abort();
}

void mint_open(void)
{
    mint.used = 0;
    must(sally_heap_install() == SALLY_E_OK && wc_InitRng(&mint.rng) == 0,
         "no randomness");
}

void mint_close(void) { (void)wc_FreeRng(&mint.rng); }

static struct sally_span keep(struct sally_span s)
{
    uint8_t *at = &mint.room[mint.used];

    must(s.len <= sizeof(mint.room) - mint.used, "full");
    if (s.len != 0)
        memcpy(at, s.at, s.len);
    mint.used += s.len;
    return (struct sally_span){ at, s.len };
}

struct sally_span mint_join(struct sally_span a, struct sally_span b)
{
    struct sally_span joined = keep(a);

    joined.len += keep(b).len;
    return joined;
}

/* --- DER ----------------------------------------------------------------- */

static struct sally_span element(uint8_t tag, struct sally_span body)
{
    uint8_t room[8];
    struct sally_buf head = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&head);

    sally_put_u8(&w, tag);
    if (body.len < 0x80) {
        sally_put_u8(&w, (uint8_t)body.len);
    } else if (body.len < 0x100) {
        sally_put_u8(&w, 0x81);
        sally_put_u8(&w, (uint8_t)body.len);
    } else {
        sally_put_u8(&w, 0x82);
        sally_put_u16(&w, (uint16_t)body.len);
    }
    must(!w.failed && body.len < 0x10000, "too long");
    return mint_join(sally_buf_span(&head), body);
}

static struct sally_span bytes(const void *at, size_t len)
{
    return (struct sally_span){ at, len };
}

static const struct sally_span nothing = { NULL, 0 };

#define BYTES(...)                                                             \
    bytes((const uint8_t[]){ __VA_ARGS__ },                                    \
          sizeof((const uint8_t[]){ __VA_ARGS__ }))

static struct sally_span sequence(struct sally_span a, struct sally_span b)
{
    return element(SALLY_DER_SEQUENCE, mint_join(a, b));
}

static struct sally_span number(unsigned n)
{
    must(n < 0x8000, "too large a number");
    return element(SALLY_DER_INTEGER,
                   n < 0x80 ? BYTES((uint8_t)n)
                            : BYTES((uint8_t)(n >> 8), (uint8_t)n));
}

static struct sally_span bits(struct sally_span s)
{
    return element(SALLY_DER_BITS, mint_join(BYTES(0), s));
}

static struct sally_span name(const char *text)
{
    struct sally_span cn = element(0x0c, sally_span_of(text));
    struct sally_span oid = element(SALLY_DER_OID, BYTES(0x55, 4, 3));

    return sequence(element(SALLY_DER_SET, sequence(oid, cn)), nothing);
}

static struct sally_span date(const char *text, const char *fallback)
{
    return element(SALLY_DER_TIME,
                   sally_span_of(text == NULL ? fallback : text));
}

/* --- Keys ---------------------------------------------------------------- */

struct mint_pair mint_pair(void)
{
    uint8_t secret[256], public[256];
    word32 secret_len = sizeof(secret);
    struct mint_pair p;
    ecc_key k;
    int n;

    must(wc_ecc_init(&k) == 0 && wc_ecc_make_key(&mint.rng, 32, &k) == 0,
         "no key");
    must(wc_EccPrivateKeyToPKCS8(&k, secret, &secret_len) > 0, "no PKCS#8");
    n = wc_EccPublicKeyToDer(&k, public, sizeof(public), 1);
    must(n > 0, "no SPKI");
    p.secret = keep(bytes(secret, secret_len));
    p.public = keep(bytes(public, (size_t)n));
    (void)wc_ecc_free(&k);
    return p;
}

static void decode(const struct mint_pair *pair, ecc_key *k)
{
    word32 at = 0;

    must(wc_ecc_init(k) == 0 &&
             wc_EccPrivateKeyDecode(pair->secret.at, &at, k,
                                    (word32)pair->secret.len) == 0,
         "no key to decode");
}

struct sally_span mint_sec1(const struct mint_pair *pair)
{
    uint8_t room[256];
    ecc_key k;
    int n;

    decode(pair, &k);
    n = wc_EccPrivateKeyToDer(&k, room, sizeof(room));
    must(n > 0, "no SEC 1");
    (void)wc_ecc_free(&k);
    return keep(bytes(room, (size_t)n));
}

/* OneAsymmetricKey: version 1, and [1] with the public key. RFC 5958 s.2. */
struct sally_span mint_rfc5958(const struct mint_pair *pair)
{
    struct sally_cursor c = sally_cursor_over(pair->secret);
    struct sally_cursor body = sally_der_enter(&c, SALLY_DER_SEQUENCE);
    struct sally_cursor spki = sally_cursor_over(pair->public);
    struct sally_cursor key = sally_der_enter(&spki, SALLY_DER_SEQUENCE);
    struct sally_span algorithm, octets, point;

    (void)sally_der_take_uint(&body);
    algorithm = sally_der_take_whole(&body, SALLY_DER_SEQUENCE);
    octets = sally_der_take_whole(&body, SALLY_DER_OCTETS);
    (void)sally_der_take(&key, SALLY_DER_SEQUENCE);
    point = sally_der_take_bits(&key);
    must(!body.failed && point.len != 0, "no PKCS#8 to take apart");
    point = element(0x81, mint_join(BYTES(0), point));
    algorithm = mint_join(element(SALLY_DER_INTEGER, BYTES(1)), algorithm);
    return sequence(algorithm, mint_join(octets, point));
}

/* --- Signing ------------------------------------------------------------- */

static struct sally_span algorithm(void)
{
    return sequence(
        element(SALLY_DER_OID, BYTES(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2)),
        nothing);
}

static struct sally_span sign(const struct mint_pair *p, struct sally_span data)
{
    uint8_t out[128];
    word32 len = sizeof(out);
    ecc_key k;

    decode(p, &k);
    must(wc_SignatureGenerate(WC_HASH_TYPE_SHA256, WC_SIGNATURE_TYPE_ECC,
                              data.at, (word32)data.len, out, &len, &k,
                              sizeof(k), &mint.rng) == 0,
         "no signature");
    (void)wc_ecc_free(&k);
    return keep(bytes(out, len));
}

static struct sally_span signed_by(const struct mint_pair *p,
                                   struct sally_span tbs, bool spoil)
{
    struct sally_span signature = sign(p, tbs);

    if (spoil) {
        struct mint_pair other = mint_pair();

        signature = sign(&other, tbs);
    }
    return sequence(mint_join(tbs, algorithm()), bits(signature));
}

/* --- Certificates -------------------------------------------------------- */

static struct sally_span extension(uint8_t last, bool critical,
                                   struct sally_span value)
{
    struct sally_span head = element(SALLY_DER_OID, BYTES(0x55, 0x1d, last));

    if (critical)
        head = mint_join(head, element(SALLY_DER_BOOLEAN, BYTES(0xff)));
    return sequence(head, element(SALLY_DER_OCTETS, value));
}

static struct sally_span names_of(const struct mint_card *c)
{
    struct sally_span list = nothing;
    uint8_t address[4];

    if (c->name != NULL)
        list = element(0x82, sally_span_of(c->name));
    if (c->second_name != NULL)
        list = mint_join(list, element(0x82, sally_span_of(c->second_name)));
    if (c->address != NULL) {
        must(inet_pton(AF_INET, c->address, address) == 1, "no address");
        list = mint_join(list, element(0x87, bytes(address, 4)));
    }
    return list.len == 0 ? nothing
                         : extension(17, false, sequence(list, nothing));
}

static struct sally_span purpose_of(const struct mint_card *c)
{
    static const uint8_t any[] = { 0x55, 0x1d, 37, 0 };
    static const uint8_t server[] = { 0x2b, 6, 1, 5, 5, 7, 3, 1 };
    static const uint8_t client[] = { 0x2b, 6, 1, 5, 5, 7, 3, 2 };
    struct sally_span oid = bytes(any, sizeof(any));

    if (c->purpose == NULL)
        return nothing;
    if (strcmp(c->purpose, "server") == 0)
        oid = bytes(server, sizeof(server));
    if (strcmp(c->purpose, "client") == 0)
        oid = bytes(client, sizeof(client));
    return extension(37, false, sequence(element(SALLY_DER_OID, oid), nothing));
}

static struct sally_span constraints_of(const struct mint_card *c)
{
    struct sally_span body = nothing;

    if (!c->ca)
        return nothing;
    body = element(SALLY_DER_BOOLEAN, BYTES(0xff));
    if (c->path_max != 0)
        body = mint_join(body, element(SALLY_DER_INTEGER,
                                       BYTES((uint8_t)(c->path_max - 1))));
    return extension(19, true, sequence(body, nothing));
}

static struct sally_span extensions_of(const struct mint_card *c)
{
    struct sally_span list = mint_join(constraints_of(c), names_of(c));

    list = mint_join(list, purpose_of(c));
    if (c->key_usage != 0)
        list = mint_join(list,
                         extension(15, true,
                                   element(SALLY_DER_BITS,
                                           BYTES(0, (uint8_t)c->key_usage))));
    if (c->constrained)
        list = mint_join(list, extension(30, true, sequence(nothing, nothing)));
    if (c->strange)
        list = mint_join(list, extension(99, true, number(1)));
    return list.len == 0 || c->first_version
               ? nothing
               : element(0xa3, sequence(list, nothing));
}

struct sally_span mint_certificate(const struct mint_card *c)
{
    struct sally_span tbs = nothing;

    if (!c->first_version)
        tbs = element(0xa0, element(SALLY_DER_INTEGER, BYTES(2)));
    tbs = mint_join(tbs, number(c->serial == 0 ? 7 : c->serial));
    tbs = mint_join(tbs, algorithm());
    tbs = mint_join(tbs, name(c->issuer));
    tbs = mint_join(tbs, sequence(date(c->from, "20200101000000Z"),
                                  date(c->until, "20491231235959Z")));
    tbs = mint_join(tbs, name(c->subject));
    tbs = mint_join(tbs, c->key->public);
    tbs = element(SALLY_DER_SEQUENCE, mint_join(tbs, extensions_of(c)));
    return signed_by(c->signer, tbs, c->bad_signature);
}

struct sally_span mint_crl(const struct mint_list *l)
{
    struct sally_span revoked = nothing;
    struct sally_span tbs = element(SALLY_DER_INTEGER, BYTES(1));

    for (size_t i = 0; i < SALLY_LEN(l->revoked) && l->revoked[i] != 0; i++)
        revoked = mint_join(revoked, sequence(number(l->revoked[i]),
                                              date(NULL, "20260101000000Z")));
    tbs = mint_join(tbs, algorithm());
    tbs = mint_join(tbs, name(l->issuer));
    tbs = mint_join(tbs, date(l->from, "20261101000000Z"));
    if (l->until == NULL || l->until[0] != '\0')
        tbs = mint_join(tbs, date(l->until, "20491231235959Z"));
    if (revoked.len != 0)
        tbs = mint_join(tbs, sequence(revoked, nothing));
    if (l->partial)
        tbs = mint_join(
            tbs, element(0xa0, sequence(extension(28, true,
                                                  sequence(nothing, nothing)),
                                        nothing)));
    return signed_by(l->signer, element(SALLY_DER_SEQUENCE, tbs), false);
}

/* --- PEM ----------------------------------------------------------------- */

struct sally_span mint_pem(struct sally_span der, const char *label)
{
    static uint8_t room[8192], body[8192];
    struct sally_buf pem = SALLY_BUF(room), text = SALLY_BUF(body);
    struct sally_writer w = sally_writer_into(&pem);
    struct sally_writer b = sally_writer_into(&text);

    sally_put_base64(&b, der);
    sally_put_format(&w, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < text.len; at += 64) {
        sally_put(&w, sally_span_sub(sally_buf_span(&text), at, 64));
        sally_put_text(&w, "\n");
    }
    sally_put_format(&w, "-----END %s-----\n", label);
    must(!w.failed && !b.failed, "PEM too long");
    return keep(sally_buf_span(&pem));
}
