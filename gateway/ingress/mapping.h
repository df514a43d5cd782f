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
                           MALFORMED, WRONG_TYPE, OUT_OF_RANGE, TOO_LARGE */
};

/* Maps a payload. Readings (with unit and label resources) go to `out`:
 * count, value, used, bytes; its other fields are the caller's. Not matched:
 * the topic is foreign to the sensor. Topic and payload were checked to be
 * well-formed by the protocol; the payload can hold anything.               */
void sally_mapping_apply(const struct sally_mapping *m, uint32_t sensor,
                         struct sally_span topic, struct sally_span payload,
                         struct sally_bus_readings *out,
                         struct sally_mapping_result *result);

/* True if `topic` (of a SUBSCRIBE) is one that a command of this sensor goes
 * to, or a filter with + and # that matches nothing but such topics... see
 * mapping.c; a sensor sees only its own command topics.                     */
bool sally_mapping_may_subscribe(const struct sally_mapping *m,
                                 uint32_t sensor, struct sally_span filter);

/* Renders a command: topic and payload text. INVALID values (not in `values`,
 * outside the range) give OUT_OF_RANGE or WRONG_TYPE.                       */
enum sally_err sally_mapping_render(const struct sally_mapping *m,
                                    const struct sally_bus_command *c,
                                    struct sally_buf *topic,
                                    struct sally_buf *payload) SALLY_MUST_USE;

/* True if `filter` (MQTT, with + and #) matches `topic`. MQTT 3.1.1 s.4.7. */
bool sally_topic_matches(struct sally_span filter, struct sally_span topic);

#endif
