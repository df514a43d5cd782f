/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/silence.c - who is silent, and what comes of it. */
#include "uplink/silence.h"

#include "log/log.h"
#include "lwm2m/objects/builtin.h"
#include "uplink/shard_parts.h"

#include <stdlib.h>

#define LOOK_AGAIN (10 * SALLY_SEC) /* whether the last message is delivered */

struct sally_silence {
    struct sally_shard *shard;
    struct sally_deadlines due;
};

enum sally_err sally_silence_create(struct sally_silence **out,
                                    struct sally_shard *shard, size_t room)
{
    struct sally_silence *s = calloc(1, sizeof(*s));

    if (s == NULL || sally_deadlines_init(&s->due, room) != SALLY_E_OK) {
        free(s);
        return SALLY_E_NO_MEMORY;
    }
    s->shard = shard;
    *out = s;
    return SALLY_E_OK;
}

void sally_silence_wipe(struct sally_silence *s)
{
    if (s == NULL)
        return;
    sally_deadlines_wipe(&s->due);
    free(s);
}

void sally_silence_add(struct sally_silence *s, struct sally_uplink_sensor *u,
                       sally_usec now)
{
    struct sally_silence_watch *w = &u->silence;

    w->every = (sally_usec)u->config->expect_every * SALLY_MSEC;
    w->last = now;
    w->silent = false;
    if (w->every != 0)
        sally_deadlines_set(&s->due, &w->deadline,
                            sally_after(now, w->every));
}

void sally_silence_remove(struct sally_silence *s,
                          struct sally_uplink_sensor *u)
{
    sally_deadlines_set(&s->due, &u->silence.deadline, SALLY_NEVER);
    u->silence.every = 0;
    u->silence.silent = false;
    for (uint32_t i = 0; i < u->config->account_count; i++)
        u->clients[i].away = false;
}

static bool has_flag(const struct sally_uplink_sensor *u)
{
    return u->config->on_silent == SALLY_SILENT_FLAG;
}

static void tell_flag(struct sally_uplink_sensor *u, sally_usec now)
{
    const struct sally_lwm2m_record r = {
        .path = sally_path_resource(SALLY_OBJECT_PROVENANCE, 0,
                                    SALLY_PROVENANCE_SILENT),
        .value = sally_value_boolean(u->silence.silent)
    };

    if (has_flag(u))
        sally_shard_set(u, &r, false, now);
}

/* Not notified by itself: each reading says when it was. */
static void note_last_message(struct sally_silence *s,
                              struct sally_uplink_sensor *u)
{
    const struct sally_path at = sally_path_resource(
        SALLY_OBJECT_PROVENANCE, 0, SALLY_PROVENANCE_LAST_MESSAGE);
    const struct sally_lwm2m_value v = {
        .type = SALLY_TYPE_TIME,
        .is.integer = s->shard->host->utc(s->shard->owner) / 1000
    };

    if (has_flag(u))
        (void)!sally_resources_set(&u->resources, &at, &v, 0);
}

/* --- Falling silent ------------------------------------------------------ */

/* False: something waits for the server yet. */
static bool leave(struct sally_silence *s, struct sally_virtual_client *v,
                  sally_usec now)
{
    if (v->away || !v->keyed)
        return true;
    if (sally_store_waiting(s->shard->store, v->sensor->index, v->index) != 0)
        return false;
    v->away = true;
    sally_lwm2m_client_stop(&v->client, now);
    sally_shard_pump(v, now);
    return true;
}

static void leave_all(struct sally_silence *s, struct sally_uplink_sensor *u,
                      sally_usec now)
{
    bool all = true;

    if (u->config->on_silent != SALLY_SILENT_DEREGISTER)
        return;
    for (uint32_t i = 0; i < u->config->account_count; i++)
        all = leave(s, &u->clients[i], now) && all;
    if (!all)
        sally_deadlines_set(&s->due, &u->silence.deadline,
                            sally_after(now, LOOK_AGAIN));
}

static void fall_silent(struct sally_uplink_sensor *u, sally_usec now)
{
    struct sally_silence_watch *w = &u->silence;

    w->silent = true;
    sally_log(SALLY_LOG_WARNING, "sensor_silent",
              SALLY_TEXT("sensor", u->config->id),
              SALLY_NUMBER("silent_s", (now - w->last) / SALLY_SEC),
              SALLY_NUMBER("expected_s", w->every / SALLY_SEC));
    tell_flag(u, now);
}

sally_usec sally_silence_deadline(const struct sally_silence *s)
{
    return sally_deadlines_next(&s->due);
}

static void on_due(struct sally_silence *s, struct sally_uplink_sensor *u,
                   sally_usec now)
{
    struct sally_silence_watch *w = &u->silence;
    sally_usec due = sally_after(w->last, w->every);

    if (!w->silent && due > now) { /* it spoke meanwhile */
        sally_deadlines_set(&s->due, &w->deadline, due);
        return;
    }
    if (!w->silent)
        fall_silent(u, now);
    leave_all(s, u, now);
}

void sally_silence_expire(struct sally_silence *s, sally_usec now)
{
    struct sally_deadline *d;

    while ((d = sally_deadlines_take(&s->due, now)) != NULL)
        on_due(s,
               SALLY_OWNER(SALLY_OWNER(d, struct sally_silence_watch, deadline),
                           struct sally_uplink_sensor, silence),
               now);
}

/* --- Speaking again ------------------------------------------------------ */

void sally_silence_resume(struct sally_virtual_client *v, sally_usec now)
{
    if (!v->away || v->sensor->silence.silent || v->shard->elsewhere ||
        sally_lwm2m_client_state(&v->client) != SALLY_CLIENT_STOPPED)
        return;
    v->away = false;
    sally_lwm2m_client_start(&v->client, now);
    sally_shard_pump(v, now);
}

static void come_back(struct sally_silence *s, struct sally_uplink_sensor *u,
                      sally_usec now)
{
    struct sally_silence_watch *w = &u->silence;

    w->silent = false;
    sally_log(SALLY_LOG_INFO, "sensor_back",
              SALLY_TEXT("sensor", u->config->id),
              SALLY_NUMBER("silent_s", (now - w->last) / SALLY_SEC));
    tell_flag(u, now);
    sally_deadlines_set(&s->due, &w->deadline, sally_after(now, w->every));
    sally_shard_arm(s->shard);
    for (uint32_t i = 0; i < u->config->account_count; i++)
        sally_silence_resume(&u->clients[i], now);
}

void sally_silence_spoke(struct sally_silence *s, struct sally_uplink_sensor *u,
                         sally_usec now)
{
    if (u->silence.every == 0)
        return;
    note_last_message(s, u);
    if (u->silence.silent)
        come_back(s, u, now);
    u->silence.last = now;
}
