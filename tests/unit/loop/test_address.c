/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/loop/test_address.c - one peer has one address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include "loop/address.h"

static const struct row {
    const char *text, *back; /* NULL: refused */
} rows[] = {
    { "127.0.0.1", "127.0.0.1:5683" },
    { "::1", "[::1]:5683" },
    { "2001:db8::7", "[2001:db8::7]:5683" },
    { "", "[::]:5683" },
    { "fe80::1%1", "[fe80::1%1]:5683" },
    { "fe80::1%lo", "[fe80::1%1]:5683" },
    { "fe80::1%no-such-link", NULL },
    { "127.0.0.1%lo", NULL },
    { "localhost", NULL },
    { "127.0.0.1:5683", NULL },
    { "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", NULL },
};

static void text_to_address_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_bus_address a;
        char text[SALLY_ADDRESS_TEXT];
        enum sally_err e = sally_address_parse(rows[i].text, 5683, &a);

        if ((e == SALLY_E_OK) != (rows[i].back != NULL))
            fail_msg("%s: %s", rows[i].text, sally_err_text(e));
        if (rows[i].back != NULL)
            assert_string_equal(sally_address_text(&a, text), rows[i].back);
    }
}

static void ipv4_on_an_ipv6_socket_is_the_same_peer(void **state)
{
    struct sally_bus_address a, back;
    struct sockaddr_storage system;
    uint8_t key[2][SALLY_ADDRESS_KEY];

    (void)state;
    assert_int_equal(sally_address_parse("192.0.2.1", 7, &a), SALLY_E_OK);
    assert_int_equal(sally_address_to_system(&a, AF_INET6, &system),
                     sizeof(struct sockaddr_in6));
    sally_address_from_system(&system, &back);
    assert_true(sally_span_equal(sally_address_key(&a, key[0]),
                                 sally_address_key(&back, key[1])));
    assert_int_equal(sally_address_to_system(&a, AF_INET, &system),
                     sizeof(struct sockaddr_in));
    sally_address_from_system(&system, &back);
    assert_true(sally_span_equal(sally_address_key(&a, key[0]),
                                 sally_address_key(&back, key[1])));
}

static void an_ipv6_address_cannot_be_said_in_ipv4(void **state)
{
    struct sally_bus_address a;
    struct sockaddr_storage system;

    (void)state;
    assert_int_equal(sally_address_parse("2001:db8::7", 7, &a), SALLY_E_OK);
    assert_int_equal(sally_address_to_system(&a, AF_INET, &system), 0);
}

static void a_unix_peer_has_no_family(void **state)
{
    struct sockaddr_storage system;
    struct sally_bus_address a;

    (void)state;
    memset(&system, 0, sizeof(system));
    system.ss_family = AF_UNIX;
    sally_address_from_system(&system, &a);
    assert_int_equal(a.family, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_to_address_and_back),
        cmocka_unit_test(ipv4_on_an_ipv6_socket_is_the_same_peer),
        cmocka_unit_test(an_ipv6_address_cannot_be_said_in_ipv4),
        cmocka_unit_test(a_unix_peer_has_no_family),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
