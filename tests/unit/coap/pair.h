/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/pair.h - two links back to back over a pipe that loses what
 * the test says, under a clock that only the test moves.                    */
#ifndef TESTS_UNIT_COAP_PAIR_H
#define TESTS_UNIT_COAP_PAIR_H

#include "coap/link.h"
#include "coap/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEARD_MAX 512
#define BODY_MAX 16384

enum habit {
    ANSWER_AT_ONCE,
    ANSWER_LATER, /* keeps the exchange in `pending` */
    ANSWER_NEVER
};

/* One end and what its owner heard last, and how often. */
struct end {
    struct sally_coap_link link;
    struct pair *pair;
    enum habit habit;
    struct sally_span answer; /* payload */
    uint8_t answer_code;      /* 0: 2.05 */
    size_t requests, replies, notified, channels;
    struct sally_coap_request request; /* without spans */
    uint8_t token[SALLY_COAP_TOKEN_MAX];
    size_t token_len;
    sally_coap_exchange pending, replied, told;
    enum sally_err reply_error, notified_error, channel_error;
    uint8_t code;
    bool observe;
    uint8_t body[BODY_MAX]; /* of the last request or reply */
    size_t body_len;
    /* the pipe in this end's direction */
    uint64_t drop; /* bit i: the i-th datagram from here on is lost */
    unsigned loss; /* percent of the others */
    size_t sent, largest;
    uint8_t last[SALLY_DATAGRAM_MAX]; /* the newest datagram */
    size_t last_len;
    sally_usec times[HEARD_MAX]; /* when each went out */
};

struct pair {
    struct sally_pool packets, bodies;
    struct sally_coap_parameters parameters;
    struct sally_coap_shared shared;
    struct sally_credential credential;
    const struct sally_object_past *past;
    uint64_t seed, luck;
    sally_usec now;
    struct end a, b;
};

static void pair_random(void *state, uint8_t *out, size_t n)
{
    uint64_t *x = state;

    for (size_t i = 0; i < n; i++) {
        *x = *x * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(*x >> 56);
    }
}

static void end_keep(struct end *e, struct sally_span body)
{
    assert_true(body.len <= sizeof(e->body));
    if (body.len != 0)
        memcpy(e->body, body.at, body.len);
    e->body_len = body.len;
}

static void end_answer(struct end *e, sally_coap_exchange x, bool observe)
{
    struct sally_coap_answer a = { .code = e->answer_code,
                                   .observe = observe,
                                   .payload = e->answer };

    if (a.code == 0)
        a.code = SALLY_CODE_CONTENT;
    (void)sally_coap_link_respond(&e->link, x, &a, e->pair->now);
}

static void end_on_request(void *owner, const struct sally_coap_request *q,
                           sally_usec now)
{
    struct end *e = owner;

    assert_int_equal(now, e->pair->now);
    e->requests++;
    e->request = *q;
    e->token_len = q->token.len;
    if (q->token.len != 0)
        memcpy(e->token, q->token.at, q->token.len);
    end_keep(e, q->payload);
    if (e->habit == ANSWER_AT_ONCE)
        end_answer(e, q->exchange, q->observe == SALLY_OBSERVE_REGISTER);
    else
        e->pending = q->exchange;
}

static void end_on_reply(void *owner, sally_coap_exchange x, enum sally_err err,
                         const struct sally_coap_reply *reply, sally_usec now)
{
    struct end *e = owner;

    (void)now;
    e->replies++;
    e->replied = x;
    e->reply_error = err;
    assert_true((err == SALLY_E_OK) == (reply != NULL));
    if (reply == NULL)
        return;
    e->code = reply->code;
    e->observe = reply->observe;
    end_keep(e, reply->payload);
}

static void end_on_notified(void *owner, sally_coap_exchange x,
                            enum sally_err err, sally_usec now)
{
    struct end *e = owner;

    (void)now;
    e->notified++;
    e->told = x;
    e->notified_error = err;
}

static void end_on_channel(void *owner, enum sally_err err, sally_usec now)
{
    struct end *e = owner;

    (void)now;
    e->channels++;
    e->channel_error = err;
}

static const struct sally_coap_link_upcalls pair_upcalls = {
    .on_request = end_on_request,
    .on_reply = end_on_reply,
    .on_notified = end_on_notified,
    .on_channel = end_on_channel,
};

static bool pipe_loses(struct end *from)
{
    uint8_t dice;

    pair_random(&from->pair->luck, &dice, 1);
    if ((from->drop & 1) != 0 || dice * 100u / 256u < from->loss) {
        from->drop >>= 1;
        return true;
    }
    from->drop >>= 1;
    return false;
}

static bool pipe_move(struct end *from, struct end *to)
{
    struct sally_span wire =
        sally_coap_link_output(&from->link, from->pair->now);

    if (wire.len == 0)
        return false;
    assert_true(wire.len <= SALLY_DATAGRAM_MAX);
    memcpy(from->last, wire.at, wire.len);
    from->last_len = wire.len;
    from->times[from->sent % HEARD_MAX] = from->pair->now;
    from->sent++;
    if (wire.len > from->largest)
        from->largest = wire.len;
    if (!pipe_loses(from))
        (void)sally_coap_link_input(&to->link, wire, from->pair->now);
    return true;
}

/* Until nobody has anything to say. */
static void pair_settle(struct pair *p)
{
    while (pipe_move(&p->a, &p->b) || pipe_move(&p->b, &p->a))
        ;
}

/* To time `until`, stopping at each deadline. */
static void pair_run(struct pair *p, sally_usec until)
{
    sally_usec next;

    pair_settle(p);
    while ((next = sally_earlier(sally_coap_link_deadline(&p->a.link),
                                 sally_coap_link_deadline(&p->b.link))) <=
           until) {
        p->now = next > p->now ? next : p->now;
        sally_coap_link_expire(&p->a.link, p->now);
        sally_coap_link_expire(&p->b.link, p->now);
        pair_settle(p);
    }
    p->now = until;
}

/* By `wait` from now. */
static void pair_wait(struct pair *p, sally_usec wait)
{
    pair_run(p, p->now + wait);
}

static void pair_open_with(struct pair *p, size_t packets, size_t bodies,
                           size_t block_size)
{
    memset(p, 0, sizeof(*p));
    p->seed = 42;
    p->luck = 1;
    p->now = 1000 * SALLY_SEC;
    p->parameters = sally_coap_defaults;
    p->parameters.block_size = block_size;
    p->parameters.body_max = BODY_MAX;
    assert_int_equal(
        sally_pool_init(&p->packets, SALLY_DATAGRAM_MAX, packets, true),
        SALLY_E_OK);
    assert_int_equal(sally_pool_init(&p->bodies, BODY_MAX, bodies, true),
                     SALLY_E_OK);
    p->shared = (struct sally_coap_shared){
        &p->parameters, &p->packets, &p->bodies, { pair_random, &p->seed }, NULL
    };
    p->a.pair = p->b.pair = p;
    sally_credential_nosec(&p->credential);
    sally_coap_link_init(&p->a.link, &p->shared, &pair_upcalls, &p->a);
    sally_coap_link_init(&p->b.link, &p->shared, &pair_upcalls, &p->b);
    assert_int_equal(sally_coap_link_start(&p->a.link, SALLY_SCHEME_COAP,
                                           &p->credential, p->past, p->now),
                     SALLY_E_OK);
    assert_int_equal(
        sally_coap_link_accept(&p->b.link, SALLY_SCHEME_COAP, NULL, p->now),
        SALLY_E_OK);
}

static void pair_open(struct pair *p) { pair_open_with(p, 40, 4, 1024); }

/* Closes and checks that every block came back by itself. */
static inline void pair_close(struct pair *p)
{
    pair_wait(p, 600 * SALLY_SEC);
    assert_int_equal(p->packets.used, 0);
    assert_int_equal(p->bodies.used, 0);
    sally_coap_link_wipe(&p->a.link);
    sally_coap_link_wipe(&p->b.link);
    sally_pool_wipe(&p->packets);
    sally_pool_wipe(&p->bodies);
}

/* `a` asks; options are those of the path. */
static sally_coap_exchange pair_ask(struct pair *p, uint8_t code,
                                    bool confirmable, const char *path,
                                    enum sally_coap_observe observe,
                                    struct sally_span payload)
{
    uint8_t room[64];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_question q = { .code = code,
                                     .confirmable = confirmable,
                                     .observe = observe,
                                     .payload = payload };
    sally_coap_exchange x = 0;

    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, path);
    q.options = sally_buf_span(&options);
    assert_int_equal(sally_coap_link_request(&p->a.link, &q, p->now, &x),
                     SALLY_E_OK);
    assert_int_not_equal(x, 0);
    return x;
}

static inline sally_coap_exchange pair_get(struct pair *p, const char *path)
{
    return pair_ask(p, SALLY_CODE_GET, true, path, SALLY_OBSERVE_ABSENT,
                    (struct sally_span){ NULL, 0 });
}

/* Raw bytes arrive at `e`, whatever the other end thinks of it. */
static inline enum sally_err end_hears(struct end *e, const uint8_t *at,
                                       size_t len)
{
    return sally_coap_link_input(&e->link, (struct sally_span){ at, len },
                                 e->pair->now);
}

/* The next datagram of `e`, taken out of the pipe; empty: none. */
static inline struct sally_span end_says(struct end *e)
{
    struct sally_span wire = sally_coap_link_output(&e->link, e->pair->now);

    if (wire.len != 0)
        memcpy(e->last, wire.at, wire.len);
    return (struct sally_span){ e->last, wire.len };
}

#endif
