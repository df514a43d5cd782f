/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_blockwise.c - bodies in several messages, both ways.
 * RFC 7959.                                                                 */
#include "pair.h"

#include "coap/block.h"
#include "coap/response.h"

static struct pair p;
static uint8_t body[BODY_MAX + 1];
static const struct sally_span none = { NULL, 0 };

static int make_body(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 7 + i / 256);
    return 0;
}

static struct sally_span part(size_t len)
{
    return (struct sally_span){ body, len };
}

/* Block size of each end, bytes of the body, loss in percent. */
static const struct transfer {
    const char *what;
    size_t size_a, size_b, len;
    unsigned loss;
} transfers[] = {
    { "one byte", 1024, 1024, 1, 0 },
    { "exactly one block", 1024, 1024, 1024, 0 },
    { "one byte over", 1024, 1024, 1025, 0 },
    { "exactly two blocks", 1024, 1024, 2048, 0 },
    { "4 KiB at 1024", 1024, 1024, 4096, 0 },
    { "4 KiB at 64", 64, 64, 4096, 0 },
    { "4 KiB at 16", 16, 16, 4096, 0 },
    { "all that fits", 1024, 1024, BODY_MAX, 0 },
    { "the answering end has smaller blocks", 1024, 64, 4096, 0 },
    { "the asking end has smaller blocks", 64, 1024, 4096, 0 },
    { "a size that is no power of two", 100, 1000, 4000, 0 },
    { "4 KiB at 256 under 20 % loss", 256, 256, 4096, 20 },
    { "4 KiB at 1024 under 30 % loss", 1024, 1024, 4096, 30 },
};

/* Each end has its own parameters, so `b` gets a copy with its block size. */
static void open_transfer(const struct transfer *t,
                          struct sally_coap_parameters *pb,
                          struct sally_coap_shared *sb)
{
    pair_open_with(&p, 40, 4, t->size_a);
    *pb = p.parameters;
    pb->block_size = t->size_b;
    *sb = p.shared;
    sb->parameters = pb;
    sally_coap_link_wipe(&p.b.link);
    sally_coap_link_init(&p.b.link, sb, &pair_upcalls, &p.b);
    assert_int_equal(
        sally_coap_link_accept(&p.b.link, SALLY_SCHEME_COAP, NULL, p.now),
        SALLY_E_OK);
    p.a.loss = p.b.loss = t->loss;
}

static void check_body(const struct transfer *t, const struct end *e)
{
    if (e->body_len != t->len || memcmp(e->body, body, t->len) != 0)
        fail_msg("%s: %zu bytes came", t->what, e->body_len);
}

static void uploads_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(transfers); i++) {
        struct sally_coap_parameters pb;
        struct sally_coap_shared sb;

        open_transfer(&transfers[i], &pb, &sb);
        (void)pair_ask(&p, SALLY_CODE_POST, true, "rd", SALLY_OBSERVE_ABSENT,
                       part(transfers[i].len));
        pair_wait(&p, 20000 * SALLY_SEC);
        if (p.b.requests != 1 || p.a.replies != 1 ||
            p.a.reply_error != SALLY_E_OK)
            fail_msg("%s: %zu requests, %s", transfers[i].what, p.b.requests,
                     sally_err_text(p.a.reply_error));
        check_body(&transfers[i], &p.b);
        pair_close(&p);
    }
}

static void downloads_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(transfers); i++) {
        struct sally_coap_parameters pb;
        struct sally_coap_shared sb;

        open_transfer(&transfers[i], &pb, &sb);
        p.b.answer = part(transfers[i].len);
        (void)pair_get(&p, "3/0");
        pair_wait(&p, 20000 * SALLY_SEC);
        if (p.a.replies != 1 || p.a.reply_error != SALLY_E_OK)
            fail_msg("%s: %s", transfers[i].what,
                     sally_err_text(p.a.reply_error));
        assert_int_equal(p.a.code, SALLY_CODE_CONTENT);
        check_body(&transfers[i], &p.a);
        if (transfers[i].loss == 0)
            assert_int_equal(p.b.requests, 1); /* the rest was kept */
        pair_close(&p);
    }
}

static void exchanges_bodies_both_ways(void **state)
{
    (void)state;
    pair_open_with(&p, 40, 4, 256);
    p.b.answer = part(3000);
    (void)pair_ask(&p, SALLY_CODE_POST, true, "x", SALLY_OBSERVE_ABSENT,
                   part(2000));
    pair_settle(&p);
    assert_int_equal(p.b.body_len, 2000);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.a.body_len, 3000);
    assert_memory_equal(p.a.body, body, 3000);
    pair_close(&p);
}

/* With one block in the pool, `b` keeps its answer there first, so `a` finds
 * none for the body that comes; once `b` has none, its owner is asked for each
 * further block.                                                            */
static void works_with_few_blocks(void **state)
{
    void *taken;

    (void)state;
    pair_open_with(&p, 40, 1, 1024);
    p.b.answer = part(3000);
    (void)pair_get(&p, "x");
    pair_settle(&p);
    assert_int_equal(p.a.reply_error, SALLY_E_NO_ROOM);
    sally_coap_body_drop(&p.b.link.bodies);
    taken = sally_pool_take(&p.bodies);
    (void)pair_get(&p, "x");
    (void)pipe_move(&p.a, &p.b); /* cannot be kept */
    sally_pool_give(&p.bodies, taken);
    pair_settle(&p);
    assert_int_equal(p.a.reply_error, SALLY_E_OK);
    assert_int_equal(p.a.body_len, 3000);
    assert_memory_equal(p.a.body, body, 3000);
    assert_int_equal(p.b.requests, 1 + 3);
    pair_close(&p);
}

static void a_notification_brings_a_body(void **state)
{
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT,
                                   .payload = { body, 4096 } };
    sally_coap_exchange x, told;

    (void)state;
    pair_open(&p);
    p.b.answer = part(4096);
    x = pair_ask(&p, SALLY_CODE_GET, true, "t", SALLY_OBSERVE_REGISTER, none);
    pair_settle(&p);
    assert_true(p.a.observe);
    assert_int_equal(p.a.body_len, 4096);
    assert_int_equal(
        sally_coap_link_notify(&p.b.link,
                               (struct sally_span){ p.b.token, p.b.token_len },
                               &a, true, p.now, &told),
        SALLY_E_OK);
    p.a.body_len = 0;
    pair_settle(&p);
    assert_int_equal(p.a.replies, 2);
    assert_int_equal(p.a.replied, x);
    assert_true(p.a.observe);
    assert_int_equal(p.a.body_len, 4096);
    assert_memory_equal(p.a.body, body, 4096);
    sally_coap_link_cancel(&p.a.link, x);
    pair_close(&p);
}

/* The peer's content changes between two blocks: never a mixture. */
static void notices_that_the_body_changed(void **state)
{
    static uint8_t other[3000];

    (void)state;
    pair_open_with(&p, 40, 4, 1024);
    p.b.answer = part(3000);
    (void)pair_get(&p, "x");
    (void)pipe_move(&p.a, &p.b);
    (void)pipe_move(&p.b, &p.a); /* the first block came */
    sally_coap_body_drop(&p.b.link.bodies);
    p.b.answer = (struct sally_span){ other, sizeof(other) };
    pair_settle(&p);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.a.reply_error, SALLY_E_MALFORMED);
    pair_close(&p);
}

/* One request of a peer that speaks in bytes: Uri-Path "a", Block1, payload of
 * `len` bytes; `mid` counts up. Returns the code of the answer.             */
static uint8_t put_block(uint8_t mid, uint8_t path, uint32_t number, bool more,
                         uint8_t szx, size_t len, uint32_t *size1)
{
    struct sally_coap_block b = { number, more, szx };
    uint8_t room[SALLY_DATAGRAM_MAX], options[16];
    struct sally_buf list = SALLY_BUF(options), out = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&list);
    struct sally_coap_message m = { .type = SALLY_COAP_CON,
                                    .code = SALLY_CODE_PUT,
                                    .mid = mid };
    uint16_t got;

    sally_coap_put_option(&w, SALLY_OPTION_URI_PATH,
                          (struct sally_span){ &path, 1 });
    sally_coap_put_uint(&w, SALLY_OPTION_BLOCK1, sally_coap_block_value(&b));
    if (size1 != NULL && *size1 != 0)
        sally_coap_put_uint(&w, SALLY_OPTION_SIZE1, *size1);
    m.options = sally_buf_span(&list);
    m.payload = part(len);
    assert_int_equal(sally_coap_write(&m, &out), SALLY_E_OK);
    (void)end_hears(&p.b, room, out.len);
    assert_int_equal(sally_coap_parse(end_says(&p.b), &m, &got), SALLY_E_OK);
    if (size1 != NULL)
        (void)sally_coap_option_uint(m.options, SALLY_OPTION_SIZE1, size1);
    return m.code;
}

static void refuses_blocks_that_do_not_fit(void **state)
{
    uint32_t size1 = 0;

    (void)state;
    pair_open(&p);
    assert_int_equal(put_block(1, 'a', 0, true, 0, 16, NULL),
                     SALLY_CODE_CONTINUE);
    assert_int_equal(put_block(2, 'a', 2, true, 0, 16, NULL),
                     SALLY_CODE_REQUEST_INCOMPLETE);
    assert_int_equal(put_block(3, 'b', 1, true, 0, 16, NULL),
                     SALLY_CODE_REQUEST_INCOMPLETE);
    assert_int_equal(put_block(4, 'a', 1, true, 0, 15, NULL),
                     SALLY_CODE_BAD_REQUEST);
    assert_int_equal(put_block(5, 'a', 1, false, 0, 17, NULL),
                     SALLY_CODE_BAD_REQUEST);
    assert_int_equal(p.b.requests, 0);
    assert_int_equal(put_block(6, 'a', 1, false, 0, 3, NULL),
                     SALLY_CODE_CONTENT);
    assert_int_equal(p.b.requests, 1);
    assert_int_equal(p.b.body_len, 19);
    size1 = BODY_MAX + 1; /* announced */
    assert_int_equal(put_block(7, 'a', 0, true, 0, 16, &size1),
                     SALLY_CODE_TOO_LARGE);
    assert_int_equal(size1, BODY_MAX);
    for (uint8_t i = 0; i < BODY_MAX / 1024; i++)
        assert_int_equal(
            put_block((uint8_t)(8 + i), 'a', i, true, 6, 1024, NULL),
            SALLY_CODE_CONTINUE);
    size1 = 0;
    assert_int_equal(put_block(30, 'a', BODY_MAX / 1024, false, 6, 1, &size1),
                     SALLY_CODE_TOO_LARGE);
    assert_int_equal(size1, BODY_MAX);
    assert_int_equal(p.b.requests, 1);
    pair_close(&p);
}

/* Two uploads side by side do not mix; a third pushes the oldest out. */
static void keeps_uploads_apart(void **state)
{
    (void)state;
    pair_open(&p);
    assert_int_equal(put_block(1, 'a', 0, true, 0, 16, NULL),
                     SALLY_CODE_CONTINUE);
    p.now += 1;
    assert_int_equal(put_block(2, 'b', 0, true, 0, 16, NULL),
                     SALLY_CODE_CONTINUE);
    p.now += 1;
    assert_int_equal(put_block(3, 'a', 1, true, 0, 16, NULL),
                     SALLY_CODE_CONTINUE);
    p.now += 1;
    assert_int_equal(put_block(4, 'c', 0, true, 0, 16, NULL),
                     SALLY_CODE_CONTINUE);
    assert_int_equal(put_block(5, 'b', 1, false, 0, 16, NULL),
                     SALLY_CODE_REQUEST_INCOMPLETE);
    assert_int_equal(put_block(6, 'a', 2, false, 0, 1, NULL),
                     SALLY_CODE_CONTENT);
    assert_int_equal(p.b.body_len, 33);
    pair_close(&p);
}

/* The peer wants smaller blocks of a payload that we sent whole, by 4.13 with
 * a Block1 (RFC 7959 s.2.9.3).                                              */
static void starts_again_with_smaller_blocks(void **state)
{
    uint8_t answer[15] = { 0x68, SALLY_CODE_TOO_LARGE };
    struct sally_coap_message m;
    struct sally_coap_block b;
    uint16_t mid;

    (void)state;
    pair_open(&p);
    (void)pair_ask(&p, SALLY_CODE_PUT, true, "x", SALLY_OBSERVE_ABSENT,
                   part(100));
    assert_true(end_says(&p.a).len > 100);
    memcpy(&answer[2], &p.a.last[2], 10);
    answer[12] = 0xd1; /* Block1 of one byte: number 0, 32 bytes */
    answer[13] = SALLY_OPTION_BLOCK1 - 13;
    answer[14] = 1;
    assert_int_equal(end_hears(&p.a, answer, sizeof(answer)), SALLY_E_OK);
    assert_int_equal(sally_coap_parse(end_says(&p.a), &m, &mid), SALLY_E_OK);
    assert_int_equal(sally_coap_block_read(m.options, SALLY_OPTION_BLOCK1, &b),
                     SALLY_E_OK);
    assert_int_equal(b.number, 0);
    assert_int_equal(b.szx, 1);
    assert_true(b.more);
    assert_int_equal(m.payload.len, 32);
    pair_settle(&p); /* the copy above is lost; the rest goes to `b` */
    pair_wait(&p, 60 * SALLY_SEC);
    assert_int_equal(p.b.requests, 1);
    assert_int_equal(p.b.body_len, 100);
    assert_int_equal(p.a.replies, 1);
    pair_close(&p);
}

/* One GET of a peer that speaks in bytes. */
static struct sally_coap_message get_block(uint8_t mid, uint32_t value)
{
    uint8_t room[64], options[16];
    struct sally_buf list = SALLY_BUF(options), out = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&list);
    struct sally_coap_message m = { .type = SALLY_COAP_CON,
                                    .code = SALLY_CODE_GET,
                                    .mid = mid };
    uint16_t got;

    sally_coap_put_uint(&w, SALLY_OPTION_BLOCK2, value);
    m.options = sally_buf_span(&list);
    assert_int_equal(sally_coap_write(&m, &out), SALLY_E_OK);
    (void)end_hears(&p.b, room, out.len);
    assert_int_equal(sally_coap_parse(end_says(&p.b), &m, &got), SALLY_E_OK);
    return m;
}

static void gives_the_block_that_is_asked_for(void **state)
{
    struct sally_coap_message m;
    struct sally_coap_block b;

    (void)state;
    pair_open(&p);
    p.b.answer = part(100);
    m = get_block(1, 0x00); /* early negotiation: 16 bytes, please */
    assert_int_equal(m.payload.len, 16);
    m = get_block(2, 0x10); /* from what was kept */
    assert_memory_equal(m.payload.at, &body[16], 16);
    assert_int_equal(p.b.requests, 1);
    m = get_block(3, 0x21); /* 32 bytes from 64 on */
    assert_memory_equal(m.payload.at, &body[64], 32);
    assert_int_equal(sally_coap_block_read(m.options, SALLY_OPTION_BLOCK2, &b),
                     SALLY_E_OK);
    assert_true(b.more);
    m = get_block(4, 0x31); /* the last four: no longer kept after it */
    assert_int_equal(m.payload.len, 4);
    assert_int_equal(p.b.requests, 1);
    assert_int_equal(p.bodies.used, 0);
    m = get_block(5, 0x31); /* so the owner is asked again */
    assert_int_equal(p.b.requests, 2);
    assert_memory_equal(m.payload.at, &body[96], 4);
    m = get_block(6, 0x41); /* past the end */
    assert_int_equal(m.code, SALLY_CODE_BAD_OPTION);
    m = get_block(7, 0x06); /* fits one block */
    assert_int_equal(m.payload.len, 100);
    assert_int_equal(sally_coap_block_read(m.options, SALLY_OPTION_BLOCK2, &b),
                     SALLY_E_OK);
    assert_false(b.more);
    pair_close(&p);
}

static void says_when_a_body_is_too_large(void **state)
{
    struct sally_coap_question q = { .code = SALLY_CODE_POST,
                                     .confirmable = true };
    sally_coap_exchange x;

    (void)state;
    pair_open(&p);
    q.payload = part(BODY_MAX + 1);
    assert_int_equal(sally_coap_link_request(&p.a.link, &q, p.now, &x),
                     SALLY_E_TOO_LARGE);
    p.b.answer = part(BODY_MAX + 1);
    (void)pair_get(&p, "x");
    pair_settle(&p);
    assert_int_equal(p.a.replies, 1);
    assert_int_equal(p.a.reply_error, SALLY_E_TOO_LARGE);
    pair_close(&p);
}

static void goes_on_in_the_size_that_the_peer_wants(void **state)
{
    struct sally_coap_parameters pb;
    struct sally_coap_shared sb;
    const struct transfer t = { "smaller blocks", 1024, 64, 4096, 0 };

    (void)state;
    open_transfer(&t, &pb, &sb);
    (void)pair_ask(&p, SALLY_CODE_POST, true, "rd", SALLY_OBSERVE_ABSENT,
                   part(t.len));
    pair_settle(&p);
    assert_int_equal(p.a.sent, 1 + (4096 - 1024) / 64);
    assert_true(p.a.last_len < 64 + 40);
    check_body(&t, &p.b);
    pair_close(&p);
}

static void gives_its_own_size_when_larger_blocks_are_asked_for(void **state)
{
    struct sally_coap_message m;

    (void)state;
    pair_open_with(&p, 40, 4, 64);
    p.b.answer = part(2000);
    m = get_block(1, 0x16); /* 1024 bytes from 1024 on */
    assert_int_equal(m.payload.len, 64);
    assert_memory_equal(m.payload.at, &body[1024], 64);
    pair_close(&p);
}

static void leaves_room_for_the_options(void **state)
{
    static uint8_t options[300];
    struct sally_coap_block b = { .number = 1, .szx = 6 };
    struct sally_coap_parts parts = {
        .message = { .options = { options, sizeof(options) },
                     .payload = { body, 3000 } },
    };

    (void)state;
    assert_int_equal(sally_coap_response_cut(&parts, &b, true), SALLY_E_OK);
    assert_int_equal(b.szx, 5);
    assert_int_equal(b.number, 2);
    assert_int_equal(parts.message.payload.len, 512);
    assert_ptr_equal(parts.message.payload.at, &body[1024]);
}

/* What a peer may answer to the first block of an upload, or to a GET, that
 * makes no sense: option number's delta byte, value, code, payload.         */
static const struct nonsense {
    const char *what;
    uint8_t code, delta, value;
    size_t upload, payload;
} nonsenses[] = {
    { "2.31 for a block that was not sent", SALLY_CODE_CONTINUE, 27 - 13, 0x1e,
      3000, 0 },
    { "2.31 without an upload", SALLY_CODE_CONTINUE, 27 - 13, 0x0e, 0, 0 },
    { "2.31 with another option", SALLY_CODE_CONTINUE, 23 - 13, 0x0e, 3000, 0 },
    { "Block1 with szx 7", SALLY_CODE_CHANGED, 27 - 13, 0x0f, 3000, 0 },
    { "Block2 with szx 7", SALLY_CODE_CONTENT, 23 - 13, 0x0f, 0, 16 },
    { "a second block first", SALLY_CODE_CONTENT, 23 - 13, 0x18, 0, 16 },
    { "more to come, but a short block", SALLY_CODE_CONTENT, 23 - 13, 0x08, 0,
      15 },
    { "a block that is too long", SALLY_CODE_CONTENT, 23 - 13, 0x08, 0, 17 },
};

static void ends_an_exchange_that_makes_no_sense(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(nonsenses); i++) {
        const struct nonsense *n = &nonsenses[i];
        uint8_t answer[40] = { 0x68, n->code };
        size_t len = 15;

        pair_open(&p);
        (void)pair_ask(&p, SALLY_CODE_POST, true, "x", SALLY_OBSERVE_ABSENT,
                       part(n->upload));
        assert_true(end_says(&p.a).len > 12);
        memcpy(&answer[2], &p.a.last[2], 10);
        answer[12] = 0xd1;
        answer[13] = n->delta;
        answer[14] = n->value;
        if (n->payload != 0) {
            answer[len] = 0xff;
            len += 1 + n->payload;
        }
        (void)end_hears(&p.a, answer, len);
        if (p.a.replies != 1 || p.a.reply_error != SALLY_E_MALFORMED)
            fail_msg("%s: %zu replies, %s", n->what, p.a.replies,
                     sally_err_text(p.a.reply_error));
        pair_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uploads_each_row),
        cmocka_unit_test(downloads_each_row),
        cmocka_unit_test(exchanges_bodies_both_ways),
        cmocka_unit_test(works_with_few_blocks),
        cmocka_unit_test(a_notification_brings_a_body),
        cmocka_unit_test(notices_that_the_body_changed),
        cmocka_unit_test(refuses_blocks_that_do_not_fit),
        cmocka_unit_test(keeps_uploads_apart),
        cmocka_unit_test(starts_again_with_smaller_blocks),
        cmocka_unit_test(gives_the_block_that_is_asked_for),
        cmocka_unit_test(says_when_a_body_is_too_large),
        cmocka_unit_test(goes_on_in_the_size_that_the_peer_wants),
        cmocka_unit_test(gives_its_own_size_when_larger_blocks_are_asked_for),
        cmocka_unit_test(leaves_room_for_the_options),
        cmocka_unit_test(ends_an_exchange_that_makes_no_sense),
    };

    return cmocka_run_group_tests(tests, make_body, NULL);
}
