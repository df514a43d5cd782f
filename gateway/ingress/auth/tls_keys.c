/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/tls_keys.c - identities, common names and keys. */
#include "ingress/auth/tls_keys.h"

#include "base/hashmap.h"

#include <stdlib.h>

/* One proof of a sensor; which of both maps it is in tells its method. */
struct name {
    struct sally_hashmap_node node;
    uint32_t sensor;
    struct sally_secret *key; /* owned, of a PSK; NULL: it did not come */
};

struct sally_tls_keys {
    const struct sally_config *config;
    struct sally_hashmap psks, certificates;
    struct name *names; /* owned */
    size_t count;
    struct sally_local_tls own;
};

static bool is_ours(const struct sally_config_auth *a)
{
    return a->method == SALLY_AUTH_PSK || a->method == SALLY_AUTH_CERTIFICATE;
}

static size_t count_names(const struct sally_config *c)
{
    size_t count = 0;

    for (size_t i = 0; i < c->sensor_count; i++)
        for (size_t k = 0; k < c->sensors[i].auth_count; k++)
            count += is_ours(&c->sensors[i].auth[k]);
    return count;
}

static struct sally_hashmap *map_of(struct sally_tls_keys *k,
                                    enum sally_auth_method m)
{
    return m == SALLY_AUTH_PSK ? &k->psks : &k->certificates;
}

static void add(struct sally_tls_keys *k, uint32_t sensor,
                const struct sally_config_auth *a)
{
    struct name *n = &k->names[k->count++];

    n->sensor = sensor;
    sally_hashmap_add(map_of(k, a->method), &n->node,
                      sally_span_of(a->username));
}

static void add_all(struct sally_tls_keys *k)
{
    const struct sally_config *c = k->config;

    for (uint32_t i = 0; i < c->sensor_count; i++)
        for (uint32_t j = 0; j < c->sensors[i].auth_count; j++)
            if (is_ours(&c->sensors[i].auth[j]))
                add(k, i, &c->sensors[i].auth[j]);
}

enum sally_err sally_tls_keys_create(struct sally_tls_keys **out,
                                     const struct sally_config *c,
                                     const struct sally_random *random)
{
    struct sally_tls_keys *k = calloc(1, sizeof(*k));
    size_t count = count_names(c);
    struct sally_hash_key seed;
    enum sally_err e = SALLY_E_NO_MEMORY;

    if (k == NULL)
        return SALLY_E_NO_MEMORY;
    sally_random_fill(random, &seed, sizeof(seed));
    k->config = c;
    k->names = calloc(count + 1, sizeof(*k->names));
    if (k->names != NULL)
        e = sally_hashmap_init(&k->psks, count, seed);
    if (e == SALLY_E_OK)
        e = sally_hashmap_init(&k->certificates, count, seed);
    if (e != SALLY_E_OK) {
        sally_tls_keys_wipe(k);
        return e;
    }
    add_all(k);
    *out = k;
    return SALLY_E_OK;
}

void sally_tls_keys_wipe(struct sally_tls_keys *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < k->count; i++)
        if (k->names[i].key != NULL) {
            sally_secret_wipe(k->names[i].key);
            free(k->names[i].key);
        }
    sally_hashmap_wipe(&k->psks);
    sally_hashmap_wipe(&k->certificates);
    sally_local_tls_wipe(&k->own);
    free(k->names);
    free(k);
}

static struct name *find(const struct sally_hashmap *map,
                         struct sally_span name)
{
    struct sally_hashmap_node *n = sally_hashmap_find(map, name);

    return n == NULL ? NULL : SALLY_OWNER(n, struct name, node);
}

static enum sally_err take_psk(struct name *n, struct sally_span parts)
{
    struct sally_span bytes;
    unsigned kind;

    if (!sally_keyring_take(&parts, &kind, &bytes) ||
        kind != SALLY_FIELD_SECRET_KEY || parts.len != 0 || n->key != NULL)
        return SALLY_E_MALFORMED;
    n->key = calloc(1, sizeof(*n->key));
    if (n->key == NULL)
        return SALLY_E_NO_MEMORY;
    return sally_secret_set(n->key, bytes);
}

enum sally_err sally_tls_keys_take(struct sally_tls_keys *k,
                                   const struct sally_keyring_entry *entry)
{
    const struct sally_config_sensor *s;
    const char *at;
    struct name *n;

    if (entry->sensor == SALLY_KEYRING_DOOR)
        return sally_local_tls_make(&k->own, entry->parts, &at);
    if (entry->sensor >= k->config->sensor_count)
        return SALLY_E_MALFORMED;
    s = &k->config->sensors[entry->sensor];
    if (entry->account >= s->auth_count)
        return SALLY_E_MALFORMED;
    n = find(&k->psks, sally_span_of(s->auth[entry->account].username));
    return n == NULL || n->sensor != entry->sensor
               ? SALLY_E_MALFORMED
               : take_psk(n, entry->parts);
}

uint32_t sally_tls_keys_sensor(const struct sally_tls_keys *k,
                               enum sally_auth_method method,
                               struct sally_span name)
{
    const struct name *n = find(
        method == SALLY_AUTH_PSK ? &k->psks : &k->certificates, name);

    return n == NULL ? UINT32_MAX : n->sensor;
}

enum sally_err sally_tls_keys_psk(const struct sally_tls_keys *k,
                                  struct sally_span identity,
                                  struct sally_secret *key)
{
    const struct name *n = find(&k->psks, identity);

    if (n == NULL || n->key == NULL)
        return SALLY_E_NOT_FOUND;
    *key = *n->key;
    return SALLY_E_OK;
}

const struct sally_credential *
sally_tls_keys_own(const struct sally_tls_keys *k)
{
    return &k->own.own;
}

bool sally_tls_keys_trust_same(const struct sally_tls_keys *a,
                               const struct sally_tls_keys *b)
{
    static const struct sally_hash_key any;

    return sally_trust_digest(a->own.trust, &any) ==
           sally_trust_digest(b->own.trust, &any);
}
