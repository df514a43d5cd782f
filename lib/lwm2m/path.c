/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/path.c - paths to and from text, and how they are ordered. */
#include "lwm2m/path.h"

#include "base/text.h"

#define ID_MAX 65534u

enum sally_err sally_path_push(struct sally_path *p, struct sally_span segment)
{
    uint64_t id = 0;
    enum sally_err e;

    if (p->depth >= SALLY_LEN(p->id))
        return SALLY_E_BAD_STATE;
    if (segment.len > 1 && segment.at[0] == '0')
        return SALLY_E_MALFORMED;
    e = sally_text_uint(segment, &id);
    if (e != SALLY_E_OK)
        return e;
    if (id > ID_MAX)
        return SALLY_E_OUT_OF_RANGE;
    p->id[p->depth++] = (uint16_t)id;
    return SALLY_E_OK;
}

enum sally_err sally_path_parse(struct sally_span text, struct sally_path *out)
{
    struct sally_path p = { .depth = SALLY_DEPTH_ROOT };
    struct sally_cursor c = sally_cursor_over(text);

    if (sally_take_u8(&c) != '/')
        return SALLY_E_MALFORMED;
    if (text.at[text.len - 1] == '/' && text.len > 1)
        return SALLY_E_MALFORMED;
    while (c.rest.len != 0) {
        enum sally_err e = sally_path_push(&p, sally_take_until(&c, '/'));

        if (e == SALLY_E_BAD_STATE)
            return SALLY_E_MALFORMED;
        if (e != SALLY_E_OK)
            return e;
    }
    *out = p;
    return SALLY_E_OK;
}

void sally_path_put(struct sally_writer *w, const struct sally_path *p)
{
    if (p->depth == SALLY_DEPTH_ROOT)
        sally_put_u8(w, '/');
    for (size_t i = 0; i < p->depth; i++) {
        sally_put_u8(w, '/');
        sally_put_decimal(w, p->id[i]);
    }
}

const char *sally_path_text(const struct sally_path *p,
                            char out[SALLY_PATH_TEXT])
{
    struct sally_buf buf = { (uint8_t *)out, 0, SALLY_PATH_TEXT - 1 };
    struct sally_writer w = sally_writer_into(&buf);

    sally_path_put(&w, p);
    out[buf.len] = '\0';
    return out;
}

struct sally_path sally_path_object(uint16_t object)
{
    return (struct sally_path){ SALLY_DEPTH_OBJECT, { object, 0, 0, 0 } };
}

struct sally_path sally_path_instance(uint16_t object, uint16_t instance)
{
    return (struct sally_path){ SALLY_DEPTH_INSTANCE,
                                { object, instance, 0, 0 } };
}

struct sally_path sally_path_resource(uint16_t object, uint16_t instance,
                                      uint16_t resource)
{
    return (struct sally_path){ SALLY_DEPTH_RESOURCE,
                                { object, instance, resource, 0 } };
}

/* Orders by the first `depth` ids only. */
static int order_ids(const struct sally_path *a, const struct sally_path *b,
                     size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        if (a->id[i] != b->id[i])
            return a->id[i] < b->id[i] ? -1 : 1;
    return 0;
}

int sally_path_order(const struct sally_path *a, const struct sally_path *b)
{
    int order = order_ids(a, b, a->depth < b->depth ? a->depth : b->depth);

    if (order != 0)
        return order;
    return (a->depth > b->depth) - (a->depth < b->depth);
}

bool sally_path_equal(const struct sally_path *a, const struct sally_path *b)
{
    return sally_path_order(a, b) == 0;
}

bool sally_path_covers(const struct sally_path *outer,
                       const struct sally_path *inner)
{
    return outer->depth <= inner->depth &&
           order_ids(outer, inner, outer->depth) == 0;
}

void sally_path_save(struct sally_writer *w, const struct sally_path *p)
{
    sally_put_u8(w, p->depth);
    for (uint8_t i = 0; i < p->depth; i++)
        sally_put_u16(w, p->id[i]);
}

struct sally_path sally_path_restore(struct sally_cursor *at)
{
    struct sally_path p = { .depth = sally_take_u8(at) };

    if (p.depth > SALLY_LEN(p.id)) {
        at->failed = true;
        p.depth = 0;
    }
    for (uint8_t i = 0; i < p.depth; i++)
        p.id[i] = sally_take_u16(at);
    return p;
}
