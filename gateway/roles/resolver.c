/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/resolver.c - looks up the names of servers. The system's own
 * function blocks for as long as a name server is silent, and it parses what
 * the network says, so it lives in a process of its own that holds nothing. */
#include "log/log.h"
#include "loop/address.h"
#include "roles/lookup.h"
#include "roles/role.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAMES 8 /* answers are short */

struct resolver {
    const struct sally_role_context *context;
    struct sally_bus *inner; /* NULL while that is away */
    struct sally_lookup *lookup;
    struct sally_watch *answered;
};

/* --- In a thread of lookup.c --------------------------------------------- */

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
static void resolve(const struct sally_bus_resolve *question,
                    struct sally_bus_resolved *answer)
{
    struct addrinfo *found = look_up(question->host);

    for (const struct addrinfo *a = found;
         a != NULL && answer->count < SALLY_BUS_ADDRESSES; a = a->ai_next)
        if (take_address(a, question->port, &answer->address[answer->count]))
            answer->count++;
    if (found != NULL)
        freeaddrinfo(found);
}

/* --- In the loop --------------------------------------------------------- */

/* An answer that finds no room is lost: the inner door asks again. */
static void answer(struct resolver *r, const struct sally_bus_resolved *what)
{
    struct sally_bus_message m;

    if (r->inner == NULL)
        return;
    sally_bus_begin(&m, SALLY_BUS_RESOLVED);
    m.as.resolved = *what;
    if (sally_bus_send(r->inner, &m) != SALLY_E_OK)
        sally_log(SALLY_LOG_WARNING, "answer_lost",
                  SALLY_TEXT("peer", sally_role_text(SALLY_INNER)));
}

static void on_answered(void *owner, sally_usec now)
{
    struct resolver *r = owner;
    struct sally_bus_resolved what;

    (void)now;
    while (sally_lookup_take(r->lookup, &what))
        answer(r, &what);
}

static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    struct resolver *r = owner;
    const struct sally_bus_resolved nothing = { .ticket =
                                                    m->as.resolve.ticket };

    (void)b;
    (void)fd;
    (void)now;
    if (!sally_lookup_ask(r->lookup, &m->as.resolve))
        answer(r, &nothing);
}

static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    struct resolver *r = owner;

    (void)now;
    r->inner = NULL;
    sally_bus_close(b);
    r->context->lost(r->context->runner, SALLY_INNER, e);
}

static const struct sally_bus_upcalls bus_upcalls = { .on_message = on_message,
                                                      .on_gone = on_gone };

static void on_peer(void *role, enum sally_role_name peer, int fd)
{
    struct resolver *r = role;

    if (peer != SALLY_INNER) {
        (void)close(fd);
        return;
    }
    sally_bus_close(r->inner);
    r->inner = NULL;
    if (sally_bus_open(&r->inner, r->context->loop, fd, SALLY_RESOLVER, peer,
                       FRAMES, &bus_upcalls, r) != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "bus_failed",
                  SALLY_TEXT("peer", sally_role_text(peer)));
}

static void destroy(void *role)
{
    struct resolver *r = role;

    if (r == NULL)
        return;
    sally_bus_close(r->inner);
    sally_watch_close(r->answered);
    sally_lookup_destroy(r->lookup);
    free(r);
}

static enum sally_err create(void **out,
                             const struct sally_role_context *context)
{
    struct resolver *r = calloc(1, sizeof(*r));
    enum sally_err e;

    if (r == NULL)
        return SALLY_E_NO_MEMORY;
    r->context = context;
    e = sally_lookup_create(&r->lookup, resolve);
    if (e == SALLY_E_OK)
        e = sally_watch_open(&r->answered, context->loop,
                             sally_lookup_descriptor(r->lookup), on_answered,
                             r);
    if (e != SALLY_E_OK) {
        destroy(r);
        return e;
    }
    *out = r;
    return SALLY_E_OK;
}

static void start(void *role, sally_usec now)
{
    struct resolver *r = role;

    (void)now;
    r->context->report(r->context->runner, SALLY_CONTROL_READY);
}

static void stop(void *role, sally_usec now)
{
    struct resolver *r = role;

    (void)now;
    r->context->report(r->context->runner, SALLY_CONTROL_DONE);
}

const struct sally_role_row sally_role_resolver = {
    .name = SALLY_RESOLVER,
    .create = create,
    .on_peer = on_peer,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};
