/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/oscore_pair.h - two ends that share a secret, without a
 * network: what one end protects is given to the other by hand.             */
#ifndef SALLY_TEST_OSCORE_PAIR_H
#define SALLY_TEST_OSCORE_PAIR_H

#include "base/text.h"
#include "coap/option.h"
#include "security/oscore/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROW (&sally_object_oscore)

/* A whole message in memory of its own. */
struct wire {
    uint8_t bytes[1400];
    struct sally_buf buf;
    struct sally_coap_message m;
};

struct pair {
    struct sally_oscore_parts parts;
    struct sally_credential credential;
    struct sally_oscore client, server;
    struct sally_key_finder finder;
    struct sally_object_past past, server_past;
    struct sally_object_host host;
    uint64_t asked;  /* the last reservation that the client wished for */
    bool slow;       /* reservations are confirmed by hand */
    unsigned chance; /* of the random source */
    unsigned searched;
    uint16_t mid;
    uint8_t room[1400]; /* of the last message that was opened */
};

static inline void pair_random(void *state, uint8_t *out, size_t n)
{
    struct pair *p = state;

    for (size_t i = 0; i < n; i++) {
        p->chance = p->chance * 1103515245u + 12345u;
        out[i] = (uint8_t)(p->chance >> 16);
    }
}

static inline enum sally_err pair_find(void *owner, struct sally_span kid,
                                       struct sally_span kid_context,
                                       const struct sally_credential **out)
{
    struct pair *p = owner;

    (void)kid_context;
    p->searched++;
    if (!sally_span_equal(kid, p->parts.sender_id))
        return SALLY_E_NOT_FOUND;
    *out = &p->credential;
    return SALLY_E_OK;
}

static inline void pair_reserve(void *owner, uint64_t until)
{
    struct pair *p = owner;

    p->asked = until;
    if (!p->slow)
        ROW->reserved(&p->client, until);
}

static inline struct sally_span text(const char *s)
{
    return sally_span_of(s);
}

static inline void pair_make(struct pair *p, enum sally_oscore_start how)
{
    *p = (struct pair){ .chance = 7 };
    p->parts = (struct sally_oscore_parts){
        .master_secret = text("a secret of both"),
        .master_salt = text("salt"),
        .sender_id = text("cl"),
        .recipient_id = text("sv"),
        .aead = 10,
        .hkdf = -10,
        .start = how,
    };
    p->credential = (struct sally_credential){ .mode = SALLY_MODE_NOSEC,
                                               .oscore = &p->parts };
    p->host = (struct sally_object_host){ pair_reserve, p };
}

static inline enum sally_err pair_start_client(struct pair *p)
{
    struct sally_random random = { pair_random, p };

    ROW->wipe(&p->client);
    return ROW->start(&p->client, &p->credential, NULL, &p->past, &p->host,
                      random, 0);
}

static inline void pair_start_server(struct pair *p)
{
    struct sally_random random = { pair_random, p };

    sally_object_contexts_free(p->finder.contexts);
    p->finder = (struct sally_key_finder){ .find_oscore = pair_find,
                                           .owner = p };
    assert_int_equal(sally_object_contexts_make(&p->finder.contexts, 8, random),
                     SALLY_E_OK);
    ROW->wipe(&p->server);
    assert_int_equal(ROW->start(&p->server, NULL, &p->finder, &p->server_past,
                                NULL, random, 0),
                     SALLY_E_OK);
}

/* Both ends up, by B.1.1 or, where the account says so, not up yet. */
static inline void pair_start(struct pair *p, enum sally_oscore_start how)
{
    pair_make(p, how);
    assert_int_equal(pair_start_client(p), SALLY_E_OK);
    pair_start_server(p);
}

static inline void pair_end(struct pair *p)
{
    ROW->wipe(&p->client);
    ROW->wipe(&p->server);
    sally_object_contexts_free(p->finder.contexts);
}

static inline void parse(struct wire *w)
{
    uint16_t mid;

    if (sally_coap_parse(sally_buf_span(&w->buf), &w->m, &mid) != SALLY_E_OK)
        fail_msg("what was made is no message");
}

/* A plain message; `observe` -1: without. */
static inline void plain(struct pair *p, struct wire *w, uint8_t code,
                         int observe, const char *payload)
{
    uint8_t room[64];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct sally_coap_message m = { .type = SALLY_COAP_CON,
                                    .code = code,
                                    .mid = ++p->mid,
                                    .token = text("tk"),
                                    .payload = text(payload) };

    w->buf = SALLY_BUF(w->bytes);
    if (observe >= 0)
        sally_coap_put_uint(&o, SALLY_OPTION_OBSERVE, (uint32_t)observe);
    if (sally_coap_class(code) == 0)
        sally_coap_put_path(&o, SALLY_OPTION_URI_PATH, "rd/5");
    m.options = sally_buf_span(&options);
    if (sally_coap_options_end(&o) != SALLY_E_OK ||
        sally_coap_write(&m, &w->buf) != SALLY_E_OK)
        fail_msg("no room for a message");
    parse(w);
}

static inline enum sally_err guard(struct sally_oscore *from,
                                   enum sally_object_kind kind,
                                   const struct wire *in,
                                   struct sally_binding *b, struct wire *out)
{
    enum sally_err e;

    out->buf = SALLY_BUF(out->bytes);
    e = ROW->protect(from, kind, &in->m, b, &out->buf);
    if (e == SALLY_E_OK)
        parse(out);
    return e;
}

/* Plain to protected, a request with this payload. */
static inline enum sally_err ask(struct pair *p, struct sally_oscore *from,
                                 const char *payload, struct sally_binding *b,
                                 struct wire *out)
{
    struct wire w;

    plain(p, &w, SALLY_CODE_POST, -1, payload);
    return guard(from, SALLY_OBJECT_REQUEST, &w, b, out);
}

static inline enum sally_err tell(struct pair *p, struct sally_oscore *from,
                                  enum sally_object_kind kind, int observe,
                                  const char *payload, struct sally_binding *b,
                                  struct wire *out)
{
    struct wire w;

    plain(p, &w, SALLY_CODE_CONTENT, observe, payload);
    return guard(from, kind, &w, b, out);
}

static inline enum sally_err hear(struct pair *p, struct sally_oscore *at,
                                  const struct wire *in,
                                  struct sally_binding *b,
                                  struct sally_coap_message *inner)
{
    struct sally_buf room = SALLY_BUF(p->room);

    return ROW->unprotect_request(at, &in->m, b, inner, &room, 0);
}

static inline enum sally_err get(struct pair *p, struct sally_oscore *at,
                                 const struct wire *in, struct sally_binding *b,
                                 struct sally_coap_message *inner)
{
    struct sally_buf room = SALLY_BUF(p->room);
    uint64_t number;
    bool has;

    return ROW->unprotect_response(at, &in->m, b, inner, &room, &number, &has);
}

/* A request and its response, from `a` to `b`; both must work. */
static inline void talk(struct pair *p, struct sally_oscore *a,
                        struct sally_oscore *b)
{
    struct sally_binding asked = { { 0 } }, served = { { 0 } };
    struct sally_coap_message m;
    struct wire w;

    assert_int_equal(ask(p, a, "ping", &asked, &w), SALLY_E_OK);
    assert_int_equal(hear(p, b, &w, &served, &m), SALLY_E_OK);
    assert_true(sally_span_is(m.payload, "ping"));
    assert_int_equal(m.code, SALLY_CODE_POST);
    assert_int_equal(
        tell(p, b, SALLY_OBJECT_RESPONSE, -1, "pong", &served, &w), SALLY_E_OK);
    assert_int_equal(get(p, a, &w, &asked, &m), SALLY_E_OK);
    assert_true(sally_span_is(m.payload, "pong"));
    assert_int_equal(m.code, SALLY_CODE_CONTENT);
}

/* The OSCORE option of a message. */
static inline struct sally_oscore_option option_of(const struct wire *w)
{
    struct sally_oscore_option o = { .kid = { NULL, 0 } };
    struct sally_span value;

    if (!sally_coap_option_find(w->m.options, SALLY_OPTION_OSCORE, &value) ||
        sally_oscore_option_decode(value, &o) != SALLY_E_OK)
        fail_msg("no option 9");
    return o;
}

#endif
