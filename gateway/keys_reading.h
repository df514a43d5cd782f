/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_reading.h - what the files of keys share. */
#ifndef SALLY_KEYS_READING_H
#define SALLY_KEYS_READING_H

#include "config/credentials.h"
#include "config/keyring.h"
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
    uint32_t sensor, account, server;
    const char *key; /* "key_file" */
};

/* Adds the claims of an account, of which `whose` tells sensor, account and
 * server, to `out`, which has room for
 * SALLY_CLAIMS_OF_ACCOUNT; *count grows. CRYPTO.                            */
#define SALLY_CLAIMS_OF_ACCOUNT 3
enum sally_err sally_keys_claim(const struct sally_credential *c,
                                struct sally_span digest_key,
                                const struct sally_key_claim *whose,
                                struct sally_key_claim *out,
                                size_t *count) SALLY_MUST_USE;

/* Reports each claim that another account had before it, and sorts them.
 * Returns how many.                                                         */
unsigned sally_keys_check_claims(struct sally_key_claim *all, size_t count,
                                 const struct sally_config *config,
                                 FILE *report);

/* --- Reading ------------------------------------------------------------- */

/* Where all is laid out while it is read. */
struct sally_keys_desk {
    uint8_t file[SALLY_KEYFILE_MAX + 1];
    uint8_t part[SALLY_KEYFILE_MAX + 1];
    uint8_t parts[SALLY_KEYRING_MAX];
    uint8_t held[SALLY_KEYRING_MAX];
};

struct sally_reading {
    struct sally_keys *keys;
    const struct sally_config *config;
    const struct sally_keys *running; /* NULL: none */
    const struct sally_config *running_config;
    FILE *report;
    unsigned bad;
    struct sally_keys_desk *desk;
    struct sally_buf file, part, parts, held; /* on the desk */
    struct sally_trust *trusts[SALLY_CONFIG_SERVERS_MAX];
    struct sally_key_claim *claims;
    size_t claim_count;
};

/* Where in the configuration a problem is. */
struct sally_spot {
    const char *file;
    unsigned line;
    const char *key;
};

/* Counts a problem and says it; `path` may be "". */
void sally_keys_complain(struct sally_reading *r, struct sally_spot at,
                         const char *path, const char *why);

/* Reads a file into r->file; false: reported. */
bool sally_keys_file(struct sally_reading *r, struct sally_spot at,
                     const char *path, bool secret);

/* Adds r->part to r->parts; and an entry to the keyring, of which who has the
 * same `same` is the same as before. False: reported.                       */
bool sally_keys_add(struct sally_reading *r, struct sally_spot at,
                    unsigned kind);
bool sally_keys_keep(struct sally_reading *r, struct sally_spot at,
                     const struct sally_keyring_entry *entry,
                     struct sally_span same);

struct sally_span sally_keys_digest_key(const struct sally_keys *k);
void sally_keys_clear(struct sally_buf *b); /* wiped and empty */

/* keys_sender.c - adds a Sender ID to the entry of an account with OSCORE that
 * has none; false: reported.                                                */
bool sally_keys_sender(struct sally_reading *r, struct sally_spot at,
                       const struct sally_config_sensor *s,
                       const struct sally_config_account *a);

/* keys_master.c - the key under which secrets are held. CRYPTO. */
enum sally_err sally_keys_make_held(struct sally_keys *k,
                                    const struct sally_config *c)
    SALLY_MUST_USE;

/* keys_held.c - what r->parts, of an account of this mode, becomes on its way
 * into the keyring: r->held. False: reported.                               */
bool sally_keys_hold(struct sally_reading *r, struct sally_spot at,
                     enum sally_security_mode mode);

/* keys_account.c */
void sally_keys_account(struct sally_reading *r, uint32_t sensor,
                        uint32_t account);

#endif
