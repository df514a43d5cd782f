/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/udp.h - datagrams: a socket per upstream peer, and listeners.
 *
 * A datagram that the system does not take is lost, because on UDP it could
 * as well be lost later; listeners count. One reads in batches of bounded
 * size, so that one busy peer does not starve the rest; a peer's own socket has
 * seldom more than one, which is read alone. After a batch on_batch() runs,
 * where the owner sends what its engine has ready.                          */
#ifndef SALLY_LOOP_UDP_H
#define SALLY_LOOP_UDP_H

#include "loop/address.h"
#include "loop/loop.h"

#define SALLY_UDP_DATAGRAM 2048 /* longer ones are dropped */

/* --- One connected socket per upstream peer ------------------------------ */

struct sally_udp;

struct sally_udp_upcalls {
    /* `datagram` dies with the upcall. Inside, _rebind() and _close() are
     * allowed; the rest of the old socket's batch is then lost.             */
    void (*on_datagram)(void *owner, struct sally_span datagram,
                        sally_usec now);
    void (*on_batch)(void *owner, sally_usec now); /* NULL: not wanted */

    /* ICMP said that nobody is there; anybody could have. NULL: not wanted. */
    void (*on_unreachable)(void *owner);
};

/* Without a socket at first: _rebind() makes one. `upcalls` outlives it.
 * NO_MEMORY.                                                                */
enum sally_err sally_udp_open(struct sally_udp **out, struct sally_loop *l,
                              const struct sally_udp_upcalls *upcalls,
                              void *owner) SALLY_MUST_USE;

/* A fresh socket with a fresh local port, connected to `peer`; the one before
 * is closed. IO: no descriptors or no route; then there is no socket, and
 * _repair() can make one later.                                             */
enum sally_err sally_udp_rebind(struct sally_udp *u,
                                const struct sally_bus_address *peer)
    SALLY_MUST_USE;

/* Without a socket and without a peer. */
void sally_udp_unbind(struct sally_udp *u);

/* False: the datagram is lost, since the system has no way to the peer now: no
 * socket, no route, or an address to send from that is ours no more. One that
 * is lost for want of buffers calls for no repair, and gives true.          */
bool sally_udp_send(struct sally_udp *u, struct sally_span datagram);

/* After such a send. True: there is a socket now that sends from another
 * address than the one before, or a first one. If the address would be the
 * same the old socket stays, since its port is what the peer knows.         */
bool sally_udp_repair(struct sally_udp *u);

void sally_udp_close(struct sally_udp *u); /* NULL is allowed */

/* --- A listener ---------------------------------------------------------- */

/* Where a datagram came from and how to answer it from the address that it
 * was sent to. May be kept and used as long as the listener is open.        */
struct sally_udp_route {
    struct sally_bus_address peer, local;
    uint32_t interface; /* index; 0 unknown */
};

struct sally_udp_listener;

struct sally_udp_listener_upcalls {
    /* `datagram` and `route` die with the upcall. No _close() inside. */
    void (*on_datagram)(void *owner, const struct sally_udp_route *route,
                        struct sally_span datagram, sally_usec now);
    void (*on_batch)(void *owner, sally_usec now); /* NULL: not wanted */
};

struct sally_udp_counts {
    uint64_t received, sent;
    uint64_t oversized;   /* arrived longer than SALLY_UDP_DATAGRAM */
    uint64_t group;       /* sent to many at once; not looked at */
    uint64_t send_errors; /* not taken by the system */
    uint64_t unreachable; /* reported by ICMP or the system on receiving */
};

/* A bound datagram socket. `interface` "" or NULL: any; else only what
 * arrives there (SO_BINDTODEVICE; needs privilege). Address "::" takes IPv4
 * too; where the system has no IPv6, 0.0.0.0 is bound instead. IO: see errno.
 * Made by the supervisor, listened to by a door.                            */
enum sally_err sally_udp_bind(const char *interface,
                              const struct sally_bus_address *a,
                              int *fd) SALLY_MUST_USE;

/* Takes the descriptor, also on failure. `upcalls` outlives the listener. */
enum sally_err sally_udp_listen(struct sally_udp_listener **out,
                                struct sally_loop *l, int fd,
                                const struct sally_udp_listener_upcalls *up,
                                void *owner) SALLY_MUST_USE;

/* Sends back along `route`: from the address and by the interface that the
 * datagram came to, whatever the routing table would prefer. What is said in
 * plaintext on a local link does not leave by another one.                  */
void sally_udp_reply(struct sally_udp_listener *u,
                     const struct sally_udp_route *route,
                     struct sally_span datagram);

/* Can it send to addresses of this family, 4 or 6? */
bool sally_udp_listener_speaks(const struct sally_udp_listener *u,
                               uint8_t family);

/* Index of the interface that it is bound to; 0: none. */
uint32_t sally_udp_listener_interface(const struct sally_udp_listener *u);

uint16_t sally_udp_listener_port(const struct sally_udp_listener *u);
void sally_udp_listener_counts(const struct sally_udp_listener *u,
                               struct sally_udp_counts *out);
void sally_udp_listener_close(struct sally_udp_listener *u); /* NULL: nothing */

#endif
