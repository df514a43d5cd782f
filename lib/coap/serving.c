/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/serving.c - requests of the peer from arrival to our answer. */
#include "coap/serving.h"

#include "coap/exchange.h"
#include "coap/observe.h"
#include "coap/option.h"

#include <string.h>

_Static_assert(sizeof(struct sally_coap_serving_table) <= SALLY_DATAGRAM_MAX,
               "the table fits one block of the packets pool");

void sally_coap_serving_empty(struct sally_coap_link *l,
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

static struct sally_coap_serving *find(const struct sally_coap_link *l,
                                       sally_coap_exchange x)
{
    for (size_t i = 0; l->serving != NULL && i < SALLY_LINK_SERVING_MAX; i++)
        if (l->serving->entry[i].id == x)
            return &l->serving->entry[i];
    return NULL;
}

static struct sally_coap_serving *claim(struct sally_coap_link *l)
{
    if (l->serving == NULL) {
        l->serving = sally_pool_take(l->shared->packets);
        if (l->serving == NULL)
            return NULL;
        memset(l->serving, 0, sizeof(*l->serving));
    }
    if (l->serving->used == SALLY_LINK_SERVING_MAX)
        return NULL;
    l->serving->used++;
    return find(l, 0);
}

static void release(struct sally_coap_link *l, struct sally_coap_serving *s)
{
    s->id = 0;
    if (--l->serving->used == 0)
        sally_coap_serving_wipe(l);
}

void sally_coap_serving_wipe(struct sally_coap_link *l)
{
    sally_pool_give(l->shared->packets, l->serving);
    l->serving = NULL;
}

uint32_t sally_coap_serving_etag(const struct sally_coap_link *l,
                                 struct sally_span body)
{
    return (uint32_t)sally_hash(&l->seed, body) | 1u << 31; /* 4 bytes long */
}

enum sally_err sally_coap_serving_cut(struct sally_coap_parts *p,
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
 * the rest (RFC 7959 s.2.4). `kept`: the payload came from there.           */
static void cut_answer(struct sally_coap_link *l,
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
    if (sally_coap_serving_cut(p, &block, success && s->has_block2) !=
        SALLY_E_OK) {
        answer_error(p, SALLY_CODE_BAD_OPTION);
        return;
    }
    if (!block.more && block.number == 0)
        return;
    etag = kept != NULL ? kept->etag : sally_coap_serving_etag(l, whole.payload);
    sally_coap_parts_add(p, SALLY_OWN_ETAG, etag);
    if (block.more && kept == NULL && success)
        sally_coap_body_keep(&l->bodies, s->key, &whole, etag, now);
    if (!block.more && kept != NULL)
        sally_coap_body_drop(&l->bodies);
}

static enum sally_err send_separate(struct sally_coap_link *l,
                                    struct sally_coap_parts *p, sally_usec now)
{
    struct sally_coap_outgoing *o =
        sally_coap_outgoing_new(l, SALLY_PURPOSE_RESPONSE);
    enum sally_err e;

    if (o == NULL)
        return SALLY_E_NO_ROOM;
    p->message.type = SALLY_COAP_CON;
    e = sally_coap_outgoing_send(l, o, p, now);
    if (e != SALLY_E_OK)
        sally_coap_outgoing_free(l, o);
    return e;
}

/* Composes straight into the memory that keeps it for duplicates. */
static enum sally_err compose_kept(struct sally_coap_link *l,
                                   struct sally_coap_seen *seen,
                                   const struct sally_coap_parts *p)
{
    struct sally_buf room;
    enum sally_err e;

    if (!sally_coap_dedup_room(&l->dedup, sally_coap_parts_bound(p), seen,
                               &room))
        return SALLY_E_NO_ROOM;
    e = sally_coap_compose(p, &room);
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
        return send_separate(l, p, now);
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
    e = compose_kept(l, seen, p);
    if (e == SALLY_E_OK)
        return e;
    answer_error(p, seen->len == 0 && e == SALLY_E_NO_ROOM
                        ? SALLY_CODE_UNAVAILABLE
                        : SALLY_CODE_INTERNAL_ERROR);
    (void)compose_kept(l, seen, p);
    return e;
}

static struct sally_coap_parts parts_for(const struct sally_coap_serving *s)
{
    struct sally_coap_parts p = {
        .message = { .token = { s->token, s->token_len } },
    };

    if (s->has_block1)
        sally_coap_parts_block(&p, SALLY_OWN_BLOCK1, &s->block1);
    return p;
}

static enum sally_err answer(struct sally_coap_link *l,
                             const struct sally_coap_serving *s,
                             const struct sally_coap_answer *a, sally_usec now)
{
    struct sally_coap_parts p = parts_for(s);

    p.message.code = a->code;
    p.message.options = a->options;
    p.message.payload = a->payload;
    if (a->observe && sally_coap_class(a->code) == 2)
        sally_coap_parts_add(&p, SALLY_OWN_OBSERVE, sally_coap_observe_next(l));
    cut_answer(l, s, &p, NULL, now);
    return send_answer(l, s, &p, now);
}

enum sally_err sally_coap_link_respond(struct sally_coap_link *l,
                                       sally_coap_exchange x,
                                       const struct sally_coap_answer *a,
                                       sally_usec now)
{
    struct sally_coap_serving *s = x == 0 ? NULL : find(l, x);
    enum sally_err e;

    if (s == NULL)
        return SALLY_E_NOT_FOUND;
    e = answer(l, s, a, now);
    if (e == SALLY_E_NO_ROOM && s->acknowledged)
        return e; /* the exchange waits for another try */
    release(l, s);
    return e;
}

/* The link itself answers with a code alone. */
static enum sally_err answer_code(struct sally_coap_link *l,
                                  const struct sally_coap_serving *s,
                                  uint8_t code, sally_usec now)
{
    struct sally_coap_parts p = parts_for(s);

    p.message.code = code;
    if (code == SALLY_CODE_TOO_LARGE) {
        p.own = 0;
        sally_coap_parts_add(&p, SALLY_OWN_SIZE1, (uint32_t)l->bodies.max);
    }
    return send_answer(l, s, &p, now);
}

/* The peer asks for a further block of an answer that is still here. */
static enum sally_err answer_kept(struct sally_coap_link *l,
                                  const struct sally_coap_serving *s,
                                  const struct sally_coap_kept *kept,
                                  sally_usec now)
{
    struct sally_coap_parts p = parts_for(s);

    p.message.code = kept->code;
    p.message.options =
        (struct sally_span){ kept->options, kept->options_len };
    p.message.payload = (struct sally_span){ kept->bytes, kept->len };
    cut_answer(l, s, &p, kept, now);
    return send_answer(l, s, &p, now);
}

static bool may_observe(uint8_t code)
{
    return code == SALLY_CODE_GET || code == SALLY_CODE_FETCH;
}

static enum sally_coap_observe observe_of(const struct sally_coap_message *m)
{
    uint32_t value;

    if (!may_observe(m->code) ||
        !sally_coap_option_uint(m->options, SALLY_OPTION_OBSERVE, &value) ||
        value > 1)
        return SALLY_OBSERVE_ABSENT;
    return value == 0 ? SALLY_OBSERVE_REGISTER : SALLY_OBSERVE_CANCEL;
}

static void hand_up(struct sally_coap_link *l,
                    const struct sally_coap_serving *s,
                    const struct sally_coap_message *m,
                    struct sally_span payload, sally_usec now)
{
    static const struct sally_coap_answer not_found = {
        .code = SALLY_CODE_NOT_FOUND
    };
    struct sally_coap_request q = { .exchange = s->id,
                                    .code = m->code,
                                    .confirmable = s->confirmable,
                                    .mid = m->mid,
                                    .observe = observe_of(m),
                                    .token = m->token,
                                    .options = m->options,
                                    .payload = payload };

    if (q.observe == SALLY_OBSERVE_REGISTER)
        l->notify_szx = s->block2.szx;
    if (l->upcalls->on_request != NULL)
        l->upcalls->on_request(l->owner, &q, now);
    else
        (void)sally_coap_link_respond(l, q.exchange, &not_found, now);
}

/* What the peer hears when a block did not complete a body. RFC 7959 s.2.9. */
static uint8_t code_of_upload(enum sally_err e)
{
    static const struct {
        enum sally_err e;
        uint8_t code;
    } codes[] = {
        { SALLY_E_PENDING, SALLY_CODE_CONTINUE },
        { SALLY_E_MALFORMED, SALLY_CODE_BAD_REQUEST },
        { SALLY_E_UNEXPECTED, SALLY_CODE_REQUEST_INCOMPLETE },
        { SALLY_E_TOO_LARGE, SALLY_CODE_TOO_LARGE },
    };

    for (size_t i = 0; i < SALLY_LEN(codes); i++)
        if (codes[i].e == e)
            return codes[i].code;
    return SALLY_CODE_UNAVAILABLE;
}

static enum sally_err add_block(struct sally_coap_link *l,
                                const struct sally_coap_serving *s,
                                const struct sally_coap_message *m,
                                struct sally_span *whole, sally_usec now)
{
    uint32_t announced;

    if (sally_coap_option_uint(m->options, SALLY_OPTION_SIZE1, &announced) &&
        announced > l->bodies.max)
        return SALLY_E_TOO_LARGE;
    return sally_coap_upload_add(&l->bodies, s->key, &s->block1, m->payload,
                                 now, whole);
}

/* One block of a request; the last one brings the whole up. */
static enum sally_err take_block1(struct sally_coap_link *l,
                                  struct sally_coap_serving *s,
                                  const struct sally_coap_message *m,
                                  sally_usec now)
{
    uint8_t most = sally_coap_block_szx(l->shared->parameters->block_size);
    uint64_t key = s->key;
    struct sally_span whole;
    enum sally_err e = add_block(l, s, m, &whole, now);

    if (s->block1.szx > most)
        s->block1.szx = most; /* asks for smaller ones from here on */
    if (e == SALLY_E_OK) {
        hand_up(l, s, m, whole, now);
        sally_coap_upload_end(&l->bodies, key);
        return SALLY_E_OK;
    }
    (void)answer_code(l, s, code_of_upload(e), now);
    release(l, s);
    return e == SALLY_E_PENDING ? SALLY_E_OK : e;
}

static struct sally_coap_serving describe(const struct sally_coap_link *l,
                                          const struct sally_coap_message *m,
                                          sally_usec now)
{
    const struct sally_coap_parameters *par = l->shared->parameters;
    bool confirmable = m->type == SALLY_COAP_CON;
    struct sally_coap_serving s = {
        .mid = m->mid,
        .code = m->code,
        .token_len = (uint8_t)m->token.len,
        .confirmable = confirmable,
        .block2 = { .szx = sally_coap_block_szx(par->block_size) },
        .key = sally_coap_body_key(&l->seed, m),
        .acknowledge_at = confirmable ? sally_after(now, par->separate_after)
                                      : SALLY_NEVER,
        .until = sally_after(now, par->exchange_lifetime),
    };

    if (m->token.len != 0)
        memcpy(s.token, m->token.at, m->token.len);
    return s;
}

/* Reads the block options; larger blocks than ours are cut to smaller ones
 * at the same place in the body.                                            */
static enum sally_err read_blocks(struct sally_coap_serving *s,
                                  struct sally_span options)
{
    uint8_t most = s->block2.szx;
    struct sally_coap_block b;
    enum sally_err one =
        sally_coap_block_read(options, SALLY_OPTION_BLOCK1, &s->block1);
    enum sally_err two = sally_coap_block_read(options, SALLY_OPTION_BLOCK2, &b);

    if (one == SALLY_E_MALFORMED || two == SALLY_E_MALFORMED)
        return SALLY_E_MALFORMED;
    s->has_block1 = one == SALLY_E_OK;
    s->has_block2 = two == SALLY_E_OK;
    if (!s->has_block2)
        return SALLY_E_OK;
    if (b.szx > most) {
        b.number <<= b.szx - most;
        b.szx = most;
    }
    s->block2 = b;
    return SALLY_E_OK;
}

enum sally_err sally_coap_serving_request(struct sally_coap_link *l,
                                          const struct sally_coap_message *m,
                                          struct sally_coap_seen *seen,
                                          sally_usec now)
{
    struct sally_coap_serving s = describe(l, m, now);
    const struct sally_coap_kept *kept;
    struct sally_coap_serving *slot;

    if (read_blocks(&s, m->options) != SALLY_E_OK) {
        (void)answer_code(l, &s, SALLY_CODE_BAD_REQUEST, now);
        return SALLY_E_MALFORMED;
    }
    kept = sally_coap_body_kept(&l->bodies, s.key);
    if (kept != NULL && s.block2.number != 0)
        return answer_kept(l, &s, kept, now);
    slot = claim(l);
    if (slot == NULL)
        return SALLY_E_NO_ROOM;
    *slot = s;
    slot->id = sally_coap_link_name(l);
    seen->pending = true;
    if (s.has_block1)
        return take_block1(l, slot, m, now);
    hand_up(l, slot, m, m->payload, now);
    return SALLY_E_OK;
}

sally_usec sally_coap_serving_deadline(const struct sally_coap_link *l)
{
    sally_usec due = SALLY_NEVER;

    for (size_t i = 0; l->serving != NULL && i < SALLY_LINK_SERVING_MAX; i++) {
        const struct sally_coap_serving *s = &l->serving->entry[i];

        if (s->id != 0)
            due = sally_earlier(due, sally_earlier(s->acknowledge_at,
                                                   s->until));
    }
    return due;
}

/* RFC 7252 s.5.2.2: no answer yet, so the request is acknowledged and the
 * answer will be a message of its own.                                      */
static void acknowledge(struct sally_coap_link *l, struct sally_coap_serving *s)
{
    struct sally_coap_seen *seen = sally_coap_dedup_find(&l->dedup, s->mid);

    s->acknowledge_at = SALLY_NEVER;
    s->acknowledged = true;
    if (seen != NULL)
        sally_coap_serving_empty(l, seen, SALLY_COAP_ACK);
}

static void forget(struct sally_coap_link *l, struct sally_coap_serving *s)
{
    struct sally_coap_seen *seen = sally_coap_dedup_find(&l->dedup, s->mid);

    if (seen != NULL)
        seen->pending = false;
    release(l, s);
}

void sally_coap_serving_expire(struct sally_coap_link *l, sally_usec now)
{
    for (size_t i = 0; l->serving != NULL && i < SALLY_LINK_SERVING_MAX; i++) {
        struct sally_coap_serving *s = &l->serving->entry[i];

        if (s->id == 0)
            continue;
        if (s->until <= now)
            forget(l, s);
        else if (s->acknowledge_at <= now)
            acknowledge(l, s);
    }
}
