/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_tls_door.c - the door for sensors that speak TLS, with
 * clients in memory: whom it takes for whom, what it refuses, its bounds.   */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/writer.h"
#include "ingress/tls_door.h"
#include "security/crypto.h"
#include "unit/config/given.h"
#include "unit/security/mint.h"

#define NOBODY UINT32_MAX
#define LINES 100
#define UTC ((sally_msec_utc)1796000000000) /* 2026-11-30 */
#define CONFIG                                                                 \
    GATEWAY                                                                    \
    "local = { mqtt = ( { secure = \"psk\"; }, { secure = \"certificate\"; "   \
    "port = 8884; } ); tls = { certificate_file = \"c\"; key_file = \"k\"; "   \
    "ca_file = \"a\"; }; };\n" SERVERS PROFILES                                \
    "sensor_defaults = { server = \"cloud\"; profile = \"p\"; };\n"            \
    "sensors = ( { id = \"one\"; authenticate = ( { method = \"psk\"; "        \
    "key_file = \"k\"; } ); }, { id = \"two\"; authenticate = ( { method = "   \
    "\"psk\"; identity = \"second\"; key_file = \"l\"; } ); }, { id = "        \
    "\"fan\"; authenticate = ( { method = \"certificate\"; name = \"fan-7\"; " \
    "} ); } );\n"
enum { ONE, TWO, FAN };

static struct world {
    struct sally_config config;
    struct sally_tls_door *door;
    struct sally_security *security; /* of the clients */
    struct sally_pool packets;
    struct mint_pair ours, theirs, root, other;
    struct sally_span root_ca, own, fan, stranger, foreign, expired;
    sally_usec now, armed;
} w;

/* A connection: the door's line and the client at its other end. */
struct end {
    struct sally_tls_line *line; /* NULL: closed */
    struct sally_stack client;
    struct sally_credential credential;
    uint8_t ip[16];
    uint8_t heard[4096]; /* plaintext of the client */
    size_t heard_len, out; /* bytes that the door sent */
    enum sally_err e;
};

/* --- The host ------------------------------------------------------------ */

static void end_line(void *owner, void *handle)
{
    struct end *e = handle;

    (void)owner;
    sally_tls_line_close(e->line, false);
    e->line = NULL;
}

static void arm(void *owner, sally_usec when)
{
    (void)owner;
    w.armed = when;
}

static sally_msec_utc utc(void *owner)
{
    (void)owner;
    return UTC;
}

static const struct sally_tls_host host = { end_line, end_line, arm, utc };

/* --- Building ------------------------------------------------------------ */

static void take(struct sally_tls_keys *keys, uint32_t sensor, uint32_t account,
                 struct sally_span parts, enum sally_err want)
{
    const struct sally_keyring_entry entry = { sensor, account, parts };

    assert_int_equal(sally_tls_keys_take(keys, &entry), want);
}

static void take_key(struct sally_tls_keys *keys, uint32_t sensor,
                     const char *key)
{
    uint8_t room[64];
    struct sally_buf b = SALLY_BUF(room);

    assert_int_equal(sally_keyring_part(&b, SALLY_FIELD_SECRET_KEY,
                                        sally_span_of(key)),
                     SALLY_E_OK);
    take(keys, sensor, 0, sally_buf_span(&b), SALLY_E_OK);
}

/* All of it, or without the keys of sensors. */
static struct sally_tls_keys *make_keys(bool all)
{
    const struct sally_random random = sally_crypto_random();
    struct sally_tls_keys *keys = NULL;
    uint8_t room[4096];
    struct sally_buf b = SALLY_BUF(room);

    assert_int_equal(sally_tls_keys_create(&keys, &w.config, &random),
                     SALLY_E_OK);
    if (!all)
        return keys;
    take_key(keys, ONE, "a key of sixteen");
    take_key(keys, TWO, "another sixteen.");
    assert_int_equal(sally_keyring_part(&b, SALLY_FIELD_CERTIFICATE, w.own) |
                         sally_keyring_part(&b, SALLY_FIELD_SECRET_KEY,
                                            w.theirs.secret) |
                         sally_keyring_part(&b, SALLY_KEYRING_TRUST,
                                            w.root_ca),
                     SALLY_E_OK);
    take(keys, SALLY_KEYRING_DOOR, 0, sally_buf_span(&b), SALLY_E_OK);
    return keys;
}

static struct sally_span signed_by(const char *subject, const char *issuer,
                                   const struct mint_pair *key,
                                   const struct mint_pair *by,
                                   const char *until)
{
    const struct mint_card c = { .subject = subject, .issuer = issuer,
                                 .key = key, .signer = by, .until = until,
                                 .serial = 7,
                                 .ca = key == by };

    return mint_certificate(&c);
}

static int mint_all(void **state)
{
    struct mint_card own = { .subject = "gw", .issuer = "root",
                             .key = &w.theirs, .signer = &w.root, .serial = 9,
                             .name = "gw.example.org" };

    (void)state;
    mint_open();
    w.ours = mint_pair();
    w.theirs = mint_pair();
    w.root = mint_pair();
    w.other = mint_pair();
    w.root_ca = signed_by("root", "root", &w.root, &w.root, NULL);
    w.own = mint_certificate(&own);
    w.fan = signed_by("fan-7", "root", &w.ours, &w.root, NULL);
    w.stranger = signed_by("fan-8", "root", &w.ours, &w.root, NULL);
    w.foreign = signed_by("fan-7", "other", &w.ours, &w.other, NULL);
    w.expired = signed_by("fan-7", "root", &w.ours, &w.root, "20251231000000Z");
    return 0;
}

static int mint_end(void **state)
{
    (void)state;
    mint_close();
    return 0;
}

static int open_world(void **state)
{
    const struct sally_security_limits limits = { LINES, (size_t)16 << 20 };
    char *report = NULL;

    (void)state;
    if (load_given(CONFIG, NULL, "", &w.config, &report) != 0)
        fail_msg("%s", report);
    free(report);
    w.now = 1000 * SALLY_SEC;
    assert_int_equal(sally_pool_init(&w.packets, SALLY_DATAGRAM_MAX, 1000, true),
                     SALLY_E_OK);
    assert_int_equal(sally_security_init(&w.security, &limits, &w.packets,
                                         sally_crypto_random()),
                     SALLY_E_OK);
    sally_security_clock(w.security, (uint64_t)UTC / 1000, true);
    assert_int_equal(sally_tls_door_create(&w.door, LINES,
                                           sally_crypto_random(), &host, NULL),
                     SALLY_E_OK);
    sally_tls_door_rekey(w.door, make_keys(true));
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    sally_tls_door_wipe(w.door);
    sally_security_wipe(w.security);
    sally_pool_wipe(&w.packets);
    sally_config_wipe(&w.config);
    return 0;
}

/* --- Ends ---------------------------------------------------------------- */

static enum sally_err call(struct end *e, enum sally_secure by, uint8_t last)
{
    struct sally_auth_source source = { e->ip, 4, 2 };

    memcpy(e->ip, (uint8_t[]){ 192, 0, 2, last }, 4);
    e->e = SALLY_E_OK;
    e->heard_len = e->out = 0;
    return sally_tls_line_open(&e->line, w.door, by, e, &source, w.now);
}

static void hang_up(struct end *e)
{
    sally_tls_line_close(e->line, true);
    e->line = NULL;
    sally_stack_wipe(&e->client);
    sally_credential_wipe(&e->credential);
}

/* What the client has to say, `step` bytes at a time; `plain` is what came of
 * it at the door.                                                           */
static size_t to_door(struct end *e, size_t step, struct sally_buf *plain)
{
    struct sally_span out;
    size_t sum = 0;

    while (e->e == SALLY_E_OK && (out = sally_stack_output(&e->client)).len != 0)
        for (size_t i = 0; i < out.len && e->e == SALLY_E_OK; i += step) {
            struct sally_span part = sally_span_sub(out, i, step);

            sum += part.len;
            while ((e->e = sally_tls_line_input(e->line, part, plain,
                                                w.now)) == SALLY_E_OK)
                part.len = 0;
            if (e->e == SALLY_E_PENDING)
                e->e = SALLY_E_OK;
        }
    return sum;
}

/* What the door has to say, `step` bytes at a time; how much of `plain` went. */
static size_t to_client(struct end *e, size_t step, struct sally_span plain)
{
    struct sally_span out;
    size_t gone = 0;

    while ((out = sally_tls_line_output(
                e->line, sally_span_sub(plain, gone, plain.len)))
               .len != 0) {
        struct sally_buf heard = { &e->heard[e->heard_len], 0,
                                   sizeof(e->heard) - e->heard_len };
        struct sally_span part = sally_span_sub(out, 0, step);

        e->out += part.len;
        while (sally_stack_open(&e->client, part, &heard, w.now) == SALLY_E_OK)
            part.len = 0;
        e->heard_len += heard.len;
        gone += sally_tls_line_sent(e->line, sally_span_sub(out, 0, step).len);
    }
    return gone;
}

static void settle(struct end *e, size_t step)
{
    uint8_t room[64];
    struct sally_buf plain = SALLY_BUF(room);

    for (int i = 0; i < 20; i++) {
        (void)to_door(e, step, &plain);
        (void)to_client(e, step, (struct sally_span){ NULL, 0 });
    }
    assert_int_equal(plain.len, 0);
}

static void shake(struct end *e, enum sally_secure by, uint8_t last)
{
    assert_int_equal(call(e, by, last), SALLY_E_OK);
    assert_int_equal(sally_stack_start(&e->client, w.security,
                                       SALLY_SCHEME_COAPS_TCP, &e->credential,
                                       w.now),
                     SALLY_E_OK);
    settle(e, 1000);
}

static void with_key(struct end *e, const char *identity, const char *key)
{
    *e = (struct end){ .line = NULL };
    assert_int_equal(sally_credential_psk(&e->credential,
                                          sally_span_of(identity),
                                          sally_span_of(key)),
                     SALLY_E_OK);
}

static void with_certificate(struct end *e, struct sally_span certificate)
{
    const struct sally_credential_parts parts = {
        .mode = SALLY_MODE_X509,
        .public_key = certificate,
        .secret_key = w.ours.secret,
        .server_public_key = w.own,
        .usage = SALLY_USAGE_DOMAIN,
    };

    *e = (struct end){ .line = NULL };
    assert_int_equal(sally_credential_make(&e->credential, &parts, NULL),
                     SALLY_E_OK);
}

static bool is_up_as(const struct end *e, uint32_t sensor,
                     enum sally_auth_method method)
{
    struct sally_tls_proof p;

    return sally_tls_line_is_up(e->line, &p) && p.sensor == sensor &&
           p.method == method;
}

/* --- Who ----------------------------------------------------------------- */

static void a_key_proves_its_sensor(void **state)
{
    static const size_t steps[] = { 1, 7, 1000 };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(steps); i++) {
        uint8_t room[4096], many[3000];
        struct sally_buf plain = SALLY_BUF(room);
        struct end e;

        with_key(&e, "second", "another sixteen.");
        shake(&e, SALLY_SECURE_PSK, 1);
        assert_true(is_up_as(&e, TWO, SALLY_AUTH_PSK));
        for (size_t k = 0; k < sizeof(many); k++)
            many[k] = (uint8_t)k;
        assert_int_equal(to_client(&e, steps[i],
                                   (struct sally_span){ many, sizeof(many) }),
                         sizeof(many));
        assert_int_equal(e.heard_len, sizeof(many));
        assert_memory_equal(e.heard, many, sizeof(many));

        uint8_t wire[SALLY_DATAGRAM_MAX];
        struct sally_buf sealed = SALLY_BUF(wire);

        assert_int_equal(sally_stack_seal(&e.client, sally_span_of("up"),
                                          &sealed),
                         SALLY_E_OK);
        assert_int_equal(sally_tls_line_input(e.line, sally_buf_span(&sealed),
                                              &plain, w.now),
                         SALLY_E_OK);
        assert_true(sally_span_is(sally_buf_span(&plain), "up"));
        sally_tls_line_say_goodbye(e.line);
        (void)to_client(&e, 1000, (struct sally_span){ NULL, 0 });
        assert_int_equal(sally_stack_state(&e.client), SALLY_CHANNEL_CLOSED);
        hang_up(&e);
    }
}

static void a_certificate_proves_its_sensor(void **state)
{
    struct end e;

    (void)state;
    with_certificate(&e, w.fan);
    shake(&e, SALLY_SECURE_CERTIFICATE, 1);
    assert_true(is_up_as(&e, FAN, SALLY_AUTH_CERTIFICATE));
    hang_up(&e);
}

/* Each fails, and after five of them a client that is right fails, too. */
static void guesses_are_counted(void **state)
{
    const struct {
        const char *what, *identity, *key;
        struct sally_span certificate;
        enum sally_err want;
    } rows[] = {
        { "a wrong key", "one", "yet another one.", { NULL, 0 },
          SALLY_E_UNAUTHENTIC },
        { "another sensor's key", "one", "another sixteen.", { NULL, 0 },
          SALLY_E_UNAUTHENTIC },
        { "nobody's identity", "three", "a key of sixteen", { NULL, 0 },
          SALLY_E_NO_CREDENTIAL },
        { "an identity of a certificate", "fan-7", "a key of sixteen",
          { NULL, 0 }, SALLY_E_NO_CREDENTIAL },
        { "nobody's name", NULL, NULL, w.stranger, SALLY_E_NOT_ALLOWED },
        { "another authority", NULL, NULL, w.foreign, SALLY_E_UNKNOWN_CA },
        { "a time that is over", NULL, NULL, w.expired, SALLY_E_EXPIRED },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        bool key = rows[i].identity != NULL;
        enum sally_secure by =
            key ? SALLY_SECURE_PSK : SALLY_SECURE_CERTIFICATE;
        struct end e;

        for (int n = 0; n < 5; n++) {
            if (key)
                with_key(&e, rows[i].identity, rows[i].key);
            else
                with_certificate(&e, rows[i].certificate);
            shake(&e, by, (uint8_t)(i + 1));
            if (e.e != rows[i].want)
                fail_msg("%s: %s", rows[i].what, sally_err_text(e.e));
            hang_up(&e);
            w.now += SALLY_SEC;
        }
        if (call(&e, by, (uint8_t)(i + 1)) != SALLY_E_NO_ROOM)
            fail_msg("%s: not blocked", rows[i].what);
        assert_int_equal(call(&e, by, 100), SALLY_E_OK);
        sally_tls_line_close(e.line, false);
    }
}

/* A listener with a certificate takes no key, and the reverse: the library finds
 * nothing that both ends have.                                              */
static void kinds_do_not_mix(void **state)
{
    struct end e;

    (void)state;
    with_key(&e, "one", "a key of sixteen");
    shake(&e, SALLY_SECURE_CERTIFICATE, 1);
    assert_int_not_equal(e.e, SALLY_E_OK);
    hang_up(&e);
    with_certificate(&e, w.fan);
    shake(&e, SALLY_SECURE_PSK, 1);
    assert_int_not_equal(e.e, SALLY_E_OK);
    hang_up(&e);
}

static void keys_that_went_prove_nothing(void **state)
{
    struct end e, under_way;

    (void)state;
    with_key(&under_way, "one", "a key of sixteen");
    assert_int_equal(call(&under_way, SALLY_SECURE_PSK, 1), SALLY_E_OK);
    sally_tls_door_rekey(w.door, make_keys(false));
    assert_null(under_way.line);
    sally_credential_wipe(&under_way.credential);
    with_key(&e, "one", "a key of sixteen");
    shake(&e, SALLY_SECURE_PSK, 1);
    assert_int_equal(e.e, SALLY_E_NO_CREDENTIAL);
    hang_up(&e);
    assert_int_equal(call(&e, SALLY_SECURE_CERTIFICATE, 1),
                     SALLY_E_UNSUPPORTED);
}

/* --- Bounds -------------------------------------------------------------- */

static void plaintext_is_told_apart(void **state)
{
    uint8_t room[64];
    struct sally_buf plain = SALLY_BUF(room);
    struct end e;

    (void)state;
    assert_int_equal(call(&e, SALLY_SECURE_PSK, 1), SALLY_E_OK);
    assert_int_equal(sally_tls_line_output(e.line,
                                           (struct sally_span){ NULL, 0 })
                         .len,
                     0);
    assert_int_equal(sally_tls_line_input(e.line, sally_span_of("\x10\x0c"),
                                          &plain, w.now),
                     SALLY_E_WRONG_TYPE);
    assert_int_equal(sally_tls_line_output(e.line,
                                           (struct sally_span){ NULL, 0 })
                         .len,
                     0);
    sally_tls_line_close(e.line, false);
}

static void handshakes_have_their_time(void **state)
{
    struct end e;

    (void)state;
    assert_int_equal(w.armed, SALLY_NEVER);
    assert_int_equal(call(&e, SALLY_SECURE_PSK, 1), SALLY_E_OK);
    assert_int_equal(w.armed, w.now + SALLY_TLS_SHAKE_TIME);
    w.now = w.armed - 1;
    sally_tls_door_expire(w.door, w.now);
    assert_non_null(e.line);
    sally_tls_door_expire(w.door, ++w.now);
    assert_null(e.line);
    assert_int_equal(w.armed, SALLY_NEVER);
    with_key(&e, "one", "a key of sixteen");
    shake(&e, SALLY_SECURE_PSK, 1);
    assert_int_equal(w.armed, SALLY_NEVER); /* one that is up has all of it */
    hang_up(&e);
}

static void one_source_has_its_share(void **state)
{
    static struct end ends[SALLY_TLS_SHAKING_SOURCE + 1];
    size_t i = 0;

    (void)state;
    while (call(&ends[i], SALLY_SECURE_PSK, 1) == SALLY_E_OK)
        i++;
    assert_int_equal(i, SALLY_TLS_SHAKING_SOURCE);
    assert_int_equal(call(&ends[i], SALLY_SECURE_PSK, 2), SALLY_E_OK);
    for (size_t k = 0; k <= i; k++)
        sally_tls_line_close(ends[k].line, false);
}

static void one_source_has_its_pace(void **state)
{
    struct end e;

    (void)state;
    for (int i = 0; i < SALLY_TLS_BEGUN_SOURCE; i++) {
        assert_int_equal(call(&e, SALLY_SECURE_PSK, 1), SALLY_E_OK);
        sally_tls_line_close(e.line, true);
    }
    assert_int_equal(call(&e, SALLY_SECURE_PSK, 1), SALLY_E_NO_ROOM);
    assert_int_equal(call(&e, SALLY_SECURE_PSK, 2), SALLY_E_OK);
    sally_tls_line_close(e.line, true);
    w.now += SALLY_SEC;
    assert_int_equal(call(&e, SALLY_SECURE_PSK, 1), SALLY_E_OK);
    sally_tls_line_close(e.line, true);
}

/* All places are taken within a second: nobody comes in before the first of them
 * has had its time, and then it yields.                                     */
static void all_places_are_few(void **state)
{
    static struct end ends[SALLY_TLS_SHAKING_MAX], e;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(ends); i++)
        assert_int_equal(call(&ends[i], SALLY_SECURE_PSK, (uint8_t)(i / 2)),
                         SALLY_E_OK);
    w.now += 2 * SALLY_SEC;
    assert_int_equal(call(&e, SALLY_SECURE_PSK, 100), SALLY_E_NO_ROOM);
    assert_non_null(ends[0].line);
    w.now += SALLY_SEC;
    assert_int_equal(call(&e, SALLY_SECURE_PSK, 100), SALLY_E_OK);
    assert_null(ends[0].line);
    assert_non_null(ends[1].line);
    sally_tls_line_close(e.line, false);
    w.now += SALLY_TLS_SHAKE_TIME;
    sally_tls_door_expire(w.door, w.now);
    for (size_t i = 0; i < SALLY_LEN(ends); i++)
        assert_null(ends[i].line);
}

/* Over UDP anybody can be anywhere, and take all places that there are. */
static void visits_take_no_place_of_lines(void **state)
{
    static struct end ends[SALLY_TLS_SHAKING_MAX + 1], e;
    size_t i = 0;

    (void)state;
    for (;; i++) {
        struct sally_auth_source source = { ends[i].ip, 4, 2 };

        memcpy(ends[i].ip, (uint8_t[]){ 192, 0, 2, (uint8_t)i }, 4);
        if (sally_tls_visit_open(&ends[i].line, w.door, &ends[i], &source,
                                 w.now) != SALLY_E_OK)
            break;
    }
    assert_int_equal(i, SALLY_TLS_SHAKING_MAX);
    assert_int_equal(call(&e, SALLY_SECURE_PSK, 1), SALLY_E_OK);
    sally_tls_line_close(e.line, false);
    w.now += SALLY_TLS_SHAKE_TIME;
    sally_tls_door_expire(w.door, w.now);
    assert_int_equal(w.armed, SALLY_NEVER);
}

/* What the keyring may not say. */
static void strange_entries_are_refused(void **state)
{
    struct sally_tls_keys *keys = make_keys(false);
    const struct sally_span nothing = { NULL, 0 };

    (void)state;
    take(keys, 3, 0, nothing, SALLY_E_MALFORMED);
    take(keys, ONE, 1, nothing, SALLY_E_MALFORMED);
    take(keys, ONE, 0, nothing, SALLY_E_MALFORMED);
    take(keys, FAN, 0, nothing, SALLY_E_MALFORMED);
    take(keys, SALLY_KEYRING_DOOR, 0, sally_span_of("x"), SALLY_E_MALFORMED);
    assert_int_equal(sally_tls_keys_sensor(keys, SALLY_AUTH_PSK,
                                           sally_span_of("second")),
                     TWO);
    assert_int_equal(sally_tls_keys_sensor(keys, SALLY_AUTH_CERTIFICATE,
                                           sally_span_of("second")),
                     NOBODY);
    assert_false(sally_tls_keys_trust_same(keys, sally_tls_door_keys(w.door)));
    sally_tls_keys_wipe(keys);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_proves_its_sensor),
        TEST(a_certificate_proves_its_sensor),
        TEST(guesses_are_counted),
        TEST(kinds_do_not_mix),
        TEST(keys_that_went_prove_nothing),
        TEST(plaintext_is_told_apart),
        TEST(handshakes_have_their_time),
        TEST(one_source_has_its_share),
        TEST(one_source_has_its_pace),
        TEST(all_places_are_few),
        TEST(visits_take_no_place_of_lines),
        TEST(strange_entries_are_refused),
    };

    return cmocka_run_group_tests(tests, mint_all, mint_end);
}
