/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/oscore.c - an account with OSCORE is refused, rather than
 * left without its protection.                                              */
#include "security/object.h"

static enum sally_err
start(void *state, const struct sally_credential *c,
      const struct sally_key_finder *finder,
      const struct sally_object_past *past,
      const struct sally_object_host *host, struct sally_random random,
      sally_usec now)
{
    (void)state;
    (void)c;
    (void)finder;
    (void)past;
    (void)host;
    (void)random;
    (void)now;
    return SALLY_E_UNSUPPORTED;
}

/* Nothing else is called after a start that failed. */
const struct sally_object_mechanism sally_object_oscore = { .name = "oscore",
                                                            .size = 8,
                                                            .start = start };
