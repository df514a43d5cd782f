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

#define OPTIONS_MAX 512 /* bytes of the options of one request */

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

static void enter(struct sally_bootstrap *b, enum sally_bootstrap_state s,
                  enum sally_err why)
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
    enter(b, SALLY_BOOTSTRAP_FAILED, b->lost);
}

/* Says goodbye in the channel's way; the owner drains that. */
static void done(struct sally_bootstrap *b, sally_usec now)
{
    sally_book_wipe(&b->next);
    sally_coap_link_close(&b->link, now);
    b->due = SALLY_NEVER;
    enter(b, SALLY_BOOTSTRAP_DONE, SALLY_E_OK);
}

/* --- What we ask -------------------------------------------------------- */

static void put_query(struct sally_coap_option_writer *w, const char *name,
                      const char *text, uint32_t number)
{
    uint8_t room[272];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_writer q = sally_writer_into(&b);

    sally_put_text(&q, name);
    if (text != NULL)
        sally_put_text(&q, text);
    else
        sally_put_decimal(&q, number);
    if (q.failed)
        w->out.failed = true;
    sally_coap_put_option(w, SALLY_OPTION_URI_QUERY, sally_buf_span(&b));
}

static void ask(struct sally_bootstrap *b, uint8_t code,
                const struct sally_coap_option_writer *w, sally_usec now)
{
    struct sally_coap_question q = { .code = code, .confirmable = true };
    enum sally_err e = sally_coap_options_end(w);

    q.options = sally_buf_span(w->out.out);
    if (e == SALLY_E_OK)
        e = sally_coap_link_request(&b->link, &q, now, &b->asking);
    if (e != SALLY_E_OK)
        sally_bootstrap_lose(b, e);
}

/* POST /bs?ep=[&pct=] */
static void ask_to_be_written(struct sally_bootstrap *b, sally_usec now)
{
    const struct sally_bootstrap_settings *s = b->settings;
    uint8_t room[OPTIONS_MAX];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);

    b->request_wanted = false;
    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, "bs");
    put_query(&w, "ep=", s->endpoint, 0);
    if (s->version > 10 && s->preferred != 0 && !b->unpreferred)
        put_query(&w, "pct=", NULL, s->preferred);
    b->asked = true;
    ask(b, SALLY_CODE_POST, &w, now);
}

/* GET /bspack?ep=[&acc=]; acc says which instance of /0 is the bootstrap
 * account, since the server cannot look before it writes.                   */
static void ask_for_pack(struct sally_bootstrap *b, sally_usec now)
{
    const struct sally_bootstrap_settings *s = b->settings;
    uint8_t room[OPTIONS_MAX];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);

    b->pack_wanted = false;
    b->packing = true;
    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, "bspack");
    put_query(&w, "ep=", s->endpoint, 0);
    if (b->has_account)
        put_query(&w, "acc=", NULL, b->account);
    sally_coap_put_uint(&w, SALLY_OPTION_ACCEPT,
                        s->preferred != 0 ? s->preferred
                                          : SALLY_FORMAT_SENML_CBOR);
    ask(b, SALLY_CODE_GET, &w, now);
}

/* --- What it answers ---------------------------------------------------- */

/* Whatever was wrong with the Pack, the server can still write. */
static void unpack(struct sally_bootstrap *b)
{
    b->packing = false;
    b->waiting = false;
    b->request_wanted = true;
    sally_bootstrap_restage(b);
}

/* Returns 0 when the owner goes on with what the Pack says. */
static uint8_t take_pack(struct sally_bootstrap *b,
                         const struct sally_coap_reply *reply, sally_usec now)
{
    static const struct sally_path root = { .depth = 0 };
    const struct sally_lwm2m_format *f = NULL;
    struct sally_buf room = { sally_pool_take(b->shared->bodies), 0,
                              b->shared->parameters->body_max };
    uint8_t code = SALLY_CODE_UNSUPPORTED_FORMAT;
    uint32_t number;

    if (sally_coap_option_uint(reply->options, SALLY_OPTION_CONTENT_FORMAT,
                               &number) && number <= UINT16_MAX)
        f = sally_format_find((uint16_t)number);
    if (room.at != NULL && f != NULL && f->min_version <= b->settings->version)
        code = sally_bootstrap_write(b, &root, f, reply->payload, &room);
    sally_pool_give(b->shared->bodies, room.at);
    return code == SALLY_CODE_CHANGED ? sally_bootstrap_conclude(b, now) : code;
}

static void on_pack(struct sally_bootstrap *b,
                    const struct sally_coap_reply *reply, sally_usec now)
{
    if (reply->code == SALLY_CODE_CONTENT && take_pack(b, reply, now) == 0) {
        b->waiting = true;
        enter(b, SALLY_BOOTSTRAP_FINISHING, SALLY_E_OK);
        return;
    }
    b->refused_with = reply->code;
    unpack(b);
}

static void receive(struct sally_bootstrap *b, sally_usec now)
{
    b->due = sally_after(now, SALLY_BOOTSTRAP_PATIENCE);
    if (b->state == SALLY_BOOTSTRAP_REQUESTING)
        enter(b, SALLY_BOOTSTRAP_RECEIVING, SALLY_E_OK);
}

static void on_answer(struct sally_bootstrap *b,
                      const struct sally_coap_reply *reply, sally_usec now)
{
    if (sally_coap_class(reply->code) == 2) {
        receive(b, now);
        return;
    }
    b->refused_with = reply->code;
    if (reply->code == SALLY_CODE_UNSUPPORTED_FORMAT && !b->unpreferred) {
        b->unpreferred = true; /* it writes as it likes, then */
        b->request_wanted = true;
        return;
    }
    sally_bootstrap_lose(b, SALLY_E_REFUSED);
}

/* A server that writes has heard us, whatever became of its answer. */
static void on_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    struct sally_bootstrap *b = owner;

    if (x != b->asking || b->state != SALLY_BOOTSTRAP_REQUESTING)
        return;
    b->asking = 0;
    if (e != SALLY_E_OK)
        sally_bootstrap_lose(b, e);
    else if (b->packing)
        on_pack(b, reply, now);
    else
        on_answer(b, reply, now);
}

/* --- What it writes ----------------------------------------------------- */

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

static void on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now)
{
    const struct sally_span nothing = { NULL, 0 };
    struct sally_bootstrap *b = owner;
    bool may = b->state == SALLY_BOOTSTRAP_RECEIVING ||
               (b->state == SALLY_BOOTSTRAP_REQUESTING && b->asked);

    if (!may) {
        sally_bootstrap_respond(b, q->exchange, SALLY_CODE_UNAVAILABLE,
                                SALLY_REQUEST_NONE, nothing, now);
        return;
    }
    receive(b, now);
    sally_bootstrap_command(b, q, now);
    if (!b->waiting)
        return;
    b->due = SALLY_NEVER; /* the owner's turn */
    enter(b, SALLY_BOOTSTRAP_FINISHING, SALLY_E_OK);
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
    enter(b, SALLY_BOOTSTRAP_REQUESTING, SALLY_E_OK);
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
        ask_for_pack(b, now);
    if (b->request_wanted)
        ask_to_be_written(b, now);
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
    enter(b, SALLY_BOOTSTRAP_WANTING, SALLY_E_OK);
    b->upcalls->on_wanted(b->owner);
    return SALLY_E_OK;
}

void sally_bootstrap_connect(struct sally_bootstrap *b, sally_usec now)
{
    enum sally_err e;

    if (b->state != SALLY_BOOTSTRAP_WANTING)
        return;
    enter(b, SALLY_BOOTSTRAP_CONNECTING, SALLY_E_OK);
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
    if (good)
        exchange_books(b);
    b->finished = good;
    if (b->packing && !good) {
        unpack(b);
        enter(b, SALLY_BOOTSTRAP_REQUESTING, SALLY_E_OK);
    } else if (b->packing) {
        b->due = now;
    } else {
        sally_bootstrap_respond(b, b->finishing, code, SALLY_REQUEST_NONE,
                                nothing, now);
        b->due = sally_after(now, good ? GOODBYE : SALLY_BOOTSTRAP_PATIENCE);
        if (!good)
            enter(b, SALLY_BOOTSTRAP_RECEIVING, SALLY_E_OK);
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
