/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/mqtt_readings.c - what sensors publish becomes readings, and
 * is answered when it is durable.                                           */
#include "ingress/mqtt_parts.h"

/* Unacknowledged, the sensor waits with us; but one that can be told that the
 * spool is full is told.                                                    */
static bool waits(const struct sally_mqtt_connection *c,
                  enum sally_accepted result)
{
    return result == SALLY_ACCEPTED_FAILED ||
           (result == SALLY_ACCEPTED_FULL && (c == NULL || !c->session.v5));
}

static enum sally_mqtt_reason reason_for(enum sally_accepted result)
{
    return result == SALLY_ACCEPTED_FULL ? SALLY_MQTT_QUOTA_EXCEEDED
                                         : SALLY_MQTT_SUCCESS;
}

static bool told(void *subject, uint64_t number, enum sally_accepted result,
                 sally_usec now)
{
    struct sally_mqtt_connection *c = subject;

    if (waits(c, result))
        return true;
    c->server->now = now;
    sally_mqtt_session_answer(&c->session, (uint32_t)number, reason_for(result),
                              now);
    sally_mqtt_settle(c, now);
    return false;
}

/* One of QoS 2, named by its packet id: the session is told, which knows the
 * id until the sensor releases it, so that the message is not taken twice when
 * it comes again over another connection.                                   */
static bool told_kept(void *subject, uint64_t number,
                      enum sally_accepted result, sally_usec now)
{
    struct kept *k = subject;
    struct sally_mqtt_connection *c = k->connection;

    if (waits(c, result))
        return true;
    if (c == NULL) {
        sally_mqtt_held_store(&k->held, (uint16_t)number);
        return false;
    }
    k->server->now = now;
    sally_mqtt_session_stored(&c->session, (uint16_t)number, reason_for(result),
                              now);
    sally_mqtt_settle(c, now);
    return false;
}

void sally_mqtt_wait_no_more(struct sally_mqtt_connection *c)
{
    struct sally_mqtt_server *s = c->server;

    if (!c->waits_for_room)
        return;
    if (c->wait_previous == NULL)
        s->first_waiting = c->wait_next;
    else
        c->wait_previous->wait_next = c->wait_next;
    if (c->wait_next == NULL)
        s->last_waiting = c->wait_previous;
    else
        c->wait_next->wait_previous = c->wait_previous;
    c->waits_for_room = false;
    s->waiting--;
}

static void wait_for_room(struct sally_mqtt_connection *c)
{
    struct sally_mqtt_server *s = c->server;

    if (c->waits_for_room)
        return;
    c->wait_next = NULL;
    c->wait_previous = s->last_waiting;
    if (s->last_waiting == NULL)
        s->first_waiting = c;
    else
        s->last_waiting->wait_next = c;
    s->last_waiting = c;
    c->waits_for_room = true;
    s->waiting++;
}

/* What of the outer door's verdict a sensor of version 5 is told: who is not
 * allowed to say this, hears so. That nothing in a payload could be used is the
 * operator's to see: the sensor cannot help it.                             */
static enum sally_mqtt_reason reason_of(enum sally_err e)
{
    return e == SALLY_E_NOT_ALLOWED ? SALLY_MQTT_NOT_AUTHORIZED
                                    : SALLY_MQTT_SUCCESS;
}

static enum sally_err give(struct sally_mqtt_connection *c,
                           const struct sally_mqtt_publish *p, uint32_t number,
                           bool *nothing)
{
    struct sally_mqtt_server *s = c->server;

    if (p->qos == 2)
        return sally_outer_message(s->outer, c->sensor, NULL, p->topic,
                                   p->payload, told_kept, c->kept,
                                   p->packet_id, nothing, s->now);
    return sally_outer_message(s->outer, c->sensor, NULL, p->topic, p->payload,
                               p->qos == 0 ? NULL : told, c, number, nothing,
                               s->now);
}

/* A message of QoS 1 that comes again over another connection is another one
 * here: MQTT promises "at least once" for it.                               */
bool sally_mqtt_on_publish(void *owner, const struct sally_mqtt_publish *p,
                           uint32_t number)
{
    struct sally_mqtt_connection *c = owner;
    bool nothing = false;
    enum sally_err e = give(c, p, number, &nothing);

    if (e == SALLY_E_NO_ROOM) {
        if (p->qos == 0)
            return true; /* promises nothing: it is dropped */
        wait_for_room(c);
        return false;
    }
    if (e != SALLY_E_NOT_ALLOWED)
        sally_mqtt_show(c, p);
    if (p->qos != 0 && (e != SALLY_E_OK || nothing))
        sally_mqtt_session_answer(&c->session, number, reason_of(e),
                                  c->server->now);
    return true;
}

void sally_mqtt_speak_will(struct sally_mqtt_server *s, uint32_t sensor,
                           struct sally_span topic, struct sally_span payload)
{
    bool nothing;

    if (sally_outer_message(s->outer, sensor, NULL, topic, payload, NULL, NULL,
                            0, &nothing, s->now) != SALLY_E_OK)
        return; /* it was logged; nobody is there to be told */
}

/* Each once at most: one that finds no room again goes to the end. */
void sally_mqtt_server_resume(struct sally_mqtt_server *s, sally_usec now)
{
    size_t left = s->waiting;

    if (left == 0)
        return;
    s->now = now;
    for (; left > 0 && s->waiting > 0 && !sally_outer_full(s->outer); left--) {
        struct sally_mqtt_connection *c = s->first_waiting;

        sally_mqtt_wait_no_more(c);
        sally_mqtt_session_resume(&c->session, now);
        sally_mqtt_follow(c);
    }
    sally_mqtt_server_settle(s, now);
}
