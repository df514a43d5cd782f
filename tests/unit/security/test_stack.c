/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_stack.c - which mechanism each pair of mode and
 * scheme gets, and the channel that needs none.                             */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "security/stack.h"

static const struct row {
    enum sally_security_mode mode;
    enum sally_scheme scheme;
    const char *want; /* NULL: refused */
} rows[] = {
    { SALLY_MODE_PSK, SALLY_SCHEME_COAP, NULL },
    { SALLY_MODE_PSK, SALLY_SCHEME_COAPS, "dtls" },
    { SALLY_MODE_RPK, SALLY_SCHEME_COAP, NULL },
    { SALLY_MODE_RPK, SALLY_SCHEME_COAPS, "dtls" },
    { SALLY_MODE_X509, SALLY_SCHEME_COAP, NULL },
    { SALLY_MODE_X509, SALLY_SCHEME_COAPS, "dtls" },
    { SALLY_MODE_NOSEC, SALLY_SCHEME_COAP, "none" },
    { SALLY_MODE_NOSEC, SALLY_SCHEME_COAPS, NULL },
};

static void each_mode_and_scheme_has_its_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct sally_mechanism *m =
            sally_stack_row(rows[i].mode, rows[i].scheme);
        const char *got = m == NULL ? "nothing" : m->name;
        const char *want = rows[i].want == NULL ? "nothing" : rows[i].want;

        if (strcmp(got, want) != 0)
            fail_msg("mode %d, scheme %d: got: %s", rows[i].mode,
                     rows[i].scheme, got);
        if (m != NULL)
            assert_int_equal(m->secure, rows[i].mode != SALLY_MODE_NOSEC);
    }
}

static void what_does_not_go_together_is_refused(void **state)
{
    struct sally_stack s = { .channel = NULL };
    struct sally_credential c = { .size = 0 };

    (void)state;
    sally_credential_nosec(&c);
    assert_int_equal(sally_stack_start(&s, NULL, SALLY_SCHEME_COAPS, &c, 0),
                     SALLY_E_UNSUPPORTED);
    assert_int_equal(sally_stack_start(&s, NULL, SALLY_SCHEME_COAP, NULL, 0),
                     SALLY_E_NO_CREDENTIAL);
    c.mode = SALLY_MODE_PSK;
    assert_int_equal(sally_stack_start(&s, NULL, SALLY_SCHEME_COAPS, &c, 0),
                     SALLY_E_BAD_STATE);
    assert_int_equal(sally_stack_state(&s), SALLY_CHANNEL_IDLE);
    sally_stack_wipe(&s);
}

static void the_open_channel_copies(void **state)
{
    uint8_t room[8];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_stack s = { .channel = NULL };
    struct sally_credential c = { .size = 0 };

    (void)state;
    sally_credential_nosec(&c);
    assert_int_equal(sally_stack_start(&s, NULL, SALLY_SCHEME_COAP, &c, 0),
                     SALLY_E_OK);
    assert_int_equal(sally_stack_state(&s), SALLY_CHANNEL_UP);
    assert_int_equal(sally_stack_deadline(&s), SALLY_NEVER);
    assert_int_equal(sally_stack_overhead(&s), 0);
    assert_int_equal(sally_stack_seal(&s, sally_span_of("abc"), &out),
                     SALLY_E_OK);
    assert_int_equal(sally_stack_open(&s, sally_span_of("de"), &out, 0),
                     SALLY_E_OK);
    assert_true(sally_span_is(sally_buf_span(&out), "abcde"));
    assert_int_equal(sally_stack_seal(&s, sally_span_of("fghi"), &out),
                     SALLY_E_NO_ROOM);
    assert_int_equal(sally_stack_open(&s, sally_span_of("fghi"), &out, 0),
                     SALLY_E_TOO_LARGE);
    assert_int_equal(out.len, 5);
    assert_int_equal(
        sally_stack_open(&s, (struct sally_span){ NULL, 0 }, &out, 0),
        SALLY_E_PENDING);
    assert_int_equal(sally_stack_output(&s).len, 0);
    sally_stack_close(&s);
    assert_int_equal(sally_stack_state(&s), SALLY_CHANNEL_CLOSED);
    assert_int_equal(sally_stack_seal(&s, sally_span_of("a"), &out),
                     SALLY_E_BAD_STATE);
    sally_stack_wipe(&s);
}

static void a_stack_that_never_started_bears_every_call(void **state)
{
    uint8_t room[8];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_stack s = { .channel = NULL };

    (void)state;
    assert_int_equal(sally_stack_seal(&s, sally_span_of("a"), &out),
                     SALLY_E_BAD_STATE);
    assert_int_equal(sally_stack_open(&s, sally_span_of("a"), &out, 0),
                     SALLY_E_BAD_STATE);
    assert_int_equal(sally_stack_output(&s).len, 0);
    assert_int_equal(sally_stack_deadline(&s), SALLY_NEVER);
    assert_int_equal(sally_stack_reason(&s), SALLY_E_OK);
    assert_int_equal(sally_stack_peer_identity(&s).len, 0);
    assert_string_equal(sally_stack_suite(&s), "");
    assert_false(sally_stack_resumed(&s));
    assert_int_equal(sally_stack_alert(&s), -1);
    sally_stack_expire(&s, 1);
    sally_stack_close(&s);
    sally_stack_forget(&s);
    sally_stack_wipe(&s);
    sally_stack_wipe(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mode_and_scheme_has_its_row),
        cmocka_unit_test(what_does_not_go_together_is_refused),
        cmocka_unit_test(the_open_channel_copies),
        cmocka_unit_test(a_stack_that_never_started_bears_every_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
