/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/machine.c - looks at the files in which the kernel names hardware. */
#include "machine.h"

#include "base/text.h"
#include "base/writer.h"
#include "config/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FACT_MAX 128 /* bytes of a file that are looked at */
#define PATH_ROOM 512
#define INTERFACES_MAX 16

/* Of them all: some are for root only, or of other machines. */
static const struct source {
    unsigned kind;
    const char *path;
} sources[] = {
    { SALLY_KEYRING_SYSTEM, "/etc/machine-id" },
    { SALLY_KEYRING_HARDWARE, "/sys/firmware/devicetree/base/serial-number" },
    { SALLY_KEYRING_HARDWARE, "/sys/class/dmi/id/product_uuid" },
    { SALLY_KEYRING_HARDWARE, "/sys/class/dmi/id/board_serial" },
};

/* What is left after blanks and zero bytes; empty if it cannot be read. */
static struct sally_span read_short(const char *path, uint8_t room[FACT_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, room, FACT_MAX);
    size_t len = n < 0 ? 0 : (size_t)n;

    if (fd >= 0)
        (void)close(fd);
    while (len > 0 && room[len - 1] == 0)
        len--;
    return sally_text_trim((struct sally_span){ room, len });
}

static struct sally_span read_below(const char *root, const char *path,
                                    uint8_t room[FACT_MAX])
{
    char full[PATH_ROOM];
    int n = snprintf(full, sizeof(full), "%s%s", root, path);

    if (n < 0 || (size_t)n >= sizeof(full))
        return (struct sally_span){ room, 0 };
    return read_short(full, room);
}

static void put_fact(struct sally_buf *out, unsigned kind,
                     struct sally_span fact)
{
    if (fact.len != 0)
        (void)!sally_keyring_part(out, kind, fact);
}

/* --- Interfaces ----------------------------------------------------------- */

/* One of a device, with the address that its maker gave it: bridges, tunnels
 * and addresses made at random say nothing.                                 */
static bool is_hardware(const char *root, const char *name)
{
    uint8_t room[FACT_MAX];
    char path[PATH_ROOM];
    int n = snprintf(path, sizeof(path), "%s/sys/class/net/%s/device", root,
                     name);

    if (n < 0 || (size_t)n >= sizeof(path) || access(path, F_OK) != 0)
        return false;
    (void)snprintf(path, sizeof(path), "/sys/class/net/%s/addr_assign_type",
                   name);
    return sally_span_is(read_below(root, path, room), "0");
}

static void put_interface(const char *root, const char *name,
                          struct sally_buf *out)
{
    uint8_t room[FACT_MAX];
    char path[PATH_ROOM];
    int n = snprintf(path, sizeof(path), "/sys/class/net/%s/address", name);

    if (n > 0 && (size_t)n < sizeof(path) && is_hardware(root, name))
        put_fact(out, SALLY_KEYRING_HARDWARE, read_below(root, path, room));
}

static void put_interfaces(const char *root, struct sally_buf *out)
{
    char path[PATH_ROOM];
    int n = snprintf(path, sizeof(path), "%s/sys/class/net", root);
    DIR *dir = n < 0 || (size_t)n >= sizeof(path) ? NULL : opendir(path);
    const struct dirent *e;

    for (size_t i = 0; dir != NULL && i < INTERFACES_MAX; i++) {
        e = readdir(dir);
        if (e == NULL)
            break;
        if (e->d_name[0] != '.')
            put_interface(root, e->d_name, out);
    }
    if (dir != NULL)
        (void)closedir(dir);
}

enum sally_err sally_machine_facts(const char *root, const char *file,
                                   struct sally_buf *out)
{
    uint8_t room[FACT_MAX];

    if (file[0] != '\0') {
        struct sally_span fact = read_short(file, room);

        put_fact(out, SALLY_KEYRING_HARDWARE, fact);
        return fact.len != 0 ? SALLY_E_OK : SALLY_E_IO;
    }
    for (size_t i = 0; i < SALLY_LEN(sources); i++)
        put_fact(out, sources[i].kind,
                 read_below(root, sources[i].path, room));
    put_interfaces(root, out);
    return SALLY_E_OK;
}
