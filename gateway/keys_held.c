/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_held.c - the entry of an account with its secrets held. */
#include "keys_reading.h"
#include "security/keypair.h"

/* The part of the public half, which a key that is held does not say. */
struct public_half {
    bool given;
    uint8_t room[SALLY_PUBLIC_KEY_MAX];
    struct sally_buf spki;
};

static enum sally_err hold(struct sally_reading *r, unsigned kind,
                           enum sally_held_kind how, struct sally_span secret)
{
    struct sally_buf held = { r->part.at, 0, SALLY_KEYFILE_MAX };
    enum sally_err e =
        sally_held_seal(&r->keys->held_key, how, secret, &held);

    r->part.len = held.len;
    return e == SALLY_E_OK
               ? sally_keyring_part(&r->held, kind, sally_buf_span(&held))
               : e;
}

/* A private key that is on no curve stays as it is: the crypto library takes
 * no other from elsewhere.                                                  */
static enum sally_err put_key(struct sally_reading *r, unsigned kind,
                              struct sally_span key, struct public_half *half)
{
    if (sally_keypair_public(key, &half->spki) != SALLY_E_OK) {
        half->given = true;
        return sally_keyring_part(&r->held, kind, key);
    }
    return hold(r, kind, SALLY_HELD_PRIVATE, key);
}

static enum sally_err put(struct sally_reading *r,
                          enum sally_security_mode mode, unsigned kind,
                          struct sally_span bytes, struct public_half *half)
{
    const bool pair = mode == SALLY_MODE_RPK || mode == SALLY_MODE_X509;

    if (kind == SALLY_FIELD_MASTER_SECRET ||
        (kind == SALLY_FIELD_SECRET_KEY && !pair))
        return hold(r, kind, SALLY_HELD_SHARED, bytes);
    if (kind == SALLY_FIELD_SECRET_KEY)
        return put_key(r, kind, bytes, half);
    half->given |=
        kind == SALLY_FIELD_PUBLIC_KEY || kind == SALLY_FIELD_CERTIFICATE;
    return sally_keyring_part(&r->held, kind, bytes);
}

bool sally_keys_hold(struct sally_reading *r, struct sally_spot at,
                     enum sally_security_mode mode)
{
    struct sally_span rest = sally_buf_span(&r->parts), bytes;
    struct public_half half = { .given = false };
    enum sally_err e = SALLY_E_OK;
    unsigned kind;

    half.spki = SALLY_BUF(half.room);
    sally_keys_clear(&r->held);
    while (e == SALLY_E_OK && sally_keyring_take(&rest, &kind, &bytes))
        e = put(r, mode, kind, bytes, &half);
    sally_keys_clear(&r->part);
    if (e == SALLY_E_OK && half.spki.len != 0 && !half.given)
        e = sally_keyring_part(&r->held, SALLY_FIELD_PUBLIC_KEY,
                               sally_buf_span(&half.spki));
    if (e == SALLY_E_OK)
        return true;
    sally_keys_complain(r, at, "", "the keys cannot be held");
    return false;
}
