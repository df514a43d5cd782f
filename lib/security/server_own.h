/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/server_own.h - what a server shows its clients: a certificate
 * and its key. No account is made of it, since it names no peer.            */
#ifndef SALLY_SECURITY_SERVER_OWN_H
#define SALLY_SECURITY_SERVER_OWN_H

#include "security/credential.h"

/* Makes *out, which is zeroed, for `own` of a key finder: certificates in DER,
 * its own first, and the private key in DER, which are copied. Clients are
 * judged by `trust`, which outlives it; NULL: none may show a certificate. It
 * is wiped by sally_credential_wipe(). WRONG_KEY: they do not go together;
 * MALFORMED, NO_CREDENTIAL, UNSUPPORTED as sally_keypair_check() has it;
 * NO_MEMORY.                                                                */
enum sally_err sally_server_own_make(struct sally_credential *out,
                                     struct sally_span certificates,
                                     struct sally_span secret_key,
                                     const struct sally_trust *trust)
    SALLY_MUST_USE;

#endif
