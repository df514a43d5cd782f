/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/broker_readings.c - what a broker passes on becomes readings,
 * and commands go to it.                                                    */
#include "ingress/broker_parts.h"
#include "log/log.h"

/* `number` has the connection that the message came by in its upper half. */
static bool told(void *subject, uint64_t number, enum sally_accepted result,
                 sally_usec now)
{
    struct broker *b = subject;

    if (result == SALLY_ACCEPTED_FAILED || result == SALLY_ACCEPTED_FULL)
        return true; /* unacknowledged, the broker waits with us */
    if ((uint32_t)(number >> 32) != b->connection)
        return false;
    b->all->now = now;
    sally_mqtt_client_answer(&b->client, (uint32_t)number, now);
    sally_brokers_settle(b->all);
    return false;
}

static uint32_t sensor_of(struct broker *b, const struct sally_mqtt_publish *p)
{
    struct sally_outer *o = b->all->outer;
    uint32_t sensor = sally_broker_topics_find(
        b->all->topics, sally_outer_mapping(o), b->number, p->topic);

    if (p->retain && !sally_broker_config(b)->retained)
        return SALLY_BROKER_NOBODY;
    if (sensor == SALLY_BROKER_NOBODY) {
        sally_log(SALLY_LOG_DEBUG, "broker_topic_foreign",
                  SALLY_TEXT("broker", sally_broker_config(b)->name));
        return sensor;
    }
    return sally_outer_sensor(o, sensor)->blocked ? SALLY_BROKER_NOBODY
                                                  : sensor;
}

bool sally_broker_on_publish(void *owner, const struct sally_mqtt_publish *p,
                             uint32_t number)
{
    struct broker *b = owner;
    struct sally_brokers *all = b->all;
    uint32_t sensor = sensor_of(b, p);
    uint64_t ticket = (uint64_t)b->connection << 32 | number;
    enum sally_err e = SALLY_E_NOT_FOUND;
    bool nothing = false;

    if (sensor != SALLY_BROKER_NOBODY) {
        if (!sally_outer_sensor(all->outer, sensor)->online)
            sally_outer_liveness(all->outer, sensor, true, SALLY_AUTH_BROKER,
                                 SALLY_ASSURANCE_WEAK, all->now);
        e = sally_outer_message(all->outer, sensor, NULL, p->topic, p->payload,
                                number == 0 ? NULL : told, b, ticket, &nothing,
                                all->now);
    }
    if (e == SALLY_E_NO_ROOM)
        return number == 0; /* QoS 0 promises nothing: it is dropped */
    if (number != 0 && (e != SALLY_E_OK || nothing))
        sally_mqtt_client_answer(&b->client, number, all->now);
    return true;
}

/* --- Commands ------------------------------------------------------------ */

static void finish(struct broker *b, struct broker_command *k,
                   enum sally_outcome result, sally_usec now)
{
    uint32_t number = k->number;

    k->number = 0;
    if (number != 0)
        sally_outer_outcome(b->all->outer, number, result, now);
}

void sally_broker_on_puback(void *owner, uint16_t packet_id, uint8_t reason)
{
    struct broker *b = owner;

    for (size_t i = 0; i < SALLY_LEN(b->commands); i++)
        if (b->commands[i].number != 0 && b->commands[i].packet_id == packet_id)
            finish(b, &b->commands[i],
                   reason < 0x80 ? SALLY_OUTCOME_DONE : SALLY_OUTCOME_REFUSED,
                   b->all->now);
}

static struct broker_command *free_place(struct broker *b)
{
    for (size_t i = 0; i < SALLY_LEN(b->commands); i++)
        if (b->commands[i].number == 0)
            return &b->commands[i];
    return NULL;
}

enum sally_err sally_broker_carry(void *carrier,
                                  const struct sally_outer_command *k,
                                  sally_usec now)
{
    struct sally_brokers *all = carrier;
    uint8_t number = sally_broker_of(all->topics, k->sensor);
    struct broker_command *place;
    struct broker *b;
    uint16_t id = 0;
    enum sally_err e;

    if (number == SALLY_BROKER_NONE || number >= all->count)
        return SALLY_E_NOT_FOUND;
    b = &all->brokers[number];
    place = free_place(b);
    if (b->again != SALLY_NEVER || b->client.state != SALLY_MQTT_CLIENT_OPEN)
        return SALLY_E_NOT_FOUND;
    if (place == NULL)
        return SALLY_E_NO_ROOM;
    all->now = now;
    e = sally_mqtt_client_publish(&b->client, k->topic, k->payload, k->retain,
                                  &id, now);
    if (e == SALLY_E_OK)
        *place = (struct broker_command){ k->command, id, k->deadline };
    sally_brokers_settle(all);
    return e;
}

void sally_broker_expire_commands(struct broker *b, sally_usec now)
{
    for (size_t i = 0; i < SALLY_LEN(b->commands); i++)
        if (b->commands[i].number != 0 && b->commands[i].deadline <= now)
            finish(b, &b->commands[i], SALLY_OUTCOME_TIMEOUT, now);
}

sally_usec sally_broker_commands_due(const struct broker *b)
{
    sally_usec due = SALLY_NEVER;

    for (size_t i = 0; i < SALLY_LEN(b->commands); i++)
        if (b->commands[i].number != 0 && b->commands[i].deadline < due)
            due = b->commands[i].deadline;
    return due;
}

/* Each sensor is looked at: this happens when a connection ends, not more. */
void sally_broker_forget(struct broker *b, bool for_ever, sally_usec now)
{
    struct sally_outer *o = b->all->outer;
    size_t sensors = sally_outer_config(o)->sensor_count;

    for (size_t i = 0; i < SALLY_LEN(b->commands); i++)
        finish(b, &b->commands[i], SALLY_OUTCOME_OFFLINE, now);
    for (uint32_t i = 0; i < sensors; i++) {
        if (sally_broker_of(b->all->topics, i) != b->number)
            continue;
        if (for_ever)
            sally_outer_forget(o, i, b);
        if (sally_outer_sensor(o, i)->online)
            sally_outer_liveness(o, i, false, SALLY_AUTH_BROKER,
                                 SALLY_ASSURANCE_NONE, now);
    }
}
