/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/servers_floor.c - the group `floor` of a bootstrap server:
 * what its accounts must be.                                                */
#include "config/loader.h"

#include <string.h>

#include "config/groups.h"

#define AT(field) SALLY_FIELD(sally_config_floor, field)
#define HOSTS_MAX 32

static const struct sally_key floor_keys[] = {
    SALLY_ROW_OTHER("modes", "a list ( ) of \"psk\", \"rpk\", \"x509\" and "
                             "\"oscore\"",
                    "that an account may have, `oscore` being OSCORE alone; "
                    "all of them without it"),
    { "key_bits", SALLY_KEY_WHOLE, AT(keys.key_bits), 64, 1024, "bits", "128",
      NULL, "that a pre-shared key and a Master Secret must have" },
    { "cbc", SALLY_KEY_BOOLEAN, AT(keys.cbc), 0, 0, NULL, "false", NULL,
      "an account may name cipher suites with CBC" },
    SALLY_ROW_OTHER("hosts", "a list ( ) of names",
                    "and addresses that accounts may lead to besides those in "
                    "the URIs of their servers here, `*.example.com` being all "
                    "names below that one; without it a server that has no "
                    "`uri` may be anywhere"),
};

const struct sally_schema sally_group_floor = {
    "floor",
    "The group `floor` of a bootstrap server: bounds that its accounts "
    "keep, or they are refused and those before them stay.",
    floor_keys, SALLY_LEN(floor_keys)
};

static const struct sally_word *mode_named(const char *text)
{
    const struct sally_word *w = sally_floor_modes;

    while (w->word != NULL && (text == NULL || strcmp(w->word, text) != 0))
        w++;
    return w->word == NULL ? NULL : w;
}

static void take_modes(struct sally_loader *l, const config_setting_t *group,
                       struct sally_config_floor *f)
{
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, "modes", "names in quotes", &list);

    if (count != 0)
        f->keys.modes = 0;
    for (size_t i = 0; i < count; i++) {
        const config_setting_t *at = config_setting_get_elem(list, (unsigned)i);
        const struct sally_word *w = mode_named(config_setting_get_string(at));

        if (w == NULL)
            sally_expected(&l->reader, list, at, "modes",
                           "\"psk\", \"rpk\", \"x509\" or \"oscore\"");
        else
            f->keys.modes |= 1u << w->value;
    }
}

static bool is_host(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-%";

    if (text == NULL)
        return false;
    if (text[0] == '*' && text[1] == '.')
        text += 2;
    return text[0] != '\0' && strlen(text) <= SALLY_URI_HOST_MAX &&
           strspn(text, allowed) == strlen(text);
}

static void take_hosts(struct sally_loader *l, const config_setting_t *group,
                       struct sally_config_floor *f)
{
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, "hosts", "names", &list);
    const char **hosts;

    if (count > HOSTS_MAX) {
        sally_complain(&l->reader, list, "hosts",
                       "expected at most %d names, got %zu", HOSTS_MAX, count);
        return;
    }
    hosts = sally_arena_take(l->reader.arena, count, sizeof(*hosts));
    for (size_t i = 0; hosts != NULL && i < count; i++) {
        const config_setting_t *at = config_setting_get_elem(list, (unsigned)i);
        const char *text = config_setting_get_string(at);

        if (!is_host(text))
            sally_expected(&l->reader, list, at, "hosts",
                           "a name, \"*.\" and a name, or an address");
        else
            hosts[f->host_count++] =
                sally_arena_text(l->reader.arena, sally_span_of(text));
    }
    f->hosts = hosts;
}

void sally_server_take_floor(struct sally_loader *l,
                             const config_setting_t *group,
                             struct sally_config_server *s)
{
    const config_setting_t *floor = config_setting_get_member(group, "floor");

    s->floor = (struct sally_config_floor){ .keys = sally_floor_default };
    sally_schema_defaults(&l->reader, &sally_group_floor, &s->floor);
    if (floor == NULL)
        return;
    if (!s->bootstrap)
        sally_complain(&l->reader, floor, "floor",
                       "expected `bootstrap = true` beside it");
    sally_schema_read(&l->reader, &sally_group_floor, floor, &s->floor);
    take_modes(l, floor, &s->floor);
    take_hosts(l, floor, &s->floor);
}
