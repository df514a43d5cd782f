/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/holder.h - who has the secrets that are held: held.h.
 *
 * Keys of accounts may be held by somebody else, another process say, that
 * shows shared ones when keys of a session are derived of them, and signs with
 * private ones itself. This library opens no socket: its user brings the
 * functions, or the key that makes a holder of this process.                */
#ifndef SALLY_SECURITY_HOLDER_H
#define SALLY_SECURITY_HOLDER_H

#include "security/credential.h"
#include "security/held.h"

#define SALLY_SIGNATURE_MAX 144 /* bytes: ECDSA in DER on any of our curves */
#define SALLY_DIGEST_MAX 64     /* bytes of what is signed */

/* Each may fail with what keeps the holder from answering (IO, CLOSED), and
 * with UNAUTHENTIC for a form that is not of its making.                    */
struct sally_holder {
    /* Appends the form of a secret: NO_ROOM. */
    enum sally_err (*hold)(void *owner, enum sally_held_kind kind,
                           struct sally_span secret, struct sally_buf *out);

    /* Gives a shared secret, which the caller wipes. */
    enum sally_err (*reveal)(void *owner, struct sally_span held,
                             struct sally_secret *out);

    /* Appends the ECDSA signature of `digest` with a private key, in DER. */
    enum sally_err (*sign)(void *owner, struct sally_span held,
                           struct sally_span digest, struct sally_buf *out);
    void *owner;
};

/* One that has the key at hand, which outlives it. */
struct sally_holder sally_holder_of(const struct sally_held_key *key);

/* The secret itself: `secret`, or what its holder shows. Wiped by the caller.
 * NO_CREDENTIAL: it is held and there is no holder; TOO_LARGE; errors of the
 * holder.                                                                   */
enum sally_err sally_holder_reveal(const struct sally_holder *h,
                                   struct sally_span secret,
                                   struct sally_secret *out) SALLY_MUST_USE;

/* Signs with an elliptic-curve key in DER, or where that is held lets its
 * holder sign. NO_CREDENTIAL: no such key, or no holder; NO_ROOM, CRYPTO;
 * errors of the holder.                                                     */
enum sally_err sally_holder_sign(const struct sally_holder *h,
                                 struct sally_span secret,
                                 struct sally_span digest,
                                 struct sally_buf *out) SALLY_MUST_USE;

/* What is to stand in the place of a field's value, in an account of this mode,
 * once its secret is held: appends that to `held`, or nothing where it is no
 * secret, is held already, or is a private key on no elliptic curve; and to
 * `spki` the public half of a private key, which nobody can ask for any more.
 * NO_ROOM; errors of the holder.                                            */
enum sally_err sally_holder_take(const struct sally_holder *h,
                                 const struct sally_credential_field *field,
                                 enum sally_security_mode mode,
                                 struct sally_span value,
                                 struct sally_buf *held,
                                 struct sally_buf *spki) SALLY_MUST_USE;

/* sally_keypair_check(), also of a key that is held. OK where there is no
 * holder to ask, or it is away: each handshake shows it anew, and an account
 * must not be lost by a process that is.                                    */
enum sally_err sally_holder_check(const struct sally_holder *h,
                                  struct sally_span public_key,
                                  struct sally_span secret) SALLY_MUST_USE;

#endif
