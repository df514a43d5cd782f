/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/test_bootstrap.c - sallyport-server as a bootstrap server, and
 * our own client, on real sockets.                                          */
#include "server/process.h"

#include "lwm2m/bootstrap.h"
#include "lwm2m/objects/builtin.h"
#include "security/crypto.h"
#include "unit/lwm2m/accounts.h"

/* The client and what it stands on. */
static struct {
    struct sally_loop *loop;
    struct sally_pool packets, bodies;
    struct sally_coap_shared coap;
    struct sally_registry registry;
    struct sally_credential credential;
    struct sally_bootstrap_settings settings;
    struct sally_bootstrap client;
    struct sally_book current, taken;
    struct sally_udp *udp;
    struct sally_timer timer;
    struct sally_bus_address peer;
    enum sally_bootstrap_state state;
    enum sally_err why;
    bool decide; /* on_finish asked */
    unsigned refusals;
} world;

/* --- The client's owner -------------------------------------------------- */

static void pump(sally_usec now)
{
    struct sally_span wire;

    if (world.decide) {
        world.decide = false;
        assert_true(sally_bootstrap_finished(&world.client,
                                             SALLY_CODE_CHANGED, now));
    }
    while ((wire = sally_bootstrap_output(&world.client, now)).len != 0)
        sally_udp_send(world.udp, wire);
    sally_timer_set(world.loop, &world.timer,
                    sally_bootstrap_deadline(&world.client));
}

static void on_wanted(void *owner)
{
    (void)owner;
}

static void on_rebind(void *owner)
{
    (void)owner;
    assert_int_equal(sally_udp_rebind(world.udp, &world.peer), SALLY_E_OK);
}

static void on_state(void *owner, enum sally_bootstrap_state s,
                     enum sally_err e)
{
    (void)owner;
    world.state = s;
    world.why = e;
}

static uint8_t on_finish(void *owner, const struct sally_book *staged,
                         sally_usec now)
{
    (void)owner;
    (void)now;
    assert_int_equal(sally_book_copy(staged, &world.taken), SALLY_E_OK);
    world.decide = true;
    return 0;
}

static void on_refused(void *owner, enum sally_err e,
                       const struct sally_path *culprit)
{
    (void)owner;
    (void)e;
    (void)culprit;
    world.refusals++;
}

static const struct sally_bootstrap_upcalls upcalls = {
    .on_wanted = on_wanted, .on_rebind = on_rebind,   .on_state = on_state,
    .on_finish = on_finish, .on_refused = on_refused,
};

static void on_datagram(void *owner, struct sally_span datagram, sally_usec now)
{
    (void)owner;
    sally_bootstrap_input(&world.client, datagram, now);
}

static void on_batch(void *owner, sally_usec now)
{
    (void)owner;
    pump(now);
}

static void on_due(void *owner, sally_usec now)
{
    (void)owner;
    sally_bootstrap_expire(&world.client, now);
    pump(now);
}

static const struct sally_udp_upcalls udp_upcalls = {
    .on_datagram = on_datagram, .on_batch = on_batch
};

/* --- Building ------------------------------------------------------------ */

static int open_world(void **state)
{
    const struct sally_security_limits limits = { 4, 1 << 20 };

    (void)state;
    memset(&world, 0, sizeof(world));
    assert_int_equal(sally_loop_open(&world.loop, 4), SALLY_E_OK);
    assert_int_equal(sally_pool_init(&world.packets, 2048, 64, true),
                     SALLY_E_OK);
    assert_int_equal(sally_pool_init(&world.bodies,
                                     sally_coap_defaults.body_max, 8, true),
                     SALLY_E_OK);
    world.coap = (struct sally_coap_shared){ &sally_coap_defaults,
                                             &world.packets, &world.bodies,
                                             sally_crypto_random(), NULL };
    assert_int_equal(sally_security_init(&world.coap.security, &limits,
                                         &world.packets, world.coap.random),
                     SALLY_E_OK);
    assert_int_equal(sally_objects_builtin(&world.registry), SALLY_E_OK);
    assert_int_equal(sally_book_open(&world.current, SALLY_BOOK_MAX),
                     SALLY_E_OK);
    assert_int_equal(sally_book_open(&world.taken, SALLY_BOOK_MAX),
                     SALLY_E_OK);
    accounts_fill(&world.current, &world.registry, accounts_usual);
    assert_int_equal(sally_udp_open(&world.udp, world.loop, &udp_upcalls,
                                    NULL), SALLY_E_OK);
    sally_timer_init(&world.timer, on_due, NULL);
    watch_server(world.loop);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    sally_bootstrap_wipe(&world.client);
    sally_udp_close(world.udp);
    sally_watch_close(server.watch);
    sally_loop_close(world.loop);
    sally_registry_wipe(&world.registry);
    sally_security_wipe(world.coap.security);
    sally_credential_wipe(&world.credential);
    sally_pool_wipe(&world.packets);
    sally_pool_wipe(&world.bodies);
    sally_book_wipe(&world.current);
    sally_book_wipe(&world.taken);
    return 0;
}

/* Asks to be written as `endpoint`; identity NULL: without security. */
static void start(const char *endpoint, const char *identity, uint8_t version)
{
    bool secure = identity != NULL;
    sally_usec now = sally_loop_now(world.loop);

    if (secure)
        assert_int_equal(sally_credential_psk(&world.credential,
                                              sally_span_of(identity),
                                              sally_span_of("keykeykey")),
                         SALLY_E_OK);
    else
        sally_credential_nosec(&world.credential);
    world.settings = (struct sally_bootstrap_settings){
        .endpoint = endpoint,
        .version = version,
        .pack = version == 12,
        .preferred = SALLY_FORMAT_SENML_CBOR,
        .scheme = secure ? SALLY_SCHEME_COAPS : SALLY_SCHEME_COAP,
        .credential = &world.credential,
        .registry = &world.registry,
    };
    assert_int_equal(sally_address_parse("127.0.0.1",
                                         secure ? server.coaps : server.coap,
                                         &world.peer), SALLY_E_OK);
    sally_bootstrap_init(&world.client, &world.coap, &upcalls, NULL);
    assert_int_equal(sally_bootstrap_start(&world.client, &world.settings,
                                           &world.current, now), SALLY_E_OK);
    sally_bootstrap_connect(&world.client, now);
    pump(now);
}

static void wait_for(enum sally_bootstrap_state s)
{
    sally_usec until = sally_loop_now(world.loop) + PATIENCE;

    while (world.state != s && sally_loop_now(world.loop) < until)
        sally_loop_turn(world.loop, until);
    if (world.state != s)
        fail_msg("%s (%s)", sally_bootstrap_state_name(world.state),
                 sally_err_text(world.why));
}

static bool holds(const char *path, const char *value)
{
    const char *nothing;
    const struct sally_path at = accounts_path(path, &nothing);
    struct sally_lwm2m_value v;

    return sally_book_find(&world.taken, &at, &v) &&
           sally_span_is(v.is.bytes, value);
}

/* --- What is tested ------------------------------------------------------ */

#define ACCOUNT \
    "\"/0/1/0\":\"coaps://new.example.com\",\"/0/1/1\":false," \
    "\"/0/1/2\":0,\"/0/1/3\":\"736e736f72\",\"/0/1/4\":\"\"," \
    "\"/0/1/5\":\"6e6577206b6579\",\"/0/1/10\":7"
#define SERVER \
    "\"/1/0/0\":7,\"/1/0/1\":60,\"/1/0/6\":true,\"/1/0/7\":\"U\""

static void is_written(const char *identity)
{
    order("{\"op\":\"bootstrap\",\"ep\":\"dev1\",\"steps\":["
          "{\"discover\":\"/\"},{\"delete\":\"/0\"},{\"delete\":\"/1\"},"
          "{\"write\":\"/0/1\",\"format\":11542,\"values\":{" ACCOUNT "}},"
          "{\"finish\":true},"
          "{\"write\":\"/1/0\",\"format\":110,\"values\":{" SERVER "}},"
          "{\"read\":\"/1\",\"accept\":110},{\"wait_ms\":50},"
          "{\"finish\":true}]}");
    start("dev1", identity, 11);
    expect("\"bootstrap\"", identity != NULL ? "\"secure\":\"psk\""
                                             : "\"secure\":\"none\"");
    expect("\"bootstrap-step\"", "\"code\":\"2.05\",\"text\":\"</>;lwm2m=1.1,"
           "</0/0>,</0/1>;ssid=123;uri=");
    expect("\"bootstrap-step\"", "\"step\":4,\"code\":\"4.06\"");
    expect("\"bootstrap-step\"", "\"step\":6,\"code\":\"2.05\"");
    expect("\"bootstrap-step\"", "\"step\":8,\"code\":\"2.04\"");
    expect("\"bootstrap-end\"", "\"steps\":9");
    wait_for(SALLY_BOOTSTRAP_DONE);
    assert_int_equal(world.refusals, 1);
    assert_true(holds("/0/1/5", "new key"));
    assert_true(holds("/0/0/3", "boot"));
}

static void is_written_in_the_open(void **state)
{
    (void)state;
    is_written(NULL);
}

static void is_written_over_dtls(void **state)
{
    (void)state;
    is_written("dev1");
}

static void a_pack_is_taken(void **state)
{
    (void)state;
    order("{\"op\":\"bootstrap\",\"ep\":\"dev2\",\"steps\":[],\"pack\":{"
          "\"format\":11544,\"values\":{" ACCOUNT "," SERVER "}}}");
    start("dev2", NULL, 12);
    expect("\"bootstrap-pack\"", "\"code\":\"2.05\"");
    wait_for(SALLY_BOOTSTRAP_DONE);
    assert_true(holds("/0/1/5", "new key"));
}

static void a_server_may_stop_anywhere(void **state)
{
    (void)state;
    order("{\"op\":\"bootstrap\",\"ep\":\"dev3\",\"stop_after\":2,\"steps\":["
          "{\"delete\":\"/0\"},{\"delete\":\"/1\"},{\"finish\":true}]}");
    start("dev3", NULL, 11);
    expect("\"bootstrap-end\"", "\"steps\":2");
    assert_int_equal(world.state, SALLY_BOOTSTRAP_RECEIVING);
    sally_bootstrap_stop(&world.client, sally_loop_now(world.loop));
    assert_int_equal(world.state, SALLY_BOOTSTRAP_FAILED);
}

static void whom_nobody_knows_is_refused(void **state)
{
    (void)state;
    start("nobody", NULL, 11);
    wait_for(SALLY_BOOTSTRAP_FAILED);
    assert_int_equal(world.why, SALLY_E_REFUSED);
    assert_int_equal(sally_bootstrap_refusal(&world.client),
                     SALLY_CODE_BAD_REQUEST);
}

static void an_identity_asks_for_itself_only(void **state)
{
    (void)state;
    order("{\"op\":\"bootstrap\",\"ep\":\"dev4\",\"steps\":[]}");
    start("dev4", "dev1", 11);
    wait_for(SALLY_BOOTSTRAP_FAILED);
    assert_int_equal(world.why, SALLY_E_REFUSED);
}

int main(void)
{
#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)
    const struct CMUnitTest tests[] = {
        IN_WORLD(is_written_in_the_open),
        IN_WORLD(is_written_over_dtls),
        IN_WORLD(a_pack_is_taken),
        IN_WORLD(a_server_may_stop_anywhere),
        IN_WORLD(whom_nobody_knows_is_refused),
        IN_WORLD(an_identity_asks_for_itself_only),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
