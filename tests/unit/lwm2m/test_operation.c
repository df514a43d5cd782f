/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_operation.c - a server's requests and what they get. */
#include <stdlib.h>

#include "unit/lwm2m/world.h"

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }
#define B(...) { BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__)) }
#define T(text) { (const uint8_t *)(text), sizeof(text) - 1 }
#define EMPTY { NULL, 0 }

enum { GET = SALLY_CODE_GET, POST = SALLY_CODE_POST, PUT = SALLY_CODE_PUT,
       DELETE = SALLY_CODE_DELETE, FETCH = SALLY_CODE_FETCH };
enum { TEXT = SALLY_FORMAT_TEXT, LINK = SALLY_FORMAT_LINK,
       TLV = SALLY_FORMAT_TLV, JSON = SALLY_FORMAT_SENML_JSON,
       CBOR = SALLY_FORMAT_SENML_CBOR, NO = -1 };

/* One request to a fresh client whose /3303/0/5700 is 21.5. */
static const struct row {
    const char *what;
    uint8_t method;
    const char *path, *query;
    int accept, format;
    struct sally_span payload;
    uint8_t want;
    const char *body; /* NULL: any */
} rows[] = {
    { "read a resource", GET, "3303/0/5700", NULL, TEXT, NO, EMPTY, 0x45,
      "21.5" },
    { "read a resource, our choice", GET, "3303/0/5700", NULL, NO, NO, EMPTY,
      0x45, "21.5" },
    { "read a resource in JSON", GET, "3303/0/5700", NULL, JSON, NO, EMPTY,
      0x45, NULL },
    { "read an instance in text", GET, "3/0", NULL, TEXT, NO, EMPTY, 0x86,
      NULL },
    { "read in a format nobody knows", GET, "3303/0/5700", NULL, 9999, NO,
      EMPTY, 0x86, NULL },
    { "read an instance", GET, "3/0", NULL, TLV, NO, EMPTY, 0x45, NULL },
    { "read an object", GET, "3", NULL, CBOR, NO, EMPTY, 0x45, NULL },
    { "read a resource instance", GET, "3/0/11/0", NULL, TEXT, NO, EMPTY, 0x45,
      "0" },
    { "read a multiple resource, our choice", GET, "3/0/11", NULL, NO, NO,
      EMPTY, 0x45, NULL },
    { "read what is not there", GET, "3304/0/5700", NULL, NO, NO, EMPTY, 0x84,
      NULL },
    { "read what was not measured yet", GET, "3306/0/5850", NULL, NO, NO,
      EMPTY, 0x84, NULL },
    { "read an executable", GET, "3/0/4", NULL, NO, NO, EMPTY, 0x85, NULL },
    { "read another server's account", GET, "1/1", NULL, NO, NO, EMPTY, 0x84,
      NULL },
    { "read the root", GET, "", NULL, NO, NO, EMPTY, 0x85, NULL },
    { "path that is no number", GET, "temp", NULL, NO, NO, EMPTY, 0x84, NULL },
    { "path with a reserved id", GET, "65535/0", NULL, NO, NO, EMPTY, 0x84,
      NULL },
    { "path too deep", GET, "3/0/11/0/0", NULL, NO, NO, EMPTY, 0x84, NULL },

    { "read Security", GET, "0", NULL, NO, NO, EMPTY, 0x81, NULL },
    { "read a secret", GET, "0/0/5", NULL, NO, NO, EMPTY, 0x81, NULL },
    { "write Security", PUT, "0/0/0", NULL, NO, TEXT, T("coap://x"), 0x81,
      NULL },
    { "attributes of Security", PUT, "0/0", "pmin=1", NO, NO, EMPTY, 0x81,
      NULL },
    { "discover Security", GET, "0", NULL, LINK, NO, EMPTY, 0x81, NULL },
    { "delete Security", DELETE, "0/0", NULL, NO, NO, EMPTY, 0x81, NULL },
    { "read OSCORE keys", GET, "21/0", NULL, NO, NO, EMPTY, 0x81, NULL },

    { "write a resource", PUT, "3306/0/5851", NULL, NO, TEXT, T("40"), 0x44,
      NULL },
    { "write out of range", PUT, "3306/0/5851", NULL, NO, TEXT, T("101"), 0x80,
      NULL },
    { "write the wrong type", PUT, "3306/0/5851", NULL, NO, TEXT, T("warm"),
      0x80, NULL },
    { "write what is read-only", PUT, "3303/0/5700", NULL, NO, TEXT, T("1"),
      0x85, NULL },
    { "write the Short Server ID", PUT, "1/0/0", NULL, NO, TEXT, T("9"), 0x85,
      NULL },
    { "write what is not there", PUT, "3306/0/5852", NULL, NO, TEXT, T("1"),
      0x84, NULL },
    { "write in a format nobody knows", PUT, "3306/0/5851", NULL, NO, 9999,
      T("1"), 0x8f, NULL },
    { "write broken TLV", PUT, "3306/0", NULL, NO, TLV, B(0xc8, 0, 9), 0x80,
      NULL },
    { "write TLV to an instance", POST, "3306/0", NULL, NO, TLV,
      B(0xe1, 0x16, 0xdb, 50), 0x44, NULL },
    { "write without a value", PUT, "3306/0/5851", NULL, NO, TEXT, EMPTY, 0x80,
      NULL },

    { "execute what is none", POST, "3303/0/5700", NULL, NO, NO, EMPTY, 0x85,
      NULL },
    { "execute what is not there", POST, "3/0/99", NULL, NO, NO, EMPTY, 0x84,
      NULL },
    { "execute another server's bootstrap trigger", POST, "1/1/9", NULL, NO, NO,
      EMPTY, 0x84, NULL },
    { "execute the update trigger", POST, "1/0/8", NULL, NO, NO, EMPTY, 0x44,
      NULL },

    { "create", POST, "3303", NULL, NO, TLV, B(0x20, 0), 0x85, NULL },
    { "delete an instance", DELETE, "3303/0", NULL, NO, NO, EMPTY, 0x85, NULL },
    { "delete Device", DELETE, "3/0", NULL, NO, NO, EMPTY, 0x85, NULL },
    { "composite read", FETCH, "", NULL, NO, CBOR, B(0x80), 0x85, NULL },

    { "discover an object", GET, "3303", NULL, LINK, NO, EMPTY, 0x45,
      "</3303>;ver=1.1,</3303/0>,</3303/0/5700>,</3303/0/5701>" },
    { "discover an instance", GET, "3306/0", NULL, LINK, NO, EMPTY, 0x45,
      "</3306/0>,</3306/0/5850>,</3306/0/5851>" },
    { "discover a resource", GET, "3303/0/5700", NULL, LINK, NO, EMPTY, 0x45,
      "</3303/0/5700>" },
    { "discover a multiple resource", GET, "3/0/11", NULL, LINK, NO, EMPTY,
      0x45, "</3/0/11>;dim=1" },
    { "discover one's own account only", GET, "1", NULL, LINK, NO, EMPTY, 0x45,
      NULL },
    { "discover what is not there", GET, "3304", NULL, LINK, NO, EMPTY, 0x84,
      NULL },

    { "attributes", PUT, "3303/0/5700", "pmin=5", NO, NO, EMPTY, 0x44, NULL },
    { "attribute unknown here", PUT, "3303/0/5700", "gt=5", NO, NO, EMPTY,
      0x80, NULL },
    { "attribute that is no number", PUT, "3303/0/5700", "pmin=x", NO, NO,
      EMPTY, 0x80, NULL },
    { "attributes of nothing", PUT, "3304/0", "pmin=5", NO, NO, EMPTY, 0x84,
      NULL },
    { "neither payload nor attributes", PUT, "3303/0/5700", NULL, NO, NO,
      EMPTY, 0x80, NULL },
};

static void answers_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct world *w = world_registered(11);

        world_set(w, sally_path_resource(3303, 0, 5700), 21.5);
        world_ask(w, (struct ask){ r->method, r->path, r->query,
                                   (uint32_t)r->accept, (uint32_t)r->format,
                                   r->payload, SALLY_OBSERVE_ABSENT });
        if (w->replies != 1 || w->code != r->want ||
            (r->body != NULL && strcmp(w->body, r->body) != 0))
            fail_msg("%s: got %u.%02u %s", r->what, w->code >> 5, w->code & 31,
                     w->body);
        world_close(w);
    }
}

/* Keys have one way in, which is no server's but a bootstrap server's. */
static void hides_what_holds_keys(void **state)
{
    static const char *const paths[] = {
        "0",  "0/0",  "0/0/0",  "0/0/5",  "0/0/16/0",  "0/7",  "0/0/99",
        "21", "21/0", "21/0/0", "21/0/5", "21/0/1/0",  "21/7", "21/0/99",
    };
    const struct {
        uint8_t method;
        const char *query;
        int accept, format;
        struct sally_span payload;
        enum sally_coap_observe observe;
    } ways[] = {
        { GET, NULL, NO, NO, EMPTY, SALLY_OBSERVE_ABSENT },
        { GET, NULL, TLV, NO, EMPTY, SALLY_OBSERVE_ABSENT },
        { GET, NULL, LINK, NO, EMPTY, SALLY_OBSERVE_ABSENT },
        { GET, NULL, NO, NO, EMPTY, SALLY_OBSERVE_REGISTER },
        { GET, NULL, NO, NO, EMPTY, SALLY_OBSERVE_CANCEL },
        { PUT, NULL, NO, TEXT, T("1"), SALLY_OBSERVE_ABSENT },
        { PUT, NULL, NO, TLV, B(0xc1, 0, 1), SALLY_OBSERVE_ABSENT },
        { PUT, "pmin=1", NO, NO, EMPTY, SALLY_OBSERVE_ABSENT },
        { POST, NULL, NO, NO, EMPTY, SALLY_OBSERVE_ABSENT },
        { POST, NULL, NO, TLV, B(0xc1, 0, 1), SALLY_OBSERVE_ABSENT },
        { DELETE, NULL, NO, NO, EMPTY, SALLY_OBSERVE_ABSENT },
        { FETCH, NULL, NO, CBOR, B(0x80), SALLY_OBSERVE_ABSENT },
        { SALLY_CODE_IPATCH, NULL, NO, CBOR, B(0x80), SALLY_OBSERVE_ABSENT },
    };
    struct world *w = world_registered(11);

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(paths) * SALLY_LEN(ways); i++) {
        const char *path = paths[i % SALLY_LEN(paths)];
        size_t way = i / SALLY_LEN(paths);

        world_ask(w, (struct ask){ ways[way].method, path, ways[way].query,
                                   (uint32_t)ways[way].accept,
                                   (uint32_t)ways[way].format,
                                   ways[way].payload, ways[way].observe });
        if (w->replies != 1 || w->code != SALLY_CODE_UNAUTHORIZED)
            fail_msg("way %zu to %s: got %u.%02u", way, path, w->code >> 5,
                     w->code & 31);
    }
    world_close(w);
}

/* A composite operation names its paths in the payload: [{0: "/0/0/5"}]. */
static void hides_keys_from_composite_operations(void **state)
{
    const struct sally_span lists[] = {
        B(0x81, 0xa1, 0, 0x66, '/', '0', '/', '0', '/', '5'),
        B(0x81, 0xa1, 0, 0x67, '/', '2', '1', '/', '0', '/', '0'),
    };
    struct world *w = world_registered(11);

    (void)state;
    for (size_t i = 0; i < 3 * SALLY_LEN(lists); i++) {
        world_ask(w, (struct ask){ i < 4 ? FETCH : SALLY_CODE_IPATCH, "", NULL,
                                   NO_FORMAT, CBOR, lists[i % 2],
                                   i / 2 == 1 ? SALLY_OBSERVE_REGISTER
                                              : SALLY_OBSERVE_ABSENT });
        assert_int_equal(w->replies, 1);
        assert_int_equal(w->code >> 5, 4);
    }
    world_close(w);
}

static void shows_an_account_to_its_own_server_only(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    assert_int_equal(world_read(w, "1", LINK), SALLY_CODE_CONTENT);
    assert_non_null(strstr(w->body, "</1/0>"));
    assert_null(strstr(w->body, "</1/1>"));
    assert_int_equal(world_read(w, "1", JSON), SALLY_CODE_CONTENT);
    assert_null(strstr(w->body, "1/1"));
    world_close(w);
}

static void changes_nothing_when_one_record_is_wrong(void **state)
{
    /* 5850 true, 5851 200: the second is out of range */
    const struct sally_span both =
        B(0xe1, 0x16, 0xda, 1, 0xe2, 0x16, 0xdb, 0, 200);
    struct world *w = world_registered(11);

    (void)state;
    world_ask(w, (struct ask){ POST, "3306/0", NULL, NO_FORMAT, TLV, both,
                               SALLY_OBSERVE_ABSENT });
    assert_int_equal(w->code, SALLY_CODE_BAD_REQUEST);
    assert_int_equal(world_read(w, "3306/0/5850", TEXT), SALLY_CODE_NOT_FOUND);
    world_close(w);
}

static void replaces_or_keeps_as_the_method_says(void **state)
{
    const struct sally_span dimmer = B(0xe1, 0x16, 0xdb, 10);
    const struct sally_span lamp = B(0xe1, 0x16, 0xda, 1);
    struct world *w = world_registered(11);

    (void)state;
    assert_int_equal(world_write(w, "3306/0/5851", "40"), SALLY_CODE_CHANGED);
    world_ask(w, (struct ask){ POST, "3306/0", NULL, NO_FORMAT, TLV, lamp,
                               SALLY_OBSERVE_ABSENT });
    assert_int_equal(w->code, SALLY_CODE_CHANGED);
    assert_int_equal(world_read(w, "3306/0/5851", TEXT), SALLY_CODE_CONTENT);
    assert_string_equal(w->body, "40"); /* a partial update keeps it */
    world_ask(w, (struct ask){ PUT, "3306/0", NULL, NO_FORMAT, TLV, lamp,
                               SALLY_OBSERVE_ABSENT });
    assert_int_equal(world_read(w, "3306/0/5851", TEXT), SALLY_CODE_NOT_FOUND);
    world_ask(w, (struct ask){ PUT, "3306/0", NULL, NO_FORMAT, TLV, dimmer,
                               SALLY_OBSERVE_ABSENT });
    assert_int_equal(world_read(w, "3306/0/5850", TEXT), SALLY_CODE_CONTENT);
    world_close(w); /* mandatory: it stays */
}

static void hands_commands_to_its_owner(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    w->handled = true;
    assert_int_equal(world_write(w, "3306/0/5850", "1"), SALLY_CODE_CHANGED);
    assert_int_equal(w->commands, 1);
    assert_false(w->command.execute);
    assert_true(w->command.value.is.boolean);
    /* The value is the owner's to set, when the sensor has done it. */
    assert_int_equal(world_read(w, "3306/0/5850", TEXT), SALLY_CODE_NOT_FOUND);
    world_close(w);
}

static void answers_a_command_later(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    w->handled = true;
    w->command_code = 0;
    assert_int_equal(world_write(w, "3306/0/5850", "1"), 0);
    world_run(w, 3 * SALLY_SEC);
    assert_int_equal(w->replies, 0);
    sally_lwm2m_client_answer(&w->client, w->command.exchange,
                              SALLY_CODE_GATEWAY_TIMEOUT, w->now);
    world_settle(w);
    assert_int_equal(w->replies, 1);
    assert_int_equal(w->code, SALLY_CODE_GATEWAY_TIMEOUT);
    world_close(w);
}

static void observe(struct world *w, const char *path, uint32_t accept)
{
    world_ask(w, (struct ask){ GET, path, NULL, accept, NO_FORMAT, EMPTY,
                               SALLY_OBSERVE_REGISTER });
    assert_int_equal(w->code, SALLY_CODE_CONTENT);
    assert_true(w->observing);
    w->replies = 0;
}

static void notifies_what_changed(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    world_set(w, sally_path_resource(3303, 0, 5700), 20);
    observe(w, "3303/0/5700", TEXT);
    world_set(w, sally_path_resource(3303, 0, 5700), 21);
    assert_int_equal(w->replies, 1);
    assert_string_equal(w->body, "21");
    assert_int_equal(world_write(w, "3306/0/5851", "5"), SALLY_CODE_CHANGED);
    w->replies = 0;
    world_run(w, 100 * SALLY_SEC);
    assert_int_equal(w->replies, 0); /* another resource */
    world_close(w);
}

static void holds_back_for_pmin_and_repeats_at_pmax(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    world_set(w, sally_path_resource(3303, 0, 5700), 20);
    observe(w, "3303/0/5700", TEXT);
    world_ask(w, (struct ask){ PUT, "3303/0", "pmin=10", NO_FORMAT, NO_FORMAT,
                               EMPTY, SALLY_OBSERVE_ABSENT });
    assert_int_equal(w->code, SALLY_CODE_CHANGED);
    world_ask(w, (struct ask){ PUT, "3303/0/5700", "pmax=60", NO_FORMAT,
                               NO_FORMAT, EMPTY, SALLY_OBSERVE_ABSENT });
    w->replies = 0;
    world_set(w, sally_path_resource(3303, 0, 5700), 21);
    world_set(w, sally_path_resource(3303, 0, 5700), 22);
    world_run(w, 9 * SALLY_SEC);
    assert_int_equal(w->replies, 0);
    world_run(w, 2 * SALLY_SEC);
    assert_int_equal(w->replies, 1);
    assert_string_equal(w->body, "22");
    world_run(w, 58 * SALLY_SEC);
    assert_int_equal(w->replies, 1);
    world_run(w, 2 * SALLY_SEC);
    assert_int_equal(w->replies, 2);
    world_close(w);
}

static void ends_an_observation_when_told(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    world_set(w, sally_path_resource(3303, 0, 5700), 20);
    observe(w, "3303/0/5700", TEXT);
    world_ask(w, (struct ask){ GET, "3303/0/5700", NULL, TEXT, NO_FORMAT,
                               EMPTY, SALLY_OBSERVE_CANCEL });
    assert_int_equal(w->code, SALLY_CODE_CONTENT);
    assert_false(w->observing);
    assert_int_equal(sally_lwm2m_client_observations(&w->client), 0);
    world_close(w);
}

static void ends_an_observation_on_reset(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    world_set(w, sally_path_resource(3303, 0, 5700), 20);
    observe(w, "3303/0/5700", TEXT);
    sally_coap_link_cancel(&w->server, w->asked);
    world_set(w, sally_path_resource(3303, 0, 5700), 21);
    assert_int_equal(sally_lwm2m_client_observations(&w->client), 0);
    world_close(w);
}

static void forgets_observations_with_the_registration(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    world_set(w, sally_path_resource(3303, 0, 5700), 20);
    observe(w, "3303/0/5700", TEXT);
    w->update_code = SALLY_CODE_NOT_FOUND;
    assert_int_equal(world_execute(w, "1/0/8"), SALLY_CODE_CHANGED);
    world_settle(w);
    assert_int_equal(w->registers, 2);
    assert_int_equal(sally_lwm2m_client_observations(&w->client), 0);
    world_close(w);
}

static void delivers_history_to_whom_it_observes(void **state)
{
    const struct sally_lwm2m_record records[] = {
        { .path = sally_path_resource(3303, 0, 5700),
          .value = sally_value_real(20), .time = 1764000000000 },
        { .path = sally_path_resource(3303, 0, 5700),
          .value = sally_value_real(21), .time = 1764000060000 },
        { .path = sally_path_resource(3306, 0, 5851),
          .value = sally_value_integer(3), .time = 1764000060000 },
    };
    struct world *w = world_registered(11);

    (void)state;
    assert_int_equal(
        sally_lwm2m_client_history(&w->client, records, 3, w->now),
        SALLY_E_BAD_STATE); /* nobody observes anything */
    world_set(w, sally_path_resource(3303, 0, 5700), 19);
    observe(w, "3303/0/5700", JSON);
    assert_int_equal(
        sally_lwm2m_client_history(&w->client, records, 3, w->now),
        SALLY_E_OK);
    assert_int_equal(w->deliveries, 0);
    world_settle(w);
    assert_int_equal(w->deliveries, 1);
    assert_int_equal(w->delivered, SALLY_E_OK);
    assert_int_equal(w->replies, 1);
    assert_non_null(strstr(w->body, "20"));
    assert_non_null(strstr(w->body, "21"));
    assert_non_null(strstr(w->body, "1764000000"));
    world_close(w);
}

static void bounds_what_a_server_can_make_it_hold(void **state)
{
    struct world *w = world_registered(11);

    (void)state;
    world_set(w, sally_path_resource(3303, 0, 5700), 20);
    for (int i = 0; i < 2 * SALLY_OBSERVATIONS_MAX; i++) {
        char query[16];

        (void)snprintf(query, sizeof(query), "x=%d", i);
        world_ask(w, (struct ask){ GET, "3303/0/5700", query, TEXT, NO_FORMAT,
                                   EMPTY, SALLY_OBSERVE_REGISTER });
        sally_coap_link_cancel(&w->server, w->asked);
    }
    assert_int_equal(sally_lwm2m_client_observations(&w->client),
                     SALLY_OBSERVATIONS_MAX);
    assert_int_equal(w->code, SALLY_CODE_CONTENT); /* a plain Read still */
    assert_false(w->observing);
    world_close(w);
}

/* OMA ETS 1.1-int-5: the answer first, then the owner's turn. */
static void the_bootstrap_trigger_is_the_owners(void **state)
{
    static const struct {
        uint8_t version, want;
    } rows_of[] = { { 11, SALLY_CODE_CHANGED },
                    { 10, SALLY_CODE_NOT_FOUND } };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows_of); i++) {
        struct world *w = world_registered(rows_of[i].version);

        assert_int_equal(world_execute(w, "1/0/9"), rows_of[i].want);
        assert_int_equal(w->bootstraps,
                         rows_of[i].want == SALLY_CODE_CHANGED);
        assert_int_equal(sally_lwm2m_client_state(&w->client),
                         SALLY_CLIENT_REGISTERED);
        world_close(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_each_row),
        cmocka_unit_test(hides_what_holds_keys),
        cmocka_unit_test(hides_keys_from_composite_operations),
        cmocka_unit_test(shows_an_account_to_its_own_server_only),
        cmocka_unit_test(changes_nothing_when_one_record_is_wrong),
        cmocka_unit_test(replaces_or_keeps_as_the_method_says),
        cmocka_unit_test(hands_commands_to_its_owner),
        cmocka_unit_test(answers_a_command_later),
        cmocka_unit_test(notifies_what_changed),
        cmocka_unit_test(holds_back_for_pmin_and_repeats_at_pmax),
        cmocka_unit_test(ends_an_observation_when_told),
        cmocka_unit_test(ends_an_observation_on_reset),
        cmocka_unit_test(forgets_observations_with_the_registration),
        cmocka_unit_test(delivers_history_to_whom_it_observes),
        cmocka_unit_test(bounds_what_a_server_can_make_it_hold),
        cmocka_unit_test(the_bootstrap_trigger_is_the_owners),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
