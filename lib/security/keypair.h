/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/keypair.h - our own key and what proves it. Elliptic curves of
 * 256 bits and more; for certificates RSA too.                              */
#ifndef SALLY_SECURITY_KEYPAIR_H
#define SALLY_SECURITY_KEYPAIR_H

#include "base/error.h"
#include "base/span.h"

#define SALLY_PUBLIC_KEY_MAX 256  /* bytes of an SPKI on any of our curves */
#define SALLY_PRIVATE_KEY_MAX 512 /* bytes of what signs; more is none */

/* Appends the SubjectPublicKeyInfo of a private key in PKCS#8, RFC 5958 or
 * SEC 1, DER. NO_CREDENTIAL: not such a key; UNSUPPORTED: a curve below 256
 * bits; NO_ROOM, NO_MEMORY, CRYPTO.                                         */
enum sally_err sally_keypair_public(struct sally_span secret_key,
                                    struct sally_buf *spki) SALLY_MUST_USE;

/* Whether a private key belongs to what shows its public half: an SPKI, or
 * certificates of which the first counts. WRONG_KEY: it does not; MALFORMED:
 * neither of both; else as above. An RSA key is not compared.               */
enum sally_err sally_keypair_check(struct sally_span public_key,
                                   struct sally_span secret_key) SALLY_MUST_USE;

/* True if that shows an RSA key. */
bool sally_keypair_is_rsa(struct sally_span public_key);

/* Appends the ECDSA signature of `digest` in DER. NO_CREDENTIAL: not such a
 * key; NO_ROOM, CRYPTO.                                                     */
enum sally_err sally_keypair_sign(struct sally_span secret_key,
                                  struct sally_span digest,
                                  struct sally_buf *signature) SALLY_MUST_USE;

/* Whether `signature`, ECDSA with SHA-256 in DER, is one of `data` by the key
 * that `public_key` shows, as for sally_keypair_check(). WRONG_KEY: it is not;
 * MALFORMED, UNSUPPORTED, CRYPTO, NO_MEMORY.                                */
enum sally_err sally_keypair_verify(struct sally_span public_key,
                                    struct sally_span data,
                                    struct sally_span signature)
    SALLY_MUST_USE;

#endif
