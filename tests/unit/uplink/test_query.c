/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_query.c - what the inner door tells the console of
 * accounts and values, before and after a reading.                          */
#include "unit/store/place.h"

#include "security/crypto.h"
#include "unit/config/given.h"
#include "uplink/shard.h"

#define ROWS_MAX 64

/* The sensors and servers of place.h. */
static const char text[] =
    GATEWAY LOCAL
    "servers = ( { name = \"a\"; uri = \"coap://127.0.0.1:5683\"; "
    "short_server_id = 1; }, { name = \"b\"; "
    "uri = \"coap://127.0.0.1:5685\"; short_server_id = 2; } );\n" PROFILES
    "sensors = ( { id = \"one\"; profile = \"p\"; authenticate = ( { "
    "method = \"password\"; username = \"u\"; } ); accounts = ( "
    "{ server = \"a\"; mode = \"nosec\"; }, "
    "{ server = \"b\"; mode = \"nosec\"; } ); },\n"
    "{ id = \"two\"; profile = \"p\"; authenticate = ( { "
    "method = \"password\"; username = \"v\"; } ); accounts = ( "
    "{ server = \"a\"; mode = \"nosec\"; } ); } );\n";

/* A shard with a store and nobody around it. */
static struct sally_config config;
static struct sally_shard *shard;
static struct sally_pool packets, bodies, observations, attributes;
static struct sally_coap_shared coap;
static struct sally_lwm2m_shared lwm2m;

static struct sally_bus_row rows[ROWS_MAX];
static size_t row_count, room; /* room: rows that are taken until the next go */

struct sally_uplink_seat {
    int nothing;
};

static enum sally_err open_seat(void *owner, struct sally_uplink_guest *guest,
                                struct sally_uplink_seat **out)
{
    static struct sally_uplink_seat seat;

    (void)owner;
    (void)guest;
    *out = &seat;
    return SALLY_E_OK;
}

static void nothing(struct sally_uplink_seat *seat)
{
    (void)seat;
}

static void send_nothing(struct sally_uplink_seat *seat,
                         struct sally_span datagram)
{
    (void)seat;
    (void)datagram;
}

static void arm(struct sally_uplink_seat *seat, sally_usec when)
{
    (void)seat;
    (void)when;
}

static void arm_pacer(void *owner, sally_usec when)
{
    (void)owner;
    (void)when;
}

static bool to_outer(void *owner, struct sally_bus_message *m)
{
    (void)owner;
    (void)m;
    return true;
}

static void stopped(void *owner)
{
    (void)owner;
}

static bool clock_is_set(void *owner)
{
    (void)owner;
    return true;
}

static bool is_ready(const struct sally_uplink_seat *s)
{
    (void)s;
    return true;
}

static sally_msec_utc utc(void *owner)
{
    (void)owner;
    return NOW;
}

static const struct sally_shard_host host = {
    .open = open_seat,
    .close = nothing,
    .rebind = nothing,
    .send = send_nothing,
    .ready = is_ready,
    .registered = nothing,
    .arm = arm,
    .arm_pacer = arm_pacer,
    .to_outer = to_outer,
    .deliver_later = nothing,
    .stopped = stopped,
    .utc = utc,
    .clock_is_set = clock_is_set,
};

static int open_shard(void **state)
{
    char *report = NULL;

    (void)state;
    make_place();
    if (load_given(text, NULL, "", &config, &report) != 0)
        fail_msg("%s", report);
    free(report);
    open_store(&roomy);
    assert_int_equal(sally_pool_init(&packets, SALLY_DATAGRAM_MAX, 16, true),
                     SALLY_E_OK);
    assert_int_equal(sally_pool_init(&bodies, 4096, 4, true), SALLY_E_OK);
    assert_int_equal(sally_pool_init(&observations, sally_observation_size(),
                                     4, false), SALLY_E_OK);
    assert_int_equal(sally_pool_init(&attributes, sally_attributes_size(), 4,
                                     false), SALLY_E_OK);
    coap = (struct sally_coap_shared){ &sally_coap_defaults, &packets, &bodies,
                                       sally_crypto_random(), NULL };
    lwm2m = (struct sally_lwm2m_shared){ &coap, &observations, &attributes };
    assert_int_equal(sally_shard_create(&shard, &config, store, &lwm2m, &host,
                                        NULL), SALLY_E_OK);
    return 0;
}

static int close_shard(void **state)
{
    (void)state;
    sally_shard_wipe(shard);
    close_store();
    sally_pool_wipe(&packets);
    sally_pool_wipe(&bodies);
    sally_pool_wipe(&observations);
    sally_pool_wipe(&attributes);
    sally_config_wipe(&config);
    remove_place();
    return 0;
}

/* --- Asking -------------------------------------------------------------- */

static bool take_row(void *owner, struct sally_bus_message *m)
{
    (void)owner;
    if (room == 0)
        return false;
    room--;
    assert_int_equal(m->type, SALLY_BUS_ROW);
    assert_true(sally_bus_may_say(m, SALLY_INNER, SALLY_CONSOLE));
    assert_true(row_count < ROWS_MAX);
    rows[row_count++] = m->as.row;
    return true;
}

/* All rows carry the ticket, and only the last one is marked. */
static void ask_with_room(enum sally_query what, uint32_t sensor, size_t each)
{
    struct sally_bus_place at = { 0, 0 };
    struct sally_bus_query q = { .ticket = 77, .sensor = sensor,
                                 .what = (uint8_t)what };

    row_count = 0;
    for (room = each; !sally_shard_query(shard, &q, &at, take_row, NULL);
         room = each)
        assert_int_equal(room, 0);
    assert_true(row_count > 0);
    for (size_t i = 0; i < row_count; i++) {
        bool last = i == row_count - 1;

        assert_int_equal(rows[i].ticket, 77);
        assert_int_equal(rows[i].last, last);
        assert_int_equal(rows[i].empty, last);
    }
    row_count--; /* the empty one is looked at */
}

static void ask(enum sally_query what, uint32_t sensor)
{
    ask_with_room(what, sensor, SIZE_MAX);
}

static const struct query_row {
    const char *what;
    enum sally_query query;
    uint32_t sensor;
    size_t want; /* rows that say something */
} queries[] = {
    { "accounts of all sensors", SALLY_QUERY_SENSORS, UINT32_MAX, 3 },
    { "status is made of the same", SALLY_QUERY_STATUS, UINT32_MAX, 3 },
    { "accounts of one sensor", SALLY_QUERY_SENSORS, 0, 2 },
    { "accounts of the other", SALLY_QUERY_SENSORS, 1, 1 },
    { "a sensor that does not exist", SALLY_QUERY_SENSORS, 2, 0 },
    { "values of one that does not exist", SALLY_QUERY_VALUES, 9, 0 },
};

static void rows_follow_the_question(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(queries); i++) {
        ask(queries[i].query, queries[i].sensor);
        if (row_count != queries[i].want)
            fail_msg("%s: got %zu rows", queries[i].what, row_count);
    }
}

/* However little room the bus has each time, the rows are the same. */
static void answer_goes_on_when_there_is_room(void **state)
{
    struct sally_bus_row want[ROWS_MAX];
    size_t wanted;

    (void)state;
    for (int what = SALLY_QUERY_SENSORS; what <= SALLY_QUERY_VALUES; what++)
        for (uint32_t sensor = 0; sensor < 2; sensor++) {
            uint32_t whose = sensor == 0 ? UINT32_MAX : sensor;

            ask((enum sally_query)what, whose);
            wanted = row_count;
            assert_true(wanted > 0);
            memcpy(want, rows, sizeof(want));
            for (size_t each = 1; each < 4; each++) {
                ask_with_room((enum sally_query)what, whose, each);
                assert_int_equal(row_count, wanted);
                assert_memory_equal(rows, want, wanted * sizeof(want[0]));
            }
        }
}

static void accounts_are_told_apart(void **state)
{
    (void)state;
    ask(SALLY_QUERY_SENSORS, UINT32_MAX);
    assert_int_equal(rows[0].sensor, 0);
    assert_int_equal(rows[0].account, 0);
    assert_int_equal(rows[1].sensor, 0);
    assert_int_equal(rows[1].account, 1);
    assert_int_equal(rows[2].sensor, 1);
    assert_int_equal(rows[2].account, 0);
    assert_string_equal(rows[0].state, "idle");
    assert_string_equal(rows[0].suite, "");
    assert_string_equal(rows[0].detail, "");
    assert_false(rows[0].secure);
    assert_false(rows[0].send_muted);
}

static void last_error_is_told_in_words(void **state)
{
    (void)state;
    sally_shard_sensor(shard, 1)->clients[0].last_error = SALLY_E_TIMED_OUT;
    ask(SALLY_QUERY_SENSORS, 1);
    assert_string_equal(rows[0].detail, sally_err_text(SALLY_E_TIMED_OUT));
}

/* --- A reading ----------------------------------------------------------- */

static void send_reading(uint32_t sensor, double number)
{
    struct sally_bus_readings r = { .sensor = sensor, .born = 1,
                                    .time = NOW, .count = 1,
                                    .key = { (uint8_t)(sensor + 1) } };
    struct sally_path path = sally_path_resource(3303, 0, 5700);
    struct sally_lwm2m_value value = sally_value_real(number);
    struct pollfd fd = { sally_store_descriptor(store), POLLIN, 0 };
    uint64_t before = sally_shard_sensor(shard, sensor)->accepted;

    assert_int_equal(sally_bus_put_value(&r.value[0], r.bytes, &r.used, &path,
                                         &value), SALLY_E_OK);
    sally_shard_readings(shard, &r, SALLY_SEC);
    for (int i = 0; i < 100; i++) {
        if (sally_shard_sensor(shard, sensor)->accepted > before)
            return;
        (void)poll(&fd, 1, 100);
        sally_shard_stored(shard, SALLY_SEC);
    }
    fail_msg("the reading was not stored");
}

static bool has_value(uint16_t object, uint16_t resource,
                      struct sally_lwm2m_record *out)
{
    struct sally_path path = sally_path_resource(object, 0, resource);

    for (size_t i = 0; i < row_count; i++) {
        sally_bus_value(&rows[i].value, rows[i].bytes, out);
        out->time = rows[i].time;
        if (sally_path_equal(&out->path, &path))
            return true;
    }
    return false;
}

static void reading_waits_for_each_account(void **state)
{
    (void)state;
    send_reading(0, 21.5);
    ask(SALLY_QUERY_SENSORS, UINT32_MAX);
    assert_int_equal(rows[0].accepted, 1);
    assert_int_equal(rows[0].waiting, 1);
    assert_int_equal(rows[1].waiting, 1);
    assert_int_equal(rows[0].delivered, 0);
    assert_int_equal(rows[2].accepted, 0);
    assert_int_equal(rows[2].waiting, 0);
}

static void reading_is_a_value_with_its_time(void **state)
{
    struct sally_lwm2m_record r;

    (void)state;
    ask(SALLY_QUERY_VALUES, 0);
    assert_false(has_value(3303, 5700, &r)); /* nothing was measured yet */
    send_reading(0, 21.5);
    ask(SALLY_QUERY_VALUES, 0);
    assert_true(has_value(3303, 5700, &r));
    assert_true(r.value.type == SALLY_TYPE_FLOAT && r.value.is.real == 21.5);
    assert_int_equal(r.time, NOW);
    ask(SALLY_QUERY_VALUES, 1);
    assert_false(has_value(3303, 5700, &r));
}

static void servers_own_object_is_left_out(void **state)
{
    struct sally_lwm2m_record r;

    (void)state;
    ask(SALLY_QUERY_VALUES, 0);
    assert_false(has_value(1, 0, &r));
    assert_true(has_value(33001, 3, &r)); /* the gateway's name */
    assert_true(sally_span_is(r.value.is.bytes, "plant-7"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_shard, close_shard)
    const struct CMUnitTest tests[] = {
        TEST(rows_follow_the_question),
        TEST(answer_goes_on_when_there_is_room),
        TEST(accounts_are_told_apart),
        TEST(last_error_is_told_in_words),
        TEST(reading_waits_for_each_account),
        TEST(reading_is_a_value_with_its_time),
        TEST(servers_own_object_is_left_out),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
