/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/kept.c - what outlives the process: sessions, sequence numbers
 * and what shows that they are the newest ones.                             */
#include "store/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT "reservations"

static bool bind(sqlite3_stmt *q, int place, struct sally_span bytes)
{
    return sqlite3_bind_blob(q, place, bytes.at, (int)bytes.len,
                             SQLITE_STATIC) == SQLITE_OK;
}

static void bind_place(sqlite3_stmt *q, enum sally_kept what, int64_t sensor)
{
    sqlite3_bind_int64(q, 1, (int64_t)what);
    sqlite3_bind_int64(q, 2, sensor);
}

static bool finish(sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);

    sqlite3_reset(q);
    return rc == SQLITE_DONE;
}

/* Only sessions belong to a sensor. */
static int64_t key_of(const struct sally_store *s, enum sally_kept what,
                      uint32_t sensor)
{
    return what == SALLY_KEPT_SESSION ? s->sensors[sensor].key : 0;
}

enum sally_err sally_kept_fill(struct sally_store_item *item,
                               const struct sally_kept_place *at,
                               struct sally_span body)
{
    uint8_t *kept = malloc(body.len + 1);

    if (kept == NULL)
        return SALLY_E_NO_MEMORY;
    if (body.len != 0)
        memcpy(kept, body.at, body.len);
    memcpy(item->body, at->name.at, at->name.len);
    item->kept = kept;
    item->kept_len = (uint32_t)body.len;
    item->len = (uint16_t)at->name.len;
    item->what = (uint8_t)at->what;
    item->sensor = at->sensor;
    memset(item->key, 0, sizeof(item->key));
    return SALLY_E_OK;
}

bool sally_kept_put(struct sally_store *s, const struct sally_store_item *item)
{
    sqlite3_stmt *q =
        s->sql[item->kept_len != 0 ? SALLY_SQL_KEEP : SALLY_SQL_FORGO];

    bind_place(q, (enum sally_kept)item->what,
               key_of(s, (enum sally_kept)item->what, item->sensor));
    if (!bind(q, 3, (struct sally_span){ item->body, item->len }))
        return false;
    if (item->kept_len != 0 &&
        !bind(q, 4, (struct sally_span){ item->kept, item->kept_len }))
        return false;
    return finish(q);
}

static bool put_own(struct sally_store *s, const char *name,
                    struct sally_span body)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_KEEP];

    bind_place(q, SALLY_KEPT_GATEWAY, 0);
    return bind(q, 3, sally_span_of(name)) && bind(q, 4, body) && finish(q);
}

static bool put_count(struct sally_store *s, uint64_t count)
{
    uint8_t bytes[8];
    struct sally_buf b = SALLY_BUF(bytes);
    struct sally_writer w = sally_writer_into(&b);

    sally_put_u64(&w, count);
    return put_own(s, COUNT, sally_buf_span(&b));
}

/* --- Reservations -------------------------------------------------------- */

static bool keeps(const struct sally_store_item *item, enum sally_kept what)
{
    return item->kind == SALLY_ITEM_KEEP && item->what == (uint8_t)what;
}

static bool has(struct sally_store *s, uint64_t first, uint64_t end,
                enum sally_kept what)
{
    for (uint64_t i = first; i != end; i++)
        if (keeps(sally_store_item_at(s, i), what))
            return true;
    return false;
}

bool sally_kept_count(struct sally_store *s, uint64_t first, uint64_t end)
{
    return !has(s, first, end, SALLY_KEPT_SEQUENCE) ||
           put_count(s, s->anchor.count + 1);
}

/* The anchors follow the commit, so that the database is never the older one
 * by itself. Numbers that they do not know of are not used.                 */
void sally_kept_anchor(struct sally_store *s, uint64_t first, uint64_t end)
{
    if (!has(s, first, end, SALLY_KEPT_SEQUENCE))
        return;
    s->anchor.count++;
    if (sally_anchor_write(&s->anchor) == SALLY_E_OK)
        return;
    for (uint64_t i = first; i != end; i++)
        if (keeps(sally_store_item_at(s, i), SALLY_KEPT_SEQUENCE))
            sally_store_item_at(s, i)->result = SALLY_ACCEPTED_FAILED;
}

/* The log still has what the book was before. Where somebody reads it just now,
 * the next batch tries again.                                               */
void sally_kept_erase(struct sally_store *s, uint64_t first, uint64_t end)
{
    s->to_erase |= has(s, first, end, SALLY_KEPT_BOOK);
    if (s->to_erase)
        s->to_erase = sqlite3_wal_checkpoint_v2(s->writer, NULL,
                                                SQLITE_CHECKPOINT_TRUNCATE,
                                                NULL, NULL) != SQLITE_OK;
}

/* --- Reading ------------------------------------------------------------- */

static enum sally_err take(sqlite3_stmt *q, struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    int rc = sqlite3_step(q);
    enum sally_err e = rc == SQLITE_DONE ? SALLY_E_NOT_FOUND : SALLY_E_IO;

    if (rc == SQLITE_ROW) {
        const struct sally_span body = { sqlite3_column_blob(q, 0),
                                         (size_t)sqlite3_column_bytes(q, 0) };

        sally_put(&w, body);
        e = sally_writer_end(&w);
    }
    sqlite3_reset(q);
    return e;
}

enum sally_err sally_store_recall(struct sally_store *s,
                                  const struct sally_kept_place *at,
                                  struct sally_buf *out)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_RECALL];

    if (at->what == SALLY_KEPT_SESSION && at->sensor >= s->sensor_count)
        return SALLY_E_NOT_FOUND;
    bind_place(q, at->what, key_of(s, at->what, at->sensor));
    if (!bind(q, 3, at->name))
        return SALLY_E_NO_MEMORY;
    return take(q, out);
}

const uint8_t *sally_store_instance(const struct sally_store *s)
{
    return s->anchor.name;
}

/* --- At the start -------------------------------------------------------- */

static bool has_account(const struct sally_store_one *one,
                        struct sally_span server)
{
    for (size_t i = 0; i < one->account_count; i++)
        if (sally_span_is(server, one->accounts[i].server))
            return true;
    return false;
}

static bool is_orphan(const struct sally_store *s, sqlite3_stmt *q)
{
    uint32_t index = sally_sensors_index(s, sqlite3_column_int64(q, 0));
    const struct sally_span server = { sqlite3_column_blob(q, 1),
                                       (size_t)sqlite3_column_bytes(q, 1) };

    return index == SALLY_STORE_NOBODY ||
           !has_account(&s->sensors[index], server);
}

static bool forgo(struct sally_store *s, sqlite3_stmt *found)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_FORGO];

    bind_place(q, SALLY_KEPT_SESSION, sqlite3_column_int64(found, 0));
    return bind(q, 3,
                (struct sally_span){
                    sqlite3_column_blob(found, 1),
                    (size_t)sqlite3_column_bytes(found, 1) }) &&
           finish(q);
}

enum sally_err sally_kept_purge(struct sally_store *s)
{
    sqlite3_stmt *q = NULL;
    bool good = sqlite3_prepare_v2(s->writer,
                                   "SELECT sensor, name FROM kept"
                                   " WHERE what = 0",
                                   -1, &q, NULL) == SQLITE_OK;
    int rc = SQLITE_DONE;

    while (good && (rc = sqlite3_step(q)) == SQLITE_ROW)
        good = !is_orphan(s, q) || forgo(s, q);
    sqlite3_finalize(q);
    return good && rc == SQLITE_DONE ? SALLY_E_OK : SALLY_E_IO;
}

/* What the database says of itself: false if it failed. A new one has no name
 * yet.                                                                      */
static bool load_own(struct sally_store *s, bool *named)
{
    const struct sally_kept_place name = { SALLY_KEPT_GATEWAY, 0,
                                           sally_span_of(SALLY_KEPT_INSTANCE) };
    const struct sally_kept_place count = { SALLY_KEPT_GATEWAY, 0,
                                            sally_span_of(COUNT) };
    uint8_t bytes[8];
    struct sally_buf n = { s->anchor.name, 0, sizeof(s->anchor.name) };
    struct sally_buf c = SALLY_BUF(bytes);
    struct sally_cursor at = sally_cursor_over((struct sally_span){ bytes, 8 });
    enum sally_err e = sally_store_recall(s, &name, &n);

    *named = e == SALLY_E_OK && n.len == sizeof(s->anchor.name);
    if (e == SALLY_E_OK || e == SALLY_E_NOT_FOUND)
        e = sally_store_recall(s, &count, &c);
    s->anchor.count = e == SALLY_E_OK && c.len == 8 ? sally_take_u64(&at) : 0;
    return e == SALLY_E_OK || e == SALLY_E_NOT_FOUND;
}

/* One file's word, against what the others and the database said. */
static void compare(struct sally_store *s, size_t i, bool named,
                    enum sally_past *past, uint64_t *newest)
{
    uint8_t name[SALLY_ANCHOR_NAME];
    uint64_t count;

    if (sally_anchor_read(&s->anchor, i, &count, name) != SALLY_E_OK)
        return;
    if (count > *newest)
        *newest = count;
    if (!named || count > s->anchor.count ||
        !sally_span_equal((struct sally_span){ name, sizeof(name) },
                          (struct sally_span){ s->anchor.name, sizeof(name) }))
        *past = SALLY_PAST_OLDER;
    else if (*past == SALLY_PAST_UNKNOWN)
        *past = SALLY_PAST_SURE;
}

static bool rename_own(struct sally_store *s, const struct sally_random *random)
{
    sally_random_fill(random, s->anchor.name, sizeof(s->anchor.name));
    return put_own(s, SALLY_KEPT_INSTANCE,
                   (struct sally_span){ s->anchor.name,
                                        sizeof(s->anchor.name) }) &&
           put_count(s, s->anchor.count);
}

/* Without the thread. The files get what holds from now on, those that were not
 * there too.                                                                */
static enum sally_err settle(struct sally_store *s,
                             const struct sally_random *random,
                             enum sally_past *past)
{
    uint64_t newest = 0;
    bool named;

    *past = SALLY_PAST_UNKNOWN;
    if (!load_own(s, &named))
        return SALLY_E_IO;
    for (size_t i = 0; i < SALLY_ANCHORS_MAX; i++)
        if (s->anchor.fd[i] >= 0)
            compare(s, i, named, past, &newest);
    if (newest > s->anchor.count)
        s->anchor.count = newest;
    if ((*past == SALLY_PAST_OLDER || !named) && !rename_own(s, random))
        return SALLY_E_IO;
    return sally_anchor_write(&s->anchor);
}

enum sally_err sally_store_anchor(struct sally_store *s,
                                  const char *const *paths, size_t count,
                                  struct sally_random random,
                                  enum sally_past *past, char *why,
                                  size_t why_size)
{
    enum sally_err e = SALLY_E_OK;

    for (size_t i = 0; i < count && i < SALLY_ANCHORS_MAX; i++) {
        if (sally_anchor_open(&s->anchor, i, paths[i]) == SALLY_E_OK)
            continue;
        (void)snprintf(why, why_size, "%s: cannot be written: %s", paths[i],
                       strerror(errno));
        e = SALLY_E_IO;
    }
    if (e != SALLY_E_OK) {
        sally_anchor_close(&s->anchor);
        return e;
    }
    sally_store_stop(s);
    e = settle(s, &random, past);
    if (e == SALLY_E_OK)
        return sally_store_start(s);
    (void)snprintf(why, why_size, "the anchor cannot be written: %s",
                   strerror(errno));
    sally_anchor_close(&s->anchor);
    return e;
}
