/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/config/test_reference.c - the manual can be made of the tables:
 * each group and key says what it is for.                                   */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/reference.h"
#include "security/credential.h"

/* Text that a manual can print as it is, with each `name` closed. */
static bool is_prose(const char *text)
{
    size_t ticks = 0;

    if (text == NULL || text[0] == '\0')
        return false;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] < ' ' || text[i] > '~')
            return false;
        ticks += text[i] == '`';
    }
    return ticks % 2 == 0;
}

static void every_key_says_what_it_is_for(void **state)
{
    struct sally_reference_group g;
    struct sally_reference_key k;
    size_t keys = 0;

    (void)state;
    for (size_t i = 0; sally_reference_group(i, &g); i++) {
        if (!is_prose(g.about))
            fail_msg("%s: no sentence about it", g.name);
        for (size_t j = 0; sally_reference_key(i, j, &k); j++, keys++) {
            if (!is_prose(k.meaning))
                fail_msg("%s.%s: no meaning", g.name, k.name);
            if (!is_prose(k.kind) || strlen(k.kind) + 1 == sizeof(k.kind))
                fail_msg("%s.%s: kind is \"%s\"", g.name, k.name, k.kind);
            if (k.must && k.fallback != NULL)
                fail_msg("%s.%s: must be given, and has a default", g.name,
                         k.name);
        }
    }
    assert_true(keys > 80);
}

static void no_group_stands_there_twice(void **state)
{
    struct sally_reference_group g, before;

    (void)state;
    for (size_t i = 0; sally_reference_group(i, &g); i++)
        for (size_t j = 0; j < i; j++) {
            assert_true(sally_reference_group(j, &before));
            assert_string_not_equal(g.name, before.name);
        }
}

static const struct row {
    size_t group;
    const char *name, *kind, *fallback;
    bool must;
} rows[] = {
    { 1, "name", "a name of 1 to 64 letters, digits, '.', '_' or '-'", NULL,
      true },
    { 1, "max_sensors", "a whole number of sensors, 1 to 100000", "1000",
      false },
    { 5, "coap", "a list of listeners", NULL, false },
    { 13, "mode", "\"psk\", \"rpk\", \"x509\" or \"nosec\"", NULL, false },
    { 13, "key_file", "the path of a file", NULL, false },
    { 14, "sender_id",
      "an identifier in hexadecimal digits in quotes, 0 to 7 bytes", NULL,
      false },
};

static void tells_a_key_as_the_table_has_it(void **state)
{
    struct sally_reference_key k;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t n = 0;; n++) {
            assert_true(sally_reference_key(rows[i].group, n, &k));
            if (strcmp(k.name, rows[i].name) == 0)
                break;
        }
        assert_string_equal(k.kind, rows[i].kind);
        assert_int_equal(k.must, rows[i].must);
        if (rows[i].fallback == NULL)
            assert_null(k.fallback);
        else
            assert_string_equal(k.fallback, rows[i].fallback);
    }
}

/* The credential table is the list of the keys of an account. */
static void each_field_of_an_account_is_a_key(void **state)
{
    size_t count;
    const struct sally_credential_field *f = sally_credential_fields(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const char *group = f[i].object == 0 ? "account" : "oscore";
        struct sally_reference_group g;
        struct sally_reference_key k;
        size_t number = 0;

        while (sally_reference_group(number, &g) && strcmp(g.name, group) != 0)
            number++;
        for (size_t n = 0;; n++) {
            if (!sally_reference_key(number, n, &k))
                fail_msg("%s is no key of %s", f[i].config_key, group);
            if (strcmp(k.name, f[i].config_key) == 0)
                break;
        }
        assert_string_equal(k.meaning, f[i].meaning);
    }
}

/* gateway.console.metrics is refused by this version. */
static void leaves_out_what_is_refused(void **state)
{
    struct sally_reference_key k;

    (void)state;
    for (size_t g = 0; g < 99; g++)
        for (size_t i = 0; sally_reference_key(g, i, &k); i++)
            assert_string_not_equal(k.name, "metrics");
    assert_false(sally_reference_key(99, 0, &k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_says_what_it_is_for),
        cmocka_unit_test(no_group_stands_there_twice),
        cmocka_unit_test(tells_a_key_as_the_table_has_it),
        cmocka_unit_test(each_field_of_an_account_is_a_key),
        cmocka_unit_test(leaves_out_what_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
