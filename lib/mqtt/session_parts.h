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

/* Acts on a CONNECT. PEER: a violation, for which the caller ends the session;
 * OK: it was answered, refused, or waits for the owner's verdict.           */
enum sally_err sally_mqtt_session_connect(struct sally_mqtt_session *s,
                                          uint8_t flags, struct sally_span body,
                                          sally_usec now) SALLY_MUST_USE;

/* session_receive.c: a PUBLISH, and a PUBREL. As above; BUSY: no room. */
enum sally_err sally_mqtt_session_take(struct sally_mqtt_session *s,
                                       uint8_t flags, struct sally_span body,
                                       sally_usec now) SALLY_MUST_USE;
enum sally_err sally_mqtt_session_release(struct sally_mqtt_session *s,
                                          uint8_t flags,
                                          struct sally_span body,
                                          sally_usec now) SALLY_MUST_USE;

/* As sally_mqtt_session_end(), with a reason for a client of version 5. */
void sally_mqtt_session_end_with(struct sally_mqtt_session *s,
                                 enum sally_mqtt_end why,
                                 enum sally_mqtt_reason reason);

/* Goes on with input that waited for the owner or for output. */
void sally_mqtt_session_go_on(struct sally_mqtt_session *s, bool waited,
                              sally_usec now);

/* True while input is stopped because of the owner: its verdict, its room, or
 * its PUBACKs; or because of that or because the client does not read.      */
bool sally_mqtt_session_waits(const struct sally_mqtt_session *s);
bool sally_mqtt_session_stopped(const struct sally_mqtt_session *s);

/* Makes room for a packet of `n` bytes and begins to write it, to be finished
 * by _wrote(). False: there is none, and the session has ended.             */
bool sally_mqtt_session_reply(struct sally_mqtt_session *s, size_t n,
                              struct sally_buf *out);
void sally_mqtt_session_wrote(struct sally_mqtt_session *s,
                              const struct sally_buf *out, sally_usec now);

/* A packet that is an id; one with a reason; a CONNACK that refuses; the one
 * that welcomes; a DISCONNECT, if there is room for it.                     */
void sally_mqtt_session_reply_id(struct sally_mqtt_session *s,
                                 enum sally_mqtt_type type, uint16_t id,
                                 sally_usec now);
void sally_mqtt_session_reply_ack(struct sally_mqtt_session *s,
                                  enum sally_mqtt_type type, uint16_t id,
                                  uint8_t reason, sally_usec now);
void sally_mqtt_session_connack(struct sally_mqtt_session *s, uint8_t code,
                                sally_usec now);
void sally_mqtt_session_welcome(struct sally_mqtt_session *s,
                                const struct sally_mqtt_welcome *welcome,
                                sally_usec now);
void sally_mqtt_session_say_why(struct sally_mqtt_session *s,
                                enum sally_mqtt_reason reason);

/* True while a packet of ours with this id is unacknowledged; frees it. */
bool sally_mqtt_session_acknowledged(struct sally_mqtt_session *s,
                                     uint16_t id);

#endif
