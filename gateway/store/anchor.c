/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/anchor.c - two records in a file, the newer one counts. */
#include "store/anchor.h"

#include "base/cursor.h"
#include "base/hash.h"
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAGIC 0x53414e31u /* "SAN1" */
#define RECORD 36         /* magic, name, count, check */
#define APART 4096        /* bytes: no write can damage both */

void sally_anchor_init(struct sally_anchor *a)
{
    *a = (struct sally_anchor){ .count = 0 };
    for (size_t i = 0; i < SALLY_ANCHORS_MAX; i++)
        a->fd[i] = -1;
}

void sally_anchor_close(struct sally_anchor *a)
{
    for (size_t i = 0; i < SALLY_ANCHORS_MAX; i++) {
        if (a->fd[i] >= 0)
            (void)close(a->fd[i]);
        a->fd[i] = -1;
    }
}

enum sally_err sally_anchor_open(struct sally_anchor *a, size_t i,
                                 const char *path)
{
    a->fd[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return a->fd[i] >= 0 ? SALLY_E_OK : SALLY_E_IO;
}

/* Against a write that was cut short; who can write the file can write this. */
static uint64_t check_of(struct sally_span record)
{
    static const struct sally_hash_key constant = { { 0, 0 } };

    return sally_hash(&constant, sally_span_sub(record, 0, RECORD - 8));
}

static bool take(int fd, off_t at, uint64_t *count, uint8_t *name)
{
    uint8_t bytes[RECORD];
    const struct sally_span record = { bytes, sizeof(bytes) };
    struct sally_cursor c = sally_cursor_over(record);
    uint32_t magic;
    ssize_t n;

    do
        n = pread(fd, bytes, sizeof(bytes), at);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(bytes))
        return false;
    magic = sally_take_u32(&c);
    sally_take_into(&c, name, SALLY_ANCHOR_NAME);
    *count = sally_take_u64(&c);
    return magic == MAGIC && sally_take_u64(&c) == check_of(record);
}

enum sally_err sally_anchor_read(const struct sally_anchor *a, size_t i,
                                 uint64_t *count,
                                 uint8_t name[SALLY_ANCHOR_NAME])
{
    uint64_t counts[2] = { 0, 0 };
    uint8_t names[2][SALLY_ANCHOR_NAME];
    bool first = take(a->fd[i], 0, &counts[0], names[0]);
    bool second = take(a->fd[i], APART, &counts[1], names[1]);
    size_t newer = second && (!first || counts[1] > counts[0]);

    if (!first && !second)
        return SALLY_E_NOT_FOUND;
    *count = counts[newer];
    memcpy(name, names[newer], SALLY_ANCHOR_NAME);
    return SALLY_E_OK;
}

static bool put(int fd, off_t at, struct sally_span record)
{
    ssize_t n;

    do
        n = pwrite(fd, record.at, record.len, at);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)record.len && fdatasync(fd) == 0;
}

enum sally_err sally_anchor_write(const struct sally_anchor *a)
{
    uint8_t bytes[RECORD];
    struct sally_buf record = SALLY_BUF(bytes);
    struct sally_writer w = sally_writer_into(&record);
    bool good = true;

    sally_put_u32(&w, MAGIC);
    sally_put(&w, (struct sally_span){ a->name, sizeof(a->name) });
    sally_put_u64(&w, a->count);
    sally_put_u64(&w, check_of((struct sally_span){ bytes, RECORD }));
    for (size_t i = 0; i < SALLY_ANCHORS_MAX; i++)
        if (a->fd[i] >= 0)
            good = put(a->fd[i], (off_t)(a->count % 2) * APART,
                       sally_buf_span(&record)) &&
                   good;
    return good ? SALLY_E_OK : SALLY_E_IO;
}
