/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_cid.c - connection IDs: offered, taken up or not,
 * and what that does to records. Without scripts/wolfssl-cid.patch a client
 * that offers 1.3 too does not get through to a server of 1.2 that has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/security/pair.h"

#define ROOMY ((size_t)16 << 20)

static void open_with_cid(struct pair *p, bool offered, bool taken)
{
    struct sally_credential_parts parts = { .mode = SALLY_MODE_PSK };

    pair_open(p, 2, ROOMY);
    parts.identity = p->known.identity;
    parts.secret_key = p->known.secret_key;
    parts.connection_id = offered;
    assert_int_equal(sally_credential_make(&p->credential, &parts, NULL),
                     SALLY_E_OK);
    p->finder.connection_id = taken;
}

/* What a record that `from` seals is addressed to. */
static struct sally_span address_of(struct sally_stack *from,
                                    struct sally_buf *wire)
{
    wire->len = 0;
    pair_seal(from, "to whom", wire);
    return sally_stack_cid_of(sally_buf_span(wire));
}

static void it_is_used_where_both_have_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        bool offered = (i & 1) != 0, taken = (i & 2) != 0;
        uint8_t room[SALLY_DATAGRAM_MAX];
        struct sally_buf wire = SALLY_BUF(room);
        struct sally_span to;
        struct pair p;

        open_with_cid(&p, offered, taken);
        pair_up(&p);
        if (sally_stack_kept_by_cid(&p.client) != (offered && taken))
            fail_msg("offered %d, taken %d", offered, taken);
        assert_false(sally_stack_kept_by_cid(&p.server));
        to = address_of(&p.client, &wire);
        if (offered && taken)
            assert_true(sally_span_equal(to, sally_stack_cid(&p.server)));
        else
            assert_int_equal(to.len, 0);
        assert_true(
            pair_opens(&p, &p.server, sally_buf_span(&wire), "to whom"));
        to = address_of(&p.server, &wire); /* none towards a client */
        assert_int_equal(to.len, 0);
        assert_true(
            pair_opens(&p, &p.client, sally_buf_span(&wire), "to whom"));
        pair_close(&p);
    }
}

static void it_comes_back_with_a_session(void **state)
{
    struct pair p;

    (void)state;
    open_with_cid(&p, true, true);
    pair_up(&p);
    pair_talk(&p, &p.client, &p.server, "first");
    pair_talk(&p, &p.server, &p.client, "first");
    pair_up(&p);
    assert_true(sally_stack_resumed(&p.client));
    assert_true(sally_stack_kept_by_cid(&p.client));
    pair_talk(&p, &p.client, &p.server, "second");
    pair_talk(&p, &p.server, &p.client, "second");
    pair_close(&p);
}

/* Each byte of the header counts, and so does each bit of the ID. */
static void a_record_to_somebody_else_is_dropped(void **state)
{
    uint8_t room[SALLY_DATAGRAM_MAX], back[SALLY_MESSAGE_MAX];
    struct sally_buf wire = SALLY_BUF(room);
    struct sally_span to;
    struct pair p;

    (void)state;
    open_with_cid(&p, true, true);
    pair_up(&p);
    to = address_of(&p.client, &wire);
    assert_int_not_equal(to.len, 0);
    for (size_t i = 0; i < 8 * to.len; i++) {
        struct sally_buf message = SALLY_BUF(back);
        size_t at = (size_t)(to.at - room) + i / 8;

        room[at] = (uint8_t)(room[at] ^ 1u << i % 8);
        assert_int_equal(
            sally_stack_open(&p.server, sally_buf_span(&wire), &message, p.now),
            SALLY_E_UNEXPECTED);
        room[at] = (uint8_t)(room[at] ^ 1u << i % 8);
    }
    assert_true(pair_opens(&p, &p.server, sally_buf_span(&wire), "to whom"));
    pair_close(&p);
}

static void the_largest_message_fits(void **state)
{
    static uint8_t body[SALLY_MESSAGE_MAX];
    uint8_t room[SALLY_DATAGRAM_MAX], back[SALLY_MESSAGE_MAX];
    struct sally_buf wire = SALLY_BUF(room), message = SALLY_BUF(back);
    struct pair p;

    (void)state;
    open_with_cid(&p, true, true);
    pair_up(&p);
    assert_int_equal(sally_stack_seal(&p.client,
                                      (struct sally_span){ body, sizeof(body) },
                                      &wire),
                     SALLY_E_OK);
    assert_int_equal(
        sally_stack_open(&p.server, sally_buf_span(&wire), &message, p.now),
        SALLY_E_OK);
    assert_int_equal(message.len, sizeof(body));
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_used_where_both_have_it),
        cmocka_unit_test(it_comes_back_with_a_session),
        cmocka_unit_test(a_record_to_somebody_else_is_dropped),
        cmocka_unit_test(the_largest_message_fits),
    };
    int failed;

    pair_suites = PAIR_12;
    failed = cmocka_run_group_tests_name("DTLS 1.2", tests, NULL, NULL);
    pair_suites = PAIR_13;
    return failed + cmocka_run_group_tests_name("DTLS 1.3", tests, NULL, NULL);
}
