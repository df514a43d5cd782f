/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/client_output.c - what goes out to the broker. */
#include "mqtt/client_parts.h"

/* Room that messages of ours leave for PUBACKs and the like. */
#define KEPT_FOR_REPLIES 256

bool sally_mqtt_client_begin(struct sally_mqtt_client *c, size_t size,
                             struct sally_buf *out)
{
    if (c->state == SALLY_MQTT_CLIENT_ENDED)
        return false;
    if (!sally_mqtt_block_fit(&c->out, c->pools, size, true)) {
        sally_mqtt_client_end(c, SALLY_MQTT_LOSS_NO_ROOM);
        return false;
    }
    *out = sally_mqtt_block_room(&c->out);
    return true;
}

void sally_mqtt_client_wrote(struct sally_mqtt_client *c,
                             const struct sally_buf *out, sally_usec now)
{
    sally_mqtt_block_wrote(&c->out, out->len);
    c->sent = now;
}

/* What version 5 lets us say of ourselves, s.3.1.2.11. */
static void put_wishes(struct sally_writer *w,
                       const struct sally_mqtt_client_options *o)
{
    sally_mqtt_put_number(w, SALLY_MQTT_SESSION_EXPIRY, o->session_expiry);
    sally_mqtt_put_number(w, SALLY_MQTT_RECEIVE_MAXIMUM,
                          SALLY_MQTT_CLIENT_RECEIVE);
    sally_mqtt_put_number(w, SALLY_MQTT_MAXIMUM_PACKET, SALLY_MQTT_PACKET_MAX);
}

/* The owner is in no upcall yet, so a lack of room is told by _expire(). */
void sally_mqtt_client_greet(struct sally_mqtt_client *c, sally_usec now)
{
    const struct sally_mqtt_client_options *o = c->options;
    uint8_t wishes[16];
    struct sally_buf list = { wishes, 0, sizeof(wishes) };
    struct sally_writer w = sally_writer_into(&list);
    struct sally_mqtt_connect m = { .client_id = o->client_id,
                                    .username = o->username,
                                    .password = o->password,
                                    .has_username = o->username.len != 0,
                                    .has_password = o->password.len != 0,
                                    .keep_alive = o->keep_alive,
                                    .v5 = o->v5 };
    struct sally_buf out;

    put_wishes(&w, o);
    m.properties.bytes = (struct sally_span){ wishes, list.len };
    if (!sally_mqtt_block_fit(&c->out, c->pools, SALLY_MQTT_SMALL, true)) {
        c->asked = 0; /* long ago */
        return;
    }
    out = sally_mqtt_block_room(&c->out);
    w = sally_writer_into(&out);
    sally_mqtt_put_connect(&w, &m);
    sally_mqtt_client_wrote(c, &out, now);
}

static uint16_t *sent_place(struct sally_mqtt_client *c, uint16_t id)
{
    for (size_t i = 0; i < c->send_max; i++)
        if (c->sent_id[i] == id)
            return &c->sent_id[i];
    return NULL;
}

static uint16_t fresh_id(struct sally_mqtt_client *c)
{
    uint16_t id;

    do
        id = c->next_id++;
    while (id == 0 || sent_place(c, id) != NULL);
    return id;
}

/* The id is the filter's number, from 1: nothing else of ours is under way. */
void sally_mqtt_client_subscribe(struct sally_mqtt_client *c, sally_usec now)
{
    struct sally_span filter = c->options->filters[c->subscribed];
    uint16_t id = (uint16_t)(c->subscribed + 1);
    struct sally_buf out;
    struct sally_writer w;

    if (!sally_mqtt_client_begin(c, sally_mqtt_packet_size(filter.len + 6),
                                 &out))
        return;
    w = sally_writer_into(&out);
    if (c->options->v5)
        sally_mqtt_put_subscribe_5(&w, id, filter, 1);
    else
        sally_mqtt_put_subscribe(&w, id, filter, 1);
    sally_mqtt_client_wrote(c, &out, now);
    c->asked = now;
}

void sally_mqtt_client_ping(struct sally_mqtt_client *c, sally_usec now)
{
    struct sally_buf out;
    struct sally_writer w;

    if (!sally_mqtt_client_begin(c, sally_mqtt_packet_size(0), &out))
        return;
    w = sally_writer_into(&out);
    sally_mqtt_put_empty(&w, SALLY_MQTT_PINGREQ);
    sally_mqtt_client_wrote(c, &out, now);
    c->pinging = true;
    c->asked = now;
}

void sally_mqtt_client_acknowledge(struct sally_mqtt_client *c, uint16_t id,
                                   sally_usec now)
{
    struct sally_buf out;
    struct sally_writer w;

    if (!sally_mqtt_client_begin(c, sally_mqtt_packet_size(2), &out))
        return;
    w = sally_writer_into(&out);
    sally_mqtt_put_id(&w, SALLY_MQTT_PUBACK, id);
    sally_mqtt_client_wrote(c, &out, now);
}

enum sally_err sally_mqtt_client_publish(struct sally_mqtt_client *c,
                                         struct sally_span topic,
                                         struct sally_span payload, bool retain,
                                         uint16_t *packet_id, sally_usec now)
{
    struct sally_mqtt_publish m = { .topic = topic,
                                    .payload = payload,
                                    .qos = 1,
                                    .retain = retain,
                                    .v5 = c->options->v5 };
    size_t size = sally_mqtt_publish_size(&m);
    uint16_t *place = sent_place(c, 0);
    struct sally_buf out;
    struct sally_writer w;

    if (c->state != SALLY_MQTT_CLIENT_OPEN)
        return SALLY_E_BAD_STATE;
    if (size > c->packet_max || size > SALLY_MQTT_LARGE - KEPT_FOR_REPLIES)
        return SALLY_E_TOO_LARGE;
    if (place == NULL ||
        !sally_mqtt_block_fit(&c->out, c->pools, size + KEPT_FOR_REPLIES, true))
        return SALLY_E_NO_ROOM;
    *place = m.packet_id = *packet_id = fresh_id(c);
    out = sally_mqtt_block_room(&c->out);
    w = sally_writer_into(&out);
    sally_mqtt_put_publish(&w, &m);
    sally_mqtt_client_wrote(c, &out, now);
    return SALLY_E_OK;
}

void sally_mqtt_client_end_with(struct sally_mqtt_client *c,
                                enum sally_mqtt_loss why, uint8_t code)
{
    if (c->state == SALLY_MQTT_CLIENT_ENDED)
        return;
    c->state = SALLY_MQTT_CLIENT_ENDED;
    c->upcalls->on_end(c->owner, why, code);
}

/* Before the CONNACK the broker does not know us, so there is nothing to say;
 * nor is there where no block is free for it.                               */
static void say_goodbye(struct sally_mqtt_client *c)
{
    struct sally_buf out;
    struct sally_writer w;

    if (c->state == SALLY_MQTT_CLIENT_CONNECTING ||
        !sally_mqtt_block_fit(&c->out, c->pools, sally_mqtt_packet_size(0),
                              true))
        return;
    out = sally_mqtt_block_room(&c->out);
    w = sally_writer_into(&out);
    sally_mqtt_put_empty(&w, SALLY_MQTT_DISCONNECT);
    sally_mqtt_block_wrote(&c->out, out.len);
}

void sally_mqtt_client_end(struct sally_mqtt_client *c,
                           enum sally_mqtt_loss why)
{
    if (c->state != SALLY_MQTT_CLIENT_ENDED && why == SALLY_MQTT_LOSS_CLOSED)
        say_goodbye(c);
    sally_mqtt_client_end_with(c, why, 0);
}
