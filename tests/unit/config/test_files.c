/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/config/test_files.c - reading the files, and packing them into a
 * bundle that another process maps.                                         */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/bundle.h"
#include "config/files.h"

static void make(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static char folder[] = "/tmp/sally-files-XXXXXX";

static int in_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    return mkdir("sensors.d", 0700) == 0 && mkdir("objects.d", 0700) == 0 ? 0
                                                                         : -1;
}

static int out_of_folder(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    return chdir("/") == 0 ? system(command) : -1;
}

static void expect_report(const char *main_path, unsigned want_bad,
                          const char *want)
{
    struct sally_config_files f;
    char *report = NULL;
    size_t size;
    FILE *stream = open_memstream(&report, &size);
    unsigned bad = sally_config_files_read(main_path, &f, stream);

    fclose(stream);
    assert_int_equal(bad, want_bad);
    assert_string_equal(report, want);
    free(report);
    sally_config_files_wipe(&f);
}

static void reads_folders_in_order(void **state)
{
    static const char *const want[] = {
        "sallyport.conf", "objects.d/o.conf", "sensors.d/10.conf",
        "sensors.d/9.conf", "sensors.d/B.conf", "sensors.d/a.conf",
    };
    struct sally_config_files f;

    (void)state;
    make("sallyport.conf", "main");
    make("objects.d/o.conf", "o");
    make("sensors.d/a.conf", "");
    make("sensors.d/B.conf", "b");
    make("sensors.d/9.conf", "9");
    make("sensors.d/10.conf", "10");
    make("sensors.d/.hidden.conf", "no");
    make("sensors.d/a.conf.bak", "no");
    make("sensors.d/.conf", "no");
    assert_int_equal(sally_config_files_read("sallyport.conf", &f, stderr), 0);
    assert_int_equal(f.count, SALLY_LEN(want));
    for (size_t i = 0; i < f.count; i++)
        assert_string_equal(f.files[i].path, want[i]);
    assert_true(sally_span_is(f.files[0].text, "main"));
    assert_int_equal(f.files[5].text.len, 0);
    sally_config_files_wipe(&f);
    sally_config_files_wipe(&f);
}

static void says_what_cannot_be_read(void **state)
{
    (void)state;
    expect_report("absent.conf", 1, "absent.conf: No such file or directory\n");
    assert_int_equal(mkdir("sensors.d/dir.conf", 0700), 0);
    expect_report("sallyport.conf", 1,
                  "sensors.d/dir.conf: is not a regular file\n");
    assert_int_equal(rmdir("sensors.d/dir.conf"), 0);
    assert_int_equal(mkfifo("sensors.d/pipe.conf", 0700), 0);
    expect_report("sallyport.conf", 1,
                  "sensors.d/pipe.conf: is not a regular file\n");
    assert_int_equal(unlink("sensors.d/pipe.conf"), 0);
    make("sensors.d/large.conf", "");
    assert_int_equal(truncate("sensors.d/large.conf",
                              SALLY_CONFIG_FILE_MAX + 1), 0);
    expect_report("sallyport.conf", 1,
                  "sensors.d/large.conf: is larger than 1 MiB\n");
    assert_int_equal(unlink("sensors.d/large.conf"), 0);
}

static void bundle_gives_back_what_was_put_in(void **state)
{
    struct sally_place places[] = { { 1, 7 }, { 0, 1 } };
    const struct sally_plan plan = { 7, 2, places };
    const struct sally_config_file files[] = {
        { "etc/sallyport.conf", sally_span_of("gateway = { };") },
        { "etc/sensors.d/empty.conf", { NULL, 0 } },
        { "", sally_span_of("x") },
    };
    struct sally_bundle b;
    int fd = -1;

    (void)state;
    assert_int_equal(sally_bundle_make(&plan, files, 3, &fd), SALLY_E_OK);
    assert_int_equal(sally_bundle_map(fd, &b), SALLY_E_OK);
    close(fd); /* the mapping stays */
    assert_int_equal(b.count, 3);
    assert_int_equal(b.plan.generation, 7);
    assert_int_equal(b.plan.count, 2);
    assert_memory_equal(b.plan.places, places, sizeof(places));
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(b.files[i].path, files[i].path);
        assert_true(sally_span_equal(b.files[i].text, files[i].text));
    }
    sally_bundle_wipe(&b);
    sally_bundle_wipe(&b);
}

static void bundle_cannot_be_changed(void **state)
{
    const struct sally_config_file file = { "f", sally_span_of("text") };
    const struct sally_plan plan = { 1, 0, NULL };
    int fd = -1;

    (void)state;
    assert_int_equal(sally_bundle_make(&plan, &file, 1, &fd), SALLY_E_OK);
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    close(fd);
}

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }
#define B(...) { BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__)) }

#define PLAN 0, 0, 0, 1, 0, 0, 0, 0

static const struct row {
    const char *what;
    struct sally_span bytes;
    enum sally_err want;
} rows[] = {
    { "one empty file", B(PLAN, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0),
      SALLY_E_OK },
    { "no file", B(PLAN, 0, 0, 0, 0), SALLY_E_MALFORMED },
    { "half a number", B(PLAN, 0, 0), SALLY_E_MALFORMED },
    { "more files than there may be", B(PLAN, 0, 1, 0, 0), SALLY_E_MALFORMED },
    { "a file that is not there", B(PLAN, 0, 0, 0, 1), SALLY_E_MALFORMED },
    { "a path without its zero", B(PLAN, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 'a'),
      SALLY_E_MALFORMED },
    { "a path with two zeros",
      B(PLAN, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0), SALLY_E_MALFORMED },
    { "a text that runs past the end",
      B(PLAN, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0), SALLY_E_MALFORMED },
    { "a length of 4 GiB",
      B(PLAN, 0, 0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 0),
      SALLY_E_MALFORMED },
    { "a byte too many", B(PLAN, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0),
      SALLY_E_MALFORMED },
    { "half a plan", B(0, 0, 0, 1, 0, 0), SALLY_E_MALFORMED },
    { "places that are not there", B(0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1),
      SALLY_E_MALFORMED },
    { "more places than there may be",
      B(0, 0, 0, 1, 255, 255, 255, 255, 0, 0, 0, 1), SALLY_E_MALFORMED },
};

static void maps_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        int fd = memfd_create("row", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        struct sally_bundle b = { .files = NULL };

        assert_int_equal(write(fd, rows[i].bytes.at, rows[i].bytes.len),
                         rows[i].bytes.len);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK |
                                                    F_SEAL_GROW |
                                                    F_SEAL_WRITE), 0);
        enum sally_err got = sally_bundle_map(fd, &b);
        if (got != rows[i].want)
            fail_msg("%s: got: %s", rows[i].what, sally_err_text(got));
        sally_bundle_wipe(&b);
        close(fd);
    }
}

static void refuses_what_is_not_sealed(void **state)
{
    struct sally_bundle b;
    int fd = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    (void)state;
    assert_int_equal(write(fd, rows[0].bytes.at, rows[0].bytes.len),
                     rows[0].bytes.len);
    assert_int_equal(sally_bundle_map(fd, &b), SALLY_E_BAD_STATE);
    close(fd);
    assert_int_equal(sally_bundle_map(-1, &b), SALLY_E_BAD_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_folders_in_order),
        cmocka_unit_test(says_what_cannot_be_read),
        cmocka_unit_test(bundle_gives_back_what_was_put_in),
        cmocka_unit_test(bundle_cannot_be_changed),
        cmocka_unit_test(maps_each_row),
        cmocka_unit_test(refuses_what_is_not_sealed),
    };

    return cmocka_run_group_tests(tests, in_folder, out_of_folder);
}
