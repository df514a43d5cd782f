/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/bundle.c - packs files into a memfd, and finds them again.
 *
 * Layout, numbers in network byte order: the number of files; for each the
 * length of its path with the zero at its end, the length of its text, the
 * path, the text. Each number has four bytes.                               */
#include "config/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/writer.h"
#include "config/files.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static bool write_all(int fd, const void *bytes, size_t n)
{
    struct sally_span rest = { bytes, n };

    while (rest.len != 0) {
        ssize_t done = write(fd, rest.at, rest.len);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        rest = sally_span_sub(rest, (size_t)done, rest.len);
    }
    return true;
}

static bool write_number(int fd, size_t n)
{
    uint8_t bytes[4];
    struct sally_buf buf = SALLY_BUF(bytes);
    struct sally_writer w = sally_writer_into(&buf);

    sally_put_u32(&w, (uint32_t)n);
    return n <= UINT32_MAX && write_all(fd, bytes, sizeof(bytes));
}

static bool write_file(int fd, const struct sally_config_file *f)
{
    size_t path = strlen(f->path) + 1;

    return write_number(fd, path) && write_number(fd, f->text.len) &&
           write_all(fd, f->path, path) &&
           write_all(fd, f->text.at, f->text.len);
}

enum sally_err sally_bundle_make(const struct sally_config_file *files,
                                 size_t count, int *fd)
{
    int made =
        memfd_create("sallyport-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool good = made >= 0 && write_number(made, count);

    for (size_t i = 0; good && i < count; i++)
        good = write_file(made, &files[i]);
    good = good && fcntl(made, F_ADD_SEALS, SEALS) == 0;
    if (!good) {
        if (made >= 0)
            close(made);
        return SALLY_E_IO;
    }
    *fd = made;
    return SALLY_E_OK;
}

/* One file, if all of it is there and its path is one string. */
static bool take_file(struct sally_cursor *c, struct sally_config_file *f)
{
    uint32_t path_len = sally_take_u32(c);
    uint32_t text_len = sally_take_u32(c);
    struct sally_span path = sally_take(c, path_len);

    f->text = sally_take(c, text_len);
    if (c->failed || path.len == 0 ||
        memchr(path.at, 0, path.len) != &path.at[path.len - 1])
        return false;
    f->path = (const char *)path.at;
    return true;
}

static enum sally_err find_files(struct sally_bundle *b)
{
    struct sally_cursor c =
        sally_cursor_over((struct sally_span){ b->mapping, b->size });
    uint32_t count = sally_take_u32(&c);

    if (c.failed || count == 0 || count > SALLY_CONFIG_FILES_MAX)
        return SALLY_E_MALFORMED;
    b->files = calloc(count, sizeof(*b->files));
    if (b->files == NULL)
        return SALLY_E_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        if (!take_file(&c, &b->files[i]))
            return SALLY_E_MALFORMED;
    b->count = count;
    return sally_cursor_done(&c) ? SALLY_E_OK : SALLY_E_MALFORMED;
}

enum sally_err sally_bundle_map(int fd, struct sally_bundle *out)
{
    struct sally_bundle b = { .files = NULL };
    struct stat s;
    enum sally_err e;

    if (fcntl(fd, F_GET_SEALS) != SEALS)
        return SALLY_E_BAD_STATE;
    if (fstat(fd, &s) != 0)
        return SALLY_E_IO;
    if (s.st_size <= 0)
        return SALLY_E_MALFORMED;
    b.size = (size_t)s.st_size;
    b.mapping = mmap(NULL, b.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (b.mapping == MAP_FAILED)
        return SALLY_E_NO_MEMORY;
    e = find_files(&b);
    if (e != SALLY_E_OK)
        sally_bundle_wipe(&b);
    else
        *out = b;
    return e;
}

void sally_bundle_wipe(struct sally_bundle *b)
{
    free(b->files);
    if (b->mapping != NULL)
        munmap(b->mapping, b->size);
    *b = (struct sally_bundle){ .files = NULL };
}
