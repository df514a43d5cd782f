/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/signal.c - signals as upcalls in the loop's own time. */
#include "loop/signal.h"

#include "loop/inside.h"

#include <stdlib.h>

struct sally_signals {
    struct sally_loop *loop;
    struct event event[SALLY_SIGNALS_MAX];
    size_t count;
    void (*on_signal)(void *owner, int number, sally_usec now);
    void *owner;
};

static void on_caught(evutil_socket_t number, short what, void *arg)
{
    struct sally_signals *s = arg;

    (void)what;
    s->on_signal(s->owner, number, sally_loop_wake(s->loop));
}

enum sally_err sally_signals_open(struct sally_signals **out,
                                  struct sally_loop *l, const int *numbers,
                                  size_t count,
                                  void (*on_signal)(void *owner, int number,
                                                    sally_usec now),
                                  void *owner)
{
    struct sally_signals *s;

    if (count > SALLY_SIGNALS_MAX)
        return SALLY_E_BAD_STATE;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return SALLY_E_NO_MEMORY;
    s->loop = l;
    s->on_signal = on_signal;
    s->owner = owner;
    for (; s->count < count; s->count++) {
        struct event *e = &s->event[s->count];

        evsignal_assign(e, l->base, numbers[s->count], on_caught, s);
        if (evsignal_add(e, NULL) != 0) {
            sally_signals_close(s);
            return SALLY_E_IO;
        }
    }
    *out = s;
    return SALLY_E_OK;
}

void sally_signals_close(struct sally_signals *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        evsignal_del(&s->event[i]);
    free(s);
}
