/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/pem.h - keys and certificates as files hold them, in PEM or
 * DER, to DER. RFC 7468.                                                    */
#ifndef SALLY_SECURITY_PEM_H
#define SALLY_SECURITY_PEM_H

#include "base/error.h"
#include "base/span.h"

enum sally_pem_kind {
    SALLY_PEM_CERTIFICATES, /* one or more, one after the other */
    SALLY_PEM_PUBLIC_KEY,   /* one SubjectPublicKeyInfo */
    SALLY_PEM_PRIVATE_KEY,  /* one, in PKCS#8, RFC 5958 or SEC 1 */
    SALLY_PEM_SERVER_KEY,   /* one public key or one certificate */
    SALLY_PEM_CRLS
};

/* Appends to `der` what `file` holds of this kind; text around the blocks and
 * blocks of other kinds are passed over. What is in DER already stays as it is,
 * if it is well-formed.
 *   NOT_FOUND    no block of this kind
 *   MALFORMED    a block that does not end, is not base64 or not one DER
 *                element; two where one is due
 *   UNSUPPORTED  a private key under a password
 *   NO_ROOM
 * On failure `der` is as long as it was, and what was written is wiped.      */
enum sally_err sally_pem_read(struct sally_span file, enum sally_pem_kind kind,
                              struct sally_buf *der) SALLY_MUST_USE;

#endif
