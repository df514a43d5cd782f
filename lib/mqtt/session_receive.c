/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session_receive.c - messages of the client, and our answers to
 * them. MQTT 5.0 s.3.3, s.4.3, s.4.6.                                       */
#include "base/text.h"
#include "mqtt/session_parts.h"
#include "mqtt/topic.h"

#include <string.h>

static size_t ring_place(const struct sally_mqtt_session *s, size_t nth)
{
    return (s->first + nth) % SALLY_MQTT_RECEIVE_MAX;
}

static bool is_two(const struct sally_mqtt_session *s, size_t nth)
{
    return (s->twos >> nth & 1) != 0;
}

/* Which of the unanswered messages this is, from the oldest; `count`: none. */
static size_t nth_of(const struct sally_mqtt_session *s, uint16_t id, bool two)
{
    size_t nth = 0;

    while (nth < s->count && (s->unfinished[ring_place(s, nth)] != id ||
                              is_two(s, nth) != two))
        nth++;
    return nth;
}

static void push(struct sally_mqtt_session *s, uint16_t id, bool two)
{
    s->unfinished[ring_place(s, s->count)] = id;
    s->reasons[ring_place(s, s->count)] = SALLY_MQTT_SUCCESS;
    s->twos &= ~(UINT32_C(1) << s->count);
    s->twos |= (uint32_t)two << s->count;
    s->count++;
    s->next_number++;
}

static void unpush(struct sally_mqtt_session *s)
{
    s->count--;
    s->next_number--;
}

/* The message is in the ring before the owner sees it, since the owner may
 * answer at once. One that is of no use whatever the owner says (`reason`) is
 * answered in its turn.                                                     */
static enum sally_err offer(struct sally_mqtt_session *s,
                            const struct sally_mqtt_publish *p,
                            enum sally_mqtt_reason reason, sally_usec now)
{
    uint32_t number = s->next_number;

    push(s, p->packet_id, p->qos == 2);
    if (reason != SALLY_MQTT_SUCCESS) {
        sally_mqtt_session_answer(s, number, reason, now);
        return SALLY_E_OK;
    }
    if (s->upcalls->on_publish(s->owner, p, number))
        return SALLY_E_OK;
    unpush(s);
    return SALLY_E_BUSY;
}

/* Those of QoS 1 that are not answered, and of QoS 2 that are not released. */
static size_t unreleased(const struct sally_mqtt_session *s)
{
    size_t n = s->held != NULL ? s->held->count : 0;

    for (size_t nth = 0; nth < s->count; nth++)
        n += !is_two(s, nth);
    return n;
}

/* Version 5 was told how many it may have. Before, input stops at as many that
 * are not answered; ids of QoS 2 find no place at twice as many.            */
static bool too_many(const struct sally_mqtt_session *s)
{
    return s->v5 && unreleased(s) >= SALLY_MQTT_RECEIVE_MAX;
}

/* It was told before: the answer went out and comes again; or it is still to
 * come, to a message that an earlier connection brought.                    */
static enum sally_err repeat(struct sally_mqtt_session *s, uint16_t id,
                             sally_usec now)
{
    if (sally_mqtt_held_is_stored(s->held, id))
        sally_mqtt_session_reply_id(s, SALLY_MQTT_PUBREC, id, now);
    else if (s->count < SALLY_MQTT_RECEIVE_MAX)
        push(s, id, true);
    return SALLY_E_OK;
}

static enum sally_err take_two(struct sally_mqtt_session *s,
                               const struct sally_mqtt_publish *p,
                               enum sally_mqtt_reason reason, sally_usec now)
{
    enum sally_err e;

    if (nth_of(s, p->packet_id, true) < s->count)
        return SALLY_E_OK;
    if (s->held == NULL)
        s->held = s->upcalls->on_hold(s->owner);
    if (s->held == NULL) {
        sally_mqtt_session_end(s, SALLY_MQTT_END_NO_ROOM);
        return SALLY_E_OK;
    }
    if (sally_mqtt_held_has(s->held, p->packet_id))
        return repeat(s, p->packet_id, now);
    if (too_many(s) || !sally_mqtt_held_add(s->held, p->packet_id)) {
        sally_mqtt_session_end(s, SALLY_MQTT_END_UNFINISHED);
        return SALLY_E_OK;
    }
    e = offer(s, p, reason, now);
    if (e != SALLY_E_OK)
        sally_mqtt_held_release(s->held, p->packet_id);
    return e;
}

static enum sally_err take_one(struct sally_mqtt_session *s,
                               const struct sally_mqtt_publish *p,
                               enum sally_mqtt_reason reason, sally_usec now)
{
    if (p->dup && nth_of(s, p->packet_id, false) < s->count)
        return SALLY_E_OK;
    if (too_many(s)) {
        sally_mqtt_session_end(s, SALLY_MQTT_END_UNFINISHED);
        return SALLY_E_OK;
    }
    return offer(s, p, reason, now);
}

static enum sally_err take_nought(struct sally_mqtt_session *s,
                                  const struct sally_mqtt_publish *p,
                                  enum sally_mqtt_reason reason)
{
    if (reason == SALLY_MQTT_BAD_TOPIC) {
        sally_mqtt_session_end_with(s, SALLY_MQTT_END_PROTOCOL, reason);
        return SALLY_E_OK;
    }
    if (reason != SALLY_MQTT_SUCCESS)
        return SALLY_E_OK; /* it promises nothing: it is dropped */
    return s->upcalls->on_publish(s->owner, p, 0) ? SALLY_E_OK : SALLY_E_BUSY;
}

/* --- Version 5 ----------------------------------------------------------- */

/* Remembers the topic of an alias, or finds it. SUCCESS, or why not. */
static enum sally_mqtt_reason resolve(struct sally_mqtt_session *s,
                                      struct sally_mqtt_publish *p)
{
    uint32_t alias = sally_mqtt_property_number(&p->properties,
                                                SALLY_MQTT_TOPIC_ALIAS, 0);

    if (alias == 0)
        return SALLY_MQTT_SUCCESS;
    if (alias > SALLY_MQTT_ALIASES_MAX || s->pools->aliases == NULL)
        return SALLY_MQTT_BAD_ALIAS;
    if (s->aliases == NULL && p->topic.len != 0) {
        s->aliases = sally_pool_take(s->pools->aliases);
        if (s->aliases == NULL)
            return SALLY_MQTT_QUOTA_EXCEEDED;
        memset(s->aliases->len, 0, sizeof(s->aliases->len));
    }
    if (p->topic.len != 0 && !sally_mqtt_topic_fits(p->topic))
        return SALLY_MQTT_BAD_TOPIC;
    if (p->topic.len != 0)
        sally_mqtt_alias_set(s->aliases, alias, p->topic);
    else if (s->aliases != NULL)
        p->topic = sally_mqtt_alias_topic(s->aliases, alias);
    return p->topic.len != 0 ? SALLY_MQTT_SUCCESS : SALLY_MQTT_PROTOCOL_ERROR;
}

static enum sally_mqtt_reason useless(const struct sally_mqtt_publish *p)
{
    if (!p->v5)
        return SALLY_MQTT_SUCCESS; /* the owner acknowledges and drops it */
    if (!sally_mqtt_topic_fits(p->topic))
        return SALLY_MQTT_BAD_TOPIC;
    if (sally_mqtt_property_number(&p->properties, SALLY_MQTT_PAYLOAD_FORMAT,
                                   0) != 0 &&
        !sally_text_is_utf8(p->payload))
        return SALLY_MQTT_BAD_PAYLOAD_FORMAT;
    return SALLY_MQTT_SUCCESS;
}

enum sally_err sally_mqtt_session_take(struct sally_mqtt_session *s,
                                       uint8_t flags, struct sally_span body,
                                       sally_usec now)
{
    struct sally_mqtt_publish p;
    enum sally_mqtt_reason reason;
    enum sally_err e = sally_mqtt_parse_publish(flags, body, s->v5, &p);

    if (e != SALLY_E_OK)
        return e;
    if (sally_mqtt_has_property(&p.properties, SALLY_MQTT_SUBSCRIPTION_ID))
        return SALLY_E_OUT_OF_RANGE;
    reason = resolve(s, &p);
    if (reason != SALLY_MQTT_SUCCESS) {
        sally_mqtt_session_end_with(s, SALLY_MQTT_END_PROTOCOL, reason);
        return SALLY_E_OK;
    }
    reason = useless(&p);
    if (p.qos == 0)
        return take_nought(s, &p, reason);
    return p.qos == 1 ? take_one(s, &p, reason, now)
                      : take_two(s, &p, reason, now);
}

/* --- Answers ------------------------------------------------------------- */

/* Moves the answers to the oldest messages out, as far as they are there
 * without a gap: MQTT-4.6.0-2 wants them in order.                          */
static void put_answers(struct sally_mqtt_session *s, sally_usec now)
{
    while (s->count != 0 && (s->done & 1) != 0) {
        size_t place = ring_place(s, 0);
        enum sally_mqtt_type type =
            is_two(s, 0) ? SALLY_MQTT_PUBREC : SALLY_MQTT_PUBACK;

        s->first = (uint8_t)((s->first + 1) % SALLY_MQTT_RECEIVE_MAX);
        s->count--;
        s->done >>= 1;
        s->twos >>= 1;
        sally_mqtt_session_reply_ack(s, type, s->unfinished[place],
                                     s->v5 ? s->reasons[place] : 0, now);
    }
}

/* A failure ends the exchange of QoS 2 with the PUBREC, s.4.3.3; the other
 * versions cannot say it.                                                   */
static void note_two(struct sally_mqtt_session *s, uint16_t id, uint8_t reason)
{
    if (s->v5 && reason >= 0x80)
        sally_mqtt_held_release(s->held, id);
    else
        sally_mqtt_held_store(s->held, id);
}

void sally_mqtt_session_answer(struct sally_mqtt_session *s, uint32_t number,
                               enum sally_mqtt_reason reason, sally_usec now)
{
    uint32_t nth = number - (s->next_number - s->count);
    bool waited = sally_mqtt_session_waits(s);
    size_t place;

    if (nth >= s->count || s->state != SALLY_MQTT_OPEN ||
        (s->done >> nth & 1) != 0)
        return;
    place = ring_place(s, nth);
    s->reasons[place] = (uint8_t)reason;
    if (is_two(s, nth))
        note_two(s, s->unfinished[place], s->reasons[place]);
    s->done |= UINT32_C(1) << nth;
    put_answers(s, now);
    sally_mqtt_session_go_on(s, waited, now);
}

void sally_mqtt_session_stored(struct sally_mqtt_session *s, uint16_t id,
                               enum sally_mqtt_reason reason, sally_usec now)
{
    size_t nth = nth_of(s, id, true);

    if (nth < s->count)
        sally_mqtt_session_answer(
            s, s->next_number - s->count + (uint32_t)nth, reason, now);
    else if (s->held != NULL)
        note_two(s, id, (uint8_t)reason); /* it is not asked for yet */
}

/* A PUBREL before our PUBREC is a violation: it would have us forget what is
 * not stored yet.                                                           */
enum sally_err sally_mqtt_session_release(struct sally_mqtt_session *s,
                                          uint8_t flags,
                                          struct sally_span body,
                                          sally_usec now)
{
    struct sally_mqtt_ack a = { .packet_id = 0 };
    enum sally_err e =
        sally_mqtt_parse_ack(SALLY_MQTT_PUBREL, body, s->v5, &a);
    bool known;

    (void)flags;
    if (e != SALLY_E_OK)
        return e;
    known = s->held != NULL && sally_mqtt_held_has(s->held, a.packet_id);
    if (known && (!sally_mqtt_held_is_stored(s->held, a.packet_id) ||
                  nth_of(s, a.packet_id, true) < s->count))
        return SALLY_E_OUT_OF_RANGE;
    if (known)
        sally_mqtt_held_release(s->held, a.packet_id);
    sally_mqtt_session_reply_ack(s, SALLY_MQTT_PUBCOMP, a.packet_id,
                                 known || !s->v5 ? SALLY_MQTT_SUCCESS
                                                 : SALLY_MQTT_ID_NOT_FOUND,
                                 now);
    return SALLY_E_OK;
}
