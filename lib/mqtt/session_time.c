/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session_time.c - how long a session waits, and for what. */
#include "mqtt/session_parts.h"

/* A packet has begun, and nothing but the client keeps it from its end. */
static bool waits_for_rest(const struct sally_mqtt_session *s)
{
    return !sally_mqtt_session_stopped(s) &&
           sally_mqtt_block_span(&s->in).len != 0;
}

static sally_usec open_deadline(const struct sally_mqtt_session *s)
{
    sally_usec due = SALLY_NEVER;

    if (!sally_mqtt_session_waits(s))
        due = sally_after(s->since, s->keep_alive * (SALLY_SEC * 3 / 2));
    if (waits_for_rest(s))
        due = sally_earlier(due,
                            sally_after(s->part_since, s->limits->packet_wait));
    if (sally_mqtt_block_span(&s->out).len != 0)
        due = sally_earlier(
            due, sally_after(s->output_since, s->limits->output_wait));
    return due;
}

sally_usec sally_mqtt_session_deadline(const struct sally_mqtt_session *s)
{
    switch ((enum sally_mqtt_state)s->state) {
    case SALLY_MQTT_NEW:
        return sally_after(s->since, s->limits->connect_wait);
    case SALLY_MQTT_WAITING:
        return sally_after(s->since, s->limits->verdict_wait);
    case SALLY_MQTT_OPEN:
        return open_deadline(s);
    case SALLY_MQTT_ENDED:
        return SALLY_NEVER;
    }
    return SALLY_NEVER;
}

/* Which of an open session's three times has come. */
static enum sally_mqtt_end late_for(const struct sally_mqtt_session *s,
                                    sally_usec now)
{
    if (sally_mqtt_block_span(&s->out).len != 0 &&
        sally_after(s->output_since, s->limits->output_wait) <= now)
        return SALLY_MQTT_END_STALLED;
    if (waits_for_rest(s) &&
        sally_after(s->part_since, s->limits->packet_wait) <= now)
        return SALLY_MQTT_END_SLOW;
    return SALLY_MQTT_END_KEEP_ALIVE;
}

void sally_mqtt_session_expire(struct sally_mqtt_session *s, sally_usec now)
{
    if (sally_mqtt_session_deadline(s) > now)
        return;
    if (s->state == SALLY_MQTT_NEW)
        sally_mqtt_session_end(s, SALLY_MQTT_END_CONNECT_TIMEOUT);
    else if (s->state == SALLY_MQTT_WAITING)
        sally_mqtt_session_end(s, SALLY_MQTT_END_VERDICT_TIMEOUT);
    else if (s->state == SALLY_MQTT_OPEN)
        sally_mqtt_session_end(s, late_for(s, now));
}
