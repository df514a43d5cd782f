/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/signature.h - is this signed by that key? RFC 5280 s.4.1.1.2,
 * RFC 5758, RFC 4055.                                                       */
#ifndef SALLY_SECURITY_SIGNATURE_H
#define SALLY_SECURITY_SIGNATURE_H

#include "base/error.h"
#include "base/span.h"

/* `algorithm` is the content of an AlgorithmIdentifier, `key` a whole
 * SubjectPublicKeyInfo. Known: ECDSA on curves of 256 bits and more, RSA
 * PKCS#1 v1.5 with 2048 bits and more; SHA-256, SHA-384, SHA-512.
 *   UNAUTHENTIC  it is not
 *   UNSUPPORTED  another algorithm, or a key that is too short or broken
 *   CRYPTO, NO_MEMORY                                                       */
enum sally_err
sally_signature_check(struct sally_span algorithm, struct sally_span key,
                      struct sally_span data,
                      struct sally_span signature) SALLY_MUST_USE;

#endif
