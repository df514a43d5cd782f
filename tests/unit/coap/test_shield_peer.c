/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_shield_peer.c - what a link that protects its messages
 * end to end makes of plain, forged and replayed ones, of challenges, and of
 * messages that were cut on the way.                                        */
#include "unit/coap/toy_pair.h"

#include "coap/block.h"

static struct toy_pair t;
static uint8_t saved[SALLY_DATAGRAM_MAX];
static size_t saved_len;

static int set_up(void **state)
{
    (void)state;
    memset(&toy, 0, sizeof(toy));
    return 0;
}

/* The next datagram of `e` is kept and not delivered. */
static void intercept(struct end *e)
{
    struct sally_span wire = end_says(e);

    assert_true(wire.len != 0);
    memcpy(saved, wire.at, wire.len);
    saved_len = wire.len;
}

static struct sally_coap_message parsed(struct sally_span wire)
{
    struct sally_coap_message m;
    uint16_t mid;

    assert_int_equal(sally_coap_parse(wire, &m, &mid), SALLY_E_OK);
    return m;
}

static void reply_to(const struct sally_coap_message *q,
                     enum sally_coap_type type, uint8_t code,
                     enum sally_err want)
{
    const struct sally_coap_message m = {
        .type = type, .code = code, .mid = q->mid,
        .token = code == 0 ? (struct sally_span){ NULL, 0 } : q->token
    };
    uint8_t bytes[64];
    struct sally_buf b = SALLY_BUF(bytes);

    assert_int_equal(sally_coap_write(&m, &b), SALLY_E_OK);
    assert_int_equal(end_hears(&t.p.a, b.at, b.len), want);
}

/* Whatever comes unprotected is as if it had not come. */
static void unprotected_answers_change_nothing(void **state)
{
    static const struct {
        enum sally_coap_type type;
        uint8_t code;
    } rows[] = {
        { SALLY_COAP_ACK, SALLY_CODE_CONTENT },
        { SALLY_COAP_ACK, SALLY_CODE_UNAUTHORIZED },
        { SALLY_COAP_ACK, SALLY_CODE_BAD_OPTION },
        { SALLY_COAP_ACK, SALLY_CODE_UNAVAILABLE },
        { SALLY_COAP_NON, SALLY_CODE_CHANGED },
        { SALLY_COAP_CON, SALLY_CODE_NOT_FOUND },
        { SALLY_COAP_RST, 0 },
    };

    (void)state;
    toy_open(&t, true);
    pair_get(&t.p, "x");
    intercept(&t.p.a);
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_coap_message q =
            parsed((struct sally_span){ saved, saved_len });

        reply_to(&q, rows[i].type, rows[i].code, SALLY_E_UNEXPECTED);
        assert_int_equal(end_says(&t.p.a).len, 0);
    }
    assert_int_equal(t.p.a.replies, 0);
    assert_int_equal(sally_coap_link_hint(&t.p.a.link).code,
                     SALLY_CODE_NOT_FOUND);
    assert_int_equal(sally_coap_link_hint(&t.p.a.link).meaning,
                     SALLY_E_REFUSED);
    assert_int_equal(sally_coap_link_hint(&t.p.b.link).code, SALLY_CODE_EMPTY);
    pair_wait(&t.p, 4 * SALLY_SEC); /* it is sent again, and answered */
    assert_int_equal(t.p.a.replies, 1);
    assert_int_equal(t.p.a.reply_error, SALLY_E_OK);
    assert_int_equal(sally_coap_link_state(&t.p.a.link), SALLY_CHANNEL_UP);
    toy_close(&t);
}

/* RFC 7252 s.4.2 lets a message be ignored; the right one comes again under the
 * same id.                                                                  */
static void a_damaged_answer_does_not_hide_the_right_one(void **state)
{
    (void)state;
    toy_open(&t, true);
    t.p.b.habit = ANSWER_LATER;
    pair_get(&t.p, "x");
    pair_wait(&t.p, SALLY_SEC);
    end_answer(&t.p.b, t.p.b.pending, false);
    intercept(&t.p.b);
    saved[saved_len - 1] ^= 1;
    assert_int_equal(end_hears(&t.p.a, saved, saved_len), SALLY_E_UNAUTHENTIC);
    assert_int_equal(end_says(&t.p.a).len, 0);
    saved[saved_len - 1] ^= 1;
    assert_int_equal(end_hears(&t.p.a, saved, saved_len), SALLY_E_OK);
    assert_int_equal(t.p.a.replies, 1);
    toy_close(&t);
}

static void a_forged_request_does_not_hide_the_right_one(void **state)
{
    struct sally_span wire;

    (void)state;
    toy_open(&t, true);
    pair_get(&t.p, "x");
    intercept(&t.p.a);
    saved[saved_len - 1] ^= 1;
    assert_int_equal(end_hears(&t.p.b, saved, saved_len), SALLY_E_UNAUTHENTIC);
    wire = end_says(&t.p.b);
    assert_int_equal(parsed(wire).code, SALLY_CODE_BAD_REQUEST);
    assert_true(sally_span_is(parsed(wire).payload, "no"));
    assert_int_equal(end_hears(&t.p.a, wire.at, wire.len), SALLY_E_UNEXPECTED);
    saved[saved_len - 1] ^= 1;
    assert_int_equal(end_hears(&t.p.b, saved, saved_len), SALLY_E_OK);
    assert_int_equal(t.p.b.requests, 1);
    pair_settle(&t.p);
    assert_int_equal(t.p.a.replies, 1);
    toy_close(&t);
}

static void a_replay_under_another_id_reaches_nobody(void **state)
{
    (void)state;
    toy_open(&t, true);
    pair_get(&t.p, "x");
    assert_true(pipe_move(&t.p.a, &t.p.b));
    memcpy(saved, t.p.a.last, t.p.a.last_len);
    saved_len = t.p.a.last_len;
    pair_settle(&t.p);
    saved[2] ^= 0x55;
    assert_int_equal(end_hears(&t.p.b, saved, saved_len), SALLY_E_REPLAYED);
    assert_int_equal(t.p.b.requests, 1);
    assert_int_equal(parsed(end_says(&t.p.b)).code, SALLY_CODE_UNAUTHORIZED);
    toy_close(&t);
}

static void plain_requests_are_refused(void **state)
{
    uint8_t get[] = { 0x41, SALLY_CODE_GET, 0, 7, 0xaa, 0xb1, 'x' };
    uint8_t non[] = { 0x51, SALLY_CODE_POST, 0, 8, 0xaa, 0xb1, 'x' };
    struct sally_coap_message m;

    (void)state;
    toy_open(&t, true);
    for (int side = 0; side < 2; side++) {
        struct end *e = side == 0 ? &t.p.a : &t.p.b;

        assert_int_equal(end_hears(e, get, sizeof(get)), SALLY_E_UNEXPECTED);
        m = parsed(end_says(e));
        assert_int_equal(m.code, SALLY_CODE_UNAUTHORIZED);
        assert_int_equal(m.type, SALLY_COAP_ACK);
        assert_int_equal(m.mid, 7);
        pair_wait(&t.p, SALLY_SEC);
        assert_int_equal(end_hears(e, non, sizeof(non)), SALLY_E_UNEXPECTED);
        assert_int_equal(parsed(end_says(e)).type, SALLY_COAP_NON);
        assert_int_equal(e->requests, 0);
    }
    toy_close(&t);
}

/* Nobody can use us to send others more than they sent us, or much at all. */
static void refusals_are_short_and_rare(void **state)
{
    uint8_t junk[] = { 0x40, SALLY_CODE_POST, 0,    0,
                       0x92, 0xff, 0xff, 0xff, 1, 2 };
    unsigned answers = 0;

    (void)state;
    toy_open(&t, true);
    for (unsigned i = 0; i < 100; i++) {
        struct sally_span wire;

        junk[3] = (uint8_t)i;
        assert_int_equal(end_hears(&t.p.b, junk, sizeof(junk)),
                         SALLY_E_MALFORMED);
        wire = end_says(&t.p.b);
        assert_true(wire.len <= sizeof(junk));
        answers += wire.len != 0;
        t.p.now += 10 * SALLY_MSEC;
    }
    assert_true(answers >= 9 && answers <= 11);
    assert_int_equal(toy.refused, 100);
    assert_int_equal(t.p.packets.used, 1); /* the ring */
    toy_close(&t);
}

/* --- Freshness (RFC 9175) --------------------------------------------------- */

static void a_challenge_is_answered_once(void **state)
{
    (void)state;
    toy.challenges = true;
    toy_open(&t, true);
    pair_get(&t.p, "x");
    pair_settle(&t.p);
    assert_int_equal(toy.challenged, 1);
    assert_int_equal(t.p.b.requests, 1);
    assert_int_equal(t.p.a.replies, 1);
    assert_int_equal(t.p.a.code, SALLY_CODE_CONTENT);
    toy.stubborn = true;
    pair_get(&t.p, "x");
    pair_settle(&t.p);
    assert_int_equal(toy.challenged, 3);
    assert_int_equal(t.p.a.replies, 2);
    assert_int_equal(t.p.a.code, SALLY_CODE_UNAUTHORIZED);
    assert_int_equal(t.p.b.requests, 1);
    toy_close(&t);
}

static void a_challenged_body_arrives_whole(void **state)
{
    static uint8_t body[3000];

    (void)state;
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 11);
    toy.challenges = true;
    toy_open(&t, true);
    pair_ask(&t.p, SALLY_CODE_POST, true, "x", SALLY_OBSERVE_ABSENT,
             (struct sally_span){ body, sizeof(body) });
    pair_settle(&t.p);
    assert_int_equal(t.p.b.requests, 1);
    assert_int_equal(t.p.b.body_len, sizeof(body));
    assert_memory_equal(t.p.b.body, body, sizeof(body));
    assert_int_equal(t.p.a.reply_error, SALLY_E_OK);
    toy_close(&t);
}

static void a_challenged_observation_observes(void **state)
{
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT,
                                   .payload = sally_span_of("one") };
    sally_coap_exchange x;

    (void)state;
    toy.challenges = true;
    toy_open(&t, true);
    pair_ask(&t.p, SALLY_CODE_GET, true, "x", SALLY_OBSERVE_REGISTER,
             (struct sally_span){ NULL, 0 });
    pair_settle(&t.p);
    assert_true(t.p.a.observe);
    assert_int_equal(
        sally_coap_link_notify(&t.p.b.link,
                               (struct sally_span){ t.p.b.token,
                                                    t.p.b.token_len },
                               &a, true, t.p.now, &x),
        SALLY_E_OK);
    pair_settle(&t.p);
    assert_int_equal(t.p.a.replies, 2);
    toy_close(&t);
}

/* A client may say its Echo with the first block of a body only. */
static void an_echo_makes_no_other_body(void **state)
{
    static const uint8_t with[] = { 0xb1, 'x', 0xd1, 252 - 11 - 13, 7 };
    static const uint8_t tagged[] = { 0xb1, 'x', 0xe1, 0, 292 - 11 - 269, 7 };
    const struct sally_hash_key seed = { { 1, 2 } };
    struct sally_coap_message m = { .code = SALLY_CODE_POST,
                                    .options = { with, 2 } };
    uint64_t plain = sally_coap_body_key(&seed, &m);

    (void)state;
    m.options = (struct sally_span){ with, sizeof(with) };
    assert_true(sally_coap_body_key(&seed, &m) == plain);
    m.options = (struct sally_span){ tagged, sizeof(tagged) };
    assert_false(sally_coap_body_key(&seed, &m) == plain);
}

/* On a link without such a mechanism, whose channel vouches for the answer. */
static void echo_on_a_plain_link(void **state)
{
    static const uint8_t echo[] = { 0xd8, 252 - 13, 1, 2, 3, 4, 5, 6, 7, 8 };
    struct sally_coap_answer a = { .code = SALLY_CODE_UNAUTHORIZED,
                                   .options = { echo, sizeof(echo) } };
    static struct pair p;
    uint8_t token[8];

    (void)state;
    pair_open(&p);
    p.b.habit = ANSWER_LATER;
    pair_get(&p, "x");
    for (int round = 0; round < 2; round++) {
        pair_settle(&p);
        assert_int_equal(p.b.requests, round + 1);
        assert_int_equal(p.a.replies, 0);
        if (round == 1)
            assert_memory_not_equal(token, p.b.token, sizeof(token));
        memcpy(token, p.b.token, sizeof(token));
        assert_int_equal(
            sally_coap_link_respond(&p.b.link, p.b.pending, &a, p.now),
            SALLY_E_OK);
    }
    pair_settle(&p);
    assert_int_equal(p.b.requests, 2);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.a.code, SALLY_CODE_UNAUTHORIZED);
    pair_close(&p);
    sally_credential_wipe(&p.credential);
}

/* --- Cut on the way --------------------------------------------------------- */

/* Block `number` of the message in `saved`, with `size` bytes a block. */
static enum sally_err send_part(uint32_t number, uint8_t szx)
{
    struct sally_coap_message m =
        parsed((struct sally_span){ saved, saved_len });
    struct sally_coap_block b = { .number = number, .szx = szx };
    struct sally_coap_options walk = { m.options, 0 };
    struct sally_coap_option o;
    uint8_t list[128], bytes[SALLY_DATAGRAM_MAX];
    struct sally_buf options = SALLY_BUF(list), out = SALLY_BUF(bytes);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);

    m.payload = sally_coap_block_cut(m.payload, &b);
    while (sally_coap_option_next(&walk, &o))
        sally_coap_put_option(&w, o.number, o.value);
    sally_coap_put_uint(&w, SALLY_OPTION_BLOCK1, sally_coap_block_value(&b));
    m.options = sally_buf_span(&options);
    m.mid = (uint16_t)(m.mid + 1000 + number);
    assert_int_equal(sally_coap_write(&m, &out), SALLY_E_OK);
    return end_hears(&t.p.b, out.at, out.len);
}

static void outer_blocks_are_put_together(void **state)
{
    static uint8_t body[300];

    (void)state;
    memset(body, 'b', sizeof(body));
    toy_open(&t, true);
    pair_ask(&t.p, SALLY_CODE_POST, true, "x", SALLY_OBSERVE_ABSENT,
             (struct sally_span){ body, sizeof(body) });
    intercept(&t.p.a);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(send_part(i, 2), SALLY_E_OK); /* 64 bytes */
        assert_int_equal(parsed(end_says(&t.p.b)).code, SALLY_CODE_CONTINUE);
        assert_int_equal(t.p.b.requests, 0);
    }
    assert_int_equal(send_part(4, 2), SALLY_E_OK);
    assert_int_equal(t.p.b.requests, 1);
    assert_int_equal(t.p.b.body_len, sizeof(body));
    assert_int_equal(parsed(end_says(&t.p.b)).code, SALLY_CODE_CHANGED);
    assert_int_equal(t.p.bodies.used, 0);
    toy_close(&t);
}

static void outer_blocks_are_bounded(void **state)
{
    static const uint8_t number[] = { 0, 9 };
    static uint8_t payload[1024];
    enum sally_err e = SALLY_E_OK;
    uint32_t taken = 0;

    (void)state;
    toy_open(&t, true);
    while (e == SALLY_E_OK && taken < 40) {
        struct sally_coap_block b = { .number = taken, .more = true, .szx = 6 };
        uint8_t list[16], bytes[SALLY_DATAGRAM_MAX];
        struct sally_buf options = SALLY_BUF(list), out = SALLY_BUF(bytes);
        struct sally_coap_option_writer w = sally_coap_options_into(&options);
        struct sally_coap_message m = { .code = SALLY_CODE_POST,
                                        .mid = (uint16_t)taken,
                                        .payload = { payload, 1024 } };

        sally_coap_put_option(&w, SALLY_OPTION_OSCORE,
                              (struct sally_span){ number, 2 });
        sally_coap_put_uint(&w, SALLY_OPTION_BLOCK1,
                            sally_coap_block_value(&b));
        m.options = sally_buf_span(&options);
        assert_int_equal(sally_coap_write(&m, &out), SALLY_E_OK);
        e = end_hears(&t.p.b, out.at, out.len);
        m = parsed(end_says(&t.p.b));
        assert_int_equal(m.code, e == SALLY_E_OK ? SALLY_CODE_CONTINUE
                                                 : SALLY_CODE_TOO_LARGE);
        taken += e == SALLY_E_OK;
    }
    assert_int_equal(e, SALLY_E_TOO_LARGE);
    assert_int_equal(taken, (BODY_MAX - SALLY_DATAGRAM_MAX / 2) / 1024);
    assert_int_equal(t.p.bodies.used, 0);
    toy_close(&t);
}

/* The proxy of the tests: what `b` said is in `saved`, and here goes block
 * `number` of it in answer to `q`, of 64 bytes.                             */
static enum sally_err give_part(const struct sally_coap_message *q,
                                uint32_t number, enum sally_coap_type type)
{
    struct sally_coap_message m =
        parsed((struct sally_span){ saved, saved_len });
    struct sally_coap_block b = { .number = number, .szx = 2 };
    struct sally_coap_options walk = { m.options, 0 };
    struct sally_coap_option o;
    uint8_t list[128], bytes[SALLY_DATAGRAM_MAX];
    struct sally_buf options = SALLY_BUF(list), out = SALLY_BUF(bytes);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);

    m.payload = sally_coap_block_cut(m.payload, &b);
    while (sally_coap_option_next(&walk, &o))
        sally_coap_put_option(&w, o.number, o.value);
    sally_coap_put_uint(&w, SALLY_OPTION_BLOCK2, sally_coap_block_value(&b));
    m.options = sally_buf_span(&options);
    m.type = type;
    m.token = q->token;
    m.mid = type == SALLY_COAP_ACK ? q->mid : (uint16_t)(7000 + number);
    assert_int_equal(sally_coap_write(&m, &out), SALLY_E_OK);
    return end_hears(&t.p.a, out.at, out.len);
}

/* What `a` asks for more by: nothing of it is new but Block2 and the id. */
static struct sally_coap_message next_question(uint8_t code, uint32_t number,
                                               struct sally_span protection)
{
    struct sally_coap_message q = parsed(end_says(&t.p.a));
    struct sally_coap_block b;
    struct sally_span value;

    assert_int_equal(q.type, SALLY_COAP_CON);
    assert_int_equal(q.code, code);
    assert_int_equal(
        sally_coap_block_read(q.options, SALLY_OPTION_BLOCK2, &b), SALLY_E_OK);
    assert_int_equal(b.number, number);
    assert_int_equal(b.szx, 2);
    assert_false(b.more);
    assert_true(
        sally_coap_option_find(q.options, SALLY_OPTION_OSCORE, &value));
    assert_true(sally_span_equal(value, protection));
    assert_false(
        sally_coap_option_find(q.options, SALLY_OPTION_OBSERVE, &value));
    return q;
}

/* A request of `a` whose answer of 300 bytes is in `saved`, not delivered. */
static struct sally_coap_message ask_for_much(uint8_t *protection, size_t *len)
{
    static uint8_t body[300];
    struct sally_coap_message q;
    struct sally_span value;

    memset(body, 'b', sizeof(body));
    t.p.b.answer = (struct sally_span){ body, sizeof(body) };
    pair_get(&t.p, "x");
    q = parsed(end_says(&t.p.a));
    assert_true(
        sally_coap_option_find(q.options, SALLY_OPTION_OSCORE, &value));
    memcpy(protection, value.at, value.len);
    *len = value.len;
    assert_int_equal(end_hears(&t.p.b, t.p.a.last, 4 + q.token.len +
                                                       q.options.len + 1 +
                                                       q.payload.len),
                     SALLY_E_OK);
    intercept(&t.p.b);
    return q;
}

static void cut_answers_are_put_together(void **state)
{
    enum sally_coap_type types[] = { SALLY_COAP_ACK, SALLY_COAP_NON,
                                     SALLY_COAP_CON };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(types); i++) {
        uint8_t room[128];
        struct sally_span protection = { room, 0 };
        struct sally_coap_message q;

        toy_open(&t, true);
        q = ask_for_much(room, &protection.len);
        for (uint32_t n = 0; n < 4; n++) {
            assert_int_equal(give_part(&q, n, types[i]), SALLY_E_OK);
            assert_int_equal(t.p.a.replies, 0);
            if (types[i] == SALLY_COAP_CON)
                assert_int_equal(parsed(end_says(&t.p.a)).type,
                                 SALLY_COAP_ACK);
            q = next_question(SALLY_CODE_POST, n + 1, protection);
            assert_int_equal(q.payload.len, 0);
        }
        assert_int_equal(give_part(&q, 4, types[i]), SALLY_E_OK);
        assert_int_equal(t.p.a.replies, 1);
        assert_int_equal(t.p.a.reply_error, SALLY_E_OK);
        assert_int_equal(t.p.a.body_len, 300);
        assert_int_equal(t.p.bodies.used, 0);
        toy_close(&t);
        memset(&toy, 0, sizeof(toy));
    }
}

/* Anybody can forge a part. The right answer is taken all the same, whole or in
 * parts, and what was begun takes no memory for longer than it may.         */
static void a_forged_part_hides_no_answer(void **state)
{
    uint8_t room[128];
    struct sally_span protection = { room, 0 };
    struct sally_coap_message q, again;

    (void)state;
    toy_open(&t, true);
    q = ask_for_much(room, &protection.len);
    saved[saved_len - 1] ^= 1;
    assert_int_equal(give_part(&q, 0, SALLY_COAP_NON), SALLY_E_OK);
    again = next_question(SALLY_CODE_POST, 1, protection);
    assert_int_equal(give_part(&again, 3, SALLY_COAP_ACK),
                     SALLY_E_UNEXPECTED);
    for (uint32_t n = 1; n < 4; n++) {
        assert_int_equal(give_part(&again, n, SALLY_COAP_ACK), SALLY_E_OK);
        again = next_question(SALLY_CODE_POST, n + 1, protection);
    }
    assert_int_equal(give_part(&again, 4, SALLY_COAP_ACK), SALLY_E_UNAUTHENTIC);
    assert_int_equal(t.p.a.replies, 0);
    saved[saved_len - 1] ^= 1;
    saved[0] = (uint8_t)((saved[0] & 0xcf) | SALLY_COAP_NON << 4);
    assert_int_equal(end_hears(&t.p.a, saved, saved_len), SALLY_E_OK);
    assert_int_equal(t.p.a.replies, 1);
    assert_int_equal(t.p.a.body_len, 300);
    toy_close(&t);
}

/* Nobody makes us gather for ever. */
static void cut_answers_are_bounded(void **state)
{
    static const uint8_t payload[1024];
    uint8_t room[128];
    size_t len;
    struct sally_coap_message q;
    enum sally_err e = SALLY_E_OK;
    uint32_t taken = 0;

    (void)state;
    toy_open(&t, true);
    q = ask_for_much(room, &len);
    while (e == SALLY_E_OK && taken < 40) {
        struct sally_coap_block b = { .number = taken, .more = true, .szx = 6 };
        uint8_t list[16], bytes[SALLY_DATAGRAM_MAX];
        struct sally_buf options = SALLY_BUF(list), out = SALLY_BUF(bytes);
        struct sally_coap_option_writer w = sally_coap_options_into(&options);
        struct sally_coap_message m = { .type = SALLY_COAP_ACK,
                                        .code = SALLY_CODE_CHANGED,
                                        .mid = q.mid,
                                        .token = q.token,
                                        .payload = { payload, 1024 } };

        sally_coap_put_option(&w, SALLY_OPTION_OSCORE, sally_span_of("n"));
        sally_coap_put_uint(&w, SALLY_OPTION_BLOCK2,
                            sally_coap_block_value(&b));
        m.options = sally_buf_span(&options);
        assert_int_equal(sally_coap_write(&m, &out), SALLY_E_OK);
        e = end_hears(&t.p.a, out.at, out.len);
        if (e == SALLY_E_OK)
            q = parsed(end_says(&t.p.a));
        taken += e == SALLY_E_OK;
    }
    assert_int_equal(e, SALLY_E_TOO_LARGE);
    assert_int_equal(taken, (BODY_MAX - SALLY_DATAGRAM_MAX / 2) / 1024);
    assert_int_equal(t.p.bodies.used, 0);
    assert_int_equal(t.p.a.replies, 0);
    pair_wait(&t.p, 300 * SALLY_SEC); /* and that was the end of it */
    assert_int_equal(t.p.a.reply_error, SALLY_E_TIMED_OUT);
    toy_close(&t);
}

/* The rest of a notification is asked for under another token, and is still
 * the notification.                                                         */
static void a_cut_notification_is_one(void **state)
{
    static uint8_t body[300];
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT,
                                   .payload = { body, sizeof(body) } };
    uint8_t room[128], token[SALLY_COAP_TOKEN_MAX];
    struct sally_span protection = { room, 0 }, value;
    struct sally_coap_message q;
    sally_coap_exchange x;

    (void)state;
    toy_open(&t, true);
    pair_ask(&t.p, SALLY_CODE_GET, true, "x", SALLY_OBSERVE_REGISTER,
             (struct sally_span){ NULL, 0 });
    intercept(&t.p.a);
    q = parsed((struct sally_span){ saved, saved_len });
    assert_true(
        sally_coap_option_find(q.options, SALLY_OPTION_OSCORE, &value));
    memcpy(room, value.at, value.len);
    protection.len = value.len;
    assert_int_equal(end_hears(&t.p.b, saved, saved_len), SALLY_E_OK);
    pair_settle(&t.p);
    assert_int_equal(t.p.a.replies, 1);
    memset(body, 'n', sizeof(body));
    memcpy(token, t.p.b.token, sizeof(token));
    assert_int_equal(sally_coap_link_notify(&t.p.b.link,
                                            (struct sally_span){
                                                token, t.p.b.token_len },
                                            &a, false, t.p.now, &x),
                     SALLY_E_OK);
    intercept(&t.p.b);
    q = parsed((struct sally_span){ saved, saved_len });
    for (uint32_t n = 0; n < 4; n++) {
        assert_int_equal(give_part(&q, n, SALLY_COAP_NON), SALLY_E_OK);
        q = next_question(SALLY_CODE_FETCH, n + 1, protection);
        assert_int_not_equal(q.payload.len, 0);
        assert_memory_not_equal(q.token.at, token, sizeof(token));
    }
    assert_int_equal(give_part(&q, 4, SALLY_COAP_NON), SALLY_E_OK);
    assert_int_equal(t.p.a.replies, 2);
    assert_true(t.p.a.observe);
    assert_int_equal(t.p.a.body_len, 300);
    assert_memory_equal(t.p.a.body, body, sizeof(body));
    assert_int_equal(end_hears(&t.p.a, saved, saved_len), SALLY_E_REPLAYED);
    assert_int_equal(t.p.a.replies, 2);
    sally_coap_link_wipe(&t.p.a.link);
    toy_close(&t);
}

/* --- Pools ------------------------------------------------------------------ */

/* When there is no room for a request it must not be opened, or what comes
 * again would be a replay.                                                  */
static void without_room_a_request_is_not_opened(void **state)
{
    void *taken[64];
    size_t n = 0;

    (void)state;
    toy_open(&t, true);
    pair_get(&t.p, "x");
    intercept(&t.p.a);
    while (n < 64 && t.p.packets.used + 2 < t.p.packets.count)
        taken[n++] = sally_pool_take(&t.p.packets);
    assert_int_equal(end_hears(&t.p.b, saved, saved_len), SALLY_E_NO_ROOM);
    assert_int_equal(toy.opened, 0);
    while (n > 0)
        sally_pool_give(&t.p.packets, taken[--n]);
    assert_int_equal(end_hears(&t.p.b, saved, saved_len), SALLY_E_OK);
    assert_int_equal(t.p.b.requests, 1);
    toy_close(&t);
}

static void an_end_at_any_point_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned steps = 0; steps < 12; steps++) {
        toy_open(&t, true);
        t.p.b.habit = steps % 2 == 0 ? ANSWER_AT_ONCE : ANSWER_LATER;
        for (int i = 0; i < 3; i++)
            pair_ask(&t.p, SALLY_CODE_GET, true, "x", SALLY_OBSERVE_REGISTER,
                     (struct sally_span){ NULL, 0 });
        for (unsigned i = 0; i < steps; i++)
            (void)(pipe_move(&t.p.a, &t.p.b) || pipe_move(&t.p.b, &t.p.a));
        sally_coap_link_wipe(&t.p.a.link);
        sally_coap_link_wipe(&t.p.b.link);
        assert_int_equal(t.p.packets.used, 0);
        toy_close(&t);
        memset(&toy, 0, sizeof(toy));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(unprotected_answers_change_nothing, set_up),
        cmocka_unit_test_setup(a_damaged_answer_does_not_hide_the_right_one,
                               set_up),
        cmocka_unit_test_setup(a_forged_request_does_not_hide_the_right_one,
                               set_up),
        cmocka_unit_test_setup(a_replay_under_another_id_reaches_nobody,
                               set_up),
        cmocka_unit_test_setup(plain_requests_are_refused, set_up),
        cmocka_unit_test_setup(refusals_are_short_and_rare, set_up),
        cmocka_unit_test_setup(a_challenge_is_answered_once, set_up),
        cmocka_unit_test_setup(a_challenged_body_arrives_whole, set_up),
        cmocka_unit_test_setup(a_challenged_observation_observes, set_up),
        cmocka_unit_test_setup(an_echo_makes_no_other_body, set_up),
        cmocka_unit_test_setup(echo_on_a_plain_link, set_up),
        cmocka_unit_test_setup(outer_blocks_are_put_together, set_up),
        cmocka_unit_test_setup(outer_blocks_are_bounded, set_up),
        cmocka_unit_test_setup(cut_answers_are_put_together, set_up),
        cmocka_unit_test_setup(a_forged_part_hides_no_answer, set_up),
        cmocka_unit_test_setup(cut_answers_are_bounded, set_up),
        cmocka_unit_test_setup(a_cut_notification_is_one, set_up),
        cmocka_unit_test_setup(without_room_a_request_is_not_opened, set_up),
        cmocka_unit_test_setup(an_end_at_any_point_leaves_nothing, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
