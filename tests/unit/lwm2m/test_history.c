/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_history.c - whatever becomes of the notifications that
 * carry records, the owner is told once, and never that records arrived which
 * did not.                                                                  */
#include "unit/lwm2m/world.h"

static void observe(struct world *w, enum sally_coap_observe what)
{
    world_ask(w, (struct ask){ SALLY_CODE_GET, "3303/0/5700", NULL,
                               SALLY_FORMAT_SENML_JSON, NO_FORMAT, { NULL, 0 },
                               what });
}

/* One record under way in a notification that is lost as yet. */
static struct world *under_way(void)
{
    struct world *w = world_registered(11);
    const struct sally_lwm2m_record r = {
        .path = sally_path_resource(3303, 0, 5700),
        .value = { .type = SALLY_TYPE_FLOAT, .is.real = 21.5 },
        .time = 1700000000000,
    };

    world_set(w, r.path, 20.0);
    world_settle(w);
    observe(w, SALLY_OBSERVE_REGISTER);
    assert_int_equal(w->code, SALLY_CODE_CONTENT);
    assert_int_equal(sally_lwm2m_client_observations(&w->client), 1);
    w->cut = true;
    assert_int_equal(sally_lwm2m_client_history(&w->client, &r, 1, w->now),
                     SALLY_E_OK);
    world_settle(w);
    assert_int_equal(w->deliveries, 0);
    return w;
}

static void arrives(struct world *w)
{
    w->cut = false;
    world_run(w, 10 * SALLY_SEC);
}

static void is_not_answered(struct world *w)
{
    world_run(w, 120 * SALLY_SEC);
}

static void is_not_wanted(struct world *w)
{
    sally_coap_link_cancel(&w->server, w->asked);
    w->cut = false;
    world_run(w, 10 * SALLY_SEC);
}

static void is_cancelled(struct world *w)
{
    w->cut = false;
    observe(w, SALLY_OBSERVE_CANCEL);
    world_run(w, 10 * SALLY_SEC);
}

static void loses_its_registration(struct world *w)
{
    w->cut = false;
    w->update_code = SALLY_CODE_NOT_FOUND;
    assert_int_equal(world_execute(w, "1/0/8"), SALLY_CODE_CHANGED);
    world_run(w, 10 * SALLY_SEC);
    assert_int_equal(w->registers, 2);
}

static void is_disabled(struct world *w)
{
    w->cut = false;
    assert_int_equal(world_execute(w, "1/0/4"), SALLY_CODE_CHANGED);
    world_run(w, 10 * SALLY_SEC);
}

static void reboots(struct world *w)
{
    w->cut = false;
    assert_int_equal(world_execute(w, "3/0/4"), SALLY_CODE_CHANGED);
    w->cut = true;
    world_run(w, 2 * SALLY_SEC);
}

static const struct row {
    const char *what;
    void (*happens)(struct world *w);
    bool delivered;
} rows[] = {
    { "acknowledged", arrives, true },
    { "the server is silent", is_not_answered, false },
    { "a Reset: the server has lost the observation", is_not_wanted, false },
    { "the server cancels the observation", is_cancelled, false },
    { "an Update waits behind it", loses_its_registration, true },
    { "a Disable waits behind it", is_disabled, true },
    { "the server reboots the client", reboots, false },
};

static void tells_once_what_became_of_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct world *w = under_way();

        rows[i].happens(w);
        if (w->deliveries != 1)
            fail_msg("%s: told %u times", rows[i].what, w->deliveries);
        if ((w->delivered == SALLY_E_OK) != rows[i].delivered)
            fail_msg("%s: told: %s", rows[i].what,
                     sally_err_text(w->delivered));
        world_close(w);
    }
}

/* What does not fit one body will not fit later either. */
static void says_when_records_are_too_many(void **state)
{
    static uint8_t text[5000];
    struct world *w = world_registered(11);
    const struct sally_lwm2m_record r = {
        .path = sally_path_resource(3303, 0, 5700),
        .value = { .type = SALLY_TYPE_STRING,
                   .is.bytes = { text, sizeof(text) } },
    };

    (void)state;
    memset(text, 'x', sizeof(text));
    world_set(w, r.path, 20.0);
    observe(w, SALLY_OBSERVE_REGISTER);
    assert_int_equal(sally_lwm2m_client_history(&w->client, &r, 1, w->now),
                     SALLY_E_TOO_LARGE);
    assert_int_equal(w->deliveries, 0);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_once_what_became_of_it),
        cmocka_unit_test(says_when_records_are_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
