/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/listeners.c - sockets of the local side to engine calls. */
#include "roles/listeners.h"

#include "log/log.h"
#include "loop/udp.h"
#include "roles/listeners_parts.h"

#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

/* --- From the sockets ---------------------------------------------------- */

static void on_datagram(void *owner, const struct sally_udp_route *route,
                        struct sally_span datagram, sally_usec now)
{
    struct slot *slot = owner;
    const struct sally_coap_source from = {
        route->peer, route->local, route->interface, slot->index,
        slot->kind == SALLY_LISTENER_COAP_PSK
    };

    sally_coap_server_input(slot->all->coap_server, &from, datagram, now);
}

static const struct sally_udp_listener_upcalls udp_upcalls = {
    .on_datagram = on_datagram
};

static void *on_accept(void *owner, struct sally_tcp *tcp,
                       const struct sally_bus_address *peer, sally_usec now)
{
    struct slot *slot = owner;
    struct sally_listeners *all = slot->all;
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
    struct sally_udp_listener *udp = l->slots[to->listener].udp;

    if (udp != NULL) /* else as good as lost: it is just not there */
        sally_udp_reply(udp, &route, datagram);
}

static bool is_link_local(const struct sally_bus_address *a)
{
    return a->family == 6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

/* The first listener that can send there. Where an interface is named, what is
 * sent leaves by that and no other; a link-local address needs one.         */
bool sally_listeners_route(const struct sally_listeners *l,
                           const char *interface, struct sally_coap_source *to)
{
    uint32_t index = interface[0] == '\0' ? 0 : if_nametoindex(interface);

    if (interface[0] != '\0' && index == 0)
        return false;
    for (uint32_t i = 0; i < SALLY_LEN(l->slots); i++) {
        const struct sally_udp_listener *udp = l->slots[i].udp;
        uint32_t bound;

        if (udp == NULL || l->slots[i].kind != SALLY_LISTENER_COAP ||
            !sally_udp_listener_speaks(udp, to->peer.family))
            continue;
        bound = sally_udp_listener_interface(udp);
        if (index != 0 && bound != 0 && bound != index)
            continue;
        to->listener = i;
        to->interface = index != 0 ? index : bound;
        if (is_link_local(&to->peer))
            to->peer.scope = to->interface;
        return to->interface != 0 || !is_link_local(&to->peer);
    }
    return false;
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
    if (line->secure)
        sally_tls_lines_pause(line, paused);
}

void sally_listeners_close(void *handle)
{
    struct line *line = handle;

    if (line->secure) {
        sally_tls_lines_close(line);
        return;
    }
    sally_tcp_close(line->tcp); /* asks for what is left of the output first */
    free(line);
}

/* --- Opening ------------------------------------------------------------- */

static void vacate(struct slot *s)
{
    sally_udp_listener_close(s->udp);
    sally_tcp_listener_close(s->tcp);
    if (s->fd >= 0)
        (void)close(s->fd);
    s->udp = NULL;
    s->tcp = NULL;
    s->fd = -1;
}

/* One source may not take all: a bridge in front of many sensors is one. The
 * one place more is for a newcomer while the engine closes another for it.  */
static struct sally_tcp_limits limits_for(const struct slot *s,
                                          unsigned connections)
{
    return (struct sally_tcp_limits){
        .connections = connections + 1,
        .per_source = connections - connections / 4,
        .read_max = s->kind == SALLY_LISTENER_MQTT ? SALLY_MQTT_INPUT_MAX
                                                   : SALLY_TLS_INPUT_MAX,
    };
}

static enum sally_err listen_mqtt(struct slot *s, int fd)
{
    const struct sally_tcp_limits limits =
        limits_for(s, s->all->connections);

    return sally_tcp_listen(&s->tcp, s->all->loop, fd, &limits,
                            s->kind == SALLY_LISTENER_MQTT
                                ? &tcp_upcalls
                                : &sally_tls_lines_upcalls,
                            s);
}

static enum sally_err listen_one(struct slot *s)
{
    int fd = s->fd;

    s->fd = -1; /* taken in every case */
    return s->kind == SALLY_LISTENER_COAP ||
                   s->kind == SALLY_LISTENER_COAP_PSK
               ? sally_udp_listen(&s->udp, s->all->loop, fd, &udp_upcalls, s)
               : listen_mqtt(s, fd);
}

/* While the engines are there: they forget who spoke to it. */
static void unlisten(struct slot *s)
{
    if (s->udp != NULL)
        sally_coap_server_unlisten(s->all->coap_server, s->index,
                                   sally_loop_now(s->all->loop));
    vacate(s);
}

void sally_listeners_add(struct sally_listeners *l, enum sally_listener kind,
                         uint32_t index, int fd)
{
    struct slot *s = &l->slots[index];
    enum sally_err e;

    unlisten(s);
    s->kind = kind;
    s->fd = fd;
    if (l->coap_server == NULL)
        return;
    e = listen_one(s);
    if (e != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "listener_failed",
                  SALLY_NUMBER("listener", index),
                  SALLY_TEXT("why", sally_err_text(e)));
}

void sally_listeners_remove(struct sally_listeners *l, uint32_t index)
{
    unlisten(&l->slots[index]);
}

enum sally_err sally_listeners_grow(struct sally_listeners *l,
                                    unsigned connections)
{
    enum sally_err e = SALLY_E_OK;

    for (size_t i = 0; e == SALLY_E_OK && i < SALLY_LEN(l->slots); i++) {
        struct slot *s = &l->slots[i];
        const struct sally_tcp_limits limits = limits_for(s, connections);

        if (s->tcp != NULL)
            e = sally_tcp_listener_limit(s->tcp, &limits);
    }
    if (e == SALLY_E_OK)
        l->connections = connections;
    return e;
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
    for (size_t i = 0; i < SALLY_LEN(l->slots) && e == SALLY_E_OK; i++)
        if (l->slots[i].fd >= 0)
            e = listen_one(&l->slots[i]);
    return e;
}

enum sally_err sally_listeners_create(struct sally_listeners **out,
                                      struct sally_loop *loop)
{
    struct sally_listeners *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return SALLY_E_NO_MEMORY;
    l->loop = loop;
    for (uint32_t i = 0; i < SALLY_LEN(l->slots); i++)
        l->slots[i] = (struct slot){ .all = l, .index = i, .fd = -1 };
    *out = l;
    return SALLY_E_OK;
}

void sally_listeners_secure(struct sally_listeners *l,
                            struct sally_tls_door *door)
{
    l->door = door;
}

void sally_listeners_wipe(struct sally_listeners *l)
{
    for (size_t i = 0; l != NULL && i < SALLY_LEN(l->slots); i++)
        vacate(&l->slots[i]);
    free(l);
}
