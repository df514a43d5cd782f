/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/keys.c - what the keyring brings becomes the credentials of
 * the clients, and the authorities that they share.                         */
#include "uplink/shard_parts.h"

#include "config/credentials.h"

/* The server in a slot is another one than that which runs there. */
static bool is_new_server(const struct sally_shard *s, uint32_t server)
{
    return s->next != NULL &&
           (server >= s->config->server_count ||
            s->config->servers[server].born != s->next->servers[server].born);
}

enum sally_err sally_shard_trust(struct sally_shard *s, uint32_t server,
                                 struct sally_span files)
{
    const struct sally_config *c = s->next != NULL ? s->next : s->config;
    struct sally_trust **at;

    if (server >= c->server_count)
        return SALLY_E_OUT_OF_RANGE;
    if (s->next != NULL && !is_new_server(s, server))
        return SALLY_E_OK; /* which has it already */
    at = s->next != NULL ? &s->trusts[server].next : &s->trusts[server].now;
    sally_trust_wipe(*at);
    return sally_config_trust(&c->servers[server], files, at);
}

enum sally_err sally_shard_keys(struct sally_shard *s, uint32_t sensor,
                                uint32_t account, struct sally_span files)
{
    struct sally_uplink_sensor *u = sally_shard_sensor(s, sensor);
    const struct sally_credential_field *culprit;
    struct sally_virtual_client *v;
    const struct sally_trusts *t;
    enum sally_err e;

    if (s->next != NULL)
        u = sensor < s->capacity ? s->newcomers[sensor] : NULL;
    if (u == NULL || account >= u->config->account_count)
        return SALLY_E_OUT_OF_RANGE;
    v = &u->clients[account];
    t = &s->trusts[v->account->server];
    e = sally_config_credential(
        v->server, v->account, files,
        is_new_server(s, v->account->server) ? t->next : t->now,
        &v->credential, &culprit);
    v->keyed = e == SALLY_E_OK;
    return e;
}

/* Those of the running clients are needed until these have left. */
void sally_shard_change_trusts(struct sally_shard *s)
{
    for (uint32_t i = 0; i < SALLY_CONFIG_SERVERS_MAX; i++) {
        struct sally_trusts *t = &s->trusts[i];

        if (i < s->next->server_count && !is_new_server(s, i))
            continue;
        t->retired = t->now;
        t->now = t->next;
        t->next = NULL;
    }
}

void sally_shard_drop_trusts(struct sally_shard *s, bool next)
{
    for (size_t i = 0; i < SALLY_CONFIG_SERVERS_MAX; i++) {
        struct sally_trust **t =
            next ? &s->trusts[i].next : &s->trusts[i].retired;

        sally_trust_wipe(*t);
        *t = NULL;
    }
}

void sally_shard_wipe_trusts(struct sally_shard *s)
{
    sally_shard_drop_trusts(s, true);
    sally_shard_drop_trusts(s, false);
    for (size_t i = 0; i < SALLY_CONFIG_SERVERS_MAX; i++)
        sally_trust_wipe(s->trusts[i].now);
}
