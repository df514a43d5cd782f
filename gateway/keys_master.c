/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_master.c - the gateway's master key, in a keyring of its own. */
#include "config/keyring.h"
#include "keys.h"

#include "base/secret.h"
#include "base/text.h"
#include "security/seal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the file holds, wiped with its scope. */
struct content {
    uint8_t file[4 * SALLY_MASTER_KEY_LEN];
    uint8_t parts[2 * SALLY_MASTER_KEY_LEN];
};

static void content_wipe(struct content *c) { sally_wipe(c, sizeof(*c)); }

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static enum sally_err refuse(char *why, const char *text)
{
    (void)snprintf(why, SALLY_KEYFILE_WHY, "%s", text);
    return SALLY_E_NO_CREDENTIAL;
}

static enum sally_err make_ring(struct sally_span key, struct sally_buf *parts,
                                int *keyring)
{
    struct sally_keyring_entry entry = { .sensor = SALLY_KEYRING_MASTER };
    enum sally_err e = sally_keyring_part(parts, SALLY_KEYRING_MASTER_KEY, key);
    uint64_t place;

    entry.parts = sally_buf_span(parts);
    if (e == SALLY_E_OK)
        e = sally_keyring_make(keyring);
    if (e == SALLY_E_OK)
        e = sally_keyring_put(*keyring, &entry, &place);
    return e == SALLY_E_OK ? sally_keyring_seal(*keyring) : e;
}

enum sally_err sally_keys_master_read(const char *path,
                                      struct sally_secret *key,
                                      char why[SALLY_KEYFILE_WHY])
{
    SALLY_ON_EXIT(content_wipe) struct content c = { { 0 }, { 0 } };
    SALLY_ON_EXIT(close_one) int fd = -1;
    struct sally_buf file = SALLY_BUF(c.file);
    struct sally_buf room = { key->bytes, 0, SALLY_MASTER_KEY_LEN };
    enum sally_err e = sally_keyfile_open(path, geteuid(), true, &fd, why);

    if (e == SALLY_E_OK)
        e = sally_keyfile_read(fd, &file, why);
    if (e != SALLY_E_OK)
        return e;
    if (sally_text_hex(sally_text_trim(sally_buf_span(&file)), &room) !=
            SALLY_E_OK ||
        room.len != SALLY_MASTER_KEY_LEN)
        return refuse(why, "expected 32 bytes, as 64 hexadecimal digits");
    key->len = room.len;
    return SALLY_E_OK;
}

enum sally_err sally_keys_master(const char *path, int *keyring,
                                 char why[SALLY_KEYFILE_WHY])
{
    SALLY_ON_EXIT(content_wipe) struct content c = { { 0 }, { 0 } };
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret key = { .len = 0 };
    struct sally_buf parts = SALLY_BUF(c.parts);
    enum sally_err e = sally_keys_master_read(path, &key, why);

    if (e != SALLY_E_OK)
        return e;
    e = make_ring(sally_secret_span(&key), &parts, keyring);
    return e == SALLY_E_OK ? e : refuse(why, strerror(errno));
}
