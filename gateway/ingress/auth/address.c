/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/address.c - claims of sensors on addresses, and whom a
 * source is.                                                                */
#include "ingress/auth/address.h"

#include "base/hashmap.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define IP_BYTES 16
#define MAC_BYTES 6

/* One `address` entry. It stands under its IP address, else under its MAC,
 * else in the list of those that name an interface only. Claims of the same
 * key hang behind the first one.                                            */
struct claim {
    struct sally_hashmap_node node;
    struct claim *next;
    const struct sally_config_auth *auth;
    uint32_t sensor;
    uint8_t key[IP_BYTES];
    size_t key_len; /* 4 or 16: IP; 6: MAC; 0: interface only */
};

struct sally_auth_addresses {
    const struct sally_config *config;
    const struct sally_auth_system *system;
    struct claim *claims; /* owned */
    size_t count;
    struct sally_hashmap by_key; /* IP and MAC: told apart by their length */
    struct claim *by_interface;
    bool has_macs; /* some claim stands under a MAC */
};

static size_t count_claims(const struct sally_config *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->sensor_count; i++)
        for (size_t j = 0; j < c->sensors[i].auth_count; j++)
            n += c->sensors[i].auth[j].method == SALLY_AUTH_ADDRESS;
    return n;
}

/* 4 or 16 bytes; 0 if the text is no address, which then fits nobody. */
static size_t parse_ip(const char *text, uint8_t out[IP_BYTES])
{
    if (inet_pton(AF_INET, text, out) == 1)
        return 4;
    return inet_pton(AF_INET6, text, out) == 1 ? IP_BYTES : 0;
}

static void hang(struct sally_auth_addresses *a, struct claim *c)
{
    struct sally_span key = { c->key, c->key_len };
    struct sally_hashmap_node *first = sally_hashmap_find(&a->by_key, key);
    struct claim *other;

    if (first == NULL) {
        sally_hashmap_add(&a->by_key, &c->node, key);
        return;
    }
    other = SALLY_OWNER(first, struct claim, node);
    c->next = other->next;
    other->next = c;
}

static void add_claim(struct sally_auth_addresses *a, struct claim *c)
{
    if (c->auth->ip[0] != '\0') {
        c->key_len = parse_ip(c->auth->ip, c->key);
        if (c->key_len != 0)
            hang(a, c);
        return;
    }
    if (c->auth->has_mac) {
        memcpy(c->key, c->auth->mac, MAC_BYTES);
        c->key_len = MAC_BYTES;
        a->has_macs = true;
        hang(a, c);
        return;
    }
    if (c->auth->interface[0] == '\0')
        return; /* names nothing: fits nobody */
    c->next = a->by_interface;
    a->by_interface = c;
}

static void add_sensor(struct sally_auth_addresses *a, uint32_t sensor)
{
    const struct sally_config_sensor *s = &a->config->sensors[sensor];

    for (size_t i = 0; i < s->auth_count; i++) {
        struct claim *c = &a->claims[a->count];

        if (s->auth[i].method != SALLY_AUTH_ADDRESS)
            continue;
        c->auth = &s->auth[i];
        c->sensor = sensor;
        a->count++;
        add_claim(a, c);
    }
}

enum sally_err sally_auth_addresses_create(
    struct sally_auth_addresses **out, const struct sally_config *c,
    const struct sally_auth_system *system, struct sally_hash_key seed)
{
    struct sally_auth_addresses *a = calloc(1, sizeof(*a));
    size_t n = count_claims(c);

    if (a == NULL)
        return SALLY_E_NO_MEMORY;
    a->config = c;
    a->system = system;
    a->claims = calloc(n + 1, sizeof(*a->claims));
    if (a->claims == NULL ||
        sally_hashmap_init(&a->by_key, n + 1, seed) != SALLY_E_OK) {
        sally_auth_addresses_wipe(a);
        return SALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < c->sensor_count; i++)
        add_sensor(a, (uint32_t)i);
    *out = a;
    return SALLY_E_OK;
}

void sally_auth_addresses_wipe(struct sally_auth_addresses *a)
{
    if (a == NULL)
        return;
    sally_hashmap_wipe(&a->by_key);
    free(a->claims);
    free(a);
}

struct sally_span sally_auth_source_ip(const struct sally_auth_source *s)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0,    0,
                                        0, 0, 0, 0, 0xff, 0xff };
    struct sally_span ip = { s->ip, s->family == 4 ? 4 : IP_BYTES };

    if (ip.len == IP_BYTES && memcmp(s->ip, mapped, sizeof(mapped)) == 0)
        return sally_span_sub(ip, sizeof(mapped), 4);
    return ip;
}

static bool interface_fits(const struct sally_auth_addresses *a,
                           const struct sally_config_auth *auth,
                           const struct sally_auth_source *s)
{
    uint32_t index;

    if (auth->interface[0] == '\0')
        return true;
    index = a->system->interface_index(a->system->owner, auth->interface);
    return index != 0 && index == s->interface;
}

static bool mac_fits(const struct sally_auth_addresses *a,
                     const struct sally_config_auth *auth,
                     const struct sally_auth_source *s)
{
    uint8_t mac[MAC_BYTES];

    return !auth->has_mac ||
           (a->system->mac_of(a->system->owner, s, mac) &&
            memcmp(mac, auth->mac, sizeof(mac)) == 0);
}

/* All that the entry names; one that names nothing fits nobody. The MAC comes
 * last: it is the only one that asks the system for something slow.         */
static bool entry_fits(const struct sally_auth_addresses *a,
                       const struct sally_config_auth *auth,
                       const struct sally_auth_source *s)
{
    uint8_t ip[IP_BYTES];
    struct sally_span want = { ip, 0 };

    if (auth->ip[0] == '\0' && auth->interface[0] == '\0' && !auth->has_mac)
        return false;
    if (auth->ip[0] != '\0') {
        want.len = parse_ip(auth->ip, ip);
        if (want.len == 0 || !sally_span_equal(want, sally_auth_source_ip(s)))
            return false;
    }
    return interface_fits(a, auth, s) && mac_fits(a, auth, s);
}

bool sally_auth_address_fits(const struct sally_auth_addresses *a,
                             uint32_t sensor,
                             const struct sally_auth_source *s)
{
    const struct sally_config_sensor *c;

    if (sensor >= a->config->sensor_count)
        return false;
    c = &a->config->sensors[sensor];
    for (size_t i = 0; i < c->auth_count; i++)
        if (c->auth[i].method == SALLY_AUTH_ADDRESS &&
            entry_fits(a, &c->auth[i], s))
            return true;
    return false;
}

/* `require = "all"`: nothing but addresses is asked for, and all fit. */
static bool all_fit(const struct sally_auth_addresses *a,
                    const struct sally_config_sensor *c,
                    const struct sally_auth_source *s)
{
    for (size_t i = 0; i < c->auth_count; i++)
        if (c->auth[i].method != SALLY_AUTH_ADDRESS ||
            !entry_fits(a, &c->auth[i], s))
            return false;
    return c->auth_count != 0;
}

static bool is_enough(const struct sally_auth_addresses *a,
                      const struct claim *c, const struct sally_auth_source *s)
{
    const struct sally_config_sensor *sensor = &a->config->sensors[c->sensor];

    if (!sensor->accept_weak &&
        a->config->min_assurance > SALLY_ASSURANCE_WEAK)
        return false;
    if (sensor->require == SALLY_REQUIRE_ANY)
        return entry_fits(a, c->auth, s);
    return all_fit(a, sensor, s);
}

/* Whom the claims of one list make of the source: nobody yet, one sensor, or
 * several, which is nobody for good.                                        */
struct answer {
    uint32_t sensor;
    bool found, several;
};

static void ask_list(const struct sally_auth_addresses *a,
                     const struct claim *list,
                     const struct sally_auth_source *s, struct answer *out)
{
    for (const struct claim *c = list; c != NULL; c = c->next) {
        if (!is_enough(a, c, s))
            continue;
        out->several = out->several || (out->found && out->sensor != c->sensor);
        out->found = true;
        out->sensor = c->sensor;
    }
}

static void ask_key(const struct sally_auth_addresses *a, struct sally_span key,
                    const struct sally_auth_source *s, struct answer *out)
{
    struct sally_hashmap_node *n = sally_hashmap_find(&a->by_key, key);

    if (n != NULL)
        ask_list(a, SALLY_OWNER(n, struct claim, node), s, out);
}

/* Fails closed: a source that could be two sensors is none. */
bool sally_auth_address_alone(const struct sally_auth_addresses *a,
                              const struct sally_auth_source *s,
                              uint32_t *sensor)
{
    struct answer got = { .found = false };
    uint8_t mac[MAC_BYTES];

    ask_key(a, sally_auth_source_ip(s), s, &got);
    if (a->has_macs && a->system->mac_of(a->system->owner, s, mac))
        ask_key(a, (struct sally_span){ mac, sizeof(mac) }, s, &got);
    ask_list(a, a->by_interface, s, &got);
    if (!got.found || got.several)
        return false;
    *sensor = got.sensor;
    return true;
}
