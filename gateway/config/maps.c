/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/maps.c - the list `maps`: which message means what. */
#include "config/maps.h"

#include <string.h>

#include "config/rules.h"
#include "config/topic.h"
#include "config/units.h"

#define OBSERVE_AGAIN 300000 /* ms */

static const struct sally_word formats[] = {
    { "text", SALLY_PAYLOAD_TEXT },
    { "json", SALLY_PAYLOAD_JSON },
    { "form", SALLY_PAYLOAD_FORM },
    { NULL, 0 },
};

#define AT(field) SALLY_FIELD(sally_config_map, field)

static const struct sally_key map_keys[] = {
    { "name", SALLY_KEY_NAME, AT(name), 0, 0, NULL, "", NULL, "of the rule" },
    { "topic", SALLY_KEY_TEXT, AT(topic), 1, SALLY_TOPIC_MAX, "a topic", NULL,
      NULL,
      "a pattern of up to 16 levels; `{id}` is the sensor's id or alias, `{x}` "
      "any level, `{x...}` at the end all that follow" },
    { "format", SALLY_KEY_WORD, AT(format), 0, 0, NULL, "text", formats,
      "of the payload" },
    { "poll", SALLY_KEY_DURATION, AT(poll), 1000, 86400000, NULL, "", NULL,
      "ask a CoAP sensor, at its `coap_port`, for `coap/PATH` this often" },
    { "observe", SALLY_KEY_BOOLEAN, AT(observe), 0, 0, NULL, "false", NULL,
      "observe it there, too, and ask anew each `poll` (5m if not given)" },
    SALLY_ROW_OTHER("put", "a list of groups",
                    "readings to make; this or `alive` must be given"),
    SALLY_ROW_OTHER("alive", "a list of pairs",
                    "payloads that tell whether the sensor is online"),
    SALLY_ROW_LATER("except"),
    SALLY_ROW_LATER("device"),
    SALLY_ROW_LATER("extract"),
    SALLY_ROW_LATER("size"),
    SALLY_ROW_LATER("sep"),
    SALLY_ROW_LATER("time"),
    SALLY_ROW_LATER("time_unit"),
    SALLY_ROW_LATER("when"),
};
#undef AT

#define AT(field) SALLY_FIELD(sally_config_put, field)

static const struct sally_key put_keys[] = {
    { "from", SALLY_KEY_TEXT, AT(from), 1, 256, "a selector", "", NULL,
      "where in a JSON payload, as in `a.b[2].c`, or a name in a form; the "
      "whole payload without it" },
    { "to", SALLY_KEY_RESOURCE, AT(to), 0, 0, NULL, NULL, NULL,
      "of an object in `objects.d`; objects 0, 1, 2, 21 and 33001 are the "
      "gateway's" },
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
    SALLY_ROW_LATER("as"),
};

const struct sally_schema sally_group_map = {
    "map", "A rule in `maps` of a profile or sensor.", map_keys,
    SALLY_LEN(map_keys)
};
const struct sally_schema sally_group_put = { "put",
                                              "An entry of `put` of a map.",
                                              put_keys, SALLY_LEN(put_keys) };

/* JSON: names joined by dots, each with any number of [n] behind it. */
static bool is_selector(const char *from)
{
    bool begun = false; /* the present name has a character */
    size_t i = 0;

    while (from[i] != '\0') {
        if (from[i] == '[') {
            size_t digits = strspn(&from[i + 1], "0123456789");

            if (digits == 0 || digits > 4 || from[i + 1 + digits] != ']')
                return false;
            i += digits + 1;
            begun = true;
        } else if (from[i] == '.') {
            if (!begun || from[i + 1] == '\0')
                return false;
            begun = false;
        } else {
            begun = true;
        }
        i++;
    }
    return begun;
}

static void check_selector(struct sally_loader *l,
                           const config_setting_t *group,
                           enum sally_payload_format format,
                           const struct sally_config_put *p)
{
    const config_setting_t *from = config_setting_get_member(group, "from");

    if (from == NULL || p->from[0] == '\0')
        return;
    if (format == SALLY_PAYLOAD_TEXT)
        sally_complain(&l->reader, from, "from",
                       "expected no selector with format \"text\", which is "
                       "one value as a whole");
    else if (!is_selector(p->from))
        sally_expected(&l->reader, group, from, "from",
                       "a selector such as \"a.b[2].c\"");
}

/* Scaling needs a number to scale. */
static void check_scaling(struct sally_loader *l, const config_setting_t *group,
                          const struct sally_config_put *p)
{
    static const char *const keys[] = { "scale", "div", "offset" };

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

static void take_puts(struct sally_loader *l, const config_setting_t *group,
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

static void take_alive(struct sally_loader *l, const config_setting_t *pair,
                       struct sally_config_alive *out)
{
    const config_setting_t *word = config_setting_get_elem(pair, 0);
    const config_setting_t *online = config_setting_get_elem(pair, 1);

    if (!config_setting_is_list(pair) || config_setting_length(pair) != 2 ||
        config_setting_type(word) != CONFIG_TYPE_STRING ||
        config_setting_type(online) != CONFIG_TYPE_BOOL) {
        sally_expected(&l->reader, pair, pair, "alive",
                       "pairs in lists, ( ( \"online\", true ), ... )");
        return;
    }
    out->payload = sally_arena_text(
        l->reader.arena, sally_span_of(config_setting_get_string(word)));
    out->online = config_setting_get_bool(online) != 0;
}

static void take_alives(struct sally_loader *l, const config_setting_t *group,
                        struct sally_config_map *m)
{
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, "alive", "pairs", &list);
    struct sally_config_alive *all =
        sally_arena_take(l->reader.arena, count, sizeof(*all));

    if (all == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        take_alive(l, config_setting_get_elem(list, (unsigned)i), &all[i]);
    m->alive = all;
    m->alive_count = count;
}

/* What the gateway asks for has to have a name, not a pattern for names. */
static void check_poll(struct sally_loader *l, const config_setting_t *group,
                       struct sally_config_map *m)
{
    const char *key = m->observe ? "observe" : "poll";
    const char *brace;

    if (m->observe && m->poll == 0)
        m->poll = OBSERVE_AGAIN;
    if (m->poll == 0)
        return;
    brace = strchr(m->topic, '{');
    while (brace != NULL && strncmp(brace, "{id}", 4) == 0)
        brace = strchr(brace + 1, '{');
    if (brace != NULL || strncmp(m->topic, "coap/", 5) != 0)
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, key), key,
                       "a topic `coap/PATH` without a level such as {x} "
                       "beside it");
}

static void take_map(struct sally_loader *l, const config_setting_t *group,
                     struct sally_config_map *out)
{
    const config_setting_t *topic;
    const char *problem;

    *out = (struct sally_config_map){ .name = "", .topic = "" };
    out->line = (unsigned)config_setting_source_line(group);
    sally_schema_defaults(&l->reader, &sally_group_map, out);
    sally_schema_read(&l->reader, &sally_group_map, group, out);
    if (!config_setting_is_group(group))
        return;
    topic = config_setting_get_member(group, "topic");
    problem = sally_topic_problem(out->topic);
    if (out->topic[0] != '\0' && problem != NULL)
        sally_expected(&l->reader, group, topic, "topic", "%s", problem);
    check_poll(l, group, out);
    take_puts(l, group, out);
    take_alives(l, group, out);
    if (config_setting_get_member(group, "put") == NULL &&
        config_setting_get_member(group, "alive") == NULL)
        sally_expected(&l->reader, group, NULL, "put",
                       "what to do with the message, `put` or `alive`");
}

void sally_maps_load(struct sally_loader *l, const config_setting_t *group,
                     struct sally_config_profile *out)
{
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, "maps", "groups { }", &list);
    struct sally_config_map *all =
        sally_arena_take(l->reader.arena, count, sizeof(*all));

    if (all == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        take_map(l, config_setting_get_elem(list, (unsigned)i), &all[i]);
    out->maps = all;
    out->map_count = count;
}
