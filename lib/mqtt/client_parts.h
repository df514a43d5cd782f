/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/client_parts.h - what the files of the client share. Not for
 * others.                                                                   */
#ifndef SALLY_MQTT_CLIENT_PARTS_H
#define SALLY_MQTT_CLIENT_PARTS_H

#include "mqtt/client.h"

/* Acts on one whole packet. False: it was not taken, offer it again. */
bool sally_mqtt_client_packet(struct sally_mqtt_client *c,
                              const struct sally_mqtt_header *h,
                              struct sally_span body, sally_usec now);

void sally_mqtt_client_end_with(struct sally_mqtt_client *c,
                                enum sally_mqtt_loss why, uint8_t code);

/* Begins a packet of `size` bytes; false: no room, and it has ended. */
bool sally_mqtt_client_begin(struct sally_mqtt_client *c, size_t size,
                             struct sally_buf *out);
void sally_mqtt_client_wrote(struct sally_mqtt_client *c,
                             const struct sally_buf *out, sally_usec now);

/* The packets that it sends of its own accord. */
void sally_mqtt_client_greet(struct sally_mqtt_client *c, sally_usec now);
void sally_mqtt_client_subscribe(struct sally_mqtt_client *c, sally_usec now);
void sally_mqtt_client_ping(struct sally_mqtt_client *c, sally_usec now);
void sally_mqtt_client_acknowledge(struct sally_mqtt_client *c, uint16_t id,
                                   sally_usec now);

#endif
