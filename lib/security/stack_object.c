/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/stack_object.c - the part of a session that stands above
 * retransmission: what protects its messages end to end.                    */
#include "security/stack_object.h"

#include "base/secret.h"

#include <stdlib.h>

enum sally_err sally_stack_object_make(struct sally_stack *s,
                                       const struct sally_object_mechanism *row)
{
    if (row == NULL)
        return SALLY_E_OK;
    s->object = calloc(1, sizeof(*s->object) + row->size);
    if (s->object == NULL)
        return SALLY_E_NO_MEMORY;
    s->object->row = row;
    return SALLY_E_OK;
}

void sally_stack_object_end(struct sally_stack *s)
{
    struct sally_stack_object *o = s->object;

    if (o == NULL)
        return;
    if (o->started)
        o->row->wipe(o->state);
    sally_wipe(o->state, o->row->size);
    free(o);
    s->object = NULL;
}

enum sally_err
sally_stack_start_object(struct sally_stack *s,
                         const struct sally_credential *credential,
                         const struct sally_key_finder *finder,
                         const struct sally_object_past *past,
                         const struct sally_object_host *host,
                         struct sally_random random, sally_usec now)
{
    struct sally_stack_object *o = s->object;
    enum sally_err e;

    if (o == NULL)
        return SALLY_E_OK;
    e = o->row->start(o->state, credential, finder, past, host, random, now);
    o->started = e == SALLY_E_OK;
    o->continued = past != NULL && past->known && past->trusted;
    return e;
}

enum sally_channel_state sally_stack_object_state(const struct sally_stack *s)
{
    const struct sally_stack_object *o = s->object;

    if (o == NULL)
        return SALLY_CHANNEL_UP;
    return o->started ? o->row->state(o->state) : SALLY_CHANNEL_HANDSHAKE;
}

bool sally_stack_carries(const struct sally_stack *s)
{
    return s->state != NULL && s->channel->state(s->state) == SALLY_CHANNEL_UP;
}

bool sally_stack_question(struct sally_stack *s,
                          struct sally_coap_message *plain)
{
    struct sally_stack_object *o = s->object;

    if (o == NULL || !o->started || !sally_stack_carries(s) ||
        !o->row->question(o->state, plain))
        return false;
    o->continued = false;
    return true;
}

sally_usec sally_stack_object_deadline(const struct sally_stack *s)
{
    const struct sally_stack_object *o = s->object;

    return o == NULL || !o->started ? SALLY_NEVER : o->row->deadline(o->state);
}

void sally_stack_object_expire(struct sally_stack *s, sally_usec now)
{
    if (sally_stack_object_deadline(s) <= now)
        s->object->row->expire(s->object->state, now);
}
