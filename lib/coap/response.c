/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/response.c - answers to the peer: whole or cut, piggybacked,
 * separate or not confirmable. */
#include "coap/response.h"

#include "coap/exchange.h"
#include "coap/observe.h"
#include "coap/shield.h"

void sally_coap_response_empty(struct sally_coap_link *l,
                               struct sally_coap_seen *seen,
                               enum sally_coap_type type)
{
    struct sally_coap_message m = { .type = type, .mid = seen->mid };
    struct sally_buf room;

    if (!sally_coap_dedup_room(&l->dedup, 4, seen, &room))
        return;
    if (sally_coap_write(&m, &room) != SALLY_E_OK)
        room.len = 0;
    sally_coap_dedup_answer(&l->dedup, seen, &room);
}

uint32_t sally_coap_response_etag(const struct sally_coap_link *l,
                                  struct sally_span body)
{
    return (uint32_t)sally_hash(&l->seed, body) | 1u << 31; /* 4 bytes long */
}

enum sally_err sally_coap_response_cut(struct sally_coap_parts *p,
                                       struct sally_coap_block *block,
                                       bool wanted)
{
    struct sally_span body = p->message.payload;
    size_t room = sally_coap_parts_room(p);
    uint8_t fits = sally_coap_block_szx(room);

    block->more = false;
    if (!wanted && body.len <= room &&
        body.len <= sally_coap_block_size(block->szx))
        return SALLY_E_OK;
    if (block->szx > fits) {
        block->number <<= block->szx - fits;
        block->szx = fits;
    }
    if (block->number != 0 && sally_coap_block_offset(block) >= body.len)
        return SALLY_E_OUT_OF_RANGE;
    p->message.payload = sally_coap_block_cut(body, block);
    sally_coap_parts_block(p, SALLY_OWN_BLOCK2, block);
    return SALLY_E_OK;
}

/* Replaces the answer in `p` by an error without options and payload. */
static void answer_error(struct sally_coap_parts *p, uint8_t code)
{
    p->message.code = code;
    p->message.options = (struct sally_span){ NULL, 0 };
    p->message.payload = (struct sally_span){ NULL, 0 };
    p->own = 0;
}

/* Cuts what is too long, and keeps the whole for the GETs that will ask for
 * the rest (RFC 7959 s.2.4). `kept`: the payload came from there. True: this
 * is the end of the body.                                                   */
static bool cut_answer(struct sally_coap_link *l,
                       const struct sally_coap_serving *s,
                       struct sally_coap_parts *p,
                       const struct sally_coap_kept *kept, sally_usec now)
{
    struct sally_coap_message whole = p->message;
    struct sally_coap_block block = s->block2;
    bool success = sally_coap_class(whole.code) == 2;
    uint32_t etag;

    if (!success)
        block.number = 0;
    if (sally_coap_response_cut(p, &block, success && s->has_block2) !=
        SALLY_E_OK) {
        answer_error(p, SALLY_CODE_BAD_OPTION);
        return false;
    }
    if (!block.more && block.number == 0)
        return true;
    etag =
        kept != NULL ? kept->etag : sally_coap_response_etag(l, whole.payload);
    sally_coap_parts_add(p, SALLY_OWN_ETAG, etag);
    if (block.more && kept == NULL && success)
        sally_coap_body_keep(&l->bodies, s->key, &whole, etag, now);
    return !block.more;
}

static enum sally_err send_separate(struct sally_coap_link *l,
                                    const struct sally_coap_serving *s,
                                    struct sally_coap_parts *p, sally_usec now)
{
    struct sally_coap_outgoing *o =
        sally_coap_outgoing_new(l, SALLY_PURPOSE_RESPONSE);
    enum sally_err e;

    if (o == NULL)
        return SALLY_E_NO_ROOM;
    p->message.type = SALLY_COAP_CON;
    e = sally_coap_shield_tie(l, o, s, p);
    if (e == SALLY_E_OK)
        e = sally_coap_outgoing_send(l, o, p, now);
    if (e != SALLY_E_OK)
        sally_coap_outgoing_free(l, o);
    return e;
}

/* Composes straight into the memory that keeps it for duplicates. */
static enum sally_err compose_kept(struct sally_coap_link *l,
                                   const struct sally_coap_serving *s,
                                   struct sally_coap_seen *seen,
                                   const struct sally_coap_parts *p)
{
    struct sally_buf room;
    enum sally_err e;

    if (!sally_coap_dedup_room(&l->dedup, sally_coap_parts_bound(p), seen,
                               &room))
        return SALLY_E_NO_ROOM;
    e = l->shield == NULL ? sally_coap_compose(p, &room)
                          : sally_coap_shield_answer(l, s, p, &room);
    if (e != SALLY_E_OK)
        room.len = 0;
    sally_coap_dedup_answer(&l->dedup, seen, &room);
    return e;
}

/* Sends the answer in the way that the request asks for: in its
 * acknowledgement, as a message of its own, or not confirmable. If it cannot
 * be kept, the peer gets a short 5.03 or 5.00 instead.                      */
static enum sally_err send_answer(struct sally_coap_link *l,
                                  const struct sally_coap_serving *s,
                                  struct sally_coap_parts *p, sally_usec now)
{
    struct sally_coap_seen *seen = sally_coap_dedup_find(&l->dedup, s->mid);
    enum sally_err e = SALLY_E_OK;

    if (s->acknowledged)
        return send_separate(l, s, p, now);
    if (seen == NULL)
        return SALLY_E_NOT_FOUND;
    p->message.type = s->confirmable ? SALLY_COAP_ACK : SALLY_COAP_NON;
    p->message.mid = s->mid;
    seen->once = !s->confirmable;
    if (!s->confirmable)
        e = sally_coap_mids_take(&l->mids,
                                 l->shared->parameters->exchange_lifetime, now,
                                 &p->message.mid);
    if (e != SALLY_E_OK)
        return e;
    e = compose_kept(l, s, seen, p);
    if (e == SALLY_E_OK)
        return e;
    if (e == SALLY_E_PENDING) { /* its protection waits for something */
        if (s->confirmable)
            sally_coap_response_empty(l, seen, SALLY_COAP_ACK);
        return send_separate(l, s, p, now);
    }
    answer_error(p, seen->len == 0 && e == SALLY_E_NO_ROOM
                        ? SALLY_CODE_UNAVAILABLE
                        : SALLY_CODE_INTERNAL_ERROR);
    (void)compose_kept(l, s, seen, p);
    return e;
}

static struct sally_coap_parts parts_for(const struct sally_coap_link *l,
                                         const struct sally_coap_serving *s)
{
    struct sally_coap_parts p = {
        .message = { .token = { s->token, s->token_len } },
        .spare = sally_coap_shield_spare(l),
    };

    if (s->has_block1)
        sally_coap_parts_block(&p, SALLY_OWN_BLOCK1, &s->block1);
    return p;
}

enum sally_err sally_coap_response_answer(struct sally_coap_link *l,
                                          const struct sally_coap_serving *s,
                                          const struct sally_coap_answer *a,
                                          sally_usec now)
{
    struct sally_coap_parts p = parts_for(l, s);

    p.message.code = a->code;
    p.message.options = a->options;
    p.message.payload = a->payload;
    if (a->observe && sally_coap_class(a->code) == 2)
        sally_coap_parts_add(&p, SALLY_OWN_OBSERVE, sally_coap_observe_next(l));
    (void)cut_answer(l, s, &p, NULL, now);
    return send_answer(l, s, &p, now);
}

/* The link itself answers with a code alone. */
enum sally_err sally_coap_response_code(struct sally_coap_link *l,
                                        const struct sally_coap_serving *s,
                                        uint8_t code, sally_usec now)
{
    struct sally_coap_parts p = parts_for(l, s);

    p.message.code = code;
    if (code == SALLY_CODE_TOO_LARGE) {
        p.own = 0;
        sally_coap_parts_add(&p, SALLY_OWN_SIZE1, (uint32_t)l->bodies.max);
    }
    return send_answer(l, s, &p, now);
}

/* The peer asks for a further block of an answer that is still here. */
enum sally_err sally_coap_response_kept(struct sally_coap_link *l,
                                        const struct sally_coap_serving *s,
                                        const struct sally_coap_kept *kept,
                                        sally_usec now)
{
    struct sally_coap_parts p = parts_for(l, s);
    enum sally_err e;
    bool last;

    p.message.code = kept->code;
    p.message.options = (struct sally_span){ kept->options, kept->options_len };
    p.message.payload = (struct sally_span){ kept->bytes, kept->len };
    last = cut_answer(l, s, &p, kept, now);
    e = send_answer(l, s, &p, now);
    if (last) /* not before: the message was made from it */
        sally_coap_body_drop(&l->bodies);
    return e;
}
