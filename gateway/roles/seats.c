/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/seats.c - between a guest's engine and its socket and timer.
 */
#include "roles/seats.h"

#include "log/log.h"

#include <stdlib.h>

struct sally_uplink_seat {
    struct sally_seats *all;
    struct sally_uplink_guest *guest;
    struct sally_udp *udp;
    struct sally_stream *stream; /* NULL: never needed */
    struct sally_timer timer;
    struct sally_task deliver;
    struct sally_way way;
    unsigned tried; /* addresses, since the handshake began */
    bool streams;   /* the session goes over `stream` */
    bool moved; /* sends from another address than the session began with */
};

static const struct sally_uri *uri_of(const struct sally_uplink_seat *s)
{
    return s->guest->calls->uri(s->guest);
}

static void on_datagram(void *owner, struct sally_span datagram,
                        sally_usec now)
{
    struct sally_uplink_seat *s = owner;

    sally_places_heard(&s->way);
    s->guest->calls->input(s->guest, datagram, now);
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

    s->guest->calls->expire(s->guest, now);
}

static void on_deliver(void *owner, sally_usec now)
{
    struct sally_uplink_seat *s = owner;
    bool moved = s->moved;

    s->moved = false;
    if (moved)
        s->guest->calls->moved(s->guest, now);
    s->guest->calls->later(s->guest, now);
}

enum sally_err sally_seat_open(struct sally_seats *all,
                               struct sally_uplink_guest *guest,
                               struct sally_uplink_seat **out)
{
    struct sally_uplink_seat *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return SALLY_E_NO_MEMORY;
    s->all = all;
    s->guest = guest;
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

    return s->guest->calls->room(s->guest);
}

static void on_bytes(void *owner, struct sally_span bytes, sally_usec now)
{
    struct sally_uplink_seat *s = owner;

    sally_places_heard(&s->way);
    s->guest->calls->input(s->guest, bytes, now);
}

static void on_ready(void *owner, sally_usec now)
{
    struct sally_uplink_seat *s = owner;

    s->guest->calls->ready(s->guest, now);
}

/* Where nobody is the next address is tried at once: what was said so far waits
 * for a connection.                                                         */
static void on_lost(void *owner, enum sally_err e, bool connected,
                    sally_usec now)
{
    struct sally_uplink_seat *s = owner;
    struct sally_places *places = s->all->places;
    const struct sally_uri *uri = uri_of(s);

    sally_places_unreachable(&s->way);
    if (!connected && uri != NULL &&
        ++s->tried < sally_places_count(places, uri) &&
        sally_places_onward(places, uri, &s->way, now)) {
        sally_stream_connect(s->stream, &s->way.at);
        return;
    }
    s->guest->calls->lost(s->guest, e, now);
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
                  SALLY_TEXT("server", s->guest->calls->server(s->guest)),
                  SALLY_TEXT("address", sally_address_text(&s->way.at, at)));
    }
}

/* Leaves what there is, for another kind of way perhaps. */
static void leave(struct sally_uplink_seat *s, const struct sally_uri *uri)
{
    s->moved = false;
    s->tried = 0;
    s->streams = uri != NULL && uri->stream && has_stream(s);
    if (s->stream != NULL)
        sally_stream_drop(s->stream);
    if (s->streams)
        sally_udp_unbind(s->udp);
}

/* Without an address datagrams are lost, and what is said into a stream waits,
 * until the resolver has answered.                                          */
void sally_seat_rebind(struct sally_uplink_seat *s)
{
    const struct sally_uri *uri = uri_of(s);

    leave(s, uri);
    if (uri != NULL && sally_places_begin(s->all->places, uri, &s->way,
                                          sally_loop_now(s->all->loop)))
        go_to_place(s);
    else
        sally_udp_unbind(s->udp);
}

void sally_seat_resolved(struct sally_uplink_seat *s)
{
    const struct sally_uri *uri = uri_of(s);

    if (s->streams && uri != NULL && s->way.at.family == 0 &&
        sally_places_begin(s->all->places, uri, &s->way,
                           sally_loop_now(s->all->loop)))
        go_to_place(s);
}

/* What cannot be sent is lost, and its retransmission may take another way: to
 * the server's next address, or from another one of ours. The engine is at
 * work here, so it hears of that later.                                     */
void sally_seat_send(struct sally_uplink_seat *s, struct sally_span datagram)
{
    const struct sally_uri *uri = uri_of(s);

    if (s->streams) {
        sally_stream_send(s->stream, datagram);
        return;
    }
    if (uri != NULL && sally_places_onward(s->all->places, uri, &s->way,
                                           sally_loop_now(s->all->loop)))
        go_to_place(s);
    if (sally_udp_send(s->udp, datagram))
        return;
    sally_places_unreachable(&s->way);
    if (uri != NULL &&
        sally_places_renumbered(s->all->places, uri, &s->way))
        go_to_place(s);
    else if (!sally_udp_repair(s->udp))
        return;
    (void)sally_udp_send(s->udp, datagram);
    s->moved = true;
    sally_loop_later(s->all->loop, &s->deliver);
}

void sally_seat_registered(struct sally_uplink_seat *s)
{
    const struct sally_uri *uri = uri_of(s);

    if (uri != NULL)
        sally_places_good(s->all->places, uri, &s->way);
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
    if (s->streams && s->guest->calls->connected(s->guest))
        sally_stream_resume(s->stream);
    else if (s->streams)
        sally_stream_drop(s->stream);
    sally_timer_set(s->all->loop, &s->timer, when);
}

void sally_seat_deliver_later(struct sally_uplink_seat *s)
{
    sally_loop_later(s->all->loop, &s->deliver);
}
