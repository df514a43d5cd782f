/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/archive.c - writes and reads the file of a backup. */
#include "cli/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/writer.h"

#define MAGIC "sallyport backup 1\n"
#define END 255 /* the kind of the last record */
#define PLAIN_MAX (2 + SALLY_KEPT_NAME_MAX + SALLY_KEPT_BODY_MAX)
#define SEALED_MAX (PLAIN_MAX + SALLY_SEAL_OVERHEAD)

/* Which backup, and which place in it. */
static struct sally_span context_of(const struct sally_archive *a,
                                    struct sally_buf *room)
{
    struct sally_writer w = sally_writer_into(room);

    sally_put(&w, (struct sally_span){ a->name, sizeof(a->name) });
    sally_put_u64(&w, a->count);
    return sally_buf_span(room);
}

void sally_archive_close(struct sally_archive *a)
{
    if (a->file != NULL)
        (void)fclose(a->file);
    a->file = NULL;
}

/* --- Writing -------------------------------------------------------------- */

static enum sally_err write_all(const struct sally_archive *a, const void *at,
                                size_t len)
{
    return fwrite(at, 1, len, a->file) == len ? SALLY_E_OK : SALLY_E_IO;
}

enum sally_err sally_archive_make(struct sally_archive *a, const char *path,
                                  const struct sally_sealer *s)
{
    const struct sally_random random = sally_crypto_random();
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum sally_err e;

    *a = (struct sally_archive){ .sealer = s };
    if (fd < 0)
        return SALLY_E_IO;
    a->file = fdopen(fd, "wb");
    if (a->file == NULL) {
        (void)close(fd);
        return SALLY_E_IO;
    }
    sally_random_fill(&random, a->name, sizeof(a->name));
    e = write_all(a, MAGIC, strlen(MAGIC));
    return e == SALLY_E_OK ? write_all(a, a->name, sizeof(a->name)) : e;
}

static enum sally_err put(struct sally_archive *a, uint8_t kind,
                          struct sally_span name, struct sally_span body)
{
    uint8_t plain[PLAIN_MAX], room[4 + SEALED_MAX], where[24];
    struct sally_buf in = SALLY_BUF(plain), out = SALLY_BUF(room);
    struct sally_buf context = SALLY_BUF(where);
    struct sally_writer w = sally_writer_into(&in), head;
    enum sally_err e;

    sally_put_u8(&w, kind);
    sally_put_u8(&w, (uint8_t)name.len);
    sally_put(&w, name);
    sally_put(&w, body);
    e = sally_writer_end(&w);
    head = sally_writer_into(&out);
    sally_put_uint(&head, in.len + SALLY_SEAL_OVERHEAD, 4);
    if (e == SALLY_E_OK)
        e = sally_seal(a->sealer, "backup", context_of(a, &context),
                       sally_buf_span(&in), sally_crypto_random(), &out);
    a->count++;
    return e == SALLY_E_OK ? write_all(a, out.at, out.len) : e;
}

enum sally_err sally_archive_put(struct sally_archive *a,
                                 const struct sally_kept_place *at,
                                 struct sally_span body)
{
    if (at->name.len > SALLY_KEPT_NAME_MAX)
        return SALLY_E_TOO_LARGE;
    return put(a, (uint8_t)at->what, at->name, body);
}

enum sally_err sally_archive_finish(struct sally_archive *a)
{
    const struct sally_span none = { NULL, 0 };
    enum sally_err e = put(a, END, none, none);

    if (e == SALLY_E_OK &&
        (fflush(a->file) != 0 || fsync(fileno(a->file)) != 0))
        e = SALLY_E_IO;
    return e;
}

/* --- Reading -------------------------------------------------------------- */

static enum sally_err read_all(const struct sally_archive *a, void *at,
                               size_t len)
{
    if (fread(at, 1, len, a->file) == len)
        return SALLY_E_OK;
    return ferror(a->file) != 0 ? SALLY_E_IO : SALLY_E_TRUNCATED;
}

enum sally_err sally_archive_open(struct sally_archive *a, const char *path,
                                  const struct sally_sealer *s)
{
    char magic[sizeof(MAGIC)] = "";

    *a = (struct sally_archive){ .file = fopen(path, "rbe"), .sealer = s };
    if (a->file == NULL)
        return SALLY_E_IO;
    if (read_all(a, magic, strlen(MAGIC)) != SALLY_E_OK ||
        strcmp(magic, MAGIC) != 0 ||
        read_all(a, a->name, sizeof(a->name)) != SALLY_E_OK)
        return SALLY_E_MALFORMED;
    return SALLY_E_OK;
}

/* The next record, out of its seal. */
static enum sally_err next(struct sally_archive *a, struct sally_buf *plain)
{
    uint8_t head[4], room[SEALED_MAX], where[24];
    struct sally_cursor c = sally_cursor_over((struct sally_span){ head, 4 });
    struct sally_buf context = SALLY_BUF(where);
    enum sally_err e = read_all(a, head, sizeof(head));
    const size_t len = sally_take_u32(&c);

    if (e == SALLY_E_OK && len > sizeof(room))
        e = SALLY_E_MALFORMED;
    if (e == SALLY_E_OK)
        e = read_all(a, room, len);
    if (e == SALLY_E_OK)
        e = sally_unseal(a->sealer, "backup", context_of(a, &context),
                         (struct sally_span){ room, len }, plain);
    a->count++;
    return e;
}

enum sally_err sally_archive_read(struct sally_archive *a,
                                  sally_store_kept_row *each, void *owner)
{
    uint8_t bytes[PLAIN_MAX];

    a->count = 0;
    if (fseek(a->file, (long)(strlen(MAGIC) + sizeof(a->name)), SEEK_SET) != 0)
        return SALLY_E_IO;
    for (;;) {
        struct sally_buf plain = SALLY_BUF(bytes);
        enum sally_err e = next(a, &plain);
        struct sally_cursor c = sally_cursor_over(sally_buf_span(&plain));
        unsigned kind = sally_take_u8(&c);
        struct sally_kept_place at = { (enum sally_kept)kind, 0,
                                       sally_take(&c, sally_take_u8(&c)) };

        if (e != SALLY_E_OK)
            return e;
        if (c.failed)
            return SALLY_E_MALFORMED;
        if (kind == END || !each(owner, &at, c.rest))
            return SALLY_E_OK;
    }
}
