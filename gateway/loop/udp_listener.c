/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/udp_listener.c - a bound socket that many peers send to: reads
 * in batches and answers from the address that was asked (RFC 3542 s.6).    */
#include "loop/udp.h"

#include "loop/inside.h"
#include "loop/socket.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTROL_ROOM \
    (CMSG_SPACE(sizeof(struct in6_pktinfo)) + \
     CMSG_SPACE(sizeof(struct in_pktinfo)))

_Static_assert(SALLY_LOOP_BUDGET * SALLY_UDP_DATAGRAM <= SALLY_LOOP_BUFFER,
               "a batch fits the loop's buffer");

/* Ancillary data, aligned as the system wants it. */
struct control {
    _Alignas(struct cmsghdr) uint8_t room[CONTROL_ROOM];
};

struct sally_udp_listener {
    struct sally_loop *loop;
    struct event event;
    int fd; /* owned */
    int domain;
    bool dual; /* IPv6 and IPv4 */
    uint32_t interface; /* that it is bound to; 0: none */
    uint16_t port;
    const struct sally_udp_listener_upcalls *upcalls;
    void *owner;
    struct sally_udp_counts counts;
};

enum sally_err sally_udp_bind(const char *interface,
                              const struct sally_bus_address *a, int *fd)
{
    return sally_socket_bind(SOCK_DGRAM, interface, a, fd);
}

static bool ask_for_packet_info(int fd, int domain)
{
    int on = 1;

    bool four = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0;

    if (domain == AF_INET)
        return four;
    return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) ==
           0;
}

static bool is_multicast(const struct sally_bus_address *a)
{
    return a->family == 4 ? (a->ip[0] & 0xf0) == 0xe0 : a->ip[0] == 0xff;
}

/* --- Receiving ----------------------------------------------------------- */

/* Also tells in *group whether it was sent to many at once: a broadcast has
 * another address in its header than the one it was taken for here.         */
static void take_local(const struct cmsghdr *c, struct sally_udp_route *route,
                       bool *group)
{
    struct sockaddr_storage s = { .ss_family = AF_UNSPEC };

    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
        struct in6_pktinfo info;

        memcpy(&info, CMSG_DATA(c), sizeof(info));
        six.sin6_addr = info.ipi6_addr;
        route->interface = info.ipi6_ifindex;
        memcpy(&s, &six, sizeof(six));
    }
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        struct sockaddr_in four = { .sin_family = AF_INET };
        struct in_pktinfo info;

        memcpy(&info, CMSG_DATA(c), sizeof(info));
        four.sin_addr = info.ipi_spec_dst; /* never a broadcast one */
        *group |= info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
        route->interface = (uint32_t)info.ipi_ifindex;
        memcpy(&s, &four, sizeof(four));
    }
    if (s.ss_family != AF_UNSPEC)
        sally_address_from_system(&s, &route->local);
    *group |= is_multicast(&route->local);
}

/* False: it was sent to a group. */
static bool take_route(struct sally_udp_listener *u, struct msghdr *m,
                       const struct sockaddr_storage *from,
                       struct sally_udp_route *out)
{
    bool group = false;

    memset(out, 0, sizeof(*out));
    sally_address_from_system(from, &out->peer);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
         c = CMSG_NXTHDR(m, c))
        take_local(c, out, &group);
    out->local.port = u->port;
    return !group;
}

static void deliver(struct sally_udp_listener *u, struct mmsghdr *one,
                    sally_usec now)
{
    struct sally_udp_route route;

    u->counts.received++;
    if ((one->msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        u->counts.oversized++;
        return;
    }
    if (!take_route(u, &one->msg_hdr, one->msg_hdr.msg_name, &route)) {
        u->counts.group++;
        return;
    }
    u->upcalls->on_datagram(
        u->owner, &route,
        (struct sally_span){ one->msg_hdr.msg_iov->iov_base, one->msg_len },
        now);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct sally_udp_listener *u = arg;
    struct mmsghdr batch[SALLY_LOOP_BUDGET];
    struct iovec part[SALLY_LOOP_BUDGET];
    struct sockaddr_storage from[SALLY_LOOP_BUDGET];
    struct control control[SALLY_LOOP_BUDGET];
    sally_usec now = sally_loop_wake(u->loop);
    int n;

    (void)what;
    memset(batch, 0, sizeof(batch));
    for (size_t i = 0; i < SALLY_LOOP_BUDGET; i++) {
        part[i].iov_base = &u->loop->buffer[i * SALLY_UDP_DATAGRAM];
        part[i].iov_len = SALLY_UDP_DATAGRAM;
        batch[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
                                            .msg_namelen = sizeof(from[i]),
                                            .msg_iov = &part[i],
                                            .msg_iovlen = 1,
                                            .msg_control = &control[i],
                                            .msg_controllen = CONTROL_ROOM };
    }
    n = recvmmsg(fd, batch, SALLY_LOOP_BUDGET, MSG_DONTWAIT, NULL);
    if (n < 0)
        u->counts.unreachable++;
    for (int i = 0; i < n; i++)
        deliver(u, &batch[i], now);
    if (u->upcalls->on_batch != NULL)
        u->upcalls->on_batch(u->owner, now);
}

/* --- Sending ------------------------------------------------------------- */

static void put_control(struct msghdr *m, struct control *control, int level,
                        int type, const void *info, size_t size)
{
    struct cmsghdr *c = (struct cmsghdr *)(void *)control->room;

    m->msg_control = control;
    m->msg_controllen = CMSG_SPACE(size);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(c), info, size);
}

/* Asks for the source address, where one is known, and for the interface. An
 * IPv4 peer of an IPv6 socket wants the unspecified address mapped, too.    */
static void put_source(struct sally_udp_listener *u, struct msghdr *m,
                       struct control *control,
                       const struct sally_udp_route *route)
{
    struct sally_bus_address local = { .family = route->peer.family };
    struct sockaddr_storage s;

    if (route->local.family != 0 && !is_multicast(&route->local))
        local = route->local;
    if (sally_address_to_system(&local, u->domain, &s) == 0)
        return;
    if (u->domain == AF_INET) {
        struct in_pktinfo four = { .ipi_ifindex = (int)route->interface };

        memcpy(&four.ipi_spec_dst, local.ip, sizeof(four.ipi_spec_dst));
        put_control(m, control, IPPROTO_IP, IP_PKTINFO, &four, sizeof(four));
    } else {
        struct sockaddr_in6 in;
        struct in6_pktinfo six = { .ipi6_ifindex = route->interface };

        memcpy(&in, &s, sizeof(in));
        six.ipi6_addr = in.sin6_addr;
        put_control(m, control, IPPROTO_IPV6, IPV6_PKTINFO, &six, sizeof(six));
    }
}

void sally_udp_reply(struct sally_udp_listener *u,
                     const struct sally_udp_route *route,
                     struct sally_span datagram)
{
    struct sockaddr_storage to;
    struct control control = { .room = { 0 } };
    struct iovec part = { .iov_len = datagram.len };
    struct msghdr m = { .msg_name = &to, .msg_iov = &part, .msg_iovlen = 1 };

    memcpy(&part.iov_base, &datagram.at, sizeof(part.iov_base));
    m.msg_namelen = sally_address_to_system(&route->peer, u->domain, &to);
    put_source(u, &m, &control, route);
    if (m.msg_namelen != 0 &&
        sendmsg(u->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        u->counts.sent++;
    else
        u->counts.send_errors++;
}

/* --- Life ---------------------------------------------------------------- */

enum sally_err sally_udp_listen(struct sally_udp_listener **out,
                                struct sally_loop *l, int fd,
                                const struct sally_udp_listener_upcalls *up,
                                void *owner)
{
    struct sally_udp_listener *u = calloc(1, sizeof(*u));

    if (u == NULL) {
        close(fd);
        return SALLY_E_NO_MEMORY;
    }
    u->loop = l;
    u->fd = fd;
    u->upcalls = up;
    u->owner = owner;
    event_assign(&u->event, l->base, fd, EV_READ | EV_PERSIST, on_readable, u);
    if (!sally_descriptor_prepare(fd) ||
        !sally_socket_name(fd, &u->domain, &u->port) ||
        !sally_socket_bounds(fd, u->domain, &u->dual, &u->interface) ||
        !ask_for_packet_info(fd, u->domain) ||
        event_add(&u->event, NULL) != 0) {
        sally_udp_listener_close(u);
        return SALLY_E_IO;
    }
    *out = u;
    return SALLY_E_OK;
}

bool sally_udp_listener_speaks(const struct sally_udp_listener *u,
                               uint8_t family)
{
    return u->domain == AF_INET ? family == 4 : family == 6 || u->dual;
}

uint32_t sally_udp_listener_interface(const struct sally_udp_listener *u)
{
    return u->interface;
}

uint16_t sally_udp_listener_port(const struct sally_udp_listener *u)
{
    return u->port;
}

void sally_udp_listener_counts(const struct sally_udp_listener *u,
                               struct sally_udp_counts *out)
{
    *out = u->counts;
}

void sally_udp_listener_close(struct sally_udp_listener *u)
{
    if (u == NULL)
        return;
    event_del(&u->event);
    close(u->fd);
    free(u);
}
