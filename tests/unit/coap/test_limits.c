/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_limits.c - empty pools, full tables, and nothing lost
 * or used twice over many exchanges.                                        */
#include "pair.h"

#include "coap/serving.h"

#include <stdlib.h>

static struct pair p;
static uint8_t body[4000];
static const struct sally_span none = { NULL, 0 };

#define HOARD_MAX 64

/* Takes all blocks that are left. */
static size_t hoard(struct sally_pool *pool, void *blocks[HOARD_MAX])
{
    size_t count = 0;

    while (count < HOARD_MAX && (blocks[count] = sally_pool_take(pool)) != NULL)
        count++;
    return count;
}

static void give_back(struct sally_pool *pool, void *blocks[HOARD_MAX],
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        sally_pool_give(pool, blocks[i]);
}

static void asks_again_when_there_are_blocks(void **state)
{
    struct sally_coap_question q = { .code = SALLY_CODE_GET,
                                     .confirmable = true };
    void *blocks[HOARD_MAX];
    sally_coap_exchange x;
    size_t count;

    (void)state;
    pair_open(&p);
    count = hoard(&p.packets, blocks);
    assert_int_equal(sally_coap_link_request(&p.a.link, &q, p.now, &x),
                     SALLY_E_NO_ROOM);
    give_back(&p.packets, blocks, count);
    assert_int_equal(sally_coap_link_request(&p.a.link, &q, p.now, &x),
                     SALLY_E_OK);
    assert_int_equal(hoard(&p.packets, blocks), count - 1);
    pair_wait(&p, 1 * SALLY_SEC); /* no block to send it from: loss */
    assert_int_equal(p.a.sent, 0);
    give_back(&p.packets, blocks, count - 1);
    pair_wait(&p, 3 * SALLY_SEC);
    assert_int_equal(p.a.replies, 1);
    pair_close(&p);
}

static void a_request_without_room_counts_as_lost(void **state)
{
    static const uint8_t get[] = { 0x40, SALLY_CODE_GET, 0, 1 };
    void *blocks[HOARD_MAX];
    size_t count;

    (void)state;
    pair_open(&p);
    count = hoard(&p.packets, blocks);
    for (size_t left = 0; left < 2; left++) { /* ring, then table */
        assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_NO_ROOM);
        assert_int_equal(p.b.requests, 0);
        sally_pool_give(&p.packets, blocks[--count]);
    }
    assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_OK);
    assert_int_equal(p.b.requests, 1);
    give_back(&p.packets, blocks, count);
    pair_settle(&p);
    pair_close(&p);
}

static void says_unavailable_when_the_answer_cannot_be_held(void **state)
{
    static const uint8_t get[] = { 0x40, SALLY_CODE_GET, 0, 1 };
    void *blocks[HOARD_MAX];
    size_t count;

    (void)state;
    pair_open(&p);
    p.b.answer = (struct sally_span){ body, 100 };
    count = hoard(&p.packets, blocks);
    count -= 2;
    give_back(&p.packets, &blocks[count], 2);
    assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_OK);
    assert_int_equal(p.b.requests, 1);
    give_back(&p.packets, blocks, count);
    assert_int_equal(end_says(&p.b).len, 4);
    assert_int_equal(p.b.last[1], SALLY_CODE_UNAVAILABLE);
    pair_close(&p);
}

static void a_separate_answer_can_be_tried_again(void **state)
{
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT };
    void *blocks[HOARD_MAX];
    size_t count;

    (void)state;
    pair_open(&p);
    p.b.habit = ANSWER_LATER;
    (void)pair_get(&p, "x");
    pair_wait(&p, SALLY_SEC);
    count = hoard(&p.packets, blocks);
    assert_int_equal(sally_coap_link_respond(&p.b.link, p.b.pending, &a, p.now),
                     SALLY_E_NO_ROOM);
    give_back(&p.packets, blocks, count);
    assert_int_equal(sally_coap_link_respond(&p.b.link, p.b.pending, &a, p.now),
                     SALLY_E_OK);
    assert_int_equal(sally_coap_link_respond(&p.b.link, p.b.pending, &a, p.now),
                     SALLY_E_NOT_FOUND);
    pair_settle(&p);
    assert_int_equal(p.a.replies, 1);
    pair_close(&p);
}

static void bounds_what_waits_for_an_answer(void **state)
{
    uint8_t get[] = { 0x40, SALLY_CODE_GET, 0, 0 };

    (void)state;
    pair_open(&p);
    p.b.habit = ANSWER_LATER;
    for (; get[3] < SALLY_LINK_SERVING_MAX; get[3]++)
        assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_OK);
    assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_NO_ROOM);
    assert_int_equal(p.b.requests, SALLY_LINK_SERVING_MAX);
    assert_int_equal(p.packets.used, 2); /* ring and table */
    end_answer(&p.b, p.b.pending, false);
    assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_OK);
    pair_close(&p); /* the lifetime ends the rest */
}

static void bounds_what_we_ask(void **state)
{
    struct sally_coap_question q = { .code = SALLY_CODE_GET,
                                     .confirmable = true };
    sally_coap_exchange x;

    (void)state;
    pair_open(&p);
    for (int i = 0; i < SALLY_LINK_OUTGOING_MAX; i++)
        (void)pair_get(&p, "x");
    assert_int_equal(sally_coap_link_request(&p.a.link, &q, p.now, &x),
                     SALLY_E_NO_ROOM);
    pair_settle(&p);
    assert_int_equal(p.a.replies, SALLY_LINK_OUTGOING_MAX);
    pair_close(&p);
}

/* The last SALLY_DEDUP_RING messages are known; of large answers the newest
 * SALLY_DEDUP_LARGE are kept, and a copy of an older one is passed over.    */
static void remembers_the_newest_messages(void **state)
{
    uint8_t get[] = { 0x40, SALLY_CODE_GET, 0, 0 };
    size_t answered = 0;

    (void)state;
    pair_open(&p);
    p.b.answer = (struct sally_span){ body, 200 };
    for (; get[3] < 2 * SALLY_DEDUP_RING; get[3]++) {
        p.now++;
        assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_OK);
        assert_true(end_says(&p.b).len > 200);
        assert_true(p.packets.used <= 2 + SALLY_DEDUP_LARGE);
    }
    for (get[3] = SALLY_DEDUP_RING; get[3] < 2 * SALLY_DEDUP_RING; get[3]++) {
        assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_DUPLICATE);
        answered += end_says(&p.b).len > 200;
    }
    assert_int_equal(answered, SALLY_DEDUP_LARGE);
    assert_int_equal(p.b.requests, 2 * SALLY_DEDUP_RING);
    pair_close(&p);
}

static void does_not_push_out_what_is_pending(void **state)
{
    uint8_t get[] = { 0x40, SALLY_CODE_GET, 0, 0 };

    (void)state;
    pair_open(&p);
    p.b.habit = ANSWER_LATER;
    assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_OK);
    p.b.habit = ANSWER_AT_ONCE;
    for (get[3] = 1; get[3] < 2 * SALLY_DEDUP_RING; get[3]++) {
        p.now++;
        assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_OK);
        assert_int_equal(end_says(&p.b).len, 4);
    }
    end_answer(&p.b, p.b.pending, false);
    assert_int_equal(end_says(&p.b).len, 4);
    assert_int_equal(p.b.last[3], 0); /* piggybacked on the first */
    pair_close(&p);
}

static void forgets_after_the_lifetime(void **state)
{
    static const uint8_t get[] = { 0x40, SALLY_CODE_GET, 0, 1 };

    (void)state;
    pair_open(&p);
    assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_OK);
    p.now += 247 * SALLY_SEC - 1;
    assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_DUPLICATE);
    p.now += 1;
    assert_int_equal(end_hears(&p.b, get, sizeof(get)), SALLY_E_OK);
    assert_int_equal(p.b.requests, 2);
    pair_settle(&p);
    pair_close(&p);
}

static void ask_if_there_is_room(const struct sally_coap_question *q)
{
    sally_coap_exchange x;
    enum sally_err e = sally_coap_link_request(&p.a.link, q, p.now, &x);

    assert_true(e == SALLY_E_OK || e == SALLY_E_NO_ROOM);
}

static void notify_if_there_is_room(bool confirmable)
{
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT };
    struct sally_span token = { p.b.token, p.b.token_len };
    sally_coap_exchange x;
    enum sally_err e =
        sally_coap_link_notify(&p.b.link, token, &a, confirmable, p.now, &x);

    assert_true(e == SALLY_E_OK || e == SALLY_E_NO_ROOM);
}

/* One of each kind of exchange, with bodies. */
static void do_everything(void)
{
    struct sally_coap_question q = { .code = SALLY_CODE_POST,
                                     .confirmable = true,
                                     .payload = { body, sizeof(body) } };

    p.b.answer = (struct sally_span){ body, sizeof(body) };
    ask_if_there_is_room(&q);
    pair_wait(&p, SALLY_SEC);
    q.observe = SALLY_OBSERVE_REGISTER;
    q.code = SALLY_CODE_GET;
    q.payload = none;
    ask_if_there_is_room(&q);
    p.b.habit = ANSWER_LATER;
    pair_wait(&p, SALLY_SEC);
    if (p.b.pending != 0)
        end_answer(&p.b, p.b.pending, true);
    notify_if_there_is_room(false);
    notify_if_there_is_room(true);
    pair_wait(&p, 300 * SALLY_SEC);
    q.observe = SALLY_OBSERVE_CANCEL;
    ask_if_there_is_room(&q);
}

static void works_or_says_no_with_pools_of_any_size(void **state)
{
    (void)state;
    for (size_t packets = 1; packets <= 16; packets++)
        for (size_t bodies = 0; bodies <= 3; bodies++) {
            pair_open_with(&p, packets, bodies, 512);
            do_everything();
            pair_close(&p);
        }
}

static int order(const void *a, const void *b)
{
    return memcmp(a, b, SALLY_COAP_TOKEN_MAX);
}

#define MANY 10000

static void ten_thousand_exchanges_leave_nothing(void **state)
{
    static uint8_t tokens[MANY][SALLY_COAP_TOKEN_MAX];
    static bool used[UINT16_MAX + 1];

    (void)state;
    pair_open(&p);
    p.b.answer = sally_span_of("1");
    for (size_t i = 0; i < MANY; i++) {
        (void)pair_get(&p, "x");
        pair_settle(&p);
        assert_int_equal(p.a.replies, i + 1);
        memcpy(tokens[i], p.b.token, SALLY_COAP_TOKEN_MAX);
        assert_false(used[p.b.request.mid]);
        used[p.b.request.mid] = true;
        pair_wait(&p, 5 * SALLY_MSEC);
    }
    assert_int_equal(p.b.requests, MANY);
    assert_true(p.packets.peak <= 4);
    qsort(tokens, MANY, SALLY_COAP_TOKEN_MAX, order);
    for (size_t i = 1; i < MANY; i++)
        assert_int_not_equal(order(tokens[i - 1], tokens[i]), 0);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_again_when_there_are_blocks),
        cmocka_unit_test(a_request_without_room_counts_as_lost),
        cmocka_unit_test(says_unavailable_when_the_answer_cannot_be_held),
        cmocka_unit_test(a_separate_answer_can_be_tried_again),
        cmocka_unit_test(bounds_what_waits_for_an_answer),
        cmocka_unit_test(bounds_what_we_ask),
        cmocka_unit_test(remembers_the_newest_messages),
        cmocka_unit_test(does_not_push_out_what_is_pending),
        cmocka_unit_test(forgets_after_the_lifetime),
        cmocka_unit_test(works_or_says_no_with_pools_of_any_size),
        cmocka_unit_test(ten_thousand_exchanges_leave_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
