/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/orders.c - rotate, revoke and replace. */
#include "uplink/orders.h"

#include "log/log.h"
#include "uplink/accounts.h"
#include "uplink/bootstrapper.h"
#include "uplink/shard_parts.h"
#include "uplink/vault.h"

const char *sally_order_rotate(struct sally_uplink_sensor *u, sally_usec now)
{
    if (u->bootstrapper == NULL)
        return "it has no account of a bootstrap server";
    if (u->shard->elsewhere)
        return "state_dir was made on another machine: stop the gateway and "
               "see sallyportctl adopt";
    if (!sally_bootstrapper_want(u->bootstrapper, SALLY_VISIT_OPERATOR, now))
        return "its account of a bootstrap server is gone: only the files can "
               "give it keys";
    return NULL;
}

/* --- Revocation ----------------------------------------------------------- */

static bool is_meant(const struct sally_virtual_client *v, uint32_t server)
{
    return v->keyed &&
           (server == UINT32_MAX || v->account->server == server);
}

static bool has_keys(const struct sally_credential *c)
{
    return c->secret_key.len != 0 || c->oscore != NULL;
}

/* Why it cannot be done, before anything is. */
static const char *check(const struct sally_uplink_sensor *u, uint32_t server)
{
    bool any = false;

    for (uint32_t i = 0; i < u->config->account_count; i++) {
        const struct sally_virtual_client *v = &u->clients[i];

        if (!is_meant(v, server))
            continue;
        any = true;
        if (!has_keys(&v->credential) && u->bootstrapper == NULL)
            return "an account without keys cannot be revoked: take it out of "
                   "the configuration";
    }
    if (!any && (server != UINT32_MAX || u->bootstrapper == NULL))
        return "it has no such account";
    return NULL;
}

/* Buries the keys and takes the accounts out of the book, as one. */
static enum sally_err bury(struct sally_uplink_sensor *u, uint32_t server)
{
    struct sally_dead dead = { .count = 0 };
    bool kept = false;
    enum sally_err e;

    for (uint32_t i = 0; i < u->config->account_count; i++)
        if (is_meant(&u->clients[i], server))
            dead.keys[dead.count++] = &u->clients[i].credential;
    if (u->bootstrapper != NULL)
        e = sally_bootstrapper_strike(
            u->bootstrapper,
            server == UINT32_MAX
                ? 0
                : u->shard->config->servers[server].short_server_id,
            &dead, &kept);
    else
        e = sally_vault_save(u->shard->vault, u, NULL, &dead,
                             SALLY_ORDER_TICKET, &kept);
    u->shard->orders += kept;
    return e;
}

const char *sally_order_revoke(struct sally_uplink_sensor *u, uint32_t server,
                               sally_usec now)
{
    const char *why = check(u, server);
    enum sally_err e;

    if (why != NULL)
        return why;
    if (u->bootstrapper != NULL && sally_bootstrapper_decides(u->bootstrapper))
        return "its bootstrap server is giving it accounts just now: ask again";
    e = bury(u, server);
    if (e == SALLY_E_BAD_STATE)
        return "it needs gateway.master_key_file: without it the next start "
               "would bring the account back";
    if (e != SALLY_E_OK)
        return sally_err_text(e);
    if (u->bootstrapper != NULL)
        sally_bootstrapper_cancel(u->bootstrapper, now);
    for (uint32_t i = 0; i < u->config->account_count; i++)
        if (is_meant(&u->clients[i], server))
            sally_account_revoke(&u->clients[i], now);
    sally_shard_judge(u);
    return NULL;
}

/* --- Another device ------------------------------------------------------- */

static bool any_keys(const struct sally_uplink_sensor *u)
{
    for (uint32_t i = 0; i < u->config->account_count; i++)
        if (u->clients[i].keyed && has_keys(&u->clients[i].credential))
            return true;
    return false;
}

static enum sally_err change_keys(struct sally_uplink_sensor *u)
{
    enum sally_err e;

    if (u->bootstrapper == NULL)
        return any_keys(u) ? bury(u, UINT32_MAX) : SALLY_E_OK;
    e = sally_vault_due(u->shard->vault, u);
    u->shard->orders += e == SALLY_E_OK;
    return e;
}

const char *sally_order_replace(struct sally_uplink_sensor *u, sally_usec now)
{
    const char *why =
        u->bootstrapper == NULL ? NULL : sally_order_rotate(u, now);
    enum sally_err e;

    if (why != NULL)
        return why;
    e = change_keys(u);
    if (e == SALLY_E_BAD_STATE)
        return "it needs gateway.master_key_file: without it the next start "
               "would take its old keys";
    if (e != SALLY_E_OK)
        return sally_err_text(e);
    sally_log(SALLY_LOG_INFO, "sensor_replaced",
              SALLY_TEXT("sensor", u->config->id),
              SALLY_TEXT("endpoint", u->config->endpoint));
    return NULL;
}

bool sally_order_settled(const struct sally_shard *s)
{
    return s->orders == 0;
}
