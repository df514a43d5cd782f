/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/rearrange.c - another list of sensors for a store that runs. */
#include "store/inside.h"

#define PATIENCE 5000 /* ms for the writer to finish its batch */

static bool put_id(sqlite3_stmt *q, const char *id)
{
    bool good = sqlite3_bind_text(q, 1, id, -1, SQLITE_STATIC) == SQLITE_OK &&
                sqlite3_step(q) == SQLITE_DONE;

    sqlite3_reset(q);
    return good;
}

static bool put_ids(sqlite3 *db, const struct sally_store_sensor *sensors,
                    size_t count)
{
    sqlite3_stmt *q = NULL;
    bool good = sqlite3_prepare_v2(
                    db, "INSERT OR IGNORE INTO sensor (id) VALUES (?1)", -1, &q,
                    NULL) == SQLITE_OK;

    for (size_t i = 0; good && i < count; i++)
        good = sensors[i].id[0] == '\0' || put_id(q, sensors[i].id);
    sqlite3_finalize(q);
    return good;
}

static bool run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* On the reader's connection, which does not write otherwise: that of the
 * writer belongs to its thread.                                             */
enum sally_err sally_store_introduce(struct sally_store *s,
                                     const struct sally_store_sensor *sensors,
                                     size_t count)
{
    bool good;

    sqlite3_busy_timeout(s->reader, PATIENCE);
    good = run(s->reader, "PRAGMA query_only = OFF") &&
           run(s->reader, "BEGIN IMMEDIATE") &&
           put_ids(s->reader, sensors, count) && run(s->reader, "COMMIT");
    if (!good) {
        pthread_mutex_lock(&s->mutex);
        s->failure = sqlite3_errcode(s->reader) & 0xff;
        pthread_mutex_unlock(&s->mutex);
    }
    if (!good && sqlite3_get_autocommit(s->reader) == 0)
        (void)run(s->reader, "ROLLBACK");
    (void)run(s->reader, "PRAGMA query_only = ON");
    sqlite3_busy_timeout(s->reader, SALLY_STORE_BUSY_MS);
    return good ? SALLY_E_OK : SALLY_E_IO;
}

enum sally_err sally_store_rearrange(struct sally_store *s,
                                     const struct sally_store_limits *limits,
                                     const struct sally_store_sensor *sensors,
                                     size_t count,
                                     const struct sally_store_upcalls *upcalls)
{
    enum sally_err e;

    sally_store_stop(s);
    sally_store_finished(s, upcalls);
    sally_recent_reset(s);
    s->limits = *limits;
    e = sally_sensors_load(s, sensors, count);
    return e == SALLY_E_OK ? sally_store_start(s) : e;
}
