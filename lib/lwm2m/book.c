/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/book.c - values by path in one piece of memory. */
#include "lwm2m/book_parts.h"

#include "base/secret.h"
#include "lwm2m/objects/builtin.h"

#include <stdlib.h>
#include <string.h>

#define INSTANCE_AT 3 /* bytes of an entry before the id of its instance */

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

enum sally_err sally_book_fill(struct sally_book *b, struct sally_span entries)
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
    return sally_book_fill(to, sally_book_span(from));
}

struct sally_span sally_book_span(const struct sally_book *b)
{
    return (struct sally_span){ b->at, b->len };
}

bool sally_book_equal(const struct sally_book *a, const struct sally_book *b)
{
    return sally_equal_secret(sally_book_span(a), sally_book_span(b));
}

bool sally_book_next(struct sally_book_walk *walk, struct sally_path *path,
                     struct sally_lwm2m_value *value)
{
    struct sally_cursor c = sally_cursor_over(walk->rest);

    if (c.rest.len == 0 || sally_book_take(&c, path, value) != SALLY_E_OK)
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
    return count < sally_book_limit(object);
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

    if (sally_book_limit(path->id[0]) == 0 ||
        path->depth < SALLY_DEPTH_RESOURCE)
        return SALLY_E_NOT_FOUND;
    if (value->type == SALLY_TYPE_NONE ||
        (path->depth > parent.depth && sally_book_find(b, &parent, &other)))
        return SALLY_E_WRONG_TYPE;
    if (!may_stand(b, path->id[0], path->id[1]))
        return SALLY_E_TOO_LARGE;
    tail = sally_book_put_head(&head, path, value);
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

