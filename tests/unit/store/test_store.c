/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/store/test_store.c - appends, deliveries, duplicates, quotas,
 * latest values and parked commands, before and after a reopen.             */
#include "unit/store/place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void reopen(const struct sally_store_limits *limits)
{
    close_store();
    open_store(limits);
}

static struct sally_store_totals totals(void)
{
    struct sally_store_totals t;

    sally_store_totals(store, &t);
    return t;
}

/* --- Messages and cursors ------------------------------------------------ */

static void messages_come_back_in_order(void **state)
{
    uint64_t at = 0, last = 0;

    (void)state;
    for (uint32_t n = 0; n < 10; n++)
        assert_int_equal(append(0, n), SALLY_E_OK);
    wait_for(10);
    for (int64_t n = 0; n < 10; n++) {
        assert_int_equal(next_value(0, 0, at, &at), n);
        assert_true(at > last);
        last = at;
    }
    assert_int_equal(next_value(0, 0, at, &at), -1);
    assert_int_equal(next_value(1, 0, 0, &at), -1); /* another's are not mine */
}

static void a_message_goes_when_every_account_has_it(void **state)
{
    uint64_t first, second;

    (void)state;
    store_one(0, 1);
    store_one(0, 2);
    assert_int_equal(sally_store_waiting(store, 0, 0), 2);
    assert_int_equal(next_value(0, 0, 0, &first), 1);
    assert_int_equal(next_value(0, 0, first, &second), 2);
    sally_store_delivered(store, 0, 0, second);
    assert_int_equal(sally_store_waiting(store, 0, 0), 0);
    assert_int_equal(sally_store_waiting(store, 0, 1), 2);
    store_one(1, 3); /* a commit */
    assert_int_equal(totals().messages, 3);
    assert_int_equal(next_value(0, 0, 0, &first), -1);
    assert_int_equal(next_value(0, 1, 0, &first), 1);
    sally_store_delivered(store, 0, 1, first);
    store_one(1, 4);
    wait_for_messages(3); /* 2 of one, 3 and 4 of two */
    assert_int_equal(sally_store_waiting(store, 0, 1), 1);
}

static void a_reopen_goes_on_where_it_was(void **state)
{
    uint64_t at;

    (void)state;
    for (uint32_t n = 1; n <= 5; n++)
        store_one(0, n);
    assert_int_equal(next_value(0, 0, 0, &at), 1);
    assert_int_equal(next_value(0, 0, at, &at), 2);
    sally_store_delivered(store, 0, 0, at);
    reopen(&roomy);
    assert_int_equal(sally_store_waiting(store, 0, 0), 3);
    assert_int_equal(sally_store_waiting(store, 0, 1), 5);
    assert_int_equal(next_value(0, 0, 0, &at), 3);
    assert_int_equal(next_value(0, 1, 0, &at), 1);
    assert_int_equal(totals().messages, 5);
}

static void numbers_rise_even_when_all_was_deleted(void **state)
{
    uint64_t before, after;

    (void)state;
    store_one(1, 1);
    assert_int_equal(next_value(1, 0, 0, &before), 1);
    sally_store_delivered(store, 1, 0, before);
    reopen(&roomy);
    assert_int_equal(totals().messages, 0);
    store_one(1, 2);
    assert_int_equal(next_value(1, 0, 0, &after), 2);
    assert_true(after > before);
}

static void what_is_not_ours_is_left_alone(void **state)
{
    uint64_t at;

    (void)state;
    assert_int_equal(append(2, 1), SALLY_E_BAD_STATE);
    assert_int_equal(sally_store_waiting(store, 0, 9), 0);
    assert_int_equal(next_value(9, 0, 0, &at), -1);
    assert_int_equal(next_value(0, 9, 0, &at), -1);
    sally_store_delivered(store, 9, 9, 9);
    sally_store_close(NULL);
}

static void a_full_queue_says_later(void **state)
{
    struct sally_store_limits slow = roomy;
    unsigned queued = 0;

    (void)state;
    slow.commit_ms = 2000;
    reopen(&slow);
    while (append(0, queued) == SALLY_E_OK) /* results are not fetched */
        assert_true(++queued < 5000);
    assert_int_equal(append(0, queued), SALLY_E_NO_ROOM);
    assert_true(queued > 500);
    wait_for(queued);
    assert_int_equal(told.count[SALLY_ACCEPTED_STORED], queued);
    assert_int_equal(append(0, queued), SALLY_E_OK);
    wait_for(1);
}

/* --- Duplicates ---------------------------------------------------------- */

static void a_key_is_stored_once(void **state)
{
    (void)state;
    assert_int_equal(append(0, 7), SALLY_E_OK);
    assert_int_equal(append(0, 7), SALLY_E_OK); /* in the same batch */
    assert_int_equal(append(1, 7), SALLY_E_OK); /* another sensor's */
    wait_for(3);
    store_one(0, 7); /* in a later one */
    assert_int_equal(told.count[SALLY_ACCEPTED_STORED], 4);
    assert_int_equal(told.duplicates, 2);
    assert_int_equal(totals().messages, 2);
    reopen(&roomy);
    store_one(0, 7);
    assert_int_equal(told.duplicates, 3);
    assert_int_equal(totals().messages, 2);
}

/* Once for each table: the first turn only makes the other one the young. */
static void pass_the_time_of_keys(uint32_t with)
{
    usleep(60000);
    store_one(0, with);
}

static void a_key_is_forgotten_after_its_time(void **state)
{
    struct sally_store_limits quick = roomy;

    (void)state;
    quick.seen_ms = 50;
    store_one(0, 7);
    store_one(0, 7);
    assert_int_equal(told.duplicates, 1);
    reopen(&quick); /* now it is in a table */
    store_one(0, 8);
    pass_the_time_of_keys(9);
    store_one(0, 7);
    assert_int_equal(told.duplicates, 2);
    pass_the_time_of_keys(10);
    store_one(0, 7);
    assert_int_equal(told.duplicates, 2);
    assert_int_equal(totals().messages, 5);
}

static void a_key_is_one_sensors_own(void **state)
{
    (void)state;
    store_one(0, 7);
    store_one(1, 7);
    assert_int_equal(told.duplicates, 0);
    assert_int_equal(totals().messages, 2);
}

static void a_key_is_known_though_delivered(void **state)
{
    uint64_t at;

    (void)state;
    store_one(1, 7);
    assert_int_equal(next_value(1, 0, 0, &at), 7);
    sally_store_delivered(store, 1, 0, at);
    reopen(&roomy);
    store_one(1, 7);
    assert_int_equal(told.duplicates, 1);
    assert_int_equal(totals().messages, 0);
}

/* --- Quotas -------------------------------------------------------------- */

static void the_oldest_makes_room(void **state)
{
    struct sally_store_limits small = roomy;
    uint64_t at;

    (void)state;
    small.per_sensor = 3;
    reopen(&small);
    store_one(1, 100);
    for (uint32_t n = 1; n <= 8; n++)
        store_one(0, n);
    assert_int_equal(next_value(0, 0, 0, &at), 6);
    assert_int_equal(next_value(1, 0, 0, &at), 100);
    assert_int_equal(sally_store_waiting(store, 0, 0), 3);
    assert_int_equal(totals().dropped, 5);
    assert_int_equal(totals().messages, 4);
}

static void the_new_one_is_refused(void **state)
{
    struct sally_store_limits small = roomy;
    uint64_t at;

    (void)state;
    small.per_sensor = 3;
    small.drop_oldest = false;
    reopen(&small);
    for (uint32_t n = 1; n <= 3; n++)
        assert_int_equal(append(1, n), SALLY_E_OK); /* pending ones count */
    assert_int_equal(append(1, 4), SALLY_E_NO_ROOM);
    wait_for(3);
    assert_int_equal(append(1, 4), SALLY_E_NO_ROOM);
    assert_int_equal(append(0, 1), SALLY_E_OK);
    wait_for(1);
    assert_int_equal(next_value(1, 0, 0, &at), 1);
    sally_store_delivered(store, 1, 0, at);
    wait_for_messages(3);
    store_one(1, 4);
    assert_int_equal(totals().dropped, 0);
}

/* 200 messages of sensor 0, more than there is room for. */
static void be_noisy(uint32_t first)
{
    for (uint32_t n = first; n < first + 200; n++)
        if (append(0, n) == SALLY_E_OK)
            wait_for(1);
}

static void one_noisy_sensor_pushes_out_its_own(void **state)
{
    struct sally_store_limits small = roomy;
    struct sally_store_losses lost;
    uint64_t at;

    (void)state;
    small.max_bytes = 4000;
    reopen(&small);
    store_one(1, 1000);
    be_noisy(1);
    for (uint32_t n = 1001; n <= 1010; n++)
        store_one(1, n); /* room is made of what the other has too much */
    assert_true(totals().bytes <= 4000);
    assert_int_equal(sally_store_waiting(store, 1, 0), 11);
    assert_int_equal(next_value(1, 0, 0, &at), 1000);
    sally_store_losses(store, 1, &lost);
    assert_int_equal(lost.dropped, 0);
    sally_store_losses(store, 0, &lost);
    assert_int_equal(lost.dropped, totals().dropped);
    assert_int_equal(lost.dropped, 200 - sally_store_waiting(store, 0, 0));
    reopen(&small); /* who holds how much is known again */
    be_noisy(201);
    assert_int_equal(next_value(1, 0, 0, &at), 1000);
    assert_int_equal(sally_store_waiting(store, 1, 0), 11);
}

static void one_noisy_sensor_is_refused_before_the_others(void **state)
{
    struct sally_store_limits small = roomy;

    (void)state;
    small.max_bytes = 4000;
    small.drop_oldest = false;
    reopen(&small);
    be_noisy(1);
    assert_int_equal(append(0, 999), SALLY_E_NO_ROOM);
    assert_in_range(totals().bytes, 2900, 3100);
    for (uint32_t n = 1001; n <= 1005; n++)
        store_one(1, n);
    assert_int_equal(sally_store_waiting(store, 1, 0), 5);
    assert_int_equal(totals().dropped, 0);
}

/* What is left of a sensor that was taken out of the configuration goes, too,
 * when the room is needed.                                                  */
static void strangers_do_not_hold_the_room(void **state)
{
    const struct sally_store_sensor only_two[] = { { "two", both, 1 } };
    struct sally_store_limits small = roomy;
    char why[256];

    (void)state;
    small.max_bytes = 4000;
    reopen(&small);
    be_noisy(1);
    close_store();
    assert_int_equal(sally_store_open(&store, place, &small, only_two, 1, why,
                                      sizeof(why)), SALLY_E_OK);
    for (uint32_t n = 1; n <= 20; n++)
        store_one(0, n);
    assert_int_equal(sally_store_waiting(store, 0, 0), 20);
    assert_true(totals().bytes <= 4000);
}

static void all_together_are_bounded(void **state)
{
    struct sally_store_limits small = roomy;

    (void)state;
    small.max_bytes = 1000;
    reopen(&small);
    for (uint32_t n = 1; n <= 50; n++)
        store_one(n % 2, n);
    assert_true(totals().bytes <= 1000);
    assert_true(totals().messages > 5);
    assert_int_equal(totals().messages + totals().dropped, 50);
    assert_int_equal(sally_store_waiting(store, 0, 0) +
                     sally_store_waiting(store, 1, 0), totals().messages);
}

/* Waits until so many have expired; nothing else happens meanwhile. */
static void wait_expired(uint64_t count)
{
    for (int i = 0; i < 500 && totals().expired < count; i++)
        usleep(10000);
    assert_int_equal(totals().expired, count);
}

static void old_ones_expire_in_an_idle_spool(void **state)
{
    struct sally_store_limits young = roomy;
    struct sally_store_losses lost;
    uint64_t at;

    (void)state;
    young.max_age_ms = 300;
    reopen(&young);
    for (uint32_t n = 1; n <= 600; n++) /* more than go in one batch */
        assert_int_equal(append(0, n), SALLY_E_OK);
    wait_for(600);
    assert_int_equal(totals().expired, 0);
    wait_expired(600);
    assert_int_equal(next_value(0, 0, 0, &at), -1);
    assert_int_equal(sally_store_waiting(store, 0, 0), 0);
    assert_int_equal(totals().messages, 0);
    sally_store_losses(store, 0, &lost);
    assert_int_equal(lost.expired, 600);
    assert_int_equal(lost.dropped, 0);
}

static void the_age_goes_on_after_a_restart(void **state)
{
    struct sally_store_limits young = roomy;

    (void)state;
    young.max_age_ms = 3000;
    reopen(&young);
    store_one(0, 1);
    usleep(1500000);
    store_one(1, 2);
    reopen(&young);
    wait_expired(1); /* 1 is 3 s old soon, 2 is not */
    assert_int_equal(sally_store_waiting(store, 0, 0), 0);
    assert_int_equal(sally_store_waiting(store, 1, 0), 1);
}

/* Ten years on, ten years back, before 1970: nobody knows what time it is. */
static void a_clock_that_is_set_expires_nothing(void **state)
{
    const sally_msec_utc ten_years = (sally_msec_utc)10 * 365 * 86400 * 1000;
    const sally_msec_utc clocks[] = { NOW, NOW + ten_years, NOW - ten_years, 5,
                                      NOW };
    struct sally_store_limits young = roomy;

    (void)state;
    young.max_age_ms = 60000;
    reopen(&young);
    for (uint32_t n = 0; n < SALLY_LEN(clocks); n++) {
        struct sally_bus_readings r;

        make_reading(&r, 0, n);
        r.time = clocks[n];
        assert_int_equal(sally_store_append(store, &r), SALLY_E_OK);
        wait_for(1);
        if (n % 2 == 1)
            reopen(&young);
    }
    assert_int_equal(totals().expired, 0);
    assert_int_equal(sally_store_waiting(store, 0, 0), SALLY_LEN(clocks));
}

static void a_long_backlog_goes_in_pieces(void **state)
{
    struct sally_bus_readings r;
    uint64_t at = 0;

    (void)state;
    for (uint32_t n = 1; n <= 5000; n++) {
        while (append(1, n) == SALLY_E_NO_ROOM)
            wait_for(1);
    }
    while (told.all < 5000)
        wait_for(1);
    assert_int_equal(totals().messages, 5000);
    while (sally_store_next(store, 1, 0, at, &at, &r) == SALLY_E_OK)
        continue;
    sally_store_delivered(store, 1, 0, at);
    assert_int_equal(sally_store_waiting(store, 1, 0), 0);
    wait_for_messages(0); /* nothing else asks for a commit */
    assert_int_equal(totals().bytes, 0);
    assert_int_equal(totals().dropped, 0);
}

#define MANY 700

static void many_sensors_deliver_at_once(void **state)
{
    static struct sally_store_sensor many[MANY];
    static char ids[MANY][8];
    struct sally_store_limits slow = roomy;
    char why[256];
    uint64_t at;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof(ids[i]), "s%zu", i);
        many[i] = (struct sally_store_sensor){ ids[i], both, 1 };
    }
    close_store();
    slow.commit_ms = 100;
    assert_int_equal(sally_store_open(&store, place, &slow, many, MANY, why,
                                      sizeof(why)), SALLY_E_OK);
    for (uint32_t i = 0; i < MANY; i++)
        assert_int_equal(append(i, i), SALLY_E_OK);
    wait_for(MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(next_value(i, 0, 0, &at), i);
        sally_store_delivered(store, i, 0, at);
    }
    for (int i = 0; i < 3000 && totals().messages != 0; i++)
        usleep(1000);
    assert_int_equal(totals().messages, 0);
}

/* --- Sensors and servers that come and go -------------------------------- */

static void a_sensor_that_was_away_has_its_readings(void **state)
{
    const struct sally_store_sensor only_two[] = { { "two", both, 1 } };
    char why[256];
    uint64_t at;

    (void)state;
    store_one(0, 1);
    store_one(1, 2);
    close_store();
    assert_int_equal(sally_store_open(&store, place, &roomy, only_two, 1, why,
                                      sizeof(why)), SALLY_E_OK);
    assert_int_equal(next_value(0, 0, 0, &at), 2); /* by id, not by index */
    assert_int_equal(totals().messages, 2);
    reopen(&roomy);
    assert_int_equal(next_value(0, 0, 0, &at), 1);
}

static void a_server_that_left_holds_nothing_back(void **state)
{
    const struct sally_store_sensor fewer[] = { { "one", both, 1 } };
    char why[256];
    uint64_t at;

    (void)state;
    store_one(0, 1);
    close_store();
    assert_int_equal(sally_store_open(&store, place, &roomy, fewer, 1, why,
                                      sizeof(why)), SALLY_E_OK);
    assert_int_equal(next_value(0, 0, 0, &at), 1);
    sally_store_delivered(store, 0, 0, at);
    store_one(0, 2);
    assert_int_equal(totals().messages, 1);
}

/* --- Latest values and commands ------------------------------------------ */

static struct sally_lwm2m_record records[8];
static size_t record_count;

static void on_record(void *owner, const struct sally_lwm2m_record *r)
{
    (void)owner;
    assert_true(record_count < SALLY_LEN(records));
    records[record_count++] = *r;
}

static void latest_values_outlive_delivery(void **state)
{
    static const struct sally_path unit = { 3, { 3303, 0, 5701, 0 } };
    struct sally_lwm2m_value cel = sally_value_string("Cel");
    struct sally_bus_readings r;
    uint64_t at;

    (void)state;
    make_reading(&r, 1, 20);
    assert_int_equal(sally_bus_put_value(&r.value[r.count++], r.bytes, &r.used,
                                         &unit, &cel), SALLY_E_OK);
    assert_int_equal(sally_store_append(store, &r), SALLY_E_OK);
    wait_for(1);
    store_one(1, 21);
    record_count = 0;
    sally_store_latest(store, 1, on_record, NULL); /* of two messages */
    assert_int_equal(record_count, 3);
    assert_int_equal(records[0].value.is.integer, 21);
    while (sally_store_next(store, 1, 0, 0, &at, &r) == SALLY_E_OK)
        sally_store_delivered(store, 1, 0, at);
    reopen(&roomy);
    record_count = 0;
    sally_store_latest(store, 1, on_record, NULL);
    assert_int_equal(record_count, 2);
    assert_int_equal(records[0].value.is.integer, 21);
    assert_int_equal(records[0].time, NOW + 21);
    assert_true(sally_path_equal(&records[1].path, &unit));
    assert_int_equal(records[1].value.type, SALLY_TYPE_STRING);
}

static struct sally_bus_command commands[4];
static size_t command_count;

static void on_command(void *owner, const struct sally_bus_command *c)
{
    (void)owner;
    assert_true(command_count < SALLY_LEN(commands));
    commands[command_count++] = *c;
}

static void park(uint32_t number, uint32_t sensor)
{
    static const struct sally_path path = { 3, { 3306, 0, 5850, 0 } };
    struct sally_lwm2m_value on = sally_value_boolean(true);
    struct sally_bus_command c = { .command = number, .sensor = sensor,
                                   .timeout_ms = 5000, .down = 3 };

    assert_int_equal(sally_bus_put_value(&c.value, c.bytes, &c.used, &path,
                                         &on), SALLY_E_OK);
    assert_int_equal(sally_store_park(store, &c, NOW + number), SALLY_E_OK);
}

static void commands_wait_for_their_sensor(void **state)
{
    (void)state;
    park(1, 0);
    park(2, 1);
    park(3, 0);
    wait_for(3);
    assert_int_equal(told.parked, 3);
    sally_store_unpark(store, 1);
    reopen(&roomy);
    command_count = 0;
    sally_store_parked(store, 0, on_command, NULL);
    assert_int_equal(command_count, 1);
    assert_int_equal(commands[0].command, 3);
    assert_int_equal(commands[0].timeout_ms, 5000);
    assert_int_equal(commands[0].down, 3);
    assert_int_equal(commands[0].value.is.integer, 1);
    assert_int_equal(commands[0].value.id[0], 3306);
    command_count = 0;
    sally_store_parked(store, UINT32_MAX, on_command, NULL);
    assert_int_equal(command_count, 2);
    assert_int_equal(commands[0].command, 2);
}

/* --- The directory ------------------------------------------------------- */

static void a_second_gateway_is_kept_out(void **state)
{
    struct sally_store *mine = store;
    char why[256] = "";

    (void)state;
    assert_int_equal(try_store(&roomy, why, sizeof(why)), SALLY_E_BUSY);
    assert_non_null(strstr(why, "another gateway"));
    store = mine;
}

/* As a gateway does whose supervisor was killed, and that is started again. */
static void one_that_ends_is_waited_for(void **state)
{
    char path[128], why[256] = "";
    int file, status;
    pid_t child;

    (void)state;
    close_store();
    snprintf(path, sizeof(path), "%s/sallyport.lock", place);
    file = open(path, O_RDWR | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(flock(file, LOCK_EX | LOCK_NB), 0);
    child = fork();
    if (child == 0) {
        usleep(300000);
        _exit(0); /* the lock is its, too, until here */
    }
    close(file);
    assert_int_equal(try_store(&roomy, why, sizeof(why)), SALLY_E_OK);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void only_the_owner_can_read(void **state)
{
    char path[128];
    struct stat st;

    (void)state;
    store_one(0, 1);
    snprintf(path, sizeof(path), "%s/sallyport.db", place);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    snprintf(path, sizeof(path), "%s/sallyport.db-wal", place);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void no_directory_no_store(void **state)
{
    struct sally_store *none = NULL;
    char why[256] = "";

    (void)state;
    assert_int_equal(sally_store_open(&none, "/no/such/place", &roomy, sensors,
                                      2, why, sizeof(why)), SALLY_E_IO);
    assert_true(why[0] != '\0');
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_PLACE(messages_come_back_in_order),
        IN_PLACE(a_message_goes_when_every_account_has_it),
        IN_PLACE(a_reopen_goes_on_where_it_was),
        IN_PLACE(numbers_rise_even_when_all_was_deleted),
        IN_PLACE(what_is_not_ours_is_left_alone),
        IN_PLACE(a_full_queue_says_later),
        IN_PLACE(a_key_is_stored_once),
        IN_PLACE(a_key_is_forgotten_after_its_time),
        IN_PLACE(a_key_is_one_sensors_own),
        IN_PLACE(a_key_is_known_though_delivered),
        IN_PLACE(the_oldest_makes_room),
        IN_PLACE(the_new_one_is_refused),
        IN_PLACE(one_noisy_sensor_pushes_out_its_own),
        IN_PLACE(one_noisy_sensor_is_refused_before_the_others),
        IN_PLACE(strangers_do_not_hold_the_room),
        IN_PLACE(all_together_are_bounded),
        IN_PLACE(old_ones_expire_in_an_idle_spool),
        IN_PLACE(the_age_goes_on_after_a_restart),
        IN_PLACE(a_clock_that_is_set_expires_nothing),
        IN_PLACE(a_long_backlog_goes_in_pieces),
        IN_PLACE(many_sensors_deliver_at_once),
        IN_PLACE(a_sensor_that_was_away_has_its_readings),
        IN_PLACE(a_server_that_left_holds_nothing_back),
        IN_PLACE(latest_values_outlive_delivery),
        IN_PLACE(commands_wait_for_their_sensor),
        IN_PLACE(a_second_gateway_is_kept_out),
        IN_PLACE(one_that_ends_is_waited_for),
        IN_PLACE(only_the_owner_can_read),
        IN_PLACE(no_directory_no_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
