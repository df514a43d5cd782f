/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/senml_cbor.c - SenML records as CBOR maps. RFC 8428 s.6. */
#include "lwm2m/senml_cbor.h"

#include "lwm2m/cbor_value.h"
#include "lwm2m/senml.h"

/* RFC 8428 s.6, table 4. */
enum { LABEL_BASE_NAME = -2, LABEL_BASE_TIME = -3, LABEL_NAME = 0,
       LABEL_VALUE = 2, LABEL_STRING = 3, LABEL_BOOLEAN = 4, LABEL_TIME = 6,
       LABEL_DATA = 8 };

/* Whole seconds as a whole number, others as the nearest double, which is
 * close enough to give the same millisecond back.                           */
static void put_seconds(struct sally_writer *w, sally_msec_utc msec)
{
    if (msec % 1000 == 0)
        sally_put_cbor_integer(w, msec / 1000);
    else
        sally_put_cbor_real(w, (double)msec / 1000);
}

/* The field that carries a value: its label, and then the value. */
static void put_value(struct sally_writer *w, const struct sally_lwm2m_value *v)
{
    switch (v->type) {
    case SALLY_TYPE_NONE:
        break; /* refused by sally_senml_make_plan() */
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_CORELNK:
        sally_put_cbor_integer(w, LABEL_STRING);
        break;
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME:
    case SALLY_TYPE_UNSIGNED:
    case SALLY_TYPE_FLOAT:
        sally_put_cbor_integer(w, LABEL_VALUE);
        break;
    case SALLY_TYPE_BOOLEAN:
        sally_put_cbor_integer(w, LABEL_BOOLEAN);
        break;
    case SALLY_TYPE_OPAQUE:
        sally_put_cbor_integer(w, LABEL_DATA);
        break;
    case SALLY_TYPE_OBJLNK:
        sally_put_cbor_text(w, sally_span_of("vlo"));
        break;
    }
    sally_cbor_put_value(w, v);
}

static void put_base_name(struct sally_writer *w,
                          const struct sally_senml_plan *plan)
{
    uint8_t room[SALLY_SENML_NAME_MAX];
    struct sally_buf text = SALLY_BUF(room);
    struct sally_writer t = sally_writer_into(&text);

    sally_senml_put_base_name(plan, &t);
    sally_put_cbor_integer(w, LABEL_BASE_NAME);
    sally_put_cbor_text(w, sally_buf_span(&text));
}

static void put_name(struct sally_writer *w,
                     const struct sally_senml_plan *plan,
                     const struct sally_lwm2m_record *record)
{
    uint8_t room[SALLY_SENML_NAME_MAX];
    struct sally_buf text = SALLY_BUF(room);
    struct sally_writer t = sally_writer_into(&text);

    sally_senml_put_name(plan, record, &t);
    sally_put_cbor_integer(w, LABEL_NAME);
    sally_put_cbor_text(w, sally_buf_span(&text));
}

static void put_time(struct sally_writer *w, int label, sally_msec_utc msec)
{
    if (msec == 0)
        return;
    sally_put_cbor_integer(w, label);
    put_seconds(w, msec);
}

static void put_record(struct sally_writer *w,
                       const struct sally_senml_plan *plan,
                       const struct sally_lwm2m_record *records, size_t count,
                       size_t i)
{
    bool named = records[i].path.depth > plan->base->depth;
    sally_msec_utc time = sally_senml_time(plan, records, i);
    sally_msec_utc base_time =
        i == 0 ? sally_senml_base_time(plan, records, count) : 0;

    sally_put_cbor_map(w, (size_t)1 + (i == 0) + (base_time != 0) + named +
                              (time != 0));
    if (i == 0)
        put_base_name(w, plan);
    put_time(w, LABEL_BASE_TIME, base_time);
    if (named)
        put_name(w, plan, &records[i]);
    put_time(w, LABEL_TIME, time);
    put_value(w, &records[i].value);
}

enum sally_err sally_senml_cbor_encode(const struct sally_path *base,
                                       const struct sally_lwm2m_record *records,
                                       size_t count, struct sally_writer *w)
{
    struct sally_senml_plan plan;
    enum sally_err e = sally_senml_make_plan(base, records, count, &plan);

    if (e != SALLY_E_OK)
        return e;
    sally_put_cbor_array(w, count);
    for (size_t i = 0; i < count; i++)
        put_record(w, &plan, records, count, i);
    return sally_writer_end(w);
}

/* The key of a pair; false if it is neither a number nor a text. */
static bool field_of(const struct sally_cbor_item *key,
                     enum sally_senml_field *out)
{
    *out = SALLY_SENML_IGNORED;
    if (key->type == SALLY_CBOR_TEXT)
        *out = sally_senml_field_named(key->bytes);
    else if (key->type == SALLY_CBOR_UNSIGNED && key->number <= INT32_MAX)
        *out = sally_senml_field_labelled((int64_t)key->number);
    else if (key->type == SALLY_CBOR_NEGATIVE && key->number <= INT32_MAX)
        *out = sally_senml_field_labelled(-1 - (int64_t)key->number);
    return key->type == SALLY_CBOR_TEXT || key->type == SALLY_CBOR_UNSIGNED ||
           key->type == SALLY_CBOR_NEGATIVE;
}

/* What a failed or unexpected read was. */
static enum sally_err error_of(const struct sally_cbor *c)
{
    return c->error == SALLY_E_OK ? SALLY_E_MALFORMED : c->error;
}

static enum sally_err read_pair(struct sally_cbor *c,
                                const struct sally_cbor_item *key,
                                struct sally_senml_entry *entry)
{
    enum sally_senml_field field;
    struct sally_lwm2m_value v;
    struct sally_cbor_item item;
    enum sally_err e;

    if (!field_of(key, &field))
        return SALLY_E_MALFORMED;
    if (!sally_cbor_next(c, &item) || !sally_cbor_skip(c, &item))
        return error_of(c);
    if (field == SALLY_SENML_IGNORED)
        return SALLY_E_OK;
    e = sally_cbor_value_of(&item, &v);
    return e == SALLY_E_OK ? sally_senml_note(entry, field, &v) : e;
}

enum sally_err sally_senml_cbor_entry(struct sally_cbor *c,
                                      struct sally_senml_entry *entry)
{
    struct sally_cbor_item key;

    *entry = (struct sally_senml_entry){ .seen = 0 };
    while (sally_cbor_next(c, &key)) {
        enum sally_err e;

        if (key.type == SALLY_CBOR_END)
            return SALLY_E_OK;
        e = read_pair(c, &key, entry);
        if (e != SALLY_E_OK)
            return e;
    }
    return error_of(c);
}

static enum sally_err read_pack(struct sally_cbor *c, struct sally_senml *s)
{
    struct sally_cbor_item item;

    if (!sally_cbor_next(c, &item) || item.type != SALLY_CBOR_ARRAY)
        return error_of(c);
    while (sally_cbor_next(c, &item)) {
        struct sally_senml_entry entry;
        enum sally_err e;

        if (item.type == SALLY_CBOR_END)
            return sally_cbor_end(c);
        if (item.type != SALLY_CBOR_MAP)
            return SALLY_E_MALFORMED;
        e = sally_senml_cbor_entry(c, &entry);
        if (e == SALLY_E_OK)
            e = sally_senml_resolve(s, &entry);
        if (e != SALLY_E_OK)
            return e;
    }
    return error_of(c);
}

enum sally_err sally_senml_cbor_decode(const struct sally_registry *registry,
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
    struct sally_cbor c = sally_cbor_over(payload);
    enum sally_err e = read_pack(&c, &s);

    (void)scratch; /* bytes and text stand in the payload as they are */
    if (e == SALLY_E_OK)
        *count = s.count;
    return e;
}
