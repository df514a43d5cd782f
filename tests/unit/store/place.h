/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/store/place.h - a state directory for one test, and a store in it
 * with two sensors: "one" with servers a and b, "two" with server a.        */
#ifndef SALLY_TESTS_STORE_PLACE_H
#define SALLY_TESTS_STORE_PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"

#define NOW ((sally_msec_utc)1700000000000)

static char place[64];
static struct sally_store *store;
static const struct sally_store_limits roomy = {
    64 << 20, 10000, true, 0, 1, SALLY_STORE_SEEN_MS, 20000
};

static const char *const both[] = { "a", "b" };
static const struct sally_store_sensor sensors[] = { { "one", both, 2 },
                                                     { "two", both, 1 } };

static inline void make_place(void)
{
    snprintf(place, sizeof(place), "/tmp/sallyport-store-XXXXXX");
    assert_non_null(mkdtemp(place));
}

static inline void remove_place(void)
{
    static const char *const names[] = { "sallyport.db", "sallyport.db-wal",
                                         "sallyport.db-shm",
                                         "sallyport.lock" };
    char path[128];

    for (size_t i = 0; i < SALLY_LEN(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", place, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(place), 0);
}

static inline enum sally_err try_store(const struct sally_store_limits *limits,
                                       char *why, size_t size)
{
    return sally_store_open(&store, place, limits, sensors, SALLY_LEN(sensors),
                            why, size);
}

static inline void open_store(const struct sally_store_limits *limits)
{
    char why[256] = "";
    enum sally_err e = try_store(limits, why, sizeof(why));

    if (e != SALLY_E_OK)
        fail_msg("%s: %s", sally_err_text(e), why);
}

static inline void close_store(void)
{
    sally_store_close(store);
    store = NULL;
}

/* A message of `sensor` whose one value is `n`, whose key tells both. */
static inline void make_reading(struct sally_bus_readings *r, uint32_t sensor,
                                uint32_t n)
{
    static const struct sally_path path = { 3, { 3303, 0, 5700, 0 } };
    struct sally_lwm2m_value v = sally_value_integer(n);

    memset(r, 0, sizeof(*r));
    r->ticket = n;
    r->sensor = sensor;
    r->time = NOW + n;
    memcpy(r->key, &n, sizeof(n));
    r->count = 1;
    assert_int_equal(sally_bus_put_value(&r->value[0], r->bytes, &r->used,
                                         &path, &v), SALLY_E_OK);
}

static inline enum sally_err append(uint32_t sensor, uint32_t n)
{
    struct sally_bus_readings r;

    make_reading(&r, sensor, n);
    return sally_store_append(store, &r);
}

/* What the store told since forget_told(). */
static struct told {
    unsigned count[SALLY_ACCEPTED_FAILED + 1];
    unsigned all, duplicates, parked;
    uint32_t last; /* ticket */
} told;

static inline void on_stored(void *owner, const struct sally_bus_readings *r,
                             enum sally_accepted result, bool duplicate)
{
    (void)owner;
    told.count[result]++;
    told.all++;
    told.duplicates += duplicate;
    told.last = r->ticket;
}

static inline void on_parked(void *owner, uint32_t command, enum sally_err e)
{
    (void)owner;
    (void)command;
    told.parked += e == SALLY_E_OK;
}

static const struct sally_store_upcalls upcalls = { .on_stored = on_stored,
                                                    .on_parked = on_parked };

/* Waits until `count` results more have come. */
static inline void wait_for(unsigned count)
{
    unsigned before = told.all + told.parked;

    while (told.all + told.parked < before + count) {
        struct pollfd p = { sally_store_descriptor(store), POLLIN, 0 };

        if (poll(&p, 1, 10000) != 1)
            fail_msg("%u results of %u came", told.all + told.parked - before,
                     count);
        sally_store_finished(store, &upcalls);
    }
}

/* Appends and waits for the result. */
static inline void store_one(uint32_t sensor, uint32_t n)
{
    assert_int_equal(append(sensor, n), SALLY_E_OK);
    wait_for(1);
}

/* Waits until so many messages are there: delivered ones go at the next
 * tidying.                                                                  */
static inline void wait_for_messages(uint64_t count)
{
    struct sally_store_totals t;

    for (unsigned left = 500; left > 0; left--) {
        sally_store_totals(store, &t);
        if (t.messages == count)
            return;
        usleep(10000);
    }
    fail_msg("%llu messages are there", (unsigned long long)t.messages);
}

/* The value of the next message of an account, or -1. */
static inline int64_t next_value(uint32_t sensor, uint32_t account,
                                 uint64_t after, uint64_t *number)
{
    struct sally_bus_readings r;
    enum sally_err e = sally_store_next(store, sensor, account, after, number,
                                        &r);

    if (e == SALLY_E_NOT_FOUND)
        return -1;
    assert_int_equal(e, SALLY_E_OK);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.time, NOW + r.value[0].is.integer);
    return r.value[0].is.integer;
}

static inline int set_up(void **state)
{
    (void)state;
    told = (struct told){ .all = 0 };
    make_place();
    open_store(&roomy);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    close_store();
    remove_place();
    return 0;
}

#endif
