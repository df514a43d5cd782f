/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/shield_response.c - opens the responses to what we asked, and puts
 * those together that somebody cut into blocks on the way. RFC 8613 s.8.4,
 * s.4.1.3.4.2; RFC 7959 s.2.4.                                              */
#include "coap/option.h"
#include "coap/response.h"
#include "coap/shield.h"

#include <string.h>

static bool is_cut(const struct sally_coap_message *outer,
                   struct sally_coap_block *block)
{
    struct sally_span option;

    return sally_coap_option_find(outer->options, SALLY_OPTION_OSCORE,
                                  &option) &&
           sally_coap_block_read(outer->options, SALLY_OPTION_BLOCK2, block) ==
               SALLY_E_OK &&
           (block->more || block->number != 0);
}

/* Blocks of one body have the same options, and answer the same question. */
static uint64_t key_of(const struct sally_coap_link *l,
                       const struct sally_coap_outgoing *o,
                       const struct sally_coap_message *outer)
{
    return sally_coap_body_key(&l->seed, outer) ^ o->id;
}

/* Those of the question, with this Block2. The rest of a notification is not
 * observed (RFC 7959 s.2.6).                                                */
static enum sally_err put_options(struct sally_span list,
                                  const struct sally_coap_block *next,
                                  struct sally_buf *out)
{
    struct sally_coap_option_writer w = sally_coap_options_into(out);
    struct sally_coap_options walk = { list, 0 };
    struct sally_coap_option o;
    bool put = false;

    while (sally_coap_option_next(&walk, &o)) {
        if (o.number == SALLY_OPTION_OBSERVE || o.number == SALLY_OPTION_BLOCK2)
            continue;
        if (!put && o.number > SALLY_OPTION_BLOCK2) {
            sally_coap_put_uint(&w, SALLY_OPTION_BLOCK2,
                                sally_coap_block_value(next));
            put = true;
        }
        sally_coap_put_option(&w, o.number, o.value);
    }
    if (!put)
        sally_coap_put_uint(&w, SALLY_OPTION_BLOCK2,
                            sally_coap_block_value(next));
    return sally_coap_options_end(&w);
}

/* The token stays, so that the right answer is still taken where a block was
 * forged; only that of an observation is its own.                           */
static void renew_token(struct sally_coap_link *l,
                        struct sally_coap_outgoing *o)
{
    if (o->observing)
        sally_random_fill(&l->shared->random, &o->message[4],
                          SALLY_COAP_TOKEN_MAX);
}

/* The same protected message again, as a question for the next block. What was
 * posted need not be said again; what is fetched by has to be.              */
static enum sally_err ask_rest(struct sally_coap_link *l,
                               struct sally_coap_outgoing *o,
                               const struct sally_coap_block *next,
                               sally_usec now)
{
    struct sally_coap_coat *c = o->coat;
    uint8_t old[SALLY_MESSAGE_MAX], list[SALLY_MESSAGE_MAX];
    struct sally_buf options = SALLY_BUF(list), out = SALLY_BUF(c->bytes);
    struct sally_coap_message m;
    uint16_t mid;
    enum sally_err e;

    memcpy(old, c->bytes, c->len);
    e = sally_coap_parse((struct sally_span){ old, c->len }, &m, &mid);
    if (e == SALLY_E_OK)
        e = put_options(m.options, next, &options);
    if (e == SALLY_E_OK)
        e = sally_coap_mids_take(
            &l->mids, l->shared->parameters->exchange_lifetime, now, &m.mid);
    if (e != SALLY_E_OK)
        return e;
    renew_token(l, o);
    m.token = sally_coap_outgoing_token(o);
    m.options = sally_buf_span(&options);
    if (m.code != SALLY_CODE_FETCH)
        m.payload = (struct sally_span){ NULL, 0 };
    e = sally_coap_write(&m, &out);
    if (e != SALLY_E_OK)
        return e;
    c->len = (uint16_t)out.len;
    sally_coap_outgoing_protected(l, o, &m);
    return SALLY_E_PENDING;
}

/* OK: it was the last part, and `outer` has the whole payload, which stays
 * until sally_coap_upload_end(), and the token that the first part had.
 * PENDING: the next one is asked for.                                       */
static enum sally_err gather(struct sally_coap_link *l,
                             struct sally_coap_outgoing *o,
                             struct sally_coap_message *outer,
                             const struct sally_coap_block *block, uint64_t key,
                             sally_usec now)
{
    struct sally_coap_block next = { block->number + 1, false, block->szx };
    struct sally_span whole;
    enum sally_err e;

    if (o->coat->len == 0 || block->number == SALLY_BLOCK_NUMBER_MAX)
        return SALLY_E_UNEXPECTED;
    e = sally_coap_upload_add(&l->shield->outer, key, block, outer->payload,
                              now, &whole);
    if (e == SALLY_E_OK) {
        outer->payload = whole;
        if (o->coat->notified)
            outer->token = (struct sally_span){ o->registered,
                                                sizeof(o->registered) };
        return SALLY_E_OK;
    }
    if (e != SALLY_E_PENDING)
        return e;
    if (block->number == 0)
        o->coat->notified = sally_coap_shield_registers(o, outer->token);
    sally_coap_reliable_acknowledge(&l->reliable, &o->flight);
    return ask_rest(l, o, &next, now);
}

/* An error without protection means nothing, since anybody can send one. */
static enum sally_err open_response(struct sally_coap_link *l,
                                    struct sally_coap_outgoing *o,
                                    const struct sally_coap_message *outer,
                                    struct sally_buf *room,
                                    struct sally_coap_seen *seen,
                                    sally_usec now)
{
    struct sally_stack_object *object = l->stack.object;
    struct sally_coap_coat *c = o->coat;
    struct sally_binding *b = sally_coap_shield_registers(o, outer->token)
                                  ? &c->registered
                                  : &c->asked;
    struct sally_coap_message inner;
    uint64_t number;
    bool has_number;
    enum sally_err e = object->row->unprotect_response(
        object->state, outer, b, &inner, room, &number, &has_number);

    if (e == SALLY_E_OK)
        return sally_coap_exchange_take(l, o, &inner, seen, now);
    if (e == SALLY_E_UNEXPECTED && sally_coap_class(outer->code) >= 4)
        l->shield->hint = (struct sally_coap_hint){
            .code = outer->code,
            .meaning = (uint8_t)object->row->meaning(outer->code,
                                                     outer->payload),
        };
    if (seen != NULL)
        sally_coap_dedup_forget(&l->dedup, seen);
    return e;
}

static enum sally_err open_whole(struct sally_coap_link *l,
                                 struct sally_coap_outgoing *o,
                                 const struct sally_coap_message *outer,
                                 struct sally_coap_seen *seen, sally_usec now)
{
    struct sally_pool *bodies = l->shared->bodies;
    struct sally_buf room = { sally_pool_take(bodies), 0,
                              l->shared->parameters->body_max };
    enum sally_err e = SALLY_E_NO_ROOM;

    if (room.at != NULL)
        e = open_response(l, o, outer, &room, seen, now);
    else if (seen != NULL)
        sally_coap_dedup_forget(&l->dedup, seen);
    sally_pool_give(bodies, room.at);
    return e;
}

static enum sally_err take_part(struct sally_coap_link *l,
                                struct sally_coap_outgoing *o,
                                const struct sally_coap_message *part,
                                const struct sally_coap_block *block,
                                struct sally_coap_seen *seen, sally_usec now)
{
    struct sally_coap_message outer = *part;
    uint64_t key = key_of(l, o, part);
    enum sally_err e = gather(l, o, &outer, block, key, now);

    if (e == SALLY_E_OK) {
        e = open_whole(l, o, &outer, seen, now);
        sally_coap_upload_end(&l->shield->outer, key);
        return e;
    }
    if (e != SALLY_E_PENDING && seen != NULL)
        sally_coap_dedup_forget(&l->dedup, seen);
    else if (e == SALLY_E_PENDING && part->type == SALLY_COAP_CON)
        sally_coap_response_empty(l, seen, SALLY_COAP_ACK);
    return e == SALLY_E_PENDING ? SALLY_E_OK : e;
}

enum sally_err
sally_coap_shield_response(struct sally_coap_link *l,
                           struct sally_coap_outgoing *o,
                           const struct sally_coap_message *outer,
                           struct sally_coap_seen *seen, sally_usec now)
{
    uint8_t bytes[SALLY_SHIELD_ROOM];
    struct sally_buf room = SALLY_BUF(bytes);
    struct sally_coap_block block;

    return is_cut(outer, &block) ? take_part(l, o, outer, &block, seen, now)
                                 : open_response(l, o, outer, &room, seen, now);
}
