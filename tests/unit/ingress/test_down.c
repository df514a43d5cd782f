/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_down.c - commands to topics and payloads, and who
 * may subscribe to what.                                                    */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ingress/mapping.h"
#include "unit/ingress/objects.h"

#define IS(b) { .type = SALLY_TYPE_BOOLEAN, .is.boolean = b }
#define N(n) { .type = SALLY_TYPE_INTEGER, .is.integer = n }
#define REAL(n) { .type = SALLY_TYPE_FLOAT, .is.real = n }
#define TEXT(t) { .type = SALLY_TYPE_STRING,                                   \
                  .is.bytes = { (const uint8_t *)(t), sizeof(t) - 1 } }
#define ON_OFF { { "ON", IS(true) }, { "OFF", IS(false) } }

static const struct row {
    const char *what, *on, *topic, *payload;
    struct sally_config_pair values[2];
    double range[2];
    struct sally_lwm2m_value value;
    enum sally_err want;
    const char *to, *said;
} rows[] = {
    { "boolean by values", "/3306/0/5850", "plant/{id}/relay/set", "{value}",
      ON_OFF, { 0, 0 }, IS(true), SALLY_E_OK, "plant/s1/relay/set", "ON" },
    { "the other one", "/3306/0/5850", "plant/{id}/relay/set", "{value}",
      ON_OFF, { 0, 0 }, IS(false), SALLY_E_OK, "plant/s1/relay/set", "OFF" },
    { "boolean without values", "/3306/0/5850", "t", "{value}",
      { { NULL, N(0) } }, { 0, 0 }, IS(true), SALLY_E_OK, "t", "true" },
    { "not among values", "/3306/0/5851", "t", "{value}", { { "low", N(1) } },
      { 0, 0 }, N(2), SALLY_E_OUT_OF_RANGE, "", "" },
    { "whole number", "/3306/0/5851", "t", "{value}", { { NULL, N(0) } },
      { 0, 0 }, N(-42), SALLY_E_OK, "t", "-42" },
    { "in range", "/3306/0/5851", "t", "{value}", { { NULL, N(0) } },
      { 0, 50 }, N(50), SALLY_E_OK, "t", "50" },
    { "outside the range", "/3306/0/5851", "t", "{value}", { { NULL, N(0) } },
      { 0, 50 }, N(51), SALLY_E_OUT_OF_RANGE, "", "" },
    { "Homie set point without a fraction", "/3308/0/5900",
      "homie/5/{id}/heater/setpoint/set", "{value}", { { NULL, N(0) } },
      { 0, 0 }, REAL(55.0), SALLY_E_OK, "homie/5/s1/heater/setpoint/set",
      "55" },
    { "fraction", "/3308/0/5900", "t", "{value}", { { NULL, N(0) } }, { 0, 0 },
      REAL(21.5), SALLY_E_OK, "t", "21.5" },
    { "wrong type", "/3308/0/5900", "t", "{value}", { { NULL, N(0) } },
      { 0, 0 }, TEXT("21"), SALLY_E_WRONG_TYPE, "", "" },
    { "word in JSON", "/3306/0/5850", "t", "{\"state\":\"{value}\"}", ON_OFF,
      { 0, 0 }, IS(true), SALLY_E_OK, "t", "{\"state\":\"ON\"}" },
    { "number in JSON", "/3306/0/5851", "t", "{\"a\":{\"b\":{value}}}",
      { { NULL, N(0) } }, { 0, 0 }, N(7), SALLY_E_OK, "t",
      "{\"a\":{\"b\":7}}" },
    { "boolean in JSON", "/3306/0/5850", "t",
      "{\"on\":{value},\"id\":\"{id}\"}",
      { { NULL, N(0) } }, { 0, 0 }, IS(false), SALLY_E_OK, "t",
      "{\"on\":false,\"id\":\"s1\"}" },
    { "unknown tokens stay", "/3306/0/5851", "t", "{x} {valu} {value} {",
      { { NULL, N(0) } }, { 0, 0 }, N(7), SALLY_E_OK, "t", "{x} {valu} 7 {" },
    { "constant", "/3306/0/5850", "cmnd/{id}/POWER", "TOGGLE",
      { { NULL, N(0) } }, { 0, 0 }, IS(true), SALLY_E_OK, "cmnd/s1/POWER",
      "TOGGLE" },
    { "empty payload", "/3306/0/5850", "t", "", { { NULL, N(0) } }, { 0, 0 },
      IS(true), SALLY_E_OK, "t", "" },
    { "execute with arguments", "/3303/0/5605", "t", "{arguments}",
      { { NULL, N(0) } }, { 0, 0 }, TEXT("0='a',1"), SALLY_E_OK, "t",
      "0='a',1" },
    { "text alone goes as it is", "/3341/0/5527", "t", "{value}",
      { { NULL, N(0) } }, { 0, 0 }, TEXT("a\r\n\"b\""), SALLY_E_OK, "t",
      "a\r\n\"b\"" },
    { "text in quotes cannot end them", "/3341/0/5527", "t",
      "{\"text\":\"say {value}!\",\"x\":1}", { { NULL, N(0) } }, { 0, 0 },
      TEXT("\",\"x\":2,\"\\"), SALLY_E_OK, "t",
      "{\"text\":\"say \\\",\\\"x\\\":2,\\\"\\\\!\",\"x\":1}" },
    { "line end in quotes", "/3341/0/5527", "t", "{\"text\":\"{value}\"}",
      { { NULL, N(0) } }, { 0, 0 }, TEXT("a\r\nb"), SALLY_E_OK, "t",
      "{\"text\":\"a\\u000d\\nb\"}" },
    { "escaped quote of the template", "/3341/0/5527", "t",
      "{\"t\":\"\\\"{value}\\\"\"}", { { NULL, N(0) } }, { 0, 0 }, TEXT("a\"b"),
      SALLY_E_OK, "t", "{\"t\":\"\\\"a\\\"b\\\"\"}" },
    { "bare text in JSON gets quotes", "/3341/0/5527", "t", "{\"t\":{value}}",
      { { NULL, N(0) } }, { 0, 0 }, TEXT("1,\"x\":2"), SALLY_E_OK, "t",
      "{\"t\":\"1,\\\"x\\\":2\"}" },
    { "text in a line of words", "/3341/0/5527", "t", "SAY {value}",
      { { NULL, N(0) } }, { 0, 0 }, TEXT("hello"), SALLY_E_OK, "t",
      "SAY hello" },
    { "line end in a line of words", "/3341/0/5527", "t", "SAY {value}",
      { { NULL, N(0) } }, { 0, 0 }, TEXT("hello\nREBOOT"),
      SALLY_E_OUT_OF_RANGE, "", "" },
    { "tokens in text are text", "/3341/0/5527", "t", "<{value}>",
      { { NULL, N(0) } }, { 0, 0 }, TEXT("{id}{value}"), SALLY_E_OK, "t",
      "<{id}{value}>" },
    { "token first, no JSON", "/3341/0/5527", "t", "{id}: {value}",
      { { NULL, N(0) } }, { 0, 0 }, TEXT("a"), SALLY_E_OK, "t", "s1: a" },
    { "opaque in base64", "/3341/0/5528", "t", "{value}", { { NULL, N(0) } },
      { 0, 0 },
      { .type = SALLY_TYPE_OPAQUE,
        .is.bytes = { (const uint8_t *)"\x01\x02\x03", 3 } },
      SALLY_E_OK, "t", "AQID" },
};

struct fixture {
    struct sally_config config;
    struct sally_config_sensor sensor;
    struct sally_config_profile profile;
    struct sally_config_down down;
    struct sally_mapping *mapping;
};

static void start(struct fixture *f)
{
    *f = (struct fixture){ .sensor = { .id = "s1", .alias = "" } };
    assert_true(objects_load(&f->config.registry));
    f->profile.down = &f->down;
    f->profile.down_count = 1;
    f->config.profiles = &f->profile;
    f->config.profile_count = 1;
    f->config.sensors = &f->sensor;
    f->config.sensor_count = 1;
    assert_int_equal(sally_mapping_compile(&f->mapping, &f->config),
                     SALLY_E_OK);
}

static void stop(struct fixture *f)
{
    sally_mapping_wipe(f->mapping);
    sally_registry_wipe(&f->config.registry);
}

static void use_row(struct fixture *f, const struct row *r)
{
    f->down = (struct sally_config_down){
        .topic = r->topic, .payload = r->payload, .values = r->values,
        .has_range = r->range[0] != 0 || r->range[1] != 0,
        .min = r->range[0], .max = r->range[1],
    };
    while (f->down.value_count < 2 &&
           r->values[f->down.value_count].from != NULL)
        f->down.value_count++;
    assert_int_equal(sally_path_parse(sally_span_of(r->on), &f->down.on),
                     SALLY_E_OK);
    f->down.type = type_at(&f->config.registry, &f->down.on);
    f->down.execute = f->down.type == SALLY_TYPE_NONE;
}

static struct sally_bus_command command_of(const struct fixture *f,
                                           const struct sally_lwm2m_value *v)
{
    struct sally_bus_command c = { .execute = f->down.execute };

    assert_int_equal(
        sally_bus_put_value(&c.value, c.bytes, &c.used, &f->down.on, v),
        SALLY_E_OK);
    return c;
}

static void renders_each_row(void **state)
{
    static struct fixture f;

    (void)state;
    start(&f);
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        uint8_t topic_room[128], payload_room[256];
        struct sally_buf topic = SALLY_BUF(topic_room);
        struct sally_buf payload = SALLY_BUF(payload_room);
        struct sally_bus_command c;
        enum sally_err e;

        use_row(&f, r);
        c = command_of(&f, &r->value);
        e = sally_mapping_render(f.mapping, &c, &topic, &payload);
        if (e != r->want || !sally_span_is(sally_buf_span(&topic), r->to) ||
            !sally_span_is(sally_buf_span(&payload), r->said))
            fail_msg("%s: %s, \"%.*s\" on \"%.*s\"", r->what, sally_err_text(e),
                     (int)payload.len, (const char *)payload_room,
                     (int)topic.len, (const char *)topic_room);
    }
    stop(&f);
}

static void speaks_to_a_sensor_by_its_alias(void **state)
{
    static struct fixture f;
    uint8_t topic_room[64], payload_room[64];
    struct sally_buf topic = SALLY_BUF(topic_room);
    struct sally_buf payload = SALLY_BUF(payload_room);
    struct sally_bus_command c;

    (void)state;
    start(&f);
    f.sensor.alias = "shelly-B4C1";
    use_row(&f, &rows[0]);
    f.down.topic = "shellies/{id}/command";
    c = command_of(&f, &rows[0].value);
    assert_int_equal(sally_mapping_render(f.mapping, &c, &topic, &payload),
                     SALLY_E_OK);
    assert_true(sally_span_is(sally_buf_span(&topic),
                              "shellies/shelly-B4C1/command"));
    assert_true(sally_mapping_may_subscribe(
        f.mapping, 0, sally_span_of("shellies/shelly-B4C1/command")));
    assert_false(sally_mapping_may_subscribe(
        f.mapping, 0, sally_span_of("shellies/s1/command")));
    stop(&f);
}

static void refuses_commands_without_a_rule(void **state)
{
    static struct fixture f;
    uint8_t room[64];
    struct sally_buf topic = SALLY_BUF(room), payload = SALLY_BUF(room);
    struct sally_bus_command c;

    (void)state;
    start(&f);
    use_row(&f, &rows[0]);
    c = command_of(&f, &rows[0].value);
    c.down = 1;
    assert_int_equal(sally_mapping_render(f.mapping, &c, &topic, &payload),
                     SALLY_E_NOT_FOUND);
    c.down = 0;
    c.sensor = 1;
    assert_int_equal(sally_mapping_render(f.mapping, &c, &topic, &payload),
                     SALLY_E_NOT_FOUND);
    c.sensor = 0;
    c.execute = 1;
    assert_int_equal(sally_mapping_render(f.mapping, &c, &topic, &payload),
                     SALLY_E_NOT_ALLOWED);
    stop(&f);
}

static void leaves_the_output_alone_when_it_does_not_fit(void **state)
{
    static struct fixture f;
    uint8_t topic_room[64], payload_room[1];
    struct sally_buf topic = SALLY_BUF(topic_room);
    struct sally_buf payload = SALLY_BUF(payload_room);
    struct sally_bus_command c;

    (void)state;
    start(&f);
    use_row(&f, &rows[0]);
    c = command_of(&f, &rows[0].value);
    assert_int_equal(sally_mapping_render(f.mapping, &c, &topic, &payload),
                     SALLY_E_NO_ROOM);
    assert_int_equal(topic.len + payload.len, 0);
    stop(&f);
}

/* The sensor's one command topic is plant/s1/relay/set. */
static const struct {
    const char *filter;
    bool want;
} filters[] = {
    { "plant/s1/relay/set", true }, { "plant/s1/relay/+", true },
    { "plant/+/relay/set", true },  { "plant/s1/#", true },
    { "#", true },                  { "plant/s2/relay/set", false },
    { "plant/s2/#", false },        { "plant/s1", false },
    { "$SYS/#", false },            { "other/#", false },
    { "plant/{id}/relay/set", false }, { "plant/s1/relay/set/", false },
    { "plant/s1#", false },         { "", false },
};

static void tells_who_may_subscribe(void **state)
{
    static struct fixture f;

    (void)state;
    start(&f);
    use_row(&f, &rows[0]);
    for (size_t i = 0; i < SALLY_LEN(filters); i++)
        if (sally_mapping_may_subscribe(f.mapping, 0,
                                        sally_span_of(filters[i].filter)) !=
            filters[i].want)
            fail_msg("\"%s\"", filters[i].filter);
    assert_false(sally_mapping_may_subscribe(f.mapping, 1, sally_span_of("#")));
    f.profile.down_count = 0;
    assert_false(sally_mapping_may_subscribe(f.mapping, 0, sally_span_of("#")));
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renders_each_row),
        cmocka_unit_test(speaks_to_a_sensor_by_its_alias),
        cmocka_unit_test(refuses_commands_without_a_rule),
        cmocka_unit_test(leaves_the_output_alone_when_it_does_not_fit),
        cmocka_unit_test(tells_who_may_subscribe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
