/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/loop.h - one event loop per process: clock, timers, turns.
 *
 * A turn: wait for descriptors or the earliest deadline, read the clock once,
 * run what is due, then run what was put off to the end of the turn. All of
 * this folder is thin glue of that kind and knows no protocol. Nothing here
 * is for more than one thread.                                              */
#ifndef SALLY_LOOP_LOOP_H
#define SALLY_LOOP_LOOP_H

#include "base/deadline.h"

#include <stdbool.h>

struct sally_loop;

/* `timers`: how many sally_timer there will ever be at once. NO_MEMORY, IO. */
enum sally_err sally_loop_open(struct sally_loop **out,
                               size_t timers) SALLY_MUST_USE;

/* Everything that was opened on the loop is closed before. NULL is allowed. */
void sally_loop_close(struct sally_loop *l);

/* Makes room for `timers` of them, if there is less. NO_MEMORY. */
enum sally_err sally_loop_grow(struct sally_loop *l,
                               size_t timers) SALLY_MUST_USE;

/* Turns are at least `pace` apart. What comes to a loop that has rested for as
 * long is taken up at once; under load a turn then finds more to do, and the
 * system has fewer sleepers to wake. 0, as it is at first: no rest.         */
void sally_loop_pace(struct sally_loop *l, sally_usec pace);

/* Turns until sally_loop_stop(), which takes effect at the end of a turn. */
void sally_loop_run(struct sally_loop *l);
void sally_loop_stop(struct sally_loop *l);

/* One turn that waits at most until `until`; for tests and tools. */
void sally_loop_turn(struct sally_loop *l, sally_usec until);

/* The clock as read at the start of this turn: monotonic, and UTC.
 *
 * A machine without a clock of its own says 1970 or the like until it has asked
 * somebody. What is before SALLY_UTC_FLOOR cannot be right: then UTC goes on
 * from there by the monotonic clock, and _clock_is_set() is false.          */
#define SALLY_UTC_FLOOR ((sally_msec_utc)1767225600000) /* 2026-01-01 */
sally_usec sally_loop_now(const struct sally_loop *l);
sally_msec_utc sally_loop_utc(const struct sally_loop *l);
bool sally_loop_clock_is_set(const struct sally_loop *l);

/* A deadline that an owner embeds. Fires once; arm it again for more. */
struct sally_timer {
    struct sally_deadline deadline;
    void (*fire)(void *owner, sally_usec now);
    void *owner;
};

/* Prepares a timer that is not armed. */
void sally_timer_init(struct sally_timer *t,
                      void (*fire)(void *owner, sally_usec now), void *owner);

/* Arms or moves; NEVER disarms. A timer is disarmed before it is freed. */
void sally_timer_set(struct sally_loop *l, struct sally_timer *t,
                     sally_usec when);

/* Work put off to the end of the turn, once however often it is asked for:
 * flushing what several upcalls have queued. Embedded and zeroed, with `run`
 * and `owner` set, by its owner, who cancels it before it goes.             */
struct sally_task {
    struct sally_task *next, **link; /* the loop's */
    void (*run)(void *owner, sally_usec now);
    void *owner;
};
void sally_loop_later(struct sally_loop *l, struct sally_task *t);
void sally_loop_cancel(struct sally_task *t);

/* Tells when a descriptor that somebody else owns is readable. */
struct sally_watch;
enum sally_err sally_watch_open(struct sally_watch **out, struct sally_loop *l,
                                int fd,
                                void (*on_readable)(void *owner,
                                                    sally_usec now),
                                void *owner) SALLY_MUST_USE;
void sally_watch_close(struct sally_watch *w); /* not the descriptor */

#endif
