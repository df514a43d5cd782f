/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session_end.c - why a session ends, and who is told what. */
#include "mqtt/session_parts.h"

static const char *const end_texts[] = {
#define X(name, text) [SALLY_MQTT_END_##name] = (text),
    SALLY_MQTT_END_TABLE(X)
#undef X
};

const char *sally_mqtt_end_text(enum sally_mqtt_end why)
{
    return (size_t)why < SALLY_LEN(end_texts) ? end_texts[why]
                                              : end_texts[SALLY_MQTT_END_NONE];
}

static struct sally_mqtt_publish kept_will(const struct sally_mqtt_session *s)
{
    struct sally_span both = { s->will,
                               (size_t)(s->will_topic + s->will_payload) };

    if (s->will == NULL)
        return (struct sally_mqtt_publish){ .qos = 0 };
    return (struct sally_mqtt_publish){
        .topic = sally_span_sub(both, 0, s->will_topic),
        .payload = sally_span_sub(both, s->will_topic, s->will_payload),
        .qos = s->will_qos,
        .retain = s->will_retain,
    };
}

static void give_parts(struct sally_mqtt_session *s)
{
    sally_pool_give(s->pools->wills, s->will);
    s->will = NULL;
    if (s->aliases != NULL)
        sally_pool_give(s->pools->aliases, s->aliases);
    s->aliases = NULL;
    s->held = NULL;
}

/* What a client of version 5 is told; SUCCESS: nothing, it ended it itself or
 * does not read. MQTT 5.0 s.3.14.2.1.                                       */
static enum sally_mqtt_reason reason_for(enum sally_mqtt_end why)
{
    switch (why) {
    case SALLY_MQTT_END_PROTOCOL: return SALLY_MQTT_MALFORMED;
    case SALLY_MQTT_END_TOO_LARGE: return SALLY_MQTT_PACKET_TOO_LARGE;
    case SALLY_MQTT_END_UNFINISHED: return SALLY_MQTT_RECEIVE_EXCEEDED;
    case SALLY_MQTT_END_KEEP_ALIVE:
    case SALLY_MQTT_END_SLOW: return SALLY_MQTT_KEEP_ALIVE_TIMEOUT;
    case SALLY_MQTT_END_NO_ROOM: return SALLY_MQTT_QUOTA_EXCEEDED;
    case SALLY_MQTT_END_REPLACED: return SALLY_MQTT_TAKEN_OVER;
    case SALLY_MQTT_END_KICKED: return SALLY_MQTT_ADMINISTRATIVE;
    case SALLY_MQTT_END_NONE:
    case SALLY_MQTT_END_DISCONNECTED:
    case SALLY_MQTT_END_WITH_WILL:
    case SALLY_MQTT_END_LOST:
    case SALLY_MQTT_END_TLS:
    case SALLY_MQTT_END_NOT_MQTT:
    case SALLY_MQTT_END_VERSION:
    case SALLY_MQTT_END_REFUSED:
    case SALLY_MQTT_END_CONNECT_TIMEOUT:
    case SALLY_MQTT_END_VERDICT_TIMEOUT:
    case SALLY_MQTT_END_STALLED: return SALLY_MQTT_SUCCESS;
    }
    return SALLY_MQTT_SUCCESS;
}

void sally_mqtt_session_end(struct sally_mqtt_session *s,
                            enum sally_mqtt_end why)
{
    sally_mqtt_session_end_with(s, why, reason_for(why));
}

/* The input block may hold what an upcall is looking at: while busy, the
 * round itself drops it.                                                    */
void sally_mqtt_session_end_with(struct sally_mqtt_session *s,
                                 enum sally_mqtt_end why,
                                 enum sally_mqtt_reason reason)
{
    bool leaves = s->state == SALLY_MQTT_OPEN && s->will != NULL &&
                  why != SALLY_MQTT_END_DISCONNECTED;
    struct sally_mqtt_publish will = kept_will(s);

    if (s->state == SALLY_MQTT_ENDED)
        return;
    if (s->v5 && s->state == SALLY_MQTT_OPEN && reason != SALLY_MQTT_SUCCESS)
        sally_mqtt_session_say_why(s, reason);
    s->state = SALLY_MQTT_ENDED;
    s->upcalls->on_end(s->owner, why, leaves ? &will : NULL);
    give_parts(s);
    if (!s->busy)
        sally_mqtt_block_drop(&s->in, s->pools);
}

void sally_mqtt_session_wipe(struct sally_mqtt_session *s)
{
    if (s->pools == NULL)
        return;
    sally_mqtt_block_drop(&s->in, s->pools);
    sally_mqtt_block_drop(&s->out, s->pools);
    give_parts(s);
    s->state = SALLY_MQTT_ENDED;
}
