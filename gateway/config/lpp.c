/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/lpp.c - the types of LPP. Each code is that of an object of
 * LwM2M less 3200.                                                          */
#include "config/lpp.h"

#include <string.h>

#include "base/span.h"
#include "base/text.h"

#define ONE(width, sign, div) { { "", width, sign, div } }
#define AXES(div)                                                              \
    { { "x", 2, true, div }, { "y", 2, true, div }, { "z", 2, true, div } }

static const struct sally_lpp_type types[] = {
    { 0, "digital_input", ONE(1, false, 1) },
    { 1, "digital_output", ONE(1, false, 1) },
    { 2, "analog_input", ONE(2, true, 100) },
    { 3, "analog_output", ONE(2, true, 100) },
    { 100, "generic", ONE(4, false, 1) },
    { 101, "illuminance", ONE(2, false, 1) },
    { 102, "presence", ONE(1, false, 1) },
    { 103, "temperature", ONE(2, true, 10) },
    { 104, "humidity", ONE(1, false, 2) },
    { 113, "accelerometer", AXES(1000) },
    { 115, "barometer", ONE(2, false, 10) }, /* hPa */
    { 116, "voltage", ONE(2, false, 100) },
    { 117, "current", ONE(2, false, 1000) },
    { 118, "frequency", ONE(4, false, 1) },
    { 120, "percentage", ONE(1, false, 1) },
    { 121, "altitude", ONE(2, true, 1) },
    { 125, "concentration", ONE(2, false, 1) },
    { 128, "power", ONE(2, false, 1) },
    { 130, "distance", ONE(4, false, 1000) },
    { 131, "energy", ONE(4, false, 1000) }, /* kWh */
    { 132, "direction", ONE(2, false, 1) },
    { 133, "unix_time", ONE(4, false, 1) },
    { 134, "gyrometer", AXES(100) },
    { 135, "colour", { { "red", 1, false, 1 }, { "green", 1, false, 1 },
                       { "blue", 1, false, 1 } } },
    { 136, "gps", { { "latitude", 3, true, 10000 },
                    { "longitude", 3, true, 10000 },
                    { "altitude", 3, true, 100 } } },
    { 142, "switch", ONE(1, false, 1) },
};

const struct sally_lpp_type *sally_lpp_type_of(uint8_t code)
{
    for (size_t i = 0; i < SALLY_LEN(types); i++)
        if (types[i].code == code)
            return &types[i];
    return NULL;
}

size_t sally_lpp_size(const struct sally_lpp_type *type)
{
    size_t size = 0;

    for (size_t i = 0; i < SALLY_LPP_PARTS; i++)
        size += type->parts[i].width;
    return size;
}

static const struct sally_lpp_type *type_named(struct sally_span word)
{
    for (size_t i = 0; i < SALLY_LEN(types); i++)
        if (sally_span_is(word, types[i].word))
            return &types[i];
    return NULL;
}

static bool find_part(const struct sally_lpp_type *type, struct sally_span word,
                      size_t *out)
{
    for (size_t i = 0; i < SALLY_LPP_PARTS; i++)
        if (type->parts[i].width != 0 &&
            sally_span_is(word, type->parts[i].word)) {
            *out = i;
            return true;
        }
    return false;
}

bool sally_lpp_selector_parse(const char *text, struct sally_lpp_selector *out)
{
    const struct sally_span all = sally_span_of(text);
    const size_t channel = strcspn(text, ":");
    const size_t dot = strcspn(text, ".");
    uint64_t n = 0;

    if (channel == all.len || dot < channel || dot + 1 == all.len ||
        sally_text_uint(sally_span_sub(all, 0, channel), &n) != SALLY_E_OK ||
        n > UINT8_MAX)
        return false;
    out->channel = (uint8_t)n;
    out->type =
        type_named(sally_span_sub(all, channel + 1, dot - channel - 1));
    return out->type != NULL &&
           find_part(out->type, sally_span_sub(all, dot + 1, all.len),
                     &out->part);
}
