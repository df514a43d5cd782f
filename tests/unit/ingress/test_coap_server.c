/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_coap_server.c - datagrams of sensors, neighbours and
 * strangers in, answers out.                                                */
#include "unit/ingress/coap_local.h"

static const struct request reading = {
    "192.0.2.1", 40000, SALLY_COAP_CON, SALLY_CODE_PUT, "temp", "21.5", 0
};

static const struct {
    const char *what;
    struct request q;
    uint8_t code;
} rows[] = {
    { "a stranger", { "192.0.2.9", 1, SALLY_COAP_CON, SALLY_CODE_PUT, "temp",
                      "21.5", 0 }, SALLY_CODE_UNAUTHORIZED },
    { "an address without the password", { "192.0.2.3", 1, SALLY_COAP_CON,
                                           SALLY_CODE_PUT, "temp", "21.5", 0 },
      SALLY_CODE_UNAUTHORIZED },
    { "a path of nobody", { "192.0.2.1", 1, SALLY_COAP_CON, SALLY_CODE_PUT,
                            "humidity", "21.5", 0 }, SALLY_CODE_FORBIDDEN },
    { "no path", { "192.0.2.1", 1, SALLY_COAP_CON, SALLY_CODE_PUT, "", "21.5",
                   0 }, SALLY_CODE_NOT_FOUND },
    { "GET", { "192.0.2.1", 1, SALLY_COAP_CON, SALLY_CODE_GET, "temp", "", 0 },
      SALLY_CODE_METHOD_NOT_ALLOWED },
    { "DELETE", { "192.0.2.1", 1, SALLY_COAP_CON, SALLY_CODE_DELETE, "temp",
                  "", 0 }, SALLY_CODE_METHOD_NOT_ALLOWED },
    { "Proxy-Uri", { "192.0.2.1", 1, SALLY_COAP_CON, SALLY_CODE_PUT, "temp",
                     "21.5", SALLY_OPTION_PROXY_URI },
      SALLY_CODE_NO_PROXYING },
    { "a critical option that nobody knows",
      { "192.0.2.1", 1, SALLY_COAP_CON, SALLY_CODE_PUT, "temp", "21.5", 9 },
      SALLY_CODE_BAD_OPTION },
    { "If-Match", { "192.0.2.1", 1, SALLY_COAP_CON, SALLY_CODE_PUT, "temp",
                    "21.5", 1 }, SALLY_CODE_PRECONDITION_FAILED },
    { "no number", { "192.0.2.1", 1, SALLY_COAP_CON, SALLY_CODE_PUT, "temp",
                     "warm", 0 }, 0 },
};

static void refuses_with_the_protocols_own_words(void **state)
{
    struct local *l = *state;

    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        size_t asked = ask(l, &rows[i].q);
        struct sally_coap_message m = heard(l);

        if (rows[i].code != 0 ? m.code != rows[i].code
                              : sally_coap_class(m.code) != 4)
            fail_msg("%s: %u.%02u", rows[i].what, (unsigned)m.code >> 5,
                     (unsigned)m.code & 31);
        assert_true(sally_span_is(m.token, "tok"));
        if (l->out[0].len > asked)
            fail_msg("%s: answered with more than it said", rows[i].what);
    }
    assert_int_equal(side_readings(l->side), 0);
}

static void strangers_get_no_answer_to_what_is_no_request(void **state)
{
    static const uint8_t empty[] = { 0x40, 0, 0, 1 };
    static const uint8_t answer[] = { 0x60, 0x44, 0, 1 };
    static const uint8_t noise[] = { 0xff, 0xff };
    static const struct sally_span all[] = { { empty, sizeof(empty) },
                                             { answer, sizeof(answer) },
                                             { noise, sizeof(noise) },
                                             { NULL, 0 } };
    struct local *l = *state;
    struct sally_coap_source from = source_at("192.0.2.9", 5683);

    for (size_t i = 0; i < SALLY_LEN(all); i++)
        sally_coap_server_input(l->server, &from, all[i], l->side->now);
    assert_int_equal(l->out_count, 0);
}

static void answers_when_it_is_durable(void **state)
{
    struct local *l = *state;
    struct sally_coap_message m;

    ask(l, &reading);
    assert_int_equal(l->out_count, 0);
    assert_int_equal(side_readings(l->side), 1);
    ask_as(l, &reading, l->mid, 2); /* sent again: no second one */
    assert_int_equal(side_readings(l->side), 1);
    assert_int_equal(l->out_count, 0);
    side_accept(l->side, SALLY_ACCEPTED_STORED);
    m = heard(l);
    assert_int_equal(m.code, SALLY_CODE_CHANGED);
    assert_int_equal(m.type, SALLY_COAP_ACK);
    assert_int_equal(m.mid, l->mid);
    assert_true(l->out[0].to.peer.port == 40000);
    ask_as(l, &reading, l->mid, 2); /* its answer was lost */
    assert_int_equal(heard(l).code, SALLY_CODE_CHANGED);
    assert_int_equal(side_readings(l->side), 1);
}

static void acknowledges_early_what_takes_long(void **state)
{
    struct local *l = *state;
    struct sally_coap_message m;

    ask(l, &reading);
    l->side->now = l->armed;
    sally_coap_server_expire(l->server, l->side->now);
    m = heard(l);
    assert_int_equal(m.code, SALLY_CODE_EMPTY);
    assert_int_equal(m.type, SALLY_COAP_ACK);
    l->out_count = 0;
    side_accept(l->side, SALLY_ACCEPTED_STORED);
    m = heard(l);
    assert_int_equal(m.code, SALLY_CODE_CHANGED);
    assert_int_equal(m.type, SALLY_COAP_CON);
}

static void says_when_to_come_again(void **state)
{
    struct local *l = *state;
    uint32_t seconds = 0;

    ask(l, &reading);
    side_accept(l->side, SALLY_ACCEPTED_FULL);
    assert_int_equal(heard(l).code, SALLY_CODE_UNAVAILABLE);
    assert_true(sally_coap_option_uint(heard(l).options, SALLY_OPTION_MAX_AGE,
                                       &seconds));
    assert_in_range(seconds, 1, 60);
    l->side->now += 60 * SALLY_SEC;
    sally_outer_resume(l->side->outer, false, l->side->now);
    assert_int_equal(side_readings(l->side), 1); /* the sensor comes again */
}

static void says_what_the_inner_door_refused(void **state)
{
    struct local *l = *state;

    ask(l, &reading);
    side_accept(l->side, SALLY_ACCEPTED_REFUSED);
    assert_int_equal(heard(l).code, SALLY_CODE_UNPROCESSABLE);
    ask(l, &reading);
    side_accept(l->side, SALLY_ACCEPTED_FAILED);
    assert_int_equal(heard(l).code, SALLY_CODE_UNAVAILABLE);
}

/* The same address on another link has to prove itself again, and is answered
 * there.                                                                    */
static void another_interface_proves_itself_again(void **state)
{
    struct local *l = *state;
    const struct sally_bus_message *last;
    struct request q = reading;

    q.from = "192.0.2.2"; /* whose entry names no interface */
    ask_as(l, &q, 7, 2);
    assert_int_equal(side_said(l->side, SALLY_BUS_LIVENESS, &last), 1);
    ask_as(l, &q, 8, 3);
    assert_int_equal(side_said(l->side, SALLY_BUS_LIVENESS, &last), 2);
    side_accept(l->side, SALLY_ACCEPTED_STORED);
    assert_int_equal(l->out_count, 1);
    assert_int_equal(l->out[0].to.interface, 3);
}

/* Its entry names an interface that it does not speak from any more. */
static void what_is_not_proved_any_more_is_refused(void **state)
{
    struct local *l = *state;

    ask(l, &reading);
    l->here = false;
    ask(l, &reading);
    assert_int_equal(l->out_count, 0); /* proved a moment ago */
    l->side->now += 61 * SALLY_SEC;
    ask(l, &reading);
    assert_int_equal(heard(l).code, SALLY_CODE_UNAUTHORIZED);
    assert_int_equal(side_readings(l->side), 2);
}

static void makes_room_by_who_was_silent_longest(void **state)
{
    struct local *l = *state;
    struct request q = reading;

    for (uint16_t i = 0; i <= PEERS; i++) {
        q.port = (uint16_t)(40000 + i);
        ask_as(l, &q, 1, 2);
    }
    assert_int_equal(side_readings(l->side), PEERS + 1);
    l->out_count = 0;
    for (size_t i = 0; i < l->side->said_count; i++) {
        const struct sally_bus_accepted a = {
            l->side->said[i].as.readings.ticket, SALLY_ACCEPTED_STORED
        };

        if (l->side->said[i].type == SALLY_BUS_READINGS)
            sally_outer_accepted(l->side->outer, &a, l->side->now);
    }
    assert_int_equal(l->out_count, PEERS); /* the first is not there any more */
    assert_int_equal(l->out[0].to.peer.port, 40001);
}

/* Once a minute of talk, so that what waits for it at the inner door comes. */
static void a_sensor_that_talks_is_online_again_and_again(void **state)
{
    struct local *l = *state;
    const struct sally_bus_message *last;

    ask(l, &reading);
    ask(l, &reading);
    assert_int_equal(side_said(l->side, SALLY_BUS_LIVENESS, &last), 1);
    assert_int_equal(last->as.liveness.level, SALLY_ASSURANCE_WEAK);
    l->side->now += 61 * SALLY_SEC;
    ask(l, &reading);
    assert_int_equal(side_said(l->side, SALLY_BUS_LIVENESS, &last), 2);
}

/* --- Commands ------------------------------------------------------------ */

/* `source` answers the command that went out last. */
static void reply_as(struct local *l, const struct sally_coap_source *source,
                     uint8_t code)
{
    struct sally_coap_message m = heard(l);
    uint8_t room[64];
    struct sally_buf out = SALLY_BUF(room);

    m.type = SALLY_COAP_ACK;
    m.code = code;
    m.options = m.payload = (struct sally_span){ NULL, 0 };
    assert_int_equal(sally_coap_write(&m, &out), SALLY_E_OK);
    sally_coap_server_input(l->server, source, sally_buf_span(&out),
                            l->side->now);
}

static void reply(struct local *l, const char *from, uint32_t interface,
                  uint8_t code)
{
    struct sally_coap_source source = source_at(from, 5683);

    source.interface = interface;
    reply_as(l, &source, code);
}

static void brings_commands_to_an_address_not_heard_before(void **state)
{
    struct local *l = *state;
    struct sally_coap_message m;
    struct sally_span path;

    side_switch(l->side, 5, COAP_1, true);
    m = heard(l);
    assert_int_equal(m.code, SALLY_CODE_PUT);
    assert_int_equal(m.type, SALLY_COAP_CON);
    assert_true(sally_coap_option_find(m.options, SALLY_OPTION_URI_PATH,
                                       &path));
    assert_true(sally_span_is(path, "relay"));
    assert_true(sally_span_is(m.payload, "true"));
    assert_int_equal(l->out[0].to.peer.port, 5683);
    assert_int_equal(l->side->said_count, 0);
    reply(l, "192.0.2.1", 2, SALLY_CODE_CHANGED);
    assert_int_equal(side_outcome(l->side, 5), SALLY_OUTCOME_DONE);

    side_switch(l->side, 6, COAP_1, true);
    reply(l, "192.0.2.1", 2, SALLY_CODE_NOT_FOUND);
    assert_int_equal(side_outcome(l->side, 6), SALLY_OUTCOME_REFUSED);
}

static void hear_through(struct local *l, uint32_t listener)
{
    uint8_t room[256];
    size_t len = write_request(&reading, ++l->mid, room, sizeof(room));
    struct sally_coap_source from = source_at(reading.from, reading.port);

    from.listener = listener;
    sally_coap_server_input(l->server, &from,
                            (struct sally_span){ room, len }, l->side->now);
}

/* Through which listener a command to the sensor goes out; it is answered. */
static uint32_t command_through(struct local *l, uint32_t number)
{
    struct sally_coap_source to;

    l->out_count = 0;
    side_switch(l->side, number, COAP_1, true);
    assert_int_equal(l->out_count, 1);
    to = l->out[0].to;
    reply_as(l, &to, SALLY_CODE_CHANGED);
    assert_int_equal(side_outcome(l->side, number), SALLY_OUTCOME_DONE);
    return to.listener;
}

/* It was heard at several places: the last one counts, and when that is gone
 * the one before.                                                           */
static void brings_commands_where_it_was_heard_last(void **state)
{
    struct local *l = *state;

    hear_through(l, 1);
    hear_through(l, 2);
    hear_through(l, 3);
    assert_int_equal(command_through(l, 1), 3);
    hear_through(l, 1);
    assert_int_equal(command_through(l, 2), 1);
    sally_coap_server_unlisten(l->server, 2, l->side->now);
    sally_coap_server_unlisten(l->server, 1, l->side->now);
    assert_int_equal(command_through(l, 3), 3);
    hear_through(l, 2);
    assert_int_equal(command_through(l, 4), 2);
    sally_coap_server_unlisten(l->server, 3, l->side->now);
    sally_coap_server_unlisten(l->server, 2, l->side->now);
    assert_int_equal(command_through(l, 5), 0); /* as configured */
}

static void executes_by_post(void **state)
{
    struct local *l = *state;
    const struct sally_lwm2m_value v = sally_value_string("0='a'");

    side_command(l->side, 5, COAP_1, 1, true, &v);
    assert_int_equal(heard(l).code, SALLY_CODE_POST);
    assert_true(sally_span_is(heard(l).payload, "0='a'"));
}

/* Its address alone proves nothing: it may answer, but not say anything. */
static void who_must_prove_more_may_only_answer(void **state)
{
    struct local *l = *state;
    struct request q = reading;

    side_switch(l->side, 5, BOTH, true);
    q.from = "192.0.2.3";
    q.port = 5683;
    reply(l, "192.0.2.3", 2, SALLY_CODE_CHANGED);
    assert_int_equal(side_outcome(l->side, 5), SALLY_OUTCOME_DONE);
    ask(l, &q);
    assert_int_equal(heard(l).code, SALLY_CODE_UNAUTHORIZED);
    assert_int_equal(side_readings(l->side), 0);
}

/* A neighbour cannot answer for the sensor. */
static void nobody_else_answers(void **state)
{
    struct local *l = *state;

    side_switch(l->side, 5, COAP_1, true);
    reply(l, "192.0.2.2", 2, SALLY_CODE_CHANGED);
    for (size_t i = 0; i < l->side->said_count; i++)
        assert_int_not_equal(l->side->said[i].type, SALLY_BUS_OUTCOME);
}

static void gives_a_command_up_in_time(void **state)
{
    struct local *l = *state;
    sally_usec until = l->side->now + 5 * SALLY_SEC;

    side_switch(l->side, 5, COAP_1, true);
    while (l->armed < until) {
        l->side->now = l->armed;
        sally_coap_server_expire(l->server, l->side->now);
        assert_int_equal(l->side->said_count, 0);
    }
    l->side->now = until;
    sally_coap_server_expire(l->server, until);
    assert_int_equal(side_outcome(l->side, 5), SALLY_OUTCOME_TIMEOUT);
    reply(l, "192.0.2.1", 2, SALLY_CODE_CHANGED);
    assert_int_equal(side_outcome(l->side, 5), SALLY_OUTCOME_TIMEOUT);
}

static void an_mqtt_sensor_is_not_reached_by_coap(void **state)
{
    struct local *l = *state;

    side_switch(l->side, 5, MQTT_A, true);
    assert_int_equal(l->out_count, 0);
    assert_int_equal(side_outcome(l->side, 5), SALLY_OUTCOME_OFFLINE);
}

static void without_a_listener_nobody_is_there(void **state)
{
    struct local *l = *state;

    l->deaf = true;
    side_switch(l->side, 5, COAP_1, true);
    assert_int_equal(l->out_count, 0);
    assert_int_equal(side_outcome(l->side, 5), SALLY_OUTCOME_OFFLINE);
}

/* Its interface is another one now, and so is the way to it. */
static void forgets_who_spoke_to_a_listener_that_is_gone(void **state)
{
    struct local *l = *state;
    struct request q = reading;

    ask(l, &q);
    assert_int_equal(side_readings(l->side), 1);
    sally_coap_server_unlisten(l->server, 7, l->side->now);
    l->deaf = true;
    side_switch(l->side, 5, COAP_1, true); /* heard, so it is reached */
    reply(l, "192.0.2.1", 2, SALLY_CODE_CHANGED);
    assert_int_equal(side_outcome(l->side, 5), SALLY_OUTCOME_DONE);
    sally_coap_server_unlisten(l->server, 0, l->side->now);
    side_switch(l->side, 6, COAP_1, true);
    assert_int_equal(side_outcome(l->side, 6), SALLY_OUTCOME_OFFLINE);
    ask(l, &q);
    assert_int_equal(side_readings(l->side), 1);
}

/* Another configuration, in which c1 is another sensor. */
static void a_reload_forgets_who_is_another_sensor(void **state)
{
    struct local *l = *state;
    struct request second = reading;
    struct sally_config *next = calloc(1, sizeof(*next));
    struct sally_auth_addresses *old = l->addresses;
    char *report = NULL;

    second.from = "192.0.2.2";
    ask(l, &reading);
    ask(l, &second);
    assert_int_equal(load_given(SIDE_CONFIG, NULL, "", next, &report), 0);
    free(report);
    ((struct sally_config_sensor *)next->sensors)[COAP_1].born = 2;
    assert_int_equal(sally_outer_prepare(l->side->outer, next), SALLY_E_OK);
    assert_int_equal(sally_auth_addresses_create(
                         &l->addresses, next, &l->system,
                         (struct sally_hash_key){ { 0 } }),
                     SALLY_E_OK);
    assert_int_equal(sally_coap_server_prepare(l->server, next, 2 * PEERS), SALLY_E_OK);
    sally_coap_server_commit(l->server, l->addresses, l->side->now);
    sally_outer_commit(l->side->outer, l->side->now);
    sally_auth_addresses_wipe(old);
    sally_config_wipe(&l->side->config);
    l->out_count = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct sally_bus_accepted a = { (uint32_t)i + 1,
                                              SALLY_ACCEPTED_STORED };

        sally_outer_accepted(l->side->outer, &a, l->side->now);
    }
    assert_int_equal(l->out_count, 1); /* of the one that is the same */
    assert_int_equal(l->out[0].to.peer.ip[3], 2);
    ask_as(l, &second, l->mid, 2); /* what it said before is known */
    assert_int_equal(side_readings(l->side), 2);
    ask(l, &reading); /* the other one is welcome, too */
    assert_int_equal(side_readings(l->side), 3);
    l->side->config = *next;
    l->next = next;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_local, close_local)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reload_forgets_who_is_another_sensor),
        TEST(refuses_with_the_protocols_own_words),
        TEST(strangers_get_no_answer_to_what_is_no_request),
        TEST(answers_when_it_is_durable),
        TEST(acknowledges_early_what_takes_long),
        TEST(says_when_to_come_again),
        TEST(says_what_the_inner_door_refused),
        TEST(another_interface_proves_itself_again),
        TEST(what_is_not_proved_any_more_is_refused),
        TEST(makes_room_by_who_was_silent_longest),
        TEST(a_sensor_that_talks_is_online_again_and_again),
        TEST(brings_commands_to_an_address_not_heard_before),
        TEST(brings_commands_where_it_was_heard_last),
        TEST(executes_by_post),
        TEST(who_must_prove_more_may_only_answer),
        TEST(nobody_else_answers),
        TEST(gives_a_command_up_in_time),
        TEST(an_mqtt_sensor_is_not_reached_by_coap),
        TEST(without_a_listener_nobody_is_there),
        TEST(forgets_who_spoke_to_a_listener_that_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
