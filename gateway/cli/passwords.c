/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/passwords.c - makes a line, and replaces the file as a whole. */
#include "cli/passwords.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "codec/base64.h"
#include "security/crypto.h"

#define SALT 16
#define HASH 32
#define FILE_MODE 0640
#define FILE_MAX (16u << 20) /* bytes; a hundred thousand users need 10 MiB */

/* 16 MiB for each guess (RFC 7914 s.2: N = 2^14): what a small router can
 * spare for a moment.                                                       */
static const struct sally_scrypt cost = { 14, 8, 1 };

/* Base64, without the padding that the format leaves out. */
static void put_unpadded(struct sally_writer *w, struct sally_span bytes)
{
    uint8_t room[4 * HASH];
    struct sally_buf buf = SALLY_BUF(room);
    struct sally_writer inner = sally_writer_into(&buf);

    sally_put_base64(&inner, bytes);
    while (buf.len != 0 && room[buf.len - 1] == '=')
        buf.len--;
    sally_put(w, sally_buf_span(&buf));
}

enum sally_err sally_passwords_line(const char *name,
                                    struct sally_span password,
                                    const struct sally_random *random,
                                    char out[SALLY_PASSWORD_LINE])
{
    struct sally_buf buf = { (uint8_t *)out, 0, SALLY_PASSWORD_LINE - 1 };
    struct sally_writer w = sally_writer_into(&buf);
    uint8_t salt[SALT], hash[HASH];
    enum sally_err e;

    sally_random_fill(random, salt, sizeof(salt));
    e = sally_crypto_scrypt(password, (struct sally_span){ salt, SALT }, cost,
                            hash, HASH);
    if (e != SALLY_E_OK)
        return e;
    sally_put_format(&w, "%s:$scrypt$ln=%u,r=%u,p=%u$", name, cost.log2_n,
                     cost.r, cost.p);
    put_unpadded(&w, (struct sally_span){ salt, SALT });
    sally_put_u8(&w, '$');
    put_unpadded(&w, (struct sally_span){ hash, HASH });
    out[buf.len] = '\0';
    return sally_writer_end(&w);
}

/* The file, its folder, and the new one beside it. */
struct change {
    const char *path;
    char *folder, *fresh; /* owned */
    int folder_fd;        /* locked; -1: not open */
    struct stat old;      /* of the file, or of the folder if there is none */
    char *text;           /* owned; of the old file */
    size_t len;
};

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static bool begin(struct change *c)
{
    c->folder = folder_of(c->path);
    if (c->folder == NULL || asprintf(&c->fresh, "%s.XXXXXX", c->path) < 0)
        return false;
    c->folder_fd = open(c->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return c->folder_fd >= 0 && flock(c->folder_fd, LOCK_EX) == 0;
}

static bool read_text(struct change *c, FILE *f)
{
    if (c->old.st_size > (off_t)FILE_MAX) {
        errno = EFBIG;
        return false;
    }
    c->text = malloc((size_t)c->old.st_size + 1);
    if (c->text == NULL)
        return false;
    c->len = fread(c->text, 1, (size_t)c->old.st_size, f);
    return ferror(f) == 0;
}

/* A file that does not exist is an empty one. */
static bool read_old(struct change *c)
{
    FILE *f = fopen(c->path, "re");
    bool good;

    if (f == NULL)
        return errno == ENOENT && fstat(c->folder_fd, &c->old) == 0;
    good = fstat(fileno(f), &c->old) == 0 && read_text(c, f);
    return fclose(f) == 0 && good;
}

static bool is_line_of(struct sally_span line, const char *name)
{
    struct sally_span key = sally_span_of(name);

    return line.len > key.len && line.at[key.len] == ':' &&
           sally_span_starts(line, key);
}

/* All lines but that of `name`; `line` in its place, or at the end. */
static bool write_lines(const struct change *c, const char *name,
                        const char *line, FILE *f)
{
    struct sally_cursor cursor = sally_cursor_over(
        (struct sally_span){ (const uint8_t *)c->text, c->len });
    bool found = false;

    while (cursor.rest.len != 0) {
        struct sally_span one = sally_take_until(&cursor, '\n');

        if (!is_line_of(one, name))
            fprintf(f, "%.*s\n", (int)one.len, (const char *)one.at);
        else if (line != NULL && !found)
            fprintf(f, "%s\n", line);
        found = found || is_line_of(one, name);
    }
    if (!found && line != NULL)
        fprintf(f, "%s\n", line);
    return found;
}

static bool own(const struct change *c, int fd)
{
    if (fchmod(fd, FILE_MODE) != 0)
        return false;
    /* Only root may give the file away; others make it theirs. */
    return fchown(fd, c->old.st_uid, c->old.st_gid) == 0 || geteuid() != 0;
}

static enum sally_err replace(struct change *c, const char *name,
                              const char *line)
{
    int fd = mkostemp(c->fresh, O_CLOEXEC);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    bool found, good;

    if (f == NULL) {
        if (fd >= 0)
            close(fd);
        return SALLY_E_IO;
    }
    found = write_lines(c, name, line, f);
    good = own(c, fd) && fflush(f) == 0 && ferror(f) == 0 && fsync(fd) == 0;
    good = fclose(f) == 0 && good;
    if (good && !found && line == NULL) {
        unlink(c->fresh);
        return SALLY_E_NOT_FOUND;
    }
    if (good && rename(c->fresh, c->path) == 0)
        return fsync(c->folder_fd) == 0 ? SALLY_E_OK : SALLY_E_IO;
    unlink(c->fresh);
    return SALLY_E_IO;
}

enum sally_err sally_passwords_change(const char *path, const char *name,
                                      const char *line)
{
    struct change c = { .path = path, .folder_fd = -1 };
    enum sally_err e = SALLY_E_IO;
    int kept;

    if (begin(&c) && read_old(&c))
        e = replace(&c, name, line);
    kept = errno;
    if (c.folder_fd >= 0)
        close(c.folder_fd); /* and unlocks */
    free(c.folder);
    free(c.fresh);
    free(c.text);
    errno = kept;
    return e;
}
