/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/codec/json_check.h - the words of a JSON text, before it is parsed. */
#ifndef SALLY_CODEC_JSON_CHECK_H
#define SALLY_CODEC_JSON_CHECK_H

#include "base/error.h"
#include "base/span.h"

/* Checks what the parser is lenient about: every word outside strings is a
 * number, a literal name or punctuation of RFC 8259; brackets are not nested
 * deeper than `depth`; strings hold no control character and no U+0000; no
 * comma stands before a closing bracket. Whether the words stand in the right
 * order is left to the parser. MALFORMED, TOO_LARGE, TRUNCATED (inside a
 * string), OUT_OF_RANGE.                                                    */
enum sally_err sally_json_check(struct sally_span text,
                                size_t depth) SALLY_MUST_USE;

#endif
