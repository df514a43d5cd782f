/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/bin.c - numbers at fixed places among bytes, as controllers
 * and radio modules send them; see config/selector.h.                       */
#include "config/selector.h"
#include "decoders/decoder.h"

#include <math.h>
#include <string.h>

/* A device whose payload has another length has another layout. */
static enum sally_err open_bin(struct sally_span payload,
                               const struct sally_config_map *map,
                               struct sally_decoder_state *out)
{
    if (payload.len > SALLY_DECODER_PAYLOAD_MAX ||
        (map->size != 0 && payload.len > map->size))
        return SALLY_E_TOO_LARGE;
    if (payload.len == 0 || payload.len < map->size)
        return SALLY_E_TRUNCATED;
    *out = (struct sally_decoder_state){ .payload = payload };
    return SALLY_E_OK;
}

/* The number of the n-th byte, the highest being 0, in what was sent. */
static size_t place_of(const struct sally_bin_selector *s, size_t n)
{
    switch (s->order) {
    case 'l': return s->width - 1 - n;
    case 's': return (s->width - 2 - n / 2 * 2) + n % 2;
    default: return n;
    }
}

static uint64_t take_bits(const struct sally_bin_selector *s, const uint8_t *at)
{
    uint64_t n = 0;

    for (size_t i = 0; i < s->width; i++)
        n = n << 8 | at[place_of(s, i)];
    return n;
}

static int64_t with_sign(uint64_t n, size_t width)
{
    uint64_t sign = UINT64_C(1) << (8 * width - 1);

    return (int64_t)((n ^ sign) - sign);
}

static enum sally_err take_real(uint64_t bits, size_t width,
                                struct sally_lwm2m_value *out)
{
    uint32_t single = (uint32_t)bits;
    double real;
    float f;

    if (width == sizeof(f)) {
        memcpy(&f, &single, sizeof(f));
        real = (double)f;
    } else {
        memcpy(&real, &bits, sizeof(real));
    }
    if (!isfinite(real))
        return SALLY_E_OUT_OF_RANGE;
    *out = sally_value_real(real);
    return SALLY_E_OK;
}

/* One bit is true or false, several are a number. */
static struct sally_lwm2m_value take_part(const struct sally_bin_selector *s,
                                          uint64_t n)
{
    unsigned count = (unsigned)(s->high - s->low) + 1;

    n >>= s->low;
    if (count < 64)
        n &= (UINT64_C(1) << count) - 1;
    return count == 1 ? sally_value_boolean(n != 0) : sally_value_unsigned(n);
}

static enum sally_err select_bin(const struct sally_decoder_state *state,
                                 const char *selector,
                                 struct sally_decoded *out)
{
    struct sally_bin_selector s;
    uint64_t n;

    if (!sally_bin_selector_parse(selector, &s) || s.width == 0 ||
        s.offset > state->payload.len ||
        s.width > state->payload.len - s.offset)
        return SALLY_E_NOT_FOUND;
    n = take_bits(&s, state->payload.at + s.offset);
    out->typed = true;
    if (s.part)
        out->value = take_part(&s, n);
    else if (s.kind == 'f')
        return take_real(n, s.width, &out->value);
    else if (s.kind == 'i')
        out->value = sally_value_integer(with_sign(n, s.width));
    else
        out->value = sally_value_unsigned(n);
    return SALLY_E_OK;
}

static void close_bin(struct sally_decoder_state *state)
{
    (void)state;
}

const struct sally_decoder sally_decoder_bin = { "bin", open_bin, select_bin,
                                                 close_bin };
