/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_server.h - sensors that speak CoAP, most of them in
 * plaintext.
 *
 * A sensor is told by where its datagrams come from, over DTLS by its key. PUT
 * and POST to any path are readings on the topic "coap/<path>", answered 2.04
 * when they are durable; what a map wants to be polled is asked for. Commands
 * go the other way as PUT (Write) and POST (Execute), or as notifications.
 *
 * A source that is no sensor costs nothing: it gets a 4.01 no longer than its
 * request, without any state. A known one gets a `peer` with a CoAP link, out
 * of a fixed number; the one that was silent longest makes room.            */
#ifndef SALLY_INGRESS_COAP_SERVER_H
#define SALLY_INGRESS_COAP_SERVER_H

#include "coap/link.h"
#include "ingress/auth/address.h"
#include "ingress/outer.h"
#include "ingress/tls_door.h"

/* Where a datagram came from. `local` is the address that it was sent to. */
struct sally_coap_source {
    struct sally_bus_address peer, local;
    uint32_t interface; /* index; 0 unknown */
    uint32_t listener;  /* its slot */
    bool secure;        /* which takes DTLS only */
};

struct sally_coap_server_host {
    void (*send)(void *owner, const struct sally_coap_source *to,
                 struct sally_span datagram);

    /* Completes the way to `to->peer`, which was not heard yet: listener,
     * interface and scope. `interface` is the one it is at, "" any. False:
     * nothing listens there now.                                            */
    bool (*route)(void *owner, const char *interface,
                  struct sally_coap_source *to);

    /* One timer for all peers: calls sally_coap_server_expire(). */
    void (*arm)(void *owner, sally_usec when);
};

struct sally_coap_server;

/* All borrowed, and outlive the result. `peers`: how many at once. */
enum sally_err sally_coap_server_create(
    struct sally_coap_server **out, struct sally_outer *outer,
    const struct sally_auth_addresses *addresses,
    const struct sally_coap_shared *coap, size_t peers,
    const struct sally_coap_server_host *host, void *owner) SALLY_MUST_USE;
void sally_coap_server_wipe(struct sally_coap_server *s); /* NULL allowed */

/* Room for more peers and for what is to be polled, beside a configuration that
 * is being prepared; NO_MEMORY. Then, just before sally_outer_commit(): peers
 * of sensors that do not stay are forgotten, and sources are told apart by
 * `addresses` from now on.                                                  */
enum sally_err sally_coap_server_prepare(struct sally_coap_server *s,
                                         const struct sally_config *next,
                                         size_t peers) SALLY_MUST_USE;
void sally_coap_server_commit(struct sally_coap_server *s,
                              const struct sally_auth_addresses *addresses,
                              sally_usec now);

void sally_coap_server_input(struct sally_coap_server *s,
                             const struct sally_coap_source *from,
                             struct sally_span datagram, sally_usec now);

/* What listeners with DTLS turn to from now on; outlives the server's peers, as
 * does its security, which `coap` then has. Its host calls the second one for a
 * visit that is to end.                                                     */
void sally_coap_server_secure(struct sally_coap_server *s,
                              struct sally_tls_door *door);
void sally_coap_server_end(struct sally_coap_server *s, void *peer,
                           sally_usec now);

/* Nobody may be this sensor any more: its peers are forgotten. */
void sally_coap_server_kick(struct sally_coap_server *s, uint32_t sensor,
                            sally_usec now);

/* Nothing listens in this slot any more, or something else does: forgets who
 * spoke there, and by which interface. They prove themselves anew.          */
void sally_coap_server_unlisten(struct sally_coap_server *s, uint32_t listener,
                                sally_usec now);
void sally_coap_server_expire(struct sally_coap_server *s, sally_usec now);

#endif
