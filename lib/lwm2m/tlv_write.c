/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/tlv_write.c - writing LwM2M TLV. LwM2M Core 1.1 s.7.4.3.
 *
 * A length stands before what it measures, so each level is measured first.
 * Records that belong together stand together: the caller's order is kept.  */
#include "lwm2m/tlv.h"

#include "lwm2m/tlv_head.h"

#include <math.h>
#include <string.h>

/* Consecutive records. */
struct group {
    const struct sally_lwm2m_record *records;
    size_t count;
};

/* The first of them that share their path down to `depth`. */
static struct group same_from(struct group g, uint8_t depth)
{
    struct sally_path shared = g.records[0].path;
    size_t n = 1;

    shared.depth = depth;
    while (n < g.count && sally_path_covers(&shared, &g.records[n].path))
        n++;
    return (struct group){ g.records, n };
}

static struct group rest_of(struct group g, size_t taken)
{
    return (struct group){ g.records + taken, g.count - taken };
}

static size_t integer_width(int64_t n)
{
    if (n >= INT8_MIN && n <= INT8_MAX)
        return 1;
    if (n >= INT16_MIN && n <= INT16_MAX)
        return 2;
    return n >= INT32_MIN && n <= INT32_MAX ? 4 : 8;
}

static size_t unsigned_width(uint64_t n)
{
    if (n <= UINT8_MAX)
        return 1;
    if (n <= UINT16_MAX)
        return 2;
    return n <= UINT32_MAX ? 4 : 8;
}

static size_t real_width(double n)
{
    return fabs(n) <= 3.4028234663852886e38 && (double)(float)n == n ? 4 : 8;
}

static size_t value_size(const struct sally_lwm2m_value *v)
{
    switch (v->type) {
    case SALLY_TYPE_NONE:
        break; /* refused by check() */
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME:
        return integer_width(v->is.integer);
    case SALLY_TYPE_UNSIGNED:
        return unsigned_width(v->is.unsigned_number);
    case SALLY_TYPE_FLOAT:
        return real_width(v->is.real);
    case SALLY_TYPE_BOOLEAN:
        return 1;
    case SALLY_TYPE_OBJLNK:
        return 4;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_OPAQUE:
    case SALLY_TYPE_CORELNK:
        return v->is.bytes.len;
    }
    return 0;
}

static void put_real(struct sally_writer *w, double n)
{
    float f = (float)n;
    uint32_t single;
    uint64_t bits;

    memcpy(&single, &f, sizeof(single));
    memcpy(&bits, &n, sizeof(bits));
    if (real_width(n) == sizeof(single))
        sally_put_u32(w, single);
    else
        sally_put_u64(w, bits);
}

static void put_value(struct sally_writer *w, const struct sally_lwm2m_value *v)
{
    switch (v->type) {
    case SALLY_TYPE_NONE:
        break;
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME:
        sally_put_uint(w, (uint64_t)v->is.integer, value_size(v));
        break;
    case SALLY_TYPE_UNSIGNED:
        sally_put_uint(w, v->is.unsigned_number, value_size(v));
        break;
    case SALLY_TYPE_FLOAT:
        put_real(w, v->is.real);
        break;
    case SALLY_TYPE_BOOLEAN:
        sally_put_u8(w, v->is.boolean);
        break;
    case SALLY_TYPE_OBJLNK:
        sally_put_u16(w, v->is.link.object);
        sally_put_u16(w, v->is.link.instance);
        break;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_OPAQUE:
    case SALLY_TYPE_CORELNK:
        sally_put(w, v->is.bytes);
        break;
    }
}

/* How many bytes the length field of `len` has. */
static size_t length_width(size_t len)
{
    if (len <= SALLY_TLV_SHORT_MAX)
        return 0;
    if (len <= UINT8_MAX)
        return 1;
    return len <= UINT16_MAX ? 2 : 3;
}

/* A whole TLV with `len` bytes of value. */
static size_t tlv_size(uint16_t id, size_t len)
{
    return 1 + (id > UINT8_MAX ? 2u : 1u) + length_width(len) + len;
}

static void put_head(struct sally_writer *w, enum sally_tlv_kind kind,
                     uint16_t id, size_t len)
{
    size_t width = length_width(len);
    bool wide = id > UINT8_MAX;

    if (len > SALLY_TLV_LENGTH_MAX)
        w->failed = true;
    sally_put_u8(w, (uint8_t)((unsigned)kind << 6 |
                              (wide ? SALLY_TLV_WIDE_ID : 0u) | width << 3 |
                              (width == 0 ? len : 0)));
    sally_put_uint(w, id, wide ? 2 : 1);
    sally_put_uint(w, len, width);
}

static bool is_multiple(struct group g)
{
    return g.records[0].path.depth == SALLY_DEPTH_RESOURCE_INSTANCE;
}

/* The resource instances of one resource, or one single value. */
static size_t resource_content_size(struct group g)
{
    size_t size = 0;

    for (size_t i = 0; i < g.count; i++) {
        size_t len = value_size(&g.records[i].value);

        size += is_multiple(g) ? tlv_size(g.records[i].path.id[3], len) : len;
    }
    return size;
}

/* The records of one resource. A single one is repeated if it is given more
 * than once.                                                                */
static struct group take_resource(struct group g)
{
    return is_multiple(g) ? same_from(g, SALLY_DEPTH_RESOURCE)
                          : (struct group){ g.records, 1 };
}

static size_t instance_content_size(struct group g)
{
    size_t size = 0;

    while (g.count != 0) {
        struct group one = take_resource(g);

        size += tlv_size(one.records[0].path.id[2],
                         resource_content_size(one));
        g = rest_of(g, one.count);
    }
    return size;
}

static void put_resource_instances(struct sally_writer *w, struct group g)
{
    for (size_t i = 0; i < g.count; i++) {
        const struct sally_lwm2m_record *r = &g.records[i];

        put_head(w, SALLY_TLV_RESOURCE_INSTANCE, r->path.id[3],
                 value_size(&r->value));
        put_value(w, &r->value);
    }
}

static void put_resource(struct sally_writer *w, struct group g)
{
    put_head(w,
             is_multiple(g) ? SALLY_TLV_MULTIPLE_RESOURCE : SALLY_TLV_RESOURCE,
             g.records[0].path.id[2], resource_content_size(g));
    if (is_multiple(g))
        put_resource_instances(w, g);
    else
        put_value(w, &g.records[0].value);
}

static void put_resources(struct sally_writer *w, struct group g)
{
    while (g.count != 0) {
        struct group one = take_resource(g);

        put_resource(w, one);
        g = rest_of(g, one.count);
    }
}

static void put_instances(struct sally_writer *w, struct group g)
{
    while (g.count != 0) {
        struct group one = same_from(g, SALLY_DEPTH_INSTANCE);

        put_head(w, SALLY_TLV_INSTANCE, one.records[0].path.id[1],
                 instance_content_size(one));
        put_resources(w, one);
        g = rest_of(g, one.count);
    }
}

static enum sally_err check(const struct sally_path *base,
                            const struct sally_lwm2m_record *record)
{
    if (record->path.depth < SALLY_DEPTH_RESOURCE ||
        !sally_path_covers(base, &record->path))
        return SALLY_E_NOT_ALLOWED;
    return record->value.type == SALLY_TYPE_NONE ? SALLY_E_WRONG_TYPE
                                                 : SALLY_E_OK;
}

/* A read of an object gives its instances, of an instance its resources, of a
 * resource that resource, of a resource instance that instance.             */
enum sally_err sally_tlv_encode(const struct sally_path *base,
                                const struct sally_lwm2m_record *records,
                                size_t count, struct sally_writer *w)
{
    struct group all = { records, count };

    if (base->depth == SALLY_DEPTH_ROOT)
        return SALLY_E_NOT_ALLOWED;
    for (size_t i = 0; i < count; i++) {
        enum sally_err e = check(base, &records[i]);

        if (e != SALLY_E_OK)
            return e;
    }
    if (base->depth == SALLY_DEPTH_OBJECT)
        put_instances(w, all);
    else if (base->depth == SALLY_DEPTH_RESOURCE_INSTANCE)
        put_resource_instances(w, all);
    else
        put_resources(w, all);
    return sally_writer_end(w);
}
