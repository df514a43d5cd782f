/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/shield_request.c - opens the peer's protected requests, and refuses
 * all others. RFC 8613 s.8.2.                                               */
#include "coap/option.h"
#include "coap/shield.h"

#define REFUSE_EVERY (100 * SALLY_MSEC) /* errors that anybody can cause */

static struct sally_coap_message head_of(const struct sally_coap_message *outer,
                                         uint8_t code)
{
    return (struct sally_coap_message){
        .type = outer->type == SALLY_COAP_CON ? SALLY_COAP_ACK : SALLY_COAP_NON,
        .code = code,
        .mid = outer->mid,
        .token = outer->token,
    };
}

static enum sally_err take_mid(struct sally_coap_link *l,
                               struct sally_coap_message *m, sally_usec now)
{
    if (m->type == SALLY_COAP_ACK)
        return SALLY_E_OK;
    return sally_coap_mids_take(&l->mids,
                                l->shared->parameters->exchange_lifetime, now,
                                &m->mid);
}

static size_t size_of(const struct sally_coap_message *m)
{
    return 4 + m->token.len + m->options.len +
           (m->payload.len == 0 ? 0 : 1 + m->payload.len);
}

/* An answer without protection. */
static void answer_plain(struct sally_coap_link *l,
                         const struct sally_coap_message *answer,
                         struct sally_coap_seen *seen, sally_usec now)
{
    struct sally_coap_message m = *answer;
    struct sally_buf room;

    if (take_mid(l, &m, now) != SALLY_E_OK ||
        !sally_coap_dedup_room(&l->dedup, size_of(&m), seen, &room))
        return;
    if (sally_coap_write(&m, &room) != SALLY_E_OK)
        room.len = 0;
    sally_coap_dedup_answer(&l->dedup, seen, &room);
}

/* RFC 8613 s.8.2; never longer than what caused it, and not often. */
static void refuse(struct sally_coap_link *l,
                   const struct sally_coap_message *outer,
                   struct sally_coap_seen *seen, enum sally_err e,
                   sally_usec now)
{
    const char *text = "";
    struct sally_coap_message m = head_of(
        outer, l->stack.object->row->refusal(e, &text));

    if (m.code == 0 && e == SALLY_E_UNEXPECTED)
        m.code = SALLY_CODE_UNAUTHORIZED; /* not protected at all */
    if (m.code != 0 && now >= l->shield->refuse_at) {
        m.payload = sally_span_of(text);
        if (size_of(&m) > size_of(outer))
            m.payload.len = 0;
        answer_plain(l, &m, seen, now);
        l->shield->refuse_at = sally_after(now, REFUSE_EVERY);
    }
    if (seen->send)
        seen->forget = true;
    else
        sally_coap_dedup_forget(&l->dedup, seen);
}

/* The answer that asks for proof of freshness. Whatever header the mechanism
 * gave it, it answers this message.                                         */
static enum sally_err challenge(struct sally_coap_link *l,
                                const struct sally_coap_message *outer,
                                struct sally_coap_seen *seen, sally_usec now)
{
    struct sally_stack_object *object = l->stack.object;
    struct sally_coap_message head = head_of(outer, SALLY_CODE_UNAUTHORIZED);
    uint8_t bytes[SALLY_MESSAGE_MAX];
    struct sally_buf out = SALLY_BUF(bytes);
    struct sally_coap_message m;
    uint16_t mid;
    enum sally_err e = object->row->challenge(object->state, outer,
                                              &l->shield->incoming, &out);

    if (e == SALLY_E_OK)
        e = sally_coap_parse(sally_buf_span(&out), &m, &mid);
    if (e != SALLY_E_OK) {
        sally_coap_dedup_forget(&l->dedup, seen); /* the peer asks again */
        return e;
    }
    m.type = head.type;
    m.mid = head.mid;
    m.token = head.token;
    answer_plain(l, &m, seen, now);
    return SALLY_E_CHALLENGED;
}

static enum sally_err open_request(struct sally_coap_link *l,
                                   const struct sally_coap_message *outer,
                                   struct sally_buf *room,
                                   struct sally_coap_seen *seen, sally_usec now)
{
    struct sally_stack_object *object = l->stack.object;
    struct sally_coap_message inner;
    enum sally_err e;

    /* Once it is opened, the same bytes are a replay: there must be room for
     * it before.                                                            */
    if (!sally_coap_serving_ready(l)) {
        sally_coap_dedup_forget(&l->dedup, seen);
        return SALLY_E_NO_ROOM;
    }
    l->shield->incoming = (struct sally_binding){ { 0 } };
    e = object->row->unprotect_request(object->state, outer,
                                       &l->shield->incoming, &inner, room, now);
    if (e == SALLY_E_OK)
        e = sally_coap_serving_request(l, &inner, seen, now);
    else if (e == SALLY_E_CHALLENGED)
        e = challenge(l, outer, seen, now);
    else
        refuse(l, outer, seen, e, now);
    sally_coap_serving_tidy(l);
    return e;
}

/* --- Requests that somebody cut into blocks on the way (s.4.1.3.4.2) ------ */

static uint8_t code_of(enum sally_err e)
{
    switch (e) {
    case SALLY_E_PENDING: return SALLY_CODE_CONTINUE;
    case SALLY_E_TOO_LARGE: return SALLY_CODE_TOO_LARGE;
    case SALLY_E_UNEXPECTED: return SALLY_CODE_REQUEST_INCOMPLETE;
    case SALLY_E_NO_ROOM: return SALLY_CODE_UNAVAILABLE;
    default: return SALLY_CODE_BAD_REQUEST;
    }
}

static void answer_block(struct sally_coap_link *l,
                         const struct sally_coap_message *outer,
                         const struct sally_coap_block *block, enum sally_err e,
                         struct sally_coap_seen *seen, sally_usec now)
{
    struct sally_coap_message m = head_of(outer, code_of(e));
    uint8_t bytes[8];
    struct sally_buf options = SALLY_BUF(bytes);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);

    sally_coap_put_uint(&w, SALLY_OPTION_BLOCK1, sally_coap_block_value(block));
    m.options = sally_buf_span(&options);
    answer_plain(l, &m, seen, now);
}

static enum sally_err open_whole(struct sally_coap_link *l,
                                 const struct sally_coap_message *outer,
                                 struct sally_coap_seen *seen, sally_usec now)
{
    struct sally_pool *bodies = l->shared->bodies;
    struct sally_buf room = { sally_pool_take(bodies), 0,
                              l->shared->parameters->body_max };
    enum sally_err e = SALLY_E_NO_ROOM;

    if (room.at != NULL)
        e = open_request(l, outer, &room, seen, now);
    else
        sally_coap_dedup_forget(&l->dedup, seen);
    sally_pool_give(bodies, room.at);
    return e;
}

static enum sally_err take_block(struct sally_coap_link *l,
                                 const struct sally_coap_message *outer,
                                 const struct sally_coap_block *block,
                                 struct sally_coap_seen *seen, sally_usec now)
{
    struct sally_coap_message whole = *outer;
    uint64_t key = sally_coap_body_key(&l->seed, outer);
    enum sally_err e = sally_coap_upload_add(&l->shield->outer, key, block,
                                             outer->payload, now,
                                             &whole.payload);

    if (e != SALLY_E_OK) {
        answer_block(l, outer, block, e, seen, now);
        return e == SALLY_E_PENDING ? SALLY_E_OK : e;
    }
    e = open_whole(l, &whole, seen, now);
    sally_coap_upload_end(&l->shield->outer, key);
    return e;
}

enum sally_err sally_coap_shield_request(struct sally_coap_link *l,
                                         const struct sally_coap_message *outer,
                                         struct sally_coap_seen *seen,
                                         sally_usec now)
{
    uint8_t bytes[SALLY_SHIELD_ROOM];
    struct sally_buf room = SALLY_BUF(bytes);
    struct sally_span option;
    struct sally_coap_block block;

    if (l->told != SALLY_CHANNEL_UP) { /* it will be sent again */
        sally_coap_dedup_forget(&l->dedup, seen);
        return SALLY_E_PENDING;
    }
    if (sally_coap_option_find(outer->options, SALLY_OPTION_OSCORE, &option) &&
        sally_coap_block_read(outer->options, SALLY_OPTION_BLOCK1, &block) ==
            SALLY_E_OK)
        return take_block(l, outer, &block, seen, now);
    return open_request(l, outer, &room, seen, now);
}
