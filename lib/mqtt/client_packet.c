/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/client_packet.c - what a broker may send, one packet at a time. */
#include "mqtt/client_parts.h"

/* What the broker wants of us, MQTT 5.0 s.3.2.2.3. The QoS that it grants shows
 * in its SUBACK.                                                            */
static void heed(struct sally_mqtt_client *c,
                 const struct sally_mqtt_properties *p)
{
    uint32_t keep_alive = sally_mqtt_property_number(
        p, SALLY_MQTT_SERVER_KEEP_ALIVE, c->keep_alive);
    uint32_t receive = sally_mqtt_property_number(p, SALLY_MQTT_RECEIVE_MAXIMUM,
                                                  SALLY_MQTT_CLIENT_SEND);

    if (keep_alive != 0)
        c->keep_alive = (uint16_t)keep_alive;
    if (receive < c->send_max)
        c->send_max = (uint8_t)receive;
    c->packet_max = sally_mqtt_property_number(p, SALLY_MQTT_MAXIMUM_PACKET,
                                               SALLY_MQTT_PACKET_MAX);
}

static void open_or_subscribe(struct sally_mqtt_client *c, sally_usec now)
{
    if (c->subscribed < c->options->filter_count) {
        sally_mqtt_client_subscribe(c, now);
        return;
    }
    c->state = SALLY_MQTT_CLIENT_OPEN;
    c->upcalls->on_open(c->owner, c->present);
}

static enum sally_err on_connack(struct sally_mqtt_client *c, uint8_t flags,
                                 struct sally_span body, sally_usec now)
{
    struct sally_mqtt_connack m = { .code = 0 };
    enum sally_err e = sally_mqtt_parse_connack(body, c->options->v5, &m);

    if (e != SALLY_E_OK || flags != 0)
        return SALLY_E_MALFORMED;
    if (m.code != 0) {
        sally_mqtt_client_end_with(c, SALLY_MQTT_LOSS_REFUSED, m.code);
        return SALLY_E_OK;
    }
    if (c->options->v5)
        heed(c, &m.properties);
    c->present = m.present;
    c->state = SALLY_MQTT_CLIENT_SUBSCRIBING;
    open_or_subscribe(c, now);
    return SALLY_E_OK;
}

static enum sally_err on_suback(struct sally_mqtt_client *c, uint8_t flags,
                                struct sally_span body, sally_usec now)
{
    struct sally_mqtt_ack m;
    struct sally_span codes;
    enum sally_err e = sally_mqtt_parse_suback(SALLY_MQTT_SUBACK, body,
                                               c->options->v5, &m, &codes);

    if (e != SALLY_E_OK || flags != 0 || codes.len != 1 ||
        c->state != SALLY_MQTT_CLIENT_SUBSCRIBING ||
        m.packet_id != c->subscribed + 1)
        return SALLY_E_MALFORMED;
    if (codes.at[0] >= SALLY_MQTT_SUBACK_FAILURE)
        c->upcalls->on_refused(c->owner, c->subscribed, codes.at[0]);
    else if (codes.at[0] > 1)
        return SALLY_E_MALFORMED;
    c->subscribed++;
    open_or_subscribe(c, now);
    return SALLY_E_OK;
}

static bool is_unfinished(const struct sally_mqtt_client *c, uint16_t id)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->unfinished[(c->first + i) % SALLY_MQTT_CLIENT_RECEIVE] == id)
            return true;
    return false;
}

/* The place must be known before the upcall, which may answer inside. */
static enum sally_err offer(struct sally_mqtt_client *c,
                            const struct sally_mqtt_publish *p)
{
    size_t last = (size_t)(c->first + c->count) % SALLY_MQTT_CLIENT_RECEIVE;

    c->unfinished[last] = p->packet_id;
    c->done &= ~(UINT32_C(1) << c->count);
    c->count++;
    if (c->upcalls->on_publish(c->owner, p, c->next_number++))
        return SALLY_E_OK;
    c->next_number--;
    c->count--;
    c->full = true;
    return SALLY_E_BUSY;
}

/* We asked for QoS 1 and offered no topic aliases. A packet id that comes again
 * before its PUBACK is the message that we have.                            */
static enum sally_err on_publish(struct sally_mqtt_client *c, uint8_t flags,
                                 struct sally_span body, sally_usec now)
{
    struct sally_mqtt_publish p;
    enum sally_err e =
        sally_mqtt_parse_publish(flags, body, c->options->v5, &p);

    (void)now;
    if (e != SALLY_E_OK || p.qos == 2 || p.topic.len == 0)
        return SALLY_E_MALFORMED;
    if (p.qos == 1)
        return is_unfinished(c, p.packet_id) ? SALLY_E_OK : offer(c, &p);
    if (!c->upcalls->on_publish(c->owner, &p, 0)) {
        c->full = true;
        return SALLY_E_BUSY;
    }
    return SALLY_E_OK;
}

static enum sally_err on_puback(struct sally_mqtt_client *c, uint8_t flags,
                                struct sally_span body, sally_usec now)
{
    struct sally_mqtt_ack m;
    enum sally_err e =
        sally_mqtt_parse_ack(SALLY_MQTT_PUBACK, body, c->options->v5, &m);

    (void)now;
    if (e != SALLY_E_OK || flags != 0)
        return SALLY_E_MALFORMED;
    for (size_t i = 0; i < c->send_max; i++) {
        if (c->sent_id[i] != m.packet_id)
            continue;
        c->sent_id[i] = 0;
        c->upcalls->on_puback(c->owner, m.packet_id, m.reason);
    }
    return SALLY_E_OK;
}

static enum sally_err on_pingresp(struct sally_mqtt_client *c, uint8_t flags,
                                  struct sally_span body, sally_usec now)
{
    (void)now;
    if (flags != 0 || body.len != 0)
        return SALLY_E_MALFORMED;
    c->pinging = false;
    return SALLY_E_OK;
}

static enum sally_err on_disconnect(struct sally_mqtt_client *c, uint8_t flags,
                                    struct sally_span body, sally_usec now)
{
    struct sally_mqtt_ack m;

    (void)now;
    if (flags != 0 || !c->options->v5 ||
        sally_mqtt_parse_disconnect(body, true, &m) != SALLY_E_OK)
        return SALLY_E_MALFORMED;
    sally_mqtt_client_end_with(c, SALLY_MQTT_LOSS_DISCONNECTED, m.reason);
    return SALLY_E_OK;
}

/* Before its CONNACK a broker says nothing else, and no second one after. */
static enum sally_err dispatch(struct sally_mqtt_client *c,
                               const struct sally_mqtt_header *h,
                               struct sally_span body, sally_usec now)
{
    static const struct {
        uint8_t type;
        enum sally_err (*take)(struct sally_mqtt_client *, uint8_t,
                               struct sally_span, sally_usec);
    } rows[] = {
        { SALLY_MQTT_PUBLISH, on_publish },
        { SALLY_MQTT_PUBACK, on_puback },
        { SALLY_MQTT_SUBACK, on_suback },
        { SALLY_MQTT_PINGRESP, on_pingresp },
        { SALLY_MQTT_DISCONNECT, on_disconnect },
    };

    if (c->state == SALLY_MQTT_CLIENT_CONNECTING)
        return h->type == SALLY_MQTT_CONNACK
                   ? on_connack(c, h->flags, body, now)
                   : SALLY_E_MALFORMED;
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (rows[i].type == h->type)
            return rows[i].take(c, h->flags, body, now);
    return SALLY_E_MALFORMED;
}

bool sally_mqtt_client_packet(struct sally_mqtt_client *c,
                              const struct sally_mqtt_header *h,
                              struct sally_span body, sally_usec now)
{
    enum sally_err e = dispatch(c, h, body, now);

    if (e == SALLY_E_BUSY)
        return false;
    if (e != SALLY_E_OK)
        sally_mqtt_client_end(c, SALLY_MQTT_LOSS_PROTOCOL);
    return c->state != SALLY_MQTT_CLIENT_ENDED;
}
