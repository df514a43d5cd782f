/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/journal.c - what was just stored, in as few pages as it takes.
 *
 * The messages of a batch go one behind the other into rows of a small table,
 * which are written over in turn. Most are delivered within a moment, and need
 * no place of their own. What is left is entered into the table of messages
 * later, many at a time: it is settled. Until then it is on the ring, too, also
 * after a restart.
 *
 * Each row begins with the mark, the largest number that was settled when it
 * was written: at a start, what lies above the largest mark is not settled.
 * Everything is part of the transaction that it belongs to, so the order in
 * which the pages reach the disk does not matter.                           */
#include "store/inside.h"

#define HEAD_BYTES 10   /* mark, number of messages */
#define RECORD_BYTES 46 /* before the body */

static struct sally_span body_of(const struct sally_store_item *item)
{
    return (struct sally_span){ item->body, item->len };
}

/* --- Settling ------------------------------------------------------------ */

static bool is_message(const struct sally_store_item *item)
{
    return item->kind == SALLY_ITEM_APPEND && item->fresh;
}

/* While older ones of the sensor are in the table, it goes there, too: their
 * values are kept when they are deleted, and its own must come after them.  */
static bool is_delivered(const struct sally_store *s,
                         const struct sally_store_item *item)
{
    return is_message(item) && item->sensor != SALLY_STORE_NOBODY &&
           s->sensors[item->sensor].tabled == 0 &&
           item->number <= sally_batch_delivered(&s->sensors[item->sensor]);
}

static bool put_in_table(struct sally_store *s,
                         const struct sally_store_item *item)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_APPEND];
    int rc;

    if (item->sensor != SALLY_STORE_NOBODY)
        s->sensors[item->sensor].tabled = item->number;
    sqlite3_bind_int64(q, 1, (int64_t)item->number);
    sqlite3_bind_int64(q, 2, item->sensor_key);
    sqlite3_bind_int64(q, 3, item->time);
    sqlite3_bind_int64(q, 5, item->born);
    if (sqlite3_bind_blob(q, 4, item->body, item->len, SQLITE_STATIC) !=
        SQLITE_OK)
        return false;
    rc = sqlite3_step(q);
    sqlite3_reset(q);
    return rc == SQLITE_DONE;
}

/* Most messages of a sensor give the same resources, so that only the last of
 * them is written.                                                          */
static bool let_go(struct sally_store *s, const struct sally_store_item *item)
{
    struct sally_store_one *one = sally_batch_touch(s, item->sensor);
    const struct sally_store_item *last = &s->ring[one->leaves];
    int64_t bytes = (int64_t)item->len + SALLY_STORE_ROW;

    one->change--;
    one->change_bytes -= bytes;
    s->batch_bytes -= bytes;
    if (item != last && sally_body_alike(body_of(item), body_of(last)))
        return true;
    return sally_latest_put(s, one->key, item->time, body_of(item));
}

static bool settle_one(struct sally_store *s, struct sally_store_item *item)
{
    item->delivered = is_delivered(s, item);
    if (item->kind == SALLY_ITEM_APPEND)
        s->journal.mark = item->number;
    if (!is_message(item))
        return true;
    if (!sally_seen_put(s, item->sensor_key, item->key))
        return false;
    return item->delivered ? let_go(s, item) : put_in_table(s, item);
}

bool sally_journal_settle(struct sally_store *s, uint64_t end)
{
    struct sally_store_journal *j = &s->journal;

    for (uint64_t i = j->settled; i < end; i++) {
        const struct sally_store_item *item = sally_store_item_at(s, i);

        if (is_delivered(s, item))
            s->sensors[item->sensor].leaves = (uint32_t)(item - s->ring);
    }
    for (; j->settled < end; j->settled++)
        if (!settle_one(s, sally_store_item_at(s, j->settled)))
            return false;
    return true;
}

/* --- Writing ------------------------------------------------------------- */

static void begin_row(struct sally_store_journal *j)
{
    j->out = (struct sally_buf){ j->bytes, HEAD_BYTES, sizeof(j->bytes) };
    j->count = 0;
}

static bool put_row(struct sally_store *s)
{
    struct sally_store_journal *j = &s->journal;
    sqlite3_stmt *q = s->sql[SALLY_SQL_JOURNAL];
    struct sally_buf head = { j->bytes, 0, HEAD_BYTES };
    struct sally_writer w = sally_writer_into(&head);
    int rc;

    sally_put_u64(&w, j->mark);
    sally_put_u16(&w, j->count);
    sqlite3_bind_int64(q, 1, j->row);
    if (sqlite3_bind_blob(q, 2, j->bytes, sizeof(j->bytes), SQLITE_STATIC) !=
        SQLITE_OK)
        return false;
    rc = sqlite3_step(q);
    sqlite3_reset(q);
    return rc == SQLITE_DONE;
}

/* If the batch fails, the row still holds what it did; that it is taken to hold
 * newer messages keeps it for longer than it must be.                       */
static bool end_row(struct sally_store *s)
{
    struct sally_store_journal *j = &s->journal;

    if (j->last[j->row] > j->mark && !sally_journal_settle(s, j->at))
        return false;
    if (!put_row(s))
        return false;
    j->known_next = j->mark;
    j->last[j->row] = s->newest;
    j->row = (j->row + 1) % SALLY_STORE_ROWS;
    begin_row(j);
    return true;
}

void sally_journal_begin(struct sally_store *s)
{
    struct sally_store_journal *j = &s->journal;

    j->settled = s->settled;
    j->mark = s->mark;
    j->known_next = j->known;
    begin_row(j);
}

bool sally_journal_add(struct sally_store *s)
{
    struct sally_store_journal *j = &s->journal;
    const struct sally_store_item *item = sally_store_item_at(s, j->at);
    struct sally_writer w = sally_writer_into(&j->out);

    if (j->out.len + RECORD_BYTES + item->len > j->out.room && !end_row(s))
        return false;
    s->newest = item->number;
    sally_put_u64(&w, item->number);
    sally_put_u32(&w, (uint32_t)item->sensor_key);
    sally_put_u64(&w, (uint64_t)item->time);
    sally_put_u64(&w, (uint64_t)item->born);
    sally_put(&w, (struct sally_span){ item->key, sizeof(item->key) });
    sally_put_u16(&w, item->len);
    sally_put(&w, body_of(item));
    j->count++;
    return !w.failed;
}

bool sally_journal_end(struct sally_store *s)
{
    const struct sally_store_journal *j = &s->journal;

    if (j->count == 0 && j->mark == j->known_next)
        return true;
    return end_row(s);
}

/* --- Publishing ---------------------------------------------------------- */

static void publish_delivered(struct sally_store *s,
                              const struct sally_store_item *item)
{
    struct sally_store_one *one = &s->sensors[item->sensor];
    uint64_t bytes = item->len + (uint64_t)SALLY_STORE_ROW;

    one->messages--;
    one->bytes -= bytes;
    s->totals.messages--;
    s->totals.bytes -= bytes;
    s->holders -= one->messages == 0;
}

void sally_journal_publish(struct sally_store *s)
{
    struct sally_store_journal *j = &s->journal;

    for (; s->settled < j->settled; s->settled++) {
        const struct sally_store_item *item =
            sally_store_item_at(s, s->settled);

        if (item->delivered)
            publish_delivered(s, item);
    }
    s->mark = j->mark;
    s->few_rows = j->last[(j->row + SALLY_STORE_ROWS / 4) % SALLY_STORE_ROWS] >
                  j->mark;
    j->known = j->known_next;
}

/* --- At a start ---------------------------------------------------------- */

static bool take_record(struct sally_cursor *c, struct sally_store_item *out)
{
    struct sally_span body;

    out->number = sally_take_u64(c);
    out->sensor_key = sally_take_u32(c);
    out->time = (sally_msec_utc)sally_take_u64(c);
    out->born = (int64_t)sally_take_u64(c);
    sally_take_into(c, out->key, sizeof(out->key));
    out->len = sally_take_u16(c);
    body = sally_take(c, out->len);
    if (c->failed || body.len > sizeof(out->body))
        return false;
    if (body.len != 0)
        memcpy(out->body, body.at, body.len);
    return true;
}

/* As if it had been stored just now. */
static void load_row(struct sally_store *s, struct sally_cursor c)
{
    for (uint16_t left = sally_take_u16(&c); left > 0; left--) {
        struct sally_store_item *item = sally_store_item_at(s, s->head);

        if (s->head == SALLY_STORE_RING - 1 || !take_record(&c, item))
            return; /* damaged */
        if (item->number > s->newest)
            s->newest = item->number;
        if (item->number <= s->mark)
            continue;
        item->kind = SALLY_ITEM_APPEND;
        item->result = SALLY_ACCEPTED_STORED;
        item->fresh = true;
        s->journal.keys[s->head] = sally_seen_brief(item->key);
        s->tail = s->done = ++s->head;
    }
}

/* Goes over all rows, in the order of their first messages: for the largest
 * mark, and once more for what lies above it.                               */
static bool walk(struct sally_store *s, bool load)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_ROWS];
    int rc;

    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        const void *at = sqlite3_column_blob(q, 0);
        int len = sqlite3_column_bytes(q, 0);
        struct sally_cursor c = sally_cursor_over(
            (struct sally_span){ at, at != NULL ? (size_t)len : 0 });
        uint64_t mark = sally_take_u64(&c);

        if (load)
            load_row(s, c);
        else if (mark > s->mark)
            s->mark = mark;
    }
    sqlite3_reset(q);
    return rc == SQLITE_DONE;
}

/* All rows are taken to hold what is not settled. */
enum sally_err sally_journal_load(struct sally_store *s)
{
    struct sally_store_journal *j = &s->journal;

    if (!walk(s, false) || !walk(s, true)) {
        s->failure = sqlite3_errcode(s->writer) & 0xff;
        return SALLY_E_IO;
    }
    if (s->newest < s->mark)
        s->newest = s->mark;
    j->known = s->mark;
    for (size_t i = 0; i < SALLY_STORE_ROWS; i++)
        j->last[i] = s->newest;
    return SALLY_E_OK;
}
