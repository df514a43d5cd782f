/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/outer.c - pending messages in order, and commands by
 * carrier.                                                                  */
#include "ingress/outer.h"

#include "base/hashmap.h"
#include "base/writer.h"
#include "log/log.h"

#include <stdlib.h>
#include <string.h>

#define TOPIC_MAX 256      /* bytes of a command's topic */
#define PAYLOAD_MAX 1024   /* bytes of a command's payload */
#define CARRIERS_MAX 3
#define ASK_AGAIN (30 * SALLY_SEC)
#define OFFER_AGAIN (1 * SALLY_SEC) /* to a store that was full */

struct pending {
    struct pending *next, *previous; /* in order of arrival */
    struct sally_hashmap_node by_ticket;
    sally_outer_told *told; /* NULL: nobody is to be told */
    void *subject;
    uint64_t number;
    sally_usec due; /* offer it then, or once more; 0: as soon as may be */
    bool waits; /* was refused for want of room, or came after such a one */
    struct sally_bus_message message; /* READINGS */
};

struct sally_outer {
    const struct sally_config *config;
    const struct sally_outer_host *host;
    void *owner;
    struct sally_random random;
    struct sally_mapping *mapping;
    struct sally_outer_sensor *sensors; /* config->sensor_count */
    struct sally_pool pool;             /* of struct pending */
    struct sally_hashmap by_ticket;
    struct pending *first, *last;
    bool held; /* the bus refused one: those after it wait for _resume() */
    uint32_t ticket; /* the newest */
    uint64_t nonce, keys; /* of this process; how many it made so far */
    struct sally_outer_carrier carriers[CARRIERS_MAX];
    size_t carrier_count;
    bool some_untold; /* sensors[].untold */
    const struct sally_config *next; /* being prepared; NULL: none */
    struct sally_mapping *next_mapping;
    struct sally_outer_sensor *next_sensors;
};

static enum sally_err build(struct sally_outer *o)
{
    struct sally_hash_key seed;
    enum sally_err e;

    sally_random_fill(&o->random, &seed, sizeof(seed));
    o->nonce = sally_random_u64(&o->random);
    o->sensors = calloc(o->config->sensor_count + 1, sizeof(*o->sensors));
    if (o->sensors == NULL)
        return SALLY_E_NO_MEMORY;
    e = sally_mapping_compile(&o->mapping, o->config);
    if (e == SALLY_E_OK)
        e = sally_pool_init(&o->pool, sizeof(struct pending),
                            SALLY_PENDING_MAX, false);
    if (e == SALLY_E_OK)
        e = sally_hashmap_init(&o->by_ticket, SALLY_PENDING_MAX, seed);
    return e;
}

enum sally_err sally_outer_create(struct sally_outer **out,
                                  const struct sally_config *config,
                                  struct sally_random random,
                                  const struct sally_outer_host *host,
                                  void *owner)
{
    struct sally_outer *o = calloc(1, sizeof(*o));
    enum sally_err e;

    if (o == NULL)
        return SALLY_E_NO_MEMORY;
    o->config = config;
    o->random = random;
    o->host = host;
    o->owner = owner;
    e = build(o);
    if (e != SALLY_E_OK) {
        sally_outer_wipe(o);
        return e;
    }
    *out = o;
    return SALLY_E_OK;
}

void sally_outer_wipe(struct sally_outer *o)
{
    if (o == NULL)
        return;
    sally_hashmap_wipe(&o->by_ticket);
    sally_pool_wipe(&o->pool);
    sally_mapping_wipe(o->mapping);
    free(o->sensors);
    sally_outer_abort(o);
    free(o);
}

void sally_outer_add_carrier(struct sally_outer *o,
                             struct sally_outer_carrier carrier)
{
    if (o->carrier_count < CARRIERS_MAX)
        o->carriers[o->carrier_count++] = carrier;
}

const struct sally_config *sally_outer_config(const struct sally_outer *o)
{
    return o->config;
}

struct sally_outer_sensor *sally_outer_sensor(struct sally_outer *o,
                                              uint32_t sensor)
{
    return &o->sensors[sensor];
}

bool sally_outer_block(struct sally_outer *o, const struct sally_bus_blocked *b)
{
    struct sally_outer_sensor *s;
    bool was;

    if (b->sensor >= o->config->sensor_count ||
        o->config->sensors[b->sensor].born != b->born)
        return false; /* it tells again, when that sensor speaks */
    s = &o->sensors[b->sensor];
    was = s->blocked;
    s->blocked = b->blocked;
    return s->blocked && !was;
}

const struct sally_mapping *sally_outer_mapping(const struct sally_outer *o)
{
    return o->mapping;
}

const struct sally_random *sally_outer_random(const struct sally_outer *o)
{
    return &o->random;
}

bool sally_outer_full(const struct sally_outer *o)
{
    return o->pool.used == o->pool.count;
}

/* --- Another configuration ------------------------------------------------ */

static void take_out(struct sally_outer *o, struct pending *p);

void sally_outer_abort(struct sally_outer *o)
{
    sally_mapping_wipe(o->next_mapping);
    free(o->next_sensors);
    o->next = NULL;
    o->next_mapping = NULL;
    o->next_sensors = NULL;
}

enum sally_err sally_outer_prepare(struct sally_outer *o,
                                   const struct sally_config *next)
{
    enum sally_err e = SALLY_E_NO_MEMORY;

    sally_outer_abort(o);
    o->next = next;
    o->next_sensors = calloc(next->sensor_count + 1, sizeof(*o->next_sensors));
    if (o->next_sensors != NULL)
        e = sally_mapping_compile(&o->next_mapping, next);
    if (e != SALLY_E_OK)
        sally_outer_abort(o);
    return e;
}

bool sally_outer_keeps(const struct sally_outer *o, uint32_t sensor)
{
    return sensor < o->config->sensor_count &&
           sensor < o->next->sensor_count &&
           o->config->sensors[sensor].born == o->next->sensors[sensor].born;
}

void sally_outer_commit(struct sally_outer *o, sally_usec now)
{
    struct pending *p = o->first;

    while (p != NULL) {
        struct pending *following = p->next;

        if (!sally_outer_keeps(o, p->message.as.readings.sensor))
            take_out(o, p);
        p = following;
    }
    for (uint32_t i = 0; i < o->config->sensor_count; i++)
        if (sally_outer_keeps(o, i))
            o->next_sensors[i] = o->sensors[i];
    sally_mapping_wipe(o->mapping);
    free(o->sensors);
    o->config = o->next;
    o->mapping = o->next_mapping;
    o->sensors = o->next_sensors;
    o->next_mapping = NULL;
    o->next_sensors = NULL;
    o->next = NULL;
    sally_outer_resume(o, false, now);
}

/* --- Messages up --------------------------------------------------------- */

static struct sally_span ticket_key(const struct pending *p)
{
    return (struct sally_span){
        (const uint8_t *)&p->message.as.readings.ticket, sizeof(uint32_t)
    };
}

static void append(struct sally_outer *o, struct pending *p)
{
    p->previous = o->last;
    p->next = NULL;
    if (o->last == NULL)
        o->first = p;
    else
        o->last->next = p;
    o->last = p;
    sally_hashmap_add(&o->by_ticket, &p->by_ticket, ticket_key(p));
}

static struct sally_outer_sensor *sensor_of(struct sally_outer *o,
                                            const struct pending *p)
{
    return &o->sensors[p->message.as.readings.sensor];
}

/* Messages of a sensor go to the store in the order in which they came, or an
 * old value would look like the newest.                                     */
static void let_wait(struct sally_outer *o, struct pending *p)
{
    p->due = sensor_of(o, p)->again;
    sensor_of(o, p)->waiting += !p->waits;
    p->waits = true;
}

static void wait_no_more(struct sally_outer *o, struct pending *p)
{
    sensor_of(o, p)->waiting -= p->waits;
    p->waits = false;
}

static void take_out(struct sally_outer *o, struct pending *p)
{
    wait_no_more(o, p);
    if (p->previous == NULL)
        o->first = p->next;
    else
        p->previous->next = p->next;
    if (p->next == NULL)
        o->last = p->previous;
    else
        p->next->previous = p->previous;
    sally_hashmap_remove(&o->by_ticket, &p->by_ticket);
    sensor_of(o, p)->pending--;
    sally_pool_give(&o->pool, p);
}

/* An answer that does not come is asked for again under the same key, which
 * stores nothing twice. False: the bus has no room, or nobody is there.     */
static bool offer(struct sally_outer *o, struct pending *p, sally_usec now)
{
    if (!o->host->to_inner(o->owner, &p->message))
        return false;
    p->message.as.readings.first = 0;
    wait_no_more(o, p);
    p->due = sally_after(now, ASK_AGAIN);
    return true;
}

/* In order: what came first is offered first, and a refusal ends the round. */
static void offer_due(struct sally_outer *o, sally_usec now)
{
    o->held = false;
    for (struct pending *p = o->first; p != NULL && !o->held; p = p->next)
        if (p->due <= now)
            o->held = !offer(o, p, now);
}

static void foreign(struct sally_outer *o, uint32_t sensor,
                    struct sally_span topic)
{
    char text[128];

    o->sensors[sensor].unmapped++;
    if (!sally_span_text(sally_span_sub(topic, 0, sizeof(text) - 1), text,
                         sizeof(text)))
        text[0] = '\0';
    sally_log(SALLY_LOG_WARNING, "topic_foreign",
              SALLY_TEXT("sensor", o->config->sensors[sensor].id),
              SALLY_TEXT("topic", text));
}

/* What a message without any usable value came to. */
static enum sally_err verdict(struct sally_outer *o, uint32_t sensor,
                              const struct sally_mapping_result *r)
{
    if (r->refused == 0 && r->why == SALLY_E_OK)
        return SALLY_E_OK;
    sally_log(SALLY_LOG_WARNING, "payload_refused",
              SALLY_TEXT("sensor", o->config->sensors[sensor].id),
              SALLY_TEXT("why", sally_err_text(r->why)));
    return r->why == SALLY_E_OK ? SALLY_E_MALFORMED : r->why;
}

static void seen(struct sally_outer *o, uint32_t sensor,
                 const struct sally_mapping_result *r, sally_usec now)
{
    struct sally_outer_sensor *s = &o->sensors[sensor];

    s->messages++;
    s->refused += r->refused;
    s->last_seen = o->host->utc(o->owner);
    /* That it is still there is news, too: it is not silent. */
    if (r->tells_liveness && (r->online || s->online))
        sally_outer_liveness(o, sensor, r->online, s->method,
                             SALLY_ASSURANCE_NONE, now);
}

/* Rising keys lie side by side in the store's index. */
static void make_key(struct sally_outer *o, uint8_t key[SALLY_INGEST_KEY])
{
    struct sally_buf out = { key, 0, SALLY_INGEST_KEY };
    struct sally_writer w = sally_writer_into(&out);

    sally_put_u64(&w, o->nonce);
    sally_put_u64(&w, ++o->keys);
}

enum sally_err sally_outer_message(struct sally_outer *o, uint32_t sensor,
                                   const uint8_t key[SALLY_INGEST_KEY],
                                   struct sally_span topic,
                                   struct sally_span payload,
                                   sally_outer_told *told, void *subject,
                                   uint64_t number, bool *nothing,
                                   sally_usec now)
{
    struct sally_mapping_result result = { .matched = false };
    struct pending *p = o->sensors[sensor].pending < SALLY_PENDING_SENSOR
                            ? sally_pool_take(&o->pool)
                            : NULL;
    struct sally_bus_readings *r;

    *nothing = false;
    if (p == NULL)
        return SALLY_E_NO_ROOM;
    sally_bus_begin(&p->message, SALLY_BUS_READINGS);
    r = &p->message.as.readings;
    sally_mapping_apply(o->mapping, sensor, topic, payload, r, &result);
    if (result.matched)
        seen(o, sensor, &result, now);
    if (!result.matched || r->count == 0) {
        sally_pool_give(&o->pool, p);
        if (!result.matched) {
            foreign(o, sensor, topic);
            return SALLY_E_NOT_ALLOWED;
        }
        *nothing = true;
        return verdict(o, sensor, &result);
    }
    r->ticket = ++o->ticket;
    r->sensor = sensor;
    r->born = o->config->sensors[sensor].born;
    r->time = o->host->utc(o->owner);
    r->first = key == NULL;
    if (key == NULL)
        make_key(o, r->key);
    else
        memcpy(r->key, key, sizeof(r->key));
    p->told = told;
    p->subject = subject;
    p->number = number;
    p->due = 0;
    p->waits = false;
    o->sensors[sensor].pending++;
    append(o, p);
    if (o->sensors[sensor].waiting != 0)
        let_wait(o, p);
    else if (!o->held)
        o->held = !offer(o, p, now);
    return SALLY_E_OK;
}

void sally_outer_forget(struct sally_outer *o, uint32_t sensor,
                        const void *subject)
{
    size_t left = sensor < o->config->sensor_count ? o->sensors[sensor].pending
                                                   : 0;

    for (struct pending *p = o->first; p != NULL && left > 0; p = p->next) {
        if (p->message.as.readings.sensor != sensor)
            continue;
        left--;
        if (p->subject == subject)
            p->told = NULL;
    }
}

void sally_outer_accepted(struct sally_outer *o,
                          const struct sally_bus_accepted *a, sally_usec now)
{
    struct sally_span key = { (const uint8_t *)&a->ticket, sizeof(a->ticket) };
    struct sally_hashmap_node *n = sally_hashmap_find(&o->by_ticket, key);
    sally_outer_told *told;
    struct pending *p;
    void *subject;
    uint64_t number;

    if (n == NULL)
        return;
    p = SALLY_OWNER(n, struct pending, by_ticket);
    told = p->told;
    subject = p->subject;
    number = p->number;
    p->told = NULL; /* so that nobody forgets it while it is told */
    if (told != NULL &&
        told(subject, number, (enum sally_accepted)a->result, now)) {
        p->told = told;
        sensor_of(o, p)->again = sally_after(now, OFFER_AGAIN);
        let_wait(o, p);
        return;
    }
    take_out(o, p);
}

/* All that is known of the sensor, or with level NONE only whether it is there.
 * What finds no room is told later, as it is by then.                       */
static void tell(struct sally_outer *o, uint32_t sensor,
                 enum sally_assurance level)
{
    struct sally_outer_sensor *s = &o->sensors[sensor];
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_LIVENESS);
    m.as.liveness.sensor = sensor;
    m.as.liveness.born = o->config->sensors[sensor].born;
    m.as.liveness.online = s->online;
    m.as.liveness.method = (uint8_t)s->method;
    m.as.liveness.level = (uint8_t)level;
    m.as.liveness.time = s->last_proof;
    s->untold = !o->host->to_inner(o->owner, &m);
    o->some_untold = o->some_untold || s->untold;
}

/* To an inner door that is new: every sensor that ever was there. To one that
 * had no room: those that it missed.                                        */
static void tell_all(struct sally_outer *o, bool again)
{
    if (!again && !o->some_untold)
        return;
    o->some_untold = false;
    for (uint32_t i = 0; i < o->config->sensor_count; i++) {
        const struct sally_outer_sensor *s = &o->sensors[i];

        if (s->untold || (again && (s->online || s->authenticated)))
            tell(o, i, s->authenticated ? s->level : SALLY_ASSURANCE_NONE);
    }
}

void sally_outer_resume(struct sally_outer *o, bool again, sally_usec now)
{
    for (struct pending *p = o->first; again && p != NULL; p = p->next)
        p->due = 0;
    tell_all(o, again);
    offer_due(o, now);
}

void sally_outer_liveness(struct sally_outer *o, uint32_t sensor, bool online,
                          enum sally_auth_method method,
                          enum sally_assurance level, sally_usec now)
{
    struct sally_outer_sensor *s = &o->sensors[sensor];

    (void)now;
    if (s->online != online)
        sally_log(SALLY_LOG_INFO, online ? "sensor_online" : "sensor_offline",
                  SALLY_TEXT("sensor", o->config->sensors[sensor].id));
    s->online = online;
    if (level != SALLY_ASSURANCE_NONE) {
        s->authenticated = true;
        s->method = method;
        s->level = level;
        s->last_proof = o->host->utc(o->owner);
    }
    tell(o, sensor, level);
}

/* --- Commands down ------------------------------------------------------- */

void sally_outer_outcome(struct sally_outer *o, uint32_t command,
                         enum sally_outcome result, sally_usec now)
{
    struct sally_bus_message m;

    (void)now;
    sally_bus_begin(&m, SALLY_BUS_OUTCOME);
    m.as.outcome.command = command;
    m.as.outcome.result = (uint8_t)result;
    (void)o->host->to_inner(o->owner, &m); /* lost: the inner door gave up */
}

static enum sally_err carry(struct sally_outer *o,
                            const struct sally_outer_command *c,
                            sally_usec now)
{
    enum sally_err e = SALLY_E_NOT_FOUND;

    for (size_t i = 0; i < o->carrier_count && e == SALLY_E_NOT_FOUND; i++)
        e = o->carriers[i].carry(o->carriers[i].carrier, c, now);
    return e;
}

void sally_outer_command(struct sally_outer *o,
                         const struct sally_bus_command *c, sally_usec now)
{
    uint8_t topic[TOPIC_MAX], payload[PAYLOAD_MAX];
    struct sally_buf t = SALLY_BUF(topic), p = SALLY_BUF(payload);
    struct sally_outer_command out = { .command = c->command,
                                       .sensor = c->sensor,
                                       .execute = c->execute };
    const struct sally_config_profile *profile;

    if (c->sensor >= o->config->sensor_count ||
        o->config->sensors[c->sensor].born != c->born) {
        sally_outer_outcome(o, c->command, SALLY_OUTCOME_OFFLINE, now);
        return;
    }
    profile =
        &o->config->profiles[o->config->sensors[c->sensor].profile];
    if (c->down >= profile->down_count ||
        sally_mapping_render(o->mapping, c, &t, &p) != SALLY_E_OK) {
        sally_outer_outcome(o, c->command, SALLY_OUTCOME_INVALID, now);
        return;
    }
    out.topic = sally_buf_span(&t);
    out.payload = sally_buf_span(&p);
    out.retain = profile->down[c->down].retain;
    out.deadline = sally_after(now, c->timeout_ms * SALLY_MSEC);
    if (carry(o, &out, now) != SALLY_E_OK)
        sally_outer_outcome(o, c->command, SALLY_OUTCOME_OFFLINE, now);
}

/* --- Console ------------------------------------------------------------- */

static void fill_row(struct sally_bus_row *row,
                     const struct sally_outer_sensor *s)
{
    row->online = s->online;
    row->authenticated = s->authenticated;
    row->level = (uint8_t)s->level;
    row->method = (uint8_t)s->method;
    row->messages = s->messages;
    row->unmapped = s->unmapped;
    row->refused = s->refused;
    row->last_seen = s->last_seen;
    row->last_proof = s->last_proof;
}

bool sally_outer_query(struct sally_outer *o, const struct sally_bus_query *q,
                       struct sally_bus_place *at, sally_bus_say *say,
                       void *owner)
{
    bool all = q->sensor == UINT32_MAX;
    struct sally_bus_message m;

    if (!all && at->sensor == 0)
        at->sensor = q->sensor;
    for (; q->what != SALLY_QUERY_VALUES &&
           at->sensor < o->config->sensor_count &&
           (all || at->sensor == q->sensor);
         at->sensor++) {
        sally_bus_begin(&m, SALLY_BUS_ROW);
        m.as.row.ticket = q->ticket;
        m.as.row.sensor = at->sensor;
        fill_row(&m.as.row, &o->sensors[at->sensor]);
        if (!say(owner, &m))
            return false;
    }
    sally_bus_begin(&m, SALLY_BUS_ROW);
    m.as.row.ticket = q->ticket;
    m.as.row.last = true;
    m.as.row.empty = true;
    return say(owner, &m);
}
