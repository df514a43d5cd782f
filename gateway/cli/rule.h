/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/rule.h - one rule of a profile applied alone, so that the answer
 * says which rule it was. The mapping itself is the outer door's.           */
#ifndef SALLY_CLI_RULE_H
#define SALLY_CLI_RULE_H

#include "ingress/mapping.h"

/* Where a message is tried: a sensor that exists, or one made up for a
 * profile, whose id is then whatever stands in the topic at {id}.           */
struct sally_rule_place {
    const struct sally_config *config;
    const struct sally_config_sensor *sensor; /* NULL: made up */
    const struct sally_config_profile *profile;
};

struct sally_rule_answer {
    struct sally_mapping_result result;
    bool has_value;
    struct sally_lwm2m_record record; /* borrows from `readings` */
    struct sally_bus_readings readings;
};

/* Applies the map with no put but the one given; `put` NULL: with none, which
 * answers for the topic and for liveness. NO_MEMORY.                        */
enum sally_err sally_rule_try(const struct sally_rule_place *place,
                              const struct sally_config_map *map,
                              const struct sally_config_put *put,
                              struct sally_span topic,
                              struct sally_span payload,
                              struct sally_rule_answer *out) SALLY_MUST_USE;

#endif
