/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/crl.h - a certificate revocation list taken apart. RFC 5280
 * s.5. Spans borrow from the bytes that were parsed.                        */
#ifndef SALLY_SECURITY_CRL_H
#define SALLY_SECURITY_CRL_H

#include "security/certificate.h"

struct sally_crl {
    struct sally_span signed_part, algorithm, signature;
    struct sally_span issuer;          /* whole Name */
    uint64_t this_update, next_update; /* seconds since 1970; 0: none */
    struct sally_span revoked; /* content of the list, proven well-formed */
};

/* The next list of `c`. MALFORMED; UNSUPPORTED: a critical extension, as a list
 * has that is partial, indirect or a delta.                                 */
enum sally_err sally_crl_take(struct sally_cursor *c,
                              struct sally_crl *out) SALLY_MUST_USE;

/* Whether `issuer` may sign lists and signed this one. UNAUTHENTIC: not;
 * UNSUPPORTED.                                                              */
enum sally_err
sally_crl_check(const struct sally_crl *l,
                const struct sally_certificate *issuer) SALLY_MUST_USE;

/* Whether it lists this serial number; looks through all of it. */
bool sally_crl_lists(const struct sally_crl *l, struct sally_span serial);

#endif
