/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_outer.c - nothing that a sensor said is lost between
 * the doors, and nobody is told before it is durable.                       */
#include "unit/ingress/side.h"

/* A sensor's protocol: what it was told. */
struct subject {
    unsigned told;
    uint64_t number;
    enum sally_accepted result;
    bool patient; /* wants it to be offered again */
};

static bool told(void *subject, uint64_t number, enum sally_accepted result,
                 sally_usec now)
{
    struct subject *s = subject;

    (void)now;
    s->told++;
    s->number = number;
    s->result = result;
    return s->patient && result == SALLY_ACCEPTED_FULL;
}

static enum sally_err say(struct side *s, uint32_t sensor, const char *topic,
                          const char *payload, struct subject *subject,
                          uint64_t number, bool *nothing)
{
    uint8_t key[SALLY_INGEST_KEY] = { (uint8_t)number };

    return sally_outer_message(s->outer, sensor, key, sally_span_of(topic),
                               sally_span_of(payload), told, subject, number,
                               nothing, s->now);
}

static void say_temperature(struct side *s, struct subject *subject,
                            uint64_t number)
{
    bool nothing = true;

    assert_int_equal(say(s, MQTT_A, "m/ma/temp", "21.5", subject, number,
                         &nothing),
                     SALLY_E_OK);
    assert_false(nothing);
}

static const struct {
    const char *what, *topic, *payload;
    enum sally_err want;
    bool nothing;
} rows[] = {
    { "a reading", "m/ma/temp", "21.5", SALLY_E_OK, false },
    { "liveness alone", "m/ma/state", "online", SALLY_E_OK, true },
    { "the neighbour's topic", "m/mb/temp", "21.5", SALLY_E_NOT_ALLOWED,
      false },
    { "no topic of anybody", "x", "21.5", SALLY_E_NOT_ALLOWED, false },
    { "no number", "m/ma/temp", "warm", SALLY_E_MALFORMED, true },
};

static void takes_what_is_the_sensors_own(void **state)
{
    struct side *s = side_open();
    struct subject subject = { .told = 0 };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        bool nothing = false;
        size_t before = side_readings(s);
        enum sally_err e = say(s, MQTT_A, rows[i].topic, rows[i].payload,
                               &subject, i, &nothing);

        if (e != rows[i].want && (e == SALLY_E_OK ||
                                  rows[i].want == SALLY_E_OK))
            fail_msg("%s: %s", rows[i].what, sally_err_text(e));
        if (e == SALLY_E_OK && nothing != rows[i].nothing)
            fail_msg("%s: nothing is %d", rows[i].what, nothing);
        if (side_readings(s) - before != (e == SALLY_E_OK && !nothing))
            fail_msg("%s: told the inner door", rows[i].what);
    }
    assert_int_equal(subject.told, 0);
    assert_int_equal(sally_outer_sensor(s->outer, MQTT_A)->unmapped, 2);
    side_close(s);
}

static void tells_once_it_is_durable(void **state)
{
    struct side *s = side_open();
    struct subject subject = { .told = 0 };

    (void)state;
    say_temperature(s, &subject, 7);
    assert_int_equal(side_readings(s), 1);
    assert_int_equal(subject.told, 0);
    side_accept(s, SALLY_ACCEPTED_STORED);
    assert_int_equal(subject.told, 1);
    assert_int_equal(subject.number, 7);
    side_accept(s, SALLY_ACCEPTED_STORED); /* its ticket is unknown by now */
    assert_int_equal(subject.told, 1);
    side_close(s);
}

static void keeps_what_the_inner_door_has_not_stored(void **state)
{
    struct side *s = side_open();
    struct subject subject = { .told = 0 };
    const struct sally_bus_message *last;
    uint32_t ticket;

    (void)state;
    s->inner_away = true;
    say_temperature(s, &subject, 1);
    say_temperature(s, &subject, 2);
    assert_int_equal(side_readings(s), 0);
    s->inner_away = false;
    sally_outer_resume(s->outer, false, s->now);
    assert_int_equal(side_readings(s), 2);
    (void)side_said(s, SALLY_BUS_READINGS, &last);
    assert_int_equal(last->as.readings.key[0], 2); /* in order */
    ticket = last->as.readings.ticket;

    s->said_count = 0; /* that one died */
    sally_outer_resume(s->outer, true, s->now);
    assert_int_equal(side_readings(s), 2);
    (void)side_said(s, SALLY_BUS_READINGS, &last);
    assert_int_equal(last->as.readings.ticket, ticket);
    assert_int_equal(last->as.readings.key[0], 2);
    sally_outer_resume(s->outer, false, s->now);
    assert_int_equal(side_readings(s), 2); /* not without a reason */
    side_close(s);
}

static const struct sally_bus_readings *last_readings(struct side *s)
{
    const struct sally_bus_message *last;

    assert_true(side_said(s, SALLY_BUS_READINGS, &last) > 0);
    return &last->as.readings;
}

static void say_without_key(struct side *s, struct subject *subject)
{
    bool nothing;

    assert_int_equal(sally_outer_message(s->outer, MQTT_A, NULL,
                                         sally_span_of("m/ma/temp"),
                                         sally_span_of("21.5"), told, subject,
                                         1, &nothing, s->now),
                     SALLY_E_OK);
}

/* Only then nobody has to look whether it is known. */
static void a_key_of_our_own_is_new_at_the_first_offer(void **state)
{
    struct side *s = side_open();
    struct subject subject = { .told = 0 };
    uint8_t key[SALLY_INGEST_KEY];

    (void)state;
    say_temperature(s, &subject, 1);
    assert_int_equal(last_readings(s)->first, 0);
    say_without_key(s, &subject);
    assert_int_equal(last_readings(s)->first, 1);
    memcpy(key, last_readings(s)->key, sizeof(key));
    say_without_key(s, &subject);
    assert_memory_not_equal(last_readings(s)->key, key, sizeof(key));
    memcpy(key, last_readings(s)->key, sizeof(key));
    sally_outer_resume(s->outer, true, s->now);
    assert_int_equal(last_readings(s)->first, 0);
    assert_memory_equal(last_readings(s)->key, key, sizeof(key));
    side_close(s);
}

static void asks_again_when_no_answer_comes(void **state)
{
    struct side *s = side_open();
    struct subject subject = { .told = 0 };

    (void)state;
    say_temperature(s, &subject, 1);
    s->now += 20 * SALLY_SEC;
    sally_outer_resume(s->outer, false, s->now);
    assert_int_equal(side_readings(s), 1);
    s->now += 20 * SALLY_SEC;
    sally_outer_resume(s->outer, false, s->now);
    assert_int_equal(side_readings(s), 2);
    side_accept(s, SALLY_ACCEPTED_STORED);
    assert_int_equal(subject.told, 1);
    side_close(s);
}

static void offers_again_what_found_the_store_full(void **state)
{
    struct side *s = side_open();
    struct subject subject = { .patient = true };

    (void)state;
    say_temperature(s, &subject, 1);
    side_accept(s, SALLY_ACCEPTED_FULL);
    sally_outer_resume(s->outer, false, s->now);
    assert_int_equal(side_readings(s), 1);
    s->now += SALLY_SEC;
    sally_outer_resume(s->outer, false, s->now);
    assert_int_equal(side_readings(s), 2);
    side_accept(s, SALLY_ACCEPTED_STORED);
    assert_int_equal(subject.told, 2);
    assert_int_equal(subject.result, SALLY_ACCEPTED_STORED);
    s->now += SALLY_SEC;
    sally_outer_resume(s->outer, false, s->now);
    assert_int_equal(side_readings(s), 2);
    side_close(s);
}

static uint32_t last_ticket(const struct side *s)
{
    const struct sally_bus_message *last;

    assert_true(side_said(s, SALLY_BUS_READINGS, &last) > 0);
    return last->as.readings.ticket;
}

/* Else the old value would be the newest one upstream. */
static void what_comes_after_it_stays_behind_it(void **state)
{
    struct side *s = side_open();
    struct subject first = { .patient = true }, second = { .patient = true };
    struct sally_bus_accepted accepted = { .result = SALLY_ACCEPTED_STORED };
    uint32_t ticket;

    (void)state;
    say_temperature(s, &first, 1);
    ticket = last_ticket(s);
    side_accept(s, SALLY_ACCEPTED_FULL);
    s->now += SALLY_SEC / 2;
    say_temperature(s, &second, 2);
    assert_int_equal(side_readings(s), 1); /* not offered */
    s->now += SALLY_SEC / 2;
    sally_outer_resume(s->outer, false, s->now);
    assert_int_equal(side_readings(s), 3); /* both, in their order */
    assert_int_equal(last_ticket(s), ticket + 1);
    side_accept(s, SALLY_ACCEPTED_STORED);
    accepted.ticket = ticket;
    sally_outer_accepted(s->outer, &accepted, s->now);
    assert_int_equal(first.told, 2);
    assert_int_equal(second.told, 1);
    say_temperature(s, &second, 3); /* nothing waits any more */
    assert_int_equal(side_readings(s), 4);
    side_close(s);
}

static void tells_nobody_who_is_gone(void **state)
{
    struct side *s = side_open();
    struct subject gone = { .patient = true }, other = { .told = 0 };

    (void)state;
    say_temperature(s, &gone, 1);
    sally_outer_forget(s->outer, MQTT_A, &gone);
    side_accept(s, SALLY_ACCEPTED_STORED);
    assert_int_equal(gone.told, 0);
    say_temperature(s, &other, 2);
    sally_outer_forget(s->outer, MQTT_A, &gone);
    side_accept(s, SALLY_ACCEPTED_STORED);
    assert_int_equal(other.told, 1);
    side_close(s);
}

/* A sensor that fills its places leaves room for the others. */
static void says_when_there_is_no_room(void **state)
{
    struct side *s = side_open();
    struct subject subject = { .told = 0 };
    bool nothing;

    (void)state;
    for (unsigned i = 0; i < SALLY_PENDING_SENSOR; i++)
        say_temperature(s, &subject, i);
    assert_int_equal(
        say(s, MQTT_A, "m/ma/temp", "21.5", &subject, 1, &nothing),
        SALLY_E_NO_ROOM);
    assert_false(sally_outer_full(s->outer));
    assert_int_equal(
        say(s, MQTT_B, "m/mb/temp", "21.5", &subject, 1, &nothing),
        SALLY_E_OK);
    side_accept(s, SALLY_ACCEPTED_STORED);
    assert_int_equal(
        say(s, MQTT_A, "m/ma/temp", "21.5", &subject, 1, &nothing),
        SALLY_E_NO_ROOM);
    side_close(s);
}

static void a_new_inner_door_learns_of_each_proof(void **state)
{
    struct side *s = side_open();
    const struct sally_bus_message *last;

    (void)state;
    sally_outer_liveness(s->outer, MQTT_A, true, SALLY_AUTH_PASSWORD,
                         SALLY_ASSURANCE_SECRET, s->now);
    s->utc += 3600000;
    s->said_count = 0;
    sally_outer_resume(s->outer, true, s->now);
    assert_int_equal(side_said(s, SALLY_BUS_LIVENESS, &last), 1);
    assert_true(last->as.liveness.online);
    assert_int_equal(last->as.liveness.level, SALLY_ASSURANCE_SECRET);
    assert_int_equal(last->as.liveness.time, UTC); /* when it was */
    assert_int_equal(sally_outer_sensor(s->outer, MQTT_A)->last_proof, UTC);
    side_close(s);
}

static void tells_later_who_came_and_went(void **state)
{
    struct side *s = side_open();
    const struct sally_bus_message *last;

    (void)state;
    sally_outer_liveness(s->outer, MQTT_A, true, SALLY_AUTH_PASSWORD,
                         SALLY_ASSURANCE_SECRET, s->now);
    s->inner_away = true;
    sally_outer_liveness(s->outer, MQTT_A, false, SALLY_AUTH_PASSWORD,
                         SALLY_ASSURANCE_NONE, s->now);
    s->inner_away = false;
    s->said_count = 0;
    sally_outer_resume(s->outer, false, s->now);
    assert_int_equal(side_said(s, SALLY_BUS_LIVENESS, &last), 1);
    assert_false(last->as.liveness.online);
    sally_outer_resume(s->outer, false, s->now);
    assert_int_equal(side_said(s, SALLY_BUS_LIVENESS, &last), 1);
    side_close(s);
}

static void answers_commands_that_nobody_carries(void **state)
{
    struct side *s = side_open();
    struct sally_bus_command unknown = { .command = 3,
                                         .sensor = 99,
                                         .born = 1 };

    (void)state;
    side_switch(s, 1, MQTT_A, true);
    assert_int_equal(side_outcome(s, 1), SALLY_OUTCOME_OFFLINE);
    side_switch(s, 2, MQTT_A, false); /* no word for it among `values` */
    assert_int_equal(side_outcome(s, 2), SALLY_OUTCOME_INVALID);
    s->said_count = 0;
    sally_outer_command(s->outer, &unknown, s->now);
    assert_int_equal(side_outcome(s, 3), SALLY_OUTCOME_OFFLINE);
    unknown.sensor = MQTT_A;
    unknown.born = 2; /* one that comes with the next configuration */
    s->said_count = 0;
    sally_outer_command(s->outer, &unknown, s->now);
    assert_int_equal(side_outcome(s, 3), SALLY_OUTCOME_OFFLINE);
    unknown.born = 1;
    unknown.down = 9;
    s->said_count = 0;
    sally_outer_command(s->outer, &unknown, s->now);
    assert_int_equal(side_outcome(s, 3), SALLY_OUTCOME_INVALID);
    side_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_the_sensors_own),
        cmocka_unit_test(tells_once_it_is_durable),
        cmocka_unit_test(keeps_what_the_inner_door_has_not_stored),
        cmocka_unit_test(a_key_of_our_own_is_new_at_the_first_offer),
        cmocka_unit_test(asks_again_when_no_answer_comes),
        cmocka_unit_test(offers_again_what_found_the_store_full),
        cmocka_unit_test(what_comes_after_it_stays_behind_it),
        cmocka_unit_test(tells_nobody_who_is_gone),
        cmocka_unit_test(says_when_there_is_no_room),
        cmocka_unit_test(a_new_inner_door_learns_of_each_proof),
        cmocka_unit_test(tells_later_who_came_and_went),
        cmocka_unit_test(answers_commands_that_nobody_carries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
