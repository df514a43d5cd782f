/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/broker_topics.c - from a topic at a broker to its sensor. */
#include "ingress/broker_topics.h"

#include "ingress/pattern.h"

#include <stdlib.h>
#include <string.h>

/* A name of a sensor, or a whole topic; NOBODY: two have the topic. */
struct entry {
    struct sally_hashmap_node node;
    uint32_t sensor;
};

struct sally_broker_topics {
    const struct sally_config *config;
    struct sally_hashmap names;  /* ids and aliases, unique together */
    struct sally_hashmap *whole; /* owned; of each broker: topics */
    struct entry *entries;       /* owned */
    size_t used;
    uint8_t *via; /* owned; of each sensor: the broker's number, or NONE */
};

static uint8_t broker_of(const struct sally_config *c,
                         const struct sally_config_sensor *s)
{
    if (s->auth_count != 1 || s->auth[0].method != SALLY_AUTH_BROKER)
        return SALLY_BROKER_NONE;
    for (uint8_t i = 0; i < c->broker_count; i++)
        if (strcmp(c->brokers[i].name, s->auth[0].username) == 0)
            return i;
    return SALLY_BROKER_NONE;
}

/* Two names and all maps of each sensor that there is. */
static size_t count_entries(const struct sally_config *c)
{
    size_t n = 1;

    for (size_t i = 0; i < c->sensor_count; i++)
        if (broker_of(c, &c->sensors[i]) != SALLY_BROKER_NONE)
            n += 2 + c->profiles[c->sensors[i].profile].map_count;
    return n;
}

static void add(struct sally_broker_topics *t, struct sally_hashmap *map,
                const char *key, size_t sensor)
{
    struct sally_hashmap_node *n = sally_hashmap_find(map, sally_span_of(key));
    struct entry *e = &t->entries[t->used];

    if (key[0] == '\0')
        return;
    if (n != NULL) {
        ((struct entry *)(void *)n)->sensor = SALLY_BROKER_NOBODY;
        return;
    }
    t->used++;
    e->sensor = (uint32_t)sensor;
    sally_hashmap_add(map, &e->node, sally_span_of(key));
}

static void add_sensor(struct sally_broker_topics *t, size_t sensor)
{
    const struct sally_config_sensor *s = &t->config->sensors[sensor];
    const struct sally_config_profile *p = &t->config->profiles[s->profile];

    add(t, &t->names, s->id, sensor);
    add(t, &t->names, s->alias, sensor);
    for (size_t i = 0; i < p->map_count; i++)
        if (strchr(p->maps[i].topic, '{') == NULL)
            add(t, &t->whole[t->via[sensor]], p->maps[i].topic, sensor);
}

static enum sally_err fill(struct sally_broker_topics *t,
                           struct sally_hash_key seed)
{
    const struct sally_config *c = t->config;
    size_t count = count_entries(c);
    enum sally_err e = sally_hashmap_init(&t->names, count, seed);

    t->entries = calloc(count, sizeof(*t->entries));
    t->whole = calloc(c->broker_count + 1, sizeof(*t->whole));
    t->via = calloc(c->sensor_count + 1, 1);
    if (t->entries == NULL || t->whole == NULL || t->via == NULL)
        return SALLY_E_NO_MEMORY;
    for (size_t i = 0; e == SALLY_E_OK && i < c->broker_count; i++)
        e = sally_hashmap_init(&t->whole[i], count, seed);
    for (size_t i = 0; e == SALLY_E_OK && i < c->sensor_count; i++) {
        t->via[i] = broker_of(c, &c->sensors[i]);
        if (t->via[i] != SALLY_BROKER_NONE)
            add_sensor(t, i);
    }
    return e;
}

enum sally_err sally_broker_topics_create(struct sally_broker_topics **out,
                                          const struct sally_config *c,
                                          struct sally_hash_key seed)
{
    struct sally_broker_topics *t = calloc(1, sizeof(*t));
    enum sally_err e;

    if (t == NULL)
        return SALLY_E_NO_MEMORY;
    t->config = c;
    e = fill(t, seed);
    if (e != SALLY_E_OK)
        sally_broker_topics_wipe(t);
    else
        *out = t;
    return e;
}

void sally_broker_topics_wipe(struct sally_broker_topics *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; t->whole != NULL && i < t->config->broker_count; i++)
        sally_hashmap_wipe(&t->whole[i]);
    sally_hashmap_wipe(&t->names);
    free(t->whole);
    free(t->entries);
    free(t->via);
    free(t);
}

uint8_t sally_broker_of(const struct sally_broker_topics *t, uint32_t sensor)
{
    return sensor < t->config->sensor_count ? t->via[sensor]
                                            : SALLY_BROKER_NONE;
}

static uint32_t look_up(const struct sally_hashmap *map, struct sally_span key)
{
    struct sally_hashmap_node *n = sally_hashmap_find(map, key);

    return n == NULL ? SALLY_BROKER_NOBODY
                     : ((struct entry *)(void *)n)->sensor;
}

uint32_t sally_broker_topics_find(const struct sally_broker_topics *t,
                                  const struct sally_mapping *m, size_t broker,
                                  struct sally_span topic)
{
    struct sally_levels levels;
    uint32_t found = look_up(&t->whole[broker], topic);

    if (sally_levels_split(topic, &levels) != SALLY_E_OK)
        return SALLY_BROKER_NOBODY;
    for (size_t i = 0; i < levels.count; i++) {
        uint32_t one = look_up(&t->names, levels.level[i]);

        if (one == SALLY_BROKER_NOBODY || one == found ||
            t->via[one] != broker || !sally_mapping_covers(m, one, topic))
            continue;
        if (found != SALLY_BROKER_NOBODY)
            return SALLY_BROKER_NOBODY;
        found = one;
    }
    return found;
}
