/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_server.c - peers by address, readings up, commands
 * down.                                                                     */
#include "ingress/coap_server.h"

#include "base/deadline.h"
#include "base/hashmap.h"
#include "base/text.h"
#include "coap/option.h"
#include "ingress/coap_reading.h"
#include "log/log.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define COMMANDS_MAX 4       /* of one peer, under way */
#define RETRY_AFTER 5        /* seconds; Max-Age of a 5.03 */
#define TOPIC_PREFIX "coap/"

/* How long an address counts as proved before it is looked at again: another
 * device may have it by then. Once in this time the sensor is told of as
 * online, so that commands which wait for it go out.                        */
#define PROOF_LASTS (60 * SALLY_SEC)

struct command {
    uint32_t number;        /* 0: free */
    sally_coap_exchange x;
    sally_usec deadline;
};

struct peer {
    struct sally_hashmap_node node;
    struct peer *newer, *older; /* by when it was last heard */
    struct sally_hashmap_node of_sensor;  /* of its newest peer... */
    struct peer *same_newer, *same_older; /* ...and the others of the sensor */
    struct sally_deadline deadline;
    struct sally_coap_link link;
    struct sally_coap_source source;
    struct sally_coap_server *server;
    uint32_t sensor;
    sally_usec proved_until; /* 0: not proved, we only sent commands there */
    struct command commands[COMMANDS_MAX];
    uint8_t key[24]; /* of `node`: address, port, listener */
};

struct sally_coap_server {
    struct sally_outer *outer;
    const struct sally_auth_addresses *addresses;
    const struct sally_coap_shared *coap;
    const struct sally_coap_server_host *host;
    void *owner;
    struct sally_pool pool; /* of struct peer */
    struct sally_hashmap peers, of_sensor;
    struct sally_deadlines deadlines;
    struct peer *newest, *oldest;
    struct sally_credential nosec;
};

/* --- Peers --------------------------------------------------------------- */

static struct sally_span key_of(const struct sally_coap_source *s,
                                uint8_t out[24])
{
    memcpy(out, s->peer.ip, 16);
    out[16] = s->peer.family;
    out[17] = (uint8_t)(s->peer.port >> 8);
    out[18] = (uint8_t)s->peer.port;
    out[19] = (uint8_t)s->listener;
    memcpy(out + 20, &s->peer.scope, 4);
    return (struct sally_span){ out, 24 };
}

static void unlink_age(struct peer *p)
{
    struct sally_coap_server *s = p->server;

    if (p->newer == NULL)
        s->newest = p->older;
    else
        p->newer->older = p->older;
    if (p->older == NULL)
        s->oldest = p->newer;
    else
        p->older->newer = p->newer;
}

static void make_newest(struct peer *p)
{
    struct sally_coap_server *s = p->server;

    p->newer = NULL;
    p->older = s->newest;
    if (s->newest == NULL)
        s->oldest = p;
    else
        s->newest->newer = p;
    s->newest = p;
}

static struct sally_span sensor_key(const uint32_t *sensor)
{
    return (struct sally_span){ (const uint8_t *)sensor, sizeof(*sensor) };
}

static struct peer *newest_of(const struct sally_coap_server *s,
                              uint32_t sensor)
{
    struct sally_hashmap_node *n =
        sally_hashmap_find(&s->of_sensor, sensor_key(&sensor));

    return n == NULL ? NULL : SALLY_OWNER(n, struct peer, of_sensor);
}

static void leave_sensor(struct peer *p)
{
    struct sally_hashmap *map = &p->server->of_sensor;
    struct peer *newer = p->same_newer, *older = p->same_older;

    if (newer == NULL)
        sally_hashmap_remove(map, &p->of_sensor);
    else
        newer->same_older = older;
    if (older != NULL)
        older->same_newer = newer;
    if (newer == NULL && older != NULL)
        sally_hashmap_add(map, &older->of_sensor, sensor_key(&older->sensor));
}

static void join_sensor(struct peer *p)
{
    struct sally_hashmap *map = &p->server->of_sensor;
    struct peer *older = newest_of(p->server, p->sensor);

    p->same_newer = NULL;
    p->same_older = older;
    if (older != NULL) {
        sally_hashmap_remove(map, &older->of_sensor);
        older->same_newer = p;
    }
    sally_hashmap_add(map, &p->of_sensor, sensor_key(&p->sensor));
}

/* It was heard: the newest of all, and of its sensor. */
static void refresh(struct peer *p)
{
    unlink_age(p);
    make_newest(p);
    if (p->same_newer == NULL)
        return;
    leave_sensor(p);
    join_sensor(p);
}

static void drop_peer(struct peer *p, sally_usec now)
{
    struct sally_coap_server *s = p->server;

    for (size_t i = 0; i < COMMANDS_MAX; i++)
        if (p->commands[i].number != 0)
            sally_outer_outcome(s->outer, p->commands[i].number,
                                SALLY_OUTCOME_OFFLINE, now);
    sally_outer_forget(s->outer, p->sensor, p);
    sally_coap_link_wipe(&p->link);
    sally_deadlines_set(&s->deadlines, &p->deadline, SALLY_NEVER);
    sally_hashmap_remove(&s->peers, &p->node);
    leave_sensor(p);
    unlink_age(p);
    sally_pool_give(&s->pool, p);
}

static void arm(struct sally_coap_server *s)
{
    s->host->arm(s->owner, sally_deadlines_next(&s->deadlines));
}

/* Sends what the link has ready and notes when it wants to be woken. */
static void pump(struct peer *p, sally_usec now)
{
    struct sally_coap_server *s = p->server;
    struct sally_span wire;
    sally_usec due;

    while ((wire = sally_coap_link_output(&p->link, now)).len != 0)
        s->host->send(s->owner, &p->source, wire);
    due = sally_coap_link_deadline(&p->link);
    for (size_t i = 0; i < COMMANDS_MAX; i++)
        if (p->commands[i].number != 0)
            due = sally_earlier(due, p->commands[i].deadline);
    sally_deadlines_set(&s->deadlines, &p->deadline, due);
    arm(s);
}

/* --- Readings ------------------------------------------------------------ */

static void answer(struct peer *p, sally_coap_exchange x, uint8_t code,
                   sally_usec now)
{
    uint8_t room[8];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = code };

    if (code == SALLY_CODE_UNAVAILABLE)
        sally_coap_put_uint(&w, SALLY_OPTION_MAX_AGE, RETRY_AFTER);
    a.options = sally_buf_span(&options);
    (void)sally_coap_link_respond(&p->link, x, &a, now);
}

static uint8_t accepted_code(enum sally_accepted result)
{
    switch (result) {
    case SALLY_ACCEPTED_STORED:
        return SALLY_CODE_CHANGED;
    case SALLY_ACCEPTED_REFUSED:
        return SALLY_CODE_UNPROCESSABLE;
    case SALLY_ACCEPTED_FULL:
    case SALLY_ACCEPTED_FAILED:
        return SALLY_CODE_UNAVAILABLE;
    }
    return SALLY_CODE_INTERNAL_ERROR;
}

static bool told(void *subject, uint64_t number, enum sally_accepted result,
                 sally_usec now)
{
    struct peer *p = subject;

    answer(p, (sally_coap_exchange)number, accepted_code(result), now);
    pump(p, now);
    return false; /* a 5.03 with Max-Age makes the sensor come again */
}

static uint8_t refusal_code(enum sally_err e)
{
    switch (e) {
    case SALLY_E_NOT_ALLOWED:
        return SALLY_CODE_FORBIDDEN;
    case SALLY_E_NO_ROOM:
        return SALLY_CODE_UNAVAILABLE;
    case SALLY_E_TOO_LARGE:
        return SALLY_CODE_TOO_LARGE;
    case SALLY_E_OUT_OF_RANGE:
    case SALLY_E_WRONG_TYPE:
        return SALLY_CODE_UNPROCESSABLE;
    default:
        return SALLY_CODE_BAD_REQUEST;
    }
}

static void on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now)
{
    struct peer *p = owner;
    uint8_t key[SALLY_INGEST_KEY], room[SALLY_COAP_TOPIC_MAX];
    struct sally_buf topic = SALLY_BUF(room);
    uint8_t code = sally_coap_reading_topic(q, &topic);
    bool nothing = false;
    enum sally_err e;

    if (p->proved_until < now)
        code = SALLY_CODE_UNAUTHORIZED;
    if (code == 0 && sally_coap_reading_key(&p->source, q, key) != SALLY_E_OK)
        code = SALLY_CODE_INTERNAL_ERROR;
    if (code != 0) {
        answer(p, q->exchange, code, now);
        return;
    }
    e = sally_outer_message(p->server->outer, p->sensor, key,
                            sally_buf_span(&topic), q->payload, told, p,
                            q->exchange, &nothing, now);
    if (e != SALLY_E_OK)
        answer(p, q->exchange, refusal_code(e), now);
    else if (nothing)
        answer(p, q->exchange, SALLY_CODE_CHANGED, now);
}

/* --- Commands ------------------------------------------------------------ */

static enum sally_outcome outcome_of(enum sally_err e,
                                     const struct sally_coap_reply *reply)
{
    if (e == SALLY_E_OK)
        return sally_coap_class(reply->code) == 2 ? SALLY_OUTCOME_DONE
                                                  : SALLY_OUTCOME_REFUSED;
    return e == SALLY_E_TIMED_OUT ? SALLY_OUTCOME_TIMEOUT
                                  : SALLY_OUTCOME_REFUSED;
}

static void on_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    struct peer *p = owner;

    for (size_t i = 0; i < COMMANDS_MAX; i++) {
        struct command *c = &p->commands[i];

        if (c->number == 0 || c->x != x)
            continue;
        sally_outer_outcome(p->server->outer, c->number, outcome_of(e, reply),
                            now);
        c->number = 0;
    }
}

static void expire_commands(struct peer *p, sally_usec now)
{
    for (size_t i = 0; i < COMMANDS_MAX; i++) {
        struct command *c = &p->commands[i];

        if (c->number == 0 || c->deadline > now)
            continue;
        sally_coap_link_cancel(&p->link, c->x);
        sally_outer_outcome(p->server->outer, c->number, SALLY_OUTCOME_TIMEOUT,
                            now);
        c->number = 0;
    }
}

static const struct sally_coap_link_upcalls link_upcalls = {
    .on_request = on_request,
    .on_reply = on_reply,
};

static struct peer *add_peer(struct sally_coap_server *s,
                             const struct sally_coap_source *from,
                             uint32_t sensor, sally_usec now)
{
    struct peer *p;

    if (s->pool.used == s->pool.count)
        drop_peer(s->oldest, now);
    p = sally_pool_take(&s->pool);
    memset(p, 0, sizeof(*p));
    p->server = s;
    p->source = *from;
    p->sensor = sensor;
    sally_coap_link_init(&p->link, s->coap, &link_upcalls, p);
    sally_hashmap_add(&s->peers, &p->node, key_of(from, p->key));
    make_newest(p);
    join_sensor(p);
    if (sally_coap_link_start(&p->link, SALLY_SCHEME_COAP, &s->nosec, NULL,
                              now) == SALLY_E_OK)
        return p;
    drop_peer(p, now);
    return NULL;
}

static struct peer *find_peer(struct sally_coap_server *s,
                              const struct sally_coap_source *from)
{
    uint8_t key[24];
    struct sally_hashmap_node *n =
        sally_hashmap_find(&s->peers, key_of(from, key));

    return n == NULL ? NULL : SALLY_OWNER(n, struct peer, node);
}

/* Where a sensor takes commands: its configured address, else the one it was
 * last heard from, at its CoAP port.                                        */
static bool command_target(struct sally_coap_server *s, uint32_t sensor,
                           struct sally_coap_source *to)
{
    const struct sally_config_sensor *c =
        &sally_outer_config(s->outer)->sensors[sensor];
    const struct peer *p = newest_of(s, sensor);

    if (p != NULL) {
        *to = p->source;
        to->peer.port = c->coap_port;
        return true;
    }
    for (size_t i = 0; i < c->auth_count; i++) {
        const char *ip = c->auth[i].ip;

        if (c->auth[i].method != SALLY_AUTH_ADDRESS || ip[0] == '\0')
            continue;
        *to = (struct sally_coap_source){ .peer.port = c->coap_port };
        to->peer.family = strchr(ip, ':') == NULL ? 4 : 6;
        return inet_pton(to->peer.family == 4 ? AF_INET : AF_INET6, ip,
                         to->peer.ip) == 1 &&
               s->host->route(s->owner, c->auth[i].interface, to);
    }
    return false;
}

static enum sally_err ask(struct peer *p, const struct sally_outer_command *c,
                          sally_usec now, sally_coap_exchange *x)
{
    uint8_t room[512];
    char path[256];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_question q = { .confirmable = true,
                                     .payload = c->payload };
    struct sally_span tail = sally_span_sub(
        c->topic, sizeof(TOPIC_PREFIX) - 1, c->topic.len);
    enum sally_err e;

    if (!sally_span_text(tail, path, sizeof(path)))
        return SALLY_E_MALFORMED;
    q.code = c->execute ? SALLY_CODE_POST : SALLY_CODE_PUT;
    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, path);
    sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT, 0);
    e = sally_coap_options_end(&w);
    q.options = sally_buf_span(&options);
    return e == SALLY_E_OK ? sally_coap_link_request(&p->link, &q, now, x) : e;
}

static enum sally_err carry(void *carrier, const struct sally_outer_command *c,
                            sally_usec now)
{
    struct sally_coap_server *s = carrier;
    struct sally_coap_source to;
    struct command *free_one = NULL;
    struct peer *p;
    enum sally_err e;

    if (!sally_span_starts(c->topic, sally_span_of(TOPIC_PREFIX)) ||
        !command_target(s, c->sensor, &to))
        return SALLY_E_NOT_FOUND;
    p = find_peer(s, &to);
    if (p == NULL)
        p = add_peer(s, &to, c->sensor, now);
    for (size_t i = 0; p != NULL && i < COMMANDS_MAX; i++)
        if (p->commands[i].number == 0)
            free_one = &p->commands[i];
    if (free_one == NULL)
        return SALLY_E_NO_ROOM;
    e = ask(p, c, now, &free_one->x);
    if (e == SALLY_E_OK) {
        free_one->number = c->command;
        free_one->deadline = c->deadline;
    }
    pump(p, now);
    return e;
}

/* --- Input --------------------------------------------------------------- */

/* RFC 7252 s.4.2, 5.2: a request from nobody we know is answered 4.01, never
 * with more bytes than it had; anything else of theirs is ignored.          */
static void turn_away(struct sally_coap_server *s,
                      const struct sally_coap_source *from,
                      struct sally_span datagram)
{
    uint8_t room[4 + SALLY_COAP_TOKEN_MAX];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_coap_message m;
    char ip[INET6_ADDRSTRLEN] = "";
    uint16_t mid;

    if (sally_coap_parse(datagram, &m, &mid) != SALLY_E_OK ||
        m.type > SALLY_COAP_NON || m.code == SALLY_CODE_EMPTY ||
        sally_coap_class(m.code) != 0)
        return;
    (void)inet_ntop(from->peer.family == 4 ? AF_INET : AF_INET6, from->peer.ip,
                    ip, sizeof(ip));
    sally_log(SALLY_LOG_WARNING, "auth_refused", SALLY_TEXT("protocol", "coap"),
              SALLY_TEXT("peer", ip), SALLY_TEXT("why", "unknown source"));
    m.type = m.type == SALLY_COAP_CON ? SALLY_COAP_ACK : SALLY_COAP_NON;
    m.code = SALLY_CODE_UNAUTHORIZED;
    m.options = m.payload = (struct sally_span){ NULL, 0 };
    if (sally_coap_write(&m, &out) == SALLY_E_OK)
        s->host->send(s->owner, from, sally_buf_span(&out));
}

/* The sensor that this source is, as far as an address can tell. */
static bool knows(const struct sally_coap_server *s,
                  const struct sally_coap_source *from, uint32_t *sensor)
{
    const struct sally_auth_source source = { .ip = from->peer.ip,
                                              .family = from->peer.family,
                                              .interface = from->interface };

    return sally_auth_address_alone(s->addresses, &source, sensor);
}

static void prove(struct peer *p, const struct sally_coap_source *from,
                  sally_usec now)
{
    p->source.interface = from->interface;
    p->proved_until = sally_after(now, PROOF_LASTS);
    sally_outer_liveness(p->server->outer, p->sensor, true, SALLY_AUTH_ADDRESS,
                         SALLY_ASSURANCE_WEAK, now);
}

/* The peer that this datagram is from: the one that we know, if the address
 * still proves it, else a new one, else NULL. A peer that was only sent
 * commands may answer those, and no more.                                   */
static struct peer *admit(struct sally_coap_server *s,
                          const struct sally_coap_source *from, sally_usec now)
{
    struct peer *p = find_peer(s, from);
    uint32_t sensor;
    bool known;

    if (p != NULL && p->proved_until >= now &&
        p->source.interface == from->interface)
        return p;
    known = knows(s, from, &sensor);
    if (p != NULL && (known ? p->sensor != sensor : p->proved_until != 0)) {
        drop_peer(p, now);
        p = NULL;
    }
    if (p == NULL && known)
        p = add_peer(s, from, sensor, now);
    if (p != NULL && known)
        prove(p, from, now);
    return p;
}

void sally_coap_server_input(struct sally_coap_server *s,
                             const struct sally_coap_source *from,
                             struct sally_span datagram, sally_usec now)
{
    struct peer *p = admit(s, from, now);

    if (p == NULL) {
        turn_away(s, from, datagram);
        return;
    }
    p->source.local = from->local;
    refresh(p);
    (void)sally_coap_link_input(&p->link, datagram, now);
    pump(p, now);
}

void sally_coap_server_unlisten(struct sally_coap_server *s, uint32_t listener,
                                sally_usec now)
{
    struct peer *next;

    for (struct peer *p = s->newest; p != NULL; p = next) {
        next = p->older;
        if (p->source.listener == listener)
            drop_peer(p, now);
    }
    arm(s);
}

void sally_coap_server_expire(struct sally_coap_server *s, sally_usec now)
{
    struct sally_deadline *d;

    while ((d = sally_deadlines_take(&s->deadlines, now)) != NULL) {
        struct peer *p = SALLY_OWNER(d, struct peer, deadline);

        expire_commands(p, now);
        sally_coap_link_expire(&p->link, now);
        pump(p, now);
    }
    arm(s);
}

/* --- Building ------------------------------------------------------------ */

enum sally_err sally_coap_server_create(
    struct sally_coap_server **out, struct sally_outer *outer,
    const struct sally_auth_addresses *addresses,
    const struct sally_coap_shared *coap, size_t peers,
    const struct sally_coap_server_host *host, void *owner)
{
    struct sally_coap_server *s = calloc(1, sizeof(*s));
    struct sally_hash_key seed;
    enum sally_err e;

    if (s == NULL)
        return SALLY_E_NO_MEMORY;
    s->outer = outer;
    s->addresses = addresses;
    s->coap = coap;
    s->host = host;
    s->owner = owner;
    sally_credential_nosec(&s->nosec);
    sally_random_fill(&coap->random, &seed, sizeof(seed));
    e = sally_pool_init(&s->pool, sizeof(struct peer), peers, false);
    if (e == SALLY_E_OK)
        e = sally_hashmap_init(&s->peers, peers, seed);
    if (e == SALLY_E_OK)
        e = sally_hashmap_init(&s->of_sensor, peers, seed);
    if (e == SALLY_E_OK)
        e = sally_deadlines_init(&s->deadlines, peers);
    if (e != SALLY_E_OK) {
        sally_coap_server_wipe(s);
        return e;
    }
    sally_outer_add_carrier(outer, (struct sally_outer_carrier){ carry, s });
    *out = s;
    return SALLY_E_OK;
}

enum sally_err sally_coap_server_grow(struct sally_coap_server *s, size_t peers)
{
    enum sally_err e = sally_deadlines_grow(&s->deadlines, peers);

    if (e == SALLY_E_OK)
        e = sally_hashmap_grow(&s->peers, peers);
    if (e == SALLY_E_OK)
        e = sally_hashmap_grow(&s->of_sensor, peers);
    return e == SALLY_E_OK ? sally_pool_grow(&s->pool, peers) : e;
}

void sally_coap_server_commit(struct sally_coap_server *s,
                              const struct sally_auth_addresses *addresses,
                              sally_usec now)
{
    struct peer *p = s->newest;

    while (p != NULL) {
        struct peer *older = p->older;

        if (!sally_outer_keeps(s->outer, p->sensor))
            drop_peer(p, now);
        p = older;
    }
    s->addresses = addresses;
    arm(s);
}

void sally_coap_server_wipe(struct sally_coap_server *s)
{
    if (s == NULL)
        return;
    while (s->oldest != NULL)
        drop_peer(s->oldest, 0);
    sally_deadlines_wipe(&s->deadlines);
    sally_hashmap_wipe(&s->peers);
    sally_hashmap_wipe(&s->of_sensor);
    sally_pool_wipe(&s->pool);
    free(s);
}
