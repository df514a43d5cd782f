/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/recent.c - what was just stored, out of memory.
 *
 * An item stays in the ring until its place is needed again, long after the
 * commit. The items of a sensor are chained there, oldest first, so that
 * delivery that keeps up need not ask the database. Loop's thread only.
 *
 * A place is the item's count plus one; 0 is none.                          */
#include "store/inside.h"

/* True if the ring still has what stood there, and nothing was dropped since
 * that may have been it.                                                    */
static bool is_there(const struct sally_store *s, uint64_t place)
{
    return place > s->dropped_before && place + SALLY_STORE_RING > s->head + 1;
}

static struct sally_store_item *at_place(struct sally_store *s, uint64_t place)
{
    return sally_store_item_at(s, place - 1);
}

void sally_recent_add(struct sally_store *s, uint64_t place)
{
    struct sally_store_item *item = at_place(s, place);
    struct sally_store_one *one = &s->sensors[item->sensor];

    item->next = 0;
    item->after = one->newest != 0 ? one->newest : item->number - 1;
    if (is_there(s, one->newest_place))
        at_place(s, one->newest_place)->next = place;
    one->newest = item->number;
    one->newest_place = place;
    for (size_t i = 0; i < one->account_count; i++)
        if (!is_there(s, one->accounts[i].recent))
            one->accounts[i].recent = place;
}

void sally_recent_distrust(struct sally_store *s, uint64_t drops)
{
    if (drops != s->drops_known)
        s->dropped_before = s->head;
    s->drops_known = drops;
}

struct sally_store_item *sally_recent_after(struct sally_store *s,
                                            struct sally_store_account *a,
                                            uint64_t after)
{
    uint64_t place = a->recent;

    while (is_there(s, place) && at_place(s, place)->number <= after) {
        uint64_t next = at_place(s, place)->next;

        if (next != 0 && at_place(s, place)->number <= a->cursor)
            a->recent = next;
        place = next;
    }
    if (!is_there(s, place) || at_place(s, place)->after > after)
        return NULL;
    return at_place(s, place);
}

bool sally_recent_count(struct sally_store *s, struct sally_store_account *a,
                        uint64_t upto, uint64_t *count)
{
    struct sally_store_item *item = sally_recent_after(s, a, a->cursor);
    uint64_t n = 0;

    for (; item != NULL && item->number <= upto; n++) {
        if (item->number == upto) {
            *count = n + 1;
            return true;
        }
        item = is_there(s, item->next) ? at_place(s, item->next) : NULL;
    }
    return false;
}
