/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/text.c - numbers, hexadecimal and UTF-8 as they stand in text. */
#include "base/text.h"

#include "base/cursor.h"
#include "base/writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum sally_err sally_text_uint(struct sally_span s, uint64_t *out)
{
    uint64_t n = 0;

    if (s.len == 0)
        return SALLY_E_MALFORMED;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)s.at[i] - '0';

        if (digit > 9)
            return SALLY_E_MALFORMED;
        if (n > (UINT64_MAX - digit) / 10)
            return SALLY_E_OUT_OF_RANGE;
        n = n * 10 + digit;
    }
    *out = n;
    return SALLY_E_OK;
}

enum sally_err sally_text_int(struct sally_span s, int64_t *out)
{
    bool negative = s.len > 0 && s.at[0] == '-';
    bool sign = negative || (s.len > 0 && s.at[0] == '+');
    uint64_t n = 0;
    enum sally_err e =
        sally_text_uint(sally_span_sub(s, sign ? 1 : 0, s.len), &n);

    if (e != SALLY_E_OK)
        return e;
    if (n > (uint64_t)INT64_MAX + negative)
        return SALLY_E_OUT_OF_RANGE;
    if (!negative)
        *out = (int64_t)n;
    else
        *out = n == 0 ? 0 : -(int64_t)(n - 1) - 1;
    return SALLY_E_OK;
}

static size_t skip_digits(struct sally_cursor *c)
{
    size_t n = 0;

    for (; c->rest.len != 0 && c->rest.at[0] >= '0' && c->rest.at[0] <= '9';
         n++)
        (void)sally_take_u8(c);
    return n;
}

static void skip_one_of(struct sally_cursor *c, const char *set)
{
    if (c->rest.len != 0 && strchr(set, c->rest.at[0]) != NULL &&
        c->rest.at[0] != 0)
        (void)sally_take_u8(c);
}

/* [+-] digits [. digits] [e [+-] digits], with a digit before the e. */
static bool is_number(struct sally_span s)
{
    struct sally_cursor c = sally_cursor_over(s);
    size_t digits;

    skip_one_of(&c, "+-");
    digits = skip_digits(&c);
    if (sally_peek_u8(&c) == '.') {
        (void)sally_take_u8(&c);
        digits += skip_digits(&c);
    }
    if (digits == 0)
        return false;
    if (sally_peek_u8(&c) == 'e' || sally_peek_u8(&c) == 'E') {
        (void)sally_take_u8(&c);
        skip_one_of(&c, "+-");
        if (skip_digits(&c) == 0)
            return false;
    }
    return sally_cursor_done(&c);
}

enum sally_err sally_text_real(struct sally_span s, double *out)
{
    char text[64];
    double value;

    if (!is_number(s) || !sally_span_text(s, text, sizeof(text)))
        return SALLY_E_MALFORMED;
    value = strtod(text, NULL); /* the process never leaves the C locale */
    if (!isfinite(value))
        return SALLY_E_OUT_OF_RANGE;
    *out = value;
    return SALLY_E_OK;
}

size_t sally_text_from_real(double value, char *out)
{
    /* What reads back with fewer than 15 digits prints with zeros there, which
     * %g drops; only numbers below DBL_MIN have less precision than that.  */
    int digits = fpclassify(value) == FP_SUBNORMAL ? 1 : 15;
    int n = 0;

    for (; digits <= 17; digits++) {
        n = snprintf(out, SALLY_REAL_TEXT, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            break;
    }
    return n > 0 ? (size_t)n : 0;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum sally_err sally_text_hex(struct sally_span s, struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);

    if (s.len % 2 != 0)
        return SALLY_E_MALFORMED;
    for (size_t i = 0; i < s.len; i += 2) {
        int high = hex_digit(s.at[i]), low = hex_digit(s.at[i + 1]);

        if (high < 0 || low < 0)
            return SALLY_E_MALFORMED;
        sally_put_u8(&w, (uint8_t)(high << 4 | low));
    }
    return sally_writer_end(&w);
}

void sally_text_to_hex(struct sally_span s, char *out, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    for (size_t i = 0; i < s.len && n + 2 < size; i++) {
        out[n++] = digits[s.at[i] >> 4];
        out[n++] = digits[s.at[i] & 15];
    }
    if (size != 0)
        out[n] = '\0';
}

/* How many bytes follow the first one; -1 if it cannot be a first byte. */
static int continuation(uint8_t first)
{
    if (first < 0x80)
        return first == 0 ? -1 : 0;
    if (first < 0xc2)
        return -1;
    if (first < 0xe0)
        return 1;
    if (first < 0xf0)
        return 2;
    return first < 0xf5 ? 3 : -1;
}

/* The second byte's range rules out overlong forms, surrogates and code
 * points past U+10FFFF (RFC 3629 s.4).                                      */
static bool second_ok(uint8_t first, uint8_t second)
{
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

    return second >= low && second <= high;
}

/* Passes over what most texts consist of. False: that was all. */
static bool skip_plain(struct sally_cursor *c)
{
    size_t n = 0;

    while (n < c->rest.len && c->rest.at[n] != 0 && c->rest.at[n] < 0x80)
        n++;
    c->rest = sally_span_sub(c->rest, n, c->rest.len);
    return c->rest.len != 0;
}

bool sally_text_is_utf8(struct sally_span s)
{
    struct sally_cursor c = sally_cursor_over(s);

    while (skip_plain(&c)) {
        uint8_t first = sally_take_u8(&c);
        int more = continuation(first);

        if (more < 0 || (more > 0 && !second_ok(first, sally_peek_u8(&c))))
            return false;
        for (; more > 0; more--)
            if ((sally_take_u8(&c) & 0xc0) != 0x80)
                return false;
    }
    return !c.failed;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct sally_span sally_text_trim(struct sally_span s)
{
    while (s.len != 0 && is_space(s.at[0]))
        s = sally_span_sub(s, 1, s.len);
    while (s.len != 0 && is_space(s.at[s.len - 1]))
        s.len--;
    return s;
}
