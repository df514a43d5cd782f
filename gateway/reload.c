/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/reload.c - the steps of a reload. */
#include "reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned bit(enum sally_role_name name)
{
    return 1u << name;
}

void sally_reload_init(struct sally_reload *r,
                       const struct sally_reload_host *host, void *owner)
{
    *r = (struct sally_reload){ .host = host, .owner = owner };
}

static void close_report(struct sally_reload *r)
{
    if (r->out != NULL)
        (void)fclose(r->out);
    r->out = NULL;
    free(r->report);
    r->report = NULL;
}

void sally_reload_wipe(struct sally_reload *r)
{
    close_report(r);
}

bool sally_reload_holds(const struct sally_reload *r)
{
    return r->state == SALLY_RELOAD_PREPARING ||
           (r->state == SALLY_RELOAD_COMMITTING && r->inner_first);
}

static void order_all(struct sally_reload *r, unsigned set,
                      enum sally_control what)
{
    for (unsigned i = 0; i < SALLY_ROLE_COUNT; i++)
        if ((set & 1u << i) != 0)
            r->host->order(r->owner, (enum sally_role_name)i, what);
}

/* --- The end of it -------------------------------------------------------- */

/* Who asked is told, whatever there is to tell. */
static void tell(struct sally_reload *r, bool done)
{
    if (r->out != NULL)
        (void)fflush(r->out);
    r->host->told(r->owner, done, r->report == NULL ? "" : r->report);
    close_report(r);
}

static void begin(struct sally_reload *r, sally_usec now);

static void rest(struct sally_reload *r, sally_usec now)
{
    r->state = SALLY_RELOAD_IDLE;
    r->asked = r->waiting = r->unsettled = 0;
    r->host->arm(r->owner, SALLY_NEVER);
    if (r->again)
        begin(r, now);
}

static void refuse(struct sally_reload *r, sally_usec now)
{
    r->host->drop(r->owner);
    tell(r, false);
    rest(r, now);
}

/* Those who were asked forget what they have prepared. */
static void give_up(struct sally_reload *r, enum sally_role_name name,
                    const char *what, sally_usec now)
{
    fprintf(r->out, "the %s role %s; see the log\n", sally_role_text(name),
            what);
    order_all(r, r->asked, SALLY_CONTROL_ABORT);
    refuse(r, now);
}

/* --- Committing ----------------------------------------------------------- */

static void wait_for(struct sally_reload *r, enum sally_reload_state state,
                     sally_usec now)
{
    r->state = state;
    r->host->arm(r->owner, sally_after(now, SALLY_RELOAD_PATIENCE));
}

static void check_settled(struct sally_reload *r, sally_usec now)
{
    if (r->state == SALLY_RELOAD_SETTLING && r->unsettled == 0)
        rest(r, now);
}

static void check_committed(struct sally_reload *r, sally_usec now)
{
    if (r->waiting != 0)
        return;
    tell(r, true);
    wait_for(r, SALLY_RELOAD_SETTLING, now);
    check_settled(r, now);
}

/* The inner door has the new one, or will start with it. */
static void commit_rest(struct sally_reload *r, sally_usec now)
{
    r->inner_first = false;
    r->waiting = r->asked & ~bit(SALLY_INNER);
    order_all(r, r->waiting, SALLY_CONTROL_COMMIT);
    for (unsigned i = 0; i < SALLY_ROLE_COUNT; i++) {
        enum sally_role_name name = (enum sally_role_name)i;

        if (r->host->role(r->owner, name) != SALLY_RELOAD_PLAIN)
            continue;
        if (r->host->give(r->owner, name, false))
            r->host->order(r->owner, name, SALLY_CONTROL_COMMIT);
        else
            r->host->kill(r->owner, name); /* to start with the new one */
    }
    wait_for(r, SALLY_RELOAD_COMMITTING, now);
    check_committed(r, now);
}

static void commit(struct sally_reload *r, sally_usec now)
{
    r->host->adopt(r->owner);
    r->unsettled = r->asked;
    r->inner_first = true;
    r->waiting = r->asked & bit(SALLY_INNER);
    wait_for(r, SALLY_RELOAD_COMMITTING, now);
    if (r->waiting == 0)
        commit_rest(r, now);
    else
        order_all(r, r->waiting, SALLY_CONTROL_COMMIT);
}

/* --- Preparing ------------------------------------------------------------ */

static void prepare(struct sally_reload *r, sally_usec now)
{
    wait_for(r, SALLY_RELOAD_PREPARING, now);
    for (unsigned i = 0; i < SALLY_ROLE_COUNT; i++) {
        enum sally_role_name name = (enum sally_role_name)i;

        if (r->host->role(r->owner, name) != SALLY_RELOAD_ASKED)
            continue;
        r->asked |= bit(name);
        r->waiting |= bit(name);
        if (r->host->give(r->owner, name, true))
            continue;
        fprintf(r->out, "the configuration cannot be given to the %s role: "
                        "%s\n",
                sally_role_text(name), strerror(errno));
        order_all(r, r->asked, SALLY_CONTROL_ABORT);
        refuse(r, now);
        return;
    }
    if (r->waiting == 0)
        commit(r, now);
}

static bool somebody_starts(const struct sally_reload *r)
{
    for (unsigned i = 0; i < SALLY_ROLE_COUNT; i++)
        if (r->host->role(r->owner, (enum sally_role_name)i) ==
            SALLY_RELOAD_STARTING)
            return true;
    return false;
}

static void begin(struct sally_reload *r, sally_usec now)
{
    if (somebody_starts(r))
        return; /* its READY or its end brings us back */
    r->again = false;
    r->out = open_memstream(&r->report, &r->report_size);
    if (r->out == NULL) {
        r->host->told(r->owner, false, "there is not enough memory\n");
        return;
    }
    if (r->host->read(r->owner, r->out) != 0)
        refuse(r, now);
    else
        prepare(r, now);
}

/* --- What happens --------------------------------------------------------- */

void sally_reload_request(struct sally_reload *r, sally_usec now)
{
    r->again = true;
    if (r->state == SALLY_RELOAD_IDLE)
        begin(r, now);
}

/* The role has given the answer of this step, for better or worse. */
static void go_on(struct sally_reload *r, enum sally_role_name name,
                  sally_usec now)
{
    if ((r->waiting & bit(name)) == 0)
        return;
    r->waiting &= ~bit(name);
    if (r->waiting != 0)
        return;
    if (r->state == SALLY_RELOAD_PREPARING)
        commit(r, now);
    else if (r->inner_first)
        commit_rest(r, now);
    else
        check_committed(r, now);
}

void sally_reload_reported(struct sally_reload *r, enum sally_role_name name,
                           enum sally_control what, sally_usec now)
{
    bool waited = (r->waiting & bit(name)) != 0;

    if (r->state == SALLY_RELOAD_IDLE) {
        if (r->again && what == SALLY_CONTROL_READY)
            begin(r, now);
        return;
    }
    if (r->state == SALLY_RELOAD_PREPARING) {
        if (waited && what == SALLY_CONTROL_REFUSED)
            give_up(r, name, "cannot do it", now);
        else if (what == SALLY_CONTROL_PREPARED)
            go_on(r, name, now);
        return;
    }
    if (what == SALLY_CONTROL_SETTLED)
        r->unsettled &= ~bit(name);
    if (what == SALLY_CONTROL_COMMITTED &&
        r->state == SALLY_RELOAD_COMMITTING)
        go_on(r, name, now);
    check_settled(r, now);
}

void sally_reload_died(struct sally_reload *r, enum sally_role_name name,
                       sally_usec now)
{
    if (r->state == SALLY_RELOAD_IDLE) {
        if (r->again)
            begin(r, now);
        return;
    }
    if ((r->asked & bit(name)) == 0)
        return;
    r->asked &= ~bit(name);
    r->unsettled &= ~bit(name);
    if (r->state == SALLY_RELOAD_PREPARING)
        give_up(r, name, "has died over it", now);
    else if (r->state == SALLY_RELOAD_COMMITTING)
        go_on(r, name, now);
    else
        check_settled(r, now);
}

/* The first of a set that is not empty. */
static enum sally_role_name first_of(unsigned set)
{
    unsigned i = 0;

    while ((set & 1u << i) == 0)
        i++;
    return (enum sally_role_name)i;
}

/* After the commit there is no way back: who hangs is ended, which is told by
 * sally_reload_died() and brings us on.                                     */
void sally_reload_expire(struct sally_reload *r, sally_usec now)
{
    unsigned late = r->state == SALLY_RELOAD_SETTLING ? r->unsettled
                                                      : r->waiting;

    if (r->state == SALLY_RELOAD_IDLE)
        return;
    if (r->state == SALLY_RELOAD_PREPARING) {
        give_up(r, first_of(r->waiting), "does not answer", now);
        return;
    }
    r->host->arm(r->owner, sally_after(now, SALLY_RELOAD_PATIENCE));
    for (unsigned i = 0; i < SALLY_ROLE_COUNT; i++)
        if ((late & 1u << i) != 0)
            r->host->kill(r->owner, (enum sally_role_name)i);
}
