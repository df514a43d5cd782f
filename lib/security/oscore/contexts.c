/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/contexts.c - the keys of all clients of a server, by kid.
 *
 * Keys are derived once for each account, when its first message comes; a
 * message with a kid that no account has costs a look-up and no derivation. */
#include "security/oscore/state.h"

#include <stdlib.h>

#define SAME_KID_MAX 4

_Static_assert(SALLY_OSCORE_TOKENS <= UINT8_MAX, "they fit");

enum sally_err sally_object_contexts_make(struct sally_object_contexts **out,
                                          size_t max,
                                          struct sally_random random)
{
    struct sally_object_contexts *t = calloc(1, sizeof(*t));
    struct sally_hash_key seed;

    if (t == NULL)
        return SALLY_E_NO_MEMORY;
    t->random = random;
    t->max = max < UINT16_MAX ? max : UINT16_MAX;
    t->peers = calloc(t->max + 1, sizeof(*t->peers));
    sally_random_fill(&random, &seed, sizeof(seed));
    if (t->peers == NULL ||
        sally_hashmap_init(&t->by_kid, t->max, seed) != SALLY_E_OK) {
        free(t->peers);
        free(t);
        return SALLY_E_NO_MEMORY;
    }
    *out = t;
    return SALLY_E_OK;
}

void sally_object_contexts_free(struct sally_object_contexts *t)
{
    if (t == NULL)
        return;
    sally_hashmap_wipe(&t->by_kid);
    sally_wipe(t->peers, t->max * sizeof(*t->peers));
    free(t->peers);
    free(t);
}

struct sally_oscore_peer *
sally_oscore_peer_first(const struct sally_object_contexts *t,
                        struct sally_span kid)
{
    struct sally_hashmap_node *node = sally_hashmap_find(&t->by_kid, kid);

    return node == NULL ? NULL
                        : SALLY_OWNER(node, struct sally_oscore_peer, node);
}

static size_t count_of(const struct sally_oscore_peer *p)
{
    size_t n = 0;

    for (; p != NULL; p = p->same)
        n++;
    return n;
}

enum sally_err sally_oscore_peer_add(struct sally_object_contexts *t,
                                     const struct sally_credential *credential,
                                     struct sally_oscore_peer **out)
{
    const struct sally_oscore_parts *parts = credential->oscore;
    struct sally_oscore_peer *p = &t->peers[t->count], *first;
    enum sally_err e;

    if (parts == NULL)
        return SALLY_E_NO_CREDENTIAL;
    first = sally_oscore_peer_first(t, parts->sender_id);
    if (t->count == t->max || count_of(first) >= SAME_KID_MAX)
        return SALLY_E_NO_ROOM;
    sally_random_fill(&t->random, p->key, sizeof(p->key));
    e = sally_oscore_derive(&p->context, parts, true, parts->id_context,
                            parts->has_id_context);
    if (e != SALLY_E_OK)
        return e;
    p->credential = credential;
    p->begun = SALLY_OSCORE_TOKENS;
    p->index = (uint16_t)t->count++;
    if (first != NULL) {
        p->same = first->same;
        first->same = p;
    } else {
        sally_hashmap_add(&t->by_kid, &p->node, parts->sender_id);
    }
    *out = p;
    return SALLY_E_OK;
}

bool sally_oscore_peer_begins(struct sally_oscore_peer *p, sally_usec now)
{
    const sally_usec each = SALLY_SEC / SALLY_OSCORE_TOKENS_PER_SECOND;

    while (p->begun < SALLY_OSCORE_TOKENS && now >= p->begun_at + each) {
        p->begun_at += each;
        p->begun++;
    }
    if (p->begun == SALLY_OSCORE_TOKENS)
        p->begun_at = now;
    if (p->begun == 0)
        return false;
    p->begun--;
    return true;
}
