/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/path.c - takes a selector apart. */
#include "decoders/path.h"

#include "base/text.h"

/* "[2]..." at the front of `rest`. */
static bool take_index(struct sally_cursor *rest, size_t *out)
{
    uint64_t n = 0;

    (void)sally_take_u8(rest);
    if (sally_text_uint(sally_take_until(rest, ']'), &n) != SALLY_E_OK ||
        n >= SIZE_MAX)
        return false;
    *out = (size_t)n;
    return true;
}

/* A name ends at a dot, at a bracket, or with the selector. */
static struct sally_span take_name(struct sally_cursor *rest)
{
    size_t n = 0;

    while (n < rest->rest.len && rest->rest.at[n] != '.' &&
           rest->rest.at[n] != '[')
        n++;
    return sally_take(rest, n);
}

bool sally_path_next(struct sally_cursor *rest, struct sally_path_step *out)
{
    bool is = true;

    *out = (struct sally_path_step){ .item = sally_peek_u8(rest) == '[' };
    if (out->item)
        is = take_index(rest, &out->index);
    else
        out->name = take_name(rest);
    if (sally_peek_u8(rest) == '.')
        (void)sally_take_u8(rest);
    return is;
}
