/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/listeners_parts.h - what listeners.c and tls_lines.c share. Not
 * for others.                                                               */
#ifndef SALLY_ROLES_LISTENERS_PARTS_H
#define SALLY_ROLES_LISTENERS_PARTS_H

#include "loop/tcp.h"
#include "roles/listeners.h"

/* A listener in its slot; `index` is its place in the table. */
struct slot {
    struct sally_listeners *all;
    enum sally_listener kind;
    uint32_t index;
    int fd; /* bound, and waiting for the start; -1: none */
    struct sally_udp_listener *udp;
    struct sally_tcp_listener *tcp;
};

struct sally_listeners {
    struct sally_loop *loop;
    struct sally_coap_server *coap_server; /* NULL before the start */
    struct sally_mqtt_server *mqtt_server;
    struct sally_tls_door *door; /* NULL: nobody comes in by TLS */
    unsigned connections;
    struct slot slots[SALLY_BUS_LISTENERS];
};

/* A TCP connection as an engine sees it. */
struct line {
    struct sally_listeners *all;
    struct sally_tcp *tcp;
    struct sally_mqtt_connection *connection; /* TLS: NULL until it is up */
    bool secure; /* it is the first of a struct of tls_lines.c */
};

/* tls_lines.c - connections over TLS. One that the engine lets speak again goes
 * on with what it has already; one that is over ends in order.              */
extern const struct sally_tcp_upcalls sally_tls_lines_upcalls;
void sally_tls_lines_pause(struct line *l, bool paused);
void sally_tls_lines_close(struct line *l);

#endif
