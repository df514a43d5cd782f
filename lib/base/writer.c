/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/writer.c - the only place where output is appended. */
#include "base/writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sally_put_text(struct sally_writer *w, const char *text)
{
    sally_put(w, sally_span_of(text));
}

void sally_put_uint(struct sally_writer *w, uint64_t n, size_t width)
{
    uint8_t *gap = sally_put_gap(w, width);

    if (gap == NULL)
        return;
    for (size_t i = width; i > 0; i--) {
        gap[i - 1] = (uint8_t)n;
        n >>= 8;
    }
}

void sally_put_u16(struct sally_writer *w, uint16_t n)
{
    sally_put_uint(w, n, 2);
}

void sally_put_u32(struct sally_writer *w, uint32_t n)
{
    sally_put_uint(w, n, 4);
}

void sally_put_u64(struct sally_writer *w, uint64_t n)
{
    sally_put_uint(w, n, 8);
}

void sally_put_format(struct sally_writer *w, const char *format, ...)
{
    char text[256];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(text)) {
        w->failed = true;
        return;
    }
    sally_put(w, (struct sally_span){ (const uint8_t *)text, (size_t)n });
}

void sally_put_decimal(struct sally_writer *w, uint64_t n)
{
    uint8_t digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (uint8_t)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    sally_put(w, (struct sally_span){ digits + at, sizeof(digits) - at });
}

void sally_put_integer(struct sally_writer *w, int64_t n)
{
    if (n >= 0) {
        sally_put_decimal(w, (uint64_t)n);
        return;
    }
    sally_put_u8(w, '-');
    sally_put_decimal(w, (uint64_t)-(n + 1) + 1); /* INT64_MIN has no -n */
}
