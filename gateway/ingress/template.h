/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/template.h - the text of a command to a sensor.
 *
 * {id}, {value} and {arguments} are the only tokens; every other brace is just
 * a brace, so JSON needs no escape. Text that a server sent cannot break out
 * of the place that the template gives it:
 *   - inside double quotes it is escaped as JSON has it;
 *   - elsewhere in a template that begins with { or [ it is put in quotes and
 *     escaped;
 *   - elsewhere in other templates, text with control characters is refused;
 *   - a template that is the token and nothing else takes any text as it is. */
#ifndef SALLY_INGRESS_TEMPLATE_H
#define SALLY_INGRESS_TEMPLATE_H

#include "base/error.h"
#include "base/span.h"

struct sally_template_words {
    struct sally_span id;
    struct sally_span value; /* also {arguments} */
    bool is_text;            /* the value came as text from a server, and is
                                not a number or a word of the configuration */
};

/* Renders to the end of `out`. OUT_OF_RANGE: text that the template cannot
 * take. NO_ROOM.                                                            */
enum sally_err sally_template_render(const char *text,
                                     const struct sally_template_words *words,
                                     struct sally_buf *out) SALLY_MUST_USE;

/* A topic: {id} alone is a token. NO_ROOM. */
enum sally_err sally_template_topic(const char *text, struct sally_span id,
                                    struct sally_buf *out) SALLY_MUST_USE;

#endif
