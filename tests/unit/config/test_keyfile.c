/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/config/test_keyfile.c - which key files are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/keyfile.h"

#define NOBODY 65534

#define HEX16 "00112233445566778899aabbccddeeff"

static void make(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static int in_folder(void **state)
{
    char folder[] = "/tmp/sally-keyfile-XXXXXX";

    (void)state;
    return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

static int out_of_folder(void **state)
{
    char folder[256];

    (void)state;
    (void)unlink("key");
    (void)unlink("link");
    if (getcwd(folder, sizeof(folder)) == NULL || chdir("/") != 0)
        return -1;
    return rmdir(folder);
}

static void reads_all_of_it(void **state)
{
    static uint8_t room[SALLY_KEYFILE_MAX + 1];
    struct sally_buf small = { room, 0, sizeof(HEX16) - 1 };
    char why[SALLY_KEYFILE_WHY];
    int fd = -1;

    (void)state;
    make("key", HEX16, 0640);
    assert_int_equal(sally_keyfile_open("key", getuid(), true, &fd, why),
                     SALLY_E_OK);
    for (int i = 0; i < 2; i++) { /* the descriptor's place does not count */
        struct sally_buf all = SALLY_BUF(room);

        assert_int_equal(sally_keyfile_read(fd, &all, why), SALLY_E_OK);
        assert_true(sally_span_is(sally_buf_span(&all), HEX16));
    }
    assert_int_equal(sally_keyfile_read(fd, &small, why),
                     SALLY_E_NO_CREDENTIAL);
    assert_string_equal(why, "the file is larger than it may be");
    close(fd);
}

static const struct mode_row {
    const char *what;
    mode_t mode;
    bool good;     /* for a secret */
    bool good_too; /* for a certificate */
} mode_rows[] = {
    { "owner only", 0600, true, true },
    { "read only", 0400, true, true },
    { "group reads", 0640, true, true },
    { "group writes", 0660, false, false },
    { "others read", 0644, false, true },
    { "others write", 0602, false, false },
};

static void check_mode(const struct mode_row *r, bool secret, bool good)
{
    char why[SALLY_KEYFILE_WHY] = "";
    int fd = -1;
    enum sally_err e = sally_keyfile_open("key", getuid(), secret, &fd, why);

    if ((e == SALLY_E_OK) != good || (fd >= 0) != good)
        fail_msg("%s: %s (%s)", r->what, sally_err_text(e), why);
    if (fd >= 0)
        close(fd);
    else
        assert_non_null(strstr(why, "key: has mode 0"));
}

static void checks_each_mode(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(mode_rows); i++) {
        const struct mode_row *r = &mode_rows[i];

        make("key", HEX16, r->mode);
        check_mode(r, true, r->good);
        check_mode(r, false, r->good_too);
        unlink("key");
    }
}

static void refuses_what_is_no_file(void **state)
{
    char why[SALLY_KEYFILE_WHY];
    int fd = -1;

    (void)state;
    assert_int_equal(sally_keyfile_open("absent", getuid(), true, &fd, why),
                     SALLY_E_IO);
    assert_string_equal(why,
                        "absent: cannot be opened: No such file or directory");
    assert_int_equal(sally_keyfile_open(".", getuid(), true, &fd, why),
                     SALLY_E_NO_CREDENTIAL);
    assert_string_equal(why, ".: is not a regular file");
    assert_int_equal(mkfifo("link", 0600), 0);
    assert_int_equal(sally_keyfile_open("link", getuid(), true, &fd, why),
                     SALLY_E_NO_CREDENTIAL);
    unlink("link");
    assert_int_equal(fd, -1);
}

static void refuses_another_owner(void **state)
{
    char why[SALLY_KEYFILE_WHY];
    int fd = -1;

    (void)state;
    make("key", HEX16, 0600);
    if (getuid() != 0)
        skip(); /* only root can give a file away */
    assert_int_equal(chown("key", NOBODY, NOBODY), 0);
    assert_int_equal(sally_keyfile_open("key", 0, true, &fd, why),
                     SALLY_E_NO_CREDENTIAL);
    assert_string_equal(why, "key: belongs to user 65534; give it to root or "
                             "to the service's user with chown");
    assert_int_equal(sally_keyfile_open("key", NOBODY, true, &fd, why), SALLY_E_OK);
    close(fd);
    unlink("key");
}

/* A link is followed; what it leads to is what is checked. */
static void checks_what_a_link_leads_to(void **state)
{
    char why[SALLY_KEYFILE_WHY];
    int fd = -1;

    (void)state;
    make("key", HEX16, 0644);
    assert_int_equal(symlink("key", "link"), 0);
    assert_int_equal(sally_keyfile_open("link", getuid(), true, &fd, why),
                     SALLY_E_NO_CREDENTIAL);
    assert_int_equal(chmod("key", 0600), 0);
    assert_int_equal(sally_keyfile_open("link", getuid(), true, &fd, why),
                     SALLY_E_OK);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_of_it),
        cmocka_unit_test(checks_each_mode),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(refuses_another_owner),
        cmocka_unit_test(checks_what_a_link_leads_to),
    };

    return cmocka_run_group_tests(tests, in_folder, out_of_folder);
}
