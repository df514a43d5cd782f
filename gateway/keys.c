/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys.c - the entries of the keyring: whose they are, and which of
 * them are not what they were.                                              */
#include "keys.h"

#include "config/keyring.h"
#include "keys_reading.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void sally_keys_init(struct sally_keys *k)
{
    *k = (struct sally_keys){ .keyring = -1 };
}

void sally_keys_wipe(struct sally_keys *k)
{
    if (k->keyring >= 0)
        (void)close(k->keyring);
    free(k->all);
    sally_wipe(k->digest_key, sizeof(k->digest_key));
    sally_wipe(k->sender_key, sizeof(k->sender_key));
    sally_held_key_wipe(&k->held_key);
    sally_keys_init(k);
}

/* --- Slots --------------------------------------------------------------- */

static int by_slot(const void *one, const void *other)
{
    const struct sally_key_asset *a = one, *b = other;

    if (a->sensor != b->sensor)
        return a->sensor < b->sensor ? -1 : 1;
    return a->account < b->account ? -1 : a->account > b->account;
}

enum sally_err sally_keys_assign(struct sally_keys *k,
                                 const struct sally_config *config,
                                 const struct sally_plan *plan)
{
    const struct sally_place *servers = &plan->places[config->sensor_count];
    enum sally_err e = SALLY_E_OK;

    for (size_t i = 0; e == SALLY_E_OK && i < k->count; i++) {
        struct sally_key_asset *key = &k->all[i];

        if (key->sensor == SALLY_KEYRING_SERVER)
            key->account = servers[key->account].slot;
        else if (key->sensor != SALLY_KEYRING_DOOR)
            key->sensor = plan->places[key->sensor].slot;
        e = sally_keyring_assign(k->keyring, key->place, key->sensor,
                                 key->account);
    }
    qsort(k->all, k->count, sizeof(*k->all), by_slot);
    return e == SALLY_E_OK ? sally_keyring_seal(k->keyring) : e;
}

/* --- What changed -------------------------------------------------------- */

static size_t server_named(const struct sally_config *c, const char *name)
{
    for (size_t i = 0; i < c->server_count; i++)
        if (c->servers[i].name[0] != '\0' &&
            strcmp(c->servers[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

const struct sally_key_asset *
sally_keys_before(const struct sally_key_asset *key,
                  const struct sally_config *config,
                  const struct sally_keys *running,
                  const struct sally_config *running_config)
{
    struct sally_key_asset wanted = { .sensor = key->sensor,
                                      .account = key->account };
    size_t slot;

    if (key->sensor == SALLY_KEYRING_SERVER) {
        slot = server_named(running_config,
                            config->servers[key->account].name);
        wanted.account = (uint32_t)slot;
    } else {
        slot = sally_config_sensor_named(
            running_config, sally_span_of(config->sensors[key->sensor].id));
        wanted.sensor = (uint32_t)slot;
    }
    return slot == SIZE_MAX ? NULL
                            : bsearch(&wanted, running->all, running->count,
                                      sizeof(wanted), by_slot);
}

bool sally_keys_same(const struct sally_key_asset *a,
                     const struct sally_key_asset *b)
{
    return sally_equal_secret(
        (struct sally_span){ a->digest, sizeof(a->digest) },
        (struct sally_span){ b->digest, sizeof(b->digest) });
}

/* All that meet a server are other clients when its CAs are others. */
static void mark_server(const struct sally_config *c, uint32_t server,
                        bool *sensors, bool *servers)
{
    servers[server] = true;
    for (size_t i = 0; i < c->sensor_count; i++)
        for (size_t k = 0; k < sally_config_accounts(&c->sensors[i]); k++)
            sensors[i] |= c->sensors[i].accounts[k].server == server;
}

void sally_keys_compare(const struct sally_keys *next,
                        const struct sally_config *next_config,
                        const struct sally_keys *running,
                        const struct sally_config *running_config,
                        bool *sensors, bool *servers)
{
    for (size_t i = 0; i < next->count; i++) {
        const struct sally_key_asset *key = &next->all[i];
        const struct sally_key_asset *was =
            key->sensor == SALLY_KEYRING_DOOR /* no sensor is another for it */
                ? NULL
                : sally_keys_before(key, next_config, running, running_config);

        if (was == NULL || sally_keys_same(key, was))
            continue;
        if (key->sensor == SALLY_KEYRING_SERVER)
            mark_server(next_config, key->account, sensors, servers);
        else
            sensors[key->sensor] = true;
    }
}
