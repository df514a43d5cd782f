/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/config/test_master.c - the master key from each place it can be
 * in, and what is said when it is not there.                                */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config/master.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static char place[] = "/tmp/sallyport-master-XXXXXX";

static int make(void **state)
{
    (void)state;
    return mkdtemp(place) == NULL || setenv("CREDENTIALS_DIRECTORY", place, 1);
}

static int unmake(void **state)
{
    (void)state;
    return rmdir(place);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", place, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void remove_file(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", place, name);
    assert_int_equal(unlink(path), 0);
}

static void is_read(const char *where)
{
    struct sally_secret key = { .len = 0 };
    char why[SALLY_KEYFILE_WHY] = "";

    if (sally_master_read(where, &key, why) != SALLY_E_OK)
        fail_msg("%s: %s", where, why);
    assert_int_equal(key.len, 32);
    for (uint8_t i = 0; i < 32; i++)
        assert_int_equal(key.bytes[i], i);
    sally_secret_wipe(&key);
}

static void is_refused(const char *where, const char *because)
{
    struct sally_secret key = { .len = 0 };
    char why[SALLY_KEYFILE_WHY] = "";

    assert_int_not_equal(sally_master_read(where, &key, why), SALLY_E_OK);
    assert_int_equal(key.len, 0);
    if (strstr(why, because) == NULL)
        fail_msg("%s: \"%s\"", where, why);
}

static void a_file_by_its_path(void **state)
{
    char path[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/k", place);
    write_file("k", HEX "\n", 0600);
    is_read(path);
    write_file("k", HEX "00\n", 0600);
    is_refused(path, "64 hexadecimal digits");
    write_file("k", HEX "\n", 0604);
    is_refused(path, "others can read");
    remove_file("k");
    is_refused(path, "cannot be opened");
}

static void a_credential_by_its_name(void **state)
{
    (void)state;
    write_file("master", HEX "\n", 0400);
    is_read("credential:master");
    is_refused("credential:", "expected a name");
    is_refused("credential:../master", "expected a name");
    is_refused("credential:a/master", "expected a name");
    is_refused("credential:other", "cannot be opened");
    unsetenv("CREDENTIALS_DIRECTORY");
    is_refused("credential:master", "LoadCredential= of master");
    setenv("CREDENTIALS_DIRECTORY", place, 1);
    remove_file("master");
}

/* In a session of its own, so that nothing is left and nothing is met. */
static bool has_keyrings(void)
{
    return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0;
}

static void put_key(const char *name, const void *bytes, size_t len)
{
    assert_true(syscall(SYS_add_key, "user", name, bytes, len,
                        KEY_SPEC_SESSION_KEYRING) >= 0);
}

static void a_key_of_the_kernel(void **state)
{
    uint8_t bytes[32];

    (void)state;
    if (!has_keyrings()) {
        print_message("no keyrings here: %s\n", strerror(errno));
        is_refused("keyring:sallyport", "keyring");
        skip();
    }
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    is_refused("keyring:sallyport-test", "no key of this name");
    put_key("sallyport-test", bytes, sizeof(bytes));
    is_read("keyring:sallyport-test");
    put_key("sallyport-test", HEX, 64);
    is_read("keyring:sallyport-test");
    put_key("sallyport-test", HEX, 63);
    is_refused("keyring:sallyport-test", "64 hexadecimal digits");
}

static void only_prefixes_are_elsewhere(void **state)
{
    (void)state;
    assert_true(sally_master_is_elsewhere("credential:a"));
    assert_true(sally_master_is_elsewhere("keyring:a"));
    assert_false(sally_master_is_elsewhere("/etc/credential:a"));
    assert_false(sally_master_is_elsewhere("master.key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_by_its_path),
        cmocka_unit_test(a_credential_by_its_name),
        cmocka_unit_test(a_key_of_the_kernel),
        cmocka_unit_test(only_prefixes_are_elsewhere),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}
