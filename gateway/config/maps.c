/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/maps.c - the list `maps`: which message means what. */
#include "config/maps.h"

#include <string.h>

#include "config/puts.h"
#include "config/rules.h"
#include "config/selector.h"
#include "config/topic.h"
#include "mqtt/topic.h"

#define OBSERVE_AGAIN 300000 /* ms */

static const struct sally_word formats[] = {
    { "text", SALLY_PAYLOAD_TEXT },
    { "json", SALLY_PAYLOAD_JSON },
    { "form", SALLY_PAYLOAD_FORM },
    { "csv", SALLY_PAYLOAD_CSV },
    { "bin", SALLY_PAYLOAD_BIN },
    { "senml", SALLY_PAYLOAD_SENML },
    { "cbor", SALLY_PAYLOAD_CBOR },
    { "line", SALLY_PAYLOAD_LINE },
    { "lpp", SALLY_PAYLOAD_LPP },
    { "sparkplug", SALLY_PAYLOAD_SPARKPLUG },
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
    { "sep", SALLY_KEY_TEXT, AT(sep), 1, 1, "a separator", ",", NULL,
      "between the columns of a line of `csv`" },
    { "size", SALLY_KEY_WHOLE, AT(size), 1, 16384, NULL, "", NULL,
      "bytes that a `bin` payload has; another one is refused" },
    { "extract", SALLY_KEY_TEXT, AT(extract), 1, 256, "a selector and a code",
      "", NULL,
      "where the payload proper is within JSON, and how it is written: "
      "`data|base64`, `data|hex`; `|base64` or `|hex` for the message as a "
      "whole" },
    SALLY_ROW_OTHER("except", "a list of topic filters",
                    "topics that it does not cover, though `topic` does"),
    SALLY_ROW_OTHER("when", "a list of pairs",
                    "( a selector, what stands there ): `put` only then; in "
                    "the JSON around it with `extract`"),
    SALLY_ROW_OTHER("put", "a list of groups",
                    "readings to make; this or `alive` must be given"),
    SALLY_ROW_OTHER("alive", "a list of pairs",
                    "payloads that tell whether the sensor is online"),
    SALLY_ROW_LATER("device"),
    SALLY_ROW_LATER("time"),
    SALLY_ROW_LATER("time_unit"),
};
#undef AT

const struct sally_schema sally_group_map = {
    "map", "A rule in `maps` of a profile or sensor.", map_keys,
    SALLY_LEN(map_keys)
};

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

/* "SELECTOR|CODE": the selector stays in `extract`. */
static void take_extract(struct sally_loader *l, const config_setting_t *group,
                         struct sally_config_map *m)
{
    const config_setting_t *at = config_setting_get_member(group, "extract");
    const struct sally_span all = sally_span_of(m->extract);
    const char *code = strrchr(m->extract, '|');
    size_t len = code == NULL ? 0 : (size_t)(code - m->extract);

    if (at == NULL || all.len == 0)
        return;
    if (code != NULL && strcmp(code, "|base64") == 0)
        m->wrap = SALLY_WRAP_BASE64;
    else if (code != NULL && strcmp(code, "|hex") == 0)
        m->wrap = SALLY_WRAP_HEX;
    m->extract = sally_arena_text(l->reader.arena, sally_span_sub(all, 0, len));
    if (m->wrap == SALLY_WRAP_NONE ||
        (len != 0 && !sally_selector_fits(m->extract, SALLY_PAYLOAD_JSON)))
        sally_expected(&l->reader, group, at, "extract",
                       "a selector and a code such as \"data|base64\"");
}

static void check_layout(struct sally_loader *l, const config_setting_t *group,
                         const struct sally_config_map *m)
{
    static const struct {
        const char *key;
        enum sally_payload_format format;
        const char *word;
    } only[] = { { "sep", SALLY_PAYLOAD_CSV, "csv" },
                 { "size", SALLY_PAYLOAD_BIN, "bin" } };

    for (size_t i = 0; i < SALLY_LEN(only); i++) {
        const config_setting_t *s =
            config_setting_get_member(group, only[i].key);

        if (s != NULL && m->format != only[i].format)
            sally_complain(&l->reader, s, only[i].key,
                           "expected no %s but with format \"%s\"", only[i].key,
                           only[i].word);
    }
}

/* Lists and arrays are the same to libconfig here. */
static void take_except(struct sally_loader *l, const config_setting_t *group,
                        struct sally_config_map *m)
{
    const config_setting_t *list = config_setting_get_member(group, "except");
    size_t count = list == NULL ? 0 : (size_t)config_setting_length(list);
    const char **all = sally_arena_take(l->reader.arena, count, sizeof(*all));

    if (list != NULL && !config_setting_is_list(list) &&
        !config_setting_is_array(list))
        sally_expected(&l->reader, group, list, "except",
                       "a list ( ) of topic filters");
    for (size_t i = 0; all != NULL && i < count; i++) {
        const config_setting_t *at = config_setting_get_elem(list, (unsigned)i);
        const char *text = config_setting_get_string(at);

        if (text == NULL || !sally_mqtt_filter_ok(sally_span_of(text))) {
            sally_expected(&l->reader, list, at, "except",
                           "a topic filter of MQTT, such as \"plant/+/temp\"");
            return;
        }
        all[i] = sally_arena_text(l->reader.arena, sally_span_of(text));
    }
    m->except = all;
    m->except_count = count;
}

/* What holds the conditions of a map. */
static enum sally_payload_format outer_format(const struct sally_config_map *m)
{
    return m->wrap != SALLY_WRAP_NONE && m->extract[0] != '\0'
               ? SALLY_PAYLOAD_JSON
               : m->format;
}

static bool take_condition(struct sally_loader *l, const config_setting_t *pair,
                           enum sally_payload_format format,
                           struct sally_config_when *out)
{
    const config_setting_t *from = config_setting_get_elem(pair, 0);

    if (!config_setting_is_list(pair) || config_setting_length(pair) != 2 ||
        config_setting_type(from) != CONFIG_TYPE_STRING)
        return false;
    out->from = sally_rule_word(l, from);
    out->word = sally_rule_word(l, config_setting_get_elem(pair, 1));
    return out->word != NULL && sally_selector_fits(out->from, format);
}

static void take_when(struct sally_loader *l, const config_setting_t *group,
                      struct sally_config_map *m)
{
    const config_setting_t *list;
    size_t count = sally_schema_list(&l->reader, group, "when", "pairs", &list);
    struct sally_config_when *all =
        sally_arena_take(l->reader.arena, count, sizeof(*all));

    for (size_t i = 0; all != NULL && i < count; i++) {
        const config_setting_t *pair =
            config_setting_get_elem(list, (unsigned)i);

        if (!take_condition(l, pair, outer_format(m), &all[i])) {
            sally_expected(&l->reader, pair, pair, "when",
                           "pairs of a selector and what stands there, "
                           "( ( \"fPort\", 85 ), ... )");
            return;
        }
    }
    m->when = all;
    m->when_count = count;
}

static void take_map(struct sally_loader *l, const config_setting_t *group,
                     struct sally_config_map *out)
{
    const config_setting_t *topic;
    const char *problem;

    *out = (struct sally_config_map){ .name = "", .topic = "", .extract = "",
                                      .sep = "" };
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
    check_layout(l, group, out);
    take_extract(l, group, out);
    take_except(l, group, out);
    take_when(l, group, out);
    sally_puts_load(l, group, out);
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
