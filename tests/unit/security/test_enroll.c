/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_enroll.c - what is made for a new account can be
 * read as its file, and is what its server is told.                         */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "security/certificate.h"
#include "security/credential_file.h"
#include "security/enroll.h"
#include "security/pem.h"

#define ROOM 1024

static const struct row {
    const char *what;
    enum sally_credential_kind kind;
    enum sally_security_mode mode;
    enum sally_err made;
    size_t least, most; /* bytes of the field */
} rows[] = {
    { "a pre-shared key", SALLY_FIELD_SECRET_KEY, SALLY_MODE_PSK, SALLY_E_OK,
      16, 16 },
    { "a private key", SALLY_FIELD_SECRET_KEY, SALLY_MODE_RPK, SALLY_E_OK, 60,
      200 },
    { "one of a certificate", SALLY_FIELD_SECRET_KEY, SALLY_MODE_X509,
      SALLY_E_UNSUPPORTED, 0, 0 },
    { "a certificate", SALLY_FIELD_CERTIFICATE, SALLY_MODE_X509,
      SALLY_E_UNSUPPORTED, 0, 0 },
    { "the server's key", SALLY_FIELD_SERVER_KEY, SALLY_MODE_RPK,
      SALLY_E_UNSUPPORTED, 0, 0 },
    { "a Master Secret", SALLY_FIELD_MASTER_SECRET, SALLY_MODE_NOSEC,
      SALLY_E_OK, 16, 16 },
    { "a Master Salt", SALLY_FIELD_MASTER_SALT, SALLY_MODE_NOSEC, SALLY_E_OK, 8,
      8 },
};

static const struct sally_enroll_source nothing;

static enum sally_err make_of(const struct row *r,
                              const struct sally_enroll_source *from,
                              struct sally_buf *file)
{
    const struct sally_enrolled whose = { r->mode, "cloud", "plant-7-boiler" };

    return sally_enroll_file(sally_credential_field(r->kind), &whose, from,
                             file);
}

static enum sally_err make(const struct row *r, struct sally_buf *file)
{
    return make_of(r, &nothing, file);
}

static void read_back(const struct row *r, const struct sally_buf *file,
                      struct sally_buf *out)
{
    const struct sally_credential_how how = { r->mode, SALLY_MATCH_EXACT };
    const char *why = "";

    if (sally_credential_read(sally_credential_field(r->kind), how,
                              sally_buf_span(file), out, &why) != SALLY_E_OK)
        fail_msg("%s: %s", r->what, why);
    assert_in_range(out->len, r->least, r->most);
}

static void what_is_made_can_be_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        uint8_t a[ROOM], b[ROOM], c[ROOM], d[ROOM];
        struct sally_buf one = SALLY_BUF(a), two = SALLY_BUF(b);
        struct sally_buf first = SALLY_BUF(c), second = SALLY_BUF(d);

        assert_int_equal(make(r, &one), r->made);
        if (r->made != SALLY_E_OK) {
            assert_int_equal(one.len, 0);
            continue;
        }
        assert_int_equal(make(r, &two), SALLY_E_OK);
        read_back(r, &one, &first);
        read_back(r, &two, &second);
        assert_false(sally_span_equal(sally_buf_span(&first),
                                      sally_buf_span(&second)));
        one.len = ROOM - 4;
        assert_int_equal(make(r, &one), SALLY_E_NO_ROOM);
    }
}

/* Computed with another implementation of HKDF, from a secret of the bytes 0 to
 * 31 and the gateway "plant-7".                                             */
static void a_fleet_has_one_secret(void **state)
{
    static const struct {
        size_t row;
        const char *line;
    } known[] = {
        { 0, "d71b86e40ac8407696f3519a5da0464c\n" },
        { 5, "97f0be87377e465df6f618131df0792d\n" },
        { 6, "da10f2d96b302925\n" },
    };
    uint8_t secret[32], key[SALLY_FLEET_KEY_LEN], other[SALLY_FLEET_KEY_LEN];
    const struct sally_enroll_source from = { .fleet = { key, sizeof(key) } };

    (void)state;
    for (size_t i = 0; i < sizeof(secret); i++)
        secret[i] = (uint8_t)i;
    assert_int_equal(sally_enroll_fleet((struct sally_span){ secret, 32 },
                                        "plant-7", key), SALLY_E_OK);
    assert_int_equal(sally_enroll_fleet((struct sally_span){ secret, 32 },
                                        "plant-8", other), SALLY_E_OK);
    assert_memory_not_equal(key, other, sizeof(key));
    for (size_t i = 0; i < SALLY_LEN(known); i++) {
        uint8_t room[ROOM];
        struct sally_buf file = SALLY_BUF(room);

        assert_int_equal(make_of(&rows[known[i].row], &from, &file),
                         SALLY_E_OK);
        assert_true(sally_span_is(sally_buf_span(&file), known[i].line));
    }
}

static void the_authority_goes_along(void **state)
{
    static const struct row row = { .kind = SALLY_FIELD_SECRET_KEY,
                                    .mode = SALLY_MODE_X509 };
    const struct sally_enrolled whose = { SALLY_MODE_X509, "cloud",
                                          "plant-7-boiler" };
    uint8_t k[SALLY_GENERATED_KEY_MAX], a[SALLY_GENERATED_CERTIFICATE_MAX];
    struct sally_buf key = SALLY_BUF(k), ca = SALLY_BUF(a);
    struct sally_enroll_source from = { .days = 7,
                                        .now = (uint64_t)time(NULL) };
    uint8_t f[2 * ROOM], b[ROOM], d[2 * ROOM];
    struct sally_buf file = SALLY_BUF(f), own = SALLY_BUF(b);
    struct sally_buf der = SALLY_BUF(d);
    struct sally_cursor c;
    struct sally_certificate first, second;

    (void)state;
    assert_int_equal(sally_generate_key(&key), SALLY_E_OK);
    assert_int_equal(sally_generate_certificate(sally_buf_span(&key), "plant-7",
                                                30, &ca), SALLY_E_OK);
    from.issuers = sally_buf_span(&ca);
    from.issuer_key = sally_buf_span(&key);
    assert_int_equal(make_of(&row, &from, &file), SALLY_E_OK);
    read_back(&rows[1], &file, &own);
    file.len = 0;
    assert_int_equal(sally_enroll_certificate(sally_buf_span(&own), &whose,
                                              &nothing, &file),
                     SALLY_E_UNSUPPORTED);
    assert_int_equal(sally_enroll_certificate(sally_buf_span(&own), &whose,
                                              &from, &file), SALLY_E_OK);
    assert_int_equal(sally_pem_read(sally_buf_span(&file),
                                    SALLY_PEM_CERTIFICATES, &der), SALLY_E_OK);
    c = sally_cursor_over(sally_buf_span(&der));
    assert_int_equal(sally_certificate_take(&c, &first), SALLY_E_OK);
    assert_int_equal(sally_certificate_take(&c, &second), SALLY_E_OK);
    assert_true(sally_cursor_done(&c));
    assert_true(sally_span_is(first.common_name, "plant-7-boiler"));
    assert_true(sally_span_equal(second.whole, from.issuers));
    assert_int_equal(sally_keypair_check(first.whole, sally_buf_span(&own)),
                     SALLY_E_OK);
}

static void a_server_is_told_of_a_shared_key(void **state)
{
    struct sally_credential c = { .size = 0 };
    struct sally_claim claim;

    (void)state;
    assert_int_equal(sally_credential_psk(&c, sally_span_of("ep"),
                                          sally_span_of("0123456789abcdef")),
                     SALLY_E_OK);
    assert_int_equal(sally_claim_make(&claim, &c), SALLY_E_OK);
    assert_string_equal(claim.mode, "psk");
    assert_true(claim.session);
    assert_true(sally_span_is(claim.identity, "ep"));
    assert_true(sally_span_is(claim.shared_key, "0123456789abcdef"));
    assert_int_equal(claim.public_key.len, 0);
    sally_credential_wipe(&c);
}

/* Not of the private half. */
static void a_server_is_told_of_a_public_key(void **state)
{
    uint8_t a[ROOM], b[ROOM], s[SALLY_PUBLIC_KEY_MAX];
    struct sally_buf file = SALLY_BUF(a), key = SALLY_BUF(b);
    struct sally_buf spki = SALLY_BUF(s);
    struct sally_credential c = { .size = 0 };
    struct sally_credential_parts parts = { .mode = SALLY_MODE_RPK };
    struct sally_claim claim;

    (void)state;
    assert_int_equal(make(&rows[1], &file), SALLY_E_OK);
    read_back(&rows[1], &file, &key);
    assert_int_equal(sally_keypair_public(sally_buf_span(&key), &spki),
                     SALLY_E_OK);
    parts.secret_key = sally_buf_span(&key);
    parts.server_public_key = sally_buf_span(&spki);
    assert_int_equal(sally_credential_make(&c, &parts, NULL), SALLY_E_OK);
    assert_int_equal(sally_claim_make(&claim, &c), SALLY_E_OK);
    assert_string_equal(claim.mode, "rpk");
    assert_int_equal(claim.shared_key.len, 0);
    assert_true(sally_span_equal(claim.public_key, sally_buf_span(&spki)));
    sally_credential_wipe(&c);
}

static void without_a_session_there_is_nothing_to_tell(void **state)
{
    struct sally_credential c = { .size = 0 };
    struct sally_claim claim;

    (void)state;
    sally_credential_nosec(&c);
    assert_int_equal(sally_claim_make(&claim, &c), SALLY_E_OK);
    assert_string_equal(claim.mode, "nosec");
    assert_false(claim.session);
    assert_int_equal(claim.identity.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_made_can_be_read),
        cmocka_unit_test(a_fleet_has_one_secret),
        cmocka_unit_test(the_authority_goes_along),
        cmocka_unit_test(a_server_is_told_of_a_shared_key),
        cmocka_unit_test(a_server_is_told_of_a_public_key),
        cmocka_unit_test(without_a_session_there_is_nothing_to_tell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
