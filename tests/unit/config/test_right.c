/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/config/test_right.c - what is accepted, and what it becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "unit/config/given.h"

/* The contract's example, without what this version does not do. */
static const char example[] =
    "gateway = {\n"
    "  name = \"plant-7\";\n"
    "  state_dir = \"/var/lib/sallyport\";\n"
    "  max_sensors = 1000;  memory_limit_mb = 64;\n"
    "  spool = { max_mb = 64; max_age = \"7d\"; on_full = \"oldest\"; "
    "per_sensor = 10000; commit_ms = 10; };\n"
    "  log = { level = \"info\"; format = \"logfmt\"; target = \"stderr\"; };\n"
    "  console = { socket = \"/run/sallyport/control.sock\"; };\n"
    "};\n"
    "local = {\n"
    "  coap = ( { interface = \"br-lan\"; port = 5683; } );\n"
    "  mqtt = ( { interface = \"br-lan\"; port = 1883; } );\n"
    "  min_assurance = \"secret\";\n"
    "};\n"
    "servers = (\n"
    "  { name = \"cloud\"; uri = \"coaps://lwm2m.example.com:5684\"; "
    "short_server_id = 123; version = \"1.1\";\n"
    "    reach = \"auto\"; report = \"auto\"; }\n"
    ");\n"
    "sensor_defaults = { server = \"cloud\"; };\n"
    "sensors = (\n"
    "  { id = \"boiler-temp\";\n"
    "    endpoint = \"plant-7-boiler-temp\";\n"
    "    authenticate = ( { method = \"password\"; username = \"boiler\"; },\n"
    "                     { method = \"address\"; ip = \"192.168.10.23\"; "
    "mac = \"00:24:be:80:4f:f1\"; } );\n"
    "    require = \"all\";\n"
    "    profile = \"simple-temperature\";\n"
    "    expect_every = \"10m\";  on_silent = \"flag\";\n"
    "    accounts = ( { server = \"cloud\"; mode = \"psk\"; "
    "key_file = \"keys/boiler-temp.psk\"; } );\n"
    "  }\n"
    ");\n"
    "profiles = (\n"
    "  { name = \"simple-temperature\";\n"
    "    maps = (\n"
    "      { topic = \"plant/{id}/temp\"; put = ( { to = \"/3303/0/5700\"; "
    "unit = \"Cel\"; } ); },\n"
    "      { topic = \"coap/temp\"; format = \"json\";\n"
    "        put = ( { from = \"value\"; to = \"/3303/0/5700\"; div = 10; "
    "range = ( -40.0, 125.0 ); } ); },\n"
    "      { topic = \"plant/{id}/state\"; alive = ( (\"online\", true), "
    "(\"offline\", false) ); }\n"
    "    );\n"
    "    down = (\n"
    "      { on = \"/3306/0/5850\"; topic = \"plant/{id}/relay/set\"; "
    "payload = \"{value}\";\n"
    "        values = ( (true, \"ON\"), (false, \"OFF\") ); "
    "answer = \"confirm\"; timeout = \"5s\"; }\n"
    "    );\n"
    "  }\n"
    ");\n";

/* Loads what must be right; a report fails the test. */
static void load_right(const char *main_text, const char *path,
                       const char *text, struct sally_config *c)
{
    char *report = NULL;
    unsigned bad = load_given(main_text, path, text, c, &report);

    if (bad != 0)
        print_error("%s", report);
    free(report);
    assert_int_equal(bad, 0);
}

static void loads_gateway_and_local(void **state)
{
    struct sally_config c;

    (void)state;
    load_right(example, NULL, NULL, &c);
    assert_string_equal(c.name, "plant-7");
    assert_string_equal(c.file, "etc/sallyport.conf");
    assert_string_equal(c.state_dir, "/var/lib/sallyport");
    assert_false(c.volatile_state);
    assert_int_equal(c.max_sensors, 1000);
    assert_int_equal(c.memory_limit_mb, 64);
    assert_int_equal(c.spool.max_mb, 64);
    assert_int_equal(c.spool.max_age, 7u * 86400000u);
    assert_int_equal(c.spool.on_full, SALLY_FULL_OLDEST);
    assert_int_equal(c.spool.per_sensor, 10000);
    assert_int_equal(c.spool.commit_ms, 10);
    assert_int_equal(c.log.level, SALLY_LOG_INFO);
    assert_false(c.log.json);
    assert_false(c.log.syslog);
    assert_string_equal(c.console_socket, "/run/sallyport/control.sock");
    assert_string_equal(c.passwords_file, "etc/passwords");
    assert_int_equal(c.coap_count, 1);
    assert_string_equal(c.coap[0].interface, "br-lan");
    assert_string_equal(c.coap[0].address, "");
    assert_int_equal(c.coap[0].port, 5683);
    assert_int_equal(c.mqtt_count, 1);
    assert_int_equal(c.mqtt[0].port, 1883);
    assert_int_equal(c.min_assurance, SALLY_ASSURANCE_SECRET);
    sally_config_wipe(&c);
}

static void loads_servers_and_sensors(void **state)
{
    static const uint8_t mac[] = { 0x00, 0x24, 0xbe, 0x80, 0x4f, 0xf1 };
    struct sally_config c;
    const struct sally_config_sensor *s;

    (void)state;
    load_right(example, NULL, NULL, &c);
    assert_int_equal(c.server_count, 1);
    assert_string_equal(c.servers[0].name, "cloud");
    assert_true(c.servers[0].uri.secure);
    assert_string_equal(c.servers[0].uri.host, "lwm2m.example.com");
    assert_int_equal(c.servers[0].uri.port, 5684);
    assert_int_equal(c.servers[0].short_server_id, 123);
    assert_int_equal(c.servers[0].version, SALLY_LWM2M_1_1);
    assert_int_equal(c.servers[0].lifetime, 0);
    assert_int_equal(c.servers[0].pace_per_second, 20);
    assert_int_equal(c.sensor_count, 1);
    s = &c.sensors[0];
    assert_string_equal(s->id, "boiler-temp");
    assert_string_equal(s->alias, "");
    assert_string_equal(s->endpoint, "plant-7-boiler-temp");
    assert_int_equal(s->auth_count, 2);
    assert_int_equal(s->auth[0].method, SALLY_AUTH_PASSWORD);
    assert_string_equal(s->auth[0].username, "boiler");
    assert_int_equal(s->auth[1].method, SALLY_AUTH_ADDRESS);
    assert_string_equal(s->auth[1].ip, "192.168.10.23");
    assert_true(s->auth[1].has_mac);
    assert_memory_equal(s->auth[1].mac, mac, 6);
    assert_int_equal(s->require, SALLY_REQUIRE_ALL);
    assert_int_equal(s->expect_every, 600000);
    assert_int_equal(s->on_silent, SALLY_SILENT_FLAG);
    assert_int_equal(s->account_count, 1);
    assert_int_equal(s->accounts[0].server, 0);
    assert_int_equal(s->accounts[0].mode, SALLY_MODE_PSK);
    assert_part(&s->accounts[0], SALLY_FIELD_IDENTITY, "plant-7-boiler-temp");
    assert_part(&s->accounts[0], SALLY_FIELD_SECRET_KEY,
                "etc/keys/boiler-temp.psk");
    assert_int_equal(s->line, 20);
    sally_config_wipe(&c);
}

static void loads_tls(void **state)
{
    struct sally_config c;
    const struct sally_config_auth *a;

    (void)state;
    load_right(GATEWAY
               "local = { min_assurance = \"protected\"; mqtt = ( { secure = "
               "\"psk\"; }, { secure = \"certificate\"; port = 8884; } ); tls = "
               "{ certificate_file = \"c\"; key_file = \"k\"; ca_file = "
               "\"/a\"; }; };\n" SERVERS PROFILES
               "sensor_defaults = { server = \"cloud\"; profile = \"p\"; "
               "authenticate = ( { method = \"psk\"; key_file = "
               "\"{id}.psk\"; } ); };\n"
               "sensors = ( { id = \"x\"; }, { id = \"y\"; authenticate = ( { "
               "method = \"certificate\"; name = \"y-{id}\"; } ); }, { id = "
               "\"z\"; authenticate = ( { method = \"password\"; username = "
               "\"z\"; tls = true; } ); } );\n",
               NULL, NULL, &c);
    assert_int_equal(c.mqtt[0].secure, SALLY_SECURE_PSK);
    assert_int_equal(c.mqtt[0].port, 8883);
    assert_int_equal(c.mqtt[1].secure, SALLY_SECURE_CERTIFICATE);
    assert_string_equal(c.tls.certificate_file, "etc/c");
    assert_string_equal(c.tls.ca_file, "/a");
    assert_string_equal(c.tls.crl_file, "");
    a = c.sensors[0].auth;
    assert_int_equal(a->method, SALLY_AUTH_PSK);
    assert_string_equal(a->username, "x");
    assert_string_equal(a->key_file, "etc/x.psk");
    a = c.sensors[1].auth;
    assert_int_equal(a->method, SALLY_AUTH_CERTIFICATE);
    assert_string_equal(a->username, "y-y");
    a = c.sensors[2].auth;
    assert_true(a->tls);
    assert_int_equal(sally_config_auth_level(a), SALLY_ASSURANCE_PROTECTED);
    sally_config_wipe(&c);
}

static void loads_profiles(void **state)
{
    struct sally_config c;
    const struct sally_config_profile *p;
    const struct sally_config_put *put;
    const struct sally_config_down *down;

    (void)state;
    load_right(example, NULL, NULL, &c);
    assert_int_equal(c.profile_count, 1);
    assert_int_equal(c.sensors[0].profile, 0);
    p = &c.profiles[0];
    assert_string_equal(p->name, "simple-temperature");
    assert_int_equal(p->map_count, 3);
    assert_string_equal(p->maps[0].topic, "plant/{id}/temp");
    assert_int_equal(p->maps[0].format, SALLY_PAYLOAD_TEXT);
    assert_string_equal(p->maps[0].put[0].unit, "Cel");
    put = &p->maps[1].put[0];
    assert_int_equal(p->maps[1].format, SALLY_PAYLOAD_JSON);
    assert_string_equal(put->from, "value");
    assert_int_equal(put->to.id[0], 3303);
    assert_int_equal(put->to.id[2], 5700);
    assert_int_equal(put->type, SALLY_TYPE_FLOAT);
    assert_true(put->div == 10.0 && put->scale == 1.0 && put->offset == 0.0);
    assert_true(put->has_range && put->min == -40.0 && put->max == 125.0);
    assert_int_equal(p->maps[2].alive_count, 2);
    assert_string_equal(p->maps[2].alive[1].payload, "offline");
    assert_false(p->maps[2].alive[1].online);
    down = &p->down[0];
    assert_int_equal(p->down_count, 1);
    assert_false(down->execute);
    assert_string_equal(down->topic, "plant/{id}/relay/set");
    assert_string_equal(down->payload, "{value}");
    assert_int_equal(down->value_count, 2);
    assert_string_equal(down->values[0].from, "ON");
    assert_int_equal(down->values[0].to.type, SALLY_TYPE_BOOLEAN);
    assert_true(down->values[0].to.is.boolean);
    assert_int_equal(down->answer, SALLY_DOWN_CONFIRM);
    assert_int_equal(down->timeout, 5000);
    assert_false(down->retain);
    sally_config_wipe(&c);
}

static void fills_in_defaults(void **state)
{
    struct sally_config c;

    (void)state;
    load_right(GATEWAY LOCAL SERVERS PROFILES SENSORS, NULL, NULL, &c);
    assert_string_equal(c.state_dir, "/var/lib/sallyport");
    assert_int_equal(c.max_sensors, 1000);
    assert_string_equal(c.sensors[0].endpoint, "plant-7-a");
    assert_int_equal(c.sensors[0].account_count, 1);
    assert_part(&c.sensors[0].accounts[0], SALLY_FIELD_IDENTITY, "plant-7-a");
    assert_part(&c.sensors[0].accounts[0], SALLY_FIELD_SECRET_KEY,
                "etc/keys/a.psk");
    assert_int_equal(c.sensors[0].on_silent, SALLY_SILENT_FLAG);
    assert_int_equal(c.sensors[0].expect_every, 0);
    assert_string_equal(c.sensors[0].model, "");
    assert_int_equal(c.sensors[0].coap_port, 5683);
    sally_config_wipe(&c);
}

/* One set of defaults serves many sensors: {id} is each one's own. */
static void takes_sensors_from_defaults_and_files(void **state)
{
    struct sally_config c;
    const struct sally_config_sensor *b;

    (void)state;
    load_right(
        BASE PROFILES SENSORS
        "sensor_defaults = { profile = \"p\"; require = \"any\"; "
        "model = \"m\"; authenticate = ( { method = \"password\"; "
        "username = \"user-{id}\"; } ); accounts = ( { server = \"cloud\"; "
        "identity = \"urn:x:{id}\"; key_file = \"k/{id}.key\"; } ); };\n",
        "etc/sensors.d/more.conf",
        "sensors = ( { id = \"b\"; }, { id = \"c\"; model = \"n\"; "
        "maps = ( { topic = \"x\"; alive = ( ); } ); } );\n",
        &c);
    assert_int_equal(c.sensor_count, 3);
    assert_string_equal(c.sensors[0].auth[0].username, "u");
    b = &c.sensors[sally_config_sensor_named(&c, sally_span_of("b"))];
    assert_string_equal(b->id, "b");
    assert_string_equal(b->auth[0].username, "user-b");
    assert_part(&b->accounts[0], SALLY_FIELD_IDENTITY, "urn:x:b");
    assert_part(&b->accounts[0], SALLY_FIELD_SECRET_KEY, "etc/k/b.key");
    assert_string_equal(b->model, "m");
    assert_string_equal(b->file, "etc/sensors.d/more.conf");
    assert_int_equal(b->line, 1); /* and not that of the defaults, 6 */
    assert_int_equal(b->accounts[0].line, 1);
    assert_int_equal(b->auth[0].line, 1);
    assert_string_equal(c.profiles[b->profile].name, "p");
    assert_string_equal(c.sensors[2].model, "n");
    assert_int_equal(c.profile_count, 2);
    assert_string_equal(c.profiles[c.sensors[2].profile].maps[0].topic, "x");
    assert_true(sally_config_sensor_named(&c, sally_span_of("d")) == SIZE_MAX);
    sally_config_wipe(&c);
}

static void reads_a_command_to_execute(void **state)
{
    struct sally_config c;
    const struct sally_config_down *d;

    (void)state;
    load_right(BASE "profiles = ( { name = \"p\"; down = ( "
                    "{ on = \"/3303/0/5605\"; topic = \"coap/reset\"; }, "
                    "{ on = \"/3306/1/5851\"; topic = \"d/{id}\"; "
                    "payload = \"\"; range = ( 1, 50 ); answer = \"store\"; "
                    "retain = true; } ); } );\n" SENSORS,
               NULL, NULL, &c);
    d = c.profiles[0].down;
    assert_true(d[0].execute);
    assert_int_equal(d[0].type, SALLY_TYPE_NONE);
    assert_string_equal(d[0].payload, "{arguments}");
    assert_int_equal(d[0].timeout, 10000);
    assert_false(d[1].execute);
    assert_string_equal(d[1].payload, "");
    assert_true(d[1].has_range && d[1].max == 50.0);
    assert_int_equal(d[1].answer, SALLY_DOWN_STORE);
    assert_true(d[1].retain);
    sally_config_wipe(&c);
}

static void accepts_what_is_said_to_be_meant(void **state)
{
    struct sally_config c;

    (void)state;
    load_right(
        GATEWAY LOCAL
        "servers = ( { name = \"far\"; uri = \"coap://192.0.2.1\"; "
        "short_server_id = 1; insecure = true; lifetime = \"1d\"; }, "
        "{ name = \"near\"; uri = \"coap://[::1]:5690\"; "
        "short_server_id = 2; version = \"1.0\"; } );\n" PROFILES
        "sensors = ( { id = \"a\"; profile = \"p\"; accept_weak = true; "
        "authenticate = ( { method = \"address\"; mac = "
        "\"00-24-BE-80-4F-F1\"; } ); accounts = ( { server = \"far\"; }, "
        "{ server = \"near\"; mode = \"nosec\"; } ); } );\n",
        NULL, NULL, &c);
    assert_true(c.servers[0].insecure);
    assert_int_equal(c.servers[0].lifetime, 86400);
    assert_int_equal(c.servers[1].version, SALLY_LWM2M_1_0);
    assert_int_equal(c.sensors[0].accounts[0].mode, SALLY_MODE_NOSEC);
    assert_int_equal(c.sensors[0].accounts[1].server, 1);
    assert_int_equal(c.sensors[0].accounts[0].part_count, 0);
    sally_config_wipe(&c);
}

/* One slot for each server that takes readings, in their order, and the account
 * of the bootstrap server behind them.                                      */
static void gives_a_bootstrap_servers_sensor_its_slots(void **state)
{
    struct sally_config c;
    const struct sally_config_sensor *s;

    (void)state;
    load_right(
        "gateway = { name = \"plant-7\"; master_key_file = \"m\"; };\n" LOCAL
        "servers = ( { name = \"x\"; uri = \"coaps://x\"; short_server_id = 7; "
        "}, { name = \"boot\"; uri = \"coaps://b\"; bootstrap = true; recheck "
        "= \"1d\"; }, { name = \"y\"; short_server_id = 8; } );\n" PROFILES
        "sensors = ( { id = \"a\"; profile = \"p\"; " PASSWORD
        "accounts = ( { server = \"boot\"; key_file = \"k\"; }, { server = "
        "\"x\"; key_file = \"l\"; } ); }, "
        "{ id = \"b\"; profile = \"p\"; authenticate = ( { method = "
        "\"password\"; username = \"v\"; } ); server = \"x\"; } );\n",
        NULL, NULL, &c);
    assert_true(c.servers[1].bootstrap);
    assert_int_equal(c.servers[1].recheck, 86400);
    assert_string_equal(c.servers[2].uri_text, "");
    s = &c.sensors[0];
    assert_int_equal(s->account_count, 2);
    assert_int_equal(sally_config_accounts(s), 3);
    assert_int_equal(s->accounts[0].server, 0);
    assert_false(s->accounts[0].dormant);
    assert_int_equal(s->accounts[1].server, 2);
    assert_true(s->accounts[1].dormant);
    assert_int_equal(s->accounts[1].part_count, 0);
    assert_ptr_equal(s->bootstrap, &s->accounts[2]);
    assert_int_equal(s->bootstrap->server, 1);
    assert_non_null(sally_config_part(s->bootstrap, SALLY_FIELD_IDENTITY));
    assert_null(c.sensors[1].bootstrap);
    assert_int_equal(c.sensors[1].account_count, 1);
    sally_config_wipe(&c);
}

/* Neighbours behind one address on two interfaces can be told apart. */
static void tells_addresses_apart_by_interface(void **state)
{
    struct sally_config c;

    (void)state;
    load_right(
        BASE PROFILES
        "sensor_defaults = { profile = \"p\"; server = \"cloud\"; "
        "accept_weak = true; };\n"
        "sensors = ( { id = \"a\"; authenticate = ( { method = \"address\"; "
        "ip = \"fe80::1\"; interface = \"lan1\"; }, { method = "
        "\"address\"; ip = \"fe80::1\"; interface = \"lan1\"; } ); }, "
        "{ id = \"b\"; authenticate = ( { method = \"address\"; "
        "ip = \"fe80::1\"; interface = \"lan2\"; } ); } );\n",
        NULL, NULL, &c);
    assert_int_equal(c.sensor_count, 2);
    sally_config_wipe(&c);
}

static void finds_every_sensor_by_id(void **state)
{
    struct sally_config c;
    char text[8192];
    size_t used = 0;

    (void)state;
    for (int i = 0; i < 100; i++)
        used += (size_t)snprintf(&text[used], sizeof(text) - used, "%s{ id = "
                                 "\"s%d\"; }", i == 0 ? "sensors = ( " : ", ",
                                 (i * 37) % 100);
    (void)snprintf(&text[used], sizeof(text) - used, " );");
    load_right(BASE PROFILES
               "sensor_defaults = { profile = \"p\"; server = \"cloud\"; "
               "authenticate = ( { method = \"password\"; username = "
               "\"{id}\"; } ); };\n",
               "etc/sensors.d/all.conf", text, &c);
    assert_int_equal(c.sensor_count, 100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(sally_config_sensor_named(
                             &c, sally_span_of(c.sensors[i].id)), i);
    sally_config_wipe(&c);
}

/* What is no path does not count from the directory of the file. */
static void the_master_key_may_be_no_file(void **state)
{
    static const struct {
        const char *said;
        bool as_it_is;
    } rows[] = {
        { "credential:master", true },
        { "keyring:sallyport", true },
        { "/keys/master", true },
        { "keys/master", false },
        { "credentials/master", false },
    };
    char text[1024];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_config c;
        size_t n, len;

        snprintf(text, sizeof(text),
                 "gateway = { name = \"g\"; master_key_file = \"%s\"; };\n"
                 LOCAL SERVERS,
                 rows[i].said);
        load_right(text, NULL, NULL, &c);
        n = strlen(c.master_key_file);
        len = strlen(rows[i].said);
        assert_string_equal(&c.master_key_file[n - len], rows[i].said);
        assert_int_equal(n == len, rows[i].as_it_is);
        sally_config_wipe(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_master_key_may_be_no_file),
        cmocka_unit_test(loads_gateway_and_local),
        cmocka_unit_test(loads_servers_and_sensors),
        cmocka_unit_test(loads_tls),
        cmocka_unit_test(loads_profiles),
        cmocka_unit_test(fills_in_defaults),
        cmocka_unit_test(takes_sensors_from_defaults_and_files),
        cmocka_unit_test(reads_a_command_to_execute),
        cmocka_unit_test(accepts_what_is_said_to_be_meant),
        cmocka_unit_test(gives_a_bootstrap_servers_sensor_its_slots),
        cmocka_unit_test(tells_addresses_apart_by_interface),
        cmocka_unit_test(finds_every_sensor_by_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
