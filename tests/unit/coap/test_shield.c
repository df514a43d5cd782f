/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_shield.c - messages that are protected end to end: what
 * goes out, in which order and how often, and what comes of the answers.    */
#include "unit/coap/toy_pair.h"

static struct toy_pair t;
static uint8_t body[5000];

static int set_up(void **state)
{
    (void)state;
    memset(&toy, 0, sizeof(toy));
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 7);
    return 0;
}

static struct sally_span part(size_t len)
{
    return (struct sally_span){ body, len };
}

/* Everything of `e` that is no empty message has option 9 and is hidden. */
static void check_protected(const struct end *e)
{
    struct sally_coap_message m;
    struct sally_span option;
    uint16_t mid;

    assert_int_equal(sally_coap_parse(
                         (struct sally_span){ e->last, e->last_len }, &m, &mid),
                     SALLY_E_OK);
    if (m.code == SALLY_CODE_EMPTY)
        return;
    assert_true(
        sally_coap_option_find(m.options, SALLY_OPTION_OSCORE, &option));
    assert_false(
        sally_coap_option_find(m.options, SALLY_OPTION_URI_PATH, &option));
    assert_true(m.code == SALLY_CODE_POST || m.code == SALLY_CODE_CHANGED);
}

static void a_request_and_its_answer(void **state)
{
    (void)state;
    toy_open(&t, true);
    assert_int_equal(t.p.a.channels, 1);
    t.p.b.answer = sally_span_of("21.5");
    pair_get(&t.p, "3303/0/5700");
    assert_true(pipe_move(&t.p.a, &t.p.b));
    check_protected(&t.p.a);
    assert_true(pipe_move(&t.p.b, &t.p.a));
    check_protected(&t.p.b);
    assert_int_equal(t.p.a.replies, 1);
    assert_int_equal(t.p.a.code, SALLY_CODE_CONTENT);
    assert_memory_equal(t.p.a.body, "21.5", 4);
    assert_int_equal(t.p.b.request.code, SALLY_CODE_GET);
    toy_close(&t);
}

/* The peer asks, under the same keys. */
static void a_request_the_other_way(void **state)
{
    uint8_t room[16];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_question q = { .code = SALLY_CODE_GET,
                                     .confirmable = true };
    sally_coap_exchange x;

    (void)state;
    toy_open(&t, true);
    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, "3/0/0");
    q.options = sally_buf_span(&options);
    assert_int_equal(sally_coap_link_request(&t.p.b.link, &q, t.p.now, &x),
                     SALLY_E_OK);
    pair_settle(&t.p);
    assert_int_equal(t.p.a.requests, 1);
    assert_int_equal(t.p.b.replies, 1);
    assert_int_equal(t.p.b.reply_error, SALLY_E_OK);
    toy_close(&t);
}

static void what_goes_out_again_is_the_same(void **state)
{
    uint8_t first[SALLY_DATAGRAM_MAX];
    size_t len;

    (void)state;
    toy_open(&t, true);
    t.p.a.drop = 1;
    t.p.b.drop = 1;
    pair_get(&t.p, "x");
    assert_true(pipe_move(&t.p.a, &t.p.b)); /* lost */
    len = t.p.a.last_len;
    memcpy(first, t.p.a.last, len);
    pair_wait(&t.p, 4 * SALLY_SEC); /* comes; the answer is lost */
    assert_int_equal(t.p.a.last_len, len);
    assert_memory_equal(t.p.a.last, first, len);
    len = t.p.b.last_len;
    memcpy(first, t.p.b.last, len);
    pair_wait(&t.p, 8 * SALLY_SEC);
    assert_int_equal(t.p.b.last_len, len);
    assert_memory_equal(t.p.b.last, first, len);
    assert_int_equal(t.p.a.replies, 1);
    assert_int_equal(toy.opened, 1);
    toy_close(&t);
}

static void a_separate_answer(void **state)
{
    (void)state;
    toy_open(&t, true);
    t.p.b.habit = ANSWER_LATER;
    pair_get(&t.p, "x");
    pair_wait(&t.p, SALLY_SEC);
    assert_int_equal(t.p.b.last_len, 4); /* an empty message stays as it is */
    end_answer(&t.p.b, t.p.b.pending, false);
    assert_true(pipe_move(&t.p.b, &t.p.a));
    check_protected(&t.p.b);
    pair_settle(&t.p);
    assert_int_equal(t.p.a.replies, 1);
    assert_int_equal(t.p.a.reply_error, SALLY_E_OK);
    toy_close(&t);
}

static void bodies_in_blocks_both_ways(void **state)
{
    (void)state;
    toy_open(&t, true);
    t.p.b.answer = part(sizeof(body));
    pair_ask(&t.p, SALLY_CODE_POST, true, "x", SALLY_OBSERVE_ABSENT,
             part(4000));
    pair_settle(&t.p);
    assert_int_equal(t.p.b.requests, 1);
    assert_int_equal(t.p.b.body_len, 4000);
    assert_memory_equal(t.p.b.body, body, 4000);
    assert_int_equal(t.p.a.reply_error, SALLY_E_OK);
    assert_int_equal(t.p.a.body_len, sizeof(body));
    assert_memory_equal(t.p.a.body, body, sizeof(body));
    assert_true(t.p.a.largest <= SALLY_MESSAGE_MAX);
    assert_true(t.p.b.largest <= SALLY_MESSAGE_MAX);
    toy_close(&t);
}

/* Options so long that a block with its protection has hardly any room. */
static void protection_has_its_room(void **state)
{
    static uint8_t path[240];

    (void)state;
    memset(path, 'p', sizeof(path));
    for (size_t len = 900; len <= 1024; len++) {
        struct sally_coap_question q = { .code = SALLY_CODE_POST,
                                         .confirmable = true };
        uint8_t room[256];
        struct sally_buf options = SALLY_BUF(room);
        struct sally_coap_option_writer w = sally_coap_options_into(&options);
        sally_coap_exchange x;

        toy_open(&t, true);
        sally_coap_put_option(&w, SALLY_OPTION_URI_PATH,
                              (struct sally_span){ path, len % 240 });
        q.options = sally_buf_span(&options);
        q.payload = part(len);
        assert_int_equal(
            sally_coap_link_request(&t.p.a.link, &q, t.p.now, &x), SALLY_E_OK);
        pair_settle(&t.p);
        assert_int_equal(t.p.b.body_len, len);
        assert_int_equal(t.p.a.reply_error, SALLY_E_OK);
        toy_close(&t);
        memset(&toy, 0, sizeof(toy));
    }
}

/* --- Request-Tag ---------------------------------------------------------- */

static uint8_t tags[4][8];
static size_t tag_lens[4], tag_count;

static void note_tag(void *owner, const struct sally_coap_request *q,
                     sally_usec now)
{
    struct sally_span tag = { NULL, 0 };

    (void)sally_coap_option_find(q->options, SALLY_OPTION_REQUEST_TAG, &tag);
    assert_true(tag_count < 4 && tag.len <= 8);
    tag_lens[tag_count] = tag.len;
    if (tag.len != 0)
        memcpy(tags[tag_count], tag.at, tag.len);
    tag_count++;
    end_on_request(owner, q, now);
}

static void each_body_has_a_tag_of_its_own(void **state)
{
    struct sally_coap_link_upcalls noting = pair_upcalls;

    (void)state;
    noting.on_request = note_tag;
    tag_count = 0;
    toy_open(&t, true);
    t.p.b.link.upcalls = &noting;
    for (int i = 0; i < 2; i++) {
        pair_ask(&t.p, SALLY_CODE_POST, true, "x", SALLY_OBSERVE_ABSENT,
                 part(4000));
        pair_settle(&t.p);
    }
    pair_ask(&t.p, SALLY_CODE_POST, true, "x", SALLY_OBSERVE_ABSENT, part(10));
    pair_settle(&t.p);
    assert_int_equal(tag_count, 3);
    assert_true(tag_lens[0] > 2 && tag_lens[1] > 2 && tag_lens[2] == 0);
    assert_memory_not_equal(tags[0], tags[1], tag_lens[0]);
    t.p.b.link.upcalls = &pair_upcalls;
    toy_close(&t);
}

/* --- Reservation ---------------------------------------------------------- */

static void a_number_is_not_used_before_it_is_durable(void **state)
{
    (void)state;
    toy.reserves = true;
    toy_open(&t, true);
    t.lazy = true;
    pair_get(&t.p, "x");
    pair_wait(&t.p, 10 * SALLY_SEC);
    assert_int_equal(t.p.a.sent, 0);
    assert_int_equal(t.asked, 1);
    sally_coap_link_reserved(&t.p.a.link, t.asked_for, t.p.now);
    pair_settle(&t.p);
    assert_int_equal(t.p.a.replies, 1);
    assert_int_equal(t.p.a.reply_error, SALLY_E_OK);
    toy_close(&t);
}

static void one_that_never_is_ends_the_exchange(void **state)
{
    (void)state;
    toy.reserves = true;
    toy_open(&t, true);
    t.lazy = true;
    pair_get(&t.p, "x");
    pair_wait(&t.p, 240 * SALLY_SEC);
    assert_int_equal(t.p.a.replies, 0);
    pair_wait(&t.p, 10 * SALLY_SEC);
    assert_int_equal(t.p.a.replies, 1);
    assert_int_equal(t.p.a.reply_error, SALLY_E_TIMED_OUT);
    assert_int_equal(t.p.a.sent, 0);
    toy_close(&t);
}

static void many_requests_reserve_as_they_go(void **state)
{
    (void)state;
    toy.reserves = true;
    toy_open(&t, true);
    for (int i = 0; i < 20; i++) {
        pair_get(&t.p, "x");
        pair_settle(&t.p);
    }
    assert_int_equal(t.p.a.replies, 20);
    assert_int_equal(t.asked, 3);
    toy_close(&t);
}

/* Who keeps no numbers is given no past to build on. */
static void without_an_owner_who_keeps_numbers_nothing_is_known(void **state)
{
    (void)state;
    toy_open(&t, true);
    assert_true(toy.saw_past);
    assert_true(sally_stack_resumed(sally_coap_link_stack(&t.p.a.link)));
    toy_close(&t);
    memset(&toy, 0, sizeof(toy));
    toy.asks = true;
    toy_open(&t, false);
    assert_false(toy.saw_past);
    assert_false(sally_stack_resumed(sally_coap_link_stack(&t.p.a.link)));
    toy_close(&t);
}

static void what_cannot_be_protected_is_not_sent(void **state)
{
    (void)state;
    toy_open(&t, true);
    toy.fails = SALLY_E_EXHAUSTED;
    pair_get(&t.p, "x");
    pair_wait(&t.p, SALLY_MSEC);
    assert_int_equal(t.p.a.sent, 0);
    assert_int_equal(t.p.a.replies, 1);
    assert_int_equal(t.p.a.reply_error, SALLY_E_EXHAUSTED);
    toy_close(&t);
}

/* --- The mechanism's own question ------------------------------------------ */

static void the_owner_hears_when_the_keys_are_there(void **state)
{
    sally_coap_exchange x;
    const struct sally_coap_question q = { .code = SALLY_CODE_GET };

    (void)state;
    toy.asks = true;
    memset(&t, 0, sizeof(t));
    toy_open(&t, true); /* settles: the question was answered */
    assert_int_equal(toy.questions, 1);
    assert_int_equal(t.p.b.requests, 1);
    assert_int_equal(t.p.a.replies, 0);
    assert_int_equal(t.p.a.channels, 1);
    assert_int_equal(t.p.a.channel_error, SALLY_E_OK);
    assert_false(sally_stack_resumed(sally_coap_link_stack(&t.p.a.link)));
    t.past.reserved = 100;
    toy_start(&t);
    assert_int_equal(sally_coap_link_request(&t.p.a.link, &q, t.p.now, &x),
                     SALLY_E_BAD_STATE);
    pair_settle(&t.p);
    assert_int_equal(sally_coap_link_state(&t.p.a.link), SALLY_CHANNEL_UP);
    toy_close(&t);
}

/* The peer's own requests wait until the keys are there, too. */
static void nobody_is_served_before_that(void **state)
{
    const struct sally_coap_question q = { .code = SALLY_CODE_GET,
                                           .confirmable = true };
    sally_coap_exchange x;

    (void)state;
    toy.asks = true;
    toy_open(&t, true);
    t.past.reserved = 100;
    toy_start(&t);
    assert_int_equal(sally_coap_link_request(&t.p.b.link, &q, t.p.now, &x),
                     SALLY_E_OK);
    assert_true(pipe_move(&t.p.b, &t.p.a));
    assert_int_equal(t.p.a.requests, 0);
    pair_wait(&t.p, 10 * SALLY_SEC); /* it comes again */
    assert_int_equal(t.p.a.requests, 1);
    assert_int_equal(t.p.b.replies, 1);
    toy_close(&t);
}

static void a_question_without_an_answer_fails_the_session(void **state)
{
    (void)state;
    toy.asks = true;
    toy_open(&t, true);
    memset(toy.used, 0, sizeof(toy.used));
    t.p.a.loss = 100;
    toy_start(&t);
    pair_wait(&t.p, 100 * SALLY_SEC);
    assert_int_equal(t.p.a.channel_error, SALLY_E_ROLLED_BACK);
    assert_int_equal(sally_coap_link_state(&t.p.a.link), SALLY_CHANNEL_FAILED);
    toy_close(&t);
}

static void keys_that_are_used_up_begin_anew(void **state)
{
    (void)state;
    toy_open(&t, true);
    t.p.b.habit = ANSWER_NEVER;
    pair_get(&t.p, "x");
    pair_settle(&t.p);
    t.p.b.habit = ANSWER_AT_ONCE;
    toy_wear_out(t.p.a.link.stack.object->state);
    pair_wait(&t.p, SALLY_MSEC);
    assert_int_equal(t.p.a.replies, 1);
    assert_int_equal(t.p.a.reply_error, SALLY_E_CANCELLED);
    assert_int_equal(toy.questions, 1);
    assert_int_equal(t.p.a.channels, 2);
    assert_int_equal(t.p.a.channel_error, SALLY_E_OK);
    pair_get(&t.p, "x");
    pair_settle(&t.p);
    assert_int_equal(t.p.a.replies, 2);
    assert_int_equal(t.p.a.reply_error, SALLY_E_OK);
    toy_close(&t);
}

/* --- Observing ------------------------------------------------------------- */

static void notify(const char *text)
{
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT,
                                   .payload = sally_span_of(text) };
    sally_coap_exchange x;

    assert_int_equal(
        sally_coap_link_notify(&t.p.b.link,
                               (struct sally_span){ t.p.b.token,
                                                    t.p.b.token_len },
                               &a, true, t.p.now, &x),
        SALLY_E_OK);
}

/* Nobody observes, so nothing is sent. */
static void notify_in_vain(void)
{
    size_t sent = t.p.b.sent, told = t.p.b.notified;

    notify("in vain");
    pair_wait(&t.p, SALLY_MSEC);
    assert_int_equal(t.p.b.sent, sent);
    assert_int_equal(t.p.b.notified, told + 1);
    assert_int_equal(t.p.b.notified_error, SALLY_E_NOT_FOUND);
}

static void observe(void)
{
    pair_ask(&t.p, SALLY_CODE_GET, true, "x", SALLY_OBSERVE_REGISTER,
             (struct sally_span){ NULL, 0 });
    pair_settle(&t.p);
}

static void notifications_belong_to_their_registration(void **state)
{
    (void)state;
    toy_open(&t, true);
    notify_in_vain();
    observe();
    assert_int_equal(t.p.a.replies, 1);
    assert_true(t.p.a.observe);
    notify("one");
    pair_settle(&t.p);
    notify("two");
    pair_settle(&t.p);
    assert_int_equal(t.p.a.replies, 3);
    assert_memory_equal(t.p.a.body, "two", 3);
    assert_int_equal(t.p.b.notified, 3);
    assert_int_equal(t.p.b.notified_error, SALLY_E_OK);
    toy_close(&t);
}

static void an_older_notification_is_not_heard(void **state)
{
    uint8_t one[SALLY_DATAGRAM_MAX];
    size_t len;

    (void)state;
    toy_open(&t, true);
    observe();
    notify("one");
    t.p.b.drop = 1;
    assert_true(pipe_move(&t.p.b, &t.p.a));
    len = t.p.b.last_len;
    memcpy(one, t.p.b.last, len);
    pair_settle(&t.p);
    pair_wait(&t.p, 4 * SALLY_SEC);
    notify("two");
    pair_settle(&t.p);
    assert_int_equal(t.p.a.replies, 3);
    one[3] ^= 0x40; /* another id: not known as a duplicate */
    assert_int_equal(end_hears(&t.p.a, one, len), SALLY_E_REPLAYED);
    assert_int_equal(t.p.a.replies, 3);
    toy_close(&t);
}

/* RFC 8613 s.8.4.2: a bad one is as if it had not come, and is no reason to
 * register anew.                                                            */
static void bad_notifications_end_no_observation(void **state)
{
    static const uint8_t plain_error[] = { 0x58, 0x84, 1, 2 };
    uint8_t bytes[SALLY_DATAGRAM_MAX];
    size_t len, sent;

    (void)state;
    toy_open(&t, true);
    observe();
    notify("one");
    assert_true(pipe_move(&t.p.b, &t.p.a));
    len = t.p.b.last_len;
    memcpy(bytes, t.p.b.last, len);
    pair_settle(&t.p);
    assert_int_equal(t.p.a.replies, 2);
    sent = t.p.a.sent;
    bytes[3] ^= 0x40;
    bytes[len - 1] ^= 1;
    assert_int_equal(end_hears(&t.p.a, bytes, len), SALLY_E_UNAUTHENTIC);
    memcpy(bytes, plain_error, sizeof(plain_error));
    assert_int_equal(end_hears(&t.p.a, bytes, 12), SALLY_E_UNEXPECTED);
    pair_settle(&t.p);
    assert_int_equal(t.p.a.sent, sent);
    assert_int_equal(t.p.a.replies, 2);
    notify("two");
    pair_settle(&t.p);
    assert_int_equal(t.p.a.replies, 3);
    assert_true(t.p.a.observe);
    toy_close(&t);
}

static void an_error_ends_the_observation(void **state)
{
    struct sally_coap_answer a = { .code = SALLY_CODE_NOT_FOUND };
    sally_coap_exchange x;

    (void)state;
    toy_open(&t, true);
    observe();
    assert_int_equal(
        sally_coap_link_notify(&t.p.b.link,
                               (struct sally_span){ t.p.b.token,
                                                    t.p.b.token_len },
                               &a, true, t.p.now, &x),
        SALLY_E_OK);
    pair_settle(&t.p);
    assert_int_equal(t.p.a.code, SALLY_CODE_NOT_FOUND);
    assert_false(t.p.a.observe);
    notify_in_vain();
    toy_close(&t);
}

/* A registration whose answer is a message of its own: that and the
 * notifications share one binding.                                          */
static void a_late_answer_to_a_registration(void **state)
{
    (void)state;
    toy_open(&t, true);
    t.p.b.habit = ANSWER_LATER;
    observe();
    pair_wait(&t.p, SALLY_SEC);
    end_answer(&t.p.b, t.p.b.pending, true);
    pair_settle(&t.p);
    notify("one");
    pair_settle(&t.p);
    assert_int_equal(t.p.a.replies, 2);
    assert_memory_equal(t.p.a.body, "one", 3);
    toy_close(&t);
}

static void the_peer_cancels(void **state)
{
    (void)state;
    toy_open(&t, true);
    observe();
    pair_ask(&t.p, SALLY_CODE_GET, true, "x", SALLY_OBSERVE_CANCEL,
             (struct sally_span){ NULL, 0 });
    pair_settle(&t.p);
    assert_int_equal(t.p.a.replies, 2);
    assert_false(t.p.a.observe);
    notify_in_vain();
    toy_close(&t);
}

/* Bindings outlive a session whose keys go on, and no other. */
static void observations_live_as_long_as_the_keys(void **state)
{
    uint8_t bytes[SALLY_COAP_TOKEN_MAX];
    const struct sally_span token = { bytes, sizeof(bytes) };
    struct sally_binding b;

    (void)state;
    toy_open(&t, true);
    observe();
    assert_int_equal(t.p.b.token_len, sizeof(bytes));
    memcpy(bytes, t.p.b.token, sizeof(bytes));
    assert_true(sally_coap_link_binding(&t.p.b.link, token, &b));
    assert_int_equal(sally_coap_link_bind(&t.p.a.link, token, &b), SALLY_E_OK);
    t.past.reserved = 100;
    toy_start(&t);
    assert_true(sally_coap_link_binding(&t.p.a.link, token, &b));
    toy.asks = true;
    t.past.reserved = 200;
    toy_start(&t);
    pair_settle(&t.p);
    assert_int_equal(sally_coap_link_state(&t.p.a.link), SALLY_CHANNEL_UP);
    assert_false(sally_coap_link_binding(&t.p.a.link, token, &b));
    toy_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_request_and_its_answer, set_up),
        cmocka_unit_test_setup(a_request_the_other_way, set_up),
        cmocka_unit_test_setup(what_goes_out_again_is_the_same, set_up),
        cmocka_unit_test_setup(a_separate_answer, set_up),
        cmocka_unit_test_setup(bodies_in_blocks_both_ways, set_up),
        cmocka_unit_test_setup(protection_has_its_room, set_up),
        cmocka_unit_test_setup(each_body_has_a_tag_of_its_own, set_up),
        cmocka_unit_test_setup(a_number_is_not_used_before_it_is_durable,
                               set_up),
        cmocka_unit_test_setup(one_that_never_is_ends_the_exchange, set_up),
        cmocka_unit_test_setup(many_requests_reserve_as_they_go, set_up),
        cmocka_unit_test_setup(
            without_an_owner_who_keeps_numbers_nothing_is_known, set_up),
        cmocka_unit_test_setup(what_cannot_be_protected_is_not_sent, set_up),
        cmocka_unit_test_setup(the_owner_hears_when_the_keys_are_there, set_up),
        cmocka_unit_test_setup(nobody_is_served_before_that, set_up),
        cmocka_unit_test_setup(a_question_without_an_answer_fails_the_session,
                               set_up),
        cmocka_unit_test_setup(keys_that_are_used_up_begin_anew, set_up),
        cmocka_unit_test_setup(notifications_belong_to_their_registration,
                               set_up),
        cmocka_unit_test_setup(an_older_notification_is_not_heard, set_up),
        cmocka_unit_test_setup(bad_notifications_end_no_observation, set_up),
        cmocka_unit_test_setup(an_error_ends_the_observation, set_up),
        cmocka_unit_test_setup(a_late_answer_to_a_registration, set_up),
        cmocka_unit_test_setup(the_peer_cancels, set_up),
        cmocka_unit_test_setup(observations_live_as_long_as_the_keys, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
