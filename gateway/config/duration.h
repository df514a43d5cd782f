/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/duration.h - times with a unit: "250ms", "10s", "24h". */
#ifndef SALLY_CONFIG_DURATION_H
#define SALLY_CONFIG_DURATION_H

#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

#define SALLY_DURATION_TEXT 24

/* A whole number and one of ms, s, m, h, d; to milliseconds. MALFORMED,
 * OUT_OF_RANGE beyond ten thousand days.                                    */
enum sally_err sally_duration_parse(struct sally_span text,
                                    uint64_t *ms) SALLY_MUST_USE;

/* The shortest exact form; returns `out`. */
const char *sally_duration_text(uint64_t ms, char out[SALLY_DURATION_TEXT]);

#endif
