/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_mqtt_sessions.c - what outlives a connection:
 * subscriptions, messages of QoS 2 by their ids, wills; and take-overs.      */
#include "unit/ingress/mqtt_local.h"

/* How a client of version 5 comes. */
struct coming {
    const char *id, *will;
    bool clean;
    uint32_t expiry, will_delay; /* seconds */
};

static struct line *come(struct local *l, size_t place, const char *user,
                         const struct coming *how)
{
    uint8_t room[512], own[16], wills[16];
    struct sally_buf b = SALLY_BUF(room), p = SALLY_BUF(own),
                     q = SALLY_BUF(wills);
    struct sally_writer w = sally_writer_into(&b), x = sally_writer_into(&p),
                        y = sally_writer_into(&q);
    struct sally_mqtt_connect c = {
        .client_id = sally_span_of(how->id),
        .username = sally_span_of(user),
        .password = sally_span_of("right"),
        .has_username = true,
        .has_password = true,
        .has_will = how->will != NULL,
        .clean = how->clean,
        .keep_alive = 60,
        .v5 = true,
        .will = { .topic = sally_span_of(how->will == NULL ? "" : how->will),
                  .payload = sally_span_of("21.5") },
    };
    struct line *line = call(l, place);

    sally_mqtt_put_number(&x, SALLY_MQTT_SESSION_EXPIRY, how->expiry);
    c.properties.bytes = sally_buf_span(&p);
    if (how->will_delay != 0)
        sally_mqtt_put_number(&y, SALLY_MQTT_WILL_DELAY, how->will_delay);
    c.will.properties.bytes = sally_buf_span(&q);
    sally_mqtt_put_connect(&w, &c);
    assert_false(w.failed);
    input(line, &b);
    return line;
}

/* The CONNACK that it heard. */
static struct sally_mqtt_connack connack(const struct line *l)
{
    struct sally_span all = { l->heard, l->len };
    struct sally_mqtt_connack k;
    struct sally_mqtt_header h;

    assert_int_equal(sally_mqtt_header(all, &h), SALLY_E_OK);
    assert_int_equal(h.type, SALLY_MQTT_CONNACK);
    assert_int_equal(sally_mqtt_parse_connack(
                         sally_span_sub(all, h.header, h.body), true, &k),
                     SALLY_E_OK);
    return k;
}

static void say(struct line *l, const char *bytes, size_t n)
{
    uint8_t room[64];
    struct sally_buf b = { room, n, sizeof(room) };

    memcpy(room, bytes, n);
    input(l, &b);
}
#define SAY(l, text) say(l, text, sizeof(text) - 1)

static bool heard(const struct line *l, const char *bytes, size_t n)
{
    return l->len == n && memcmp(l->heard, bytes, n) == 0;
}
#define HEARD(l, text) assert_true(heard(l, text, sizeof(text) - 1))

/* QoS 2, packet id 7, m/ma/temp = 21.5; without and with DUP. */
#define MESSAGE "\x12\x00\x09m/ma/temp\x00\x07\x00" "21.5"
#define FIRST "\x34" MESSAGE
#define AGAIN "\x3c" MESSAGE

static const struct coming hour = { "x", NULL, false, 3600, 0 };
static const struct coming fresh = { "x", NULL, true, 3600, 0 };

static void a_session_goes_on(void **state)
{
    struct local *l = *state;
    struct line *line = come(l, 0, "ua", &hour);

    assert_false(connack(line).present);
    SAY(line, "\x82\x0e\x00\x09\x00\x00\x08m/ma/set\x01");
    HEARD(line, "\x90\x04\x00\x09\x00\x01");
    hang_up(line);
    line = come(l, 1, "ua", &hour);
    assert_true(connack(line).present);
    line->len = 0;
    side_switch(l->side, 5, MQTT_A, true);
    HEARD(line, "\x32\x0f\x00\x08m/ma/set\x00\x01\x00ON");
}

static const struct {
    const char *what, *user, *id;
    bool clean;
    sally_usec after;
} others[] = {
    { "a clean start", "ua", "x", true, 0 },
    { "another client id", "ua", "y", false, 0 },
    { "another sensor", "ub", "x", false, 0 },
    { "too late", "ua", "x", false, 3600 * SALLY_SEC },
};

static void and_for_nobody_else(void **state)
{
    struct local *l = *state;

    for (size_t i = 0; i < SALLY_LEN(others); i++) {
        struct coming how = { others[i].id, NULL, others[i].clean, 60, 0 };
        struct line *line = come(l, 0, "ua", &fresh);

        SAY(line, "\x82\x0e\x00\x09\x00\x00\x08m/ma/set\x01");
        hang_up(line);
        run_until(l, l->side->now + others[i].after);
        line = come(l, 1, others[i].user, &how);
        if (connack(line).present)
            fail_msg("%s: it has the session", others[i].what);
        line->len = 0;
        side_switch(l->side, 5, MQTT_A, true);
        if (line->len != 0)
            fail_msg("%s: it has the subscription", others[i].what);
        hang_up(line);
    }
}

static void a_session_of_3_1_1_goes_on(void **state)
{
    static const char connect[] =
        "\x10\x18\x00\x04MQTT\x04\xc0\x00\x3c\x00\x01x\x00\x02ua\x00\x05right";
    struct local *l = *state;
    struct line *line = call(l, 0);

    say(line, connect, sizeof(connect) - 1);
    HEARD(line, "\x20\x02\x00\x00");
    hang_up(line);
    line = call(l, 1);
    say(line, connect, sizeof(connect) - 1);
    HEARD(line, "\x20\x02\x01\x00");
}

static void more_than_an_hour_is_told(void **state)
{
    static const struct coming ever = { "x", NULL, true, UINT32_MAX, 0 };
    struct local *l = *state;
    struct sally_mqtt_connack k = connack(come(l, 0, "ua", &ever));

    assert_int_equal(sally_mqtt_property_number(
                         &k.properties, SALLY_MQTT_SESSION_EXPIRY, 0),
                     3600);
}

static void a_client_without_a_name_gets_one(void **state)
{
    static const struct coming nameless = { "", NULL, false, 60, 0 };
    struct local *l = *state;
    struct sally_mqtt_connack k = connack(come(l, 0, "ua", &nameless));

    assert_int_equal(sally_mqtt_property_bytes(
                         &k.properties, SALLY_MQTT_ASSIGNED_CLIENT_ID)
                         .len,
                     16);
}

/* --- QoS 2 ---------------------------------------------------------------- */

static void qos_2_is_answered_when_it_is_durable(void **state)
{
    struct local *l = *state;
    struct line *line = come(l, 0, "ua", &hour);

    SAY(line, FIRST);
    HEARD(line, "");
    side_accept(l->side, SALLY_ACCEPTED_STORED);
    HEARD(line, "\x50\x02\x00\x07");
    SAY(line, AGAIN);
    HEARD(line, "\x50\x02\x00\x07");
    SAY(line, "\x62\x02\x00\x07");
    HEARD(line, "\x70\x02\x00\x07");
    assert_int_equal(side_readings(l->side), 1);
    SAY(line, FIRST); /* another one */
    assert_int_equal(side_readings(l->side), 2);
}

/* The connection ends before or after the message is durable, and the client
 * says it again in the next one: one reading.                               */
static void qos_2_comes_once_over_two_connections(void **state)
{
    struct local *l = *state;

    for (unsigned when = 0; when < 3; when++) {
        struct line *line = come(l, 0, "ua", &fresh);

        l->side->said_count = 0;
        SAY(line, FIRST);
        if (when == 0)
            side_accept(l->side, SALLY_ACCEPTED_STORED);
        hang_up(line);
        if (when == 1)
            side_accept(l->side, SALLY_ACCEPTED_STORED);
        line = come(l, 1, "ua", &hour);
        assert_true(connack(line).present);
        SAY(line, AGAIN);
        if (when == 2) {
            HEARD(line, "");
            side_accept(l->side, SALLY_ACCEPTED_STORED);
        }
        HEARD(line, "\x50\x02\x00\x07");
        SAY(line, "\x62\x02\x00\x07");
        HEARD(line, "\x70\x02\x00\x07");
        assert_int_equal(side_readings(l->side), 1);
        hang_up(line);
    }
}

/* Without a session nothing is known of it any more, as the client is told. */
static void qos_2_ends_with_its_session(void **state)
{
    static const struct coming brief = { "x", NULL, true, 0, 0 };
    struct local *l = *state;
    struct line *line = come(l, 0, "ua", &brief);

    SAY(line, FIRST);
    hang_up(line);
    side_accept(l->side, SALLY_ACCEPTED_STORED); /* to nobody */
    line = come(l, 1, "ua", &hour);
    assert_false(connack(line).present);
    SAY(line, "\x62\x02\x00\x07");
    HEARD(line, "\x70\x03\x00\x07\x92");
}

static void version_5_hears_why(void **state)
{
    struct local *l = *state;
    struct line *line = come(l, 0, "ua", &hour);

    SAY(line, "\x32\x10\x00\x09m/mb/temp\x00\x05\x00xy");
    HEARD(line, "\x40\x03\x00\x05\x87");
    SAY(line, "\x34\x10\x00\x09m/mb/temp\x00\x05\x00xy");
    HEARD(line, "\x50\x03\x00\x05\x87");
    SAY(line, "\x32\x0f\x00\x08$SYS/any\x00\x05\x00xy");
    HEARD(line, "\x40\x03\x00\x05\x87");
    SAY(line, "\x32\x10\x00\x09m/ma/temp\x00\x05\x00xy"); /* no number */
    HEARD(line, "\x40\x02\x00\x05");
    SAY(line, "\x33\x0f\x00\x09m/ma/temp\x00\x06\x00" "7"); /* retained */
    assert_int_equal(side_readings(l->side), 1);
    side_accept(l->side, SALLY_ACCEPTED_FULL);
    HEARD(line, "\x40\x03\x00\x06\x97");
    SAY(line, FIRST);
    side_accept(l->side, SALLY_ACCEPTED_FULL);
    HEARD(line, "\x50\x03\x00\x07\x97");
    SAY(line, FIRST); /* tries again */
    assert_int_equal(side_readings(l->side), 3);
    side_accept(l->side, SALLY_ACCEPTED_STORED);
    HEARD(line, "\x50\x02\x00\x07");
}

/* --- Wills ---------------------------------------------------------------- */

static void a_will_waits_for_its_delay(void **state)
{
    static const struct coming late = { "x", "m/ma/temp", true, 3600, 60 };
    struct local *l = *state;
    struct line *line = come(l, 0, "ua", &late);

    hang_up(line);
    run_until(l, l->side->now + 59 * SALLY_SEC);
    assert_int_equal(side_readings(l->side), 0);
    run_until(l, l->side->now + 2 * SALLY_SEC);
    assert_int_equal(side_readings(l->side), 1);
    run_until(l, l->side->now + 3600 * SALLY_SEC);
    assert_int_equal(side_readings(l->side), 1);
}

static void a_will_is_taken_back_by_who_comes_again(void **state)
{
    static const struct coming late = { "x", "m/ma/temp", true, 3600, 60 };
    struct local *l = *state;
    struct line *line = come(l, 0, "ua", &late);

    hang_up(line);
    line = come(l, 1, "ua", &hour);
    run_until(l, l->side->now + 30 * SALLY_SEC);
    assert_int_equal(side_readings(l->side), 0);
    SAY(line, "\xe0\x00");
    run_until(l, l->side->now + 7200 * SALLY_SEC);
    assert_int_equal(side_readings(l->side), 0);
}

static void a_will_is_spoken_when_the_session_ends(void **state)
{
    static const struct coming late = { "x", "m/ma/temp", true, 30, 60 };
    struct local *l = *state;
    struct line *line = come(l, 0, "ua", &late);

    hang_up(line);
    run_until(l, l->side->now + 31 * SALLY_SEC);
    assert_int_equal(side_readings(l->side), 1);
    line = come(l, 1, "ua", &late);
    hang_up(line);
    (void)come(l, 1, "ua", &fresh); /* begins another session */
    assert_int_equal(side_readings(l->side), 2);
}

/* --- Take-over and bounds ------------------------------------------------- */

static void the_old_one_hears_who_took_over(void **state)
{
    struct local *l = *state;
    struct line *old = come(l, 0, "ua", &hour), *line;

    SAY(old, "\x82\x0e\x00\x09\x00\x00\x08m/ma/set\x01");
    line = come(l, 1, "ua", &hour);
    assert_null(old->connection);
    HEARD(old, "\x90\x04\x00\x09\x00\x01\xe0\x01\x8e");
    assert_true(connack(line).present);
    line->len = 0;
    side_switch(l->side, 5, MQTT_A, true);
    HEARD(line, "\x32\x0f\x00\x08m/ma/set\x00\x01\x00ON");
}

static void two_with_one_name_do_not_flap_for_ever(void **state)
{
    struct local *l = *state;
    struct line *line = come(l, 0, "ua", &hour);

    for (size_t i = 1; i <= 5; i++)
        line = come(l, i, "ua", &hour);
    assert_int_equal(connack(line).code, 0);
    HEARD(come(l, 6, "ua", &hour), "\x20\x03\x00\x89\x00");
    assert_non_null(line->connection);
    run_until(l, l->side->now + 59 * SALLY_SEC);
    HEARD(come(l, 6, "ua", &hour), "\x20\x03\x00\x89\x00");
    SAY(line, "\xc0\x00");
    run_until(l, l->side->now + 2 * SALLY_SEC);
    assert_int_equal(connack(come(l, 7, "ua", &hour)).code, 0);
}

static void sessions_of_a_sensor_are_bounded(void **state)
{
    struct local *l = *state;
    unsigned present = 0;

    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 9; i++) {
            char id[] = { (char)('a' + i), '\0' };
            struct coming how = { id, NULL, false, 3600, 0 };
            struct line *line = come(l, 0, "ua", &how);

            present += connack(line).present;
            hang_up(line);
        }
    assert_int_equal(present, 0); /* the ninth put out the first, and so on */
}

/* --- A display ------------------------------------------------------------ */

static void make_display(struct local *l, uint32_t which)
{
    struct sally_config *next = &l->configs[l->config_count++];
    char *report = NULL;

    assert_int_equal(load_given(SIDE_CONFIG, NULL, "", next, &report), 0);
    free(report);
    ((struct sally_config_sensor *)next->sensors)[which].visibility =
        SALLY_VISIBILITY_ALL;
    assert_int_equal(sally_outer_prepare(l->side->outer, next), SALLY_E_OK);
    assert_int_equal(sally_mqtt_server_prepare(l->server, next, PLACES),
                     SALLY_E_OK);
    sally_mqtt_server_commit(l->server, next, l->addresses, l->side->now);
    sally_outer_commit(l->side->outer, l->side->now);
    sally_config_wipe(&l->side->config);
    l->side->config = *next;
}

static void a_display_sees_what_others_publish(void **state)
{
    struct local *l = *state;
    struct line *a, *display;

    make_display(l, MQTT_B);
    a = come(l, 0, "ua", &hour);
    display = come(l, 1, "ub", &hour);
    SAY(display, "\x82\x07\x00\x09\x00\x00\x01#\x01");
    HEARD(display, "\x90\x04\x00\x09\x00\x01");
    SAY(display, "\x82\x0c\x00\x09\x00\x00\x06$SYS/#\x01");
    HEARD(display, "\x90\x04\x00\x09\x00\x87");
    display->len = a->len = 0;
    SAY(a, "\x33\x0f\x00\x09m/ma/temp\x00\x06\x00" "7");
    HEARD(display, "\x32\x0f\x00\x09m/ma/temp\x00\x01\x00" "7");
    display->len = 0;
    SAY(a, "\x30\x0d\x00\x09m/mb/temp\x00" "7"); /* not its own: foreign */
    HEARD(display, "");
    side_switch(l->side, 5, MQTT_A, true); /* nor commands of others */
    HEARD(display, "");
    SAY(display, "\x30\x0d\x00\x09m/mb/temp\x00" "8"); /* but itself */
    HEARD(display, "\x30\x0d\x00\x09m/mb/temp\x00" "8");
}

static void a_slow_display_holds_up_nobody(void **state)
{
    struct local *l = *state;
    struct line *a, *display;

    make_display(l, MQTT_B);
    a = come(l, 0, "ua", &hour);
    display = come(l, 1, "ub", &hour);
    SAY(display, "\x82\x07\x00\x09\x00\x00\x01#\x01");
    for (unsigned i = 0; i < 40; i++) {
        display->len = 0;
        SAY(a, "\x32\x0f\x00\x09m/ma/temp\x00\x06\x00" "7");
        side_accept(l->side, SALLY_ACCEPTED_STORED);
        HEARD(a, "\x40\x02\x00\x06");
        assert_true((display->len == 0) == (i >= SALLY_MQTT_SEND_MAX));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_goes_on),
        TEST(and_for_nobody_else),
        TEST(a_session_of_3_1_1_goes_on),
        TEST(more_than_an_hour_is_told),
        TEST(a_client_without_a_name_gets_one),
        TEST(qos_2_is_answered_when_it_is_durable),
        TEST(qos_2_comes_once_over_two_connections),
        TEST(qos_2_ends_with_its_session),
        TEST(version_5_hears_why),
        TEST(a_will_waits_for_its_delay),
        TEST(a_will_is_taken_back_by_who_comes_again),
        TEST(a_will_is_spoken_when_the_session_ends),
        TEST(the_old_one_hears_who_took_over),
        TEST(two_with_one_name_do_not_flap_for_ever),
        TEST(sessions_of_a_sensor_are_bounded),
        TEST(a_display_sees_what_others_publish),
        TEST(a_slow_display_holds_up_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
