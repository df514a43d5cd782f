/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_machine.c - which machine is taken for the same, and
 * what a door does on another one.                                          */
#include "unit/uplink/door.h"

#include "config/keyring.h"
#include "uplink/machine.h"

static struct sally_sealer sealer;

static void use_key(char fill)
{
    uint8_t key[SALLY_MASTER_KEY_LEN];

    memset(key, fill, sizeof(key));
    assert_int_equal(
        sally_sealer_make(&sealer, (struct sally_span){ key, sizeof(key) }),
        SALLY_E_OK);
}

/* "s" is the system's id, all else is hardware: "sA h1 h2". */
static struct sally_span facts_of(const char *text, struct sally_buf *room)
{
    room->len = 0;
    while (*text != '\0') {
        const size_t n = strcspn(text, " ");

        assert_int_equal(
            sally_keyring_part(room,
                               text[0] == 's' ? SALLY_KEYRING_SYSTEM
                                              : SALLY_KEYRING_HARDWARE,
                               (struct sally_span){ (const uint8_t *)text, n }),
            SALLY_E_OK);
        text += n + (text[n] == ' ');
    }
    return sally_buf_span(room);
}

static bool judge(struct door *d, const char *facts, bool anew)
{
    uint8_t bytes[256];
    struct sally_buf room = SALLY_BUF(bytes);
    bool same = false;
    uint64_t before = d->store->head;

    assert_int_equal(sally_machine_judge(d->store, &sealer,
                                         facts_of(facts, &room), anew, &same),
                     SALLY_E_OK);
    if (d->store->head != before)
        door_stored(d);
    return same;
}

static const struct row {
    const char *what, *then, *now;
    bool same;
} rows[] = {
    { "nothing changed", "sA h1 h2", "sA h1 h2", true },
    { "the order is none", "sA h1 h2", "h2 h1 sA", true },
    { "one interface is new", "sA h1 h2", "sA h3 h2", true },
    { "the system was installed anew", "sA h1", "sB h1", true },
    { "a copy in another machine", "sA h1 h2", "sA h3 h4", false },
    { "no hardware is to be seen now", "sA h1", "sA", true },
    { "none was to be seen then", "sA", "sA h1", true },
    { "neither, and another id", "sA", "sB", false },
    { "another id, and hardware only then", "sA h1", "sB", false },
    { "nothing is known at all", "", "", true },
};

static void knows_a_machine(void **state)
{
    (void)state;
    use_key('k');
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct door *d = door_open(DOOR_CONFIG(""));

        if (!judge(d, rows[i].then, false) ||
            judge(d, rows[i].now, false) != rows[i].same || /* and stays so: */
            judge(d, rows[i].now, false) != rows[i].same)
            fail_msg("%s", rows[i].what);
        door_close(d);
    }
}

/* All parts in turn, and never all at once. */
static void parts_are_replaced_one_by_one(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    (void)state;
    use_key('k');
    assert_true(judge(d, "sA h1 h2", false));
    assert_true(judge(d, "sA h2 h3", false));
    assert_true(judge(d, "sA h3 h4", false));
    assert_false(judge(d, "sA h1 h2", false));
    door_close(d);
}

static void damage_is_no_machine(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));
    const struct sally_kept_place at = sally_machine_place();

    (void)state;
    use_key('k');
    assert_true(judge(d, "sA h1", false));
    assert_int_equal(sally_store_keep(d->store, &at, sally_span_of("x"), 0),
                     SALLY_E_OK);
    door_stored(d);
    assert_false(judge(d, "sA h1", false));
    use_key('o');
    assert_false(judge(d, "sA h1", false));
    assert_true(judge(d, "sA h1", true)); /* of another key, that is known */
    assert_true(judge(d, "sA h1", false));
    door_close(d);
}

/* Nobody registers; what sensors say is stored. */
static void no_account_is_used_elsewhere(void **state)
{
    struct door *d = door_open(DOOR_CONFIG(""));
    uint8_t bytes[256];
    struct sally_buf room = SALLY_BUF(bytes);

    (void)state;
    use_key('k');
    assert_true(judge(d, "sA h1", false));
    sally_shard_wipe(d->shard);
    assert_int_equal(sally_shard_create(&d->shard, d->config, d->store,
                                        &d->lwm2m, &door_host, d),
                     SALLY_E_OK);
    sally_shard_unlock(d->shard, &sealer, d->past);
    assert_int_equal(sally_machine_check(d->shard, &sealer,
                                         facts_of("sA h2", &room)),
                     SALLY_E_OK);
    sally_shard_start(d->shard, d->now);
    d->registers = 0;
    door_run(d, 60 * SALLY_SEC);
    assert_int_equal(door_store(d, 0, 1, 20.5), SALLY_ACCEPTED_STORED);
    door_run(d, 600 * SALLY_SEC);
    assert_int_equal(d->registers, 0);
    assert_int_equal(door_waiting(d, 0), 1);
    door_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_a_machine),
        cmocka_unit_test(parts_are_replaced_one_by_one),
        cmocka_unit_test(damage_is_no_machine),
        cmocka_unit_test(no_account_is_used_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
