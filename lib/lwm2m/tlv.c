/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/tlv.c - reading LwM2M TLV. LwM2M Core 1.1 s.7.4.3. */
#include "lwm2m/tlv.h"

#include "base/cursor.h"
#include "lwm2m/tlv_head.h"

#include <string.h>

struct tlv {
    enum sally_tlv_kind kind;
    uint16_t id;
    struct sally_span value;
};

/* Where the values go. */
struct reading {
    const struct sally_registry *registry;
    struct sally_lwm2m_record *records;
    size_t room, count;
};

/* One TLV off `c`; its value is checked to lie within what is there. */
static enum sally_err take_tlv(struct sally_cursor *c, struct tlv *out)
{
    uint8_t type = sally_take_u8(c);
    size_t width = type >> 3 & 3;
    uint64_t len;

    out->kind = (enum sally_tlv_kind)(type >> 6);
    out->id = (uint16_t)sally_take_uint(c, (type & SALLY_TLV_WIDE_ID) ? 2 : 1);
    len = width == 0 ? type & 7u : sally_take_uint(c, width);
    out->value = sally_take(c, (size_t)len);
    return c->failed ? SALLY_E_TRUNCATED : SALLY_E_OK;
}

static bool is_width(size_t n)
{
    return n == 1 || n == 2 || n == 4 || n == 8;
}

/* Two's complement of 1, 2, 4 or 8 bytes. */
static int64_t signed_from(struct sally_span s)
{
    struct sally_cursor c = sally_cursor_over(s);
    uint64_t n = sally_take_uint(&c, s.len);
    uint64_t sign = UINT64_C(1) << (8 * s.len - 1);

    return (n & sign) == 0 ? (int64_t)n : -(int64_t)(~n & (sign - 1)) - 1;
}

static enum sally_err real_from(struct sally_span s, double *out)
{
    struct sally_cursor c = sally_cursor_over(s);
    uint64_t bits = sally_take_uint(&c, s.len);
    uint32_t single = (uint32_t)bits;
    float f;

    if (s.len == sizeof(double)) {
        memcpy(out, &bits, sizeof(*out));
        return SALLY_E_OK;
    }
    if (s.len != sizeof(float))
        return SALLY_E_MALFORMED;
    memcpy(&f, &single, sizeof(f));
    *out = (double)f;
    return SALLY_E_OK;
}

static enum sally_err integer_from(struct sally_span s,
                                   struct sally_lwm2m_value *v)
{
    struct sally_cursor c = sally_cursor_over(s);

    if (!is_width(s.len))
        return SALLY_E_MALFORMED;
    if (v->type == SALLY_TYPE_UNSIGNED)
        v->is.unsigned_number = sally_take_uint(&c, s.len);
    else
        v->is.integer = signed_from(s);
    return SALLY_E_OK;
}

static enum sally_err boolean_from(struct sally_span s, bool *out)
{
    if (s.len != 1 || s.at[0] > 1)
        return SALLY_E_MALFORMED;
    *out = s.at[0] == 1;
    return SALLY_E_OK;
}

static enum sally_err link_from(struct sally_span s,
                                struct sally_lwm2m_value *v)
{
    struct sally_cursor c = sally_cursor_over(s);

    v->is.link.object = sally_take_u16(&c);
    v->is.link.instance = sally_take_u16(&c);
    return sally_cursor_done(&c) ? SALLY_E_OK : SALLY_E_MALFORMED;
}

/* The bytes of a value of type `v->type`. LwM2M Core 1.1 app. C. */
static enum sally_err value_from(struct sally_span s,
                                 struct sally_lwm2m_value *v)
{
    switch (v->type) {
    case SALLY_TYPE_NONE:
        break;
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_UNSIGNED:
    case SALLY_TYPE_TIME:
        return integer_from(s, v);
    case SALLY_TYPE_FLOAT:
        return real_from(s, &v->is.real);
    case SALLY_TYPE_BOOLEAN:
        return boolean_from(s, &v->is.boolean);
    case SALLY_TYPE_OBJLNK:
        return link_from(s, v);
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_OPAQUE:
    case SALLY_TYPE_CORELNK:
        v->is.bytes = s;
        return SALLY_E_OK;
    }
    return SALLY_E_WRONG_TYPE;
}

/* `outer` and one id more. */
static enum sally_err step_into(const struct sally_path *outer, uint16_t id,
                                struct sally_path *out)
{
    if (id == SALLY_TLV_NO_ID)
        return SALLY_E_OUT_OF_RANGE;
    *out = *outer;
    out->id[out->depth++] = id;
    return SALLY_E_OK;
}

static enum sally_err read_value(struct reading *r,
                                 const struct sally_path *path,
                                 struct sally_span bytes)
{
    const struct sally_resource_definition *d =
        sally_registry_definition(r->registry, path);
    struct sally_lwm2m_record made = { .path = *path };
    enum sally_err e;

    if (d == NULL)
        return SALLY_E_NOT_FOUND;
    if (r->count == r->room)
        return SALLY_E_NO_ROOM;
    made.value.type = d->type;
    e = value_from(bytes, &made.value);
    if (e == SALLY_E_OK)
        e = sally_registry_admit(r->registry, path, &made.value, &made.value);
    if (e == SALLY_E_OK)
        r->records[r->count++] = made;
    return e;
}

/* Resource instances, one after the other, of the resource `path`. */
static enum sally_err read_resource_instances(struct reading *r,
                                              const struct sally_path *path,
                                              struct sally_span bytes)
{
    struct sally_cursor c = sally_cursor_over(bytes);

    while (c.rest.len != 0) {
        struct sally_path inner;
        struct tlv t;
        enum sally_err e = take_tlv(&c, &t);

        if (e == SALLY_E_OK && t.kind != SALLY_TLV_RESOURCE_INSTANCE)
            e = SALLY_E_MALFORMED;
        if (e == SALLY_E_OK)
            e = step_into(path, t.id, &inner);
        if (e == SALLY_E_OK)
            e = read_value(r, &inner, t.value);
        if (e != SALLY_E_OK)
            return e;
    }
    return SALLY_E_OK;
}

/* A resource, single or multiple, of the object instance `path`. */
static enum sally_err read_resource(struct reading *r,
                                    const struct sally_path *path,
                                    const struct tlv *t)
{
    struct sally_path inner;
    enum sally_err e = step_into(path, t->id, &inner);

    if (e != SALLY_E_OK)
        return e;
    if (t->kind == SALLY_TLV_RESOURCE)
        return read_value(r, &inner, t->value);
    if (t->kind == SALLY_TLV_MULTIPLE_RESOURCE)
        return read_resource_instances(r, &inner, t->value);
    return SALLY_E_MALFORMED;
}

static enum sally_err read_instance(struct reading *r,
                                    const struct sally_path *object,
                                    const struct tlv *t)
{
    struct sally_cursor c = sally_cursor_over(t->value);
    struct sally_path inner;
    enum sally_err e = step_into(object, t->id, &inner);

    while (e == SALLY_E_OK && c.rest.len != 0) {
        struct tlv resource;

        e = take_tlv(&c, &resource);
        if (e == SALLY_E_OK)
            e = read_resource(r, &inner, &resource);
    }
    return e;
}

static struct sally_path cut(const struct sally_path *path, uint8_t depth)
{
    struct sally_path shorter = *path;

    while (shorter.depth > depth)
        shorter.id[--shorter.depth] = 0;
    return shorter;
}

/* Resources right under an object: of its only instance, which is 0. */
static enum sally_err read_lone_resource(struct reading *r,
                                         const struct sally_path *object,
                                         const struct tlv *t)
{
    const struct sally_object_definition *d =
        sally_registry_object(r->registry, object->id[0]);
    struct sally_path instance = sally_path_instance(object->id[0], 0);

    if (d == NULL)
        return SALLY_E_NOT_FOUND;
    return d->multiple ? SALLY_E_MALFORMED : read_resource(r, &instance, t);
}

/* One outermost TLV. What may stand there is what `base` names, wrapped or
 * not: /3/0/6 takes a multiple resource 6 or instances of it.               */
static enum sally_err read_outermost(struct reading *r,
                                     const struct sally_path *base,
                                     const struct tlv *t)
{
    struct sally_path outer;

    switch (t->kind) {
    case SALLY_TLV_INSTANCE:
        outer = cut(base, SALLY_DEPTH_OBJECT);
        return read_instance(r, &outer, t);
    case SALLY_TLV_RESOURCE:
    case SALLY_TLV_MULTIPLE_RESOURCE:
        if (base->depth == SALLY_DEPTH_OBJECT)
            return read_lone_resource(r, base, t);
        outer = cut(base, SALLY_DEPTH_INSTANCE);
        return read_resource(r, &outer, t);
    case SALLY_TLV_RESOURCE_INSTANCE:
        break;
    }
    if (base->depth < SALLY_DEPTH_RESOURCE)
        return SALLY_E_MALFORMED;
    outer = cut(base, SALLY_DEPTH_RESOURCE);
    if (step_into(&outer, t->id, &outer) != SALLY_E_OK)
        return SALLY_E_OUT_OF_RANGE;
    return read_value(r, &outer, t->value);
}

static bool all_within(const struct reading *r, const struct sally_path *base)
{
    for (size_t i = 0; i < r->count; i++)
        if (!sally_path_covers(base, &r->records[i].path))
            return false;
    return true;
}

enum sally_err sally_tlv_decode(const struct sally_registry *registry,
                                const struct sally_path *base,
                                struct sally_span payload,
                                struct sally_buf *scratch,
                                struct sally_lwm2m_record *records,
                                size_t room, size_t *count)
{
    struct reading r = { registry, records, room, 0 };
    struct sally_cursor c = sally_cursor_over(payload);

    (void)scratch; /* bytes stand in the payload as they are */
    if (base->depth == SALLY_DEPTH_ROOT)
        return SALLY_E_NOT_ALLOWED;
    while (c.rest.len != 0) {
        struct tlv t;
        enum sally_err e = take_tlv(&c, &t);

        if (e == SALLY_E_OK)
            e = read_outermost(&r, base, &t);
        if (e != SALLY_E_OK)
            return e;
    }
    if (!all_within(&r, base))
        return SALLY_E_NOT_ALLOWED;
    *count = r.count;
    return SALLY_E_OK;
}
