/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/interop/shim/shim.c - system calls that fail when they are told to. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static struct shim nothing;
struct shim *shim = &nothing;

__attribute__((constructor)) static void find_orders(void)
{
    const char *path = getenv("SALLY_SHIM");
    int fd = path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path,
                                              O_RDWR | O_CLOEXEC, 0);
    void *at = fd < 0 ? MAP_FAILED
                      : mmap(NULL, sizeof(*shim), PROT_READ | PROT_WRITE,
                             MAP_SHARED, fd, 0);

    if (at != MAP_FAILED)
        shim = at;
    if (fd >= 0)
        (void)syscall(SYS_close, fd);
}

/* --- The disk ------------------------------------------------------------ */

static bool is_below(const char *path)
{
    return strncmp(path, shim->below, strlen(shim->below)) == 0;
}

static bool is_one_of_those(int fd)
{
    char link[32], path[512];
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    if (n < 0)
        return false;
    path[n] = '\0';
    return is_below(path);
}

static bool is_up(void)
{
    if (atomic_load(&shim->after) > 0 && atomic_fetch_sub(&shim->after, 1) > 0)
        return false;
    if (atomic_load(&shim->times) <= 0 ||
        atomic_fetch_sub(&shim->times, 1) <= 0)
        return false;
    atomic_fetch_add(&shim->failed, 1);
    return true;
}

/* True, with errno set, if this call on a descriptor fails. */
static bool fails(int call, int fd)
{
    if ((shim->calls & call) == 0 || !is_one_of_those(fd) || !is_up())
        return false;
    errno = shim->error;
    return true;
}

static int do_open(const char *path, int flags, mode_t mode)
{
    if ((shim->calls & SHIM_OPEN) != 0 && is_below(path) && is_up()) {
        errno = shim->error != 0 ? shim->error : EIO;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* Under labels of their own: a header may give the same name to two of them. */
int shim_open(const char *path, int flags, ...) __asm__("open");
int shim_open64(const char *path, int flags, ...) __asm__("open64");
ssize_t shim_write(int fd, const void *at, size_t n) __asm__("write");
ssize_t shim_pwrite(int fd, const void *at, size_t n,
                    off_t to) __asm__("pwrite");
ssize_t shim_pwrite64(int fd, const void *at, size_t n,
                      off_t to) __asm__("pwrite64");
int shim_fsync(int fd) __asm__("fsync");
int shim_fdatasync(int fd) __asm__("fdatasync");
int shim_ftruncate(int fd, off_t to) __asm__("ftruncate");
int shim_ftruncate64(int fd, off_t to) __asm__("ftruncate64");

int shim_open(const char *path, int flags, ...)
{
    va_list more;
    mode_t mode;

    va_start(more, flags);
    mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return do_open(path, flags, mode);
}

int shim_open64(const char *path, int flags, ...)
{
    va_list more;
    mode_t mode;

    va_start(more, flags);
    mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return do_open(path, flags, mode);
}

ssize_t shim_write(int fd, const void *at, size_t n)
{
    if (fails(SHIM_WRITE, fd)) {
        if (shim->error != 0 || n < 2)
            return -1;
        n /= 2;
    }
    return syscall(SYS_write, fd, at, n);
}

ssize_t shim_pwrite(int fd, const void *at, size_t n, off_t to)
{
    if (fails(SHIM_WRITE, fd)) {
        if (shim->error != 0 || n < 2)
            return -1;
        n /= 2;
    }
    return syscall(SYS_pwrite64, fd, at, n, to);
}

ssize_t shim_pwrite64(int fd, const void *at, size_t n, off_t to)
{
    return shim_pwrite(fd, at, n, to);
}

int shim_fsync(int fd)
{
    return fails(SHIM_SYNC, fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

int shim_fdatasync(int fd)
{
    return fails(SHIM_SYNC, fd) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int shim_ftruncate(int fd, off_t to)
{
    return fails(SHIM_TRUNCATE, fd) ? -1
                                    : (int)syscall(SYS_ftruncate, fd, to);
}

int shim_ftruncate64(int fd, off_t to)
{
    return shim_ftruncate(fd, to);
}

/* --- The clock ----------------------------------------------------------- */

int shim_clock(clockid_t which, struct timespec *t) __asm__("clock_gettime");
int shim_timeofday(struct timeval *t, void *zone) __asm__("gettimeofday");
time_t shim_time(time_t *out) __asm__("time");

int shim_clock(clockid_t which, struct timespec *t)
{
    long rc = syscall(SYS_clock_gettime, which, t);

    if (rc == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
        t->tv_sec += shim->clock_offset;
    return (int)rc;
}

int shim_timeofday(struct timeval *t, void *zone)
{
    struct timespec now;

    (void)zone;
    (void)shim_clock(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t shim_time(time_t *out)
{
    struct timespec now;

    (void)shim_clock(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}
