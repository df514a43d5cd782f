/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/virtual_client.c - delivery of one account, and the upcalls
 * of its LwM2M client.                                                      */
#include "uplink/virtual_client.h"

#include "log/log.h"
#include "lwm2m/access.h"
#include "uplink/accounts.h"
#include "uplink/bootstrapper.h"
#include "uplink/downlink.h"
#include "uplink/route.h"
#include "uplink/shard_parts.h"

#include <string.h>

#define RETRY (5 * SALLY_SEC) /* after a server that is busy */
#define REFUSALS_MAX 3
#define TRIES 7 /* one more than /1/x/17 has: all of a sequence */
#define KEEPALIVE_LIFETIME 240u /* seconds */
#define KEEPALIVE_UPDATE (90 * SALLY_SEC) /* below common NAT timeouts */
#define QUEUE_LIFETIME 86400u

/* A batch is cut so that it fits one datagram in most cases: an encoded record
 * takes some 25 bytes and its text.                                         */
#define BATCH_BYTES 960
#define RECORD_BYTES 28

bool sally_virtual_client_queues(const struct sally_config_server *s,
                                 const struct sally_config_profile *p)
{
    return s->reach == SALLY_REACH_QUEUE ||
           (s->reach == SALLY_REACH_AUTO && p->down_count == 0);
}

uint32_t sally_virtual_client_lifetime(const struct sally_config_server *s,
                                       const struct sally_config_profile *p)
{
    if (s->lifetime != 0)
        return s->lifetime;
    return sally_virtual_client_queues(s, p) ? QUEUE_LIFETIME
                                             : KEEPALIVE_LIFETIME;
}

/* LwM2M 1.0 has neither Send nor times in what it reports. */
bool sally_virtual_client_latest(const struct sally_virtual_client *v)
{
    return v->server->report == SALLY_REPORT_LATEST || v->client.version == 10;
}

/* --- Delivery ------------------------------------------------------------ */

struct batch {
    struct sally_lwm2m_record records[SALLY_RECORDS_MAX];
    uint8_t text[4 * SALLY_BUS_BYTES]; /* what the records' text points to */
    size_t count, used, size;
    uint64_t upto;
};

static bool is_text(const struct sally_lwm2m_value *v)
{
    return v->type == SALLY_TYPE_STRING || v->type == SALLY_TYPE_OPAQUE ||
           v->type == SALLY_TYPE_CORELNK;
}

/* Copies a record and the text it points to; false if either has no room. */
static bool add_record(struct batch *b, const struct sally_lwm2m_record *r)
{
    size_t len = is_text(&r->value) ? r->value.is.bytes.len : 0;

    if (b->count == SALLY_RECORDS_MAX || len > sizeof(b->text) - b->used)
        return false;
    b->records[b->count] = *r;
    if (len != 0) {
        memcpy(b->text + b->used, r->value.is.bytes.at, len);
        b->records[b->count].value.is.bytes.at = b->text + b->used;
    }
    b->used += len;
    b->count++;
    return true;
}

static size_t size_of(const struct sally_bus_readings *m)
{
    return m->count * (size_t)RECORD_BYTES + m->used;
}

/* A whole message or nothing of it, but what the server may not read. */
static bool add_message(struct batch *b, const struct sally_access *access,
                        const struct sally_bus_readings *m)
{
    const struct batch before = { .count = b->count, .used = b->used };

    if (b->count != 0 && b->size + size_of(m) > BATCH_BYTES)
        return false;
    for (size_t i = 0; i < m->count; i++) {
        struct sally_lwm2m_record r;

        sally_bus_value(&m->value[i], m->bytes, &r);
        r.time = m->time;
        if (!sally_access_allows(access, &r.path, SALLY_MAY_READ))
            continue;
        if (!add_record(b, &r)) {
            b->count = before.count;
            b->used = before.used;
            return false;
        }
    }
    b->size += size_of(m);
    return true;
}

/* Takes messages from the cursor on, as many as go into one batch. NOT_FOUND
 * when there are no more; IO: the store cannot be read now.                 */
static enum sally_err gather(struct sally_virtual_client *v, struct batch *b)
{
    struct sally_store *store = v->shard->store;
    struct sally_bus_readings m;
    uint64_t number;
    enum sally_err e;

    b->count = b->used = b->size = 0;
    b->upto = 0;
    while ((e = sally_store_next(store, v->sensor->index, v->index, b->upto,
                                 &number, &m)) == SALLY_E_OK) {
        if (!add_message(b, v->settings.access, &m))
            break;
        b->upto = number;
        if (v->alone)
            break;
    }
    return e;
}

static void passed(struct sally_virtual_client *v, uint64_t upto)
{
    if (v->sensor->leaving) {
        sally_shard_passed(v, upto);
        return;
    }
    sally_store_delivered(v->shard->store, v->sensor->index, v->index, upto);
}

/* Only the state is owed, and Reads and observations give that: nothing of
 * what was stored needs to be kept for this account.                        */
static void pass_all(struct sally_virtual_client *v)
{
    struct batch b;

    while (gather(v, &b) != SALLY_E_IO && b.upto != 0)
        passed(v, b.upto);
}

/* Nobody gets what is stored for an account that sleeps, but where all of them
 * do: then the first bootstrap says whose it is.                            */
static bool is_waited_for(const struct sally_uplink_sensor *u)
{
    if (u->leaving)
        return true;
    return u->bootstrapper != NULL &&
           !sally_bootstrapper_has_book(u->bootstrapper) &&
           sally_account_living(u) == 0;
}

static enum sally_err offer(struct sally_virtual_client *v,
                            const struct batch *b, enum sally_report_way way,
                            sally_usec now)
{
    v->delivering = true;
    v->history = way == SALLY_REPORT_NOTIFY;
    v->upto = b->upto;
    if (way == SALLY_REPORT_SEND)
        return sally_lwm2m_client_send(&v->client, b->records, b->count, now);
    return sally_lwm2m_client_history(&v->client, b->records, b->count, now);
}

static void give_up(struct sally_virtual_client *v, enum sally_err e)
{
    v->given_up++;
    passed(v, v->upto);
    sally_log(SALLY_LOG_ERROR, "reading_refused",
              SALLY_TEXT("sensor", v->sensor->config->id),
              SALLY_TEXT("server", v->server->name),
              SALLY_TEXT("why", sally_err_text(e)));
}

/* The server will not have it. One message among several is found by offering
 * them singly. One that is refused alone is offered a few times more, with an
 * Update in between, since some servers say 4.00 when they have lost the
 * registration; then it is dropped, or it would hold back all that came after
 * it for ever.                                                              */
static void on_refusal(struct sally_virtual_client *v, enum sally_err e,
                       sally_usec now)
{
    if (v->alone && ++v->refusals >= REFUSALS_MAX) {
        give_up(v, e);
        v->refusals = 0;
    }
    v->alone = true;
    v->retry = sally_after(now, RETRY);
}

void sally_virtual_client_deliver(struct sally_virtual_client *v,
                                  sally_usec now)
{
    enum sally_report_way way = sally_lwm2m_client_way(&v->client);
    struct batch b;
    enum sally_err e;

    if (!v->keyed) {
        if (!is_waited_for(v->sensor))
            pass_all(v);
        return;
    }
    if (v->sensor->leaving || v->delivering ||
        (v->retry != SALLY_NEVER && v->retry > now))
        return;
    v->retry = SALLY_NEVER;
    if (sally_virtual_client_latest(v) &&
        sally_lwm2m_client_send_muted(&v->client)) {
        pass_all(v);
        return;
    }
    if (way == SALLY_REPORT_NONE)
        return;
    e = gather(v, &b);
    while (b.count == 0 && b.upto != 0) { /* nothing that it may read */
        passed(v, b.upto);
        e = gather(v, &b);
    }
    if (b.count == 0) {
        if (e == SALLY_E_IO)
            v->retry = sally_after(now, RETRY);
        return;
    }
    e = offer(v, &b, way, now);
    if (e == SALLY_E_OK)
        return;
    v->delivering = false;
    if (e == SALLY_E_TOO_LARGE || sally_err_class_of(e) == SALLY_ERR_PEER)
        on_refusal(v, e, now);
    v->retry = sally_after(now, e == SALLY_E_BUSY ? SALLY_SEC : RETRY);
}

/* --- Upcalls of the client ----------------------------------------------- */

static void on_wanted(void *owner)
{
    sally_shard_wants(owner);
}

static void on_rebind(void *owner)
{
    struct sally_virtual_client *v = owner;

    v->shard->host->rebind(v->seat); /* sally_route_begin() said where to */
}

static enum sally_log_level level_of(enum sally_client_state s)
{
    if (s == SALLY_CLIENT_WAITING)
        return SALLY_LOG_WARNING;
    return s == SALLY_CLIENT_REGISTERED || s == SALLY_CLIENT_STOPPED ||
                   s == SALLY_CLIENT_DISABLED
               ? SALLY_LOG_INFO
               : SALLY_LOG_DEBUG;
}

/* What a failure looked like, for whoever asks why (console/doctor.c). */
static void note_failure(struct sally_virtual_client *v,
                         enum sally_client_state s, enum sally_err e)
{
    int alert = sally_stack_alert(sally_coap_link_stack(&v->client.link));

    if (e != SALLY_E_OK || s == SALLY_CLIENT_REGISTERED)
        v->last_error = e;
    sally_route_follow(v, s);
    if (e != SALLY_E_OK) {
        v->failed_in = v->state;
        v->failed_heard = v->heard;
        v->last_alert = alert < 0 ? SALLY_BUS_NO_ALERT : (uint8_t)alert;
        v->failed_hint = sally_coap_link_hint(&v->client.link);
    }
    if (s == SALLY_CLIENT_CONNECTING)
        v->heard = false;
    v->state = (uint8_t)s;
}

/* The session failed, by a time-out that is, since an error which OSCORE does
 * not protect means nothing. Who looks for the reason wants to know of it.  */
static void tell_hint(const struct sally_virtual_client *v)
{
    const struct sally_coap_hint hint = v->failed_hint;

    if (hint.code != SALLY_CODE_EMPTY)
        sally_log(SALLY_LOG_WARNING, "oscore_refused",
                  SALLY_TEXT("sensor", v->sensor->config->id),
                  SALLY_TEXT("server", v->server->name),
                  SALLY_TEXT("endpoint", v->settings.endpoint),
                  SALLY_NUMBER("code",
                               100 * (hint.code >> 5) + (hint.code & 31)),
                  SALLY_TEXT("meaning",
                             sally_err_text((enum sally_err)hint.meaning)),
                  SALLY_TEXT("why", "the server, or whoever answered, does not "
                                    "take the messages; sallyportctl doctor "
                                    "tells what to change"));
}

/* Once on the way to the limit, so that there is time to give other keys to an
 * account that cannot get new ones by itself.                               */
static void tell_wear(struct sally_virtual_client *v)
{
    unsigned wear = sally_stack_wear(sally_coap_link_stack(&v->client.link));
    bool told = v->wear_told;

    v->wear_told = wear >= SALLY_STACK_WORN;
    if (!v->wear_told || told)
        return;
    sally_log(SALLY_LOG_WARNING, "oscore_keys_worn",
              SALLY_TEXT("sensor", v->sensor->config->id),
              SALLY_TEXT("server", v->server->name),
              SALLY_TEXT("endpoint", v->settings.endpoint),
              SALLY_NUMBER("percent", (int)wear),
              SALLY_TEXT("why", "keys may be used so often and no more: at 100 "
                                "new ones are agreed on, or, with oscore_start "
                                "= \"b1\", the account stops until it is given "
                                "another secret"));
}

/* Alerts that other keys only can mend: LwM2M Transport 1.2 s.5.2.10. */
static bool is_final(uint8_t alert)
{
    return (alert >= 42 && alert <= 46) || alert == 48 || alert == 49 ||
           (alert >= 112 && alert <= 115);
}

/* Where no server lets the sensor in, its bootstrap server may know why. */
static void count_tries(struct sally_virtual_client *v,
                        enum sally_client_state s)
{
    struct sally_bootstrapper *b = v->sensor->bootstrapper;

    if (s == SALLY_CLIENT_REGISTERED) {
        v->tries = 0;
        v->hopeless = false;
        if (b != NULL)
            sally_bootstrapper_registered(b);
    }
    if (s != SALLY_CLIENT_WAITING || b == NULL)
        return;
    if (v->tries < TRIES)
        v->tries++;
    v->hopeless = v->tries == TRIES || is_final(v->last_alert);
    if (v->hopeless && !v->sensor->leaving)
        sally_bootstrapper_failed(b, v->shard->now);
}

static void tell_state(const struct sally_virtual_client *v,
                       enum sally_client_state s, enum sally_err e)
{
    if (e == SALLY_E_OK)
        sally_log(level_of(s), sally_client_state_name(s),
                  SALLY_TEXT("sensor", v->sensor->config->id),
                  SALLY_TEXT("server", v->server->name),
                  SALLY_TEXT("endpoint", v->settings.endpoint));
    else
        sally_log(level_of(s), sally_client_state_name(s),
                  SALLY_TEXT("sensor", v->sensor->config->id),
                  SALLY_TEXT("server", v->server->name),
                  SALLY_TEXT("endpoint", v->settings.endpoint),
                  SALLY_TEXT("why", sally_err_text(e)));
}

static void on_state(void *owner, enum sally_client_state s, enum sally_err e)
{
    struct sally_virtual_client *v = owner;

    note_failure(v, s, e);
    if (s == SALLY_CLIENT_WAITING)
        tell_hint(v);
    tell_wear(v);
    if (v->keyed)
        tell_state(v, s, e);
    count_tries(v, s);
    if (s == SALLY_CLIENT_REGISTERED)
        v->shard->host->registered(v->seat);
    if (s == SALLY_CLIENT_STOPPED && v->away)
        v->shard->host->deliver_later(v->seat); /* its sensor may be back */
    if (s == SALLY_CLIENT_STOPPED)
        sally_shard_stopped(v);
}

static bool handles(void *owner, const struct sally_path *path)
{
    struct sally_virtual_client *v = owner;

    return sally_downlink_rule(v->sensor->profile, path) != NULL;
}

static uint8_t on_command(void *owner, const struct sally_lwm2m_command *c,
                          sally_usec now)
{
    struct sally_virtual_client *v = owner;

    return sally_downlink_command(v->shard->downlink, v, c, now);
}

static void on_delivered(void *owner, enum sally_err e, sally_usec now)
{
    struct sally_virtual_client *v = owner;

    tell_wear(v);
    if (!v->delivering)
        return;
    v->delivering = false;
    v->retry = SALLY_NEVER;
    if (e == SALLY_E_OK) {
        v->alone = false;
        v->refusals = 0;
        v->delivered++;
        v->last_delivered = v->shard->host->utc(v->shard->owner);
        passed(v, v->upto);
    } else if (e == SALLY_E_REFUSED) {
        on_refusal(v, e, now);
    } else {
        v->retry = sally_after(now, RETRY);
    }
    v->shard->host->deliver_later(v->seat);
}

static void on_able(void *owner, sally_usec now)
{
    struct sally_virtual_client *v = owner;

    (void)now;
    v->retry = SALLY_NEVER;
    v->shard->host->deliver_later(v->seat);
}

static void on_written(void *owner, const struct sally_path *path)
{
    struct sally_virtual_client *v = owner;

    (void)path; /* Mute Send may have changed */
    v->shard->host->deliver_later(v->seat);
}

static void on_changed(void *owner)
{
    sally_keeper_changed(owner);
}

static void on_reserve(void *owner, uint64_t until)
{
    sally_sequence_reserve(owner, until);
}

static void on_bootstrap(void *owner)
{
    struct sally_virtual_client *v = owner;

    (void)sally_bootstrapper_want(v->sensor->bootstrapper, SALLY_VISIT_SERVER,
                                  v->shard->now);
}

#define UPCALLS                                                        \
    .on_wanted = on_wanted, .on_rebind = on_rebind,                    \
    .on_state = on_state, .handles = handles,                          \
    .on_command = on_command, .on_delivered = on_delivered,            \
    .on_able = on_able, .on_written = on_written,                      \
    .on_changed = on_changed, .on_reserve = on_reserve

/* Of a sensor without a bootstrap server, and of one that has one. */
static const struct sally_lwm2m_upcalls upcalls = { UPCALLS };
static const struct sally_lwm2m_upcalls giving = {
    UPCALLS, .on_bootstrap = on_bootstrap
};

void sally_virtual_client_init(struct sally_virtual_client *v,
                               const struct sally_lwm2m_shared *shared)
{
    bool queues = sally_virtual_client_queues(v->server, v->sensor->profile);

    v->retry = v->back_at = SALLY_NEVER;
    v->last_alert = SALLY_BUS_NO_ALERT;
    v->settings = (struct sally_lwm2m_settings){
        .endpoint = v->sensor->config->endpoint,
        .server_instance = (uint16_t)v->index,
        .version = (uint8_t)v->server->version,
        .queue_mode = queues,
        .update_every = queues ? SALLY_NEVER : KEEPALIVE_UPDATE,
        .scheme = sally_config_scheme(&v->server->uri),
        .binding = sally_route_binding(v->server),
        .credential = &v->credential,
    };
    sally_lwm2m_client_init(&v->client, shared, &v->settings,
                            &v->sensor->resources,
                            v->sensor->bootstrapper == NULL ? &upcalls
                                                            : &giving,
                            v);
}

void sally_virtual_client_reset(struct sally_virtual_client *v)
{
    v->uri = v->preferred = 0;
    v->stood = v->away = v->hopeless = v->delivering = v->history = false;
    v->alone = v->heard = v->failed_heard = v->wear_told = false;
    v->refusals = v->tries = v->failed_in = v->state = 0;
    v->last_error = SALLY_E_OK;
    v->failed_hint = (struct sally_coap_hint){ .code = 0 };
    sally_virtual_client_init(v, v->shard->shared);
}
