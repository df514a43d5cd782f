/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/mqtt_kept.c - sessions that outlive their connection: what a
 * client subscribed to, the packet ids of QoS 2, and a will that waits. In
 * memory, bounded, and keyed by sensor and client id. MQTT 5.0 s.4.1.
 *
 * Commands do not wait here: those that may wait are parked in the store.   */
#include "ingress/mqtt_parts.h"

#include <string.h>

#define EXPIRY_MAX 3600  /* seconds; what is beyond is told to the client */
#define KEPT_OF_SENSOR 8 /* the one without a connection longest goes */

/* --- Lists --------------------------------------------------------------- */

static void unlink_idle(struct kept *k)
{
    struct sally_mqtt_server *s = k->server;

    if (k->idle_previous == NULL)
        s->first_idle = k->idle_next;
    else
        k->idle_previous->idle_next = k->idle_next;
    if (k->idle_next == NULL)
        s->last_idle = k->idle_previous;
    else
        k->idle_next->idle_previous = k->idle_previous;
}

static void link_idle(struct kept *k)
{
    struct sally_mqtt_server *s = k->server;

    k->idle_next = NULL;
    k->idle_previous = s->last_idle;
    if (s->last_idle == NULL)
        s->first_idle = k;
    else
        s->last_idle->idle_next = k;
    s->last_idle = k;
}

static void leave_sensor(struct kept *k)
{
    struct kept **link = &k->server->tables.kept[k->sensor];

    while (*link != k)
        link = &(*link)->next;
    *link = k->next;
}

static struct sally_span id_of(const struct kept *k)
{
    return (struct sally_span){ k->client_id, k->client_id_len };
}

static struct kept *find(const struct sally_mqtt_connection *c)
{
    struct kept *k = c->server->tables.kept[c->sensor];

    while (k != NULL &&
           !sally_span_equal(id_of(k), (struct sally_span){
                                           c->client_id, c->client_id_len }))
        k = k->next;
    return k;
}

/* --- The end of a session ------------------------------------------------ */

static void forget_will(struct kept *k)
{
    sally_pool_give(&k->server->wills, k->will);
    k->will = NULL;
    k->will_at = SALLY_NEVER;
}

static void speak_will(struct kept *k)
{
    struct sally_span both = { k->will,
                               (size_t)k->will_topic + k->will_payload };

    if (k->will == NULL)
        return;
    sally_mqtt_speak_will(k->server, k->sensor,
                          sally_span_sub(both, 0, k->will_topic),
                          sally_span_sub(both, k->will_topic, k->will_payload));
    forget_will(k);
}

/* A will that waits is spoken when its session ends, s.3.1.3.2.2. */
static void drop(struct kept *k, bool speak)
{
    struct sally_mqtt_server *s = k->server;

    if (speak)
        speak_will(k);
    forget_will(k);
    if (k->connection != NULL)
        k->connection->kept = NULL;
    else
        unlink_idle(k);
    leave_sensor(k);
    sally_outer_forget(s->outer, k->sensor, k);
    sally_mqtt_drop_subscriptions(s, &k->subscriptions);
    sally_deadlines_set(&s->kept_deadlines, &k->deadline, SALLY_NEVER);
    sally_pool_give(&s->kept, k);
}

void sally_mqtt_drop_kept(struct sally_mqtt_server *s, uint32_t sensor)
{
    struct kept *k = s->tables.kept[sensor];

    while (k != NULL) {
        struct kept *next = k->next;

        if (k->connection == NULL)
            drop(k, false);
        k = next;
    }
}

void sally_mqtt_expire_kept(struct sally_mqtt_server *s, sally_usec now)
{
    struct sally_deadline *d;

    while ((d = sally_deadlines_take(&s->kept_deadlines, now)) != NULL) {
        struct kept *k = SALLY_OWNER(d, struct kept, deadline);

        if (k->until <= now) {
            drop(k, true);
            continue;
        }
        speak_will(k);
        sally_deadlines_set(&s->kept_deadlines, &k->deadline, k->until);
    }
}

/* --- The beginning ------------------------------------------------------- */

/* A session without a connection yields to one that has. */
static void make_room(const struct sally_mqtt_connection *c)
{
    struct sally_mqtt_server *s = c->server;
    struct kept *idle = NULL;
    size_t count = 0;

    for (struct kept *k = s->tables.kept[c->sensor]; k != NULL; k = k->next) {
        count++;
        if (k->connection == NULL)
            idle = k; /* the newest stand first */
    }
    if (count >= KEPT_OF_SENSOR && idle != NULL)
        drop(idle, true);
    else if (s->kept.used == s->kept.count && s->first_idle != NULL)
        drop(s->first_idle, true);
}

/* NULL: there is no place. */
static struct kept *make(struct sally_mqtt_connection *c)
{
    struct sally_mqtt_server *s = c->server;
    struct kept *k;

    make_room(c);
    k = sally_pool_take(&s->kept);
    if (k == NULL)
        return NULL;
    memset(k, 0, sizeof(*k));
    k->server = s;
    k->connection = c;
    k->will_at = SALLY_NEVER;
    k->sensor = c->sensor;
    k->client_id_len = c->client_id_len;
    memcpy(k->client_id, c->client_id, c->client_id_len);
    k->next = s->tables.kept[c->sensor];
    s->tables.kept[c->sensor] = k;
    c->kept = k;
    return k;
}

/* Rights may have changed since: each subscription is asked for again. */
static void take_subscriptions(struct sally_mqtt_connection *c, struct kept *k)
{
    struct subscription *list = k->subscriptions;

    k->subscriptions = NULL;
    while (list != NULL) {
        struct subscription *b = list;

        list = b->next;
        b->next = NULL;
        if (sally_mqtt_may_subscribe(
                c, (struct sally_span){ b->filter, b->len })) {
            b->next = c->subscriptions;
            c->subscriptions = b;
        } else {
            sally_mqtt_drop_subscriptions(c->server, &b);
        }
    }
}

static void resume(struct sally_mqtt_connection *c, struct kept *k)
{
    unlink_idle(k);
    forget_will(k);
    sally_deadlines_set(&c->server->kept_deadlines, &k->deadline, SALLY_NEVER);
    k->connection = c;
    c->kept = k;
    take_subscriptions(c, k);
}

void sally_mqtt_join(struct sally_mqtt_connection *c,
                     struct sally_mqtt_welcome *out)
{
    struct kept *k = c->client_id_len != 0 ? find(c) : NULL;

    *out = (struct sally_mqtt_welcome){ .present = false };
    if (k != NULL && k->connection == NULL) {
        out->present = !c->clean;
        if (c->clean)
            drop(k, true);
        else
            resume(c, k);
    }
    if (c->expiry > EXPIRY_MAX)
        c->expiry = EXPIRY_MAX;
    if (c->expiry != 0 && c->kept == NULL && make(c) == NULL)
        c->expiry = 0;
    out->expiry = c->expiry;
    out->held = c->kept != NULL ? &c->kept->held : NULL;
    if (c->given_id)
        out->client_id =
            (struct sally_span){ c->client_id, c->client_id_len };
}

struct sally_mqtt_held *sally_mqtt_on_hold(void *owner)
{
    struct sally_mqtt_connection *c = owner;
    struct kept *k = c->kept != NULL ? c->kept : make(c);

    return k != NULL ? &k->held : NULL;
}

/* --- The end of a connection --------------------------------------------- */

/* False: it is not to wait, or there is no block for it. */
static bool keep_will(struct kept *k, const struct sally_mqtt_publish *will,
                      uint32_t delay)
{
    struct sally_mqtt_server *s = k->server;
    struct sally_buf both;
    struct sally_writer w;

    if (delay == 0)
        return false;
    k->will = sally_pool_take(&s->wills);
    if (k->will == NULL)
        return false;
    both = (struct sally_buf){ k->will, 0, s->wills.size };
    w = sally_writer_into(&both);
    sally_put(&w, will->topic);
    sally_put(&w, will->payload);
    k->will_topic = (uint16_t)will->topic.len;
    k->will_payload = (uint16_t)will->payload.len;
    k->will_at = sally_after(s->now, delay * SALLY_SEC);
    return true;
}

void sally_mqtt_leave(struct sally_mqtt_connection *c,
                      const struct sally_mqtt_publish *will)
{
    struct sally_mqtt_server *s = c->server;
    struct kept *k = c->kept;
    uint32_t expiry = c->session.expiry;

    if (k == NULL || expiry == 0) {
        if (will != NULL)
            sally_mqtt_speak_will(s, c->sensor, will->topic, will->payload);
        if (k != NULL)
            drop(k, false);
        return;
    }
    c->kept = NULL;
    k->connection = NULL;
    k->subscriptions = c->subscriptions;
    c->subscriptions = NULL;
    link_idle(k);
    k->until = sally_after(s->now, (expiry < EXPIRY_MAX ? expiry : EXPIRY_MAX) *
                                       SALLY_SEC);
    if (will != NULL && !keep_will(k, will, c->session.will_delay))
        sally_mqtt_speak_will(s, c->sensor, will->topic, will->payload);
    sally_deadlines_set(&s->kept_deadlines, &k->deadline,
                        sally_earlier(k->until, k->will_at));
}
