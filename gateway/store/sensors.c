/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/sensors.c - the list of sensors: keys, cursors and counts, at
 * the start and when another list takes the place of the one there is.      */
#include "store/inside.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 1000000 /* sensors that a database can have known */

/* For a question that is asked once: NULL if it cannot be. */
static sqlite3_stmt *ask(struct sally_store *s, const char *sql)
{
    sqlite3_stmt *q = NULL;

    return sqlite3_prepare_v2(s->writer, sql, -1, &q, NULL) == SQLITE_OK
               ? q
               : NULL;
}

uint32_t sally_sensors_index(const struct sally_store *s, int64_t key)
{
    if (key < 0 || (uint64_t)key >= s->key_count)
        return SALLY_STORE_NOBODY;
    return s->index_of_key[key];
}

/* What was in force before; nothing at open. */
struct known {
    struct sally_store_one *sensors;
    size_t sensor_count;
    uint32_t *index_of_key;
    size_t key_count;
};

static const struct sally_store_one *known_sensor(const struct known *k,
                                                  int64_t key)
{
    if ((uint64_t)key >= k->key_count ||
        k->index_of_key[key] == SALLY_STORE_NOBODY)
        return NULL;
    return &k->sensors[k->index_of_key[key]];
}

void sally_sensors_free(struct sally_store_one *sensors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < sensors[i].account_count; k++)
            free(sensors[i].accounts[k].server);
        free(sensors[i].accounts);
    }
    free(sensors);
}

/* The key of a sensor, given now if it has none. 0: the database failed. */
static int64_t key_of(struct sally_store *s, const char *id)
{
    sqlite3_stmt *make = s->sql[SALLY_SQL_KEY_MAKE];
    sqlite3_stmt *find = s->sql[SALLY_SQL_KEY_OF];
    int64_t key = 0;

    if (sqlite3_bind_text(make, 1, id, -1, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_bind_text(find, 1, id, -1, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_step(make) == SQLITE_DONE && sqlite3_step(find) == SQLITE_ROW)
        key = sqlite3_column_int64(find, 0);
    sqlite3_reset(make);
    sqlite3_reset(find);
    return key > 0 && key <= KEY_MAX ? key : 0;
}

static enum sally_err load_cursor(struct sally_store *s,
                                  struct sally_store_account *a, int64_t key)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_CURSOR_OF];
    int rc = SQLITE_ERROR;

    if (sqlite3_bind_int64(q, 1, key) == SQLITE_OK &&
        sqlite3_bind_text(q, 2, a->server, -1, SQLITE_STATIC) == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        a->cursor = a->durable = (uint64_t)sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SALLY_E_OK : SALLY_E_IO;
}

enum sally_err sally_sensors_count_after(struct sally_store *s, int64_t key,
                                         uint64_t after, uint64_t up_to,
                                         uint64_t *count)
{
    sqlite3_stmt *q = s->sql[SALLY_SQL_COUNT];
    enum sally_err e = SALLY_E_IO;

    sqlite3_bind_int64(q, 1, key);
    sqlite3_bind_int64(q, 2, (int64_t)after);
    sqlite3_bind_int64(q, 3, (int64_t)up_to);
    if (sqlite3_step(q) == SQLITE_ROW) {
        *count = (uint64_t)sqlite3_column_int64(q, 0);
        e = SALLY_E_OK;
    }
    sqlite3_reset(q);
    return e;
}

/* What is known of this account at `was`, which may be NULL. */
static bool adopt_account(struct sally_store_account *a,
                          const struct sally_store_one *was)
{
    for (size_t i = 0; was != NULL && i < was->account_count; i++)
        if (strcmp(was->accounts[i].server, a->server) == 0) {
            a->cursor = was->accounts[i].cursor;
            a->durable = was->accounts[i].durable;
            a->waiting = was->accounts[i].waiting;
            a->dirty = was->accounts[i].dirty;
            a->adopted = true;
            return true;
        }
    return false;
}

static enum sally_err load_account(struct sally_store *s,
                                   struct sally_store_account *a, int64_t key,
                                   const struct sally_store_one *was)
{
    enum sally_err e;

    if (a->server == NULL)
        return SALLY_E_NO_MEMORY;
    if (adopt_account(a, was))
        return SALLY_E_OK;
    e = load_cursor(s, a, key);
    return e == SALLY_E_OK
               ? sally_sensors_count_after(s, key, a->cursor, INT64_MAX,
                                           &a->waiting)
               : e;
}

/* A sensor without a name is a slot that is vacant. */
static enum sally_err load_sensor(struct sally_store *s, uint32_t index,
                                  const struct sally_store_sensor *from,
                                  const struct known *known)
{
    struct sally_store_one *one = &s->sensors[index];
    const struct sally_store_one *was;
    enum sally_err e = SALLY_E_OK;
    int64_t key = from->id[0] != '\0' ? key_of(s, from->id) : -1;

    if (key <= 0)
        return key == 0 ? SALLY_E_IO : SALLY_E_OK;
    was = known_sensor(known, key);
    if (was != NULL)
        *one = *was;
    one->key = key;
    s->index_of_key[key] = index;
    one->account_count = 0;
    one->accounts = calloc(from->server_count, sizeof(*one->accounts));
    if (one->accounts == NULL && from->server_count != 0)
        return SALLY_E_NO_MEMORY;
    for (size_t i = 0; i < from->server_count && e == SALLY_E_OK; i++) {
        struct sally_store_account *a = &one->accounts[i];

        a->sensor = index;
        a->server = strdup(from->servers[i]);
        one->account_count++;
        e = load_account(s, a, key, was);
    }
    return e;
}

/* Numbers go on where the database, whatever was deleted from it, and the
 * journal ended.                                                            */
static enum sally_err load_next_number(struct sally_store *s)
{
    sqlite3_stmt *q = ask(
        s, "SELECT max(coalesce((SELECT max(number) FROM message), 0),"
           " coalesce((SELECT max(cursor) FROM account), 0))");
    enum sally_err e = SALLY_E_IO;

    if (sqlite3_step(q) == SQLITE_ROW) {
        uint64_t largest = (uint64_t)sqlite3_column_int64(q, 0);

        s->newest = s->newest > largest ? s->newest : largest;
        s->next_number = s->newest + 1;
        e = SALLY_E_OK;
    }
    sqlite3_finalize(q);
    return e;
}

static enum sally_err load_age(struct sally_store *s)
{
    sqlite3_stmt *q = ask(s, "SELECT coalesce((SELECT born FROM message"
                             " ORDER BY number DESC LIMIT 1), 0)");
    enum sally_err e = SALLY_E_IO;

    if (sqlite3_step(q) == SQLITE_ROW) {
        s->age = sqlite3_column_int64(q, 0);
        if (s->head != 0 && sally_store_item_at(s, s->head - 1)->born > s->age)
            s->age = sally_store_item_at(s, s->head - 1)->born;
        s->age_at = sally_store_clock();
        e = SALLY_E_OK;
    }
    sqlite3_finalize(q);
    return e;
}

/* Makes room for every key there is and will be. */
static enum sally_err load_keys(struct sally_store *s, size_t sensors)
{
    sqlite3_stmt *q = ask(s, "SELECT coalesce(max(key), 0) FROM sensor");
    int64_t largest = -1;

    if (sqlite3_step(q) == SQLITE_ROW)
        largest = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    if (largest < 0 || largest > KEY_MAX)
        return SALLY_E_IO;
    s->key_count = (size_t)largest + sensors + 1;
    s->index_of_key = malloc(s->key_count * sizeof(*s->index_of_key));
    if (s->index_of_key == NULL)
        return SALLY_E_NO_MEMORY;
    for (size_t i = 0; i < s->key_count; i++)
        s->index_of_key[i] = SALLY_STORE_NOBODY;
    return SALLY_E_OK;
}

static enum sally_err load_all(struct sally_store *s,
                               const struct sally_store_sensor *sensors,
                               size_t count, const struct known *known)
{
    enum sally_err e = load_keys(s, count);

    s->sensors = calloc(count + 1, sizeof(*s->sensors));
    if (s->sensors == NULL)
        return SALLY_E_NO_MEMORY;
    s->sensor_count = count;
    if (e == SALLY_E_OK &&
        sqlite3_exec(s->writer, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        e = SALLY_E_IO;
    for (uint32_t i = 0; i < count && e == SALLY_E_OK; i++)
        e = load_sensor(s, i, &sensors[i], known);
    if (e == SALLY_E_OK &&
        sqlite3_exec(s->writer, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        e = SALLY_E_IO;
    s->failure = sqlite3_errcode(s->writer) & 0xff;
    if (sqlite3_get_autocommit(s->writer) == 0)
        (void)sqlite3_exec(s->writer, "ROLLBACK", NULL, NULL, NULL);
    return e;
}

/* Cursors that could not be written yet are now those of the new list. */
static void list_dirty(struct sally_store *s)
{
    s->dirty = NULL;
    for (size_t i = 0; i < s->sensor_count; i++)
        for (size_t k = 0; k < s->sensors[i].account_count; k++) {
            struct sally_store_account *a = &s->sensors[i].accounts[k];

            if (!a->dirty)
                continue;
            a->next_dirty = s->dirty;
            s->dirty = a;
        }
}

/* One that is not settled is not in the database's counts. */
static void count_unsettled(struct sally_store *s,
                            struct sally_store_item *item)
{
    uint64_t bytes = item->len + (uint64_t)SALLY_STORE_ROW;
    struct sally_store_one *one;

    s->totals.messages++;
    s->totals.bytes += bytes;
    item->sensor = sally_sensors_index(s, item->sensor_key);
    if (item->sensor == SALLY_STORE_NOBODY)
        return;
    one = &s->sensors[item->sensor];
    s->holders += one->messages == 0;
    one->messages++;
    one->bytes += bytes;
    for (size_t i = 0; i < one->account_count; i++)
        if (!one->accounts[i].adopted &&
            one->accounts[i].cursor < item->number)
            one->accounts[i].waiting++;
}

static void count_all_unsettled(struct sally_store *s)
{
    for (uint64_t i = s->settled; i != s->head; i++) {
        struct sally_store_item *item = sally_store_item_at(s, i);

        if (item->kind != SALLY_ITEM_APPEND || !item->fresh)
            continue;
        count_unsettled(s, item);
        if (item->sensor != SALLY_STORE_NOBODY)
            sally_recent_add(s, i + 1);
    }
}

enum sally_err sally_sensors_load(struct sally_store *s,
                                const struct sally_store_sensor *sensors,
                                size_t count)
{
    const struct known known = { s->sensors, s->sensor_count, s->index_of_key,
                                 s->key_count };
    enum sally_err e;

    s->sensors = NULL;
    s->sensor_count = 0;
    s->index_of_key = NULL;
    s->key_count = 0;
    e = load_all(s, sensors, count, &known);
    list_dirty(s);
    sally_sensors_free(known.sensors, known.sensor_count);
    free(known.index_of_key);
    if (e == SALLY_E_OK && s->age_at == 0) /* at open */
        e = load_age(s);
    if (e == SALLY_E_OK && s->next_number == 0)
        e = load_next_number(s);
    if (e == SALLY_E_OK)
        e = sally_kept_purge(s);
    if (e == SALLY_E_OK)
        e = sally_sensors_count(s);
    if (e == SALLY_E_OK)
        count_all_unsettled(s);
    return e;
}

enum sally_err sally_sensors_count(struct sally_store *s)
{
    sqlite3_stmt *q = ask(s, "SELECT sensor, count(*), sum(length(body))"
                             " FROM message GROUP BY sensor");
    uint64_t messages = 0, bytes = 0;
    int rc;

    pthread_mutex_lock(&s->mutex);
    for (size_t i = 0; i < s->sensor_count; i++) {
        s->sensors[i].messages = 0;
        s->sensors[i].bytes = 0;
    }
    s->holders = 0;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        uint32_t index = sally_sensors_index(s, sqlite3_column_int64(q, 0));
        uint64_t n = (uint64_t)sqlite3_column_int64(q, 1);
        uint64_t size =
            (uint64_t)sqlite3_column_int64(q, 2) + n * SALLY_STORE_ROW;

        messages += n;
        bytes += size;
        if (index == SALLY_STORE_NOBODY)
            continue;
        s->sensors[index].messages = (uint32_t)n;
        s->sensors[index].tabled = s->newest;
        s->sensors[index].bytes = size;
        s->holders++;
    }
    s->totals.messages = messages;
    s->totals.bytes = bytes;
    pthread_mutex_unlock(&s->mutex);
    sqlite3_finalize(q);
    return rc == SQLITE_DONE ? SALLY_E_OK : SALLY_E_IO;
}
