/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/schema.c - the database: tables, versions, statements. */
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAP_LIMIT (8 << 20) /* bytes SQLite tries to stay below */

/* Step n takes a database of version n to n + 1; version 0 is an empty file.
 * Rows are only ever added here.                                            */
static const char *const steps[] = {
    "PRAGMA application_id = 0x53414c59;"
    "CREATE TABLE sensor (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);"
    "CREATE TABLE account (sensor INTEGER NOT NULL, server TEXT NOT NULL,"
    " cursor INTEGER NOT NULL, PRIMARY KEY (sensor, server)) WITHOUT ROWID;"
    "CREATE TABLE message (number INTEGER PRIMARY KEY,"
    " sensor INTEGER NOT NULL, time INTEGER NOT NULL, body BLOB NOT NULL);"
    "CREATE INDEX message_of ON message (sensor, number);"
    "CREATE TABLE seen (number INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
    " sensor INTEGER NOT NULL, key BLOB NOT NULL);"
    "CREATE UNIQUE INDEX seen_key ON seen (sensor, key);"
    "CREATE TABLE latest (sensor INTEGER NOT NULL, path BLOB NOT NULL,"
    " time INTEGER NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY (sensor, path)) WITHOUT ROWID;"
    "CREATE TABLE command (number INTEGER PRIMARY KEY,"
    " sensor INTEGER NOT NULL, time INTEGER NOT NULL, body BLOB NOT NULL);",
};
#define VERSION ((int)SALLY_LEN(steps))

/* A database may be on a slow medium and has one writer: the log is written
 * and synced at each commit, and copied back every few megabytes.          */
static const char writer_settings[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 1000;"
    "PRAGMA journal_size_limit = 1048576;"
    "PRAGMA cache_size = -2048;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA trusted_schema = OFF;";
/* What a long backlog or burst left behind goes back to the file system. */
static const char tidy[] =
    "PRAGMA incremental_vacuum;"
    "PRAGMA wal_checkpoint(TRUNCATE);";
static const char reader_settings[] =
    "PRAGMA query_only = ON;"
    "PRAGMA cache_size = -512;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA trusted_schema = OFF;";

static const char *const statements[SALLY_SQL_STATEMENTS] = {
    [SALLY_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SALLY_SQL_COMMIT] = "COMMIT",
    [SALLY_SQL_ROLLBACK] = "ROLLBACK",
    [SALLY_SQL_SEE] =
        "INSERT INTO seen (number, time, sensor, key)"
        " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (sensor, key)"
        " DO UPDATE SET number = excluded.number, time = excluded.time"
        " WHERE time < ?5",
    [SALLY_SQL_FORGET] =
        "DELETE FROM seen WHERE number <= (SELECT max(number) FROM"
        " (SELECT number, time FROM seen ORDER BY number LIMIT ?2)"
        " WHERE time < ?1)",
    [SALLY_SQL_APPEND] =
        "INSERT INTO message (number, sensor, time, body)"
        " VALUES (?1, ?2, ?3, ?4)",
    [SALLY_SQL_LATEST_PUT] =
        "INSERT INTO latest (sensor, path, time, value)"
        " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (sensor, path)"
        " DO UPDATE SET time = excluded.time, value = excluded.value",
    [SALLY_SQL_OLDEST] =
        "SELECT number, length(body), sensor, time FROM message"
        " ORDER BY number LIMIT 1",
    [SALLY_SQL_OLDEST_OF] =
        "SELECT number, length(body), sensor, time FROM message"
        " WHERE sensor = ?1 ORDER BY number LIMIT 1",
    [SALLY_SQL_DROP] = "DELETE FROM message WHERE number = ?1",
    [SALLY_SQL_CURSOR] =
        "INSERT INTO account (sensor, server, cursor) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (sensor, server) DO UPDATE SET cursor = excluded.cursor",
    [SALLY_SQL_DELIVERED_SUM] =
        "SELECT count(*), coalesce(sum(size), 0), coalesce(max(number), 0)"
        " FROM (SELECT number, length(body) AS size FROM message"
        " WHERE sensor = ?1 AND number <= ?2 ORDER BY number LIMIT ?3)",
    [SALLY_SQL_DELIVERED] =
        "DELETE FROM message WHERE sensor = ?1 AND number <= ?2",
    [SALLY_SQL_PARK] =
        "INSERT OR REPLACE INTO command (number, sensor, time, body)"
        " VALUES (?1, ?2, ?3, ?4)",
    [SALLY_SQL_UNPARK] = "DELETE FROM command WHERE number = ?1",
    [SALLY_SQL_KEY_MAKE] = "INSERT OR IGNORE INTO sensor (id) VALUES (?1)",
    [SALLY_SQL_KEY_OF] = "SELECT key FROM sensor WHERE id = ?1",
    [SALLY_SQL_CURSOR_OF] =
        "SELECT cursor FROM account WHERE sensor = ?1 AND server = ?2",
    [SALLY_SQL_NEXT] =
        "SELECT number, time, body FROM message"
        " WHERE sensor = ?1 AND number > ?2 ORDER BY number LIMIT 1",
    [SALLY_SQL_COUNT] =
        "SELECT count(*) FROM message"
        " WHERE sensor = ?1 AND number > ?2 AND number <= ?3",
    [SALLY_SQL_LATEST] =
        "SELECT path, value, time FROM latest WHERE sensor = ?1"
        " ORDER BY path",
    [SALLY_SQL_PARKED] =
        "SELECT number, sensor, body FROM command WHERE sensor = ?1"
        " ORDER BY time, number",
    [SALLY_SQL_PARKED_ALL] =
        "SELECT number, sensor, body FROM command ORDER BY time, number",
};

/* --- Opening ------------------------------------------------------------- */

static enum sally_err say(char *why, size_t size, enum sally_err e,
                          const char *what, const char *detail)
{
    (void)snprintf(why, size, "%s: %s", what, detail);
    return e;
}

static enum sally_err run(sqlite3 *db, const char *sql, char *why, size_t size)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return say(why, size, SALLY_E_IO, "the database cannot be used",
                   sqlite3_errmsg(db));
    return SALLY_E_OK;
}

/* Made by us first, so that nobody else can ever read it. */
static bool make_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    return fd >= 0 && close(fd) == 0;
}

static enum sally_err open_one(sqlite3 **db, const char *path, int flags,
                               const char *settings, char *why, size_t size)
{
    int rc = sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc != SQLITE_OK)
        return say(why, size, SALLY_E_IO, path, sqlite3_errstr(rc));
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_busy_timeout(*db, SALLY_STORE_BUSY_MS);
    return run(*db, settings, why, size);
}

static int version_of(sqlite3 *db)
{
    sqlite3_stmt *q = NULL;
    int version = -1;

    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &q, NULL) ==
            SQLITE_OK &&
        sqlite3_step(q) == SQLITE_ROW)
        version = sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
    return version;
}

/* One transaction per step, so that a power cut leaves a whole version. */
static enum sally_err migrate(sqlite3 *db, char *why, size_t size)
{
    int version = version_of(db);
    char set[64];

    if (version < 0)
        return say(why, size, SALLY_E_IO, "the database cannot be read",
                   sqlite3_errmsg(db));
    if (version > VERSION)
        return say(why, size, SALLY_E_UNSUPPORTED, "the database",
                   "was written by a newer version of Sallyport");
    for (; version < VERSION; version++) {
        enum sally_err e = run(db, "BEGIN EXCLUSIVE", why, size);

        (void)snprintf(set, sizeof(set), "PRAGMA user_version = %d",
                       version + 1);
        if (e == SALLY_E_OK)
            e = run(db, steps[version], why, size);
        if (e == SALLY_E_OK)
            e = run(db, set, why, size);
        if (e == SALLY_E_OK)
            e = run(db, "COMMIT", why, size);
        if (e != SALLY_E_OK)
            return e;
    }
    return SALLY_E_OK;
}

static enum sally_err prepare_all(struct sally_store *s, char *why,
                                  size_t size)
{
    for (size_t i = 0; i < SALLY_LEN(statements); i++) {
        sqlite3 *db = i < SALLY_SQL_NEXT ? s->writer : s->reader;

        if (sqlite3_prepare_v3(db, statements[i], -1,
                               SQLITE_PREPARE_PERSISTENT, &s->sql[i],
                               NULL) != SQLITE_OK)
            return say(why, size, SALLY_E_IO, "the database cannot be used",
                       sqlite3_errmsg(db));
    }
    return SALLY_E_OK;
}

enum sally_err sally_schema_open(struct sally_store *s, const char *dir,
                                 char *why, size_t why_size)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/sallyport.db", dir);
    enum sally_err e;

    if (n < 0 || (size_t)n >= sizeof(path) || !make_file(path))
        return say(why, why_size, SALLY_E_IO, dir, strerror(errno));
    sqlite3_soft_heap_limit64(HEAP_LIMIT);
    e = open_one(&s->writer, path, SQLITE_OPEN_READWRITE,
                 "PRAGMA auto_vacuum = INCREMENTAL;", why, why_size);
    if (e == SALLY_E_OK)
        e = run(s->writer, writer_settings, why, why_size);
    if (e == SALLY_E_OK)
        e = migrate(s->writer, why, why_size);
    if (e == SALLY_E_OK)
        e = run(s->writer, tidy, why, why_size);
    if (e == SALLY_E_OK)
        e = open_one(&s->reader, path, SQLITE_OPEN_READWRITE, reader_settings,
                     why, why_size);
    return e == SALLY_E_OK ? prepare_all(s, why, why_size) : e;
}

void sally_schema_close(struct sally_store *s)
{
    for (size_t i = 0; i < SALLY_LEN(s->sql); i++) {
        sqlite3_finalize(s->sql[i]);
        s->sql[i] = NULL;
    }
    sqlite3_close(s->reader);
    sqlite3_close(s->writer);
    s->reader = s->writer = NULL;
}
