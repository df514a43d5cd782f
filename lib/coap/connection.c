/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/connection.c - between a link's parts and its stream. */
#include "coap/connection.h"

#include "coap/shield.h"

enum sally_err sally_coap_connection_open(struct sally_coap_link *l,
                                          sally_usec now)
{
    if (!sally_stack_is_stream(&l->stack))
        return SALLY_E_OK;
    l->stream = sally_pool_take(l->shared->packets);
    if (l->stream == NULL)
        return SALLY_E_NO_ROOM;
    sally_coap_stream_init(l->stream, now);
    return SALLY_E_OK;
}

void sally_coap_connection_wipe(struct sally_coap_link *l)
{
    sally_pool_give(l->shared->packets, l->stream);
    l->stream = NULL;
}

static bool is_over(enum sally_channel_state state)
{
    return state == SALLY_CHANNEL_CLOSED || state == SALLY_CHANNEL_FAILED;
}

void sally_coap_connection_turn(struct sally_coap_link *l, sally_usec now)
{
    if (l->stream != NULL && l->stream->state == SALLY_CHANNEL_IDLE &&
        sally_stack_carries(&l->stack))
        sally_coap_stream_begin(l->stream, now);
}

enum sally_channel_state
sally_coap_connection_state(const struct sally_coap_link *l)
{
    enum sally_channel_state stack = sally_stack_state(&l->stack);

    if (l->stream == NULL)
        return stack;
    if (is_over(l->stream->state))
        return l->stream->state;
    if (!sally_stack_carries(&l->stack) ||
        l->stream->state == SALLY_CHANNEL_UP)
        return stack;
    return SALLY_CHANNEL_HANDSHAKE; /* the peer's CSM is not there yet */
}

bool sally_coap_connection_carries(const struct sally_coap_link *l)
{
    return sally_stack_carries(&l->stack) &&
           (l->stream == NULL || l->stream->state == SALLY_CHANNEL_UP);
}

enum sally_err sally_coap_connection_reason(const struct sally_coap_link *l)
{
    if (l->stream != NULL && l->stream->state == SALLY_CHANNEL_FAILED)
        return l->stream->reason;
    return sally_stack_reason(&l->stack);
}

/* --- In ------------------------------------------------------------------ */

/* Must something go out, or be answered, before the peer may say more? */
static bool is_held(const struct sally_coap_link *l)
{
    return sally_coap_stream_out(l->stream).len != 0 ||
           sally_coap_dedup_ready(&l->dedup) != NULL ||
           (l->serving != NULL && l->serving->used == SALLY_LINK_SERVING_MAX);
}

bool sally_coap_connection_resumes(const struct sally_coap_link *l)
{
    return l->stream != NULL && l->stream->unread && !is_held(l);
}

size_t sally_coap_link_room(const struct sally_coap_link *l)
{
    if (l->stream == NULL)
        return SALLY_DATAGRAM_MAX;
    if (l->stream->unread || is_over(sally_coap_connection_state(l)))
        return 0;
    return sally_coap_stream_room(l->stream);
}

/* `unread` stays until the channel says that there is no more. */
static enum sally_err fill(struct sally_coap_link *l, struct sally_span chunk,
                           sally_usec now)
{
    enum sally_err e =
        sally_stack_open(&l->stack, chunk, &l->stream->in, now);

    l->stream->unread = e == SALLY_E_OK;
    if (e != SALLY_E_OK && e != SALLY_E_PENDING)
        sally_coap_stream_end(l->stream, e);
    sally_coap_connection_turn(l, now);
    return e;
}

void sally_coap_connection_feed(struct sally_coap_link *l,
                                struct sally_span chunk, sally_usec now)
{
    l->stream->heard = now;
    if (chunk.len > sally_coap_link_room(l))
        sally_coap_stream_end(l->stream, SALLY_E_NO_ROOM);
    else
        (void)fill(l, chunk, now);
}

enum sally_err sally_coap_connection_next(struct sally_coap_link *l,
                                          struct sally_coap_message *m,
                                          sally_usec now)
{
    static const struct sally_span nothing = { NULL, 0 };
    enum sally_err e;

    do {
        if (is_held(l)) {
            l->stream->unread = true;
            return SALLY_E_PENDING;
        }
        e = sally_coap_stream_next(l->stream, m);
        if (e != SALLY_E_PENDING)
            return e;
    } while (is_held(l) ||
             (l->stream->unread && fill(l, nothing, now) == SALLY_E_OK));
    return SALLY_E_PENDING;
}

/* Nobody repeats what there is no room for: it is answered at once. */
static enum sally_err take_request(struct sally_coap_link *l,
                                   struct sally_coap_message *m, sally_usec now)
{
    struct sally_coap_seen *seen = NULL;
    enum sally_err e;

    while (sally_coap_dedup_find(&l->dedup, m->mid) != NULL)
        m->mid = ++l->stream->mid;
    e = sally_coap_dedup_see(&l->dedup, m->mid, now, &seen);
    if (e == SALLY_E_OK)
        e = l->shield != NULL ? sally_coap_shield_request(l, m, seen, now)
                              : sally_coap_serving_request(l, m, seen, now);
    if (e != SALLY_E_NO_ROOM)
        return e;
    seen = sally_coap_dedup_find(&l->dedup, m->mid);
    if (seen != NULL && seen->len != 0)
        return e; /* the reason is on its way */
    if (seen != NULL)
        sally_coap_dedup_forget(&l->dedup, seen);
    sally_coap_stream_answer(l->stream, m, SALLY_CODE_UNAVAILABLE);
    return e;
}

enum sally_err sally_coap_connection_take(struct sally_coap_link *l,
                                          struct sally_coap_message *m,
                                          sally_usec now)
{
    switch (sally_coap_class(m->code)) {
    case 0: return take_request(l, m, now);
    case 2:
    case 4:
    case 5: return sally_coap_exchange_response(l, m, NULL, now);
    case 7: return sally_coap_exchange_acknowledge(l, m->mid, now);
    default: return SALLY_E_UNEXPECTED; /* reserved */
    }
}

/* --- Out ----------------------------------------------------------------- */

enum sally_err sally_coap_connection_seal(struct sally_coap_link *l,
                                          struct sally_span message,
                                          struct sally_buf *wire)
{
    uint8_t room[SALLY_MESSAGE_MAX];
    struct sally_buf frame = SALLY_BUF(room);
    enum sally_err e = sally_coap_stream_frame(message, &frame);

    if (e == SALLY_E_OK && frame.len != 0)
        e = sally_stack_seal(&l->stack, sally_buf_span(&frame), wire);
    if (e != SALLY_E_OK)
        sally_coap_stream_end(l->stream, e);
    return e;
}

enum sally_err sally_coap_connection_signal(struct sally_coap_link *l,
                                            struct sally_buf *wire)
{
    enum sally_err e = sally_stack_seal(
        &l->stack, sally_coap_stream_out(l->stream), wire);

    sally_coap_stream_sent(l->stream);
    if (e != SALLY_E_OK)
        sally_coap_stream_end(l->stream, e);
    return e;
}

void sally_coap_connection_sent(struct sally_coap_link *l,
                                struct sally_coap_outgoing *o, sally_usec now)
{
    if (!o->flight.confirmable)
        return;
    if (o->purpose == SALLY_PURPOSE_NOTIFICATION) {
        o->flight.due = SALLY_NEVER;
        sally_coap_stream_confirm(l->stream, o->flight.mid, now);
        return;
    }
    sally_coap_reliable_acknowledge(&l->reliable, &o->flight);
    if (o->purpose == SALLY_PURPOSE_RESPONSE)
        o->until = now;
}

/* --- Time ---------------------------------------------------------------- */

static bool is_owed(const struct sally_coap_link *l)
{
    const struct sally_coap_flight *f = l->reliable.first;

    for (; f != NULL; f = f->next) {
        const struct sally_coap_outgoing *o = (const void *)f;

        if (o->awaiting || o->purpose == SALLY_PURPOSE_NOTIFICATION)
            return true;
    }
    return false;
}

/* While we hold the peer back, its silence means nothing. */
sally_usec sally_coap_connection_deadline(const struct sally_coap_link *l)
{
    if (l->stream == NULL)
        return SALLY_NEVER;
    if (l->stream->unread)
        return is_held(l) ? SALLY_NEVER : 0;
    return sally_coap_stream_deadline(l->stream, is_owed(l));
}

void sally_coap_connection_expire(struct sally_coap_link *l, sally_usec now)
{
    if (l->stream != NULL && !l->stream->unread)
        sally_coap_stream_expire(l->stream, is_owed(l), now);
}
