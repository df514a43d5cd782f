/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_stream.c - frames and signals byte by byte, and two
 * links over a stream that cuts as it likes. RFC 8323.                      */
#include "coap/stream.h"

#include "coap/link.h"
#include "coap/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }
#define B(...) { BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__)) }
#define NOTHING { NULL, 0 }
#define CSM 0x00, 0xe1

/* Our own CSM: sizes of 1152, block-wise transfer. */
#define OUR_CSM 0x40, 0xe1, 0x22, 0x04, 0x80, 0x20

/* --- The engine ---------------------------------------------------------- */

static void begin(struct sally_coap_stream *s)
{
    sally_coap_stream_init(s, 0);
    sally_coap_stream_begin(s, 0);
    sally_coap_stream_sent(s);
}

static void feed(struct sally_coap_stream *s, struct sally_span bytes)
{
    assert_true(bytes.len <= sally_coap_stream_room(s));
    memcpy(&s->in.at[s->in.len], bytes.at, bytes.len);
    s->in.len += bytes.len;
}

static const struct row {
    const char *what;
    struct sally_span in;
    enum sally_err want;       /* of the first call that gives something */
    enum sally_channel_state state;
    struct sally_span out;     /* what waits afterwards */
    uint8_t code;              /* of the message, if OK */
} rows[] = {
    { "nothing", NOTHING, SALLY_E_PENDING, SALLY_CHANNEL_HANDSHAKE, NOTHING,
      0 },
    { "half a header", B(0x00), SALLY_E_PENDING, SALLY_CHANNEL_HANDSHAKE,
      NOTHING, 0 },
    { "CSM without options", B(CSM), SALLY_E_PENDING, SALLY_CHANNEL_UP,
      NOTHING, 0 },
    { "CSM that is not whole", B(0x40, 0xe1, 0x22), SALLY_E_PENDING,
      SALLY_CHANNEL_HANDSHAKE, NOTHING, 0 },
    { "a second CSM", B(CSM, CSM), SALLY_E_PENDING, SALLY_CHANNEL_UP, NOTHING,
      0 },
    { "CSM with an elective option that nobody knows",
      B(0x10, 0xe1, 0x80), SALLY_E_PENDING, SALLY_CHANNEL_UP, NOTHING, 0 },
    { "CSM with a critical option that nobody knows",
      B(0x10, 0xe1, 0x10), SALLY_E_UNSUPPORTED, SALLY_CHANNEL_FAILED, NOTHING,
      0 },
    { "a peer that takes less than the base size",
      B(0x30, 0xe1, 0x22, 0x04, 0x7f), SALLY_E_UNSUPPORTED,
      SALLY_CHANNEL_FAILED, NOTHING, 0 },
    { "a peer that takes the base size", B(0x30, 0xe1, 0x22, 0x04, 0x80),
      SALLY_E_PENDING, SALLY_CHANNEL_UP, NOTHING, 0 },
    { "empty messages before the CSM", B(0x00, 0x00, 0x00, 0x00, CSM),
      SALLY_E_PENDING, SALLY_CHANNEL_UP, NOTHING, 0 },
    { "a request before the CSM", B(0x00, 0x01), SALLY_E_UNEXPECTED,
      SALLY_CHANNEL_FAILED, NOTHING, 0 },
    { "a Ping before the CSM", B(0x00, 0xe2), SALLY_E_UNEXPECTED,
      SALLY_CHANNEL_FAILED, NOTHING, 0 },
    { "a request", B(CSM, 0x21, 0x01, 0x77, 0xb1, 'a'), SALLY_E_OK,
      SALLY_CHANNEL_UP, NOTHING, 0x01 },
    { "a response with payload", B(CSM, 0x31, 0x45, 0x77, 0xff, 'a', 'b'),
      SALLY_E_OK, SALLY_CHANNEL_UP, NOTHING, 0x45 },
    { "an option that runs past the frame", B(CSM, 0x10, 0x01, 0xb1),
      SALLY_E_MALFORMED, SALLY_CHANNEL_FAILED, NOTHING, 0 },
    { "a token length that is reserved", B(CSM, 0x09, 0x01), SALLY_E_MALFORMED,
      SALLY_CHANNEL_FAILED, NOTHING, 0 },
    { "a marker without payload", B(CSM, 0x10, 0x01, 0xff), SALLY_E_MALFORMED,
      SALLY_CHANNEL_FAILED, NOTHING, 0 },
    { "longer than we offered", B(CSM, 0xe0, 0x03, 0x71, 0x01),
      SALLY_E_TOO_LARGE, SALLY_CHANNEL_FAILED, NOTHING, 0 },
    { "of four gigabytes", B(CSM, 0xf0, 0xff, 0xff, 0xff, 0xff, 0x01),
      SALLY_E_TOO_LARGE, SALLY_CHANNEL_FAILED, NOTHING, 0 },
    { "of a length that is 0 in 32 bits",
      B(CSM, 0xf0, 0xff, 0xfe, 0xfe, 0xf3, 0x01), SALLY_E_TOO_LARGE,
      SALLY_CHANNEL_FAILED, NOTHING, 0 },
    { "Ping", B(CSM, 0x01, 0xe2, 0x77), SALLY_E_PENDING, SALLY_CHANNEL_UP,
      B(0x01, 0xe3, 0x77), 0 },
    { "Ping with Custody", B(CSM, 0x11, 0xe2, 0x77, 0x20), SALLY_E_PENDING,
      SALLY_CHANNEL_UP, B(0x11, 0xe3, 0x77, 0x20), 0 },
    { "Pong that nobody asked for", B(CSM, 0x02, 0xe3, 0x00, 0x01),
      SALLY_E_PENDING, SALLY_CHANNEL_UP, NOTHING, 0 },
    { "Release", B(CSM, 0x00, 0xe4), SALLY_E_CLOSED, SALLY_CHANNEL_CLOSED,
      NOTHING, 0 },
    { "Abort", B(CSM, 0x30, 0xe5, 0xff, 'n', 'o'), SALLY_E_REFUSED,
      SALLY_CHANNEL_FAILED, NOTHING, 0 },
    { "Abort in place of a CSM", B(0x00, 0xe5), SALLY_E_REFUSED,
      SALLY_CHANNEL_FAILED, NOTHING, 0 },
    { "a signal that does not exist yet", B(CSM, 0x00, 0xff),
      SALLY_E_PENDING, SALLY_CHANNEL_UP, NOTHING, 0 },
};

/* Whatever the cuts: all at once, and byte by byte. */
static void run_row(const struct row *r, size_t step)
{
    struct sally_coap_stream s;
    struct sally_coap_message m = { .code = 0 };
    enum sally_err e = SALLY_E_PENDING;

    begin(&s);
    for (size_t i = 0; i < r->in.len && e == SALLY_E_PENDING; i += step) {
        feed(&s, sally_span_sub(r->in, i, step));
        e = sally_coap_stream_next(&s, &m);
    }
    if (e != r->want || s.state != r->state ||
        (e == SALLY_E_OK && m.code != r->code))
        fail_msg("%s, %zu at a time: %s, state %d", r->what, step,
                 sally_err_text(e), (int)s.state);
    if (r->want == SALLY_E_MALFORMED || r->want == SALLY_E_UNEXPECTED ||
        r->want == SALLY_E_TOO_LARGE || r->want == SALLY_E_UNSUPPORTED) {
        /* Its words are 13 bytes or more, so the code is the third one. */
        if (s.out_len < 3 || s.out[2] != SALLY_CODE_ABORT)
            fail_msg("%s: no Abort", r->what);
    } else if (!sally_span_equal(sally_coap_stream_out(&s), r->out)) {
        fail_msg("%s: %u bytes to say", r->what, s.out_len);
    }
}

static void takes_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        run_row(&rows[i], 1);
        run_row(&rows[i], 1024);
    }
}

static void begins_with_a_csm(void **state)
{
    const struct sally_span want = B(OUR_CSM);
    struct sally_coap_stream s;

    (void)state;
    sally_coap_stream_init(&s, 0);
    assert_int_equal(sally_coap_stream_out(&s).len, 0);
    sally_coap_stream_begin(&s, 0);
    assert_true(sally_span_equal(sally_coap_stream_out(&s), want));
}

/* A message of the other form, of every length around the borders of the
 * length field, there and back.                                             */
static void frames_come_back(void **state)
{
    static const size_t lengths[] = { 0,  1,   11,  12,  13,  14,  267,
                                      268, 269, 270, 300, 1024, 1130 };
    static uint8_t payload[1152];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(lengths); i++) {
        struct sally_coap_message m = {
            .type = SALLY_COAP_CON, .code = SALLY_CODE_POST, .mid = 7,
            .token = B(1, 2, 3, 4, 5, 6, 7, 8),
            .options = B(0xb1, 'a'),
            .payload = { payload, lengths[i] },
        };
        struct sally_coap_message back;
        uint8_t udp[1300], tcp[1300];
        struct sally_buf one = SALLY_BUF(udp), other = SALLY_BUF(tcp);
        struct sally_coap_stream s;

        begin(&s);
        feed(&s, (struct sally_span)B(CSM));
        assert_int_equal(sally_coap_stream_next(&s, &back), SALLY_E_PENDING);
        assert_int_equal(sally_coap_write(&m, &one), SALLY_E_OK);
        assert_int_equal(
            sally_coap_stream_frame(sally_buf_span(&one), &other), SALLY_E_OK);
        assert_true(other.len <= one.len);
        feed(&s, sally_buf_span(&other));
        assert_int_equal(sally_coap_stream_next(&s, &back), SALLY_E_OK);
        assert_int_equal(back.code, m.code);
        assert_int_equal(back.type, SALLY_COAP_NON);
        assert_true(sally_span_equal(back.token, m.token));
        assert_true(sally_span_equal(back.options, m.options));
        assert_true(sally_span_equal(back.payload, m.payload));
        assert_int_equal(sally_coap_stream_next(&s, &back), SALLY_E_PENDING);
        assert_int_equal(sally_coap_stream_room(&s), SALLY_MESSAGE_MAX);
    }
}

static void acknowledgements_are_no_frames(void **state)
{
    const struct sally_span ack = B(0x60, 0x00, 0x12, 0x34);
    const struct sally_span runt = B(0x68, 0x45, 0x12, 0x34, 1);
    uint8_t room[16];
    struct sally_buf out = SALLY_BUF(room);

    (void)state;
    assert_int_equal(sally_coap_stream_frame(ack, &out), SALLY_E_OK);
    assert_int_equal(out.len, 0);
    assert_int_equal(sally_coap_stream_frame(runt, &out), SALLY_E_MALFORMED);
}

/* While our answer waits nothing else is looked at. */
static void one_ping_is_answered_at_a_time(void **state)
{
    const struct sally_span want = B(0x00, 0xe3);
    struct sally_coap_stream s;
    struct sally_coap_message m;
    unsigned pongs = 0;

    (void)state;
    begin(&s);
    feed(&s, (struct sally_span)B(CSM, 0, 0xe2, 0, 0xe2, 0, 0xe2));
    do {
        sally_coap_stream_sent(&s);
        assert_int_equal(sally_coap_stream_next(&s, &m), SALLY_E_PENDING);
        pongs += sally_span_equal(sally_coap_stream_out(&s), want);
    } while (sally_coap_stream_out(&s).len != 0);
    assert_int_equal(pongs, 3);
}

static void up(struct sally_coap_stream *s)
{
    struct sally_coap_message m;

    begin(s);
    feed(s, (struct sally_span)B(CSM));
    assert_int_equal(sally_coap_stream_next(s, &m), SALLY_E_PENDING);
    assert_int_equal(s->state, SALLY_CHANNEL_UP);
}

static void a_pong_confirms_what_was_sent_before(void **state)
{
    const struct sally_span ping = B(0x12, 0xe2, 0, 1, 0x20);
    struct sally_coap_stream s;
    struct sally_coap_message m;

    (void)state;
    up(&s);
    sally_coap_stream_confirm(&s, 4711, 0);
    assert_true(sally_span_equal(sally_coap_stream_out(&s), ping));
    sally_coap_stream_sent(&s);
    feed(&s, (struct sally_span)B(0x02, 0xe3, 0, 9));
    assert_int_equal(sally_coap_stream_next(&s, &m), SALLY_E_PENDING);
    feed(&s, (struct sally_span)B(0x12, 0xe3, 0, 1, 0x20));
    assert_int_equal(sally_coap_stream_next(&s, &m), SALLY_E_OK);
    assert_int_equal(m.code, SALLY_CODE_PONG);
    assert_int_equal(m.mid, 4711);
    feed(&s, (struct sally_span)B(0x12, 0xe3, 0, 1, 0x20));
    assert_int_equal(sally_coap_stream_next(&s, &m), SALLY_E_PENDING);
}

static void a_silent_peer_is_asked_and_then_left(void **state)
{
    struct sally_coap_stream s;
    struct sally_coap_message m;

    (void)state;
    up(&s);
    assert_int_equal(sally_coap_stream_deadline(&s, true), SALLY_STREAM_OWED);
    assert_int_equal(sally_coap_stream_deadline(&s, false), SALLY_STREAM_IDLE);
    sally_coap_stream_expire(&s, false, SALLY_STREAM_IDLE - 1);
    assert_int_equal(sally_coap_stream_out(&s).len, 0);
    sally_coap_stream_expire(&s, false, SALLY_STREAM_IDLE);
    assert_int_equal(sally_coap_stream_out(&s).at[1], SALLY_CODE_PING);
    sally_coap_stream_sent(&s);
    feed(&s, (struct sally_span)B(0x02, 0xe3, 0, 1));
    s.heard = SALLY_STREAM_IDLE + 1;
    assert_int_equal(sally_coap_stream_next(&s, &m), SALLY_E_PENDING);
    assert_int_equal(sally_coap_stream_deadline(&s, false),
                     2 * SALLY_STREAM_IDLE + 1);
    sally_coap_stream_expire(&s, false, 2 * SALLY_STREAM_IDLE + 1);
    sally_coap_stream_expire(
        &s, false, 2 * SALLY_STREAM_IDLE + 1 + SALLY_STREAM_PONG);
    assert_int_equal(s.state, SALLY_CHANNEL_FAILED);
    assert_int_equal(s.reason, SALLY_E_TIMED_OUT);
}

static void a_peer_without_csm_is_left(void **state)
{
    struct sally_coap_stream s;

    (void)state;
    begin(&s);
    sally_coap_stream_expire(&s, false, SALLY_STREAM_GREETING - 1);
    assert_int_equal(s.state, SALLY_CHANNEL_HANDSHAKE);
    sally_coap_stream_expire(&s, false, SALLY_STREAM_GREETING);
    assert_int_equal(s.state, SALLY_CHANNEL_FAILED);
    assert_int_equal(s.reason, SALLY_E_TIMED_OUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_each_row),
        cmocka_unit_test(begins_with_a_csm),
        cmocka_unit_test(frames_come_back),
        cmocka_unit_test(acknowledgements_are_no_frames),
        cmocka_unit_test(one_ping_is_answered_at_a_time),
        cmocka_unit_test(a_pong_confirms_what_was_sent_before),
        cmocka_unit_test(a_silent_peer_is_asked_and_then_left),
        cmocka_unit_test(a_peer_without_csm_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
