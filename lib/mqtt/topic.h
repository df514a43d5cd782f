/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/topic.h - topic names, topic filters and client ids as text.
 * MQTT 3.1.1 s.1.5.3, s.4.7. Pure; nothing here is bound to a connection.   */
#ifndef SALLY_MQTT_TOPIC_H
#define SALLY_MQTT_TOPIC_H

#include "base/span.h"

#define SALLY_MQTT_TOPIC_MAX 256 /* bytes of a topic that is worth routing */
#define SALLY_MQTT_LEVELS_MAX 16 /* levels of it; "a/b" has two */

/* A name that a message may carry: at least one byte, well-formed UTF-8
 * without U+0000 and surrogates, neither + nor # anywhere. Length and depth
 * are another question: see sally_mqtt_topic_fits().                        */
bool sally_mqtt_topic_ok(struct sally_span topic);

/* A filter that a subscription may carry: as above, but + may fill a whole
 * level, and # the whole last one.                                          */
bool sally_mqtt_filter_ok(struct sally_span filter);

/* A client id: well-formed UTF-8 without control characters (U+0000 to
 * U+001F, U+007F to U+009F), so that it may stand in a log line. May be
 * empty; its length is the session's business.                              */
bool sally_mqtt_client_id_ok(struct sally_span id);

/* True if the topic is within SALLY_MQTT_TOPIC_MAX and _LEVELS_MAX. */
bool sally_mqtt_topic_fits(struct sally_span topic);

/* True if a well-formed `filter` matches `topic`. A wildcard on the first
 * level does not match a topic that begins with $ (s.4.7.2). O(n).          */
bool sally_mqtt_topic_matches(struct sally_span filter,
                              struct sally_span topic);

#endif
