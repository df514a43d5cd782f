/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/seen.c - keys of messages that were stored, in two tables: the
 * younger one takes new keys, both are asked. When the younger one has been
 * filled for as long as a key must be known, the older one is emptied and takes
 * its place, so that no key is deleted by itself. That time is time of running,
 * whatever the clock is set to, and begins anew at each start.               */
#include "store/inside.h"

static const struct {
    enum sally_store_sql add, find, empty;
} tables[] = {
    { SALLY_SQL_SEE_0, SALLY_SQL_SEEN_0, SALLY_SQL_FORGET_0 },
    { SALLY_SQL_SEE_1, SALLY_SQL_SEEN_1, SALLY_SQL_FORGET_1 },
};

/* One of the statements for the key of `item`: what sqlite3_step() gave. */
static int run(struct sally_store *s, enum sally_store_sql which,
               const struct sally_store_item *item)
{
    sqlite3_stmt *q = s->sql[which];
    int rc = sqlite3_bind_blob(q, 1, item->key, (int)sizeof(item->key),
                               SQLITE_STATIC);

    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(q, 2, s->sensors[item->sensor].key);
    rc = sqlite3_step(q);
    sqlite3_reset(q);
    return rc;
}

bool sally_seen_add(struct sally_store *s, const struct sally_store_item *item,
                    bool *fresh)
{
    int rc = run(s, tables[!s->young].find, item);

    *fresh = false;
    if (rc != SQLITE_DONE)
        return rc == SQLITE_ROW;
    rc = run(s, tables[s->young].add, item);
    *fresh = sqlite3_changes(s->writer) != 0;
    return rc == SQLITE_DONE;
}

/* A batch that fails after it leaves both tables full: their keys are then
 * known for longer.                                                         */
bool sally_seen_turn(struct sally_store *s)
{
    sally_usec now = sally_store_clock();
    sqlite3_stmt *q = s->sql[tables[!s->young].empty];
    int rc;

    if (s->young_since == 0)
        s->young_since = now;
    if (now - s->young_since < s->limits.seen_ms * SALLY_MSEC)
        return true;
    s->young = !s->young;
    s->young_since = now;
    rc = sqlite3_step(q);
    sqlite3_reset(q);
    return rc == SQLITE_DONE;
}
