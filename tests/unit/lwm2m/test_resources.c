/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_resources.c - one client's values: added, found, set.
 */
#include "lwm2m/resources.h"
#include "unit/lwm2m/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sally_registry registry;
static struct sally_resources set;

static enum sally_err add(const char *path, size_t room)
{
    struct sally_path p = sample_path(path);

    return sally_resources_add(&set, &p, room);
}

static struct sally_resource *find(const char *path)
{
    struct sally_path p = sample_path(path);

    return sally_resources_find(&set, &p);
}

static struct sally_lwm2m_value value_of(const struct sally_resource *slot)
{
    return sally_resources_value(&set, slot);
}

static enum sally_err put(const char *path, struct sally_lwm2m_value v,
                          sally_msec_utc time)
{
    struct sally_path p = sample_path(path);

    return sally_resources_set(&set, &p, &v, time);
}

/* Out of order, as a configuration may have them. */
static int fill(void **state)
{
    (void)state;
    assert_int_equal(sally_resources_init(&set, &registry, 8, 40), SALLY_E_OK);
    assert_int_equal(add("/3303/1/5700", 0), SALLY_E_OK);
    assert_int_equal(add("/3/0/6/1", 0), SALLY_E_OK);
    assert_int_equal(add("/3/0/0", 10), SALLY_E_OK);
    assert_int_equal(add("/3303/0/5701", 20), SALLY_E_OK);
    assert_int_equal(add("/3303/0/5700", 99), SALLY_E_OK);
    assert_int_equal(add("/3/0/6/0", 0), SALLY_E_OK);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    sally_resources_wipe(&set);
    sally_resources_wipe(&set);
    return 0;
}

static void stands_in_order(void **state)
{
    (void)state;
    assert_int_equal(set.count, 6);
    for (size_t i = 1; i < set.count; i++)
        assert_int_equal(
            sally_path_order(&set.slots[i - 1].path, &set.slots[i].path), -1);
}

static void finds_exact_paths_only(void **state)
{
    (void)state;
    assert_non_null(find("/3/0/6/1"));
    assert_null(find("/3/0/6"));
    assert_null(find("/3/0/6/2"));
    assert_null(find("/"));
    assert_null(find("/65534"));
    assert_int_equal(find("/3303/0/5700")->type, SALLY_TYPE_FLOAT);
    assert_int_equal(find("/3303/0/5700")->operations, SALLY_OPERATION_READ);
    assert_false(find("/3303/0/5700")->present);
}

static void refuses_to_add(void **state)
{
    (void)state;
    assert_int_equal(add("/3303/0/5700", 0), SALLY_E_DUPLICATE);
    assert_int_equal(add("/3303/0/5702", 0), SALLY_E_NOT_FOUND);
    assert_int_equal(add("/4/0/0", 0), SALLY_E_NOT_FOUND);
    assert_int_equal(add("/3303/0", 0), SALLY_E_NOT_FOUND);
    assert_int_equal(add("/3303/0/5601/0", 0), SALLY_E_NOT_FOUND);
    assert_int_equal(add("/3/0/6", 0), SALLY_E_NOT_FOUND);
    assert_int_equal(add("/3/0/1", 11), SALLY_E_NO_ROOM); /* 10 bytes left */
    assert_int_equal(add("/3/0/1", 65536), SALLY_E_NO_ROOM);
    assert_int_equal(add("/3/0/1", 10), SALLY_E_OK);
    assert_int_equal(add("/3/0/9", 0), SALLY_E_OK);
    assert_int_equal(add("/3/0/10", 0), SALLY_E_NO_ROOM); /* 8 slots */
}

static const struct below {
    const char *path;
    size_t first, count;
} rows[] = {
    { "/", 0, 6 },          { "/3", 0, 3 },           { "/3/0", 0, 3 },
    { "/3/0/6", 1, 2 },     { "/3/0/6/1", 2, 1 },     { "/3303", 3, 3 },
    { "/3303/0", 3, 2 },    { "/3303/1/5700", 5, 1 }, { "/3303/2", 6, 0 },
    { "/1", 0, 0 },         { "/3/0/7", 3, 0 },
};

static void gives_what_is_below(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_path p = sample_path(rows[i].path);
        size_t first = 99;
        size_t count = sally_resources_below(&set, &p, &first);

        if (count != rows[i].count || first != rows[i].first)
            fail_msg("%s: %zu from %zu", rows[i].path, count, first);
        assert_int_equal(sally_resources_has(&set, &p), count != 0);
    }
}

static void stores_converted_values(void **state)
{
    struct sally_resource *slot = find("/3303/0/5700");

    (void)state;
    assert_int_equal(put("/3303/0/5700", sally_value_integer(21), 1234),
                     SALLY_E_OK);
    assert_true(slot->present);
    assert_int_equal(value_of(slot).type, SALLY_TYPE_FLOAT);
    assert_true(value_of(slot).is.real == 21);
    assert_int_equal(slot->time, 1234);
    assert_int_equal(slot->version, 1);
    assert_int_equal(put("/3303/0/5700", sally_value_real(22), 0), SALLY_E_OK);
    assert_int_equal(slot->time, 0);
    assert_int_equal(slot->version, 2);
}

static void keeps_a_copy_of_text(void **state)
{
    char text[] = "0123456789";
    const struct sally_resource *slot = find("/3/0/0");
    const struct sally_resource *other = find("/3303/0/5701");

    (void)state;
    assert_int_equal(put("/3/0/0", sally_value_string(text), 0), SALLY_E_OK);
    assert_int_equal(
        put("/3303/0/5701", sally_value_string("abcdefghijklmnopqrst"), 0),
        SALLY_E_OK);
    memset(text, 'x', 10);
    assert_true(sally_span_is(value_of(slot).is.bytes, "0123456789"));
    assert_int_equal(put("/3/0/0", sally_value_string("short"), 0),
                     SALLY_E_OK);
    assert_true(sally_span_is(value_of(slot).is.bytes, "short"));
    assert_int_equal(
        put("/3/0/0",
            sally_value_text(sally_span_sub(value_of(slot).is.bytes, 2, 3)), 0),
        SALLY_E_OK); /* a part of itself */
    assert_true(sally_span_is(value_of(slot).is.bytes, "ort"));
    assert_true(sally_span_is(value_of(other).is.bytes, "abcdefghijklmnopqrst"));
}

/* Room for 8 slots and 40 bytes was asked for; 6 and 30 are there. */
static void gives_back_what_is_left(void **state)
{
    (void)state;
    assert_int_equal(put("/3/0/0", sally_value_string("before"), 7),
                     SALLY_E_OK);
    sally_resources_trim(&set);
    assert_int_equal(set.slots_room, 6);
    assert_int_equal(set.arena_room, 30);
    assert_int_equal(add("/3303/1/5601", 0), SALLY_E_NO_ROOM);
    assert_true(sally_span_is(value_of(find("/3/0/0")).is.bytes, "before"));
    assert_int_equal(find("/3/0/0")->time, 7);
    assert_int_equal(put("/3/0/0", sally_value_string("0123456789"), 0),
                     SALLY_E_OK);
    assert_int_equal(
        put("/3303/0/5701", sally_value_string("abcdefghijklmnopqrst"), 0),
        SALLY_E_OK);
    assert_true(sally_span_is(value_of(find("/3/0/0")).is.bytes, "0123456789"));
}

static void refuses_to_set(void **state)
{
    (void)state;
    assert_int_equal(put("/3303/0/5702", sally_value_real(1), 0),
                     SALLY_E_NOT_FOUND);
    assert_int_equal(put("/3303/0/5700", sally_value_string("1"), 0),
                     SALLY_E_WRONG_TYPE);
    assert_int_equal(put("/3/0/6/0", sally_value_real(1.5), 0),
                     SALLY_E_OUT_OF_RANGE);
    assert_int_equal(put("/3/0/0", sally_value_string("01234567890"), 0),
                     SALLY_E_TOO_LARGE);
    assert_false(find("/3/0/0")->present);
    assert_int_equal(find("/3/0/0")->version, 0);
}

static int open_registry(void **state)
{
    (void)state;
    sample_registry(&registry);
    return 0;
}

static int close_registry(void **state)
{
    (void)state;
    sally_registry_wipe(&registry);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fill, empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stands_in_order),      TEST(finds_exact_paths_only),
        TEST(refuses_to_add),       TEST(gives_what_is_below),
        TEST(stores_converted_values), TEST(keeps_a_copy_of_text),
        TEST(gives_back_what_is_left),
        TEST(refuses_to_set),
    };

    return cmocka_run_group_tests(tests, open_registry, close_registry);
}
