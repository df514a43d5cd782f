/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/trust.h - the authorities that a server's certificate may come
 * from, and what they revoked. Shared by all accounts of a server; immutable.
 *
 * Where there is a revocation list at all, each authority on the way from an
 * anchor to a certificate needs one, in force and young enough: what is not
 * known is not believed.                                                    */
#ifndef SALLY_SECURITY_TRUST_H
#define SALLY_SECURITY_TRUST_H

#include "base/error.h"
#include "base/hash.h"
#include "base/span.h"

struct sally_trust;

#define SALLY_TRUST_ANCHORS_MAX 512
#define SALLY_TRUST_CRLS_MAX 64

struct sally_trust_parts {
    struct sally_span anchors; /* CA certificates, DER, one after the other */
    struct sally_span crls;    /* DER likewise; empty: nothing is revoked */
    uint32_t crl_max_age;      /* seconds since thisUpdate; 0: as long as the
                                  list says of itself */
};

/* The spans are copied. On failure *out is untouched.
 *   NO_CREDENTIAL    no anchor
 *   MALFORMED        not DER of that kind
 *   BAD_CERTIFICATE  an anchor that is no CA, or that limits names
 *   STALE_CRL        a revocation list that is partial or indirect
 *   TOO_LARGE        too many of them
 *   NO_MEMORY                                                               */
enum sally_err
sally_trust_make(struct sally_trust **out,
                 const struct sally_trust_parts *parts) SALLY_MUST_USE;

/* A keyed digest of all of it; NULL has one too. A session that resumes is not
 * judged anew, so it belongs to the authorities and lists that judged it.   */
uint64_t sally_trust_digest(const struct sally_trust *t,
                            const struct sally_hash_key *key);

void sally_trust_wipe(struct sally_trust *t); /* NULL is allowed */

#endif
