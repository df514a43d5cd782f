/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls.h - what can be set about DTLS for a whole process. */
#ifndef SALLY_SECURITY_DTLS_H
#define SALLY_SECURITY_DTLS_H

#include "security/mechanism.h"

/* Replaces the suites of all sessions in the server's role that start from now
 * on: names as the library has them, separated by colons, best first. A
 * client's suites are those of its credential. UNSUPPORTED: none of them is
 * known. NO_MEMORY.                                                         */
enum sally_err sally_dtls_suites(struct sally_security *s,
                                 const char *list) SALLY_MUST_USE;

#endif
