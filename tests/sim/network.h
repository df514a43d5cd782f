/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/network.h - a wire between two ends that loses, delays, reorders,
 * doubles, damages and replays, all of it decided by a seed.                */
#ifndef TESTS_SIM_NETWORK_H
#define TESTS_SIM_NETWORK_H

#include "base/random.h"
#include "base/span.h"
#include "base/time.h"
#include "security/mechanism.h"

/* Numbers that depend on the seed alone; not for secrets. */
struct sim_chance {
    uint64_t state;
};

uint64_t sim_next(struct sim_chance *c);
uint64_t sim_below(struct sim_chance *c, uint64_t limit);
bool sim_percent(struct sim_chance *c, unsigned percent);
struct sally_random sim_random(struct sim_chance *c);

/* A datagram that is older than this is not replayed: RFC 7252 s.4.8.2 lets a
 * receiver without security forget what a slow network may still bring.     */
#define SIM_LATENCY_MAX (100 * SALLY_SEC)

#define SIM_LATE (250 * SALLY_MSEC)

struct sim_weather {
    unsigned lost, doubled, damaged, replayed; /* percent of datagrams */
    sally_usec delay_max;                      /* each takes 1 ms to this */
    unsigned late;                             /* percent; take LATE more */
};

enum { SIM_CLIENT, SIM_SERVER }; /* 0 and 1 */

struct sim_datagram {
    sally_usec arrives; /* 0: free */
    sally_usec sent;
    int to;
    size_t len;
    uint8_t bytes[SALLY_DATAGRAM_MAX];
};

struct sim_network {
    struct sim_weather weather;
    struct sim_chance chance;
    struct sim_datagram flying[64];
    struct sim_datagram past[16]; /* a ring, to replay from */
    size_t past_count;
    unsigned long sent, damaged; /* datagrams so far */
};

void sim_network_send(struct sim_network *n, int to, struct sally_span datagram,
                      sally_usec now);

/* When the next one arrives, or NEVER. */
sally_usec sim_network_next(const struct sim_network *n);

/* Takes out one that has arrived; false if there is none. */
bool sim_network_take(struct sim_network *n, sally_usec now,
                      struct sim_datagram *out);

/* A fresh socket: what was sent to or from the old one is gone. */
void sim_network_clear(struct sim_network *n);

#endif
