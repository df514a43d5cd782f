/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/holding.c - a question over a socket, and what is answered. */
#include "roles/holding.h"

#include "base/cursor.h"
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { HOLD = 1, REVEAL, SIGN };

/* Has had secrets in it. */
struct letter {
    uint8_t bytes[SALLY_HOLDING_MAX];
};

static void letter_wipe(struct letter *l)
{
    sally_wipe(l, sizeof(*l));
}

/* --- Asking --------------------------------------------------------------- */

enum sally_err sally_holding_open(struct sally_holding *h, int fd)
{
    const struct timeval wait = { .tv_sec = SALLY_HOLDING_WAIT };
    int flags = fcntl(fd, F_GETFL);

    sally_holding_close(h);
    h->fd = fd;
    if (flags >= 0 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0)
        return SALLY_E_OK;
    sally_holding_close(h);
    return SALLY_E_IO;
}

void sally_holding_close(struct sally_holding *h)
{
    if (h->fd >= 0)
        (void)close(h->fd);
    h->fd = -1;
}

/* An answer that comes too late would be taken for that to the next question.
 */
static enum sally_err give_up(struct sally_holding *h)
{
    enum sally_err e = errno == EAGAIN ? SALLY_E_TIMED_OUT : SALLY_E_CLOSED;

    sally_holding_close(h);
    h->lost(h->owner, e);
    return e;
}

static enum sally_err ask(struct sally_holding *h, struct sally_span question,
                          struct sally_buf *out)
{
    SALLY_ON_EXIT(letter_wipe) struct letter in;
    struct sally_writer w;
    struct sally_cursor c;
    enum sally_err e;
    ssize_t n;

    if (h->fd < 0)
        return SALLY_E_CLOSED;
    h->asked(h->owner);
    do
        n = send(h->fd, question.at, question.len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)question.len)
        return give_up(h);
    errno = 0; /* the end of the other one leaves it so */
    do
        n = recv(h->fd, in.bytes, sizeof(in.bytes), 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return give_up(h);
    c = sally_cursor_over((struct sally_span){ in.bytes, (size_t)n });
    e = (enum sally_err)sally_take_u8(&c);
    if (e != SALLY_E_OK)
        return e;
    w = sally_writer_into(out);
    sally_put(&w, c.rest);
    return sally_writer_end(&w);
}

static enum sally_err put(struct sally_holding *h, uint8_t what, size_t number,
                          struct sally_span one, struct sally_span other,
                          struct sally_buf *out)
{
    SALLY_ON_EXIT(letter_wipe) struct letter l;
    struct sally_buf b = SALLY_BUF(l.bytes);
    struct sally_writer w = sally_writer_into(&b);

    sally_put_u8(&w, what);
    sally_put_u8(&w, (uint8_t)number);
    sally_put(&w, one);
    sally_put(&w, other);
    return sally_writer_end(&w) == SALLY_E_OK
               ? ask(h, sally_buf_span(&b), out)
               : SALLY_E_TOO_LARGE;
}

static const struct sally_span nothing;

static enum sally_err hold(void *owner, enum sally_held_kind kind,
                           struct sally_span secret, struct sally_buf *out)
{
    return put(owner, HOLD, kind, secret, nothing, out);
}

static enum sally_err reveal(void *owner, struct sally_span held,
                             struct sally_secret *out)
{
    struct sally_buf b = SALLY_BUF(out->bytes);
    enum sally_err e = put(owner, REVEAL, 0, held, nothing, &b);

    out->len = e == SALLY_E_OK ? b.len : 0;
    return e;
}

static enum sally_err sign(void *owner, struct sally_span held,
                           struct sally_span digest, struct sally_buf *out)
{
    if (digest.len > SALLY_DIGEST_MAX)
        return SALLY_E_TOO_LARGE;
    return put(owner, SIGN, digest.len, digest, held, out);
}

struct sally_holder sally_holding_holder(struct sally_holding *h)
{
    return (struct sally_holder){ hold, reveal, sign, h };
}

/* --- Answering ------------------------------------------------------------ */

static enum sally_err do_hold(const struct sally_holder *h, uint8_t kind,
                              struct sally_cursor *c, struct sally_buf *out)
{
    if (kind != SALLY_HELD_SHARED && kind != SALLY_HELD_PRIVATE)
        return SALLY_E_MALFORMED;
    return h->hold(h->owner, (enum sally_held_kind)kind, c->rest, out);
}

static enum sally_err do_reveal(const struct sally_holder *h, uint8_t number,
                                struct sally_cursor *c, struct sally_buf *out)
{
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret secret = { .len = 0 };
    struct sally_writer w = sally_writer_into(out);
    enum sally_err e = h->reveal(h->owner, c->rest, &secret);

    (void)number;
    if (e != SALLY_E_OK)
        return e;
    sally_put(&w, sally_secret_span(&secret));
    return sally_writer_end(&w);
}

static enum sally_err do_sign(const struct sally_holder *h, uint8_t length,
                              struct sally_cursor *c, struct sally_buf *out)
{
    const struct sally_span digest = sally_take(c, length);

    if (c->failed || length == 0 || length > SALLY_DIGEST_MAX)
        return SALLY_E_MALFORMED;
    return h->sign(h->owner, c->rest, digest, out);
}

enum sally_err sally_holding_answer(const struct sally_held_key *key,
                                    struct sally_span question,
                                    struct sally_buf *answer)
{
    static enum sally_err (*const rows[])(
        const struct sally_holder *, uint8_t, struct sally_cursor *,
        struct sally_buf *) = {
        [HOLD] = do_hold, [REVEAL] = do_reveal, [SIGN] = do_sign
    };
    const struct sally_holder h = sally_holder_of(key);
    struct sally_cursor c = sally_cursor_over(question);
    const size_t what = sally_take_u8(&c);
    const uint8_t number = sally_take_u8(&c);
    const size_t start = answer->len;
    enum sally_err e;

    if (c.failed || what < HOLD || what >= SALLY_LEN(rows))
        return SALLY_E_MALFORMED;
    answer->at[answer->len++] = SALLY_E_OK;
    e = rows[what](&h, number, &c, answer);
    if (e == SALLY_E_OK)
        return e;
    answer->len = start + 1;
    answer->at[start] = (uint8_t)e;
    return e == SALLY_E_MALFORMED ? e : SALLY_E_OK;
}
