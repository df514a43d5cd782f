/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/lpp.c - Cayenne's Low Power Payload, of LoRaWAN devices: a
 * channel, a type, and what a value of that type takes, again and again. Behind
 * a type that is not known nothing can be read: such a payload is refused.  */
#include "config/lpp.h"

#include "base/cursor.h"
#include "decoders/decoder.h"

/* Takes a value with what stands before it; false at the end. */
static bool take_value(struct sally_cursor *c, uint8_t *channel,
                       const struct sally_lpp_type **type,
                       struct sally_span *value)
{
    *channel = sally_take_u8(c);
    *type = sally_lpp_type_of(sally_take_u8(c));
    if (c->failed || *type == NULL)
        return false;
    *value = sally_take(c, sally_lpp_size(*type));
    return !c->failed;
}

static enum sally_err open_lpp(struct sally_span payload,
                               const struct sally_config_map *map,
                               struct sally_decoder_state *out)
{
    struct sally_cursor c = sally_cursor_over(payload);
    const struct sally_lpp_type *type = NULL;
    struct sally_span value;
    uint8_t channel;

    (void)map;
    if (payload.len > SALLY_DECODER_PAYLOAD_MAX)
        return SALLY_E_TOO_LARGE;
    if (payload.len == 0)
        return SALLY_E_TRUNCATED;
    while (c.rest.len != 0)
        if (!take_value(&c, &channel, &type, &value))
            return c.failed ? SALLY_E_TRUNCATED : SALLY_E_MALFORMED;
    *out = (struct sally_decoder_state){ .payload = payload };
    return SALLY_E_OK;
}

/* Widths are 1 to 4 bytes. */
static struct sally_lwm2m_value number_of(const struct sally_lpp_part *part,
                                          uint64_t bits)
{
    const int64_t above = INT64_C(1) << (8 * part->width);
    int64_t n = (int64_t)bits;

    if (part->sign && n >= above / 2)
        n -= above;
    return part->div > 1 ? sally_value_real((double)n / part->div)
                         : sally_value_integer(n);
}

static struct sally_lwm2m_value take_part(struct sally_span value,
                                          const struct sally_lpp_type *type,
                                          size_t part)
{
    struct sally_cursor c = sally_cursor_over(value);

    for (size_t i = 0; i < part; i++)
        (void)sally_take(&c, type->parts[i].width);
    return number_of(&type->parts[part],
                     sally_take_uint(&c, type->parts[part].width));
}

/* The first of that channel and type counts. */
static enum sally_err select_lpp(const struct sally_decoder_state *state,
                                 const char *selector,
                                 struct sally_decoded *out)
{
    struct sally_cursor c = sally_cursor_over(state->payload);
    const struct sally_lpp_type *type = NULL;
    struct sally_lpp_selector s;
    struct sally_span value;
    uint8_t channel;

    if (!sally_lpp_selector_parse(selector, &s))
        return SALLY_E_NOT_FOUND;
    while (c.rest.len != 0 && take_value(&c, &channel, &type, &value)) {
        if (channel != s.channel || type != s.type)
            continue;
        out->value = take_part(value, type, s.part);
        out->typed = true;
        return SALLY_E_OK;
    }
    return SALLY_E_NOT_FOUND;
}

static void close_lpp(struct sally_decoder_state *state)
{
    (void)state;
}

const struct sally_decoder sally_decoder_lpp = { "lpp", open_lpp, select_lpp,
                                                 close_lpp };
