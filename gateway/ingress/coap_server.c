/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_server.c - who a datagram is from, and what is built of
 * it all.                                                                   */
#include "ingress/coap_server_parts.h"

#include "base/text.h"
#include "log/log.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

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

    return sally_auth_address_alone(s->addresses, &source, sensor) &&
           !sally_outer_sensor(s->outer, *sensor)->blocked;
}

void sally_coap_peer_online(struct sally_coap_peer *p, sally_usec now)
{
    enum sally_auth_method method =
        p->visit != NULL ? SALLY_AUTH_PSK : SALLY_AUTH_ADDRESS;

    sally_outer_liveness(p->server->outer, p->sensor, true, method,
                         sally_auth_method_level(method), now);
}

static void prove(struct sally_coap_peer *p,
                  const struct sally_coap_source *from, sally_usec now)
{
    p->source.interface = from->interface;
    p->proved_until = sally_after(now, SALLY_COAP_PROOF_LASTS);
    sally_coap_peer_online(p, now);
}

/* The peer that this datagram is from: the one that we know, if the address
 * still proves it, else a new one, else NULL. A peer that was only sent
 * commands may answer those, and no more.                                   */
static struct sally_coap_peer *admit(struct sally_coap_server *s,
                                     const struct sally_coap_source *from,
                                     sally_usec now)
{
    struct sally_coap_peer *p = sally_coap_peer_find(s, from);
    uint32_t sensor;
    bool known;

    if (p != NULL && p->proved_until >= now &&
        p->source.interface == from->interface)
        return p;
    known = knows(s, from, &sensor);
    if (p != NULL && (known ? p->sensor != sensor : p->proved_until != 0)) {
        sally_coap_peer_drop(p, now);
        p = NULL;
    }
    if (p == NULL && known)
        p = sally_coap_peer_add(s, from, sensor, now);
    if (p != NULL && known)
        prove(p, from, now);
    return p;
}

void sally_coap_server_input(struct sally_coap_server *s,
                             const struct sally_coap_source *from,
                             struct sally_span datagram, sally_usec now)
{
    struct sally_coap_peer *p;

    if (from->secure) {
        sally_coap_secure_input(s, from, datagram, now);
        return;
    }
    p = admit(s, from, now);
    if (p == NULL) {
        turn_away(s, from, datagram);
        return;
    }
    p->source.local = from->local;
    sally_coap_credit_earn(p, datagram.len);
    sally_coap_peer_refresh(p);
    (void)sally_coap_link_input(&p->link, datagram, now);
    sally_coap_peer_pump(p, now);
}

void sally_coap_server_kick(struct sally_coap_server *s, uint32_t sensor,
                            sally_usec now)
{
    struct sally_coap_peer *p;

    while ((p = sally_coap_peer_of(s, sensor)) != NULL)
        sally_coap_peer_drop(p, now);
    sally_coap_server_arm(s);
}

void sally_coap_server_unlisten(struct sally_coap_server *s, uint32_t listener,
                                sally_usec now)
{
    struct sally_coap_peer *next;

    for (struct sally_coap_peer *p = s->newest; p != NULL; p = next) {
        next = p->older;
        if (p->source.listener == listener)
            sally_coap_peer_drop(p, now);
    }
    sally_coap_server_arm(s);
}

void sally_coap_server_expire(struct sally_coap_server *s, sally_usec now)
{
    struct sally_deadline *d;

    while ((d = sally_deadlines_take(&s->deadlines, now)) != NULL) {
        struct sally_coap_peer *p =
            SALLY_OWNER(d, struct sally_coap_peer, deadline);

        sally_coap_commands_expire(p, now);
        sally_coap_link_expire(&p->link, now);
        sally_coap_peer_pump(p, now);
        if (p->over)
            sally_coap_peer_drop(p, now);
    }
    sally_coap_polls_expire(s, now);
    sally_coap_server_arm(s);
}

/* --- Building ------------------------------------------------------------ */

enum sally_err
sally_coap_server_create(struct sally_coap_server **out,
                         struct sally_outer *outer,
                         const struct sally_auth_addresses *addresses,
                         const struct sally_coap_shared *coap, size_t peers,
                         const struct sally_coap_server_host *host, void *owner)
{
    struct sally_coap_server *s = calloc(1, sizeof(*s));
    enum sally_err e;

    if (s == NULL)
        return SALLY_E_NO_MEMORY;
    s->outer = outer;
    s->addresses = addresses;
    s->coap = coap;
    s->host = host;
    s->owner = owner;
    sally_credential_nosec(&s->nosec);
    sally_random_fill(&coap->random, &s->seed, sizeof(s->seed));
    sally_random_fill(&coap->random, &s->echo_key, sizeof(s->echo_key));
    e = sally_pool_init(&s->pool, sizeof(struct sally_coap_peer), peers, false);
    if (e == SALLY_E_OK)
        e = sally_hashmap_init(&s->peers, peers, s->seed);
    if (e == SALLY_E_OK)
        e = sally_hashmap_init(&s->of_sensor, peers, s->seed);
    if (e == SALLY_E_OK)
        e = sally_deadlines_init(&s->deadlines, peers);
    if (e == SALLY_E_OK)
        e = sally_coap_polls_make(&s->polls, sally_outer_config(outer));
    if (e == SALLY_E_OK)
        e = sally_coap_directory_make(&s->registrations,
                                      sally_outer_config(outer));
    if (e != SALLY_E_OK) {
        sally_coap_server_wipe(s);
        return e;
    }
    sally_outer_add_carrier(
        outer, (struct sally_outer_carrier){ sally_coap_commands_carry, s });
    sally_coap_server_arm(s);
    *out = s;
    return SALLY_E_OK;
}

enum sally_err sally_coap_server_prepare(struct sally_coap_server *s,
                                         const struct sally_config *next,
                                         size_t peers)
{
    enum sally_err e = sally_deadlines_grow(&s->deadlines, peers);

    sally_coap_polls_wipe(&s->next_polls);
    free(s->next_registrations);
    s->next_registrations = NULL;
    if (e == SALLY_E_OK)
        e = sally_coap_polls_make(&s->next_polls, next);
    if (e == SALLY_E_OK)
        e = sally_coap_directory_make(&s->next_registrations, next);
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
    struct sally_coap_peer *p = s->newest;

    sally_coap_polls_stop(&s->polls);
    sally_coap_polls_wipe(&s->polls);
    s->polls = s->next_polls;
    s->next_polls = (struct sally_coap_polls){ .all = NULL };
    sally_coap_directory_commit(s);
    while (p != NULL) {
        struct sally_coap_peer *older = p->older;

        if (p->sensor == SALLY_COAP_NOBODY ||
            !sally_outer_keeps(s->outer, p->sensor))
            sally_coap_peer_drop(p, now);
        p = older;
    }
    s->addresses = addresses;
    sally_coap_server_arm(s);
}

void sally_coap_server_wipe(struct sally_coap_server *s)
{
    if (s == NULL)
        return;
    while (s->oldest != NULL)
        sally_coap_peer_drop(s->oldest, 0);
    sally_coap_polls_wipe(&s->polls);
    sally_coap_polls_wipe(&s->next_polls);
    free(s->registrations);
    free(s->next_registrations);
    sally_deadlines_wipe(&s->deadlines);
    sally_hashmap_wipe(&s->peers);
    sally_hashmap_wipe(&s->of_sensor);
    sally_pool_wipe(&s->pool);
    free(s);
}
