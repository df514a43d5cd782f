/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/profiles.c - the list `profiles`: one per device model. */
#include "config/loader.h"

#include "config/maps.h"

static const struct sally_key profile_keys[] = {
    { "name", SALLY_KEY_NAME, SALLY_FIELD(sally_config_profile, name), 0, 0,
      NULL, NULL, NULL, "of the device model; unique" },
    SALLY_ROW_OTHER("maps", "a list of rules",
                    "messages to readings; this or `down` must be given"),
    SALLY_ROW_OTHER("down", "a list of rules", "commands to messages"),
};

const struct sally_schema sally_group_profile = {
    "profile", "An entry of the list `profiles`.", profile_keys,
    SALLY_LEN(profile_keys)
};

void sally_profile_rules(struct sally_loader *l, const config_setting_t *group,
                         struct sally_config_profile *out)
{
    out->file = l->reader.file;
    out->line = (unsigned)config_setting_source_line(group);
    out->fingerprint = sally_fingerprint_setting(0, group);
    sally_maps_load(l, group, out);
    sally_down_load(l, group, out);
    if (config_setting_get_member(group, "maps") == NULL &&
        config_setting_get_member(group, "down") == NULL)
        sally_expected(&l->reader, group, NULL, "maps",
                       "rules in `maps` or `down`");
}

static void take_profile(struct sally_loader *l, const config_setting_t *group,
                         void *context)
{
    size_t number = l->out->profile_count++;
    struct sally_config_profile *p = &l->profile_list[number];
    const struct sally_name *before;

    (void)context;
    *p = (struct sally_config_profile){ .name = "" };
    sally_schema_read(&l->reader, &sally_group_profile, group, p);
    sally_profile_rules(l, group, p);
    if (p->name[0] == '\0')
        return;
    before = sally_names_add(&l->profiles, p->name, number, p->file, p->line);
    if (before != NULL)
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "name"), "name",
                       "a name that no other profile has (%s:%u)", before->file,
                       before->line);
}

/* Sensors with rules of their own make one profile each. */
static void count_inline(struct sally_loader *l, const config_setting_t *group,
                         void *context)
{
    size_t *count = context;

    (void)l;
    if (config_setting_get_member(group, "maps") != NULL ||
        config_setting_get_member(group, "down") != NULL)
        (*count)++;
}

void sally_load_profiles(struct sally_loader *l)
{
    size_t room = 1; /* for sensor_defaults */

    sally_load_each(l, "sensors", count_inline, &room);
    room += sally_load_each(l, "profiles", NULL, NULL);
    l->profile_list =
        sally_arena_take(l->reader.arena, room, sizeof(*l->profile_list));
    l->out->profiles = l->profile_list;
    if (l->profile_list != NULL)
        sally_load_each(l, "profiles", take_profile, NULL);
}
