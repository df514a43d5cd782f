/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/supervisor.c - the life of the roles together.
 *
 * A role gets, over its bus: its listeners, its keys, an end of a bus to each
 * of its peers, then START. When a role dies it is started again, and every
 * peer of it gets a new bus; what the others do goes on meanwhile. A bus that
 * ended while both its ends live is replaced, too.                          */
#include "supervisor.h"

#include "child.h"
#include "log/log.h"
#include "loop/signal.h"
#include "notify.h"
#include "reload_host.h"
#include "role_process.h"
#include "roles/notes.h"
#include "security/heap.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_WAIT (10 * SALLY_SEC)
#define RESTART_WAIT (100 * SALLY_MSEC) /* doubled while it keeps dying */
#define RESTART_WAIT_MAX (30 * SALLY_SEC)
#define STABLE (10 * SALLY_SEC) /* alive that long: not in a crash loop */
#define MEND_WAIT (1 * SALLY_SEC) /* before lost buses are replaced */
#define LOOK_WAIT (1 * SALLY_SEC) /* between looks at the interfaces */

/* Who talks to whom. */
static const struct {
    enum sally_role_name one, other;
} links[] = {
    { SALLY_OUTER, SALLY_INNER },    { SALLY_OUTER, SALLY_VERIFIER },
    { SALLY_OUTER, SALLY_CONSOLE },  { SALLY_INNER, SALLY_CONSOLE },
    { SALLY_INNER, SALLY_RESOLVER }, { SALLY_INNER, SALLY_KEYHOLDER },
};

struct supervisor {
    struct sally_family family;
    struct sally_assets *assets;
    struct sally_loop *loop;
    struct sally_signals *signals;
    struct sally_timer patience; /* for roles that do not stop */
    struct sally_timer mend;     /* for links that are lost */
    struct sally_timer look;     /* for interfaces that come and go */
    bool mending, lost[SALLY_LEN(links)];
    struct sally_child children[SALLY_ROLE_COUNT];
    struct sally_reloading reloading;
    struct sally_notes notes;
    bool single, ready, stopping;
    int status;
};

static void mend_later(struct supervisor *s, size_t link)
{
    s->lost[link] = true;
    if (s->mending || s->stopping)
        return;
    s->mending = true;
    sally_timer_set(s->loop, &s->mend,
                    sally_after(sally_loop_now(s->loop), MEND_WAIT));
}

static void connect_two(struct supervisor *s, size_t link)
{
    enum sally_role_name one = links[link].one, other = links[link].other;
    struct sally_child *a = &s->children[one], *b = &s->children[other];
    int fd[2];

    s->lost[link] = false;
    if (a->bus == NULL || b->bus == NULL)
        return;
    if (sally_bus_pair(fd) != SALLY_E_OK) {
        sally_log(SALLY_LOG_ERROR, "no_bus",
                  SALLY_TEXT("one", sally_role_text(one)),
                  SALLY_TEXT("other", sally_role_text(other)),
                  SALLY_TEXT("why", errno == EMFILE || errno == ENFILE
                                        ? "raise the limit of open files, "
                                          "LimitNOFILE= of the service"
                                        : strerror(errno)));
        mend_later(s, link);
        return;
    }
    sally_child_order(a, SALLY_CONTROL_PEER, other, 0, fd[0]);
    sally_child_order(b, SALLY_CONTROL_PEER, one, 0, fd[1]);
}

/* A connection is made when both ends are there; a role that starts is
 * connected to those that run, and one that starts later does the rest.     */
static void connect_role(struct supervisor *s, enum sally_role_name name)
{
    for (size_t i = 0; i < SALLY_LEN(links); i++)
        if (links[i].one == name || links[i].other == name)
            connect_two(s, i);
}

static void mend_links(void *owner, sally_usec now)
{
    struct supervisor *s = owner;

    (void)now;
    s->mending = false;
    for (size_t i = 0; i < SALLY_LEN(links); i++)
        if (s->lost[i])
            connect_two(s, i);
}

/* Both ends tell, or the one that is left when the other has died: its start
 * then brings the new bus, and comes before this timer. One that is broken
 * again and again is replaced once a second.                                */
static void on_lost(struct supervisor *s, enum sally_role_name one,
                    uint32_t other)
{
    for (size_t i = 0; i < SALLY_LEN(links); i++)
        if ((links[i].one == one && links[i].other == other) ||
            (links[i].other == one && links[i].one == other))
            mend_later(s, i);
}

/* --- The end ------------------------------------------------------------- */

static void finish(struct supervisor *s)
{
    for (size_t i = 0; i < SALLY_ROLE_COUNT; i++)
        if (s->children[i].state != SALLY_CHILD_ABSENT)
            return;
    sally_loop_stop(s->loop);
}

/* Stops the next in line; the supporting roles go when both doors are shut. */
static void stop_next(struct supervisor *s)
{
    for (size_t i = 0; i < SALLY_ROLE_ROWS; i++) {
        struct sally_child *c = &s->children[sally_role_rows[i]->name];

        if (c->state == SALLY_CHILD_ABSENT)
            continue;
        if (c->state != SALLY_CHILD_STOPPING) {
            c->state = SALLY_CHILD_STOPPING;
            sally_child_order(c, SALLY_CONTROL_STOP, 0, 0, -1);
        }
        return;
    }
    finish(s);
}

static void stop_all(struct supervisor *s, int status)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->status = status;
    sally_notify_manager("STOPPING=1");
    sally_log(SALLY_LOG_INFO, "stopping", SALLY_NUMBER("status", status));
    sally_timer_set(s->loop, &s->mend, SALLY_NEVER);
    sally_timer_set(s->loop, &s->look, SALLY_NEVER);
    sally_timer_set(s->loop, &s->reloading.patience, SALLY_NEVER);
    for (size_t i = 0; i < SALLY_ROLE_COUNT; i++)
        sally_timer_set(s->loop, &s->children[i].again, SALLY_NEVER);
    sally_timer_set(s->loop, &s->patience,
                    sally_after(sally_loop_now(s->loop), STOP_WAIT));
    stop_next(s);
}

static void on_patience(void *owner, sally_usec now)
{
    struct supervisor *s = owner;

    (void)now;
    sally_log(SALLY_LOG_ERROR, "stop_forced", SALLY_NUMBER("after_s", 10));
    for (size_t i = 0; i < SALLY_ROLE_COUNT; i++)
        if (s->children[i].pid > 0)
            (void)kill(s->children[i].pid, SIGKILL);
    s->status = 1;
    if (s->single)
        sally_loop_stop(s->loop);
}

/* --- From a role --------------------------------------------------------- */

static void check_ready(struct supervisor *s)
{
    if (s->ready)
        return;
    for (size_t i = 0; i < SALLY_ROLE_ROWS; i++)
        if (s->children[sally_role_rows[i]->name].state != SALLY_CHILD_RUNNING)
            return;
    s->ready = true;
    if (s->single) /* the inner door's bound is not for what the others need */
        sally_heap_limit(SIZE_MAX);
    sally_log(SALLY_LOG_INFO, "ready",
              SALLY_NUMBER("sensors", s->assets->config.sensor_live),
              SALLY_NUMBER("servers", s->assets->config.server_count));
    sally_notify_manager("READY=1");
}

static void on_report(void *owner, struct sally_child *c,
                      const struct sally_bus_control *report)
{
    struct supervisor *s = owner;
    enum sally_control what = (enum sally_control)report->what;

    if (what == SALLY_CONTROL_LOST)
        on_lost(s, c->row->name, report->number);
    if (what == SALLY_CONTROL_READY && c->state == SALLY_CHILD_STARTING) {
        c->state = SALLY_CHILD_RUNNING;
        sally_notes_go_on(&s->notes); /* that the inner door died, say */
        check_ready(s);
    }
    if (what == SALLY_CONTROL_FAILED && !s->ready)
        stop_all(s, 1);
    if (s->stopping || !s->ready)
        return;
    if (what == SALLY_CONTROL_RELOAD)
        sally_reloading_request(&s->reloading, true, sally_loop_now(s->loop));
    else
        sally_reload_reported(&s->reloading.steps, c->row->name, what,
                              sally_loop_now(s->loop));
}

/* --- Starting ------------------------------------------------------------ */

static void retry_later(struct sally_child *c, sally_usec now)
{
    bool stable = now - c->since >= STABLE;

    c->wait = stable || c->wait == 0 ? RESTART_WAIT : c->wait * 2;
    if (c->wait > RESTART_WAIT_MAX)
        c->wait = RESTART_WAIT_MAX;
    sally_timer_set(c->family->loop, &c->again, sally_after(now, c->wait));
}

/* It cannot be given what it needs: it is started again like one that died. */
static void give_up_child(struct supervisor *s, const struct sally_child *c)
{
    if (c->pid > 0)
        (void)kill(c->pid, SIGKILL);
    else
        stop_all(s, 1);
}

static void start_again(void *owner, sally_usec now)
{
    struct sally_child *c = owner;
    struct supervisor *s = c->family->owner;

    if (sally_reload_holds(&s->reloading.steps)) {
        sally_timer_set(s->loop, &c->again, sally_after(now, RESTART_WAIT));
        return;
    }
    if (!sally_child_spawn(c)) {
        retry_later(c, now);
        return;
    }
    if (!sally_child_equip(c)) {
        give_up_child(s, c);
        return;
    }
    connect_role(s, c->row->name);
    sally_child_order(c, SALLY_CONTROL_START, 0, 0, -1);
}

static void on_ended(void *owner, struct sally_child *c, int status,
                     sally_usec now)
{
    struct supervisor *s = owner;

    sally_child_bury(c);
    if (s->stopping) {
        stop_next(s);
        return;
    }
    sally_log(
        SALLY_LOG_ERROR, "role_died",
        SALLY_TEXT("name", sally_role_text(c->row->name)),
        SALLY_NUMBER("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
        SALLY_NUMBER("status", WIFEXITED(status) ? WEXITSTATUS(status) : 0));
    if (!s->ready)
        stop_all(s, 1); /* a start that fails is told, not repeated */
    else
        retry_later(c, now);
    if (!s->stopping)
        sally_reload_died(&s->reloading.steps, c->row->name, now);
}

static void reap_processes(struct supervisor *s, sally_usec now)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < SALLY_ROLE_COUNT; i++)
            if (s->children[i].pid == pid)
                on_ended(s, &s->children[i], status, now);
}

static void on_signal(void *owner, int number, sally_usec now)
{
    struct supervisor *s = owner;

    if (number == SIGCHLD)
        reap_processes(s, now);
    else if (number != SIGHUP)
        stop_all(s, 0);
    else if (!s->stopping)
        sally_reloading_request(&s->reloading, false, now);
}

static void on_bound(void *owner, uint32_t slot,
                     const struct sally_socket *one)
{
    struct supervisor *s = owner;

    sally_child_listen(&s->children[SALLY_OUTER], slot, one);
}

static void on_look(void *owner, sally_usec now)
{
    struct supervisor *s = owner;

    if (!sally_reload_holds(&s->reloading.steps))
        sally_sockets_poll(&s->assets->sockets, on_bound, s);
    sally_timer_set(s->loop, &s->look, sally_after(now, LOOK_WAIT));
}

static bool start_all(struct supervisor *s)
{
    for (size_t i = 0; i < SALLY_ROLE_ROWS; i++)
        if (!sally_child_spawn(&s->children[sally_role_rows[i]->name]))
            return false;
    for (size_t i = 0; i < SALLY_ROLE_ROWS; i++)
        if (!sally_child_equip(&s->children[sally_role_rows[i]->name]))
            return false;
    for (size_t i = 0; i < SALLY_LEN(links); i++)
        connect_two(s, i);
    for (size_t i = 0; i < SALLY_ROLE_ROWS; i++)
        sally_child_order(&s->children[sally_role_rows[i]->name],
                          SALLY_CONTROL_START, 0, 0, -1);
    on_look(s, sally_loop_now(s->loop));
    return true;
}

/* Signals have their handlers; what was held back meanwhile comes now. */
static void hear_hangups(void)
{
    sigset_t held;

    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGHUP);
    (void)sigprocmask(SIG_UNBLOCK, &held, NULL);
}

static bool prepare(struct supervisor *s)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };

    if (sally_loop_open(&s->loop, sally_runner_timers(&s->assets->config)) !=
            SALLY_E_OK ||
        sally_signals_open(&s->signals, s->loop, numbers, SALLY_LEN(numbers),
                           on_signal, s) != SALLY_E_OK)
        return false;
    hear_hangups();
    s->family = (struct sally_family){ .assets = s->assets,
                                       .loop = s->loop,
                                       .single = s->single,
                                       .on_report = on_report,
                                       .on_ended = on_ended,
                                       .owner = s };
    sally_reloading_init(&s->reloading, &s->family, s->children);
    sally_timer_init(&s->patience, on_patience, s);
    sally_timer_init(&s->mend, mend_links, s);
    sally_timer_init(&s->look, on_look, s);
    for (size_t i = 0; i < SALLY_ROLE_ROWS; i++) {
        struct sally_child *c = &s->children[sally_role_rows[i]->name];

        sally_child_init(c, &s->family, sally_role_rows[i]);
        sally_timer_init(&c->again, start_again, c);
    }
    sally_assets_rest(s->assets);
    return true;
}

int sally_supervisor_run(struct sally_assets *assets, bool single)
{
    struct supervisor s = { .assets = assets, .single = single };

    (void)signal(SIGPIPE, SIG_IGN);
    if (single && sally_reloading_check_single(&assets->config, stderr) != 0)
        return 1;
    sally_log_open("supervisor", assets->config.log.level,
                   assets->config.log.json, assets->config.log.syslog);
    sally_notes_open(&s.notes, &s.children[SALLY_INNER].bus);
    if (!prepare(&s) || !start_all(&s)) {
        sally_log(SALLY_LOG_ERROR, "not_started", SALLY_NUMBER("errno", errno));
        s.status = 1;
        for (size_t i = 0; i < SALLY_ROLE_COUNT; i++)
            if (s.children[i].pid > 0)
                (void)kill(s.children[i].pid, SIGKILL);
    } else {
        sally_loop_run(s.loop);
    }
    for (size_t i = 0; i < SALLY_ROLE_COUNT; i++) {
        sally_runner_close(s.children[i].runner);
        sally_child_bury(&s.children[i]);
    }
    sally_notes_close(&s.notes);
    sally_reloading_wipe(&s.reloading);
    sally_signals_close(s.signals);
    sally_loop_close(s.loop);
    (void)unlink(assets->config.console_socket);
    sally_log(SALLY_LOG_INFO, "stopped", SALLY_NUMBER("status", s.status));
    return s.status;
}
