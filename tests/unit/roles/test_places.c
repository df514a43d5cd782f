/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/roles/test_places.c - which address a client tries when, and when
 * a name is looked up, under a clock of the test's own.                     */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/writer.h"
#include "roles/places.h"

#define PORT 5684

/* A row is a little play. What happens, in order:
 *   B      a handshake begins        s   a datagram is about to be sent
 *   h      the server said a word    g   the client is registered
 *   u      nobody is there           n   another client takes over
 *   r12    the name has the addresses 1 and 2 now      x   it has none
 *   f      the resolver died         t60 a minute passes
 *   p      all names are looked up
 * What comes of it: `?` a look-up; for each B its address or `-`; for each s
 * the address that it moved to or `.`.                                      */
static const struct row {
    const char *what, *play, *want;
} rows[] = {
    { "nothing is known yet, then it is",
      "B s r1 s s", "?-.1." },
    { "known before it is needed",
      "p r1 B s s", "?1.." },
    { "a dead first address costs two datagrams",
      "p r12 B s s s s s", "?1..2.1" },
    { "three addresses, in turn",
      "p r123 B s s s s s s s", "?1..2.3.1" },
    { "one address: another port, once",
      "p r1 B s s s s s s", "?1..1..." },
    { "unreachable: the next one at once",
      "p r12 B s u s", "?1.2" },
    { "unreachable, and one address",
      "p r1 B s u s u s", "?1.1." },
    { "a server that speaks is not left",
      "p r12 B s h s s s s", "?1....." },
    { "hints are nothing to a session",
      "p r12 B s h u s s", "?1..." },
    { "a handshake that failed goes on",
      "p r12 B s h B", "?1.2" },
    { "what worked is tried first",
      "p r12 B s s s h g B", "?1..22" },
    { "but only once",
      "p r12 B s h g B s h B", "?1.1.2" },
    { "and by others too",
      "p r12 B s s s h g n B", "?1..22" },
    { "gone from the name: next handshake",
      "p r1 B s h g r2 s s B", "?1...2" },
    { "gone while we knock: at once",
      "p r1 B s r2 s s", "?1.2." },
    { "what worked for others is gone",
      "p r12 B s s s h g r13 n B", "?1..21" },
    { "fresh for a minute",
      "p r1 B g t59 B g t2 B", "?11?1" },
    { "one look-up for all",
      "p r1 t61 B n B n B n B r1 n B", "??11111" },
    { "one look-up for all that know nothing",
      "B n B n B", "?---" },
    { "a silent server is looked up again soon",
      "p r1 B s s t6 s s", "?1..?1." },
    { "so is one where a handshake failed",
      "p r1 B s t6 B", "?1.?1" },
    { "but not all the time",
      "p r1 B s s s s t4 s s B", "?1..1...1" },
    { "an answer that never comes",
      "B t59 B t2 B", "?--?-" },
    { "the resolver dies",
      "B f B", "?-?-" },
    { "no answer: a back-off",
      "B x B t1 B x t1 B t1 B", "?--?--?-" },
    { "no answer for long: once a minute",
      "p x x x x x x x x t59 B t1 B x t59 B t1 B", "?-?--?-" },
    { "no answer: doubt does not hurry",
      "p x r1 B x B s s s t1 B", "?11..1?1" },
    { "no answer leaves what was known",
      "p r1 t61 B x B s", "??11." },
    { "back after failures",
      "p x x x r1 t59 B t1 B", "?1?1" },
};

struct scene {
    struct sally_config config;
    struct sally_config_server server;
    struct sally_places *places;
    struct sally_way way;
    sally_usec now;
    char got[64];
    size_t len;
    uint32_t ticket; /* of the last question */
    bool refuses;
};

static void note(struct scene *s, char c)
{
    assert_true(s->len + 1 < sizeof(s->got));
    s->got[s->len++] = c;
    s->got[s->len] = '\0';
}

static bool ask(void *owner, const struct sally_bus_resolve *q)
{
    struct scene *s = owner;

    s->ticket = q->ticket;
    assert_in_range(q->port, PORT, PORT + 1);
    assert_string_equal(q->host, "lwm2m.example.com");
    note(s, '?');
    return !s->refuses;
}

static void open_scene(struct scene *s, const char *uri)
{
    memset(s, 0, sizeof(*s));
    assert_int_equal(sally_uri_parse(sally_span_of(uri), &s->server.uri),
                     SALLY_E_OK);
    s->server.name = "cloud";
    s->config.servers = &s->server;
    s->config.server_count = 1;
    assert_int_equal(sally_places_create(&s->places, &s->config, ask, s),
                     SALLY_E_OK);
}

/* Address N is 192.0.2.N, and 2001:db8::N where N is odd. */
static bool resolved(struct scene *s, const char *digits, size_t count)
{
    struct sally_bus_resolved r = { .ticket = s->ticket,
                                    .count = (uint8_t)count };

    for (size_t i = 0; i < count; i++) {
        struct sally_bus_address *a = &r.address[i];
        bool six = (digits[i] & 1) != 0;

        a->family = six ? 6 : 4;
        a->port = PORT;
        memcpy(a->ip, six ? "\x20\x01\x0d\xb8" : "\xc0\x00\x02", 4);
        a->ip[six ? 15 : 3] = (uint8_t)(digits[i] - '0');
    }
    return sally_places_resolved(s->places, &r, s->now);
}

static char name_of(const struct sally_bus_address *a)
{
    return (char)('0' + a->ip[a->family == 6 ? 15 : 3]);
}

static size_t play_one(struct scene *s, const char *at)
{
    size_t digits = strspn(at + 1, "0123456789");
    uint64_t n = 0;

    if (digits != 0)
        assert_int_equal(sally_text_uint((struct sally_span){
                             (const uint8_t *)at + 1, digits }, &n),
                         SALLY_E_OK);
    switch (*at) {
    case 'B':
        note(s, sally_places_begin(s->places, &s->server.uri, &s->way, s->now)
                    ? name_of(&s->way.at)
                    : '-');
        break;
    case 's':
        note(s, sally_places_onward(s->places, &s->server.uri, &s->way, s->now)
                    ? name_of(&s->way.at)
                    : '.');
        break;
    case 'h':
        sally_places_heard(&s->way);
        break;
    case 'g':
        sally_places_good(s->places, &s->server.uri, &s->way);
        break;
    case 'u':
        sally_places_unreachable(&s->way);
        break;
    case 'n':
        memset(&s->way, 0, sizeof(s->way));
        break;
    case 'r':
        resolved(s, at + 1, digits);
        break;
    case 'x':
        (void)resolved(s, "", 0);
        break;
    case 'p':
        sally_places_prepare(s->places, s->now);
        break;
    case 'f':
        sally_places_forget(s->places);
        break;
    case 't':
        s->now += n * SALLY_SEC;
        break;
    default:
        assert_int_equal(*at, ' ');
    }
    return 1 + digits;
}

static void plays_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct scene s;

        open_scene(&s, "coaps://lwm2m.example.com");
        for (const char *at = rows[i].play; *at != '\0';)
            at += play_one(&s, at);
        if (strcmp(s.got, rows[i].want) != 0)
            fail_msg("%s: %s gives %s, not %s", rows[i].what, rows[i].play,
                     s.got, rows[i].want);
        sally_places_wipe(s.places);
    }
}

/* A thousand clients that come back take one look-up a minute. */
static void a_crowd_makes_no_storm(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, "coaps://lwm2m.example.com");
    sally_places_prepare(s.places, 0);
    (void)resolved(&s, "12", 2);
    s.now = 100 * SALLY_SEC;
    for (int i = 0; i < 1000; i++) {
        struct sally_way way = { .heard = false };

        assert_true(sally_places_begin(s.places, &s.server.uri, &way, s.now));
        (void)sally_places_onward(s.places, &s.server.uri, &way, s.now);
        if (i == 500)
            (void)resolved(&s, "12", 2);
        s.now += 50 * SALLY_MSEC;
    }
    assert_string_equal(s.got, "??"); /* one of them before */
    sally_places_wipe(s.places);
}

/* Streams wait for the first addresses of a name, and for no others. */
static void the_first_addresses_are_told(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, "coaps+tcp://lwm2m.example.com");
    sally_places_prepare(s.places, 0);
    assert_false(resolved(&s, "", 0));
    s.now = SALLY_PLACES_RETRY;
    sally_places_prepare(s.places, s.now);
    assert_true(resolved(&s, "12", 2));
    s.now = 2 * SALLY_PLACES_FRESH;
    sally_places_prepare(s.places, s.now);
    assert_false(resolved(&s, "34", 2));
    assert_string_equal(s.got, "???");
    sally_places_wipe(s.places);
}

/* Servers come, go and change their order; what is known of one that stays is
 * kept, and an answer that another one waited for is nobody's.              */
static void another_configuration(void **state)
{
    struct sally_config_server servers[2];
    struct sally_config after = { .servers = servers, .server_count = 2 };
    struct sally_way way = { .heard = false };
    struct scene s;
    uint32_t old;

    (void)state;
    open_scene(&s, "coaps://lwm2m.example.com");
    sally_places_prepare(s.places, 0);
    (void)resolved(&s, "12", 2);
    s.now = 61 * SALLY_SEC;
    sally_places_prepare(s.places, s.now);
    old = s.ticket;
    servers[1] = servers[0] = s.server;
    servers[0].uri.port++;
    assert_int_equal(sally_places_change(s.places, &after), SALLY_E_OK);
    assert_false(sally_places_begin(s.places, &servers[0].uri, &way, s.now));
    assert_true(sally_places_begin(s.places, &servers[1].uri, &way, s.now));
    assert_int_equal(name_of(&way.at), '1');
    s.ticket = old; /* that of the one that is second now */
    (void)resolved(&s, "3", 1);
    way = (struct sally_way){ .heard = false };
    assert_false(sally_places_begin(s.places, &servers[0].uri, &way, s.now));
    assert_true(sally_places_begin(s.places, &servers[1].uri, &way, s.now));
    assert_int_equal(name_of(&way.at), '3');
    after.server_count = 1;
    assert_int_equal(sally_places_change(s.places, &after), SALLY_E_OK);
    way = (struct sally_way){ .heard = false };
    assert_false(sally_places_onward(s.places, &servers[1].uri, &way, s.now)); /* is gone */
    servers[1].uri.kind = SALLY_URI_IPV4; /* what is left of it in memory */
    (void)sally_span_text(sally_span_of("192.0.2.9"), servers[1].uri.host,
                          sizeof(servers[1].uri.host));
    assert_false(sally_places_renumbered(s.places, &servers[1].uri, &way));
    assert_int_equal(sally_places_change(s.places, &s.config), SALLY_E_OK);
    assert_int_equal(sally_places_change(s.places, &after), SALLY_E_OK);
    (void)resolved(&s, "4", 1);
    assert_false(sally_places_begin(s.places, &servers[0].uri, &way, s.now));
    sally_places_wipe(s.places);
}

/* While the resolver is away it is asked again with each attempt. */
static void a_question_that_was_not_taken_is_asked_again(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, "coaps://lwm2m.example.com");
    s.refuses = true;
    sally_places_prepare(s.places, 0);
    sally_places_prepare(s.places, 0);
    s.refuses = false;
    sally_places_prepare(s.places, 0);
    sally_places_prepare(s.places, 0);
    assert_string_equal(s.got, "???");
    sally_places_wipe(s.places);
}

static const struct figure_row {
    const char *what, *uri;
    bool there;
    uint8_t family, first;
    bool scoped;
} figure_rows[] = {
    { "IPv4", "coaps://192.0.2.7", true, 4, 192, false },
    { "IPv6", "coaps://[2001:db8::7]", true, 6, 0x20, false },
    { "link-local, by an interface that is there", "coaps://[fe80::7%25lo]",
      true, 6, 0xfe, true },
    { "link-local, by one that is not", "coaps://[fe80::7%25sally9]", false, 0,
      0, false },
};

static void figures_need_no_look_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(figure_rows); i++) {
        const struct figure_row *row = &figure_rows[i];
        struct scene s;

        open_scene(&s, row->uri);
        sally_places_prepare(s.places, 0);
        if (sally_places_begin(s.places, &s.server.uri, &s.way, 0) != row->there)
            fail_msg("%s: wrong", row->what);
        assert_int_equal(s.way.at.family, row->family);
        assert_int_equal(s.way.at.ip[0], row->first);
        assert_int_equal(s.way.at.scope != 0, row->scoped);
        assert_int_equal(s.way.at.port, row->there ? PORT : 0);
        assert_false(sally_places_renumbered(s.places, &s.server.uri, &s.way));
        s.way.at.scope = 9999; /* as if the interface had been that one */
        assert_int_equal(sally_places_renumbered(s.places, &s.server.uri, &s.way),
                         row->there);
        assert_int_equal(s.way.at.scope != 9999, row->there);
        assert_string_equal(s.got, "");
        sally_places_wipe(s.places);
    }
}

/* A bootstrap server can write any URI: its host is looked up when somebody goes
 * there, outlives a reload, and makes room when there are too many.         */
static void a_place_that_no_configuration_names(void **state)
{
    struct sally_way way = { .heard = false };
    struct sally_uri other;
    struct scene s;

    (void)state;
    open_scene(&s, "coaps://192.0.2.1");
    assert_int_equal(
        sally_uri_parse(sally_span_of("coaps://lwm2m.example.com"), &other),
        SALLY_E_OK);
    assert_int_equal(sally_places_count(s.places, &other), 0);
    assert_false(sally_places_begin(s.places, &other, &way, 0));
    assert_true(resolved(&s, "12", 2));
    assert_int_equal(sally_places_change(s.places, &s.config), SALLY_E_OK);
    assert_true(sally_places_begin(s.places, &other, &way, 0));
    assert_int_equal(name_of(&way.at), '1');
    sally_places_good(s.places, &other, &way);
    assert_true(sally_places_begin(s.places, &s.server.uri, &way, 0));
    assert_int_equal(way.at.ip[3], 1); /* of the other place nothing is left */
    assert_false(way.good);
    for (unsigned i = 0; i < SALLY_PLACES_OTHERS; i++) {
        struct sally_uri one;
        char text[40];

        snprintf(text, sizeof(text), "coaps://192.0.2.%u", 100 + i);
        assert_int_equal(sally_uri_parse(sally_span_of(text), &one),
                         SALLY_E_OK);
        assert_true(sally_places_begin(s.places, &one, &way, 0));
    }
    assert_int_equal(sally_places_count(s.places, &other), 0);
    assert_int_equal(sally_places_count(s.places, &s.server.uri), 1);
    sally_places_wipe(s.places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays_each_row),
        cmocka_unit_test(a_crowd_makes_no_storm),
        cmocka_unit_test(a_question_that_was_not_taken_is_asked_again),
        cmocka_unit_test(the_first_addresses_are_told),
        cmocka_unit_test(another_configuration),
        cmocka_unit_test(a_place_that_no_configuration_names),
        cmocka_unit_test(figures_need_no_look_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
