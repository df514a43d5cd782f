/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_reading.h - what the files of keys share. */
#ifndef SALLY_KEYS_READING_H
#define SALLY_KEYS_READING_H

#include "keys.h"

/* The entry of `running` that `key` of `config` succeeds, or NULL. */
const struct sally_key_asset *
sally_keys_before(const struct sally_key_asset *key,
                  const struct sally_config *config,
                  const struct sally_keys *running,
                  const struct sally_config *running_config);
bool sally_keys_same(const struct sally_key_asset *a,
                     const struct sally_key_asset *b);

/* Something that only one account may have, under a digest. */
struct sally_key_claim {
    uint8_t digest[SALLY_SHA256_LEN];
    uint32_t sensor, account;
    const char *key; /* "key_file" */
};

/* Adds the claims of an account to `out`, which has room for
 * SALLY_CLAIMS_OF_ACCOUNT; *count grows. CRYPTO.                            */
#define SALLY_CLAIMS_OF_ACCOUNT 2
enum sally_err sally_keys_claim(const struct sally_credential *c,
                                struct sally_span digest_key, uint32_t sensor,
                                uint32_t account, struct sally_key_claim *out,
                                size_t *count) SALLY_MUST_USE;

/* Reports each claim that another account had before it, and sorts them.
 * Returns how many.                                                         */
unsigned sally_keys_check_claims(struct sally_key_claim *all, size_t count,
                                 const struct sally_config *config,
                                 FILE *report);

#endif
