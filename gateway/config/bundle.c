/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/bundle.c - packs files into a memfd, and finds them again.
 *
 * Layout, numbers in network byte order: the generation; the number of places,
 * for each its slot and when it was born; the number of files; for each the
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

/* Sensors and servers of one configuration at most. */
#define PLACES_MAX (100000 + SALLY_CONFIG_SERVERS_MAX)

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

/* In one write: there are as many places as sensors. */
static bool write_plan(int fd, const struct sally_plan *p)
{
    size_t size = 8 + p->count * 8;
    uint8_t *bytes = calloc(1, size);
    struct sally_buf buf = { bytes, 0, size };
    struct sally_writer w = sally_writer_into(&buf);
    bool good;

    if (bytes == NULL)
        return false;
    sally_put_u32(&w, p->generation);
    sally_put_u32(&w, (uint32_t)p->count);
    for (size_t i = 0; i < p->count; i++) {
        sally_put_u32(&w, p->places[i].slot);
        sally_put_u32(&w, p->places[i].born);
    }
    good = p->count <= PLACES_MAX && sally_writer_end(&w) == SALLY_E_OK &&
           write_all(fd, bytes, size);
    free(bytes);
    return good;
}

enum sally_err sally_bundle_make(const struct sally_plan *plan,
                                 const struct sally_config_file *files,
                                 size_t count, int *fd)
{
    int made =
        memfd_create("sallyport-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool good =
        made >= 0 && write_plan(made, plan) && write_number(made, count);

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

static enum sally_err take_plan(struct sally_cursor *c, struct sally_plan *p)
{
    p->generation = sally_take_u32(c);
    p->count = sally_take_u32(c);
    if (c->failed || p->count > PLACES_MAX || p->count > c->rest.len / 8)
        return SALLY_E_MALFORMED;
    p->places = calloc(p->count + 1, sizeof(*p->places));
    if (p->places == NULL)
        return SALLY_E_NO_MEMORY;
    for (size_t i = 0; i < p->count; i++) {
        p->places[i].slot = sally_take_u32(c);
        p->places[i].born = sally_take_u32(c);
    }
    return SALLY_E_OK;
}

static enum sally_err take_parts(struct sally_bundle *b)
{
    struct sally_cursor c =
        sally_cursor_over((struct sally_span){ b->mapping, b->size });
    enum sally_err e = take_plan(&c, &b->plan);
    uint32_t count = sally_take_u32(&c);

    if (e != SALLY_E_OK)
        return e;
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
    e = take_parts(&b);
    if (e != SALLY_E_OK)
        sally_bundle_wipe(&b);
    else
        *out = b;
    return e;
}

void sally_bundle_wipe(struct sally_bundle *b)
{
    free(b->files);
    sally_plan_wipe(&b->plan);
    if (b->mapping != NULL)
        munmap(b->mapping, b->size);
    *b = (struct sally_bundle){ .files = NULL };
}

enum sally_err sally_bundle_load(int fd, struct sally_config **out,
                                 FILE *report)
{
    struct sally_bundle b = { .files = NULL };
    struct sally_config *c = calloc(1, sizeof(*c));
    enum sally_err e = SALLY_E_NO_MEMORY;

    if (c != NULL)
        e = sally_bundle_map(fd, &b);
    if (e == SALLY_E_OK &&
        sally_config_load(b.files, b.count, c, report) != 0)
        e = SALLY_E_MALFORMED;
    if (e == SALLY_E_OK)
        e = sally_config_arrange(c, &b.plan);
    sally_bundle_wipe(&b);
    if (e == SALLY_E_OK)
        *out = c;
    else
        sally_bundle_config_free(c);
    return e;
}

void sally_bundle_config_free(struct sally_config *c)
{
    if (c == NULL)
        return;
    sally_config_wipe(c);
    free(c);
}
