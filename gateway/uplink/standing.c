/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/standing.c - the accounts of a sensor that are in force: from
 * the disk or from the file, what of them goes by itself, and what the operator
 * strikes out.                                                              */
#include "uplink/bootstrapper_parts.h"

#include "base/writer.h"
#include "log/log.h"
#include "lwm2m/objects/builtin.h"
#include "uplink/entrust.h"
#include "uplink/factory.h"
#include "uplink/shard_parts.h"
#include "uplink/orders.h"
#include "uplink/vault.h"

#define PURGE_AGAIN (60 * SALLY_SEC) /* the disk did not take it */

/* --- Accounts in force ---------------------------------------------------- */

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

/* Which of the file's accounts were taken away since, or have other keys,
 * nobody knows where the book is damaged: what their bootstrap server says
 * counts then, and nothing else.                                            */
static enum sally_err leave_out_servers(const struct sally_bootstrapper *b,
                                        struct sally_book *book)
{
    const struct sally_uplink_sensor *u = b->sensor;
    enum sally_err e = SALLY_E_OK;

    for (uint32_t i = 0; i < u->config->account_count && e == SALLY_E_OK; i++)
        e = cut_account(book, u->clients[i].server->short_server_id);
    return e;
}

enum sally_err sally_standing_read(const struct sally_bootstrapper *b,
                                   struct sally_book *out,
                                   uint64_t *generation)
{
    enum sally_err e = sally_book_open(out, SALLY_BOOK_MAX), copied;

    *generation = 0;
    if (e != SALLY_E_OK)
        return e;
    e = sally_vault_load(b->sensor->shard->vault, b->sensor, out, generation);
    if (e == SALLY_E_OK) { /* of before there was a holder, who may be away */
        (void)!sally_entrust(b->sensor->shard->holder, out);
        return e;
    }
    *generation = 0;
    copied = sally_book_copy(&b->factory, out);
    if (copied == SALLY_E_OK && e != SALLY_E_NOT_FOUND)
        copied = leave_out_servers(b, out);
    return copied == SALLY_E_OK ? e : copied;
}

void sally_standing_note(struct sally_bootstrapper *b,
                         const struct sally_book *book)
{
    struct sally_account a;
    struct sally_path culprit;

    b->has_account = sally_account_find(book, 0, &a, &culprit) == SALLY_E_OK;
    b->hold_off = b->has_account ? a.hold_off : 0;
}

void sally_standing_start_purge(struct sally_bootstrapper *b,
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
              SALLY_TEXT("endpoint", b->sensor->config->endpoint),
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

/* What the operator wrote into a file, and does not hold. */
struct ignored {
    const struct sally_bootstrapper *b;
    const char *server;
    struct sally_writer *out; /* NULL: into the log */
};

static void tell_ignored(void *owner, const char *key)
{
    const struct ignored *i = owner;

    if (i->out != NULL) {
        sally_put_format(i->out, "%s%s %s", i->out->out->len == 0 ? "" : ", ",
                         i->server, key);
        return;
    }
    sally_log(SALLY_LOG_WARNING, "config_ignored",
              SALLY_TEXT("sensor", i->b->sensor->config->id),
              SALLY_TEXT("server", i->server), SALLY_TEXT("field", key),
              SALLY_TEXT("why", "a bootstrap server has given the account "
                                "since, which counts"));
}

static void compare(const struct sally_bootstrapper *b,
                    const struct sally_book *book, struct sally_writer *out)
{
    const struct sally_uplink_sensor *u = b->sensor;
    struct ignored i = { b, sally_visit_server(b)->name, out };

    sally_factory_compare(&b->factory, book, 0, tell_ignored, &i);
    for (uint32_t k = 0; k < u->config->account_count; k++) {
        i.server = u->clients[k].server->name;
        if (!u->config->accounts[k].dormant)
            sally_factory_compare(&b->factory, book,
                                  u->clients[k].server->short_server_id,
                                  tell_ignored, &i);
    }
}

void sally_bootstrapper_ignored(const struct sally_bootstrapper *b,
                                struct sally_buf *out)
{
    struct sally_book book = { .at = NULL };
    struct sally_writer w = sally_writer_into(out);
    uint64_t generation;

    if (sally_standing_read(b, &book, &generation) == SALLY_E_OK)
        compare(b, &book, &w);
    sally_book_wipe(&book);
}

void sally_bootstrapper_load(struct sally_bootstrapper *b, sally_usec now)
{
    struct sally_book book = { .at = NULL };
    enum sally_err e = sally_standing_read(b, &book, &b->generation);

    sally_standing_note(b, &book);
    if (e == SALLY_E_OK) {
        sally_account_load_all(b->sensor, &book, now);
        sally_rights_apply(b, &book, now);
        compare(b, &book, NULL);
        sally_standing_start_purge(b, &book, now);
    } else if (e != SALLY_E_NOT_FOUND) {
        complain_damage(b, e);
        take_none(b, now);
    }
    sally_book_wipe(&book);
}

/* --- The operator's word -------------------------------------------------- */

/* The keys of the bootstrap account; none, if there is no such account. */
static enum sally_err find_own(const struct sally_bootstrapper *b,
                               const struct sally_book *book,
                               struct sally_credential *out)
{
    const uint32_t number = b->sensor->config->bootstrap->server;
    const struct sally_shard *s = b->sensor->shard;
    struct sally_account a;
    struct sally_path culprit;
    enum sally_err e = sally_account_find(book, 0, &a, &culprit);

    if (e == SALLY_E_NOT_FOUND)
        return SALLY_E_OK;
    return e == SALLY_E_OK
               ? sally_account_credential(&s->config->servers[number],
                                          s->trusts[number].now, s->holder,
                                          book, &a, out, &culprit)
               : e;
}

static enum sally_err strike(struct sally_bootstrapper *b,
                             struct sally_book *book, uint16_t short_id,
                             struct sally_dead *dead, bool *kept)
{
    SALLY_ON_EXIT(sally_credential_wipe)
    struct sally_credential own = { .bytes = NULL };
    const struct sally_path all = { .depth = 0 };
    enum sally_err e;

    if (short_id != 0) {
        e = cut_account(book, short_id);
    } else {
        e = find_own(b, book, &own);
        dead->keys[dead->count++] = &own;
        sally_book_cut(book, &all);
    }
    if (e == SALLY_E_OK)
        e = sally_vault_save(b->sensor->shard->vault, b->sensor, book, dead,
                             SALLY_ORDER_TICKET, kept);
    if (e != SALLY_E_OK)
        return e;
    b->generation++;
    sally_standing_note(b, book);
    sally_rights_apply(b, book, b->sensor->shard->now);
    return SALLY_E_OK;
}

enum sally_err sally_bootstrapper_strike(struct sally_bootstrapper *b,
                                         uint16_t short_id,
                                         struct sally_dead *dead, bool *kept)
{
    struct sally_book book = { .at = NULL };
    uint64_t generation;
    enum sally_err e = sally_standing_read(b, &book, &generation);

    if (e == SALLY_E_NOT_FOUND || e == SALLY_E_UNAUTHENTIC ||
        e == SALLY_E_MALFORMED)
        e = SALLY_E_OK; /* what the file has is struck */
    if (e == SALLY_E_OK)
        e = strike(b, &book, short_id, dead, kept);
    sally_book_wipe(&book);
    return e;
}

/* --- The bootstrap account's time ----------------------------------------- */

static void cut_oscore(struct sally_book *book)
{
    struct sally_account a;
    struct sally_path path;

    if (sally_account_find(book, 0, &a, &path) != SALLY_E_OK || !a.has_oscore)
        return;
    path = sally_path_instance(SALLY_OBJECT_OSCORE, a.oscore_instance);
    sally_book_cut(book, &path);
}

static enum sally_err save_without(struct sally_bootstrapper *b,
                                   struct sally_book *book)
{
    const struct sally_dead none = { .count = 0 };
    struct sally_path whole;
    uint16_t instance;
    bool kept;

    if (!sally_book_bootstrap(book, 0, &instance))
        return SALLY_E_NOT_FOUND;
    whole = sally_path_instance(SALLY_OBJECT_SECURITY, instance);
    cut_oscore(book);
    sally_book_cut(book, &whole);
    b->purging = ++b->tickets;
    return sally_vault_save(b->sensor->shard->vault, b->sensor, book, &none,
                            b->purging, &kept);
}

/* Nothing changes the keys from then on; see LwM2M Core s.6.1, /0/x/12. A book
 * that is damaged has an account to purge when a bootstrap has given another.
 */
void sally_standing_purge(struct sally_bootstrapper *b, sally_usec now)
{
    struct sally_book book = { .at = NULL };
    uint64_t generation;
    enum sally_err e;

    b->purge = SALLY_NEVER;
    if (b->visit != NULL) {
        b->purge = sally_after(now, SALLY_BOOTSTRAP_PATIENCE);
        return;
    }
    e = sally_standing_read(b, &book, &generation);
    if (e == SALLY_E_OK)
        e = save_without(b, &book);
    sally_book_wipe(&book);
    if (e == SALLY_E_NO_ROOM || e == SALLY_E_NO_MEMORY || e == SALLY_E_IO)
        b->purge = sally_after(now, PURGE_AGAIN);
}

void sally_standing_purged(struct sally_bootstrapper *b, enum sally_err e,
                           sally_usec now)
{
    b->purging = 0;
    if (e != SALLY_E_OK) {
        b->purge = sally_after(now, PURGE_AGAIN);
        return;
    }
    b->has_account = false;
    b->due = SALLY_NEVER;
    sally_log(SALLY_LOG_INFO, "bootstrap_account_purged",
              SALLY_TEXT("sensor", b->sensor->config->id),
              SALLY_TEXT("server", sally_visit_server(b)->name),
              SALLY_TEXT("endpoint", b->sensor->config->endpoint));
}
