/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/sensor_objects.h - which resources a sensor's clients have:
 * the built-in objects and what its profile reads and commands.             */
#ifndef SALLY_UPLINK_SENSOR_OBJECTS_H
#define SALLY_UPLINK_SENSOR_OBJECTS_H

#include "config/config.h"
#include "lwm2m/resources.h"

/* Builds the set. NOT_FOUND, NO_MEMORY, NO_ROOM. */
enum sally_err sally_sensor_objects(struct sally_resources *out,
                                    const struct sally_config *config,
                                    const struct sally_config_sensor *sensor)
    SALLY_MUST_USE;

#endif
