/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/names.h - which names were used already, and by what.
 *
 * Lives only while a configuration is being checked.                        */
#ifndef SALLY_CONFIG_NAMES_H
#define SALLY_CONFIG_NAMES_H

#include "base/hashmap.h"
#include "config/arena.h"

struct sally_names {
    struct sally_hashmap map;
    struct sally_arena *scratch; /* borrowed; holds the entries */
};

struct sally_name {
    struct sally_hashmap_node node;
    size_t number;    /* of the owner, as it was added */
    const char *file; /* where the owner stands */
    unsigned line;
};

/* Room for about `expected` names; more still fit. NO_MEMORY. */
enum sally_err sally_names_init(struct sally_names *n,
                                struct sally_arena *scratch,
                                size_t expected) SALLY_MUST_USE;

/* NULL if the name is not in. */
const struct sally_name *sally_names_find(const struct sally_names *n,
                                          const char *name);

/* Adds the name, which must live as long as `n`. Gives the entry that had it
 * before, and then adds nothing; NULL if the name was free.                 */
const struct sally_name *sally_names_add(struct sally_names *n,
                                         const char *name, size_t number,
                                         const char *file, unsigned line);

void sally_names_wipe(struct sally_names *n);

#endif
