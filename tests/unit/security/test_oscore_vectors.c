/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_oscore_vectors.c - RFC 8613 appendix C, by the row
 * where it is a message, else by its parts.                                 */
#include "oscore_pair.h"

#include "../../vectors/oscore.h"

struct bytes {
    uint8_t room[128];
    struct sally_buf buf;
};

static struct sally_span hex(const char *s, struct bytes *b)
{
    b->buf = SALLY_BUF(b->room);
    if (s != NULL && sally_text_hex(sally_span_of(s), &b->buf) != SALLY_E_OK)
        fail_msg("bad vector: %s", s);
    return sally_buf_span(&b->buf);
}

struct keyed {
    struct bytes secret, salt, sender, recipient, id;
    struct sally_oscore_parts parts;
};

/* The parts of an account, which are always the client's. */
static void parts_of(const char *id, struct keyed *k, bool *server)
{
    for (size_t i = 0; i < SALLY_LEN(oscore_keys); i++) {
        const struct oscore_keys *v = &oscore_keys[i];
        const char *client = v->server ? v->recipient : v->sender;
        const char *other = v->server ? v->sender : v->recipient;

        if (strcmp(v->id, id) != 0)
            continue;
        *server = v->server;
        k->parts = (struct sally_oscore_parts){
            .master_secret = hex(v->secret, &k->secret),
            .master_salt = hex(v->salt, &k->salt),
            .sender_id = hex(client, &k->sender),
            .recipient_id = hex(other, &k->recipient),
            .id_context = hex(v->id_context, &k->id),
            .has_id_context = v->id_context != NULL,
            .aead = 10,
            .hkdf = -10,
            .start = SALLY_OSCORE_B1,
        };
        return;
    }
    fail_msg("no keys %s", id);
}

static void is_hex(const char *what, const char *want, const void *got,
                   size_t len)
{
    struct bytes b;
    struct sally_span w = hex(want, &b);

    if (w.len != len || memcmp(w.at, got, len) != 0)
        fail_msg("%s is not %s", what, want);
}

static void derives_the_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(oscore_keys); i++) {
        const struct oscore_keys *v = &oscore_keys[i];
        struct sally_oscore_context c = { .aead = NULL };
        struct sally_span zero = { (const uint8_t[]){ 0 }, 1 };
        uint8_t nonce[SALLY_AEAD_NONCE_MAX];
        struct keyed k;
        bool server;

        parts_of(v->id, &k, &server);
        assert_int_equal(sally_oscore_derive(&c, &k.parts, server,
                                             k.parts.id_context,
                                             k.parts.has_id_context),
                         SALLY_E_OK);
        is_hex(v->id, v->sender_key, c.sender_key, 16);
        is_hex(v->id, v->recipient_key, c.recipient_key, 16);
        is_hex(v->id, v->common_iv, c.common_iv, 13);
        sally_oscore_nonce(&c, sally_oscore_sender(&c), zero, nonce);
        is_hex(v->id, v->sender_nonce, nonce, 13);
        sally_oscore_nonce(&c, sally_oscore_recipient(&c), zero, nonce);
        is_hex(v->id, v->recipient_nonce, nonce, 13);
    }
}

/* An ID Context of no bytes is not the same as none. */
static void an_empty_id_context_gives_other_keys(void **state)
{
    struct sally_oscore_context a = { .aead = NULL }, b = { .aead = NULL };
    struct keyed k;
    bool server;

    (void)state;
    parts_of("C.1.1", &k, &server);
    assert_int_equal(
        sally_oscore_derive(&a, &k.parts, false, k.parts.id_context, false),
        SALLY_E_OK);
    assert_int_equal(
        sally_oscore_derive(&b, &k.parts, false, k.parts.id_context, true),
        SALLY_E_OK);
    assert_memory_not_equal(a.sender_key, b.sender_key, 16);
    assert_memory_not_equal(a.common_iv, b.common_iv, 13);
}

static void makes_the_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(oscore_messages); i++) {
        const struct oscore_message *v = &oscore_messages[i];
        struct sally_oscore_context c = { .aead = sally_crypto_aead(10) };
        struct sally_oscore_bound b;
        struct sally_oscore_aad aad;
        struct bytes kid, piv;

        sally_oscore_bind(&c, hex(v->kid, &kid), hex(v->piv, &piv), &b);
        sally_oscore_aad(10, &b, &aad);
        is_hex(v->id, v->aad, aad.bytes, aad.len);
    }
}

/* The longest header there can be, and an algorithm of two bytes. */
static void the_header_has_room(void **state)
{
    struct sally_oscore_bound b = { .kid_len = SALLY_OSCORE_ID_MAX,
                                    .piv_len = SALLY_OSCORE_PIV_MAX };
    struct sally_oscore_aad aad;

    (void)state;
    sally_oscore_aad(33, &b, &aad);
    assert_true(aad.len <= sizeof(aad.bytes));
    is_hex("aad",
           "8368456e637279707430405485018118214700000000000000450000000000"
           "40",
           aad.bytes, aad.len);
}

static const struct oscore_message *message(const char *id)
{
    for (size_t i = 0; i < SALLY_LEN(oscore_messages); i++)
        if (strcmp(oscore_messages[i].id, id) == 0)
            return &oscore_messages[i];
    fail_msg("no vector %s", id);
    return NULL;
}

static void load(const char *s, struct wire *w)
{
    w->buf = SALLY_BUF(w->bytes);
    if (sally_text_hex(sally_span_of(s), &w->buf) != SALLY_E_OK)
        fail_msg("bad vector: %s", s);
    parse(w);
}

/* The two ends as the vector has them. */
static void begin(struct pair *p, struct keyed *k,
                  const struct oscore_message *request)
{
    bool server;

    pair_make(p, SALLY_OSCORE_B1);
    parts_of(request->keys, k, &server);
    p->parts = k->parts;
    p->past = (struct sally_object_past){ true, true, request->number };
    assert_int_equal(pair_start_client(p), SALLY_E_OK);
    pair_start_server(p);
}

static void is_wire(const struct oscore_message *v, const struct wire *w)
{
    is_hex(v->id, v->wire, w->buf.at, w->buf.len);
}

/* Kid context goes along in C.6 only, as ours does: where there is one. */
static void protects_the_requests(void **state)
{
    static const char *const ids[] = { "C.4", "C.5", "C.6" };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(ids); i++) {
        const struct oscore_message *v = message(ids[i]);
        struct sally_binding asked = { { 0 } }, served = { { 0 } };
        struct sally_coap_message m;
        struct wire in, out;
        struct keyed k;
        struct pair p;

        begin(&p, &k, v);
        load(v->plain, &in);
        assert_int_equal(
            guard(&p.client, SALLY_OBJECT_REQUEST, &in, &asked, &out),
            SALLY_E_OK);
        is_wire(v, &out);
        assert_int_equal(hear(&p, &p.server, &out, &served, &m), SALLY_E_OK);
        assert_int_equal(m.code, SALLY_CODE_GET);
        /* Uri-Host stayed outside, and is not believed */
        assert_true(sally_span_is(m.options, "\xb3tv1"));
        pair_end(&p);
    }
}

static void protects_the_responses(void **state)
{
    static const char *const ids[] = { "C.7", "C.8" };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(ids); i++) {
        const struct oscore_message *v = message(ids[i]);
        const struct oscore_message *request = message(v->request);
        struct sally_binding asked = { { 0 } }, served = { { 0 } };
        struct sally_coap_message m;
        struct wire in, out;
        struct keyed k;
        struct pair p;

        begin(&p, &k, request);
        load(request->plain, &in);
        assert_int_equal(
            guard(&p.client, SALLY_OBJECT_REQUEST, &in, &asked, &out),
            SALLY_E_OK);
        assert_int_equal(hear(&p, &p.server, &out, &served, &m), SALLY_E_OK);
        load(v->plain, &in);
        assert_int_equal(guard(&p.server,
                               v->own_number ? SALLY_OBJECT_NOTIFICATION
                                             : SALLY_OBJECT_RESPONSE,
                               &in, &served, &out),
                         SALLY_E_OK);
        is_wire(v, &out);
        assert_int_equal(get(&p, &p.client, &out, &asked, &m), SALLY_E_OK);
        assert_true(sally_span_is(m.payload, "Hello World!"));
        pair_end(&p);
    }
}

/* Byte for byte what another implementation makes, with each algorithm. */
static void does_as_another_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(oscore_others); i++) {
        const struct oscore_other *v = &oscore_others[i];
        struct sally_binding asked = { { 0 } }, served = { { 0 } };
        struct sally_coap_message m;
        struct wire in, out;
        struct pair p;

        pair_make(&p, SALLY_OSCORE_B1);
        p.parts.sender_id = text("c");
        p.parts.recipient_id = text("");
        p.parts.id_context = text("ctx");
        p.parts.has_id_context = true;
        p.parts.aead = v->aead;
        p.parts.hkdf = v->hkdf;
        p.past = (struct sally_object_past){ true, true, 300 };
        p.mid = 0x1233;
        assert_int_equal(pair_start_client(&p), SALLY_E_OK);
        pair_start_server(&p);
        assert_int_equal(ask(&p, &p.client, "reading", &asked, &out),
                         SALLY_E_OK);
        is_hex("request", v->request, out.buf.at, out.buf.len);
        assert_int_equal(hear(&p, &p.server, &out, &served, &m), SALLY_E_OK);
        p.mid = 0x1233;
        plain(&p, &in, SALLY_CODE_CONTENT, -1, "fine");
        in.m.type = SALLY_COAP_ACK;
        assert_int_equal(
            guard(&p.server, SALLY_OBJECT_RESPONSE, &in, &served, &out),
            SALLY_E_OK);
        is_hex("response", v->response, out.buf.at, out.buf.len);
        assert_int_equal(get(&p, &p.client, &out, &asked, &m), SALLY_E_OK);
        assert_true(sally_span_is(m.payload, "fine"));
        pair_end(&p);
    }
}

static void compresses_the_option(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(oscore_compressed); i++) {
        const struct oscore_compressed *v = &oscore_compressed[i];
        struct bytes kid, piv, context, out = { .buf = SALLY_BUF(out.room) };
        struct sally_writer w = sally_writer_into(&out.buf);
        struct sally_oscore_option o = {
            .kid = hex(v->kid, &kid),
            .piv = hex(v->piv, &piv),
            .kid_context = hex(v->kid_context, &context),
            .has_kid = v->kid != NULL,
            .has_kid_context = v->kid_context != NULL,
        }, back;

        sally_oscore_option_encode(&w, &o);
        is_hex("option", v->value, out.buf.at, out.buf.len);
        assert_int_equal(
            sally_oscore_option_decode(sally_buf_span(&out.buf), &back),
            SALLY_E_OK);
        assert_true(sally_span_equal(back.kid, o.kid));
        assert_true(sally_span_equal(back.piv, o.piv));
        assert_true(sally_span_equal(back.kid_context, o.kid_context));
        assert_int_equal(back.has_kid, o.has_kid);
        assert_int_equal(back.has_kid_context, o.has_kid_context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_the_keys),
        cmocka_unit_test(an_empty_id_context_gives_other_keys),
        cmocka_unit_test(makes_the_header),
        cmocka_unit_test(the_header_has_room),
        cmocka_unit_test(protects_the_requests),
        cmocka_unit_test(protects_the_responses),
        cmocka_unit_test(does_as_another_does),
        cmocka_unit_test(compresses_the_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
