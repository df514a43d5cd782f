/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_mapping.c - promises of the mapping, for any topic and any
 * payload:
 *   - a reading is of a path, type and range that the rules and the registry
 *     allow, and a real one is finite;
 *   - nothing comes of a topic that is not matched, and what is matched has
 *     the sensor's own name where the rule wants it;
 *   - the same message gives the same readings again;
 *   - a value that came up as text goes down again as a topic and a payload
 *     within their bounds, and inside JSON quotes it stays JSON.
 * The input is a topic, a line feed, and the payload.                       */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "codec/json.h"
#include "ingress/mapping.h"
#include "mqtt/topic.h"
#include "unit/ingress/objects.h"

#define OUT 4096

static const struct sally_config_pair switch_words[] = {
    { "ON", { .type = SALLY_TYPE_BOOLEAN, .is.boolean = true } },
    { "0", { .type = SALLY_TYPE_BOOLEAN, .is.boolean = false } },
};

#define PATH(object, resource) { 3, { object, 0, resource, 0 } }
#define PLAIN .scale = 1, .div = 1, .label = ""

static const struct sally_config_put json_puts[] = {
    { .from = "t", .to = PATH(3303, 5700), .type = SALLY_TYPE_FLOAT, .scale = 9,
      .div = 5, .offset = 32, .has_range = true, .min = -40, .max = 125,
      .unit = "Cel", .label = "a label" },
    { .from = "a.b[1].c:0", .to = PATH(3, 9), .type = SALLY_TYPE_INTEGER, PLAIN,
      .unit = "" },
    { .from = "s", .to = PATH(3200, 5500), .type = SALLY_TYPE_BOOLEAN, PLAIN,
      .unit = "", .values = switch_words, .value_count = 2 },
    { .from = "b", .to = PATH(3342, 5500), .type = SALLY_TYPE_BOOLEAN, PLAIN,
      .unit = "" },
    { .from = "x", .to = PATH(3341, 5527), .type = SALLY_TYPE_STRING, PLAIN,
      .unit = "" },
    { .from = "o", .to = PATH(3341, 5528), .type = SALLY_TYPE_OPAQUE, PLAIN,
      .unit = "" },
    { .from = "u", .to = PATH(3341, 5529), .type = SALLY_TYPE_UNSIGNED, PLAIN,
      .unit = "" },
    { .from = "l", .to = PATH(3341, 5530), .type = SALLY_TYPE_OBJLNK, PLAIN,
      .unit = "" },
};

static const struct sally_config_put text_puts[] = {
    { .from = "", .to = PATH(3304, 5700), .type = SALLY_TYPE_FLOAT, .scale = 1,
      .div = 10, .unit = "%RH", .label = "" },
    { .from = "", .to = PATH(3341, 5527), .type = SALLY_TYPE_STRING, PLAIN,
      .unit = "" },
};

#define FLOAT_AT(selector)                                                     \
    { .from = selector, .to = PATH(3303, 5700), .type = SALLY_TYPE_FLOAT,      \
      PLAIN, .has_range = true, .min = -40, .max = 125, .unit = "Cel" }
#define WHOLE_AT(selector)                                                     \
    { .from = selector, .to = PATH(3341, 5529), .type = SALLY_TYPE_UNSIGNED,   \
      PLAIN, .unit = "" }
#define TEXT_AT(selector)                                                      \
    { .from = selector, .to = PATH(3341, 5527), .type = SALLY_TYPE_STRING,     \
      PLAIN, .unit = "" }

static const struct sally_config_put csv_puts[] = { FLOAT_AT("0"),
                                                    TEXT_AT("1"),
                                                    WHOLE_AT("12") };
static const struct sally_config_put bin_puts[] = {
    FLOAT_AT("0:f32sw"), FLOAT_AT("1:i24le"), WHOLE_AT("2:u64be.3-61"),
    WHOLE_AT("8:u8"),
};

static const struct sally_config_put when_puts[] = {
    { .from = "0:u16be", .to = PATH(3303, 5700), .type = SALLY_TYPE_FLOAT,
      .as_bits = 16, .scale = 1, .div = 10, .has_range = true, .min = -40,
      .max = 125, .unit = "", .label = "" },
};
static const struct sally_config_put time_puts[] = {
    { .from = "", .to = PATH(3, 13), .type = SALLY_TYPE_TIME, PLAIN,
      .unit = "" },
};
static const struct sally_config_put line_puts[] = {
    FLOAT_AT("t"), WHOLE_AT("m n"), TEXT_AT("@r"), TEXT_AT("x"),
};

static const struct sally_config_put lpp_puts[] = {
    FLOAT_AT("1:temperature"), FLOAT_AT("2:gps.altitude"),
    WHOLE_AT("3:generic"),
};

static const struct sally_config_alive words[] = { { "online", true },
                                                   { "offline", false } };

static const struct sally_config_when conditions[] = { { "f", "3" } };
static const char *const exceptions[] = { "p/+/json/#", "+/+/json/no" };

static const struct sally_config_map maps[] = {
    { .topic = "p/{id}/json/{rest...}", .format = SALLY_PAYLOAD_JSON,
      .put = bin_puts, .put_count = SALLY_LEN(bin_puts), .except = exceptions,
      .except_count = SALLY_LEN(exceptions) },
    { .topic = "p/{id}/when", .format = SALLY_PAYLOAD_BIN, .put = when_puts,
      .put_count = SALLY_LEN(when_puts), .wrap = SALLY_WRAP_HEX,
      .extract = "data", .when = conditions, .when_count = 1 },
    { .topic = "p/{id}/time", .format = SALLY_PAYLOAD_TEXT, .put = time_puts,
      .put_count = SALLY_LEN(time_puts) },
    { .topic = "p/{id}/json", .format = SALLY_PAYLOAD_JSON, .put = json_puts,
      .put_count = SALLY_LEN(json_puts) },
    { .topic = "p/{id}/form", .format = SALLY_PAYLOAD_FORM, .put = json_puts,
      .put_count = SALLY_LEN(json_puts) },
    { .topic = "p/{id}/csv", .format = SALLY_PAYLOAD_CSV, .sep = ";",
      .put = csv_puts, .put_count = SALLY_LEN(csv_puts) },
    { .topic = "p/{id}/bin", .format = SALLY_PAYLOAD_BIN, .put = bin_puts,
      .put_count = SALLY_LEN(bin_puts) },
    { .topic = "p/{id}/base64", .format = SALLY_PAYLOAD_BIN, .put = bin_puts,
      .put_count = SALLY_LEN(bin_puts), .wrap = SALLY_WRAP_BASE64,
      .extract = "data" },
    { .topic = "p/{id}/hex", .format = SALLY_PAYLOAD_BIN, .put = bin_puts,
      .put_count = SALLY_LEN(bin_puts), .wrap = SALLY_WRAP_HEX,
      .extract = "" },
    { .topic = "p/{id}/senml", .format = SALLY_PAYLOAD_SENML,
      .put = json_puts, .put_count = SALLY_LEN(json_puts) },
    { .topic = "p/{id}/cbor", .format = SALLY_PAYLOAD_CBOR, .put = json_puts,
      .put_count = SALLY_LEN(json_puts) },
    { .topic = "p/{id}/line", .format = SALLY_PAYLOAD_LINE,
      .put = line_puts, .put_count = SALLY_LEN(line_puts) },
    { .topic = "p/{id}/lpp", .format = SALLY_PAYLOAD_LPP, .put = lpp_puts,
      .put_count = SALLY_LEN(lpp_puts) },
    { .topic = "p/{id}/sparkplug", .format = SALLY_PAYLOAD_SPARKPLUG,
      .put = json_puts, .put_count = SALLY_LEN(json_puts) },
    { .topic = "p/{id}/{n}", .format = SALLY_PAYLOAD_TEXT, .put = text_puts,
      .put_count = SALLY_LEN(text_puts) },
    { .topic = "p/{id}/l/{rest...}", .alive = words, .alive_count = 2 },
};

static const struct sally_config_down down[] = {
    { .on = PATH(3341, 5527), .type = SALLY_TYPE_STRING, .topic = "p/{id}/set",
      .payload = "{\"v\":\"<{value}>\",\"w\":{value}}" },
};

static const struct sally_config_profile profile = {
    .maps = maps, .map_count = SALLY_LEN(maps),
    .down = down, .down_count = SALLY_LEN(down),
};
static const struct sally_config_sensor sensor = { .id = "s1", .alias = "al" };

static struct sally_config config;
static struct sally_mapping *mapping;

static void start(void)
{
    if (!objects_load(&config.registry))
        abort();
    config.profiles = &profile;
    config.profile_count = 1;
    config.sensors = &sensor;
    config.sensor_count = 1;
    if (sally_mapping_compile(&mapping, &config) != SALLY_E_OK)
        abort();
}

static void check_reading(const struct sally_lwm2m_record *r)
{
    struct sally_lwm2m_value same;

    if (sally_registry_admit(&config.registry, &r->path, &r->value, &same) !=
            SALLY_E_OK ||
        !sally_value_equal(&r->value, &same))
        abort();
    if (r->value.type == SALLY_TYPE_FLOAT && !isfinite(r->value.is.real))
        abort();
    if (r->path.id[0] == 3303 && r->path.id[2] == 5700 &&
        (r->value.is.real < -40 || r->value.is.real > 125))
        abort();
}

/* What came up as text goes down again. */
static void check_command(const struct sally_lwm2m_record *r)
{
    static uint8_t topic_room[OUT], payload_room[8 * OUT];
    struct sally_buf topic = SALLY_BUF(topic_room);
    struct sally_buf payload = SALLY_BUF(payload_room);
    struct sally_bus_command c = { .sensor = 0 };
    struct sally_json tree, member;
    struct sally_span text;

    if (sally_bus_put_value(&c.value, c.bytes, &c.used, &r->path, &r->value) !=
            SALLY_E_OK ||
        sally_mapping_render(mapping, &c, &topic, &payload) != SALLY_E_OK ||
        !sally_span_is(sally_buf_span(&topic), "p/al/set") ||
        sally_json_parse(sally_buf_span(&payload), payload.len, &tree) !=
            SALLY_E_OK)
        abort();
    if (sally_json_count(tree) != 2 || !sally_json_member(tree, "w", &member) ||
        !sally_json_string(member, &text) ||
        !sally_span_equal(text, r->value.is.bytes))
        abort();
    sally_json_free(&tree);
}

static void check_readings(const struct sally_bus_readings *out)
{
    struct sally_lwm2m_record r;

    if (out->count > SALLY_BUS_VALUES || out->used > SALLY_BUS_BYTES)
        abort();
    for (size_t i = 0; i < out->count; i++) {
        sally_bus_value(&out->value[i], out->bytes, &r);
        check_reading(&r);
        if (r.path.id[2] == 5527)
            check_command(&r);
    }
}

static void check_topic(struct sally_span topic, bool matched)
{
    if (matched && !sally_span_starts(topic, sally_span_of("p/s1/")) &&
        !sally_span_starts(topic, sally_span_of("p/al/")))
        abort();
    if (sally_mqtt_filter_ok(topic) &&
        sally_mapping_may_subscribe(mapping, 0, topic) !=
            sally_topic_matches(topic, sally_span_of("p/al/set")))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sally_bus_readings out, again;
    struct sally_span in = { data, size };
    struct sally_cursor c = sally_cursor_over(in);
    struct sally_mapping_result result, twice;
    struct sally_span topic;

    if (mapping == NULL)
        start();
    topic = sally_take_until(&c, '\n');
    memset(&out, 0, sizeof(out));
    memset(&again, 0, sizeof(again));
    sally_mapping_apply(mapping, 0, topic, c.rest, &out, &result);
    sally_mapping_apply(mapping, 0, topic, c.rest, &again, &twice);
    if (memcmp(&out, &again, sizeof(out)) != 0 ||
        result.refused != twice.refused)
        abort();
    if (!result.matched && (out.count != 0 || result.refused != 0 ||
                            result.tells_liveness))
        abort();
    if ((result.refused == 0) != (result.why == SALLY_E_OK))
        abort();
    check_readings(&out);
    check_topic(topic, result.matched);
    return 0;
}
