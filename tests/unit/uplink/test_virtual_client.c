/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_virtual_client.c - what was stored reaches the server
 * in one way or another, and what it refuses does not stop the rest.        */
#include "unit/uplink/door.h"

#include "log/log.h"

/* The linker puts these in the way of the real ones. */
static unsigned wear, warnings;

unsigned __wrap_sally_stack_wear(const struct sally_stack *s);
void __real_sally_log_write(struct sally_log_site *site,
                            enum sally_log_level level, const char *event,
                            const struct sally_log_field *fields);
void __wrap_sally_log_write(struct sally_log_site *site,
                            enum sally_log_level level, const char *event,
                            const struct sally_log_field *fields);

unsigned __wrap_sally_stack_wear(const struct sally_stack *s)
{
    (void)s;
    return wear;
}

void __wrap_sally_log_write(struct sally_log_site *site,
                            enum sally_log_level level, const char *event,
                            const struct sally_log_field *fields)
{
    warnings += strcmp(event, "oscore_keys_worn") == 0;
    __real_sally_log_write(site, level, event, fields);
}

static const struct sally_virtual_client *client(const struct door *d)
{
    return &sally_shard_sensor(d->shard, 0)->clients[0];
}

/* Stores messages with these values, all before any is offered. */
static void store_from(struct door *d, uint32_t first, uint32_t count)
{
    d->said_count = 0;
    for (uint32_t i = first; i < first + count; i++) {
        struct sally_bus_readings r = door_reading(0, i, i);

        sally_shard_readings(d->shard, &r, d->now);
    }
    while (d->said_count < count) {
        struct pollfd p = { sally_store_descriptor(d->store), POLLIN, 0 };

        assert_int_equal(poll(&p, 1, 10000), 1);
        sally_shard_stored(d->shard, d->now);
    }
    assert_int_equal(door_waiting(d, 0), count);
}

static void store_many(struct door *d, uint32_t count)
{
    store_from(d, 1, count);
}

static void sends_in_batches(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    store_many(d, 50);
    door_settle(d);
    assert_int_equal(door_waiting(d, 0), 0);
    assert_in_range(d->sends, 2, 5);
    assert_int_equal((int)d->newest, 50);
    assert_int_equal(client(d)->delivered, d->sends);
    assert_int_equal(client(d)->last_delivered, UTC);
    door_close(d);
}

/* Alone it is offered three times, with an Update in between, then dropped. */
static void what_is_refused_is_found_and_dropped(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    d->poison = 13;
    store_many(d, 20);
    door_settle(d);
    assert_int_equal(door_waiting(d, 0), 20);
    door_run(d, 200 * SALLY_SEC);
    assert_int_equal(door_waiting(d, 0), 0);
    assert_int_equal(client(d)->given_up, 1);
    assert_int_equal((int)d->newest, 20);
    assert_true(d->updates >= 3);
    door_close(d);
}

static void a_busy_server_is_asked_again(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    d->send_code = SALLY_CODE_UNAVAILABLE;
    store_many(d, 3);
    door_run(d, 60 * SALLY_SEC);
    assert_int_equal(door_waiting(d, 0), 3);
    assert_in_range(d->sends, 5, 20);
    d->send_code = SALLY_CODE_CHANGED;
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(door_waiting(d, 0), 0);
    assert_int_equal(client(d)->given_up, 0);
    door_close(d);
}

/* 4.04 to a Send: the server does not know it, but can observe. */
static void a_server_without_send_observes(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    d->send_code = SALLY_CODE_NOT_FOUND;
    store_many(d, 3);
    door_run(d, 20 * SALLY_SEC);
    assert_int_equal(d->sends, 1);
    assert_int_equal(door_waiting(d, 0), 3);
    door_ask(d, 0, SALLY_CODE_GET, "3303/0/5700", "", SALLY_OBSERVE_REGISTER);
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(door_waiting(d, 0), 0);
    door_close(d);
}

static void muted_it_notifies_with_all_that_was_stored(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));
    unsigned before;

    (void)state;
    door_ask(d, 0, SALLY_CODE_PUT, "1/0/23", "1", SALLY_OBSERVE_ABSENT);
    assert_int_equal(d->code, SALLY_CODE_CHANGED);
    store_many(d, 5);
    door_run(d, 20 * SALLY_SEC);
    assert_int_equal(d->sends, 0);
    assert_int_equal(door_waiting(d, 0), 5); /* nobody observes */
    door_ask(d, 0, SALLY_CODE_GET, "3303/0/5700", "", SALLY_OBSERVE_REGISTER);
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(d->records, 5);
    assert_int_equal(door_waiting(d, 0), 0);
    before = d->notified;
    store_many(d, 0);
    assert_int_equal(door_store(d, 0, 99, 42), SALLY_ACCEPTED_STORED);
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(d->notified, before + 1);
    assert_int_equal((int)d->newest, 42);
    assert_int_equal(door_waiting(d, 0), 0);
    door_close(d);
}

/* A server of LwM2M 1.0 is owed what holds now, and Reads give it that. */
static void a_1_0_server_gets_the_latest_only(void **state)
{
    struct door *d = door_open(DOOR_CONFIG("version = \"1.0\"; "));

    (void)state;
    store_many(d, 30);
    door_settle(d);
    assert_int_equal(door_waiting(d, 0), 0);
    assert_int_equal(d->sends, 0);
    door_close(d);
}

/* The newest value is owed also to a server that was away when it came. */
static void the_latest_waits_for_a_server_that_is_away(void **state)
{
    struct door *d = door_open(DOOR_CONFIG("report = \"latest\"; "));

    (void)state;
    sally_shard_stop(d->shard, d->now);
    door_run(d, SALLY_SEC);
    store_many(d, 3);
    door_settle(d);
    assert_int_equal(d->sends, 0);
    door_restart(d);
    assert_int_equal((int)d->newest, 3);
    assert_int_equal(door_waiting(d, 0), 0);
    door_close(d);
}

static void goes_on_after_a_restart(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    d->send_code = SALLY_CODE_UNAVAILABLE;
    store_many(d, 3);
    door_settle(d);
    d->send_code = SALLY_CODE_CHANGED;
    door_restart(d);
    assert_int_equal(door_waiting(d, 0), 0);
    assert_int_equal(d->records, 3);
    door_close(d);
}

/* Once on the way up, and again for the next keys. */
static void worn_keys_are_logged_once(void **state)
{
    static const struct {
        unsigned wear, warnings;
    } steps[] = { { 0, 0 },  { 74, 0 }, { 75, 1 }, { 76, 1 },
                  { 99, 1 }, { 0, 1 },  { 80, 2 } };
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    warnings = 0;
    for (uint32_t i = 0; i < SALLY_LEN(steps); i++) {
        wear = steps[i].wear;
        store_from(d, 1 + i, 1);
        door_settle(d);
        assert_int_equal(door_waiting(d, 0), 0);
        assert_int_equal(warnings, steps[i].warnings);
    }
    wear = 0;
    door_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_in_batches),
        cmocka_unit_test(worn_keys_are_logged_once),
        cmocka_unit_test(what_is_refused_is_found_and_dropped),
        cmocka_unit_test(a_busy_server_is_asked_again),
        cmocka_unit_test(a_server_without_send_observes),
        cmocka_unit_test(muted_it_notifies_with_all_that_was_stored),
        cmocka_unit_test(a_1_0_server_gets_the_latest_only),
        cmocka_unit_test(the_latest_waits_for_a_server_that_is_away),
        cmocka_unit_test(goes_on_after_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
