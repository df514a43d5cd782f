/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/text.h - numbers, hexadecimal and UTF-8 as they stand in text.
 *
 * Independent of the locale: a decimal point is always a point.             */
#ifndef SALLY_BASE_TEXT_H
#define SALLY_BASE_TEXT_H

#include "base/error.h"
#include "base/span.h"

/* The whole span as a decimal whole number with an optional sign. MALFORMED
 * if anything else stands there, OUT_OF_RANGE if it does not fit.           */
enum sally_err sally_text_int(struct sally_span s,
                              int64_t *out) SALLY_MUST_USE;
enum sally_err sally_text_uint(struct sally_span s,
                               uint64_t *out) SALLY_MUST_USE;

/* The whole span as a decimal number, optional fraction and exponent. Not
 * accepted: hexadecimal, infinity, NaN, white space. OUT_OF_RANGE if it is
 * not finite as a double.                                                   */
enum sally_err sally_text_real(struct sally_span s, double *out) SALLY_MUST_USE;

/* Decimal text that reads back as the same double, rounded to as few digits
 * as do that; zero-terminated. `out` has at least SALLY_REAL_TEXT bytes.
 * Returns the length.                                                       */
#define SALLY_REAL_TEXT 32
size_t sally_text_from_real(double value, char *out);

/* Pairs of hexadecimal digits to bytes, appended. MALFORMED, NO_ROOM. */
enum sally_err sally_text_hex(struct sally_span s,
                              struct sally_buf *out) SALLY_MUST_USE;

/* Lower-case digits, zero-terminated; cut to what fits `size`. */
void sally_text_to_hex(struct sally_span s, char *out, size_t size);

/* Well-formed UTF-8 without U+0000 and surrogates (RFC 3629). */
bool sally_text_is_utf8(struct sally_span s);

/* Without white space at either end. */
struct sally_span sally_text_trim(struct sally_span s);

#endif
