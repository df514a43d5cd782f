/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/loop/test_clock.c - the clock on the wall is set, steps, or was
 * never set: no timer notices, and no time is from before there was Sallyport.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"
#include "loop/loop.h"

#define DAY ((int64_t)86400)
#define YEAR (365 * DAY)
#define TICK (5 * SALLY_MSEC)
#define TICKS 20

static int64_t wall_offset; /* seconds */

/* In place of the C library's, for us and for what we link to. */
int clock_gettime(clockid_t which, struct timespec *t)
{
    long rc = syscall(SYS_clock_gettime, which, t);

    if (rc == 0 && which == CLOCK_REALTIME)
        t->tv_sec += wall_offset;
    return (int)rc;
}

static sally_usec real_now(void)
{
    struct timespec t;

    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
    return (sally_usec)t.tv_sec * SALLY_SEC + (sally_usec)t.tv_nsec / 1000;
}

static void set_wall(int64_t seconds_since_1970)
{
    struct timespec t;

    syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
    wall_offset = seconds_since_1970 - t.tv_sec;
}

/* A timer that arms itself again, and sets the clock each time. */
struct metronome {
    struct sally_loop *loop;
    struct sally_timer timer;
    int64_t (*step)(unsigned tick);
    unsigned ticks;
};

static void on_tick(void *owner, sally_usec now)
{
    struct metronome *m = owner;

    wall_offset += m->step(m->ticks++);
    if (m->ticks == TICKS)
        sally_loop_stop(m->loop);
    else
        sally_timer_set(m->loop, &m->timer, sally_after(now, TICK));
}

static int64_t years_on(unsigned tick)
{
    return tick == 3 ? 10 * YEAR : 0;
}

static int64_t a_day_back(unsigned tick)
{
    return tick == 3 ? -DAY : 0;
}

static int64_t past_2038(unsigned tick)
{
    return tick == 3 ? 20 * YEAR : 0;
}

static int64_t to_and_fro(unsigned tick)
{
    return tick % 2 == 0 ? 3601 : -7200;
}

static const struct {
    const char *what;
    int64_t (*step)(unsigned tick);
} steps[] = {
    { "ten years on", years_on },
    { "a day back", a_day_back },
    { "past 2038", past_2038 },
    { "to and fro with each tick", to_and_fro },
};

static void no_timer_notices(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(steps); i++) {
        struct metronome m = { .step = steps[i].step };
        sally_usec began = real_now(), took;

        wall_offset = 0;
        assert_int_equal(sally_loop_open(&m.loop, 1), SALLY_E_OK);
        sally_timer_init(&m.timer, on_tick, &m);
        sally_timer_set(m.loop, &m.timer,
                        sally_after(sally_loop_now(m.loop), TICK));
        sally_loop_run(m.loop);
        took = real_now() - began;
        if (took < TICKS * TICK || took > TICKS * TICK + 2 * SALLY_SEC)
            fail_msg("%s: %llu us", steps[i].what, (unsigned long long)took);
        sally_loop_close(m.loop);
    }
}

static const struct {
    const char *what;
    int64_t wall;
    bool set;
} walls[] = {
    { "1970", 12, false },
    { "a build long ago", 1600000000, false },
    { "the last second that cannot be", 1767225599, false },
    { "the first that can", 1767225600, true },
    { "after 2038", 2147483648 + 5, true },
    { "after 2106", 4294967296 + 5, true },
};

static void what_cannot_be_is_not_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(walls); i++) {
        struct sally_loop *l;
        sally_msec_utc utc;

        set_wall(walls[i].wall);
        assert_int_equal(sally_loop_open(&l, 1), SALLY_E_OK);
        utc = sally_loop_utc(l) / 1000;
        if (sally_loop_clock_is_set(l) != walls[i].set ||
            utc < (walls[i].set ? walls[i].wall : SALLY_UTC_FLOOR / 1000) ||
            utc > (walls[i].set ? walls[i].wall : SALLY_UTC_FLOOR / 1000) + 2)
            fail_msg("%s: %lld", walls[i].what, (long long)utc);
        sally_loop_close(l);
    }
}

static void a_clock_that_is_not_set_runs_all_the_same(void **state)
{
    struct sally_loop *l;
    sally_msec_utc before;

    (void)state;
    set_wall(12);
    assert_int_equal(sally_loop_open(&l, 1), SALLY_E_OK);
    before = sally_loop_utc(l);
    sally_loop_turn(l, sally_after(sally_loop_now(l), 50 * SALLY_MSEC));
    assert_in_range(sally_loop_utc(l) - before, 50, 2000);
    set_wall(1800000000); /* somebody was asked */
    sally_loop_turn(l, sally_loop_now(l));
    assert_true(sally_loop_clock_is_set(l));
    assert_in_range(sally_loop_utc(l) / 1000, 1800000000, 1800000002);
    sally_loop_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_timer_notices),
        cmocka_unit_test(what_cannot_be_is_not_told),
        cmocka_unit_test(a_clock_that_is_not_set_runs_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
