/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/observe.c - which notification is newer, and sending them. */
#include "coap/observe.h"

#include "coap/response.h"
#include "coap/shield.h"

#define NUMBER_MASK 0xffffffu
#define HALF (1u << 23)
#define FORGET_ORDER (128 * SALLY_SEC)

bool sally_coap_observe_fresh(const struct sally_coap_outgoing *o,
                              uint32_t number, sally_usec now)
{
    uint32_t v1 = o->observe_number;

    if (now > sally_after(o->observe_time, FORGET_ORDER))
        return true;
    return (v1 < number && number - v1 < HALF) ||
           (v1 > number && v1 - number > HALF);
}

uint32_t sally_coap_observe_next(struct sally_coap_link *l)
{
    l->observe_number = (l->observe_number + 1) & NUMBER_MASK;
    return l->observe_number;
}

uint32_t sally_coap_link_observe_number(const struct sally_coap_link *l)
{
    return l->observe_number;
}

void sally_coap_link_observe_from(struct sally_coap_link *l, uint32_t number)
{
    l->observe_number = number & NUMBER_MASK;
}

static void fill(struct sally_coap_link *l, struct sally_coap_parts *p)
{
    struct sally_coap_block block = { .szx = l->notify_szx };
    struct sally_span whole = p->message.payload;

    if (sally_coap_class(p->message.code) == 2)
        sally_coap_parts_add(p, SALLY_OWN_OBSERVE, sally_coap_observe_next(l));
    if (sally_coap_response_cut(p, &block, false) == SALLY_E_OK && block.more)
        sally_coap_parts_add(p, SALLY_OWN_ETAG,
                             sally_coap_response_etag(l, whole));
}

enum sally_err sally_coap_link_notify(struct sally_coap_link *l,
                                      struct sally_span token,
                                      const struct sally_coap_answer *a,
                                      bool confirmable, sally_usec now,
                                      sally_coap_exchange *x)
{
    struct sally_coap_parts p = {
        .message = { .type = confirmable ? SALLY_COAP_CON : SALLY_COAP_NON,
                     .code = a->code,
                     .token = token,
                     .options = a->options,
                     .payload = a->payload },
        .spare = sally_coap_shield_spare(l),
    };
    struct sally_coap_outgoing *o;
    enum sally_err e;

    if (l->told != SALLY_CHANNEL_UP)
        return SALLY_E_BAD_STATE;
    o = sally_coap_outgoing_new(l, SALLY_PURPOSE_NOTIFICATION);
    if (o == NULL)
        return SALLY_E_NO_ROOM;
    fill(l, &p);
    e = sally_coap_outgoing_send(l, o, &p, now);
    if (e == SALLY_E_OK)
        *x = o->id;
    else
        sally_coap_outgoing_free(l, o);
    return e;
}

void sally_coap_observe_remember(struct sally_coap_link *l,
                                 const struct sally_coap_outgoing *o,
                                 sally_usec now)
{
    struct sally_coap_recent *r = &l->recent[l->next_recent];

    l->next_recent = (uint8_t)((l->next_recent + 1) % SALLY_LINK_RECENT_MAX);
    r->until = sally_after(now, l->shared->parameters->exchange_lifetime);
    r->exchange = o->id;
    r->mid = o->flight.mid;
}

enum sally_err sally_coap_observe_reset(struct sally_coap_link *l, uint16_t mid,
                                        sally_usec now)
{
    for (size_t i = 0; i < SALLY_LINK_RECENT_MAX; i++) {
        struct sally_coap_recent *r = &l->recent[i];

        if (r->until <= now || r->mid != mid)
            continue;
        r->until = 0;
        if (l->upcalls->on_notified != NULL)
            l->upcalls->on_notified(l->owner, r->exchange, SALLY_E_RESET, now);
        return SALLY_E_OK;
    }
    return SALLY_E_UNEXPECTED;
}
