/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls.h - what can be set about DTLS for a whole process. */
#ifndef SALLY_SECURITY_DTLS_H
#define SALLY_SECURITY_DTLS_H

#include "security/mechanism.h"

/* Replaces the suites of all sessions started from now on in this role: names
 * as the library has them, separated by colons, best first. UNSUPPORTED:
 * none of them is known. NO_MEMORY.                                         */
enum sally_err sally_dtls_suites(struct sally_security *s, enum sally_role role,
                                 const char *list) SALLY_MUST_USE;

#endif
