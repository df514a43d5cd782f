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
    struct sally_stream *stream; /* NULL: never needed */
    struct sally_timer timer;
    struct sally_task deliver;
    struct sally_way way;
    unsigned tried; /* addresses, since the handshake began */
    bool streams;   /* the session goes over `stream` */
    bool moved; /* sends from another address than the session began with */
};

static void on_datagram(void *owner, struct sally_span datagram,
                        sally_usec now)
{
    struct sally_uplink_seat *s = owner;

    sally_places_heard(&s->way);
    sally_shard_input(s->client, datagram, now);
}

static void on_unreachable(void *owner)
{
    struct sally_uplink_seat *s = owner;

    sally_places_unreachable(&s->way);
}

static const struct sally_udp_upcalls udp_upcalls = {
    .on_datagram = on_datagram,
    .on_unreachable = on_unreachable,
};

static void on_timer(void *owner, sally_usec now)
{
    struct sally_uplink_seat *s = owner;

    sally_shard_expire(s->client, now);
}

static void on_deliver(void *owner, sally_usec now)
{
    struct sally_uplink_seat *s = owner;
    bool moved = s->moved;

    s->moved = false;
    if (moved)
        sally_shard_moved(s->client, now);
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

/* --- A connection -------------------------------------------------------- */

static size_t room(void *owner)
{
    const struct sally_uplink_seat *s = owner;

    return sally_lwm2m_client_room(&s->client->client);
}

static void on_bytes(void *owner, struct sally_span bytes, sally_usec now)
{
    struct sally_uplink_seat *s = owner;

    sally_places_heard(&s->way);
    sally_shard_input(s->client, bytes, now);
}

static void on_ready(void *owner, sally_usec now)
{
    struct sally_uplink_seat *s = owner;

    sally_shard_ready(s->client, now);
}

/* Where nobody is the next address is tried at once: what was said so far waits
 * for a connection.                                                         */
static void on_lost(void *owner, enum sally_err e, bool connected,
                    sally_usec now)
{
    struct sally_uplink_seat *s = owner;
    struct sally_places *places = s->all->places;
    uint32_t server = s->client->account->server;

    sally_places_unreachable(&s->way);
    if (!connected &&
        ++s->tried < sally_places_count(places, server, &s->way) &&
        sally_places_onward(places, server, &s->way, now)) {
        sally_stream_connect(s->stream, &s->way.at);
        return;
    }
    sally_shard_lost(s->client, e, now);
}

static const struct sally_stream_upcalls stream_upcalls = {
    .room = room,
    .on_bytes = on_bytes,
    .on_ready = on_ready,
    .on_lost = on_lost,
};

/* False: no memory. */
static bool has_stream(struct sally_uplink_seat *s)
{
    return s->stream != NULL ||
           sally_stream_open(&s->stream, s->all->loop, &stream_upcalls, s) ==
               SALLY_E_OK;
}

/* --- The way to the server ----------------------------------------------- */

static void go_to_place(struct sally_uplink_seat *s)
{
    if (s->streams) {
        sally_stream_connect(s->stream, &s->way.at);
        return;
    }
    if (sally_udp_rebind(s->udp, &s->way.at) != SALLY_E_OK) {
        char at[SALLY_ADDRESS_TEXT];

        sally_log(SALLY_LOG_WARNING, "no_socket",
                  SALLY_TEXT("server", s->client->server->name),
                  SALLY_TEXT("address", sally_address_text(&s->way.at, at)));
    }
}

/* Leaves what there is, for another kind of way perhaps. */
static void leave(struct sally_uplink_seat *s)
{
    const struct sally_uri *uri =
        sally_config_uri(s->client->server, s->client->uri);

    s->moved = false;
    s->tried = 0;
    s->streams = uri != NULL && uri->stream && has_stream(s);
    if (s->way.uri != s->client->uri)
        s->way = (struct sally_way){ .uri = s->client->uri };
    if (s->stream != NULL)
        sally_stream_drop(s->stream);
    if (s->streams)
        sally_udp_unbind(s->udp);
}

/* Without an address datagrams are lost, and what is said into a stream waits,
 * until the resolver has answered.                                          */
void sally_seat_rebind(struct sally_uplink_seat *s)
{
    leave(s);
    if (sally_places_begin(s->all->places, s->client->account->server,
                           &s->way, sally_loop_now(s->all->loop)))
        go_to_place(s);
    else
        sally_udp_unbind(s->udp);
}

void sally_seat_resolved(struct sally_uplink_seat *s)
{
    if (s->streams && s->way.at.family == 0 &&
        sally_places_begin(s->all->places, s->client->account->server,
                           &s->way, sally_loop_now(s->all->loop)))
        go_to_place(s);
}

/* What cannot be sent is lost, and its retransmission may take another way: to
 * the server's next address, or from another one of ours. The engine is at
 * work here, so it hears of that later.                                     */
void sally_seat_send(struct sally_uplink_seat *s, struct sally_span datagram)
{
    if (s->streams) {
        sally_stream_send(s->stream, datagram);
        return;
    }
    if (sally_places_onward(s->all->places, s->client->account->server,
                            &s->way, sally_loop_now(s->all->loop)))
        go_to_place(s);
    if (sally_udp_send(s->udp, datagram))
        return;
    sally_places_unreachable(&s->way);
    if (!s->client->sensor->leaving && /* else its server may be another now */
        sally_places_renumbered(s->all->places, s->client->account->server,
                                &s->way))
        go_to_place(s);
    else if (!sally_udp_repair(s->udp))
        return;
    (void)sally_udp_send(s->udp, datagram);
    s->moved = true;
    sally_loop_later(s->all->loop, &s->deliver);
}

void sally_seat_registered(struct sally_uplink_seat *s)
{
    sally_places_good(s->all->places, s->client->account->server, &s->way);
}

/* --- The rest of the host ------------------------------------------------ */

void sally_seat_close(struct sally_uplink_seat *s)
{
    sally_timer_set(s->all->loop, &s->timer, SALLY_NEVER);
    sally_loop_cancel(&s->deliver);
    sally_udp_close(s->udp);
    sally_stream_close(s->stream);
    free(s);
}

bool sally_seat_ready(const struct sally_uplink_seat *s)
{
    return !s->streams || sally_stream_ready(s->stream);
}

void sally_seat_arm(struct sally_uplink_seat *s, sally_usec when)
{
    if (s->streams && sally_lwm2m_client_connected(&s->client->client))
        sally_stream_resume(s->stream);
    else if (s->streams)
        sally_stream_drop(s->stream);
    sally_timer_set(s->all->loop, &s->timer, when);
}

void sally_seat_deliver_later(struct sally_uplink_seat *s)
{
    sally_loop_later(s->all->loop, &s->deliver);
}
