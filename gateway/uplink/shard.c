/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/shard.c - the inner door's sensors and their clients: from
 * the start to the end, and what network and clock bring them.              */
#include "log/log.h"
#include "uplink/bootstrapper.h"
#include "uplink/downlink.h"
#include "uplink/route.h"
#include "uplink/shard_parts.h"
#include "uplink/vault.h"

#include <stdlib.h>

/* --- Building ------------------------------------------------------------ */

static enum sally_err build_sensors(struct sally_shard *s)
{
    const struct sally_config *c = s->config;
    enum sally_err e = SALLY_E_OK;

    for (uint32_t i = 0; i < c->sensor_count && e == SALLY_E_OK; i++) {
        if (c->sensors[i].id[0] == '\0')
            continue;
        e = sally_uplink_sensor_build(&s->sensors[i], s, c, i);
        if (e == SALLY_E_OK)
            sally_uplink_sensor_restore(s->sensors[i], s->store);
    }
    return e;
}

size_t sally_shard_accounts(const struct sally_config *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->sensor_count; i++)
        n += c->sensors[i].account_count;
    return n;
}

static enum sally_err build(struct sally_shard *s)
{
    const struct sally_config *c = s->config;
    const struct sally_random *random = &s->shared->coap->random;

    s->capacity = c->max_sensors;
    if (s->capacity < c->sensor_count)
        s->capacity = (uint32_t)c->sensor_count;
    s->sensors = calloc(s->capacity, sizeof(struct sally_uplink_sensor *));
    s->pacers = calloc(SALLY_CONFIG_SERVERS_MAX, sizeof(*s->pacers));
    if (s->sensors == NULL || s->pacers == NULL ||
        sally_downlink_create(
            &s->downlink, s, (uint32_t)(sally_random_u64(random) >> 33)) !=
            SALLY_E_OK ||
        sally_silence_create(&s->silence, s, s->capacity) != SALLY_E_OK ||
        sally_vault_create(&s->vault, s) != SALLY_E_OK ||
        sally_keeper_create(&s->keeper, s, sally_shard_accounts(c)) !=
            SALLY_E_OK ||
        sally_sequences_create(&s->sequences, s, sally_shard_accounts(c)) !=
            SALLY_E_OK)
        return SALLY_E_NO_MEMORY;
    for (size_t i = 0; i < c->server_count; i++)
        sally_pacer_init(&s->pacers[i], c->servers[i].pace_per_second,
                         *random);
    return build_sensors(s);
}

enum sally_err sally_shard_create(struct sally_shard **out,
                                  const struct sally_config *config,
                                  struct sally_store *store,
                                  const struct sally_lwm2m_shared *shared,
                                  const struct sally_shard_host *host,
                                  void *owner)
{
    struct sally_shard *s = calloc(1, sizeof(*s));
    enum sally_err e;

    if (s == NULL)
        return SALLY_E_NO_MEMORY;
    s->config = config;
    s->store = store;
    s->shared = shared;
    s->host = host;
    s->owner = owner;
    e = build(s);
    if (e != SALLY_E_OK) {
        sally_shard_wipe(s);
        return e;
    }
    *out = s;
    return SALLY_E_OK;
}

static void free_leaving(struct sally_shard *s)
{
    struct sally_uplink_sensor *next;

    for (struct sally_uplink_sensor *u = s->leaving; u != NULL; u = next) {
        next = u->next;
        sally_uplink_sensor_free(u);
    }
}

void sally_shard_wipe(struct sally_shard *s)
{
    if (s == NULL)
        return;
    sally_shard_abort(s);
    free(s->newcomers);
    for (uint32_t i = 0; s->sensors != NULL && i < s->capacity; i++)
        sally_uplink_sensor_free(s->sensors[i]);
    free_leaving(s);
    sally_shard_wipe_trusts(s);
    sally_downlink_wipe(s->downlink);
    sally_silence_wipe(s->silence);
    sally_keeper_wipe(s->keeper);
    sally_sequences_wipe(s->sequences);
    sally_vault_wipe(s->vault);
    free(s->sensors);
    free(s->pacers);
    free(s);
}

struct sally_uplink_sensor *sally_shard_sensor(struct sally_shard *s,
                                               uint32_t sensor)
{
    return sensor < s->capacity ? s->sensors[sensor] : NULL;
}

static void call_seats(const struct sally_uplink_sensor *u,
                       void (*call)(struct sally_uplink_seat *seat))
{
    for (uint32_t i = 0; i < u->config->account_count; i++)
        if (u->clients[i].seat != NULL)
            call(u->clients[i].seat);
    if (u->bootstrapper != NULL)
        call(sally_bootstrapper_seat(u->bootstrapper));
}

void sally_shard_each(struct sally_shard *s,
                      void (*call)(struct sally_uplink_seat *seat))
{
    for (uint32_t i = 0; s->sensors != NULL && i < s->capacity; i++)
        if (s->sensors[i] != NULL)
            call_seats(s->sensors[i], call);
}

/* --- Network and clock --------------------------------------------------- */

void sally_shard_pump(struct sally_virtual_client *v, sally_usec now)
{
    const struct sally_shard_host *host = v->shard->host;
    struct sally_span wire;

    while (host->ready(v->seat) &&
           (wire = sally_lwm2m_client_output(&v->client, now)).len != 0)
        host->send(v->seat, wire);
    host->arm(v->seat,
              sally_earlier(sally_lwm2m_client_deadline(&v->client),
                            sally_earlier(v->retry,
                                          sally_route_deadline(v, now))));
}

void sally_shard_arm(struct sally_shard *s)
{
    sally_usec when = sally_earlier(sally_downlink_deadline(s->downlink),
                                    sally_silence_deadline(s->silence));

    when = sally_earlier(when, sally_keeper_deadline(s->keeper));
    when = sally_earlier(when, sally_sequences_deadline(s->sequences));
    for (size_t i = 0; i < s->config->server_count; i++)
        when = sally_earlier(when, sally_pacer_deadline(&s->pacers[i]));
    s->host->arm_pacer(s->owner, when);
}

/* Clients that take commands go first: somebody may be waiting to switch. */
void sally_shard_wants(struct sally_virtual_client *v)
{
    sally_pacer_want(&v->shard->pacers[v->account->server], &v->turn,
                     v->sensor->profile->down_count != 0);
    sally_shard_arm(v->shard);
}

static void take_turn(struct sally_pacer_turn *turn, sally_usec now)
{
    struct sally_virtual_client *v =
        SALLY_OWNER(turn, struct sally_virtual_client, turn);

    sally_times_tell(v->shard);
    sally_route_begin(v, now);
    sally_lwm2m_client_connect(&v->client, now);
    sally_shard_pump(v, now);
}

void sally_shard_pace(struct sally_shard *s, sally_usec now)
{
    s->now = now;
    for (size_t i = 0; i < s->config->server_count; i++) {
        struct sally_pacer_turn *turn;

        while ((turn = sally_pacer_take(&s->pacers[i], now)) != NULL)
            if (s->config->servers[i].bootstrap)
                sally_bootstrapper_turn(turn, now);
            else
                take_turn(turn, now);
    }
    sally_downlink_expire(s->downlink, now);
    sally_silence_expire(s->silence, now);
    sally_keeper_expire(s->keeper, now);
    sally_sequences_expire(s->sequences, now);
    sally_shard_arm(s);
}

static struct sally_virtual_client *client_of(struct sally_uplink_guest *g)
{
    return SALLY_OWNER(g, struct sally_virtual_client, guest);
}

static const struct sally_virtual_client *
look_at(const struct sally_uplink_guest *g)
{
    return SALLY_OWNER(g, const struct sally_virtual_client, guest);
}

static const struct sally_uri *uri(const struct sally_uplink_guest *g)
{
    return sally_config_uri(look_at(g)->server, look_at(g)->uri);
}

static const char *server(const struct sally_uplink_guest *g)
{
    return look_at(g)->server->name;
}

static size_t room(const struct sally_uplink_guest *g)
{
    return sally_lwm2m_client_room(&look_at(g)->client);
}

static bool connected(const struct sally_uplink_guest *g)
{
    return sally_lwm2m_client_connected(&look_at(g)->client);
}

static void on_input(struct sally_uplink_guest *g, struct sally_span datagram,
                     sally_usec now)
{
    struct sally_virtual_client *v = client_of(g);
    struct sally_shard *s = v->shard;

    v->heard = true;
    s->now = now;
    sally_lwm2m_client_input(&v->client, datagram, now);
    sally_shard_pump(v, now);
    sally_shard_reap(s, now);
}

/* What waits while a stream is busy is kept by the client. */
static void on_ready(struct sally_uplink_guest *g, sally_usec now)
{
    sally_shard_pump(client_of(g), now);
}

static void on_lost(struct sally_uplink_guest *g, enum sally_err e,
                    sally_usec now)
{
    struct sally_virtual_client *v = client_of(g);
    struct sally_shard *s = v->shard;

    sally_lwm2m_client_lost(&v->client, e, now);
    sally_shard_pump(v, now);
    sally_shard_reap(s, now);
}

static void on_expire(struct sally_uplink_guest *g, sally_usec now)
{
    struct sally_virtual_client *v = client_of(g);
    struct sally_shard *s = v->shard;

    s->now = now;
    sally_lwm2m_client_expire(&v->client, now);
    if (sally_route_deadline(v, now) <= now)
        sally_lwm2m_client_renew(&v->client, SALLY_E_MOVED, now);
    if (v->retry <= now)
        sally_virtual_client_deliver(v, now);
    sally_shard_pump(v, now);
    sally_shard_reap(s, now);
}

static void on_later(struct sally_uplink_guest *g, sally_usec now)
{
    struct sally_virtual_client *v = client_of(g);

    v->shard->now = now;
    sally_silence_resume(v, now);
    sally_virtual_client_deliver(v, now);
    sally_shard_pump(v, now);
}

static void on_moved(struct sally_uplink_guest *g, sally_usec now)
{
    sally_lwm2m_client_moved(&client_of(g)->client, now);
    sally_shard_pump(client_of(g), now);
}

const struct sally_uplink_calls sally_shard_client = {
    .uri = uri,
    .server = server,
    .room = room,
    .connected = connected,
    .input = on_input,
    .ready = on_ready,
    .lost = on_lost,
    .expire = on_expire,
    .later = on_later,
    .moved = on_moved,
};

/* --- Start and end ------------------------------------------------------- */

/* Neither a file nor a book brings back what was revoked. */
static bool is_dead(struct sally_virtual_client *v)
{
    if (!sally_vault_is_buried(v->shard->vault, v->sensor->config->endpoint,
                               &v->credential))
        return false;
    sally_log(SALLY_LOG_WARNING, "keys_dead",
              SALLY_TEXT("sensor", v->sensor->config->id),
              SALLY_TEXT("server", v->server->name),
              SALLY_TEXT("endpoint", v->sensor->config->endpoint),
              SALLY_TEXT("why", "they were revoked: the account needs others"));
    sally_credential_wipe(&v->credential);
    v->keyed = false;
    return true;
}

void sally_shard_begin_client(struct sally_virtual_client *v, bool anew,
                              sally_usec now)
{
    if (v->shard->elsewhere)
        v->last_error = SALLY_E_ELSEWHERE;
    if (!v->keyed || v->shard->elsewhere || is_dead(v))
        return;
    sally_keeper_begin(v, anew, now);
    sally_sequence_begin(v);
    sally_lwm2m_client_start(&v->client, now);
    sally_shard_pump(v, now);
}

static void tell_factory(const struct sally_virtual_client *v)
{
    sally_log(SALLY_LOG_WARNING, "factory_keys",
              SALLY_TEXT("sensor", v->sensor->config->id),
              SALLY_TEXT("server", v->server->name),
              SALLY_TEXT("endpoint", v->settings.endpoint),
              SALLY_TEXT("why", "there is no bootstrap server that would give "
                                "it other keys than those of the fleet's "
                                "secret"));
}

/* Keys that others may know are used when no better ones were to be had. */
static void begin_or_hold(struct sally_virtual_client *v, bool anew,
                          sally_usec now)
{
    const struct sally_bootstrapper *b = v->sensor->bootstrapper;

    v->held = v->keyed && v->account->factory && b != NULL &&
              sally_bootstrapper_may_give(b) && !v->shard->elsewhere;
    if (v->keyed && v->account->factory && b == NULL)
        tell_factory(v);
    if (!v->held)
        sally_shard_begin_client(v, anew, now);
}

void sally_shard_begin_held(struct sally_uplink_sensor *u, sally_usec now)
{
    for (uint32_t i = 0; i < u->config->account_count; i++) {
        struct sally_virtual_client *v = &u->clients[i];
        bool held = v->held;

        v->held = false;
        if (held &&
            sally_lwm2m_client_state(&v->client) == SALLY_CLIENT_IDLE)
            sally_shard_begin_client(v, true, now);
    }
}

void sally_shard_begin(struct sally_uplink_sensor *u, bool anew,
                       sally_usec now)
{
    sally_silence_add(u->shard->silence, u, now);
    if (u->bootstrapper != NULL)
        sally_bootstrapper_load(u->bootstrapper, now);
    for (uint32_t i = 0; i < u->config->account_count; i++)
        begin_or_hold(&u->clients[i], anew, now);
    if (u->bootstrapper != NULL)
        sally_bootstrapper_begin(u->bootstrapper, now);
    sally_shard_judge(u);
}

void sally_shard_entrust(struct sally_shard *s,
                         const struct sally_holder *holder)
{
    s->holder = holder;
}

void sally_shard_unlock(struct sally_shard *s, const struct sally_sealer *key,
                        struct sally_state_past past)
{
    sally_keeper_unlock(s->keeper, key);
    sally_sequences_unlock(s->sequences, key, past);
    sally_vault_unlock(s->vault, key);
}

void sally_shard_estrange(struct sally_shard *s)
{
    s->elsewhere = true;
}

void sally_shard_start(struct sally_shard *s, sally_usec now)
{
    s->now = now;
    sally_times_begin(s, now);
    sally_downlink_start(s->downlink);
    s->started = true;
    for (uint32_t i = 0; i < s->capacity; i++)
        if (s->sensors[i] != NULL)
            sally_shard_begin(s->sensors[i], false, now);
    if (!s->elsewhere)
        sally_sequences_begun(s->sequences);
    sally_shard_arm(s);
}

void sally_shard_stopped(struct sally_virtual_client *v)
{
    struct sally_shard *s = v->shard;

    if (v->sensor->leaving)
        sally_shard_left(v->sensor);
    if (!s->stopping || --s->running != 0)
        return;
    s->stopping = false;
    sally_keeper_flush(s->keeper);
    s->host->stopped(s->owner);
}

static size_t count_running(const struct sally_uplink_sensor *u)
{
    size_t n = 0;

    for (uint32_t i = 0; i < u->config->account_count; i++)
        n += sally_lwm2m_client_state(&u->clients[i].client) !=
             SALLY_CLIENT_STOPPED;
    return n;
}

static void stop_sensor(struct sally_uplink_sensor *u, sally_usec now)
{
    if (u->bootstrapper != NULL)
        sally_bootstrapper_stop(u->bootstrapper, now);
    for (uint32_t i = 0; i < u->config->account_count; i++) {
        if (u->shard->config->on_stop == SALLY_STOP_KEEP)
            sally_lwm2m_client_leave(&u->clients[i].client, now);
        else
            sally_lwm2m_client_stop(&u->clients[i].client, now);
        sally_shard_pump(&u->clients[i], now);
    }
}

/* Those that leave anyway are waited for, too. */
void sally_shard_stop(struct sally_shard *s, sally_usec now)
{
    s->now = now;
    s->started = false;
    s->running = 0;
    for (const struct sally_uplink_sensor *u = s->leaving; u != NULL;
         u = u->next)
        s->running += u->running;
    for (uint32_t i = 0; i < s->capacity; i++)
        if (s->sensors[i] != NULL) {
            sally_silence_remove(s->silence, s->sensors[i]);
            s->running += count_running(s->sensors[i]);
        }
    s->stopping = s->running != 0;
    sally_keeper_flush(s->keeper);
    if (!s->stopping)
        s->host->stopped(s->owner);
    for (uint32_t i = 0; s->stopping && i < s->capacity; i++)
        if (s->sensors[i] != NULL)
            stop_sensor(s->sensors[i], now);
}
