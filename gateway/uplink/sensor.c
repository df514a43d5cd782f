/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/sensor.c - building a sensor and its clients, and their end.
 */
#include "uplink/sensor.h"

#include "config/credentials.h"
#include "uplink/accounts.h"
#include "uplink/bootstrapper.h"
#include "uplink/sensor_objects.h"
#include "uplink/shard_parts.h"

#include <stdlib.h>

static enum sally_err build_client(struct sally_uplink_sensor *u,
                                   struct sally_shard *s,
                                   const struct sally_config *config,
                                   uint32_t account)
{
    struct sally_virtual_client *v = &u->clients[account];
    const struct sally_credential_field *culprit;
    enum sally_err e;

    v->shard = s;
    v->sensor = u;
    v->account = &u->config->accounts[account];
    v->server = &config->servers[v->account->server];
    v->index = account;
    v->guest.calls = &sally_shard_client;
    e = s->host->open(s->owner, &v->guest, &v->seat);
    if (e != SALLY_E_OK)
        return e;
    sally_virtual_client_init(v, s->shared);
    if (v->account->dormant || sally_config_has_files(v->account))
        return SALLY_E_OK; /* the keyring brings what is missing */
    e = sally_config_credential(v->server, v->account,
                                (struct sally_span){ NULL, 0 }, NULL,
                                s->holder, &v->credential, &culprit);
    v->keyed = e == SALLY_E_OK;
    return e;
}

/* What no file has a part of; the keyring brings the others. */
static enum sally_err build_factory(struct sally_uplink_sensor *u,
                                    const struct sally_config *config)
{
    const struct sally_config_sensor *c = u->config;
    enum sally_err e = SALLY_E_OK;

    for (uint32_t i = 0; i <= c->account_count && e == SALLY_E_OK; i++)
        if (!c->accounts[i].dormant && !sally_config_has_files(&c->accounts[i]))
            e = sally_bootstrapper_keys(u->bootstrapper, config, i,
                                        (struct sally_span){ NULL, 0 });
    return e;
}

static enum sally_err build(struct sally_uplink_sensor *u,
                            struct sally_shard *s,
                            const struct sally_config *config)
{
    enum sally_err e = sally_sensor_objects(&u->resources, config, u->config);

    if (e == SALLY_E_OK && u->config->bootstrap != NULL)
        e = sally_bootstrapper_create(&u->bootstrapper, u);
    if (e == SALLY_E_OK && u->bootstrapper != NULL)
        e = build_factory(u, config);
    for (uint32_t i = 0; i < u->config->account_count && e == SALLY_E_OK; i++)
        e = build_client(u, s, config, i);
    return e;
}

enum sally_err sally_uplink_sensor_build(struct sally_uplink_sensor **out,
                                         struct sally_shard *shard,
                                         const struct sally_config *config,
                                         uint32_t index)
{
    const struct sally_config_sensor *c = &config->sensors[index];
    struct sally_uplink_sensor *u = calloc(
        1, sizeof(*u) + c->account_count * sizeof(struct sally_virtual_client));
    enum sally_err e;

    if (u == NULL)
        return SALLY_E_NO_MEMORY;
    u->shard = shard;
    u->config = c;
    u->profile = &config->profiles[c->profile];
    u->index = index;
    e = build(u, shard, config);
    if (e != SALLY_E_OK) {
        sally_uplink_sensor_free(u);
        return e;
    }
    *out = u;
    return SALLY_E_OK;
}

static void end_client(struct sally_virtual_client *v)
{
    if (v->seat == NULL)
        return;
    sally_keeper_release(v);
    sally_sequence_release(v);
    sally_lwm2m_client_wipe(&v->client);
    sally_credential_wipe(&v->credential);
    sally_account_forget(v);
    sally_pacer_leave(&v->shard->pacers[v->account->server], &v->turn);
    v->shard->host->close(v->seat);
}

void sally_uplink_sensor_free(struct sally_uplink_sensor *u)
{
    if (u == NULL)
        return;
    sally_silence_remove(u->shard->silence, u);
    sally_bootstrapper_wipe(u->bootstrapper);
    for (uint32_t i = 0; i < u->config->account_count; i++)
        end_client(&u->clients[i]);
    sally_resources_wipe(&u->resources);
    free(u);
}

void sally_uplink_sensor_repoint(struct sally_uplink_sensor *u,
                                 const struct sally_config *config)
{
    u->config = &config->sensors[u->index];
    u->profile = &config->profiles[u->config->profile];
    u->resources.registry = &config->registry;
    for (uint32_t i = 0; i < u->config->account_count; i++) {
        struct sally_virtual_client *v = &u->clients[i];

        v->account = &u->config->accounts[i];
        sally_account_repoint(v, config);
        v->settings.endpoint = u->config->endpoint;
    }
    if (u->bootstrapper != NULL)
        sally_bootstrapper_repoint(u->bootstrapper, config);
}

static void restore_value(void *owner, const struct sally_lwm2m_record *r)
{
    struct sally_uplink_sensor *u = owner;
    const struct sally_resource *slot =
        sally_resources_find(&u->resources, &r->path);

    if (slot != NULL && slot->time != 0)
        return; /* a newer one came before */
    if (r->time > u->last_time)
        u->last_time = r->time; /* times rise, over restarts too */
    /* The profile may have changed since: what does not fit is left out. */
    if (sally_resources_set(&u->resources, &r->path, &r->value, r->time) !=
        SALLY_E_OK)
        return;
}

void sally_uplink_sensor_restore(struct sally_uplink_sensor *u,
                                 struct sally_store *store)
{
    sally_store_latest(store, u->index, restore_value, u);
}
