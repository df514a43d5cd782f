/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/log/test_log.c - one event is one line, whatever a peer puts into
 * its texts; and no peer makes us write more than a few lines a second.     */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "codec/json.h"
#include "log/log.h"
#include "log/note.h"

static int saved = -1;
static FILE *taken;
static char heard[64 * 1024];

static int take_stderr(void **state)
{
    (void)state;
    taken = tmpfile();
    assert_non_null(taken);
    saved = dup(STDERR_FILENO);
    assert_true(dup2(fileno(taken), STDERR_FILENO) >= 0);
    sally_log_open("outer", SALLY_LOG_INFO, false, false);
    return 0;
}

static int give_stderr(void **state)
{
    (void)state;
    if (saved >= 0)
        (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    (void)fclose(taken);
    return 0;
}

/* All that was written; the descriptor's own offset is at its end. */
static const char *listen(void)
{
    ssize_t n = pread(fileno(taken), heard, sizeof(heard) - 1, 0);

    assert_true(n >= 0);
    heard[n] = '\0';
    return heard;
}

static unsigned count_lines(void)
{
    unsigned n = 0;

    for (const char *at = listen(); (at = strchr(at, '\n')) != NULL; at++)
        n++;
    return n;
}

static void say(const char *text)
{
    struct sally_log_site site = { .lines = 0 };
    const struct sally_log_field fields[] = { SALLY_TEXT("topic", text),
                                              SALLY_NUMBER("n", -7),
                                              { NULL, NULL, 0 } };

    sally_log_write(&site, SALLY_LOG_WARNING, "topic_foreign", fields);
}

static const struct {
    const char *what, *text, *want;
} rows[] = {
    { "plain", "a/b", " topic=a/b n=-7\n" },
    { "empty", "", " topic=\"\" n=-7\n" },
    { "a space", "a b", " topic=\"a b\" n=-7\n" },
    { "another field", "a level=error", " topic=\"a level=error\" n=-7\n" },
    { "quotes", "a\" b=\"", " topic=\"a\\\" b=\\\"\" n=-7\n" },
    { "backslash", "a\\", " topic=\"a\\\\\" n=-7\n" },
    { "a line of its own", "a\r\nevent=ready",
      " topic=\"a\\u000d\\nevent=ready\" n=-7\n" },
    { "a terminal's escape", "\x1b[2J", " topic=\"\\u001b[2J\" n=-7\n" },
    { "delete", "a\x7f", " topic=a? n=-7\n" },
    { "letters", "\xc3\xa4", " topic=\"\xc3\xa4\" n=-7\n" },
    { "half a letter at its end", "ab\xc3", " topic=ab n=-7\n" },
    { "no text at all", "a\xff\xfe\xfd\xfc\xfb", " topic=a????? n=-7\n" },
};

static void a_text_stays_one_field_of_one_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const char *field;

        say(rows[i].text);
        field = strstr(listen(), " topic=");
        assert_non_null(field);
        if (strcmp(field, rows[i].want) != 0) {
            (void)dup2(saved, STDERR_FILENO); /* or nobody reads it */
            fail_msg("%s: %s", rows[i].what, field);
        }
        assert_int_equal(count_lines(), 1);
        assert_int_equal(ftruncate(fileno(taken), 0), 0);
        assert_int_equal(lseek(STDERR_FILENO, 0, SEEK_SET), 0);
    }
}

static void a_line_says_when_who_and_what(void **state)
{
    (void)state;
    say("x");
    assert_true(strncmp(listen(), "time=2", 6) == 0);
    assert_non_null(strstr(heard, "Z level=warning role=outer "
                                  "event=topic_foreign topic=x n=-7\n"));
}

/* The one line that was written, parsed, has this member with this text. */
static void line_has(const char *member, const char *text)
{
    struct sally_json tree, value;
    struct sally_span got;

    assert_int_equal(sally_json_parse(sally_span_of(listen()), sizeof(heard),
                                      &tree),
                     SALLY_E_OK);
    assert_int_equal(count_lines(), 1);
    assert_true(sally_json_member(tree, member, &value));
    assert_true(sally_json_string(value, &got));
    assert_true(sally_span_is(got, text));
    sally_json_free(&tree);
}

static void json_is_json(void **state)
{
    (void)state;
    sally_log_open("outer", SALLY_LOG_INFO, true, false);
    say("a\"\r\n\\ \xc3\xa4");
    line_has("topic", "a\"\r\n\\ \xc3\xa4");
    line_has("event", "topic_foreign");
    assert_non_null(strstr(heard, ",\"n\":-7}\n"));
}

/* Texts that grow to six times their length have no room in one line. */
static void json_is_json_when_it_is_too_long(void **state)
{
    struct sally_log_site site = { .lines = 0 };
    char text[512];
    const struct sally_log_field fields[] = {
        SALLY_TEXT("first", "1"),  SALLY_TEXT("long", text),
        SALLY_TEXT("other", text), SALLY_TEXT("last", "2"),
        { NULL, NULL, 0 }
    };

    (void)state;
    memset(text, 1, sizeof(text));
    text[sizeof(text) - 1] = '\0';
    sally_log_open("outer", SALLY_LOG_INFO, true, false);
    sally_log_write(&site, SALLY_LOG_ERROR, "e", fields);
    line_has("first", "1");
    line_has("last", "2");
}

static void long_text_is_cut_between_letters(void **state)
{
    char text[600];
    size_t n = 0;

    (void)state;
    text[n++] = 'a';
    while (n < 500) {
        text[n++] = '\xc3';
        text[n++] = '\xa4';
    }
    text[n] = '\0';
    say(text);
    assert_true(sally_text_is_utf8(sally_span_of(listen())));
    assert_true(strlen(heard) < 400);
}

static struct {
    unsigned lines;
    char last[SALLY_NOTE_MAX + 1];
} noted;

static void note(void *owner, struct sally_span line)
{
    assert_ptr_equal(owner, &noted);
    noted.lines++;
    assert_true(sally_span_text(line, noted.last, sizeof(noted.last)));
}

/* Whatever the level and the format of the log. */
static void the_journal_gets_what_is_its(void **state)
{
    struct sally_log_site site = { .lines = 0 };
    const struct sally_log_field fields[] = { SALLY_TEXT("user", "a b"),
                                              { NULL, NULL, 0 } };

    (void)state;
    sally_log_open("outer", SALLY_LOG_ERROR, true, false);
    noted.lines = 0;
    sally_log_to_journal(note, &noted);
    assert_ptr_equal(sally_log_journal(), &noted);
    sally_log_write(&site, SALLY_LOG_INFO, "sensor_online", fields);
    sally_log_write(&site, SALLY_LOG_ERROR, "name_resolved", fields);
    sally_log_to_journal(NULL, NULL);
    sally_log_write(&site, SALLY_LOG_INFO, "sensor_online", fields);
    assert_int_equal(noted.lines, 1);
    assert_string_equal(noted.last,
                        "role=outer event=sensor_online user=\"a b\"");
}

static void peers_do_not_fill_the_journal(void **state)
{
    struct sally_log_site site = { .lines = 0 }, own = { .lines = 0 };
    const struct sally_log_field none[] = { { NULL, NULL, 0 } };

    (void)state;
    noted.lines = 0;
    sally_log_to_journal(note, &noted);
    for (unsigned i = 0; i < 1000; i++)
        sally_log_write(&site, SALLY_LOG_WARNING, "auth_refused", none);
    assert_in_range(noted.lines, 30, 60); /* a minute may end meanwhile */
    site.minute = 0;
    sally_log_write(&site, SALLY_LOG_WARNING, "auth_refused", none);
    assert_non_null(strstr(noted.last, " unnoted=9"));
    noted.lines = 0;
    for (unsigned i = 0; i < 100; i++)
        sally_log_write(&own, SALLY_LOG_WARNING, "reloaded", none);
    assert_int_equal(noted.lines, 100);
    sally_log_to_journal(NULL, NULL);
}

static void holds_back_what_is_too_much(void **state)
{
    struct sally_log_site site = { .lines = 0 };
    const struct sally_log_field none[] = { { NULL, NULL, 0 } };
    const char *held;
    unsigned lines;

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        sally_log_write(&site, SALLY_LOG_WARNING, "flood", none);
    lines = count_lines();
    assert_in_range(lines, 20, 60); /* a second may end meanwhile */
    (void)sleep(1);
    sally_log_write(&site, SALLY_LOG_WARNING, "flood", none);
    held = strstr(listen(), "suppressed=");
    assert_non_null(held);
    assert_int_equal(count_lines(), lines + 1);
}

static void says_nothing_below_its_level(void **state)
{
    (void)state;
    sally_log_open("outer", SALLY_LOG_ERROR, false, false);
    say("x");
    assert_string_equal(listen(), "");
    sally_log_open("outer", SALLY_LOG_WARNING, false, false);
    say("x");
    assert_int_equal(count_lines(), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, take_stderr, give_stderr)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_text_stays_one_field_of_one_line),
        TEST(a_line_says_when_who_and_what),
        TEST(json_is_json),
        TEST(json_is_json_when_it_is_too_long),
        TEST(long_text_is_cut_between_letters),
        TEST(the_journal_gets_what_is_its),
        TEST(peers_do_not_fill_the_journal),
        TEST(holds_back_what_is_too_much),
        TEST(says_nothing_below_its_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
