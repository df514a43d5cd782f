/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/packet.h - MQTT control packets to and from bytes. MQTT 3.1.1 s.2,
 * s.3, and its predecessor 3.1 where only the protocol name differs.
 *
 * Pure: no allocation, no clock, no state. A packet is a fixed header and a
 * body; the caller makes sure that the whole body is there before it asks for
 * the meaning. Every span borrows from the parsed bytes.
 *
 * Strict where the specification is: what it calls a protocol violation is
 * MALFORMED or TRUNCATED here, and the caller owes the peer a closed
 * connection, never an answer.                                              */
#ifndef SALLY_MQTT_PACKET_H
#define SALLY_MQTT_PACKET_H

#include "base/cursor.h"
#include "base/error.h"
#include "base/span.h"
#include "base/writer.h"

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
    SALLY_MQTT_DISCONNECT
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

struct sally_mqtt_header {
    uint8_t type;  /* 0 to 15: enum sally_mqtt_type, or what the peer sent */
    uint8_t flags; /* low four bits of the first byte */
    size_t header; /* bytes of the fixed header, 2 to 5 */
    size_t body;   /* bytes that follow it: the "remaining length" */
};

/* A message; also a will, whose dup and packet_id are 0. */
struct sally_mqtt_publish {
    struct sally_span topic, payload;
    uint16_t packet_id; /* 0 for QoS 0 */
    uint8_t qos;        /* 0 to 2 */
    bool dup, retain;
};

/* What a CONNECT announced itself to be. */
enum sally_mqtt_protocol {
    SALLY_MQTT_3_1,         /* "MQIsdp", level 3 */
    SALLY_MQTT_3_1_1,       /* "MQTT", level 4 */
    SALLY_MQTT_UNKNOWN_OLD, /* "MQIsdp" with another level */
    SALLY_MQTT_UNKNOWN_NEW, /* "MQTT" with another level, 5 included */
    SALLY_MQTT_NOT_MQTT     /* another name, or no level */
};

struct sally_mqtt_connect {
    struct sally_span client_id; /* may be empty */
    struct sally_span username, password; /* empty if not given */
    bool has_username, has_password, has_will, clean;
    uint16_t keep_alive; /* seconds; 0: none asked for */
    struct sally_mqtt_publish will;
};

/* The filters of a SUBSCRIBE or UNSUBSCRIBE, proven well-formed. */
struct sally_mqtt_filters {
    struct sally_cursor left;
    uint16_t packet_id;
    size_t count;
    bool with_qos; /* SUBSCRIBE */
};

/* Reads a fixed header, s.2.2, without asking what the type allows.
 *   PENDING    the header is not complete yet
 *   MALFORMED  the remaining length takes more than four bytes             */
enum sally_err sally_mqtt_header(struct sally_span bytes,
                                 struct sally_mqtt_header *out) SALLY_MUST_USE;

/* Reads the body of a CONNECT, s.3.1.
 *   UNSUPPORTED  the level is none that we speak; only *protocol is set
 *   MALFORMED    protocol name; reserved flag; will QoS 3; will QoS or retain
 *                without will; password without user name; text that is not
 *                UTF-8; client id with control characters; will topic that is
 *                no topic; bytes after the last field
 *   TRUNCATED    a field runs past the end
 * *protocol is set in every case.                                           */
enum sally_err
sally_mqtt_parse_connect(struct sally_span body,
                         enum sally_mqtt_protocol *protocol,
                         struct sally_mqtt_connect *out) SALLY_MUST_USE;

/* Reads a PUBLISH, s.3.3, of any QoS. The topic may still be too long or too
 * deep to be of use. MALFORMED: QoS 3, DUP with QoS 0, packet id 0, topic
 * that is no topic. TRUNCATED.                                              */
enum sally_err
sally_mqtt_parse_publish(uint8_t flags, struct sally_span body,
                         struct sally_mqtt_publish *out) SALLY_MUST_USE;

/* Reads a body that is one packet id: PUBACK, PUBREC, PUBREL, PUBCOMP.
 * MALFORMED: id 0, more bytes. TRUNCATED.                                   */
enum sally_err sally_mqtt_parse_id(struct sally_span body,
                                   uint16_t *id) SALLY_MUST_USE;

/* Reads a SUBSCRIBE (s.3.8) or UNSUBSCRIBE (s.3.10) and proves each filter
 * and QoS. MALFORMED: id 0, no filter, bad filter, QoS above 2. TRUNCATED.  */
enum sally_err
sally_mqtt_parse_filters(struct sally_span body, bool with_qos,
                         struct sally_mqtt_filters *out) SALLY_MUST_USE;

/* The next filter of a proven list; *qos 0 for an UNSUBSCRIBE. False at the
 * end.                                                                      */
bool sally_mqtt_next_filter(struct sally_mqtt_filters *list,
                            struct sally_span *filter, uint8_t *qos);

/* Writing. A packet that does not fit fails the writer and leaves nothing of
 * itself behind only if the caller checks the room before: see
 * sally_mqtt_packet_size().                                                 */
void sally_mqtt_put_header(struct sally_writer *w, enum sally_mqtt_type type,
                           uint8_t flags, size_t body);
void sally_mqtt_put_connack(struct sally_writer *w, uint8_t code);
void sally_mqtt_put_id(struct sally_writer *w, enum sally_mqtt_type type,
                       uint16_t id); /* PUBACK to PUBCOMP, UNSUBACK */
void sally_mqtt_put_empty(struct sally_writer *w, enum sally_mqtt_type type);
void sally_mqtt_put_publish(struct sally_writer *w,
                            const struct sally_mqtt_publish *p);
void sally_mqtt_put_connect(struct sally_writer *w,
                            const struct sally_mqtt_connect *c);

/* One filter; the id and the QoS as in the list. */
void sally_mqtt_put_subscribe(struct sally_writer *w, uint16_t id,
                              struct sally_span filter, uint8_t qos);

/* Bytes of a whole packet with a body of `body` bytes. */
size_t sally_mqtt_packet_size(size_t body);
size_t sally_mqtt_publish_size(const struct sally_mqtt_publish *p);

#endif
