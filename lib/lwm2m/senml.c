/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/senml.c - the fields of SenML records, and what they resolve to.
 * RFC 8428 s.4.                                                             */
#include "lwm2m/senml.h"

#include <math.h>

#define SENML_VERSION 10

/* Far beyond any clock, and milliseconds of it are exact as a double. */
#define TIME_LIMIT 1000000000000 /* seconds */

static const struct field {
    const char *name;
    int64_t label; /* RFC 8428 s.6, table 4; vlo has its name in CBOR too */
    enum sally_senml_field field;
} fields[] = {
    { "bn", -2, SALLY_SENML_BASE_NAME },
    { "bt", -3, SALLY_SENML_BASE_TIME },
    { "bu", -4, SALLY_SENML_BASE_UNIT },
    { "bv", -5, SALLY_SENML_BASE_VALUE },
    { "bver", -1, SALLY_SENML_BASE_VERSION },
    { "n", 0, SALLY_SENML_NAME },
    { "u", 1, SALLY_SENML_UNIT },
    { "t", 6, SALLY_SENML_TIME },
    { "v", 2, SALLY_SENML_VALUE },
    { "vs", 3, SALLY_SENML_STRING },
    { "vb", 4, SALLY_SENML_BOOLEAN },
    { "vd", 8, SALLY_SENML_DATA },
    { "vlo", INT64_MAX, SALLY_SENML_LINK },
};

enum sally_senml_field sally_senml_field_named(struct sally_span name)
{
    for (size_t i = 0; i < SALLY_LEN(fields); i++)
        if (sally_span_is(name, fields[i].name))
            return fields[i].field;
    return name.len != 0 && name.at[name.len - 1] == '_' ? SALLY_SENML_REFUSED
                                                         : SALLY_SENML_IGNORED;
}

enum sally_senml_field sally_senml_field_labelled(int64_t label)
{
    for (size_t i = 0; i < SALLY_LEN(fields); i++)
        if (fields[i].label == label && label != INT64_MAX)
            return fields[i].field;
    return SALLY_SENML_IGNORED;
}

/* Seconds with a fraction to the nearest millisecond. */
static enum sally_err note_time(const struct sally_lwm2m_value *v,
                                sally_msec_utc *out)
{
    double seconds;

    if (v->type == SALLY_TYPE_BOOLEAN || !sally_value_as_real(v, &seconds))
        return SALLY_E_MALFORMED;
    if (!(fabs(seconds) <= TIME_LIMIT))
        return SALLY_E_OUT_OF_RANGE;
    *out = (sally_msec_utc)llround(seconds * 1000);
    return SALLY_E_OK;
}

static enum sally_err note_base_value(const struct sally_lwm2m_value *v,
                                      double *out)
{
    if (v->type == SALLY_TYPE_BOOLEAN || !sally_value_as_real(v, out))
        return SALLY_E_MALFORMED;
    return isfinite(*out) ? SALLY_E_OK : SALLY_E_OUT_OF_RANGE;
}

static enum sally_err note_version(const struct sally_lwm2m_value *v)
{
    double version;

    if (v->type == SALLY_TYPE_BOOLEAN || !sally_value_as_real(v, &version))
        return SALLY_E_MALFORMED;
    return version <= SENML_VERSION ? SALLY_E_OK : SALLY_E_UNSUPPORTED;
}

static enum sally_err note_text(const struct sally_lwm2m_value *v,
                                struct sally_span *out)
{
    if (v->type != SALLY_TYPE_STRING)
        return SALLY_E_MALFORMED;
    *out = v->is.bytes;
    return SALLY_E_OK;
}

static bool fits_field(enum sally_senml_field field, enum sally_lwm2m_type t)
{
    if (field == SALLY_SENML_VALUE)
        return t == SALLY_TYPE_INTEGER || t == SALLY_TYPE_UNSIGNED ||
               t == SALLY_TYPE_FLOAT;
    if (field == SALLY_SENML_BOOLEAN)
        return t == SALLY_TYPE_BOOLEAN;
    if (field == SALLY_SENML_DATA)
        return t == SALLY_TYPE_OPAQUE;
    return t == SALLY_TYPE_STRING;
}

/* One of the fields that carry the value; a record has one of them. */
static enum sally_err note_value(struct sally_senml_entry *entry,
                                 enum sally_senml_field field,
                                 const struct sally_lwm2m_value *v)
{
    if (entry->value.type != SALLY_TYPE_NONE || !fits_field(field, v->type))
        return SALLY_E_MALFORMED;
    if (field == SALLY_SENML_LINK)
        return sally_value_from_text(v->is.bytes, SALLY_TYPE_OBJLNK, NULL,
                                     &entry->value);
    entry->value = *v;
    return SALLY_E_OK;
}

enum sally_err sally_senml_note(struct sally_senml_entry *entry,
                                enum sally_senml_field field,
                                const struct sally_lwm2m_value *v)
{
    uint32_t bit = UINT32_C(1) << field;

    if (field == SALLY_SENML_IGNORED)
        return SALLY_E_OK;
    if ((entry->seen & bit) != 0)
        return SALLY_E_MALFORMED;
    entry->seen |= bit;
    switch (field) {
    case SALLY_SENML_BASE_NAME:
        return note_text(v, &entry->base_name);
    case SALLY_SENML_BASE_TIME:
        return note_time(v, &entry->base_time);
    case SALLY_SENML_BASE_UNIT:
        return note_text(v, &entry->base_unit);
    case SALLY_SENML_BASE_VALUE:
        return note_base_value(v, &entry->base_value);
    case SALLY_SENML_BASE_VERSION:
        return note_version(v);
    case SALLY_SENML_NAME:
        return note_text(v, &entry->name);
    case SALLY_SENML_UNIT:
        return note_text(v, &entry->unit);
    case SALLY_SENML_TIME:
        return note_time(v, &entry->time);
    case SALLY_SENML_VALUE:
    case SALLY_SENML_STRING:
    case SALLY_SENML_BOOLEAN:
    case SALLY_SENML_DATA:
    case SALLY_SENML_LINK:
        return note_value(entry, field, v);
    case SALLY_SENML_IGNORED:
        return SALLY_E_OK;
    case SALLY_SENML_REFUSED:
        break;
    }
    return SALLY_E_UNSUPPORTED;
}

static bool saw(const struct sally_senml_entry *entry,
                enum sally_senml_field field)
{
    return (entry->seen & UINT32_C(1) << field) != 0;
}

static void take_bases(struct sally_senml *s,
                       const struct sally_senml_entry *entry)
{
    if (saw(entry, SALLY_SENML_BASE_NAME))
        s->base_name = entry->base_name;
    if (saw(entry, SALLY_SENML_BASE_TIME))
        s->base_time = entry->base_time;
    if (saw(entry, SALLY_SENML_BASE_VALUE))
        s->base_value = entry->base_value;
}

/* The base name and the name make one path (RFC 8428 s.4.5.1). */
static enum sally_err join(struct sally_span base_name, struct sally_span name,
                           struct sally_path *out)
{
    uint8_t room[SALLY_PATH_TEXT];
    struct sally_buf whole = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&whole);

    sally_put(&w, base_name);
    sally_put(&w, name);
    if (sally_writer_end(&w) != SALLY_E_OK)
        return SALLY_E_MALFORMED; /* longer than the longest path */
    return sally_path_parse(sally_buf_span(&whole), out);
}

/* A number and the base value add up (RFC 8428 s.4.5.2). */
enum sally_err sally_senml_add_base(double base,
                                    struct sally_lwm2m_value *value)
{
    double n;

    if (base == 0 || !sally_value_as_real(value, &n))
        return SALLY_E_OK;
    if (value->type == SALLY_TYPE_BOOLEAN)
        return SALLY_E_OK;
    *value = sally_value_real(n + base);
    return isfinite(n + base) ? SALLY_E_OK : SALLY_E_OUT_OF_RANGE;
}

static enum sally_err make_record(const struct sally_senml *s,
                                  const struct sally_senml_entry *entry,
                                  struct sally_lwm2m_record *out)
{
    struct sally_lwm2m_value value = entry->value;
    sally_msec_utc time = s->base_time + entry->time;
    enum sally_err e = join(s->base_name, entry->name, &out->path);

    if (e != SALLY_E_OK)
        return e;
    if (!sally_path_covers(s->base, &out->path))
        return SALLY_E_NOT_ALLOWED;
    e = sally_senml_add_base(s->base_value, &value);
    if (e != SALLY_E_OK)
        return e;
    if (time > (sally_msec_utc)TIME_LIMIT * 1000)
        return SALLY_E_OUT_OF_RANGE;
    out->time = time >= SALLY_SENML_ABSOLUTE ? time : 0;
    return sally_registry_admit_linked(s->registry, &out->path, &value,
                                       &out->value);
}

enum sally_err sally_senml_resolve(struct sally_senml *s,
                                   const struct sally_senml_entry *entry)
{
    struct sally_lwm2m_record made;
    enum sally_err e;

    take_bases(s, entry);
    if (entry->value.type == SALLY_TYPE_NONE)
        return saw(entry, SALLY_SENML_NAME) || saw(entry, SALLY_SENML_TIME)
                   ? SALLY_E_MALFORMED
                   : SALLY_E_OK;
    if (s->count == s->room)
        return SALLY_E_NO_ROOM;
    e = make_record(s, entry, &made);
    if (e == SALLY_E_OK)
        s->records[s->count++] = made;
    return e;
}
