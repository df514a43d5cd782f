/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_registry.c - definitions are copied, found, and hold
 * values to their type and range.                                           */
#include "lwm2m/registry.h"
#include "unit/lwm2m/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sally_registry registry;

static void finds_what_was_added(void **state)
{
    const struct sally_object_definition *d =
        sally_registry_object(&registry, 3303);

    (void)state;
    assert_non_null(d);
    assert_string_equal(d->name, "Temperature");
    assert_string_equal(d->version, "1.1");
    assert_true(d->multiple);
    assert_int_equal(sally_registry_resource(&registry, 3303, 5700)->type,
                     SALLY_TYPE_FLOAT);
    assert_null(sally_registry_object(&registry, 4));
    assert_null(sally_registry_resource(&registry, 4, 0));
    assert_null(sally_registry_resource(&registry, 3303, 5702));
    assert_null(sally_registry_resource(&registry, 3303, 0));
}

static void wants_the_right_depth(void **state)
{
    static const struct {
        const char *path;
        bool found;
    } rows[] = { { "/", false },        { "/3", false },
                 { "/3/0", false },     { "/3/0/9", true },
                 { "/3/0/9/0", false }, { "/3/0/6", false },
                 { "/3/0/6/7", true },  { "/3/0/99", false } };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_path p = sample_path(rows[i].path);

        if ((sally_registry_definition(&registry, &p) != NULL) !=
            rows[i].found)
            fail_msg("%s", rows[i].path);
    }
}

static void copies_all_that_it_keeps(void **state)
{
    char name[] = "name", unit[] = "Cel";
    struct sally_resource_definition resource = { .id = 7,
                                                  .type = SALLY_TYPE_FLOAT,
                                                  .name = name,
                                                  .unit = unit };
    struct sally_object_definition object = { .id = 5,
                                              .name = name,
                                              .version = NULL,
                                              .resources = &resource,
                                              .count = 1 };
    struct sally_registry r = { .objects = NULL };

    (void)state;
    assert_int_equal(sally_registry_add(&r, &object), SALLY_E_OK);
    memset(name, 'x', 4);
    memset(unit, 'x', 3);
    resource.id = 8;
    assert_string_equal(sally_registry_object(&r, 5)->name, "name");
    assert_string_equal(sally_registry_object(&r, 5)->version, "");
    assert_string_equal(sally_registry_resource(&r, 5, 7)->unit, "Cel");
    sally_registry_wipe(&r);
    sally_registry_wipe(&r);
    assert_null(sally_registry_object(&r, 5));
}

static void refuses_bad_definitions(void **state)
{
    static const struct sally_resource_definition same[] = { { .id = 1 },
                                                             { .id = 1 } };
    static const struct sally_resource_definition falling[] = { { .id = 2 },
                                                                { .id = 1 } };
    static const struct sally_resource_definition reserved[] = {
        { .id = 65535 }
    };
    struct sally_object_definition d = { .id = 77, .count = 2 };

    (void)state;
    d.resources = same;
    assert_int_equal(sally_registry_add(&registry, &d), SALLY_E_OUT_OF_RANGE);
    d.resources = falling;
    assert_int_equal(sally_registry_add(&registry, &d), SALLY_E_OUT_OF_RANGE);
    d.resources = reserved;
    d.count = 1;
    assert_int_equal(sally_registry_add(&registry, &d), SALLY_E_OUT_OF_RANGE);
    d.count = 0;
    d.id = 65535;
    assert_int_equal(sally_registry_add(&registry, &d), SALLY_E_OUT_OF_RANGE);
    d.id = 3;
    assert_int_equal(sally_registry_add(&registry, &d), SALLY_E_DUPLICATE);
}

/* In any order, and more than the first growth has room for. */
static void keeps_many_objects_in_order(void **state)
{
    struct sally_registry r = { .objects = NULL };

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct sally_object_definition d = { .id = (uint16_t)(i * 617 %
                                                              1009) };

        assert_int_equal(sally_registry_add(&r, &d), SALLY_E_OK);
    }
    for (size_t i = 1; i < r.count; i++)
        assert_true(r.objects[i - 1].id < r.objects[i].id);
    assert_int_equal(r.count, 1000);
    sally_registry_wipe(&r);
}

static const struct admitted {
    const char *what, *path;
    struct sally_lwm2m_value value;
    enum sally_err want;
} admitted[] = {
#define INTEGER(n) { SALLY_TYPE_INTEGER, { .integer = (n) } }
#define REAL(n) { SALLY_TYPE_FLOAT, { .real = (n) } }
#define TEXT(text)                                                             \
    { SALLY_TYPE_STRING,                                                       \
      { .bytes = { (const uint8_t *)(text), sizeof(text) - 1 } } }
#define OPAQUE(text)                                                           \
    { SALLY_TYPE_OPAQUE,                                                       \
      { .bytes = { (const uint8_t *)(text), sizeof(text) - 1 } } }
    { "a whole number for a float", "/3303/0/5700", INTEGER(21), SALLY_E_OK },
    { "text for a float", "/3303/0/5700", TEXT("21"), SALLY_E_WRONG_TYPE },
    { "an unknown resource", "/3303/0/5702", REAL(1), SALLY_E_NOT_FOUND },
    { "an instance", "/3303/0", REAL(1), SALLY_E_NOT_FOUND },
    { "a single one with an instance", "/3303/0/5700/0", REAL(1),
      SALLY_E_NOT_FOUND },
    { "the lower bound", "/9000/0/21", REAL(-10), SALLY_E_OK },
    { "the upper bound", "/9000/0/21", INTEGER(10), SALLY_E_OK },
    { "below the range", "/9000/0/21", REAL(-10.001), SALLY_E_OUT_OF_RANGE },
    { "above the range", "/9000/0/21", REAL(10.001), SALLY_E_OUT_OF_RANGE },
    { "a whole number above", "/9000/0/23", INTEGER(101),
      SALLY_E_OUT_OF_RANGE },
    { "text as short as allowed", "/9000/0/22", TEXT("ab"), SALLY_E_OK },
    { "text too short", "/9000/0/22", TEXT("a"), SALLY_E_OUT_OF_RANGE },
    { "text too long", "/9000/0/22", TEXT("abcde"), SALLY_E_OUT_OF_RANGE },
    { "opaque too long", "/9000/0/24", OPAQUE("abcd"), SALLY_E_OUT_OF_RANGE },
    { "empty opaque", "/9000/0/24", OPAQUE(""), SALLY_E_OK },
    { "a value to execute with", "/9000/0/20", INTEGER(1),
      SALLY_E_WRONG_TYPE },
};

static void admits_by_type_and_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(admitted); i++) {
        struct sally_path p = sample_path(admitted[i].path);
        struct sally_lwm2m_value v;
        enum sally_err got =
            sally_registry_admit(&registry, &p, &admitted[i].value, &v);

        if (got != admitted[i].want)
            fail_msg("%s: %s", admitted[i].what, sally_err_text(got));
    }
}

static int open_registry(void **state)
{
    (void)state;
    sample_registry(&registry);
    return 0;
}

static int close_registry(void **state)
{
    (void)state;
    sally_registry_wipe(&registry);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_added),
        cmocka_unit_test(wants_the_right_depth),
        cmocka_unit_test(copies_all_that_it_keeps),
        cmocka_unit_test(refuses_bad_definitions),
        cmocka_unit_test(keeps_many_objects_in_order),
        cmocka_unit_test(admits_by_type_and_range),
    };

    return cmocka_run_group_tests(tests, open_registry, close_registry);
}
