/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_mqtt_server.c - bytes of sensors in, bytes out, and
 * what either door is told. The verifier here is the test: the password of
 * every user is "right".                                                    */
#include "unit/ingress/mqtt_local.h"

/* --- Who is it ----------------------------------------------------------- */

static const struct {
    const char *what, *user, *password;
} wrong[] = {
    { "wrong password", "ua", "wrong" },
    { "user that does not exist", "nobody", "right" },
    { "no password", "ua", "" },
    { "right password, but the address is asked for too", "both", "right" },
};

/* One answer after one delay, so that guessing tells nothing. */
static void refuses_everybody_alike(void **state)
{
    struct local *l = *state;

    for (size_t i = 0; i < SALLY_LEN(wrong); i++) {
        struct line *line = call(l, i);
        sally_usec asked = l->side->now;

        say_connect(line, "x", wrong[i].user, wrong[i].password, NULL);
        assert_int_equal(line->len, 0);
        run_until(l, asked + 399 * SALLY_MSEC);
        if (line->len != 0 || line->connection == NULL)
            fail_msg("%s: answered early", wrong[i].what);
        run_until(l, asked + 400 * SALLY_MSEC);
        if (line->len != 4 ||
            line->heard[3] != SALLY_MQTT_REFUSED_NOT_AUTHORIZED ||
            line->connection != NULL)
            fail_msg("%s: not refused as the others", wrong[i].what);
    }
    assert_int_equal(l->side->said_count, 0);
}

static void a_right_password_opens(void **state)
{
    struct local *l = *state;
    const struct sally_bus_message *last;

    (void)sensor(l, 0, "x", "ua");
    assert_true(online(l, MQTT_A));
    assert_int_equal(side_said(l->side, SALLY_BUS_LIVENESS, &last), 1);
    assert_int_equal(last->as.liveness.sensor, MQTT_A);
    assert_int_equal(last->as.liveness.level, SALLY_ASSURANCE_SECRET);
}

static void may_go_while_it_is_looked_at(void **state)
{
    struct local *l = *state;
    struct line *line = call(l, 0);

    l->silent = true;
    say_connect(line, "x", "ua", "right", NULL);
    hang_up(line);
    run_verifier(l);
    assert_false(online(l, MQTT_A));
    line = call(l, 1); /* takes the place of the one that went */
    say_connect(line, "x", "ub", "right", NULL);
    run_verifier(l);
    assert_false(online(l, MQTT_A));
    assert_true(online(l, MQTT_B));
}

static void waits_for_a_verdict_in_vain(void **state)
{
    struct local *l = *state;
    struct line *line = call(l, 0);

    l->silent = true;
    say_connect(line, "x", "ua", "right", NULL);
    run_until(l, l->side->now + 60 * SALLY_SEC);
    assert_null(line->connection);
    run_verifier(l);
    assert_false(online(l, MQTT_A));
}

/* --- Readings ------------------------------------------------------------ */

static void acknowledges_what_is_durable(void **state)
{
    struct local *l = *state;
    struct line *line = sensor(l, 0, "x", "ua");

    say_publish(line, "m/ma/temp", "21.5", 5);
    assert_int_equal(line->len, 0);
    assert_int_equal(side_readings(l->side), 1);
    side_accept(l->side, SALLY_ACCEPTED_STORED);
    assert_true(heard_puback(line, 5));
}

static const struct {
    const char *what, *topic, *payload;
} useless[] = {
    { "the neighbour's topic", "m/mb/temp", "21.5" },
    { "its own command", "m/ma/set", "ON" },
    { "no topic of anybody", "x", "21.5" },
    { "no number", "m/ma/temp", "warm" },
    { "liveness", "m/ma/state", "online" },
};

/* MQTT 3.1.1 has no words to refuse it. */
static void acknowledges_and_drops_what_is_of_no_use(void **state)
{
    struct local *l = *state;
    struct line *line = sensor(l, 0, "x", "ua");

    for (uint16_t i = 0; i < SALLY_LEN(useless); i++) {
        say_publish(line, useless[i].topic, useless[i].payload,
                    (uint16_t)(i + 1));
        if (!heard_puback(line, (uint16_t)(i + 1)))
            fail_msg("%s: no PUBACK", useless[i].what);
    }
    assert_int_equal(side_readings(l->side), 0);
    assert_non_null(line->connection);
}

static void waits_for_a_store_that_is_full(void **state)
{
    struct local *l = *state;
    struct line *line = sensor(l, 0, "x", "ua");

    say_publish(line, "m/ma/temp", "21.5", 5);
    side_accept(l->side, SALLY_ACCEPTED_FULL);
    assert_int_equal(line->len, 0);
    l->side->now += SALLY_SEC;
    sally_outer_resume(l->side->outer, false, l->side->now);
    assert_int_equal(side_readings(l->side), 2);
    side_accept(l->side, SALLY_ACCEPTED_STORED);
    assert_true(heard_puback(line, 5));
    say_publish(line, "m/ma/temp", "21.5", 6);
    side_accept(l->side, SALLY_ACCEPTED_REFUSED); /* it would never do */
    assert_true(heard_puback(line, 6));
}

static void may_go_while_a_message_is_under_way(void **state)
{
    struct local *l = *state;
    struct line *line = sensor(l, 0, "x", "ua"), *other;

    say_publish(line, "m/ma/temp", "21.5", 5);
    hang_up(line);
    other = sensor(l, 1, "y", "ub"); /* in the same place of memory */
    other->len = 0;
    side_accept(l->side, SALLY_ACCEPTED_STORED);
    assert_int_equal(other->len, 0);
}

/* All places of one sensor are taken: its connections wait, and go on when
 * answers come.                                                             */
static void stops_and_goes_on_with_the_room(void **state)
{
    struct local *l = *state;
    struct line *line = NULL, *later;
    unsigned said = 0;
    const struct sally_bus_message *last;
    uint32_t first;
    size_t i;

    for (i = 0; said <= SALLY_PENDING_SENSOR; i++) {
        char id[8];

        snprintf(id, sizeof(id), "x%zu", i);
        line = sensor(l, i, id, "ua");
        for (uint16_t k = 1; k <= SALLY_MQTT_RECEIVE_MAX &&
                             said <= SALLY_PENDING_SENSOR;
             k++, said++)
            say_publish(line, "m/ma/temp", "21.5", k);
    }
    later = sensor(l, i, "later", "ua");
    say_publish(later, "m/ma/temp", "21.5", 1);
    assert_int_equal(side_readings(l->side), SALLY_PENDING_SENSOR);
    assert_true(line->paused && later->paused);
    assert_false(sally_outer_full(l->side->outer));
    (void)side_said(l->side, SALLY_BUS_READINGS, &last);
    first = last->as.readings.ticket - SALLY_PENDING_SENSOR + 1;
    sally_outer_accepted(l->side->outer,
                         &(struct sally_bus_accepted){ first, 0 },
                         l->side->now);
    sally_mqtt_server_resume(l->server, l->side->now);
    assert_int_equal(side_readings(l->side), SALLY_PENDING_SENSOR + 1);
    assert_false(line->paused);
    assert_true(later->paused); /* who waited longest was first */
    sally_outer_accepted(l->side->outer,
                         &(struct sally_bus_accepted){ first + 1, 0 },
                         l->side->now);
    sally_mqtt_server_resume(l->server, l->side->now);
    assert_int_equal(side_readings(l->side), SALLY_PENDING_SENSOR + 2);
    assert_false(later->paused);
}

/* --- Commands ------------------------------------------------------------ */

static void sees_its_own_commands_only(void **state)
{
    struct local *l = *state;
    struct line *line = sensor(l, 0, "x", "ua");

    assert_int_equal(say_subscribe(line, "m/ma/set", 1), 1);
    assert_int_equal(say_subscribe(line, "m/mb/set", 1),
                     SALLY_MQTT_SUBACK_FAILURE);
    assert_int_equal(say_subscribe(line, "m/mb/#", 1),
                     SALLY_MQTT_SUBACK_FAILURE);
    /* Wider ones cover its own topic, and show it nothing else. */
    assert_int_equal(say_subscribe(line, "#", 1), 1);
    assert_int_equal(say_subscribe(line, "m/+/set", 1), 1);
    say_publish(sensor(l, 1, "y", "ub"), "m/mb/temp", "21.5", 0);
    line->len = 0;
    side_switch(l->side, 5, MQTT_B, true);
    assert_int_equal(line->len, 0);
    assert_int_equal(side_outcome(l->side, 5), SALLY_OUTCOME_OFFLINE);
}

static void subscribes_the_same_again_and_again(void **state)
{
    struct local *l = *state;
    struct line *line = sensor(l, 0, "x", "ua");

    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(say_subscribe(line, "m/ma/set", i % 2), i % 2);
    assert_int_equal(say_subscribe(line, "m/ma/set", 0), 0);
    line->len = 0;
    side_switch(l->side, 5, MQTT_A, true);
    assert_int_equal(heard_publish(line).qos, 0); /* the newest word */
}

static void a_puback_confirms_a_command(void **state)
{
    struct local *l = *state;
    struct line *line = sensor(l, 0, "x", "ua");
    struct sally_mqtt_publish p;

    (void)say_subscribe(line, "m/ma/set", 1);
    line->len = 0;
    side_switch(l->side, 5, MQTT_A, true);
    p = heard_publish(line);
    assert_true(sally_span_is(p.topic, "m/ma/set"));
    assert_true(sally_span_is(p.payload, "ON"));
    assert_int_equal(p.qos, 1);
    assert_int_equal(l->side->said_count, 0);
    say_puback(line, p.packet_id);
    assert_int_equal(side_outcome(l->side, 5), SALLY_OUTCOME_DONE);
}

static void qos_0_is_done_when_it_is_on_its_way(void **state)
{
    struct local *l = *state;
    struct line *line = sensor(l, 0, "x", "ua");

    (void)say_subscribe(line, "m/ma/set", 0);
    side_switch(l->side, 5, MQTT_A, true);
    assert_int_equal(side_outcome(l->side, 5), SALLY_OUTCOME_DONE);
}

static void a_command_ends_with_its_time_or_connection(void **state)
{
    struct local *l = *state;
    struct line *line = sensor(l, 0, "x", "ua");

    (void)say_subscribe(line, "m/ma/set", 1);
    side_switch(l->side, 5, MQTT_A, true);
    run_until(l, l->side->now + 5 * SALLY_SEC);
    assert_int_equal(side_outcome(l->side, 5), SALLY_OUTCOME_TIMEOUT);
    side_switch(l->side, 6, MQTT_A, true);
    hang_up(line);
    assert_int_equal(side_outcome(l->side, 6), SALLY_OUTCOME_OFFLINE);
}

/* --- Coming and going ---------------------------------------------------- */

static void the_same_client_takes_over(void **state)
{
    struct local *l = *state;
    struct line *old = sensor(l, 0, "x", "ua");

    (void)sensor(l, 1, "x", "ua");
    assert_null(old->connection);
    assert_true(online(l, MQTT_A));
}

static void another_sensor_with_that_client_id_does_not(void **state)
{
    struct local *l = *state;
    struct line *first = sensor(l, 0, "x", "ua");
    struct line *second = sensor(l, 1, "x", "ub");

    assert_non_null(first->connection);
    assert_non_null(second->connection);
    hang_up(first);
    assert_false(online(l, MQTT_A));
    assert_true(online(l, MQTT_B));
}

static void one_sensor_does_not_take_all_places(void **state)
{
    struct local *l = *state;
    size_t open = 0;

    for (size_t i = 0; i < 50; i++) {
        char id[8];

        snprintf(id, sizeof(id), "x%zu", i);
        (void)sensor(l, i, id, "ua");
    }
    for (size_t i = 0; i < 50; i++)
        open += l->lines[i].connection != NULL;
    assert_int_equal(open, 8);
    assert_non_null(l->lines[49].connection);
    assert_null(l->lines[41].connection);
    assert_true(online(l, MQTT_A));
}

static void is_offline_when_the_last_connection_went(void **state)
{
    struct local *l = *state;
    struct line *first = sensor(l, 0, "x", "ua");
    struct line *second = sensor(l, 1, "y", "ua");

    hang_up(first);
    assert_true(online(l, MQTT_A));
    hang_up(second);
    assert_false(online(l, MQTT_A));
}

static void a_will_speaks_for_its_sensor_alone(void **state)
{
    struct local *l = *state;
    struct line *line = call(l, 0);
    const struct sally_bus_message *last;

    say_connect(line, "x", "ua", "right", "m/ma/state");
    (void)sensor(l, 1, "x", "ub");
    l->side->said_count = 0;
    hang_up(line);
    assert_false(online(l, MQTT_A));
    assert_true(side_said(l->side, SALLY_BUS_LIVENESS, &last) >= 1);
    line = call(l, 0);
    say_connect(line, "x", "ua", "right", "m/mb/state");
    hang_up(line);
    assert_true(online(l, MQTT_B));
}

static void breaking_the_protocol_ends_it(void **state)
{
    struct local *l = *state;
    struct line *line = sensor(l, 0, "x", "ua");
    uint8_t again[] = { 0x10, 0 };
    struct sally_buf b = { again, sizeof(again), sizeof(again) };

    input(line, &b);
    assert_null(line->connection);
    assert_false(online(l, MQTT_A));
}

static void closes_the_longest_silent_for_a_newcomer(void **state)
{
    struct local *l = *state;
    static struct line more;

    for (size_t i = 0; i < PLACES; i++)
        assert_non_null(call(l, i)->connection);
    l->silent = true;
    say_connect(&l->lines[0], "id", "ua", "right", NULL); /* waits: stays */
    more = (struct line){ .local = l };
    more.connection =
        sally_mqtt_server_accept(l->server, &more, &from, l->side->now);
    assert_non_null(more.connection);
    assert_non_null(l->lines[0].connection);
    assert_null(l->lines[1].connection);
    assert_non_null(l->lines[2].connection);
    run_until(l, l->side->now + 6 * SALLY_SEC); /* they never spoke */
    assert_null(more.connection);
    assert_non_null(call(l, 1)->connection);
}

static void closes_the_last_of_those_who_wait_for_a_check(void **state)
{
    struct local *l = *state;
    static struct line more;

    l->silent = true;
    for (size_t i = 0; i < PLACES; i++)
        say_connect(call(l, i), "id", "ua", "wrong", NULL);
    more = (struct line){ .local = l };
    more.connection =
        sally_mqtt_server_accept(l->server, &more, &from, l->side->now);
    assert_non_null(more.connection);
    assert_non_null(l->lines[0].connection);
    assert_null(l->lines[PLACES - 1].connection);
}

/* --- Another configuration ------------------------------------------------ */

#define OTHER(name)                                                            \
    name ":$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODg$" HASH "\n"

/* What the role does with a configuration in which `changed` is another sensor,
 * and with this text of a passwords file.                                   */
static void prepare(struct local *l, struct sally_config *next,
                    uint32_t changed, const char *passwords)
{
    char *report = NULL;

    if (load_given(SIDE_CONFIG, NULL, "", next, &report) != 0)
        fail_msg("%s", report);
    free(report);
    next->generation = 2;
    if (changed < next->sensor_count)
        ((struct sally_config_sensor *)next->sensors)[changed].born = 2;
    assert_int_equal(sally_outer_prepare(l->side->outer, next), SALLY_E_OK);
    assert_int_equal(
        sally_mqtt_server_prepare(l->server, next, 2 * PLACES), SALLY_E_OK);
    assert_int_equal(
        sally_passwords_prepare(
            l->passwords, sally_span_of(passwords), "passwords",
            (struct sally_random){ side_random, &l->side->seed }, stderr),
        SALLY_E_OK);
}

static void reload(struct local *l, uint32_t changed, const char *passwords)
{
    struct sally_config *next = &l->configs[l->config_count++];

    prepare(l, next, changed, passwords);
    sally_mqtt_server_commit(l->server, next, l->addresses, l->side->now);
    sally_passwords_commit(l->passwords);
    sally_outer_commit(l->side->outer, l->side->now);
    sally_config_wipe(&l->side->config); /* nothing refers to it any more */
    l->side->config = *next;
}

#define NOBODY_CHANGED UINT32_MAX
#define ALL_GOOD GOOD("ua") GOOD("ub") GOOD("both")

static void a_reload_leaves_who_is_the_same(void **state)
{
    struct local *l = *state;
    struct line *same = sensor(l, 0, "x", "ua");
    struct line *other = sensor(l, 1, "x", "ub");
    struct line *waiting = call(l, 2);
    const struct sally_bus_message *last;
    struct sally_bus_accepted a;

    l->silent = true;
    say_connect(waiting, "y", "ub", "right", NULL);
    assert_int_equal(say_subscribe(same, "m/ma/set", 1), 1);
    say_publish(other, "m/mb/temp", "2", 6);
    say_publish(same, "m/ma/temp", "1", 5);
    reload(l, MQTT_B, ALL_GOOD);
    assert_null(other->connection);
    assert_null(waiting->connection); /* whoever it is, it is not him */
    assert_false(online(l, MQTT_B));
    assert_true(online(l, MQTT_A));
    assert_int_equal(sally_outer_sensor(l->side->outer, MQTT_B)->messages, 0);
    assert_int_equal(sally_outer_sensor(l->side->outer, MQTT_A)->messages, 1);
    /* The reading on its way is acknowledged, commands find their way. */
    (void)side_said(l->side, SALLY_BUS_READINGS, &last);
    assert_int_equal(last->as.readings.sensor, MQTT_A);
    side_accept(l->side, SALLY_ACCEPTED_STORED);
    assert_true(heard_puback(same, 5));
    same->len = 0;
    side_switch(l->side, 9, MQTT_A, true);
    assert_true(sally_span_is(heard_publish(same).payload, "ON"));
    /* That of the one who left is not there any more. */
    a = (struct sally_bus_accepted){ last->as.readings.ticket - 1,
                                     SALLY_ACCEPTED_FULL };
    sally_outer_accepted(l->side->outer, &a, l->side->now);
    l->side->said_count = 0;
    run_until(l, l->side->now + 40 * SALLY_SEC);
    sally_outer_resume(l->side->outer, true, l->side->now);
    assert_int_equal(side_readings(l->side), 0);
    /* The newcomer is told with its own number. */
    l->silent = false;
    other = sensor(l, 3, "x", "ub");
    assert_true(side_said(l->side, SALLY_BUS_LIVENESS, &last) > 0);
    assert_int_equal(last->as.liveness.sensor, MQTT_B);
    assert_int_equal(last->as.liveness.born, 2);
}

static void a_reload_puts_out_old_passwords(void **state)
{
    struct local *l = *state;
    struct line *a = sensor(l, 0, "x", "ua");
    struct line *b = sensor(l, 1, "x", "ub");

    reload(l, NOBODY_CHANGED, OTHER("ua") GOOD("ub"));
    assert_null(a->connection);
    assert_non_null(b->connection);
    assert_false(online(l, MQTT_A));
    (void)sensor(l, 2, "x", "ub"); /* remembered, as before */
    reload(l, NOBODY_CHANGED, "");
    assert_null(b->connection);
    assert_false(online(l, MQTT_B));
}

/* A check that is under way is about the old hash: its answer is nobody's. */
static void a_reload_checks_again_what_waits(void **state)
{
    struct local *l = *state;
    struct line *a = call(l, 0), *b = call(l, 1);
    struct sally_bus_check first, second, third;

    l->silent = true;
    say_connect(a, "x", "ua", "right", NULL);
    say_connect(b, "x", "ub", "right", NULL);
    assert_true(sally_passwords_next(l->passwords, false, &first));
    reload(l, NOBODY_CHANGED, OTHER("ua") GOOD("ub"));
    sally_passwords_checked(l->passwords,
                            &(struct sally_bus_checked){ first.ticket, true },
                            l->side->now);
    assert_int_equal(a->len, 0);
    assert_true(sally_passwords_next(l->passwords, false, &second));
    assert_int_not_equal(second.ticket, first.ticket);
    sally_passwords_checked(l->passwords,
                            &(struct sally_bus_checked){ second.ticket, true },
                            l->side->now);
    assert_int_equal(b->heard[3], SALLY_MQTT_ACCEPTED);
    assert_true(sally_passwords_next(l->passwords, false, &third));
    assert_memory_not_equal(third.salt, first.salt, first.salt_len);
    sally_passwords_checked(l->passwords,
                            &(struct sally_bus_checked){ third.ticket, false },
                            l->side->now);
    sally_mqtt_server_settle(l->server, l->side->now);
    run_until(l, l->side->now + SALLY_SEC);
    assert_int_equal(a->heard[3], SALLY_MQTT_REFUSED_NOT_AUTHORIZED);
}

static void a_reload_that_is_aborted_changes_nothing(void **state)
{
    struct local *l = *state;
    struct line *a = sensor(l, 0, "x", "ua");
    struct sally_config next;

    prepare(l, &next, MQTT_A, "");
    sally_passwords_abort(l->passwords);
    sally_mqtt_server_abort(l->server);
    sally_outer_abort(l->side->outer);
    sally_config_wipe(&next);
    say_publish(a, "m/ma/temp", "1", 5);
    side_accept(l->side, SALLY_ACCEPTED_STORED);
    assert_true(heard_puback(a, 5));
    (void)sensor(l, 1, "x", "ub");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reload_leaves_who_is_the_same),
        TEST(a_reload_puts_out_old_passwords),
        TEST(a_reload_checks_again_what_waits),
        TEST(a_reload_that_is_aborted_changes_nothing),
        TEST(refuses_everybody_alike),
        TEST(a_right_password_opens),
        TEST(may_go_while_it_is_looked_at),
        TEST(waits_for_a_verdict_in_vain),
        TEST(acknowledges_what_is_durable),
        TEST(acknowledges_and_drops_what_is_of_no_use),
        TEST(waits_for_a_store_that_is_full),
        TEST(may_go_while_a_message_is_under_way),
        TEST(stops_and_goes_on_with_the_room),
        TEST(sees_its_own_commands_only),
        TEST(subscribes_the_same_again_and_again),
        TEST(a_puback_confirms_a_command),
        TEST(qos_0_is_done_when_it_is_on_its_way),
        TEST(a_command_ends_with_its_time_or_connection),
        TEST(the_same_client_takes_over),
        TEST(another_sensor_with_that_client_id_does_not),
        TEST(one_sensor_does_not_take_all_places),
        TEST(is_offline_when_the_last_connection_went),
        TEST(a_will_speaks_for_its_sensor_alone),
        TEST(breaking_the_protocol_ends_it),
        TEST(closes_the_longest_silent_for_a_newcomer),
        TEST(closes_the_last_of_those_who_wait_for_a_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
