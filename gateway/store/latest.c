/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/latest.c - the newest value of each resource outlives its
 * message.                                                                  */
#include "store/inside.h"

#include <string.h>

static struct sally_span body_of(sqlite3_stmt *q)
{
    const void *at = sqlite3_column_blob(q, 2);
    int len = sqlite3_column_bytes(q, 2);

    return (struct sally_span){ at, at != NULL ? (size_t)len : 0 };
}

static bool bind(sqlite3_stmt *q, int place, struct sally_span bytes)
{
    return sqlite3_bind_blob(q, place, bytes.at, (int)bytes.len,
                             SQLITE_STATIC) == SQLITE_OK;
}

/* A damaged body has nothing to keep. */
bool sally_latest_put(struct sally_store *s, int64_t key, sally_msec_utc time,
                      struct sally_span body)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_LATEST_PUT];
    struct sally_cursor c = sally_cursor_over(body);
    unsigned count = body.len != 0 ? sally_take_u8(&c) : 0;

    for (unsigned i = 0; i < count; i++) {
        struct sally_span path, value;
        int rc;

        if (sally_body_take(&c, &path, &value) != SALLY_E_OK)
            return true;
        sqlite3_bind_int64(q, 1, key);
        sqlite3_bind_int64(q, 3, time);
        if (!bind(q, 2, path) || !bind(q, 4, value))
            return false;
        rc = sqlite3_step(q);
        sqlite3_reset(q);
        if (rc != SQLITE_DONE)
            return false;
    }
    return true;
}

bool sally_latest_keep(struct sally_store *s, int64_t number)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_ONE];
    bool good = true;
    int rc;

    sqlite3_bind_int64(q, 1, number);
    rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        good = sally_latest_put(s, sqlite3_column_int64(q, 0),
                                sqlite3_column_int64(q, 1), body_of(q));
    sqlite3_reset(q);
    return good && (rc == SQLITE_ROW || rc == SQLITE_DONE);
}

/* Most messages of a sensor give the same resources, so that only the last of a
 * row of such is written.                                                   */
bool sally_latest_keep_all(struct sally_store *s, int64_t n[2],
                           struct sally_store_drop *d)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_DELIVERED];
    uint8_t room[SALLY_STORE_BODY];
    struct sally_span held = { room, 0 };
    int64_t time = 0;
    bool good = true;
    int rc;

    sqlite3_bind_int64(q, 1, n[0]);
    sqlite3_bind_int64(q, 2, n[1]);
    sqlite3_bind_int64(q, 3, SALLY_STORE_DELETES);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && good) {
        struct sally_span body = body_of(q);

        d->messages++;
        d->bytes += body.len + SALLY_STORE_ROW;
        n[1] = sqlite3_column_int64(q, 0);
        if (body.len > sizeof(room))
            continue;
        if (held.len != 0 && !sally_body_alike(held, body))
            good = sally_latest_put(s, n[0], time, held);
        time = sqlite3_column_int64(q, 1);
        memcpy(room, body.at, body.len);
        held.len = body.len;
    }
    sqlite3_reset(q);
    return good && rc == SQLITE_DONE &&
           sally_latest_put(s, n[0], time, held);
}
