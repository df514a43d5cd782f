/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/loop/test_tcp.c - connections: limits, output that waits for a
 * slow reader, pausing, and closing from either side.                       */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/tcp.h"

#define MUCH (16u << 20) /* bytes: more than any socket buffer takes */

/* The engine: counts what came, says `owed` bytes of a repeated pattern. */
static struct engine {
    struct sally_tcp *connection;
    size_t got, owed, said;
    unsigned accepted, closed;
    uint32_t interface;
    bool refuse, close_inside, pause_when_sent;
} engine;

static struct sally_loop *loop;
static struct sally_tcp_listener *listener;
static uint8_t pattern[4096];

static void *on_accept(void *owner, struct sally_tcp *c,
                       const struct sally_bus_address *peer, sally_usec now)
{
    (void)owner;
    (void)now;
    assert_int_equal(peer->family, 4);
    if (engine.refuse)
        return NULL;
    engine.accepted++;
    engine.connection = c;
    engine.interface = sally_tcp_interface(c);
    return &engine;
}

static void on_bytes(void *owner, struct sally_span bytes, sally_usec now)
{
    struct engine *e = owner;

    (void)now;
    e->got += bytes.len;
    if (e->close_inside)
        sally_tcp_close(e->connection);
}

static struct sally_span output(void *owner, sally_usec now)
{
    struct engine *e = owner;
    size_t left = e->owed - e->said;
    size_t at = e->said % sizeof(pattern);
    size_t piece = sizeof(pattern) - at;

    (void)now;
    return (struct sally_span){ &pattern[at], left < piece ? left : piece };
}

static void sent(void *owner, size_t n)
{
    struct engine *e = owner;

    e->said += n;
    if (e->pause_when_sent)
        sally_tcp_pause(e->connection, true);
}

static void on_closed(void *owner, sally_usec now)
{
    (void)now;
    ((struct engine *)owner)->closed++;
}

static const struct sally_tcp_upcalls upcalls = { on_accept, on_bytes, output,
                                                  sent, on_closed };

static int open_all(void **state)
{
    const struct sally_tcp_limits limits = { 3, 2, 0 };
    struct sally_bus_address a;
    int fd;

    (void)state;
    engine = (struct engine){ 0 };
    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = (uint8_t)(i * 7);
    assert_int_equal(sally_loop_open(&loop, 1), SALLY_E_OK);
    assert_int_equal(sally_address_parse("", 0, &a), SALLY_E_OK);
    assert_int_equal(sally_tcp_bind(NULL, &a, &fd), SALLY_E_OK);
    assert_int_equal(sally_tcp_listen(&listener, loop, fd, &limits, &upcalls,
                                      NULL), SALLY_E_OK);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    sally_tcp_listener_close(listener);
    sally_loop_close(loop);
    return 0;
}

static void turns(void)
{
    for (int i = 0; i < 4; i++)
        sally_loop_turn(loop, 0);
}

/* A peer that connects from `from`. */
static int connect_from(const char *from)
{
    struct sally_bus_address a;
    struct sockaddr_storage s;
    socklen_t len;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(sally_address_parse(from, 0, &a), SALLY_E_OK);
    len = sally_address_to_system(&a, AF_INET, &s);
    assert_int_equal(bind(fd, (struct sockaddr *)&s, len), 0);
    assert_int_equal(sally_address_parse("127.0.0.1",
                                         sally_tcp_listener_port(listener),
                                         &a), SALLY_E_OK);
    len = sally_address_to_system(&a, AF_INET, &s);
    assert_int_equal(connect(fd, (struct sockaddr *)&s, len), 0);
    turns();
    return fd;
}

static bool has_ended(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    uint8_t byte;

    return poll(&p, 1, 1000) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

static void bytes_come_up(void **state)
{
    int fd = connect_from("127.0.0.1");

    (void)state;
    assert_int_equal(send(fd, "hello", 5, 0), 5);
    turns();
    assert_int_equal(engine.got, 5);
    assert_int_equal(engine.interface, 1); /* lo */
    close(fd);
    turns();
    assert_int_equal(engine.closed, 1);
}

static void output_waits_for_a_slow_reader(void **state)
{
    static uint8_t room[65536];
    int fd = connect_from("127.0.0.1");
    size_t read_so_far = 0;
    ssize_t n;

    (void)state;
    engine.owed = MUCH;
    sally_tcp_pump(engine.connection, 0);
    turns();
    assert_true(engine.said > 0);
    assert_true(engine.said < MUCH); /* the rest waits, in the engine */
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (int idle = 0; idle < 1000 && read_so_far < MUCH;) {
        n = recv(fd, room, sizeof(room), 0);
        idle = n > 0 ? 0 : idle + 1;
        for (ssize_t i = 0; i < n; i++)
            if (room[i] != pattern[(read_so_far + (size_t)i) % 4096])
                fail_msg("byte %zu is wrong", read_so_far + (size_t)i);
        read_so_far += n > 0 ? (size_t)n : 0;
        sally_loop_turn(loop, 0);
    }
    assert_int_equal(read_so_far, MUCH);
    close(fd);
}

static void a_pause_holds_the_peer_back(void **state)
{
    int fd = connect_from("127.0.0.1");

    (void)state;
    sally_tcp_pause(engine.connection, true);
    assert_int_equal(send(fd, "hello", 5, 0), 5);
    turns();
    assert_int_equal(engine.got, 0);
    sally_tcp_pause(engine.connection, false);
    turns();
    assert_int_equal(engine.got, 5);
    close(fd);
}

/* The turn in which it is said may have bytes of the peer as well. */
static void a_pause_holds_at_once(void **state)
{
    int fd = connect_from("127.0.0.1");
    uint8_t room[4096];
    ssize_t n;

    (void)state;
    engine.owed = MUCH;
    sally_tcp_pump(engine.connection, 0);
    engine.pause_when_sent = true;
    assert_int_equal(send(fd, "hello", 5, 0), 5);
    do
        n = recv(fd, room, sizeof(room), MSG_DONTWAIT);
    while (n > 0);
    turns();
    assert_true(engine.said > 0);
    assert_int_equal(engine.got, 0);
    close(fd);
}

static void one_source_cannot_take_all(void **state)
{
    struct sally_tcp_counts n;
    int a = connect_from("127.0.0.1"), b = connect_from("127.0.0.1");
    int c = connect_from("127.0.0.1"), d = connect_from("127.0.0.2");
    int e = connect_from("127.0.0.3");

    (void)state;
    assert_true(has_ended(c)); /* the third of one source */
    assert_true(has_ended(e)); /* the fourth in all */
    sally_tcp_counts(listener, &n);
    assert_int_equal(engine.accepted, 3);
    assert_int_equal(n.turned_away, 2);
    assert_int_equal(n.connections, 3);
    close(a);
    turns();
    a = connect_from("127.0.0.1"); /* a place is free again */
    assert_int_equal(engine.accepted, 4);
    close(a);
    close(b);
    close(c);
    close(d);
    close(e);
}

static void an_engine_may_turn_a_peer_away(void **state)
{
    int fd;

    (void)state;
    engine.refuse = true;
    fd = connect_from("127.0.0.1");
    assert_true(has_ended(fd));
    assert_int_equal(engine.closed, 0);
    close(fd);
}

static void last_words_go_out_before_a_close_inside(void **state)
{
    int fd = connect_from("127.0.0.1");
    uint8_t room[16];

    (void)state;
    engine.close_inside = true;
    engine.owed = sizeof(room);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    turns();
    assert_int_equal(recv(fd, room, sizeof(room), MSG_WAITALL), sizeof(room));
    assert_true(has_ended(fd));
    assert_int_equal(engine.closed, 0); /* it knows */
    close(fd);
}

static void a_broken_connection_is_told_once(void **state)
{
    struct linger hard = { 1, 0 };
    int fd = connect_from("127.0.0.1");

    (void)state;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard,
                                sizeof(hard)), 0);
    close(fd); /* a reset */
    engine.owed = MUCH;
    sally_tcp_pump(engine.connection, 0);
    turns();
    assert_int_equal(engine.closed, 1);
}

int main(void)
{
#define OPEN(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        OPEN(bytes_come_up),
        OPEN(output_waits_for_a_slow_reader),
        OPEN(a_pause_holds_the_peer_back),
        OPEN(a_pause_holds_at_once),
        OPEN(one_source_cannot_take_all),
        OPEN(an_engine_may_turn_a_peer_away),
        OPEN(last_words_go_out_before_a_close_inside),
        OPEN(a_broken_connection_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
