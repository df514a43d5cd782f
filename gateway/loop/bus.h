/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/bus.h - one end of the bus between two roles.
 *
 * Messages are collected in a frame and go out at the end of the turn or when
 * the frame is full: a burst costs one system call. A descriptor travels with
 * a CONTROL message. Frames that the peer is too slow for wait in a queue of
 * fixed size; a full queue is the sender's to handle (NO_ROOM), never memory.
 * What arrives is checked by sally_bus_take(); an end that says something it
 * may not say is closed like one that is gone.                              */
#ifndef SALLY_LOOP_BUS_H
#define SALLY_LOOP_BUS_H

#include "bus/message.h"
#include "loop/loop.h"

struct sally_bus;

struct sally_bus_upcalls {
    /* `m` dies with the upcall. `fd`: a descriptor that is now yours, or -1.
     * sally_bus_close() is allowed in here.                                 */
    void (*on_message)(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now);

    /* A send was refused with NO_ROOM before; there is room again. NULL: not
     * wanted.                                                               */
    void (*on_room)(void *owner, struct sally_bus *b, sally_usec now);

    /* The peer is gone, or broke the rules (`e` MALFORMED). No more upcalls;
     * close it.                                                             */
    void (*on_gone)(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now);
};

/* Two connected ends, close-on-exec. IO. */
enum sally_err sally_bus_pair(int fd[2]) SALLY_MUST_USE;

/* Takes the descriptor, also on failure. `frames`: how many of
 * SALLY_BUS_FRAME bytes may wait. `upcalls` outlives the end.               */
enum sally_err sally_bus_open(struct sally_bus **out, struct sally_loop *l,
                              int fd, enum sally_role_name self,
                              enum sally_role_name peer, size_t frames,
                              const struct sally_bus_upcalls *upcalls,
                              void *owner) SALLY_MUST_USE;

/* True if a message with a descriptor finds room now. If not, on_room is called
 * when it does.                                                             */
bool sally_bus_ready(struct sally_bus *b);

/* Queues a copy. NO_ROOM; CLOSED if the peer is gone. A debug aid: saying
 * what this role may not say is BAD_STATE.                                  */
enum sally_err sally_bus_send(struct sally_bus *b,
                              struct sally_bus_message *m) SALLY_MUST_USE;

/* The same with a descriptor, which is taken in every case: closed here once
 * it was sent or could not be.                                              */
enum sally_err sally_bus_send_with(struct sally_bus *b,
                                   struct sally_bus_message *m,
                                   int fd) SALLY_MUST_USE;

/* Offers what waits to the system now; for the last words before an exit. */
void sally_bus_flush(struct sally_bus *b);

enum sally_role_name sally_bus_peer(const struct sally_bus *b);
void sally_bus_close(struct sally_bus *b); /* NULL is allowed */

#endif
