/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session_welcome.c - the CONNACK, and in version 5 what a client may
 * expect of us. MQTT 5.0 s.3.2.2.3.                                         */
#include "mqtt/session_parts.h"

/* The id that we gave, and 32 bytes for the rest. */
#define PROPERTIES_MAX (SALLY_MQTT_CLIENT_ID_MAX + 64)

void sally_mqtt_session_connack(struct sally_mqtt_session *s, uint8_t code,
                                sally_usec now)
{
    static const struct sally_span none = { NULL, 0 };
    struct sally_buf out;
    struct sally_writer w;

    if (!sally_mqtt_session_reply(s, sally_mqtt_packet_size(3), &out))
        return;
    w = sally_writer_into(&out);
    if (s->v5)
        sally_mqtt_put_connack_5(&w, false, code, none);
    else
        sally_mqtt_put_connack(&w, false, code);
    sally_mqtt_session_wrote(s, &out, now);
}

/* What is not said has a default that is true of us: QoS 2, wildcards, and
 * retained messages are taken.                                              */
static void put_properties(struct sally_mqtt_session *s,
                           const struct sally_mqtt_welcome *welcome,
                           struct sally_writer *w)
{
    sally_mqtt_put_number(w, SALLY_MQTT_SESSION_EXPIRY, welcome->expiry);
    sally_mqtt_put_number(w, SALLY_MQTT_RECEIVE_MAXIMUM,
                          SALLY_MQTT_RECEIVE_MAX);
    sally_mqtt_put_number(w, SALLY_MQTT_MAXIMUM_PACKET, SALLY_MQTT_PACKET_MAX);
    if (s->pools->aliases != NULL)
        sally_mqtt_put_number(w, SALLY_MQTT_ALIAS_MAXIMUM,
                              SALLY_MQTT_ALIASES_MAX);
    if (welcome->client_id.len != 0)
        sally_mqtt_put_bytes(w, SALLY_MQTT_ASSIGNED_CLIENT_ID,
                             welcome->client_id);
    if (s->keep_alive_ours)
        sally_mqtt_put_number(w, SALLY_MQTT_SERVER_KEEP_ALIVE, s->keep_alive);
    sally_mqtt_put_number(w, SALLY_MQTT_SUBSCRIPTION_ID_AVAILABLE, 0);
    sally_mqtt_put_number(w, SALLY_MQTT_SHARED_AVAILABLE, 0);
}

void sally_mqtt_session_welcome(struct sally_mqtt_session *s,
                                const struct sally_mqtt_welcome *welcome,
                                sally_usec now)
{
    uint8_t room[PROPERTIES_MAX];
    struct sally_buf list = SALLY_BUF(room), out;
    struct sally_writer l = sally_writer_into(&list), w;

    if (s->v5)
        put_properties(s, welcome, &l);
    if (!sally_mqtt_session_reply(s, sally_mqtt_packet_size(4 + list.len),
                                  &out))
        return;
    w = sally_writer_into(&out);
    if (s->v5)
        sally_mqtt_put_connack_5(&w, welcome->present, SALLY_MQTT_SUCCESS,
                                 sally_buf_span(&list));
    else
        sally_mqtt_put_connack(&w, welcome->present, SALLY_MQTT_ACCEPTED);
    sally_mqtt_session_wrote(s, &out, now);
}
