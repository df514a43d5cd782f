/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/downlink.c - a bounded table of commands under way. */
#include "uplink/downlink.h"

#include "log/log.h"
#include "uplink/shard_parts.h"

#include <stdlib.h>

/* A command whose outcome somebody waits for: the server (client set), or
 * only the store.                                                           */
struct open_command {
    struct open_command *next;
    struct sally_virtual_client *client; /* NULL: nobody upstream waits */
    sally_coap_exchange exchange;
    bool parked; /* in the store until it is done */
    bool durable; /* parked, and the store has it */
    bool out;    /* with the outer door now */
    sally_usec due; /* out: no outcome comes any more; durable: offer again */
    struct sally_bus_message message; /* COMMAND, as it is sent */
};

struct sally_downlink {
    struct sally_shard *shard;
    struct sally_pool pool;
    struct open_command *open; /* the oldest first */
    uint32_t last; /* number of the newest command */
};

enum sally_err sally_downlink_create(struct sally_downlink **out,
                                     struct sally_shard *shard, uint32_t last)
{
    struct sally_downlink *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return SALLY_E_NO_MEMORY;
    d->shard = shard;
    d->last = last;
    if (sally_pool_init(&d->pool, sizeof(struct open_command),
                        SALLY_COMMANDS_OPEN, false) != SALLY_E_OK) {
        free(d);
        return SALLY_E_NO_MEMORY;
    }
    *out = d;
    return SALLY_E_OK;
}

void sally_downlink_wipe(struct sally_downlink *d)
{
    if (d == NULL)
        return;
    sally_pool_wipe(&d->pool);
    free(d);
}

const struct sally_config_down *
sally_downlink_rule(const struct sally_config_profile *p,
                    const struct sally_path *path)
{
    for (size_t i = 0; i < p->down_count; i++)
        if (sally_path_equal(&p->down[i].on, path))
            return &p->down[i];
    return NULL;
}

static struct open_command **find(struct sally_downlink *d, uint32_t number)
{
    struct open_command **link = &d->open;

    while (*link != NULL && (*link)->message.as.command.command != number)
        link = &(*link)->next;
    return link;
}

/* At the end: a sensor that comes back gets its commands in the order in which
 * they were given, or an old one would have the last word.                  */
static void append(struct sally_downlink *d, struct open_command *k)
{
    struct open_command **link = &d->open;

    while (*link != NULL)
        link = &(*link)->next;
    k->next = NULL;
    *link = k;
}

static void drop(struct sally_downlink *d, struct open_command **link)
{
    struct open_command *k = *link;

    if (k == NULL)
        return;
    *link = k->next;
    sally_pool_give(&d->pool, k);
}

static void answer(struct open_command *k, uint8_t code, sally_usec now)
{
    if (k->client == NULL)
        return;
    sally_lwm2m_client_answer(&k->client->client, k->exchange, code, now);
    sally_shard_pump(k->client, now);
    k->client = NULL;
}

static void send(struct sally_downlink *d, struct open_command *k,
                 sally_usec now)
{
    if (!k->out)
        k->out = d->shard->host->to_outer(d->shard->owner, &k->message);
    k->due = sally_after(
        now, k->out ? k->message.as.command.timeout_ms * SALLY_MSEC +
                          SALLY_COMMAND_GRACE
                    : SALLY_COMMAND_AGAIN);
    sally_shard_arm(d->shard);
}

static uint8_t check(const struct sally_config_down *rule,
                     const struct sally_lwm2m_command *c)
{
    double n;

    if (rule == NULL || rule->execute != c->execute)
        return SALLY_CODE_METHOD_NOT_ALLOWED;
    if (c->execute || !rule->has_range)
        return 0;
    if (!sally_value_as_real(&c->value, &n) || n < rule->min || n > rule->max)
        return SALLY_CODE_FORBIDDEN;
    return 0;
}

static enum sally_err fill(struct open_command *k,
                           const struct sally_lwm2m_command *c)
{
    struct sally_bus_command *m = &k->message.as.command;
    struct sally_lwm2m_value value =
        c->execute ? sally_value_text(c->arguments) : c->value;

    return sally_bus_put_value(&m->value, m->bytes, &m->used, &c->path, &value);
}

/* One server must not take all places for a sensor that is away. */
static bool has_many(const struct sally_downlink *d, uint32_t sensor)
{
    size_t count = 0;

    for (const struct open_command *k = d->open; k != NULL; k = k->next)
        count += k->message.as.command.sensor == sensor;
    return count >= SALLY_COMMANDS_SENSOR;
}

static struct open_command *begin(struct sally_downlink *d,
                                  struct sally_virtual_client *v,
                                  const struct sally_config_down *rule,
                                  const struct sally_lwm2m_command *c)
{
    struct open_command *k = has_many(d, v->sensor->index)
                                 ? NULL
                                 : sally_pool_take(&d->pool);
    struct sally_bus_command *m;

    if (k == NULL)
        return NULL;
    *k = (struct open_command){ .client = v,
                                .exchange = c->exchange,
                                .due = SALLY_NEVER };
    sally_bus_begin(&k->message, SALLY_BUS_COMMAND);
    m = &k->message.as.command;
    m->command = ++d->last;
    m->sensor = v->sensor->index;
    m->born = v->sensor->config->born;
    m->timeout_ms = (uint32_t)rule->timeout;
    m->down = (uint16_t)(rule - v->sensor->profile->down);
    m->execute = c->execute;
    if (fill(k, c) != SALLY_E_OK) {
        sally_pool_give(&d->pool, k);
        return NULL;
    }
    append(d, k);
    return k;
}

static bool park(struct sally_downlink *d, struct open_command *k)
{
    k->parked = true;
    return sally_store_park(d->shard->store, &k->message.as.command,
                            d->shard->host->utc(d->shard->owner)) == SALLY_E_OK;
}

uint8_t sally_downlink_command(struct sally_downlink *d,
                               struct sally_virtual_client *v,
                               const struct sally_lwm2m_command *c,
                               sally_usec now)
{
    const struct sally_config_down *rule =
        sally_downlink_rule(v->sensor->profile, &c->path);
    struct open_command *k;
    uint8_t code =
        v->sensor->leaving ? SALLY_CODE_UNAVAILABLE : check(rule, c);

    if (code != 0) {
        sally_log(SALLY_LOG_WARNING, "command_refused",
                  SALLY_TEXT("sensor", v->sensor->config->id),
                  SALLY_TEXT("server", v->server->name),
                  SALLY_NUMBER("resource", c->path.id[2]));
        return code;
    }
    k = begin(d, v, rule, c);
    if (k == NULL)
        return SALLY_CODE_UNAVAILABLE;
    if (rule->answer == SALLY_DOWN_STORE ? park(d, k)
                                          : (send(d, k, now), k->out))
        return 0;
    drop(d, find(d, k->message.as.command.command));
    return SALLY_CODE_UNAVAILABLE;
}

/* What a server is told. LwM2M has no codes of its own for a device behind a
 * gateway; these are CoAP's for intermediaries (RFC 7252 s.5.9.3).          */
static uint8_t outcome_code(enum sally_outcome result)
{
    switch (result) {
    case SALLY_OUTCOME_DONE:
        return SALLY_CODE_CHANGED;
    case SALLY_OUTCOME_OFFLINE:
        return SALLY_CODE_UNAVAILABLE;
    case SALLY_OUTCOME_TIMEOUT:
        return SALLY_CODE_GATEWAY_TIMEOUT;
    case SALLY_OUTCOME_REFUSED:
        return SALLY_CODE_BAD_GATEWAY;
    case SALLY_OUTCOME_INVALID:
        return SALLY_CODE_BAD_REQUEST;
    }
    return SALLY_CODE_INTERNAL_ERROR;
}

/* The sensor did it: the resource now has that value. */
static void take_effect(struct sally_downlink *d, const struct open_command *k,
                        sally_usec now)
{
    const struct sally_bus_command *m = &k->message.as.command;
    struct sally_uplink_sensor *u = sally_shard_sensor(d->shard, m->sensor);
    struct sally_lwm2m_record r;

    if (m->execute || u == NULL)
        return;
    sally_bus_value(&m->value, m->bytes, &r);
    r.time = d->shard->host->utc(d->shard->owner);
    sally_shard_set(u, &r, false, now);
}

/* A parked command that found the sensor away, or gone before it answered,
 * waits for it; everything else is final.                                   */
static bool waits(const struct open_command *k, enum sally_outcome result)
{
    return k->parked && (result == SALLY_OUTCOME_OFFLINE ||
                         result == SALLY_OUTCOME_TIMEOUT);
}

void sally_downlink_outcome(struct sally_downlink *d, uint32_t command,
                            enum sally_outcome result, sally_usec now)
{
    struct open_command **link = find(d, command);

    if (*link == NULL)
        return;
    (*link)->out = false;
    (*link)->due = sally_after(now, SALLY_COMMAND_AGAIN);
    if (waits(*link, result)) {
        sally_shard_arm(d->shard);
        return;
    }
    if (result == SALLY_OUTCOME_DONE)
        take_effect(d, *link, now);
    if ((*link)->parked)
        sally_store_unpark(d->shard->store, command);
    answer(*link, outcome_code(result), now);
    drop(d, link);
}

void sally_downlink_parked(struct sally_downlink *d, uint32_t command,
                           enum sally_err e, sally_usec now)
{
    struct open_command **link = find(d, command);

    if (*link == NULL)
        return;
    answer(*link,
           e == SALLY_E_OK ? SALLY_CODE_CHANGED : SALLY_CODE_UNAVAILABLE, now);
    (*link)->durable = e == SALLY_E_OK;
    if (e == SALLY_E_OK)
        send(d, *link, now);
    else
        drop(d, link);
}

void sally_downlink_online(struct sally_downlink *d, uint32_t sensor,
                           sally_usec now)
{
    for (struct open_command *k = d->open; k != NULL; k = k->next)
        if (k->message.as.command.sensor == sensor && k->durable && !k->out)
            send(d, k, now);
}

sally_usec sally_downlink_deadline(const struct sally_downlink *d)
{
    sally_usec when = SALLY_NEVER;

    for (const struct open_command *k = d->open; k != NULL; k = k->next)
        when = sally_earlier(when, k->due);
    return when;
}

/* The outer door owes an outcome for each; if it lost one, or is not honest
 * any more, the place must not stay taken.                                  */
void sally_downlink_expire(struct sally_downlink *d, sally_usec now)
{
    struct open_command **link = &d->open;

    while (*link != NULL) {
        struct open_command *k = *link;
        bool late = k->due <= now;

        if (late && k->parked) {
            k->out = false;
            send(d, k, now);
        }
        if (!late || k->parked) {
            link = &k->next;
            continue;
        }
        answer(k, SALLY_CODE_GATEWAY_TIMEOUT, now);
        drop(d, link);
    }
}

void sally_downlink_orphaned(struct sally_downlink *d, sally_usec now)
{
    struct open_command **link = &d->open;

    while (*link != NULL) {
        if ((*link)->parked) {
            (*link)->out = false;
            link = &(*link)->next;
            continue;
        }
        answer(*link, SALLY_CODE_GATEWAY_TIMEOUT, now);
        drop(d, link);
    }
}

/* By the rule of today. */
static bool is_allowed(const struct sally_config_down *rule,
                       const struct sally_bus_command *c,
                       const struct sally_lwm2m_record *r)
{
    const struct sally_lwm2m_command again = { .path = r->path,
                                               .execute = c->execute,
                                               .value = r->value };

    return check(rule, &again) == 0;
}

/* The profile may have changed since: a rule is found by its path again, and a
 * command that it would refuse now is dropped and told of.                  */
static void load(void *owner, const struct sally_bus_command *c)
{
    struct sally_downlink *d = owner;
    const struct sally_uplink_sensor *u =
        sally_shard_sensor(d->shard, c->sensor);
    const struct sally_config_profile *p = u->profile;
    struct sally_lwm2m_record r;
    const struct sally_config_down *rule;
    struct open_command *k;
    bool allowed;

    if (c->command > d->last)
        d->last = c->command;
    sally_bus_value(&c->value, c->bytes, &r);
    rule = sally_downlink_rule(p, &r.path);
    allowed = is_allowed(rule, c, &r);
    k = allowed ? sally_pool_take(&d->pool) : NULL;
    if (k == NULL) {
        char path[SALLY_PATH_TEXT];

        sally_log(SALLY_LOG_WARNING, "command_dropped",
                  SALLY_TEXT("sensor", u->config->id),
                  SALLY_TEXT("resource", sally_path_text(&r.path, path)),
                  SALLY_TEXT("why", allowed
                                        ? "too many commands wait"
                                        : "its profile does not allow it now"));
        sally_store_unpark(d->shard->store, c->command);
        return;
    }
    *k = (struct open_command){ .parked = true,
                                .durable = true,
                                .due = SALLY_NEVER };
    sally_bus_begin(&k->message, SALLY_BUS_COMMAND);
    k->message.as.command = *c;
    k->message.as.command.born =
        sally_shard_sensor(d->shard, c->sensor)->config->born;
    k->message.as.command.down = (uint16_t)(rule - p->down);
    k->message.as.command.timeout_ms = (uint32_t)rule->timeout;
    append(d, k);
}

void sally_downlink_leave(struct sally_downlink *d,
                          const struct sally_uplink_sensor *u, sally_usec now)
{
    struct open_command **link = &d->open;

    while (*link != NULL) {
        const struct sally_bus_command *m = &(*link)->message.as.command;

        if (m->sensor != u->index || m->born != u->config->born) {
            link = &(*link)->next;
            continue;
        }
        answer(*link, SALLY_CODE_UNAVAILABLE, now);
        drop(d, link);
    }
}

void sally_downlink_forsake(struct sally_downlink *d,
                            const struct sally_virtual_client *v,
                            sally_usec now)
{
    for (struct open_command *k = d->open; k != NULL; k = k->next)
        if (k->client == v)
            answer(k, SALLY_CODE_UNAVAILABLE, now);
}

void sally_downlink_take_up(struct sally_downlink *d,
                            const struct sally_uplink_sensor *u)
{
    sally_store_parked(d->shard->store, u->index, load, d);
}

void sally_downlink_start(struct sally_downlink *d)
{
    sally_store_parked(d->shard->store, UINT32_MAX, load, d);
}
