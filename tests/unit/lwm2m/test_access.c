/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_access.c - what a book lets a server do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "lwm2m/access.h"
#include "unit/lwm2m/accounts.h"

/* Servers 123 and 124. */
static const char *const second[] = {
    "/0/2/0=coaps://other.example.com:5684", "/0/2/1=0", "/0/2/2=0",
    "/0/2/3=sensor", "/0/2/4=", "/0/2/5=other sixteen", "/0/2/10=124",
    "/1/1/0=124", "/1/1/1=300", "/1/1/6=1", "/1/1/7=U", NULL
};
#define NAMES(object, instance, owner)                                         \
    "/2/0/0=" object, "/2/0/1=" instance, "/2/0/3=" owner

static const struct row {
    const char *what;
    bool alone; /* 123 is the only server */
    const char *rights[8];
    uint16_t short_id;
    const char *path;
    const char *may; /* of "RWE" */
} rows[] = {
    { "nothing names it", false, { NULL }, 123, "/3303/0", "RWE" },
    { "another instance is named", false, { NAMES("3303", "1", "65535") }, 123,
      "/3303/0", "RWE" },
    { "another object is named", false, { NAMES("3304", "0", "65535") }, 123,
      "/3303/0/5700", "RWE" },
    { "an entry of its own", false,
      { NAMES("3303", "0", "65535"), "/2/0/2/123=1" }, 123, "/3303/0/5700",
      "R" },
    { "an entry of another", false,
      { NAMES("3303", "0", "65535"), "/2/0/2/123=1" }, 124, "/3303/0", "" },
    { "an entry for everybody", false,
      { NAMES("3303", "0", "65535"), "/2/0/2/0=5" }, 124, "/3303/0", "RE" },
    { "its own goes before that", false,
      { NAMES("3303", "0", "65535"), "/2/0/2/0=5", "/2/0/2/124=2" }, 124,
      "/3303/0", "W" },
    { "less for it than for everybody", false,
      { NAMES("3303", "0", "65535"), "/2/0/2/0=7", "/2/0/2/124=0" }, 124,
      "/3303/0", "" },
    { "an owner", false, { NAMES("3303", "0", "124"), "/2/0/2/0=1" }, 124,
      "/3303/0", "RWE" },
    { "an owner with an entry", false,
      { NAMES("3303", "0", "124"), "/2/0/2/124=1" }, 124, "/3303/0", "R" },
    { "nobody's", false, { NAMES("3303", "0", "65535") }, 124, "/3303/0", "" },
    { "to delete and create is nothing here", false,
      { NAMES("3303", "0", "65535"), "/2/0/2/124=24" }, 124, "/3303/0", "" },
    { "the only server", true,
      { NAMES("3303", "0", "65535"), "/2/0/2/0=0" }, 123, "/3303/0", "RWE" },
    { "the server's own instance of /1", false, { NAMES("1", "0", "65535") },
      123, "/1/0/1", "RWE" },
    { "an object as a whole", false, { NAMES("3303", "0", "65535") }, 123,
      "/3303", "RWE" },
};

static void is_as_each_row_says(void **state)
{
    static const struct {
        char letter;
        uint8_t right;
    } all[] = { { 'R', SALLY_MAY_READ }, { 'W', SALLY_MAY_WRITE },
                { 'E', SALLY_MAY_EXECUTE } };
    struct sally_registry registry = { .count = 0 };

    (void)state;
    assert_int_equal(sally_objects_builtin(&registry), SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_book b = { .at = NULL };
        struct sally_access access;
        struct sally_path path;

        assert_int_equal(sally_book_open(&b, SALLY_BOOK_MAX), SALLY_E_OK);
        accounts_fill(&b, &registry, accounts_usual);
        if (!rows[i].alone)
            accounts_fill(&b, &registry, second);
        accounts_fill(&b, &registry, rows[i].rights);
        sally_access_take(&b, rows[i].short_id, &access);
        assert_int_equal(
            sally_path_parse(sally_span_of(rows[i].path), &path), SALLY_E_OK);
        for (size_t k = 0; k < SALLY_LEN(all); k++)
            if (sally_access_allows(&access, &path, all[k].right) !=
                (strchr(rows[i].may, all[k].letter) != NULL))
                fail_msg("%s: %c", rows[i].what, all[k].letter);
        assert_true(sally_access_allows(&access, &path, 0));
        assert_true(sally_access_allows(NULL, &path, SALLY_MAY_WRITE));
        sally_book_wipe(&b);
    }
    sally_registry_wipe(&registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_as_each_row_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
