/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session_packet.c - what each packet of a client does. */
#include "mqtt/session_parts.h"
#include "mqtt/topic.h"

#include <string.h>

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

static enum sally_err do_connect(struct sally_mqtt_session *s, uint8_t flags,
                                 struct sally_span body, sally_usec now)
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
    enum sally_err e = sally_mqtt_parse_publish(flags, body, &p);

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
    enum sally_err e = sally_mqtt_parse_filters(body, true, &list);

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
    enum sally_err e = sally_mqtt_parse_filters(body, false, &list);

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
    [SALLY_MQTT_CONNECT] = { 0, do_connect },
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
