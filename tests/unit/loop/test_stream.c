/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/loop/test_stream.c - a connection of ours to a socket that this
 * test plays: before it stands, while it does, and when it ends.            */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/stream.h"
#include "loop/tcp.h"

static struct sally_loop *loop;
static struct sally_stream *s;
static struct sally_bus_address where;
static int listening, peer;
static size_t room, heard, asked;
static unsigned ready, lost;
static enum sally_err why;
static bool stood, close_inside;

static size_t on_room(void *owner)
{
    (void)owner;
    asked++;
    return room;
}

static void on_bytes(void *owner, struct sally_span bytes, sally_usec now)
{
    (void)owner;
    (void)now;
    assert_true(bytes.len <= room);
    heard += bytes.len;
    room -= bytes.len;
    if (close_inside)
        sally_stream_close(s);
}

static void on_ready(void *owner, sally_usec now)
{
    (void)owner;
    (void)now;
    ready++;
}

static void on_lost(void *owner, enum sally_err e, bool connected,
                    sally_usec now)
{
    (void)owner;
    (void)now;
    lost++;
    why = e;
    stood = connected;
}

static const struct sally_stream_upcalls upcalls = { on_room, on_bytes,
                                                     on_ready, on_lost };

static void turns(int n)
{
    for (int i = 0; i < n; i++)
        sally_loop_turn(loop, sally_loop_now(loop) + 5 * SALLY_MSEC);
}

static void open_all(void)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);

    assert_int_equal(sally_loop_open(&loop, 1), SALLY_E_OK);
    assert_int_equal(sally_address_parse("127.0.0.1", 0, &where), SALLY_E_OK);
    assert_int_equal(sally_tcp_bind(NULL, &where, &listening), SALLY_E_OK);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &len), 0);
    sally_address_from_system(&at, &where);
    assert_int_equal(sally_stream_open(&s, loop, &upcalls, NULL), SALLY_E_OK);
    room = 1000000;
    heard = 0;
    ready = lost = 0;
    close_inside = false;
    peer = -1;
}

static void meet(void)
{
    for (int i = 0; i < 100 && peer < 0; i++) {
        turns(1);
        peer = accept(listening, NULL, NULL);
    }
    assert_true(peer >= 0);
    turns(2);
}

static void close_all(void)
{
    sally_stream_close(s);
    if (peer >= 0)
        close(peer);
    close(listening);
    sally_loop_close(loop);
}

static void expect_at_peer(const char *text)
{
    char got[64] = "";

    assert_int_equal(recv(peer, got, sizeof(got) - 1, 0), strlen(text));
    assert_string_equal(got, text);
}

static void what_is_said_early_waits_for_the_connection(void **state)
{
    (void)state;
    open_all();
    sally_stream_connect(s, &where);
    assert_true(sally_stream_ready(s));
    sally_stream_send(s, sally_span_of("hello"));
    assert_false(sally_stream_ready(s));
    meet();
    assert_true(sally_stream_ready(s));
    assert_int_equal(ready, 1);
    expect_at_peer("hello");
    sally_stream_send(s, sally_span_of("again"));
    expect_at_peer("again");
    assert_int_equal(send(peer, "answer", 6, 0), 6);
    turns(2);
    assert_int_equal(heard, 6);
    close_all();
}

/* Nobody listens there; what was said goes to the next address. */
static void a_refusal_keeps_what_was_said(void **state)
{
    struct sally_bus_address nobody;

    (void)state;
    open_all();
    assert_int_equal(sally_address_parse("127.0.0.77", where.port, &nobody),
                     SALLY_E_OK);
    sally_stream_connect(s, &nobody);
    sally_stream_send(s, sally_span_of("hello"));
    turns(3);
    assert_int_equal(lost, 1);
    assert_int_equal(why, SALLY_E_REFUSED);
    assert_false(stood);
    sally_stream_connect(s, &where);
    meet();
    expect_at_peer("hello");
    close_all();
}

static void the_end_is_told_once(void **state)
{
    (void)state;
    open_all();
    sally_stream_connect(s, &where);
    meet();
    close(peer);
    peer = -1;
    turns(4);
    assert_int_equal(lost, 1);
    assert_int_equal(why, SALLY_E_CLOSED);
    assert_true(stood);
    assert_true(sally_stream_ready(s)); /* nothing waits for a next one */
    close_all();
}

static void without_room_the_peer_is_held_back(void **state)
{
    uint8_t bytes[4096] = { 0 };
    size_t given = 0;

    (void)state;
    open_all();
    room = 1000;
    sally_stream_connect(s, &where);
    meet();
    for (int i = 0; i < 20000; i++) {
        ssize_t n = send(peer, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (n < 0)
            break;
        given += (size_t)n;
        turns(i < 4);
    }
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(heard, 1000);
    assert_true(given > 1000);
    asked = 0;
    turns(20); /* it sleeps, whatever waits there */
    assert_true(asked <= 2);
    room = SIZE_MAX / 2;
    sally_stream_resume(s);
    for (int i = 0; i < 100000 && heard < given; i++)
        turns(1);
    assert_int_equal(heard, given);
    close_all();
}

/* It takes one chunk more than the system has room for, and then no more. */
static void a_slow_reader_stops_us(void **state)
{
    uint8_t bytes[SALLY_STREAM_CHUNK] = { 0 }, in[65536];
    size_t sent = 0, got = 0;

    (void)state;
    open_all();
    sally_stream_connect(s, &where);
    meet();
    ready = 0;
    while (sally_stream_ready(s)) {
        sally_stream_send(s, (struct sally_span){ bytes, sizeof(bytes) });
        sent += sizeof(bytes);
        assert_true(sent < 100000000);
    }
    turns(3);
    assert_int_equal(ready, 0);
    for (int i = 0; i < 100000 && got < sent; i++) {
        ssize_t n = recv(peer, in, sizeof(in), MSG_DONTWAIT);

        got += n > 0 ? (size_t)n : 0;
        turns(1);
    }
    assert_int_equal(got, sent);
    assert_int_equal(ready, 1);
    close_all();
}

static void may_be_closed_from_within(void **state)
{
    (void)state;
    open_all();
    close_inside = true;
    sally_stream_connect(s, &where);
    meet();
    assert_int_equal(send(peer, "x", 1, 0), 1);
    turns(3);
    assert_int_equal(heard, 1);
    s = NULL;
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_early_waits_for_the_connection),
        cmocka_unit_test(a_refusal_keeps_what_was_said),
        cmocka_unit_test(the_end_is_told_once),
        cmocka_unit_test(without_room_the_peer_is_held_back),
        cmocka_unit_test(a_slow_reader_stops_us),
        cmocka_unit_test(may_be_closed_from_within),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
