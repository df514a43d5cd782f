/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/addresses.c - finds sensors that an address cannot tell
 * apart.                                                                    */
#include "config/sensor_draft.h"

#include <stdlib.h>
#include <string.h>

/* One `address` proof with its owner. */
struct claim {
    const struct sally_config_sensor *sensor;
    const struct sally_config_auth *auth;
};

static int by_ip(const void *a, const void *b)
{
    const struct claim *left = a, *right = b;

    return strcmp(left->auth->ip, right->auth->ip);
}

static int by_mac(const void *a, const void *b)
{
    const struct claim *left = a, *right = b;

    return memcmp(left->auth->mac, right->auth->mac, 6);
}

/* Two texts that a peer can match both: equal, or one says nothing. */
static bool overlap(const char *a, const char *b)
{
    return a[0] == '\0' || b[0] == '\0' || strcmp(a, b) == 0;
}

/* True if one peer could be both: nothing that both name differs. */
static bool ambiguous(const struct claim *a, const struct claim *b)
{
    return a->sensor != b->sensor &&
           overlap(a->auth->interface, b->auth->interface) &&
           overlap(a->auth->ip, b->auth->ip) &&
           (!a->auth->has_mac || !b->auth->has_mac ||
            memcmp(a->auth->mac, b->auth->mac, 6) == 0);
}

static void complain(struct sally_loader *l, const struct claim *a,
                     const struct claim *b, const char *key)
{
    sally_complain_at(&l->reader, b->sensor->file, b->auth->line, key,
                      "expected an address that sensor \"%s\" (%s:%u) does "
                      "not have",
                      a->sensor->id, a->sensor->file, a->auth->line);
}

/* Sorted by one field, sensors that share it stand together. */
static void check_runs(struct sally_loader *l, struct claim *claims,
                       size_t count, int (*order)(const void *, const void *),
                       const char *key)
{
    if (count == 0)
        return;
    qsort(claims, count, sizeof(*claims), order);
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0; j--) {
            if (order(&claims[j - 1], &claims[i]) != 0)
                break;
            if (ambiguous(&claims[j - 1], &claims[i])) {
                complain(l, &claims[j - 1], &claims[i], key);
                break;
            }
        }
}

static size_t collect(const struct sally_config *c, struct claim *claims,
                      bool with_mac)
{
    size_t count = 0;

    for (size_t i = 0; i < c->sensor_count; i++)
        for (size_t j = 0; j < c->sensors[i].auth_count; j++) {
            const struct sally_config_auth *a = &c->sensors[i].auth[j];

            if (a->method != SALLY_AUTH_ADDRESS ||
                !(with_mac ? a->has_mac : a->ip[0] != '\0'))
                continue;
            if (claims != NULL)
                claims[count] = (struct claim){ &c->sensors[i], a };
            count++;
        }
    return count;
}

void sally_auth_check_addresses(struct sally_loader *l)
{
    size_t ips = collect(l->out, NULL, false);
    size_t macs = collect(l->out, NULL, true);
    struct claim *claims =
        sally_arena_take(&l->scratch, ips > macs ? ips : macs, sizeof(*claims));

    if (claims == NULL)
        return;
    collect(l->out, claims, false);
    check_runs(l, claims, ips, by_ip, "ip");
    collect(l->out, claims, true);
    check_runs(l, claims, macs, by_mac, "mac");
}
