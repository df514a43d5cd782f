/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_connection.c - two links over a stream that cuts where
 * it likes and can stand still. RFC 8323.                                   */
#include "pair.h"

#include "coap/connection.h"

#define FIFO 32768

struct fifo {
    uint8_t bytes[FIFO];
    size_t len;
    bool stuck; /* takes nothing in, as a connection whose peer does not read */
};

static struct fifo to_a, to_b;

static void begin(struct pair *p)
{
    pair_open(p);
    to_a.len = to_b.len = 0;
    to_a.stuck = to_b.stuck = false;
    assert_int_equal(sally_coap_link_start(&p->a.link, SALLY_SCHEME_COAP_TCP,
                                           &p->credential, NULL, p->now),
                     SALLY_E_OK);
    assert_int_equal(
        sally_coap_link_accept(&p->b.link, SALLY_SCHEME_COAP_TCP, NULL, p->now),
        SALLY_E_OK);
    p->a.channels = p->b.channels = 0; /* of the datagrams before */
}

static void put(struct fifo *f, const uint8_t *at, size_t len)
{
    assert_true(f->len + len <= FIFO);
    memcpy(&f->bytes[f->len], at, len);
    f->len += len;
}

/* What an end says, and one cut of what is there for it. */
static bool move(struct end *e, struct fifo *in, struct fifo *out)
{
    struct sally_span wire = { NULL, 0 };
    size_t n = sally_coap_link_room(&e->link);
    uint8_t dice;

    if (!out->stuck && out->len < FIFO / 2)
        wire = sally_coap_link_output(&e->link, e->pair->now);
    if (wire.len != 0) {
        put(out, wire.at, wire.len);
        return true;
    }
    pair_random(&e->pair->luck, &dice, 1);
    if (n > in->len)
        n = in->len;
    if (n > 1u + dice % 40u && dice < 200)
        n = 1u + dice % 40u;
    if (n != 0) {
        (void)sally_coap_link_input(&e->link,
                                    (struct sally_span){ in->bytes, n },
                                    e->pair->now);
        in->len -= n;
        memmove(in->bytes, &in->bytes[n], in->len);
        return true;
    }
    if (sally_coap_link_deadline(&e->link) > e->pair->now)
        return false;
    sally_coap_link_expire(&e->link, e->pair->now);
    return true;
}

static void settle(struct pair *p)
{
    bool a, b;

    do {
        a = move(&p->a, &to_a, &to_b);
        b = move(&p->b, &to_b, &to_a);
    } while (a || b);
}

static void run(struct pair *p, sally_usec wait)
{
    sally_usec until = p->now + wait, next;

    settle(p);
    while ((next = sally_earlier(sally_coap_link_deadline(&p->a.link),
                                 sally_coap_link_deadline(&p->b.link))) <=
           until) {
        p->now = next > p->now ? next : p->now;
        settle(p);
    }
    p->now = until;
}

/* At rest a connection holds one block at each end, and after a wipe none. */
static void end(struct pair *p)
{
    to_a.stuck = to_b.stuck = false;
    run(p, 600 * SALLY_SEC);
    assert_true(p->packets.used <= 2);
    assert_int_equal(p->bodies.used, 0);
    sally_coap_link_wipe(&p->a.link);
    sally_coap_link_wipe(&p->b.link);
    assert_int_equal(p->packets.used, 0);
    sally_pool_wipe(&p->packets);
    sally_pool_wipe(&p->bodies);
}

static void is_up_when_both_have_greeted(void **state)
{
    static struct pair p;

    (void)state;
    begin(&p);
    assert_int_equal(p.a.channels, 0);
    assert_int_equal(sally_coap_link_state(&p.a.link),
                     SALLY_CHANNEL_HANDSHAKE);
    settle(&p);
    assert_int_equal(p.a.channels, 1);
    assert_int_equal(p.b.channels, 1);
    assert_int_equal(p.a.channel_error, SALLY_E_OK);
    end(&p);
}

static void asks_and_hears(void **state)
{
    static struct pair p;

    (void)state;
    begin(&p);
    settle(&p);
    p.b.answer = sally_span_of("21.5");
    pair_get(&p, "t");
    settle(&p);
    assert_int_equal(p.b.requests, 1);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.a.code, SALLY_CODE_CONTENT);
    assert_memory_equal(p.a.body, "21.5", 4);
    end(&p);
}

/* No acknowledgement in between, and no message of its own. */
static void answers_late(void **state)
{
    static struct pair p;
    size_t before;

    (void)state;
    begin(&p);
    settle(&p);
    p.b.habit = ANSWER_LATER;
    pair_get(&p, "t");
    run(&p, 20 * SALLY_SEC);
    assert_int_equal(p.b.requests, 1);
    before = to_a.len;
    end_answer(&p.b, p.b.pending, false);
    assert_int_equal(before, 0);
    settle(&p);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.a.reply_error, SALLY_E_OK);
    end(&p);
}

static void bodies_go_both_ways(void **state)
{
    static struct pair p;
    static uint8_t up[4096], down[4096];

    (void)state;
    memset(up, 'u', sizeof(up));
    memset(down, 'd', sizeof(down));
    begin(&p);
    settle(&p);
    p.b.answer = (struct sally_span){ down, sizeof(down) };
    pair_ask(&p, SALLY_CODE_POST, true, "x", SALLY_OBSERVE_ABSENT,
             (struct sally_span){ up, sizeof(up) });
    settle(&p);
    assert_int_equal(p.b.body_len, sizeof(up));
    assert_memory_equal(p.b.body, up, sizeof(up));
    assert_int_equal(p.a.body_len, sizeof(down));
    assert_memory_equal(p.a.body, down, sizeof(down));
    end(&p);
}

static void observe(struct pair *p)
{
    pair_ask(p, SALLY_CODE_GET, true, "t", SALLY_OBSERVE_REGISTER,
             (struct sally_span){ NULL, 0 });
    settle(p);
    assert_true(p->a.observe);
}

static enum sally_err notify(struct pair *p, bool confirmable)
{
    const struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT,
                                         .payload = sally_span_of("v") };
    sally_coap_exchange x;

    return sally_coap_link_notify(
        &p->b.link, (struct sally_span){ p->b.token, p->b.token_len }, &a,
        confirmable, p->now, &x);
}

static void a_notification_is_delivered_when_the_peer_says_so(void **state)
{
    static struct pair p;

    (void)state;
    begin(&p);
    settle(&p);
    observe(&p);
    for (size_t i = 1; i <= 40; i++) {
        assert_int_equal(notify(&p, true), SALLY_E_OK);
        (void)move(&p.b, &to_b, &to_a); /* the notification leaves */
        assert_int_equal(p.b.notified, i - 1);
        settle(&p);
        assert_int_equal(p.b.notified, i);
        assert_int_equal(p.b.notified_error, SALLY_E_OK);
        assert_int_equal(p.a.replies, 1 + i);
    }
    assert_int_equal(notify(&p, false), SALLY_E_OK);
    settle(&p);
    assert_int_equal(p.b.notified, 41);
    sally_coap_link_cancel(&p.a.link, p.a.replied);
    end(&p);
}

/* RFC 8323 s.7.1: the option may be empty, the order is the stream's. */
static void notifications_without_numbers_are_fresh(void **state)
{
    uint8_t frame[] = { 0x38, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, 0x60, 0xff, 'v' };
    static struct pair p;

    (void)state;
    begin(&p);
    settle(&p);
    observe(&p);
    memcpy(&frame[2], p.b.token, SALLY_COAP_TOKEN_MAX);
    put(&to_a, frame, sizeof(frame));
    put(&to_a, frame, sizeof(frame));
    settle(&p);
    assert_int_equal(p.a.replies, 3);
    sally_coap_link_cancel(&p.a.link, p.a.replied);
    end(&p);
}

/* Its bytes go nowhere, so nobody says that they arrived. */
static void a_notification_that_stays_on_the_way_fails(void **state)
{
    static struct pair p;

    (void)state;
    begin(&p);
    settle(&p);
    observe(&p);
    assert_int_equal(notify(&p, true), SALLY_E_OK);
    (void)move(&p.b, &to_b, &to_a);
    (void)move(&p.b, &to_b, &to_a);
    to_a.len = 0;
    p.now += SALLY_STREAM_PONG;
    settle(&p);
    assert_int_equal(p.b.notified, 1);
    assert_int_equal(p.b.notified_error, SALLY_E_CANCELLED);
    assert_int_equal(p.b.channel_error, SALLY_E_TIMED_OUT);
    end(&p);
}

/* Far more requests than we have blocks for, and nobody who reads. */
static void a_peer_that_does_not_read_is_held_back(void **state)
{
    static const uint8_t get[] = { 0x28, 0x01, 1, 2, 3,   4,
                                   5,    6,    7, 8, 0xb1, 't' };
    static struct pair p;
    static uint8_t large[1000];

    (void)state;
    begin(&p);
    settle(&p);
    p.b.answer = (struct sally_span){ large, sizeof(large) };
    to_a.stuck = true;
    for (size_t i = 0; i < 500; i++)
        put(&to_b, get, sizeof(get));
    settle(&p);
    assert_true(to_b.len > 350 * sizeof(get));
    assert_int_equal(sally_coap_link_room(&p.b.link), 0);
    assert_true(p.packets.used <= 8);
    run(&p, SALLY_STREAM_IDLE + SALLY_SEC);
    assert_int_equal(p.b.link.stream->asked, SALLY_NEVER); /* our doing */
    to_a.stuck = false;
    settle(&p);
    assert_int_equal(p.b.requests, 500);
    end(&p);
}

/* Requests that nobody answers yet: as many as there is room for. */
static void requests_wait_for_a_place(void **state)
{
    static const uint8_t get[] = { 0x20, 0x01, 0xb1, 't' };
    static struct pair p;

    (void)state;
    begin(&p);
    settle(&p);
    p.b.habit = ANSWER_LATER;
    for (size_t i = 0; i < 20; i++)
        put(&to_b, get, sizeof(get));
    settle(&p);
    assert_int_equal(p.b.requests, SALLY_LINK_SERVING_MAX);
    end_answer(&p.b, p.b.pending, false);
    settle(&p);
    assert_int_equal(p.b.requests, SALLY_LINK_SERVING_MAX + 1);
    end(&p);
}

static void without_blocks_a_request_is_refused(void **state)
{
    static struct pair p;
    static void *taken[64];
    size_t n = 0;

    (void)state;
    begin(&p);
    settle(&p);
    while ((taken[n] = sally_pool_take(&p.packets)) != NULL)
        n++;
    end_hears(&p.b, (const uint8_t[]){ 0x21, 0x01, 0x77, 0xb1, 't' }, 5);
    while (n > 0)
        sally_pool_give(&p.packets, taken[--n]);
    assert_int_equal(p.b.requests, 0);
    (void)move(&p.b, &to_b, &to_a);
    assert_memory_equal(to_a.bytes, ((uint8_t[]){ 0x01, 0xa3, 0x77 }), 3);
    end(&p);
}

static void garbage_ends_it_and_both_hear_of_it(void **state)
{
    static struct pair p;

    (void)state;
    begin(&p);
    settle(&p);
    pair_get(&p, "t");
    put(&to_b, (const uint8_t[]){ 0x0f, 0x01 }, 2);
    p.b.habit = ANSWER_LATER;
    settle(&p);
    assert_int_equal(p.b.channel_error, SALLY_E_MALFORMED);
    assert_int_equal(p.a.channel_error, SALLY_E_REFUSED); /* the Abort */
    assert_int_equal(p.a.reply_error, SALLY_E_CANCELLED);
    assert_int_equal(sally_coap_link_room(&p.a.link), 0);
    end(&p);
}

static void a_lost_connection_ends_all(void **state)
{
    static struct pair p;

    (void)state;
    begin(&p);
    settle(&p);
    p.b.habit = ANSWER_NEVER;
    pair_get(&p, "t");
    settle(&p);
    sally_coap_link_lost(&p.a.link, SALLY_E_CLOSED, p.now);
    assert_int_equal(p.a.reply_error, SALLY_E_CANCELLED);
    assert_int_equal(p.a.channel_error, SALLY_E_CLOSED);
    assert_int_equal(sally_coap_link_state(&p.a.link), SALLY_CHANNEL_CLOSED);
    sally_coap_link_lost(&p.b.link, SALLY_E_IO, p.now);
    assert_int_equal(p.b.channel_error, SALLY_E_IO);
    end(&p);
}

static void an_idle_connection_stays_as_long_as_both_answer(void **state)
{
    static struct pair p;

    (void)state;
    begin(&p);
    run(&p, 3600 * SALLY_SEC);
    assert_int_equal(sally_coap_link_state(&p.a.link), SALLY_CHANNEL_UP);
    assert_int_equal(sally_coap_link_state(&p.b.link), SALLY_CHANNEL_UP);
    to_a.stuck = true;
    run(&p, 3600 * SALLY_SEC);
    assert_int_equal(p.a.channel_error, SALLY_E_TIMED_OUT);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_up_when_both_have_greeted),
        cmocka_unit_test(asks_and_hears),
        cmocka_unit_test(answers_late),
        cmocka_unit_test(bodies_go_both_ways),
        cmocka_unit_test(a_notification_is_delivered_when_the_peer_says_so),
        cmocka_unit_test(notifications_without_numbers_are_fresh),
        cmocka_unit_test(a_notification_that_stays_on_the_way_fails),
        cmocka_unit_test(a_peer_that_does_not_read_is_held_back),
        cmocka_unit_test(requests_wait_for_a_place),
        cmocka_unit_test(without_blocks_a_request_is_refused),
        cmocka_unit_test(garbage_ends_it_and_both_hear_of_it),
        cmocka_unit_test(a_lost_connection_ends_all),
        cmocka_unit_test(an_idle_connection_stays_as_long_as_both_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
