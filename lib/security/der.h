/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/der.h - takes DER elements off a cursor. X.690 s.8, s.10.
 *
 * Strict: lengths in their shortest form, low tag numbers only, nothing of
 * indefinite length. What does not fit makes the cursor fail, like any take
 * past its end.                                                             */
#ifndef SALLY_SECURITY_DER_H
#define SALLY_SECURITY_DER_H

#include "base/cursor.h"

enum sally_der_tag {
    SALLY_DER_BOOLEAN = 0x01,
    SALLY_DER_INTEGER = 0x02,
    SALLY_DER_BITS = 0x03,
    SALLY_DER_OCTETS = 0x04,
    SALLY_DER_NULL = 0x05,
    SALLY_DER_OID = 0x06,
    SALLY_DER_UTC_TIME = 0x17,
    SALLY_DER_TIME = 0x18,
    SALLY_DER_SEQUENCE = 0x30,
    SALLY_DER_SET = 0x31
};

/* The content of the next element, which has this tag. */
struct sally_span sally_der_take(struct sally_cursor *c, uint8_t tag);

/* The same, header included. */
struct sally_span sally_der_take_whole(struct sally_cursor *c, uint8_t tag);

/* The content of the next element, whatever its tag. */
struct sally_span sally_der_take_any(struct sally_cursor *c, uint8_t *tag);

/* Whether the next element has this tag; takes nothing. */
bool sally_der_is(const struct sally_cursor *c, uint8_t tag);

/* A bit string of whole bytes. */
struct sally_span sally_der_take_bits(struct sally_cursor *c);

/* The content of the next element as a cursor of its own, which has failed if
 * `c` has.                                                                  */
struct sally_cursor sally_der_enter(struct sally_cursor *c, uint8_t tag);

/* A number that is not negative and fits. */
uint64_t sally_der_take_uint(struct sally_cursor *c);

/* DEFAULT FALSE: false if there is none. */
bool sally_der_take_flag(struct sally_cursor *c);

/* UTCTime or GeneralizedTime in the form of RFC 5280 s.4.1.2.5, as seconds
 * since 1970. Times before 1970 are 0.                                      */
uint64_t sally_der_take_time(struct sally_cursor *c);

#endif
