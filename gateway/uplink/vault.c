/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/vault.c - seals books, and digests keys that are dead. */
#include "uplink/vault.h"

#include "base/cursor.h"
#include "base/writer.h"
#include "log/log.h"
#include "uplink/orders.h"
#include "uplink/shard_parts.h"

#include <stdlib.h>
#include <string.h>

#define CONTEXT_MAX 512
#define HEAD 8 /* bytes before what is sealed: the generation */
#define BODY_MAX (HEAD + SALLY_BOOK_WRITTEN_MAX + SALLY_SEAL_OVERHEAD)

struct sally_vault {
    struct sally_shard *shard;
    struct sally_sealer sealer;
    bool unlocked;
};

enum sally_err sally_vault_create(struct sally_vault **out,
                                  struct sally_shard *shard)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return SALLY_E_NO_MEMORY;
    (*out)->shard = shard;
    return SALLY_E_OK;
}

void sally_vault_wipe(struct sally_vault *v)
{
    if (v == NULL)
        return;
    sally_sealer_wipe(&v->sealer);
    free(v);
}

void sally_vault_unlock(struct sally_vault *v, const struct sally_sealer *s)
{
    v->sealer = *s;
    v->unlocked = true;
}

/* --- Books ---------------------------------------------------------------- */

static struct sally_kept_place book_of(const struct sally_uplink_sensor *u)
{
    return (struct sally_kept_place){ SALLY_KEPT_BOOK, u->index,
                                      sally_span_of(u->config->id) };
}

static enum sally_err put_context(const struct sally_config_sensor *s,
                                  uint64_t generation, struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);

    sally_put_text(&w, s->id);
    sally_put_u8(&w, 0);
    sally_put_text(&w, s->endpoint);
    sally_put_u8(&w, 0);
    sally_put_u64(&w, generation);
    return sally_writer_end(&w);
}

/* What lies there, still sealed; *generation is what it says of itself. */
static enum sally_err recall(const struct sally_vault *v,
                             const struct sally_uplink_sensor *u,
                             struct sally_buf *room, uint64_t *generation,
                             struct sally_span *sealed)
{
    const struct sally_kept_place at = book_of(u);
    enum sally_err e = sally_store_recall(v->shard->store, &at, room);
    struct sally_cursor c;

    if (e != SALLY_E_OK)
        return e;
    c = sally_cursor_over(sally_buf_span(room));
    *generation = sally_take_u64(&c);
    *sealed = c.rest;
    return c.failed ? SALLY_E_MALFORMED : SALLY_E_OK;
}

static enum sally_err open_book(const struct sally_vault *v,
                                const struct sally_uplink_sensor *u,
                                uint8_t *rooms, struct sally_book *out,
                                uint64_t *generation)
{
    struct sally_buf room = { rooms, 0, BODY_MAX };
    struct sally_buf plain = { rooms + BODY_MAX, 0, BODY_MAX };
    uint8_t bytes[CONTEXT_MAX];
    struct sally_buf context = SALLY_BUF(bytes);
    struct sally_span sealed;
    enum sally_err e = recall(v, u, &room, generation, &sealed);

    if (e == SALLY_E_OK)
        e = put_context(u->config, *generation, &context);
    if (e == SALLY_E_OK)
        e = sally_unseal(&v->sealer, "book", sally_buf_span(&context), sealed,
                         &plain);
    if (e == SALLY_E_OK)
        e = sally_book_read(out, sally_buf_span(&plain));
    sally_wipe(plain.at, plain.len);
    return e;
}

enum sally_err sally_vault_load(const struct sally_vault *v,
                                const struct sally_uplink_sensor *u,
                                struct sally_book *out, uint64_t *generation)
{
    uint8_t *rooms;
    enum sally_err e;

    if (!v->unlocked)
        return SALLY_E_BAD_STATE;
    rooms = malloc(2 * (size_t)BODY_MAX);
    if (rooms == NULL)
        return SALLY_E_NO_MEMORY;
    e = open_book(v, u, rooms, out, generation);
    free(rooms);
    return e;
}

enum sally_err sally_vault_read(const struct sally_sealer *s,
                                const struct sally_config_sensor *of,
                                struct sally_span kept, struct sally_book *out)
{
    struct sally_cursor c = sally_cursor_over(kept);
    const uint64_t generation = sally_take_u64(&c);
    uint8_t bytes[CONTEXT_MAX], *room = malloc(BODY_MAX);
    struct sally_buf context = SALLY_BUF(bytes), plain = { room, 0, BODY_MAX };
    enum sally_err e = c.failed ? SALLY_E_MALFORMED
                                : put_context(of, generation, &context);

    if (room == NULL)
        return SALLY_E_NO_MEMORY;
    if (e == SALLY_E_OK)
        e = sally_unseal(s, "book", sally_buf_span(&context), c.rest, &plain);
    if (e == SALLY_E_OK)
        e = sally_book_read(out, sally_buf_span(&plain));
    sally_wipe(plain.at, plain.len);
    free(room);
    return e;
}

static enum sally_err seal_book(const struct sally_vault *v,
                                const struct sally_uplink_sensor *u,
                                const struct sally_book *book, uint8_t *rooms,
                                struct sally_buf *out)
{
    struct sally_buf plain = { rooms, 0, BODY_MAX };
    struct sally_writer w = sally_writer_into(&plain), head;
    uint8_t bytes[CONTEXT_MAX];
    struct sally_buf context = SALLY_BUF(bytes);
    struct sally_span sealed;
    uint64_t generation = 0;
    enum sally_err e = recall(v, u, out, &generation, &sealed);

    if (e == SALLY_E_NOT_FOUND || e == SALLY_E_MALFORMED)
        e = SALLY_E_OK;
    out->len = 0;
    head = sally_writer_into(out);
    sally_put_u64(&head, ++generation);
    if (e == SALLY_E_OK)
        e = put_context(u->config, generation, &context);
    if (e == SALLY_E_OK)
        e = sally_book_write(book, &w);
    if (e == SALLY_E_OK)
        e = sally_seal(&v->sealer, "book", sally_buf_span(&context),
                       sally_buf_span(&plain),
                       v->shard->shared->coap->random, out);
    sally_wipe(plain.at, plain.len);
    return e;
}

enum sally_err sally_vault_forget(struct sally_vault *v,
                                  const struct sally_uplink_sensor *u,
                                  uint32_t ticket)
{
    const struct sally_kept_place at = book_of(u);

    return sally_store_keep(v->shard->store, &at,
                            (struct sally_span){ NULL, 0 }, ticket);
}

static struct sally_kept_place due_of(const struct sally_uplink_sensor *u)
{
    return (struct sally_kept_place){ SALLY_KEPT_DUE, u->index,
                                      sally_span_of(u->config->id) };
}

enum sally_err sally_vault_due(struct sally_vault *v,
                               const struct sally_uplink_sensor *u)
{
    const struct sally_kept_place at = due_of(u);

    return v->unlocked ? sally_store_keep(v->shard->store, &at,
                                          sally_span_of("due"),
                                          SALLY_ORDER_TICKET)
                       : SALLY_E_BAD_STATE;
}

bool sally_vault_is_due(const struct sally_vault *v,
                        const struct sally_uplink_sensor *u)
{
    const struct sally_kept_place at = due_of(u);
    uint8_t room[8];
    struct sally_buf b = SALLY_BUF(room);

    return v->unlocked &&
           sally_store_recall(v->shard->store, &at, &b) == SALLY_E_OK;
}

/* If there is no room for it, it is given other keys again some time. */
void sally_vault_settle(struct sally_vault *v,
                        const struct sally_uplink_sensor *u)
{
    const struct sally_kept_place at = due_of(u);

    if (sally_vault_is_due(v, u))
        (void)!sally_store_keep(v->shard->store, &at,
                                (struct sally_span){ NULL, 0 }, 0);
}

/* --- Tombs ---------------------------------------------------------------- */

#define TOMB_OWNER 8 /* bytes of a name that say which endpoint's it is */

struct tomb {
    uint8_t name[SALLY_SHA256_LEN];
};

/* What a server or an attacker would know the keys by; not what they are used
 * with.                                                                     */
static enum sally_err name_tomb(const struct sally_vault *v,
                                const char *endpoint,
                                const struct sally_credential *c,
                                struct tomb *out)
{
    const struct sally_span none = { NULL, 0 };
    const struct sally_span parts[] = {
        sally_span_of(endpoint),
        c->secret_key,
        c->oscore != NULL ? c->oscore->master_secret : none,
        c->oscore != NULL ? c->oscore->master_salt : none,
    };
    uint8_t owner[SALLY_SHA256_LEN];
    enum sally_err e =
        sally_seal_digest(&v->sealer, "tomb", parts, SALLY_LEN(parts),
                          out->name);

    if (e == SALLY_E_OK)
        e = sally_seal_digest(&v->sealer, "endpoint of tombs", parts, 1, owner);
    if (e == SALLY_E_OK)
        memcpy(out->name, owner, TOMB_OWNER);
    return e;
}

static bool has_keys(const struct sally_credential *c)
{
    return c->secret_key.len != 0 || c->oscore != NULL;
}

static struct sally_kept_place tomb_at(const struct tomb *t)
{
    return (struct sally_kept_place){
        SALLY_KEPT_TOMB, 0, { t->name, sizeof(t->name) }
    };
}

bool sally_vault_is_buried(const struct sally_vault *v, const char *endpoint,
                           const struct sally_credential *c)
{
    uint8_t room[8];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_kept_place at;
    struct tomb t;

    if (!v->unlocked || !has_keys(c))
        return false;
    if (name_tomb(v, endpoint, c, &t) != SALLY_E_OK)
        return true;
    at = tomb_at(&t);
    return sally_store_recall(v->shard->store, &at, &b) != SALLY_E_NOT_FOUND;
}

/* --- Both at once --------------------------------------------------------- */

struct change {
    struct tomb tombs[SALLY_CONFIG_SERVERS_MAX + 1];
    struct sally_kept_entry entries[SALLY_CONFIG_SERVERS_MAX + 2];
    size_t count;
};

static enum sally_err bury(const struct sally_vault *v,
                           const struct sally_uplink_sensor *u,
                           const struct sally_dead *dead, struct change *c)
{
    static const uint8_t there[] = { 1 };
    const size_t before = c->count;
    size_t buried = 0;
    enum sally_err e = SALLY_E_OK;

    for (size_t i = 0; i < dead->count && e == SALLY_E_OK; i++) {
        struct tomb *t = &c->tombs[c->count - before];

        if (!has_keys(dead->keys[i]))
            continue;
        e = name_tomb(v, u->config->endpoint, dead->keys[i], t);
        c->entries[c->count++] =
            (struct sally_kept_entry){ tomb_at(t), { there, sizeof(there) } };
    }
    if (e == SALLY_E_OK && c->count != before)
        e = sally_store_count_kept(
            v->shard->store, SALLY_KEPT_TOMB,
            (struct sally_span){ c->tombs[0].name, TOMB_OWNER },
            SALLY_TOMBS_MAX, &buried);
    if (e == SALLY_E_OK && buried + (c->count - before) > SALLY_TOMBS_MAX) {
        sally_log(SALLY_LOG_ERROR, "too_many_dead_keys",
                  SALLY_TEXT("sensor", u->config->id),
                  SALLY_TEXT("endpoint", u->config->endpoint),
                  SALLY_TEXT("why", "as many keys of this endpoint were "
                                    "revoked as can be remembered: none is "
                                    "forgotten, so give the sensor another "
                                    "endpoint"));
        e = SALLY_E_NO_ROOM;
    }
    return e;
}

static enum sally_err put_book(const struct sally_vault *v,
                               const struct sally_uplink_sensor *u,
                               const struct sally_book *book, uint8_t *rooms,
                               struct change *c)
{
    struct sally_buf out = { rooms + BODY_MAX, 0, BODY_MAX };
    enum sally_err e = seal_book(v, u, book, rooms, &out);

    c->entries[c->count++] =
        (struct sally_kept_entry){ book_of(u), sally_buf_span(&out) };
    return e;
}

enum sally_err sally_vault_save(struct sally_vault *v,
                                const struct sally_uplink_sensor *u,
                                const struct sally_book *book,
                                const struct sally_dead *dead, uint32_t ticket,
                                bool *kept)
{
    struct change c = { .count = 0 };
    uint8_t *rooms = NULL;
    enum sally_err e = SALLY_E_OK;

    *kept = false;
    if (!v->unlocked)
        return book == NULL && dead->count == 0 ? SALLY_E_OK
                                                : SALLY_E_BAD_STATE;
    if (book != NULL) {
        rooms = malloc(2 * (size_t)BODY_MAX);
        e = rooms == NULL ? SALLY_E_NO_MEMORY : put_book(v, u, book, rooms, &c);
    }
    if (e == SALLY_E_OK)
        e = bury(v, u, dead, &c);
    if (e == SALLY_E_OK && c.count != 0) {
        e = sally_store_keep_all(v->shard->store, c.entries, c.count, ticket);
        *kept = e == SALLY_E_OK;
    }
    free(rooms);
    return e;
}
