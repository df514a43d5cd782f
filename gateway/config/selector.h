/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/selector.h - what the selectors of some payload formats mean.
 *
 * They are read when the configuration is, so that an error names its line, and
 * for each message again, which costs less than to keep what they say.      */
#ifndef SALLY_CONFIG_SELECTOR_H
#define SALLY_CONFIG_SELECTOR_H

#include "config/config.h"

/* Whether `text` selects something in payloads of that format. */
bool sally_selector_fits(const char *text, enum sally_payload_format format);

/* True if no value is the payload as a whole. */
bool sally_selector_needed(enum sally_payload_format format);

/* What to expect, for messages; NULL where there are no selectors. */
const char *sally_selector_example(enum sally_payload_format format);

/* A number among bytes: OFFSET:TYPE, or OFFSET:TYPE.BIT, or
 * OFFSET:TYPE.LOW-HIGH for some bits of it, bit 0 being the least. TYPE is u, i
 * or f, the bits (8 to 64; 32 or 64 of f), and be, le or sw: the highest byte
 * first, the lowest first, or the lowest 16 bits first with each highest byte
 * first, as some Modbus devices have it. One byte needs none of these.      */
struct sally_bin_selector {
    size_t offset, width; /* bytes */
    char kind;            /* 'u', 'i', 'f' */
    char order;           /* 'b', 'l', 's' */
    bool part;            /* bits `low` to `high` only */
    uint8_t low, high;
};
bool sally_bin_selector_parse(const char *text, struct sally_bin_selector *out);

/* A column of a line, 0 and up. */
bool sally_csv_selector_parse(const char *text, size_t *column);

#endif
