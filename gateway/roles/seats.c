/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/seats.c - between a client's engine and its socket and timer.
 */
#include "roles/seats.h"

#include "log/log.h"

#include <stdlib.h>

struct sally_uplink_seat {
    struct sally_seats *all;
    struct sally_virtual_client *client;
    struct sally_udp *udp;
    struct sally_timer timer;
    struct sally_task deliver;
    struct sally_uplink_seat *next, **link; /* resolving; link NULL: not */
};

static void on_datagram(void *owner, struct sally_span datagram,
                        sally_usec now)
{
    struct sally_uplink_seat *s = owner;

    sally_shard_input(s->client, datagram, now);
}

static const struct sally_udp_upcalls udp_upcalls = { .on_datagram =
                                                          on_datagram };

static void on_timer(void *owner, sally_usec now)
{
    struct sally_uplink_seat *s = owner;

    sally_shard_expire(s->client, now);
}

static void on_deliver(void *owner, sally_usec now)
{
    struct sally_uplink_seat *s = owner;

    sally_shard_deliver(s->client, now);
}

enum sally_err sally_seat_open(struct sally_seats *all,
                               struct sally_virtual_client *v,
                               struct sally_uplink_seat **out)
{
    struct sally_uplink_seat *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return SALLY_E_NO_MEMORY;
    s->all = all;
    s->client = v;
    s->deliver.run = on_deliver;
    s->deliver.owner = s;
    sally_timer_init(&s->timer, on_timer, s);
    if (sally_udp_open(&s->udp, all->loop, &udp_upcalls, s) != SALLY_E_OK) {
        free(s);
        return SALLY_E_NO_MEMORY;
    }
    *out = s;
    return SALLY_E_OK;
}

/* --- Those without an address -------------------------------------------- */

static void wait_for_address(struct sally_uplink_seat *s)
{
    if (s->link != NULL)
        return;
    s->next = s->all->resolving;
    if (s->next != NULL)
        s->next->link = &s->next;
    s->link = &s->all->resolving;
    s->all->resolving = s;
}

static void wait_no_more(struct sally_uplink_seat *s)
{
    if (s->link == NULL)
        return;
    *s->link = s->next;
    if (s->next != NULL)
        s->next->link = s->link;
    s->next = NULL;
    s->link = NULL;
}

/* Without an address datagrams are lost until the resolver has answered. */
void sally_seat_rebind(struct sally_uplink_seat *s)
{
    const struct sally_bus_address *to = sally_places_next(
        s->all->places, s->client->account->server, s->all->resolver);

    if (to == NULL) {
        wait_for_address(s);
        return;
    }
    wait_no_more(s);
    if (sally_udp_rebind(s->udp, to) != SALLY_E_OK)
        sally_log(SALLY_LOG_WARNING, "no_socket",
                  SALLY_TEXT("server", s->client->server->name));
}

void sally_seats_resolved(struct sally_seats *all, uint32_t server)
{
    struct sally_uplink_seat *next;

    for (struct sally_uplink_seat *s = all->resolving; s != NULL; s = next) {
        next = s->next;
        if (s->client->account->server == server)
            sally_seat_rebind(s);
    }
}

/* --- The rest of the host ------------------------------------------------ */

void sally_seat_close(struct sally_uplink_seat *s)
{
    wait_no_more(s);
    sally_timer_set(s->all->loop, &s->timer, SALLY_NEVER);
    sally_loop_cancel(&s->deliver);
    sally_udp_close(s->udp);
    free(s);
}

void sally_seat_send(struct sally_uplink_seat *s, struct sally_span datagram)
{
    sally_udp_send(s->udp, datagram);
}

void sally_seat_arm(struct sally_uplink_seat *s, sally_usec when)
{
    sally_timer_set(s->all->loop, &s->timer, when);
}

void sally_seat_deliver_later(struct sally_uplink_seat *s)
{
    sally_loop_later(s->all->loop, &s->deliver);
}
