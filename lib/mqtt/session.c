/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session.c - from connection to end: input, verdict, PUBACKs. */
#include "mqtt/session.h"

#include "mqtt/session_parts.h"

#define FIRST_BYTE_CONNECT 0x10
#define FIRST_BYTE_TLS 0x16 /* a handshake record, RFC 8446 s.5.1 */

const struct sally_mqtt_limits sally_mqtt_default_limits = {
    .connect_wait = 5 * SALLY_SEC,
    .packet_wait = 10 * SALLY_SEC,
    .verdict_wait = 30 * SALLY_SEC,
    .output_wait = 30 * SALLY_SEC,
    .keep_alive_max = 3600,
    .accept_3_1 = true,
};

static const char *const end_texts[] = {
#define X(name, text) [SALLY_MQTT_END_##name] = (text),
    SALLY_MQTT_END_TABLE(X)
#undef X
};

const char *sally_mqtt_end_text(enum sally_mqtt_end why)
{
    return (size_t)why < SALLY_LEN(end_texts) ? end_texts[why]
                                              : end_texts[SALLY_MQTT_END_NONE];
}

void sally_mqtt_session_init(struct sally_mqtt_session *s,
                             const struct sally_mqtt_upcalls *upcalls,
                             void *owner, const struct sally_mqtt_pools *pools,
                             const struct sally_mqtt_limits *limits,
                             sally_usec now)
{
    *s = (struct sally_mqtt_session){ .upcalls = upcalls,
                                      .owner = owner,
                                      .pools = pools,
                                      .limits = limits,
                                      .since = now,
                                      .next_number = 1,
                                      .next_id = 1,
                                      .state = SALLY_MQTT_NEW };
}

static struct sally_mqtt_publish kept_will(const struct sally_mqtt_session *s)
{
    struct sally_span both = { s->will,
                               (size_t)(s->will_topic + s->will_payload) };

    if (s->will == NULL)
        return (struct sally_mqtt_publish){ .qos = 0 };
    return (struct sally_mqtt_publish){
        .topic = sally_span_sub(both, 0, s->will_topic),
        .payload = sally_span_sub(both, s->will_topic, s->will_payload),
        .qos = s->will_qos,
        .retain = s->will_retain,
    };
}

/* The input block may hold what an upcall is looking at: while busy, the
 * round itself drops it.                                                    */
void sally_mqtt_session_end(struct sally_mqtt_session *s,
                            enum sally_mqtt_end why)
{
    bool leaves = s->state == SALLY_MQTT_OPEN && s->will != NULL &&
                  why != SALLY_MQTT_END_DISCONNECTED;
    struct sally_mqtt_publish will = kept_will(s);

    if (s->state == SALLY_MQTT_ENDED)
        return;
    s->state = SALLY_MQTT_ENDED;
    s->upcalls->on_end(s->owner, why, leaves ? &will : NULL);
    sally_pool_give(s->pools->wills, s->will);
    s->will = NULL;
    if (!s->busy)
        sally_mqtt_block_drop(&s->in, s->pools);
}

void sally_mqtt_session_wipe(struct sally_mqtt_session *s)
{
    if (s->pools == NULL)
        return;
    sally_mqtt_block_drop(&s->in, s->pools);
    sally_mqtt_block_drop(&s->out, s->pools);
    sally_pool_give(s->pools->wills, s->will);
    s->will = NULL;
    s->state = SALLY_MQTT_ENDED;
}

bool sally_mqtt_session_waits(const struct sally_mqtt_session *s)
{
    return s->state == SALLY_MQTT_WAITING || s->full ||
           s->count == SALLY_MQTT_RECEIVE_MAX;
}

bool sally_mqtt_session_stopped(const struct sally_mqtt_session *s)
{
    return sally_mqtt_session_waits(s) ||
           sally_mqtt_block_span(&s->out).len >= SALLY_MQTT_OUTPUT_HIGH;
}

bool sally_mqtt_session_wants_input(const struct sally_mqtt_session *s)
{
    return s->state != SALLY_MQTT_ENDED && !sally_mqtt_session_stopped(s);
}

static size_t packet_limit(const struct sally_mqtt_session *s,
                           const struct sally_mqtt_header *h)
{
    return s->state == SALLY_MQTT_NEW ? h->header + SALLY_MQTT_CONNECT_MAX
                                      : SALLY_MQTT_PACKET_MAX;
}

/* The first byte alone tells a stranger, who gets no answer. */
static bool greets(struct sally_mqtt_session *s, uint8_t first)
{
    if (s->state != SALLY_MQTT_NEW || first == FIRST_BYTE_CONNECT)
        return true;
    sally_mqtt_session_end(s, first == FIRST_BYTE_TLS
                                  ? SALLY_MQTT_END_TLS
                                  : SALLY_MQTT_END_NOT_MQTT);
    return false;
}

/* The header of a packet that is all there. What is too large is known from
 * the header: the rest of it is never waited for.                           */
static bool whole_packet(struct sally_mqtt_session *s, struct sally_span bytes,
                         struct sally_mqtt_header *h)
{
    enum sally_err e;

    if (bytes.len == 0 || !greets(s, bytes.at[0]))
        return false;
    e = sally_mqtt_header(bytes, h);
    if (e == SALLY_E_PENDING)
        return false;
    if (e != SALLY_E_OK) {
        sally_mqtt_session_end(s, SALLY_MQTT_END_PROTOCOL);
        return false;
    }
    if (h->header + h->body > packet_limit(s, h)) {
        sally_mqtt_session_end(s, SALLY_MQTT_END_TOO_LARGE);
        return false;
    }
    return bytes.len >= h->header + h->body;
}

static bool take_packet(struct sally_mqtt_session *s, struct sally_cursor *c,
                        sally_usec now)
{
    struct sally_mqtt_header h;

    if (!whole_packet(s, c->rest, &h))
        return false;
    if (!sally_mqtt_session_packet(
            s, &h, sally_span_sub(c->rest, h.header, h.body), now))
        return false;
    (void)sally_take(c, h.header + h.body);
    s->since = s->part_since = now;
    return true;
}

/* Takes packets from `c` until one is incomplete or input has to stop. */
static void eat(struct sally_mqtt_session *s, struct sally_cursor *c,
                sally_usec now)
{
    s->busy = true;
    while (sally_mqtt_session_wants_input(s) && take_packet(s, c, now)) {
    }
    s->busy = false;
}

static void eat_held(struct sally_mqtt_session *s, sally_usec now)
{
    struct sally_span held = sally_mqtt_block_span(&s->in);
    struct sally_cursor c = sally_cursor_over(held);

    if (s->busy)
        return;
    eat(s, &c, now);
    if (s->state == SALLY_MQTT_ENDED)
        sally_mqtt_block_drop(&s->in, s->pools);
    else if (held.len != 0)
        sally_mqtt_block_used(&s->in, s->pools, held.len - c.rest.len);
}

static void hold(struct sally_mqtt_session *s, struct sally_span bytes,
                 sally_usec now)
{
    if (bytes.len == 0 || s->state == SALLY_MQTT_ENDED)
        return;
    if (sally_mqtt_block_span(&s->in).len == 0)
        s->part_since = now;
    if (!sally_mqtt_block_fit(&s->in, s->pools, bytes.len,
                              s->state == SALLY_MQTT_OPEN)) {
        sally_mqtt_session_end(s, SALLY_MQTT_END_NO_ROOM);
        return;
    }
    sally_mqtt_block_put(&s->in, bytes);
}

/* How many bytes the packet at the front of the held ones still lacks, as far
 * as its header tells; at least 1.                                          */
static size_t missing(const struct sally_mqtt_session *s)
{
    struct sally_span held = sally_mqtt_block_span(&s->in);
    struct sally_mqtt_header h;

    if (sally_mqtt_header(held, &h) != SALLY_E_OK ||
        h.header + h.body <= held.len)
        return 1;
    return h.header + h.body - held.len;
}

/* Packets are read where they lie; only a packet that began in an earlier
 * input is put together in the block first.                                 */
void sally_mqtt_session_input(struct sally_mqtt_session *s,
                              struct sally_span bytes, sally_usec now)
{
    struct sally_cursor c = sally_cursor_over(bytes);

    while (c.rest.len != 0 && s->state != SALLY_MQTT_ENDED) {
        size_t take = c.rest.len;
        bool goes_on = !sally_mqtt_session_stopped(s);

        if (goes_on && sally_mqtt_block_span(&s->in).len == 0)
            eat(s, &c, now);
        else if (goes_on && missing(s) < take)
            take = missing(s);
        hold(s, sally_take(&c, take < c.rest.len ? take : c.rest.len), now);
        eat_held(s, now);
    }
}

/* Goes on with input that waited for the owner or for output. The time that
 * it waited is not the client's fault.                                      */
static void go_on(struct sally_mqtt_session *s, bool waited, sally_usec now)
{
    if (waited && !sally_mqtt_session_waits(s))
        s->since = s->part_since = now;
    eat_held(s, now);
}

void sally_mqtt_session_sent(struct sally_mqtt_session *s, size_t n,
                             sally_usec now)
{
    sally_mqtt_block_used(&s->out, s->pools, n);
    s->output_since = now;
    go_on(s, false, now);
}

void sally_mqtt_session_accept(struct sally_mqtt_session *s, sally_usec now)
{
    if (s->state != SALLY_MQTT_WAITING)
        return;
    s->state = SALLY_MQTT_OPEN;
    sally_mqtt_session_connack(s, SALLY_MQTT_ACCEPTED, now);
    go_on(s, true, now);
}

void sally_mqtt_session_refuse(struct sally_mqtt_session *s, uint8_t code,
                               sally_usec now)
{
    if (s->state != SALLY_MQTT_WAITING)
        return;
    sally_mqtt_session_connack(s, code, now);
    sally_mqtt_session_end(s, SALLY_MQTT_END_REFUSED);
}

/* Moves the PUBACKs of the oldest messages out, as far as they are durable
 * without a gap: MQTT-4.6.0-2 wants them in order.                          */
static void put_pubacks(struct sally_mqtt_session *s, sally_usec now)
{
    while (s->count != 0 && (s->done & 1) != 0) {
        uint16_t id = s->unfinished[s->first];

        s->first = (uint8_t)((s->first + 1) % SALLY_MQTT_RECEIVE_MAX);
        s->count--;
        s->done >>= 1;
        sally_mqtt_session_reply_id(s, SALLY_MQTT_PUBACK, id, now);
    }
}

void sally_mqtt_session_puback(struct sally_mqtt_session *s, uint32_t number,
                               sally_usec now)
{
    uint32_t place = number - (s->next_number - s->count);
    bool waited = sally_mqtt_session_waits(s);

    if (place >= s->count || s->state != SALLY_MQTT_OPEN)
        return;
    s->done |= UINT32_C(1) << place;
    put_pubacks(s, now);
    go_on(s, waited, now);
}

void sally_mqtt_session_resume(struct sally_mqtt_session *s, sally_usec now)
{
    bool waited = s->full;

    s->full = false;
    go_on(s, waited, now);
}
