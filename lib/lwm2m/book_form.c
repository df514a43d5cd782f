/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/book_form.c - the bytes that a book is made of, and those that it
 * is kept as.
 *
 * An entry: depth, 1 byte; the ids, 2 each; type, 1; length of the value, 2;
 * the value. Numbers and times have 8 bytes, links 4, truth 1. Entries stand in
 * the order of their paths. A book is its entries; written, a byte with the
 * version of the form stands before them.                                   */
#include "lwm2m/book_parts.h"

#include "lwm2m/objects/builtin.h"

#include <string.h>

#define FORM 1

static const struct kept {
    uint16_t object;
    size_t instances;
} kept[] = {
    { SALLY_OBJECT_SECURITY, SALLY_BOOK_INSTANCES },
    { SALLY_OBJECT_SERVER, SALLY_BOOK_INSTANCES },
    { SALLY_OBJECT_ACCESS, SALLY_BOOK_ACCESS_INSTANCES },
    { SALLY_OBJECT_OSCORE, SALLY_BOOK_INSTANCES },
};

size_t sally_book_limit(uint16_t object)
{
    for (size_t i = 0; i < SALLY_LEN(kept); i++)
        if (kept[i].object == object)
            return kept[i].instances;
    return 0;
}

/* --- Entries -------------------------------------------------------------- */

static void put_number(struct sally_writer *w,
                       const struct sally_lwm2m_value *v)
{
    uint64_t bits;

    switch (v->type) {
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME: sally_put_u64(w, (uint64_t)v->is.integer); break;
    case SALLY_TYPE_UNSIGNED: sally_put_u64(w, v->is.unsigned_number); break;
    case SALLY_TYPE_FLOAT:
        memcpy(&bits, &v->is.real, sizeof(bits));
        sally_put_u64(w, bits);
        break;
    case SALLY_TYPE_BOOLEAN: sally_put_u8(w, v->is.boolean); break;
    case SALLY_TYPE_OBJLNK:
        sally_put_u16(w, v->is.link.object);
        sally_put_u16(w, v->is.link.instance);
        break;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_OPAQUE:
    case SALLY_TYPE_CORELNK:
    case SALLY_TYPE_NONE: break;
    }
}

/* False if the type has no such bytes. */
static bool take_value(struct sally_span bytes, struct sally_lwm2m_value *v)
{
    struct sally_cursor c = sally_cursor_over(bytes);
    uint64_t bits;

    switch (v->type) {
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME: v->is.integer = (int64_t)sally_take_u64(&c); break;
    case SALLY_TYPE_UNSIGNED:
        v->is.unsigned_number = sally_take_u64(&c);
        break;
    case SALLY_TYPE_FLOAT:
        bits = sally_take_u64(&c);
        memcpy(&v->is.real, &bits, sizeof(bits));
        break;
    case SALLY_TYPE_BOOLEAN:
        if (sally_peek_u8(&c) > 1)
            return false;
        v->is.boolean = sally_take_u8(&c) == 1;
        break;
    case SALLY_TYPE_OBJLNK:
        v->is.link.object = sally_take_u16(&c);
        v->is.link.instance = sally_take_u16(&c);
        break;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_OPAQUE:
    case SALLY_TYPE_CORELNK: v->is.bytes = sally_take_rest(&c); break;
    default: return false; /* of what was read, anything may stand there */
    }
    return sally_cursor_done(&c);
}

enum sally_err sally_book_take(struct sally_cursor *c, struct sally_path *path,
                               struct sally_lwm2m_value *value)
{
    struct sally_span bytes;

    *path = (struct sally_path){ .depth = sally_take_u8(c) };
    if (path->depth < SALLY_DEPTH_RESOURCE ||
        path->depth > SALLY_DEPTH_RESOURCE_INSTANCE)
        return c->failed ? SALLY_E_TRUNCATED : SALLY_E_MALFORMED;
    for (uint8_t i = 0; i < path->depth; i++)
        path->id[i] = sally_take_u16(c);
    value->type = (enum sally_lwm2m_type)sally_take_u8(c);
    bytes = sally_take(c, sally_take_u16(c));
    if (c->failed)
        return SALLY_E_TRUNCATED;
    return take_value(bytes, value) ? SALLY_E_OK : SALLY_E_MALFORMED;
}

struct sally_span sally_book_put_head(struct sally_buf *head,
                                      const struct sally_path *path,
                                      const struct sally_lwm2m_value *value)
{
    struct sally_span tail = { NULL, 0 };
    struct sally_writer w = sally_writer_into(head);
    uint8_t *length;
    size_t before;

    if (value->type == SALLY_TYPE_STRING || value->type == SALLY_TYPE_OPAQUE ||
        value->type == SALLY_TYPE_CORELNK)
        tail = value->is.bytes;
    sally_path_save(&w, path);
    sally_put_u8(&w, (uint8_t)value->type);
    length = sally_put_gap(&w, 2);
    before = head->len;
    put_number(&w, value);
    length[0] = (uint8_t)((tail.len + head->len - before) >> 8);
    length[1] = (uint8_t)(tail.len + head->len - before);
    return tail;
}

/* --- Bytes ---------------------------------------------------------------- */

enum sally_err sally_book_write(const struct sally_book *b,
                                struct sally_writer *w)
{
    sally_put_u8(w, FORM);
    sally_put(w, sally_book_span(b));
    return sally_writer_end(w);
}

static bool has_no_id(const struct sally_path *path)
{
    for (uint8_t i = 0; i < path->depth; i++)
        if (path->id[i] == UINT16_MAX)
            return true;
    return false;
}

/* Values that could have been put one after the other. */
static enum sally_err check_entries(struct sally_span entries)
{
    struct sally_cursor c = sally_cursor_over(entries);
    struct sally_path path, last = { .depth = 0 };
    struct sally_lwm2m_value value;
    size_t instances = 0;

    while (c.rest.len != 0) {
        enum sally_err e = sally_book_take(&c, &path, &value);
        size_t limit;

        if (e != SALLY_E_OK)
            return e;
        limit = sally_book_limit(path.id[0]);
        if (limit == 0 || has_no_id(&path) ||
            (last.depth != 0 && (sally_path_order(&last, &path) > 0 ||
                                 sally_path_covers(&last, &path))))
            return SALLY_E_MALFORMED;
        if (last.depth == 0 || path.id[0] != last.id[0])
            instances = 1;
        else if (path.id[1] != last.id[1])
            instances++;
        if (instances > limit)
            return SALLY_E_MALFORMED;
        last = path;
    }
    return SALLY_E_OK;
}

enum sally_err sally_book_read(struct sally_book *b, struct sally_span bytes)
{
    struct sally_cursor c = sally_cursor_over(bytes);
    uint8_t form = sally_take_u8(&c);
    enum sally_err e;

    if (c.failed)
        return SALLY_E_TRUNCATED;
    if (form != FORM)
        return form > FORM ? SALLY_E_UNSUPPORTED : SALLY_E_MALFORMED;
    e = check_entries(c.rest);
    return e == SALLY_E_OK ? sally_book_fill(b, c.rest) : e;
}
