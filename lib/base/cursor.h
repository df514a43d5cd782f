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

static inline struct sally_cursor sally_cursor_over(struct sally_span s)
{
    return (struct sally_cursor){ s, false };
}

static inline uint8_t sally_take_u8(struct sally_cursor *c)
{
    c->failed = c->failed || c->rest.len == 0;
    if (c->failed)
        return 0;
    c->rest.len--;
    return *c->rest.at++;
}
uint16_t sally_take_u16(struct sally_cursor *c);
uint32_t sally_take_u32(struct sally_cursor *c);
uint64_t sally_take_u64(struct sally_cursor *c);

/* `width` bytes, 0 to 8, as one unsigned number. */
uint64_t sally_take_uint(struct sally_cursor *c, size_t width);

/* The next `len` bytes; borrows from the span the cursor stands over. */
static inline struct sally_span sally_take(struct sally_cursor *c, size_t len)
{
    struct sally_span taken = { NULL, 0 };

    if (c->failed || len > c->rest.len) {
        c->failed = true;
        return taken;
    }
    if (len == 0)
        return taken;
    taken = (struct sally_span){ c->rest.at, len };
    c->rest.at += len;
    c->rest.len -= len;
    return taken;
}

/* Copies the next `len` bytes to `out`; zeros if there are not so many. */
void sally_take_into(struct sally_cursor *c, void *out, size_t len);

/* All that is left. */
static inline struct sally_span sally_take_rest(struct sally_cursor *c)
{
    return sally_take(c, c->failed ? 0 : c->rest.len);
}

/* The next byte without taking it; 0 at the end, which is not a failure. */
static inline uint8_t sally_peek_u8(const struct sally_cursor *c)
{
    return c->failed || c->rest.len == 0 ? 0 : c->rest.at[0];
}

/* Takes up to and including the first `stop`; gives what stood before it, or
 * all the rest if there is no `stop`. Never fails.                          */
struct sally_span sally_take_until(struct sally_cursor *c, uint8_t stop);

/* True when everything was taken and no take failed. */
static inline bool sally_cursor_done(const struct sally_cursor *c)
{
    return !c->failed && c->rest.len == 0;
}

#endif
