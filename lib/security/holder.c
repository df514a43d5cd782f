/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/holder.c - uses a secret, whoever has it. */
#include "security/holder.h"

#include "security/keypair.h"

/* --- Of this process ----------------------------------------------------- */

static enum sally_err hold(void *owner, enum sally_held_kind kind,
                           struct sally_span secret, struct sally_buf *out)
{
    return sally_held_seal(owner, kind, secret, out);
}

static enum sally_err reveal(void *owner, struct sally_span held,
                             struct sally_secret *out)
{
    struct sally_buf b = SALLY_BUF(out->bytes);
    enum sally_err e = sally_held_open(owner, SALLY_HELD_SHARED, held, &b);

    out->len = b.len;
    return e;
}

/* A private key while it is used. */
struct opened {
    uint8_t bytes[SALLY_PRIVATE_KEY_MAX];
};

static void opened_wipe(struct opened *o)
{
    sally_wipe(o, sizeof(*o));
}

static enum sally_err sign(void *owner, struct sally_span held,
                           struct sally_span digest, struct sally_buf *out)
{
    SALLY_ON_EXIT(opened_wipe) struct opened key;
    struct sally_buf b = SALLY_BUF(key.bytes);
    enum sally_err e = sally_held_open(owner, SALLY_HELD_PRIVATE, held, &b);

    return e == SALLY_E_OK
               ? sally_keypair_sign(sally_buf_span(&b), digest, out)
               : e;
}

struct sally_holder sally_holder_of(const struct sally_held_key *key)
{
    return (struct sally_holder){ hold, reveal, sign, (void *)(uintptr_t)key };
}

/* --- Whoever it is ------------------------------------------------------- */

enum sally_err sally_holder_reveal(const struct sally_holder *h,
                                   struct sally_span secret,
                                   struct sally_secret *out)
{
    out->len = 0;
    if (!sally_held_is(secret))
        return sally_secret_set(out, secret);
    return h == NULL ? SALLY_E_NO_CREDENTIAL : h->reveal(h->owner, secret, out);
}

enum sally_err sally_holder_sign(const struct sally_holder *h,
                                 struct sally_span secret,
                                 struct sally_span digest,
                                 struct sally_buf *out)
{
    if (!sally_held_is(secret))
        return sally_keypair_sign(secret, digest, out);
    return h == NULL ? SALLY_E_NO_CREDENTIAL
                     : h->sign(h->owner, secret, digest, out);
}

static bool is_secret(const struct sally_credential_field *f,
                      struct sally_span value)
{
    return (f->kind == SALLY_FIELD_SECRET_KEY ||
            f->kind == SALLY_FIELD_MASTER_SECRET) &&
           value.len != 0 && !sally_held_is(value);
}

enum sally_err sally_holder_take(const struct sally_holder *h,
                                 const struct sally_credential_field *field,
                                 enum sally_security_mode mode,
                                 struct sally_span value,
                                 struct sally_buf *held,
                                 struct sally_buf *spki)
{
    const bool signs = field->kind == SALLY_FIELD_SECRET_KEY &&
                       (mode == SALLY_MODE_RPK || mode == SALLY_MODE_X509);

    if (!is_secret(field, value) ||
        (signs && sally_keypair_public(value, spki) != SALLY_E_OK))
        return SALLY_E_OK;
    return h->hold(h->owner, signs ? SALLY_HELD_PRIVATE : SALLY_HELD_SHARED,
                   value, held);
}

/* One that is away says nothing against a key. */
static bool is_away(enum sally_err e)
{
    return e == SALLY_E_CLOSED || e == SALLY_E_TIMED_OUT || e == SALLY_E_IO;
}

/* What it signs must verify with the public half. */
enum sally_err sally_holder_check(const struct sally_holder *h,
                                  struct sally_span public_key,
                                  struct sally_span secret)
{
    static const char question[] = "sallyport: is this the key?";
    uint8_t room[SALLY_SIGNATURE_MAX];
    struct sally_buf signature = SALLY_BUF(room);
    uint8_t digest[SALLY_SHA256_LEN];
    enum sally_err e;

    if (!sally_held_is(secret))
        return sally_keypair_check(public_key, secret);
    if (h == NULL)
        return SALLY_E_OK;
    e = sally_crypto_sha256(sally_span_of(question), digest);
    if (e == SALLY_E_OK)
        e = h->sign(h->owner, secret,
                    (struct sally_span){ digest, sizeof(digest) }, &signature);
    if (is_away(e))
        return SALLY_E_OK;
    return e == SALLY_E_OK
               ? sally_keypair_verify(public_key, sally_span_of(question),
                                      sally_buf_span(&signature))
               : e;
}
