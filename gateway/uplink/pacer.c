/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/pacer.c - two queues and one clock. */
#include "uplink/pacer.h"

#include "base/span.h"

static void clear(struct sally_pacer_line *l)
{
    *l = (struct sally_pacer_line){ .tail = &l->head };
}

void sally_pacer_init(struct sally_pacer *p, unsigned per_second,
                      struct sally_random random)
{
    *p = (struct sally_pacer){ .random = random };
    p->interval = SALLY_SEC / (per_second == 0 ? 1 : per_second);
    clear(&p->line[0]);
    clear(&p->line[1]);
}

void sally_pacer_want(struct sally_pacer *p, struct sally_pacer_turn *t,
                      bool urgent)
{
    struct sally_pacer_line *l = &p->line[!urgent];

    if (t->link != NULL)
        return;
    t->next = NULL;
    t->link = l->tail;
    *l->tail = t;
    l->tail = &t->next;
}

void sally_pacer_leave(struct sally_pacer *p, struct sally_pacer_turn *t)
{
    if (t->link == NULL)
        return;
    *t->link = t->next;
    if (t->next != NULL)
        t->next->link = t->link;
    for (size_t i = 0; i < SALLY_LEN(p->line); i++)
        if (p->line[i].tail == &t->next)
            p->line[i].tail = t->link;
    t->next = NULL;
    t->link = NULL;
}

/* A loop that turns seldom may be late by this and still keep the pace. */
#define LATE (10 * SALLY_MSEC)

/* Half an interval to one and a half, one on average. */
static sally_usec jittered(const struct sally_pacer *p)
{
    return p->interval / 2 +
           sally_random_u64(&p->random) % (p->interval + 1);
}

struct sally_pacer_turn *sally_pacer_take(struct sally_pacer *p,
                                          sally_usec now)
{
    struct sally_pacer_turn *t = p->line[0].head;

    if (t == NULL)
        t = p->line[1].head;
    if (t == NULL || p->next > now)
        return NULL;
    sally_pacer_leave(p, t);
    p->next = sally_after(now - p->next > LATE ? now : p->next, jittered(p));
    return t;
}

sally_usec sally_pacer_deadline(const struct sally_pacer *p)
{
    return p->line[0].head == NULL && p->line[1].head == NULL ? SALLY_NEVER
                                                              : p->next;
}
