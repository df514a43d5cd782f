/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/packet.h - MQTT control packets to and from bytes. MQTT 3.1.1 and
 * 5.0, s.2 and s.3, and 3.1 where only the protocol name differs.
 *
 * Pure: no allocation, no clock, no state. A packet is a fixed header and a
 * body; the caller makes sure that the whole body is there before it asks for
 * the meaning. Every span borrows from the parsed bytes.
 *
 * Strict where the specification is: what it calls a protocol violation is an
 * error here. A peer that speaks 3.1.1 is owed a closed connection then, and
 * never an answer; one that speaks 5 the word of sally_mqtt_reason_of().     */
#ifndef SALLY_MQTT_PACKET_H
#define SALLY_MQTT_PACKET_H

#include "base/cursor.h"
#include "base/error.h"
#include "base/span.h"
#include "base/writer.h"
#include "mqtt/property.h"

#define SALLY_MQTT_HEADER_MAX 5 /* bytes of a fixed header */

enum sally_mqtt_type {
    SALLY_MQTT_CONNECT = 1,
    SALLY_MQTT_CONNACK,
    SALLY_MQTT_PUBLISH,
    SALLY_MQTT_PUBACK,
    SALLY_MQTT_PUBREC,
    SALLY_MQTT_PUBREL,
    SALLY_MQTT_PUBCOMP,
    SALLY_MQTT_SUBSCRIBE,
    SALLY_MQTT_SUBACK,
    SALLY_MQTT_UNSUBSCRIBE,
    SALLY_MQTT_UNSUBACK,
    SALLY_MQTT_PINGREQ,
    SALLY_MQTT_PINGRESP,
    SALLY_MQTT_DISCONNECT,
    SALLY_MQTT_AUTH /* 5 only */
};

/* CONNACK return codes, s.3.2.2.3. */
enum {
    SALLY_MQTT_ACCEPTED,
    SALLY_MQTT_REFUSED_VERSION,
    SALLY_MQTT_REFUSED_CLIENT_ID,
    SALLY_MQTT_REFUSED_UNAVAILABLE,
    SALLY_MQTT_REFUSED_CREDENTIALS, /* not used: it tells user from password */
    SALLY_MQTT_REFUSED_NOT_AUTHORIZED
};

#define SALLY_MQTT_SUBACK_FAILURE 0x80

/* Reason codes of version 5, s.2.4; from 0x80 on, failures. */
enum sally_mqtt_reason {
    SALLY_MQTT_SUCCESS = 0x00,
    SALLY_MQTT_WITH_WILL = 0x04, /* a DISCONNECT that wants the will sent */
    SALLY_MQTT_NO_SUBSCRIPTION = 0x11,
    SALLY_MQTT_MALFORMED = 0x81,
    SALLY_MQTT_PROTOCOL_ERROR = 0x82,
    SALLY_MQTT_BAD_VERSION = 0x84,
    SALLY_MQTT_BAD_CLIENT_ID = 0x85,
    SALLY_MQTT_NOT_AUTHORIZED = 0x87,
    SALLY_MQTT_BUSY = 0x89,
    SALLY_MQTT_BANNED = 0x8a,
    SALLY_MQTT_BAD_AUTH_METHOD = 0x8c,
    SALLY_MQTT_KEEP_ALIVE_TIMEOUT = 0x8d,
    SALLY_MQTT_TAKEN_OVER = 0x8e,
    SALLY_MQTT_BAD_FILTER = 0x8f,
    SALLY_MQTT_BAD_TOPIC = 0x90,
    SALLY_MQTT_ID_NOT_FOUND = 0x92,
    SALLY_MQTT_RECEIVE_EXCEEDED = 0x93,
    SALLY_MQTT_BAD_ALIAS = 0x94,
    SALLY_MQTT_PACKET_TOO_LARGE = 0x95,
    SALLY_MQTT_QUOTA_EXCEEDED = 0x97,
    SALLY_MQTT_ADMINISTRATIVE = 0x98,
    SALLY_MQTT_BAD_PAYLOAD_FORMAT = 0x99,
    SALLY_MQTT_NO_SHARED = 0x9e,
    SALLY_MQTT_NO_SUBSCRIPTION_IDS = 0xa1
};

/* What a peer that speaks 5 is told about an error of a parser below. */
enum sally_mqtt_reason sally_mqtt_reason_of(enum sally_err e);

struct sally_mqtt_header {
    uint8_t type;  /* 0 to 15: enum sally_mqtt_type, or what the peer sent */
    uint8_t flags; /* low four bits of the first byte */
    size_t header; /* bytes of the fixed header, 2 to 5 */
    size_t body;   /* bytes that follow it: the "remaining length" */
};

/* A message; also a will, whose dup and packet_id are 0. */
struct sally_mqtt_publish {
    struct sally_span topic, payload; /* no topic: see its alias (5 only) */
    struct sally_mqtt_properties properties; /* 5 only */
    uint16_t packet_id; /* 0 for QoS 0 */
    uint8_t qos;        /* 0 to 2 */
    bool dup, retain;
    bool v5;
};

/* What a CONNECT announced itself to be. */
enum sally_mqtt_protocol {
    SALLY_MQTT_3_1,         /* "MQIsdp", level 3 */
    SALLY_MQTT_3_1_1,       /* "MQTT", level 4 */
    SALLY_MQTT_5,           /* "MQTT", level 5 */
    SALLY_MQTT_UNKNOWN_OLD, /* "MQIsdp" with another level */
    SALLY_MQTT_UNKNOWN_NEW, /* "MQTT" with another level */
    SALLY_MQTT_NOT_MQTT     /* another name, or no level */
};

struct sally_mqtt_connect {
    struct sally_span client_id; /* may be empty */
    struct sally_span username, password; /* empty if not given */
    struct sally_mqtt_properties properties; /* 5 only */
    bool has_username, has_password, has_will, clean;
    bool v5;
    uint16_t keep_alive; /* seconds; 0: none asked for */
    struct sally_mqtt_publish will;
};

/* What answers a PUBLISH or a step of QoS 2, or a SUBACK's first part. */
struct sally_mqtt_ack {
    uint16_t packet_id;
    uint8_t reason; /* SUCCESS where none was given */
    struct sally_mqtt_properties properties;
};

struct sally_mqtt_connack {
    bool present; /* the server knows the session */
    uint8_t code; /* a return code, or a reason in version 5 */
    struct sally_mqtt_properties properties;
};

/* Options of a filter: the QoS, and in version 5 these. */
#define SALLY_MQTT_OPTION_QOS 0x03
#define SALLY_MQTT_OPTION_NO_LOCAL 0x04
#define SALLY_MQTT_OPTION_AS_PUBLISHED 0x08
#define SALLY_MQTT_OPTION_RETAIN_HANDLING 0x30

/* The filters of a SUBSCRIBE or UNSUBSCRIBE, proven well-formed. */
struct sally_mqtt_filters {
    struct sally_cursor left;
    struct sally_mqtt_properties properties; /* 5 only */
    uint16_t packet_id;
    size_t count;
    bool with_options; /* SUBSCRIBE */
};

/* Reads a fixed header, s.2.2, without asking what the type allows.
 *   PENDING    the header is not complete yet
 *   MALFORMED  the remaining length takes more than four bytes             */
enum sally_err sally_mqtt_header(struct sally_span bytes,
                                 struct sally_mqtt_header *out) SALLY_MUST_USE;

/* Reads the body of a CONNECT, s.3.1.
 *   UNSUPPORTED  the level is none that we speak; only *protocol is set
 *   MALFORMED    protocol name; reserved flag; will QoS 3; will QoS or retain
 *                without will; password without user name (5 allows it); text
 *                that is not UTF-8; client id with control characters; will
 *                topic that is no topic; bytes after the last field
 *   TRUNCATED    a field runs past the end
 *   NOT_ALLOWED  5 only: the client id, where it is not UTF-8 or has control
 *                characters
 *   NOT_FOUND, WRONG_TYPE, DUPLICATE, OUT_OF_RANGE, TOO_LARGE: a property
 * *protocol is set in every case.                                           */
enum sally_err
sally_mqtt_parse_connect(struct sally_span body,
                         enum sally_mqtt_protocol *protocol,
                         struct sally_mqtt_connect *out) SALLY_MUST_USE;

enum sally_err
sally_mqtt_parse_connack(struct sally_span body, bool v5,
                         struct sally_mqtt_connack *out) SALLY_MUST_USE;

/* Reads a PUBLISH, s.3.3, of any QoS. The topic may still be too long or too
 * deep to be of use. MALFORMED: QoS 3, DUP with QoS 0, topic that is no topic,
 * or none without an alias; packet id 0, which is OUT_OF_RANGE in version 5.
 * OUT_OF_RANGE, too: a response topic with a wildcard. TRUNCATED; the errors
 * of properties.                                                            */
enum sally_err
sally_mqtt_parse_publish(uint8_t flags, struct sally_span body, bool v5,
                         struct sally_mqtt_publish *out) SALLY_MUST_USE;

/* Reads a body that is one packet id: all that PUBACK to PUBCOMP are before
 * version 5. MALFORMED: id 0, more bytes. TRUNCATED.                        */
enum sally_err sally_mqtt_parse_id(struct sally_span body,
                                   uint16_t *id) SALLY_MUST_USE;

/* Reads a PUBACK, PUBREC, PUBREL or PUBCOMP (s.3.4 to s.3.7) of either
 * version. As above; in version 5 id 0 is OUT_OF_RANGE, and a reason that the
 * packet does not have.                                                     */
enum sally_err sally_mqtt_parse_ack(enum sally_mqtt_type type,
                                    struct sally_span body, bool v5,
                                    struct sally_mqtt_ack *out) SALLY_MUST_USE;

/* Reads a SUBACK, or an UNSUBACK; *codes is one byte a filter (an UNSUBACK
 * before version 5 has none). MALFORMED, TRUNCATED, OUT_OF_RANGE.           */
enum sally_err
sally_mqtt_parse_suback(enum sally_mqtt_type type, struct sally_span body,
                        bool v5, struct sally_mqtt_ack *out,
                        struct sally_span *codes) SALLY_MUST_USE;

/* Reads a DISCONNECT: reason and properties, both 5 only; packet_id is 0. */
enum sally_err
sally_mqtt_parse_disconnect(struct sally_span body, bool v5,
                            struct sally_mqtt_ack *out) SALLY_MUST_USE;

/* Reads a SUBSCRIBE (s.3.8) or UNSUBSCRIBE (s.3.10) and proves each filter
 * and its options. MALFORMED: id 0, no filter, bad filter, QoS above 2. In
 * version 5 id 0, none, QoS 3 and retain handling 3 are OUT_OF_RANGE, and so is
 * a shared one with No Local; reserved bits are MALFORMED. TRUNCATED; the
 * errors of properties.                                                     */
enum sally_err
sally_mqtt_parse_filters(enum sally_mqtt_type type, struct sally_span body,
                         bool v5, struct sally_mqtt_filters *out)
    SALLY_MUST_USE;

/* The next filter of a proven list; *options 0 for an UNSUBSCRIBE. False at
 * the end.                                                                  */
bool sally_mqtt_next_filter(struct sally_mqtt_filters *list,
                            struct sally_span *filter, uint8_t *options);

/* Writing. A packet that does not fit fails the writer and leaves nothing of
 * itself behind only if the caller checks the room before: see
 * sally_mqtt_packet_size().                                                 */
void sally_mqtt_put_header(struct sally_writer *w, enum sally_mqtt_type type,
                           uint8_t flags, size_t body);
void sally_mqtt_put_connack(struct sally_writer *w, bool present,
                            uint8_t code); /* 3.1.1 */

/* Version 5: a CONNACK with its properties, as sally_mqtt_put_number() and
 * _put_bytes() make them; PUBACK to PUBCOMP, and DISCONNECT, with a reason. */
void sally_mqtt_put_connack_5(struct sally_writer *w, bool present,
                              uint8_t reason, struct sally_span properties);
void sally_mqtt_put_ack(struct sally_writer *w, enum sally_mqtt_type type,
                        uint16_t id, uint8_t reason);
void sally_mqtt_put_disconnect(struct sally_writer *w, uint8_t reason);

/* SUBACK, and UNSUBACK of version 5, without properties. */
void sally_mqtt_put_suback(struct sally_writer *w, enum sally_mqtt_type type,
                           uint16_t id, bool v5, struct sally_span codes);
size_t sally_mqtt_suback_size(bool v5, struct sally_span codes);

void sally_mqtt_put_id(struct sally_writer *w, enum sally_mqtt_type type,
                       uint16_t id); /* PUBACK to PUBCOMP, UNSUBACK */
void sally_mqtt_put_empty(struct sally_writer *w, enum sally_mqtt_type type);
void sally_mqtt_put_publish(struct sally_writer *w,
                            const struct sally_mqtt_publish *p);
void sally_mqtt_put_connect(struct sally_writer *w,
                            const struct sally_mqtt_connect *c);

/* One filter; the id and the QoS as in the list; 3.1.1, and version 5 with
 * options.                                                                  */
void sally_mqtt_put_subscribe(struct sally_writer *w, uint16_t id,
                              struct sally_span filter, uint8_t qos);
void sally_mqtt_put_subscribe_5(struct sally_writer *w, uint16_t id,
                                struct sally_span filter, uint8_t options);

/* Bytes of a whole packet with a body of `body` bytes. */
size_t sally_mqtt_packet_size(size_t body);
size_t sally_mqtt_publish_size(const struct sally_mqtt_publish *p);

#endif
