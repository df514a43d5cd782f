/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_aead.c - each AEAD against another implementation:
 * the sealed bytes are what OpenSSL makes of the same key, nonce, header and
 * text; HKDF by RFC 5869 and by OpenSSL.                                    */
#include "base/text.h"
#include "security/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TEXT "23 bytes of a plaintext"
#define TEXT_LEN (sizeof(TEXT) - 1)

static struct sally_span unhex(const char *text, struct sally_buf *room)
{
    room->len = 0;
    if (sally_text_hex(sally_span_of(text), room) != SALLY_E_OK)
        fail_msg("bad vector: %s", text);
    return sally_buf_span(room);
}

/* Key 00 01 02 ..., nonce 80 81 82 ..., both as long as the algorithm says. */
static const struct aead_row {
    int32_t cose;
    const char *sealed;
} aead_rows[] = {
    { 10, "4ef98b69297c836e6542177fb134a48"
          "09b02795d6ee112de6105326e8dcd63" },
    { 11, "653b77e76419d3458f34d96ace7c46b"
          "ce44e6825cf727ae38b5a6066faa529" },
    { 12, "1c1fb657f53bbade107704b84c29d62"
          "83d4785ef597cb2bcf1672fffad1b90" },
    { 13, "acf0437546ec193d63d095a31520d0e"
          "5c6df9d8b1217cf6fad648e679a330d" },
    { 30, "4ef98b69297c836e6542177fb134a4809b02795"
          "d6ee1124ffcd4bd2fe89c1027ee4fb75c9a69ae" },
    { 31, "653b77e76419d3458f34d96ace7c46bce44e682"
          "5cf727a093f984bcfef446d576bf1ee50f85f22" },
    { 32, "1c1fb657f53bbade107704b84c29d6283d4785e"
          "f597cb26a98a746632a5929e0dee6443afb2a96" },
    { 33, "acf0437546ec193d63d095a31520d0e5c6df9d8"
          "b1217cfb13f3ed8d12121a03fe0d425a390b965" },
    { 1, "ed105bdbdcb65f74261a0b27fa8eddf98f8e70a"
         "07e672510c74723d631df75d2b0f54f2ebd837b" },
    { 2, "2a1a9796176e05ded0e0f441ad4ec535d935f4b"
         "f797f4eebe0753ae5cfdc81422d402cdeb770ce" },
    { 3, "52964e79386684e2bee473102753da49c637db8"
         "b6fc879434c542e6e0e7b134d8bdf819ed5d5a1" },
    { 24, "4d7737a5ac7fb9463ad74383d74ff3b946f719b"
          "9862e213313889225c167eab075535568b949ca" },
};

static uint8_t key[SALLY_AEAD_KEY_MAX], nonce[SALLY_AEAD_NONCE_MAX];

static struct sally_span header(void)
{
    return sally_span_of("header of the message");
}

static int fill_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof(nonce); i++)
        nonce[i] = (uint8_t)(0x80 + i);
    return 0;
}

static void seals_as_another_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(aead_rows); i++) {
        const struct sally_aead *a = sally_crypto_aead(aead_rows[i].cose);
        uint8_t got[TEXT_LEN + SALLY_AEAD_TAG_MAX], room[64];
        struct sally_buf b = SALLY_BUF(room);
        struct sally_span want = unhex(aead_rows[i].sealed, &b);

        assert_non_null(a);
        memcpy(got, TEXT, TEXT_LEN);
        assert_int_equal(
            sally_crypto_seal(a, key, nonce, header(), got, TEXT_LEN),
            SALLY_E_OK);
        if (want.len != TEXT_LEN + a->tag ||
            memcmp(got, want.at, want.len) != 0)
            fail_msg("COSE algorithm %d", aead_rows[i].cose);
        assert_int_equal(
            sally_crypto_open(a, key, nonce, header(), got, want.len),
            SALLY_E_OK);
        assert_memory_equal(got, TEXT, TEXT_LEN);
    }
}

/* One bit anywhere, or another header: refused, and nothing is given away. */
static void refuses_what_was_changed(void **state)
{
    static const uint8_t zeros[64];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(aead_rows); i++) {
        const struct sally_aead *a = sally_crypto_aead(aead_rows[i].cose);
        size_t len = TEXT_LEN + a->tag;

        for (size_t bit = 0; bit <= len * 8; bit++) {
            uint8_t room[64];
            struct sally_buf b = SALLY_BUF(room);

            (void)unhex(aead_rows[i].sealed, &b);
            if (bit < len * 8)
                room[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(
                sally_crypto_open(a, key, nonce,
                                  bit < len * 8 ? header() : sally_span_of("h"),
                                  room, len),
                SALLY_E_UNAUTHENTIC);
            assert_memory_equal(room, zeros, len);
        }
    }
}

static void refuses_less_than_a_tag(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(aead_rows); i++) {
        const struct sally_aead *a = sally_crypto_aead(aead_rows[i].cose);
        uint8_t room[SALLY_AEAD_TAG_MAX] = { 0 };

        for (size_t n = 0; n < a->tag; n++)
            assert_int_equal(
                sally_crypto_open(a, key, nonce, header(), room, n),
                SALLY_E_UNAUTHENTIC);
    }
}

static void carries_an_empty_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(aead_rows); i++) {
        const struct sally_aead *a = sally_crypto_aead(aead_rows[i].cose);
        uint8_t room[SALLY_AEAD_TAG_MAX] = { 0 };

        assert_int_equal(sally_crypto_seal(a, key, nonce, header(), room, 0),
                         SALLY_E_OK);
        assert_int_equal(
            sally_crypto_open(a, key, nonce, header(), room, a->tag),
            SALLY_E_OK);
    }
}

static void knows_no_other_number(void **state)
{
    (void)state;
    assert_null(sally_crypto_aead(0));
    assert_null(sally_crypto_aead(-10));
    assert_null(sally_crypto_aead(34));
}

static const struct hkdf_row {
    const char *what;
    int32_t hkdf;
    const char *secret, *salt, *info, *out;
} hkdf_rows[] = {
    { "RFC 5869 case 1", SALLY_HKDF_SHA256,
      "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
      "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
      "34007208d5b887185865" },
    { "RFC 5869 case 3, neither salt nor info", SALLY_HKDF_SHA256,
      "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
      "9d201395faa4b61a96c8" },
    { "SHA-512", SALLY_HKDF_SHA512,
      "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
      "000102030405060708090a0b0c",
      "f0f1f2f3f4f5f6f7f8f9",
      "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c14815793"
      "38da362cb8d9f925d7cb" },
    { "SHA-512, no salt", SALLY_HKDF_SHA512,
      "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
      "",
      "f0f1f2f3f4f5f6f7f8f9",
      "5381877f912df8257626c548528eff28" },
    { "salt longer than a block of the hash", SALLY_HKDF_SHA256,
      "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      "aa",
      "f0",
      "9d1686bdcddf23f83e532526754e95ef" },
    { "SHA-512, salt longer than a block", SALLY_HKDF_SHA512,
      "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      "aa",
      "f0",
      "514cc072d583c80b8b4a08f669f74abd" },
};

static void hkdf_matches_the_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(hkdf_rows); i++) {
        const struct hkdf_row *r = &hkdf_rows[i];
        uint8_t s[256], t[256], f[64], w[64], got[64];
        struct sally_buf sb = SALLY_BUF(s), tb = SALLY_BUF(t),
                         fb = SALLY_BUF(f), wb = SALLY_BUF(w);
        struct sally_span want = unhex(r->out, &wb);

        assert_int_equal(sally_crypto_hkdf(r->hkdf, unhex(r->secret, &sb),
                                           unhex(r->salt, &tb),
                                           unhex(r->info, &fb), got, want.len),
                         SALLY_E_OK);
        if (memcmp(got, want.at, want.len) != 0)
            fail_msg("%s", r->what);
    }
}

static void hkdf_has_bounds(void **state)
{
    uint8_t out[1];
    struct sally_span s = sally_span_of("secret");

    (void)state;
    assert_int_equal(sally_crypto_hkdf(-12, s, s, s, out, 1),
                     SALLY_E_UNSUPPORTED);
    assert_int_equal(
        sally_crypto_hkdf(SALLY_HKDF_SHA256, s, s, s, out, 255 * 32 + 1),
        SALLY_E_OUT_OF_RANGE);
    assert_int_equal(sally_crypto_hkdf(SALLY_HKDF_SHA512, s, s, s, out, 0),
                     SALLY_E_OUT_OF_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_as_another_does),
        cmocka_unit_test(refuses_what_was_changed),
        cmocka_unit_test(refuses_less_than_a_tag),
        cmocka_unit_test(carries_an_empty_text),
        cmocka_unit_test(knows_no_other_number),
        cmocka_unit_test(hkdf_matches_the_vectors),
        cmocka_unit_test(hkdf_has_bounds),
    };

    return cmocka_run_group_tests(tests, fill_key, NULL);
}
