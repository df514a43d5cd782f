/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host.c - the sockets, the clock and the loop of the matrix's client. */
#include "client.h"

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct addrinfo *server;
static int fd = -1;
static char line[CLIENT_LINE_MAX];
static size_t line_used;

bool host_find(const struct sally_uri *uri)
{
    const struct addrinfo wanted = { .ai_socktype = uri->stream ? SOCK_STREAM
                                                                : SOCK_DGRAM };
    char port[8];

    snprintf(port, sizeof(port), "%u", uri->port);
    return getaddrinfo(uri->host, port, &wanted, &server) == 0;
}

void host_open(void)
{
    if (fd >= 0)
        close(fd);
    fd = socket(server->ai_family, server->ai_socktype, 0);
    if (fd >= 0 && connect(fd, server->ai_addr, server->ai_addrlen) != 0) {
        close(fd); /* nobody listens there just now */
        fd = -1;
    }
}

sally_usec host_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (sally_usec)t.tv_sec * SALLY_SEC + (sally_usec)t.tv_nsec / 1000;
}

/* A stream's socket blocks, so what there is goes out whole. */
static void send_all(const struct client_part *part)
{
    struct sally_span d;

    while ((d = part->output(host_now())).len != 0)
        if (fd < 0 || send(fd, d.at, d.len, MSG_NOSIGNAL) < 0)
            return;
}

static void receive(const struct client_part *part)
{
    uint8_t bytes[SALLY_DATAGRAM_MAX];
    size_t room = part->room();
    ssize_t n = recv(fd, bytes, room < sizeof(bytes) ? room : sizeof(bytes),
                     MSG_DONTWAIT);
    bool stream = server->ai_socktype == SOCK_STREAM;

    if (n > 0)
        part->input((struct sally_span){ bytes, (size_t)n }, host_now());
    else if (stream)
        part->lost(SALLY_E_CLOSED, host_now());
    if (n <= 0 && stream) {
        close(fd);
        fd = -1;
    }
}

/* False at the end of the input. */
static bool take_commands(const struct client_part *part)
{
    ssize_t n = read(0, &line[line_used], sizeof(line) - line_used - 1);
    char *end;

    if (n <= 0)
        return false;
    line_used += (size_t)n;
    line[line_used] = '\0';
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        part->command(line, host_now());
        line_used -= (size_t)(end + 1 - line);
        memmove(line, end + 1, line_used + 1);
    }
    return true;
}

void host_run(const struct client_part *part)
{
    for (;;) {
        struct pollfd p[2] = { { .fd = 0, .events = POLLIN },
                               { .fd = -1, .events = POLLIN } };
        sally_usec now = host_now(), due;
        sally_usec gap;

        send_all(part);
        due = part->deadline();
        gap = due > now ? due - now : 0;
        p[1].fd = part->room() != 0 ? fd : -1;
        poll(p, 2, gap > SALLY_SEC ? 1000 : (int)(gap / SALLY_MSEC) + 1);
        if (p[0].revents != 0 && !take_commands(part))
            return;
        if (p[1].revents != 0 && p[1].fd == fd)
            receive(part);
        part->expire(host_now());
    }
}
