/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/credential_file.h - from what a file holds to what a field of an
 * account is, and whether the keys of an account go together.               */
#ifndef SALLY_SECURITY_CREDENTIAL_FILE_H
#define SALLY_SECURITY_CREDENTIAL_FILE_H

#include "security/credential.h"

/* How the other fields of the account want the file read. */
struct sally_credential_how {
    enum sally_security_mode mode;
    uint8_t matching; /* enum sally_matching */
};

/* Appends to `out` the bytes of a field that comes from a file, of which `file`
 * is all: digits or PEM become bytes, DER stays. NO_CREDENTIAL: it holds
 * nothing of the kind, and *why is a clause that says what it must hold, and
 * repeats nothing of it. On failure `out` is as it was.                     */
enum sally_err sally_credential_read(const struct sally_credential_field *field,
                                     struct sally_credential_how how,
                                     struct sally_span file,
                                     struct sally_buf *out,
                                     const char **why) SALLY_MUST_USE;

/* Looks into the DER of a credential, which _make() does not: the private key
 * is one, and that of our public key or certificate; those of the server are
 * well-formed. NO_CREDENTIAL, with the field at fault and a clause, else OK. */
enum sally_err
sally_credential_prove(const struct sally_credential *c,
                       const struct sally_credential_field **culprit,
                       const char **why) SALLY_MUST_USE;

#endif
