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

static void check_publish(uint8_t flags, struct sally_span body)
{
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);
    struct sally_mqtt_publish p, back;
    struct sally_mqtt_header h;
    struct sally_span again;

    if (sally_mqtt_parse_publish(flags, body, &p) != SALLY_E_OK)
        return;
    inside(p.topic, body);
    inside(p.payload, body);
    if (p.qos > 2 || (p.qos == 0) != (p.packet_id == 0) ||
        !sally_mqtt_topic_ok(p.topic) ||
        !sally_mqtt_topic_matches(p.topic, p.topic))
        abort();
    sally_mqtt_put_publish(&w, &p);
    again = body_of(sally_buf_span(&out), &h);
    if (h.flags != flags || out.len != sally_mqtt_publish_size(&p) ||
        sally_mqtt_parse_publish(h.flags, again, &back) != SALLY_E_OK)
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
    if (protocol == SALLY_MQTT_3_1_1)
        same(body_of(sally_buf_span(&out), &h), body);
}

static void check_filters(struct sally_span body, bool with_qos)
{
    struct sally_mqtt_filters list;
    struct sally_span filter;
    uint8_t qos;
    size_t n = 0;

    if (sally_mqtt_parse_filters(body, with_qos, &list) != SALLY_E_OK)
        return;
    while (sally_mqtt_next_filter(&list, &filter, &qos)) {
        inside(filter, body);
        if (qos > 2 || !sally_mqtt_filter_ok(filter))
            abort();
        n++;
    }
    if (n == 0 || n != list.count || list.left.failed)
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
    check_publish(h.flags, body);
    check_connect(body);
    check_filters(body, true);
    check_filters(body, false);
    if (sally_mqtt_parse_id(body, &id) == SALLY_E_OK &&
        (id == 0 || body.len != 2))
        abort();
    return 0;
}
