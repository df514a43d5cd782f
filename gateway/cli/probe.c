/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/probe.c - one attempt at one address: a handshake with a made-up
 * identity, a CoAP ping (RFC 7252 s.4.3), or a CSM over TCP (RFC 8323 s.5.3).
 */
#include "cli/probe.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lwm2m/engine.h"
#include "security/crypto.h"

#define PATIENCE (5 * SALLY_SEC)
#define QUIET (1500 * SALLY_MSEC) /* after an answer: nothing more comes */

struct attempt {
    struct sally_engine engine;
    struct sally_credential credential;
    struct sally_coap_link link;
    struct sally_probe *out;
    int fd;
    sally_usec began, heard_at;
    bool over;
};

static sally_usec now_of(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (sally_usec)t.tv_sec * SALLY_SEC + (sally_usec)t.tv_nsec / 1000;
}

static void on_channel(void *owner, enum sally_err e, sally_usec now)
{
    struct attempt *a = owner;

    (void)now;
    a->out->ended = e != SALLY_E_OK;
    a->out->why = e;
    a->out->alert = sally_stack_alert(sally_coap_link_stack(&a->link));
    a->over = true;
}

static const struct sally_coap_link_upcalls upcalls = {
    .on_channel = on_channel
};

/* An error that the system reports for a datagram that went out before. */
static void note_error(struct attempt *a)
{
    if (errno == EAGAIN || errno == EINTR)
        return;
    a->out->unreachable = true;
    a->out->error = errno;
    a->over = true;
}

static void send_all(struct attempt *a, sally_usec now)
{
    for (;;) {
        struct sally_span d = sally_coap_link_output(&a->link, now);

        if (d.len == 0)
            return;
        if (send(a->fd, d.at, d.len, MSG_NOSIGNAL) < 0)
            note_error(a);
    }
}

static void hear(struct attempt *a, sally_usec now)
{
    if (!a->out->heard)
        a->out->milliseconds = (unsigned)((now - a->began) / SALLY_MSEC);
    a->out->heard = true;
    a->heard_at = now;
}

static void receive(struct attempt *a)
{
    uint8_t room[SALLY_DATAGRAM_MAX];
    ssize_t n;

    while (!a->over && sally_coap_link_room(&a->link) != 0 &&
           (n = recv(a->fd, room, sally_coap_link_room(&a->link), 0)) >= 0) {
        hear(a, now_of());
        if (n == 0)
            sally_coap_link_lost(&a->link, SALLY_E_CLOSED, now_of());
        (void)sally_coap_link_input(
            &a->link, (struct sally_span){ room, (size_t)n }, now_of());
    }
    if (!a->over && sally_coap_link_room(&a->link) != 0)
        note_error(a);
}

/* Sleeps until something is due or arrives. */
static void wait(const struct attempt *a, sally_usec until, sally_usec now)
{
    struct pollfd p = { .fd = a->fd, .events = POLLIN };
    sally_usec gap = until > now ? until - now : 0;

    (void)poll(&p, 1, (int)(gap / SALLY_MSEC) + 1);
}

static void shake(struct attempt *a)
{
    sally_usec now = now_of();

    while (!a->over && now < a->began + PATIENCE &&
           (!a->out->heard || now < a->heard_at + QUIET)) {
        send_all(a, now);
        wait(a, sally_earlier(sally_coap_link_deadline(&a->link),
                              now + QUIET / 4), now);
        receive(a);
        now = now_of();
        sally_coap_link_expire(&a->link, now);
    }
    send_all(a, now); /* an alert may wait */
}

/* Nobody has this identity, and the key is thrown away. */
static enum sally_err make_up(struct sally_credential *c)
{
    struct sally_random random = sally_crypto_random();
    uint8_t key[16];
    enum sally_err e;

    sally_random_fill(&random, key, sizeof(key));
    e = sally_credential_psk(c, sally_span_of("sallyport-test"),
                             (struct sally_span){ key, sizeof(key) });
    sally_wipe(key, sizeof(key));
    return e;
}

static enum sally_err handshake(int fd, enum sally_scheme scheme,
                                struct sally_probe *out)
{
    struct attempt a = { .out = out, .fd = fd, .began = now_of() };
    enum sally_err e = sally_engine_make(&a.engine, 1);

    if (e == SALLY_E_OK && scheme == SALLY_SCHEME_COAP_TCP)
        sally_credential_nosec(&a.credential);
    else if (e == SALLY_E_OK)
        e = make_up(&a.credential);
    if (e == SALLY_E_OK) {
        sally_coap_link_init(&a.link, &a.engine.coap, &upcalls, &a);
        e = sally_coap_link_start(&a.link, scheme, &a.credential, NULL,
                                  a.began);
    }
    if (e == SALLY_E_OK)
        shake(&a);
    sally_coap_link_wipe(&a.link);
    sally_credential_wipe(&a.credential);
    sally_engine_wipe(&a.engine);
    return e;
}

/* An empty confirmable message, which every CoAP endpoint answers. */
static void ping(int fd, struct sally_probe *out)
{
    static const uint8_t empty[] = { 0x40, 0, 0x5a, 0x11 };
    sally_usec began = now_of();
    uint8_t room[64];

    for (int i = 0; i < 3 && !out->heard && !out->unreachable; i++) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        (void)send(fd, empty, sizeof(empty), MSG_NOSIGNAL);
        if (poll(&p, 1, 1600) <= 0)
            continue;
        out->heard = recv(fd, room, sizeof(room), 0) >= 0;
        out->unreachable = !out->heard;
        out->error = errno;
        out->milliseconds = (unsigned)((now_of() - began) / SALLY_MSEC);
    }
}

/* 0, or why there is no connection. */
static int wait_for_connection(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t len = sizeof(error);

    if (poll(&p, 1, (int)(PATIENCE / SALLY_MSEC)) <= 0)
        return ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error
                                                                   : errno;
}

enum sally_err sally_probe_address(const struct sockaddr *to, socklen_t len,
                                   enum sally_scheme scheme,
                                   struct sally_probe *out)
{
    bool stream = scheme == SALLY_SCHEME_COAP_TCP ||
                  scheme == SALLY_SCHEME_COAPS_TCP;
    int fd = socket(to->sa_family,
                    (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC |
                        SOCK_NONBLOCK,
                    0);
    enum sally_err e = SALLY_E_OK;

    *out = (struct sally_probe){ .heard = false };
    if (fd < 0)
        return SALLY_E_IO;
    if (connect(fd, to, len) != 0)
        out->error = errno == EINPROGRESS ? wait_for_connection(fd) : errno;
    out->unreachable = out->error != 0;
    if (!out->unreachable && scheme != SALLY_SCHEME_COAP)
        e = handshake(fd, scheme, out);
    else if (!out->unreachable)
        ping(fd, out);
    (void)close(fd);
    return e;
}
