/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/mqtt_server.h - sensors that speak plaintext MQTT.
 *
 * A sensor is told by its user name and password, by its address, or by both,
 * as its entry says. What it publishes on its own topics becomes readings,
 * acknowledged when they are durable; what it publishes elsewhere is
 * acknowledged and dropped, since MQTT 3.1.1 has no words to refuse it. It sees
 * only its own command topics. Sessions are keyed by sensor and client id, so
 * two sensors with one hard-coded client id do not disturb each other.      */
#ifndef SALLY_INGRESS_MQTT_SERVER_H
#define SALLY_INGRESS_MQTT_SERVER_H

#include "ingress/auth/password.h"
#include "ingress/outer.h"
#include "mqtt/session.h"

struct sally_mqtt_server;
struct sally_mqtt_connection;

/* `handle` is the host's own for a connection. */
struct sally_mqtt_server_host {
    void (*pump)(void *owner, void *handle); /* there is output */
    void (*pause)(void *owner, void *handle, bool paused);
    /* The connection is over: send what is left of its output and close. The
     * connection is gone when this returns.                                 */
    void (*close)(void *owner, void *handle);
    void (*arm)(void *owner, sally_usec when);
    /* A password check waits: call sally_passwords_next(). */
    void (*verify)(void *owner);
};

/* All borrowed, and outlive the result. */
enum sally_err sally_mqtt_server_create(
    struct sally_mqtt_server **out, struct sally_outer *outer,
    const struct sally_auth_addresses *addresses,
    struct sally_passwords *passwords, size_t connections,
    const struct sally_mqtt_server_host *host, void *owner) SALLY_MUST_USE;
void sally_mqtt_server_wipe(struct sally_mqtt_server *s); /* NULL allowed */

/* Another configuration, beside sally_outer_prepare(): its user names, and room
 * for so many connections. NO_MEMORY. Then, just before sally_outer_commit()
 * and sally_passwords_commit(): connections of sensors that do not stay, or
 * that came in by a password that does not, are closed, and sources are told
 * apart by `addresses` from now on. Or it is forgotten.                     */
enum sally_err sally_mqtt_server_prepare(struct sally_mqtt_server *s,
                                         const struct sally_config *next,
                                         size_t connections) SALLY_MUST_USE;
void sally_mqtt_server_commit(struct sally_mqtt_server *s,
                              const struct sally_config *next,
                              const struct sally_auth_addresses *addresses,
                              sally_usec now);
void sally_mqtt_server_abort(struct sally_mqtt_server *s);

/* A peer came. When all places are taken, a connection that has proved nothing
 * is closed for it; NULL if there is none. `source->ip` is copied.          */
struct sally_mqtt_connection *
sally_mqtt_server_accept(struct sally_mqtt_server *s, void *handle,
                         const struct sally_auth_source *source,
                         sally_usec now);

/* It came in over TLS, which proved by `method` that it is this sensor and no
 * other; UINT32_MAX: it has to say so itself. Before its first input.       */
void sally_mqtt_server_secured(struct sally_mqtt_connection *c,
                               uint32_t sensor, enum sally_auth_method method);

/* Whoever came in by a certificate has to show it anew. */
void sally_mqtt_server_doubt(struct sally_mqtt_server *s, sally_usec now);

void sally_mqtt_server_input(struct sally_mqtt_connection *c,
                             struct sally_span bytes, sally_usec now);
struct sally_span
sally_mqtt_server_output(const struct sally_mqtt_connection *c);
void sally_mqtt_server_sent(struct sally_mqtt_connection *c, size_t n,
                            sally_usec now);

/* The peer is gone, and with it the handle; host->close is not called. */
void sally_mqtt_server_closed(struct sally_mqtt_connection *c, sally_usec now);

/* Nobody may be this sensor any more: its connections are closed. */
void sally_mqtt_server_kick(struct sally_mqtt_server *s, uint32_t sensor,
                            sally_usec now);

void sally_mqtt_server_expire(struct sally_mqtt_server *s, sally_usec now);

/* There may be room for messages again. Costs nothing while nobody waits. */
void sally_mqtt_server_resume(struct sally_mqtt_server *s, sally_usec now);

/* The passwords have been told something from outside an entry of this file:
 * call afterwards, so that what ended meanwhile is cleared away.            */
void sally_mqtt_server_settle(struct sally_mqtt_server *s, sally_usec now);

#endif
