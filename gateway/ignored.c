/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ignored.c - compares the files' accounts with the store's. */
#include "ignored.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/keyring.h"
#include "config/master.h"
#include "store/store.h"
#include "uplink/factory.h"
#include "uplink/vault.h"

struct given {
    uint8_t *at; /* owned; sealed */
    size_t len;
};

struct looking {
    const struct sally_config *config;
    const struct sally_sealer *sealer;
    struct given *given; /* owned; by sensor */
    FILE *report;
    const struct sally_config_sensor *sensor; /* that is compared */
    const struct sally_config_account *account;
};

static bool take_row(void *owner, const struct sally_kept_place *at,
                     struct sally_span body)
{
    const struct looking *l = owner;
    size_t n = sally_config_sensor_named(l->config, at->name);
    struct given *g;

    if (at->what != SALLY_KEPT_BOOK || n >= l->config->sensor_count ||
        l->config->sensors[n].bootstrap == NULL || body.len == 0)
        return true;
    g = &l->given[n];
    free(g->at);
    g->at = malloc(body.len);
    g->len = g->at == NULL ? 0 : body.len;
    if (g->at != NULL)
        memcpy(g->at, body.at, body.len);
    return true;
}

static void tell(void *owner, const char *key)
{
    const struct looking *l = owner;

    fprintf(l->report,
            "%s:%u: %s: does not count: %s has been given its account at %s "
            "by its bootstrap server\n",
            l->sensor->file, l->account->line, key, l->sensor->id,
            l->config->servers[l->account->server].name);
}

static void compare(struct looking *l, const struct sally_book *factory,
                    const struct sally_book *book)
{
    const struct sally_config_sensor *s = l->sensor;

    for (size_t i = 0; i < sally_config_accounts(s); i++) {
        l->account = &s->accounts[i];
        if (!l->account->dormant)
            sally_factory_compare(
                factory, book,
                l->config->servers[l->account->server].short_server_id, tell,
                l);
    }
}

/* What the files give the sensor is complete. */
static void look_at(struct looking *l, const struct sally_book *factory)
{
    struct sally_book book = { .at = NULL };
    const struct given *g = &l->given[l->sensor - l->config->sensors];

    if (g->len != 0 && sally_book_open(&book, SALLY_BOOK_MAX) == SALLY_E_OK &&
        sally_vault_read(l->sealer, l->sensor,
                         (struct sally_span){ g->at, g->len }, &book) ==
            SALLY_E_OK)
        compare(l, factory, &book);
    sally_book_wipe(&book);
}

/* The entries of a sensor stand together. */
static void walk(struct looking *l, int keyring)
{
    SALLY_ON_EXIT(sally_keyring_wipe) struct sally_keyring k = { .fd = -1 };
    struct sally_book factory = { .at = NULL };
    struct sally_keyring_entry entry;
    enum sally_err e = sally_keyring_open(&k, keyring);

    while (e == SALLY_E_OK &&
           (e = sally_keyring_next(&k, &entry)) == SALLY_E_OK) {
        const struct sally_config_sensor *s;

        if (entry.sensor >= l->config->sensor_count ||
            l->given[entry.sensor].len == 0)
            continue;
        s = &l->config->sensors[entry.sensor];
        if (l->sensor != NULL && l->sensor != s) {
            look_at(l, &factory);
            sally_book_wipe(&factory);
        }
        l->sensor = s;
        e = sally_factory_put(&factory, l->config, s, entry.account,
                              entry.parts);
    }
    if (e == SALLY_E_NOT_FOUND && l->sensor != NULL)
        look_at(l, &factory);
    sally_book_wipe(&factory);
}

/* Files that the database makes beside itself must be its owner's. */
static bool become(const char *dir)
{
    struct stat st;

    if (stat(dir, &st) != 0)
        return false;
    if (geteuid() != 0 || st.st_uid == 0)
        return true;
    return setegid(st.st_gid) == 0 && seteuid(st.st_uid) == 0;
}

static bool read_key(const struct sally_config *c, struct sally_sealer *out)
{
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret key = { .len = 0 };
    char why[SALLY_KEYFILE_WHY];

    return c->master_key_file[0] != '\0' &&
           sally_master_read(c->master_key_file, &key, why) == SALLY_E_OK &&
           sally_sealer_make(out, sally_secret_span(&key)) == SALLY_E_OK;
}

void sally_ignored_tell(const struct sally_config *c, int keyring, FILE *report)
{
    SALLY_ON_EXIT(sally_sealer_wipe) struct sally_sealer sealer = { { 0 } };
    struct looking l = { .config = c, .sealer = &sealer, .report = report };
    char why[512];

    if (keyring < 0 || !read_key(c, &sealer) || !become(c->state_dir))
        return;
    l.given = calloc(c->sensor_count + 1, sizeof(*l.given));
    if (l.given != NULL &&
        sally_store_kept(c->state_dir, take_row, &l, why, sizeof(why)) ==
            SALLY_E_OK &&
        sally_keyring_seal(keyring) == SALLY_E_OK)
        walk(&l, keyring);
    for (size_t i = 0; l.given != NULL && i < c->sensor_count; i++)
        free(l.given[i].at);
    free(l.given);
}
