/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/console/test_console.c - requests in, JSON lines out, with doors
 * that this test plays: what they say, late, in part, or not at all.        */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "codec/json.h"
#include "console/console.h"
#include "lwm2m/client.h"
#include "unit/config/given.h"

#define UTC ((sally_msec_utc)1700000000000) /* 2023-11-14T22:13:20Z */
#define START (1000 * SALLY_SEC)

static const char text[] =
    GATEWAY LOCAL
    "servers = ( { name = \"cloud\"; uri = \"coaps://[::1]:5684\"; "
    "short_server_id = 1; }, { name = \"second\"; "
    "uri = \"coaps://[::1]:5784\"; short_server_id = 2; } );\n" PROFILES
    "sensors = ( { id = \"boiler\"; profile = \"p\"; authenticate = ( { "
    "method = \"password\"; username = \"u\"; } ); server = \"cloud\"; }, "
    "{ id = \"pump\"; profile = \"p\"; authenticate = ( { method = "
    "\"address\"; ip = \"192.0.2.1\"; } ); accept_weak = true; accounts = ( "
    "{ server = \"cloud\"; mode = \"psk\"; key_file = \"a\"; }, "
    "{ server = \"second\"; mode = \"psk\"; key_file = \"b\"; } ); } );\n";

static struct sally_config config;
static struct sally_console *console;
static struct sally_console_session *session;
static char output[1024 * 1024];

/* The doors: what they were asked. */
static struct sally_bus_query asked[SALLY_ROLE_COUNT];
static unsigned questions;
static bool outer_away, inner_away;

static bool ask(void *owner, enum sally_role_name door,
                struct sally_bus_message *query)
{
    (void)owner;
    if ((door == SALLY_OUTER && outer_away) ||
        (door == SALLY_INNER && inner_away))
        return false;
    asked[door] = query->as.query;
    questions++;
    return true;
}

/* Takes what is ready, a few bytes at a time. */
static void pump(void *owner, void *peer, sally_usec now)
{
    struct sally_span out;

    (void)owner;
    (void)peer;
    while ((out = sally_console_output(session, now)).len != 0) {
        size_t n = out.len > 100 ? 100 : out.len;
        size_t len = strlen(output);

        assert_true(len + n < sizeof(output));
        memcpy(&output[len], out.at, n);
        output[len + n] = '\0';
        sally_console_sent(session, n);
    }
}

static sally_msec_utc utc(void *owner)
{
    (void)owner;
    return UTC;
}

static unsigned reloads;
static bool supervisor_away;

static bool reload(void *owner, void *peer)
{
    (void)owner;
    assert_non_null(peer);
    reloads++;
    return !supervisor_away;
}

static void ordered(void *owner, void *peer, const char *verb,
                    const char *sensor)
{
    (void)owner;
    (void)peer;
    (void)verb;
    (void)sensor;
}

static const struct sally_console_host host = { .ask = ask,
                                                .reload = reload,
                                                .ordered = ordered,
                                                .pump = pump,
                                                .utc = utc };

static void open_console(void)
{
    char *report = NULL;
    unsigned bad = load_given(text, NULL, "", &config, &report);

    if (bad != 0)
        fail_msg("%s", report);
    free(report);
    outer_away = inner_away = false;
    questions = 0;
    assert_int_equal(sally_console_create(&console, &config, "0.1", &host,
                                          NULL, START), SALLY_E_OK);
}

static void close_console(void)
{
    sally_console_wipe(console);
    sally_config_wipe(&config);
}

/* A new connection asks; what it gets is in `output`. */
static void request(const char *line)
{
    output[0] = '\0';
    session = sally_console_open(console, &session, START);
    assert_non_null(session);
    sally_console_input(session, sally_span_of(line), START + 7 * SALLY_SEC);
    pump(NULL, NULL, START);
}

/* --- What the doors say -------------------------------------------------- */

static void say(enum sally_role_name door, struct sally_bus_row *row)
{
    row->ticket = asked[door].ticket;
    sally_console_row(console, door, row, START);
}

static void say_end(enum sally_role_name door)
{
    struct sally_bus_row end = { .last = 1, .empty = 1 };

    say(door, &end);
}

static void say_outer(void)
{
    struct sally_bus_row boiler = { .sensor = 0, .online = 1,
        .authenticated = 1, .level = SALLY_ASSURANCE_SECRET,
        .method = SALLY_AUTH_PASSWORD, .messages = 5, .unmapped = 2,
        .refused = 1, .last_seen = UTC - 1500 };
    struct sally_bus_row pump_row = { .sensor = 1 };

    if (asked[SALLY_OUTER].sensor != 1)
        say(SALLY_OUTER, &boiler);
    if (asked[SALLY_OUTER].sensor != 0)
        say(SALLY_OUTER, &pump_row);
    say_end(SALLY_OUTER);
}

static void say_accounts(void)
{
    struct sally_bus_row boiler = { .sensor = 0,
        .registered = SALLY_CLIENT_REGISTERED, .observed = 2, .send_muted = 1,
        .secure = 1, .accepted = 5, .dropped = 3, .delivered = 4, .waiting = 1,
        .last_delivered = UTC - 2000, .state = "registered",
        .suite = "SUITE" };
    struct sally_bus_row cloud = { .sensor = 1, .account = 0,
        .registered = SALLY_CLIENT_REGISTERED, .secure = 1, .accepted = 7,
        .silent = 1, .expired = 9,
        .delivered = 7, .state = "registered", .suite = "SUITE" };
    struct sally_bus_row second = { .sensor = 1, .account = 1, .accepted = 7,
        .silent = 1, .expired = 9, .registered = SALLY_CLIENT_WAITING, .send_muted = 1, .waiting = 3,
        .state = "waiting", .detail = "peer did not answer in time" };

    if (asked[SALLY_INNER].sensor != 1)
        say(SALLY_INNER, &boiler);
    if (asked[SALLY_INNER].sensor != 0) {
        say(SALLY_INNER, &second);
        say(SALLY_INNER, &cloud);
    }
    say_end(SALLY_INNER);
}

static void say_value(uint16_t object, uint16_t resource,
                      struct sally_lwm2m_value value, sally_msec_utc time)
{
    struct sally_path path = sally_path_resource(object, 0, resource);
    struct sally_bus_row row = { .sensor = 0, .time = time };

    assert_int_equal(sally_bus_put_value(&row.value, row.bytes, &row.used,
                                         &path, &value), SALLY_E_OK);
    say(SALLY_INNER, &row);
}

static void say_values(void)
{
    say_value(3, 0, sally_value_string("a \"b\""), 0);
    say_value(3303, 5700, sally_value_real(21.5), UTC - 1500);
    say_value(3303, 5701, sally_value_string("Cel"), 0);
    say_value(3306, 5850, sally_value_boolean(true), UTC);
    say_value(3306, 5851, sally_value_integer(-40), UTC + 5);
    say_value(3306, 5900, sally_value_opaque(sally_span_of("abc")), UTC);
    say_end(SALLY_INNER);
}

/* --- Answers ------------------------------------------------------------- */

#define DONE "{\"done\":true}\n"
#define BOILER                                                                 \
    "\"id\":\"boiler\",\"endpoint\":\"plant-7-boiler\",\"online\":true,"       \
    "\"silent\":false,\"authenticated\":true,\"level\":\"secret\","            \
    "\"method\":\"password\","                                                 \
    "\"last_seen\":\"2023-11-14T22:13:18.500Z\",\"messages\":5,"               \
    "\"unmapped\":2,\"refused\":1,\"dropped\":3,\"expired\":0,"                \
    "\"accounts\":[{\"server\":\"cloud\","                                    \
    "\"state\":\"registered\",\"secure\":true,\"suite\":\"SUITE\","            \
    "\"observed\":2,\"send_muted\":true,\"waiting\":1,\"delivered\":4,"        \
    "\"last_delivered\":\"2023-11-14T22:13:18.000Z\",\"error\":null}]"
#define PUMP                                                                   \
    "\"id\":\"pump\",\"endpoint\":\"plant-7-pump\",\"online\":false,"          \
    "\"silent\":true,\"authenticated\":false,\"level\":\"none\","              \
    "\"method\":\"address\","                                                  \
    "\"last_seen\":null,\"messages\":0,\"unmapped\":0,\"refused\":0,"          \
    "\"dropped\":0,\"expired\":9,"                                             \
    "\"accounts\":[{\"server\":\"cloud\",\"state\":\"registered\","            \
    "\"secure\":true,\"suite\":\"SUITE\",\"observed\":0,"                      \
    "\"send_muted\":false,\"waiting\":0,\"delivered\":7,"                      \
    "\"last_delivered\":null,\"error\":null},"                                 \
    "{\"server\":\"second\",\"state\":\"waiting\",\"secure\":false,"           \
    "\"suite\":null,\"observed\":0,\"send_muted\":true,\"waiting\":3,"         \
    "\"delivered\":0,\"last_delivered\":null,"                                 \
    "\"error\":\"peer did not answer in time\"}]"
#define HOP(name, ok, detail) \
    "{\"hop\":\"" name "\",\"ok\":" ok ",\"detail\":\"" detail "\"}"
#define VALUE(path, name, value, type, unit, time, age)                        \
    "{\"sensor\":\"boiler\",\"path\":\"" path "\",\"name\":\"" name            \
    "\",\"value\":" value ",\"type\":\"" type "\",\"unit\":" unit              \
    ",\"time\":" time ",\"age_s\":" age "}\n"
#define NOW "\"2023-11-14T22:13:20.000Z\""

static const struct answer_row {
    const char *what, *line, *want;
} answers[] = {
    { "status adds everything up", "status\n",
      "{\"gateway\":\"plant-7\",\"version\":\"0.1\",\"uptime_s\":7,"
      "\"generation\":1,\"sensors\":2,\"online\":1,\"silent\":1,\"authenticated\":1,\"accounts\":3,"
      "\"registered\":2,\"waiting\":4,\"delivered\":11,"
      "\"dropped\":3,\"expired\":9}\n" DONE },
    { "sensors tells of each with its accounts", "sensors\n",
      "{" BOILER "}\n{" PUMP "}\n" DONE },
    { "spaces and a carriage return do not matter", "  sensors  boiler \r\n",
      "{" BOILER "}\n" DONE },
    { "show of a sensor that is in order", "show boiler\n",
      "{" BOILER ",\"hops\":["
      HOP("plain", "true", "7 messages") ","
      HOP("authenticated", "true", "password, worth \\\"secret\\\"") ","
      HOP("mapped", "true", "5 on mapped topics, 2 on others, "
                            "1 values refused") ","
      HOP("spooled", "true", "5 messages durable, 0 refused by the inner "
                             "door") ","
      HOP("registered", "true", "cloud: registered") ","
      HOP("observed", "true", "cloud: 2 observations") ","
      HOP("acknowledged", "true", "cloud: 4 deliveries, 1 messages waiting")
      "],\"broken\":null}\n" DONE },
    { "show names the first broken hop", "show pump\n",
      "{" PUMP ",\"hops\":["
      HOP("plain", "false", "no message since the start") ","
      HOP("authenticated", "false", "no proof since the start") ","
      HOP("mapped", "false", "0 on mapped topics, 0 on others, "
                             "0 values refused") ","
      HOP("spooled", "true", "7 messages durable, 0 refused by the inner "
                             "door") ","
      HOP("registered", "false", "second: waiting, peer did not answer in "
                                 "time") ","
      HOP("observed", "false", "second: Send is muted and nobody observes, "
                               "3 waiting") ","
      HOP("acknowledged", "false", "second: 0 deliveries, 3 messages waiting")
      "],\"broken\":\"plain\"}\n" DONE },
    { "values have names, types, units and ages", "values boiler\n",
      VALUE("/3/0/0", "Manufacturer", "\"a \\\"b\\\"\"", "string", "null",
            "null", "null")
      VALUE("/3303/0/5700", "Value", "21.5", "float", "\"Cel\"",
            "\"2023-11-14T22:13:18.500Z\"", "1.5")
      VALUE("/3303/0/5701", "Units", "\"Cel\"", "string", "null", "null",
            "null")
      VALUE("/3306/0/5850", "On/Off", "true", "boolean", "null", NOW, "0")
      VALUE("/3306/0/5851", "Dimmer", "-40", "integer", "\"/100\"",
            "\"2023-11-14T22:13:20.005Z\"", "0")
      VALUE("/3306/0/5900", "Blob", "\"YWJj\"", "opaque", "null", NOW, "0")
      DONE },
    { "an unknown sensor", "show nobody\n",
      "{\"error\":\"no such sensor: nobody\"}\n" },
    { "show without a sensor", "show\n",
      "{\"error\":\"show: which sensor?\"}\n" },
    { "status of a sensor", "status boiler\n",
      "{\"error\":\"takes no sensor: boiler\"}\n" },
    { "two sensors", "show boiler pump\n",
      "{\"error\":\"one sensor at most, not also: pump\"}\n" },
    { "an unknown verb", "Status\n",
      "{\"error\":\"no such verb: Status\"}\n" },
    { "a verb with quotes stays JSON", "\"}\n",
      "{\"error\":\"no such verb: \\\"}\"}\n" },
    { "a verb that is not text is not repeated", "\xff\xfe\n",
      "{\"error\":\"no such verb: \"}\n" },
    { "nothing", "\n", "{\"error\":\"no such verb: \"}\n" },
};

static void well_formed(const char *what)
{
    struct sally_span rest = sally_span_of(output);

    while (rest.len != 0) {
        const uint8_t *newline = memchr(rest.at, '\n', rest.len);
        struct sally_json tree;
        size_t n;

        if (newline == NULL)
            fail_msg("%s: the last line has no end", what);
        n = (size_t)(newline - rest.at);
        if (sally_json_parse(sally_span_sub(rest, 0, n), 65536, &tree) !=
            SALLY_E_OK)
            fail_msg("%s: not JSON: %s", what, output);
        sally_json_free(&tree);
        rest = sally_span_sub(rest, n + 1, rest.len);
    }
}

/* The doors answer in either order. */
static void play_doors(bool inner_first)
{
    unsigned n = questions;

    questions = 0;
    if (n == 1) {
        say_values();
        return;
    }
    if (n == 0)
        return;
    if (inner_first)
        say_accounts();
    say_outer();
    if (!inner_first)
        say_accounts();
}

static void answers_each_row(void **state)
{
    (void)state;
    open_console();
    for (size_t i = 0; i < 2 * SALLY_LEN(answers); i++) {
        const struct answer_row *row = &answers[i / 2];

        request(row->line);
        play_doors(i % 2 == 0);
        if (strcmp(output, row->want) != 0)
            fail_msg("%s:\ngot  %swant %s", row->what, output, row->want);
        well_formed(row->what);
        assert_true(sally_console_over(session));
        sally_console_close(session);
    }
    close_console();
}

/* --- Hops, one broken each ----------------------------------------------- */

static const struct hop_row {
    const char *what, *broken;
    struct sally_bus_row outer, inner;
} hop_rows[] = {
    { "only foreign topics", "\"broken\":\"mapped\"",
      { .unmapped = 3, .authenticated = 1 }, { .accepted = 0 } },
    { "every value was refused", "\"broken\":\"mapped\"",
      { .messages = 3, .refused = 3, .authenticated = 1 }, { .accepted = 0 } },
    { "some values were refused", "\"broken\":\"registered\"",
      { .messages = 3, .refused = 9, .authenticated = 1 }, { .accepted = 1 } },
    { "the store takes nothing", "\"broken\":\"spooled\"",
      { .messages = 3, .authenticated = 1 }, { .accepted = 0 } },
    { "no proof", "\"broken\":\"authenticated\"",
      { .messages = 3 }, { .accepted = 3 } },
    { "registered, muted, unobserved", "\"broken\":\"observed\"",
      { .messages = 3, .authenticated = 1 },
      { .accepted = 3, .registered = SALLY_CLIENT_REGISTERED,
        .send_muted = 1 } },
    { "waiting, delivered lately", "\"broken\":null",
      { .messages = 3, .authenticated = 1 },
      { .accepted = 3, .registered = SALLY_CLIENT_REGISTERED, .waiting = 2,
        .last_delivered = UTC - 60000 } },
    { "waiting, delivered long ago", "\"broken\":\"acknowledged\"",
      { .messages = 3, .authenticated = 1 },
      { .accepted = 3, .registered = SALLY_CLIENT_REGISTERED, .waiting = 2,
        .last_delivered = UTC - 60001 } },
};

static void names_the_broken_hop(void **state)
{
    (void)state;
    open_console();
    for (size_t i = 0; i < SALLY_LEN(hop_rows); i++) {
        struct sally_bus_row outer = hop_rows[i].outer;
        struct sally_bus_row inner = hop_rows[i].inner;

        request("show boiler\n");
        say(SALLY_OUTER, &outer);
        say_end(SALLY_OUTER);
        say(SALLY_INNER, &inner);
        say_end(SALLY_INNER);
        if (strstr(output, hop_rows[i].broken) == NULL)
            fail_msg("%s: got %s", hop_rows[i].what, output);
        sally_console_close(session);
    }
    close_console();
}

/* --- Doors and peers that do not do their part --------------------------- */

static void door_is_away(void **state)
{
    (void)state;
    open_console();
    inner_away = true;
    request("status\n");
    assert_string_equal(output, "{\"error\":\"inner door is away\"}\n");
    say_end(SALLY_OUTER); /* its answer comes to nothing */
    assert_string_equal(output, "{\"error\":\"inner door is away\"}\n");
    sally_console_close(session);
    close_console();
}

static void door_does_not_answer(void **state)
{
    (void)state;
    open_console();
    request("status\n");
    say_end(SALLY_INNER);
    assert_int_equal(sally_console_deadline(console),
                     START + 7 * SALLY_SEC + SALLY_CONSOLE_PATIENCE);
    sally_console_expire(console, START + 9 * SALLY_SEC);
    assert_string_equal(output, "");
    sally_console_expire(console, START + 10 * SALLY_SEC);
    assert_string_equal(output,
                        "{\"error\":\"outer door does not answer\"}\n");
    assert_true(sally_console_over(session));
    sally_console_close(session);
    assert_int_equal(sally_console_deadline(console), SALLY_NEVER);
    close_console();
}

static void door_goes_away(void **state)
{
    (void)state;
    open_console();
    request("values boiler\n");
    sally_console_gone(console, SALLY_OUTER, START); /* was not asked */
    assert_string_equal(output, "");
    sally_console_gone(console, SALLY_INNER, START);
    assert_string_equal(output, "{\"error\":\"inner door went away\"}\n");
    sally_console_close(session);
    close_console();
}

static void rows_of_others_are_not_taken(void **state)
{
    struct sally_bus_row stray = { .last = 1, .empty = 1 };

    (void)state;
    open_console();
    request("status\n");
    stray.ticket = asked[SALLY_OUTER].ticket + 1;
    sally_console_row(console, SALLY_OUTER, &stray, START);
    sally_console_row(console, SALLY_INNER, &stray, START);
    assert_string_equal(output, "");
    stray = (struct sally_bus_row){ .sensor = 99, .account = 7, .online = 1 };
    say(SALLY_OUTER, &stray); /* no such sensor */
    stray.sensor = 1;
    stray.registered = SALLY_CLIENT_REGISTERED;
    say(SALLY_INNER, &stray); /* no such account */
    say_end(SALLY_OUTER);
    say_end(SALLY_INNER);
    assert_non_null(strstr(output, "\"online\":0,"));
    assert_non_null(strstr(output, "\"registered\":0,"));
    sally_console_close(session);
    close_console();
}

static void long_request_is_refused(void **state)
{
    char line[SALLY_CONSOLE_REQUEST + 3];

    (void)state;
    open_console();
    memset(line, 'x', sizeof(line));
    line[SALLY_CONSOLE_REQUEST] = '\n';
    line[SALLY_CONSOLE_REQUEST + 1] = '\0';
    request(line);
    assert_non_null(strstr(output, "no such verb"));
    sally_console_close(session);
    line[SALLY_CONSOLE_REQUEST] = 'x';
    line[SALLY_CONSOLE_REQUEST + 1] = '\n';
    line[SALLY_CONSOLE_REQUEST + 2] = '\0';
    request(line);
    assert_string_equal(output, "{\"error\":\"the request is too long\"}\n");
    sally_console_close(session);
    close_console();
}

static void request_comes_in_pieces(void **state)
{
    (void)state;
    open_console();
    request("sta");
    assert_int_equal(questions, 0);
    sally_console_input(session, sally_span_of("tus\nsensors\n"), START);
    assert_int_equal(questions, 2);
    say_outer();
    say_accounts();
    assert_non_null(strstr(output, "\"gateway\":\"plant-7\""));
    assert_null(strstr(output, "boiler")); /* what follows is not read */
    sally_console_close(session);
    close_console();
}

static void silent_peer_is_left(void **state)
{
    (void)state;
    open_console();
    request("");
    sally_console_expire(console, START + SALLY_CONSOLE_IDLE - 1);
    assert_false(sally_console_over(session));
    sally_console_expire(console, START + SALLY_CONSOLE_IDLE);
    assert_true(sally_console_over(session));
    assert_string_equal(output, "");
    sally_console_close(session);
    close_console();
}

static void sessions_are_bounded(void **state)
{
    struct sally_console_session *s[SALLY_CONSOLE_SESSIONS];

    (void)state;
    open_console();
    for (size_t i = 0; i < SALLY_LEN(s); i++) {
        s[i] = sally_console_open(console, NULL, START);
        assert_non_null(s[i]);
    }
    assert_null(sally_console_open(console, NULL, START));
    sally_console_close(s[3]);
    assert_ptr_equal(sally_console_open(console, NULL, START), s[3]);
    close_console();
}

static void too_many_values_are_told(void **state)
{
    static const char want[] = "{\"error\":\"too many values; name a sensor\"}\n";
    size_t len;

    (void)state;
    open_console();
    request("values\n");
    for (unsigned i = 0; i < 4097; i++)
        say_value(3303, 5700, sally_value_boolean(true), 0);
    say_end(SALLY_INNER);
    len = strlen(output);
    assert_true(len > sizeof(want));
    assert_string_equal(&output[len - strlen(want)], want);
    sally_console_close(session);
    close_console();
}

/* --- Reload --------------------------------------------------------------- */

static void tells_what_a_reload_came_to(void **state)
{
    (void)state;
    open_console();
    reloads = 0;
    request("reload\n");
    assert_int_equal(reloads, 1);
    assert_string_equal(output, "");
    sally_console_reloaded(console, true, sally_span_of("two lines\nof \"x\"\n"),
                           START);
    assert_string_equal(output, "{\"text\":\"two lines\"}\n"
                                "{\"text\":\"of \\\"x\\\"\"}\n"
                                "{\"done\":true}\n");
    assert_true(sally_console_over(session));
    sally_console_close(session);
    request("reload\n");
    sally_console_reloaded(console, false, sally_span_of("f:7: wrong\n"), START);
    assert_string_equal(output, "{\"text\":\"f:7: wrong\"}\n"
                                "{\"error\":\"not reloaded; the "
                                "configuration stays as it was\"}\n");
    sally_console_close(session);
    close_console();
}

static void asks_for_one_reload_at_a_time(void **state)
{
    struct sally_console_session *first;

    (void)state;
    open_console();
    reloads = 0;
    request("reload\n");
    first = session;
    request("reload\n");
    assert_int_equal(reloads, 1);
    assert_string_equal(output, "{\"error\":\"somebody has asked for a reload "
                                "already\"}\n");
    sally_console_close(session);
    session = first;
    output[0] = '\0';
    sally_console_expire(console, START + 98 * SALLY_SEC);
    assert_string_equal(output, "{\"error\":\"the reload does not come to an "
                                "end; see the log\"}\n");
    sally_console_close(session);
    supervisor_away = true;
    request("reload\n");
    assert_string_equal(output,
                        "{\"error\":\"the supervisor is away\"}\n");
    supervisor_away = false;
    sally_console_close(session);
    request("reload x\n");
    assert_string_equal(output, "{\"error\":\"takes no sensor: x\"}\n");
    sally_console_close(session);
    close_console();
}

/* A question that is under way is about a configuration that is no more. */
static void a_reload_ends_questions(void **state)
{
    struct sally_config old;

    (void)state;
    open_console();
    request("status\n");
    old = config;
    {
        char *report = NULL;

        assert_int_equal(load_given(text, NULL, "", &config, &report), 0);
        free(report);
    }
    sally_console_reconfigure(console, &config, START);
    sally_config_wipe(&old);
    assert_string_equal(output, "{\"error\":\"the configuration was just "
                                "changed; ask again\"}\n");
    sally_console_close(session);
    request("sensors\n"); /* the next one has its answer */
    say_end(SALLY_OUTER);
    say_end(SALLY_INNER);
    assert_non_null(strstr(output, "{\"done\":true}"));
    sally_console_close(session);
    close_console();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_a_reload_came_to),
        cmocka_unit_test(asks_for_one_reload_at_a_time),
        cmocka_unit_test(a_reload_ends_questions),
        cmocka_unit_test(answers_each_row),
        cmocka_unit_test(names_the_broken_hop),
        cmocka_unit_test(door_is_away),
        cmocka_unit_test(door_does_not_answer),
        cmocka_unit_test(door_goes_away),
        cmocka_unit_test(rows_of_others_are_not_taken),
        cmocka_unit_test(long_request_is_refused),
        cmocka_unit_test(request_comes_in_pieces),
        cmocka_unit_test(silent_peer_is_left),
        cmocka_unit_test(sessions_are_bounded),
        cmocka_unit_test(too_many_values_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
