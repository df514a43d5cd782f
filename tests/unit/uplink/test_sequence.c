/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_sequence.c - what is known of OSCORE's numbers when
 * the gateway starts, and what makes it known.                              */
#include "unit/uplink/door.h"

static struct sally_sealer sealer;
static char outside[96]; /* the anchor's path */

static void use_key(char fill)
{
    uint8_t key[SALLY_MASTER_KEY_LEN];

    memset(key, fill, sizeof(key));
    assert_int_equal(
        sally_sealer_make(&sealer, (struct sally_span){ key, sizeof(key) }),
        SALLY_E_OK);
}

static void look_at_anchor(struct door *d)
{
    const char *paths[] = { outside };
    char why[128];

    assert_int_equal(sally_store_anchor(d->store, paths, 1, d->coap.random,
                                        &d->past.past, why, sizeof(why)),
                     SALLY_E_OK);
}

static void again(struct door *d)
{
    sally_shard_wipe(d->shard);
    sally_store_close(d->store);
    door_open_store(d);
    look_at_anchor(d);
    door_start(d);
}

/* A door that is locked at first, so that no client begins with it. */
static struct door *open_door(void)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    snprintf(outside, sizeof(outside), "%s.anchor", d->place);
    use_key('k');
    d->master = &sealer;
    again(d);
    return d;
}

static void close_door(struct door *d)
{
    unlink(outside);
    door_close(d);
}

static struct sally_virtual_client *client_of(struct door *d, uint32_t sensor,
                                              const char *secret,
                                              enum sally_oscore_start start)
{
    const struct sally_oscore_parts oscore = {
        .master_secret = sally_span_of(secret),
        .sender_id = sally_span_of("c"),
        .recipient_id = sally_span_of("s"),
        .start = start
    };
    const struct sally_credential_parts parts = {
        .mode = SALLY_MODE_NOSEC, .oscore = &oscore
    };
    struct sally_virtual_client *v =
        &sally_shard_sensor(d->shard, sensor)->clients[0];

    assert_int_equal(sally_credential_make(&v->credential, &parts, NULL),
                     SALLY_E_OK);
    sally_sequence_begin(v);
    return v;
}

static void reserve(struct door *d, struct sally_virtual_client *v,
                    uint64_t until)
{
    sally_sequence_reserve(v, until);
    for (unsigned left = 100; left > 0 && v->sequence.past.reserved != until;
         left--)
        door_stored(d);
    assert_int_equal(v->sequence.past.reserved, until);
}

static void is_past(const struct sally_virtual_client *v, bool known,
                    bool trusted, uint64_t reserved)
{
    const struct sally_object_past *p = v->settings.past;

    assert_non_null(p);
    assert_int_equal(p->known, known);
    assert_int_equal(p->trusted, trusted);
    assert_int_equal(p->reserved, reserved);
}

static void numbers_are_known_after_a_restart(void **state)
{
    struct door *d = open_door();
    struct sally_virtual_client *v = client_of(d, 0, "one", SALLY_OSCORE_B1);

    (void)state;
    is_past(v, false, false, 0);
    reserve(d, v, 1000);
    is_past(v, true, true, 1000);
    reserve(d, v, 2000);
    again(d);
    is_past(client_of(d, 0, "one", SALLY_OSCORE_B1), true, true, 2000);
    is_past(client_of(d, 1, "two", SALLY_OSCORE_B1), false, false, 0);
    close_door(d);
}

/* They belong to the keys: another sensor with them goes on from there, and
 * keys that come back after others are not new.                             */
static void numbers_belong_to_the_keys(void **state)
{
    struct door *d = open_door();

    (void)state;
    reserve(d, client_of(d, 0, "one", SALLY_OSCORE_B1), 1000);
    reserve(d, client_of(d, 0, "two", SALLY_OSCORE_B1), 500);
    again(d);
    is_past(client_of(d, 1, "one", SALLY_OSCORE_B1), true, true, 1000);
    is_past(client_of(d, 0, "two", SALLY_OSCORE_B1), true, true, 500);
    close_door(d);
}

static void nothing_is_known_without_a_master_key(void **state)
{
    struct door *d = open_door();

    (void)state;
    reserve(d, client_of(d, 0, "one", SALLY_OSCORE_B1), 1000);
    d->master = NULL;
    again(d);
    assert_null(client_of(d, 0, "one", SALLY_OSCORE_B1)->settings.past);
    close_door(d);
}

/* Names are keyed: with another master key none of them is found, and so none
 * may count as never used.                                                  */
static void another_master_key_trusts_nothing(void **state)
{
    struct door *d = open_door();

    (void)state;
    reserve(d, client_of(d, 0, "one", SALLY_OSCORE_B1), 1000);
    use_key('l');
    again(d);
    is_past(client_of(d, 0, "one", SALLY_OSCORE_B1), true, false, 0);
    door_run(d, SALLY_SEC);
    again(d);
    is_past(client_of(d, 0, "one", SALLY_OSCORE_B1), true, false, 0);
    is_past(client_of(d, 1, "new", SALLY_OSCORE_B1), false, false, 0);
    close_door(d);
}

static void copy(const char *from, const char *to)
{
    char command[400];

    snprintf(command, sizeof(command),
             "rm -f '%s'/sallyport.db*; cp '%s'/sallyport.db* '%s'/", to, from,
             to);
    assert_int_equal(system(command), 0);
}

static void an_older_copy_is_not_trusted(void **state)
{
    struct door *d = open_door();
    char aside[] = "/tmp/sallyport-aside-XXXXXX", command[64];

    (void)state;
    assert_non_null(mkdtemp(aside));
    reserve(d, client_of(d, 0, "one", SALLY_OSCORE_B1), 1000);
    again(d);
    copy(d->place, aside);
    reserve(d, client_of(d, 0, "one", SALLY_OSCORE_B1), 2000);
    sally_shard_wipe(d->shard);
    sally_store_close(d->store);
    copy(aside, d->place);
    door_open_store(d);
    look_at_anchor(d);
    door_start(d);
    assert_int_equal(d->past.past, SALLY_PAST_OLDER);
    is_past(client_of(d, 0, "one", SALLY_OSCORE_B1), true, false, 1000);
    is_past(client_of(d, 1, "unseen", SALLY_OSCORE_B1), true, false, 0);
    door_run(d, SALLY_SEC);
    again(d); /* what was not trusted once stays so */
    assert_int_equal(d->past.past, SALLY_PAST_SURE);
    is_past(client_of(d, 0, "one", SALLY_OSCORE_B1), true, false, 1000);
    is_past(client_of(d, 1, "unseen", SALLY_OSCORE_B1), true, false, 0);
    is_past(client_of(d, 0, "another key", SALLY_OSCORE_B1), false, false, 0);
    snprintf(command, sizeof(command), "rm -r %s", aside);
    assert_int_equal(system(command), 0);
    close_door(d);
}

static void mark_as_lost(struct door *d)
{
    const struct sally_kept_place at = { SALLY_KEPT_GATEWAY, 0,
                                         sally_span_of(SALLY_PAST_LOST) };

    assert_int_equal(sally_store_keep(d->store, &at, sally_span_of("x"), 0),
                     SALLY_E_OK);
    door_stored(d);
}

/* Adopted or restored: numbers may have been used that nothing here knows of,
 * also of keys that it never saw, but not of keys that came later.          */
static void what_a_tool_marked_as_lost_is_not_trusted(void **state)
{
    struct door *d = open_door();

    (void)state;
    reserve(d, client_of(d, 0, "one", SALLY_OSCORE_B1), 1000);
    mark_as_lost(d);
    again(d);
    is_past(client_of(d, 0, "one", SALLY_OSCORE_B1), true, false, 1000);
    door_run(d, SALLY_SEC);
    again(d);
    is_past(client_of(d, 0, "one", SALLY_OSCORE_B1), true, false, 1000);
    is_past(client_of(d, 0, "later", SALLY_OSCORE_B1), false, false, 0);
    mark_as_lost(d);
    again(d);
    is_past(client_of(d, 1, "unseen", SALLY_OSCORE_B1), true, false, 0);
    close_door(d);
}

/* In memory what is not there may have been before the reboot. */
static void memory_trusts_only_what_it_has(void **state)
{
    struct door *d = open_door();

    (void)state;
    d->past.fleeting = true;
    again(d);
    is_past(client_of(d, 0, "one", SALLY_OSCORE_B1), true, false, 0);
    close_door(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_known_after_a_restart),
        cmocka_unit_test(numbers_belong_to_the_keys),
        cmocka_unit_test(nothing_is_known_without_a_master_key),
        cmocka_unit_test(another_master_key_trusts_nothing),
        cmocka_unit_test(an_older_copy_is_not_trusted),
        cmocka_unit_test(what_a_tool_marked_as_lost_is_not_trusted),
        cmocka_unit_test(memory_trusts_only_what_it_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
