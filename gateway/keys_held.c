/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_held.c - the entry of an account with its secrets held. */
#include "keys_reading.h"
#include "security/holder.h"
#include "security/keypair.h"

/* What becomes of one part; a public half may come of it. */
static enum sally_err put(struct sally_reading *r,
                          enum sally_security_mode mode, unsigned kind,
                          struct sally_span bytes, struct sally_buf *spki)
{
    const struct sally_holder h = sally_holder_of(&r->keys->held_key);
    const struct sally_credential_field *f =
        sally_credential_field((enum sally_credential_kind)kind);
    enum sally_err e = f == NULL ? SALLY_E_MALFORMED
                                 : sally_holder_take(&h, f, mode, bytes,
                                                     &r->part, spki);

    if (e == SALLY_E_OK)
        e = sally_keyring_part(&r->held, kind,
                               r->part.len != 0 ? sally_buf_span(&r->part)
                                                : bytes);
    sally_keys_clear(&r->part);
    return e;
}

static bool shows(unsigned kind)
{
    return kind == SALLY_FIELD_PUBLIC_KEY || kind == SALLY_FIELD_CERTIFICATE;
}

bool sally_keys_hold(struct sally_reading *r, struct sally_spot at,
                     enum sally_security_mode mode)
{
    struct sally_span rest = sally_buf_span(&r->parts), bytes;
    uint8_t room[SALLY_PUBLIC_KEY_MAX];
    struct sally_buf spki = SALLY_BUF(room);
    enum sally_err e = SALLY_E_OK;
    bool shown = false;
    unsigned kind;

    sally_keys_clear(&r->held);
    sally_keys_clear(&r->part);
    while (e == SALLY_E_OK && sally_keyring_take(&rest, &kind, &bytes)) {
        shown |= shows(kind);
        e = put(r, mode, kind, bytes, &spki);
    }
    if (e == SALLY_E_OK && spki.len != 0 && !shown)
        e = sally_keyring_part(&r->held, SALLY_FIELD_PUBLIC_KEY,
                               sally_buf_span(&spki));
    if (e == SALLY_E_OK)
        return true;
    sally_keys_complain(r, at, "", "the keys cannot be held");
    return false;
}
