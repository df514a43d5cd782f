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

    if (protocol != SALLY_MQTT_UNKNOWN_NEW && protocol != SALLY_MQTT_5)
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

/* Copies the will to a block of its own. 0, or the code to refuse with. */
static uint8_t keep_will(struct sally_mqtt_session *s,
                         const struct sally_mqtt_connect *c)
{
    struct sally_buf both;
    struct sally_writer w;

    if (!c->has_will)
        return SALLY_MQTT_ACCEPTED;
    if (c->will.topic.len + c->will.payload.len > s->pools->wills->size)
        return SALLY_MQTT_REFUSED_NOT_AUTHORIZED;
    s->will = sally_pool_take(s->pools->wills);
    if (s->will == NULL)
        return SALLY_MQTT_REFUSED_UNAVAILABLE;
    both = (struct sally_buf){ s->will, 0, s->pools->wills->size };
    w = sally_writer_into(&both);
    sally_put(&w, c->will.topic);
    sally_put(&w, c->will.payload);
    s->will_topic = (uint16_t)c->will.topic.len;
    s->will_payload = (uint16_t)c->will.payload.len;
    s->will_qos = c->will.qos;
    s->will_retain = c->will.retain;
    return SALLY_MQTT_ACCEPTED;
}

/* Version 3.1 knows no empty client id; 3.1.1 only together with clean. */
static bool id_usable(const struct sally_mqtt_connect *c,
                      enum sally_mqtt_protocol protocol)
{
    if (c->client_id.len == 0)
        return c->clean && protocol == SALLY_MQTT_3_1_1;
    return c->client_id.len <= SALLY_MQTT_CLIENT_ID_MAX;
}

static void set_keep_alive(struct sally_mqtt_session *s, uint16_t asked)
{
    s->keep_alive = asked == 0 || asked > s->limits->keep_alive_max
                        ? s->limits->keep_alive_max
                        : asked;
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
    if (e == SALLY_E_UNSUPPORTED || protocol == SALLY_MQTT_5 ||
        (protocol == SALLY_MQTT_3_1 && !s->limits->accept_3_1)) {
        refuse_version(s, protocol, now);
        return SALLY_E_OK;
    }
    if (e != SALLY_E_OK)
        return e;
    code = id_usable(&c, protocol) ? keep_will(s, &c)
                                   : SALLY_MQTT_REFUSED_CLIENT_ID;
    if (code != SALLY_MQTT_ACCEPTED) {
        refuse(s, code, now);
        return SALLY_E_OK;
    }
    set_keep_alive(s, c.keep_alive);
    s->state = SALLY_MQTT_WAITING;
    s->upcalls->on_connect(s->owner, &c);
    return SALLY_E_OK;
}
