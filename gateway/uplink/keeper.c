/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/keeper.c - saves registrations when they have changed, and
 * takes them up again.                                                      */
#include "uplink/keeper.h"

#include "base/cursor.h"
#include "base/writer.h"
#include "log/log.h"
#include "uplink/shard_parts.h"

#include <stdlib.h>

#define APART SALLY_SEC           /* between two saves of a client */
#define RETRY (5 * SALLY_SEC)     /* after a store that had no room or failed */
#define AT_ONCE 32                /* saves in one go... */
#define BREATH (10 * SALLY_MSEC)  /* ...and until the next one */
#define CONTEXT_MAX 256
#define SAVED_MAX (SALLY_CLIENT_SAVED_MAX + 1)
#define SEALED_MAX (SAVED_MAX + SALLY_SEAL_OVERHEAD)

struct sally_keeper {
    struct sally_shard *shard;
    struct sally_sealer sealer;
    bool unlocked;
    struct sally_deadlines due;
    sally_usec not_before;
};

enum sally_err sally_keeper_create(struct sally_keeper **out,
                                   struct sally_shard *shard, size_t room)
{
    struct sally_keeper *k = calloc(1, sizeof(*k));

    if (k == NULL || sally_deadlines_init(&k->due, room) != SALLY_E_OK) {
        free(k);
        return SALLY_E_NO_MEMORY;
    }
    k->shard = shard;
    *out = k;
    return SALLY_E_OK;
}

enum sally_err sally_keeper_grow(struct sally_keeper *k, size_t room)
{
    return sally_deadlines_grow(&k->due, room);
}

void sally_keeper_wipe(struct sally_keeper *k)
{
    if (k == NULL)
        return;
    sally_deadlines_wipe(&k->due);
    sally_sealer_wipe(&k->sealer);
    free(k);
}

void sally_keeper_unlock(struct sally_keeper *k, const struct sally_sealer *s)
{
    k->sealer = *s;
    k->unlocked = true;
}

/* --- Whose it is ---------------------------------------------------------- */

static struct sally_span number(const uint8_t *bytes, size_t n)
{
    return (struct sally_span){ bytes, n };
}

/* All that an account proves itself with and demands: whoever changes any of it
 * begins anew.                                                              */
static enum sally_err digest_account(const struct sally_keeper *k,
                                     const struct sally_virtual_client *v,
                                     uint8_t out[SALLY_SHA256_LEN])
{
    static const struct sally_oscore_parts no_oscore = { .aead = 0 };
    const struct sally_credential *c = &v->credential;
    const struct sally_oscore_parts *o =
        c->oscore != NULL ? c->oscore : &no_oscore;
    const uint8_t small[] = {
        (uint8_t)c->mode,        c->usage,          c->matching,
        (uint8_t)c->min_version, c->connection_id,  c->oscore != NULL,
        (uint8_t)o->aead,        o->has_id_context, (uint8_t)o->hkdf,
    };
    /* Not the one name of several that is in force just now. */
    struct sally_span names =
        c->host_names.len != 0 ? c->host_names : c->server_name;
    const struct sally_span parts[] = {
        number(small, sizeof(small)), sally_span_of(v->server->uri_text),
        c->identity,                  c->public_key,
        c->secret_key,                c->server_public_key,
        names,                        o->master_secret,
        o->master_salt,               o->sender_id,
        o->recipient_id,              o->id_context,
    };

    return sally_seal_digest(&k->sealer, "account", parts, SALLY_LEN(parts),
                             out);
}

static enum sally_err put_context(const struct sally_keeper *k,
                                  const struct sally_virtual_client *v,
                                  struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    uint8_t digest[SALLY_SHA256_LEN];
    enum sally_err e = digest_account(k, v, digest);

    sally_put_text(&w, v->sensor->config->id);
    sally_put_u8(&w, 0);
    sally_put_text(&w, v->server->name);
    sally_put_u8(&w, 0);
    sally_put(&w, number(digest, sizeof(digest)));
    return e == SALLY_E_OK ? sally_writer_end(&w) : e;
}

static struct sally_kept_place place_of(const struct sally_virtual_client *v)
{
    return (struct sally_kept_place){ SALLY_KEPT_SESSION, v->sensor->index,
                                      sally_span_of(v->server->name) };
}

/* --- Saving --------------------------------------------------------------- */

static void schedule(struct sally_keeper *k, struct sally_virtual_client *v,
                     sally_usec when)
{
    sally_deadlines_set(&k->due, &v->kept.due, when);
}

static enum sally_err keep(struct sally_keeper *k,
                           struct sally_virtual_client *v,
                           struct sally_span body)
{
    const struct sally_kept_place at = place_of(v);
    enum sally_err e =
        sally_store_keep(k->shard->store, &at, body, v->index);

    if (e == SALLY_E_OK)
        v->kept.stored = body.len != 0;
    return e;
}

static enum sally_err forget(struct sally_keeper *k,
                             struct sally_virtual_client *v)
{
    return v->kept.stored ? keep(k, v, (struct sally_span){ NULL, 0 })
                          : SALLY_E_OK;
}

static enum sally_err seal(struct sally_keeper *k,
                           struct sally_virtual_client *v,
                           struct sally_span plain, struct sally_buf *out)
{
    uint8_t room[CONTEXT_MAX];
    struct sally_buf context = SALLY_BUF(room);
    enum sally_err e = put_context(k, v, &context);

    if (e != SALLY_E_OK)
        return e;
    return sally_seal(&k->sealer, "session", sally_buf_span(&context), plain,
                      k->shard->shared->coap->random, out);
}

/* BAD_STATE: there is nothing to save now. */
static enum sally_err save(struct sally_keeper *k,
                           struct sally_virtual_client *v)
{
    uint8_t plain[SAVED_MAX], sealed[SEALED_MAX];
    struct sally_buf in = SALLY_BUF(plain), out = SALLY_BUF(sealed);
    struct sally_writer w = sally_writer_into(&in);
    enum sally_err e;

    sally_put_u8(&w, v->uri);
    e = sally_lwm2m_client_save(&v->client, &in);
    if (e == SALLY_E_OK)
        e = seal(k, v, sally_buf_span(&in), &out);
    sally_wipe(plain, in.len);
    return e == SALLY_E_OK ? keep(k, v, sally_buf_span(&out)) : e;
}

static void settle(struct sally_keeper *k, struct sally_virtual_client *v,
                   sally_usec now)
{
    sally_usec next = sally_after(v->kept.saved, APART);
    bool early = v->kept.saved != 0 && next > now;
    enum sally_err e = early ? forget(k, v) : save(k, v);

    if (e == SALLY_E_OK && !early)
        v->kept.saved = now;
    if (e == SALLY_E_OK && early)
        schedule(k, v, next);
    if (e == SALLY_E_BAD_STATE)
        e = forget(k, v);
    if (e != SALLY_E_OK)
        schedule(k, v, sally_after(now, RETRY));
}

static struct sally_virtual_client *take(struct sally_keeper *k, sally_usec now)
{
    struct sally_deadline *d = sally_deadlines_take(&k->due, now);

    return d == NULL ? NULL
                     : SALLY_OWNER(d, struct sally_virtual_client, kept.due);
}

sally_usec sally_keeper_deadline(const struct sally_keeper *k)
{
    sally_usec due = sally_deadlines_next(&k->due);

    return due != SALLY_NEVER && due < k->not_before ? k->not_before : due;
}

void sally_keeper_expire(struct sally_keeper *k, sally_usec now)
{
    struct sally_virtual_client *v;

    if (now < k->not_before)
        return;
    for (unsigned left = AT_ONCE; left > 0 && (v = take(k, now)) != NULL;
         left--) {
        settle(k, v, now);
        k->not_before = sally_after(now, BREATH);
    }
}

void sally_keeper_flush(struct sally_keeper *k)
{
    struct sally_virtual_client *v;

    while ((v = take(k, SALLY_NEVER - 1)) != NULL)
        if (save(k, v) == SALLY_E_BAD_STATE)
            (void)!forget(k, v);
}

void sally_keeper_changed(struct sally_virtual_client *v)
{
    struct sally_keeper *k = v->shard->keeper;

    if (!k->unlocked || !v->kept.held)
        return;
    schedule(k, v, 0);
    sally_shard_arm(v->shard);
}

void sally_keeper_release(struct sally_virtual_client *v)
{
    v->kept.held = false;
    schedule(v->shard->keeper, v, SALLY_NEVER);
}

void sally_keeper_drop(struct sally_virtual_client *v)
{
    sally_keeper_release(v);
    v->kept.stored = true;
    if (v->shard->keeper->unlocked)
        (void)!forget(v->shard->keeper, v);
}

void sally_keeper_kept(struct sally_keeper *k,
                       const struct sally_store_receipt *r, enum sally_err e,
                       sally_usec now)
{
    struct sally_uplink_sensor *u = sally_shard_sensor(k->shard, r->sensor);

    if (e == SALLY_E_OK || r->what != SALLY_KEPT_SESSION || u == NULL ||
        r->ticket >= u->config->account_count)
        return;
    u->clients[r->ticket].kept.stored = true; /* whatever lies there now */
    if (u->clients[r->ticket].kept.held)
        schedule(k, &u->clients[r->ticket], sally_after(now, RETRY));
}

/* --- Restoring ------------------------------------------------------------ */

static enum sally_err recall(struct sally_keeper *k,
                             const struct sally_virtual_client *v,
                             struct sally_buf *out)
{
    const struct sally_kept_place at = place_of(v);
    uint8_t room[CONTEXT_MAX], sealed[SEALED_MAX];
    struct sally_buf context = SALLY_BUF(room), in = SALLY_BUF(sealed);
    enum sally_err e = sally_store_recall(k->shard->store, &at, &in);

    if (e == SALLY_E_OK)
        e = put_context(k, v, &context);
    return e == SALLY_E_OK
               ? sally_unseal(&k->sealer, "session", sally_buf_span(&context),
                              sally_buf_span(&in), out)
               : e;
}

/* Before the client's own: at which of its server's URIs it was. */
static enum sally_err take_up(struct sally_virtual_client *v,
                              struct sally_span saved, sally_usec now)
{
    struct sally_cursor c = sally_cursor_over(saved);
    uint8_t uri = sally_take_u8(&c);
    bool known = !c.failed && sally_config_uri(v->server, uri) != NULL;
    enum sally_err e;

    if (!known)
        c.rest.len = 0;
    e = sally_lwm2m_client_restore(&v->client, c.rest, now);
    if (e == SALLY_E_OK && known)
        v->uri = uri;
    return known || saved.len == 0 ? e : SALLY_E_MALFORMED;
}

static enum sally_err restore(struct sally_keeper *k,
                              struct sally_virtual_client *v, sally_usec now)
{
    uint8_t plain[SAVED_MAX];
    struct sally_buf b = SALLY_BUF(plain);
    enum sally_err e = recall(k, v, &b);

    v->kept.stored = e != SALLY_E_NOT_FOUND;
    if (e != SALLY_E_OK)
        b.len = 0;
    else if (b.len == 0)
        e = SALLY_E_MALFORMED;
    if (take_up(v, sally_buf_span(&b), now) != SALLY_E_OK)
        e = SALLY_E_MALFORMED;
    sally_wipe(plain, b.len);
    return e;
}

void sally_keeper_begin(struct sally_virtual_client *v, bool anew,
                        sally_usec now)
{
    struct sally_keeper *k = v->shard->keeper;
    enum sally_err e;

    if (!k->unlocked)
        return;
    if (anew) {
        v->kept.stored = true;
        e = sally_lwm2m_client_restore(&v->client,
                                       (struct sally_span){ NULL, 0 }, now);
    } else {
        e = restore(k, v, now);
    }
    v->kept.held = true;
    if (anew || e != SALLY_E_OK)
        (void)!forget(k, v);
}
