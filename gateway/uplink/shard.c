/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/shard.c - the inner door's sensors and clients, and the ways
 * between bus, store and servers.                                           */
#include "uplink/shard.h"

#include "log/log.h"
#include "lwm2m/objects/builtin.h"
#include "uplink/admission.h"
#include "uplink/downlink.h"
#include "uplink/sensor_objects.h"

#include <stdlib.h>

struct sally_shard {
    const struct sally_config *config;
    struct sally_store *store;
    const struct sally_shard_host *host;
    void *owner;
    struct sally_uplink_sensor *sensors; /* config->sensor_count */
    struct sally_virtual_client *clients;
    uint32_t client_count;
    struct sally_pacer *pacers; /* config->server_count */
    struct sally_downlink *downlink;
    struct sally_silence *silence;
    bool stopping;
};

/* --- Building ------------------------------------------------------------ */

static size_t count_accounts(const struct sally_config *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->sensor_count; i++)
        n += c->sensors[i].account_count;
    return n;
}

static void build_client(struct sally_shard *s, struct sally_uplink_sensor *u,
                         uint32_t account,
                         const struct sally_lwm2m_shared *shared)
{
    struct sally_virtual_client *v = &s->clients[s->client_count];

    v->shard = s;
    v->sensor = u;
    v->account = &u->config->accounts[account];
    v->server = &s->config->servers[v->account->server];
    v->index = account;
    v->number = s->client_count++;
    if (v->account->mode == SALLY_MODE_NOSEC)
        sally_credential_nosec(&v->credential);
    sally_virtual_client_init(v, shared);
}

static void restore_value(void *owner, const struct sally_lwm2m_record *r)
{
    struct sally_uplink_sensor *u = owner;

    if (r->time > u->last_time)
        u->last_time = r->time; /* times rise, over restarts too */
    /* The profile may have changed since: what does not fit is left out. */
    if (sally_resources_set(&u->resources, &r->path, &r->value, r->time) !=
        SALLY_E_OK)
        return;
}

static enum sally_err build_sensor(struct sally_shard *s, uint32_t i,
                                   const struct sally_lwm2m_shared *shared)
{
    struct sally_uplink_sensor *u = &s->sensors[i];
    enum sally_err e;

    u->index = i;
    u->config = &s->config->sensors[i];
    u->profile = &s->config->profiles[u->config->profile];
    u->clients = &s->clients[s->client_count];
    e = sally_sensor_objects(&u->resources, s->config, u->config);
    if (e != SALLY_E_OK)
        return e;
    sally_store_latest(s->store, i, restore_value, u);
    for (uint32_t k = 0; k < u->config->account_count; k++)
        build_client(s, u, k, shared);
    return SALLY_E_OK;
}

static enum sally_err build(struct sally_shard *s,
                            const struct sally_lwm2m_shared *shared)
{
    const struct sally_random *random = &shared->coap->random;
    enum sally_err e = sally_downlink_create(
        &s->downlink, s, (uint32_t)(sally_random_u64(random) >> 33));

    if (e == SALLY_E_OK)
        e = sally_silence_create(&s->silence, s, s->config->sensor_count);
    for (uint32_t i = 0; i < s->config->sensor_count && e == SALLY_E_OK; i++)
        e = build_sensor(s, i, shared);
    for (size_t i = 0; i < s->config->server_count; i++)
        sally_pacer_init(&s->pacers[i], s->config->servers[i].pace_per_second,
                         *random);
    return e;
}

enum sally_err sally_shard_create(struct sally_shard **out,
                                  const struct sally_config *config,
                                  struct sally_store *store,
                                  const struct sally_lwm2m_shared *shared,
                                  const struct sally_shard_host *host,
                                  void *owner)
{
    struct sally_shard *s = calloc(1, sizeof(*s));
    enum sally_err e = SALLY_E_NO_MEMORY;

    if (s == NULL)
        return e;
    s->config = config;
    s->store = store;
    s->host = host;
    s->owner = owner;
    s->sensors = calloc(config->sensor_count + 1, sizeof(*s->sensors));
    s->clients = calloc(count_accounts(config) + 1, sizeof(*s->clients));
    s->pacers = calloc(config->server_count + 1, sizeof(*s->pacers));
    if (s->sensors != NULL && s->clients != NULL && s->pacers != NULL)
        e = build(s, shared);
    if (e != SALLY_E_OK) {
        sally_shard_wipe(s);
        return e;
    }
    *out = s;
    return SALLY_E_OK;
}

void sally_shard_wipe(struct sally_shard *s)
{
    if (s == NULL)
        return;
    for (uint32_t i = 0; i < s->client_count; i++) {
        sally_lwm2m_client_wipe(&s->clients[i].client);
        sally_credential_wipe(&s->clients[i].credential);
    }
    for (size_t i = 0; s->sensors != NULL && i < s->config->sensor_count; i++)
        sally_resources_wipe(&s->sensors[i].resources);
    sally_downlink_wipe(s->downlink);
    sally_silence_wipe(s->silence);
    free(s->sensors);
    free(s->clients);
    free(s->pacers);
    free(s);
}

enum sally_err sally_shard_key(struct sally_shard *s, uint32_t sensor,
                               uint32_t account, struct sally_span key)
{
    struct sally_virtual_client *v;

    if (sensor >= s->config->sensor_count ||
        account >= s->sensors[sensor].config->account_count)
        return SALLY_E_OUT_OF_RANGE;
    v = &s->sensors[sensor].clients[account];
    return sally_credential_psk(&v->credential,
                                sally_span_of(v->account->identity), key);
}

/* --- The clients' side --------------------------------------------------- */

uint32_t sally_shard_sensors(const struct sally_shard *s)
{
    return (uint32_t)s->config->sensor_count;
}

struct sally_virtual_client *sally_shard_client(struct sally_shard *s,
                                                uint32_t client)
{
    return &s->clients[client];
}

struct sally_uplink_sensor *sally_shard_sensor(struct sally_shard *s,
                                               uint32_t sensor)
{
    return &s->sensors[sensor];
}

struct sally_store *sally_shard_store(struct sally_shard *s)
{
    return s->store;
}

struct sally_downlink *sally_shard_downlink(struct sally_shard *s)
{
    return s->downlink;
}

sally_msec_utc sally_shard_utc(struct sally_shard *s)
{
    return s->host->utc(s->owner);
}

bool sally_shard_to_outer(struct sally_shard *s, struct sally_bus_message *m)
{
    return s->host->to_outer(s->owner, m);
}

void sally_shard_deliver_later(struct sally_shard *s,
                               struct sally_virtual_client *v)
{
    s->host->deliver_later(s->owner, v->number);
}

void sally_shard_rebind(struct sally_shard *s, struct sally_virtual_client *v)
{
    s->host->rebind(s->owner, v->number);
}

void sally_shard_pump(struct sally_shard *s, struct sally_virtual_client *v,
                      sally_usec now)
{
    struct sally_span wire;

    while ((wire = sally_lwm2m_client_output(&v->client, now)).len != 0)
        s->host->send(s->owner, v->number, wire);
    s->host->arm(s->owner, v->number,
                 sally_earlier(sally_lwm2m_client_deadline(&v->client),
                               v->retry));
}

void sally_shard_arm(struct sally_shard *s)
{
    sally_usec when = sally_earlier(sally_downlink_deadline(s->downlink),
                                    sally_silence_deadline(s->silence));

    for (size_t i = 0; i < s->config->server_count; i++)
        when = sally_earlier(when, sally_pacer_deadline(&s->pacers[i]));
    s->host->arm_pacer(s->owner, when);
}

/* Clients that take commands go first: somebody may be waiting to switch. */
void sally_shard_wants(struct sally_shard *s, struct sally_virtual_client *v)
{
    sally_pacer_want(&s->pacers[v->account->server], &v->seat,
                     v->sensor->profile->down_count != 0);
    sally_shard_arm(s);
}

void sally_shard_pace(struct sally_shard *s, sally_usec now)
{
    for (size_t i = 0; i < s->config->server_count; i++) {
        struct sally_pacer_seat *seat = sally_pacer_take(&s->pacers[i], now);
        struct sally_virtual_client *v;

        if (seat == NULL)
            continue;
        v = SALLY_OWNER(seat, struct sally_virtual_client, seat);
        sally_lwm2m_client_connect(&v->client, now);
        sally_shard_pump(s, v, now);
    }
    sally_downlink_expire(s->downlink, now);
    sally_silence_expire(s->silence, now);
    sally_shard_arm(s);
}

void sally_shard_start(struct sally_shard *s, sally_usec now)
{
    sally_downlink_start(s->downlink);
    for (uint32_t i = 0; i < s->config->sensor_count; i++)
        sally_silence_add(s->silence, &s->sensors[i], now);
    sally_shard_arm(s);
    for (uint32_t i = 0; i < s->client_count; i++) {
        sally_lwm2m_client_start(&s->clients[i].client, now);
        sally_shard_pump(s, &s->clients[i], now);
    }
}

/* Called for each client that stops, and tells the host when it was the last
 * one.                                                                      */
void sally_shard_stopped(struct sally_shard *s)
{
    if (!s->stopping)
        return;
    for (uint32_t i = 0; i < s->client_count; i++)
        if (sally_lwm2m_client_state(&s->clients[i].client) !=
            SALLY_CLIENT_STOPPED)
            return;
    s->stopping = false;
    s->host->stopped(s->owner);
}

void sally_shard_stop(struct sally_shard *s, sally_usec now)
{
    s->stopping = true;
    for (uint32_t i = 0; i < s->config->sensor_count; i++)
        sally_silence_remove(s->silence, &s->sensors[i]);
    for (uint32_t i = 0; i < s->client_count; i++) {
        sally_lwm2m_client_stop(&s->clients[i].client, now);
        sally_shard_pump(s, &s->clients[i], now);
    }
    sally_shard_stopped(s);
}

void sally_shard_input(struct sally_shard *s, uint32_t client,
                       struct sally_span datagram, sally_usec now)
{
    sally_lwm2m_client_input(&s->clients[client].client, datagram, now);
    sally_shard_pump(s, &s->clients[client], now);
}

void sally_shard_expire(struct sally_shard *s, uint32_t client, sally_usec now)
{
    struct sally_virtual_client *v = &s->clients[client];

    sally_lwm2m_client_expire(&v->client, now);
    if (v->retry <= now)
        sally_virtual_client_deliver(v, now);
    sally_shard_pump(s, v, now);
}

void sally_shard_deliver(struct sally_shard *s, uint32_t client,
                         sally_usec now)
{
    sally_silence_resume(&s->clients[client], now);
    sally_virtual_client_deliver(&s->clients[client], now);
    sally_shard_pump(s, &s->clients[client], now);
}

/* --- The sensors' side --------------------------------------------------- */

/* `stored`: the record is on its way through the store, too, and those who
 * get what is stored by notification must not get it twice.                 */
static void set(struct sally_shard *s, uint32_t sensor,
                const struct sally_lwm2m_record *r, bool stored, sally_usec now)
{
    struct sally_uplink_sensor *u = &s->sensors[sensor];

    if (sally_resources_set(&u->resources, &r->path, &r->value, r->time) !=
        SALLY_E_OK)
        return; /* admission saw it fit; a command's text may not */
    for (uint32_t i = 0; i < u->config->account_count; i++) {
        struct sally_virtual_client *v = &u->clients[i];
        bool history =
            stored && !sally_virtual_client_latest(v) &&
            sally_lwm2m_client_way(&v->client) == SALLY_REPORT_NOTIFY;

        sally_lwm2m_client_changed(&v->client, &r->path, history, now);
        sally_shard_pump(s, v, now);
    }
}

void sally_shard_set(struct sally_shard *s, uint32_t sensor,
                     const struct sally_lwm2m_record *r, sally_usec now)
{
    set(s, sensor, r, false, now);
}

static void accept(struct sally_shard *s, uint32_t ticket,
                   enum sally_accepted result)
{
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_ACCEPTED);
    m.as.accepted.ticket = ticket;
    m.as.accepted.result = (uint8_t)result;
    (void)sally_shard_to_outer(s, &m); /* if lost, the outer door asks again */
}

/* The sensor keeps what found no place and comes again; somebody has to make
 * room.                                                                     */
static void turn_back(struct sally_shard *s, const struct sally_bus_readings *r,
                      enum sally_accepted result)
{
    sally_log(SALLY_LOG_ERROR, "reading_not_stored",
              SALLY_TEXT("sensor", s->config->sensors[r->sensor].id),
              SALLY_TEXT("why", result == SALLY_ACCEPTED_FULL
                                    ? "no room"
                                    : "the database could not be written"));
    accept(s, r->ticket, result);
}

void sally_shard_readings(struct sally_shard *s,
                          const struct sally_bus_readings *r, sally_usec now)
{
    struct sally_uplink_sensor *u = NULL;
    struct sally_bus_readings checked;
    sally_msec_utc utc = sally_shard_utc(s);
    enum sally_err e = SALLY_E_OUT_OF_RANGE;

    if (r->sensor < s->config->sensor_count) {
        u = &s->sensors[r->sensor];
        e = sally_admission_check(&s->config->registry, u, r, now, &checked);
        if (e != SALLY_E_OK)
            u->refused++;
    }
    if (e == SALLY_E_NO_ROOM) {
        accept(s, r->ticket, SALLY_ACCEPTED_FULL);
        return;
    }
    if (e != SALLY_E_OK) {
        sally_log(SALLY_LOG_ERROR, "reading_not_admitted",
                  SALLY_NUMBER("sensor_index", r->sensor),
                  SALLY_TEXT("why", sally_err_text(e)));
        accept(s, r->ticket, SALLY_ACCEPTED_REFUSED);
        return;
    }
    /* Nothing is from the future, whatever the outer door says. Servers take
     * two values of one resource with one time for one.                     */
    if (checked.time > utc)
        checked.time = utc;
    if (checked.time <= u->last_time)
        checked.time = u->last_time + 1;
    u->last_time = checked.time;
    if (sally_store_append(s->store, &checked, utc) != SALLY_E_OK)
        turn_back(s, &checked, SALLY_ACCEPTED_FULL);
}

struct stored_context {
    struct sally_shard *shard;
    sally_usec now;
};

/* Durable: the sensor may be told, the resources follow, delivery begins. */
static void on_stored(void *owner, const struct sally_bus_readings *r,
                      enum sally_accepted result, bool duplicate)
{
    struct stored_context *x = owner;
    struct sally_uplink_sensor *u = &x->shard->sensors[r->sensor];

    if (result != SALLY_ACCEPTED_STORED) {
        turn_back(x->shard, r, result);
        return;
    }
    accept(x->shard, r->ticket, result);
    sally_silence_spoke(x->shard->silence, u, x->now);
    if (duplicate)
        return;
    u->accepted++;
    for (size_t i = 0; i < r->count; i++) {
        struct sally_lwm2m_record record;

        sally_bus_value(&r->value[i], r->bytes, &record);
        record.time = r->time;
        set(x->shard, r->sensor, &record, true, x->now);
    }
    for (uint32_t i = 0; i < u->config->account_count; i++)
        sally_shard_deliver_later(x->shard, &u->clients[i]);
}

static void on_parked(void *owner, uint32_t command, enum sally_err e)
{
    struct stored_context *x = owner;

    sally_downlink_parked(x->shard->downlink, command, e, x->now);
}

void sally_shard_stored(struct sally_shard *s, sally_usec now)
{
    struct stored_context x = { s, now };
    const struct sally_store_upcalls upcalls = { on_stored, on_parked, &x };

    sally_store_finished(s->store, &upcalls);
}

static void set_provenance(struct sally_shard *s,
                           const struct sally_bus_liveness *l, sally_usec now)
{
    struct sally_lwm2m_record rows[] = {
        { .path = sally_path_resource(SALLY_OBJECT_PROVENANCE, 0,
                                      SALLY_PROVENANCE_METHOD),
          .value = sally_value_string(sally_auth_method_name(
              (enum sally_auth_method)l->method)) },
        { .path = sally_path_resource(SALLY_OBJECT_PROVENANCE, 0,
                                      SALLY_PROVENANCE_LEVEL),
          .value = sally_value_string(
              sally_assurance_name((enum sally_assurance)l->level)) },
        { .path = sally_path_resource(SALLY_OBJECT_PROVENANCE, 0,
                                      SALLY_PROVENANCE_LAST_PROOF),
          .value = { .type = SALLY_TYPE_TIME,
                     .is.integer = l->time / 1000 } },
    };

    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        sally_shard_set(s, l->sensor, &rows[i], now);
}

void sally_shard_liveness(struct sally_shard *s,
                          const struct sally_bus_liveness *l, sally_usec now)
{
    if (l->sensor >= s->config->sensor_count)
        return;
    if (l->level != SALLY_ASSURANCE_NONE)
        set_provenance(s, l, now);
    if (!l->online)
        return;
    sally_silence_spoke(s->silence, &s->sensors[l->sensor], now);
    sally_downlink_online(s->downlink, l->sensor, now);
}

void sally_shard_outcome(struct sally_shard *s,
                         const struct sally_bus_outcome *o, sally_usec now)
{
    sally_downlink_outcome(s->downlink, o->command,
                           (enum sally_outcome)o->result, now);
}

void sally_shard_orphaned(struct sally_shard *s, sally_usec now)
{
    sally_downlink_orphaned(s->downlink, now);
}
