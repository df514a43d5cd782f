/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/pattern.c - cutting topics into levels and comparing them. */
#include "ingress/pattern.h"

#include "base/cursor.h"

enum sally_err sally_levels_split(struct sally_span topic,
                                  struct sally_levels *out)
{
    struct sally_cursor c = sally_cursor_over(topic);
    bool more = true;

    if (!sally_mqtt_topic_fits(topic))
        return SALLY_E_TOO_LARGE;
    out->count = 0;
    while (more) {
        size_t before = c.rest.len;
        struct sally_span level = sally_take_until(&c, '/');

        out->level[out->count++] = level;
        more = level.len < before; /* a slash ended it: "a/" has two levels */
    }
    return SALLY_E_OK;
}

static bool ends_with_dots(struct sally_span level)
{
    return level.len > 5 &&
           sally_span_is(sally_span_sub(level, level.len - 4, 4), "...}");
}

/* {id...} would be any name behind the sensor's own: ids have no slash, so it
 * is the id and nothing else.                                               */
static enum sally_pattern_kind kind_of(struct sally_span level)
{
    if (level.len < 3 || level.at[0] != '{')
        return SALLY_PATTERN_LITERAL;
    if (sally_span_is(level, "{id}") || sally_span_is(level, "{id...}"))
        return SALLY_PATTERN_ID;
    return ends_with_dots(level) ? SALLY_PATTERN_REST : SALLY_PATTERN_ANY;
}

enum sally_err sally_pattern_compile(struct sally_span text,
                                     struct sally_pattern *out)
{
    struct sally_levels levels;
    enum sally_err e = sally_levels_split(text, &levels);

    if (e != SALLY_E_OK)
        return e;
    out->count = levels.count;
    for (size_t i = 0; i < levels.count; i++) {
        out->level[i].kind = kind_of(levels.level[i]);
        out->level[i].text = levels.level[i];
    }
    return SALLY_E_OK;
}

static bool is_own_name(struct sally_span level,
                        const struct sally_pattern_names *names)
{
    if (level.len == 0)
        return false;
    return sally_span_equal(level, names->id) ||
           sally_span_equal(level, names->alias);
}

/* {x...} takes what is left if that is more than empty levels. */
static bool rest_fits(const struct sally_levels *topic, size_t from)
{
    for (size_t i = from; i < topic->count; i++)
        if (topic->level[i].len == 0)
            return false;
    return from < topic->count;
}

bool sally_pattern_matches(const struct sally_pattern *p,
                           const struct sally_levels *topic,
                           const struct sally_pattern_names *names)
{
    for (size_t i = 0; i < p->count; i++) {
        struct sally_span level;

        if (p->level[i].kind == SALLY_PATTERN_REST)
            return rest_fits(topic, i);
        if (i >= topic->count)
            return false;
        level = topic->level[i];
        if (p->level[i].kind == SALLY_PATTERN_ID && !is_own_name(level, names))
            return false;
        if (p->level[i].kind == SALLY_PATTERN_ANY && level.len == 0)
            return false;
        if (p->level[i].kind == SALLY_PATTERN_LITERAL &&
            !sally_span_equal(level, p->level[i].text))
            return false;
    }
    return p->count != 0 && p->count == topic->count;
}
