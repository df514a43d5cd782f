/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/notes_read.c - the security journal as a tool reads it, from a
 * state directory that a gateway may be using.                              */
#include "store/inside.h"

#include <stdio.h>

static const char query[] =
    "SELECT number, time, line, hash FROM note ORDER BY number";

static bool show(sqlite3_stmt *q,
                 bool (*each)(void *owner, const struct sally_note *note),
                 void *owner)
{
    struct sally_note note = {
        .number = (uint64_t)sqlite3_column_int64(q, 0),
        .time = sqlite3_column_int64(q, 1),
        .line = { sqlite3_column_blob(q, 2),
                  (size_t)sqlite3_column_bytes(q, 2) },
    };

    if (sqlite3_column_bytes(q, 3) == SALLY_SHA256_LEN)
        memcpy(note.hash, sqlite3_column_blob(q, 3), SALLY_SHA256_LEN);
    return each(owner, &note);
}

static int read_all(sqlite3 *db,
                    bool (*each)(void *owner, const struct sally_note *note),
                    void *owner)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, query, -1, &q, NULL);

    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(q);
        if (rc == SQLITE_ROW && !show(q, each, owner))
            rc = SQLITE_DONE;
    }
    (void)sqlite3_finalize(q);
    return rc;
}

enum sally_err sally_store_notes(const char *dir,
                                 bool (*each)(void *owner,
                                              const struct sally_note *note),
                                 void *owner, char *why, size_t why_size)
{
    sqlite3 *db = NULL;
    char path[4096];
    int rc, n = snprintf(path, sizeof(path), "%s/sallyport.db", dir);

    if (n < 0 || (size_t)n >= sizeof(path)) {
        (void)snprintf(why, why_size, "%s: too long a path", dir);
        return SALLY_E_IO;
    }
    rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
    if (rc == SQLITE_OK) {
        (void)sqlite3_busy_timeout(db, SALLY_STORE_BUSY_MS);
        rc = read_all(db, each, owner);
    }
    if (rc != SQLITE_DONE)
        sally_schema_blame(path, db, sqlite3_errcode(db) & 0xff, why, why_size);
    (void)sqlite3_close(db);
    return rc == SQLITE_DONE ? SALLY_E_OK : SALLY_E_IO;
}
