/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_mapping.c - messages as real device families send
 * them, and what they come to.                                              */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/writer.h"
#include "ingress/mapping.h"
#include "unit/ingress/objects.h"

#define PUTS_MAX 20
#define ALIVE_MAX 3

struct rule {
    const char *from, *to;
    double scale, div, offset; /* 0 for scale and div: 1 */
    const char *unit, *label;
    double range[2]; /* 0, 0: none */
    struct sally_config_pair values[3];
};

/* A sensor "s1" with the alias of the row, one map, one message. */
struct row {
    const char *what, *alias, *pattern, *topic, *payload;
    enum sally_payload_format format;
    struct rule put[PUTS_MAX];
    struct sally_config_alive alive[ALIVE_MAX];
    const char *want; /* readings as "path=text " */
    struct sally_mapping_result result;
};

#define TEXT SALLY_PAYLOAD_TEXT
#define JSON SALLY_PAYLOAD_JSON
#define IS(b) { .type = SALLY_TYPE_BOOLEAN, .is.boolean = b }
#define N(n) { .type = SALLY_TYPE_INTEGER, .is.integer = n }
#define MATCHED { .matched = true }
#define FOREIGN { .matched = false }
#define REFUSED(n, e) { .matched = true, .refused = n, .why = SALLY_E_##e }
#define ABSENT(n) { .matched = true, .absent = n }
#define ONLINE(b) { .matched = true, .tells_liveness = true, .online = b }
#define TEMP { { .from = "", .to = "/3303/0/5700" } }

#define AT_PLACE(n) { .from = "[" #n "]", .to = "/3303/" #n "/5700" }

#define CHIRPSTACK                                                             \
    "{\"deduplicationId\":\"a8f0b3b7-0c2e-4f7e-b9b2-6c1d0d5f1b11\",\"time\":"  \
    "\"2024-11-05T14:22:10.123456+00:00\",\"deviceInfo\":{\"deviceName\":"     \
    "\"fridge-3\",\"devEui\":\"70b3d57ed0061234\"},\"dr\":5,\"fCnt\":481,"     \
    "\"fPort\":2,\"confirmed\":false,\"data\":\"AdsDcgvE\",\"object\":{"       \
    "\"temperature\":4.75,\"humidity\":88.2,\"battery_mv\":3012},\"rxInfo\":"  \
    "[{\"gatewayId\":\"0016c001f153a14c\",\"rssi\":-104,\"snr\":5.2}]}"

static const struct row rows[] = {
    /* device families */
    { "Tasmota SENSOR", "tasmota_4A2F10", "tele/{id}/SENSOR",
      "tele/tasmota_4A2F10/SENSOR",
      "{\"Time\":\"2024-11-05T14:22:10\",\"AM2301\":{\"Temperature\":21.4,"
      "\"Humidity\":47.6,\"DewPoint\":9.8},\"TempUnit\":\"C\"}",
      JSON,
      { { .from = "AM2301.Temperature", .to = "/3303/0/5700", .unit = "Cel" },
        { .from = "AM2301.Humidity", .to = "/3304/0/5700", .unit = "%RH" },
        { .from = "AM2301.DewPoint", .to = "/3303/1/5700", .unit = "Cel",
          .label = "dew point" } },
      { { NULL, false } },
      "/3303/0/5700=21.4 /3304/0/5700=47.6 /3303/1/5700=9.8 "
      "/3303/0/5701=Cel /3304/0/5701=%RH /3303/1/5701=Cel "
      "/3303/1/5750=dew point ", MATCHED },
    { "Tasmota LWT", "tasmota_4A2F10", "tele/{id}/LWT",
      "tele/tasmota_4A2F10/LWT", "Online", TEXT, { { .to = NULL } },
      { { "Online", true }, { "Offline", false } }, "", ONLINE(true) },
    { "Tasmota LWT, offline", "tasmota_4A2F10", "tele/{id}/LWT",
      "tele/tasmota_4A2F10/LWT", "Offline\n", TEXT, { { .to = NULL } },
      { { "Online", true }, { "Offline", false } }, "", ONLINE(false) },
    { "Zigbee2MQTT contact", "", "zigbee2mqtt/{dev...}",
      "zigbee2mqtt/cellar/door",
      "{\"battery\":86,\"contact\":false,\"device_temperature\":19,"
      "\"linkquality\":112,\"voltage\":2985}", JSON,
      { { .from = "contact", .to = "/3200/0/5500",
          .values = { { "false", IS(true) }, { "true", IS(false) } } },
        { .from = "battery", .to = "/3/0/9" },
        { .from = "voltage", .to = "/3/0/7/0" },
        { .from = "linkquality", .to = "/4/0/3" },
        { .from = "device_temperature", .to = "/3303/0/5700", .unit = "Cel" } },
      { { NULL, false } },
      "/3200/0/5500=1 /3/0/9=86 /3/0/7/0=2985 /4/0/3=112 /3303/0/5700=19 "
      "/3303/0/5701=Cel ", MATCHED },
    { "Shelly power: its object has no unit resource", "shellyplug-s-B4C1D2",
      "shellies/{id}/relay/0/power",
      "shellies/shellyplug-s-B4C1D2/relay/0/power", "63.27", TEXT, { { .from = "", .to = "/3305/0/5800", .unit = "W" } },
      { { NULL, false } }, "/3305/0/5800=63.27 ", MATCHED },
    { "Shelly energy in watt-minutes", "", "shellies/{id}/relay/{n}/energy",
      "shellies/s1/relay/0/energy", "183542", TEXT,
      { { .from = "", .to = "/3305/0/5805", .div = 60 } }, { { NULL, false } },
      "/3305/0/5805=3059.0333333333333 ", MATCHED },
    { "ESPHome soil moisture", "greenhouse", "{id}/sensor/soil_moisture/state",
      "greenhouse/sensor/soil_moisture/state", "38.5", TEXT,
      { { .from = "", .to = "/3320/0/5700", .unit = "/100" } },
      { { NULL, false } }, "/3320/0/5700=38.5 /3320/0/5701=/100 ", MATCHED },
    { "ESPHome binary sensor", "greenhouse",
      "{id}/binary_sensor/water_tank_low/state",
      "greenhouse/binary_sensor/water_tank_low/state", "ON", TEXT,
      { { .from = "", .to = "/3200/0/5500",
          .values = { { "ON", IS(true) }, { "OFF", IS(false) } } } },
      { { NULL, false } }, "/3200/0/5500=1 ", MATCHED },
    { "Homie temperature", "boiler-7f", "homie/5/{id}/heater/flow-temperature",
      "homie/5/boiler-7f/heater/flow-temperature", "58.25", TEXT,
      { { .from = "", .to = "/3303/0/5700", .unit = "Cel" } },
      { { NULL, false } }, "/3303/0/5700=58.25 /3303/0/5701=Cel ", MATCHED },
    { "Homie boolean", "boiler-7f", "homie/5/{id}/heater/burner",
      "homie/5/boiler-7f/heater/burner", "true", TEXT,
      { { .from = "", .to = "/3342/0/5500" } }, { { NULL, false } },
      "/3342/0/5500=1 ", MATCHED },
    { "Homie state", "boiler-7f", "homie/5/{id}/$state",
      "homie/5/boiler-7f/$state", "lost", TEXT, { { .to = NULL } },
      { { "ready", true }, { "lost", false }, { "disconnected", false } }, "",
      ONLINE(false) },
    { "ChirpStack uplink", "70b3d57ed0061234",
      "application/{app}/device/{id}/event/up",
      "application/4c9f1b0e-6f0b-4f6a-9d3b-1f6f5a1c2e77/device/"
      "70b3d57ed0061234/event/up", CHIRPSTACK, JSON,
      { { .from = "object.temperature", .to = "/3303/0/5700", .unit = "Cel" },
        { .from = "object.humidity", .to = "/3304/0/5700", .unit = "%RH" },
        { .from = "object.battery_mv", .to = "/3411/0/3", .div = 1000 },
        { .from = "rxInfo[0].rssi", .to = "/4/0/2" } },
      { { NULL, false } },
      "/3303/0/5700=4.75 /3304/0/5700=88.2 /3411/0/3=3.012 /4/0/2=-104 "
      "/3303/0/5701=Cel /3304/0/5701=%RH ", MATCHED },
    { "CoAP resource", "node17", "coap/s/temp", "coap/s/temp", "22.9", TEXT,
      { { .from = "", .to = "/3303/0/5700", .unit = "Cel" } },
      { { NULL, false } }, "/3303/0/5700=22.9 /3303/0/5701=Cel ", MATCHED },
    { "CoAP light", "node17", "coap/s/lux", "coap/s/lux", "412", TEXT,
      { { .from = "", .to = "/3301/0/5700", .unit = "lx" } },
      { { NULL, false } }, "/3301/0/5700=412 /3301/0/5701=lx ", MATCHED },
    { "Modbus registers", "meter1", "modbus/{id}/holding",
      "modbus/meter1/holding",
      "{\"slave\":1,\"function\":3,\"address\":0,"
      "\"values\":[2301,152,3488,4998,65531]}", JSON,
      { { .from = "values[0]", .to = "/3316/0/5700", .div = 10, .unit = "V" },
        { .from = "values[1]", .to = "/3317/0/5700", .div = 100, .unit = "A" },
        { .from = "values[2]", .to = "/3328/0/5700", .div = 10, .unit = "W" },
        { .from = "values[3]", .to = "/3318/0/5700", .div = 100,
          .unit = "Hz" } },
      { { NULL, false } },
      "/3316/0/5700=230.1 /3317/0/5700=1.52 /3328/0/5700=348.8 "
      "/3318/0/5700=49.98 /3316/0/5701=V /3317/0/5701=A /3328/0/5701=W "
      "/3318/0/5701=Hz ", MATCHED },
    /* numbers */
    { "divided, correctly rounded", "", "t", "t", "3", TEXT,
      { { .from = "", .to = "/3303/0/5700", .div = 10 } }, { { NULL, false } },
      "/3303/0/5700=0.3 ", MATCHED },
    { "scale, div, offset in this order", "", "t", "t", "50", TEXT,
      { { .from = "", .to = "/3303/0/5700", .scale = 5, .div = 9,
          .offset = -17.5 } }, { { NULL, false } },
      "/3303/0/5700=10.277777777777779 ", MATCHED },
    { "exponent", "", "t", "t", "2.15e1", TEXT, TEMP, { { NULL, false } },
      "/3303/0/5700=21.5 ", MATCHED },
    { "hexadecimal is no number", "", "t", "t", "0x10", TEXT, TEMP,
      { { NULL, false } }, "", REFUSED(1, MALFORMED) },
    { "NaN", "", "t", "t", "nan", TEXT, TEMP, { { NULL, false } }, "",
      REFUSED(1, MALFORMED) },
    { "infinity", "", "t", "t", "inf", TEXT, TEMP, { { NULL, false } }, "",
      REFUSED(1, MALFORMED) },
    { "larger than any double", "", "t", "t", "1e999", TEXT, TEMP,
      { { NULL, false } }, "", REFUSED(1, OUT_OF_RANGE) },
    { "overflows by scaling", "", "t", "t", "1e300", TEXT,
      { { .from = "", .to = "/3303/0/5700", .scale = 1e300 } },
      { { NULL, false } }, "", REFUSED(1, OUT_OF_RANGE) },
    { "comma for a point", "", "t", "t", "21,5", TEXT, TEMP,
      { { NULL, false } }, "", REFUSED(1, MALFORMED) },
    { "number with a unit behind", "", "t", "t", "21.5 C", TEXT, TEMP,
      { { NULL, false } }, "", REFUSED(1, MALFORMED) },
    { "in range, the ends count", "", "t", "t", "125", TEXT,
      { { .from = "", .to = "/3303/0/5700", .range = { -40, 125 } } },
      { { NULL, false } }, "/3303/0/5700=125 ", MATCHED },
    { "above the range", "", "t", "t", "125.1", TEXT,
      { { .from = "", .to = "/3303/0/5700", .range = { -40, 125 } } },
      { { NULL, false } }, "", REFUSED(1, OUT_OF_RANGE) },
    { "range is of the scaled value", "", "t", "t", "1250", TEXT,
      { { .from = "", .to = "/3303/0/5700", .div = 10,
          .range = { -40, 125 } } },
      { { NULL, false } }, "/3303/0/5700=125 ", MATCHED },
    { "range of the definition", "", "t", "t", "101", TEXT,
      { { .from = "", .to = "/3/0/9" } }, { { NULL, false } }, "",
      REFUSED(1, OUT_OF_RANGE) },
    { "fraction to a whole number", "", "t", "t", "86.5", TEXT,
      { { .from = "", .to = "/3/0/9" } }, { { NULL, false } }, "/3/0/9=87 ",
      MATCHED },
    { "volts to millivolts", "", "t", "t", "1.001", TEXT,
      { { .from = "", .to = "/3/0/7/0", .scale = 1000 } }, { { NULL, false } },
      "/3/0/7/0=1001 ", MATCHED },
    { "large counter stays exact", "", "t", "t", "9007199254740993", TEXT,
      { { .from = "", .to = "/3200/0/5501" } }, { { NULL, false } },
      "/3200/0/5501=9007199254740993 ", MATCHED },
    { "beyond int64", "", "t", "t", "9223372036854775808", TEXT,
      { { .from = "", .to = "/3200/0/5501" } }, { { NULL, false } }, "",
      REFUSED(1, OUT_OF_RANGE) },
    { "negative to unsigned", "", "t", "t", "-1", TEXT,
      { { .from = "", .to = "/3341/0/5529" } }, { { NULL, false } }, "",
      REFUSED(1, OUT_OF_RANGE) },
    { "time", "", "t", "t", "1730816520", TEXT,
      { { .from = "", .to = "/3/0/13" } }, { { NULL, false } },
      "/3/0/13=1730816520 ", MATCHED },
    /* booleans, text, links */
    { "on", "", "t", "t", "On", TEXT, { { .from = "", .to = "/3200/0/5500" } },
      { { NULL, false } }, "/3200/0/5500=1 ", MATCHED },
    { "0", "", "t", "t", "0", TEXT, { { .from = "", .to = "/3200/0/5500" } },
      { { NULL, false } }, "/3200/0/5500=0 ", MATCHED },
    { "JSON 1 as a boolean", "", "t", "t", "1", JSON,
      { { .from = "", .to = "/3200/0/5500" } }, { { NULL, false } },
      "/3200/0/5500=1 ", MATCHED },
    { "2 is no boolean", "", "t", "t", "2", JSON,
      { { .from = "", .to = "/3200/0/5500" } }, { { NULL, false } }, "",
      REFUSED(1, OUT_OF_RANGE) },
    { "yes is no boolean", "", "t", "t", "yes", TEXT,
      { { .from = "", .to = "/3200/0/5500" } }, { { NULL, false } }, "",
      REFUSED(1, MALFORMED) },
    { "JSON boolean is no number", "", "t", "t", "true", JSON, TEMP,
      { { NULL, false } }, "", REFUSED(1, WRONG_TYPE) },
    { "JSON string is no number", "", "t", "t", "\"21.5\"", JSON, TEMP,
      { { NULL, false } }, "", REFUSED(1, WRONG_TYPE) },
    { "text to a string", "", "t", "t", "out of order", TEXT,
      { { .from = "", .to = "/3341/0/5527" } }, { { NULL, false } },
      "/3341/0/5527=out of order ", MATCHED },
    { "JSON number to a string", "", "t", "t", "21.5", JSON,
      { { .from = "", .to = "/3341/0/5527" } }, { { NULL, false } }, "",
      REFUSED(1, WRONG_TYPE) },
    { "base64 to opaque", "", "t", "t", "AQID", TEXT,
      { { .from = "", .to = "/3341/0/5528" } }, { { NULL, false } },
      "/3341/0/5528=AQID ", MATCHED },
    { "object link", "", "t", "t", "3:0", TEXT,
      { { .from = "", .to = "/3341/0/5530" } }, { { NULL, false } },
      "/3341/0/5530=3:0 ", MATCHED },
    /* values */
    { "number among values", "", "t", "t", "21.0", TEXT,
      { { .from = "", .to = "/3200/0/5501", .values = { { "21", N(5) } } } },
      { { NULL, false } }, "/3200/0/5501=5 ", MATCHED },
    { "JSON string among values", "", "t", "t", "{\"s\":\"ON\"}", JSON,
      { { .from = "s", .to = "/3200/0/5500",
          .values = { { "ON", IS(true) }, { "OFF", IS(false) } } } },
      { { NULL, false } }, "/3200/0/5500=1 ", MATCHED },
    { "case counts among values", "", "t", "t", "on", TEXT,
      { { .from = "", .to = "/3200/0/5500",
          .values = { { "ON", IS(true) } } } },
      { { NULL, false } }, "", REFUSED(1, OUT_OF_RANGE) },
    { "number to the right does not match its text", "", "t", "t", "211", TEXT,
      { { .from = "", .to = "/3200/0/5501", .values = { { "21", N(5) } } } },
      { { NULL, false } }, "", REFUSED(1, OUT_OF_RANGE) },
    /* absent, null, broken */
    { "absent field", "", "t", "t", "{\"b\":1}", JSON,
      { { .from = "a", .to = "/3303/0/5700" },
        { .from = "b", .to = "/3303/1/5700" } },
      { { NULL, false } }, "/3303/1/5700=1 ", ABSENT(1) },
    { "null field, others go on", "", "t", "t", "{\"a\":null,\"b\":1}", JSON,
      { { .from = "a", .to = "/3303/0/5700" },
        { .from = "b", .to = "/3303/1/5700" } },
      { { NULL, false } }, "/3303/1/5700=1 ", REFUSED(1, WRONG_TYPE) },
    { "broken JSON counts once", "", "t", "t", "{\"a\":1", JSON,
      { { .from = "a", .to = "/3303/0/5700" },
        { .from = "b", .to = "/3303/1/5700" } },
      { { NULL, false } }, "", REFUSED(1, MALFORMED) },
    { "binary payload", "", "t", "t", "\xff\xfe", TEXT, TEMP,
      { { NULL, false } }, "", REFUSED(1, MALFORMED) },
    { "empty payload", "", "t", "t", "", TEXT, TEMP, { { NULL, false } }, "",
      REFUSED(1, MALFORMED) },
    { "no unit without its reading", "", "t", "t", "{}", JSON,
      { { .from = "a", .to = "/3303/0/5700", .unit = "Cel" } },
      { { NULL, false } }, "", ABSENT(1) },
    { "unknown liveness word", "", "t", "t", "asleep", TEXT,
      { { .to = NULL } }, { { "online", true } }, "", MATCHED },
    { "one map with both", "", "t", "t", "1", TEXT, TEMP, { { "1", true } },
      "/3303/0/5700=1 ", ONLINE(true) },
    { "more than fits a message", "", "t", "t",
      "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]", JSON,
      { { .from = "[0]", .to = "/3303/0/5700", .unit = "Cel" },
        AT_PLACE(1), AT_PLACE(2), AT_PLACE(3), AT_PLACE(4),
        AT_PLACE(5), AT_PLACE(6), AT_PLACE(7), AT_PLACE(8),
        AT_PLACE(9), AT_PLACE(10), AT_PLACE(11), AT_PLACE(12),
        AT_PLACE(13), AT_PLACE(14), AT_PLACE(15), AT_PLACE(16) },
      { { NULL, false } },
      "/3303/0/5700=0 /3303/1/5700=1 /3303/2/5700=2 /3303/3/5700=3 "
      "/3303/4/5700=4 /3303/5/5700=5 /3303/6/5700=6 /3303/7/5700=7 "
      "/3303/8/5700=8 /3303/9/5700=9 /3303/10/5700=10 /3303/11/5700=11 "
      "/3303/12/5700=12 /3303/13/5700=13 /3303/14/5700=14 /3303/15/5700=15 ",
      REFUSED(1, TOO_LARGE) },
    /* topics */
    { "own id", "", "plant/{id}/temp", "plant/s1/temp", "1", TEXT, TEMP,
      { { NULL, false } }, "/3303/0/5700=1 ", MATCHED },
    { "own id although there is an alias", "a", "plant/{id}/temp",
      "plant/s1/temp", "1", TEXT, TEMP, { { NULL, false } },
      "/3303/0/5700=1 ", MATCHED },
    { "neighbour's id", "", "plant/{id}/temp", "plant/s2/temp", "1", TEXT, TEMP,
      { { NULL, false } }, "", FOREIGN },
    { "own id as a prefix", "", "plant/{id}/temp", "plant/s11/temp", "1", TEXT,
      TEMP, { { NULL, false } }, "", FOREIGN },
    { "prefix of the own id", "", "plant/{id}/temp", "plant/s/temp", "1", TEXT,
      TEMP, { { NULL, false } }, "", FOREIGN },
    { "own id in another case", "", "plant/{id}/temp", "plant/S1/temp", "1",
      TEXT, TEMP, { { NULL, false } }, "", FOREIGN },
    { "empty id", "", "plant/{id}/temp", "plant//temp", "1", TEXT, TEMP,
      { { NULL, false } }, "", FOREIGN },
    { "the braces themselves", "", "plant/{id}/temp", "plant/{id}/temp", "1",
      TEXT, TEMP, { { NULL, false } }, "", FOREIGN },
    { "trailing slash", "", "plant/{id}/temp", "plant/s1/temp/", "1", TEXT,
      TEMP, { { NULL, false } }, "", FOREIGN },
    { "leading slash", "", "plant/{id}/temp", "/plant/s1/temp", "1", TEXT, TEMP,
      { { NULL, false } }, "", FOREIGN },
    { "a level more", "", "plant/{id}/temp", "plant/s1/temp/x", "1", TEXT, TEMP,
      { { NULL, false } }, "", FOREIGN },
    { "a level less", "", "plant/{id}/temp", "plant/s1", "1", TEXT, TEMP,
      { { NULL, false } }, "", FOREIGN },
    { "capture of one level", "", "a/{x}/b", "a/anything/b", "1", TEXT, TEMP,
      { { NULL, false } }, "/3303/0/5700=1 ", MATCHED },
    { "capture of an empty level", "", "a/{x}/b", "a//b", "1", TEXT, TEMP,
      { { NULL, false } }, "", FOREIGN },
    { "capture takes no slash", "", "a/{x}/b", "a/c/d/b", "1", TEXT, TEMP,
      { { NULL, false } }, "", FOREIGN },
    { "rest of one level", "", "a/{x...}", "a/b", "1", TEXT, TEMP,
      { { NULL, false } }, "/3303/0/5700=1 ", MATCHED },
    { "rest of none", "", "a/{x...}", "a", "1", TEXT, TEMP, { { NULL, false } },
      "", FOREIGN },
    { "rest of an empty level", "", "a/{x...}", "a/", "1", TEXT, TEMP,
      { { NULL, false } }, "", FOREIGN },
    { "id with dots is the id alone", "", "a/{id...}", "a/s2/x", "1", TEXT,
      TEMP, { { NULL, false } }, "", FOREIGN },
    { "17 levels", "", "{x...}", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
      "1", TEXT, TEMP, { { NULL, false } }, "", FOREIGN },
};

/* What one row needs of a configuration. */
struct fixture {
    struct sally_config config;
    struct sally_config_sensor sensor;
    struct sally_config_profile profile;
    struct sally_config_map map;
    struct sally_config_put put[PUTS_MAX];
};

static size_t count_pairs(const struct rule *r)
{
    size_t n = 0;

    while (n < SALLY_LEN(r->values) && r->values[n].from != NULL)
        n++;
    return n;
}

static void make_put(const struct sally_registry *registry,
                     const struct rule *r, struct sally_config_put *out)
{
    *out = (struct sally_config_put){
        .from = r->from,
        .scale = r->scale == 0 ? 1 : r->scale,
        .div = r->div == 0 ? 1 : r->div,
        .offset = r->offset,
        .unit = r->unit == NULL ? "" : r->unit,
        .label = r->label == NULL ? "" : r->label,
        .has_range = r->range[0] != 0 || r->range[1] != 0,
        .min = r->range[0],
        .max = r->range[1],
        .values = r->values,
        .value_count = count_pairs(r),
    };
    assert_int_equal(sally_path_parse(sally_span_of(r->to), &out->to),
                     SALLY_E_OK);
    out->type = type_at(registry, &out->to);
    assert_int_not_equal(out->type, SALLY_TYPE_NONE);
}

static void make_config(struct fixture *f, const struct row *r)
{
    *f = (struct fixture){ .sensor = { .id = "s1", .alias = r->alias } };
    assert_true(objects_load(&f->config.registry));
    while (f->map.put_count < PUTS_MAX && r->put[f->map.put_count].to != NULL) {
        make_put(&f->config.registry, &r->put[f->map.put_count],
                 &f->put[f->map.put_count]);
        f->map.put_count++;
    }
    while (f->map.alive_count < ALIVE_MAX &&
           r->alive[f->map.alive_count].payload != NULL)
        f->map.alive_count++;
    f->map.topic = r->pattern;
    f->map.format = r->format;
    f->map.put = f->put;
    f->map.alive = r->alive;
    f->profile.maps = &f->map;
    f->profile.map_count = 1;
    f->config.profiles = &f->profile;
    f->config.profile_count = 1;
    f->config.sensors = &f->sensor;
    f->config.sensor_count = 1;
}

/* Readings as the rows write them. */
static void describe(const struct sally_bus_readings *r, char *out, size_t size)
{
    struct sally_buf buf = { (uint8_t *)out, 0, size - 1 };
    struct sally_writer w = sally_writer_into(&buf);
    struct sally_lwm2m_record record;

    for (size_t i = 0; i < r->count; i++) {
        sally_bus_value(&r->value[i], r->bytes, &record);
        sally_path_put(&w, &record.path);
        sally_put_u8(&w, '=');
        (void)!sally_value_put_text(&w, &record.value);
        sally_put_u8(&w, ' ');
    }
    out[buf.len] = '\0';
}

static bool same_result(const struct sally_mapping_result *a,
                        const struct sally_mapping_result *b)
{
    return a->matched == b->matched && a->refused == b->refused &&
           a->absent == b->absent && a->why == b->why &&
           a->tells_liveness == b->tells_liveness && a->online == b->online;
}

static void maps_each_row(void **state)
{
    static struct sally_bus_readings out;
    static struct fixture f;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct sally_mapping_result result;
        struct sally_mapping *m;
        char got[2048];

        make_config(&f, r);
        assert_int_equal(sally_mapping_compile(&m, &f.config), SALLY_E_OK);
        sally_mapping_apply(m, 0, sally_span_of(r->topic),
                            sally_span_of(r->payload), &out, &result);
        describe(&out, got, sizeof(got));
        if (strcmp(got, r->want) != 0)
            fail_msg("%s: \"%s\"", r->what, got);
        if (!same_result(&result, &r->result))
            fail_msg("%s: matched %d, refused %u, absent %u, %s", r->what,
                     result.matched, result.refused, result.absent,
                     sally_err_text(result.why));
        sally_mapping_wipe(m);
        sally_registry_wipe(&f.config.registry);
    }
}

static void every_matching_map_applies(void **state)
{
    static struct sally_bus_readings out;
    static struct fixture f;
    struct sally_config_map maps[3];
    struct sally_mapping_result result;
    struct sally_mapping *m;
    char got[256];

    (void)state;
    make_config(&f, &rows[0]);
    maps[0] = (struct sally_config_map){ .topic = "a/{x}", .put = &f.put[0],
                                         .put_count = 1 };
    maps[1] = (struct sally_config_map){ .topic = "b", .put = &f.put[1],
                                         .put_count = 1 };
    maps[2] = (struct sally_config_map){ .topic = "{x...}", .put = &f.put[1],
                                         .put_count = 1 };
    f.put[0].from = f.put[1].from = "";
    f.profile.maps = maps;
    f.profile.map_count = 3;
    assert_int_equal(sally_mapping_compile(&m, &f.config), SALLY_E_OK);
    sally_mapping_apply(m, 0, sally_span_of("a/b"), sally_span_of("5"), &out,
                        &result);
    describe(&out, got, sizeof(got));
    assert_string_equal(got, "/3303/0/5700=5 /3304/0/5700=5 "
                             "/3303/0/5701=Cel /3304/0/5701=%RH ");
    sally_mapping_apply(m, 1, sally_span_of("a/b"), sally_span_of("5"), &out,
                        &result);
    assert_false(result.matched);
    sally_mapping_wipe(m);
    sally_registry_wipe(&f.config.registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_each_row),
        cmocka_unit_test(every_matching_map_applies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
