/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/bootworld.h - one bootstrap client and a server that does as
 * the test says, back to back, under a clock that only the test moves.      */
#ifndef TESTS_UNIT_LWM2M_BOOTWORLD_H
#define TESTS_UNIT_LWM2M_BOOTWORLD_H

#include "coap/option.h"
#include "lwm2m/bootstrap.h"
#include "lwm2m/objects/builtin.h"
#include "unit/lwm2m/accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define TEXT_MAX 4096
#define NO_FORMAT UINT32_MAX

struct boot_pipe {
    uint8_t bytes[16384];
    size_t len;
};

struct bootworld {
    struct sally_pool packets, bodies;
    struct sally_coap_parameters parameters;
    struct sally_coap_shared coap;
    struct sally_registry registry;
    struct sally_credential nosec;
    struct sally_bootstrap_settings settings;
    struct sally_bootstrap client;
    struct sally_book current, before, shown; /* shown: by on_finish */
    struct sally_coap_link server;
    uint64_t seed;
    sally_usec now;
    bool cut; /* nothing passes either way */
    struct boot_pipe up, down; /* over TCP */

    /* The server: what it answers, and what it heard. */
    uint8_t bs_code, pack_code;
    uint32_t pack_format;
    struct sally_span pack;
    bool silent; /* does not answer a Bootstrap-Request */
    unsigned requests, packs;
    char query[TEXT_MAX], pack_query[TEXT_MAX];
    uint32_t pack_accept;
    uint8_t code; /* of the last answer to a request of the server's */
    uint32_t format;
    char body[TEXT_MAX];
    size_t body_len;
    unsigned replies;
    sally_coap_exchange asked;

    /* The client's owner. */
    unsigned wanted, rebound, finishes, refusals;
    enum sally_bootstrap_state state;
    enum sally_err why, refused;
    char culprit[SALLY_PATH_TEXT];
    uint8_t finish_code; /* 0: later */
};

static void boot_random(void *state, uint8_t *out, size_t n)
{
    uint64_t *x = state;

    for (size_t i = 0; i < n; i++) {
        *x = *x * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(*x >> 56);
    }
}

/* --- The server ---------------------------------------------------------- */

static void boot_queries(struct sally_span options, char *out)
{
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;
    size_t n = 0;

    out[0] = '\0';
    while (sally_coap_option_next(&walk, &o))
        if (o.number == SALLY_OPTION_URI_QUERY)
            n += (size_t)snprintf(&out[n], TEXT_MAX - n, "%s%.*s",
                                  n == 0 ? "" : "&", (int)o.value.len,
                                  (const char *)o.value.at);
}

static void server_request(void *owner, const struct sally_coap_request *q,
                           sally_usec now)
{
    struct bootworld *w = owner;
    uint8_t room[64];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = SALLY_CODE_NOT_FOUND };
    struct sally_span first;

    assert_true(sally_coap_option_find(q->options, SALLY_OPTION_URI_PATH,
                                       &first));
    if (sally_span_is(first, "bs")) {
        assert_int_equal(q->code, SALLY_CODE_POST);
        w->requests++;
        boot_queries(q->options, w->query);
        a.code = w->bs_code;
        if (w->silent)
            return;
    } else if (sally_span_is(first, "bspack")) {
        assert_int_equal(q->code, SALLY_CODE_GET);
        w->packs++;
        boot_queries(q->options, w->pack_query);
        assert_true(sally_coap_option_uint(q->options, SALLY_OPTION_ACCEPT,
                                           &w->pack_accept));
        a.code = w->pack_code;
        if (a.code == SALLY_CODE_CONTENT) {
            sally_coap_put_uint(&o, SALLY_OPTION_CONTENT_FORMAT,
                                w->pack_format);
            a.payload = w->pack;
        }
    }
    a.options = sally_buf_span(&options);
    assert_int_equal(sally_coap_link_respond(&w->server, q->exchange, &a, now),
                     SALLY_E_OK);
}

static void server_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                         const struct sally_coap_reply *r, sally_usec now)
{
    struct bootworld *w = owner;

    (void)x;
    (void)now;
    w->replies++;
    w->code = 0;
    if (e != SALLY_E_OK)
        return;
    w->code = r->code;
    if (!sally_coap_option_uint(r->options, SALLY_OPTION_CONTENT_FORMAT,
                                &w->format))
        w->format = NO_FORMAT;
    assert_true(r->payload.len < sizeof(w->body));
    if (r->payload.len != 0)
        memcpy(w->body, r->payload.at, r->payload.len);
    w->body[r->payload.len] = '\0';
    w->body_len = r->payload.len;
}

static const struct sally_coap_link_upcalls server_upcalls = {
    .on_request = server_request,
    .on_reply = server_reply,
};

/* --- The owner ----------------------------------------------------------- */

static void owner_wanted(void *owner)
{
    ((struct bootworld *)owner)->wanted++;
}

static void owner_rebind(void *owner)
{
    struct bootworld *w = owner;

    w->rebound++;
    assert_int_equal(sally_coap_link_accept(&w->server, w->settings.scheme,
                                            NULL, w->now),
                     SALLY_E_OK);
}

static void owner_state(void *owner, enum sally_bootstrap_state s,
                        enum sally_err e)
{
    struct bootworld *w = owner;

    w->state = s;
    w->why = e;
}

static uint8_t owner_finish(void *owner, const struct sally_book *staged,
                            sally_usec now)
{
    struct bootworld *w = owner;

    (void)now;
    w->finishes++;
    assert_int_equal(sally_book_copy(staged, &w->shown), SALLY_E_OK);
    return w->finish_code;
}

static void owner_refused(void *owner, enum sally_err e,
                          const struct sally_path *culprit)
{
    struct bootworld *w = owner;

    w->refusals++;
    w->refused = e;
    (void)sally_path_text(culprit, w->culprit);
}

static const struct sally_bootstrap_upcalls owner_upcalls = {
    .on_wanted = owner_wanted,
    .on_rebind = owner_rebind,
    .on_state = owner_state,
    .on_finish = owner_finish,
    .on_refused = owner_refused,
};

/* --- Time ---------------------------------------------------------------- */

/* Over a stream the link is given what it has room for, in order. */
static bool boot_flow(struct bootworld *w, struct boot_pipe *pipe,
                      struct sally_span out, size_t room, bool up)
{
    size_t n;

    assert_true(out.len <= sizeof(pipe->bytes) - pipe->len);
    if (out.len != 0 && !w->cut)
        memcpy(&pipe->bytes[pipe->len], out.at, out.len);
    pipe->len += w->cut ? 0 : out.len;
    n = room < pipe->len ? room : pipe->len;
    if (n == 0)
        return out.len != 0;
    if (up)
        (void)sally_coap_link_input(
            &w->server, (struct sally_span){ pipe->bytes, n }, w->now);
    else
        sally_bootstrap_input(&w->client,
                              (struct sally_span){ pipe->bytes, n }, w->now);
    pipe->len -= n;
    memmove(pipe->bytes, &pipe->bytes[n], pipe->len);
    return true;
}

static bool boot_stream(struct bootworld *w)
{
    bool up = boot_flow(w, &w->up, sally_bootstrap_output(&w->client, w->now),
                        sally_coap_link_room(&w->server), true);
    bool down =
        boot_flow(w, &w->down, sally_coap_link_output(&w->server, w->now),
                  sally_bootstrap_room(&w->client), false);

    sally_coap_link_expire(&w->server, w->now);
    sally_bootstrap_expire(&w->client, w->now);
    return up || down;
}

static void boot_settle(struct bootworld *w)
{
    while (w->settings.scheme == SALLY_SCHEME_COAP_TCP)
        if (!boot_stream(w))
            return;
    for (int i = 0; i < 1000; i++) {
        struct sally_span up = sally_bootstrap_output(&w->client, w->now);
        struct sally_span down;

        if (up.len != 0 && !w->cut)
            (void)sally_coap_link_input(&w->server, up, w->now);
        down = sally_coap_link_output(&w->server, w->now);
        if (down.len != 0 && !w->cut)
            sally_bootstrap_input(&w->client, down, w->now);
        if (up.len == 0 && down.len == 0)
            return;
    }
    fail_msg("client and server talk without end");
}

/* Lets `wait` pass, stopping at every deadline on the way. */
__attribute__((unused)) static void boot_run(struct bootworld *w,
                                             sally_usec wait)
{
    sally_usec until = w->now + wait;

    boot_settle(w);
    for (;;) {
        sally_usec next = sally_earlier(sally_bootstrap_deadline(&w->client),
                                        sally_coap_link_deadline(&w->server));

        if (next > until)
            break;
        if (next > w->now)
            w->now = next;
        sally_bootstrap_expire(&w->client, w->now);
        sally_coap_link_expire(&w->server, w->now);
        boot_settle(w);
    }
    w->now = until;
}

/* --- What the server does ------------------------------------------------ */

static uint8_t boot_ask(struct bootworld *w, uint8_t method, const char *path,
                        uint32_t accept, uint32_t format,
                        struct sally_span payload)
{
    uint8_t room[256];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct sally_coap_question k = { .code = method, .confirmable = true,
                                     .payload = payload };

    if (path[1] != '\0')
        sally_coap_put_path(&o, SALLY_OPTION_URI_PATH, path);
    if (format != NO_FORMAT)
        sally_coap_put_uint(&o, SALLY_OPTION_CONTENT_FORMAT, format);
    if (accept != NO_FORMAT)
        sally_coap_put_uint(&o, SALLY_OPTION_ACCEPT, accept);
    k.options = sally_buf_span(&options);
    w->replies = 0;
    w->code = 0;
    assert_int_equal(sally_coap_link_request(&w->server, &k, w->now, &w->asked),
                     SALLY_E_OK);
    boot_settle(w);
    return w->code;
}

__attribute__((unused)) static uint8_t boot_get(struct bootworld *w,
                                                const char *path,
                                                uint32_t accept)
{
    return boot_ask(w, SALLY_CODE_GET, path, accept, NO_FORMAT,
                    (struct sally_span){ NULL, 0 });
}

__attribute__((unused)) static uint8_t boot_delete(struct bootworld *w,
                                                   const char *path)
{
    return boot_ask(w, SALLY_CODE_DELETE, path, NO_FORMAT, NO_FORMAT,
                    (struct sally_span){ NULL, 0 });
}

__attribute__((unused)) static uint8_t boot_finish(struct bootworld *w)
{
    return boot_ask(w, SALLY_CODE_POST, "/bs", NO_FORMAT, NO_FORMAT,
                    (struct sally_span){ NULL, 0 });
}

/* Rows of text as one payload. */
static struct sally_span boot_payload(struct bootworld *w, const char *base,
                                      uint16_t format,
                                      const char *const *lines,
                                      uint8_t *room, size_t size)
{
    struct sally_lwm2m_record records[64];
    struct sally_path at = { .depth = 0 };
    struct sally_buf out = { room, 0, size };
    struct sally_writer writer = sally_writer_into(&out);
    const char *text;
    size_t n = 0;

    if (base[1] != '\0')
        at = accounts_path(base, &text);
    for (; lines[n] != NULL; n++) {
        records[n] = (struct sally_lwm2m_record){
            .path = accounts_path(lines[n], &text)
        };
        records[n].value =
            accounts_value(&w->registry, &records[n].path, text);
    }
    assert_int_equal(sally_format_find(format)->encode(&at, records, n,
                                                       &writer),
                     SALLY_E_OK);
    return sally_buf_span(&out);
}

__attribute__((unused)) static uint8_t
boot_write(struct bootworld *w, const char *base, uint16_t format,
           const char *const *lines)
{
    uint8_t room[4096];

    return boot_ask(w, SALLY_CODE_PUT, base, NO_FORMAT, format,
                    boot_payload(w, base, format, lines, room, sizeof(room)));
}

#define ROWS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* A server's account at /0/1 and /1/0, with this key. */
__attribute__((unused)) static void boot_write_server(struct bootworld *w,
                                                      uint16_t format)
{
    assert_int_equal(
        boot_write(w, "/0/1", format,
                   ROWS("/0/1/0=coaps://lwm2m.example.com", "/0/1/1=0",
                        "/0/1/2=0", "/0/1/3=sensor", "/0/1/4=",
                        "/0/1/5=sixteen new byte", "/0/1/10=123")),
        SALLY_CODE_CHANGED);
    assert_int_equal(boot_write(w, "/1/0", format,
                                ROWS("/1/0/0=123", "/1/0/1=60", "/1/0/6=1",
                                     "/1/0/7=U")),
                     SALLY_CODE_CHANGED);
}

/* --- Building ------------------------------------------------------------ */

/* A client with these accounts, that has said what it wants. */
static struct bootworld *boot_open(uint8_t version, const char *const *accounts)
{
    struct bootworld *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->seed = 1;
    w->now = 1000 * SALLY_SEC;
    w->bs_code = SALLY_CODE_CHANGED;
    w->pack_code = SALLY_CODE_NOT_FOUND;
    w->parameters = sally_coap_defaults;
    assert_int_equal(sally_pool_init(&w->packets, SALLY_DATAGRAM_MAX + 256, 64,
                                     true), SALLY_E_OK);
    assert_int_equal(sally_pool_init(&w->bodies, w->parameters.body_max, 8,
                                     true), SALLY_E_OK);
    w->coap = (struct sally_coap_shared){
        &w->parameters, &w->packets, &w->bodies, { boot_random, &w->seed }, NULL
    };
    assert_int_equal(sally_objects_builtin(&w->registry), SALLY_E_OK);
    assert_int_equal(sally_book_open(&w->current, SALLY_BOOK_MAX), SALLY_E_OK);
    assert_int_equal(sally_book_open(&w->before, SALLY_BOOK_MAX), SALLY_E_OK);
    assert_int_equal(sally_book_open(&w->shown, SALLY_BOOK_MAX), SALLY_E_OK);
    accounts_fill(&w->current, &w->registry, accounts);
    assert_int_equal(sally_book_copy(&w->current, &w->before), SALLY_E_OK);
    sally_credential_nosec(&w->nosec);
    w->settings = (struct sally_bootstrap_settings){
        .endpoint = "plant-7-t1", .scheme = SALLY_SCHEME_COAP,
        .credential = &w->nosec, .registry = &w->registry, .version = version,
    };
    sally_coap_link_init(&w->server, &w->coap, &server_upcalls, w);
    sally_bootstrap_init(&w->client, &w->coap, &owner_upcalls, w);
    return w;
}

static void boot_start(struct bootworld *w)
{
    assert_int_equal(sally_bootstrap_start(&w->client, &w->settings,
                                           &w->current, w->now),
                     SALLY_E_OK);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_WANTING);
    assert_int_equal(w->wanted, 1);
    sally_bootstrap_connect(&w->client, w->now);
    boot_settle(w);
}

/* The same, and the server has said yes. */
__attribute__((unused)) static struct bootworld *
boot_begun(uint8_t version, const char *const *accounts)
{
    struct bootworld *w = boot_open(version, accounts);

    boot_start(w);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_RECEIVING);
    return w;
}

static void boot_close(struct bootworld *w)
{
    assert_true(sally_book_equal(&w->current, &w->before));
    sally_bootstrap_wipe(&w->client);
    sally_coap_link_wipe(&w->server);
    assert_int_equal(w->packets.used, 0);
    assert_int_equal(w->bodies.used, 0);
    sally_pool_wipe(&w->packets);
    sally_pool_wipe(&w->bodies);
    sally_book_wipe(&w->current);
    sally_book_wipe(&w->before);
    sally_book_wipe(&w->shown);
    sally_registry_wipe(&w->registry);
    free(w);
}

/* The value of a path in a book, as text; "" if it is not there. */
__attribute__((unused)) static const char *
boot_value(const struct sally_book *b, const char *path)
{
    static char text[512];
    struct sally_buf out = { (uint8_t *)text, 0, sizeof(text) - 1 };
    struct sally_writer writer = sally_writer_into(&out);
    struct sally_lwm2m_value v;
    const char *nothing;
    const struct sally_path at = accounts_path(path, &nothing);

    if (sally_book_find(b, &at, &v) && v.type == SALLY_TYPE_OPAQUE)
        sally_put(&writer, v.is.bytes);
    else if (sally_book_find(b, &at, &v))
        (void)!sally_value_put_text(&writer, &v);
    text[out.len] = '\0';
    return text;
}

#endif
