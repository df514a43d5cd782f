/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_path.c - each row says in words what it is for. */
#include "lwm2m/path.h"
#include "unit/lwm2m/sample.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct row {
    const char *what, *text;
    enum sally_err want;
    struct sally_path path;
} rows[] = {
    { "the root", "/", SALLY_E_OK, { 0, { 0, 0, 0, 0 } } },
    { "an object", "/3", SALLY_E_OK, { 1, { 3, 0, 0, 0 } } },
    { "an instance", "/3/0", SALLY_E_OK, { 2, { 3, 0, 0, 0 } } },
    { "a resource", "/3303/1/5700", SALLY_E_OK, { 3, { 3303, 1, 5700, 0 } } },
    { "a resource instance", "/3/0/6/1", SALLY_E_OK, { 4, { 3, 0, 6, 1 } } },
    { "the largest ids", "/65534/65534/65534/65534", SALLY_E_OK,
      { 4, { 65534, 65534, 65534, 65534 } } },
    { "nothing", "", SALLY_E_MALFORMED, { 0 } },
    { "no slash in front", "3/0", SALLY_E_MALFORMED, { 0 } },
    { "a slash at the end", "/3/", SALLY_E_MALFORMED, { 0 } },
    { "two slashes", "//", SALLY_E_MALFORMED, { 0 } },
    { "an empty segment", "/3//1", SALLY_E_MALFORMED, { 0 } },
    { "a leading zero", "/03", SALLY_E_MALFORMED, { 0 } },
    { "two zeros", "/3/00", SALLY_E_MALFORMED, { 0 } },
    { "a sign", "/+3", SALLY_E_MALFORMED, { 0 } },
    { "a negative id", "/-3", SALLY_E_MALFORMED, { 0 } },
    { "a space", "/ 3", SALLY_E_MALFORMED, { 0 } },
    { "a letter", "/3/a", SALLY_E_MALFORMED, { 0 } },
    { "five segments", "/3/0/6/1/1", SALLY_E_MALFORMED, { 0 } },
    { "the reserved id", "/65535", SALLY_E_OUT_OF_RANGE, { 0 } },
    { "an id of 17 bits", "/3/65536", SALLY_E_OUT_OF_RANGE, { 0 } },
    { "an id beyond 64 bits", "/18446744073709551616", SALLY_E_OUT_OF_RANGE,
      { 0 } },
};

static void parses_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_path p = { 9, { 9, 9, 9, 9 } };
        enum sally_err got =
            sally_path_parse(sally_span_of(rows[i].text), &p);

        if (got != rows[i].want)
            fail_msg("%s: %s", rows[i].what, sally_err_text(got));
        if (got == SALLY_E_OK && !sally_path_equal(&p, &rows[i].path))
            fail_msg("%s: another path", rows[i].what);
        if (got != SALLY_E_OK && p.depth != 9)
            fail_msg("%s: path changed", rows[i].what);
    }
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        char text[SALLY_PATH_TEXT];

        if (rows[i].want == SALLY_E_OK)
            assert_string_equal(sally_path_text(&rows[i].path, text),
                                rows[i].text);
    }
}

static void pushes_until_it_is_full(void **state)
{
    struct sally_path p = { .depth = 0 };

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(sally_path_push(&p, sally_span_of("7")), SALLY_E_OK);
    assert_int_equal(sally_path_push(&p, sally_span_of("7")),
                     SALLY_E_BAD_STATE);
    assert_int_equal(p.depth, 4);
}

/* Each stands before the next. */
static const char *const ordered[] = { "/",      "/1",       "/1/5",
                                       "/3",     "/3/0",     "/3/0/6",
                                       "/3/0/6/0", "/3/0/6/1", "/3/0/7",
                                       "/3/1",   "/3303/0",  "/3303/0/5700" };

static void orders_by_ids_then_depth(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(ordered); i++)
        for (size_t j = 0; j < SALLY_LEN(ordered); j++) {
            struct sally_path a = sample_path(ordered[i]);
            struct sally_path b = sample_path(ordered[j]);

            assert_int_equal(sally_path_order(&a, &b), (i > j) - (i < j));
            assert_int_equal(sally_path_equal(&a, &b), i == j);
        }
}

static const struct covering {
    const char *outer, *inner;
    bool want;
} coverings[] = {
    { "/", "/", true },           { "/", "/3/0/6/1", true },
    { "/3", "/3/0/9", true },     { "/3/0/9", "/3/0/9", true },
    { "/3/0/9", "/3/0", false },  { "/3", "/33", false },
    { "/3/0/0", "/3/0", false },  { "/0", "/", false },
    { "/3/0", "/3/1/9", false },  { "/3/0/6", "/3/0/6/1", true },
    { "/3/0/6/1", "/3/0/6", false },
};

static void covers_what_is_below(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(coverings); i++) {
        struct sally_path outer = sample_path(coverings[i].outer);
        struct sally_path inner = sample_path(coverings[i].inner);

        if (sally_path_covers(&outer, &inner) != coverings[i].want)
            fail_msg("%s and %s", coverings[i].outer, coverings[i].inner);
    }
}

static void builds_paths_for_code(void **state)
{
    struct sally_path o = sally_path_object(3303);
    struct sally_path i = sally_path_instance(3303, 1);
    struct sally_path r = sally_path_resource(3303, 1, 5700);
    char text[SALLY_PATH_TEXT];

    (void)state;
    assert_string_equal(sally_path_text(&o, text), "/3303");
    assert_string_equal(sally_path_text(&i, text), "/3303/1");
    assert_string_equal(sally_path_text(&r, text), "/3303/1/5700");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_each_row),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(pushes_until_it_is_full),
        cmocka_unit_test(orders_by_ids_then_depth),
        cmocka_unit_test(covers_what_is_below),
        cmocka_unit_test(builds_paths_for_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
