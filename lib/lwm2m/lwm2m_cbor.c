/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/lwm2m_cbor.c - maps whose keys are paths. LwM2M Core 1.2 s.7.4.6.
 */
#include "lwm2m/lwm2m_cbor.h"

#include "lwm2m/cbor_value.h"

#include <math.h>

#define ID_MAX 65534
#define MAPS_MAX 4 /* inside each other; a fifth could name nothing */

/* --- Writing -------------------------------------------------------------- */

static enum sally_err check_record(const struct sally_path *base,
                                   const struct sally_lwm2m_record *r)
{
    if (!sally_path_covers(base, &r->path))
        return SALLY_E_NOT_ALLOWED;
    if (r->value.type == SALLY_TYPE_NONE)
        return SALLY_E_WRONG_TYPE;
    if (r->value.type == SALLY_TYPE_FLOAT && !isfinite(r->value.is.real))
        return SALLY_E_OUT_OF_RANGE;
    return SALLY_E_OK;
}

/* The ids of `path` from `from` on: one as a number, several as an array. */
static void put_key(struct sally_writer *w, const struct sally_path *path,
                    uint8_t from)
{
    if (path->depth - from > 1)
        sally_put_cbor_array(w, (size_t)path->depth - from);
    for (uint8_t i = from; i < path->depth; i++)
        sally_put_cbor_unsigned(w, path->id[i]);
}

enum sally_err
sally_lwm2m_cbor_encode(const struct sally_path *base,
                        const struct sally_lwm2m_record *records, size_t count,
                        struct sally_writer *w)
{
    uint8_t from = base->depth;

    for (size_t i = 0; i < count; i++) {
        enum sally_err e = check_record(base, &records[i]);

        if (e != SALLY_E_OK)
            return e;
        if (records[i].path.depth == base->depth)
            from = 0; /* its key within the base would have no id */
    }
    if (from != 0 && count != 0) {
        sally_put_cbor_map(w, 1);
        put_key(w, base, 0);
    }
    sally_put_cbor_map(w, count);
    for (size_t i = 0; i < count; i++) {
        put_key(w, &records[i].path, from);
        sally_cbor_put_value(w, &records[i].value);
    }
    return sally_writer_end(w);
}

/* --- Reading -------------------------------------------------------------- */

struct reading {
    const struct sally_registry *registry;
    const struct sally_path *base;
    struct sally_lwm2m_record *records;
    size_t room, count;
    struct sally_cbor in;
};

/* What a failed or unexpected read was. */
static enum sally_err error_of(const struct reading *r)
{
    return r->in.error == SALLY_E_OK ? SALLY_E_MALFORMED : r->in.error;
}

static enum sally_err push(const struct sally_cbor_item *item,
                           struct sally_path *path)
{
    if (item->type != SALLY_CBOR_UNSIGNED ||
        path->depth == SALLY_DEPTH_RESOURCE_INSTANCE)
        return SALLY_E_MALFORMED;
    if (item->number > ID_MAX)
        return SALLY_E_OUT_OF_RANGE;
    path->id[path->depth++] = (uint16_t)item->number;
    return SALLY_E_OK;
}

/* The key that begins with `item`, behind `path`. */
static enum sally_err read_key(struct reading *r, struct sally_cbor_item *item,
                               struct sally_path *path)
{
    uint8_t outer = path->depth;

    if (item->type != SALLY_CBOR_ARRAY)
        return push(item, path);
    while (sally_cbor_next(&r->in, item)) {
        enum sally_err e;

        if (item->type == SALLY_CBOR_END)
            return path->depth > outer ? SALLY_E_OK : SALLY_E_MALFORMED;
        e = push(item, path);
        if (e != SALLY_E_OK)
            return e;
    }
    return error_of(r);
}

static enum sally_err read_value(struct reading *r,
                                 const struct sally_cbor_item *item,
                                 const struct sally_path *path)
{
    struct sally_lwm2m_record made = { .path = *path };
    enum sally_err e;

    if (!sally_path_covers(r->base, path))
        return SALLY_E_NOT_ALLOWED;
    if (r->count == r->room)
        return SALLY_E_NO_ROOM;
    e = sally_cbor_value_of(item, &made.value);
    if (e == SALLY_E_OK && made.value.type == SALLY_TYPE_NONE)
        return SALLY_E_MALFORMED;
    if (e == SALLY_E_OK)
        e = sally_registry_admit_linked(r->registry, path, &made.value,
                                        &made.value);
    if (e == SALLY_E_OK)
        r->records[r->count++] = made;
    return e;
}

/* The maps that are open, each with the path that leads to it. */
static enum sally_err read_maps(struct reading *r)
{
    struct sally_path open[MAPS_MAX] = { { .depth = 0 } };
    size_t maps = 1;
    struct sally_cbor_item item;

    while (maps != 0 && sally_cbor_next(&r->in, &item)) {
        struct sally_path path = open[maps - 1];
        enum sally_err e;

        if (item.type == SALLY_CBOR_END) {
            maps--;
            continue;
        }
        e = read_key(r, &item, &path);
        if (e != SALLY_E_OK)
            return e;
        if (!sally_cbor_next(&r->in, &item))
            return error_of(r);
        if (item.type != SALLY_CBOR_MAP)
            e = read_value(r, &item, &path);
        else if (path.depth == SALLY_DEPTH_RESOURCE_INSTANCE)
            e = SALLY_E_MALFORMED;
        else
            open[maps++] = path; /* it is deeper than the one before */
        if (e != SALLY_E_OK)
            return e;
    }
    return maps == 0 ? sally_cbor_end(&r->in) : error_of(r);
}

enum sally_err sally_lwm2m_cbor_decode(const struct sally_registry *registry,
                                       const struct sally_path *base,
                                       struct sally_span payload,
                                       struct sally_buf *scratch,
                                       struct sally_lwm2m_record *records,
                                       size_t room, size_t *count)
{
    struct reading r = { .registry = registry,
                         .base = base,
                         .records = records,
                         .room = room,
                         .in = sally_cbor_over(payload) };
    struct sally_cbor_item item;
    enum sally_err e;

    (void)scratch; /* bytes and text stand in the payload as they are */
    if (!sally_cbor_next(&r.in, &item) || item.type != SALLY_CBOR_MAP)
        return error_of(&r);
    e = read_maps(&r);
    if (e == SALLY_E_OK)
        *count = r.count;
    return e;
}
