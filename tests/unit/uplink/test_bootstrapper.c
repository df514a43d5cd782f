/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_bootstrapper.c - when a sensor asks its bootstrap
 * server, which this test plays, and what comes in force of what it writes.  */
#include "unit/uplink/door.h"

#include "lwm2m/objects/builtin.h"
#include "uplink/accounts.h"
#include "uplink/bootstrapper_parts.h"
#include "uplink/orders.h"

#define BOOT_SERVERS(more)                                                     \
    "servers = ( { name = \"cloud\"; uri = \"coap://127.0.0.1:5683\"; "        \
    "short_server_id = 1; }, { name = \"boot\"; uri = "                        \
    "\"coap://127.0.0.1:5685\"; bootstrap = true; " more " }, "                \
    "{ name = \"sky\"; short_server_id = 2; } );\n"
#define SEALED                                                                 \
    "gateway = { name = \"plant-7\"; master_key_file = \"m\"; };\n"
#define BOOT_SENSOR(accounts)                                                  \
    "sensors = ( { id = \"one\"; profile = \"p\"; authenticate = ( { method "  \
    "= \"password\"; username = \"one\"; } ); accounts = ( { server = "        \
    "\"boot\"; mode = \"nosec\"; } " accounts " ); } );\n"
#define BOOT_CONFIG(more, accounts)                                            \
    SEALED LOCAL BOOT_SERVERS(more) DOOR_PROFILE BOOT_SENSOR(accounts)
#define AT_CLOUD ", { server = \"cloud\"; mode = \"nosec\"; }"

#define KEYS_OF(instance, uri, id)                                             \
    "[{\"bn\":\"/0/" instance "/\",\"n\":\"0\",\"vs\":\"" uri "\"},"           \
    "{\"n\":\"1\",\"vb\":false},{\"n\":\"2\",\"v\":3},{\"n\":\"10\",\"v\":" id \
    "}]"
#define SERVER_OF(instance, id)                                                \
    "[{\"bn\":\"/1/" instance "/\",\"n\":\"0\",\"v\":" id "},"                 \
    "{\"n\":\"1\",\"v\":300},{\"n\":\"6\",\"vb\":true},"                       \
    "{\"n\":\"7\",\"vs\":\"U\"}]"

static struct sally_sealer sealer;

static int make_sealer(void **state)
{
    static const uint8_t key[SALLY_MASTER_KEY_LEN] = { 1 };

    (void)state;
    return sally_sealer_make(&sealer,
                             (struct sally_span){ key, sizeof(key) }) ==
                   SALLY_E_OK
               ? 0
               : -1;
}

static struct sally_uplink_sensor *sensor(struct door *d)
{
    return sally_shard_sensor(d->shard, 0);
}

static bool is_visiting(struct door *d)
{
    return sensor(d)->bootstrapper->visit != NULL;
}

/* A request of the bootstrap server; its answer's code. */
static uint8_t command(struct door *d, uint8_t method, const char *path,
                       const char *json)
{
    uint8_t room[64];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_question q = { .code = method, .confirmable = true };
    sally_coap_exchange x;

    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, path);
    if (json != NULL)
        sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT,
                            SALLY_FORMAT_SENML_JSON);
    q.options = sally_buf_span(&options);
    if (json != NULL)
        q.payload = sally_span_of(json);
    d->replies = 0;
    d->code = 0;
    assert_int_equal(
        sally_coap_link_request(&sensor(d)->bootstrapper->seat->server, &q,
                                d->now, &x),
        SALLY_E_OK);
    door_settle(d);
    return d->code;
}

static void put(struct door *d, const char *path, const char *json)
{
    assert_int_equal(command(d, SALLY_CODE_PUT, path, json),
                     SALLY_CODE_CHANGED);
}

/* Waits for the disk; what the client is told. */
static uint8_t finish(struct door *d)
{
    if (command(d, SALLY_CODE_POST, "bs", NULL) == 0)
        door_told(d);
    return d->code;
}

static enum sally_client_state state_of(struct door *d, uint32_t account)
{
    return sally_lwm2m_client_state(&sensor(d)->clients[account].client);
}

/* Of a visit that was good. */
static void end_goodbye(struct door *d)
{
    while (is_visiting(d))
        door_run(d, SALLY_SEC);
}

static void give_cloud(struct door *d)
{
    put(d, "0/1", KEYS_OF("1", "coap://127.0.0.1:5683", "1"));
    put(d, "1/1", SERVER_OF("1", "1"));
    assert_int_equal(finish(d), SALLY_CODE_CHANGED);
    door_run(d, 2 * SALLY_SEC);
}

static void one_that_has_nothing_asks_and_registers(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

    (void)state;
    assert_int_equal(d->registers, 0);
    assert_true(is_visiting(d));
    assert_false(sensor(d)->blocked);
    give_cloud(d);
    assert_int_equal(d->registers, 1);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_REGISTERED);
    assert_int_equal(state_of(d, 1), SALLY_CLIENT_IDLE);
    door_run(d, 10 * SALLY_SEC);
    assert_false(is_visiting(d));
    door_close(d);
}

static void what_it_got_outlives_a_restart(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

    (void)state;
    give_cloud(d);
    door_restart(d);
    assert_int_equal(d->registers, 2);
    assert_false(is_visiting(d));
    door_close(d);
}

/* What it said before anybody had an account is the first thing they get. */
static void readings_wait_for_the_first_account(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

    (void)state;
    assert_int_equal(door_store(d, 0, 7, 20.5), SALLY_ACCEPTED_STORED);
    assert_int_equal(door_waiting(d, 0), 1);
    give_cloud(d);
    assert_int_equal(d->sends, 1);
    assert_int_equal(door_waiting(d, 0), 0);
    assert_int_equal(door_store(d, 0, 8, 21.5), SALLY_ACCEPTED_STORED);
    assert_int_equal(sally_store_waiting(d->store, 0, 1), 0);
    door_close(d);
}

static const struct {
    const char *what;
    const char *path, *json, *also, *also_json;
} wrong[] = {
    { "a server that is not configured", "0/1",
      KEYS_OF("1", "coap://127.0.0.1:5683", "9"), "1/1", SERVER_OF("1", "9") },
    { "a host that is not configured", "0/1",
      KEYS_OF("1", "coap://127.0.0.2:5683", "1"), "1/1", SERVER_OF("1", "1") },
    { "an account without its server", "0/1",
      KEYS_OF("1", "coap://127.0.0.1:5683", "1"), NULL, NULL },
};

static void what_must_not_be_is_refused_and_can_be_corrected(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(wrong); i++) {
        struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

        put(d, wrong[i].path, wrong[i].json);
        if (wrong[i].also != NULL)
            put(d, wrong[i].also, wrong[i].also_json);
        if (finish(d) != SALLY_CODE_NOT_ACCEPTABLE)
            fail_msg("%s: answered %u", wrong[i].what, d->code);
        door_run(d, SALLY_SEC);
        assert_int_equal(d->registers, 0);
        assert_int_equal(sensor(d)->bootstrapper->generation, 0);
        give_cloud(d);
        assert_int_equal(d->registers, 1);
        door_close(d);
    }
}

/* The account of the file counts until a bootstrap has come to its end. */
static void a_file_counts_until_there_is_a_book(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", AT_CLOUD), &sealer);

    (void)state;
    assert_int_equal(d->registers, 1);
    assert_false(is_visiting(d));
    assert_true(sally_bootstrapper_want(sensor(d)->bootstrapper,
                                        SALLY_VISIT_OPERATOR, d->now));
    door_run(d, SALLY_SEC);
    assert_true(is_visiting(d));
    assert_int_equal(command(d, SALLY_CODE_DELETE, "0/1", NULL),
                     SALLY_CODE_DELETED);
    assert_int_equal(finish(d), SALLY_CODE_CHANGED);
    door_run(d, SALLY_SEC);
    assert_int_equal(sally_account_living(sensor(d)), 0);
    assert_true(sensor(d)->blocked);
    d->registers = 0;
    door_restart(d);
    assert_int_equal(d->registers, 0);
    assert_true(sensor(d)->blocked);
    door_close(d);
}

/* Same keys and URI: it stays as it is. Another URI: it begins anew there. */
static void only_what_changes_begins_anew(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", AT_CLOUD), &sealer);

    (void)state;
    (void)sally_bootstrapper_want(sensor(d)->bootstrapper,
                                  SALLY_VISIT_OPERATOR, d->now);
    door_run(d, SALLY_SEC);
    put(d, "0/5", KEYS_OF("5", "coap://127.0.0.1:5690", "2"));
    put(d, "1/5", SERVER_OF("5", "2"));
    assert_int_equal(finish(d), SALLY_CODE_CHANGED);
    door_run(d, 2 * SALLY_SEC);
    assert_int_equal(d->registers, 2); /* that of the sky is the second */
    assert_int_equal(state_of(d, 1), SALLY_CLIENT_REGISTERED);
    assert_int_equal(sensor(d)->clients[1].server->uri.port, 5690);
    assert_null(sensor(d)->clients[0].site);

    door_run(d, 10 * SALLY_SEC);
    (void)sally_bootstrapper_want(sensor(d)->bootstrapper,
                                  SALLY_VISIT_OPERATOR, d->now);
    door_run(d, SALLY_SEC);
    put(d, "0/5/0", "[{\"n\":\"/0/5/0\",\"vs\":\"coap://127.0.0.1:5691\"}]");
    assert_int_equal(finish(d), SALLY_CODE_CHANGED);
    door_run(d, 2 * SALLY_SEC);
    assert_int_equal(d->registers, 3);
    assert_int_equal(sensor(d)->clients[1].server->uri.port, 5691);
    door_close(d);
}

#define RIGHTS_OF(instance, object, entry, may)                                \
    "[{\"bn\":\"/2/" instance "/\",\"n\":\"0\",\"v\":" object "},"             \
    "{\"n\":\"1\",\"v\":0},{\"n\":\"2/" entry "\",\"v\":" may "},"               \
    "{\"n\":\"3\",\"v\":65535}]"

static uint8_t asked(struct door *d, uint32_t account, uint8_t method,
                     const char *path)
{
    door_ask_as(d, 0, account, method, path,
                method == SALLY_CODE_GET ? "" : "1", SALLY_OBSERVE_ABSENT);
    if (d->code == 0)
        door_told(d); /* a command goes to the disk first */
    return d->code;
}

/* What each of two servers may: the cloud reads the one object, the sky writes
 * to the other.                                                             */
static void are_limited(struct door *d)
{
    static const struct {
        uint32_t account;
        uint8_t method;
        const char *path;
        uint8_t code;
    } all[] = {
        { 0, SALLY_CODE_GET, "3303/0/5700", SALLY_CODE_CONTENT },
        { 0, SALLY_CODE_GET, "3303", SALLY_CODE_CONTENT },
        { 0, SALLY_CODE_PUT, "3306/0/5851", SALLY_CODE_UNAUTHORIZED },
        { 0, SALLY_CODE_POST, "3303/0/5605", SALLY_CODE_UNAUTHORIZED },
        { 1, SALLY_CODE_GET, "3303/0/5700", SALLY_CODE_UNAUTHORIZED },
        { 1, SALLY_CODE_GET, "3303/0", SALLY_CODE_UNAUTHORIZED },
        { 1, SALLY_CODE_GET, "3303", SALLY_CODE_NOT_FOUND },
        { 1, SALLY_CODE_GET, "3306/0", SALLY_CODE_CONTENT },
        { 1, SALLY_CODE_PUT, "3306/0/5851", SALLY_CODE_CHANGED },
        { 1, SALLY_CODE_GET, "3/0", SALLY_CODE_CONTENT },
        { 1, SALLY_CODE_GET, "1/1", SALLY_CODE_CONTENT },
    };

    for (size_t i = 0; i < SALLY_LEN(all); i++) {
        uint8_t code = asked(d, all[i].account, all[i].method, all[i].path);

        if (code != all[i].code)
            fail_msg("server %u: %s: answered %u", all[i].account, all[i].path,
                     code);
    }
}

static void give_both(struct door *d)
{
    put(d, "0/1", KEYS_OF("1", "coap://127.0.0.1:5683", "1"));
    put(d, "1/1", SERVER_OF("1", "1"));
    put(d, "0/2", KEYS_OF("2", "coap://127.0.0.1:5690", "2"));
    put(d, "1/2", SERVER_OF("2", "2"));
    put(d, "2/0", RIGHTS_OF("0", "3303", "1", "1"));
    put(d, "2/1", RIGHTS_OF("1", "3306", "2", "3"));
    assert_int_equal(finish(d), SALLY_CODE_CHANGED);
    door_run(d, 2 * SALLY_SEC);
    assert_int_equal(d->registers, 2);
}

static void servers_have_the_rights_of_the_book(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

    (void)state;
    give_both(d);
    assert_int_equal(door_store(d, 0, 7, 20.5), SALLY_ACCEPTED_STORED);
    assert_int_equal(d->sends, 1); /* and passed for the other */
    assert_int_equal(sally_store_waiting(d->store, 0, 0), 0);
    assert_int_equal(sally_store_waiting(d->store, 0, 1), 0);
    are_limited(d);
    door_restart(d);
    are_limited(d);
    door_close(d);
}

/* It observed, and may not any more. */
static void a_right_that_is_taken_ends_an_observation(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

    (void)state;
    give_both(d);
    door_store(d, 0, 7, 20.5);
    door_ask(d, 0, SALLY_CODE_GET, "3303/0/5700", "", SALLY_OBSERVE_REGISTER);
    assert_int_equal(d->code, SALLY_CODE_CONTENT);
    assert_non_null(sensor(d)->clients[0].client.observations);
    end_goodbye(d);
    (void)sally_bootstrapper_want(sensor(d)->bootstrapper,
                                  SALLY_VISIT_OPERATOR, d->now);
    door_run(d, SALLY_SEC);
    put(d, "2/0", RIGHTS_OF("0", "3303", "1", "0"));
    assert_int_equal(finish(d), SALLY_CODE_CHANGED);
    assert_int_equal(d->registers, 2);
    assert_null(sensor(d)->clients[0].client.observations);
    assert_int_equal(asked(d, 0, SALLY_CODE_GET, "3303/0/5700"),
                     SALLY_CODE_UNAUTHORIZED);
    door_close(d);
}

/* Alone it may do all again. */
static void the_last_server_has_all_rights(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

    (void)state;
    give_both(d);
    end_goodbye(d);
    (void)sally_bootstrapper_want(sensor(d)->bootstrapper,
                                  SALLY_VISIT_OPERATOR, d->now);
    door_run(d, SALLY_SEC);
    assert_int_equal(command(d, SALLY_CODE_DELETE, "0/1", NULL),
                     SALLY_CODE_DELETED);
    assert_int_equal(finish(d), SALLY_CODE_CHANGED);
    assert_int_equal(asked(d, 1, SALLY_CODE_GET, "3303/0"), SALLY_CODE_CONTENT);
    door_close(d);
}

/* So it is where the operator has taken the other's account. */
static void a_revoked_server_leaves_its_rights(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

    (void)state;
    give_both(d);
    end_goodbye(d);
    assert_int_equal(asked(d, 1, SALLY_CODE_GET, "3303/0"),
                     SALLY_CODE_UNAUTHORIZED);
    assert_null(sally_order_revoke(sensor(d), 0, d->now));
    door_run(d, SALLY_SEC);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_IDLE);
    assert_int_equal(asked(d, 1, SALLY_CODE_GET, "3303/0"), SALLY_CODE_CONTENT);
    door_restart(d);
    assert_int_equal(asked(d, 1, SALLY_CODE_GET, "3303/0"), SALLY_CODE_CONTENT);
    door_close(d);
}

static void a_visit_that_fails_is_repeated_ever_later(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);
    sally_usec wait, last = 0;

    (void)state;
    d->deaf = true;
    for (unsigned i = 0; i < 4; i++) {
        while (is_visiting(d))
            door_run(d, SALLY_SEC);
        wait = sensor(d)->bootstrapper->due - d->now;
        assert_true(wait > last && wait <= (SALLY_SEC << i) * 5 / 4);
        last = wait;
        while (!is_visiting(d))
            door_run(d, SALLY_SEC);
    }
    d->deaf = false;
    while (is_visiting(d))
        door_run(d, SALLY_SEC);
    door_run(d, 30 * SALLY_SEC);
    assert_true(is_visiting(d));
    give_cloud(d);
    assert_int_equal(sensor(d)->bootstrapper->failures, 0);
    door_close(d);
}

static void it_looks_again_from_time_to_time(void **state)
{
    struct door *d =
        door_open_sealed(BOOT_CONFIG("recheck = \"1h\";", ""), &sealer);

    (void)state;
    give_cloud(d);
    door_run(d, 3200 * SALLY_SEC);
    assert_false(is_visiting(d));
    door_run(d, 760 * SALLY_SEC);
    assert_int_equal(sensor(d)->bootstrapper->why, SALLY_VISIT_RECHECK);
    assert_true(is_visiting(d));
    door_close(d);
}

/* All tries of a sequence, at each of the servers there are. */
static void one_that_is_let_in_nowhere_asks(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

    (void)state;
    give_cloud(d);
    door_run(d, 10 * SALLY_SEC);
    d->deaf = true;
    for (unsigned left = 4000; left > 0 && !is_visiting(d); left--)
        door_run(d, SALLY_SEC);
    assert_true(is_visiting(d));
    assert_int_equal(sensor(d)->bootstrapper->why, SALLY_VISIT_NOT_REGISTERED);
    door_close(d);
}

/* /1/x/16 */
static void one_that_is_told_to_stay_does_not_ask(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

    (void)state;
    put(d, "0/1", KEYS_OF("1", "coap://127.0.0.1:5683", "1"));
    put(d, "1/1", SERVER_OF("1", "1"));
    put(d, "1/1/16", "[{\"n\":\"/1/1/16\",\"vb\":false}]");
    assert_int_equal(finish(d), SALLY_CODE_CHANGED);
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_REGISTERED);
    d->deaf = true;
    door_run(d, 4000 * SALLY_SEC);
    assert_true(sensor(d)->clients[0].hopeless);
    assert_false(is_visiting(d));
    door_close(d);
}

static void its_account_goes_when_its_time_is_over(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

    (void)state;
    put(d, "0/0/12", "[{\"n\":\"/0/0/12\",\"v\":60}]");
    give_cloud(d);
    door_run(d, 30 * SALLY_SEC);
    assert_true(sensor(d)->bootstrapper->has_account);
    door_run(d, 40 * SALLY_SEC);
    door_stored(d);
    assert_false(sensor(d)->bootstrapper->has_account);
    assert_false(sally_bootstrapper_want(sensor(d)->bootstrapper,
                                         SALLY_VISIT_OPERATOR, d->now));
    door_restart(d);
    assert_false(sensor(d)->bootstrapper->has_account);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_REGISTERED);
    door_close(d);
}

/* Its file's account is used when a visit has failed, or has left it alone. */
static void keys_of_the_factory_wait_for_the_first_visit(void **state)
{
    struct door *d = door_open_sealed(
        BOOT_CONFIG("", ", { server = \"cloud\"; mode = \"nosec\"; factory = "
                        "true; }"), &sealer);

    (void)state;
    assert_true(is_visiting(d));
    assert_int_equal(sensor(d)->bootstrapper->why, SALLY_VISIT_FACTORY);
    assert_int_equal(d->registers, 0);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_IDLE);
    put(d, "1/0/1", "[{\"n\":\"/1/0/1\",\"v\":300}]");
    assert_int_equal(d->registers, 0);
    assert_int_equal(finish(d), SALLY_CODE_CHANGED);
    door_run(d, 2 * SALLY_SEC);
    assert_int_equal(d->registers, 1);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_REGISTERED);
    door_close(d);
}

static void keys_of_the_factory_are_better_than_none(void **state)
{
    struct door *d = door_open_sealed(
        BOOT_CONFIG("", ", { server = \"cloud\"; mode = \"nosec\"; factory = "
                        "true; }"), &sealer);

    (void)state;
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_IDLE);
    sally_bootstrapper_cancel(sensor(d)->bootstrapper, d->now);
    door_settle(d);
    door_run(d, 500 * SALLY_MSEC);
    assert_int_equal(d->registers, 1);
    assert_int_equal(sensor(d)->bootstrapper->failures, 0); /* it is let in */
    assert_true(sensor(d)->bootstrapper->due != SALLY_NEVER);
    door_close(d);
}

/* One that always has something more to write keeps no place for it. */
static void a_visit_does_not_last_for_ever(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);
    unsigned writes = 0;

    (void)state;
    for (; writes < 100 && sensor(d)->bootstrapper->failures == 0; writes++) {
        put(d, "1/1", SERVER_OF("1", "1"));
        door_run(d, 60 * SALLY_SEC);
    }
    assert_in_range(writes, 29, 31);
    assert_int_equal(sensor(d)->bootstrapper->failures, 1);
    assert_int_equal(d->registers, 0);
    door_close(d);
}

/* A server's 2.04 leaves, then the hold-off passes. */
static void a_server_can_ask_for_it(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

    (void)state;
    put(d, "0/0/11", "[{\"n\":\"/0/0/11\",\"v\":20}]");
    give_cloud(d);
    door_run(d, 10 * SALLY_SEC);
    door_ask(d, 0, SALLY_CODE_POST, "1/0/9", "", SALLY_OBSERVE_ABSENT);
    assert_int_equal(d->code, SALLY_CODE_CHANGED);
    door_run(d, 19 * SALLY_SEC);
    assert_false(is_visiting(d));
    door_run(d, 8 * SALLY_SEC);
    assert_true(is_visiting(d));
    assert_int_equal(sensor(d)->bootstrapper->why, SALLY_VISIT_SERVER);
    door_close(d);
}

static void want(struct door *d, enum sally_visit_reason why)
{
    assert_true(sally_bootstrapper_want(sensor(d)->bootstrapper, why, d->now));
}

/* True if it visits within that time. */
static bool visits_within(struct door *d, unsigned seconds)
{
    for (; seconds > 0 && !is_visiting(d); seconds--)
        door_run(d, SALLY_SEC);
    return is_visiting(d);
}

static void end_visit(struct door *d)
{
    give_cloud(d);
    while (is_visiting(d))
        door_run(d, SALLY_SEC);
}

/* What a visit brings may be older than the word that it should ask. */
static void what_asks_during_a_visit_is_remembered_once(void **state)
{
    static const struct {
        const char *what;
        enum sally_visit_reason whys[3], next;
        bool late, again; /* late: when what it got is in force */
    } rows[] = {
        { "a server", { SALLY_VISIT_SERVER, SALLY_VISIT_SERVER,
                        SALLY_VISIT_SERVER }, SALLY_VISIT_SERVER, false, true },
        { "the operator first", { SALLY_VISIT_OPERATOR, SALLY_VISIT_SERVER,
                                  SALLY_VISIT_OPERATOR },
          SALLY_VISIT_OPERATOR, false, true },
        { "the operator last", { SALLY_VISIT_SERVER, SALLY_VISIT_SERVER,
                                 SALLY_VISIT_OPERATOR },
          SALLY_VISIT_OPERATOR, true, true },
        { "what the visit mends", { SALLY_VISIT_NOT_REGISTERED,
                                    SALLY_VISIT_RENEWAL,
                                    SALLY_VISIT_NO_ACCOUNT },
          SALLY_VISIT_RECHECK, false, false },
        { "what it did not mend", { SALLY_VISIT_NOT_REGISTERED,
                                    SALLY_VISIT_NOT_REGISTERED,
                                    SALLY_VISIT_NOT_REGISTERED },
          SALLY_VISIT_NOT_REGISTERED, true, true },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct door *d =
            door_open_sealed(BOOT_CONFIG("recheck = \"1h\";", ""), &sealer);

        if (rows[i].late)
            give_cloud(d);
        for (size_t k = 0; k < SALLY_LEN(rows[i].whys); k++)
            want(d, rows[i].whys[k]);
        if (!rows[i].late)
            give_cloud(d);
        while (is_visiting(d))
            door_run(d, SALLY_SEC);
        if (visits_within(d, 30) != rows[i].again)
            fail_msg("%s: %s", rows[i].what,
                     rows[i].again ? "forgotten" : "remembered");
        assert_int_equal(sensor(d)->bootstrapper->why, rows[i].next);
        if (rows[i].again)
            end_visit(d);
        assert_false(visits_within(d, 30));
        door_close(d);
    }
}

/* It does not wait for the next try then. */
static void what_asks_during_a_visit_that_fails_is_heard(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", ""), &sealer);

    (void)state;
    d->deaf = true;
    while (sensor(d)->bootstrapper->failures < 8 || !is_visiting(d))
        door_run(d, SALLY_SEC);
    want(d, SALLY_VISIT_OPERATOR);
    while (sensor(d)->bootstrapper->failures < 9)
        door_run(d, SALLY_SEC);
    d->deaf = false;
    assert_true(visits_within(d, 2));
    end_visit(d);
    assert_false(visits_within(d, 30));
    door_close(d);
}

/* The file's keys may be those that were taken away: only the bootstrap server
 * can say.                                                                  */
static void a_damaged_book_leaves_no_account(void **state)
{
    struct door *d = door_open_sealed(BOOT_CONFIG("", AT_CLOUD), &sealer);
    const struct sally_kept_place at = { SALLY_KEPT_BOOK, 0,
                                         sally_span_of("one") };
    struct sally_path cloud = sally_path_instance(SALLY_OBJECT_SECURITY, 1);

    (void)state;
    assert_int_equal(d->registers, 1);
    assert_int_equal(
        sally_store_keep(d->store, &at,
                         sally_span_of("nothing that we have sealed"), 9),
        SALLY_E_OK);
    door_restart(d);
    assert_int_equal(d->registers, 1);
    assert_int_equal(sally_account_living(sensor(d)), 0);
    assert_false(sensor(d)->blocked);
    assert_true(is_visiting(d));
    assert_false(
        sally_book_has(&sensor(d)->bootstrapper->visit->current, &cloud));
    give_cloud(d);
    assert_int_equal(d->registers, 2);
    door_restart(d);
    assert_int_equal(d->registers, 3);
    door_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_has_nothing_asks_and_registers),
        cmocka_unit_test(what_it_got_outlives_a_restart),
        cmocka_unit_test(readings_wait_for_the_first_account),
        cmocka_unit_test(what_must_not_be_is_refused_and_can_be_corrected),
        cmocka_unit_test(a_file_counts_until_there_is_a_book),
        cmocka_unit_test(only_what_changes_begins_anew),
        cmocka_unit_test(servers_have_the_rights_of_the_book),
        cmocka_unit_test(a_right_that_is_taken_ends_an_observation),
        cmocka_unit_test(the_last_server_has_all_rights),
        cmocka_unit_test(a_revoked_server_leaves_its_rights),
        cmocka_unit_test(a_visit_that_fails_is_repeated_ever_later),
        cmocka_unit_test(it_looks_again_from_time_to_time),
        cmocka_unit_test(one_that_is_let_in_nowhere_asks),
        cmocka_unit_test(one_that_is_told_to_stay_does_not_ask),
        cmocka_unit_test(keys_of_the_factory_wait_for_the_first_visit),
        cmocka_unit_test(keys_of_the_factory_are_better_than_none),
        cmocka_unit_test(a_visit_does_not_last_for_ever),
        cmocka_unit_test(its_account_goes_when_its_time_is_over),
        cmocka_unit_test(a_server_can_ask_for_it),
        cmocka_unit_test(what_asks_during_a_visit_is_remembered_once),
        cmocka_unit_test(what_asks_during_a_visit_that_fails_is_heard),
        cmocka_unit_test(a_damaged_book_leaves_no_account),
    };

    return cmocka_run_group_tests(tests, make_sealer, NULL);
}
