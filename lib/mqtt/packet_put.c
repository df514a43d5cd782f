/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/packet_put.c - writing control packets. */
#include "mqtt/packet.h"

size_t sally_mqtt_packet_size(size_t body)
{
    return 1 + sally_mqtt_length_size(body) + body;
}

static size_t properties_size(const struct sally_mqtt_properties *p)
{
    return sally_mqtt_length_size(p->bytes.len) + p->bytes.len;
}

static size_t publish_body(const struct sally_mqtt_publish *p)
{
    return 2 + p->topic.len + (p->qos != 0 ? 2 : 0) +
           (p->v5 ? properties_size(&p->properties) : 0) + p->payload.len;
}

size_t sally_mqtt_publish_size(const struct sally_mqtt_publish *p)
{
    return sally_mqtt_packet_size(publish_body(p));
}

void sally_mqtt_put_header(struct sally_writer *w, enum sally_mqtt_type type,
                           uint8_t flags, size_t body)
{
    sally_put_u8(w, (uint8_t)(type << 4 | flags));
    sally_mqtt_put_length(w, body);
}

static void put_field(struct sally_writer *w, struct sally_span s)
{
    sally_put_u16(w, (uint16_t)s.len);
    sally_put(w, s);
}

static void put_properties(struct sally_writer *w,
                           const struct sally_mqtt_properties *p)
{
    sally_mqtt_put_length(w, p->bytes.len);
    sally_put(w, p->bytes);
}

void sally_mqtt_put_connack(struct sally_writer *w, bool present, uint8_t code)
{
    sally_mqtt_put_header(w, SALLY_MQTT_CONNACK, 0, 2);
    sally_put_u8(w, present ? 1 : 0);
    sally_put_u8(w, code);
}

void sally_mqtt_put_connack_5(struct sally_writer *w, bool present,
                              uint8_t reason, struct sally_span properties)
{
    const struct sally_mqtt_properties list = { .bytes = properties };

    sally_mqtt_put_header(w, SALLY_MQTT_CONNACK, 0,
                          2 + properties_size(&list));
    sally_put_u8(w, present ? 1 : 0);
    sally_put_u8(w, reason);
    put_properties(w, &list);
}

/* PUBREL, SUBSCRIBE and UNSUBSCRIBE have fixed flags of 2, s.2.2.2. */
static uint8_t fixed_flags(enum sally_mqtt_type type)
{
    return type == SALLY_MQTT_PUBREL ? 2 : 0;
}

void sally_mqtt_put_id(struct sally_writer *w, enum sally_mqtt_type type,
                       uint16_t id)
{
    sally_mqtt_put_header(w, type, fixed_flags(type), 2);
    sally_put_u16(w, id);
}

/* Success goes without saying, s.3.4.2.1. */
void sally_mqtt_put_ack(struct sally_writer *w, enum sally_mqtt_type type,
                        uint16_t id, uint8_t reason)
{
    if (reason == SALLY_MQTT_SUCCESS) {
        sally_mqtt_put_id(w, type, id);
        return;
    }
    sally_mqtt_put_header(w, type, fixed_flags(type), 3);
    sally_put_u16(w, id);
    sally_put_u8(w, reason);
}

void sally_mqtt_put_disconnect(struct sally_writer *w, uint8_t reason)
{
    sally_mqtt_put_header(w, SALLY_MQTT_DISCONNECT, 0, 1);
    sally_put_u8(w, reason);
}

static size_t suback_body(bool v5, struct sally_span codes)
{
    return (v5 ? 3u : 2u) + codes.len;
}

size_t sally_mqtt_suback_size(bool v5, struct sally_span codes)
{
    return sally_mqtt_packet_size(suback_body(v5, codes));
}

void sally_mqtt_put_suback(struct sally_writer *w, enum sally_mqtt_type type,
                           uint16_t id, bool v5, struct sally_span codes)
{
    sally_mqtt_put_header(w, type, 0, suback_body(v5, codes));
    sally_put_u16(w, id);
    if (v5)
        sally_put_u8(w, 0);
    sally_put(w, codes);
}

void sally_mqtt_put_empty(struct sally_writer *w, enum sally_mqtt_type type)
{
    sally_mqtt_put_header(w, type, 0, 0);
}

void sally_mqtt_put_publish(struct sally_writer *w,
                            const struct sally_mqtt_publish *p)
{
    unsigned flags = (p->dup ? 8u : 0) | p->qos * 2u | (p->retain ? 1u : 0);

    sally_mqtt_put_header(w, SALLY_MQTT_PUBLISH, (uint8_t)flags,
                          publish_body(p));
    put_field(w, p->topic);
    if (p->qos != 0)
        sally_put_u16(w, p->packet_id);
    if (p->v5)
        put_properties(w, &p->properties);
    sally_put(w, p->payload);
}

static size_t connect_body(const struct sally_mqtt_connect *c)
{
    size_t body = 10 + 2 + c->client_id.len;

    if (c->v5)
        body += properties_size(&c->properties);
    if (c->v5 && c->has_will)
        body += properties_size(&c->will.properties);
    if (c->has_will)
        body += 4 + c->will.topic.len + c->will.payload.len;
    if (c->has_username)
        body += 2 + c->username.len;
    if (c->has_password)
        body += 2 + c->password.len;
    return body;
}

static uint8_t connect_flags(const struct sally_mqtt_connect *c)
{
    unsigned flags = (c->clean ? 0x02u : 0) | (c->has_will ? 0x04u : 0) |
                     (c->has_password ? 0x40u : 0) |
                     (c->has_username ? 0x80u : 0);

    if (c->has_will)
        flags |= c->will.qos * 8u | (c->will.retain ? 0x20u : 0);
    return (uint8_t)flags;
}

void sally_mqtt_put_connect(struct sally_writer *w,
                            const struct sally_mqtt_connect *c)
{
    sally_mqtt_put_header(w, SALLY_MQTT_CONNECT, 0, connect_body(c));
    put_field(w, sally_span_of("MQTT"));
    sally_put_u8(w, c->v5 ? 5 : 4);
    sally_put_u8(w, connect_flags(c));
    sally_put_u16(w, c->keep_alive);
    if (c->v5)
        put_properties(w, &c->properties);
    put_field(w, c->client_id);
    if (c->v5 && c->has_will)
        put_properties(w, &c->will.properties);
    if (c->has_will) {
        put_field(w, c->will.topic);
        put_field(w, c->will.payload);
    }
    if (c->has_username)
        put_field(w, c->username);
    if (c->has_password)
        put_field(w, c->password);
}

void sally_mqtt_put_subscribe(struct sally_writer *w, uint16_t id,
                              struct sally_span filter, uint8_t qos)
{
    sally_mqtt_put_header(w, SALLY_MQTT_SUBSCRIBE, 2, 2 + 2 + filter.len + 1);
    sally_put_u16(w, id);
    put_field(w, filter);
    sally_put_u8(w, qos);
}

void sally_mqtt_put_subscribe_5(struct sally_writer *w, uint16_t id,
                                struct sally_span filter, uint8_t options)
{
    sally_mqtt_put_header(w, SALLY_MQTT_SUBSCRIBE, 2,
                          2 + 1 + 2 + filter.len + 1);
    sally_put_u16(w, id);
    sally_put_u8(w, 0); /* no properties */
    put_field(w, filter);
    sally_put_u8(w, options);
}
