/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/codec/base64.h - bytes as text in 64 characters. RFC 4648 s.4, s.5.
 *
 * Reading is strict: no white space, no foreign character, and the unused
 * bits of the last character are zero, so that every byte string has exactly
 * one text (s.3.5).                                                         */
#ifndef SALLY_CODEC_BASE64_H
#define SALLY_CODEC_BASE64_H

#include "base/error.h"
#include "base/span.h"
#include "base/writer.h"

/* The ordinary alphabet, padded with "=". */
void sally_put_base64(struct sally_writer *w, struct sally_span bytes);

/* The URL-safe alphabet without padding, as SenML wants it (RFC 8428 s.4.3). */
void sally_put_base64url(struct sally_writer *w, struct sally_span bytes);

/* Appends the bytes to `out`. Padding must be there, and be right. MALFORMED;
 * NO_ROOM. On failure `out` is as it was.                                   */
enum sally_err sally_base64_decode(struct sally_span text,
                                   struct sally_buf *out) SALLY_MUST_USE;

/* The same for the URL-safe alphabet; right padding may be there or not. */
enum sally_err sally_base64url_decode(struct sally_span text,
                                      struct sally_buf *out) SALLY_MUST_USE;

#endif
