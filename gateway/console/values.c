/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/values.c - one line per present value. */
#include "console/lines.h"

#include "base/text.h"
#include "codec/base64.h"
#include "codec/json.h"

#include <math.h>

enum { UNITS = 5701 }; /* of every sensor object in the OMA registry */

static void put_text(struct sally_writer *w, struct sally_span text)
{
    if (sally_text_is_utf8(text))
        sally_put_json_string(w, text);
    else
        sally_put_text(w, "null");
}

static void put_opaque(struct sally_writer *w, struct sally_span bytes)
{
    sally_put_u8(w, '"');
    sally_put_base64(w, bytes);
    sally_put_u8(w, '"');
}

static void put_real(struct sally_writer *w, double n)
{
    if (isfinite(n))
        sally_put_json_real(w, n);
    else
        sally_put_text(w, "null");
}

/* In JSON's own types where it has one. */
static void put_value(struct sally_writer *w, const struct sally_lwm2m_value *v)
{
    switch (v->type) {
    case SALLY_TYPE_NONE:
        sally_put_text(w, "null");
        break;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_CORELNK:
        put_text(w, v->is.bytes);
        break;
    case SALLY_TYPE_OPAQUE:
        put_opaque(w, v->is.bytes);
        break;
    case SALLY_TYPE_INTEGER:
        sally_put_integer(w, v->is.integer);
        break;
    case SALLY_TYPE_UNSIGNED:
        sally_put_decimal(w, v->is.unsigned_number);
        break;
    case SALLY_TYPE_FLOAT:
        put_real(w, v->is.real);
        break;
    case SALLY_TYPE_BOOLEAN:
        sally_put_text(w, v->is.boolean ? "true" : "false");
        break;
    case SALLY_TYPE_TIME:
        sally_put_json_time(w, v->is.integer * 1000);
        break;
    case SALLY_TYPE_OBJLNK:
        sally_put_format(w, "\"%u:%u\"", v->is.link.object,
                         v->is.link.instance);
        break;
    }
}

/* What stands beside the value, or else the registry's. */
static struct sally_span unit_of(const struct sally_view *v, uint32_t sensor,
                                 const struct sally_path *path,
                                 const struct sally_resource_definition *d)
{
    struct sally_path beside =
        sally_path_resource(path->id[0], path->id[1], UNITS);
    struct sally_lwm2m_record units;

    if (d == NULL || path->id[2] == UNITS)
        return (struct sally_span){ NULL, 0 };
    if ((d->type == SALLY_TYPE_FLOAT || d->type == SALLY_TYPE_INTEGER) &&
        sally_view_find(v, sensor, &beside, &units) &&
        units.value.type == SALLY_TYPE_STRING)
        return units.value.is.bytes;
    return sally_span_of(d->unit);
}

static void put_age(struct sally_members *m, sally_msec_utc now,
                    sally_msec_utc then)
{
    sally_member(m, "age_s");
    if (then <= 0)
        sally_put_text(m->w, "null");
    else
        sally_put_json_real(m->w, now > then ? (double)(now - then) / 1000.0
                                             : 0.0);
}

bool sally_line_values(const struct sally_view *v, size_t n,
                       struct sally_writer *w)
{
    const struct sally_resource_definition *d;
    const struct sally_view_value *value;
    struct sally_lwm2m_record r;
    char path[SALLY_PATH_TEXT];
    struct sally_members m;

    if (n >= v->value_count)
        return false;
    value = &v->values[n];
    sally_view_record(v, value, &r);
    d = sally_registry_resource(&v->config->registry, r.path.id[0],
                                r.path.id[2]);
    m = sally_members_begin(w);
    sally_member_text(&m, "sensor", v->config->sensors[value->sensor].id);
    sally_member_text(&m, "path", sally_path_text(&r.path, path));
    sally_member_text(&m, "name", d != NULL ? d->name : "");
    sally_member(&m, "value");
    put_value(w, &r.value);
    sally_member_text(&m, "type", sally_type_name(r.value.type));
    sally_member_span(&m, "unit", unit_of(v, value->sensor, &r.path, d));
    sally_member_time(&m, "time", r.time);
    put_age(&m, v->utc, r.time);
    sally_members_end(&m);
    return true;
}
