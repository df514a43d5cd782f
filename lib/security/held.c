/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/held.c - seals secrets so that equal ones stay equal. */
#include "security/held.h"

#include <string.h>

#define HEAD 8 /* bytes: the mark, then the kind */
#define NONCE 12
#define TAG 16

static const uint8_t mark[HEAD - 1] = { 0x9b, 'h', 'e', 'l', 'd', 0, 1 };
static const char salt[] = "sallyport held 1";

bool sally_held_is(struct sally_span secret)
{
    return secret.len > SALLY_HELD_OVERHEAD &&
           memcmp(secret.at, mark, sizeof(mark)) == 0;
}

size_t sally_held_length(struct sally_span secret)
{
    return sally_held_is(secret) ? secret.len - SALLY_HELD_OVERHEAD
                                 : secret.len;
}

enum sally_err sally_held_key_make(struct sally_held_key *out,
                                   struct sally_span master)
{
    return sally_crypto_hkdf(SALLY_HKDF_SHA256, master, sally_span_of(salt),
                             (struct sally_span){ NULL, 0 },
                             (uint8_t *)out, sizeof(*out));
}

void sally_held_key_wipe(struct sally_held_key *k)
{
    sally_wipe(k, sizeof(*k));
}

/* Two secrets have the same nonce once in 2^48 secrets. */
static enum sally_err make_head(const struct sally_held_key *k,
                                enum sally_held_kind kind,
                                struct sally_span secret, uint8_t *at)
{
    const struct sally_span key = { k->name, sizeof(k->name) };
    const struct sally_span parts[] = { { at, HEAD }, secret };
    uint8_t mac[SALLY_SHA256_LEN];
    enum sally_err e;

    memcpy(at, mark, sizeof(mark));
    at[HEAD - 1] = (uint8_t)kind;
    e = sally_crypto_hmac(key, parts, SALLY_LEN(parts), mac);
    if (e == SALLY_E_OK)
        memcpy(&at[HEAD], mac, NONCE);
    sally_wipe(mac, sizeof(mac));
    return e;
}

enum sally_err sally_held_seal(const struct sally_held_key *k,
                               enum sally_held_kind kind,
                               struct sally_span secret, struct sally_buf *out)
{
    const struct sally_aead *a = sally_crypto_aead(SALLY_AEAD_A256GCM);
    uint8_t *at = &out->at[out->len], *body = &at[HEAD + NONCE];
    enum sally_err e;

    if (out->room - out->len < SALLY_HELD_OVERHEAD ||
        out->room - out->len - SALLY_HELD_OVERHEAD < secret.len)
        return SALLY_E_NO_ROOM;
    e = make_head(k, kind, secret, at);
    if (e != SALLY_E_OK)
        return e;
    memcpy(body, secret.at, secret.len);
    e = sally_crypto_seal(a, k->seal, &at[HEAD],
                          (struct sally_span){ at, HEAD }, body, secret.len);
    if (e == SALLY_E_OK)
        out->len += secret.len + SALLY_HELD_OVERHEAD;
    else
        sally_wipe(body, secret.len);
    return e;
}

enum sally_err sally_held_open(const struct sally_held_key *k,
                               enum sally_held_kind kind,
                               struct sally_span held, struct sally_buf *out)
{
    const struct sally_aead *a = sally_crypto_aead(SALLY_AEAD_A256GCM);
    const struct sally_span head = sally_span_sub(held, 0, HEAD);
    uint8_t *at = &out->at[out->len];
    size_t len = held.len - HEAD - NONCE;
    enum sally_err e;

    if (!sally_held_is(held) || held.at[HEAD - 1] != kind)
        return SALLY_E_UNAUTHENTIC;
    if (out->room - out->len < len)
        return SALLY_E_NO_ROOM;
    memcpy(at, &held.at[HEAD + NONCE], len);
    e = sally_crypto_open(a, k->seal, &held.at[HEAD], head, at, len);
    if (e == SALLY_E_OK)
        out->len += len - TAG;
    return e;
}
