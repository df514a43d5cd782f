/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/body.c - messages and commands as they lie in the database.
 *
 * A value is depth, ids, type, content; numbers are in network byte order, so
 * that ids as bytes sort like paths. What comes back is checked like any
 * received bytes: a disk can lie.                                           */
#include "store/inside.h"

#include <string.h>

#define ID_MAX 65534

/* How many bytes of content a type has; text says its own length. */
#define AS_TEXT SIZE_MAX
static size_t content_size(uint8_t type)
{
    switch (type) {
    case SALLY_TYPE_NONE:
        return 0;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_OPAQUE:
    case SALLY_TYPE_CORELNK:
        return AS_TEXT;
    case SALLY_TYPE_OBJLNK:
        return 4;
    default:
        return 8;
    }
}

/* --- Writing ------------------------------------------------------------- */

static uint64_t number_of(const struct sally_bus_value *v)
{
    uint64_t bits;

    if (v->type == SALLY_TYPE_OBJLNK)
        return (uint64_t)v->is.link[0] << 16 | v->is.link[1];
    memcpy(&bits, &v->is, sizeof(bits)); /* of an integer or of a double */
    return bits;
}

enum sally_err sally_body_put(struct sally_writer *w,
                              const struct sally_bus_value *v,
                              const uint8_t *bytes)
{
    size_t size = content_size(v->type);

    sally_put_u8(w, v->depth);
    for (size_t i = 0; i < v->depth && i < SALLY_LEN(v->id); i++)
        sally_put_u16(w, v->id[i]);
    sally_put_u8(w, v->type);
    if (size == AS_TEXT) {
        sally_put_u16(w, v->len);
        sally_put(w, (struct sally_span){ &bytes[v->offset], v->len });
    } else {
        sally_put_uint(w, size != 0 ? number_of(v) : 0, size);
    }
    return sally_writer_end(w);
}

enum sally_err sally_body_from_readings(const struct sally_bus_readings *r,
                                        struct sally_store_item *out)
{
    struct sally_buf body = SALLY_BUF(out->body);
    struct sally_writer w = sally_writer_into(&body);
    enum sally_err e = SALLY_E_OK;

    sally_put_u8(&w, (uint8_t)r->count);
    for (size_t i = 0; i < r->count && e == SALLY_E_OK; i++)
        e = sally_body_put(&w, &r->value[i], r->bytes);
    out->len = (uint16_t)body.len;
    return e;
}

enum sally_err sally_body_from_command(const struct sally_bus_command *c,
                                       struct sally_store_item *out)
{
    struct sally_buf body = SALLY_BUF(out->body);
    struct sally_writer w = sally_writer_into(&body);
    enum sally_err e;

    sally_put_u32(&w, c->timeout_ms);
    sally_put_u16(&w, c->down);
    sally_put_u8(&w, c->execute);
    e = sally_body_put(&w, &c->value, c->bytes);
    out->len = (uint16_t)body.len;
    return e;
}

/* --- Reading ------------------------------------------------------------- */

enum sally_err sally_body_take(struct sally_cursor *c, struct sally_span *path,
                               struct sally_span *value)
{
    struct sally_span all;
    size_t size, head = 1; /* the type */
    uint8_t depth = sally_take_u8(c), type;

    if (depth > 4)
        return SALLY_E_MALFORMED;
    *path = sally_take(c, (size_t)depth * 2);
    all = c->rest;
    type = sally_take_u8(c);
    size = content_size(type);
    if (size == AS_TEXT) {
        size = sally_take_u16(c);
        head += 2;
    }
    sally_take(c, size);
    if (c->failed || type > SALLY_TYPE_CORELNK)
        return SALLY_E_MALFORMED;
    *value = sally_span_sub(all, 0, head + size);
    return SALLY_E_OK;
}

static enum sally_err take_path(struct sally_span path,
                                struct sally_bus_value *out)
{
    struct sally_cursor c = sally_cursor_over(path);

    if (path.len % 2 != 0 || path.len > 2 * SALLY_LEN(out->id))
        return SALLY_E_MALFORMED;
    out->depth = (uint8_t)(path.len / 2);
    for (size_t i = 0; i < out->depth; i++) {
        out->id[i] = sally_take_u16(&c);
        if (out->id[i] > ID_MAX)
            return SALLY_E_MALFORMED;
    }
    return SALLY_E_OK;
}

static enum sally_err take_text(struct sally_cursor *c,
                                struct sally_bus_value *out, uint8_t *bytes,
                                uint16_t *used)
{
    uint16_t len = sally_take_u16(c);
    struct sally_span text = sally_take(c, len);

    if (c->failed)
        return SALLY_E_MALFORMED;
    if (len > SALLY_BUS_BYTES - *used)
        return SALLY_E_NO_ROOM;
    if (len != 0)
        memcpy(&bytes[*used], text.at, len);
    out->offset = *used;
    out->len = len;
    *used = (uint16_t)(*used + len);
    return SALLY_E_OK;
}

static void take_number(struct sally_cursor *c, struct sally_bus_value *out,
                        size_t size)
{
    uint64_t bits = sally_take_uint(c, size);

    if (out->type == SALLY_TYPE_OBJLNK) {
        out->is.link[0] = (uint16_t)(bits >> 16);
        out->is.link[1] = (uint16_t)bits;
    } else {
        memcpy(&out->is, &bits, sizeof(bits));
    }
}

bool sally_body_alike(struct sally_span a, struct sally_span b)
{
    struct sally_cursor x = sally_cursor_over(a), y = sally_cursor_over(b);
    unsigned count = sally_take_u8(&x);

    if (sally_take_u8(&y) != count)
        return false;
    for (unsigned i = 0; i < count; i++) {
        struct sally_span path_x, path_y, value;

        if (sally_body_take(&x, &path_x, &value) != SALLY_E_OK ||
            sally_body_take(&y, &path_y, &value) != SALLY_E_OK ||
            !sally_span_equal(path_x, path_y))
            return false;
    }
    return true;
}

enum sally_err sally_body_value(struct sally_span path, struct sally_span value,
                                struct sally_bus_value *out, uint8_t *bytes,
                                uint16_t *used)
{
    struct sally_cursor c = sally_cursor_over(value);
    size_t size;
    enum sally_err e;

    memset(out, 0, sizeof(*out));
    e = take_path(path, out);
    if (e != SALLY_E_OK)
        return e;
    out->type = sally_take_u8(&c);
    if (out->type > SALLY_TYPE_CORELNK)
        return SALLY_E_MALFORMED;
    size = content_size(out->type);
    if (size == AS_TEXT)
        return take_text(&c, out, bytes, used);
    take_number(&c, out, size);
    if (out->type == SALLY_TYPE_BOOLEAN && out->is.unsigned_number > 1)
        return SALLY_E_MALFORMED;
    return c.failed ? SALLY_E_MALFORMED : SALLY_E_OK;
}

static enum sally_err take_value(struct sally_cursor *c,
                                 struct sally_bus_value *out, uint8_t *bytes,
                                 uint16_t *used)
{
    struct sally_span path, value;
    enum sally_err e = sally_body_take(c, &path, &value);

    return e == SALLY_E_OK ? sally_body_value(path, value, out, bytes, used)
                           : e;
}

enum sally_err sally_body_to_readings(struct sally_span body,
                                      struct sally_bus_readings *out)
{
    struct sally_cursor c = sally_cursor_over(body);
    uint8_t count = sally_take_u8(&c);

    memset(out, 0, offsetof(struct sally_bus_readings, bytes));
    if (count > SALLY_BUS_VALUES)
        return SALLY_E_MALFORMED;
    for (; out->count < count; out->count++) {
        enum sally_err e = take_value(&c, &out->value[out->count], out->bytes,
                                      &out->used);

        if (e != SALLY_E_OK)
            return e;
    }
    return sally_cursor_done(&c) ? SALLY_E_OK : SALLY_E_MALFORMED;
}

enum sally_err sally_body_to_command(struct sally_span body,
                                     struct sally_bus_command *out)
{
    struct sally_cursor c = sally_cursor_over(body);
    enum sally_err e;

    memset(out, 0, sizeof(*out));
    out->timeout_ms = sally_take_u32(&c);
    out->down = sally_take_u16(&c);
    out->execute = sally_take_u8(&c) != 0;
    e = take_value(&c, &out->value, out->bytes, &out->used);
    if (e != SALLY_E_OK)
        return e;
    return sally_cursor_done(&c) ? SALLY_E_OK : SALLY_E_MALFORMED;
}
