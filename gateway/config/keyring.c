/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/keyring.c - entries in a memfd. Both ends run the same binary,
 * so the head of an entry is a struct that is copied.                       */
#include "config/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/secret.h"
#include "base/writer.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define PART_HEAD 5 /* bytes: kind and length */

struct head {
    struct {
        uint32_t sensor, account;
    } whose;
    uint32_t len;
};

/* --- Parts --------------------------------------------------------------- */

enum sally_err sally_keyring_part(struct sally_buf *to, unsigned kind,
                                  struct sally_span bytes)
{
    struct sally_writer w = sally_writer_into(to);

    if (to->room - to->len < PART_HEAD ||
        bytes.len > to->room - to->len - PART_HEAD)
        return SALLY_E_NO_ROOM;
    sally_put_u8(&w, (uint8_t)kind);
    sally_put_u32(&w, (uint32_t)bytes.len);
    sally_put(&w, bytes);
    return SALLY_E_OK;
}

bool sally_keyring_take(struct sally_span *parts, unsigned *kind,
                        struct sally_span *bytes)
{
    struct sally_cursor c = sally_cursor_over(*parts);

    if (parts->len == 0)
        return false;
    *kind = sally_take_u8(&c);
    *bytes = sally_take(&c, sally_take_u32(&c));
    if (c.failed)
        return false;
    *parts = c.rest;
    return true;
}

/* --- Writing ------------------------------------------------------------- */

static enum sally_err write_at(int fd, uint64_t at, const void *bytes, size_t n)
{
    ssize_t done;

    do
        done = pwrite(fd, bytes, n, (off_t)at);
    while (done < 0 && errno == EINTR);
    if (done >= 0 && (size_t)done < n)
        errno = ENOSPC;
    return done == (ssize_t)n ? SALLY_E_OK : SALLY_E_IO;
}

enum sally_err sally_keyring_make(int *fd)
{
    *fd = memfd_create("sallyport-keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return *fd >= 0 ? SALLY_E_OK : SALLY_E_IO;
}

enum sally_err sally_keyring_put(int fd,
                                 const struct sally_keyring_entry *entry,
                                 uint64_t *place)
{
    const struct head h = { { entry->sensor, entry->account },
                            (uint32_t)entry->parts.len };
    struct stat s;
    enum sally_err e;

    if (entry->parts.len > SALLY_KEYRING_MAX)
        return SALLY_E_TOO_LARGE;
    if (fstat(fd, &s) != 0)
        return SALLY_E_IO;
    *place = (uint64_t)s.st_size;
    e = write_at(fd, *place, &h, sizeof(h));
    if (e == SALLY_E_OK && entry->parts.len != 0)
        e = write_at(fd, *place + sizeof(h), entry->parts.at,
                     entry->parts.len);
    return e;
}

enum sally_err sally_keyring_assign(int fd, uint64_t place, uint32_t sensor,
                                    uint32_t account)
{
    const struct head h = { .whose = { sensor, account } };

    return write_at(fd, place, &h.whose, sizeof(h.whose));
}

enum sally_err sally_keyring_seal(int fd)
{
    return fcntl(fd, F_ADD_SEALS, SEALS) == 0 ? SALLY_E_OK : SALLY_E_IO;
}

/* --- Reading ------------------------------------------------------------- */

enum sally_err sally_keyring_open(struct sally_keyring *k, int fd)
{
    struct stat s;

    *k = (struct sally_keyring){ .fd = fd };
    if (fcntl(fd, F_GET_SEALS) != SEALS)
        return SALLY_E_BAD_STATE;
    if (fstat(fd, &s) != 0 || s.st_size < 0)
        return SALLY_E_IO;
    k->size = (uint64_t)s.st_size;
    return SALLY_E_OK;
}

static enum sally_err read_at(struct sally_keyring *k, void *out, size_t n)
{
    ssize_t done;

    do
        done = pread(k->fd, out, n, (off_t)k->at);
    while (done < 0 && errno == EINTR);
    if (done < 0)
        return SALLY_E_IO;
    k->at += (uint64_t)done;
    return (size_t)done == n ? SALLY_E_OK : SALLY_E_MALFORMED;
}

/* Wiped and given back, never grown by the allocator, which would copy. */
static enum sally_err make_room(struct sally_keyring *k, size_t size)
{
    if (k->room_size >= size)
        return SALLY_E_OK;
    sally_keyring_wipe(k);
    k->room = calloc(1, size);
    k->room_size = k->room == NULL ? 0 : size;
    return k->room == NULL ? SALLY_E_NO_MEMORY : SALLY_E_OK;
}

enum sally_err sally_keyring_next(struct sally_keyring *k,
                                  struct sally_keyring_entry *out)
{
    struct head h;
    enum sally_err e;

    if (k->at == k->size)
        return SALLY_E_NOT_FOUND;
    e = read_at(k, &h, sizeof(h));
    if (e == SALLY_E_OK && h.len > SALLY_KEYRING_MAX)
        e = SALLY_E_MALFORMED;
    if (e == SALLY_E_OK)
        e = make_room(k, h.len);
    if (e != SALLY_E_OK)
        return e;
    if (h.len > k->used)
        k->used = h.len;
    if (h.len != 0)
        e = read_at(k, k->room, h.len);
    if (e != SALLY_E_OK)
        return e;
    *out = (struct sally_keyring_entry){ h.whose.sensor, h.whose.account,
                                         { k->room, h.len } };
    return SALLY_E_OK;
}

void sally_keyring_wipe(struct sally_keyring *k)
{
    if (k->room != NULL)
        sally_wipe(k->room, k->used);
    free(k->room);
    k->room = NULL;
    k->used = k->room_size = 0;
}
