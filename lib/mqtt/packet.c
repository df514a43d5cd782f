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

static bool flags_ok(uint8_t flags)
{
    if ((flags & FLAG_RESERVED) || (flags & FLAG_WILL_QOS) == FLAG_WILL_QOS)
        return false;
    if (!(flags & FLAG_WILL) && (flags & (FLAG_WILL_QOS | FLAG_WILL_RETAIN)))
        return false;
    return !(flags & FLAG_PASSWORD) || (flags & FLAG_USERNAME);
}

static enum sally_mqtt_protocol take_protocol(struct sally_cursor *c)
{
    struct sally_span name = take_field(c);
    uint8_t level = sally_take_u8(c);

    if (c->failed)
        return SALLY_MQTT_NOT_MQTT;
    if (sally_span_is(name, "MQTT"))
        return level == 4 ? SALLY_MQTT_3_1_1 : SALLY_MQTT_UNKNOWN_NEW;
    if (sally_span_is(name, "MQIsdp"))
        return level == 3 ? SALLY_MQTT_3_1 : SALLY_MQTT_UNKNOWN_OLD;
    return SALLY_MQTT_NOT_MQTT;
}

static struct sally_mqtt_publish take_will(struct sally_cursor *c,
                                           uint8_t flags)
{
    struct sally_mqtt_publish will = {
        .qos = (flags & FLAG_WILL_QOS) >> 3,
        .retain = (flags & FLAG_WILL_RETAIN) != 0,
    };

    will.topic = take_field(c);
    will.payload = take_field(c);
    return will;
}

static struct sally_mqtt_connect take_connect(struct sally_cursor *c,
                                              uint8_t flags)
{
    struct sally_mqtt_connect got = {
        .has_username = (flags & FLAG_USERNAME) != 0,
        .has_password = (flags & FLAG_PASSWORD) != 0,
        .has_will = (flags & FLAG_WILL) != 0,
        .clean = (flags & FLAG_CLEAN) != 0,
    };

    got.keep_alive = sally_take_u16(c);
    got.client_id = take_field(c);
    if (got.has_will)
        got.will = take_will(c, flags);
    if (got.has_username)
        got.username = take_field(c);
    if (got.has_password)
        got.password = take_field(c);
    return got;
}

enum sally_err sally_mqtt_parse_connect(struct sally_span body,
                                        enum sally_mqtt_protocol *protocol,
                                        struct sally_mqtt_connect *out)
{
    struct sally_cursor c = sally_cursor_over(body);
    struct sally_mqtt_connect got;
    uint8_t flags;

    *protocol = take_protocol(&c);
    if (*protocol == SALLY_MQTT_NOT_MQTT)
        return SALLY_E_MALFORMED;
    if (*protocol != SALLY_MQTT_3_1 && *protocol != SALLY_MQTT_3_1_1)
        return SALLY_E_UNSUPPORTED;
    flags = sally_take_u8(&c);
    if (!flags_ok(flags))
        return SALLY_E_MALFORMED;
    got = take_connect(&c, flags);
    if (c.failed)
        return SALLY_E_TRUNCATED;
    if (!sally_cursor_done(&c) || !sally_mqtt_client_id_ok(got.client_id) ||
        !sally_text_is_utf8(got.username) ||
        (got.has_will && !sally_mqtt_topic_ok(got.will.topic)))
        return SALLY_E_MALFORMED;
    *out = got;
    return SALLY_E_OK;
}

enum sally_err sally_mqtt_parse_publish(uint8_t flags, struct sally_span body,
                                        struct sally_mqtt_publish *out)
{
    struct sally_cursor c = sally_cursor_over(body);
    struct sally_mqtt_publish p = {
        .qos = flags >> 1 & 3,
        .dup = (flags & 8) != 0,
        .retain = (flags & 1) != 0,
        .topic = take_field(&c),
    };

    if (p.qos == 3 || (p.dup && p.qos == 0))
        return SALLY_E_MALFORMED;
    if (p.qos != 0)
        p.packet_id = sally_take_u16(&c);
    p.payload = sally_take_rest(&c);
    if (c.failed)
        return SALLY_E_TRUNCATED;
    if ((p.qos != 0 && p.packet_id == 0) || !sally_mqtt_topic_ok(p.topic))
        return SALLY_E_MALFORMED;
    *out = p;
    return SALLY_E_OK;
}

enum sally_err sally_mqtt_parse_id(struct sally_span body, uint16_t *id)
{
    struct sally_cursor c = sally_cursor_over(body);
    uint16_t got = sally_take_u16(&c);

    if (c.failed)
        return SALLY_E_TRUNCATED;
    if (got == 0 || !sally_cursor_done(&c))
        return SALLY_E_MALFORMED;
    *id = got;
    return SALLY_E_OK;
}

static void take_filter(struct sally_mqtt_filters *list,
                        struct sally_span *filter, uint8_t *qos)
{
    *filter = take_field(&list->left);
    *qos = list->with_qos ? sally_take_u8(&list->left) : 0;
}

enum sally_err sally_mqtt_parse_filters(struct sally_span body, bool with_qos,
                                        struct sally_mqtt_filters *out)
{
    struct sally_mqtt_filters list = { .left = sally_cursor_over(body),
                                       .with_qos = with_qos };
    struct sally_mqtt_filters walk;
    struct sally_span filter;
    uint8_t qos;

    list.packet_id = sally_take_u16(&list.left);
    for (walk = list; walk.left.rest.len != 0; list.count++) {
        take_filter(&walk, &filter, &qos);
        if (walk.left.failed)
            return SALLY_E_TRUNCATED;
        if (qos > 2 || !sally_mqtt_filter_ok(filter))
            return SALLY_E_MALFORMED;
    }
    if (walk.left.failed)
        return SALLY_E_TRUNCATED;
    if (list.packet_id == 0 || list.count == 0)
        return SALLY_E_MALFORMED;
    *out = list;
    return SALLY_E_OK;
}

bool sally_mqtt_next_filter(struct sally_mqtt_filters *list,
                            struct sally_span *filter, uint8_t *qos)
{
    if (list->left.rest.len == 0)
        return false;
    take_filter(list, filter, qos);
    return !list->left.failed;
}
