/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/server.h - a small LwM2M server for the demo and the tests.
 *
 * One process, one loop: CoAP and CoAPS on a port each, a link per source
 * address, a table of registrations. It tells what happens as one JSON object
 * per line on stdout and takes orders the same way from stdin. Everything is
 * bounded by --clients.                                                     */
#ifndef SALLY_TESTS_SERVER_H
#define SALLY_TESTS_SERVER_H

#include "base/hashmap.h"
#include "bench/tally.h"
#include "coap/link.h"
#include "coap/option.h"
#include "codec/json.h"
#include "config/config.h"
#include "loop/tcp.h"
#include "loop/udp.h"
#include "lwm2m/format.h"
#include "security/object.h"

#define SERVER_TEXT 129     /* bytes of an endpoint or identity and a zero */
#define SERVER_ASKS 4096    /* requests to clients under way, observations */
#define SERVER_LINE 131072  /* bytes of one line */
#define SERVER_REJECTS 16
#define SERVER_CHUNK 1024 /* bytes off a connection at a time */

#define SERVER_PLANS 2048 /* endpoints with a bootstrap order */
#define SERVER_DOORS 8   /* one of each scheme without OSCORE, then with it */
#define SERVER_KEY 16384 /* bytes of our own key or chain */

struct server;

/* One of the sockets. */
struct server_door {
    struct server *server;
    struct sally_udp_listener *listener; /* NULL: not wanted, or a stream */
    struct sally_tcp_listener *streams;  /* NULL: not wanted, or none */
    enum sally_scheme scheme;
    const struct sally_key_finder *finder;
    struct sally_hashmap peers; /* of struct server_peer by address */
};

/* What a client that bootstraps is told; see bootstrap.c. */
struct server_plan {
    char endpoint[SERVER_TEXT];
    char *text; /* owned; the order */
    size_t len;
};

struct server_boot {
    bool running, wanted; /* wanted: to begin when its answer is out */
    bool skip;            /* the step at hand asks nothing */
    size_t step;
    sally_coap_exchange exchange;
    struct sally_timer timer;
    char endpoint[SERVER_TEXT];
};

/* Whoever sends from one address. */
struct server_peer {
    struct sally_hashmap_node node;
    uint8_t key[SALLY_ADDRESS_KEY];
    struct server_door *door;
    struct sally_udp_route route;
    struct sally_tcp *tcp; /* NULL: datagrams; else the route is half empty */
    struct sally_span unsent;    /* of what the link said last */
    uint8_t held[SERVER_CHUNK];  /* received, not given to the link yet */
    size_t held_len;
    struct sally_coap_link link;
    struct sally_timer timer;
    sally_usec heard;
    struct server_registration *last; /* that was found for it */
    struct server_boot boot;
    bool in_use;
};

struct server_registration {
    struct sally_hashmap_node node; /* by endpoint */
    char endpoint[SERVER_TEXT], identity[SERVER_TEXT];
    char version[8], binding[8];
    uint32_t lifetime; /* seconds */
    uint32_t serial;   /* with the slot it makes the location */
    struct server_peer *peer; /* NULL: gone, until an Update */
    struct server *server;
    struct sally_timer timer;
    bool in_use;
};

enum server_op {
    SERVER_READ,
    SERVER_WRITE,
    SERVER_EXECUTE,
    SERVER_OBSERVE,
    SERVER_CANCEL,
    SERVER_DISCOVER,
    SERVER_ATTRIBUTES
};

/* A request to a client, or an observation. */
struct server_ask {
    bool in_use, answered;
    enum server_op op;
    uint64_t id; /* the order's */
    struct server_peer *peer;
    sally_coap_exchange exchange;
    char endpoint[SERVER_TEXT];
    struct sally_path path;
    uint16_t accept;
};

struct server_key {
    char identity[SERVER_TEXT];
    struct sally_secret key;
};

/* A client that has a raw key, and one that has OSCORE. */
struct server_raw {
    char endpoint[SERVER_TEXT];
    size_t len;
    uint8_t key[512]; /* SubjectPublicKeyInfo */
};

struct server_oscore {
    char endpoint[SERVER_TEXT];
    struct sally_credential credential; /* the client's */
};

struct server_options {
    const char *where[SERVER_DOORS]; /* NULL: not given */
    const char *psk_file, *objects;  /* likewise */
    const char *suites; /* names as the library has them, or NULL */
    const char *key, *certificate, *trust, *raw_file, *oscore_file;
    const char *reject[SERVER_REJECTS];
    size_t reject_count, clients;
    bool quiet;
    bool bootstrap;
    bool tally; /* readings of the benchmark are counted, nothing is told */
};

struct server {
    struct server_options options;
    struct sally_loop *loop;
    struct sally_config config; /* for its registry */
    struct server_key *keys;    /* owned */
    size_t key_count;

    struct sally_pool packets, bodies;
    struct sally_coap_shared shared;
    struct server_door doors[SERVER_DOORS];
    struct sally_key_finder finder, oscore_finder;
    struct sally_credential own; /* borrows from these */
    uint8_t own_secret[SERVER_KEY], own_public[SERVER_KEY];
    uint8_t anchors[SERVER_KEY];
    struct sally_trust *trust;             /* owned */
    struct sally_object_contexts *contexts; /* owned; NULL: no OSCORE */
    struct sally_object_past fresh;
    struct server_raw *raws;       /* owned */
    struct server_oscore *oscores; /* owned */
    size_t raw_count, oscore_count;

    struct sally_pool peers, registrations;
    struct server_peer **peer_list;          /* owned; clients of them */
    struct server_registration *slots;       /* owned; clients of them */
    struct sally_hashmap by_endpoint;
    uint32_t serial;
    struct server_ask asks[SERVER_ASKS];
    struct server_plan plans[SERVER_PLANS];
    size_t plan_count;
    struct sally_timer sweep;

    struct sally_watch *input; /* NULL: stdin is not watched */
    uint8_t *pending;          /* owned; the beginning of an order */
    size_t pending_len;
    bool overlong;

    uint8_t *line; /* owned; SERVER_LINE bytes */
    struct tally tally;
};

/* --- line.c: what is told ------------------------------------------------ */

struct server_line {
    struct server *server;
    struct sally_buf buf;
    struct sally_writer w;
};

/* {"event":"register" ... then the fields, then _end() prints the line. */
struct server_line server_line_begin(struct server *s, const char *event);
void server_line_text(struct server_line *l, const char *name,
                      const char *value);
void server_line_span(struct server_line *l, const char *name,
                      struct sally_span value); /* hexadecimal if not UTF-8 */
void server_line_number(struct server_line *l, const char *name, uint64_t n);
void server_line_code(struct server_line *l, uint8_t code);
void server_line_path(struct server_line *l, const struct sally_path *p);
void server_line_records(struct server_line *l,
                         const struct sally_lwm2m_record *r, size_t count);
void server_line_links(struct server_line *l, struct sally_span payload);
void server_line_end(struct server_line *l);

void server_tell_error(struct server *s, uint64_t id, const char *endpoint,
                       const char *what);

/* --- setup.c: what the options ask for ----------------------------------- */

/* False: a sentence went to stderr. */
bool server_setup(struct server *s, const struct server_options *o);
void server_wipe(struct server *s);

/* --- files.c: keys and object definitions -------------------------------- */

bool server_load_keys(struct server *s, const char *path);
bool server_load_objects(struct server *s, const char *dir);
enum sally_err server_find_key(void *owner, struct sally_span identity,
                               struct sally_secret *key);

/* --- credentials.c: everything but pre-shared keys ----------------------- */

bool server_load_credentials(struct server *s, const struct server_options *o);
void server_wipe_credentials(struct server *s);

/* The endpoint of whoever has this raw key; else the identity as it is. */
struct sally_span server_name_of(const struct server *s,
                                 struct sally_span identity);
bool server_knows_raw(const struct server *s, struct sally_span key);

/* --- peer.c -------------------------------------------------------------- */

bool server_open_door(struct server *s, size_t number, const char *where);
struct server_peer *server_new_peer(struct server_door *door,
                                    const struct sally_udp_route *route,
                                    struct sally_span key, sally_usec now);
bool server_door_is_secure(const struct server_door *door);
void server_end_peer(struct server_peer *p);
void server_pump(struct server_peer *p, sally_usec now);
void server_close_peers(struct server *s); /* says goodbye to all */
struct sally_span server_peer_identity(const struct server_peer *p);
const char *server_peer_proof(const struct server_peer *p); /* "psk" */

/* --- stream.c: doors for TCP --------------------------------------------- */

bool server_open_stream(struct server_door *door,
                        const struct sally_bus_address *a);
void server_stream_pump(struct server_peer *p, sally_usec now);

/* --- request.c: what clients ask ----------------------------------------- */

void server_on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now);

/* --- registration.c ------------------------------------------------------ */

struct server_registration *server_registration_of(struct server *s,
                                                   struct sally_span endpoint);
struct server_registration *server_registration_at(struct server *s,
                                                   struct sally_span location);
struct server_registration *server_registration_by(struct server *s,
                                                   struct server_peer *p);

/* A new one for `endpoint`, in place of an old one; NULL: the table is full. */
struct server_registration *server_registration_new(struct server *s,
                                                    struct server_peer *p,
                                                    struct sally_span endpoint);
void server_registration_touch(struct server_registration *r, sally_usec now);
void server_registration_location(const struct server_registration *r,
                                  char out[24]);
void server_registration_end(struct server_registration *r);
void server_registration_left(struct server *s, const struct server_peer *p);

/* --- ask.c: what we ask clients ------------------------------------------ */

struct server_question {
    uint64_t id;
    enum server_op op;
    const char *endpoint;
    struct sally_path path;
    bool has_accept;
    uint16_t accept;
    uint8_t code;
    bool has_format;
    uint16_t format;
    struct sally_span payload;
    struct sally_span query; /* "pmin=1&pmax=5" */
};

void server_ask(struct server *s, const struct server_question *q);
void server_on_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now);
void server_asks_left(struct server *s, const struct server_peer *p);

/* --- bootstrap.c --------------------------------------------------------- */

/* NULL, or why the order was not taken. */
const char *server_take_plan(struct server *s, const char *endpoint,
                             struct sally_span line);
void server_wipe_plans(struct server *s);

void server_bootstrap_init(struct server_peer *p);

uint8_t server_bootstrap_request(struct server_peer *p,
                                 struct sally_span endpoint,
                                 struct sally_span preferred);
uint8_t server_bootstrap_pack(struct server_peer *p, struct sally_span endpoint,
                              struct sally_coap_option_writer *options,
                              struct sally_buf *payload);

/* After the answer to a request. */
void server_bootstrap_begin(struct server_peer *p, sally_usec now);

/* True if the reply was one to a step. */
bool server_bootstrap_reply(struct server_peer *p, sally_coap_exchange x,
                            enum sally_err e,
                            const struct sally_coap_reply *reply,
                            sally_usec now);
void server_bootstrap_left(struct server_peer *p);

/* --- command.c: orders from stdin ---------------------------------------- */

void server_on_input(void *owner, sally_usec now);

#endif
