/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/command.c - orders: one JSON object per line on stdin. */
#include "server/server.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PENDING_MAX 65536 /* bytes of one order */

/* What an order is made of; spans borrow from its JSON. */
struct order {
    struct server *server;
    struct sally_span line;
    struct sally_json json;
    struct server_question q;
    char endpoint[SERVER_TEXT];
    struct sally_buf payload;
};

static bool text_of(struct sally_json json, const char *name,
                    struct sally_span *out)
{
    struct sally_json j;

    return sally_json_member(json, name, &j) && sally_json_string(j, out);
}

static bool number_of(struct sally_json json, const char *name, uint16_t *out)
{
    struct sally_json j;
    uint64_t n;

    if (!sally_json_member(json, name, &j) || !sally_json_unsigned(j, &n) ||
        n > UINT16_MAX)
        return false;
    *out = (uint16_t)n;
    return true;
}

/* --- The operations: each gives NULL, or what is wrong with the order ----- */

static const char *make_read(struct order *o)
{
    const struct server_registration *r = server_registration_of(
        o->server, sally_span_of(o->q.endpoint));
    bool old = r != NULL && strcmp(r->version, "1.0") == 0;

    o->q.code = SALLY_CODE_GET;
    o->q.has_accept = true;
    o->q.accept = old ? SALLY_FORMAT_TLV : SALLY_FORMAT_SENML_CBOR;
    (void)number_of(o->json, "accept", &o->q.accept);
    return NULL;
}

static const char *make_discover(struct order *o)
{
    o->q.code = SALLY_CODE_GET;
    o->q.has_accept = true;
    o->q.accept = SALLY_FORMAT_LINK;
    return NULL;
}

static const char *make_execute(struct order *o)
{
    o->q.code = SALLY_CODE_POST;
    if (text_of(o->json, "arguments", &o->q.payload) &&
        o->q.payload.len != 0) {
        o->q.has_format = true;
        o->q.format = SALLY_FORMAT_TEXT;
    }
    return NULL;
}

static const char *make_attributes(struct order *o)
{
    o->q.code = SALLY_CODE_PUT;
    return text_of(o->json, "query", &o->q.query) ? NULL : "no query";
}

/* A JSON value as it stands. */
static bool plain_value(struct sally_json j, struct sally_lwm2m_value *out)
{
    struct sally_span text;
    int64_t integer;
    double real;
    bool boolean;

    if (sally_json_string(j, &text))
        *out = sally_value_text(text);
    else if (sally_json_boolean(j, &boolean))
        *out = sally_value_boolean(boolean);
    else if (sally_json_integer(j, &integer))
        *out = sally_value_integer(integer);
    else if (sally_json_real(j, &real))
        *out = sally_value_real(real);
    else
        return false;
    return true;
}

/* The value in the order's format, with the type that the resource has. */
static const char *encode_value(struct order *o, struct sally_json j)
{
    const struct sally_lwm2m_format *format;
    struct sally_lwm2m_record r = { .path = o->q.path };
    struct sally_lwm2m_value plain;
    struct sally_writer w = sally_writer_into(&o->payload);

    o->q.format = SALLY_FORMAT_TEXT;
    (void)number_of(o->json, "format", &o->q.format);
    format = sally_format_find(o->q.format);
    if (format == NULL || format->encode == NULL)
        return "no such format";
    if (!plain_value(j, &plain))
        return "a value is text, a number, true or false";
    if (sally_registry_admit(&o->server->config.registry, &r.path, &plain,
                             &r.value) != SALLY_E_OK)
        r.value = plain; /* it is the client that shall refuse it */
    if (format->encode(&o->q.path, &r, 1, &w) != SALLY_E_OK)
        return "the value does not go into this format";
    o->q.has_format = true;
    o->q.payload = sally_buf_span(&o->payload);
    return NULL;
}

static const char *make_write(struct order *o)
{
    struct sally_json j;
    struct sally_span hex;
    bool replace = true;

    if (sally_json_member(o->json, "replace", &j))
        (void)sally_json_boolean(j, &replace);
    o->q.code = replace ? SALLY_CODE_PUT : SALLY_CODE_POST;
    if (sally_json_member(o->json, "value", &j))
        return encode_value(o, j);
    o->q.has_format = number_of(o->json, "format", &o->q.format);
    if (text_of(o->json, "payload_hex", &hex)) {
        if (sally_text_hex(hex, &o->payload) != SALLY_E_OK)
            return "payload_hex is not hexadecimal";
        o->q.payload = sally_buf_span(&o->payload);
        return NULL;
    }
    return text_of(o->json, "payload", &o->q.payload)
               ? NULL
               : "neither value nor payload";
}

static const struct operation {
    const char *name;
    enum server_op op;
    const char *(*make)(struct order *o);
} operations[] = {
    { "read", SERVER_READ, make_read },
    { "write", SERVER_WRITE, make_write },
    { "execute", SERVER_EXECUTE, make_execute },
    { "observe", SERVER_OBSERVE, make_read },
    { "cancel", SERVER_CANCEL, make_read },
    { "discover", SERVER_DISCOVER, make_discover },
    { "write-attributes", SERVER_ATTRIBUTES, make_attributes },
};

static const char *run_operation(struct order *o, const struct operation *op)
{
    struct sally_span path;
    const char *wrong;

    if (!text_of(o->json, "path", &path) ||
        sally_path_parse(path, &o->q.path) != SALLY_E_OK)
        return "no path";
    o->q.op = op->op;
    wrong = op->make(o);
    if (wrong == NULL)
        server_ask(o->server, &o->q);
    return wrong;
}

/* --- Orders that ask no client ------------------------------------------- */

static void tell_clients(struct server *s, uint64_t id)
{
    for (size_t i = 0; i < s->options.clients; i++) {
        const struct server_registration *r = &s->slots[i];
        struct server_line l;

        if (!r->in_use)
            continue;
        l = server_line_begin(s, "client");
        server_line_number(&l, "id", id);
        server_line_text(&l, "ep", r->endpoint);
        server_line_number(&l, "lt", r->lifetime);
        server_line_text(&l, "lwm2m", r->version);
        server_line_text(&l, "b", r->binding);
        server_line_end(&l);
    }
    {
        struct server_line l = server_line_begin(s, "clients");

        server_line_number(&l, "id", id);
        server_line_number(&l, "count", s->by_endpoint.count);
        server_line_end(&l);
    }
}

static void tell_tally(struct server *s, uint64_t id)
{
    const struct tally *t = &s->tally;
    struct server_line l = server_line_begin(s, "response");

    server_line_number(&l, "id", id);
    server_line_number(&l, "seen", t->count);
    server_line_number(&l, "again", t->again);
    server_line_number(&l, "strange", t->strange);
    server_line_number(&l, "p50", tally_share(t, 0.5));
    server_line_number(&l, "p99", tally_share(t, 0.99));
    server_line_number(&l, "max", t->longest);
    server_line_number(&l, "registered", s->by_endpoint.count);
    server_line_end(&l);
}

/* The file of keys, once more: what is not in it any more is no key. */
static const char *read_keys(struct server *s, uint64_t id)
{
    struct server_line l;

    if (s->options.psk_file == NULL || !server_load_keys(s, s->options.psk_file))
        return "no keys";
    l = server_line_begin(s, "response");
    server_line_number(&l, "id", id);
    server_line_number(&l, "keys", s->key_count);
    server_line_end(&l);
    return NULL;
}

/* --- Lines --------------------------------------------------------------- */

static const char *run_order(struct order *o)
{
    struct sally_span op, endpoint;
    struct sally_json j;

    if (sally_json_member(o->json, "id", &j))
        (void)sally_json_unsigned(j, &o->q.id);
    if (!text_of(o->json, "op", &op))
        return "no op";
    if (sally_span_is(op, "quit")) {
        sally_loop_stop(o->server->loop);
        return NULL;
    }
    if (sally_span_is(op, "clients")) {
        tell_clients(o->server, o->q.id);
        return NULL;
    }
    if (sally_span_is(op, "keys"))
        return read_keys(o->server, o->q.id);
    if (sally_span_is(op, "tally") || sally_span_is(op, "times")) {
        tell_tally(o->server, o->q.id);
        if (sally_span_is(op, "times"))
            tally_again(&o->server->tally);
        return NULL;
    }
    if (!text_of(o->json, "ep", &endpoint) ||
        !sally_span_text(endpoint, o->endpoint, sizeof(o->endpoint)))
        return "no ep";
    if (sally_span_is(op, "bootstrap"))
        return server_take_plan(o->server, o->endpoint, o->line);
    for (size_t i = 0; i < SALLY_LEN(operations); i++)
        if (sally_span_is(op, operations[i].name))
            return run_operation(o, &operations[i]);
    return "no such op";
}

static void take_order(struct server *s, struct sally_span line)
{
    static uint8_t room[32768];
    struct order o = { .server = s, .payload = SALLY_BUF(room) };
    const char *wrong;

    o.q.endpoint = o.endpoint;
    o.line = line = sally_text_trim(line);
    if (line.len == 0)
        return;
    if (sally_json_parse(line, PENDING_MAX, &o.json) != SALLY_E_OK) {
        server_tell_error(s, 0, "", "an order is one JSON object on a line");
        return;
    }
    wrong = run_order(&o);
    if (wrong != NULL)
        server_tell_error(s, o.q.id, o.endpoint, wrong);
    sally_json_free(&o.json);
}

/* Runs the whole lines of what is pending and keeps the rest. */
static void run_lines(struct server *s)
{
    struct sally_cursor c = sally_cursor_over(
        (struct sally_span){ s->pending, s->pending_len });

    while (memchr(c.rest.at, '\n', c.rest.len) != NULL) {
        struct sally_span line = sally_take_until(&c, '\n');

        if (!s->overlong)
            take_order(s, line);
        s->overlong = false;
    }
    memmove(s->pending, c.rest.at, c.rest.len);
    s->pending_len = c.rest.len;
    if (s->pending_len < PENDING_MAX)
        return;
    server_tell_error(s, 0, "", "an order is too long");
    s->overlong = true;
    s->pending_len = 0;
}

void server_on_input(void *owner, sally_usec now)
{
    struct server *s = owner;
    ssize_t n = read(STDIN_FILENO, &s->pending[s->pending_len],
                     PENDING_MAX - s->pending_len);

    (void)now;
    if (n > 0) {
        s->pending_len += (size_t)n;
        run_lines(s);
        return;
    }
    sally_watch_close(s->input);
    s->input = NULL;
    sally_loop_stop(s->loop);
}
