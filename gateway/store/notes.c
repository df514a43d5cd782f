/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/notes.c - the security journal: lines wait here until they are
 * durable, so that its chain goes on over a disk that failed for a while.   */
#include "store/inside.h"

static void copy_hash(uint8_t *to, const uint8_t *from)
{
    memcpy(to, from, SALLY_SHA256_LEN);
}

enum sally_err sally_store_notes_load(struct sally_store *s)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_NOTE_LAST];
    struct sally_note *last = &s->notes.durable;
    int rc = sqlite3_step(q);

    if (rc == SQLITE_ROW) {
        last->number = (uint64_t)sqlite3_column_int64(q, 0);
        last->time = sqlite3_column_int64(q, 1);
        /* One that is no hash shows, and nothing is written over. */
        if (sqlite3_column_bytes(q, 2) == SALLY_SHA256_LEN)
            copy_hash(last->hash, sqlite3_column_blob(q, 2));
    }
    sqlite3_reset(q);
    s->failure = rc;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SALLY_E_OK : SALLY_E_IO;
}

/* --- The writer's -------------------------------------------------------- */

static bool finish(sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);

    sqlite3_reset(q);
    return rc == SQLITE_DONE;
}

/* Its body is the hash, then the line. */
bool sally_store_notes_put(struct sally_store *s,
                           const struct sally_store_item *item)
{
    sqlite3_stmt *put = s->sql[SALLY_SQL_NOTE];
    sqlite3_stmt *drop = s->sql[SALLY_SQL_NOTES_DROP];
    const int len = item->len - SALLY_SHA256_LEN;

    sqlite3_bind_int64(put, 1, (int64_t)item->number);
    sqlite3_bind_int64(put, 2, item->time);
    if (sqlite3_bind_blob(put, 3, item->body + SALLY_SHA256_LEN, len,
                          SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_blob(put, 4, item->body, SALLY_SHA256_LEN,
                          SQLITE_STATIC) != SQLITE_OK ||
        !finish(put))
        return false;
    if (item->number <= s->limits.notes)
        return true;
    sqlite3_bind_int64(drop, 1, (int64_t)(item->number - s->limits.notes));
    return finish(drop);
}

/* --- The loop's ---------------------------------------------------------- */

static bool queue_one(struct sally_store *s, const struct sally_note *note)
{
    struct sally_store_item *item =
        sally_store_free_item(s, SALLY_STORE_UNPARK);

    if (item == NULL)
        return false;
    item->kind = SALLY_ITEM_NOTE;
    item->sensor = SALLY_STORE_NOBODY;
    item->number = note->number;
    item->time = note->time;
    item->len = (uint16_t)(SALLY_SHA256_LEN + note->line.len);
    copy_hash(item->body, note->hash);
    memcpy(item->body + SALLY_SHA256_LEN, note->line.at, note->line.len);
    memset(item->key, 0, sizeof(item->key));
    sally_store_queue(s, false);
    return true;
}

static void queue_waiting(struct sally_store *s)
{
    struct sally_store_notes *n = &s->notes;

    while (n->queued < n->count && queue_one(s, &n->waiting[n->queued]))
        n->queued++;
}

static bool add(struct sally_store_notes *n, struct sally_span line,
                sally_msec_utc time)
{
    const struct sally_note *before =
        n->count == 0 ? &n->durable : &n->waiting[n->count - 1];
    struct sally_note *note;
    uint8_t *bytes;

    if (n->count >= SALLY_STORE_NOTES || line.len == 0 ||
        line.len > SALLY_NOTE_MAX)
        return false;
    note = &n->waiting[n->count];
    bytes = n->bytes[n->count];
    memcpy(bytes, line.at, line.len);
    note->number = before->number + 1;
    note->time = time;
    note->line = (struct sally_span){ bytes, line.len };
    if (sally_note_chain(note, before->hash) != SALLY_E_OK)
        return false;
    n->count++;
    return true;
}

/* Those that were lost come first, in a line that counts them. */
static void add_lost(struct sally_store_notes *n, sally_msec_utc time)
{
    uint8_t room[64];
    struct sally_buf line = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&line);

    if (n->lost == 0 || n->count + 1 >= SALLY_STORE_NOTES)
        return;
    sally_put_format(&w, "role=inner event=journal_lost lines=%lu",
                     (unsigned long)n->lost);
    if (add(n, sally_buf_span(&line), time))
        n->lost = 0;
}

void sally_store_note(struct sally_store *s, struct sally_span line,
                      sally_msec_utc time, uint32_t lost)
{
    struct sally_store_notes *n = &s->notes;

    n->lost += lost;
    add_lost(n, time);
    if (n->lost != 0 || !add(n, line, time))
        n->lost++;
    queue_waiting(s);
}

void sally_store_noted(const struct sally_store *s, struct sally_note *out)
{
    *out = s->notes.durable;
}

/* The first of those that wait is durable. */
static void shift(struct sally_store_notes *n)
{
    n->durable = n->waiting[0];
    n->durable.line = (struct sally_span){ NULL, 0 };
    n->count--;
    n->queued -= n->queued != 0;
    for (size_t i = 0; i < n->count; i++) {
        memcpy(n->bytes[i], n->bytes[i + 1], n->waiting[i + 1].line.len);
        n->waiting[i] = n->waiting[i + 1];
        n->waiting[i].line.at = n->bytes[i];
    }
}

/* After a failure all that wait are given to the writer again: under the same
 * numbers, so that one which did get through is only written over.          */
void sally_store_notes_told(struct sally_store *s,
                      const struct sally_store_item *item)
{
    struct sally_store_notes *n = &s->notes;

    if (item->result != SALLY_ACCEPTED_STORED)
        n->queued = 0;
    else if (n->count != 0 && n->waiting[0].number == item->number)
        shift(n);
    else
        return;
    n->failed = item->result != SALLY_ACCEPTED_STORED;
}

/* Not at once after a failure, since a full disk must not keep us busy. */
void sally_store_notes_go_on(struct sally_store *s)
{
    if (!s->notes.failed)
        queue_waiting(s);
}
