/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_shard.c - readings in, ACCEPTED out when they are
 * durable; liveness, times, and the end.                                    */
#include "unit/uplink/door.h"

#include "lwm2m/objects/builtin.h"

static const struct sally_resource *
resource_of(struct door *d, uint32_t sensor, uint16_t object, uint16_t resource)
{
    const struct sally_path at = sally_path_resource(object, 0, resource);
    const struct sally_resource *r = sally_resources_find(
        &sally_shard_sensor(d->shard, sensor)->resources, &at);

    assert_non_null(r);
    return r;
}

static struct sally_lwm2m_value value_of(struct door *d, uint32_t sensor,
                                         const struct sally_resource *r)
{
    return sally_resources_value(
        &sally_shard_sensor(d->shard, sensor)->resources, r);
}

static void accepts_what_is_durable(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));
    struct sally_bus_readings r = door_reading(0, 7, 21.5);

    (void)state;
    sally_shard_readings(d->shard, &r, d->now);
    assert_int_equal(d->said_count, 0);
    assert_false(resource_of(d, 0, 3303, 5700)->present);
    door_stored(d);
    assert_int_equal(d->said_count, 1);
    assert_int_equal(d->said[0].as.accepted.result, SALLY_ACCEPTED_STORED);
    assert_true(resource_of(d, 0, 3303, 5700)->present);
    assert_int_equal(d->sends, 1);
    door_close(d);
}

static void the_same_key_again_is_stored_once(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    assert_int_equal(door_store(d, 0, 7, 20), SALLY_ACCEPTED_STORED);
    assert_int_equal(d->sends, 1);
    assert_int_equal(door_store(d, 0, 7, 20), SALLY_ACCEPTED_STORED);
    assert_int_equal(d->sends, 1);
    door_close(d);
}

static void refuses_what_it_does_not_admit(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    assert_int_equal(door_store(d, 0, 1, 126), SALLY_ACCEPTED_REFUSED);
    assert_int_equal(sally_shard_sensor(d->shard, 0)->refused, 1);
    door_close(d);
}

/* One door may have a new configuration a moment before the other: such a
 * message comes again, or is forgotten over there.                          */
static void turns_back_sensors_of_another_generation(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));
    struct sally_bus_readings r = door_reading(0, 9, 20);

    (void)state;
    assert_int_equal(door_store(d, 2, 2, 20), SALLY_ACCEPTED_FULL);
    assert_int_equal(door_store(d, UINT32_MAX, 3, 20), SALLY_ACCEPTED_FULL);
    r.born = 2;
    d->said_count = 0;
    sally_shard_readings(d->shard, &r, d->now);
    assert_int_equal(d->said_count, 1);
    assert_int_equal(d->said[0].as.accepted.result, SALLY_ACCEPTED_FULL);
    assert_false(resource_of(d, 0, 3303, 5700)->present);
    door_close(d);
}

static const struct {
    const char *what;
    sally_msec_utc said;
    sally_msec_utc want;
} times[] = {
    { "its own time", UTC - 5000, UTC - 5000 },
    { "the same time: a little later", UTC - 5000, UTC - 4999 },
    { "from before: a little later again", UTC - 90000, UTC - 4998 },
    { "from the future: now", INT64_MAX, UTC },
    { "and again", INT64_MAX, UTC + 1 },
    { "before all time", INT64_MIN, UTC + 2 },
};

static void times_rise_and_are_not_from_the_future(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    for (uint32_t i = 0; i < SALLY_LEN(times); i++) {
        struct sally_bus_readings r = door_reading(0, i + 1, 20);

        r.time = times[i].said;
        sally_shard_readings(d->shard, &r, d->now);
        door_stored(d);
        if (resource_of(d, 0, 3303, 5700)->time != times[i].want)
            fail_msg("%s: %lld", times[i].what,
                     (long long)resource_of(d, 0, 3303, 5700)->time - UTC);
    }
    door_close(d);
}

/* Stores a reading that arrived now; returns the time that it got. */
static sally_msec_utc time_given(struct door *d, uint32_t sensor,
                                 uint32_t ticket)
{
    struct sally_bus_readings r = door_reading(sensor, ticket, 20);

    r.time = d->utc;
    sally_shard_readings(d->shard, &r, d->now);
    door_stored(d);
    return resource_of(d, sensor, 3303, 5700)->time;
}

static void times_rise_when_the_clock_is_set_back(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    assert_int_equal(time_given(d, 0, 1), UTC);
    d->utc = UTC - 86400000;
    assert_int_equal(time_given(d, 0, 2), UTC + 1);
    door_restart(d);
    assert_int_equal(time_given(d, 0, 3), UTC + 2);
    assert_int_equal(time_given(d, 1, 4), UTC - 86400000); /* never spoke */
    d->utc = UTC + 5000;
    assert_int_equal(time_given(d, 0, 5), UTC + 5000);
    door_close(d);
}

/* No reading is from 1970, and they keep their distance. */
static void times_go_on_while_the_clock_is_not_set(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));
    sally_msec_utc first;

    (void)state;
    assert_int_equal(time_given(d, 1, 1), UTC);
    d->clock_unset = true;
    d->utc = 7000;
    door_restart(d);
    first = time_given(d, 0, 2);
    assert_in_range(first, UTC, UTC + 10000);
    d->now += 30 * SALLY_SEC;
    assert_int_equal(time_given(d, 0, 3), first + 30000);
    d->clock_unset = false;
    d->utc = UTC + 86400000;
    assert_int_equal(time_given(d, 0, 4), d->utc);
    door_close(d);
}

static void knows_its_values_after_a_restart(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    assert_int_equal(door_store(d, 1, 1, 21), SALLY_ACCEPTED_STORED);
    door_restart(d);
    assert_true(resource_of(d, 1, 3303, 5700)->present);
    assert_false(resource_of(d, 0, 3303, 5700)->present);
    door_close(d);
}

static void tells_how_the_sensor_proved_itself(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));
    struct sally_bus_liveness l = { .sensor = 1,
                                    .born = 1,
                                    .online = 1,
                                    .method = SALLY_AUTH_PASSWORD,
                                    .level = SALLY_ASSURANCE_SECRET,
                                    .time = UTC };
    const struct sally_resource *r;

    (void)state;
    sally_shard_liveness(d->shard, &l, d->now);
    l.level = SALLY_ASSURANCE_WEAK;
    l.born = 2; /* another one, that comes with the next configuration */
    sally_shard_liveness(d->shard, &l, d->now);
    l.sensor = UINT32_MAX; /* nobody */
    sally_shard_liveness(d->shard, &l, d->now);
    r = resource_of(d, 1, SALLY_OBJECT_PROVENANCE, SALLY_PROVENANCE_LEVEL);
    assert_true(sally_span_is(value_of(d, 1, r).is.bytes, "secret"));
    r = resource_of(d, 1, SALLY_OBJECT_PROVENANCE, SALLY_PROVENANCE_LAST_PROOF);
    assert_int_equal(value_of(d, 1, r).is.integer, UTC / 1000);
    door_close(d);
}

static void says_goodbye_for_all_and_tells_once(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    sally_shard_stop(d->shard, d->now);
    assert_int_equal(d->stopped, 0);
    door_run(d, SALLY_SEC);
    assert_int_equal(d->deregisters, 2);
    assert_int_equal(d->stopped, 1);
    door_run(d, 60 * SALLY_SEC);
    assert_int_equal(d->stopped, 1);
    assert_int_equal(d->registers, 2);
    door_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_is_durable),
        cmocka_unit_test(the_same_key_again_is_stored_once),
        cmocka_unit_test(refuses_what_it_does_not_admit),
        cmocka_unit_test(turns_back_sensors_of_another_generation),
        cmocka_unit_test(times_rise_and_are_not_from_the_future),
        cmocka_unit_test(times_rise_when_the_clock_is_set_back),
        cmocka_unit_test(times_go_on_while_the_clock_is_not_set),
        cmocka_unit_test(knows_its_values_after_a_restart),
        cmocka_unit_test(tells_how_the_sensor_proved_itself),
        cmocka_unit_test(says_goodbye_for_all_and_tells_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
