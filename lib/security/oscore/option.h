/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/option.h - the OSCORE option, and which options go where.
 * RFC 8613 s.4.1, s.6.1.                                                    */
#ifndef SALLY_SECURITY_OSCORE_OPTION_H
#define SALLY_SECURITY_OSCORE_OPTION_H

#include "base/error.h"
#include "base/writer.h"

#define SALLY_OSCORE_PIV_MAX 5 /* bytes of a Partial IV */

/* What the option says. The spans borrow from the message. */
struct sally_oscore_option {
    struct sally_span piv; /* 0 to 5 bytes; none: 0 bytes */
    struct sally_span kid, kid_context;
    bool has_kid, has_kid_context; /* one of no bytes is not the same as none */
};

/* MALFORMED: reserved bits or lengths, fields beyond the end, bytes after it,
 * a Partial IV that is not in its shortest form; *out is untouched then.    */
enum sally_err
sally_oscore_option_decode(struct sally_span value,
                           struct sally_oscore_option *out) SALLY_MUST_USE;

/* Appends the option's value; nothing when all is absent. */
void sally_oscore_option_encode(struct sally_writer *w,
                                const struct sally_oscore_option *o);

/* The shortest form of a sequence number, at the end of `room`. */
struct sally_span sally_oscore_piv(uint64_t number,
                                   uint8_t room[SALLY_OSCORE_PIV_MAX]);
uint64_t sally_oscore_piv_number(struct sally_span piv);

/* Where an option of a message that is protected here goes. E, inside, is what
 * is not listed. An option that may be in both places (Block, Size, Max-Age,
 * Echo, No-Response, Request-Tag) is inside: nothing outside is ours.       */
enum sally_oscore_class {
    SALLY_OSCORE_E,
    SALLY_OSCORE_U,
    SALLY_OSCORE_BOTH,  /* Observe */
    SALLY_OSCORE_NEVER, /* OSCORE: protected already */
};
#define SALLY_OSCORE_CLASSES 40 /* numbers, from 0 on; all others are E */
extern const uint8_t sally_oscore_classes[SALLY_OSCORE_CLASSES];
static inline enum sally_oscore_class sally_oscore_class(uint16_t number)
{
    return number < SALLY_OSCORE_CLASSES
               ? (enum sally_oscore_class)sally_oscore_classes[number]
               : SALLY_OSCORE_E;
}

#endif
