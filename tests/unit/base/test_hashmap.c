/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/base/test_hashmap.c - against a model that searches a list. */
#include "base/hashmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ENTRIES 500

struct entry {
    int before; /* so that the node is not in front */
    struct sally_hashmap_node node;
    uint32_t key;
    bool in;
};

static struct entry entries[ENTRIES];
static struct sally_hashmap map;

static uint32_t seed = 2463534242u;

static uint32_t draw_below(uint32_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % limit;
}

static struct sally_span key_of(const struct entry *e)
{
    return (struct sally_span){ (const uint8_t *)&e->key, sizeof(e->key) };
}

static int start(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ENTRIES; i++)
        entries[i] = (struct entry){ .key = i * 7919 };
    assert_int_equal(
        sally_hashmap_init(&map, 20, (struct sally_hash_key){ { 1, 2 } }),
        SALLY_E_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sally_hashmap_wipe(&map);
    sally_hashmap_wipe(&map);
    return 0;
}

static void check_all(size_t count)
{
    assert_int_equal(map.count, count);
    for (size_t i = 0; i < ENTRIES; i++) {
        struct sally_hashmap_node *n =
            sally_hashmap_find(&map, key_of(&entries[i]));

        assert_int_equal(n != NULL, entries[i].in);
        if (n != NULL)
            assert_ptr_equal(SALLY_OWNER(n, struct entry, node), &entries[i]);
    }
}

static void agrees_with_the_model(void **state)
{
    size_t count = 0;

    (void)state;
    for (int step = 0; step < 20000; step++) {
        struct entry *e = &entries[draw_below(ENTRIES)];

        if (e->in)
            sally_hashmap_remove(&map, &e->node);
        else
            sally_hashmap_add(&map, &e->node, key_of(e));
        count = e->in ? count - 1 : count + 1;
        e->in = !e->in;
        if (step % 1000 == 0)
            check_all(count);
    }
    check_all(count);
}

static void grows_with_all_that_is_in_it(void **state)
{
    static const struct {
        size_t expected, mask;
    } rows[] = { { 32, 31 }, { 33, 63 }, { 500, 511 }, { 20, 511 } };

    (void)state;
    for (uint32_t i = 0; i < ENTRIES; i += 2) {
        sally_hashmap_add(&map, &entries[i].node, key_of(&entries[i]));
        entries[i].in = true;
    }
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        assert_int_equal(sally_hashmap_grow(&map, rows[i].expected),
                         SALLY_E_OK);
        assert_int_equal(map.mask, rows[i].mask);
        check_all(ENTRIES / 2 - i);
        sally_hashmap_remove(&map, &entries[2 * i].node);
        entries[2 * i].in = false;
    }
    check_all(ENTRIES / 2 - SALLY_LEN(rows));
}

static void removing_twice_does_nothing(void **state)
{
    (void)state;
    sally_hashmap_add(&map, &entries[0].node, key_of(&entries[0]));
    sally_hashmap_add(&map, &entries[1].node, key_of(&entries[1]));
    sally_hashmap_remove(&map, &entries[0].node);
    sally_hashmap_remove(&map, &entries[0].node);
    assert_int_equal(map.count, 1);
    assert_non_null(sally_hashmap_find(&map, key_of(&entries[1])));
}

static void finds_an_empty_key(void **state)
{
    struct sally_span nothing = { NULL, 0 };

    (void)state;
    assert_null(sally_hashmap_find(&map, nothing));
    sally_hashmap_add(&map, &entries[0].node, nothing);
    assert_ptr_equal(sally_hashmap_find(&map, nothing), &entries[0].node);
}

static void has_a_power_of_two_of_buckets(void **state)
{
    static const struct {
        size_t expected, mask;
    } rows[] = { { 0, 15 }, { 16, 15 }, { 17, 31 }, { 1000, 1023 } };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_hashmap m;

        assert_int_equal(sally_hashmap_init(&m, rows[i].expected,
                                            (struct sally_hash_key){ { 0 } }),
                         SALLY_E_OK);
        assert_int_equal(m.mask, rows[i].mask);
        sally_hashmap_wipe(&m);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(agrees_with_the_model),
        TEST(grows_with_all_that_is_in_it),
        TEST(removing_twice_does_nothing),
        TEST(finds_an_empty_key),
        TEST(has_a_power_of_two_of_buckets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
