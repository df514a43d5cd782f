/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/config/test_duration.c - durations, topics and {id}. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "config/arena.h"
#include "config/duration.h"
#include "config/topic.h"
#include "config/units.h"

static const struct row {
    const char *text;
    uint64_t ms;
    enum sally_err want;
    const char *shortest;
} rows[] = {
    { "250ms", 250, SALLY_E_OK, "250ms" },
    { "10s", 10000, SALLY_E_OK, "10s" },
    { "90s", 90000, SALLY_E_OK, "90s" },
    { "10m", 600000, SALLY_E_OK, "10m" },
    { "24h", 86400000, SALLY_E_OK, "1d" },
    { "7d", 604800000, SALLY_E_OK, "7d" },
    { "0s", 0, SALLY_E_OK, "0s" },
    { "10000d", 864000000000, SALLY_E_OK, "10000d" },
    { "10001d", 0, SALLY_E_OUT_OF_RANGE, NULL },
    { "99999999999999999999s", 0, SALLY_E_OUT_OF_RANGE, NULL },
    { "10", 0, SALLY_E_MALFORMED, NULL },
    { "s", 0, SALLY_E_MALFORMED, NULL },
    { "", 0, SALLY_E_MALFORMED, NULL },
    { "-1s", 0, SALLY_E_MALFORMED, NULL },
    { "1.5s", 0, SALLY_E_MALFORMED, NULL },
    { "1 s", 0, SALLY_E_MALFORMED, NULL },
    { "1w", 0, SALLY_E_MALFORMED, NULL },
};

static void reads_each_duration(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        char text[SALLY_DURATION_TEXT];
        uint64_t ms = 0;
        enum sally_err got =
            sally_duration_parse(sally_span_of(rows[i].text), &ms);

        if (got != rows[i].want || ms != rows[i].ms)
            fail_msg("%s: %s", rows[i].text, sally_err_text(got));
        if (got == SALLY_E_OK)
            assert_string_equal(sally_duration_text(ms, text),
                                rows[i].shortest);
    }
}

static const struct topic_row {
    const char *topic;
    bool pattern, command; /* well-formed as such */
} topic_rows[] = {
    { "a", true, true },
    { "a/b/c", true, true },
    { "/a//b/", true, true },
    { "a/{id}/b", true, true },
    { "{id}", true, true },
    { "a{id}b", false, true },
    { "a/{x}/b", true, false },
    { "a/{x_1}", true, false },
    { "a/{rest...}", true, false },
    { "{rest...}/a", false, false },
    { "a/{}", false, false },
    { "a/{...}", false, false },
    { "a/{X}", false, false },
    { "a/{x", false, false },
    { "a/x}", false, false },
    { "a/+/b", false, false },
    { "a/#", false, false },
    { "$SYS/a", false, false },
    { "a/$b", true, true },
    { "", false, false },
    { "1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g", true, true },
    { "1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h", false, false },
};

static void judges_each_topic(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(topic_rows); i++) {
        const struct topic_row *r = &topic_rows[i];

        if ((sally_topic_problem(r->topic) == NULL) != r->pattern)
            fail_msg("pattern \"%s\"", r->topic);
        if ((sally_command_topic_problem(r->topic) == NULL) != r->command)
            fail_msg("command topic \"%s\"", r->topic);
    }
}

static void bounds_a_topic(void **state)
{
    char topic[SALLY_TOPIC_MAX + 2];

    (void)state;
    memset(topic, 'a', sizeof(topic));
    topic[SALLY_TOPIC_MAX + 1] = '\0';
    assert_non_null(sally_topic_problem(topic));
    topic[SALLY_TOPIC_MAX] = '\0';
    assert_null(sally_topic_problem(topic));
}

static void replaces_every_id(void **state)
{
    struct sally_arena a = { .chunks = NULL };

    (void)state;
    assert_string_equal(sally_arena_expand(&a, "x", "id"), "x");
    assert_string_equal(sally_arena_expand(&a, "{id}", "b1"), "b1");
    assert_string_equal(sally_arena_expand(&a, "k/{id}/{id}.psk", "b1"),
                        "k/b1/b1.psk");
    /* An id cannot hold braces, but nothing may loop if one did. */
    assert_string_equal(sally_arena_expand(&a, "<{id}>", "{id}"), "<{id}>");
    sally_arena_wipe(&a);
}

static void arena_aligns_and_grows(void **state)
{
    struct sally_arena a = { .chunks = NULL };
    uint8_t *big;

    (void)state;
    for (size_t i = 1; i < 2000; i++) {
        uint8_t *p = sally_arena_take(&a, i, 1);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(uint64_t), 0);
        assert_int_equal(p[i - 1], 0);
        memset(p, 0xff, i);
        assert_string_equal(sally_arena_text(&a, sally_span_of("ab")), "ab");
    }
    big = sally_arena_take(&a, 1000, 1000);
    assert_non_null(big);
    big[999999] = 1;
    assert_null(sally_arena_take(&a, 0, 8));
    assert_false(a.failed);
    assert_null(sally_arena_take(&a, SIZE_MAX / 2, 8));
    assert_true(a.failed);
    sally_arena_wipe(&a);
    sally_arena_wipe(&a);
}

static void knows_units(void **state)
{
    (void)state;
    assert_true(sally_unit_is_known("Cel"));
    assert_true(sally_unit_is_known("%RH"));
    assert_false(sally_unit_is_known("cel"));
    assert_string_equal(sally_unit_meant("degC"), "Cel");
    assert_null(sally_unit_meant("Cel"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_duration),
        cmocka_unit_test(judges_each_topic),
        cmocka_unit_test(bounds_a_topic),
        cmocka_unit_test(replaces_every_id),
        cmocka_unit_test(arena_aligns_and_grows),
        cmocka_unit_test(knows_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
