/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_mqtt_session.c - promises of a session, whatever a client
 * sends and when:
 *   - blocks: two at most, and none once it is wiped; none of the large ones
 *     before it is accepted;
 *   - a PUBACK of success only for a message that the owner acknowledged, and
 *     never more than RECEIVE_MAX unanswered;
 *   - no message of QoS 2 twice before the client released its id;
 *   - the end is told once, and nothing after it; the deadline is then NEVER;
 *   - what goes out is whole packets.
 * The input is a list of steps: one byte says what happens, and for input the
 * next one how many bytes follow.                                           */
#include <stdlib.h>
#include <string.h>

#include "mqtt/session.h"

struct world {
    struct sally_mqtt_session session;
    struct sally_pool small, large, wills, aliases;
    struct sally_mqtt_pools pools;
    struct sally_mqtt_held held;
    sally_usec now;
    uint32_t told, acknowledged; /* highest QoS 1 number; how many answered */
    uint8_t answers[16384];      /* what went out and is not a whole packet */
    size_t answers_len, pubacks;
    bool has_room, accepted, ended;
};

static void alive(const struct world *w)
{
    if (w->ended)
        abort();
}

static void accept_session(struct world *w)
{
    const struct sally_mqtt_welcome welcome = { .expiry = 60 };

    sally_mqtt_session_accept(&w->session, &welcome, w->now);
}

static void on_connect(void *owner, const struct sally_mqtt_connect *c)
{
    struct world *w = owner;

    alive(w);
    if (w->large.peak != 0 || c->client_id.len > SALLY_MQTT_CLIENT_ID_MAX)
        abort();
    if (c->clean)
        accept_session(w);
    w->accepted = c->clean;
}

static bool on_publish(void *owner, const struct sally_mqtt_publish *p,
                       uint32_t number)
{
    struct world *w = owner;

    alive(w);
    if ((p->qos == 0) != (number == 0) || p->topic.len == 0 ||
        (p->qos == 2 && !sally_mqtt_held_has(&w->held, p->packet_id)) ||
        (p->qos == 2 && sally_mqtt_held_is_stored(&w->held, p->packet_id)))
        abort();
    if (!w->has_room)
        return false;
    if (p->qos == 0)
        return true;
    if (number <= w->told || w->session.count > SALLY_MQTT_RECEIVE_MAX)
        abort();
    w->told = number;
    return true;
}

static uint8_t on_subscribe(void *owner, struct sally_span filter, uint8_t qos)
{
    struct world *w = owner;
    struct sally_mqtt_publish retained = { .topic = { filter.at, 1 },
                                           .qos = qos };
    uint16_t id;

    alive(w);
    if (sally_mqtt_session_publish(&w->session, &retained, &id, w->now) !=
        SALLY_E_OK)
        return 0;
    return qos;
}

static bool on_unsubscribe(void *owner, struct sally_span filter)
{
    alive(owner);
    return filter.len > 1;
}

static struct sally_mqtt_held *on_hold(void *owner)
{
    alive(owner);
    return &((struct world *)owner)->held;
}

static void on_puback(void *owner, uint16_t packet_id, uint8_t reason)
{
    (void)reason;
    alive(owner);
    if (packet_id == 0)
        abort();
}

static void on_end(void *owner, enum sally_mqtt_end why,
                   const struct sally_mqtt_publish *will)
{
    struct world *w = owner;

    alive(w);
    if (will != NULL && (!w->accepted || why == SALLY_MQTT_END_DISCONNECTED))
        abort();
    w->ended = true;
}

static const struct sally_mqtt_upcalls upcalls = {
    on_connect,     on_publish, on_hold, on_subscribe,
    on_unsubscribe, on_puback,  on_end,
};

/* Takes `n` bytes out and counts the packets in them. */
static void take_output(struct world *w, size_t n)
{
    struct sally_span out = sally_mqtt_session_output(&w->session);
    struct sally_mqtt_header h;
    struct sally_span rest;
    size_t done = 0;

    n = n < out.len ? n : out.len;
    if (n == 0)
        return;
    if (n > sizeof(w->answers) - w->answers_len)
        abort();
    memcpy(&w->answers[w->answers_len], out.at, n);
    w->answers_len += n;
    sally_mqtt_session_sent(&w->session, n, w->now);
    while (done < w->answers_len) {
        rest = (struct sally_span){ &w->answers[done], w->answers_len - done };
        if (sally_mqtt_header(rest, &h) != SALLY_E_OK ||
            h.header + h.body > rest.len)
            break;
        w->pubacks += h.type == SALLY_MQTT_PUBACK && h.body == 2;
        done += h.header + h.body;
    }
    w->answers_len -= done;
    memmove(w->answers, &w->answers[done], w->answers_len);
}

/* Acknowledges the message `back` before the last one. */
static void acknowledge(struct world *w, unsigned back)
{
    if (w->acknowledged == w->told)
        return;
    if (back == 0) {
        w->acknowledged++;
        sally_mqtt_session_answer(&w->session, w->acknowledged, 0, w->now);
    } else {
        sally_mqtt_session_answer(&w->session, w->told + 1, 0, w->now);
    }
}

static void check(const struct world *w)
{
    if (w->small.used + w->large.used > 2 || w->wills.used > 1 || w->aliases.used > 1 ||
        w->pubacks > w->acknowledged)
        abort();
    if (w->session.state == SALLY_MQTT_NEW && w->large.used != 0)
        abort();
    if (w->ended && (sally_mqtt_session_wants_input(&w->session) ||
                     sally_mqtt_session_deadline(&w->session) != SALLY_NEVER))
        abort();
}

enum { INPUT, SEND, ACKNOWLEDGE, WAIT, VERDICT, ROOM, PUBLISH, STEPS };

static void step(struct world *w, struct sally_cursor *c)
{
    static const uint8_t word[] = "topic";
    struct sally_mqtt_publish p = { .topic = { word, 5 } };
    uint8_t what = sally_take_u8(c), n = sally_take_u8(c);
    uint16_t id;

    switch (what % STEPS) {
    case INPUT:
        sally_mqtt_session_input(
            &w->session, sally_take(c, n < c->rest.len ? n : c->rest.len),
            w->now);
        break;
    case SEND:
        take_output(w, n);
        break;
    case ACKNOWLEDGE:
        acknowledge(w, n & 1);
        break;
    case WAIT:
        w->now += n * (SALLY_SEC / 2);
        sally_mqtt_session_expire(&w->session, w->now);
        break;
    case VERDICT:
        w->accepted = w->accepted || (n != 0 && !w->ended);
        if (n != 0)
            accept_session(w);
        else
            sally_mqtt_session_refuse(&w->session, 5, w->now);
        break;
    case ROOM:
        w->has_room = n != 0;
        sally_mqtt_session_resume(&w->session, w->now);
        break;
    case PUBLISH:
        p.qos = n & 1;
        (void)!sally_mqtt_session_publish(&w->session, &p, &id, w->now);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct sally_span in = { data, size };
    struct sally_cursor c = sally_cursor_over(in);

    w = (struct world){ .now = SALLY_SEC, .has_room = true };
    if (sally_pool_init(&w.small, SALLY_MQTT_SMALL, 2, true) != SALLY_E_OK ||
        sally_pool_init(&w.large, SALLY_MQTT_LARGE, 2, true) != SALLY_E_OK ||
        sally_pool_init(&w.wills, 64, 1, false) != SALLY_E_OK ||
        sally_pool_init(&w.aliases, sizeof(struct sally_mqtt_aliases), 1,
                        false) != SALLY_E_OK)
        abort();
    w.pools = (struct sally_mqtt_pools){ &w.small, &w.large, &w.wills,
                                         &w.aliases };
    sally_mqtt_session_init(&w.session, &upcalls, &w, &w.pools,
                            &sally_mqtt_default_limits, w.now);
    while (c.rest.len >= 2) {
        step(&w, &c);
        check(&w);
    }
    sally_mqtt_session_wipe(&w.session);
    if (w.small.used + w.large.used + w.wills.used + w.aliases.used != 0)
        abort();
    sally_pool_wipe(&w.small);
    sally_pool_wipe(&w.large);
    sally_pool_wipe(&w.wills);
    sally_pool_wipe(&w.aliases);
    return 0;
}
