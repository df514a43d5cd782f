/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_resumption.c - when a session comes back, and when
 * it must not.                                                              */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/security/pair.h"

#define ROOMY ((size_t)16 << 20)

static void expect(struct pair *p, bool resumed)
{
    pair_up(p);
    assert_int_equal(sally_stack_resumed(&p->client), resumed);
    assert_int_equal(sally_stack_resumed(&p->server), resumed);
    assert_true(
        sally_span_is(sally_stack_peer_identity(&p->server), "sensor-1"));
    pair_talk(p, &p->client, &p->server, "up");
    pair_talk(p, &p->server, &p->client, "down");
}

static void the_next_session_resumes(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    expect(&p, false);
    expect(&p, true);
    sally_stack_close(&p.client);
    expect(&p, true);
    pair_close(&p);
}

static void a_new_generation_does_not_resume(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    expect(&p, false);
    p.credential.generation++;
    expect(&p, false);
    expect(&p, true);
    pair_close(&p);
}

static void a_new_key_does_not_resume(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    expect(&p, false);
    pair_keys(&p, "sensor-1", "key number two..");
    expect(&p, false);
    pair_close(&p);
}

static void what_is_forgotten_does_not_resume(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    expect(&p, false);
    sally_stack_forget(&p.client);
    expect(&p, false);
    sally_stack_wipe(&p.client);
    expect(&p, false);
    pair_close(&p);
}

static void a_failed_offer_is_dropped(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    expect(&p, false);
    assert_non_null(p.client.resumption.session);
    assert_int_equal(sally_stack_start(&p.client, p.security,
                                       SALLY_SCHEME_COAPS, &p.credential,
                                       p.now),
                     SALLY_E_OK);
    p.now += 60 * SALLY_SEC;
    sally_stack_expire(&p.client, p.now);
    assert_int_equal(sally_stack_state(&p.client), SALLY_CHANNEL_FAILED);
    assert_null(p.client.resumption.session);
    expect(&p, false);
    pair_close(&p);
}

static void an_attempt_given_up_drops_its_offer(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, 2, ROOMY);
    expect(&p, false);
    pair_begin(&p);
    expect(&p, false);
    pair_close(&p);
}

/* The client of 1.2 is up at once here; the server waits for its last flight.
 */
static void a_lost_last_flight_is_sent_again(void **state)
{
    struct pair p;

    (void)state;
    if (pair_is_13())
        return; /* its client waits for an acknowledgement: test_loss.c */
    pair_open(&p, 2, ROOMY);
    expect(&p, false);
    pair_begin(&p);
    while (sally_stack_state(&p.client) != SALLY_CHANNEL_UP) {
        (void)pair_carry(&p, &p.client, &p.server);
        (void)pair_carry(&p, &p.server, &p.client);
    }
    assert_int_equal(pair_carry(&p, &p.client, NULL), 1);
    assert_int_equal(sally_stack_state(&p.server), SALLY_CHANNEL_HANDSHAKE);
    pair_run(&p, 10 * SALLY_SEC);
    assert_int_equal(sally_stack_state(&p.server), SALLY_CHANNEL_UP);
    pair_talk(&p, &p.server, &p.client, "through");
    pair_close(&p);
}

static void another_mechanism_forgets(void **state)
{
    struct pair p;
    struct sally_credential open_credential = { .size = 0 };

    (void)state;
    pair_open(&p, 2, ROOMY);
    expect(&p, false);
    sally_credential_nosec(&open_credential);
    assert_int_equal(sally_stack_start(&p.client, p.security, SALLY_SCHEME_COAP,
                                       &open_credential, p.now),
                     SALLY_E_OK);
    assert_null(p.client.resumption.session);
    expect(&p, false);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_session_resumes),
        cmocka_unit_test(a_new_generation_does_not_resume),
        cmocka_unit_test(a_new_key_does_not_resume),
        cmocka_unit_test(what_is_forgotten_does_not_resume),
        cmocka_unit_test(a_failed_offer_is_dropped),
        cmocka_unit_test(an_attempt_given_up_drops_its_offer),
        cmocka_unit_test(a_lost_last_flight_is_sent_again),
        cmocka_unit_test(another_mechanism_forgets),
    };

    int failed;

    pair_suites = PAIR_12;
    failed = cmocka_run_group_tests_name("DTLS 1.2", tests, NULL, NULL);
    pair_suites = PAIR_13;
    return failed +
           cmocka_run_group_tests_name("DTLS 1.3", tests, NULL, NULL);
}
