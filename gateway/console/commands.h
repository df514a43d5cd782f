/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/commands.h - what can be asked of the console: a row each. */
#ifndef SALLY_CONSOLE_COMMANDS_H
#define SALLY_CONSOLE_COMMANDS_H

#include "console/lines.h"

enum sally_console_scope {
    SALLY_SCOPE_GATEWAY, /* takes no sensor */
    SALLY_SCOPE_ANY,     /* one sensor, or all when none is named */
    SALLY_SCOPE_SENSOR   /* one sensor */
};

/* Sets of doors; none: the supervisor is asked for a reload. */
enum {
    SALLY_ASK_OUTER = 1u << SALLY_OUTER,
    SALLY_ASK_INNER = 1u << SALLY_INNER
};

struct sally_console_command {
    const char *verb;
    enum sally_console_scope scope;
    enum sally_query what; /* asked of the doors... */
    unsigned doors;        /* ...in this set */
    bool (*line)(const struct sally_view *v, size_t n,
                 struct sally_writer *w);
};

/* True if it is no question, but something that the operator does; the journal
 * is told.                                                                  */
bool sally_console_orders(const struct sally_console_command *c);

/* Whom a request is about, as slots; UINT32_MAX: all. */
struct sally_console_target {
    uint32_t sensor, server;
};

/* Takes a request line apart. On failure NULL, and a sentence in `why`. */
const struct sally_console_command *
sally_console_parse(const struct sally_config *config, struct sally_span line,
                    struct sally_console_target *target, char *why,
                    size_t why_size);

#endif
