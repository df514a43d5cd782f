/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/tls_keys.h - which sensor a pre-shared key or a
 * certificate of TLS proves. An identity, or a common name, is one sensor's.
 *
 * One configuration's worth; another one is built beside it.                */
#ifndef SALLY_INGRESS_AUTH_TLS_KEYS_H
#define SALLY_INGRESS_AUTH_TLS_KEYS_H

#include "base/random.h"
#include "base/secret.h"
#include "config/config.h"
#include "config/keyring.h"
#include "config/local_tls.h"

struct sally_tls_keys;

/* Without keys yet. `c` outlives the result. NO_MEMORY. */
enum sally_err sally_tls_keys_create(struct sally_tls_keys **out,
                                     const struct sally_config *c,
                                     const struct sally_random *random)
    SALLY_MUST_USE;
void sally_tls_keys_wipe(struct sally_tls_keys *k); /* NULL is allowed */

/* One entry of the keyring. MALFORMED: it is nobody's, or broken; errors of
 * sally_local_tls_make().                                                   */
enum sally_err sally_tls_keys_take(struct sally_tls_keys *k,
                                   const struct sally_keyring_entry *entry)
    SALLY_MUST_USE;

/* The sensor of an identity (PSK) or a common name (CERTIFICATE); UINT32_MAX:
 * nobody's.                                                                 */
uint32_t sally_tls_keys_sensor(const struct sally_tls_keys *k,
                               enum sally_auth_method method,
                               struct sally_span name);

/* The key of an identity; NOT_FOUND. */
enum sally_err sally_tls_keys_psk(const struct sally_tls_keys *k,
                                  struct sally_span identity,
                                  struct sally_secret *key) SALLY_MUST_USE;

/* What the gateway shows; without a key if it has nothing to show. */
const struct sally_credential *
sally_tls_keys_own(const struct sally_tls_keys *k);

/* True if both take the same certificates of sensors. */
bool sally_tls_keys_trust_same(const struct sally_tls_keys *a,
                               const struct sally_tls_keys *b);

#endif
