/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/auth_name.c - the name that a sensor says or shows, which is
 * its alone, and whether somebody listens who could take it.                */
#include "config/sensor_draft.h"

#include <string.h>

static bool has(const struct sally_config_listener *all, size_t count,
                enum sally_secure by)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].secure == by)
            return true;
    return false;
}

/* What it needs of `local`; NULL: it is all there. */
static const char *lacks(const struct sally_config *c,
                         const struct sally_config_auth *a)
{
    bool psk = has(c->mqtt, c->mqtt_count, SALLY_SECURE_PSK);
    bool dtls = has(c->coap, c->coap_count, SALLY_SECURE_PSK);
    bool certificate = has(c->mqtt, c->mqtt_count, SALLY_SECURE_CERTIFICATE);

    if (a->tls && !psk && !certificate)
        return "a listener in `local.mqtt` that is `secure`";
    if (a->method == SALLY_AUTH_PSK && !psk && !dtls)
        return "a listener in `local` with `secure = \"psk\"`";
    if (a->method != SALLY_AUTH_CERTIFICATE)
        return NULL;
    if (!certificate)
        return "a listener in `local.mqtt` with `secure = \"certificate\"`";
    return c->tls.ca_file[0] == '\0' ? "`ca_file` in `local.tls`" : NULL;
}

static const char *key_of(enum sally_auth_method m)
{
    if (m == SALLY_AUTH_PASSWORD)
        return "username";
    return m == SALLY_AUTH_PSK ? "identity" : "name";
}

void sally_auth_finish_name(struct sally_loader *l,
                            const config_setting_t *group,
                            struct sally_sensor_names *names, size_t number,
                            const char *id, struct sally_config_auth *a)
{
    struct sally_arena *arena = l->reader.arena;
    bool password = a->method == SALLY_AUTH_PASSWORD;
    const char *missing = lacks(l->out, a);

    a->username = a->username[0] == '\0'
                      ? id
                      : sally_arena_expand(arena, a->username, id);
    if (a->key_file[0] != '\0')
        a->key_file = sally_arena_expand(arena, a->key_file, id);
    if (password && strpbrk(a->username, ": ") != NULL)
        sally_complain_at(&l->reader, l->reader.file, a->line, "username",
                          "expected a user name without ':' and spaces");
    if (missing != NULL && !l->incomplete)
        sally_complain_at(&l->reader, l->reader.file, a->line, "method",
                          "expected %s, which it needs", missing);
    sally_sensor_claim(l, group, &names->usernames, a->username, number,
                       key_of(a->method), password ? "a user name" : "a name");
}
