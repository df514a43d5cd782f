/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_broker_topics.c - whose message it is that came by a
 * broker: each row is a topic there and the sensor that it belongs to.       */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/broker_topics.h"

#define MAP(t)                                                                 \
    {                                                                          \
        .name = "", .topic = (t), .format = SALLY_PAYLOAD_TEXT                 \
    }

static const struct sally_config_map of_id[] = { MAP("plant/{id}/temp") };
static const struct sally_config_map whole[] = { MAP("shed/door") };
static const struct sally_config_map same[] = { MAP("yard/gate") };
static const struct sally_config_map twice[] = { MAP("{x}/{id}/t"),
                                                 MAP("{id}/{x}/t") };

static const struct sally_config_profile profiles[] = {
    { .name = "id", .maps = of_id, .map_count = 1 },
    { .name = "whole", .maps = whole, .map_count = 1 },
    { .name = "same", .maps = same, .map_count = 1 },
    { .name = "twice", .maps = twice, .map_count = 2 },
};

static const struct sally_config_auth behind_a[] = {
    { .method = SALLY_AUTH_BROKER, .username = "a" }
};
static const struct sally_config_auth behind_b[] = {
    { .method = SALLY_AUTH_BROKER, .username = "b" }
};
static const struct sally_config_auth password[] = {
    { .method = SALLY_AUTH_PASSWORD, .username = "a" }
};

#define SENSOR(name, other, proof, rules)                                      \
    {                                                                          \
        .id = (name), .alias = (other), .auth = (proof), .auth_count = 1,      \
        .profile = (rules)                                                     \
    }
static const struct sally_config_sensor sensors[] = {
    SENSOR("boiler", "0x17", behind_a, 0), SENSOR("pump", "", behind_b, 0),
    SENSOR("door", "", behind_a, 1),       SENSOR("own", "", password, 0),
    SENSOR("g1", "", behind_a, 2),         SENSOR("g2", "", behind_a, 2),
    SENSOR("n1", "", behind_a, 3),         SENSOR("n2", "", behind_a, 3),
};
static const struct sally_config_broker brokers[] = { { .name = "a" },
                                                      { .name = "b" } };

static const struct row {
    const char *what, *topic;
    size_t broker;
    uint32_t want;
} rows[] = {
    { "by its id", "plant/boiler/temp", 0, 0 },
    { "by its alias", "plant/0x17/temp", 0, 0 },
    { "its name elsewhere in the topic", "boiler/plant/temp", 0,
      SALLY_BROKER_NOBODY },
    { "a topic that no map covers", "plant/boiler/state", 0,
      SALLY_BROKER_NOBODY },
    { "the other broker's sensor", "plant/pump/temp", 0, SALLY_BROKER_NOBODY },
    { "the same at its own broker", "plant/pump/temp", 1, 1 },
    { "a sensor of our own listener", "plant/own/temp", 0,
      SALLY_BROKER_NOBODY },
    { "nobody's name", "plant/x/temp", 0, SALLY_BROKER_NOBODY },
    { "a whole topic", "shed/door", 0, 2 },
    { "a whole topic at another broker", "shed/door", 1, SALLY_BROKER_NOBODY },
    { "a whole topic of two sensors", "yard/gate", 0, SALLY_BROKER_NOBODY },
    { "two sensors' names", "n1/n2/t", 0, SALLY_BROKER_NOBODY },
    { "one sensor's name twice", "n1/n1/t", 0, 6 },
    { "deeper than any topic", "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", 0,
      SALLY_BROKER_NOBODY },
};

static void finds_each_row(void **state)
{
    const struct sally_config c = { .profiles = profiles,
                                    .profile_count = SALLY_LEN(profiles),
                                    .sensors = sensors,
                                    .sensor_count = SALLY_LEN(sensors),
                                    .brokers = brokers,
                                    .broker_count = SALLY_LEN(brokers) };
    struct sally_hash_key seed = { 0 };
    struct sally_broker_topics *t = NULL;
    struct sally_mapping *m = NULL;

    (void)state;
    assert_int_equal(sally_mapping_compile(&m, &c), SALLY_E_OK);
    assert_int_equal(sally_broker_topics_create(&t, &c, seed), SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        uint32_t got = sally_broker_topics_find(t, m, rows[i].broker,
                                                sally_span_of(rows[i].topic));

        if (got != rows[i].want)
            fail_msg("%s: got: %u", rows[i].what, got);
    }
    assert_int_equal(sally_broker_of(t, 1), 1);
    assert_int_equal(sally_broker_of(t, 3), SALLY_BROKER_NONE);
    assert_int_equal(sally_broker_of(t, 99), SALLY_BROKER_NONE);
    sally_broker_topics_wipe(t);
    sally_mapping_wipe(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(finds_each_row) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
