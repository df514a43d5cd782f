/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/schema.c - the one reader of all groups, driven by rows. */
#include "config/schema.h"

#include <string.h>

#include "base/writer.h"
#include "config/kinds.h"

struct sally_key sally_schema_field(const struct sally_credential_field *f)
{
    static const enum sally_key_kind kinds[] = {
        [SALLY_CREDENTIAL_INTEGER] = SALLY_KEY_CODE,
        [SALLY_CREDENTIAL_TEXT] = SALLY_KEY_TEXT,
        [SALLY_CREDENTIAL_OPAQUE] = SALLY_KEY_TEXT,
        [SALLY_CREDENTIAL_LIST] = SALLY_KEY_OTHER,
        [SALLY_CREDENTIAL_LINK] = SALLY_KEY_OTHER,
    };
    struct sally_key k = {
        .name = f->config_key, .kind = kinds[f->type], .min = f->min,
        .max = f->max, .what = f->what, .fallback = "", .words = f->words,
        .meaning = f->meaning,
    };

    if (f->from_file)
        k.kind = SALLY_KEY_FILE;
    else if (f->in_hex)
        k.kind = SALLY_KEY_HEX;
    return k;
}

/* Takes from *i as many as the object has, if it is none of them. */
static bool field_row(size_t object, size_t *i, struct sally_key *out)
{
    size_t count;
    const struct sally_credential_field *f = sally_credential_fields(&count);

    for (size_t k = 0; k < count; k++)
        if (f[k].object == object && (*i)-- == 0) {
            *out = sally_schema_field(&f[k]);
            return true;
        }
    return false;
}

bool sally_schema_key(const struct sally_schema *s, size_t i,
                      struct sally_key *out)
{
    for (size_t row = 0; row < s->count; row++) {
        const struct sally_key *k = &s->keys[row];

        if (k->kind == SALLY_KEY_FIELDS) {
            if (field_row(k->offset, &i, out))
                return true;
        } else if (i-- == 0) {
            *out = *k;
            return true;
        }
    }
    return false;
}

static bool row_of(const struct sally_schema *s, const char *name,
                   struct sally_key *out)
{
    for (size_t i = 0; sally_schema_key(s, i, out); i++)
        if (strcmp(out->name, name) == 0)
            return true;
    return false;
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
    struct sally_key k;

    for (size_t i = 0; sally_schema_key(s, i, &k); i++) {
        if (k.kind == SALLY_KEY_LATER)
            continue;
        sally_put_text(&w, comma);
        sally_put_text(&w, k.name);
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
        struct sally_key k;

        if (!row_of(s, config_setting_name(found), &k))
            complain_unknown(r, s, found);
        else if (k.kind == SALLY_KEY_LATER)
            sally_complain(r, found, k.name, "not supported by this version");
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

        if (k->kind >= SALLY_KEY_OTHER)
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
