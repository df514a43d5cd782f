/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/serving.c - requests of the peer from arrival to our answer. */
#include "coap/serving.h"

#include "coap/option.h"
#include "coap/response.h"
#include "coap/shield.h"

#include <string.h>

_Static_assert(sizeof(struct sally_coap_serving_table) <= SALLY_DATAGRAM_MAX,
               "the table fits one block of the packets pool");
_Static_assert(sizeof(struct sally_binding) * SALLY_LINK_SERVING_MAX <=
                   SALLY_DATAGRAM_MAX,
               "so do the bindings");

static struct sally_coap_serving *find(const struct sally_coap_link *l,
                                       sally_coap_exchange x)
{
    for (size_t i = 0; l->serving != NULL && i < SALLY_LINK_SERVING_MAX; i++)
        if (l->serving->entry[i].id == x)
            return &l->serving->entry[i];
    return NULL;
}

static bool take_table(struct sally_coap_link *l)
{
    l->serving = sally_pool_take(l->shared->packets);
    if (l->serving == NULL)
        return false;
    memset(l->serving, 0, sizeof(*l->serving));
    if (l->shield == NULL)
        return true;
    l->serving->binding = sally_pool_take(l->shared->packets);
    if (l->serving->binding == NULL)
        sally_coap_serving_wipe(l);
    return l->serving != NULL;
}

bool sally_coap_serving_ready(struct sally_coap_link *l)
{
    if (l->serving == NULL && !take_table(l))
        return false;
    return l->serving->used < SALLY_LINK_SERVING_MAX;
}

void sally_coap_serving_tidy(struct sally_coap_link *l)
{
    if (l->serving != NULL && l->serving->used == 0)
        sally_coap_serving_wipe(l);
}

static struct sally_coap_serving *claim(struct sally_coap_link *l,
                                        const struct sally_coap_serving *s)
{
    struct sally_coap_serving *slot;

    if (!sally_coap_serving_ready(l))
        return NULL;
    slot = find(l, 0);
    if (slot == NULL)
        return NULL;
    l->serving->used++;
    *slot = *s;
    slot->id = sally_coap_link_name(l);
    if (l->shield != NULL)
        l->serving->binding[slot - l->serving->entry] = l->shield->incoming;
    return slot;
}

static void release(struct sally_coap_link *l, struct sally_coap_serving *s)
{
    s->id = 0;
    if (--l->serving->used == 0)
        sally_coap_serving_wipe(l);
}

void sally_coap_serving_wipe(struct sally_coap_link *l)
{
    if (l->serving == NULL)
        return;
    sally_pool_give(l->shared->packets, l->serving->binding);
    sally_pool_give(l->shared->packets, l->serving);
    l->serving = NULL;
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
    e = sally_coap_response_answer(l, s, a, now);
    if (e == SALLY_E_NO_ROOM && s->acknowledged)
        return e; /* the exchange waits for another try */
    release(l, s);
    return e;
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
    if (q.observe == SALLY_OBSERVE_CANCEL && l->shield != NULL)
        sally_coap_bound_drop(&l->shield->bound, m->token);
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
    (void)sally_coap_response_code(l, s, code_of_upload(e), now);
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
        .acknowledge_at =
            confirmable ? sally_after(now, par->separate_after) : SALLY_NEVER,
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
    enum sally_err two =
        sally_coap_block_read(options, SALLY_OPTION_BLOCK2, &b);

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
        (void)sally_coap_response_code(l, &s, SALLY_CODE_BAD_REQUEST, now);
        return SALLY_E_MALFORMED;
    }
    kept = sally_coap_body_kept(&l->bodies, s.key);
    if (kept != NULL && s.block2.number != 0)
        return sally_coap_response_kept(l, &s, kept, now);
    slot = claim(l, &s);
    if (slot == NULL)
        return SALLY_E_NO_ROOM;
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
            due =
                sally_earlier(due, sally_earlier(s->acknowledge_at, s->until));
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
        sally_coap_response_empty(l, seen, SALLY_COAP_ACK);
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
