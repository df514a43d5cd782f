/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/base/test_pool.c - blocks go out, come back, and are counted. */
#include "base/pool.h"
#include "base/reserve.h"
#include "base/span.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void gives_each_block_once(void **state)
{
    struct sally_pool p;
    unsigned char *blocks[10];

    (void)state;
    assert_int_equal(sally_pool_init(&p, 33, 10, false), SALLY_E_OK);
    for (size_t i = 0; i < 10; i++) {
        blocks[i] = sally_pool_take(&p);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        memset(blocks[i], (int)i, 33);
    }
    assert_null(sally_pool_take(&p));
    for (size_t i = 0; i < 10; i++)
        for (size_t j = 0; j < 33; j++)
            assert_int_equal(blocks[i][j], i);
    assert_int_equal(p.used, 10);
    for (size_t i = 0; i < 10; i++)
        sally_pool_give(&p, blocks[i]);
    assert_int_equal(p.used, 0);
    assert_int_equal(p.peak, 10);
    sally_pool_wipe(&p);
    sally_pool_wipe(&p);
}

static void counts_its_peak(void **state)
{
    struct sally_pool p;
    void *a, *b;

    (void)state;
    assert_int_equal(sally_pool_init(&p, 8, 4, false), SALLY_E_OK);
    a = sally_pool_take(&p);
    b = sally_pool_take(&p);
    sally_pool_give(&p, a);
    sally_pool_give(&p, NULL);
    a = sally_pool_take(&p);
    assert_int_equal(p.used, 2);
    assert_int_equal(p.peak, 2);
    sally_pool_give(&p, b);
    sally_pool_give(&p, a);
    sally_pool_wipe(&p);
}

static void wipes_secret_blocks(void **state)
{
    struct sally_pool p;
    unsigned char *block;

    (void)state;
    assert_int_equal(sally_pool_init(&p, 64, 1, true), SALLY_E_OK);
    block = sally_pool_take(&p);
    memset(block, 0xaa, 64);
    sally_pool_give(&p, block);
    for (size_t i = sizeof(void *); i < 64; i++) /* one holds the list */
        assert_int_equal(block[i], 0);
    sally_pool_wipe(&p);
}

static void survives_impossible_sizes(void **state)
{
    struct sally_pool p;

    (void)state;
    assert_int_equal(sally_pool_init(&p, SIZE_MAX, 1, false),
                     SALLY_E_NO_MEMORY);
    assert_null(sally_pool_take(&p));
    sally_pool_wipe(&p);
    assert_int_equal(sally_pool_init(&p, 1024, SIZE_MAX / 512, false),
                     SALLY_E_NO_MEMORY);
    assert_null(sally_pool_take(&p));
    assert_int_equal(sally_pool_init(&p, 0, 2, false), SALLY_E_OK);
    assert_ptr_not_equal(sally_pool_take(&p), sally_pool_take(&p));
    sally_pool_wipe(&p);
    assert_int_equal(sally_pool_init(&p, 8, 0, false), SALLY_E_OK);
    assert_null(sally_pool_take(&p));
    sally_pool_wipe(&p);
}

static void grows_while_blocks_are_out(void **state)
{
    struct sally_pool p;
    unsigned char *first, *more[4];

    (void)state;
    assert_int_equal(sally_pool_init(&p, 32, 2, false), SALLY_E_OK);
    first = sally_pool_take(&p);
    memset(first, 1, 32);
    assert_int_equal(sally_pool_grow(&p, 5), SALLY_E_OK);
    assert_int_equal(sally_pool_grow(&p, 3), SALLY_E_OK); /* it has more */
    assert_int_equal(sally_pool_grow(&p, SIZE_MAX), SALLY_E_NO_MEMORY);
    assert_int_equal(p.count, 5);
    for (size_t i = 0; i < SALLY_LEN(more); i++) {
        more[i] = sally_pool_take(&p);
        assert_non_null(more[i]);
        memset(more[i], 2, 32);
    }
    assert_null(sally_pool_take(&p));
    assert_int_equal(first[31], 1);
    sally_pool_give(&p, first);
    assert_ptr_equal(sally_pool_take(&p), first);
    sally_pool_wipe(&p);
}

/* Small pieces and large ones, where something else was before. */
static void reserves_zeroed_memory(void **state)
{
    static const size_t sizes[] = { 1, 4096, 65535, 65536, 300000 };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(sizes); i++)
        for (unsigned round = 0; round < 2; round++) {
            unsigned char *p = sally_reserve(sizes[i]);

            assert_non_null(p);
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(p[k], 0);
            memset(p, 0xff, sizes[i]);
            sally_release(p, sizes[i]);
        }
    assert_null(sally_reserve(SIZE_MAX / 2));
    sally_release(NULL, 300000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_block_once),
        cmocka_unit_test(counts_its_peak),
        cmocka_unit_test(wipes_secret_blocks),
        cmocka_unit_test(survives_impossible_sizes),
        cmocka_unit_test(grows_while_blocks_are_out),
        cmocka_unit_test(reserves_zeroed_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
