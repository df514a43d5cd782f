/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/pair.h - a client and a server in the memory of this process,
 * which talk through a link each; a meter runs around the client's half.    */
#ifndef SALLY_CLI_PAIR_H
#define SALLY_CLI_PAIR_H

#include "cli/cost.h"
#include "cli/meter.h"
#include "lwm2m/engine.h"

struct sally_end {
    struct sally_coap_link link;
    struct sally_meter *meter; /* NULL: not measured */
    size_t bytes, datagrams;   /* said since the connection began */
    unsigned answered;
    uint64_t reserved; /* sequence numbers of OSCORE */
    enum sally_err broken;
    uint8_t room[SALLY_DATAGRAM_MAX];
    struct sally_span said; /* in `room`: what its peer has not taken yet */
};

struct sally_pair {
    struct sally_engine engine; /* the owner's */
    struct sally_end client, server;
    struct sally_meter meter; /* the owner's */
    sally_usec now;
};

/* A new connection, until nobody has more to say. Why they did not come
 * together, or TIMED_OUT.                                                   */
enum sally_err
sally_pair_connect(struct sally_pair *p,
                   const struct sally_cost_case *c) SALLY_MUST_USE;

/* One reading of 8 bytes up, and its acknowledgement. As before, and what the
 * link says.                                                                */
enum sally_err sally_pair_read(struct sally_pair *p) SALLY_MUST_USE;

void sally_pair_disconnect(struct sally_pair *p); /* safe twice */

#endif
