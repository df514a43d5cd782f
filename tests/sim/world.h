/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/world.h - two CoAP links, the wire between them, and an owner at
 * each end that asks, answers and keeps count.
 *
 * What must hold in any weather: each request reaches the other owner at most
 * once and unchanged, each reply belongs to its request, and a session that
 * is up is not ended by the wire. The first thing that does not is `fault`. */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "coap/link.h"
#include "sim/account.h"
#include "sim/network.h"
#include "sim/pipe.h"

/* True for the schemes of RFC 8323. */
bool sim_is_stream(enum sally_scheme scheme);

#define SIM_ATTEMPTS_MAX 4096

struct sim_world;

/* A request that its owner answers later. */
struct sim_owed {
    sally_usec due; /* 0: free */
    sally_coap_exchange exchange;
    uint32_t attempt;
};

struct sim_end {
    struct sim_world *world;
    int who; /* SIM_CLIENT, SIM_SERVER */
    struct sally_coap_link link;
    bool up, broken;
    unsigned answered;   /* requests of ours with a right reply */
    unsigned unanswered; /* others, since the last of those */
    uint32_t attempt;  /* under way; 0: none */
    sally_coap_exchange asking;
    struct sim_owed owed[8];
};

struct sim_world {
    const struct sim_mechanism *mechanism;
    struct sim_network network;
    struct sim_pipe pipes[2]; /* to each end, in place of datagrams */
    bool excused; /* a connection was cut, or damaged: sessions may end */
    struct sim_chance chance;
    sally_usec now;
    struct sally_pool packets, bodies;
    struct sally_security *security;
    struct sally_coap_shared shared;
    struct sim_account account;
    bool client_spoke; /* the server knows who it is, since the last restart */
    struct sim_end ends[2];
    unsigned goal;     /* requests that each end wants answered */
    unsigned flaps;    /* percent of answers after which the client restarts */
    unsigned restarts; /* of the client, on a fresh socket */
    unsigned resumed;
    uint32_t attempts;
    uint8_t served[SIM_ATTEMPTS_MAX];
    size_t heap_at_rest;
    char fault[128]; /* "" as long as all holds */
};

void sim_world_open(struct sim_world *w, const struct sim_mechanism *m,
                    const struct sim_weather *weather, uint64_t seed);

/* Runs until both ends have what they want or something is wrong; at most
 * `steps` events. True if the goal was reached.                             */
bool sim_world_run(struct sim_world *w, unsigned long steps);

/* Wipes both links, checks that nothing is held, closes. */
void sim_world_close(struct sim_world *w);

#endif
