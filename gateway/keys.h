/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys.h - the supervisor's part in keys: reads what the key files of
 * all accounts and servers hold, makes sure that each account is one that can
 * be used, and puts it into the keyring. It has each for a moment only.     */
#ifndef SALLY_KEYS_H
#define SALLY_KEYS_H

#include "base/secret.h"
#include "config/config.h"
#include "config/keyfile.h"
#include "config/plan.h"
#include "security/held.h"

/* An entry of the keyring. The digest, under a random key of this process,
 * tells whether the files hold something else than they did; revocation lists
 * are not part of it.                                                       */
struct sally_key_asset {
    uint32_t sensor, account; /* as in keyring.h */
    uint64_t place;           /* in the keyring */
    uint8_t digest[SALLY_SHA256_LEN];
};

struct sally_keys {
    struct sally_key_asset *all; /* owned; in the order of the slots once they
                                    are assigned */
    size_t count;
    int keyring; /* -1: not made */
    uint8_t digest_key[32];
    uint8_t sender_key[SALLY_SHA256_LEN]; /* makes OSCORE Sender IDs */
    bool has_sender_key;
    struct sally_held_key held_key; /* under which secrets go into the keyring:
                                       of the master key, or random */
};

void sally_keys_init(struct sally_keys *k); /* empty */

/* Reads the files of all accounts and servers of `config`, as it was loaded.
 * In the keyring secrets are held: security/held.h.
 * `running` are those of `running_config` as it was arranged, whose digest key
 * is taken over, or NULL: what is the same there is not proved again. Returns
 * the number of problems, each reported as a line.                          */
unsigned sally_keys_read(struct sally_keys *k,
                         const struct sally_config *config,
                         const struct sally_keys *running,
                         const struct sally_config *running_config,
                         FILE *report);

/* keys_local.c - likewise, into another keyring, what sensors prove themselves
 * with over TLS and what the gateway shows them. `accounts` were read before,
 * and share no key with it.                                                 */
unsigned sally_keys_read_local(struct sally_keys *k,
                               const struct sally_config *config,
                               const struct sally_keys *accounts,
                               FILE *report);

/* A keyring with what the gateway's master key, see config/master.h, makes of
 * itself for the state, and with what is to be known of the machine, see
 * machine.h. NO_CREDENTIAL or IO, with `why` as a sentence.                 */
enum sally_err sally_keys_master(const struct sally_config *c, int *keyring,
                                 char why[SALLY_KEYFILE_WHY]) SALLY_MUST_USE;

/* A keyring with `held_key`, for the holder. IO, see errno. */
enum sally_err sally_keys_holder(const struct sally_keys *k,
                                 int *keyring) SALLY_MUST_USE;

/* Marks the sensors and servers of `next`, as it was loaded, whose files hold
 * something else than those of `running`, and the sensors of such servers.  */
void sally_keys_compare(const struct sally_keys *next,
                        const struct sally_config *next_config,
                        const struct sally_keys *running,
                        const struct sally_config *running_config,
                        bool *sensors, bool *servers);

/* Each entry to its slot; no changes from then on. IO, see errno. */
enum sally_err sally_keys_assign(struct sally_keys *k,
                                 const struct sally_config *config,
                                 const struct sally_plan *plan) SALLY_MUST_USE;

void sally_keys_wipe(struct sally_keys *k);

#endif
