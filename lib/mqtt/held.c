/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/held.c - packet ids of QoS 2, and topic aliases. */
#include "mqtt/held.h"

#include <string.h>

/* The place of an id; id 0 finds a free place. HELD_MAX: none. */
static size_t place_of(const struct sally_mqtt_held *h, uint16_t id)
{
    size_t i = 0;

    while (i < SALLY_MQTT_HELD_MAX && h->id[i] != id)
        i++;
    return i;
}

bool sally_mqtt_held_has(const struct sally_mqtt_held *h, uint16_t id)
{
    return place_of(h, id) < SALLY_MQTT_HELD_MAX;
}

bool sally_mqtt_held_is_stored(const struct sally_mqtt_held *h, uint16_t id)
{
    size_t place = place_of(h, id);

    return place < SALLY_MQTT_HELD_MAX && h->stored[place];
}

bool sally_mqtt_held_add(struct sally_mqtt_held *h, uint16_t id)
{
    size_t place = place_of(h, 0);

    if (place == SALLY_MQTT_HELD_MAX)
        return false;
    h->id[place] = id;
    h->stored[place] = false;
    h->count++;
    return true;
}

void sally_mqtt_held_store(struct sally_mqtt_held *h, uint16_t id)
{
    size_t place = place_of(h, id);

    if (place < SALLY_MQTT_HELD_MAX)
        h->stored[place] = true;
}

void sally_mqtt_held_release(struct sally_mqtt_held *h, uint16_t id)
{
    size_t place = place_of(h, id);

    if (place == SALLY_MQTT_HELD_MAX)
        return;
    h->id[place] = 0;
    h->count--;
}

void sally_mqtt_alias_set(struct sally_mqtt_aliases *a, unsigned alias,
                          struct sally_span topic)
{
    a->len[alias - 1] = (uint16_t)topic.len;
    memcpy(a->topic[alias - 1], topic.at, topic.len);
}

struct sally_span sally_mqtt_alias_topic(const struct sally_mqtt_aliases *a,
                                         unsigned alias)
{
    return (struct sally_span){ a->topic[alias - 1], a->len[alias - 1] };
}
