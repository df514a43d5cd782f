/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_oscore_link.c - a server that begins B.2 of its own,
 * over whole links: it has lost its keys, knows where its client is, and both
 * go on under new ones. RFC 8613 B.2.                                       */
#include "unit/coap/pair.h"

static struct pair p;
static struct sally_credential client, server;

static void on_reserve(void *owner, uint64_t until)
{
    struct end *e = owner;

    sally_coap_link_reserved(&e->link, until, e->pair->now);
}

static const struct sally_coap_link_upcalls keeping = {
    .on_request = end_on_request,
    .on_reply = end_on_reply,
    .on_notified = end_on_notified,
    .on_channel = end_on_channel,
    .on_reserve = on_reserve,
};

static void make(struct sally_credential *c, const char *own, const char *other,
                 enum sally_oscore_start how)
{
    const struct sally_oscore_parts oscore = {
        .master_secret = sally_span_of("sixteen bytes..."),
        .sender_id = sally_span_of(own),
        .recipient_id = sally_span_of(other),
        .start = how,
    };
    const struct sally_credential_parts parts = { .mode = SALLY_MODE_NOSEC,
                                                  .oscore = &oscore };

    assert_int_equal(sally_credential_make(c, &parts, NULL), SALLY_E_OK);
}

static void start(struct end *e, const struct sally_credential *c)
{
    static const struct sally_object_past never = { .known = false };

    assert_int_equal(sally_coap_link_start(&e->link, SALLY_SCHEME_COAP, c,
                                           &never, p.now),
                     SALLY_E_OK);
    pair_settle(&p);
}

static void open_end(struct end *e)
{
    sally_coap_link_wipe(&e->link);
    sally_coap_link_init(&e->link, &p.shared, &keeping, e);
}

/* The client is up by B.1.1, since nobody answered it; then its server comes,
 * and has to have new keys.                                                 */
static void open_all(enum sally_oscore_start how)
{
    pair_open(&p);
    make(&client, "cl", "sv", how);
    make(&server, "sv", "cl", SALLY_OSCORE_B2);
    open_end(&p.a);
    open_end(&p.b);
    start(&p.b, &client);
    pair_wait(&p, 300 * SALLY_SEC);
    assert_int_equal(sally_coap_link_state(&p.b.link), SALLY_CHANNEL_UP);
    start(&p.a, &server);
    pair_settle(&p);
}

static void close_all(void)
{
    sally_coap_link_wipe(&p.a.link);
    sally_coap_link_wipe(&p.b.link);
    assert_int_equal(p.packets.used, 0);
    assert_int_equal(p.bodies.used, 0);
    sally_pool_wipe(&p.packets);
    sally_pool_wipe(&p.bodies);
    sally_credential_wipe(&client);
    sally_credential_wipe(&server);
}

static void ask(enum sally_coap_observe observe)
{
    size_t replies = p.a.replies;

    pair_ask(&p, SALLY_CODE_GET, true, "x", observe,
             (struct sally_span){ NULL, 0 });
    pair_wait(&p, 20 * SALLY_SEC);
    assert_int_equal(p.a.replies, replies + 1);
    assert_int_equal(p.a.reply_error, SALLY_E_OK);
}

static void notify(enum sally_err want)
{
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT,
                                   .payload = sally_span_of("n") };
    const struct sally_span token = { p.b.token, p.b.token_len };
    size_t told = p.b.notified;
    sally_coap_exchange x;

    assert_int_equal(sally_coap_link_notify(&p.b.link, token, &a, true, p.now,
                                            &x),
                     SALLY_E_OK);
    pair_wait(&p, SALLY_SEC);
    assert_int_equal(p.b.notified, told + 1);
    assert_int_equal(p.b.notified_error, want);
}

static void both_go_on_under_new_keys(void **state)
{
    (void)state;
    open_all(SALLY_OSCORE_AUTO);
    assert_int_equal(sally_coap_link_state(&p.a.link), SALLY_CHANNEL_UP);
    ask(SALLY_OBSERVE_ABSENT);
    ask(SALLY_OBSERVE_REGISTER);
    assert_true(p.a.observe);
    notify(SALLY_E_OK);
    close_all();
}

/* The server lost all it knew: what it observed is over, what it asks is
 * answered, and the session of the client has not ended.                    */
static void a_restart_of_the_server_ends_observations(void **state)
{
    size_t channels;

    (void)state;
    open_all(SALLY_OSCORE_AUTO);
    ask(SALLY_OBSERVE_REGISTER);
    notify(SALLY_E_OK);
    channels = p.b.channels;
    open_end(&p.a);
    start(&p.a, &server);
    ask(SALLY_OBSERVE_ABSENT);
    p.b.token_len = sizeof(p.b.token);
    notify(SALLY_E_NOT_FOUND);
    ask(SALLY_OBSERVE_REGISTER);
    notify(SALLY_E_OK);
    assert_int_equal(p.b.channels, channels);
    close_all();
}

/* Lost messages are sent again, the same bytes, and answered by the same. */
static void loss_is_made_good(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 16; lost++) {
        open_all(SALLY_OSCORE_AUTO);
        open_end(&p.a);
        p.a.drop = lost & 3;
        p.b.drop = lost >> 2;
        start(&p.a, &server);
        pair_wait(&p, 60 * SALLY_SEC);
        assert_int_equal(sally_coap_link_state(&p.a.link), SALLY_CHANNEL_UP);
        ask(SALLY_OBSERVE_ABSENT);
        close_all();
    }
}

/* An account that wants B.1.1 keeps its keys: the server has no luck. */
static void b1_is_not_talked_into_it(void **state)
{
    (void)state;
    open_all(SALLY_OSCORE_B1);
    pair_wait(&p, 300 * SALLY_SEC);
    assert_int_equal(sally_coap_link_state(&p.a.link), SALLY_CHANNEL_FAILED);
    assert_int_equal(sally_coap_link_state(&p.b.link), SALLY_CHANNEL_UP);
    assert_int_equal(sally_coap_link_hint(&p.a.link).meaning,
                     SALLY_E_NOT_FOUND);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_go_on_under_new_keys),
        cmocka_unit_test(a_restart_of_the_server_ends_observations),
        cmocka_unit_test(loss_is_made_good),
        cmocka_unit_test(b1_is_not_talked_into_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
