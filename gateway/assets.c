/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/assets.c - opens files and sockets, with messages to act on. */
#include "assets.h"

#include "config/bundle.h"
#include "config/keyfile.h"
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static unsigned complain_memory(const struct sally_assets *a, FILE *report)
{
    fprintf(report, "%s: not enough memory\n", a->config.file);
    return 1;
}

static unsigned complain_bundle(const struct sally_assets *a, enum sally_err e,
                                FILE *report)
{
    fprintf(report, "%s: cannot be passed on to the roles: %s\n",
            a->config.file,
            e == SALLY_E_IO ? strerror(errno) : sally_err_text(e));
    return 1;
}

static unsigned complain_master(const struct sally_assets *a, const char *why,
                                FILE *report)
{
    fprintf(report, "%s:%u: master_key_file: %s\n", a->config.file,
            a->config.fixed_lines[SALLY_FIXED_MASTER_KEY], why);
    return 1;
}

/* Once, since what was sealed needs it as long as the gateway runs. */
static unsigned open_master(struct sally_assets *a, FILE *report)
{
    char why[SALLY_KEYFILE_WHY] = "";

    if (sally_keys_holder(&a->keys, &a->holder) != SALLY_E_OK) {
        fprintf(report, "%s: keys cannot be passed on: %s\n", a->config.file,
                strerror(errno));
        return 1;
    }
    if (a->config.master_key_file[0] == '\0' ||
        sally_keys_master(&a->config, &a->master, why) ==
            SALLY_E_OK)
        return 0;
    return complain_master(a, why, report);
}

void sally_assets_init(struct sally_assets *a)
{
    *a = (struct sally_assets){
        .master = -1,
        .holder = -1,
        .bundle = -1,
        .console = -1,
        .passwords = -1
    };
    sally_keys_init(&a->keys);
    sally_keys_init(&a->local);
    sally_sockets_init(&a->sockets);
}

static unsigned read_all(struct sally_assets *a, const char *main_file,
                         const struct sally_keys *running,
                         const struct sally_config *running_config,
                         FILE *report)
{
    unsigned bad = sally_config_files_read(main_file, &a->files, report);

    if (bad == 0)
        bad = sally_config_load(a->files.files, a->files.count, &a->config,
                                report);
    if (bad != 0)
        return bad;
    bad = sally_keys_read(&a->keys, &a->config, running, running_config,
                          report);
    return bad +
           sally_keys_read_local(&a->local, &a->config, &a->keys, report);
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

    a->passwords = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
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

unsigned sally_assets_read(struct sally_assets *a, const char *main_file,
                           FILE *report)
{
    unsigned bad;

    sally_assets_init(a);
    bad = read_all(a, main_file, NULL, NULL, report);
    if (bad != 0)
        return bad;
    bad = open_passwords(a, report);
    return bad + open_master(a, report);
}

/* --- Opening ------------------------------------------------------------- */

/* Puts all in its slots by the plan, for us as for the roles. From then on the
 * bundle has the texts.                                                     */
static unsigned make_bundle(struct sally_assets *a, FILE *report)
{
    enum sally_err e = sally_keys_assign(&a->keys, &a->config, &a->plan);
    unsigned bad;

    if (e == SALLY_E_OK)
        e = sally_keys_assign(&a->local, &a->config, &a->plan);
    if (e == SALLY_E_OK)
        e = sally_config_arrange(&a->config, &a->plan);
    if (e == SALLY_E_OK)
        e = sally_bundle_make(&a->plan, a->files.files, a->files.count,
                              &a->bundle);
    bad = e == SALLY_E_OK ? 0 : complain_bundle(a, e, report);
    sally_config_files_wipe(&a->files);
    return bad;
}

unsigned sally_assets_open(struct sally_assets *a, FILE *report)
{
    const struct sally_config *c = &a->config;
    unsigned bad = sally_place_state(c, report);

    bad += sally_sockets_plan(&a->sockets, c, NULL, report);
    if (bad == 0)
        bad += sally_place_console(c, &a->console, report);
    if (bad == 0 && sally_plan_first(c, &a->plan) != SALLY_E_OK)
        bad = complain_memory(a, report);
    return bad == 0 ? make_bundle(a, report) : bad;
}

/* --- The next ones -------------------------------------------------------- */

/* A sensor whose key files hold something else is another sensor, though the
 * configuration says the same.                                              */
static unsigned make_plan(struct sally_assets *next,
                          const struct sally_assets *a,
                          const struct sally_config *running, FILE *report)
{
    const struct sally_config *c = &next->config;
    enum sally_err e = SALLY_E_NO_MEMORY;
    bool *sensors = calloc(c->sensor_count + c->server_count + 1, 1);

    if (sensors != NULL) {
        bool *servers = &sensors[c->sensor_count];

        sally_keys_compare(&next->keys, c, &a->keys, running, sensors,
                           servers);
        sally_keys_compare(&next->local, c, &a->local, running, sensors,
                           servers);
        e = sally_plan_next(running, c, sensors, servers, &next->plan,
                            &next->counts);
    }
    free(sensors);
    return e == SALLY_E_OK ? 0 : complain_memory(next, report);
}

static unsigned read_next(struct sally_assets *next,
                          const struct sally_assets *a,
                          const struct sally_config *running, FILE *report)
{
    unsigned bad = read_all(next, running->file, &a->keys, running, report);

    if (bad != 0)
        return bad;
    bad = sally_config_check_fixed(running, &next->config, report);
    bad += sally_sockets_plan(&next->sockets, &next->config, &a->sockets,
                              report);
    bad += open_passwords(next, report);
    if (bad == 0)
        bad = make_plan(next, a, running, report);
    return bad == 0 ? make_bundle(next, report) : bad;
}

/* Our own copy has no sensors any more; the bundle has. */
unsigned sally_assets_next(struct sally_assets *next,
                           const struct sally_assets *a, FILE *report)
{
    struct sally_config *running = NULL;
    unsigned bad;

    sally_assets_init(next);
    if (sally_bundle_load(a->bundle, &running, report) != SALLY_E_OK)
        return complain_memory(a, report);
    bad = read_next(next, a, running, report);
    sally_bundle_config_free(running);
    return bad;
}

void sally_assets_rest(struct sally_assets *a)
{
    sally_config_forget_sensors(&a->config);
}

void sally_assets_adopt(struct sally_assets *a, struct sally_assets *next)
{
    next->console = a->console;
    next->master = a->master;
    next->holder = a->holder;
    a->console = a->master = a->holder = -1;
    sally_assets_wipe(a);
    *a = *next;
    sally_assets_init(next);
}

void sally_assets_wipe(struct sally_assets *a)
{
    sally_sockets_wipe(&a->sockets);
    close_one(&a->master);
    close_one(&a->holder);
    close_one(&a->bundle);
    close_one(&a->console);
    close_one(&a->passwords);
    sally_keys_wipe(&a->keys);
    sally_keys_wipe(&a->local);
    sally_plan_wipe(&a->plan);
    sally_config_wipe(&a->config);
    sally_config_files_wipe(&a->files);
    sally_assets_init(a);
}
