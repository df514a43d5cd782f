/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/deadline.h - many engines, one timer: a heap of deadlines.
 *
 * Each engine embeds a node; setting, advancing and clearing a deadline is
 * O(log n), finding the earliest O(1). Putting one off, which is what most
 * messages do, only notes it: the node finds its new place when the old time
 * has come. Room for all nodes is allocated beforehand, so setting cannot
 * fail.                                                                     */
#ifndef SALLY_BASE_DEADLINE_H
#define SALLY_BASE_DEADLINE_H

#include "base/error.h"
#include "base/time.h"

#include <stddef.h>
#include <stdint.h>

struct sally_deadline {
    sally_usec when;
    uint32_t put_off; /* since it found its place in the heap */
    uint32_t slot; /* 1-based place in the heap; 0: not in it */
};

struct sally_deadlines {
    struct sally_deadline **heap; /* owned; heap[1] is the earliest */
    size_t count, room;
};

enum sally_err sally_deadlines_init(struct sally_deadlines *h,
                                    size_t room) SALLY_MUST_USE;

/* Makes room for `room` nodes, if there is less. NO_MEMORY. */
enum sally_err sally_deadlines_grow(struct sally_deadlines *h,
                                    size_t room) SALLY_MUST_USE;

/* Sets or moves; NEVER clears. The heap never holds more nodes than `room`
 * of them exist, which is the owner's promise.                              */
void sally_deadlines_set(struct sally_deadlines *h, struct sally_deadline *d,
                         sally_usec when);

/* A time that is not later than the earliest, or NEVER. Who wakes then and
 * takes what is due, of which there may be none, gets a later one.          */
sally_usec sally_deadlines_next(const struct sally_deadlines *h);

/* Takes out and returns one node that is due at `now`, or NULL. */
struct sally_deadline *sally_deadlines_take(struct sally_deadlines *h,
                                            sally_usec now);

void sally_deadlines_wipe(struct sally_deadlines *h);

#endif
