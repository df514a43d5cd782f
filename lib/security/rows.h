/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/rows.h - the mechanisms that exist; only stack.c picks one. */
#ifndef SALLY_SECURITY_ROWS_H
#define SALLY_SECURITY_ROWS_H

#include "security/mechanism.h"

extern const struct sally_mechanism sally_mechanism_none; /* none.c */
extern const struct sally_mechanism sally_mechanism_none_stream;
extern const struct sally_mechanism sally_mechanism_tls;  /* tls.c */
extern const struct sally_mechanism sally_mechanism_dtls; /* dtls.c */

#endif
