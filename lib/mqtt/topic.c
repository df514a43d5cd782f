/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/topic.c - what is a topic, a filter, a match. */
#include "mqtt/topic.h"

#include "base/cursor.h"
#include "base/text.h"

static bool holds(struct sally_span s, uint8_t byte)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == byte)
            return true;
    return false;
}

static size_t levels(struct sally_span topic)
{
    size_t n = 1;

    for (size_t i = 0; i < topic.len; i++)
        n += topic.at[i] == '/';
    return n;
}

/* The next level. False once the last one was given: "a/" has two levels, the
 * second one empty, so the slash that ended the level before is remembered. */
struct walk {
    struct sally_cursor left;
    bool more;
};

static struct walk walk_over(struct sally_span topic)
{
    return (struct walk){ sally_cursor_over(topic), true };
}

static bool next_level(struct walk *w, struct sally_span *level)
{
    size_t before = w->left.rest.len;

    if (!w->more)
        return false;
    *level = sally_take_until(&w->left, '/');
    w->more = level->len < before;
    return true;
}

bool sally_mqtt_topic_ok(struct sally_span topic)
{
    return topic.len != 0 && !holds(topic, '+') && !holds(topic, '#') &&
           sally_text_is_utf8(topic);
}

bool sally_mqtt_filter_ok(struct sally_span filter)
{
    struct walk w = walk_over(filter);
    struct sally_span level;

    if (filter.len == 0 || !sally_text_is_utf8(filter))
        return false;
    while (next_level(&w, &level)) {
        if (level.len == 1 && (level.at[0] == '+' || !w.more))
            continue;
        if (holds(level, '+') || holds(level, '#'))
            return false;
    }
    return true;
}

/* In UTF-8 U+0080 to U+009F are C2 80 to C2 9F. */
bool sally_mqtt_client_id_ok(struct sally_span id)
{
    for (size_t i = 0; i < id.len; i++) {
        if (id.at[i] < 0x20 || id.at[i] == 0x7f)
            return false;
        if (id.at[i] == 0xc2 && i + 1 < id.len && id.at[i + 1] < 0xa0)
            return false;
    }
    return sally_text_is_utf8(id);
}

bool sally_mqtt_topic_fits(struct sally_span topic)
{
    return topic.len <= SALLY_MQTT_TOPIC_MAX &&
           levels(topic) <= SALLY_MQTT_LEVELS_MAX;
}

bool sally_mqtt_topic_matches(struct sally_span filter,
                              struct sally_span topic)
{
    struct walk f = walk_over(filter), t = walk_over(topic);
    struct sally_span want, level;

    if (filter.len == 0 || topic.len == 0)
        return false;
    if (topic.at[0] == '$' && (filter.at[0] == '+' || filter.at[0] == '#'))
        return false;
    while (next_level(&f, &want)) {
        if (sally_span_is(want, "#"))
            return true; /* of the parent level, too: "a/#" matches "a" */
        if (!next_level(&t, &level))
            return false;
        if (!sally_span_is(want, "+") && !sally_span_equal(want, level))
            return false;
    }
    return !t.more;
}
