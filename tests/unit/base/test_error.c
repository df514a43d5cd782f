/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/base/test_error.c - each row has a text, and each number too. */
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void rows_say_what_they_are(void **state)
{
    (void)state;
    assert_int_equal(SALLY_E_OK, 0);
    assert_string_equal(sally_err_text(SALLY_E_OK), "success");
    assert_int_equal(sally_err_class_of(SALLY_E_OK), SALLY_ERR_NONE);
    assert_int_equal(sally_err_class_of(SALLY_E_MALFORMED), SALLY_ERR_PEER);
    assert_int_equal(sally_err_class_of(SALLY_E_PENDING), SALLY_ERR_LATER);
    assert_int_equal(sally_err_class_of(SALLY_E_NO_ROOM), SALLY_ERR_LOCAL);
    assert_int_equal(sally_err_class_of(SALLY_E_BAD_STATE), SALLY_ERR_BUG);
}

static void texts_differ_and_have_no_full_stop(void **state)
{
    (void)state;
    for (int a = 0; a <= SALLY_E_BAD_STATE; a++) {
        const char *text = sally_err_text((enum sally_err)a);

        assert_true(strlen(text) > 3 && text[strlen(text) - 1] != '.');
        for (int b = 0; b < a; b++)
            assert_string_not_equal(text, sally_err_text((enum sally_err)b));
    }
}

static void a_number_that_is_no_row_is_a_bug(void **state)
{
    (void)state;
    assert_string_equal(sally_err_text((enum sally_err)4711), "unknown error");
    assert_int_equal(sally_err_class_of((enum sally_err)4711), SALLY_ERR_BUG);
    assert_int_equal(sally_err_class_of((enum sally_err)-1), SALLY_ERR_BUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_say_what_they_are),
        cmocka_unit_test(texts_differ_and_have_no_full_stop),
        cmocka_unit_test(a_number_that_is_no_row_is_a_bug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
