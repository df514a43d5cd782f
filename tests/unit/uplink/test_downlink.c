/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_downlink.c - commands through the firewall, confirmed
 * or parked, in order, and none of them open for ever.                      */
#include "unit/uplink/door.h"

static void relay(struct door *d, const char *text)
{
    d->said_count = 0;
    door_ask(d, 0, SALLY_CODE_PUT, "3306/0/5850", text, SALLY_OBSERVE_ABSENT);
}

static void dimmer(struct door *d, const char *text)
{
    d->said_count = 0;
    door_ask(d, 0, SALLY_CODE_PUT, "3306/0/5851", text, SALLY_OBSERVE_ABSENT);
}

static void outcome(struct door *d, uint32_t command, enum sally_outcome result)
{
    const struct sally_bus_outcome o = { command, (uint8_t)result };

    sally_shard_outcome(d->shard, &o, d->now);
    door_settle(d);
}

static uint32_t command_at(const struct door *d, size_t i)
{
    assert_true(i < d->said_count);
    assert_int_equal(d->said[i].type, SALLY_BUS_COMMAND);
    return d->said[i].as.command.command;
}

static void online(struct door *d)
{
    const struct sally_bus_liveness l = { .born = 1, .online = 1 };

    d->said_count = 0;
    sally_shard_liveness(d->shard, &l, d->now);
    door_settle(d);
}

static const struct {
    const char *what;
    enum sally_outcome result;
    uint8_t code;
} outcomes[] = {
    { "done", SALLY_OUTCOME_DONE, SALLY_CODE_CHANGED },
    { "offline", SALLY_OUTCOME_OFFLINE, SALLY_CODE_UNAVAILABLE },
    { "timeout", SALLY_OUTCOME_TIMEOUT, SALLY_CODE_GATEWAY_TIMEOUT },
    { "refused", SALLY_OUTCOME_REFUSED, SALLY_CODE_BAD_GATEWAY },
    { "invalid", SALLY_OUTCOME_INVALID, SALLY_CODE_BAD_REQUEST },
};

static void answers_when_the_sensor_has(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(outcomes); i++) {
        relay(d, "1");
        assert_int_equal(d->said_count, 1);
        assert_int_equal(d->replies, 0);
        assert_int_equal(d->said[0].as.command.sensor, 0);
        outcome(d, command_at(d, 0), outcomes[i].result);
        if (d->replies != 1 || d->code != outcomes[i].code)
            fail_msg("%s: answered %u.%02u", outcomes[i].what,
                     (unsigned)d->code >> 5, (unsigned)d->code & 31);
        outcome(d, command_at(d, 0), SALLY_OUTCOME_DONE); /* unknown by now */
    }
    door_close(d);
}

static void a_command_that_was_done_shows(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));
    const struct sally_path at = sally_path_resource(3306, 0, 5850);
    const struct sally_resources *all =
        &sally_shard_sensor(d->shard, 0)->resources;
    const struct sally_resource *r = sally_resources_find(all, &at);

    (void)state;
    assert_false(r->present);
    relay(d, "1");
    assert_false(r->present);
    outcome(d, command_at(d, 0), SALLY_OUTCOME_DONE);
    assert_true(r->present && sally_resources_value(all, r).is.boolean);
    assert_int_equal(r->time, UTC);
    door_close(d);
}

static void refuses_without_asking_the_sensor(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    dimmer(d, "51");
    assert_int_equal(d->code, SALLY_CODE_FORBIDDEN);
    dimmer(d, "101"); /* outside the object's own range */
    assert_int_equal(d->code, SALLY_CODE_BAD_REQUEST);
    d->outer_away = true;
    relay(d, "1");
    assert_int_equal(d->code, SALLY_CODE_UNAVAILABLE);
    assert_int_equal(d->said_count, 0);
    door_close(d);
}

/* An outer door that dies, or says nothing, leaves no command open. */
static void never_waits_for_ever(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    relay(d, "1");
    sally_shard_orphaned(d->shard, d->now);
    door_settle(d);
    assert_int_equal(d->code, SALLY_CODE_GATEWAY_TIMEOUT);
    for (size_t i = 0; i < 2 * SALLY_COMMANDS_OPEN; i++) {
        relay(d, "1");
        assert_int_equal(d->said_count, 1);
        door_run(d, 5 * SALLY_SEC + SALLY_COMMAND_GRACE);
        assert_int_equal(d->code, SALLY_CODE_GATEWAY_TIMEOUT);
    }
    door_close(d);
}

static void parks_what_the_sensor_is_away_for(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));
    uint32_t first, second;

    (void)state;
    dimmer(d, "10");
    assert_int_equal(d->replies, 0);
    assert_int_equal(d->said_count, 0);
    door_told(d);
    assert_int_equal(d->code, SALLY_CODE_CHANGED);
    first = command_at(d, 0);
    outcome(d, first, SALLY_OUTCOME_OFFLINE);
    dimmer(d, "20");
    door_told(d);
    second = command_at(d, 0);
    outcome(d, second, SALLY_OUTCOME_OFFLINE);

    online(d);
    assert_int_equal(d->said_count, 2);
    assert_int_equal(command_at(d, 0), first);
    assert_int_equal(command_at(d, 1), second);
    outcome(d, first, SALLY_OUTCOME_DONE);
    outcome(d, second, SALLY_OUTCOME_TIMEOUT);
    online(d);
    assert_int_equal(d->said_count, 1);
    assert_int_equal(command_at(d, 0), second);
    outcome(d, second, SALLY_OUTCOME_REFUSED);
    online(d);
    assert_int_equal(d->said_count, 0);
    door_close(d);
}

/* A sensor that nobody sees come and go gets them all the same. */
static void offers_parked_ones_again(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));
    uint32_t number;

    (void)state;
    dimmer(d, "10");
    door_told(d);
    number = command_at(d, 0);
    outcome(d, number, SALLY_OUTCOME_OFFLINE);
    d->said_count = 0;
    door_run(d, SALLY_COMMAND_AGAIN);
    assert_int_equal(d->said_count, 1);
    assert_int_equal(command_at(d, 0), number);
    door_run(d, 5 * SALLY_SEC + SALLY_COMMAND_GRACE); /* lost on its way */
    assert_int_equal(d->said_count, 2);
    door_close(d);
}

static void count_parked(void *owner, const struct sally_bus_command *c)
{
    (void)c;
    (*(unsigned *)owner)++;
}

/* What became of the rule that let a command of 10 in, and whether the command
 * still goes out after a restart.                                           */
static const struct rule_row {
    const char *what;
    size_t rules;
    bool execute;
    double max;
    unsigned goes_out;
} rule_rows[] = {
    { "as it was", 2, false, 50, 1 },
    { "gone", 0, false, 50, 0 },
    { "of a smaller range", 2, false, 9, 0 },
    { "of a range that just reaches", 2, false, 10, 1 },
    { "of another operation", 2, true, 50, 0 },
};

static void one_that_its_rule_refuses_now_is_dropped(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rule_rows); i++) {
        const struct rule_row *row = &rule_rows[i];
        struct door *d = door_open(DOOR_CONFIG(""));
        struct sally_config_profile changed = d->config->profiles[0];
        struct sally_config_down down[2] = { changed.down[0], changed.down[1] };
        unsigned parked = 0;

        dimmer(d, "10");
        door_told(d);
        down[1].execute = row->execute;
        down[1].max = row->max;
        changed.down = down;
        changed.down_count = row->rules;
        d->config->profiles = &changed; /* the only one */
        door_restart(d);
        d->said_count = 0;
        online(d);
        if (d->said_count != row->goes_out)
            fail_msg("a rule %s: %zu went out", row->what, d->said_count);
        assert_int_equal(door_store(d, 0, 1, 20), SALLY_ACCEPTED_STORED);
        sally_store_parked(d->store, UINT32_MAX, count_parked, &parked);
        assert_int_equal(parked, row->goes_out);
        door_close(d);
    }
}

/* In order also after a restart, and under numbers that are told from those of
 * the door before.                                                          */
static void parked_ones_survive_a_restart(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));
    uint32_t first, second, old;

    (void)state;
    dimmer(d, "10");
    door_told(d);
    first = command_at(d, 0);
    dimmer(d, "20");
    door_told(d);
    second = command_at(d, 0);
    relay(d, "1");
    old = command_at(d, 0);
    door_restart(d);
    online(d);
    assert_int_equal(d->said_count, 2);
    assert_int_equal(command_at(d, 0), first);
    assert_int_equal(command_at(d, 1), second);
    relay(d, "0");
    assert_int_not_equal(command_at(d, 0), old);
    outcome(d, old, SALLY_OUTCOME_DONE);
    assert_int_equal(d->replies, 0);
    door_close(d);
}

static void one_sensor_does_not_take_all_places(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    for (size_t i = 0; i < SALLY_COMMANDS_SENSOR; i++) {
        dimmer(d, "10");
        door_told(d);
        assert_int_equal(d->code, SALLY_CODE_CHANGED);
    }
    dimmer(d, "10");
    assert_int_equal(d->code, SALLY_CODE_UNAVAILABLE);
    d->said_count = 0;
    door_ask(d, 1, SALLY_CODE_PUT, "3306/0/5850", "1", SALLY_OBSERVE_ABSENT);
    assert_int_equal(d->said[0].as.command.sensor, 1);
    door_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_when_the_sensor_has),
        cmocka_unit_test(a_command_that_was_done_shows),
        cmocka_unit_test(refuses_without_asking_the_sensor),
        cmocka_unit_test(never_waits_for_ever),
        cmocka_unit_test(parks_what_the_sensor_is_away_for),
        cmocka_unit_test(offers_parked_ones_again),
        cmocka_unit_test(one_that_its_rule_refuses_now_is_dropped),
        cmocka_unit_test(parked_ones_survive_a_restart),
        cmocka_unit_test(one_sensor_does_not_take_all_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
