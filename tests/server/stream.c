/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/stream.c - the doors for CoAP over TCP: a connection is a peer.
 */
#include "server/server.h"

#include <string.h>

static const struct sally_tcp_limits limits = { .connections = 4096,
                                                .read_max = SERVER_CHUNK };

/* What the link has no room for waits, and the peer with it. */
static void feed(struct server_peer *p, sally_usec now)
{
    size_t n = sally_coap_link_room(&p->link);

    if (n > p->held_len)
        n = p->held_len;
    if (n != 0) {
        (void)!sally_coap_link_input(
            &p->link, (struct sally_span){ p->held, n }, now);
        p->held_len -= n;
        memmove(p->held, &p->held[n], p->held_len);
    }
    sally_tcp_pause(p->tcp, p->held_len != 0);
}

/* Goes on with what was held back, as long as that leads anywhere. */
void server_stream_pump(struct server_peer *p, sally_usec now)
{
    size_t before;

    do {
        before = p->held_len;
        sally_tcp_pump(p->tcp, now);
        if (sally_coap_link_deadline(&p->link) <= now)
            sally_coap_link_expire(&p->link, now);
        if (p->held_len != 0)
            feed(p, now);
    } while (p->held_len != before);
    sally_tcp_pump(p->tcp, now);
}

static void *on_accept(void *owner, struct sally_tcp *c,
                       const struct sally_bus_address *from, sally_usec now)
{
    const struct sally_udp_route route = { .peer = *from };
    uint8_t room[SALLY_ADDRESS_KEY];
    struct server_peer *p = server_new_peer(
        owner, &route, sally_address_key(from, room), now);

    if (p == NULL)
        return NULL;
    p->tcp = c;
    sally_timer_set(p->door->server->loop, &p->timer,
                    sally_coap_link_deadline(&p->link));
    return p;
}

static void on_bytes(void *engine, struct sally_span bytes, sally_usec now)
{
    struct server_peer *p = engine;

    p->heard = now;
    memcpy(&p->held[p->held_len], bytes.at, bytes.len);
    p->held_len += bytes.len;
    feed(p, now);
    server_pump(p, now);
}

static struct sally_span output(void *engine, sally_usec now)
{
    struct server_peer *p = engine;

    if (p->unsent.len == 0)
        p->unsent = sally_coap_link_output(&p->link, now);
    return p->unsent;
}

static void sent(void *engine, size_t n)
{
    struct server_peer *p = engine;

    p->unsent = sally_span_sub(p->unsent, n, p->unsent.len);
}

static void on_closed(void *engine, sally_usec now)
{
    struct server_peer *p = engine;

    p->tcp = NULL;
    sally_coap_link_lost(&p->link, SALLY_E_CLOSED, now);
    server_end_peer(p);
}

static const struct sally_tcp_upcalls upcalls = {
    .on_accept = on_accept,
    .on_bytes = on_bytes,
    .output = output,
    .sent = sent,
    .on_closed = on_closed,
};

bool server_open_stream(struct server_door *door,
                        const struct sally_bus_address *a)
{
    int fd;

    return sally_tcp_bind(NULL, a, &fd) == SALLY_E_OK &&
           sally_tcp_listen(&door->streams, door->server->loop, fd, &limits,
                            &upcalls, door) == SALLY_E_OK;
}
