/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/listeners.c - sockets of the local side to engine calls. */
#include "roles/listeners.h"

#include "loop/tcp.h"
#include "loop/udp.h"

#include <stdlib.h>
#include <unistd.h>

#define LISTENERS_MAX 16 /* of each kind */

/* A bound socket that waits for the start. */
struct waiting {
    enum sally_listener kind;
    uint32_t index;
    int fd;
};

struct coap_listener {
    struct sally_listeners *all;
    struct sally_udp_listener *udp;
    uint32_t index;
};

struct sally_listeners {
    struct sally_loop *loop;
    struct sally_coap_server *coap_server;
    struct sally_mqtt_server *mqtt_server;
    unsigned connections;
    struct waiting waiting[2 * LISTENERS_MAX];
    struct coap_listener coap[LISTENERS_MAX];
    struct sally_tcp_listener *mqtt[LISTENERS_MAX];
    size_t waiting_count, coap_count, mqtt_count;
};

/* A TCP connection as an engine sees it. */
struct line {
    struct sally_listeners *all;
    struct sally_tcp *tcp;
    struct sally_mqtt_connection *connection;
};

/* --- From the sockets ---------------------------------------------------- */

static void on_datagram(void *owner, const struct sally_udp_route *route,
                        struct sally_span datagram, sally_usec now)
{
    struct coap_listener *l = owner;
    const struct sally_coap_source from = { route->peer, route->local,
                                            route->interface, l->index };

    sally_coap_server_input(l->all->coap_server, &from, datagram, now);
}

static const struct sally_udp_listener_upcalls udp_upcalls = {
    .on_datagram = on_datagram
};

static void *on_accept(void *owner, struct sally_tcp *tcp,
                       const struct sally_bus_address *peer, sally_usec now)
{
    struct sally_listeners *all = owner;
    const struct sally_auth_source source = { peer->ip, peer->family,
                                              sally_tcp_interface(tcp) };
    struct line *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return NULL;
    l->all = all;
    l->tcp = tcp;
    l->connection = sally_mqtt_server_accept(all->mqtt_server, l, &source, now);
    if (l->connection != NULL)
        return l;
    free(l);
    return NULL;
}

static void on_bytes(void *engine, struct sally_span bytes, sally_usec now)
{
    struct line *l = engine;

    sally_mqtt_server_input(l->connection, bytes, now);
}

static struct sally_span output(void *engine, sally_usec now)
{
    const struct line *l = engine;

    (void)now;
    return sally_mqtt_server_output(l->connection);
}

static void sent(void *engine, size_t n)
{
    struct line *l = engine;

    sally_mqtt_server_sent(l->connection, n, sally_loop_now(l->all->loop));
}

static void on_closed(void *engine, sally_usec now)
{
    struct line *l = engine;

    sally_mqtt_server_closed(l->connection, now);
    free(l);
}

static const struct sally_tcp_upcalls tcp_upcalls = {
    .on_accept = on_accept,
    .on_bytes = on_bytes,
    .output = output,
    .sent = sent,
    .on_closed = on_closed,
};

/* --- For the engines ----------------------------------------------------- */

void sally_listeners_reply(struct sally_listeners *l,
                           const struct sally_coap_source *to,
                           struct sally_span datagram)
{
    const struct sally_udp_route route = { to->peer, to->local, to->interface };

    for (size_t i = 0; i < l->coap_count; i++)
        if (l->coap[i].index == to->listener) {
            sally_udp_reply(l->coap[i].udp, &route, datagram);
            return;
        }
}

void sally_listeners_pump(struct sally_listeners *l, void *handle)
{
    struct line *line = handle;

    sally_tcp_pump(line->tcp, sally_loop_now(l->loop));
}

void sally_listeners_pause(void *handle, bool paused)
{
    struct line *line = handle;

    sally_tcp_pause(line->tcp, paused);
}

void sally_listeners_close(void *handle)
{
    struct line *line = handle;

    sally_tcp_close(line->tcp); /* asks for what is left of the output first */
    free(line);
}

/* --- Opening ------------------------------------------------------------- */

void sally_listeners_add(struct sally_listeners *l, enum sally_listener kind,
                         uint32_t index, int fd)
{
    if (l->waiting_count < SALLY_LEN(l->waiting))
        l->waiting[l->waiting_count++] = (struct waiting){ kind, index, fd };
    else
        (void)close(fd);
}

static enum sally_err listen_coap(struct sally_listeners *l,
                                  const struct waiting *w)
{
    struct coap_listener *one = &l->coap[l->coap_count];
    enum sally_err e;

    *one = (struct coap_listener){ l, NULL, w->index };
    e = sally_udp_listen(&one->udp, l->loop, w->fd, &udp_upcalls, one);
    l->coap_count += e == SALLY_E_OK;
    return e;
}

/* One source may not take all: a bridge in front of many sensors is one. The
 * one place more is for a newcomer while the engine closes another for it.  */
static enum sally_err listen_mqtt(struct sally_listeners *l,
                                  const struct waiting *w)
{
    const struct sally_tcp_limits limits = {
        .connections = l->connections + 1,
        .per_source = l->connections - l->connections / 4,
        .read_max = SALLY_MQTT_INPUT_MAX,
    };
    enum sally_err e = sally_tcp_listen(&l->mqtt[l->mqtt_count], l->loop, w->fd,
                                        &limits, &tcp_upcalls, l);

    l->mqtt_count += e == SALLY_E_OK;
    return e;
}

static enum sally_err listen_one(struct sally_listeners *l,
                                 const struct waiting *w)
{
    if (w->kind == SALLY_LISTENER_COAP && l->coap_count < LISTENERS_MAX)
        return listen_coap(l, w);
    if (w->kind == SALLY_LISTENER_MQTT && l->mqtt_count < LISTENERS_MAX)
        return listen_mqtt(l, w);
    (void)close(w->fd);
    return SALLY_E_NO_ROOM;
}

enum sally_err sally_listeners_open(struct sally_listeners *l,
                                    struct sally_coap_server *coap,
                                    struct sally_mqtt_server *mqtt,
                                    unsigned connections)
{
    enum sally_err e = SALLY_E_OK;

    l->coap_server = coap;
    l->mqtt_server = mqtt;
    l->connections = connections;
    while (l->waiting_count > 0 && e == SALLY_E_OK)
        e = listen_one(l, &l->waiting[--l->waiting_count]);
    return e;
}

enum sally_err sally_listeners_create(struct sally_listeners **out,
                                      struct sally_loop *loop)
{
    struct sally_listeners *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return SALLY_E_NO_MEMORY;
    l->loop = loop;
    *out = l;
    return SALLY_E_OK;
}

void sally_listeners_wipe(struct sally_listeners *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->coap_count; i++)
        sally_udp_listener_close(l->coap[i].udp);
    for (size_t i = 0; i < l->mqtt_count; i++)
        sally_tcp_listener_close(l->mqtt[i]);
    for (size_t i = 0; i < l->waiting_count; i++)
        (void)close(l->waiting[i].fd);
    free(l);
}
