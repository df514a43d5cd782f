/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/loop/test_udp.c - a client socket and a listener on loopback: the
 * answer comes from the address that was asked, a rebind is a new port.     */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loop/udp.h"

static struct sally_loop *loop;
static struct sally_udp_listener *listener;
static struct sally_udp *client;
static struct sally_udp_route route; /* of the last datagram at the listener */
static unsigned at_listener, at_client, batches, unreachable;
static bool close_client_inside;
static struct sally_bus_address server;

static void at_listener_datagram(void *owner, const struct sally_udp_route *r,
                                 struct sally_span datagram, sally_usec now)
{
    (void)owner;
    (void)now;
    at_listener++;
    route = *r;
    sally_udp_reply(listener, r, datagram);
}

static void at_client_datagram(void *owner, struct sally_span datagram,
                               sally_usec now)
{
    (void)owner;
    (void)now;
    at_client++;
    assert_true(sally_span_is(datagram, "ping"));
    if (close_client_inside) {
        sally_udp_close(client);
        client = NULL;
    }
}

static void at_nobody(void *owner)
{
    (void)owner;
    unreachable++;
}

static void at_batch(void *owner, sally_usec now)
{
    (void)owner;
    (void)now;
    batches++;
}

static const struct sally_udp_listener_upcalls listener_upcalls = {
    at_listener_datagram, at_batch
};
static const struct sally_udp_upcalls client_upcalls = {
    .on_datagram = at_client_datagram,
    .on_batch = at_batch,
    .on_unreachable = at_nobody,
};

static void open_all(const char *bind_to, const char *send_to)
{
    struct sally_bus_address a;
    int fd;

    at_listener = at_client = batches = unreachable = 0;
    close_client_inside = false;
    assert_int_equal(sally_loop_open(&loop, 1), SALLY_E_OK);
    assert_int_equal(sally_address_parse(bind_to, 0, &a), SALLY_E_OK);
    assert_int_equal(sally_udp_bind(NULL, &a, &fd), SALLY_E_OK);
    assert_int_equal(sally_udp_listen(&listener, loop, fd, &listener_upcalls,
                                      NULL), SALLY_E_OK);
    assert_int_equal(sally_address_parse(send_to,
                                         sally_udp_listener_port(listener),
                                         &server), SALLY_E_OK);
    assert_int_equal(sally_udp_open(&client, loop, &client_upcalls, NULL),
                     SALLY_E_OK);
    assert_int_equal(sally_udp_rebind(client, &server), SALLY_E_OK);
}

static void close_all(void)
{
    sally_udp_close(client);
    sally_udp_listener_close(listener);
    sally_loop_close(loop);
}

static void turns(void)
{
    for (int i = 0; i < 4; i++)
        sally_loop_turn(loop, 0);
}

static const struct row {
    const char *what, *bind_to, *send_to, *answers_from;
} rows[] = {
    { "IPv4 listener, second loopback address", "0.0.0.0", "127.0.0.2",
      "127.0.0.2" },
    { "dual listener, IPv4 peer", "", "127.0.0.3", "127.0.0.3" },
    { "dual listener, IPv6 peer", "", "::1", "[::1]" },
    { "bound to one address", "127.0.0.4", "127.0.0.4", "127.0.0.4" },
};

/* The client's socket is connected: it hears nobody but whom it asked. */
static void answers_from_the_address_that_was_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        char want[SALLY_ADDRESS_TEXT], got[SALLY_ADDRESS_TEXT];

        open_all(rows[i].bind_to, rows[i].send_to);
        sally_udp_send(client, sally_span_of("ping"));
        turns();
        if (at_listener != 1 || at_client != 1)
            fail_msg("%s: %u there, %u back", rows[i].what, at_listener,
                     at_client);
        snprintf(want, sizeof(want), "%s:%u", rows[i].answers_from,
                 sally_udp_listener_port(listener));
        assert_string_equal(sally_address_text(&route.local, got), want);
        assert_int_equal(route.interface, 1); /* lo */
        close_all();
    }
}

/* Loopback has no multicast. */
static void broadcast(void)
{
    struct sally_bus_address to;
    struct sockaddr_storage at;
    socklen_t len;
    int on = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(sally_address_parse("127.255.255.255",
                                         sally_udp_listener_port(listener),
                                         &to), SALLY_E_OK);
    len = sally_address_to_system(&to, AF_INET, &at);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)),
                     0);
    assert_int_equal(sendto(fd, "ping", 4, 0, (struct sockaddr *)(void *)&at,
                            len), 4);
    close(fd);
}

static void not_looked_at(void)
{
    struct sally_udp_counts n;

    sally_udp_listener_counts(listener, &n);
    assert_int_equal(n.group, 1);
    assert_int_equal(at_listener, 0);
}

/* RFC 7252 s.11.3: what goes to many at once would be answered by many. */
static void what_was_sent_to_a_group_is_not_looked_at(void **state)
{
    static const char *const bound[] = { "0.0.0.0", "" };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(bound); i++) {
        open_all(bound[i], "127.0.0.1");
        broadcast();
        turns();
        not_looked_at();
        close_all();
    }
}

static void a_rebind_has_a_new_port(void **state)
{
    uint16_t before;

    (void)state;
    open_all("127.0.0.1", "127.0.0.1");
    sally_udp_send(client, sally_span_of("ping"));
    turns();
    before = route.peer.port;
    assert_int_equal(sally_udp_rebind(client, &server), SALLY_E_OK);
    sally_udp_send(client, sally_span_of("ping"));
    turns();
    assert_int_equal(at_listener, 2);
    assert_int_not_equal(route.peer.port, before);
    close_all();
}

/* The port is what a server knows a session by: it is not given up for a route
 * that is missing for a while.                                              */
static void a_repair_keeps_an_address_that_is_still_ours(void **state)
{
    uint16_t before;

    (void)state;
    open_all("127.0.0.1", "127.0.0.1");
    assert_true(sally_udp_send(client, sally_span_of("ping")));
    turns();
    before = route.peer.port;
    assert_false(sally_udp_repair(client));
    assert_true(sally_udp_send(client, sally_span_of("ping")));
    turns();
    assert_int_equal(at_listener, 2);
    assert_int_equal(route.peer.port, before);
    close_all();
}

/* A link-local address says nothing without an interface. */
static void what_has_no_way_is_told(void **state)
{
    struct sally_bus_address nowhere;

    (void)state;
    open_all("127.0.0.1", "127.0.0.1");
    assert_int_equal(sally_address_parse("fe80::1", 5684, &nowhere),
                     SALLY_E_OK);
    assert_int_equal(sally_udp_rebind(client, &nowhere), SALLY_E_IO);
    assert_false(sally_udp_send(client, sally_span_of("ping")));
    assert_false(sally_udp_repair(client));
    sally_udp_unbind(client);
    assert_false(sally_udp_send(client, sally_span_of("ping")));
    assert_false(sally_udp_repair(client));
    assert_int_equal(sally_udp_rebind(client, &server), SALLY_E_OK);
    assert_true(sally_udp_send(client, sally_span_of("ping")));
    turns();
    assert_int_equal(at_listener, 1);
    close_all();
}

static void reads_all_that_came(void **state)
{
    (void)state;
    open_all("127.0.0.1", "127.0.0.1");
    for (int i = 0; i < 40; i++)
        sally_udp_send(client, sally_span_of("ping"));
    for (int i = 0; i < 50; i++)
        turns();
    assert_int_equal(at_listener, 40);
    assert_int_equal(at_client, 40);
    assert_int_equal(batches, 43); /* 3 at the listener; a client's singly */
    close_all();
}

static void a_client_may_close_itself_inside(void **state)
{
    (void)state;
    open_all("127.0.0.1", "127.0.0.1");
    close_client_inside = true;
    sally_udp_send(client, sally_span_of("ping"));
    sally_udp_send(client, sally_span_of("ping"));
    turns();
    assert_int_equal(at_client, 1);
    assert_null(client);
    close_all();
}

static void what_is_lost_is_noticed(void **state)
{
    static uint8_t big[SALLY_UDP_DATAGRAM + 1];
    struct sally_udp_counts n;

    (void)state;
    open_all("127.0.0.1", "127.0.0.1");
    sally_udp_send(client, (struct sally_span){ big, sizeof(big) });
    turns();
    sally_udp_listener_counts(listener, &n);
    assert_int_equal(at_listener, 0);
    assert_int_equal(n.oversized, 1);

    sally_udp_listener_close(listener);
    listener = NULL;
    sally_udp_send(client, sally_span_of("ping")); /* nobody is there now */
    turns();
    assert_int_equal(unreachable, 1);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_from_the_address_that_was_asked),
        cmocka_unit_test(what_was_sent_to_a_group_is_not_looked_at),
        cmocka_unit_test(a_rebind_has_a_new_port),
        cmocka_unit_test(a_repair_keeps_an_address_that_is_still_ours),
        cmocka_unit_test(what_has_no_way_is_told),
        cmocka_unit_test(reads_all_that_came),
        cmocka_unit_test(a_client_may_close_itself_inside),
        cmocka_unit_test(what_is_lost_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
