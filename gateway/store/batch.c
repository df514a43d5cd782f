/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/batch.c - one transaction: cursors, appends, quotas, commands.
 *
 * Everything here runs in the writer's thread. The first statement that fails
 * ends the batch; the caller's items then all have the same bad result.     */
#include "store/inside.h"

#define FORGET_MORE 64 /* old keys forgotten beside two per new item */

/* A clock that was set by more than this has jumped. */
#define JUMP_MS 3600000

/* Binds what stands in `n` to ?1, ?2... and runs a statement to its end. */
static bool run(struct sally_store *s, enum sally_store_sql which,
                const int64_t *n, int count)
{
    sqlite3_stmt *q = s->sql[which];
    int rc;

    for (int i = 0; i < count; i++)
        sqlite3_bind_int64(q, i + 1, n[i]);
    rc = sqlite3_step(q);
    sqlite3_reset(q);
    return rc == SQLITE_DONE || rc == SQLITE_ROW;
}

static bool bind_span(struct sally_store *s, enum sally_store_sql which,
                      int place, struct sally_span bytes)
{
    return sqlite3_bind_blob(s->sql[which], place, bytes.at, (int)bytes.len,
                             SQLITE_STATIC) == SQLITE_OK;
}

/* --- Taking messages out ------------------------------------------------- */

static void note_drop(struct sally_store *s, const struct sally_store_drop *d)
{
    s->drops[s->drop_count++] = *d;
    s->batch_bytes -= (int64_t)d->bytes;
    if (d->sensor != SALLY_STORE_NOBODY)
        s->sensors[d->sensor].change -= (int32_t)d->messages;
}

/* The oldest message of all, or of the sensor with `key`. False: the database
 * failed. `d->messages` is 0 if there is none.                              */
static bool find_oldest(struct sally_store *s, int64_t key,
                        struct sally_store_drop *d, sally_msec_utc *time)
{
    sqlite3_stmt *q = s->sql[key == 0 ? SALLY_SQL_OLDEST
                                      : SALLY_SQL_OLDEST_OF];
    int rc;

    *d = (struct sally_store_drop){ .sensor = SALLY_STORE_NOBODY };
    if (key != 0)
        sqlite3_bind_int64(q, 1, key);
    rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        d->messages = 1;
        d->number = (uint64_t)sqlite3_column_int64(q, 0);
        d->bytes = (uint64_t)sqlite3_column_int64(q, 1) + SALLY_STORE_ROW;
        d->sensor = sally_spool_index(s, sqlite3_column_int64(q, 2));
        *time = sqlite3_column_int64(q, 3);
    }
    sqlite3_reset(q);
    return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

static bool drop_one(struct sally_store *s, const struct sally_store_drop *d)
{
    int64_t number = (int64_t)d->number;

    note_drop(s, d);
    return run(s, SALLY_SQL_DROP, &number, 1);
}

/* Those that nobody wants any more, oldest first, a bounded number. */
static bool expire(struct sally_store *s)
{
    sally_msec_utc cutoff = s->now - s->limits.max_age_ms, time = 0;
    struct sally_store_drop d;

    if (s->limits.max_age_ms == 0 || s->now == 0)
        return true;
    while (s->drop_count < SALLY_LEN(s->drops) / 2) {
        if (!find_oldest(s, 0, &d, &time))
            return false;
        if (d.messages == 0 || time >= cutoff || d.number < s->unaged)
            return true;
        d.expired = true;
        if (!drop_one(s, &d))
            return false;
    }
    return true;
}

/* Makes room: the sensor's own oldest first, then the oldest of all. */
static bool keep_quotas(struct sally_store *s, uint32_t sensor)
{
    struct sally_store_one *one = &s->sensors[sensor];
    struct sally_store_drop d;
    sally_msec_utc time;

    while (s->drop_count < SALLY_LEN(s->drops)) {
        bool own = (int64_t)one->messages + one->change >
                   (int64_t)s->limits.per_sensor;
        bool all = (int64_t)s->totals.bytes + s->batch_bytes >
                   (int64_t)s->limits.max_bytes;

        if (!own && !all)
            return true;
        if (!find_oldest(s, own ? one->key : 0, &d, &time))
            return false;
        if (d.messages == 0)
            return true;
        if (!drop_one(s, &d))
            return false;
    }
    return true; /* the next batch goes on */
}

/* --- Items --------------------------------------------------------------- */

/* True in *fresh if the key is new; then it is known from now on. */
static bool see(struct sally_store *s, const struct sally_store_item *item,
                bool *fresh)
{
    const int64_t n[] = { (int64_t)item->number, item->now,
                          s->sensors[item->sensor].key };

    sqlite3_bind_int64(s->sql[SALLY_SQL_SEE], 5,
                       item->now - SALLY_STORE_SEEN_MS);
    if (!bind_span(s, SALLY_SQL_SEE, 4,
                   (struct sally_span){ item->key, sizeof(item->key) }) ||
        !run(s, SALLY_SQL_SEE, n, 3))
        return false;
    *fresh = sqlite3_changes(s->writer) != 0;
    return true;
}

static bool put_latest(struct sally_store *s,
                       const struct sally_store_item *item)
{
    struct sally_cursor c = sally_cursor_over(
        (struct sally_span){ item->body, item->len });
    unsigned count = sally_take_u8(&c);
    const int64_t key = s->sensors[item->sensor].key;

    for (unsigned i = 0; i < count; i++) {
        struct sally_span path, value;

        if (sally_body_take(&c, &path, &value) != SALLY_E_OK)
            return false;
        sqlite3_bind_int64(s->sql[SALLY_SQL_LATEST_PUT], 3, item->time);
        if (!bind_span(s, SALLY_SQL_LATEST_PUT, 2, path) ||
            !bind_span(s, SALLY_SQL_LATEST_PUT, 4, value) ||
            !run(s, SALLY_SQL_LATEST_PUT, &key, 1))
            return false;
    }
    return true;
}

static bool put_row(struct sally_store *s, enum sally_store_sql which,
                    int64_t number, const struct sally_store_item *item)
{
    const int64_t n[] = { number, s->sensors[item->sensor].key, item->time };

    return bind_span(s, which, 4,
                     (struct sally_span){ item->body, item->len }) &&
           run(s, which, n, 3);
}

static bool append(struct sally_store *s, struct sally_store_item *item)
{
    if (!see(s, item, &item->fresh))
        return false;
    if (!item->fresh)
        return true;
    if (!put_row(s, SALLY_SQL_APPEND, (int64_t)item->number, item) ||
        !put_latest(s, item))
        return false;
    s->sensors[item->sensor].change++;
    s->batch_bytes += (int64_t)item->len + SALLY_STORE_ROW;
    return keep_quotas(s, item->sensor);
}

/* After a jump the age of what came before is not known: a gateway without a
 * clock of its own must not lose its readings when it learns the time.      */
static void note_time(struct sally_store *s,
                      const struct sally_store_item *item)
{
    sally_usec now_at = sally_store_clock();
    int64_t passed = (int64_t)((now_at - s->now_at) / SALLY_MSEC);

    if (s->now != 0 && item->now - s->now - passed > JUMP_MS)
        s->unaged = item->number;
    s->now = item->now;
    s->now_at = now_at;
}

static bool run_item(struct sally_store *s, struct sally_store_item *item)
{
    const int64_t command = item->ticket;

    item->fresh = false;
    switch (item->kind) {
    case SALLY_ITEM_APPEND:
        note_time(s, item);
        return append(s, item);
    case SALLY_ITEM_PARK:
        return put_row(s, SALLY_SQL_PARK, command, item);
    case SALLY_ITEM_UNPARK:
        return run(s, SALLY_SQL_UNPARK, &command, 1);
    }
    return false;
}

/* --- Cursors ------------------------------------------------------------- */

static uint64_t smallest_cursor(const struct sally_store_one *one)
{
    uint64_t smallest = UINT64_MAX;

    for (size_t i = 0; i < one->account_count; i++)
        if (one->accounts[i].durable < smallest)
            smallest = one->accounts[i].durable;
    return smallest;
}

/* Deletes what every account of the sensor has delivered, a bounded number. */
static bool delete_delivered(struct sally_store *s, uint32_t sensor)
{
    struct sally_store_one *one = &s->sensors[sensor];
    sqlite3_stmt *q = s->sql[SALLY_SQL_DELIVERED_SUM];
    int64_t n[] = { one->key, (int64_t)smallest_cursor(one) };
    struct sally_store_drop d = { .sensor = sensor };
    bool good;

    if (s->drop_count == SALLY_LEN(s->drops)) {
        s->more_to_delete = true;
        return true;
    }
    sqlite3_bind_int64(q, 1, n[0]);
    sqlite3_bind_int64(q, 2, n[1]);
    sqlite3_bind_int64(q, 3, SALLY_STORE_DELETES);
    good = sqlite3_step(q) == SQLITE_ROW;
    if (good) {
        d.messages = (uint32_t)sqlite3_column_int64(q, 0);
        d.bytes = (uint64_t)sqlite3_column_int64(q, 1) +
                  d.messages * (uint64_t)SALLY_STORE_ROW;
        n[1] = sqlite3_column_int64(q, 2);
    }
    sqlite3_reset(q);
    if (!good || d.messages == 0)
        return good;
    if (d.messages == SALLY_STORE_DELETES)
        s->more_to_delete = true;
    note_drop(s, &d);
    return run(s, SALLY_SQL_DELIVERED, n, 2);
}

/* `durable` was set to what the list's cursors were when it was taken. */
static bool write_cursor(struct sally_store *s, struct sally_store_account *a)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_CURSOR];
    int rc;

    sqlite3_bind_int64(q, 1, s->sensors[a->sensor].key);
    sqlite3_bind_text(q, 2, a->server, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 3, (int64_t)a->durable);
    rc = sqlite3_step(q);
    sqlite3_reset(q);
    return rc == SQLITE_DONE && delete_delivered(s, a->sensor);
}

/* --- The transaction ----------------------------------------------------- */

static bool forget_old_keys(struct sally_store *s, uint64_t items)
{
    const int64_t n[] = { s->now - SALLY_STORE_SEEN_MS,
                          (int64_t)(2 * items) + FORGET_MORE };

    return s->now == 0 || run(s, SALLY_SQL_FORGET, n, 2);
}

static bool run_all(struct sally_store *s, uint64_t first, uint64_t end,
                    struct sally_store_account *cursors)
{
    if (!run(s, SALLY_SQL_BEGIN, NULL, 0))
        return false;
    for (struct sally_store_account *a = cursors; a != NULL; a = a->next_dirty)
        if (!write_cursor(s, a))
            return false;
    for (uint64_t i = first; i != end; i++)
        if (!run_item(s, sally_store_item_at(s, i)))
            return false;
    return expire(s) && forget_old_keys(s, end - first) &&
           run(s, SALLY_SQL_COMMIT, NULL, 0);
}

bool sally_batch_run(struct sally_store *s, uint64_t first, uint64_t end,
                     struct sally_store_account *cursors)
{
    uint8_t result = SALLY_ACCEPTED_STORED;
    bool good;

    s->drop_count = 0;
    s->batch_bytes = 0;
    s->more_to_delete = false;
    for (size_t i = 0; i < s->sensor_count; i++)
        s->sensors[i].change = 0;
    good = run_all(s, first, end, cursors);
    if (!good) {
        int rc = sqlite3_errcode(s->writer) & 0xff;

        result = rc == SQLITE_FULL ? SALLY_ACCEPTED_FULL
                                   : SALLY_ACCEPTED_FAILED;
        if (sqlite3_get_autocommit(s->writer) == 0)
            (void)!run(s, SALLY_SQL_ROLLBACK, NULL, 0);
    }
    for (uint64_t i = first; i != end; i++)
        sally_store_item_at(s, i)->result = result;
    return good;
}
