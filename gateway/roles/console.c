/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/console.c - hosts the operator's door: a UNIX socket for
 * questions, buses to both doors for the answers. It holds no key and sees no
 * byte of a sensor.                                                         */
#include "console/console.h"
#include "log/log.h"
#include "loop/tcp.h"
#include "roles/notes.h"
#include "roles/role.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUS_FRAMES 8
#define REPORT_MAX 65536 /* bytes about a reload */
#define GROUPS_MAX 64 /* of a peer that are looked at */

struct console {
    const struct sally_role_context *context;
    struct sally_console *engine;
    struct sally_tcp_listener *listener;
    struct sally_timer timer;
    struct sally_bus *outer, *inner;
    struct sally_notes notes;
    gid_t group; /* of the socket: its members may ask */
    bool has_group;
};

/* A connection as the engine sees it. */
struct line {
    struct console *console;
    struct sally_tcp *tcp;
    struct sally_console_session *session;
    struct sally_task hang_up;
    uid_t uid; /* whose process is at the other end */
};

static struct sally_bus **bus_of(struct console *c, enum sally_role_name door)
{
    return door == SALLY_OUTER ? &c->outer : &c->inner;
}

static void arm(struct console *c)
{
    sally_timer_set(c->context->loop, &c->timer,
                    sally_console_deadline(c->engine));
}

/* --- The engine's host --------------------------------------------------- */

static bool ask(void *owner, enum sally_role_name door,
                struct sally_bus_message *query)
{
    struct sally_bus *b = *bus_of(owner, door);

    return b != NULL && sally_bus_send(b, query) == SALLY_E_OK;
}

static void pump(void *owner, void *peer, sally_usec now)
{
    struct line *line = peer;

    (void)owner;
    sally_tcp_pump(line->tcp, now);
}

static sally_msec_utc utc(void *owner)
{
    const struct console *c = owner;

    return sally_loop_utc(c->context->loop);
}

static bool reload(void *owner, void *peer)
{
    const struct console *c = owner;
    const struct line *line = peer;

    sally_log(SALLY_LOG_INFO, "reload_asked", SALLY_NUMBER("uid", line->uid));
    c->context->report(c->context->runner, SALLY_CONTROL_RELOAD);
    return true;
}

static void ordered(void *owner, void *peer, const char *verb,
                    const char *sensor)
{
    const struct line *line = peer;

    (void)owner;
    sally_log(SALLY_LOG_INFO, "order_given", SALLY_TEXT("verb", verb),
              SALLY_TEXT("sensor", sensor), SALLY_NUMBER("uid", line->uid));
}

static const struct sally_console_host host = { .ask = ask,
                                                .reload = reload,
                                                .ordered = ordered,
                                                .pump = pump,
                                                .utc = utc };

static void on_timer(void *owner, sally_usec now)
{
    struct console *c = owner;

    sally_console_expire(c->engine, now);
    arm(c);
}

/* --- Who may ask --------------------------------------------------------- */

static bool in_group(int fd, gid_t primary, gid_t wanted)
{
    gid_t groups[GROUPS_MAX];
    socklen_t size = sizeof(groups);

    if (primary == wanted)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0)
        return false;
    for (size_t i = 0; i < size / sizeof(groups[0]); i++)
        if (groups[i] == wanted)
            return true;
    return false;
}

/* Root, the user that the gateway runs as, and the socket's group: the mode of
 * the socket's file says the same, but a file can be changed.               */
static bool may_ask(const struct console *c, int fd, uid_t *uid)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return false;
    *uid = peer.uid;
    if (peer.uid == 0 || peer.uid == geteuid() ||
        (c->has_group && in_group(fd, peer.gid, c->group)))
        return true;
    sally_log(SALLY_LOG_WARNING, "console_refused",
              SALLY_NUMBER("uid", peer.uid));
    return false;
}

/* --- Connections --------------------------------------------------------- */

static void end_line(struct line *line)
{
    sally_loop_cancel(&line->hang_up);
    sally_console_close(line->session);
    arm(line->console);
    free(line);
}

static void hang_up(void *owner, sally_usec now)
{
    struct line *line = owner;

    (void)now;
    sally_tcp_close(line->tcp);
    end_line(line);
}

static void *on_accept(void *owner, struct sally_tcp *tcp,
                       const struct sally_bus_address *peer, sally_usec now)
{
    struct console *c = owner;
    struct line *line;
    uid_t uid;

    (void)peer;
    if (!may_ask(c, sally_tcp_descriptor(tcp), &uid))
        return NULL;
    line = calloc(1, sizeof(*line));
    if (line == NULL)
        return NULL;
    line->console = c;
    line->tcp = tcp;
    line->uid = uid;
    line->hang_up.run = hang_up;
    line->hang_up.owner = line;
    line->session = sally_console_open(c->engine, line, now);
    if (line->session == NULL) {
        free(line);
        return NULL;
    }
    arm(c);
    return line;
}

static void on_bytes(void *engine, struct sally_span bytes, sally_usec now)
{
    struct line *line = engine;

    sally_console_input(line->session, bytes, now);
    arm(line->console);
}

/* A connection cannot be closed while it asks for output: at the end of the
 * turn it is.                                                               */
static struct sally_span output(void *engine, sally_usec now)
{
    struct line *line = engine;
    struct sally_span out = sally_console_output(line->session, now);

    if (out.len == 0 && sally_console_over(line->session))
        sally_loop_later(line->console->context->loop, &line->hang_up);
    return out;
}

static void sent(void *engine, size_t n)
{
    struct line *line = engine;

    sally_console_sent(line->session, n);
}

static void on_closed(void *engine, sally_usec now)
{
    (void)now;
    end_line(engine);
}

static const struct sally_tcp_upcalls tcp_upcalls = { on_accept, on_bytes,
                                                      output, sent,
                                                      on_closed };

/* --- Buses --------------------------------------------------------------- */

static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    struct console *c = owner;

    (void)fd;
    if (m->type != SALLY_BUS_ROW)
        return;
    sally_console_row(c->engine, sally_bus_peer(b), &m->as.row, now);
    arm(c);
}

static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    struct console *c = owner;
    enum sally_role_name door = sally_bus_peer(b);

    *bus_of(c, door) = NULL;
    sally_bus_close(b);
    c->context->lost(c->context->runner, door, e);
    sally_console_gone(c->engine, door, now);
}

static const struct sally_bus_upcalls bus_upcalls = { .on_message = on_message,
                                                      .on_gone = on_gone };

static void on_peer(void *role, enum sally_role_name peer, int fd)
{
    struct console *c = role;
    struct sally_bus **bus = bus_of(c, peer);

    if (peer != SALLY_OUTER && peer != SALLY_INNER) {
        (void)close(fd);
        return;
    }
    sally_bus_close(*bus);
    *bus = NULL;
    sally_console_gone(c->engine, peer, sally_loop_now(c->context->loop));
    if (sally_bus_open(bus, c->context->loop, fd, SALLY_CONSOLE, peer,
                       BUS_FRAMES, &bus_upcalls, c) != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "bus_failed",
                  SALLY_TEXT("peer", sally_role_text(peer)));
    sally_notes_go_on(&c->notes);
}

static void on_listener(void *role, enum sally_listener kind, uint32_t index,
                        int fd)
{
    static const struct sally_tcp_limits limits = {
        .connections = SALLY_CONSOLE_SESSIONS
    };
    struct console *c = role;
    struct stat file;

    (void)index;
    if (kind != SALLY_LISTENER_CONSOLE || c->listener != NULL) {
        (void)close(fd);
        return;
    }
    c->has_group = stat(c->context->config->console_socket, &file) == 0;
    c->group = c->has_group ? file.st_gid : 0;
    if (sally_tcp_listen(&c->listener, c->context->loop, fd, &limits,
                         &tcp_upcalls, c) != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "console_not_opened",
                  SALLY_TEXT("socket", c->context->config->console_socket));
}

/* --- Reload -------------------------------------------------------------- */

/* Whoever asked is told; without a report, where it can be found. */
static void on_reloaded(void *role, bool done, int fd)
{
    static const char lost[] = "the report is lost; see the log\n";
    struct console *c = role;
    struct stat file = { .st_size = 0 };
    char *text = NULL;
    ssize_t n = -1;

    if (fd >= 0 && fstat(fd, &file) == 0 && file.st_size <= REPORT_MAX)
        text = malloc((size_t)file.st_size + 1);
    if (text != NULL)
        n = pread(fd, text, (size_t)file.st_size, 0);
    sally_console_reloaded(
        c->engine, done,
        n < 0 ? sally_span_of(lost)
              : (struct sally_span){ (const uint8_t *)text, (size_t)n },
        sally_loop_now(c->context->loop));
    free(text);
    if (fd >= 0)
        (void)close(fd);
    arm(c);
}

static void commit(void *role, const struct sally_config *previous,
                   sally_usec now)
{
    struct console *c = role;

    (void)previous;
    sally_console_reconfigure(c->engine, c->context->config, now);
    arm(c);
    c->context->report(c->context->runner, SALLY_CONTROL_SETTLED);
}

/* --- Life ---------------------------------------------------------------- */

static void destroy(void *role)
{
    struct console *c = role;

    if (c == NULL)
        return;
    sally_notes_close(&c->notes);
    sally_tcp_listener_close(c->listener);
    sally_timer_set(c->context->loop, &c->timer, SALLY_NEVER);
    sally_bus_close(c->outer);
    sally_bus_close(c->inner);
    sally_console_wipe(c->engine);
    free(c);
}

static enum sally_err create(void **out,
                             const struct sally_role_context *context)
{
    struct console *c = calloc(1, sizeof(*c));
    enum sally_err e;

    if (c == NULL)
        return SALLY_E_NO_MEMORY;
    c->context = context;
    sally_timer_init(&c->timer, on_timer, c);
    sally_notes_open(&c->notes, &c->inner);
    e = sally_console_create(&c->engine, context->config, SALLY_VERSION, &host,
                             c, sally_loop_now(context->loop));
    if (e != SALLY_E_OK) {
        sally_notes_close(&c->notes);
        free(c);
        return e;
    }
    *out = c;
    return SALLY_E_OK;
}

static void start(void *role, sally_usec now)
{
    struct console *c = role;

    (void)now;
    c->context->report(c->context->runner, SALLY_CONTROL_READY);
}

static void stop(void *role, sally_usec now)
{
    struct console *c = role;

    (void)now;
    c->context->report(c->context->runner, SALLY_CONTROL_DONE);
}

const struct sally_role_row sally_role_console = {
    .name = SALLY_CONSOLE,
    .create = create,
    .on_peer = on_peer,
    .on_listener = on_listener,
    .on_reloaded = on_reloaded,
    .commit = commit,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};
