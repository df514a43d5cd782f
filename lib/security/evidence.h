/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/evidence.h - what is remembered of a chain that was accepted, so
 * that a session which resumes is not better off than one that begins: until
 * when it holds, and which certificates a revocation list would name.
 *
 * Form: seconds since 1970 in 8 bytes; then of each certificate below the
 * anchor its issuer and its serial number, each with its length in 2 bytes.
 * No bytes at all: there was no chain, and nothing runs out.                */
#ifndef SALLY_SECURITY_EVIDENCE_H
#define SALLY_SECURITY_EVIDENCE_H

#include "security/clock.h"
#include "security/path.h"

#define SALLY_EVIDENCE_MAX 1024 /* bytes */

/* Bytes that somebody owns. */
struct sally_blob {
    size_t len;
    uint8_t bytes[];
};

/* A copy on the library's heap, for XFREE; NULL: no memory. */
struct sally_blob *sally_blob_of(struct sally_span bytes);

/* Appends that of a way which was proved to hold until then. What does not fit
 * is remembered as something that has run out and that any list may name.   */
void sally_evidence_put(const struct sally_path *p, struct sally_buf *out);

/* EXPIRED; MALFORMED. */
enum sally_err
sally_evidence_check(struct sally_span evidence,
                     const struct sally_clock *clock) SALLY_MUST_USE;

/* Whether a list of `t` names one of them. The lists are taken at their word:
 * who finds one must have the peer prove itself anew, and that judges.      */
bool sally_evidence_revoked(struct sally_span evidence,
                            const struct sally_trust *t);

#endif
