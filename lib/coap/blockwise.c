/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/blockwise.c - Block1 out and Block2 in. */
#include "coap/blockwise.h"

#include "coap/option.h"
#include "coap/shield.h"

#include <string.h>

void sally_coap_blockwise_drop(struct sally_coap_link *l,
                               struct sally_coap_outgoing *o)
{
    sally_pool_give(l->shared->bodies, o->body);
    o->body = NULL;
    o->body_len = 0;
    o->done = 0;
    o->etag_len = 0;
    o->transfer = SALLY_TRANSFER_NONE;
}

/* Room for a body, empty; one that was there is used again. */
static bool take_body(struct sally_coap_link *l, struct sally_coap_outgoing *o,
                      enum sally_coap_transfer transfer)
{
    if (o->body == NULL)
        o->body = sally_pool_take(l->shared->bodies);
    o->body_len = 0;
    o->done = 0;
    o->transfer = transfer;
    return o->body != NULL;
}

static void append(struct sally_coap_outgoing *o, struct sally_span s)
{
    if (s.len != 0)
        memcpy(&o->body[o->body_len], s.at, s.len);
    o->body_len += (uint32_t)s.len;
}

static enum sally_err begin_up(struct sally_coap_link *l,
                               struct sally_coap_outgoing *o,
                               struct sally_span payload)
{
    if (payload.len > l->shared->parameters->body_max)
        return SALLY_E_TOO_LARGE;
    if (!take_body(l, o, SALLY_TRANSFER_UP))
        return SALLY_E_NO_ROOM;
    append(o, payload);
    return SALLY_E_OK;
}

/* The block at o->done with its options. */
static void put_block1(const struct sally_coap_outgoing *o,
                       struct sally_coap_parts *p)
{
    struct sally_coap_block b = {
        .number = sally_coap_block_at(o->done, o->szx),
        .szx = o->szx,
    };

    p->message.payload =
        sally_coap_block_cut((struct sally_span){ o->body, o->body_len }, &b);
    sally_coap_parts_block(p, SALLY_OWN_BLOCK1, &b);
    if (b.number == 0)
        sally_coap_parts_add(p, SALLY_OWN_SIZE1, o->body_len);
}

/* RFC 9175 s.3.4: blocks of another body that somebody held back must not be
 * taken for blocks of this one. Where messages can be held back one by one,
 * each body has a tag of its own, which stays in the options of its blocks. */
static void put_tag(struct sally_coap_link *l, struct sally_coap_parts *p)
{
    uint32_t tag;

    if (l->shield == NULL)
        return;
    sally_random_fill(&l->shared->random, &tag, sizeof(tag));
    sally_coap_parts_add(p, SALLY_OWN_REQUEST_TAG, tag);
}

enum sally_err sally_coap_blockwise_begin(struct sally_coap_link *l,
                                          struct sally_coap_outgoing *o,
                                          struct sally_coap_parts *p)
{
    size_t room = sally_coap_parts_room(p);
    size_t limit = l->shared->parameters->block_size;
    enum sally_err e;

    if (room < sally_coap_block_size(0))
        return SALLY_E_TOO_LARGE;
    o->szx = sally_coap_block_szx(limit < room ? limit : room);
    if (p->message.payload.len <= sally_coap_block_size(o->szx))
        return SALLY_E_OK;
    e = begin_up(l, o, p->message.payload);
    if (e != SALLY_E_OK)
        return e;
    put_block1(o, p);
    put_tag(l, p);
    return SALLY_E_OK;
}

/* Takes the message under way apart and gives it a new token; `old` holds the
 * bytes that the parts borrow from.                                         */
static void reuse(struct sally_coap_link *l,
                  const struct sally_coap_outgoing *o,
                  uint8_t old[SALLY_MESSAGE_MAX],
                  uint8_t token[SALLY_COAP_TOKEN_MAX],
                  struct sally_coap_parts *p)
{
    uint16_t mid;

    memcpy(old, o->message, o->flight.len);
    *p = (struct sally_coap_parts){ .spare = sally_coap_shield_spare(l) };
    if (sally_coap_parse((struct sally_span){ old, o->flight.len }, &p->message,
                         &mid) != SALLY_E_OK)
        return; /* it is a message that we composed */
    sally_random_fill(&l->shared->random, token, SALLY_COAP_TOKEN_MAX);
    p->message.token = (struct sally_span){ token, SALLY_COAP_TOKEN_MAX };
    p->message.payload = (struct sally_span){ NULL, 0 };
}

static enum sally_err send_again(struct sally_coap_link *l,
                                 struct sally_coap_outgoing *o,
                                 struct sally_coap_parts *p, sally_usec now)
{
    enum sally_err e = sally_coap_outgoing_send(l, o, p, now);

    o->awaiting = true;
    o->until = SALLY_NEVER;
    return e == SALLY_E_OK ? SALLY_E_PENDING : e;
}

static enum sally_err send_block1(struct sally_coap_link *l,
                                  struct sally_coap_outgoing *o, sally_usec now)
{
    uint8_t old[SALLY_MESSAGE_MAX], token[SALLY_COAP_TOKEN_MAX];
    struct sally_coap_parts p;

    reuse(l, o, old, token, &p);
    put_block1(o, &p);
    return send_again(l, o, &p, now);
}

/* The peer took a block and waits for the next. */
static enum sally_err go_on_up(struct sally_coap_link *l,
                               struct sally_coap_outgoing *o,
                               const struct sally_coap_block *echo,
                               sally_usec now)
{
    size_t size = sally_coap_block_size(o->szx);

    if (echo->number != o->done / size || o->done + size >= o->body_len)
        return SALLY_E_MALFORMED;
    o->done += (uint32_t)size;
    if (echo->szx < o->szx)
        o->szx = echo->szx;
    return send_block1(l, o, now);
}

/* RFC 7959 s.2.9.3: 4.13 with a smaller size asks for smaller blocks, also of
 * a payload that went out whole.                                            */
static enum sally_err start_smaller(struct sally_coap_link *l,
                                    struct sally_coap_outgoing *o, uint8_t szx,
                                    sally_usec now)
{
    struct sally_coap_message m;
    uint16_t mid;
    enum sally_err e = SALLY_E_OK;

    if (o->transfer == SALLY_TRANSFER_NONE) {
        e = sally_coap_parse((struct sally_span){ o->message, o->flight.len },
                             &m, &mid);
        if (e == SALLY_E_OK)
            e = begin_up(l, o, m.payload);
    }
    if (e != SALLY_E_OK)
        return e;
    o->szx = szx;
    return send_block1(l, o, now);
}

static bool has_payload(const struct sally_coap_outgoing *o)
{
    struct sally_coap_message m;
    uint16_t mid;

    return o->transfer == SALLY_TRANSFER_UP ||
           (o->transfer == SALLY_TRANSFER_NONE &&
            sally_coap_parse((struct sally_span){ o->message, o->flight.len },
                             &m, &mid) == SALLY_E_OK &&
            m.payload.len > sally_coap_block_size(0));
}

/* OK: the response is not about going on with the upload. */
static enum sally_err respond_up(struct sally_coap_link *l,
                                 struct sally_coap_outgoing *o,
                                 const struct sally_coap_message *m,
                                 sally_usec now)
{
    struct sally_coap_block echo;
    enum sally_err e =
        sally_coap_block_read(m->options, SALLY_OPTION_BLOCK1, &echo);

    if (e == SALLY_E_MALFORMED)
        return e;
    if (m->code == SALLY_CODE_CONTINUE)
        return e == SALLY_E_OK && o->transfer == SALLY_TRANSFER_UP
                   ? go_on_up(l, o, &echo, now)
                   : SALLY_E_MALFORMED;
    if (e == SALLY_E_OK && m->code == SALLY_CODE_TOO_LARGE &&
        echo.szx < o->szx && o->done == 0 && has_payload(o))
        return start_smaller(l, o, echo.szx, now);
    return SALLY_E_OK;
}

/* RFC 7959 s.2.4: blocks of one body have one ETag, or none. */
static bool same_body(struct sally_coap_outgoing *o, struct sally_span options)
{
    struct sally_span etag = { NULL, 0 };

    (void)sally_coap_option_find(options, SALLY_OPTION_ETAG, &etag);
    if (o->body_len == 0 && etag.len <= sizeof(o->etag)) {
        if (etag.len != 0)
            memcpy(o->etag, etag.at, etag.len);
        o->etag_len = (uint8_t)etag.len;
        return true;
    }
    return sally_span_equal((struct sally_span){ o->etag, o->etag_len }, etag);
}

static enum sally_err send_block2(struct sally_coap_link *l,
                                  struct sally_coap_outgoing *o, uint8_t szx,
                                  sally_usec now)
{
    uint8_t old[SALLY_MESSAGE_MAX], token[SALLY_COAP_TOKEN_MAX];
    struct sally_coap_block next = {
        .number = sally_coap_block_at(o->body_len, szx),
        .szx = szx,
    };
    struct sally_coap_parts p;

    reuse(l, o, old, token, &p);
    sally_coap_parts_block(&p, SALLY_OWN_BLOCK2, &next);
    return send_again(l, o, &p, now);
}

static enum sally_err take_block2(struct sally_coap_link *l,
                                  struct sally_coap_outgoing *o,
                                  const struct sally_coap_message *m,
                                  const struct sally_coap_block *b)
{
    size_t size = sally_coap_block_size(b->szx);

    if (sally_coap_block_offset(b) != o->body_len || m->payload.len > size ||
        (b->more && m->payload.len != size) || !same_body(o, m->options))
        return SALLY_E_MALFORMED;
    if (m->payload.len > l->shared->parameters->body_max - o->body_len)
        return SALLY_E_TOO_LARGE;
    append(o, m->payload);
    return SALLY_E_OK;
}

static enum sally_err respond_down(struct sally_coap_link *l,
                                   struct sally_coap_outgoing *o,
                                   const struct sally_coap_message *m,
                                   struct sally_span *whole, sally_usec now)
{
    struct sally_coap_block b;
    enum sally_err e =
        sally_coap_block_read(m->options, SALLY_OPTION_BLOCK2, &b);

    *whole = m->payload;
    if (e == SALLY_E_MALFORMED)
        return e;
    if (e == SALLY_E_NOT_FOUND || sally_coap_class(m->code) != 2 ||
        (o->transfer != SALLY_TRANSFER_DOWN && b.number == 0 && !b.more))
        return SALLY_E_OK;
    if (o->transfer != SALLY_TRANSFER_DOWN &&
        !take_body(l, o, SALLY_TRANSFER_DOWN))
        return SALLY_E_NO_ROOM;
    e = take_block2(l, o, m, &b);
    if (e != SALLY_E_OK)
        return e;
    *whole = (struct sally_span){ o->body, o->body_len };
    return b.more ? send_block2(l, o, b.szx, now) : SALLY_E_OK;
}

/* A notification begins a new body, whatever was under way. */
static bool begins_anew(const struct sally_coap_outgoing *o,
                        const struct sally_coap_message *m)
{
    return o->observing && o->transfer == SALLY_TRANSFER_DOWN &&
           sally_span_equal(
               m->token,
               (struct sally_span){ o->registered, sizeof(o->registered) });
}

enum sally_err sally_coap_blockwise_response(struct sally_coap_link *l,
                                             struct sally_coap_outgoing *o,
                                             const struct sally_coap_message *m,
                                             struct sally_span *whole,
                                             sally_usec now)
{
    enum sally_err e = SALLY_E_OK;

    if (begins_anew(o, m))
        sally_coap_blockwise_drop(l, o);
    if (o->transfer != SALLY_TRANSFER_DOWN)
        e = respond_up(l, o, m, now);
    return e != SALLY_E_OK ? e : respond_down(l, o, m, whole, now);
}
