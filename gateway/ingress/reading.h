/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/reading.h - a sensor's value to a resource's value, and a
 * resource's value to a sensor's word.                                      */
#ifndef SALLY_INGRESS_READING_H
#define SALLY_INGRESS_READING_H

#include "base/writer.h"
#include "decoders/decoder.h"

/* What `put` makes of a value.
 *
 * With `values` the word is looked up: the same text, or the same number ("21"
 * is 21 and 21.0). Otherwise numbers are read again as `as` says and become
 * value * scale / div + offset in double precision, or stay exact where none of
 * these is given; a fraction goes to the nearest whole number for a resource of
 * whole numbers; a boolean is true, false, 1, 0, on or off in any case; a time
 * is seconds since 1970, or a date with its zone (date.h). Text of a typed
 * format is not a number. Then the range of the rule and the registry's own are
 * checked.
 *   WRONG_TYPE    not of the resource's kind
 *   MALFORMED     text that does not read as one of its kind
 *   OUT_OF_RANGE  not among `values`, outside a range, or not finite
 * An opaque value is written to `scratch`, else it borrows from `in` or the
 * configuration.                                                            */
enum sally_err sally_reading_make(const struct sally_registry *registry,
                                  const struct sally_config_put *put,
                                  const struct sally_decoded *in,
                                  struct sally_buf *scratch,
                                  struct sally_lwm2m_value *out)
    SALLY_MUST_USE;

/* True if the value is what `word` says: the same text, or the same number,
 * or true or false.                                                         */
bool sally_reading_is(const struct sally_decoded *in, const char *word);

/* The word for a value of a command: by `values`, else as text, a boolean as
 * true or false. *is_text tells text of the server's own.
 *   OUT_OF_RANGE  outside the range or not among `values`
 *   WRONG_TYPE    not of the resource's type                                */
enum sally_err sally_reading_word(const struct sally_config_down *down,
                                  const struct sally_lwm2m_value *v,
                                  struct sally_buf *out,
                                  bool *is_text) SALLY_MUST_USE;

#endif
