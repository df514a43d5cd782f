/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/broker_topics.h - whose message it is that came by a broker:
 * the topic alone tells, so this is worth no more than `weak`.
 *
 * A topic belongs to the one sensor behind that broker whose maps cover it:
 * found by a level that is its id or alias, or as a whole topic of a map
 * without captures. So the cost is that of the topic's levels, however many
 * sensors there are. Where two could be meant, it is nobody's.              */
#ifndef SALLY_INGRESS_BROKER_TOPICS_H
#define SALLY_INGRESS_BROKER_TOPICS_H

#include "base/hashmap.h"
#include "config/config.h"
#include "ingress/mapping.h"

#define SALLY_BROKER_NOBODY UINT32_MAX
#define SALLY_BROKER_NONE 0xff

struct sally_broker_topics;

/* Of the sensors with `via`. NO_MEMORY. `c` outlives it. */
enum sally_err
sally_broker_topics_create(struct sally_broker_topics **out,
                           const struct sally_config *c,
                           struct sally_hash_key seed) SALLY_MUST_USE;
void sally_broker_topics_wipe(struct sally_broker_topics *t); /* or NULL */

/* The broker that a sensor is behind, or NONE. */
uint8_t sally_broker_of(const struct sally_broker_topics *t, uint32_t sensor);

/* The sensor behind broker number `broker`, or NOBODY. */
uint32_t sally_broker_topics_find(const struct sally_broker_topics *t,
                                  const struct sally_mapping *m, size_t broker,
                                  struct sally_span topic);

#endif
