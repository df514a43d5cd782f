/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/mapping.c - which maps a message meets, and what comes of
 * it; which command becomes which message.                                  */
#include "ingress/mapping.h"

#include "ingress/passage.h"
#include "ingress/pattern.h"
#include "ingress/reading.h"
#include "ingress/template.h"

#include <stdlib.h>

/* Bytes of a command topic: the configuration's, with {id} filled in. */
#define TOPIC_ROOM 512

/* One pattern per map, profile after profile; those of profile p begin at
 * first[p].                                                                 */
struct sally_mapping {
    const struct sally_config *config;
    struct sally_pattern *patterns; /* owned */
    size_t *first; /* owned; one more than there are profiles */
};

static size_t count_maps(const struct sally_config *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->profile_count; i++)
        n += c->profiles[i].map_count;
    return n;
}

/* A pattern that no topic within the limits can meet stays without levels. */
static void compile_profile(struct sally_mapping *m, size_t profile)
{
    const struct sally_config_profile *p = &m->config->profiles[profile];
    size_t at = m->first[profile];

    for (size_t i = 0; i < p->map_count; i++)
        if (sally_pattern_compile(sally_span_of(p->maps[i].topic),
                                  &m->patterns[at + i]) != SALLY_E_OK)
            m->patterns[at + i].count = 0;
    m->first[profile + 1] = at + p->map_count;
}

enum sally_err sally_mapping_compile(struct sally_mapping **out,
                                     const struct sally_config *c)
{
    struct sally_mapping *m = calloc(1, sizeof(*m));

    if (m == NULL)
        return SALLY_E_NO_MEMORY;
    m->config = c;
    m->patterns = calloc(count_maps(c) + 1, sizeof(*m->patterns));
    m->first = calloc(c->profile_count + 1, sizeof(*m->first));
    if (m->patterns == NULL || m->first == NULL) {
        sally_mapping_wipe(m);
        return SALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < c->profile_count; i++)
        compile_profile(m, i);
    *out = m;
    return SALLY_E_OK;
}

void sally_mapping_wipe(struct sally_mapping *m)
{
    if (m == NULL)
        return;
    free(m->patterns);
    free(m->first);
    free(m);
}

bool sally_topic_matches(struct sally_span filter, struct sally_span topic)
{
    return sally_mqtt_topic_matches(filter, topic);
}

static struct sally_pattern_names names_of(const struct sally_config_sensor *s)
{
    return (struct sally_pattern_names){ sally_span_of(s->id),
                                         sally_span_of(s->alias) };
}

static const struct sally_config_profile *
profile_of(const struct sally_mapping *m, uint32_t sensor)
{
    if (sensor >= m->config->sensor_count ||
        m->config->sensors[sensor].profile >= m->config->profile_count)
        return NULL;
    return &m->config->profiles[m->config->sensors[sensor].profile];
}

/* What `run` needs of one message while it goes from map to map. */
struct round {
    const struct sally_config_profile *profile;
    const struct sally_pattern *patterns;
    struct sally_span text; /* of the topic */
    struct sally_levels topic;
    struct sally_pattern_names names;
};

static bool begin_round(const struct sally_mapping *m, uint32_t sensor,
                        struct sally_span topic, struct round *r)
{
    const struct sally_config_profile *profile = profile_of(m, sensor);

    if (profile == NULL || sally_levels_split(topic, &r->topic) != SALLY_E_OK)
        return false;
    r->profile = profile;
    r->text = topic;
    r->patterns = &m->patterns[m->first[m->config->sensors[sensor].profile]];
    r->names = names_of(&m->config->sensors[sensor]);
    return true;
}

static bool is_excepted(const struct sally_config_map *map,
                        struct sally_span topic)
{
    for (size_t i = 0; i < map->except_count; i++)
        if (sally_mqtt_topic_matches(sally_span_of(map->except[i]), topic))
            return true;
    return false;
}

/* The next map, from *i on, that covers the topic; NULL after the last. */
static const struct sally_config_map *next_map(const struct round *r, size_t *i)
{
    while (*i < r->profile->map_count) {
        size_t at = (*i)++;

        if (sally_pattern_matches(&r->patterns[at], &r->topic, &r->names) &&
            !is_excepted(&r->profile->maps[at], r->text))
            return &r->profile->maps[at];
    }
    return NULL;
}

bool sally_mapping_covers(const struct sally_mapping *m, uint32_t sensor,
                          struct sally_span topic)
{
    struct round r;
    size_t i = 0;

    return begin_round(m, sensor, topic, &r) && next_map(&r, &i) != NULL;
}

void sally_mapping_apply(const struct sally_mapping *m, uint32_t sensor,
                         struct sally_span topic, struct sally_span payload,
                         struct sally_bus_readings *out,
                         struct sally_mapping_result *result)
{
    struct sally_passage p = { m->config, payload, out, result };
    const struct sally_config_map *map;
    size_t i = 0, readings;
    struct round r;

    *result = (struct sally_mapping_result){ .why = SALLY_E_OK };
    out->count = out->used = 0;
    if (!begin_round(m, sensor, topic, &r))
        return;
    while ((map = next_map(&r, &i)) != NULL) {
        result->matched = true;
        sally_passage_take(&p, map);
    }
    readings = out->count;
    if (readings == 0)
        return;
    i = 0;
    while ((map = next_map(&r, &i)) != NULL)
        sally_passage_units(&p, map, readings);
}

/* What the sensor calls itself in its topics, and so where it listens. */
static struct sally_span own_name(const struct sally_mapping *m,
                                  uint32_t sensor)
{
    const struct sally_config_sensor *s = &m->config->sensors[sensor];

    return sally_span_of(s->alias[0] != '\0' ? s->alias : s->id);
}

/* A filter is welcome if it covers one command topic of the sensor at least.
 * A wide one such as # reveals nothing of others, since every delivery is
 * checked topic by topic; one that covers none could only be meant for the
 * topics of others.                                                         */
bool sally_mapping_may_subscribe(const struct sally_mapping *m,
                                 uint32_t sensor, struct sally_span filter)
{
    const struct sally_config_profile *profile = profile_of(m, sensor);
    uint8_t room[TOPIC_ROOM];

    if (profile == NULL || !sally_mqtt_filter_ok(filter))
        return false;
    for (size_t i = 0; i < profile->down_count; i++) {
        struct sally_buf topic = SALLY_BUF(room);

        if (sally_template_topic(profile->down[i].topic, own_name(m, sensor),
                                 &topic) == SALLY_E_OK &&
            sally_mqtt_topic_matches(filter, sally_buf_span(&topic)))
            return true;
    }
    return false;
}

static enum sally_err render(const struct sally_config_down *down,
                             struct sally_span id,
                             const struct sally_lwm2m_value *v,
                             struct sally_buf *topic, struct sally_buf *payload)
{
    uint8_t room[2 * SALLY_BUS_BYTES]; /* opaque bytes go out in base64 */
    struct sally_buf word = SALLY_BUF(room);
    struct sally_template_words words = { .id = id };
    enum sally_err e = sally_reading_word(down, v, &word, &words.is_text);

    if (e != SALLY_E_OK)
        return e;
    words.value = sally_buf_span(&word);
    e = sally_template_topic(down->topic, id, topic);
    if (e != SALLY_E_OK)
        return e;
    return sally_template_render(down->payload, &words, payload);
}

enum sally_err sally_mapping_render(const struct sally_mapping *m,
                                    const struct sally_bus_command *c,
                                    struct sally_buf *topic,
                                    struct sally_buf *payload)
{
    const struct sally_config_profile *profile = profile_of(m, c->sensor);
    size_t topic_len = topic->len, payload_len = payload->len;
    struct sally_lwm2m_record record;
    enum sally_err e;

    if (profile == NULL || c->down >= profile->down_count)
        return SALLY_E_NOT_FOUND;
    if ((c->execute != 0) != profile->down[c->down].execute)
        return SALLY_E_NOT_ALLOWED;
    sally_bus_value(&c->value, c->bytes, &record);
    e = render(&profile->down[c->down], own_name(m, c->sensor), &record.value,
               topic, payload);
    if (e != SALLY_E_OK) {
        topic->len = topic_len;
        payload->len = payload_len;
    }
    return e;
}
