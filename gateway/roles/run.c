/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/run.c - CONTROL messages of the supervisor to calls of a
 * role's row.                                                               */
#include "roles/run.h"

#include "log/log.h"

#include <stdlib.h>
#include <unistd.h>

#define FRAMES 8 /* to the supervisor; it is told little */

struct sally_runner {
    const struct sally_role_row *row;
    struct sally_role_context context;
    struct sally_bus *bus;
    void *role;
    void (*ended)(void *owner, int status);
    void *owner;
};

static void tell(struct sally_runner *r, enum sally_control what,
                 uint32_t number)
{
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_CONTROL);
    m.as.control.what = (uint8_t)what;
    m.as.control.number = number;
    if (sally_bus_send(r->bus, &m) == SALLY_E_OK)
        sally_bus_flush(r->bus);
}

static void lost(void *runner, enum sally_role_name peer, enum sally_err why)
{
    if (why == SALLY_E_MALFORMED)
        sally_log(SALLY_LOG_ERROR, "bus_broken",
                  SALLY_TEXT("peer", sally_role_text(peer)),
                  SALLY_TEXT("why", sally_err_text(why)));
    tell(runner, SALLY_CONTROL_LOST, (uint32_t)peer);
}

static void report(void *runner, enum sally_control what)
{
    struct sally_runner *r = runner;

    tell(r, what, 0);
    if (what == SALLY_CONTROL_DONE || what == SALLY_CONTROL_FAILED)
        r->ended(r->owner, what == SALLY_CONTROL_DONE ? 0 : 1);
}

/* Each order by what it is. One that the role has no use for, or that lacks
 * its descriptor, is a bug of ours: the descriptor is closed, no more.      */
static void obey(struct sally_runner *r, const struct sally_bus_control *c,
                 int fd, sally_usec now)
{
    const struct sally_role_row *row = r->row;

    switch ((enum sally_control)c->what) {
    case SALLY_CONTROL_PEER:
        if (row->on_peer != NULL && fd >= 0) {
            row->on_peer(r->role, (enum sally_role_name)c->number, fd);
            return;
        }
        break;
    case SALLY_CONTROL_KEY:
        if (row->on_key != NULL && fd >= 0) {
            row->on_key(r->role, c->number, c->extra, fd);
            return;
        }
        break;
    case SALLY_CONTROL_LISTENER:
        if (row->on_listener != NULL && fd >= 0) {
            row->on_listener(r->role, (enum sally_listener)c->extra, c->number,
                             fd);
            return;
        }
        break;
    case SALLY_CONTROL_PASSWORDS:
        if (row->on_passwords != NULL && fd >= 0) {
            row->on_passwords(r->role, fd);
            return;
        }
        break;
    case SALLY_CONTROL_START:
        row->start(r->role, now);
        break;
    case SALLY_CONTROL_STOP:
        row->stop(r->role, now);
        break;
    case SALLY_CONTROL_READY:
    case SALLY_CONTROL_DONE:
    case SALLY_CONTROL_FAILED:
    case SALLY_CONTROL_LOST:
        break;
    }
    if (fd >= 0)
        (void)close(fd);
}

static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    (void)b;
    obey(owner, &m->as.control, fd, now);
}

/* Nobody would restart or stop us any more. */
static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    struct sally_runner *r = owner;

    (void)b;
    (void)now;
    sally_log(SALLY_LOG_ERROR, "supervisor_lost",
              SALLY_TEXT("why", sally_err_text(e)));
    r->ended(r->owner, 1);
}

static const struct sally_bus_upcalls bus_upcalls = { .on_message = on_message,
                                                      .on_gone = on_gone };

enum sally_err sally_runner_open(struct sally_runner **out,
                                 const struct sally_role_row *row,
                                 struct sally_loop *loop,
                                 const struct sally_config *config, int bus_fd,
                                 void (*ended)(void *owner, int status),
                                 void *owner)
{
    struct sally_runner *r = calloc(1, sizeof(*r));
    enum sally_err e;

    if (r == NULL) {
        (void)close(bus_fd);
        return SALLY_E_NO_MEMORY;
    }
    r->row = row;
    r->ended = ended;
    r->owner = owner;
    r->context =
        (struct sally_role_context){ loop, config, report, lost, r };
    e = sally_bus_open(&r->bus, loop, bus_fd, row->name, SALLY_SUPERVISOR,
                       FRAMES, &bus_upcalls, r);
    if (e == SALLY_E_OK)
        e = row->create(&r->role, &r->context);
    if (e != SALLY_E_OK) {
        sally_runner_close(r);
        return e;
    }
    *out = r;
    return SALLY_E_OK;
}

void sally_runner_close(struct sally_runner *r)
{
    if (r == NULL)
        return;
    r->row->destroy(r->role);
    sally_bus_close(r->bus);
    free(r);
}
