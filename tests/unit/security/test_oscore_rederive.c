/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_oscore_rederive.c - new keys from the same secret,
 * both roles. RFC 8613 B.2.                                                 */
#include "oscore_pair.h"

/* Request #1 and response #1; the client has what it needs for request #2. */
static void first_round(struct pair *p, struct sally_binding *asked,
                        struct wire *request, struct wire *response)
{
    struct sally_coap_message m = { .type = SALLY_COAP_CON,
                                    .mid = 1,
                                    .token = text("q") };
    struct sally_binding served = { { 0 } };

    assert_true(ROW->question(&p->client, &m));
    assert_false(ROW->question(&p->client, &m)); /* once */
    request->buf = SALLY_BUF(request->bytes);
    assert_int_equal(ROW->protect(&p->client, SALLY_OBJECT_REQUEST, &m, asked,
                                  &request->buf),
                     SALLY_E_OK);
    parse(request);
    assert_int_equal(hear(p, &p->server, request, &served, &m),
                     SALLY_E_CHALLENGED);
    response->buf = SALLY_BUF(response->bytes);
    assert_int_equal(ROW->challenge(&p->server, &request->m, &served,
                                    &response->buf),
                     SALLY_E_OK);
    parse(response);
}

static void finish(struct pair *p, struct sally_binding *asked,
                   const struct wire *response)
{
    struct sally_coap_message m;

    assert_int_equal(get(p, &p->client, response, asked, &m), SALLY_E_OK);
    ROW->answered(&p->client, SALLY_E_OK, m.code, 0);
    assert_int_equal(ROW->state(&p->client), SALLY_CHANNEL_UP);
}

static void run(struct pair *p)
{
    struct sally_binding asked = { { 0 } };
    struct wire request, response;

    first_round(p, &asked, &request, &response);
    finish(p, &asked, &response);
}

static void both_ends_get_new_keys(void **state)
{
    struct sally_binding asked = { { 0 } };
    struct wire request, response, w;
    uint8_t first_key[16];
    struct sally_span id;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B2);
    assert_int_equal(ROW->state(&p.client), SALLY_CHANNEL_HANDSHAKE);
    first_round(&p, &asked, &request, &response);
    assert_true(sally_oscore_unwrap(option_of(&request).kid_context, &id));
    assert_int_equal(id.len, 8);
    assert_true(sally_oscore_unwrap(option_of(&response).kid_context, &id));
    assert_int_equal(id.len, 16);
    memcpy(first_key, p.client.own.sender_key, sizeof(first_key));
    finish(&p, &asked, &response);
    assert_memory_not_equal(first_key, p.client.own.sender_key, 16);

    /* Request #2 is the caller's, and says whose keys; later ones do not. */
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_true(sally_oscore_unwrap(option_of(&w).kid_context, &id));
    assert_int_equal(id.len, 24);
    talk(&p, &p.client, &p.server);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_false(option_of(&w).has_kid_context);
    talk(&p, &p.client, &p.server);
    talk(&p, &p.server, &p.client);
    assert_int_equal(p.asked, 0); /* no number of these keys is stored */
    pair_end(&p);
}

/* A server that lost its numbers takes nothing but B.2. */
static void a_server_that_knows_nothing_wants_new_keys(void **state)
{
    struct sally_random random = { pair_random, NULL };
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct pair p;
    struct wire w;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    random.state = &p;
    ROW->wipe(&p.server);
    assert_int_equal(
        ROW->start(&p.server, NULL, &p.finder, NULL, NULL, random, 0),
        SALLY_E_OK);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &served, &m), SALLY_E_NOT_FOUND);
    p.parts.start = SALLY_OSCORE_B2;
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);
    run(&p);
    talk(&p, &p.client, &p.server);
    pair_end(&p);
}

/* Nothing of the first round changes the keys that are in use. */
static void keys_in_use_stay_until_the_second_request(void **state)
{
    struct sally_binding asked = { { 0 } }, b = { { 0 } };
    struct wire request, response, early;
    struct sally_coap_message m;
    struct sally_oscore before;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B1);
    talk(&p, &p.client, &p.server);
    before = p.client;
    assert_int_equal(ask(&p, &before, "still", &b, &early), SALLY_E_OK);
    p.parts.start = SALLY_OSCORE_B2;
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);
    first_round(&p, &asked, &request, &response);
    assert_int_equal(hear(&p, &p.server, &early, &b, &m), SALLY_E_OK);
    finish(&p, &asked, &response);
    talk(&p, &p.client, &p.server);
    pair_end(&p);
}

/* Neither request brings old keys back, or new ones that nobody has. */
static void replays_change_nothing(void **state)
{
    struct sally_binding asked = { { 0 } }, b = { { 0 } };
    struct wire first, response, second;
    struct sally_coap_message m;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B2);
    first_round(&p, &asked, &first, &response);
    finish(&p, &asked, &response);
    assert_int_equal(ask(&p, &p.client, "x", &asked, &second), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &second, &b, &m), SALLY_E_OK);
    talk(&p, &p.client, &p.server);
    assert_int_equal(hear(&p, &p.server, &first, &b, &m), SALLY_E_CHALLENGED);
    talk(&p, &p.client, &p.server);
    assert_int_equal(hear(&p, &p.server, &second, &b, &m), SALLY_E_REPLAYED);

    /* Other keys came meanwhile. R2 serves once: what had it is the begin of
     * another run at most, which leaves all as it is. */
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);
    run(&p);
    talk(&p, &p.client, &p.server);
    assert_int_equal(hear(&p, &p.server, &second, &b, &m), SALLY_E_CHALLENGED);
    talk(&p, &p.client, &p.server);
    pair_end(&p);
}

/* An R2 that we did not make is nobody's second request. */
static void an_invented_id_is_refused(void **state)
{
    struct sally_binding b = { { 0 } };
    struct sally_oscore mallory;
    struct sally_coap_message m;
    struct pair p;
    struct wire w;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B2);
    run(&p);
    mallory = p.client;
    memset(mallory.own.id_context, 7, 24);
    assert_int_equal(ask(&p, &mallory, "x", &b, &w), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.server, &w, &b, &m), SALLY_E_UNAUTHENTIC);
    talk(&p, &p.client, &p.server);
    pair_end(&p);
}

/* A peer that keeps the nonce of request #1 as it was for response #1: made
 * with the Common IV of R1, used with the keys of R2 || R1.                 */
static void response_one_may_use_the_nonce_of_request_one(void **state)
{
    static const uint8_t r2[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    uint8_t room[16], body[64] = { 0x84 };
    struct sally_buf id = SALLY_BUF(room);
    struct sally_oscore_context two = { .aead = NULL };
    struct sally_coap_message m = { .token = text("q") };
    struct sally_binding asked = { { 0 } };
    struct sally_oscore_bound bound;
    uint8_t list_room[16], value[11];
    struct sally_buf list = SALLY_BUF(list_room);
    struct sally_coap_option_writer o = sally_coap_options_into(&list);
    struct wire w;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B2);
    assert_true(ROW->question(&p.client, &m));
    w.buf = SALLY_BUF(w.bytes);
    assert_int_equal(
        ROW->protect(&p.client, SALLY_OBJECT_REQUEST, &m, &asked, &w.buf),
        SALLY_E_OK);
    memcpy(&bound, &asked, sizeof(bound));
    assert_true(sally_oscore_join((struct sally_span){ r2, 8 },
                                  sally_oscore_id(&p.client.own), &id));
    assert_int_equal(
        sally_oscore_derive(&two, &p.parts, true, sally_buf_span(&id), true),
        SALLY_E_OK);
    assert_memory_not_equal(two.common_iv, p.client.own.common_iv, 13);
    assert_int_equal(sally_oscore_seal(&two, &bound, bound.nonce, body, 1),
                     SALLY_E_OK);
    value[0] = 0x10;
    value[1] = 9;
    value[2] = 0x48;
    memcpy(&value[3], r2, 8);
    sally_coap_put_option(&o, SALLY_OPTION_OSCORE,
                          (struct sally_span){ value, sizeof(value) });
    m = (struct sally_coap_message){ .type = SALLY_COAP_ACK,
                                     .code = SALLY_CODE_CHANGED,
                                     .token = text("q"),
                                     .options = sally_buf_span(&list),
                                     .payload = { body, 9 } };
    w.buf = SALLY_BUF(w.bytes);
    assert_int_equal(sally_coap_write(&m, &w.buf), SALLY_E_OK);
    parse(&w);
    assert_int_equal(get(&p, &p.client, &w, &asked, &m), SALLY_E_OK);
    assert_int_equal(m.code, SALLY_CODE_NOT_FOUND);
    assert_int_equal(ROW->state(&p.client), SALLY_CHANNEL_UP);
    assert_int_equal(p.client.own.id_context_len, 16);
    assert_memory_equal(p.client.own.id_context, r2, 8);
    pair_end(&p);
}

static const struct fallback_row {
    const char *what;
    enum sally_oscore_start how;
    struct sally_object_past past;
    enum sally_channel_state state;
} fallback_rows[] = {
    { "auto, numbers are safe", SALLY_OSCORE_AUTO, { true, true, 5000 },
      SALLY_CHANNEL_UP },
    { "auto, never used", SALLY_OSCORE_AUTO, { false, false, 0 },
      SALLY_CHANNEL_UP },
    { "auto, may be older", SALLY_OSCORE_AUTO, { true, false, 5000 },
      SALLY_CHANNEL_FAILED },
    { "b2 wants new keys or nothing", SALLY_OSCORE_B2, { true, true, 5000 },
      SALLY_CHANNEL_FAILED },
};

/* A server that does not know B.2, or somebody who says so in its name. */
static void without_an_answer_numbers_decide(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(fallback_rows); i++) {
        const struct fallback_row *r = &fallback_rows[i];
        struct sally_coap_message m = { .token = text("q") };
        struct pair p;

        pair_make(&p, r->how);
        p.past = r->past;
        assert_int_equal(pair_start_client(&p), SALLY_E_OK);
        assert_true(ROW->question(&p.client, &m));
        ROW->answered(&p.client, SALLY_E_REFUSED, SALLY_CODE_UNAUTHORIZED, 0);
        if (ROW->state(&p.client) != r->state)
            fail_msg("%s: state %d", r->what, (int)ROW->state(&p.client));
        if (r->state == SALLY_CHANNEL_FAILED)
            assert_int_equal(ROW->reason(&p.client), SALLY_E_REFUSED);
        else
            assert_int_equal(p.client.own.next, r->past.reserved);
        ROW->wipe(&p.client);
    }
}

/* Numbers that were used after a fallback are not used by the next one. */
static void a_second_fallback_begins_above_the_first(void **state)
{
    struct sally_coap_message m = { .token = text("q") };
    struct sally_binding b = { { 0 } };
    struct pair p;
    struct wire w;

    (void)state;
    pair_make(&p, SALLY_OSCORE_AUTO);
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);
    assert_true(ROW->question(&p.client, &m));
    ROW->answered(&p.client, SALLY_E_TIMED_OUT, 0, 0);
    assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_OK);
    assert_int_equal(p.client.own.next, 1);
    p.client.own.failed = 5;
    assert_int_equal(sally_oscore_ask(&p.client), SALLY_E_OK);
    assert_int_equal(ROW->state(&p.client), SALLY_CHANNEL_HANDSHAKE);
    assert_true(ROW->question(&p.client, &m));
    ROW->answered(&p.client, SALLY_E_TIMED_OUT, 0, 0);
    assert_int_equal(p.client.own.next, 1000);
    assert_int_equal(p.client.own.window.state, SALLY_WINDOW_UNKNOWN);
    assert_int_equal(p.client.own.failed, 5);
    ROW->wipe(&p.client);
}

/* Nor where nobody keeps numbers. */
static void a_second_fallback_repeats_no_number(void **state)
{
    struct sally_coap_message m = { .token = text("q") };
    struct sally_binding b = { { 0 } };
    struct pair p;
    struct wire w;

    (void)state;
    pair_make(&p, SALLY_OSCORE_AUTO);
    p.host.reserve = NULL;
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);
    for (uint64_t i = 0; i < 3; i++) {
        assert_true(ROW->question(&p.client, &m));
        ROW->answered(&p.client, SALLY_E_TIMED_OUT, 0, 0);
        assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_OK);
        assert_int_equal(sally_oscore_piv_number(option_of(&w).piv), i);
        assert_int_equal(sally_oscore_ask(&p.client), SALLY_E_OK);
    }
    ROW->wipe(&p.client);
}

/* The account's own keys are worn, and nobody gives new ones: that is the end,
 * not another try at once.                                                  */
static void worn_keys_are_no_fallback(void **state)
{
    struct sally_coap_message m = { .token = text("q") };
    struct sally_binding b = { { 0 } };
    struct pair p;
    struct wire w;

    (void)state;
    pair_make(&p, SALLY_OSCORE_AUTO);
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);
    assert_true(ROW->question(&p.client, &m));
    ROW->answered(&p.client, SALLY_E_TIMED_OUT, 0, 0);
    p.client.own.failed = SALLY_OSCORE_FAILED_MAX_SHORT;
    assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_EXHAUSTED);
    assert_int_equal(ROW->state(&p.client), SALLY_CHANNEL_HANDSHAKE);
    assert_true(ROW->question(&p.client, &m));
    ROW->answered(&p.client, SALLY_E_TIMED_OUT, 0, 0);
    assert_int_equal(ROW->state(&p.client), SALLY_CHANNEL_FAILED);
    assert_int_equal(ROW->reason(&p.client), SALLY_E_EXHAUSTED);
    p.past = (struct sally_object_past){ true, true, SALLY_OSCORE_SEALED_MAX };
    p.parts.start = SALLY_OSCORE_B1;
    assert_int_equal(pair_start_client(&p), SALLY_E_EXHAUSTED);
    ROW->wipe(&p.client);
}

/* New keys instead of old ones that were used too often; what hung on the old
 * ones is refused.                                                          */
static void worn_keys_are_replaced(void **state)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire w;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B2);
    run(&p);
    talk(&p, &p.client, &p.server);
    assert_int_equal(ask(&p, &p.server, "x", &asked, &w), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.client, &w, &served, &m), SALLY_E_OK);
    p.client.own.next = SALLY_OSCORE_SEALED_MAX - 1;
    assert_int_equal(ask(&p, &p.client, "x", &asked, &w), SALLY_E_OK);
    assert_int_equal(ROW->state(&p.client), SALLY_CHANNEL_HANDSHAKE);
    assert_int_equal(
        tell(&p, &p.client, SALLY_OBJECT_RESPONSE, -1, "x", &served, &w),
        SALLY_E_BAD_STATE);
    run(&p);
    assert_int_equal(
        tell(&p, &p.client, SALLY_OBJECT_RESPONSE, -1, "x", &served, &w),
        SALLY_E_BAD_STATE);
    talk(&p, &p.client, &p.server);
    pair_end(&p);
}

/* Each try costs a derivation: so there are few. */
static void forged_first_responses_are_few(void **state)
{
    struct sally_binding asked = { { 0 } };
    struct wire request, response, bad;
    struct sally_coap_message m;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B2);
    first_round(&p, &asked, &request, &response);
    bad = response;
    bad.buf.at = bad.bytes;
    bad.bytes[bad.buf.len - 1] ^= 1;
    parse(&bad);
    for (int i = 0; i < 5; i++)
        assert_int_equal(get(&p, &p.client, &bad, &asked, &m),
                         SALLY_E_UNAUTHENTIC);
    assert_int_equal(ROW->state(&p.client), SALLY_CHANNEL_HANDSHAKE);
    finish(&p, &asked, &response);
    assert_int_equal(pair_start_client(&p), SALLY_E_OK);
    first_round(&p, &asked, &request, &response);
    bad = response;
    bad.buf.at = bad.bytes;
    bad.bytes[bad.buf.len - 1] ^= 1;
    parse(&bad);
    for (int i = 0; i < SALLY_OSCORE_TOKENS; i++)
        assert_int_equal(get(&p, &p.client, &bad, &asked, &m),
                         SALLY_E_UNAUTHENTIC);
    assert_int_equal(get(&p, &p.client, &bad, &asked, &m), SALLY_E_NO_ROOM);
    pair_end(&p);
}

/* --- The server begins ---------------------------------------------------- */

/* The other end as one that asks: the same account with both ids swapped. */
struct beginner {
    struct sally_oscore_parts parts;
    struct sally_credential credential;
    struct sally_oscore end;
};

static void begin(struct pair *p, struct beginner *b)
{
    struct sally_random random = { pair_random, p };

    *b = (struct beginner){ .parts = p->parts };
    b->parts.sender_id = p->parts.recipient_id;
    b->parts.recipient_id = p->parts.sender_id;
    b->parts.start = SALLY_OSCORE_B2;
    b->credential = (struct sally_credential){ .mode = SALLY_MODE_NOSEC,
                                               .oscore = &b->parts };
    assert_int_equal(ROW->start(&b->end, &b->credential, NULL, NULL, NULL,
                                random, 0),
                     SALLY_E_OK);
}

/* Request #1 of the server, and what the client says to it. */
static enum sally_err ask_client(struct pair *p, struct beginner *b,
                                 struct sally_binding *asked,
                                 struct wire *request, struct wire *response)
{
    struct sally_coap_message m = { .type = SALLY_COAP_CON,
                                    .mid = 1,
                                    .token = text("q") };
    struct sally_binding served = { { 0 } };
    enum sally_err e;

    assert_true(ROW->question(&b->end, &m));
    request->buf = SALLY_BUF(request->bytes);
    assert_int_equal(ROW->protect(&b->end, SALLY_OBJECT_REQUEST, &m, asked,
                                  &request->buf),
                     SALLY_E_OK);
    parse(request);
    e = hear(p, &p->client, request, &served, &m);
    if (e != SALLY_E_CHALLENGED)
        return e;
    response->buf = SALLY_BUF(response->bytes);
    assert_int_equal(ROW->challenge(&p->client, &request->m, &served,
                                    &response->buf),
                     SALLY_E_OK);
    parse(response);
    return e;
}

static const struct begin_row {
    const char *what;
    enum sally_oscore_start how;
    bool rederived; /* the client has keys of B.2 already */
    enum sally_err want;
} begin_rows[] = {
    { "b1 keeps its keys", SALLY_OSCORE_B1, false, SALLY_E_NOT_FOUND },
    { "b2", SALLY_OSCORE_B2, true, SALLY_E_CHALLENGED },
    { "auto, with the account's own keys", SALLY_OSCORE_AUTO, false,
      SALLY_E_CHALLENGED },
};

static void start_up(struct pair *p, const struct begin_row *r)
{
    struct sally_coap_message m = { .token = text("q") };

    pair_start(p, r->how);
    if (r->rederived) {
        run(p);
        talk(p, &p->client, &p->server);
    } else if (r->how != SALLY_OSCORE_B1) {
        assert_true(ROW->question(&p->client, &m));
        ROW->answered(&p->client, SALLY_E_TIMED_OUT, 0, 0);
    }
    assert_int_equal(ROW->state(&p->client), SALLY_CHANNEL_UP);
}

static void a_server_may_begin(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(begin_rows); i++) {
        const struct begin_row *r = &begin_rows[i];
        struct sally_binding asked = { { 0 } }, b = { { 0 } };
        struct sally_coap_message m;
        struct wire request, response, w;
        struct beginner server;
        struct pair p;
        enum sally_err e;

        start_up(&p, r);
        begin(&p, &server);
        e = ask_client(&p, &server, &asked, &request, &response);
        if (e != r->want)
            fail_msg("%s: got: %s", r->what, sally_err_text(e));
        if (e == SALLY_E_CHALLENGED) {
            assert_int_equal(get(&p, &server.end, &response, &asked, &m),
                             SALLY_E_OK);
            ROW->answered(&server.end, SALLY_E_OK, m.code, 0);
            talk(&p, &server.end, &p.client);
            talk(&p, &p.client, &server.end);
            talk(&p, &server.end, &p.client);
            assert_int_equal(ask(&p, &p.client, "x", &b, &w), SALLY_E_OK);
            assert_false(option_of(&w).has_kid_context);
        }
        ROW->wipe(&server.end);
        pair_end(&p);
    }
}

/* The keys in use stay until the second request has verified, and what hung on
 * them is over then; numbers of the account's own keys are not used again.  */
static void a_server_that_begins_replaces_keys_late(void **state)
{
    struct sally_binding asked = { { 0 } }, b = { { 0 } }, late = { { 0 } };
    struct sally_coap_message m;
    struct wire request, response, second, w;
    struct beginner server;
    struct pair p;

    (void)state;
    start_up(&p, &begin_rows[2]);
    talk(&p, &p.client, &p.server);
    assert_int_equal(ask(&p, &p.server, "x", &b, &w), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.client, &w, &late, &m), SALLY_E_OK);
    begin(&p, &server);
    assert_int_equal(ask_client(&p, &server, &asked, &request, &response),
                     SALLY_E_CHALLENGED);
    talk(&p, &p.client, &p.server);
    talk(&p, &p.server, &p.client);
    assert_int_equal(get(&p, &server.end, &response, &asked, &m), SALLY_E_OK);
    assert_int_equal(ask(&p, &server.end, "y", &asked, &second), SALLY_E_OK);
    assert_int_equal(hear(&p, &p.client, &second, &b, &m), SALLY_E_OK);
    assert_int_equal(
        tell(&p, &p.client, SALLY_OBJECT_NOTIFICATION, 1, "x", &late, &w),
        SALLY_E_BAD_STATE);
    assert_int_equal(p.client.past.reserved, 1000);
    assert_true(p.client.rederived);

    /* Replayed, neither message of that run brings anything about. */
    assert_int_equal(hear(&p, &p.client, &second, &b, &m), SALLY_E_REPLAYED);
    assert_int_equal(hear(&p, &p.client, &request, &b, &m),
                     SALLY_E_CHALLENGED);
    talk(&p, &p.client, &server.end);
    ROW->wipe(&server.end);
    pair_end(&p);
}

/* While our own run lasts, another one has to wait. */
static void two_runs_at_once_do_not_mix(void **state)
{
    struct sally_binding asked = { { 0 } }, ours = { { 0 } };
    struct wire request, response, r1, r2;
    struct beginner server;
    struct pair p;

    (void)state;
    pair_start(&p, SALLY_OSCORE_B2);
    first_round(&p, &ours, &r1, &r2);
    begin(&p, &server);
    assert_int_equal(ask_client(&p, &server, &asked, &request, &response),
                     SALLY_E_NOT_FOUND);
    finish(&p, &ours, &r2);
    talk(&p, &p.client, &p.server);
    ROW->wipe(&server.end);
    pair_end(&p);
}

static const struct unwrap_row {
    const char *what;
    struct sally_span in;
    size_t len;
    bool want;
} unwrap_rows[] = {
#define T(s) { (const uint8_t *)(s), sizeof(s) - 1 }
    { "nothing", T(""), 0, false },
    { "no bytes", T("\x40"), 0, true },
    { "three", T("\x43" "abc"), 3, true },
    { "one too few", T("\x43" "ab"), 0, false },
    { "one too many", T("\x43" "abcd"), 0, false },
    { "length in a byte", T("\x58\x02" "ab"), 2, true },
    { "length in two bytes", T("\x59\0\x02" "ab"), 0, false },
    { "that would be one of 25 bytes",
      T("\x59" "1234567890123456789012345"), 0, false },
    { "of unknown length", T("\x5f\x41" "a\xff"), 0, false },
    { "text", T("\x63" "abc"), 0, false },
};

static void unwraps_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(unwrap_rows); i++) {
        struct sally_span out = { NULL, 0 };
        bool got = sally_oscore_unwrap(unwrap_rows[i].in, &out);

        if (got != unwrap_rows[i].want ||
            (got && out.len != unwrap_rows[i].len))
            fail_msg("%s", unwrap_rows[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_get_new_keys),
        cmocka_unit_test(a_server_that_knows_nothing_wants_new_keys),
        cmocka_unit_test(keys_in_use_stay_until_the_second_request),
        cmocka_unit_test(replays_change_nothing),
        cmocka_unit_test(an_invented_id_is_refused),
        cmocka_unit_test(response_one_may_use_the_nonce_of_request_one),
        cmocka_unit_test(without_an_answer_numbers_decide),
        cmocka_unit_test(a_second_fallback_begins_above_the_first),
        cmocka_unit_test(a_second_fallback_repeats_no_number),
        cmocka_unit_test(worn_keys_are_no_fallback),
        cmocka_unit_test(worn_keys_are_replaced),
        cmocka_unit_test(forged_first_responses_are_few),
        cmocka_unit_test(a_server_may_begin),
        cmocka_unit_test(a_server_that_begins_replaces_keys_late),
        cmocka_unit_test(two_runs_at_once_do_not_mix),
        cmocka_unit_test(unwraps_each_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
