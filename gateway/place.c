/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/place.c - makes and checks the places that a gateway lives in. */
#include "place.h"

#include "store/store.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The directory of `path` with all above it. */
static bool make_directories(const char *path, mode_t mode)
{
    char text[512];

    if (strlen(path) >= sizeof(text))
        return false;
    (void)memcpy(text, path, strlen(path) + 1);
    for (char *at = strchr(text + 1, '/'); at != NULL;
         at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(text, 0755) != 0 && errno != EEXIST)
            return false;
        *at = '/';
    }
    return mkdir(text, mode) == 0 || errno == EEXIST;
}

unsigned sally_place_state(const struct sally_config *c, FILE *report)
{
    if (!make_directories(c->state_dir, 0700)) {
        fprintf(report, "gateway.state_dir: cannot make %s: %s\n",
                c->state_dir, strerror(errno));
        return 1;
    }
    if (c->volatile_state || !sally_store_is_volatile(c->state_dir))
        return 0;
    fprintf(report,
            "gateway.state_dir: %s is in memory and would lose readings in a "
            "power cut; move it to a disk, or set volatile = true\n",
            c->state_dir);
    return 1;
}

/* A socket file without anybody behind it is left of a gateway that was
 * killed; one that is listened at belongs to another gateway.               */
static bool is_listened_at(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool there = fd >= 0 &&
                 (connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ||
                  errno == EAGAIN);

    if (fd >= 0)
        (void)close(fd);
    return there;
}

unsigned sally_place_console(const struct sally_config *c, int *fd,
                             FILE *report)
{
    const char *path = c->console_socket;
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    char folder[sizeof(at.sun_path)];
    char *slash;

    if (strlen(path) >= sizeof(at.sun_path)) {
        fprintf(report, "gateway.console.socket: %s is too long\n", path);
        return 1;
    }
    (void)memcpy(at.sun_path, path, strlen(path) + 1);
    (void)memcpy(folder, path, strlen(path) + 1);
    slash = strrchr(folder, '/');
    if (slash != NULL && slash != folder) {
        *slash = '\0';
        (void)make_directories(folder, 0755);
    }
    if (is_listened_at(&at)) {
        fprintf(report,
                "gateway.console.socket: another gateway listens at %s\n",
                path);
        return 1;
    }
    (void)unlink(path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd >= 0 &&
        bind(*fd, (const struct sockaddr *)&at, sizeof(at)) == 0 &&
        chmod(path, 0660) == 0 && listen(*fd, SOMAXCONN) == 0)
        return 0;
    fprintf(report, "gateway.console.socket: cannot listen at %s: %s\n", path,
            strerror(errno));
    return 1;
}
