/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/link.c - composes the parts of a link: what arrives goes to the
 * part that it is for, and what the parts have to say goes out sealed.
 *
 * A link at rest holds sizeof(struct sally_coap_link), under 600 bytes, and
 * its stack's state. A block of `packets` each: the ring of the peer's
 * messages until EXCHANGE_LIFETIME after the last; requests that wait for our
 * answer, together; each exchange of ours; the datagram that goes out.      */
#include "coap/link.h"

#include "coap/connection.h"
#include "coap/observe.h"
#include "coap/response.h"
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

static void give_wire(struct sally_coap_link *l)
{
    sally_pool_give(l->shared->packets, l->wire);
    l->wire = NULL;
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

static bool is_over(enum sally_channel_state state)
{
    return state == SALLY_CHANNEL_CLOSED || state == SALLY_CHANNEL_FAILED;
}

/* Tells the owner when the channel is not what it was. */
static void follow_channel(struct sally_coap_link *l, sally_usec now)
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
    if (is_over(state)) {
        e = state == SALLY_CHANNEL_CLOSED ? SALLY_E_CLOSED
                                          : sally_coap_connection_reason(l);
        cancel_all(l, now);
    }
    if (l->upcalls->on_channel != NULL &&
        (state == SALLY_CHANNEL_UP || is_over(state)))
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
        follow_channel(l, now);
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
    give_wire(l);
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
    give_wire(l);
    sally_coap_connection_wipe(l);
    e = sally_stack_accept(&l->stack, l->shared->security, scheme, finder, now);
    return e == SALLY_E_OK ? begin(l, NULL, finder, finder == NULL ? NULL : finder->past, now) : e;
}

/* RFC 7252 s.4.2: a confirmable message that makes no sense gets a Reset,
 * which is also what a ping (an empty one) wants.                           */
static enum sally_err reject(struct sally_coap_link *l,
                             struct sally_coap_seen *seen,
                             enum sally_coap_type type, enum sally_err e)
{
    if (type == SALLY_COAP_CON)
        sally_coap_response_empty(l, seen, SALLY_COAP_RST);
    return e;
}

static enum sally_err take_new(struct sally_coap_link *l,
                               const struct sally_coap_message *m,
                               struct sally_coap_seen *seen, sally_usec now)
{
    switch (sally_coap_class(m->code)) {
    case 0:
        if (m->code == SALLY_CODE_EMPTY)
            return reject(l, seen, m->type,
                          m->type == SALLY_COAP_CON ? SALLY_E_OK
                                                    : SALLY_E_MALFORMED);
        return l->shield != NULL ? sally_coap_shield_request(l, m, seen, now)
                                 : sally_coap_serving_request(l, m, seen, now);
    case 2:
    case 4:
    case 5: return sally_coap_exchange_response(l, m, seen, now);
    default: return reject(l, seen, m->type, SALLY_E_MALFORMED); /* reserved */
    }
}

/* A confirmable or non-confirmable message. If there is no room to deal with
 * it, it counts as lost: the peer will send it again.                       */
static enum sally_err take_first_hand(struct sally_coap_link *l,
                                      const struct sally_coap_message *m,
                                      sally_usec now)
{
    struct sally_coap_seen *seen;
    enum sally_err e = sally_coap_dedup_see(&l->dedup, m->mid, now, &seen);

    if (e != SALLY_E_OK)
        return e;
    e = take_new(l, m, seen, now);
    if (e == SALLY_E_NO_ROOM && sally_coap_class(m->code) == 0) {
        seen = sally_coap_dedup_find(&l->dedup, m->mid);
        if (seen != NULL && seen->len == 0)
            sally_coap_dedup_forget(&l->dedup, seen);
    }
    return e;
}

/* What a malformed datagram still says in its first four bytes. */
static enum sally_err take_malformed(struct sally_coap_link *l,
                                     struct sally_span bytes, uint16_t mid,
                                     enum sally_err e, sally_usec now)
{
    struct sally_coap_seen *seen;

    if (bytes.len >= 4 && bytes.at[0] >> 6 == 1 &&
        (bytes.at[0] >> 4 & 3) == SALLY_COAP_CON &&
        sally_coap_dedup_see(&l->dedup, mid, now, &seen) == SALLY_E_OK)
        (void)reject(l, seen, SALLY_COAP_CON, e);
    return e;
}

static enum sally_err take_message(struct sally_coap_link *l,
                                   struct sally_span bytes, sally_usec now)
{
    struct sally_coap_message m;
    uint16_t mid = 0;
    enum sally_err e = sally_coap_parse(bytes, &m, &mid);

    if (e != SALLY_E_OK)
        return take_malformed(l, bytes, mid, e, now);
    switch (m.type) {
    case SALLY_COAP_CON:
    case SALLY_COAP_NON: return take_first_hand(l, &m, now);
    case SALLY_COAP_ACK:
        if (m.code == SALLY_CODE_EMPTY)
            return sally_coap_exchange_acknowledge(l, m.mid, now);
        if (sally_coap_class(m.code) == 2 || sally_coap_class(m.code) == 4 ||
            sally_coap_class(m.code) == 5)
            return sally_coap_exchange_response(l, &m, NULL, now);
        return SALLY_E_MALFORMED;
    case SALLY_COAP_RST:
        return m.code == SALLY_CODE_EMPTY
                   ? sally_coap_exchange_reset(l, m.mid, now)
                   : SALLY_E_MALFORMED;
    }
    return SALLY_E_MALFORMED;
}

/* Messages pass, if only those that bring the keys about. */
static bool carries(const struct sally_coap_link *l)
{
    return sally_coap_connection_carries(l) && !is_over(l->told);
}

static enum sally_err take_stream(struct sally_coap_link *l, sally_usec now)
{
    enum sally_err result = SALLY_E_OK;
    struct sally_coap_message m;
    enum sally_err e;

    do {
        e = sally_coap_connection_next(l, &m, now);
        follow_channel(l, now);
        if (e == SALLY_E_OK && carries(l))
            result = sally_coap_connection_take(l, &m, now);
    } while (e == SALLY_E_OK && carries(l));
    return e == SALLY_E_PENDING || e == SALLY_E_OK ? result : e;
}

enum sally_err sally_coap_link_input(struct sally_coap_link *l,
                                     struct sally_span datagram, sally_usec now)
{
    uint8_t bytes[SALLY_DATAGRAM_MAX];
    struct sally_buf message = SALLY_BUF(bytes);
    enum sally_err result = SALLY_E_OK;
    enum sally_err e;

    if (l->told == SALLY_CHANNEL_IDLE || is_over(l->told))
        return SALLY_E_UNEXPECTED;
    if (l->stream != NULL) {
        sally_coap_connection_feed(l, datagram, now);
        return take_stream(l, now);
    }
    e = sally_stack_open(&l->stack, datagram, &message, now);
    follow_channel(l, now);
    while (e == SALLY_E_OK && carries(l)) {
        result = take_message(l, sally_buf_span(&message), now);
        message.len = 0;
        e = sally_stack_open(&l->stack, (struct sally_span){ NULL, 0 },
                             &message, now);
        follow_channel(l, now);
    }
    return e == SALLY_E_PENDING || e == SALLY_E_OK ? result : e;
}

/* The next message to send, which counts as sent from here on: whatever keeps
 * it from going out is loss, and retransmission mends that.                 */
static struct sally_span next_message(struct sally_coap_link *l, sally_usec now)
{
    struct sally_coap_flight *f = sally_coap_reliable_ready(&l->reliable);
    struct sally_coap_outgoing *o = (struct sally_coap_outgoing *)(void *)f;
    struct sally_span bytes;

    if (f == NULL)
        return (struct sally_span){ NULL, 0 };
    bytes = o->coat != NULL ? sally_coap_shield_bytes(l, o, now)
                            : (struct sally_span){ o->message, f->len };
    if (bytes.len == 0)
        return bytes;
    sally_coap_outgoing_sent(l, o, now);
    if (l->stream != NULL)
        sally_coap_connection_sent(l, o, now);
    return bytes;
}

/* `message` empty: signalling of a stream. Without a block there is no room. */
static enum sally_err seal(struct sally_coap_link *l, struct sally_span message,
                           struct sally_span *wire)
{
    struct sally_buf room = { NULL, 0, 0 };
    enum sally_err e;

    if (l->wire == NULL)
        l->wire = sally_pool_take(l->shared->packets);
    if (l->wire != NULL)
        room = (struct sally_buf){ l->wire, 0, SALLY_DATAGRAM_MAX };
    if (l->stream == NULL)
        e = sally_stack_seal(&l->stack, message, &room);
    else if (message.len != 0)
        e = sally_coap_connection_seal(l, message, &room);
    else
        e = sally_coap_connection_signal(l, &room);
    *wire = sally_buf_span(&room);
    return e;
}

/* Answers to the peer go first: it waits for them and sends again if not. */
static bool send_one(struct sally_coap_link *l, sally_usec now,
                     struct sally_span *wire, enum sally_err *e)
{
    struct sally_coap_seen *seen = sally_coap_dedup_ready(&l->dedup);
    struct sally_span message = { NULL, 0 };

    if (l->stream != NULL && sally_coap_stream_out(l->stream).len != 0) {
        *e = seal(l, message, wire);
        return true;
    }
    if (!sally_coap_connection_carries(l))
        return false;
    if (seen != NULL) {
        *e = seal(l, sally_coap_seen_answer(seen), wire);
        sally_coap_dedup_sent(&l->dedup, seen);
        return true;
    }
    message = next_message(l, now);
    if (message.len != 0)
        *e = seal(l, message, wire);
    return message.len != 0;
}

/* An alert tells the peer at once why we are gone; then all of it goes. */
static void leave(struct sally_coap_link *l)
{
    if (!l->leaving)
        return;
    l->leaving = false;
    sally_stack_end(&l->stack);
    l->told = SALLY_CHANNEL_IDLE;
}

struct sally_span sally_coap_link_output(struct sally_coap_link *l,
                                         sally_usec now)
{
    struct sally_span wire = sally_stack_output(&l->stack);
    enum sally_err e;

    if (wire.len != 0)
        return wire;
    leave(l);
    while (sally_stack_carries(&l->stack) && send_one(l, now, &wire, &e))
        if (e == SALLY_E_OK && wire.len != 0)
            return wire;
    give_wire(l);
    return (struct sally_span){ NULL, 0 };
}

sally_usec sally_coap_link_deadline(const struct sally_coap_link *l)
{
    sally_usec due = SALLY_NEVER;

    if (sally_coap_connection_state(l) != l->told)
        return 0; /* the owner must hear of it */
    if (!is_over(l->told))
        due = sally_stack_deadline(&l->stack);
    due = sally_earlier(due, sally_coap_connection_deadline(l));
    due = sally_earlier(due, sally_coap_exchange_deadline(l));
    due = sally_earlier(due, sally_coap_serving_deadline(l));
    due = sally_earlier(due, sally_coap_dedup_deadline(&l->dedup));
    return sally_earlier(due, sally_coap_bodies_deadline(&l->bodies));
}

void sally_coap_link_expire(struct sally_coap_link *l, sally_usec now)
{
    if (!is_over(l->told) && sally_stack_deadline(&l->stack) <= now)
        sally_stack_expire(&l->stack, now);
    sally_coap_connection_expire(l, now);
    if (sally_coap_connection_resumes(l))
        (void)take_stream(l, now);
    follow_channel(l, now);
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
    follow_channel(l, now);
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
    give_wire(l);
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
    give_wire(l);
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
