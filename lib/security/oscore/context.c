/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/context.c - derives keys, makes nonces and headers. */
#include "security/oscore/context.h"

#include "base/writer.h"
#include "codec/cbor.h"
#include "security/holder.h"

#include <string.h>

#define INFO_MAX 96 /* bytes: the longest ids, and heads */

struct sally_span sally_oscore_sender(const struct sally_oscore_context *c)
{
    return (struct sally_span){ c->sender_id, c->sender_len };
}

struct sally_span sally_oscore_recipient(const struct sally_oscore_context *c)
{
    return (struct sally_span){ c->recipient_id, c->recipient_len };
}

struct sally_span sally_oscore_id(const struct sally_oscore_context *c)
{
    return (struct sally_span){ c->id_context, c->id_context_len };
}

/* RFC 8613 s.3.2.1: [ id, id_context, alg_aead, type, L ]. */
static enum sally_err expand(const struct sally_oscore_context *c,
                             const struct sally_oscore_parts *parts,
                             struct sally_span secret, struct sally_span id,
                             const char *type, uint8_t *out, size_t len)
{
    uint8_t info[INFO_MAX];
    struct sally_buf buf = SALLY_BUF(info);
    struct sally_writer w = sally_writer_into(&buf);
    enum sally_err e;

    sally_put_cbor_array(&w, 5);
    sally_put_cbor_bytes(&w, id);
    if (c->has_id_context)
        sally_put_cbor_bytes(&w, sally_oscore_id(c));
    else
        sally_put_cbor_null(&w);
    sally_put_cbor_integer(&w, c->aead->cose);
    sally_put_cbor_text(&w, sally_span_of(type));
    sally_put_cbor_unsigned(&w, len);
    e = sally_writer_end(&w);
    return e != SALLY_E_OK ? e
                           : sally_crypto_hkdf(parts->hkdf,
                                               secret, parts->master_salt,
                                               sally_buf_span(&buf), out, len);
}

static enum sally_err derive_all(struct sally_oscore_context *c,
                                 const struct sally_oscore_parts *parts)
{
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret master;
    struct sally_span none = { NULL, 0 }, secret;
    enum sally_err e =
        sally_holder_reveal(parts->holder, parts->master_secret, &master);

    secret = sally_secret_span(&master);
    if (e == SALLY_E_OK)
        e = expand(c, parts, secret, sally_oscore_sender(c), "Key",
                   c->sender_key, c->aead->key);
    if (e == SALLY_E_OK)
        e = expand(c, parts, secret, sally_oscore_recipient(c), "Key",
                   c->recipient_key, c->aead->key);
    if (e == SALLY_E_OK)
        e = expand(c, parts, secret, none, "IV", c->common_iv,
                   c->aead->nonce);
    if (e == SALLY_E_OK)
        e = expand(c, parts, secret, sally_oscore_sender(c), "Mark",
                   (uint8_t *)&c->mark, sizeof(c->mark)); /* our own use */
    return e;
}

static void keep(uint8_t *to, uint8_t *len, struct sally_span from)
{
    if (from.len != 0)
        memcpy(to, from.at, from.len);
    *len = (uint8_t)from.len;
}

/* RFC 8613 s.3.3: an id is at most the nonce without 6 bytes. */
static bool ids_fit(const struct sally_aead *a, struct sally_span sender,
                    struct sally_span recipient, struct sally_span id_context)
{
    size_t most = (size_t)a->nonce - 6;

    return sender.len <= most && recipient.len <= most &&
           id_context.len <= SALLY_OSCORE_CONTEXT_MAX &&
           !sally_span_equal(sender, recipient);
}

enum sally_err sally_oscore_derive(struct sally_oscore_context *c,
                                   const struct sally_oscore_parts *parts,
                                   bool server, struct sally_span id_context,
                                   bool has_id)
{
    struct sally_span sender = server ? parts->recipient_id : parts->sender_id,
                      other = server ? parts->sender_id : parts->recipient_id;
    struct sally_oscore_context made = {
        .aead = sally_crypto_aead(parts->aead),
        .has_id_context = has_id,
    };
    enum sally_err e;

    if (made.aead == NULL)
        return SALLY_E_UNSUPPORTED;
    if (!ids_fit(made.aead, sender, other, id_context))
        return SALLY_E_OUT_OF_RANGE;
    keep(made.sender_id, &made.sender_len, sender);
    keep(made.recipient_id, &made.recipient_len, other);
    keep(made.id_context, &made.id_context_len, id_context);
    e = derive_all(&made, parts);
    if (e == SALLY_E_OK)
        *c = made; /* `id_context` may have been within it */
    sally_wipe(&made, sizeof(made));
    return e;
}

/* The id stands right-aligned in front of the last five bytes, which are the
 * Partial IV, right-aligned too; the first byte is the id's length.         */
void sally_oscore_nonce(const struct sally_oscore_context *c,
                        struct sally_span id, struct sally_span piv,
                        uint8_t nonce[SALLY_AEAD_NONCE_MAX])
{
    size_t len = c->aead->nonce, end = len - SALLY_OSCORE_PIV_MAX;

    memcpy(nonce, c->common_iv, SALLY_AEAD_NONCE_MAX);
    nonce[0] ^= (uint8_t)id.len;
    for (size_t i = 0; i < id.len; i++)
        nonce[end - id.len + i] ^= id.at[i];
    for (size_t i = 0; i < piv.len; i++)
        nonce[len - piv.len + i] ^= piv.at[i];
}

void sally_oscore_bind(const struct sally_oscore_context *c,
                       struct sally_span kid, struct sally_span piv,
                       struct sally_oscore_bound *b)
{
    *b = (struct sally_oscore_bound){ .flags = SALLY_BOUND_MADE,
                                      .mark = c->mark };
    keep(b->kid, &b->kid_len, kid);
    keep(b->piv, &b->piv_len, piv);
    sally_oscore_nonce(c, kid, piv, b->nonce);
}

/* [ "Encrypt0", h'', bstr [ 1, [ alg ], kid, piv, h'' ] ]. Written by hand, as
 * it stands on the path of each message; all lengths are known, and below 24.
 * Of kid and Partial IV all room is copied, and what follows is written over.
 */
void sally_oscore_aad(int32_t alg, const struct sally_oscore_bound *b,
                      struct sally_oscore_aad *out)
{
    static const uint8_t begin[] = { 0x83, 0x68, 'E', 'n', 'c', 'r', 'y',
                                     'p',  't',  '0', 0x40 };
    size_t wide = alg > 23 ? 2 : 1;
    uint8_t *at = out->bytes;

    memcpy(at, begin, sizeof(begin));
    at += sizeof(begin);
    *at++ = (uint8_t)(0x40 | (6 + wide + b->kid_len + b->piv_len));
    *at++ = 0x85;
    *at++ = 1; /* oscore_version */
    *at++ = 0x81;
    if (wide == 2)
        *at++ = 0x18;
    *at++ = (uint8_t)alg;
    *at++ = (uint8_t)(0x40 | b->kid_len);
    memcpy(at, b->kid, sizeof(b->kid));
    at += b->kid_len;
    *at++ = (uint8_t)(0x40 | b->piv_len);
    memcpy(at, b->piv, sizeof(b->piv));
    at += b->piv_len;
    *at++ = 0x40; /* options of class I: there are none */
    out->len = (size_t)(at - out->bytes);
}

enum sally_err sally_oscore_seal(const struct sally_oscore_context *c,
                                 const struct sally_oscore_bound *b,
                                 const uint8_t *nonce, uint8_t *data, size_t n)
{
    struct sally_oscore_aad aad;

    sally_oscore_aad(c->aead->cose, b, &aad);
    return sally_crypto_seal(c->aead, c->sender_key, nonce,
                             (struct sally_span){ aad.bytes, aad.len }, data,
                             n);
}

enum sally_err sally_oscore_open(const struct sally_oscore_context *c,
                                 const struct sally_oscore_bound *b,
                                 const uint8_t *nonce, uint8_t *data, size_t n)
{
    struct sally_oscore_aad aad;

    sally_oscore_aad(c->aead->cose, b, &aad);
    return sally_crypto_open(c->aead, c->recipient_key, nonce,
                             (struct sally_span){ aad.bytes, aad.len }, data,
                             n);
}

static uint64_t percent(uint64_t used, uint64_t of)
{
    return used >= of ? 100 : used * 100 / of;
}

unsigned sally_oscore_wear(const struct sally_oscore_context *c)
{
    uint64_t sealed = percent(c->next + c->sealed, SALLY_OSCORE_SEALED_MAX);
    uint64_t failed = percent(c->failed, sally_oscore_failures(c));

    return (unsigned)(sealed > failed ? sealed : failed);
}
