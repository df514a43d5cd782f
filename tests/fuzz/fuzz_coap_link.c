/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_coap_link.c - promises of a CoAP link whatever the peer, the
 * owner and the clock do. The input is a script of steps: datagrams, made up
 * or in answer to what the link said last, calls of the owner, time.
 *
 * Promised: no more blocks out than a link may hold, and none after wipe; the
 * deadline lies ahead after expire; all that goes out is a well-formed message
 * of at most SALLY_DATAGRAM_MAX bytes; an exchange ends once.               */
#include "base/cursor.h"
#include "coap/link.h"
#include "coap/option.h"

#include <stdlib.h>
#include <string.h>

#define PACKETS_MAX (SALLY_LINK_OUTGOING_MAX + SALLY_DEDUP_LARGE + 3)
#define BODIES_MAX (SALLY_LINK_OUTGOING_MAX + SALLY_UPLOADS_MAX + 1)
#define BODY_MAX 2048
#define NAMES 8192 /* names of exchanges that are watched */

struct fuzz {
    struct sally_coap_link link;
    struct sally_pool packets, bodies;
    sally_usec now;
    uint64_t seed;
    bool answers; /* at once */
    sally_coap_exchange pending;
    sally_coap_exchange newest;
    bool under_way[NAMES];
    uint8_t token[SALLY_COAP_TOKEN_MAX];
    size_t token_len;
    uint8_t said[SALLY_DATAGRAM_MAX]; /* the newest datagram */
    size_t said_len;
};

static struct fuzz f;
static const uint8_t zeros[BODY_MAX + 1];

static void fill(void *state, uint8_t *out, size_t n)
{
    uint64_t *x = state;

    for (size_t i = 0; i < n; i++) {
        *x = *x * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(*x >> 56);
    }
}

static void set_under_way(sally_coap_exchange x, bool under_way)
{
    if (x < NAMES)
        f.under_way[x] = under_way;
}

/* Every word about an exchange is about one that is under way. */
static void expect_known(sally_coap_exchange x)
{
    if (x == 0 || (x < NAMES && !f.under_way[x]))
        abort();
}

static void answer(sally_coap_exchange x, size_t len, bool observe)
{
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT,
                                   .observe = observe,
                                   .payload = { zeros, len } };

    (void)sally_coap_link_respond(&f.link, x, &a, f.now);
}

static void on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now)
{
    (void)owner;
    (void)now;
    if (sally_coap_options_check(q->options) != SALLY_E_OK ||
        q->payload.len > BODY_MAX)
        abort();
    f.token_len = q->token.len;
    if (q->token.len != 0)
        memcpy(f.token, q->token.at, q->token.len);
    if (f.answers)
        answer(q->exchange, q->payload.len, q->observe != 0);
    else
        f.pending = q->exchange;
}

static void on_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    (void)owner;
    (void)now;
    expect_known(x);
    if ((e == SALLY_E_OK) != (reply != NULL) ||
        (reply != NULL && reply->payload.len > BODY_MAX))
        abort();
    if (reply == NULL || !reply->observe)
        set_under_way(x, false);
}

static void on_notified(void *owner, sally_coap_exchange x, enum sally_err e,
                        sally_usec now)
{
    (void)owner;
    (void)now;
    (void)e;
    if (x == 0)
        abort();
}

static const struct sally_coap_link_upcalls upcalls = {
    .on_request = on_request,
    .on_reply = on_reply,
    .on_notified = on_notified,
};

static void check_blocks(void)
{
    if (f.packets.used > PACKETS_MAX || f.bodies.used > BODIES_MAX)
        abort();
}

static void drain(void)
{
    struct sally_span wire;
    struct sally_coap_message m;
    uint16_t mid;

    while ((wire = sally_coap_link_output(&f.link, f.now)).len != 0) {
        check_blocks();
        if (wire.len > sizeof(f.said) ||
            sally_coap_parse(wire, &m, &mid) != SALLY_E_OK)
            abort();
        memcpy(f.said, wire.at, wire.len);
        f.said_len = wire.len;
    }
}

static void expire(void)
{
    sally_coap_link_expire(&f.link, f.now);
    drain();
    /* Being told that a notification went out is due at once. */
    sally_coap_link_expire(&f.link, f.now);
    if (sally_coap_link_deadline(&f.link) <= f.now)
        abort();
}

static struct sally_span take_chunk(struct sally_cursor *c)
{
    size_t len = sally_take_u8(c);

    if (len == 255)
        len = sally_take_u16(c);
    return sally_take(c, len < c->rest.len ? len : c->rest.len);
}

static void step_datagram(struct sally_cursor *c)
{
    (void)sally_coap_link_input(&f.link, take_chunk(c), f.now);
}

/* An answer to what the link said last: its id and token under a head, a code,
 * options and payload from the script.                                      */
static void step_answer(struct sally_cursor *c)
{
    uint8_t room[SALLY_DATAGRAM_MAX];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);
    uint8_t head = sally_take_u8(c);
    uint8_t code = sally_take_u8(c);
    struct sally_span rest = take_chunk(c);
    size_t token_len = f.said_len < 4 ? 0 : (size_t)(f.said[0] & 15);

    if (f.said_len < 4 + token_len || f.said_len < 4)
        return;
    if (code == 0)
        token_len = 0;
    sally_put_u8(&w, (uint8_t)(0x40 | (head & 0x30) | token_len));
    sally_put_u8(&w, code);
    sally_put(&w, (struct sally_span){ &f.said[2], 2 });
    sally_put(&w, (struct sally_span){ &f.said[4], token_len });
    sally_put(&w, code == 0 ? (struct sally_span){ NULL, 0 } : rest);
    if ((head & 0x20) == 0 && code != 0) /* a message of its own */
        room[2] ^= head;
    (void)sally_coap_link_input(&f.link, sally_buf_span(&out), f.now);
}

static void step_mirror(struct sally_cursor *c)
{
    (void)c;
    (void)sally_coap_link_input(
        &f.link, (struct sally_span){ f.said, f.said_len }, f.now);
}

static void step_time(struct sally_cursor *c)
{
    f.now += sally_take_u16(c) * SALLY_MSEC;
    expire();
}

static void step_to_deadline(struct sally_cursor *c)
{
    sally_usec due = sally_coap_link_deadline(&f.link);

    (void)c;
    if (due != SALLY_NEVER && due > f.now)
        f.now = due;
    expire();
}

static void step_request(struct sally_cursor *c)
{
    uint8_t how = sally_take_u8(c);
    struct sally_span options = take_chunk(c);
    struct sally_coap_question q = {
        .code = (uint8_t)(1 + (how & 7) % 7),
        .confirmable = (how & 8) != 0,
        .observe = (enum sally_coap_observe)((how >> 4 & 3) % 3),
        .payload = { zeros, (how & 0x40) != 0 ? sally_take_u16(c) % 2050 : 0 },
    };
    sally_coap_exchange x;

    if (sally_coap_options_check(options) == SALLY_E_OK)
        q.options = options;
    if (sally_coap_link_request(&f.link, &q, f.now, &x) != SALLY_E_OK)
        return;
    f.newest = x;
    set_under_way(x, true);
}

static void step_notify(struct sally_cursor *c)
{
    uint8_t how = sally_take_u8(c);
    struct sally_coap_answer a = {
        .code = (how & 2) != 0 ? SALLY_CODE_NOT_FOUND : SALLY_CODE_CONTENT,
        .payload = { zeros, (size_t)how * 8 },
    };
    sally_coap_exchange x;

    if (sally_coap_link_notify(&f.link,
                               (struct sally_span){ f.token, f.token_len }, &a,
                               (how & 1) != 0, f.now, &x) == SALLY_E_OK &&
        x == 0)
        abort();
}

static void step_respond(struct sally_cursor *c)
{
    answer(f.pending, sally_take_u16(c) % BODY_MAX, (f.now & 1) != 0);
}

static void step_cancel(struct sally_cursor *c)
{
    sally_coap_exchange x = f.newest - sally_take_u8(c);

    sally_coap_link_cancel(&f.link, x);
    set_under_way(x, false);
}

static void step_habit(struct sally_cursor *c)
{
    (void)c;
    f.answers = !f.answers;
}

static void (*const steps[])(struct sally_cursor *) = {
    step_datagram, step_answer, step_mirror,  step_time,   step_to_deadline,
    step_request,  step_notify, step_respond, step_cancel, step_habit,
};

static struct sally_coap_shared shared = { .parameters = NULL };
static struct sally_coap_parameters parameters;

/* The first byte sets the sizes of blocks and pools. */
static void set_up(uint8_t how)
{
    static struct sally_credential nobody;

    memset(&f, 0, sizeof(f));
    f.now = SALLY_SEC;
    f.answers = true;
    parameters = sally_coap_defaults;
    parameters.body_max = BODY_MAX;
    parameters.block_size = (size_t)16 << (how & 7) % 7;
    if (sally_pool_init(&f.packets, SALLY_DATAGRAM_MAX, (how & 8) != 0 ? 4 : 40,
                        false) != SALLY_E_OK ||
        sally_pool_init(&f.bodies, BODY_MAX, (how & 16) != 0 ? 1 : 30, false) !=
            SALLY_E_OK)
        abort();
    shared = (struct sally_coap_shared){
        &parameters, &f.packets, &f.bodies, { fill, &f.seed }, NULL
    };
    sally_credential_nosec(&nobody);
    sally_coap_link_init(&f.link, &shared, &upcalls, &f);
    if (sally_coap_link_start(&f.link, SALLY_SCHEME_COAP, &nobody, NULL,
                              f.now) !=
        SALLY_E_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sally_cursor c =
        sally_cursor_over((struct sally_span){ data, size });

    set_up(sally_take_u8(&c));
    while (!c.failed && c.rest.len != 0) {
        steps[sally_take_u8(&c) % SALLY_LEN(steps)](&c);
        check_blocks();
        drain();
        check_blocks();
    }
    sally_coap_link_wipe(&f.link);
    if (f.packets.used != 0 || f.bodies.used != 0)
        abort();
    sally_pool_wipe(&f.packets);
    sally_pool_wipe(&f.bodies);
    return 0;
}
