/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_peers.c - the peers of the CoAP server: by address, by
 * sensor, and by when they were heard.                                      */
#include "ingress/coap_server_parts.h"

#include <string.h>

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

static void unlink_age(struct sally_coap_peer *p)
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

static void make_newest(struct sally_coap_peer *p)
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

struct sally_coap_peer *sally_coap_peer_of(const struct sally_coap_server *s,
                                           uint32_t sensor)
{
    struct sally_hashmap_node *n =
        sally_hashmap_find(&s->of_sensor, sensor_key(&sensor));

    return n == NULL ? NULL : SALLY_OWNER(n, struct sally_coap_peer, of_sensor);
}

static void leave_sensor(struct sally_coap_peer *p)
{
    struct sally_hashmap *map = &p->server->of_sensor;
    struct sally_coap_peer *newer = p->same_newer, *older = p->same_older;

    if (newer == NULL)
        sally_hashmap_remove(map, &p->of_sensor);
    else
        newer->same_older = older;
    if (older != NULL)
        older->same_newer = newer;
    if (newer == NULL && older != NULL)
        sally_hashmap_add(map, &older->of_sensor, sensor_key(&older->sensor));
}

static void join_sensor(struct sally_coap_peer *p)
{
    struct sally_hashmap *map = &p->server->of_sensor;
    struct sally_coap_peer *older = sally_coap_peer_of(p->server, p->sensor);

    p->same_newer = NULL;
    p->same_older = older;
    if (older != NULL) {
        sally_hashmap_remove(map, &older->of_sensor);
        older->same_newer = p;
    }
    sally_hashmap_add(map, &p->of_sensor, sensor_key(&p->sensor));
}

void sally_coap_peer_refresh(struct sally_coap_peer *p)
{
    unlink_age(p);
    make_newest(p);
    if (p->same_newer == NULL)
        return;
    leave_sensor(p);
    join_sensor(p);
}

void sally_coap_peer_drop(struct sally_coap_peer *p, sally_usec now)
{
    struct sally_coap_server *s = p->server;

    for (size_t i = 0; i < SALLY_COAP_COMMANDS_MAX; i++)
        if (p->commands[i].number != 0)
            sally_outer_outcome(s->outer, p->commands[i].number,
                                SALLY_OUTCOME_OFFLINE, now);
    sally_coap_polls_forget(p);
    sally_outer_forget(s->outer, p->sensor, p);
    sally_coap_link_wipe(&p->link);
    sally_tls_line_close(p->visit, false);
    sally_deadlines_set(&s->deadlines, &p->deadline, SALLY_NEVER);
    sally_hashmap_remove(&s->peers, &p->node);
    leave_sensor(p);
    unlink_age(p);
    sally_pool_give(&s->pool, p);
}

void sally_coap_server_arm(struct sally_coap_server *s)
{
    s->host->arm(s->owner, sally_earlier(sally_deadlines_next(&s->deadlines),
                                         sally_deadlines_next(&s->polls.due)));
}

void sally_coap_peer_pump(struct sally_coap_peer *p, sally_usec now)
{
    struct sally_coap_server *s = p->server;
    struct sally_span wire;
    sally_usec due;

    while ((wire = sally_coap_link_output(&p->link, now)).len != 0)
        if (sally_coap_credit_spend(p, wire))
            s->host->send(s->owner, &p->source, wire);
    due = sally_coap_link_deadline(&p->link);
    for (size_t i = 0; i < SALLY_COAP_COMMANDS_MAX; i++)
        if (p->commands[i].number != 0)
            due = sally_earlier(due, p->commands[i].deadline);
    sally_deadlines_set(&s->deadlines, &p->deadline, due);
    sally_coap_server_arm(s);
}

static const struct sally_coap_link_upcalls link_upcalls = {
    .on_request = sally_coap_server_request,
    .on_reply = sally_coap_commands_reply,
    .on_notified = sally_coap_commands_notified,
    .on_channel = sally_coap_secure_channel,
};

/* Which of a sensor's peers makes room for another one, so that whoever sends
 * in its name takes nobody else's: one that never showed that it hears us, if
 * there is one, the oldest of those. NULL: there is room.                   */
static struct sally_coap_peer *
superfluous(const struct sally_coap_server *s, uint32_t sensor)
{
    struct sally_coap_peer *last = NULL, *stranger = NULL;
    size_t count = 0;

    for (struct sally_coap_peer *p = sally_coap_peer_of(s, sensor); p != NULL;
         p = p->same_older) {
        last = p;
        if (!p->validated)
            stranger = p;
        count++;
    }
    if (count < SALLY_COAP_SENSOR_PEERS || sensor == SALLY_COAP_NOBODY)
        return NULL; /* of handshakes the door has the count */
    return stranger != NULL ? stranger : last;
}

void sally_coap_peer_become(struct sally_coap_peer *p, uint32_t sensor,
                            sally_usec now)
{
    struct sally_coap_peer *other = superfluous(p->server, sensor);

    if (other != NULL)
        sally_coap_peer_drop(other, now);
    leave_sensor(p);
    p->sensor = sensor;
    join_sensor(p);
    sally_coap_secure_renew(p, now);
}

struct sally_coap_peer *
sally_coap_peer_add(struct sally_coap_server *s,
                    const struct sally_coap_source *from, uint32_t sensor,
                    sally_usec now)
{
    struct sally_coap_peer *p = superfluous(s, sensor);

    if (p == NULL && s->pool.used == s->pool.count)
        p = s->oldest;
    if (p != NULL)
        sally_coap_peer_drop(p, now);
    p = sally_pool_take(&s->pool);
    memset(p, 0, sizeof(*p));
    p->server = s;
    p->source = *from;
    p->sensor = sensor;
    sally_coap_link_init(&p->link, s->coap, &link_upcalls, p);
    sally_hashmap_add(&s->peers, &p->node, key_of(from, p->key));
    make_newest(p);
    join_sensor(p);
    if (from->secure) /* its link is accepted when the door has a place */
        return p;
    if (sally_coap_link_start(&p->link, SALLY_SCHEME_COAP, &s->nosec, NULL,
                              now) == SALLY_E_OK)
        return p;
    sally_coap_peer_drop(p, now);
    return NULL;
}

struct sally_coap_peer *
sally_coap_peer_find(struct sally_coap_server *s,
                     const struct sally_coap_source *from)
{
    uint8_t key[24];
    struct sally_hashmap_node *n =
        sally_hashmap_find(&s->peers, key_of(from, key));

    return n == NULL ? NULL : SALLY_OWNER(n, struct sally_coap_peer, node);
}
