/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/visit.c - one visit at a bootstrap server: with which keys,
 * what it may give, and how that comes in force.                            */
#include "uplink/bootstrapper_parts.h"

#include "log/log.h"
#include "lwm2m/objects/builtin.h"
#include "uplink/entrust.h"
#include "uplink/floor.h"
#include "uplink/shard_parts.h"
#include "uplink/vault.h"

#include <stdlib.h>

static const char *const reasons[] = {
    [SALLY_VISIT_NO_ACCOUNT] = "there is no account at any server",
    [SALLY_VISIT_NOT_REGISTERED] = "no server lets it register",
    [SALLY_VISIT_SERVER] = "a server asked for it",
    [SALLY_VISIT_OPERATOR] = "the operator asked for it",
    [SALLY_VISIT_RECHECK] = "it is time to look again",
    [SALLY_VISIT_RENEWAL] = "a certificate comes to its end",
    [SALLY_VISIT_FACTORY] = "its keys are those of the factory",
};

static const char *endpoint_of(const struct sally_bootstrapper *b)
{
    return b->sensor->config->endpoint;
}

/* --- What may come in force ----------------------------------------------- */

static void tell_refused(const struct sally_bootstrapper *b,
                         const struct sally_path *culprit, const char *why)
{
    char text[SALLY_PATH_TEXT];

    sally_log(SALLY_LOG_WARNING, "bootstrap_refused",
              SALLY_TEXT("sensor", b->sensor->config->id),
              SALLY_TEXT("server", sally_visit_server(b)->name),
              SALLY_TEXT("endpoint", endpoint_of(b)),
              SALLY_TEXT("path", sally_path_text(culprit, text)),
              SALLY_TEXT("why", why));
}

/* The slot of the sensor at the server with this number, or NULL. */
static const struct sally_virtual_client *
slot_of(const struct sally_uplink_sensor *u, uint16_t short_id)
{
    for (uint32_t i = 0; i < u->config->account_count; i++)
        if (u->clients[i].server->short_server_id == short_id)
            return &u->clients[i];
    return NULL;
}

static const struct sally_config_server *
server_of(const struct sally_bootstrapper *b, const struct sally_account *a,
          uint32_t *number)
{
    const struct sally_virtual_client *v;

    *number = b->sensor->config->bootstrap->server;
    if (!a->bootstrap) {
        v = slot_of(b->sensor, a->short_id);
        if (v == NULL)
            return NULL;
        *number = v->account->server;
    }
    return &b->sensor->shard->config->servers[*number];
}

/* NULL: this account may come in force. */
static const char *judge_account(const struct sally_bootstrapper *b,
                                 const struct sally_book *book,
                                 const struct sally_account *a,
                                 struct sally_path *culprit)
{
    SALLY_ON_EXIT(sally_credential_wipe)
    struct sally_credential c = { .bytes = NULL };
    uint32_t number;
    const struct sally_config_server *s = server_of(b, a, &number);
    enum sally_err e;

    if (s == NULL) {
        *culprit = sally_path_resource(SALLY_OBJECT_SECURITY, a->instance,
                                       SALLY_SECURITY_SHORT_ID);
        return "no server of the configuration has this short_server_id";
    }
    e = sally_account_credential(s, b->sensor->shard->trusts[number].now,
                                 b->sensor->shard->holder, book, a, &c,
                                 culprit);
    if (e != SALLY_E_OK)
        return sally_err_text(e);
    *culprit = sally_path_instance(SALLY_OBJECT_SECURITY, a->instance);
    return sally_vault_is_buried(b->sensor->shard->vault, endpoint_of(b), &c)
               ? "these keys were revoked"
               : NULL;
}

static const char *judge(const struct sally_bootstrapper *b,
                         const struct sally_book *book,
                         struct sally_path *culprit)
{
    struct sally_floor_verdict verdict = { .why = NULL };
    const char *why = NULL;
    uint16_t i;

    if (!sally_floor_allows(b->sensor->shard->config,
                            b->sensor->config->bootstrap->server,
                            &b->visit->current, book, &verdict)) {
        *culprit = verdict.path;
        return verdict.why;
    }
    for (uint32_t from = 0;
         why == NULL &&
         sally_book_instance(book, SALLY_OBJECT_SECURITY, from, &i);
         from = (uint32_t)i + 1) {
        struct sally_account a;
        enum sally_err e = sally_book_account(book, i, &a, culprit);

        why = e == SALLY_E_OK ? judge_account(b, book, &a, culprit)
                              : sally_err_text(e);
    }
    return why;
}

/* --- The engine's upcalls ------------------------------------------------- */

static void on_wanted(void *owner)
{
    (void)owner; /* whose turn it is */
}

static void on_rebind(void *owner)
{
    struct sally_bootstrapper *b = owner;

    b->sensor->shard->host->rebind(b->seat);
}

static void on_state(void *owner, enum sally_bootstrap_state s,
                     enum sally_err e)
{
    struct sally_bootstrapper *b = owner;

    if (s == SALLY_BOOTSTRAP_RECEIVING)
        b->sensor->shard->host->registered(b->seat);
    if (s != SALLY_BOOTSTRAP_DONE && s != SALLY_BOOTSTRAP_FAILED)
        return;
    b->visit->over = true;
    b->visit->failure = e;
}

/* A copy, whose secrets go to their holder: what is judged, kept and used. */
static enum sally_err take_offer(struct sally_bootstrapper *b,
                                 const struct sally_book *staged)
{
    struct sally_book *offered = &b->visit->offered;
    enum sally_err e;

    sally_book_wipe(offered);
    e = sally_book_open(offered, SALLY_BOOK_MAX);
    if (e == SALLY_E_OK)
        e = sally_book_copy(staged, offered);
    return e == SALLY_E_OK ? sally_entrust(b->sensor->shard->holder, offered)
                           : e;
}

static enum sally_err save_offer(struct sally_bootstrapper *b)
{
    struct sally_visit *v = b->visit;
    struct sally_dead dead = { .count = 0 };
    enum sally_err e;
    bool kept;

    v->ticket = ++b->tickets;
    sally_account_lost(b->sensor, &v->offered, &dead);
    e = sally_vault_save(b->sensor->shard->vault, b->sensor, &v->offered, &dead,
                         v->ticket, &kept);
    v->deciding = e == SALLY_E_OK;
    return e;
}

static uint8_t on_finish(void *owner, const struct sally_book *staged,
                         sally_usec now)
{
    struct sally_bootstrapper *b = owner;
    struct sally_book *offered = &b->visit->offered;
    struct sally_path culprit = { .depth = 0 };
    const char *why = NULL;
    enum sally_err e = take_offer(b, staged);

    (void)now;
    if (e == SALLY_E_OK)
        why = judge(b, offered, &culprit);
    if (e == SALLY_E_OK && why == NULL)
        e = save_offer(b);
    if (e == SALLY_E_OK && why == NULL)
        return 0;
    sally_book_wipe(offered);
    tell_refused(b, &culprit, why != NULL ? why : sally_err_text(e));
    return why != NULL ? SALLY_CODE_NOT_ACCEPTABLE : SALLY_CODE_INTERNAL_ERROR;
}

static void on_refused(void *owner, enum sally_err e,
                       const struct sally_path *culprit)
{
    tell_refused(owner, culprit, sally_err_text(e));
}

/* Each session agrees on new keys, so numbers need not outlive it. */
static void on_reserve(void *owner, uint64_t until)
{
    struct sally_bootstrapper *b = owner;

    sally_bootstrap_reserved(&b->visit->engine, until, b->sensor->shard->now);
}

static const struct sally_bootstrap_upcalls upcalls = {
    .on_wanted = on_wanted,
    .on_rebind = on_rebind,
    .on_state = on_state,
    .on_finish = on_finish,
    .on_refused = on_refused,
    .on_reserve = on_reserve,
};

/* --- Beginning ------------------------------------------------------------ */

/* Any of the authorities that there are: an account is judged by those of its
 * own server at the end.                                                    */
static const struct sally_trust *some_trust(const struct sally_bootstrapper *b)
{
    const struct sally_shard *s = b->sensor->shard;

    for (size_t i = 0; i < s->config->server_count; i++)
        if (s->trusts[i].now != NULL)
            return s->trusts[i].now;
    return NULL;
}

static enum sally_err take_account(struct sally_bootstrapper *b,
                                   struct sally_visit *v)
{
    const uint32_t number = b->sensor->config->bootstrap->server;
    const struct sally_shard *s = b->sensor->shard;
    struct sally_account a;
    struct sally_path culprit;
    enum sally_err e = sally_account_find(&v->current, 0, &a, &culprit);

    if (e == SALLY_E_OK)
        e = sally_account_credential(&s->config->servers[number],
                                     s->trusts[number].now, s->holder,
                                     &v->current, &a, &v->credential, &culprit);
    if (e == SALLY_E_OK &&
        sally_vault_is_buried(s->vault, endpoint_of(b), &v->credential))
        e = SALLY_E_REVOKED;
    if (e != SALLY_E_OK)
        return e;
    v->uri = a.uri;
    v->settings = (struct sally_bootstrap_settings){
        .endpoint = endpoint_of(b),
        .scheme = a.scheme,
        .credential = &v->credential,
        .registry = &s->config->registry,
        .trust = some_trust(b),
        .version = (uint8_t)s->config->servers[number].version,
        .pack = true,
        .preferred = SALLY_FORMAT_SENML_CBOR,
    };
    return SALLY_E_OK;
}

enum sally_err sally_visit_begin(struct sally_bootstrapper *b, sally_usec now)
{
    struct sally_shard *s = b->sensor->shard;
    struct sally_visit *v = calloc(1, sizeof(*v));
    uint64_t generation;
    enum sally_err e;

    if (v == NULL)
        return SALLY_E_NO_MEMORY;
    b->visit = v;
    v->until = sally_after(now, SALLY_VISIT_MAX);
    s->visits++;
    sally_bootstrap_init(&v->engine, s->shared->coap, &upcalls, b);
    e = sally_standing_read(b, &v->current, &generation);
    if (e == SALLY_E_NOT_FOUND || e == SALLY_E_UNAUTHENTIC ||
        e == SALLY_E_MALFORMED)
        e = SALLY_E_OK; /* with the keys of the file */
    if (e == SALLY_E_OK)
        e = take_account(b, v);
    sally_times_tell(s);
    if (e == SALLY_E_OK)
        e = sally_bootstrap_start(&v->engine, &v->settings, &v->current, now);
    if (e != SALLY_E_OK)
        return e;
    sally_log(SALLY_LOG_INFO, "bootstrap_begun",
              SALLY_TEXT("sensor", b->sensor->config->id),
              SALLY_TEXT("server", sally_visit_server(b)->name),
              SALLY_TEXT("endpoint", endpoint_of(b)),
              SALLY_TEXT("why", reasons[b->why]));
    sally_bootstrap_connect(&v->engine, now);
    return SALLY_E_OK;
}

/* --- In force ------------------------------------------------------------- */

static void put_in_force(struct sally_bootstrapper *b, sally_usec now)
{
    struct sally_visit *v = b->visit;

    b->generation++;
    b->failures = 0;
    v->done = true;
    sally_account_apply_all(b->sensor, &v->current, &v->offered, now);
    sally_rights_apply(b, &v->offered, now);
    sally_standing_note(b, &v->offered);
    sally_standing_start_purge(b, &v->offered, now);
    sally_shard_judge(b->sensor);
    if (!b->again)
        sally_vault_settle(b->sensor->shard->vault, b->sensor);
    sally_book_wipe(&v->current);
    sally_shard_begin_held(b->sensor, now);
    sally_log(SALLY_LOG_INFO, "bootstrap_done",
              SALLY_TEXT("sensor", b->sensor->config->id),
              SALLY_TEXT("server", sally_visit_server(b)->name),
              SALLY_TEXT("endpoint", endpoint_of(b)),
              SALLY_NUMBER("accounts", sally_account_living(b->sensor)));
}

void sally_bootstrapper_kept(struct sally_bootstrapper *b,
                             const struct sally_store_receipt *r,
                             enum sally_err e, sally_usec now)
{
    struct sally_visit *v = b->visit;
    struct sally_path nowhere = { .depth = 0 };

    if (b->purging != 0 && r->ticket == b->purging)
        sally_standing_purged(b, e, now);
    if (v == NULL || !v->deciding || r->ticket != v->ticket)
        return;
    v->deciding = false;
    if (e == SALLY_E_OK)
        put_in_force(b, now);
    else
        tell_refused(b, &nowhere, sally_err_text(e));
    sally_book_wipe(&v->offered);
    (void)sally_bootstrap_finished(&v->engine,
                                   e == SALLY_E_OK ? SALLY_CODE_CHANGED
                                                   : SALLY_CODE_INTERNAL_ERROR,
                                   now);
    sally_visit_pump(b, now);
}
