/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_entrust.c - a book without secrets in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "security/generate.h"
#include "security/keypair.h"
#include "uplink/entrust.h"

struct scene {
    struct sally_held_key key;
    struct sally_holder holder;
    struct sally_book book;
    uint8_t secret_room[SALLY_GENERATED_KEY_MAX];
    uint8_t public_room[SALLY_PUBLIC_KEY_MAX];
    struct sally_buf secret, public;
};

static void open_scene(struct scene *s)
{
    assert_int_equal(sally_held_key_make(&s->key, sally_span_of("m")),
                     SALLY_E_OK);
    s->holder = sally_holder_of(&s->key);
    s->book = (struct sally_book){ .at = NULL };
    assert_int_equal(sally_book_open(&s->book, SALLY_BOOK_MAX), SALLY_E_OK);
    s->secret = SALLY_BUF(s->secret_room);
    s->public = SALLY_BUF(s->public_room);
    assert_int_equal(sally_generate_key(&s->secret), SALLY_E_OK);
    assert_int_equal(
        sally_keypair_public(sally_buf_span(&s->secret), &s->public),
        SALLY_E_OK);
}

static void put(struct scene *s, uint16_t object, uint16_t instance,
                uint16_t resource, struct sally_lwm2m_value value)
{
    const struct sally_path path =
        sally_path_resource(object, instance, resource);

    assert_int_equal(sally_book_put(&s->book, &path, &value), SALLY_E_OK);
}

static struct sally_span get(const struct scene *s, uint16_t object,
                             uint16_t instance, uint16_t resource)
{
    const struct sally_path path =
        sally_path_resource(object, instance, resource);
    struct sally_lwm2m_value v = { .type = SALLY_TYPE_NONE };

    return sally_book_find(&s->book, &path, &v) ? v.is.bytes
                                                : (struct sally_span){ NULL, 0 };
}

static struct sally_lwm2m_value text(const char *t)
{
    return sally_value_opaque(sally_span_of(t));
}

/* Two accounts of each kind that has secrets. */
static void fill(struct scene *s)
{
    for (uint16_t i = 0; i < 2; i++) {
        put(s, 0, i, 2, sally_value_integer(SALLY_MODE_PSK));
        put(s, 0, i, 3, text("identity"));
        put(s, 0, i, 5, text("pre-shared"));
        put(s, 21, i, 0, text("master secret"));
        put(s, 21, i, 5, text("master salt"));
    }
    for (uint16_t i = 2; i < 4; i++) {
        put(s, 0, i, 2, sally_value_integer(SALLY_MODE_RPK));
        put(s, 0, i, 5, sally_value_opaque(sally_buf_span(&s->secret)));
    }
    put(s, 0, 3, 3, text("what somebody wrote"));
    put(s, 0, 4, 2, sally_value_integer(SALLY_MODE_X509));
    put(s, 0, 4, 5, text("no private key"));
}

static void no_secret_is_left(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    fill(&s);
    for (int again = 0; again < 2; again++) { /* what is held stays */
        assert_int_equal(sally_entrust(&s.holder, &s.book), SALLY_E_OK);
        for (uint16_t i = 0; i < 2; i++) {
            assert_int_equal(sally_held_length(get(&s, 0, i, 5)), 10);
            assert_true(sally_held_is(get(&s, 0, i, 5)));
            assert_true(sally_held_is(get(&s, 21, i, 0)));
            assert_true(sally_span_equal(get(&s, 21, i, 5),
                                         sally_span_of("master salt")));
            assert_true(sally_held_is(get(&s, 0, 2 + i, 5)));
        }
        assert_true(
            sally_span_equal(get(&s, 0, 2, 3), sally_buf_span(&s.public)));
        assert_true(sally_span_equal(get(&s, 0, 3, 3),
                                     sally_span_of("what somebody wrote")));
        assert_true(sally_span_equal(get(&s, 0, 4, 5),
                                     sally_span_of("no private key")));
    }
    assert_int_equal(sally_holder_check(&s.holder, sally_buf_span(&s.public),
                                        get(&s, 0, 2, 5)),
                     SALLY_E_OK);
    sally_book_wipe(&s.book);
}

static void without_a_holder_nothing_changes(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    fill(&s);
    assert_int_equal(sally_entrust(NULL, &s.book), SALLY_E_OK);
    assert_true(
        sally_span_equal(get(&s, 0, 0, 5), sally_span_of("pre-shared")));
    sally_book_wipe(&s.book);
}

static enum sally_err be_away(void *owner, enum sally_held_kind kind,
                           struct sally_span secret, struct sally_buf *out)
{
    (void)owner;
    (void)kind;
    (void)secret;
    (void)out;
    return SALLY_E_CLOSED;
}

static void a_holder_that_is_away_is_told(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    fill(&s);
    s.holder.hold = be_away;
    assert_int_equal(sally_entrust(&s.holder, &s.book), SALLY_E_CLOSED);
    sally_book_wipe(&s.book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_secret_is_left),
        cmocka_unit_test(without_a_holder_nothing_changes),
        cmocka_unit_test(a_holder_that_is_away_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
