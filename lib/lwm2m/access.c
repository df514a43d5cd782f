/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/access.c - rights of a server from a book, and by path. */
#include "lwm2m/access.h"

#include "lwm2m/book_parts.h"
#include "lwm2m/objects/builtin.h"

#define EVERYBODY 0
#define ALL (SALLY_MAY_READ | SALLY_MAY_WRITE | SALLY_MAY_EXECUTE)

/* An entry of the list of /2/`instance`. */
static bool entry(const struct sally_book *b, uint16_t instance,
                  uint16_t short_id, uint8_t *may)
{
    const struct sally_path path = {
        SALLY_DEPTH_RESOURCE_INSTANCE,
        { SALLY_OBJECT_ACCESS, instance, SALLY_ACCESS_LIST, short_id }
    };
    struct sally_lwm2m_value v;

    if (!sally_book_find(b, &path, &v) || v.type != SALLY_TYPE_INTEGER)
        return false;
    *may = (uint8_t)(v.is.integer & ALL);
    return true;
}

static uint8_t rights_in(const struct sally_book *b, uint16_t instance,
                         uint16_t short_id)
{
    uint8_t may = 0;

    if (entry(b, instance, short_id, &may))
        return may;
    if (sally_book_number(b, SALLY_OBJECT_ACCESS, instance,
                          SALLY_ACCESS_OWNER) == short_id)
        return ALL;
    (void)entry(b, instance, EVERYBODY, &may);
    return may;
}

void sally_access_take(const struct sally_book *b, uint16_t short_id,
                       struct sally_access *out)
{
    uint16_t i;

    out->count = 0;
    if (sally_book_servers(b) < 2)
        return;
    for (uint32_t from = 0;
         sally_book_instance(b, SALLY_OBJECT_ACCESS, from, &i) &&
         out->count < SALLY_LEN(out->rights);
         from = (uint32_t)i + 1) {
        struct sally_access_right *r = &out->rights[out->count];

        r->object = (uint16_t)sally_book_number(b, SALLY_OBJECT_ACCESS, i,
                                                SALLY_ACCESS_OBJECT);
        r->instance = (uint16_t)sally_book_number(b, SALLY_OBJECT_ACCESS, i,
                                                  SALLY_ACCESS_INSTANCE);
        r->may = rights_in(b, i, short_id);
        if (r->object != SALLY_OBJECT_SERVER)
            out->count++;
    }
}

bool sally_access_allows(const struct sally_access *a,
                         const struct sally_path *path, uint8_t right)
{
    if (a == NULL || path->depth < SALLY_DEPTH_INSTANCE)
        return true;
    for (size_t i = 0; i < a->count; i++)
        if (a->rights[i].object == path->id[0] &&
            a->rights[i].instance == path->id[1] &&
            (a->rights[i].may & right) != right)
            return false;
    return true;
}
