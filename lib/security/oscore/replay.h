/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/replay.h - which sequence numbers of the peer were seen.
 * RFC 8613 s.7.4.
 *
 * Two steps: check before a message is decrypted, accept once its tag has been
 * verified. What a forged message says never moves the window.              */
#ifndef SALLY_SECURITY_OSCORE_REPLAY_H
#define SALLY_SECURITY_OSCORE_REPLAY_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define SALLY_OSCORE_WINDOW 64 /* numbers */

enum sally_oscore_window_state {
    SALLY_WINDOW_EMPTY,   /* nothing was ever received under these keys */
    SALLY_WINDOW_UNKNOWN, /* something may have been: RFC 8613 B.1.2 */
    SALLY_WINDOW_KNOWN
};

struct sally_oscore_window {
    enum sally_oscore_window_state state;
    uint64_t highest; /* accepted so far */
    uint64_t seen;    /* bit i: highest - i was accepted */
};

/* OK, or REPLAYED: accepted before, or too far below. UNKNOWN: always OK. */
enum sally_err sally_oscore_window_check(const struct sally_oscore_window *w,
                                         uint64_t number) SALLY_MUST_USE;

/* Notes a number that passed the check. */
void sally_oscore_window_accept(struct sally_oscore_window *w, uint64_t number);

/* `number` is proved to be fresh: nothing below it counts from now on. */
void sally_oscore_window_begin(struct sally_oscore_window *w, uint64_t number);

#endif
