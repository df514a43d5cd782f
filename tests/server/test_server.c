/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/test_server.c - sallyport-server and our own client on real
 * sockets: what each operation looks like in the server's lines.            */
#include "server/process.h"

#include "lwm2m/client.h"
#include "lwm2m/objects/builtin.h"
#include "security/crypto.h"

/* The client and what it stands on. */
static struct {
    struct sally_loop *loop;
    struct sally_pool packets, bodies, observations, attributes;
    struct sally_coap_shared coap;
    struct sally_lwm2m_shared shared;
    struct sally_registry registry;
    struct sally_resources resources;
    struct sally_credential credential;
    struct sally_lwm2m_settings settings;
    struct sally_lwm2m_client client;
    struct sally_udp *udp;
    struct sally_timer timer;
    struct sally_bus_address peer;
    enum sally_client_state state;
    unsigned delivered;
} world;

/* --- The client's owner -------------------------------------------------- */

static void pump(sally_usec now)
{
    struct sally_span wire;

    while ((wire = sally_lwm2m_client_output(&world.client, now)).len != 0)
        sally_udp_send(world.udp, wire);
    sally_timer_set(world.loop, &world.timer,
                    sally_lwm2m_client_deadline(&world.client));
}

static void on_wanted(void *owner)
{
    (void)owner;
    sally_lwm2m_client_connect(&world.client, sally_loop_now(world.loop));
}

static void on_rebind(void *owner)
{
    (void)owner;
    assert_int_equal(sally_udp_rebind(world.udp, &world.peer), SALLY_E_OK);
}

static void on_state(void *owner, enum sally_client_state s, enum sally_err e)
{
    (void)owner;
    (void)e;
    world.state = s;
}

static bool handles(void *owner, const struct sally_path *path)
{
    (void)owner;
    (void)path;
    return false;
}

static uint8_t on_command(void *owner, const struct sally_lwm2m_command *c,
                          sally_usec now)
{
    (void)owner;
    (void)c;
    (void)now;
    return SALLY_CODE_CHANGED;
}

static void on_delivered(void *owner, enum sally_err e, sally_usec now)
{
    (void)owner;
    (void)now;
    world.delivered += e == SALLY_E_OK;
}

static void on_able(void *owner, sally_usec now)
{
    (void)owner;
    (void)now;
}

static void on_written(void *owner, const struct sally_path *path)
{
    (void)owner;
    (void)path;
}

static const struct sally_lwm2m_upcalls upcalls = {
    .on_wanted = on_wanted,       .on_rebind = on_rebind,
    .on_state = on_state,         .handles = handles,
    .on_command = on_command,     .on_delivered = on_delivered,
    .on_able = on_able,           .on_written = on_written,
};

static void on_datagram(void *owner, struct sally_span datagram, sally_usec now)
{
    (void)owner;
    sally_lwm2m_client_input(&world.client, datagram, now);
}

static void on_batch(void *owner, sally_usec now)
{
    (void)owner;
    pump(now);
}

static void on_due(void *owner, sally_usec now)
{
    (void)owner;
    sally_lwm2m_client_expire(&world.client, now);
    pump(now);
}

static const struct sally_udp_upcalls udp_upcalls = { .on_datagram = on_datagram,
                                                      .on_batch = on_batch };

/* --- Building ------------------------------------------------------------ */

static const struct sally_resource_definition temperature[] = {
    { .id = 5700, .type = SALLY_TYPE_FLOAT, .operations = 1, .mandatory = true,
      .name = "Sensor Value", .unit = "" },
};
static const struct sally_resource_definition actuation[] = {
    { .id = 5850, .type = SALLY_TYPE_BOOLEAN, .operations = 3,
      .mandatory = true, .name = "On/Off", .unit = "" },
};
static const struct sally_object_definition objects[] = {
    { 3303, true, false, "Temperature", "1.1", temperature, 1 },
    { 3306, true, false, "Actuation", "1.0", actuation, 1 },
};

static void make_pools(void)
{
    assert_int_equal(sally_pool_init(&world.packets, 2048, 64, true),
                     SALLY_E_OK);
    assert_int_equal(sally_pool_init(&world.bodies,
                                     sally_coap_defaults.body_max, 8, false),
                     SALLY_E_OK);
    assert_int_equal(sally_pool_init(&world.observations,
                                     sally_observation_size(), 8, false),
                     SALLY_E_OK);
    assert_int_equal(sally_pool_init(&world.attributes,
                                     sally_attributes_size(), 8, false),
                     SALLY_E_OK);
}

static void make_resources(void)
{
    const struct sally_server_factory factory = { .short_server_id = 123,
                                                  .lifetime = 300 };
    const struct sally_path own[] = { sally_path_resource(3303, 0, 5700),
                                      sally_path_resource(3306, 0, 5850) };

    assert_int_equal(sally_objects_builtin(&world.registry), SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(objects); i++)
        assert_int_equal(sally_registry_add(&world.registry, &objects[i]),
                         SALLY_E_OK);
    assert_int_equal(sally_resources_init(&world.resources, &world.registry,
                                          32, 1024),
                     SALLY_E_OK);
    assert_int_equal(sally_server_object(&world.resources, &factory),
                     SALLY_E_OK);
    assert_int_equal(sally_device_object(&world.resources, "Acme", "T1", ""),
                     SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(own); i++)
        assert_int_equal(sally_resources_add(&world.resources, &own[i], 0),
                         SALLY_E_OK);
}

static int open_world(void **state)
{
    const struct sally_security_limits limits = { 4, 1 << 20 };

    (void)state;
    memset(&world, 0, sizeof(world));
    assert_int_equal(sally_loop_open(&world.loop, 4), SALLY_E_OK);
    make_pools();
    world.coap = (struct sally_coap_shared){ &sally_coap_defaults,
                                             &world.packets, &world.bodies,
                                             sally_crypto_random(), NULL };
    assert_int_equal(sally_security_init(&world.coap.security, &limits,
                                         &world.packets, world.coap.random),
                     SALLY_E_OK);
    world.shared = (struct sally_lwm2m_shared){ &world.coap,
                                                &world.observations,
                                                &world.attributes };
    make_resources();
    assert_int_equal(sally_udp_open(&world.udp, world.loop, &udp_upcalls,
                                    NULL), SALLY_E_OK);
    sally_timer_init(&world.timer, on_due, NULL);
    watch_server(world.loop);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    sally_lwm2m_client_wipe(&world.client);
    sally_udp_close(world.udp);
    sally_watch_close(server.watch);
    sally_loop_close(world.loop);
    sally_resources_wipe(&world.resources);
    sally_registry_wipe(&world.registry);
    sally_security_wipe(world.coap.security);
    sally_credential_wipe(&world.credential);
    sally_pool_wipe(&world.packets);
    sally_pool_wipe(&world.bodies);
    sally_pool_wipe(&world.observations);
    sally_pool_wipe(&world.attributes);
    return 0;
}

/* Begins to connect as `endpoint`; identity NULL: without security. */
static void start(const char *endpoint, const char *identity)
{
    bool secure = identity != NULL;

    if (secure)
        assert_int_equal(sally_credential_psk(&world.credential,
                                              sally_span_of(identity),
                                              sally_span_of("keykeykey")),
                         SALLY_E_OK);
    else
        sally_credential_nosec(&world.credential);
    world.settings = (struct sally_lwm2m_settings){
        .endpoint = endpoint,
        .version = 11,
        .update_every = SALLY_NEVER,
        .scheme = secure ? SALLY_SCHEME_COAPS : SALLY_SCHEME_COAP,
        .credential = &world.credential,
    };
    assert_int_equal(sally_address_parse("127.0.0.1",
                                         secure ? server.coaps : server.coap,
                                         &world.peer), SALLY_E_OK);
    sally_lwm2m_client_init(&world.client, &world.shared, &world.settings,
                            &world.resources, &upcalls, NULL);
    sally_lwm2m_client_start(&world.client, sally_loop_now(world.loop));
    pump(sally_loop_now(world.loop));
}

static void store(struct sally_path path, struct sally_lwm2m_value v)
{
    assert_int_equal(sally_resources_set(&world.resources, &path, &v, 0),
                     SALLY_E_OK);
}

/* A new value that observers shall hear of. */
static void set(struct sally_path path, struct sally_lwm2m_value v)
{
    sally_usec now = sally_loop_now(world.loop);

    store(path, v);
    sally_lwm2m_client_changed(&world.client, &path, false, now);
    pump(now);
}

/* --- What is tested ------------------------------------------------------ */

static void all_operations(const char *identity)
{
    const struct sally_path temperature_value =
        sally_path_resource(3303, 0, 5700);
    const struct sally_lwm2m_record reading = {
        .path = temperature_value,
        .value = sally_value_real(22.5),
        .time = 1700000000500,
    };

    store(temperature_value, sally_value_real(21.5));
    store(sally_path_resource(3306, 0, 5850), sally_value_boolean(false));
    start("dev1", identity);
    expect("\"register\"", identity != NULL ? "\"secure\":\"psk\""
                                            : "\"secure\":\"none\"");

    order("{\"id\":1,\"op\":\"read\",\"ep\":\"dev1\",\"path\":\"/3303/0\"}");
    expect("\"response\",\"id\":1", "\"code\":\"2.05\",\"format\":112,"
           "\"records\":[{\"path\":\"/3303/0/5700\",\"time\":null,"
           "\"value\":21.5}]");
    order("{\"id\":2,\"op\":\"read\",\"ep\":\"dev1\",\"path\":\"/3/0\","
          "\"accept\":11542}");
    expect("\"id\":2", "\"path\":\"/3/0/0\",\"time\":null,\"value\":\"Acme\"");
    order("{\"id\":3,\"op\":\"write\",\"ep\":\"dev1\",\"path\":\"/3306/0/5850\""
          ",\"value\":true}");
    expect("\"id\":3", "\"code\":\"2.04\"");
    order("{\"id\":4,\"op\":\"read\",\"ep\":\"dev1\","
          "\"path\":\"/3306/0/5850\"}");
    expect("\"id\":4", "\"value\":true");
    order("{\"id\":5,\"op\":\"discover\",\"ep\":\"dev1\",\"path\":\"/3303\"}");
    expect("\"id\":5", "</3303/0/5700>");
    order("{\"id\":6,\"op\":\"write-attributes\",\"ep\":\"dev1\","
          "\"path\":\"/3303/0/5700\",\"query\":\"pmin=0&pmax=600\"}");
    expect("\"id\":6", "\"code\":\"2.04\"");
    order("{\"id\":7,\"op\":\"read\",\"ep\":\"dev1\",\"path\":\"/3303/9\"}");
    expect("\"id\":7", "\"code\":\"4.04\"");

    order("{\"id\":8,\"op\":\"observe\",\"ep\":\"dev1\","
          "\"path\":\"/3303/0/5700\"}");
    expect("\"id\":8", "\"value\":21.5");
    set(temperature_value, sally_value_real(23.5));
    expect("\"notify\"", "\"value\":23.5");
    order("{\"id\":9,\"op\":\"cancel\",\"ep\":\"dev1\","
          "\"path\":\"/3303/0/5700\"}");
    expect("\"id\":9", "\"code\":\"2.05\"");
    assert_int_equal(sally_lwm2m_client_observations(&world.client), 0);

    order("{\"id\":10,\"op\":\"write\",\"ep\":\"dev1\",\"path\":\"/1/0/23\","
          "\"value\":false}");
    expect("\"id\":10", "\"code\":\"2.04\"");
    assert_int_equal(sally_lwm2m_client_send(&world.client, &reading, 1,
                                             sally_loop_now(world.loop)),
                     SALLY_E_OK);
    pump(sally_loop_now(world.loop));
    expect("\"send\"", "{\"path\":\"/3303/0/5700\",\"time\":1700000000.500,"
           "\"value\":22.5}");
    order("{\"id\":11,\"op\":\"execute\",\"ep\":\"dev1\",\"path\":\"/1/0/8\"}");
    expect("\"id\":11", "\"code\":\"2.04\"");
    expect("\"update\"", "\"ep\":\"dev1\"");
    assert_int_equal(world.delivered, 1);

    sally_lwm2m_client_stop(&world.client, sally_loop_now(world.loop));
    pump(sally_loop_now(world.loop));
    expect("\"deregister\"", "\"ep\":\"dev1\"");
}

static void every_operation_in_the_open(void **state)
{
    (void)state;
    all_operations(NULL);
}

static void every_operation_over_dtls(void **state)
{
    (void)state;
    all_operations("dev1");
}

static void an_identity_registers_only_itself(void **state)
{
    sally_usec until = sally_loop_now(world.loop) + PATIENCE;

    (void)state;
    start("somebody-else", "dev1");
    while (world.state != SALLY_CLIENT_WAITING &&
           sally_loop_now(world.loop) < until)
        sally_loop_turn(world.loop, until);
    assert_int_equal(world.state, SALLY_CLIENT_WAITING);
    assert_false(take_line("\"register\"", ""));
}

static void wrong_orders_are_told(void **state)
{
    (void)state;
    order("nonsense");
    expect("\"error\"", "one JSON object");
    order("{\"id\":20,\"op\":\"read\",\"ep\":\"nobody\",\"path\":\"/3/0\"}");
    expect("\"error\",\"id\":20", "not registered");
    order("{\"id\":21,\"op\":\"fly\",\"ep\":\"nobody\",\"path\":\"/3/0\"}");
    expect("\"error\",\"id\":21", "no such op");
    order("{\"id\":22,\"op\":\"read\",\"ep\":\"nobody\",\"path\":\"3/0\"}");
    expect("\"error\",\"id\":22", "no path");
    order("{\"id\":23,\"op\":\"clients\"}");
    expect("\"clients\"", "\"count\":0");
}

int main(void)
{
#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)
    const struct CMUnitTest tests[] = {
        IN_WORLD(every_operation_in_the_open),
        IN_WORLD(every_operation_over_dtls),
        IN_WORLD(an_identity_registers_only_itself),
        IN_WORLD(wrong_orders_are_told),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
