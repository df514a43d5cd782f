/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/keys.h - keys and certificates of a client and a server, made once
 * for all worlds.                                                           */
#ifndef TESTS_SIM_KEYS_H
#define TESTS_SIM_KEYS_H

#include "security/credential.h"
#include "security/trust.h"

/* The client's part of an account by raw key or certificate. */
void sim_keys_client(enum sally_security_mode mode,
                     struct sally_credential_parts *out);

/* The server's own; *trust is its authorities, to be wiped, or NULL. */
bool sim_keys_server(enum sally_security_mode mode, struct sally_credential *out,
                     struct sally_trust **trust);

#endif
