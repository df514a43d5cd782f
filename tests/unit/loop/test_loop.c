/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/loop/test_loop.c - turns: timers in their order, tasks once,
 * signals and descriptors as upcalls.                                       */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/span.h"
#include "loop/loop.h"
#include "loop/signal.h"

static struct sally_loop *loop;
static char trace[64];

static int open_loop(void **state)
{
    (void)state;
    trace[0] = '\0';
    return sally_loop_open(&loop, 8) != SALLY_E_OK;
}

static int close_loop(void **state)
{
    (void)state;
    sally_loop_close(loop);
    return 0;
}

/* Writes the letter that the owner points to. */
static void note(void *owner, sally_usec now)
{
    size_t len = strlen(trace);

    (void)now;
    assert_true(len + 1 < sizeof(trace));
    trace[len] = *(const char *)owner;
    trace[len + 1] = '\0';
}

static void stop(void *owner, sally_usec now)
{
    (void)owner;
    (void)now;
    sally_loop_stop(loop);
}

static void timers_fire_in_order_of_their_deadlines(void **state)
{
    struct sally_timer a, b, c, end;
    sally_usec now = sally_loop_now(loop);

    (void)state;
    sally_timer_init(&a, note, "a");
    sally_timer_init(&b, note, "b");
    sally_timer_init(&c, note, "c");
    sally_timer_init(&end, stop, NULL);
    sally_timer_set(loop, &b, now + 4 * SALLY_MSEC);
    sally_timer_set(loop, &a, now + 2 * SALLY_MSEC);
    sally_timer_set(loop, &c, now + 3 * SALLY_MSEC);
    sally_timer_set(loop, &c, SALLY_NEVER);
    sally_timer_set(loop, &end, now + 10 * SALLY_MSEC);
    sally_loop_run(loop);
    assert_string_equal(trace, "ab");
    assert_true(sally_loop_now(loop) >= now + 10 * SALLY_MSEC);
    assert_true(sally_loop_now(loop) < now + 2000 * SALLY_MSEC);
    assert_true(sally_loop_utc(loop) > 1600000000000);
}

static struct sally_timer again;

static void rearm_in_the_past(void *owner, sally_usec now)
{
    note(owner, now);
    sally_timer_set(loop, &again, 0);
}

static void a_timer_that_stays_due_fires_once_a_turn(void **state)
{
    (void)state;
    sally_timer_init(&again, rearm_in_the_past, "x");
    sally_timer_set(loop, &again, 0);
    for (int i = 0; i < 3; i++)
        sally_loop_turn(loop, SALLY_NEVER);
    assert_string_equal(trace, "xxx");
    sally_timer_set(loop, &again, SALLY_NEVER);
}

static void tasks_run_once_and_can_be_cancelled(void **state)
{
    struct sally_task a = { .run = note, .owner = "a" };
    struct sally_task b = { .run = note, .owner = "b" };
    struct sally_task c = { .run = note, .owner = "c" };

    (void)state;
    sally_loop_later(loop, &a);
    sally_loop_later(loop, &a);
    sally_loop_later(loop, &b);
    sally_loop_later(loop, &c);
    sally_loop_cancel(&b);
    sally_loop_cancel(&b);
    sally_loop_turn(loop, SALLY_NEVER); /* does not wait: there are tasks */
    assert_int_equal(strlen(trace), 2);
    assert_null(strchr(trace, 'b'));
    sally_loop_turn(loop, 0);
    assert_int_equal(strlen(trace), 2);
}

static struct sally_task itself;

static void ask_again(void *owner, sally_usec now)
{
    note(owner, now);
    sally_loop_later(loop, &itself);
}

static void a_task_that_asks_again_waits_a_turn(void **state)
{
    (void)state;
    itself = (struct sally_task){ .run = ask_again, .owner = "t" };
    sally_loop_later(loop, &itself);
    sally_loop_turn(loop, SALLY_NEVER);
    sally_loop_turn(loop, SALLY_NEVER);
    assert_string_equal(trace, "tt");
    sally_loop_cancel(&itself);
}

static void on_signal(void *owner, int number, sally_usec now)
{
    assert_int_equal(number, SIGUSR1);
    note(owner, now);
}

static void a_signal_is_an_upcall(void **state)
{
    static const int numbers[] = { SIGUSR1, SIGUSR2 };
    struct sally_signals *s;

    (void)state;
    assert_int_equal(sally_signals_open(&s, loop, numbers, SALLY_LEN(numbers),
                                        on_signal, "s"), SALLY_E_OK);
    assert_int_equal(raise(SIGUSR1), 0);
    sally_loop_turn(loop, sally_loop_now(loop) + SALLY_SEC);
    assert_string_equal(trace, "s");
    sally_signals_close(s);
}

static void a_watched_descriptor_is_an_upcall(void **state)
{
    struct sally_watch *w;
    int fd[2];

    (void)state;
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(sally_watch_open(&w, loop, fd[0], note, "w"), SALLY_E_OK);
    sally_loop_turn(loop, 0);
    assert_string_equal(trace, "");
    assert_int_equal(write(fd[1], "1", 1), 1);
    sally_loop_turn(loop, SALLY_NEVER);
    assert_string_equal(trace, "w");
    sally_watch_close(w);
    close(fd[0]);
    close(fd[1]);
}

int main(void)
{
#define IN_A_LOOP(f) cmocka_unit_test_setup_teardown(f, open_loop, close_loop)
    const struct CMUnitTest tests[] = {
        IN_A_LOOP(timers_fire_in_order_of_their_deadlines),
        IN_A_LOOP(a_timer_that_stays_due_fires_once_a_turn),
        IN_A_LOOP(tasks_run_once_and_can_be_cancelled),
        IN_A_LOOP(a_task_that_asks_again_waits_a_turn),
        IN_A_LOOP(a_signal_is_an_upcall),
        IN_A_LOOP(a_watched_descriptor_is_an_upcall),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
