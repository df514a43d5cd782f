/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/packet.c - reading control packets. */
#include "mqtt/packet.h"

#include "base/text.h"
#include "mqtt/topic.h"

#define LENGTH_BYTES_MAX 4u

enum sally_err sally_mqtt_header(struct sally_span bytes,
                                 struct sally_mqtt_header *out)
{
    struct sally_cursor c = sally_cursor_over(bytes);
    uint8_t first = sally_take_u8(&c);
    size_t body = 0;

    for (unsigned i = 0; i < LENGTH_BYTES_MAX; i++) {
        uint8_t part = sally_take_u8(&c);

        if (c.failed)
            return SALLY_E_PENDING;
        body |= (size_t)(part & 0x7f) << 7 * i;
        if (part < 0x80) {
            *out = (struct sally_mqtt_header){ first >> 4, first & 15, i + 2,
                                               body };
            return SALLY_E_OK;
        }
    }
    return SALLY_E_MALFORMED;
}

/* A string or binary field with its length before it, s.1.5.3. */
static struct sally_span take_field(struct sally_cursor *c)
{
    return sally_take(c, sally_take_u16(c));
}

enum {
    FLAG_RESERVED = 0x01,
    FLAG_CLEAN = 0x02,
    FLAG_WILL = 0x04,
    FLAG_WILL_QOS = 0x18,
    FLAG_WILL_RETAIN = 0x20,
    FLAG_PASSWORD = 0x40,
    FLAG_USERNAME = 0x80
};

static bool flags_ok(uint8_t flags, bool v5)
{
    if ((flags & FLAG_RESERVED) || (flags & FLAG_WILL_QOS) == FLAG_WILL_QOS)
        return false;
    if (!(flags & FLAG_WILL) && (flags & (FLAG_WILL_QOS | FLAG_WILL_RETAIN)))
        return false;
    return v5 || !(flags & FLAG_PASSWORD) || (flags & FLAG_USERNAME);
}

static enum sally_mqtt_protocol take_protocol(struct sally_cursor *c)
{
    struct sally_span name = take_field(c);
    uint8_t level = sally_take_u8(c);

    if (c->failed)
        return SALLY_MQTT_NOT_MQTT;
    if (sally_span_is(name, "MQTT") && level == 5)
        return SALLY_MQTT_5;
    if (sally_span_is(name, "MQTT"))
        return level == 4 ? SALLY_MQTT_3_1_1 : SALLY_MQTT_UNKNOWN_NEW;
    if (sally_span_is(name, "MQIsdp"))
        return level == 3 ? SALLY_MQTT_3_1 : SALLY_MQTT_UNKNOWN_OLD;
    return SALLY_MQTT_NOT_MQTT;
}

static enum sally_err take_will(struct sally_cursor *c, uint8_t flags, bool v5,
                                struct sally_mqtt_publish *will)
{
    enum sally_err e = SALLY_E_OK;

    *will = (struct sally_mqtt_publish){
        .qos = (flags & FLAG_WILL_QOS) >> 3,
        .retain = (flags & FLAG_WILL_RETAIN) != 0,
        .v5 = v5,
    };
    if (v5)
        e = sally_mqtt_take_properties(c, SALLY_MQTT_IN_WILL,
                                       &will->properties);
    will->topic = take_field(c);
    will->payload = take_field(c);
    return e;
}

/* The fields in their order, not proved yet but for their properties. */
static enum sally_err take_connect(struct sally_cursor *c, uint8_t flags,
                                   struct sally_mqtt_connect *got)
{
    enum sally_err e = SALLY_E_OK;

    got->has_username = (flags & FLAG_USERNAME) != 0;
    got->has_password = (flags & FLAG_PASSWORD) != 0;
    got->has_will = (flags & FLAG_WILL) != 0;
    got->clean = (flags & FLAG_CLEAN) != 0;
    got->keep_alive = sally_take_u16(c);
    if (got->v5)
        e = sally_mqtt_take_properties(c, SALLY_MQTT_CONNECT,
                                       &got->properties);
    got->client_id = take_field(c);
    if (e == SALLY_E_OK && got->has_will)
        e = take_will(c, flags, got->v5, &got->will);
    if (got->has_username)
        got->username = take_field(c);
    if (got->has_password)
        got->password = take_field(c);
    return e;
}

enum sally_err sally_mqtt_parse_connect(struct sally_span body,
                                        enum sally_mqtt_protocol *protocol,
                                        struct sally_mqtt_connect *out)
{
    struct sally_cursor c = sally_cursor_over(body);
    struct sally_mqtt_connect got = { .has_will = false };
    enum sally_err e;
    uint8_t flags;

    *protocol = take_protocol(&c);
    if (*protocol == SALLY_MQTT_NOT_MQTT)
        return SALLY_E_MALFORMED;
    if (*protocol > SALLY_MQTT_5)
        return SALLY_E_UNSUPPORTED;
    got.v5 = *protocol == SALLY_MQTT_5;
    flags = sally_take_u8(&c);
    if (!flags_ok(flags, got.v5))
        return SALLY_E_MALFORMED;
    e = take_connect(&c, flags, &got);
    if (e != SALLY_E_OK)
        return e;
    if (c.failed)
        return SALLY_E_TRUNCATED;
    if (!sally_cursor_done(&c) || !sally_text_is_utf8(got.username) ||
        (got.has_will && !sally_mqtt_topic_ok(got.will.topic)))
        return SALLY_E_MALFORMED;
    if (!sally_mqtt_client_id_ok(got.client_id))
        return got.v5 ? SALLY_E_NOT_ALLOWED : SALLY_E_MALFORMED;
    *out = got;
    return SALLY_E_OK;
}

/* What version 5 has beyond the fields: properties, and a topic that was given
 * before under its alias.                                                   */
static enum sally_err prove_5(const struct sally_mqtt_publish *p)
{
    struct sally_span answer =
        sally_mqtt_property_bytes(&p->properties, SALLY_MQTT_RESPONSE_TOPIC);

    if (p->qos != 0 && p->packet_id == 0)
        return SALLY_E_OUT_OF_RANGE;
    if (sally_mqtt_has_property(&p->properties, SALLY_MQTT_RESPONSE_TOPIC) &&
        !sally_mqtt_topic_ok(answer))
        return SALLY_E_OUT_OF_RANGE;
    if (p->topic.len == 0)
        return sally_mqtt_has_property(&p->properties, SALLY_MQTT_TOPIC_ALIAS)
                   ? SALLY_E_OK
                   : SALLY_E_MALFORMED;
    return sally_mqtt_topic_ok(p->topic) ? SALLY_E_OK : SALLY_E_MALFORMED;
}

static enum sally_err prove_publish(const struct sally_mqtt_publish *p)
{
    if (p->v5)
        return prove_5(p);
    return (p->qos != 0 && p->packet_id == 0) || !sally_mqtt_topic_ok(p->topic)
               ? SALLY_E_MALFORMED
               : SALLY_E_OK;
}

enum sally_err sally_mqtt_parse_publish(uint8_t flags, struct sally_span body,
                                        bool v5, struct sally_mqtt_publish *out)
{
    struct sally_cursor c = sally_cursor_over(body);
    struct sally_mqtt_publish p = {
        .qos = flags >> 1 & 3,
        .dup = (flags & 8) != 0,
        .retain = (flags & 1) != 0,
        .v5 = v5,
        .topic = take_field(&c),
    };
    enum sally_err e = SALLY_E_OK;

    if (p.qos == 3 || (p.dup && p.qos == 0))
        return SALLY_E_MALFORMED;
    if (p.qos != 0)
        p.packet_id = sally_take_u16(&c);
    if (v5)
        e = sally_mqtt_take_properties(&c, SALLY_MQTT_PUBLISH, &p.properties);
    if (e != SALLY_E_OK)
        return e;
    p.payload = sally_take_rest(&c);
    if (c.failed)
        return SALLY_E_TRUNCATED;
    e = prove_publish(&p);
    if (e == SALLY_E_OK)
        *out = p;
    return e;
}
