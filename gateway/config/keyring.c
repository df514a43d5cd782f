/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/keyring.c - records of one size in a memfd. Both ends run the
 * same binary, so a record is a struct that is copied.                      */
#include "config/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* As much of it as pwrite() and pread() take in one call. */
struct record {
    struct {
        uint32_t sensor, account;
    } whose;
    uint32_t len;
    uint8_t bytes[SALLY_SECRET_MAX];
};

static void wipe_record(struct record *r) { sally_wipe(r, sizeof(*r)); }

static off_t place_of(size_t i) { return (off_t)(i * sizeof(struct record)); }

static enum sally_err write_at(int fd, size_t i, const void *bytes, size_t n)
{
    ssize_t done;

    do
        done = pwrite(fd, bytes, n, place_of(i));
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

enum sally_err sally_keyring_put(int fd, size_t i,
                                 const struct sally_keyring_entry *entry)
{
    SALLY_ON_EXIT(wipe_record)
    struct record r = { { entry->sensor, entry->account },
                        (uint32_t)entry->key.len, { 0 } };

    for (size_t k = 0; k < entry->key.len; k++)
        r.bytes[k] = entry->key.bytes[k];
    return write_at(fd, i, &r, sizeof(r));
}

enum sally_err sally_keyring_assign(int fd, size_t i, uint32_t sensor,
                                    uint32_t account)
{
    const struct record r = { .whose = { sensor, account } };

    return write_at(fd, i, &r.whose, sizeof(r.whose));
}

enum sally_err sally_keyring_seal(int fd)
{
    return fcntl(fd, F_ADD_SEALS, SEALS) == 0 ? SALLY_E_OK : SALLY_E_IO;
}

enum sally_err sally_keyring_count(int fd, size_t *count)
{
    struct stat s;

    if (fcntl(fd, F_GET_SEALS) != SEALS)
        return SALLY_E_BAD_STATE;
    if (fstat(fd, &s) != 0)
        return SALLY_E_IO;
    if (s.st_size < 0 || (size_t)s.st_size % sizeof(struct record) != 0)
        return SALLY_E_MALFORMED;
    *count = (size_t)s.st_size / sizeof(struct record);
    return SALLY_E_OK;
}

enum sally_err sally_keyring_read(int fd, size_t i,
                                  struct sally_keyring_entry *out)
{
    SALLY_ON_EXIT(wipe_record) struct record r = { .len = 0 };
    ssize_t n;

    do
        n = pread(fd, &r, sizeof(r), place_of(i));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return SALLY_E_IO;
    if (n != (ssize_t)sizeof(r) || r.len > sizeof(r.bytes))
        return SALLY_E_MALFORMED;
    out->sensor = r.whose.sensor;
    out->account = r.whose.account;
    return sally_secret_set(&out->key,
                            (struct sally_span){ r.bytes, r.len });
}
