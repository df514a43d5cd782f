/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_pem.c - key files in all their forms, and keys that
 * do not belong together.                                                   */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "security/keypair.h"
#include "security/pem.h"
#include "unit/security/mint.h"

static struct {
    struct mint_pair key, other;
    struct sally_span first, second; /* certificates of both keys */
} w;

static int set_up(void **state)
{
    struct mint_card c = { .subject = "a", .issuer = "a", .key = &w.key,
                           .signer = &w.key };

    (void)state;
    mint_open();
    w.key = mint_pair();
    w.other = mint_pair();
    w.first = mint_certificate(&c);
    c.key = &w.other;
    w.second = mint_certificate(&c);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mint_close();
    return 0;
}

static struct sally_span joined(struct sally_span a, struct sally_span b)
{
    return mint_join(a, b);
}

static void reads_each_form(void **state)
{
    struct sally_span sec1 = mint_sec1(&w.key);
    struct sally_span one = mint_pem(w.first, "CERTIFICATE");
    struct sally_span two = mint_pem(w.second, "CERTIFICATE");
    struct sally_span secret = mint_pem(w.key.secret, "PRIVATE KEY");
    struct sally_span public = mint_pem(w.key.public, "PUBLIC KEY");
    struct sally_span both = joined(w.first, w.second);
    struct sally_span text = sally_span_of("Subject: CN = a\nand more: text\n");
    const struct {
        const char *what;
        enum sally_pem_kind kind;
        struct sally_span file, want;
        enum sally_err e;
    } rows[] = {
        { "a certificate", SALLY_PEM_CERTIFICATES, one, w.first, SALLY_E_OK },
        { "two", SALLY_PEM_CERTIFICATES, joined(one, two), both, SALLY_E_OK },
        { "two with text before each", SALLY_PEM_CERTIFICATES,
          joined(joined(text, one), joined(text, two)), both, SALLY_E_OK },
        { "two with a key between", SALLY_PEM_CERTIFICATES,
          joined(joined(one, secret), two), both, SALLY_E_OK },
        { "in DER", SALLY_PEM_CERTIFICATES, w.first, w.first, SALLY_E_OK },
        { "two in DER", SALLY_PEM_CERTIFICATES, both, both, SALLY_E_OK },
        { "a private key", SALLY_PEM_PRIVATE_KEY, secret, w.key.secret,
          SALLY_E_OK },
        { "one beside its certificate", SALLY_PEM_PRIVATE_KEY,
          joined(one, secret), w.key.secret, SALLY_E_OK },
        { "in SEC 1", SALLY_PEM_PRIVATE_KEY, mint_pem(sec1, "EC PRIVATE KEY"),
          sec1, SALLY_E_OK },
        { "in DER", SALLY_PEM_PRIVATE_KEY, w.key.secret, w.key.secret,
          SALLY_E_OK },
        { "a public key", SALLY_PEM_PUBLIC_KEY, public, w.key.public,
          SALLY_E_OK },
        { "a server's raw key", SALLY_PEM_SERVER_KEY, public, w.key.public,
          SALLY_E_OK },
        { "a server's certificate", SALLY_PEM_SERVER_KEY, one, w.first,
          SALLY_E_OK },
        { "lines that end with CR LF", SALLY_PEM_PUBLIC_KEY,
          sally_span_of("-----BEGIN PUBLIC KEY-----\r\nMAMC\r\nAQE=\r\n"
                        "-----END PUBLIC KEY-----\r\n"),
          { (const uint8_t *)"\x30\x03\x02\x01\x01", 5 }, SALLY_E_OK },
        { "nothing", SALLY_PEM_CERTIFICATES, { NULL, 0 }, { NULL, 0 },
          SALLY_E_NOT_FOUND },
        { "only text", SALLY_PEM_CERTIFICATES, text, { NULL, 0 },
          SALLY_E_NOT_FOUND },
        { "a key for a certificate", SALLY_PEM_CERTIFICATES, secret,
          { NULL, 0 }, SALLY_E_NOT_FOUND },
        { "a certificate for a list", SALLY_PEM_CRLS, one, { NULL, 0 },
          SALLY_E_NOT_FOUND },
        { "two private keys", SALLY_PEM_PRIVATE_KEY, joined(secret, secret),
          { NULL, 0 }, SALLY_E_MALFORMED },
        { "two keys of a server", SALLY_PEM_SERVER_KEY, joined(public, one),
          { NULL, 0 }, SALLY_E_MALFORMED },
        { "no end", SALLY_PEM_CERTIFICATES,
          sally_span_sub(one, 0, one.len - 30), { NULL, 0 },
          SALLY_E_MALFORMED },
        { "another end", SALLY_PEM_PUBLIC_KEY,
          sally_span_of("-----BEGIN PUBLIC KEY-----\nMAMCAQE=\n"
                        "-----END PRIVATE KEY-----\n"),
          { NULL, 0 }, SALLY_E_MALFORMED },
        { "a letter that is none", SALLY_PEM_PUBLIC_KEY,
          sally_span_of("-----BEGIN PUBLIC KEY-----\nMAMC#QE=\n"
                        "-----END PUBLIC KEY-----\n"),
          { NULL, 0 }, SALLY_E_MALFORMED },
        { "no element of DER", SALLY_PEM_PUBLIC_KEY,
          sally_span_of("-----BEGIN PUBLIC KEY-----\nAAAAAAAA\n"
                        "-----END PUBLIC KEY-----\n"),
          { NULL, 0 }, SALLY_E_MALFORMED },
        { "DER that is cut", SALLY_PEM_PRIVATE_KEY,
          sally_span_sub(w.key.secret, 0, 60), { NULL, 0 },
          SALLY_E_MALFORMED },
        { "a key under a password", SALLY_PEM_PRIVATE_KEY,
          mint_pem(w.key.secret, "ENCRYPTED PRIVATE KEY"), { NULL, 0 },
          SALLY_E_UNSUPPORTED },
        { "the old way", SALLY_PEM_PRIVATE_KEY,
          sally_span_of("-----BEGIN EC PRIVATE KEY-----\n"
                        "Proc-Type: 4,ENCRYPTED\n\nMAMCAQE=\n"
                        "-----END EC PRIVATE KEY-----\n"),
          { NULL, 0 }, SALLY_E_UNSUPPORTED },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        uint8_t room[4096];
        struct sally_buf der = SALLY_BUF(room);
        enum sally_err e = sally_pem_read(rows[i].file, rows[i].kind, &der);

        if (e != rows[i].e ||
            !sally_span_equal(sally_buf_span(&der), rows[i].want))
            fail_msg("%s: got: %s, %zu bytes", rows[i].what,
                     sally_err_text(e), der.len);
    }
}

static void what_fails_leaves_nothing_behind(void **state)
{
    struct sally_span file = mint_pem(w.key.secret, "PRIVATE KEY");
    uint8_t wide[512] = { 1 };
    struct sally_buf two = { wide, 1, sizeof(wide) };
    uint8_t room[50] = { 1 };
    struct sally_buf der = { room, 1, sizeof(room) };

    (void)state;
    assert_int_equal(sally_pem_read(file, SALLY_PEM_PRIVATE_KEY, &der),
                     SALLY_E_NO_ROOM);
    assert_int_equal(der.len, 1);
    for (size_t i = 1; i < sizeof(room); i++)
        assert_int_equal(room[i], 0);
    assert_int_equal(
        sally_pem_read(w.key.secret, SALLY_PEM_PRIVATE_KEY, &der),
        SALLY_E_NO_ROOM);
    assert_int_equal(
        sally_pem_read(mint_join(file, file), SALLY_PEM_PRIVATE_KEY, &two),
        SALLY_E_MALFORMED);
    assert_int_equal(two.len, 1);
    for (size_t i = 1; i < sizeof(wide); i++)
        assert_int_equal(wide[i], 0);
}

static void the_public_half_comes_out_of_each_form(void **state)
{
    const struct {
        const char *what;
        struct sally_span secret;
    } rows[] = {
        { "PKCS#8", w.key.secret },
        { "SEC 1", mint_sec1(&w.key) },
        { "RFC 5958 with the public half", mint_rfc5958(&w.key) },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        uint8_t room[SALLY_PUBLIC_KEY_MAX];
        struct sally_buf spki = SALLY_BUF(room);
        enum sally_err e = sally_keypair_public(rows[i].secret, &spki);

        if (e != SALLY_E_OK ||
            !sally_span_equal(sally_buf_span(&spki), w.key.public))
            fail_msg("%s: %s, %zu bytes", rows[i].what, sally_err_text(e),
                     spki.len);
    }
}

static void halves_that_do_not_fit_are_noticed(void **state)
{
    const struct {
        const char *what;
        struct sally_span public, secret;
        enum sally_err want;
    } rows[] = {
        { "a pair", w.key.public, w.key.secret, SALLY_E_OK },
        { "a certificate and its key", w.first, w.key.secret, SALLY_E_OK },
        { "a chain and its key", joined(w.second, w.first), w.other.secret,
          SALLY_E_OK },
        { "another key", w.key.public, w.other.secret, SALLY_E_WRONG_KEY },
        { "another key's certificate", w.second, w.key.secret,
          SALLY_E_WRONG_KEY },
        { "the key of the second one", joined(w.second, w.first), w.key.secret,
          SALLY_E_WRONG_KEY },
        { "no private key", w.key.public, w.key.public,
          SALLY_E_NO_CREDENTIAL },
        { "text", w.key.public, sally_span_of("secret"),
          SALLY_E_NO_CREDENTIAL },
        { "none", w.key.public, { NULL, 0 }, SALLY_E_NO_CREDENTIAL },
        { "neither key nor certificate", sally_span_of("0"), w.key.secret,
          SALLY_E_MALFORMED },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        enum sally_err e = sally_keypair_check(rows[i].public, rows[i].secret);

        if (e != rows[i].want)
            fail_msg("%s: got: %s", rows[i].what, sally_err_text(e));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_form),
        cmocka_unit_test(what_fails_leaves_nothing_behind),
        cmocka_unit_test(the_public_half_comes_out_of_each_form),
        cmocka_unit_test(halves_that_do_not_fit_are_noticed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
