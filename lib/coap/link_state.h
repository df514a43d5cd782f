/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/link_state.h - what a link holds while nothing is under way. All
 * else lives in blocks of the shared pools, only as long as it is needed.
 * Included by link.h; not for others.                                       */
#ifndef SALLY_COAP_LINK_STATE_H
#define SALLY_COAP_LINK_STATE_H

#include "base/hash.h"
#include "coap/body.h"
#include "coap/dedup.h"
#include "coap/reliability.h"

#define SALLY_LINK_OUTGOING_MAX 16 /* requests, notifications, responses */
#define SALLY_LINK_SERVING_MAX 16  /* requests that wait for our answer */
#define SALLY_LINK_RECENT_MAX 4    /* NON notifications that can be reset */

/* A notification that was sent without asking for an acknowledgement. */
struct sally_coap_recent {
    sally_usec until; /* 0: free */
    sally_coap_exchange exchange;
    uint16_t mid;
};

struct sally_coap_serving_table; /* serving.h */
struct sally_coap_shield;        /* shield.h */
struct sally_coap_stream;        /* stream.h */

struct sally_coap_link {
    const struct sally_coap_shared *shared;
    const struct sally_coap_link_upcalls *upcalls;
    void *owner;
    struct sally_stack stack;
    struct sally_coap_stream *stream; /* a block; NULL: datagrams */
    struct sally_coap_shield *shield; /* owned; NULL: what the channel protects
                                         is all that is protected */
    void *wire; /* the datagram that _output() gave; NULL: none */
    struct sally_hash_key seed;
    struct sally_coap_mids mids;
    struct sally_coap_reliable reliable;
    struct sally_coap_dedup dedup;
    struct sally_coap_bodies bodies;
    struct sally_coap_serving_table *serving; /* NULL: no request waits */
    struct sally_coap_recent recent[SALLY_LINK_RECENT_MAX];
    size_t outgoing;               /* flights in `reliable` */
    sally_coap_exchange last;      /* the newest exchange's name */
    uint32_t observe_number;       /* 24 bits */
    uint8_t next_recent;           /* the place to use next in `recent` */
    uint8_t notify_szx;            /* the peer's wish when it registered */
    enum sally_channel_state told; /* what the owner knows */
    bool leaving; /* ended, but for the last word of a session that failed */
};

/* A name for a new exchange. */
sally_coap_exchange sally_coap_link_name(struct sally_coap_link *l);

#endif
