/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/codec/cbor.h - CBOR, read item by item and written piece by piece.
 * RFC 8949.
 *
 * Nothing here allocates. The reader follows arrays and maps itself and says
 * END where one ends, whether its length stood in front or not, so that a
 * caller reads both in the same way:
 *     while (sally_cbor_next(&c, &item) && item.type != SALLY_CBOR_END) ... */
#ifndef SALLY_CODEC_CBOR_H
#define SALLY_CODEC_CBOR_H

#include "base/cursor.h"
#include "base/error.h"
#include "base/writer.h"

#define SALLY_CBOR_DEPTH_MAX 16 /* arrays and maps inside each other */

enum sally_cbor_type {
    SALLY_CBOR_UNSIGNED,
    SALLY_CBOR_NEGATIVE,
    SALLY_CBOR_BYTES,
    SALLY_CBOR_TEXT, /* well-formed UTF-8 without U+0000 */
    SALLY_CBOR_ARRAY,
    SALLY_CBOR_MAP,
    SALLY_CBOR_END, /* of the innermost array or map */
    SALLY_CBOR_BOOLEAN,
    SALLY_CBOR_NULL, /* or undefined */
    SALLY_CBOR_REAL  /* half, single or double; may be NaN or infinite */
};

struct sally_cbor_item {
    enum sally_cbor_type type;
    uint64_t number; /* UNSIGNED; NEGATIVE: the value is -1 - number */
    double real;
    bool boolean;
    struct sally_span bytes; /* BYTES, TEXT: borrowed from the input */
};

struct sally_cbor {
    struct sally_cursor in;
    enum sally_err error; /* OK until the first failure; then it stays */
    bool begun;
    size_t depth;
    struct sally_cbor_level {
        uint64_t left; /* items still to come, unless open */
        bool open;     /* ends with a break */
        bool map;
        bool odd; /* open map: a value must follow */
    } levels[SALLY_CBOR_DEPTH_MAX];
};

struct sally_cbor sally_cbor_over(struct sally_span s);

/* Takes the next item of the one that the span holds. Tags are skipped. False
 * after the last one, and after a failure:
 *   TRUNCATED    the span ends first, or a length is more than is left of it
 *   MALFORMED    not well-formed (RFC 8949 app. C), or text is not UTF-8
 *   TOO_LARGE    deeper than SALLY_CBOR_DEPTH_MAX
 *   UNSUPPORTED  a string in chunks, which cannot be lent in one piece      */
bool sally_cbor_next(struct sally_cbor *c, struct sally_cbor_item *out);

/* Takes what is left of `item`, just taken: all up to the END of an array or
 * map, nothing of other items. False after a failure.                       */
bool sally_cbor_skip(struct sally_cbor *c, const struct sally_cbor_item *item);

/* OK when one whole item was taken and nothing follows it; the error; or
 * MALFORMED for what follows, TRUNCATED for what was not taken.             */
enum sally_err sally_cbor_end(const struct sally_cbor *c) SALLY_MUST_USE;

/* Writing: every head in its shortest form. */
void sally_put_cbor_unsigned(struct sally_writer *w, uint64_t n);
void sally_put_cbor_integer(struct sally_writer *w, int64_t n);
void sally_put_cbor_bytes(struct sally_writer *w, struct sally_span bytes);
void sally_put_cbor_text(struct sally_writer *w, struct sally_span text);
void sally_put_cbor_array(struct sally_writer *w, size_t items);
void sally_put_cbor_map(struct sally_writer *w, size_t pairs);
void sally_put_cbor_boolean(struct sally_writer *w, bool b);
void sally_put_cbor_null(struct sally_writer *w);

/* Half, single or double: the shortest that reads back as `n`, except that
 * numbers below 2^-14 are never written as half.                            */
void sally_put_cbor_real(struct sally_writer *w, double n);

#endif
