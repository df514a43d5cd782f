/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/rules.h - what maps and commands have in common: a resource
 * of the registry, a range, a table of values.                              */
#ifndef SALLY_CONFIG_RULES_H
#define SALLY_CONFIG_RULES_H

#include "config/loader.h"

/* The definition of the resource that `key` of `group` names, if a sensor may
 * have it at all; else NULL, and that is reported.                          */
const struct sally_resource_definition *
sally_rule_resource(struct sally_loader *l, const config_setting_t *group,
                    const char *key, const struct sally_path *path);

/* Reads `range = ( MIN, MAX )`. False if there is none. */
bool sally_rule_range(struct sally_loader *l, const config_setting_t *group,
                      enum sally_lwm2m_type type, double *min, double *max);

/* Reads `values = ( (A, B), ... )`. In maps A is the sensor's word and B our
 * value, in commands the other way round. Our values are checked against the
 * definition at `path` and have its type. Returns how many.                 */
enum sally_values_order { SALLY_SENSOR_FIRST, SALLY_VALUE_FIRST };
size_t sally_rule_values(struct sally_loader *l, const config_setting_t *group,
                         enum sally_values_order order,
                         const struct sally_path *path,
                         const struct sally_config_pair **out);

/* A word of the sensor; numbers and booleans as they are written. NULL if it is
 * none.                                                                     */
const char *sally_rule_word(struct sally_loader *l, const config_setting_t *s);

/* INTEGER, UNSIGNED, FLOAT or TIME. */
bool sally_rule_is_number(enum sally_lwm2m_type type);

#endif
