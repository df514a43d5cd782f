/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/sensor_objects.c - builds one sensor's set of resources. */
#include "uplink/sensor_objects.h"

#include "lwm2m/objects/builtin.h"
#include "uplink/route.h"
#include "uplink/sensor.h"

#include <string.h>

#define TEXT_ROOM 128 /* bytes of a text value that a sensor reports */

enum { UNITS = 5701, APPLICATION_TYPE = 5750 };

static bool is_text(enum sally_lwm2m_type t)
{
    return t == SALLY_TYPE_STRING || t == SALLY_TYPE_OPAQUE ||
           t == SALLY_TYPE_CORELNK;
}

/* Two rules may name one resource. */
static enum sally_err add(struct sally_resources *r,
                          const struct sally_path *path, size_t room)
{
    enum sally_err e = sally_resources_add(r, path, room);

    return e == SALLY_E_DUPLICATE ? SALLY_E_OK : e;
}

/* A fixed text beside a value, where the object has a resource for it. */
static enum sally_err add_note(struct sally_resources *r,
                               const struct sally_path *beside,
                               uint16_t resource, const char *text)
{
    struct sally_path at =
        sally_path_resource(beside->id[0], beside->id[1], resource);
    struct sally_lwm2m_value value = sally_value_string(text);
    enum sally_err e;

    if (text[0] == '\0' ||
        sally_registry_resource(r->registry, at.id[0], resource) == NULL)
        return SALLY_E_OK;
    e = add(r, &at, strlen(text));
    return e == SALLY_E_OK ? sally_resources_set(r, &at, &value, 0) : e;
}

static enum sally_err add_map(struct sally_resources *r,
                              const struct sally_config_map *map)
{
    enum sally_err e = SALLY_E_OK;

    for (size_t i = 0; i < map->put_count && e == SALLY_E_OK; i++) {
        const struct sally_config_put *put = &map->put[i];

        e = add(r, &put->to, is_text(put->type) ? TEXT_ROOM : 0);
        if (e == SALLY_E_OK)
            e = add_note(r, &put->to, UNITS, put->unit);
        if (e == SALLY_E_OK)
            e = add_note(r, &put->to, APPLICATION_TYPE, put->label);
    }
    return e;
}

static enum sally_err add_profile(struct sally_resources *r,
                                  const struct sally_config_profile *p)
{
    enum sally_err e = SALLY_E_OK;

    for (size_t i = 0; i < p->map_count && e == SALLY_E_OK; i++)
        e = add_map(r, &p->maps[i]);
    for (size_t i = 0; i < p->down_count && e == SALLY_E_OK; i++)
        e = add(r, &p->down[i].on, is_text(p->down[i].type) ? TEXT_ROOM : 0);
    return e;
}

static enum sally_err add_server(struct sally_resources *r,
                                 const struct sally_config_server *s,
                                 const struct sally_config_profile *p,
                                 uint16_t instance, bool bootstrap)
{
    const struct sally_server_factory factory = {
        .instance = instance,
        .short_server_id = s->short_server_id,
        .lifetime = sally_virtual_client_lifetime(s, p),
        .queue_mode = sally_virtual_client_queues(s, p),
        .lwm2m_1_0 = s->version == SALLY_LWM2M_1_0,
        .bootstrap = bootstrap,
        .binding = sally_route_binding(s),
    };

    return sally_server_object(r, &factory);
}

/* The transports of all servers together. */
static enum sally_err set_binding(struct sally_resources *r,
                                  const struct sally_config *config,
                                  const struct sally_config_sensor *sensor)
{
    static const char *const texts[] = { "", "U", "T", "UT" };
    struct sally_path at =
        sally_path_resource(SALLY_OBJECT_DEVICE, 0, SALLY_DEVICE_BINDING);
    struct sally_lwm2m_value value;
    unsigned all = 0;

    for (size_t i = 0; i < sensor->account_count; i++) {
        const char *one = sally_route_binding(
            &config->servers[sensor->accounts[i].server]);

        all |= (one[0] == 'U' ? 1u : 0u) | (strchr(one, 'T') ? 2u : 0u);
    }
    value = sally_value_string(texts[all]);
    return sally_resources_set(r, &at, &value, 0);
}

static bool flags_silence(const struct sally_config_sensor *s)
{
    return s->expect_every != 0 && s->on_silent == SALLY_SILENT_FLAG;
}

/* Generous counts: what stays unused is given back. */
static void count(const struct sally_config_sensor *s,
                  const struct sally_config_profile *p, size_t *slots,
                  size_t *arena)
{
    size_t values = p->down_count;

    *arena = 0;
    for (size_t i = 0; i < p->map_count; i++)
        for (size_t k = 0; k < p->maps[i].put_count; k++) {
            const struct sally_config_put *put = &p->maps[i].put[k];

            values += 1u + (put->unit[0] != 0) + (put->label[0] != 0);
            *arena += strlen(put->unit) + strlen(put->label) +
                      (is_text(put->type) ? TEXT_ROOM : 0u);
        }
    for (size_t i = 0; i < p->down_count; i++)
        *arena += is_text(p->down[i].type) ? TEXT_ROOM : 0u;
    *slots = values + SALLY_DEVICE_SLOTS + SALLY_PROVENANCE_SLOTS +
             (flags_silence(s) ? SALLY_SILENCE_SLOTS : 0u) +
             (s->event_log ? SALLY_LOG_SLOTS : 0u) +
             (size_t)s->account_count * SALLY_SERVER_SLOTS;
    *arena += SALLY_BUILTIN_ARENA + (size_t)s->account_count * 8u +
              (s->event_log ? SALLY_LOG_ROOM : 0u);
}

enum sally_err sally_sensor_objects(struct sally_resources *out,
                                    const struct sally_config *config,
                                    const struct sally_config_sensor *sensor)
{
    const struct sally_config_profile *p = &config->profiles[sensor->profile];
    size_t slots, arena;
    enum sally_err e;

    count(sensor, p, &slots, &arena);
    e = sally_resources_init(out, &config->registry, slots, arena);
    for (size_t i = 0; i < sensor->account_count && e == SALLY_E_OK; i++)
        e = add_server(out, &config->servers[sensor->accounts[i].server], p,
                       (uint16_t)i, sensor->bootstrap != NULL);
    if (e == SALLY_E_OK)
        e = sally_device_object(out, sensor->manufacturer, sensor->model,
                                sensor->serial);
    if (e == SALLY_E_OK)
        e = set_binding(out, config, sensor);
    if (e == SALLY_E_OK)
        e = sally_provenance_object(out, config->name);
    if (e == SALLY_E_OK && flags_silence(sensor))
        e = sally_provenance_silence(out);
    if (e == SALLY_E_OK && sensor->event_log)
        e = sally_log_object(out);
    if (e == SALLY_E_OK)
        e = add_profile(out, p);
    if (e == SALLY_E_OK)
        sally_resources_trim(out);
    return e;
}
