/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/cursor.h - a bounded reader with a sticky failure.
 *
 * Take freely, check once: a take past the end sets `failed` and gives zeros
 * or an empty span, and so does every take after it. The one rule: look at
 * `failed` before a taken value steers a loop or is stored. Numbers are in
 * network byte order.                                                       */
#ifndef SALLY_BASE_CURSOR_H
#define SALLY_BASE_CURSOR_H

#include "base/span.h"

struct sally_cursor {
    struct sally_span rest; /* what has not been taken yet */
    bool failed;
};

struct sally_cursor sally_cursor_over(struct sally_span s);

uint8_t sally_take_u8(struct sally_cursor *c);
uint16_t sally_take_u16(struct sally_cursor *c);
uint32_t sally_take_u32(struct sally_cursor *c);
uint64_t sally_take_u64(struct sally_cursor *c);

/* `width` bytes, 0 to 8, as one unsigned number. */
uint64_t sally_take_uint(struct sally_cursor *c, size_t width);

/* The next `len` bytes; borrows from the span the cursor stands over. */
struct sally_span sally_take(struct sally_cursor *c, size_t len);

/* All that is left. */
struct sally_span sally_take_rest(struct sally_cursor *c);

/* The next byte without taking it; 0 at the end, which is not a failure. */
uint8_t sally_peek_u8(const struct sally_cursor *c);

/* Takes up to and including the first `stop`; gives what stood before it, or
 * all the rest if there is no `stop`. Never fails.                          */
struct sally_span sally_take_until(struct sally_cursor *c, uint8_t stop);

/* True when everything was taken and no take failed. */
bool sally_cursor_done(const struct sally_cursor *c);

#endif
