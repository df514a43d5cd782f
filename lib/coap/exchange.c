/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/exchange.c - questions of ours from asking to the last answer. */
#include "coap/exchange.h"

#include "coap/blockwise.h"
#include "coap/echo.h"
#include "coap/observe.h"
#include "coap/option.h"
#include "coap/response.h"
#include "coap/shield.h"

#include <string.h>

_Static_assert(sizeof(struct sally_coap_outgoing) <= SALLY_DATAGRAM_MAX,
               "an outgoing fits one block of the packets pool");

/* RFC 7252 s.5.4.1: a response with another critical option is rejected. */
static const uint16_t known_in_response[] = { SALLY_OPTION_BLOCK2,
                                              SALLY_OPTION_BLOCK1 };

static struct sally_coap_outgoing *owner_of(struct sally_coap_flight *f)
{
    return (struct sally_coap_outgoing *)(void *)f; /* its first member */
}

static struct sally_coap_outgoing *first(const struct sally_coap_link *l)
{
    return owner_of(l->reliable.first);
}

static struct sally_coap_outgoing *after(const struct sally_coap_outgoing *o)
{
    return owner_of(o->flight.next);
}

/* A link with a shield keeps the protected bytes beside the plain ones. */
static bool put_on_coat(const struct sally_coap_link *l,
                        struct sally_coap_outgoing *o)
{
    if (l->shield == NULL)
        return true;
    o->coat = sally_pool_take(l->shared->packets);
    if (o->coat != NULL)
        memset(o->coat, 0, offsetof(struct sally_coap_coat, bytes));
    return o->coat != NULL;
}

struct sally_coap_outgoing *
sally_coap_outgoing_new(struct sally_coap_link *l,
                        enum sally_coap_purpose purpose)
{
    struct sally_coap_outgoing *o;

    if (l->outgoing >= SALLY_LINK_OUTGOING_MAX)
        return NULL;
    o = sally_pool_take(l->shared->packets);
    if (o == NULL)
        return NULL;
    memset(o, 0, offsetof(struct sally_coap_outgoing, message));
    if (!put_on_coat(l, o)) {
        sally_pool_give(l->shared->packets, o);
        return NULL;
    }
    l->outgoing++;
    o->purpose = purpose;
    o->until = SALLY_NEVER;
    o->id = sally_coap_link_name(l);
    return o;
}

void sally_coap_outgoing_free(struct sally_coap_link *l,
                              struct sally_coap_outgoing *o)
{
    sally_coap_reliable_remove(&l->reliable, &o->flight);
    sally_coap_blockwise_drop(l, o);
    sally_pool_give(l->shared->packets, o->coat);
    sally_pool_give(l->shared->packets, o);
    l->outgoing--;
}

static void take_off(struct sally_coap_link *l, struct sally_coap_outgoing *o,
                     const struct sally_coap_message *m)
{
    sally_coap_reliable_remove(&l->reliable, &o->flight);
    o->flight.mid = m->mid;
    sally_coap_reliable_add(&l->reliable, &o->flight,
                            m->type == SALLY_COAP_CON, l->shared->parameters,
                            &l->shared->random);
}

/* What is in o->message now goes out. */
static void launch(struct sally_coap_link *l, struct sally_coap_outgoing *o,
                   const struct sally_coap_message *m, size_t len)
{
    o->flight.len = (uint16_t)len;
    if (o->coat != NULL)
        o->coat->len = 0;
    take_off(l, o, m);
}

void sally_coap_outgoing_protected(struct sally_coap_link *l,
                                   struct sally_coap_outgoing *o,
                                   const struct sally_coap_message *m)
{
    o->awaiting = true;
    take_off(l, o, m);
}

enum sally_err sally_coap_outgoing_send(struct sally_coap_link *l,
                                        struct sally_coap_outgoing *o,
                                        struct sally_coap_parts *p,
                                        sally_usec now)
{
    const struct sally_coap_parameters *par = l->shared->parameters;
    struct sally_buf room = { o->message, 0, sizeof(o->message) - p->spare };
    enum sally_err e = sally_coap_mids_take(&l->mids, par->exchange_lifetime,
                                            now, &p->message.mid);

    if (e != SALLY_E_OK)
        return e;
    if (sally_coap_compose(p, &room) != SALLY_E_OK)
        return SALLY_E_TOO_LARGE;
    launch(l, o, &p->message, room.len);
    return SALLY_E_OK;
}

enum sally_err sally_coap_outgoing_write(struct sally_coap_link *l,
                                         struct sally_coap_outgoing *o,
                                         const struct sally_coap_message *m,
                                         sally_usec now)
{
    struct sally_coap_message again = *m;
    struct sally_buf room = { o->message, 0,
                              sizeof(o->message) - sally_coap_shield_spare(l) };
    enum sally_err e =
        sally_coap_mids_take(&l->mids, l->shared->parameters->exchange_lifetime,
                             now, &again.mid);

    if (e != SALLY_E_OK)
        return e;
    if (sally_coap_write(&again, &room) != SALLY_E_OK)
        return SALLY_E_TOO_LARGE;
    launch(l, o, &again, room.len);
    return SALLY_E_OK;
}

struct sally_span sally_coap_outgoing_token(const struct sally_coap_outgoing *o)
{
    return (struct sally_span){ &o->message[4], SALLY_COAP_TOKEN_MAX };
}

void sally_coap_outgoing_end(struct sally_coap_link *l,
                             struct sally_coap_outgoing *o, enum sally_err e,
                             sally_usec now)
{
    enum sally_coap_purpose purpose = o->purpose;
    sally_coap_exchange id = o->id;

    sally_coap_outgoing_free(l, o);
    if (sally_coap_shield_answered(l, id, e, 0, now))
        return;
    if (purpose == SALLY_PURPOSE_REQUEST && l->upcalls->on_reply != NULL)
        l->upcalls->on_reply(l->owner, id, e, NULL, now);
    if (purpose == SALLY_PURPOSE_NOTIFICATION &&
        l->upcalls->on_notified != NULL)
        l->upcalls->on_notified(l->owner, id, e, now);
}

void sally_coap_outgoing_sent(struct sally_coap_link *l,
                              struct sally_coap_outgoing *o, sally_usec now)
{
    sally_coap_reliable_sent(&o->flight, now);
    if (o->purpose == SALLY_PURPOSE_REQUEST && o->until == SALLY_NEVER)
        o->until = sally_after(now, l->shared->parameters->exchange_lifetime);
    if (o->purpose == SALLY_PURPOSE_NOTIFICATION && !o->flight.confirmable)
        o->until = now; /* that was all: the owner hears of it next */
}

static bool same_options(const struct sally_coap_outgoing *o,
                         const struct sally_coap_question *q,
                         const struct sally_hash_key *seed)
{
    struct sally_coap_message asked, was;
    uint16_t mid;

    if (sally_coap_parse((struct sally_span){ o->message, o->flight.len }, &was,
                         &mid) != SALLY_E_OK)
        return false;
    asked = was;
    asked.code = q->code;
    asked.options = q->options;
    return sally_coap_body_key(seed, &asked) == sally_coap_body_key(seed, &was);
}

/* RFC 7641 s.3.6: the request that cancels has the token of the observation.
 * The observation itself ends here, silently.                               */
static void take_over(struct sally_coap_link *l,
                      const struct sally_coap_question *q, uint8_t *token)
{
    for (struct sally_coap_outgoing *o = first(l); o != NULL; o = after(o)) {
        if (!o->observing || !same_options(o, q, &l->seed))
            continue;
        memcpy(token, o->registered, SALLY_COAP_TOKEN_MAX);
        sally_coap_outgoing_free(l, o);
        return;
    }
}

static enum sally_err ask(struct sally_coap_link *l,
                          struct sally_coap_outgoing *o,
                          const struct sally_coap_question *q, sally_usec now)
{
    uint8_t token[SALLY_COAP_TOKEN_MAX];
    struct sally_coap_parts p = {
        .message = { .type = q->confirmable ? SALLY_COAP_CON : SALLY_COAP_NON,
                     .code = q->code,
                     .token = { token, sizeof(token) },
                     .options = q->options,
                     .payload = q->payload },
        .spare = sally_coap_shield_spare(l),
    };
    enum sally_err e;

    sally_random_fill(&l->shared->random, token, sizeof(token));
    if (q->observe == SALLY_OBSERVE_CANCEL)
        take_over(l, q, token);
    if (q->observe != SALLY_OBSERVE_ABSENT)
        sally_coap_parts_add(&p, SALLY_OWN_OBSERVE,
                             q->observe == SALLY_OBSERVE_CANCEL);
    memcpy(o->registered, token, sizeof(token));
    o->observe = q->observe;
    o->awaiting = true;
    e = sally_coap_blockwise_begin(l, o, &p);
    return e != SALLY_E_OK ? e : sally_coap_outgoing_send(l, o, &p, now);
}

enum sally_err sally_coap_exchange_ask(struct sally_coap_link *l,
                                       const struct sally_coap_question *q,
                                       sally_usec now, sally_coap_exchange *x)
{
    struct sally_coap_outgoing *o =
        sally_coap_outgoing_new(l, SALLY_PURPOSE_REQUEST);
    enum sally_err e;

    if (o == NULL)
        return SALLY_E_NO_ROOM;
    e = ask(l, o, q, now);
    if (e != SALLY_E_OK) {
        sally_coap_outgoing_free(l, o);
        return e;
    }
    *x = o->id;
    return SALLY_E_OK;
}

enum sally_err sally_coap_link_request(struct sally_coap_link *l,
                                       const struct sally_coap_question *q,
                                       sally_usec now, sally_coap_exchange *x)
{
    if (l->told != SALLY_CHANNEL_UP)
        return SALLY_E_BAD_STATE;
    return sally_coap_exchange_ask(l, q, now, x);
}

void sally_coap_link_cancel(struct sally_coap_link *l, sally_coap_exchange x)
{
    for (struct sally_coap_outgoing *o = first(l); o != NULL; o = after(o)) {
        if (o->id != x || o->purpose == SALLY_PURPOSE_RESPONSE)
            continue;
        sally_coap_outgoing_free(l, o);
        return;
    }
}

static bool expects(const struct sally_coap_outgoing *o,
                    struct sally_span token)
{
    struct sally_span registered = { o->registered, SALLY_COAP_TOKEN_MAX };

    if (o->purpose != SALLY_PURPOSE_REQUEST)
        return false;
    if (o->awaiting && sally_span_equal(sally_coap_outgoing_token(o), token))
        return true;
    return o->observing && sally_span_equal(registered, token);
}

/* RFC 7252 s.5.3.2: a piggybacked response answers by id and token, another
 * one by token.                                                             */
static struct sally_coap_outgoing *
find_question(const struct sally_coap_link *l,
              const struct sally_coap_message *m)
{
    for (struct sally_coap_outgoing *o = first(l); o != NULL; o = after(o))
        if (expects(o, m->token) &&
            (m->type != SALLY_COAP_ACK || o->flight.mid == m->mid))
            return o;
    return NULL;
}

enum heed { HEED, HEED_NOT };

/* Keeps count of notifications; those that are older than what we know are
 * not heeded, nor are those that come while we cancel. A stream keeps them in
 * order, and its numbers mean nothing (RFC 8323 s.7.1).                     */
static enum heed note_observe(const struct sally_coap_link *l,
                              struct sally_coap_outgoing *o,
                              const struct sally_coap_message *m,
                              sally_usec now)
{
    struct sally_span registered = { o->registered, SALLY_COAP_TOKEN_MAX };
    uint32_t number;

    if (!sally_span_equal(m->token, registered))
        return HEED; /* a further block of a body */
    o->notified = false;
    if (!sally_coap_option_uint(m->options, SALLY_OPTION_OBSERVE, &number) ||
        sally_coap_class(m->code) != 2)
        return HEED;
    if (o->observe == SALLY_OBSERVE_CANCEL && m->type != SALLY_COAP_ACK)
        return HEED_NOT;
    if (o->observe != SALLY_OBSERVE_REGISTER)
        return HEED;
    if (o->observing && l->stream == NULL && o->coat == NULL &&
        !sally_coap_observe_fresh(o, number, now))
        return HEED_NOT; /* else the stream or the shield knows the order */
    o->notified = true;
    o->observing = true;
    o->observe_number = number;
    o->observe_time = now;
    return HEED;
}

/* The reply is whole. An observation goes on; anything else is over before
 * the owner hears of it.                                                    */
static void deliver(struct sally_coap_link *l, struct sally_coap_outgoing *o,
                    const struct sally_coap_message *m, struct sally_span whole,
                    sally_usec now)
{
    struct sally_coap_reply reply = { m->code, o->notified, m->options, whole };
    sally_coap_exchange id = o->id;
    uint8_t *body = o->body;

    o->body = NULL; /* `whole` may borrow from it */
    o->transfer = SALLY_TRANSFER_NONE;
    o->awaiting = false;
    o->until = SALLY_NEVER;
    if (!o->notified)
        sally_coap_outgoing_free(l, o);
    if (!sally_coap_shield_answered(l, id, SALLY_E_OK, m->code, now) &&
        l->upcalls->on_reply != NULL)
        l->upcalls->on_reply(l->owner, id, SALLY_E_OK, &reply, now);
    sally_pool_give(l->shared->bodies, body);
}

static enum sally_err take_reply(struct sally_coap_link *l,
                                 struct sally_coap_outgoing *o,
                                 const struct sally_coap_message *m,
                                 sally_usec now)
{
    struct sally_span whole;
    enum sally_err e;

    if (note_observe(l, o, m, now) == HEED_NOT)
        return SALLY_E_OK;
    sally_coap_reliable_acknowledge(&l->reliable, &o->flight);
    if (sally_coap_echo_again(l, o, m, now))
        return SALLY_E_OK;
    e = sally_coap_blockwise_response(l, o, m, &whole, now);
    if (e == SALLY_E_PENDING)
        return SALLY_E_OK;
    if (e == SALLY_E_OK)
        deliver(l, o, m, whole, now);
    else
        sally_coap_outgoing_end(l, o, e, now);
    return e;
}

enum sally_err sally_coap_exchange_take(struct sally_coap_link *l,
                                        struct sally_coap_outgoing *o,
                                        const struct sally_coap_message *m,
                                        struct sally_coap_seen *seen,
                                        sally_usec now)
{
    uint16_t culprit;
    bool understood = sally_coap_options_understood(
        m->options, known_in_response, SALLY_LEN(known_in_response), &culprit);

    if (seen != NULL && (o == NULL || !understood))
        sally_coap_response_empty(l, seen, SALLY_COAP_RST);
    else if (m->type == SALLY_COAP_CON)
        sally_coap_response_empty(l, seen, SALLY_COAP_ACK);
    if (o == NULL)
        return SALLY_E_UNEXPECTED;
    if (understood)
        return take_reply(l, o, m, now);
    sally_coap_outgoing_end(l, o, SALLY_E_MALFORMED, now);
    return SALLY_E_UNSUPPORTED;
}

enum sally_err sally_coap_exchange_response(struct sally_coap_link *l,
                                            const struct sally_coap_message *m,
                                            struct sally_coap_seen *seen,
                                            sally_usec now)
{
    struct sally_coap_outgoing *o = find_question(l, m);

    return o != NULL && o->coat != NULL
               ? sally_coap_shield_response(l, o, m, seen, now)
               : sally_coap_exchange_take(l, o, m, seen, now);
}

enum sally_err sally_coap_exchange_acknowledge(struct sally_coap_link *l,
                                               uint16_t mid, sally_usec now)
{
    struct sally_coap_flight *f = sally_coap_reliable_find(&l->reliable, mid);

    if (f == NULL || !f->confirmable)
        return SALLY_E_UNEXPECTED;
    if (owner_of(f)->purpose == SALLY_PURPOSE_REQUEST)
        sally_coap_reliable_acknowledge(&l->reliable, f);
    else
        sally_coap_outgoing_end(l, owner_of(f), SALLY_E_OK, now);
    return SALLY_E_OK;
}

enum sally_err sally_coap_exchange_reset(struct sally_coap_link *l,
                                         uint16_t mid, sally_usec now)
{
    struct sally_coap_flight *f = sally_coap_reliable_find(&l->reliable, mid);

    if (f == NULL)
        return sally_coap_observe_reset(l, mid, now);
    if (owner_of(f)->coat != NULL &&
        owner_of(f)->purpose == SALLY_PURPOSE_REQUEST)
        return SALLY_E_UNEXPECTED; /* anybody can send one */
    sally_coap_outgoing_end(l, owner_of(f), SALLY_E_RESET, now);
    return SALLY_E_OK;
}

static sally_usec end_of(const struct sally_coap_outgoing *o)
{
    return o->flight.state == SALLY_FLIGHT_LOST ? 0 : o->until;
}

sally_usec sally_coap_exchange_deadline(const struct sally_coap_link *l)
{
    sally_usec due = sally_coap_reliable_deadline(&l->reliable);

    for (const struct sally_coap_outgoing *o = first(l); o != NULL;
         o = after(o))
        due = sally_earlier(due, end_of(o));
    return due;
}

/* One that is over, or NULL. */
static struct sally_coap_outgoing *find_over(const struct sally_coap_link *l,
                                             sally_usec now)
{
    struct sally_coap_outgoing *o = first(l);

    while (o != NULL && end_of(o) > now)
        o = after(o);
    return o;
}

static void finish(struct sally_coap_link *l, struct sally_coap_outgoing *o,
                   sally_usec now)
{
    if (o->coat != NULL && o->coat->error != SALLY_E_OK) {
        sally_coap_outgoing_end(l, o, o->coat->error, now);
        return;
    }
    if (o->purpose != SALLY_PURPOSE_NOTIFICATION || o->flight.confirmable) {
        sally_coap_outgoing_end(l, o, SALLY_E_TIMED_OUT, now);
        return;
    }
    sally_coap_observe_remember(l, o, now);
    sally_coap_outgoing_end(l, o, SALLY_E_OK, now);
}

/* The list is searched anew each time, since the owner may change it. */
void sally_coap_exchange_expire(struct sally_coap_link *l, sally_usec now)
{
    struct sally_coap_outgoing *o;

    sally_coap_reliable_expire(&l->reliable,
                               l->shared->parameters->max_retransmit, now);
    while ((o = find_over(l, now)) != NULL)
        finish(l, o, now);
}
