/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/store/test_faults.c - the n-th call to the disk fails, for many n
 * and in several ways. What was told as stored is there in the end, once and in
 * order; what was not told may come again; and when the disk is well, so is the
 * store. SALLY_FAULTS=400 tries every n up to that.                         */
#include "unit/store/place.h"

#include <errno.h>
#include <sys/wait.h>

#include "interop/shim/shim.h"

#define MESSAGES 40u
#define CHILD_OPEN_FAILED 7

static const struct ill {
    const char *what;
    int calls, error, times;
} ills[] = {
    { "EIO of any call, once", SHIM_ALL, EIO, 1 },
    { "EIO of any call, ten times", SHIM_ALL, EIO, 10 },
    { "no space, ten times", SHIM_WRITE | SHIM_TRUNCATE | SHIM_OPEN, ENOSPC,
      10 },
    { "read-only from then on, for a while", SHIM_ALL, EROFS, 25 },
    { "short writes", SHIM_WRITE, 0, 10 },
    { "a sync fails", SHIM_SYNC, EIO, 1 },
    { "syncs fail", SHIM_SYNC, EIO, 4 },
};

static void fall_ill(const struct ill *ill, int after)
{
    (void)snprintf(shim->below, sizeof(shim->below), "%s", place);
    shim->error = ill->error;
    shim->after = after;
    shim->times = ill->times;
    shim->failed = 0;
    shim->calls = ill->calls;
}

static void get_well(void)
{
    shim->calls = 0;
}

/* As the outer door does it: what was not stored is offered again under its
 * key. False: the disk stays ill.                                           */
static bool store_stubbornly(uint32_t n)
{
    for (int i = 0; i < 60; i++) {
        told = (struct told){ .all = 0 };
        store_one(0, n);
        if (told.count[SALLY_ACCEPTED_STORED] == 1)
            return true;
    }
    return false;
}

/* In a process of its own, which ends without a word, like one that is killed.
 * Reports each message that was told as stored.                             */
static void be_ill(const struct ill *ill, int after, int report)
{
    char why[512] = "";

    fall_ill(ill, after);
    if (try_store(&roomy, why, sizeof(why)) != SALLY_E_OK) {
        get_well();
        _exit(strstr(why, place) != NULL ? CHILD_OPEN_FAILED : 1);
    }
    for (uint32_t n = 1; n <= MESSAGES; n++) {
        if (!store_stubbornly(n))
            _exit(2);
        if (write(report, &n, sizeof(n)) != sizeof(n))
            _exit(3);
    }
    if (after % 2 == 0)
        close_store(); /* the other half dies */
    _exit(0);
}

static void check_all_there(const struct ill *ill, int after, uint32_t last)
{
    uint64_t at = 0;
    uint32_t want = 1;
    int64_t value;

    open_store(&roomy);
    while ((value = next_value(0, 0, at, &at)) >= 0)
        if (value != want++)
            fail_msg("%s after %d: %lld where %u should be", ill->what, after,
                     (long long)value, want - 1);
    if (want <= last)
        fail_msg("%s after %d: %u were stored, %u are there", ill->what, after,
                 last, want - 1);
    told = (struct told){ .all = 0 };
    store_one(0, want);
    assert_int_equal(told.count[SALLY_ACCEPTED_STORED], 1);
    close_store();
}

static void try_one(const struct ill *ill, int after)
{
    uint32_t n, last = 0;
    int ends[2], status = 0;
    pid_t child;

    make_place();
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        be_ill(ill, after, ends[1]);
    close(ends[1]);
    while (read(ends[0], &n, sizeof(n)) == sizeof(n))
        last = n;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 &&
                               WEXITSTATUS(status) != CHILD_OPEN_FAILED))
        fail_msg("%s after %d: status %x", ill->what, after, status);
    check_all_there(ill, after, last);
    remove_place();
}

static void what_was_told_is_there(void **state)
{
    const char *all = getenv("SALLY_FAULTS");
    int most = all != NULL ? atoi(all) : 400;
    int step = all != NULL ? 1 : 67; /* some, elsewhere with each way */

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(ills); i++)
        for (int after = (int)i * 5; after < most; after += step)
            try_one(&ills[i], after);
}

/* A shim that never does anything would pass all of the above. */
static void the_calls_do_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(ills); i++) {
        make_place();
        open_store(&roomy);
        fall_ill(&ills[i], 0);
        told = (struct told){ .all = 0 };
        store_one(0, 1);
        if (shim->failed == 0)
            fail_msg("%s: did not happen", ills[i].what);
        if (ills[i].error != 0)
            assert_int_equal(told.count[SALLY_ACCEPTED_STORED], 0);
        get_well();
        store_one(0, 1);
        assert_true(told.count[SALLY_ACCEPTED_STORED] > 0);
        close_store();
        remove_place();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_calls_do_fail),
        cmocka_unit_test(what_was_told_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
