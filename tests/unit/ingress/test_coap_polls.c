/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_coap_polls.c - sensors that are CoAP servers: when
 * they are asked, what their answers become, and what ends it.              */
#define SIDE_CONFIG                                                            \
    "gateway = { name = \"plant-7\"; };\n"                                     \
    "local = { coap = ( { port = 5683; } ); };\n" SERVERS                      \
    "profiles = ( { name = \"p\"; maps = ( { topic = \"coap/{id}/temp\"; "     \
    "poll = \"60s\"; put = ( { to = \"/3303/0/5700\"; } ); }, { topic = "      \
    "\"coap/door\"; observe = true; put = ( { to = \"/3303/1/5700\"; } ); } "  \
    "); } );\n"                                                                \
    "sensors = ( { id = \"c1\"; profile = \"p\"; accept_weak = true; " ACCOUNT \
    "authenticate = ( { method = \"address\"; ip = \"192.0.2.1\"; } ); }, "    \
    "{ id = \"c2\"; profile = \"p\"; accept_weak = true; coap_port = 7000; "   \
    ACCOUNT "authenticate = ( { method = \"address\"; ip = \"192.0.2.2\"; "    \
    "} ); }, { id = \"both\"; profile = \"p\"; require = \"all\"; " ACCOUNT    \
    "authenticate = ( { method = \"address\"; ip = \"192.0.2.3\"; }, "         \
    "{ method = \"password\"; username = \"both\"; } ); } );\n"

#include "unit/ingress/coap_local.h"

#define ASKED_MAX 1024

/* GETs that went out, and the way they went. */
struct asked {
    struct sally_coap_source to;
    uint8_t bytes[SALLY_DATAGRAM_MAX];
    size_t len;
    sally_usec when;
};

static struct asked asked[ASKED_MAX];
static size_t asked_count;

static struct sally_coap_message message_of(const struct asked *a)
{
    struct sally_coap_message m;
    uint16_t mid;

    assert_int_equal(sally_coap_parse((struct sally_span){ a->bytes, a->len },
                                      &m, &mid), SALLY_E_OK);
    return m;
}

static void reply_to(struct local *l, const struct asked *a,
                     enum sally_coap_type type, uint8_t code,
                     const struct list *options, const char *payload)
{
    struct sally_coap_message m = message_of(a);
    uint8_t room[128];
    struct sally_buf out = SALLY_BUF(room);

    m.type = type;
    m.code = code;
    m.mid = type == SALLY_COAP_ACK ? m.mid : ++l->mid;
    m.options = (struct sally_span){ options->bytes, options->out.len };
    m.payload = sally_span_of(payload);
    assert_int_equal(sally_coap_write(&m, &out), SALLY_E_OK);
    sally_coap_server_input(l->server, &a->to, sally_buf_span(&out),
                            l->side->now);
}

static bool has_segment(const struct asked *a, const char *last)
{
    struct sally_coap_message m = message_of(a);
    struct sally_coap_options walk = { m.options, 0 };
    struct sally_coap_option o;
    bool fits = false;

    while (sally_coap_option_next(&walk, &o))
        if (o.number == SALLY_OPTION_URI_PATH)
            fits = sally_span_is(o.value, last);
    return fits;
}

/* Questions that a test answers itself; all others get 4.04, so that they do
 * not stand in the way: a peer is asked one thing at a time.                */
static const char *mine;

/* Keeps what is new of what went out: not what is sent again. */
static void note(struct local *l)
{
    for (size_t i = 0; i < l->out_count; i++) {
        struct asked *a = &asked[asked_count];
        bool again = false;

        if (l->out[i].bytes[1] != SALLY_CODE_GET)
            continue;
        for (size_t k = 0; k < asked_count; k++)
            again |= asked[k].len == l->out[i].len &&
                     memcmp(asked[k].bytes, l->out[i].bytes, asked[k].len) == 0;
        if (again)
            continue;
        assert_true(++asked_count < ASKED_MAX);
        a->to = l->out[i].to;
        a->len = l->out[i].len;
        a->when = l->side->now;
        memcpy(a->bytes, l->out[i].bytes, a->len);
    }
    l->out_count = 0;
}

static void answer_others(struct local *l, size_t from)
{
    for (size_t i = from; i < asked_count; i++)
        if (mine != NULL && !has_segment(&asked[i], mine))
            reply_to(l, &asked[i], SALLY_COAP_ACK, SALLY_CODE_NOT_FOUND,
                     list_new(), "");
}

static void run_until(struct local *l, sally_usec until)
{
    size_t before;

    while (l->armed <= until) {
        if (l->armed > l->side->now)
            l->side->now = l->armed;
        sally_coap_server_expire(l->server, l->side->now);
        do {
            before = asked_count;
            note(l);
            answer_others(l, before);
        } while (l->out_count > 0);
    }
    l->side->now = until;
}

/* The newest question to this address whose path ends so; NULL: none. */
static const struct asked *question(uint8_t address, const char *last_segment)
{
    for (size_t i = asked_count; i-- > 0;) {
        if (asked[i].to.peer.ip[3] == address &&
            has_segment(&asked[i], last_segment))
            return &asked[i];
    }
    return NULL;
}

static int begin(void **state)
{
    asked_count = 0;
    mine = "temp";
    return open_local(state);
}

static void asks_each_in_its_time(void **state)
{
    struct local *l = *state;
    size_t temps = 0, doors = 0;
    sally_usec last = 0;

    mine = "nothing";
    run_until(l, START + 3600 * SALLY_SEC);
    for (size_t i = 0; i < asked_count; i++) {
        struct sally_coap_message m = message_of(&asked[i]);
        uint32_t observe;
        bool observes =
            sally_coap_option_uint(m.options, SALLY_OPTION_OBSERVE, &observe);

        if (asked[i].to.peer.ip[3] != 2)
            continue;
        assert_int_equal(asked[i].to.peer.port, 7000);
        doors += observes;
        temps += !observes;
        if (observes)
            continue;
        if (last != 0)
            assert_in_range(asked[i].when - last, 53 * SALLY_SEC,
                            67 * SALLY_SEC);
        else
            assert_in_range(asked[i].when - START, 0, 10 * SALLY_SEC);
        last = asked[i].when;
    }
    assert_in_range(temps, 57, 64);
    assert_in_range(doors, 11, 14);
    assert_int_equal(side_readings(l->side), 0);
}

static void a_dead_sensor_costs_no_more_with_time(void **state)
{
    struct local *l = *state;
    size_t used;

    mine = NULL;
    run_until(l, START + 600 * SALLY_SEC);
    used = l->packets.used;
    run_until(l, START + 6000 * SALLY_SEC);
    assert_in_range(l->packets.used, 0, used + 4);
    assert_in_range(asked_count, 100, 3 * 130); /* and is asked still */
}

static void an_answer_is_a_reading(void **state)
{
    struct local *l = *state;
    const struct sally_bus_message *last;
    const struct asked *a;

    run_until(l, START + 11 * SALLY_SEC);
    a = question(1, "temp");
    assert_non_null(a);
    reply_to(l, a, SALLY_COAP_ACK, SALLY_CODE_CONTENT, list_new(), "21.5");
    assert_int_equal(side_said(l->side, SALLY_BUS_READINGS, &last), 1);
    assert_int_equal(last->as.readings.sensor, COAP_1);
    reply_to(l, a, SALLY_COAP_CON, SALLY_CODE_CONTENT, list_new(), "21.5");
    assert_int_equal(side_readings(l->side), 1); /* once only */
    run_until(l, START + 100 * SALLY_SEC);
    a = question(1, "temp");
    reply_to(l, a, SALLY_COAP_ACK, SALLY_CODE_NOT_FOUND, list_new(), "22.5");
    assert_int_equal(side_readings(l->side), 1);
}

static void a_value_waits_for_the_store(void **state)
{
    struct local *l = *state;

    run_until(l, START + 11 * SALLY_SEC);
    reply_to(l, question(1, "temp"), SALLY_COAP_ACK, SALLY_CODE_CONTENT,
             list_new(), "21.5");
    side_accept(l->side, SALLY_ACCEPTED_FULL);
    l->side->now += 2 * SALLY_SEC;
    sally_outer_resume(l->side->outer, false, l->side->now);
    assert_int_equal(side_readings(l->side), 2); /* the same one again */
    side_accept(l->side, SALLY_ACCEPTED_STORED);
}

static void notifications_are_readings(void **state)
{
    struct local *l = *state;
    const struct asked *a;

    mine = "door";
    run_until(l, START + 11 * SALLY_SEC);
    a = question(2, "door");
    assert_non_null(a);
    reply_to(l, a, SALLY_COAP_ACK, SALLY_CODE_CONTENT,
             with_uint(list_new(), SALLY_OPTION_OBSERVE, 4), "0");
    for (uint32_t i = 0; i < 3; i++)
        reply_to(l, a, i == 1 ? SALLY_COAP_NON : SALLY_COAP_CON,
                 SALLY_CODE_CONTENT,
                 with_uint(list_new(), SALLY_OPTION_OBSERVE, 5 + i), "1");
    assert_int_equal(side_readings(l->side), 4);
    reply_to(l, a, SALLY_COAP_CON, SALLY_CODE_CONTENT,
             with_uint(list_new(), SALLY_OPTION_OBSERVE, 6), "0");
    assert_int_equal(side_readings(l->side), 4); /* an old one */
}

static void an_address_that_proves_nothing_gives_no_reading(void **state)
{
    struct local *l = *state;

    run_until(l, START + 11 * SALLY_SEC);
    reply_to(l, question(3, "temp"), SALLY_COAP_ACK, SALLY_CODE_CONTENT,
             list_new(), "21.5");
    assert_int_equal(side_readings(l->side), 0);
}

static void nobody_else_answers_for_it(void **state)
{
    struct local *l = *state;
    struct asked a;

    run_until(l, START + 11 * SALLY_SEC);
    a = *question(1, "temp");
    a.to = question(2, "temp")->to;
    reply_to(l, &a, SALLY_COAP_ACK, SALLY_CODE_CONTENT, list_new(), "21.5");
    assert_int_equal(side_readings(l->side), 0);
}

static void a_listener_that_goes_takes_its_questions(void **state)
{
    struct local *l = *state;
    struct asked a;

    run_until(l, START + 11 * SALLY_SEC);
    a = *question(1, "temp");
    sally_coap_server_unlisten(l->server, 0, l->side->now);
    reply_to(l, &a, SALLY_COAP_ACK, SALLY_CODE_CONTENT, list_new(), "21.5");
    assert_int_equal(side_readings(l->side), 0);
    run_until(l, START + 90 * SALLY_SEC);
    assert_true(question(1, "temp")->when > a.when);
    reply_to(l, question(1, "temp"), SALLY_COAP_ACK, SALLY_CODE_CONTENT,
             list_new(), "21.5");
    assert_int_equal(side_readings(l->side), 1);
}

static void a_revoked_sensor_is_not_asked(void **state)
{
    struct local *l = *state;
    const struct sally_config_sensor *sensors = l->side->config.sensors;
    const struct sally_bus_blocked b = { .sensor = COAP_1,
                                         .born = sensors[COAP_1].born,
                                         .blocked = true };

    assert_true(sally_outer_block(l->side->outer, &b));
    run_until(l, START + 120 * SALLY_SEC);
    assert_null(question(1, "temp"));
    assert_non_null(question(2, "temp"));
}

/* What was asked before is not waited for, and all is asked anew. */
static void a_reload_begins_anew(void **state)
{
    struct local *l = *state;
    struct sally_auth_addresses *old = l->addresses;
    struct asked a;

    run_until(l, START + 11 * SALLY_SEC);
    a = *question(1, "temp");
    assert_int_equal(sally_outer_prepare(l->side->outer, &l->side->config),
                     SALLY_E_OK);
    assert_int_equal(sally_auth_addresses_create(
                         &l->addresses, &l->side->config, &l->system,
                         (struct sally_hash_key){ { 0 } }),
                     SALLY_E_OK);
    for (int i = 0; i < 2; i++) /* the first one came to nothing */
        assert_int_equal(sally_coap_server_prepare(l->server, &l->side->config,
                                                   PEERS),
                         SALLY_E_OK);
    sally_coap_server_commit(l->server, l->addresses, l->side->now);
    sally_outer_commit(l->side->outer, l->side->now);
    sally_auth_addresses_wipe(old);
    reply_to(l, &a, SALLY_COAP_ACK, SALLY_CODE_CONTENT, list_new(), "21.5");
    assert_int_equal(side_readings(l->side), 0);
    run_until(l, l->side->now + 11 * SALLY_SEC);
    assert_true(question(1, "temp")->when > a.when);
}

/* --- The resource directory ---------------------------------------------- */

static struct list *rd(const char *first, const char *second)
{
    struct list *o = with_uint(with_path(list_new(), "rd"),
                               SALLY_OPTION_CONTENT_FORMAT, 40);

    o = with(o, SALLY_OPTION_URI_QUERY, first);
    return second == NULL ? o : with(o, SALLY_OPTION_URI_QUERY, second);
}

static void a_sensor_says_where_it_is_and_what_it_has(void **state)
{
    struct local *l = *state;
    struct sally_coap_options walk = { { NULL, 0 }, 0 };
    struct sally_coap_option o;
    const struct asked *a;
    char location[32] = "";

    mine = "nothing";
    run_until(l, START + 11 * SALLY_SEC);
    assert_int_equal(question(1, "door")->to.peer.port, 5683);
    validate(l);
    asked_count = 0;
    say(l, SALLY_CODE_POST, rd("ep=plant-7-c1", "lt=600"),
        "</c1/temp>;ct=0,</other>");
    walk.rest = answered(l, SALLY_CODE_CREATED).options;
    while (sally_coap_option_next(&walk, &o)) {
        assert_int_equal(o.number, SALLY_OPTION_LOCATION_PATH);
        strncat(location, "/", 2);
        strncat(location, (const char *)o.value.at, o.value.len);
    }
    assert_string_equal(location, "/rd/0");
    l->out_count = 0;
    run_until(l, l->side->now + 2 * SALLY_SEC);
    a = question(1, "temp"); /* at once, where it is now */
    assert_non_null(a);
    assert_int_equal(a->to.peer.port, SENSOR_PORT);
    run_until(l, l->side->now + 590 * SALLY_SEC);
    assert_null(question(1, "door")); /* it has none */
    assert_non_null(question(2, "door"));
    run_until(l, l->side->now + 600 * SALLY_SEC);
    assert_non_null(question(1, "door")); /* that was long ago */
    assert_int_equal(question(1, "door")->to.peer.port, 5683);
}

static void a_registration_is_changed_and_ended(void **state)
{
    struct local *l = *state;

    validate(l);
    say(l, SALLY_CODE_POST, at_path("rd/0"), "");
    (void)answered(l, SALLY_CODE_NOT_FOUND);
    say(l, SALLY_CODE_POST, rd("ep=c1", "lt=60"), "");
    (void)answered(l, SALLY_CODE_CREATED);
    l->side->now += 50 * SALLY_SEC;
    say(l, SALLY_CODE_POST, with(at_path("rd/0"), SALLY_OPTION_URI_QUERY,
                                 "lt=100"), "");
    (void)answered(l, SALLY_CODE_CHANGED);
    l->side->now += 90 * SALLY_SEC;
    say(l, SALLY_CODE_POST, at_path("rd/0"), "");
    (void)answered(l, SALLY_CODE_CHANGED);
    say(l, SALLY_CODE_DELETE, at_path("rd/0"), "");
    (void)answered(l, SALLY_CODE_DELETED);
    say(l, SALLY_CODE_DELETE, at_path("rd/0"), "");
    (void)answered(l, SALLY_CODE_NOT_FOUND);
}

static const struct {
    const char *what, *first, *second, *links;
    uint8_t code;
} registrations[] = {
    { "another sensor's name", "ep=c2", NULL, "", SALLY_CODE_FORBIDDEN },
    { "no name", "ep=", NULL, "", SALLY_CODE_FORBIDDEN },
    { "a base elsewhere", "ep=c1", "base=coap://192.0.2.9", "",
      SALLY_CODE_BAD_REQUEST },
    { "a lifetime of nothing", "ep=c1", "lt=0", "", SALLY_CODE_BAD_REQUEST },
    { "a lifetime that is none", "ep=c1", "lt=x", "", SALLY_CODE_BAD_REQUEST },
    { "a lifetime past 32 bits", "ep=c1", "lt=4294967296", "",
      SALLY_CODE_BAD_REQUEST },
    { "links that are none", "ep=c1", NULL, "temp", SALLY_CODE_BAD_REQUEST },
    { "a link without its end", "ep=c1", NULL, "</temp", SALLY_CODE_BAD_REQUEST },
    { "no endpoint at all", "lt=60", NULL, "", SALLY_CODE_FORBIDDEN },
};

static void refuses_what_registers_nobody(void **state)
{
    struct local *l = *state;

    validate(l);
    for (size_t i = 0; i < SALLY_LEN(registrations); i++) {
        say(l, SALLY_CODE_POST,
            rd(registrations[i].first, registrations[i].second),
            registrations[i].links);
        if (heard(l).code != registrations[i].code)
            fail_msg("%s: %u.%02u", registrations[i].what, heard(l).code >> 5,
                     heard(l).code & 31u);
    }
    say(l, SALLY_CODE_POST,
        with(with_uint(at_path("rd"), SALLY_OPTION_CONTENT_FORMAT, 50),
             SALLY_OPTION_URI_QUERY, "ep=c1"), "{}");
    (void)answered(l, SALLY_CODE_UNSUPPORTED_FORMAT);
    run_until(l, START + 30 * SALLY_SEC);
    assert_int_equal(question(1, "temp")->to.peer.port, 5683);
}

/* Whoever speaks in a sensor's name cannot have us ask an address. */
static void who_does_not_hear_us_registers_nothing(void **state)
{
    struct local *l = *state;
    struct sally_span echo;

    say(l, SALLY_CODE_POST, rd("ep=c1", NULL), "</c1/temp>");
    assert_true(sally_coap_option_find(
        answered(l, SALLY_CODE_UNAUTHORIZED).options, SALLY_OPTION_ECHO,
        &echo));
    run_until(l, START + 30 * SALLY_SEC);
    assert_int_equal(question(1, "temp")->to.peer.port, 5683);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, close_local)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(asks_each_in_its_time),
        TEST(a_dead_sensor_costs_no_more_with_time),
        TEST(an_answer_is_a_reading),
        TEST(a_value_waits_for_the_store),
        TEST(notifications_are_readings),
        TEST(an_address_that_proves_nothing_gives_no_reading),
        TEST(nobody_else_answers_for_it),
        TEST(a_listener_that_goes_takes_its_questions),
        TEST(a_revoked_sensor_is_not_asked),
        TEST(a_reload_begins_anew),
        TEST(a_sensor_says_where_it_is_and_what_it_has),
        TEST(a_registration_is_changed_and_ended),
        TEST(refuses_what_registers_nobody),
        TEST(who_does_not_hear_us_registers_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
