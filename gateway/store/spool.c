/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/spool.c - reading: the next message of an account, the latest
 * values, parked commands.                                                  */
#include "store/inside.h"

static struct sally_span column_span(sqlite3_stmt *q, int column)
{
    const void *at = sqlite3_column_blob(q, column);
    int len = sqlite3_column_bytes(q, column);

    return (struct sally_span){ at, at != NULL ? (size_t)len : 0 };
}

/* --- Messages ------------------------------------------------------------ */

static struct sally_store_account *account_at(struct sally_store *s,
                                              uint32_t sensor,
                                              uint32_t account)
{
    if (sensor >= s->sensor_count ||
        account >= s->sensors[sensor].account_count)
        return NULL;
    return &s->sensors[sensor].accounts[account];
}

/* The row after `after`, into `out` unless it is damaged (MALFORMED). */
static enum sally_err read_next(struct sally_store *s, int64_t key,
                                uint64_t after, uint64_t *number,
                                struct sally_bus_readings *out)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_NEXT];
    enum sally_err e;
    int rc;

    sqlite3_bind_int64(q, 1, key);
    sqlite3_bind_int64(q, 2, (int64_t)after);
    rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        *number = (uint64_t)sqlite3_column_int64(q, 0);
        e = sally_body_to_readings(column_span(q, 2), out);
        out->time = sqlite3_column_int64(q, 1);
    } else {
        e = rc == SQLITE_DONE ? SALLY_E_NOT_FOUND : SALLY_E_IO;
    }
    sqlite3_reset(q);
    return e;
}

/* The first one after *at and below `before`; damaged rows are passed over.
 * NOT_FOUND: none, and *at stays.                                           */
static enum sally_err read_table(struct sally_store *s, int64_t key,
                                 uint64_t *at, uint64_t before,
                                 struct sally_bus_readings *out)
{
    uint64_t number = *at;
    enum sally_err e;

    do {
        e = read_next(s, key, number, &number, out);
    } while (e != SALLY_E_OK && e != SALLY_E_NOT_FOUND && e != SALLY_E_IO);
    if (e == SALLY_E_OK && number >= before)
        return SALLY_E_NOT_FOUND;
    if (e == SALLY_E_OK)
        *at = number;
    return e;
}

/* Out of memory where that is sure to be the next one. */
static enum sally_err find_next(struct sally_store *s,
                                struct sally_store_account *a, uint64_t *at,
                                struct sally_bus_readings *out)
{
    const struct sally_store_one *one = &s->sensors[a->sensor];
    const struct sally_store_item *item = sally_recent_after(s, a, *at);
    enum sally_err e = SALLY_E_NOT_FOUND;

    if (item == NULL && one->newest != 0 && *at >= one->newest)
        return e;
    if (item == NULL || item->after > *at)
        e = read_table(s, one->key, at,
                       item != NULL ? item->number : UINT64_MAX, out);
    if (e != SALLY_E_NOT_FOUND || item == NULL)
        return e;
    *at = item->number;
    e = sally_body_to_readings((struct sally_span){ item->body, item->len },
                               out);
    out->time = item->time;
    return e;
}

enum sally_err sally_store_next(struct sally_store *s, uint32_t sensor,
                                uint32_t account, uint64_t after,
                                uint64_t *number,
                                struct sally_bus_readings *out)
{
    struct sally_store_account *a = account_at(s, sensor, account);
    uint64_t at = after, commits, drops, settled;
    enum sally_err e;

    if (a == NULL)
        return SALLY_E_NOT_FOUND;
    pthread_mutex_lock(&s->mutex);
    commits = s->totals.commits;
    drops = s->totals.dropped + s->totals.expired;
    settled = s->settled;
    pthread_mutex_unlock(&s->mutex);
    sally_recent_distrust(s, drops, settled);
    if (at < a->cursor)
        at = a->cursor;
    e = find_next(s, a, &at, out);
    out->sensor = sensor;
    if (e == SALLY_E_OK)
        *number = at;
    if (e != SALLY_E_NOT_FOUND || after > a->cursor)
        return e;
    /* Nothing is left, so the count is put right in case that rows went by a
     * way it did not see. Not if there was a commit that was not told yet.  */
    pthread_mutex_lock(&s->mutex);
    if (commits == s->totals.commits && s->tail == s->done)
        a->waiting = 0;
    pthread_mutex_unlock(&s->mutex);
    return e;
}

/* Messages of the account beyond its cursor up to `upto`, one of them. */
static uint64_t count_up_to(struct sally_store *s,
                            struct sally_store_account *a, uint64_t upto)
{
    const struct sally_store_item *item = sally_recent_after(s, a, a->cursor);
    uint64_t count = 0;

    if (item == NULL || item->after > a->cursor)
        (void)!sally_sensors_count_after(
            s, s->sensors[a->sensor].key, a->cursor,
            item != NULL && item->number <= upto ? item->number - 1 : upto,
            &count);
    for (; item != NULL && item->number <= upto;
         item = sally_recent_following(s, item))
        count++;
    return count;
}

void sally_store_delivered(struct sally_store *s, uint32_t sensor,
                           uint32_t account, uint64_t number)
{
    struct sally_store_account *a = account_at(s, sensor, account);
    uint64_t count;

    if (a == NULL || number <= a->cursor)
        return;
    count = count_up_to(s, a, number);
    pthread_mutex_lock(&s->mutex);
    a->cursor = number;
    a->waiting -= count < a->waiting ? count : a->waiting;
    if (!a->dirty) {
        a->dirty = true;
        a->next_dirty = s->dirty;
        s->dirty = a;
    }
    if (!s->moved)
        pthread_cond_signal(&s->wake);
    s->moved = true;
    pthread_mutex_unlock(&s->mutex);
}

uint64_t sally_store_waiting(const struct sally_store *s, uint32_t sensor,
                             uint32_t account)
{
    struct sally_store *shared = (struct sally_store *)(uintptr_t)s;
    struct sally_store_account *a = account_at(shared, sensor, account);
    uint64_t waiting;

    if (a == NULL)
        return 0;
    pthread_mutex_lock(&shared->mutex);
    waiting = a->waiting;
    pthread_mutex_unlock(&shared->mutex);
    return waiting;
}

/* --- Values and commands ------------------------------------------------- */

static void tell_values(const struct sally_bus_readings *m, sally_msec_utc time,
                        void (*each)(void *owner,
                                     const struct sally_lwm2m_record *r),
                        void *owner)
{
    for (size_t i = m->count; i-- > 0;) {
        struct sally_lwm2m_record r;

        sally_bus_value(&m->value[i], m->bytes, &r);
        r.time = time;
        each(owner, &r);
    }
}

/* What is still in messages is older. */
static void tell_settled(struct sally_store *s, int64_t key,
                       void (*each)(void *owner,
                                    const struct sally_lwm2m_record *r),
                       void *owner)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_LATER];
    struct sally_bus_readings m;

    sqlite3_bind_int64(q, 1, key);
    while (sqlite3_step(q) == SQLITE_ROW)
        if (sally_body_to_readings(column_span(q, 1), &m) == SALLY_E_OK)
            tell_values(&m, sqlite3_column_int64(q, 0), each, owner);
    sqlite3_reset(q);
}

/* The newest of all is on the ring. */
static void tell_unsettled(struct sally_store *s, uint32_t sensor,
                           uint64_t settled,
                           void (*each)(void *owner,
                                        const struct sally_lwm2m_record *r),
                           void *owner)
{
    struct sally_bus_readings m;

    for (uint64_t i = s->tail; i-- > settled;) {
        const struct sally_store_item *item = sally_store_item_at(s, i);

        if (item->chained && item->sensor == sensor &&
            sally_body_to_readings(
                (struct sally_span){ item->body, item->len }, &m) ==
                SALLY_E_OK)
            tell_values(&m, item->time, each, owner);
    }
}

/* What no message is left of. */
static void tell_kept(struct sally_store *s, int64_t key,
                      void (*each)(void *owner,
                                   const struct sally_lwm2m_record *r),
                      void *owner)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_LATEST];
    uint8_t bytes[SALLY_BUS_BYTES];

    sqlite3_bind_int64(q, 1, key);
    while (sqlite3_step(q) == SQLITE_ROW) {
        struct sally_bus_value v;
        struct sally_lwm2m_record r;
        uint16_t used = 0;

        if (sally_body_value(column_span(q, 0), column_span(q, 1), &v, bytes,
                             &used) != SALLY_E_OK)
            continue;
        sally_bus_value(&v, bytes, &r);
        r.time = sqlite3_column_int64(q, 2);
        each(owner, &r);
    }
    sqlite3_reset(q);
}

/* In the way that a message goes, so that what goes on meanwhile is seen twice
 * and never missed.                                                         */
void sally_store_latest(struct sally_store *s, uint32_t sensor,
                        void (*each)(void *owner,
                                     const struct sally_lwm2m_record *r),
                        void *owner)
{
    uint64_t settled;

    if (sensor >= s->sensor_count)
        return;
    pthread_mutex_lock(&s->mutex);
    settled = s->settled;
    pthread_mutex_unlock(&s->mutex);
    tell_unsettled(s, sensor, settled, each, owner);
    tell_settled(s, s->sensors[sensor].key, each, owner);
    tell_kept(s, s->sensors[sensor].key, each, owner);
}

void sally_store_parked(struct sally_store *s, uint32_t sensor,
                        void (*each)(void *owner,
                                     const struct sally_bus_command *c),
                        void *owner)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_PARKED_ALL];
    struct sally_bus_command c;

    if (sensor != UINT32_MAX) {
        if (sensor >= s->sensor_count)
            return;
        q = s->sql[SALLY_SQL_PARKED];
        sqlite3_bind_int64(q, 1, s->sensors[sensor].key);
    }
    while (sqlite3_step(q) == SQLITE_ROW) {
        if (sally_body_to_command(column_span(q, 2), &c) != SALLY_E_OK)
            continue;
        c.command = (uint32_t)sqlite3_column_int64(q, 0);
        c.sensor = sally_sensors_index(s, sqlite3_column_int64(q, 1));
        if (c.sensor != SALLY_STORE_NOBODY)
            each(owner, &c);
    }
    sqlite3_reset(q);
}
