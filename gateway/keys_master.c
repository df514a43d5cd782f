/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_master.c - what is made of the gateway's master key, in keyrings
 * of their own.                                                             */
#include "config/keyring.h"
#include "config/master.h"
#include "keys_reading.h"
#include "machine.h"

#include "base/secret.h"
#include "security/seal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What has the key, wiped with its scope. */
struct content {
    uint8_t parts[2 * SALLY_MASTER_KEY_LEN + SALLY_MACHINE_ROOM];
};

static void content_wipe(struct content *c) { sally_wipe(c, sizeof(*c)); }

static enum sally_err refuse(char *why, const char *text)
{
    (void)snprintf(why, SALLY_KEYFILE_WHY, "%s", text);
    return SALLY_E_NO_CREDENTIAL;
}

static enum sally_err make_ring(struct sally_buf *parts, int *keyring)
{
    const struct sally_keyring_entry entry = { .sensor = SALLY_KEYRING_MASTER,
                                               .parts =
                                                   sally_buf_span(parts) };
    enum sally_err e = sally_keyring_make(keyring);
    uint64_t place;

    if (e == SALLY_E_OK)
        e = sally_keyring_put(*keyring, &entry, &place);
    return e == SALLY_E_OK ? sally_keyring_seal(*keyring) : e;
}

enum sally_err sally_keys_master(const struct sally_config *c, int *keyring,
                                 char why[SALLY_KEYFILE_WHY])
{
    SALLY_ON_EXIT(content_wipe) struct content content = { { 0 } };
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret key = { .len = 0 };
    SALLY_ON_EXIT(sally_sealer_wipe) struct sally_sealer s = { { 0 } };
    struct sally_buf parts = SALLY_BUF(content.parts);
    enum sally_err e = sally_master_read(c->master_key_file, &key, why);

    if (e == SALLY_E_OK)
        e = sally_sealer_make(&s, sally_secret_span(&key));
    if (e == SALLY_E_OK)
        e = sally_keyring_part(&parts, SALLY_KEYRING_STATE_KEY,
                               (struct sally_span){ s.root, sizeof(s.root) });
    if (e != SALLY_E_OK)
        return e;
    if (sally_machine_facts("", c->machine_file, &parts) != SALLY_E_OK) {
        (void)snprintf(why, SALLY_KEYFILE_WHY,
                       "machine_file %s: expected a file that says which "
                       "machine this is",
                       c->machine_file);
        return SALLY_E_NO_CREDENTIAL;
    }
    e = make_ring(&parts, keyring);
    return e == SALLY_E_OK ? e : refuse(why, strerror(errno));
}

enum sally_err sally_keys_holder(const struct sally_keys *k, int *keyring)
{
    SALLY_ON_EXIT(content_wipe) struct content content = { { 0 } };
    const struct sally_span key = { (const uint8_t *)&k->held_key,
                                    sizeof(k->held_key) };
    struct sally_buf parts = SALLY_BUF(content.parts);
    enum sally_err e =
        sally_keyring_part(&parts, SALLY_KEYRING_HELD_KEY, key);

    return e == SALLY_E_OK ? make_ring(&parts, keyring) : e;
}

/* The operator hears of a master key that cannot be read where the state is
 * concerned; without one secrets are held for as long as this process lasts. */
enum sally_err sally_keys_make_held(struct sally_keys *k,
                                    const struct sally_config *c)
{
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret key = { .len = 0 };
    const struct sally_random random = sally_crypto_random();
    char why[SALLY_KEYFILE_WHY];

    if (c->master_key_file[0] == '\0' ||
        sally_master_read(c->master_key_file, &key, why) != SALLY_E_OK) {
        key.len = SALLY_MASTER_KEY_LEN;
        sally_random_fill(&random, key.bytes, key.len);
    }
    return sally_held_key_make(&k->held_key, sally_secret_span(&key));
}
