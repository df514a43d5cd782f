/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/rules.c - resources, ranges and tables of values in rules. */
#include "config/rules.h"

#include <string.h>

/* Objects of the client itself; no sensor's message may touch them. */
static const uint16_t own_objects[] = { 0, 1, 2, 20, 21, 33001 };

static bool is_own(uint16_t object)
{
    for (size_t i = 0; i < SALLY_LEN(own_objects); i++)
        if (own_objects[i] == object)
            return true;
    return false;
}

bool sally_rule_is_number(enum sally_lwm2m_type type)
{
    return type == SALLY_TYPE_INTEGER || type == SALLY_TYPE_UNSIGNED ||
           type == SALLY_TYPE_FLOAT || type == SALLY_TYPE_TIME;
}

/* Types that text or a JSON value can become. */
static bool is_mappable(enum sally_lwm2m_type type)
{
    return sally_rule_is_number(type) || type == SALLY_TYPE_BOOLEAN ||
           type == SALLY_TYPE_STRING || type == SALLY_TYPE_NONE;
}

const struct sally_resource_definition *
sally_rule_resource(struct sally_loader *l, const config_setting_t *group,
                    const char *key, const struct sally_path *path)
{
    const struct sally_registry *registry = &l->out->registry;
    const config_setting_t *found = config_setting_get_member(group, key);
    const struct sally_resource_definition *d =
        sally_registry_definition(registry, path);

    if (path->depth == 0)
        return NULL; /* the path itself was refused */
    if (is_own(path->id[0])) {
        sally_expected(&l->reader, group, found, key,
                       "a resource of the sensor; object %u is the gateway's",
                       path->id[0]);
        return NULL;
    }
    if (sally_registry_object(registry, path->id[0]) == NULL) {
        if (!l->incomplete)
            sally_expected(&l->reader, group, found, key,
                           "a resource of a known object; %u is in no file "
                           "of objects.d",
                           path->id[0]);
        return NULL;
    }
    if (d == NULL || !is_mappable(d->type)) {
        sally_expected(
            &l->reader, group, found, key,
            d == NULL ? "a resource that object %u has, with an instance at "
                        "its end if it is multiple"
                      : "a resource of object %u that text or a number can "
                        "be",
            path->id[0]);
        return NULL;
    }
    return d;
}

static double number_of(const config_setting_t *s)
{
    return config_setting_type(s) == CONFIG_TYPE_FLOAT
               ? config_setting_get_float(s)
               : (double)config_setting_get_int64(s);
}

bool sally_rule_range(struct sally_loader *l, const config_setting_t *group,
                      enum sally_lwm2m_type type, double *min, double *max)
{
    const config_setting_t *s = config_setting_get_member(group, "range");
    const config_setting_t *low, *high;

    if (s == NULL)
        return false;
    low = config_setting_get_elem(s, 0);
    high = config_setting_get_elem(s, 1);
    if (!config_setting_is_list(s) || config_setting_length(s) != 2 ||
        !config_setting_is_number(low) || !config_setting_is_number(high) ||
        !(number_of(low) <= number_of(high))) {
        sally_expected(&l->reader, group, s, "range",
                       "a list ( MIN, MAX ) of two rising numbers");
        return false;
    }
    if (type != SALLY_TYPE_NONE && !sally_rule_is_number(type)) {
        sally_complain(&l->reader, s, "range",
                       "expected no range, since the resource is a %s",
                       sally_type_name(type));
        return false;
    }
    *min = number_of(low);
    *max = number_of(high);
    return true;
}

const char *sally_rule_word(struct sally_loader *l, const config_setting_t *s)
{
    struct sally_arena *a = l->reader.arena;

    switch (config_setting_type(s)) {
    case CONFIG_TYPE_STRING:
        return sally_arena_text(a, sally_span_of(config_setting_get_string(s)));
    case CONFIG_TYPE_BOOL: return config_setting_get_bool(s) ? "true" : "false";
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return sally_arena_format(a, "%lld", config_setting_get_int64(s));
    case CONFIG_TYPE_FLOAT:
        return sally_arena_format(a, "%.15g", config_setting_get_float(s));
    default: return NULL;
    }
}

static bool value_of(struct sally_loader *l, const config_setting_t *s,
                     const struct sally_path *path,
                     struct sally_lwm2m_value *out)
{
    struct sally_lwm2m_value v;

    switch (config_setting_type(s)) {
    case CONFIG_TYPE_STRING:
        v = sally_value_string(sally_rule_word(l, s));
        break;
    case CONFIG_TYPE_BOOL:
        v = sally_value_boolean(config_setting_get_bool(s) != 0);
        break;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        v = sally_value_integer(config_setting_get_int64(s));
        break;
    case CONFIG_TYPE_FLOAT:
        v = sally_value_real(config_setting_get_float(s));
        break;
    default: return false;
    }
    return sally_registry_admit(&l->out->registry, path, &v, out) == SALLY_E_OK;
}

static void take_pair(struct sally_loader *l, const config_setting_t *pair,
                      enum sally_values_order order,
                      const struct sally_path *path,
                      const struct sally_resource_definition *d,
                      struct sally_config_pair *out)
{
    unsigned value_at = order == SALLY_VALUE_FIRST ? 0 : 1;
    const config_setting_t *word, *value;

    out->from = "";
    if (!config_setting_is_list(pair) || config_setting_length(pair) != 2) {
        sally_expected(&l->reader, pair, pair, "values", "pairs in lists, %s",
                       order == SALLY_SENSOR_FIRST
                           ? "( ( \"ON\", true ), ... )"
                           : "( ( true, \"ON\" ), ... )");
        return;
    }
    word = config_setting_get_elem(pair, 1 - value_at);
    value = config_setting_get_elem(pair, value_at);
    out->from = sally_rule_word(l, word);
    if (out->from == NULL) {
        out->from = "";
        sally_expected(&l->reader, pair, word, "values",
                       "text or a number for the sensor's side");
    }
    if (d != NULL && !value_of(l, value, path, &out->to))
        sally_expected(&l->reader, pair, value, "values",
                       "a value that %s (%s) can have", d->name,
                       sally_type_name(d->type));
}

size_t sally_rule_values(struct sally_loader *l, const config_setting_t *group,
                         enum sally_values_order order,
                         const struct sally_path *path,
                         const struct sally_config_pair **out)
{
    const struct sally_resource_definition *d =
        sally_registry_definition(&l->out->registry, path);
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, "values", "pairs", &list);
    struct sally_config_pair *all =
        sally_arena_take(l->reader.arena, count, sizeof(*all));

    if (all == NULL)
        return 0;
    for (size_t i = 0; i < count; i++)
        take_pair(l, config_setting_get_elem(list, (unsigned)i), order, path, d,
                  &all[i]);
    *out = all;
    return count;
}
