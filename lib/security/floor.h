/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/floor.h - the least that an account must be, whoever writes it:
 * the keys' part of what keeps a bootstrap server in bounds. LwM2M 1.2
 * Transport s.5.2.                                                          */
#ifndef SALLY_SECURITY_FLOOR_H
#define SALLY_SECURITY_FLOOR_H

#include "security/credential.h"

struct sally_security_floor {
    unsigned modes; /* bit set of 1u << enum sally_security_mode; that of NoSec
                       stands for OSCORE alone */
    unsigned key_bits; /* of what is shared: pre-shared key, Master Secret */
    bool cbc;          /* suites with CBC may be named */
    bool anchored;     /* a server's certificate must lead to an authority of
                          the operator's: /0/x/15 is 0 or 1 */
};

/* What every account has to be where nobody says otherwise. */
extern const struct sally_security_floor sally_floor_default;

/* The words for `modes`. */
extern const struct sally_word sally_floor_modes[];

/* NULL: the account is no less. Else a clause that says what is wrong with
 * *culprit, and no secret.                                                  */
const char *
sally_floor_fault(const struct sally_security_floor *floor,
                  const struct sally_credential_draft *account,
                  const struct sally_credential_field **culprit);

/* Whether anything protects what an account sends. */
bool sally_floor_protects(const struct sally_credential_draft *d);

#endif
