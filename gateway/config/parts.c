/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/parts.c - reads the fields of the credential table from the
 * group of an account, and from its group `oscore`.                         */
#include "config/parts.h"

#include <string.h>

#include "config/kinds.h"

/* What a field may be read into. */
union value {
    const char *text;
    int32_t number;
    struct sally_span bytes;
};

void sally_parts_add(struct sally_parts *p, struct sally_config_part part)
{
    if (p->count < SALLY_LEN(p->all))
        p->all[p->count++] = part;
}

struct sally_config_part *sally_parts_find(struct sally_parts *p,
                                           enum sally_credential_kind kind)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->all[i].kind == kind)
            return &p->all[i];
    return NULL;
}

const struct sally_config_part *
sally_config_part(const struct sally_config_account *a,
                  enum sally_credential_kind kind)
{
    for (size_t i = 0; i < a->part_count; i++)
        if (a->parts[i].kind == kind)
            return &a->parts[i];
    return NULL;
}

void sally_parts_settle(struct sally_arena *a, const struct sally_parts *p,
                        struct sally_config_account *out)
{
    struct sally_config_part *kept =
        sally_arena_take(a, p->count, sizeof(*kept));

    out->parts = kept;
    out->part_count = kept == NULL ? 0 : (uint32_t)p->count;
    for (size_t i = 0; i < out->part_count; i++)
        kept[i] = p->all[i];
}

size_t sally_config_accounts(const struct sally_config_sensor *s)
{
    return s->account_count + (s->bootstrap != NULL ? 1u : 0u);
}

/* A value of one row; false if it was reported. */
static bool take(struct sally_loader *l, const struct sally_key *k,
                 const config_setting_t *found, union value *v)
{
    unsigned before = l->reader.bad;

    sally_kind_take(&l->reader, k, found, found, v);
    return l->reader.bad == before;
}

/* Too many words to name them all, as sally_kind_take() would. */
static const struct sally_word *word_of(const struct sally_word *w,
                                        const config_setting_t *s)
{
    const char *text = config_setting_get_string(s);

    for (; w->word != NULL; w++)
        if (text != NULL ? strcmp(w->word, text) == 0
                         : config_setting_is_number(s) &&
                               w->value == config_setting_get_int(s))
            return w;
    return NULL;
}

static void take_list(struct sally_loader *l, const config_setting_t *group,
                      const struct sally_credential_field *f,
                      struct sally_parts *out)
{
    const config_setting_t *list;
    size_t count = sally_schema_list(&l->reader, group, f->config_key,
                                     "names in quotes", &list);

    if (count > SALLY_SUITES_MAX)
        sally_complain(&l->reader, list, f->config_key,
                       "expected at most %d of them, got %zu",
                       SALLY_SUITES_MAX, count);
    for (size_t i = 0; i < count && i < SALLY_SUITES_MAX; i++) {
        const config_setting_t *found =
            config_setting_get_elem(list, (unsigned)i);
        const struct sally_word *w = word_of(f->words, found);

        if (w == NULL)
            sally_expected(&l->reader, list, found, f->config_key, "%s",
                           f->what);
        else
            sally_parts_add(out, (struct sally_config_part){
                                     .kind = f->kind, .number = w->value });
    }
}

static void take_one(struct sally_loader *l, const config_setting_t *found,
                     const struct sally_credential_field *f,
                     struct sally_parts *out)
{
    struct sally_config_part part = { .kind = f->kind };
    struct sally_key k = sally_schema_field(f);
    union value v = { .number = 0 };

    if (!take(l, &k, found, &v))
        return;
    if (k.kind == SALLY_KEY_CODE)
        part.number = v.number;
    else
        part.bytes = k.kind == SALLY_KEY_HEX ? v.bytes : sally_span_of(v.text);
    sally_parts_add(out, part);
}

void sally_parts_read(struct sally_loader *l, uint16_t object,
                      const config_setting_t *group, struct sally_parts *out)
{
    size_t count;
    const struct sally_credential_field *f = sally_credential_fields(&count);

    for (size_t i = 0; i < count; i++) {
        const config_setting_t *found =
            config_setting_get_member(group, f[i].config_key);

        if (f[i].object != object || found == NULL)
            continue;
        if (f[i].type == SALLY_CREDENTIAL_LIST)
            take_list(l, group, &f[i], out);
        else if (f[i].type == SALLY_CREDENTIAL_LINK)
            sally_parts_add(out, (struct sally_config_part){ .kind = f[i].kind,
                                                             .number = 1 });
        else
            take_one(l, found, &f[i], out);
    }
}
