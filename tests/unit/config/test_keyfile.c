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
#define HEX64 HEX16 HEX16 HEX16 HEX16

static const struct content_row {
    const char *what, *text;
    size_t len; /* of the key; 0: refused */
    const char *why;
} content_rows[] = {
    { "sixteen bytes and a line break", HEX16 "\n", 16, "" },
    { "without a line break", HEX16, 16, "" },
    { "a line break of another system, upper case",
      "AABBCCDDEEFF00112233445566778899\r\n", 16, "" },
    { "the longest", HEX64 "\n", 64, "" },
    { "the shortest, with a warning", "0a\n", 1,
      "the key has 1 bytes; at least 16 are advised" },
    { "one byte too long", HEX64 "00\n", 0, "the key is longer than 64 bytes" },
    { "nothing", "", 0, "the key file is empty" },
    { "an empty line", "\n", 0, "the key file is empty" },
    { "half a byte", "001\n", 0,
      "the key file must hold one line of hexadecimal digits, two for each "
      "byte, and nothing else" },
    { "two lines", HEX16 "\n" HEX16 "\n", 0,
      "the key file must hold one line of hexadecimal digits, two for each "
      "byte, and nothing else" },
    { "a passphrase", "correct horse", 0,
      "the key file must hold one line of hexadecimal digits, two for each "
      "byte, and nothing else" },
};

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

static void reads_each_content(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(content_rows); i++) {
        const struct content_row *r = &content_rows[i];
        struct sally_secret key = { .len = 0 };
        char why[SALLY_KEYFILE_WHY] = "?";
        int fd = -1;

        make("key", r->text, 0600);
        assert_int_equal(sally_keyfile_open("key", getuid(), &fd, why),
                         SALLY_E_OK);
        enum sally_err e = sally_keyfile_read(fd, &key, why);
        if ((e == SALLY_E_OK) != (r->len != 0) || key.len != r->len ||
            strcmp(why, r->why) != 0)
            fail_msg("%s: %s, %zu bytes, \"%s\"", r->what, sally_err_text(e),
                     key.len, why);
        close(fd);
    }
}

static void reads_the_bytes_twice(void **state)
{
    static const uint8_t want[] = { 0xde, 0xad, 0xbe, 0xef };
    struct sally_secret key = { .len = 0 };
    char why[SALLY_KEYFILE_WHY];
    int fd = -1;

    (void)state;
    make("key", "deadbeef\n", 0640);
    assert_int_equal(sally_keyfile_open("key", getuid(), &fd, why),
                     SALLY_E_OK);
    for (int i = 0; i < 2; i++) { /* the descriptor's place does not count */
        assert_int_equal(sally_keyfile_read(fd, &key, why), SALLY_E_OK);
        assert_true(sally_span_equal(
            sally_secret_span(&key),
            (struct sally_span){ want, sizeof(want) }));
    }
    close(fd);
}

static const struct mode_row {
    const char *what;
    mode_t mode;
    bool good;
} mode_rows[] = {
    { "owner only", 0600, true },
    { "read only", 0400, true },
    { "group reads", 0640, true },
    { "group writes", 0660, false },
    { "others read", 0644, false },
    { "others write", 0602, false },
};

static void checks_each_mode(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(mode_rows); i++) {
        const struct mode_row *r = &mode_rows[i];
        char why[SALLY_KEYFILE_WHY] = "";
        int fd = -1;

        make("key", HEX16, r->mode);
        enum sally_err e = sally_keyfile_open("key", getuid(), &fd, why);
        if ((e == SALLY_E_OK) != r->good || (fd >= 0) != r->good)
            fail_msg("%s: %s (%s)", r->what, sally_err_text(e), why);
        if (fd >= 0)
            close(fd);
        else
            assert_non_null(strstr(why, "key: has mode 0"));
        unlink("key");
    }
}

static void refuses_what_is_no_file(void **state)
{
    char why[SALLY_KEYFILE_WHY];
    int fd = -1;

    (void)state;
    assert_int_equal(sally_keyfile_open("absent", getuid(), &fd, why),
                     SALLY_E_IO);
    assert_string_equal(why,
                        "absent: cannot be opened: No such file or directory");
    assert_int_equal(sally_keyfile_open(".", getuid(), &fd, why),
                     SALLY_E_NO_CREDENTIAL);
    assert_string_equal(why, ".: is not a regular file");
    assert_int_equal(mkfifo("link", 0600), 0);
    assert_int_equal(sally_keyfile_open("link", getuid(), &fd, why),
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
    assert_int_equal(sally_keyfile_open("key", 0, &fd, why),
                     SALLY_E_NO_CREDENTIAL);
    assert_string_equal(why, "key: belongs to user 65534; give it to root or "
                             "to the service's user with chown");
    assert_int_equal(sally_keyfile_open("key", NOBODY, &fd, why), SALLY_E_OK);
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
    assert_int_equal(sally_keyfile_open("link", getuid(), &fd, why),
                     SALLY_E_NO_CREDENTIAL);
    assert_int_equal(chmod("key", 0600), 0);
    assert_int_equal(sally_keyfile_open("link", getuid(), &fd, why),
                     SALLY_E_OK);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_content),
        cmocka_unit_test(reads_the_bytes_twice),
        cmocka_unit_test(checks_each_mode),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(refuses_another_owner),
        cmocka_unit_test(checks_what_a_link_leads_to),
    };

    return cmocka_run_group_tests(tests, in_folder, out_of_folder);
}
