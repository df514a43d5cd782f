/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/codec/json_check.c - JSON's words by RFC 8259 s.2, s.6 and s.7. */
#include "codec/json_check.h"

#include "base/cursor.h"
#include "base/text.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t skip_digits(struct sally_cursor *c)
{
    size_t n = 0;

    for (; is_digit(sally_peek_u8(c)); n++)
        (void)sally_take_u8(c);
    return n;
}

static bool skip_if(struct sally_cursor *c, uint8_t wanted)
{
    if (c->rest.len == 0 || sally_peek_u8(c) != wanted)
        return false;
    (void)sally_take_u8(c);
    return true;
}

/* s.6: -? (0 | [1-9] digits) (. digits)? ([eE] [+-]? digits)? */
static bool is_number(struct sally_span word)
{
    struct sally_cursor c = sally_cursor_over(word);

    (void)skip_if(&c, '-');
    if (!skip_if(&c, '0') && skip_digits(&c) == 0)
        return false;
    if (skip_if(&c, '.') && skip_digits(&c) == 0)
        return false;
    if (skip_if(&c, 'e') || skip_if(&c, 'E')) {
        if (!skip_if(&c, '+'))
            (void)skip_if(&c, '-');
        if (skip_digits(&c) == 0)
            return false;
    }
    return sally_cursor_done(&c);
}

/* The parser would silently take the nearest number that it has room for. */
static enum sally_err check_range(struct sally_span number)
{
    uint64_t natural;
    int64_t integer;
    double real;

    for (size_t i = 0; i < number.len; i++)
        if (number.at[i] == '.' || number.at[i] == 'e' || number.at[i] == 'E')
            return sally_text_real(number, &real);
    return number.at[0] == '-' ? sally_text_int(number, &integer)
                               : sally_text_uint(number, &natural);
}

/* A word runs as long as characters of numbers and names do. */
static enum sally_err check_word(struct sally_cursor *c)
{
    struct sally_span from = c->rest;
    struct sally_span word;

    for (uint8_t next = sally_peek_u8(c);
         is_digit(next) || is_letter(next) || next == '-' || next == '+' ||
         next == '.';
         next = sally_peek_u8(c))
        (void)sally_take_u8(c);
    word = sally_span_sub(from, 0, from.len - c->rest.len);
    if (sally_span_is(word, "true") || sally_span_is(word, "false") ||
        sally_span_is(word, "null"))
        return SALLY_E_OK;
    return is_number(word) ? check_range(word) : SALLY_E_MALFORMED;
}

/* The escape after a backslash; the parser checks all but U+0000. */
static enum sally_err check_escape(struct sally_cursor *c)
{
    if (sally_take_u8(c) == 'u' && sally_span_is(sally_take(c, 4), "0000"))
        return SALLY_E_MALFORMED;
    return c->failed ? SALLY_E_TRUNCATED : SALLY_E_OK;
}

static enum sally_err check_string(struct sally_cursor *c)
{
    enum sally_err e = SALLY_E_OK;

    (void)sally_take_u8(c);
    while (e == SALLY_E_OK) {
        uint8_t next = sally_take_u8(c);

        if (c->failed)
            return SALLY_E_TRUNCATED;
        if (next == '"')
            return SALLY_E_OK;
        if (next < 0x20)
            return SALLY_E_MALFORMED;
        if (next == '\\')
            e = check_escape(c);
    }
    return e;
}

/* The next word is a closing bracket; `c` is a copy. */
static bool closes(struct sally_cursor c)
{
    struct sally_span next = sally_text_trim(c.rest);

    return next.len != 0 && (next.at[0] == ']' || next.at[0] == '}');
}

enum sally_err sally_json_check(struct sally_span text, size_t depth)
{
    struct sally_cursor c = sally_cursor_over(text);
    enum sally_err e = SALLY_E_OK;
    size_t open = 0;

    while (c.rest.len != 0 && e == SALLY_E_OK) {
        switch (sally_peek_u8(&c)) {
        case '"':
            e = check_string(&c);
            break;
        case '[':
        case '{':
            (void)sally_take_u8(&c);
            if (++open > depth)
                e = SALLY_E_TOO_LARGE;
            break;
        case ']':
        case '}':
            (void)sally_take_u8(&c);
            if (open-- == 0)
                e = SALLY_E_MALFORMED;
            break;
        case ' ':
        case '\t':
        case '\n':
        case '\r':
        case ':':
            (void)sally_take_u8(&c);
            break;
        case ',':
            (void)sally_take_u8(&c);
            if (closes(c))
                e = SALLY_E_MALFORMED;
            break;
        default:
            e = check_word(&c);
            break;
        }
    }
    return e;
}
