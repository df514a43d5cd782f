/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/writer.h - appends to a buf; the counterpart of the cursor.
 *
 * Put freely, check once: a put that does not fit sets `failed`, writes
 * nothing, and so does every put after it. Numbers go out in network byte
 * order. The short ones are here, since each message takes many of them.    */
#ifndef SALLY_BASE_WRITER_H
#define SALLY_BASE_WRITER_H

#include "base/error.h"
#include "base/span.h"

#include <string.h>

struct sally_writer {
    struct sally_buf *out; /* the caller's; appended to */
    bool failed;
};

static inline struct sally_writer sally_writer_into(struct sally_buf *out)
{
    return (struct sally_writer){ out, false };
}

/* `n` bytes that the caller fills in afterwards; NULL if they do not fit. */
static inline uint8_t *sally_put_gap(struct sally_writer *w, size_t n)
{
    uint8_t *gap;

    if (w->failed || n > w->out->room - w->out->len) {
        w->failed = true;
        return NULL;
    }
    gap = w->out->at + w->out->len;
    w->out->len += n;
    return gap;
}

static inline void sally_put_u8(struct sally_writer *w, uint8_t n)
{
    struct sally_buf *out = w->out;

    w->failed = w->failed || out->len >= out->room;
    if (!w->failed)
        out->at[out->len++] = n;
}
void sally_put_u16(struct sally_writer *w, uint16_t n);
void sally_put_u32(struct sally_writer *w, uint32_t n);
void sally_put_u64(struct sally_writer *w, uint64_t n);

/* The low `width` bytes of `n`, 0 to 8. */
void sally_put_uint(struct sally_writer *w, uint64_t n, size_t width);

static inline void sally_put(struct sally_writer *w, struct sally_span s)
{
    uint8_t *gap = sally_put_gap(w, s.len);

    if (gap != NULL && s.len != 0)
        memcpy(gap, s.at, s.len);
}
void sally_put_text(struct sally_writer *w, const char *text);

/* printf's conversions, without the terminating zero. */
void sally_put_format(struct sally_writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* `n` in decimal; the second with a minus sign if it is negative. */
void sally_put_decimal(struct sally_writer *w, uint64_t n);
void sally_put_integer(struct sally_writer *w, int64_t n);

/* OK, or NO_ROOM if any put failed. */
static inline enum sally_err sally_writer_end(const struct sally_writer *w)
{
    return w->failed ? SALLY_E_NO_ROOM : SALLY_E_OK;
}

#endif
