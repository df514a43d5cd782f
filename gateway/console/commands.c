/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/commands.c - the table of commands and the request line. */
#include "console/commands.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define BOTH (SALLY_ASK_OUTER | SALLY_ASK_INNER)
#define WORD_MAX 80 /* bytes of a word that are repeated to the peer */

static const struct sally_console_command commands[] = {
    { "status", SALLY_SCOPE_GATEWAY, SALLY_QUERY_STATUS, BOTH,
      sally_line_status },
    { "sensors", SALLY_SCOPE_ANY, SALLY_QUERY_SENSORS, BOTH,
      sally_line_sensors },
    { "show", SALLY_SCOPE_SENSOR, SALLY_QUERY_SENSORS, BOTH, sally_line_show },
    { "doctor", SALLY_SCOPE_SENSOR, SALLY_QUERY_SENSORS, BOTH,
      sally_line_doctor },
    { "values", SALLY_SCOPE_ANY, SALLY_QUERY_VALUES, SALLY_ASK_INNER,
      sally_line_values },
    { "rotate", SALLY_SCOPE_ANY, SALLY_QUERY_ROTATE, SALLY_ASK_INNER,
      sally_line_order },
    { "revoke", SALLY_SCOPE_SENSOR, SALLY_QUERY_REVOKE, SALLY_ASK_INNER,
      sally_line_order },
    { "replace", SALLY_SCOPE_SENSOR, SALLY_QUERY_REPLACE, SALLY_ASK_INNER,
      sally_line_order },
    { "backup", SALLY_SCOPE_GATEWAY, SALLY_QUERY_STATUS, SALLY_ASK_INNER,
      sally_line_done },
    { "reload", SALLY_SCOPE_GATEWAY, SALLY_QUERY_STATUS, 0, NULL },
};

/* The next word of a line, which moves on; empty at its end. */
static struct sally_span take_word(struct sally_span *line)
{
    struct sally_span word, rest = sally_text_trim(*line);
    const uint8_t *space =
        rest.len == 0 ? NULL : memchr(rest.at, ' ', rest.len);

    word = sally_span_sub(rest, 0,
                          space == NULL ? rest.len : (size_t)(space - rest.at));
    *line = sally_span_sub(rest, word.len, rest.len);
    return word;
}

/* Says what is wrong with a word of the peer's, which is repeated if it is
 * text at all.                                                              */
static void complain(char *why, size_t size, const char *what,
                     struct sally_span word)
{
    char text[WORD_MAX + 1] = "";

    if (sally_text_is_utf8(word))
        (void)sally_span_text(word, text, sizeof(text));
    (void)snprintf(why, size, "%s: %s", what, text);
}

static const struct sally_console_command *find(struct sally_span verb)
{
    for (size_t i = 0; i < SALLY_LEN(commands); i++)
        if (sally_span_is(verb, commands[i].verb))
            return &commands[i];
    return NULL;
}

/* False, and why, unless the sensor is one that the command takes. */
static bool take_sensor(const struct sally_config *config,
                        const struct sally_console_command *c,
                        struct sally_span name, uint32_t *sensor, char *why,
                        size_t size)
{
    size_t found;

    *sensor = UINT32_MAX;
    if (name.len == 0) {
        (void)snprintf(why, size, "%s: which sensor?", c->verb);
        return c->scope != SALLY_SCOPE_SENSOR;
    }
    found = sally_config_sensor_named(config, name);
    if (c->scope == SALLY_SCOPE_GATEWAY)
        complain(why, size, "takes no sensor", name);
    else if (found >= config->sensor_count)
        complain(why, size, "no such sensor", name);
    *sensor = (uint32_t)found;
    return c->scope != SALLY_SCOPE_GATEWAY && found < config->sensor_count;
}

bool sally_console_orders(const struct sally_console_command *c)
{
    return c->line == sally_line_order || c->line == sally_line_done;
}

/* Only an account can be revoked at one server; none named means all. */
static bool take_server(const struct sally_config *config,
                        const struct sally_console_command *c,
                        struct sally_span name, uint32_t *server, char *why,
                        size_t size)
{
    *server = UINT32_MAX;
    if (name.len == 0)
        return true;
    if (c->what != SALLY_QUERY_REVOKE) {
        complain(why, size, "one sensor at most, not also", name);
        return false;
    }
    for (uint32_t i = 0; i < config->server_count; i++)
        if (sally_span_is(name, config->servers[i].name) &&
            !config->servers[i].bootstrap) {
            *server = i;
            return true;
        }
    complain(why, size, "no such server that takes readings", name);
    return false;
}

const struct sally_console_command *
sally_console_parse(const struct sally_config *config, struct sally_span line,
                    struct sally_console_target *target, char *why,
                    size_t why_size)
{
    struct sally_span verb = take_word(&line);
    struct sally_span name = take_word(&line);
    struct sally_span server = take_word(&line);
    struct sally_span more = take_word(&line);
    const struct sally_console_command *c = find(verb);

    if (c == NULL)
        complain(why, why_size, "no such verb", verb);
    else if (more.len != 0)
        complain(why, why_size, "too many words, from", more);
    else if (take_server(config, c, server, &target->server, why, why_size) &&
             take_sensor(config, c, name, &target->sensor, why, why_size))
        return c;
    return NULL;
}
