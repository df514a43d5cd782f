/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/neighbour.c - asks the kernel's neighbour table. */
#include "roles/neighbour.h"

#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static uint32_t interface_index(void *owner, const char *name)
{
    (void)owner;
    return if_nametoindex(name);
}

static bool ask_arp(const struct sally_auth_source *s, const char *interface,
                    uint8_t mac[6])
{
    struct arpreq q = { .arp_flags = 0 };
    struct sockaddr_in ip = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool known;

    if (fd < 0)
        return false;
    memcpy(&ip.sin_addr, s->ip, 4);
    memcpy(&q.arp_pa, &ip, sizeof(ip));
    memcpy(q.arp_dev, interface, strnlen(interface, sizeof(q.arp_dev) - 1));
    known = ioctl(fd, SIOCGARP, &q) == 0 && (q.arp_flags & ATF_COM) != 0 &&
            q.arp_ha.sa_family == ARPHRD_ETHER;
    if (known)
        memcpy(mac, q.arp_ha.sa_data, 6);
    (void)close(fd);
    return known;
}

static bool mac_of(void *owner, const struct sally_auth_source *s,
                   uint8_t mac[6])
{
    char interface[IF_NAMESIZE];

    (void)owner;
    return s->family == 4 && s->interface != 0 &&
           if_indextoname(s->interface, interface) != NULL &&
           ask_arp(s, interface, mac);
}

const struct sally_auth_system *sally_neighbour_system(void)
{
    static const struct sally_auth_system system = { interface_index, mac_of,
                                                     NULL };

    return &system;
}
