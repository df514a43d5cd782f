/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/tcp.h - accepted stream connections, TCP or UNIX.
 *
 * Reading: one buffer of the whole loop, handed to the engine and forgotten.
 * Writing: the engine's output is offered to the system, what it takes is
 * reported back, and the rest waits until the socket is writable; nothing is
 * buffered here. An engine that is full pauses reading, and TCP's own window
 * then holds the peer back.                                                 */
#ifndef SALLY_LOOP_TCP_H
#define SALLY_LOOP_TCP_H

#include "loop/address.h"
#include "loop/loop.h"

struct sally_tcp;          /* a connection */
struct sally_tcp_listener;

struct sally_tcp_limits {
    unsigned connections; /* of the listener */
    unsigned per_source;  /* of one address; 0: no such limit */
    size_t read_max;      /* bytes of one on_bytes(); 0: as the loop likes */
};

struct sally_tcp_upcalls {
    /* A peer came. Returns what the other upcalls get as `engine`, or NULL to
     * turn it away. `peer` has family 0 on a UNIX socket.                   */
    void *(*on_accept)(void *owner, struct sally_tcp *c,
                       const struct sally_bus_address *peer, sally_usec now);

    /* Bytes arrived; they die with the upcall. The connection is pumped
     * afterwards. sally_tcp_close() is allowed in here.                     */
    void (*on_bytes)(void *engine, struct sally_span bytes, sally_usec now);

    /* The next bytes to send, valid until `sent`; empty: nothing now. */
    struct sally_span (*output)(void *engine, sally_usec now);
    void (*sent)(void *engine, size_t n);

    /* The peer ended it or it broke; not called after sally_tcp_close(). The
     * connection is gone when this returns.                                 */
    void (*on_closed)(void *engine, sally_usec now);
};

/* A bound, listening stream socket; see sally_udp_bind(). */
enum sally_err sally_tcp_bind(const char *interface,
                              const struct sally_bus_address *a,
                              int *fd) SALLY_MUST_USE;

/* Takes the descriptor of a listening socket, also on failure. `upcalls`
 * outlives the listener.                                                    */
enum sally_err sally_tcp_listen(struct sally_tcp_listener **out,
                                struct sally_loop *l, int fd,
                                const struct sally_tcp_limits *limits,
                                const struct sally_tcp_upcalls *upcalls,
                                void *owner) SALLY_MUST_USE;

/* Other limits from now on; NO_MEMORY, and they are as they were. Connections
 * that there are stay.                                                      */
enum sally_err sally_tcp_listener_limit(struct sally_tcp_listener *t,
                                        const struct sally_tcp_limits *limits)
    SALLY_MUST_USE;

/* Offers the engine's output to the system. After every input, expiry or
 * other change of the engine. Closes nothing: a broken connection is reported
 * by on_closed() from a later turn.                                         */
void sally_tcp_pump(struct sally_tcp *c, sally_usec now);

/* Stops and resumes reading from this peer. */
void sally_tcp_pause(struct sally_tcp *c, bool paused);

/* Ends the connection. What the engine still had to say is offered once. */
void sally_tcp_close(struct sally_tcp *c);

/* The descriptor, for asking the system about the peer. */
int sally_tcp_descriptor(const struct sally_tcp *c);

/* The local interface's index that the connection came in by; 0 unknown. */
uint32_t sally_tcp_interface(const struct sally_tcp *c);

struct sally_tcp_counts {
    uint64_t accepted;
    uint64_t turned_away; /* by a limit or by on_accept */
    unsigned connections; /* now */
};
void sally_tcp_counts(const struct sally_tcp_listener *t,
                      struct sally_tcp_counts *out);

uint16_t sally_tcp_listener_port(const struct sally_tcp_listener *t);

/* Ends all its connections with on_closed(), then itself. NULL is allowed. */
void sally_tcp_listener_close(struct sally_tcp_listener *t);

#endif
