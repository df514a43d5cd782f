/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/path.h - the way from a certificate up to an anchor. RFC 5280
 * s.6.1.                                                                    */
#ifndef SALLY_SECURITY_PATH_H
#define SALLY_SECURITY_PATH_H

#include "security/clock.h"
#include "security/trust_state.h"
#include "security/verify.h"

struct sally_path {
    /* The peer's own first, then each one's issuer; the last one's is the
     * anchor. An anchor that was sent is not in the list.                   */
    const struct sally_certificate *list[SALLY_CHAIN_MAX];
    size_t count;
    const struct sally_certificate *anchor;
    uint64_t until; /* seconds since 1970: the first of them to run out, or of
                       the lists that they were looked for in                */
};

/* Finds the way and proves its signatures, its CAs and their limits; not the
 * time. UNKNOWN_CA, BAD_CERTIFICATE, UNSUPPORTED, NO_MEMORY, CRYPTO.        */
enum sally_err sally_path_find(const struct sally_certificate *sent,
                               size_t count,
                               const struct sally_certificate *anchors,
                               size_t anchor_count,
                               struct sally_path *out) SALLY_MUST_USE;

/* Each of it within its time. EXPIRED, NOT_YET_VALID. */
enum sally_err
sally_path_check_time(const struct sally_path *p,
                      const struct sally_clock *clock) SALLY_MUST_USE;

/* None of it revoked, as far as `t` has lists, whose end can be an earlier one.
 * REVOKED, STALE_CRL.                                                       */
enum sally_err
sally_path_check_revoked(struct sally_path *p,
                         const struct sally_trust *t,
                         const struct sally_clock *clock) SALLY_MUST_USE;

#endif
