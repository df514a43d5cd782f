/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host.c - a socket, the clock and a wait: all that the engine has not. */
#include "example.h"

#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct addrinfo *server;
static int fd = -1;
static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    ended = number;
}

bool host_find(const char *text, enum sally_scheme *scheme)
{
    const struct addrinfo wanted = { .ai_socktype = SOCK_DGRAM };
    struct sally_uri uri;
    char port[8];

    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (sally_uri_parse(sally_span_of(text), &uri) != SALLY_E_OK) {
        fprintf(stderr, "%s: not the URI of a server\n", text);
        return false;
    }
    *scheme = uri.secure ? SALLY_SCHEME_COAPS : SALLY_SCHEME_COAP;
    snprintf(port, sizeof(port), "%u", uri.port);
    if (getaddrinfo(uri.host, port, &wanted, &server) != 0)
        fprintf(stderr, "%s: no address\n", uri.host);
    return server != NULL;
}

void host_open_socket(void)
{
    if (fd >= 0)
        close(fd);
    fd = socket(server->ai_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, server->ai_addr, server->ai_addrlen) != 0)
        perror("socket");
}

sally_usec host_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (sally_usec)t.tv_sec * SALLY_SEC + (sally_usec)t.tv_nsec / 1000;
}

bool host_ended(void)
{
    return ended != 0;
}

/* A datagram that cannot be sent is lost, and lost datagrams are resent. */
static void send_all(struct sally_lwm2m_client *client)
{
    struct sally_span d;

    while ((d = sally_lwm2m_client_output(client, host_now())).len != 0)
        if (send(fd, d.at, d.len, 0) < 0)
            return;
}

void host_turn(struct sally_lwm2m_client *client)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    uint8_t room[SALLY_DATAGRAM_MAX];
    sally_usec now = host_now(), due = sally_lwm2m_client_deadline(client);
    sally_usec gap = due > now ? due - now : 0;
    ssize_t n;

    send_all(client);
    p.fd = fd; /* the client may have asked for a fresh one */
    poll(&p, 1, gap > SALLY_SEC ? 1000 : (int)(gap / SALLY_MSEC) + 1);
    while ((n = recv(fd, room, sizeof(room), 0)) >= 0)
        sally_lwm2m_client_input(
            client, (struct sally_span){ room, (size_t)n }, host_now());
    sally_lwm2m_client_expire(client, host_now());
    send_all(client);
}
