/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_generate.c - keys differ, and certificates are
 * made of keys only.                                                        */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "security/certificate.h"
#include "security/generate.h"
#include "security/keypair.h"
#include "security/signature.h"

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

/* An authority of its own, which lasts 30 days from now on. */
struct authority {
    uint8_t key_room[SALLY_GENERATED_KEY_MAX];
    uint8_t room[SALLY_GENERATED_CERTIFICATE_MAX];
    struct sally_issuer by;
};

static void make_authority(struct authority *a, const char *name)
{
    struct sally_buf key = SALLY_BUF(a->key_room), der = SALLY_BUF(a->room);

    assert_int_equal(sally_generate_key(&key), SALLY_E_OK);
    assert_int_equal(sally_generate_certificate(sally_buf_span(&key), name, 30,
                                                &der), SALLY_E_OK);
    a->by.certificate = sally_buf_span(&der);
    a->by.key = sally_buf_span(&key);
}

static void an_authority_signs(void **state)
{
    struct authority a;
    uint8_t k[SALLY_GENERATED_KEY_MAX], c[SALLY_GENERATED_CERTIFICATE_MAX];
    struct sally_buf key = SALLY_BUF(k), der = SALLY_BUF(c);
    struct sally_certificate issuer, made;

    (void)state;
    make_authority(&a, "plant-7");
    assert_int_equal(sally_generate_key(&key), SALLY_E_OK);
    assert_int_equal(sally_generate_issued(sally_buf_span(&key), "boiler", 365,
                                           &a.by, (uint64_t)time(NULL), &der),
                     SALLY_E_OK);
    assert_int_equal(sally_certificate_parse(a.by.certificate, &issuer),
                     SALLY_E_OK);
    assert_int_equal(sally_certificate_parse(sally_buf_span(&der), &made),
                     SALLY_E_OK);
    assert_true(sally_span_is(made.common_name, "boiler"));
    assert_true(sally_span_equal(made.issuer, issuer.subject));
    assert_false(made.ca);
    assert_in_range(made.not_after, time(NULL) + 27 * 86400,
                    issuer.not_after); /* not the 365 days */
    assert_int_equal(sally_keypair_check(made.whole, sally_buf_span(&key)),
                     SALLY_E_OK);
    assert_int_equal(sally_signature_check(made.algorithm, issuer.key,
                                           made.signed_part, made.signature),
                     SALLY_E_OK);
}

static void some_cannot_sign(void **state)
{
    struct authority a, b;
    uint8_t k[SALLY_GENERATED_KEY_MAX], c[SALLY_GENERATED_CERTIFICATE_MAX];
    uint8_t d[SALLY_GENERATED_CERTIFICATE_MAX];
    struct sally_buf key = SALLY_BUF(k), leaf = SALLY_BUF(c);
    struct sally_buf der = SALLY_BUF(d);
    const uint64_t now = (uint64_t)time(NULL);

    (void)state;
    make_authority(&a, "one");
    make_authority(&b, "other");
    assert_int_equal(sally_generate_key(&key), SALLY_E_OK);
    assert_int_equal(sally_generate_issued(sally_buf_span(&key), "boiler", 3,
                                           &a.by, now, &leaf), SALLY_E_OK);
    const struct {
        struct sally_issuer by;
        uint64_t now;
        enum sally_err want;
    } rows[] = {
        { { a.by.certificate, b.by.key }, now, SALLY_E_WRONG_KEY },
        { { sally_buf_span(&leaf), sally_buf_span(&key) }, now,
          SALLY_E_BAD_CERTIFICATE },
        { { sally_span_of("x"), a.by.key }, now, SALLY_E_BAD_CERTIFICATE },
        { { a.by.certificate, sally_span_of("x") }, now,
          SALLY_E_NO_CREDENTIAL },
        { a.by, now + (uint64_t)31 * 86400, SALLY_E_EXPIRED },
    };

    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        assert_int_equal(sally_generate_issued(sally_buf_span(&key), "boiler",
                                               3, &rows[i].by, rows[i].now,
                                               &der), rows[i].want);
        assert_int_equal(der.len, 0);
    }
    assert_int_equal(sally_generate_issued(sally_buf_span(&key), "boiler", 0,
                                           &a.by, now, &der),
                     SALLY_E_OUT_OF_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_another_key_each_time),
        cmocka_unit_test(makes_a_certificate),
        cmocka_unit_test(an_authority_signs),
        cmocka_unit_test(some_cannot_sign),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
