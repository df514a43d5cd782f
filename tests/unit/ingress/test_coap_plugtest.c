/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_coap_plugtest.c - the rows of ETSI's CoAP plugtests
 * (TD_COAP_*) at a server that takes readings: each test has its row's name.
 * Rows about ETags and Location-Query have no place here, since no resource of
 * this server has a state that could be cached or made.                     */
#include "unit/ingress/coap_local.h"

#define CON SALLY_COAP_CON
#define NON SALLY_COAP_NON
#define GET SALLY_CODE_GET
#define POST SALLY_CODE_POST
#define PUT SALLY_CODE_PUT

/* The reading is stored, and its answer is `code`. */
static struct sally_coap_message stored(struct local *l, uint8_t code)
{
    l->out_count = 0;
    side_accept(l->side, SALLY_ACCEPTED_STORED);
    return answered(l, code);
}

/* The one value of the newest reading, as a number times ten. */
static int tenths(const struct local *l, size_t value)
{
    const struct sally_bus_message *last;
    struct sally_lwm2m_record r;

    assert_true(side_said(l->side, SALLY_BUS_READINGS, &last) > 0);
    assert_true(value < last->as.readings.count);
    sally_bus_value(&last->as.readings.value[value], last->as.readings.bytes,
                    &r);
    return (int)(r.value.is.real * 10);
}

/* --- Core ---------------------------------------------------------------- */

static void td_coap_core_01_get_con(void **state)
{
    struct local *l = *state;
    struct sally_coap_message m;

    say(l, GET, at_path("relay/set"), "");
    m = answered(l, SALLY_CODE_CONTENT);
    assert_int_equal(m.type, SALLY_COAP_ACK);
    assert_int_equal(m.mid, l->mid);
    say(l, GET, at_path("temp"), ""); /* a reading is not given back */
    (void)answered(l, SALLY_CODE_METHOD_NOT_ALLOWED);
}

static void td_coap_core_02_delete_con(void **state)
{
    struct local *l = *state;

    say(l, SALLY_CODE_DELETE, at_path("temp"), "");
    assert_int_equal(answered(l, SALLY_CODE_METHOD_NOT_ALLOWED).type,
                     SALLY_COAP_ACK);
}

static void td_coap_core_03_put_con(void **state)
{
    struct local *l = *state;

    say(l, PUT, at_path("temp"), "21.5");
    assert_int_equal(stored(l, SALLY_CODE_CHANGED).type, SALLY_COAP_ACK);
    assert_int_equal(tenths(l, 0), 215);
}

static void td_coap_core_04_post_con(void **state)
{
    struct local *l = *state;

    say(l, POST, at_path("temp"), "21.5");
    assert_int_equal(stored(l, SALLY_CODE_CHANGED).type, SALLY_COAP_ACK);
}

static void td_coap_core_05_get_non(void **state)
{
    struct local *l = *state;

    say_with(l, NON, GET, at_path("relay/set"), "tok", "");
    assert_int_equal(answered(l, SALLY_CODE_CONTENT).type, NON);
}

static void td_coap_core_08_post_non(void **state)
{
    struct local *l = *state;

    say_with(l, NON, POST, at_path("temp"), "tok", "21.5");
    assert_int_equal(stored(l, SALLY_CODE_CHANGED).type, NON);
    say_with(l, NON, PUT, at_path("temp"), "tok", "warm");
    assert_int_equal(answered(l, SALLY_CODE_BAD_REQUEST).type, NON);
}

static void td_coap_core_09_separate(void **state)
{
    struct local *l = *state;
    struct sally_coap_message m;

    say_with(l, CON, PUT, at_path("temp"), "a token!", "21.5");
    assert_int_equal(l->out_count, 0);
    l->side->now = l->armed; /* the store takes its time */
    sally_coap_server_expire(l->server, l->side->now);
    m = answered(l, SALLY_CODE_EMPTY);
    assert_int_equal(m.type, SALLY_COAP_ACK);
    assert_int_equal(m.mid, l->mid);
    m = stored(l, SALLY_CODE_CHANGED);
    assert_int_equal(m.type, CON);
    assert_true(sally_span_is(m.token, "a token!"));
    give_empty(l, SALLY_COAP_ACK, m.mid);
    l->out_count = 0;
    l->side->now += 100 * SALLY_SEC;
    sally_coap_server_expire(l->server, l->side->now);
    assert_int_equal(l->out_count, 0);
}

static void td_coap_core_10_token(void **state)
{
    struct local *l = *state;

    say_with(l, CON, PUT, at_path("temp"), "12345678", "21.5");
    assert_true(sally_span_is(stored(l, SALLY_CODE_CHANGED).token, "12345678"));
}

static void td_coap_core_12_no_token(void **state)
{
    struct local *l = *state;

    say_with(l, CON, PUT, at_path("temp"), "", "21.5");
    assert_int_equal(stored(l, SALLY_CODE_CHANGED).token.len, 0);
}

static void td_coap_core_13_several_paths(void **state)
{
    struct local *l = *state;

    say(l, PUT, at_path("a/b/c"), "-1.5");
    (void)stored(l, SALLY_CODE_CHANGED);
    assert_int_equal(tenths(l, 0), -15);
    say(l, PUT, at_path("a/b"), "21.5");
    (void)answered(l, SALLY_CODE_FORBIDDEN);
}

/* Values in the query, by each method that sensors use for that. */
static void td_coap_core_14_several_queries(void **state)
{
    static const uint8_t methods[] = { GET, POST, PUT };
    struct local *l = *state;

    for (size_t i = 0; i < SALLY_LEN(methods); i++) {
        struct list *o = with(with(at_path("form"), SALLY_OPTION_URI_QUERY,
                                   "t=21.5"), SALLY_OPTION_URI_QUERY, "h=+40");

        say(l, methods[i], o, "");
        (void)stored(l, methods[i] == GET ? SALLY_CODE_CONTENT
                                          : SALLY_CODE_CHANGED);
        assert_int_equal(side_readings(l->side), i + 1);
        assert_int_equal(tenths(l, 0), 215);
        assert_int_equal(tenths(l, 1), 400);
    }
    say(l, GET, with(at_path("form"), SALLY_OPTION_URI_QUERY, "t=1&h=2"), "");
    (void)answered(l, SALLY_CODE_BAD_REQUEST);
    say(l, POST, with(at_path("temp"), SALLY_OPTION_URI_QUERY, "t=1"), "7");
    (void)stored(l, SALLY_CODE_CHANGED);
    assert_int_equal(tenths(l, 0), 70); /* what has a payload says it there */
}

static void td_coap_core_17_separate_non(void **state)
{
    struct local *l = *state;

    say_with(l, NON, PUT, at_path("temp"), "tok", "21.5");
    l->side->now += 10 * SALLY_SEC;
    sally_coap_server_expire(l->server, l->side->now);
    assert_int_equal(l->out_count, 0); /* a NON is not acknowledged */
    assert_int_equal(stored(l, SALLY_CODE_CHANGED).type, NON);
}

static void td_coap_core_20_accept(void **state)
{
    struct local *l = *state;

    validate(l);
    say(l, GET, with_uint(at_path("relay/set"), SALLY_OPTION_ACCEPT, 0), "");
    (void)answered(l, SALLY_CODE_CONTENT);
    say(l, GET, with_uint(at_path("relay/set"), SALLY_OPTION_ACCEPT, 60), "");
    (void)answered(l, SALLY_CODE_NOT_ACCEPTABLE);
    say(l, GET, with_uint(at_path(".well-known/core"), SALLY_OPTION_ACCEPT, 50),
        "");
    (void)answered(l, SALLY_CODE_NOT_ACCEPTABLE);
    say(l, GET, with_uint(at_path(".well-known/core"), SALLY_OPTION_ACCEPT, 40),
        "");
    (void)answered(l, SALLY_CODE_CONTENT);
}

/* No resource has an ETag, so only the empty one matches, and each exists. */
static void td_coap_core_22_if_match(void **state)
{
    struct local *l = *state;

    say(l, PUT, with_path(with(list_new(), SALLY_OPTION_IF_MATCH, "etag"),
                          "temp"), "21.5");
    (void)answered(l, SALLY_CODE_PRECONDITION_FAILED);
    say(l, PUT, with_path(with(list_new(), SALLY_OPTION_IF_MATCH, ""), "temp"),
        "21.5");
    (void)stored(l, SALLY_CODE_CHANGED);
}

static void td_coap_core_23_if_none_match(void **state)
{
    struct local *l = *state;

    say(l, PUT, with_path(with(list_new(), SALLY_OPTION_IF_NONE_MATCH, ""),
                          "temp"), "21.5");
    (void)answered(l, SALLY_CODE_PRECONDITION_FAILED);
    assert_int_equal(side_readings(l->side), 0);
}

static void td_coap_core_31_ping(void **state)
{
    struct local *l = *state;
    struct sally_coap_message m;

    say(l, PUT, at_path("temp"), "warm");
    l->out_count = 0;
    give_empty(l, CON, 77);
    m = answered(l, SALLY_CODE_EMPTY);
    assert_int_equal(m.type, SALLY_COAP_RST);
    assert_int_equal(m.mid, 77);
}

/* --- Links and blocks ---------------------------------------------------- */

static void td_coap_link_01_well_known_core(void **state)
{
    static const char all[] =
        "</rd>;rt=\"core.rd\",</relay/set>;obs,</reset>;obs,</temp>,</a/b/c>,"
        "</form>";
    struct local *l = *state;
    struct sally_coap_message m;
    uint32_t format = 0;

    validate(l);
    m = heard(l);
    assert_true(sally_span_is(m.payload, all));
    assert_true(sally_coap_option_uint(m.options, SALLY_OPTION_CONTENT_FORMAT,
                                       &format));
    assert_int_equal(format, 40);
    say(l, GET, with(at_path(".well-known/core"), SALLY_OPTION_URI_QUERY,
                     "href=/te*"), "");
    assert_true(sally_span_is(heard(l).payload, "</temp>"));
    say(l, GET, with(at_path(".well-known/core"), SALLY_OPTION_URI_QUERY,
                     "rt=core.rd*"), "");
    assert_true(sally_span_is(heard(l).payload, "</rd>;rt=\"core.rd\""));
    say(l, GET, with(at_path(".well-known/core"), SALLY_OPTION_URI_QUERY,
                     "rt=core.ps"), "");
    assert_int_equal(answered(l, SALLY_CODE_CONTENT).payload.len, 0);
    say(l, POST, at_path(".well-known/core"), "21.5");
    (void)answered(l, SALLY_CODE_FORBIDDEN);
}

/* The sizes that the client wants, from the first request on, or later. */
static void blocks_of(struct local *l, bool early)
{
    char got[128] = "";
    size_t len = 0;

    for (uint32_t n = 0; n < 5; n++) {
        struct list *o = at_path(".well-known/core");
        struct sally_coap_message m;

        if (early || n > 0)
            o = with_uint(o, SALLY_OPTION_BLOCK2, n << 4);
        say(l, GET, o, "");
        m = answered(l, SALLY_CODE_CONTENT);
        if (!early && n == 0) {
            assert_int_equal(m.payload.len, 73);
            m.payload.len = 16; /* the client had no room for more */
        }
        assert_in_range(m.payload.len, 1, 16);
        memcpy(&got[len], m.payload.at, m.payload.len);
        len += m.payload.len;
    }
    assert_int_equal(len, 73);
    assert_string_equal(got, "</rd>;rt=\"core.rd\",</relay/set>;obs,</reset>;obs,</temp>,</a/b/c>,"
                             "</form>");
}

static void td_coap_block_01_get_early(void **state)
{
    validate(*state);
    blocks_of(*state, true);
}

static void td_coap_block_02_get_late(void **state)
{
    validate(*state);
    blocks_of(*state, false);
}

/* "  ...  21.5" in blocks of 16. */
static void upload(struct local *l, uint8_t method, uint8_t last)
{
    static const char pad[] = "                ";

    for (uint32_t n = 0; n < 3; n++) {
        say(l, method, with_uint(at_path("temp"), SALLY_OPTION_BLOCK1,
                                 n << 4 | (n < 2 ? 8 : 0)),
            n < 2 ? pad : "21.5");
        if (n < 2)
            (void)answered(l, SALLY_CODE_CONTINUE);
    }
    (void)stored(l, last);
    assert_int_equal(tenths(l, 0), 215);
}

static void td_coap_block_03_put(void **state)
{
    struct local *l = *state;

    upload(l, PUT, SALLY_CODE_CHANGED);
    say(l, PUT, with_uint(at_path("temp"), SALLY_OPTION_BLOCK1, 5 << 4 | 8),
        "0123456789abcdef"); /* nobody began this one */
    (void)answered(l, SALLY_CODE_REQUEST_INCOMPLETE);
}

static void td_coap_block_04_post(void **state)
{
    upload(*state, POST, SALLY_CODE_CHANGED);
}

/* --- Observe ------------------------------------------------------------- */

static struct list *observing(uint32_t value)
{
    return with_path(with_uint(list_new(), SALLY_OPTION_OBSERVE, value),
                     "relay/set");
}

static void observe_as(struct local *l, enum sally_coap_type type)
{
    uint32_t number;

    validate(l);
    say_with(l, type, GET, observing(0), "obs", "");
    assert_true(sally_coap_option_uint(answered(l, SALLY_CODE_CONTENT).options,
                                       SALLY_OPTION_OBSERVE, &number));
}

/* A command, which comes as a notification. */
static struct sally_coap_message notified(struct local *l, uint32_t command)
{
    struct sally_coap_message m;
    uint32_t number;

    l->out_count = 0;
    side_switch(l->side, command, COAP_1, true);
    m = answered(l, SALLY_CODE_CONTENT);
    assert_int_equal(m.type, CON);
    assert_true(sally_span_is(m.token, "obs"));
    assert_true(sally_span_is(m.payload, "true"));
    assert_true(sally_coap_option_uint(m.options, SALLY_OPTION_OBSERVE,
                                       &number));
    assert_int_equal(l->out[0].to.peer.port, SENSOR_PORT);
    return m;
}

/* A command, which goes to the sensor's own server: nobody observes. */
static void requested(struct local *l, uint32_t command)
{
    l->out_count = 0;
    side_switch(l->side, command, COAP_1, true);
    (void)answered(l, PUT);
    assert_int_equal(l->out[0].to.peer.port, 5683);
}

static void take(struct local *l, const struct sally_coap_message *m,
                 uint32_t command)
{
    give_empty(l, SALLY_COAP_ACK, m->mid);
    assert_int_equal(side_outcome(l->side, command), SALLY_OUTCOME_DONE);
}

static void td_coap_obs_01_observe_con(void **state)
{
    struct local *l = *state;
    struct sally_coap_message m;

    observe_as(l, CON);
    for (uint32_t i = 1; i < 4; i++) {
        m = notified(l, i);
        take(l, &m, i);
    }
}

static void td_coap_obs_02_observe_non(void **state)
{
    struct local *l = *state;
    struct sally_coap_message m;

    observe_as(l, NON);
    m = notified(l, 1);
    take(l, &m, 1);
}

/* Each command is given up in its time; the third silence ends it. */
static void td_coap_obs_05_client_off(void **state)
{
    struct local *l = *state;

    observe_as(l, CON);
    for (uint32_t i = 1; i <= 3; i++) {
        sally_usec until = l->side->now + 5 * SALLY_SEC;

        (void)notified(l, i);
        while (l->armed <= until) {
            l->side->now = l->armed;
            sally_coap_server_expire(l->server, l->side->now);
        }
        assert_int_equal(side_outcome(l->side, i), SALLY_OUTCOME_TIMEOUT);
    }
    requested(l, 4);
}

static void td_coap_obs_06_reset(void **state)
{
    struct local *l = *state;
    struct sally_coap_message m;

    observe_as(l, CON);
    m = notified(l, 1);
    give_empty(l, SALLY_COAP_RST, m.mid);
    assert_int_equal(side_outcome(l->side, 1), SALLY_OUTCOME_OFFLINE);
    requested(l, 2);
}

/* A reading of the sensor meanwhile changes nothing about it. */
static void td_coap_obs_09_update(void **state)
{
    struct local *l = *state;
    struct sally_coap_message m;

    observe_as(l, CON);
    say(l, PUT, at_path("temp"), "21.5");
    (void)stored(l, SALLY_CODE_CHANGED);
    m = notified(l, 1);
    take(l, &m, 1);
    say_with(l, CON, GET, observing(0), "obs", ""); /* once more: one still */
    (void)answered(l, SALLY_CODE_CONTENT);
    m = notified(l, 2);
    take(l, &m, 2);
}

static void td_coap_obs_10_get_does_not_cancel(void **state)
{
    struct local *l = *state;
    struct sally_coap_message m;
    uint32_t number;

    observe_as(l, CON);
    m = notified(l, 1);
    take(l, &m, 1);
    say(l, GET, at_path("relay/set"), "");
    m = answered(l, SALLY_CODE_CONTENT);
    assert_int_equal(m.payload.len, 0); /* no command comes twice */
    assert_false(sally_coap_option_uint(m.options, SALLY_OPTION_OBSERVE,
                                        &number));
    m = notified(l, 2);
    take(l, &m, 2);
}

static void td_coap_obs_12_observe_1_cancels(void **state)
{
    struct local *l = *state;
    uint32_t number;

    observe_as(l, CON);
    say_with(l, CON, GET, observing(1), "obs", "");
    assert_false(sally_coap_option_uint(answered(l, SALLY_CODE_CONTENT).options,
                                        SALLY_OPTION_OBSERVE, &number));
    requested(l, 1);
}

/* RFC 7641 s.4.1: what cannot be observed is a GET; and who observes has shown
 * where it is.                                                              */
static void observes_within_bounds(void **state)
{
    struct local *l = *state;
    uint32_t number;

    say_with(l, CON, GET, observing(0), "obs", "");
    (void)answered(l, SALLY_CODE_UNAUTHORIZED);
    requested(l, 1);
    validate(l);
    say(l, GET, with_path(with_uint(list_new(), SALLY_OPTION_OBSERVE, 0),
                          "temp"), "");
    (void)answered(l, SALLY_CODE_METHOD_NOT_ALLOWED);
    for (char name = 'a'; name < 'z'; name++) {
        const char token[2] = { name, '\0' };

        say_with(l, CON, GET, observing(0), token, "");
        assert_true(sally_coap_option_uint(
            answered(l, SALLY_CODE_CONTENT).options, SALLY_OPTION_OBSERVE,
            &number));
    }
    l->out_count = 0;
    side_switch(l->side, 2, COAP_1, true);
    assert_int_equal(l->out_count, 1); /* the newest alone */
    assert_true(sally_span_is(heard(l).token, "y"));
}

/* --- Raw packets --------------------------------------------------------- */

static const struct {
    const char *what;
    uint8_t bytes[48];
    size_t len;
    uint8_t type, code; /* 0, 0: silence */
} raw[] = {
    { "a method that nobody knows",
      { 0x40, 0x1f, 0, 0, 0xb4, 't', 'e', 'm', 'p' }, 9, SALLY_COAP_ACK,
      SALLY_CODE_METHOD_NOT_ALLOWED },
    { "Uri-Port twice",
      { 0x40, 3, 0, 0, 0x71, 80, 0x01, 81, 0x44, 't', 'e', 'm', 'p', 0xff, '1' },
      15, SALLY_COAP_ACK, SALLY_CODE_BAD_OPTION },
    { "Content-Format twice: elective, so the second one is not there... but "
      "12 is, and it is read as text",
      { 0x40, 3, 0, 0, 0xb4, 't', 'e', 'm', 'p', 0x10, 0x00, 0xff, 'x' }, 13,
      SALLY_COAP_ACK, SALLY_CODE_BAD_REQUEST },
    { "Block1 of SZX 7 over UDP",
      { 0x40, 3, 0, 0, 0xb4, 't', 'e', 'm', 'p', 0xd1, 3, 0x0f, 0xff, '1' }, 14,
      SALLY_COAP_ACK, SALLY_CODE_BAD_REQUEST },
    { "Block2 of SZX 7 over UDP",
      { 0x40, 1, 0, 0, 0xb4, 't', 'e', 'm', 'p', 0xc1, 0x07 }, 11,
      SALLY_COAP_ACK, SALLY_CODE_BAD_REQUEST },
    { "an unknown critical option (65001)",
      { 0x40, 3, 0, 0, 0xb4, 't', 'e', 'm', 'p', 0xe0, 0xfc, 0xd1, 0xff, '1' },
      14, SALLY_COAP_ACK, SALLY_CODE_BAD_OPTION },
    { "an unknown elective option (65000) beside a text that is none",
      { 0x40, 3, 0, 0, 0xb4, 't', 'e', 'm', 'p', 0xe0, 0xfc, 0xd0, 0xff, 'x' },
      14, SALLY_COAP_ACK, SALLY_CODE_BAD_REQUEST },
    { "Proxy-Uri",
      { 0x40, 1, 0, 0, 0xdb, 22, 'c', 'o', 'a', 'p', ':', '/', '/', '[', ':',
        ':', ']' }, 17, SALLY_COAP_ACK, SALLY_CODE_NO_PROXYING },
    { "OSCORE, which is not spoken here",
      { 0x40, 2, 0, 0, 0x90, 0xff, '1' }, 7, SALLY_COAP_ACK,
      SALLY_CODE_BAD_OPTION },
    { "a response code in a CON", { 0x40, 0x44, 0, 0 }, 4, SALLY_COAP_RST,
      SALLY_CODE_EMPTY },
    { "a reserved class", { 0x40, 0x20, 0, 0 }, 4, SALLY_COAP_RST,
      SALLY_CODE_EMPTY },
    { "a token length of 9", { 0x49, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 }, 13,
      SALLY_COAP_RST, SALLY_CODE_EMPTY },
    { "an option that ends too early", { 0x40, 1, 0, 0, 0xb9, 't' }, 6,
      SALLY_COAP_RST, SALLY_CODE_EMPTY },
    { "a marker without a payload", { 0x40, 1, 0, 0, 0xff }, 5, SALLY_COAP_RST,
      SALLY_CODE_EMPTY },
    { "an empty message with a token", { 0x41, 0, 0, 0, 1 }, 5, SALLY_COAP_RST,
      SALLY_CODE_EMPTY },
    { "another version", { 0x80, 1, 0, 0 }, 4, 0, 0 },
    { "three bytes", { 0x40, 1, 0 }, 3, 0, 0 },
    { "a NON that makes no sense", { 0x59, 1, 0, 0 }, 4, 0, 0 },
    { "an acknowledgement with a method", { 0x60, 1, 0, 0 }, 4, 0, 0 },
};

static void raw_packets_get_exact_answers(void **state)
{
    struct local *l = *state;

    say(l, PUT, at_path("temp"), "warm"); /* it is known now */
    for (size_t i = 0; i < SALLY_LEN(raw); i++) {
        uint8_t bytes[48];

        memcpy(bytes, raw[i].bytes, sizeof(bytes));
        bytes[2] = (uint8_t)(i + 1); /* a message id of its own */
        l->out_count = 0;
        give(l, (struct sally_span){ bytes, raw[i].len });
        if (l->out_count != (raw[i].type != 0))
            fail_msg("%s: %zu answers", raw[i].what, l->out_count);
        if (raw[i].type == 0)
            continue;
        if (heard(l).type != raw[i].type || heard(l).code != raw[i].code)
            fail_msg("%s: type %u, %u.%02u", raw[i].what, heard(l).type,
                     heard(l).code >> 5, heard(l).code & 31u);
    }
    assert_int_equal(side_readings(l->side), 0);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    static char level[256];
    struct local *l = *state;

    memset(level, 'a', 255);
    say(l, PUT, at_path(level), "21.5"); /* as a topic */
    (void)answered(l, SALLY_CODE_BAD_REQUEST);
    say(l, PUT, with_span(list_new(), SALLY_OPTION_URI_PATH,
                          (struct sally_span){ (uint8_t *)level, 256 }),
        "21.5"); /* as an option: RFC 7252 s.5.4.3 */
    (void)answered(l, SALLY_CODE_BAD_OPTION);
    assert_int_equal(side_readings(l->side), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_local, close_local)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(td_coap_core_01_get_con),
        TEST(td_coap_core_02_delete_con),
        TEST(td_coap_core_03_put_con),
        TEST(td_coap_core_04_post_con),
        TEST(td_coap_core_05_get_non),
        TEST(td_coap_core_08_post_non),
        TEST(td_coap_core_09_separate),
        TEST(td_coap_core_10_token),
        TEST(td_coap_core_12_no_token),
        TEST(td_coap_core_13_several_paths),
        TEST(td_coap_core_14_several_queries),
        TEST(td_coap_core_17_separate_non),
        TEST(td_coap_core_20_accept),
        TEST(td_coap_core_22_if_match),
        TEST(td_coap_core_23_if_none_match),
        TEST(td_coap_core_31_ping),
        TEST(td_coap_link_01_well_known_core),
        TEST(td_coap_block_01_get_early),
        TEST(td_coap_block_02_get_late),
        TEST(td_coap_block_03_put),
        TEST(td_coap_block_04_post),
        TEST(td_coap_obs_01_observe_con),
        TEST(td_coap_obs_02_observe_non),
        TEST(td_coap_obs_05_client_off),
        TEST(td_coap_obs_06_reset),
        TEST(td_coap_obs_09_update),
        TEST(td_coap_obs_10_get_does_not_cancel),
        TEST(td_coap_obs_12_observe_1_cancels),
        TEST(observes_within_bounds),
        TEST(raw_packets_get_exact_answers),
        TEST(a_path_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
