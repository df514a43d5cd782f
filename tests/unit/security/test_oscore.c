/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_oscore.c - two ends with one secret: what passes,
 * and what is refused for which reason. RFC 8613 s.7, s.8 and B.1.          */
#include "oscore_pair.h"

static void both_roles_ask_and_answer(void **state)
{
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    assert_int_equal(ROW->state(&p.client), SALLY_CHANNEL_UP);
    talk(&p, &p.client, &p.server);
    talk(&p, &p.server, &p.client);
    talk(&p, &p.client, &p.server);
    pair_end(&p);
}

static const struct account {
    int32_t aead, hkdf;
} accounts[] = { { 10, -10 }, { 11, -11 }, { 12, -10 }, { 13, -11 },
                 { 30, -10 }, { 31, -11 }, { 32, -10 }, { 33, -11 },
                 { 1, -10 },  { 2, -11 },  { 3, -10 },  { 24, -11 } };

static void each_algorithm_serves(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(accounts); i++) {
        struct pair p;

        pair_make(&p, SALLY_OSCORE_B1);
        p.parts.aead = accounts[i].aead;
        p.parts.hkdf = accounts[i].hkdf;
        p.parts.sender_id = text("c");
        p.parts.recipient_id = text("");
        assert_int_equal(pair_start_client(&p), SALLY_E_OK);
        pair_start_server(&p);
        talk(&p, &p.client, &p.server);
        talk(&p, &p.server, &p.client);
        pair_end(&p);
    }
}

/* How an account may begin, by what is known of its numbers. */
static const struct start_row {
    const char *what;
    enum sally_oscore_start how;
    struct sally_object_past past;
    enum sally_err want;
    enum sally_channel_state state;
} start_rows[] = {
    { "b1, never used", SALLY_OSCORE_B1, { false, false, 0 }, SALLY_E_OK,
      SALLY_CHANNEL_UP },
    { "b1, known", SALLY_OSCORE_B1, { true, true, 1000 }, SALLY_E_OK,
      SALLY_CHANNEL_UP },
    { "b1, may be older", SALLY_OSCORE_B1, { true, false, 1000 },
      SALLY_E_ROLLED_BACK, SALLY_CHANNEL_HANDSHAKE },
    { "b2", SALLY_OSCORE_B2, { true, true, 1000 }, SALLY_E_OK,
      SALLY_CHANNEL_HANDSHAKE },
    { "auto", SALLY_OSCORE_AUTO, { true, true, 1000 }, SALLY_E_OK,
      SALLY_CHANNEL_HANDSHAKE },
};

static void begins_as_the_account_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(start_rows); i++) {
        const struct start_row *r = &start_rows[i];
        struct pair p;
        enum sally_err e;

        pair_make(&p, r->how);
        p.past = r->past;
        e = pair_start_client(&p);
        if (e != r->want)
            fail_msg("%s: got: %s", r->what, sally_err_text(e));
        if (e == SALLY_E_OK && ROW->state(&p.client) != r->state)
            fail_msg("%s: state %d", r->what, (int)ROW->state(&p.client));
        ROW->wipe(&p.client);
    }
}

static void refuses_an_account_without_its_parts(void **state)
{
    struct sally_random random = { pair_random, NULL };
    struct sally_oscore o = { .up = false };
    struct pair p;

    (void)state;
    pair_make(&p, SALLY_OSCORE_B1);
    random.state = &p;
    p.parts.aead = 4;
    assert_int_equal(pair_start_client(&p), SALLY_E_UNSUPPORTED);
    p.parts.aead = 12; /* with a nonce of 7 bytes an id has one */
    assert_int_equal(pair_start_client(&p), SALLY_E_OUT_OF_RANGE);
    p.parts.aead = 10;
    p.parts.recipient_id = p.parts.sender_id;
    assert_int_equal(pair_start_client(&p), SALLY_E_OUT_OF_RANGE);
    p.credential.oscore = NULL;
    assert_int_equal(pair_start_client(&p), SALLY_E_NO_CREDENTIAL);
    assert_int_equal(ROW->start(&o, NULL, &p.finder, NULL, NULL, random, 0),
                     SALLY_E_NO_CREDENTIAL);
}

/* --- What is refused ------------------------------------------------------ */

/* A message that is spoilt by changing option or payload. */
static void respell(const struct wire *in, struct sally_span option,
                    struct sally_span payload, unsigned options,
                    struct wire *out)
{
    uint8_t room[300];
    struct sally_buf list = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&list);
    struct sally_coap_message m = in->m;

    for (unsigned i = 0; i < options; i++)
        sally_coap_put_option(&w, SALLY_OPTION_OSCORE, option);
    m.options = sally_buf_span(&list);
    m.payload = payload;
    out->buf = SALLY_BUF(out->bytes);
    assert_int_equal(sally_coap_write(&m, &out->buf), SALLY_E_OK);
    parse(out);
}

static const struct refusal_row {
    const char *what;
    const char *option; /* in hexadecimal */
    unsigned options;
    bool no_payload, short_payload;
    enum sally_err want;
    uint8_t code;
    const char *diagnostic;
} refusal_rows[] = {
    { "no option: a plain request", "", 0, false, false, SALLY_E_UNEXPECTED,
      SALLY_CODE_UNAUTHORIZED, "" },
    { "undecodable option", "ff", 1, false, false, SALLY_E_MALFORMED,
      SALLY_CODE_BAD_OPTION, "Failed to decode COSE" },
    { "two options", "0900636c", 2, false, false, SALLY_E_MALFORMED,
      SALLY_CODE_BAD_OPTION, "Failed to decode COSE" },
    { "request without a number", "08636c", 1, false, false, SALLY_E_MALFORMED,
      SALLY_CODE_BAD_OPTION, "Failed to decode COSE" },
    { "request without a kid", "0100", 1, false, false, SALLY_E_MALFORMED,
      SALLY_CODE_BAD_OPTION, "Failed to decode COSE" },
    { "kid that is longer than any", "09006162636465666768", 1, false, false,
      SALLY_E_MALFORMED, SALLY_CODE_BAD_OPTION, "Failed to decode COSE" },
    { "no payload", "0900636c", 1, true, false, SALLY_E_MALFORMED,
      SALLY_CODE_BAD_OPTION, "Failed to decode COSE" },
    { "payload of no more than a tag", "0900636c", 1, false, true,
      SALLY_E_MALFORMED, SALLY_CODE_BAD_OPTION, "Failed to decode COSE" },
    { "kid that nobody has", "09006e6f", 1, false, false, SALLY_E_NOT_FOUND,
      SALLY_CODE_UNAUTHORIZED, "Security context not found" },
    { "kid context that the keys have not", "1900026162636c", 1, false, false,
      SALLY_E_NOT_FOUND, SALLY_CODE_UNAUTHORIZED,
      "Security context not found" },
    { "another number", "0901636c", 1, false, false, SALLY_E_UNAUTHENTIC,
      SALLY_CODE_BAD_REQUEST, "Decryption failed" },
};

static void refuses_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(refusal_rows); i++) {
        const struct refusal_row *r = &refusal_rows[i];
        struct sally_binding asked = { { 0 } }, served = { { 0 } };
        struct sally_coap_message m;
        struct wire w, bad;
        uint8_t room[300];
        struct sally_buf option = SALLY_BUF(room);
        struct sally_span payload;
        const char *diagnostic;
        struct pair p;
        enum sally_err e;

        pair_start(&p, SALLY_OSCORE_B1);
        assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
        assert_int_equal(sally_text_hex(text(r->option), &option), SALLY_E_OK);
        payload = r->no_payload ? text("") : w.m.payload;
        if (r->short_payload)
            payload.len = 8;
        respell(&w, sally_buf_span(&option), payload, r->options, &bad);
        e = hear(&p, &p.server, &bad, &served, &m);
        if (e != r->want)
            fail_msg("%s: got: %s", r->what, sally_err_text(e));
        if (ROW->refusal(e, &diagnostic) != r->code ||
            strcmp(diagnostic, r->diagnostic) != 0)
            fail_msg("%s: answered with %s", r->what, diagnostic);
        /* Whatever it was, the right message is still taken. */
        assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
        pair_end(&p);
    }
}

/* What a refusal by the peer means, told back from code and text. */
static const struct meaning_row {
    uint8_t code;
    const char *diagnostic;
    enum sally_err want;
} meaning_rows[] = {
    { SALLY_CODE_BAD_OPTION, "Failed to decode COSE", SALLY_E_MALFORMED },
    { SALLY_CODE_BAD_OPTION, "", SALLY_E_MALFORMED },
    { SALLY_CODE_UNAUTHORIZED, "Security context not found",
      SALLY_E_NOT_FOUND },
    { SALLY_CODE_UNAUTHORIZED, "Replay detected", SALLY_E_REPLAYED },
    { SALLY_CODE_UNAUTHORIZED, "", SALLY_E_REFUSED },
    { SALLY_CODE_UNAUTHORIZED, "no", SALLY_E_REFUSED },
    { SALLY_CODE_BAD_REQUEST, "Decryption failed", SALLY_E_UNAUTHENTIC },
    { SALLY_CODE_BAD_REQUEST, "Replay detected", SALLY_E_UNAUTHENTIC },
    { SALLY_CODE_UNAVAILABLE, "", SALLY_E_REFUSED },
    { SALLY_CODE_NOT_FOUND, "Replay detected", SALLY_E_REFUSED },
};

static void knows_what_a_refusal_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(meaning_rows); i++) {
        const struct meaning_row *r = &meaning_rows[i];

        if (ROW->meaning(r->code, text(r->diagnostic)) != r->want)
            fail_msg("%u %s", r->code, r->diagnostic);
    }
}

static void refuses_a_replay(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    const char *diagnostic;
    struct pair p;
    struct wire w;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_REPLAYED);
    assert_int_equal(ROW->refusal(SALLY_E_REPLAYED, &diagnostic),
                     SALLY_CODE_UNAUTHORIZED);
    assert_string_equal(diagnostic, "Replay detected");
    pair_end(&p);
}

/* The whole number counts, not one byte of it. */
static void refuses_replays_of_long_numbers(void **state)
{
    static const uint64_t numbers[] = { 255,   256,   257,
                                        65535, 65536, 65792 };
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct wire kept[SALLY_LEN(numbers)];
    struct sally_coap_message m;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    for (size_t i = 0; i < SALLY_LEN(numbers); i++) {
        p.client.own.next = numbers[i];
        p.client.own.until = numbers[i] + 1;
        assert_int_equal(ask(&p, &p.client, "x", &asked, &kept[i]), SALLY_E_OK);
        assert_int_equal(hear(&p, &p.server, &kept[i], &served, &m),
                         SALLY_E_OK);
        for (size_t j = 0; j <= i; j++)
            assert_int_equal(hear(&p, &p.server, &kept[j], &served, &m),
                             SALLY_E_REPLAYED);
    }
    pair_end(&p);
}

/* One with a high number that was never sent must not lock the sender out. */
static void a_forged_message_moves_no_window(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire w, forged;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    talk(&p, &p.client, &p.server);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    respell(&w, text("\x0d\xff\xff\xff\xff\xf0" "cl"), w.m.payload, 1, &forged);
    assert_int_equal(hear(&p, &p.server, &forged, &served, &m),
                     SALLY_E_UNAUTHENTIC);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    pair_end(&p);
}

/* Each bit of the payload and of the option counts. */
static void refuses_each_changed_bit(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct pair p;
    struct wire w;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    assert_int_equal(ask(&p, &p.client, "some text", &asked, &w), SALLY_E_OK);
    for (size_t bit = 6 * 8; bit < w.buf.len * 8; bit++) {
        struct wire bad = w;
        uint16_t mid;
        enum sally_err e;

        bad.buf.at = bad.bytes;
        bad.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (sally_coap_parse(sally_buf_span(&bad.buf), &bad.m, &mid) !=
                SALLY_E_OK ||
            sally_coap_class(bad.m.code) != 0)
            continue;
        p.server.tokens = SALLY_OSCORE_TOKENS;
        e = hear(&p, &p.server, &bad, &served, &m);
        if (e == SALLY_E_OK || sally_err_class_of(e) != SALLY_ERR_PEER)
            fail_msg("bit %zu: %s", bit, sally_err_text(e));
    }
    p.server.tokens = SALLY_OSCORE_TOKENS;
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    pair_end(&p);
}

/* --- What is inside ------------------------------------------------------- */

static const struct inner_row {
    const char *what;
    struct sally_span text;
    enum sally_err want;
} inner_rows[] = {
#define T(s) { (const uint8_t *)(s), sizeof(s) - 1 }
    { "GET and no more", T("\x01"), SALLY_E_OK },
    { "marker without payload", T("\x01\xff"), SALLY_E_MALFORMED },
    { "payload that has the marker's byte", T("\x01\xff\xff\xff"), SALLY_E_OK },
    { "option value with the marker's byte", T("\x01\xb1\xff"), SALLY_E_OK },
    { "option past the end", T("\x01\xb2x"), SALLY_E_MALFORMED },
    { "option length 15", T("\x01\xbfx"), SALLY_E_MALFORMED },
    { "option number above 65535", T("\x01\xe0\xff\xff"), SALLY_E_MALFORMED },
    { "a response in a request", T("\x45"), SALLY_E_MALFORMED },
    { "the empty message", T("\0"), SALLY_E_MALFORMED },
    { "a class that does not exist", T("\x21"), SALLY_E_MALFORMED },
    { "a protected message inside", T("\x02\x91\x01"), SALLY_E_MALFORMED },
};

/* The tag is right here: so the number counts as seen in each case. */
static void takes_the_text_apart_with_care(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(inner_rows); i++) {
        const struct inner_row *r = &inner_rows[i];
        struct sally_binding served = { { 0 } };
        struct sally_oscore_bound b;
        struct sally_span piv = { (const uint8_t[]){ 0 }, 1 };
        struct sally_coap_message m;
        struct wire in, w;
        uint8_t text_room[64] = { 0 };
        struct pair p;
        enum sally_err e;

        pair_start(&p, SALLY_OSCORE_B1);
        plain(&p, &in, SALLY_CODE_POST, -1, "");
        memcpy(text_room, r->text.at, r->text.len);
        sally_oscore_bind(&p.client.own, text("cl"), piv, &b);
        assert_int_equal(sally_oscore_seal(&p.client.own, &b, b.nonce,
                                           text_room, r->text.len),
                         SALLY_E_OK);
        respell(&in, (struct sally_span){ (const uint8_t *)"\x09\0cl", 4 },
                (struct sally_span){ text_room, r->text.len + 8 }, 1, &w);
        e = hear(&p, &p.server, &w, &served, &m);
        if (e != r->want)
            fail_msg("%s: got: %s", r->what, sally_err_text(e));
        e = hear(&p, &p.server, &w, &served, &m);
        if (e != SALLY_E_REPLAYED)
            fail_msg("%s, again: got: %s", r->what, sally_err_text(e));
        pair_end(&p);
    }
}

/* In a response there is a response. */
static void takes_no_other_text_for_a_response(void **state)
{
    static const uint8_t codes[] = { 0x00, 0x01, 0x21, 0xc1, 0xe1 };

    (void)state;
    for (size_t i = 0; i < sizeof(codes); i++) {
        struct sally_binding asked = { { 0 } }, served = { { 0 } };
        struct sally_coap_message m;
        struct sally_oscore_bound b;
        uint8_t text_room[16] = { codes[i] };
        struct wire w, answer;
        struct pair p;

        pair_start(&p, SALLY_OSCORE_B1);
        assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
        assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
        memcpy(&b, &served, sizeof(b));
        plain(&p, &w, SALLY_CODE_CHANGED, -1, "");
        assert_int_equal(sally_oscore_seal(&p.server.peer->context, &b, b.nonce,
                                           text_room, 1),
                         SALLY_E_OK);
        respell(&w, text(""), (struct sally_span){ text_room, 9 }, 1, &answer);
        if (get(&p, &p.client, &answer, &asked, &m) != SALLY_E_MALFORMED)
            fail_msg("code %x", codes[i]);
        pair_end(&p);
    }
}

/* Outside, a request is POST, or FETCH when it observes; options of class E do
 * not show, and outer ones do not come in.                                  */
static void hides_what_can_be_hidden(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct sally_span value;
    uint32_t observe;
    struct wire in, w, more;
    uint8_t room[64];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    plain(&p, &in, SALLY_CODE_GET, 0, "");
    assert_int_equal(guard(&p.client, SALLY_OBJECT_REQUEST, &in, &asked, &w),
                     SALLY_E_OK);
    assert_int_equal(w.m.code, SALLY_CODE_FETCH);
    assert_false(
        sally_coap_option_find(w.m.options, SALLY_OPTION_URI_PATH, &value));
    assert_true(
        sally_coap_option_uint(w.m.options, SALLY_OPTION_OBSERVE, &observe));
    assert_int_equal(observe, 0);

    sally_coap_put_option(&o, SALLY_OPTION_URI_HOST, text("elsewhere"));
    assert_true(
        sally_coap_option_find(w.m.options, SALLY_OPTION_OSCORE, &value));
    sally_coap_put_option(&o, SALLY_OPTION_OSCORE, value);
    sally_coap_put_option(&o, SALLY_OPTION_URI_PATH, text("forged"));
    more = w;
    more.m.options = sally_buf_span(&options);
    assert_int_equal(hear(&p, &p.server, &more, &served, &m), SALLY_E_OK);
    assert_int_equal(m.code, SALLY_CODE_GET);
    /* Observe 0 inside is a registration, though it was taken off outside. */
    assert_true(sally_span_is(m.options, "\x60\x52rd\x01" "5"));
    pair_end(&p);
}

static void is_no_proxy(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    const char *diagnostic;
    struct wire in, w;
    uint8_t room[64];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct sally_span value;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_true(
        sally_coap_option_find(w.m.options, SALLY_OPTION_OSCORE, &value));
    sally_coap_put_option(&o, SALLY_OPTION_OSCORE, value);
    sally_coap_put_option(&o, SALLY_OPTION_PROXY_SCHEME, text("coap"));
    w.m.options = sally_buf_span(&options);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_UNSUPPORTED);
    assert_int_equal(ROW->refusal(SALLY_E_UNSUPPORTED, &diagnostic),
                     SALLY_CODE_NO_PROXYING);

    plain(&p, &in, SALLY_CODE_GET, -1, "");
    in.m.options = text("\xd1\x16x"); /* a Proxy-Uri that is no URI */
    assert_int_equal(guard(&p.client, SALLY_OBJECT_REQUEST, &in, &asked, &w),
                     SALLY_E_MALFORMED);
    in.m.options = text("\x90"); /* protected already */
    assert_int_equal(guard(&p.client, SALLY_OBJECT_REQUEST, &in, &asked, &w),
                     SALLY_E_MALFORMED);
    assert_int_equal(p.client.own.next, 1); /* neither took a number */
    pair_end(&p);
}

/* A proxy sees whom to ask and not what for. The message is like the one that
 * the proxy passes on, but for its outer options.                           */
static void a_proxy_is_told_no_path(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire in, w, passed;
    struct sally_span value;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    plain(&p, &in, SALLY_CODE_GET, -1, "");
    in.m.options = text("\xdd\x16\x02" "coap://h/rd/5?x");
    assert_int_equal(guard(&p.client, SALLY_OBJECT_REQUEST, &in, &asked, &w),
                     SALLY_E_OK);
    assert_true(
        sally_coap_option_find(w.m.options, SALLY_OPTION_PROXY_URI, &value));
    assert_true(sally_span_is(value, "coap://h"));
    assert_false(
        sally_coap_option_find(w.m.options, SALLY_OPTION_URI_PATH, &value));
    assert_true(
        sally_coap_option_find(w.m.options, SALLY_OPTION_OSCORE, &value));
    respell(&w, value, w.m.payload, 1, &passed);
    assert_int_equal(hear(&p, &p.server, &passed, &served, &m), SALLY_E_OK);
    assert_int_equal(m.code, SALLY_CODE_GET);
    assert_true(sally_span_is(m.options, "\xb2rd\x01" "5" "\x41x"));
    pair_end(&p);
}

static void adds_no_more_than_it_says(void **state)
{
    struct sally_binding asked = { { 0 } };
    uint8_t id[SALLY_OSCORE_CONTEXT_MAX] = { 0 };
    struct wire in, w;
    struct pair p;

    (void)state;
    pair_make(&p, SALLY_OSCORE_B1);
    p.parts.aead = 30;
    p.parts.sender_id = text("seven_7");
    p.parts.has_id_context = true;
    p.parts.id_context = (struct sally_span){ id, sizeof(id) };
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);
    p.client.rederived = true; /* wrapped, as while B.2 runs */
    p.client.phase = SALLY_OSCORE_SECOND;
    p.client.own.next = 1000000;
    p.client.own.until = 1000001;
    plain(&p, &in, SALLY_CODE_FETCH, 1000, "text");
    assert_int_equal(guard(&p.client, SALLY_OBJECT_REQUEST, &in, &asked, &w),
                     SALLY_E_OK);
    assert_true(w.buf.len > in.buf.len + 90);
    assert_true(w.buf.len <= in.buf.len + ROW->overhead);
    w.buf.room = w.buf.len - 1; /* one byte less will not do */
    w.buf.len = 0;
    assert_int_equal(ROW->protect(&p.client, SALLY_OBJECT_REQUEST, &in.m,
                                  &asked, &w.buf),
                     SALLY_E_NO_ROOM);
    assert_int_equal(w.buf.len, 0);
    ROW->wipe(&p.client);
}

/* --- Responses and notifications ------------------------------------------ */

/* Of all messages for one request, one may have its nonce. */
static void a_request_nonce_serves_one_response(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire w, first, second;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    assert_int_equal(
        tell(&p, &p.server, SALLY_OBJECT_RESPONSE, -1, "1", &served, &first),
        SALLY_E_OK);
    assert_int_equal(
        tell(&p, &p.server, SALLY_OBJECT_RESPONSE, -1, "2", &served, &second),
        SALLY_E_OK);
    assert_int_equal(option_of(&first).piv.len, 0);
    assert_int_equal(option_of(&second).piv.len, 1);
    assert_int_equal(get(&p, &p.client, &first, &asked, &m), SALLY_E_OK);
    assert_int_equal(get(&p, &p.client, &first, &asked, &m), SALLY_E_REPLAYED);
    assert_int_equal(get(&p, &p.client, &second, &asked, &m), SALLY_E_OK);
    pair_end(&p);
}

/* After notifications a last word has a number too. */
static void an_error_after_notifications_has_its_own_number(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire in, w;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    plain(&p, &in, SALLY_CODE_GET, 0, "");
    assert_int_equal(guard(&p.client, SALLY_OBJECT_REQUEST, &in, &asked, &w),
                     SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    assert_int_equal(
        tell(&p, &p.server, SALLY_OBJECT_NOTIFICATION, 5, "1", &served, &w),
        SALLY_E_OK);
    assert_int_equal(w.m.code, SALLY_CODE_CONTENT);
    assert_int_equal(get(&p, &p.client, &w, &asked, &m), SALLY_E_OK);
    assert_true(sally_span_is(m.options, "\x60")); /* Observe, empty */
    assert_int_equal(
        tell(&p, &p.server, SALLY_OBJECT_RESPONSE, -1, "end", &served, &w),
        SALLY_E_OK);
    assert_int_equal(option_of(&w).piv.len, 1);
    assert_int_equal(w.m.code, SALLY_CODE_CHANGED);
    assert_int_equal(get(&p, &p.client, &w, &asked, &m), SALLY_E_OK);
    pair_end(&p);
}

/* Newer ones only; and that holds for each observation on its own. */
static void notifications_come_in_order(void **state)
{
    struct sally_binding asked[2] = { { { 0 } } }, served[2] = { { { 0 } } };
    struct sally_coap_message m;
    struct wire in, w, note[4];
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    for (size_t i = 0; i < 2; i++) {
        plain(&p, &in, SALLY_CODE_GET, 0, "");
        assert_int_equal(
            guard(&p.client, SALLY_OBJECT_REQUEST, &in, &asked[i], &w),
            SALLY_E_OK);
        assert_int_equal(hear(&p, &p.server, &w, &served[i], &m), SALLY_E_OK);
    }
    for (size_t i = 0; i < 4; i++) /* 0, 2 and 3 of the first; 1 of the other */
        assert_int_equal(tell(&p, &p.server, SALLY_OBJECT_NOTIFICATION, 1, "n",
                              &served[i == 1], &note[i]),
                         SALLY_E_OK);
    assert_int_equal(get(&p, &p.client, &note[2], &asked[0], &m), SALLY_E_OK);
    assert_int_equal(get(&p, &p.client, &note[2], &asked[0], &m),
                     SALLY_E_REPLAYED);
    assert_int_equal(get(&p, &p.client, &note[0], &asked[0], &m),
                     SALLY_E_REPLAYED);
    assert_int_equal(get(&p, &p.client, &note[1], &asked[1], &m), SALLY_E_OK);
    assert_int_equal(get(&p, &p.client, &note[1], &asked[0], &m),
                     SALLY_E_UNAUTHENTIC);
    assert_int_equal(get(&p, &p.client, &note[3], &asked[0], &m), SALLY_E_OK);
    pair_end(&p);
}

/* A peer may use the nonce of the request for the first one. */
static void one_notification_may_have_no_number(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire in, w, bare, note;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    plain(&p, &in, SALLY_CODE_GET, 0, "");
    assert_int_equal(guard(&p.client, SALLY_OBJECT_REQUEST, &in, &asked, &w),
                     SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    assert_int_equal(
        tell(&p, &p.server, SALLY_OBJECT_RESPONSE, 1, "a", &served, &bare),
        SALLY_E_OK);
    assert_int_equal(option_of(&bare).piv.len, 0);
    assert_int_equal(
        tell(&p, &p.server, SALLY_OBJECT_NOTIFICATION, 2, "b", &served, &note),
        SALLY_E_OK);
    w = note;
    assert_int_equal(get(&p, &p.client, &bare, &asked, &m), SALLY_E_OK);
    assert_int_equal(get(&p, &p.client, &note, &asked, &m), SALLY_E_OK);
    assert_int_equal(get(&p, &p.client, &bare, &asked, &m), SALLY_E_REPLAYED);
    pair_end(&p);
}

static void a_late_notification_without_number_is_old(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire in, w, bare;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    plain(&p, &in, SALLY_CODE_GET, 0, "");
    assert_int_equal(guard(&p.client, SALLY_OBJECT_REQUEST, &in, &asked, &w),
                     SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    assert_int_equal(
        tell(&p, &p.server, SALLY_OBJECT_RESPONSE, 1, "a", &served, &bare),
        SALLY_E_OK);
    assert_int_equal(
        tell(&p, &p.server, SALLY_OBJECT_NOTIFICATION, 2, "b", &served, &w),
        SALLY_E_OK);
    assert_int_equal(get(&p, &p.client, &w, &asked, &m), SALLY_E_OK);
    assert_int_equal(get(&p, &p.client, &bare, &asked, &m), SALLY_E_REPLAYED);
    pair_end(&p);
}

static void a_response_belongs_to_its_request(void **state)
{
    struct sally_binding asked[2] = { { { 0 } } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire w, answer;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    assert_int_equal(ask(&p, &p.client, "0", &asked[0], &w), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    assert_int_equal(ask(&p, &p.client, "1", &asked[1], &w), SALLY_E_OK);
    assert_int_equal(
        tell(&p, &p.server, SALLY_OBJECT_RESPONSE, -1, "a", &served, &answer),
        SALLY_E_OK);
    assert_int_equal(get(&p, &p.client, &answer, &asked[1], &m),
                     SALLY_E_UNAUTHENTIC);
    plain(&p, &w, SALLY_CODE_CONTENT, -1, "plain");
    assert_int_equal(get(&p, &p.client, &w, &asked[1], &m), SALLY_E_UNEXPECTED);
    assert_int_equal(get(&p, &p.client, &answer, &asked[0], &m), SALLY_E_OK);
    pair_end(&p);
}

static void nothing_is_made_without_a_request(void **state)
{
    struct sally_binding none = { { 0 } };
    struct pair p;
    struct wire w;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    assert_int_equal(
        tell(&p, &p.client, SALLY_OBJECT_RESPONSE, -1, "x", &none, &w),
        SALLY_E_BAD_STATE);
    assert_int_equal(ask(&p, &p.server, "x", &none, &w), SALLY_E_BAD_STATE);
    pair_end(&p);
}

/* --- Numbers, restarts, limits -------------------------------------------- */

static void numbers_are_reserved_before_use(void **state)
{
    struct sally_binding b = { { 0 } };
    struct pair p;
    struct wire w;

    (void)state;
    pair_make(&p, SALLY_OSCORE_B1);
    p.slow = true;
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);
    assert_int_equal(p.asked, 1000);
    assert_int_equal(ROW->state(&p.client), SALLY_CHANNEL_HANDSHAKE);
    assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_PENDING);
    ROW->reserved(&p.client, 1000);
    assert_int_equal(ROW->state(&p.client), SALLY_CHANNEL_UP);
    for (int i = 0; i < 499; i++)
        assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_OK);
    assert_int_equal(p.asked, 1000);
    assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_OK);
    assert_int_equal(p.asked, 2000); /* at half, once */
    for (int i = 500; i < 1000; i++)
        assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_OK);
    assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_PENDING);
    assert_int_equal(ROW->state(&p.client), SALLY_CHANNEL_UP);
    ROW->reserved(&p.client, 2000);
    ROW->reserved(&p.client, 1500); /* a late one takes nothing away */
    assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_OK);
    assert_int_equal(sally_oscore_piv_number(option_of(&w).piv), 1000);
    assert_int_equal(p.client.own.until, 2000);
    ROW->wipe(&p.client);
}

/* B.1.1: above all that may have been used. */
static void a_restart_skips_what_was_reserved(void **state)
{
    struct sally_binding b = { { 0 } };
    struct pair p;
    struct wire w;

    (void)state;
    pair_make(&p, SALLY_OSCORE_B1);
    p.past = (struct sally_object_past){ true, true, 3000 };
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);
    assert_int_equal(p.asked, 4000);
    assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_OK);
    assert_int_equal(sally_oscore_piv_number(option_of(&w).piv), 3000);
    ROW->wipe(&p.client);
}

/* B.1.2: after a restart nobody knows which requests were seen. */
static void a_restart_asks_the_peer_for_freshness(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct sally_span echo;
    struct wire old, w, challenge, again;
    uint8_t room[64];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    talk(&p, &p.client, &p.server);
    assert_int_equal(ask(&p, &p.server, "old", &asked, &old), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.client, &old, &served, &m), SALLY_E_OK);
    p.past = (struct sally_object_past){ true, true, 1000 };
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);

    /* A replay of the time before, and a new one, look the same. */
    assert_int_equal(hear(&p, &p.client, &old, &served, &m),
                     SALLY_E_CHALLENGED);
    assert_int_equal(ask(&p, &p.server, "new", &asked, &w), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.client, &w, &served, &m), SALLY_E_CHALLENGED);
    challenge.buf = SALLY_BUF(challenge.bytes);
    assert_int_equal(
        ROW->challenge(&p.client, &w.m, &served, &challenge.buf), SALLY_E_OK);
    parse(&challenge);
    assert_int_equal(challenge.m.type, SALLY_COAP_ACK);
    assert_int_equal(challenge.m.code, SALLY_CODE_CHANGED);
    assert_int_equal(option_of(&challenge).piv.len, 2); /* its own number */
    assert_int_equal(get(&p, &p.server, &challenge, &asked, &m), SALLY_E_OK);
    assert_int_equal(m.code, SALLY_CODE_UNAUTHORIZED);
    assert_int_equal(m.payload.len, 0);
    assert_true(
        sally_coap_option_find(m.options, SALLY_OPTION_ECHO, &echo));
    assert_int_equal(echo.len, 8);

    /* With a wrong value, then with the right one. */
    plain(&p, &w, SALLY_CODE_POST, -1, "new");
    sally_coap_put_option(&o, SALLY_OPTION_ECHO, text("12345678"));
    w.m.options = sally_buf_span(&options);
    assert_int_equal(guard(&p.server, SALLY_OBJECT_REQUEST, &w, &asked, &again),
                     SALLY_E_OK);
    assert_int_equal(hear(&p, &p.client, &again, &served, &m),
                     SALLY_E_CHALLENGED);
    options.len = 0;
    o = sally_coap_options_into(&options);
    sally_coap_put_option(&o, SALLY_OPTION_ECHO,
                          (struct sally_span){ p.client.own.echo, 8 });
    w.m.options = sally_buf_span(&options);
    assert_int_equal(guard(&p.server, SALLY_OBJECT_REQUEST, &w, &asked, &again),
                     SALLY_E_OK);
    assert_int_equal(hear(&p, &p.client, &again, &served, &m), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.client, &again, &served, &m),
                     SALLY_E_REPLAYED);
    assert_int_equal(hear(&p, &p.client, &old, &served, &m), SALLY_E_REPLAYED);
    talk(&p, &p.server, &p.client);
    pair_end(&p);
}

static void keys_wear_out(void **state)
{
    struct sally_binding b = { { 0 } };
    struct pair p;
    struct wire w;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    p.client.own.next = SALLY_OSCORE_SEALED_MAX * 3 / 4 - 1;
    p.client.own.until = SALLY_OSCORE_SEALED_MAX + 10;
    assert_int_equal(ROW->wear(&p.client), 74);
    assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_OK);
    assert_int_equal(ROW->wear(&p.client), 75);
    p.client.own.next = SALLY_OSCORE_SEALED_MAX - 1;
    assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_OK);
    assert_int_equal(ROW->state(&p.client), SALLY_CHANNEL_FAILED);
    assert_int_equal(ROW->reason(&p.client), SALLY_E_EXHAUSTED);
    assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_BAD_STATE);
    pair_end(&p);
}

/* Responses without a number count as well. */
static void responses_wear_keys_out(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct pair p;
    struct wire w;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    talk(&p, &p.client, &p.server);
    assert_int_equal(p.server.peer->context.sealed, 1);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    p.server.peer->context.sealed = SALLY_OSCORE_SEALED_MAX;
    assert_int_equal(
        tell(&p, &p.server, SALLY_OBJECT_RESPONSE, -1, "x", &served, &w),
        SALLY_E_EXHAUSTED);
    pair_end(&p);
}

/* Forgeries wear keys out, too; but not faster than so many a second. */
static void failures_are_slow_and_counted(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire w, bad;
    struct sally_buf room;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    talk(&p, &p.client, &p.server);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    bad = w;
    bad.buf.at = bad.bytes;
    bad.bytes[bad.buf.len - 1] ^= 1;
    parse(&bad);
    for (int i = 0; i < SALLY_OSCORE_TOKENS; i++)
        assert_int_equal(hear(&p, &p.server, &bad, &served, &m),
                         SALLY_E_UNAUTHENTIC);
    assert_int_equal(hear(&p, &p.server, &bad, &served, &m), SALLY_E_NO_ROOM);
    assert_int_equal(p.server.peer->context.failed, SALLY_OSCORE_TOKENS);
    room = SALLY_BUF(p.room);
    assert_int_equal(ROW->unprotect_request(&p.server, &w.m, &served, &m, &room,
                                            SALLY_SEC),
                     SALLY_E_OK);
    p.server.tokens = SALLY_OSCORE_TOKENS;
    p.server.peer->context.failed = SALLY_OSCORE_FAILED_MAX_SHORT - 1;
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    bad = w;
    bad.buf.at = bad.bytes;
    bad.bytes[bad.buf.len - 1] ^= 1;
    parse(&bad);
    assert_int_equal(hear(&p, &p.server, &bad, &served, &m),
                     SALLY_E_UNAUTHENTIC);
    assert_int_equal(ROW->wear(&p.server), 100);
    assert_int_not_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    pair_end(&p);
}

static void the_last_number_is_left_alone(void **state)
{
    struct sally_oscore o = { .up = true };
    struct sally_oscore_context c = { .next = SALLY_OSCORE_NUMBER_END - 1 };

    (void)state;
    sally_oscore_numbers_free(&c);
    assert_int_equal(sally_oscore_numbers_look(&o, &c), SALLY_E_OK);
    sally_oscore_numbers_used(&o, &c);
    assert_int_equal(sally_oscore_numbers_look(&o, &c), SALLY_E_EXHAUSTED);
}

/* A server asks its host for numbers of one client while another one spoke
 * last: the answer is for the one that it asked about.                      */
static void reserve_within(void *owner, uint64_t until)
{
    ROW->reserved(owner, until);
}

static void each_client_has_its_own_numbers(void **state)
{
    struct sally_oscore o = { .up = false };
    struct sally_oscore_peer first = { .index = 0 }, second = { .index = 1 };
    struct pair p;

    (void)state;
    pair_make(&p, SALLY_OSCORE_B1);
    o.finder = &p.finder;
    o.host = (struct sally_object_host){ reserve_within, &o };
    o.peer = &second;
    sally_oscore_numbers_begin(&o, &first.context, 0);
    assert_int_equal(first.context.until, SALLY_OSCORE_CHUNK);
    first.context.next = SALLY_OSCORE_CHUNK;
    assert_int_equal(sally_oscore_numbers_look(&o, &first.context),
                     SALLY_E_OK);
    assert_int_equal(second.context.until, 0);
}

/* --- Server: whose keys --------------------------------------------------- */

/* A kid that nobody has costs a question to the owner, and no keys. */
static void looking_up_derives_nothing(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire w, other;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    for (int i = 0; i < 100; i++) {
        uint8_t option[] = { 0x09, 1, 'k', (uint8_t)i };

        respell(&w, (struct sally_span){ option, sizeof(option) }, w.m.payload,
                1, &other);
        assert_int_equal(hear(&p, &p.server, &other, &served, &m),
                         SALLY_E_NOT_FOUND);
    }
    assert_int_equal(p.finder.contexts->count, 0);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    assert_int_equal(p.finder.contexts->count, 1);
    p.searched = 0;
    talk(&p, &p.client, &p.server);
    assert_int_equal(p.searched, 0); /* found in the table */
    pair_end(&p);
}

static void four_at_most_have_one_kid(void **state)
{
    struct sally_credential credential[5];
    struct sally_oscore_parts parts[5];
    struct sally_oscore_peer *peer;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    for (size_t i = 0; i < 5; i++) {
        credential[i] = p.credential;
        parts[i] = p.parts;
        credential[i].oscore = &parts[i];
        assert_int_equal(sally_oscore_peer_add(p.finder.contexts,
                                               &credential[i], &peer),
                         i < 4 ? SALLY_E_OK : SALLY_E_NO_ROOM);
    }
    pair_end(&p);
}

/* Where a client comes from does not matter: the window is that of its keys. */
static void another_association_has_the_same_window(void **state)
{
    struct sally_random random = { pair_random, NULL };
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_oscore elsewhere = { .up = false };
    struct sally_coap_message m;
    struct pair p;
    struct wire w;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    random.state = &p;
    assert_int_equal(ROW->start(&elsewhere, NULL, &p.finder, &p.server_past,
                                NULL, random, 0),
                     SALLY_E_OK);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    assert_int_equal(hear(&p, &elsewhere, &w, &served, &m), SALLY_E_REPLAYED);
    talk(&p, &p.client, &elsewhere);
    talk(&p, &elsewhere, &p.client);
    ROW->wipe(&elsewhere);
    pair_end(&p);
}

static void a_kid_context_must_match(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire w, other;
    struct pair p;

    (void)state;
    pair_make(&p, SALLY_OSCORE_B1);
    p.parts.id_context = text("one");
    p.parts.has_id_context = true;
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);
    pair_start_server(&p);
    talk(&p, &p.client, &p.server);
    talk(&p, &p.server, &p.client); /* without one: that is allowed */
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_true(sally_span_is(option_of(&w).kid_context, "one"));
    respell(&w, text("\x19\x01\x03two" "cl"), w.m.payload, 1, &other);
    assert_int_equal(hear(&p, &p.server, &other, &served, &m),
                     SALLY_E_NOT_FOUND);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_OK);
    pair_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_roles_ask_and_answer),
        cmocka_unit_test(each_algorithm_serves),
        cmocka_unit_test(begins_as_the_account_says),
        cmocka_unit_test(refuses_an_account_without_its_parts),
        cmocka_unit_test(refuses_each_row),
        cmocka_unit_test(knows_what_a_refusal_means),
        cmocka_unit_test(refuses_a_replay),
        cmocka_unit_test(refuses_replays_of_long_numbers),
        cmocka_unit_test(a_forged_message_moves_no_window),
        cmocka_unit_test(refuses_each_changed_bit),
        cmocka_unit_test(takes_the_text_apart_with_care),
        cmocka_unit_test(takes_no_other_text_for_a_response),
        cmocka_unit_test(hides_what_can_be_hidden),
        cmocka_unit_test(is_no_proxy),
        cmocka_unit_test(a_proxy_is_told_no_path),
        cmocka_unit_test(adds_no_more_than_it_says),
        cmocka_unit_test(a_request_nonce_serves_one_response),
        cmocka_unit_test(an_error_after_notifications_has_its_own_number),
        cmocka_unit_test(notifications_come_in_order),
        cmocka_unit_test(one_notification_may_have_no_number),
        cmocka_unit_test(a_late_notification_without_number_is_old),
        cmocka_unit_test(a_response_belongs_to_its_request),
        cmocka_unit_test(nothing_is_made_without_a_request),
        cmocka_unit_test(numbers_are_reserved_before_use),
        cmocka_unit_test(a_restart_skips_what_was_reserved),
        cmocka_unit_test(a_restart_asks_the_peer_for_freshness),
        cmocka_unit_test(keys_wear_out),
        cmocka_unit_test(responses_wear_keys_out),
        cmocka_unit_test(failures_are_slow_and_counted),
        cmocka_unit_test(the_last_number_is_left_alone),
        cmocka_unit_test(each_client_has_its_own_numbers),
        cmocka_unit_test(looking_up_derives_nothing),
        cmocka_unit_test(four_at_most_have_one_kid),
        cmocka_unit_test(another_association_has_the_same_window),
        cmocka_unit_test(a_kid_context_must_match),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
