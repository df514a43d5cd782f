/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/master.c - reads the master key from where it is. */
#include "config/master.h"

#include "base/text.h"
#include "security/seal.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_ROOM 4096

/* What the file holds, wiped with its scope. */
struct content {
    uint8_t bytes[4 * SALLY_MASTER_KEY_LEN];
};

static void content_wipe(struct content *c) { sally_wipe(c, sizeof(*c)); }

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static enum sally_err refuse(char *why, const char *what, const char *text)
{
    (void)snprintf(why, SALLY_KEYFILE_WHY, "%s%s", what, text);
    return SALLY_E_NO_CREDENTIAL;
}

static enum sally_err take_hex(struct sally_span text, struct sally_secret *key,
                               char *why)
{
    struct sally_buf room = { key->bytes, 0, SALLY_MASTER_KEY_LEN };

    if (sally_text_hex(sally_text_trim(text), &room) != SALLY_E_OK ||
        room.len != SALLY_MASTER_KEY_LEN)
        return refuse(why, "expected 32 bytes, as 64 hexadecimal digits", "");
    key->len = room.len;
    return SALLY_E_OK;
}

static enum sally_err from_file(const char *path, struct sally_secret *key,
                                char *why)
{
    SALLY_ON_EXIT(content_wipe) struct content c = { { 0 } };
    SALLY_ON_EXIT(close_one) int fd = -1;
    struct sally_buf file = SALLY_BUF(c.bytes);
    enum sally_err e = sally_keyfile_open(path, geteuid(), true, &fd, why);

    if (e == SALLY_E_OK)
        e = sally_keyfile_read(fd, &file, why);
    return e == SALLY_E_OK ? take_hex(sally_buf_span(&file), key, why) : e;
}

static enum sally_err from_credential(const char *name,
                                      struct sally_secret *key, char *why)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    char path[PATH_ROOM];
    int n;

    if (dir == NULL)
        return refuse(why, "$CREDENTIALS_DIRECTORY is not set: give the unit "
                           "LoadCredentialEncrypted= or LoadCredential= of ",
                      name);
    n = snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= sizeof(path))
        return refuse(why, "$CREDENTIALS_DIRECTORY is too long", "");
    return from_file(path, key, why);
}

/* --- The kernel's keyring ------------------------------------------------- */

static long find_key(const char *name)
{
    static const int rings[] = { KEY_SPEC_SESSION_KEYRING,
                                 KEY_SPEC_USER_KEYRING };
    long id = -1;

    for (size_t i = 0; i < SALLY_LEN(rings) && id < 0; i++)
        id = syscall(SYS_keyctl, KEYCTL_SEARCH, rings[i], "user", name, 0);
    return id;
}

static enum sally_err from_keyring(const char *name, struct sally_secret *key,
                                   char *why)
{
    SALLY_ON_EXIT(content_wipe) struct content c = { { 0 } };
    long id = find_key(name);
    long n = id < 0 ? -1
                    : syscall(SYS_keyctl, KEYCTL_READ, id, c.bytes,
                              sizeof(c.bytes));

    if (n < 0 && errno == ENOSYS)
        return refuse(why, "this kernel has no keyrings", "");
    if (n < 0)
        return refuse(why, "no key of this name in the session's or user's "
                           "keyring that may be read: ",
                      strerror(errno));
    if (n != SALLY_MASTER_KEY_LEN)
        return take_hex((struct sally_span){ c.bytes,
                                             (size_t)n < sizeof(c.bytes)
                                                 ? (size_t)n
                                                 : sizeof(c.bytes) },
                        key, why);
    memcpy(key->bytes, c.bytes, SALLY_MASTER_KEY_LEN);
    key->len = SALLY_MASTER_KEY_LEN;
    return SALLY_E_OK;
}

/* --- Places --------------------------------------------------------------- */

static const struct place {
    const char *prefix;
    enum sally_err (*read)(const char *name, struct sally_secret *key,
                           char *why);
} places[] = {
    { "credential:", from_credential },
    { "keyring:", from_keyring },
};

static const struct place *place_of(const char *text)
{
    for (size_t i = 0; i < SALLY_LEN(places); i++)
        if (strncmp(text, places[i].prefix, strlen(places[i].prefix)) == 0)
            return &places[i];
    return NULL;
}

bool sally_master_is_elsewhere(const char *place)
{
    return place_of(place) != NULL;
}

enum sally_err sally_master_read(const char *place, struct sally_secret *key,
                                 char why[SALLY_KEYFILE_WHY])
{
    const struct place *p = place_of(place);
    const char *name = p == NULL ? place : place + strlen(p->prefix);

    if (p == NULL)
        return from_file(place, key, why);
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return refuse(why, "expected a name behind ", p->prefix);
    return p->read(name, key, why);
}
