/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/writer.h - appends to a buf; the counterpart of the cursor.
 *
 * Put freely, check once: a put that does not fit sets `failed`, writes
 * nothing, and so does every put after it. Numbers go out in network byte
 * order.                                                                    */
#ifndef SALLY_BASE_WRITER_H
#define SALLY_BASE_WRITER_H

#include "base/error.h"
#include "base/span.h"

struct sally_writer {
    struct sally_buf *out; /* the caller's; appended to */
    bool failed;
};

struct sally_writer sally_writer_into(struct sally_buf *out);

void sally_put_u8(struct sally_writer *w, uint8_t n);
void sally_put_u16(struct sally_writer *w, uint16_t n);
void sally_put_u32(struct sally_writer *w, uint32_t n);
void sally_put_u64(struct sally_writer *w, uint64_t n);

/* The low `width` bytes of `n`, 0 to 8. */
void sally_put_uint(struct sally_writer *w, uint64_t n, size_t width);

void sally_put(struct sally_writer *w, struct sally_span s);
void sally_put_text(struct sally_writer *w, const char *text);

/* printf's conversions, without the terminating zero. */
void sally_put_format(struct sally_writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* `n` in decimal; the second with a minus sign if it is negative. */
void sally_put_decimal(struct sally_writer *w, uint64_t n);
void sally_put_integer(struct sally_writer *w, int64_t n);

/* `n` bytes that the caller fills in afterwards; NULL if they do not fit. */
uint8_t *sally_put_gap(struct sally_writer *w, size_t n);

/* OK, or NO_ROOM if any put failed. */
enum sally_err sally_writer_end(const struct sally_writer *w) SALLY_MUST_USE;

#endif
