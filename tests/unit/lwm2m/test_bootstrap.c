/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_bootstrap.c - the life of a bootstrap: the requests of
 * the client, Finish and what may be wrong with it, timers, Packs. OMA ETS
 * 1.1-int-0, -5, -9, 1.2-int-12.                                            */
#include "unit/lwm2m/bootworld.h"


/* A bootstrap account alone, as a device leaves the factory. */
static const char *const factory[] = {
    "/0/0/0=coap://bs.example.com", "/0/0/1=1", "/0/0/2=3", NULL
};

/* The server may take up to the patience, and the client says goodbye. */
static void accept_finish(struct bootworld *w)
{
    assert_int_equal(boot_finish(w), 0); /* the owner's turn */
    assert_int_equal(w->state, SALLY_BOOTSTRAP_FINISHING);
    assert_true(sally_bootstrap_finished(&w->client, SALLY_CODE_CHANGED,
                                         w->now));
    boot_settle(w);
    assert_int_equal(w->code, SALLY_CODE_CHANGED);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_FINISHING);
    boot_run(w, 4 * SALLY_SEC);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_DONE);
    assert_int_equal(w->why, SALLY_E_OK);
}

/* int-0, in each version and format. */
static void is_bootstrapped(void **state)
{
    static const struct {
        uint8_t version;
        uint16_t preferred, format;
        const char *query;
    } rows[] = {
        { 10, 0, 11542, "ep=plant-7-t1" },
        { 10, 110, 11542, "ep=plant-7-t1" },
        { 11, 0, 11542, "ep=plant-7-t1" },
        { 11, 112, 112, "ep=plant-7-t1&pct=112" },
        { 11, 110, 110, "ep=plant-7-t1&pct=110" },
        { 12, 11544, 11544, "ep=plant-7-t1&pct=11544" },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct bootworld *w = boot_open(rows[i].version, factory);

        w->settings.preferred = rows[i].preferred;
        boot_start(w);
        assert_int_equal(w->requests, 1);
        assert_int_equal(w->packs, 0);
        assert_string_equal(w->query, rows[i].query);
        boot_write_server(w, rows[i].format);
        accept_finish(w);
        assert_int_equal(w->finishes, 1);
        assert_string_equal(boot_value(&w->shown, "/0/1/5"),
                            "sixteen new byte");
        assert_true(sally_book_equal(sally_bootstrap_staged(&w->client),
                                     &w->shown));
        boot_close(w);
    }
}

/* A server may send its first Write before its answer arrives. */
static void a_write_overtakes_the_answer(void **state)
{
    struct bootworld *w = boot_open(11, factory);

    (void)state;
    w->silent = true;
    boot_start(w);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_REQUESTING);
    boot_write_server(w, 112);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_RECEIVING);
    boot_run(w, 200 * SALLY_SEC); /* nobody answers what it asked */
    assert_int_equal(w->state, SALLY_BOOTSTRAP_RECEIVING);
    accept_finish(w);
    boot_close(w);
}

/* --- Refused ------------------------------------------------------------ */

static void a_refusal_ends_it(void **state)
{
    struct bootworld *w = boot_open(11, accounts_usual);

    (void)state;
    w->bs_code = SALLY_CODE_BAD_REQUEST;
    boot_start(w);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_FAILED);
    assert_int_equal(w->why, SALLY_E_REFUSED);
    assert_int_equal(sally_bootstrap_refusal(&w->client),
                     SALLY_CODE_BAD_REQUEST);
    boot_close(w);
}

static void an_unknown_format_is_not_preferred_again(void **state)
{
    struct bootworld *w = boot_open(11, accounts_usual);

    (void)state;
    w->bs_code = SALLY_CODE_UNSUPPORTED_FORMAT;
    w->settings.preferred = 110;
    boot_start(w);
    assert_int_equal(w->requests, 2);
    assert_string_equal(w->query, "ep=plant-7-t1");
    assert_int_equal(w->state, SALLY_BOOTSTRAP_FAILED);
    boot_close(w);
}

/* --- Finish ------------------------------------------------------------- */

/* int-9: 4.06, the server corrects, and Finish is good then. */
static void an_inconsistent_finish_may_be_corrected(void **state)
{
    struct bootworld *w = boot_begun(11, factory);

    (void)state;
    boot_write_server(w, 112);
    assert_int_equal(boot_write(w, "/0/1/10", 0, ROWS("/0/1/10=77")),
                     SALLY_CODE_CHANGED);
    assert_int_equal(boot_finish(w), SALLY_CODE_NOT_ACCEPTABLE);
    assert_int_equal(w->finishes, 0);
    assert_int_equal(w->refusals, 1);
    assert_int_equal(w->refused, SALLY_E_NOT_FOUND);
    assert_string_equal(w->culprit, "/0/1/10");
    assert_int_equal(w->state, SALLY_BOOTSTRAP_RECEIVING);
    boot_run(w, 240 * SALLY_SEC); /* the staged set stays open */
    assert_int_equal(boot_write(w, "/0/1/10", 0, ROWS("/0/1/10=123")),
                     SALLY_CODE_CHANGED);
    accept_finish(w);
    boot_close(w);
}

static void nothing_is_no_configuration(void **state)
{
    struct bootworld *w = boot_begun(11, factory);

    (void)state;
    assert_int_equal(boot_finish(w), SALLY_CODE_NOT_ACCEPTABLE);
    assert_int_equal(w->refused, SALLY_E_NOT_FOUND);
    boot_close(w);
}

/* A server that takes all accounts away revokes the sensor. */
static void all_accounts_may_be_taken_away(void **state)
{
    struct bootworld *w = boot_begun(11, accounts_usual);

    (void)state;
    assert_int_equal(boot_delete(w, "/0"), SALLY_CODE_DELETED);
    accept_finish(w);
    assert_int_equal(sally_book_servers(&w->shown), 0);
    assert_string_equal(boot_value(&w->shown, "/0/0/3"), "boot");
    assert_string_equal(boot_value(&w->shown, "/1/0/0"), "");
    boot_close(w);
}

static void the_owner_may_refuse(void **state)
{
    struct bootworld *w = boot_begun(11, factory);

    (void)state;
    boot_write_server(w, 112);
    w->finish_code = SALLY_CODE_NOT_ACCEPTABLE;
    assert_int_equal(boot_finish(w), SALLY_CODE_NOT_ACCEPTABLE);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_RECEIVING);
    w->finish_code = 0;
    assert_int_equal(boot_finish(w), 0);
    boot_run(w, SALLY_SEC); /* acknowledged, not answered */
    assert_int_equal(boot_get(w, "/1", 112), SALLY_CODE_UNAVAILABLE);
    assert_true(sally_bootstrap_finished(&w->client,
                                         SALLY_CODE_INTERNAL_ERROR, w->now));
    boot_settle(w);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_RECEIVING);
    assert_false(sally_bootstrap_finished(&w->client, SALLY_CODE_CHANGED,
                                          w->now));
    accept_finish(w);
    boot_close(w);
}

/* The owner has decided: the accounts stand, whether the server hears it or
 * not.                                                                      */
static void a_session_that_is_lost_at_finish_changes_nothing(void **state)
{
    struct bootworld *w = boot_begun(11, factory);

    (void)state;
    boot_write_server(w, 112);
    assert_int_equal(boot_finish(w), 0);
    w->cut = true;
    boot_run(w, 300 * SALLY_SEC);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_FINISHING);
    assert_true(sally_bootstrap_finished(&w->client, SALLY_CODE_CHANGED,
                                         w->now));
    boot_run(w, 4 * SALLY_SEC);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_DONE);
    boot_close(w);
}

/* Over a stream the client learns of it, and waits for its owner as well. */
static void a_connection_that_ends_at_finish_does_neither(void **state)
{
    static const uint8_t codes[] = { SALLY_CODE_CHANGED,
                                     SALLY_CODE_NOT_ACCEPTABLE };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(codes); i++) {
        struct bootworld *w = boot_open(11, factory);

        w->settings.scheme = SALLY_SCHEME_COAP_TCP;
        boot_start(w);
        assert_int_equal(w->state, SALLY_BOOTSTRAP_RECEIVING);
        boot_write_server(w, 112);
        assert_int_equal(boot_finish(w), 0);
        sally_bootstrap_lost(&w->client, SALLY_E_CLOSED, w->now);
        assert_int_equal(w->state, SALLY_BOOTSTRAP_FINISHING);
        assert_true(sally_bootstrap_finished(&w->client, codes[i], w->now));
        assert_int_equal(w->state, i == 0 ? SALLY_BOOTSTRAP_DONE
                                          : SALLY_BOOTSTRAP_FAILED);
        assert_int_equal(w->why, i == 0 ? SALLY_E_OK : SALLY_E_CLOSED);
        boot_close(w);
    }
}

static void a_connection_that_ends_before_fails_it(void **state)
{
    struct bootworld *w = boot_open(11, accounts_usual);

    (void)state;
    w->settings.scheme = SALLY_SCHEME_COAP_TCP;
    boot_start(w);
    boot_write_server(w, 11542);
    sally_bootstrap_lost(&w->client, SALLY_E_CLOSED, w->now);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_FAILED);
    assert_int_equal(w->why, SALLY_E_CLOSED);
    boot_close(w);
}

/* A Finish whose answer was lost comes again, and is answered again. */
static void a_finish_is_answered_twice(void **state)
{
    struct bootworld *w = boot_begun(11, factory);

    (void)state;
    boot_write_server(w, 112);
    assert_int_equal(boot_finish(w), 0);
    w->cut = true;
    assert_true(sally_bootstrap_finished(&w->client, SALLY_CODE_CHANGED,
                                         w->now));
    boot_settle(w);
    w->cut = false;
    assert_int_equal(w->replies, 0);
    boot_run(w, 3100 * SALLY_MSEC);
    assert_int_equal(w->code, SALLY_CODE_CHANGED);
    assert_int_equal(w->finishes, 1);
    boot_run(w, SALLY_SEC);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_DONE);
    boot_close(w);
}

/* So is one that comes as a new request; nothing else is. */
static void a_finish_may_be_asked_anew(void **state)
{
    struct bootworld *w = boot_begun(11, factory);

    (void)state;
    boot_write_server(w, 112);
    assert_int_equal(boot_finish(w), 0);
    assert_true(sally_bootstrap_finished(&w->client, SALLY_CODE_CHANGED,
                                         w->now));
    boot_settle(w);
    assert_int_equal(boot_finish(w), SALLY_CODE_CHANGED);
    assert_int_equal(boot_delete(w, "/0"), SALLY_CODE_UNAVAILABLE);
    assert_int_equal(w->finishes, 1);
    assert_true(sally_book_equal(sally_bootstrap_staged(&w->client),
                                 &w->shown));
    boot_close(w);
}

/* --- Time --------------------------------------------------------------- */

static void a_server_that_says_no_more_is_left(void **state)
{
    struct bootworld *w = boot_begun(11, accounts_usual);

    (void)state;
    boot_run(w, 246 * SALLY_SEC);
    assert_int_equal(boot_delete(w, "/1"), SALLY_CODE_DELETED);
    boot_run(w, 246 * SALLY_SEC);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_RECEIVING);
    boot_run(w, 2 * SALLY_SEC);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_FAILED);
    assert_int_equal(w->why, SALLY_E_TIMED_OUT);
    assert_int_equal(w->finishes, 0);
    boot_close(w);
}

static void a_server_that_is_not_there_is_left(void **state)
{
    struct bootworld *w = boot_open(11, accounts_usual);

    (void)state;
    w->cut = true;
    boot_start(w);
    boot_run(w, 100 * SALLY_SEC);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_FAILED);
    assert_int_equal(w->why, SALLY_E_TIMED_OUT);
    w->cut = false;
    w->wanted = 0;
    boot_start(w); /* another attempt */
    assert_int_equal(w->state, SALLY_BOOTSTRAP_RECEIVING);
    assert_int_equal(w->rebound, 2);
    boot_write_server(w, 112);
    accept_finish(w);
    boot_close(w);
}

static void it_can_be_given_up(void **state)
{
    struct bootworld *w = boot_begun(11, accounts_usual);

    (void)state;
    assert_int_equal(sally_bootstrap_start(&w->client, &w->settings,
                                           &w->current, w->now),
                     SALLY_E_BAD_STATE);
    boot_write_server(w, 112);
    sally_bootstrap_stop(&w->client, w->now);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_FAILED);
    assert_int_equal(w->why, SALLY_E_CANCELLED);
    assert_null(sally_bootstrap_staged(&w->client)->at); /* wiped */
    assert_int_equal(sally_bootstrap_deadline(&w->client), SALLY_NEVER);
    boot_close(w);
}

/* --- The bootstrap account ---------------------------------------------- */

/* GW-06: a Write may update it. */
static void the_bootstrap_account_may_be_updated(void **state)
{
    struct bootworld *w = boot_begun(11, accounts_usual);

    (void)state;
    assert_int_equal(boot_write(w, "/0/0/5", 42, ROWS("/0/0/5=other key")),
                     SALLY_CODE_CHANGED);
    accept_finish(w);
    assert_string_equal(boot_value(&w->shown, "/0/0/5"), "other key");
    assert_string_equal(boot_value(&w->shown, "/0/0/3"), "boot");
    boot_close(w);
}

/* Another instance replaces it, and its keys are gone. */
static void the_bootstrap_account_may_be_replaced(void **state)
{
    struct bootworld *w = boot_open(11, accounts_usual);

    (void)state;
    accounts_put(&w->current, &w->registry, "/0/0/17=21:0");
    accounts_put(&w->current, &w->registry, "/21/0/0=old secret");
    accounts_put(&w->current, &w->registry, "/21/0/1=c");
    accounts_put(&w->current, &w->registry, "/21/0/2=s");
    assert_int_equal(sally_book_copy(&w->current, &w->before), SALLY_E_OK);
    boot_start(w);
    assert_int_equal(boot_write(w, "/0/7", 112,
                                ROWS("/0/7/0=coaps://new", "/0/7/1=1",
                                     "/0/7/2=0", "/0/7/3=new",
                                     "/0/7/5=new key")),
                     SALLY_CODE_CHANGED);
    accept_finish(w);
    assert_string_equal(boot_value(&w->shown, "/0/0/0"), "");
    assert_string_equal(boot_value(&w->shown, "/21/0/0"), "");
    assert_string_equal(boot_value(&w->shown, "/0/7/5"), "new key");
    boot_close(w);
}

static void of_two_new_ones_none_is_chosen(void **state)
{
    struct bootworld *w = boot_begun(11, accounts_usual);

    (void)state;
    for (int i = 6; i < 8; i++) {
        char rows[5][32];

        snprintf(rows[0], 32, "/0/%d/0=coaps://new", i);
        snprintf(rows[1], 32, "/0/%d/1=1", i);
        snprintf(rows[2], 32, "/0/%d/2=0", i);
        snprintf(rows[3], 32, "/0/%d/3=new", i);
        snprintf(rows[4], 32, "/0/%d/5=new key", i);
        assert_int_equal(boot_write(w, "/0", 112,
                                    ROWS(rows[0], rows[1], rows[2], rows[3],
                                         rows[4])),
                         SALLY_CODE_CHANGED);
    }
    assert_int_equal(boot_finish(w), SALLY_CODE_NOT_ACCEPTABLE);
    assert_int_equal(w->refused, SALLY_E_DUPLICATE);
    boot_close(w);
}

/* A server that numbers accounts from 0 does not overwrite it. */
static void the_bootstrap_account_makes_way(void **state)
{
    struct bootworld *w = boot_begun(11, factory);

    (void)state;
    assert_int_equal(boot_write(w, "/0/0", 11542,
                                ROWS("/0/0/0=coap://dm", "/0/0/1=0",
                                     "/0/0/2=3", "/0/0/10=123")),
                     SALLY_CODE_CHANGED);
    assert_int_equal(boot_write(w, "/1/0", 11542,
                                ROWS("/1/0/0=123", "/1/0/1=60", "/1/0/6=1",
                                     "/1/0/7=U")),
                     SALLY_CODE_CHANGED);
    assert_int_equal(boot_delete(w, "/0/1"), SALLY_CODE_BAD_REQUEST);
    accept_finish(w);
    assert_string_equal(boot_value(&w->shown, "/0/0/0"), "coap://dm");
    assert_string_equal(boot_value(&w->shown, "/0/1/0"),
                        "coap://bs.example.com");
    assert_string_equal(boot_value(&w->shown, "/0/1/1"), "1");
    boot_close(w);
}

/* --- Packs: int-12 ------------------------------------------------------ */

static const char *const pack_rows[] = {
    "/0/1/0=coaps://lwm2m.example.com", "/0/1/1=0", "/0/1/2=0",
    "/0/1/3=sensor", "/0/1/5=sixteen new byte", "/0/1/10=123", "/1/0/0=123",
    "/1/0/1=60", "/1/0/6=1", "/1/0/7=U", NULL
};

static struct bootworld *packed(const char *const *rows, uint16_t format,
                                uint8_t *room, size_t size)
{
    struct bootworld *w = boot_open(12, factory);

    w->settings.pack = true;
    w->settings.preferred = 11544;
    w->pack_code = SALLY_CODE_CONTENT;
    w->pack_format = format;
    w->pack = boot_payload(w, "/", format, rows, room, size);
    boot_start(w);
    assert_int_equal(w->packs, 1);
    assert_string_equal(w->pack_query, "ep=plant-7-t1&acc=0");
    assert_int_equal(w->pack_accept, 11544);
    return w;
}

static void a_pack_is_all_that_is_needed(void **state)
{
    static const uint16_t formats[] = { 110, 112, 11544 };
    uint8_t room[2048];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(formats); i++) {
        struct bootworld *w =
            packed(pack_rows, formats[i], room, sizeof(room));

        assert_int_equal(w->finishes, 1);
        assert_int_equal(w->state, SALLY_BOOTSTRAP_FINISHING);
        assert_true(sally_bootstrap_finished(&w->client, SALLY_CODE_CHANGED,
                                             w->now));
        assert_int_equal(w->state, SALLY_BOOTSTRAP_DONE);
        assert_int_equal(w->requests, 0);
        assert_string_equal(boot_value(&w->shown, "/0/1/5"),
                            "sixteen new byte");
        boot_close(w);
    }
}

/* An inconsistent one is dropped whole, and the server may write. */
static void an_inconsistent_pack_is_dropped(void **state)
{
    static const char *const bad[] = { "/0/1/0=coaps://a", "/0/1/1=0",
                                       "/0/1/2=0", "/0/1/3=odd", NULL };
    static const char *const elsewhere[] = { "/3/0/14=+01:00", NULL };
    const char *const *const rows[] = { bad, elsewhere };
    uint8_t room[2048];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct bootworld *w = packed(rows[i], 112, room, sizeof(room));

        assert_int_equal(sally_bootstrap_refusal(&w->client), 0);
        assert_int_equal(w->finishes, 0);
        assert_int_equal(w->requests, 1);
        assert_int_equal(w->state, SALLY_BOOTSTRAP_RECEIVING);
        assert_true(sally_book_equal(sally_bootstrap_staged(&w->client),
                                     &w->current));
        boot_write_server(w, 112);
        accept_finish(w);
        boot_close(w);
    }
}

static void a_pack_that_the_owner_refuses_is_dropped(void **state)
{
    uint8_t room[2048];
    struct bootworld *w = packed(pack_rows, 112, room, sizeof(room));

    (void)state;
    assert_true(sally_bootstrap_finished(
        &w->client, SALLY_CODE_NOT_ACCEPTABLE, w->now));
    boot_settle(w);
    assert_int_equal(w->requests, 1);
    assert_int_equal(w->state, SALLY_BOOTSTRAP_RECEIVING);
    assert_true(sally_book_equal(sally_bootstrap_staged(&w->client),
                                 &w->current));
    boot_close(w);
}

static void a_server_without_packs_is_asked_to_write(void **state)
{
    static const uint8_t codes[] = { SALLY_CODE_NOT_IMPLEMENTED,
                                     SALLY_CODE_METHOD_NOT_ALLOWED,
                                     SALLY_CODE_NOT_FOUND,
                                     SALLY_CODE_BAD_REQUEST };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(codes); i++) {
        struct bootworld *w = boot_open(12, factory);

        w->settings.pack = true;
        w->pack_code = codes[i];
        boot_start(w);
        assert_int_equal(w->packs, 1);
        assert_int_equal(w->pack_accept, 112);
        assert_int_equal(w->requests, 1);
        assert_int_equal(w->state, SALLY_BOOTSTRAP_RECEIVING);
        boot_close(w);
    }
}

static void versions_before_1_2_know_no_packs(void **state)
{
    struct bootworld *w = boot_open(11, factory);

    (void)state;
    w->settings.pack = true;
    boot_start(w);
    assert_int_equal(w->packs, 0);
    assert_int_equal(w->requests, 1);
    boot_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_bootstrapped),
        cmocka_unit_test(a_write_overtakes_the_answer),
        cmocka_unit_test(a_refusal_ends_it),
        cmocka_unit_test(an_unknown_format_is_not_preferred_again),
        cmocka_unit_test(an_inconsistent_finish_may_be_corrected),
        cmocka_unit_test(nothing_is_no_configuration),
        cmocka_unit_test(all_accounts_may_be_taken_away),
        cmocka_unit_test(the_owner_may_refuse),
        cmocka_unit_test(a_session_that_is_lost_at_finish_changes_nothing),
        cmocka_unit_test(a_connection_that_ends_at_finish_does_neither),
        cmocka_unit_test(a_connection_that_ends_before_fails_it),
        cmocka_unit_test(a_finish_is_answered_twice),
        cmocka_unit_test(a_finish_may_be_asked_anew),
        cmocka_unit_test(a_server_that_says_no_more_is_left),
        cmocka_unit_test(a_server_that_is_not_there_is_left),
        cmocka_unit_test(it_can_be_given_up),
        cmocka_unit_test(the_bootstrap_account_may_be_updated),
        cmocka_unit_test(the_bootstrap_account_may_be_replaced),
        cmocka_unit_test(of_two_new_ones_none_is_chosen),
        cmocka_unit_test(the_bootstrap_account_makes_way),
        cmocka_unit_test(a_pack_is_all_that_is_needed),
        cmocka_unit_test(an_inconsistent_pack_is_dropped),
        cmocka_unit_test(a_pack_that_the_owner_refuses_is_dropped),
        cmocka_unit_test(a_server_without_packs_is_asked_to_write),
        cmocka_unit_test(versions_before_1_2_know_no_packs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
