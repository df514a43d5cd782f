/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/rule.c - a configuration of one sensor with one rule, given to
 * the mapping that the outer door runs.                                     */
#include "cli/rule.h"

#include <string.h>

#include "base/cursor.h"
#include "config/schema.h"

/* The level of the topic that {id} stands for, if that can be an id. */
static const char *id_in(struct sally_arena *a, const char *pattern,
                         struct sally_span topic)
{
    struct sally_cursor p = sally_cursor_over(sally_span_of(pattern));
    struct sally_cursor t = sally_cursor_over(topic);

    while (p.rest.len != 0) {
        struct sally_span level = sally_take_until(&p, '/');
        struct sally_span found = sally_take_until(&t, '/');
        const char *id;

        if (!sally_span_is(level, "{id}"))
            continue;
        id = sally_arena_text(a, found);
        return sally_name_is_plain(id) ? id : "";
    }
    return "any";
}

static void take_first(struct sally_rule_answer *out)
{
    out->has_value = out->readings.count != 0;
    if (out->has_value)
        sally_bus_value(&out->readings.value[0], out->readings.bytes,
                        &out->record);
}

enum sally_err sally_rule_try(const struct sally_rule_place *place,
                              const struct sally_config_map *map,
                              const struct sally_config_put *put,
                              struct sally_span topic,
                              struct sally_span payload,
                              struct sally_rule_answer *out)
{
    struct sally_arena arena = { .chunks = NULL };
    struct sally_config_map one = *map;
    struct sally_config_profile profile = *place->profile;
    struct sally_config_sensor sensor = { .alias = "", .endpoint = "" };
    struct sally_config config = *place->config; /* the registry is shared */
    struct sally_mapping *mapping = NULL;
    enum sally_err e;

    one.put = put;
    one.put_count = put == NULL ? 0 : 1;
    profile.maps = &one;
    profile.map_count = 1;
    if (place->sensor != NULL)
        sensor = *place->sensor;
    else
        sensor.id = id_in(&arena, map->topic, topic);
    sensor.profile = 0;
    config.profiles = &profile;
    config.profile_count = 1;
    config.sensors = &sensor;
    config.sensor_count = 1;
    memset(out, 0, sizeof(*out));
    e = sally_mapping_compile(&mapping, &config);
    if (e == SALLY_E_OK) {
        sally_mapping_apply(mapping, 0, topic, payload, &out->readings,
                            &out->result);
        take_first(out);
    }
    sally_mapping_wipe(mapping);
    sally_arena_wipe(&arena);
    return e;
}
