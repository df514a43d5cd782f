/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session_packet.c - what each packet of an open session does. */
#include "mqtt/session_parts.h"
#include "mqtt/topic.h"

static uint16_t *unfinished_at(struct sally_mqtt_session *s, size_t place)
{
    return &s->unfinished[(s->first + place) % SALLY_MQTT_RECEIVE_MAX];
}

static bool is_unfinished(struct sally_mqtt_session *s, uint16_t id)
{
    for (size_t i = 0; i < s->count; i++)
        if (*unfinished_at(s, i) == id)
            return true;
    return false;
}

/* The message is in the ring before the owner sees it, since the owner may
 * acknowledge it at once.                                                   */
static enum sally_err offer_qos_1(struct sally_mqtt_session *s,
                                  const struct sally_mqtt_publish *p)
{
    if (p->dup && is_unfinished(s, p->packet_id))
        return SALLY_E_OK;
    *unfinished_at(s, s->count) = p->packet_id;
    s->count++;
    s->next_number++;
    if (s->upcalls->on_publish(s->owner, p, s->next_number - 1))
        return SALLY_E_OK;
    s->count--;
    s->next_number--;
    return SALLY_E_BUSY;
}

static enum sally_err do_publish(struct sally_mqtt_session *s, uint8_t flags,
                                 struct sally_span body, sally_usec now)
{
    struct sally_mqtt_publish p;
    enum sally_err e = sally_mqtt_parse_publish(flags, body, false, &p);

    (void)now;
    if (e != SALLY_E_OK)
        return e;
    if (p.qos == 2) {
        sally_mqtt_session_end(s, SALLY_MQTT_END_QOS_2);
        return SALLY_E_OK;
    }
    if (p.qos == 1)
        return offer_qos_1(s, &p);
    return s->upcalls->on_publish(s->owner, &p, 0) ? SALLY_E_OK : SALLY_E_BUSY;
}

static enum sally_err do_puback(struct sally_mqtt_session *s, uint8_t flags,
                                struct sally_span body, sally_usec now)
{
    uint16_t id = 0;
    enum sally_err e = sally_mqtt_parse_id(body, &id);

    (void)flags, (void)now;
    if (e == SALLY_E_OK && sally_mqtt_session_acknowledged(s, id))
        s->upcalls->on_puback(s->owner, id);
    return e;
}

/* QoS 2 steps of an earlier life are answered so that the client forgets
 * them; nothing is delivered.                                               */
static enum sally_err answer_id(struct sally_mqtt_session *s,
                                struct sally_span body,
                                enum sally_mqtt_type with, sally_usec now)
{
    uint16_t id = 0;
    enum sally_err e = sally_mqtt_parse_id(body, &id);

    if (e == SALLY_E_OK)
        sally_mqtt_session_reply_id(s, with, id, now);
    return e;
}

static enum sally_err do_pubrec(struct sally_mqtt_session *s, uint8_t flags,
                                struct sally_span body, sally_usec now)
{
    (void)flags;
    return answer_id(s, body, SALLY_MQTT_PUBREL, now);
}

static enum sally_err do_pubrel(struct sally_mqtt_session *s, uint8_t flags,
                                struct sally_span body, sally_usec now)
{
    (void)flags;
    return answer_id(s, body, SALLY_MQTT_PUBCOMP, now);
}

static enum sally_err do_pubcomp(struct sally_mqtt_session *s, uint8_t flags,
                                 struct sally_span body, sally_usec now)
{
    uint16_t id;

    (void)s, (void)flags, (void)now;
    return sally_mqtt_parse_id(body, &id);
}

static void suback(struct sally_mqtt_session *s, uint16_t id,
                   struct sally_span codes, sally_usec now)
{
    struct sally_buf out;
    struct sally_writer w;

    if (!sally_mqtt_session_reply(s, sally_mqtt_packet_size(2 + codes.len),
                                  &out))
        return;
    w = sally_writer_into(&out);
    sally_mqtt_put_header(&w, SALLY_MQTT_SUBACK, 0, 2 + codes.len);
    sally_put_u16(&w, id);
    sally_put(&w, codes);
    sally_mqtt_session_wrote(s, &out, now);
}

/* Shared subscriptions are a matter of version 5; a client that takes one for
 * granted is told. What the owner grants is at most QoS 1.                  */
static uint8_t subscribe(struct sally_mqtt_session *s,
                         struct sally_span filter, uint8_t qos, size_t place)
{
    if (place >= SALLY_MQTT_FILTERS_MAX ||
        sally_span_starts(filter, sally_span_of("$share/")))
        return SALLY_MQTT_SUBACK_FAILURE;
    return s->upcalls->on_subscribe(s->owner, filter, qos > 1 ? 1 : qos);
}

/* The codes are gathered first: the owner may send what it retains from
 * inside the upcall.                                                        */
static enum sally_err do_subscribe(struct sally_mqtt_session *s, uint8_t flags,
                                   struct sally_span body, sally_usec now)
{
    uint8_t codes[SALLY_MQTT_PACKET_MAX / 4]; /* a filter is 4 bytes or more */
    struct sally_mqtt_filters list;
    struct sally_span filter;
    size_t n = 0;
    uint8_t qos;
    enum sally_err e = sally_mqtt_parse_filters(SALLY_MQTT_SUBSCRIBE, body,
                                                false, &list);

    (void)flags;
    if (e != SALLY_E_OK)
        return e;
    while (n < sizeof(codes) && sally_mqtt_next_filter(&list, &filter, &qos)) {
        codes[n] = subscribe(s, filter, qos, n);
        n++;
    }
    suback(s, list.packet_id, (struct sally_span){ codes, n }, now);
    return SALLY_E_OK;
}

static enum sally_err do_unsubscribe(struct sally_mqtt_session *s,
                                     uint8_t flags, struct sally_span body,
                                     sally_usec now)
{
    struct sally_mqtt_filters list;
    struct sally_span filter;
    uint8_t qos;
    enum sally_err e = sally_mqtt_parse_filters(SALLY_MQTT_UNSUBSCRIBE, body,
                                                false, &list);

    (void)flags;
    if (e != SALLY_E_OK)
        return e;
    while (sally_mqtt_next_filter(&list, &filter, &qos))
        s->upcalls->on_unsubscribe(s->owner, filter);
    sally_mqtt_session_reply_id(s, SALLY_MQTT_UNSUBACK, list.packet_id, now);
    return SALLY_E_OK;
}

static enum sally_err do_pingreq(struct sally_mqtt_session *s, uint8_t flags,
                                 struct sally_span body, sally_usec now)
{
    struct sally_buf out;
    struct sally_writer w;

    (void)flags;
    if (body.len != 0)
        return SALLY_E_MALFORMED;
    if (!sally_mqtt_session_reply(s, sally_mqtt_packet_size(0), &out))
        return SALLY_E_OK;
    w = sally_writer_into(&out);
    sally_mqtt_put_empty(&w, SALLY_MQTT_PINGRESP);
    sally_mqtt_session_wrote(s, &out, now);
    return SALLY_E_OK;
}

static enum sally_err do_disconnect(struct sally_mqtt_session *s, uint8_t flags,
                                    struct sally_span body, sally_usec now)
{
    (void)flags, (void)now;
    if (body.len != 0)
        return SALLY_E_MALFORMED;
    sally_mqtt_session_end(s, SALLY_MQTT_END_DISCONNECTED);
    return SALLY_E_OK;
}

#define ANY_FLAGS 0xff

/* s.2.2: the flags that a client's packets have. A type without a row is
 * reserved, or only a server sends it.                                      */
static const struct rule {
    uint8_t flags;
    enum sally_err (*run)(struct sally_mqtt_session *s, uint8_t flags,
                          struct sally_span body, sally_usec now);
} rules[16] = {
    [SALLY_MQTT_CONNECT] = { 0, sally_mqtt_session_connect },
    [SALLY_MQTT_PUBLISH] = { ANY_FLAGS, do_publish },
    [SALLY_MQTT_PUBACK] = { 0, do_puback },
    [SALLY_MQTT_PUBREC] = { 0, do_pubrec },
    [SALLY_MQTT_PUBREL] = { 2, do_pubrel },
    [SALLY_MQTT_PUBCOMP] = { 0, do_pubcomp },
    [SALLY_MQTT_SUBSCRIBE] = { 2, do_subscribe },
    [SALLY_MQTT_UNSUBSCRIBE] = { 2, do_unsubscribe },
    [SALLY_MQTT_PINGREQ] = { 0, do_pingreq },
    [SALLY_MQTT_DISCONNECT] = { 0, do_disconnect },
};

/* CONNECT is the first packet and no other. */
static bool allowed(const struct sally_mqtt_session *s,
                    const struct sally_mqtt_header *h)
{
    const struct rule *r = &rules[h->type & 15];
    bool first = s->state == SALLY_MQTT_NEW;

    return r->run != NULL && first == (h->type == SALLY_MQTT_CONNECT) &&
           (r->flags == ANY_FLAGS || r->flags == h->flags);
}

bool sally_mqtt_session_packet(struct sally_mqtt_session *s,
                               const struct sally_mqtt_header *h,
                               struct sally_span body, sally_usec now)
{
    enum sally_err e = SALLY_E_MALFORMED;

    if (allowed(s, h))
        e = rules[h->type & 15].run(s, h->flags, body, now);
    if (e == SALLY_E_BUSY) {
        s->full = true;
        return false;
    }
    if (e != SALLY_E_OK)
        sally_mqtt_session_end(s, SALLY_MQTT_END_PROTOCOL);
    return true;
}
