/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session_output.c - what goes out to the client. */
#include "mqtt/session_parts.h"

/* Room that messages of ours leave for what the client's packets ask for: the
 * longest SUBACK and all PUBACKs.                                           */
#define KEPT_FOR_REPLIES (SALLY_MQTT_PACKET_MAX / 4 + 128)

struct sally_span sally_mqtt_session_output(const struct sally_mqtt_session *s)
{
    return sally_mqtt_block_span(&s->out);
}

static bool room_for(struct sally_mqtt_session *s, size_t n)
{
    return sally_mqtt_block_fit(&s->out, s->pools, n,
                                s->state == SALLY_MQTT_OPEN);
}

bool sally_mqtt_session_reply(struct sally_mqtt_session *s, size_t n,
                              struct sally_buf *out)
{
    if (s->state == SALLY_MQTT_ENDED)
        return false;
    if (!room_for(s, n)) {
        sally_mqtt_session_end(s, SALLY_MQTT_END_NO_ROOM);
        return false;
    }
    *out = sally_mqtt_block_room(&s->out);
    return true;
}

void sally_mqtt_session_wrote(struct sally_mqtt_session *s,
                              const struct sally_buf *out, sally_usec now)
{
    if (sally_mqtt_block_span(&s->out).len == 0)
        s->output_since = now;
    sally_mqtt_block_wrote(&s->out, out->len);
}

void sally_mqtt_session_reply_id(struct sally_mqtt_session *s,
                                 enum sally_mqtt_type type, uint16_t id,
                                 sally_usec now)
{
    sally_mqtt_session_reply_ack(s, type, id, SALLY_MQTT_SUCCESS, now);
}

void sally_mqtt_session_reply_ack(struct sally_mqtt_session *s,
                                  enum sally_mqtt_type type, uint16_t id,
                                  uint8_t reason, sally_usec now)
{
    struct sally_buf out;
    struct sally_writer w;

    if (!sally_mqtt_session_reply(s, sally_mqtt_packet_size(3), &out))
        return;
    w = sally_writer_into(&out);
    sally_mqtt_put_ack(&w, type, id, reason);
    sally_mqtt_session_wrote(s, &out, now);
}

/* Where there is no room for it, the client does not read anyway. */
void sally_mqtt_session_say_why(struct sally_mqtt_session *s,
                                enum sally_mqtt_reason reason)
{
    struct sally_buf out;
    struct sally_writer w;

    if (!room_for(s, sally_mqtt_packet_size(1)))
        return;
    out = sally_mqtt_block_room(&s->out);
    w = sally_writer_into(&out);
    sally_mqtt_put_disconnect(&w, (uint8_t)reason);
    sally_mqtt_block_wrote(&s->out, out.len);
}

/* The place of an id among those sent; id 0 finds a free place. NULL: none. */
static uint16_t *sent_place(struct sally_mqtt_session *s, uint16_t id)
{
    for (size_t i = 0; i < s->send_max; i++)
        if (s->sent_id[i] == id)
            return &s->sent_id[i];
    return NULL;
}

bool sally_mqtt_session_acknowledged(struct sally_mqtt_session *s, uint16_t id)
{
    uint16_t *place = sent_place(s, id);

    if (place == NULL)
        return false;
    *place = 0;
    return true;
}

/* The next packet id that is not 0 and not in use. */
static uint16_t fresh_id(struct sally_mqtt_session *s)
{
    uint16_t id;

    do
        id = s->next_id++;
    while (id == 0 || sent_place(s, id) != NULL);
    return id;
}

/* Fills in the id of a QoS 1 message; NO_ROOM if too many are out. */
static enum sally_err number_message(struct sally_mqtt_session *s,
                                     struct sally_mqtt_publish *m,
                                     uint16_t **place)
{
    m->dup = false;
    m->packet_id = 0;
    *place = NULL;
    if (m->qos == 0)
        return SALLY_E_OK;
    *place = sent_place(s, 0);
    if (*place == NULL)
        return SALLY_E_NO_ROOM;
    m->packet_id = fresh_id(s);
    return SALLY_E_OK;
}

enum sally_err sally_mqtt_session_publish(struct sally_mqtt_session *s,
                                          const struct sally_mqtt_publish *p,
                                          uint16_t *packet_id, sally_usec now)
{
    struct sally_mqtt_publish m = *p;
    size_t size;
    size_t used = sally_mqtt_block_span(&s->out).len;
    uint16_t *place;
    struct sally_buf out;
    struct sally_writer w;

    if (s->state != SALLY_MQTT_OPEN || p->qos > 1)
        return SALLY_E_BAD_STATE;
    m.v5 = s->v5;
    size = sally_mqtt_publish_size(&m);
    if (size > SALLY_MQTT_LARGE - KEPT_FOR_REPLIES || size > s->packet_max)
        return SALLY_E_TOO_LARGE;
    if (used + size > SALLY_MQTT_LARGE - KEPT_FOR_REPLIES ||
        number_message(s, &m, &place) != SALLY_E_OK || !room_for(s, size))
        return SALLY_E_NO_ROOM;
    out = sally_mqtt_block_room(&s->out);
    w = sally_writer_into(&out);
    sally_mqtt_put_publish(&w, &m);
    sally_mqtt_session_wrote(s, &out, now);
    if (place != NULL)
        *place = m.packet_id;
    *packet_id = m.packet_id;
    return SALLY_E_OK;
}
