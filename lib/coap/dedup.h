/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/dedup.h - the peer's messages seen lately, and what we said.
 * RFC 7252 s.4.5.
 *
 * One pool block per link holds a ring of message ids; it is taken with the
 * first message and given back EXCHANGE_LIFETIME after the last. The answer
 * to each is kept beside it, so that a duplicate of a confirmable message is
 * answered again without anyone above hearing of it. All acknowledgements,
 * Resets and answers to the peer's messages go out from here.               */
#ifndef SALLY_COAP_DEDUP_H
#define SALLY_COAP_DEDUP_H

#include "base/pool.h"
#include "base/span.h"
#include "base/time.h"

#define SALLY_DEDUP_SMALL 24 /* bytes of an answer kept without a block */
#define SALLY_DEDUP_RING 31  /* messages remembered */
#define SALLY_DEDUP_LARGE 4  /* answers in a block of their own */

struct sally_coap_seen {
    sally_usec when;
    uint16_t mid;
    uint16_t len; /* of the answer; 0: none yet */
    bool used : 1;
    bool pending : 1; /* a request that was not answered: must stay */
    bool send : 1;    /* the answer goes out with the next output */
    bool once : 1;   /* then it is dropped: it acknowledges nothing */
    bool forget : 1; /* then the message counts as never received */
    union {
        uint8_t small[SALLY_DEDUP_SMALL]; /* len <= SALLY_DEDUP_SMALL */
        uint8_t *large;                   /* owned */
    } answer;
};

struct sally_coap_ring {
    size_t to_send, large; /* entries that are so */
    sally_usec last;       /* when the newest came */
    struct sally_coap_seen entry[SALLY_DEDUP_RING];
};

struct sally_coap_dedup {
    struct sally_coap_ring *ring; /* a block of `packets`, or NULL */
    struct sally_pool *packets;
    sally_usec lifetime;
};

void sally_coap_dedup_init(struct sally_coap_dedup *d,
                           struct sally_pool *packets, sally_usec lifetime);

/* Looks a message up and remembers it if it is new. `*seen` stays valid until
 * the next call of _see(), _expire() or _wipe(). DUPLICATE: seen before, and
 * the kept answer, if any, goes out again. NO_ROOM: no block, or all entries
 * are pending; treat the message as lost.                                   */
enum sally_err
sally_coap_dedup_see(struct sally_coap_dedup *d, uint16_t mid, sally_usec now,
                     struct sally_coap_seen **seen) SALLY_MUST_USE;

/* The entry of a message id, NULL if there is none. */
struct sally_coap_seen *sally_coap_dedup_find(const struct sally_coap_dedup *d,
                                              uint16_t mid);

/* Room to write an answer of `at_most` bytes into: the entry's own if it is
 * small, else a block. _answer() with the same `room` always follows. False:
 * no block.                                                                 */
bool sally_coap_dedup_room(struct sally_coap_dedup *d, size_t at_most,
                           struct sally_coap_seen *seen,
                           struct sally_buf *room);

/* Keeps what was written into `room` as the answer, which goes out next. An
 * empty `room` keeps nothing.                                               */
void sally_coap_dedup_answer(struct sally_coap_dedup *d,
                             struct sally_coap_seen *seen,
                             const struct sally_buf *room);

/* Forgets the entry: the message counts as never received. */
void sally_coap_dedup_forget(struct sally_coap_dedup *d,
                             struct sally_coap_seen *seen);

/* The next answer to send, or NULL; valid until _sent(). */
struct sally_coap_seen *
sally_coap_dedup_ready(const struct sally_coap_dedup *d);
struct sally_span sally_coap_seen_answer(const struct sally_coap_seen *seen);
void sally_coap_dedup_sent(struct sally_coap_dedup *d,
                           struct sally_coap_seen *seen);

sally_usec sally_coap_dedup_deadline(const struct sally_coap_dedup *d);
void sally_coap_dedup_expire(struct sally_coap_dedup *d, sally_usec now);
void sally_coap_dedup_wipe(struct sally_coap_dedup *d);

#endif
