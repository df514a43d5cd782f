/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/held.h - what a connection or a session remembers of its client:
 * the packet ids of QoS 2 that came in, and topics by alias. MQTT 5.0 s.4.3.3,
 * s.3.3.2.3.4. Pure, and of fixed size.
 *
 * An id is there from the PUBLISH on until the client releases it, so a PUBLISH
 * that comes again meanwhile is known. It outlives the connection where the
 * session does.                                                             */
#ifndef SALLY_MQTT_HELD_H
#define SALLY_MQTT_HELD_H

#include "base/span.h"
#include "mqtt/topic.h"

#define SALLY_MQTT_HELD_MAX 40    /* ids of QoS 2 of one session */
#define SALLY_MQTT_ALIASES_MAX 8  /* of one connection */

struct sally_mqtt_held {
    uint16_t id[SALLY_MQTT_HELD_MAX];   /* 0: free */
    bool stored[SALLY_MQTT_HELD_MAX]; /* its owner said what became of it */
    uint8_t count;
};

bool sally_mqtt_held_has(const struct sally_mqtt_held *h, uint16_t id);

/* True if what came under this id is durable, or of no use: it may be told. */
bool sally_mqtt_held_is_stored(const struct sally_mqtt_held *h, uint16_t id);

/* False: there is no place. `id` is not there yet, and not 0. */
bool sally_mqtt_held_add(struct sally_mqtt_held *h, uint16_t id);

/* Both do nothing where there is no such id. */
void sally_mqtt_held_store(struct sally_mqtt_held *h, uint16_t id);
void sally_mqtt_held_release(struct sally_mqtt_held *h, uint16_t id);

struct sally_mqtt_aliases {
    uint16_t len[SALLY_MQTT_ALIASES_MAX]; /* 0: not given yet */
    uint8_t topic[SALLY_MQTT_ALIASES_MAX][SALLY_MQTT_TOPIC_MAX];
};

/* `alias` is 1 to SALLY_MQTT_ALIASES_MAX. Set: a topic that _topic_fits(). An
 * alias that was not given yet has no topic.                                */
void sally_mqtt_alias_set(struct sally_mqtt_aliases *a, unsigned alias,
                          struct sally_span topic);
struct sally_span sally_mqtt_alias_topic(const struct sally_mqtt_aliases *a,
                                         unsigned alias);

#endif
