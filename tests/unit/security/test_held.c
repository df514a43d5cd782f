/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_held.c - what stands for a secret, and what its
 * holder does with it.                                                      */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "security/generate.h"
#include "security/holder.h"
#include "security/keypair.h"

#define SECRET "0123456789abcdef"

static struct sally_held_key key_of(const char *master)
{
    struct sally_held_key k;

    assert_int_equal(sally_held_key_make(&k, sally_span_of(master)),
                     SALLY_E_OK);
    return k;
}

struct form {
    uint8_t room[512];
    struct sally_buf buf;
};

static struct sally_span seal(struct form *f, const char *master,
                              enum sally_held_kind kind,
                              struct sally_span secret)
{
    struct sally_held_key k = key_of(master);

    f->buf = SALLY_BUF(f->room);
    assert_int_equal(sally_held_seal(&k, kind, secret, &f->buf), SALLY_E_OK);
    return sally_buf_span(&f->buf);
}

static void equal_secrets_have_equal_forms(void **state)
{
    struct form a, b, other, third;
    struct sally_span one =
        seal(&a, "m", SALLY_HELD_SHARED, sally_span_of(SECRET));

    (void)state;
    assert_true(sally_held_is(one));
    assert_int_equal(one.len, strlen(SECRET) + SALLY_HELD_OVERHEAD);
    assert_int_equal(sally_held_length(one), strlen(SECRET));
    assert_false(sally_held_is(sally_span_of(SECRET)));
    assert_int_equal(sally_held_length(sally_span_of(SECRET)), strlen(SECRET));
    assert_true(sally_span_equal(
        one, seal(&b, "m", SALLY_HELD_SHARED, sally_span_of(SECRET))));
    assert_false(sally_span_equal(
        one, seal(&other, "n", SALLY_HELD_SHARED, sally_span_of(SECRET))));
    assert_false(sally_span_equal(
        one, seal(&third, "m", SALLY_HELD_PRIVATE, sally_span_of(SECRET))));
    assert_null(memmem(one.at, one.len, SECRET, 8));
}

static void only_the_same_opens(void **state)
{
    struct sally_held_key k = key_of("m"), other = key_of("n");
    uint8_t room[64];
    struct sally_buf out = SALLY_BUF(room);
    struct form f;
    struct sally_span form =
        seal(&f, "m", SALLY_HELD_SHARED, sally_span_of(SECRET));

    (void)state;
    for (size_t i = 0; i < form.len; i++) {
        f.room[i] ^= 1;
        assert_int_equal(sally_held_open(&k, SALLY_HELD_SHARED, form, &out),
                         SALLY_E_UNAUTHENTIC);
        f.room[i] ^= 1;
    }
    for (size_t n = 0; n < form.len; n++)
        assert_int_equal(sally_held_open(&k, SALLY_HELD_SHARED,
                                         sally_span_sub(form, 0, n), &out),
                         SALLY_E_UNAUTHENTIC);
    assert_int_equal(sally_held_open(&other, SALLY_HELD_SHARED, form, &out),
                     SALLY_E_UNAUTHENTIC);
    assert_int_equal(sally_held_open(&k, SALLY_HELD_PRIVATE, form, &out),
                     SALLY_E_UNAUTHENTIC);
    assert_int_equal(out.len, 0);
    assert_int_equal(sally_held_open(&k, SALLY_HELD_SHARED, form, &out),
                     SALLY_E_OK);
    assert_true(sally_span_equal(sally_buf_span(&out), sally_span_of(SECRET)));
}

static void room_is_kept_to(void **state)
{
    struct sally_held_key k = key_of("m");
    uint8_t room[SALLY_HELD_OVERHEAD + 16];
    struct form f;
    struct sally_span form =
        seal(&f, "m", SALLY_HELD_SHARED, sally_span_of(SECRET));

    (void)state;
    for (size_t n = 0; n < sizeof(room); n++) {
        struct sally_buf out = { room, 0, n };

        assert_int_equal(sally_held_seal(&k, SALLY_HELD_SHARED,
                                         sally_span_of(SECRET), &out),
                         SALLY_E_NO_ROOM);
        if (n < 16)
            assert_int_equal(
                sally_held_open(&k, SALLY_HELD_SHARED, form, &out),
                SALLY_E_NO_ROOM);
        assert_int_equal(out.len, 0);
    }
}

/* --- Holders -------------------------------------------------------------- */

static void shared_secrets_are_shown(void **state)
{
    struct sally_held_key k = key_of("m");
    const struct sally_holder h = sally_holder_of(&k);
    struct sally_secret out;
    struct form f, p;
    struct sally_span form =
        seal(&f, "m", SALLY_HELD_SHARED, sally_span_of(SECRET));

    (void)state;
    assert_int_equal(sally_holder_reveal(&h, form, &out), SALLY_E_OK);
    assert_true(
        sally_span_equal(sally_secret_span(&out), sally_span_of(SECRET)));
    assert_int_equal(sally_holder_reveal(NULL, sally_span_of(SECRET), &out),
                     SALLY_E_OK);
    assert_true(
        sally_span_equal(sally_secret_span(&out), sally_span_of(SECRET)));
    assert_int_equal(sally_holder_reveal(NULL, form, &out),
                     SALLY_E_NO_CREDENTIAL);
    assert_int_equal(out.len, 0);
    form = seal(&p, "m", SALLY_HELD_PRIVATE, sally_span_of(SECRET));
    assert_int_equal(sally_holder_reveal(&h, form, &out), SALLY_E_UNAUTHENTIC);
    assert_int_equal(out.len, 0);
}

struct pair {
    uint8_t secret_room[SALLY_GENERATED_KEY_MAX];
    uint8_t public_room[SALLY_PUBLIC_KEY_MAX];
    struct sally_buf secret, public;
};

static void make_pair(struct pair *p)
{
    p->secret = SALLY_BUF(p->secret_room);
    p->public = SALLY_BUF(p->public_room);
    assert_int_equal(sally_generate_key(&p->secret), SALLY_E_OK);
    assert_int_equal(
        sally_keypair_public(sally_buf_span(&p->secret), &p->public),
        SALLY_E_OK);
}

static void private_keys_sign_and_stay(void **state)
{
    struct sally_held_key k = key_of("m"), foreign = key_of("n");
    const struct sally_holder h = sally_holder_of(&k);
    const struct sally_holder not_theirs = sally_holder_of(&foreign);
    uint8_t room[SALLY_SIGNATURE_MAX], digest[SALLY_SHA256_LEN];
    const struct sally_span hashed = { digest, sizeof(digest) };
    struct sally_buf signature = SALLY_BUF(room);
    struct pair own, other;
    struct form f;
    struct sally_span form;

    (void)state;
    make_pair(&own);
    make_pair(&other);
    form = seal(&f, "m", SALLY_HELD_PRIVATE, sally_buf_span(&own.secret));
    assert_int_equal(sally_crypto_sha256(sally_span_of("text"), digest),
                     SALLY_E_OK);
    assert_int_equal(sally_holder_sign(&h, form, hashed, &signature),
                     SALLY_E_OK);
    assert_int_equal(sally_keypair_verify(sally_buf_span(&own.public),
                                          sally_span_of("text"),
                                          sally_buf_span(&signature)),
                     SALLY_E_OK);
    assert_int_equal(sally_keypair_verify(sally_buf_span(&other.public),
                                          sally_span_of("text"),
                                          sally_buf_span(&signature)),
                     SALLY_E_WRONG_KEY);
    assert_int_equal(sally_keypair_verify(sally_buf_span(&own.public),
                                          sally_span_of("taxt"),
                                          sally_buf_span(&signature)),
                     SALLY_E_WRONG_KEY);
    assert_int_equal(sally_holder_sign(NULL, form, hashed, &signature),
                     SALLY_E_NO_CREDENTIAL);
    assert_int_equal(sally_holder_sign(&not_theirs, form, hashed, &signature),
                     SALLY_E_UNAUTHENTIC);
    assert_int_equal(sally_holder_check(&h, sally_buf_span(&own.public), form),
                     SALLY_E_OK);
    assert_int_equal(
        sally_holder_check(&h, sally_buf_span(&other.public), form),
        SALLY_E_WRONG_KEY);
    assert_int_equal(
        sally_holder_check(NULL, sally_buf_span(&other.public), form),
        SALLY_E_OK); /* nobody to ask */
    assert_int_equal(sally_holder_check(NULL, sally_buf_span(&other.public),
                                        sally_buf_span(&own.secret)),
                     SALLY_E_WRONG_KEY);
}

static enum sally_err answer_with(void *owner, struct sally_span held,
                                  struct sally_span digest,
                                  struct sally_buf *out)
{
    (void)held;
    (void)digest;
    (void)out;
    return *(const enum sally_err *)owner;
}

static const struct {
    enum sally_err says, want;
} away[] = {
    { SALLY_E_CLOSED, SALLY_E_OK },
    { SALLY_E_TIMED_OUT, SALLY_E_OK },
    { SALLY_E_IO, SALLY_E_OK },
    { SALLY_E_UNAUTHENTIC, SALLY_E_UNAUTHENTIC },
    { SALLY_E_NO_CREDENTIAL, SALLY_E_NO_CREDENTIAL },
};

static void a_holder_that_is_away_says_nothing(void **state)
{
    struct pair own;
    struct form f;
    struct sally_span form;

    (void)state;
    make_pair(&own);
    form = seal(&f, "m", SALLY_HELD_PRIVATE, sally_buf_span(&own.secret));
    for (size_t i = 0; i < SALLY_LEN(away); i++) {
        enum sally_err says = away[i].says;
        const struct sally_holder h = { .sign = answer_with, .owner = &says };

        assert_int_equal(
            sally_holder_check(&h, sally_buf_span(&own.public), form),
            away[i].want);
    }
}

static const struct taking {
    const char *what;
    enum sally_credential_kind kind;
    enum sally_security_mode mode;
    int value; /* 0: text, 1: a private key, 2: a form, 3: nothing */
    bool held, shows;
} takings[] = {
    { "a pre-shared key", SALLY_FIELD_SECRET_KEY, SALLY_MODE_PSK, 0, true,
      false },
    { "a Master Secret", SALLY_FIELD_MASTER_SECRET, SALLY_MODE_NOSEC, 0, true,
      false },
    { "a salt", SALLY_FIELD_MASTER_SALT, SALLY_MODE_NOSEC, 0, false, false },
    { "a raw key", SALLY_FIELD_SECRET_KEY, SALLY_MODE_RPK, 1, true, true },
    { "that of a certificate", SALLY_FIELD_SECRET_KEY, SALLY_MODE_X509, 1, true,
      true },
    { "no key at all", SALLY_FIELD_SECRET_KEY, SALLY_MODE_RPK, 0, false,
      false },
    { "a form", SALLY_FIELD_SECRET_KEY, SALLY_MODE_RPK, 2, false, false },
    { "nothing", SALLY_FIELD_SECRET_KEY, SALLY_MODE_PSK, 3, false, false },
};

static void secrets_are_taken(void **state)
{
    struct sally_held_key k = key_of("m");
    const struct sally_holder h = sally_holder_of(&k);
    struct pair pair;
    struct form f;

    (void)state;
    make_pair(&pair);
    for (size_t i = 0; i < SALLY_LEN(takings); i++) {
        const struct taking *t = &takings[i];
        const struct sally_span values[] = {
            sally_span_of(SECRET), sally_buf_span(&pair.secret),
            seal(&f, "m", SALLY_HELD_SHARED, sally_span_of(SECRET)),
            { NULL, 0 }
        };
        uint8_t held_room[512], spki_room[SALLY_PUBLIC_KEY_MAX];
        struct sally_buf held = SALLY_BUF(held_room);
        struct sally_buf spki = SALLY_BUF(spki_room);

        print_message("%s\n", t->what);
        assert_int_equal(sally_holder_take(&h, sally_credential_field(t->kind),
                                           t->mode, values[t->value], &held,
                                           &spki),
                         SALLY_E_OK);
        assert_int_equal(sally_held_is(sally_buf_span(&held)), t->held);
        assert_int_equal(held.len != 0, t->held);
        assert_int_equal(sally_span_equal(sally_buf_span(&spki),
                                          sally_buf_span(&pair.public)),
                         t->shows);
    }
}

/* --- Accounts ------------------------------------------------------------- */

static void lengths_are_those_of_the_secret(void **state)
{
    struct sally_credential c = { .size = 0 };
    uint8_t longest[SALLY_SECRET_MAX + 1] = { 1 };
    struct form f;
    struct sally_credential_parts parts = {
        .mode = SALLY_MODE_PSK, .identity = sally_span_of("me")
    };

    (void)state;
    parts.secret_key = seal(&f, "m", SALLY_HELD_SHARED,
                            (struct sally_span){ longest, SALLY_SECRET_MAX });
    assert_int_equal(sally_credential_make(&c, &parts, NULL), SALLY_E_OK);
    parts.secret_key = seal(&f, "m", SALLY_HELD_SHARED,
                            (struct sally_span){ longest, sizeof(longest) });
    assert_int_equal(sally_credential_make(&c, &parts, NULL),
                     SALLY_E_OUT_OF_RANGE);
    sally_credential_wipe(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_secrets_have_equal_forms),
        cmocka_unit_test(only_the_same_opens),
        cmocka_unit_test(room_is_kept_to),
        cmocka_unit_test(shared_secrets_are_shown),
        cmocka_unit_test(private_keys_sign_and_stay),
        cmocka_unit_test(a_holder_that_is_away_says_nothing),
        cmocka_unit_test(secrets_are_taken),
        cmocka_unit_test(lengths_are_those_of_the_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
