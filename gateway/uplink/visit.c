/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/visit.c - one visit at a bootstrap server: with which keys,
 * what it may give, and how that comes in force.                            */
#include "uplink/bootstrapper_parts.h"

#include "log/log.h"
#include "lwm2m/objects/builtin.h"
#include "uplink/factory.h"
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
};

static const char *endpoint_of(const struct sally_bootstrapper *b)
{
    return b->sensor->config->endpoint;
}

/* --- Accounts in force ---------------------------------------------------- */

/* Reads what holds. NOT_FOUND: the factory's, which `out` is then. */
static enum sally_err read_book(const struct sally_bootstrapper *b,
                                struct sally_book *out, uint64_t *generation)
{
    enum sally_err e = sally_book_open(out, SALLY_BOOK_MAX);

    if (e != SALLY_E_OK)
        return e;
    *generation = 0;
    e = sally_vault_load(b->sensor->shard->vault, b->sensor, out, generation);
    if (e == SALLY_E_OK)
        return e;
    *generation = 0;
    if (sally_book_copy(&b->factory, out) != SALLY_E_OK)
        return SALLY_E_NO_ROOM;
    return e;
}

/* Keeps what is asked between visits. */
static void note_account(struct sally_bootstrapper *b,
                         const struct sally_book *book)
{
    struct sally_account a;
    struct sally_path culprit;

    b->has_account = sally_account_find(book, 0, &a, &culprit) == SALLY_E_OK;
    b->hold_off = b->has_account ? a.hold_off : 0;
}

static void start_purge(struct sally_bootstrapper *b,
                        const struct sally_book *book, sally_usec now)
{
    struct sally_account a;
    struct sally_path culprit;

    b->purge = SALLY_NEVER;
    if (sally_account_find(book, 0, &a, &culprit) == SALLY_E_OK &&
        a.timeout != 0)
        b->purge = sally_after(now, a.timeout * SALLY_SEC);
}

static void complain_damage(const struct sally_bootstrapper *b,
                            enum sally_err e)
{
    sally_log(SALLY_LOG_ERROR, "account_damaged",
              SALLY_TEXT("sensor", b->sensor->config->id),
              SALLY_TEXT("endpoint", endpoint_of(b)),
              SALLY_TEXT("why", sally_err_text(e)));
}

/* A book that cannot be read leaves the sensor without accounts: which of those
 * in the file were taken away since, nobody knows. Its bootstrap server does.
 */
static void take_none(struct sally_bootstrapper *b, sally_usec now)
{
    struct sally_book none = { .at = NULL };

    sally_account_load_all(b->sensor, &none, now);
}

struct ignored {
    const struct sally_bootstrapper *b;
    const char *server;
};

static void tell_ignored(void *owner, const char *key)
{
    const struct ignored *i = owner;

    sally_log(SALLY_LOG_WARNING, "config_ignored",
              SALLY_TEXT("sensor", i->b->sensor->config->id),
              SALLY_TEXT("server", i->server), SALLY_TEXT("field", key),
              SALLY_TEXT("why", "a bootstrap server has given the account "
                                "since, which counts"));
}

/* What the operator wrote into a file, and does not hold. */
static void compare(const struct sally_bootstrapper *b,
                    const struct sally_book *book)
{
    const struct sally_uplink_sensor *u = b->sensor;
    struct ignored i = { b, sally_visit_server(b)->name };

    sally_factory_compare(&b->factory, book, 0, tell_ignored, &i);
    for (uint32_t k = 0; k < u->config->account_count; k++) {
        i.server = u->clients[k].server->name;
        if (!u->config->accounts[k].dormant)
            sally_factory_compare(&b->factory, book,
                                  u->clients[k].server->short_server_id,
                                  tell_ignored, &i);
    }
}

void sally_bootstrapper_load(struct sally_bootstrapper *b, sally_usec now)
{
    struct sally_book book = { .at = NULL };
    enum sally_err e = read_book(b, &book, &b->generation);

    note_account(b, &book);
    if (e == SALLY_E_OK) {
        sally_account_load_all(b->sensor, &book, now);
        compare(b, &book);
        start_purge(b, &book, now);
    } else if (e != SALLY_E_NOT_FOUND) {
        complain_damage(b, e);
        take_none(b, now);
    }
    sally_book_wipe(&book);
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
    e = sally_account_credential(s, b->sensor->shard->trusts[number].now, book,
                                 a, &c, culprit);
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

static uint8_t on_finish(void *owner, const struct sally_book *staged,
                         sally_usec now)
{
    struct sally_bootstrapper *b = owner;
    struct sally_path culprit = { .depth = 0 };
    const char *why = judge(b, staged, &culprit);
    enum sally_err e;

    (void)now;
    if (why != NULL) {
        tell_refused(b, &culprit, why);
        return SALLY_CODE_NOT_ACCEPTABLE;
    }
    b->visit->ticket = ++b->tickets;
    e = sally_account_bury_lost(b->sensor, staged);
    if (e == SALLY_E_OK)
        e = sally_vault_save(b->sensor->shard->vault, b->sensor, staged,
                             b->visit->ticket);
    if (e != SALLY_E_OK) {
        tell_refused(b, &culprit, sally_err_text(e));
        return SALLY_CODE_INTERNAL_ERROR;
    }
    b->visit->offered = staged;
    b->visit->deciding = true;
    return 0;
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
                                     s->trusts[number].now, &v->current, &a,
                                     &v->credential, &culprit);
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
    s->visits++;
    sally_bootstrap_init(&v->engine, s->shared->coap, &upcalls, b);
    e = read_book(b, &v->current, &generation);
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
    sally_account_apply_all(b->sensor, &v->current, v->offered, now);
    note_account(b, v->offered);
    start_purge(b, v->offered, now);
    sally_shard_judge(b->sensor);
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

    if (v == NULL || !v->deciding || r->ticket != v->ticket)
        return;
    v->deciding = false;
    if (e == SALLY_E_OK)
        put_in_force(b, now);
    else
        tell_refused(b, &nowhere, sally_err_text(e));
    v->offered = NULL;
    (void)sally_bootstrap_finished(&v->engine,
                                   e == SALLY_E_OK ? SALLY_CODE_CHANGED
                                                   : SALLY_CODE_INTERNAL_ERROR,
                                   now);
    sally_visit_pump(b, now);
}

static void cut_oscore(struct sally_book *book)
{
    struct sally_account a;
    struct sally_path path;

    if (sally_account_find(book, 0, &a, &path) != SALLY_E_OK || !a.has_oscore)
        return;
    path = sally_path_instance(SALLY_OBJECT_OSCORE, a.oscore_instance);
    sally_book_cut(book, &path);
}

/* --- The operator's word -------------------------------------------------- */

static enum sally_err bury_own(const struct sally_bootstrapper *b,
                               const struct sally_book *book)
{
    SALLY_ON_EXIT(sally_credential_wipe)
    struct sally_credential c = { .bytes = NULL };
    const uint32_t number = b->sensor->config->bootstrap->server;
    const struct sally_shard *s = b->sensor->shard;
    struct sally_account a;
    struct sally_path culprit;
    enum sally_err e = sally_account_find(book, 0, &a, &culprit);

    if (e == SALLY_E_NOT_FOUND)
        return SALLY_E_OK;
    if (e == SALLY_E_OK)
        e = sally_account_credential(&s->config->servers[number],
                                     s->trusts[number].now, book, &a, &c,
                                     &culprit);
    return e == SALLY_E_OK ? sally_account_bury(b->sensor, &c) : e;
}

/* The account, and what belonged to it. */
static enum sally_err cut_account(struct sally_book *book, uint16_t short_id)
{
    struct sally_book before = { .at = NULL };
    struct sally_account a;
    struct sally_path path;
    enum sally_err e = sally_account_find(book, short_id, &a, &path);

    if (e != SALLY_E_OK)
        return e == SALLY_E_NOT_FOUND ? SALLY_E_OK : e;
    e = sally_book_open(&before, book->len);
    if (e == SALLY_E_OK)
        e = sally_book_copy(book, &before);
    if (e == SALLY_E_OK) {
        path = sally_path_instance(SALLY_OBJECT_SECURITY, a.instance);
        sally_book_cut(book, &path);
        sally_book_tidy(book, &before);
    }
    sally_book_wipe(&before);
    return e;
}

static enum sally_err strike(struct sally_bootstrapper *b,
                             struct sally_book *book, uint16_t short_id)
{
    const struct sally_path all = { .depth = 0 };
    enum sally_err e;

    if (short_id != 0)
        return cut_account(book, short_id);
    e = bury_own(b, book);
    sally_book_cut(book, &all);
    return e;
}

enum sally_err sally_bootstrapper_strike(struct sally_bootstrapper *b,
                                         uint16_t short_id)
{
    struct sally_book book = { .at = NULL };
    uint64_t generation;
    enum sally_err e = read_book(b, &book, &generation);

    if (e == SALLY_E_NOT_FOUND || e == SALLY_E_UNAUTHENTIC ||
        e == SALLY_E_MALFORMED)
        e = SALLY_E_OK; /* what the file has is struck */
    if (e == SALLY_E_OK)
        e = strike(b, &book, short_id);
    if (e == SALLY_E_OK)
        e = sally_vault_save(b->sensor->shard->vault, b->sensor, &book, 0);
    if (e == SALLY_E_OK) {
        b->generation++;
        note_account(b, &book);
    }
    sally_book_wipe(&book);
    return e;
}

/* Nothing changes the keys from then on; see LwM2M Core s.6.1, /0/x/12. */
void sally_visit_purge(struct sally_bootstrapper *b, sally_usec now)
{
    struct sally_book book = { .at = NULL };
    uint64_t generation;
    uint16_t instance;
    enum sally_err e;

    b->purge = SALLY_NEVER;
    if (b->visit != NULL) {
        b->purge = sally_after(now, SALLY_BOOTSTRAP_PATIENCE);
        return;
    }
    e = read_book(b, &book, &generation);
    if (e == SALLY_E_OK && sally_book_bootstrap(&book, 0, &instance)) {
        const struct sally_path whole =
            sally_path_instance(SALLY_OBJECT_SECURITY, instance);

        cut_oscore(&book);
        sally_book_cut(&book, &whole);
        e = sally_vault_save(b->sensor->shard->vault, b->sensor, &book, 0);
    }
    sally_book_wipe(&book);
    if (e != SALLY_E_OK) {
        b->purge = sally_after(now, 60 * SALLY_SEC);
        return;
    }
    b->has_account = false;
    b->due = SALLY_NEVER;
    sally_log(SALLY_LOG_INFO, "bootstrap_account_purged",
              SALLY_TEXT("sensor", b->sensor->config->id),
              SALLY_TEXT("server", sally_visit_server(b)->name),
              SALLY_TEXT("endpoint", endpoint_of(b)));
}
