/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/places.c - a short list of addresses per server. */
#include "roles/places.h"

#include "log/log.h"
#include "loop/address.h"

#include <stdlib.h>

struct place {
    struct sally_bus_address address[SALLY_BUS_ADDRESSES];
    unsigned count, next;
    bool asked;
};

struct sally_places {
    const struct sally_config *config;
    struct place *of; /* one per server of the configuration */
};

/* An address in figures needs no look-up. */
static void place_numeric(struct place *p, const struct sally_uri *uri)
{
    if (uri->kind != SALLY_URI_NAME &&
        sally_address_parse(uri->host, uri->port, &p->address[0]) ==
            SALLY_E_OK)
        p->count = 1;
}

enum sally_err sally_places_create(struct sally_places **out,
                                   const struct sally_config *c)
{
    struct sally_places *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return SALLY_E_NO_MEMORY;
    p->config = c;
    p->of = calloc(c->server_count + 1, sizeof(*p->of));
    if (p->of == NULL) {
        free(p);
        return SALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < c->server_count; i++)
        place_numeric(&p->of[i], &c->servers[i].uri);
    *out = p;
    return SALLY_E_OK;
}

void sally_places_wipe(struct sally_places *p)
{
    if (p == NULL)
        return;
    free(p->of);
    free(p);
}

static void ask(struct sally_places *p, uint32_t server,
                struct sally_bus *resolver)
{
    const struct sally_uri *uri = &p->config->servers[server].uri;
    struct sally_bus_message m;

    if (uri->kind != SALLY_URI_NAME || p->of[server].asked || resolver == NULL)
        return;
    sally_bus_begin(&m, SALLY_BUS_RESOLVE);
    m.as.resolve.ticket = server;
    m.as.resolve.port = uri->port;
    (void)sally_span_text(sally_span_of(uri->host), m.as.resolve.host,
                          sizeof(m.as.resolve.host));
    p->of[server].asked = sally_bus_send(resolver, &m) == SALLY_E_OK;
}

const struct sally_bus_address *sally_places_next(struct sally_places *p,
                                                  uint32_t server,
                                                  struct sally_bus *resolver)
{
    struct place *place = &p->of[server];

    ask(p, server, resolver);
    return place->count == 0 ? NULL
                             : &place->address[place->next++ % place->count];
}

bool sally_places_resolved(struct sally_places *p,
                           const struct sally_bus_resolved *r)
{
    struct place *place;

    if (r->ticket >= p->config->server_count)
        return false;
    place = &p->of[r->ticket];
    place->asked = false;
    if (r->count == 0) {
        sally_log(SALLY_LOG_WARNING, "name_not_resolved",
                  SALLY_TEXT("server", p->config->servers[r->ticket].name));
        return false;
    }
    place->count = r->count;
    for (unsigned i = 0; i < r->count; i++)
        place->address[i] = r->address[i];
    return true;
}

void sally_places_forget(struct sally_places *p)
{
    for (size_t i = 0; i < p->config->server_count; i++)
        p->of[i].asked = false;
}
