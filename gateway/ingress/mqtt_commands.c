/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/mqtt_commands.c - what sensors subscribe to, and the commands
 * that reach them there.                                                    */
#include "ingress/mqtt_parts.h"
#include "log/log.h"

#include <string.h>

#define FILTERS_MAX 8 /* subscriptions of one connection */

void sally_mqtt_fail_commands(struct sally_mqtt_connection *c, sally_usec now)
{
    for (size_t i = 0; i < COMMANDS_MAX; i++) {
        if (c->commands[i].number != 0)
            sally_outer_outcome(c->server->outer, c->commands[i].number,
                                SALLY_OUTCOME_OFFLINE, now);
        c->commands[i].number = 0;
    }
}

void sally_mqtt_drop_subscriptions(struct sally_mqtt_server *s,
                                   struct subscription **list)
{
    while (*list != NULL) {
        struct subscription *next = (*list)->next;

        sally_pool_give(&s->subscriptions, *list);
        *list = next;
    }
}

static struct subscription *
find_subscription(const struct sally_mqtt_connection *c,
                  struct sally_span filter)
{
    struct subscription *b = c->subscriptions;

    while (b != NULL &&
           !sally_span_equal((struct sally_span){ b->filter, b->len }, filter))
        b = b->next;
    return b;
}

static size_t count_subscriptions(const struct sally_mqtt_connection *c)
{
    size_t count = 0;

    for (const struct subscription *b = c->subscriptions; b != NULL;
         b = b->next)
        count++;
    return count;
}

static struct subscription *add_subscription(struct sally_mqtt_connection *c,
                                             struct sally_span filter)
{
    struct subscription *b = sally_pool_take(&c->server->subscriptions);

    if (b == NULL)
        return NULL;
    b->next = c->subscriptions;
    b->len = (uint8_t)filter.len;
    memcpy(b->filter, filter.at, filter.len);
    c->subscriptions = b;
    return b;
}

/* The same filter again replaces its subscription (MQTT-3.8.4-3). */
uint8_t sally_mqtt_on_subscribe(void *owner, struct sally_span filter,
                                uint8_t qos)
{
    struct sally_mqtt_connection *c = owner;
    struct sally_mqtt_server *s = c->server;
    struct subscription *b = find_subscription(c, filter);

    if (filter.len > FILTER_MAX ||
        (b == NULL && count_subscriptions(c) == FILTERS_MAX) ||
        !sally_mqtt_may_subscribe(c, filter)) {
        sally_log(SALLY_LOG_WARNING, "subscribe_refused",
                  SALLY_TEXT("sensor", sally_mqtt_config(s, c->sensor)->id));
        return SALLY_MQTT_SUBACK_FAILURE;
    }
    if (b == NULL)
        b = add_subscription(c, filter);
    if (b == NULL)
        return SALLY_MQTT_SUBACK_FAILURE;
    b->qos = qos;
    /* Commands that waited for the sensor can reach it from now on. */
    sally_outer_liveness(s->outer, c->sensor, true, c->method,
                         SALLY_ASSURANCE_NONE, s->now);
    return qos;
}

bool sally_mqtt_on_unsubscribe(void *owner, struct sally_span filter)
{
    struct sally_mqtt_connection *c = owner;
    struct subscription **link = &c->subscriptions;
    bool found = false;

    while (*link != NULL) {
        struct subscription *b = *link;

        if (!sally_span_equal((struct sally_span){ b->filter, b->len },
                              filter)) {
            link = &b->next;
            continue;
        }
        *link = b->next;
        sally_pool_give(&c->server->subscriptions, b);
        found = true;
    }
    return found;
}

void sally_mqtt_on_puback(void *owner, uint16_t packet_id, uint8_t reason)
{
    struct sally_mqtt_connection *c = owner;
    enum sally_outcome result =
        reason < 0x80 ? SALLY_OUTCOME_DONE : SALLY_OUTCOME_REFUSED;

    for (size_t i = 0; i < COMMANDS_MAX; i++) {
        struct command *k = &c->commands[i];

        if (k->number == 0 || k->packet_id != packet_id)
            continue;
        sally_outer_outcome(c->server->outer, k->number, result,
                            c->server->now);
        k->number = 0;
    }
}

/* With QoS 1 the sensor's PUBACK is the answer. With QoS 0, which the sensor
 * asked for, there is none: the command counts as done when it is on its way,
 * as the documentation says.                                                */
static enum sally_err publish(struct sally_mqtt_connection *c, uint8_t qos,
                              const struct sally_outer_command *k,
                              sally_usec now)
{
    const struct sally_mqtt_publish p = { .topic = k->topic,
                                          .payload = k->payload,
                                          .qos = qos,
                                          .retain = k->retain };
    struct command *free_one = NULL;
    uint16_t packet_id = 0;
    enum sally_err e;

    for (size_t i = 0; i < COMMANDS_MAX; i++)
        if (c->commands[i].number == 0)
            free_one = &c->commands[i];
    if (free_one == NULL)
        return SALLY_E_NO_ROOM;
    e = sally_mqtt_session_publish(&c->session, &p, &packet_id, now);
    if (e != SALLY_E_OK)
        return e;
    if (qos == 0)
        sally_outer_outcome(c->server->outer, k->command, SALLY_OUTCOME_DONE,
                            now);
    else
        *free_one = (struct command){ k->command, packet_id, k->deadline };
    return SALLY_E_OK;
}

enum sally_err sally_mqtt_carry(void *carrier,
                                const struct sally_outer_command *k,
                                sally_usec now)
{
    struct sally_mqtt_server *s = carrier;
    struct sally_mqtt_connection *c = s->tables.sensors[k->sensor];
    enum sally_err e = SALLY_E_NOT_FOUND;

    s->now = now;
    for (; c != NULL && e == SALLY_E_NOT_FOUND; c = c->next) {
        const struct subscription *b = sally_mqtt_subscribed(c, k->topic);

        if (b == NULL || c->ended)
            continue;
        e = publish(c, b->qos, k, now);
        sally_mqtt_follow(c);
    }
    sally_mqtt_arm(s);
    return e;
}

void sally_mqtt_expire_commands(struct sally_mqtt_connection *c, sally_usec now)
{
    for (size_t i = 0; i < COMMANDS_MAX; i++) {
        struct command *k = &c->commands[i];

        if (k->number == 0 || k->deadline > now)
            continue;
        sally_outer_outcome(c->server->outer, k->number, SALLY_OUTCOME_TIMEOUT,
                            now);
        k->number = 0;
    }
}
