/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_changeover.c - reloads: who stays does not notice, who
 * goes says goodbye, who comes waits for that; and no reading is lost.      */
#include "config/keyring.h"
#include "config/plan.h"
#include "unit/uplink/door.h"

#define SENSORS_MAX 6
#define CHURN 300 /* reloads */

/* A sensor that is there is told from its changed self by its model. */
struct wish {
    const char *id;
    int model;
};

/* Other rules, the second one in the place of the first. */
#define OTHER_RULES                                                            \
    "{ name = \"q\"; maps = ( { topic = \"t/{id}\"; put = ( { to = "           \
    "\"/3303/0/5700\"; } ); } ); down = ( { on = \"/3306/0/5851\"; topic = "   \
    "\"d/{id}\"; payload = \"{value}\"; answer = \"store\"; timeout = "        \
    "\"5s\"; } ); }"
#define NO_RULES                                                               \
    "{ name = \"n\"; maps = ( { topic = \"t/{id}\"; put = ( { to = "           \
    "\"/3303/0/5700\"; } ); } ); }"

static const char profiles[] =
    "profiles = ( { name = \"p\"; maps = ( { topic = \"t/{id}\"; put = ( "
    "{ to = \"/3303/0/5700\"; } ); } ); down = ( { on = \"/3306/0/5850\"; "
    "topic = \"r/{id}\"; payload = \"{value}\"; timeout = \"5s\"; }, "
    "{ on = \"/3306/0/5851\"; topic = \"d/{id}\"; payload = \"{value}\"; "
    "answer = \"store\"; timeout = \"5s\"; } ); }, " OTHER_RULES ", " NO_RULES
    " );\n";

/* A configuration with these sensors; its text is the caller's to free. */
static char *text_of(const char *more, const char *profile,
                     const struct wish *w, size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    assert_non_null(f);
    (void)fprintf(f,
                  GATEWAY LOCAL "servers = ( { name = \"cloud\"; uri = "
                                "\"coap://127.0.0.1:5683\"; short_server_id = "
                                "1; %s} );\n%ssensors = (",
                  more, profiles);
    for (size_t i = 0; i < count; i++)
        (void)fprintf(f,
                      "%s { id = \"%s\"; profile = \"%s\"; model = \"m%d\"; "
                      "authenticate = ( { method = \"password\"; username = "
                      "\"%s\"; } ); accounts = ( { server = \"cloud\"; mode = "
                      "\"nosec\"; } ); }",
                      i == 0 ? "" : ",", w[i].id, profile, w[i].model, w[i].id);
    (void)fputs(" );\n", f);
    assert_int_equal(fclose(f), 0);
    return text;
}

static const struct wish both[] = { { "one", 1 }, { "two", 1 } };

static struct door *open_with(const struct wish *w, size_t count)
{
    char *text = text_of("", "p", w, count);
    struct door *d = door_open(text);

    free(text);
    return d;
}

/* --- Reloading ----------------------------------------------------------- */

static struct sally_plan_counts arrange_next(struct door *d, const char *text)
{
    struct sally_plan_counts counts;
    struct sally_plan plan;

    d->next = door_config(text);
    assert_int_equal(sally_plan_next(d->config, d->next, NULL, NULL, &plan, &counts),
                     SALLY_E_OK);
    assert_int_equal(sally_config_arrange(d->next, &plan), SALLY_E_OK);
    sally_plan_wipe(&plan);
    return counts;
}

static void commit(struct door *d)
{
    assert_int_equal(sally_shard_prepared(d->shard), SALLY_E_OK);
    d->previous = d->config;
    d->config = d->next;
    d->next = NULL;
    d->settled = 0;
    assert_int_equal(sally_shard_commit(d->shard, d->now), SALLY_E_OK);
}

/* Prepares and commits; nothing has left or come yet. */
static struct sally_plan_counts reload_as(struct door *d, const char *profile,
                                          const struct wish *w, size_t count)
{
    char *text = text_of("", profile, w, count);
    struct sally_plan_counts counts = arrange_next(d, text);

    free(text);
    assert_int_equal(sally_shard_prepare(d->shard, d->next), SALLY_E_OK);
    commit(d);
    return counts;
}

static struct sally_plan_counts reload(struct door *d, const struct wish *w,
                                       size_t count)
{
    return reload_as(d, "p", w, count);
}

static enum sally_client_state state_of(struct door *d, uint32_t sensor)
{
    return sally_lwm2m_client_state(
        &sally_shard_sensor(d->shard, sensor)->clients[0].client);
}

/* A reading of the sensor as it is now. */
static enum sally_accepted store(struct door *d, uint32_t sensor,
                                 uint32_t ticket, double n)
{
    struct sally_bus_readings r = door_reading(sensor, ticket, n);

    r.born = d->config->sensors[sensor].born;
    d->said_count = 0;
    sally_shard_readings(d->shard, &r, d->now);
    if (d->said_count == 0)
        door_told(d);
    assert_int_equal(d->said_count, 1);
    return (enum sally_accepted)d->said[0].as.accepted.result;
}

static size_t seats_taken(const struct door *d)
{
    size_t n = 0;

    for (size_t i = 0; i < DOOR_SEATS; i++)
        n += d->seats[i].client != NULL;
    return n;
}

/* --- Who stays, goes and comes ------------------------------------------- */

static void one_that_stays_does_not_notice(void **state)
{
    static const struct wish more[] = { { "new", 1 }, { "one", 1 },
                                        { "two", 1 } };
    struct door *d = open_with(both, 2);
    const struct sally_uplink_sensor *one = sally_shard_sensor(d->shard, 0);

    (void)state;
    assert_int_equal(store(d, 0, 1, 20), SALLY_ACCEPTED_STORED);
    reload(d, more, 3);
    assert_int_equal(d->settled, 1); /* at once: nobody goes */
    assert_null(d->previous);
    door_run(d, 5 * SALLY_SEC);
    assert_ptr_equal(sally_shard_sensor(d->shard, 0), one);
    assert_int_equal(one->accepted, 1);
    assert_int_equal(d->registers, 3); /* the new one's */
    assert_int_equal(d->updates, 0);
    assert_int_equal(d->deregisters, 0);
    assert_int_equal(store(d, 0, 2, 21), SALLY_ACCEPTED_STORED);
    assert_int_equal((int)d->newest, 21);
    assert_int_equal(store(d, 2, 3, 22), SALLY_ACCEPTED_STORED);
    assert_int_equal((int)d->newest, 22);
    door_ask(d, 0, SALLY_CODE_GET, "3303/0/5700", "", SALLY_OBSERVE_ABSENT);
    assert_int_equal(d->code, SALLY_CODE_CONTENT);
    door_close(d);
}

static void one_that_goes_says_goodbye(void **state)
{
    struct door *d = open_with(both, 2);
    struct sally_bus_readings late = door_reading(1, 9, 20);

    (void)state;
    reload(d, both, 1);
    assert_int_equal(d->settled, 0);
    assert_null(sally_shard_sensor(d->shard, 1));
    d->said_count = 0;
    sally_shard_readings(d->shard, &late, d->now);
    assert_int_equal(d->said[0].as.accepted.result, SALLY_ACCEPTED_FULL);
    door_run(d, SALLY_SEC);
    assert_int_equal(d->settled, 1);
    assert_int_equal(d->deregisters, 1);
    assert_int_equal(seats_taken(d), 1);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_REGISTERED);
    assert_int_equal(d->registers, 2);
    door_close(d);
}

/* Its server does not answer the goodbye, and is given 5 s. */
static void a_changed_one_comes_after_the_goodbye(void **state)
{
    static const struct wish changed[] = { { "one", 2 }, { "two", 1 } };
    struct door *d = open_with(both, 2);

    (void)state;
    d->deaf = true;
    assert_int_equal(reload(d, changed, 2).changed, 1);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_IDLE);
    door_run(d, 4 * SALLY_SEC);
    assert_int_equal(d->settled, 0);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_IDLE);
    assert_int_equal(store(d, 0, 1, 20), SALLY_ACCEPTED_STORED);
    assert_int_equal(sally_store_waiting(d->store, 0, 0), 1);
    d->deaf = false;
    door_run(d, 3 * SALLY_SEC);
    assert_int_equal(d->settled, 1);
    assert_int_equal(d->registers, 3);
    assert_int_equal(state_of(d, 0), SALLY_CLIENT_REGISTERED);
    assert_int_equal(sally_store_waiting(d->store, 0, 0), 0);
    door_close(d);
}

/* One that never came to register has nobody to say goodbye to. */
static void those_in_the_pacers_line_leave_it(void **state)
{
    static const struct wish many[] = { { "one", 1 }, { "two", 1 }, { "a", 1 },
                                        { "b", 1 }, { "c", 1 }, { "d", 1 } };
    struct door *d = open_with(both, 2);

    (void)state;
    reload(d, many, 6);
    assert_int_equal(d->settled, 1);
    reload(d, both, 2);
    assert_int_equal(d->settled, 1);
    assert_int_equal(seats_taken(d), 2);
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(d->registers, 2);
    reload(d, many, 6);
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(d->registers, 6);
    door_close(d);
}

/* --- Readings ------------------------------------------------------------ */

static void what_waits_goes_to_the_successor(void **state)
{
    static const struct wish changed[] = { { "one", 2 }, { "two", 1 } };
    struct door *d = open_with(both, 2);

    (void)state;
    d->send_code = SALLY_CODE_UNAVAILABLE;
    assert_int_equal(store(d, 0, 1, 20), SALLY_ACCEPTED_STORED);
    assert_int_equal(store(d, 1, 2, 21), SALLY_ACCEPTED_STORED);
    reload(d, changed, 2);
    d->send_code = SALLY_CODE_CHANGED;
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(sally_store_waiting(d->store, 0, 0), 0);
    assert_int_equal(sally_store_waiting(d->store, 1, 0), 0);
    door_close(d);
}

static void one_that_comes_back_has_what_waited(void **state)
{
    struct door *d = open_with(both, 2);

    (void)state;
    d->send_code = SALLY_CODE_UNAVAILABLE;
    assert_int_equal(store(d, 1, 2, 21), SALLY_ACCEPTED_STORED);
    reload(d, both, 1);
    door_run(d, 10 * SALLY_SEC);
    d->send_code = SALLY_CODE_CHANGED;
    d->sends = 0;
    reload(d, both, 2);
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(d->sends, 1);
    assert_int_equal((int)d->newest, 21);
    assert_int_equal(sally_store_waiting(d->store, 1, 0), 0);
    door_close(d);
}

/* The server's word on what was sent comes when the sender has left its place:
 * it counts for the successor, who does not send it again.                  */
static void what_was_delivered_last_is_known(void **state)
{
    static const struct wish changed[] = { { "one", 2 }, { "two", 1 } };
    struct door *d = open_with(both, 2);
    struct sally_bus_readings r = door_reading(0, 1, 20);
    struct sally_virtual_client *v =
        &sally_shard_sensor(d->shard, 0)->clients[0];
    struct pollfd p = { sally_store_descriptor(d->store), POLLIN, 0 };

    (void)state;
    sally_shard_readings(d->shard, &r, d->now);
    while (d->sends == 0) { /* registrations are kept besides */
        assert_int_equal(poll(&p, 1, 10000), 1);
        sally_shard_stored(d->shard, d->now);
        v->guest.calls->later(&v->guest, d->now); /* sent; the answer is on its way */
    }
    assert_int_equal(d->sends, 1);
    reload(d, changed, 2);
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(d->sends, 1);
    assert_int_equal(sally_store_waiting(d->store, 0, 0), 0);
    door_close(d);
}

/* What the store had not told yet is told to those that it belongs to. */
static void what_is_in_the_queue_is_told_first(void **state)
{
    struct door *d = open_with(both, 2);
    struct sally_bus_readings r = door_reading(1, 7, 20);

    (void)state;
    d->said_count = 0;
    sally_shard_readings(d->shard, &r, d->now);
    assert_int_equal(d->said_count, 0);
    reload(d, both, 1);
    assert_int_equal(d->said_count, 1);
    assert_int_equal(d->said[0].as.accepted.ticket, 7);
    assert_int_equal(d->said[0].as.accepted.result, SALLY_ACCEPTED_STORED);
    door_close(d);
}

static void a_successor_knows_the_last_values(void **state)
{
    static const struct wish changed[] = { { "one", 2 }, { "two", 1 } };
    struct door *d = open_with(both, 2);

    (void)state;
    assert_int_equal(store(d, 0, 1, 20), SALLY_ACCEPTED_STORED);
    reload(d, changed, 2);
    door_run(d, 5 * SALLY_SEC);
    door_ask(d, 0, SALLY_CODE_GET, "3303/0/5700", "", SALLY_OBSERVE_ABSENT);
    assert_int_equal(d->code, SALLY_CODE_CONTENT);
    door_close(d);
}

/* --- Commands ------------------------------------------------------------ */

static void command(struct door *d, uint32_t sensor, const char *path)
{
    d->said_count = 0;
    door_ask(d, sensor, SALLY_CODE_PUT, path, "1", SALLY_OBSERVE_ABSENT);
}

static void outcome(struct door *d, uint32_t number, enum sally_outcome result)
{
    const struct sally_bus_outcome o = { number, (uint8_t)result };

    sally_shard_outcome(d->shard, &o, d->now);
    door_settle(d);
}

static void come_online(struct door *d, uint32_t sensor)
{
    const struct sally_bus_liveness l = {
        .sensor = sensor, .born = d->config->sensors[sensor].born, .online = 1
    };

    d->said_count = 0;
    sally_shard_liveness(d->shard, &l, d->now);
    door_settle(d);
}

static void a_command_of_one_that_stays_goes_on(void **state)
{
    struct door *d = open_with(both, 2);
    uint32_t number;

    (void)state;
    command(d, 0, "3306/0/5850");
    assert_int_equal(d->said_count, 1);
    number = d->said[0].as.command.command;
    reload(d, both, 1);
    door_run(d, SALLY_SEC);
    assert_int_equal(d->replies, 0);
    outcome(d, number, SALLY_OUTCOME_DONE);
    assert_int_equal(d->code, SALLY_CODE_CHANGED);
    door_close(d);
}

static void a_command_of_one_that_goes_is_refused(void **state)
{
    struct door *d = open_with(both, 2);
    uint32_t number;

    (void)state;
    command(d, 1, "3306/0/5850");
    assert_int_equal(d->said_count, 1);
    number = d->said[0].as.command.command;
    reload(d, both, 1);
    door_settle(d);
    assert_int_equal(d->code, SALLY_CODE_UNAVAILABLE);
    outcome(d, number, SALLY_OUTCOME_DONE); /* too late, and nobody's */
    door_run(d, SALLY_SEC);
    assert_int_equal(d->settled, 1);
    door_close(d);
}

static uint32_t park(struct door *d, uint32_t sensor)
{
    uint32_t number;

    command(d, sensor, "3306/0/5851");
    door_told(d);
    assert_int_equal(d->code, SALLY_CODE_CHANGED);
    number = d->said[0].as.command.command;
    outcome(d, number, SALLY_OUTCOME_OFFLINE);
    return number;
}

/* Its rule is the first of the new profile, and was the second. */
static void a_parked_command_finds_its_rule_by_the_path(void **state)
{
    struct door *d = open_with(both, 2);
    uint32_t number = park(d, 0);

    (void)state;
    assert_int_equal(d->said[0].as.command.down, 1);
    reload_as(d, "q", both, 2);
    door_run(d, 5 * SALLY_SEC);
    come_online(d, 0);
    assert_int_equal(d->said_count, 1);
    assert_int_equal(d->said[0].as.command.command, number);
    assert_int_equal(d->said[0].as.command.down, 0);
    assert_int_equal(d->said[0].as.command.born, 2);
    outcome(d, number, SALLY_OUTCOME_DONE);
    come_online(d, 0);
    assert_int_equal(d->said_count, 0);
    door_close(d);
}

static void a_parked_command_without_a_rule_is_dropped(void **state)
{
    struct door *d = open_with(both, 2);

    (void)state;
    (void)park(d, 0);
    reload_as(d, "n", both, 2);
    door_run(d, 5 * SALLY_SEC);
    come_online(d, 0);
    assert_int_equal(d->said_count, 0);
    reload(d, both, 2); /* the rule comes back, the command does not */
    door_run(d, 5 * SALLY_SEC);
    come_online(d, 0);
    assert_int_equal(d->said_count, 0);
    door_close(d);
}

static void a_parked_command_waits_for_one_that_comes_back(void **state)
{
    struct door *d = open_with(both, 2);
    uint32_t number = park(d, 1);

    (void)state;
    reload(d, both, 1);
    door_run(d, 5 * SALLY_SEC);
    reload(d, both, 2);
    door_run(d, 5 * SALLY_SEC);
    come_online(d, 1);
    assert_int_equal(d->said_count, 1);
    assert_int_equal(d->said[0].as.command.command, number);
    door_close(d);
}

/* --- What does not come to pass ------------------------------------------ */

static void nothing_is_left_of_what_was_aborted(void **state)
{
    static const struct wish other[] = { { "one", 2 }, { "new", 1 } };
    struct door *d = open_with(both, 2);
    char *text = text_of("", "p", other, 2);

    (void)state;
    for (int i = 0; i < 3; i++) {
        arrange_next(d, text);
        assert_int_equal(sally_shard_prepare(d->shard, d->next), SALLY_E_OK);
        assert_int_equal(seats_taken(d), 4);
        sally_shard_abort(d->shard);
        sally_shard_abort(d->shard);
        door_free(&d->next);
    }
    free(text);
    assert_int_equal(seats_taken(d), 2);
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(d->registers, 2);
    assert_int_equal(d->deregisters, 0);
    assert_int_equal(store(d, 0, 1, 20), SALLY_ACCEPTED_STORED);
    assert_int_equal(store(d, 1, 2, 21), SALLY_ACCEPTED_STORED);
    door_close(d);
}

/* No seat for all of them. */
static void what_cannot_be_built_changes_nothing(void **state)
{
    struct wish many[DOOR_SEATS];
    char names[DOOR_SEATS][8], *text;
    struct door *d = open_with(both, 2);

    (void)state;
    for (size_t i = 0; i < DOOR_SEATS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "n%zu", i);
        many[i] = (struct wish){ names[i], 1 };
    }
    text = text_of("", "p", many, DOOR_SEATS);
    arrange_next(d, text);
    free(text);
    assert_int_equal(sally_shard_prepare(d->shard, d->next),
                     SALLY_E_NO_MEMORY);
    door_free(&d->next);
    assert_int_equal(seats_taken(d), 2);
    reload(d, both, 1);
    door_run(d, SALLY_SEC);
    assert_int_equal(d->settled, 1);
    door_close(d);
}

static void one_reload_at_a_time(void **state)
{
    struct door *d = open_with(both, 2);
    char *text = text_of("", "p", both, 2);

    (void)state;
    d->deaf = true;
    reload(d, both, 1);
    arrange_next(d, text);
    assert_int_equal(sally_shard_prepare(d->shard, d->next), SALLY_E_BUSY);
    d->deaf = false;
    door_run(d, 6 * SALLY_SEC);
    assert_int_equal(d->settled, 1);
    assert_int_equal(sally_shard_prepare(d->shard, d->next), SALLY_E_OK);
    commit(d);
    door_run(d, 6 * SALLY_SEC);
    assert_int_equal(d->registers, 3);
    free(text);
    door_close(d);
}

static void a_key_that_is_missing_is_told(void **state)
{
    static const char text[] =
        GATEWAY LOCAL
        "servers = ( { name = \"cloud\"; uri = \"coaps://127.0.0.1:5684\"; "
        "short_server_id = 1; } );\n" DOOR_PROFILE
        "sensors = ( { id = \"new\"; profile = \"p\"; authenticate = ( { "
        "method = \"password\"; username = \"u\"; } ); accounts = ( { server = "
        "\"cloud\"; key_file = \"k\"; } ); } );\n";
    struct door *d = open_with(both, 2);
    uint8_t room[64];
    struct sally_buf parts = SALLY_BUF(room);
    uint32_t slot;

    (void)state;
    assert_int_equal(sally_keyring_part(&parts, SALLY_FIELD_SECRET_KEY,
                                        sally_span_of("secret")),
                     SALLY_E_OK);
    arrange_next(d, text);
    slot = (uint32_t)sally_config_sensor_named(d->next, sally_span_of("new"));
    assert_int_equal(sally_shard_prepare(d->shard, d->next), SALLY_E_OK);
    assert_int_equal(sally_shard_prepared(d->shard), SALLY_E_NO_CREDENTIAL);
    assert_int_equal(sally_shard_keys(d->shard, slot + 1, 0,
                                      sally_buf_span(&parts)),
                     SALLY_E_OUT_OF_RANGE);
    assert_int_equal(sally_shard_keys(d->shard, slot, 1,
                                      sally_buf_span(&parts)),
                     SALLY_E_OUT_OF_RANGE);
    assert_int_equal(sally_shard_keys(d->shard, slot, 0,
                                      (struct sally_span){ room, 4 }),
                     SALLY_E_MALFORMED);
    assert_int_equal(sally_shard_prepared(d->shard), SALLY_E_NO_CREDENTIAL);
    assert_int_equal(sally_shard_keys(d->shard, slot, 0,
                                      sally_buf_span(&parts)),
                     SALLY_E_OK);
    assert_int_equal(sally_shard_prepared(d->shard), SALLY_E_OK);
    sally_shard_abort(d->shard);
    assert_int_equal(sally_shard_prepared(d->shard), SALLY_E_BAD_STATE);
    door_close(d);
}

static void an_end_in_the_middle_waits_for_all(void **state)
{
    static const struct wish other[] = { { "one", 1 }, { "new", 1 } };
    struct door *d = open_with(both, 2);

    (void)state;
    reload(d, other, 2);
    sally_shard_stop(d->shard, d->now);
    assert_int_equal(d->stopped, 0);
    door_run(d, 10 * SALLY_SEC);
    assert_int_equal(d->stopped, 1);
    assert_int_equal(d->deregisters, 2);
    assert_int_equal(d->registers, 2);
    door_close(d);
}

/* --- Many ---------------------------------------------------------------- */

static size_t random_wishes(struct door *d, struct wish *out)
{
    static const char *const ids[SENSORS_MAX] = { "a", "b", "c",
                                                  "d", "e", "f" };
    size_t count = 0;

    for (size_t i = 0; i < SENSORS_MAX; i++) {
        uint8_t roll;

        door_random(&d->seed, &roll, 1);
        if (roll % 4 == 0)
            continue;
        out[count++] = (struct wish){ ids[i], roll % 8 == 1 ? 2 : 1 };
    }
    if (count == 0)
        out[count++] = (struct wish){ ids[0], 1 };
    return count;
}

/* Each keeps or loses its registration exactly as the plan says, whatever it
 * has in hand; and all that was accepted reaches the server.                */
static void random_reloads_under_traffic(void **state)
{
    struct door *d = open_with(both, 2);
    uint32_t ticket = 0;

    (void)state;
    for (int round = 0; round < CHURN; round++) {
        struct wish w[SENSORS_MAX];
        size_t count = random_wishes(d, w);
        unsigned registers = d->registers, deregisters = d->deregisters;
        struct sally_plan_counts c = reload(d, w, count);

        for (uint32_t i = 0; i < d->config->sensor_count; i++)
            if (sally_shard_sensor(d->shard, i) != NULL) {
                ticket++;
                assert_int_equal(store(d, i, ticket, (double)(ticket % 100)),
                                 SALLY_ACCEPTED_STORED);
            }
        door_run(d, 10 * SALLY_SEC);
        assert_int_equal(d->settled, 1);
        assert_int_equal(d->registers - registers, c.added + c.changed);
        assert_int_equal(d->deregisters - deregisters, c.removed + c.changed);
        assert_int_equal(seats_taken(d), count);
        for (uint32_t i = 0; i < d->config->sensor_count; i++)
            assert_int_equal(sally_store_waiting(d->store, i, 0), 0);
    }
    assert_true(ticket > CHURN);
    door_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_stays_does_not_notice),
        cmocka_unit_test(one_that_goes_says_goodbye),
        cmocka_unit_test(a_changed_one_comes_after_the_goodbye),
        cmocka_unit_test(those_in_the_pacers_line_leave_it),
        cmocka_unit_test(what_waits_goes_to_the_successor),
        cmocka_unit_test(one_that_comes_back_has_what_waited),
        cmocka_unit_test(what_was_delivered_last_is_known),
        cmocka_unit_test(what_is_in_the_queue_is_told_first),
        cmocka_unit_test(a_successor_knows_the_last_values),
        cmocka_unit_test(a_command_of_one_that_stays_goes_on),
        cmocka_unit_test(a_command_of_one_that_goes_is_refused),
        cmocka_unit_test(a_parked_command_finds_its_rule_by_the_path),
        cmocka_unit_test(a_parked_command_without_a_rule_is_dropped),
        cmocka_unit_test(a_parked_command_waits_for_one_that_comes_back),
        cmocka_unit_test(nothing_is_left_of_what_was_aborted),
        cmocka_unit_test(what_cannot_be_built_changes_nothing),
        cmocka_unit_test(one_reload_at_a_time),
        cmocka_unit_test(a_key_that_is_missing_is_told),
        cmocka_unit_test(an_end_in_the_middle_waits_for_all),
        cmocka_unit_test(random_reloads_under_traffic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
