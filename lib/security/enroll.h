/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/enroll.h - a new account: keys that are made for it, and what its
 * server must know of it.                                                   */
#ifndef SALLY_SECURITY_ENROLL_H
#define SALLY_SECURITY_ENROLL_H

#include "security/credential.h"
#include "security/keypair.h"

/* Appends what a new file for this field of an account in `mode` holds, a line
 * of digits or PEM, from fresh random bytes. UNSUPPORTED: it is not ours to
 * make, as a certificate is not; NO_ROOM (1,024 bytes are enough), CRYPTO.  */
enum sally_err sally_enroll_file(const struct sally_credential_field *field,
                                enum sally_security_mode mode,
                                struct sally_buf *out) SALLY_MUST_USE;

/* What a server needs to recognise the account, apart from what `oscore` of the
 * credential says. Spans borrow from the credential, or from `spki`.        */
struct sally_claim {
    const char *mode; /* the word of the configuration */
    bool session;     /* there is a DTLS or TLS session */
    struct sally_span identity, shared_key; /* with a pre-shared key */
    struct sally_span public_key;           /* a raw one: an SPKI */
    uint8_t spki[SALLY_PUBLIC_KEY_MAX];
};

/* Errors of sally_keypair_public(). */
enum sally_err sally_claim_make(struct sally_claim *out,
                                const struct sally_credential *c)
    SALLY_MUST_USE;

#endif
