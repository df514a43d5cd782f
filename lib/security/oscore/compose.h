/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/compose.h - a plain message to the text that is encrypted
 * and the message around it, and back. RFC 8613 s.4, s.5.3, s.6, s.8.       */
#ifndef SALLY_SECURITY_OSCORE_COMPOSE_H
#define SALLY_SECURITY_OSCORE_COMPOSE_H

#include "coap/message.h"
#include "security/object.h"
#include "security/oscore/option.h"

/* Appends the protected form of `plain` to `out`, its text not yet encrypted
 * and nothing behind it: `tag` bytes are left free in `out` for that. `value`
 * is the OSCORE option's. *text is where the text begins in `out`. MALFORMED:
 * already protected, or a Proxy-Uri that is no URI. NO_ROOM. *out is as it was
 * then.                                                                     */
enum sally_err sally_oscore_compose(const struct sally_coap_message *plain,
                                    enum sally_object_kind kind,
                                    struct sally_span value, size_t tag,
                                    struct sally_buf *out,
                                    size_t *text) SALLY_MUST_USE;

/* Finds the OSCORE option of a received message. UNEXPECTED: there is none.
 * MALFORMED: two of them, or an undecodable one. UNSUPPORTED: it asks us to
 * be a proxy.                                                               */
enum sally_err sally_oscore_outer(const struct sally_coap_message *outer,
                                  struct sally_oscore_option *out)
    SALLY_MUST_USE;

/* The inner message of the decrypted text, which it borrows from. No outer
 * option is taken along: who sent it is not known, and what may stand outside
 * only (Uri-Host, Uri-Port) means nothing to an endpoint. MALFORMED: the text
 * is no message of this direction.                                          */
enum sally_err sally_oscore_inner(const struct sally_coap_message *outer,
                                  struct sally_span text,
                                  struct sally_coap_message *out)
    SALLY_MUST_USE;

#endif
