/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/topic.h - whether a topic pattern of a profile is one. */
#ifndef SALLY_CONFIG_TOPIC_H
#define SALLY_CONFIG_TOPIC_H

#include "base/span.h"
#include "mqtt/topic.h"

#define SALLY_TOPIC_MAX SALLY_MQTT_TOPIC_MAX /* bytes */

/* Topics that sensors publish on: {id} and {x} are one level each, {x...} is
 * the rest and stands last. NULL if it is well-formed, else what should have
 * been there, as a message goes on after "expected".                        */
const char *sally_topic_problem(const char *pattern);

/* Topics of commands: {id} is the only capture, and may stand anywhere. */
const char *sally_command_topic_problem(const char *topic);

#endif
