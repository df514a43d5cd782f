/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/accounts.c - puts a book of accounts in force. */
#include "uplink/accounts.h"

#include "log/log.h"
#include "lwm2m/objects/builtin.h"
#include "uplink/downlink.h"
#include "uplink/shard_parts.h"
#include "uplink/vault.h"

static const struct sally_hash_key constant = { { 0, 0 } };

enum sally_err sally_account_find(const struct sally_book *b, uint16_t short_id,
                                  struct sally_account *out,
                                  struct sally_path *culprit)
{
    uint16_t i;

    for (uint32_t from = 0;
         sally_book_instance(b, SALLY_OBJECT_SECURITY, from, &i);
         from = (uint32_t)i + 1) {
        enum sally_err e = sally_book_account(b, i, out, culprit);

        if (e != SALLY_E_OK)
            return e;
        if (out->bootstrap == (short_id == 0) && out->short_id == short_id)
            return SALLY_E_OK;
    }
    return SALLY_E_NOT_FOUND;
}

/* --- Object 1 ------------------------------------------------------------- */

/* What `before` said of the same resource of the same server. */
static bool had(const struct sally_book *before, const struct sally_account *a,
                uint16_t resource, struct sally_lwm2m_value *out)
{
    struct sally_account was;
    struct sally_path path;

    if (before == NULL ||
        sally_account_find(before, a->short_id, &was, &path) != SALLY_E_OK ||
        !was.has_server)
        return false;
    path = sally_path_resource(SALLY_OBJECT_SERVER, was.server_instance,
                               resource);
    return sally_book_find(before, &path, out);
}

/* Writes what is new into the client's instance, and leaves what its server
 * wrote itself. True: the lifetime is another one.                          */
static bool write_server(struct sally_virtual_client *v,
                         const struct sally_book *before,
                         const struct sally_book *book,
                         const struct sally_account *a)
{
    const struct sally_path all =
        sally_path_instance(SALLY_OBJECT_SERVER, a->server_instance);
    struct sally_book_walk walk = { sally_book_span(book) };
    struct sally_lwm2m_value value, was;
    struct sally_path path;
    bool lifetime = false;

    v->stays = false;
    while (sally_book_next(&walk, &path, &value)) {
        struct sally_path to = sally_path_resource(
            SALLY_OBJECT_SERVER, (uint16_t)v->index, path.id[2]);

        if (sally_path_covers(&all, &path) &&
            path.id[2] == SALLY_SERVER_FALLBACK)
            v->stays = value.type == SALLY_TYPE_BOOLEAN && !value.is.boolean;
        if (!sally_path_covers(&all, &path) ||
            path.depth != SALLY_DEPTH_RESOURCE ||
            path.id[2] == SALLY_SERVER_SHORT_ID ||
            (had(before, a, path.id[2], &was) &&
             sally_value_equal(&was, &value)))
            continue;
        lifetime |= sally_resources_set(&v->sensor->resources, &to, &value,
                                        0) == SALLY_E_OK &&
                    path.id[2] == SALLY_SERVER_LIFETIME;
    }
    return lifetime;
}

/* --- One client ----------------------------------------------------------- */

/* Its session ends, with nothing left to resume; it has neither keys nor a
 * place from then on.                                                       */
static void put_to_sleep(struct sally_virtual_client *v, sally_usec now)
{
    struct sally_shard *s = v->shard;

    sally_downlink_forsake(s->downlink, v, now);
    sally_pacer_leave(&s->pacers[v->account->server], &v->turn);
    sally_coap_link_close(&v->client.link, now);
    sally_shard_pump(v, now);
    v->keyed = false; /* so that nothing tells of its end */
    sally_lwm2m_client_leave(&v->client, now);
    sally_keeper_drop(v);
    sally_sequence_release(v);
    sally_lwm2m_client_wipe(&v->client);
    sally_credential_wipe(&v->credential);
    sally_virtual_client_reset(v);
    sally_shard_pump(v, now);
}

static void tell(const char *event, const struct sally_virtual_client *v)
{
    sally_log(SALLY_LOG_INFO, event,
              SALLY_TEXT("sensor", v->sensor->config->id),
              SALLY_TEXT("server", v->server->name),
              SALLY_TEXT("endpoint", v->sensor->config->endpoint));
}

void sally_account_revoke(struct sally_virtual_client *v, sally_usec now)
{
    tell("account_revoked", v);
    put_to_sleep(v, now);
    sally_account_forget(v);
    sally_account_repoint(v, v->shard->config);
}

static void complain(const struct sally_virtual_client *v, enum sally_err e,
                     const struct sally_path *culprit)
{
    char text[SALLY_PATH_TEXT];

    sally_log(SALLY_LOG_ERROR, "account_unusable",
              SALLY_TEXT("sensor", v->sensor->config->id),
              SALLY_TEXT("server", v->server->name),
              SALLY_TEXT("path", sally_path_text(culprit, text)),
              SALLY_TEXT("why", sally_err_text(e)));
}

static enum sally_err make(struct sally_virtual_client *v,
                           const struct sally_book *book,
                           const struct sally_account *a,
                           struct sally_credential *out,
                           struct sally_path *culprit)
{
    const struct sally_trust *trust =
        v->shard->trusts[v->account->server].now;

    return sally_account_credential(sally_account_base(v), trust,
                                    v->shard->holder, book, a, out, culprit);
}

static bool is_same_key(struct sally_virtual_client *v,
                        struct sally_credential *c)
{
    sally_credential_aim(c, v->uri); /* as the one in use is */
    return sally_credential_digest(c, &constant) ==
           sally_credential_digest(&v->credential, &constant);
}

/* Takes the credential. */
static enum sally_err take(struct sally_virtual_client *v,
                           const struct sally_book *book,
                           const struct sally_account *a,
                           struct sally_credential *c)
{
    enum sally_err e = sally_account_settle(v, book, a);

    if (e != SALLY_E_OK)
        return e;
    sally_credential_wipe(&v->credential);
    v->credential = *c;
    *c = (struct sally_credential){ .bytes = NULL };
    sally_virtual_client_reset(v);
    v->keyed = true;
    return SALLY_E_OK;
}

static void change(struct sally_virtual_client *v,
                   const struct sally_book *before,
                   const struct sally_book *book, const struct sally_account *a,
                   struct sally_credential *c, sally_usec now)
{
    const struct sally_path whole =
        sally_path_instance(SALLY_OBJECT_SECURITY, a->instance);
    bool had_keys = v->keyed;
    bool same_key = had_keys && is_same_key(v, c);
    bool other = write_server(v, before, book, a);
    enum sally_err e;

    if (same_key && !other && !sally_account_moves(v, book, a))
        return;
    if (had_keys)
        put_to_sleep(v, now);
    e = take(v, book, a, c);
    if (e != SALLY_E_OK) {
        complain(v, e, &whole);
        return;
    }
    tell(!had_keys    ? "account_given"
         : same_key ? "account_changed"
                    : "keys_rotated",
         v);
    sally_shard_begin_client(v, true, now);
}

static void apply(struct sally_virtual_client *v,
                  const struct sally_book *before,
                  const struct sally_book *book, sally_usec now)
{
    SALLY_ON_EXIT(sally_credential_wipe)
    struct sally_credential c = { .bytes = NULL };
    const struct sally_config_server *base = sally_account_base(v);
    struct sally_account a;
    struct sally_path culprit;
    enum sally_err e =
        sally_account_find(book, base->short_server_id, &a, &culprit);

    if (e == SALLY_E_NOT_FOUND && v->keyed)
        sally_account_revoke(v, now);
    if (e == SALLY_E_NOT_FOUND)
        return;
    if (e == SALLY_E_OK)
        e = make(v, book, &a, &c, &culprit);
    if (e == SALLY_E_OK) {
        change(v, before, book, &a, &c, now);
        return;
    }
    complain(v, e, &culprit);
    if (v->keyed)
        put_to_sleep(v, now);
}

static void load(struct sally_virtual_client *v, const struct sally_book *book)
{
    SALLY_ON_EXIT(sally_credential_wipe)
    struct sally_credential c = { .bytes = NULL };
    const struct sally_config_server *base = sally_account_base(v);
    struct sally_account a;
    struct sally_path culprit;
    enum sally_err e =
        sally_account_find(book, base->short_server_id, &a, &culprit);

    sally_credential_wipe(&v->credential);
    v->keyed = false;
    if (e == SALLY_E_NOT_FOUND)
        return;
    if (e == SALLY_E_OK)
        e = make(v, book, &a, &c, &culprit);
    if (e == SALLY_E_OK &&
        sally_vault_is_buried(v->shard->vault, v->sensor->config->endpoint, &c))
        e = SALLY_E_REVOKED;
    if (e == SALLY_E_OK)
        e = take(v, book, &a, &c);
    if (e == SALLY_E_OK)
        (void)write_server(v, NULL, book, &a);
    else
        complain(v, e, &culprit);
}

/* --- All ------------------------------------------------------------------ */

void sally_account_load_all(struct sally_uplink_sensor *u,
                         const struct sally_book *book, sally_usec now)
{
    (void)now;
    for (uint32_t i = 0; i < u->config->account_count; i++)
        load(&u->clients[i], book);
}

void sally_account_apply_all(struct sally_uplink_sensor *u,
                          const struct sally_book *before,
                          const struct sally_book *book, sally_usec now)
{
    for (uint32_t i = 0; i < u->config->account_count; i++)
        apply(&u->clients[i], before, book, now);
}

void sally_account_lost(const struct sally_uplink_sensor *u,
                        const struct sally_book *book, struct sally_dead *dead)
{
    for (uint32_t i = 0; i < u->config->account_count; i++) {
        const struct sally_virtual_client *v = &u->clients[i];
        struct sally_account a;
        struct sally_path culprit;

        if (v->keyed && sally_account_find(book, v->server->short_server_id, &a,
                                           &culprit) == SALLY_E_NOT_FOUND)
            dead->keys[dead->count++] = &v->credential;
    }
}

unsigned sally_account_living(const struct sally_uplink_sensor *u)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < u->config->account_count; i++)
        n += u->clients[i].keyed;
    return n;
}
