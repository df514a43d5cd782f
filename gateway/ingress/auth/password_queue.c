/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/password_queue.c - a list through fixed places. */
#include "ingress/auth/password_queue.h"

#include "base/secret.h"

void sally_password_queue_init(struct sally_password_queue *q)
{
    *q = (struct sally_password_queue){ .first = NULL };
    for (size_t i = SALLY_LEN(q->places); i > 0; i--)
        sally_password_queue_give(q, &q->places[i - 1]);
}

struct sally_password_waiting *
sally_password_queue_place(struct sally_password_queue *q)
{
    struct sally_password_waiting *w = q->free;

    if (w != NULL)
        q->free = w->next;
    return w;
}

void sally_password_queue_give(struct sally_password_queue *q,
                               struct sally_password_waiting *w)
{
    sally_wipe(w, sizeof(*w));
    w->next = q->free;
    q->free = w;
}

void sally_password_queue_put(struct sally_password_queue *q,
                              struct sally_password_waiting *w)
{
    w->next = NULL;
    if (q->last == NULL)
        q->first = w;
    else
        q->last->next = w;
    q->last = w;
}

struct sally_password_waiting *
sally_password_queue_pick(struct sally_password_queue *q,
                          sally_password_wanted *wanted, const void *what)
{
    struct sally_password_waiting *before = NULL;

    for (struct sally_password_waiting *w = q->first; w != NULL;
         before = w, w = w->next) {
        if (wanted != NULL && !wanted(w, what))
            continue;
        if (before == NULL)
            q->first = w->next;
        else
            before->next = w->next;
        if (q->last == w)
            q->last = before;
        return w;
    }
    return NULL;
}
