/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_generate.c - keys differ, and certificates are
 * made of keys only.                                                        */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "security/generate.h"

static void makes_another_key_each_time(void **state)
{
    uint8_t a[SALLY_GENERATED_KEY_MAX], b[SALLY_GENERATED_KEY_MAX];
    struct sally_buf one = SALLY_BUF(a), two = SALLY_BUF(b);

    (void)state;
    assert_int_equal(sally_generate_key(&one), SALLY_E_OK);
    assert_int_equal(sally_generate_key(&two), SALLY_E_OK);
    assert_int_equal(one.at[0], 0x30); /* a SEQUENCE */
    assert_in_range(one.len, 60, 200);
    assert_false(sally_span_equal(sally_buf_span(&one), sally_buf_span(&two)));
    assert_int_equal(sally_generate_key(&one), SALLY_E_NO_ROOM);
}

static void makes_a_certificate(void **state)
{
    uint8_t k[SALLY_GENERATED_KEY_MAX];
    uint8_t c[SALLY_GENERATED_CERTIFICATE_MAX + 1];
    struct sally_buf key = SALLY_BUF(k), der = SALLY_BUF(c);

    (void)state;
    assert_int_equal(sally_generate_key(&key), SALLY_E_OK);
    assert_int_equal(sally_generate_certificate(sally_buf_span(&key), "boiler",
                                                30, &der), SALLY_E_OK);
    assert_in_range(der.len, 200, SALLY_GENERATED_CERTIFICATE_MAX);
    assert_non_null(memmem(der.at, der.len, "boiler", 6));
    assert_int_equal(sally_generate_certificate(sally_buf_span(&key), "boiler",
                                                30, &der), SALLY_E_NO_ROOM);
    der.len = 0;
    assert_int_equal(sally_generate_certificate(sally_span_of("no key"), "x",
                                                30, &der),
                     SALLY_E_NO_CREDENTIAL);
    assert_int_equal(sally_generate_certificate(sally_buf_span(&key), "", 30,
                                                &der), SALLY_E_OUT_OF_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_another_key_each_time),
        cmocka_unit_test(makes_a_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
