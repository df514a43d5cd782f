/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/topic.c - checks topic patterns level by level. */
#include "config/topic.h"

#include <string.h>

#include "base/cursor.h"
#include "base/text.h"

static size_t levels_of(const char *topic)
{
    size_t levels = 1;

    for (size_t i = 0; topic[i] != '\0'; i++)
        levels += topic[i] == '/';
    return levels;
}

static const char *plain_problem(const char *topic)
{
    if (topic[0] == '\0' || strlen(topic) > SALLY_TOPIC_MAX)
        return "a topic of 1 to 256 bytes";
    if (levels_of(topic) > SALLY_MQTT_LEVELS_MAX)
        return "a topic of at most 16 levels";
    if (topic[0] == '$')
        return "a topic that does not begin with '$'";
    if (strpbrk(topic, "+#") != NULL)
        return "a topic without '+' and '#'; {x} stands for one level, "
               "{x...} for the rest";
    return NULL;
}

static bool is_capture_name(struct sally_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((name.at[i] < 'a' || name.at[i] > 'z') &&
            (name.at[i] < '0' || name.at[i] > '9') && name.at[i] != '_')
            return false;
    return name.len != 0;
}

static const char *level_problem(struct sally_span level, bool last)
{
    static const char whole[] =
        "captures like {x} that are a whole level, or {x...} as the last";
    struct sally_span name;

    if (level.len == 0)
        return NULL; /* "a//b" is a topic */
    if (memchr(level.at, '{', level.len) == NULL &&
        memchr(level.at, '}', level.len) == NULL)
        return NULL;
    if (level.len < 3 || level.at[0] != '{' || level.at[level.len - 1] != '}')
        return whole;
    name = sally_span_sub(level, 1, level.len - 2);
    if (name.len > 3 && last &&
        sally_span_is(sally_span_sub(name, name.len - 3, 3), "..."))
        name.len -= 3;
    return is_capture_name(name) ? NULL : whole;
}

const char *sally_topic_problem(const char *pattern)
{
    struct sally_cursor c = sally_cursor_over(sally_span_of(pattern));
    const char *problem = plain_problem(pattern);

    while (problem == NULL && c.rest.len != 0) {
        struct sally_span level = sally_take_until(&c, '/');

        problem = level_problem(level, c.rest.len == 0);
    }
    return problem;
}

const char *sally_command_topic_problem(const char *topic)
{
    const char *problem = plain_problem(topic);

    for (size_t i = 0; problem == NULL && topic[i] != '\0'; i++) {
        if (strncmp(&topic[i], "{id}", 4) == 0)
            i += 3;
        else if (topic[i] == '{' || topic[i] == '}')
            problem = "a topic in which {id} is the only capture";
    }
    return problem;
}
