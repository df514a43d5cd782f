/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/replay.c - a window of sequence numbers. */
#include "security/oscore/replay.h"

#define BIT(n) (UINT64_C(1) << (n))

enum sally_err sally_oscore_window_check(const struct sally_oscore_window *w,
                                         uint64_t number)
{
    uint64_t behind;

    if (w->state != SALLY_WINDOW_KNOWN || number > w->highest)
        return SALLY_E_OK;
    behind = w->highest - number;
    if (behind >= SALLY_OSCORE_WINDOW || (w->seen & BIT(behind)) != 0)
        return SALLY_E_REPLAYED;
    return SALLY_E_OK;
}

void sally_oscore_window_accept(struct sally_oscore_window *w, uint64_t number)
{
    uint64_t ahead;

    if (w->state == SALLY_WINDOW_EMPTY) {
        w->state = SALLY_WINDOW_KNOWN;
        w->highest = number;
        w->seen = 1;
        return;
    }
    if (number <= w->highest) {
        w->seen |= BIT(w->highest - number);
        return;
    }
    ahead = number - w->highest;
    /* A shift by the width of the word or more is not defined. */
    w->seen = ahead < SALLY_OSCORE_WINDOW ? w->seen << ahead | 1 : 1;
    w->highest = number;
}

void sally_oscore_window_begin(struct sally_oscore_window *w, uint64_t number)
{
    w->state = SALLY_WINDOW_KNOWN;
    w->highest = number;
    w->seen = UINT64_MAX;
}
