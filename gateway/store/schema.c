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
    "ALTER TABLE message ADD COLUMN born INTEGER NOT NULL DEFAULT 0;",
    "CREATE TABLE seen_0 (key BLOB NOT NULL, sensor INTEGER NOT NULL,"
    " PRIMARY KEY (key, sensor)) WITHOUT ROWID;"
    "CREATE TABLE seen_1 (key BLOB NOT NULL, sensor INTEGER NOT NULL,"
    " PRIMARY KEY (key, sensor)) WITHOUT ROWID;"
    "INSERT INTO seen_0 (key, sensor) SELECT key, sensor FROM seen;"
    "DROP TABLE seen;",
    "CREATE TABLE journal (slot INTEGER PRIMARY KEY, body BLOB NOT NULL);",
    "CREATE TABLE kept (what INTEGER NOT NULL, sensor INTEGER NOT NULL,"
    " name BLOB NOT NULL, body BLOB NOT NULL,"
    " PRIMARY KEY (what, sensor, name)) WITHOUT ROWID;",
    "CREATE TABLE note (number INTEGER PRIMARY KEY,"
    " time INTEGER NOT NULL, line BLOB NOT NULL,"
    " hash BLOB NOT NULL);",
};
#define VERSION ((int)SALLY_LEN(steps))

/* A database may be on a slow medium and has one writer: the log is written
 * and synced at each commit, and copied back every few megabytes.          */
static const char writer_settings[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 1000;"
    "PRAGMA journal_size_limit = 4500000;" /* all of it: growing costs syncs */
    "PRAGMA cache_size = -2048;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA secure_delete = ON;" /* what is deleted is written over */
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
    [SALLY_SQL_SEE_0] =
        "INSERT INTO seen_0 (key, sensor) VALUES (?1, ?2)"
        " ON CONFLICT DO NOTHING",
    [SALLY_SQL_SEE_1] =
        "INSERT INTO seen_1 (key, sensor) VALUES (?1, ?2)"
        " ON CONFLICT DO NOTHING",
    [SALLY_SQL_SEEN_0] =
        "SELECT 1 FROM seen_0 WHERE key = ?1 AND sensor = ?2",
    [SALLY_SQL_SEEN_1] =
        "SELECT 1 FROM seen_1 WHERE key = ?1 AND sensor = ?2",
    [SALLY_SQL_FORGET_0] = "DELETE FROM seen_0",
    [SALLY_SQL_FORGET_1] = "DELETE FROM seen_1",
    [SALLY_SQL_JOURNAL] =
        "INSERT OR REPLACE INTO journal (slot, body) VALUES (?1, ?2)",
    [SALLY_SQL_ROWS] =
        "SELECT body FROM journal ORDER BY substr(body, 11, 8)",
    [SALLY_SQL_APPEND] =
        "INSERT OR REPLACE INTO message (number, sensor, time, body, born)"
        " VALUES (?1, ?2, ?3, ?4, ?5)",
    [SALLY_SQL_LATEST_PUT] =
        "INSERT INTO latest (sensor, path, time, value)"
        " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (sensor, path)"
        " DO UPDATE SET time = excluded.time, value = excluded.value",
    [SALLY_SQL_OLDEST] =
        "SELECT number, length(body), sensor, born FROM message"
        " ORDER BY number LIMIT 1",
    [SALLY_SQL_OLDEST_OF] =
        "SELECT number, length(body), sensor, born FROM message"
        " WHERE sensor = ?1 ORDER BY number LIMIT 1",
    [SALLY_SQL_ONE] =
        "SELECT sensor, time, body FROM message WHERE number = ?1",
    [SALLY_SQL_DROP] = "DELETE FROM message WHERE number = ?1",
    [SALLY_SQL_CURSOR] =
        "INSERT INTO account (sensor, server, cursor) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (sensor, server) DO UPDATE SET cursor = excluded.cursor",
    [SALLY_SQL_DELIVERED] =
        "SELECT number, time, body FROM message"
        " WHERE sensor = ?1 AND number <= ?2 ORDER BY number LIMIT ?3",
    [SALLY_SQL_DELETE] =
        "DELETE FROM message WHERE sensor = ?1 AND number <= ?2",
    [SALLY_SQL_PARK] =
        "INSERT OR REPLACE INTO command (number, sensor, time, body)"
        " VALUES (?1, ?2, ?3, ?4)",
    [SALLY_SQL_UNPARK] = "DELETE FROM command WHERE number = ?1",
    [SALLY_SQL_KEEP] =
        "INSERT OR REPLACE INTO kept (what, sensor, name, body)"
        " VALUES (?1, ?2, ?3, ?4)",
    [SALLY_SQL_FORGO] =
        "DELETE FROM kept WHERE what = ?1 AND sensor = ?2 AND name = ?3",
    [SALLY_SQL_NOTE] =
        "INSERT OR REPLACE INTO note (number, time, line, hash)"
        " VALUES (?1, ?2, ?3, ?4)",
    [SALLY_SQL_NOTES_DROP] = "DELETE FROM note WHERE number <= ?1",
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
    [SALLY_SQL_LATER] =
        "SELECT time, body FROM message WHERE sensor = ?1"
        " ORDER BY number DESC",
    [SALLY_SQL_PARKED] =
        "SELECT number, sensor, body FROM command WHERE sensor = ?1"
        " ORDER BY number",
    [SALLY_SQL_PARKED_ALL] =
        "SELECT number, sensor, body FROM command ORDER BY number",
    [SALLY_SQL_RECALL] =
        "SELECT body FROM kept WHERE what = ?1 AND sensor = ?2 AND name = ?3",
    [SALLY_SQL_COUNT_KEPT] =
        "SELECT count(*) FROM (SELECT 1 FROM kept WHERE what = ?1"
        " AND sensor = ?2 AND name BETWEEN ?3 AND ?4 LIMIT ?5)",
    [SALLY_SQL_NOTE_LAST] =
        "SELECT number, time, hash FROM note ORDER BY number DESC LIMIT 1",
};

/* --- Opening ------------------------------------------------------------- */

/* What is opened, and where a sentence goes if it cannot be. */
struct opening {
    char path[4096];
    char *why;
    size_t size;
};

void sally_schema_blame(const char *path, sqlite3 *db, int rc, char *why,
                        size_t size)
{
    int system = sqlite3_system_errno(db);

    if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
        (void)snprintf(why, size,
                       "%s: damaged (%s); restore a backup, or move it away, "
                       "with -wal and -shm, and lose what it holds",
                       path, sqlite3_errstr(rc));
    else if (rc == SQLITE_ERROR)
        (void)snprintf(why, size, "%s: %s; was it made by another version?",
                       path, sqlite3_errmsg(db));
    else
        (void)snprintf(why, size, "%s: %s%s%s", path, sqlite3_errstr(rc),
                       system != 0 ? ": " : "",
                       system != 0 ? strerror(system) : "");
}

static enum sally_err blame(const struct opening *o, sqlite3 *db)
{
    sally_schema_blame(o->path, db, sqlite3_errcode(db) & 0xff, o->why,
                       o->size);
    return SALLY_E_IO;
}

static enum sally_err run(const struct opening *o, sqlite3 *db,
                          const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return blame(o, db);
    return SALLY_E_OK;
}

/* Made by us first, so that nobody else can ever read it. */
static enum sally_err make_file(const struct opening *o)
{
    int fd =
        open(o->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0 && close(fd) == 0)
        return SALLY_E_OK;
    (void)snprintf(o->why, o->size, "%s: cannot be opened for writing: %s",
                   o->path, strerror(errno));
    return SALLY_E_IO;
}

static enum sally_err open_one(const struct opening *o, sqlite3 **db,
                               const char *settings)
{
    if (sqlite3_open_v2(o->path, db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        return blame(o, *db);
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_busy_timeout(*db, SALLY_STORE_BUSY_MS);
    return run(o, *db, settings);
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
static enum sally_err take_step(const struct opening *o, sqlite3 *db,
                                int version)
{
    enum sally_err e = run(o, db, "BEGIN EXCLUSIVE");
    char set[64];

    (void)snprintf(set, sizeof(set), "PRAGMA user_version = %d", version + 1);
    if (e == SALLY_E_OK)
        e = run(o, db, steps[version]);
    if (e == SALLY_E_OK)
        e = run(o, db, set);
    return e == SALLY_E_OK ? run(o, db, "COMMIT") : e;
}

/* UNSUPPORTED: a newer one than ours. */
static enum sally_err check_version(const struct opening *o, sqlite3 *db,
                                    int *version)
{
    *version = version_of(db);
    if (*version < 0)
        return blame(o, db);
    if (*version <= VERSION)
        return SALLY_E_OK;
    (void)snprintf(o->why, o->size,
                   "%s: written by a newer Sallyport (schema %d, this one "
                   "knows %d); run that one, or move it away and lose what it "
                   "holds",
                   o->path, *version, VERSION);
    return SALLY_E_UNSUPPORTED;
}

static enum sally_err migrate(const struct opening *o, sqlite3 *db,
                              int version)
{
    enum sally_err e = SALLY_E_OK;

    for (; version < VERSION && e == SALLY_E_OK; version++)
        e = take_step(o, db, version);
    return e;
}

static enum sally_err prepare_all(const struct opening *o,
                                  struct sally_store *s)
{
    for (size_t i = 0; i < SALLY_LEN(statements); i++) {
        sqlite3 *db = i < SALLY_SQL_NEXT ? s->writer : s->reader;

        if (sqlite3_prepare_v3(db, statements[i], -1,
                               SQLITE_PREPARE_PERSISTENT, &s->sql[i],
                               NULL) != SQLITE_OK)
            return blame(o, db);
    }
    return SALLY_E_OK;
}

enum sally_err sally_schema_open(struct sally_store *s, const char *dir,
                                 char *why, size_t why_size)
{
    struct opening o = { .why = why, .size = why_size };
    int n = snprintf(o.path, sizeof(o.path), "%s/sallyport.db", dir);
    enum sally_err e = n < 0 || (size_t)n >= sizeof(o.path) ? SALLY_E_TOO_LARGE
                                                            : make_file(&o);
    int version = 0;

    sqlite3_soft_heap_limit64(HEAP_LIMIT);
    if (e == SALLY_E_OK)
        e = open_one(&o, &s->writer, "PRAGMA auto_vacuum = INCREMENTAL;");
    /* First of all, so that one which is not ours stays as it is. */
    if (e == SALLY_E_OK)
        e = check_version(&o, s->writer, &version);
    if (e == SALLY_E_OK)
        e = run(&o, s->writer, writer_settings);
    if (e == SALLY_E_OK)
        e = migrate(&o, s->writer, version);
    if (e == SALLY_E_OK)
        e = run(&o, s->writer, tidy);
    if (e == SALLY_E_OK)
        e = open_one(&o, &s->reader, reader_settings);
    return e == SALLY_E_OK ? prepare_all(&o, s) : e;
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
