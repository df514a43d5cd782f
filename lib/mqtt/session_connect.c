/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session_connect.c - the CONNECT: version, client id, will. */
#include "mqtt/session_parts.h"

/* A client of another version gets the answer that it can read: the old name
 * three levels of 3.1, everything else the CONNACK of version 5, code 0x84.  */
static void refuse_version(struct sally_mqtt_session *s,
                           enum sally_mqtt_protocol protocol, sally_usec now)
{
    static const uint8_t old[] = { 0x20, 2, 0, SALLY_MQTT_REFUSED_VERSION };
    static const uint8_t newer[] = { 0x20, 3, 0, 0x84, 0 };
    struct sally_span answer = { newer, sizeof(newer) };
    struct sally_buf out;
    struct sally_writer w;

    if (protocol != SALLY_MQTT_UNKNOWN_NEW)
        answer = (struct sally_span){ old, sizeof(old) };
    if (!sally_mqtt_session_reply(s, answer.len, &out))
        return;
    w = sally_writer_into(&out);
    sally_put(&w, answer);
    sally_mqtt_session_wrote(s, &out, now);
    sally_mqtt_session_end(s, SALLY_MQTT_END_VERSION);
}

static void refuse(struct sally_mqtt_session *s, uint8_t code, sally_usec now)
{
    sally_mqtt_session_connack(s, code, now);
    sally_mqtt_session_end(s, SALLY_MQTT_END_REFUSED);
}

/* Copies the will to a block of its own. 0, or the code to refuse with, which
 * is the reason where the client speaks version 5.                          */
static uint8_t keep_will(struct sally_mqtt_session *s,
                         const struct sally_mqtt_connect *c)
{
    struct sally_buf both;
    struct sally_writer w;

    if (!c->has_will)
        return SALLY_MQTT_ACCEPTED;
    if (c->will.topic.len + c->will.payload.len > s->pools->wills->size)
        return c->v5 ? SALLY_MQTT_PACKET_TOO_LARGE
                     : SALLY_MQTT_REFUSED_NOT_AUTHORIZED;
    s->will = sally_pool_take(s->pools->wills);
    if (s->will == NULL)
        return c->v5 ? SALLY_MQTT_BUSY : SALLY_MQTT_REFUSED_UNAVAILABLE;
    both = (struct sally_buf){ s->will, 0, s->pools->wills->size };
    w = sally_writer_into(&both);
    sally_put(&w, c->will.topic);
    sally_put(&w, c->will.payload);
    s->will_topic = (uint16_t)c->will.topic.len;
    s->will_payload = (uint16_t)c->will.payload.len;
    s->will_qos = c->will.qos;
    s->will_retain = c->will.retain;
    s->will_delay = sally_mqtt_property_number(&c->will.properties,
                                               SALLY_MQTT_WILL_DELAY, 0);
    return SALLY_MQTT_ACCEPTED;
}

/* Version 3.1 knows no empty client id; 3.1.1 only together with clean; in 5
 * the owner gives one.                                                      */
static bool id_usable(const struct sally_mqtt_connect *c,
                      enum sally_mqtt_protocol protocol)
{
    if (c->client_id.len == 0)
        return c->v5 || (c->clean && protocol == SALLY_MQTT_3_1_1);
    return c->client_id.len <= SALLY_MQTT_CLIENT_ID_MAX;
}

static void set_keep_alive(struct sally_mqtt_session *s, uint16_t asked)
{
    s->keep_alive_ours = asked == 0 || asked > s->limits->keep_alive_max;
    s->keep_alive = s->keep_alive_ours ? s->limits->keep_alive_max : asked;
}

/* What the client takes from us. */
static void set_limits(struct sally_mqtt_session *s,
                       const struct sally_mqtt_properties *p)
{
    uint32_t most = sally_mqtt_property_number(p, SALLY_MQTT_RECEIVE_MAXIMUM,
                                               UINT16_MAX);

    if (most < s->send_max)
        s->send_max = (uint8_t)most;
    s->packet_max =
        sally_mqtt_property_number(p, SALLY_MQTT_MAXIMUM_PACKET, UINT32_MAX);
}

/* A will's or a CONNECT's bad property is told; all other violations close the
 * connection, as in the other versions.                                     */
static enum sally_err refuse_malformed(struct sally_mqtt_session *s,
                                       enum sally_err e, sally_usec now)
{
    if (!s->v5 || e == SALLY_E_MALFORMED || e == SALLY_E_TRUNCATED)
        return e;
    refuse(s, (uint8_t)sally_mqtt_reason_of(e), now);
    return SALLY_E_OK;
}

/* 0, or the code to refuse with: what can be seen without asking the owner. No
 * method of enhanced authentication is there, s.4.12.                       */
static uint8_t examine(struct sally_mqtt_session *s,
                       const struct sally_mqtt_connect *c,
                       enum sally_mqtt_protocol protocol)
{
    if (sally_mqtt_has_property(&c->properties, SALLY_MQTT_AUTH_METHOD))
        return SALLY_MQTT_BAD_AUTH_METHOD;
    if (sally_mqtt_has_property(&c->properties, SALLY_MQTT_AUTH_DATA))
        return SALLY_MQTT_PROTOCOL_ERROR;
    if (!id_usable(c, protocol))
        return c->v5 ? SALLY_MQTT_BAD_CLIENT_ID : SALLY_MQTT_REFUSED_CLIENT_ID;
    return keep_will(s, c);
}

enum sally_err sally_mqtt_session_connect(struct sally_mqtt_session *s,
                                          uint8_t flags, struct sally_span body,
                                          sally_usec now)
{
    enum sally_mqtt_protocol protocol;
    struct sally_mqtt_connect c;
    enum sally_err e = sally_mqtt_parse_connect(body, &protocol, &c);
    uint8_t code;

    (void)flags;
    if (e == SALLY_E_UNSUPPORTED ||
        (protocol == SALLY_MQTT_3_1 && !s->limits->accept_3_1)) {
        refuse_version(s, protocol, now);
        return SALLY_E_OK;
    }
    s->v5 = protocol == SALLY_MQTT_5;
    if (e != SALLY_E_OK)
        return refuse_malformed(s, e, now);
    code = examine(s, &c, protocol);
    if (code != SALLY_MQTT_ACCEPTED) {
        refuse(s, code, now);
        return SALLY_E_OK;
    }
    set_keep_alive(s, c.keep_alive);
    set_limits(s, &c.properties);
    s->state = SALLY_MQTT_WAITING;
    s->upcalls->on_connect(s->owner, &c);
    return SALLY_E_OK;
}
