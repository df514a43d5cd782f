/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/reliability.h - message ids, retransmission, NSTART. RFC 7252 s.4.
 *
 * A flight is one message of ours under way. It is a member of something
 * larger, which holds the bytes; this engine only says when they go out.
 * Nothing is sent here and nothing can fail.                                */
#ifndef SALLY_COAP_RELIABILITY_H
#define SALLY_COAP_RELIABILITY_H

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct sally_coap_parameters; /* link.h */

/* Message ids in ascending order. A quarter of the number space is entered
 * again only when EXCHANGE_LIFETIME has passed since it was left (s.4.4).   */
struct sally_coap_mids {
    uint16_t next;
    sally_usec free_at[4]; /* one per quarter */
};

/* Begins at a random id. */
void sally_coap_mids_init(struct sally_coap_mids *m,
                          const struct sally_random *random);

/* NO_ROOM: all ids were used within `lifetime`. */
enum sally_err sally_coap_mids_take(struct sally_coap_mids *m,
                                    sally_usec lifetime, sally_usec now,
                                    uint16_t *mid) SALLY_MUST_USE;

enum sally_coap_flight_state {
    SALLY_FLIGHT_IDLE,    /* acknowledged, or not confirmable and sent */
    SALLY_FLIGHT_QUEUED,  /* confirmable, waits for its turn */
    SALLY_FLIGHT_READY,   /* goes out with the next output */
    SALLY_FLIGHT_WAITING, /* sent; resent at `due` */
    SALLY_FLIGHT_LOST     /* never acknowledged */
};

struct sally_coap_flight {
    struct sally_coap_flight *next;
    sally_usec due;  /* WAITING */
    sally_usec wait; /* the present time-out */
    uint16_t mid;
    uint16_t len; /* bytes of the message; the owner's */
    uint8_t retries;
    bool confirmable;
    enum sally_coap_flight_state state;
};

/* All flights of a link in the order in which they were added. */
struct sally_coap_reliable {
    struct sally_coap_flight *first;
};

/* Puts `f` last. A confirmable one waits until no other confirmable is
 * READY or WAITING: NSTART is 1 (s.4.7). Its mid and len are set already.   */
void sally_coap_reliable_add(struct sally_coap_reliable *r,
                             struct sally_coap_flight *f, bool confirmable,
                             const struct sally_coap_parameters *parameters,
                             const struct sally_random *random);

/* Takes `f` out, in any state; the next in the queue gets its turn. */
void sally_coap_reliable_remove(struct sally_coap_reliable *r,
                                struct sally_coap_flight *f);

/* Stops resending `f`, which stays in the list as IDLE. */
void sally_coap_reliable_acknowledge(struct sally_coap_reliable *r,
                                     struct sally_coap_flight *f);

/* The flight that was sent under `mid` and is not over; NULL if none. */
struct sally_coap_flight *
sally_coap_reliable_find(const struct sally_coap_reliable *r, uint16_t mid);

/* The next flight to send, or NULL. The caller sends it and says so. */
struct sally_coap_flight *
sally_coap_reliable_ready(const struct sally_coap_reliable *r);
void sally_coap_reliable_sent(struct sally_coap_flight *f, sally_usec now);

/* Makes READY what is due, with twice the wait, or LOST after max_retransmit
 * (s.4.2). The caller takes out the LOST ones.                              */
void sally_coap_reliable_expire(struct sally_coap_reliable *r,
                                unsigned max_retransmit, sally_usec now);

sally_usec sally_coap_reliable_deadline(const struct sally_coap_reliable *r);

/* Confirmable flights that are not acknowledged. */
size_t sally_coap_reliable_busy(const struct sally_coap_reliable *r);

#endif
