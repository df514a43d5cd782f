/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_master.c - the gateway's master key, in a keyring of its own. */
#include "config/keyring.h"
#include "config/master.h"
#include "keys.h"
#include "machine.h"

#include "base/secret.h"
#include "security/seal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What holds the key, wiped with its scope. */
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
    struct sally_buf parts = SALLY_BUF(content.parts);
    enum sally_err e = sally_master_read(c->master_key_file, &key, why);

    if (e == SALLY_E_OK)
        e = sally_keyring_part(&parts, SALLY_KEYRING_MASTER_KEY,
                               sally_secret_span(&key));
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
