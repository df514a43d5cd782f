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

static const struct key_row {
    uint32_t sensor, account;
    size_t len;
} keys[] = { { 7, 0, 16 }, { 7, 1, 1 }, { 0, 0, SALLY_SECRET_MAX },
             { 99999, 3, 32 } };

static struct sally_keyring_entry entry_of(size_t i)
{
    struct sally_keyring_entry e = { keys[i].sensor, keys[i].account,
                                     { .len = keys[i].len } };

    memset(e.key.bytes, (int)(0xa0 + i), keys[i].len);
    return e;
}

static int make(void)
{
    int fd;

    assert_int_equal(sally_keyring_make(&fd), SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(keys); i++) {
        const struct sally_keyring_entry e = entry_of(i);

        assert_int_equal(sally_keyring_put(fd, i, &e), SALLY_E_OK);
    }
    return fd;
}

static void check_key(int fd, size_t i, uint32_t sensor, uint32_t account)
{
    const struct sally_keyring_entry want = entry_of(i);
    struct sally_keyring_entry got;

    assert_int_equal(sally_keyring_read(fd, i, &got), SALLY_E_OK);
    assert_int_equal(got.sensor, sensor);
    assert_int_equal(got.account, account);
    assert_int_equal(got.key.len, want.key.len);
    assert_memory_equal(got.key.bytes, want.key.bytes, want.key.len);
}

static void what_is_put_is_read(void **state)
{
    int fd = make();
    size_t count = 0;

    (void)state;
    assert_int_equal(sally_keyring_assign(fd, 1, 3, 2), SALLY_E_OK);
    assert_int_equal(sally_keyring_seal(fd), SALLY_E_OK);
    assert_int_equal(sally_keyring_count(fd, &count), SALLY_E_OK);
    assert_int_equal(count, SALLY_LEN(keys));
    for (size_t i = 0; i < count; i++)
        check_key(fd, i, i == 1 ? 3 : keys[i].sensor,
                  i == 1 ? 2 : keys[i].account);
    close(fd);
}

static void sealed_is_never_changed(void **state)
{
    const struct sally_keyring_entry e = entry_of(0);
    int fd = make();

    (void)state;
    assert_int_equal(sally_keyring_seal(fd), SALLY_E_OK);
    assert_int_equal(sally_keyring_put(fd, 0, &e), SALLY_E_IO);
    assert_int_equal(sally_keyring_put(fd, SALLY_LEN(keys), &e), SALLY_E_IO);
    assert_int_equal(sally_keyring_assign(fd, 0, 1, 1), SALLY_E_IO);
    assert_int_not_equal(ftruncate(fd, 0), 0);
    check_key(fd, 0, keys[0].sensor, keys[0].account);
    close(fd);
}

static void none_is_an_empty_one(void **state)
{
    size_t count = 1;
    int fd;

    (void)state;
    assert_int_equal(sally_keyring_make(&fd), SALLY_E_OK);
    assert_int_equal(sally_keyring_count(fd, &count), SALLY_E_BAD_STATE);
    assert_int_equal(sally_keyring_seal(fd), SALLY_E_OK);
    assert_int_equal(sally_keyring_count(fd, &count), SALLY_E_OK);
    assert_int_equal(count, 0);
    close(fd);
}

/* A length that is a lie, half a record, one that is not there. */
static void what_is_no_keyring_is_refused(void **state)
{
    struct sally_keyring_entry got;
    uint8_t all_ones[256];
    size_t count = 0;
    int fd;

    (void)state;
    memset(all_ones, 0xff, sizeof(all_ones));
    assert_int_equal(sally_keyring_make(&fd), SALLY_E_OK);
    assert_int_equal(write(fd, all_ones, 101), 101);
    assert_int_equal(sally_keyring_seal(fd), SALLY_E_OK);
    assert_int_equal(sally_keyring_count(fd, &count), SALLY_E_MALFORMED);
    assert_int_equal(sally_keyring_read(fd, 0, &got), SALLY_E_MALFORMED);
    assert_int_equal(sally_keyring_read(fd, 1, &got), SALLY_E_MALFORMED);
    assert_int_equal(sally_keyring_read(fd, 9, &got), SALLY_E_MALFORMED);
    close(fd);
    fd = open("/dev/null", O_RDONLY);
    assert_int_equal(sally_keyring_count(fd, &count), SALLY_E_BAD_STATE);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_read),
        cmocka_unit_test(sealed_is_never_changed),
        cmocka_unit_test(none_is_an_empty_one),
        cmocka_unit_test(what_is_no_keyring_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
