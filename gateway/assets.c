/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/assets.c - opens files and sockets, with messages to act on. */
#include "assets.h"

#include "config/bundle.h"
#include "config/keyfile.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static bool open_key(struct sally_assets *a, uint32_t sensor, uint32_t account,
                     FILE *report)
{
    const struct sally_config_sensor *s = &a->config.sensors[sensor];
    const struct sally_config_account *k = &s->accounts[account];
    struct sally_key_asset *key = &a->keys[a->key_count];
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret secret = { .len = 0 };
    char why[SALLY_KEYFILE_WHY] = "";

    if (k->key_file[0] == '\0')
        return true;
    *key = (struct sally_key_asset){ sensor, account, -1 };
    if (sally_keyfile_open(k->key_file, geteuid(), &key->fd, why) !=
        SALLY_E_OK) {
        fprintf(report, "%s:%u: key_file: %s\n", s->file, k->line, why);
        return false;
    }
    a->key_count++;
    if (sally_keyfile_read(key->fd, &secret, why) != SALLY_E_OK) {
        fprintf(report, "%s:%u: key_file: %s: %s\n", s->file, k->line,
                k->key_file, why);
        return false;
    }
    if (why[0] != '\0')
        fprintf(report, "%s:%u: warning: key_file: %s: %s\n", s->file, k->line,
                k->key_file, why);
    return true;
}

static unsigned open_keys(struct sally_assets *a, FILE *report)
{
    unsigned bad = 0;
    size_t count = 0;

    for (size_t i = 0; i < a->config.sensor_count; i++)
        count += a->config.sensors[i].account_count;
    a->keys = calloc(count + 1, sizeof(*a->keys));
    if (a->keys == NULL) {
        fprintf(report, "%s: not enough memory\n", a->config.file);
        return 1;
    }
    for (uint32_t i = 0; i < a->config.sensor_count; i++)
        for (uint32_t k = 0; k < a->config.sensors[i].account_count; k++)
            bad += !open_key(a, i, k, report);
    return bad;
}

unsigned sally_assets_read(struct sally_assets *a, const char *main_file,
                           FILE *report)
{
    unsigned bad;

    *a = (struct sally_assets){ .bundle = -1, .console = -1, .passwords = -1 };
    sally_sockets_init(&a->sockets);
    bad = sally_config_files_read(main_file, &a->files, report);
    if (bad == 0)
        bad = sally_config_load(a->files.files, a->files.count, &a->config,
                                report);
    return bad == 0 ? open_keys(a, report) : bad;
}

/* --- Opening ------------------------------------------------------------- */

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

static unsigned open_state(const struct sally_config *c, FILE *report)
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

    close_one(&fd);
    return there;
}

static unsigned open_console(struct sally_assets *a, FILE *report)
{
    const char *path = a->config.console_socket;
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
    a->console = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (a->console >= 0 &&
        bind(a->console, (const struct sockaddr *)&at, sizeof(at)) == 0 &&
        chmod(path, 0660) == 0 && listen(a->console, SOMAXCONN) == 0)
        return 0;
    fprintf(report, "gateway.console.socket: cannot listen at %s: %s\n", path,
            strerror(errno));
    return 1;
}

static void warn_of_no_passwords(const struct sally_config *c, FILE *report)
{
    for (size_t i = 0; i < c->sensor_count; i++)
        for (size_t k = 0; k < c->sensors[i].auth_count; k++)
            if (c->sensors[i].auth[k].method == SALLY_AUTH_PASSWORD) {
                fprintf(report,
                        "%s: warning: there is no such file, so nobody gets in "
                        "by password; make it with sallyportctl passwd\n",
                        c->passwords_file);
                return;
            }
}

/* Hashes are no keys, but nobody needs to see them. */
static unsigned open_passwords(struct sally_assets *a, FILE *report)
{
    const char *path = a->config.passwords_file;
    struct stat st;

    a->passwords = open(path, O_RDONLY | O_CLOEXEC);
    if (a->passwords < 0 && errno == ENOENT) {
        warn_of_no_passwords(&a->config, report);
        return 0;
    }
    if (a->passwords < 0 || fstat(a->passwords, &st) != 0) {
        fprintf(report, "%s: cannot be read: %s\n", path, strerror(errno));
        return 1;
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & 027) == 0)
        return 0;
    fprintf(report,
            "%s: must be a file that others cannot read and the group cannot "
            "write: chmod 640\n",
            path);
    return 1;
}

/* What the roles start with: this configuration is the first one. */
static unsigned make_bundle(struct sally_assets *a, FILE *report)
{
    enum sally_err e = sally_plan_first(&a->config, &a->plan);

    if (e == SALLY_E_OK)
        e = sally_config_arrange(&a->config, &a->plan);
    if (e == SALLY_E_OK)
        e = sally_bundle_make(&a->plan, a->files.files, a->files.count,
                              &a->bundle);
    if (e != SALLY_E_OK)
        fprintf(report, "cannot make sealed memory: %s\n", sally_err_text(e));
    return e != SALLY_E_OK;
}

unsigned sally_assets_open(struct sally_assets *a, FILE *report)
{
    const struct sally_config *c = &a->config;
    unsigned bad = open_state(c, report);

    bad += sally_sockets_plan(&a->sockets, c, NULL, report);
    bad += open_passwords(a, report);
    if (bad == 0)
        bad += open_console(a, report);
    return bad == 0 ? make_bundle(a, report) : bad;
}

void sally_assets_wipe(struct sally_assets *a)
{
    for (size_t i = 0; i < a->key_count; i++)
        close_one(&a->keys[i].fd);
    sally_sockets_wipe(&a->sockets);
    close_one(&a->bundle);
    close_one(&a->console);
    close_one(&a->passwords);
    free(a->keys);
    sally_plan_wipe(&a->plan);
    sally_config_wipe(&a->config);
    sally_config_files_wipe(&a->files);
}
