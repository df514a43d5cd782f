/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_mqtt_client.c - promises of our connection to a broker,
 * whatever a broker sends and when:
 *   - blocks: two at most, and none once it is wiped;
 *   - a PUBACK for what the owner answered and nothing else, and never more
 *     than RECEIVE unanswered;
 *   - the end is told once, and nothing after it; the deadline is then NEVER;
 *   - a refused message is offered again under the same number.
 * The input is a list of steps: one byte says what happens, and for input the
 * next one how many bytes follow. The first byte chooses the version.        */
#include <stdlib.h>
#include <string.h>

#include "mqtt/client.h"

struct world {
    struct sally_mqtt_client client;
    struct sally_pool small, large;
    struct sally_mqtt_pools pools;
    sally_usec now;
    uint32_t told, answered;
    size_t pubacks;
    bool has_room, ended;
};

static void alive(const struct world *w)
{
    if (w->ended)
        abort();
}

static void on_open(void *owner, bool present)
{
    (void)present;
    alive(owner);
}

static void on_refused(void *owner, size_t number, uint8_t code)
{
    alive(owner);
    if (number > 1 || code < SALLY_MQTT_SUBACK_FAILURE)
        abort();
}

static bool on_publish(void *owner, const struct sally_mqtt_publish *p,
                       uint32_t number)
{
    struct world *w = owner;

    alive(w);
    if ((p->qos == 0) != (number == 0) || p->qos > 1 || p->topic.len == 0)
        abort();
    if (!w->has_room)
        return false;
    if (number != 0 && number != w->told + 1)
        abort();
    if (number != 0)
        w->told = number;
    if (w->told - w->answered > SALLY_MQTT_CLIENT_RECEIVE)
        abort();
    return true;
}

static void on_puback(void *owner, uint16_t id, uint8_t reason)
{
    (void)reason;
    alive(owner);
    if (id == 0)
        abort();
}

static void on_end(void *owner, enum sally_mqtt_loss why, uint8_t code)
{
    struct world *w = owner;

    (void)code;
    alive(w);
    if (why == SALLY_MQTT_LOSS_NONE)
        abort();
    w->ended = true;
}

static const struct sally_mqtt_client_upcalls upcalls = { on_open, on_refused,
                                                          on_publish, on_puback,
                                                          on_end };

/* Packets go out one by one or many at once, but whole. */
static void drain(struct world *w)
{
    struct sally_span left = sally_mqtt_client_output(&w->client);
    size_t all = left.len;
    struct sally_mqtt_header h;

    while (left.len != 0) {
        if (sally_mqtt_header(left, &h) != SALLY_E_OK ||
            h.header + h.body > left.len)
            abort();
        w->pubacks += h.type == SALLY_MQTT_PUBACK;
        left = sally_span_sub(left, h.header + h.body,
                              left.len - h.header - h.body);
    }
    if (w->pubacks > w->answered)
        abort();
    sally_mqtt_client_sent(&w->client, all, w->now);
}

static void answer_next(struct world *w)
{
    if (w->answered == w->told)
        return;
    w->answered++;
    sally_mqtt_client_answer(&w->client, w->answered, w->now);
}

static void step(struct world *w, uint8_t what, struct sally_cursor *c)
{
    struct sally_span bytes;
    uint16_t id;

    switch (what & 7) {
    case 0: answer_next(w); break;
    case 1: drain(w); break;
    case 2:
        w->has_room = !w->has_room;
        sally_mqtt_client_resume(&w->client, w->now);
        break;
    case 3:
        if (sally_mqtt_client_deadline(&w->client) != SALLY_NEVER &&
            sally_mqtt_client_deadline(&w->client) > w->now)
            w->now = sally_mqtt_client_deadline(&w->client);
        sally_mqtt_client_expire(&w->client, w->now);
        break;
    case 4:
        if (sally_mqtt_client_publish(&w->client, sally_span_of("c"),
                                      sally_span_of("1"), false, &id,
                                      w->now) == SALLY_E_OK &&
            w->ended)
            abort();
        break;
    default:
        bytes = sally_take(c, sally_take_u8(c));
        if (bytes.len <= sally_mqtt_client_room(&w->client))
            sally_mqtt_client_input(&w->client, bytes, w->now);
    }
    if (w->small.used + w->large.used > 2 ||
        w->ended != (w->client.state == SALLY_MQTT_CLIENT_ENDED) ||
        (w->ended && sally_mqtt_client_deadline(&w->client) != SALLY_NEVER))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    const struct sally_span filters[] = { sally_span_of("a"),
                                          sally_span_of("b/#") };
    struct sally_cursor c =
        sally_cursor_over((struct sally_span){ data, size });
    struct sally_mqtt_client_options options = {
        .client_id = sally_span_of("gw"),
        .filters = filters,
        .filter_count = 2,
        .keep_alive = 60,
        .v5 = (sally_take_u8(&c) & 1) != 0,
        .session_expiry = 60
    };

    memset(&w, 0, sizeof(w));
    w.has_room = true;
    if (sally_pool_init(&w.small, SALLY_MQTT_SMALL, 2, false) != SALLY_E_OK ||
        sally_pool_init(&w.large, SALLY_MQTT_LARGE, 2, false) != SALLY_E_OK)
        abort();
    w.pools = (struct sally_mqtt_pools){ .small = &w.small, .large = &w.large };
    sally_mqtt_client_init(&w.client, &upcalls, &w, &w.pools, &options, 0);
    while (c.rest.len != 0 && !c.failed)
        step(&w, sally_take_u8(&c), &c);
    drain(&w);
    sally_mqtt_client_wipe(&w.client);
    if (w.small.used + w.large.used != 0)
        abort();
    sally_pool_wipe(&w.small);
    sally_pool_wipe(&w.large);
    return 0;
}
