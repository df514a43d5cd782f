/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_mqtt_packet.c - promises of the packet parsers: spans lie
 * inside the packet; topics that come out are topics; what a writer makes of a
 * parsed CONNECT or PUBLISH reads back as the same.                         */
#include <stdlib.h>
#include <string.h>

#include "mqtt/packet.h"
#include "mqtt/topic.h"

static uint8_t room[70000];

static void inside(struct sally_span part, struct sally_span whole)
{
    if (part.len != 0 &&
        (part.at < whole.at || part.at + part.len > whole.at + whole.len))
        abort();
}

static void same(struct sally_span a, struct sally_span b)
{
    if (!sally_span_equal(a, b))
        abort();
}

static struct sally_span body_of(struct sally_span packet,
                                 struct sally_mqtt_header *h)
{
    if (sally_mqtt_header(packet, h) != SALLY_E_OK ||
        h->header + h->body != packet.len)
        abort();
    return sally_span_sub(packet, h->header, h->body);
}

static void check_properties(const struct sally_mqtt_properties *p,
                             struct sally_span whole)
{
    if (p->bytes.len > SALLY_MQTT_PROPERTIES_MAX)
        abort();
    inside(p->bytes, whole);
    for (unsigned i = 0; i < 43; i++) {
        inside(sally_mqtt_property_bytes(p, i), p->bytes);
        if (!sally_mqtt_has_property(p, i) &&
            sally_mqtt_property_number(p, i, 77) != 77)
            abort();
    }
}

static void check_publish(uint8_t flags, struct sally_span body, bool v5)
{
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);
    struct sally_mqtt_publish p, back;
    struct sally_mqtt_header h;
    struct sally_span again;

    if (sally_mqtt_parse_publish(flags, body, v5, &p) != SALLY_E_OK)
        return;
    inside(p.topic, body);
    inside(p.payload, body);
    if (p.qos > 2 || (p.qos == 0) != (p.packet_id == 0) ||
        (p.topic.len == 0 && !v5) ||
        (p.topic.len != 0 && (!sally_mqtt_topic_ok(p.topic) ||
                              !sally_mqtt_topic_matches(p.topic, p.topic))))
        abort();
    check_properties(&p.properties, body);
    sally_mqtt_put_publish(&w, &p);
    again = body_of(sally_buf_span(&out), &h);
    if (h.flags != flags || out.len != sally_mqtt_publish_size(&p) ||
        sally_mqtt_parse_publish(h.flags, again, v5, &back) != SALLY_E_OK)
        abort();
    same(again, body);
}

static void check_connect(struct sally_span body)
{
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);
    enum sally_mqtt_protocol protocol;
    struct sally_mqtt_connect c;
    struct sally_mqtt_header h;
    enum sally_err e = sally_mqtt_parse_connect(body, &protocol, &c);

    if ((e == SALLY_E_UNSUPPORTED) != (protocol == SALLY_MQTT_UNKNOWN_OLD ||
                                       protocol == SALLY_MQTT_UNKNOWN_NEW))
        abort();
    if (e != SALLY_E_OK)
        return;
    inside(c.client_id, body);
    inside(c.username, body);
    inside(c.password, body);
    inside(c.will.payload, body);
    if (!sally_mqtt_client_id_ok(c.client_id) ||
        (c.has_will && !sally_mqtt_topic_ok(c.will.topic)))
        abort();
    sally_mqtt_put_connect(&w, &c);
    check_properties(&c.properties, body);
    if (c.has_will)
        check_properties(&c.will.properties, body);
    if (protocol != SALLY_MQTT_3_1)
        same(body_of(sally_buf_span(&out), &h), body);
}

static void check_filters(struct sally_span body, enum sally_mqtt_type type,
                          bool v5)
{
    struct sally_mqtt_filters list;
    struct sally_span filter;
    uint8_t qos;
    size_t n = 0;

    if (sally_mqtt_parse_filters(type, body, v5, &list) != SALLY_E_OK)
        return;
    while (sally_mqtt_next_filter(&list, &filter, &qos)) {
        inside(filter, body);
        if ((qos & SALLY_MQTT_OPTION_QOS) > 2 || !sally_mqtt_filter_ok(filter))
            abort();
        n++;
    }
    if (n == 0 || n != list.count || list.left.failed)
        abort();
}

/* What a server sends: the gateway is a client, too. */
static void check_answers(struct sally_span body)
{
    struct sally_mqtt_connack k;
    struct sally_mqtt_ack a;
    struct sally_span codes;

    if (sally_mqtt_parse_connack(body, true, &k) == SALLY_E_OK)
        check_properties(&k.properties, body);
    if (sally_mqtt_parse_disconnect(body, true, &a) == SALLY_E_OK)
        check_properties(&a.properties, body);
    if (sally_mqtt_parse_suback(SALLY_MQTT_SUBACK, body, true, &a, &codes) ==
        SALLY_E_OK)
        inside(codes, body);
    for (unsigned t = SALLY_MQTT_PUBACK; t <= SALLY_MQTT_PUBCOMP; t++)
        if (sally_mqtt_parse_ack(t, body, true, &a) == SALLY_E_OK &&
            a.packet_id == 0)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sally_span in = { data, size }, body;
    struct sally_mqtt_header h;
    uint16_t id;

    if (size > 60000 || sally_mqtt_header(in, &h) != SALLY_E_OK)
        return 0;
    body = sally_span_sub(in, h.header, h.body);
    check_publish(h.flags, body, false);
    check_publish(h.flags, body, true);
    check_connect(body);
    check_filters(body, SALLY_MQTT_SUBSCRIBE, h.flags & 1);
    check_filters(body, SALLY_MQTT_UNSUBSCRIBE, h.flags & 1);
    check_answers(body);
    if (sally_mqtt_parse_id(body, &id) == SALLY_E_OK &&
        (id == 0 || body.len != 2))
        abort();
    return 0;
}
