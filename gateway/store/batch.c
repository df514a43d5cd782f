/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/batch.c - one transaction: cursors, appends, quotas, commands.
 *
 * Everything here runs in the writer's thread. The first statement that fails
 * ends the batch; the caller's items then all have the same bad result.     */
#include "store/inside.h"

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

struct sally_store_one *sally_batch_touch(struct sally_store *s,
                                          uint32_t sensor)
{
    struct sally_store_one *one = &s->sensors[sensor];

    if (one->batch != s->batch) {
        one->batch = s->batch;
        one->change = 0;
        one->change_bytes = 0;
    }
    return one;
}

/* --- Taking messages out ------------------------------------------------- */

static void note_drop(struct sally_store *s, const struct sally_store_drop *d)
{
    s->drops[s->drop_count++] = *d;
    s->batch_bytes -= (int64_t)d->bytes;
    if (d->sensor == SALLY_STORE_NOBODY)
        return;
    sally_batch_touch(s, d->sensor)->change -= (int32_t)d->messages;
    s->sensors[d->sensor].change_bytes -= (int64_t)d->bytes;
}

/* The oldest message of all, or of the sensor with `key`. False: the database
 * failed. `d->messages` is 0 if there is none.                              */
static bool find_oldest(struct sally_store *s, int64_t key,
                        struct sally_store_drop *d, int64_t *born)
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
        d->sensor = sally_sensors_index(s, sqlite3_column_int64(q, 2));
        *born = sqlite3_column_int64(q, 3);
    }
    sqlite3_reset(q);
    return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

static bool drop_one(struct sally_store *s, const struct sally_store_drop *d)
{
    int64_t number = (int64_t)d->number;

    note_drop(s, d);
    return sally_latest_keep(s, number) && run(s, SALLY_SQL_DROP, &number, 1);
}

/* What is in the journal is newer than what is in the table. */
static bool settle_old(struct sally_store *s, int64_t cutoff)
{
    const struct sally_store_journal *j = &s->journal;

    if (j->settled == j->at ||
        sally_store_item_at(s, j->settled)->born >= cutoff)
        return true;
    return sally_journal_settle(s, j->at);
}

/* Those that nobody wants any more, oldest first, a bounded number. */
static bool expire(struct sally_store *s)
{
    int64_t cutoff = sally_store_age(s) - s->limits.max_age_ms, born = 0;
    struct sally_store_drop d;

    if (s->limits.max_age_ms == 0)
        return true;
    if (!settle_old(s, cutoff))
        return false;
    while (s->drop_count < SALLY_LEN(s->drops) / 2) {
        if (!find_oldest(s, 0, &d, &born))
            return false;
        if (d.messages == 0 || born >= cutoff)
            return true;
        d.expired = true;
        if (!drop_one(s, &d))
            return false;
    }
    s->more_to_delete = true;
    return true;
}

static bool holds_more_than(struct sally_store *s, uint32_t sensor,
                            uint64_t share)
{
    const struct sally_store_one *one = sally_batch_touch(s, sensor);

    return (int64_t)one->bytes + one->change_bytes > (int64_t)share;
}

/* Who loses a message when all together are too many: a sensor that holds more
 * than an even share, so that one noisy sensor pushes out its own. The one
 * that brings a message is looked at first, then the one that was found last,
 * then all that come after it. 0, which means the oldest of all: there is none,
 * so that it is sensors that are not configured any more who hold too much.  */
static int64_t who_yields(struct sally_store *s, uint32_t sensor)
{
    uint64_t share = s->limits.max_bytes / (s->holders + 1);

    if (holds_more_than(s, sensor, share))
        return s->sensors[sensor].key;
    for (size_t i = 0; i < s->sensor_count; i++) {
        if (s->heavy >= s->sensor_count)
            s->heavy = 0;
        if (holds_more_than(s, s->heavy, share))
            return s->sensors[s->heavy].key;
        s->heavy++;
    }
    return 0;
}

/* The message that is to make room is none of those in the table: then all are
 * put there, up to the one that the batch is at.                            */
static bool settle_all(struct sally_store *s)
{
    return sally_journal_settle(s, s->journal.at + 1);
}

/* Makes room: a sensor that has too many loses its own oldest. */
static bool keep_quotas(struct sally_store *s, uint32_t sensor)
{
    struct sally_store_one *one = sally_batch_touch(s, sensor);
    struct sally_store_drop d;
    int64_t born;

    while (s->drop_count < SALLY_LEN(s->drops)) {
        bool own = (int64_t)one->messages + one->change >
                   (int64_t)s->limits.per_sensor;
        bool all = (int64_t)s->totals.bytes + s->batch_bytes >
                   (int64_t)s->limits.max_bytes;

        if (!own && !all)
            return true;
        if (!find_oldest(s, own ? one->key : who_yields(s, sensor), &d, &born))
            return false;
        if (d.messages == 0 && s->journal.settled == s->journal.at + 1)
            return true;
        if (!(d.messages == 0 ? settle_all(s) : drop_one(s, &d)))
            return false;
    }
    return true; /* the next batch goes on */
}

/* --- Items --------------------------------------------------------------- */

static bool park(struct sally_store *s, const struct sally_store_item *item)
{
    const int64_t n[] = { item->ticket, item->sensor_key, item->time };

    return bind_span(s, SALLY_SQL_PARK, 4,
                     (struct sally_span){ item->body, item->len }) &&
           run(s, SALLY_SQL_PARK, n, 3);
}

static bool append(struct sally_store *s, struct sally_store_item *item)
{
    bool seen = false;

    if (!item->first && !sally_seen_before(s, item, &seen))
        return false;
    if (seen)
        return true;
    if (!sally_journal_add(s))
        return false;
    item->fresh = true;
    sally_batch_touch(s, item->sensor)->change++;
    s->sensors[item->sensor].change_bytes +=
        (int64_t)item->len + SALLY_STORE_ROW;
    s->batch_bytes += (int64_t)item->len + SALLY_STORE_ROW;
    return keep_quotas(s, item->sensor);
}

static bool run_item(struct sally_store *s, struct sally_store_item *item)
{
    const int64_t command = item->ticket;

    item->fresh = item->delivered = false;
    item->born = sally_store_age(s);
    s->journal.keys[s->journal.at & (SALLY_STORE_RING - 1)] =
        sally_seen_brief(item->key);
    switch (item->kind) {
    case SALLY_ITEM_APPEND:
        return append(s, item);
    case SALLY_ITEM_PARK:
        return park(s, item);
    case SALLY_ITEM_UNPARK:
        return run(s, SALLY_SQL_UNPARK, &command, 1);
    case SALLY_ITEM_KEEP:
        return sally_kept_put(s, item);
    case SALLY_ITEM_NOTE:
        return sally_store_notes_put(s, item);
    }
    return false;
}

/* --- Cursors ------------------------------------------------------------- */

uint64_t sally_batch_delivered(const struct sally_store_one *one)
{
    uint64_t smallest = one->account_count != 0 ? UINT64_MAX : 0;

    for (size_t i = 0; i < one->account_count; i++)
        if (one->accounts[i].durable < smallest)
            smallest = one->accounts[i].durable;
    return smallest;
}

/* Deletes what every account of the sensor has delivered and lies in the table,
 * a bounded number.                                                         */
static bool delete_delivered(struct sally_store *s, uint32_t sensor)
{
    struct sally_store_one *one = &s->sensors[sensor];
    uint64_t delivered = sally_batch_delivered(one);
    int64_t n[] = { one->key, (int64_t)delivered };
    struct sally_store_drop d = { .sensor = sensor };
    bool good;

    if (one->tabled == 0)
        return true;
    if (s->drop_count == SALLY_LEN(s->drops)) {
        s->more_to_delete = true;
        return true;
    }
    good = sally_latest_keep_all(s, n, &d);
    if (d.messages == SALLY_STORE_DELETES)
        s->more_to_delete = true;
    else if (good && one->tabled <= delivered)
        one->tabled = 0;
    if (!good || d.messages == 0)
        return good;
    note_drop(s, &d);
    return run(s, SALLY_SQL_DELETE, n, 2);
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

/* After a sync that failed, what was written before it may be on the disk or
 * not, and a later sync that succeeds says nothing of it. So nothing is
 * accepted before the log was copied into the database, page by page and
 * synced, and begun anew. On a full disk that makes room, too: the file of the
 * log keeps its size and is written over.                                   */
static bool regain_trust(struct sally_store *s)
{
    if (!s->doubtful)
        return true;
    s->doubtful = sqlite3_wal_checkpoint_v2(s->writer, NULL,
                                            SQLITE_CHECKPOINT_RESTART, NULL,
                                            NULL) != SQLITE_OK;
    return !s->doubtful;
}

/* The ring is to have room again, whatever the batch brought. */
static bool keep_room(struct sally_store *s)
{
    uint64_t end = s->journal.at;

    if (end - s->journal.settled < SALLY_STORE_CROWD)
        return true;
    return sally_journal_settle(s, end - SALLY_STORE_CROWD / 2);
}

static bool run_all(struct sally_store *s, uint64_t first, uint64_t end,
                    uint64_t settle, struct sally_store_account *cursors)
{
    uint64_t *at = &s->journal.at;

    *at = first;
    if (!regain_trust(s) || !run(s, SALLY_SQL_BEGIN, NULL, 0))
        return false;
    for (struct sally_store_account *a = cursors; a != NULL; a = a->next_dirty)
        if (!write_cursor(s, a))
            return false;
    if (!sally_journal_settle(s, settle))
        return false;
    for (; *at != end; ++*at)
        if (!run_item(s, sally_store_item_at(s, *at)))
            return false;
    return keep_room(s) && expire(s) && sally_seen_turn(s) &&
           sally_journal_end(s) && sally_kept_count(s, first, end) &&
           run(s, SALLY_SQL_COMMIT, NULL, 0);
}

/* Nothing of the batch is in the database. */
static void take_back(struct sally_store *s, uint64_t first, uint64_t end)
{
    for (uint64_t i = first; i != end; i++)
        sally_store_item_at(s, i)->fresh = false;
    for (size_t i = 0; i < s->sensor_count; i++)
        s->sensors[i].tabled = s->newest; /* there may be some yet */
    s->doubtful = true;
    if (sqlite3_get_autocommit(s->writer) == 0)
        (void)!run(s, SALLY_SQL_ROLLBACK, NULL, 0);
}

bool sally_batch_run(struct sally_store *s, uint64_t first, uint64_t end,
                     uint64_t settle, struct sally_store_account *cursors)
{
    uint8_t result = SALLY_ACCEPTED_STORED;
    bool good;

    s->drop_count = 0;
    s->batch_bytes = 0;
    s->more_to_delete = false;
    s->batch++;
    sally_journal_begin(s);
    good = run_all(s, first, end, settle, cursors);
    if (!good) {
        int rc = sqlite3_errcode(s->writer) & 0xff;

        s->batch_failure = rc;
        result = rc == SQLITE_FULL ? SALLY_ACCEPTED_FULL
                                   : SALLY_ACCEPTED_FAILED;
        take_back(s, first, end);
    }
    for (uint64_t i = first; i != end; i++)
        sally_store_item_at(s, i)->result = result;
    if (good) {
        sally_kept_anchor(s, first, end);
        sally_kept_erase(s, first, end);
    }
    return good;
}
