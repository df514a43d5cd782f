/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/packet_ack.c - reading packets that answer, subscribe or end. */
#include "mqtt/packet.h"
#include "mqtt/topic.h"

enum sally_mqtt_reason sally_mqtt_reason_of(enum sally_err e)
{
    if (e == SALLY_E_OUT_OF_RANGE || e == SALLY_E_DUPLICATE)
        return SALLY_MQTT_PROTOCOL_ERROR;
    if (e == SALLY_E_TOO_LARGE)
        return SALLY_MQTT_PACKET_TOO_LARGE;
    return e == SALLY_E_NOT_ALLOWED ? SALLY_MQTT_BAD_CLIENT_ID
                                    : SALLY_MQTT_MALFORMED;
}

enum sally_err sally_mqtt_parse_connack(struct sally_span body, bool v5,
                                        struct sally_mqtt_connack *out)
{
    struct sally_cursor c = sally_cursor_over(body);
    uint8_t flags = sally_take_u8(&c);
    struct sally_mqtt_connack got = { .present = flags != 0,
                                      .code = sally_take_u8(&c) };
    enum sally_err e = SALLY_E_OK;

    if (v5)
        e = sally_mqtt_take_properties(&c, SALLY_MQTT_CONNACK,
                                       &got.properties);
    if (e != SALLY_E_OK)
        return e;
    if (c.failed)
        return SALLY_E_TRUNCATED;
    if (flags > 1 || (got.present && got.code != 0) || !sally_cursor_done(&c))
        return SALLY_E_MALFORMED;
    *out = got;
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

/* s.3.4.2.1 and its likes: the reasons that a packet may carry. */
static bool reason_fits(enum sally_mqtt_type type, uint8_t reason)
{
    static const uint8_t of_publish[] = { 0,    0x10, 0x80, 0x83, 0x87,
                                          0x90, 0x91, 0x97, 0x99 };

    if (type == SALLY_MQTT_PUBREL || type == SALLY_MQTT_PUBCOMP)
        return reason == 0 || reason == SALLY_MQTT_ID_NOT_FOUND;
    for (size_t i = 0; i < SALLY_LEN(of_publish); i++)
        if (of_publish[i] == reason)
            return true;
    return false;
}

/* Reason and properties, each of which may be left out with what follows. */
static enum sally_err take_reason(struct sally_cursor *c,
                                  enum sally_mqtt_type type,
                                  struct sally_mqtt_ack *out)
{
    enum sally_err e = SALLY_E_OK;

    if (c->rest.len != 0)
        out->reason = sally_take_u8(c);
    if (c->rest.len != 0)
        e = sally_mqtt_take_properties(c, type, &out->properties);
    if (e == SALLY_E_OK && !sally_cursor_done(c))
        e = c->failed ? SALLY_E_TRUNCATED : SALLY_E_MALFORMED;
    return e;
}

enum sally_err sally_mqtt_parse_ack(enum sally_mqtt_type type,
                                    struct sally_span body, bool v5,
                                    struct sally_mqtt_ack *out)
{
    struct sally_cursor c = sally_cursor_over(body);
    struct sally_mqtt_ack got = { .reason = SALLY_MQTT_SUCCESS };
    enum sally_err e;

    if (!v5) {
        e = sally_mqtt_parse_id(body, &got.packet_id);
    } else {
        got.packet_id = sally_take_u16(&c);
        e = take_reason(&c, type, &got);
        if (e == SALLY_E_OK &&
            (got.packet_id == 0 || !reason_fits(type, got.reason)))
            e = SALLY_E_OUT_OF_RANGE;
    }
    if (e == SALLY_E_OK)
        *out = got;
    return e;
}

enum sally_err sally_mqtt_parse_suback(enum sally_mqtt_type type,
                                       struct sally_span body, bool v5,
                                       struct sally_mqtt_ack *out,
                                       struct sally_span *codes)
{
    struct sally_cursor c = sally_cursor_over(body);
    struct sally_mqtt_ack got = { .packet_id = sally_take_u16(&c) };
    enum sally_err e = SALLY_E_OK;
    bool wants = v5 || type == SALLY_MQTT_SUBACK;

    if (v5)
        e = sally_mqtt_take_properties(&c, type, &got.properties);
    if (e != SALLY_E_OK)
        return e;
    if (c.failed)
        return SALLY_E_TRUNCATED;
    if (got.packet_id == 0)
        return SALLY_E_OUT_OF_RANGE;
    if (wants != (c.rest.len != 0))
        return SALLY_E_MALFORMED;
    *out = got;
    *codes = sally_take_rest(&c);
    return SALLY_E_OK;
}

enum sally_err sally_mqtt_parse_disconnect(struct sally_span body, bool v5,
                                           struct sally_mqtt_ack *out)
{
    struct sally_cursor c = sally_cursor_over(body);
    struct sally_mqtt_ack got = { .reason = SALLY_MQTT_SUCCESS };
    enum sally_err e = SALLY_E_OK;

    if (v5)
        e = take_reason(&c, SALLY_MQTT_DISCONNECT, &got);
    else if (body.len != 0)
        e = SALLY_E_MALFORMED;
    if (e == SALLY_E_OK)
        *out = got;
    return e;
}

static void take_filter(struct sally_mqtt_filters *list,
                        struct sally_span *filter, uint8_t *options)
{
    *filter = sally_take(&list->left, sally_take_u16(&list->left));
    *options = list->with_options ? sally_take_u8(&list->left) : 0;
}

static enum sally_err prove_filter(struct sally_span filter, uint8_t options,
                                   bool v5)
{
    if (!sally_mqtt_filter_ok(filter))
        return SALLY_E_MALFORMED;
    if (!v5)
        return options > 2 ? SALLY_E_MALFORMED : SALLY_E_OK;
    if (options >> 6 != 0)
        return SALLY_E_MALFORMED;
    if ((options & SALLY_MQTT_OPTION_QOS) == 3 ||
        (options & SALLY_MQTT_OPTION_RETAIN_HANDLING) == 0x30)
        return SALLY_E_OUT_OF_RANGE;
    return (options & SALLY_MQTT_OPTION_NO_LOCAL) != 0 &&
                   sally_span_starts(filter, sally_span_of("$share/"))
               ? SALLY_E_OUT_OF_RANGE
               : SALLY_E_OK;
}

/* Walks a copy of the list to its end. */
static enum sally_err prove_filters(struct sally_mqtt_filters walk, bool v5,
                                    size_t *count)
{
    struct sally_span filter;
    uint8_t options;
    enum sally_err e;

    while (walk.left.rest.len != 0) {
        take_filter(&walk, &filter, &options);
        if (walk.left.failed)
            return SALLY_E_TRUNCATED;
        e = prove_filter(filter, options, v5);
        if (e != SALLY_E_OK)
            return e;
        ++*count;
    }
    return SALLY_E_OK;
}

enum sally_err sally_mqtt_parse_filters(enum sally_mqtt_type type,
                                        struct sally_span body, bool v5,
                                        struct sally_mqtt_filters *out)
{
    struct sally_mqtt_filters list = { .left = sally_cursor_over(body),
                                       .with_options =
                                           type == SALLY_MQTT_SUBSCRIBE };
    enum sally_err e = SALLY_E_OK;

    list.packet_id = sally_take_u16(&list.left);
    if (v5)
        e = sally_mqtt_take_properties(&list.left, type, &list.properties);
    if (e == SALLY_E_OK)
        e = list.left.failed ? SALLY_E_TRUNCATED
                             : prove_filters(list, v5, &list.count);
    if (e != SALLY_E_OK)
        return e;
    if (list.packet_id == 0 || list.count == 0)
        return v5 ? SALLY_E_OUT_OF_RANGE : SALLY_E_MALFORMED;
    *out = list;
    return SALLY_E_OK;
}

bool sally_mqtt_next_filter(struct sally_mqtt_filters *list,
                            struct sally_span *filter, uint8_t *options)
{
    if (list->left.rest.len == 0)
        return false;
    take_filter(list, filter, options);
    return !list->left.failed;
}
