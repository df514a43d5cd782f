/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/mqtt_reload.c - what the MQTT server has of the
 * configuration, and how another one takes its place.                       */
#include "ingress/mqtt_parts.h"

#include <stdlib.h>

static const char *username_of(const struct sally_config_sensor *s)
{
    for (size_t i = 0; i < s->auth_count; i++)
        if (s->auth[i].method == SALLY_AUTH_PASSWORD)
            return s->auth[i].username; /* the config allows one per sensor */
    return NULL;
}

static void add_viewers(struct sally_mqtt_tables *t,
                        const struct sally_config *c)
{
    for (uint32_t i = 0; i < c->sensor_count; i++)
        if (c->sensors[i].visibility == SALLY_VISIBILITY_ALL)
            t->viewers[t->viewer_count++] = i;
}

static void add_users(struct sally_mqtt_tables *t, const struct sally_config *c)
{
    for (uint32_t i = 0; i < c->sensor_count; i++) {
        const char *name = username_of(&c->sensors[i]);

        if (name == NULL)
            continue;
        t->names[i].sensor = i;
        sally_hashmap_add(&t->users, &t->names[i].node, sally_span_of(name));
    }
}

enum sally_err sally_mqtt_tables_build(struct sally_mqtt_tables *t,
                                       const struct sally_config *c,
                                       const struct sally_random *random)
{
    struct sally_hash_key seed;
    enum sally_err e = SALLY_E_NO_MEMORY;

    sally_random_fill(random, &seed, sizeof(seed));
    t->names = calloc(c->sensor_count + 1, sizeof(*t->names));
    t->sensors = calloc(c->sensor_count + 1,
                        sizeof(struct sally_mqtt_connection *));
    t->kept = calloc(c->sensor_count + 1, sizeof(struct kept *));
    t->viewers = calloc(c->sensor_count + 1, sizeof(*t->viewers));
    if (t->names != NULL && t->sensors != NULL && t->kept != NULL &&
        t->viewers != NULL)
        e = sally_hashmap_init(&t->users, c->sensor_count, seed);
    if (e != SALLY_E_OK)
        return e;
    add_users(t, c);
    add_viewers(t, c);
    return e;
}

void sally_mqtt_tables_wipe(struct sally_mqtt_tables *t)
{
    sally_hashmap_wipe(&t->users);
    free(t->names);
    free(t->sensors);
    free(t->kept);
    free(t->viewers);
    *t = (struct sally_mqtt_tables){ .names = NULL };
}

static enum sally_err grow(struct sally_mqtt_server *s, size_t connections)
{
    enum sally_err e = sally_deadlines_grow(&s->deadlines, connections);

    if (e == SALLY_E_OK)
        e = sally_pool_grow(&s->subscriptions, connections * 4);
    if (e == SALLY_E_OK)
        e = sally_pool_grow(&s->small, connections);
    if (e == SALLY_E_OK)
        e = sally_pool_grow(&s->wills, connections * 2);
    if (e == SALLY_E_OK)
        e = sally_pool_grow(&s->aliases, connections);
    if (e == SALLY_E_OK)
        e = sally_pool_grow(&s->kept, connections);
    if (e == SALLY_E_OK)
        e = sally_deadlines_grow(&s->kept_deadlines, connections);
    return e == SALLY_E_OK ? sally_pool_grow(&s->connections, connections) : e;
}

void sally_mqtt_server_abort(struct sally_mqtt_server *s)
{
    sally_mqtt_tables_wipe(&s->next);
}

enum sally_err sally_mqtt_server_prepare(struct sally_mqtt_server *s,
                                         const struct sally_config *next,
                                         size_t connections)
{
    enum sally_err e;

    sally_mqtt_server_abort(s);
    e = grow(s, connections);
    if (e == SALLY_E_OK)
        e = sally_mqtt_tables_build(&s->next, next,
                                    sally_outer_random(s->outer));
    if (e != SALLY_E_OK)
        sally_mqtt_server_abort(s);
    return e;
}

/* One that waits for its check stays if its sensor does: the check is then made
 * by the new list.                                                          */
static bool stays(const struct sally_mqtt_connection *c)
{
    const struct sally_mqtt_server *s = c->server;
    uint32_t sensor = c->sensor != NOBODY ? c->sensor : c->claimed;
    const char *name;

    if (c->vouched != NOBODY && !sally_outer_keeps(s->outer, c->vouched))
        return false; /* its number may be another sensor's */
    if (sensor == NOBODY)
        return true;
    if (!sally_outer_keeps(s->outer, sensor))
        return false;
    if (c->sensor == NOBODY || c->method != SALLY_AUTH_PASSWORD)
        return true;
    name = username_of(sally_mqtt_config(s, sensor));
    return name != NULL &&
           sally_passwords_keep(s->passwords, sally_span_of(name));
}

void sally_mqtt_server_commit(struct sally_mqtt_server *s,
                              const struct sally_config *next,
                              const struct sally_auth_addresses *addresses,
                              sally_usec now)
{
    size_t count = sally_outer_config(s->outer)->sensor_count;

    s->now = now;
    for (struct sally_mqtt_connection *c = s->all; c != NULL; c = c->all_next)
        if (!c->ended && !stays(c))
            sally_mqtt_session_end(&c->session, SALLY_MQTT_END_KICKED);
    sally_mqtt_server_settle(s, now);
    for (uint32_t i = 0; i < count; i++)
        if (!sally_outer_keeps(s->outer, i))
            sally_mqtt_drop_kept(s, i);
    for (uint32_t i = 0; i < count && i < next->sensor_count; i++) {
        s->next.sensors[i] = s->tables.sensors[i];
        s->next.kept[i] = s->tables.kept[i];
    }
    sally_mqtt_tables_wipe(&s->tables);
    s->tables = s->next;
    s->next = (struct sally_mqtt_tables){ .names = NULL };
    s->addresses = addresses;
}

void sally_mqtt_server_doubt(struct sally_mqtt_server *s, sally_usec now)
{
    s->now = now;
    for (struct sally_mqtt_connection *c = s->all; c != NULL; c = c->all_next)
        if (!c->ended && c->vouched != NOBODY &&
            c->vouched_by == SALLY_AUTH_CERTIFICATE)
            sally_mqtt_session_end(&c->session, SALLY_MQTT_END_KICKED);
    sally_mqtt_server_settle(s, now);
}

void sally_mqtt_server_kick(struct sally_mqtt_server *s, uint32_t sensor,
                            sally_usec now)
{
    s->now = now;
    for (struct sally_mqtt_connection *c = s->all; c != NULL; c = c->all_next)
        if (!c->ended && c->sensor == sensor)
            sally_mqtt_session_end(&c->session, SALLY_MQTT_END_KICKED);
    sally_mqtt_drop_kept(s, sensor);
    sally_mqtt_server_settle(s, now);
}
