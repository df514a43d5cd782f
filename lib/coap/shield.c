/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/shield.c - protects what a link sends. RFC 8613 s.8.1, 8.3. */
#include "coap/shield.h"

#include "coap/connection.h"

#include <stdlib.h>

#define TAG_MAX 8 /* bytes of a Request-Tag option */

_Static_assert(sizeof(struct sally_coap_coat) <= SALLY_DATAGRAM_MAX,
               "a coat fits one block of the packets pool");

/* --- The session --------------------------------------------------------- */

static void on_reserve(void *owner, uint64_t until)
{
    struct sally_coap_link *l = owner;

    l->upcalls->on_reserve(l->owner, until);
}

enum sally_err sally_coap_shield_make(struct sally_coap_link *l)
{
    const struct sally_coap_parameters *p = l->shared->parameters;
    struct sally_coap_shield *s = l->shield;
    size_t options = SALLY_DATAGRAM_MAX / 2; /* room to decode into */

    if (s == NULL)
        s = l->shield = calloc(1, sizeof(*s));
    if (s == NULL)
        return SALLY_E_NO_MEMORY;
    s->bound.packets = l->shared->packets;
    sally_coap_bodies_init(&s->outer, l->shared->bodies,
                           p->body_max > options ? p->body_max - options : 0,
                           p->exchange_lifetime);
    return SALLY_E_OK;
}

/* Without somebody who makes numbers durable nothing is known of their past,
 * and the mechanism has to agree on new keys. A NULL finder never gets here: a
 * server without contexts has no object mechanism.                          */
enum sally_err
sally_coap_shield_start(struct sally_coap_link *l,
                        const struct sally_credential *credential,
                        const struct sally_key_finder *finder,
                        const struct sally_object_past *past, sally_usec now)
{
    bool keeps = l->upcalls->on_reserve != NULL;
    const struct sally_object_host host = { keeps ? on_reserve : NULL, l };
    enum sally_err e;

    if (l->stack.object == NULL) {
        sally_coap_shield_wipe(l);
        return SALLY_E_OK;
    }
    e = sally_coap_shield_make(l);
    if (e == SALLY_E_OK)
        l->shield->hint = (struct sally_coap_hint){ .code = SALLY_CODE_EMPTY };
    return e != SALLY_E_OK
               ? e
               : sally_stack_start_object(&l->stack, credential, finder,
                                          keeps ? past : NULL, &host,
                                          l->shared->random, now);
}

void sally_coap_shield_end(struct sally_coap_link *l)
{
    if (l->shield == NULL)
        return;
    sally_coap_bodies_wipe(&l->shield->outer);
    l->shield->question = 0;
}

void sally_coap_shield_wipe(struct sally_coap_link *l)
{
    if (l->shield == NULL)
        return;
    sally_coap_shield_end(l);
    sally_coap_bound_wipe(&l->shield->bound);
    free(l->shield);
    l->shield = NULL;
}

void sally_coap_shield_up(struct sally_coap_link *l)
{
    if (l->shield != NULL && !sally_stack_resumed(&l->stack))
        sally_coap_bound_wipe(&l->shield->bound);
}

static enum sally_err ask(struct sally_coap_link *l,
                          const struct sally_coap_message *plain,
                          sally_usec now)
{
    const struct sally_coap_question q = { .code = plain->code,
                                           .confirmable = true,
                                           .options = plain->options,
                                           .payload = plain->payload };

    return sally_coap_exchange_ask(l, &q, now, &l->shield->question);
}

void sally_coap_shield_drive(struct sally_coap_link *l, sally_usec now)
{
    struct sally_coap_message plain = { .type = SALLY_COAP_CON };
    enum sally_err e;

    if (l->shield == NULL || l->shield->question != 0 ||
        !sally_coap_connection_carries(l) ||
        !sally_stack_question(&l->stack, &plain))
        return;
    e = ask(l, &plain, now);
    if (e != SALLY_E_OK)
        l->stack.object->row->answered(l->stack.object->state, e, 0, now);
}

bool sally_coap_shield_answered(struct sally_coap_link *l,
                                sally_coap_exchange x, enum sally_err e,
                                uint8_t code, sally_usec now)
{
    if (l->shield == NULL || x == 0 || x != l->shield->question)
        return false;
    l->shield->question = 0;
    if (l->stack.object != NULL)
        l->stack.object->row->answered(l->stack.object->state, e, code, now);
    return true;
}

size_t sally_coap_shield_spare(const struct sally_coap_link *l)
{
    return l->stack.object == NULL ? 0
                                   : l->stack.object->row->overhead + TAG_MAX;
}

/* --- Out ----------------------------------------------------------------- */

static enum sally_err protect(struct sally_coap_link *l,
                              enum sally_object_kind kind,
                              const struct sally_coap_message *plain,
                              struct sally_binding *b, struct sally_buf *out)
{
    struct sally_stack_object *object = l->stack.object;
    enum sally_err e;

    if (b == NULL)
        return SALLY_E_NOT_FOUND; /* nobody observes under this token */
    e = object->row->protect(object->state, kind, plain, b, out);
    if (e == SALLY_E_BAD_STATE && kind == SALLY_OBJECT_NOTIFICATION)
        return SALLY_E_NOT_FOUND; /* or did, with keys that are gone */
    if (e == SALLY_E_OK && kind == SALLY_OBJECT_NOTIFICATION &&
        sally_coap_class(plain->code) != 2)
        sally_coap_bound_drop(&l->shield->bound, plain->token);
    return e;
}

bool sally_coap_shield_registers(const struct sally_coap_outgoing *o,
                                 struct sally_span token)
{
    return sally_span_equal(
        token, (struct sally_span){ o->registered, sizeof(o->registered) });
}

static enum sally_err protect_flight(struct sally_coap_link *l,
                                     struct sally_coap_outgoing *o)
{
    struct sally_coap_coat *c = o->coat;
    struct sally_buf out = SALLY_BUF(c->bytes);
    struct sally_binding *b = &c->asked;
    enum sally_object_kind kind = SALLY_OBJECT_NOTIFICATION;
    struct sally_coap_message plain;
    uint16_t mid;
    enum sally_err e = sally_coap_parse(
        (struct sally_span){ o->message, o->flight.len }, &plain, &mid);

    if (e != SALLY_E_OK)
        return e;
    if (o->purpose == SALLY_PURPOSE_REQUEST)
        kind = SALLY_OBJECT_REQUEST;
    else if (o->purpose == SALLY_PURPOSE_RESPONSE && !c->observed)
        kind = SALLY_OBJECT_RESPONSE;
    else
        b = sally_coap_bound_find(&l->shield->bound, plain.token);
    e = protect(l, kind, &plain, b, &out);
    if (e != SALLY_E_OK)
        return e;
    if (kind == SALLY_OBJECT_REQUEST &&
        sally_coap_shield_registers(o, plain.token))
        c->registered = c->asked;
    c->len = (uint16_t)out.len;
    return SALLY_E_OK;
}

struct sally_span sally_coap_shield_bytes(struct sally_coap_link *l,
                                          struct sally_coap_outgoing *o,
                                          sally_usec now)
{
    struct sally_coap_coat *c = o->coat;
    enum sally_err e = c->len == 0 ? protect_flight(l, o) : SALLY_E_OK;

    if (e == SALLY_E_PENDING) { /* the time for it runs all the same */
        if (o->until == SALLY_NEVER)
            o->until =
                sally_after(now, l->shared->parameters->exchange_lifetime);
    } else if (e != SALLY_E_OK) {
        c->error = e;
        o->flight.state = SALLY_FLIGHT_LOST;
    }
    return (struct sally_span){ c->bytes, c->len };
}

/* --- Answers ------------------------------------------------------------- */

static struct sally_binding *binding_of(struct sally_coap_link *l,
                                        const struct sally_coap_serving *s)
{
    return s->id == 0 ? &l->shield->incoming
                      : &l->serving->binding[s - l->serving->entry];
}

static bool registers(const struct sally_coap_parts *p)
{
    return (p->own >> SALLY_OWN_OBSERVE & 1) != 0;
}

enum sally_err sally_coap_shield_tie(struct sally_coap_link *l,
                                     struct sally_coap_outgoing *o,
                                     const struct sally_coap_serving *s,
                                     const struct sally_coap_parts *p)
{
    if (o->coat == NULL)
        return SALLY_E_OK;
    o->coat->asked = *binding_of(l, s);
    o->coat->observed = registers(p);
    if (o->coat->observed &&
        sally_coap_bound_put(&l->shield->bound, p->message.token,
                             binding_of(l, s)) == NULL)
        return SALLY_E_NO_ROOM;
    return SALLY_E_OK;
}

/* The answer to a registration and the notifications that follow share one
 * binding, so that only one of them uses the nonce of the request.          */
enum sally_err sally_coap_shield_answer(struct sally_coap_link *l,
                                        const struct sally_coap_serving *s,
                                        const struct sally_coap_parts *p,
                                        struct sally_buf *out)
{
    uint8_t bytes[SALLY_MESSAGE_MAX];
    struct sally_buf room = { bytes, 0, sizeof(bytes) - p->spare };
    enum sally_object_kind kind = SALLY_OBJECT_RESPONSE;
    struct sally_binding *b = binding_of(l, s);
    struct sally_coap_message plain;
    uint16_t mid;
    enum sally_err e = sally_coap_compose(p, &room);

    if (e == SALLY_E_OK)
        e = sally_coap_parse(sally_buf_span(&room), &plain, &mid);
    if (e != SALLY_E_OK)
        return e;
    if (registers(p)) {
        kind = SALLY_OBJECT_NOTIFICATION;
        b = sally_coap_bound_put(&l->shield->bound, plain.token, b);
        if (b == NULL)
            return SALLY_E_NO_ROOM;
    }
    return protect(l, kind, &plain, b, out);
}
