/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/store/test_rearrange.c - another list of sensors while the store
 * runs: what belongs to a sensor stays with it, whatever its index.         */
#include "unit/store/place.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>

static atomic_bool sync_fails;

/* In place of the C library's. */
static int sync_by(long number, int fd)
{
    if (!sync_fails)
        return (int)syscall(number, fd);
    errno = EIO;
    return -1;
}

int fsync(int fd)
{
    return sync_by(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_by(SYS_fdatasync, fd);
}

static const char *const a_only[] = { "a" };
static const char *const a_and_c[] = { "a", "c" };

/* Takes a list of sensors in both steps. */
static void rearrange(const struct sally_store_limits *limits,
                      const struct sally_store_sensor *list, size_t count)
{
    assert_int_equal(sally_store_introduce(store, list, count), SALLY_E_OK);
    assert_int_equal(
        sally_store_rearrange(store, limits, list, count, &upcalls),
        SALLY_E_OK);
}

/* Delivers the first `n` messages of an account. */
static void deliver(uint32_t sensor, uint32_t account, unsigned n)
{
    uint64_t at = 0;

    for (unsigned i = 0; i < n; i++) {
        assert_true(next_value(sensor, account, 0, &at) >= 0);
        sally_store_delivered(store, sensor, account, at);
    }
}

static void what_is_known_follows_the_name(void **state)
{
    static const struct sally_store_sensor swapped[] = {
        { "new", a_only, 1 }, { "", NULL, 0 }, { "two", both, 1 },
        { "one", both, 2 }
    };
    uint64_t at;

    (void)state;
    for (uint32_t n = 1; n <= 4; n++)
        store_one(0, n);
    store_one(1, 9);
    deliver(0, 0, 3);
    rearrange(&roomy, swapped, 4);
    assert_int_equal(sally_store_waiting(store, 3, 0), 1);
    assert_int_equal(sally_store_waiting(store, 3, 1), 4);
    assert_int_equal(sally_store_waiting(store, 2, 0), 1);
    assert_int_equal(sally_store_waiting(store, 0, 0), 0);
    assert_int_equal(next_value(3, 0, 0, &at), 4);
    assert_int_equal(next_value(3, 1, 0, &at), 1);
    assert_int_equal(next_value(2, 0, 0, &at), 9);
    assert_int_equal(next_value(1, 0, 0, &at), -1);
    assert_int_equal(append(1, 1), SALLY_E_BAD_STATE); /* nobody */
    store_one(0, 20);
    store_one(3, 21);
    assert_int_equal(next_value(0, 0, 0, &at), 20);
    assert_int_equal(sally_store_waiting(store, 3, 0), 2);
}

static void what_is_queued_is_told_in_the_old_terms(void **state)
{
    static const struct sally_store_sensor swapped[] = { { "two", both, 1 },
                                                         { "one", both, 2 } };
    const struct sally_store_limits slow = { 64 << 20, 10000, true, 0, 10000,
                                             SALLY_STORE_SEEN_MS, 20000 };
    uint64_t at;

    (void)state;
    rearrange(&slow, sensors, 2); /* nothing is committed by itself */
    for (uint32_t n = 1; n <= 5; n++)
        assert_int_equal(append(0, n), SALLY_E_OK);
    assert_int_equal(told.all, 0);
    rearrange(&roomy, swapped, 2);
    assert_int_equal(told.all, 5);
    assert_int_equal(told.count[SALLY_ACCEPTED_STORED], 5);
    assert_int_equal(sally_store_waiting(store, 1, 0), 5);
    assert_int_equal(sally_store_waiting(store, 0, 0), 0);
    assert_int_equal(next_value(1, 0, 0, &at), 1);
    store_one(1, 6); /* and so on, at the new pace */
    assert_int_equal(sally_store_waiting(store, 1, 0), 6);
}

static void one_that_comes_back_has_its_readings(void **state)
{
    struct sally_store_totals totals;
    uint64_t at;

    (void)state;
    store_one(1, 1);
    store_one(1, 2);
    deliver(1, 0, 1);
    store_one(0, 3);
    rearrange(&roomy, sensors, 1);
    assert_int_equal(append(1, 4), SALLY_E_BAD_STATE);
    store_one(0, 5);
    sally_store_totals(store, &totals);
    assert_true(totals.messages >= 3);
    rearrange(&roomy, sensors, 2);
    assert_int_equal(sally_store_waiting(store, 1, 0), 1);
    assert_int_equal(next_value(1, 0, 0, &at), 2);
    assert_int_equal(sally_store_waiting(store, 0, 0), 2);
}

static void a_new_account_gets_what_is_there(void **state)
{
    static const struct sally_store_sensor other[] = { { "one", a_and_c, 2 } };
    uint64_t at;

    (void)state;
    for (uint32_t n = 1; n <= 3; n++)
        store_one(0, n);
    deliver(0, 0, 2);
    rearrange(&roomy, other, 1);
    assert_int_equal(next_value(0, 0, 0, &at), 3);
    assert_int_equal(next_value(0, 1, 0, &at), 1);
    assert_int_equal(sally_store_waiting(store, 0, 1), 3);
}

static void the_new_limits_hold(void **state)
{
    const struct sally_store_limits tight = { 64 << 20, 3, false, 0, 1,
                                              SALLY_STORE_SEEN_MS, 20000 };

    (void)state;
    for (uint32_t n = 1; n <= 3; n++)
        store_one(0, n);
    rearrange(&tight, sensors, 2);
    assert_int_equal(append(0, 4), SALLY_E_NO_ROOM);
    store_one(1, 5);
    rearrange(&roomy, sensors, 2);
    store_one(0, 6);
}

/* The disk fails and comes back: what was delivered is not forgotten. */
static void a_cursor_that_could_not_be_written_stays(void **state)
{
    static const struct sally_store_sensor later[] = { { "", NULL, 0 },
                                                       { "one", both, 2 } };
    uint64_t at;

    (void)state;
    store_one(0, 1);
    sync_fails = true;
    deliver(0, 0, 1);
    assert_int_equal(
        sally_store_rearrange(store, &roomy, later, 2, &upcalls), SALLY_E_OK);
    assert_int_equal(next_value(1, 0, 0, &at), -1);
    sync_fails = false;
    close_store();
    open_store(&roomy);
    assert_int_equal(next_value(0, 0, 0, &at), -1);
    assert_int_equal(next_value(0, 1, 0, &at), 1);
}

static void nothing_changes_if_a_sensor_cannot_be_introduced(void **state)
{
    static const struct sally_store_sensor more[] = { { "one", both, 2 },
                                                      { "new", a_only, 1 } };

    (void)state;
    store_one(1, 1);
    sync_fails = true;
    assert_int_equal(sally_store_introduce(store, more, 2), SALLY_E_IO);
    assert_string_equal(sally_store_failure(store), "disk I/O error");
    sync_fails = false;
    assert_int_equal(sally_store_waiting(store, 1, 0), 1);
    store_one(1, 2);
    rearrange(&roomy, more, 2);
    store_one(1, 3);
    assert_int_equal(sally_store_waiting(store, 1, 0), 1);
}

/* A long list: two statements a sensor, not more. */
static void many_sensors_are_taken_over(void **state)
{
    enum { MANY = 1000 };
    static char names[MANY][8];
    static struct sally_store_sensor list[MANY];

    (void)state;
    store_one(0, 1);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "s%zu", i);
        list[i] = (struct sally_store_sensor){ names[i], a_only, 1 };
    }
    list[MANY - 1] = sensors[0];
    rearrange(&roomy, list, MANY);
    assert_int_equal(sally_store_waiting(store, MANY - 1, 0), 1);
    store_one(7, 2);
    rearrange(&roomy, list, MANY);
    assert_int_equal(sally_store_waiting(store, 7, 0), 1);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_PLACE(what_is_known_follows_the_name),
        IN_PLACE(what_is_queued_is_told_in_the_old_terms),
        IN_PLACE(one_that_comes_back_has_its_readings),
        IN_PLACE(a_new_account_gets_what_is_there),
        IN_PLACE(the_new_limits_hold),
        IN_PLACE(a_cursor_that_could_not_be_written_stays),
        IN_PLACE(nothing_changes_if_a_sensor_cannot_be_introduced),
        IN_PLACE(many_sensors_are_taken_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
