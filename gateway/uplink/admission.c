/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/admission.c - path, type, range and rate, once more. */
#include "uplink/admission.h"

#include <string.h>

enum { UNITS = 5701, APPLICATION_TYPE = 5750 };

/* A virtual clock per sensor runs ahead by one slot a message, and may be one
 * second ahead at most.                                                     */
static bool too_fast(struct sally_uplink_sensor *u, sally_usec now)
{
    const sally_usec slot = SALLY_SEC / SALLY_ADMISSION_RATE;

    if (u->budget < now)
        u->budget = now;
    if (u->budget > now + SALLY_SEC)
        return true;
    u->budget += slot;
    return false;
}

static bool in_range(const struct sally_config_put *put,
                     const struct sally_lwm2m_value *v)
{
    double n;

    if (!put->has_range || !sally_value_as_real(v, &n))
        return true;
    return n >= put->min && n <= put->max;
}

/* Several rules may give one path: one that admits the value is enough. */
static enum sally_err by_profile(const struct sally_config_profile *p,
                                 const struct sally_lwm2m_record *r)
{
    enum sally_err e = SALLY_E_NOT_ALLOWED;

    for (size_t i = 0; i < p->map_count; i++)
        for (size_t k = 0; k < p->maps[i].put_count; k++) {
            const struct sally_config_put *put = &p->maps[i].put[k];

            if (!sally_path_equal(&put->to, &r->path))
                continue;
            if (in_range(put, &r->value))
                return SALLY_E_OK;
            e = SALLY_E_OUT_OF_RANGE;
        }
    return e;
}

/* Two rules gave one resource: the later one counts. */
static bool comes_again(const struct sally_bus_readings *in, size_t at)
{
    for (size_t i = at + 1; i < in->count; i++)
        if (in->value[i].depth == in->value[at].depth &&
            memcmp(in->value[i].id, in->value[at].id,
                   sizeof(in->value[i].id)) == 0)
            return true;
    return false;
}

static bool is_fixed(const struct sally_path *path)
{
    return path->depth == SALLY_DEPTH_RESOURCE &&
           (path->id[2] == UNITS || path->id[2] == APPLICATION_TYPE);
}

static enum sally_err admit(const struct sally_registry *registry,
                            const struct sally_uplink_sensor *u,
                            struct sally_lwm2m_record *r,
                            struct sally_bus_readings *out)
{
    struct sally_lwm2m_value typed;
    enum sally_err e = by_profile(u->profile, r);

    if (e == SALLY_E_OK)
        e = sally_registry_admit(registry, &r->path, &r->value, &typed);
    if (e == SALLY_E_OK)
        e = sally_bus_put_value(&out->value[out->count], out->bytes,
                                &out->used, &r->path, &typed);
    if (e == SALLY_E_OK)
        out->count++;
    return e;
}

enum sally_err sally_admission_check(const struct sally_registry *registry,
                                     struct sally_uplink_sensor *u,
                                     const struct sally_bus_readings *in,
                                     sally_usec now,
                                     struct sally_bus_readings *out)
{
    if (too_fast(u, now))
        return SALLY_E_NO_ROOM;
    out->ticket = in->ticket;
    out->sensor = in->sensor;
    out->time = in->time;
    out->first = in->first;
    out->count = 0;
    out->used = 0;
    memcpy(out->key, in->key, sizeof(out->key));
    for (size_t i = 0; i < in->count; i++) {
        struct sally_lwm2m_record r;
        enum sally_err e = SALLY_E_OK;

        sally_bus_value(&in->value[i], in->bytes, &r);
        if (!comes_again(in, i) &&
            (by_profile(u->profile, &r) != SALLY_E_NOT_ALLOWED ||
             !is_fixed(&r.path)))
            e = admit(registry, u, &r, out);
        if (e != SALLY_E_OK)
            return e;
    }
    return out->count == 0 ? SALLY_E_NOT_ALLOWED : SALLY_E_OK;
}
