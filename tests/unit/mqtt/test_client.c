/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/mqtt/test_client.c - our connection to a broker, byte by byte:
 * each row is what a broker sends, what goes out and what the owner hears.   */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mqtt/client.h"

#define B(text)                                                                \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                              \
    }
#define SUBSCRIBE_A                                                            \
    "\x82\x06\x00\x01\x00\x01"                                                 \
    "a"                                                                        \
    "\x01"
#define SUBSCRIBE_B                                                            \
    "\x82\x08\x00\x02\x00\x03"                                                 \
    "b/#"                                                                      \
    "\x01"
#define WELCOME "\x20\x02\x00\x00"
#define SUBACKS                                                                \
    "\x90\x03\x00\x01\x01"                                                     \
    "\x90\x03\x00\x02\x01"
#define OPENING SUBSCRIBE_A SUBSCRIBE_B

struct world {
    struct sally_mqtt_client client;
    struct sally_pool small, large;
    struct sally_mqtt_pools pools;
    struct sally_mqtt_client_options options;
    struct sally_span filters[2];
    char told[512];
    bool answers, has_room;
    sally_usec now;
};

__attribute__((format(printf, 2, 3))) static void tell(struct world *w,
                                                       const char *form, ...)
{
    size_t used = strlen(w->told);
    va_list args;

    va_start(args, form);
    (void)vsnprintf(w->told + used, sizeof(w->told) - used, form, args);
    va_end(args);
}

static void on_open(void *owner, bool present)
{
    tell(owner, "open(%d) ", present);
}

static void on_refused(void *owner, size_t number, uint8_t code)
{
    tell(owner, "refused(%zu %02x) ", number, code);
}

static bool on_publish(void *owner, const struct sally_mqtt_publish *p,
                       uint32_t number)
{
    struct world *w = owner;

    if (!w->has_room)
        return false;
    tell(w, "%.*s=%.*s#%u ", (int)p->topic.len, (const char *)p->topic.at,
         (int)p->payload.len, (const char *)p->payload.at, number);
    if (w->answers && number != 0)
        sally_mqtt_client_answer(&w->client, number, w->now);
    return true;
}

static void on_puback(void *owner, uint16_t id, uint8_t reason)
{
    tell(owner, "puback(%u %02x) ", id, reason);
}

static void on_end(void *owner, enum sally_mqtt_loss why, uint8_t code)
{
    tell(owner, "end(%d %02x) ", (int)why, code);
}

static const struct sally_mqtt_client_upcalls upcalls = { on_open, on_refused,
                                                          on_publish, on_puback,
                                                          on_end };

static void begin(struct world *w, bool v5)
{
    *w = (struct world){ .answers = true, .has_room = true, .now = SALLY_SEC };
    assert_int_equal(sally_pool_init(&w->small, SALLY_MQTT_SMALL, 4, true),
                     SALLY_E_OK);
    assert_int_equal(sally_pool_init(&w->large, SALLY_MQTT_LARGE, 4, true),
                     SALLY_E_OK);
    w->pools =
        (struct sally_mqtt_pools){ .small = &w->small, .large = &w->large };
    w->filters[0] = sally_span_of("a");
    w->filters[1] = sally_span_of("b/#");
    w->options =
        (struct sally_mqtt_client_options){ .client_id = sally_span_of("gw"),
                                            .username = sally_span_of("u"),
                                            .password = sally_span_of("p"),
                                            .filters = w->filters,
                                            .filter_count = 2,
                                            .keep_alive = 60,
                                            .v5 = v5,
                                            .session_expiry = 3600 };
    sally_mqtt_client_init(&w->client, &upcalls, w, &w->pools, &w->options,
                           w->now);
}

static void sent_all(struct world *w)
{
    sally_mqtt_client_sent(&w->client, sally_mqtt_client_output(&w->client).len,
                           w->now);
}

static void give(struct world *w, struct sally_span bytes)
{
    sally_mqtt_client_input(&w->client, bytes, w->now);
}

static void finish(struct world *w)
{
    sally_mqtt_client_wipe(&w->client);
    sally_mqtt_client_wipe(&w->client);
    assert_int_equal(w->small.used, 0);
    assert_int_equal(w->large.used, 0);
    sally_pool_wipe(&w->small);
    sally_pool_wipe(&w->large);
}

static void sent_is(struct world *w, const char *what, struct sally_span want)
{
    if (!sally_span_equal(sally_mqtt_client_output(&w->client), want))
        fail_msg("%s: other bytes went out, %zu of them", what,
                 sally_mqtt_client_output(&w->client).len);
    sent_all(w);
}

static void connect_is_what_was_asked(void **state)
{
    static const struct sally_span want[] = {
        B("\x10\x14\x00\x04MQTT\x04\xc0\x00\x3c\x00\x02gw\x00\x01u\x00\x01p"),
        B("\x10\x22\x00\x04MQTT\x05\xc0\x00\x3c\x0d\x11\x00\x00\x0e\x10\x21"
          "\x00\x14\x27\x00\x00\x40\x00\x00\x02gw\x00\x01u\x00\x01p"),
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world w;

        begin(&w, i == 1);
        sent_is(&w, i == 1 ? "version 5" : "version 3.1.1", want[i]);
        finish(&w);
    }
}

static const struct row {
    const char *what;
    bool v5;
    struct sally_span in, out;
    const char *told;
} rows[] = {
    { "welcome and both filters", false, B(WELCOME SUBACKS), B(OPENING),
      "open(0) " },
    { "session known", false, B("\x20\x02\x01\x00" SUBACKS), B(OPENING),
      "open(1) " },
    { "bad user name or password", false, B("\x20\x02\x00\x05"), B(""),
      "end(3 05) " },
    { "the same in version 5", true, B("\x20\x03\x00\x87\x00"), B(""),
      "end(3 87) " },
    { "a filter is refused, the other not", false,
      B(WELCOME "\x90\x03\x00\x01\x80"
                "\x90\x03\x00\x02\x00"),
      B(OPENING), "refused(0 80) open(0) " },
    { "what waited comes before the SUBACK", false,
      B("\x20\x02\x01\x00"
        "\x32\x06\x00\x01"
        "a"
        "\x00\x09"
        "x"),
      B(SUBSCRIBE_A "\x40\x02\x00\x09"), "a=x#1 " },
    { "QoS 0 is not answered", false,
      B(WELCOME SUBACKS "\x30\x04\x00\x01"
                        "a"
                        "x"),
      B(OPENING), "open(0) a=x#0 " },
    { "the broker ends it", true,
      B("\x20\x03\x00\x00\x00"
        "\xe0\x01\x8e"),
      B("\x82\x07\x00\x01\x00\x00\x01"
        "a"
        "\x01"),
      "end(4 8e) " },
    { "PUBLISH before CONNACK", false,
      B("\x30\x04\x00\x01"
        "a"
        "x"),
      B(""), "end(5 00) " },
    { "a second CONNACK", false, B(WELCOME WELCOME), B(SUBSCRIBE_A),
      "end(5 00) " },
    { "CONNACK with flags", false, B("\x21\x02\x00\x00"), B(""), "end(5 00) " },
    { "SUBACK of another id", false, B(WELCOME "\x90\x03\x00\x02\x01"),
      B(SUBSCRIBE_A), "end(5 00) " },
    { "SUBACK with two codes", false, B(WELCOME "\x90\x04\x00\x01\x01\x01"),
      B(SUBSCRIBE_A), "end(5 00) " },
    { "SUBACK grants more than asked", false, B(WELCOME "\x90\x03\x00\x01\x02"),
      B(SUBSCRIBE_A), "end(5 00) " },
    { "QoS 2 was not asked for", false,
      B(WELCOME "\x34\x06\x00\x01"
                "a"
                "\x00\x09"
                "x"),
      B(SUBSCRIBE_A), "end(5 00) " },
    { "an alias was not offered", true,
      B("\x20\x03\x00\x00\x00"
        "\x30\x07\x00\x00\x03\x23\x00\x01"
        "x"),
      B("\x82\x07\x00\x01\x00\x00\x01"
        "a"
        "\x01"),
      "end(5 00) " },
    { "a CONNECT from a broker", false, B(WELCOME "\x10\x00"), B(SUBSCRIBE_A),
      "end(5 00) " },
    { "DISCONNECT before version 5", false, B(WELCOME "\xe0\x00"),
      B(SUBSCRIBE_A), "end(5 00) " },
    { "PINGRESP with a body", false, B(WELCOME "\xd0\x01x"), B(SUBSCRIBE_A),
      "end(5 00) " },
    { "announces 256 MB", false, B(WELCOME "\x30\xff\xff\xff\x7f"),
      B(SUBSCRIBE_A), "end(6 00) " },
    { "an unknown PUBACK", false, B(WELCOME SUBACKS "\x40\x02\x00\x09"),
      B(OPENING), "open(0) " },
};

static void run_row(const struct row *r, size_t piece)
{
    struct world w;

    begin(&w, r->v5);
    sent_all(&w);
    for (size_t at = 0; at < r->in.len; at += piece)
        give(&w,
             sally_span_sub(r->in, at,
                            r->in.len - at < piece ? r->in.len - at : piece));
    sent_is(&w, r->what, r->out);
    if (strcmp(w.told, r->told) != 0)
        fail_msg("%s: told: %s", r->what, w.told);
    finish(&w);
}

static void answers_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        run_row(&rows[i], rows[i].in.len);
        run_row(&rows[i], 1);
    }
}

static void open_up(struct world *w)
{
    static const struct sally_span bytes = B(WELCOME SUBACKS);

    begin(w, false);
    sent_all(w);
    give(w, bytes);
    sent_all(w);
    w->told[0] = '\0';
}

static void publish_in(struct world *w, uint8_t id)
{
    uint8_t bytes[] = { 0x32, 6, 0, 1, 'a', 0, id, 'x' };

    give(w, (struct sally_span){ bytes, sizeof(bytes) });
}

/* PUBACKs wait for the owner, and leave in the order of the messages. */
static void puback_follows_the_answer(void **state)
{
    static const struct sally_span first = B("\x40\x02\x00\x07");
    static const struct sally_span rest = B("\x40\x02\x00\x08\x40\x02\x00\x09");
    struct world w;

    (void)state;
    open_up(&w);
    w.answers = false;
    for (uint8_t id = 7; id < 10; id++)
        publish_in(&w, id);
    publish_in(&w, 8); /* again: it is the one that we have */
    assert_string_equal(w.told, "a=x#1 a=x#2 a=x#3 ");
    sally_mqtt_client_answer(&w.client, 3, w.now);
    sally_mqtt_client_answer(&w.client, 4, w.now); /* there is none */
    assert_int_equal(sally_mqtt_client_output(&w.client).len, 0);
    sally_mqtt_client_answer(&w.client, 1, w.now);
    sent_is(&w, "the first", first);
    sally_mqtt_client_answer(&w.client, 2, w.now);
    sent_is(&w, "the second takes the third along", rest);
    finish(&w);
}

static void stops_at_the_bound(void **state)
{
    struct world w;

    (void)state;
    open_up(&w);
    w.answers = false;
    for (uint8_t id = 1; id <= SALLY_MQTT_CLIENT_RECEIVE; id++) {
        assert_int_not_equal(sally_mqtt_client_room(&w.client), 0);
        publish_in(&w, id);
    }
    assert_int_equal(sally_mqtt_client_room(&w.client), 0);
    sally_mqtt_client_answer(&w.client, 1, w.now);
    assert_int_not_equal(sally_mqtt_client_room(&w.client), 0);
    finish(&w);
}

static void no_room_is_offered_again(void **state)
{
    struct world w;

    (void)state;
    open_up(&w);
    w.has_room = false;
    publish_in(&w, 1);
    assert_int_equal(sally_mqtt_client_room(&w.client), 0);
    w.has_room = true;
    sally_mqtt_client_resume(&w.client, w.now);
    assert_string_equal(w.told, "a=x#1 ");
    finish(&w);
}

static void pings_and_notices_silence(void **state)
{
    static const struct sally_span ping = B("\xc0\x00"), pong = B("\xd0\x00");
    struct world w;

    (void)state;
    open_up(&w);
    assert_int_equal(sally_mqtt_client_deadline(&w.client), 61 * SALLY_SEC);
    w.now = 61 * SALLY_SEC;
    sally_mqtt_client_expire(&w.client, w.now);
    sent_is(&w, "a ping", ping);
    give(&w, pong);
    assert_int_equal(sally_mqtt_client_deadline(&w.client), 121 * SALLY_SEC);
    w.now = 121 * SALLY_SEC;
    sally_mqtt_client_expire(&w.client, w.now);
    w.now += SALLY_MQTT_CLIENT_ANSWER;
    sally_mqtt_client_expire(&w.client, w.now);
    assert_string_equal(w.told, "end(7 00) ");
    assert_true(sally_mqtt_client_deadline(&w.client) == SALLY_NEVER);
    finish(&w);
}

static void no_welcome_in_time(void **state)
{
    struct world w;

    (void)state;
    begin(&w, false);
    w.now += SALLY_MQTT_CLIENT_ANSWER;
    sally_mqtt_client_expire(&w.client, w.now);
    assert_string_equal(w.told, "end(7 00) ");
    finish(&w);
}

/* While we do not read for our own reasons, the broker's silence is ours. */
static void is_not_silent_while_we_do_not_read(void **state)
{
    struct world w;

    (void)state;
    open_up(&w);
    w.has_room = false;
    publish_in(&w, 1);
    for (int i = 0; i < 3; i++) {
        w.now = sally_mqtt_client_deadline(&w.client);
        sally_mqtt_client_expire(&w.client, w.now);
        assert_int_equal(sally_mqtt_client_output(&w.client).len, 2);
        sent_all(&w);
    }
    assert_string_equal(w.told, "");
    w.has_room = true;
    sally_mqtt_client_resume(&w.client, w.now);
    assert_true(sally_mqtt_client_deadline(&w.client) ==
                w.now + SALLY_MQTT_CLIENT_ANSWER);
    finish(&w);
}

static void publishes_and_is_confirmed(void **state)
{
    static const struct sally_span sent = B("\x32\x07\x00\x01"
                                            "c"
                                            "\x00\x01on");
    static const struct sally_span ack = B("\x40\x02\x00\x01");
    struct world w;
    uint16_t id;

    (void)state;
    open_up(&w);
    assert_int_equal(sally_mqtt_client_publish(&w.client, sally_span_of("c"),
                                               sally_span_of("on"), false, &id,
                                               w.now),
                     SALLY_E_OK);
    sent_is(&w, "the command", sent);
    give(&w, ack);
    give(&w, ack);
    assert_string_equal(w.told, "puback(1 00) ");
    for (int i = 0; i < SALLY_MQTT_CLIENT_SEND; i++)
        assert_int_equal(
            sally_mqtt_client_publish(&w.client, sally_span_of("c"),
                                      sally_span_of("on"), false, &id, w.now),
            SALLY_E_OK);
    assert_int_equal(sally_mqtt_client_publish(&w.client, sally_span_of("c"),
                                               sally_span_of("on"), false, &id,
                                               w.now),
                     SALLY_E_NO_ROOM);
    finish(&w);
}

static void says_goodbye_once(void **state)
{
    static const struct sally_span goodbye = B("\xe0\x00");
    struct world w;
    uint16_t id;

    (void)state;
    open_up(&w);
    sally_mqtt_client_end(&w.client, SALLY_MQTT_LOSS_CLOSED);
    sally_mqtt_client_end(&w.client, SALLY_MQTT_LOSS_LOST);
    assert_string_equal(w.told, "end(1 00) ");
    sent_is(&w, "goodbye", goodbye);
    assert_int_equal(sally_mqtt_client_publish(&w.client, sally_span_of("c"),
                                               sally_span_of("on"), false, &id,
                                               w.now),
                     SALLY_E_BAD_STATE);
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_is_what_was_asked),
        cmocka_unit_test(answers_each_row),
        cmocka_unit_test(puback_follows_the_answer),
        cmocka_unit_test(stops_at_the_bound),
        cmocka_unit_test(no_room_is_offered_again),
        cmocka_unit_test(pings_and_notices_silence),
        cmocka_unit_test(no_welcome_in_time),
        cmocka_unit_test(is_not_silent_while_we_do_not_read),
        cmocka_unit_test(publishes_and_is_confirmed),
        cmocka_unit_test(says_goodbye_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
