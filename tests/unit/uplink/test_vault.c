/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_vault.c - books on disk: whose they are, what damage
 * does to them, and that nothing of an old one is left in the files; and keys
 * that stay dead.                                                           */
#include "unit/uplink/door.h"

#include "unit/lwm2m/accounts.h"
#include "uplink/vault.h"

#define HEAD 8 /* bytes before what is sealed: the generation */

static struct sally_sealer sealer;

static void use_key(char fill)
{
    uint8_t key[SALLY_MASTER_KEY_LEN];

    memset(key, fill, sizeof(key));
    assert_int_equal(
        sally_sealer_make(&sealer, (struct sally_span){ key, sizeof(key) }),
        SALLY_E_OK);
}

static void again(struct door *d)
{
    sally_shard_wipe(d->shard);
    sally_store_close(d->store);
    door_open_store(d);
    door_start(d);
}

static struct door *open_door(void)
{
    struct door *d = door_open(DOOR_CONFIG(""));

    use_key('k');
    d->master = &sealer;
    again(d);
    return d;
}

static const struct sally_uplink_sensor *sensor(struct door *d, uint32_t slot)
{
    return sally_shard_sensor(d->shard, slot);
}

/* The usual accounts, with a bootstrap key that is `secret`. */
static struct sally_book book_with(struct door *d, const char *secret)
{
    struct sally_book b = { .len = 0 };
    char row[64];

    assert_int_equal(sally_book_open(&b, SALLY_BOOK_MAX), SALLY_E_OK);
    accounts_fill(&b, &d->config->registry, accounts_usual);
    snprintf(row, sizeof(row), "/0/0/5=%s", secret);
    accounts_put(&b, &d->config->registry, row);
    return b;
}

static void keep(struct door *d, uint32_t slot, const struct sally_book *b)
{
    const struct sally_dead none = { .count = 0 };
    bool kept = false;

    assert_int_equal(sally_vault_save(d->shard->vault, sensor(d, slot), b,
                                      &none, 1, &kept),
                     SALLY_E_OK);
    assert_true(kept);
}

static void save(struct door *d, uint32_t slot, const char *secret)
{
    struct sally_book b = book_with(d, secret);

    keep(d, slot, &b);
    door_stored(d);
    sally_book_wipe(&b);
}

static enum sally_err load(struct door *d, uint32_t slot, const char *secret,
                           uint64_t *generation)
{
    struct sally_book want = book_with(d, secret), got = { .len = 0 };
    enum sally_err e;

    assert_int_equal(sally_book_open(&got, SALLY_BOOK_MAX), SALLY_E_OK);
    e = sally_vault_load(d->shard->vault, sensor(d, slot), &got, generation);
    if (e == SALLY_E_OK)
        assert_true(sally_book_equal(&want, &got));
    else
        assert_int_equal(got.len, 0);
    sally_book_wipe(&want);
    sally_book_wipe(&got);
    return e;
}

static void opens(struct door *d, uint32_t slot, const char *secret,
                  uint64_t generation)
{
    uint64_t n = 0;

    assert_int_equal(load(d, slot, secret, &n), SALLY_E_OK);
    assert_int_equal(n, generation);
}

static void fails(struct door *d, uint32_t slot, enum sally_err why)
{
    uint64_t n = 0;

    assert_int_equal(load(d, slot, "", &n), why);
}

/* --- What lies on disk ---------------------------------------------------- */

static struct sally_kept_place place_of(const char *id)
{
    return (struct sally_kept_place){ SALLY_KEPT_BOOK, 0, sally_span_of(id) };
}

static void fetch(struct door *d, const char *id, struct sally_buf *out)
{
    const struct sally_kept_place at = place_of(id);

    out->len = 0;
    assert_int_equal(sally_store_recall(d->store, &at, out), SALLY_E_OK);
    assert_true(out->len > HEAD + SALLY_SEAL_OVERHEAD);
}

static void put_back(struct door *d, const char *id, struct sally_span body)
{
    const struct sally_kept_place at = place_of(id);

    assert_int_equal(sally_store_keep(d->store, &at, body, 0), SALLY_E_OK);
    door_stored(d);
}

/* True if `what` is anywhere in one of the store's files. */
static bool lies_in(const struct door *d, const char *suffix,
                    struct sally_span what)
{
    char path[128];
    uint8_t *all;
    FILE *f;
    size_t n;
    bool found;

    snprintf(path, sizeof(path), "%s/sallyport.db%s", d->place, suffix);
    f = fopen(path, "rb");
    if (f == NULL)
        return false;
    all = malloc(8u << 20);
    assert_non_null(all);
    n = fread(all, 1, 8u << 20, f);
    fclose(f);
    found = n != 0 && memmem(all, n, what.at, what.len) != NULL;
    free(all);
    return found;
}

/* Every 16 bytes of it; a page of the database may have cut it anywhere. */
static bool is_on_disk(const struct door *d, struct sally_span sealed)
{
    for (size_t i = 0; i + 16 <= sealed.len; i += 16) {
        const struct sally_span window = { &sealed.at[i], 16 };

        if (lies_in(d, "", window) || lies_in(d, "-wal", window))
            return true;
    }
    return false;
}

/* --- Tests ---------------------------------------------------------------- */

static void comes_back_after_a_restart(void **state)
{
    struct door *d = open_door();

    (void)state;
    fails(d, 0, SALLY_E_NOT_FOUND);
    save(d, 0, "first");
    opens(d, 0, "first", 1);
    save(d, 0, "second");
    again(d);
    opens(d, 0, "second", 2);
    fails(d, 1, SALLY_E_NOT_FOUND);
    door_close(d);
}

static void a_book_of_the_largest_size_has_room(void **state)
{
    struct door *d = open_door();
    static char text[SALLY_BOOK_MAX];
    const struct sally_path at = sally_path_resource(0, 0, 5);
    struct sally_book b = book_with(d, ""), got = { .len = 0 };
    struct sally_lwm2m_value v;
    size_t n = sizeof(text);
    uint64_t generation;

    (void)state;
    _Static_assert(HEAD + SALLY_BOOK_WRITTEN_MAX + SALLY_SEAL_OVERHEAD <=
                       SALLY_KEPT_BODY_MAX,
                   "a sealed book has to fit");
    memset(text, 'x', sizeof(text));
    do {
        v = sally_value_opaque(
            (struct sally_span){ (const uint8_t *)text, --n });
    } while (sally_book_put(&b, &at, &v) != SALLY_E_OK);
    assert_in_range(b.len, SALLY_BOOK_MAX - 16, SALLY_BOOK_MAX);
    keep(d, 0, &b);
    door_stored(d);
    assert_int_equal(sally_book_open(&got, SALLY_BOOK_MAX), SALLY_E_OK);
    assert_int_equal(sally_vault_load(d->shard->vault, sensor(d, 0), &got,
                                      &generation),
                     SALLY_E_OK);
    assert_true(sally_book_equal(&b, &got));
    sally_book_wipe(&b);
    sally_book_wipe(&got);
    door_close(d);
}

static void a_flipped_bit_refuses_that_account_alone(void **state)
{
    struct door *d = open_door();
    uint8_t bytes[SALLY_KEPT_BODY_MAX];
    struct sally_buf body = SALLY_BUF(bytes);

    (void)state;
    save(d, 0, "mine");
    save(d, 1, "yours");
    fetch(d, "one", &body);
    for (size_t i = 0; i < body.len; i += 7) {
        uint8_t bit = (uint8_t)(1u << i % 8);

        body.at[i] ^= bit;
        put_back(d, "one", sally_buf_span(&body));
        fails(d, 0, SALLY_E_UNAUTHENTIC);
        body.at[i] ^= bit;
    }
    opens(d, 1, "yours", 1);
    put_back(d, "one", (struct sally_span){ body.at, HEAD - 1 });
    fails(d, 0, SALLY_E_MALFORMED);
    put_back(d, "one", (struct sally_span){ body.at, body.len - 1 });
    fails(d, 0, SALLY_E_UNAUTHENTIC);
    put_back(d, "one", sally_buf_span(&body));
    opens(d, 0, "mine", 1);
    door_close(d);
}

static void opens_as_nothing_else(void **state)
{
    struct door *d = open_door();
    uint8_t one[SALLY_KEPT_BODY_MAX], two[SALLY_KEPT_BODY_MAX];
    struct sally_buf first = SALLY_BUF(one), second = SALLY_BUF(two);

    (void)state;
    save(d, 0, "first");
    fetch(d, "one", &first);
    put_back(d, "two", sally_buf_span(&first));
    fails(d, 1, SALLY_E_UNAUTHENTIC); /* another sensor */
    save(d, 0, "second");
    fetch(d, "one", &second);
    memcpy(first.at, second.at, HEAD);
    put_back(d, "one", sally_buf_span(&first));
    fails(d, 0, SALLY_E_UNAUTHENTIC); /* another generation */
    put_back(d, "one", sally_buf_span(&second));
    use_key('o');
    again(d);
    fails(d, 0, SALLY_E_UNAUTHENTIC); /* another gateway, with its own key */
    d->master = NULL;
    again(d);
    fails(d, 0, SALLY_E_BAD_STATE);
    door_close(d);
}

static void nothing_of_an_old_book_is_left(void **state)
{
    struct door *d = open_door();
    uint8_t one[SALLY_KEPT_BODY_MAX], two[SALLY_KEPT_BODY_MAX];
    struct sally_buf first = SALLY_BUF(one), second = SALLY_BUF(two);

    (void)state;
    save(d, 0, "first");
    fetch(d, "one", &first);
    assert_true(is_on_disk(d, sally_buf_span(&first)));
    save(d, 0, "second");
    fetch(d, "one", &second);
    assert_false(is_on_disk(d, sally_buf_span(&first)));
    assert_true(is_on_disk(d, sally_buf_span(&second)));
    assert_int_equal(sally_vault_forget(d->shard->vault, sensor(d, 0), 1),
                     SALLY_E_OK);
    door_stored(d);
    assert_false(is_on_disk(d, sally_buf_span(&second)));
    fails(d, 0, SALLY_E_NOT_FOUND);
    door_close(d);
}

/* --- Tombs ---------------------------------------------------------------- */

static struct sally_credential credential(const char *key)
{
    const struct sally_credential_parts parts = {
        .mode = SALLY_MODE_PSK,
        .identity = sally_span_of("somebody"),
        .secret_key = sally_span_of(key),
    };
    struct sally_credential c = { .size = 0 };

    assert_int_equal(sally_credential_make(&c, &parts, NULL), SALLY_E_OK);
    return c;
}

static bool is_buried(struct door *d, const char *endpoint, const char *key)
{
    struct sally_credential c = credential(key);
    bool buried = sally_vault_is_buried(d->shard->vault, endpoint, &c);

    sally_credential_wipe(&c);
    return buried;
}

static enum sally_err bury(struct door *d, const struct sally_book *book,
                           const char *key)
{
    struct sally_credential c = credential(key);
    const struct sally_dead dead = { { &c }, 1 };
    bool kept;
    enum sally_err e = sally_vault_save(d->shard->vault, sensor(d, 0), book,
                                        &dead, SALLY_ORDER_TICKET, &kept);

    d->shard->orders += kept;
    assert_int_equal(kept, e == SALLY_E_OK);
    sally_credential_wipe(&c);
    return e;
}

static void what_is_buried_stays_so(void **state)
{
    struct door *d = open_door();

    (void)state;
    save(d, 0, "first");
    assert_false(is_buried(d, "plant-7-one", "a key of sixteen"));
    assert_int_equal(bury(d, NULL, "a key of sixteen"), SALLY_E_OK);
    assert_int_equal(sally_vault_forget(d->shard->vault, sensor(d, 0), 1),
                     SALLY_E_OK);
    door_stored(d);
    assert_int_equal(d->shard->orders, 0);
    again(d);
    assert_true(is_buried(d, "plant-7-one", "a key of sixteen"));
    assert_false(is_buried(d, "plant-7-one", "another, as long"));
    assert_false(is_buried(d, "plant-7-two", "a key of sixteen"));
    door_close(d);
}

/* Where the queue is full, neither the book nor the grave is there. */
static void a_key_dies_with_its_book_or_not_at_all(void **state)
{
    struct door *d = open_door();
    const struct sally_kept_place at = { SALLY_KEPT_DUE, 0,
                                         sally_span_of("somebody") };
    struct sally_book next = book_with(d, "second");
    uint64_t generation;

    (void)state;
    save(d, 0, "first");
    while (sally_store_keep(d->store, &at, sally_span_of("x"), 0) ==
           SALLY_E_OK)
        ;
    assert_int_equal(bury(d, &next, "a key of sixteen"), SALLY_E_NO_ROOM);
    door_stored(d);
    assert_false(is_buried(d, "plant-7-one", "a key of sixteen"));
    assert_int_equal(load(d, 0, "first", &generation), SALLY_E_OK);
    assert_int_equal(bury(d, &next, "a key of sixteen"), SALLY_E_OK);
    door_stored(d);
    assert_true(is_buried(d, "plant-7-one", "a key of sixteen"));
    assert_int_equal(load(d, 0, "second", &generation), SALLY_E_OK);
    sally_book_wipe(&next);
    door_close(d);
}

static void none_is_forgotten_for_another(void **state)
{
    struct door *d = open_door();
    char key[32];

    (void)state;
    for (unsigned i = 0; i < SALLY_TOMBS_MAX; i++) {
        (void)snprintf(key, sizeof(key), "key number %05u", i);
        assert_int_equal(bury(d, NULL, key), SALLY_E_OK);
        if (i % 64 == 63)
            door_stored(d);
    }
    assert_int_equal(bury(d, NULL, "one key too many"), SALLY_E_NO_ROOM);
    assert_true(is_buried(d, "plant-7-one", "key number 00000"));
    assert_false(is_buried(d, "plant-7-one", "one key too many"));
    door_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_after_a_restart),
        cmocka_unit_test(a_book_of_the_largest_size_has_room),
        cmocka_unit_test(a_flipped_bit_refuses_that_account_alone),
        cmocka_unit_test(opens_as_nothing_else),
        cmocka_unit_test(nothing_of_an_old_book_is_left),
        cmocka_unit_test(what_is_buried_stays_so),
        cmocka_unit_test(a_key_dies_with_its_book_or_not_at_all),
        cmocka_unit_test(none_is_forgotten_for_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
