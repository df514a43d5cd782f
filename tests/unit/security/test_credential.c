/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_credential.c - what a credential must look like,
 * and that what was made is all its own.                                    */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "security/credential.h"

#define NONE SALLY_FIELDS /* no culprit */

/* 20,000 bytes that are no zeros. */
static uint8_t filler[20000];

#define X(n) { filler, (n) }
#define TEXT(t) { (const uint8_t *)(t), sizeof(t) - 1 }

static const uint16_t two_suites[] = { 0xc0a8, 0x1301 };

#define OSCORE_OF(n, recipient, ...)                                           \
    &(const struct sally_oscore_parts)                                         \
    {                                                                          \
        .master_secret = X(n), .recipient_id = recipient, __VA_ARGS__          \
    }
#define SERVER TEXT("s")
#define OSCORE(...) OSCORE_OF(16, SERVER, __VA_ARGS__)
#define PSK .mode = SALLY_MODE_PSK, .identity = X(8), .secret_key = X(16)
#define RPK .mode = SALLY_MODE_RPK, .secret_key = X(121)
#define X509                                                                   \
    .mode = SALLY_MODE_X509, .secret_key = X(121), .public_key = X(600),       \
    .usage = SALLY_USAGE_DOMAIN
#define NOSEC .mode = SALLY_MODE_NOSEC

static const struct sally_trust *const some_trust = (const void *)filler;

static const struct row {
    const char *what;
    struct sally_credential_parts parts;
    enum sally_err want;
    enum sally_credential_kind culprit;
} rows[] = {
    { "usual PSK", { PSK }, SALLY_E_OK, NONE },
    { "smallest PSK",
      { .identity = X(1), .secret_key = X(1) }, SALLY_E_OK, NONE },
    { "largest PSK",
      { .identity = X(128), .secret_key = X(64) }, SALLY_E_OK, NONE },
    { "PSK without an identity",
      { .secret_key = X(16) }, SALLY_E_NO_CREDENTIAL, SALLY_FIELD_IDENTITY },
    { "PSK identity of 129 bytes",
      { .identity = X(129), .secret_key = X(16) },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_IDENTITY },
    { "PSK without a key",
      { .identity = X(8) }, SALLY_E_NO_CREDENTIAL, SALLY_FIELD_SECRET_KEY },
    { "PSK of 65 bytes",
      { .identity = X(8), .secret_key = X(65) },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_SECRET_KEY },
    { "zero byte in the identity",
      { .identity = TEXT("a\0b"), .secret_key = X(16) },
      SALLY_E_MALFORMED, SALLY_FIELD_IDENTITY },
    { "PSK with a server key",
      { PSK, .server_public_key = X(91) },
      SALLY_E_NOT_ALLOWED, SALLY_FIELD_SERVER_KEY },
    { "PSK with a certificate",
      { PSK, .public_key = X(91) },
      SALLY_E_NOT_ALLOWED, SALLY_FIELD_CERTIFICATE },
    { "PSK with suites",
      { PSK, .suites = two_suites, .suite_count = 2 }, SALLY_E_OK, NONE },
    { "too many suites",
      { PSK, .suites = two_suites, .suite_count = 17 },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_SUITES },

    { "RPK with the key alone",
      { RPK, .server_public_key = X(91) }, SALLY_E_OK, NONE },
    { "RPK with both halves",
      { RPK, .server_public_key = X(91), .public_key = X(91) },
      SALLY_E_OK, NONE },
    { "RPK without the server's key",
      { RPK }, SALLY_E_NO_CREDENTIAL, SALLY_FIELD_SERVER_KEY },
    { "RPK without its own key",
      { .mode = SALLY_MODE_RPK, .server_public_key = X(91) },
      SALLY_E_NO_CREDENTIAL, SALLY_FIELD_SECRET_KEY },
    { "RPK with an identity",
      { RPK, .server_public_key = X(91), .identity = X(8) },
      SALLY_E_NOT_ALLOWED, SALLY_FIELD_IDENTITY },
    { "RPK with a digest",
      { RPK, .server_public_key = X(32), .matching = SALLY_MATCH_SHA256 },
      SALLY_E_OK, NONE },

    { "X.509", { X509, .server_public_key = X(600) }, SALLY_E_OK, NONE },
    { "X.509 without a certificate",
      { .mode = SALLY_MODE_X509, .secret_key = X(121),
        .server_public_key = X(600) },
      SALLY_E_NO_CREDENTIAL, SALLY_FIELD_CERTIFICATE },
    { "usage 3 without the certificate",
      { X509 }, SALLY_E_NO_CREDENTIAL, SALLY_FIELD_SERVER_KEY },
    { "usage 2 without an anchor, for all the trust",
      { .mode = SALLY_MODE_X509, .secret_key = X(121), .public_key = X(600),
        .usage = SALLY_USAGE_ANCHOR, .trust = (const void *)filler },
      SALLY_E_NO_CREDENTIAL, SALLY_FIELD_SERVER_KEY },
    { "usage 0 with trust and no pin",
      { .mode = SALLY_MODE_X509, .secret_key = X(121), .public_key = X(600),
        .usage = SALLY_USAGE_CA, .trust = (const void *)filler },
      SALLY_E_OK, NONE },
    { "usage 0 without trust and pin",
      { .mode = SALLY_MODE_X509, .secret_key = X(121), .public_key = X(600),
        .usage = SALLY_USAGE_CA },
      SALLY_E_NO_CREDENTIAL, SALLY_FIELD_SERVER_KEY },
    { "usage 4",
      { .mode = SALLY_MODE_X509, .secret_key = X(121), .public_key = X(600),
        .server_public_key = X(600), .usage = 4 },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_USAGE },
    { "a digest as an anchor",
      { .mode = SALLY_MODE_X509, .secret_key = X(121), .public_key = X(600),
        .server_public_key = X(32), .usage = SALLY_USAGE_ANCHOR,
        .matching = SALLY_MATCH_SHA256 },
      SALLY_E_NOT_ALLOWED, SALLY_FIELD_MATCHING },
    { "digests of their lengths",
      { X509, .server_public_key = X(48), .matching = SALLY_MATCH_SHA384 },
      SALLY_E_OK, NONE },
    { "a digest of another length",
      { X509, .server_public_key = X(32), .matching = SALLY_MATCH_SHA512 },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_SERVER_KEY },
    { "matching type 4",
      { X509, .server_public_key = X(32), .matching = 4 },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_MATCHING },
    { "a name",
      { X509, .server_public_key = X(600),
        .server_name = TEXT("lwm2m.example.com") }, SALLY_E_OK, NONE },
    { "an address as the name, from a URI",
      { X509, .server_public_key = X(600), .server_name = TEXT("192.0.2.1") },
      SALLY_E_OK, NONE },
    { "a name with a zero byte",
      { X509, .server_public_key = X(600), .server_name = TEXT("a\0b") },
      SALLY_E_MALFORMED, SALLY_FIELD_SERVER_NAME },
    { "a name of 254 bytes",
      { X509, .server_public_key = X(600), .server_name = X(254) },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_SERVER_NAME },
    { "almost more than there is room for",
      { X509, .server_public_key = X(15000) }, SALLY_E_OK, NONE },
    { "more than there is room for in all",
      { .mode = SALLY_MODE_X509, .secret_key = X(6000), .public_key = X(6000),
        .usage = SALLY_USAGE_DOMAIN, .server_public_key = X(6000) },
      SALLY_E_TOO_LARGE, NONE },

    { "nothing", { NOSEC }, SALLY_E_OK, NONE },
    { "NoSec with a key",
      { NOSEC, .secret_key = X(16) },
      SALLY_E_NOT_ALLOWED, SALLY_FIELD_SECRET_KEY },
    { "NoSec with suites",
      { NOSEC, .suites = two_suites, .suite_count = 1 },
      SALLY_E_NOT_ALLOWED, SALLY_FIELD_SUITES },
    { "a mode that is none", { .mode = 4 }, SALLY_E_OUT_OF_RANGE,
      SALLY_FIELD_MODE },

    { "OSCORE alone",
      { NOSEC, .oscore = OSCORE(.aead = 0) }, SALLY_E_OK, NONE },
    { "OSCORE in DTLS",
      { PSK, .oscore = OSCORE(.aead = 24, .hkdf = -11) }, SALLY_E_OK, NONE },
    { "OSCORE in X.509",
      { X509, .server_public_key = X(600), .oscore = OSCORE(.hkdf = 7) },
      SALLY_E_OK, NONE },
    { "OSCORE without a secret",
      { NOSEC, .oscore = OSCORE_OF(0, SERVER, .aead = 0) },
      SALLY_E_NO_CREDENTIAL, SALLY_FIELD_MASTER_SECRET },
    { "OSCORE secret of 65 bytes",
      { NOSEC, .oscore = OSCORE_OF(65, SERVER, .aead = 0) },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_MASTER_SECRET },
    { "OSCORE salt of 65 bytes",
      { NOSEC, .oscore = OSCORE(.master_salt = X(65)) },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_MASTER_SALT },
    { "OSCORE identifier of 7 bytes",
      { NOSEC, .oscore = OSCORE(.sender_id = X(7)) }, SALLY_E_OK, NONE },
    { "OSCORE identifier of 8 bytes",
      { NOSEC, .oscore = OSCORE(.sender_id = X(8)) },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_SENDER_ID },
    { "7 bytes with a nonce of 12",
      { NOSEC, .oscore = OSCORE_OF(16, X(7), .aead = 1) },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_RECIPIENT_ID },
    { "2 bytes with a nonce of 7",
      { NOSEC, .oscore = OSCORE(.sender_id = X(2), .aead = 12) },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_SENDER_ID },
    { "the same identifier twice",
      { NOSEC, .oscore = OSCORE(.sender_id = TEXT("s")) },
      SALLY_E_MALFORMED, SALLY_FIELD_RECIPIENT_ID },
    { "ID Context of 64 bytes",
      { NOSEC, .oscore = OSCORE(.id_context = X(64), .has_id_context = true) },
      SALLY_E_OK, NONE },
    { "ID Context of 65 bytes",
      { NOSEC, .oscore = OSCORE(.id_context = X(65), .has_id_context = true) },
      SALLY_E_OUT_OF_RANGE, SALLY_FIELD_ID_CONTEXT },
    { "unknown AEAD",
      { NOSEC, .oscore = OSCORE(.aead = 14) },
      SALLY_E_UNSUPPORTED, SALLY_FIELD_AEAD },
    { "unknown HKDF",
      { NOSEC, .oscore = OSCORE(.hkdf = -12) },
      SALLY_E_UNSUPPORTED, SALLY_FIELD_HKDF },
};

static void takes_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        const struct sally_credential_field *culprit = NULL;
        struct sally_credential c = { .generation = 77 }, before = c;
        enum sally_err got = sally_credential_make(&c, &r->parts, &culprit);

        if (got != r->want)
            fail_msg("%s: got: %s", r->what, sally_err_text(got));
        if ((culprit == NULL ? NONE : culprit->kind) != r->culprit)
            fail_msg("%s: blamed: %s", r->what,
                     culprit == NULL ? "nobody" : culprit->config_key);
        if (got != SALLY_E_OK)
            assert_memory_equal(&c, &before, sizeof(c));
        sally_credential_wipe(&c);
    }
}

/* Is `s` a copy of `of` inside the credential's memory? */
static void assert_owned(const struct sally_credential *c, struct sally_span s,
                         struct sally_span of)
{
    const uint8_t *bytes = c->bytes;

    assert_true(sally_span_equal(s, of));
    if (of.len == 0)
        return;
    assert_ptr_not_equal(s.at, of.at);
    assert_true(s.at >= bytes && s.at + s.len <= bytes + c->size);
}

static void owns_all_of_it(void **state)
{
    const struct sally_oscore_parts oscore = {
        .master_secret = X(16), .master_salt = X(8), .sender_id = TEXT("a"),
        .id_context = TEXT(""), .has_id_context = true,
        .hkdf = 5, .start = SALLY_OSCORE_B2,
    };
    const struct sally_credential_parts p = {
        X509, .server_public_key = X(500), .matching = SALLY_MATCH_EXACT,
        .server_name = TEXT("example.com"), .suites = two_suites,
        .suite_count = 2, .min_version = SALLY_TLS_1_3, .connection_id = true,
        .trust = some_trust, .oscore = &oscore, .generation = 7,
    };
    struct sally_credential c = { .size = 0 };

    (void)state;
    assert_int_equal(sally_credential_make(&c, &p, NULL), SALLY_E_OK);
    assert_int_equal(c.mode, SALLY_MODE_X509);
    assert_owned(&c, c.identity, p.identity);
    assert_owned(&c, c.public_key, p.public_key);
    assert_owned(&c, c.secret_key, p.secret_key);
    assert_owned(&c, c.server_public_key, p.server_public_key);
    assert_owned(&c, c.server_name, p.server_name);
    assert_int_equal(c.suite_count, 2);
    assert_memory_equal(c.suites, two_suites, sizeof(two_suites));
    assert_ptr_not_equal(c.suites, two_suites);
    assert_int_equal(c.usage, SALLY_USAGE_DOMAIN);
    assert_int_equal(c.min_version, SALLY_TLS_1_3);
    assert_true(c.connection_id);
    assert_ptr_equal(c.trust, p.trust);
    assert_int_equal(c.generation, 7);
    assert_ptr_not_equal(c.oscore, &oscore);
    assert_owned(&c, c.oscore->master_secret, oscore.master_secret);
    assert_owned(&c, c.oscore->master_salt, oscore.master_salt);
    assert_owned(&c, c.oscore->sender_id, oscore.sender_id);
    assert_int_equal(c.oscore->recipient_id.len, 0);
    assert_true(c.oscore->has_id_context);
    assert_int_equal(c.oscore->aead, 10);
    assert_int_equal(c.oscore->hkdf, -10);
    assert_int_equal(c.oscore->start, SALLY_OSCORE_B2);
    sally_credential_wipe(&c);
}

static void nosec_holds_no_secret(void **state)
{
    static const struct sally_credential zero;
    struct sally_credential c = { .size = 0 };

    (void)state;
    assert_int_equal(sally_credential_psk(&c, (struct sally_span)X(8),
                                          (struct sally_span)X(16)),
                     SALLY_E_OK);
    assert_int_equal(c.size, 24);
    sally_credential_nosec(&c);
    assert_int_equal(c.mode, SALLY_MODE_NOSEC);
    assert_int_equal(c.identity.len, 0);
    assert_null(c.bytes);
    sally_credential_wipe(&c);
    assert_memory_equal(&c, &zero, sizeof(c));
}

static uint64_t digest_of(const struct sally_credential_parts *p)
{
    const struct sally_hash_key key = { { 1, 2 } };
    struct sally_credential c = { .size = 0 };
    uint64_t digest;

    assert_int_equal(sally_credential_make(&c, p, NULL), SALLY_E_OK);
    digest = sally_credential_digest(&c, &key);
    sally_credential_wipe(&c);
    return digest;
}

/* All differ from each other, and each is the same at the second time. */
static void the_digest_tells_them_apart(void **state)
{
    const struct sally_credential_parts all[] = {
        { .identity = TEXT("ab"), .secret_key = TEXT("c") },
        { .identity = TEXT("a"), .secret_key = TEXT("bc") },
        { .identity = TEXT("a"), .secret_key = TEXT("bd") },
        { .identity = TEXT("a"), .secret_key = TEXT("bd"), .generation = 1 },
        { .identity = TEXT("a"), .secret_key = TEXT("bd"),
          .connection_id = true },
        { .identity = TEXT("a"), .secret_key = TEXT("bd"),
          .min_version = SALLY_TLS_1_3 },
        { .identity = TEXT("a"), .secret_key = TEXT("bd"),
          .suites = two_suites, .suite_count = 1 },
        { NOSEC },
        { NOSEC, .oscore = OSCORE(.aead = 10) },
        { NOSEC, .oscore = OSCORE(.aead = 11) },
        { NOSEC, .oscore = OSCORE(.hkdf = -11) },
        { NOSEC, .oscore = OSCORE(.has_id_context = true) },
        { NOSEC, .oscore = OSCORE(.sender_id = TEXT("x")) },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(all); i++) {
        assert_true(digest_of(&all[i]) == digest_of(&all[i]));
        for (size_t j = 0; j < i; j++)
            if (digest_of(&all[i]) == digest_of(&all[j]))
                fail_msg("%zu and %zu are the same", i, j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_each_row),
        cmocka_unit_test(owns_all_of_it),
        cmocka_unit_test(nosec_holds_no_secret),
        cmocka_unit_test(the_digest_tells_them_apart),
    };

    memset(filler, 'x', sizeof(filler));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
