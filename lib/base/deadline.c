/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/deadline.c - a binary heap of embedded nodes. */
#include "base/deadline.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum sally_err sally_deadlines_init(struct sally_deadlines *h, size_t room)
{
    *h = (struct sally_deadlines){ .room = room };
    h->heap = calloc(room + 1, sizeof(struct sally_deadline *));
    return h->heap == NULL ? SALLY_E_NO_MEMORY : SALLY_E_OK;
}

enum sally_err sally_deadlines_grow(struct sally_deadlines *h, size_t room)
{
    struct sally_deadline **heap;

    if (room <= h->room)
        return SALLY_E_OK;
    if (room >= UINT32_MAX)
        return SALLY_E_NO_MEMORY;
    heap = reallocarray(h->heap, room + 1, sizeof(struct sally_deadline *));
    if (heap == NULL)
        return SALLY_E_NO_MEMORY;
    h->heap = heap;
    h->room = room;
    return SALLY_E_OK;
}

/* By which a node stands in the heap. */
static sally_usec key_of(const struct sally_deadline *d)
{
    return d->when - d->put_off;
}

static void place(struct sally_deadlines *h, size_t slot,
                  struct sally_deadline *d)
{
    h->heap[slot] = d;
    d->slot = (uint32_t)slot;
}

static void sift_up(struct sally_deadlines *h, struct sally_deadline *d)
{
    size_t slot = d->slot;

    for (; slot > 1 && key_of(h->heap[slot / 2]) > key_of(d); slot /= 2)
        place(h, slot, h->heap[slot / 2]);
    place(h, slot, d);
}

static void sift_down(struct sally_deadlines *h, struct sally_deadline *d)
{
    size_t slot = d->slot;

    for (size_t child = slot * 2; child <= h->count; child = slot * 2) {
        if (child < h->count &&
            key_of(h->heap[child + 1]) < key_of(h->heap[child]))
            child++;
        if (key_of(h->heap[child]) >= key_of(d))
            break;
        place(h, slot, h->heap[child]);
        slot = child;
    }
    place(h, slot, d);
}

static void remove_node(struct sally_deadlines *h, struct sally_deadline *d)
{
    size_t slot = d->slot;
    struct sally_deadline *last = h->heap[h->count--];

    d->slot = 0;
    if (last == d)
        return;
    place(h, slot, last);
    sift_up(h, last);
    sift_down(h, last);
}

/* True if it is enough to note the new time. */
static bool is_put_off(const struct sally_deadline *d, sally_usec when)
{
    return d->slot != 0 && when >= key_of(d) && when - key_of(d) <= UINT32_MAX;
}

void sally_deadlines_set(struct sally_deadlines *h, struct sally_deadline *d,
                         sally_usec when)
{
    if (when == SALLY_NEVER) {
        if (d->slot != 0)
            remove_node(h, d);
        d->when = when;
        d->put_off = 0;
        return;
    }
    if (is_put_off(d, when)) {
        d->put_off = (uint32_t)(when - key_of(d));
        d->when = when;
        return;
    }
    d->when = when;
    d->put_off = 0;
    if (d->slot == 0) {
        if (h->count == h->room)
            abort(); /* the owner broke its promise: a bug, not an input */
        place(h, ++h->count, d);
    }
    sift_up(h, d);
    sift_down(h, d);
}

sally_usec sally_deadlines_next(const struct sally_deadlines *h)
{
    return h->count == 0 ? SALLY_NEVER : key_of(h->heap[1]);
}

struct sally_deadline *sally_deadlines_take(struct sally_deadlines *h,
                                            sally_usec now)
{
    while (h->count != 0 && key_of(h->heap[1]) <= now) {
        struct sally_deadline *d = h->heap[1];

        if (d->put_off == 0) {
            remove_node(h, d);
            return d;
        }
        d->put_off = 0;
        sift_down(h, d);
    }
    return NULL;
}

void sally_deadlines_wipe(struct sally_deadlines *h)
{
    free(h->heap);
    *h = (struct sally_deadlines){ .heap = NULL };
}
