/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session_parts.h - what the files of the session share. Not for
 * others.                                                                   */
#ifndef SALLY_MQTT_SESSION_PARTS_H
#define SALLY_MQTT_SESSION_PARTS_H

#include "mqtt/session.h"

/* Acts on one whole packet. False: it was not taken, try again later. A
 * violation ends the session.                                               */
bool sally_mqtt_session_packet(struct sally_mqtt_session *s,
                               const struct sally_mqtt_header *h,
                               struct sally_span body, sally_usec now);

/* Makes room for a packet of `n` bytes and begins to write it, to be finished
 * by _wrote(). False: there is none, and the session has ended.             */
bool sally_mqtt_session_reply(struct sally_mqtt_session *s, size_t n,
                              struct sally_buf *out);
void sally_mqtt_session_wrote(struct sally_mqtt_session *s,
                              const struct sally_buf *out, sally_usec now);

/* A packet that is an id, or a CONNACK with this code. */
void sally_mqtt_session_reply_id(struct sally_mqtt_session *s,
                                 enum sally_mqtt_type type, uint16_t id,
                                 sally_usec now);
void sally_mqtt_session_connack(struct sally_mqtt_session *s, uint8_t code,
                                sally_usec now);

/* True while a packet of ours with this id is unacknowledged; frees it. */
bool sally_mqtt_session_acknowledged(struct sally_mqtt_session *s,
                                     uint16_t id);

#endif
