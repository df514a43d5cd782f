/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/senml_json.c - SenML records as JSON objects. RFC 8428 s.5. */
#include "lwm2m/senml_json.h"

#include "codec/base64.h"
#include "codec/json.h"
#include "lwm2m/senml.h"

#define PAYLOAD_MAX 65536 /* bytes; the parser allocates in proportion */

/* Milliseconds as seconds, by digits: a double would round some of them. */
static void put_seconds(struct sally_writer *w, sally_msec_utc msec)
{
    uint64_t size = msec < 0 ? (uint64_t)-msec : (uint64_t)msec;
    unsigned fraction = (unsigned)(size % 1000);
    int digits = 3;

    if (msec < 0)
        sally_put_u8(w, '-');
    sally_put_decimal(w, size / 1000);
    if (fraction == 0)
        return;
    for (; fraction % 10 == 0; fraction /= 10)
        digits--;
    sally_put_format(w, ".%0*u", digits, fraction);
}

static void put_opaque(struct sally_writer *w, struct sally_span bytes)
{
    sally_put_text(w, "\"vd\":\"");
    sally_put_base64url(w, bytes);
    sally_put_u8(w, '"');
}

static void put_link(struct sally_writer *w, const struct sally_lwm2m_value *v)
{
    sally_put_format(w, "\"vlo\":\"%u:%u\"", (unsigned)v->is.link.object,
                     (unsigned)v->is.link.instance);
}

static void put_value(struct sally_writer *w, const struct sally_lwm2m_value *v)
{
    switch (v->type) {
    case SALLY_TYPE_NONE:
        break; /* refused by sally_senml_make_plan() */
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_CORELNK:
        sally_put_text(w, "\"vs\":");
        sally_put_json_string(w, v->is.bytes);
        break;
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME:
        sally_put_text(w, "\"v\":");
        sally_put_integer(w, v->is.integer);
        break;
    case SALLY_TYPE_UNSIGNED:
        sally_put_text(w, "\"v\":");
        sally_put_decimal(w, v->is.unsigned_number);
        break;
    case SALLY_TYPE_FLOAT:
        sally_put_text(w, "\"v\":");
        sally_put_json_real(w, v->is.real);
        break;
    case SALLY_TYPE_BOOLEAN:
        sally_put_text(w, v->is.boolean ? "\"vb\":true" : "\"vb\":false");
        break;
    case SALLY_TYPE_OPAQUE:
        put_opaque(w, v->is.bytes);
        break;
    case SALLY_TYPE_OBJLNK:
        put_link(w, v);
        break;
    }
}

/* The base fields, which stand in the first record only. */
static void put_bases(struct sally_writer *w,
                      const struct sally_senml_plan *plan,
                      const struct sally_lwm2m_record *records, size_t count)
{
    sally_msec_utc base_time = sally_senml_base_time(plan, records, count);

    sally_put_text(w, "\"bn\":\"");
    sally_senml_put_base_name(plan, w);
    sally_put_text(w, "\",");
    if (base_time == 0)
        return;
    sally_put_text(w, "\"bt\":");
    put_seconds(w, base_time);
    sally_put_u8(w, ',');
}

static void put_record(struct sally_writer *w,
                       const struct sally_senml_plan *plan,
                       const struct sally_lwm2m_record *records, size_t i)
{
    sally_msec_utc time = sally_senml_time(plan, records, i);

    if (records[i].path.depth > plan->base->depth) {
        sally_put_text(w, "\"n\":\"");
        sally_senml_put_name(plan, &records[i], w);
        sally_put_text(w, "\",");
    }
    if (time != 0) {
        sally_put_text(w, "\"t\":");
        put_seconds(w, time);
        sally_put_u8(w, ',');
    }
    put_value(w, &records[i].value);
}

enum sally_err sally_senml_json_encode(const struct sally_path *base,
                                       const struct sally_lwm2m_record *records,
                                       size_t count, struct sally_writer *w)
{
    struct sally_senml_plan plan;
    enum sally_err e = sally_senml_make_plan(base, records, count, &plan);

    if (e != SALLY_E_OK)
        return e;
    sally_put_u8(w, '[');
    for (size_t i = 0; i < count; i++) {
        sally_put_text(w, i == 0 ? "{" : ",{");
        if (i == 0)
            put_bases(w, &plan, records, count);
        put_record(w, &plan, records, i);
        sally_put_u8(w, '}');
    }
    sally_put_u8(w, ']');
    return sally_writer_end(w);
}

/* A copy of the text that outlives the tree. */
static enum sally_err keep_text(struct sally_span text,
                                struct sally_buf *scratch,
                                struct sally_lwm2m_value *out)
{
    struct sally_writer w = sally_writer_into(scratch);
    size_t from = scratch->len;

    sally_put(&w, text);
    *out = sally_value_text(
        sally_span_sub(sally_buf_span(scratch), from, text.len));
    return sally_writer_end(&w);
}

static enum sally_err keep_data(struct sally_span text,
                                struct sally_buf *scratch,
                                struct sally_lwm2m_value *out)
{
    size_t from = scratch->len;
    enum sally_err e = sally_base64url_decode(text, scratch);

    *out = sally_value_opaque(
        sally_span_sub(sally_buf_span(scratch), from, scratch->len));
    return e;
}

static enum sally_err string_value(enum sally_senml_field field,
                                   struct sally_span text,
                                   struct sally_buf *scratch,
                                   struct sally_lwm2m_value *out)
{
    if (field == SALLY_SENML_DATA)
        return keep_data(text, scratch, out);
    if (field == SALLY_SENML_STRING)
        return keep_text(text, scratch, out);
    *out = sally_value_text(text); /* used before the tree goes */
    return SALLY_E_OK;
}

/* A JSON value as sally_senml_note() takes it; NONE for what no field is. */
static enum sally_err value_of(struct sally_json j,
                               enum sally_senml_field field,
                               struct sally_buf *scratch,
                               struct sally_lwm2m_value *out)
{
    struct sally_lwm2m_value v = { .type = SALLY_TYPE_NONE };
    struct sally_span text;

    if (sally_json_string(j, &text))
        return string_value(field, text, scratch, out);
    if (sally_json_boolean(j, &v.is.boolean))
        v.type = SALLY_TYPE_BOOLEAN;
    else if (sally_json_integer(j, &v.is.integer))
        v.type = SALLY_TYPE_INTEGER;
    else if (sally_json_unsigned(j, &v.is.unsigned_number))
        v.type = SALLY_TYPE_UNSIGNED;
    else if (sally_json_real(j, &v.is.real))
        v.type = SALLY_TYPE_FLOAT;
    *out = v;
    return SALLY_E_OK;
}

enum sally_err sally_senml_json_entry(struct sally_json object,
                                      struct sally_buf *scratch,
                                      struct sally_senml_entry *entry)
{
    struct sally_json_walk walk = sally_json_members(object);
    struct sally_span name;
    struct sally_json j;

    *entry = (struct sally_senml_entry){ .seen = 0 };
    if (sally_json_type_of(object) != SALLY_JSON_OBJECT)
        return SALLY_E_MALFORMED;
    while (sally_json_next(&walk, &name, &j)) {
        enum sally_senml_field field = sally_senml_field_named(name);
        struct sally_lwm2m_value v;
        enum sally_err e;

        if (field == SALLY_SENML_IGNORED)
            continue;
        e = value_of(j, field, scratch, &v);
        if (e == SALLY_E_OK)
            e = sally_senml_note(entry, field, &v);
        if (e != SALLY_E_OK)
            return e;
    }
    return SALLY_E_OK;
}

static enum sally_err read_pack(struct sally_json pack,
                                struct sally_buf *scratch,
                                struct sally_senml *s)
{
    struct sally_json item;

    if (sally_json_type_of(pack) != SALLY_JSON_ARRAY)
        return SALLY_E_MALFORMED;
    for (size_t i = 0; sally_json_item(pack, i, &item); i++) {
        struct sally_senml_entry entry;
        enum sally_err e = sally_senml_json_entry(item, scratch, &entry);

        if (e == SALLY_E_OK)
            e = sally_senml_resolve(s, &entry);
        if (e != SALLY_E_OK)
            return e;
    }
    return SALLY_E_OK;
}

enum sally_err sally_senml_json_decode(const struct sally_registry *registry,
                                       const struct sally_path *base,
                                       struct sally_span payload,
                                       struct sally_buf *scratch,
                                       struct sally_lwm2m_record *records,
                                       size_t room, size_t *count)
{
    struct sally_senml s = { .registry = registry,
                             .base = base,
                             .records = records,
                             .room = room };
    struct sally_json pack;
    enum sally_err e = sally_json_parse(payload, PAYLOAD_MAX, &pack);

    if (e != SALLY_E_OK)
        return e;
    e = read_pack(pack, scratch, &s);
    sally_json_wipe(&pack);
    if (e == SALLY_E_OK)
        *count = s.count;
    return e;
}
