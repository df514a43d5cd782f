/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/hashmap.c - chained buckets over embedded nodes. */
#include "base/hashmap.h"

#include <stdlib.h>

static size_t buckets_for(size_t expected)
{
    size_t buckets = 16;

    while (buckets < expected && buckets < ((size_t)1 << 24))
        buckets *= 2;
    return buckets;
}

enum sally_err sally_hashmap_init(struct sally_hashmap *m, size_t expected,
                                  struct sally_hash_key seed)
{
    size_t buckets = buckets_for(expected);

    *m = (struct sally_hashmap){ .seed = seed };
    m->buckets = calloc(buckets, sizeof(struct sally_hashmap_node *));
    if (m->buckets == NULL)
        return SALLY_E_NO_MEMORY;
    m->mask = buckets - 1;
    return SALLY_E_OK;
}

static void put(struct sally_hashmap *m, struct sally_hashmap_node *node)
{
    struct sally_hashmap_node **bucket = &m->buckets[node->hash & m->mask];

    node->next = *bucket;
    *bucket = node;
}

enum sally_err sally_hashmap_grow(struct sally_hashmap *m, size_t expected)
{
    const struct sally_hashmap old = *m;
    size_t buckets = buckets_for(expected);

    if (buckets <= m->mask + 1)
        return SALLY_E_OK;
    m->buckets = calloc(buckets, sizeof(struct sally_hashmap_node *));
    if (m->buckets == NULL) {
        m->buckets = old.buckets;
        return SALLY_E_NO_MEMORY;
    }
    m->mask = buckets - 1;
    for (size_t i = 0; i <= old.mask; i++) {
        struct sally_hashmap_node *next;

        for (struct sally_hashmap_node *n = old.buckets[i]; n != NULL;
             n = next) {
            next = n->next;
            put(m, n);
        }
    }
    free(old.buckets);
    return SALLY_E_OK;
}

struct sally_hashmap_node *sally_hashmap_find(const struct sally_hashmap *m,
                                              struct sally_span key)
{
    uint64_t hash = sally_hash(&m->seed, key);

    for (struct sally_hashmap_node *n = m->buckets[hash & m->mask]; n != NULL;
         n = n->next)
        if (n->hash == hash && sally_span_equal(n->key, key))
            return n;
    return NULL;
}

void sally_hashmap_add(struct sally_hashmap *m, struct sally_hashmap_node *node,
                       struct sally_span key)
{
    node->key = key;
    node->hash = sally_hash(&m->seed, key);
    put(m, node);
    m->count++;
}

void sally_hashmap_remove(struct sally_hashmap *m,
                          struct sally_hashmap_node *node)
{
    struct sally_hashmap_node **link = &m->buckets[node->hash & m->mask];

    while (*link != NULL && *link != node)
        link = &(*link)->next;
    if (*link == NULL)
        return;
    *link = node->next;
    m->count--;
}

void sally_hashmap_wipe(struct sally_hashmap *m)
{
    free(m->buckets);
    *m = (struct sally_hashmap){ .buckets = NULL };
}
