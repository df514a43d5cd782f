/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_dtls.c - DTLS sessions in memory: handshakes that
 * must work and must not, records, closing, and what they cost.             */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "security/heap.h"
#include "unit/security/pair.h"

#define ROOMY ((size_t)16 << 20)

static const struct suite_row {
    const char *what, *server_list, *want;
    uint16_t named; /* what the account names; 0: the default list */
} suite_rows[] = {
    { "the server takes our order",
      "PSK-AES128-CCM-8:"
      "ECDHE-PSK-AES128-GCM-SHA256",
      "PSK-AES128-CCM-8", 0 },
    { "only ECDHE-PSK with GCM", "ECDHE-PSK-AES128-GCM-SHA256",
      "ECDHE-PSK-AES128-GCM-SHA256", 0 },
    { "CBC where it is named", "ECDHE-PSK-AES128-CBC-SHA256",
      "ECDHE-PSK-AES128-CBC-SHA256", 0xc037 },
    { "1.3 where both have it", "TLS13-AES128-GCM-SHA256:PSK-AES128-CCM-8",
      "TLS13-AES128-GCM-SHA256", 0 },
    { "1.3 with CCM_8", "TLS13-AES128-CCM-8-SHA256",
      "TLS13-AES128-CCM-8-SHA256", 0 },
    { "1.3 with CCM", "TLS13-AES128-CCM-SHA256", "TLS13-AES128-CCM-SHA256", 0 },
    { "1.2 where the account names nothing else",
      "TLS13-AES128-GCM-SHA256:PSK-AES128-CCM-8", "PSK-AES128-CCM-8", 0xc0a8 },
    { "1.3 where the account names nothing else",
      "PSK-AES128-CCM-8:TLS13-AES128-CCM-8-SHA256", "TLS13-AES128-CCM-8-SHA256",
      0x1305 },
};

static void use_suites(struct pair *p, const struct suite_row *r)
{
    const struct sally_credential_parts parts = {
        .mode = SALLY_MODE_PSK,
        .identity = p->known.identity,
        .secret_key = p->known.secret_key,
        .suites = &r->named,
        .suite_count = r->named != 0,
    };

    assert_int_equal(sally_credential_make(&p->credential, &parts, NULL),
                     SALLY_E_OK);
    assert_int_equal(sally_dtls_suites(p->security, r->server_list),
                     SALLY_E_OK);
}

static void agrees_on_each_suite(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(suite_rows); i++) {
        const struct suite_row *r = &suite_rows[i];
        struct pair p;

        pair_open(&p, 2, ROOMY);
        use_suites(&p, r);
        pair_up(&p);
        if (strcmp(sally_stack_suite(&p.client), r->want) != 0 ||
            strcmp(sally_stack_suite(&p.server), r->want) != 0)
            fail_msg("%s: got: %s", r->what, sally_stack_suite(&p.client));
        assert_true(
            sally_span_is(sally_stack_peer_identity(&p.server), "sensor-1"));
        assert_false(sally_stack_resumed(&p.client));
        pair_run(&p, SALLY_SEC); /* 1.3 may still wait for a word */
        assert_int_equal(sally_stack_deadline(&p.client), SALLY_NEVER);
        assert_int_equal(sally_stack_deadline(&p.server), SALLY_NEVER);
        pair_talk(&p, &p.client, &p.server, "up");
        pair_talk(&p, &p.server, &p.client, "down");
        pair_close(&p);
    }
}

static void does_not_seal_before_it_is_up(void **state)
{
    uint8_t room[SALLY_DATAGRAM_MAX];
    struct sally_buf wire = SALLY_BUF(room);
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    assert_int_equal(sally_stack_seal(&p.client, sally_span_of("x"), &wire),
                     SALLY_E_BAD_STATE);
    pair_begin(&p);
    assert_int_equal(sally_stack_seal(&p.client, sally_span_of("x"), &wire),
                     SALLY_E_PENDING);
    assert_int_equal(wire.len, 0);
    pair_close(&p);
}

static void seals_the_largest_message_and_no_larger(void **state)
{
    static uint8_t body[SALLY_MESSAGE_MAX + 1];
    uint8_t room[SALLY_DATAGRAM_MAX], back[SALLY_MESSAGE_MAX];
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    for (size_t i = 0; i < SALLY_LEN(suite_rows); i++) {
        struct sally_buf wire = SALLY_BUF(room), message = SALLY_BUF(back);

        use_suites(&p, &suite_rows[i]);
        pair_up(&p);
        assert_int_equal(
            sally_stack_seal(&p.client,
                             (struct sally_span){ body, SALLY_MESSAGE_MAX },
                             &wire),
            SALLY_E_OK);
        assert_true(wire.len <=
                    SALLY_MESSAGE_MAX + sally_stack_overhead(&p.client));
        assert_int_equal(
            sally_stack_open(&p.server, sally_buf_span(&wire), &message, p.now),
            SALLY_E_OK);
        assert_int_equal(message.len, SALLY_MESSAGE_MAX);
        wire.len = 0;
        assert_int_equal(
            sally_stack_seal(&p.client,
                             (struct sally_span){ body, sizeof(body) }, &wire),
            SALLY_E_NO_ROOM);
        wire.room = 50;
        assert_int_equal(sally_stack_seal(&p.client, sally_span_of("x"), &wire),
                         SALLY_E_NO_ROOM);
        pair_talk(&p, &p.client, &p.server, "still up");
    }
    pair_close(&p);
}

static void a_message_over_the_callers_room_is_dropped_whole(void **state)
{
    uint8_t room[SALLY_DATAGRAM_MAX], little[8];
    struct sally_buf wire = SALLY_BUF(room), message = SALLY_BUF(little);
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_up(&p);
    pair_seal(&p.client, "more than eight bytes", &wire);
    assert_int_equal(
        sally_stack_open(&p.server, sally_buf_span(&wire), &message, p.now),
        SALLY_E_TOO_LARGE);
    assert_int_equal(message.len, 0);
    pair_talk(&p, &p.client, &p.server, "next");
    pair_close(&p);
}

static void two_records_in_a_datagram_are_two_messages(void **state)
{
    uint8_t room[SALLY_DATAGRAM_MAX], back[SALLY_MESSAGE_MAX];
    struct sally_buf wire = SALLY_BUF(room), message = SALLY_BUF(back);
    const struct sally_span more = { NULL, 0 };
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_up(&p);
    pair_seal(&p.client, "first", &wire);
    pair_seal(&p.client, "second", &wire);
    assert_int_equal(
        sally_stack_open(&p.server, sally_buf_span(&wire), &message, p.now),
        SALLY_E_OK);
    assert_true(sally_span_is(sally_buf_span(&message), "first"));
    message.len = 0;
    assert_int_equal(sally_stack_open(&p.server, more, &message, p.now),
                     SALLY_E_OK);
    assert_true(sally_span_is(sally_buf_span(&message), "second"));
    message.len = 0;
    assert_int_equal(sally_stack_open(&p.server, more, &message, p.now),
                     SALLY_E_PENDING);
    pair_close(&p);
}

static void a_replayed_record_gives_nothing(void **state)
{
    uint8_t room[SALLY_DATAGRAM_MAX], back[SALLY_MESSAGE_MAX];
    struct sally_buf wire = SALLY_BUF(room), message = SALLY_BUF(back);
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_up(&p);
    pair_seal(&p.client, "once", &wire);
    assert_true(pair_opens(&p, &p.server, sally_buf_span(&wire), "once"));
    assert_int_equal(
        sally_stack_open(&p.server, sally_buf_span(&wire), &message, p.now),
        pair_is_13() ? SALLY_E_PENDING : SALLY_E_REPLAYED);
    assert_int_equal(message.len, 0);
    pair_talk(&p, &p.client, &p.server, "twice");
    pair_close(&p);
}

static void each_flipped_bit_is_noticed(void **state)
{
    uint8_t room[SALLY_DATAGRAM_MAX], back[SALLY_MESSAGE_MAX];
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_up(&p);
    struct sally_buf wire = SALLY_BUF(room);
    pair_seal(&p.client, "whole", &wire);
    for (size_t bit = 0; bit < 8 * wire.len; bit++) {
        struct sally_buf message = SALLY_BUF(back);
        enum sally_err e;

        room[bit / 8] = (uint8_t)(room[bit / 8] ^ 1u << bit % 8);
        e = sally_stack_open(&p.server, sally_buf_span(&wire), &message, p.now);
        if (e == SALLY_E_OK || message.len != 0 ||
            sally_stack_state(&p.server) != SALLY_CHANNEL_UP)
            fail_msg("bit %zu: %s", bit, sally_err_text(e));
        room[bit / 8] = (uint8_t)(room[bit / 8] ^ 1u << bit % 8);
    }
    assert_true(pair_opens(&p, &p.server, sally_buf_span(&wire), "whole"));
    pair_close(&p);
}

#define BYTES(...)                                                             \
    (const uint8_t[]) { __VA_ARGS__ }
#define B(...)                                                                 \
    {                                                                          \
        BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__))                         \
    }
static const uint8_t huge[SALLY_DATAGRAM_MAX + 1] = { 23, 0xfe, 0xfd };
static const struct junk_row {
    const char *what;
    struct sally_span datagram;
} junk[] = {
    { "one byte", B(23) },
    { "runt", B(23, 0xfe, 0xfd, 0, 1) },
    { "text", B('G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P', '/', '1', 13,
                10, 13, 10) },
    { "plain CoAP", B(0x40, 1, 0, 1, 0xb2, 'r', 'd', 0, 0, 0, 0, 0, 0, 0, 0) },
    { "longer than a datagram can be", { huge, sizeof(huge) } },
    { "a record that runs past the end",
      B(23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 1, 0, 1, 2) },
    { "an empty record", B(23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 0) },
    { "a record of an epoch to come",
      B(23, 0xfe, 0xfd, 0, 7, 0, 0, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4) },
    { "plaintext data", B(23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 'x') },
    { "plaintext close_notify",
      B(21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0) },
    { "plaintext fatal alert",
      B(21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40) },
    { "plaintext HelloRequest", B(22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 12,
                                  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) },
    { "handshake message of 16 MB",
      B(22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 13, 2, 0xff, 0xff, 0xff, 0,
        9, 0, 0, 0, 0, 0, 1, 0) },
    { "forged record of this epoch",
      B(23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 200, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0,
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) },
    { "forged alert of this epoch",
      B(21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 201, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0,
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10) },
};

static void throw_junk(struct pair *p, struct sally_stack *at)
{
    uint8_t back[SALLY_MESSAGE_MAX];

    for (size_t i = 0; i < SALLY_LEN(junk); i++) {
        enum sally_channel_state before = sally_stack_state(at);
        struct sally_buf message = SALLY_BUF(back);
        enum sally_err e =
            sally_stack_open(at, junk[i].datagram, &message, p->now);

        if (e == SALLY_E_OK || message.len != 0 ||
            sally_stack_state(at) != before)
            fail_msg("%s: %s", junk[i].what, sally_err_text(e));
    }
}

static void junk_does_not_harm_a_session(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_up(&p);
    throw_junk(&p, &p.client);
    throw_junk(&p, &p.server);
    pair_talk(&p, &p.client, &p.server, "unharmed");
    throw_junk(&p, &p.server);
    pair_talk(&p, &p.server, &p.client, "unharmed");
    pair_close(&p);
}

static void a_key_that_differs_ends_in_nothing(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_credential(&p.known, "sensor-1", "another sixteen.");
    pair_begin(&p);
    pair_run(&p, 100 * SALLY_SEC);
    assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_FAILED);
    assert_int_not_equal(sally_stack_state(&p.server), SALLY_CHANNEL_UP);
    assert_int_not_equal(sally_stack_reason(&p.client), SALLY_E_OK);
    assert_int_equal(sally_stack_deadline(&p.client), SALLY_NEVER);
    assert_null(p.client.resumption.session);
    pair_close(&p);
}

static void an_identity_nobody_knows_ends_in_nothing(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_credential(&p.known, "sensor-2", "a key of sixteen");
    pair_begin(&p);
    pair_run(&p, 100 * SALLY_SEC);
    assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_FAILED);
    assert_int_equal(sally_stack_state(&p.server), SALLY_CHANNEL_FAILED);
    pair_close(&p);
}

static void suites_without_overlap_fail(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    assert_int_equal(sally_dtls_suites(p.security, "PSK-AES128-CBC-SHA256"),
                     SALLY_E_OK);
    assert_int_equal(sally_dtls_suites(p.security, "NO-SUCH-SUITE"),
                     SALLY_E_UNSUPPORTED);
    pair_begin(&p);
    pair_run(&p, 100 * SALLY_SEC);
    assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_FAILED);
    assert_int_equal(sally_stack_reason(&p.server), SALLY_E_NO_SUITE);
    pair_close(&p);
}

static void an_alert_ends_a_handshake(void **state)
{
    const struct sally_span refusal =
        B(21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40);
    uint8_t room[SALLY_MESSAGE_MAX];
    struct sally_buf message = SALLY_BUF(room);
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_begin(&p);
    assert_int_equal(sally_stack_open(&p.client, refusal, &message, p.now),
                     SALLY_E_REFUSED);
    assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_FAILED);
    assert_int_equal(sally_stack_reason(&p.client), SALLY_E_REFUSED);
    assert_int_equal(sally_stack_alert(&p.client), 40);
    sally_stack_end(&p.client);
    assert_int_equal(sally_stack_alert(&p.client), 40);
    pair_close(&p);
}

static void silence_ends_at_the_deadline(void **state)
{
    sally_usec start;
    unsigned sent = 0;
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_begin(&p);
    start = p.now;
    while (sally_stack_state(&p.client) == SALLY_CHANNEL_HANDSHAKE) {
        sent += pair_carry(&p, &p.client, NULL);
        p.now = sally_stack_deadline(&p.client);
        sally_stack_expire(&p.client, p.now);
    }
    assert_int_equal(sally_stack_reason(&p.client), SALLY_E_TIMED_OUT);
    assert_int_equal(p.now - start, 60 * SALLY_SEC);
    assert_int_equal(sent, 6); /* at 0, 1, 3, 7, 15, 31 s */
    pair_close(&p);
}

static void the_longest_identity_and_key_work(void **state)
{
    char identity[SALLY_PSK_IDENTITY_MAX + 1], key[SALLY_SECRET_MAX + 1];
    struct pair p;

    (void)state;
    memset(identity, 'i', sizeof(identity));
    memset(key, 'k', sizeof(key));
    identity[SALLY_PSK_IDENTITY_MAX] = key[SALLY_SECRET_MAX] = '\0';
    pair_open(&p, 2, ROOMY);
    pair_keys(&p, identity, key);
    pair_up(&p);
    assert_true(sally_span_is(sally_stack_peer_identity(&p.server), identity));
    pair_talk(&p, &p.client, &p.server, "long");
    pair_close(&p);
}

static void a_lost_flight_is_sent_again(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 8; lost++) {
        unsigned turn = 0;
        struct pair p;

        pair_open(&p, 2, ROOMY);
        pair_begin(&p);
        while (sally_stack_state(&p.client) == SALLY_CHANNEL_HANDSHAKE) {
            struct sally_stack *from = turn % 2 == 0 ? &p.client : &p.server;
            struct sally_stack *to = turn % 2 == 0 ? &p.server : &p.client;

            (void)pair_carry(&p, from, turn == lost ? NULL : to);
            if (++turn > lost + 1)
                pair_run(&p, 20 * SALLY_SEC);
        }
        if (sally_stack_state(&p.client) != SALLY_CHANNEL_UP)
            fail_msg("flight %u lost: %s", lost,
                     sally_err_text(sally_stack_reason(&p.client)));
        pair_talk(&p, &p.client, &p.server, "through");
        pair_talk(&p, &p.server, &p.client, "through");
        pair_close(&p);
    }
}

static void give(struct pair *p, struct sally_stack *to, const uint8_t *at,
                 size_t len)
{
    uint8_t room[SALLY_MESSAGE_MAX];
    struct sally_buf message = SALLY_BUF(room);

    assert_int_not_equal(sally_stack_open(to, (struct sally_span){ at, len },
                                          &message, p->now),
                         SALLY_E_OK);
}

/* Of the server's flight the last record comes first, and a second time, which
 * uses up the answer to repetitions: the first record is wanted all the same.
 * 1.3 encrypts all but one of them.                                         */
static void what_fills_a_gap_is_no_repetition(void **state)
{
    uint8_t flight[2 * SALLY_DATAGRAM_MAX];
    struct sally_span out;
    size_t len = 0, first;
    struct pair p;

    (void)state;
    if (pair_is_13())
        return;
    pair_open(&p, 2, ROOMY);
    pair_begin(&p);
    (void)pair_carry(&p, &p.client, &p.server);
    (void)pair_carry(&p, &p.server, &p.client); /* HelloVerifyRequest */
    (void)pair_carry(&p, &p.client, &p.server);
    while ((out = sally_stack_output(&p.server)).len != 0) {
        assert_true(out.len <= sizeof(flight) - len);
        memcpy(&flight[len], out.at, out.len);
        len += out.len;
    }
    first = 13 + (size_t)(flight[11] << 8 | flight[12]);
    assert_true(first < len);
    give(&p, &p.client, &flight[first], len - first);
    give(&p, &p.client, &flight[first], len - first);
    give(&p, &p.client, flight, first);
    pair_settle(&p);
    assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_UP);
    pair_close(&p);
}

static void closing_is_told_to_the_peer(void **state)
{
    uint8_t room[SALLY_MESSAGE_MAX];
    struct sally_buf message = SALLY_BUF(room);
    struct sally_span out;
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    pair_up(&p);
    sally_stack_close(&p.client);
    assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_CLOSED);
    out = sally_stack_output(&p.client);
    assert_int_not_equal(out.len, 0);
    assert_int_equal(sally_stack_open(&p.server, out, &message, p.now),
                     SALLY_E_CLOSED);
    assert_int_equal(sally_stack_state(&p.server), SALLY_CHANNEL_CLOSED);
    assert_int_equal(sally_stack_seal(&p.server, sally_span_of("x"), &message),
                     SALLY_E_BAD_STATE);
    pair_close(&p);
}

static void sessions_are_counted(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, 1, ROOMY);
    assert_int_equal(sally_stack_start(&p.client, p.security,
                                       SALLY_SCHEME_COAPS, &p.credential,
                                       p.now),
                     SALLY_E_OK);
    assert_int_equal(sally_stack_accept(&p.server, p.security,
                                        SALLY_SCHEME_COAPS, &p.finder, p.now),
                     SALLY_E_NO_MEMORY);
    assert_int_equal(sally_stack_state(&p.server), SALLY_CHANNEL_IDLE);
    sally_stack_wipe(&p.client);
    assert_int_equal(sally_stack_accept(&p.server, p.security,
                                        SALLY_SCHEME_COAPS, &p.finder, p.now),
                     SALLY_E_OK);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_on_each_suite),
        cmocka_unit_test(does_not_seal_before_it_is_up),
        cmocka_unit_test(seals_the_largest_message_and_no_larger),
        cmocka_unit_test(a_message_over_the_callers_room_is_dropped_whole),
        cmocka_unit_test(two_records_in_a_datagram_are_two_messages),
        cmocka_unit_test(a_replayed_record_gives_nothing),
        cmocka_unit_test(each_flipped_bit_is_noticed),
        cmocka_unit_test(junk_does_not_harm_a_session),
        cmocka_unit_test(a_key_that_differs_ends_in_nothing),
        cmocka_unit_test(an_identity_nobody_knows_ends_in_nothing),
        cmocka_unit_test(suites_without_overlap_fail),
        cmocka_unit_test(an_alert_ends_a_handshake),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(the_longest_identity_and_key_work),
        cmocka_unit_test(a_lost_flight_is_sent_again),
        cmocka_unit_test(what_fills_a_gap_is_no_repetition),
        cmocka_unit_test(closing_is_told_to_the_peer),
        cmocka_unit_test(sessions_are_counted),
    };

    int failed;

    pair_suites = PAIR_12;
    failed = cmocka_run_group_tests_name("DTLS 1.2", tests, NULL, NULL);
    pair_suites = PAIR_13;
    return failed + cmocka_run_group_tests_name("DTLS 1.3", tests, NULL, NULL);
}
