/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/supervisor.c - the life of the role processes.
 *
 * A role gets, over its bus: its listeners, its keys, an end of a bus to each
 * of its peers, then START. When a role dies it is started again, and every
 * peer of it gets a new bus; what the others do goes on meanwhile.          */
#include "supervisor.h"

#include "config/bundle.h"
#include "log/log.h"
#include "loop/signal.h"
#include "notify.h"
#include "privilege.h"
#include "roles/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUS_FD 3    /* of a role's process */
#define BUNDLE_FD 4
#define FRAMES 64
#define STOP_WAIT (10 * SALLY_SEC)
#define RESTART_WAIT (100 * SALLY_MSEC)   /* doubled while it keeps dying */
#define RESTART_WAIT_MAX (30 * SALLY_SEC)
#define STABLE (10 * SALLY_SEC) /* alive that long: not in a crash loop */

enum child_state { ABSENT, STARTING, RUNNING, STOPPING };

struct child {
    struct supervisor *supervisor;
    const struct sally_role_row *row;
    enum child_state state;
    pid_t pid;
    struct sally_bus *bus;
    struct sally_runner *runner; /* --single: instead of a process */
    struct sally_task reap;      /* --single: the runner has ended */
    struct sally_timer again;
    sally_usec since, wait;
    int status; /* of a runner that has ended */
};

struct supervisor {
    struct sally_assets *assets;
    struct sally_loop *loop;
    struct sally_signals *signals;
    struct sally_timer patience; /* for roles that do not stop */
    struct child children[SALLY_ROLE_COUNT];
    bool single, ready, stopping;
    int status;
};

/* In the order in which they are stopped: first nothing comes in any more,
 * then what there is goes out.                                              */
static const struct sally_role_row *const rows[] = {
    &sally_role_outer, &sally_role_inner, &sally_role_verifier,
    &sally_role_resolver, &sally_role_console,
};

/* Who talks to whom. */
static const struct {
    enum sally_role_name one, other;
} links[] = {
    { SALLY_OUTER, SALLY_INNER },   { SALLY_OUTER, SALLY_VERIFIER },
    { SALLY_OUTER, SALLY_CONSOLE }, { SALLY_INNER, SALLY_CONSOLE },
    { SALLY_INNER, SALLY_RESOLVER },
};

/* --- Telling a role ------------------------------------------------------ */

/* `fd` is the receiver's, or -1. */
static void order(struct child *c, enum sally_control what, uint32_t number,
                  uint32_t extra, int fd)
{
    struct sally_bus_message m;

    if (c->bus == NULL) { /* it is dying; its successor is told anew */
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    sally_bus_begin(&m, SALLY_BUS_CONTROL);
    m.as.control.what = (uint8_t)what;
    m.as.control.number = number;
    m.as.control.extra = extra;
    if ((fd < 0 ? sally_bus_send(c->bus, &m)
                : sally_bus_send_with(c->bus, &m, fd)) == SALLY_E_OK)
        return;
    sally_bus_flush(c->bus);
    sally_log(SALLY_LOG_ERROR, "order_lost",
              SALLY_TEXT("to", sally_role_text(c->row->name)));
}

/* A copy for the role; ours stays for the next time. */
static void lend(struct child *c, enum sally_control what, uint32_t number,
                 uint32_t extra, int fd)
{
    int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (copy >= 0)
        order(c, what, number, extra, copy);
}

static void connect_two(struct supervisor *s, enum sally_role_name one,
                        enum sally_role_name other)
{
    struct child *a = &s->children[one], *b = &s->children[other];
    int fd[2];

    if (a->bus == NULL || b->bus == NULL)
        return;
    if (sally_bus_pair(fd) != SALLY_E_OK) {
        sally_log(SALLY_LOG_ERROR, "no_bus", SALLY_NUMBER("errno", errno));
        return;
    }
    order(a, SALLY_CONTROL_PEER, other, 0, fd[0]);
    order(b, SALLY_CONTROL_PEER, one, 0, fd[1]);
}

/* A connection is made when both ends are there; a role that starts is
 * connected to those that run, and one that starts later does the rest.     */
static void connect_role(struct supervisor *s, enum sally_role_name name)
{
    for (size_t i = 0; i < SALLY_LEN(links); i++)
        if (links[i].one == name || links[i].other == name)
            connect_two(s, links[i].one, links[i].other);
}

static void equip_outer(struct child *c, const struct sally_assets *a)
{
    for (uint32_t i = 0; i < a->config.coap_count; i++)
        lend(c, SALLY_CONTROL_LISTENER, i, SALLY_LISTENER_COAP, a->coap[i]);
    for (uint32_t i = 0; i < a->config.mqtt_count; i++)
        lend(c, SALLY_CONTROL_LISTENER, i, SALLY_LISTENER_MQTT, a->mqtt[i]);
    lend(c, SALLY_CONTROL_PASSWORDS, 0, 0, a->passwords);
}

static void equip(struct child *c)
{
    const struct sally_assets *a = c->supervisor->assets;

    if (c->row->name == SALLY_OUTER)
        equip_outer(c, a);
    if (c->row->name == SALLY_CONSOLE)
        lend(c, SALLY_CONTROL_LISTENER, 0, SALLY_LISTENER_CONSOLE, a->console);
    for (size_t i = 0; c->row->name == SALLY_INNER && i < a->key_count; i++)
        lend(c, SALLY_CONTROL_KEY, a->keys[i].sensor, a->keys[i].account,
             a->keys[i].fd);
}

/* --- The end ------------------------------------------------------------- */

static void finish(struct supervisor *s)
{
    for (size_t i = 0; i < SALLY_ROLE_COUNT; i++)
        if (s->children[i].state != ABSENT)
            return;
    sally_loop_stop(s->loop);
}

/* Stops the next in line; the supporting roles go when both doors are shut. */
static void stop_next(struct supervisor *s)
{
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct child *c = &s->children[rows[i]->name];

        if (c->state == ABSENT)
            continue;
        if (c->state != STOPPING) {
            c->state = STOPPING;
            order(c, SALLY_CONTROL_STOP, 0, 0, -1);
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
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (s->children[rows[i]->name].state != RUNNING)
            return;
    s->ready = true;
    sally_log(SALLY_LOG_INFO, "ready",
              SALLY_NUMBER("sensors", s->assets->config.sensor_count),
              SALLY_NUMBER("servers", s->assets->config.server_count));
    sally_notify_manager("READY=1");
}

static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    struct child *c = owner;

    (void)b;
    (void)now;
    if (fd >= 0)
        (void)close(fd);
    if (m->as.control.what == SALLY_CONTROL_READY && c->state == STARTING) {
        c->state = RUNNING;
        check_ready(c->supervisor);
    }
    if (m->as.control.what == SALLY_CONTROL_FAILED &&
        !c->supervisor->ready)
        stop_all(c->supervisor, 1);
}

static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    struct child *c = owner;

    (void)b;
    (void)now;
    sally_bus_close(c->bus);
    c->bus = NULL;
    if (e == SALLY_E_MALFORMED && c->pid > 0)
        (void)kill(c->pid, SIGKILL); /* it breaks the rules of the bus */
}

static const struct sally_bus_upcalls bus_upcalls = { .on_message = on_message,
                                                      .on_gone = on_gone };

/* --- Starting ------------------------------------------------------------ */

static void become_role(const struct child *c, int bus, int bundle)
{
    /* Away from the numbers they go to, then there. */
    int high_bus = fcntl(bus, F_DUPFD, 10);
    int high_bundle = fcntl(bundle, F_DUPFD, 10);

    if (high_bus < 0 || high_bundle < 0 || dup2(high_bus, BUS_FD) < 0 ||
        dup2(high_bundle, BUNDLE_FD) < 0)
        _exit(1);
    (void)close(high_bus);
    (void)close(high_bundle);
    (void)execl("/proc/self/exe", "sallyportd", "--role",
                sally_role_text(c->row->name), (char *)NULL);
    _exit(1);
}

static bool spawn_process(struct child *c, int role_end)
{
    pid_t pid = fork();

    if (pid == 0)
        become_role(c, role_end, c->supervisor->assets->bundle);
    (void)close(role_end);
    c->pid = pid;
    return pid > 0;
}

static void runner_ended(void *owner, int status)
{
    struct child *c = owner;

    c->status = status;
    sally_loop_later(c->supervisor->loop, &c->reap); /* not under its feet */
}

static bool spawn_runner(struct child *c, int role_end)
{
    return sally_runner_open(&c->runner, c->row, c->supervisor->loop,
                             &c->supervisor->assets->config, role_end,
                             runner_ended, c) == SALLY_E_OK;
}

static bool spawn(struct child *c)
{
    struct supervisor *s = c->supervisor;
    int fd[2];

    if (sally_bus_pair(fd) != SALLY_E_OK)
        return false;
    if (sally_bus_open(&c->bus, s->loop, fd[0], SALLY_SUPERVISOR,
                       c->row->name, FRAMES + s->assets->key_count,
                       &bus_upcalls, c) != SALLY_E_OK) {
        (void)close(fd[1]);
        return false;
    }
    c->state = STARTING;
    c->since = sally_loop_now(s->loop);
    if (s->single ? spawn_runner(c, fd[1]) : spawn_process(c, fd[1]))
        return true;
    sally_bus_close(c->bus);
    c->bus = NULL;
    c->state = ABSENT;
    return false;
}

static void retry_later(struct child *c, sally_usec now)
{
    bool stable = now - c->since >= STABLE;

    c->wait = stable || c->wait == 0 ? RESTART_WAIT : c->wait * 2;
    if (c->wait > RESTART_WAIT_MAX)
        c->wait = RESTART_WAIT_MAX;
    sally_timer_set(c->supervisor->loop, &c->again, sally_after(now, c->wait));
}

static void start_again(void *owner, sally_usec now)
{
    struct child *c = owner;

    if (!spawn(c)) {
        retry_later(c, now);
        return;
    }
    equip(c);
    connect_role(c->supervisor, c->row->name);
    order(c, SALLY_CONTROL_START, 0, 0, -1);
}

static void on_death(struct child *c, int status, sally_usec now)
{
    struct supervisor *s = c->supervisor;

    sally_bus_close(c->bus);
    c->bus = NULL;
    c->pid = 0;
    c->state = ABSENT;
    if (s->stopping) {
        stop_next(s);
        return;
    }
    sally_log(SALLY_LOG_ERROR, "role_died",
              SALLY_TEXT("name", sally_role_text(c->row->name)),
              SALLY_NUMBER("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
              SALLY_NUMBER("status",
                           WIFEXITED(status) ? WEXITSTATUS(status) : 0));
    if (!s->ready)
        stop_all(s, 1); /* a start that fails is told, not repeated */
    else
        retry_later(c, now);
}

static void reap_runner(void *owner, sally_usec now)
{
    struct child *c = owner;

    sally_runner_close(c->runner);
    c->runner = NULL;
    on_death(c, c->status << 8, now);
}

static void reap_processes(struct supervisor *s, sally_usec now)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < SALLY_ROLE_COUNT; i++)
            if (s->children[i].pid == pid)
                on_death(&s->children[i], status, now);
}

static void on_signal(void *owner, int number, sally_usec now)
{
    struct supervisor *s = owner;

    if (number == SIGCHLD)
        reap_processes(s, now);
    else if (number == SIGHUP)
        sally_log(SALLY_LOG_WARNING, "reload_refused",
                  SALLY_TEXT("why", "this version reloads by a restart"));
    else
        stop_all(s, 0);
}

static bool start_all(struct supervisor *s)
{
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (!spawn(&s->children[rows[i]->name]))
            return false;
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        equip(&s->children[rows[i]->name]);
    for (size_t i = 0; i < SALLY_LEN(links); i++)
        connect_two(s, links[i].one, links[i].other);
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        order(&s->children[rows[i]->name], SALLY_CONTROL_START, 0, 0, -1);
    return true;
}

static size_t timers_for(const struct supervisor *s)
{
    size_t accounts = 0;

    for (size_t i = 0; i < s->assets->config.sensor_count; i++)
        accounts += s->assets->config.sensors[i].account_count;
    return 64 + accounts; /* --single runs the roles' timers here too */
}

static bool prepare(struct supervisor *s)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };

    if (sally_loop_open(&s->loop, timers_for(s)) != SALLY_E_OK ||
        sally_signals_open(&s->signals, s->loop, numbers, SALLY_LEN(numbers),
                           on_signal, s) != SALLY_E_OK)
        return false;
    sally_timer_init(&s->patience, on_patience, s);
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct child *c = &s->children[rows[i]->name];

        c->supervisor = s;
        c->row = rows[i];
        c->reap.run = reap_runner;
        c->reap.owner = c;
        sally_timer_init(&c->again, start_again, c);
    }
    return true;
}

/* What would be a hole in a gateway is what a debugger needs. */
static bool may_be_single(const struct sally_config *c)
{
    for (size_t i = 0; i < c->server_count; i++) {
        const char *host = c->servers[i].uri.host;

        if (strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
            strcmp(host, "localhost") == 0)
            continue;
        fprintf(stderr,
                "--single is for debugging: server %s is not on this machine\n",
                c->servers[i].name);
        return false;
    }
    return true;
}

int sally_supervisor_run(struct sally_assets *assets, bool single)
{
    struct supervisor s = { .assets = assets, .single = single };

    (void)signal(SIGPIPE, SIG_IGN);
    if (single && !may_be_single(&assets->config))
        return 1;
    sally_log_open("supervisor", assets->config.log.level,
                   assets->config.log.json, assets->config.log.syslog);
    if (!prepare(&s) || !start_all(&s)) {
        sally_log(SALLY_LOG_ERROR, "not_started",
                  SALLY_NUMBER("errno", errno));
        s.status = 1;
        for (size_t i = 0; i < SALLY_ROLE_COUNT; i++)
            if (s.children[i].pid > 0)
                (void)kill(s.children[i].pid, SIGKILL);
    } else {
        sally_loop_run(s.loop);
    }
    for (size_t i = 0; i < SALLY_ROLE_COUNT; i++) {
        sally_runner_close(s.children[i].runner);
        sally_bus_close(s.children[i].bus);
    }
    sally_signals_close(s.signals);
    sally_loop_close(s.loop);
    (void)unlink(assets->config.console_socket);
    sally_log(SALLY_LOG_INFO, "stopped", SALLY_NUMBER("status", s.status));
    return s.status;
}

/* --- A role's process ---------------------------------------------------- */

struct role_process {
    struct sally_loop *loop;
    int status;
};

static void process_ended(void *owner, int status)
{
    struct role_process *p = owner;

    p->status = status;
    sally_loop_stop(p->loop);
}

static const struct sally_role_row *row_named(const char *name)
{
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (strcmp(sally_role_text(rows[i]->name), name) == 0)
            return rows[i];
    return NULL;
}

static int run_role(const struct sally_role_row *row,
                    const struct sally_config *c)
{
    struct supervisor sizes = {
        .assets = &(struct sally_assets){ .config = *c }
    };
    struct role_process p = { .status = 1 };
    struct sally_runner *runner = NULL;

    sally_log_open(sally_role_text(row->name), c->log.level, c->log.json,
                   c->log.syslog);
    sally_privilege_limit_memory(c->memory_limit_mb);
    if (sally_loop_open(&p.loop, timers_for(&sizes)) != SALLY_E_OK)
        return 1;
    if (sally_runner_open(&runner, row, p.loop, c, BUS_FD, process_ended, &p) ==
        SALLY_E_OK)
        sally_loop_run(p.loop);
    sally_runner_close(runner);
    sally_loop_close(p.loop);
    return p.status;
}

int sally_supervisor_role(const char *name)
{
    const struct sally_role_row *row = row_named(name);
    struct sally_bundle bundle;
    struct sally_config config;
    int status = 1;

    if (row == NULL || sally_bundle_map(BUNDLE_FD, &bundle) != SALLY_E_OK) {
        fprintf(stderr, "--role is for the supervisor's use\n");
        return 2;
    }
    (void)close(BUNDLE_FD);
    (void)fcntl(BUS_FD, F_SETFD, FD_CLOEXEC);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN); /* of a terminal: the supervisor's to hear */
    (void)signal(SIGHUP, SIG_IGN);
    if (!sally_privilege_drop())
        fprintf(stderr, "cannot give up capabilities: %s\n", strerror(errno));
    else if (sally_config_load(bundle.files, bundle.count, &config, stderr) ==
             0)
        status = run_role(row, &config);
    sally_config_wipe(&config);
    sally_bundle_wipe(&bundle);
    return status;
}
