/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/seen.c - keys of messages that were stored. Those that are not
 * settled yet are looked for in memory. The others lie in two tables: the
 * younger one takes new keys, both are asked. When the younger one has been
 * filled for as long as a key must be known, the older one is emptied and takes
 * its place, so that no key is deleted by itself. That time is time of running,
 * whatever the clock is set to, and begins anew at each start.               */
#include "store/inside.h"

static const struct {
    enum sally_store_sql put, find, empty;
} tables[] = {
    { SALLY_SQL_SEE_0, SALLY_SQL_SEEN_0, SALLY_SQL_FORGET_0 },
    { SALLY_SQL_SEE_1, SALLY_SQL_SEEN_1, SALLY_SQL_FORGET_1 },
};

/* One of the statements for a key: what sqlite3_step() gave. */
static int run(struct sally_store *s, enum sally_store_sql which,
               int64_t sensor_key, const uint8_t key[SALLY_INGEST_KEY])
{
    sqlite3_stmt *q = s->sql[which];
    int rc = sqlite3_bind_blob(q, 1, key, SALLY_INGEST_KEY, SQLITE_STATIC);

    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(q, 2, sensor_key);
    rc = sqlite3_step(q);
    sqlite3_reset(q);
    return rc;
}

/* Most items are passed over without a look at them. */
static bool is_unsettled(const struct sally_store *s,
                         const struct sally_store_item *item)
{
    const struct sally_store_journal *j = &s->journal;
    uint32_t brief = sally_seen_brief(item->key);

    for (uint64_t i = j->settled; i != j->at; i++) {
        size_t place = (size_t)(i & (SALLY_STORE_RING - 1));
        const struct sally_store_item *other = &s->ring[place];

        if (j->keys[place] == brief && other->kind == SALLY_ITEM_APPEND &&
            other->fresh && other->sensor_key == item->sensor_key &&
            memcmp(other->key, item->key, sizeof(item->key)) == 0)
            return true;
    }
    return false;
}

bool sally_seen_before(struct sally_store *s,
                       const struct sally_store_item *item, bool *seen)
{
    int rc = SQLITE_DONE;

    *seen = is_unsettled(s, item);
    for (size_t i = 0; !*seen && i < SALLY_LEN(tables) && rc == SQLITE_DONE;
         i++) {
        rc = run(s, tables[i].find, item->sensor_key, item->key);
        *seen = rc == SQLITE_ROW;
    }
    return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

bool sally_seen_put(struct sally_store *s, int64_t sensor_key,
                    const uint8_t key[SALLY_INGEST_KEY])
{
    return run(s, tables[s->young].put, sensor_key, key) == SQLITE_DONE;
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
