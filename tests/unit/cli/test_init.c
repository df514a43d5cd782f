/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/cli/test_init.c - the verb init: what it makes, and that nothing
 * is left of what it could not end.                                         */
#include "unit/cli/folder.h"
#include "unit/cli/run.h"

#include "base/secret.h"
#include "config/config.h"
#include "config/files.h"

#define URI "coaps://lwm2m.example.com"

static struct ran init(bool json, const char *const *more)
{
    const char *words[12] = { "init", "-d", "." };

    for (size_t i = 0; more[i] != NULL; i++)
        words[3 + i] = more[i];
    return run_verb("none", json, words);
}

static mode_t mode_of(const char *path)
{
    struct stat s;

    assert_int_equal(stat(path, &s), 0);
    return s.st_mode & 07777;
}

/* What a gateway with this file has. */
static void take(struct sally_config *c, struct sally_config_files *files)
{
    assert_int_equal(sally_config_files_read("sallyport.conf", files, stderr),
                     0);
    assert_int_equal(
        sally_config_load(files->files, files->count, c, stderr), 0);
}

static void what_it_makes_is_a_configuration(void **state)
{
    struct sally_config c;
    struct sally_config_files files;
    struct ran r = init(false, (const char *const[]){
        "-n", "plant-7", "-u", URI, "-i", "lo", NULL });

    (void)state;
    assert_int_equal(r.status, SALLY_EXIT_DONE);
    take(&c, &files);
    assert_string_equal(c.name, "plant-7");
    assert_int_equal(c.server_count, 1);
    assert_string_equal(c.servers[0].uri.host, "lwm2m.example.com");
    assert_int_equal(c.sensor_count, 0);
    assert_non_null(strstr(c.master_key_file, "master.key"));
    sally_config_wipe(&c);
    sally_config_files_wipe(&files);
    assert_int_equal(mode_of("master.key") & 07, 0);
    assert_int_equal(mode_of("keys") & 07, 0);
    assert_int_equal(mode_of("sensors.d") & 07, 0);
    assert_int_equal(strspn(read_file("master.key"), "0123456789abcdef"), 64);
    assert_string_equal(read_file("master.key") + 64, "\n");
    ran_free(&r);
}

static void no_two_have_one_key(void **state)
{
    static const char *const with[] = { "-u", URI, NULL };
    char first[80];
    struct ran r = init(false, with);

    (void)state;
    assert_int_equal(r.status, SALLY_EXIT_DONE);
    memcpy(first, read_file("master.key"), 66);
    assert_null(strstr(r.out, first));
    ran_free(&r);
    assert_int_equal(unlink("master.key"), 0);
    r = init(false, (const char *const[]){ NULL });
    assert_int_equal(r.status, SALLY_EXIT_DONE);
    assert_string_not_equal(read_file("master.key"), first);
    ran_free(&r);
}

/* What is there, what is said, and what comes of it. */
static const struct row {
    const char *what;
    const char *conf, *key; /* there before; NULL: not */
    const char *more[9];
    bool json;
    int status;
    bool makes_conf, makes_key;
    const char *said; /* part of the output, or of the error */
} rows[] = {
    { "nothing is there", NULL, NULL, { "-u", URI }, true, SALLY_EXIT_DONE,
      true, true, "{\"configuration\":true,\"master_key\":true}\n" },
    { "a key is there", NULL, "key\n", { "-u", URI }, true, SALLY_EXIT_DONE,
      true, false, "{\"configuration\":true,\"master_key\":false}\n" },
    { "a configuration is there", "x = 1;\n", NULL, { NULL }, true,
      SALLY_EXIT_DONE, false, true,
      "{\"configuration\":false,\"master_key\":true}\n" },
    { "one that does not name the key", "gateway = { name = \"g\"; };\n", NULL,
      { NULL }, false, SALLY_EXIT_DONE, false, true,
      "its group gateway needs\n  master_key_file = \"master.key\";\n" },
    { "both are there", "x\n", "y\n", { NULL }, false, SALLY_EXIT_REFUSED,
      false, false, "are there already, and stay as they are" },
    { "what is said would not count", "x\n", NULL, { "-n", "a" }, false,
      SALLY_EXIT_REFUSED, false, false, "would not count" },
    { "no server", NULL, NULL, { "-n", "a" }, false, SALLY_EXIT_REFUSED, false,
      false, "which server?" },
    { "a server without protection", NULL, NULL, { "-u", "http://a" }, false,
      SALLY_EXIT_REFUSED, false, false, "sallyport.conf:" },
    { "quotes that end a value", NULL, NULL, { "-u", "coaps://a\"; x = \"" },
      false, SALLY_EXIT_REFUSED, false, false, "neither spaces nor quotes" },
    { "a line break", NULL, NULL, { "-u", URI, "-i", "lo\n" }, false,
      SALLY_EXIT_REFUSED, false, false, "neither spaces nor quotes" },
    { "a name with a path in it", NULL, NULL, { "-u", URI, "-n", "a/b" }, false,
      SALLY_EXIT_REFUSED, false, false, "a gateway's name has" },
    { "an option without its value", NULL, NULL, { "-u" }, false,
      SALLY_EXIT_USAGE, false, false, "usage: sallyportctl" },
    { "an option of two letters", NULL, NULL, { "-un", URI }, false,
      SALLY_EXIT_USAGE, false, false, "usage: sallyportctl" },
};

static void check_file(const struct row *r, const char *path,
                       const char *before, bool made)
{
    if (exists(path) != (made || before != NULL))
        fail_msg("%s: %s is%s there", r->what, path, made ? " not" : "");
    if (before != NULL && strcmp(read_file(path), before) != 0)
        fail_msg("%s: %s was changed", r->what, path);
}

static void makes_what_each_row_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct ran r;
        const char *text;

        assert_int_equal(in_folder(NULL), 0);
        if (row->conf != NULL)
            write_file("sallyport.conf", row->conf);
        if (row->key != NULL)
            write_file("master.key", row->key);
        r = init(row->json, row->more);
        text = r.status == SALLY_EXIT_DONE ? r.out : r.err;
        if (r.status != row->status || strstr(text, row->said) == NULL)
            fail_msg("%s: exit %d with\n%s", row->what, r.status, text);
        check_file(row, "sallyport.conf", row->conf, row->makes_conf);
        check_file(row, "master.key", row->key, row->makes_key);
        ran_free(&r);
        assert_int_equal(out_of_folder(NULL), 0);
    }
}

static void count_one(const FTSENT *e, void *owner)
{
    *(unsigned *)owner += e->fts_info != FTS_DP;
}

/* Files, whatever folder they are in. */
static unsigned count_files(void)
{
    unsigned n = 0;

    walk(count_one, &n);
    return n;
}

/* A key that cannot be written takes the configuration back, which would not
 * work without it.                                                          */
static void half_of_it_is_not_left(void **state)
{
    struct ran r;

    (void)state;
    assert_int_equal(symlink("nowhere/else", "master.key"), 0);
    r = init(false, (const char *const[]){ "-u", URI, NULL });
    assert_int_equal(r.status, SALLY_EXIT_REFUSED);
    assert_non_null(strstr(r.err, "master.key: "));
    assert_int_equal(count_files(), 1); /* the link */
    ran_free(&r);
}

int main(void)
{
#define IN_FOLDER(f)                                                           \
    cmocka_unit_test_setup_teardown(f, in_folder, out_of_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_it_makes_is_a_configuration),
        IN_FOLDER(no_two_have_one_key),
        cmocka_unit_test(makes_what_each_row_says),
        IN_FOLDER(half_of_it_is_not_left),
    };

    /* It asks only a terminal. */
    if (freopen("/dev/null", "r", stdin) == NULL)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
