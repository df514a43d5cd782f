/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/der.c - tags, lengths, and the few types that certificates are
 * made of.                                                                  */
#include "security/der.h"

static size_t take_length(struct sally_cursor *c)
{
    uint8_t first = sally_take_u8(c);
    size_t width = first & 0x7f, n;

    if (first < 0x80)
        return first;
    n = (size_t)sally_take_uint(c, width <= 4 ? width : 0);
    /* Indefinite, beyond 4 GB, or longer than it must be. */
    if (width == 0 || width > 4 || n < 0x80 || n >> (8 * (width - 1)) == 0)
        c->failed = true;
    return n;
}

struct sally_span sally_der_take_any(struct sally_cursor *c, uint8_t *tag)
{
    *tag = sally_take_u8(c);
    if ((*tag & 0x1f) == 0x1f)
        c->failed = true;
    return sally_take(c, take_length(c));
}

struct sally_span sally_der_take(struct sally_cursor *c, uint8_t tag)
{
    uint8_t found;
    struct sally_span body = sally_der_take_any(c, &found);

    if (found == tag && !c->failed)
        return body;
    c->failed = true;
    return (struct sally_span){ NULL, 0 };
}

struct sally_span sally_der_take_whole(struct sally_cursor *c, uint8_t tag)
{
    struct sally_span before = c->rest;

    (void)sally_der_take(c, tag);
    return sally_span_sub(before, 0, c->failed ? 0 : before.len - c->rest.len);
}

bool sally_der_is(const struct sally_cursor *c, uint8_t tag)
{
    return !c->failed && c->rest.len != 0 && sally_peek_u8(c) == tag;
}

struct sally_span sally_der_take_bits(struct sally_cursor *c)
{
    struct sally_cursor bits = sally_der_enter(c, SALLY_DER_BITS);

    if (sally_take_u8(&bits) != 0 || bits.failed)
        c->failed = true;
    return sally_take_rest(&bits);
}

struct sally_cursor sally_der_enter(struct sally_cursor *c, uint8_t tag)
{
    struct sally_cursor inner = sally_cursor_over(sally_der_take(c, tag));

    inner.failed = c->failed;
    return inner;
}

uint64_t sally_der_take_uint(struct sally_cursor *c)
{
    struct sally_cursor n = sally_der_enter(c, SALLY_DER_INTEGER);
    uint64_t value;

    if ((sally_peek_u8(&n) & 0x80) != 0 || n.rest.len == 0 || n.rest.len > 8)
        c->failed = true;
    value = sally_take_uint(&n, n.rest.len <= 8 ? n.rest.len : 0);
    return c->failed ? 0 : value;
}

bool sally_der_take_flag(struct sally_cursor *c)
{
    struct sally_cursor flag;

    if (!sally_der_is(c, SALLY_DER_BOOLEAN))
        return false;
    flag = sally_der_enter(c, SALLY_DER_BOOLEAN);
    if (sally_take_u8(&flag) != 0xff || !sally_cursor_done(&flag))
        c->failed = true; /* DEFAULT FALSE is not encoded */
    return !c->failed;
}

/* --- Times --------------------------------------------------------------- */

static unsigned take_digits(struct sally_cursor *c, unsigned count)
{
    unsigned n = 0;

    while (count-- > 0) {
        uint8_t digit = sally_take_u8(c);

        if (digit < '0' || digit > '9')
            c->failed = true;
        n = n * 10 + (digit - '0');
    }
    return c->failed ? 0 : n;
}

/* Days from 1970-01-01 to a day of the Gregorian calendar, after Howard
 * Hinnant: the year begins in March, so that a leap day is its last.        */
static uint64_t days_from(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month <= 2 ? year - 1 : year;
    unsigned from_march = month > 2 ? month - 3 : month + 9;
    uint64_t days = (uint64_t)y * 365 + y / 4 - y / 100 + y / 400 +
                    (153 * from_march + 2) / 5 + day - 1;

    return days > 719468 ? days - 719468 : 0;
}

uint64_t sally_der_take_time(struct sally_cursor *c)
{
    uint8_t tag;
    struct sally_cursor t = sally_cursor_over(sally_der_take_any(c, &tag));
    unsigned year, month, day, hour, minute, second;

    year = take_digits(&t, tag == SALLY_DER_UTC_TIME ? 2 : 4);
    if (tag == SALLY_DER_UTC_TIME)
        year += year < 50 ? 2000 : 1900; /* RFC 5280 s.4.1.2.5.1 */
    month = take_digits(&t, 2);
    day = take_digits(&t, 2);
    hour = take_digits(&t, 2);
    minute = take_digits(&t, 2);
    second = take_digits(&t, 2);
    if ((tag != SALLY_DER_UTC_TIME && tag != SALLY_DER_TIME) ||
        sally_take_u8(&t) != 'Z' || !sally_cursor_done(&t) || month < 1 ||
        month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
        second > 59 || year < 1) {
        c->failed = true;
        return 0;
    }
    if (year < 1970)
        return 0;
    return ((days_from(year, month, day) * 24 + hour) * 60 + minute) * 60 +
           second;
}
