/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/console/test_doctor.c - what is said of each way to be silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "base/writer.h"
#include "console/lines.h"
#include "lwm2m/client.h"
#include "unit/config/given.h"

static const char text[] =
    GATEWAY LOCAL
    "servers = ( { name = \"cloud\"; uri = \"coaps://[::1]:5684\"; "
    "short_server_id = 1; } );\n" PROFILES
    "sensors = ( { id = \"boiler\"; profile = \"p\"; authenticate = ( { "
    "method = \"password\"; username = \"u\"; } ); server = \"cloud\"; } );\n";

static struct sally_config config;
static struct sally_view view;
static char line[2048];

static const char with_oscore[] =
    GATEWAY LOCAL
    "servers = ( { name = \"cloud\"; uri = \"coap://[::1]:5683\"; "
    "short_server_id = 1; } );\n" PROFILES
    "sensors = ( { id = \"boiler\"; profile = \"p\"; authenticate = ( { "
    "method = \"password\"; username = \"u\"; } ); accounts = ( { server = "
    "\"cloud\"; mode = \"nosec\"; oscore = { secret_file = \"s\"; sender_id = "
    "\"01\"; recipient_id = \"02\"; }; } ); } );\n";

static void open_view_of(const char *given)
{
    char *report = NULL;

    assert_int_equal(load_given(given, NULL, "", &config, &report), 0);
    free(report);
    memset(&view, 0, sizeof(view));
    assert_int_equal(sally_view_open(&view, &config, 0, false), SALLY_E_OK);
}

static void open_view(void) { open_view_of(text); }

static void close_view(void)
{
    sally_view_wipe(&view);
    sally_config_wipe(&config);
}

/* Finding number `n` in `line`; false: there is none. */
static bool finding(size_t n)
{
    struct sally_buf room = { (uint8_t *)line, 0, sizeof(line) - 1 };
    struct sally_writer w = sally_writer_into(&room);
    bool there = sally_line_doctor(&view, n, &w);

    line[room.len] = '\0';
    return there;
}

static void expect(const char *what, const char *part)
{
    if (strstr(line, part) == NULL)
        fail_msg("%s: \"%s\" is not in %s", what, part, line);
}

/* A sensor that speaks and is mapped. */
static struct sally_bus_row speaking(void)
{
    return (struct sally_bus_row){ .sensor = 0, .online = 1,
                                   .authenticated = 1, .messages = 5 };
}

static struct sally_bus_row failed(enum sally_client_state in,
                                   enum sally_err e)
{
    return (struct sally_bus_row){ .sensor = 0, .state = "waiting",
                                   .registered = SALLY_CLIENT_WAITING,
                                   .accepted = 5, .error = (uint8_t)e,
                                   .failed_in = (uint8_t)in,
                                   .alert = SALLY_BUS_NO_ALERT };
}

static const struct upstream_row {
    const char *what;
    enum sally_client_state in;
    enum sally_err error;
    uint8_t alert, code;
    bool heard;
    const char *cause, *change;
} upstream[] = {
    { "nobody answers", SALLY_CLIENT_CONNECTING, SALLY_E_TIMED_OUT,
      SALLY_BUS_NO_ALERT, 0, false, "drops UDP", "servers.uri" },
    { "a wrong key looks like a time-out", SALLY_CLIENT_CONNECTING,
      SALLY_E_TIMED_OUT, SALLY_BUS_NO_ALERT, 0, true, "wrong key",
      "\"change\":\"accounts.identity, accounts.key_file\","
      "\"resource\":\"/0/x/3, /0/x/5\"" },
    { "an unknown identity", SALLY_CLIENT_CONNECTING, SALLY_E_REFUSED, 115, 0,
      true, "does not know this identity",
      "\"change\":\"accounts.identity\",\"resource\":\"/0/x/3\"" },
    { "no common suite", SALLY_CLIENT_CONNECTING, SALLY_E_REFUSED, 40, 0, true,
      "no cipher suite", "/0/x/16" },
    { "an old version", SALLY_CLIENT_CONNECTING, SALLY_E_REFUSED, 70, 0, true,
      "versions", "servers.min_version" },
    { "an alert without a row", SALLY_CLIENT_CONNECTING, SALLY_E_REFUSED, 80,
      0, true, "(alert 80)", "accounts.key_file" },
    { "a refused Register", SALLY_CLIENT_REGISTERING, SALLY_E_REFUSED,
      SALLY_BUS_NO_ALERT, 0x83, true, "(4.03)", "sensors.endpoint" },
    { "a server that was restarted", SALLY_CLIENT_REGISTERED,
      SALLY_E_TIMED_OUT, SALLY_BUS_NO_ALERT, 0, true, "forgotten", "null" },
    { "the first attempt is under way", SALLY_CLIENT_CONNECTING, SALLY_E_OK,
      SALLY_BUS_NO_ALERT, 0, true, "without an end so far", "key_file" },
    { "a certificate that expired", SALLY_CLIENT_CONNECTING, SALLY_E_EXPIRED,
      45, 0, true, "clock", "the server's own certificate" },
    { "another authority", SALLY_CLIENT_CONNECTING, SALLY_E_UNKNOWN_CA, 48, 0,
      true, "no authority", "servers.trust_file" },
    { "a wrong key over TLS 1.2", SALLY_CLIENT_CONNECTING, SALLY_E_REFUSED, 20,
      0, true, "key is another one", "/0/x/5" },
    { "a wrong key over 1.3", SALLY_CLIENT_CONNECTING, SALLY_E_REFUSED, 51, 0,
      true, "could not verify our proof", "/0/x/3, /0/x/5" },
    { "no common suite, as we see it", SALLY_CLIENT_CONNECTING,
      SALLY_E_NO_SUITE, 40, 0, true, "no cipher suite",
      "accounts.suites\",\"resource\":\"/0/x/2, /0/x/16\"" },
    { "no common version, as we see it", SALLY_CLIENT_CONNECTING,
      SALLY_E_NO_VERSION, 70, 0, true, "none of the versions",
      "servers.min_version" },
    { "another kind of proof", SALLY_CLIENT_CONNECTING, SALLY_E_WRONG_KIND,
      43, 0, true, "in another way", "/0/x/2" },
    { "a raw key where none was agreed on", SALLY_CLIENT_CONNECTING,
      SALLY_E_MALFORMED, 50, 0, true, "cannot be read", "/0/x/2" },
    { "a proof that the server does not have", SALLY_CLIENT_CONNECTING,
      SALLY_E_NOT_PROVEN, 51, 0, true, "does not hold", "the server's own key" },
    { "a certificate that is broken", SALLY_CLIENT_CONNECTING,
      SALLY_E_BAD_CERTIFICATE, 42, 0, true, "not made for this use",
      "the server's own certificate" },
    { "a name that does not fit", SALLY_CLIENT_CONNECTING, SALLY_E_WRONG_NAME,
      42, 0, true, "for another name", "servers.uri (/0/x/0)" },
    { "a clock that is behind", SALLY_CLIENT_CONNECTING,
      SALLY_E_NOT_YET_VALID, 42, 0, true, "clock of this machine is behind",
      "\"the clock\"" },
    { "a revoked certificate", SALLY_CLIENT_CONNECTING, SALLY_E_REVOKED, 44, 0,
      true, "was revoked", "the server's own certificate" },
    { "a list that is too old", SALLY_CLIENT_CONNECTING, SALLY_E_STALE_CRL, 42,
      0, true, "in force and young", "servers.crl_file, servers.crl_max_age" },
    { "a key of our own that is no good", SALLY_CLIENT_CONNECTING,
      SALLY_E_NO_CREDENTIAL, SALLY_BUS_NO_ALERT, 0, false, "cannot be used",
      "/0/x/5" },
    { "no memory", SALLY_CLIENT_CONNECTING, SALLY_E_NO_MEMORY,
      SALLY_BUS_NO_ALERT, 0, false, "no memory", "gateway.memory_limit_mb" },
    { "a server that hangs up", SALLY_CLIENT_REGISTERED, SALLY_E_CLOSED,
      SALLY_BUS_NO_ALERT, 0, true, "closed the session", "null" },
    { "an error without a row", SALLY_CLIENT_CONNECTING, SALLY_E_CRYPTO,
      SALLY_BUS_NO_ALERT, 0, true, "the log has", "null" },
};

static void each_failure_has_a_cause(void **state)
{
    struct sally_bus_row outer = speaking();

    (void)state;
    open_view();
    sally_view_take(&view, SALLY_OUTER, &outer);
    for (size_t i = 0; i < SALLY_LEN(upstream); i++) {
        const struct upstream_row *u = &upstream[i];
        struct sally_bus_row inner = failed(u->in, u->error);

        if (u->error == SALLY_E_OK)
            inner.registered = (uint8_t)u->in;
        inner.alert = u->alert;
        inner.code = u->code;
        inner.heard = u->heard;
        sally_view_take(&view, SALLY_INNER, &inner);
        assert_true(finding(0));
        expect(u->what, "\"where\":\"server cloud\"");
        expect(u->what, u->cause);
        expect(u->what, u->change);
        assert_false(finding(1));
    }
    close_view();
}

/* Errors that OSCORE did not protect, by what they mean; and none. */
static const struct oscore_row {
    const char *what;
    enum sally_client_state in;
    enum sally_err error;
    bool heard;
    uint8_t hint;
    enum sally_err meaning;
    const char *cause, *resources;
} oscore_rows[] = {
    { "4.01 without a context", SALLY_CLIENT_REGISTERING, SALLY_E_TIMED_OUT,
      true, 0x81, SALLY_E_NOT_FOUND, "(4.01 without protection)",
      "\"resource\":\"/21/x/1, /21/x/6\"" },
    { "and while keys are agreed on", SALLY_CLIENT_CONNECTING,
      SALLY_E_TIMED_OUT, true, 0x81, SALLY_E_NOT_FOUND,
      "does not know this OSCORE context", "/21/x/1" },
    { "4.01 to a replay", SALLY_CLIENT_REGISTERED, SALLY_E_TIMED_OUT, true,
      0x81, SALLY_E_REPLAYED, "oscore_start = \\\"b2\\\"",
      "\"resource\":\"/21/x/0\"" },
    { "4.00 after a wrong tag", SALLY_CLIENT_REGISTERING, SALLY_E_TIMED_OUT,
      true, 0x80, SALLY_E_UNAUTHENTIC, "cannot decrypt",
      "\"resource\":\"/21/x/0, /21/x/5, /21/x/2, /21/x/6, /21/x/3, /21/x/4\"" },
    { "4.02", SALLY_CLIENT_REGISTERING, SALLY_E_TIMED_OUT, true, 0x82,
      SALLY_E_MALFORMED, "does not speak OSCORE",
      "\"resource\":\"/0/x/17, /21/x/1, /21/x/6\"" },
    { "4.01 without a word", SALLY_CLIENT_REGISTERING, SALLY_E_TIMED_OUT, true,
      0x81, SALLY_E_REFUSED, "refuses messages", "/21/x/1" },
    { "silence", SALLY_CLIENT_REGISTERING, SALLY_E_TIMED_OUT, false, 0,
      SALLY_E_OK, "says nothing", "/21/x/0" },
    { "silence from the begin", SALLY_CLIENT_CONNECTING, SALLY_E_TIMED_OUT,
      false, 0, SALLY_E_OK, "says nothing", "/21/x/0" },
    { "answers that nobody can open", SALLY_CLIENT_CONNECTING,
      SALLY_E_TIMED_OUT, true, 0, SALLY_E_OK, "can be opened", "/21/x/0" },
    { "no answer to Register", SALLY_CLIENT_REGISTERING, SALLY_E_TIMED_OUT,
      true, 0, SALLY_E_OK, "did not answer the registration", "/21/x/1" },
    { "keys that are used up", SALLY_CLIENT_REGISTERED, SALLY_E_EXHAUSTED, true,
      0, SALLY_E_OK, "as often as they may", "/21/x/0" },
    { "an older copy", SALLY_CLIENT_CONNECTING, SALLY_E_ROLLED_BACK, false, 0,
      SALLY_E_OK, "older copy", "servers.oscore_start" },
};

static void each_failure_of_oscore_has_a_cause(void **state)
{
    struct sally_bus_row outer = speaking();

    (void)state;
    open_view_of(with_oscore);
    sally_view_take(&view, SALLY_OUTER, &outer);
    for (size_t i = 0; i < SALLY_LEN(oscore_rows); i++) {
        const struct oscore_row *r = &oscore_rows[i];
        struct sally_bus_row inner = failed(r->in, r->error);

        inner.heard = r->heard;
        inner.hint = r->hint;
        inner.hint_meaning = (uint8_t)r->meaning;
        sally_view_take(&view, SALLY_INNER, &inner);
        assert_true(finding(0));
        expect(r->what, r->cause);
        expect(r->what, r->resources);
        assert_false(finding(1));
    }
    close_view();
}

static void worn_keys_are_told_early(void **state)
{
    struct sally_bus_row outer = speaking();
    struct sally_bus_row inner = { .sensor = 0, .accepted = 5, .wear = 74,
                                   .registered = SALLY_CLIENT_REGISTERED,
                                   .alert = SALLY_BUS_NO_ALERT };
    struct sally_buf room = { (uint8_t *)line, 0, sizeof(line) - 1 };
    struct sally_writer w = sally_writer_into(&room);

    (void)state;
    open_view_of(with_oscore);
    sally_view_take(&view, SALLY_OUTER, &outer);
    sally_view_take(&view, SALLY_INNER, &inner);
    assert_true(finding(0));
    expect("at 74 percent", "nothing is wrong");
    inner.wear = 75;
    sally_view_take(&view, SALLY_INNER, &inner);
    assert_true(finding(0));
    expect("at 75 percent", "used up by 75 percent");
    expect("at 75 percent", "/21/x/0");
    memcpy(inner.sender, "0a01", 5);
    sally_view_take(&view, SALLY_INNER, &inner);
    room.len = 0;
    assert_true(sally_line_sensors(&view, 0, &w));
    line[room.len] = '\0';
    expect("a line of sensors",
           "\"oscore_sender_id\":\"0a01\",\"oscore_wear\":75,");
    close_view();
}

static void the_local_side_comes_first(void **state)
{
    struct sally_bus_row outer = { .sensor = 0 };
    struct sally_bus_row inner =
        failed(SALLY_CLIENT_CONNECTING, SALLY_E_TIMED_OUT);

    (void)state;
    open_view();
    sally_view_take(&view, SALLY_OUTER, &outer);
    sally_view_take(&view, SALLY_INNER, &inner);
    assert_true(finding(0));
    expect("a sensor that says nothing", "auth_refused");
    assert_true(finding(1));
    expect("and its server", "drops UDP");
    assert_false(finding(2));
    outer.unmapped = 3;
    sally_view_take(&view, SALLY_OUTER, &outer);
    assert_true(finding(0));
    expect("foreign topics", "profiles.maps");
    outer = speaking();
    inner.accepted = 0;
    sally_view_take(&view, SALLY_OUTER, &outer);
    sally_view_take(&view, SALLY_INNER, &inner);
    assert_true(finding(0));
    expect("no value", "came to a value");
    close_view();
}

static void what_is_no_failure(void **state)
{
    struct sally_bus_row outer = speaking();
    struct sally_bus_row inner = { .sensor = 0, .accepted = 5,
                                   .registered = SALLY_CLIENT_REGISTERED,
                                   .alert = SALLY_BUS_NO_ALERT };

    (void)state;
    open_view();
    sally_view_take(&view, SALLY_OUTER, &outer);
    sally_view_take(&view, SALLY_INNER, &inner);
    assert_true(finding(0));
    expect("all is well", "nothing is wrong");
    assert_false(finding(1));
    inner.send_muted = 1;
    inner.waiting = 3;
    sally_view_take(&view, SALLY_INNER, &inner);
    assert_true(finding(0));
    expect("nobody wants it", "/1/x/23");
    inner.error = SALLY_E_TIMED_OUT; /* before it registered again */
    inner.send_muted = 0;
    sally_view_take(&view, SALLY_INNER, &inner);
    assert_true(finding(0));
    expect("what is over is not told", "nothing is wrong");
    close_view();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failure_has_a_cause),
        cmocka_unit_test(each_failure_of_oscore_has_a_cause),
        cmocka_unit_test(worn_keys_are_told_early),
        cmocka_unit_test(the_local_side_comes_first),
        cmocka_unit_test(what_is_no_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
