/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_credential.c - what a credential must look like,
 * and that the field table fits it.                                         */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "security/credential.h"

/* 129 bytes */
static const uint8_t filler[] = "0123456789abcdef0123456789abcdef"
                                "0123456789abcdef0123456789abcdef"
                                "0123456789abcdef0123456789abcdef"
                                "0123456789abcdef0123456789abcdef";

#define X(n)                                                                   \
    {                                                                          \
        filler, (n)                                                            \
    }
static const struct row {
    const char *what;
    struct sally_span identity, key;
    enum sally_err want;
} rows[] = {
    { "usual", X(8), X(16), SALLY_E_OK },
    { "smallest", X(1), X(1), SALLY_E_OK },
    { "largest", X(128), X(64), SALLY_E_OK },
    { "no identity", X(0), X(16), SALLY_E_OUT_OF_RANGE },
    { "identity of 129 bytes", X(129), X(16), SALLY_E_OUT_OF_RANGE },
    { "no key", X(8), X(0), SALLY_E_OUT_OF_RANGE },
    { "key of 65 bytes", X(8), X(65), SALLY_E_OUT_OF_RANGE },
    { "zero byte in the identity",
      { (const uint8_t *)"a\0b", 3 },
      X(16),
      SALLY_E_MALFORMED },
};

static void takes_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct sally_credential c, before;
        enum sally_err got;

        memset(&c, 0x5a, sizeof(c));
        before = c;
        got = sally_credential_psk(&c, r->identity, r->key);
        if (got != r->want)
            fail_msg("%s: got: %s", r->what, sally_err_text(got));
        if (got != SALLY_E_OK) {
            assert_memory_equal(&c, &before, sizeof(c));
            continue;
        }
        assert_int_equal(c.mode, SALLY_MODE_PSK);
        assert_int_equal(c.generation, 0);
        assert_true(sally_span_equal(
            (struct sally_span){ c.identity, c.identity_len }, r->identity));
        assert_true(sally_span_equal(sally_secret_span(&c.key), r->key));
    }
}

static void nosec_holds_no_secret(void **state)
{
    static const struct sally_credential zero;
    struct sally_credential c;

    (void)state;
    assert_int_equal(sally_credential_psk(&c, (struct sally_span)X(8),
                                          (struct sally_span)X(16)),
                     SALLY_E_OK);
    sally_credential_nosec(&c);
    assert_int_equal(c.mode, SALLY_MODE_NOSEC);
    assert_int_equal(c.identity_len, 0);
    assert_memory_equal(c.key.bytes, zero.key.bytes, sizeof(c.key.bytes));
    sally_credential_wipe(&c);
    assert_memory_equal(&c, &zero, sizeof(c));
}

static const struct sally_credential_field *
field(enum sally_credential_kind kind)
{
    size_t n;
    const struct sally_credential_field *all = sally_credential_fields(&n);

    for (size_t i = 0; i < n; i++)
        if (all[i].kind == kind)
            return &all[i];
    fail_msg("no row for kind %d", (int)kind);
    return NULL;
}

static void the_field_table_is_object_0s(void **state)
{
    const unsigned psk = 1u << SALLY_MODE_PSK, nosec = 1u << SALLY_MODE_NOSEC;
    size_t n;
    const struct sally_credential_field *all = sally_credential_fields(&n);

    (void)state;
    assert_int_equal(field(SALLY_FIELD_MODE)->resource, 2);
    assert_int_equal(field(SALLY_FIELD_IDENTITY)->resource, 3);
    assert_int_equal(field(SALLY_FIELD_SECRET_KEY)->resource, 5);
    assert_true(field(SALLY_FIELD_SECRET_KEY)->secret);
    assert_true(field(SALLY_FIELD_SECRET_KEY)->from_file);
    assert_int_equal(field(SALLY_FIELD_SECRET_KEY)->allowed_in, psk);
    assert_int_equal(field(SALLY_FIELD_MODE)->needed_in, psk | nosec);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(all[i].needed_in & ~all[i].allowed_in, 0);
        assert_non_null(all[i].config_key);
        assert_non_null(all[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_each_row),
        cmocka_unit_test(nosec_holds_no_secret),
        cmocka_unit_test(the_field_table_is_object_0s),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
