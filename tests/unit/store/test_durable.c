/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/store/test_durable.c - what was told as stored is there after a
 * kill, a full disk, a damaged page; and a newer database is left alone.    */
#include "unit/store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define KILLS 20

/* --- The disk's word ----------------------------------------------------- */

static atomic_int syncs;       /* that the store asked for */
static atomic_bool sync_fails; /* they are refused */

/* In place of the C library's. */
static int sync_by(long number, int fd)
{
    syncs++;
    if (sync_fails) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(number, fd);
}

int fsync(int fd)
{
    return sync_by(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_by(SYS_fdatasync, fd);
}

static void stored_means_synced(void **state)
{
    (void)state;
    make_place();
    open_store(&roomy);
    for (uint32_t n = 1; n <= 5; n++) {
        int before = syncs;

        store_one(0, n);
        assert_true(syncs > before);
    }
    close_store();
    remove_place();
}

static off_t log_size(void)
{
    char path[128];
    struct stat st;

    snprintf(path, sizeof(path), "%s/sallyport.db-wal", place);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* What a sync failed for may be lost though a later one succeeds, so the log
 * is copied into the database and begun anew before anything is accepted.   */
static void a_failed_sync_is_not_trusted_again(void **state)
{
    off_t size;
    int before;

    (void)state;
    make_place();
    told = (struct told){ .all = 0 };
    open_store(&roomy);
    for (uint32_t n = 1; n <= 50; n++)
        store_one(0, n);
    assert_true(log_size() > 50 * 4096);
    sync_fails = true;
    store_one(0, 51);
    assert_int_equal(told.count[SALLY_ACCEPTED_FAILED], 1);
    assert_non_null(strstr(sally_store_failure(store), "I/O"));
    store_one(0, 51); /* the log cannot be copied either */
    assert_int_equal(told.count[SALLY_ACCEPTED_FAILED], 2);
    sync_fails = false;
    before = syncs;
    size = log_size();
    store_one(0, 51);
    assert_int_equal(told.count[SALLY_ACCEPTED_STORED], 51);
    assert_true(syncs >= before + 3); /* log, database, log */
    assert_true(log_size() <= size); /* written over */
    assert_int_equal(told.duplicates, 0);
    assert_int_equal(sally_store_waiting(store, 0, 0), 51);
    close_store();
    remove_place();
}

static void a_failed_sync_is_no_commit(void **state)
{
    uint64_t at;

    (void)state;
    make_place();
    told = (struct told){ .all = 0 };
    open_store(&roomy);
    store_one(0, 1);
    sync_fails = true;
    assert_int_equal(append(0, 2), SALLY_E_OK);
    assert_int_equal(append(1, 3), SALLY_E_OK);
    wait_for(2);
    sync_fails = false;
    assert_int_equal(told.count[SALLY_ACCEPTED_FAILED], 2);
    store_one(0, 4); /* afresh */
    assert_int_equal(next_value(0, 0, 0, &at), 1);
    assert_int_equal(next_value(0, 0, at, &at), 4);
    assert_int_equal(next_value(1, 0, 0, &at), -1);
    store_one(0, 2);
    assert_int_equal(told.duplicates, 0);
    close_store();
    open_store(&roomy);
    assert_int_equal(sally_store_waiting(store, 0, 0), 3);
    close_store();
    remove_place();
}

/* --- Killed at any moment ------------------------------------------------ */

static int report; /* the child's end of the pipe */

static void report_stored(void *owner, const struct sally_bus_readings *r,
                          enum sally_accepted result, bool duplicate)
{
    (void)owner;
    (void)duplicate;
    if (result == SALLY_ACCEPTED_STORED)
        (void)!write(report, &r->ticket, sizeof(r->ticket));
}

/* Appends from `next` on as fast as the store takes it, until it is killed. */
static void append_until_killed(uint32_t next)
{
    static const struct sally_store_upcalls reporting = {
        .on_stored = report_stored, .on_parked = on_parked
    };
    char why[256];

    if (try_store(&roomy, why, sizeof(why)) != SALLY_E_OK)
        _exit(1);
    for (;;) {
        struct pollfd p = { sally_store_descriptor(store), POLLIN, 0 };

        for (int burst = 0; burst < 7; burst++)
            if (append(0, next) == SALLY_E_OK)
                next++;
        poll(&p, 1, 10);
        sally_store_finished(store, &reporting);
    }
}

/* Runs a child for `ms`, kills it; gives the last ticket it reported. */
static uint32_t run_and_kill(uint32_t next, int ms)
{
    uint32_t ticket, last = next - 1;
    int ends[2];
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        report = ends[1];
        append_until_killed(next);
    }
    close(ends[1]);
    usleep((useconds_t)ms * 1000);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    while (read(ends[0], &ticket, sizeof(ticket)) == sizeof(ticket)) {
        assert_int_equal(ticket, last + 1); /* told in order, none missing */
        last = ticket;
    }
    close(ends[0]);
    return last;
}

/* All that was told is there, once, in order; what was not told may be. */
static uint32_t count_what_is_there(uint32_t told_last)
{
    uint64_t at = 0;
    int64_t value, want = 1;

    open_store(&roomy);
    while ((value = next_value(0, 0, at, &at)) >= 0)
        assert_int_equal(value, want++);
    assert_true(want > told_last);
    assert_int_equal(sally_store_waiting(store, 0, 0), want - 1);
    close_store();
    return (uint32_t)want;
}

static void a_kill_loses_nothing_that_was_told(void **state)
{
    uint32_t next = 1, told_in_all = 0;

    (void)state;
    make_place();
    for (int i = 0; i < KILLS; i++) {
        uint32_t last = run_and_kill(next, 5 + i * 37 % 60);

        told_in_all += last - (next - 1);
        next = count_what_is_there(last);
    }
    assert_true(told_in_all > KILLS);
    remove_place();
}

/* --- A full disk --------------------------------------------------------- */

static void fill_rest(const char *path)
{
    static const uint8_t block[4096];
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    while (write(fd, block, sizeof(block)) > 0)
        ;
    close(fd);
}

static void a_full_disk_refuses_and_recovers(void **state)
{
    char filler[128];
    uint64_t at = 0;
    uint32_t n;

    (void)state;
    make_place();
    if (mount("none", place, "tmpfs", 0, "size=1m") != 0) {
        print_message("needs the right to mount: %s\n", strerror(errno));
        remove_place();
        skip();
    }
    assert_true(sally_store_is_volatile(place));
    told = (struct told){ .all = 0 };
    open_store(&roomy);
    for (n = 1; n <= 20; n++)
        store_one(0, n);
    snprintf(filler, sizeof(filler), "%s/filler", place);
    fill_rest(filler);
    for (; told.count[SALLY_ACCEPTED_STORED] == n - 1; n++)
        store_one(0, n); /* until one is refused */
    assert_int_equal(told.count[SALLY_ACCEPTED_FULL], 1);
    for (int64_t want = 1; want <= 20; want++)
        assert_int_equal(next_value(0, 0, at, &at), want);

    unlink(filler);
    store_one(0, 5000);
    assert_int_equal(told.count[SALLY_ACCEPTED_FULL], 1);
    store_one(0, n - 1); /* the refused one: not taken for a duplicate */
    assert_int_equal(told.duplicates, 0);
    n = told.count[SALLY_ACCEPTED_STORED];
    assert_int_equal(sally_store_waiting(store, 0, 0), n);
    close_store();
    open_store(&roomy);
    assert_int_equal(sally_store_waiting(store, 0, 0), n);
    close_store();
    assert_int_equal(umount(place), 0);
    remove_place();
}

/* --- A statement in the middle fails ------------------------------------- */

static void run_sql(const char *sql)
{
    char path[128];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/sallyport.db", place);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void nothing_of_a_failed_batch_stays(void **state)
{
    uint64_t at;

    (void)state;
    make_place();
    told = (struct told){ .all = 0 };
    open_store(&roomy);
    store_one(0, 1);
    run_sql("CREATE TRIGGER t BEFORE INSERT ON journal"
            " BEGIN SELECT RAISE(FAIL, 'no'); END");
    assert_int_equal(append(0, 2), SALLY_E_OK);
    assert_int_equal(append(1, 3), SALLY_E_OK);
    wait_for(2);
    assert_int_equal(told.count[SALLY_ACCEPTED_FAILED], 2);
    assert_int_equal(sally_store_waiting(store, 0, 0), 1);
    run_sql("DROP TRIGGER t");
    store_one(1, 4);
    assert_int_equal(next_value(1, 0, 0, &at), 4); /* 3 is not there */
    assert_int_equal(next_value(0, 0, 0, &at), 1);
    assert_int_equal(next_value(0, 0, at, &at), -1);
    store_one(0, 2); /* nor does its key stand in the way */
    assert_int_equal(told.duplicates, 0);
    assert_int_equal(next_value(0, 0, at, &at), 2);
    close_store();
    remove_place();
}

static void a_disk_is_not_volatile(void **state)
{
    (void)state;
    assert_false(sally_store_is_volatile("/"));
    assert_false(sally_store_is_volatile("/no/such/place"));
    if (access("/dev/shm", F_OK) == 0)
        assert_true(sally_store_is_volatile("/dev/shm"));
}

/* --- Databases that are not as we left them ------------------------------ */

static void database_path(char *out, size_t size)
{
    snprintf(out, size, "%s/sallyport.db", place);
}

static void a_newer_database_is_refused_untouched(void **state)
{
    char path[128], why[256] = "";
    sqlite3 *db;

    (void)state;
    make_place();
    open_store(&roomy);
    close_store();
    database_path(path, sizeof(path));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL,
                                  NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(try_store(&roomy, why, sizeof(why)),
                     SALLY_E_UNSUPPORTED);
    assert_non_null(strstr(why, "newer"));
    assert_non_null(strstr(why, path));
    remove_place();
}

/* Back from what we write to the tables of version 1. */
static const char older[] =
    "ALTER TABLE message DROP COLUMN born;"
    "CREATE TABLE seen (number INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
    " sensor INTEGER NOT NULL, key BLOB NOT NULL);"
    "CREATE UNIQUE INDEX seen_key ON seen (sensor, key);"
    "INSERT INTO seen (time, sensor, key) SELECT 0, sensor, key FROM seen_0;"
    "DROP TABLE seen_0; DROP TABLE seen_1; DROP TABLE journal;"
    "DROP TABLE note;"
    "DROP TABLE kept;"
    "PRAGMA user_version = 1";

static void an_older_database_is_brought_up(void **state)
{
    uint64_t at = 0;

    (void)state;
    make_place();
    told = (struct told){ .all = 0 };
    open_store(&roomy);
    for (uint32_t n = 1; n <= 5; n++)
        store_one(0, n);
    close_store();
    run_sql(older);
    open_store(&roomy);
    for (int64_t n = 1; n <= 5; n++)
        assert_int_equal(next_value(0, 0, at, &at), n);
    store_one(0, 6);
    assert_int_equal(next_value(0, 0, at, &at), 6);
    store_one(0, 5);
    assert_int_equal(told.duplicates, 1); /* its keys are known yet */
    close_store();
    remove_place();
}

static void something_else_is_refused(void **state)
{
    char path[128], why[256] = "";
    FILE *file;

    (void)state;
    make_place();
    database_path(path, sizeof(path));
    file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 2000; i++)
        fputs("not a database ", file);
    fclose(file);
    assert_int_equal(try_store(&roomy, why, sizeof(why)), SALLY_E_IO);
    assert_non_null(strstr(why, path));
    assert_non_null(strstr(why, "move it away"));
    remove_place();
}

/* Reads and writes what can be; results do not matter, living does. */
static void use_it(void)
{
    struct sally_bus_readings r;
    uint64_t at = 0;

    for (uint32_t n = 5000; n < 5010; n++)
        if (append(1, n) == SALLY_E_OK)
            wait_for(1);
    for (int i = 0; i < 300; i++)
        if (sally_store_next(store, 0, 0, at, &at, &r) != SALLY_E_OK)
            break;
    sally_store_delivered(store, 0, 0, at);
    sally_store_delivered(store, 0, 1, at);
}

static void a_damaged_page_does_not_stop_us(void **state)
{
    char path[128], why[256];
    unsigned opened = 0;
    uint8_t page[4096];
    int fd;

    (void)state;
    make_place();
    open_store(&roomy);
    for (uint32_t n = 1; n <= 300; n++)
        assert_int_equal(append(0, n), SALLY_E_OK);
    wait_for(300);
    close_store();
    database_path(path, sizeof(path));
    for (off_t i = 1; i < 12; i++) {
        uint8_t noise[sizeof(page)];

        fd = open(path, O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        if (pread(fd, page, sizeof(page), i * 4096) != sizeof(page)) {
            close(fd);
            break;
        }
        for (size_t j = 0; j < sizeof(noise); j++)
            noise[j] = page[j] ^ (uint8_t)(j % 11 == 0 ? 0x5a : 0);
        assert_int_equal(pwrite(fd, noise, sizeof(noise), i * 4096), 4096);
        close(fd);
        if (try_store(&roomy, why, sizeof(why)) == SALLY_E_OK) {
            opened++;
            use_it();
            close_store();
        }
        fd = open(path, O_RDWR | O_CLOEXEC);
        assert_int_equal(pwrite(fd, page, sizeof(page), i * 4096), 4096);
        close(fd);
    }
    assert_true(opened > 0);
    remove_place();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_means_synced),
        cmocka_unit_test(a_failed_sync_is_no_commit),
        cmocka_unit_test(a_failed_sync_is_not_trusted_again),
        cmocka_unit_test(a_kill_loses_nothing_that_was_told),
        cmocka_unit_test(a_full_disk_refuses_and_recovers),
        cmocka_unit_test(nothing_of_a_failed_batch_stays),
        cmocka_unit_test(a_disk_is_not_volatile),
        cmocka_unit_test(a_newer_database_is_refused_untouched),
        cmocka_unit_test(an_older_database_is_brought_up),
        cmocka_unit_test(something_else_is_refused),
        cmocka_unit_test(a_damaged_page_does_not_stop_us),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
