/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/schema.c - the one reader of all groups, driven by rows. */
#include "config/schema.h"

#include <string.h>

#include "base/writer.h"
#include "config/kinds.h"

static const struct sally_key *row_of(const struct sally_schema *s,
                                      const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->keys[i].name, name) == 0)
            return &s->keys[i];
    return NULL;
}

/* Names the keys that this version reads, so that a typing error is seen. */
static void complain_unknown(struct sally_reader *r,
                             const struct sally_schema *s,
                             const config_setting_t *found)
{
    char known[1024];
    struct sally_buf buf = { (uint8_t *)known, 0, sizeof(known) - 1 };
    struct sally_writer w = sally_writer_into(&buf);
    const char *comma = "";

    for (size_t i = 0; i < s->count; i++) {
        if (s->keys[i].kind == SALLY_KEY_LATER)
            continue;
        sally_put_text(&w, comma);
        sally_put_text(&w, s->keys[i].name);
        comma = ", ";
    }
    known[buf.len] = '\0';
    sally_complain(r, found, config_setting_name(found),
                   "no such key in `%s`; the keys are %s", s->name, known);
}

static void check_names(struct sally_reader *r, const struct sally_schema *s,
                        const config_setting_t *group)
{
    int count = config_setting_length(group);

    for (int i = 0; i < count; i++) {
        const config_setting_t *found =
            config_setting_get_elem(group, (unsigned)i);
        const struct sally_key *k = row_of(s, config_setting_name(found));

        if (k == NULL)
            complain_unknown(r, s, found);
        else if (k->kind == SALLY_KEY_LATER)
            sally_complain(r, found, k->name, "not supported by this version");
    }
}

void sally_schema_defaults(struct sally_reader *r, const struct sally_schema *s,
                           void *out)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->keys[i].fallback != NULL && s->keys[i].fallback[0] != '\0')
            sally_kind_preset(r, &s->keys[i], out);
}

void sally_schema_read(struct sally_reader *r, const struct sally_schema *s,
                       const config_setting_t *group, void *out)
{
    if (group != NULL && !config_setting_is_group(group)) {
        sally_expected(r, group, group, s->name, "a group { } of keys");
        return;
    }
    if (group != NULL)
        check_names(r, s, group);
    for (size_t i = 0; i < s->count; i++) {
        const struct sally_key *k = &s->keys[i];
        const config_setting_t *found =
            group == NULL ? NULL : config_setting_get_member(group, k->name);

        if (k->kind == SALLY_KEY_OTHER || k->kind == SALLY_KEY_LATER)
            continue;
        if (found != NULL || k->fallback == NULL)
            sally_kind_take(r, k, group, found, out);
    }
}

size_t sally_schema_list(struct sally_reader *r, const config_setting_t *group,
                         const char *key, const char *what,
                         const config_setting_t **list)
{
    *list = group == NULL ? NULL : config_setting_get_member(group, key);
    if (*list == NULL)
        return 0;
    if (!config_setting_is_list(*list)) {
        sally_expected(r, group, *list, key, "a list ( ) of %s", what);
        return 0;
    }
    return (size_t)config_setting_length(*list);
}
