/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session_packet.c - what each packet of an open session does. */
#include "mqtt/session_parts.h"

static enum sally_err do_puback(struct sally_mqtt_session *s, uint8_t flags,
                                struct sally_span body, sally_usec now)
{
    struct sally_mqtt_ack a = { .packet_id = 0 };
    enum sally_err e =
        sally_mqtt_parse_ack(SALLY_MQTT_PUBACK, body, s->v5, &a);

    (void)flags, (void)now;
    if (e == SALLY_E_OK && sally_mqtt_session_acknowledged(s, a.packet_id))
        s->upcalls->on_puback(s->owner, a.packet_id, a.reason);
    return e;
}

/* Nothing of ours has QoS 2. The client is answered so that it forgets. */
static enum sally_err do_pubrec(struct sally_mqtt_session *s, uint8_t flags,
                                struct sally_span body, sally_usec now)
{
    struct sally_mqtt_ack a = { .packet_id = 0 };
    enum sally_err e =
        sally_mqtt_parse_ack(SALLY_MQTT_PUBREC, body, s->v5, &a);

    (void)flags;
    if (e == SALLY_E_OK)
        sally_mqtt_session_reply_ack(s, SALLY_MQTT_PUBREL, a.packet_id,
                                     s->v5 ? SALLY_MQTT_ID_NOT_FOUND
                                           : SALLY_MQTT_SUCCESS,
                                     now);
    return e;
}

static enum sally_err do_pubcomp(struct sally_mqtt_session *s, uint8_t flags,
                                 struct sally_span body, sally_usec now)
{
    struct sally_mqtt_ack a;

    (void)flags, (void)now;
    return sally_mqtt_parse_ack(SALLY_MQTT_PUBCOMP, body, s->v5, &a);
}

static void answer_filters(struct sally_mqtt_session *s,
                           enum sally_mqtt_type type, uint16_t id,
                           struct sally_span codes, sally_usec now)
{
    struct sally_buf out;
    struct sally_writer w;

    if (!sally_mqtt_session_reply(s, sally_mqtt_suback_size(s->v5, codes),
                                  &out))
        return;
    w = sally_writer_into(&out);
    sally_mqtt_put_suback(&w, type, id, s->v5, codes);
    sally_mqtt_session_wrote(s, &out, now);
}

/* Which reason, or before version 5 the one word there is. */
static uint8_t failure(const struct sally_mqtt_session *s,
                       enum sally_mqtt_reason reason)
{
    return s->v5 ? (uint8_t)reason : SALLY_MQTT_SUBACK_FAILURE;
}

/* Shared subscriptions are not offered. What the owner grants is at most
 * QoS 1.                                                                    */
static uint8_t subscribe(struct sally_mqtt_session *s,
                         struct sally_span filter, uint8_t options,
                         size_t place)
{
    uint8_t qos = options & SALLY_MQTT_OPTION_QOS, granted;

    if (place >= SALLY_MQTT_FILTERS_MAX)
        return failure(s, SALLY_MQTT_QUOTA_EXCEEDED);
    if (sally_span_starts(filter, sally_span_of("$share/")))
        return failure(s, SALLY_MQTT_NO_SHARED);
    granted = s->upcalls->on_subscribe(s->owner, filter, qos > 1 ? 1 : qos);
    return granted == SALLY_MQTT_SUBACK_FAILURE
               ? failure(s, SALLY_MQTT_NOT_AUTHORIZED)
               : granted;
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
    uint8_t options;
    enum sally_err e =
        sally_mqtt_parse_filters(SALLY_MQTT_SUBSCRIBE, body, s->v5, &list);

    (void)flags;
    if (e != SALLY_E_OK)
        return e;
    if (sally_mqtt_has_property(&list.properties, SALLY_MQTT_SUBSCRIPTION_ID)) {
        sally_mqtt_session_end_with(s, SALLY_MQTT_END_PROTOCOL,
                                    SALLY_MQTT_NO_SUBSCRIPTION_IDS);
        return SALLY_E_OK;
    }
    while (n < sizeof(codes) &&
           sally_mqtt_next_filter(&list, &filter, &options)) {
        codes[n] = subscribe(s, filter, options, n);
        n++;
    }
    answer_filters(s, SALLY_MQTT_SUBACK, list.packet_id,
                   (struct sally_span){ codes, n }, now);
    return SALLY_E_OK;
}

static enum sally_err do_unsubscribe(struct sally_mqtt_session *s,
                                     uint8_t flags, struct sally_span body,
                                     sally_usec now)
{
    uint8_t codes[SALLY_MQTT_PACKET_MAX / 3]; /* a filter is 3 bytes or more */
    struct sally_mqtt_filters list;
    struct sally_span filter;
    size_t n = 0;
    uint8_t options;
    enum sally_err e =
        sally_mqtt_parse_filters(SALLY_MQTT_UNSUBSCRIBE, body, s->v5, &list);

    (void)flags;
    if (e != SALLY_E_OK)
        return e;
    while (n < sizeof(codes) &&
           sally_mqtt_next_filter(&list, &filter, &options))
        codes[n++] = s->upcalls->on_unsubscribe(s->owner, filter)
                         ? SALLY_MQTT_SUCCESS
                         : SALLY_MQTT_NO_SUBSCRIPTION;
    answer_filters(s, SALLY_MQTT_UNSUBACK, list.packet_id,
                   (struct sally_span){ codes, s->v5 ? n : 0 }, now);
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

/* A session that was to end with its connection cannot be prolonged here,
 * s.3.14.2.2.2. Only a normal end takes the will back, s.3.1.2.5.           */
static enum sally_err do_disconnect(struct sally_mqtt_session *s, uint8_t flags,
                                    struct sally_span body, sally_usec now)
{
    struct sally_mqtt_ack a = { .reason = 0 };
    enum sally_err e = sally_mqtt_parse_disconnect(body, s->v5, &a);
    uint32_t expiry;

    (void)flags, (void)now;
    if (e != SALLY_E_OK)
        return e;
    expiry = sally_mqtt_property_number(
        &a.properties, SALLY_MQTT_SESSION_EXPIRY, s->expiry);
    if (s->expiry == 0 && expiry != 0)
        return SALLY_E_OUT_OF_RANGE;
    s->expiry = expiry;
    sally_mqtt_session_end(s, a.reason == SALLY_MQTT_SUCCESS
                                  ? SALLY_MQTT_END_DISCONNECTED
                                  : SALLY_MQTT_END_WITH_WILL);
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
    [SALLY_MQTT_PUBLISH] = { ANY_FLAGS, sally_mqtt_session_take },
    [SALLY_MQTT_PUBACK] = { 0, do_puback },
    [SALLY_MQTT_PUBREC] = { 0, do_pubrec },
    [SALLY_MQTT_PUBREL] = { 2, sally_mqtt_session_release },
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

/* A packet with wrong flags is malformed, and so is type 0; one that is good
 * elsewhere, or at another time, breaks the protocol.                       */
static enum sally_err misplaced(const struct sally_mqtt_header *h)
{
    const struct rule *r = &rules[h->type & 15];

    if (h->type == 0 ||
        (r->run != NULL && r->flags != ANY_FLAGS && r->flags != h->flags))
        return SALLY_E_MALFORMED;
    return SALLY_E_OUT_OF_RANGE;
}

bool sally_mqtt_session_packet(struct sally_mqtt_session *s,
                               const struct sally_mqtt_header *h,
                               struct sally_span body, sally_usec now)
{
    enum sally_err e = allowed(s, h)
                           ? rules[h->type & 15].run(s, h->flags, body, now)
                           : misplaced(h);

    if (e == SALLY_E_BUSY) {
        s->full = true;
        return false;
    }
    if (e != SALLY_E_OK)
        sally_mqtt_session_end_with(s, SALLY_MQTT_END_PROTOCOL,
                                    sally_mqtt_reason_of(e));
    return true;
}
