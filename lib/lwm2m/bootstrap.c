/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/bootstrap.c - the life of one bootstrap: connect, ask, be written,
 * finish.
 *
 * Upcalls of the link run while the link is at work and must not end it, so
 * they only note what is to happen; settle(), at the end of every call into
 * the engine, makes it happen.                                              */
#include "lwm2m/bootstrap_parts.h"

#include "coap/option.h"
#include "lwm2m/request.h"

#include <string.h>

/* A Finish whose answer was lost comes again after 2 to 3 s (RFC 7252 s.4.2),
 * and once more is answered.                                                */
#define GOODBYE (3500 * SALLY_MSEC)

const char *sally_bootstrap_state_name(enum sally_bootstrap_state s)
{
    static const char *const names[] = {
        "idle",      "wanting",   "connecting", "requesting",
        "receiving", "finishing", "done",       "failed",
    };

    return (size_t)s < SALLY_LEN(names) ? names[s] : "?";
}

void sally_bootstrap_enter(struct sally_bootstrap *b,
                           enum sally_bootstrap_state s, enum sally_err why)
{
    b->state = s;
    b->upcalls->on_state(b->owner, s, why);
}

void sally_bootstrap_lose(struct sally_bootstrap *b, enum sally_err why)
{
    if (b->lost == SALLY_E_OK || b->lost == SALLY_E_CANCELLED)
        b->lost = why;
}

static bool is_under_way(const struct sally_bootstrap *b)
{
    return b->state != SALLY_BOOTSTRAP_IDLE &&
           b->state != SALLY_BOOTSTRAP_DONE &&
           b->state != SALLY_BOOTSTRAP_FAILED;
}

/* --- The ends ----------------------------------------------------------- */

static void fail(struct sally_bootstrap *b)
{
    sally_coap_link_end(&b->link);
    sally_book_wipe(&b->staged);
    sally_book_wipe(&b->next);
    b->due = SALLY_NEVER;
    b->waiting = false;
    sally_bootstrap_enter(b, SALLY_BOOTSTRAP_FAILED, b->lost);
}

/* Says goodbye in the channel's way; the owner drains that. */
static void done(struct sally_bootstrap *b, sally_usec now)
{
    sally_book_wipe(&b->next);
    sally_coap_link_close(&b->link, now);
    b->due = SALLY_NEVER;
    sally_bootstrap_enter(b, SALLY_BOOTSTRAP_DONE, SALLY_E_OK);
}

/* --- The link's upcalls -------------------------------------------------- */

void sally_bootstrap_receive(struct sally_bootstrap *b, sally_usec now)
{
    b->due = sally_after(now, SALLY_BOOTSTRAP_PATIENCE);
    if (b->state == SALLY_BOOTSTRAP_REQUESTING)
        sally_bootstrap_enter(b, SALLY_BOOTSTRAP_RECEIVING, SALLY_E_OK);
}

static void on_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    sally_bootstrap_answered(owner, x, e, reply, now);
}

void sally_bootstrap_respond(struct sally_bootstrap *b, sally_coap_exchange x,
                             uint8_t code, uint32_t format,
                             struct sally_span payload, sally_usec now)
{
    uint8_t room[8];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = code };

    if (format != SALLY_REQUEST_NONE && code == SALLY_CODE_CONTENT) {
        sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT, format);
        a.payload = payload;
    }
    a.options = sally_buf_span(&options);
    (void)sally_coap_link_respond(&b->link, x, &a, now);
}

/* When nothing can be written: a server that did not hear our answer to Finish
 * may ask anew, and the answer is the same.                                 */
static uint8_t code_between(const struct sally_bootstrap *b,
                            const struct sally_coap_request *q)
{
    return b->finished && q->code == SALLY_CODE_POST &&
                   sally_request_is(q, "bs")
               ? SALLY_CODE_CHANGED
               : SALLY_CODE_UNAVAILABLE;
}

static void on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now)
{
    const struct sally_span nothing = { NULL, 0 };
    struct sally_bootstrap *b = owner;
    bool may = b->state == SALLY_BOOTSTRAP_RECEIVING ||
               (b->state == SALLY_BOOTSTRAP_REQUESTING && b->asked);

    if (!may) {
        sally_bootstrap_respond(b, q->exchange, code_between(b, q),
                                SALLY_REQUEST_NONE, nothing, now);
        return;
    }
    sally_bootstrap_receive(b, now);
    sally_bootstrap_command(b, q, now);
    if (!b->waiting)
        return;
    b->due = SALLY_NEVER; /* the owner's turn */
    sally_bootstrap_enter(b, SALLY_BOOTSTRAP_FINISHING, SALLY_E_OK);
}

/* New keys of OSCORE within the session tell OK again, and change nothing. */
static void on_channel(void *owner, enum sally_err e, sally_usec now)
{
    struct sally_bootstrap *b = owner;

    (void)now;
    if (e != SALLY_E_OK) {
        sally_bootstrap_lose(b, e);
        return;
    }
    if (b->state != SALLY_BOOTSTRAP_CONNECTING)
        return;
    sally_bootstrap_enter(b, SALLY_BOOTSTRAP_REQUESTING, SALLY_E_OK);
    b->pack_wanted = b->settings->pack && b->settings->version >= 12;
    b->request_wanted = !b->pack_wanted;
}

static void on_reserve(void *owner, uint64_t until)
{
    struct sally_bootstrap *b = owner;

    b->upcalls->on_reserve(b->owner, until);
}

#define UPCALLS \
    .on_request = on_request, .on_reply = on_reply, .on_channel = on_channel

/* Of an owner that keeps sequence numbers, and of one that does not. */
static const struct sally_coap_link_upcalls keeping = {
    UPCALLS, .on_reserve = on_reserve
};
static const struct sally_coap_link_upcalls forgetful = { UPCALLS };

/* --- Settling ----------------------------------------------------------- */

/* A session that is lost while the owner makes the accounts durable ends when
 * it says what became of that.                                              */
static void settle(struct sally_bootstrap *b, sally_usec now)
{
    if (!is_under_way(b) || b->waiting)
        return;
    if (b->finished && (b->lost != SALLY_E_OK || b->due <= now)) {
        done(b, now);
        return;
    }
    if (b->lost != SALLY_E_OK) {
        fail(b);
        return;
    }
    if (b->pack_wanted)
        sally_bootstrap_ask_pack(b, now);
    if (b->request_wanted)
        sally_bootstrap_ask_writes(b, now);
    if (b->lost != SALLY_E_OK)
        fail(b); /* nothing could be asked */
}

/* --- The owner's calls -------------------------------------------------- */

void sally_bootstrap_init(struct sally_bootstrap *b,
                          const struct sally_coap_shared *shared,
                          const struct sally_bootstrap_upcalls *upcalls,
                          void *owner)
{
    memset(b, 0, sizeof(*b));
    b->shared = shared;
    b->upcalls = upcalls;
    b->owner = owner;
    b->due = SALLY_NEVER;
    sally_coap_link_init(&b->link, shared,
                         upcalls->on_reserve != NULL ? &keeping : &forgetful,
                         b);
}

static enum sally_err open_books(struct sally_bootstrap *b)
{
    enum sally_err e;

    sally_book_wipe(&b->staged);
    sally_book_wipe(&b->next);
    e = sally_book_open(&b->staged, SALLY_BOOK_MAX);
    if (e == SALLY_E_OK)
        e = sally_book_open(&b->next, SALLY_BOOK_MAX);
    if (e == SALLY_E_OK)
        e = sally_book_copy(b->current, &b->staged);
    return e;
}

enum sally_err
sally_bootstrap_start(struct sally_bootstrap *b,
                      const struct sally_bootstrap_settings *settings,
                      const struct sally_book *current, sally_usec now)
{
    enum sally_err e;

    (void)now;
    if (is_under_way(b))
        return SALLY_E_BAD_STATE;
    sally_coap_link_end(&b->link);
    b->settings = settings;
    b->current = current;
    e = open_books(b);
    if (e != SALLY_E_OK) {
        sally_book_wipe(&b->staged);
        sally_book_wipe(&b->next);
        return e;
    }
    sally_bootstrap_restage(b);
    b->due = SALLY_NEVER;
    b->lost = SALLY_E_OK;
    b->pack_wanted = b->packing = b->request_wanted = b->asked = false;
    b->unpreferred = b->waiting = b->finished = false;
    b->refused_with = 0;
    b->asking = b->finishing = 0;
    sally_bootstrap_enter(b, SALLY_BOOTSTRAP_WANTING, SALLY_E_OK);
    b->upcalls->on_wanted(b->owner);
    return SALLY_E_OK;
}

void sally_bootstrap_connect(struct sally_bootstrap *b, sally_usec now)
{
    enum sally_err e;

    if (b->state != SALLY_BOOTSTRAP_WANTING)
        return;
    sally_bootstrap_enter(b, SALLY_BOOTSTRAP_CONNECTING, SALLY_E_OK);
    b->upcalls->on_rebind(b->owner);
    e = sally_coap_link_start(&b->link, b->settings->scheme,
                              b->settings->credential, b->settings->past, now);
    if (e != SALLY_E_OK)
        sally_bootstrap_lose(b, e);
    settle(b, now);
}

static void exchange_books(struct sally_bootstrap *b)
{
    struct sally_book other = b->staged;

    b->staged = b->next;
    b->next = other;
}

bool sally_bootstrap_finished(struct sally_bootstrap *b, uint8_t code,
                              sally_usec now)
{
    const struct sally_span nothing = { NULL, 0 };
    bool good = sally_coap_class(code) == 2;

    if (!b->waiting)
        return false;
    b->waiting = false;
    if (good) {
        exchange_books(b);
        sally_book_wipe(&b->next); /* what was is nobody's any more */
    }
    b->finished = good;
    if (b->packing && !good) {
        sally_bootstrap_unpack(b);
        sally_bootstrap_enter(b, SALLY_BOOTSTRAP_REQUESTING, SALLY_E_OK);
    } else if (b->packing) {
        b->due = now;
    } else {
        sally_bootstrap_respond(b, b->finishing, code, SALLY_REQUEST_NONE,
                                nothing, now);
        b->due = sally_after(now, good ? GOODBYE : SALLY_BOOTSTRAP_PATIENCE);
        if (!good)
            sally_bootstrap_enter(b, SALLY_BOOTSTRAP_RECEIVING, SALLY_E_OK);
    }
    b->finishing = 0;
    settle(b, now);
    return true;
}

void sally_bootstrap_reserved(struct sally_bootstrap *b, uint64_t until,
                              sally_usec now)
{
    sally_coap_link_reserved(&b->link, until, now);
    settle(b, now);
}

void sally_bootstrap_stop(struct sally_bootstrap *b, sally_usec now)
{
    (void)now;
    if (!is_under_way(b))
        return;
    b->lost = SALLY_E_CANCELLED;
    fail(b);
}

void sally_bootstrap_input(struct sally_bootstrap *b,
                           struct sally_span datagram, sally_usec now)
{
    (void)sally_coap_link_input(&b->link, datagram, now);
    settle(b, now);
}

size_t sally_bootstrap_room(const struct sally_bootstrap *b)
{
    return sally_coap_link_room(&b->link);
}

void sally_bootstrap_lost(struct sally_bootstrap *b, enum sally_err e,
                          sally_usec now)
{
    sally_coap_link_lost(&b->link, e, now);
    settle(b, now);
}

bool sally_bootstrap_connected(const struct sally_bootstrap *b)
{
    enum sally_channel_state state = sally_coap_link_state(&b->link);

    return state == SALLY_CHANNEL_HANDSHAKE || state == SALLY_CHANNEL_UP;
}

struct sally_span sally_bootstrap_output(struct sally_bootstrap *b,
                                         sally_usec now)
{
    return sally_coap_link_output(&b->link, now);
}

sally_usec sally_bootstrap_deadline(const struct sally_bootstrap *b)
{
    return sally_earlier(b->due, sally_coap_link_deadline(&b->link));
}

void sally_bootstrap_expire(struct sally_bootstrap *b, sally_usec now)
{
    sally_coap_link_expire(&b->link, now);
    if (b->due <= now && !b->finished)
        sally_bootstrap_lose(b, SALLY_E_TIMED_OUT);
    settle(b, now);
}

void sally_bootstrap_wipe(struct sally_bootstrap *b)
{
    if (b->shared == NULL)
        return;
    sally_coap_link_wipe(&b->link);
    sally_book_wipe(&b->staged);
    sally_book_wipe(&b->next);
    b->state = SALLY_BOOTSTRAP_IDLE;
    b->due = SALLY_NEVER;
    b->waiting = b->finished = false;
}

enum sally_bootstrap_state
sally_bootstrap_state(const struct sally_bootstrap *b)
{
    return b->state;
}

const struct sally_book *sally_bootstrap_staged(const struct sally_bootstrap *b)
{
    return &b->staged;
}

uint8_t sally_bootstrap_refusal(const struct sally_bootstrap *b)
{
    return b->refused_with;
}
