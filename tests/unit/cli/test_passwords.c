/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/cli/test_passwords.c - lines of the file `passwords`, and the verb
 * that changes it.                                                          */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/passwords.h"
#include "cli/verbs.h"
#include "codec/base64.h"
#include "ingress/auth/password_file.h"
#include "security/crypto.h"

static char folder[] = "/tmp/sally-passwords-XXXXXX";

static int in_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

static int out_of_folder(void **state)
{
    (void)state;
    (void)unlink("passwords");
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

static void make(const char *text)
{
    FILE *f = fopen("passwords", "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void expect_file(const char *want)
{
    char text[1024] = "";
    FILE *f = fopen("passwords", "r");

    assert_non_null(f);
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(text, want);
}

static void fill(void *state, uint8_t *out, size_t n)
{
    (void)state;
    memset(out, 0x5a, n);
}

/* The line is what RFC 7914 makes of the password and the salt. */
static void makes_a_line(void **state)
{
    static const char begin[] =
        "boiler:$scrypt$ln=14,r=8,p=1$WlpaWlpaWlpaWlpaWlpaWg$";
    const struct sally_random random = { fill, NULL };
    uint8_t salt[16], want[32], got[40];
    struct sally_buf buf = SALLY_BUF(got);
    struct sally_password_line parsed;
    char line[SALLY_PASSWORD_LINE], padded[SALLY_PASSWORD_LINE + 2];

    (void)state;
    memset(salt, 0x5a, sizeof(salt));
    assert_int_equal(sally_passwords_line("boiler", sally_span_of("secret"),
                                          &random, line), SALLY_E_OK);
    assert_memory_equal(line, begin, sizeof(begin) - 1);
    assert_null(sally_password_line_parse(sally_span_of(line), &parsed));
    assert_true(sally_span_is(parsed.name, "boiler"));
    assert_int_equal(
        sally_crypto_scrypt(sally_span_of("secret"),
                            (struct sally_span){ salt, sizeof(salt) },
                            (struct sally_scrypt){ 14, 8, 1 }, want,
                            sizeof(want)), SALLY_E_OK);
    (void)snprintf(padded, sizeof(padded), "%s=", &line[sizeof(begin) - 1]);
    assert_int_equal(sally_base64_decode(sally_span_of(padded), &buf),
                     SALLY_E_OK);
    assert_int_equal(buf.len, sizeof(want));
    assert_memory_equal(got, want, sizeof(want));
}

static const struct row {
    const char *what, *before; /* NULL: no file */
    const char *name, *line;   /* NULL: delete */
    enum sally_err want;
    const char *after; /* NULL: as before */
} rows[] = {
    { "the first", NULL, "a", "a:1", SALLY_E_OK, "a:1\n" },
    { "one more", "a:1\n", "b", "b:2", SALLY_E_OK, "a:1\nb:2\n" },
    { "in its place", "a:1\nb:2\nc:3\n", "b", "b:9", SALLY_E_OK,
      "a:1\nb:9\nc:3\n" },
    { "all else as it was", "# a:1\n\n a:2\nab:3\nb\n", "a", "a:9",
      SALLY_E_OK, "# a:1\n\n a:2\nab:3\nb\na:9\n" },
    { "a last line without an end", "a:1", "b", "b:2", SALLY_E_OK,
      "a:1\nb:2\n" },
    { "a name twice becomes one", "a:1\na:2\n", "a", "a:9", SALLY_E_OK,
      "a:9\n" },
    { "deleted", "a:1\nb:2\n", "a", NULL, SALLY_E_OK, "b:2\n" },
    { "the last one deleted", "a:1\n", "a", NULL, SALLY_E_OK, "" },
    { "nothing to delete", "a:1\n", "b", NULL, SALLY_E_NOT_FOUND, NULL },
};

static unsigned files_here(void)
{
    DIR *dir = opendir(".");
    unsigned count = 0;

    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

static void changes_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        enum sally_err got;

        (void)unlink("passwords");
        if (r->before != NULL)
            make(r->before);
        got = sally_passwords_change("passwords", r->name, r->line);
        if (got != r->want)
            fail_msg("%s: %s", r->what, sally_err_text(got));
        expect_file(r->after == NULL ? r->before : r->after);
        assert_int_equal(files_here(), 1); /* nothing is left beside it */
    }
}

static void keeps_it_from_others(void **state)
{
    struct stat s;

    (void)state;
    make("a:1\n");
    assert_int_equal(chmod("passwords", 0666), 0);
    if (getuid() == 0)
        assert_int_equal(chown("passwords", 65534, 65533), 0);
    assert_int_equal(sally_passwords_change("passwords", "a", "a:2"),
                     SALLY_E_OK);
    assert_int_equal(stat("passwords", &s), 0);
    assert_int_equal(s.st_mode & 07777, 0640);
    if (getuid() == 0) {
        assert_int_equal(s.st_uid, 65534);
        assert_int_equal(s.st_gid, 65533);
    }
}

static void fails_without_a_folder(void **state)
{
    (void)state;
    assert_int_equal(sally_passwords_change("absent/passwords", "a", "a:2"),
                     SALLY_E_IO);
}

/* Runs `sallyportctl passwd` with these bytes on its input. */
static int run(const char *input, const char *option, const char *user)
{
    static char verb[] = "passwd", name[128], first[8];
    char *args[] = { verb, first, name };
    FILE *in = tmpfile(), *nowhere = fopen("/dev/null", "w");
    struct sally_cli cli = { "", "sallyport.conf", false, in, nowhere,
                             nowhere };
    int status;

    (void)snprintf(name, sizeof(name), "%s", user);
    (void)snprintf(first, sizeof(first), "%s", option == NULL ? user : option);
    fputs(input, in);
    fflush(in);
    rewind(in);
    assert_int_equal(lseek(fileno(in), 0, SEEK_SET), 0);
    status = sally_verb_run(&cli, args, option == NULL ? 2 : 3);
    fclose(in);
    fclose(nowhere);
    return status;
}

static const struct run_row {
    const char *what, *input, *option, *user;
    int want;
} run_rows[] = {
    { "one line", "secret\n", NULL, "u", 0 },
    { "without an end", "secret", NULL, "u", 0 },
    { "nothing typed", "\n", NULL, "u", 1 },
    { "no input", "", NULL, "u", 1 },
    { "bytes that are no text", "\xff\xfe\n", NULL, "u", 1 },
    { "a user name with a colon", "secret\n", NULL, "u:v", 2 },
    { "a user name that is an option", "secret\n", NULL, "-x", 2 },
    { "no user name", "secret\n", NULL, "", 2 },
    { "an option that does not exist", "", "-X", "u", 2 },
    { "delete", "", "-D", "u", 0 },
    { "delete again", "", "-D", "u", 1 },
};

static void runs_each_row(void **state)
{
    char large[200];

    (void)state;
    make("");
    for (size_t i = 0; i < SALLY_LEN(run_rows); i++) {
        const struct run_row *r = &run_rows[i];
        int got = run(r->input, r->option, r->user);

        if (got != r->want)
            fail_msg("%s: status %d", r->what, got);
    }
    memset(large, 'x', sizeof(large));
    large[128] = '\n';
    large[129] = '\0';
    assert_int_equal(run(large, NULL, "u"), 0);
    large[128] = 'x';
    assert_int_equal(run(large, NULL, "u"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_line),
        cmocka_unit_test(changes_each_row),
        cmocka_unit_test(keeps_it_from_others),
        cmocka_unit_test(fails_without_a_folder),
        cmocka_unit_test(runs_each_row),
    };

    return cmocka_run_group_tests(tests, in_folder, out_of_folder);
}
