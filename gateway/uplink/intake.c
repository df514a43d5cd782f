/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/intake.c - from the outer door: readings through the check to
 * the store, and to the resources when they are durable; signs of life.     */
#include "base/text.h"
#include "log/log.h"
#include "lwm2m/objects/builtin.h"
#include "uplink/accounts.h"
#include "uplink/admission.h"
#include "uplink/bootstrapper.h"
#include "uplink/downlink.h"
#include "uplink/shard_parts.h"

#include <stdio.h>

void sally_shard_set(struct sally_uplink_sensor *u,
                     const struct sally_lwm2m_record *r, bool stored,
                     sally_usec now)
{
    if (sally_resources_set(&u->resources, &r->path, &r->value, r->time) !=
        SALLY_E_OK)
        return; /* admission saw it fit; a command's text may not */
    for (uint32_t i = 0; i < u->config->account_count; i++) {
        struct sally_virtual_client *v = &u->clients[i];
        bool history =
            stored && !sally_virtual_client_latest(v) &&
            sally_lwm2m_client_way(&v->client) == SALLY_REPORT_NOTIFY;

        sally_lwm2m_client_changed(&v->client, &r->path, history, now);
        sally_shard_pump(v, now);
    }
}

/* Number and hash as an event journal_head of the log has them, so that
 * sallyportctl journal --verify takes them.                                 */
void sally_shard_noted(struct sally_shard *s, const struct sally_note *last,
                       sally_usec now)
{
    char hash[2 * SALLY_SHA256_LEN + 1], text[SALLY_LOG_ROOM];
    struct sally_lwm2m_record r = {
        .path = sally_path_resource(SALLY_OBJECT_LOG, 0, SALLY_LOG_DATA)
    };

    sally_text_to_hex((struct sally_span){ last->hash, sizeof(last->hash) },
                      hash, sizeof(hash));
    (void)snprintf(text, sizeof(text), "%llu:%s",
                   (unsigned long long)last->number, hash);
    r.value = sally_value_opaque(sally_span_of(text));
    for (uint32_t i = 0; i < s->capacity; i++)
        if (s->sensors[i] != NULL && s->sensors[i]->config->event_log)
            sally_shard_set(s->sensors[i], &r, false, now);
}

static void accept(struct sally_shard *s, uint32_t ticket,
                   enum sally_accepted result)
{
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_ACCEPTED);
    m.as.accepted.ticket = ticket;
    m.as.accepted.result = (uint8_t)result;
    /* If it is lost, the outer door asks again. */
    (void)s->host->to_outer(s->owner, &m);
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
                                    : sally_store_failure(s->store)));
    accept(s, r->ticket, result);
}

void sally_shard_tell_blocked(struct sally_uplink_sensor *u)
{
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_BLOCKED);
    m.as.blocked = (struct sally_bus_blocked){ u->index, u->config->born,
                                               u->blocked };
    /* If it is lost, what the sensor says is refused here, and it comes again.
     */
    (void)u->shard->host->to_outer(u->shard->owner, &m);
}

void sally_shard_judge(struct sally_uplink_sensor *u)
{
    bool blocked = sally_account_living(u) == 0 &&
                   (u->bootstrapper == NULL ||
                    !sally_bootstrapper_may_give(u->bootstrapper));

    if (blocked == u->blocked)
        return;
    u->blocked = blocked;
    sally_log(SALLY_LOG_WARNING,
              blocked ? "sensor_blocked" : "sensor_unblocked",
              SALLY_TEXT("sensor", u->config->id),
              SALLY_TEXT("endpoint", u->config->endpoint));
    sally_shard_tell_blocked(u);
}

/* The sensor that the other door means; NULL: we do not have it yet, or not
 * any more.                                                                 */
static struct sally_uplink_sensor *find(struct sally_shard *s, uint32_t sensor,
                                        uint32_t born)
{
    struct sally_uplink_sensor *u = sally_shard_sensor(s, sensor);

    return u != NULL && u->config->born == born ? u : NULL;
}

void sally_shard_readings(struct sally_shard *s,
                          const struct sally_bus_readings *r, sally_usec now)
{
    struct sally_uplink_sensor *u = find(s, r->sensor, r->born);
    struct sally_bus_readings checked;
    enum sally_err e;

    if (u == NULL) { /* it comes again, or is forgotten over there */
        accept(s, r->ticket, SALLY_ACCEPTED_FULL);
        return;
    }
    if (u->blocked) {
        sally_shard_tell_blocked(u);
        accept(s, r->ticket, SALLY_ACCEPTED_REFUSED);
        return;
    }
    e = sally_admission_check(&s->config->registry, u, r, now, &checked);
    if (e != SALLY_E_OK)
        u->refused++;
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
    sally_times_give(s, u, &checked, now);
    if (sally_store_append(s->store, &checked) != SALLY_E_OK)
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
    struct sally_uplink_sensor *u = sally_shard_sensor(x->shard, r->sensor);

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
        sally_shard_set(u, &record, true, x->now);
    }
    for (uint32_t i = 0; i < u->config->account_count; i++)
        x->shard->host->deliver_later(u->clients[i].seat);
}

static void on_parked(void *owner, uint32_t command, enum sally_err e)
{
    struct stored_context *x = owner;

    sally_downlink_parked(x->shard->downlink, command, e, x->now);
}

static void book_kept(struct sally_shard *s,
                      const struct sally_store_receipt *r, enum sally_err e,
                      sally_usec now)
{
    struct sally_uplink_sensor *u = sally_shard_sensor(s, r->sensor);

    s->now = now;
    if (u != NULL && u->bootstrapper != NULL)
        sally_bootstrapper_kept(u->bootstrapper, r, e, now);
}

static bool is_order(const struct sally_store_receipt *r)
{
    return (r->what == SALLY_KEPT_BOOK || r->what == SALLY_KEPT_TOMB ||
            r->what == SALLY_KEPT_DUE) &&
           r->ticket == SALLY_ORDER_TICKET;
}

static void on_kept(void *owner, const struct sally_store_receipt *r,
                    enum sally_err e)
{
    struct stored_context *x = owner;

    sally_keeper_kept(x->shard->keeper, r, e, x->now);
    sally_sequences_kept(x->shard->sequences, r, e, x->now);
    if (is_order(r)) {
        x->shard->orders--;
        x->shard->orders_lost |= e != SALLY_E_OK;
    } else if (r->what == SALLY_KEPT_BOOK)
        book_kept(x->shard, r, e, x->now);
}

void sally_shard_stored(struct sally_shard *s, sally_usec now)
{
    struct stored_context x = { s, now };
    const struct sally_store_upcalls upcalls = { .on_stored = on_stored,
                                                 .on_parked = on_parked,
                                                 .on_kept = on_kept,
                                                 .owner = &x };

    sally_store_finished(s->store, &upcalls);
}

enum sally_err sally_shard_rearrange_store(struct sally_shard *s,
                                           sally_usec now)
{
    struct stored_context x = { s, now };
    const struct sally_store_upcalls upcalls = { .on_stored = on_stored,
                                                 .on_parked = on_parked,
                                                 .on_kept = on_kept,
                                                 .owner = &x };

    return sally_store_rearrange(s->store, &s->roster.limits,
                                 s->roster.sensors, s->roster.count, &upcalls);
}

static void set_provenance(struct sally_uplink_sensor *u,
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
        sally_shard_set(u, &rows[i], false, now);
}

void sally_shard_liveness(struct sally_shard *s,
                          const struct sally_bus_liveness *l, sally_usec now)
{
    struct sally_uplink_sensor *u = find(s, l->sensor, l->born);

    if (u == NULL)
        return;
    if (l->level != SALLY_ASSURANCE_NONE)
        set_provenance(u, l, now);
    if (!l->online)
        return;
    sally_silence_spoke(s->silence, u, now);
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

void sally_shard_introduce(struct sally_shard *s)
{
    for (uint32_t i = 0; i < s->capacity; i++)
        if (s->sensors[i] != NULL && s->sensors[i]->blocked)
            sally_shard_tell_blocked(s->sensors[i]);
}
