/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/places.h - where the servers are: their addresses, as figures
 * in a URI or as the resolver gave them, and which of them each client tries.
 *
 * A place is the host and port of a URI, of the configuration or of an account
 * that a bootstrap server wrote. A server can have several URIs; which of them
 * a client tries is the client's affair.
 *
 * Addresses of one name are used in the resolver's order (RFC 6724). A client
 * begins with the one it registered at last, or else with one that worked for
 * another client. While the server has not said a word, every second datagram
 * of a handshake goes to the next address, so a dead one costs seconds. A
 * session that is up stays where it is, whatever becomes of the name.
 *
 * The system does not tell for how long an answer holds, so it is taken as
 * fresh for a minute, and for 5 s while a server is silent. Only a handshake
 * makes a look-up: one for all clients of a server, with the addresses known
 * so far in use meanwhile. Failures are repeated with a back-off.
 *
 * Pure: time comes in, and questions go out by an upcall.                   */
#ifndef SALLY_ROLES_PLACES_H
#define SALLY_ROLES_PLACES_H

#include "bus/message.h"
#include "config/config.h"

#define SALLY_PLACES_FRESH (60 * SALLY_SEC)
#define SALLY_PLACES_DOUBT (5 * SALLY_SEC)     /* a server is silent */
#define SALLY_PLACES_RETRY (1 * SALLY_SEC)     /* doubled, up to FRESH */
#define SALLY_PLACES_PATIENCE (60 * SALLY_SEC) /* for an answer */
#define SALLY_PLACES_TRIES 2 /* datagrams without a word back */
#define SALLY_PLACES_OTHERS 64 /* remembered besides the configuration's */

struct sally_places;

/* One client's way to its server; zeroed at first. */
struct sally_way {
    struct sally_bus_address at; /* family 0: none yet */
    uint32_t place;              /* whose addresses these are; 0: nobody's */
    uint8_t unanswered;          /* datagrams sent there */
    bool heard;                  /* the server said something */
    bool good;                   /* the client registered there */
};

/* Brings a question to the resolver. False: it cannot be asked now. */
typedef bool sally_places_ask(void *owner,
                              const struct sally_bus_resolve *question);

/* `c` outlives the result. NO_MEMORY. */
enum sally_err sally_places_create(struct sally_places **out,
                                   const struct sally_config *c,
                                   sally_places_ask *ask,
                                   void *owner) SALLY_MUST_USE;
void sally_places_wipe(struct sally_places *p); /* NULL is allowed */

/* The servers of another configuration, which outlives the result likewise;
 * clients of those of the one before may still end their sessions. What is
 * known of a host and port stays; answers on their way to places that went are
 * not taken any more. NO_MEMORY: nothing changed.                           */
enum sally_err sally_places_change(struct sally_places *p,
                                   const struct sally_config *c)
    SALLY_MUST_USE;

/* Looks up the configuration's names that are not fresh, before anybody needs
 * them.                                                                     */
void sally_places_prepare(struct sally_places *p, sally_usec now);

/* A handshake begins: where to. False: no address is known yet. */
bool sally_places_begin(struct sally_places *p, const struct sally_uri *uri,
                        struct sally_way *way, sally_usec now);

/* Before each datagram. True: it goes to another address than the one before,
 * `way->at`, and needs a socket of its own; or to the same, from another port,
 * since a handshake was not answered from this one.                         */
bool sally_places_onward(struct sally_places *p, const struct sally_uri *uri,
                         struct sally_way *way, sally_usec now);

/* After a datagram that could not be sent. True: the interface in an address in
 * figures is another one now, and `way->at` says so.                        */
bool sally_places_renumbered(struct sally_places *p,
                             const struct sally_uri *uri,
                             struct sally_way *way);

/* The system says that nobody is there (ICMP, or no route). Anybody could
 * have sent the former, so it only makes the next address come sooner.      */
void sally_places_unreachable(struct sally_way *way);

/* How many addresses are known there. */
unsigned sally_places_count(const struct sally_places *p,
                            const struct sally_uri *uri);

void sally_places_heard(struct sally_way *way);

/* The client is registered there. */
void sally_places_good(struct sally_places *p, const struct sally_uri *uri,
                       struct sally_way *way);

/* The resolver's answer. No answer leaves what was known before. True: these
 * are the first addresses of that name, which somebody may wait for.        */
bool sally_places_resolved(struct sally_places *p,
                           const struct sally_bus_resolved *r, sally_usec now);

/* The resolver is gone, and with it the answers that it owed. */
void sally_places_forget(struct sally_places *p);

#endif
