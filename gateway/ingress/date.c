/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/date.c - a date to seconds. */
#include "ingress/date.h"

#include "base/cursor.h"

struct date {
    int64_t year, month, day, hour, minute, second;
};

/* Exactly `digits` of them. */
static bool take_number(struct sally_cursor *c, size_t digits, int64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < digits; i++) {
        uint8_t byte = sally_take_u8(c);

        if (byte < '0' || byte > '9')
            return false;
        *out = *out * 10 + (byte - '0');
    }
    return true;
}

static bool take_byte(struct sally_cursor *c, char byte)
{
    return sally_take_u8(c) == (uint8_t)byte;
}

static bool take_day(struct sally_cursor *c, struct date *d)
{
    return take_number(c, 4, &d->year) && take_byte(c, '-') &&
           take_number(c, 2, &d->month) && take_byte(c, '-') &&
           take_number(c, 2, &d->day);
}

static bool take_time(struct sally_cursor *c, struct date *d)
{
    return take_number(c, 2, &d->hour) && take_byte(c, ':') &&
           take_number(c, 2, &d->minute) && take_byte(c, ':') &&
           take_number(c, 2, &d->second);
}

static bool skip_fraction(struct sally_cursor *c)
{
    int64_t digit;

    if (sally_peek_u8(c) != '.')
        return true;
    (void)sally_take_u8(c);
    if (!take_number(c, 1, &digit))
        return false;
    while (sally_peek_u8(c) >= '0' && sally_peek_u8(c) <= '9')
        (void)sally_take_u8(c);
    return true;
}

/* Z, or hours and minutes that local time is ahead; in seconds. */
static bool take_zone(struct sally_cursor *c, int64_t *out)
{
    uint8_t sign = sally_take_u8(c);
    int64_t hours = 0, minutes = 0;

    *out = 0;
    if (sign == 'Z' || sign == 'z')
        return true;
    if ((sign != '+' && sign != '-') || !take_number(c, 2, &hours) ||
        !take_byte(c, ':') || !take_number(c, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *out = (hours * 60 + minutes) * 60 * (sign == '-' ? -1 : 1);
    return true;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* A leap second is the one after it. */
static bool there_is(const struct date *d)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30,
                                    31, 31, 30, 31, 30, 31 };

    return d->year >= 1 && d->month >= 1 && d->month <= 12 && d->day >= 1 &&
           d->day <= days[d->month - 1] +
                         (d->month == 2 && is_leap(d->year) ? 1 : 0) &&
           d->hour <= 23 && d->minute <= 59 && d->second <= 60;
}

/* Years begin in March here, so that a leap day is the last of its year. */
static int64_t days_since_1970(const struct date *d)
{
    int64_t year = d->month > 2 ? d->year : d->year - 1;
    int64_t month = d->month > 2 ? d->month - 3 : d->month + 9;
    int64_t day_of_year = (153 * month + 2) / 5 + d->day - 1;

    return year * 365 + year / 4 - year / 100 + year / 400 + day_of_year -
           719468;
}

enum sally_err sally_date_parse(struct sally_span text, int64_t *seconds)
{
    struct sally_cursor c = sally_cursor_over(text);
    int64_t zone = 0;
    struct date d;
    uint8_t t;

    if (!take_day(&c, &d))
        return SALLY_E_MALFORMED;
    t = sally_take_u8(&c);
    if ((t != 'T' && t != 't' && t != ' ') || !take_time(&c, &d) ||
        !skip_fraction(&c) || !take_zone(&c, &zone) || !sally_cursor_done(&c))
        return SALLY_E_MALFORMED;
    if (!there_is(&d))
        return SALLY_E_OUT_OF_RANGE;
    *seconds = days_since_1970(&d) * 86400 + d.hour * 3600 + d.minute * 60 +
               d.second - zone;
    return SALLY_E_OK;
}
