/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/resources.h - the objects, instances and resources that one
 * client has, with their present values.
 *
 * Plain storage: one array ordered by path, built when the sensor is
 * configured and of that size from then on, so a value arriving later
 * allocates nothing. A slot for a string or opaque has room for a fixed
 * number of bytes. A slot may be without a value (nothing was measured yet).*/
#ifndef SALLY_LWM2M_RESOURCES_H
#define SALLY_LWM2M_RESOURCES_H

#include "lwm2m/registry.h"

/* A gateway has some twenty of them for each sensor. */
struct sally_resource {
    struct sally_path path; /* depth 3, or 4 in a multiple resource */
    uint8_t type;           /* enum sally_lwm2m_type */
    uint8_t operations : 7; /* as in the definition, or narrowed */
    bool present : 1;       /* has a value, see sally_resources_value() */
    uint32_t version;       /* counts the changes; for notifications */
    sally_msec_utc time;    /* of the value; 0: not known */
    union {
        uint64_t bits; /* a number, boolean or link, as `is` has it */
        struct {
            uint32_t at; /* in the arena */
            uint16_t len, room;
        } text; /* of types with bytes */
    } value;
};

struct sally_resources {
    const struct sally_registry *registry;
    struct sally_resource *slots; /* owned; ascending paths */
    size_t count, slots_room;
    uint8_t *arena; /* owned; where bytes of text values live */
    size_t arena_used, arena_room;
};

/* An empty set; `slots` and `arena` bytes are allocated here, once. */
enum sally_err sally_resources_init(struct sally_resources *r,
                                    const struct sally_registry *registry,
                                    size_t slots, size_t arena) SALLY_MUST_USE;

/* Adds one resource; its definition must be in the registry. `room` bytes for
 * text and opaque values, ignored for others. NOT_FOUND, DUPLICATE, NO_ROOM.
 * Only while building: no pointer to a slot survives an add.                */
enum sally_err sally_resources_add(struct sally_resources *r,
                                   const struct sally_path *path,
                                   size_t room) SALLY_MUST_USE;

/* Gives back what adding left over; nothing can be added afterwards. */
void sally_resources_trim(struct sally_resources *r);

/* Exact match, or NULL. O(log n). */
struct sally_resource *sally_resources_find(const struct sally_resources *r,
                                            const struct sally_path *path);

/* The value of one of its slots; bytes are borrowed until it is set anew. */
struct sally_lwm2m_value
sally_resources_value(const struct sally_resources *r,
                      const struct sally_resource *slot);

/* The slots at or below `path`: [*first, *first + count). Count 0: nothing. */
size_t sally_resources_below(const struct sally_resources *r,
                             const struct sally_path *path, size_t *first);

/* Stores a copy, converted to the slot's type and checked against the
 * definition's range; version goes up. `time` as in a record. NOT_FOUND,
 * WRONG_TYPE, OUT_OF_RANGE, TOO_LARGE (longer than the slot's room).        */
enum sally_err sally_resources_set(struct sally_resources *r,
                                   const struct sally_path *path,
                                   const struct sally_lwm2m_value *v,
                                   sally_msec_utc time) SALLY_MUST_USE;

/* Object or object instance exists (has at least one slot). */
bool sally_resources_has(const struct sally_resources *r,
                         const struct sally_path *path);

void sally_resources_wipe(struct sally_resources *r);

#endif
