/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_oscore_lessons.c - mistakes that others made, each
 * by a test; and how little work strangers can cause.
 *
 * Of those known, these have their test elsewhere:
 *   the window: off by one, gaps, shifts, lowered by a late one, one byte of
 *     the number only                    test_oscore_parts, test_oscore
 *     (the_window_takes_each_number_once, refuses_replays_of_long_numbers)
 *   the window moved before the tag was right
 *                                             a_forged_message_moves_no_window
 *   replays taken after a restart      a_restart_asks_the_peer_for_freshness
 *   notifications: replayed, one count for all observations, none without a
 *     number                                    notifications_come_in_order,
 *     one_notification_may_have_no_number, a_late_notification_without_number..
 *   payload found by looking for 0xff, text read past its end
 *                                             takes_the_text_apart_with_care
 *   header of a response with a number of its own          the vectors of C.8
 *   two messages under the nonce of one request
 *                                    a_request_nonce_serves_one_response
 *   option, kid and kid context longer than a buffer     is_at_most_255_bytes,
 *     decodes_each_row, adds_no_more_than_it_says
 *   observations kept over new keys    observations_live_as_long_as_the_keys
 *   opened below the memory of duplicates     what_goes_out_again_is_the_same,
 *     a_replay_under_another_id_reaches_nobody (tests/unit/coap)
 *   plain where it should be protected     unprotected_answers_change_nothing
 * and parsers of options, keys and messages are fuzzed (tests/fuzz).        */
#include "oscore_pair.h"

/* The linker puts these in the way of the real ones. */
static unsigned derivations, decryptions;

enum sally_err __real_sally_crypto_hkdf(int32_t hkdf, struct sally_span secret,
                                        struct sally_span salt,
                                        struct sally_span info, uint8_t *out,
                                        size_t len);
enum sally_err __wrap_sally_crypto_hkdf(int32_t hkdf, struct sally_span secret,
                                        struct sally_span salt,
                                        struct sally_span info, uint8_t *out,
                                        size_t len);
enum sally_err __real_sally_crypto_open(const struct sally_aead *a,
                                        const uint8_t *key,
                                        const uint8_t *nonce,
                                        struct sally_span header, uint8_t *data,
                                        size_t n);
enum sally_err __wrap_sally_crypto_open(const struct sally_aead *a,
                                        const uint8_t *key,
                                        const uint8_t *nonce,
                                        struct sally_span header, uint8_t *data,
                                        size_t n);

enum sally_err __wrap_sally_crypto_hkdf(int32_t hkdf, struct sally_span secret,
                                        struct sally_span salt,
                                        struct sally_span info, uint8_t *out,
                                        size_t len)
{
    derivations++;
    return __real_sally_crypto_hkdf(hkdf, secret, salt, info, out, len);
}

enum sally_err __wrap_sally_crypto_open(const struct sally_aead *a,
                                        const uint8_t *key,
                                        const uint8_t *nonce,
                                        struct sally_span header, uint8_t *data,
                                        size_t n)
{
    decryptions++;
    return __real_sally_crypto_open(a, key, nonce, header, data, n);
}

/* Keys agreed on by B.2. */
static void agree(struct pair *p)
{
    struct sally_coap_message m = { .type = SALLY_COAP_CON,
                                    .mid = 1,
                                    .token = text("q") };
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct wire request, response;

    assert_true(ROW->question(&p->client, &m));
    request.buf = SALLY_BUF(request.bytes);
    assert_int_equal(ROW->protect(&p->client, SALLY_OBJECT_REQUEST, &m, &asked,
                                  &request.buf),
                     SALLY_E_OK);
    parse(&request);
    assert_int_equal(hear(p, &p->server, &request, &served, &m),
                     SALLY_E_CHALLENGED);
    response.buf = SALLY_BUF(response.bytes);
    assert_int_equal(ROW->challenge(&p->server, &request.m, &served,
                                    &response.buf),
                     SALLY_E_OK);
    parse(&response);
    assert_int_equal(get(p, &p->client, &response, &asked, &m), SALLY_E_OK);
    ROW->answered(&p->client, SALLY_E_OK, m.code, 0);
}

/* The protected message in `in` with its option changed. */
static void readdress(const struct wire *in, const char *kid,
                      struct sally_span kid_context, uint64_t number,
                      struct wire *out)
{
    uint8_t value[128], list[160], piv[SALLY_OSCORE_PIV_MAX];
    struct sally_buf option = SALLY_BUF(value), options = SALLY_BUF(list);
    struct sally_writer w = sally_writer_into(&option);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct sally_coap_message m = in->m;
    const struct sally_oscore_option says = {
        .piv = sally_oscore_piv(number, piv),
        .kid = text(kid),
        .has_kid = true,
        .kid_context = kid_context,
        .has_kid_context = kid_context.at != NULL,
    };

    sally_oscore_option_encode(&w, &says);
    sally_coap_put_option(&o, SALLY_OPTION_OSCORE, sally_buf_span(&option));
    m.options = sally_buf_span(&options);
    out->buf = SALLY_BUF(out->bytes);
    assert_int_equal(sally_coap_write(&m, &out->buf), SALLY_E_OK);
    parse(out);
}

static const enum sally_oscore_start ways[] = { SALLY_OSCORE_B1,
                                                SALLY_OSCORE_B2,
                                                SALLY_OSCORE_AUTO };

/* One library looked for replays only where B.1.2 was switched on. */
static void replays_are_refused_however_it_began(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(ways); i++) {
        struct sally_binding asked = { { 0 } }, served = { { 0 } };
        struct sally_coap_message m;
        struct wire up, down;
        struct pair p;

        pair_start(&p, ways[i]);
        if (ways[i] != SALLY_OSCORE_B1)
            agree(&p);
        talk(&p, &p.client, &p.server);
        assert_int_equal(ask(&p, &p.client, "x", &asked, &up), SALLY_E_OK);
        assert_int_equal(hear(&p, &p.server, &up, &served, &m), SALLY_E_OK);
        assert_int_equal(hear(&p, &p.server, &up, &served, &m),
                         SALLY_E_REPLAYED);
        assert_int_equal(ask(&p, &p.server, "x", &asked, &down), SALLY_E_OK);
        assert_int_equal(hear(&p, &p.client, &down, &served, &m), SALLY_E_OK);
        assert_int_equal(hear(&p, &p.client, &down, &served, &m),
                         SALLY_E_REPLAYED);
        pair_end(&p);
    }
}

/* One library dropped the keys in use when B.2 began, before it had looked at
 * the tag of the message that began it.                                     */
static void a_forged_begin_changes_no_keys(void **state)
{
    static const uint8_t r1[] = { 0x48, 1, 2, 3, 4, 5, 6, 7, 8 };
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_oscore_context before;
    struct sally_coap_message m;
    struct wire w, forged;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B2);
    agree(&p);
    talk(&p, &p.client, &p.server);
    before = p.server.peer->context;
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    readdress(&w, "cl", (struct sally_span){ r1, sizeof(r1) }, 0, &forged);
    assert_int_equal(hear(&p, &p.server, &forged, &served, &m),
                     SALLY_E_UNAUTHENTIC);
    assert_memory_equal(&before, &p.server.peer->context, sizeof(before));
    assert_int_equal(ask(&p, &p.server, "x", &asked, &w), SALLY_E_OK);
    before = p.client.own;
    readdress(&w, "sv", (struct sally_span){ r1, sizeof(r1) }, 0, &forged);
    assert_int_equal(hear(&p, &p.client, &forged, &served, &m),
                     SALLY_E_UNAUTHENTIC);
    assert_memory_equal(&before, &p.client.own, sizeof(before));
    talk(&p, &p.client, &p.server);
    talk(&p, &p.server, &p.client);
    pair_end(&p);
}

/* Some keep the number in 32 bits, or fewer. */
static void numbers_of_40_bits_are_told_apart(void **state)
{
    static const uint64_t numbers[] = { 0xffffffff, 0x100000000, 0x1ffffffff,
                                        0xffffffffff - 1 };
    struct sally_binding served = { { 0 } };
    struct sally_coap_message m;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    talk(&p, &p.client, &p.server);
    for (size_t i = 0; i < SALLY_LEN(numbers); i++) {
        uint8_t piv_room[SALLY_OSCORE_PIV_MAX], body[16] = { 0x02 };
        struct sally_oscore_bound b;
        struct wire in, w;

        sally_oscore_bind(&p.client.own, text("cl"),
                          sally_oscore_piv(numbers[i], piv_room), &b);
        assert_int_equal(sally_oscore_seal(&p.client.own, &b, b.nonce, body, 1),
                         SALLY_E_OK);
        plain(&p, &in, SALLY_CODE_POST, -1, "");
        in.m.payload = (struct sally_span){ body, 9 };
        readdress(&in, "cl", (struct sally_span){ NULL, 0 }, numbers[i], &w);
        assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
        assert_int_equal(hear(&p, &p.server, &w, &served, &m),
                         SALLY_E_REPLAYED);
        readdress(&in, "cl", (struct sally_span){ NULL, 0 },
                  numbers[i] & 0xffffff, &w);
        assert_int_not_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    }
    pair_end(&p);
}

/* Read as a C string, a text without its zero leads on into other memory. */
static void a_diagnostic_is_as_long_as_it_says(void **state)
{
    static const char said[] = "Replay detected, and more behind it";

    (void)state;
    assert_int_equal(ROW->meaning(SALLY_CODE_UNAUTHORIZED,
                                  (struct sally_span){ (const uint8_t *)said,
                                                       15 }),
                     SALLY_E_REPLAYED);
    assert_int_equal(ROW->meaning(SALLY_CODE_UNAUTHORIZED, text(said)),
                     SALLY_E_REFUSED);
    assert_int_equal(ROW->meaning(SALLY_CODE_UNAUTHORIZED,
                                  (struct sally_span){
                                      (const uint8_t *)"Replay detected\0",
                                      16 }),
                     SALLY_E_REFUSED);
}

/* RFC 8613 s.4.2: what went wrong behind the protection does not show. */
static void an_error_inside_does_not_show(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire in, w;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    plain(&p, &in, SALLY_CODE_NOT_FOUND, -1, "no such thing");
    assert_int_equal(guard(&p.server, SALLY_OBJECT_RESPONSE, &in, &served, &w),
                     SALLY_E_OK);
    assert_int_equal(w.m.code, SALLY_CODE_CHANGED);
    assert_int_equal(get(&p, &p.client, &w, &asked, &m), SALLY_E_OK);
    assert_int_equal(m.code, SALLY_CODE_NOT_FOUND);
    assert_true(sally_span_is(m.payload, "no such thing"));
    pair_end(&p);
}

/* --- The work that strangers cause ---------------------------------------- */

/* Of many kids that nobody has, and many kid contexts that a client has not,
 * none leads to a derivation or a decryption.                               */
static void unknown_names_cost_nothing(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire w, other;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    talk(&p, &p.client, &p.server);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    derivations = decryptions = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t id[3] = { 'n', (uint8_t)i, (uint8_t)(i >> 8) };
        char kid[] = { 'k', (char)('a' + i % 26), (char)('a' + i / 26), 0 };

        readdress(&w, kid, (struct sally_span){ NULL, 0 }, 5, &other);
        assert_int_equal(hear(&p, &p.server, &other, &served, &m),
                         SALLY_E_NOT_FOUND);
        assert_int_equal(hear(&p, &p.client, &other, &served, &m),
                         SALLY_E_NOT_FOUND);
        readdress(&w, "cl", (struct sally_span){ id, sizeof(id) }, 5, &other);
        assert_int_equal(hear(&p, &p.server, &other, &served, &m),
                         SALLY_E_NOT_FOUND);
    }
    assert_int_equal(derivations, 0);
    assert_int_equal(decryptions, 0);
    assert_int_equal(p.finder.contexts->count, 1);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    pair_end(&p);
}

/* Kid contexts of B.2 need keys before their tag can be wrong: so many in a
 * row, so many a second, and no more, however many come. Each costs the four
 * derivations of one context and one decryption.                            */
static void invented_beginnings_are_few(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire w, other;
    const char *diagnostic;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B2);
    agree(&p);
    talk(&p, &p.client, &p.server);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    p.server.tokens = SALLY_OSCORE_TOKENS;
    p.server.peer->begun = SALLY_OSCORE_TOKENS;
    derivations = decryptions = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t id[9] = { 0x48, 1, 2, 3, 4, 5, 6, (uint8_t)(i >> 8),
                          (uint8_t)i };
        enum sally_err e;

        readdress(&w, "cl", (struct sally_span){ id, sizeof(id) }, 0, &other);
        e = hear(&p, &p.server, &other, &served, &m);
        assert_int_equal(e, i < SALLY_OSCORE_TOKENS ? SALLY_E_UNAUTHENTIC
                                                    : SALLY_E_NO_ROOM);
        assert_int_equal(ROW->refusal(e, &diagnostic),
                         i < SALLY_OSCORE_TOKENS ? SALLY_CODE_BAD_REQUEST
                                                 : SALLY_CODE_UNAVAILABLE);
    }
    assert_int_equal(derivations, 4 * SALLY_OSCORE_TOKENS);
    assert_int_equal(decryptions, SALLY_OSCORE_TOKENS);
    p.server.tokens = SALLY_OSCORE_TOKENS;
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    pair_end(&p);
}

/* Nor does it help to come from many addresses: a client's kid is known to who
 * listens. What has the proof of a run that we answered goes on.            */
static void beginnings_from_everywhere_are_few(void **state)
{
    struct sally_random random = { pair_random, NULL };
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire w, other, second;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B2);
    agree(&p);
    talk(&p, &p.client, &p.server);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);
    agree(&p);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &second), SALLY_E_OK);
    random.state = &p;
    derivations = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t id[9] = { 0x48, 1, 2, 3, 4, 5, 6, (uint8_t)(i >> 8),
                          (uint8_t)i };
        struct sally_oscore elsewhere = { .up = false };

        assert_int_equal(ROW->start(&elsewhere, NULL, &p.finder,
                                    &p.server_past, NULL, random, 0),
                         SALLY_E_OK);
        readdress(&w, "cl", (struct sally_span){ id, sizeof(id) }, 0, &other);
        assert_int_not_equal(hear(&p, &elsewhere, &other, &served, &m),
                             SALLY_E_OK);
        ROW->wipe(&elsewhere);
    }
    assert_in_range(derivations, 4 * (SALLY_OSCORE_TOKENS - 4),
                    4 * SALLY_OSCORE_TOKENS);
    assert_int_equal(hear(&p, &p.server, &second, &served, &m), SALLY_E_OK);
    talk(&p, &p.client, &p.server);
    pair_end(&p);
}

/* The same for messages to us under names that are right, and for begun B.2. */
static void forgeries_to_a_client_are_few(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire w, other;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B2);
    agree(&p);
    talk(&p, &p.client, &p.server);
    assert_int_equal(ask(&p, &p.server, "x", &asked, &w), SALLY_E_OK);
    derivations = decryptions = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t id[9] = { 0x48, 1, 2, 3, 4, 5, 6, (uint8_t)(i >> 8),
                          (uint8_t)i };
        struct sally_span none = { NULL, 0 };

        readdress(&w, "sv",
                  i % 2 == 0 ? none : (struct sally_span){ id, sizeof(id) },
                  1000 + i, &other);
        assert_int_equal(hear(&p, &p.client, &other, &served, &m),
                         i < SALLY_OSCORE_TOKENS ? SALLY_E_UNAUTHENTIC
                                                 : SALLY_E_NO_ROOM);
    }
    assert_int_equal(decryptions, SALLY_OSCORE_TOKENS);
    assert_int_equal(derivations, 4 * SALLY_OSCORE_TOKENS / 2);
    p.client.tokens = SALLY_OSCORE_TOKENS;
    assert_int_equal(hear(&p, &p.client, &w, &served, &m), SALLY_E_OK);
    pair_end(&p);
}

/* A table that is full takes no more clients, and says so. */
static void a_full_table_is_told(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    const char *diagnostic;
    struct pair p;
    struct wire w;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    p.finder.contexts->max = 0;
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_NO_ROOM);
    assert_int_equal(ROW->refusal(SALLY_E_NO_ROOM, &diagnostic),
                     SALLY_CODE_UNAVAILABLE);
    assert_string_equal(diagnostic, "");
    p.finder.contexts->max = 8;
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    pair_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replays_are_refused_however_it_began),
        cmocka_unit_test(a_forged_begin_changes_no_keys),
        cmocka_unit_test(numbers_of_40_bits_are_told_apart),
        cmocka_unit_test(a_diagnostic_is_as_long_as_it_says),
        cmocka_unit_test(an_error_inside_does_not_show),
        cmocka_unit_test(unknown_names_cost_nothing),
        cmocka_unit_test(invented_beginnings_are_few),
        cmocka_unit_test(beginnings_from_everywhere_are_few),
        cmocka_unit_test(forgeries_to_a_client_are_few),
        cmocka_unit_test(a_full_table_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
