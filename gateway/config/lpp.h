/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/lpp.h - the types of Cayenne's Low Power Payload, and what
 * selects among them.                                                       */
#ifndef SALLY_CONFIG_LPP_H
#define SALLY_CONFIG_LPP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SALLY_LPP_PARTS 3

/* One number: the highest byte first, in steps of 1 / `div`. */
struct sally_lpp_part {
    const char *word; /* "" where a type has one part */
    uint8_t width;    /* bytes; 0 behind the last part */
    bool sign;
    double div;
};

struct sally_lpp_type {
    uint8_t code;
    const char *word;
    struct sally_lpp_part parts[SALLY_LPP_PARTS];
};

/* NULL if there is none. */
const struct sally_lpp_type *sally_lpp_type_of(uint8_t code);

/* Bytes behind channel and type. */
size_t sally_lpp_size(const struct sally_lpp_type *type);

/* CHANNEL:TYPE, or CHANNEL:TYPE.PART where it has parts: `3:temperature`,
 * `1:gps.altitude`.                                                         */
struct sally_lpp_selector {
    uint8_t channel;
    const struct sally_lpp_type *type;
    size_t part;
};
bool sally_lpp_selector_parse(const char *text, struct sally_lpp_selector *out);

#endif
