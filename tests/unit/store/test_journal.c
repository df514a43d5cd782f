/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/store/test_journal.c - messages that are not settled: they are
 * found, counted, delivered and known like the others, come back after a crash,
 * and what was delivered never costs a place in the table.                  */
#include "unit/store/place.h"

#include <sqlite3.h>
#include <time.h>

#define TIDY_US 620000 /* longer than a tidying takes to come */
#define REST_US 100000 /* a message has so long to be delivered before it */

/* --- Crashes ------------------------------------------------------------- */

static void path_of(char *out, size_t size, const char *dir, const char *end)
{
    snprintf(out, size, "%s/sallyport.db%s", dir, end);
}

static void copy_file(const char *to_dir, const char *end)
{
    static uint8_t bytes[1 << 16];
    char from[128], to[128];
    FILE *in, *out;
    size_t n;

    path_of(from, sizeof(from), place, end);
    path_of(to, sizeof(to), to_dir, end);
    in = fopen(from, "r");
    out = fopen(to, "w");
    assert_non_null(in);
    assert_non_null(out);
    while ((n = fread(bytes, 1, sizeof(bytes), in)) != 0)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(in);
    fclose(out);
}

static sqlite3 *look(const char *dir)
{
    char path[128];
    sqlite3 *db;

    path_of(path, sizeof(path), dir, "");
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

/* Goes on with the files as a process leaves them that is killed now. */
static void crash(const struct sally_store_limits *limits)
{
    char next[sizeof(place)] = "/tmp/sallyport-store-XXXXXX";
    sqlite3 *db = look(place);

    assert_non_null(mkdtemp(next));
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK); /* nobody writes meanwhile */
    copy_file(next, "");
    copy_file(next, "-wal");
    sqlite3_close(db);
    close_store();
    remove_place();
    memcpy(place, next, sizeof(place));
    open_store(limits);
}

static int64_t count_in(const char *table)
{
    sqlite3 *db = look(place);
    sqlite3_stmt *q = NULL;
    char sql[64];
    int64_t n;

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

/* --- One thing at a time ------------------------------------------------- */

static uint64_t stored_messages(void)
{
    struct sally_store_totals t;

    sally_store_totals(store, &t);
    return t.messages;
}

static void deliver_all(uint32_t sensor, uint32_t account)
{
    uint64_t at;

    while (next_value(sensor, account, 0, &at) >= 0)
        sally_store_delivered(store, sensor, account, at);
}

static int64_t latest;

static void on_latest(void *owner, const struct sally_lwm2m_record *r)
{
    (void)owner;
    if (latest < 0) /* the newest comes first */
        latest = r->value.is.integer;
}

static int64_t latest_of(uint32_t sensor)
{
    latest = -1;
    sally_store_latest(store, sensor, on_latest, NULL);
    return latest;
}

static int64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Where the machine stalls for longer than a message has to be delivered, the
 * table has it for a while.                                                 */
static void what_is_delivered_never_comes_to_the_table(void **state)
{
    unsigned in_time = 0;

    (void)state;
    for (uint32_t n = 1; n <= 300; n++) {
        int64_t began = now_us();

        store_one(1, n);
        deliver_all(1, 0);
        if (now_us() - began < REST_US) {
            in_time++;
            assert_int_equal(count_in("message"), 0);
        } else {
            wait_for_messages(0);
        }
    }
    assert_true(in_time > 0);
    wait_for_messages(0);
    assert_true(count_in("journal") <= 128);
    assert_int_equal(latest_of(1), 300);
    assert_int_equal(count_in("message"), 0);
}

static void what_is_not_delivered_comes_to_the_table(void **state)
{
    uint64_t at = 0;

    (void)state;
    store_one(0, 1);
    store_one(0, 2);
    deliver_all(0, 0); /* but not to the other account */
    usleep(TIDY_US);
    store_one(1, 3);
    usleep(TIDY_US);
    store_one(1, 4);
    assert_true(count_in("message") >= 2);
    assert_int_equal(next_value(0, 1, at, &at), 1);
    assert_int_equal(next_value(0, 1, at, &at), 2);
    assert_int_equal(stored_messages(), 4);
}

static void a_crash_loses_nothing(void **state)
{
    uint64_t at = 0;

    (void)state;
    for (uint32_t n = 1; n <= 50; n++)
        store_one(0, n);
    crash(&roomy);
    store_one(0, 50);
    assert_int_equal(told.duplicates, 1);
    store_one(0, 51);
    crash(&roomy); /* before anything was settled */
    crash(&roomy);
    assert_int_equal(sally_store_waiting(store, 0, 0), 51);
    assert_int_equal(sally_store_waiting(store, 0, 1), 51);
    assert_int_equal(stored_messages(), 51);
    assert_int_equal(latest_of(0), 51);
    for (int64_t n = 1; n <= 51; n++)
        assert_int_equal(next_value(0, 1, at, &at), n);
    assert_int_equal(next_value(0, 1, at, &at), -1);
}

static void old_rows_do_not_come_back(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 20; n++)
        store_one(1, n);
    deliver_all(1, 0);
    wait_for_messages(0);
    crash(&roomy);
    assert_int_equal(stored_messages(), 0);
    store_one(1, 21);
    crash(&roomy);
    assert_int_equal(stored_messages(), 1);
    assert_int_equal(sally_store_waiting(store, 1, 0), 1);
}

/* A backlog is deleted in pieces; meanwhile newer ones come and go. */
static void the_newest_value_is_the_last_that_came(void **state)
{
    uint32_t n = 1;

    (void)state;
    for (; n <= 9000; n++)
        while (append(1, n) != SALLY_E_OK)
            wait_for(1);
    while (told.all < n - 1)
        wait_for(1);
    deliver_all(1, 0);
    for (int i = 0; i < 20; i++, n++) {
        store_one(1, n);
        deliver_all(1, 0);
    }
    wait_for_messages(0);
    assert_int_equal(latest_of(1), n - 1);
    assert_int_equal(sally_store_waiting(store, 1, 0), 0);
}

/* More in one batch than all rows of the journal hold. */
static void a_batch_may_be_larger_than_the_journal(void **state)
{
    struct sally_store_limits slow = roomy;
    struct sally_bus_readings r;
    static char text[1000];
    static const struct sally_path path = { 3, { 3341, 0, 5527, 0 } };
    struct sally_lwm2m_value v;
    uint64_t at = 0;
    unsigned n;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    v = sally_value_string(text);
    slow.commit_ms = 500;
    close_store();
    open_store(&slow);
    for (n = 0; n < 1500; n++) {
        make_reading(&r, 0, n);
        r.count = r.used = 0;
        assert_int_equal(sally_bus_put_value(&r.value[r.count++], r.bytes,
                                             &r.used, &path, &v), SALLY_E_OK);
        assert_int_equal(sally_store_append(store, &r), SALLY_E_OK);
    }
    wait_for(n);
    assert_int_equal(told.count[SALLY_ACCEPTED_STORED], n);
    crash(&slow);
    assert_int_equal(sally_store_waiting(store, 0, 0), n);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(sally_store_next(store, 0, 0, at, &at, &r),
                         SALLY_E_OK);
        assert_int_equal(r.time, NOW + i);
    }
}

/* A sensor that went while its messages were not settled. */
static void a_strangers_messages_are_kept(void **state)
{
    static const struct sally_store_sensor only_two[] = { { "two", both, 1 } };
    char why[256];
    uint64_t at = 0;

    (void)state;
    for (uint32_t n = 1; n <= 5; n++)
        store_one(0, n);
    store_one(1, 6);
    crash(&roomy);
    crash(&roomy);
    assert_int_equal(
        sally_store_rearrange(store, &roomy, only_two, 1, &upcalls),
        SALLY_E_OK);
    assert_int_equal(next_value(0, 0, 0, &at), 6);
    assert_int_equal(stored_messages(), 6);
    close_store();
    assert_int_equal(sally_store_open(&store, place, &roomy, only_two, 1, why,
                                      sizeof(why)), SALLY_E_OK);
    crash(&roomy);
    at = 0;
    for (int64_t n = 1; n <= 5; n++)
        assert_int_equal(next_value(0, 0, at, &at), n);
}

/* --- Everything at random ------------------------------------------------ */

#define MOST 20000

/* What was stored of each sensor, and up to where each account has it. */
static struct model {
    uint32_t value[MOST];
    size_t count, delivered[2];
} model[2];
static uint32_t next_n;
static unsigned seed;

static unsigned draw(unsigned below)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % below;
}

static void store_some(void)
{
    unsigned count = 1 + draw(draw(10) == 0 ? 600 : 6);

    for (unsigned i = 0; i < count; i++) {
        unsigned sensor = draw(2);
        struct model *m = &model[sensor];

        assert_true(m->count < MOST);
        m->value[m->count++] = next_n;
        assert_int_equal(append(sensor, next_n++), SALLY_E_OK);
    }
    wait_for(count);
}

static void store_again(void)
{
    unsigned sensor = draw(2), before = told.duplicates;
    const struct model *m = &model[sensor];

    if (m->count == 0)
        return;
    store_one(sensor, m->value[draw((unsigned)m->count)]);
    assert_int_equal(told.duplicates, before + 1);
}

static void deliver_some(void)
{
    unsigned sensor = draw(2), account = sensor == 0 ? draw(2) : 0;
    struct model *m = &model[sensor];
    uint64_t at = 0;
    size_t *done = &m->delivered[account];
    unsigned count = draw(4) == 0 ? MOST : draw(8);

    for (unsigned i = 0; i < count && *done < m->count; i++)
        assert_int_equal(next_value(sensor, account, at, &at),
                         m->value[(*done)++]);
    if (at != 0)
        sally_store_delivered(store, sensor, account, at);
}

/* After a crash the last deliveries may be forgotten, nothing else. */
static void check(unsigned sensor, unsigned account, bool forgets)
{
    struct model *m = &model[sensor];
    size_t i = m->delivered[account];
    uint64_t at = 0;
    int64_t value = next_value(sensor, account, 0, &at);

    while (forgets && value >= 0 && i > 0 && value != m->value[i] &&
           value <= m->value[i - 1])
        i--;
    m->delivered[account] = i;
    for (; i < m->count; i++) {
        assert_int_equal(value, m->value[i]);
        value = next_value(sensor, account, at, &at);
    }
    assert_int_equal(value, -1);
    assert_int_equal(sally_store_waiting(store, sensor, account),
                     m->count - m->delivered[account]);
}

static void check_all(bool forgets)
{
    check(0, 0, forgets);
    check(0, 1, forgets);
    check(1, 0, forgets);
    for (unsigned i = 0; i < 2; i++)
        if (model[i].count != 0)
            assert_int_equal(latest_of(i),
                             model[i].value[model[i].count - 1]);
}

static void do_something(void)
{
    static void (*const ways[])(void) = { store_some, store_some, store_again,
                                          deliver_some, deliver_some };
    unsigned what = draw(200);

    if (what == 0)
        usleep(TIDY_US);
    if (what > 4) {
        ways[draw(SALLY_LEN(ways))]();
        return;
    }
    if (what < 3)
        crash(&roomy);
    if (what == 3) {
        close_store();
        open_store(&roomy);
    }
    if (what == 4)
        assert_int_equal(sally_store_rearrange(store, &roomy, sensors,
                                               SALLY_LEN(sensors), &upcalls),
                         SALLY_E_OK);
    check_all(what < 3);
}

static void it_is_what_one_thinks_it_is(void **state)
{
    const char *rounds = getenv("SALLY_ROUNDS");
    unsigned all = rounds != NULL ? (unsigned)atoi(rounds) : 3;

    (void)state;
    for (unsigned i = 1; i <= all; i++) {
        memset(model, 0, sizeof(model));
        next_n = 1;
        seed = i;
        close_store();
        remove_place();
        make_place();
        open_store(&roomy);
        for (unsigned k = 0; k < 400; k++)
            do_something();
        check_all(false);
    }
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_PLACE(what_is_delivered_never_comes_to_the_table),
        IN_PLACE(what_is_not_delivered_comes_to_the_table),
        IN_PLACE(a_crash_loses_nothing),
        IN_PLACE(old_rows_do_not_come_back),
        IN_PLACE(the_newest_value_is_the_last_that_came),
        IN_PLACE(a_batch_may_be_larger_than_the_journal),
        IN_PLACE(a_strangers_messages_are_kept),
        IN_PLACE(it_is_what_one_thinks_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
