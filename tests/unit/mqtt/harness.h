/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/mqtt/harness.h - a session with an owner that writes down what it
 * was told, as text: "connect(id)", "publish(topic,payload,1)", "end(...)".  */
#ifndef SALLY_TEST_MQTT_HARNESS_H
#define SALLY_TEST_MQTT_HARNESS_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mqtt/session.h"

#define BLOCKS 4

struct owner {
    struct sally_mqtt_session session;
    struct sally_pool small, large, wills, aliases;
    struct sally_mqtt_pools pools;
    struct sally_mqtt_held held; /* what it gives for QoS 2 */
    const struct sally_mqtt_welcome *welcome; /* NULL: nothing special */
    sally_usec now;
    char log[4096];
    /* how it behaves */
    bool accept_at_once, acknowledge_at_once, no_room, no_hold, quiet;
    enum sally_mqtt_reason reason; /* of its answers */
    unsigned published, ended;
    enum sally_mqtt_end why;
};

static void note(struct owner *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note(struct owner *o, const char *format, ...)
{
    size_t used = strlen(o->log);
    va_list args;

    va_start(args, format);
    if (!o->quiet)
        (void)vsnprintf(&o->log[used], sizeof(o->log) - used, format, args);
    va_end(args);
}

#define TEXT(s) (int)(s).len, (const char *)(s).at

static inline void accept_session(struct owner *o)
{
    static const struct sally_mqtt_welcome plain = { .present = false };

    sally_mqtt_session_accept(&o->session,
                              o->welcome != NULL ? o->welcome : &plain,
                              o->now);
}

static void on_connect(void *owner, const struct sally_mqtt_connect *c)
{
    struct owner *o = owner;

    note(o, "connect(%.*s) ", TEXT(c->client_id));
    if (o->accept_at_once)
        accept_session(o);
}

static bool on_publish(void *owner, const struct sally_mqtt_publish *p,
                       uint32_t number)
{
    struct owner *o = owner;

    if (o->no_room)
        return false;
    o->published++;
    note(o, "publish(%.*s,%.*s,%u) ", TEXT(p->topic), TEXT(p->payload),
         (unsigned)number);
    if (o->acknowledge_at_once)
        sally_mqtt_session_answer(&o->session, number, o->reason, o->now);
    return true;
}

static uint8_t on_subscribe(void *owner, struct sally_span filter, uint8_t qos)
{
    note(owner, "subscribe(%.*s,%u) ", TEXT(filter), (unsigned)qos);
    return sally_span_starts(filter, sally_span_of("no"))
               ? SALLY_MQTT_SUBACK_FAILURE
               : qos;
}

static bool on_unsubscribe(void *owner, struct sally_span filter)
{
    note(owner, "unsubscribe(%.*s) ", TEXT(filter));
    return !sally_span_starts(filter, sally_span_of("no"));
}

static void on_puback(void *owner, uint16_t packet_id, uint8_t reason)
{
    if (reason == 0)
        note(owner, "puback(%u) ", (unsigned)packet_id);
    else
        note(owner, "puback(%u,0x%02x) ", (unsigned)packet_id, reason);
}

static struct sally_mqtt_held *on_hold(void *owner)
{
    struct owner *o = owner;

    return o->no_hold ? NULL : &o->held;
}

static void on_end(void *owner, enum sally_mqtt_end why,
                   const struct sally_mqtt_publish *will)
{
    struct owner *o = owner;

    o->ended++;
    o->why = why;
    if (will != NULL)
        note(o, "will(%.*s,%.*s) ", TEXT(will->topic), TEXT(will->payload));
}

static const struct sally_mqtt_upcalls upcalls = {
    .on_connect = on_connect,         .on_publish = on_publish,
    .on_subscribe = on_subscribe,     .on_unsubscribe = on_unsubscribe,
    .on_puback = on_puback,           .on_end = on_end,
    .on_hold = on_hold,
};

static const uint8_t connect_packet[] = "\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c"
                                        "\x00\x01"
                                        "c";

static inline void feed(struct owner *o, const void *bytes, size_t n)
{
    sally_mqtt_session_input(&o->session,
                             (struct sally_span){ bytes, n }, o->now);
}

/* What is waiting to go out goes out. */
static inline void drain(struct owner *o)
{
    sally_mqtt_session_sent(&o->session,
                            sally_mqtt_session_output(&o->session).len, o->now);
}

/* A fresh connection; false if memory is short. */
static inline bool owner_start(struct owner *o)
{
    *o = (struct owner){ .now = 1000 * SALLY_SEC, .accept_at_once = true };
    if (sally_pool_init(&o->small, SALLY_MQTT_SMALL, BLOCKS, true) != 0 ||
        sally_pool_init(&o->large, SALLY_MQTT_LARGE, BLOCKS, true) != 0 ||
        sally_pool_init(&o->wills, 64, BLOCKS, false) != 0 ||
        sally_pool_init(&o->aliases, sizeof(struct sally_mqtt_aliases), BLOCKS,
                        false) != 0)
        return false;
    o->pools = (struct sally_mqtt_pools){ &o->small, &o->large, &o->wills,
                                          &o->aliases };
    sally_mqtt_session_init(&o->session, &upcalls, o, &o->pools,
                            &sally_mqtt_default_limits, o->now);
    return true;
}

/* A connection that is accepted, its CONNACK gone. */
static inline bool owner_open(struct owner *o)
{
    if (!owner_start(o))
        return false;
    feed(o, connect_packet, sizeof(connect_packet) - 1);
    drain(o);
    o->log[0] = '\0';
    return o->session.state == SALLY_MQTT_OPEN;
}

static inline void owner_stop(struct owner *o)
{
    sally_mqtt_session_wipe(&o->session);
    sally_pool_wipe(&o->small);
    sally_pool_wipe(&o->large);
    sally_pool_wipe(&o->wills);
    sally_pool_wipe(&o->aliases);
}

#endif
