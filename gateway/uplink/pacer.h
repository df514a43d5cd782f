/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/pacer.h - stands before every handshake and Register, so that
 * a thousand sensors behind one WAN that came back do not storm the server.
 *
 * One per server. Clients queue; one is let through per interval, those with
 * commands to receive first. Pure: time comes in.                           */
#ifndef SALLY_UPLINK_PACER_H
#define SALLY_UPLINK_PACER_H

#include "base/random.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

/* A place in the queue, embedded in its owner, zeroed at first. */
struct sally_pacer_turn {
    struct sally_pacer_turn *next, **link; /* link NULL: not in the queue */
};

struct sally_pacer_line {
    struct sally_pacer_turn *head, **tail; /* where the next one links in */
};

struct sally_pacer {
    sally_usec interval, next; /* next: when one may go */
    struct sally_random random;
    struct sally_pacer_line line[2]; /* urgent ones, the others */
};

/* Not moved from then on. */
void sally_pacer_init(struct sally_pacer *p, unsigned per_second,
                      struct sally_random random);

/* Nothing happens if it is queued already. */
void sally_pacer_want(struct sally_pacer *p, struct sally_pacer_turn *t,
                      bool urgent);

/* Nothing happens if it is not queued. O(1). */
void sally_pacer_leave(struct sally_pacer *p, struct sally_pacer_turn *t);

/* The one whose turn it is at `now`, or NULL. */
struct sally_pacer_turn *sally_pacer_take(struct sally_pacer *p,
                                          sally_usec now);

/* When the next may go; NEVER while nobody waits. */
sally_usec sally_pacer_deadline(const struct sally_pacer *p);

#endif
