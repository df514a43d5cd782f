/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/lock.c - one gateway per state directory, and what lies below
 * it.                                                                       */
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#define TMPFS 0x01021994L /* statfs(2) */
#define RAMFS 0x858458f6L

bool sally_store_is_volatile(const char *dir)
{
    struct statfs fs;

    if (statfs(dir, &fs) != 0)
        return false;
    return (uint32_t)fs.f_type == TMPFS || (uint32_t)fs.f_type == RAMFS;
}

/* One that lost its supervisor just now ends soon, or when its disk lets it;
 * another one that runs does not.                                           */
static bool take(int file)
{
    const struct timespec pause = { 0, 20000000L };

    for (int tries = 0; flock(file, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (errno != EWOULDBLOCK || tries == 250) /* 5 s */
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

/* The file stays when the lock goes: removing it would race with another
 * gateway that has opened it already.                                       */
enum sally_err sally_store_lock(const char *dir, int *fd)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/sallyport.lock", dir);
    int file;

    if (n < 0 || (size_t)n >= sizeof(path))
        return SALLY_E_IO;
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return SALLY_E_IO;
    if (!take(file)) {
        int why = errno;

        close(file);
        return why == EWOULDBLOCK ? SALLY_E_BUSY : SALLY_E_IO;
    }
    *fd = file;
    return SALLY_E_OK;
}
