/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/mqtt_server.c - connections, their sensors, readings up and
 * commands down.
 *
 * Sessions tell their end from inside other calls, so a connection that ended
 * is put on a list and cleared away by settle(), at the end of every entry. */
#include "ingress/mqtt_parts.h"
#include "log/log.h"

#include <stdlib.h>
#include <string.h>

#define LARGE_BLOCKS 256 /* of 16 KiB, all connections together */
#define WILL_MAX 512     /* bytes of a will: topic and payload */

const struct sally_config_sensor *
sally_mqtt_config(const struct sally_mqtt_server *s, uint32_t sensor)
{
    return &sally_outer_config(s->outer)->sensors[sensor];
}

/* --- Clearing away ------------------------------------------------------- */

static void leave_sensor(struct sally_mqtt_connection *c)
{
    struct sally_mqtt_connection **link;

    if (c->sensor == NOBODY)
        return;
    link = &c->server->tables.sensors[c->sensor];
    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    c->next = NULL;
}

static void unlink_all(struct sally_mqtt_connection *c)
{
    if (c->all_previous == NULL)
        c->server->all = c->all_next;
    else
        c->all_previous->all_next = c->all_next;
    if (c->all_next != NULL)
        c->all_next->all_previous = c->all_previous;
}

static void clear(struct sally_mqtt_connection *c)
{
    struct sally_mqtt_server *s = c->server;

    if (c->handle != NULL)
        s->host->close(s->owner, c->handle);
    sally_mqtt_session_wipe(&c->session);
    sally_passwords_forget(s->passwords, c);
    sally_outer_forget(s->outer, c->sensor, c);
    sally_mqtt_drop_subscriptions(s, &c->subscriptions);
    sally_deadlines_set(&s->deadlines, &c->deadline, SALLY_NEVER);
    unlink_all(c);
    sally_pool_give(&s->connections, c);
}

static sally_usec due(const struct sally_mqtt_connection *c)
{
    sally_usec when =
        sally_earlier(sally_mqtt_session_deadline(&c->session), c->refuse_at);

    for (size_t i = 0; i < COMMANDS_MAX; i++)
        if (c->commands[i].number != 0)
            when = sally_earlier(when, c->commands[i].deadline);
    return when;
}

/* Input goes on or stops, and the next time is noted. */
static void adjust(struct sally_mqtt_connection *c)
{
    struct sally_mqtt_server *s = c->server;
    bool wants = sally_mqtt_session_wants_input(&c->session);

    if (c->ended)
        return;
    if (c->paused == wants) {
        c->paused = !wants;
        s->host->pause(s->owner, c->handle, !wants);
    }
    sally_deadlines_set(&s->deadlines, &c->deadline, due(c));
}

/* After anything happened to a connection that still is. */
void sally_mqtt_follow(struct sally_mqtt_connection *c)
{
    struct sally_mqtt_server *s = c->server;

    if (!c->ended && sally_mqtt_session_output(&c->session).len != 0)
        s->host->pump(s->owner, c->handle);
    adjust(c);
}

/* What ended outside an entry is cleared away as soon as the timer fires. */
void sally_mqtt_arm(struct sally_mqtt_server *s)
{
    sally_usec next = sally_earlier(sally_deadlines_next(&s->deadlines),
                                    sally_deadlines_next(&s->kept_deadlines));

    s->host->arm(s->owner, s->over != NULL ? s->now : next);
}

void sally_mqtt_server_settle(struct sally_mqtt_server *s, sally_usec now)
{
    (void)now;
    while (s->over != NULL) {
        struct sally_mqtt_connection *c = s->over;

        s->over = c->next;
        clear(c);
    }
    sally_mqtt_arm(s);
}

void sally_mqtt_settle(struct sally_mqtt_connection *c, sally_usec now)
{
    struct sally_mqtt_server *s = c->server;

    sally_mqtt_follow(c);
    sally_mqtt_server_settle(s, now);
}

/* --- The end ------------------------------------------------------------- */

static void on_end(void *owner, enum sally_mqtt_end why,
                   const struct sally_mqtt_publish *will)
{
    struct sally_mqtt_connection *c = owner;
    struct sally_mqtt_server *s = c->server;
    bool last;

    sally_log(SALLY_LOG_DEBUG, "mqtt_session_ended",
              SALLY_TEXT("sensor", c->sensor == NOBODY
                                       ? ""
                                       : sally_mqtt_config(s, c->sensor)->id),
              SALLY_TEXT("why", sally_mqtt_end_text(why)));
    sally_mqtt_wait_no_more(c);
    leave_sensor(c);
    last = c->sensor != NOBODY && s->tables.sensors[c->sensor] == NULL;
    if (c->sensor != NOBODY)
        sally_mqtt_leave(c, will);
    if (last && why != SALLY_MQTT_END_REPLACED)
        sally_outer_liveness(s->outer, c->sensor, false, c->method,
                             SALLY_ASSURANCE_NONE, s->now);
    sally_mqtt_fail_commands(c, s->now);
    c->ended = true;
    c->next = s->over;
    s->over = c;
}

static const struct sally_mqtt_upcalls upcalls = {
    .on_connect = sally_mqtt_on_connect,
    .on_publish = sally_mqtt_on_publish,
    .on_hold = sally_mqtt_on_hold,
    .on_subscribe = sally_mqtt_on_subscribe,
    .on_unsubscribe = sally_mqtt_on_unsubscribe,
    .on_puback = sally_mqtt_on_puback,
    .on_end = on_end,
};

/* --- Entries ------------------------------------------------------------- */

/* Who has to go when all places are taken: of those who have proved nothing,
 * the one that was silent longest, else the last to wait for a check, since
 * the first is nearest to its answer. NULL: all are sensors.                */
static struct sally_mqtt_connection *
least_worth(const struct sally_mqtt_server *s)
{
    struct sally_mqtt_connection *silent = NULL, *waiting = NULL;

    for (struct sally_mqtt_connection *c = s->all; c != NULL; c = c->all_next) {
        if (c->ended || c->sensor != NOBODY)
            continue;
        if (c->connected == 0 || c->refuse_at != SALLY_NEVER)
            silent = c;
        else if (waiting == NULL)
            waiting = c;
    }
    return silent != NULL ? silent : waiting;
}

/* A place for a newcomer, or NULL. */
static struct sally_mqtt_connection *find_place(struct sally_mqtt_server *s,
                                                sally_usec now)
{
    struct sally_mqtt_connection *c = sally_pool_take(&s->connections);
    struct sally_mqtt_connection *other = c == NULL ? least_worth(s) : NULL;

    if (other == NULL)
        return c;
    s->now = now;
    sally_mqtt_session_end(&other->session, SALLY_MQTT_END_NO_ROOM);
    sally_mqtt_server_settle(s, now);
    return sally_pool_take(&s->connections);
}

struct sally_mqtt_connection *
sally_mqtt_server_accept(struct sally_mqtt_server *s, void *handle,
                         const struct sally_auth_source *source, sally_usec now)
{
    struct sally_mqtt_connection *c = find_place(s, now);

    if (c == NULL)
        return NULL;
    memset(c, 0, sizeof(*c));
    c->server = s;
    c->handle = handle;
    c->claimed = c->sensor = c->vouched = NOBODY;
    c->refuse_at = SALLY_NEVER;
    c->family = source->family;
    c->interface = source->interface;
    memcpy(c->ip, source->ip, source->family == 4 ? 4 : 16);
    c->all_next = s->all;
    if (s->all != NULL)
        s->all->all_previous = c;
    s->all = c;
    s->now = now;
    sally_mqtt_session_init(&c->session, &upcalls, c, &s->pools,
                            &sally_mqtt_default_limits, now);
    sally_mqtt_settle(c, now);
    return c;
}

void sally_mqtt_server_secured(struct sally_mqtt_connection *c,
                               uint32_t sensor, enum sally_auth_method method)
{
    c->secure = true;
    c->vouched = sensor;
    c->vouched_by = method;
}

void sally_mqtt_server_input(struct sally_mqtt_connection *c,
                             struct sally_span bytes, sally_usec now)
{
    c->server->now = now;
    if (!c->ended)
        sally_mqtt_session_input(&c->session, bytes, now);
    sally_mqtt_settle(c, now);
}

struct sally_span
sally_mqtt_server_output(const struct sally_mqtt_connection *c)
{
    return sally_mqtt_session_output(&c->session);
}

void sally_mqtt_server_sent(struct sally_mqtt_connection *c, size_t n,
                            sally_usec now)
{
    c->server->now = now;
    sally_mqtt_session_sent(&c->session, n, now);
    adjust(c); /* output that was in the way may be gone */
    sally_mqtt_arm(c->server);
}

void sally_mqtt_server_closed(struct sally_mqtt_connection *c, sally_usec now)
{
    c->handle = NULL;
    c->server->now = now;
    sally_mqtt_session_end(&c->session, SALLY_MQTT_END_LOST);
    sally_mqtt_server_settle(c->server, now);
}

static void expire(struct sally_mqtt_connection *c, sally_usec now)
{
    sally_mqtt_expire_commands(c, now);
    if (c->refuse_at <= now) {
        c->refuse_at = SALLY_NEVER;
        sally_mqtt_session_refuse(&c->session,
                                  SALLY_MQTT_REFUSED_NOT_AUTHORIZED, now);
    }
    sally_mqtt_session_expire(&c->session, now);
    sally_mqtt_follow(c);
}

void sally_mqtt_server_expire(struct sally_mqtt_server *s, sally_usec now)
{
    struct sally_deadline *d;

    s->now = now;
    while ((d = sally_deadlines_take(&s->deadlines, now)) != NULL) {
        struct sally_mqtt_connection *c =
            SALLY_OWNER(d, struct sally_mqtt_connection, deadline);

        if (!c->ended)
            expire(c, now);
    }
    sally_mqtt_expire_kept(s, now);
    sally_mqtt_server_settle(s, now);
}

/* --- Building ------------------------------------------------------------ */

/* Passwords pass through the blocks, so they are wiped when they come back. A
 * connection that finds none is closed: busy ones are few at a time.        */
static enum sally_err build_blocks(struct sally_mqtt_server *s,
                                   size_t connections)
{
    enum sally_err e =
        sally_pool_init(&s->small, SALLY_MQTT_SMALL, connections, true);

    s->pools = (struct sally_mqtt_pools){ &s->small, &s->large, &s->wills,
                                          &s->aliases };
    if (e == SALLY_E_OK)
        e = sally_pool_init(&s->large, SALLY_MQTT_LARGE, LARGE_BLOCKS, true);
    if (e == SALLY_E_OK)
        e = sally_pool_init(&s->wills, WILL_MAX, connections * 2, false);
    if (e == SALLY_E_OK)
        e = sally_pool_init(&s->aliases, sizeof(struct sally_mqtt_aliases),
                            connections, false);
    return e;
}

static enum sally_err build(struct sally_mqtt_server *s, size_t connections)
{
    enum sally_err e = sally_mqtt_tables_build(
        &s->tables, sally_outer_config(s->outer), sally_outer_random(s->outer));

    if (e == SALLY_E_OK)
        e = sally_pool_init(&s->connections,
                            sizeof(struct sally_mqtt_connection), connections,
                            false);
    if (e == SALLY_E_OK)
        e = sally_pool_init(&s->subscriptions, sizeof(struct subscription),
                            connections * 4, false);
    if (e == SALLY_E_OK)
        e = sally_pool_init(&s->kept, sizeof(struct kept), connections, false);
    if (e == SALLY_E_OK)
        e = sally_deadlines_init(&s->kept_deadlines, connections);
    if (e == SALLY_E_OK)
        e = sally_deadlines_init(&s->deadlines, connections);
    return e == SALLY_E_OK ? build_blocks(s, connections) : e;
}

enum sally_err
sally_mqtt_server_create(struct sally_mqtt_server **out,
                         struct sally_outer *outer,
                         const struct sally_auth_addresses *addresses,
                         struct sally_passwords *passwords, size_t connections,
                         const struct sally_mqtt_server_host *host, void *owner)
{
    struct sally_mqtt_server *s = calloc(1, sizeof(*s));
    enum sally_err e;

    if (s == NULL)
        return SALLY_E_NO_MEMORY;
    s->outer = outer;
    s->addresses = addresses;
    s->passwords = passwords;
    s->host = host;
    s->owner = owner;
    e = build(s, connections);
    if (e != SALLY_E_OK) {
        sally_mqtt_server_wipe(s);
        return e;
    }
    sally_outer_add_carrier(
        outer, (struct sally_outer_carrier){ sally_mqtt_carry, s });
    *out = s;
    return SALLY_E_OK;
}

void sally_mqtt_server_wipe(struct sally_mqtt_server *s)
{
    if (s == NULL)
        return;
    while (s->all != NULL) {
        s->all->handle = NULL; /* the host closes its own */
        clear(s->all);
    }
    sally_pool_wipe(&s->small);
    sally_pool_wipe(&s->large);
    sally_pool_wipe(&s->wills);
    sally_pool_wipe(&s->aliases);
    sally_pool_wipe(&s->kept);
    sally_deadlines_wipe(&s->kept_deadlines);
    sally_pool_wipe(&s->connections);
    sally_pool_wipe(&s->subscriptions);
    sally_deadlines_wipe(&s->deadlines);
    sally_mqtt_tables_wipe(&s->tables);
    sally_mqtt_tables_wipe(&s->next);
    free(s);
}
