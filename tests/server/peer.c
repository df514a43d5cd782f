/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/peer.c - a link per source address. */
#include "server/server.h"

#include <string.h>

/* A peer without a registration may stay silent for this long. */
#define IDLE (60 * SALLY_SEC)
#define SWEEP (5 * SALLY_SEC)
#define QUIET (2 * SALLY_SEC) /* before its port is somebody else's */

static void on_channel(void *owner, enum sally_err e, sally_usec now)
{
    (void)owner; /* the pump sees the state */
    (void)e;
    (void)now;
}

/* Numbers last as long as this process, and so do the keys of its clients. */
static void on_reserve(void *owner, uint64_t until)
{
    struct server_peer *p = owner;

    sally_coap_link_reserved(&p->link, until,
                             sally_loop_now(p->door->server->loop));
}

static const struct sally_coap_link_upcalls link_upcalls = {
    .on_request = server_on_request,
    .on_reply = server_on_reply,
    .on_channel = on_channel,
    .on_reserve = on_reserve,
};

struct sally_span server_peer_identity(const struct server_peer *p)
{
    return server_name_of(p->door->server, sally_stack_peer_identity(
                                               sally_coap_link_stack(&p->link)));
}

const char *server_peer_proof(const struct server_peer *p)
{
    struct server *s = p->door->server;
    struct sally_span shown =
        sally_stack_peer_identity(sally_coap_link_stack(&p->link));
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret key = { .len = 0 };

    if (!server_door_is_secure(p->door))
        return "none";
    if (server_knows_raw(s, shown))
        return "rpk";
    return server_find_key(s, shown, &key) == SALLY_E_OK ? "psk" : "x509";
}

void server_end_peer(struct server_peer *p)
{
    struct server *s = p->door->server;

    sally_timer_set(s->loop, &p->timer, SALLY_NEVER);
    sally_hashmap_remove(&p->door->peers, &p->node);
    server_registration_left(s, p);
    server_asks_left(s, p);
    server_bootstrap_left(p);
    if (p->tcp != NULL)
        sally_tcp_close(p->tcp);
    p->tcp = NULL;
    sally_coap_link_wipe(&p->link);
    p->in_use = false;
}

void server_pump(struct server_peer *p, sally_usec now)
{
    struct server *s = p->door->server;
    enum sally_channel_state state;
    struct sally_span wire;

    if (p->tcp != NULL)
        server_stream_pump(p, now);
    while (p->tcp == NULL &&
           (wire = sally_coap_link_output(&p->link, now)).len != 0)
        sally_udp_reply(p->door->listener, &p->route, wire);
    state = sally_coap_link_state(&p->link);
    if (state == SALLY_CHANNEL_CLOSED || state == SALLY_CHANNEL_FAILED)
        server_end_peer(p);
    else
        sally_timer_set(s->loop, &p->timer, sally_coap_link_deadline(&p->link));
}

static void on_due(void *owner, sally_usec now)
{
    struct server_peer *p = owner;

    sally_coap_link_expire(&p->link, now);
    server_pump(p, now);
}

/* A place for a peer; NULL: all are taken. */
static struct server_peer *free_place(struct server *s)
{
    for (size_t i = 0; i < s->options.clients; i++) {
        struct server_peer **place = &s->peer_list[i];

        if (*place == NULL)
            *place = sally_pool_take(&s->peers);
        else if ((*place)->in_use)
            continue;
        return *place;
    }
    return NULL;
}

bool server_door_is_secure(const struct server_door *door)
{
    return door->scheme == SALLY_SCHEME_COAPS ||
           door->scheme == SALLY_SCHEME_COAPS_TCP;
}

/* Every handshake of the gateway's comes from a port of its own, so a newcomer
 * at the secure door is a handshake that begins.                            */
static void tell_newcomer(struct server_peer *p)
{
    struct server_line l = server_line_begin(p->door->server, "peer");

    server_line_number(&l, "secure", server_door_is_secure(p->door));
    server_line_number(&l, "port", p->route.peer.port);
    server_line_end(&l);
}

struct server_peer *server_new_peer(struct server_door *door,
                                    const struct sally_udp_route *route,
                                    struct sally_span key, sally_usec now)
{
    struct server *s = door->server;
    struct server_peer *p = free_place(s);

    if (p == NULL)
        return NULL;
    memset(p, 0, sizeof(*p));
    p->door = door;
    p->route = *route;
    memcpy(p->key, key.at, sizeof(p->key));
    sally_timer_init(&p->timer, on_due, p);
    server_bootstrap_init(p);
    sally_coap_link_init(&p->link, &s->shared, &link_upcalls, p);
    if (sally_coap_link_accept(&p->link, door->scheme, door->finder, now) !=
        SALLY_E_OK) {
        sally_coap_link_wipe(&p->link);
        return NULL;
    }
    p->in_use = true;
    tell_newcomer(p);
    sally_hashmap_add(&door->peers, &p->node,
                      (struct sally_span){ p->key, sizeof(p->key) });
    return p;
}

/* A ClientHello in the clear: a client that knows of no session, on the port
 * of one that is gone without a word (RFC 6347 s.4.2.8). The network may bring
 * a copy of the old one a moment later.                                     */
static bool begins_anew(const struct server_peer *p, struct sally_span datagram,
                        sally_usec now)
{
    struct sally_cursor c = sally_cursor_over(datagram);
    uint8_t content = sally_take_u8(&c);
    uint16_t version = sally_take_u16(&c), epoch = sally_take_u16(&c);

    (void)version;
    (void)sally_take(&c, 8); /* the rest of the record's header */
    return p->door->scheme == SALLY_SCHEME_COAPS &&
           sally_coap_link_state(&p->link) == SALLY_CHANNEL_UP &&
           now - p->heard > QUIET && content == 22 && epoch == 0 &&
           sally_take_u8(&c) == 1 && !c.failed;
}

static void on_datagram(void *owner, const struct sally_udp_route *route,
                        struct sally_span datagram, sally_usec now)
{
    struct server_door *door = owner;
    uint8_t room[SALLY_ADDRESS_KEY];
    struct sally_span key = sally_address_key(&route->peer, room);
    struct sally_hashmap_node *node = sally_hashmap_find(&door->peers, key);
    struct server_peer *p =
        node != NULL ? SALLY_OWNER(node, struct server_peer, node)
                     : server_new_peer(door, route, key, now);

    if (p != NULL && begins_anew(p, datagram, now)) {
        server_end_peer(p);
        p = server_new_peer(door, route, key, now);
    }
    if (p == NULL)
        return; /* as if it was lost */
    p->heard = now;
    p->route = *route;
    (void)!sally_coap_link_input(&p->link, datagram, now);
    server_pump(p, now);
}

static const struct sally_udp_listener_upcalls door_upcalls = {
    .on_datagram = on_datagram,
};

static void on_sweep(void *owner, sally_usec now)
{
    struct server *s = owner;

    for (size_t i = 0; i < s->options.clients; i++) {
        struct server_peer *p = s->peer_list[i];

        if (p != NULL && p->in_use && now - p->heard > IDLE &&
            server_registration_by(s, p) == NULL)
            server_end_peer(p);
    }
    sally_timer_set(s->loop, &s->sweep, now + SWEEP);
}

/* "127.0.0.1:5683", "[::1]:5683", ":5683"; port 0 lets the system choose. */
static bool parse_where(const char *where, struct sally_bus_address *out)
{
    struct sally_span text = sally_span_of(where);
    const char *colon = strrchr(where, ':');
    char host[64];
    uint64_t port = 0;

    if (colon == NULL)
        return false;
    text.len -= strlen(colon);
    if (text.len > 1 && text.at[0] == '[' && text.at[text.len - 1] == ']')
        text = sally_span_sub(text, 1, text.len - 2);
    for (const char *c = colon + 1; *c >= '0' && *c <= '9' && port < 65536; c++)
        port = port * 10 + (uint64_t)(*c - '0');
    return port <= 65535 && sally_span_text(text, host, sizeof(host)) &&
           sally_address_parse(host, (uint16_t)port, out) == SALLY_E_OK;
}

bool server_open_door(struct server *s, size_t number, const char *where)
{
    const enum sally_scheme scheme = (enum sally_scheme)(number % 4);
    struct server_door *door = &s->doors[number];
    struct sally_hash_key seed;
    struct sally_bus_address a;
    bool open;
    int fd;

    sally_random_fill(&s->shared.random, &seed, sizeof(seed));
    door->server = s;
    door->scheme = scheme;
    door->finder = number < 4 ? &s->finder : &s->oscore_finder;
    if (sally_hashmap_init(&door->peers, s->options.clients, seed) !=
        SALLY_E_OK)
        return false;
    if (s->sweep.fire == NULL) {
        sally_timer_init(&s->sweep, on_sweep, s);
        sally_timer_set(s->loop, &s->sweep, sally_loop_now(s->loop) + SWEEP);
    }
    if (where == NULL)
        return true;
    if (!parse_where(where, &a)) {
        fprintf(stderr, "%s: expected ADDRESS:PORT\n", where);
        return false;
    }
    if (scheme == SALLY_SCHEME_COAP_TCP || scheme == SALLY_SCHEME_COAPS_TCP)
        open = server_open_stream(door, &a);
    else
        open = sally_udp_bind(NULL, &a, &fd) == SALLY_E_OK &&
               sally_udp_listen(&door->listener, s->loop, fd, &door_upcalls,
                                door) == SALLY_E_OK;
    if (!open)
        perror(where);
    return open;
}

void server_close_peers(struct server *s)
{
    sally_usec now = sally_loop_now(s->loop);

    for (size_t i = 0; i < s->options.clients; i++) {
        struct server_peer *p = s->peer_list[i];

        if (p == NULL || !p->in_use)
            continue;
        sally_coap_link_close(&p->link, now);
        server_pump(p, now);
        if (p->in_use)
            server_end_peer(p);
    }
}
