/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_coap_secure.c - sensors that speak CoAP over DTLS,
 * with clients in memory: who they are, what nobody gets, and in which session
 * commands go.                                                              */
#define SIDE_CONFIG                                                            \
    GATEWAY                                                                    \
    "local = { coap = ( { secure = \"psk\"; } ); };\n" SERVERS                 \
    "profiles = ( { name = \"p\"; maps = ( { topic = \"coap/temp\"; put = ( "  \
    "{ to = \"/3303/0/5700\"; } ); } ); down = ( { on = \"/3306/0/5850\"; "    \
    "topic = \"coap/relay\"; payload = \"{value}\"; timeout = \"5s\"; } ); } " \
    ");\n"                                                                     \
    "sensor_defaults = { server = \"cloud\"; profile = \"p\"; };\n"            \
    "sensors = ( { id = \"one\"; authenticate = ( { method = \"psk\"; "        \
    "key_file = \"k\"; } ); }, { id = \"two\"; authenticate = ( { method = "   \
    "\"psk\"; key_file = \"l\"; } ); } );\n"

#include "unit/ingress/coap_local.h"

#include "security/crypto.h"

#define KEY_1 "a key of sixteen"
#define KEY_2 "another sixteen."
enum { ONE, TWO };

static struct {
    struct local *local;
    struct sally_tls_door *door;
    struct sally_security *security; /* of the clients */
    struct sally_pool packets;
    sally_usec armed;
} w;

struct client {
    struct sally_stack stack;
    struct sally_credential credential;
    uint16_t port;
    size_t in, out; /* bytes to the door, and from it */
    uint8_t heard[SALLY_MESSAGE_MAX];
    size_t heard_len;
};

/* --- Building ------------------------------------------------------------ */

static void end_visit(void *owner, void *handle)
{
    (void)owner;
    sally_coap_server_end(w.local->server, handle, w.local->side->now);
}

static void arm_door(void *owner, sally_usec when)
{
    (void)owner;
    w.armed = when;
}

static sally_msec_utc door_utc(void *owner)
{
    (void)owner;
    return 1796000000000;
}

static const struct sally_tls_host door_host = { .end_visit = end_visit,
                                                 .arm = arm_door,
                                                 .utc = door_utc };

static void take_key(struct sally_tls_keys *keys, uint32_t sensor,
                     const char *key)
{
    uint8_t room[64];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_keyring_entry entry = { sensor, 0, { NULL, 0 } };

    assert_int_equal(sally_keyring_part(&b, SALLY_FIELD_SECRET_KEY,
                                        sally_span_of(key)),
                     SALLY_E_OK);
    entry.parts = sally_buf_span(&b);
    assert_int_equal(sally_tls_keys_take(keys, &entry), SALLY_E_OK);
}

static int open_secure(void **state)
{
    const struct sally_random random = sally_crypto_random();
    const struct sally_security_limits limits = { 20, (size_t)16 << 20 };
    struct sally_tls_keys *keys = NULL;

    (void)open_local(state);
    w.local = *state;
    assert_int_equal(sally_pool_init(&w.packets, SALLY_DATAGRAM_MAX, 200, true),
                     SALLY_E_OK);
    assert_int_equal(
        sally_security_init(&w.security, &limits, &w.packets, random),
        SALLY_E_OK);
    assert_int_equal(
        sally_tls_door_create(&w.door, 20, random, &door_host, NULL),
        SALLY_E_OK);
    assert_int_equal(
        sally_tls_keys_create(&keys, &w.local->side->config, &random),
        SALLY_E_OK);
    take_key(keys, ONE, KEY_1);
    take_key(keys, TWO, KEY_2);
    sally_tls_door_rekey(w.door, keys);
    w.local->coap.security = sally_tls_door_security(w.door);
    sally_coap_server_secure(w.local->server, w.door);
    return 0;
}

static int close_secure(void **state)
{
    struct local *l = *state;

    while (l->armed != SALLY_NEVER && w.armed != SALLY_NEVER) {
        l->side->now = w.armed;
        sally_tls_door_expire(w.door, l->side->now);
    }
    sally_coap_server_wipe(l->server);
    l->server = NULL;
    sally_tls_door_wipe(w.door);
    sally_security_wipe(w.security);
    assert_int_equal(w.packets.used, 0);
    sally_pool_wipe(&w.packets);
    return close_local(state);
}

/* --- Clients ------------------------------------------------------------- */

static void begin(struct client *c, uint16_t port, const char *identity,
                  const char *key)
{
    *c = (struct client){ .port = port };
    assert_int_equal(sally_credential_psk(&c->credential,
                                          sally_span_of(identity),
                                          sally_span_of(key)),
                     SALLY_E_OK);
    assert_int_equal(sally_stack_start(&c->stack, w.security,
                                       SALLY_SCHEME_COAPS, &c->credential,
                                       w.local->side->now),
                     SALLY_E_OK);
}

static void end(struct client *c)
{
    sally_stack_wipe(&c->stack);
    sally_credential_wipe(&c->credential);
}

static void to_server(struct client *c, struct sally_span datagram)
{
    struct local *l = w.local;
    struct sally_coap_source from = source_at("192.0.2.1", c->port);

    from.secure = true;
    c->in += datagram.len;
    l->out_count = 0;
    sally_coap_server_input(l->server, &from, datagram, l->side->now);
}

static void count_out(struct client *c)
{
    for (size_t i = 0; i < w.local->out_count; i++)
        c->out += w.local->out[i].len;
}

/* What the server has said since it was given something last. */
static void to_client(struct client *c)
{
    struct local *l = w.local;

    count_out(c);
    for (size_t i = 0; i < l->out_count; i++) {
        struct sally_span d = { l->out[i].bytes, l->out[i].len };
        struct sally_buf message = SALLY_BUF(c->heard);

        while (sally_stack_open(&c->stack, d, &message, l->side->now) ==
               SALLY_E_OK) {
            c->heard_len = message.len;
            d.len = 0;
            message.len = 0;
        }
    }
    l->out_count = 0;
}

static void settle(struct client *c)
{
    struct sally_span out;

    while ((out = sally_stack_output(&c->stack)).len != 0) {
        uint8_t copy[SALLY_DATAGRAM_MAX];
        size_t len = out.len;

        memcpy(copy, out.at, len);
        to_server(c, (struct sally_span){ copy, len });
        to_client(c);
    }
}

static bool is_up(const struct client *c)
{
    return sally_stack_state(&c->stack) == SALLY_CHANNEL_UP;
}

static void put(struct client *c, const char *path, const char *payload)
{
    const struct request q = { "192.0.2.1", c->port, SALLY_COAP_CON,
                               SALLY_CODE_PUT, path, payload, 0 };
    uint8_t plain[256], wire[SALLY_DATAGRAM_MAX];
    size_t len = write_request(&q, ++w.local->mid, plain, sizeof(plain));
    struct sally_buf sealed = SALLY_BUF(wire);

    assert_int_equal(sally_stack_seal(&c->stack,
                                      (struct sally_span){ plain, len },
                                      &sealed),
                     SALLY_E_OK);
    to_server(c, sally_buf_span(&sealed));
}

static uint8_t code_heard(const struct client *c)
{
    struct sally_coap_message m;
    uint16_t mid;

    assert_int_equal(
        sally_coap_parse((struct sally_span){ c->heard, c->heard_len }, &m,
                         &mid),
        SALLY_E_OK);
    return m.code;
}

/* --- Tests --------------------------------------------------------------- */

static void a_key_is_its_sensor(void **state)
{
    struct local *l = *state;
    struct client c;

    begin(&c, 4000, "two", KEY_2);
    settle(&c);
    assert_true(is_up(&c));
    assert_int_equal(w.armed, SALLY_NEVER);
    assert_true(sally_outer_sensor(l->side->outer, TWO)->online);
    assert_false(sally_outer_sensor(l->side->outer, ONE)->online);
    assert_int_equal(sally_outer_sensor(l->side->outer, TWO)->level,
                     SALLY_ASSURANCE_PROTECTED);
    put(&c, "temp", "21.5");
    assert_int_equal(side_readings(l->side), 1);
    l->out_count = 0;
    side_accept(l->side, SALLY_ACCEPTED_STORED);
    to_client(&c);
    assert_int_equal(code_heard(&c), SALLY_CODE_CHANGED);
    l->side->now += 61 * SALLY_SEC;
    l->side->said_count = 0;
    put(&c, "temp", "22.5"); /* which tells of it again */
    assert_int_equal(side_readings(l->side), 1);
    end(&c);
}

static void who_has_no_key_gets_nothing(void **state)
{
    static const char *const rows[][2] = { { "one", KEY_2 },
                                           { "three", KEY_1 } };
    struct local *l = *state;

    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct client c;

        begin(&c, (uint16_t)(4000 + i), rows[i][0], rows[i][1]);
        settle(&c);
        assert_false(is_up(&c));
        assert_true(c.out <= c.in);
        assert_false(sally_outer_sensor(l->side->outer, ONE)->online);
        end(&c);
    }
}

/* Until it is given up, repetitions and all. */
static void be_silent(struct client *c)
{
    struct local *l = w.local;
    unsigned turns = 0;

    while (w.armed != SALLY_NEVER) {
        count_out(c);
        l->out_count = 0;
        assert_true(++turns < 100);
        l->side->now = sally_earlier(w.armed, l->armed);
        sally_coap_server_expire(l->server, l->side->now);
        sally_tls_door_expire(w.door, l->side->now);
    }
    count_out(c);
}

/* A ClientHello in somebody's name, or two as if that one had heard us, and
 * silence: all that follows is no more than that.                           */
static void nobody_gets_more_than_it_sent(void **state)
{
    (void)state;
    for (int hellos = 1; hellos <= 2; hellos++) {
        struct client c;

        begin(&c, (uint16_t)(4000 + hellos), "one", KEY_1);
        for (int i = 0; i < hellos; i++) {
            struct sally_span hello = sally_stack_output(&c.stack);
            uint8_t copy[SALLY_DATAGRAM_MAX];
            size_t len = hello.len;

            assert_true(len != 0);
            memcpy(copy, hello.at, len);
            to_server(&c, (struct sally_span){ copy, len });
            to_client(&c);
        }
        assert_true(w.armed != SALLY_NEVER);
        be_silent(&c);
        assert_true(c.out != 0);
        if (c.out > c.in)
            fail_msg("%d: %zu bytes for %zu", hellos, c.out, c.in);
        end(&c);
    }
}

/* Each of them takes a place with the server and one with the door. */
static void places_come_back(void **state)
{
    struct local *l = *state;

    for (uint16_t i = 0; i < 50; i++) {
        struct client c;

        begin(&c, (uint16_t)(4000 + i), "one", KEY_1);
        settle(&c);
        assert_true(is_up(&c));
        end(&c);
        l->side->now += SALLY_SEC;
    }
}

static void plaintext_is_not_heard(void **state)
{
    const struct request q = { "192.0.2.1", 4000, SALLY_COAP_CON,
                               SALLY_CODE_PUT, "temp", "1", 0 };
    struct local *l = *state;
    struct client c = { .port = 4000 };
    uint8_t plain[256];
    size_t len = write_request(&q, 1, plain, sizeof(plain));

    to_server(&c, (struct sally_span){ plain, len });
    assert_int_equal(l->out_count, 0);
    assert_int_equal(side_readings(l->side), 0);
    assert_int_equal(w.armed, SALLY_NEVER);
}

/* Anybody can send a ClientHello from the port of a sensor that is there. After
 * a while without a word of it the sensor itself may have to.               */
static void a_session_that_lives_stays(void **state)
{
    struct local *l = *state;
    struct client c, other;

    begin(&c, 4000, "one", KEY_1);
    settle(&c);
    begin(&other, 4000, "two", KEY_2);
    settle(&other);
    assert_false(is_up(&other));
    put(&c, "temp", "1");
    assert_int_equal(side_readings(l->side), 1);
    end(&other);
    l->side->now += 11 * SALLY_SEC;
    begin(&other, 4000, "two", KEY_2);
    settle(&other);
    assert_true(is_up(&other));
    l->side->said_count = 0;
    put(&c, "temp", "2");
    assert_int_equal(side_readings(l->side), 0);
    end(&other);
    end(&c);
}

static void commands_go_in_the_session(void **state)
{
    const uint8_t application_12 = 23;
    struct local *l = *state;
    struct sally_coap_message m;
    struct client c;
    uint16_t mid;

    begin(&c, 4000, "one", KEY_1);
    settle(&c);
    assert_true(is_up(&c));
    l->out_count = 0;
    side_switch(l->side, 7, ONE, true);
    assert_int_equal(l->out_count, 1);
    assert_int_equal(l->out[0].to.peer.port, 4000);
    assert_true(l->out[0].to.secure);
    assert_true(l->out[0].bytes[0] == application_12 ||
                (l->out[0].bytes[0] & 0xe0) == 0x20); /* of 1.3 */
    to_client(&c);
    assert_int_equal(
        sally_coap_parse((struct sally_span){ c.heard, c.heard_len }, &m, &mid),
        SALLY_E_OK);
    assert_int_equal(m.code, SALLY_CODE_PUT);
    l->out_count = 0;
    side_switch(l->side, 8, TWO, true); /* which is nowhere */
    assert_int_equal(l->out_count, 0);
    end(&c);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_secure, close_secure)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_is_its_sensor),
        TEST(who_has_no_key_gets_nothing),
        TEST(nobody_gets_more_than_it_sent),
        TEST(places_come_back),
        TEST(plaintext_is_not_heard),
        TEST(a_session_that_lives_stays),
        TEST(commands_go_in_the_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
