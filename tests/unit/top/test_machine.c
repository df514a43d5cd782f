/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/top/test_machine.c - which files say which machine this is, and
 * which interfaces count.                                                   */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/keyring.h"
#include "machine.h"

static char root[64];

static void path_of(const char *name, char out[256])
{
    snprintf(out, 256, "%s/%s", root, name);
}

/* With the directories that it lies in. */
static void put(const char *name, const char *text)
{
    char path[256];
    FILE *f;

    path_of(name, path);
    for (char *p = &path[1]; (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        (void)mkdir(path, 0700);
        *p = '/';
    }
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void interface(const char *name, const char *address, const char *type,
                      bool device)
{
    char file[128];

    snprintf(file, sizeof(file), "sys/class/net/%s/address", name);
    put(file, address);
    snprintf(file, sizeof(file), "sys/class/net/%s/addr_assign_type", name);
    put(file, type);
    snprintf(file, sizeof(file), "sys/class/net/%s/device", name);
    if (device)
        put(file, "");
}

static int remove_one(const char *path, const struct stat *st, int kind,
                      struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static int make(void **state)
{
    (void)state;
    snprintf(root, sizeof(root), "/tmp/sallyport-machine-XXXXXX");
    return mkdtemp(root) == NULL;
}

static int unmake(void **state)
{
    (void)state;
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* "s" or "h", a colon, the fact, a comma; those of hardware in any order. */
static bool has(struct sally_span facts, const char *want)
{
    struct sally_span fact;
    unsigned kind;

    while (sally_keyring_take(&facts, &kind, &fact))
        if ((kind == SALLY_KEYRING_SYSTEM) == (want[0] == 's') &&
            sally_span_is(fact, &want[2]))
            return true;
    return false;
}

static size_t count(struct sally_span facts)
{
    struct sally_span fact;
    unsigned kind;
    size_t n = 0;

    while (sally_keyring_take(&facts, &kind, &fact))
        n++;
    return n;
}

static void hardware_and_system_are_facts(void **state)
{
    uint8_t bytes[SALLY_MACHINE_ROOM];
    struct sally_buf out = SALLY_BUF(bytes);
    struct sally_span all;

    (void)state;
    put("etc/machine-id", "3d1219c7\n");
    put("sys/firmware/devicetree/base/serial-number", "0000beef");
    put("sys/class/dmi/id/board_serial", "  \n");
    interface("eth0", "02:00:00:00:00:01\n", "0\n", true);
    interface("wlan0", "02:00:00:00:00:02\n", "1\n", true); /* at random */
    interface("br-lan", "02:00:00:00:00:03\n", "0\n", false);
    assert_int_equal(sally_machine_facts(root, "", &out), SALLY_E_OK);
    all = sally_buf_span(&out);
    assert_true(has(all, "s:3d1219c7"));
    assert_true(has(all, "h:0000beef"));
    assert_true(has(all, "h:02:00:00:00:00:01"));
    assert_int_equal(count(all), 3);
}

static void a_file_says_it_alone(void **state)
{
    uint8_t bytes[SALLY_MACHINE_ROOM];
    struct sally_buf out = SALLY_BUF(bytes);
    char path[256];

    (void)state;
    put("etc/machine-id", "3d1219c7\n");
    put("which", "pod 7\n");
    path_of("which", path);
    assert_int_equal(sally_machine_facts(root, path, &out), SALLY_E_OK);
    assert_true(has(sally_buf_span(&out), "h:pod 7"));
    assert_int_equal(count(sally_buf_span(&out)), 1);
    put("which", " \n");
    assert_int_equal(sally_machine_facts(root, path, &out), SALLY_E_IO);
    path_of("nowhere", path);
    assert_int_equal(sally_machine_facts(root, path, &out), SALLY_E_IO);
}

static void a_machine_that_says_nothing_is_none(void **state)
{
    uint8_t bytes[SALLY_MACHINE_ROOM];
    struct sally_buf out = SALLY_BUF(bytes);

    (void)state;
    assert_int_equal(sally_machine_facts(root, "", &out), SALLY_E_OK);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hardware_and_system_are_facts, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_file_says_it_alone, make, unmake),
        cmocka_unit_test_setup_teardown(a_machine_that_says_nothing_is_none,
                                        make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
