/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/nonces.h - looks at each message that is encrypted with an AEAD of
 * lib/security/crypto.h: no key may ever meet the same nonce twice. The linker
 * puts it in the way (--wrap), so nothing can get by.                       */
#ifndef TESTS_SIM_NONCES_H
#define TESTS_SIM_NONCES_H

#include <stdbool.h>
#include <stddef.h>

/* Forgets all. */
void sim_nonces_clear(void);

/* Messages encrypted since then, and whether a pair was used twice. */
size_t sim_nonces_count(void);
bool sim_nonces_repeated(void);

#endif
