/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/door.h - an inner door without sockets: a real store in a
 * directory of its own, an outer door and servers that this test plays, and a
 * clock that only the test moves.                                           */
#ifndef TESTS_UNIT_UPLINK_DOOR_H
#define TESTS_UNIT_UPLINK_DOOR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coap/option.h"
#include "store/inside.h"
#include "unit/config/given.h"
#include "uplink/downlink.h"
#include "uplink/roster.h"
#include "uplink/shard_parts.h"

#define UTC ((sally_msec_utc)1700000000000)
#define START (1000 * SALLY_SEC)
#define DOOR_SAID 64
#define DOOR_SEATS 16

/* Two sensors of one profile: temperature from -40 to 125, a relay whose
 * commands are confirmed, a dimmer whose commands wait for the sensor.      */
#define DOOR_PROFILE                                                           \
    "profiles = ( { name = \"p\"; maps = ( { topic = \"t/{id}\"; put = ( "     \
    "{ to = \"/3303/0/5700\"; unit = \"Cel\"; range = ( -40.0, 125.0 ); } );"  \
    " } ); down = ( { on = \"/3306/0/5850\"; topic = \"r/{id}\"; payload = "   \
    "\"{value}\"; timeout = \"5s\"; }, { on = \"/3306/0/5851\"; topic = "      \
    "\"d/{id}\"; payload = \"{value}\"; answer = \"store\"; timeout = \"5s\";" \
    " range = ( 0, 50 ); } ); } );\n"
#define DOOR_SENSOR(id)                                                        \
    "{ id = \"" id "\"; profile = \"p\"; authenticate = ( { method = "         \
    "\"password\"; username = \"" id "\"; } ); accounts = ( { server = "       \
    "\"cloud\"; mode = \"nosec\"; } ); }"
#define DOOR_SERVER(more)                                                      \
    "servers = ( { name = \"cloud\"; uri = \"coap://127.0.0.1:5683\"; "        \
    "short_server_id = 1; " more "} );\n"
#define DOOR_CONFIG(more)                                                      \
    GATEWAY LOCAL DOOR_SERVER(more) DOOR_PROFILE                               \
        "sensors = ( " DOOR_SENSOR("one") ", " DOOR_SENSOR("two") " );\n"

/* What the host has of a client, and the server that it talks to. */
struct sally_uplink_seat {
    struct door *door;
    struct sally_uplink_guest *guest;    /* NULL: not taken */
    struct sally_virtual_client *client; /* which it is, or NULL */
    struct sally_coap_link server;
    sally_usec armed;
    bool later; /* deliver_later() */
};

struct door {
    struct sally_config *config; /* the running one, */
    struct sally_config *next, *previous; /* and others during a reload */
    struct sally_store *store;
    struct sally_shard *shard;
    struct sally_pool packets, bodies, observations, attributes;
    struct sally_coap_parameters parameters;
    struct sally_coap_shared coap;
    struct sally_lwm2m_shared lwm2m;
    struct sally_uplink_seat seats[DOOR_SEATS];
    const struct sally_sealer *master; /* NULL: none */
    struct sally_state_past past;
    char place[64];
    uint64_t seed;
    sally_usec now, pacer;
    sally_msec_utc utc;
    bool clock_unset;
    bool outer_away;
    unsigned stopped, settled;

    /* The outer door: what it was told. */
    struct sally_bus_message said[DOOR_SAID];
    size_t said_count;

    /* The servers. */
    uint8_t send_code;
    bool deaf;     /* nothing reaches them */
    bool no_udp, no_tcp; /* nor by this transport */
    double poison; /* a Send with this value is refused; 0: none */
    unsigned registers, updates, sends, notified, deregisters;
    bool poisoned;
    size_t records; /* in the last Send or notification */
    uint8_t code;   /* of the last answer to a request of theirs */
    unsigned replies;
    double newest;  /* the last value that a Send or notification brought */
};

static void door_random(void *state, uint8_t *out, size_t n)
{
    uint64_t *x = state;

    for (size_t i = 0; i < n; i++) {
        *x = *x * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(*x >> 56);
    }
}

/* --- The servers --------------------------------------------------------- */

static bool door_path(struct sally_span options, const char *first,
                      size_t depth)
{
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;
    struct sally_span value;
    size_t n = 0;

    while (sally_coap_option_next(&walk, &o))
        n += o.number == SALLY_OPTION_URI_PATH;
    return n == depth &&
           sally_coap_option_find(options, SALLY_OPTION_URI_PATH, &value) &&
           sally_span_is(value, first);
}

static void door_take_records(struct door *d, uint16_t format,
                              struct sally_span payload)
{
    struct sally_lwm2m_record r[SALLY_RECORDS_MAX];
    uint8_t room[4096];
    struct sally_buf scratch = SALLY_BUF(room);
    const struct sally_path root = { .depth = 0 };

    assert_int_equal(sally_format_find(format)->decode(
                         &d->config->registry, &root, payload, &scratch, r,
                         SALLY_LEN(r), &d->records),
                     SALLY_E_OK);
    assert_true(d->records > 0);
    d->poisoned = false;
    for (size_t i = 0; i < d->records; i++) {
        assert_true(sally_value_as_real(&r[i].value, &d->newest));
        d->poisoned = d->poisoned || (d->poison > 0 &&
                                      d->newest > d->poison - 0.5 &&
                                      d->newest < d->poison + 0.5);
    }
}

static void door_request(void *owner, const struct sally_coap_request *q,
                         sally_usec now)
{
    struct door *d = owner;
    struct sally_coap_link *l = NULL;
    uint8_t room[32];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = SALLY_CODE_CHANGED };

    if (door_path(q->options, "rd", 1)) {
        d->registers++;
        a.code = SALLY_CODE_CREATED;
        sally_coap_put_option(&w, SALLY_OPTION_LOCATION_PATH,
                              sally_span_of("rd"));
        sally_coap_put_option(&w, SALLY_OPTION_LOCATION_PATH,
                              sally_span_of("1"));
        a.options = sally_buf_span(&options);
    } else if (door_path(q->options, "dp", 1)) {
        d->sends++;
        door_take_records(d, SALLY_FORMAT_SENML_CBOR, q->payload);
        a.code = d->poisoned ? SALLY_CODE_BAD_REQUEST : d->send_code;
    } else {
        d->updates += q->code == SALLY_CODE_POST;
        d->deregisters += q->code == SALLY_CODE_DELETE;
        a.code = q->code == SALLY_CODE_DELETE ? SALLY_CODE_DELETED
                                              : SALLY_CODE_CHANGED;
    }
    for (size_t i = 0; i < DOOR_SEATS; i++)
        if (d->seats[i].guest != NULL &&
            sally_coap_link_respond(&d->seats[i].server, q->exchange, &a,
                                    now) == SALLY_E_OK)
            l = &d->seats[i].server;
    assert_non_null(l);
}

static void door_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                       const struct sally_coap_reply *r, sally_usec now)
{
    struct door *d = owner;

    (void)x;
    (void)now;
    if (e != SALLY_E_OK)
        return;
    d->replies++;
    d->code = r->code;
    d->notified += r->observe;
    if (r->observe && r->payload.len != 0)
        door_take_records(d, SALLY_FORMAT_SENML_CBOR, r->payload);
}

static const struct sally_coap_link_upcalls door_server = {
    .on_request = door_request, .on_reply = door_reply
};

/* --- The host ------------------------------------------------------------ */

static enum sally_err door_open_seat(void *owner,
                                     struct sally_uplink_guest *guest,
                                     struct sally_uplink_seat **out)
{
    struct door *d = owner;

    for (size_t i = 0; i < DOOR_SEATS; i++) {
        struct sally_uplink_seat *s = &d->seats[i];

        if (s->guest != NULL)
            continue;
        *s = (struct sally_uplink_seat){ .door = d, .guest = guest,
                                         .armed = SALLY_NEVER };
        if (guest->calls == &sally_shard_client)
            s->client =
                SALLY_OWNER(guest, struct sally_virtual_client, guest);
        sally_coap_link_init(&s->server, &d->coap, &door_server, d);
        *out = s;
        return SALLY_E_OK;
    }
    return SALLY_E_NO_MEMORY;
}

static void door_close_seat(struct sally_uplink_seat *s)
{
    sally_coap_link_wipe(&s->server);
    s->guest = NULL;
    s->client = NULL;
}

static enum sally_scheme door_scheme(const struct sally_uplink_seat *s)
{
    return sally_config_scheme(s->guest->calls->uri(s->guest));
}

static void door_rebind(struct sally_uplink_seat *s)
{
    assert_int_equal(sally_coap_link_accept(&s->server,
                                            door_scheme(s), NULL,
                                            s->door->now),
                     SALLY_E_OK);
}

static void door_send(struct sally_uplink_seat *s, struct sally_span wire)
{
    bool stream = door_scheme(s) == SALLY_SCHEME_COAP_TCP;

    if (stream && sally_coap_link_room(&s->server) == 0)
        sally_coap_link_expire(&s->server, s->door->now);
    if (!s->door->deaf && !(stream ? s->door->no_tcp : s->door->no_udp))
        (void)sally_coap_link_input(&s->server, wire, s->door->now);
}

static void door_arm(struct sally_uplink_seat *s, sally_usec when)
{
    s->armed = when;
}

static void door_later(struct sally_uplink_seat *s)
{
    s->later = true;
}

static void door_arm_pacer(void *owner, sally_usec when)
{
    ((struct door *)owner)->pacer = when;
}

static bool door_to_outer(void *owner, struct sally_bus_message *m)
{
    struct door *d = owner;

    if (d->outer_away)
        return false;
    assert_true(d->said_count < DOOR_SAID);
    d->said[d->said_count++] = *m;
    return true;
}

static void door_stopped(void *owner)
{
    ((struct door *)owner)->stopped++;
}

static void door_free(struct sally_config **c)
{
    if (*c == NULL)
        return;
    sally_config_wipe(*c);
    free(*c);
    *c = NULL;
}

static void door_settled(void *owner)
{
    struct door *d = owner;

    d->settled++;
    door_free(&d->previous); /* nobody may look at it any more */
}

static sally_msec_utc door_utc(void *owner)
{
    return ((struct door *)owner)->utc;
}

static bool door_ready(const struct sally_uplink_seat *s)
{
    (void)s;
    return true;
}

static void door_registered(struct sally_uplink_seat *s)
{
    (void)s;
}

static bool door_clock_is_set(void *owner)
{
    return !((struct door *)owner)->clock_unset;
}

static const struct sally_shard_host door_host = {
    .open = door_open_seat,     .close = door_close_seat,
    .rebind = door_rebind,      .send = door_send,
    .ready = door_ready,
    .arm = door_arm,            .registered = door_registered,
    .deliver_later = door_later,
    .arm_pacer = door_arm_pacer, .to_outer = door_to_outer,
    .stopped = door_stopped,    .settled = door_settled,
    .utc = door_utc,
    .clock_is_set = door_clock_is_set,
};

/* --- Time ---------------------------------------------------------------- */

static bool door_seat_turn(struct door *d, struct sally_uplink_seat *s)
{
    struct sally_span down = sally_coap_link_output(&s->server, d->now);
    bool moved = down.len != 0 || s->later;

    if (down.len != 0 &&
        s->guest->calls->room(s->guest) == 0)
        s->guest->calls->expire(s->guest, d->now);
    if (down.len != 0)
        s->guest->calls->input(s->guest, down, d->now);
    if (s->guest == NULL || !s->later)
        return moved;
    s->later = false;
    s->guest->calls->later(s->guest, d->now);
    return moved;
}

static bool door_turn(struct door *d)
{
    bool moved = false;

    for (size_t i = 0; i < DOOR_SEATS; i++)
        if (d->seats[i].guest != NULL && door_seat_turn(d, &d->seats[i]))
            moved = true;
    return moved;
}

static void door_settle(struct door *d)
{
    for (int i = 0; i < 1000; i++)
        if (!door_turn(d))
            return;
    fail_msg("the doors talk without end");
}

static sally_usec door_next(const struct door *d)
{
    sally_usec next = d->pacer;

    for (size_t i = 0; i < DOOR_SEATS; i++) {
        const struct sally_uplink_seat *s = &d->seats[i];

        if (s->guest == NULL)
            continue;
        next = sally_earlier(next, s->armed);
        next = sally_earlier(next, sally_coap_link_deadline(&s->server));
    }
    return next;
}

static void door_expire(struct door *d, struct sally_uplink_seat *s)
{
    if (s->guest != NULL)
        sally_coap_link_expire(&s->server, d->now);
    if (s->guest != NULL && s->armed <= d->now)
        s->guest->calls->expire(s->guest, d->now);
}

/* Lets `wait` pass, stopping at every deadline on the way. */
static void door_run(struct door *d, sally_usec wait)
{
    sally_usec until = d->now + wait;

    door_settle(d);
    while (door_next(d) <= until) {
        if (door_next(d) > d->now)
            d->now = door_next(d);
        if (d->pacer <= d->now)
            sally_shard_pace(d->shard, d->now);
        for (size_t i = 0; i < DOOR_SEATS; i++)
            door_expire(d, &d->seats[i]);
        door_settle(d);
    }
    d->now = until;
}

/* Waits for the store's word on all that it was given. */
static void door_stored(struct door *d)
{
    struct pollfd p = { sally_store_descriptor(d->store), POLLIN, 0 };

    do {
        assert_int_equal(poll(&p, 1, 10000), 1);
        sally_shard_stored(d->shard, d->now);
        door_settle(d);
    } while (d->store->tail != d->store->head);
}

/* The same for what is told of: registrations are kept besides. */
__attribute__((unused)) static void door_told(struct door *d)
{
    size_t before = d->said_count + d->replies;

    while (d->said_count + d->replies == before)
        door_stored(d);
}

/* --- Talking to it ------------------------------------------------------- */

__attribute__((unused)) static struct sally_bus_readings
door_reading(uint32_t sensor, uint32_t ticket, double n)
{
    const struct sally_path at = sally_path_resource(3303, 0, 5700);
    const struct sally_lwm2m_value v = sally_value_real(n);
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_READINGS);
    m.as.readings.ticket = ticket;
    m.as.readings.sensor = sensor;
    m.as.readings.born = 1;
    m.as.readings.time = UTC;
    memcpy(m.as.readings.key, &ticket, sizeof(ticket));
    m.as.readings.count = 1;
    assert_int_equal(sally_bus_put_value(&m.as.readings.value[0],
                                         m.as.readings.bytes,
                                         &m.as.readings.used, &at, &v),
                     SALLY_E_OK);
    return m.as.readings;
}

/* Stores a reading, and returns what the outer door was told. */
__attribute__((unused)) static enum sally_accepted
door_store(struct door *d, uint32_t sensor, uint32_t ticket, double n)
{
    struct sally_bus_readings r = door_reading(sensor, ticket, n);

    d->said_count = 0;
    sally_shard_readings(d->shard, &r, d->now);
    if (d->said_count == 0)
        door_stored(d);
    assert_int_equal(d->said_count, 1);
    assert_int_equal(d->said[0].type, SALLY_BUS_ACCEPTED);
    assert_int_equal(d->said[0].as.accepted.ticket, ticket);
    return (enum sally_accepted)d->said[0].as.accepted.result;
}

__attribute__((unused)) static uint64_t door_waiting(const struct door *d,
                                                     uint32_t sensor)
{
    return sally_store_waiting(d->store, sensor, 0);
}

/* A request of the server of one of a sensor's accounts. */
__attribute__((unused)) static void
door_ask_as(struct door *d, uint32_t sensor, uint32_t account, uint8_t method,
            const char *path, const char *text,
            enum sally_coap_observe observe)
{
    uint8_t room[64];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_question q = { .code = method,
                                     .confirmable = true,
                                     .observe = observe,
                                     .payload = sally_span_of(text) };
    sally_coap_exchange x;

    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, path);
    if (method == SALLY_CODE_GET)
        sally_coap_put_uint(&w, SALLY_OPTION_ACCEPT, SALLY_FORMAT_SENML_CBOR);
    else
        sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT,
                            SALLY_FORMAT_TEXT);
    q.options = sally_buf_span(&options);
    d->replies = 0;
    d->code = 0;
    assert_int_equal(
        sally_coap_link_request(
            &sally_shard_sensor(d->shard, sensor)
                 ->clients[account].seat->server, &q, d->now, &x),
        SALLY_E_OK);
    door_settle(d);
}

/* Of its first one. */
__attribute__((unused)) static void door_ask(struct door *d, uint32_t sensor,
                                             uint8_t method, const char *path,
                                             const char *text,
                                             enum sally_coap_observe observe)
{
    door_ask_as(d, sensor, 0, method, path, text, observe);
}

/* --- Building ------------------------------------------------------------ */

static void door_start(struct door *d)
{
    assert_int_equal(sally_shard_create(&d->shard, d->config, d->store,
                                        &d->lwm2m, &door_host, d),
                     SALLY_E_OK);
    if (d->master != NULL)
        sally_shard_unlock(d->shard, d->master, d->past);
    sally_shard_start(d->shard, d->now);
    door_run(d, 2 * SALLY_SEC);
}

static void door_open_store(struct door *d)
{
    struct sally_roster r;
    char why[160] = "";

    assert_int_equal(sally_roster_make(&r, d->config), SALLY_E_OK);
    r.limits.commit_ms = 1;
    if (sally_store_open(&d->store, d->place, &r.limits, r.sensors, r.count,
                         why, sizeof(why)) != SALLY_E_OK)
        fail_msg("%s", why);
    sally_roster_wipe(&r);
}

static struct sally_config *door_config(const char *text)
{
    struct sally_config *c = calloc(1, sizeof(*c));
    char *report = NULL;

    assert_non_null(c);
    if (load_given(text, NULL, "", c, &report) != 0)
        fail_msg("%s", report);
    free(report);
    return c;
}

__attribute__((unused)) static struct door *
door_open_sealed(const char *text, const struct sally_sealer *master)
{
    struct door *d = calloc(1, sizeof(*d));

    assert_non_null(d);
    d->master = master;
    d->config = door_config(text);
    d->seed = 1;
    d->now = START;
    d->utc = UTC;
    d->pacer = SALLY_NEVER;
    d->send_code = SALLY_CODE_CHANGED;
    d->parameters = sally_coap_defaults;
    d->parameters.body_max = 4096;
    assert_int_equal(
        sally_pool_init(&d->packets, SALLY_DATAGRAM_MAX + 256, 128, false),
        SALLY_E_OK);
    assert_int_equal(sally_pool_init(&d->bodies, 4096, 16, false), SALLY_E_OK);
    assert_int_equal(sally_pool_init(&d->observations,
                                     sally_observation_size(), 16, false),
                     SALLY_E_OK);
    assert_int_equal(
        sally_pool_init(&d->attributes, sally_attributes_size(), 16, false),
        SALLY_E_OK);
    d->coap = (struct sally_coap_shared){ &d->parameters, &d->packets,
                                          &d->bodies,
                                          { door_random, &d->seed }, NULL };
    d->lwm2m = (struct sally_lwm2m_shared){ &d->coap, &d->observations,
                                            &d->attributes };
    snprintf(d->place, sizeof(d->place), "/tmp/sallyport-uplink-XXXXXX");
    assert_non_null(mkdtemp(d->place));
    door_open_store(d);
    door_start(d);
    return d;
}

/* Both sensors are registered when it returns. */
__attribute__((unused)) static struct door *door_open(const char *text)
{
    struct door *d = door_open_sealed(text, NULL);

    assert_int_equal(d->registers, 2);
    return d;
}

/* The inner door dies and is started again; what the store has is there. */
__attribute__((unused)) static void door_restart(struct door *d)
{
    sally_shard_wipe(d->shard);
    sally_store_close(d->store);
    door_open_store(d);
    d->said_count = 0;
    door_start(d);
}

__attribute__((unused)) static void door_close(struct door *d)
{
    static const char *const names[] = { "sallyport.db", "sallyport.db-wal",
                                         "sallyport.db-shm",
                                         "sallyport.lock" };
    char path[128];

    sally_shard_wipe(d->shard);
    sally_store_close(d->store);
    for (size_t i = 0; i < SALLY_LEN(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", d->place, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(d->place), 0);
    assert_int_equal(d->packets.used, 0);
    assert_int_equal(d->bodies.used, 0);
    assert_int_equal(d->observations.used, 0);
    sally_pool_wipe(&d->packets);
    sally_pool_wipe(&d->bodies);
    sally_pool_wipe(&d->observations);
    sally_pool_wipe(&d->attributes);
    door_free(&d->config);
    door_free(&d->next);
    door_free(&d->previous);
    free(d);
}

#endif
