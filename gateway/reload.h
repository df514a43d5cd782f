/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/reload.h - a new configuration, all of it or nothing: in which order
 * the roles are asked, and what happens when one of them says no, says nothing
 * or dies.
 *
 * Read the files; have every role that needs it prepare beside what runs; when
 * all are prepared, commit: first the inner door, so that what the outer one
 * then says of new sensors is understood; then the rest. Until the first commit
 * every failure leaves the old configuration in force. After it there is no way
 * back, and a role that cannot follow is started again, with the new one.
 *
 * Knows no processes, files and clocks: those are its host's.               */
#ifndef SALLY_RELOAD_H
#define SALLY_RELOAD_H

#include "base/time.h"
#include "bus/message.h"

#include <stdio.h>

#define SALLY_RELOAD_PATIENCE (30 * SALLY_SEC) /* with a role, in each step */

enum sally_reload_role {
    SALLY_RELOAD_ABSENT,   /* it will start with what is in force then */
    SALLY_RELOAD_STARTING, /* with what is in force now: wait for it */
    SALLY_RELOAD_PLAIN,    /* is told, not asked */
    SALLY_RELOAD_ASKED
};

struct sally_reload_host {
    enum sally_reload_role (*role)(void *owner, enum sally_role_name name);

    /* Reads and opens the next configuration beside the running one. Returns
     * the number of problems, each one a line.                              */
    unsigned (*read)(void *owner, FILE *report);

    /* Gives the role the next configuration with all that belongs to it, and
     * `asked`, the order to prepare. False: it cannot be given, see errno.  */
    bool (*give)(void *owner, enum sally_role_name name, bool asked);
    void (*order)(void *owner, enum sally_role_name name,
                  enum sally_control what);
    void (*kill)(void *owner, enum sally_role_name name);

    void (*adopt)(void *owner); /* the next one is in force from now on */
    void (*drop)(void *owner);  /* the next one is forgotten */

    /* How it ended; if not well, lines for the log and whoever asked. */
    void (*told)(void *owner, bool done, const char *report);
    void (*arm)(void *owner, sally_usec when); /* sally_reload_expire() */
};

enum sally_reload_state {
    SALLY_RELOAD_IDLE,
    SALLY_RELOAD_PREPARING,  /* waits for PREPARED of all */
    SALLY_RELOAD_COMMITTING, /* of the inner door, then of the others */
    SALLY_RELOAD_SETTLING    /* until nothing of the old one is left */
};

struct sally_reload {
    const struct sally_reload_host *host;
    void *owner;
    enum sally_reload_state state;
    bool again;       /* it was asked for, and is not begun */
    bool inner_first; /* COMMITTING: the others are not told yet */
    unsigned asked;   /* roles that take part, as bits */
    unsigned waiting; /* of those, whose answer has not come */
    unsigned unsettled;
    char *report; /* owned; while there is a reload */
    size_t report_size;
    FILE *out; /* writes `report` */
};

void sally_reload_init(struct sally_reload *r,
                       const struct sally_reload_host *host, void *owner);
void sally_reload_wipe(struct sally_reload *r);

/* Begins, or remembers to when what is under way is done. However often it is
 * asked for meanwhile, it is once more.                                     */
void sally_reload_request(struct sally_reload *r, sally_usec now);

/* A report of a role; READY too, since it may have been waited for. */
void sally_reload_reported(struct sally_reload *r, enum sally_role_name name,
                           enum sally_control what, sally_usec now);
void sally_reload_died(struct sally_reload *r, enum sally_role_name name,
                       sally_usec now);
void sally_reload_expire(struct sally_reload *r, sally_usec now);

/* The descriptors that roles are given belong to the next configuration, and
 * one that starts now would start with the wrong one: hold both back.       */
bool sally_reload_holds(const struct sally_reload *r);

#endif
