/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/keyfile.c - opens, checks and reads a key file. */
#include "config/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define FILE_MAX 4096 /* bytes; a key and a line break need 130 */

static enum sally_err refuse(char why[SALLY_KEYFILE_WHY], enum sally_err e,
                             const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum sally_err refuse(char why[SALLY_KEYFILE_WHY], enum sally_err e,
                             const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(why, SALLY_KEYFILE_WHY, format, args);
    va_end(args);
    return e;
}

static enum sally_err check(const char *path, uid_t service,
                            const struct stat *s, char *why)
{
    mode_t mode = s->st_mode & 07777;

    if (!S_ISREG(s->st_mode))
        return refuse(why, SALLY_E_NO_CREDENTIAL, "%s: is not a regular file",
                      path);
    if (s->st_uid != 0 && s->st_uid != service)
        return refuse(why, SALLY_E_NO_CREDENTIAL,
                      "%s: belongs to user %u; give it to root or to the "
                      "service's user with chown",
                      path, (unsigned)s->st_uid);
    if ((mode & (S_IWGRP | S_IWOTH | S_IROTH)) != 0)
        return refuse(why, SALLY_E_NO_CREDENTIAL,
                      "%s: has mode %04o, so others can read or change the "
                      "key; use chmod 0600 or 0640",
                      path, (unsigned)mode);
    if (s->st_size > FILE_MAX)
        return refuse(why, SALLY_E_NO_CREDENTIAL,
                      "%s: is larger than %d bytes; a key file holds one "
                      "line of hexadecimal digits",
                      path, FILE_MAX);
    return SALLY_E_OK;
}

enum sally_err sally_keyfile_open(const char *path, uid_t service, int *fd,
                                  char why[SALLY_KEYFILE_WHY])
{
    /* NONBLOCK: opening a FIFO must not hang; it is refused below. */
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat s;
    enum sally_err e;

    if (opened < 0)
        return refuse(why, SALLY_E_IO, "%s: cannot be opened: %s", path,
                      strerror(errno));
    /* Of the open file: what the name leads to could change after. */
    if (fstat(opened, &s) != 0)
        e = refuse(why, SALLY_E_IO, "%s: %s", path, strerror(errno));
    else
        e = check(path, service, &s, why);
    if (e != SALLY_E_OK) {
        close(opened);
        return e;
    }
    *fd = opened;
    return SALLY_E_OK;
}

/* What a file of FILE_MAX bytes holds, wiped with its scope. */
struct content {
    size_t len;
    uint8_t bytes[FILE_MAX + 1];
};

static void content_wipe(struct content *c) { sally_wipe(c, sizeof(*c)); }

static bool read_all(int fd, struct content *c)
{
    while (c->len < sizeof(c->bytes)) {
        ssize_t n = pread(fd, &c->bytes[c->len], sizeof(c->bytes) - c->len,
                          (off_t)c->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        c->len += (size_t)n;
    }
    return true; /* longer than allowed, which the parser refuses */
}

static enum sally_err parse(struct sally_span text, struct sally_secret *out,
                            char *why)
{
    struct sally_buf key = SALLY_BUF(out->bytes);
    enum sally_err e = sally_text_hex(text, &key);

    if (text.len == 0)
        return refuse(why, SALLY_E_NO_CREDENTIAL, "the key file is empty");
    if (e == SALLY_E_NO_ROOM)
        return refuse(why, SALLY_E_NO_CREDENTIAL,
                      "the key is longer than %d bytes", SALLY_SECRET_MAX);
    if (e != SALLY_E_OK)
        return refuse(why, SALLY_E_NO_CREDENTIAL,
                      "the key file must hold one line of hexadecimal "
                      "digits, two for each byte, and nothing else");
    out->len = key.len;
    if (out->len < SALLY_KEY_ADVISED)
        (void)refuse(why, e, "the key has %zu bytes; at least %d are advised",
                     out->len, SALLY_KEY_ADVISED);
    return SALLY_E_OK;
}

enum sally_err sally_keyfile_read(int fd, struct sally_secret *out,
                                  char why[SALLY_KEYFILE_WHY])
{
    SALLY_ON_EXIT(content_wipe) struct content c = { .len = 0 };
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret key = { .len = 0 };
    enum sally_err e;

    why[0] = '\0';
    if (!read_all(fd, &c))
        return refuse(why, SALLY_E_IO, "the key file cannot be read: %s",
                      strerror(errno));
    e = parse(sally_text_trim((struct sally_span){ c.bytes, c.len }), &key,
              why);
    if (e == SALLY_E_OK)
        *out = key;
    return e;
}
