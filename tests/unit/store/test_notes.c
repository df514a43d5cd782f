/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/store/test_notes.c - the security journal: its chain goes on over
 * restarts, over lines that leave at its end, and over a disk that was ill.  */
#include "unit/store/place.h"

#include <errno.h>
#include <sqlite3.h>

#include "interop/shim/shim.h"

#define KEPT 100u

static struct sally_store_limits limits;

/* What a tool reads. */
static struct {
    unsigned count, broken;
    uint64_t first;
    struct sally_note last;
    char line[SALLY_NOTE_MAX + 1];
} seen;

static bool look(void *owner, const struct sally_note *n)
{
    static const uint8_t beginning[SALLY_SHA256_LEN];
    const uint8_t *before = n->number == 1 ? beginning : seen.last.hash;
    struct sally_note again = *n;

    (void)owner;
    if (seen.count == 0)
        seen.first = n->number;
    if (seen.count != 0 || n->number == 1) {
        assert_int_equal(sally_note_chain(&again, before), SALLY_E_OK);
        seen.broken += n->number != seen.last.number + 1 ||
                       memcmp(again.hash, n->hash, SALLY_SHA256_LEN) != 0;
    }
    seen.count++;
    seen.last = *n;
    assert_true(sally_span_text(n->line, seen.line, sizeof(seen.line)));
    return true;
}

static void look_at_all(void)
{
    char why[256] = "";

    memset(&seen, 0, sizeof(seen));
    if (sally_store_notes(place, look, NULL, why, sizeof(why)) != SALLY_E_OK)
        fail_msg("%s", why);
}

static void say(const char *line, uint32_t lost)
{
    sally_store_note(store, sally_span_of(line), NOW, lost);
}

/* Until the line with this number is durable. */
static void wait_until_noted(uint64_t number)
{
    struct sally_note n = { .number = 0 };

    for (unsigned left = 1000; left > 0 && n.number != number; left--) {
        struct pollfd p = { sally_store_descriptor(store), POLLIN, 0 };

        (void)poll(&p, 1, 10);
        sally_store_finished(store, &upcalls);
        sally_store_noted(store, &n);
    }
    assert_int_equal(n.number, number);
}

static void reopen(void)
{
    close_store();
    open_store(&limits);
}

static void a_line_follows_from_the_one_before(void **state)
{
    (void)state;
    say("role=outer event=auth_refused", 0);
    say("role=console event=reload_asked uid=0", 0);
    wait_until_noted(2);
    reopen();
    say("role=supervisor event=ready", 0);
    wait_until_noted(3);
    look_at_all();
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.broken, 0);
    assert_string_equal(seen.line, "role=supervisor event=ready");
    assert_int_equal(seen.last.time, NOW);
}

/* The lines before it are left alone. */
static void a_spoilt_last_line_shows(void **state)
{
    char path[128];
    sqlite3 *db;

    (void)state;
    say("role=outer event=auth_refused", 0);
    say("role=outer event=auth_refused", 0);
    wait_until_noted(2);
    close_store();
    (void)snprintf(path, sizeof(path), "%s/sallyport.db", place);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE note SET hash = x'00'"
                                      " WHERE number = 2",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    open_store(&limits);
    say("role=supervisor event=ready", 0);
    wait_until_noted(3);
    look_at_all();
    assert_int_equal(seen.count, 3);
    assert_true(seen.broken > 0);
}

static void the_oldest_leave(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= KEPT + 50; n++) {
        say("role=outer event=auth_refused", 0);
        wait_until_noted(n);
    }
    look_at_all();
    assert_int_equal(seen.count, KEPT);
    assert_int_equal(seen.first, 51);
    assert_int_equal(seen.broken, 0);
}

static void what_was_lost_is_counted(void **state)
{
    (void)state;
    say("role=outer event=sensor_online", 7);
    wait_until_noted(2);
    look_at_all();
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.broken, 0);
    assert_string_equal(seen.line, "role=outer event=sensor_online");
}

/* More than can wait, while nobody looks at what the store has finished. */
static void too_many_at_once_are_counted(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 100; n++)
        say("role=outer event=auth_refused", 0);
    wait_until_noted(32);
    say("role=outer event=sensor_online", 0);
    wait_until_noted(34);
    look_at_all();
    assert_int_equal(seen.count, 34);
    assert_int_equal(seen.broken, 0);
    assert_string_equal(seen.line, "role=outer event=sensor_online");
}

static void goes_on_when_the_disk_is_well(void **state)
{
    (void)state;
    say("role=supervisor event=ready", 0);
    wait_until_noted(1);
    (void)snprintf(shim->below, sizeof(shim->below), "%s", place);
    shim->error = ENOSPC;
    shim->after = 0;
    shim->times = 1000000;
    shim->calls = SHIM_ALL;
    say("role=outer event=auth_refused n=1", 0);
    store_one(0, 1);
    assert_int_equal(told.count[SALLY_ACCEPTED_STORED], 0);
    say("role=outer event=auth_refused n=2", 0);
    store_one(0, 2);
    shim->calls = 0;
    for (unsigned i = 0; i < 5; i++) /* the log is begun anew meanwhile */
        store_one(0, 3 + i);
    say("role=outer event=auth_refused n=3", 0);
    wait_until_noted(4);
    look_at_all();
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.broken, 0);
    assert_string_equal(seen.line, "role=outer event=auth_refused n=3");
}

static int open_place(void **state)
{
    limits = roomy;
    limits.notes = KEPT;
    make_place();
    open_store(&limits);
    told = (struct told){ .all = 0 };
    (void)state;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_follows_from_the_one_before,
                                        open_place, tear_down),
        cmocka_unit_test_setup_teardown(a_spoilt_last_line_shows, open_place,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_leave, open_place,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_lost_is_counted, open_place,
                                        tear_down),
        cmocka_unit_test_setup_teardown(too_many_at_once_are_counted,
                                        open_place, tear_down),
        cmocka_unit_test_setup_teardown(goes_on_when_the_disk_is_well,
                                        open_place, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
