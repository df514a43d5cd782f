/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/outer.c - the outer door: hosts the engines of the local side
 * with listeners, timers and buses. It parses what untrusted sensors send and
 * never holds an upstream key.                                              */
#include "ingress/coap_server.h"
#include "ingress/mqtt_server.h"
#include "log/log.h"
#include "roles/outer_parts.h"
#include "security/crypto.h"

#include <stdlib.h>
#include <unistd.h>

#define BUS_FRAMES 64
#define BODY_MAX 4096            /* bytes of a CoAP body from a sensor */
#define TICK (1 * SALLY_SEC)

/* --- Hosts --------------------------------------------------------------- */

static bool to_inner(void *owner, struct sally_bus_message *m)
{
    struct outer *o = owner;

    return o->inner != NULL && sally_bus_send(o->inner, m) == SALLY_E_OK;
}

static sally_msec_utc utc(void *owner)
{
    const struct outer *o = owner;

    return sally_loop_utc(o->context->loop);
}

static const struct sally_outer_host outer_host = { .to_inner = to_inner,
                                                    .utc = utc };

static void coap_send(void *owner, const struct sally_coap_source *to,
                      struct sally_span datagram)
{
    struct outer *o = owner;

    sally_listeners_reply(o->listeners, to, datagram);
}

static bool coap_route(void *owner, const char *interface,
                       struct sally_coap_source *to)
{
    struct outer *o = owner;

    return sally_listeners_route(o->listeners, interface, to);
}

static void coap_arm(void *owner, sally_usec when)
{
    struct outer *o = owner;

    sally_timer_set(o->context->loop, &o->coap_timer, when);
}

static const struct sally_coap_server_host coap_host = { .send = coap_send,
                                                         .route = coap_route,
                                                         .arm = coap_arm };

static void mqtt_pump(void *owner, void *handle)
{
    struct outer *o = owner;

    sally_listeners_pump(o->listeners, handle);
}

static void mqtt_pause(void *owner, void *handle, bool paused)
{
    (void)owner;
    sally_listeners_pause(handle, paused);
}

static void mqtt_close(void *owner, void *handle)
{
    (void)owner;
    sally_listeners_close(handle);
}

static void mqtt_arm(void *owner, sally_usec when)
{
    struct outer *o = owner;

    sally_timer_set(o->context->loop, &o->mqtt_timer, when);
}

void sally_outer_ask_verifier(struct outer *o, bool again)
{
    struct sally_bus_message m;

    if (o->verifier == NULL)
        return;
    sally_bus_begin(&m, SALLY_BUS_CHECK);
    if (sally_passwords_next(o->passwords, again, &m.as.check) &&
        sally_bus_send(o->verifier, &m) != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "verifier_unreachable",
                  SALLY_NUMBER("ticket", m.as.check.ticket));
    sally_wipe(&m.as.check, sizeof(m.as.check));
}

static void mqtt_verify(void *owner) { sally_outer_ask_verifier(owner, false); }

static const struct sally_mqtt_server_host mqtt_host = {
    .pump = mqtt_pump,
    .pause = mqtt_pause,
    .close = mqtt_close,
    .arm = mqtt_arm,
    .verify = mqtt_verify,
};

/* --- Buses --------------------------------------------------------------- */

/* To nobody, if the console has gone. */
static bool say(void *owner, struct sally_bus_message *row)
{
    const struct outer *o = owner;

    return o->console == NULL ||
           sally_bus_send(o->console, row) != SALLY_E_NO_ROOM;
}

static bool tell(void *role, const struct sally_bus_query *q,
                 struct sally_bus_place *at)
{
    struct outer *o = role;

    return sally_outer_query(o->engine, q, at, say, o);
}

static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    struct outer *o = owner;

    (void)b;
    (void)fd;
    switch ((enum sally_bus_type)m->type) {
    case SALLY_BUS_ACCEPTED:
        sally_outer_accepted(o->engine, &m->as.accepted, now);
        sally_mqtt_server_resume(o->mqtt, now);
        sally_brokers_resume(o->brokers.engine, now);
        break;
    case SALLY_BUS_COMMAND:
        sally_outer_command(o->engine, &m->as.command, now);
        break;
    case SALLY_BUS_BLOCKED:
        if (sally_outer_block(o->engine, &m->as.blocked)) {
            sally_mqtt_server_kick(o->mqtt, m->as.blocked.sensor, now);
            sally_coap_server_kick(o->coap, m->as.blocked.sensor, now);
        }
        break;
    case SALLY_BUS_CHECKED:
        sally_passwords_checked(o->passwords, &m->as.checked, now);
        sally_mqtt_server_settle(o->mqtt, now);
        sally_outer_ask_verifier(o, false);
        break;
    case SALLY_BUS_QUERY:
        sally_answers_ask(&o->answers, &m->as.query, tell, o);
        break;
    default: /* the bus lets nothing else through */ break;
    }
}

static void on_room(void *owner, struct sally_bus *b, sally_usec now)
{
    struct outer *o = owner;

    if (b == o->inner)
        sally_outer_resume(o->engine, false, now);
    if (b == o->console)
        sally_answers_go_on(&o->answers, tell, o);
}

static struct sally_bus **bus_of(struct outer *o, enum sally_role_name peer)
{
    if (peer == SALLY_INNER)
        return &o->inner;
    return peer == SALLY_VERIFIER ? &o->verifier : &o->console;
}

static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    struct outer *o = owner;
    enum sally_role_name peer = sally_bus_peer(b);

    (void)now;
    *bus_of(o, peer) = NULL;
    sally_bus_close(b);
    if (peer == SALLY_CONSOLE)
        sally_answers_forget(&o->answers);
    o->context->lost(o->context->runner, peer, e);
}

static const struct sally_bus_upcalls bus_upcalls = { .on_message = on_message,
                                                      .on_room = on_room,
                                                      .on_gone = on_gone };

static void on_peer(void *role, enum sally_role_name peer, int fd)
{
    struct outer *o = role;
    struct sally_bus **bus = bus_of(o, peer);

    if (peer != SALLY_INNER && peer != SALLY_VERIFIER &&
        peer != SALLY_CONSOLE) {
        (void)close(fd);
        return;
    }
    sally_bus_close(*bus);
    *bus = NULL;
    if (peer == SALLY_CONSOLE)
        sally_answers_forget(&o->answers);
    if (sally_bus_open(bus, o->context->loop, fd, SALLY_OUTER, peer, BUS_FRAMES,
                       &bus_upcalls, o) != SALLY_E_OK) {
        sally_log(SALLY_LOG_ERROR, "bus_failed",
                  SALLY_TEXT("peer", sally_role_text(peer)));
        return;
    }
    sally_notes_go_on(&o->notes);
    if (o->engine == NULL)
        return;
    if (peer == SALLY_INNER)
        sally_outer_resume(o->engine, true, sally_loop_now(o->context->loop));
    if (peer == SALLY_VERIFIER && o->passwords != NULL)
        sally_outer_ask_verifier(o, true);
}

/* --- Timers -------------------------------------------------------------- */

static void on_coap_timer(void *owner, sally_usec now)
{
    struct outer *o = owner;

    sally_coap_server_expire(o->coap, now);
}

static void on_mqtt_timer(void *owner, sally_usec now)
{
    struct outer *o = owner;

    sally_mqtt_server_expire(o->mqtt, now);
}

static void on_tick(void *owner, sally_usec now)
{
    struct outer *o = owner;

    sally_outer_resume(o->engine, false, now);
    sally_brokers_resume(o->brokers.engine, now);
    sally_timer_set(o->context->loop, &o->tick, sally_after(now, TICK));
}

/* --- Building ------------------------------------------------------------ */

static enum sally_err make_pools(struct outer *o, size_t peers)
{
    enum sally_err e = sally_pool_init(&o->packets, SALLY_DATAGRAM_MAX + 256,
                                       sally_outer_packets(peers), false);

    if (e == SALLY_E_OK)
        e = sally_pool_init(&o->bodies, BODY_MAX, sally_outer_bodies(peers),
                            false);
    o->parameters = sally_coap_defaults;
    o->parameters.body_max = BODY_MAX;
    o->coap_shared =
        (struct sally_coap_shared){ &o->parameters, &o->packets, &o->bodies,
                                    sally_crypto_random(), NULL };
    return e;
}

static enum sally_err build(struct outer *o)
{
    const struct sally_config *c = o->context->config;
    size_t peers = sally_outer_peers(c);
    struct sally_random random = sally_crypto_random();
    struct sally_hash_key seed;
    enum sally_err e = make_pools(o, peers);

    if (e == SALLY_E_OK)
        e = sally_listeners_create(&o->listeners, o->context->loop);
    sally_random_fill(&random, &seed, sizeof(seed));
    if (e == SALLY_E_OK)
        e = sally_outer_create(&o->engine, c, random, &outer_host, o);
    if (e == SALLY_E_OK)
        e = sally_auth_addresses_create(&o->addresses, c,
                                        sally_neighbour_system(), seed);
    if (e == SALLY_E_OK)
        e = sally_coap_server_create(&o->coap, o->engine, o->addresses,
                                     &o->coap_shared, peers, &coap_host, o);
    if (e == SALLY_E_OK)
        e = sally_broker_links_open(&o->brokers, o->context->loop, o->engine);
    return e;
}

static void destroy(void *role)
{
    struct outer *o = role;

    if (o == NULL)
        return;
    sally_notes_close(&o->notes);
    sally_outer_drop_next(o);
    sally_listeners_wipe(o->listeners);
    sally_timer_set(o->context->loop, &o->coap_timer, SALLY_NEVER);
    sally_timer_set(o->context->loop, &o->mqtt_timer, SALLY_NEVER);
    sally_timer_set(o->context->loop, &o->tick, SALLY_NEVER);
    sally_bus_close(o->inner);
    sally_bus_close(o->verifier);
    sally_bus_close(o->console);
    o->inner = o->verifier = o->console = NULL; /* the engines still speak */
    sally_broker_links_close(&o->brokers);
    sally_mqtt_server_wipe(o->mqtt);
    sally_coap_server_wipe(o->coap);
    sally_outer_tls_close(o);
    sally_passwords_wipe(o->passwords);
    sally_auth_addresses_wipe(o->addresses);
    sally_outer_wipe(o->engine);
    sally_pool_wipe(&o->packets);
    sally_pool_wipe(&o->bodies);
    if (o->passwords_fd >= 0)
        (void)close(o->passwords_fd);
    free(o);
}

static enum sally_err create(void **out,
                             const struct sally_role_context *context)
{
    struct outer *o = calloc(1, sizeof(*o));
    enum sally_err e;

    if (o == NULL)
        return SALLY_E_NO_MEMORY;
    o->context = context;
    o->passwords_fd = o->next.passwords_fd = -1;
    o->keys_fd = o->next.keys_fd = -1;
    for (size_t i = 0; i < SALLY_BUS_LISTENERS; i++)
        o->next.listeners[i].fd = -1;
    sally_timer_init(&o->coap_timer, on_coap_timer, o);
    sally_timer_init(&o->mqtt_timer, on_mqtt_timer, o);
    sally_timer_init(&o->tls_timer, sally_outer_on_tls_timer, o);
    sally_timer_init(&o->tick, on_tick, o);
    sally_notes_open(&o->notes, &o->inner);
    e = build(o);
    if (e != SALLY_E_OK) {
        sally_log(SALLY_LOG_ERROR, "outer_door_not_built",
                  SALLY_TEXT("why", sally_err_text(e)));
        destroy(o);
        return e;
    }
    *out = o;
    return SALLY_E_OK;
}

/* The MQTT side is built here, when the passwords have come. */
static void start(void *role, sally_usec now)
{
    struct outer *o = role;
    unsigned peers = (unsigned)sally_outer_peers(o->context->config);
    enum sally_err e = sally_outer_passwords(o, o->passwords_fd);

    if (e == SALLY_E_OK)
        e = sally_mqtt_server_create(&o->mqtt, o->engine, o->addresses,
                                     o->passwords, peers, &mqtt_host, o);
    if (e == SALLY_E_OK)
        e = sally_outer_tls_start(o);
    if (e == SALLY_E_OK)
        e = sally_listeners_open(o->listeners, o->coap, o->mqtt, peers);
    if (e != SALLY_E_OK) {
        sally_log(SALLY_LOG_ERROR, "outer_door_not_started",
                  SALLY_TEXT("passwords", o->context->config->passwords_file),
                  SALLY_TEXT("why", sally_err_text(e)));
        o->context->report(o->context->runner, SALLY_CONTROL_FAILED);
        return;
    }
    sally_timer_set(o->context->loop, &o->tick, sally_after(now, TICK));
    sally_brokers_begin(o->brokers.engine, now);
    o->context->report(o->context->runner, SALLY_CONTROL_READY);
}

static void stop(void *role, sally_usec now)
{
    struct outer *o = role;

    (void)now;
    o->context->report(o->context->runner, SALLY_CONTROL_DONE);
}

const struct sally_role_row sally_role_outer = {
    .name = SALLY_OUTER,
    .create = create,
    .on_peer = on_peer,
    .on_listener = sally_outer_on_listener,
    .on_local_keys = sally_outer_on_keys,
    .on_passwords = sally_outer_on_passwords,
    .prepare = sally_outer_on_prepare,
    .prepared = sally_outer_on_prepared,
    .commit = sally_outer_on_commit,
    .abort = sally_outer_drop_next,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};
