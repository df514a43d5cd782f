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

static void skip_past(struct scan *s, const char *end)
{
    while (s->c.rest.len != 0 && !looking_at(s, end))
        take(s);
    for (size_t i = 0; i < strlen(end) && s->c.rest.len != 0; i++)
        take(s);
}

static void skip_string(struct scan *s)
{
    take(s);
    while (s->c.rest.len != 0) {
        uint8_t byte = sally_peek_u8(&s->c);

        take(s);
        if (byte == '"')
            return;
        if (byte == '\\' && s->c.rest.len != 0)
            take(s);
    }
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

static bool step(struct scan *s, struct sally_reader *r)
{
    uint8_t byte = sally_peek_u8(&s->c);
    struct sally_span word = { NULL, 0 };

    if (looking_at(s, "/*"))
        skip_past(s, "*/");
    else if (byte == '#' || looking_at(s, "//"))
        skip_past(s, "\n");
    else if (byte == '"')
        skip_string(s);
    else if (!is_word(byte))
        take(s);
    else
        word = take_word(s);
    if (word.len == 0 || fits(word))
        return true;
    sally_complain_at(r, r->file, s->line, "number",
                      "expected a whole number up to 2147483647, or an L at "
                      "its end, got %.*s",
                      (int)(word.len > 40 ? 40 : word.len),
                      (const char *)word.at);
    return false;
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
