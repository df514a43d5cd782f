/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/child.h - one role as its supervisor sees it: how it is started,
 * told and equipped.                                                        */
#ifndef SALLY_CHILD_H
#define SALLY_CHILD_H

#include "assets.h"
#include "roles/run.h"

#include <sys/types.h>

enum sally_child_state {
    SALLY_CHILD_ABSENT,
    SALLY_CHILD_STARTING,
    SALLY_CHILD_RUNNING,
    SALLY_CHILD_STOPPING
};

/* What all children of a supervisor share. */
struct sally_child;
struct sally_family {
    struct sally_assets *assets;
    struct sally_loop *loop;
    bool single; /* all roles in this process, for debuggers */

    /* What the supervisor hears of a child. */
    void (*on_report)(void *owner, struct sally_child *c,
                      const struct sally_bus_control *report);
    void (*on_ended)(void *owner, struct sally_child *c, int status,
                     sally_usec now); /* status as waitpid() has it */
    void *owner;
};

struct sally_child {
    struct sally_family *family;
    const struct sally_role_row *row;
    enum sally_child_state state;
    pid_t pid;            /* 0: none */
    struct sally_bus *bus; /* NULL: none */
    struct sally_runner *runner; /* single: instead of a process */
    struct sally_task reap;      /* single: the runner has ended */
    struct sally_timer again;    /* the supervisor's, to start it again */
    sally_usec since, wait;      /* when it was started; wait before the next */
    int status;                  /* of a runner that has ended */
    struct sally_child_waiting *waiting; /* owned; for when the bus has room */
    size_t said, count, room;            /* from `said` on unsaid */
};

void sally_child_init(struct sally_child *c, struct sally_family *family,
                      const struct sally_role_row *row);

/* Starts it and its bus; state STARTING. False: neither is there. */
bool sally_child_spawn(struct sally_child *c);

/* Sends an order; `fd` is the child's from now on, or -1. A child without a
 * bus is dying, and its successor is told anew. What the bus has no room for
 * waits. False: it is lost, see errno.                                      */
bool sally_child_order(struct sally_child *c, enum sally_control what,
                       uint32_t number, uint32_t extra, int fd);

/* Gives it copies of the listeners, keys and files that its role needs. False:
 * not all of it, which was logged; it cannot be started without.            */
bool sally_child_equip(struct sally_child *c);

/* The outer door: gives it a copy of one listener, if that is bound. */
bool sally_child_listen(struct sally_child *c, uint32_t slot,
                        const struct sally_socket *one);

/* Gives it what comes after the assets that it has: the configuration, and
 * what is new of descriptors; `asked`: and PREPARE. False: not all of it, see
 * errno.                                                                    */
bool sally_child_give(struct sally_child *c, const struct sally_assets *next,
                      bool asked);

/* It is no more: closes the bus, forgets the process; state ABSENT. */
void sally_child_bury(struct sally_child *c);

#endif
