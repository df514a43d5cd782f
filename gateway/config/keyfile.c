/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/keyfile.c - opens, checks and reads a file of keys or
 * certificates. */
#include "config/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static enum sally_err check(const char *path, uid_t service, bool secret,
                            const struct stat *s, char *why)
{
    mode_t mode = s->st_mode & 07777;
    mode_t theirs = secret ? S_IWGRP | S_IWOTH | S_IROTH : S_IWGRP | S_IWOTH;

    if (!S_ISREG(s->st_mode))
        return refuse(why, SALLY_E_NO_CREDENTIAL, "%s: is not a regular file",
                      path);
    if (s->st_uid != 0 && s->st_uid != service)
        return refuse(why, SALLY_E_NO_CREDENTIAL,
                      "%s: belongs to user %u; give it to root or to the "
                      "service's user with chown",
                      path, (unsigned)s->st_uid);
    if ((mode & theirs) != 0)
        return refuse(why, SALLY_E_NO_CREDENTIAL,
                      secret ? "%s: has mode %04o, so others can read or "
                               "change the key; use chmod 0600 or 0640"
                             : "%s: has mode %04o, so others can change it; "
                               "use chmod 0644",
                      path, (unsigned)mode);
    if (s->st_size > SALLY_KEYFILE_MAX)
        return refuse(why, SALLY_E_NO_CREDENTIAL,
                      "%s: is larger than %d bytes, so it is no file of keys "
                      "or certificates",
                      path, SALLY_KEYFILE_MAX);
    return SALLY_E_OK;
}

enum sally_err sally_keyfile_open(const char *path, uid_t service, bool secret,
                                  int *fd, char why[SALLY_KEYFILE_WHY])
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
        e = check(path, service, secret, &s, why);
    if (e != SALLY_E_OK) {
        close(opened);
        return e;
    }
    *fd = opened;
    return SALLY_E_OK;
}

enum sally_err sally_keyfile_read(int fd, struct sally_buf *out,
                                  char why[SALLY_KEYFILE_WHY])
{
    why[0] = '\0';
    while (out->len < out->room) {
        ssize_t n = pread(fd, &out->at[out->len], out->room - out->len,
                          (off_t)out->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return refuse(why, SALLY_E_IO, "the file cannot be read: %s",
                          strerror(errno));
        if (n == 0)
            return SALLY_E_OK;
        out->len += (size_t)n;
    }
    return refuse(why, SALLY_E_NO_CREDENTIAL,
                  "the file is larger than it may be");
}
