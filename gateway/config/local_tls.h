/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/local_tls.h - what the gateway shows of itself to sensors over
 * TLS, and whose certificates they may show: from the files of the group `tls`
 * of `local` to what a server of TLS has.                                   */
#ifndef SALLY_CONFIG_LOCAL_TLS_H
#define SALLY_CONFIG_LOCAL_TLS_H

#include "security/credential.h"
#include "security/trust.h"

struct sally_local_tls {
    struct sally_credential own; /* X509, with `trust`; no key: there is none */
    struct sally_trust *trust;   /* owned; NULL: no certificate of a sensor */
};

/* Makes it of the parts of its keyring entry: SALLY_FIELD_CERTIFICATE and
 * SALLY_FIELD_SECRET_KEY, SALLY_KEYRING_TRUST and SALLY_KEYRING_CRL. *out is
 * zeroed, and stays so on failure, with *key as the key at fault.
 *   WRONG_KEY, NO_CREDENTIAL, UNSUPPORTED  certificate and private key do not
 *                                          go together, or are none
 *   those of trust.h; MALFORMED, NO_MEMORY                                  */
enum sally_err sally_local_tls_make(struct sally_local_tls *out,
                                    struct sally_span parts,
                                    const char **key) SALLY_MUST_USE;
void sally_local_tls_wipe(struct sally_local_tls *t); /* zeroes *t */

/* Seconds since 1970 until when the certificate holds; 0: it is none. */
uint64_t sally_local_tls_until(const struct sally_local_tls *t);

#endif
