/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/keypair.h - our own key and what proves it. Elliptic curves of
 * 256 bits and more; for certificates RSA too.                              */
#ifndef SALLY_SECURITY_KEYPAIR_H
#define SALLY_SECURITY_KEYPAIR_H

#include "base/error.h"
#include "base/span.h"

#define SALLY_PUBLIC_KEY_MAX 256 /* bytes of an SPKI on any of our curves */

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

#endif
