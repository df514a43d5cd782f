/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/puts.c - the list `put` of a map: which value goes where. */
#include "config/puts.h"

#include <string.h>

#include "config/rules.h"
#include "config/selector.h"
#include "config/units.h"

static const struct sally_word signed_types[] = {
    { "i8", 8 },
    { "i16", 16 },
    { "i32", 32 },
    { NULL, 0 },
};

#define AT(field) SALLY_FIELD(sally_config_put, field)

static const struct sally_key put_keys[] = {
    { "from", SALLY_KEY_TEXT, AT(from), 1, 256, "a selector", "", NULL,
      "where in the payload, as its format has it: `a.b[2].c` of JSON, a "
      "name in a form, a column, a place among bytes; the whole payload "
      "without it" },
    { "to", SALLY_KEY_RESOURCE, AT(to), 0, 0, NULL, NULL, NULL,
      "of an object in `objects.d`; objects 0, 1, 2, 20, 21 and 33001 are the "
      "gateway's" },
    { "as", SALLY_KEY_WORD, AT(as_bits), 0, 0, NULL, "", signed_types,
      "a number that comes without its sign: with `i16` 65531 is -5" },
    { "scale", SALLY_KEY_REAL, AT(scale), 0, 0, NULL, "1", NULL,
      "value * scale / div + offset" },
    { "div", SALLY_KEY_REAL, AT(div), 0, 0, NULL, "1", NULL,
      "value * scale / div + offset" },
    { "offset", SALLY_KEY_REAL, AT(offset), 0, 0, NULL, "0", NULL,
      "value * scale / div + offset" },
    SALLY_ROW_OTHER("range", "a list ( MIN, MAX )",
                    "inclusive, after scaling; a value outside is refused"),
    { "unit", SALLY_KEY_TEXT, AT(unit), 1, 16, "a unit", "", NULL,
      "SenML unit, to resource 5701 where the object has it" },
    { "label", SALLY_KEY_TEXT, AT(label), 1, 64, "a label", "", NULL,
      "to resource 5750 where the object has it" },
    SALLY_ROW_OTHER("values", "a list of pairs",
                    "( the sensor's word, our value )"),
};

const struct sally_schema sally_group_put = { "put",
                                              "An entry of `put` of a map.",
                                              put_keys, SALLY_LEN(put_keys) };

static void check_selector(struct sally_loader *l,
                           const config_setting_t *group,
                           enum sally_payload_format format,
                           const struct sally_config_put *p)
{
    const config_setting_t *from = config_setting_get_member(group, "from");

    if (from == NULL && sally_selector_needed(format))
        sally_expected(&l->reader, group, NULL, "from", "%s",
                       sally_selector_example(format));
    if (from == NULL || p->from[0] == '\0')
        return;
    if (format == SALLY_PAYLOAD_TEXT)
        sally_complain(&l->reader, from, "from",
                       "expected no selector with format \"text\", which is "
                       "one value as a whole");
    else if (!sally_selector_fits(p->from, format))
        sally_expected(&l->reader, group, from, "from", "%s",
                       sally_selector_example(format));
}

/* Scaling needs a number to scale. */
static void check_scaling(struct sally_loader *l, const config_setting_t *group,
                          const struct sally_config_put *p)
{
    static const char *const keys[] = { "as", "scale", "div", "offset" };

    for (size_t i = 0; i < SALLY_LEN(keys); i++) {
        const config_setting_t *s = config_setting_get_member(group, keys[i]);

        if (s != NULL && !sally_rule_is_number(p->type))
            sally_complain(&l->reader, s, keys[i],
                           "expected no %s, since the resource is a %s",
                           keys[i], sally_type_name(p->type));
    }
    if (p->div == 0.0)
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "div"), "div",
                       "a number other than 0");
}

static void check_unit(struct sally_loader *l, const config_setting_t *group,
                       const struct sally_resource_definition *d,
                       const struct sally_config_put *p)
{
    const config_setting_t *unit = config_setting_get_member(group, "unit");
    const char *meant = sally_unit_meant(p->unit);

    if (unit == NULL || p->unit[0] == '\0')
        return;
    if (meant != NULL)
        sally_expected(&l->reader, group, unit, "unit",
                       "a SenML unit, perhaps \"%s\"", meant);
    else if (!sally_unit_is_known(p->unit))
        sally_expected(&l->reader, group, unit, "unit",
                       "a SenML unit such as \"Cel\", \"%%RH\" or \"W\"");
    else if (d->unit[0] != '\0' && strcmp(d->unit, p->unit) != 0)
        sally_expected(&l->reader, group, unit, "unit",
                       "\"%s\", which is the resource's own", d->unit);
}

static void take_put(struct sally_loader *l, const config_setting_t *group,
                     enum sally_payload_format format,
                     struct sally_config_put *out)
{
    const struct sally_resource_definition *d;

    *out = (struct sally_config_put){ .from = "", .unit = "", .label = "" };
    out->line = (unsigned)config_setting_source_line(group);
    sally_schema_defaults(&l->reader, &sally_group_put, out);
    sally_schema_read(&l->reader, &sally_group_put, group, out);
    if (!config_setting_is_group(group))
        return;
    check_selector(l, group, format, out);
    d = sally_rule_resource(l, group, "to", &out->to);
    if (d != NULL && d->type == SALLY_TYPE_NONE)
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "to"), "to",
                       "a resource that has a value, not one to execute");
    if (d == NULL || d->type == SALLY_TYPE_NONE)
        return;
    out->type = d->type;
    out->has_range = sally_rule_range(l, group, d->type, &out->min, &out->max);
    check_scaling(l, group, out);
    check_unit(l, group, d, out);
    out->value_count =
        sally_rule_values(l, group, SALLY_SENSOR_FIRST, &out->to, &out->values);
}

void sally_puts_load(struct sally_loader *l, const config_setting_t *group,
                     struct sally_config_map *m)
{
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, "put", "groups { }", &list);
    struct sally_config_put *all =
        sally_arena_take(l->reader.arena, count, sizeof(*all));

    if (all == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        take_put(l, config_setting_get_elem(list, (unsigned)i), m->format,
                 &all[i]);
    m->put = all;
    m->put_count = count;
}
