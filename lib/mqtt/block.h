/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/block.h - bytes that wait, in a block borrowed from a pool.
 *
 * Bytes are appended behind and used up from the front; the block goes back
 * when the last one is used. Two sizes: nearly every packet fits the small
 * one, and only a session that was accepted may change to the large one.    */
#ifndef SALLY_MQTT_BLOCK_H
#define SALLY_MQTT_BLOCK_H

#include "base/pool.h"
#include "mqtt/packet.h"

#define SALLY_MQTT_PACKET_MAX 16384 /* bytes of a whole packet, once accepted */
#define SALLY_MQTT_CONNECT_MAX 2048 /* bytes of a CONNECT's body */

/* Sizes that the blocks of `small` and `large` must have. */
#define SALLY_MQTT_SMALL (SALLY_MQTT_CONNECT_MAX + SALLY_MQTT_HEADER_MAX)
#define SALLY_MQTT_LARGE (SALLY_MQTT_PACKET_MAX + SALLY_MQTT_HEADER_MAX)

/* Shared by all sessions of a loop. The size of a block of `wills` bounds a
 * will: topic and payload together; a session holds one at most. Passwords
 * pass through: make `small` and `large` secret ones.                       */
struct sally_mqtt_pools {
    struct sally_pool *small, *large, *wills;
    struct sally_pool *aliases; /* of struct sally_mqtt_aliases; NULL: clients
                                   may use no topic aliases */
};

struct sally_mqtt_block {
    uint8_t *at;   /* NULL: none is held */
    uint16_t from; /* the first byte not used up */
    uint16_t end;  /* behind the last byte */
    bool large;
};

/* The bytes that wait; valid until the next call for this block. */
struct sally_span sally_mqtt_block_span(const struct sally_mqtt_block *b);

/* Makes sure that `n` more bytes fit, moving what is there if need be. False,
 * and nothing changed, if they cannot.                                      */
bool sally_mqtt_block_fit(struct sally_mqtt_block *b,
                          const struct sally_mqtt_pools *pools, size_t n,
                          bool may_be_large);

/* Appends bytes for which room was made. */
void sally_mqtt_block_put(struct sally_mqtt_block *b, struct sally_span bytes);

/* The free room as a buf, to write into; `len` of it is then given to
 * _block_wrote().                                                           */
struct sally_buf sally_mqtt_block_room(struct sally_mqtt_block *b);
void sally_mqtt_block_wrote(struct sally_mqtt_block *b, size_t n);

/* Uses up `n` bytes from the front. */
void sally_mqtt_block_used(struct sally_mqtt_block *b,
                           const struct sally_mqtt_pools *pools, size_t n);

/* Gives the block back, if there is one, with all that is in it. */
void sally_mqtt_block_drop(struct sally_mqtt_block *b,
                           const struct sally_mqtt_pools *pools);

#endif
