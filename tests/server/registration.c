/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/registration.c - who is registered, until when, and where. */
#include "server/server.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define GRACE 10 /* seconds beyond the lifetime */

struct server_registration *server_registration_of(struct server *s,
                                                   struct sally_span endpoint)
{
    struct sally_hashmap_node *node = sally_hashmap_find(&s->by_endpoint,
                                                         endpoint);

    return node != NULL ? SALLY_OWNER(node, struct server_registration, node)
                        : NULL;
}

/* "slot-serial": the serial keeps an old location from meaning a new client. */
void server_registration_location(const struct server_registration *r,
                                  char out[24])
{
    size_t slot = (size_t)(r - r->server->slots);

    snprintf(out, 24, "%zu-%u", slot, r->serial);
}

struct server_registration *server_registration_at(struct server *s,
                                                   struct sally_span location)
{
    struct sally_cursor c = sally_cursor_over(location);
    uint64_t slot, serial;

    if (sally_text_uint(sally_take_until(&c, '-'), &slot) != SALLY_E_OK ||
        sally_text_uint(c.rest, &serial) != SALLY_E_OK ||
        slot >= s->options.clients || !s->slots[slot].in_use ||
        s->slots[slot].serial != serial)
        return NULL;
    return &s->slots[slot];
}

struct server_registration *server_registration_by(struct server *s,
                                                   struct server_peer *p)
{
    if (p->last != NULL && p->last->in_use && p->last->peer == p)
        return p->last;
    for (size_t i = 0; i < s->options.clients; i++)
        if (s->slots[i].in_use && s->slots[i].peer == p)
            return p->last = &s->slots[i];
    return NULL;
}

void server_registration_end(struct server_registration *r)
{
    sally_timer_set(r->server->loop, &r->timer, SALLY_NEVER);
    sally_hashmap_remove(&r->server->by_endpoint, &r->node);
    r->in_use = false;
}

static void on_expired(void *owner, sally_usec now)
{
    struct server_registration *r = owner;
    struct server_line l = server_line_begin(r->server, "expire");

    (void)now;
    server_line_text(&l, "ep", r->endpoint);
    server_line_end(&l);
    server_registration_end(r);
}

void server_registration_touch(struct server_registration *r, sally_usec now)
{
    sally_timer_set(r->server->loop, &r->timer,
                    now + ((sally_usec)r->lifetime + GRACE) * SALLY_SEC);
}

struct server_registration *server_registration_new(struct server *s,
                                                    struct server_peer *p,
                                                    struct sally_span endpoint)
{
    struct server_registration *r = server_registration_of(s, endpoint);

    if (r != NULL)
        server_registration_end(r);
    for (size_t i = 0; i < s->options.clients && r == NULL; i++)
        if (!s->slots[i].in_use)
            r = &s->slots[i];
    if (r == NULL)
        return NULL;
    *r = (struct server_registration){ .server = s, .peer = p,
                                       .serial = ++s->serial, .in_use = true };
    (void)!sally_span_text(endpoint, r->endpoint, sizeof(r->endpoint));
    (void)!sally_span_text(server_peer_identity(p), r->identity,
                           sizeof(r->identity));
    sally_timer_init(&r->timer, on_expired, r);
    sally_hashmap_add(&s->by_endpoint, &r->node, sally_span_of(r->endpoint));
    return r;
}

void server_registration_left(struct server *s, const struct server_peer *p)
{
    for (size_t i = 0; i < s->options.clients; i++)
        if (s->slots[i].in_use && s->slots[i].peer == p)
            s->slots[i].peer = NULL;
}
