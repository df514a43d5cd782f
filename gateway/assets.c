/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/assets.c - opens files and sockets, with messages to act on. */
#include "assets.h"

#include "config/bundle.h"
#include "config/keyfile.h"
#include "config/keyring.h"
#include "place.h"
#include "security/seal.h"

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

static enum sally_err digest(const struct sally_assets *a,
                             const struct sally_secret *key,
                             uint8_t out[SALLY_SHA256_LEN])
{
    const struct sally_span part = sally_secret_span(key);

    return sally_crypto_hmac(
        (struct sally_span){ a->digest_key, sizeof(a->digest_key) }, &part, 1,
        out);
}

static void wipe_entry(struct sally_keyring_entry *e)
{
    sally_secret_wipe(&e->key);
}

static bool keep_key(struct sally_assets *a,
                     const struct sally_keyring_entry *entry)
{
    struct sally_key_asset *key = &a->keys[a->key_count];

    *key = (struct sally_key_asset){ entry->sensor, entry->account, { 0 } };
    errno = EIO; /* of the digest */
    if (digest(a, &entry->key, key->digest) != SALLY_E_OK ||
        sally_keyring_put(a->keyring, a->key_count, entry) != SALLY_E_OK)
        return false;
    a->key_count++;
    return true;
}

static bool open_key(struct sally_assets *a, uint32_t sensor, uint32_t account,
                     FILE *report)
{
    const struct sally_config_sensor *s = &a->config.sensors[sensor];
    const struct sally_config_account *k = &s->accounts[account];
    SALLY_ON_EXIT(close_one) int fd = -1;
    SALLY_ON_EXIT(wipe_entry)
    struct sally_keyring_entry entry = { sensor, account, { .len = 0 } };
    char why[SALLY_KEYFILE_WHY] = "";

    if (k->key_file[0] == '\0')
        return true;
    if (sally_keyfile_open(k->key_file, geteuid(), &fd, why) != SALLY_E_OK) {
        fprintf(report, "%s:%u: key_file: %s\n", s->file, k->line, why);
        return false;
    }
    if (sally_keyfile_read(fd, &entry.key, why) != SALLY_E_OK) {
        fprintf(report, "%s:%u: key_file: %s: %s\n", s->file, k->line,
                k->key_file, why);
        return false;
    }
    if (!keep_key(a, &entry)) {
        fprintf(report, "%s:%u: key_file: cannot be passed on: %s\n", s->file,
                k->line, strerror(errno));
        return false;
    }
    if (why[0] != '\0')
        fprintf(report, "%s:%u: warning: key_file: %s: %s\n", s->file, k->line,
                k->key_file, why);
    return true;
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

static unsigned open_keys(struct sally_assets *a, FILE *report)
{
    unsigned bad = 0;
    size_t count = 0;

    for (size_t i = 0; i < a->config.sensor_count; i++)
        count += a->config.sensors[i].account_count;
    a->keys = calloc(count + 1, sizeof(*a->keys));
    if (a->keys == NULL)
        return complain_memory(a, report);
    if (sally_keyring_make(&a->keyring) != SALLY_E_OK)
        return complain_bundle(a, SALLY_E_IO, report);
    for (uint32_t i = 0; i < a->config.sensor_count; i++)
        for (uint32_t k = 0; k < a->config.sensors[i].account_count; k++)
            bad += !open_key(a, i, k, report);
    return bad;
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
    SALLY_ON_EXIT(close_one) int fd = -1;
    SALLY_ON_EXIT(wipe_entry)
    struct sally_keyring_entry entry = { SALLY_KEYRING_MASTER, 0,
                                         { .len = 0 } };
    char why[SALLY_KEYFILE_WHY] = "";

    if (a->config.master_key_file[0] == '\0')
        return 0;
    if (sally_keyfile_open(a->config.master_key_file, geteuid(), &fd, why) !=
            SALLY_E_OK ||
        sally_keyfile_read(fd, &entry.key, why) != SALLY_E_OK)
        return complain_master(a, why, report);
    if (entry.key.len != SALLY_MASTER_KEY_LEN)
        return complain_master(
            a, "expected 32 bytes, as 64 hexadecimal digits", report);
    if (sally_keyring_make(&a->master) != SALLY_E_OK ||
        sally_keyring_put(a->master, 0, &entry) != SALLY_E_OK ||
        sally_keyring_seal(a->master) != SALLY_E_OK)
        return complain_master(a, strerror(errno), report);
    return 0;
}

void sally_assets_init(struct sally_assets *a)
{
    *a = (struct sally_assets){
        .keyring = -1, .master = -1, .bundle = -1, .console = -1, .passwords = -1
    };
    sally_sockets_init(&a->sockets);
}

static unsigned read_all(struct sally_assets *a, const char *main_file,
                         FILE *report)
{
    unsigned bad = sally_config_files_read(main_file, &a->files, report);

    if (bad == 0)
        bad = sally_config_load(a->files.files, a->files.count, &a->config,
                                report);
    return bad == 0 ? open_keys(a, report) : bad;
}

unsigned sally_assets_read(struct sally_assets *a, const char *main_file,
                           FILE *report)
{
    const struct sally_random random = sally_crypto_random();
    unsigned bad;

    sally_assets_init(a);
    sally_random_fill(&random, a->digest_key, sizeof(a->digest_key));
    bad = read_all(a, main_file, report);
    return bad == 0 ? open_master(a, report) : bad;
}

/* --- Opening ------------------------------------------------------------- */

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

static int by_slot(const void *one, const void *other)
{
    const struct sally_key_asset *a = one, *b = other;

    if (a->sensor != b->sensor)
        return a->sensor < b->sensor ? -1 : 1;
    return a->account < b->account ? -1 : a->account > b->account;
}

/* Each key to its sensor's slot; the keyring keeps the order of the files. */
static enum sally_err assign_keys(struct sally_assets *a)
{
    enum sally_err e = SALLY_E_OK;

    for (size_t i = 0; e == SALLY_E_OK && i < a->key_count; i++) {
        struct sally_key_asset *key = &a->keys[i];

        key->sensor = a->plan.places[key->sensor].slot;
        e = sally_keyring_assign(a->keyring, i, key->sensor, key->account);
    }
    qsort(a->keys, a->key_count, sizeof(*a->keys), by_slot);
    return e == SALLY_E_OK ? sally_keyring_seal(a->keyring) : e;
}

/* Puts all in its slots by the plan, for us as for the roles. From then on the
 * bundle has the texts.                                                     */
static unsigned make_bundle(struct sally_assets *a, FILE *report)
{
    enum sally_err e = assign_keys(a);
    unsigned bad;

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
    bad += open_passwords(a, report);
    if (bad == 0)
        bad += sally_place_console(c, &a->console, report);
    if (bad == 0 && sally_plan_first(c, &a->plan) != SALLY_E_OK)
        bad = complain_memory(a, report);
    return bad == 0 ? make_bundle(a, report) : bad;
}

/* --- The next ones -------------------------------------------------------- */

/* A sensor whose key file holds another key is another sensor, though the
 * configuration says the same.                                              */
static void compare_keys(const struct sally_assets *next,
                         const struct sally_assets *a, bool *changed)
{
    for (size_t i = 0; i < next->key_count; i++) {
        const struct sally_key_asset *key = &next->keys[i], *was;
        struct sally_key_asset wanted = { .account = key->account };
        size_t slot = sally_config_sensor_named(
            &a->config, sally_span_of(next->config.sensors[key->sensor].id));

        wanted.sensor = (uint32_t)slot;
        was = slot == SIZE_MAX ? NULL
                               : bsearch(&wanted, a->keys, a->key_count,
                                         sizeof(wanted), by_slot);
        if (was != NULL &&
            !sally_equal_secret(
                (struct sally_span){ was->digest, sizeof(was->digest) },
                (struct sally_span){ key->digest, sizeof(key->digest) }))
            changed[key->sensor] = true;
    }
}

static unsigned make_plan(struct sally_assets *next,
                          const struct sally_assets *a, FILE *report)
{
    enum sally_err e = SALLY_E_NO_MEMORY;
    bool *changed =
        calloc(next->config.sensor_count + 1, sizeof(*changed));

    if (changed != NULL) {
        compare_keys(next, a, changed);
        e = sally_plan_next(&a->config, &next->config, changed, &next->plan,
                            &next->counts);
    }
    free(changed);
    return e == SALLY_E_OK ? 0 : complain_memory(next, report);
}

unsigned sally_assets_next(struct sally_assets *next,
                           const struct sally_assets *a, FILE *report)
{
    unsigned bad;

    sally_assets_init(next);
    memcpy(next->digest_key, a->digest_key, sizeof(next->digest_key));
    bad = read_all(next, a->config.file, report);
    if (bad != 0)
        return bad;
    bad = sally_config_check_fixed(&a->config, &next->config, report);
    bad += sally_sockets_plan(&next->sockets, &next->config, &a->sockets,
                              report);
    bad += open_passwords(next, report);
    if (bad == 0)
        bad = make_plan(next, a, report);
    return bad == 0 ? make_bundle(next, report) : bad;
}

void sally_assets_adopt(struct sally_assets *a, struct sally_assets *next)
{
    next->console = a->console;
    next->master = a->master;
    a->console = a->master = -1;
    sally_assets_wipe(a);
    *a = *next;
    sally_assets_init(next);
}

void sally_assets_wipe(struct sally_assets *a)
{
    sally_sockets_wipe(&a->sockets);
    close_one(&a->keyring);
    close_one(&a->master);
    close_one(&a->bundle);
    close_one(&a->console);
    close_one(&a->passwords);
    free(a->keys);
    sally_plan_wipe(&a->plan);
    sally_config_wipe(&a->config);
    sally_config_files_wipe(&a->files);
    sally_assets_init(a);
}
