/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/resources.c - one client's values in an array ordered by path. */
#include "lwm2m/resources.h"

#include <stdlib.h>
#include <string.h>

enum sally_err sally_resources_init(struct sally_resources *r,
                                    const struct sally_registry *registry,
                                    size_t slots, size_t arena)
{
    *r = (struct sally_resources){ .registry = registry };
    r->slots = calloc(slots + 1, sizeof(*r->slots));
    r->arena = malloc(arena + 1);
    if (r->slots == NULL || r->arena == NULL) {
        sally_resources_wipe(r);
        return SALLY_E_NO_MEMORY;
    }
    r->slots_room = slots;
    r->arena_room = arena;
    return SALLY_E_OK;
}

/* The first slot that does not stand before `path`. */
static size_t place_of(const struct sally_resources *r,
                       const struct sally_path *path)
{
    size_t low = 0, high = r->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (sally_path_order(&r->slots[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct sally_resource *sally_resources_find(const struct sally_resources *r,
                                            const struct sally_path *path)
{
    size_t at = place_of(r, path);

    if (at == r->count || !sally_path_equal(&r->slots[at].path, path))
        return NULL;
    return &r->slots[at];
}

static bool has_bytes(uint8_t type)
{
    return type == SALLY_TYPE_STRING || type == SALLY_TYPE_OPAQUE ||
           type == SALLY_TYPE_CORELNK;
}

/* An empty slot as the definition has it. */
static enum sally_err describe(const struct sally_resources *r,
                               const struct sally_path *path,
                               struct sally_resource *slot)
{
    const struct sally_resource_definition *d =
        sally_registry_definition(r->registry, path);

    if (d == NULL)
        return SALLY_E_NOT_FOUND;
    *slot = (struct sally_resource){
        .path = *path,
        .type = (uint8_t)d->type,
        .operations = (unsigned)d->operations & 0x7f,
    };
    return SALLY_E_OK;
}

/* Gives a slot for text its part of the arena. */
static enum sally_err furnish(struct sally_resources *r,
                              struct sally_resource *slot, size_t room)
{
    if (!has_bytes(slot->type))
        return SALLY_E_OK;
    if (room > UINT16_MAX || room > r->arena_room - r->arena_used)
        return SALLY_E_NO_ROOM;
    slot->value.text.room = (uint16_t)room;
    slot->value.text.at = (uint32_t)r->arena_used;
    r->arena_used += room;
    return SALLY_E_OK;
}

enum sally_err sally_resources_add(struct sally_resources *r,
                                   const struct sally_path *path, size_t room)
{
    struct sally_resource slot;
    size_t at = place_of(r, path);
    enum sally_err e = describe(r, path, &slot);

    if (e != SALLY_E_OK)
        return e;
    if (at < r->count && sally_path_equal(&r->slots[at].path, path))
        return SALLY_E_DUPLICATE;
    if (r->count == r->slots_room)
        return SALLY_E_NO_ROOM;
    e = furnish(r, &slot, room);
    if (e != SALLY_E_OK)
        return e;
    memmove(&r->slots[at + 1], &r->slots[at],
            (r->count - at) * sizeof(*r->slots));
    r->slots[at] = slot;
    r->count++;
    return SALLY_E_OK;
}

void sally_resources_trim(struct sally_resources *r)
{
    struct sally_resource *fewer = NULL;
    uint8_t *arena = realloc(r->arena, r->arena_used + 1);

    if (r->count != 0)
        fewer = realloc(r->slots, r->count * sizeof(*r->slots));
    if (fewer != NULL)
        r->slots = fewer;
    r->slots_room = r->count;
    if (arena != NULL)
        r->arena = arena;
    r->arena_room = r->arena_used;
}

size_t sally_resources_below(const struct sally_resources *r,
                             const struct sally_path *path, size_t *first)
{
    size_t at = place_of(r, path);
    size_t n = 0;

    while (at + n < r->count && sally_path_covers(path, &r->slots[at + n].path))
        n++;
    *first = at;
    return n;
}

bool sally_resources_has(const struct sally_resources *r,
                         const struct sally_path *path)
{
    size_t at = place_of(r, path);

    return at < r->count && sally_path_covers(path, &r->slots[at].path);
}

/* The new bytes may be the old ones, or a part of them. */
static enum sally_err store_bytes(struct sally_resources *r,
                                  struct sally_resource *slot,
                                  struct sally_span bytes)
{
    if (bytes.len > slot->value.text.room)
        return SALLY_E_TOO_LARGE;
    if (bytes.len != 0)
        memmove(&r->arena[slot->value.text.at], bytes.at, bytes.len);
    slot->value.text.len = (uint16_t)bytes.len;
    return SALLY_E_OK;
}

struct sally_lwm2m_value
sally_resources_value(const struct sally_resources *r,
                      const struct sally_resource *slot)
{
    struct sally_lwm2m_value v = {
        .type = (enum sally_lwm2m_type)slot->type
    };

    if (has_bytes(slot->type))
        v.is.bytes = (struct sally_span){ &r->arena[slot->value.text.at],
                                          slot->value.text.len };
    else
        memcpy(&v.is, &slot->value.bits, sizeof(slot->value.bits));
    return v;
}

enum sally_err sally_resources_set(struct sally_resources *r,
                                   const struct sally_path *path,
                                   const struct sally_lwm2m_value *v,
                                   sally_msec_utc time)
{
    struct sally_resource *slot = sally_resources_find(r, path);
    struct sally_lwm2m_value made;
    enum sally_err e;

    if (slot == NULL)
        return SALLY_E_NOT_FOUND;
    e = sally_registry_admit(r->registry, path, v, &made);
    if (e == SALLY_E_OK && has_bytes(slot->type))
        e = store_bytes(r, slot, made.is.bytes);
    else if (e == SALLY_E_OK)
        memcpy(&slot->value.bits, &made.is, sizeof(slot->value.bits));
    if (e != SALLY_E_OK)
        return e;
    slot->present = true;
    slot->time = time;
    slot->version++;
    return SALLY_E_OK;
}

void sally_resources_wipe(struct sally_resources *r)
{
    free(r->slots);
    free(r->arena);
    *r = (struct sally_resources){ .slots = NULL };
}
