/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_broker.c - brokers that are there already, byte by
 * byte: what is acknowledged and when, and what a lost connection takes.     */
#define SIDE_CONFIG                                                            \
    "gateway = { name = \"plant-7\"; };\n"                                     \
    "local = { broker = ( { name = \"b\"; host = \"127.0.0.1\"; topics = ( "   \
    "\"plant/#\" ); }, { name = \"k\"; host = \"127.0.0.1\"; topics = ( "      \
    "\"plant/#\" ); retained = \"take\"; } ); };\n" SERVERS                    \
    "profiles = ( { name = \"m\"; maps = ( { topic = \"plant/{id}/t\"; put "   \
    "= ( { to = \"/3303/0/5700\"; } ); } ); down = ( { on = "                  \
    "\"/3306/0/5850\"; topic = \"plant/{id}/set\"; payload = \"{value}\"; "    \
    "timeout = \"5s\"; values = ( (true, \"ON\") ); } ); } );\n"               \
    "sensors = ( { id = \"s\"; profile = \"m\"; accept_weak = true; via = "    \
    "\"b\"; " ACCOUNT " }, { id = \"r\"; profile = \"m\"; accept_weak = "      \
    "true; via = \"k\"; " ACCOUNT " } );\n"
#include "unit/ingress/side.h"

#include "ingress/broker.h"

enum { PLAIN, TAKES }; /* the brokers; each has the sensor of its number */

struct world {
    struct side *side;
    struct sally_brokers *brokers;
    unsigned connects[2], drops[2];
    sally_usec armed;
    uint8_t out[512]; /* what the last drain() found */
    size_t len;
};

static void host_connect(void *owner, size_t broker,
                         const struct sally_config_broker *to)
{
    struct world *w = owner;

    assert_string_equal(to->host, "127.0.0.1");
    w->connects[broker]++;
}

static void host_pump(void *owner, size_t broker)
{
    (void)owner;
    (void)broker;
}

static void host_drop(void *owner, size_t broker)
{
    ((struct world *)owner)->drops[broker]++;
}

static void host_arm(void *owner, sally_usec when)
{
    ((struct world *)owner)->armed = when;
}

static const struct sally_brokers_host host = { host_connect, host_pump,
                                                host_drop, host_arm };

static void drain(struct world *w, size_t broker)
{
    struct sally_span out = sally_brokers_output(w->brokers, broker);

    assert_true(out.len <= sizeof(w->out));
    w->len = out.len;
    if (out.len == 0)
        return;
    memcpy(w->out, out.at, out.len);
    sally_brokers_sent(w->brokers, broker, out.len, w->side->now);
}

static void input(struct world *w, size_t broker, const void *bytes, size_t n)
{
    assert_true(sally_brokers_room(w->brokers, broker) >= n);
    sally_brokers_input(w->brokers, broker, (struct sally_span){ bytes, n },
                        w->side->now);
}

static void open_link(struct world *w, size_t broker)
{
    drain(w, broker);
    assert_int_equal(w->out[0], 0x10);
    input(w, broker, "\x20\x02\x00\x00", 4);
    drain(w, broker);
    assert_int_equal(w->out[0], 0x82);
    input(w, broker, "\x90\x03\x00\x01\x01", 5);
    drain(w, broker);
    assert_int_equal(w->len, 0);
}

static struct world *open_world(void)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->side = side_open();
    assert_int_equal(
        sally_brokers_create(
            &w->brokers, w->side->outer,
            (struct sally_random){ side_random, &w->side->seed }, &host, w),
        SALLY_E_OK);
    sally_brokers_begin(w->brokers, w->side->now);
    assert_int_equal(w->armed, w->side->now);
    sally_brokers_expire(w->brokers, w->side->now);
    open_link(w, PLAIN);
    open_link(w, TAKES);
    return w;
}

static void close_world(struct world *w)
{
    sally_brokers_wipe(w->brokers);
    side_close(w->side);
    free(w);
}

/* A message of QoS 1 with packet id `id`, and what is sent at once. */
static void message(struct world *w, size_t broker, bool retain,
                    const char *topic, uint8_t id)
{
    size_t n = strlen(topic);
    uint8_t p[64] = { retain ? 0x33 : 0x32, (uint8_t)(2 + n + 2 + 2), 0,
                      (uint8_t)n };

    memcpy(p + 4, topic, n);
    p[4 + n + 1] = id;
    memcpy(p + 4 + n + 2, "21", 2);
    input(w, broker, p, 4 + n + 4);
    drain(w, broker);
}

static bool is_puback(const struct world *w, uint8_t id)
{
    const uint8_t want[] = { 0x40, 2, 0, id };

    return w->len == sizeof(want) && memcmp(w->out, want, sizeof(want)) == 0;
}

static const struct {
    const char *what, *topic;
    size_t broker;
    bool retain, reading;
} rows[] = {
    { "a reading", "plant/s/t", PLAIN, false, true },
    { "a retained one, dropped", "plant/s/t", PLAIN, true, false },
    { "a retained one, taken", "plant/r/t", TAKES, true, true },
    { "the other broker's sensor", "plant/r/t", PLAIN, false, false },
    { "a topic of nobody", "plant/x/t", PLAIN, false, false },
};

static void acknowledges_what_is_durable_or_of_no_use(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct world *w = open_world();

        message(w, rows[i].broker, rows[i].retain, rows[i].topic, 7);
        if (side_readings(w->side) != rows[i].reading)
            fail_msg("%s: told the inner door", rows[i].what);
        if ((w->len == 0) != rows[i].reading)
            fail_msg("%s: %zu bytes too early or late", rows[i].what, w->len);
        if (rows[i].reading) {
            side_accept(w->side, SALLY_ACCEPTED_STORED);
            drain(w, rows[i].broker);
        }
        if (!is_puback(w, 7))
            fail_msg("%s: no PUBACK", rows[i].what);
        close_world(w);
    }
}

static void waits_while_the_store_is_full(void **state)
{
    struct world *w = open_world();

    (void)state;
    message(w, PLAIN, false, "plant/s/t", 7);
    side_accept(w->side, SALLY_ACCEPTED_FULL);
    drain(w, PLAIN);
    assert_int_equal(w->len, 0);
    close_world(w);
}

static void ignores_a_blocked_sensor(void **state)
{
    struct world *w = open_world();

    (void)state;
    sally_outer_sensor(w->side->outer, PLAIN)->blocked = true;
    message(w, PLAIN, false, "plant/s/t", 7);
    assert_int_equal(side_readings(w->side), 0);
    assert_true(is_puback(w, 7));
    close_world(w);
}

/* The pause is 3/4 to 5/4 of 1, 2, 4, 8 s while nobody answers; after that the
 * other broker's keep-alive is due first.                                   */
static void comes_again_after_pauses_that_double(void **state)
{
    struct world *w = open_world();
    sally_usec pause = SALLY_SEC;

    (void)state;
    for (unsigned i = 1; i <= 4; i++) {
        struct side *s = w->side;
        sally_usec wait;

        sally_brokers_lost(w->brokers, PLAIN, s->now);
        assert_int_equal(w->drops[PLAIN], i);
        wait = w->armed - s->now;
        if (wait < pause * 3 / 4 || wait > pause * 5 / 4)
            fail_msg("loss %u: a pause of %lld us", i, (long long)wait);
        s->now = w->armed;
        sally_brokers_expire(w->brokers, s->now);
        assert_int_equal(w->connects[PLAIN], i + 1);
        pause *= 2;
    }
    assert_int_equal(w->drops[TAKES], 0);
    close_world(w);
}

static void an_answer_to_an_older_connection_is_void(void **state)
{
    struct world *w = open_world();
    const struct sally_bus_message *first;
    struct sally_bus_accepted old;

    (void)state;
    message(w, PLAIN, false, "plant/s/t", 7);
    assert_int_equal(side_said(w->side, SALLY_BUS_READINGS, &first), 1);
    old = (struct sally_bus_accepted){ first->as.readings.ticket,
                                       SALLY_ACCEPTED_STORED };
    sally_brokers_lost(w->brokers, PLAIN, w->side->now);
    assert_false(sally_outer_sensor(w->side->outer, PLAIN)->online);
    w->side->now = w->armed;
    sally_brokers_expire(w->brokers, w->side->now);
    open_link(w, PLAIN);
    message(w, PLAIN, false, "plant/s/t", 9);
    sally_outer_accepted(w->side->outer, &old, w->side->now);
    drain(w, PLAIN);
    assert_int_equal(w->len, 0);
    side_accept(w->side, SALLY_ACCEPTED_STORED);
    drain(w, PLAIN);
    assert_true(is_puback(w, 9));
    close_world(w);
}

static void a_command_is_done_when_the_broker_has_it(void **state)
{
    struct world *w = open_world();
    uint8_t puback[] = { 0x40, 2, 0, 0 };

    (void)state;
    message(w, PLAIN, false, "plant/s/t", 7);
    side_switch(w->side, 5, PLAIN, true);
    drain(w, PLAIN);
    assert_int_equal(w->out[0], 0x32);
    assert_memory_equal(w->out + 4, "plant/s/set", 11);
    assert_memory_equal(w->out + 17, "ON", 2);
    puback[3] = w->out[16];
    input(w, PLAIN, puback, sizeof(puback));
    assert_int_equal(side_outcome(w->side, 5), SALLY_OUTCOME_DONE);
    close_world(w);
}

static void a_command_dies_with_its_connection(void **state)
{
    struct world *w = open_world();

    (void)state;
    message(w, PLAIN, false, "plant/s/t", 7);
    side_switch(w->side, 6, PLAIN, true);
    sally_brokers_lost(w->brokers, PLAIN, w->side->now);
    assert_int_equal(side_outcome(w->side, 6), SALLY_OUTCOME_OFFLINE);
    close_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledges_what_is_durable_or_of_no_use),
        cmocka_unit_test(waits_while_the_store_is_full),
        cmocka_unit_test(ignores_a_blocked_sensor),
        cmocka_unit_test(comes_again_after_pauses_that_double),
        cmocka_unit_test(an_answer_to_an_older_connection_is_void),
        cmocka_unit_test(a_command_is_done_when_the_broker_has_it),
        cmocka_unit_test(a_command_dies_with_its_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
