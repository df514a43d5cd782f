/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/udp.c - one connected socket per upstream peer. */
#include "loop/udp.h"

#include "loop/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct sally_udp {
    struct sally_loop *loop;
    struct event event;
    int fd; /* owned; -1: none */
    bool reading; /* a batch; then _close() waits for its end */
    bool closed;  /* meanwhile */
    const struct sally_udp_upcalls *upcalls;
    void *owner;
    struct sally_udp_counts counts;
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
        u->counts.unreachable++; /* an unauthenticated hint, nothing more */
        return true;
    }
    if (n < 0)
        return false;
    u->counts.received++;
    if (n > SALLY_UDP_DATAGRAM) {
        u->counts.oversized++;
        return true;
    }
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
    for (int left = SALLY_LOOP_BUDGET; left > 0; left--)
        if (!read_one(u, now))
            break; /* nothing more is there, or the socket is gone */
    u->reading = false;
    if (u->closed)
        free(u);
    else if (u->upcalls->on_batch != NULL)
        u->upcalls->on_batch(u->owner, now);
}

enum sally_err sally_udp_rebind(struct sally_udp *u,
                                const struct sally_bus_address *peer)
{
    struct sockaddr_storage to;
    int domain = peer->family == 4 ? AF_INET : AF_INET6;
    socklen_t len = sally_address_to_system(peer, domain, &to);

    drop_socket(u);
    u->fd = socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (u->fd < 0)
        return SALLY_E_IO;
    event_assign(&u->event, u->loop->base, u->fd, EV_READ | EV_PERSIST,
                 on_readable, u);
    if (connect(u->fd, (const struct sockaddr *)&to, len) != 0 ||
        event_add(&u->event, NULL) != 0) {
        drop_socket(u);
        return SALLY_E_IO;
    }
    return SALLY_E_OK;
}

void sally_udp_send(struct sally_udp *u, struct sally_span datagram)
{
    if (u->fd >= 0 &&
        send(u->fd, datagram.at, datagram.len, MSG_DONTWAIT | MSG_NOSIGNAL) >=
            0)
        u->counts.sent++;
    else
        u->counts.send_errors++; /* as good as lost: reliability resends */
}

void sally_udp_counts(const struct sally_udp *u, struct sally_udp_counts *out)
{
    *out = u->counts;
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
