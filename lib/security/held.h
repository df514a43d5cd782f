/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/held.h - a secret as it stands where nobody is to know it.
 *
 * It is sealed under a key that only its holder has, so whoever has the sealed
 * form has to ask for what it does: holder.h. The form tells that it is one, of
 * which kind, and how long the secret is; the same secret always has the same
 * form under the same key, so that forms can be compared and digested in its
 * place. AES-256-GCM with a nonce that is an HMAC of the secret: the idea of
 * RFC 5297 s.1.3.1.                                                         */
#ifndef SALLY_SECURITY_HELD_H
#define SALLY_SECURITY_HELD_H

#include "security/crypto.h"

#define SALLY_HELD_OVERHEAD 36 /* bytes that the form is longer */

enum sally_held_kind {
    SALLY_HELD_SHARED = 1, /* shown, for the time that a derivation takes */
    SALLY_HELD_PRIVATE     /* signs, and is never shown */
};

/* True of what has the form; whether it is genuine only its holder can say. */
bool sally_held_is(struct sally_span secret);

/* How many bytes the secret itself has, held or not. */
size_t sally_held_length(struct sally_span secret);

/* --- Whoever has the key ------------------------------------------------- */

struct sally_held_key {
    uint8_t seal[32], name[32];
};

/* Of a master key of any length, or of randomness. CRYPTO. */
enum sally_err sally_held_key_make(struct sally_held_key *out,
                                   struct sally_span master) SALLY_MUST_USE;
void sally_held_key_wipe(struct sally_held_key *k);

/* Appends the form of `secret`, which is not one itself. NO_ROOM, CRYPTO. */
enum sally_err sally_held_seal(const struct sally_held_key *k,
                               enum sally_held_kind kind,
                               struct sally_span secret,
                               struct sally_buf *out) SALLY_MUST_USE;

/* Appends the secret. UNAUTHENTIC: it is of another kind, of another key, or
 * damaged; NO_ROOM, CRYPTO.                                                 */
enum sally_err sally_held_open(const struct sally_held_key *k,
                               enum sally_held_kind kind,
                               struct sally_span held,
                               struct sally_buf *out) SALLY_MUST_USE;

#endif
