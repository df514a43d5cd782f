/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/units.c - the names of units. */
#include "config/units.h"

#include <stddef.h>
#include <string.h>

#include "base/span.h"

/* clang-format off */
static const char *const units[] = {
    /* RFC 8428 and later additions to the registry */
    "m", "kg", "g", "s", "A", "K", "cd", "mol", "Hz", "rad", "sr", "N", "Pa",
    "J", "W", "C", "V", "F", "Ohm", "S", "Wb", "T", "H", "Cel", "lm", "lx",
    "Bq", "Gy", "Sv", "kat", "m2", "m3", "l", "m/s", "m/s2", "m3/s", "l/s",
    "W/m2", "cd/m2", "bit", "bit/s", "lat", "lon", "pH", "dB", "dBW", "Bspl",
    "count", "/", "%", "%RH", "%EL", "EL", "1/s", "1/min", "beat/min",
    "beats", "S/m", "B", "VA", "VAs", "var", "vars", "J/m", "kg/m3", "deg",
    "NTU",
    /* RFC 8798 */
    "ms", "min", "h", "MHz", "kW", "kVA", "kvar", "Ah", "Wh", "kWh", "varh",
    "kvarh", "kVAh", "Wh/km", "KiB", "GB", "Mbit/s", "B/s", "MB/s", "mV",
    "mA", "dBm", "ug/m3", "mm/h", "m/h", "ppm", "/100", "/1000", "hPa", "mm",
    "cm", "km", "km/h",
};
/* clang-format on */

static const struct slip {
    const char *written, *meant;
} slips[] = {
    { "degC", "Cel" },    { "\302\260C", "Cel" }, /* with a degree sign */
    { "celsius", "Cel" }, { "Celsius", "Cel" },   { "percent", "%" },
    { "lux", "lx" },      { "bar", "Pa" },        { "mbar", "hPa" },
    { "kwh", "kWh" },     { "kPa", "Pa" },        { "volt", "V" },
    { "watt", "W" },      { "dBM", "dBm" },       { "%rh", "%RH" },
    { "sec", "s" },
};

bool sally_unit_is_known(const char *unit)
{
    for (size_t i = 0; i < SALLY_LEN(units); i++)
        if (strcmp(units[i], unit) == 0)
            return true;
    return false;
}

const char *sally_unit_meant(const char *unit)
{
    for (size_t i = 0; i < SALLY_LEN(slips); i++)
        if (strcmp(slips[i].written, unit) == 0)
            return slips[i].meant;
    return NULL;
}
