/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/link.c - composes the parts of a link: its session, its beginnings
 * and ends, and what it tells its owner.
 *
 * A link at rest holds sizeof(struct sally_coap_link), under 600 bytes, and
 * its stack's state. A block of `packets` each: the ring of the peer's
 * messages until EXCHANGE_LIFETIME after the last; requests that wait for our
 * answer, together; each exchange of ours; the datagram that goes out.      */
#include "coap/link.h"

#include "coap/connection.h"
#include "coap/link_parts.h"
#include "coap/shield.h"

const struct sally_coap_parameters sally_coap_defaults = {
    .ack_timeout = 2 * SALLY_SEC,
    .random_percent = 150,
    .max_retransmit = 4,
    .exchange_lifetime = 247 * SALLY_SEC,
    .separate_after = 500 * SALLY_MSEC,
    .block_size = 1024,
    .body_max = 16384,
};

void sally_coap_link_init(struct sally_coap_link *l,
                          const struct sally_coap_shared *shared,
                          const struct sally_coap_link_upcalls *upcalls,
                          void *owner)
{
    const struct sally_coap_parameters *p = shared->parameters;

    *l = (struct sally_coap_link){ .shared = shared,
                                   .upcalls = upcalls,
                                   .owner = owner,
                                   .told = SALLY_CHANNEL_IDLE };
    sally_random_fill(&shared->random, &l->seed, sizeof(l->seed));
    sally_coap_mids_init(&l->mids, &shared->random);
    sally_coap_dedup_init(&l->dedup, shared->packets, p->exchange_lifetime);
    sally_coap_bodies_init(&l->bodies, shared->bodies, p->body_max,
                           p->exchange_lifetime);
    l->notify_szx = sally_coap_block_szx(p->block_size);
}

sally_coap_exchange sally_coap_link_name(struct sally_coap_link *l)
{
    if (++l->last == 0)
        ++l->last;
    return l->last;
}

static struct sally_coap_outgoing *first(const struct sally_coap_link *l)
{
    return (struct sally_coap_outgoing *)(void *)l->reliable.first;
}

/* Gives back all that belongs to the session but its exchanges. */
static void clear(struct sally_coap_link *l)
{
    sally_coap_serving_wipe(l);
    sally_coap_dedup_wipe(&l->dedup);
    sally_coap_bodies_wipe(&l->bodies);
    sally_coap_shield_end(l);
    for (size_t i = 0; i < SALLY_LINK_RECENT_MAX; i++)
        l->recent[i].until = 0;
}

/* Ends every exchange and tells the owner of each; `told` is not UP by now,
 * so that it cannot begin new ones.                                         */
static void cancel_all(struct sally_coap_link *l, sally_usec now)
{
    while (first(l) != NULL)
        sally_coap_outgoing_end(l, first(l), SALLY_E_CANCELLED, now);
    clear(l);
}

static void end_all_silently(struct sally_coap_link *l)
{
    while (first(l) != NULL)
        sally_coap_outgoing_free(l, first(l));
    clear(l);
}

/* Tells the owner when the channel is not what it was. */
void sally_coap_link_follow(struct sally_coap_link *l, sally_usec now)
{
    enum sally_channel_state state;
    enum sally_err e = SALLY_E_OK;

    sally_coap_connection_turn(l, now);
    if (l->told == SALLY_CHANNEL_UP &&
        sally_coap_connection_state(l) == SALLY_CHANNEL_HANDSHAKE) {
        l->told = SALLY_CHANNEL_HANDSHAKE;
        cancel_all(l, now); /* new keys: what was protected is no good */
    }
    sally_coap_shield_drive(l, now);
    state = sally_coap_connection_state(l);
    if (state == l->told)
        return;
    l->told = state;
    if (state == SALLY_CHANNEL_UP)
        sally_coap_shield_up(l);
    if (sally_coap_link_is_over(state)) {
        e = state == SALLY_CHANNEL_CLOSED ? SALLY_E_CLOSED
                                          : sally_coap_connection_reason(l);
        cancel_all(l, now);
    }
    if (l->upcalls->on_channel != NULL &&
        (state == SALLY_CHANNEL_UP || sally_coap_link_is_over(state)))
        l->upcalls->on_channel(l->owner, e, now);
}

static enum sally_err begin(struct sally_coap_link *l,
                            const struct sally_credential *credential,
                            const struct sally_key_finder *finder,
                            const struct sally_object_past *past,
                            sally_usec now)
{
    enum sally_err e = sally_coap_connection_open(l, now);

    if (e == SALLY_E_OK)
        e = sally_coap_shield_start(l, credential, finder, past, now);
    if (e == SALLY_E_OK)
        sally_coap_link_follow(l, now);
    else
        sally_stack_end(&l->stack);
    return e;
}

enum sally_err sally_coap_link_start(struct sally_coap_link *l,
                                     enum sally_scheme scheme,
                                     const struct sally_credential *credential,
                                     const struct sally_object_past *past,
                                     sally_usec now)
{
    enum sally_err e;

    l->told = SALLY_CHANNEL_IDLE;
    l->leaving = false;
    cancel_all(l, now);
    sally_coap_link_give_wire(l);
    sally_coap_connection_wipe(l);
    e = sally_stack_start(&l->stack, l->shared->security, scheme, credential,
                          now);
    return e == SALLY_E_OK ? begin(l, credential, NULL, past, now) : e;
}

enum sally_err sally_coap_link_accept(struct sally_coap_link *l,
                                      enum sally_scheme scheme,
                                      const struct sally_key_finder *finder,
                                      sally_usec now)
{
    enum sally_err e;

    l->told = SALLY_CHANNEL_IDLE;
    l->leaving = false;
    cancel_all(l, now);
    sally_coap_link_give_wire(l);
    sally_coap_connection_wipe(l);
    e = sally_stack_accept(&l->stack, l->shared->security, scheme, finder, now);
    if (e != SALLY_E_OK)
        return e;
    return begin(l, NULL, finder, finder == NULL ? NULL : finder->past, now);
}

sally_usec sally_coap_link_deadline(const struct sally_coap_link *l)
{
    sally_usec due = SALLY_NEVER;

    if (sally_coap_connection_state(l) != l->told)
        return 0; /* the owner must hear of it */
    if (!sally_coap_link_is_over(l->told))
        due = sally_stack_deadline(&l->stack);
    due = sally_earlier(due, sally_coap_connection_deadline(l));
    due = sally_earlier(due, sally_coap_exchange_deadline(l));
    due = sally_earlier(due, sally_coap_serving_deadline(l));
    due = sally_earlier(due, sally_coap_dedup_deadline(&l->dedup));
    return sally_earlier(due, sally_coap_bodies_deadline(&l->bodies));
}

void sally_coap_link_expire(struct sally_coap_link *l, sally_usec now)
{
    if (!sally_coap_link_is_over(l->told) &&
        sally_stack_deadline(&l->stack) <= now)
        sally_stack_expire(&l->stack, now);
    sally_coap_connection_expire(l, now);
    if (sally_coap_connection_resumes(l))
        (void)sally_coap_link_take_stream(l, now);
    sally_coap_link_follow(l, now);
    sally_coap_exchange_expire(l, now);
    sally_coap_shield_drive(l, now);
    sally_coap_serving_expire(l, now);
    sally_coap_dedup_expire(&l->dedup, now);
    sally_coap_bodies_expire(&l->bodies, now);
}

size_t sally_coap_link_busy(const struct sally_coap_link *l)
{
    return sally_coap_reliable_busy(&l->reliable);
}

enum sally_channel_state sally_coap_link_state(const struct sally_coap_link *l)
{
    return l->told;
}

const struct sally_stack *sally_coap_link_stack(const struct sally_coap_link *l)
{
    return &l->stack;
}

void sally_coap_link_lost(struct sally_coap_link *l, enum sally_err e,
                          sally_usec now)
{
    if (l->stream == NULL)
        return;
    sally_coap_stream_end(l->stream, e);
    sally_coap_link_follow(l, now);
}

enum sally_err sally_coap_link_save(const struct sally_coap_link *l,
                                    struct sally_buf *out)
{
    return sally_stack_save(&l->stack, out);
}

enum sally_err sally_coap_link_restore(struct sally_coap_link *l,
                                       struct sally_span saved)
{
    return sally_stack_restore(&l->stack, saved);
}

void sally_coap_link_close(struct sally_coap_link *l, sally_usec now)
{
    (void)now;
    end_all_silently(l);
    sally_stack_close(&l->stack);
    l->told = sally_coap_connection_state(l);
}

void sally_coap_link_end(struct sally_coap_link *l)
{
    end_all_silently(l);
    sally_coap_link_give_wire(l);
    sally_coap_connection_wipe(l);
    l->leaving = sally_stack_state(&l->stack) == SALLY_CHANNEL_FAILED;
    if (!l->leaving)
        sally_stack_end(&l->stack);
    l->told = l->leaving ? SALLY_CHANNEL_FAILED : SALLY_CHANNEL_IDLE;
}

void sally_coap_link_wipe(struct sally_coap_link *l)
{
    if (l->shared == NULL)
        return; /* never initialised, or wiped before */
    end_all_silently(l);
    sally_coap_link_give_wire(l);
    sally_coap_connection_wipe(l);
    sally_stack_wipe(&l->stack);
    sally_coap_shield_wipe(l);
    l->told = SALLY_CHANNEL_IDLE;
}

/* It can come from within the mechanism, so all else waits for _expire(). */
void sally_coap_link_reserved(struct sally_coap_link *l, uint64_t until,
                              sally_usec now)
{
    struct sally_stack_object *object = l->stack.object;

    (void)now;
    if (object != NULL)
        object->row->reserved(object->state, until);
}

struct sally_coap_hint sally_coap_link_hint(const struct sally_coap_link *l)
{
    static const struct sally_coap_hint none = { .code = SALLY_CODE_EMPTY };

    return l->shield == NULL ? none : l->shield->hint;
}

bool sally_coap_link_binding(const struct sally_coap_link *l,
                             struct sally_span token,
                             struct sally_binding *out)
{
    const struct sally_binding *b =
        l->shield == NULL ? NULL
                          : sally_coap_bound_find(&l->shield->bound, token);

    if (b != NULL)
        *out = *b;
    return b != NULL;
}

enum sally_err sally_coap_link_bind(struct sally_coap_link *l,
                                    struct sally_span token,
                                    const struct sally_binding *binding)
{
    enum sally_err e = sally_coap_shield_make(l);

    if (e == SALLY_E_OK &&
        sally_coap_bound_put(&l->shield->bound, token, binding) == NULL)
        e = SALLY_E_NO_ROOM;
    return e;
}
