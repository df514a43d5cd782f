/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/credential_check.h - do the parts of an account fit together?
 */
#ifndef SALLY_SECURITY_CREDENTIAL_CHECK_H
#define SALLY_SECURITY_CREDENTIAL_CHECK_H

#include "security/credential.h"

/* The errors of sally_credential_make() but for the memory; *at is then the
 * field at fault.                                                           */
enum sally_err sally_credential_check(const struct sally_credential_parts *p,
                                      enum sally_credential_kind *at)
    SALLY_MUST_USE;

/* The HKDF of /21/x/4, where servers write it or its HMAC: -10, -11, or 0 for
 * one that is not known here.                                               */
int32_t sally_credential_hkdf(int32_t given);

#endif
