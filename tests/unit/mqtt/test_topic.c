/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/mqtt/test_topic.c - names, filters, client ids, matches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mqtt/topic.h"

static const struct text_row {
    const char *what, *text;
    bool topic, filter, client_id;
} text_rows[] = {
    { "one level", "a", true, true, true },
    { "empty", "", false, false, true },
    { "only a slash: two empty levels", "/", true, true, true },
    { "plus as a level", "a/+/b", false, true, true },
    { "plus alone", "+", false, true, true },
    { "plus inside a level", "a+/b", false, false, true },
    { "plus before text", "+a", false, false, true },
    { "hash as the last level", "a/#", false, true, true },
    { "hash alone", "#", false, true, true },
    { "hash not last", "#/a", false, false, true },
    { "hash inside the last level", "a#", false, false, true },
    { "two hashes", "##", false, false, true },
    { "hash and empty level", "#/", false, false, true },
    { "two bytes of UTF-8", "caf\xc3\xa9", true, true, true },
    { "stray continuation byte", "a\x80", false, false, false },
    { "surrogate D800", "\xed\xa0\x80", false, false, false },
    { "overlong slash", "\xc0\xaf", false, false, false },
    { "line feed", "a\nb", true, true, false },
    { "delete", "a\x7f", true, true, false },
    { "control U+0085", "a\xc2\x85", true, true, false },
    { "U+00A0 is no control", "a\xc2\xa0", true, true, true },
};

static void tells_what_a_text_may_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(text_rows); i++) {
        const struct text_row *r = &text_rows[i];
        struct sally_span s = sally_span_of(r->text);

        if (sally_mqtt_topic_ok(s) != r->topic)
            fail_msg("%s: as a topic", r->what);
        if (sally_mqtt_filter_ok(s) != r->filter)
            fail_msg("%s: as a filter", r->what);
        if (sally_mqtt_client_id_ok(s) != r->client_id)
            fail_msg("%s: as a client id", r->what);
    }
}

static void refuses_a_zero_byte(void **state)
{
    static const uint8_t bytes[] = { 'a', 0, 'b' };
    struct sally_span s = { bytes, sizeof(bytes) };

    (void)state;
    assert_false(sally_mqtt_topic_ok(s));
    assert_false(sally_mqtt_filter_ok(s));
    assert_false(sally_mqtt_client_id_ok(s));
}

static const struct match_row {
    const char *filter, *topic;
    bool want;
} match_rows[] = {
    { "a/b", "a/b", true },      { "a/b", "a/B", false },
    { "a/b", "a/b/", false },    { "a/b/", "a/b", false },
    { "a/+", "a/b", true },      { "a/+", "a/", true },
    { "a/+", "a", false },       { "a/+", "a/b/c", false },
    { "+", "a", true },          { "+", "/a", false },
    { "+/+", "/a", true },       { "/+", "/a", true },
    { "#", "a/b", true },        { "#", "/", true },
    { "a/#", "a", true },        { "a/#", "a/b/c", true },
    { "a/#", "ab", false },      { "a/#", "a/", true },
    { "#", "$SYS/x", false },    { "+/x", "$SYS/x", false },
    { "$SYS/#", "$SYS/x", true }, { "$SYS/+", "$SYS/x", true },
    { "a/+/c", "a/b/c", true },  { "a/+/c", "a/b/d", false },
    { "a/b", "a", false },       { "a", "a/b", false },
    { "a//b", "a//b", true },    { "a/+/b", "a//b", true },
    { "", "a", false },          { "a", "", false },
};

static void matches_as_section_4_7(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(match_rows); i++) {
        const struct match_row *r = &match_rows[i];

        if (sally_mqtt_topic_matches(sally_span_of(r->filter),
                                     sally_span_of(r->topic)) != r->want)
            fail_msg("filter \"%s\", topic \"%s\"", r->filter, r->topic);
    }
}

static void bounds_length_and_depth(void **state)
{
    uint8_t text[SALLY_MQTT_TOPIC_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = 'a';
    assert_true(sally_mqtt_topic_fits(
        (struct sally_span){ text, SALLY_MQTT_TOPIC_MAX }));
    assert_false(sally_mqtt_topic_fits(
        (struct sally_span){ text, SALLY_MQTT_TOPIC_MAX + 1 }));
    assert_true(sally_mqtt_topic_fits(
        sally_span_of("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16")));
    assert_false(sally_mqtt_topic_fits(
        sally_span_of("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_a_text_may_be),
        cmocka_unit_test(refuses_a_zero_byte),
        cmocka_unit_test(matches_as_section_4_7),
        cmocka_unit_test(bounds_length_and_depth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
