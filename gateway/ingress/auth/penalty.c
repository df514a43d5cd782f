/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/penalty.c - records of failures, least recent last. */
#include "ingress/auth/penalty.h"

#include "base/hashmap.h"

#include <stdlib.h>
#include <string.h>

enum whose { SOURCE, NETWORK, USER };

/* Whom a record is of: an address, the first half of an IPv6 one, or a user at
 * an address, by the keyed hash of the name, which is of any length.        */
struct key {
    uint8_t whose, family;
    uint8_t ip[16];
    uint8_t user[8];
};

struct record {
    struct sally_hashmap_node node;
    struct record *newer, *older;
    struct key key;
    bool used;
    unsigned failures, blocks; /* in the window; so far */
    sally_usec window, until, last; /* its start; of the block; last failure */
};

struct sally_penalties {
    struct sally_hashmap map;
    struct sally_hash_key seed;
    struct record ends; /* ends.older is the newest, ends.newer the oldest */
    struct record records[SALLY_PENALTY_RECORDS];
};

static void unlink_record(struct record *r)
{
    r->newer->older = r->older;
    r->older->newer = r->newer;
}

static void link_newest(struct sally_penalties *p, struct record *r)
{
    r->newer = &p->ends;
    r->older = p->ends.older;
    r->older->newer = r;
    p->ends.older = r;
}

enum sally_err sally_penalties_create(struct sally_penalties **out,
                                      struct sally_random random)
{
    struct sally_penalties *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return SALLY_E_NO_MEMORY;
    sally_random_fill(&random, &p->seed, sizeof(p->seed));
    if (sally_hashmap_init(&p->map, SALLY_PENALTY_RECORDS, p->seed) !=
        SALLY_E_OK) {
        free(p);
        return SALLY_E_NO_MEMORY;
    }
    p->ends.newer = p->ends.older = &p->ends;
    for (size_t i = 0; i < SALLY_PENALTY_RECORDS; i++)
        link_newest(p, &p->records[i]);
    *out = p;
    return SALLY_E_OK;
}

void sally_penalties_wipe(struct sally_penalties *p)
{
    if (p == NULL)
        return;
    sally_hashmap_wipe(&p->map);
    free(p);
}

static struct key key_of(const struct sally_auth_source *s, enum whose whose)
{
    struct sally_span ip = sally_auth_source_ip(s);
    struct key k = { .whose = (uint8_t)whose,
                     .family = ip.len == 4 ? 4 : 6 };

    memcpy(k.ip, ip.at, whose == NETWORK ? ip.len / 2 : ip.len);
    return k;
}

static struct key key_of_user(const struct sally_penalties *p,
                              const struct sally_auth_source *s,
                              struct sally_span user)
{
    struct key k = key_of(s, USER);
    uint64_t hash = sally_hash(&p->seed, user);

    memcpy(k.user, &hash, sizeof(hash));
    return k;
}

static bool has_network(const struct sally_auth_source *s)
{
    return sally_auth_source_ip(s).len != 4;
}

static struct sally_span span_of(const struct key *k)
{
    return (struct sally_span){ (const uint8_t *)k, sizeof(*k) };
}

static struct record *find(const struct sally_penalties *p, struct key k)
{
    struct sally_hashmap_node *n = sally_hashmap_find(&p->map, span_of(&k));

    return n == NULL ? NULL : SALLY_OWNER(n, struct record, node);
}

/* The record of `k`, made from the oldest one if there is none. */
static struct record *touch(struct sally_penalties *p, struct key k)
{
    struct record *r = find(p, k);

    if (r == NULL) {
        r = p->ends.newer;
        if (r->used)
            sally_hashmap_remove(&p->map, &r->node);
        r->failures = r->blocks = 0;
        r->window = r->until = r->last = 0;
        r->used = true;
        r->key = k;
        sally_hashmap_add(&p->map, &r->node, span_of(&r->key));
    }
    unlink_record(r);
    link_newest(p, r);
    return r;
}

static sally_usec block_length(unsigned blocks)
{
    sally_usec length = SALLY_PENALTY_FIRST_BLOCK;

    while (blocks-- > 0 && length < SALLY_PENALTY_LAST_BLOCK)
        length *= 2;
    return sally_earlier(length, SALLY_PENALTY_LAST_BLOCK);
}

static void count_failure(struct record *r, unsigned limit, sally_usec now)
{
    sally_usec quiet_from = r->until > r->last ? r->until : r->last;

    if (now >= sally_after(quiet_from, SALLY_PENALTY_LAST_BLOCK))
        r->blocks = r->failures = 0;
    if (r->failures == 0 ||
        now >= sally_after(r->window, SALLY_PENALTY_WINDOW)) {
        r->failures = 0;
        r->window = now;
    }
    r->last = now;
    if (++r->failures < limit)
        return;
    r->until = sally_after(now, block_length(r->blocks));
    r->blocks++;
    r->failures = 0;
}

static bool is_blocked(const struct record *r, sally_usec now)
{
    return r != NULL && now < r->until;
}

bool sally_penalties_blocked(struct sally_penalties *p,
                             const struct sally_auth_source *s,
                             struct sally_span user, sally_usec now)
{
    return is_blocked(find(p, key_of(s, SOURCE)), now) ||
           is_blocked(find(p, key_of_user(p, s, user)), now) ||
           (has_network(s) && is_blocked(find(p, key_of(s, NETWORK)), now));
}

void sally_penalties_failed(struct sally_penalties *p,
                            const struct sally_auth_source *s,
                            struct sally_span user, sally_usec now)
{
    count_failure(touch(p, key_of(s, SOURCE)), SALLY_PENALTY_FAILURES, now);
    count_failure(touch(p, key_of_user(p, s, user)), SALLY_PENALTY_FAILURES,
                  now);
    if (has_network(s))
        count_failure(touch(p, key_of(s, NETWORK)),
                      SALLY_PENALTY_NETWORK_FAILURES, now);
}

void sally_penalties_forgive(struct sally_penalties *p,
                             const struct sally_auth_source *s,
                             struct sally_span user)
{
    struct record *r = find(p, key_of_user(p, s, user));

    if (r != NULL)
        r->failures = r->blocks = 0;
}
