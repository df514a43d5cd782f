/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session.c - from connection to end: input, verdict. */
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
                                      .send_max = SALLY_MQTT_SEND_MAX,
                                      .packet_max = UINT32_MAX,
                                      .state = SALLY_MQTT_NEW };
}

bool sally_mqtt_session_waits(const struct sally_mqtt_session *s)
{
    return s->state == SALLY_MQTT_WAITING || s->full ||
           (s->count == SALLY_MQTT_RECEIVE_MAX && !s->v5);
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

/* The time that input waited is not the client's fault. */
void sally_mqtt_session_go_on(struct sally_mqtt_session *s, bool waited,
                              sally_usec now)
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
    sally_mqtt_session_go_on(s, false, now);
}

void sally_mqtt_session_accept(struct sally_mqtt_session *s,
                               const struct sally_mqtt_welcome *w,
                               sally_usec now)
{
    if (s->state != SALLY_MQTT_WAITING)
        return;
    s->state = SALLY_MQTT_OPEN;
    s->held = w->held;
    s->expiry = w->expiry;
    sally_mqtt_session_welcome(s, w, now);
    sally_mqtt_session_go_on(s, true, now);
}

/* What the codes of 3.1.1 are called in version 5. */
static uint8_t reason_of_code(uint8_t code)
{
    static const uint8_t reasons[] = {
        [SALLY_MQTT_REFUSED_VERSION] = SALLY_MQTT_BAD_VERSION,
        [SALLY_MQTT_REFUSED_CLIENT_ID] = SALLY_MQTT_BAD_CLIENT_ID,
        [SALLY_MQTT_REFUSED_UNAVAILABLE] = SALLY_MQTT_BUSY,
        [SALLY_MQTT_REFUSED_CREDENTIALS] = SALLY_MQTT_NOT_AUTHORIZED,
        [SALLY_MQTT_REFUSED_NOT_AUTHORIZED] = SALLY_MQTT_NOT_AUTHORIZED,
    };

    return code < SALLY_LEN(reasons) ? reasons[code] : code;
}

void sally_mqtt_session_refuse(struct sally_mqtt_session *s, uint8_t code,
                               sally_usec now)
{
    if (s->state != SALLY_MQTT_WAITING)
        return;
    sally_mqtt_session_connack(s, s->v5 ? reason_of_code(code) : code, now);
    sally_mqtt_session_end(s, SALLY_MQTT_END_REFUSED);
}

void sally_mqtt_session_resume(struct sally_mqtt_session *s, sally_usec now)
{
    bool waited = s->full;

    s->full = false;
    sally_mqtt_session_go_on(s, waited, now);
}
