/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/stream.c - cuts a stream into messages and answers signalling. */
#include "coap/stream.h"

#include "coap/option.h"

#include <string.h>

_Static_assert(sizeof(struct sally_coap_stream) <= SALLY_DATAGRAM_MAX,
               "it fits one block of the packets pool");

#define OPTION_MAX_MESSAGE_SIZE 2 /* of a CSM; RFC 8323 s.5.3 */
#define OPTION_BLOCK_WISE 4
#define OPTION_CUSTODY 2 /* of Ping and Pong; s.5.4 */

/* A frame's header: RFC 8323 s.3.2. */
struct frame {
    size_t head; /* bytes of length and code */
    size_t len;  /* bytes in all */
    size_t token_len;
    uint8_t code;
};

void sally_coap_stream_init(struct sally_coap_stream *s, sally_usec now)
{
    memset(s, 0, offsetof(struct sally_coap_stream, bytes));
    s->in = SALLY_BUF(s->bytes);
    s->heard = now;
    s->asked = SALLY_NEVER;
    s->state = SALLY_CHANNEL_IDLE;
}

void sally_coap_stream_end(struct sally_coap_stream *s, enum sally_err e)
{
    if (s->state == SALLY_CHANNEL_CLOSED || s->state == SALLY_CHANNEL_FAILED)
        return;
    s->state =
        e == SALLY_E_CLOSED ? SALLY_CHANNEL_CLOSED : SALLY_CHANNEL_FAILED;
    s->reason = e;
    s->asked = SALLY_NEVER;
}

static bool is_over(const struct sally_coap_stream *s)
{
    return s->state == SALLY_CHANNEL_CLOSED || s->state == SALLY_CHANNEL_FAILED;
}

/* --- What we say --------------------------------------------------------- */

/* Header and token. `rest` is the length of options, marker and payload. */
static void put_head(struct sally_writer *w, uint8_t code,
                     struct sally_span token, size_t rest)
{
    uint8_t tkl = (uint8_t)token.len;

    if (rest < 13) {
        sally_put_u8(w, (uint8_t)(rest << 4 | tkl));
    } else if (rest < 269) {
        sally_put_u8(w, (uint8_t)(13 << 4 | tkl));
        sally_put_u8(w, (uint8_t)(rest - 13));
    } else {
        sally_put_u8(w, (uint8_t)(14 << 4 | tkl));
        sally_put_u16(w, (uint16_t)(rest - 269));
    }
    sally_put_u8(w, code);
    sally_put(w, token);
}

/* Too much waits only if the peer asks and asks without taking an answer. */
static void say(struct sally_coap_stream *s, uint8_t code,
                struct sally_span token, struct sally_span options)
{
    struct sally_buf out = { s->out, s->out_len, sizeof(s->out) };
    struct sally_writer w = sally_writer_into(&out);

    put_head(&w, code, token, options.len);
    sally_put(&w, options);
    if (w.failed)
        sally_coap_stream_end(s, SALLY_E_NO_ROOM);
    else
        s->out_len = (uint8_t)out.len;
}

/* s.5.6: says why, in words, and ends it. */
static enum sally_err say_abort(struct sally_coap_stream *s, enum sally_err e)
{
    static const struct sally_span none = { NULL, 0 };
    uint8_t room[SALLY_STREAM_OUT - 4];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&b);

    sally_put_u8(&w, 0xff);
    sally_put(&w, sally_span_sub(sally_span_of(sally_err_text(e)), 0,
                                 sizeof(room) - 1));
    say(s, SALLY_CODE_ABORT, none, sally_buf_span(&b));
    sally_coap_stream_end(s, e);
    return e;
}

void sally_coap_stream_begin(struct sally_coap_stream *s, sally_usec now)
{
    static const struct sally_span none = { NULL, 0 };
    uint8_t room[8];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&b);

    sally_coap_put_uint(&w, OPTION_MAX_MESSAGE_SIZE, SALLY_MESSAGE_MAX);
    sally_coap_put_option(&w, OPTION_BLOCK_WISE, none);
    say(s, SALLY_CODE_CSM, none, sally_buf_span(&b));
    s->heard = now;
    s->state = SALLY_CHANNEL_HANDSHAKE;
}

static void say_ping(struct sally_coap_stream *s, bool custody, sally_usec now)
{
    static const uint8_t option[] = { OPTION_CUSTODY << 4 };
    uint8_t token[2] = { (uint8_t)(++s->ping >> 8), (uint8_t)s->ping };

    say(s, SALLY_CODE_PING, (struct sally_span){ token, sizeof(token) },
        (struct sally_span){ option, custody ? sizeof(option) : 0 });
    s->asked = now;
}

void sally_coap_stream_confirm(struct sally_coap_stream *s, uint16_t mid,
                               sally_usec now)
{
    s->custody = mid;
    s->in_custody = true;
    say_ping(s, true, now);
}

void sally_coap_stream_answer(struct sally_coap_stream *s,
                              const struct sally_coap_message *m, uint8_t code)
{
    say(s, code, m->token, (struct sally_span){ NULL, 0 });
}

struct sally_span sally_coap_stream_out(const struct sally_coap_stream *s)
{
    return (struct sally_span){ s->out, s->out_len };
}

void sally_coap_stream_sent(struct sally_coap_stream *s) { s->out_len = 0; }

enum sally_err sally_coap_stream_frame(struct sally_span message,
                                       struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    struct sally_cursor c = sally_cursor_over(message);
    uint8_t head = sally_take_u8(&c), code = sally_take_u8(&c);
    uint16_t mid = sally_take_u16(&c);
    struct sally_span token = sally_take(&c, head & 15);

    (void)mid;
    if (c.failed || c.rest.len > SALLY_MESSAGE_MAX)
        return SALLY_E_MALFORMED;
    if (code == SALLY_CODE_EMPTY)
        return SALLY_E_OK;
    put_head(&w, code, token, c.rest.len);
    sally_put(&w, sally_take_rest(&c));
    return sally_writer_end(&w);
}

/* --- What the peer says -------------------------------------------------- */

size_t sally_coap_stream_room(const struct sally_coap_stream *s)
{
    return s->in.room - s->in.len + s->taken;
}

static void drop_taken(struct sally_coap_stream *s)
{
    s->in.len -= s->taken;
    if (s->in.len != 0 && s->taken != 0)
        memmove(s->in.at, &s->in.at[s->taken], s->in.len);
    s->taken = 0;
}

/* 65,805 and what these four bytes say, which is too large in any case: the sum
 * itself could wrap and be small.                                           */
static size_t take_longest(struct sally_cursor *c)
{
    (void)sally_take_u32(c);
    return 65805u;
}

/* s.3.2. TRUNCATED: the header is not whole yet. TOO_LARGE: over what our CSM
 * offered. MALFORMED: a token length that is reserved.                      */
static enum sally_err read_head(struct sally_span in, struct frame *f)
{
    struct sally_cursor c = sally_cursor_over(in);
    uint8_t first = sally_take_u8(&c);
    size_t rest = first >> 4;

    if (rest == 13)
        rest = 13u + sally_take_u8(&c);
    else if (rest == 14)
        rest = 269u + sally_take_u16(&c);
    else if (rest == 15)
        rest = take_longest(&c);
    f->code = sally_take_u8(&c);
    f->token_len = first & 15;
    if (c.failed)
        return SALLY_E_TRUNCATED;
    f->head = in.len - c.rest.len;
    f->len = f->head + f->token_len + rest;
    if (f->token_len > SALLY_COAP_TOKEN_MAX)
        return SALLY_E_MALFORMED;
    return f->len > SALLY_MESSAGE_MAX ? SALLY_E_TOO_LARGE : SALLY_E_OK;
}

/* s.5.3. A peer that takes less than every CoAP endpoint does is no use. */
static enum sally_err take_csm(struct sally_coap_stream *s,
                               const struct sally_coap_message *m)
{
    uint32_t size;

    if (sally_coap_option_uint(m->options, OPTION_MAX_MESSAGE_SIZE, &size) &&
        size < SALLY_MESSAGE_MAX)
        return say_abort(s, SALLY_E_UNSUPPORTED);
    s->state = SALLY_CHANNEL_UP;
    return SALLY_E_PENDING;
}

/* s.5.4: custody is ours to confirm, since what came before this was dealt
 * with before this was looked at.                                           */
static enum sally_err take_ping(struct sally_coap_stream *s,
                                const struct sally_coap_message *m)
{
    static const uint8_t custody[] = { OPTION_CUSTODY << 4 };
    struct sally_span value;
    bool wanted =
        sally_coap_option_find(m->options, OPTION_CUSTODY, &value);

    say(s, SALLY_CODE_PONG, m->token,
        (struct sally_span){ custody, wanted ? sizeof(custody) : 0 });
    return SALLY_E_PENDING;
}

/* OK: it confirms a message of ours. Custody may be missing, since a peer need
 * not know the option; it looked at our message before our Ping all the same.
 */
static enum sally_err take_pong(struct sally_coap_stream *s,
                                struct sally_coap_message *m)
{
    const uint8_t token[2] = { (uint8_t)(s->ping >> 8), (uint8_t)s->ping };

    if (!sally_span_equal(m->token,
                          (struct sally_span){ token, sizeof(token) }))
        return SALLY_E_PENDING;
    s->asked = SALLY_NEVER;
    if (!s->in_custody)
        return SALLY_E_PENDING;
    s->in_custody = false;
    m->mid = s->custody;
    return SALLY_E_OK;
}

/* s.5.1: a critical option that is not understood ends the connection, and of
 * those that exist none is critical. Unknown signals are passed over.       */
static enum sally_err take_signal(struct sally_coap_stream *s,
                                  struct sally_coap_message *m)
{
    uint16_t culprit;

    if (!sally_coap_options_understood(m->options, NULL, 0, &culprit))
        return say_abort(s, SALLY_E_UNSUPPORTED);
    switch (m->code) {
    case SALLY_CODE_CSM: return take_csm(s, m);
    case SALLY_CODE_PING: return take_ping(s, m);
    case SALLY_CODE_PONG: return take_pong(s, m);
    case SALLY_CODE_RELEASE:
        sally_coap_stream_end(s, SALLY_E_CLOSED);
        return SALLY_E_CLOSED;
    case SALLY_CODE_ABORT:
        sally_coap_stream_end(s, SALLY_E_REFUSED);
        return SALLY_E_REFUSED;
    default: return SALLY_E_PENDING;
    }
}

/* PENDING: it is dealt with. s.5.3: the first message is a CSM; s.3.4: empty
 * ones can always be sent.                                                  */
static enum sally_err take_frame(struct sally_coap_stream *s,
                                 const struct frame *f,
                                 struct sally_coap_message *m)
{
    struct sally_span rest = { &s->in.at[f->head], f->len - f->head };
    enum sally_err e;

    if (f->code == SALLY_CODE_EMPTY)
        return SALLY_E_PENDING;
    if (s->state != SALLY_CHANNEL_UP && f->code != SALLY_CODE_CSM &&
        f->code != SALLY_CODE_ABORT)
        return say_abort(s, SALLY_E_UNEXPECTED);
    e = sally_coap_parse_frame(rest, f->code, f->token_len, m);
    if (e != SALLY_E_OK)
        return say_abort(s, SALLY_E_MALFORMED);
    m->mid = ++s->mid;
    return sally_coap_class(f->code) == 7 ? take_signal(s, m) : SALLY_E_OK;
}

enum sally_err sally_coap_stream_next(struct sally_coap_stream *s,
                                      struct sally_coap_message *m)
{
    struct frame f;
    enum sally_err e;

    do {
        drop_taken(s);
        if (is_over(s) || s->out_len != 0)
            return SALLY_E_PENDING;
        e = read_head(sally_buf_span(&s->in), &f);
        if (e == SALLY_E_TRUNCATED)
            return SALLY_E_PENDING;
        if (e != SALLY_E_OK)
            return say_abort(s, e);
        if (f.len > s->in.len)
            return SALLY_E_PENDING;
        s->taken = f.len;
        e = take_frame(s, &f, m);
    } while (e == SALLY_E_PENDING);
    return e;
}

/* --- Time ---------------------------------------------------------------- */

static sally_usec patience(const struct sally_coap_stream *s, bool owed)
{
    if (s->state == SALLY_CHANNEL_HANDSHAKE)
        return SALLY_STREAM_GREETING;
    return owed ? SALLY_STREAM_OWED : SALLY_STREAM_IDLE;
}

sally_usec sally_coap_stream_deadline(const struct sally_coap_stream *s,
                                      bool owed)
{
    if (s->state == SALLY_CHANNEL_IDLE || is_over(s))
        return SALLY_NEVER;
    if (s->asked != SALLY_NEVER)
        return sally_after(s->asked, SALLY_STREAM_PONG);
    return sally_after(s->heard, patience(s, owed));
}

void sally_coap_stream_expire(struct sally_coap_stream *s, bool owed,
                              sally_usec now)
{
    if (sally_coap_stream_deadline(s, owed) > now)
        return;
    if (s->asked != SALLY_NEVER || s->state == SALLY_CHANNEL_HANDSHAKE)
        sally_coap_stream_end(s, SALLY_E_TIMED_OUT);
    else
        say_ping(s, false, now);
}
