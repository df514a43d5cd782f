/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/resolver.c - looks up the names of servers. The system's own
 * function blocks for as long as a name server is silent, and it parses what
 * the network says, so it lives in a process of its own that holds nothing. */
#include "loop/address.h"
#include "roles/answerer.h"

#include <netdb.h>
#include <string.h>

/* What is tried in turn: an address needs no look-up, and a name gives only
 * addresses of families that this machine has.                              */
static const int attempts[] = { AI_NUMERICHOST, AI_ADDRCONFIG };

static struct addrinfo *look_up(const char *host)
{
    struct addrinfo wanted = { .ai_family = AF_UNSPEC,
                               .ai_socktype = SOCK_DGRAM };
    struct addrinfo *found = NULL;

    for (size_t i = 0; i < SALLY_LEN(attempts) && found == NULL; i++) {
        wanted.ai_flags = attempts[i];
        if (getaddrinfo(host, NULL, &wanted, &found) != 0)
            found = NULL;
    }
    return found;
}

/* False for what is neither IPv4 nor IPv6. */
static bool take_address(const struct addrinfo *from, uint16_t port,
                         struct sally_bus_address *out)
{
    struct sockaddr_storage storage = { 0 };

    if (from->ai_addrlen > sizeof(storage))
        return false;
    memcpy(&storage, from->ai_addr, from->ai_addrlen);
    sally_address_from_system(&storage, out);
    out->port = port;
    return out->family != 0;
}

/* In the system's order of preference (RFC 6724). */
static bool resolve(const struct sally_bus_message *question,
                    struct sally_bus_message *answer)
{
    const struct sally_bus_resolve *q = &question->as.resolve;
    struct sally_bus_resolved *out = &answer->as.resolved;
    struct addrinfo *found;

    if (question->type != SALLY_BUS_RESOLVE)
        return false;
    sally_bus_begin(answer, SALLY_BUS_RESOLVED);
    out->ticket = q->ticket;
    found = look_up(q->host);
    for (const struct addrinfo *a = found;
         a != NULL && out->count < SALLY_BUS_ADDRESSES; a = a->ai_next)
        if (take_address(a, q->port, &out->address[out->count]))
            out->count++;
    if (found != NULL)
        freeaddrinfo(found);
    return true;
}

static enum sally_err create(void **out,
                             const struct sally_role_context *context)
{
    return sally_answerer_create(out, context, SALLY_RESOLVER, SALLY_INNER,
                                 resolve);
}

const struct sally_role_row sally_role_resolver = {
    .name = SALLY_RESOLVER,
    .create = create,
    .on_peer = sally_answerer_on_peer,
    .start = sally_answerer_start,
    .stop = sally_answerer_stop,
    .destroy = sally_answerer_destroy,
};
