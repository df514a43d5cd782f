/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/fingerprint.c - a hash over settings, from the leaves up. */
#include "config/fingerprint.h"

#include <string.h>

#include "base/hash.h"

#define SALT UINT64_C(0x73616c6c79706f72)
#define ABSENT 255 /* no type of libconfig */

/* The format goes down seven levels; deeper settings are refused by name. */
#define LEVELS 16

/* A group, list or array whose members are being folded in. */
struct level {
    const config_setting_t *setting;
    unsigned next;
    uint64_t sum;
};

uint64_t sally_fingerprint_bytes(uint64_t before, struct sally_span bytes)
{
    const struct sally_hash_key key = { { before, SALT } };

    return sally_hash(&key, bytes);
}

uint64_t sally_fingerprint_number(uint64_t before, uint64_t number)
{
    return sally_fingerprint_bytes(
        before, (struct sally_span){ (const uint8_t *)&number,
                                     sizeof(number) });
}

static uint64_t value_of(const config_setting_t *s)
{
    double real;
    uint64_t bits = 0;

    switch (config_setting_type(s)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return (uint64_t)config_setting_get_int64(s);
    case CONFIG_TYPE_FLOAT:
        real = config_setting_get_float(s);
        memcpy(&bits, &real, sizeof(bits));
        return bits;
    case CONFIG_TYPE_BOOL:
        return config_setting_get_bool(s) != 0;
    case CONFIG_TYPE_STRING:
        return sally_fingerprint_bytes(
            0, sally_span_of(config_setting_get_string(s)));
    default:
        return 0;
    }
}

/* Of a whole number it does not matter how large the parser took it for. */
static uint64_t kind_of(const config_setting_t *s)
{
    int type = config_setting_type(s);

    return (uint64_t)(type == CONFIG_TYPE_INT64 ? CONFIG_TYPE_INT : type);
}

/* The setting's own part, with `members` of what is below it. */
static uint64_t seal(const config_setting_t *s, uint64_t members)
{
    const char *name = config_setting_name(s);
    uint64_t sum = sally_fingerprint_bytes(
        kind_of(s), sally_span_of(name == NULL ? "" : name));

    return sally_fingerprint_number(sum, value_of(s) ^ members);
}

/* Members of a group come in any order, those of a list in theirs. */
static void add_member(struct level *l, uint64_t sum)
{
    l->sum = config_setting_is_group(l->setting)
                 ? l->sum + sum
                 : sally_fingerprint_number(l->sum, sum);
}

uint64_t sally_fingerprint_setting(uint64_t before, const config_setting_t *s)
{
    struct level levels[LEVELS] = { { .setting = s } };
    size_t depth = 1;

    if (s == NULL)
        return sally_fingerprint_number(before, ABSENT);
    for (;;) {
        struct level *l = &levels[depth - 1];
        const config_setting_t *member =
            config_setting_is_aggregate(l->setting)
                ? config_setting_get_elem(l->setting, l->next++)
                : NULL;
        uint64_t sum;

        if (member != NULL && depth < LEVELS) {
            levels[depth++] = (struct level){ .setting = member };
            continue;
        }
        sum = seal(l->setting, l->sum);
        if (--depth == 0)
            return sally_fingerprint_number(before, sum);
        add_member(&levels[depth - 1], sum);
    }
}
