/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/child.c - starts a role as a process, or as a runner in this one,
 * and speaks to it over its bus.                                            */
#include "child.h"

#include "config/bundle.h"
#include "log/log.h"
#include "role_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define FRAMES 64

/* --- Orders --------------------------------------------------------------- */

/* One that waits until the bus has room. */
struct sally_child_waiting {
    struct sally_bus_control control;
    int fd; /* owned; -1: none */
};

static bool say(struct sally_child *c, const struct sally_bus_control *control,
                int fd)
{
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_CONTROL);
    m.as.control = *control;
    if ((fd < 0 ? sally_bus_send(c->bus, &m)
                : sally_bus_send_with(c->bus, &m, fd)) == SALLY_E_OK)
        return true;
    sally_log(SALLY_LOG_ERROR, "order_lost",
              SALLY_TEXT("to", sally_role_text(c->row->name)));
    errno = ENOBUFS;
    return false;
}

/* A role that is busy for long, as with the keys of thousands of sensors, does
 * not take its orders. What the bus has no room for waits here.             */
static bool put_off(struct sally_child *c,
                    const struct sally_bus_control *control, int fd)
{
    size_t room = c->room == 0 ? 64 : 2 * c->room;
    struct sally_child_waiting *more =
        c->count < c->room ? c->waiting
                           : realloc(c->waiting, room * sizeof(*more));

    if (more == NULL) {
        if (fd >= 0)
            (void)close(fd);
        errno = ENOMEM;
        return false;
    }
    c->room = c->count < c->room ? c->room : room;
    c->waiting = more;
    c->waiting[c->count++] = (struct sally_child_waiting){ *control, fd };
    return true;
}

static void forget_waiting(struct sally_child *c)
{
    for (size_t i = c->said; i < c->count; i++)
        if (c->waiting[i].fd >= 0)
            (void)close(c->waiting[i].fd);
    free(c->waiting);
    c->waiting = NULL;
    c->said = c->count = c->room = 0;
}

static void say_waiting(struct sally_child *c)
{
    while (c->said < c->count && sally_bus_ready(c->bus)) {
        const struct sally_child_waiting *w = &c->waiting[c->said++];

        (void)say(c, &w->control, w->fd);
    }
    if (c->said == c->count)
        forget_waiting(c);
}

bool sally_child_order(struct sally_child *c, enum sally_control what,
                       uint32_t number, uint32_t extra, int fd)
{
    const struct sally_bus_control control = { (uint8_t)what, number, extra };

    if (c->bus == NULL) { /* it is dying; its successor is told anew */
        if (fd >= 0)
            (void)close(fd);
        return true;
    }
    if (c->count == 0 && sally_bus_ready(c->bus))
        return say(c, &control, fd);
    return put_off(c, &control, fd);
}

/* A copy for the role; ours stays for the next time. */
static bool lend(struct sally_child *c, enum sally_control what,
                 uint32_t number, uint32_t extra, int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (copy >= 0)
        return sally_child_order(c, what, number, extra, copy);
    sally_log(SALLY_LOG_ERROR, "no_descriptor",
              SALLY_TEXT("to", sally_role_text(c->row->name)),
              SALLY_TEXT("why", "raise the limit of open files, "
                                "LimitNOFILE= of the service"));
    errno = EMFILE;
    return false;
}

static bool lend_passwords(struct sally_child *c, const struct sally_assets *a)
{
    return a->passwords < 0
               ? sally_child_order(c, SALLY_CONTROL_PASSWORDS, 0, 0, -1)
               : lend(c, SALLY_CONTROL_PASSWORDS, 1, 0, a->passwords);
}

bool sally_child_listen(struct sally_child *c, uint32_t slot,
                        const struct sally_socket *one)
{
    return one->fd < 0 ||
           lend(c, SALLY_CONTROL_LISTENER, slot, one->kind, one->fd);
}

static bool equip_outer(struct sally_child *c, const struct sally_assets *a)
{
    bool good = lend_passwords(c, a) &&
                lend(c, SALLY_CONTROL_LOCAL_KEYS, 0, 0, a->local.keyring);

    for (uint32_t i = 0; good && i < SALLY_SOCKETS_MAX; i++)
        good = sally_child_listen(c, i, &a->sockets.slot[i]);
    return good;
}

/* In one process nobody could wait for an answer of the keyholder. */
static bool equip_inner(struct sally_child *c, const struct sally_assets *a)
{
    return (!c->family->single ||
            lend(c, SALLY_CONTROL_KEYS, 0, 0, a->holder)) &&
           lend(c, SALLY_CONTROL_KEYS, 0, 0, a->keys.keyring) &&
           (a->master < 0 || lend(c, SALLY_CONTROL_KEYS, 0, 0, a->master));
}

bool sally_child_equip(struct sally_child *c)
{
    const struct sally_assets *a = c->family->assets;

    if (c->row->name == SALLY_OUTER)
        return equip_outer(c, a);
    if (c->row->name == SALLY_CONSOLE)
        return lend(c, SALLY_CONTROL_LISTENER, 0, SALLY_LISTENER_CONSOLE,
                    a->console);
    if (c->row->name == SALLY_KEYHOLDER)
        return lend(c, SALLY_CONTROL_KEYS, 0, 0, a->holder);
    return c->row->name != SALLY_INNER || equip_inner(c, a);
}

/* --- The next configuration ----------------------------------------------- */

/* Sockets that are new, and slots that are left empty. */
static bool give_listeners(struct sally_child *c,
                           const struct sally_sockets *running,
                           const struct sally_sockets *next)
{
    bool good = true;

    for (uint32_t i = 0; good && i < SALLY_SOCKETS_MAX; i++) {
        const struct sally_socket *old = &running->slot[i];
        const struct sally_socket *one = &next->slot[i];

        if (sally_sockets_same(old, one) && old->fd >= 0)
            continue;
        good = one->fd < 0 ? sally_child_order(c, SALLY_CONTROL_LISTENER, i,
                                               SALLY_LISTENER_NONE, -1)
                           : sally_child_listen(c, i, one);
    }
    return good;
}

bool sally_child_give(struct sally_child *c, const struct sally_assets *next,
                      bool asked)
{
    const struct sally_assets *a = c->family->assets;
    bool good;

    if (c->bus == NULL)
        return true;
    good = lend(c, SALLY_CONTROL_CONFIG, 0, 0, next->bundle);
    if (good && c->row->name == SALLY_OUTER)
        good = give_listeners(c, &a->sockets, &next->sockets) &&
               lend_passwords(c, next) &&
               lend(c, SALLY_CONTROL_LOCAL_KEYS, 0, 0, next->local.keyring);
    if (good && c->row->name == SALLY_INNER)
        good = lend(c, SALLY_CONTROL_KEYS, next->plan.generation, 0,
                    next->keys.keyring);
    if (good && asked)
        good = sally_child_order(c, SALLY_CONTROL_PREPARE, 0, 0, -1);
    return good;
}

/* --- From the role ------------------------------------------------------- */

static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    struct sally_child *c = owner;

    (void)b;
    (void)now;
    if (fd >= 0)
        (void)close(fd);
    c->family->on_report(c->family->owner, c, &m->as.control);
}

static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    struct sally_child *c = owner;

    (void)b;
    (void)now;
    sally_bus_close(c->bus);
    c->bus = NULL;
    forget_waiting(c);
    if (e == SALLY_E_MALFORMED && c->pid > 0)
        (void)kill(c->pid, SIGKILL); /* it breaks the rules of the bus */
}

static void on_room(void *owner, struct sally_bus *b, sally_usec now)
{
    (void)b;
    (void)now;
    say_waiting(owner);
}

static const struct sally_bus_upcalls bus_upcalls = { .on_message = on_message,
                                                      .on_room = on_room,
                                                      .on_gone = on_gone };

/* --- Starting ------------------------------------------------------------ */

static void become_role(const struct sally_child *c, int bus, int bundle)
{
    /* Away from the numbers they go to, then there. */
    int high_bus = fcntl(bus, F_DUPFD, 10);
    int high_bundle = fcntl(bundle, F_DUPFD, 10);

    if (high_bus < 0 || high_bundle < 0 ||
        dup2(high_bus, SALLY_ROLE_BUS_FD) < 0 ||
        dup2(high_bundle, SALLY_ROLE_BUNDLE_FD) < 0)
        _exit(1);
    (void)close(high_bus);
    (void)close(high_bundle);
    (void)execl("/proc/self/exe", "sallyportd", "--role",
                sally_role_text(c->row->name), (char *)NULL);
    _exit(1);
}

static bool spawn_process(struct sally_child *c, int role_end)
{
    pid_t pid = fork();

    if (pid == 0)
        become_role(c, role_end, c->family->assets->bundle);
    (void)close(role_end);
    c->pid = pid;
    return pid > 0;
}

static void runner_ended(void *owner, int status)
{
    struct sally_child *c = owner;

    c->status = status;
    sally_loop_later(c->family->loop, &c->reap); /* not under its feet */
}

static bool spawn_runner(struct sally_child *c, int role_end)
{
    struct sally_config *config;

    if (sally_bundle_load(c->family->assets->bundle, &config, stderr) !=
        SALLY_E_OK) {
        (void)close(role_end);
        return false;
    }
    return sally_runner_open(&c->runner, c->row, c->family->loop, config,
                             role_end, runner_ended, c) == SALLY_E_OK;
}

bool sally_child_spawn(struct sally_child *c)
{
    struct sally_family *f = c->family;
    int fd[2];

    if (sally_bus_pair(fd) != SALLY_E_OK)
        return false;
    if (sally_bus_open(&c->bus, f->loop, fd[0], SALLY_SUPERVISOR, c->row->name,
                       FRAMES, &bus_upcalls,
                       c) != SALLY_E_OK) {
        (void)close(fd[1]);
        return false;
    }
    c->state = SALLY_CHILD_STARTING;
    c->since = sally_loop_now(f->loop);
    if (f->single ? spawn_runner(c, fd[1]) : spawn_process(c, fd[1]))
        return true;
    sally_child_bury(c);
    return false;
}

void sally_child_bury(struct sally_child *c)
{
    sally_bus_close(c->bus);
    c->bus = NULL;
    forget_waiting(c);
    c->pid = 0;
    c->state = SALLY_CHILD_ABSENT;
}

static void reap_runner(void *owner, sally_usec now)
{
    struct sally_child *c = owner;

    sally_runner_close(c->runner);
    c->runner = NULL;
    c->family->on_ended(c->family->owner, c, c->status << 8, now);
}

void sally_child_init(struct sally_child *c, struct sally_family *family,
                      const struct sally_role_row *row)
{
    *c = (struct sally_child){ .family = family, .row = row };
    c->reap.run = reap_runner;
    c->reap.owner = c;
}
