/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/station.h - one LwM2M client, the wire of network.h, and a server
 * that reads, observes and keeps count, under a virtual clock.
 *
 * What must hold in any weather is checked here: no value that was never sent,
 * none twice that was sent once, retransmissions inside the windows of RFC
 * 7252. The first thing that does not hold is `fault`.                      */
#ifndef TESTS_SIM_STATION_H
#define TESTS_SIM_STATION_H

#include "lwm2m/client.h"
#include "sim/world.h"

#define SIM_READINGS_MAX 256
#define SIM_WAITS_MAX 64

/* One confirmable message as it was seen on the wire. */
struct sim_transmission {
    sally_usec first, last, gap; /* gap: between the last two */
    uint16_t mid;
    unsigned count; /* 0: free */
    bool acknowledged;
};

/* What the server does; a row of station_server.c each. */
enum sim_question { SIM_ASK_NOTHING, SIM_ASK_READ, SIM_ASK_OBSERVE };

struct sim_server {
    struct sally_coap_link link;
    bool up;
    bool spoken;      /* the client has, in this session */
    bool hangs_up;    /* closes the session when the client is registered */
    bool registered, was_read, observing, notified;
    enum sim_question asking;
    sally_coap_exchange exchange;
    unsigned registers, updates, times_read, sends, unreadable;
    unsigned told[SIM_READINGS_MAX]; /* how often each reading was sent up */
    unsigned wrong;                  /* values that nobody sent */
};

struct sim_station {
    const struct sim_mechanism *mechanism;
    struct sim_network network;
    struct sim_chance chance;
    sally_usec now;
    struct sally_pool packets, bodies, observations, attributes;
    struct sally_security *security;
    struct sally_coap_shared coap;
    struct sally_lwm2m_shared lwm2m;
    struct sally_registry registry;
    struct sally_resources resources;
    struct sim_account account;
    struct sally_lwm2m_settings settings;
    struct sally_lwm2m_client client;
    struct sim_server server;

    /* The client's owner. */
    bool wanted;
    unsigned readings;                   /* that it wants to send up */
    unsigned reading, attempts;          /* the one under way, from 1 */
    unsigned offered[SIM_READINGS_MAX];  /* Sends that carried it */
    bool sending;
    sally_usec send_again;
    unsigned delivered;
    unsigned handshakes;
    sally_usec last_handshake, shortest; /* shortest: between two of them */
    unsigned timed_out, broken; /* sessions: nobody answered, or else */
    sally_usec waiting_since;            /* 0: not waiting */
    sally_usec waits[SIM_WAITS_MAX];     /* from failure to the next attempt */
    unsigned wait_count;

    /* The wire as seen by a listener; plaintext only. */
    struct sim_transmission seen[2][16]; /* by sender */
    unsigned retransmissions;
    char fault[128];
};

void sim_station_open(struct sim_station *s, const struct sim_mechanism *m,
                      const struct sim_weather *weather, uint64_t seed);

/* Runs until `done` says so (true), `limit` has passed or there is a fault. */
bool sim_station_run(struct sim_station *s,
                     bool (*done)(const struct sim_station *s),
                     sally_usec limit);

/* Wipes all, checks that nothing is held. */
void sim_station_close(struct sim_station *s);

/* Gives the observed resource another value, and tells the client. */
void sim_station_set(struct sim_station *s, double value);

void sim_station_fault(struct sim_station *s, const char *what);

/* --- For the parts of the station ----------------------------------------- */

extern const struct sally_coap_link_upcalls sim_server_upcalls;

/* Meets a client with a fresh socket. */
void sim_server_accept(struct sim_station *s);

/* Asks what it has no answer to yet. */
void sim_server_ask(struct sim_station *s);

/* Notes a datagram on its way, and one that arrived, of sender `from`. */
void sim_listen_sent(struct sim_station *s, int from, struct sally_span wire);
void sim_listen_arrived(struct sim_station *s, int from,
                        struct sally_span wire);

#endif
