/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/udp.c - one connected socket per upstream peer. */
#include "loop/udp.h"

#include "loop/inside.h"
#include "loop/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sally_udp {
    struct sally_loop *loop;
    struct event event;
    struct sally_bus_address peer; /* family 0: none */
    int fd; /* owned; -1: none */
    bool reading; /* a batch; then _close() waits for its end */
    bool closed;  /* meanwhile */
    const struct sally_udp_upcalls *upcalls;
    void *owner;
};

enum sally_err sally_udp_open(struct sally_udp **out, struct sally_loop *l,
                              const struct sally_udp_upcalls *upcalls,
                              void *owner)
{
    struct sally_udp *u = calloc(1, sizeof(*u));

    if (u == NULL)
        return SALLY_E_NO_MEMORY;
    u->loop = l;
    u->fd = -1;
    u->upcalls = upcalls;
    u->owner = owner;
    *out = u;
    return SALLY_E_OK;
}

static void drop_socket(struct sally_udp *u)
{
    if (u->fd < 0)
        return;
    event_del(&u->event);
    close(u->fd);
    u->fd = -1;
}

/* One datagram into the loop's buffer and up. False: none is there. */
static bool read_one(struct sally_udp *u, sally_usec now)
{
    ssize_t n = recv(u->fd, u->loop->buffer, SALLY_UDP_DATAGRAM,
                     MSG_DONTWAIT | MSG_TRUNC);

    if (n < 0 && (errno == ECONNREFUSED || errno == EHOSTUNREACH ||
                  errno == ENETUNREACH)) {
        if (u->upcalls->on_unreachable != NULL)
            u->upcalls->on_unreachable(u->owner); /* unauthenticated: a hint */
        return true;
    }
    if (n < 0)
        return false;
    if (n > SALLY_UDP_DATAGRAM)
        return true;
    u->upcalls->on_datagram(
        u->owner, (struct sally_span){ u->loop->buffer, (size_t)n }, now);
    return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct sally_udp *u = arg;
    sally_usec now = sally_loop_wake(u->loop);

    (void)fd;
    (void)what;
    u->reading = true;
    (void)read_one(u, now); /* there is seldom a second one; it would be told */
    u->reading = false;
    if (u->closed)
        free(u);
    else if (u->upcalls->on_batch != NULL)
        u->upcalls->on_batch(u->owner, now);
}

/* -1 with errno set: no descriptors, or no way there. */
static int connect_to(const struct sally_bus_address *peer)
{
    struct sockaddr_storage to;
    int domain = peer->family == 4 ? AF_INET : AF_INET6;
    socklen_t len = sally_address_to_system(peer, domain, &to);
    int fd = -1;

    if (len != 0)
        fd = socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (len != 0 && fd < 0)
        sally_socket_lacking("client");
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, len) == 0)
        return fd;
    close(fd);
    return -1;
}

static enum sally_err adopt(struct sally_udp *u, int fd)
{
    drop_socket(u);
    u->fd = fd;
    event_assign(&u->event, u->loop->base, u->fd, EV_READ | EV_PERSIST,
                 on_readable, u);
    if (event_add(&u->event, NULL) == 0)
        return SALLY_E_OK;
    drop_socket(u);
    return SALLY_E_IO;
}

enum sally_err sally_udp_rebind(struct sally_udp *u,
                                const struct sally_bus_address *peer)
{
    int fd;

    sally_udp_unbind(u);
    u->peer = *peer;
    fd = connect_to(peer);
    return fd < 0 ? SALLY_E_IO : adopt(u, fd);
}

void sally_udp_unbind(struct sally_udp *u)
{
    drop_socket(u);
    u->peer.family = 0;
}

static bool take_local(int fd, struct sally_bus_address *out)
{
    struct sockaddr_storage at = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof(at);

    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return false;
    sally_address_from_system(&at, out);
    return true;
}

static bool sends_from_same(int one, int other)
{
    struct sally_bus_address a, b;

    return take_local(one, &a) && take_local(other, &b) &&
           a.family == b.family && a.scope == b.scope &&
           memcmp(a.ip, b.ip, sizeof(a.ip)) == 0;
}

bool sally_udp_repair(struct sally_udp *u)
{
    int fd = u->peer.family == 0 ? -1 : connect_to(&u->peer);

    if (fd < 0)
        return false;
    if (u->fd < 0 || !sends_from_same(u->fd, fd))
        return adopt(u, fd) == SALLY_E_OK;
    close(fd);
    return false;
}

static bool send_once(struct sally_udp *u, struct sally_span datagram)
{
    return send(u->fd, datagram.at, datagram.len,
                MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* ECONNREFUSED is about an earlier datagram, and takes the place of sending
 * this one: so it is sent again.                                            */
bool sally_udp_send(struct sally_udp *u, struct sally_span datagram)
{
    bool sent = u->fd >= 0 && send_once(u, datagram);

    if (!sent && u->fd >= 0 && errno == ECONNREFUSED)
        sent = send_once(u, datagram);
    return sent || (u->fd >= 0 && (errno == EAGAIN || errno == ENOBUFS ||
                                   errno == ENOMEM || errno == EMSGSIZE));
}

void sally_udp_close(struct sally_udp *u)
{
    if (u == NULL)
        return;
    drop_socket(u);
    u->closed = true;
    if (!u->reading)
        free(u);
}
