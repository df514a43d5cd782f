/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_crypto.c - published vectors of HMAC-SHA-256
 * (RFC 4231) and scrypt (RFC 7914 s.12), the bounds, and the random source. */
#include "base/text.h"
#include "security/crypto.h"
#include "security/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Hexadecimal text to bytes in `room`. */
static struct sally_span unhex(const char *text, struct sally_buf *room)
{
    room->len = 0;
    if (sally_text_hex(sally_span_of(text), room) != SALLY_E_OK)
        fail_msg("bad vector: %s", text);
    return sally_buf_span(room);
}

static const struct hmac_row {
    const char *what, *key, *data, *digest;
} hmac_rows[] = {
    { "RFC 4231 case 1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
      "4869205468657265",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { "RFC 4231 case 2, short key", "4a656665",
      "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    { "RFC 4231 case 3", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "dddddddddddddddddddddddddddddddddddddddddddddddddddd"
      "dddddddddddddddddddddddddddddddddddddddddddddddd",
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
    { "RFC 4231 case 4", "0102030405060708090a0b0c0d0e0f10111213141516171819",
      "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
      "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
};

static void hmac_matches_the_vectors(void **state)
{
    uint8_t k[64], d[64], w[32], got[SALLY_SHA256_LEN];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(hmac_rows); i++) {
        const struct hmac_row *r = &hmac_rows[i];
        struct sally_buf kb = SALLY_BUF(k), db = SALLY_BUF(d),
                         wb = SALLY_BUF(w);
        struct sally_span key = unhex(r->key, &kb), data = unhex(r->data, &db),
                          want = unhex(r->digest, &wb);
        struct sally_span parts[] = { sally_span_sub(data, 0, 3),
                                      sally_span_sub(data, 3, data.len) };

        if (sally_crypto_hmac(key, parts, 2, got) != SALLY_E_OK ||
            memcmp(got, want.at, sizeof(got)) != 0)
            fail_msg("%s", r->what);
    }
}

static void hmac_takes_a_key_longer_than_a_block(void **state)
{
    static const char text[] =
        "Test Using Larger Than Block-Size Key - Hash Key First";
    struct sally_span part = sally_span_of(text);
    uint8_t key[131], room[32], got[SALLY_SHA256_LEN];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_span want = unhex(
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", &b);

    (void)state;
    memset(key, 0xaa, sizeof(key));
    assert_int_equal(sally_crypto_hmac((struct sally_span){ key, sizeof(key) },
                                       &part, 1, got),
                     SALLY_E_OK);
    assert_memory_equal(got, want.at, sizeof(got));
}

static const struct scrypt_row {
    const char *what, *password, *salt;
    struct sally_scrypt cost;
    size_t len;
    enum sally_err want;
    const char *key;
} scrypt_rows[] = {
    { "RFC 7914, empty password",
      "",
      "",
      { 4, 1, 1 },
      64,
      SALLY_E_OK,
      "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
      "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906" },
    { "RFC 7914, N 1024",
      "password",
      "NaCl",
      { 10, 8, 16 },
      64,
      SALLY_E_OK,
      "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
      "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640" },
    { "RFC 7914, N 16384",
      "pleaseletmein",
      "SodiumChloride",
      { 14, 8, 1 },
      64,
      SALLY_E_OK,
      "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
      "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887" },
    { "N of 1", "p", "s", { 0, 8, 1 }, 32, SALLY_E_OUT_OF_RANGE, "" },
    { "N of 2^21", "p", "s", { 21, 8, 1 }, 32, SALLY_E_OUT_OF_RANGE, "" },
    { "r of 0", "p", "s", { 4, 0, 1 }, 32, SALLY_E_OUT_OF_RANGE, "" },
    { "r of 33", "p", "s", { 4, 33, 1 }, 32, SALLY_E_OUT_OF_RANGE, "" },
    { "p of 17", "p", "s", { 4, 8, 17 }, 32, SALLY_E_OUT_OF_RANGE, "" },
    { "no output", "p", "s", { 4, 8, 1 }, 0, SALLY_E_OUT_OF_RANGE, "" },
};

static void scrypt_matches_the_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(scrypt_rows); i++) {
        const struct scrypt_row *r = &scrypt_rows[i];
        uint8_t room[64], got[64] = { 0 };
        struct sally_buf b = SALLY_BUF(room);
        struct sally_span want = unhex(r->key, &b);
        enum sally_err e =
            sally_crypto_scrypt(sally_span_of(r->password),
                                sally_span_of(r->salt), r->cost, got, r->len);

        if (e != r->want || memcmp(got, room, want.len) != 0)
            fail_msg("%s: got: %s", r->what, sally_err_text(e));
    }
}

static void scrypt_stays_within_the_heap_limit(void **state)
{
    uint8_t out[32];

    (void)state;
    sally_heap_limit(sally_heap_live() + 4096);
    assert_int_equal(sally_crypto_scrypt(sally_span_of("p"), sally_span_of("s"),
                                         (struct sally_scrypt){ 14, 8, 1 }, out,
                                         sizeof(out)),
                     SALLY_E_NO_MEMORY);
    sally_heap_limit(SIZE_MAX);
}

static const struct pbkdf2_row {
    uint32_t iterations;
    enum sally_err want;
    const char *key;
} pbkdf2_rows[] = {
    { 1, SALLY_E_OK,
      "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
      "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce" },
    { 4096, SALLY_E_OK,
      "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5"
      "143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5" },
    { 0, SALLY_E_OUT_OF_RANGE, "" },
    { SALLY_PBKDF2_MAX + 1, SALLY_E_OUT_OF_RANGE, "" },
};

/* "password" and "salt", which are those of RFC 6070, with SHA-512. */
static void pbkdf2_matches_the_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(pbkdf2_rows); i++) {
        const struct pbkdf2_row *r = &pbkdf2_rows[i];
        uint8_t room[64], got[64] = { 0 };
        struct sally_buf b = SALLY_BUF(room);
        struct sally_span want = unhex(r->key, &b);
        enum sally_err e = sally_crypto_pbkdf2(
            sally_span_of("password"), sally_span_of("salt"), r->iterations,
            got, sizeof(got));

        if (e != r->want || memcmp(got, room, want.len) != 0)
            fail_msg("%u iterations: got: %s", r->iterations,
                     sally_err_text(e));
    }
}

/* FIPS 180-4, "abc", in two parts. */
static void sha512_matches_the_vector(void **state)
{
    const struct sally_span parts[] = { sally_span_of("ab"),
                                        sally_span_of("c") };
    uint8_t room[64], got[SALLY_SHA512_LEN];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_span want = unhex(
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f", &b);

    (void)state;
    assert_int_equal(sally_crypto_sha512(parts, SALLY_LEN(parts), got),
                     SALLY_E_OK);
    assert_memory_equal(got, want.at, sizeof(got));
}

static void random_fills_all_of_it(void **state)
{
    static uint8_t a[100000], b[100000];
    struct sally_random r = sally_crypto_random();
    size_t zeros = 0;

    (void)state;
    sally_random_fill(&r, a, sizeof(a));
    sally_random_fill(&r, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    for (size_t i = 0; i < sizeof(a); i++)
        zeros += a[i] == 0;
    assert_in_range(zeros, 200, 600); /* 390 expected */
}

static void names_itself(void **state)
{
    (void)state;
    assert_non_null(strstr(sally_crypto_version(), "wolfSSL "));
    assert_non_null(strstr(sally_crypto_features(), "psk-aes128-ccm-8"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_matches_the_vectors),
        cmocka_unit_test(hmac_takes_a_key_longer_than_a_block),
        cmocka_unit_test(scrypt_matches_the_vectors),
        cmocka_unit_test(scrypt_stays_within_the_heap_limit),
        cmocka_unit_test(pbkdf2_matches_the_vectors),
        cmocka_unit_test(sha512_matches_the_vector),
        cmocka_unit_test(random_fills_all_of_it),
        cmocka_unit_test(names_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
