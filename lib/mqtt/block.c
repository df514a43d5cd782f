/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/block.c - taking, filling, changing and giving back blocks. */
#include "mqtt/block.h"

#include <string.h>

static size_t room_of(const struct sally_mqtt_block *b)
{
    if (b->at == NULL)
        return 0;
    return b->large ? SALLY_MQTT_LARGE : SALLY_MQTT_SMALL;
}

struct sally_span sally_mqtt_block_span(const struct sally_mqtt_block *b)
{
    if (b->at == NULL)
        return (struct sally_span){ NULL, 0 };
    return sally_span_sub((struct sally_span){ b->at, b->end }, b->from,
                          b->end);
}

void sally_mqtt_block_drop(struct sally_mqtt_block *b,
                           const struct sally_mqtt_pools *pools)
{
    if (b->at != NULL)
        sally_pool_give(b->large ? pools->large : pools->small, b->at);
    *b = (struct sally_mqtt_block){ .at = NULL };
}

/* A small block if `n` fits one and there is one, else a large one. */
static struct sally_mqtt_block take(const struct sally_mqtt_pools *pools,
                                    size_t n, bool may_be_large)
{
    struct sally_mqtt_block b = { .at = NULL };

    if (n <= SALLY_MQTT_SMALL)
        b.at = sally_pool_take(pools->small);
    if (b.at == NULL && may_be_large && n <= SALLY_MQTT_LARGE) {
        b.at = sally_pool_take(pools->large);
        b.large = b.at != NULL;
    }
    return b;
}

static void to_front(struct sally_mqtt_block *b)
{
    struct sally_span held = sally_mqtt_block_span(b);

    if (held.len != 0)
        memmove(b->at, held.at, held.len);
    b->from = 0;
    b->end = (uint16_t)held.len;
}

bool sally_mqtt_block_fit(struct sally_mqtt_block *b,
                          const struct sally_mqtt_pools *pools, size_t n,
                          bool may_be_large)
{
    struct sally_span held = sally_mqtt_block_span(b);
    struct sally_mqtt_block bigger;

    if (n <= room_of(b) - b->end)
        return true;
    if (n <= room_of(b) - held.len) {
        to_front(b);
        return true;
    }
    if (n > SALLY_MQTT_LARGE)
        return false;
    bigger = take(pools, held.len + n, may_be_large);
    if (bigger.at == NULL)
        return false;
    sally_mqtt_block_put(&bigger, held);
    sally_mqtt_block_drop(b, pools);
    *b = bigger;
    return true;
}

void sally_mqtt_block_put(struct sally_mqtt_block *b, struct sally_span bytes)
{
    struct sally_buf room = sally_mqtt_block_room(b);
    struct sally_writer w = sally_writer_into(&room);

    sally_put(&w, bytes);
    sally_mqtt_block_wrote(b, room.len);
}

struct sally_buf sally_mqtt_block_room(struct sally_mqtt_block *b)
{
    size_t room = room_of(b) - b->end;

    return (struct sally_buf){ room == 0 ? NULL : &b->at[b->end], 0, room };
}

void sally_mqtt_block_wrote(struct sally_mqtt_block *b, size_t n)
{
    b->end = (uint16_t)(b->end + n);
}

void sally_mqtt_block_used(struct sally_mqtt_block *b,
                           const struct sally_mqtt_pools *pools, size_t n)
{
    size_t held = (size_t)(b->end - b->from);

    if (n >= held) {
        sally_mqtt_block_drop(b, pools);
        return;
    }
    b->from = (uint16_t)(b->from + n);
}
