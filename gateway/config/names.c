/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/names.c - a hash map from a name to its first owner. */
#include "config/names.h"

enum sally_err sally_names_init(struct sally_names *n,
                                struct sally_arena *scratch, size_t expected)
{
    /* The operator writes these names; no peer can aim for one bucket. */
    static const struct sally_hash_key seed = { { 0, 0 } };

    n->scratch = scratch;
    return sally_hashmap_init(&n->map, expected, seed);
}

const struct sally_name *sally_names_find(const struct sally_names *n,
                                          const char *name)
{
    struct sally_hashmap_node *node =
        sally_hashmap_find(&n->map, sally_span_of(name));

    return node == NULL ? NULL : SALLY_OWNER(node, struct sally_name, node);
}

const struct sally_name *sally_names_add(struct sally_names *n,
                                         const char *name, size_t number,
                                         const char *file, unsigned line)
{
    const struct sally_name *before = sally_names_find(n, name);
    struct sally_name *entry;

    if (before != NULL)
        return before;
    entry = sally_arena_take(n->scratch, 1, sizeof(*entry));
    if (entry == NULL)
        return NULL; /* the scratch arena remembers that */
    entry->number = number;
    entry->file = file;
    entry->line = line;
    sally_hashmap_add(&n->map, &entry->node, sally_span_of(name));
    return NULL;
}

void sally_names_wipe(struct sally_names *n) { sally_hashmap_wipe(&n->map); }
