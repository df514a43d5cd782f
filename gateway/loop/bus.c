/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/bus.c - frames of bus messages through a socket pair. */
#include "loop/bus.h"

#include "base/reserve.h"
#include "base/secret.h"
#include "loop/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(SALLY_BUS_FRAME <= SALLY_LOOP_BUFFER,
               "a frame fits the loop's buffer");

#define KEPT 256 /* frames that a ring may keep touched */

struct frame {
    size_t len;
    int fd; /* owned until it was sent; -1: none */
    bool sealed; /* nothing more goes in */
    uint8_t bytes[SALLY_BUS_FRAME];
};

struct sally_bus {
    struct sally_loop *loop;
    struct event readable, writable;
    struct sally_task flush;
    int fd; /* owned */
    enum sally_role_name self, peer;
    const struct sally_bus_upcalls *upcalls;
    void *owner;
    bool gone, wants_room;
    bool reading; /* _close() waits until the batch is done... */
    bool closed;  /* ...and then it is freed */
    struct frame *frames; /* owned; a ring */
    size_t room, first, count;
    size_t used; /* the most at a time, since the ring was given back */
};

/* Ancillary data of one descriptor, aligned as the system wants it. */
struct passed {
    _Alignas(struct cmsghdr) uint8_t room[CMSG_SPACE(sizeof(int))];
};

enum sally_err sally_bus_pair(int fd[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
                      0, fd) == 0
               ? SALLY_E_OK
               : SALLY_E_IO;
}

bool sally_bus_ready(struct sally_bus *b)
{
    if (b->count == b->room)
        sally_bus_flush(b);
    b->wants_room = b->wants_room || b->count == b->room;
    return b->count < b->room;
}

enum sally_role_name sally_bus_peer(const struct sally_bus *b)
{
    return b->peer;
}

/* --- Sending ------------------------------------------------------------- */

static struct frame *frame_at(struct sally_bus *b, size_t i)
{
    return &b->frames[(b->first + i) % b->room];
}

/* Secrets pass through here, so nothing stays behind. */
static void drop_frame(struct sally_bus *b)
{
    struct frame *f = frame_at(b, 0);

    sally_wipe(f->bytes, f->len);
    sally_descriptor_close(&f->fd);
    f->len = 0;
    f->sealed = false;
    b->first = (b->first + 1) % b->room;
    b->count--;
}

static ssize_t send_frame(int fd, struct frame *f)
{
    struct passed passed;
    struct iovec part = { f->bytes, f->len };
    struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
    struct cmsghdr *c = (struct cmsghdr *)(void *)passed.room;

    if (f->fd >= 0) {
        memset(&passed, 0, sizeof(passed));
        m.msg_control = &passed;
        m.msg_controllen = sizeof(passed);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &f->fd, sizeof(int));
    }
    return sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The end is told by its own read event, in a later turn. */
static void note_gone(struct sally_bus *b)
{
    b->gone = true;
    event_active(&b->readable, EV_READ, 0);
}

/* All went out, each frame wiped: what a burst of thousands touched goes back,
 * whole pages within the ring.                                              */
static void shrink(struct sally_bus *b)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = ((uintptr_t)b->frames + page - 1) / page * page;
    uintptr_t to = (uintptr_t)(b->frames + b->room) / page * page;

    if (b->count == 0 && b->used > KEPT && from < to &&
        madvise((void *)from, to - from, MADV_DONTNEED) == 0)
        b->used = 0;
}

void sally_bus_flush(struct sally_bus *b)
{
    while (b->count > 0 && !b->gone) {
        if (send_frame(b->fd, frame_at(b, 0)) >= 0) {
            drop_frame(b);
            shrink(b);
        } else if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) {
            event_add(&b->writable, NULL);
            return;
        } else if (errno != EINTR) {
            note_gone(b);
        }
    }
}

static void run_flush(void *owner, sally_usec now)
{
    (void)now;
    sally_bus_flush(owner);
}

/* A frame that `m` may go into; NULL: all are full. */
static struct frame *open_frame(struct sally_bus *b, bool fresh)
{
    struct frame *last = b->count > 0 ? frame_at(b, b->count - 1) : NULL;

    if (last != NULL && !last->sealed && !(fresh && last->len > 0))
        return last;
    if (b->count == b->room)
        sally_bus_flush(b);
    if (b->count == b->room)
        return NULL;
    last = frame_at(b, b->count++);
    last->fd = -1;
    if (b->count > b->used)
        b->used = b->count;
    return last;
}

static enum sally_err put_into(struct frame *f, struct sally_bus_message *m)
{
    struct sally_buf out = { f->bytes, f->len, sizeof(f->bytes) };
    enum sally_err e = sally_bus_put(&out, m);

    f->len = out.len;
    return e;
}

static enum sally_err queue(struct sally_bus *b, struct sally_bus_message *m,
                            int fd)
{
    struct frame *f = open_frame(b, fd >= 0);
    enum sally_err e = f != NULL ? put_into(f, m) : SALLY_E_NO_ROOM;

    if (f != NULL && e == SALLY_E_NO_ROOM) {
        f->sealed = true;
        f = open_frame(b, true);
        e = f != NULL ? put_into(f, m) : SALLY_E_NO_ROOM;
    }
    if (e == SALLY_E_NO_ROOM)
        b->wants_room = true;
    if (e != SALLY_E_OK)
        return e;
    f->sealed = fd >= 0;
    f->fd = fd;
    sally_loop_later(b->loop, &b->flush);
    return SALLY_E_OK;
}

enum sally_err sally_bus_send_with(struct sally_bus *b,
                                   struct sally_bus_message *m, int fd)
{
    enum sally_err e = SALLY_E_CLOSED;

    if (!b->gone)
        e = sally_bus_may_say(m, b->self, b->peer) ? queue(b, m, fd)
                                                   : SALLY_E_BAD_STATE;
    if (e != SALLY_E_OK)
        sally_descriptor_close(&fd);
    return e;
}

enum sally_err sally_bus_send(struct sally_bus *b, struct sally_bus_message *m)
{
    return sally_bus_send_with(b, m, -1);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct sally_bus *b = arg;
    sally_usec now = sally_loop_wake(b->loop);

    (void)fd;
    (void)what;
    sally_bus_flush(b);
    if (!b->wants_room || b->count == b->room || b->gone)
        return;
    b->wants_room = false;
    if (b->upcalls->on_room != NULL)
        b->upcalls->on_room(b->owner, b, now);
}

/* --- Receiving ----------------------------------------------------------- */

/* The descriptor that came with a frame, -1 if none did. */
static int passed_descriptor(struct msghdr *m)
{
    int fd = -1;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
         c = CMSG_NXTHDR(m, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
            c->cmsg_len == CMSG_LEN(sizeof(int)))
            memcpy(&fd, CMSG_DATA(c), sizeof(fd));
    return fd;
}

static ssize_t receive_frame(struct sally_bus *b, int *passed_fd)
{
    struct passed passed;
    struct iovec part = { b->loop->buffer, SALLY_BUS_FRAME };
    struct msghdr m = { .msg_iov = &part,
                        .msg_iovlen = 1,
                        .msg_control = &passed,
                        .msg_controllen = sizeof(passed) };
    ssize_t n = recvmsg(b->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    *passed_fd = n >= 0 ? passed_descriptor(&m) : -1;
    return n;
}

/* Hands up the messages of one frame. A descriptor comes alone with a CONTROL
 * message, or the frame is refused.                                         */
static enum sally_err hand_up(struct sally_bus *b, struct sally_span frame,
                              int fd, sally_usec now)
{
    SALLY_ON_EXIT(sally_descriptor_close) int passed = fd;
    struct sally_bus_message m;

    while (frame.len != 0 && !b->closed) {
        enum sally_err e = sally_bus_take(&frame, b->peer, b->self, &m);
        int mine = passed;

        if (e == SALLY_E_OK && passed >= 0 &&
            (m.type != SALLY_BUS_CONTROL || frame.len != 0))
            e = SALLY_E_MALFORMED;
        if (e != SALLY_E_OK)
            return e;
        passed = -1;
        b->upcalls->on_message(b->owner, b, &m, mine, now);
    }
    sally_wipe(&m, sizeof(m));
    return SALLY_E_OK;
}

static void report_gone(struct sally_bus *b, enum sally_err e, sally_usec now)
{
    b->gone = true;
    event_del(&b->readable);
    event_del(&b->writable);
    sally_loop_cancel(&b->flush);
    b->upcalls->on_gone(b->owner, b, e, now);
}

/* Takes one frame. False: no more now, or the end was reported. */
static bool take_frame(struct sally_bus *b, sally_usec now)
{
    struct sally_loop *l = b->loop;
    enum sally_err e;
    int fd;
    ssize_t n = receive_frame(b, &fd);

    if (n < 0 && (errno == EAGAIN || errno == EINTR) && !b->gone)
        return false;
    if (n <= 0) {
        report_gone(b, SALLY_E_CLOSED, now);
        return false;
    }
    e = hand_up(b, (struct sally_span){ l->buffer, (size_t)n }, fd, now);
    sally_wipe(l->buffer, (size_t)n);
    if (e != SALLY_E_OK && !b->closed)
        report_gone(b, e, now);
    return e == SALLY_E_OK && !b->closed;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct sally_bus *b = arg;
    sally_usec now = sally_loop_wake(b->loop);

    (void)fd;
    (void)what;
    b->reading = true;
    for (int left = SALLY_LOOP_BUDGET; left > 0; left--)
        if (!take_frame(b, now))
            break;
    b->reading = false;
    if (b->closed)
        free(b);
}

/* --- Life ---------------------------------------------------------------- */

enum sally_err sally_bus_open(struct sally_bus **out, struct sally_loop *l,
                              int fd, enum sally_role_name self,
                              enum sally_role_name peer, size_t frames,
                              const struct sally_bus_upcalls *upcalls,
                              void *owner)
{
    struct sally_bus *b = calloc(1, sizeof(*b));

    if (b == NULL) {
        close(fd);
        return SALLY_E_NO_MEMORY;
    }
    *b = (struct sally_bus){ .loop = l, .fd = fd, .self = self, .peer = peer,
                             .upcalls = upcalls, .owner = owner,
                             .room = frames,
                             .flush = { .run = run_flush, .owner = b } };
    event_assign(&b->readable, l->base, fd, EV_READ | EV_PERSIST, on_readable,
                 b);
    event_assign(&b->writable, l->base, fd, EV_WRITE, on_writable, b);
    b->frames = sally_reserve(frames * sizeof(*b->frames));
    if (b->frames == NULL || !sally_descriptor_prepare(fd) ||
        event_add(&b->readable, NULL) != 0) {
        enum sally_err e = b->frames == NULL ? SALLY_E_NO_MEMORY : SALLY_E_IO;

        sally_bus_close(b);
        return e;
    }
    *out = b;
    return SALLY_E_OK;
}

void sally_bus_close(struct sally_bus *b)
{
    if (b == NULL)
        return;
    event_del(&b->readable);
    event_del(&b->writable);
    sally_loop_cancel(&b->flush);
    while (b->count > 0)
        drop_frame(b);
    close(b->fd);
    sally_release(b->frames, b->room * sizeof(*b->frames));
    b->gone = b->closed = true;
    if (!b->reading)
        free(b);
}
