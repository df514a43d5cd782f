/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/cursor.c - the only place where received bytes are stepped over. */
#include "base/cursor.h"

#include <string.h>

uint64_t sally_take_uint(struct sally_cursor *c, size_t width)
{
    struct sally_span s = sally_take(c, width);
    uint64_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n = n << 8 | s.at[i];
    return n;
}

uint16_t sally_take_u16(struct sally_cursor *c)
{
    return (uint16_t)sally_take_uint(c, 2);
}

uint32_t sally_take_u32(struct sally_cursor *c)
{
    return (uint32_t)sally_take_uint(c, 4);
}

uint64_t sally_take_u64(struct sally_cursor *c)
{
    return sally_take_uint(c, 8);
}

void sally_take_into(struct sally_cursor *c, void *out, size_t len)
{
    struct sally_span s = sally_take(c, len);

    if (s.len != 0)
        memcpy(out, s.at, s.len);
    else
        memset(out, 0, len);
}

struct sally_span sally_take_until(struct sally_cursor *c, uint8_t stop)
{
    const uint8_t *hit =
        c->rest.len == 0 ? NULL : memchr(c->rest.at, stop, c->rest.len);
    struct sally_span before;

    if (c->failed || hit == NULL)
        return sally_take_rest(c);
    before = sally_take(c, (size_t)(hit - c->rest.at));
    (void)sally_take_u8(c);
    return before;
}
