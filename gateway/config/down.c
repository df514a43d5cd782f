/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/down.c - the list `down`: what a command becomes. */
#include "config/maps.h"

#include <string.h>

#include "config/rules.h"
#include "config/topic.h"

#define PAYLOAD_MAX 512 /* bytes of a template */

static const struct sally_word answers[] = {
    { "confirm", SALLY_DOWN_CONFIRM },
    { "store", SALLY_DOWN_STORE },
    { NULL, 0 },
};

#define AT(field) SALLY_FIELD(sally_config_down, field)

static const struct sally_key down_keys[] = {
    { "on", SALLY_KEY_RESOURCE, AT(on), 0, 0, NULL, NULL, NULL,
      "that a server may write or execute; one rule for each" },
    { "topic", SALLY_KEY_TEXT, AT(topic), 1, SALLY_TOPIC_MAX, "a topic", NULL,
      NULL, "`{id}` stands for the sensor's id; `coap/PATH` is a CoAP sensor" },
    { "payload", SALLY_KEY_TEXT, AT(payload), 0, PAYLOAD_MAX, "a template", "",
      NULL,
      "in which `{value}`, `{arguments}` and `{id}` are replaced; `{value}` "
      "without it, or `{arguments}` for Execute" },
    SALLY_ROW_OTHER("values", "a list of pairs",
                    "( our value, the sensor's word )"),
    SALLY_ROW_OTHER("range", "a list ( MIN, MAX )",
                    "4.03 to the server outside"),
    { "answer", SALLY_KEY_WORD, AT(answer), 0, 0, NULL, "confirm", answers,
      "the server is answered when the sensor has answered, or when the "
      "command is on disk" },
    { "timeout", SALLY_KEY_DURATION, AT(timeout), 100, 300000, NULL, "10s",
      NULL, "for the sensor to answer" },
    { "retain", SALLY_KEY_BOOLEAN, AT(retain), 0, 0, NULL, "false", NULL,
      "MQTT's retain flag in the message" },
};

const struct sally_schema sally_group_down = {
    "down", "A rule in `down` of a profile or sensor.", down_keys,
    SALLY_LEN(down_keys)
};

static void check_topic(struct sally_loader *l, const config_setting_t *group,
                        const struct sally_config_down *d)
{
    const char *problem = sally_command_topic_problem(d->topic);

    if (d->topic[0] != '\0' && problem != NULL)
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "topic"), "topic", "%s",
                       problem);
}

static void take_resource(struct sally_loader *l, const config_setting_t *group,
                          struct sally_config_down *out)
{
    const struct sally_resource_definition *d =
        sally_rule_resource(l, group, "on", &out->on);

    if (d == NULL)
        return;
    out->type = d->type;
    out->execute = (d->operations & SALLY_OPERATION_EXECUTE) != 0;
    if (!out->execute && (d->operations & SALLY_OPERATION_WRITE) == 0)
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "on"), "on",
                       "a resource that a server may write or execute");
}

static void take_down(struct sally_loader *l, const config_setting_t *group,
                      struct sally_config_down *out)
{
    *out = (struct sally_config_down){ .topic = "" };
    out->line = (unsigned)config_setting_source_line(group);
    sally_schema_defaults(&l->reader, &sally_group_down, out);
    sally_schema_read(&l->reader, &sally_group_down, group, out);
    if (!config_setting_is_group(group))
        return;
    check_topic(l, group, out);
    take_resource(l, group, out);
    if (out->payload == NULL)
        out->payload = out->execute ? "{arguments}" : "{value}";
    out->has_range =
        sally_rule_range(l, group, out->type, &out->min, &out->max);
    out->value_count =
        sally_rule_values(l, group, SALLY_VALUE_FIRST, &out->on, &out->values);
}

void sally_down_load(struct sally_loader *l, const config_setting_t *group,
                     struct sally_config_profile *out)
{
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, "down", "groups { }", &list);
    struct sally_config_down *all =
        sally_arena_take(l->reader.arena, count, sizeof(*all));

    if (all == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        const config_setting_t *one =
            config_setting_get_elem(list, (unsigned)i);

        take_down(l, one, &all[i]);
        for (size_t j = 0; j < i; j++)
            if (all[i].on.depth != 0 &&
                sally_path_equal(&all[i].on, &all[j].on))
                sally_complain(&l->reader, one, "on",
                               "line %u has a command for this resource "
                               "already",
                               all[j].line);
    }
    out->down = all;
    out->down_count = count;
}
