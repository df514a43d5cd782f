/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_mqtt_tls.c - connections of which TLS has said who
 * they are, or that it was there: who may be whom, and what that is worth.  */
#define SIDE_CONFIG                                                            \
    GATEWAY                                                                    \
    "local = { mqtt = ( { }, { secure = \"psk\"; }, { secure = "               \
    "\"certificate\"; port = 8884; } ); tls = { certificate_file = \"c\"; "    \
    "key_file = \"k\"; ca_file = \"a\"; }; };\n" SERVERS PROFILES              \
    "sensor_defaults = { server = \"cloud\"; profile = \"p\"; };\n"            \
    "sensors = ( { id = \"key\"; authenticate = ( { method = \"psk\"; "        \
    "key_file = \"k\"; } ); }, { id = \"all\"; require = \"all\"; "            \
    "authenticate = ( { method = \"psk\"; key_file = \"l\"; }, { method = "    \
    "\"password\"; username = \"ub\"; } ); }, { id = \"tls\"; authenticate = " \
    "( { method = \"password\"; username = \"both\"; tls = true; } ); }, "     \
    "{ id = \"cert\"; authenticate = ( { method = \"certificate\"; } ); }, "   \
    "{ id = \"any\"; require = \"any\"; authenticate = ( { method = "          \
    "\"certificate\"; }, { method = \"password\"; username = \"uc\"; } ); } "  \
    ");\n"
#define LOCAL_PASSWORDS GOOD("ua") GOOD("ub") GOOD("uc") GOOD("both")

#include "unit/ingress/mqtt_local.h"

enum { KEY, ALL, TLS, CERT, ANY };
#define NOBODY UINT32_MAX
#define WAIT (500 * SALLY_MSEC) /* longer than a refusal takes */

/* `secured` by `method` as `as`; without a user name if `user` is NULL. */
static struct line *come(struct local *l, bool secured, uint32_t as,
                         enum sally_auth_method method, const char *user,
                         const char *password)
{
    struct line *line = call(l, 0);
    uint8_t room[512];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&b);
    struct sally_mqtt_connect c = {
        .client_id = sally_span_of("id"),
        .username = sally_span_of(user == NULL ? "" : user),
        .password = sally_span_of(password == NULL ? "" : password),
        .has_username = user != NULL,
        .has_password = password != NULL,
        .clean = true,
        .keep_alive = 60,
    };

    if (secured)
        sally_mqtt_server_secured(line->connection, as, method);
    sally_mqtt_put_connect(&w, &c);
    assert_false(w.failed);
    input(line, &b);
    run_until(l, l->side->now + WAIT);
    return line;
}

#define PSK SALLY_AUTH_PSK
#define CERTIFICATE SALLY_AUTH_CERTIFICATE
static const struct row {
    const char *what;
    bool secured;
    uint32_t as;
    enum sally_auth_method method;
    const char *user, *password;
    uint32_t is; /* who it then is; NOBODY: refused */
    enum sally_auth_method by;
} rows[] = {
    { "a key", true, KEY, PSK, NULL, NULL, KEY, PSK },
    { "a key, and a name that is nobody's", true, KEY, PSK, "x", "y", KEY,
      PSK },
    { "a key, and another sensor's name and password", true, KEY, PSK, "ub",
      "right", NOBODY, PSK },
    { "a key where the password is wanted, too", true, ALL, PSK, NULL, NULL,
      NOBODY, PSK },
    { "a key, and a password of no sensor", true, ALL, PSK, "ua", "right",
      NOBODY, PSK },
    { "a key, and a wrong password", true, ALL, PSK, "ub", "wrong", NOBODY,
      PSK },
    { "a key and its password", true, ALL, PSK, "ub", "right", ALL, PSK },
    { "the password without the key", false, NOBODY, PSK, "ub", "right",
      NOBODY, PSK },
    { "the password over TLS without the key", true, NOBODY, CERTIFICATE, "ub",
      "right", NOBODY, PSK },
    { "a password in plaintext that is for TLS", false, NOBODY, PSK, "both",
      "right", NOBODY, PSK },
    { "it over TLS", true, NOBODY, CERTIFICATE, "both", "right", TLS,
      SALLY_AUTH_PASSWORD },
    { "a wrong one over TLS", true, NOBODY, CERTIFICATE, "both", "wrong",
      NOBODY, PSK },
    { "nothing but TLS", true, NOBODY, CERTIFICATE, NULL, NULL, NOBODY, PSK },
    { "a certificate", true, CERT, CERTIFICATE, NULL, NULL, CERT,
      CERTIFICATE },
    { "either: a certificate", true, ANY, CERTIFICATE, NULL, NULL, ANY,
      CERTIFICATE },
};

static void who_comes_in_is_who_tls_says(void **state)
{
    struct local *l = *state;

    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct line *line =
            come(l, r->secured, r->as, r->method, r->user, r->password);
        bool in = line->connection != NULL;

        if (line->len != 4 || (line->heard[3] == 0) != (r->is != NOBODY))
            fail_msg("%s: %zu bytes, code %u", r->what, line->len,
                     line->heard[3]);
        for (uint32_t s = KEY; s <= ANY; s++)
            if (online(l, s) != (s == r->is))
                fail_msg("%s: sensor %u", r->what, s);
        if (r->is == NOBODY)
            continue;
        assert_true(in);
        assert_int_equal(sally_outer_sensor(l->side->outer, r->is)->level,
                         SALLY_ASSURANCE_PROTECTED);
        assert_int_equal(sally_outer_sensor(l->side->outer, r->is)->method,
                         r->by);
        hang_up(line);
    }
}

/* The same password is worth less where anybody can have heard it. */
static void plaintext_is_worth_less(void **state)
{
    struct local *l = *state;

    assert_non_null(come(l, false, NOBODY, PSK, "uc", "right")->connection);
    assert_int_equal(sally_outer_sensor(l->side->outer, ANY)->level,
                     SALLY_ASSURANCE_SECRET);
}

/* What TLS said is a number, which may be another sensor's after a reload. */
static void a_reload_ends_what_tls_said_of_others(void **state)
{
    struct local *l = *state;
    struct line *gone = call(l, 0), *stays = call(l, 1), *open = call(l, 2);
    struct sally_config *next = &l->configs[l->config_count++];
    char *report = NULL;

    sally_mqtt_server_secured(gone->connection, KEY, PSK);
    sally_mqtt_server_secured(stays->connection, CERT, CERTIFICATE);
    sally_mqtt_server_secured(open->connection, NOBODY, CERTIFICATE);
    if (load_given(SIDE_CONFIG, NULL, "", next, &report) != 0)
        fail_msg("%s", report);
    free(report);
    ((struct sally_config_sensor *)(uintptr_t)next->sensors)[KEY].born++;
    assert_int_equal(sally_outer_prepare(l->side->outer, next), SALLY_E_OK);
    assert_int_equal(sally_mqtt_server_prepare(l->server, next, PLACES),
                     SALLY_E_OK);
    sally_mqtt_server_commit(l->server, next, l->addresses, l->side->now);
    sally_outer_commit(l->side->outer, l->side->now);
    sally_config_wipe(&l->side->config);
    l->side->config = *next;
    assert_null(gone->connection);
    assert_non_null(stays->connection);
    assert_non_null(open->connection);
    sally_mqtt_server_doubt(l->server, l->side->now);
    assert_null(stays->connection);
    assert_non_null(open->connection);
    hang_up(open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_comes_in_is_who_tls_says),
        TEST(plaintext_is_worth_less),
        TEST(a_reload_ends_what_tls_said_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
