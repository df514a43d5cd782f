/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/ask.c - requests to clients, their answers, observations. */
#include "server/server.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static struct server_ask *free_ask(struct server *s)
{
    for (size_t i = 0; i < SERVER_ASKS; i++)
        if (!s->asks[i].in_use)
            return &s->asks[i];
    return NULL;
}

static struct server_ask *find_ask(struct server *s,
                                   const struct server_peer *p,
                                   sally_coap_exchange x)
{
    for (size_t i = 0; i < SERVER_ASKS; i++)
        if (s->asks[i].in_use && s->asks[i].peer == p &&
            s->asks[i].exchange == x)
            return &s->asks[i];
    return NULL;
}

static struct server_ask *find_observation(struct server *s,
                                           const char *endpoint,
                                           const struct sally_path *path)
{
    for (size_t i = 0; i < SERVER_ASKS; i++) {
        struct server_ask *a = &s->asks[i];

        if (a->in_use && a->op == SERVER_OBSERVE && a->answered &&
            strcmp(a->endpoint, endpoint) == 0 &&
            sally_path_equal(&a->path, path))
            return a;
    }
    return NULL;
}

void server_asks_left(struct server *s, const struct server_peer *p)
{
    for (size_t i = 0; i < SERVER_ASKS; i++)
        if (s->asks[i].in_use && s->asks[i].peer == p)
            s->asks[i].in_use = false;
}

/* --- Asking -------------------------------------------------------------- */

static void put_queries(struct sally_coap_option_writer *w,
                        struct sally_span query)
{
    struct sally_cursor c = sally_cursor_over(query);

    while (c.rest.len != 0)
        sally_coap_put_option(w, SALLY_OPTION_URI_QUERY,
                              sally_take_until(&c, '&'));
}

static enum sally_err put_options(const struct server_question *q,
                                  struct sally_buf *out)
{
    struct sally_coap_option_writer w = sally_coap_options_into(out);
    char path[SALLY_PATH_TEXT];

    if (q->path.depth != 0)
        sally_coap_put_path(&w, SALLY_OPTION_URI_PATH,
                            sally_path_text(&q->path, path));
    if (q->has_format)
        sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT, q->format);
    put_queries(&w, q->query);
    if (q->has_accept)
        sally_coap_put_uint(&w, SALLY_OPTION_ACCEPT, q->accept);
    return sally_coap_options_end(&w);
}

static enum sally_coap_observe observe_of(enum server_op op)
{
    if (op == SERVER_OBSERVE)
        return SALLY_OBSERVE_REGISTER;
    return op == SERVER_CANCEL ? SALLY_OBSERVE_CANCEL : SALLY_OBSERVE_ABSENT;
}

static enum sally_err send_question(struct server *s, struct server_ask *a,
                                    const struct server_question *q)
{
    uint8_t room[512];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_question question = { .code = q->code,
                                            .confirmable = true,
                                            .observe = observe_of(q->op),
                                            .payload = q->payload };
    sally_usec now = sally_loop_now(s->loop);
    enum sally_err e = put_options(q, &options);

    if (e != SALLY_E_OK)
        return e;
    question.options = sally_buf_span(&options);
    e = sally_coap_link_request(&a->peer->link, &question, now, &a->exchange);
    if (e != SALLY_E_OK)
        return e;
    a->in_use = true;
    server_pump(a->peer, now);
    return SALLY_E_OK;
}

/* A cancelling request repeats the options of the one that observes. */
static bool take_over(struct server *s, struct server_question *q)
{
    struct server_ask *old = find_observation(s, q->endpoint, &q->path);

    if (old == NULL)
        return false;
    q->has_accept = true;
    q->accept = old->accept;
    old->in_use = false;
    return true;
}

void server_ask(struct server *s, const struct server_question *question)
{
    struct server_question q = *question;
    struct server_registration *r =
        server_registration_of(s, sally_span_of(q.endpoint));
    struct server_ask *a = free_ask(s);
    enum sally_err e;

    if (r == NULL || r->peer == NULL) {
        server_tell_error(s, q.id, q.endpoint, "not registered");
        return;
    }
    if (a == NULL) {
        server_tell_error(s, q.id, q.endpoint, "too many requests");
        return;
    }
    if (q.op == SERVER_CANCEL && !take_over(s, &q)) {
        server_tell_error(s, q.id, q.endpoint, "no such observation");
        return;
    }
    *a = (struct server_ask){ .op = q.op, .id = q.id, .peer = r->peer,
                              .path = q.path, .accept = q.accept };
    memcpy(a->endpoint, r->endpoint, sizeof(a->endpoint));
    e = send_question(s, a, &q);
    if (e != SALLY_E_OK)
        server_tell_error(s, q.id, q.endpoint, sally_err_text(e));
}

/* --- Answers ------------------------------------------------------------- */

/* Records where the format carries some, else the payload as text. */
static void tell_payload(struct server *s, struct server_line *l,
                         const struct server_ask *a,
                         const struct sally_coap_reply *reply)
{
    struct sally_lwm2m_record records[SALLY_RECORDS_MAX];
    uint8_t room[16384];
    struct sally_buf scratch = SALLY_BUF(room);
    const struct sally_lwm2m_format *format = NULL;
    uint32_t number;
    size_t count;

    if (reply->payload.len == 0)
        return;
    if (sally_coap_option_uint(reply->options, SALLY_OPTION_CONTENT_FORMAT,
                               &number) && number <= UINT16_MAX) {
        format = sally_format_find((uint16_t)number);
        server_line_number(l, "format", number);
    }
    if (format != NULL && reply->code == SALLY_CODE_CONTENT &&
        format->decode != NULL &&
        format->decode(&s->config.registry, &a->path, reply->payload, &scratch,
                       records, SALLY_LEN(records), &count) == SALLY_E_OK)
        server_line_records(l, records, count);
    else
        server_line_span(l, "text", reply->payload);
}

static void tell_reply(struct server *s, const struct server_ask *a,
                       const struct sally_coap_reply *reply)
{
    bool notify = a->answered;
    struct server_line l =
        server_line_begin(s, notify ? "notify" : "response");

    if (!notify)
        server_line_number(&l, "id", a->id);
    server_line_text(&l, "ep", a->endpoint);
    if (a->op == SERVER_OBSERVE) {
        char token[16];

        snprintf(token, sizeof(token), "%08x", a->exchange);
        server_line_text(&l, "token", token);
    }
    server_line_path(&l, &a->path);
    server_line_code(&l, reply->code);
    tell_payload(s, &l, a, reply);
    server_line_end(&l);
}

void server_on_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    struct server_peer *p = owner;
    struct server *s = p->door->server;
    struct server_ask *a = find_ask(s, p, x);

    if (server_bootstrap_reply(p, x, e, reply, now))
        return;
    if (a == NULL)
        return;
    if (e != SALLY_E_OK) {
        server_tell_error(s, a->id, a->endpoint, sally_err_text(e));
        a->in_use = false;
        return;
    }
    if (!a->answered || !s->options.quiet)
        tell_reply(s, a, reply);
    a->answered = true;
    if (a->op != SERVER_OBSERVE || !reply->observe)
        a->in_use = false;
}
