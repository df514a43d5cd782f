/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/broker_parts.h - what the files of the brokers share. Not for
 * others.                                                                   */
#ifndef SALLY_INGRESS_BROKER_PARTS_H
#define SALLY_INGRESS_BROKER_PARTS_H

#include "ingress/broker.h"
#include "ingress/broker_topics.h"
#include "mqtt/client.h"

struct broker_command {
    uint32_t number; /* 0: free */
    uint16_t packet_id;
    sally_usec deadline;
};

struct broker {
    struct sally_mqtt_client client;
    struct sally_mqtt_client_options options;
    struct sally_span filters[SALLY_CONFIG_TOPICS_MAX];
    struct sally_brokers *all;
    size_t number;
    uint32_t connection; /* counts them: what belongs to an older one is void */
    sally_usec again;    /* when to connect; NEVER: there is a connection */
    sally_usec pause;
    struct broker_command commands[SALLY_MQTT_CLIENT_SEND];
    bool ended; /* not cleared away yet */
};

struct sally_brokers {
    struct sally_outer *outer;
    struct sally_random random;
    const struct sally_brokers_host *host;
    void *owner;
    struct sally_broker_topics *topics, *next_topics;
    struct sally_pool small, large;
    struct sally_mqtt_pools pools;
    sally_usec now;
    size_t count;
    struct broker brokers[SALLY_CONFIG_BROKERS_MAX];
};

static inline const struct sally_config_broker *
sally_broker_config(const struct broker *b)
{
    return &sally_outer_config(b->all->outer)->brokers[b->number];
}

/* broker_readings.c: readings up, commands down. */
bool sally_broker_on_publish(void *owner, const struct sally_mqtt_publish *p,
                             uint32_t number);
void sally_broker_on_puback(void *owner, uint16_t packet_id, uint8_t reason);
enum sally_err sally_broker_carry(void *carrier,
                                  const struct sally_outer_command *k,
                                  sally_usec now);
void sally_broker_expire_commands(struct broker *b, sally_usec now);
sally_usec sally_broker_commands_due(const struct broker *b);

/* The broker is gone, and with it its sensors. */
void sally_broker_forget(struct broker *b, bool for_ever, sally_usec now);

/* After anything happened, at the end of an entry. */
void sally_brokers_settle(struct sally_brokers *b);

#endif
