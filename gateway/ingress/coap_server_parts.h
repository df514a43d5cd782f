/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_server_parts.h - the CoAP server as its files see it,
 * and what they call of each other.                                         */
#ifndef SALLY_INGRESS_COAP_SERVER_PARTS_H
#define SALLY_INGRESS_COAP_SERVER_PARTS_H

#include "base/deadline.h"
#include "base/hashmap.h"
#include "ingress/coap_server.h"

#define SALLY_COAP_NOBODY UINT32_MAX /* no sensor yet: it shakes hands */

/* How long an address counts as proved before it is looked at again: another
 * device may have it by then. Once in this time the sensor is told of as
 * online, so that commands which wait for it go out.                        */
#define SALLY_COAP_PROOF_LASTS (60 * SALLY_SEC)

#define SALLY_COAP_COMMANDS_MAX 4  /* of one peer, under way */
#define SALLY_COAP_OBSERVERS_MAX 4 /* resources that one peer observes */
#define SALLY_COAP_SENSOR_PEERS 8  /* of one sensor, and of its address */

struct sally_coap_command {
    uint32_t number;        /* 0: free */
    bool notification;      /* to observers[observer], not a request */
    uint8_t observer;
    sally_coap_exchange x;
    sally_usec deadline;
};

/* RFC 7641: who asked for the commands of one resource. */
struct sally_coap_observer {
    bool used;
    uint8_t missed; /* notifications in a row that were given up */
    uint8_t token_len, token[SALLY_COAP_TOKEN_MAX];
    uint64_t topic; /* a keyed hash of "coap/<path>" */
};

/* One resource of one sensor that is asked for again and again. */
struct sally_coap_poll {
    struct sally_deadline deadline;
    uint32_t sensor, map;         /* which of its profile's maps */
    bool begun;                   /* it has a time of its own */
    bool unlisted; /* a registration that lasts says nothing of it */
    struct sally_coap_peer *peer; /* that was asked; NULL: nothing under way */
    struct sally_coap_poll *next; /* at the same peer */
    sally_coap_exchange x;
};

struct sally_coap_polls {
    struct sally_coap_poll *all; /* owned */
    size_t count;
    struct sally_deadlines due;
};

/* RFC 9176: how a sensor that registered itself is reached. */
struct sally_coap_registration {
    sally_usec until; /* 0: there was none */
    uint16_t port;
};

struct sally_coap_peer {
    struct sally_hashmap_node node;
    struct sally_coap_peer *newer, *older; /* by when it was last heard */
    struct sally_hashmap_node of_sensor;  /* of its newest peer... */
    struct sally_coap_peer *same_newer, *same_older; /* ...and its others */
    struct sally_deadline deadline;
    struct sally_coap_link link;
    struct sally_coap_source source;
    struct sally_coap_server *server;
    uint32_t sensor;
    struct sally_tls_line *visit; /* owned; over DTLS; NULL: plaintext */
    sally_usec heard;             /* likewise: what was authentic */
    bool over;                    /* likewise: to be dropped */
    sally_usec proved_until; /* 0: not proved, we only sent commands there */
    bool validated;  /* it can be reached where it says that it is */
    uint32_t credit; /* bytes that it may still get while it is not */
    struct sally_coap_command commands[SALLY_COAP_COMMANDS_MAX];
    struct sally_coap_observer observers[SALLY_COAP_OBSERVERS_MAX];
    struct sally_coap_poll *polls; /* under way to it */
    uint8_t key[24]; /* of `node`: address, port, listener */
};

struct sally_coap_server {
    struct sally_outer *outer;
    const struct sally_auth_addresses *addresses;
    const struct sally_coap_shared *coap;
    const struct sally_coap_server_host *host;
    void *owner;
    struct sally_tls_door *door; /* NULL: nobody comes in by DTLS */
    struct sally_pool pool; /* of struct sally_coap_peer */
    struct sally_hashmap peers, of_sensor;
    struct sally_deadlines deadlines;
    struct sally_coap_peer *newest, *oldest;
    struct sally_credential nosec;
    struct sally_hash_key seed;     /* of tables and topics */
    struct sally_coap_polls polls, next_polls;
    struct sally_coap_registration *registrations; /* owned; of each sensor */
    struct sally_coap_registration *next_registrations;
    struct sally_hash_key echo_key; /* of Echo values */
};

/* Sets the timer to what is due first. */
void sally_coap_server_arm(struct sally_coap_server *s);

/* Tells the inner door that the peer's sensor is there. */
void sally_coap_peer_online(struct sally_coap_peer *p, sally_usec now);

/* --- DTLS: coap_secure.c -------------------------------------------------- */

void sally_coap_secure_input(struct sally_coap_server *s,
                             const struct sally_coap_source *from,
                             struct sally_span datagram, sally_usec now);

/* It is still there, as its session says. */
void sally_coap_secure_renew(struct sally_coap_peer *p, sally_usec now);

/* An upcall of the link. */
void sally_coap_secure_channel(void *owner, enum sally_err e, sally_usec now);

/* --- Requests: coap_requests.c -------------------------------------------- */

/* What a sensor asked for. An upcall of the link. */
void sally_coap_server_request(void *owner, const struct sally_coap_request *q,
                               sally_usec now);

/* Answers with a code alone. */
void sally_coap_peer_answer(struct sally_coap_peer *p, sally_coap_exchange x,
                            uint8_t code, sally_usec now);

/* --- Who may get how much: coap_credit.c ---------------------------------- */

/* Anybody can send in the name of an address. Until a source has shown that it
 * hears us, it gets no more bytes than came in its name: what is more is not
 * sent, retransmissions and errors among it. Requests of our own do not count,
 * since no datagram of the source brings them about. RFC 9175 s.2.4.        */
void sally_coap_credit_earn(struct sally_coap_peer *p, size_t bytes);
bool sally_coap_credit_spend(struct sally_coap_peer *p,
                             struct sally_span datagram);

/* Looks for an Echo of ours among the options; then the peer is validated. */
void sally_coap_credit_check(struct sally_coap_peer *p,
                             struct sally_span options, sally_usec now);

/* Answers 4.01 with an Echo: ask again with this. */
void sally_coap_credit_challenge(struct sally_coap_peer *p,
                                 sally_coap_exchange x, sally_usec now);

/* --- Discovery: coap_discovery.c ------------------------------------------ */

/* True for the path "/.well-known/core". */
bool sally_coap_discovery_meant(struct sally_span options);

/* RFC 6690: the resources that the sensor's entry lets it use. */
void sally_coap_discovery_answer(struct sally_coap_peer *p,
                                 const struct sally_coap_request *q,
                                 sally_usec now);

/* --- Observers: coap_observers.c ------------------------------------------ */

/* A GET of a resource that commands go to, with Observe or without. */
void sally_coap_observers_get(struct sally_coap_peer *p,
                              const struct sally_coap_request *q,
                              struct sally_span topic, sally_usec now);

/* Who of the sensor observes this topic: the peer heard last, and which of its
 * observers. NULL: nobody does.                                             */
struct sally_coap_peer *
sally_coap_observers_find(struct sally_coap_server *s, uint32_t sensor,
                          struct sally_span topic, uint8_t *observer);

/* The notification was given up in time: the third one in a row ends it. */
void sally_coap_observers_missed(struct sally_coap_peer *p, uint8_t observer);

/* --- Peers: coap_peers.c -------------------------------------------------- */

/* The peer of this address, or the newest one of a sensor; NULL: none. */
struct sally_coap_peer *
sally_coap_peer_find(struct sally_coap_server *s,
                     const struct sally_coap_source *from);
struct sally_coap_peer *
sally_coap_peer_of(const struct sally_coap_server *s, uint32_t sensor);

/* A new one; where there is no room the one silent longest yields. NULL: it
 * cannot begin.                                                             */
struct sally_coap_peer *
sally_coap_peer_add(struct sally_coap_server *s,
                    const struct sally_coap_source *from, uint32_t sensor,
                    sally_usec now);

/* It is this sensor, and was nobody before. */
void sally_coap_peer_become(struct sally_coap_peer *p, uint32_t sensor,
                            sally_usec now);

/* Its commands are offline, its messages nobody's. */
void sally_coap_peer_drop(struct sally_coap_peer *p, sally_usec now);

/* It was heard: the newest of all, and of its sensor. */
void sally_coap_peer_refresh(struct sally_coap_peer *p);

/* Sends what the link has ready and notes when it wants to be woken. */
void sally_coap_peer_pump(struct sally_coap_peer *p, sally_usec now);

/* --- The resource directory: coap_directory.c ----------------------------- */

/* True if the request was for it, and is answered. */
bool sally_coap_directory_take(struct sally_coap_peer *p,
                               const struct sally_coap_request *q,
                               struct sally_span topic, sally_usec now);

/* The port of the sensor's own server. */
uint16_t sally_coap_directory_port(const struct sally_coap_server *s,
                                   uint32_t sensor, sally_usec now);

/* Room for a registration of each sensor; NO_MEMORY. At the change of the
 * configuration those of sensors that stay go along.                        */
enum sally_err sally_coap_directory_make(struct sally_coap_registration **out,
                                         const struct sally_config *c)
    SALLY_MUST_USE;
void sally_coap_directory_commit(struct sally_coap_server *s);

/* --- Polls: coap_polls.c -------------------------------------------------- */

/* All that a configuration wants to be asked for; NO_MEMORY. The first round
 * is spread over some seconds.                                              */
enum sally_err sally_coap_polls_make(struct sally_coap_polls *out,
                                     const struct sally_config *c)
    SALLY_MUST_USE;
void sally_coap_polls_wipe(struct sally_coap_polls *p);

/* The sensor has these links and no others, and wants to be asked soon. */
void sally_coap_polls_list(struct sally_coap_server *s, uint32_t sensor,
                           struct sally_span links, sally_usec now);

/* Asks whom it is time to ask. */
void sally_coap_polls_expire(struct sally_coap_server *s, sally_usec now);

/* True if the exchange was one of these. */
bool sally_coap_polls_reply(struct sally_coap_peer *p, sally_coap_exchange x,
                            enum sally_err e,
                            const struct sally_coap_reply *reply,
                            sally_usec now);

/* The peer goes; or nothing is asked for any more. */
void sally_coap_polls_forget(struct sally_coap_peer *p);
void sally_coap_polls_stop(struct sally_coap_polls *p);

/* --- Commands: coap_commands.c -------------------------------------------- */

/* A carrier of the outer door. NOT_FOUND: not for a sensor of CoAP, or nobody
 * knows where it is; NO_ROOM; MALFORMED.                                    */
enum sally_err sally_coap_commands_carry(void *carrier,
                                         const struct sally_outer_command *c,
                                         sally_usec now) SALLY_MUST_USE;

/* Where a sensor takes commands: its configured address, else the one it was
 * last heard from, at its CoAP port or that of its registration. False: nobody
 * knows.                                                                    */
bool sally_coap_commands_target(struct sally_coap_server *s, uint32_t sensor,
                                sally_usec now, struct sally_coap_source *to);

/* An upcall of the link; and what is late is given up. */
void sally_coap_commands_reply(void *owner, sally_coap_exchange x,
                               enum sally_err e,
                               const struct sally_coap_reply *reply,
                               sally_usec now);
void sally_coap_commands_notified(void *owner, sally_coap_exchange x,
                                  enum sally_err e, sally_usec now);
void sally_coap_commands_expire(struct sally_coap_peer *p, sally_usec now);

#endif
