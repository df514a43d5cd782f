/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/socket.c - sockets bound to an interface and an address. */
#include "loop/socket.h"

#include "base/secret.h"
#include "log/log.h"
#include "loop/inside.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#ifndef IPV6_2292PKTOPTIONS
#define IPV6_2292PKTOPTIONS 6 /* Linux; hidden by some C libraries */
#endif

static bool is_any(const struct sally_bus_address *a)
{
    static const uint8_t zero[sizeof(a->ip)];

    return a->family == 6 && memcmp(a->ip, zero, sizeof(zero)) == 0;
}

static bool set_options(int fd, int type, int domain, const char *interface,
                        bool dual)
{
    int on = 1, only = !dual;

    if (interface != NULL && interface[0] != '\0' &&
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
                   (socklen_t)strlen(interface)) != 0)
        return false;
    if (domain == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only,
                                         sizeof(only)) != 0)
        return false;
    return type != SOCK_STREAM ||
           setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0;
}

/* Gives the descriptor, or -1 with errno set. */
static int bind_in(int domain, int type, const char *interface,
                   const struct sally_bus_address *a)
{
    SALLY_ON_EXIT(sally_descriptor_close) int fd =
        socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_storage at;
    socklen_t len = sally_address_to_system(a, domain, &at);

    if (fd < 0 || !set_options(fd, type, domain, interface, is_any(a)) ||
        bind(fd, (const struct sockaddr *)&at, len) != 0)
        return -1;
    return sally_descriptor_release(&fd);
}

enum sally_err sally_socket_bind(int type, const char *interface,
                                 const struct sally_bus_address *a, int *fd)
{
    struct sally_bus_address any4 = { .family = 4, .port = a->port };
    int bound = bind_in(a->family == 4 ? AF_INET : AF_INET6, type, interface,
                        a);

    if (bound < 0 && is_any(a) &&
        (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
        bound = bind_in(AF_INET, type, interface, &any4);
    if (bound < 0)
        return SALLY_E_IO;
    *fd = bound;
    return SALLY_E_OK;
}

bool sally_socket_name(int fd, int *domain, uint16_t *port)
{
    struct sockaddr_storage at;
    struct sally_bus_address a;
    socklen_t len = sizeof(at);

    memset(&at, 0, sizeof(at));
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return false;
    sally_address_from_system(&at, &a);
    *domain = at.ss_family;
    *port = a.port;
    return true;
}

bool sally_socket_bounds(int fd, int domain, bool *dual, uint32_t *interface)
{
    char name[IF_NAMESIZE] = "";
    socklen_t len = sizeof(name), size = sizeof(int);
    int only = 1;

    if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len) != 0 ||
        (domain == AF_INET6 && getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only,
                                          &size) != 0))
        return false;
    *dual = only == 0;
    *interface = name[0] == '\0' ? 0 : if_nametoindex(name);
    return true;
}

/* Linux keeps the interface of the SYN and tells it as packet options. */
uint32_t sally_socket_interface(int fd, int domain)
{
    _Alignas(struct cmsghdr) uint8_t options[256];
    socklen_t len = sizeof(options);
    struct msghdr m = { .msg_control = options };
    struct in_pktinfo four;
    struct in6_pktinfo six;
    int on = 1;
    int level = domain == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
    int ask = domain == AF_INET ? IP_PKTINFO : IPV6_RECVPKTINFO;
    int get = domain == AF_INET ? IP_PKTOPTIONS : IPV6_2292PKTOPTIONS;

    if ((domain != AF_INET && domain != AF_INET6) ||
        setsockopt(fd, level, ask, &on, sizeof(on)) != 0 ||
        getsockopt(fd, level, get, options, &len) != 0)
        return 0;
    m.msg_controllen = len;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL;
         c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            memcpy(&four, CMSG_DATA(c), sizeof(four));
            return (uint32_t)four.ipi_ifindex;
        }
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            memcpy(&six, CMSG_DATA(c), sizeof(six));
            return six.ipi6_ifindex;
        }
    }
    return 0;
}

void sally_socket_lacking(const char *what)
{
    const int why = errno;

    if (why == EMFILE || why == ENFILE)
        sally_log(SALLY_LOG_ERROR, "no_descriptor", SALLY_TEXT("for", what),
                  SALLY_TEXT("why", "raise the limit of open files, "
                                    "LimitNOFILE= of the service"));
    errno = why;
}
