/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/config/test_plan.c - what makes a sensor another one, where each
 * goes in the next configuration, and which keys need a restart.            */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "config/plan.h"
#include "unit/config/given.h"

#define DEFAULTS "sensor_defaults = { " ACCOUNT "};\n"
#define NAMED(id) "{ id = \"" id "\"; profile = \"p\"; " USER(id) "}"
#define USER(id)                                                               \
    "authenticate = ( { method = \"password\"; username = \"" id "\"; } ); "
#define ALL(list) BASE PROFILES DEFAULTS "sensors = ( " list " );\n"
#define A_AND_B ALL(NAMED("a") ",\n" NAMED("b"))

static void load(struct sally_config *c, const char *main_text)
{
    char *report;

    if (load_given(main_text, NULL, "", c, &report) != 0)
        fail_msg("%s", report);
    free(report);
}

static void load_arranged(struct sally_config *c, const char *main_text)
{
    struct sally_plan p;

    load(c, main_text);
    assert_int_equal(sally_plan_first(c, &p), SALLY_E_OK);
    assert_int_equal(sally_config_arrange(c, &p), SALLY_E_OK);
    sally_plan_wipe(&p);
}

/* --- What changes what ---------------------------------------------------- */

/* Of sensors a and b, which is still the same? */
static const struct row {
    const char *what;
    const char *main_text;
    bool a_same, b_same;
} rows[] = {
    { "nothing", A_AND_B, true, true },
    { "another order of the sensors", ALL(NAMED("b") "," NAMED("a")), true,
      true },
    { "comments and blank lines",
      ALL("# one\n\n" NAMED("a") ", // two\n\n" NAMED("b")), true, true },
    { "another order of one's keys",
      ALL("{ profile = \"p\"; " USER("a") " id = \"a\"; }, " NAMED("b")), true,
      true },
    { "one sensor's alias",
      ALL("{ alias = \"x\"; id = \"a\"; profile = \"p\"; " USER("a") "}, " NAMED(
          "b")),
      false, true },
    { "one sensor's user name",
      ALL(NAMED("a") ", { id = \"b\"; profile = \"p\"; " USER("c") "}"), true,
      false },
    { "one gone", ALL(NAMED("b")), false, true },
    { "one more", ALL(NAMED("a") "," NAMED("b") "," NAMED("c")), true, true },
    { "sensor_defaults",
      BASE PROFILES "sensor_defaults = { model = \"m\"; " ACCOUNT "};\n"
                    "sensors = ( " NAMED("a") "," NAMED("b") " );\n",
      false, false },
    { "their profile",
      BASE "profiles = ( { name = \"p\"; maps = ( { topic = \"u/{id}\"; put = "
           "( { to = \"/3303/0/5700\"; } ); } ); } );\n" DEFAULTS
           "sensors = ( " NAMED("a") "," NAMED("b") " );\n",
      false, false },
    { "a profile that nobody has",
      BASE "profiles = ( { name = \"q\"; maps = ( { topic = \"q\"; put = ( "
           "{ to = \"/3303/0/5700\"; } ); } ); }, { name = \"p\"; maps = ( { "
           "topic = \"t/{id}\"; put = ( { to = \"/3303/0/5700\"; } ); } ); } "
           ");\n" DEFAULTS "sensors = ( " NAMED("a") "," NAMED("b") " );\n",
      true, true },
    { "their server's URI",
      GATEWAY LOCAL
      "servers = ( { name = \"cloud\"; uri = \"coaps://[::1]:5685\"; "
      "short_server_id = 1; } );\n" PROFILES DEFAULTS
      "sensors = ( " NAMED("a") "," NAMED("b") " );\n",
      false, false },
    { "a server that nobody has",
      GATEWAY LOCAL
      "servers = ( { name = \"more\"; uri = \"coaps://[::1]:5685\"; "
      "short_server_id = 2; }, { name = \"cloud\"; uri = "
      "\"coaps://[::1]:5684\"; short_server_id = 1; } );\n" PROFILES DEFAULTS
      "sensors = ( " NAMED("a") "," NAMED("b") " );\n",
      true, true },
    { "the gateway's name",
      "gateway = { name = \"plant-8\"; };\n" LOCAL SERVERS PROFILES DEFAULTS
      "sensors = ( " NAMED("a") "," NAMED("b") " );\n",
      false, false },
    { "logs and spool",
      "gateway = { name = \"plant-7\"; log = { level = \"debug\"; }; spool = { "
      "max_mb = 5; }; };\n" LOCAL SERVERS PROFILES DEFAULTS
      "sensors = ( " NAMED("a") "," NAMED("b") " );\n",
      true, true },
    { "min_assurance",
      GATEWAY "local = { mqtt = ( { port = 1883; } ); min_assurance = "
              "\"weak\"; };\n" SERVERS PROFILES DEFAULTS
              "sensors = ( " NAMED("a") "," NAMED("b") " );\n",
      false, false },
    { "an object definition",
      "objects = ( { id = 3400; name = \"New\"; resources = ( { id = 1; name = "
      "\"X\"; type = \"float\"; } ); } );\n" A_AND_B,
      false, false },
    { "a listener",
      GATEWAY "local = { mqtt = ( { port = 1884; } ); };\n" SERVERS PROFILES
          DEFAULTS "sensors = ( " NAMED("a") "," NAMED("b") " );\n",
      true, true },
};

static bool is_same(const struct sally_config *was,
                    const struct sally_config *now, const char *id)
{
    size_t i = sally_config_sensor_named(was, sally_span_of(id));
    size_t k = sally_config_sensor_named(now, sally_span_of(id));

    return k != SIZE_MAX && i == k && was->sensors[i].born == 1 &&
           now->sensors[k].born == 1;
}

/* The slots that each row's configuration leads to, from A_AND_B. */
static void tells_what_changed(void **state)
{
    struct sally_config was, now;

    (void)state;
    load_arranged(&was, A_AND_B);
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct sally_plan_counts counts;
        struct sally_plan p;
        bool a, b;

        load(&now, r->main_text);
        assert_int_equal(sally_plan_next(&was, &now, NULL, NULL, &p, &counts),
                         SALLY_E_OK);
        assert_int_equal(sally_config_arrange(&now, &p), SALLY_E_OK);
        assert_int_equal(now.generation, 2);
        a = is_same(&was, &now, "a");
        b = is_same(&was, &now, "b");
        if (a != r->a_same || b != r->b_same ||
            counts.unchanged != (size_t)a + b)
            fail_msg("%s: a %s, b %s", r->what, a ? "same" : "another",
                     b ? "same" : "another");
        sally_plan_wipe(&p);
        sally_config_wipe(&now);
    }
    sally_config_wipe(&was);
}

/* --- Slots ---------------------------------------------------------------- */

/* The configuration after `was`, arranged; `was` is wiped. */
static struct sally_plan_counts
go_on(struct sally_config *c, const char *main_text, const bool *changed)
{
    struct sally_config was = *c;
    struct sally_plan_counts counts;
    struct sally_plan p;

    load(c, main_text);
    assert_int_equal(sally_plan_next(&was, c, changed, NULL, &p, &counts),
                     SALLY_E_OK);
    assert_int_equal(sally_config_arrange(c, &p), SALLY_E_OK);
    sally_plan_wipe(&p);
    sally_config_wipe(&was);
    return counts;
}

static void expect_slot(const struct sally_config *c, size_t slot,
                        const char *id, uint32_t born)
{
    assert_true(slot < c->sensor_count);
    assert_string_equal(c->sensors[slot].id, id);
    assert_int_equal(c->sensors[slot].born, born);
    if (id[0] != '\0')
        assert_int_equal(sally_config_sensor_named(c, sally_span_of(id)), slot);
}

static void keeps_slots_and_fills_vacant_ones(void **state)
{
    static const bool b_changed[] = { true, false };
    struct sally_plan_counts n;
    struct sally_config c;

    (void)state;
    load_arranged(&c, ALL(NAMED("a") "," NAMED("b") "," NAMED("c")));
    n = go_on(&c, ALL(NAMED("c") "," NAMED("b")), NULL);
    assert_int_equal(n.removed, 1);
    assert_int_equal(n.unchanged, 2);
    assert_int_equal(c.sensor_count, 3);
    assert_int_equal(c.sensor_live, 2);
    expect_slot(&c, 0, "", 0);
    expect_slot(&c, 1, "b", 1);
    expect_slot(&c, 2, "c", 1);
    assert_int_equal(c.sensors[0].account_count, 0);
    assert_true(sally_config_sensor_named(&c, sally_span_of("")) == SIZE_MAX);

    n = go_on(&c, ALL(NAMED("d") "," NAMED("c") "," NAMED("b")), NULL);
    assert_int_equal(n.added, 1);
    expect_slot(&c, 0, "d", 3); /* the slot of a, another sensor */

    n = go_on(&c, ALL(NAMED("b") "," NAMED("d")), b_changed);
    assert_int_equal(n.changed, 1);
    assert_int_equal(n.removed, 1);
    assert_int_equal(c.sensor_count, 2);
    expect_slot(&c, 0, "d", 3);
    expect_slot(&c, 1, "b", 4); /* a new key: the same slot, born anew */
    sally_config_wipe(&c);
}

#define SERVER(name, number)                                                   \
    "{ name = \"" name "\"; uri = \"coaps://[::1]:1" number                    \
    "\"; short_server_id = " number "; }"
#define AT_SERVERS(list)                                                       \
    GATEWAY LOCAL "servers = ( " list " );\n" PROFILES DEFAULTS                \
                  "sensors = ( " NAMED("a") " );\n"

static void accounts_follow_their_servers(void **state)
{
    struct sally_config c;

    (void)state;
    load_arranged(&c, AT_SERVERS(SERVER("old", "7") "," SERVER("cloud", "8")));
    assert_int_equal(c.sensors[0].accounts[0].server, 1);
    (void)go_on(&c, AT_SERVERS(SERVER("cloud", "8")), NULL);
    assert_int_equal(c.server_count, 2);
    assert_string_equal(c.servers[0].name, "");
    assert_string_equal(c.servers[1].name, "cloud");
    assert_int_equal(c.sensors[0].accounts[0].server, 1);
    assert_int_equal(c.sensors[0].born, 1);
    (void)go_on(&c, AT_SERVERS(SERVER("cloud", "8") "," SERVER("new", "9")),
                NULL);
    assert_string_equal(c.servers[0].name, "new");
    assert_int_equal(c.servers[0].born, 3);
    assert_int_equal(c.servers[1].born, 1);
    sally_config_wipe(&c);
}

static void refuses_plans_of_others(void **state)
{
    struct sally_place places[][3] = {
        { { 0, 1 }, { 1, 1 }, { 0, 1 } },
        { { 0, 1 }, { 0, 1 }, { 0, 1 } },    /* one slot for two */
        { { 0, 1 }, { 1000, 1 }, { 0, 1 } }, /* max_sensors */
        { { 0, 1 }, { 1, 0 }, { 0, 1 } },    /* never born */
        { { 0, 1 }, { 1, 1 }, { 64, 1 } },   /* servers */
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(places) + 2; i++) {
        struct sally_plan p = { 1, 3, places[i < 5 ? i : 0] };
        struct sally_config c;

        if (i == 5)
            p.count = 2;
        if (i == 6)
            p.generation = 0;
        load(&c, A_AND_B);
        assert_int_equal(sally_config_arrange(&c, &p),
                         i == 0 ? SALLY_E_OK : SALLY_E_MALFORMED);
        sally_config_wipe(&c);
    }
}

/* --- What needs a restart ------------------------------------------------- */

#define REST LOCAL SERVERS PROFILES DEFAULTS "sensors = ( " NAMED("a") " );\n"
#define NEEDS(line, key)                                                       \
    "etc/sallyport.conf:" line ": " key ": expected what it was when the "     \
    "gateway started; a new value needs a restart\n"

static const struct fixed_row {
    const char *inner, *want;
} fixed_rows[] = {
    { "", "" },
    { "log = { level = \"error\"; };", "" },
    { "\nstate_dir = \"elsewhere\";", NEEDS("2", "state_dir") },
    { "\nvolatile = true;", NEEDS("2", "volatile") },
    { "\n\nmax_sensors = 7;", NEEDS("3", "max_sensors") },
    { "\nmemory_limit_mb = 65;", NEEDS("2", "memory_limit_mb") },
    { "console = {\nsocket = \"x\"; };", NEEDS("2", "socket") },
    { "volatile = true; max_sensors = 9;",
      NEEDS("1", "volatile") NEEDS("1", "max_sensors") },
};

static void names_keys_that_need_a_restart(void **state)
{
    struct sally_config was, now;

    (void)state;
    load(&was, "gateway = { name = \"g\"; };\n" REST);
    for (size_t i = 0; i < SALLY_LEN(fixed_rows); i++) {
        char text[2048], *report = NULL;
        size_t size, bad = 0;
        FILE *stream = open_memstream(&report, &size);

        (void)snprintf(text, sizeof(text),
                       "gateway = { name = \"g\"; %s };\n" REST,
                       fixed_rows[i].inner);
        load(&now, text);
        bad = sally_config_check_fixed(&was, &now, stream);
        fclose(stream);
        assert_string_equal(report, fixed_rows[i].want);
        assert_int_equal(bad != 0, report[0] != '\0');
        free(report);
        sally_config_wipe(&now);
    }
    sally_config_wipe(&was);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_changed),
        cmocka_unit_test(keeps_slots_and_fills_vacant_ones),
        cmocka_unit_test(accounts_follow_their_servers),
        cmocka_unit_test(refuses_plans_of_others),
        cmocka_unit_test(names_keys_that_need_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
