/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/book_tidy.c - what an account that is gone leaves behind. LwM2M
 * Core 1.2 s.6.1.7.6.                                                       */
#include "lwm2m/book_parts.h"

#include "lwm2m/objects/builtin.h"

/* `before` had an account for this Short Server ID, which is gone. */
static bool is_gone(const struct sally_book *b, const struct sally_book *before,
                    int64_t short_id)
{
    return sally_book_knows(before, short_id) && !sally_book_knows(b, short_id);
}

static void tidy_servers(struct sally_book *b, const struct sally_book *before)
{
    uint16_t i;

    for (uint32_t from = 0;
         sally_book_instance(b, SALLY_OBJECT_SERVER, from, &i);
         from = (uint32_t)i + 1) {
        const struct sally_path at =
            sally_path_instance(SALLY_OBJECT_SERVER, i);

        if (is_gone(b, before,
                    sally_book_number(b, SALLY_OBJECT_SERVER, i,
                                      SALLY_SERVER_SHORT_ID)))
            sally_book_cut(b, &at);
    }
}

/* A right, in the instance that *at is in, of a server that is gone. */
static bool find_gone(const struct sally_book *b,
                      const struct sally_book *before, struct sally_path *at)
{
    const struct sally_path list = sally_path_resource(
        SALLY_OBJECT_ACCESS, at->id[1], SALLY_ACCESS_LIST);
    struct sally_book_walk walk = { sally_book_span(b) };
    struct sally_lwm2m_value v;

    while (sally_book_next(&walk, at, &v))
        if (sally_path_covers(&list, at) && is_gone(b, before, at->id[3]))
            return true;
    return false;
}

/* Rights of a server that is gone; what it owned is the bootstrap server's. */
static void tidy_access(struct sally_book *b, const struct sally_book *before)
{
    uint16_t i;

    for (uint32_t from = 0;
         sally_book_instance(b, SALLY_OBJECT_ACCESS, from, &i);
         from = (uint32_t)i + 1) {
        const struct sally_path owner = sally_path_resource(
            SALLY_OBJECT_ACCESS, i, SALLY_ACCESS_OWNER);
        const struct sally_lwm2m_value nobody = sally_value_integer(UINT16_MAX);
        struct sally_path right = sally_path_instance(SALLY_OBJECT_ACCESS, i);

        while (find_gone(b, before, &right))
            sally_book_cut(b, &right);
        if (is_gone(b, before,
                    sally_book_number(b, SALLY_OBJECT_ACCESS, i,
                                      SALLY_ACCESS_OWNER)))
            (void)!sally_book_put(b, &owner, &nobody); /* of the same length */
    }
}

static void tidy_keys(struct sally_book *b, const struct sally_book *before)
{
    uint16_t i, owner;

    for (uint32_t from = 0;
         sally_book_instance(b, SALLY_OBJECT_OSCORE, from, &i);
         from = (uint32_t)i + 1) {
        const struct sally_path at =
            sally_path_instance(SALLY_OBJECT_OSCORE, i);

        if (sally_book_has(before, &at) &&
            !sally_book_linking(b, i, &owner))
            sally_book_cut(b, &at);
    }
}

void sally_book_tidy(struct sally_book *b, const struct sally_book *before)
{
    tidy_servers(b, before);
    tidy_access(b, before);
    tidy_keys(b, before);
}
