/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/option.c - walks, checks and writes encoded options. */
#include "coap/option.h"

#define IS_CRITICAL(number) (((number)&1u) != 0)

/* What the RFCs say of the critical options that we know: how often, how
 * long. RFC 7252 table 4; RFC 8613 s.2; RFC 7959 table 1. Ascending.        */
static const struct rule {
    uint16_t number;
    bool repeatable;
    uint16_t min, max; /* bytes of the value */
} rules[] = {
    { SALLY_OPTION_IF_MATCH, true, 0, 8 },
    { SALLY_OPTION_URI_HOST, false, 1, 255 },
    { SALLY_OPTION_IF_NONE_MATCH, false, 0, 0 },
    { SALLY_OPTION_URI_PORT, false, 0, 2 },
    { SALLY_OPTION_OSCORE, false, 0, 255 },
    { SALLY_OPTION_URI_PATH, true, 0, 255 },
    { SALLY_OPTION_URI_QUERY, true, 0, 255 },
    { SALLY_OPTION_ACCEPT, false, 0, 2 },
    { SALLY_OPTION_BLOCK2, false, 0, 3 },
    { SALLY_OPTION_BLOCK1, false, 0, 3 },
    { SALLY_OPTION_PROXY_URI, false, 1, 1034 },
    { SALLY_OPTION_PROXY_SCHEME, false, 1, 255 },
};

/* RFC 7252 s.3.1: 13 means one more byte, 14 two more, 15 is reserved. */
static uint32_t take_extended(struct sally_cursor *c, unsigned nibble)
{
    switch (nibble) {
    case 13: return 13u + sally_take_u8(c);
    case 14: return 269u + sally_take_u16(c);
    default: return nibble;
    }
}

enum sally_err sally_coap_option_long(struct sally_cursor *c,
                                      struct sally_coap_option *o)
{
    uint8_t head = sally_take_u8(c);
    uint32_t number;

    if (head >> 4 == 15 || (head & 15) == 15)
        return SALLY_E_MALFORMED;
    number = o->number + take_extended(c, head >> 4);
    o->value = sally_take(c, take_extended(c, head & 15));
    if (c->failed)
        return SALLY_E_TRUNCATED;
    o->number = (uint16_t)number;
    return number > UINT16_MAX ? SALLY_E_MALFORMED : SALLY_E_OK;
}

bool sally_coap_option_step(struct sally_coap_options *walk,
                            struct sally_coap_option *out)
{
    struct sally_coap_option o = { (uint16_t)walk->number, { NULL, 0 } };
    struct sally_cursor c = sally_cursor_over(walk->rest);

    if (sally_coap_option_take(&c, &o) != SALLY_E_OK)
        return false;
    walk->rest = c.rest;
    walk->number = o.number;
    *out = o;
    return true;
}

bool sally_coap_option_find(struct sally_span list, uint16_t number,
                            struct sally_span *value)
{
    struct sally_coap_options walk = { list, 0 };
    struct sally_coap_option o;

    while (sally_coap_option_next(&walk, &o) && o.number <= number) {
        if (o.number != number)
            continue;
        *value = o.value;
        return true;
    }
    return false;
}

bool sally_coap_option_uint(struct sally_span list, uint16_t number,
                            uint32_t *value)
{
    struct sally_span bytes;
    struct sally_cursor c;

    if (!sally_coap_option_find(list, number, &bytes) || bytes.len > 4)
        return false;
    c = sally_cursor_over(bytes);
    *value = (uint32_t)sally_take_uint(&c, bytes.len);
    return true;
}

enum sally_err sally_coap_options_check(struct sally_span list)
{
    struct sally_cursor c = sally_cursor_over(list);
    struct sally_coap_option o = { 0, { NULL, 0 } };
    enum sally_err e = SALLY_E_OK;

    while (e == SALLY_E_OK && c.rest.len != 0)
        e = sally_coap_option_take(&c, &o);
    return e;
}

static bool is_known(uint16_t number, const uint16_t *known, size_t count)
{
    for (size_t i = 0; i < count && known[i] <= number; i++)
        if (known[i] == number)
            return true;
    return false;
}

static bool keeps_rule(const struct sally_coap_option *o, bool repeated)
{
    for (size_t i = 0; i < SALLY_LEN(rules); i++) {
        if (rules[i].number != o->number)
            continue;
        return o->value.len >= rules[i].min && o->value.len <= rules[i].max &&
               (rules[i].repeatable || !repeated);
    }
    return true;
}

bool sally_coap_options_understood(struct sally_span list,
                                   const uint16_t *known, size_t count,
                                   uint16_t *culprit)
{
    struct sally_coap_options walk = { list, 0 };
    struct sally_coap_option o;
    uint16_t last = 0;

    while (sally_coap_option_next(&walk, &o)) {
        bool repeated = o.number == last;

        last = o.number;
        if (!IS_CRITICAL(o.number))
            continue;
        if (is_known(o.number, known, count) && keeps_rule(&o, repeated))
            continue;
        *culprit = o.number;
        return false;
    }
    return true;
}

struct sally_coap_option_writer sally_coap_options_into(struct sally_buf *out)
{
    return (struct sally_coap_option_writer){ sally_writer_into(out), 0,
                                              false };
}

static unsigned nibble_of(size_t n)
{
    if (n < 13)
        return (unsigned)n;
    return n < 269 ? 13 : 14;
}

static void put_extended(struct sally_writer *w, size_t n)
{
    if (n >= 269)
        sally_put_u16(w, (uint16_t)(n - 269));
    else if (n >= 13)
        sally_put_u8(w, (uint8_t)(n - 13));
}

/* An option goes in whole or not at all: what was written before a failure
 * stays a well-formed list.                                                 */
void sally_coap_put_option(struct sally_coap_option_writer *w, uint16_t number,
                           struct sally_span value)
{
    size_t before = w->out.out->len;
    size_t delta = (size_t)number - w->last;

    if (number < w->last || value.len > UINT16_MAX) {
        w->out.failed = true;
        w->descended = w->descended || number < w->last;
    }
    if (w->out.failed)
        return;
    sally_put_u8(&w->out,
                 (uint8_t)(nibble_of(delta) << 4 | nibble_of(value.len)));
    put_extended(&w->out, delta);
    put_extended(&w->out, value.len);
    sally_put(&w->out, value);
    if (w->out.failed)
        w->out.out->len = before;
    else
        w->last = number;
}

void sally_coap_put_uint(struct sally_coap_option_writer *w, uint16_t number,
                         uint32_t value)
{
    uint8_t bytes[4];
    size_t width = 0;

    for (uint32_t left = value; left != 0; left >>= 8)
        width++;
    for (size_t i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> 8 * (width - 1 - i));
    sally_coap_put_option(w, number, (struct sally_span){ bytes, width });
}

enum sally_err sally_coap_options_end(const struct sally_coap_option_writer *w)
{
    return w->descended ? SALLY_E_BAD_STATE : sally_writer_end(&w->out);
}

void sally_coap_put_path(struct sally_coap_option_writer *w, uint16_t number,
                         const char *path)
{
    struct sally_cursor c = sally_cursor_over(sally_span_of(path));

    if (sally_peek_u8(&c) == '/')
        (void)sally_take_u8(&c);
    while (c.rest.len != 0)
        sally_coap_put_option(w, number, sally_take_until(&c, '/'));
}
