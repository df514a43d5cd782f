/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/kept_read.c - what was kept as a tool reads it, from a state
 * directory that a gateway may be using.                                    */
#include "store/inside.h"

#include <stdio.h>

/* One statement sees one state of the database, whatever is written then. */
static const char query[] =
    "SELECT what, name, body FROM kept WHERE what IN (3, 4) ORDER BY what";
_Static_assert(SALLY_KEPT_BOOK == 3 && SALLY_KEPT_TOMB == 4,
               "numbers of the query");

static struct sally_span column(sqlite3_stmt *q, int n)
{
    return (struct sally_span){ sqlite3_column_blob(q, n),
                                (size_t)sqlite3_column_bytes(q, n) };
}

static bool show(sqlite3_stmt *q, sally_store_kept_row *each, void *owner)
{
    const struct sally_kept_place at = {
        (enum sally_kept)sqlite3_column_int(q, 0), 0, column(q, 1)
    };

    return each(owner, &at, column(q, 2));
}

static int read_all(sqlite3 *db, sally_store_kept_row *each, void *owner)
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

enum sally_err sally_store_kept(const char *dir, sally_store_kept_row *each,
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
