/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/span.h - bytes that somebody else owns, and room to write bytes.
 *
 * A span borrows: it is valid as long as the memory it points into, which the
 * function that returns one states. A buf is a piece of memory with a fill
 * level; writers append to it and never run past `room`.                    */
#ifndef SALLY_BASE_SPAN_H
#define SALLY_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SALLY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of `type` that embeds what `at` points to as `member`. */
#define SALLY_OWNER(at, type, member) \
    ((type *)(void *)((char *)(at) - offsetof(type, member)))

struct sally_span {
    const uint8_t *at; /* may be NULL when len is 0 */
    size_t len;        /* bytes */
};

struct sally_buf {
    uint8_t *at;
    size_t len;  /* bytes written so far */
    size_t room; /* bytes in all */
};

/* A buf over a whole array, empty. */
#define SALLY_BUF(array) ((struct sally_buf){ (array), 0, sizeof(array) })

/* The bytes written so far; borrows from the buf's memory. */
static inline struct sally_span sally_buf_span(const struct sally_buf *b)
{
    return (struct sally_span){ b->at, b->len };
}

/* The characters of a C string without its zero; NULL gives an empty span. */
struct sally_span sally_span_of(const char *text);

/* `len` bytes from `from` on, cut to what is there. */
static inline struct sally_span sally_span_sub(struct sally_span s,
                                               size_t from, size_t len)
{
    if (from >= s.len)
        return (struct sally_span){ NULL, 0 };
    if (len > s.len - from)
        len = s.len - from;
    return (struct sally_span){ s.at + from, len };
}

bool sally_span_equal(struct sally_span a, struct sally_span b);
bool sally_span_is(struct sally_span a, const char *text);
bool sally_span_starts(struct sally_span a, struct sally_span prefix);

/* -1, 0, 1 like strcmp, shorter before longer; for sorted tables. */
int sally_span_order(struct sally_span a, struct sally_span b);

/* Copies to a zero-terminated string of `size` bytes. False, and an empty
 * string, if it does not fit or holds a zero byte.                          */
bool sally_span_text(struct sally_span s, char *out, size_t size);

#endif
