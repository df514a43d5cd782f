/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_link.c - requests and responses between two links, and
 * what a link says to messages that make no sense. RFC 7252 s.4, 5.         */
#include "pair.h"

static struct pair p;

static void nothing_at_rest(void **state)
{
    (void)state;
    print_message("a link holds %zu bytes\n", sizeof(struct sally_coap_link));
    assert_true(sizeof(struct sally_coap_link) <= 600);
    pair_open(&p);
    assert_int_equal(p.packets.used, 0);
    assert_int_equal(sally_coap_link_deadline(&p.a.link), SALLY_NEVER);
    assert_int_equal(p.a.channels, 1);
    assert_int_equal(p.a.channel_error, SALLY_E_OK);
    pair_close(&p);
}

static void piggybacks_an_answer(void **state)
{
    sally_coap_exchange x;

    (void)state;
    pair_open(&p);
    p.b.answer = sally_span_of("22.5");
    x = pair_get(&p, "3303/0/5700");
    assert_int_equal(sally_coap_link_busy(&p.a.link), 1);
    pair_settle(&p);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.a.replied, x);
    assert_int_equal(p.a.code, SALLY_CODE_CONTENT);
    assert_memory_equal(p.a.body, "22.5", 4);
    assert_int_equal(p.a.sent, 1);
    assert_int_equal(p.b.sent, 1);
    assert_int_equal(sally_coap_link_busy(&p.a.link), 0);
    pair_close(&p);
}

static void answers_separately_when_it_takes_long(void **state)
{
    (void)state;
    pair_open(&p);
    p.b.habit = ANSWER_LATER;
    (void)pair_get(&p, "slow");
    pair_wait(&p, 499 * SALLY_MSEC);
    assert_int_equal(p.b.sent, 0);
    pair_wait(&p, 1 * SALLY_MSEC);
    assert_int_equal(p.b.sent, 1); /* the empty acknowledgement */
    assert_int_equal(p.b.last_len, 4);
    pair_wait(&p, 60 * SALLY_SEC);
    assert_int_equal(p.a.sent, 1); /* and no retransmission since */
    end_answer(&p.b, p.b.pending, false);
    pair_settle(&p);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.a.sent, 2);
    assert_int_equal(p.a.last[0] >> 4, 6); /* acknowledged */
    assert_int_equal(sally_coap_link_busy(&p.b.link), 0);
    pair_close(&p);
}

static void takes_a_separate_answer_as_acknowledgement(void **state)
{
    (void)state;
    pair_open(&p);
    p.b.habit = ANSWER_LATER;
    p.b.drop = 1; /* the empty acknowledgement */
    (void)pair_get(&p, "slow");
    pair_wait(&p, 600 * SALLY_MSEC);
    end_answer(&p.b, p.b.pending, false);
    pair_wait(&p, 60 * SALLY_SEC);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.a.sent, 2); /* request, acknowledgement */
    pair_close(&p);
}

static void answers_a_duplicate_from_the_cache(void **state)
{
    (void)state;
    pair_open(&p);
    p.b.answer = sally_span_of("an answer that is too long for the small room");
    p.b.drop = 3; /* the answer, twice */
    (void)pair_get(&p, "x");
    pair_wait(&p, 60 * SALLY_SEC);
    assert_int_equal(p.a.sent, 3);
    assert_int_equal(p.b.sent, 3);
    assert_int_equal(p.b.requests, 1);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.a.body_len, p.b.answer.len);
    pair_close(&p);
}

static void answers_the_copy_of_a_pending_request_once(void **state)
{
    (void)state;
    pair_open(&p);
    p.parameters.separate_after = 20 * SALLY_SEC;
    p.b.habit = ANSWER_LATER;
    (void)pair_get(&p, "x");
    pair_wait(&p, 10 * SALLY_SEC); /* two copies come and get no answer */
    assert_int_equal(p.b.requests, 1);
    assert_int_equal(p.b.sent, 0);
    end_answer(&p.b, p.b.pending, false);
    pair_settle(&p);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.b.sent, 1);
    pair_close(&p);
}

static void gives_up_after_the_last_wait(void **state)
{
    sally_usec start;

    (void)state;
    pair_open(&p);
    p.parameters.random_percent = 100;
    p.a.drop = UINT64_MAX;
    start = p.now;
    (void)pair_get(&p, "x");
    pair_run(&p, start + 62 * SALLY_SEC - 1);
    assert_int_equal(p.a.replies, 0);
    pair_wait(&p, 1);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.a.reply_error, SALLY_E_TIMED_OUT);
    assert_int_equal(p.a.sent, 5);
    assert_int_equal(p.a.times[4] - start, 30 * SALLY_SEC);
    p.a.drop = 0;
    pair_close(&p);
}

static void
waits_for_a_separate_answer_no_longer_than_the_lifetime(void **state)
{
    (void)state;
    pair_open(&p);
    p.b.habit = ANSWER_NEVER;
    (void)pair_get(&p, "x");
    pair_wait(&p, 246 * SALLY_SEC);
    assert_int_equal(p.a.replies, 0);
    pair_wait(&p, 2 * SALLY_SEC);
    assert_int_equal(p.a.reply_error, SALLY_E_TIMED_OUT);
    p.b.answer = sally_span_of("late");
    p.b.habit = ANSWER_AT_ONCE;
    end_answer(&p.b, p.b.pending, false); /* NOT_FOUND: nothing happens */
    pair_close(&p);
}

static void asks_without_confirmation(void **state)
{
    (void)state;
    pair_open(&p);
    (void)pair_ask(&p, SALLY_CODE_GET, false, "x", SALLY_OBSERVE_ABSENT,
                   (struct sally_span){ NULL, 0 });
    pair_settle(&p);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.b.last[0] >> 4, 5); /* NON for NON */
    p.a.drop = 1;
    (void)pair_ask(&p, SALLY_CODE_GET, false, "x", SALLY_OBSERVE_ABSENT,
                   (struct sally_span){ NULL, 0 });
    pair_wait(&p, 250 * SALLY_SEC);
    assert_int_equal(p.a.sent, 2);
    assert_int_equal(p.a.reply_error, SALLY_E_TIMED_OUT);
    pair_close(&p);
}

static void queues_what_is_confirmable(void **state)
{
    (void)state;
    pair_open(&p);
    for (int i = 0; i < 5; i++)
        (void)pair_get(&p, "x");
    assert_int_equal(sally_coap_link_busy(&p.a.link), 5);
    p.a.drop = 1;
    pair_settle(&p);
    assert_int_equal(p.a.sent, 1); /* NSTART: the others wait */
    pair_wait(&p, 3 * SALLY_SEC);
    assert_int_equal(p.a.sent, 6);
    assert_int_equal(p.a.replies, 5);
    pair_close(&p);
}

static void a_reset_ends_a_request(void **state)
{
    uint8_t reset[4] = { 0x70, 0 };

    (void)state;
    pair_open(&p);
    (void)pair_get(&p, "x");
    assert_true(end_says(&p.a).len > 4);
    memcpy(&reset[2], &p.a.last[2], 2);
    assert_int_equal(end_hears(&p.a, reset, 4), SALLY_E_OK);
    assert_int_equal(p.a.reply_error, SALLY_E_RESET);
    assert_int_equal(end_hears(&p.a, reset, 4), SALLY_E_UNEXPECTED);
    pair_close(&p);
}

/* What an end with nothing under way says to a datagram. */
static const struct raw {
    const char *what;
    struct {
        uint8_t at[20];
        size_t len;
    } in;
    enum sally_err want;
    uint8_t first; /* byte of what it says; 0: nothing */
} raws[] = {
    { "ping", { { 0x40, 0, 1, 2 }, 4 }, SALLY_E_OK, 0x70 },
    { "empty NON", { { 0x50, 0, 1, 2 }, 4 }, SALLY_E_MALFORMED, 0 },
    { "malformed CON",
      { { 0x40, 1, 1, 2, 0xff }, 5 },
      SALLY_E_MALFORMED,
      0x70 },
    { "CON with token length 9",
      { { 0x49, 1, 1, 2 }, 4 },
      SALLY_E_MALFORMED,
      0x70 },
    { "malformed NON", { { 0x50, 1, 1, 2, 0xff }, 5 }, SALLY_E_MALFORMED, 0 },
    { "malformed ACK", { { 0x60, 1, 1, 2, 0xff }, 5 }, SALLY_E_MALFORMED, 0 },
    { "malformed RST", { { 0x70, 1, 1, 2, 0xff }, 5 }, SALLY_E_MALFORMED, 0 },
    { "other version", { { 0x80, 1, 1, 2 }, 4 }, SALLY_E_MALFORMED, 0 },
    { "three bytes", { { 0x40, 1, 1 }, 3 }, SALLY_E_TRUNCATED, 0 },
    { "CON of reserved class 1",
      { { 0x40, 0x21, 1, 2 }, 4 },
      SALLY_E_MALFORMED,
      0x70 },
    { "CON of reserved class 7",
      { { 0x40, 0xe1, 1, 2 }, 4 },
      SALLY_E_MALFORMED,
      0x70 },
    { "NON of reserved class 6",
      { { 0x50, 0xc1, 1, 2 }, 4 },
      SALLY_E_MALFORMED,
      0 },
    { "CON response to nothing",
      { { 0x41, 0x45, 1, 2, 9 }, 5 },
      SALLY_E_UNEXPECTED,
      0x70 },
    { "NON response to nothing",
      { { 0x51, 0x45, 1, 2, 9 }, 5 },
      SALLY_E_UNEXPECTED,
      0x70 },
    { "piggybacked to nothing",
      { { 0x61, 0x45, 1, 2, 9 }, 5 },
      SALLY_E_UNEXPECTED,
      0 },
    { "acknowledgement of nothing",
      { { 0x60, 0, 1, 2 }, 4 },
      SALLY_E_UNEXPECTED,
      0 },
    { "request in an acknowledgement",
      { { 0x60, 1, 1, 2 }, 4 },
      SALLY_E_MALFORMED,
      0 },
    { "Reset with a code", { { 0x70, 0x45, 1, 2 }, 4 }, SALLY_E_MALFORMED, 0 },
    { "Block2 with szx 7",
      { { 0x40, 1, 1, 2, 0xd1, 10, 7 }, 7 },
      SALLY_E_MALFORMED,
      0x60 },
    { "request with an empty token",
      { { 0x40, 1, 1, 2 }, 4 },
      SALLY_E_OK,
      0x60 },
};

static void says_what_the_rfc_wants(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(raws); i++) {
        const struct raw *r = &raws[i];
        enum sally_err got;
        struct sally_span said;

        pair_open(&p);
        got = end_hears(&p.a, r->in.at, r->in.len);
        said = end_says(&p.a);
        if (got != r->want)
            fail_msg("%s: got: %s", r->what, sally_err_text(got));
        if ((said.len == 0) != (r->first == 0) ||
            (said.len != 0 && said.at[0] != r->first))
            fail_msg("%s: said %zu bytes", r->what, said.len);
        if (said.len != 0)
            assert_memory_equal(&said.at[2], &r->in.at[2], 2);
        assert_int_equal(end_says(&p.a).len, 0);
        pair_close(&p);
    }
}

static void rejects_a_response_with_an_unknown_critical_option(void **state)
{
    uint8_t answer[14] = { 0x48, 0x45, 7, 7 };

    (void)state;
    pair_open(&p);
    (void)pair_get(&p, "x");
    assert_true(end_says(&p.a).len > 12);
    memcpy(&answer[4], &p.a.last[4], 8);
    answer[12] = 0x10; /* If-Match */
    assert_int_equal(end_hears(&p.a, answer, 13), SALLY_E_UNSUPPORTED);
    assert_int_equal(p.a.reply_error, SALLY_E_MALFORMED);
    assert_int_equal(end_says(&p.a).at[0], 0x70);
    pair_close(&p);
}

static void a_wrong_token_is_no_answer(void **state)
{
    uint8_t answer[12] = { 0x68, 0x45 };

    (void)state;
    pair_open(&p);
    (void)pair_get(&p, "x");
    assert_true(end_says(&p.a).len > 12);
    memcpy(&answer[2], &p.a.last[2], 10);
    answer[11] ^= 1;
    assert_int_equal(end_hears(&p.a, answer, 12), SALLY_E_UNEXPECTED);
    answer[11] ^= 1;
    answer[3] ^= 1; /* the token is right, the id is not */
    assert_int_equal(end_hears(&p.a, answer, 12), SALLY_E_UNEXPECTED);
    answer[3] ^= 1;
    assert_int_equal(end_hears(&p.a, answer, 12), SALLY_E_OK);
    assert_int_equal(p.a.replies, 1);
    pair_close(&p);
}

static void cancels_what_is_under_way(void **state)
{
    sally_coap_exchange x;

    (void)state;
    pair_open(&p);
    p.b.habit = ANSWER_LATER;
    x = pair_get(&p, "x");
    pair_wait(&p, 600 * SALLY_MSEC);
    sally_coap_link_cancel(&p.a.link, x);
    end_answer(&p.b, p.b.pending, false);
    pair_wait(&p, 100 * SALLY_SEC);
    assert_int_equal(p.a.replies, 0);
    assert_int_equal(p.a.last[0], 0x70);
    pair_close(&p);
}

static void start_ends_what_was_under_way(void **state)
{
    struct sally_coap_question q = { .code = SALLY_CODE_GET };
    sally_coap_exchange x;

    (void)state;
    pair_open(&p);
    p.b.habit = ANSWER_LATER;
    (void)pair_get(&p, "x");
    (void)pair_get(&p, "y");
    pair_settle(&p);
    assert_int_equal(sally_coap_link_start(&p.a.link, SALLY_SCHEME_COAP,
                                           &p.credential, NULL, p.now),
                     SALLY_E_OK);
    assert_int_equal(p.a.replies, 2);
    assert_int_equal(p.a.reply_error, SALLY_E_CANCELLED);
    assert_int_equal(p.a.channels, 2);
    sally_coap_link_close(&p.a.link, p.now);
    assert_int_equal(sally_coap_link_request(&p.a.link, &q, p.now, &x),
                     SALLY_E_BAD_STATE);
    assert_int_equal(end_hears(&p.a, (const uint8_t[]){ 0x40, 0, 1, 2 }, 4),
                     SALLY_E_UNEXPECTED);
    sally_coap_link_wipe(&p.a.link);
    sally_coap_link_wipe(&p.a.link);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_at_rest),
        cmocka_unit_test(piggybacks_an_answer),
        cmocka_unit_test(answers_separately_when_it_takes_long),
        cmocka_unit_test(takes_a_separate_answer_as_acknowledgement),
        cmocka_unit_test(answers_a_duplicate_from_the_cache),
        cmocka_unit_test(answers_the_copy_of_a_pending_request_once),
        cmocka_unit_test(gives_up_after_the_last_wait),
        cmocka_unit_test(
            waits_for_a_separate_answer_no_longer_than_the_lifetime),
        cmocka_unit_test(asks_without_confirmation),
        cmocka_unit_test(queues_what_is_confirmable),
        cmocka_unit_test(a_reset_ends_a_request),
        cmocka_unit_test(says_what_the_rfc_wants),
        cmocka_unit_test(rejects_a_response_with_an_unknown_critical_option),
        cmocka_unit_test(a_wrong_token_is_no_answer),
        cmocka_unit_test(cancels_what_is_under_way),
        cmocka_unit_test(start_ends_what_was_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
