/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/bench/associations.c - holds N clients' associations with pre-shared
 * keys, at rest, each with its socket, until its input ends:
 *     associations 1.2|1.3 N
 * Prints "ready" when all are there. The servers are gone by then.          */
#include "security/crypto.h"
#include "security/dtls.h"
#include "security/stack.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_PORT 5684
#define HEAP_EACH 10000 /* bytes, as a bound */
#define HEAP_BASE ((size_t)1 << 24)

static const char identity[] = "sensor-1", key[] = "a key of sixteen";

static struct {
    struct sally_security *security;
    struct sally_pool packets;
    struct sally_credential credential;
    int epoll;
} all;

static _Noreturn void stop(const char *why)
{
    fprintf(stderr, "associations: %s\n", why);
    exit(1);
}

static enum sally_err find(void *owner, struct sally_span who,
                           struct sally_secret *out)
{
    (void)owner;
    (void)who;
    return sally_secret_set(out, sally_span_of(key));
}

static void open_all(const char *suites, size_t count)
{
    const struct sally_security_limits limits = { count + 1,
                                                  HEAP_BASE +
                                                      count * HEAP_EACH };

    all.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (all.epoll < 0 ||
        sally_pool_init(&all.packets, SALLY_DATAGRAM_MAX, 16, true) !=
            SALLY_E_OK ||
        sally_security_init(&all.security, &limits, &all.packets,
                            sally_crypto_random()) != SALLY_E_OK ||
        sally_dtls_suites(all.security, suites) != SALLY_E_OK ||
        sally_credential_psk(&all.credential, sally_span_of(identity),
                             sally_span_of(key)) != SALLY_E_OK)
        stop("cannot be set up");
}

static bool carry(struct sally_stack *from, struct sally_stack *to)
{
    uint8_t copy[SALLY_DATAGRAM_MAX], room[SALLY_MESSAGE_MAX];
    struct sally_span out;
    bool any = false;

    while ((out = sally_stack_output(from)).len != 0) {
        struct sally_buf got = SALLY_BUF(room);

        memcpy(copy, out.at, out.len);
        (void)!sally_stack_open(to, (struct sally_span){ copy, out.len }, &got,
                                SALLY_SEC);
        any = true;
    }
    return any;
}

static void say(struct sally_stack *from, struct sally_stack *to)
{
    uint8_t room[SALLY_DATAGRAM_MAX], back[SALLY_MESSAGE_MAX];
    struct sally_buf wire = SALLY_BUF(room), got = SALLY_BUF(back);

    if (sally_stack_seal(from, sally_span_of("word"), &wire) != SALLY_E_OK ||
        sally_stack_open(to, sally_buf_span(&wire), &got, SALLY_SEC) !=
            SALLY_E_OK)
        stop("no word comes through");
}

static void join(struct sally_stack *client)
{
    static const struct sally_key_finder finder = { .find = find };
    struct sally_stack server = { .channel = NULL };

    if (sally_stack_start(client, all.security, SALLY_SCHEME_COAPS,
                          &all.credential, SALLY_SEC) != SALLY_E_OK ||
        sally_stack_accept(&server, all.security, SALLY_SCHEME_COAPS, &finder,
                           SALLY_SEC) != SALLY_E_OK)
        stop("no session can be had");
    for (bool moved = true; moved;) {
        moved = carry(client, &server);
        moved = carry(&server, client) || moved;
    }
    if (sally_stack_state(client) != SALLY_CHANNEL_UP)
        stop("no session");
    say(client, &server);
    say(&server, client);
    sally_stack_wipe(&server);
}

static void add_socket(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(SERVER_PORT),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct epoll_event e = { .events = EPOLLIN };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0 ||
        epoll_ctl(all.epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        stop("no socket");
}

int main(int argc, char **argv)
{
    struct rlimit files;
    struct sally_stack *clients;
    size_t count;

    if (argc != 3)
        stop("which version, and how many?");
    count = strtoul(argv[2], NULL, 10);
    clients = calloc(count + 1, sizeof(*clients));
    if (clients == NULL)
        stop("no memory");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    open_all(strcmp(argv[1], "1.2") == 0 ? "PSK-AES128-CCM-8"
                                         : "TLS13-AES128-GCM-SHA256",
             count);
    for (size_t i = 0; i < count; i++) {
        join(&clients[i]);
        add_socket();
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}
