/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_coap_amplify.c - whoever sends in the name of an
 * address brings no more bytes to it than he spends: every method, resource,
 * option, error and outcome, with nobody there who hears or answers.        */
#include "unit/ingress/coap_local.h"

static const char *const paths[] = { "",      "t",         "temp",
                                     "form",  "relay/set", "reset",
                                     "a/b/c", "c1/x",      "nobody",
                                     "rd",    "rd/0",      ".well-known/core" };

static const struct variant {
    uint16_t number;
    uint32_t value;
} variants[] = {
    { 0, 0 },
    { SALLY_OPTION_IF_MATCH, 7 },
    { SALLY_OPTION_OBSERVE, 0 },
    { SALLY_OPTION_OBSERVE, 1 },
    { SALLY_OPTION_URI_QUERY, 't' << 16 | '=' << 8 | '1' },
    { SALLY_OPTION_ACCEPT, 40 },
    { SALLY_OPTION_ACCEPT, 60 },
    { SALLY_OPTION_BLOCK2, 0 },
    { SALLY_OPTION_BLOCK2, 7 },
    { SALLY_OPTION_BLOCK1, 8 },
    { SALLY_OPTION_BLOCK1, 0x48 },
    { SALLY_OPTION_PROXY_URI, 1 },
    { SALLY_OPTION_SIZE1, 1u << 24 },
    { SALLY_OPTION_ECHO, 1 },
    { 65001, 1 },
};

static const uint8_t methods[] = { 1, 2, 3, 4, 5, 6, 7, 31 };
static const char *const payloads[] = { "", "21.5", "warm",
                                        "0123456789abcdef" };
static const char *const tokens[] = { "", "12345678" };

/* What becomes of a reading, and when. */
static const struct {
    sally_usec after;
    enum sally_accepted result;
} fates[] = {
    { 0, SALLY_ACCEPTED_STORED },
    { SALLY_SEC, SALLY_ACCEPTED_STORED },
    { SALLY_SEC, SALLY_ACCEPTED_FULL },
};

static struct list *options_of(const char *path, const struct variant *v)
{
    struct list *o = list_new();

    if (v->number != 0 && v->number < SALLY_OPTION_URI_PATH)
        o = with_uint(o, v->number, v->value);
    o = with_path(o, path);
    return v->number > SALLY_OPTION_URI_PATH ? with_uint(o, v->number, v->value)
                                             : o;
}

static size_t sent(struct local *l)
{
    size_t bytes = 0;

    for (size_t i = 0; i < l->out_count; i++)
        bytes += l->out[i].len;
    l->out_count = 0;
    return bytes;
}

static size_t sent_until(struct local *l, sally_usec until)
{
    size_t bytes = sent(l);

    while (l->armed <= until) {
        l->side->now = l->armed > l->side->now ? l->armed : l->side->now + 1;
        sally_coap_server_expire(l->server, l->side->now);
        bytes += sent(l);
    }
    l->side->now = until;
    return bytes;
}

/* One datagram twice, then silence for as long as anything is tried again. */
static size_t harvest(struct local *l, const struct sally_coap_source *from,
                      struct sally_span datagram, size_t fate)
{
    const struct sally_bus_message *last;
    size_t bytes;

    l->side->said_count = 0;
    sally_coap_server_input(l->server, from, datagram, l->side->now);
    sally_coap_server_input(l->server, from, datagram, l->side->now);
    bytes = sent_until(l, l->side->now + fates[fate].after);
    if (side_said(l->side, SALLY_BUS_READINGS, &last) > 0)
        side_accept(l->side, fates[fate].result);
    return bytes + sent_until(l, l->side->now + 300 * SALLY_SEC);
}

struct sweep {
    struct local *l;
    const char *ip;
    uint16_t port;
    size_t tried;
    double worst;
};

static void try_one(struct sweep *s, const struct sally_coap_message *m)
{
    uint8_t room[256];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_coap_source from = source_at(s->ip, ++s->port);
    size_t got = 0, given = 0; /* what was not used up stays */

    assert_int_equal(sally_coap_write(m, &out), SALLY_E_OK);
    for (size_t fate = 0; fate < SALLY_LEN(fates); fate++) {
        got += harvest(s->l, &from, sally_buf_span(&out), fate);
        given += 2 * out.len;
        s->tried++;
        if (got > given)
            fail_msg("%zu bytes for %zu of method %u, type %u, fate %zu", got,
                     given, m->code, m->type, fate);
    }
    if ((double)got / (double)given > s->worst)
        s->worst = (double)got / (double)given;
}

static void try_all(struct sweep *s, struct sally_coap_message *m)
{
    for (size_t i = 0; i < SALLY_LEN(payloads); i++)
        for (size_t k = 0; k < SALLY_LEN(tokens); k++)
            for (unsigned type = 0; type < 2; type++) {
                m->payload = sally_span_of(payloads[i]);
                m->token = sally_span_of(tokens[k]);
                m->type = type == 0 ? SALLY_COAP_CON : SALLY_COAP_NON;
                m->mid++;
                try_one(s, m);
            }
}

static void sweep(struct local *l, const char *ip)
{
    struct sweep s = { .l = l, .ip = ip, .port = 1024 };
    struct sally_coap_message m = { .mid = 1 };

    for (size_t i = 0; i < SALLY_LEN(paths); i++)
        for (size_t k = 0; k < SALLY_LEN(variants); k++) {
            const struct list *o = options_of(paths[i], &variants[k]);

            m.options = (struct sally_span){ o->bytes, o->out.len };
            for (size_t n = 0; n < SALLY_LEN(methods); n++) {
                m.code = methods[n];
                try_all(&s, &m);
            }
        }
    print_message("%s: %zu exchanges, at most %.2f bytes out for one in\n", ip,
                  s.tried, s.worst);
    assert_true(s.worst > 0);
}

static void no_more_bytes_to_a_sensors_address(void **state)
{
    sweep(*state, SENSOR_IP);
}

static void no_more_bytes_to_a_strangers_address(void **state)
{
    sweep(*state, "192.0.2.9");
}

/* Noise of every kind, which is answered with a Reset at most. */
static void no_more_bytes_for_noise(void **state)
{
    struct local *l = *state;
    struct sally_coap_source from = source_at(SENSOR_IP, 1000);
    uint64_t seed = 7;

    for (unsigned i = 0; i < 20000; i++) {
        uint8_t bytes[24];
        size_t len = i % sizeof(bytes) + 1;

        side_random(&seed, bytes, len);
        bytes[0] = (uint8_t)(0x40 | (bytes[0] & 0x3f));
        from.peer.port = (uint16_t)(1000 + i % 60000);
        assert_true(harvest(l, &from, (struct sally_span){ bytes, len }, 0) <=
                    2 * len);
    }
}

/* And who shows that it hears us gets the whole answer; the Echo of another
 * port or of another hour is none.                                          */
static void an_echo_is_for_one_source_and_time(void **state)
{
    struct local *l = *state;
    struct sally_coap_message m;
    struct sally_span echo;
    struct sally_coap_source from = source_at(SENSOR_IP, SENSOR_PORT);
    uint8_t room[64], value[8];
    struct sally_buf out = SALLY_BUF(room);
    struct list *o = at_path(".well-known/core");

    say(l, SALLY_CODE_GET, o, "");
    m = answered(l, SALLY_CODE_UNAUTHORIZED);
    assert_true(sally_coap_option_find(m.options, SALLY_OPTION_ECHO, &echo));
    memcpy(value, echo.at, echo.len);
    o = with_span(o, SALLY_OPTION_ECHO,
                  (struct sally_span){ value, echo.len });
    m = (struct sally_coap_message){ .code = SALLY_CODE_GET,
                                     .mid = 900,
                                     .options = { o->bytes, o->out.len } };
    assert_int_equal(sally_coap_write(&m, &out), SALLY_E_OK);
    from.peer.port++;
    l->out_count = 0;
    sally_coap_server_input(l->server, &from, sally_buf_span(&out),
                            l->side->now);
    (void)answered(l, SALLY_CODE_UNAUTHORIZED);
    l->side->now += 150 * SALLY_SEC;
    say(l, SALLY_CODE_GET, o, "");
    (void)answered(l, SALLY_CODE_UNAUTHORIZED);
    validate(l);
}

/* One source that comes from everywhere takes no room from others. */
static void many_ports_of_one_address_leave_room(void **state)
{
    struct local *l = *state;
    struct request q = { SENSOR_IP, 2000, SALLY_COAP_CON, SALLY_CODE_GET,
                         "relay/set", "", 0 };

    assert_int_equal(sally_coap_server_prepare(l->server,
                                               &l->side->config, 32), SALLY_E_OK);
    validate(l);
    say(l, SALLY_CODE_GET,
        with_path(with_uint(list_new(), SALLY_OPTION_OBSERVE, 0), "relay/set"),
        "");
    for (uint16_t i = 0; i < 200; i++) {
        q.port = (uint16_t)(2000 + i);
        ask(l, &q);
        (void)answered(l, SALLY_CODE_CONTENT);
    }
    l->out_count = 0;
    side_switch(l->side, 1, COAP_1, true);
    assert_int_equal(answered(l, SALLY_CODE_CONTENT).type, SALLY_COAP_CON);
    assert_int_equal(l->out[0].to.peer.port, SENSOR_PORT); /* it stayed */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_local, close_local)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_more_bytes_to_a_sensors_address),
        TEST(no_more_bytes_to_a_strangers_address),
        TEST(no_more_bytes_for_noise),
        TEST(an_echo_is_for_one_source_and_time),
        TEST(many_ports_of_one_address_leave_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
