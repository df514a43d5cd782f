/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/coap_local.h - a CoAP server of the outer door without
 * sockets: requests of sensors in, what goes out is kept.                   */
#ifndef TESTS_UNIT_INGRESS_COAP_LOCAL_H
#define TESTS_UNIT_INGRESS_COAP_LOCAL_H

#include "unit/ingress/side.h"

#include <arpa/inet.h>

#include "coap/option.h"
#include "ingress/coap_server.h"

#define PEERS 4
#define OUT_MAX 32

struct local {
    struct side *side;
    struct sally_auth_addresses *addresses;
    struct sally_coap_server *server;
    struct sally_pool packets, bodies;
    struct sally_coap_parameters parameters;
    struct sally_coap_shared coap;
    struct sally_auth_system system;
    bool here; /* the interface of sensor c1 is */
    sally_usec armed;
    uint16_t mid;
    struct {
        struct sally_coap_source to;
        uint8_t bytes[SALLY_DATAGRAM_MAX];
        size_t len;
    } out[OUT_MAX];
    size_t out_count;
    bool deaf; /* nothing listens */
    struct sally_config *next; /* its content is the side's */
};

__attribute__((unused)) static void send_out(void *owner, const struct sally_coap_source *to,
                     struct sally_span datagram)
{
    struct local *l = owner;

    assert_true(l->out_count < OUT_MAX);
    l->out[l->out_count].to = *to;
    memcpy(l->out[l->out_count].bytes, datagram.at, datagram.len);
    l->out[l->out_count++].len = datagram.len;
}

__attribute__((unused)) static void arm(void *owner, sally_usec when)
{
    ((struct local *)owner)->armed = when;
}

__attribute__((unused)) static bool route(void *owner, const char *interface,
                  struct sally_coap_source *to)
{
    const struct local *l = owner;

    (void)interface;
    to->interface = 2;
    return !l->deaf;
}

static const struct sally_coap_server_host host = { .send = send_out,
                                                    .arm = arm,
                                                    .route = route };

__attribute__((unused)) static uint32_t interface_index(void *owner, const char *name)
{
    const bool *here = owner;

    assert_string_equal(name, "br-lan");
    return *here ? 2 : 0;
}

__attribute__((unused)) static bool no_mac(void *owner, const struct sally_auth_source *s,
                   uint8_t mac[6])
{
    (void)owner;
    (void)s;
    (void)mac;
    return false;
}

__attribute__((unused)) static struct sally_coap_source source_at(const char *ip, uint16_t port)
{
    struct sally_coap_source s = { .interface = 2 };

    s.peer.family = 4;
    s.peer.port = port;
    assert_int_equal(inet_pton(AF_INET, ip, s.peer.ip), 1);
    return s;
}

__attribute__((unused)) static int open_local(void **state)
{
    struct local *l = calloc(1, sizeof(*l));

    assert_non_null(l);
    l->side = side_open();
    l->armed = SALLY_NEVER;
    l->parameters = sally_coap_defaults;
    l->parameters.body_max = 4096;
    assert_int_equal(
        sally_pool_init(&l->packets, SALLY_DATAGRAM_MAX + 256, 64, false),
        SALLY_E_OK);
    assert_int_equal(sally_pool_init(&l->bodies, 4096, 8, false), SALLY_E_OK);
    l->coap = (struct sally_coap_shared){ &l->parameters, &l->packets,
                                          &l->bodies,
                                          { side_random, &l->side->seed },
                                          NULL };
    l->here = true;
    l->system =
        (struct sally_auth_system){ interface_index, no_mac, &l->here };
    assert_int_equal(sally_auth_addresses_create(
                         &l->addresses, &l->side->config, &l->system,
                         (struct sally_hash_key){ { 0 } }),
                     SALLY_E_OK);
    assert_int_equal(sally_coap_server_create(&l->server, l->side->outer,
                                              l->addresses, &l->coap, PEERS,
                                              &host, l),
                     SALLY_E_OK);
    *state = l;
    return 0;
}

__attribute__((unused)) static int close_local(void **state)
{
    struct local *l = *state;

    sally_coap_server_wipe(l->server);
    sally_auth_addresses_wipe(l->addresses);
    assert_int_equal(l->packets.used, 0);
    assert_int_equal(l->bodies.used, 0);
    sally_pool_wipe(&l->packets);
    sally_pool_wipe(&l->bodies);
    side_close(l->side);
    free(l->next);
    free(l);
    return 0;
}

/* --- Requests of sensors ------------------------------------------------- */

struct request {
    const char *from;
    uint16_t port;
    enum sally_coap_type type;
    uint8_t code;
    const char *path, *payload;
    uint16_t option; /* one more, with the value "x"; 0: none */
};

__attribute__((unused)) static size_t write_request(const struct request *q, uint16_t mid,
                            uint8_t *room, size_t size)
{
    uint8_t option_room[64];
    struct sally_buf options = SALLY_BUF(option_room);
    struct sally_buf out = { room, 0, size };
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_message m = { .type = q->type,
                                    .code = q->code,
                                    .mid = mid,
                                    .token = sally_span_of("tok"),
                                    .payload = sally_span_of(q->payload) };

    if (q->option != 0 && q->option < SALLY_OPTION_URI_PATH)
        sally_coap_put_option(&w, q->option, sally_span_of("x"));
    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, q->path);
    if (q->option > SALLY_OPTION_URI_PATH)
        sally_coap_put_option(&w, q->option, sally_span_of("x"));
    assert_int_equal(sally_coap_options_end(&w), SALLY_E_OK);
    m.options = sally_buf_span(&options);
    assert_int_equal(sally_coap_write(&m, &out), SALLY_E_OK);
    return out.len;
}

__attribute__((unused)) static size_t ask_as(struct local *l, const struct request *q, uint16_t mid,
                     uint32_t interface)
{
    uint8_t room[256];
    size_t len = write_request(q, mid, room, sizeof(room));
    struct sally_coap_source from = source_at(q->from, q->port);

    from.interface = interface;
    l->out_count = 0;
    sally_coap_server_input(l->server, &from,
                            (struct sally_span){ room, len }, l->side->now);
    return len;
}

__attribute__((unused)) static size_t ask(struct local *l, const struct request *q)
{
    return ask_as(l, q, ++l->mid, 2);
}

/* The newest datagram that went out. */
__attribute__((unused)) static struct sally_coap_message heard(const struct local *l)
{
    struct sally_coap_message m;
    uint16_t mid;

    assert_true(l->out_count > 0);
    assert_int_equal(
        sally_coap_parse((struct sally_span){ l->out[l->out_count - 1].bytes,
                                              l->out[l->out_count - 1].len },
                         &m, &mid),
        SALLY_E_OK);
    return m;
}

/* --- Requests with any options ------------------------------------------- */

/* A list of options that is being made: numbers must rise. */
struct list {
    uint8_t bytes[512];
    struct sally_buf out;
    struct sally_coap_option_writer w;
};

__attribute__((unused)) static struct list *list_new(void)
{
    static struct list lists[8]; /* as many as a line of a test wants */
    static size_t next;
    struct list *o = &lists[next++ % SALLY_LEN(lists)];

    o->out = (struct sally_buf){ o->bytes, 0, sizeof(o->bytes) };
    o->w = sally_coap_options_into(&o->out);
    return o;
}

__attribute__((unused)) static struct list *
with_span(struct list *o, uint16_t number, struct sally_span value)
{
    sally_coap_put_option(&o->w, number, value);
    assert_int_equal(sally_coap_options_end(&o->w), SALLY_E_OK);
    return o;
}

__attribute__((unused)) static struct list *
with(struct list *o, uint16_t number, const char *value)
{
    return with_span(o, number, sally_span_of(value));
}

__attribute__((unused)) static struct list *
with_uint(struct list *o, uint16_t number, uint32_t value)
{
    sally_coap_put_uint(&o->w, number, value);
    assert_int_equal(sally_coap_options_end(&o->w), SALLY_E_OK);
    return o;
}

__attribute__((unused)) static struct list *with_path(struct list *o,
                                                      const char *path)
{
    sally_coap_put_path(&o->w, SALLY_OPTION_URI_PATH, path);
    assert_int_equal(sally_coap_options_end(&o->w), SALLY_E_OK);
    return o;
}

__attribute__((unused)) static struct list *at_path(const char *path)
{
    return with_path(list_new(), path);
}

#define SENSOR_IP "192.0.2.1"
#define SENSOR_PORT 40000

/* A datagram of sensor c1. */
__attribute__((unused)) static void give(struct local *l,
                                         struct sally_span datagram)
{
    struct sally_coap_source from = source_at(SENSOR_IP, SENSOR_PORT);

    sally_coap_server_input(l->server, &from, datagram, l->side->now);
}

/* A request of sensor c1 under the next message id; what went out before is
 * forgotten. Returns its length.                                            */
__attribute__((unused)) static size_t
say_with(struct local *l, enum sally_coap_type type, uint8_t code,
         const struct list *options, const char *token, const char *payload)
{
    uint8_t room[1024];
    struct sally_buf out = SALLY_BUF(room);
    const struct sally_coap_message m = {
        .type = type,
        .code = code,
        .mid = ++l->mid,
        .token = sally_span_of(token),
        .options = { options->bytes, options->out.len },
        .payload = sally_span_of(payload)
    };

    assert_int_equal(sally_coap_write(&m, &out), SALLY_E_OK);
    l->out_count = 0;
    give(l, sally_buf_span(&out));
    return out.len;
}

__attribute__((unused)) static size_t say(struct local *l, uint8_t code,
                                          const struct list *options,
                                          const char *payload)
{
    return say_with(l, SALLY_COAP_CON, code, options, "tok", payload);
}

/* The only datagram that went out since: the answer. */
__attribute__((unused)) static struct sally_coap_message
answered(const struct local *l, uint8_t code)
{
    struct sally_coap_message m;

    assert_int_equal(l->out_count, 1);
    m = heard(l);
    if (m.code != code)
        fail_msg("%u.%02u, not %u.%02u", m.code >> 5, m.code & 31u, code >> 5,
                 code & 31u);
    return m;
}

/* An empty message of sensor c1: an acknowledgement or a Reset. */
__attribute__((unused)) static void give_empty(struct local *l,
                                               enum sally_coap_type type,
                                               uint16_t mid)
{
    const uint8_t bytes[] = { (uint8_t)(0x40 | (unsigned)type << 4), 0,
                              (uint8_t)(mid >> 8), (uint8_t)mid };

    give(l, (struct sally_span){ bytes, sizeof(bytes) });
}

/* The sensor shows that it hears us. */
__attribute__((unused)) static void validate(struct local *l)
{
    struct sally_coap_message m;
    struct sally_span echo;
    uint8_t copy[40];

    say(l, SALLY_CODE_GET, at_path(".well-known/core"), "");
    m = answered(l, SALLY_CODE_UNAUTHORIZED);
    assert_true(sally_coap_option_find(m.options, SALLY_OPTION_ECHO, &echo));
    assert_in_range(echo.len, 1, sizeof(copy));
    memcpy(copy, echo.at, echo.len);
    say(l, SALLY_CODE_GET,
        with_span(at_path(".well-known/core"), SALLY_OPTION_ECHO,
                  (struct sally_span){ copy, echo.len }),
        "");
    (void)answered(l, SALLY_CODE_CONTENT);
}

#endif
