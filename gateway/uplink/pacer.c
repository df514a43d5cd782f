/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/pacer.c - two queues and one clock. */
#include "uplink/pacer.h"

#include "base/span.h"

void sally_pacer_init(struct sally_pacer *p, unsigned per_second,
                      struct sally_random random)
{
    *p = (struct sally_pacer){ .random = random };
    p->interval = SALLY_SEC / (per_second == 0 ? 1 : per_second);
}

void sally_pacer_want(struct sally_pacer *p, struct sally_pacer_seat *seat,
                      bool urgent)
{
    struct sally_pacer_seat **tail = &p->line[!urgent].tail;

    if (seat->queued)
        return;
    seat->queued = true;
    seat->next = NULL;
    if (*tail == NULL)
        p->line[!urgent].head = seat;
    else
        (*tail)->next = seat;
    *tail = seat;
}

/* Half an interval to one and a half, one on average. */
static sally_usec jittered(const struct sally_pacer *p)
{
    return p->interval / 2 +
           sally_random_u64(&p->random) % (p->interval + 1);
}

struct sally_pacer_seat *sally_pacer_take(struct sally_pacer *p,
                                          sally_usec now)
{
    if (p->next > now)
        return NULL;
    for (size_t i = 0; i < SALLY_LEN(p->line); i++) {
        struct sally_pacer_seat *seat = p->line[i].head;

        if (seat == NULL)
            continue;
        p->line[i].head = seat->next;
        if (seat->next == NULL)
            p->line[i].tail = NULL;
        seat->queued = false;
        p->next = sally_after(now, jittered(p));
        return seat;
    }
    return NULL;
}

sally_usec sally_pacer_deadline(const struct sally_pacer *p)
{
    return p->line[0].head == NULL && p->line[1].head == NULL ? SALLY_NEVER
                                                              : p->next;
}
