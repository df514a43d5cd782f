/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_observe.c - observing and being observed. RFC 7641. */
#include "pair.h"

#include "coap/observe.h"

static struct pair p;
static const struct sally_span none = { NULL, 0 };

static const struct fresh_row {
    const char *what;
    uint32_t had, number;
    sally_usec after;
    bool fresh;
} fresh_rows[] = {
    { "one more", 1, 2, 0, true },
    { "the same", 2, 2, 0, false },
    { "one less", 2, 1, 0, false },
    { "wraps around", 0xffffff, 0, 0, true },
    { "wrapped before", 0, 0xffffff, 0, false },
    { "just under half ahead", 0, (1u << 23) - 1, 0, true },
    { "half ahead", 0, 1u << 23, 0, false },
    { "half behind", 1u << 23, 0, 0, false },
    { "just over half behind", (1u << 23) + 1, 0, 0, true },
    { "older, 128 s later", 2, 1, 128 * SALLY_SEC, false },
    { "older, more than 128 s later", 2, 1, 128 * SALLY_SEC + 1, true },
};

static void tells_newer_from_older(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(fresh_rows); i++) {
        const struct fresh_row *r = &fresh_rows[i];
        struct sally_coap_outgoing o = { .observe_number = r->had,
                                         .observe_time = SALLY_SEC };

        if (sally_coap_observe_fresh(&o, r->number, SALLY_SEC + r->after) !=
            r->fresh)
            fail_msg("%s", r->what);
    }
}

/* `a` observes `b`. */
static sally_coap_exchange observe(const char *path)
{
    sally_coap_exchange x =
        pair_ask(&p, SALLY_CODE_GET, true, path, SALLY_OBSERVE_REGISTER, none);

    pair_settle(&p);
    assert_int_equal(p.a.replied, x);
    assert_true(p.a.observe);
    assert_int_equal(p.b.request.observe, SALLY_OBSERVE_REGISTER);
    return x;
}

static sally_coap_exchange notify(const char *text, bool confirmable)
{
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT,
                                   .payload = sally_span_of(text) };
    sally_coap_exchange x = 0;

    assert_int_equal(
        sally_coap_link_notify(&p.b.link,
                               (struct sally_span){ p.b.token, p.b.token_len },
                               &a, confirmable, p.now, &x),
        SALLY_E_OK);
    return x;
}

static uint32_t number_of(const struct end *e)
{
    struct sally_coap_message m;
    uint32_t number = 0;
    uint16_t mid;

    assert_int_equal(
        sally_coap_parse((struct sally_span){ e->last, e->last_len }, &m, &mid),
        SALLY_E_OK);
    assert_true(
        sally_coap_option_uint(m.options, SALLY_OPTION_OBSERVE, &number));
    return number;
}

static void notifies_in_rising_order(void **state)
{
    sally_coap_exchange x, first, second;
    uint32_t number;

    (void)state;
    pair_open(&p);
    x = observe("t");
    number = number_of(&p.b);
    first = notify("1", true);
    pair_settle(&p);
    assert_int_equal(number_of(&p.b), number + 1);
    assert_int_equal(p.b.told, first);
    assert_int_equal(p.b.notified_error, SALLY_E_OK);
    assert_int_equal(p.a.last_len, 4); /* acknowledged */
    second = notify("2", true);
    assert_int_not_equal(first, second);
    pair_settle(&p);
    assert_int_equal(number_of(&p.b), number + 2);
    assert_int_equal(p.a.replies, 3);
    assert_int_equal(p.a.replied, x);
    assert_memory_equal(p.a.body, "2", 1);
    sally_coap_link_cancel(&p.a.link, x);
    pair_close(&p);
}

static void tells_at_once_what_nobody_acknowledges(void **state)
{
    sally_coap_exchange x, told;

    (void)state;
    pair_open(&p);
    x = observe("t");
    told = notify("1", false);
    pair_wait(&p, 0);
    assert_int_equal(p.b.told, told);
    assert_int_equal(p.b.notified_error, SALLY_E_OK);
    assert_int_equal(p.a.replies, 2);
    sally_coap_link_cancel(&p.a.link, x);
    told = notify("2", false);
    pair_wait(&p, 0);
    assert_int_equal(p.a.last[0], 0x70);
    assert_int_equal(p.b.notified, 2); /* the Reset came before the OK */
    assert_int_equal(p.b.told, told);
    assert_int_equal(p.b.notified_error, SALLY_E_RESET);
    assert_int_equal(p.a.replies, 2);
    pair_close(&p);
}

static void tells_of_a_reset_that_comes_late(void **state)
{
    uint8_t reset[4] = { 0x70, 0 };
    sally_coap_exchange x, told;

    (void)state;
    pair_open(&p);
    x = observe("t");
    told = notify("1", false);
    p.b.drop = 1;
    pair_wait(&p, 100 * SALLY_SEC);
    assert_int_equal(p.b.notified_error, SALLY_E_OK);
    memcpy(&reset[2], &p.b.last[2], 2);
    assert_int_equal(end_hears(&p.b, reset, 4), SALLY_E_OK);
    assert_int_equal(p.b.told, told);
    assert_int_equal(p.b.notified_error, SALLY_E_RESET);
    assert_int_equal(end_hears(&p.b, reset, 4), SALLY_E_UNEXPECTED);
    sally_coap_link_cancel(&p.a.link, x);
    pair_close(&p);
}

static void a_cancelled_observation_gets_a_reset(void **state)
{
    sally_coap_exchange x;

    (void)state;
    pair_open(&p);
    x = observe("t");
    sally_coap_link_cancel(&p.a.link, x);
    x = notify("1", true);
    pair_settle(&p);
    assert_int_equal(p.b.told, x);
    assert_int_equal(p.b.notified_error, SALLY_E_RESET);
    assert_int_equal(p.a.replies, 1);
    pair_close(&p);
}

static void a_lost_notification_times_out(void **state)
{
    sally_coap_exchange x;

    (void)state;
    pair_open(&p);
    x = observe("t");
    p.b.drop = UINT64_MAX;
    (void)notify("1", true);
    pair_wait(&p, 100 * SALLY_SEC);
    assert_int_equal(p.b.notified_error, SALLY_E_TIMED_OUT);
    assert_int_equal(p.b.sent, 6);
    sally_coap_link_cancel(&p.a.link, x);
    pair_close(&p);
}

static void drops_what_arrives_out_of_order(void **state)
{
    uint8_t held[64];
    size_t held_len;
    sally_coap_exchange x;

    (void)state;
    pair_open(&p);
    x = observe("t");
    (void)notify("old", false);
    held_len = end_says(&p.b).len;
    memcpy(held, p.b.last, held_len);
    (void)notify("new", false);
    pair_settle(&p);
    assert_int_equal(p.a.replies, 2);
    assert_int_equal(end_hears(&p.a, held, held_len), SALLY_E_OK);
    assert_int_equal(p.a.replies, 2);
    assert_memory_equal(p.a.body, "new", 3);
    sally_coap_link_cancel(&p.a.link, x);
    pair_close(&p);
}

static void an_error_ends_the_observation(void **state)
{
    struct sally_coap_answer gone = { .code = SALLY_CODE_NOT_FOUND };
    sally_coap_exchange x;

    (void)state;
    pair_open(&p);
    (void)observe("t");
    assert_int_equal(
        sally_coap_link_notify(&p.b.link,
                               (struct sally_span){ p.b.token, p.b.token_len },
                               &gone, true, p.now, &x),
        SALLY_E_OK);
    pair_settle(&p);
    assert_int_equal(p.a.code, SALLY_CODE_NOT_FOUND);
    assert_false(p.a.observe);
    (void)notify("1", true);
    pair_settle(&p);
    assert_int_equal(p.b.notified_error, SALLY_E_RESET);
    pair_close(&p);
}

static void cancels_with_the_token_of_the_registration(void **state)
{
    uint8_t token[SALLY_COAP_TOKEN_MAX];

    (void)state;
    pair_open(&p);
    (void)observe("t");
    memcpy(token, p.b.token, sizeof(token));
    (void)pair_ask(&p, SALLY_CODE_GET, true, "t", SALLY_OBSERVE_CANCEL, none);
    pair_settle(&p);
    assert_int_equal(p.b.request.observe, SALLY_OBSERVE_CANCEL);
    assert_memory_equal(p.b.token, token, sizeof(token));
    assert_int_equal(p.a.replies, 2);
    assert_false(p.a.observe);
    pair_close(&p); /* nothing is left of it */
}

static void a_reply_without_observe_is_the_only_one(void **state)
{
    (void)state;
    pair_open(&p);
    p.b.habit = ANSWER_LATER;
    (void)pair_ask(&p, SALLY_CODE_GET, true, "t", SALLY_OBSERVE_REGISTER, none);
    pair_settle(&p);
    end_answer(&p.b, p.b.pending, false);
    pair_settle(&p);
    assert_int_equal(p.a.replies, 1);
    assert_false(p.a.observe);
    pair_close(&p);
}

static void survives_loss(void **state)
{
    sally_coap_exchange x;

    (void)state;
    pair_open(&p);
    x = observe("t");
    p.a.loss = p.b.loss = 30;
    for (int i = 0; i < 40; i++) {
        (void)notify("v", true);
        pair_wait(&p, 100 * SALLY_SEC);
    }
    assert_int_equal(p.b.notified, 40);
    assert_in_range(p.a.replies, 39, 41);
    p.a.loss = p.b.loss = 0;
    sally_coap_link_cancel(&p.a.link, x);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_newer_from_older),
        cmocka_unit_test(notifies_in_rising_order),
        cmocka_unit_test(tells_at_once_what_nobody_acknowledges),
        cmocka_unit_test(tells_of_a_reset_that_comes_late),
        cmocka_unit_test(a_cancelled_observation_gets_a_reset),
        cmocka_unit_test(a_lost_notification_times_out),
        cmocka_unit_test(drops_what_arrives_out_of_order),
        cmocka_unit_test(an_error_ends_the_observation),
        cmocka_unit_test(cancels_with_the_token_of_the_registration),
        cmocka_unit_test(a_reply_without_observe_is_the_only_one),
        cmocka_unit_test(survives_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
