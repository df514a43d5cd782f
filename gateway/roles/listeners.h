/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/listeners.h - the outer door's sockets: CoAP listeners, MQTT
 * listeners and their connections, in front of the engines.                 */
#ifndef SALLY_ROLES_LISTENERS_H
#define SALLY_ROLES_LISTENERS_H

#include "ingress/coap_server.h"
#include "ingress/mqtt_server.h"
#include "ingress/tls_door.h"
#include "roles/role.h"

struct sally_listeners;

enum sally_err sally_listeners_create(struct sally_listeners **out,
                                      struct sally_loop *loop) SALLY_MUST_USE;

/* Closes all; their engines are still there. NULL is allowed. */
void sally_listeners_wipe(struct sally_listeners *l);

/* A bound socket for slot `index`, below SALLY_BUS_LISTENERS. It is kept until
 * _open(), and listened to at once afterwards; the one that was there before
 * goes, with its connections. Taken in every case.                          */
void sally_listeners_add(struct sally_listeners *l, enum sally_listener kind,
                         uint32_t index, int fd);

/* Nobody listens there any more; its connections end. */
void sally_listeners_remove(struct sally_listeners *l, uint32_t index);

/* From now on so many connections. NO_MEMORY.                               */
enum sally_err sally_listeners_grow(struct sally_listeners *l,
                                    unsigned connections) SALLY_MUST_USE;

/* From now on what arrives goes to the engines. `connections`: at most, of
 * each MQTT listener.                                                       */
enum sally_err sally_listeners_open(struct sally_listeners *l,
                                    struct sally_coap_server *coap,
                                    struct sally_mqtt_server *mqtt,
                                    unsigned connections) SALLY_MUST_USE;

/* What listeners with TLS turn to from now on, until they are wiped; before it
 * nobody comes in there. `end` of its host calls the second one.            */
void sally_listeners_secure(struct sally_listeners *l,
                            struct sally_tls_door *door);
void sally_tls_lines_end(struct sally_listeners *l, void *handle);

/* Parts of the engines' hosts. `handle` is a connection's. */
void sally_listeners_reply(struct sally_listeners *l,
                           const struct sally_coap_source *to,
                           struct sally_span datagram);
bool sally_listeners_route(const struct sally_listeners *l,
                           const char *interface,
                           struct sally_coap_source *to);
void sally_listeners_pump(struct sally_listeners *l, void *handle);
void sally_listeners_pause(void *handle, bool paused);
void sally_listeners_close(void *handle);

#endif
