/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/stream.h - one TCP connection per upstream peer, made by us.
 *
 * Reading: as many bytes as the engine has room for; none while it has no room,
 * so that TCP's own window holds the peer back. Writing: what the system does
 * not take of one chunk waits here, and no other is taken before it has left,
 * nor before the connection stands. A peer that takes nothing for 30 s, or
 * whose machine is gone, is cut off by the system (TCP_USER_TIMEOUT).       */
#ifndef SALLY_LOOP_STREAM_H
#define SALLY_LOOP_STREAM_H

#include "loop/address.h"
#include "loop/loop.h"

#define SALLY_STREAM_CHUNK 1280                /* bytes of one _send() */
#define SALLY_STREAM_CONNECT (5 * SALLY_SEC)   /* then nobody is there */
#define SALLY_STREAM_STALLED (30 * SALLY_SEC)  /* of unacknowledged bytes */

struct sally_stream;

struct sally_stream_upcalls {
    /* Bytes that the engine has room for now. */
    size_t (*room)(void *owner);

    /* `bytes` die with the upcall. Inside, all calls are allowed. */
    void (*on_bytes)(void *owner, struct sally_span bytes, sally_usec now);

    /* The connection stands, or what waited has left: _send() takes more. */
    void (*on_ready)(void *owner, sally_usec now);

    /* It is gone. CLOSED: the peer closed it; REFUSED: nobody listens there;
     * TIMED_OUT: nobody answers; IO: no way there, or it broke. What was sent
     * before the connection stood waits for another _connect().             */
    void (*on_lost)(void *owner, enum sally_err e, bool connected,
                    sally_usec now);
};

/* Without a connection at first. `upcalls` outlives it. NO_MEMORY. */
enum sally_err sally_stream_open(struct sally_stream **out,
                                 struct sally_loop *l,
                                 const struct sally_stream_upcalls *upcalls,
                                 void *owner) SALLY_MUST_USE;

/* Begins a connection; the one before is closed. What happens is told from a
 * later turn, also that there is no way there.                              */
void sally_stream_connect(struct sally_stream *s,
                          const struct sally_bus_address *peer);

/* True if _send() takes a chunk. */
bool sally_stream_ready(const struct sally_stream *s);

/* All of the chunk, of SALLY_STREAM_CHUNK bytes at most; only when ready. */
void sally_stream_send(struct sally_stream *s, struct sally_span chunk);

/* There may be room again: goes on reading, or stops. */
void sally_stream_resume(struct sally_stream *s);

/* Closes the connection, and forgets what was not sent. */
void sally_stream_drop(struct sally_stream *s);

void sally_stream_close(struct sally_stream *s); /* NULL is allowed */

#endif
