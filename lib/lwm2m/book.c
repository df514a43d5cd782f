/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/book.c - values by path in one piece of memory.
 *
 * An entry: depth, 1 byte; the ids, 2 each; type, 1; length of the value, 2;
 * the value. Numbers and times have 8 bytes, links 4, truth 1. Entries stand in
 * the order of their paths. A book is its entries; written, a byte with the
 * version of the form stands before them.                                   */
#include "lwm2m/book.h"

#include "base/secret.h"
#include "lwm2m/objects/builtin.h"

#include <stdlib.h>
#include <string.h>

#define FORM 1
#define INSTANCE_AT 3 /* bytes of an entry before the id of its instance */

static const struct kept {
    uint16_t object;
    size_t instances;
} kept[] = {
    { SALLY_OBJECT_SECURITY, SALLY_BOOK_INSTANCES },
    { SALLY_OBJECT_SERVER, SALLY_BOOK_INSTANCES },
    { SALLY_OBJECT_ACCESS, SALLY_BOOK_ACCESS_INSTANCES },
    { SALLY_OBJECT_OSCORE, SALLY_BOOK_INSTANCES },
};

static const struct kept *kept_of(uint16_t object)
{
    for (size_t i = 0; i < SALLY_LEN(kept); i++)
        if (kept[i].object == object)
            return &kept[i];
    return NULL;
}

/* --- Memory --------------------------------------------------------------- */

enum sally_err sally_book_open(struct sally_book *b, size_t room)
{
    *b = (struct sally_book){ .room = room };
    b->at = calloc(1, room + 1);
    return b->at == NULL ? SALLY_E_NO_MEMORY : SALLY_E_OK;
}

void sally_book_wipe(struct sally_book *b)
{
    if (b->at != NULL)
        sally_wipe(b->at, b->room);
    free(b->at);
    *b = (struct sally_book){ .at = NULL };
}

/* Drops what stands from `len` on. */
static void shorten(struct sally_book *b, size_t len)
{
    sally_wipe(&b->at[len], b->len - len);
    b->len = len;
}

static enum sally_err fill(struct sally_book *b, struct sally_span entries)
{
    if (entries.len > b->room)
        return SALLY_E_NO_ROOM;
    if (entries.len != 0)
        memmove(b->at, entries.at, entries.len);
    if (b->len > entries.len)
        shorten(b, entries.len);
    b->len = entries.len;
    return SALLY_E_OK;
}

enum sally_err sally_book_copy(const struct sally_book *from,
                               struct sally_book *to)
{
    return fill(to, sally_book_span(from));
}

struct sally_span sally_book_span(const struct sally_book *b)
{
    return (struct sally_span){ b->at, b->len };
}

bool sally_book_equal(const struct sally_book *a, const struct sally_book *b)
{
    return sally_equal_secret(sally_book_span(a), sally_book_span(b));
}

/* --- Entries -------------------------------------------------------------- */

static bool is_bytes(enum sally_lwm2m_type type)
{
    return type == SALLY_TYPE_STRING || type == SALLY_TYPE_OPAQUE ||
           type == SALLY_TYPE_CORELNK;
}

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

static enum sally_err take_entry(struct sally_cursor *c,
                                 struct sally_path *path,
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

bool sally_book_next(struct sally_book_walk *walk, struct sally_path *path,
                     struct sally_lwm2m_value *value)
{
    struct sally_cursor c = sally_cursor_over(walk->rest);

    if (c.rest.len == 0 || take_entry(&c, path, value) != SALLY_E_OK)
        return false;
    walk->rest = c.rest;
    return true;
}

/* The entries at or below `path` are the bytes from *begin to *end; without
 * any, both are where they would stand.                                     */
static void find_range(const struct sally_book *b,
                       const struct sally_path *path, size_t *begin,
                       size_t *end)
{
    struct sally_book_walk walk = { sally_book_span(b) };
    struct sally_lwm2m_value value;
    struct sally_path at;

    *begin = *end = 0;
    while (sally_book_next(&walk, &at, &value)) {
        bool below = sally_path_covers(path, &at);

        if (!below && sally_path_order(&at, path) > 0)
            return;
        *end = b->len - walk.rest.len;
        if (!below)
            *begin = *end;
    }
}

/* --- Values --------------------------------------------------------------- */

bool sally_book_find(const struct sally_book *b, const struct sally_path *path,
                     struct sally_lwm2m_value *value)
{
    struct sally_book_walk walk = { sally_book_span(b) };
    struct sally_path at;

    while (sally_book_next(&walk, &at, value))
        if (sally_path_equal(&at, path))
            return true;
    return false;
}

bool sally_book_has(const struct sally_book *b, const struct sally_path *path)
{
    size_t begin, end;

    find_range(b, path, &begin, &end);
    return end > begin;
}

bool sally_book_instance(const struct sally_book *b, uint16_t object,
                         uint32_t from, uint16_t *instance)
{
    struct sally_book_walk walk = { sally_book_span(b) };
    struct sally_lwm2m_value value;
    struct sally_path at;

    while (sally_book_next(&walk, &at, &value))
        if (at.id[0] == object && at.id[1] >= from) {
            *instance = at.id[1];
            return true;
        }
    return false;
}

/* There is, or may be, such an instance. */
static bool may_stand(const struct sally_book *b, uint16_t object,
                      uint16_t instance)
{
    const struct sally_path path = sally_path_instance(object, instance);
    size_t count = 0;
    uint16_t i;

    if (sally_book_has(b, &path))
        return true;
    for (uint32_t from = 0; sally_book_instance(b, object, from, &i);
         from = (uint32_t)i + 1)
        count++;
    return count < kept_of(object)->instances;
}

/* All of an entry but the bytes of text, which *tail is then. */
static struct sally_span put_head(struct sally_buf *head,
                                  const struct sally_path *path,
                                  const struct sally_lwm2m_value *value)
{
    struct sally_span tail = { NULL, 0 };
    struct sally_writer w = sally_writer_into(head);
    uint8_t *length;
    size_t before;

    if (is_bytes(value->type))
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

/* Puts `size` bytes in place of those from `begin` to `end`, to be filled. */
static uint8_t *make_gap(struct sally_book *b, size_t begin, size_t end,
                         size_t size)
{
    size_t len = b->len - (end - begin) + size;

    memmove(&b->at[begin + size], &b->at[end], b->len - end);
    if (len < b->len)
        shorten(b, len);
    b->len = len;
    return &b->at[begin];
}

enum sally_err sally_book_put(struct sally_book *b,
                              const struct sally_path *path,
                              const struct sally_lwm2m_value *value)
{
    const struct sally_path parent =
        sally_path_resource(path->id[0], path->id[1], path->id[2]);
    struct sally_lwm2m_value other;
    uint8_t room[32], *gap;
    struct sally_buf head = SALLY_BUF(room);
    struct sally_span tail;
    size_t begin, end;

    if (kept_of(path->id[0]) == NULL || path->depth < SALLY_DEPTH_RESOURCE)
        return SALLY_E_NOT_FOUND;
    if (value->type == SALLY_TYPE_NONE ||
        (path->depth > parent.depth && sally_book_find(b, &parent, &other)))
        return SALLY_E_WRONG_TYPE;
    if (!may_stand(b, path->id[0], path->id[1]))
        return SALLY_E_TOO_LARGE;
    tail = put_head(&head, path, value);
    find_range(b, path, &begin, &end);
    if (tail.len > b->room ||
        head.len + tail.len > b->room - b->len + (end - begin))
        return SALLY_E_NO_ROOM;
    gap = make_gap(b, begin, end, head.len + tail.len);
    memcpy(gap, room, head.len);
    if (tail.len != 0)
        memcpy(&gap[head.len], tail.at, tail.len);
    sally_wipe(room, sizeof(room));
    return SALLY_E_OK;
}

void sally_book_cut(struct sally_book *b, const struct sally_path *path)
{
    size_t begin, end;

    find_range(b, path, &begin, &end);
    if (begin == end)
        return;
    memmove(&b->at[begin], &b->at[end], b->len - end);
    shorten(b, b->len - (end - begin));
}

static void turn_round(uint8_t *at, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        uint8_t byte = at[i];

        at[i] = at[n - 1 - i];
        at[n - 1 - i] = byte;
    }
}

/* Exchanges two neighbours. */
static void swap(uint8_t *at, size_t left, size_t right)
{
    turn_round(at, left);
    turn_round(&at[left], right);
    turn_round(at, left + right);
}

static void renumber(struct sally_book *b, size_t begin, size_t end,
                     uint16_t instance)
{
    struct sally_book_walk walk = { { &b->at[begin], end - begin } };
    struct sally_lwm2m_value value;
    struct sally_path path;
    uint8_t *entry = &b->at[begin];

    while (sally_book_next(&walk, &path, &value)) {
        entry[INSTANCE_AT] = (uint8_t)(instance >> 8);
        entry[INSTANCE_AT + 1] = (uint8_t)instance;
        entry = &b->at[end - walk.rest.len];
    }
}

enum sally_err sally_book_move(struct sally_book *b, uint16_t from, uint16_t to)
{
    const struct sally_path source =
        sally_path_instance(SALLY_OBJECT_SECURITY, from);
    const struct sally_path target =
        sally_path_instance(SALLY_OBJECT_SECURITY, to);
    size_t begin, end, at, nothing;

    find_range(b, &source, &begin, &end);
    find_range(b, &target, &at, &nothing);
    if (begin == end)
        return SALLY_E_NOT_FOUND;
    if (at != nothing)
        return SALLY_E_DUPLICATE;
    renumber(b, begin, end, to);
    if (at > end)
        swap(&b->at[begin], end - begin, at - end);
    else if (at < begin)
        swap(&b->at[at], begin - at, end - begin);
    return SALLY_E_OK;
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
        enum sally_err e = take_entry(&c, &path, &value);
        const struct kept *k;

        if (e != SALLY_E_OK)
            return e;
        k = kept_of(path.id[0]);
        if (k == NULL || has_no_id(&path) ||
            (last.depth != 0 && (sally_path_order(&last, &path) > 0 ||
                                 sally_path_covers(&last, &path))))
            return SALLY_E_MALFORMED;
        if (last.depth == 0 || path.id[0] != last.id[0])
            instances = 1;
        else if (path.id[1] != last.id[1])
            instances++;
        if (instances > k->instances)
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
    return e == SALLY_E_OK ? fill(b, c.rest) : e;
}
