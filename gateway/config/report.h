/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/report.h - messages about a configuration that a person can
 * act on: the file, the line, the key, what was expected and what was found.
 *
 * All problems are reported in one run; nothing stops at the first.         */
#ifndef SALLY_CONFIG_REPORT_H
#define SALLY_CONFIG_REPORT_H

#include <libconfig.h>
#include <stdio.h>

#include "config/arena.h"

/* What everything that reads a part of the configuration works with. */
struct sally_reader {
    FILE *out;                 /* messages, one a line */
    unsigned bad;              /* how many so far */
    const char *file;          /* that the settings now read come from */
    struct sally_arena *arena; /* where text and arrays go */
};

/* FILE:LINE: KEY: TEXT. The line is that of `s`. */
void sally_complain(struct sally_reader *r, const config_setting_t *s,
                    const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* FILE:LINE: KEY: expected TEXT, got FOUND, where FOUND is the value of
 * `found`; "nothing" at the line of `group` when `found` is NULL.           */
void sally_expected(struct sally_reader *r, const config_setting_t *group,
                    const config_setting_t *found, const char *key,
                    const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The same for a place that is known as file and line only. */
void sally_complain_at(struct sally_reader *r, const char *file, unsigned line,
                       const char *key, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
