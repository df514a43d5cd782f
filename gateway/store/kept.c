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

/* --- Items ---------------------------------------------------------------- */

/* An entry that is not an item's first one: kind, lengths, name, body. */
#define ENTRY_HEAD 6

static size_t room_for(const struct sally_kept_entry *entries, size_t count)
{
    size_t n = entries[0].body.len;

    for (size_t i = 1; i < count; i++)
        n += ENTRY_HEAD + entries[i].at.name.len + entries[i].body.len;
    return n;
}

enum sally_err sally_kept_fill(struct sally_store_item *item,
                               const struct sally_kept_entry *entries,
                               size_t count)
{
    const struct sally_kept_place *at = &entries[0].at;
    const size_t room = room_for(entries, count);
    struct sally_buf b = { malloc(room + 1), 0, room };
    struct sally_writer w = sally_writer_into(&b);

    if (b.at == NULL)
        return SALLY_E_NO_MEMORY;
    sally_put(&w, entries[0].body);
    item->erases = at->what == SALLY_KEPT_BOOK;
    for (size_t i = 1; i < count; i++) {
        const struct sally_kept_entry *other = &entries[i];

        sally_put_u8(&w, (uint8_t)other->at.what);
        sally_put_u8(&w, (uint8_t)other->at.name.len);
        sally_put_u32(&w, (uint32_t)other->body.len);
        sally_put(&w, other->at.name);
        sally_put(&w, other->body);
        item->erases |= other->at.what == SALLY_KEPT_BOOK;
    }
    memcpy(item->body, at->name.at, at->name.len);
    item->kept = b.at;
    item->kept_len = (uint32_t)entries[0].body.len;
    item->more_len = (uint32_t)(room - entries[0].body.len);
    item->len = (uint16_t)at->name.len;
    item->what = (uint8_t)at->what;
    item->sensor = at->sensor;
    memset(item->key, 0, sizeof(item->key));
    return SALLY_E_OK;
}

static bool put_entry(struct sally_store *s, enum sally_kept what,
                      int64_t sensor, struct sally_span name,
                      struct sally_span body)
{
    sqlite3_stmt *q = s->sql[body.len != 0 ? SALLY_SQL_KEEP : SALLY_SQL_FORGO];

    bind_place(q, what, sensor);
    return bind(q, 3, name) && (body.len == 0 || bind(q, 4, body)) && finish(q);
}

bool sally_kept_put(struct sally_store *s, const struct sally_store_item *item)
{
    struct sally_cursor more = sally_cursor_over((struct sally_span){
        item->kept + item->kept_len, item->more_len });
    enum sally_kept what = (enum sally_kept)item->what;
    struct sally_span name = { item->body, item->len };
    struct sally_span body = { item->kept, item->kept_len };
    bool good = put_entry(s, what, key_of(s, what, item->sensor), name, body);

    while (good && more.rest.len != 0) {
        size_t name_len, body_len;

        what = (enum sally_kept)sally_take_u8(&more);
        name_len = sally_take_u8(&more);
        body_len = sally_take_u32(&more);
        name = sally_take(&more, name_len);
        body = sally_take(&more, body_len);
        good = !more.failed && put_entry(s, what, 0, name, body);
    }
    return good;
}

static bool put_own(struct sally_store *s, const char *name,
                    struct sally_span body)
{
    return put_entry(s, SALLY_KEPT_GATEWAY, 0, sally_span_of(name), body);
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

static bool reserves(const struct sally_store_item *item)
{
    return item->kind == SALLY_ITEM_KEEP && item->what == SALLY_KEPT_SEQUENCE;
}

static bool erases(const struct sally_store_item *item)
{
    return item->kind == SALLY_ITEM_KEEP && item->erases;
}

static bool has(struct sally_store *s, uint64_t first, uint64_t end,
                bool (*is)(const struct sally_store_item *item))
{
    for (uint64_t i = first; i != end; i++)
        if (is(sally_store_item_at(s, i)))
            return true;
    return false;
}

bool sally_kept_count(struct sally_store *s, uint64_t first, uint64_t end)
{
    return !has(s, first, end, reserves) ||
           put_count(s, s->anchor.count + 1);
}

/* The anchors follow the commit, so that the database is never the older one
 * by itself. Numbers that they do not know of are not used.                 */
void sally_kept_anchor(struct sally_store *s, uint64_t first, uint64_t end)
{
    if (!has(s, first, end, reserves))
        return;
    s->anchor.count++;
    if (sally_anchor_write(&s->anchor) == SALLY_E_OK)
        return;
    for (uint64_t i = first; i != end; i++)
        if (reserves(sally_store_item_at(s, i)))
            sally_store_item_at(s, i)->result = SALLY_ACCEPTED_FAILED;
}

/* The log still has what the book was before. Where somebody reads it just now,
 * the next batch tries again.                                               */
void sally_kept_erase(struct sally_store *s, uint64_t first, uint64_t end)
{
    s->to_erase |= has(s, first, end, erases);
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

enum sally_err sally_store_count_kept(struct sally_store *s,
                                      enum sally_kept what,
                                      struct sally_span prefix, size_t max,
                                      size_t *count)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_COUNT_KEPT];
    uint8_t last[SALLY_KEPT_NAME_MAX + 1]; /* longer than any with the prefix */
    enum sally_err e = SALLY_E_IO;

    if (prefix.len == 0 || prefix.len > SALLY_KEPT_NAME_MAX)
        return SALLY_E_TOO_LARGE;
    memset(last, 0xff, sizeof(last));
    memcpy(last, prefix.at, prefix.len);
    bind_place(q, what, 0);
    if (!bind(q, 3, prefix) ||
        !bind(q, 4, (struct sally_span){ last, sizeof(last) }))
        return SALLY_E_NO_MEMORY;
    sqlite3_bind_int64(q, 5, (int64_t)max);
    if (sqlite3_step(q) == SQLITE_ROW) {
        *count = (size_t)sqlite3_column_int64(q, 0);
        e = SALLY_E_OK;
    }
    sqlite3_reset(q);
    return e;
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
