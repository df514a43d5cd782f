/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/generate.h - new keys, and certificates that say whose they
 * are. RFC 5280.                                                            */
#ifndef SALLY_SECURITY_GENERATE_H
#define SALLY_SECURITY_GENERATE_H

#include "base/error.h"
#include "base/span.h"

#define SALLY_GENERATED_KEY_MAX 256         /* bytes of PKCS#8 */
#define SALLY_GENERATED_CERTIFICATE_MAX 1024 /* bytes of DER */

/* Appends a fresh private key on P-256 in PKCS#8, DER, which the caller wipes.
 * NO_ROOM, CRYPTO.                                                          */
enum sally_err sally_generate_key(struct sally_buf *pkcs8) SALLY_MUST_USE;

/* Appends a certificate of the key's public half, in DER, that it signed
 * itself and that names `common_name` (1 to 63 bytes), valid for `days` from
 * now on as the library's clock has it. NO_CREDENTIAL: not such a key;
 * OUT_OF_RANGE, NO_ROOM, CRYPTO.                                            */
enum sally_err sally_generate_certificate(struct sally_span pkcs8,
                                          const char *common_name, int days,
                                          struct sally_buf *der)
    SALLY_MUST_USE;

/* An authority: its certificate in DER, and the private key of that on P-256,
 * as sally_keypair_public() takes one. Borrowed.                            */
struct sally_issuer {
    struct sally_span certificate, key;
};

/* As _certificate(), but signed by an authority, and valid until that ends at
 * the latest; `now` is in seconds since 1970. It is no authority itself: it
 * signs as a client of TLS, and nothing else.
 *   NO_CREDENTIAL    not such a key
 *   BAD_CERTIFICATE  the issuer's is none that may sign certificates, or its
 *                    name cannot be repeated byte for byte
 *   WRONG_KEY        the issuer's key is of another certificate
 *   EXPIRED          the issuer's has less than a day left
 *   OUT_OF_RANGE, NO_ROOM, CRYPTO                                           */
enum sally_err sally_generate_issued(struct sally_span pkcs8,
                                     const char *common_name, int days,
                                     const struct sally_issuer *by,
                                     uint64_t now,
                                     struct sally_buf *der) SALLY_MUST_USE;

#endif
