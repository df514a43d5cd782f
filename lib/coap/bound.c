/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/bound.c - bindings of observations, found by token. */
#include "coap/bound.h"

#include <string.h>

#define ENTRIES ((size_t)SALLY_BOUND_BLOCKS * SALLY_BOUND_BLOCK)

struct entry {
    struct sally_binding binding;
    uint32_t used; /* 0: free */
    uint8_t len;
    uint8_t token[SALLY_COAP_TOKEN_MAX];
};

struct sally_coap_bound_block {
    struct entry entry[SALLY_BOUND_BLOCK];
};

_Static_assert(sizeof(struct sally_coap_bound_block) <= SALLY_DATAGRAM_MAX,
               "it fits one block of the packets pool");

static struct entry *find(struct sally_coap_bound *b, struct sally_span token)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        struct sally_coap_bound_block *block = b->block[i / SALLY_BOUND_BLOCK];
        struct entry *e;

        if (block == NULL)
            return NULL;
        e = &block->entry[i % SALLY_BOUND_BLOCK];
        if (e->used != 0 &&
            sally_span_equal((struct sally_span){ e->token, e->len }, token))
            return e;
    }
    return NULL;
}

static bool take_block(struct sally_coap_bound *b, size_t i)
{
    if (b->block[i] != NULL)
        return true;
    b->block[i] = sally_pool_take(b->packets);
    if (b->block[i] != NULL)
        memset(b->block[i], 0, sizeof(*b->block[i]));
    return b->block[i] != NULL;
}

/* A free place, else the one that was not used for longest. */
static struct entry *place(struct sally_coap_bound *b)
{
    struct entry *oldest = NULL;

    for (size_t i = 0; i < ENTRIES; i++) {
        struct entry *e;

        if (!take_block(b, i / SALLY_BOUND_BLOCK))
            break;
        e = &b->block[i / SALLY_BOUND_BLOCK]->entry[i % SALLY_BOUND_BLOCK];
        if (e->used == 0)
            return e;
        if (oldest == NULL || e->used < oldest->used)
            oldest = e;
    }
    return oldest;
}

struct sally_binding *sally_coap_bound_find(struct sally_coap_bound *b,
                                            struct sally_span token)
{
    struct entry *e = find(b, token);

    if (e == NULL)
        return NULL;
    e->used = ++b->uses;
    return &e->binding;
}

struct sally_binding *sally_coap_bound_put(struct sally_coap_bound *b,
                                           struct sally_span token,
                                           const struct sally_binding *binding)
{
    struct entry *e = find(b, token);

    if (e == NULL)
        e = place(b);
    if (e == NULL || token.len > sizeof(e->token))
        return NULL;
    e->binding = *binding;
    e->used = ++b->uses;
    e->len = (uint8_t)token.len;
    if (token.len != 0)
        memcpy(e->token, token.at, token.len);
    return &e->binding;
}

void sally_coap_bound_drop(struct sally_coap_bound *b, struct sally_span token)
{
    struct entry *e = find(b, token);

    if (e != NULL)
        e->used = 0;
}

void sally_coap_bound_wipe(struct sally_coap_bound *b)
{
    for (size_t i = 0; i < SALLY_BOUND_BLOCKS; i++) {
        sally_pool_give(b->packets, b->block[i]);
        b->block[i] = NULL;
    }
}
