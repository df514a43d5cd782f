/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/reference.h - every key that a file may hold, from the tables
 * that read them: for the manual and the operator.                          */
#ifndef SALLY_CONFIG_REFERENCE_H
#define SALLY_CONFIG_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

struct sally_reference_group {
    const char *name;
    const char *about; /* sentences in which `x` is a name */
};

#define SALLY_KIND_TEXT 512 /* bytes of what kind of value a key has */

struct sally_reference_key {
    const char *name;
    char kind[SALLY_KIND_TEXT]; /* "a whole number of sensors, 1 to 100000" */
    const char *fallback; /* as in a file but without quotes; NULL: none */
    bool must;            /* has to be given */
    const char *meaning;  /* in which `x` is a name */
};

/* Group `number`, counted from 0 in the manual's order; false past the end. */
bool sally_reference_group(size_t number, struct sally_reference_group *out);

/* Key `number` of that group; false past the end. Keys that this version
 * refuses are left out.                                                     */
bool sally_reference_key(size_t group, size_t number,
                         struct sally_reference_key *out);

#endif
