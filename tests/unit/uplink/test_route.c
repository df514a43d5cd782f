/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_route.c - a server with several URIs: which of them a
 * client goes to, and when.                                                 */
#include "door.h"

#include "lwm2m/objects/builtin.h"
#include "uplink/route.h"

#define BOTH                                                                   \
    GATEWAY LOCAL                                                              \
        "servers = ( { name = \"cloud\"; uri = \"coap://127.0.0.1:5683\"; "    \
        "more_uris = ( \"coap+tcp://127.0.0.1:5683\" ); "                      \
        "short_server_id = 1; } );\n" DOOR_PROFILE                             \
        "sensors = ( " DOOR_SENSOR("one") ", " DOOR_SENSOR("two") " );\n"
#define ONLY_TCP                                                               \
    GATEWAY LOCAL                                                              \
        "servers = ( { name = \"cloud\"; uri = \"coap+tcp://127.0.0.1:5683\"; " \
        "short_server_id = 1; } );\n" DOOR_PROFILE                             \
        "sensors = ( " DOOR_SENSOR("one") ", " DOOR_SENSOR("two") " );\n"

static struct sally_virtual_client *client(struct door *d)
{
    return d->seats[0].client;
}

static bool is_registered(struct door *d)
{
    return sally_lwm2m_client_state(&client(d)->client) ==
           SALLY_CLIENT_REGISTERED;
}

static enum sally_scheme scheme(struct door *d)
{
    return client(d)->settings.scheme;
}

/* Its session is over, and the next one has to find a way. */
static void again(struct door *d)
{
    client(d)->guest.calls->moved(&client(d)->guest, d->now);
    door_run(d, 10 * SALLY_SEC);
}

static void a_server_over_tcp_is_a_server(void **state)
{
    struct door *d = door_open(ONLY_TCP);

    (void)state;
    assert_true(is_registered(d));
    assert_int_equal(scheme(d), SALLY_SCHEME_COAP_TCP);
    assert_string_equal(client(d)->settings.binding, "T");
    door_close(d);
}

static void goes_to_the_first_as_long_as_that_works(void **state)
{
    struct door *d = door_open(BOTH);

    (void)state;
    assert_true(is_registered(d));
    assert_int_equal(scheme(d), SALLY_SCHEME_COAP);
    assert_string_equal(client(d)->settings.binding, "UT");
    door_run(d, 2 * SALLY_ROUTE_BACK);
    assert_int_equal(scheme(d), SALLY_SCHEME_COAP);
    assert_int_equal(d->registers, 2);
    door_close(d);
}

static void where_udp_is_blocked_it_goes_by_tcp_and_back_later(void **state)
{
    struct door *d = door_open(BOTH);

    (void)state;
    d->no_udp = true;
    again(d);
    assert_false(is_registered(d));
    door_run(d, 150 * SALLY_SEC);
    assert_true(is_registered(d));
    assert_int_equal(scheme(d), SALLY_SCHEME_COAP_TCP);
    d->no_udp = false;
    door_run(d, SALLY_ROUTE_BACK - 200 * SALLY_SEC);
    assert_int_equal(scheme(d), SALLY_SCHEME_COAP_TCP);
    door_run(d, 200 * SALLY_SEC);
    assert_true(is_registered(d));
    assert_int_equal(scheme(d), SALLY_SCHEME_COAP);
    door_close(d);
}

/* The attempt to go back fails: it is where it was a few minutes later. */
static void an_attempt_to_go_back_may_fail(void **state)
{
    struct door *d = door_open(BOTH);

    (void)state;
    d->no_udp = true;
    again(d);
    door_run(d, 150 * SALLY_SEC);
    assert_int_equal(scheme(d), SALLY_SCHEME_COAP_TCP);
    door_run(d, SALLY_ROUTE_BACK + 400 * SALLY_SEC);
    assert_true(is_registered(d));
    assert_int_equal(scheme(d), SALLY_SCHEME_COAP_TCP);
    door_close(d);
}

static void tries_them_in_turn_until_one_answers(void **state)
{
    struct door *d = door_open(BOTH);

    (void)state;
    d->no_udp = d->no_tcp = true;
    again(d);
    door_run(d, 3600 * SALLY_SEC);
    assert_false(is_registered(d));
    d->no_udp = false;
    door_run(d, 900 * SALLY_SEC);
    assert_true(is_registered(d));
    assert_int_equal(scheme(d), SALLY_SCHEME_COAP);
    door_close(d);
}

static void the_server_may_prefer_a_transport(void **state)
{
    struct door *d = door_open(BOTH);
    const struct sally_path at =
        sally_path_resource(SALLY_OBJECT_SERVER, 0, SALLY_SERVER_PREFERRED);
    const struct sally_lwm2m_value tcp = sally_value_string("T");

    (void)state;
    assert_int_equal(sally_resources_set(&client(d)->sensor->resources, &at,
                                         &tcp, 0),
                     SALLY_E_OK);
    assert_int_equal(scheme(d), SALLY_SCHEME_COAP); /* not before the next */
    again(d);
    assert_true(is_registered(d));
    assert_int_equal(scheme(d), SALLY_SCHEME_COAP_TCP);
    door_run(d, 2 * SALLY_ROUTE_BACK);
    assert_int_equal(scheme(d), SALLY_SCHEME_COAP_TCP);
    door_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_over_tcp_is_a_server),
        cmocka_unit_test(goes_to_the_first_as_long_as_that_works),
        cmocka_unit_test(where_udp_is_blocked_it_goes_by_tcp_and_back_later),
        cmocka_unit_test(an_attempt_to_go_back_may_fail),
        cmocka_unit_test(tries_them_in_turn_until_one_answers),
        cmocka_unit_test(the_server_may_prefer_a_transport),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
