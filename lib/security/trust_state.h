/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/trust_state.h - what the verifier sees of a trust. */
#ifndef SALLY_SECURITY_TRUST_STATE_H
#define SALLY_SECURITY_TRUST_STATE_H

#include "security/crl.h"
#include "security/trust.h"

struct sally_trust {
    struct sally_certificate *anchors; /* all of them borrow from `bytes` */
    struct sally_crl *crls;
    size_t anchor_count, crl_count;
    uint32_t crl_max_age;
    size_t size; /* of `bytes` */
    uint8_t bytes[];
};

#endif
