/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/tcp.c - stream connections between engine and system. */
#include "loop/tcp.h"

#include "base/pool.h"
#include "base/secret.h"
#include "loop/inside.h"
#include "loop/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long to leave the queue of new connections alone when there is no
 * descriptor for one: it would be reported as readable all the time.        */
static const struct timeval accept_pause = { 0, 100000 };

struct sally_tcp {
    struct sally_tcp_listener *listener;
    struct sally_tcp *next, **link; /* in the listener's list */
    struct event event;
    int fd; /* owned */
    struct sally_bus_address peer;
    void *engine;
    bool paused;  /* nothing is read */
    bool blocked; /* waits until it is writable */
    bool broken;  /* a send failed; told in a later turn */
    bool reading; /* _close() during on_bytes() waits until that returns... */
    bool closed;  /* ...and then the connection is given back */
};

struct sally_tcp_listener {
    struct sally_loop *loop;
    struct event event, resume;
    int fd; /* owned */
    int domain;
    uint16_t port;
    struct sally_tcp_limits limits;
    const struct sally_tcp_upcalls *upcalls;
    void *owner;
    struct sally_pool pool; /* of struct sally_tcp */
    struct sally_tcp *list;
    struct sally_tcp_counts counts;
};

enum sally_err sally_tcp_bind(const char *interface,
                              const struct sally_bus_address *a, int *fd)
{
    enum sally_err e = sally_socket_bind(SOCK_STREAM, interface, a, fd);

    if (e != SALLY_E_OK || listen(*fd, SOMAXCONN) == 0)
        return e;
    sally_descriptor_close(fd);
    return SALLY_E_IO;
}

/* --- A connection -------------------------------------------------------- */

static void free_connection(struct sally_tcp *c)
{
    struct sally_tcp_listener *t = c->listener;

    event_del(&c->event);
    close(c->fd);
    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    t->counts.connections--;
    c->closed = true;
    if (!c->reading)
        sally_pool_give(&t->pool, c);
}

static void report_closed(struct sally_tcp *c, sally_usec now)
{
    const struct sally_tcp_upcalls *up = c->listener->upcalls;
    void *engine = c->engine;

    free_connection(c);
    up->on_closed(engine, now);
}

/* A broken connection is told by its own read event, which this triggers. */
static void note_broken(struct sally_tcp *c)
{
    c->broken = true;
    event_active(&c->event, EV_READ, 0);
}

static void on_event(evutil_socket_t fd, short what, void *arg);

/* One event for both ways: there is one for each connection, and seldom is
 * anything but input waited for. False: it cannot be.                       */
static bool watch(struct sally_tcp *c)
{
    int what = (c->paused ? 0 : EV_READ) | (c->blocked ? EV_WRITE : 0);

    event_del(&c->event);
    event_assign(&c->event, c->listener->loop->base, c->fd,
                 (short)(what | EV_PERSIST), on_event, c);
    if (c->broken)
        event_active(&c->event, EV_READ, 0);
    return what == 0 || event_add(&c->event, NULL) == 0;
}

void sally_tcp_pump(struct sally_tcp *c, sally_usec now)
{
    const struct sally_tcp_upcalls *up = c->listener->upcalls;

    while (!c->blocked && !c->broken) {
        struct sally_span out = up->output(c->engine, now);
        ssize_t n;

        if (out.len == 0)
            return;
        n = send(c->fd, out.at, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) {
            up->sent(c->engine, (size_t)n);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            c->blocked = true;
            (void)watch(c);
        } else if (errno != EINTR) {
            note_broken(c);
        }
    }
}

static void take_bytes(struct sally_tcp *c, sally_usec now)
{
    struct sally_loop *l = c->listener->loop;
    const struct sally_tcp_upcalls *up = c->listener->upcalls;
    size_t most = c->listener->limits.read_max;
    ssize_t n = 0;

    if (most == 0 || most > sizeof(l->buffer))
        most = sizeof(l->buffer);
    if (!c->broken)
        n = recv(c->fd, l->buffer, most, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        report_closed(c, now);
        return;
    }
    c->reading = true;
    up->on_bytes(c->engine, (struct sally_span){ l->buffer, (size_t)n }, now);
    c->reading = false;
    sally_wipe(l->buffer, (size_t)n); /* it may have held a password */
    if (c->closed)
        sally_pool_give(&c->listener->pool, c);
    else
        sally_tcp_pump(c, now);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct sally_tcp *c = arg;
    sally_usec now = sally_loop_wake(c->listener->loop);

    (void)fd;
    if ((what & EV_WRITE) != 0) {
        c->blocked = false;
        (void)watch(c);
        sally_tcp_pump(c, now);
    }
    if ((what & EV_READ) != 0 && (!c->paused || c->broken))
        take_bytes(c, now);
}

void sally_tcp_pause(struct sally_tcp *c, bool paused)
{
    c->paused = paused;
    (void)watch(c);
}

void sally_tcp_close(struct sally_tcp *c)
{
    sally_tcp_pump(c, c->listener->loop->now);
    free_connection(c);
}

int sally_tcp_descriptor(const struct sally_tcp *c)
{
    return c->fd;
}

uint32_t sally_tcp_interface(const struct sally_tcp *c)
{
    return sally_socket_interface(c->fd, c->listener->domain);
}

/* --- The listener -------------------------------------------------------- */

static bool source_is_full(const struct sally_tcp_listener *t,
                           const struct sally_bus_address *peer)
{
    unsigned same = 0;

    if (t->limits.per_source == 0 || peer->family == 0)
        return false;
    for (const struct sally_tcp *c = t->list; c != NULL; c = c->next)
        if (memcmp(c->peer.ip, peer->ip, sizeof(peer->ip)) == 0)
            same++;
    return same >= t->limits.per_source;
}

static void link_connection(struct sally_tcp_listener *t, struct sally_tcp *c)
{
    c->next = t->list;
    if (c->next != NULL)
        c->next->link = &c->next;
    c->link = &t->list;
    t->list = c;
    t->counts.connections++;
    c->paused = true; /* until its engine is there */
    event_assign(&c->event, t->loop->base, c->fd, EV_PERSIST, on_event, c);
}

/* Takes the descriptor, unless it returns false. */
static bool take_in(struct sally_tcp_listener *t, int fd,
                    const struct sally_bus_address *peer, sally_usec now)
{
    struct sally_tcp *c;
    int on = 1;

    if (source_is_full(t, peer))
        return false;
    c = sally_pool_take(&t->pool);
    if (c == NULL)
        return false;
    *c = (struct sally_tcp){ .listener = t, .fd = fd, .peer = *peer };
    if (t->domain != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    link_connection(t, c);
    c->engine = t->upcalls->on_accept(t->owner, c, peer, now);
    c->paused = false;
    if (c->engine != NULL && watch(c)) {
        sally_tcp_pump(c, now);
        return true;
    }
    t->counts.turned_away++;
    if (c->engine != NULL)
        report_closed(c, now);
    else
        free_connection(c);
    return true; /* its descriptor is closed already */
}

/* One connection off the queue. False: there is none, or no descriptor. */
static bool accept_one(struct sally_tcp_listener *t, sally_usec now)
{
    struct sockaddr_storage from;
    struct sally_bus_address peer;
    socklen_t len = sizeof(from);
    int fd;

    memset(&from, 0, sizeof(from));
    fd = accept4(t->fd, (struct sockaddr *)&from, &len,
                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                   errno == ENOMEM)) {
        sally_socket_lacking("connection");
        event_del(&t->event);
        evtimer_add(&t->resume, &accept_pause);
    }
    if (fd < 0)
        return errno == ECONNABORTED || errno == EINTR;
    sally_address_from_system(&from, &peer);
    t->counts.accepted++;
    if (!take_in(t, fd, &peer, now)) {
        t->counts.turned_away++;
        close(fd);
    }
    return true;
}

static void on_queue(evutil_socket_t fd, short what, void *arg)
{
    struct sally_tcp_listener *t = arg;
    sally_usec now = sally_loop_wake(t->loop);

    (void)fd;
    (void)what;
    for (int left = SALLY_LOOP_BUDGET; left > 0; left--)
        if (!accept_one(t, now))
            break;
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct sally_tcp_listener *t = arg;

    (void)fd;
    (void)what;
    event_add(&t->event, NULL);
}

enum sally_err sally_tcp_listen(struct sally_tcp_listener **out,
                                struct sally_loop *l, int fd,
                                const struct sally_tcp_limits *limits,
                                const struct sally_tcp_upcalls *upcalls,
                                void *owner)
{
    struct sally_tcp_listener *t = calloc(1, sizeof(*t));
    enum sally_err e;

    if (t == NULL) {
        close(fd);
        return SALLY_E_NO_MEMORY;
    }
    t->loop = l;
    t->fd = fd;
    t->limits = *limits;
    t->upcalls = upcalls;
    t->owner = owner;
    event_assign(&t->event, l->base, fd, EV_READ | EV_PERSIST, on_queue, t);
    evtimer_assign(&t->resume, l->base, on_resume, t);
    e = sally_pool_init(&t->pool, sizeof(struct sally_tcp),
                        limits->connections, false);
    if (e == SALLY_E_OK && (!sally_descriptor_prepare(fd) ||
                            !sally_socket_name(fd, &t->domain, &t->port) ||
                            event_add(&t->event, NULL) != 0))
        e = SALLY_E_IO;
    if (e != SALLY_E_OK) {
        sally_tcp_listener_close(t);
        return e;
    }
    *out = t;
    return SALLY_E_OK;
}

void sally_tcp_counts(const struct sally_tcp_listener *t,
                      struct sally_tcp_counts *out)
{
    *out = t->counts;
}

uint16_t sally_tcp_listener_port(const struct sally_tcp_listener *t)
{
    return t->port;
}

enum sally_err sally_tcp_listener_limit(struct sally_tcp_listener *t,
                                        const struct sally_tcp_limits *limits)
{
    enum sally_err e = sally_pool_grow(&t->pool, limits->connections);

    if (e == SALLY_E_OK)
        t->limits = *limits;
    return e;
}

void sally_tcp_listener_close(struct sally_tcp_listener *t)
{
    if (t == NULL)
        return;
    while (t->list != NULL)
        report_closed(t->list, t->loop->now);
    event_del(&t->event);
    evtimer_del(&t->resume);
    close(t->fd);
    sally_pool_wipe(&t->pool);
    free(t);
}
