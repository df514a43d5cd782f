/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/keys.c - what the keyring brings becomes the credentials of
 * the clients, and the authorities that they share.                         */
#include "uplink/shard_parts.h"

#include "config/credentials.h"
#include "uplink/bootstrapper.h"

/* The server in a slot is another one than that which runs there. */
static bool is_new_server(const struct sally_shard *s, uint32_t server)
{
    return s->next != NULL &&
           (server >= s->config->server_count ||
            s->config->servers[server].born != s->next->servers[server].born);
}

static bool same(const struct sally_trust *a, const struct sally_trust *b)
{
    static const struct sally_hash_key constant = { { 0, 0 } };

    return sally_trust_digest(a, &constant) == sally_trust_digest(b, &constant);
}

/* What the next configuration brings for a server that stays is other lists of
 * what is revoked.                                                          */
static bool changes(const struct sally_shard *s, uint32_t server)
{
    return s->trusts[server].next != NULL || is_new_server(s, server);
}

enum sally_err sally_shard_trust(struct sally_shard *s, uint32_t server,
                                 struct sally_span files)
{
    const struct sally_config *c = s->next != NULL ? s->next : s->config;
    struct sally_trust **at;
    enum sally_err e;

    if (server >= c->server_count)
        return SALLY_E_OUT_OF_RANGE;
    at = s->next != NULL ? &s->trusts[server].next : &s->trusts[server].now;
    sally_trust_wipe(*at);
    e = sally_config_trust(&c->servers[server], files, at);
    if (e == SALLY_E_OK && s->next != NULL && !is_new_server(s, server) &&
        same(s->trusts[server].now, *at)) {
        sally_trust_wipe(*at);
        *at = NULL; /* which it has already */
    }
    return e;
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
    if (u == NULL || account >= sally_config_accounts(u->config))
        return SALLY_E_OUT_OF_RANGE;
    if (u->bootstrapper != NULL) {
        e = sally_bootstrapper_keys(u->bootstrapper,
                                    s->next != NULL ? s->next : s->config,
                                    account, files);
        if (e != SALLY_E_OK || account == u->config->account_count)
            return e;
    }
    v = &u->clients[account];
    t = &s->trusts[v->account->server];
    e = sally_config_credential(v->server, v->account, files,
                                changes(s, v->account->server) ? t->next
                                                               : t->now,
                                s->holder, &v->credential, &culprit);
    v->keyed = e == SALLY_E_OK;
    return e;
}

/* Those of the running clients are needed until these have left. */
void sally_shard_change_trusts(struct sally_shard *s)
{
    for (uint32_t i = 0; i < SALLY_CONFIG_SERVERS_MAX; i++) {
        struct sally_trusts *t = &s->trusts[i];

        if (i < s->next->server_count && !changes(s, i))
            continue;
        t->retired = t->now;
        t->now = t->next;
        t->next = NULL;
    }
}

/* Those that stay at such a server. A session goes on unless its peer is listed
 * now; the next one is judged by the new lists from its beginning.          */
static void take_over(struct sally_virtual_client *v,
                      struct sally_revoked *last, sally_usec now)
{
    const struct sally_trusts *t = &v->shard->trusts[v->account->server];

    if (t->retired == NULL || v->credential.trust != t->retired)
        return;
    v->credential.trust = t->now;
    if (!sally_stack_revoked(sally_coap_link_stack(&v->client.link), t->now,
                             last))
        return;
    sally_lwm2m_client_renew(&v->client, SALLY_E_REVOKED, now);
    sally_shard_pump(v, now);
}

void sally_shard_take_over(struct sally_shard *s, sally_usec now)
{
    struct sally_revoked last = { .revoked = false };

    for (uint32_t i = 0; i < s->capacity; i++) {
        struct sally_uplink_sensor *u = s->sensors[i];

        for (uint32_t k = 0; u != NULL && k < u->config->account_count; k++)
            take_over(&u->clients[k], &last, now);
        if (u != NULL && u->bootstrapper != NULL)
            sally_bootstrapper_take_over(u->bootstrapper, now);
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
