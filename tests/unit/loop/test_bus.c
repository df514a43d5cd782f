/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/loop/test_bus.c - two ends of a bus in one loop: bursts, full
 * queues, descriptors, and a peer that breaks the rules or goes away.       */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/bus.h"

/* What one end has been told. */
struct seen {
    unsigned messages, rooms, gone;
    uint32_t next; /* ticket that is expected */
    int fd;
    enum sally_err why;
    bool close_on_message;
};

static struct sally_loop *loop;
static struct sally_bus *left, *right;
static struct seen at_left, at_right;

static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    struct seen *s = owner;

    (void)now;
    s->messages++;
    if (m->type == SALLY_BUS_READINGS)
        assert_int_equal(m->as.readings.ticket, s->next++);
    if (fd >= 0)
        s->fd = fd;
    if (s->close_on_message) {
        sally_bus_close(b);
        right = NULL;
    }
}

static void on_room(void *owner, struct sally_bus *b, sally_usec now)
{
    (void)b;
    (void)now;
    ((struct seen *)owner)->rooms++;
}

static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    struct seen *s = owner;

    (void)b;
    (void)now;
    s->gone++;
    s->why = e;
}

static const struct sally_bus_upcalls upcalls = { on_message, on_room,
                                                  on_gone };

static void open_ends(enum sally_role_name l, enum sally_role_name r)
{
    int fd[2];

    at_left = at_right = (struct seen){ .fd = -1 };
    assert_int_equal(sally_loop_open(&loop, 1), SALLY_E_OK);
    assert_int_equal(sally_bus_pair(fd), SALLY_E_OK);
    assert_int_equal(sally_bus_open(&left, loop, fd[0], l, r, 2, &upcalls,
                                    &at_left), SALLY_E_OK);
    assert_int_equal(sally_bus_open(&right, loop, fd[1], r, l, 2, &upcalls,
                                    &at_right), SALLY_E_OK);
}

static void close_ends(void)
{
    sally_bus_close(left);
    sally_bus_close(right);
    sally_loop_close(loop);
    left = right = NULL;
}

static void turns(int n)
{
    for (int i = 0; i < n; i++)
        sally_loop_turn(loop, 0);
}

static enum sally_err send_reading(uint32_t ticket)
{
    static const struct sally_path path = { 3, { 3303, 0, 5700, 0 } };
    struct sally_lwm2m_value v = sally_value_real(21.5);
    struct sally_bus_message m;
    struct sally_bus_readings *r = &m.as.readings;

    sally_bus_begin(&m, SALLY_BUS_READINGS);
    r->ticket = ticket;
    r->count = 1;
    assert_int_equal(sally_bus_put_value(&r->value[0], r->bytes, &r->used,
                                         &path, &v), SALLY_E_OK);
    return sally_bus_send(left, &m);
}

static void messages_arrive_in_order(void **state)
{
    (void)state;
    open_ends(SALLY_OUTER, SALLY_INNER);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(send_reading(i), SALLY_E_OK);
    turns(3);
    assert_int_equal(at_right.messages, 100);
    close_ends();
}

static void a_slow_peer_fills_the_queue_and_nothing_is_lost(void **state)
{
    uint32_t sent = 0;

    (void)state;
    open_ends(SALLY_OUTER, SALLY_INNER);
    while (send_reading(sent) == SALLY_E_OK) /* nobody reads meanwhile */
        assert_true(++sent < 100000);
    assert_int_equal(send_reading(sent), SALLY_E_NO_ROOM);
    for (int i = 0; i < 100 && at_left.rooms == 0; i++)
        turns(1);
    assert_int_equal(at_left.rooms, 1);
    turns(20);
    assert_int_equal(at_right.messages, sent);
    assert_int_equal(send_reading(sent), SALLY_E_OK);
    turns(2);
    assert_int_equal(at_right.messages, sent + 1);
    close_ends();
}

static enum sally_err send_control(enum sally_control what, int fd)
{
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_CONTROL);
    m.as.control.what = (uint8_t)what;
    return sally_bus_send_with(left, &m, fd);
}

static void a_descriptor_travels_alone_and_in_order(void **state)
{
    char text[6] = "";
    int fd[2];

    (void)state;
    open_ends(SALLY_SUPERVISOR, SALLY_INNER);
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    assert_int_equal(write(fd[1], "hello", 5), 5);
    assert_int_equal(send_control(SALLY_CONTROL_START, -1), SALLY_E_OK);
    assert_int_equal(send_control(SALLY_CONTROL_KEYS, fd[0]), SALLY_E_OK);
    assert_int_equal(send_control(SALLY_CONTROL_STOP, -1), SALLY_E_OK);
    turns(3);
    assert_int_equal(at_right.messages, 3);
    assert_true(at_right.fd >= 0);
    assert_int_equal(read(at_right.fd, text, 5), 5);
    assert_string_equal(text, "hello");
    close(at_right.fd);
    assert_int_equal(fcntl(fd[0], F_GETFD), -1); /* ours was taken */
    close(fd[1]);
    close_ends();
}

static void says_only_what_the_role_may(void **state)
{
    (void)state;
    open_ends(SALLY_INNER, SALLY_OUTER);
    assert_int_equal(send_reading(0), SALLY_E_BAD_STATE);
    close_ends();
}

static void a_peer_that_goes_away_is_told_once(void **state)
{
    (void)state;
    open_ends(SALLY_OUTER, SALLY_INNER);
    sally_bus_close(right);
    right = NULL;
    turns(3);
    assert_int_equal(at_left.gone, 1);
    assert_int_equal(at_left.why, SALLY_E_CLOSED);
    assert_int_equal(send_reading(0), SALLY_E_CLOSED);
    close_ends();
}

static void closing_inside_an_upcall_ends_the_batch(void **state)
{
    (void)state;
    open_ends(SALLY_OUTER, SALLY_INNER);
    at_right.close_on_message = true;
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(send_reading(i), SALLY_E_OK);
    turns(3);
    assert_int_equal(at_right.messages, 1);
    assert_int_equal(at_left.gone, 1);
    close_ends();
}

/* Writes raw frames to the right end, which takes them for the outer door's. */
static void with_raw_peer(const void *frame, size_t size, int fd)
{
    _Alignas(struct cmsghdr) uint8_t room[CMSG_SPACE(sizeof(int))] = { 0 };
    uint8_t copy[256];
    struct iovec part = { copy, size };
    struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
    int ends[2];

    at_right = (struct seen){ .fd = -1 };
    assert_true(size <= sizeof(copy));
    memcpy(copy, frame, size);
    assert_int_equal(sally_loop_open(&loop, 1), SALLY_E_OK);
    assert_int_equal(sally_bus_pair(ends), SALLY_E_OK);
    assert_int_equal(sally_bus_open(&right, loop, ends[1], SALLY_INNER,
                                    SALLY_OUTER, 2, &upcalls, &at_right),
                     SALLY_E_OK);
    if (fd >= 0) {
        struct cmsghdr *c;

        m.msg_control = room;
        m.msg_controllen = sizeof(room);
        c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(int));
    }
    assert_true(sendmsg(ends[0], &m, 0) >= 0);
    turns(3);
    close(ends[0]);
    close_ends();
}

static void nonsense_ends_the_connection(void **state)
{
    (void)state;
    with_raw_peer("nonsense", 8, -1);
    assert_int_equal(at_right.messages, 0);
    assert_int_equal(at_right.gone, 1);
    assert_int_equal(at_right.why, SALLY_E_MALFORMED);
}

static void a_descriptor_that_nobody_asked_for_is_refused(void **state)
{
    uint8_t room[256];
    struct sally_buf frame = SALLY_BUF(room);
    struct sally_bus_message m;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int free_before = dup(fd);

    (void)state;
    close(free_before);
    sally_bus_begin(&m, SALLY_BUS_LIVENESS);
    assert_int_equal(sally_bus_put(&frame, &m), SALLY_E_OK);
    with_raw_peer(room, frame.len, fd);
    assert_int_equal(at_right.messages, 0);
    assert_int_equal(at_right.why, SALLY_E_MALFORMED);
    assert_int_equal(dup(fd), free_before); /* none was left open */
    close(free_before);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_arrive_in_order),
        cmocka_unit_test(a_slow_peer_fills_the_queue_and_nothing_is_lost),
        cmocka_unit_test(a_descriptor_travels_alone_and_in_order),
        cmocka_unit_test(says_only_what_the_role_may),
        cmocka_unit_test(a_peer_that_goes_away_is_told_once),
        cmocka_unit_test(closing_inside_an_upcall_ends_the_batch),
        cmocka_unit_test(nonsense_ends_the_connection),
        cmocka_unit_test(a_descriptor_that_nobody_asked_for_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
