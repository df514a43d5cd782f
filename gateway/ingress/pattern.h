/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/pattern.h - topic patterns of a profile: "plant/{id}/temp".
 *
 * Matching is by whole levels, byte by byte: no prefix, no case folding, no
 * empty capture. {id} takes only the names of the sensor that proved itself,
 * which is what keeps one sensor out of another one's topics.               */
#ifndef SALLY_INGRESS_PATTERN_H
#define SALLY_INGRESS_PATTERN_H

#include "base/error.h"
#include "base/span.h"
#include "mqtt/topic.h"

/* A topic cut at its slashes. */
struct sally_levels {
    struct sally_span level[SALLY_MQTT_LEVELS_MAX];
    size_t count;
};

enum sally_pattern_kind {
    SALLY_PATTERN_LITERAL,
    SALLY_PATTERN_ID,  /* {id} */
    SALLY_PATTERN_ANY, /* {x}: one level */
    SALLY_PATTERN_REST /* {x...}: one level or more, the last of a pattern */
};

struct sally_pattern {
    struct {
        enum sally_pattern_kind kind;
        struct sally_span text; /* of a literal; borrowed */
    } level[SALLY_MQTT_LEVELS_MAX];
    size_t count;
};

/* Who the sensor is: {id} is either of these. */
struct sally_pattern_names {
    struct sally_span id, alias; /* alias empty: there is none */
};

/* TOO_LARGE: longer or deeper than sally_mqtt_topic_fits() has it. */
enum sally_err sally_levels_split(struct sally_span topic,
                                  struct sally_levels *out) SALLY_MUST_USE;

/* `text` is one that the configuration accepted, and outlives the pattern.
 * TOO_LARGE, as above.                                                      */
enum sally_err sally_pattern_compile(struct sally_span text,
                                     struct sally_pattern *out) SALLY_MUST_USE;

bool sally_pattern_matches(const struct sally_pattern *p,
                           const struct sally_levels *topic,
                           const struct sally_pattern_names *names);

#endif
