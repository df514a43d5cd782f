/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_keeper.c - what lies in the store of a client, and
 * when.                                                                     */
#include "unit/uplink/door.h"

#include "base/writer.h"

static struct sally_sealer sealer;

static void use_key(char fill)
{
    uint8_t key[SALLY_MASTER_KEY_LEN];

    memset(key, fill, sizeof(key));
    assert_int_equal(
        sally_sealer_make(&sealer, (struct sally_span){ key, sizeof(key) }),
        SALLY_E_OK);
}

static struct sally_buf kept(struct door *d, uint32_t sensor)
{
    static uint8_t room[SALLY_KEPT_BODY_MAX];
    const struct sally_kept_place at = { SALLY_KEPT_SESSION, sensor,
                                         sally_span_of("cloud") };
    struct sally_buf b = SALLY_BUF(room);

    (void)!sally_store_recall(d->store, &at, &b);
    return b;
}

/* Waits for the store's thread. */
static void wait_kept(struct door *d, uint32_t sensor, bool wanted)
{
    for (unsigned left = 6000; left > 0; left--) {
        if ((kept(d, sensor).len != 0) == wanted)
            return;
        usleep(5000);
    }
    fail_msg("sensor %u: %s", sensor, wanted ? "nothing kept" : "still kept");
}

static struct door *open_sealed(const char *config)
{
    struct door *d = door_open(config);

    assert_int_equal(door_store(d, 0, 1, 20), SALLY_ACCEPTED_STORED);
    use_key('k');
    d->master = &sealer;
    door_restart(d);
    return d;
}

static void observe(struct door *d, const char *path)
{
    door_ask(d, 0, SALLY_CODE_GET, path, "", SALLY_OBSERVE_REGISTER);
    assert_int_equal(d->code, SALLY_CODE_CONTENT);
}

static void a_registration_is_kept_and_hidden(void **state)
{
    struct door *d = open_sealed(DOOR_CONFIG(""));

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct sally_buf b;

        wait_kept(d, i, true);
        b = kept(d, i);
        assert_true(b.len > 100);
        assert_null(memmem(b.at, b.len, "rd", 2));
    }
    door_close(d);
}

static void nothing_is_kept_without_a_key(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    assert_int_equal(door_store(d, 0, 1, 20), SALLY_ACCEPTED_STORED);
    observe(d, "3303/0/5700");
    door_run(d, 5 * SALLY_SEC);
    assert_int_equal(door_store(d, 0, 2, 20), SALLY_ACCEPTED_STORED);
    assert_int_equal(kept(d, 0).len, 0);
    door_close(d);
}

/* What lies there is what holds, or nothing. */
static void a_change_soon_after_a_save_takes_it_back(void **state)
{
    struct door *d = open_sealed(DOOR_CONFIG(""));
    size_t before;

    (void)state;
    wait_kept(d, 0, true);
    before = kept(d, 0).len;
    door_run(d, 2 * SALLY_SEC);
    observe(d, "3303/0/5700");
    door_run(d, 50 * SALLY_MSEC);
    for (unsigned left = 6000; left > 0 && kept(d, 0).len == before; left--)
        usleep(5000);
    assert_true(kept(d, 0).len > before); /* at once */
    observe(d, "3303/0/5700");
    door_run(d, 50 * SALLY_MSEC);
    wait_kept(d, 0, false);
    door_run(d, SALLY_SEC);
    wait_kept(d, 0, true);
    assert_true(kept(d, 0).len > before + 10);
    door_close(d);
}

static void another_key_opens_nothing(void **state)
{
    struct door *d = open_sealed(DOOR_CONFIG(""));
    struct sally_buf b;
    uint8_t before[16];

    (void)state;
    wait_kept(d, 0, true);
    b = kept(d, 0);
    memcpy(before, b.at, sizeof(before));
    use_key('l');
    d->registers = 0;
    door_restart(d);
    assert_int_equal(d->registers, 2);
    for (unsigned left = 6000; left > 0; left--) {
        b = kept(d, 0);
        if (b.len != 0 && memcmp(before, b.at, sizeof(before)) != 0)
            break;
        usleep(5000);
    }
    assert_memory_not_equal(before, b.at, sizeof(before));
    door_close(d);
}

/* As a floor for certificates: what a clock said that was set. */
static void the_time_is_noted(void **state)
{
    const struct sally_kept_place at = { SALLY_KEPT_GATEWAY, 0,
                                         sally_span_of("time") };
    struct door *d = door_open(DOOR_CONFIG(""));
    uint8_t room[8], want[8];
    struct sally_buf b = SALLY_BUF(room), w = SALLY_BUF(want);
    struct sally_writer o = sally_writer_into(&w);

    (void)state;
    sally_put_u64(&o, (uint64_t)UTC);
    for (unsigned left = 6000; left > 0 && b.len == 0; left--) {
        (void)!sally_store_recall(d->store, &at, &b);
        usleep(5000);
    }
    assert_true(sally_span_equal(sally_buf_span(&b), sally_buf_span(&w)));
    d->utc = UTC + 4000000;
    d->clock_unset = true;
    door_restart(d);
    b.len = 0;
    assert_int_equal(sally_store_recall(d->store, &at, &b), SALLY_E_OK);
    assert_true(sally_span_equal(sally_buf_span(&b), sally_buf_span(&w)));
    door_close(d);
}

static void who_de_registers_is_forgotten(void **state)
{
    struct door *d = open_sealed(DOOR_CONFIG(""));

    (void)state;
    wait_kept(d, 0, true);
    sally_shard_stop(d->shard, d->now);
    door_settle(d);
    door_run(d, 6 * SALLY_SEC);
    assert_int_equal(d->stopped, 1);
    wait_kept(d, 0, false);
    wait_kept(d, 1, false);
    door_close(d);
}

static void who_stays_is_kept(void **state)
{
    struct door *d = open_sealed(
        "gateway = { name = \"g\"; state_dir = \"/s\"; on_stop = \"keep\"; };\n"
        LOCAL DOOR_SERVER("") DOOR_PROFILE
        "sensors = ( " DOOR_SENSOR("one") ", " DOOR_SENSOR("two") " );\n");

    (void)state;
    sally_shard_stop(d->shard, d->now);
    assert_int_equal(d->stopped, 1);
    assert_int_equal(d->deregisters, 0);
    wait_kept(d, 0, true);
    door_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registration_is_kept_and_hidden),
        cmocka_unit_test(nothing_is_kept_without_a_key),
        cmocka_unit_test(a_change_soon_after_a_save_takes_it_back),
        cmocka_unit_test(another_key_opens_nothing),
        cmocka_unit_test(the_time_is_noted),
        cmocka_unit_test(who_de_registers_is_forgotten),
        cmocka_unit_test(who_stays_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
