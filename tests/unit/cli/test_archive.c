/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/cli/test_archive.c - a backup's file: what is put in comes out,
 * and nothing that somebody changed, exchanged, took out or cut off.        */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "cli/archive.h"

#define ROOM 65536
#define FIRST 35 /* bytes before the first record */

static struct sally_sealer sealer;
static char dir[] = "/tmp/sallyport-archive-XXXXXX", path[64];
static uint8_t file[ROOM], changed[ROOM];
static size_t file_len;

/* Two dead keys and a book, which is as large as can be. */
static uint8_t large[SALLY_KEPT_BODY_MAX];
static const struct row {
    enum sally_kept what;
    const char *name;
    struct sally_span body;
} rows[] = {
    { SALLY_KEPT_BOOK, "boiler", { large, sizeof(large) } },
    { SALLY_KEPT_TOMB, "one", { (const uint8_t *)"x", 1 } },
    { SALLY_KEPT_TOMB, "two", { (const uint8_t *)"y", 1 } },
};

static void use_key(char fill)
{
    uint8_t key[SALLY_MASTER_KEY_LEN];

    memset(key, fill, sizeof(key));
    assert_int_equal(
        sally_sealer_make(&sealer, (struct sally_span){ key, sizeof(key) }),
        SALLY_E_OK);
}

static void write_file(const uint8_t *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static int make(void **state)
{
    struct sally_archive a;
    FILE *f;

    (void)state;
    use_key('k');
    memset(large, 'b', sizeof(large));
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/backup", dir);
    assert_int_equal(sally_archive_make(&a, path, &sealer), SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct sally_kept_place at = { rows[i].what, 0,
                                             sally_span_of(rows[i].name) };

        assert_int_equal(sally_archive_put(&a, &at, rows[i].body), SALLY_E_OK);
    }
    assert_int_equal(sally_archive_finish(&a), SALLY_E_OK);
    sally_archive_close(&a);
    f = fopen(path, "rb");
    assert_non_null(f);
    file_len = fread(file, 1, sizeof(file), f);
    return fclose(f);
}

static int unmake(void **state)
{
    (void)state;
    return unlink(path) != 0 || rmdir(dir) != 0;
}

static bool is_next(void *owner, const struct sally_kept_place *at,
                    struct sally_span body)
{
    size_t *n = owner;

    assert_in_range(*n, 0, SALLY_LEN(rows) - 1);
    assert_int_equal(at->what, rows[*n].what);
    assert_true(sally_span_is(at->name, rows[*n].name));
    assert_true(sally_span_equal(body, rows[*n].body));
    ++*n;
    return true;
}

static enum sally_err read_file(size_t *n)
{
    struct sally_archive a;
    enum sally_err e = sally_archive_open(&a, path, &sealer);

    *n = 0;
    if (e == SALLY_E_OK)
        e = sally_archive_read(&a, is_next, n);
    sally_archive_close(&a);
    return e;
}

static void comes_out_as_it_was(void **state)
{
    struct sally_archive a;
    size_t n;

    (void)state;
    write_file(file, file_len);
    assert_int_equal(read_file(&n), SALLY_E_OK);
    assert_int_equal(n, SALLY_LEN(rows));
    assert_int_equal(sally_archive_open(&a, path, &sealer), SALLY_E_OK);
    for (int i = 0; i < 2; i++) { /* as often as one likes */
        n = 0;
        assert_int_equal(sally_archive_read(&a, is_next, &n), SALLY_E_OK);
        assert_int_equal(n, SALLY_LEN(rows));
    }
    sally_archive_close(&a);
    assert_int_equal(sally_archive_make(&a, path, &sealer), SALLY_E_IO);
    sally_archive_close(&a);
}

static void no_byte_can_be_changed(void **state)
{
    size_t n;

    (void)state;
    for (size_t i = 0; i < file_len; i += i < FIRST + 8 ? 1 : 97) {
        memcpy(changed, file, file_len);
        changed[i] ^= 1;
        write_file(changed, file_len);
        if (read_file(&n) == SALLY_E_OK)
            fail_msg("byte %zu of %zu", i, file_len);
    }
    write_file(file, file_len);
    use_key('o');
    assert_int_equal(read_file(&n), SALLY_E_UNAUTHENTIC);
    use_key('k');
}

static void nothing_can_be_cut_off(void **state)
{
    size_t n;

    (void)state;
    for (size_t len = 0; len < file_len; len += len < 64 ? 1 : 101) {
        write_file(file, len);
        assert_int_not_equal(read_file(&n), SALLY_E_OK);
    }
}

/* Where the record of this number begins. */
static size_t record(size_t number)
{
    size_t at = FIRST;

    while (number-- > 0) {
        struct sally_cursor c =
            sally_cursor_over((struct sally_span){ &file[at], 4 });

        at += 4 + sally_take_u32(&c);
    }
    return at;
}

static void no_record_can_be_moved(void **state)
{
    const size_t one = record(1), two = record(2), end = record(3);
    size_t n;

    (void)state;
    assert_int_equal(two - one, end - two);
    memcpy(changed, file, file_len); /* exchanged */
    memcpy(&changed[one], &file[two], end - two);
    memcpy(&changed[two], &file[one], two - one);
    write_file(changed, file_len);
    assert_int_equal(read_file(&n), SALLY_E_UNAUTHENTIC);
    assert_int_equal(n, 1);
    memcpy(&changed[one], &file[two], file_len - two); /* taken out */
    write_file(changed, file_len - (two - one));
    assert_int_equal(read_file(&n), SALLY_E_UNAUTHENTIC);
    memcpy(changed, file, file_len); /* of another backup */
    changed[FIRST - 1] ^= 1;
    write_file(changed, file_len);
    assert_int_equal(read_file(&n), SALLY_E_UNAUTHENTIC);
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_out_as_it_was),
        cmocka_unit_test(no_byte_can_be_changed),
        cmocka_unit_test(nothing_can_be_cut_off),
        cmocka_unit_test(no_record_can_be_moved),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}
