/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_credential_file.c - what key files may hold, and
 * which keys go together.                                                   */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "security/credential_file.h"
#include "unit/security/mint.h"

#define HEX16 "00112233445566778899aabbccddeeff"
#define HEX64 HEX16 HEX16 HEX16 HEX16
#define NO_HEX                                                                 \
    "the file must hold one line of hexadecimal digits, two for each byte, "   \
    "and nothing else"

static const struct hex_row {
    const char *what, *text;
    size_t len; /* of the key; 0: refused */
    const char *why;
} hex_rows[] = {
    { "sixteen bytes and a line break", HEX16 "\n", 16, "" },
    { "without a line break", HEX16, 16, "" },
    { "a line break of another system, upper case",
      "AABBCCDDEEFF00112233445566778899\r\n", 16, "" },
    { "the longest", HEX64 "\n", 64, "" },
    { "the shortest", "0a\n", 1, "" },
    { "one byte too long", HEX64 "00\n", 0, "the key is longer than 64 bytes" },
    { "nothing", "", 0, "the file is empty" },
    { "an empty line", "\n", 0, "the file is empty" },
    { "half a byte", "001\n", 0, NO_HEX },
    { "two lines", HEX16 "\n" HEX16 "\n", 0, NO_HEX },
    { "a passphrase", "correct horse", 0, NO_HEX },
};

/* What is before it in the buffer stays. */
static enum sally_err take(enum sally_credential_kind kind,
                           enum sally_security_mode mode, uint8_t matching,
                           struct sally_span file, struct sally_buf *out,
                           const char **why)
{
    const struct sally_credential_how how = { mode, matching };

    *why = "";
    out->at[0] = 'x';
    out->len = 1;
    return sally_credential_read(sally_credential_field(kind), how, file, out,
                                 why);
}

static void reads_each_line_of_digits(void **state)
{
    static const enum sally_credential_kind kinds[] = {
        SALLY_FIELD_SECRET_KEY, SALLY_FIELD_MASTER_SECRET,
        SALLY_FIELD_MASTER_SALT
    };
    uint8_t room[200];
    struct sally_buf out = SALLY_BUF(room);
    const char *why;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(hex_rows) * SALLY_LEN(kinds); i++) {
        const struct hex_row *r = &hex_rows[i % SALLY_LEN(hex_rows)];
        enum sally_err e =
            take(kinds[i / SALLY_LEN(hex_rows)], SALLY_MODE_PSK, 0,
                 sally_span_of(r->text), &out, &why);

        if ((e == SALLY_E_OK) != (r->len != 0) || out.len != r->len + 1 ||
            strcmp(why, r->why) != 0)
            fail_msg("%s: %s, %zu bytes, \"%s\"", r->what, sally_err_text(e),
                     out.len, why);
    }
    assert_int_equal(take(SALLY_FIELD_SECRET_KEY, SALLY_MODE_PSK, 0,
                          sally_span_of("deadBEEF"), &out, &why),
                     SALLY_E_OK);
    assert_memory_equal(room, "x\xde\xad\xbe\xef", 5);
}

/* One pair and certificates of it, in all their forms. */
static struct {
    struct mint_pair pair, other;
    struct sally_span certificate, chain, foreign, old;
    struct sally_span crl;
} m;

static struct sally_span card(const char *subject, const struct mint_pair *key,
                              bool ca)
{
    const struct mint_card c = { .subject = subject, .issuer = "ca",
                                 .key = key, .signer = &m.other, .ca = ca };

    return mint_certificate(&c);
}

static int mint(void **state)
{
    struct mint_list list = { .issuer = "ca", .signer = &m.other };

    (void)state;
    mint_open();
    m.pair = mint_pair();
    m.other = mint_pair();
    m.certificate = card("sensor", &m.pair, false);
    m.foreign = card("ca", &m.other, true);
    m.chain = mint_join(m.certificate, m.foreign);
    m.crl = mint_crl(&list);
    return 0;
}

static int melt(void **state)
{
    (void)state;
    mint_close();
    return 0;
}

static void reads_each_form(void **state)
{
    static const enum sally_security_mode raw = SALLY_MODE_RPK,
                                          x509 = SALLY_MODE_X509;
    const struct form_row {
        const char *what;
        enum sally_credential_kind kind;
        enum sally_security_mode mode;
        struct sally_span file, want; /* no bytes wanted: refused */
    } rows[] = {
        { "private key, DER", SALLY_FIELD_SECRET_KEY, raw, m.pair.secret,
          m.pair.secret },
        { "private key, PEM", SALLY_FIELD_SECRET_KEY, x509,
          mint_pem(m.pair.secret, "PRIVATE KEY"), m.pair.secret },
        { "private key, SEC 1", SALLY_FIELD_SECRET_KEY, raw,
          mint_pem(mint_sec1(&m.pair), "EC PRIVATE KEY"),
          mint_sec1(&m.pair) },
        { "private key, RFC 5958", SALLY_FIELD_SECRET_KEY, raw,
          mint_rfc5958(&m.pair), mint_rfc5958(&m.pair) },
        { "private key under a password", SALLY_FIELD_SECRET_KEY, raw,
          mint_pem(m.pair.secret, "ENCRYPTED PRIVATE KEY"), { NULL, 0 } },
        { "digits for a private key", SALLY_FIELD_SECRET_KEY, raw,
          sally_span_of(HEX16), { NULL, 0 } },
        { "a certificate for a private key", SALLY_FIELD_SECRET_KEY, x509,
          mint_pem(m.certificate, "CERTIFICATE"), { NULL, 0 } },
        { "public key", SALLY_FIELD_PUBLIC_KEY, raw,
          mint_pem(m.pair.public, "PUBLIC KEY"), m.pair.public },
        { "a private key for a public one", SALLY_FIELD_PUBLIC_KEY, raw,
          mint_pem(m.pair.secret, "PRIVATE KEY"), { NULL, 0 } },
        { "certificate", SALLY_FIELD_CERTIFICATE, x509,
          mint_pem(m.certificate, "CERTIFICATE"), m.certificate },
        { "chain", SALLY_FIELD_CERTIFICATE, x509,
          mint_join(mint_pem(m.certificate, "CERTIFICATE"),
                    mint_pem(m.foreign, "CERTIFICATE")),
          m.chain },
        { "chain in DER", SALLY_FIELD_CERTIFICATE, x509, m.chain, m.chain },
        { "a list for a certificate", SALLY_FIELD_CERTIFICATE, x509,
          mint_pem(m.crl, "X509 CRL"), { NULL, 0 } },
        { "server's public key", SALLY_FIELD_SERVER_KEY, raw, m.other.public,
          m.other.public },
        { "a certificate for a server's raw key", SALLY_FIELD_SERVER_KEY, raw,
          mint_pem(m.foreign, "CERTIFICATE"), { NULL, 0 } },
        { "server's certificate", SALLY_FIELD_SERVER_KEY, x509,
          mint_pem(m.foreign, "CERTIFICATE"), m.foreign },
        { "a raw key for a server's certificate", SALLY_FIELD_SERVER_KEY, x509,
          mint_pem(m.other.public, "PUBLIC KEY"), { NULL, 0 } },
        { "nothing", SALLY_FIELD_CERTIFICATE, x509, { NULL, 0 }, { NULL, 0 } },
        { "half a file", SALLY_FIELD_CERTIFICATE, x509,
          sally_span_sub(m.certificate, 0, m.certificate.len - 1),
          { NULL, 0 } },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        uint8_t room[4000];
        struct sally_buf out = SALLY_BUF(room);
        const char *why;
        enum sally_err e = take(rows[i].kind, rows[i].mode, 0, rows[i].file,
                                &out, &why);

        if ((e == SALLY_E_OK) != (rows[i].want.len != 0) ||
            (e == SALLY_E_OK) == (why[0] != '\0') ||
            !sally_span_equal((struct sally_span){ &room[1], out.len - 1 },
                              rows[i].want))
            fail_msg("%s: %s, %zu bytes (%s)", rows[i].what, sally_err_text(e),
                     out.len - 1, why);
    }
}

static void a_digest_is_in_digits(void **state)
{
    uint8_t room[200];
    struct sally_buf out = SALLY_BUF(room);
    const char *why;

    (void)state;
    assert_int_equal(take(SALLY_FIELD_SERVER_KEY, SALLY_MODE_X509,
                          SALLY_MATCH_SHA256, sally_span_of(HEX16 HEX16), &out,
                          &why),
                     SALLY_E_OK);
    assert_int_equal(out.len, 33);
    assert_int_equal(take(SALLY_FIELD_SERVER_KEY, SALLY_MODE_RPK,
                          SALLY_MATCH_SHA256, m.other.public, &out, &why),
                     SALLY_E_NO_CREDENTIAL);
}

static void there_is_a_limit(void **state)
{
    uint8_t room[100];
    struct sally_buf out = SALLY_BUF(room);
    const char *why;

    (void)state;
    assert_int_equal(take(SALLY_FIELD_CERTIFICATE, SALLY_MODE_X509, 0,
                          m.certificate, &out, &why),
                     SALLY_E_NO_CREDENTIAL);
    assert_string_equal(why, "the keys and certificates of the account are "
                             "larger than 16384 bytes together");
    assert_int_equal(out.len, 1);
}

static void proves_each_pair(void **state)
{
    static const uint8_t broken[] = { 0x30, 3, 2, 1, 1 };
    const struct sally_span no_key = { broken, sizeof(broken) };
    const struct sally_span none = { NULL, 0 };
    const struct pair_row {
        const char *what;
        enum sally_security_mode mode;
        struct sally_span secret, public, server;
        enum sally_credential_kind culprit;
    } rows[] = {
        { "a raw key alone", SALLY_MODE_RPK, m.pair.secret, none,
          m.other.public, SALLY_FIELDS },
        { "both halves", SALLY_MODE_RPK, m.pair.secret, m.pair.public,
          m.other.public, SALLY_FIELDS },
        { "halves of two keys", SALLY_MODE_RPK, m.pair.secret, m.other.public,
          m.other.public, SALLY_FIELD_SECRET_KEY },
        { "no key at all", SALLY_MODE_RPK, no_key, none, m.other.public,
          SALLY_FIELD_SECRET_KEY },
        { "a certificate", SALLY_MODE_X509, m.pair.secret, m.chain, m.foreign,
          SALLY_FIELDS },
        { "the certificate of another key", SALLY_MODE_X509, m.other.secret,
          m.chain, m.foreign, SALLY_FIELD_SECRET_KEY },
        { "no certificate", SALLY_MODE_X509, m.pair.secret, no_key, m.foreign,
          SALLY_FIELD_CERTIFICATE },
        { "two certificates of a server", SALLY_MODE_X509, m.pair.secret,
          m.chain, m.chain, SALLY_FIELD_SERVER_KEY },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct sally_credential_parts p = {
            .mode = rows[i].mode, .secret_key = rows[i].secret,
            .public_key = rows[i].public, .server_public_key = rows[i].server,
            .usage = SALLY_USAGE_DOMAIN,
        };
        const struct sally_credential_field *culprit = NULL;
        struct sally_credential c = { .size = 0 };
        const char *why = "";
        enum sally_err e;

        assert_int_equal(sally_credential_make(&c, &p, NULL), SALLY_E_OK);
        e = sally_credential_prove(&c, &culprit, &why);
        if ((e == SALLY_E_OK) != (rows[i].culprit == SALLY_FIELDS) ||
            (culprit == NULL ? SALLY_FIELDS : culprit->kind) !=
                rows[i].culprit)
            fail_msg("%s: %s (%s)", rows[i].what, sally_err_text(e), why);
        sally_credential_wipe(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_line_of_digits),
        cmocka_unit_test(reads_each_form),
        cmocka_unit_test(a_digest_is_in_digits),
        cmocka_unit_test(there_is_a_limit),
        cmocka_unit_test(proves_each_pair),
    };

    return cmocka_run_group_tests(tests, mint, melt);
}
