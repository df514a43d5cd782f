/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/world.h - one client and a server that does as the test
 * says, back to back, under a clock that only the test moves.               */
#ifndef TESTS_UNIT_LWM2M_WORLD_H
#define TESTS_UNIT_LWM2M_WORLD_H

#include "coap/option.h"
#include "lwm2m/client.h"
#include "lwm2m/objects/builtin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX 2048

struct world {
    struct sally_pool packets, bodies, observations, attributes;
    struct sally_coap_parameters parameters;
    struct sally_coap_shared coap;
    struct sally_lwm2m_shared shared;
    struct sally_registry registry;
    struct sally_resources resources;
    struct sally_credential nosec;
    struct sally_lwm2m_settings settings;
    struct sally_lwm2m_client client;
    struct sally_coap_link server;
    uint64_t seed;
    sally_usec now;
    bool cut; /* nothing passes either way */

    /* The server: what it answers, and what it heard. */
    uint8_t register_code, update_code, send_code;
    unsigned registers, updates, sends, deregisters, notifies;
    char query[TEXT_MAX], links[TEXT_MAX], update_query[TEXT_MAX];
    uint8_t sent[TEXT_MAX]; /* the last Send's payload */
    size_t sent_len;
    uint8_t code; /* of the last answer to a request of the server's */
    uint32_t format;
    bool observing;
    char body[TEXT_MAX];
    size_t body_len;
    unsigned replies;
    sally_coap_exchange asked;

    /* The client's owner. */
    unsigned wanted, rebound, able, commands, bootstraps;
    bool permit, handled; /* connect at once; 3306/0/5850 is a command */
    enum sally_client_state state;
    enum sally_err why, delivered;
    unsigned deliveries;
    struct sally_lwm2m_command command;
    uint8_t command_code;
};

static void world_random(void *state, uint8_t *out, size_t n)
{
    uint64_t *x = state;

    for (size_t i = 0; i < n; i++) {
        *x = *x * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(*x >> 56);
    }
}

/* --- The server ---------------------------------------------------------- */

static void put_queries(struct sally_span options, char *out)
{
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;

    out[0] = '\0';
    while (sally_coap_option_next(&walk, &o))
        if (o.number == SALLY_OPTION_URI_QUERY) {
            char one[256];

            assert_true(sally_span_text(o.value, one, sizeof(one)));
            strncat(out, out[0] == '\0' ? "" : "&", TEXT_MAX - strlen(out) - 1);
            strncat(out, one, TEXT_MAX - strlen(out) - 1);
        }
}

static bool path_is(struct sally_span options, const char *first)
{
    struct sally_span value;

    return sally_coap_option_find(options, SALLY_OPTION_URI_PATH, &value) &&
           sally_span_is(value, first);
}

static size_t path_depth(struct sally_span options)
{
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;
    size_t n = 0;

    while (sally_coap_option_next(&walk, &o))
        n += o.number == SALLY_OPTION_URI_PATH;
    return n;
}

static uint8_t on_register(struct world *w, const struct sally_coap_request *q,
                           struct sally_coap_option_writer *options)
{
    w->registers++;
    put_queries(q->options, w->query);
    assert_true(sally_span_text(q->payload, w->links, sizeof(w->links)));
    if (w->register_code == SALLY_CODE_CREATED) {
        sally_coap_put_option(options, SALLY_OPTION_LOCATION_PATH,
                              sally_span_of("rd"));
        sally_coap_put_option(options, SALLY_OPTION_LOCATION_PATH,
                              sally_span_of("a1"));
    }
    return w->register_code;
}

static uint8_t on_server_request(struct world *w,
                                 const struct sally_coap_request *q,
                                 struct sally_coap_option_writer *options)
{
    if (path_is(q->options, "dp")) {
        w->sends++;
        assert_true(q->payload.len <= sizeof(w->sent));
        memcpy(w->sent, q->payload.at, q->payload.len);
        w->sent_len = q->payload.len;
        return w->send_code;
    }
    if (!path_is(q->options, "rd"))
        return SALLY_CODE_NOT_FOUND;
    if (path_depth(q->options) == 1)
        return on_register(w, q, options);
    if (q->code == SALLY_CODE_DELETE) {
        w->deregisters++;
        return SALLY_CODE_DELETED;
    }
    w->updates++;
    put_queries(q->options, w->update_query);
    return w->update_code;
}

static void server_request(void *owner, const struct sally_coap_request *q,
                           sally_usec now)
{
    struct world *w = owner;
    uint8_t room[64];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = on_server_request(w, q, &o) };

    a.options = sally_buf_span(&options);
    assert_int_equal(sally_coap_link_respond(&w->server, q->exchange, &a, now),
                     SALLY_E_OK);
}

static void server_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                         const struct sally_coap_reply *r, sally_usec now)
{
    struct world *w = owner;

    (void)x;
    (void)now;
    w->replies++;
    w->code = 0;
    if (e != SALLY_E_OK)
        return;
    w->code = r->code;
    w->observing = r->observe;
    if (!sally_coap_option_uint(r->options, SALLY_OPTION_CONTENT_FORMAT,
                                &w->format))
        w->format = UINT32_MAX;
    assert_true(r->payload.len < sizeof(w->body));
    if (r->payload.len != 0)
        memcpy(w->body, r->payload.at, r->payload.len);
    w->body[r->payload.len] = '\0';
    w->body_len = r->payload.len;
}

static const struct sally_coap_link_upcalls server_upcalls = {
    .on_request = server_request,
    .on_reply = server_reply,
};

/* --- The owner ----------------------------------------------------------- */

static void owner_wanted(void *owner)
{
    ((struct world *)owner)->wanted++;
}

static void owner_rebind(void *owner)
{
    struct world *w = owner;

    w->rebound++;
    assert_int_equal(sally_coap_link_accept(&w->server, SALLY_SCHEME_COAP,
                                            NULL, w->now),
                     SALLY_E_OK);
}

static void owner_state(void *owner, enum sally_client_state s,
                        enum sally_err e)
{
    struct world *w = owner;

    w->state = s;
    w->why = e;
}

static bool owner_handles(void *owner, const struct sally_path *path)
{
    struct sally_path mine = sally_path_resource(3306, 0, 5850);

    return ((struct world *)owner)->handled && sally_path_equal(path, &mine);
}

static uint8_t owner_command(void *owner, const struct sally_lwm2m_command *c,
                             sally_usec now)
{
    struct world *w = owner;

    (void)now;
    w->commands++;
    w->command = *c;
    return w->command_code;
}

static void owner_delivered(void *owner, enum sally_err e, sally_usec now)
{
    struct world *w = owner;

    (void)now;
    w->deliveries++;
    w->delivered = e;
}

static void owner_able(void *owner, sally_usec now)
{
    (void)now;
    ((struct world *)owner)->able++;
}

static void owner_written(void *owner, const struct sally_path *path)
{
    (void)owner;
    (void)path;
}

static void owner_bootstrap(void *owner)
{
    ((struct world *)owner)->bootstraps++;
}

static const struct sally_lwm2m_upcalls owner_upcalls = {
    .on_bootstrap = owner_bootstrap,
    .on_wanted = owner_wanted,
    .on_rebind = owner_rebind,
    .on_state = owner_state,
    .handles = owner_handles,
    .on_command = owner_command,
    .on_delivered = owner_delivered,
    .on_able = owner_able,
    .on_written = owner_written,
};

/* --- Time ---------------------------------------------------------------- */

static bool world_pipe(struct world *w)
{
    struct sally_span up = sally_lwm2m_client_output(&w->client, w->now);
    struct sally_span down;

    if (up.len != 0 && !w->cut)
        (void)sally_coap_link_input(&w->server, up, w->now);
    down = sally_coap_link_output(&w->server, w->now);
    if (down.len != 0 && !w->cut)
        sally_lwm2m_client_input(&w->client, down, w->now);
    return up.len != 0 || down.len != 0;
}

static void world_settle(struct world *w)
{
    for (int i = 0; i < 1000; i++) {
        if (w->permit &&
            sally_lwm2m_client_state(&w->client) == SALLY_CLIENT_WANTING)
            sally_lwm2m_client_connect(&w->client, w->now);
        if (!world_pipe(w))
            return;
    }
    fail_msg("client and server talk without end");
}

/* Lets `wait` pass, stopping at every deadline on the way. */
__attribute__((unused)) static void world_run(struct world *w, sally_usec wait)
{
    sally_usec until = w->now + wait;

    world_settle(w);
    for (;;) {
        sally_usec next =
            sally_earlier(sally_lwm2m_client_deadline(&w->client),
                          sally_coap_link_deadline(&w->server));

        if (next > until)
            break;
        if (next > w->now)
            w->now = next;
        sally_lwm2m_client_expire(&w->client, w->now);
        sally_coap_link_expire(&w->server, w->now);
        world_settle(w);
    }
    w->now = until;
}

/* --- Requests of the server ---------------------------------------------- */

struct ask {
    uint8_t method;
    const char *path, *query;
    uint32_t accept, format; /* UINT32_MAX: none */
    struct sally_span payload;
    enum sally_coap_observe observe;
};

#define NO_FORMAT UINT32_MAX

static void world_ask(struct world *w, struct ask q)
{
    uint8_t room[256];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct sally_coap_question k = { .code = q.method,
                                     .confirmable = true,
                                     .observe = q.observe,
                                     .payload = q.payload };

    sally_coap_put_path(&o, SALLY_OPTION_URI_PATH, q.path);
    if (q.format != NO_FORMAT)
        sally_coap_put_uint(&o, SALLY_OPTION_CONTENT_FORMAT, q.format);
    if (q.query != NULL)
        sally_coap_put_option(&o, SALLY_OPTION_URI_QUERY,
                              sally_span_of(q.query));
    if (q.accept != NO_FORMAT)
        sally_coap_put_uint(&o, SALLY_OPTION_ACCEPT, q.accept);
    k.options = sally_buf_span(&options);
    w->replies = 0;
    assert_int_equal(sally_coap_link_request(&w->server, &k, w->now, &w->asked),
                     SALLY_E_OK);
    world_settle(w);
}

__attribute__((unused)) static uint8_t
world_read(struct world *w, const char *path, uint32_t accept)
{
    world_ask(w, (struct ask){ SALLY_CODE_GET, path, NULL, accept, NO_FORMAT,
                               { NULL, 0 }, SALLY_OBSERVE_ABSENT });
    return w->code;
}

__attribute__((unused)) static uint8_t
world_write(struct world *w, const char *path, const char *text)
{
    world_ask(w, (struct ask){ SALLY_CODE_PUT, path, NULL, NO_FORMAT,
                               SALLY_FORMAT_TEXT, sally_span_of(text),
                               SALLY_OBSERVE_ABSENT });
    return w->code;
}

__attribute__((unused)) static uint8_t world_execute(struct world *w, const char *path)
{
    world_ask(w, (struct ask){ SALLY_CODE_POST, path, NULL, NO_FORMAT,
                               NO_FORMAT, { NULL, 0 },
                               SALLY_OBSERVE_ABSENT });
    return w->code;
}

/* --- Building ------------------------------------------------------------ */

static const struct sally_resource_definition temperature[] = {
    { .id = 5700, .type = SALLY_TYPE_FLOAT, .operations = 1, .mandatory = true,
      .name = "Sensor Value", .unit = "" },
    { .id = 5701, .type = SALLY_TYPE_STRING, .operations = 1,
      .name = "Sensor Units", .unit = "" },
};
static const struct sally_resource_definition actuation[] = {
    { .id = 5850, .type = SALLY_TYPE_BOOLEAN, .operations = 3,
      .mandatory = true, .name = "On/Off", .unit = "" },
    { .id = 5851, .type = SALLY_TYPE_INTEGER, .operations = 3, .bounded = true,
      .min = 0, .max = 100, .name = "Dimmer", .unit = "/100" },
};
static const struct sally_object_definition objects[] = {
    { 3303, true, false, "Temperature", "1.1", temperature, 2 },
    { 3306, true, false, "Actuation", "1.0", actuation, 2 },
};

static void world_resources(struct world *w, bool lwm2m_1_0)
{
    const struct sally_server_factory factory[] = {
        { .instance = 0, .short_server_id = 123, .lifetime = 300,
          .lwm2m_1_0 = lwm2m_1_0, .bootstrap = true },
        { .instance = 1, .short_server_id = 7, .lifetime = 86400 },
    };
    const struct sally_path own[] = {
        sally_path_resource(3303, 0, 5700), sally_path_resource(3303, 0, 5701),
        sally_path_resource(3306, 0, 5850), sally_path_resource(3306, 0, 5851),
    };

    assert_int_equal(sally_objects_builtin(&w->registry), SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(objects); i++)
        assert_int_equal(sally_registry_add(&w->registry, &objects[i]),
                         SALLY_E_OK);
    assert_int_equal(
        sally_resources_init(&w->resources, &w->registry, 64, 1024),
        SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(factory); i++)
        assert_int_equal(sally_server_object(&w->resources, &factory[i]),
                         SALLY_E_OK);
    assert_int_equal(sally_device_object(&w->resources, "Acme", "T1", ""),
                     SALLY_E_OK);
    assert_int_equal(sally_provenance_object(&w->resources, "plant-7"),
                     SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(own); i++)
        assert_int_equal(sally_resources_add(&w->resources, &own[i], 32),
                         SALLY_E_OK);
}

static struct world *world_open(uint8_t version)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->seed = 1;
    w->now = 1000 * SALLY_SEC;
    w->permit = true;
    w->register_code = SALLY_CODE_CREATED;
    w->update_code = w->send_code = SALLY_CODE_CHANGED;
    w->command_code = SALLY_CODE_CHANGED;
    w->parameters = sally_coap_defaults;
    w->parameters.body_max = 4096;
    assert_int_equal(
        sally_pool_init(&w->packets, SALLY_DATAGRAM_MAX + 256, 128, false),
        SALLY_E_OK);
    assert_int_equal(sally_pool_init(&w->bodies, 4096, 16, false), SALLY_E_OK);
    assert_int_equal(sally_pool_init(&w->observations,
                                     sally_observation_size(), 64, false),
                     SALLY_E_OK);
    assert_int_equal(sally_pool_init(&w->attributes, sally_attributes_size(),
                                     64, false),
                     SALLY_E_OK);
    w->coap = (struct sally_coap_shared){ &w->parameters, &w->packets,
                                          &w->bodies,
                                          { world_random, &w->seed }, NULL };
    w->shared = (struct sally_lwm2m_shared){ &w->coap, &w->observations,
                                             &w->attributes };
    world_resources(w, version == 10);
    sally_credential_nosec(&w->nosec);
    w->settings = (struct sally_lwm2m_settings){
        .endpoint = "plant-7-boiler",
        .version = version,
        .update_every = SALLY_NEVER,
        .scheme = SALLY_SCHEME_COAP,
        .credential = &w->nosec,
    };
    sally_coap_link_init(&w->server, &w->coap, &server_upcalls, w);
    sally_lwm2m_client_init(&w->client, &w->shared, &w->settings,
                            &w->resources, &owner_upcalls, w);
    return w;
}

/* A client that is registered. */
__attribute__((unused)) static struct world *world_registered(uint8_t version)
{
    struct world *w = world_open(version);

    sally_lwm2m_client_start(&w->client, w->now);
    world_settle(w);
    assert_int_equal(w->state, SALLY_CLIENT_REGISTERED);
    return w;
}

__attribute__((unused)) static void world_set(struct world *w,
                                              struct sally_path path,
                                              double value)
{
    struct sally_lwm2m_value v = sally_value_real(value);

    assert_int_equal(sally_resources_set(&w->resources, &path, &v, 0),
                     SALLY_E_OK);
    sally_lwm2m_client_changed(&w->client, &path, false, w->now);
    world_settle(w);
}

static void world_close(struct world *w)
{
    sally_lwm2m_client_wipe(&w->client);
    sally_coap_link_wipe(&w->server);
    assert_int_equal(w->packets.used, 0);
    assert_int_equal(w->bodies.used, 0);
    assert_int_equal(w->observations.used, 0);
    assert_int_equal(w->attributes.used, 0);
    sally_resources_wipe(&w->resources);
    sally_registry_wipe(&w->registry);
    sally_pool_wipe(&w->packets);
    sally_pool_wipe(&w->bodies);
    sally_pool_wipe(&w->observations);
    sally_pool_wipe(&w->attributes);
    free(w);
}

#endif
