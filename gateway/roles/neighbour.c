/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/neighbour.c - asks the kernel's neighbour tables, by rtnetlink
 * (Linux 5.0 answers for a single neighbour).                               */
#include "roles/neighbour.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAC_BYTES 6

/* States in which the kernel itself would send to the address. */
#define RESOLVED \
    (NUD_PERMANENT | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)

struct question {
    struct nlmsghdr head;
    struct ndmsg of;
    struct rtattr kind;
    uint8_t ip[16];
};

union reply {
    struct nlmsghdr head;
    uint8_t bytes[1024];
};

static uint32_t interface_index(void *owner, const char *name)
{
    (void)owner;
    return if_nametoindex(name);
}

static bool ask(int fd, const struct sally_auth_source *s)
{
    size_t size = s->family == 4 ? 4 : 16;
    struct question q = {
        .head = { .nlmsg_type = RTM_GETNEIGH, .nlmsg_flags = NLM_F_REQUEST },
        .of = { .ndm_family = s->family == 4 ? AF_INET : AF_INET6,
                .ndm_ifindex = (int)s->interface },
        .kind = { .rta_type = NDA_DST,
                  .rta_len = (unsigned short)RTA_LENGTH(size) },
    };

    memcpy(q.ip, s->ip, size);
    q.head.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(q.of)) +
                                  RTA_LENGTH(size));
    return send(fd, &q, q.head.nlmsg_len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
           (ssize_t)q.head.nlmsg_len;
}

/* The kernel answers before send() returns. */
static bool hear(int fd, union reply *r)
{
    struct sockaddr_nl from = { .nl_family = AF_NETLINK };
    socklen_t len = sizeof(from);
    ssize_t n = recvfrom(fd, r->bytes, sizeof(r->bytes), MSG_DONTWAIT,
                         (struct sockaddr *)&from, &len);

    return n > 0 && from.nl_pid == 0 && NLMSG_OK(&r->head, (uint32_t)n) &&
           r->head.nlmsg_type == RTM_NEWNEIGH &&
           r->head.nlmsg_len >= NLMSG_LENGTH(sizeof(struct ndmsg));
}

static bool take_mac(const union reply *r, uint8_t mac[MAC_BYTES])
{
    size_t at = NLMSG_LENGTH(sizeof(struct ndmsg)), end = r->head.nlmsg_len;
    struct ndmsg of;
    struct rtattr a;

    memcpy(&of, r->bytes + NLMSG_HDRLEN, sizeof(of));
    if ((of.ndm_state & RESOLVED) == 0)
        return false;
    for (; at + sizeof(a) <= end; at += RTA_ALIGN(a.rta_len)) {
        memcpy(&a, r->bytes + at, sizeof(a));
        if (a.rta_len < sizeof(a) || a.rta_len > end - at)
            return false;
        if (a.rta_type != NDA_LLADDR ||
            a.rta_len != RTA_LENGTH(MAC_BYTES))
            continue;
        memcpy(mac, r->bytes + at + RTA_LENGTH(0), MAC_BYTES);
        return true;
    }
    return false;
}

static bool mac_of(void *owner, const struct sally_auth_source *s,
                   uint8_t mac[MAC_BYTES])
{
    union reply r;
    bool known;
    int fd;

    (void)owner;
    if (s->interface == 0)
        return false;
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return false;
    known = ask(fd, s) && hear(fd, &r) && take_mac(&r, mac);
    (void)close(fd);
    return known;
}

const struct sally_auth_system *sally_neighbour_system(void)
{
    static const struct sally_auth_system system = { interface_index, mac_of,
                                                     NULL };

    return &system;
}
