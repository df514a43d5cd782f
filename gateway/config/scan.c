/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/scan.c - walks over a file's text word by word. */
#include "config/scan.h"

#include <string.h>

#include "base/cursor.h"
#include "base/text.h"

#define HEX_MAX 10 /* "0x" and eight digits */

struct scan {
    struct sally_cursor c;
    unsigned line;
};

static void take(struct scan *s)
{
    if (sally_take_u8(&s->c) == '\n')
        s->line++;
}

static bool looking_at(const struct scan *s, const char *text)
{
    return sally_span_starts(s->c.rest, sally_span_of(text));
}

/* Past the next `end`. False if there is none. */
static bool skip_past(struct scan *s, const char *end)
{
    while (s->c.rest.len != 0 && !looking_at(s, end))
        take(s);
    if (s->c.rest.len == 0)
        return false;
    for (size_t i = 0; i < strlen(end); i++)
        take(s);
    return true;
}

static bool skip_comment(struct scan *s)
{
    take(s);
    take(s);
    return skip_past(s, "*/");
}

static bool skip_string(struct scan *s)
{
    take(s);
    while (s->c.rest.len != 0) {
        uint8_t byte = sally_peek_u8(&s->c);

        take(s);
        if (byte == '"')
            return true;
        if (byte == '\\' && s->c.rest.len != 0)
            take(s);
    }
    return false;
}

static bool is_word(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '.' ||
           byte == '+' || byte == '-' || byte == '*';
}

static struct sally_span take_word(struct scan *s)
{
    struct sally_span all = s->c.rest;

    while (s->c.rest.len != 0 && is_word(sally_peek_u8(&s->c)))
        take(s);
    return sally_span_sub(all, 0, all.len - s->c.rest.len);
}

/* Names, floats and numbers with an L are not whole numbers to us. */
static bool fits(struct sally_span word)
{
    int64_t n = 0;
    enum sally_err e = sally_text_int(word, &n);
    struct sally_span head = sally_span_sub(word, 0, 2);

    if (sally_span_is(head, "0x") || sally_span_is(head, "0X"))
        return word.len <= HEX_MAX || word.at[word.len - 1] == 'L';
    if (e == SALLY_E_OUT_OF_RANGE)
        return false;
    return e != SALLY_E_OK || (n >= INT32_MIN && n <= INT32_MAX);
}

static bool complain_open(struct sally_reader *r, unsigned line,
                          const char *what)
{
    sally_complain_at(r, r->file, line, "syntax",
                      "the %s that begins here has no end", what);
    return false;
}

static bool check_number(struct scan *s, struct sally_reader *r)
{
    struct sally_span word = take_word(s);

    if (fits(word))
        return true;
    sally_complain_at(r, r->file, s->line, "number",
                      "expected a whole number up to 2147483647, or an L at "
                      "its end, got %.*s",
                      (int)(word.len > 40 ? 40 : word.len),
                      (const char *)word.at);
    return false;
}

/* One comment, string, word or other character. */
static bool step(struct scan *s, struct sally_reader *r)
{
    uint8_t byte = sally_peek_u8(&s->c);
    unsigned line = s->line;

    if (looking_at(s, "/*"))
        return skip_comment(s) || complain_open(r, line, "comment");
    if (byte == '"')
        return skip_string(s) || complain_open(r, line, "text");
    if (is_word(byte))
        return check_number(s, r);
    if (byte == '#' || looking_at(s, "//"))
        (void)skip_past(s, "\n"); /* the file's end will do as well */
    else
        take(s);
    return true;
}

/* In comments and strings too: no doubt about where those end can let one
 * through.                                                                  */
static bool has_include(struct sally_reader *r, struct sally_span text)
{
    struct sally_cursor c = sally_cursor_over(text);

    for (unsigned line = 1; c.rest.len != 0; line++) {
        struct sally_span one = sally_text_trim(sally_take_until(&c, '\n'));

        if (sally_span_starts(one, sally_span_of("@include"))) {
            sally_complain_at(r, r->file, line, "@include",
                              "not allowed; every file in sensors.d, "
                              "profiles.d and objects.d is read by itself");
            return true;
        }
    }
    return false;
}

bool sally_scan_text(struct sally_reader *r, struct sally_span text)
{
    struct scan s = { .c = sally_cursor_over(text), .line = 1 };

    if (text.len != 0 && memchr(text.at, 0, text.len) != NULL) {
        sally_complain_at(r, r->file, 1, "text",
                          "expected text, got a zero byte in it");
        return false;
    }
    if (has_include(r, text))
        return false;
    while (s.c.rest.len != 0)
        if (!step(&s, r))
            return false;
    return true;
}
