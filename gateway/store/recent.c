/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/recent.c - what was just stored, out of memory.
 *
 * An item stays in the ring until its place is needed again, long after the
 * commit, and not before it is settled. The items of a sensor are chained
 * there, oldest first, so that delivery that keeps up need not ask the
 * database. Loop's thread only.
 *
 * A place is the item's count plus one; 0 is none.                          */
#include "store/inside.h"

static struct sally_store_item *at_place(struct sally_store *s, uint64_t place)
{
    return sally_store_item_at(s, place - 1);
}

void sally_recent_add(struct sally_store *s, uint64_t place)
{
    struct sally_store_item *item = at_place(s, place);
    struct sally_store_one *one = &s->sensors[item->sensor];

    item->chained = true;
    item->next = 0;
    item->after = one->newest != 0 ? one->newest : item->number - 1;
    if (one->newest_place != 0)
        at_place(s, one->newest_place)->next = place;
    one->newest = item->number;
    one->newest_place = place;
    for (size_t i = 0; i < one->account_count; i++)
        if (one->accounts[i].recent == 0)
            one->accounts[i].recent = place;
}

void sally_recent_leave(struct sally_store *s, uint64_t place)
{
    struct sally_store_item *item = at_place(s, place);
    struct sally_store_one *one;

    if (!item->chained)
        return;
    one = &s->sensors[item->sensor];
    item->chained = false;
    if (one->newest_place == place)
        one->newest_place = 0;
    for (size_t i = 0; i < one->account_count; i++)
        if (one->accounts[i].recent == place)
            one->accounts[i].recent = item->next;
}

void sally_recent_reset(struct sally_store *s)
{
    uint64_t used = s->head < SALLY_STORE_RING ? s->head : SALLY_STORE_RING;

    for (uint64_t place = s->head - used + 1; place <= s->head; place++)
        sally_recent_leave(s, place);
}

void sally_recent_distrust(struct sally_store *s, uint64_t drops,
                           uint64_t settled)
{
    if (drops != s->drops_known)
        s->dropped_before = settled;
    s->drops_known = drops;
}

struct sally_store_item *sally_recent_after(struct sally_store *s,
                                            struct sally_store_account *a,
                                            uint64_t after)
{
    uint64_t place = a->recent;

    while (place != 0) {
        struct sally_store_item *item = at_place(s, place);
        bool trusted = place > s->dropped_before;

        if (trusted && item->number > after)
            return item;
        if (item->next != 0 && (!trusted || item->number <= a->cursor))
            a->recent = item->next;
        place = item->next;
    }
    return NULL;
}

struct sally_store_item *
sally_recent_following(struct sally_store *s,
                       const struct sally_store_item *item)
{
    return item->next != 0 ? at_place(s, item->next) : NULL;
}
