/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_seal.c - only what was sealed so opens so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "security/seal.h"

#define TEXT(s) sally_span_of(s)

static struct sally_sealer sealer_of(char fill)
{
    uint8_t key[SALLY_MASTER_KEY_LEN];
    struct sally_sealer s;

    memset(key, fill, sizeof(key));
    assert_int_equal(
        sally_sealer_make(&s, (struct sally_span){ key, sizeof(key) }),
        SALLY_E_OK);
    return s;
}

static const struct row {
    const char *what;
    char key;
    const char *purpose, *context;
    int damage; /* the byte that is changed; -1: none */
    size_t cut; /* bytes that are missing at the end */
    enum sally_err want;
} rows[] = {
    { "the same", 'k', "session", "one", -1, 0, SALLY_E_OK },
    { "another master key", 'l', "session", "one", -1, 0, SALLY_E_UNAUTHENTIC },
    { "another purpose", 'k', "sequence", "one", -1, 0, SALLY_E_UNAUTHENTIC },
    { "another context", 'k', "session", "two", -1, 0, SALLY_E_UNAUTHENTIC },
    { "context begins earlier", 'k', "sessio", "none", -1, 0,
      SALLY_E_UNAUTHENTIC },
    { "another form", 'k', "session", "one", 0, 0, SALLY_E_UNAUTHENTIC },
    { "nonce damaged", 'k', "session", "one", 1, 0, SALLY_E_UNAUTHENTIC },
    { "text damaged", 'k', "session", "one", 13, 0, SALLY_E_UNAUTHENTIC },
    { "tag damaged", 'k', "session", "one", 34, 0, SALLY_E_UNAUTHENTIC },
    { "cut by one", 'k', "session", "one", -1, 1, SALLY_E_UNAUTHENTIC },
    { "only what sealing adds", 'k', "session", "one", -1, 6,
      SALLY_E_UNAUTHENTIC },
    { "shorter than that", 'k', "session", "one", -1, 7, SALLY_E_UNAUTHENTIC },
    { "nothing", 'k', "session", "one", -1, 35, SALLY_E_UNAUTHENTIC },
};

static void each_row(void **state)
{
    const struct sally_sealer mine = sealer_of('k');

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct sally_sealer other = sealer_of(rows[i].key);
        uint8_t room[64], back[64] = { 0 };
        struct sally_buf b = SALLY_BUF(room), plain = SALLY_BUF(back);
        enum sally_err e;

        assert_int_equal(sally_seal(&mine, "session", TEXT("one"),
                                    TEXT("secret"), sally_crypto_random(), &b),
                         SALLY_E_OK);
        assert_int_equal(b.len, 6 + SALLY_SEAL_OVERHEAD);
        if (rows[i].damage >= 0)
            room[rows[i].damage] ^= 1;
        e = sally_unseal(&other, rows[i].purpose, TEXT(rows[i].context),
                         (struct sally_span){ room, b.len - rows[i].cut },
                         &plain);
        if (e != rows[i].want)
            fail_msg("%s: %s", rows[i].what, sally_err_text(e));
        if (e == SALLY_E_OK)
            assert_true(sally_span_is(sally_buf_span(&plain), "secret"));
        else
            assert_int_equal(plain.len + back[0], 0);
    }
}

/* The same text twice gives other bytes, and none of the text's. */
static void it_is_hidden(void **state)
{
    const struct sally_sealer s = sealer_of('k');
    uint8_t one[64], two[64];
    struct sally_buf a = SALLY_BUF(one), b = SALLY_BUF(two);

    (void)state;
    assert_int_equal(sally_seal(&s, "p", TEXT("c"), TEXT("secret"),
                                sally_crypto_random(), &a), SALLY_E_OK);
    assert_int_equal(sally_seal(&s, "p", TEXT("c"), TEXT("secret"),
                                sally_crypto_random(), &b), SALLY_E_OK);
    assert_memory_not_equal(one + 1, two + 1, 12);
    assert_memory_not_equal(one + 13, two + 13, 6);
    assert_memory_not_equal(one + 13, "secret", 6);
}

static void room_is_looked_at(void **state)
{
    const struct sally_sealer s = sealer_of('k');
    uint8_t room[6 + SALLY_SEAL_OVERHEAD], small[5];
    struct sally_buf b = { room, 0, sizeof(room) - 1 };
    struct sally_buf plain = SALLY_BUF(small);

    (void)state;
    assert_int_equal(sally_seal(&s, "p", TEXT("c"), TEXT("secret"),
                                sally_crypto_random(), &b), SALLY_E_NO_ROOM);
    b.room = sizeof(room);
    assert_int_equal(sally_seal(&s, "p", TEXT("c"), TEXT("secret"),
                                sally_crypto_random(), &b), SALLY_E_OK);
    assert_int_equal(sally_unseal(&s, "p", TEXT("c"), sally_buf_span(&b),
                                  &plain), SALLY_E_NO_ROOM);
}

static void a_master_key_has_32_bytes(void **state)
{
    uint8_t key[33] = { 0 };
    struct sally_sealer s;

    (void)state;
    assert_int_equal(sally_sealer_make(&s, (struct sally_span){ key, 31 }),
                     SALLY_E_OUT_OF_RANGE);
    assert_int_equal(sally_sealer_make(&s, (struct sally_span){ key, 33 }),
                     SALLY_E_OUT_OF_RANGE);
}

static void a_digest_tells_parts_apart(void **state)
{
    static const struct sally_span lists[][2] = {
        { { (const uint8_t *)"ab", 2 }, { (const uint8_t *)"c", 1 } },
        { { (const uint8_t *)"a", 1 }, { (const uint8_t *)"bc", 2 } },
        { { (const uint8_t *)"abc", 3 }, { NULL, 0 } },
    };
    const struct sally_sealer s = sealer_of('k'), t = sealer_of('l');
    uint8_t d[5][SALLY_SHA256_LEN], again[SALLY_SHA256_LEN];

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(sally_seal_digest(&s, "p", lists[i], 2, d[i]),
                         SALLY_E_OK);
    assert_int_equal(sally_seal_digest(&t, "p", lists[0], 2, d[3]), SALLY_E_OK);
    assert_int_equal(sally_seal_digest(&s, "q", lists[0], 2, d[4]), SALLY_E_OK);
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(d[i], d[k], SALLY_SHA256_LEN);
    assert_int_equal(sally_seal_digest(&s, "p", lists[0], 2, again),
                     SALLY_E_OK);
    assert_memory_equal(d[0], again, sizeof(again));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row),
        cmocka_unit_test(it_is_hidden),
        cmocka_unit_test(room_is_looked_at),
        cmocka_unit_test(a_master_key_has_32_bytes),
        cmocka_unit_test(a_digest_tells_parts_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
