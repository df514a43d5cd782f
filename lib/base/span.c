/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/span.c - comparing, cutting and copying borrowed bytes. */
#include "base/span.h"

#include <string.h>

struct sally_span sally_span_of(const char *text)
{
    return (struct sally_span){ (const uint8_t *)text,
                                text == NULL ? 0 : strlen(text) };
}

int sally_span_order(struct sally_span a, struct sally_span b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared == 0 ? 0 : memcmp(a.at, b.at, shared);

    if (order != 0)
        return order < 0 ? -1 : 1;
    return (a.len > b.len) - (a.len < b.len);
}

bool sally_span_equal(struct sally_span a, struct sally_span b)
{
    return a.len == b.len && sally_span_order(a, b) == 0;
}

bool sally_span_is(struct sally_span a, const char *text)
{
    return sally_span_equal(a, sally_span_of(text));
}

bool sally_span_starts(struct sally_span a, struct sally_span prefix)
{
    return a.len >= prefix.len &&
           sally_span_equal((struct sally_span){ a.at, prefix.len }, prefix);
}

bool sally_span_text(struct sally_span s, char *out, size_t size)
{
    if (size == 0)
        return false;
    out[0] = '\0';
    if (s.len >= size || (s.len != 0 && memchr(s.at, 0, s.len) != NULL))
        return false;
    if (s.len != 0)
        memcpy(out, s.at, s.len);
    out[s.len] = '\0';
    return true;
}
