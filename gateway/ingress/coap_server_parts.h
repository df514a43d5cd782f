/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_server_parts.h - the CoAP server as its files see it,
 * and what they call of each other.                                         */
#ifndef SALLY_INGRESS_COAP_SERVER_PARTS_H
#define SALLY_INGRESS_COAP_SERVER_PARTS_H

#include "base/deadline.h"
#include "base/hashmap.h"
#include "ingress/coap_server.h"

#define SALLY_COAP_COMMANDS_MAX 4 /* of one peer, under way */

struct sally_coap_command {
    uint32_t number;        /* 0: free */
    sally_coap_exchange x;
    sally_usec deadline;
};

struct sally_coap_peer {
    struct sally_hashmap_node node;
    struct sally_coap_peer *newer, *older; /* by when it was last heard */
    struct sally_hashmap_node of_sensor;  /* of its newest peer... */
    struct sally_coap_peer *same_newer, *same_older; /* ...and its others */
    struct sally_deadline deadline;
    struct sally_coap_link link;
    struct sally_coap_source source;
    struct sally_coap_server *server;
    uint32_t sensor;
    sally_usec proved_until; /* 0: not proved, we only sent commands there */
    struct sally_coap_command commands[SALLY_COAP_COMMANDS_MAX];
    uint8_t key[24]; /* of `node`: address, port, listener */
};

struct sally_coap_server {
    struct sally_outer *outer;
    const struct sally_auth_addresses *addresses;
    const struct sally_coap_shared *coap;
    const struct sally_coap_server_host *host;
    void *owner;
    struct sally_pool pool; /* of struct sally_coap_peer */
    struct sally_hashmap peers, of_sensor;
    struct sally_deadlines deadlines;
    struct sally_coap_peer *newest, *oldest;
    struct sally_credential nosec;
};

/* Sets the timer to what is due first. */
void sally_coap_server_arm(struct sally_coap_server *s);

/* A reading. An upcall of the link. */
void sally_coap_server_request(void *owner, const struct sally_coap_request *q,
                               sally_usec now);

/* --- Peers: coap_peers.c -------------------------------------------------- */

/* The peer of this address, or the newest one of a sensor; NULL: none. */
struct sally_coap_peer *
sally_coap_peer_find(struct sally_coap_server *s,
                     const struct sally_coap_source *from);
struct sally_coap_peer *
sally_coap_peer_of(const struct sally_coap_server *s, uint32_t sensor);

/* A new one; where there is no room the one silent longest yields. NULL: it
 * cannot begin.                                                             */
struct sally_coap_peer *
sally_coap_peer_add(struct sally_coap_server *s,
                    const struct sally_coap_source *from, uint32_t sensor,
                    sally_usec now);

/* Its commands are offline, its messages nobody's. */
void sally_coap_peer_drop(struct sally_coap_peer *p, sally_usec now);

/* It was heard: the newest of all, and of its sensor. */
void sally_coap_peer_refresh(struct sally_coap_peer *p);

/* Sends what the link has ready and notes when it wants to be woken. */
void sally_coap_peer_pump(struct sally_coap_peer *p, sally_usec now);

/* --- Commands: coap_commands.c -------------------------------------------- */

/* A carrier of the outer door. NOT_FOUND: not for a sensor of CoAP, or nobody
 * knows where it is; NO_ROOM; MALFORMED.                                    */
enum sally_err sally_coap_commands_carry(void *carrier,
                                         const struct sally_outer_command *c,
                                         sally_usec now) SALLY_MUST_USE;

/* An upcall of the link; and what is late is given up. */
void sally_coap_commands_reply(void *owner, sally_coap_exchange x,
                               enum sally_err e,
                               const struct sally_coap_reply *reply,
                               sally_usec now);
void sally_coap_commands_expire(struct sally_coap_peer *p, sally_usec now);

#endif
