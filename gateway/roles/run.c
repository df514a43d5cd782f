/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/run.c - CONTROL messages of the supervisor to calls of a
 * role's row.                                                               */
#include "roles/run.h"

#include "config/bundle.h"
#include "log/log.h"

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#define FRAMES 8 /* to the supervisor; it is told little */

struct sally_runner {
    const struct sally_role_row *row;
    struct sally_config *config;   /* owned; NULL: the role needs none */
    struct sally_config *next;     /* owned; being prepared */
    struct sally_config *previous; /* owned; something may be left of it */
    size_t timers;                 /* of the configuration in force */
    bool preparing;  /* since CONFIG, also when that came to nothing */
    bool incomplete; /* a descriptor that belongs to `next` was lost */
    bool committing, settled;
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

/* --- Reload -------------------------------------------------------------- */

size_t sally_runner_timers(const struct sally_config *c)
{
    size_t accounts = 0;

    for (size_t i = 0; i < c->sensor_count; i++)
        accounts += sally_config_accounts(&c->sensors[i]);
    return 64 + accounts;
}

/* A role that is not told of another one looked at it in create() only, and
 * with many sensors it is most of what such a process holds.                */
static void drop_unused(struct sally_runner *r)
{
    if (r->row->commit != NULL)
        return;
    r->context.config = NULL;
    sally_bundle_config_free(r->config);
    r->config = NULL;
    (void)malloc_trim(0);
}

/* The old configuration is needed no more. */
static void settle(struct sally_runner *r)
{
    sally_bundle_config_free(r->previous);
    r->previous = NULL;
    tell(r, SALLY_CONTROL_SETTLED, 0);
}

static void drop_next(struct sally_runner *r)
{
    if (r->next != NULL && r->row->abort != NULL)
        r->row->abort(r->role);
    r->preparing = false;
    r->context.next = NULL;
    sally_bundle_config_free(r->next);
    r->next = NULL;
}

/* Timers of both: what leaves and what comes may overlap for a while. */
static enum sally_err begin_preparing(struct sally_runner *r, int fd,
                                      sally_usec now)
{
    enum sally_err e = sally_bundle_load(fd, &r->next, stderr);

    if (e == SALLY_E_OK)
        e = sally_loop_grow(r->context.loop,
                            r->timers + sally_runner_timers(r->next));
    if (e == SALLY_E_OK && r->row->prepare != NULL)
        e = r->row->prepare(r->role, r->next, now);
    return e;
}

/* A refusal is told at PREPARE, when the supervisor waits for it. */
static void take_config(struct sally_runner *r, int fd, sally_usec now)
{
    enum sally_err e = SALLY_E_BAD_STATE;

    drop_next(r);
    r->preparing = true;
    if (r->previous == NULL && fd >= 0)
        e = begin_preparing(r, fd, now);
    if (e == SALLY_E_OK) {
        r->context.next = r->next;
        r->incomplete = false;
        return;
    }
    sally_log(SALLY_LOG_ERROR, "reload_not_prepared",
              SALLY_TEXT("why", sally_err_text(e)));
    sally_bundle_config_free(r->next); /* it has undone its part already */
    r->next = NULL;
}

static void finish_preparing(struct sally_runner *r)
{
    bool good = r->next != NULL && !r->incomplete &&
                (r->row->prepared == NULL ||
                 r->row->prepared(r->role) == SALLY_E_OK);

    tell(r, good ? SALLY_CONTROL_PREPARED : SALLY_CONTROL_REFUSED, 0);
}

/* One that cannot follow ends, and its successor begins with the new one. */
static void commit(struct sally_runner *r, sally_usec now)
{
    if (r->next == NULL) {
        r->ended(r->owner, 1);
        return;
    }
    r->preparing = false;
    r->previous = r->config;
    r->config = r->next;
    r->next = NULL;
    r->timers = sally_runner_timers(r->config);
    r->context.config = r->config;
    r->context.next = NULL;
    sally_log_configure(r->config->log.level, r->config->log.json,
                        r->config->log.syslog);
    r->committing = true;
    if (r->row->commit != NULL)
        r->row->commit(r->role, r->previous, now);
    r->committing = false;
    tell(r, SALLY_CONTROL_COMMITTED, 0);
    if (r->row->commit == NULL || r->settled)
        settle(r);
    r->settled = false;
    drop_unused(r);
}

static void report(void *runner, enum sally_control what)
{
    struct sally_runner *r = runner;

    if (what == SALLY_CONTROL_SETTLED) {
        r->settled = r->committing; /* what is committed is told first */
        if (!r->committing)
            settle(r);
        return;
    }
    tell(r, what, 0);
    if (what == SALLY_CONTROL_DONE || what == SALLY_CONTROL_FAILED)
        r->ended(r->owner, what == SALLY_CONTROL_DONE ? 0 : 1);
}

/* --- Orders -------------------------------------------------------------- */

/* It belongs to a configuration that could not be prepared, never to the one in
 * force.                                                                    */
static bool is_for_nobody(const struct sally_runner *r,
                          const struct sally_bus_control *c)
{
    return r->preparing && r->next == NULL &&
           (c->what == SALLY_CONTROL_KEYS ||
            c->what == SALLY_CONTROL_LOCAL_KEYS ||
            c->what == SALLY_CONTROL_LISTENER ||
            c->what == SALLY_CONTROL_PASSWORDS);
}

static bool may_lack(const struct sally_bus_control *c)
{
    return (c->what == SALLY_CONTROL_LISTENER &&
            c->extra == SALLY_LISTENER_NONE) ||
           (c->what == SALLY_CONTROL_PASSWORDS && c->number == 0) ||
           c->what == SALLY_CONTROL_RELOADED;
}

/* Those that bring a descriptor, which is then taken. It is lost on the way
 * when this process has no room for more; then it cannot be prepared. One that
 * the role has no use for is a bug of ours.                                 */
static bool take_descriptor(struct sally_runner *r,
                            const struct sally_bus_control *c, int fd)
{
    const struct sally_role_row *row = r->row;

    if (is_for_nobody(r, c))
        return false;
    if (fd < 0 && !may_lack(c)) {
        r->incomplete = true;
        return false;
    }
    switch ((enum sally_control)c->what) {
    case SALLY_CONTROL_PEER:
        if (row->on_peer == NULL)
            return false;
        row->on_peer(r->role, (enum sally_role_name)c->number, fd);
        return true;
    case SALLY_CONTROL_KEYS:
        if (row->on_keys == NULL)
            return false;
        row->on_keys(r->role, c->number, fd);
        return true;
    case SALLY_CONTROL_LOCAL_KEYS:
        if (row->on_local_keys == NULL)
            return false;
        row->on_local_keys(r->role, fd);
        return true;
    case SALLY_CONTROL_LISTENER:
        if (row->on_listener == NULL || (fd < 0 && r->context.next == NULL))
            return false;
        row->on_listener(r->role, (enum sally_listener)c->extra, c->number, fd);
        return true;
    case SALLY_CONTROL_PASSWORDS:
        if (row->on_passwords == NULL)
            return false;
        row->on_passwords(r->role, fd);
        return true;
    case SALLY_CONTROL_RELOADED:
        if (row->on_reloaded == NULL)
            return false;
        row->on_reloaded(r->role, c->number == 0, fd);
        return true;
    default:
        return false;
    }
}

static void obey(struct sally_runner *r, const struct sally_bus_control *c,
                 int fd, sally_usec now)
{
    switch ((enum sally_control)c->what) {
    case SALLY_CONTROL_CONFIG:
        take_config(r, fd, now);
        break;
    case SALLY_CONTROL_PREPARE:
        finish_preparing(r);
        break;
    case SALLY_CONTROL_COMMIT:
        commit(r, now);
        break;
    case SALLY_CONTROL_ABORT:
        drop_next(r);
        break;
    case SALLY_CONTROL_START:
        r->row->start(r->role, now);
        break;
    case SALLY_CONTROL_STOP:
        r->row->stop(r->role, now);
        break;
    default:
        if (take_descriptor(r, c, fd))
            return;
    }
    if (fd >= 0)
        (void)close(fd);
}

static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    struct sally_runner *r = owner;

    (void)b;
    if (m->type == SALLY_BUS_CONTROL)
        obey(r, &m->as.control, fd, now);
    else if (r->row->on_note != NULL)
        r->row->on_note(r->role, &m->as.note);
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
                                 struct sally_config *config, int bus_fd,
                                 void (*ended)(void *owner, int status),
                                 void *owner)
{
    struct sally_runner *r = calloc(1, sizeof(*r));
    enum sally_err e;

    if (r == NULL) {
        (void)close(bus_fd);
        sally_bundle_config_free(config);
        return SALLY_E_NO_MEMORY;
    }
    r->row = row;
    r->config = config;
    r->timers = sally_runner_timers(config);
    r->ended = ended;
    r->owner = owner;
    r->context =
        (struct sally_role_context){ loop, config, NULL, report, lost, r };
    e = sally_bus_open(&r->bus, loop, bus_fd, row->name, SALLY_SUPERVISOR,
                       FRAMES, &bus_upcalls, r);
    if (e == SALLY_E_OK)
        e = row->create(&r->role, &r->context);
    if (e != SALLY_E_OK) {
        sally_runner_close(r);
        return e;
    }
    drop_unused(r);
    *out = r;
    return SALLY_E_OK;
}

void sally_runner_close(struct sally_runner *r)
{
    if (r == NULL)
        return;
    r->row->destroy(r->role);
    sally_bus_close(r->bus);
    sally_bundle_config_free(r->config);
    sally_bundle_config_free(r->next);
    sally_bundle_config_free(r->previous);
    free(r);
}
