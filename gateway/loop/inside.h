/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/inside.h - the loop as the files of this folder see it. */
#ifndef SALLY_LOOP_INSIDE_H
#define SALLY_LOOP_INSIDE_H

#include "loop/loop.h"

#include <stdbool.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#define SALLY_LOOP_BUFFER 65536 /* bytes that any one read may use */
#define SALLY_LOOP_BUDGET 16    /* datagrams, connections or frames in a go */

struct sally_loop {
    struct event_base *base; /* owned */
    struct event alarm;      /* wakes for the earliest deadline */
    struct sally_deadlines timers;
    struct sally_task *later; /* in reverse order of asking */
    sally_usec now, opened;
    sally_msec_utc utc;
    bool clock_set; /* `utc` is what the system says */
    sally_usec pace;  /* see sally_loop_pace() */
    sally_usec woken; /* when the last turn began */
    bool awake; /* the clock was read in this turn */
    bool stopping;
    uint8_t buffer[SALLY_LOOP_BUFFER]; /* dies with each upcall */
};

/* Every callback's first line: reads the clock once per turn. */
sally_usec sally_loop_wake(struct sally_loop *l);

/* Close-on-exec and non-blocking. */
bool sally_descriptor_prepare(int fd);

/* For SALLY_ON_EXIT: closes it unless it is negative. */
void sally_descriptor_close(int *fd);

/* Gives what *fd owns to the caller. */
static inline int sally_descriptor_release(int *fd)
{
    int held = *fd;

    *fd = -1;
    return held;
}

#endif
