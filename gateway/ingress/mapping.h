/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/mapping.h - a sensor's message to readings, and a command to
 * a sensor's message, as its profile says. Pure: no I/O, no clock.
 *
 * Compiled once from the configuration: topics are split into levels, so that
 * a message costs one pass over its topic per map of its own profile.       */
#ifndef SALLY_INGRESS_MAPPING_H
#define SALLY_INGRESS_MAPPING_H

#include "bus/message.h"
#include "config/config.h"

/* Rules of a message, beyond those of config.h: every
 * map that covers the topic applies; a value that cannot be used is counted
 * and the others go on; the unit and the label of a reading follow it into
 * resources 5701 and 5750 of the same instance where the object has them, as
 * far as there is room behind the readings.                                 */
struct sally_mapping; /* of all profiles */

enum sally_err sally_mapping_compile(struct sally_mapping **out,
                                     const struct sally_config *c)
    SALLY_MUST_USE; /* `c` outlives the result; NO_MEMORY */
void sally_mapping_wipe(struct sally_mapping *m); /* NULL is allowed */

/* What one message came to. */
struct sally_mapping_result {
    bool matched;      /* a map of the sensor's covers the topic */
    bool tells_liveness, online;
    unsigned refused;  /* values of wrong type, out of range, not a number */
    unsigned absent;   /* selectors that found nothing; not an error */
    enum sally_err why; /* of the first refusal or of the payload as a whole:
                           MALFORMED, WRONG_TYPE, WRONG_UNIT, OUT_OF_RANGE,
                           TOO_LARGE */
};

/* Maps a payload. Readings (with unit and label resources) go to `out`:
 * count, value, used, bytes; its other fields are the caller's. Not matched:
 * the topic is foreign to the sensor. Topic and payload were checked to be
 * well-formed by the protocol; the payload can hold anything.               */
void sally_mapping_apply(const struct sally_mapping *m, uint32_t sensor,
                         struct sally_span topic, struct sally_span payload,
                         struct sally_bus_readings *out,
                         struct sally_mapping_result *result);

/* True if a map of the sensor's covers the topic. */
bool sally_mapping_covers(const struct sally_mapping *m, uint32_t sensor,
                          struct sally_span topic);

/* True if `filter` (of a SUBSCRIBE) covers at least one topic that commands of
 * this sensor go to. That a wider filter shows nothing else is the caller's
 * care: it delivers to the sensor's own command topics only.                */
bool sally_mapping_may_subscribe(const struct sally_mapping *m,
                                 uint32_t sensor, struct sally_span filter);

/* Renders a command: topic and payload, appended; untouched on failure.
 *   OUT_OF_RANGE  not among `values`, outside the range, or text that the
 *                 template cannot take (see template.h)
 *   WRONG_TYPE    not of the resource's type
 *   NOT_FOUND     no such sensor or rule
 *   NOT_ALLOWED   an Execute for a rule of a value, or the other way round
 *   NO_ROOM                                                                 */
enum sally_err sally_mapping_render(const struct sally_mapping *m,
                                    const struct sally_bus_command *c,
                                    struct sally_buf *topic,
                                    struct sally_buf *payload) SALLY_MUST_USE;

/* True if `filter` (MQTT, with + and #) matches `topic`. MQTT 3.1.1 s.4.7. */
bool sally_topic_matches(struct sally_span filter, struct sally_span topic);

#endif
