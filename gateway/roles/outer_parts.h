/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/outer_parts.h - what the files of the outer door share. Not for
 * others.                                                                   */
#ifndef SALLY_ROLES_OUTER_PARTS_H
#define SALLY_ROLES_OUTER_PARTS_H

#include "ingress/coap_server.h"
#include "ingress/mqtt_server.h"
#include "ingress/tls_door.h"
#include "roles/answers.h"
#include "roles/brokers.h"
#include "roles/listeners.h"
#include "roles/neighbour.h"
#include "roles/notes.h"
#include "roles/role.h"

/* What has come of a configuration that is being prepared. */
struct next {
    struct sally_auth_addresses *addresses;
    struct sally_tls_keys *tls_keys;
    int passwords_fd; /* -1: there is no such file */
    int keys_fd; /* the keyring of the local side */
    struct {
        bool changes;
        enum sally_listener kind; /* NONE: it goes */
        int fd;
    } listeners[SALLY_BUS_LISTENERS];
};

struct outer {
    const struct sally_role_context *context;
    struct sally_outer *engine;
    struct sally_auth_addresses *addresses;
    struct sally_passwords *passwords;
    struct sally_coap_server *coap;
    struct sally_mqtt_server *mqtt;
    struct sally_broker_links brokers;
    struct sally_pool packets, bodies;
    struct sally_coap_parameters parameters;
    struct sally_coap_shared coap_shared;
    struct sally_timer coap_timer, mqtt_timer, tick;
    struct sally_bus *inner, *verifier, *console;
    struct sally_notes notes;
    struct sally_answers answers; /* to the console */
    struct sally_listeners *listeners;
    struct sally_tls_door *tls; /* NULL: no listener has TLS */
    struct sally_timer tls_timer;
    int keys_fd; /* -1: the keyring has not come */
    int passwords_fd; /* -1: there is no such file */
    struct next next;
};

/* Two connections or peers per sensor, and some for those that come and go; and
 * what blocks so many take.                                                 */
size_t sally_outer_peers(const struct sally_config *c);
size_t sally_outer_packets(size_t peers);
size_t sally_outer_bodies(size_t peers);

void sally_outer_ask_verifier(struct outer *o, bool again);

/* Reads a passwords file (-1: an empty one): the first, or the next one. */
enum sally_err sally_outer_passwords(struct outer *o, int fd);

/* Of the role's row. */
void sally_outer_on_listener(void *role, enum sally_listener kind,
                             uint32_t index, int fd);
void sally_outer_on_passwords(void *role, int fd);
enum sally_err sally_outer_on_prepare(void *role,
                                      const struct sally_config *next,
                                      sally_usec now);
enum sally_err sally_outer_on_prepared(void *role);
void sally_outer_on_commit(void *role, const struct sally_config *previous,
                           sally_usec now);
void sally_outer_drop_next(void *role);
void sally_outer_on_keys(void *role, int fd);

/* outer_tls.c: as the files above do, what belongs to TLS. */
enum sally_err sally_outer_tls_start(struct outer *o);
enum sally_err sally_outer_tls_prepare(struct outer *o);
void sally_outer_tls_commit(struct outer *o, sally_usec now);
void sally_outer_tls_drop_next(struct outer *o);
void sally_outer_tls_close(struct outer *o);
void sally_outer_on_tls_timer(void *role, sally_usec now);

#endif
