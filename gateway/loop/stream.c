/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/stream.c - a TCP connection of ours between engine and system.
 */
#include "loop/stream.h"

#include "base/secret.h"
#include "loop/inside.h"
#include "loop/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sally_stream {
    struct sally_loop *loop;
    struct event readable, writable;
    int fd; /* owned; -1: none */
    const struct sally_stream_upcalls *upcalls;
    void *owner;
    struct sally_task failed; /* tells of a failure in a later turn */
    enum sally_err failure;
    bool connected;
    bool reading, listening; /* inside on_bytes(); waits for bytes */
    bool closed;             /* meanwhile: freed when that returns */
    size_t waiting;          /* bytes of `rest` */
    uint8_t *rest;           /* owned; NULL: none */
};

static void give_rest(struct sally_stream *s)
{
    if (s->rest != NULL)
        sally_wipe(s->rest, s->waiting);
    free(s->rest);
    s->rest = NULL;
    s->waiting = 0;
}

static void drop_socket(struct sally_stream *s)
{
    sally_loop_cancel(&s->failed);
    if (s->fd < 0)
        return;
    event_del(&s->readable);
    event_del(&s->writable);
    close(s->fd);
    s->fd = -1;
    s->connected = s->listening = false;
}

void sally_stream_drop(struct sally_stream *s)
{
    drop_socket(s);
    give_rest(s);
}

/* --- Failures ------------------------------------------------------------ */

static enum sally_err meaning_of(int number)
{
    switch (number) {
    case 0:
    case ECONNRESET:
    case EPIPE: return SALLY_E_CLOSED;
    case ECONNREFUSED: return SALLY_E_REFUSED;
    case ETIMEDOUT: return SALLY_E_TIMED_OUT;
    default: return SALLY_E_IO;
    }
}

/* What was said into a connection that broke is lost with it. */
static void lose(struct sally_stream *s, enum sally_err e, sally_usec now)
{
    bool connected = s->connected;

    drop_socket(s);
    if (connected)
        give_rest(s);
    s->upcalls->on_lost(s->owner, e, connected, now);
}

static void on_failed(void *owner, sally_usec now)
{
    struct sally_stream *s = owner;

    lose(s, s->failure, now);
}

static void fail_later(struct sally_stream *s, int number)
{
    s->failure = meaning_of(number);
    sally_loop_later(s->loop, &s->failed);
}

/* --- Traffic ------------------------------------------------------------- */

bool sally_stream_ready(const struct sally_stream *s)
{
    return s->rest == NULL;
}

/* False: the rest must wait. */
static bool flush(struct sally_stream *s, struct sally_span *chunk)
{
    while (chunk->len != 0) {
        ssize_t n = send(s->fd, chunk->at, chunk->len,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0)
            *chunk = sally_span_sub(*chunk, (size_t)n, chunk->len);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return false;
        else if (errno != EINTR) {
            fail_later(s, errno);
            return true; /* it goes with the connection */
        }
    }
    return true;
}

void sally_stream_send(struct sally_stream *s, struct sally_span chunk)
{
    if (s->connected && flush(s, &chunk))
        return;
    s->rest = malloc(chunk.len);
    if (s->rest == NULL) {
        fail_later(s, ENOMEM); /* a stream with a hole is no use */
        return;
    }
    memcpy(s->rest, chunk.at, chunk.len);
    s->waiting = chunk.len;
    if (s->connected)
        event_add(&s->writable, NULL);
}

static void flush_rest(struct sally_stream *s, sally_usec now)
{
    struct sally_span left = { s->rest, s->waiting };

    if (s->rest != NULL && !flush(s, &left)) {
        memmove(s->rest, left.at, left.len);
        s->waiting = left.len;
        event_add(&s->writable, NULL);
        return;
    }
    give_rest(s);
    s->upcalls->on_ready(s->owner, now);
}

void sally_stream_resume(struct sally_stream *s)
{
    bool wanted = s->connected && s->upcalls->room(s->owner) != 0;

    if (wanted == s->listening)
        return;
    s->listening = wanted;
    if (wanted)
        event_add(&s->readable, NULL);
    else
        event_del(&s->readable);
}

static void take_bytes(struct sally_stream *s, size_t n, sally_usec now)
{
    s->reading = true;
    s->upcalls->on_bytes(s->owner,
                         (struct sally_span){ s->loop->buffer, n }, now);
    s->reading = false;
    sally_wipe(s->loop->buffer, n); /* plaintext, if there is no TLS */
    if (s->closed)
        free(s);
    else
        sally_stream_resume(s);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct sally_stream *s = arg;
    sally_usec now = sally_loop_wake(s->loop);
    size_t room = s->upcalls->room(s->owner);
    ssize_t n;

    (void)what;
    if (room == 0) {
        sally_stream_resume(s);
        return;
    }
    if (room > SALLY_STREAM_CHUNK)
        room = SALLY_STREAM_CHUNK;
    n = recv(fd, s->loop->buffer, room, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        lose(s, meaning_of(n == 0 ? 0 : errno), now);
    else
        take_bytes(s, (size_t)n, now);
}

/* --- The connection ------------------------------------------------------ */

static void stand(struct sally_stream *s, sally_usec now)
{
    s->connected = true;
    sally_stream_resume(s);
    flush_rest(s, now);
}

/* The first time it is writable it stands, or has failed. */
static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct sally_stream *s = arg;
    sally_usec now = sally_loop_wake(s->loop);
    socklen_t len = sizeof(int);
    int error = 0;

    if (s->connected) {
        flush_rest(s, now);
        return;
    }
    if ((what & EV_TIMEOUT) != 0)
        error = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error == 0)
        stand(s, now);
    else
        lose(s, meaning_of(error), now);
}

static void set_options(int fd)
{
    unsigned stalled = (unsigned)(SALLY_STREAM_STALLED / SALLY_MSEC);
    int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &stalled,
                     sizeof(stalled));
}

/* -1 with errno set. */
static int begin(const struct sally_bus_address *peer)
{
    struct sockaddr_storage to;
    int domain = peer->family == 4 ? AF_INET : AF_INET6;
    socklen_t len = sally_address_to_system(peer, domain, &to);
    SALLY_ON_EXIT(sally_descriptor_close) int fd = -1;

    errno = EAFNOSUPPORT;
    if (len != 0)
        fd = socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (len != 0 && fd < 0)
        sally_socket_lacking("client");
    if (fd < 0)
        return -1;
    set_options(fd);
    if (connect(fd, (const struct sockaddr *)&to, len) != 0 &&
        errno != EINPROGRESS)
        return -1;
    return sally_descriptor_release(&fd);
}

void sally_stream_connect(struct sally_stream *s,
                          const struct sally_bus_address *peer)
{
    static const struct timeval patience = { SALLY_STREAM_CONNECT / SALLY_SEC,
                                             0 };
    int fd;

    drop_socket(s);
    fd = begin(peer);
    if (fd < 0) {
        fail_later(s, errno);
        return;
    }
    s->fd = fd;
    event_assign(&s->readable, s->loop->base, fd, EV_READ | EV_PERSIST,
                 on_readable, s);
    event_assign(&s->writable, s->loop->base, fd, EV_WRITE, on_writable, s);
    if (event_add(&s->writable, &patience) != 0)
        fail_later(s, ENOMEM);
}

enum sally_err sally_stream_open(struct sally_stream **out,
                                 struct sally_loop *l,
                                 const struct sally_stream_upcalls *upcalls,
                                 void *owner)
{
    struct sally_stream *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return SALLY_E_NO_MEMORY;
    s->loop = l;
    s->fd = -1;
    s->upcalls = upcalls;
    s->owner = owner;
    s->failed.run = on_failed;
    s->failed.owner = s;
    *out = s;
    return SALLY_E_OK;
}

void sally_stream_close(struct sally_stream *s)
{
    if (s == NULL)
        return;
    sally_stream_drop(s);
    s->closed = true;
    if (!s->reading)
        free(s);
}
