/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/station.c - the client of a station, its owner, and the clock. */
#include "sim/station.h"

#include "lwm2m/objects/builtin.h"
#include "security/crypto.h"
#include "sim/nonces.h"

#include <stdio.h>
#include <string.h>

#define HEAP_MAX ((size_t)8 << 20)
#define SEND_AGAIN (5 * SALLY_SEC) /* after a Send that failed */

static const struct sally_path observed = { 3, { 3303, 0, 5700, 0 } };

void sim_station_fault(struct sim_station *s, const char *what)
{
    if (s->fault[0] == '\0')
        (void)snprintf(s->fault, sizeof(s->fault), "%s", what);
}

/* --- The client's owner -------------------------------------------------- */

static void on_wanted(void *owner)
{
    ((struct sim_station *)owner)->wanted = true;
}

static void note_wait(struct sim_station *s)
{
    if (s->waiting_since != 0 && s->wait_count < SIM_WAITS_MAX)
        s->waits[s->wait_count++] = s->now - s->waiting_since;
    s->waiting_since = 0;
}

/* What was sent to or from the old socket is gone with it. */
static void on_rebind(void *owner)
{
    struct sim_station *s = owner;
    sally_usec since = s->now - s->last_handshake;

    note_wait(s);
    if (s->handshakes++ != 0 && since < s->shortest)
        s->shortest = since;
    s->last_handshake = s->now;
    sim_network_clear(&s->network);
    memset(s->seen, 0, sizeof(s->seen));
    sim_account_crash(&s->account);
    sim_server_accept(s);
}

static void on_state(void *owner, enum sally_client_state state,
                     enum sally_err e)
{
    struct sim_station *s = owner;

    if (state != SALLY_CLIENT_WAITING)
        return;
    s->waiting_since = s->now;
    s->timed_out += e == SALLY_E_TIMED_OUT;
    s->broken += e != SALLY_E_TIMED_OUT;
}

static bool handles(void *owner, const struct sally_path *path)
{
    (void)owner;
    (void)path;
    return false;
}

static enum sally_err offer(struct sim_station *s,
                            const struct sally_lwm2m_record *r)
{
    s->offered[s->delivered + 1]++;
    if (sally_lwm2m_client_way(&s->client) == SALLY_REPORT_SEND)
        return sally_lwm2m_client_send(&s->client, r, 1, s->now);
    return sally_lwm2m_client_history(&s->client, r, 1, s->now);
}

static void send_next(struct sim_station *s)
{
    struct sally_lwm2m_record r = { .path = observed };

    if (s->sending || s->delivered >= s->readings || s->now < s->send_again ||
        sally_lwm2m_client_way(&s->client) == SALLY_REPORT_NONE)
        return;
    r.value = sally_value_real(s->delivered + 1);
    r.time = (sally_msec_utc)(1700000000000 + s->delivered);
    s->sending = true; /* it may be told within the call */
    if (offer(s, &r) != SALLY_E_OK) {
        s->sending = false;
        s->send_again = s->now + SEND_AGAIN;
    }
}

static void on_delivered(void *owner, enum sally_err e, sally_usec now)
{
    struct sim_station *s = owner;

    s->sending = false;
    if (e == SALLY_E_OK)
        s->delivered++;
    else
        s->send_again = now + SEND_AGAIN;
}

static void on_able(void *owner, sally_usec now)
{
    (void)owner;
    (void)now;
}

static void on_written(void *owner, const struct sally_path *path)
{
    (void)owner;
    (void)path;
}

static void on_reserve(void *owner, uint64_t until)
{
    struct sim_station *s = owner;

    sim_account_wish(&s->account, until,
                     s->now + sim_below(&s->chance, 50 * SALLY_MSEC));
}

static const struct sally_lwm2m_upcalls upcalls = {
    .on_wanted = on_wanted,       .on_rebind = on_rebind,
    .on_state = on_state,         .handles = handles,
    .on_delivered = on_delivered, .on_able = on_able,
    .on_written = on_written,     .on_reserve = on_reserve,
};

void sim_station_set(struct sim_station *s, double value)
{
    struct sally_lwm2m_value v = sally_value_real(value);

    if (sally_resources_set(&s->resources, &observed, &v, 0) != SALLY_E_OK)
        sim_station_fault(s, "cannot set a value");
    sally_lwm2m_client_changed(&s->client, &observed, false, s->now);
}

/* --- Building ------------------------------------------------------------ */

static bool make_security(struct sim_station *s)
{
    const struct sally_security_limits limits = { 2, HEAP_MAX };

    return sally_security_init(&s->security, &limits, &s->packets,
                               sally_crypto_random()) == SALLY_E_OK &&
           sim_account_make(&s->account, s->mechanism, s->security);
}

static bool make_pools(struct sim_station *s)
{
    return sally_pool_init(&s->packets, SALLY_DATAGRAM_MAX, 64, true) ==
               SALLY_E_OK &&
           sally_pool_init(&s->bodies, sally_coap_defaults.body_max, 4,
                           true) == SALLY_E_OK &&
           sally_pool_init(&s->observations, sally_observation_size(), 8,
                           false) == SALLY_E_OK &&
           sally_pool_init(&s->attributes, sally_attributes_size(), 8,
                           false) == SALLY_E_OK;
}

static bool make_objects(struct sim_station *s)
{
    static const struct sally_resource_definition value[] = {
        { .id = 5700, .type = SALLY_TYPE_FLOAT, .operations = 1,
          .mandatory = true, .name = "Sensor Value", .unit = "" },
    };
    static const struct sally_object_definition temperature = {
        3303, true, false, "Temperature", "1.1", value, 1
    };
    const struct sally_server_factory factory = { .short_server_id = 123,
                                                  .lifetime = 300 };
    struct sally_resources *r = &s->resources;

    return sally_objects_builtin(&s->registry) == SALLY_E_OK &&
           sally_registry_add(&s->registry, &temperature) == SALLY_E_OK &&
           sally_resources_init(r, &s->registry, 32, 1024) == SALLY_E_OK &&
           sally_server_object(r, &factory) == SALLY_E_OK &&
           sally_device_object(r, "Acme", "T1", "") == SALLY_E_OK &&
           sally_resources_add(r, &observed, 0) == SALLY_E_OK;
}

void sim_station_open(struct sim_station *s, const struct sim_mechanism *m,
                      const struct sim_weather *weather, uint64_t seed)
{
    *s = (struct sim_station){ .mechanism = m, .now = SALLY_SEC,
                               .shortest = SALLY_NEVER };
    s->chance.state = seed;
    s->network.chance.state = ~seed;
    s->network.weather = *weather;
    if (!make_pools(s) || !make_security(s) || !make_objects(s)) {
        sim_station_fault(s, "cannot be set up");
        return;
    }
    s->coap = (struct sally_coap_shared){ &sally_coap_defaults, &s->packets,
                                          &s->bodies, sim_random(&s->chance),
                                          s->security };
    s->lwm2m = (struct sally_lwm2m_shared){ &s->coap, &s->observations,
                                            &s->attributes };
    s->settings = (struct sally_lwm2m_settings){
        .endpoint = "sensor", .version = 11,
        .update_every = 90 * SALLY_SEC, .scheme = m->scheme,
        .credential = &s->account.credential, .past = &s->account.past,
    };
    sally_coap_link_init(&s->server.link, &s->coap, &sim_server_upcalls, s);
    sally_lwm2m_client_init(&s->client, &s->lwm2m, &s->settings, &s->resources,
                            &upcalls, s);
    sim_station_set(s, 0);
    sally_lwm2m_client_start(&s->client, s->now);
}

/* --- The clock ----------------------------------------------------------- */

static void drain(struct sim_station *s)
{
    struct sally_span out;

    while ((out = sally_lwm2m_client_output(&s->client, s->now)).len != 0) {
        sim_listen_sent(s, SIM_CLIENT, out);
        sim_network_send(&s->network, SIM_SERVER, out, s->now);
    }
    while ((out = sally_coap_link_output(&s->server.link, s->now)).len != 0) {
        sim_listen_sent(s, SIM_SERVER, out);
        sim_network_send(&s->network, SIM_CLIENT, out, s->now);
    }
}

static sally_usec next_event(const struct sim_station *s)
{
    sally_usec next =
        sally_earlier(sim_network_next(&s->network), s->account.due);

    next = sally_earlier(next, sally_lwm2m_client_deadline(&s->client));
    next = sally_earlier(next, sally_coap_link_deadline(&s->server.link));
    return s->send_again > s->now ? sally_earlier(next, s->send_again) : next;
}

static void deliver(struct sim_station *s)
{
    struct sim_datagram d;
    struct sally_span wire;

    if (!sim_network_take(&s->network, s->now, &d))
        return;
    wire = (struct sally_span){ d.bytes, d.len };
    sim_listen_arrived(s, d.to == SIM_CLIENT ? SIM_SERVER : SIM_CLIENT, wire);
    if (d.to == SIM_CLIENT)
        sally_lwm2m_client_input(&s->client, wire, s->now);
    else
        (void)sally_coap_link_input(&s->server.link, wire, s->now);
}

/* The pacer is open: who wants to connect may. */
static void act(struct sim_station *s)
{
    if (s->wanted) {
        s->wanted = false;
        sally_lwm2m_client_connect(&s->client, s->now);
    }
    if (s->server.hangs_up && s->server.registered &&
        sally_lwm2m_client_state(&s->client) == SALLY_CLIENT_REGISTERED) {
        s->server.registered = false;
        sally_coap_link_close(&s->server.link, s->now);
    }
    send_next(s);
    sim_server_ask(s);
    drain(s);
}

bool sim_station_run(struct sim_station *s,
                     bool (*done)(const struct sim_station *s),
                     sally_usec limit)
{
    sally_usec until = s->now + limit;

    while (s->fault[0] == '\0') {
        sally_usec next;

        act(s);
        if (done(s))
            return true;
        next = next_event(s);
        if (next > until)
            break;
        s->now = next > s->now ? next : s->now;
        deliver(s);
        if (sim_account_settle(&s->account, s->now))
            sally_lwm2m_client_reserved(&s->client, s->account.wished, s->now);
        sally_lwm2m_client_expire(&s->client, s->now);
        sally_coap_link_expire(&s->server.link, s->now);
    }
    s->now = s->fault[0] == '\0' ? until : s->now;
    return false;
}

void sim_station_close(struct sim_station *s)
{
    sally_lwm2m_client_wipe(&s->client);
    sally_coap_link_wipe(&s->server.link);
    if (s->packets.used != 0 || s->bodies.used != 0 ||
        s->observations.used != 0 || s->attributes.used != 0)
        sim_station_fault(s, "blocks are still out after a wipe");
    sally_resources_wipe(&s->resources);
    sally_registry_wipe(&s->registry);
    sally_security_wipe(s->security);
    if (sim_nonces_repeated())
        sim_station_fault(s, "a nonce was used twice");
    sim_account_wipe(&s->account);
    sally_pool_wipe(&s->packets);
    sally_pool_wipe(&s->bodies);
    sally_pool_wipe(&s->observations);
    sally_pool_wipe(&s->attributes);
}
