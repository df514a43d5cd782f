/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/property.h - the properties of MQTT 5 packets. MQTT 5.0 s.2.2.2.
 *
 * A packet's properties are proved once, all of them: known, allowed where
 * they stand, none twice that may be there once, values in range, text in
 * UTF-8. What is wanted of them is then looked up where they lie; nothing is
 * copied.                                                                   */
#ifndef SALLY_MQTT_PROPERTY_H
#define SALLY_MQTT_PROPERTY_H

#include "base/cursor.h"
#include "base/error.h"
#include "base/writer.h"

#define SALLY_MQTT_PROPERTIES_MAX 1024    /* bytes of one packet's, or will's */
#define SALLY_MQTT_USER_PROPERTIES_MAX 32 /* of one packet, or will */

enum sally_mqtt_property {
    SALLY_MQTT_PAYLOAD_FORMAT = 0x01,
    SALLY_MQTT_MESSAGE_EXPIRY = 0x02, /* seconds */
    SALLY_MQTT_CONTENT_TYPE = 0x03,
    SALLY_MQTT_RESPONSE_TOPIC = 0x08,
    SALLY_MQTT_CORRELATION_DATA = 0x09,
    SALLY_MQTT_SUBSCRIPTION_ID = 0x0b,
    SALLY_MQTT_SESSION_EXPIRY = 0x11, /* seconds */
    SALLY_MQTT_ASSIGNED_CLIENT_ID = 0x12,
    SALLY_MQTT_SERVER_KEEP_ALIVE = 0x13, /* seconds */
    SALLY_MQTT_AUTH_METHOD = 0x15,
    SALLY_MQTT_AUTH_DATA = 0x16,
    SALLY_MQTT_WANTS_PROBLEMS = 0x17,
    SALLY_MQTT_WILL_DELAY = 0x18, /* seconds */
    SALLY_MQTT_WANTS_RESPONSES = 0x19,
    SALLY_MQTT_RESPONSE_INFORMATION = 0x1a,
    SALLY_MQTT_SERVER_REFERENCE = 0x1c,
    SALLY_MQTT_REASON_STRING = 0x1f,
    SALLY_MQTT_RECEIVE_MAXIMUM = 0x21,
    SALLY_MQTT_ALIAS_MAXIMUM = 0x22,
    SALLY_MQTT_TOPIC_ALIAS = 0x23,
    SALLY_MQTT_MAXIMUM_QOS = 0x24,
    SALLY_MQTT_RETAIN_AVAILABLE = 0x25,
    SALLY_MQTT_USER_PROPERTY = 0x26,
    SALLY_MQTT_MAXIMUM_PACKET = 0x27, /* bytes */
    SALLY_MQTT_WILDCARD_AVAILABLE = 0x28,
    SALLY_MQTT_SUBSCRIPTION_ID_AVAILABLE = 0x29,
    SALLY_MQTT_SHARED_AVAILABLE = 0x2a
};

/* Where properties stand: a packet by its type, or a will. */
#define SALLY_MQTT_IN_WILL 0

/* A proven list, or none. Borrows from the packet. */
struct sally_mqtt_properties {
    struct sally_span bytes; /* as they stand, without their length */
    uint64_t given;          /* bit n: property n is among them */
};

/* Takes the length and the properties that stand at the cursor. `place` is an
 * enum sally_mqtt_type or IN_WILL.
 *   TRUNCATED     a field runs past the end
 *   NOT_FOUND     unknown, or not allowed there
 *   WRONG_TYPE    text that is not UTF-8; a length in more bytes than needed
 *   DUPLICATE     there twice
 *   OUT_OF_RANGE  a value that the protocol forbids
 *   TOO_LARGE     more than the limits above
 * On failure *out is untouched.                                             */
enum sally_err
sally_mqtt_take_properties(struct sally_cursor *c, unsigned place,
                           struct sally_mqtt_properties *out) SALLY_MUST_USE;

static inline bool
sally_mqtt_has_property(const struct sally_mqtt_properties *p,
                        enum sally_mqtt_property which)
{
    return (p->given >> which & 1) != 0;
}

/* The value of a number, or `otherwise`; the bytes of text or data, or none. */
uint32_t sally_mqtt_property_number(const struct sally_mqtt_properties *p,
                                    enum sally_mqtt_property which,
                                    uint32_t otherwise);
struct sally_span
sally_mqtt_property_bytes(const struct sally_mqtt_properties *p,
                          enum sally_mqtt_property which);

/* Writing: one property, of its own type, without a length before the list. */
void sally_mqtt_put_number(struct sally_writer *w,
                           enum sally_mqtt_property which, uint32_t value);
void sally_mqtt_put_bytes(struct sally_writer *w,
                          enum sally_mqtt_property which,
                          struct sally_span value);

/* The length of a list, or of a packet: a variable byte integer, s.1.5.5. */
size_t sally_mqtt_length_size(size_t n);
void sally_mqtt_put_length(struct sally_writer *w, size_t n);

#endif
