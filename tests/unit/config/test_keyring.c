/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/config/test_keyring.c - keys through one piece of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/keyring.h"

static uint8_t large[SALLY_KEYRING_MAX + 1];

static const struct entry_row {
    uint32_t sensor, account;
    size_t len;
} entries[] = { { SALLY_KEYRING_SERVER, 2, 100000 },
                { 7, 0, 16 },
                { 7, 1, 0 },
                { 0, 0, 16384 },
                { 99999, 3, 1 } };

static struct sally_span content_of(size_t i)
{
    return (struct sally_span){ &large[i], entries[i].len };
}

static int make(uint64_t places[SALLY_LEN(entries)])
{
    int fd;

    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = (uint8_t)(i * 31 + i / 256);
    assert_int_equal(sally_keyring_make(&fd), SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(entries); i++) {
        const struct sally_keyring_entry e = {
            entries[i].sensor, entries[i].account, content_of(i)
        };

        assert_int_equal(sally_keyring_put(fd, &e, &places[i]), SALLY_E_OK);
    }
    return fd;
}

static void check_next(struct sally_keyring *k, size_t i, uint32_t sensor,
                       uint32_t account)
{
    struct sally_keyring_entry got;

    assert_int_equal(sally_keyring_next(k, &got), SALLY_E_OK);
    assert_int_equal(got.sensor, sensor);
    assert_int_equal(got.account, account);
    assert_true(sally_span_equal(got.parts, content_of(i)));
}

static void what_is_put_is_read(void **state)
{
    uint64_t places[SALLY_LEN(entries)];
    struct sally_keyring_entry got;
    struct sally_keyring k;
    int fd = make(places);

    (void)state;
    assert_int_equal(sally_keyring_assign(fd, places[1], 3, 2), SALLY_E_OK);
    assert_int_equal(sally_keyring_seal(fd), SALLY_E_OK);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(sally_keyring_open(&k, fd), SALLY_E_OK);
        for (size_t i = 0; i < SALLY_LEN(entries); i++)
            check_next(&k, i, i == 1 ? 3 : entries[i].sensor,
                       i == 1 ? 2 : entries[i].account);
        assert_int_equal(sally_keyring_next(&k, &got), SALLY_E_NOT_FOUND);
        assert_int_equal(sally_keyring_next(&k, &got), SALLY_E_NOT_FOUND);
        sally_keyring_wipe(&k);
        assert_null(k.room);
    }
    close(fd);
}

static void sealed_is_never_changed(void **state)
{
    const struct sally_keyring_entry e = { 0, 0, { large, 16 } };
    uint64_t places[SALLY_LEN(entries)], place;
    struct sally_keyring k;
    int fd = make(places);

    (void)state;
    assert_int_equal(sally_keyring_open(&k, fd), SALLY_E_BAD_STATE);
    assert_int_equal(sally_keyring_seal(fd), SALLY_E_OK);
    assert_int_equal(sally_keyring_put(fd, &e, &place), SALLY_E_IO);
    assert_int_equal(sally_keyring_assign(fd, places[0], 1, 1), SALLY_E_IO);
    assert_int_not_equal(ftruncate(fd, 0), 0);
    assert_int_equal(sally_keyring_open(&k, fd), SALLY_E_OK);
    check_next(&k, 0, entries[0].sensor, entries[0].account);
    sally_keyring_wipe(&k);
    close(fd);
}

static void none_is_an_empty_one(void **state)
{
    struct sally_keyring_entry got;
    struct sally_keyring k;
    int fd;

    (void)state;
    assert_int_equal(sally_keyring_make(&fd), SALLY_E_OK);
    assert_int_equal(sally_keyring_seal(fd), SALLY_E_OK);
    assert_int_equal(sally_keyring_open(&k, fd), SALLY_E_OK);
    assert_int_equal(sally_keyring_next(&k, &got), SALLY_E_NOT_FOUND);
    close(fd);
    fd = open("/dev/null", O_RDONLY);
    assert_int_equal(sally_keyring_open(&k, fd), SALLY_E_BAD_STATE);
    close(fd);
}

/* A length that is a lie, half an entry, half a head. */
static void what_is_no_keyring_is_refused(void **state)
{
    static const struct {
        uint32_t head[3];
        size_t len;
    } rows[] = { { { 1, 1, UINT32_MAX }, 12 },
                 { { 1, 1, SALLY_KEYRING_MAX }, 12 },
                 { { 1, 1, 1 }, 12 },
                 { { 1, 1, 0 }, 11 } };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_keyring_entry got;
        struct sally_keyring k;
        int fd;

        assert_int_equal(sally_keyring_make(&fd), SALLY_E_OK);
        assert_int_equal(write(fd, rows[i].head, rows[i].len), rows[i].len);
        assert_int_equal(sally_keyring_seal(fd), SALLY_E_OK);
        assert_int_equal(sally_keyring_open(&k, fd), SALLY_E_OK);
        assert_int_equal(sally_keyring_next(&k, &got), SALLY_E_MALFORMED);
        sally_keyring_wipe(&k);
        close(fd);
    }
}

static void an_entry_has_its_limit(void **state)
{
    const struct sally_keyring_entry most = { 1, 1,
                                              { large, SALLY_KEYRING_MAX } };
    const struct sally_keyring_entry more = { 1, 1, { large, sizeof(large) } };
    uint64_t place;
    int fd;

    (void)state;
    assert_int_equal(sally_keyring_make(&fd), SALLY_E_OK);
    assert_int_equal(sally_keyring_put(fd, &more, &place), SALLY_E_TOO_LARGE);
    assert_int_equal(sally_keyring_put(fd, &most, &place), SALLY_E_OK);
    assert_int_equal(place, 0);
    close(fd);
}

static void parts_come_back(void **state)
{
    uint8_t room[20];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_span left, bytes;
    unsigned kind;

    (void)state;
    assert_int_equal(sally_keyring_part(&b, 4, sally_span_of("key")),
                     SALLY_E_OK);
    assert_int_equal(sally_keyring_part(&b, 101, sally_span_of("")),
                     SALLY_E_OK);
    assert_int_equal(b.len, 13);
    assert_int_equal(sally_keyring_part(&b, 5, sally_span_of("xyz")),
                     SALLY_E_NO_ROOM);
    assert_int_equal(b.len, 13);
    left = sally_buf_span(&b);
    assert_true(sally_keyring_take(&left, &kind, &bytes));
    assert_int_equal(kind, 4);
    assert_true(sally_span_is(bytes, "key"));
    assert_true(sally_keyring_take(&left, &kind, &bytes));
    assert_int_equal(kind, 101);
    assert_int_equal(bytes.len, 0);
    assert_false(sally_keyring_take(&left, &kind, &bytes));
    assert_int_equal(left.len, 0);
    for (size_t cut = 1; cut < 8; cut++) {
        left = (struct sally_span){ room, cut };
        assert_false(sally_keyring_take(&left, &kind, &bytes));
        assert_int_equal(left.len, cut); /* which is how it is seen */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_read),
        cmocka_unit_test(sealed_is_never_changed),
        cmocka_unit_test(none_is_an_empty_one),
        cmocka_unit_test(what_is_no_keyring_is_refused),
        cmocka_unit_test(an_entry_has_its_limit),
        cmocka_unit_test(parts_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
