/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/interop/peers/bridge.c - arguments, sockets and the one loop of a
 * server of one session. */
#include "bridge.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void bridge_die(const char *what, int number)
{
    fprintf(stderr, "%s: %d\n", what, number);
    exit(1);
}

static void take_argument(struct bridge_options *o, const char *argument)
{
    const struct {
        const char *name;
        const char **value;
    } names[] = {
        { "over=", &o->over },         { "port=", &o->port },
        { "seen=", &o->seen },         { "version=", &o->version },
        { "identity=", &o->identity }, { "psk=", &o->psk },
        { "key=", &o->key },           { "chain=", &o->chain },
        { "trust=", &o->trust },       { "raw=", &o->raw },
        { "cid=", &o->cid },           { "db=", &o->db },
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t n = strlen(names[i].name);

        if (strncmp(argument, names[i].name, n) == 0) {
            *names[i].value = argument + n;
            return;
        }
    }
    bridge_die(argument, -1);
}

static struct bridge_options options_of(int argc, char **argv)
{
    struct bridge_options o = { .over = "udp", .version = "1.2" };

    for (int i = 1; i < argc; i++)
        take_argument(&o, argv[i]);
    if (o.port == NULL || o.seen == NULL)
        bridge_die("port and seen are needed", -1);
    for (const char *hex = o.psk; hex != NULL && hex[0] != '\0'; hex += 2) {
        unsigned byte;

        if (o.secret_len == sizeof(o.secret) || sscanf(hex, "%2x", &byte) != 1)
            bridge_die("psk", -1);
        o.secret[o.secret_len++] = (unsigned char)byte;
    }
    o.stream = strcmp(o.over, "tcp") == 0;
    o.newest = strcmp(o.version, "1.3") == 0;
    return o;
}

/* A socket that is connected to the first who comes. */
static int wait_peer(const struct bridge_options *o)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t size = sizeof(at);
    int yes = 1, fd = socket(AF_INET, o->stream ? SOCK_STREAM : SOCK_DGRAM, 0);
    char first;

    at.sin_port = htons((uint16_t)strtoul(o->port, NULL, 10));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(fd, (struct sockaddr *)&at, size) != 0 ||
        (o->stream && listen(fd, 4) != 0))
        bridge_die("port", fd);
    puts("ready");
    fflush(stdout);
    if (o->stream)
        fd = accept(fd, (struct sockaddr *)&at, &size);
    else if (recvfrom(fd, &first, 1, MSG_PEEK, (struct sockaddr *)&at, &size) <
                 0 ||
             connect(fd, (struct sockaddr *)&at, size) != 0)
        bridge_die("peer", fd);
    if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        bridge_die("peer", fd);
    return fd;
}

static bool come_up(int fd)
{
    struct pollfd in = { .fd = fd, .events = POLLIN };
    int got;

    while ((got = tls_handshake()) == BRIDGE_AGAIN)
        (void)poll(&in, 1, tls_wait());
    return got == 1;
}

/* Writes down all that can be read now; false when the session is over. */
static bool take_all(FILE *seen)
{
    unsigned char room[16384];
    int got;

    while ((got = tls_read(room, sizeof(room))) > 0) {
        fwrite(room, 1, (size_t)got, seen);
        fflush(seen);
    }
    return got == BRIDGE_AGAIN;
}

/* One read of standard input is one record; false at its end. */
static bool say(void)
{
    unsigned char room[4096];
    ssize_t n = read(STDIN_FILENO, room, sizeof(room));

    return n > 0 && tls_write(room, (size_t)n);
}

int main(int argc, char **argv)
{
    struct bridge_options o = options_of(argc, argv);
    int fd = wait_peer(&o);
    FILE *seen = fopen(o.seen, "wb");

    if (seen == NULL)
        bridge_die(o.seen, -1);
    tls_begin(&o, fd);
    if (!come_up(fd))
        bridge_die("handshake", -1);
    puts("up");
    fflush(stdout);
    while (take_all(seen)) {
        struct pollfd in[] = { { .fd = fd, .events = POLLIN },
                               { .fd = STDIN_FILENO, .events = POLLIN } };

        (void)poll(in, 2, 1000);
        if ((in[1].revents & (POLLIN | POLLHUP)) != 0 && !say())
            break;
    }
    tls_close();
    fclose(seen);
    return 0;
}
