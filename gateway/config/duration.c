/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/duration.c - durations to and from text. */
#include "config/duration.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

#define LONGEST ((uint64_t)10000 * 86400000) /* far beyond any use */

/* The longest unit first: the writer takes the first that divides. */
static const struct unit {
    const char *name;
    uint64_t ms;
} units[] = {
    { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 },
    { "s", 1000 },     { "ms", 1 },
};

static size_t digits(struct sally_span text)
{
    size_t n = 0;

    while (n < text.len && text.at[n] >= '0' && text.at[n] <= '9')
        n++;
    return n;
}

enum sally_err sally_duration_parse(struct sally_span text, uint64_t *ms)
{
    size_t n = digits(text);
    struct sally_span unit = sally_span_sub(text, n, text.len);
    uint64_t count;
    enum sally_err e = sally_text_uint(sally_span_sub(text, 0, n), &count);

    if (e != SALLY_E_OK)
        return e;
    for (size_t i = 0; i < SALLY_LEN(units); i++) {
        if (!sally_span_is(unit, units[i].name))
            continue;
        if (count > LONGEST / units[i].ms)
            return SALLY_E_OUT_OF_RANGE;
        *ms = count * units[i].ms;
        return SALLY_E_OK;
    }
    return SALLY_E_MALFORMED;
}

const char *sally_duration_text(uint64_t ms, char out[SALLY_DURATION_TEXT])
{
    size_t i = 0;

    while (ms % units[i].ms != 0)
        i++; /* the last unit divides everything */
    if (ms == 0)
        i = 3;
    (void)snprintf(out, SALLY_DURATION_TEXT, "%" PRIu64 "%s", ms / units[i].ms,
                   units[i].name);
    return out;
}
