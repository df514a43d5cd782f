/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/selector.c - reads selectors, character by character. */
#include "config/selector.h"

#include <string.h>

#include "base/span.h"
#include "config/lpp.h"

#define OFFSET_DIGITS 5 /* payloads have 16,384 bytes at most */
#define COLUMN_DIGITS 3

/* Up to `max` digits, one at least. */
static bool take_number(const char **at, size_t max, size_t *out)
{
    size_t digits = strspn(*at, "0123456789");

    if (digits == 0 || digits > max)
        return false;
    *out = 0;
    for (size_t i = 0; i < digits; i++)
        *out = *out * 10 + (size_t)((*at)[i] - '0');
    *at += digits;
    return true;
}

static bool take_order(const char **at, struct sally_bin_selector *s)
{
    static const char *const words[] = { "be", "le", "sw" };

    s->order = 'b';
    for (size_t i = 0; i < SALLY_LEN(words); i++)
        if (strncmp(*at, words[i], 2) == 0) {
            s->order = words[i][0];
            *at += 2;
            return s->order != 's' || s->width % 2 == 0;
        }
    return s->width == 1;
}

static bool take_type(const char **at, struct sally_bin_selector *s)
{
    size_t bits;

    s->kind = **at;
    if (s->kind != 'u' && s->kind != 'i' && s->kind != 'f')
        return false;
    ++*at;
    if (!take_number(at, 2, &bits) || bits == 0 || bits % 8 != 0 || bits > 64 ||
        (s->kind == 'f' && bits != 32 && bits != 64))
        return false;
    s->width = bits / 8;
    return take_order(at, s);
}

/* Bits are of what stands there, whatever sign it has. */
static bool take_part(const char **at, struct sally_bin_selector *s)
{
    size_t low, high;

    s->part = **at == '.';
    if (!s->part)
        return true;
    ++*at;
    if (s->kind != 'u' || !take_number(at, 2, &low))
        return false;
    high = low;
    if (**at == '-') {
        ++*at;
        if (!take_number(at, 2, &high))
            return false;
    }
    if (high < low || high >= 8 * s->width)
        return false;
    s->low = (uint8_t)low;
    s->high = (uint8_t)high;
    return true;
}

bool sally_bin_selector_parse(const char *text, struct sally_bin_selector *out)
{
    const char *at = text;

    *out = (struct sally_bin_selector){ .offset = 0 };
    return take_number(&at, OFFSET_DIGITS, &out->offset) && *at++ == ':' &&
           take_type(&at, out) && take_part(&at, out) && *at == '\0';
}

bool sally_csv_selector_parse(const char *text, size_t *column)
{
    return take_number(&text, COLUMN_DIGITS, column) && *text == '\0';
}

static bool is_bin(const char *text)
{
    struct sally_bin_selector s;

    return sally_bin_selector_parse(text, &s);
}

static bool is_column(const char *text)
{
    size_t column;

    return sally_csv_selector_parse(text, &column);
}

/* JSON: names joined by dots, each with any number of [n] behind it. */
static bool is_path(const char *text)
{
    bool begun = false; /* the present name has a character */

    for (; *text != '\0'; text++) {
        if (*text == '[') {
            size_t digits = strspn(text + 1, "0123456789");

            if (digits == 0 || digits > 4 || text[1 + digits] != ']')
                return false;
            text += digits + 1;
        }
        if (*text == '.' && (!begun || text[1] == '\0'))
            return false;
        begun = *text != '.';
    }
    return begun;
}

static bool is_lpp(const char *text)
{
    struct sally_lpp_selector s;

    return sally_lpp_selector_parse(text, &s);
}

static bool is_name(const char *text)
{
    return text[0] != '\0';
}

static const struct {
    bool (*fits)(const char *text); /* NULL: the payload is one value */
    bool needed;
    const char *example;
} kinds[] = {
    [SALLY_PAYLOAD_TEXT] = { NULL, false, NULL },
    [SALLY_PAYLOAD_JSON] = { is_path, false,
                             "a selector such as \"a.b[2].c\"" },
    [SALLY_PAYLOAD_FORM] = { is_path, false,
                             "a selector such as \"a.b[2].c\"" },
    [SALLY_PAYLOAD_CSV] = { is_column, true,
                            "the number of a column, such as \"0\"" },
    [SALLY_PAYLOAD_BIN] = { is_bin, true,
                            "a place and a type such as \"4:i16be\", "
                            "\"0:f32sw\" or \"8:u16le.3\"" },
    [SALLY_PAYLOAD_SENML] = { is_name, true, "the name of a record" },
    [SALLY_PAYLOAD_CBOR] = { is_path, false,
                             "a selector such as \"a.b[2].c\"" },
    [SALLY_PAYLOAD_LINE] = { is_name, true,
                             "a field, @tag, or either behind its measurement "
                             "and a space" },
    [SALLY_PAYLOAD_LPP] = { is_lpp, true,
                            "a channel and a type such as \"3:temperature\" "
                            "or \"1:gps.altitude\"" },
    [SALLY_PAYLOAD_SPARKPLUG] = { is_name, true, "the name of a metric" },
};

bool sally_selector_fits(const char *text, enum sally_payload_format format)
{
    return kinds[format].fits != NULL && kinds[format].fits(text);
}

bool sally_selector_needed(enum sally_payload_format format)
{
    return kinds[format].needed;
}

const char *sally_selector_example(enum sally_payload_format format)
{
    return kinds[format].example;
}
